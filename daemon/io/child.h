/* SPDX-License-Identifier: MIT
 * L1.  Programs that run beside us and speak by lines: their standard input and output are pipes of ours, their standard
 * error is read line by line.  The rules:
 *
 *  - a child has a process group of its own, nothing of our environment and of our files, no core dumps, no new privileges,
 *    and limits; it is killed when we die
 *  - it is ended as a whole: its group gets SIGTERM, then SIGKILL; what is left of the group when the child itself has
 *    ended is killed, too
 *  - lines are bounded, and nothing is read while nobody takes them */
#ifndef IO_CHILD_H
#define IO_CHILD_H

#include "base/buffer.h"
#include "io/loop.h"

#include <sys/types.h>

#define CHILD_LINE_MAX (8 * 1024 * 1024)             /* as HTTP_BODY_MAX: a page of what a network shows */
#define CHILD_ERROR_LINE_MAX 2000                    /* bytes of a line of standard error; the rest of it is left out */
#define CHILD_LEAVE_USEC (500 * USEC_PER_MSEC)       /* from the end of its input to SIGTERM */
#define CHILD_TERM_USEC USEC_PER_SEC                 /* from SIGTERM to SIGKILL */

struct child;

struct child_setup {
        const char *const *arguments;    /* NULL-terminated; the first is the program's path */
        const char *const *environment;  /* "NAME=value", NULL-terminated: all that it gets */
        const char *directory;           /* where it runs */
        uint64_t memory_max;             /* bytes of memory that one process of it may have (RLIMIT_DATA); 0: no limit */
        int64_t cpu_max_usec;            /* CPU time that one process of it may take, in whole seconds; 0: no limit */
};

/* All are called from the loop. */
struct child_listener {
        /* A line of standard output, without its end; text is NUL-terminated behind size bytes, and lives as long as the call.
         * NULL: it was longer than CHILD_LINE_MAX, and no more is read. */
        void (*line)(void *data, const char *text, size_t size);
        void (*error_line)(void *data, const char *text);
        /* It has ended, and all its lines were told; child_fate() is known.  It may be freed from here. */
        void (*end)(void *data);
};

/* 0 or -errno.  That the program cannot be executed is its fate, and told as its end. */
int child_start(struct loop *l, const struct child_setup *s, const struct child_listener *listener, void *data,
                struct child **ret);

/* Kills its group if it still runs.  Not from within line() or error_line(). */
void child_free(struct child *c);
DEFINE_CLEANUP(struct child *, child_free)

pid_t child_pid(const struct child *c);

/* To its standard input, as soon as it reads.  What was written can be told from what only waits: bytes since the start. */
void child_write(struct child *c, const void *data, size_t size);
uint64_t child_queued(const struct child *c);
uint64_t child_written(const struct child *c);

/* No line is told from now on until the release; also from within line(). */
void child_hold(struct child *c);
void child_release(struct child *c);

/* Ends it: at once by SIGTERM; or politely, by the end of its input first.  May be called again. */
void child_end(struct child *c, bool politely);

/* How it ended, behind "it": "ended with status 1", "was killed by signal 9 (Killed)", "cannot be executed: ...". */
const char *child_fate(const struct child *c);

#endif
