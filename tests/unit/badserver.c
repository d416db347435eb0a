/* SPDX-License-Identifier: MIT
 *
 * The misbehaving server.  One thread accepts, one serves each connection; all state is under one lock.
 */
#include "badserver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

#define CONNECTIONS_MAX 4096
#define REQUEST_MAX (4 * 1024 * 1024)

struct connection {
        struct badserver *server;
        pthread_t thread;
        int fd;
        unsigned requests;
        char *in;                /* what was received and not yet used; REQUEST_MAX + 1 bytes */
        size_t in_size;
        char *method, *path;     /* of the current request */
        size_t body_size;
};

struct badserver {
        pthread_mutex_t lock;
        pthread_t acceptor;
        int listener, stop[2];
        uint16_t port;
        struct connection *connections[CONNECTIONS_MAX];
        unsigned n_connections;
        char **log;              /* "POST /cut" */
        size_t n_log;
        unsigned strays;         /* unasked replies said */
        char *last;
};

static bool say_bytes(struct connection *c, const char *p, size_t n)
{
        while (n > 0) {
                ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL);

                if (k <= 0)
                        return false;
                p += k;
                n -= (size_t) k;
        }
        return true;
}

static bool say(struct connection *c, const char *s)
{
        return say_bytes(c, s, strlen(s));
}

/* Sleeps; false if the server is to stop. */
static bool rest(struct connection *c, int msec)
{
        struct pollfd p = { .fd = c->server->stop[0], .events = POLLIN };

        return poll(&p, 1, msec) == 0;
}

/* Waits until the client closes or the server is to stop. */
static bool until_closed(struct connection *c)
{
        struct pollfd p[2] = { { .fd = c->server->stop[0], .events = POLLIN }, { .fd = c->fd, .events = POLLIN } };
        char sink[4096];

        while (poll(p, 2, -1) > 0 && !p[0].revents)
                if (recv(c->fd, sink, sizeof sink, 0) <= 0)
                        break;
        return false;
}

static bool reset(struct connection *c)
{
        struct linger l = { .l_onoff = 1, .l_linger = 0 };

        (void) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
        return false;
}

/* --- One function per path: whether the connection goes on --- */

static bool ok(struct connection *c)
{
        if (strcmp(c->method, "HEAD") == 0)
                return say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        return say(c, "HTTP/1.1 200 OK\r\nX-One: first\r\nx-one: second\r\nContent-Length: 2\r\n\r\n{}");
}

static bool cut(struct connection *c) { return c->requests > 1 ? false : ok(c); }
static bool cut_reset(struct connection *c) { return c->requests > 1 ? reset(c) : ok(c); }
static bool cut_always(struct connection *c _unused_) { return false; }

static bool rst_mid(struct connection *c)
{
        (void) say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"half\":");
        (void) rest(c, 50);
        return reset(c);
}

static bool rst_mid_no_length(struct connection *c)
{
        (void) say(c, "HTTP/1.1 200 OK\r\n\r\n{\"half\":");
        (void) rest(c, 50);
        return reset(c);
}

static bool long_length(struct connection *c)
{
        (void) say(c, "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{\"id\":1}");
        return false;
}

static bool short_length(struct connection *c) { return say(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{\"id\":1}"); }
static bool double_length(struct connection *c)
{
        return say(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 8\r\n\r\n{\"id\":1}");
}
static bool double_length_down(struct connection *c)
{
        return say(c, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\ncontent-length:3\r\n\r\n{\"id\":1}");
}
static bool same_length(struct connection *c)
{
        return say(c, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Length: 8\r\n\r\n{\"id\":1}");
}
static bool list_length(struct connection *c) { return say(c, "HTTP/1.1 200 OK\r\nContent-Length: 8, 9\r\n\r\n{\"id\":1}"); }
static bool minus_length(struct connection *c) { return say(c, "HTTP/1.1 200 OK\r\nContent-Length: -8\r\n\r\n{\"id\":1}"); }
static bool huge_length(struct connection *c)
{
        (void) say(c, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{\"id\":1}");
        return false;
}

static bool no_length(struct connection *c)
{
        (void) say(c, "HTTP/1.1 200 OK\r\n\r\n{\"id\":1}");
        return false;
}

/* A header of 20 000 bytes, a body of 300 000. */
static bool large(struct connection *c)
{
        _cleanup_free_ char *line = xasprintf("%020000d", 0), *body = xasprintf("%0300000d", 1);

        return say(c, "HTTP/1.1 200 OK\r\nX-Large: ") && say(c, line) && say(c, "\r\nContent-Length: 300000\r\n\r\n")
               && say(c, body);
}

static bool half_close(struct connection *c)
{
        (void) say(c, "HTTP/1.1 200 OK\r\n\r\n{\"id\":1}");
        (void) shutdown(c->fd, SHUT_WR);
        return until_closed(c);
}

static bool half_close_silent(struct connection *c)
{
        (void) shutdown(c->fd, SHUT_WR);
        return until_closed(c);
}

static bool chunked(struct connection *c)
{
        return say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"id\":1}\r\n0\r\nX-Trailer: evil\r\n\r\n");
}
static bool chunk_cut(struct connection *c)
{
        (void) say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"id\":1}\r\n");
        return false;
}
static bool chunk_bad(struct connection *c)
{
        return say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{\"id\":1}\r\n0\r\n\r\n");
}

static bool endless_headers(struct connection *c)
{
        if (!say(c, "HTTP/1.1 200 OK\r\n"))
                return false;
        while (say(c, "X-More: 0123456789012345678901234567890123456789\r\n"))
                ;
        return false;
}

static bool endless_line(struct connection *c)
{
        if (!say(c, "HTTP/1.1 200 OK\r\nX-More: "))
                return false;
        while (say(c, "01234567890123456789012345678901234567890123456789"))
                ;
        return false;
}

static bool endless_1xx(struct connection *c)
{
        while (say(c, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"))
                ;
        return false;
}

static bool endless_trailer(struct connection *c)
{
        if (!say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"))
                return false;
        while (say(c, "X-More: 0123456789012345678901234567890123456789\r\n"))
                ;
        return false;
}

static bool endless_body(struct connection *c)
{
        static char zeros[65536];

        if (!say(c, "HTTP/1.1 200 OK\r\n\r\n"))
                return false;
        while (say_bytes(c, zeros, sizeof zeros))
                ;
        return false;
}

static bool trickle(struct connection *c)
{
        if (!say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"))
                return false;
        while (say(c, "x") && rest(c, 1000))
                ;
        return false;
}

static bool silent(struct connection *c) { return until_closed(c); }
static bool late_50ms(struct connection *c) { return rest(c, 50) && ok(c); }
static bool late_22s(struct connection *c) { return rest(c, 22000) && ok(c); }

static bool provisional(struct connection *c)
{
        return say(c, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Early: yes\r\nContent-Length: 77\r\n\r\n")
               && rest(c, 30) && ok(c);
}
static bool provisional_cut(struct connection *c)
{
        (void) say(c, "HTTP/1.1 100 Continue\r\n\r\n");
        return false;
}
static bool upgrade(struct connection *c)
{
        return say(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"
                      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") && until_closed(c);
}
static bool http09(struct connection *c)
{
        (void) say(c, "{\"id\":1}\n");
        return false;
}

static bool bomb(struct connection *c)
{
        FILE *f = popen("head -c 67108864 /dev/zero | gzip -1", "r");
        char piece[65536];
        size_t n;

        if (!f || !say(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"))
                return false;
        while ((n = fread(piece, 1, sizeof piece, f)) > 0 && say_bytes(c, piece, n))
                ;
        (void) pclose(f);
        return false;
}
static bool not_gzip(struct connection *c)
{
        return say(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\n{\"id\":1}");
}
static bool odd_encoding(struct connection *c)
{
        return say(c, "HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\nContent-Length: 8\r\n\r\n{\"id\":1}");
}

/* /redirect/URL */
static bool redirect(struct connection *c)
{
        _cleanup_free_ char *reply = xasprintf("HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                                               c->path + strlen("/redirect/"));

        return say(c, reply);
}

static bool stray(struct connection *c)
{
        bool more = ok(c) && rest(c, 30) && say(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray");

        pthread_mutex_lock(&c->server->lock);
        c->server->strays++;
        pthread_mutex_unlock(&c->server->lock);
        return more;
}
static bool stray_at_once(struct connection *c)
{
        return say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray");
}
static bool nothing(struct connection *c) { return say(c, "HTTP/1.1 204 No Content\r\n\r\n"); }
static bool early(struct connection *c)
{
        (void) say(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        return until_closed(c);
}
static bool refuse_tunnel(struct connection *c)
{
        return say(c, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
}

static const struct {
        const char *path;
        bool (*serve)(struct connection *c);
} paths[] = {
        { "/ok", ok },
        { "/cut", cut },                             /* a kept connection: takes the request, then closes */
        { "/cut-reset", cut_reset },
        { "/cut-head", cut_reset },                  /* at its head already */
        { "/cut-always", cut_always },
        { "/rst-mid", rst_mid },
        { "/rst-mid-no-length", rst_mid_no_length },
        { "/long-length", long_length },
        { "/short-length", short_length },
        { "/double-length", double_length },
        { "/double-length-down", double_length_down },
        { "/same-length", same_length },
        { "/list-length", list_length },
        { "/minus-length", minus_length },
        { "/huge-length", huge_length },
        { "/no-length", no_length },
        { "/large", large },
        { "/half-close", half_close },
        { "/half-close-silent", half_close_silent },
        { "/chunked", chunked },
        { "/chunk-cut", chunk_cut },
        { "/chunk-bad", chunk_bad },
        { "/endless-headers", endless_headers },
        { "/endless-line", endless_line },
        { "/endless-1xx", endless_1xx },
        { "/endless-trailer", endless_trailer },
        { "/endless-body", endless_body },
        { "/trickle", trickle },
        { "/silent", silent },
        { "/late-50ms", late_50ms },
        { "/late-22s", late_22s },
        { "/provisional", provisional },
        { "/provisional-cut", provisional_cut },
        { "/upgrade", upgrade },
        { "/http09", http09 },
        { "/bomb", bomb },
        { "/not-gzip", not_gzip },
        { "/odd-encoding", odd_encoding },
        { "/redirect/", redirect },
        { "/stray", stray },
        { "/stray-at-once", stray_at_once },
        { "/nothing", nothing },
        { "/early", early },                         /* answers at the head */
        { "CONNECT", refuse_tunnel },
};

/* --- Reading requests --- */

static bool receive(struct connection *c)
{
        ssize_t k;

        if (c->in_size >= REQUEST_MAX)
                return false;
        k = recv(c->fd, c->in + c->in_size, REQUEST_MAX - c->in_size, 0);
        if (k <= 0)
                return false;
        c->in_size += (size_t) k;
        c->in[c->in_size] = '\0';
        return true;
}

static size_t find_serve(const char *path)
{
        size_t n = strcspn(path, "?");

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                if ((strlen(paths[i].path) == n && strncmp(path, paths[i].path, n) == 0) ||
                    (streq(paths[i].path, "/redirect/") && startswith(path, "/redirect/")))
                        return i;
        return 0;
}

static void note(struct connection *c, size_t size)
{
        struct badserver *s = c->server;

        pthread_mutex_lock(&s->lock);
        free(s->last);
        s->last = xstrndup(c->in, size);
        pthread_mutex_unlock(&s->lock);
}

static bool serve_one(struct connection *c)
{
        struct badserver *s = c->server;
        char *end, *length, *target;
        size_t head, i;
        bool more, at_head;

        while (!(end = strstr(c->in, "\r\n\r\n")))
                if (!receive(c))
                        return false;
        head = (size_t) (end + 4 - c->in);
        free(c->method);
        free(c->path);
        c->method = xstrndup(c->in, strcspn(c->in, " \r"));
        target = c->in + strlen(c->method) + (c->in[strlen(c->method)] == ' ');
        if (startswith(target, "http://"))           /* as a proxy is asked */
                target += 7 + strcspn(target + 7, "/ ");
        c->path = streq(c->method, "CONNECT") ? xstrdup("CONNECT") : xstrndup(target, strcspn(target, " \r"));
        c->requests++;

        pthread_mutex_lock(&s->lock);
        s->log = xrealloc(s->log, (s->n_log + 1) * sizeof *s->log);
        s->log[s->n_log++] = xasprintf("%s %s", c->method, c->path);
        pthread_mutex_unlock(&s->lock);

        i = find_serve(c->path);
        note(c, head);
        at_head = startswith(c->path, "/cut-head") || startswith(c->path, "/early");
        if (at_head && !paths[i].serve(c))
                return false;
        length = strcasestr(c->in, "\r\nContent-Length:");
        c->body_size = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        while (c->in_size < head + c->body_size)
                if (!receive(c))
                        return false;
        note(c, head + c->body_size);
        more = at_head || paths[i].serve(c);
        c->in_size -= head + c->body_size;
        memmove(c->in, c->in + head + c->body_size, c->in_size + 1);
        return more;
}

static void *serve(void *data)
{
        struct connection *c = data;

        while (serve_one(c))
                ;
        pthread_mutex_lock(&c->server->lock);
        close(c->fd);
        c->fd = -1;
        pthread_mutex_unlock(&c->server->lock);
        return NULL;
}

static void *accept_all(void *data)
{
        struct badserver *s = data;
        struct pollfd p[2] = { { .fd = s->stop[0], .events = POLLIN }, { .fd = s->listener, .events = POLLIN } };

        while (poll(p, 2, -1) > 0 && !p[0].revents) {
                int fd = accept(s->listener, NULL, NULL);
                struct connection *c;

                if (fd < 0)
                        continue;
                c = xcalloc(1, sizeof *c);
                *c = (struct connection) { .server = s, .fd = fd };
                c->in = xcalloc(1, REQUEST_MAX + 1);
                pthread_mutex_lock(&s->lock);
                if (s->n_connections == CONNECTIONS_MAX || pthread_create(&c->thread, NULL, serve, c) != 0)
                        abort();
                s->connections[s->n_connections++] = c;
                pthread_mutex_unlock(&s->lock);
        }
        return NULL;
}

struct badserver *badserver_new(void)
{
        struct badserver *s = xcalloc(1, sizeof *s);
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof a;

        (void) signal(SIGPIPE, SIG_IGN);
        (void) pthread_mutex_init(&s->lock, NULL);
        s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s->listener < 0 || bind(s->listener, (struct sockaddr *) &a, sizeof a) < 0 || listen(s->listener, 512) < 0 ||
            getsockname(s->listener, (struct sockaddr *) &a, &size) < 0 || pipe(s->stop) < 0)
                abort();
        s->port = ntohs(a.sin_port);
        if (pthread_create(&s->acceptor, NULL, accept_all, s) != 0)
                abort();
        return s;
}

void badserver_free(struct badserver *s)
{
        (void) !write(s->stop[1], "x", 1);
        (void) pthread_join(s->acceptor, NULL);
        pthread_mutex_lock(&s->lock);
        for (unsigned i = 0; i < s->n_connections; i++)
                if (s->connections[i]->fd >= 0)
                        (void) shutdown(s->connections[i]->fd, SHUT_RDWR);
        pthread_mutex_unlock(&s->lock);
        for (unsigned i = 0; i < s->n_connections; i++) {
                struct connection *c = s->connections[i];

                (void) pthread_join(c->thread, NULL);
                free(c->in);
                free(c->method);
                free(c->path);
                free(c);
        }
        close(s->listener);
        close(s->stop[0]);
        close(s->stop[1]);
        for (size_t i = 0; i < s->n_log; i++)
                free(s->log[i]);
        free(s->log);
        free(s->last);
        (void) pthread_mutex_destroy(&s->lock);
        free(s);
}

uint16_t badserver_port(const struct badserver *s)
{
        return s->port;
}

unsigned badserver_connections(struct badserver *s)
{
        unsigned n;

        pthread_mutex_lock(&s->lock);
        n = s->n_connections;
        pthread_mutex_unlock(&s->lock);
        return n;
}

unsigned badserver_strays(struct badserver *s)
{
        unsigned n;

        pthread_mutex_lock(&s->lock);
        n = s->strays;
        pthread_mutex_unlock(&s->lock);
        return n;
}

unsigned badserver_seen(struct badserver *s, const char *prefix)
{
        unsigned n = 0;

        pthread_mutex_lock(&s->lock);
        for (size_t i = 0; i < s->n_log; i++)
                n += startswith(s->log[i], prefix);
        pthread_mutex_unlock(&s->lock);
        return n;
}

char *badserver_last(struct badserver *s)
{
        char *last;

        pthread_mutex_lock(&s->lock);
        last = xstrdup(s->last);
        pthread_mutex_unlock(&s->lock);
        return last;
}
