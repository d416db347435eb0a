/* SPDX-License-Identifier: MIT
 *
 * A small HTTP server on the loop.  It is set as the plugin's proxy, too, so that no request gets past it.  One request a
 * connection.  Called by mentiond-check.
 */
#include "ctl/server.h"

#include "base/buffer.h"

#include <mentiond/json.h>

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define REQUEST_MAX (64 * 1024 * 1024)

struct connection {
        struct server *server;
        struct connection *next, **previous;
        int fd;
        struct loop_io *io;
        struct buffer in, out;
        size_t sent;
        bool continued, silent;
};

int server_listen(int *ret_fd, char **ret_url)
{
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof a;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *) &a, sizeof a) < 0 || listen(fd, 64) < 0
            || getsockname(fd, (struct sockaddr *) &a, &size) < 0)
                return -errno;
        *ret_fd = fd;
        *ret_url = xasprintf("http://127.0.0.1:%u", ntohs(a.sin_port));
        return 0;
}

static void end(struct connection *c)
{
        c->server->n_silent -= c->silent;
        *c->previous = c->next;
        if (c->next)
                c->next->previous = c->previous;
        loop_io_remove(c->io);
        (void) close(c->fd);
        buffer_done(&c->in);
        buffer_done(&c->out);
        free(c);
}

/* --- Bodies that are not as they should be --- */

static void add_members(struct json_object *o)
{
        if (json_object_is_type(o, json_type_array))
                for (size_t i = 0; i < mj_len(o); i++)
                        add_members(mj_at(o, i));
        if (!json_object_is_type(o, json_type_object))
                return;
        json_object_object_foreach(o, key, value) {
                (void) key;
                add_members(value);
        }
        (void) json_object_object_add(o, "mentiond_check",
                                      json_tokener_parse("{\"deep\": [[{\"id\": \"\\u0000\"}]], \"n\": 18446744073709551615}"));
}

/* What stands in the place of a value; takes it over, and counts all that are in it. */
static struct json_object *odd_value(struct server *s, struct json_object *o)
{
        if (s->n_values++ == s->odd_at) {
                (void) json_object_put(o);
                return json_tokener_parse(s->odd);
        }
        if (json_object_is_type(o, json_type_array)) {
                for (size_t i = 0; i < mj_len(o); i++)
                        (void) json_object_array_put_idx(o, i, odd_value(s, json_object_get(mj_at(o, i))));
        } else if (json_object_is_type(o, json_type_object)) {
                json_object_object_foreach(o, key, value)
                        (void) json_object_object_add(o, key, odd_value(s, json_object_get(value)));
        }
        return o;
}

static char *body_of(struct server *s, const struct exchange *e, size_t *ret_size)
{
        struct json_object *o = s->fault == FAULT_MORE || s->fault == FAULT_ODD ? json_tokener_parse(e->body) : NULL;
        char *text;

        if (!o) {
                *ret_size = e->body_size;
                return xstrdup(e->body);
        }
        if (s->fault == FAULT_MORE)
                add_members(o);
        else
                o = odd_value(s, o);
        text = xstrdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
        *ret_size = strlen(text);
        (void) json_object_put(o);
        return text;
}

/* --- Answers --- */

static void answer(struct connection *c, const struct exchange *e)
{
        struct server *s = c->server;
        bool fails = s->n_requests >= s->from, types = strcasestr(e->headers, "Content-Type:");
        size_t size, all;
        _cleanup_free_ char *body = body_of(s, e, &size);

        all = fails && s->fault == FAULT_HALF ? size / 2 : size;
        (void) buffer_printf(&c->out, "HTTP/1.1 %u As-Told\r\n%s%sContent-Length: %zu\r\nConnection: close\r\n\r\n", e->status,
                             types ? "" : "Content-Type: application/json\r\n", e->headers, all);
        (void) buffer_append(&c->out, body, fails && s->fault == FAULT_SHORT ? size / 2 : all);
}

static void answer_status(struct connection *c, const char *method, const char *path, const char *body)
{
        struct server *s = c->server;
        _cleanup_free_ char *name = xasprintf("%u", s->status);
        const struct exchange *e = NULL;

        if (answers_has(s->answers, name))
                e = answers_find(s->answers, name, method, path, body);
        if (e)
                answer(c, e);
        else
                (void) buffer_printf(&c->out, "HTTP/1.1 %u As-Told\r\n%sContent-Type: application/json\r\nContent-Length: 25\r\n"
                                     "Connection: close\r\n\r\n{\"error\":\"as it was told\"}", s->status,
                                     s->status == 429 ? "Retry-After: 120\r\n" : "");
}

static void note_request(char **place, const char *method, const char *path, const char *body)
{
        if (!*place)
                *place = xasprintf("%s %.300s%s%.300s", method, path, *body ? " " : "", body);
}

/* false: the connection ends without another word. */
static bool serve(struct connection *c, const char *head, const char *method, const char *path, const char *body)
{
        struct server *s = c->server;
        const struct exchange *e = answers_find(s->answers, s->name, method, path, body);
        bool fails;

        s->n_requests++;
        s->n_writes += !streq(method, "GET") && !streq(method, "HEAD");
        fails = s->n_requests >= s->from;
        /* A path that is the value itself is one that the network gave. */
        if (strcasestr(head, "\nInjected:") || (strstr(path, "injected=1") && !startswith(path, "/../x")))
                note_request(&s->injected, method, path, "");
        if (s->on_request)
                s->on_request(s);
        if (!e && s->fault == FAULT_NONE)
                note_request(&s->unknown, method, path, body);
        if (fails && s->fault == FAULT_KILL)
                (void) raise(SIGKILL);
        if (fails && s->fault == FAULT_CUT)
                return false;
        if (fails && s->fault == FAULT_SILENCE) {
                c->silent = true;
                s->n_silent++;
        } else if (fails && s->fault == FAULT_STATUS) {
                answer_status(c, method, path, body);
        } else if (!e) {
                (void) buffer_append_str(&c->out,
                                         "HTTP/1.1 404 Not-In-The-Folder\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        } else {
                answer(c, e);
        }
        return true;
}

/* Once a whole request is there.  false: the connection ends. */
static bool take(struct connection *c)
{
        struct server *s = c->server;
        const char *text = buffer_str(&c->in), *behind = strstr(text, "\r\n\r\n"), *length;
        _cleanup_free_ char *head = NULL, *method = NULL, *target = NULL;
        const char *path;
        size_t size;

        if (!behind)
                return true;
        head = xstrndup(text, (size_t) (behind - text));
        behind += 4;
        length = strcasestr(head, "\nContent-Length:");
        size = length ? strtoul(length + strlen("\nContent-Length:"), NULL, 10) : 0;
        if (strcasestr(head, "\nExpect: 100-continue") && !c->continued) {
                c->continued = true;
                (void) buffer_append_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
        }
        if (c->in.size - (size_t) (behind - text) < size)
                return true;
        method = xstrndup(head, strcspn(head, " "));
        target = xstrdup(head + strlen(method) + (head[strlen(method)] == ' '));
        target[strcspn(target, " \r")] = '\0';
        path = startswith(target, s->url) ? target + strlen(s->url) : target;
        return serve(c, head, method, *path ? path : "/", behind);
}

static void on_connection(int fd, uint32_t events, void *data)
{
        struct connection *c = data;
        char chunk[16384];
        ssize_t n;

        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                n = recv(fd, chunk, sizeof chunk, 0);
                if (n == 0 || (n < 0 && errno != EAGAIN) || (n > 0 && buffer_append(&c->in, chunk, (size_t) n) < 0)) {
                        end(c);
                        return;
                }
                if (n > 0 && !c->silent && (c->out.size == 0 || c->continued) && !take(c)) {
                        end(c);
                        return;
                }
        }
        while (c->sent < c->out.size) {
                n = send(fd, c->out.data + c->sent, c->out.size - c->sent, MSG_NOSIGNAL);
                if (n < 0) {
                        if (errno == EAGAIN)
                                (void) loop_io_set(c->io, EPOLLIN | EPOLLOUT);
                        else
                                end(c);
                        return;
                }
                c->sent += (size_t) n;
        }
        if (strstr(buffer_str(&c->out), "Connection: close"))
                end(c);
}

static void on_accept(int fd, uint32_t events _unused_, void *data)
{
        struct server *s = data;
        struct connection *c;
        int taken = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (taken < 0)
                return;
        c = xcalloc(1, sizeof *c);
        *c = (struct connection) { .server = s, .next = s->connections, .previous = &s->connections, .fd = taken,
                                   .in = BUFFER_INIT(REQUEST_MAX), .out = BUFFER_INIT(SIZE_MAX) };
        if (c->next)
                c->next->previous = &c->next;
        s->connections = c;
        if (loop_io_add(s->loop, taken, EPOLLIN, "check", on_connection, c, &c->io) < 0)
                abort();
}

void server_open(struct server *s, struct loop *l, int fd, const struct answers *a, const char *url)
{
        int left;

        *s = (struct server) { .loop = l, .answers = a, .url = url, .name = "any" };
        while ((left = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)      /* of a process that was killed */
                (void) close(left);
        if (loop_io_add(l, fd, EPOLLIN, "check-accept", on_accept, s, &s->io) < 0)
                abort();
}

void server_close(struct server *s)
{
        while (s->connections)
                end(s->connections);
        loop_io_remove(s->io);
        free(s->unknown);
        free(s->injected);
}

void server_play(struct server *s, const char *name)
{
        s->name = name;
        s->fault = FAULT_NONE;
        s->from = 1;
        s->n_requests = s->n_writes = 0;
        s->n_values = 0;
        s->on_request = NULL;
}
