/* SPDX-License-Identifier: MIT
 *
 * Clients of the control socket.  The input: what each one sends, with a line "----" between.  There is no socket: here are
 * the functions by which the daemon would use one.
 */
#define _GNU_SOURCE 1   /* accept4(2) */
#include "world.h"

#include "admin/control.h"
#include "admin/daemon.h"

#include <mentiond/json.h>

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 16           /* more are turned away */
#define ANSWERED_MAX 3000        /* a line of this size is answered */
#define TURNS_MAX 10000
#define LISTENER 100000          /* descriptors that nobody has */

struct client {
        char *says;
        size_t size, said, chunk;
        struct buffer heard;
        bool dialled, closed;
};

struct loop_io {
        int fd;
        uint32_t events;
        loop_io_fn fn;
        void *data;
};

static struct client clients[CLIENTS_MAX];
static size_t n_clients;
static struct loop_io ios[CLIENTS_MAX + 1];      /* the listener is the first */
static struct daemon d;
static char nowhere[] = "/nowhere";

/* --- In the place of the loop's --- */

int loop_io_add(struct loop *l _unused_, int fd, uint32_t events, const char *description _unused_, loop_io_fn fn, void *data,
                struct loop_io **ret)
{
        struct loop_io *io = &ios[fd - LISTENER];

        *io = (struct loop_io) { fd, events, fn, data };
        *ret = io;
        return 0;
}

int loop_io_set(struct loop_io *io, uint32_t events)
{
        io->events = events;
        return 0;
}

void loop_io_remove(struct loop_io *io)
{
        if (io)
                io->fn = NULL;
}

/* --- In the place of libc's --- */

int socket(int domain _unused_, int type _unused_, int protocol _unused_)
{
        return LISTENER;
}

int bind(int fd _unused_, const struct sockaddr *address _unused_, socklen_t size _unused_)
{
        return 0;
}

int listen(int fd _unused_, int backlog _unused_)
{
        return 0;
}

int accept4(int fd _unused_, struct sockaddr *address _unused_, socklen_t *size _unused_, int flags _unused_)
{
        for (size_t i = 0; i < n_clients; i++)
                if (!clients[i].dialled) {
                        clients[i].dialled = true;
                        return LISTENER + 1 + (int) i;
                }
        errno = EAGAIN;
        return -1;
}

/* A backup overwrites nothing, and here all is there. */
int access(const char *path _unused_, int mode _unused_)
{
        return 0;
}

static struct client *client_of(int fd)
{
        MUST(fd > LISTENER && fd <= LISTENER + (int) n_clients && !clients[fd - LISTENER - 1].closed);
        return &clients[fd - LISTENER - 1];
}

/* In pieces of other sizes each time. */
static size_t chunk(struct client *c, size_t size)
{
        c->chunk = c->chunk * 7 % 1021;
        return MIN(size, c->chunk);
}

ssize_t recv(int fd, void *p, size_t size, int flags _unused_)
{
        struct client *c = client_of(fd);
        size_t n = MIN(chunk(c, size), c->size - c->said);

        memcpy(p, c->says + c->said, n);
        c->said += n;
        return (ssize_t) n;
}

ssize_t send(int fd, const void *p, size_t size, int flags _unused_)
{
        struct client *c = client_of(fd);
        size_t n = chunk(c, size);

        MUST(buffer_append(&c->heard, p, n) == 0);
        return (ssize_t) n;
}

/* --- */

/* One line of JSON that says whether it went well; or nothing, to who does not ask. */
static void check_answer(struct client *c)
{
        const char *line = buffer_str(&c->heard);
        struct json_object *o;

        MUST(c->closed);
        if (c->heard.size == 0) {
                MUST(!memchr(c->says, '\n', MIN(c->size, (size_t) ANSWERED_MAX)));
                return;
        }
        MUST(line[c->heard.size - 1] == '\n' && strchr(line, '\n') == line + c->heard.size - 1);
        o = json_tokener_parse(line);
        MUST(json_object_is_type(mj_get(o, "ok"), json_type_boolean));
        MUST(mj_true(o, "ok") == !*mj_str(o, "error"));
        MUST(!strstr(line, WORLD_SECRET));
        (void) json_object_put(o);
}

static bool serve_once(void)
{
        bool busy = false;

        for (size_t i = 0; i <= n_clients; i++) {
                struct loop_io *io = &ios[i];

                if (!io->fn || !io->events || (i == 0 && (n_clients == 0 || clients[n_clients - 1].dialled)))
                        continue;
                io->fn(io->fd, io->events, io->data);
                busy = true;
        }
        for (size_t i = 0; i < n_clients; i++)
                clients[i].closed = clients[i].dialled && !ios[i + 1].fn;
        world_pass(USEC_PER_SEC);
        return busy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size }, nothing = { .size = 0 };
        _cleanup_free_ char *error = NULL;
        struct control *control;

        if (world_knows_secret(data, size))
                return 0;
        world_on_request = NULL;
        world_begin(&nothing);
        world_attach();
        desk->state = brand->state = INSTANCE_RUNNING;
        d = (struct daemon) { .loop = world_loop, .host = world_host, .flow = world_flow, .started_usec = 1 };
        d.config.options.state_directory = d.config.options.plugin_directory = nowhere;
        while (in.size > 0 && n_clients < CLIENTS_MAX) {
                struct client *c = &clients[n_clients++];

                *c = (struct client) { .chunk = n_clients, .heard = { .max = 32 * 1024 * 1024 } };
                c->says = input_until(&in, "\n----\n", &c->size);
                /* who goes on to another has ended his line */
                if (in.size > 0 || c->size == 0 || c->says[c->size - 1] == '}') {
                        c->says = xrealloc(c->says, c->size + 1);
                        c->says[c->size++] = '\n';
                }
        }
        MUST(control_open(&d, nowhere, &control, &error) == 0);
        for (int turns = 0; serve_once(); turns++)
                MUST(turns < TURNS_MAX);
        control_free(control);
        for (size_t i = 0; i < n_clients; i++) {
                check_answer(&clients[i]);
                buffer_done(&clients[i].heard);
                free(clients[i].says);
        }
        n_clients = 0;
        world_detach();
        world_end();
        return 0;
}
