/* SPDX-License-Identifier: MIT
 *
 * io/loop.h over a clock that is set to the next timer when no work is left.  Owns timers and deferred work.
 */
#include "world.h"

#include <errno.h>

#define TURNS_MAX 200000         /* of one run: more is a loop without end */

struct loop {
        struct loop_timer **timers;      /* by time */
        size_t n, allocated;
        struct loop_defer *first, **last;
        bool exiting;
        int code;
};

int64_t world_now, world_until;

int loop_new(struct loop **ret)
{
        struct loop *l = xcalloc(1, sizeof *l);

        l->last = &l->first;
        *ret = l;
        return 0;
}

void loop_free(struct loop *l)
{
        free(l->timers);
        free(l);
}

size_t world_timers(const struct loop *l)
{
        return l->n;
}

void loop_timer_clear(struct loop *l, struct loop_timer *t)
{
        if (!t->index)
                return;
        l->n--;
        for (size_t i = t->index - 1; i < l->n; i++) {
                l->timers[i] = l->timers[i + 1];
                l->timers[i]->index = i + 1;
        }
        t->index = 0;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_usec)
{
        size_t i;

        loop_timer_clear(l, t);
        if (l->n == l->allocated) {
                l->allocated = MAX(l->allocated * 2, (size_t) 16);
                l->timers = xrealloc(l->timers, l->allocated * sizeof *l->timers);
        }
        for (i = l->n++; i > 0 && l->timers[i - 1]->at_usec > at_usec; i--) {
                l->timers[i] = l->timers[i - 1];
                l->timers[i]->index = i + 1;
        }
        l->timers[i] = t;
        t->at_usec = at_usec;
        t->index = i + 1;
}

void loop_defer(struct loop *l, struct loop_defer *d)
{
        if (d->queued)
                return;
        d->queued = true;
        d->next = NULL;
        *l->last = d;
        l->last = &d->next;
}

void loop_undefer(struct loop *l, struct loop_defer *d)
{
        if (!d->queued)
                return;
        for (struct loop_defer **p = &l->first; *p; p = &(*p)->next)
                if (*p == d) {
                        *p = d->next;
                        if (!*p)
                                l->last = p;
                        break;
                }
        d->queued = false;
}

int loop_run(struct loop *l)
{
        l->exiting = false;
        l->code = 0;
        for (size_t turns = 0; !l->exiting; turns++) {
                MUST(turns < TURNS_MAX);
                if (l->first) {
                        struct loop_defer *d = l->first;

                        l->first = d->next;
                        if (!l->first)
                                l->last = &l->first;
                        d->queued = false;
                        d->fn(d);
                } else if (l->n && l->timers[0]->at_usec <= world_until) {
                        struct loop_timer *t = l->timers[0];

                        world_now = MAX(world_now, t->at_usec);
                        loop_timer_clear(l, t);
                        t->fn(t);
                } else
                        return l->n ? -ETIME : -EDEADLK;
        }
        return l->code;
}

void loop_exit(struct loop *l, int code)
{
        l->exiting = true;
        l->code = code;
}

/* --- What nobody here needs --- */

int loop_signal_add(struct loop *l _unused_, int signo _unused_, void (*fn)(int signo, void *data) _unused_, void *data _unused_)
{
        return 0;
}

int loop_wakeup_add(struct loop *l _unused_, void (*fn)(void *data) _unused_, void *data _unused_, int *ret_eventfd _unused_)
{
        return -ENOSYS;
}

void loop_post(int eventfd _unused_)
{
}

void loop_notify(const char *state _unused_)
{
}

int loop_watchdog(struct loop *l _unused_)
{
        return 0;
}
