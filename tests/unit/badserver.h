/* SPDX-License-Identifier: MIT
 * An HTTP server for tests that misbehaves as the path asks it to, and keeps count.  It runs in threads of its own,
 * on 127.0.0.1 only.  The paths are listed in badserver.c. */
#ifndef TESTS_BADSERVER_H
#define TESTS_BADSERVER_H

#include "base/util.h"

struct badserver;

struct badserver *badserver_new(void);
void badserver_free(struct badserver *s);            /* cuts what is open and waits for its threads */

uint16_t badserver_port(const struct badserver *s);
unsigned badserver_connections(struct badserver *s);
unsigned badserver_strays(struct badserver *s);      /* unasked replies that "/stray" has sent */

/* How many requests began with this ("POST /cut"), counted as soon as their head was there. */
unsigned badserver_seen(struct badserver *s, const char *prefix);

/* The last request, head and body, malloced. */
char *badserver_last(struct badserver *s);

#endif
