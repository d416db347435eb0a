/* SPDX-License-Identifier: MIT
 *
 * The bench.  Owns a small file in the state directory, mapped, and the handlers of the signals that mean a crash.
 *
 * While the code of an instance runs, the page holds its number: task.c puts it there, with no system call, and the
 * kernel keeps the page whatever becomes of the process.  That alone does not say who is to blame, as a mentiond that
 * runs well may be killed at any moment (kill -9, want of memory, power).  So the handlers write down that it died by
 * itself, and of what.  The next mentiond reads both.
 *
 * Called by main, instance and the command that resumes.  One for the process, as signals are.
 */
#include "host/bench.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "io/task.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define MAGIC "mbench1\n"
#define SLOTS 255                        /* instances; those beyond are not watched */
#define NAME_SIZE 104                    /* of a longer name the beginning counts */
#define ENDED_BY_EXIT -1

/* A coroutine that runs out of its stack has none left for the handler; what the handler needs with AVX-512 is 4 KiB. */
#define ALTERNATE_STACK_SIZE (64 * 1024)

struct slot {
        char name[NAME_SIZE];            /* "": free */
        int64_t crashed_usec[BENCH_CRASHES];     /* UTC, the newest first; 0: none */
        int64_t benched_usec;            /* 0: it plays */
        int32_t last;                    /* signal, or ENDED_BY_EXIT */
        int32_t unused;
};

struct page {
        char magic[8];
        uint32_t entered;                /* slot + 1 of whose code runs; 0: our own */
        uint32_t blamed;                 /* the same when it died */
        int32_t ended_by;                /* signal, ENDED_BY_EXIT, or 0: it was not itself that ended it */
        int32_t unused;
        int64_t ended_usec;
        struct slot slots[SLOTS];
};

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP };

static struct page *page;
static int page_fd = -1;
static pid_t loop_thread;
static struct sigaction before[ELEMENTSOF(signals)];

/* --- Death --- */

static void write_down(int ended_by, bool blame)
{
        struct timespec now;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        page->blamed = blame ? page->entered : 0;
        page->ended_usec = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
        page->ended_by = ended_by;
}

/* Async-signal-safe.  Puts back what was there before and lets the signal come again, so that a core is dumped, or a
 * sanitizer speaks, as if this were not here. */
static void on_death(int signo, siginfo_t *si, void *context _unused_)
{
        bool fault = si->si_code > 0, own = fault || si->si_pid == getpid();

        /* The process is its loop's thread; what a child of the plugin does is the plugin's affair.  Of the other thread
         * only its own faults are its own: the service manager's SIGABRT is for whoever keeps the loop waiting. */
        if (getpid() == loop_thread)
                write_down(signo, !own || gettid() == loop_thread);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                if (signals[i] == signo)
                        (void) sigaction(signo, &before[i], NULL);
        /* A fault happens again by itself when this returns, with all that a debugger wants to see. */
        if (!fault || signo == SIGSYS || signo == SIGTRAP || signo == SIGABRT)
                (void) raise(signo);
}

/* A plugin that calls exit() must not look like an end that was wanted: the service manager would not start us again. */
static void on_exit_called(void)
{
        if (!page || getpid() != loop_thread || !page->entered)
                return;
        write_down(ENDED_BY_EXIT, true);
        _exit(EXIT_FAILURE);
}

static void watch(void)
{
        static char stack[ALTERNATE_STACK_SIZE];
        static bool registered;

        (void) sigaltstack(&(stack_t) { .ss_sp = stack, .ss_size = sizeof stack }, NULL);
        for (size_t i = 0; i < ELEMENTSOF(signals); i++)
                (void) sigaction(signals[i], &(struct sigaction) {
                        .sa_sigaction = on_death, .sa_flags = SA_SIGINFO | SA_ONSTACK,
                },
                                 &before[i]);
        if (!registered)
                (void) atexit(on_exit_called);
        registered = true;
}

/* --- The book --- */

static struct slot *find(const char *instance)
{
        for (size_t i = 0; page && i < SLOTS; i++)
                if (*instance && !strncmp(page->slots[i].name, instance, NAME_SIZE - 1))
                        return &page->slots[i];
        return NULL;
}

static char *cause_of(int ended_by)
{
        if (ended_by == ENDED_BY_EXIT)
                return xstrdup("exit()");
        return xasprintf("SIG%s", sigabbrev_np(ended_by) ?: "?");
}

/* A clock that was set in between makes crashes look further apart than they were, never nearer: an instance is benched
 * later for it, not without cause. */
static bool is_recent(int64_t usec, int64_t now)
{
        return usec && usec > now - BENCH_WINDOW_USEC && usec < now + BENCH_WINDOW_USEC;
}

static void book_crash(struct slot *s)
{
        _cleanup_free_ char *cause = cause_of(page->ended_by);
        int n = 0;

        memmove(s->crashed_usec + 1, s->crashed_usec, sizeof s->crashed_usec - sizeof s->crashed_usec[0]);
        s->crashed_usec[0] = page->ended_usec;
        s->last = page->ended_by;
        for (size_t i = 0; i < BENCH_CRASHES; i++)
                n += is_recent(s->crashed_usec[i], page->ended_usec);
        if (n == BENCH_CRASHES)
                s->benched_usec = page->ended_usec;
        log_event(LOG_ERR, "a plugin crashed mentiond", F("instance", s->name), F("cause", cause), FI("crashes", n),
                  FI("benched_at", BENCH_CRASHES));
}

static void book_end(void)
{
        uint32_t blamed = page->ended_by ? page->blamed : page->entered;
        struct slot *s = blamed >= 1 && blamed <= SLOTS ? &page->slots[blamed - 1] : NULL;

        if (s && *s->name && page->ended_by) {
                book_crash(s);
        } else if (s && *s->name) {
                log_event(LOG_WARNING,
                          "mentiond was killed, or lost its power, while a plugin's code ran: this does not count as a crash"
                          " of the plugin, but if memory was short, look at this one first",
                          F("instance", s->name));
        } else if (page->ended_by) {
                _cleanup_free_ char *cause = cause_of(page->ended_by);

                log_event(LOG_ERR, "mentiond crashed, and not in a plugin: please report this", F("cause", cause));
        }
        page->entered = page->blamed = 0;
        page->ended_by = 0;
}

/* Who is not on the bench and did nothing of late needs no slot until it is asked for one. */
static void forget_the_others(void)
{
        int64_t now = utc_usec();

        for (size_t i = 0; i < SLOTS; i++)
                if (!page->slots[i].benched_usec && !is_recent(page->slots[i].crashed_usec[0], now))
                        page->slots[i] = (struct slot) { .name = "" };
}

static bool is_sound(void)
{
        bool sound = !memcmp(page->magic, MAGIC, sizeof page->magic);

        for (size_t i = 0; i < SLOTS; i++)
                sound = sound && memchr(page->slots[i].name, '\0', NAME_SIZE);
        return sound;
}

/* --- From outside --- */

static int open_page(const char *path)
{
        struct stat st;
        void *mapped;
        int r;

        page_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (page_fd < 0 || flock(page_fd, LOCK_EX | LOCK_NB) < 0 || fstat(page_fd, &st) < 0)
                return -errno;
        if (st.st_size != sizeof *page && ftruncate(page_fd, 0) < 0)
                return -errno;
        /* On a full disk a page that is mapped over a hole would kill us at the first write. */
        r = posix_fallocate(page_fd, 0, sizeof *page);
        if (r)
                return -r;
        mapped = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
        if (mapped == MAP_FAILED)
                return -errno;
        page = mapped;
        if (!is_sound()) {
                if (st.st_size)
                        log_event(LOG_WARNING, "the record of crashes is damaged: it is begun anew", F("file", path));
                memset(page, 0, sizeof *page);
                memcpy(page->magic, MAGIC, sizeof page->magic);
        }
        return 0;
}

void bench_open(const char *directory)
{
        _cleanup_free_ char *path = xasprintf("%s/bench", directory);
        int r;

        r = open_page(path);
        if (r < 0) {
                /* Another mentiond has it, or there is no such directory: the store tells that. */
                if (r != -EWOULDBLOCK && r != -ENOENT)
                        log_event(LOG_WARNING, "plugins that crash cannot be recorded, and are not benched", F("file", path),
                                  F("reason", strerror(-r)));
                bench_close();
                return;
        }
        loop_thread = getpid();
        if (page->entered || page->ended_by) {
                book_end();
                (void) msync(page, sizeof *page, MS_SYNC);
        }
        forget_the_others();
        task_mark_at(&page->entered);
        watch();
}

void bench_close(void)
{
        if (page) {
                for (size_t i = 0; loop_thread && i < ELEMENTSOF(signals); i++)
                        (void) sigaction(signals[i], &before[i], NULL);
                task_mark_at(NULL);
                page->entered = 0;
                (void) munmap(page, sizeof *page);
                page = NULL;
        }
        loop_thread = 0;
        closep(&page_fd);
        page_fd = -1;
}

uint32_t bench_mark(const char *instance)
{
        struct slot *s = find(instance);

        for (size_t i = 0; page && !s && i < SLOTS; i++)
                if (!*page->slots[i].name) {
                        s = &page->slots[i];
                        *s = (struct slot) { .name = "" };
                        memcpy(s->name, instance, strnlen(instance, NAME_SIZE - 1));
                }
        return s ? (uint32_t) (s - page->slots) + 1 : 0;
}

char *bench_reason(const char *instance)
{
        const struct slot *s = find(instance);
        _cleanup_free_ char *when = NULL, *cause = NULL;

        if (!s || !s->benched_usec)
                return NULL;
        when = text_format_time(s->crashed_usec[0]);
        cause = cause_of(s->last);
        return xasprintf("crashed %d times within %d minutes, last at %s by %s; to try it again: mentionctl resume %s",
                         BENCH_CRASHES, (int) (BENCH_WINDOW_USEC / USEC_PER_MINUTE), when, cause, instance);
}

void bench_clear(const char *instance)
{
        struct slot *s = find(instance);

        if (!s || !s->crashed_usec[0])
                return;
        memset(s->crashed_usec, 0, sizeof s->crashed_usec);
        s->benched_usec = 0;
        (void) msync(page, sizeof *page, MS_SYNC);
}
