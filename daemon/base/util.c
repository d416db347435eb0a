/* SPDX-License-Identifier: MIT
 *
 * Allocation that cannot fail, and reading a small file.  Owns nothing; anyone may call it.
 */
#define _GNU_SOURCE 1   /* vasprintf(3) */
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* write(2) and abort(): stdio might allocate, and the core says who asked for how much. */
void out_of_memory(void)
{
        static const char message[] = "critical: out of memory\n";

        (void) !write(STDERR_FILENO, message, sizeof(message) - 1);
        abort();
}

void *xmalloc(size_t size)
{
        void *p = malloc(size ?: 1);

        if (!p)
                out_of_memory();
        return p;
}

void *xcalloc(size_t n, size_t size)
{
        void *p = calloc(n ?: 1, size ?: 1);

        if (!p)
                out_of_memory();
        return p;
}

void *xrealloc(void *p, size_t size)
{
        void *q = realloc(p, size ?: 1);

        if (!q)
                out_of_memory();
        return q;
}

static char *copy_string(const char *s, size_t size)
{
        char *copy = xmalloc(size + 1);

        if (size > 0)
                memcpy(copy, s, size);
        copy[size] = '\0';
        return copy;
}

char *xstrdup(const char *s)
{
        return copy_string(s, s ? strlen(s) : 0);
}

char *xstrndup(const char *s, size_t n)
{
        return copy_string(s, s ? strnlen(s, n) : 0);
}

char *xvasprintf(const char *format, va_list ap)
{
        char *s;

        if (vasprintf(&s, format, ap) < 0)
                out_of_memory();
        return s;
}

char *xasprintf(const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        char *s = xvasprintf(format, ap);
        va_end(ap);
        return s;
}

void strset(char **p, const char *value)
{
        char *copy = xstrdup(value);   /* first: value may lie inside *p */

        free(*p);
        *p = copy;
}

int read_file(const char *path, size_t max, char **ret, size_t *ret_size)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        _cleanup_free_ char *data = NULL;
        size_t size = 0, allocated = 4096;
        struct stat st;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;

        /* A hint only: files in /proc and pipes say 0, and a file may grow while it is read. */
        if (S_ISREG(st.st_mode) && st.st_size > 0) {
                if ((uint64_t) st.st_size > max)
                        return -EFBIG;
                allocated = (size_t) st.st_size + 2;
        }

        data = xmalloc(allocated);
        for (;;) {
                if (size + 1 >= allocated) {
                        allocated *= 2;
                        data = xrealloc(data, allocated);
                }

                ssize_t n = read(fd, data + size, allocated - size - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
        }

        data[size] = '\0';
        *ret = TAKE_PTR(data);
        if (ret_size)
                *ret_size = size;
        return 0;
}
