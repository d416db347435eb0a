/* SPDX-License-Identifier: MIT
 * L4.  What is asked of the daemon over HTTP: /hook/INSTANCE, /healthz, /metrics; see mentiond(8). */
#ifndef ADMIN_LISTENER_H
#define ADMIN_LISTENER_H

#include "base/util.h"

struct listener;
struct daemon;
struct buffer;

/* where: as in the configuration; of "" *ret is NULL.  0, or -errno and a sentence. */
int listener_open(struct daemon *d, const char *where, struct listener **ret, char **ret_error);
void listener_free(struct listener *l);

/* metrics.c: in the text format of Prometheus, version 0.0.4. */
struct metrics;
struct metrics *metrics_new(struct daemon *d);
void metrics_free(struct metrics *m);
void metrics_write(struct metrics *m, struct buffer *b);

#endif
