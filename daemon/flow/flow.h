/* SPDX-License-Identifier: MIT
 * L3.  The flow: takes in what instances show, decides, acts, records.  All state that matters is in the journal;
 * what is kept here can be lost. */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "flow/guard.h"
#include "host/instance.h"

/* What was said in public lately, to be told from what is said again and again.  Lost with the process. */
#define FLOW_SAID_MAX 1000
struct flow_said {
        int64_t mono_usec, thread;       /* mono_usec 0: free */
        char *text;                      /* until it is compared with another; then its print is known */
        struct guard_print print;
};

struct flow {
        struct host *host;
        bool draining;                   /* nothing new is begun */
        bool forgetting;
        int64_t forget_next_usec;        /* when to forget next, of the monotonic clock */
        int64_t forget_at;               /* the id where the last time broke off; 0: it did not */
};

/* What flow keeps of an instance. */
struct flow_blocked;

struct flow_instance {
        struct flow *flow;
        struct instance *instance;
        struct loop_timer poll_timer, due_timer, place_timer;
        struct loop_defer pump;
        bool polling, placing, rereading;
        bool unread;                     /* since it failed, or began to run, no poll has told what is new */
        bool hinted;                     /* while it was polling */
        bool poll_again;                 /* the last one asked for the next at once */
        int64_t poll_begun_usec, poll_ended_usec;        /* mono, of the last one */
        int64_t poll_after_usec;         /* mono: not before, for it failed */
        unsigned poll_failures, place_failures;
        int64_t placing_id;
        int64_t *in_flight;              /* ids of rows */
        size_t n_in_flight, n_claimed;   /* n_claimed: kept free for those that a poll's commit begins */
        struct flow_said *said;          /* a ring of FLOW_SAID_MAX; NULL: nothing was yet */
        size_t n_said;                   /* ever */
        unsigned turn;                   /* whose row is next, of the sources that have one */
        struct flow_blocked *blocked;    /* of a helpdesk: see blocked.c */
};

void flow_init(struct flow *f, struct host *h);     /* sets the host's hooks */
void flow_attach(struct flow *f, struct instance *i);
void flow_detach(struct instance *i);
void flow_kick(struct instance *i);                  /* there may be work for it */
void flow_kick_helpdesks(struct flow *f);
void flow_kick_all(struct flow *f);
void flow_poll_now(struct instance *i);
/* It is said to have something new: a poll comes as soon as pauses and rate allow.  Many hints make one poll. */
void flow_hint(struct instance *i);
/* Why the helpdesk takes no new tickets of the channel, if so; else NULL. */
const char *flow_blocked(const struct instance *helpdesk, const struct instance *channel);
/* A person decides about a row, in a task.  0; -ENOENT; -EINVAL: its state does not allow it; or another -errno. */
int flow_retry(struct flow *f, int64_t id);          /* held or dead */
int flow_drop(struct flow *f, int64_t id, const char *reason);   /* not done, and not on its way */

void flow_drain(struct flow *f);
bool flow_is_idle(const struct flow *f);             /* nothing is in flight */

#endif
