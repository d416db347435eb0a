/* SPDX-License-Identifier: MIT
 * L2.  Operations: one call into a plugin, with its memory, its verdict and what it emits. */
#ifndef HOST_OP_H
#define HOST_OP_H

#include "host/instance.h"

/* A copy of a plugin's struct as large as ours, with zeroes for what the plugin does not know. */
#define COPY_SIZED(type, source) ({                                                                         \
        type _copy = { .struct_size = 0 };                                                                  \
        memcpy(&_copy, (source), MIN((size_t) (source)->struct_size, sizeof _copy));                        \
        _copy; })

struct op_ancestor {
        const char *id, *handle, *name, *text, *url;
};

struct mentiond_op {
        struct instance *instance;
        struct mentiond_op *next, **previous;    /* among the instance's */
        struct task *task;
        const char *name;                /* "poll", "post" ... */
        struct arena *arena;
        const char *reason;              /* of the verdict; never NULL */
        int64_t throttled_usec;          /* how long the network wants silence; 0: it did not say */

        /* What a poll emits. */
        struct store_item *items;
        size_t n_items, items_allocated;
        struct store_cursor *cursors;
        size_t n_cursors;
        struct store_merge *merges;
        size_t n_merges;
        int64_t seen_usec;               /* newest */
        int64_t n_emitted;
        int emit_error;                  /* of a commit in the middle of a poll */

        /* What fetch() emits: the ancestors, root first, and the post. */
        struct op_ancestor *ancestors;
        size_t n_ancestors;
};

/* Begins an operation in the calling task and ends it.  deadline is from now. */
void op_begin(struct mentiond_op *op, struct instance *i, const char *name, int64_t deadline_usec);
void op_end(struct mentiond_op *op);
#define _cleanup_op_ _cleanup_(op_end)

/* Commits what was emitted so far; done: the poll ended OK.  0 or -errno.  Waits. */
int op_commit(struct mentiond_op *op, bool done, size_t *ret_new);

const char *verdict_name(int verdict);

/* Once the verdict is known: counts it, and tells the instance what concerns it as a whole (THROTTLED, AUTH, failures
 * in a row).  BUG for what is no verdict. */
int op_judge(struct mentiond_op *op, int verdict);

#define HORIZON_OVERLAP_USEC (5 * USEC_PER_MINUTE)   /* ids and times are handed out before they are visible */
#define OP_DEADLINE_USEC (2 * USEC_PER_MINUTE)       /* a filing with large attachments */
#define POLL_DEADLINE_USEC (10 * USEC_PER_MINUTE)    /* a long walk after an outage, at a server's rate limit */

#endif
