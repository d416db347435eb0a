/* SPDX-License-Identifier: MIT
 *
 * To be preloaded: writes down what a process does to the files of one folder, in order, so that powerloss.py can tell
 * what a disk would hold if the power failed.  Owns the record and the table of descriptors.
 *
 *   POWERLOSS_FOLDER   the folder (without those below it)
 *   POWERLOSS_RECORD   where the record is appended to; nothing is written there but by a single write(2)
 *   POWERLOSS_AT       the power fails at the N-th sync: the process is killed before that has begun; 0: never
 *
 * A sync is recorded and not done: the kernel survives, and what the power takes is worked out from the record.
 * Shared memory is not recorded: the only file that may be mapped to be written is SQLite's -shm, which it makes anew.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_MAX 4096
#define EXPORT __attribute__((visibility("default")))

enum kind { START, OPEN, CREATE, WRITE, TRUNCATE, SYNC, UNLINK, RENAME };

/* One record, followed by size bytes: a name (RENAME: two, parted by NUL), or data. */
struct record {
        uint32_t kind, file;
        uint64_t offset, size;
};

static struct {
        int (*open)(const char *, int, ...);
        int (*close)(int);
        ssize_t (*write)(int, const void *, size_t);
        ssize_t (*pwrite)(int, const void *, size_t, off_t);
        int (*ftruncate)(int, off_t);
        int (*fdatasync)(int);
        int (*unlink)(const char *);
        int (*rename)(const char *, const char *);
        void *(*mmap)(void *, size_t, int, int, int, off_t);
} real;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static size_t folder_size;
static int record_fd = -1;
static unsigned long syncs, fail_at;
static uint32_t files;
static uint32_t file_of[FDS_MAX];        /* 0: none of ours */
/* what nothing is lost with: SQLite makes its -shm anew, mentiond the page of the bench */
static bool is_mapped[FDS_MAX];

static void give_up(const char *why)
{
        dprintf(STDERR_FILENO, "powerloss: %s\n", why);
        abort();
}

static void record(enum kind kind, uint32_t file, uint64_t offset, const void *data, size_t size)
{
        struct record r = { kind, file, offset, size };
        struct iovec parts[] = { { &r, sizeof r }, { (void *) data, size } };

        if (writev(record_fd, parts, 2) != (ssize_t) (sizeof r + size))
                give_up("the record cannot be written");
}

static void *next(const char *name)
{
        void *symbol = dlsym(RTLD_NEXT, name);

        if (!symbol)
                give_up(name);
        return symbol;
}

static void resolve(void)
{
        if (real.open)
                return;
        real.close = next("close");
        real.write = next("write");
        real.pwrite = next("pwrite64");
        real.ftruncate = next("ftruncate64");
        real.fdatasync = next("fdatasync");
        real.unlink = next("unlink");
        real.rename = next("rename");
        real.mmap = next("mmap64");
        real.open = next("open64");
}

/* Not sooner: a sanitizer opens files before there is an environment. */
__attribute__((constructor)) static void begin(void)
{
        const char *path = getenv("POWERLOSS_RECORD"), *at = getenv("POWERLOSS_AT");

        resolve();
        folder = getenv("POWERLOSS_FOLDER");
        if (!folder || !path)
                return;
        folder_size = strlen(folder);
        fail_at = at ? strtoul(at, NULL, 10) : 0;
        record_fd = real.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (record_fd < 0)
                give_up("the record cannot be opened");
        record(START, 0, 0, NULL, 0);
}

/* The name within the folder, "." for the folder itself; NULL: elsewhere. */
static const char *name_of(const char *path)
{
        resolve();
        if (record_fd < 0 || strncmp(path, folder, folder_size) != 0)
                return NULL;
        path += folder_size;
        if (*path == '\0')
                return ".";
        return *path == '/' && !strchr(path + 1, '/') ? path + 1 : NULL;
}

static uint32_t file_at(int fd)
{
        resolve();
        return fd >= 0 && fd < FDS_MAX ? file_of[fd] : 0;
}

static int do_open(const char *path, int flags, mode_t mode)
{
        const char *name = name_of(path);
        struct stat st;
        bool fresh;
        int fd;

        if (!name)
                return real.open(path, flags, mode);
        (void) pthread_mutex_lock(&mutex);
        fresh = stat(path, &st) < 0;
        fd = real.open(path, flags, mode);
        if (fd >= FDS_MAX)
                give_up("too many descriptors");
        if (fd >= 0) {
                file_of[fd] = ++files;
                is_mapped[fd] = strcmp(name, "bench") == 0 || (strlen(name) > 4 && strcmp(name + strlen(name) - 4, "-shm") == 0);
                record(fresh ? CREATE : OPEN, file_of[fd], 0, name, strlen(name));
                if (flags & O_TRUNC)
                        record(TRUNCATE, file_of[fd], 0, NULL, 0);
        }
        (void) pthread_mutex_unlock(&mutex);
        return fd;
}

#define MODE_OF(flags) ({                                       \
        mode_t _mode = 0;                                       \
        if ((flags) & (O_CREAT | O_TMPFILE)) {                  \
                va_list ap;                                     \
                va_start(ap, flags);                            \
                _mode = va_arg(ap, mode_t);                     \
                va_end(ap);                                     \
        }                                                       \
        _mode; })

EXPORT int open(const char *path, int flags, ...)
{
        return do_open(path, flags, MODE_OF(flags));
}

EXPORT int open64(const char *path, int flags, ...)
{
        return do_open(path, flags, MODE_OF(flags));
}

EXPORT int close(int fd)
{
        if (file_at(fd)) {
                (void) pthread_mutex_lock(&mutex);
                file_of[fd] = 0;
                (void) pthread_mutex_unlock(&mutex);
        }
        return real.close(fd);
}

EXPORT ssize_t write(int fd, const void *data, size_t size)
{
        ssize_t n;

        if (!file_at(fd))
                return real.write(fd, data, size);
        (void) pthread_mutex_lock(&mutex);
        n = real.write(fd, data, size);
        if (n > 0)
                record(WRITE, file_of[fd], (uint64_t) lseek(fd, 0, SEEK_CUR) - (uint64_t) n, data, (size_t) n);
        (void) pthread_mutex_unlock(&mutex);
        return n;
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset)
{
        ssize_t n;

        if (!file_at(fd))
                return real.pwrite(fd, data, size, offset);
        (void) pthread_mutex_lock(&mutex);
        n = real.pwrite(fd, data, size, offset);
        if (n > 0)
                record(WRITE, file_of[fd], (uint64_t) offset, data, (size_t) n);
        (void) pthread_mutex_unlock(&mutex);
        return n;
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
        return pwrite64(fd, data, size, offset);
}

EXPORT int ftruncate64(int fd, off_t size)
{
        int r;

        if (!file_at(fd))
                return real.ftruncate(fd, size);
        (void) pthread_mutex_lock(&mutex);
        r = real.ftruncate(fd, size);
        if (r == 0)
                record(TRUNCATE, file_of[fd], (uint64_t) size, NULL, 0);
        (void) pthread_mutex_unlock(&mutex);
        return r;
}

EXPORT int ftruncate(int fd, off_t size)
{
        return ftruncate64(fd, size);
}

EXPORT int fdatasync(int fd)
{
        if (!file_at(fd))
                return real.fdatasync(fd);
        (void) pthread_mutex_lock(&mutex);
        dprintf(STDERR_FILENO, "powerloss: sync %lu\n", ++syncs);
        if (syncs == fail_at)
                (void) raise(SIGKILL);
        record(SYNC, file_of[fd], 0, NULL, 0);
        (void) pthread_mutex_unlock(&mutex);
        return 0;
}

EXPORT int fsync(int fd)
{
        return fdatasync(fd);
}

EXPORT int unlink(const char *path)
{
        const char *name = name_of(path);
        int r;

        if (!name)
                return real.unlink(path);
        (void) pthread_mutex_lock(&mutex);
        r = real.unlink(path);
        if (r == 0)
                record(UNLINK, 0, 0, name, strlen(name));
        (void) pthread_mutex_unlock(&mutex);
        return r;
}

EXPORT int rename(const char *from, const char *to)
{
        const char *a = name_of(from), *b = name_of(to);
        char names[2 * NAME_MAX + 2];    /* as the kernel allows */
        int r;

        if (!a && !b)
                return real.rename(from, to);
        if (!a || !b)
                give_up("a file moves in or out of the folder");
        (void) pthread_mutex_lock(&mutex);
        r = real.rename(from, to);
        if (r == 0) {
                int n = snprintf(names, sizeof names, "%s%c%s", a, '\0', b);

                record(RENAME, 0, 0, names, (size_t) n);
        }
        (void) pthread_mutex_unlock(&mutex);
        return r;
}

EXPORT void *mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
        if (file_at(fd) && flags & MAP_SHARED && protection & PROT_WRITE && !is_mapped[fd])
                give_up("a file is written through a mapping");
        return real.mmap(at, size, protection, flags, fd, offset);
}

EXPORT void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
        return mmap64(at, size, protection, flags, fd, offset);
}
