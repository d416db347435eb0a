/* SPDX-License-Identifier: MIT
 * L1.  The store: the journal, threads, links and cursors.  One function is one transaction.
 *
 * Functions marked "waits" must be called from a task: what they write is durable when they return 0.  All that
 * is due in one turn of the loop commits together, and the fsync runs beside the loop.  The others read, at once,
 * and see everything that has been committed.
 *
 * Errors: -ENOSPC the disk is full, nothing was written; -EPROTO and others: nothing was written.  After an I/O
 * error the state of the disk is unknown: the store calls on_fatal and commits nothing any more. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "io/task.h"

/* States of the journal, stored by these names. */
#define STATE_SHOWN     "shown"        /* a mention, seen by a poll that has not ended well: in no lane yet */
#define STATE_NEW       "new"          /* journalled, nothing done */
#define STATE_FILING    "filing"       /* a request to the helpdesk may be on its way */
#define STATE_FILED     "filed"
#define STATE_WAITING   "waiting"      /* a reply, until its hold is over or it is due again */
#define STATE_SENDING   "sending"      /* a request to the network may be on its way */
#define STATE_POSTED    "posted"
#define STATE_AMBIGUOUS "ambiguous"    /* may have happened: find() before anything else */
#define STATE_HELD      "held"         /* waits for a person */
#define STATE_DEAD      "dead"         /* refused for good; can be retried by a person */
#define STATE_WITHDRAWN "withdrawn"    /* a reply taken back */
#define STATE_DROPPED   "dropped"      /* a mention or note that a person or a rule put aside */
#define STATE_KNOWN     "known"        /* was there before the start, or is internal: never acted upon */
#define STATE_DONE      "done"         /* a command that was answered */

#define KIND_MENTION "mention"
#define KIND_REPLY   "reply"
#define KIND_NOTE    "note"
#define KIND_COMMAND "command"         /* what an agent tells mentiond; in no lane */

struct store;

enum store_flags {
        STORE_INLINE = 1 << 0,           /* no thread: commit at the end of the turn, in the loop (simulation) */
};

/* Opens directory/mentiond.db, or makes it if there never was one, and takes the lock beside it.  On failure *ret_error is
 * a sentence for a person.  -EWOULDBLOCK: another daemon has it; -EUCLEAN: it is damaged, or not what was there last. */
int store_open(struct loop *l, const char *directory, unsigned flags, struct store **ret, char **ret_error);
void store_close(struct store *s);
DEFINE_CLEANUP(struct store *, store_close)
void store_on_fatal(struct store *s, void (*fn)(const char *reason, void *data), void *data);
uint64_t store_commits(const struct store *s);
bool store_is_full(const struct store *s);           /* the last commit failed for want of room */
bool store_is_new(const struct store *s);            /* it was made */
bool store_is_behind(const struct store *s);         /* it is a backup, or was built anew, and this is its first start */
/* when the store that it replaced did the last it did; 0: it replaced none */
int64_t store_lost_usec(struct store *s);

/* A copy, checked, at path, which must not exist.  Waits, in which the store goes on.  -EEXIST; -EBUSY: one is being made;
 * -EUCLEAN: the store is damaged; -ECANCELED: the store is being closed; or another -errno. */
int store_backup(struct store *s, const char *path);

/* Looks for damage, less thoroughly than a backup does.  Waits, in which the store goes on.  0; -EUCLEAN; -EBUSY: a backup is
 * being made; or another -errno. */
int store_examine(struct store *s);

/* For a daemon that does not run: put another store in the place of the one in directory, if there is one; that is kept
 * beside it, and *ret_kept is its path, or "".  0, or -errno with a sentence in *ret_error.  All malloced. */
int store_restore(const char *directory, const char *file, char **ret_kept, char **ret_error);

/* An empty store that knows of these instances that they ran before: what a channel shows since `since_usec` is looked for
 * in the helpdesk before it is filed. */
struct store_seed {
        const char *name, *plugin;
};
int store_rebuild(const char *directory, const struct store_seed *seeds, size_t n, int64_t since_usec, char **ret_kept,
                  char **ret_error);

/* --- Instances */

struct store_instance {
        int64_t id;
        bool polled, paused;
        bool behind;                     /* has not polled to the end since the store was behind */
        int64_t baseline_usec, horizon_usec;
};
int store_instance_get(struct store *s, const char *name, const char *plugin, struct store_instance *ret);   /* waits */

/* Rows found in filing or sending become ambiguous and due; returns how many.  Those in shown wait anew.  In a store that is
 * behind all that is to be done becomes ambiguous: it may be done already. */
int store_recover(struct store *s);                                      /* waits */

int store_set_paused(struct store *s, int64_t instance, bool paused);    /* waits */

/* --- In */

/* Whether a mention may be answered. */
struct store_right {
        int64_t right;                   /* enum mentiond_reply_right */
        int64_t until_usec;              /* if it ends by itself; else 0 */
        const char *reason;              /* one line; "": none is known */
};

/* Of a mention: what an answer to it goes by, and stays when its payload is gone.  Of a reply visibility alone, if the agent
 * said which. */
struct store_kept {
        const char *handle, *language, *warning;
        int64_t visibility;
        struct store_right right;
};

struct store_item {
        const char *kind;                /* mention, reply or command */
        const char *state;               /* shown, new, waiting or known */
        const char *native_id;
        const char *root, *parent;       /* of a mention */
        const char *ticket;              /* of a reply: tells its thread; of a command: must be one of ours */
        const char *reason;              /* of a reply: why it is to be held */
        int64_t created_usec, ready_usec;
        int64_t order;                   /* of those created at the same time: its place */
        const char *payload;             /* until it is done */
        struct store_kept kept;
};

struct store_cursor { const char *key, *value; };
struct store_merge { const char *ticket, *into, *number; };
struct store_link {
        int64_t channel;
        const char *root, *ticket, *number, *url;
        /* the root of the thread from which that one goes on, and all that did before it; or NULL */
        const char *first;
        bool branch;                     /* it does not go on, but is a branch of that conversation */
};
struct store_unread { int64_t thread; const char *ticket; };

/* What one poll brought: commits whole or not at all.  An item that the journal knows is passed over.  A mention
 * without root whose parent is not known either stays unplaced; a reply whose ticket holds several threads gets
 * that as a reason to be held, one whose ticket holds none is passed over.
 *
 * Mentions that are shown are held together until a poll is done.  That gives them and what it brings itself their
 * places in the lanes, all in the order in which people wrote.  One that is shown again takes the order that it is given
 * then. */
struct store_poll {
        int64_t source;
        int64_t target;                  /* of mentions: the channel's helpdesk */
        bool done;                       /* the poll ended: the horizon counts */
        bool learns;                     /* if it is the first: what was shown before is not new.  In a helpdesk all that is
                                          * written in a ticket of ours came after us */
        int64_t horizon_usec;
        const struct store_item *items;
        size_t n_items;
        const struct store_cursor *cursors;
        size_t n_cursors;
        const struct store_merge *merges;
        size_t n_merges;
        const struct store_link *links;  /* found in the helpdesk */
        size_t n_links;
        const struct store_unread *read; /* if it is done: tickets that count as read now */
        size_t n_read;
        size_t n_new;                    /* out: what is to be acted upon from now on */

        /* Mentions at the head of their lanes, up to begin_max: as after store_begin(), which they need no more.  begun has
         * room for their ids. */
        size_t begin_max, n_begun;
        int64_t *begun;
};
int store_commit_poll(struct store *s, struct store_poll *p);            /* waits */

/* The same without a poll that is done: how many.  Shown mentions are due after STORE_SHOWN_USEC, for their target, and
 * that is what has to be done with them: late order is a smaller evil than silence. */
#define STORE_SHOWN_USEC (10 * USEC_PER_MINUTE)
int store_release_shown(struct store *s, int64_t source);                /* waits */
int store_delay_shown(struct store *s, int64_t source, int64_t due_usec);        /* waits */
int64_t store_last_place(struct store *s, int64_t source);       /* the greatest order of a shown mention, or 0 */

/* Gives an unplaced mention its thread, and the payload that now says more. */
int store_place(struct store *s, int64_t id, const char *root, const char *payload);   /* waits */

/* malloced; NULL if not known; of the past: known */
char *store_state_of(struct store *s, int64_t source, const char *native_id);
int64_t store_row_of(struct store *s, int64_t source, const char *native_id);    /* its id; 0 if not known */
/* of a mention's or part's thread; malloced; NULL */
char *store_root_of(struct store *s, int64_t channel, const char *native_id);
bool store_is_part(struct store *s, int64_t channel, const char *native_id);
char *store_cursor(struct store *s, int64_t instance, const char *key);         /* malloced; NULL if not set */
int store_keep(struct store *s, int64_t instance, const struct store_cursor *c);/* sets one; waits */
bool store_is_linked(struct store *s, int64_t helpdesk, const char *ticket);
/* Whether an article was made after one that shows a mention of its ticket, as far as their numbers tell. */
bool store_is_after_mention(struct store *s, int64_t helpdesk, const char *ticket, const char *article);

/* Whether an article was made after the note of that key, as far as their numbers tell. */
bool store_is_after_note(struct store *s, int64_t helpdesk, const char *key, const char *article);

/* --- Work */

struct store_row {
        int64_t id, source, target, thread;      /* thread 0: unplaced */
        const char *kind, *state, *native_id;
        int64_t created_usec, seen_usec, ready_usec, due_usec, attempt, absent, tried_usec;
        bool doubt;                              /* it may be done already: the store was behind */
        bool approved;                           /* of a reply: a person wants it sent as it is */
        int64_t orders;                          /* of a reply: how often a person sent it on its way again */
        /* of a reply: the state that an agent wants for it if it is not out yet; or "" */
        const char *halt;
        const char *result_id, *result_url, *reason;
        const char *payload;                     /* "" when it is done */
        struct store_kept kept;
};

/* Ids of rows of this target that are due; returns how many.  Of each source the earliest first, and one of each source
 * in turn, so that a channel that floods delays the others by a row and not by a thousand; turn says who begins. */
int store_due(struct store *s, int64_t target, int64_t now_usec, unsigned turn, int64_t *ids, size_t max);
int64_t store_next_due(struct store *s, int64_t target, int64_t after_usec);     /* USEC_INFINITY: none */
int64_t store_unplaced(struct store *s, int64_t channel);                /* id of the oldest; 0: none */
int store_load(struct store *s, struct arena *a, int64_t id, struct store_row *ret);   /* 1; 0: no such row */

struct store_thread {
        int64_t id, channel;
        const char *root;
        int64_t helpdesk;                /* 0: not linked */
        const char *ticket, *number, *url;
        int64_t linked_usec;
        int64_t before, next;            /* the thread that it goes on from, and in; 0: none */
        bool branch;                     /* an agent split it off from the one before, which goes on without it */
};
int store_thread(struct store *s, struct arena *a, int64_t id, struct store_thread *ret);
/* Of the conversation on the network; and of the thread with which it began, or began to be a branch. */
const char *store_network_root(struct store *s, struct arena *a, const struct store_thread *t);
const char *store_first_root(struct store *s, struct arena *a, const struct store_thread *t);

/* What a reply answers: the newest mention of its thread that was in the ticket before it was written, or may have been
 * (*ret_open: it is on its way there, and that is not known yet); else the newest that is filed; 0 if there is none, or it may be
 * one of the past; of those seen by so many at least.  Where article ids are numbers they tell: helpdesks count upwards. */
int64_t store_last_mention(struct store *s, int64_t reply, int64_t visibility_max, bool *ret_open);

/* Tickets of a helpdesk that were linked later than they were made, up to max; returns how many. */
int store_unread(struct store *s, struct arena *a, int64_t helpdesk, struct store_unread *ret, size_t max);

/* Of a thread: who speaks in it; and what was said to more than those of this visibility, as payloads, as far as they are kept,
 * newest first.  Return how many. */
size_t store_handles(struct store *s, struct arena *a, int64_t thread, const char **ret, size_t max);
size_t store_said(struct store *s, struct arena *a, int64_t thread, int64_t below, const char ***ret, size_t max);
/* What is known of the author of mentions of a thread: when an article of it last told of him at length, and the other tickets
 * that he has in the helpdesk, newest first. */
#define STORE_EARLIER_MAX 50             /* threads that are looked at for them */
struct store_ticket {
        const char *ticket, *number, *url;
};
struct store_author {
        int64_t card_usec;               /* 0: none did */
        struct store_ticket *earlier;
        size_t n_earlier;
        bool more;                       /* there may be more */
};
int store_author(struct store *s, struct arena *a, int64_t channel, const char *handle, const struct store_thread *own,
                 int64_t helpdesk, struct store_author *ret);    /* 0 or -errno */

/* Ids of the thread's mentions, newest first; returns how many. */
int store_mentions(struct store *s, int64_t thread, int64_t *ids, size_t max);

struct store_part {
        int64_t number;
        const char *key, *parent, *text, *native_id, *url;      /* text: "" when the reply is done */
        int64_t of;                      /* how many parts the reply has; 0 is 1 */
};

/* Before the request leaves: the state says so, the attempt counts, the parts (of a reply, part->of of them; else NULL) are
 * frozen, unless they are already.  orders: of the row as it was read; -ESTALE if it is not so any more. */
int store_begin(struct store *s, int64_t id, int64_t orders, const char *state, int64_t now_usec, const struct store_part *part);
                                         /* waits */
int store_part(struct store *s, struct arena *a, int64_t reply, int64_t number, struct store_part *ret);   /* 1; 0 */
#define STORE_NEXT_PART INT64_C(-1)      /* as number: the first that is not posted */

#define STORE_LOOKS 2                    /* absent so often, with time between, is absent */

/* One step of a row, with all that goes with it.  A step to an inactive state makes the next of its lane due, and one to a state
 * in which nothing is done with it any more ends its payload and text.  -ESTALE: a person ended the row meanwhile (find()
 * may be looking when it is dropped); only that it was done is still recorded. */
struct store_move {
        int64_t id;
        const char *state;
        int64_t due_usec;                /* of an active state */
        /* Of the row as it was read: what was decided before it goes, -ESTALE if a person sent it on its way again since; NULL:
         * what has happened. */
        const int64_t *orders;
        bool saw_absent;                 /* find() did not find it, once more */
        bool refused;                    /* at its first attempt, for good: it (of a reply, this part) was never there */
        const char *reason;              /* NULL: unchanged; "" clears */
        const char *result_id, *result_url;      /* NULL: unchanged; of a reply they are those of the part posted, too */
        int64_t part_number;
        bool more;                       /* parts follow: it begins anew with the next */
        const struct store_thread *link;         /* helpdesk, ticket, number, url of the row's thread */
        const char *link_was;                    /* the ticket that it is instead of; NULL: whatever it has.  Another stays */
        bool found;                      /* the link, by find(): no poll looked at that ticket yet */
        /* a mention's thread goes on in another: it, and what waits behind it, go there */
        bool goes_on;
        bool unlink;                             /* the thread's ticket is gone, and what was seen in it does not count */
        const struct store_part *part;           /* a reply's, where the journal has forgotten it */
        const char *note_key, *note_payload;     /* a note for the thread's ticket, if it has one */
        /* of a reply that is out; private: taken aside */
        enum store_said { SAID_NOTHING, SAID_IN_PUBLIC, SAID_PRIVATE } said;
        const char *then_id, *then_payload;      /* a command that follows from it, or NULL */
        /* of a mention: when its thread is to be read again first; its text is kept; 0: no */
        int64_t reread_usec;
        int64_t card_usec;               /* of a mention that is filed, as in struct store_author; 0: unchanged */
        int64_t now_usec;
};
int store_move(struct store *s, const struct store_move *m);             /* waits */

/* --- Orders: what agents tell by commands */

int store_threads_of(struct store *s, int64_t helpdesk, const char *ticket, int64_t *ids, size_t max);   /* how many */

/* Ids of a thread's replies that were taken in, and written, before that command, none of them newer than a bound (0: none is
 * set), and are in one of the states (the second may be NULL), newest first; how many.  Of two tickets that were merged a
 * command may be the older, though it was seen later. */
int store_replies(struct store *s, int64_t thread, int64_t command, int64_t bound, const char *state, const char *or_state,
                  int64_t *ids, size_t max);
int64_t store_last_filed(struct store *s, int64_t thread, int64_t command);      /* a mention that its agent had; 0: none */

/* Whether a command of this ticket that was taken in before this one is not done yet: of these (" stop hold "), or any (""). */
bool store_command_waits(struct store *s, int64_t helpdesk, const char *ticket, int64_t before, const char *words);

struct store_order {
        int64_t id;                      /* of a reply */
        const char *was, *state;         /* from there to withdrawn, held, or waiting and due at once */
        int64_t visibility;              /* 0: unchanged */
        bool approved;                   /* as it is */
        /* instead of all that: it may be out, and where it goes if it turns out that it is not; else NULL */
        const char *halt;
        const char *reason, *note_key, *note_payload;    /* may be NULL */
};

/* Before a command changes what is on the network: the row that it is about, however often it is tried; or, while it has to wait,
 * that this is the newest which it can be about.  The result_id of the command's own, with a "<" before a bound.  Waits. */
int store_aim(struct store *s, int64_t command, int64_t at, bool bound);

/* The newest mention that the agent knew when he wrote the command becomes the first of a branch, which is a thread of its own:
 * what was filed in the old ticket is filed anew in one of its own, and it is what the command is about. */
enum store_split {
        SPLIT_DONE = 1,
        SPLIT_NOTHING,                   /* there is no mention */
        SPLIT_FIRST,                     /* there is no other */
        SPLIT_NEWER,                     /* another came meanwhile, and may answer it */
        SPLIT_REPLY,                     /* a reply is to be sent, and may answer it */
        SPLIT_FORGOTTEN,                 /* its text is not kept */
        SPLIT_APART,                     /* what answers it has a thread already */
};
int store_split(struct store *s, int64_t command, int64_t thread, int64_t now_usec);     /* waits; one of these, or -errno */

/* The newest branch of a thread: 1, and the command that made it, or ""; 0: there is none. */
int store_last_branch(struct store *s, struct arena *a, int64_t thread, struct store_thread *ret, const char **ret_command);

/* All of it, and the command is done and answered; or nothing, with -ESTALE, if a reply was not any more where it was said to be.
 */
struct store_orders {
        int64_t command, thread;         /* thread: whose ticket is told, 0 for none */
        const struct store_order *orders;
        size_t n;
        const char *note_key, *note_payload;
        int64_t now_usec;
};
int store_obey(struct store *s, const struct store_orders *o);           /* waits */

/* The thread of this ticket that was answered in private since anything was said in public, and for which nobody was asked for a
 * word since; or 0. */
int64_t store_owes(struct store *s, int64_t helpdesk, const char *ticket, int64_t *ret_since_usec);
int64_t store_count_owed(struct store *s);
int store_asked(struct store *s, int64_t thread, int64_t since_usec, const char *key, const char *payload, int64_t now_usec);
                                                                         /* by this note; waits */

/* --- Posts that are read again */

int store_reread_due(struct store *s, int64_t channel, int64_t now_usec, int64_t *threads, size_t max);  /* how many */

struct store_kept_post {
        int64_t id, seen_usec;
        const char *native_id, *state, *payload;
        struct store_right right;
};
/* One mention of a channel of which the text is kept; 1, or 0 if there is none.  *ret_thread: 0 if it is not known yet. */
int store_kept_post(struct store *s, struct arena *a, int64_t channel, const char *native_id, struct store_kept_post *ret,
                    int64_t *ret_thread);

/* Filed mentions of a thread of which the text is kept, newest first; how many. */
int store_reread_posts(struct store *s, struct arena *a, int64_t thread, struct store_kept_post *ret, size_t max);

/* Whether there may be posts of replies in this conversation of which the journal does not know where they are. */
bool store_is_unsure(struct store *s, int64_t thread);

/* Texts of a channel's replies that may be on the network, of which the journal does not know where; how many. */
int store_open_texts(struct store *s, struct arena *a, int64_t channel, const char **ret, size_t max);

struct store_finding {
        int64_t post;                    /* the row of the mention that has changed; 0: none */
        const char *own;                 /* or the id of a post of the account, which is known from now on */
        int64_t own_usec;                /* when that was written: what was said before then is answered; 0: not known */
        const struct store_right *right; /* what it is now; nothing else has changed.  NULL: something has */
        const char *payload;             /* as it is now; NULL: it is gone */
        const char *note_key, *note_payload;
};
/* A thread was read again, and next_usec is when it will be the next time, 0 for never; negative: as it was. */
/* waits */
int store_reread(struct store *s, int64_t thread, int64_t next_usec, const struct store_finding *findings, size_t n,
                 int64_t now_usec);

/* --- Windows: filed mentions that may be answered until a time, and are not yet
 *
 * What is the newest of its thread counts, for that is what a reply answers.  It is watched until it is answered, too late, or
 * its ticket is closed; the agent is told once that the time runs out. */

/* Those of a channel of which nobody was told, that close before then, and to which no reply is on its way.  How many;
 * *ret_ended: some need not be watched any more, and store_end_windows() says so. */
int store_windows(struct store *s, int64_t channel, int64_t now_usec, int64_t before_usec, int64_t *ids, size_t max,
                  bool *ret_ended);
int store_end_windows(struct store *s, int64_t channel, int64_t now_usec, int64_t before_usec);   /* waits */
/* waits */
int store_tell_window(struct store *s, int64_t id, const char *note_key, const char *note_payload, int64_t now_usec);
/* The ticket was closed then (0: at an unknown time): what was said in it before needs no answer.  Waits if there is any. */
int store_close_windows(struct store *s, int64_t helpdesk, const char *ticket, int64_t closed_usec);
int64_t store_count_windows(struct store *s);        /* of which the agent was told */

/* --- The past */

/* Of the next rows behind *at those that were journalled before then and are done leave the journal.  Of what came from outside
 * stays that it is known, and its thread.  Not the newest mention of a thread, for that is what replies answer; no reply
 * of an agent, for its posts refer to it; and nothing of a thread in which a reply waits, is held or dead.  Returns how
 * many; *at is 0 at the end. */
/* Texts of filed mentions go earlier. */
int store_forget(struct store *s, int64_t seen_before_usec, int64_t texts_before_usec, int64_t *at);     /* waits */

/* --- People */

struct store_list {
        const char *state;               /* NULL: all that are shown, active, held or dead */
        int64_t after;                   /* id */
        size_t max;
};
int store_list(struct store *s, struct arena *a, const struct store_list *q, struct store_row **ret, size_t *ret_n);

/* How many rows are shown, active, held or dead, and when the first of them was seen; calls fn for each instance, kind and
 * state. */
typedef void (*store_count_fn)(int64_t target, const char *kind, const char *state, int64_t n, int64_t seen_usec, void *data);
int store_counts(struct store *s, store_count_fn fn, void *data);

int store_retry(struct store *s, int64_t id, int64_t now_usec);          /* waits; -ENOENT; -EINVAL: not held or dead */
/* The note, if any, is for the ticket's agent.  waits; -ENOENT; -EINVAL: done or on its way */
int store_drop(struct store *s, int64_t id, const char *reason, const char *note_key, const char *note_payload, int64_t now_usec);

#endif
