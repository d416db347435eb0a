/* SPDX-License-Identifier: MIT
 * L1.  An HTTP server for short questions, answered at once: each connection carries one.  Speaks plain HTTP; TLS is for a
 * proxy before it. */
#ifndef IO_HTTPD_H
#define IO_HTTPD_H

#include "base/buffer.h"
#include "io/loop.h"

/* What an outsider can push on. */
#define HTTPD_CONNECTIONS_MAX 32
#define HTTPD_PER_ADDRESS_MAX 16         /* a proxy has one address, too */
#define HTTPD_HEAD_MAX (32 * 1024)       /* about: with what the server needs for itself; then 431 or a closed connection */
#define HTTPD_BODY_MAX (256 * 1024)      /* then 413, or, of a body of unknown length, a closed connection */
#define HTTPD_TIME_USEC (10 * USEC_PER_SEC)      /* from the connection to its end */
/* of the loop's time, one part in so many at most; beyond that they wait in the kernel */
#define HTTPD_SHARE 2

struct httpd;

struct httpd_request {
        const char *method, *path;       /* path: decoded, without the query */
        const char *body;                /* size bytes, and a NUL */
        size_t size;
        void *connection;                /* httpd's own */
};
const char *httpd_header(const struct httpd_request *r, const char *name);   /* NULL: there is none */
const char *httpd_query(const struct httpd_request *r, const char *name);    /* decoded; NULL: there is none */

struct httpd_answer {
        unsigned status;                 /* 404 unless it is set */
        const char *type;                /* a constant; "application/json" unless it is set */
        struct buffer body;
};

/* Fills in the answer; must not wait. */
typedef void (*httpd_fn)(const struct httpd_request *r, struct httpd_answer *ret, void *data);

/* A listening socket: "127.0.0.1:8090", "[::1]:8090", "/path/of/a/socket"; or "systemd": the one that the service manager
 * has passed on.  0, or -errno and a sentence for a person. */
int httpd_listen(const char *where, int *ret_fd, char **ret_error);
bool httpd_was_passed(void);                         /* whether the service manager has passed any on */

/* Takes the socket.  0 or -errno. */
int httpd_open(struct loop *l, int fd, httpd_fn fn, void *data, struct httpd **ret);
void httpd_free(struct httpd *h);                    /* with all connections; not from within fn */

#endif
