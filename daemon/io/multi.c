/* SPDX-License-Identifier: MIT
 *
 * libcurl's multi handle on the loop: sockets, timeouts, ended transfers.  Owns the connections, and what is known of
 * the servers behind them.  Called by http.c only.
 */
#include "io/multi.h"

#include "base/clock.h"
#include "base/util.h"

#include <curl/curl.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 256              /* kept: all that G5 of perf.md has in flight; libcurl's own default is 4 per
                                          * request in flight, which forgets connections between two polls */
#define ORIGINS_MAX 64                   /* servers that are told apart; the others count as hasty */
#define HASTY_USEC USEC_PER_HOUR         /* how long a server is remembered for closing connections that it did not need to */

struct sock {
        uint32_t events;                 /* as registered; 0: not */
        bool wanted;                     /* by a transfer; else its connection is idle */
        bool ours;                       /* a connection; else something of libcurl's own */
        unsigned origin;
        int64_t idle_usec;               /* since when */
};

struct origin {
        char *name;
        int64_t hasty_until_usec;
};

struct multi {
        struct loop *loop;
        CURLM *handle;
        multi_done_fn done;
        struct loop_timer timer;         /* libcurl's timeouts */
        struct loop_defer now;           /* its timeout of 0 ms */

        /* An epoll of our own in the loop's: sd-event dispatches one descriptor per turn, and asks for all of them
         * again in each, which at 64 in flight costs more than libcurl does. */
        int epoll;
        struct loop_io *io;
        struct sock *socks;              /* by descriptor */
        size_t n_socks;
        int in_flight;                   /* added, and not yet told that they are done */
        struct origin origins[ORIGINS_MAX];
        unsigned n_origins;
};

/* --- Servers that close a connection right after their answer, without having said so: a request that is sent into
 * such a close is lost, and an unsafe one cannot be repeated.  They get a new connection for each. --- */

unsigned multi_origin(struct multi *m, const char *name)
{
        for (unsigned i = 0; i < m->n_origins; i++)
                if (streq(m->origins[i].name, name))
                        return i;
        if (m->n_origins == ORIGINS_MAX)
                return ORIGINS_MAX;
        m->origins[m->n_origins].name = xstrdup(name);
        return m->n_origins++;
}

bool multi_is_hasty(const struct multi *m, unsigned origin)
{
        return origin >= ORIGINS_MAX || m->origins[origin].hasty_until_usec > mono_usec();
}

void multi_set_hasty(struct multi *m, unsigned origin)
{
        if (origin < ORIGINS_MAX)
                m->origins[origin].hasty_until_usec = mono_usec() + HASTY_USEC;
}

/* --- Transfers --- */

void multi_drain(struct multi *m)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(m->handle, &left))) {
                void *private = NULL;

                if (message->msg != CURLMSG_DONE)
                        continue;
                (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &private);
                m->in_flight--;
                m->done(private, (int) message->data.result);
        }
}

static void act(struct multi *m, curl_socket_t fd, int events)
{
        int running = 0;

        (void) curl_multi_socket_action(m->handle, fd, events, &running);
        if (running < m->in_flight)
                multi_drain(m);
}

static void on_timer(struct loop_timer *t)
{
        act(CONTAINER_OF(t, struct multi, timer), CURL_SOCKET_TIMEOUT, 0);
}

static void on_now(struct loop_defer *d)
{
        act(CONTAINER_OF(d, struct multi, now), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout_wanted(CURLM *multi _unused_, long msec, void *data)
{
        struct multi *m = data;

        if (msec == 0)
                loop_defer(m->loop, &m->now);
        else
                loop_undefer(m->loop, &m->now);
        if (msec > 0)
                loop_timer_set(m->loop, &m->timer, mono_usec() + msec * USEC_PER_MSEC);
        else
                loop_timer_clear(m->loop, &m->timer);
        return 0;
}

static struct sock *sock_get(struct multi *m, int fd)
{
        if ((size_t) fd >= m->n_socks) {
                size_t n = MAX((size_t) fd + 1, m->n_socks * 2);

                m->socks = xrealloc(m->socks, n * sizeof *m->socks);
                memset(m->socks + m->n_socks, 0, (n - m->n_socks) * sizeof *m->socks);
                m->n_socks = n;
        }
        return &m->socks[fd];
}

static int sock_watch(struct multi *m, int fd, uint32_t events)
{
        struct sock *s = sock_get(m, fd);
        struct epoll_event e = { .events = events, .data.fd = fd };

        if (events == s->events)
                return 0;
        if (epoll_ctl(m->epoll, !events ? EPOLL_CTL_DEL : s->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e) < 0)
                return -errno;
        s->events = events;
        return 0;
}

/* A connection stays registered while it is idle: that saves adding and removing it for each request, and tells when
 * it has to go (end_idle()). */
static int on_socket_wanted(CURL *easy _unused_, curl_socket_t fd, int what, void *data, void *socket_data _unused_)
{
        struct multi *m = data;
        struct sock *s = sock_get(m, fd);
        uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

        s->wanted = what != CURL_POLL_REMOVE;
        if (!s->wanted) {
                events = s->ours ? EPOLLIN : 0;
                s->idle_usec = mono_usec();
        }
        return sock_watch(m, fd, events) < 0 ? -1 : 0;
}

/* The server closed a kept connection, or says something unasked there.  libcurl finds the first when it is about to
 * reuse the connection, but would take the second for the answer to its next request: so it shall find a closed one. */
static void end_idle(struct multi *m, int fd)
{
        char sink[4096];

        /* libcurl may have read meanwhile what this event was about, and so made the connection idle. */
        if (recv(fd, sink, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN)
                return;
        if (mono_usec() - sock_get(m, fd)->idle_usec < MULTI_IDLE_SECONDS * USEC_PER_SEC)
                multi_set_hasty(m, sock_get(m, fd)->origin);
        (void) shutdown(fd, SHUT_RDWR);
        while (recv(fd, sink, sizeof sink, MSG_DONTWAIT) > 0)
                ;
        (void) sock_watch(m, fd, 0);
}

static void on_events(int epoll, uint32_t loop_events _unused_, void *data)
{
        struct multi *m = data;
        struct epoll_event e[64];
        int n = epoll_wait(epoll, e, ELEMENTSOF(e), 0);

        for (int i = 0; i < n; i++) {
                int fd = e[i].data.fd;

                if (!sock_get(m, fd)->events)    /* closed meanwhile */
                        continue;
                if (!sock_get(m, fd)->wanted)
                        end_idle(m, fd);
                else
                        act(m, fd, (e[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                                   (e[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                                   (e[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
        }
}

int multi_new(struct loop *l, multi_done_fn done, struct multi **ret)
{
        _cleanup_(multi_freep) struct multi *m = xcalloc(1, sizeof *m);
        int r;

        m->handle = curl_multi_init();
        if (!m->handle)
                out_of_memory();
        m->loop = l;
        m->done = done;
        m->timer.fn = on_timer;
        m->now.fn = on_now;
        m->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (m->epoll < 0)
                return -errno;
        r = loop_io_add(l, m->epoll, EPOLLIN, "http", on_events, m, &m->io);
        if (r < 0)
                return r;
        if (curl_multi_setopt(m->handle, CURLMOPT_SOCKETFUNCTION, on_socket_wanted) != CURLM_OK ||
            curl_multi_setopt(m->handle, CURLMOPT_SOCKETDATA, m) != CURLM_OK ||
            curl_multi_setopt(m->handle, CURLMOPT_TIMERFUNCTION, on_timeout_wanted) != CURLM_OK ||
            curl_multi_setopt(m->handle, CURLMOPT_TIMERDATA, m) != CURLM_OK ||
            curl_multi_setopt(m->handle, CURLMOPT_PIPELINING, (long) CURLPIPE_NOTHING) != CURLM_OK ||
            curl_multi_setopt(m->handle, CURLMOPT_MAXCONNECTS, (long) CONNECTIONS_MAX) != CURLM_OK)
                return -ENOSYS;
        *ret = TAKE_PTR(m);
        return 0;
}

void multi_free(struct multi *m)
{
        (void) curl_multi_cleanup(m->handle);
        loop_timer_clear(m->loop, &m->timer);
        loop_undefer(m->loop, &m->now);
        loop_io_remove(m->io);
        if (m->epoll >= 0)
                close(m->epoll);
        while (m->n_origins > 0)
                free(m->origins[--m->n_origins].name);
        free(m->socks);
        free(m);
}

int multi_add(struct multi *m, void *easy)
{
        if (curl_multi_add_handle(m->handle, easy) != CURLM_OK)
                return -EIO;
        m->in_flight++;
        return 0;
}

void multi_remove(struct multi *m, void *easy, bool done)
{
        if (!done)
                m->in_flight--;
        (void) curl_multi_remove_handle(m->handle, easy);
}

/* --- Sockets --- */

int multi_open(struct multi *m, int family, int type, int protocol, unsigned origin)
{
        int fd = socket(family, type | SOCK_CLOEXEC, protocol);

        if (fd >= 0)
                *sock_get(m, fd) = (struct sock) { .ours = true, .origin = origin };
        return fd;
}

int multi_close(struct multi *m, int fd)
{
        *sock_get(m, fd) = (struct sock) { .ours = false };          /* close() takes it out of the epoll */
        return close(fd);
}
