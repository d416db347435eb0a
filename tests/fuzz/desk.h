/* SPDX-License-Identifier: MIT
 * The targets that call a plugin for helpdesks: what they have in common.  A target says what is its helpdesk's own.
 *
 * The first line of the input says which operations are called, a letter each: s(tart), p(oll), c (file: a new ticket),
 * a(ppend), n(ote), d (note on a reply that was posted), l(ook: find, with a ticket), t (find, without one), k (links),
 * r(eview), x (close).  The rest are answers (http.c). */
#ifndef FUZZ_DESK_H
#define FUZZ_DESK_H

#include "world.h"

struct desk_target {
        const char *operations;          /* those that there are */
        const char *base;                /* what each URL begins with */
        unsigned writes_max;             /* requests in one operation that make an article */
        bool refuses_with_200;           /* the status does not tell whether one was made */

        /* A request.  1: it makes an article. */
        bool (*on_request)(const struct http_request *q);
};

extern char desk_operation;

/* Of each input.  world_desk or world_queue is set by the target. */
int desk_run(const struct desk_target *t, const uint8_t *data, size_t size);

#endif
