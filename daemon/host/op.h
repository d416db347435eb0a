/* SPDX-License-Identifier: MIT
 * L2.  Operations: one call into a plugin, with its memory, its verdict and what it emits. */
#ifndef HOST_OP_H
#define HOST_OP_H

#include "host/instance.h"
#include "host/report.h"

#include <setjmp.h>

/* A copy of a plugin's struct as large as ours, with zeroes for what the plugin does not know. */
#define COPY_SIZED(type, source) ({                                                                         \
        type _copy = { .struct_size = 0 };                                                                  \
        memcpy(&_copy, (source), MIN((size_t) (source)->struct_size, sizeof _copy));                        \
        _copy; })

struct op_ancestor {
        const char *id, *parent, *handle, *name, *text, *url;
};

/* A post that reread() saw.  gone: only the id is there. */
struct op_again {
        const char *id, *author, *parent, *text, *url;
        int64_t created_usec, edited_usec;
        struct store_right right;
        bool gone;
};

struct op_closed {
        const char *ticket;
        int64_t usec;
};

struct question;

struct mentiond_op {
        struct instance *instance;
        struct mentiond_op *next, **previous;    /* among the instance's */
        struct task *task;
        const char *name;                /* "poll", "post" ... */
        int64_t begun_usec;              /* mono */
        struct arena *arena;             /* the host's own */
        struct arena *page;              /* what the plugin was given, until it turns the page */
        const char *reason;              /* of the verdict; never NULL */
        struct report *report;           /* of doctor and provision, else NULL */
        const struct mentiond_secret *token;     /* in place of the instance's bearer, if not NULL */
        int64_t throttled_usec;          /* how long the network wants silence; 0: it did not say */
        int64_t until_usec;              /* UTC: nothing that changes something leaves later than that; 0: no end */
        unsigned status;                 /* of the last answer; 0: there was none */
        bool apart;                      /* what was asked last the network counts apart: no silence concerns others */
        bool wrote;                      /* a request that may change something was made */
        bool unsent;                     /* it was ended before there was any */
        bool idle;                       /* it waits for the other side to have something new */
        bool poll_again;                 /* of a poll: the next is wanted at once */
        struct question *question;       /* that the instance's program has not answered yet */

        /* The plugin's limits. */
        bool inside;                     /* its code runs */
        jmp_buf back;                    /* out of it, where it does not return by itself */
        int cut;                         /* what it was refused something for, first; 0: nothing */
        const char *cut_reason;
        unsigned n_refused, n_requests;
        size_t memory_max;               /* of both; then no requests any more, and a quarter above it, no code */

        /* What a poll emits. */
        struct store_item *items;
        uint32_t *hashes;                /* of their ids, in step until a commit fails, after which no item is taken */
        size_t n_items, items_allocated, items_bytes;
        struct arena *items_arena;       /* until they are committed; NULL: there are none */
        struct store_cursor *cursors;
        size_t n_cursors;
        struct store_merge *merges;
        size_t n_merges;
        struct store_link *links;
        size_t n_links;
        struct op_closed *closed;        /* tickets; of two of one ticket the later counts */
        size_t n_closed;
        struct store_unread *unread;     /* NULL: not asked for yet */
        size_t n_unread;
        int64_t seen_usec;               /* newest */
        int64_t n_emitted, place;        /* place: of the first of them */
        int emit_error;                  /* of a commit in the middle of a poll */
        size_t begin_max, n_begun;       /* as in struct store_poll, of the commit at the poll's end */
        int64_t *begun;

        /* What fetch() emits: the ancestors, root first, and the post: which was asked for, and what it says of its root. */
        const char *asked, *root;
        struct op_ancestor *ancestors;
        size_t n_ancestors;

        /* What reread() emits, each post once: what was said of it first. */
        struct op_again *again;
        size_t n_again;
};

/* Begins an operation in the calling task and ends it.  deadline is from now. */
void op_begin(struct mentiond_op *op, struct instance *i, const char *name, int64_t deadline_usec);
void op_end(struct mentiond_op *op);
#define _cleanup_op_ _cleanup_(op_end)

/* Calls into the plugin, and is the one way to do so: whose code runs is marked, and if that had to be cut off, this is
 * where it ends.  Once in a function that does nothing else of note, as setjmp(3) is in it. */
#define OP_CALL(op, call) ({                                                                                \
        struct mentiond_op *_op = (op);                                                                     \
        int _verdict;                                                                                       \
        op_enter(_op);                                                                                      \
        if (_setjmp(_op->back) == 0)                                                                        \
                _verdict = (call);                                                                          \
        else                                                                                                \
                _verdict = _op->cut;                                                                        \
        op_leave(_op);                                                                                      \
        _verdict; })
void op_enter(struct mentiond_op *op);
void op_leave(struct mentiond_op *op);

/* At the beginning of a function that the plugin calls: OK, or what it is refused with.  Lets the others run if it ran for
 * long.  Waits; does not return to a plugin that goes on calling after it was told to end. */
int op_admit(struct mentiond_op *op);
int op_refuse(struct mentiond_op *op, int verdict, const char *reason);   /* returns verdict; the reason is a constant */
void op_forget_page(struct mentiond_op *op);     /* once nobody reads any more what is in it */
struct arena *op_memory(struct mentiond_op *op); /* for the plugin; does not return to one that took too much */
size_t op_memory_size(const struct mentiond_op *op);
bool op_may_log(struct mentiond_op *op);         /* or the instance has logged enough for this minute */

/* Text without what is secret in the instance's options: servers repeat what they were asked.  Takes the text, returns one of
 * malloc(3). */
char *op_hide_secrets(const struct mentiond_op *op, char *text);

/* Commits what was emitted so far; done: the poll ended OK.  0 or -errno.  Waits. */
int op_commit(struct mentiond_op *op, bool done, size_t *ret_new);

const char *verdict_name(int verdict);

/* Once the verdict is known: counts it, and tells the instance what concerns it as a whole (THROTTLED, AUTH, failures
 * in a row).  BUG for what is no verdict. */
int op_judge(struct mentiond_op *op, int verdict);

#define HORIZON_OVERLAP_USEC (5 * USEC_PER_MINUTE)   /* ids and times are handed out before they are visible */
#define OP_DEADLINE_USEC (2 * USEC_PER_MINUTE)       /* a filing with large attachments */
#define LINKS_DEADLINE_USEC (2 * USEC_PER_HOUR)      /* a helpdesk with some 100 000 tickets of ours, once */
#define POLL_DEADLINE_USEC (10 * USEC_PER_MINUTE)    /* a long walk after an outage, at a server's rate limit */

/* What one operation may take before it is a plugin out of control: far above what a network can make one do. */
#define OP_REQUESTS_MAX 20000            /* at 30 ms each this is the deadline of a poll */
#define OP_MEMORY_MAX ((size_t) 1024 * 1024 * 1024)  /* an answer of 64 MB, and what was made of it */
#define OP_REFUSED_MAX 10000             /* a page of items, none of which looks at what it is answered */
#define LOGS_A_MINUTE 600                /* of an instance */
#define BREATH_USEC (20 * USEC_PER_MSEC) /* of calls without waiting; 50 ms are told as blocking */

#endif
