#include "flow/compose.h"
#include "flow/parts.h"
#include "flow/plain.h"
#include "flow/preview.h"
#include "flow/guard.h"
size_t guard_check(struct arena *a, const char *text, const struct guard_context *c, struct guard_finding **ret) { (void) a; (void) text; (void) c; (void) ret; return 0; }
