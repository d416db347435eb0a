/* SPDX-License-Identifier: MIT
 *
 * Faults for a daemon that knows nothing of them: preloaded, it stands between the program with all its libraries and
 * libc.  What is to fail, and what the time is, stands in a file that is mapped here and written by the test at any
 * time (mentiond_e2e/faults.py); what was called is counted there.
 *
 * Of the disk's calls only those on regular files are meant, and of these not stderr, which is the log.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ALLOC, WRITE, SYNC, TRUNCATE, READ, SYNC_DATABASE, ACCEPT, KINDS };

struct rule {
        _Atomic int64_t seen;            /* calls until now */
        int64_t first, last;             /* of these, from 1 on, the ones that fail; 0: none */
        int64_t error;                   /* with this; 0: half of it is done */
        int64_t after_sync;              /* until this sync none counts */
};

struct control {
        struct rule rules[KINDS];
        int64_t utc_offset_usec;         /* what the system's clock is ahead */
};

static struct control *control;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

__attribute__((constructor)) static void open_control(void)
{
        const char *path = getenv("MENTIOND_FAULTS");
        int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
        void *p;

        if (fd < 0)
                return;
        p = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (p != MAP_FAILED)
                control = p;
}

static int fails(int kind)
{
        struct rule *r;
        int64_t n;

        if (!control)
                return 0;
        r = &control->rules[kind];
        if (atomic_load(&control->rules[SYNC].seen) < r->after_sync)
                return 0;
        n = atomic_fetch_add(&r->seen, 1) + 1;
        return r->first && n >= r->first && n <= r->last;
}

/* Whether the call on this file fails; sets errno. */
static int disk_fails(int kind, int fd)
{
        struct stat st;

        if (!control || fd <= STDERR_FILENO || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !fails(kind))
                return 0;
        errno = (int) control->rules[kind].error;
        return 1;
}

void *malloc(size_t size)
{
        if (!fails(ALLOC))
                return __libc_malloc(size);
        errno = ENOMEM;
        return NULL;
}

void *calloc(size_t n, size_t size)
{
        if (!fails(ALLOC))
                return __libc_calloc(n, size);
        errno = ENOMEM;
        return NULL;
}

void *realloc(void *p, size_t size)
{
        if (!fails(ALLOC))
                return __libc_realloc(p, size);
        errno = ENOMEM;
        return NULL;
}

ssize_t write(int fd, const void *p, size_t n)
{
        if (disk_fails(WRITE, fd)) {
                if (errno)
                        return -1;
                n /= 2;
        }
        return syscall(SYS_write, fd, p, n);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
        if (disk_fails(WRITE, fd)) {
                if (errno)
                        return -1;
                n = (n + 1) / 2;
        }
        return syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
        return pwrite64(fd, p, n, at);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t at)
{
        return disk_fails(READ, fd) ? -1 : syscall(SYS_pread64, fd, p, n, at);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
        return pread64(fd, p, n, at);
}

/* A sync of the database, not of its log: a checkpoint. */
static int is_database(int fd)
{
        char link[32], path[4096] = "";
        size_t n;

        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, path, sizeof path - 1) < 0)
                return 0;
        n = strlen(path);
        return n > 3 && strcmp(path + n - 3, ".db") == 0;
}

int fdatasync(int fd)
{
        if (disk_fails(SYNC, fd) || (control && is_database(fd) && disk_fails(SYNC_DATABASE, fd)))
                return -1;
        return (int) syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
        return disk_fails(SYNC, fd) ? -1 : (int) syscall(SYS_fsync, fd);
}

int ftruncate64(int fd, off64_t size)
{
        return disk_fails(TRUNCATE, fd) ? -1 : (int) syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size)
{
        return ftruncate64(fd, size);
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
        if (!fails(ACCEPT))
                return (int) syscall(SYS_accept4, fd, address, size, flags);
        errno = (int) control->rules[ACCEPT].error;
        return -1;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
        int64_t nsec;

        if (syscall(SYS_clock_gettime, id, ts) < 0)
                return -1;
        if (!control || !control->utc_offset_usec || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
                return 0;
        nsec = ts->tv_nsec + control->utc_offset_usec % 1000000 * 1000;
        ts->tv_sec += control->utc_offset_usec / 1000000 + (nsec >= 1000000000) - (nsec < 0);
        ts->tv_nsec = nsec >= 1000000000 ? nsec - 1000000000 : nsec < 0 ? nsec + 1000000000 : nsec;
        return 0;
}

time_t time(time_t *ret)
{
        struct timespec ts;

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        if (ret)
                *ret = ts.tv_sec;
        return ts.tv_sec;
}
