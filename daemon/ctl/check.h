/* SPDX-License-Identifier: MIT
 * mentiond-check: what its parts share.  Each group of checks runs in a process of its own, so that a plugin that crashes or
 * is killed on purpose ends that alone; what they find out stands on a board that outlives them. */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include "ctl/answers.h"
#include "ctl/server.h"
#include "host/op.h"

#include <mentiond/json.h>

#define BOARD_IDS 200                    /* items of a poll that are looked at */
#define BOARD_REQUESTS 40                /* of an operation that fail one after the other */
#define BLOCKING_USEC (50 * USEC_PER_MSEC)

struct board {
        unsigned n, n_failed;            /* lines so far */
        char doing[100];                 /* what the plugin is called for, should it crash there */
        bool returned;                   /* this process was not ended by the plugin */
        bool loaded;
        unsigned poll_requests;          /* of a poll that went well */
        unsigned n_ids;                  /* of the items that it emitted, sorted */
        char ids[BOARD_IDS][300];
        char made[300];                  /* by post() or file(): its id, or the ticket */
        char lost[600];                  /* what a poll lost that came behind one that was killed */
        char leak[600], unknown[800], injected[800];  /* the first of each, or "" */
};

extern struct board *board;
extern struct answers answers;
extern struct server server;             /* of this process */
extern struct instance *instance;        /* the one that is checked now, or NULL */
extern const struct plugin *plugin;      /* once it was loaded */

/* --- Lines of TAP --- */

void pass(const char *name);
void fail(const char *name, const char *why, ...) _printf_(2, 3);        /* what is wrong, and what to do */
void skip(const char *name, const char *why, ...) _printf_(2, 3);
void result(const char *name, const char *wrong);                        /* pass if wrong is "" */

/* --- Processes --- */

/* Runs fn in a task of a new process with a host around it, whose journal is the folder of this name, kept from one process to
 * the next.  0; the signal that ended it; or -1 if it ended by itself.  May be expected to be killed. */
int process_run(const char *journal, void (*fn)(void));

/* The same, where fn should return: otherwise a line says so. */
void process_check(const char *journal, void (*fn)(void));

void process_prepare(const char *directory, const char *name, int fd, const char *url);    /* once, before */
void process_forget(void);

/* --- In such a process --- */

/* An instance that nobody has used, with the folder's options: whether they are right.  Its name tells it in the journal. */
bool instance_renew(const char *name, struct problems *p);
bool instance_begin(const char *name);   /* the same, and start() said OK; otherwise says so in a line of its own */

/* One call: its operation lasts until call_end(). */
struct call {
        struct mentiond_op op;
        struct json_object *arguments, *said;
        int verdict;
        int64_t ran_usec;                /* the longest without a call that waits */
        bool had_written;                /* before the last request had its answer, another request had written something */
};
void call_begin(struct call *c, const char *name);       /* with the folder's arguments; the server plays this name's answers */
/* the caller prepared the server; takes arguments over */
void call_begin_with(struct call *c, const char *name, struct json_object *arguments);
void call_end(struct call *c);
void call_note_request(struct server *s);        /* for server.on_request, so that had_written is known */
void call_commit(struct call *c);        /* as a poll that ended OK is committed */
#define _cleanup_call_ _cleanup_(call_end)

struct json_object *arguments_of(const char *name);
const char *wrong_call(const struct call *c);    /* "" or why nobody could live with how it ended, whatever it met */
char *told(const struct call *c);                /* "VERDICT: REASON"; malloced */

bool wait_until(bool (*condition)(void), int64_t usec);

/* --- The checks, each in a process of its own, but for check_kills() --- */

void check_plugin(void);                 /* loads it, and looks at its struct and options */
void check_start(void);
void check_poll(void);
void check_kills(const char *directory); /* for journals */
void check_hostile(void);
void check_writing(void);
void check_others(void);
void check_faults(void);
void check_blocking(void);
void check_stop(void);

#endif
