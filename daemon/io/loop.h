/* SPDX-License-Identifier: MIT
 * L1.  The event loop: sd-event beneath, and nobody else knows.  One loop, one thread; only loop_post() may be
 * called from another. */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/util.h"

struct loop;

int loop_new(struct loop **ret);                     /* 0 or -errno */
void loop_free(struct loop *l);
DEFINE_CLEANUP(struct loop *, loop_free)

int loop_run(struct loop *l);                        /* until loop_exit(); its code, or -errno */
void loop_exit(struct loop *l, int code);

/* Timers, embedded by their owners.  All share one timerfd that is armed for the earliest and never re-armed for
 * a later one: an early wake-up is cheaper than a system call per timer (perf.md: three times the CPU per
 * request).  A timer fires up to 1 ms late. */
struct loop_timer {
        int64_t at_usec;                 /* mono_usec() */
        size_t index;                    /* in the heap, from 1; 0: not set */
        void (*fn)(struct loop_timer *t);
};
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_usec);   /* also when it is set */
void loop_timer_clear(struct loop *l, struct loop_timer *t);                  /* also when it is not */

/* Something to do once, in the next turn of the loop, in the order of the calls.  Embedded. */
struct loop_defer {
        struct loop_defer *next;
        bool queued;
        void (*fn)(struct loop_defer *d);
};
void loop_defer(struct loop *l, struct loop_defer *d);                        /* no effect when queued */
void loop_undefer(struct loop *l, struct loop_defer *d);

/* A file descriptor; events as epoll(7).  The descriptor stays the caller's. */
struct loop_io;
typedef void (*loop_io_fn)(int fd, uint32_t events, void *data);
int loop_io_add(struct loop *l, int fd, uint32_t events, const char *description, loop_io_fn fn, void *data,
                struct loop_io **ret);
int loop_io_set(struct loop_io *io, uint32_t events);
void loop_io_remove(struct loop_io *io);

/* A signal, blocked for the process and read from the loop. */
int loop_signal_add(struct loop *l, int signo, void (*fn)(int signo, void *data), void *data);

/* Wakes the loop from any thread and calls fn there.  Set once. */
int loop_wakeup_add(struct loop *l, void (*fn)(void *data), void *data, int *ret_eventfd);
void loop_post(int eventfd);

/* Service manager: sd_notify(3), and its watchdog, fed by the loop from now on. */
void loop_notify(const char *state);
int loop_watchdog(struct loop *l);

#endif
