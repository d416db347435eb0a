/* SPDX-License-Identifier: MIT
 *
 * Out of memory ends the process, whoever asked: also json-c, which would leave a member out of a request or cut a
 * text short without a word, and sd-event, whose timer would never come.  What the store holds goes on at the next start.
 *
 * Linked into mentiond only, whose symbols come before those of any library.  Owns nothing.
 */
#define _GNU_SOURCE 1   /* RTLD_NEXT */
#include "base/util.h"

#include <dlfcn.h>

#define EXPORT __attribute__((visibility("default")))

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifndef __SANITIZE_ADDRESS__     /* it ends the process by itself, and must be the one who is called */

/* The next definition: libc's, or that of an allocator which the admin has preloaded. */
#define NEXT(function, ...) ({                                                                              \
        static __typeof__(&function) next;                                                                  \
                                                                                                            \
        if (!next)                                                                                          \
                next = dlsym(RTLD_NEXT, #function);                                                         \
        next(__VA_ARGS__); })

EXPORT void *malloc(size_t size)
{
        void *p = NEXT(malloc, size);

        if (!p && size)
                out_of_memory();
        return p;
}

EXPORT void *calloc(size_t n, size_t size)
{
        void *p = NEXT(calloc, n, size);

        if (!p && n && size)
                out_of_memory();
        return p;
}

EXPORT void *realloc(void *p, size_t size)
{
        void *q = NEXT(realloc, p, size);

        if (!q && size)
                out_of_memory();
        return q;
}

#endif
