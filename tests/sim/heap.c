/* SPDX-License-Identifier: MIT
 *
 * The heap of the whole process, in the place of libc's: it knows what belongs to the living daemon and what to the world
 * around it, so that a run can tell how much memory the daemon holds, and what an orderly end leaves behind.  Also quicker
 * than one that thinks of threads and of giving back: blocks are of some sizes only, and never joined.  Owns the heap.
 *
 * A program with a sanitizer or under valgrind has a heap of its own; then nothing is counted.
 */
#include "sim.h"

#include <errno.h>
#include <malloc.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))

static int owner = HEAP_WORLD, living = HEAP_WORLD + 1;
static int64_t held;             /* bytes, by the living daemon */

int heap_enter(int who)
{
        int before = owner;

        owner = who;
        return before;
}

int heap_daemon(void)
{
        return living;
}

void heap_new_daemon(void)
{
        living++;
        held = 0;
}

int64_t heap_held(void)
{
        return held;
}

#ifndef HAVE_SANITIZER

#define REGION (64 << 20)        /* of address space; touched as needed */
#define CLASSES 160

struct block {
        union {
                struct block *next;      /* while it is free */
                size_t size;             /* that was asked for */
        };
        uint32_t class;
        int owner;
};
_Static_assert(sizeof(struct block) == 16, "blocks are aligned");

static struct block *unused[CLASSES];
static char *region, *region_end;

/* In steps of 16 bytes up to 1 KiB, then in four steps from one power of two to the next. */
static uint32_t class_of(size_t size)
{
        unsigned power;

        if (size <= 1024)
                return size ? (uint32_t) ((size - 1) / 16) : 0;
        power = 63 - (unsigned) __builtin_clzll(size - 1);
        return 64 + (power - 10) * 4 + (uint32_t) ((size - 1) >> (power - 2) & 3);
}

static size_t size_of(uint32_t class)
{
        unsigned power = 10 + (class - 64) / 4;

        return class < 64 ? (class + 1) * 16 : (size_t) (5 + (class - 64) % 4) << (power - 2);
}

static struct block *fresh(uint32_t class)
{
        size_t size = size_of(class) + sizeof(struct block);
        struct block *b;

        if ((size_t) (region_end - region) < size) {
                size_t all = MAX(size, (size_t) REGION);

                region = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
                if (region == MAP_FAILED)
                        abort();
                region_end = region + all;
                (void) madvise(region, all, MADV_HUGEPAGE);
        }
        b = (struct block *) region;
        region += size;
        b->class = class;
        return b;
}

static void count(const struct block *b, int64_t size)
{
        if (b->owner == living)
                held += size;
}

static void *get(size_t size, bool zero)
{
        uint32_t class = class_of(size);
        struct block *b;

        if (class >= CLASSES) {
                errno = ENOMEM;
                return NULL;
        }
        b = unused[class];
        if (b) {
                unused[class] = b->next;
                if (zero)
                        memset(b + 1, 0, size);
        } else {
                b = fresh(class);        /* of zeros */
        }
        b->size = size;
        b->owner = owner;
        count(b, (int64_t) size);
        return b + 1;
}

EXPORT void *malloc(size_t size)
{
        return get(size, false);
}

EXPORT void *calloc(size_t n, size_t size)
{
        size_t all;

        if (__builtin_mul_overflow(n, size, &all)) {
                errno = ENOMEM;
                return NULL;
        }
        return get(all, true);
}

EXPORT void free(void *p)
{
        struct block *b = p;

        if (!p)
                return;
        b--;
        count(b, -(int64_t) b->size);
        b->next = unused[b->class];
        unused[b->class] = b;
}

EXPORT void *realloc(void *p, size_t size)
{
        struct block *b = p;
        int before;
        void *q;

        if (!p)
                return malloc(size);
        b--;
        if (size <= size_of(b->class)) {
                count(b, (int64_t) size - (int64_t) b->size);
                b->size = size;
                return p;
        }
        before = heap_enter(b->owner);   /* whoever lets it grow */
        q = malloc(size);
        (void) heap_enter(before);
        if (q) {
                memcpy(q, p, b->size);
                free(p);
        }
        return q;
}

EXPORT void *memalign(size_t alignment, size_t size)
{
        if (alignment > 16)
                abort();                 /* nobody here asks for it */
        return malloc(size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
        return memalign(alignment, size);
}

EXPORT int posix_memalign(void **ret, size_t alignment, size_t size)
{
        *ret = memalign(alignment, size);
        return *ret ? 0 : ENOMEM;
}

EXPORT size_t malloc_usable_size(void *p)
{
        return p ? size_of(((struct block *) p - 1)->class) : 0;
}

#endif
