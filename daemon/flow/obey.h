/* SPDX-License-Identifier: MIT
 * L3.  What the files of the commands share: one command that is being obeyed. */
#ifndef FLOW_OBEY_H
#define FLOW_OBEY_H

#include "flow/flow.h"

#include "base/command.h"

#include <mentiond/json.h>

struct order {
        struct flow_instance *f;         /* of the helpdesk */
        struct arena *a;
        const struct store_row *row;
        struct json_object *payload;
        struct command command;
        int64_t *threads;                /* of the ticket, n_threads of them */
        int n_threads;
        struct store_thread thread;      /* the first of them */
        struct store_order *orders;      /* for replies, n_orders of them; there is room for OBEY_REPLIES_MAX */
        size_t n_orders;
        int64_t bound;                   /* the newest reply that can be meant; 0: any */
        bool stale;                      /* a reply went on meanwhile: it is looked at anew */
};

#define OBEY_REPLIES_MAX 1000            /* that one command takes back */

/* obey.c: the ends. */
void obey_answer(struct order *o, const char *line);     /* it is done; NULL if a note about a reply says it all */
void obey_refuse(struct order *o, const char *why);      /* it is not done: a sentence, from the colon on */
/* It waits; after a day it is refused, if there is a reason. */
void obey_later(struct order *o, int64_t wait_usec, const char *why);
/* if not, it is answered, or waits; ends the operation */
bool obey_is_done(struct order *o, struct mentiond_op *op, int verdict);
struct instance *obey_channel(const struct order *o);    /* NULL: it is not configured any more */

/* obey_replies.c: replies that are not out yet. */
void obey_stop(struct order *o);
void obey_hold(struct order *o);
void obey_send(struct order *o);
struct store_row obey_load(struct order *o, int64_t id);         /* its id is 0 if there is none */
int64_t obey_newest(struct order *o, const char *state, const char *or_state);   /* reply; 0 */
void obey_add(struct order *o, const struct store_order *order);
extern const char obey_on_its_way[];     /* a sentence, and what comes of it */

/* obey_posts.c: what is out. */
void obey_on_network(struct order *o);

/* obey_split.c: a branch of the conversation. */
void obey_split(struct order *o);

#endif
