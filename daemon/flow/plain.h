#ifndef FLOW_PLAIN_H
#define FLOW_PLAIN_H
#include "base/arena.h"
struct plain { const char *text; const char *const *changes; size_t n_changes; };
struct plain_context { const char *const *handles; size_t n_handles; };
struct plain plain_of(struct arena *a, const char *text, const struct plain_context *c);
#endif
