/* SPDX-License-Identifier: MIT
 *
 * The event loop on sd-event, for everything above.  Owns the process's one sd_event, the heap of timers and
 * the queue of deferred work.  Called from the loop's thread only, but for loop_post().
 */
#include "io/loop.h"

#include "base/clock.h"
#include "base/counter.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#define TIMER_ACCURACY_USEC USEC_PER_MSEC

struct loop_signal {
        struct loop_signal *next;
        sd_event_source *source;
        void (*fn)(int signo, void *data);
        void *data;
};

struct loop {
        sd_event *event;
        sd_event_source *timer_source, *defer_source, *wakeup_source;
        int64_t armed_usec;              /* what the timer source is set to; USEC_INFINITY: off */
        int64_t awaited_usec;            /* when that may be at the earliest */

        struct loop_timer **heap;        /* from index 1; the earliest first */
        size_t n_heap, allocated;

        struct loop_defer *defer_first, **defer_last;   /* for the next turn */
        struct loop_defer *running;                      /* what is left of this one */

        struct loop_signal *signals;
        int wakeup_fd;
        void (*wakeup_fn)(void *data);
        void *wakeup_data;
};

struct loop_io {
        sd_event_source *source;
        int fd;
        loop_io_fn fn;
        void *data;
};

/* --- Timers: a binary heap, and one timer source that only ever moves forward in urgency --- */

static void heap_put(struct loop *l, size_t i, struct loop_timer *t)
{
        l->heap[i] = t;
        t->index = i;
}

static void heap_up(struct loop *l, size_t i)
{
        struct loop_timer *t = l->heap[i];

        for (; i > 1 && l->heap[i / 2]->at_usec > t->at_usec; i /= 2)
                heap_put(l, i, l->heap[i / 2]);
        heap_put(l, i, t);
}

static void heap_down(struct loop *l, size_t i)
{
        struct loop_timer *t = l->heap[i];

        for (;;) {
                size_t child = 2 * i;

                if (child > l->n_heap)
                        break;
                if (child < l->n_heap && l->heap[child + 1]->at_usec < l->heap[child]->at_usec)
                        child++;
                if (l->heap[child]->at_usec >= t->at_usec)
                        break;
                heap_put(l, i, l->heap[child]);
                i = child;
        }
        heap_put(l, i, t);
}

static void arm(struct loop *l)
{
        int64_t first = l->n_heap ? l->heap[1]->at_usec : USEC_INFINITY;

        if (first >= l->armed_usec)
                return;
        l->armed_usec = first;
        l->awaited_usec = MAX(first, mono_usec());
        (void) sd_event_source_set_time(l->timer_source, (uint64_t) MAX(first, INT64_C(0)));
        (void) sd_event_source_set_enabled(l->timer_source, SD_EVENT_ONESHOT);
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t at_usec)
{
        if (t->index) {
                int64_t before = t->at_usec;

                t->at_usec = at_usec;
                if (at_usec < before)
                        heap_up(l, t->index);
                else
                        heap_down(l, t->index);
        } else {
                if (l->n_heap + 1 >= l->allocated) {
                        l->allocated = MAX(l->allocated * 2, (size_t) 64);
                        l->heap = xrealloc(l->heap, l->allocated * sizeof *l->heap);
                }
                t->at_usec = at_usec;
                heap_put(l, ++l->n_heap, t);
                heap_up(l, l->n_heap);
        }
        arm(l);
}

void loop_timer_clear(struct loop *l, struct loop_timer *t)
{
        size_t i = t->index;
        struct loop_timer *last;

        if (!i)
                return;
        last = l->heap[l->n_heap--];
        t->index = 0;
        if (last == t)
                return;
        heap_put(l, i, last);
        heap_up(l, i);
        heap_down(l, last->index);
}

static int on_timer(sd_event_source *s _unused_, uint64_t usec _unused_, void *data)
{
        struct loop *l = data;
        int64_t now = mono_usec();

        l->armed_usec = USEC_INFINITY;
        counter_late(MAX(now - l->awaited_usec, INT64_C(0)));
        while (l->n_heap && l->heap[1]->at_usec <= now) {
                struct loop_timer *t = l->heap[1];

                loop_timer_clear(l, t);
                t->fn(t);
        }
        arm(l);
        return 0;
}

/* --- Deferred work --- */

void loop_defer(struct loop *l, struct loop_defer *d)
{
        if (d->queued)
                return;
        d->queued = true;
        d->next = NULL;
        *l->defer_last = d;
        l->defer_last = &d->next;
        (void) sd_event_source_set_enabled(l->defer_source, SD_EVENT_ONESHOT);
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
                (void) unlink_defer(&l->defer_first, d, &l->defer_last);
}

static int on_defer(sd_event_source *s _unused_, void *data)
{
        struct loop *l = data;

        l->running = TAKE_PTR(l->defer_first);
        l->defer_last = &l->defer_first;
        while (l->running) {
                struct loop_defer *d = l->running;

                l->running = d->next;
                d->queued = false;
                d->fn(d);
        }
        return 0;
}

/* --- Descriptors, signals, other threads --- */

static int on_io(sd_event_source *s _unused_, int fd, uint32_t events, void *data)
{
        struct loop_io *io = data;

        io->fn(fd, events, io->data);
        return 0;
}

int loop_io_add(struct loop *l, int fd, uint32_t events, const char *description, loop_io_fn fn, void *data,
                struct loop_io **ret)
{
        struct loop_io *io = xcalloc(1, sizeof *io);
        int r;

        *io = (struct loop_io) { .fd = fd, .fn = fn, .data = data };
        r = sd_event_add_io(l->event, &io->source, fd, events, on_io, io);
        if (r < 0) {
                free(io);
                return r;
        }
        (void) sd_event_source_set_description(io->source, description);
        *ret = io;
        return 0;
}

int loop_io_set(struct loop_io *io, uint32_t events)
{
        return sd_event_source_set_io_events(io->source, events);
}

void loop_io_remove(struct loop_io *io)
{
        if (!io)
                return;
        (void) sd_event_source_disable_unref(io->source);
        free(io);
}

static int on_signal(sd_event_source *s _unused_, const struct signalfd_siginfo *si, void *data)
{
        struct loop_signal *sig = data;

        sig->fn((int) si->ssi_signo, sig->data);
        return 0;
}

int loop_signal_add(struct loop *l, int signo, void (*fn)(int signo, void *data), void *data)
{
        struct loop_signal *sig;
        sigset_t set;
        int r;

        sigemptyset(&set);
        sigaddset(&set, signo);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        sig = xcalloc(1, sizeof *sig);
        *sig = (struct loop_signal) { .fn = fn, .data = data };
        r = sd_event_add_signal(l->event, &sig->source, signo, on_signal, sig);
        if (r < 0) {
                free(sig);
                return r;
        }
        (void) sd_event_source_set_description(sig->source, "signal");
        sig->next = l->signals;
        l->signals = sig;
        return 0;
}

static int on_wakeup(sd_event_source *s _unused_, int fd, uint32_t events _unused_, void *data)
{
        struct loop *l = data;
        uint64_t n;

        (void) !read(fd, &n, sizeof n);
        l->wakeup_fn(l->wakeup_data);
        return 0;
}

int loop_wakeup_add(struct loop *l, void (*fn)(void *data), void *data, int *ret_eventfd)
{
        int fd, r;

        fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0)
                return -errno;
        r = sd_event_add_io(l->event, &l->wakeup_source, fd, 1 /* EPOLLIN */, on_wakeup, l);
        if (r < 0) {
                close(fd);
                return r;
        }
        (void) sd_event_source_set_description(l->wakeup_source, "wake-up");
        l->wakeup_fd = fd;
        l->wakeup_fn = fn;
        l->wakeup_data = data;
        *ret_eventfd = fd;
        return 0;
}

void loop_post(int eventfd)
{
        uint64_t one = 1;

        (void) !write(eventfd, &one, sizeof one);
}

/* --- The loop itself --- */

int loop_new(struct loop **ret)
{
        _cleanup_(loop_freep) struct loop *l = xcalloc(1, sizeof *l);
        int r;

        l->wakeup_fd = -1;
        l->armed_usec = USEC_INFINITY;
        l->defer_last = &l->defer_first;
        r = sd_event_new(&l->event);
        if (r < 0)
                return r;
        r = sd_event_add_time(l->event, &l->timer_source, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_USEC, on_timer, l);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(l->timer_source, SD_EVENT_OFF);
        (void) sd_event_source_set_description(l->timer_source, "timers");
        r = sd_event_add_defer(l->event, &l->defer_source, on_defer, l);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(l->defer_source, SD_EVENT_OFF);
        (void) sd_event_source_set_description(l->defer_source, "deferred");
        *ret = TAKE_PTR(l);
        return 0;
}

void loop_free(struct loop *l)
{
        while (l->signals) {
                struct loop_signal *sig = l->signals;

                l->signals = sig->next;
                (void) sd_event_source_disable_unref(sig->source);
                free(sig);
        }
        (void) sd_event_source_disable_unref(l->wakeup_source);
        (void) sd_event_source_disable_unref(l->defer_source);
        (void) sd_event_source_disable_unref(l->timer_source);
        sd_event_unref(l->event);
        if (l->wakeup_fd >= 0)
                close(l->wakeup_fd);
        free(l->heap);
        free(l);
}

int loop_run(struct loop *l)
{
        return sd_event_loop(l->event);
}

void loop_exit(struct loop *l, int code)
{
        (void) sd_event_exit(l->event, code);
}

void loop_notify(const char *state)
{
        (void) sd_notify(0, state);
}

int loop_watchdog(struct loop *l)
{
        int r = sd_event_set_watchdog(l->event, true);

        return r < 0 ? r : 0;
}
