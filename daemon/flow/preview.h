#ifndef FLOW_PREVIEW_H
#define FLOW_PREVIEW_H
#include "flow/plain.h"
struct preview { const struct plain *plain; const char *const *posts; const uint64_t *lengths; size_t n; uint64_t max; int64_t hold_usec; };
const char *preview_text(struct arena *a, const struct preview *p);
#endif
