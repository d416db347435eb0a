/* SPDX-License-Identifier: MIT
 *
 * Memory that lives until one operation ends, so that plugin code has nothing to free.  An arena belongs to
 * the operation that made it and is used by that operation's task alone.
 */
#include "base/arena.h"

#include <malloc.h>
#include <stdio.h>

#define CHUNK_FIRST 960u       /* most operations need less, and there may be thousands; malloc(3) is quick up to about 1000 */
#define CHUNK_LAST  61440u
#define ALIGNMENT   _Alignof(max_align_t)

struct chunk {
        struct chunk *older;
        size_t size, used;
        _Alignas(max_align_t) char data[];
};

struct owned {
        struct owned *older;
        void *p;
        void (*destroy)(void *p);
};

struct arena {
        struct chunk *newest;
        struct owned *owned;
        size_t next_size, size;
};

struct arena *arena_new(void)
{
        return arena_new_sized(CHUNK_FIRST);
}

struct arena *arena_new_sized(size_t first)
{
        struct arena *a = xcalloc(1, sizeof(*a));

        a->next_size = MIN(first, (size_t) CHUNK_LAST);
        return a;
}

void arena_free(struct arena *a)
{
        if (!a)
                return;

        /* A destroy() may still read the arena, and even own more: the chunks go last. */
        while (a->owned) {
                struct owned *o = a->owned;

                a->owned = o->older;
                o->destroy(o->p);
        }
        while (a->newest) {
                struct chunk *c = a->newest;

                a->newest = c->older;
                free(c);
        }
        free(a);
}

static struct chunk *chunk_new(struct arena *a, size_t size)
{
        struct chunk *c = xmalloc(sizeof(*c) + size);

        *c = (struct chunk) { .size = size };
        a->size += size;
        return c;
}

/* Not zeroed. */
static void *take(struct arena *a, size_t size)
{
        struct chunk *c = a->newest;

        /* Rounded up to the alignment; so large a size that this overflows is refused by the allocation. */
        if (size > SIZE_MAX / 2)
                return xmalloc(SIZE_MAX);
        size = ((size ?: 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

        if (c && size <= c->size - c->used) {
                void *p = c->data + c->used;

                c->used += size;
                return p;
        }

        if (c && size > a->next_size / 8) {
                /* A chunk of its own, behind the newest, which still has room for small ones. */
                struct chunk *large = chunk_new(a, size);

                large->used = size;
                large->older = c->older;
                c->older = large;
                return large->data;
        }

        c = chunk_new(a, MAX(size, a->next_size));
        c->used = size;
        c->older = a->newest;
        a->newest = c;
        a->next_size = MIN(a->next_size * 2, (size_t) CHUNK_LAST);
        return c->data;
}

void *arena_alloc(struct arena *a, size_t size)
{
        return memset(take(a, size), 0, size);
}

static char *copy_string(struct arena *a, const char *s, size_t size)
{
        char *copy = take(a, size + 1);

        if (size > 0)
                memcpy(copy, s, size);
        copy[size] = '\0';
        return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
        return copy_string(a, s, s ? strlen(s) : 0);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
        return copy_string(a, s, s ? strnlen(s, n) : 0);
}

/* Into the room that is left, where it fits. */
char *arena_vprintf(struct arena *a, const char *format, va_list ap)
{
        struct chunk *c = a->newest;
        char *there = c ? c->data + c->used : NULL, *s;
        va_list again;
        int n;

        va_copy(again, ap);
        n = vsnprintf(there, c ? c->size - c->used : 0, format, ap);
        if (n < 0)
                out_of_memory();
        s = take(a, (size_t) n + 1);
        if (s != there)
                (void) vsnprintf(s, (size_t) n + 1, format, again);
        va_end(again);
        return s;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        char *s = arena_vprintf(a, format, ap);
        va_end(ap);
        return s;
}

void *arena_own(struct arena *a, void *p, void (*destroy)(void *p))
{
        if (!p)
                return NULL;

        struct owned *o = arena_alloc(a, sizeof(*o));

        *o = (struct owned) { .older = a->owned, .p = p, .destroy = destroy };
        a->owned = o;
        return p;
}

char *arena_take(struct arena *a, char *malloced)
{
        if (malloced)
                a->size += malloc_usable_size(malloced);
        return arena_own(a, malloced, free);
}

size_t arena_size(const struct arena *a)
{
        return a->size;
}

void arena_charge(struct arena *a, size_t size)
{
        a->size += size;
}
