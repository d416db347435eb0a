/* SPDX-License-Identifier: MIT
 * L0.  The few macros and allocation helpers that everything uses. */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(f, a) __attribute__((format(printf, f, a)))
#define _unused_ __attribute__((unused))
#define _noreturn_ __attribute__((noreturn))

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))
#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define PICK_(n, a, op, b) ({                                                                               \
        __auto_type CONCAT(_a, n) = (a);                                                                    \
        __auto_type CONCAT(_b, n) = (b);                                                                    \
        CONCAT(_a, n) op CONCAT(_b, n) ? CONCAT(_a, n) : CONCAT(_b, n); })
#define MIN(a, b) PICK_(__COUNTER__, a, <, b)
#define MAX(a, b) PICK_(__COUNTER__, a, >, b)
#define TAKE_PTR(p) ({ __auto_type _pp = &(p); __auto_type _v = *_pp; *_pp = NULL; _v; })
#define CONTAINER_OF(p, type, member) ((type *) ((char *) (p) - offsetof(type, member)))

/* Defines a cleanup function for pointers that are freed by func(); func must take NULL. */
#define DEFINE_CLEANUP(type, func)                                                                          \
        static inline void func##p(type *p) { if (*p) func(*p); }

#define USEC_PER_MSEC INT64_C(1000)
#define USEC_PER_SEC  INT64_C(1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)
#define USEC_INFINITY INT64_MAX

/* Out of memory ends the process: nothing is lost that the store holds. */
_noreturn_ void out_of_memory(void);
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);                       /* NULL as "" */
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *format, ...) _printf_(1, 2);
char *xvasprintf(const char *format, va_list ap) _printf_(1, 0);

static inline void freep(void *p) { free(*(void **) p); }
static inline void closep(int *fd) { if (*fd >= 0) close(*fd); }
#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

static inline bool streq(const char *a, const char *b) { return strcmp(a, b) == 0; }
static inline const char *strempty(const char *s) { return s ? s : ""; }
static inline bool isempty(const char *s) { return !s || !*s; }
static inline bool startswith(const char *s, const char *prefix) { return strncmp(s, prefix, strlen(prefix)) == 0; }

/* Frees *p and puts a copy of value there. */
void strset(char **p, const char *value);

/* Reads a whole file of at most max bytes; NUL-terminated.  0 or -errno; -EFBIG if it is larger. */
int read_file(const char *path, size_t max, char **ret, size_t *ret_size);

#endif
