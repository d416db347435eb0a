#include "flow/compose.h"
#include "flow/parts.h"
#include "flow/plain.h"
#include "flow/preview.h"
#include "flow/guard.h"
size_t parts_split(struct arena *a, const char *text, const struct parts_rules *r, const char *const **ret, const char **ret_reason)
{
        const char **one = arena_alloc(a, sizeof *one);
        *one = compose_reply(a, text, r->handle);
        *ret = one;
        if (r->max && parts_length(r, *one) > r->max) { *ret_reason = "it is too long"; return 0; }
        return 1;
}
uint64_t parts_length(const struct parts_rules *r, const char *part) { return text_weighted_length(part, r->unit, r->url_length, r->handle_is_local) + r->overhead; }
struct plain plain_of(struct arena *a, const char *text, const struct plain_context *c) { (void) a; (void) c; return (struct plain) { .text = text }; }
const char *preview_text(struct arena *a, const struct preview *p) { (void) a; (void) p; return NULL; }
size_t guard_check(struct arena *a, const char *text, const struct guard_context *c, struct guard_finding **ret) { (void) a; (void) text; (void) c; (void) ret; return 0; }
