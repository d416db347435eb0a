/* SPDX-License-Identifier: MIT
 *
 * The HTTP server: libmicrohttpd with its epoll descriptor in our loop, and no thread.  Owns the listening socket and all
 * connections.  Called by admin/listener.
 *
 * A connection ends with its answer, and is shut down when its time is over: libmicrohttpd's own timeout begins anew with
 * each byte.  The server is looked at less often when it takes too large a part of the loop's time, so that a flood is dealt
 * with as fast as that allows, and no faster: to take a bounded number of connections would keep good ones out with bad ones.
 */
#include "io/httpd.h"

#include "base/clock.h"
#include "io/address.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define BACKLOG 1024             /* a tenth of a second of a flood */
#define ANSWER_MAX (16 * 1024 * 1024)    /* metrics of some thousand instances */
#define DEBT_MAX_USEC (20 * USEC_PER_MSEC)
#define PAUSE_USEC (5 * USEC_PER_MSEC)
#define STUCK_USEC (100 * USEC_PER_MSEC) /* while there are no descriptors */

struct httpd {
        struct loop *loop;
        struct MHD_Daemon *mhd;
        struct loop_io *io;
        struct loop_defer again;
        struct loop_timer pause;
        httpd_fn fn;
        void *data;
        char *path;                      /* of a socket in the file system */
        unsigned n_peers;
        uint64_t n_started;
        int64_t paid_usec;               /* mono: by when the share allows the time that was taken */
};

struct peer {
        struct httpd *httpd;
        int fd;
        struct loop_timer end;
};

struct exchange {
        struct buffer body;
};

/* --- Requests --- */

const char *httpd_header(const struct httpd_request *r, const char *name)
{
        return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *httpd_query(const struct httpd_request *r, const char *name)
{
        return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result answer(struct MHD_Connection *c, struct httpd_answer *a)
{
        size_t size = a->body.size;
        struct MHD_Response *response;
        enum MHD_Result r;

        response = MHD_create_response_from_buffer(size, buffer_take(&a->body), MHD_RESPMEM_MUST_FREE);
        if (!response)
                out_of_memory();
        (void) MHD_add_response_header(response, "Content-Type", a->type ? a->type : "application/json");
        (void) MHD_add_response_header(response, "Cache-Control", "no-store");
        (void) MHD_add_response_header(response, "Connection", "close");
        r = MHD_queue_response(c, a->status, response);
        MHD_destroy_response(response);
        return r;
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned status)
{
        struct httpd_answer a = { .status = status, .body = BUFFER_INIT(16) };

        (void) buffer_append_str(&a.body, "{}");
        return answer(c, &a);
}

static bool is_too_large(struct MHD_Connection *c)
{
        const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");

        return length && strtoull(length, NULL, 10) > HTTPD_BODY_MAX;
}

/* Called with the head, then with each piece of the body, then at its end. */
static enum MHD_Result on_request(void *data, struct MHD_Connection *c, const char *url, const char *method,
                                  const char *version _unused_, const char *piece, size_t *piece_size, void **context)
{
        struct httpd *h = data;
        struct exchange *e = *context;
        struct httpd_answer a = { .status = 404, .body = BUFFER_INIT(ANSWER_MAX) };

        if (!e) {
                *context = e = xcalloc(1, sizeof *e);
                e->body.max = HTTPD_BODY_MAX;
                return is_too_large(c) ? refuse(c, 413) : MHD_YES;
        }
        if (*piece_size) {
                size_t size = *piece_size;

                *piece_size = 0;
                return buffer_append(&e->body, piece, size) < 0 ? MHD_NO : MHD_YES;
        }
        h->fn(&(struct httpd_request) { method, url, buffer_str(&e->body), e->body.size, c }, &a, h->data);
        return answer(c, &a);
}

static void on_request_end(void *data _unused_, struct MHD_Connection *c _unused_, void **context,
                           enum MHD_RequestTerminationCode why _unused_)
{
        struct exchange *e = TAKE_PTR(*context);

        if (e)
                buffer_done(&e->body);
        free(e);
}

/* --- Connections --- */

static void on_peer_time(struct loop_timer *t)
{
        /* The server finds it closed, and does the rest. */
        (void) shutdown(CONTAINER_OF(t, struct peer, end)->fd, SHUT_RDWR);
}

static void on_peer(void *data, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode what)
{
        struct httpd *h = data;
        struct peer *p = *context;

        if (what == MHD_CONNECTION_NOTIFY_STARTED) {
                *context = p = xcalloc(1, sizeof *p);
                *p = (struct peer) { .httpd = h, .end.fn = on_peer_time };
                p->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
                loop_timer_set(h->loop, &p->end, mono_usec() + HTTPD_TIME_USEC);
                h->n_peers++;
                h->n_started++;
        } else {
                loop_timer_clear(h->loop, &p->end);
                h->n_peers--;
                free(p);
                *context = NULL;
        }
}

/* --- In the loop --- */

static void hold(struct httpd *h, int64_t usec)
{
        (void) loop_io_set(h->io, 0);
        loop_timer_set(h->loop, &h->pause, mono_usec() + usec);
}

/* What the loop's thread has worked, whoever else keeps the processor busy. */
static int64_t worked_usec(void)
{
        struct timespec t;

        (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static void run(struct httpd *h, bool woken)
{
        int64_t begun = mono_usec(), worked = worked_usec();
        uint64_t started = h->n_started;
        bool alone = h->n_peers == 0;
        MHD_UNSIGNED_LONG_LONG ms;

        if (h->paid_usec > begun + DEBT_MAX_USEC) {
                hold(h, PAUSE_USEC);
                return;
        }
        (void) MHD_run(h->mhd);
        h->paid_usec = MAX(h->paid_usec, begun) + (worked_usec() - worked) * HTTPD_SHARE;
        if (woken && alone && h->n_started == started)
                hold(h, STUCK_USEC);     /* there is somebody whom it cannot take */
        else if (MHD_get_timeout(h->mhd, &ms) == MHD_YES && ms == 0)
                loop_defer(h->loop, &h->again);
}

static void on_event(int fd _unused_, uint32_t events _unused_, void *data)
{
        run(data, true);
}

static void on_again(struct loop_defer *d)
{
        run(CONTAINER_OF(d, struct httpd, again), false);
}

static void on_pause(struct loop_timer *t)
{
        struct httpd *h = CONTAINER_OF(t, struct httpd, pause);

        (void) loop_io_set(h->io, EPOLLIN);
        loop_defer(h->loop, &h->again);          /* for what it has read and not looked at yet */
}

/* --- Its life --- */

bool httpd_was_passed(void)
{
        return sd_listen_fds(0) > 0;
}

static int take_passed(int *ret_fd, char **ret_error)
{
        int n = sd_listen_fds(0);        /* marks them to be closed in children */

        if (n != 1 || sd_is_socket(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
                *ret_error = xasprintf("listen is \"systemd\", and the service manager passed on %s: see mentiond.socket",
                                       n <= 0  ? "no socket"
                                       : n > 1 ? "more than one socket"
                                               : "what is no listening stream socket");
                return -EINVAL;
        }
        *ret_fd = SD_LISTEN_FDS_START;
        return 0;
}

/* Nobody listens there any more: the store's lock is ours. */
static int bind_path(int fd, const struct sockaddr_un *address, socklen_t size)
{
        struct stat st;
        mode_t mask;
        int r;

        if (lstat(address->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
                return -EEXIST;
        (void) unlink(address->sun_path);
        mask = umask(0117);
        r = bind(fd, (const struct sockaddr *) address, size) < 0 ? -errno : 0;
        (void) umask(mask);
        return r;
}

int httpd_listen(const char *where, int *ret_fd, char **ret_error)
{
        struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
        _cleanup_close_ int fd = -1;
        socklen_t size;
        int r, one = 1;

        if (streq(where, "systemd"))
                return take_passed(ret_fd, ret_error);
        r = address_parse(where, &address, &size);
        if (r >= 0) {
                fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                r = fd < 0 ? -errno : 0;
        }
        if (r >= 0 && address.ss_family == AF_UNIX) {
                r = bind_path(fd, (const struct sockaddr_un *) &address, size);
        } else if (r >= 0) {
                (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
                r = bind(fd, (const struct sockaddr *) &address, size) < 0 ? -errno : 0;
        }
        if (r >= 0)
                r = listen(fd, BACKLOG) < 0 ? -errno : 0;
        if (r < 0) {
                *ret_error = xasprintf("cannot listen on %s: %s", where, strerror(-r));
                return r;
        }
        *ret_fd = fd;
        fd = -1;
        return 0;
}

/* Where a socket is bound that is to be removed at the end; malloced, or NULL. */
static char *path_of(int fd)
{
        struct sockaddr_un address = { .sun_family = AF_UNSPEC };
        socklen_t size = sizeof address;

        if (getsockname(fd, (struct sockaddr *) &address, &size) < 0 || address.sun_family != AF_UNIX || !*address.sun_path)
                return NULL;
        return xstrdup(address.sun_path);
}

int httpd_open(struct loop *l, int fd, httpd_fn fn, void *data, struct httpd **ret)
{
        struct httpd *h = xcalloc(1, sizeof *h);
        int r;

        *h = (struct httpd) {
                .loop = l, .fn = fn, .data = data, .again.fn = on_again, .pause.fn = on_pause,
        };
        (void) fcntl(fd, F_SETFL, O_NONBLOCK);   /* of one that was passed on */
        if (!httpd_was_passed())
                h->path = path_of(fd);
        h->mhd = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, h,
                                  MHD_OPTION_LISTEN_SOCKET, fd,
                                  MHD_OPTION_CONNECTION_LIMIT, (unsigned) HTTPD_CONNECTIONS_MAX,
                                  MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned) HTTPD_PER_ADDRESS_MAX,
                                  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) HTTPD_HEAD_MAX,
                                  MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                  MHD_OPTION_NOTIFY_COMPLETED, on_request_end, h,
                                  MHD_OPTION_NOTIFY_CONNECTION, on_peer, h,
                                  MHD_OPTION_END);
        if (!h->mhd) {
                r = -errno;
                close(fd);
                free(h->path);
                free(h);
                return r ? r : -EIO;
        }
        r = loop_io_add(l, MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, EPOLLIN, "http server", on_event, h,
                        &h->io);
        if (r < 0) {
                httpd_free(h);
                return r;
        }
        *ret = h;
        return 0;
}

void httpd_free(struct httpd *h)
{
        loop_timer_clear(h->loop, &h->pause);
        loop_undefer(h->loop, &h->again);
        loop_io_remove(h->io);
        MHD_stop_daemon(h->mhd);         /* closes the socket, too */
        if (h->path)
                (void) unlink(h->path);
        free(h->path);
        free(h);
}
