/* SPDX-License-Identifier: MIT
 * L1.  Tasks: stackful coroutines on the loop.  A function marked "waits" suspends the task that calls it and
 * must be called from one; what another task can change may have changed when it returns. */
#ifndef IO_TASK_H
#define IO_TASK_H

#include "io/loop.h"

struct task;
typedef void (*task_fn)(void *data);

#define TASK_STACK_SIZE (256 * 1024)                 /* mapped, committed as touched; a guard page below */

/* Starts fn(data) in the next turn of the loop.  done(data), if given, runs outside of the task after it has
 * returned and its stack is free for reuse.  The name must outlive the task. */
struct task *task_start(struct loop *l, const char *name, task_fn fn, task_fn done, void *data);

struct task *task_self(void);                        /* NULL outside of a task */
struct loop *task_loop(struct task *t);
const char *task_name(const struct task *t);

/* Waits until task_wake().  0; -ECANCELED at once and ever after task_cancel(); -ETIME at once and ever after the
 * deadline. */
int task_wait(void);

/* Waits until task_wake(), come what may: for work that must not be abandoned. */
void task_wait_always(void);

/* Makes a waiting task run in the next turn.  No effect on one that is not waiting. */
void task_wake(struct task *t);

int task_sleep_until(int64_t mono_usec);             /* waits; 0, -ECANCELED or -ETIME */

void task_cancel(struct task *t);
void task_set_deadline(struct task *t, int64_t mono_usec);   /* USEC_INFINITY: none */
int task_interrupted(void);                          /* 0, -ECANCELED or -ETIME, of the calling task */

void task_yield(void);                               /* lets the others run; waits, come what may */
int64_t task_ran_usec(void);                         /* for how long the calling task has not waited */

/* The calling task runs somebody else's code from now on, or, with 0, no more.  While it runs, and not while it waits,
 * the mark stands in the place that task_mark_at() named.  Outside of a task it stands there until the next call. */
void task_mark(uint32_t mark);
void task_mark_at(uint32_t *place);                  /* NULL: nowhere */

/* Called after each stretch a task ran for without waiting; for the watch on plugins that block. */
void task_set_monitor(void (*fn)(const char *name, int64_t ran_usec));

/* Frees pooled stacks. */
void task_cleanup(void);

#endif
