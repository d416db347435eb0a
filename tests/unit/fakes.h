/* SPDX-License-Identifier: MIT
 * A daemon's inside for tests: a store, a host and a flow in the world's directory, with one channel ("brand") and one
 * helpdesk ("desk") whose plugins do what the test says. */
#ifndef TESTS_FAKES_H
#define TESTS_FAKES_H

#include "world.h"

#include "flow/flow.h"
#include "flow/internal.h"

enum fake_call {
        CALL_START, CALL_POLL, CALL_FETCH, CALL_POST, CALL_LOOK, CALL_STOP,               /* the channel's */
        CALL_EDIT, CALL_REMOVE, CALL_REACT, CALL_REREAD,
        DESK_START, DESK_POLL, DESK_FILE, DESK_APPEND, DESK_NOTE, DESK_LOOK, DESK_STOP,   /* the helpdesk's */
        DESK_REVIEW, DESK_CLOSE,
        FAKE_CALLS,
};

struct fake {
        int calls[FAKE_CALLS];                   /* how often each was entered */
        const int *verdicts[FAKE_CALLS];         /* what each answers, in order; -1 ends the list and begins OK for ever */
        int64_t takes_usec[FAKE_CALLS];          /* how long it waits before it answers */
        int64_t throttled_usec;                  /* the silence that comes with THROTTLED */
        int in_flight, most_in_flight;           /* of post and file */
        char *said;                              /* "file m1; append m2; post a1; " */
        const char *ticket;                      /* of file(); "" : "T" and the thread's key */
        const char *posted;                      /* the id that post() and find() give; NULL: "p1", "p2" ... */
        char *key, *text, *parent, *root;               /* of the last post */
        int64_t tried_usec;
        uint32_t visibility, n_uploads;
        struct mentiond_review review;           /* standing 0: as it was */
        bool closed;                             /* an append() that is GONE finds its ticket closed for too long */
        char *filed_after;                       /* and the rest of the last filing */
        int64_t reopen_since_usec;
        char *filed_ticket, *filed_text, *filed_title, *filed_url, *note_subject, *note_text;
        char *notes;                             /* texts of all notes, one after the other */
        const struct mentiond_article *article;  /* that the helpdesk's poll emits */
        int64_t written_usec;     /* when fake_article()'s was; 0: unknown */
        void (*on_call)(enum fake_call call, struct mentiond_op *op);   /* before it answers: emits, checks ... */
};

extern struct fake fake;
extern struct host fake_host;
extern struct flow fake_flow;
extern struct instance *brand, *desk;
extern struct arena *fake_arena;

enum fake_flags {
        FAKE_NO_FIND = 1 << 0, FAKE_NO_FETCH = 1 << 1,   /* the channel does not have it */
        FAKE_IDLE = 1 << 2,                              /* nothing is begun */
        FAKE_AGAIN = 1 << 3,                             /* a second life within one test */
        FAKE_NO_REVIEW = 1 << 4,                         /* the helpdesk does not have it */
        FAKE_NO_POST = 1 << 5,                           /* the channel only watches */
};
void fake_open(unsigned flags);          /* both are running and have polled once; then the counts begin */
void fake_close(void);
void fake_detach(void);                  /* ends both, as a daemon that is about to exit */

/* Into the journal, without a poll. */
void fake_mention(const char *id, const char *root, const char *parent);
void fake_known(const char *id);
void fake_reply(const char *id, const char *ticket, const char *payload, const char *reason);
/* By a poll: what an agent wrote. */
void fake_article(const char *id, const char *ticket, uint32_t kind, const char *text);
void fake_filed(const char *id, const char *root, const char *ticket);   /* a mention, and its ticket */

int64_t fake_id(int64_t source, const char *native_id);
struct store_row fake_row(int64_t source, const char *native_id);
const char *fake_state(int64_t source, const char *native_id);
void fake_quiet(void);                           /* until nothing more happens by itself */
bool fake_becomes(int64_t source, const char *native_id, const char *state);     /* waits for it */

#define ONCE(...) ((const int[]) { __VA_ARGS__, -1 })

#endif
