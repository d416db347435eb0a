/* SPDX-License-Identifier: MIT
 * The network of a plugin that is checked: a server on 127.0.0.1 that gives the answers of a folder, and fails as it is told. */
#ifndef CTL_SERVER_H
#define CTL_SERVER_H

#include "ctl/answers.h"
#include "io/loop.h"

enum fault {
        FAULT_NONE,
        FAULT_STATUS,        /* server.status, in the words of the folder's files STATUS-WHAT.http if there are any */
        FAULT_SILENCE,       /* there is no answer, and the connection stays */
        FAULT_CUT,           /* the connection ends without an answer */
        FAULT_SHORT,         /* the answer ends in the middle, and so does the connection */
        FAULT_HALF,          /* a whole answer with half of the body: broken JSON */
        FAULT_KILL,          /* the whole process ends, as by kill -9 */
        FAULT_MORE,          /* each object has members that nobody knows */
        FAULT_ODD,           /* one value of all, server.odd_at, is server.odd */
};

struct server {
        struct loop *loop;
        const struct answers *answers;
        const char *url;
        struct loop_io *io;
        struct connection *connections;

        const char *name;                /* of the answers */
        enum fault fault;
        unsigned from, status;           /* from: the first request that fails, from 1 */
        const char *odd;                 /* JSON */
        size_t odd_at, n_values;         /* n_values: that were in answers so far */
        void (*on_request)(struct server *s);    /* before each is answered; n_requests counts it already */

        unsigned n_requests, n_writes;   /* since server_play(); n_writes: of methods that change something */
        unsigned n_silent;               /* that wait for an answer */
        char *unknown;                   /* the first request that the folder has no answer for, or NULL */
        char *injected;                  /* the first that has a header "Injected", or injected=1 in its path, or NULL */
};

/* A socket that listens on a port of its own, and the URL of that, malloced. */
int server_listen(int *ret_fd, char **ret_url);

void server_open(struct server *s, struct loop *l, int fd, const struct answers *a, const char *url);
void server_close(struct server *s);

/* The answers of this name from now on, and no fault. */
void server_play(struct server *s, const char *name);

#endif
