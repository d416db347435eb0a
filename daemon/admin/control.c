/* SPDX-License-Identifier: MIT
 *
 * The control socket.  Owns the connections.  Each request runs as a task, so that it may wait for the store.
 */
#include "admin/control.h"

#include "admin/daemon.h"
#include "base/clock.h"
#include "base/log.h"

#include <mentiond/json.h>

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define REQUEST_MAX 4096         /* a command and a name */
#define ANSWER_MAX (16 * 1024 * 1024)
#define CONNECTIONS_MAX 16       /* people and monitors on one machine */
#define ACCEPT_AGAIN_USEC USEC_PER_SEC

struct connection {
        struct control *control;
        struct connection *next, **previous;
        int fd;
        struct loop_io *io;      /* NULL: the client is gone */
        struct buffer in, out;
        struct task *task;       /* works for it */
};

struct control {
        struct daemon *daemon;
        char *path;
        int fd;
        struct loop_io *io;
        struct loop_timer accept_timer;  /* runs while there are no descriptors */
        struct connection *connections;
        size_t n;
};

static void connection_free(struct connection *k)
{
        loop_io_remove(k->io);
        close(k->fd);
        buffer_done(&k->in);
        buffer_done(&k->out);
        *k->previous = k->next;
        if (k->next)
                k->next->previous = k->previous;
        k->control->n--;
        free(k);
}

static void on_writable(struct connection *k)
{
        ssize_t n = send(k->fd, k->out.data, k->out.size, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN)
                return;
        if (n <= 0 || (size_t) n == k->out.size) {
                connection_free(k);
                return;
        }
        buffer_consume(&k->out, (size_t) n);
}

static void run_request(void *data)
{
        struct connection *k = data;
        struct json_object *request = json_tokener_parse(buffer_str(&k->in)), *answer = json_object_new_object();
        _cleanup_free_ char *error = NULL;

        if (json_object_is_type(request, json_type_object))
                error = command_run(k->control->daemon, request, answer);
        else
                error = xstrdup("the request is no JSON object");
        mj_put_bool(answer, "ok", !error);
        mj_put_str(answer, "error", error);
        if (buffer_append_str(&k->out, json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN)) < 0)
                (void) buffer_append_str(&k->out, "{\"ok\": false, \"error\": \"the answer is too long\"}");
        (void) buffer_append_str(&k->out, "\n");
        (void) json_object_put(request);
        (void) json_object_put(answer);
}

static void request_done(void *data)
{
        struct connection *k = data;

        k->task = NULL;
        if (k->io)
                (void) loop_io_set(k->io, EPOLLOUT);
        else
                connection_free(k);
}

static void on_readable(struct connection *k)
{
        char chunk[1024];
        ssize_t n = recv(k->fd, chunk, sizeof chunk, MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN)
                return;
        if (n <= 0 || buffer_append(&k->in, chunk, (size_t) n) < 0) {
                connection_free(k);
                return;
        }
        if (!memchr(k->in.data, '\n', k->in.size))
                return;
        (void) loop_io_set(k->io, 0);
        k->task = task_start(k->control->daemon->loop, "control", run_request, request_done, k);
}

static void on_connection(int fd _unused_, uint32_t events, void *data)
{
        struct connection *k = data;

        if (k->task) {
                /* It hung up.  What waits for others ends; what waits for the disk does not care. */
                loop_io_remove(TAKE_PTR(k->io));
                task_cancel(k->task);
                return;
        }
        if (events & EPOLLOUT)
                on_writable(k);
        else
                on_readable(k);
}

static void on_accept(int fd, uint32_t events _unused_, void *data)
{
        struct control *c = data;
        struct connection *k;
        int peer;

        peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
                /* It stays in the queue, and would wake the loop again and again. */
                log_event(LOG_WARNING, "mentionctl has to wait", F("reason", strerror(errno)));
                (void) loop_io_set(c->io, 0);
                loop_timer_set(c->daemon->loop, &c->accept_timer, mono_usec() + ACCEPT_AGAIN_USEC);
        }
        if (peer < 0)
                return;
        if (c->n >= CONNECTIONS_MAX) {
                close(peer);
                return;
        }
        k = xcalloc(1, sizeof *k);
        *k = (struct connection) { .control = c, .fd = peer, .in = { .max = REQUEST_MAX }, .out = { .max = ANSWER_MAX } };
        if (loop_io_add(c->daemon->loop, peer, EPOLLIN, "control", on_connection, k, &k->io) < 0) {
                close(peer);
                free(k);
                return;
        }
        k->next = c->connections;
        k->previous = &c->connections;
        if (k->next)
                k->next->previous = &k->next;
        c->connections = k;
        c->n++;
}

static void on_accept_time(struct loop_timer *t)
{
        (void) loop_io_set(CONTAINER_OF(t, struct control, accept_timer)->io, EPOLLIN);
}

int control_open(struct daemon *d, const char *path, struct control **ret, char **ret_error)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct control *c;
        mode_t mask;
        int fd, r;

        if (strlen(path) >= sizeof address.sun_path) {
                *ret_error = xasprintf("control_socket is longer than %zu bytes", sizeof address.sun_path - 1);
                return -ENAMETOOLONG;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) {
                r = -errno;
                *ret_error = xasprintf("cannot make the control socket: %s", strerror(-r));
                return r;
        }
        /* The store's lock is ours: nobody listens here any more. */
        (void) unlink(path);
        mask = umask(0117);
        r = bind(fd, (struct sockaddr *) &address, sizeof address) < 0 || listen(fd, CONNECTIONS_MAX) < 0 ? -errno : 0;
        (void) umask(mask);
        c = xcalloc(1, sizeof *c);
        *c = (struct control) { .daemon = d, .path = xstrdup(path), .fd = fd, .accept_timer.fn = on_accept_time };
        if (r >= 0)
                r = loop_io_add(d->loop, fd, EPOLLIN, "control socket", on_accept, c, &c->io);
        if (r < 0) {
                *ret_error = xasprintf("cannot listen on %s: %s", path, strerror(-r));
                close(fd);
                free(c->path);
                free(c);
                return r;
        }
        *ret = c;
        return 0;
}

void control_stop(struct control *c)
{
        if (c->fd < 0)
                return;
        loop_timer_clear(c->daemon->loop, &c->accept_timer);
        loop_io_remove(TAKE_PTR(c->io));
        (void) unlink(c->path);
        close(c->fd);
        c->fd = -1;
}

void control_free(struct control *c)
{
        control_stop(c);
        while (c->connections)
                connection_free(c->connections);
        free(c->path);
        free(c);
}
