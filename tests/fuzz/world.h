/* SPDX-License-Identifier: MIT
 * A daemon's inside for targets: the real host, plugins and store (in memory), a helpdesk "desk" and a channel "brand".  Its
 * time passes only where it would wait, chance is the same each time, and its servers answer from the input. */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "fuzz.h"

#include "flow/flow.h"
#include "host/op.h"

#define WORLD_SECRET "not-to-be-seen"    /* the token and the password */

extern struct loop *world_loop;
extern struct host world_host;
extern struct flow world_flow;
extern struct instance *desk, *brand;
extern struct db *world_db;              /* the store's contents, for looking */

extern const char *world_queue;          /* of the desk; "": none */
extern const char *const *world_brand;   /* the channel's settings; NULL: a mastodon */
extern const char *const *world_desk;    /* its settings; NULL: an otrs with that queue */

/* The world as it is before each input: a journal with a few rows (world.c), both instances made and running, but not
 * attached.  The rest of the input is what the servers answer (http.c). */
void world_begin(struct input *answers);
void world_end(void);

/* libFuzzer learns the secret from the comparisons; an input that holds it proves nothing. */
bool world_knows_secret(const uint8_t *data, size_t size);

/* Both instances join host and flow, and start; or leave, and everything of theirs has ended when it returns. */
void world_attach(void);
void world_detach(void);

void world_run(task_fn fn, void *data);  /* in a task, until it has returned */
void world_pass(int64_t usec);           /* the loop runs for so long, or until nothing is to be done */

/* --- loop.c --- */

extern int64_t world_now;                /* the monotonic clock */
extern int64_t world_until;              /* loop_run() returns then */
size_t world_timers(const struct loop *l);

/* --- child.c --- */

void child_says(struct input *in);       /* all that is left of the input */
void child_forget(void);

extern void (*world_on_child)(const char *line);         /* called with each line that a program is told */

/* --- http.c --- */

void http_answers(struct input *in);
void http_forget(void);

/* Called with each request and what came back; may look, must not wait. */
extern void (*world_on_request)(const struct http_request *q, const struct http_reply *r);
extern size_t world_requests;            /* so far */

#endif
