/* SPDX-License-Identifier: MIT
 *
 * io/loop.h over virtual time: nothing waits, and when no work is left the clock is set to the next timer, or to the next
 * event of the world.  Owns the daemon's timers and deferred work.
 */
#include "sim.h"

#include <errno.h>

#define SPIN_MAX 20000           /* turns of the loop without a timer or an event between */

struct loop {
        struct loop_timer **timers;      /* by time; few enough for a list */
        size_t n, allocated;
        struct loop_defer *first, **last, *running;
        bool exiting;
        int code;
        int turns;
};

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

static void renumber(struct loop *l, size_t from)
{
        for (size_t i = from; i < l->n; i++)
                l->timers[i]->index = i + 1;
}

void loop_timer_clear(struct loop *l, struct loop_timer *t)
{
        size_t i = t->index;

        if (!i)
                return;
        memmove(&l->timers[i - 1], &l->timers[i], (l->n - i) * sizeof *l->timers);
        l->n--;
        t->index = 0;
        renumber(l, i - 1);
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_usec)
{
        size_t i;

        loop_timer_clear(l, t);
        if (l->n == l->allocated) {
                l->allocated = MAX(l->allocated * 2, (size_t) 64);
                l->timers = xrealloc(l->timers, l->allocated * sizeof *l->timers);
        }
        for (i = l->n; i > 0 && l->timers[i - 1]->at_usec > at_usec; i--)
                ;
        memmove(&l->timers[i + 1], &l->timers[i], (l->n - i) * sizeof *l->timers);
        l->timers[i] = t;
        t->at_usec = at_usec;
        l->n++;
        renumber(l, i);
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

static bool unlink_defer(struct loop_defer **list, struct loop_defer *d, struct loop_defer ***last)
{
        for (; *list; list = &(*list)->next)
                if (*list == d) {
                        *list = d->next;
                        if (last && !*list)
                                *last = list;
                        return true;
                }
        return false;
}

void loop_undefer(struct loop *l, struct loop_defer *d)
{
        if (!d->queued)
                return;
        d->queued = false;
        if (!unlink_defer(&l->running, d, NULL))
                (void) unlink_defer(&l->first, d, &l->last);
}

static void turn(struct loop *l)
{
        l->running = TAKE_PTR(l->first);
        l->last = &l->first;
        while (l->running && !sim.crashed) {
                struct loop_defer *d = l->running;

                l->running = d->next;
                d->queued = false;
                d->fn(d);
        }
        sim.now += below(R_TIME, 100);
        if (++l->turns > SPIN_MAX) {
                oracle_spin("the loop turns without end");
                l->exiting = true;
        }
}

int loop_run(struct loop *l)
{
        while (!l->exiting && !sim.crashed) {
                int64_t timer;

                if (l->first) {
                        turn(l);
                        continue;
                }
                timer = l->n ? l->timers[0]->at_usec : USEC_INFINITY;
                if (timer > sim.until && !sim_events_before(sim.until)) {
                        sim.now = MAX(sim.now, sim.until);
                        return LOOP_UNTIL;
                }
                if (sim_events_before(timer)) {
                        l->turns = 0;
                        sim_run_event();
                        continue;
                }
                if (timer == USEC_INFINITY)
                        return -EDEADLK;
                if (timer > sim.now)
                        l->turns = 0;
                sim.now = MAX(sim.now, timer);
                while (l->n && l->timers[0]->at_usec <= sim.now && !sim.crashed) {
                        struct loop_timer *t = l->timers[0];

                        loop_timer_clear(l, t);
                        t->fn(t);
                }
                if (!l->first && ++l->turns > SPIN_MAX) {
                        oracle_spin("a timer is set to now without end");
                        l->exiting = true;
                }
        }
        return l->code;
}

void loop_exit(struct loop *l, int code)
{
        l->exiting = true;
        l->code = code;
}

/* --- What a simulated daemon has no use for --- */

int loop_io_add(struct loop *l _unused_, int fd _unused_, uint32_t events_wanted _unused_, const char *description _unused_,
                loop_io_fn fn _unused_, void *data _unused_, struct loop_io **ret _unused_)
{
        return -ENOSYS;
}

int loop_io_set(struct loop_io *io _unused_, uint32_t events_wanted _unused_)
{
        return -ENOSYS;
}

void loop_io_remove(struct loop_io *io _unused_)
{
}

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

void loop_notify(const char *state)
{
        daemon_notified(state);
}

int loop_watchdog(struct loop *l _unused_)
{
        return 0;
}
