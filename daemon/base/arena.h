/* SPDX-License-Identifier: MIT
 * L0.  Memory that lives until one operation ends. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/util.h"

struct arena;

struct arena *arena_new(void);
struct arena *arena_new_sized(size_t first);         /* for who takes more than 1 KB as a rule */
void arena_free(struct arena *a);                    /* runs what arena_own() was told, newest first */
DEFINE_CLEANUP(struct arena *, arena_free)

void *arena_alloc(struct arena *a, size_t size);     /* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s);  /* NULL as "" */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *format, ...) _printf_(2, 3);
char *arena_vprintf(struct arena *a, const char *format, va_list ap) _printf_(2, 0);

/* Calls destroy(p) when the arena is freed; returns p. */
void *arena_own(struct arena *a, void *p, void (*destroy)(void *p));
char *arena_take(struct arena *a, char *malloced);   /* arena_own() with free() */

/* Bytes that it holds: its own, those taken, and those that it was told of, as it cannot see into what it owns. */
size_t arena_size(const struct arena *a);
void arena_charge(struct arena *a, size_t size);

#endif
