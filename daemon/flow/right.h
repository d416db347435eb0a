/* SPDX-License-Identifier: MIT
 * L3.  Whether a mention may be answered: what the network lets the account do, and until when. */
#ifndef FLOW_RIGHT_H
#define FLOW_RIGHT_H

#include "flow/flow.h"

struct mentiond_op;

/* A line for the agent; "" if it simply may be. */
const char *right_line(struct arena *a, const struct store_right *r);

/* Why a reply to this mention cannot go out now, and what else can be done; NULL if it can.  aside: it is for the author alone,
 * and the mention was not. */
const char *right_objection(struct arena *a, const struct instance *channel, const struct store_row *mention, bool aside);

/* How long it still can; 0: it cannot; USEC_INFINITY: no end is known. */
int64_t right_left_usec(const struct store_row *mention, bool aside);

/* The same as a time, UTC; 0: no end is known. */
int64_t right_until_usec(const struct store_row *mention, bool aside);

/* In a task of a helpdesk that was polled: tells the agents of what can be answered for a short time only. */
void right_watch(struct flow_instance *f, const struct mentiond_op *op);

#endif
