/* SPDX-License-Identifier: MIT
 *
 * Who works on what, and when.  Owns what flow keeps of each instance: its timers and the rows in flight.  At most
 * `parallel` rows of an instance are worked on at once; those of one thread one after the other (store: lanes).
 */
#include "flow/internal.h"

#include "base/clock.h"
#include "base/log.h"

#define LONGEST_SLEEP_USEC USEC_PER_HOUR        /* the clock of due times may jump; ours to wait by does not */

struct attempt {
        struct flow_instance *f;
        int64_t id;
        bool begun;                      /* by the commit that brought it */
};

/* --- Attempts --- */

static bool is_in_flight(const struct flow_instance *f, int64_t id)
{
        for (size_t n = 0; n < f->n_in_flight; n++)
                if (f->in_flight[n] == id)
                        return true;
        return false;
}

static void attempt_run(void *data)
{
        struct attempt *at = data;
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_row row;

        if (store_load(at->f->instance->host->store, a, at->id, &row) <= 0)
                return;
        if (!row.due_usec && !at->begun)
                return;          /* dropped meanwhile, or another step was quicker */
        if (streq(row.state, STATE_SHOWN))
                intake_release(at->f, &row);
        else if (streq(row.kind, KIND_REPLY))
                posting_attempt(at->f, a, &row);
        else if (streq(row.kind, KIND_COMMAND))
                obey_attempt(at->f, a, &row);
        else
                filing_attempt(at->f, a, &row);
}

static void attempt_done(void *data)
{
        _cleanup_free_ struct attempt *at = data;
        struct flow_instance *f = at->f;

        for (size_t n = 0; n < f->n_in_flight; n++)
                if (f->in_flight[n] == at->id) {
                        f->in_flight[n] = f->in_flight[--f->n_in_flight];
                        break;
                }
        flow_kick(f->instance);
}

static void start_attempt(struct flow_instance *f, int64_t id, bool begun)
{
        struct attempt *at = xcalloc(1, sizeof *at);

        *at = (struct attempt) { f, id, begun };
        f->in_flight[f->n_in_flight++] = id;
        instance_task(f->instance, attempt_run, attempt_done, at);
}

/* --- The pump --- */

static bool may_work(const struct flow_instance *f)
{
        return f->instance->state == INSTANCE_RUNNING && !f->flow->draining;
}

static bool has_room(const struct flow_instance *f)
{
        return f->n_in_flight + f->n_claimed < (size_t) f->instance->options.parallel;
}

static void wake_at(struct flow_instance *f, int64_t mono)
{
        loop_timer_set(f->instance->host->loop, &f->due_timer, MIN(mono, mono_usec() + LONGEST_SLEEP_USEC));
}

/* The time by which rows are due, and when the next one is.  Where the clock was years ahead, and is right again, the time
 * is when the first of them is. */
static int64_t due_now(const struct instance *i, int64_t *ret_next)
{
        int64_t now = steady_usec();

        *ret_next = store_next_due(i->host->store, i->stored.id, now);
        if (*ret_next != USEC_INFINITY && *ret_next - now > LONGEST_DELAY_USEC) {
                now = *ret_next;
                *ret_next = store_next_due(i->host->store, i->stored.id, now);
        }
        return now;
}

static void pump(struct flow_instance *f)
{
        struct instance *i = f->instance;
        size_t parallel = (size_t) i->options.parallel;
        int64_t ids[2 * 256], now, next;
        int n;

        if (!may_work(f) || doubt_awaits_links(i))
                return;
        if (budget_is_paused(&i->budget)) {
                wake_at(f, i->budget.pause_usec);
                return;
        }
        now = due_now(i, &next);
        /* Those in flight are due, too, until their first step is committed. */
        n = has_room(f) ? store_due(i->host->store, i->stored.id, now, f->turn++, ids, parallel + f->n_in_flight) : 0;
        if (n < 0)
                log_event(LOG_ERR, "the store cannot be read", F("instance", i->name), F("reason", strerror(-n)));
        for (int k = 0; k < n && has_room(f); k++)
                if (!is_in_flight(f, ids[k]))
                        start_attempt(f, ids[k], false);
        if (next != USEC_INFINITY)
                wake_at(f, mono_usec() + (next - now));
        if (instance_is_channel(i) && !f->placing && !f->place_timer.index)
                intake_place(f);
}

static void on_pump(struct loop_defer *d)
{
        pump(CONTAINER_OF(d, struct flow_instance, pump));
}

static void on_due(struct loop_timer *t)
{
        pump(CONTAINER_OF(t, struct flow_instance, due_timer));
}

static void on_poll_time(struct loop_timer *t)
{
        struct flow_instance *f = CONTAINER_OF(t, struct flow_instance, poll_timer);

        if (!may_work(f))
                return;
        if (budget_is_paused(&f->instance->budget))      /* since the timer was set */
                loop_timer_set(f->instance->host->loop, t, f->instance->budget.pause_usec);
        else
                intake_poll(f);
}

static void on_place_time(struct loop_timer *t)
{
        struct flow_instance *f = CONTAINER_OF(t, struct flow_instance, place_timer);

        if (may_work(f))
                intake_place(f);
}

size_t schedule_claim(struct instance *i, size_t n)
{
        struct flow_instance *f = i ? i->flow : NULL;

        /* Where others may be due, it waits for its turn as they do. */
        if (!f || !may_work(f) || budget_is_paused(&i->budget) || f->pump.queued || doubt_awaits_links(i))
                return 0;
        n = MIN(n, (size_t) i->options.parallel - f->n_in_flight - f->n_claimed);
        if (n == 0)
                return 0;
        f->n_claimed += n;
        instance_hold(i);
        return n;
}

/* Whatever became of the instance meanwhile: it is as if they had been under way already. */
void schedule_begun(struct instance *i, size_t claimed, const int64_t *ids, size_t n)
{
        struct flow_instance *f = i->flow;

        f->n_claimed -= claimed;
        for (size_t k = 0; k < n; k++)
                start_attempt(f, ids[k], true);
        flow_kick(i);
        instance_release(i);
}

void flow_kick(struct instance *i)
{
        struct flow_instance *f = i->flow;

        if (f)
                loop_defer(i->host->loop, &f->pump);
}

void flow_kick_helpdesks(struct flow *f)
{
        for (struct instance *i = f->host->instances; i; i = i->next)
                if (!instance_is_channel(i))
                        flow_kick(i);
}

void flow_kick_all(struct flow *f)
{
        for (struct instance *i = f->host->instances; i; i = i->next)
                flow_kick(i);
}

void flow_poll_now(struct instance *i)
{
        struct flow_instance *f = i->flow;

        if (f && may_work(f))
                intake_poll(f);
}

void flow_hint(struct instance *i)
{
        struct flow_instance *f = i->flow;

        if (f && may_work(f))            /* else it polls when it works again */
                intake_hint(f);
}

/* --- Instances come and go --- */

static void on_running(struct instance *i)
{
        struct flow_instance *f = i->flow;

        f->unread = true;
        flow_poll_now(i);
        flow_kick(i);
}

void flow_init(struct flow *f, struct host *h)
{
        *f = (struct flow) { .host = h };
        h->running = on_running;
}

void flow_attach(struct flow *f, struct instance *i)
{
        struct flow_instance *fi = xcalloc(1, sizeof *fi);

        fi->flow = f;
        fi->instance = i;
        fi->poll_timer.fn = on_poll_time;
        fi->due_timer.fn = on_due;
        fi->place_timer.fn = on_place_time;
        fi->pump.fn = on_pump;
        fi->in_flight = xcalloc((size_t) i->options.parallel, sizeof *fi->in_flight);
        i->flow = fi;
}

void flow_detach(struct instance *i)
{
        struct flow_instance *f = i->flow;
        struct loop *l = i->host->loop;

        if (!f)
                return;
        loop_timer_clear(l, &f->poll_timer);
        loop_timer_clear(l, &f->due_timer);
        loop_timer_clear(l, &f->place_timer);
        loop_undefer(l, &f->pump);
        blocked_free(f);
        free(f->in_flight);
        for (size_t n = 0; f->said && n < FLOW_SAID_MAX; n++)
                free(f->said[n].text);
        free(f->said);
        free(f);
        i->flow = NULL;
}

void flow_drain(struct flow *f)
{
        f->draining = true;
}

bool flow_is_idle(const struct flow *f)
{
        for (struct instance *i = f->host->instances; i; i = i->next)
                if (i->n_tasks)
                        return false;
        return true;
}
