/* SPDX-License-Identifier: MIT
 *
 * The configuration file: libconfig's text, options, instances of both plugins.
 *
 * No file is opened: here are the functions of libc through which libconfig and the daemon reach the file system.  They
 * give the input as FILE, and again as whatever it includes under the name "again"; nothing else is there.
 */
#define _GNU_SOURCE 1   /* RTLD_NEXT, memfd_create(2) */
#include "fuzz.h"

#include "admin/config.h"
#include "base/log.h"

#include "plugins.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#define FILE_NAME "fuzz.conf"

static const uint8_t *bytes;     /* NULL: the file system is there, for libFuzzer */
static size_t n_bytes;

/* libconfig 1.5 does not free the last word before a syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
        return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

/* In memory, and with a descriptor: libconfig wants to know that it is no directory. */
static FILE *open_input(void)
{
        int fd = memfd_create(FILE_NAME, MFD_CLOEXEC);
        FILE *f;

        MUST(fd >= 0 && write(fd, bytes, n_bytes) == (ssize_t) n_bytes && lseek(fd, 0, SEEK_SET) == 0);
        f = fdopen(fd, "r");
        MUST(f);
        return f;
}

FILE *fopen(const char *path, const char *mode)
{
        static FILE *(*real)(const char *path, const char *mode);

        if (bytes && (streq(path, FILE_NAME) || streq(path, "again")))
                return open_input();
        if (bytes) {
                errno = ENOENT;
                return NULL;
        }
        if (!real)
                *(void **) &real = dlsym(RTLD_NEXT, "fopen");
        return real(path, mode);
}

int open(const char *path, int flags, ...)
{
        static int (*real)(const char *path, int flags, ...);
        va_list ap;
        int mode;

        if (bytes) {
                errno = ENOENT;
                return -1;
        }
        va_start(ap, flags);
        mode = va_arg(ap, int);
        va_end(ap);
        if (!real)
                *(void **) &real = dlsym(RTLD_NEXT, "open");
        return real(path, flags, mode);
}

int access(const char *path, int mode)
{
        static int (*real)(const char *path, int mode);

        if (bytes) {
                errno = ENOENT;
                return -1;
        }
        if (!real)
                *(void **) &real = dlsym(RTLD_NEXT, "access");
        return real(path, mode);
}

DIR *opendir(const char *path)
{
        static DIR *(*real)(const char *path);

        if (bytes) {
                errno = ENOENT;
                return NULL;
        }
        if (!real)
                *(void **) &real = dlsym(RTLD_NEXT, "opendir");
        return real(path);
}

/* Each problem is a line that says where. */
static void check_problems(const struct problems *p)
{
        const char *text = buffer_str(&p->text);
        size_t lines = 0;

        MUST(!p->n == !*text);
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
                MUST(strchr(line, '\n'));
                lines++;
        }
        MUST(lines <= p->n);
}

static void read_all(void)
{
        struct host none = { .loop = NULL };
        struct problems p = PROBLEMS_INIT;
        struct instance *list = NULL;
        struct config c;

        config_load(FILE_NAME, &c, &p);
        check_problems(&p);
        if (!p.n) {
                list = config_instances(&c, &none, &p);
                check_problems(&p);
                MUST(!p.n || !list);
        }
        for (struct instance *i = list; i; i = i->next) {
                MUST(instance_equal(i, i));
                MUST(i->options.parallel > 0 && i->options.poll_every_usec > 0);
                MUST(http_check_url(i->base_url) == 0);
        }
        config_free_instances(list);
        config_done(&c);
        buffer_done(&p.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static bool ready;

        if (!ready) {
                fuzz_plugins();
                (void) setenv("FUZZ_SECRET", "the-secret", 1);
                ready = true;
        }
        bytes = data;
        n_bytes = size;
        read_all();
        bytes = NULL;
        return 0;
}
