/* SPDX-License-Identifier: MIT
 * L3.  What the files of the flow share. */
#ifndef FLOW_INTERNAL_H
#define FLOW_INTERNAL_H

#include "flow/flow.h"
#include "host/op.h"

/* No option and no server makes a row wait for longer: a time that is further away is of a clock that was wrong. */
#define LONGEST_DELAY_USEC (2 * USEC_PER_DAY)

/* intake.c */
void intake_poll(struct flow_instance *f);           /* starts a poll unless one is running */
void intake_hint(struct flow_instance *f);           /* sees to it that one begins soon */
void intake_place(struct flow_instance *f);          /* starts placing what has no thread yet */
/* In a task: polls have failed for too long, and what they brought goes its way without what may be older. */
void intake_release(struct flow_instance *f, const struct store_row *row);

/* schedule.c: a mention that there is room for begins in the commit of the poll that brings it, and needs none of its own. Claims
 * room for up to n rows of the instance, which is held, and returns for how many; then starts what was begun. */
size_t schedule_claim(struct instance *i, size_t n);
void schedule_begun(struct instance *i, size_t claimed, const int64_t *ids, size_t n);

/* forget.c */
void forget_sometimes(struct flow_instance *f);      /* when the daemon is awake: starts to forget if it is time */

/* reread.c */
#define FLOW_REREAD_FIRST_USEC (5 * USEC_PER_MINUTE)     /* after a mention was filed */
/* takes what a poll told of known posts, before its cursors; 0 or -errno */
int reread_told(struct flow_instance *f, const struct mentiond_op *op);
void reread_sometimes(struct flow_instance *f);      /* when the channel was polled: starts to read again what is due */

/* filing.c, posting.c: one attempt at a row, in a task. */
void filing_attempt(struct flow_instance *f, struct arena *a, const struct store_row *row);
void posting_attempt(struct flow_instance *f, struct arena *a, const struct store_row *row);

/* obey.c: one attempt at a command, in a task. */
void obey_attempt(struct flow_instance *f, struct arena *a, const struct store_row *row);
/* asks for a word in public where a ticket was closed without */
void obey_owed(struct flow_instance *f, const struct mentiond_op *op);

#define BLOCKED_AFTER 3                  /* refusals; one alone may have lost a race with another request */

/* blocked.c: channels whose new tickets a helpdesk refuses, one after the other, until a person has mended it.  They wait; what
 * belongs to tickets that are there goes on, and so do the other channels. */
int64_t blocked_until(const struct flow_instance *f, int64_t channel);       /* mono: none is asked for before; 0 */
/* how it went with one */
void blocked_take(struct flow_instance *f, int64_t channel, const struct mentiond_op *op, int verdict);
void blocked_free(struct flow_instance *f);

/* doubt.c: for a store that was restored or built anew. */
int doubt_links(struct flow_instance *f);            /* reads the tickets of threads before a helpdesk's first poll; a verdict */
bool doubt_awaits_links(const struct instance *i);   /* a helpdesk of which they are not known yet */

/* What the ticket says became of a reply that the journal may have forgotten.  OK with one of the states posted, dead,
 * withdrawn, held; ABSENT: it says nothing; or a verdict on the attempt to look, with its reason, and how long to wait at least.
 */
int doubt_fate(struct flow_instance *f, struct arena *a, const struct store_row *row, const struct store_thread *t,
               const char **ret_state, const char **ret_reason, int64_t *ret_wait_usec);

/* step.c: where a row goes after an attempt.  The one place that moves states. */
struct step {
        const struct store_row *row;
        struct mentiond_op *op;
        int verdict;                     /* as op_judge() returned it */
        bool looked;                     /* it was a find() */
        bool goes_on;                    /* of a mention that is GONE: its ticket is there, and is not opened again */
        const char *id, *url;            /* of the article or post, if OK */
        const struct store_thread *link; /* found or made */
        const char *link_was;            /* the ticket that the attempt knew of; NULL: none */
        const struct store_part *part;   /* of a reply that was found without one */
        int64_t reread_usec;             /* of a mention that is filed */
        const char *ticket;              /* its number, for the log */
        int64_t part_number, parts;      /* of a reply: which part it was, of how many */
        bool more;                       /* others follow */
        enum store_said said;            /* if all are out */
        bool aside;                      /* they are for the customer alone, and are told so */
        bool closes;                     /* its ticket is to be closed then */
        const char *told_url;            /* that the agent is told, if not url */
        int64_t card_usec;               /* of a mention, if OK, as in struct store_move */
};
void step_take(struct flow_instance *f, const struct step *s);

/* Commands about replies that are not out: they await nothing but the store, and no reply goes before them. */
#define FLOW_QUICK_COMMANDS " stop hold send dm public "

/* A step that needs no attempt. */
void step_hold(struct flow_instance *f, const struct store_row *row, const char *reason);
void step_bar(struct flow_instance *f, const struct store_row *row, const char *reason);     /* held, and no agent can send it */
void step_refuse(struct flow_instance *f, const struct store_row *row, const char *reason);
void step_withdraw(struct flow_instance *f, const struct store_row *row, const char *reason);
/* preview: what the agent is told once meanwhile, or NULL. */
void step_wait(struct flow_instance *f, const struct store_row *row, int64_t until_usec, const char *preview);

/* tell.c: what the agent is told. */
enum tell {
        TELL_NOTHING,
        TELL_POSTED,
        TELL_POSTED_ASIDE,
        TELL_DELAYED,
        TELL_REFUSED,
        TELL_HELD,
        TELL_BARRED,
        TELL_WITHDRAWN,
        TELL_PREVIEW,
};
void tell_agent(struct store_move *m, struct arena *a, const struct store_row *row, enum tell what, const char *detail);
char *tell_key(struct arena *a, const struct store_row *row, enum tell what);    /* of the note */
/* Why a reply is withdrawn or held by a command, and how much of it is out. */
const char *tell_halt(struct store *s, struct arena *a, const struct store_row *row, const char *state);

#endif
