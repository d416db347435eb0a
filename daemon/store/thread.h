/* SPDX-License-Identifier: MIT
 * L1, inside the store only.  Of which thread a post is. */
#ifndef STORE_THREAD_H
#define STORE_THREAD_H

#include "store/store.h"

#include "store/db.h"

/* An item is a row of the journal or of the past. */
#define IS_IT " WHERE source = ?1 AND native_id = ?2"

/* Where what is said in a thread belongs now, or, if first, where it may have belonged at first: of this root, 1, made if need
 * be; of this post, 1, or 0 if the store does not know it. */
int thread_of_root(struct db *db, int64_t channel, const char *root, bool first, int64_t *ret);
int thread_of_post(struct db *db, int64_t channel, const char *native_id, bool first, int64_t *ret);

/* The branch in which a post is that is known: 1, as above; 0: it is in none. */
int branch_of_post(struct db *db, int64_t channel, const char *native_id, bool first, int64_t *ret);

/* The branch that begins with this post: 1; 0: there is none. */
int branch_of_root(struct db *db, int64_t channel, const char *root, int64_t *ret);

/* 1 if the conversation that begins with this post has branches: then its root alone does not tell where a post belongs. */
int branch_is_below(struct db *db, int64_t channel, const char *root);

/* 1: this article of the thread's ticket is older than a command that split a branch off. */
int branch_came_after(struct db *db, int64_t thread, const char *article);

/* Found in a helpdesk: what there is in the thread of it, and may be in that branch, is looked for there. */
int branch_link(struct db *db, int64_t helpdesk, int64_t thread, int64_t branch);

/* This mention's thread, and what waits for the target in it, goes on in the next, or in another. */
int thread_go_on(struct db *db, int64_t id, int64_t target, int64_t was);

/* Takes what a helpdesk tells of a ticket. */
int thread_link(struct db *db, int64_t helpdesk, const struct store_link *l);

/* 1: the ticket is that of a later one of the same conversation, which is *thread now. */
int thread_with(struct db *db, int64_t *thread, int64_t helpdesk, const char *ticket);

#endif
