/* SPDX-License-Identifier: MIT
 *
 * Children: started, written to, read from, ended.  Owns their processes, until these are waited for, and our ends of the
 * pipes.  Called by host/program.c.
 *
 * A child's end is the end of its process, told by a pidfd; its group is killed before the process is waited for, while the
 * number still belongs to it.  What it had written by then is read and told first.
 */
#include "io/child.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define READ_SIZE 65536                  /* a pipe holds as much */
#define AHEAD_MAX 65536                  /* read beyond what was taken */
#define LAST_READS 16                    /* of an ended child: the largest pipe there can be */
#define CPU_GRACE_SECONDS 5              /* from SIGXCPU to SIGKILL */
#define LINES_MAX (CHILD_LINE_MAX + (LAST_READS + 1) * READ_SIZE + AHEAD_MAX)

struct pipe_end {
        int fd;                          /* -1: closed */
        struct loop_io *io;              /* NULL: not watched */
};

struct child {
        struct loop *loop;
        const struct child_listener *listener;
        void *data;
        pid_t pid;
        struct pipe_end process, in, out, err;   /* process: its pidfd; in: its standard input, which we write */
        int failure;                     /* a pipe that says why the program was not executed */

        struct buffer queue;             /* for its input; the first queue_at bytes were written */
        size_t queue_at;
        uint64_t queued, written;

        struct buffer lines;             /* from its output; lines_at bytes were told, and up to scanned is no line's end */
        size_t lines_at, scanned;
        bool held, telling;
        struct buffer error_line;
        bool error_cut;                  /* the rest of this line is left out */

        int end_step;                    /* 0: it shall run; then what comes next: 1 SIGTERM, 2 SIGKILL, 3 nothing */
        struct loop_timer end_timer;
        struct loop_defer tell;          /* lines, and the end */
        bool exited, ended;
        const char *why;                 /* we gave it up; NULL: we did not */
        char *fate;                      /* NULL until it has ended */
};

/* --- Pipes --- */

static void forget(struct pipe_end *p)
{
        loop_io_remove(TAKE_PTR(p->io));
        if (p->fd >= 0)
                close(p->fd);
        p->fd = -1;
}

static int watch(struct child *c, struct pipe_end *p, uint32_t events, const char *description, loop_io_fn fn)
{
        return p->io || p->fd < 0 ? 0 : loop_io_add(c->loop, p->fd, events, description, fn, c, &p->io);
}

/* --- Its end --- */

static void signal_group(const struct child *c, int signo)
{
        if (!c->exited)
                (void) kill(-c->pid, signo);
}

static void on_end_timer(struct loop_timer *t)
{
        struct child *c = CONTAINER_OF(t, struct child, end_timer);

        if (c->exited)
                return;
        signal_group(c, c->end_step == 1 ? SIGTERM : SIGKILL);
        if (c->end_step++ == 1)
                loop_timer_set(c->loop, t, mono_usec() + CHILD_TERM_USEC);
}

void child_end(struct child *c, bool politely)
{
        if (c->exited || c->end_step > 1 || (politely && c->end_step))
                return;
        forget(&c->in);
        c->end_step = 1;
        if (politely)
                loop_timer_set(c->loop, &c->end_timer, mono_usec() + CHILD_LEAVE_USEC);
        else
                on_end_timer(&c->end_timer);
}

/* Nothing can be done any more with a child that, say, closed its output.  Mostly it does so by ending, and says more then. */
static void give_up(struct child *c, const char *why)
{
        if (!c->end_step && !c->why)
                c->why = why;
        child_end(c, true);
}

static char *fate_of(struct child *c, int status)
{
        int error;

        if (read(c->failure, &error, sizeof error) == sizeof error)
                return xasprintf("cannot be executed: %s", strerror(error));
        if (c->why && c->end_step > 1)
                return xasprintf("%s", c->why);
        if (WIFSIGNALED(status))
                return xasprintf("was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        return xasprintf("ended with status %d", WEXITSTATUS(status));
}

/* --- What it says --- */

static void on_out(int fd, uint32_t events, void *data);

static bool has_line(const struct child *c)
{
        return c->lines.data && memchr(c->lines.data + c->scanned, '\n', c->lines.size - c->scanned);
}

static void refuse_line(struct child *c)
{
        forget(&c->out);
        c->why = "wrote a line that is too long";
        c->listener->line(c->data, NULL, 0);
}

static void drop_told(struct child *c)
{
        buffer_consume(&c->lines, c->lines_at);
        c->scanned -= c->lines_at;
        c->lines_at = 0;
}

static void tell_lines(struct child *c)
{
        c->telling = true;
        while (!c->held && c->lines.data) {
                char *end = memchr(c->lines.data + c->scanned, '\n', c->lines.size - c->scanned);
                const char *begin = c->lines.data + c->lines_at;

                if (!end) {
                        c->scanned = c->lines.size;
                        break;
                }
                *end = '\0';
                c->lines_at = c->scanned = (size_t) (end + 1 - c->lines.data);
                if (end - begin > CHILD_LINE_MAX)
                        refuse_line(c);
                else
                        c->listener->line(c->data, begin, (size_t) (end - begin));
        }
        c->telling = false;
        if (!has_line(c))
                drop_told(c);
}

/* Whether there may be more to read. */
static bool read_lines(struct child *c)
{
        char piece[READ_SIZE];
        ssize_t n = c->out.fd < 0 ? 0 : read(c->out.fd, piece, sizeof piece);

        drop_told(c);
        if (n > 0 && (buffer_append(&c->lines, piece, (size_t) n) < 0
                      || (c->lines.size > CHILD_LINE_MAX + READ_SIZE && !c->held && !has_line(c)))) {
                refuse_line(c);
                return false;
        }
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                forget(&c->out);
        return n > 0;
}

static void tell(struct child *c)
{
        tell_lines(c);
        if (c->held) {
                if (!c->exited && c->lines.size - c->lines_at > AHEAD_MAX)
                        loop_io_remove(TAKE_PTR(c->out.io));
                return;
        }
        if (c->exited && !c->ended) {
                c->ended = true;
                c->listener->end(c->data);       /* c may be gone now */
                return;
        }
        if (watch(c, &c->out, EPOLLIN, "child's output", on_out) < 0)
                give_up(c, "cannot be watched");
        if (c->out.fd < 0)
                give_up(c, "closed its output");
}

static void on_tell(struct loop_defer *d)
{
        tell(CONTAINER_OF(d, struct child, tell));
}

static void on_out(int fd _unused_, uint32_t events _unused_, void *data)
{
        struct child *c = data;

        (void) read_lines(c);
        tell(c);
}

void child_hold(struct child *c)
{
        c->held = true;
}

void child_release(struct child *c)
{
        c->held = false;
        if (!c->telling)
                loop_defer(c->loop, &c->tell);
}

static void tell_error(struct child *c)
{
        if (!c->error_cut && c->error_line.size)
                c->listener->error_line(c->data, buffer_str(&c->error_line));
        buffer_consume(&c->error_line, c->error_line.size);
}

static bool read_errors(struct child *c)
{
        char piece[4096];
        ssize_t n = c->err.fd < 0 ? 0 : read(c->err.fd, piece, sizeof piece);

        for (ssize_t i = 0; i < n; i++) {
                if (piece[i] == '\n') {
                        tell_error(c);
                        c->error_cut = false;
                } else if (!c->error_cut && buffer_append(&c->error_line, &piece[i], 1) < 0) {
                        tell_error(c);
                        c->error_cut = true;
                }
        }
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                forget(&c->err);
        return n > 0;
}

static void on_err(int fd _unused_, uint32_t events _unused_, void *data)
{
        (void) read_errors(data);
}

static void on_exit_of(int fd _unused_, uint32_t events _unused_, void *data)
{
        struct child *c = data;
        int status = 0;
        pid_t pid;

        signal_group(c, SIGKILL);
        pid = waitpid(c->pid, &status, WNOHANG);
        if (pid == 0)
                return;
        c->exited = true;
        if (pid > 0)
                c->fate = fate_of(c, status);
        else                             /* who started us does not care for children, and neither does the kernel then */
                c->fate = xstrdup("ended");
        loop_timer_clear(c->loop, &c->end_timer);
        forget(&c->process);
        forget(&c->in);
        for (int i = 0; i < LAST_READS && read_errors(c); i++)
                ;
        tell_error(c);
        forget(&c->err);
        for (int i = 0; i < LAST_READS && read_lines(c); i++)
                ;
        forget(&c->out);
        loop_defer(c->loop, &c->tell);
}

/* --- What it is told --- */

static void on_in(int fd, uint32_t events, void *data);

static void write_some(struct child *c)
{
        while (c->in.fd >= 0 && c->queue_at < c->queue.size) {
                ssize_t n = write(c->in.fd, c->queue.data + c->queue_at, c->queue.size - c->queue_at);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN) {
                        if (watch(c, &c->in, EPOLLOUT, "child's input", on_in) < 0)
                                give_up(c, "cannot be watched");
                        return;
                }
                if (n < 0) {
                        give_up(c, "closed its input");
                        return;
                }
                c->queue_at += (size_t) n;
                c->written += (uint64_t) n;
        }
        buffer_consume(&c->queue, c->queue.size);
        c->queue_at = 0;
        loop_io_remove(TAKE_PTR(c->in.io));
}

static void on_in(int fd _unused_, uint32_t events _unused_, void *data)
{
        write_some(data);
}

void child_write(struct child *c, const void *data, size_t size)
{
        if (c->in.fd < 0)
                return;                  /* it is ending */
        (void) buffer_append(&c->queue, data, size);
        c->queued += size;
        if (!c->in.io)
                write_some(c);
}

uint64_t child_queued(const struct child *c)
{
        return c->queued;
}

uint64_t child_written(const struct child *c)
{
        return c->written;
}

/* --- Its beginning --- */

static int limit(int resource, rlim_t soft, rlim_t hard)
{
        struct rlimit l;

        /* prlimit(2), as the unit's filter of system calls leaves out setrlimit(2). */
        if (prlimit(0, (__rlimit_resource_t) resource, NULL, &l) < 0)
                return -1;
        l.rlim_max = MIN(l.rlim_max, hard);
        l.rlim_cur = MIN(soft, l.rlim_max);
        return prlimit(0, (__rlimit_resource_t) resource, &l, NULL);
}

/* In the new process, where only what is safe in a signal handler may be called: other threads may have held locks. */
static _noreturn_ void become(const struct child_setup *s, pid_t parent, const int *files, int failure)
{
        const rlim_t seconds = (rlim_t) ((s->cpu_max_usec + USEC_PER_SEC - 1) / USEC_PER_SEC);
        const struct sigaction by_default = { .sa_handler = SIG_DFL };
        sigset_t none;
        int error;

        (void) setpgid(0, 0);
        for (int i = 1; i < NSIG; i++)
                (void) sigaction(i, &by_default, NULL);
        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        for (int i = 0; i < 3; i++)
                if (dup2(files[i], i) < 0)
                        goto fail;
        (void) close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);         /* where this is not allowed: all of ours are anyway */
        if (limit(RLIMIT_CORE, 0, 0) < 0 || (s->memory_max && limit(RLIMIT_DATA, s->memory_max, s->memory_max) < 0)
            || (seconds && limit(RLIMIT_CPU, seconds, seconds + CPU_GRACE_SECONDS) < 0)
            || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || chdir(s->directory) < 0)
                goto fail;
        if (getppid() != parent)         /* it died before it could be told of */
                _exit(127);
        (void) execve(s->arguments[0], (char *const *) s->arguments, (char *const *) s->environment);
fail:
        error = errno;
        (void) !write(failure, &error, sizeof error);
        _exit(127);
}

/* A pipe of which one end is ours, and does not block us. */
static int open_pipe(int *ret_ours, int *ret_its, bool we_write)
{
        int both[2];

        if (pipe2(both, O_CLOEXEC) < 0)
                return -errno;
        *ret_ours = both[we_write];
        *ret_its = both[!we_write];
        return fcntl(*ret_ours, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int begin(struct child *c, const struct child_setup *s)
{
        _cleanup_close_ int its_in = -1, its_out = -1, its_err = -1, its_failure = -1;
        pid_t self = getpid();
        int r;

        r = open_pipe(&c->in.fd, &its_in, true);
        if (r >= 0)
                r = open_pipe(&c->out.fd, &its_out, false);
        if (r >= 0)
                r = open_pipe(&c->err.fd, &its_err, false);
        if (r >= 0)
                r = open_pipe(&c->failure, &its_failure, false);
        if (r < 0)
                return r;
        c->pid = fork();
        if (c->pid < 0)
                return -errno;
        if (c->pid == 0)
                become(s, self, (const int[]) { its_in, its_out, its_err }, its_failure);
        c->exited = false;
        (void) setpgid(c->pid, c->pid);  /* whoever is first: a signal to the group must not miss it */
        c->process.fd = pidfd_open(c->pid, 0);
        if (c->process.fd < 0)
                return -errno;
        r = watch(c, &c->process, EPOLLIN, "child", on_exit_of);
        if (r >= 0)
                r = watch(c, &c->out, EPOLLIN, "child's output", on_out);
        if (r >= 0)
                r = watch(c, &c->err, EPOLLIN, "child's errors", on_err);
        return r;
}

int child_start(struct loop *l, const struct child_setup *s, const struct child_listener *listener, void *data,
                struct child **ret)
{
        _cleanup_(child_freep) struct child *c = xcalloc(1, sizeof *c);
        int r;

        *c = (struct child) {
                .loop = l, .listener = listener, .data = data, .process.fd = -1, .in.fd = -1, .out.fd = -1, .err.fd = -1,
                .failure = -1, .queue = BUFFER_INIT(SIZE_MAX), .lines = BUFFER_INIT(LINES_MAX),
                .error_line = BUFFER_INIT(CHILD_ERROR_LINE_MAX), .end_timer.fn = on_end_timer, .tell.fn = on_tell, .exited = true,
        };
        r = begin(c, s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

void child_free(struct child *c)
{
        if (!c->exited) {
                signal_group(c, SIGKILL);
                (void) kill(c->pid, SIGKILL);
                (void) waitpid(c->pid, NULL, 0);
        }
        loop_timer_clear(c->loop, &c->end_timer);
        loop_undefer(c->loop, &c->tell);
        forget(&c->process);
        forget(&c->in);
        forget(&c->out);
        forget(&c->err);
        if (c->failure >= 0)
                close(c->failure);
        buffer_done(&c->queue);
        buffer_done(&c->lines);
        buffer_done(&c->error_line);
        free(c->fate);
        free(c);
}

pid_t child_pid(const struct child *c)
{
        return c->pid;
}

const char *child_fate(const struct child *c)
{
        return strempty(c->fate);
}
