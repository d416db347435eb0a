/* SPDX-License-Identifier: MIT
 *
 * Forgetting: when what is done leaves the journal (store/forget.c).  Owns when that is, and how far it came; all of it can
 * be lost.  Called by intake after polls, for then the daemon is awake.
 */
#include "flow/internal.h"

#include "base/clock.h"
#include "base/log.h"

#define TIMES 30                         /* as often as this within the time that rows are kept */
#define BREATH_USEC (20 * USEC_PER_MSEC) /* for others, between some hundred rows and the next */

static int64_t interval(const struct flow *f)
{
        return MIN(MAX(f->host->forget_after_usec / TIMES, USEC_PER_MINUTE), USEC_PER_DAY);
}

static void forget_task(void *data)
{
        struct flow_instance *f = data;
        struct flow *flow = f->flow;
        int64_t now = utc_usec(), before = now - flow->host->forget_after_usec, n = 0;
        int r;

        do {
                r = store_forget(flow->host->store, before, now - MIN(flow->host->reread_for_usec, flow->host->forget_after_usec),
                                 &flow->forget_at);
                n += MAX(r, 0);
        } while (r >= 0 && flow->forget_at && !flow->draining && f->instance->state == INSTANCE_RUNNING &&
                 task_sleep_until(mono_usec() + BREATH_USEC) == 0);
        if (r < 0)
                log_event(LOG_WARNING, "what is done stays in the journal for now", F("reason", strerror(-r)));
        else if (n)
                log_event(LOG_INFO, "forgotten", FI("rows", n));
        if (r < 0 || !flow->forget_at)   /* else the next goes on */
                flow->forget_next_usec = mono_usec() + interval(flow);
}

static void forget_done(void *data)
{
        struct flow_instance *f = data;

        f->flow->forgetting = false;
}

void forget_sometimes(struct flow_instance *f)
{
        struct flow *flow = f->flow;

        if (!flow->host->forget_after_usec || flow->forgetting || flow->draining || f->instance->state != INSTANCE_RUNNING ||
            mono_usec() < flow->forget_next_usec)
                return;
        for (const struct instance *i = flow->host->instances; i; i = i->next)
                if (i->stored.behind)
                        return;          /* what it still learns may be about all that it knows */
        flow->forgetting = true;
        instance_task(f->instance, forget_task, forget_done, f);
}
