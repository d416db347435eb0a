/* SPDX-License-Identifier: MIT
 *
 * New tickets that a helpdesk refuses until a person has mended something there: a right in a group, a queue that is not there, a
 * field that was made mandatory.  It is not asked for each of them again and again: after some refusals in a row those of the
 * channel wait together, about as long as after failures of an instance.  Owns what it knows of each such channel; a new start
 * finds it out again.  Called by filing and schedule; admin asks for it.
 */
#include "flow/internal.h"

#include "base/clock.h"
#include "base/log.h"

struct flow_blocked {
        struct flow_blocked *next;
        int64_t channel;
        unsigned refusals;               /* in a row */
        int64_t until_usec, refused_usec;        /* mono; the latter: when the wait began */
        char *reason;
};

static struct flow_blocked *find(const struct flow_instance *f, int64_t channel)
{
        struct flow_blocked *b = f->blocked;

        while (b && b->channel != channel)
                b = b->next;
        return b;
}

static const char *channel_name(const struct flow_instance *f, int64_t channel)
{
        const struct instance *i = host_find_id(f->instance->host, channel);

        return i ? i->name : "";
}

static void forget(struct flow_instance *f, struct flow_blocked *b)
{
        struct flow_blocked **place = &f->blocked;

        while (*place != b)
                place = &(*place)->next;
        *place = b->next;
        free(b->reason);
        free(b);
}

static void refused(struct flow_instance *f, int64_t channel, const struct mentiond_op *op)
{
        const struct instance_options *o = &f->instance->options;
        struct flow_blocked *b = find(f, channel);

        if (!b) {
                b = xcalloc(1, sizeof *b);
                *b = (struct flow_blocked) { .next = f->blocked, .channel = channel, .reason = xstrdup("") };
                f->blocked = b;
        }
        strset(&b->reason, op->reason);
        /* Those on their way when the wait began say no more than the first. */
        if (op->begun_usec < b->refused_usec || ++b->refusals < BLOCKED_AFTER)
                return;
        b->refused_usec = mono_usec();
        b->until_usec = b->refused_usec + backoff_usec(o->retry_usec, o->retry_max_usec, b->refusals - BLOCKED_AFTER);
        if (b->refusals == BLOCKED_AFTER)
                log_event(LOG_ERR, "no new tickets: a person is needed; mentions wait, and are tried again",
                          F("instance", f->instance->name), F("channel", channel_name(f, channel)), F("reason", b->reason));
}

void blocked_take(struct flow_instance *f, int64_t channel, const struct mentiond_op *op, int verdict)
{
        struct flow_blocked *b;

        if (verdict == MENTIOND_BLOCKED)
                refused(f, channel, op);
        if (verdict != MENTIOND_OK || !(b = find(f, channel)))
                return;
        if (b->until_usec)
                log_event(LOG_INFO, "new tickets are taken again", F("instance", f->instance->name),
                          F("channel", channel_name(f, channel)));
        forget(f, b);
}

int64_t blocked_until(const struct flow_instance *f, int64_t channel)
{
        const struct flow_blocked *b = find(f, channel);

        return b ? b->until_usec : 0;
}

const char *flow_blocked(const struct instance *helpdesk, const struct instance *channel)
{
        const struct flow_instance *f = helpdesk->flow;
        const struct flow_blocked *b = f ? find(f, channel->stored.id) : NULL;

        /* Where nothing has been tried any more when it was time to, nothing waits. */
        return b && b->until_usec && mono_usec() < b->until_usec + 2 * f->instance->options.retry_max_usec ? b->reason : NULL;
}

void blocked_free(struct flow_instance *f)
{
        while (f->blocked)
                forget(f, f->blocked);
}
