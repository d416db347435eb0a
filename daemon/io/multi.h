/* SPDX-License-Identifier: MIT
 * L1, inside io only.  libcurl's multi handle on the loop.  An easy handle is passed as void *, which is what libcurl's
 * CURL is. */
#ifndef IO_MULTI_H
#define IO_MULTI_H

#include "io/loop.h"

/* An unsafe request rides only on a connection used so many seconds ago at most.  Servers close idle ones after 5 s
 * (the defaults of Apache and Node) or later, and a request that crosses the close on its way is lost. */
#define MULTI_IDLE_SECONDS 4

/* A transfer ended; private is its CURLOPT_PRIVATE, result a CURLcode.  Not from within libcurl. */
typedef void (*multi_done_fn)(void *private, int result);

struct multi;
int multi_new(struct loop *l, multi_done_fn done, struct multi **ret);
void multi_free(struct multi *m);
DEFINE_CLEANUP(struct multi *, multi_free)

int multi_add(struct multi *m, void *easy);
void multi_remove(struct multi *m, void *easy, bool done);   /* done: it was told */
void multi_drain(struct multi *m);                           /* tells now what has ended */

/* For libcurl's callbacks: every connection is made and closed by these. */
int multi_open(struct multi *m, int family, int type, int protocol, unsigned origin);
int multi_close(struct multi *m, int fd);

/* A server, by a name that tells it from others; and whether it closes connections that it did not say it would. */
unsigned multi_origin(struct multi *m, const char *name);
bool multi_is_hasty(const struct multi *m, unsigned origin);
void multi_set_hasty(struct multi *m, unsigned origin);

#endif
