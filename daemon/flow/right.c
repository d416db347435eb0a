/* SPDX-License-Identifier: MIT
 *
 * The right to answer.  Owns its words, and the alarm before a window closes.  Called by filing, posting, obey and reread, and by
 * intake after polls of helpdesks, for then it is known what agents have written.  Nothing that an agent says overrules it.
 */
#include "flow/right.h"

#include "flow/draft.h"
#include "flow/internal.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/text.h"
#include "host/payload.h"

#define ALARMS_AT_ONCE 20                /* of a channel, after one poll; the next has the others */

/* To the minute, and rounded down. */
static const char *say_time(struct arena *a, int64_t usec)
{
        return arena_printf(a, "%.16s UTC", arena_take(a, text_format_time(usec)));
}

/* In a sentence that goes on behind it. */
static const char *because(struct arena *a, const struct store_right *r)
{
        size_t n = strlen(r->reason);

        while (n > 0 && r->reason[n - 1] == '.')
                n--;
        return n ? arena_printf(a, ": %.*s", (int) n, r->reason) : "";
}

static bool is_over(const struct store_right *r)
{
        return r->until_usec <= utc_usec();
}

const char *right_line(struct arena *a, const struct store_right *r)
{
        const char *why = because(a, r);

        switch (r->right) {
        case MENTIOND_MAY_REPLY:
                return "";
        case MENTIOND_REPLY_UNTIL:
                return arena_printf(a, is_over(r) ? "It could be answered until %s%s." : "You may answer until %s%s.",
                                    say_time(a, r->until_usec), why);
        case MENTIOND_REPLY_SUMMONED:
                return arena_printf(a, "It cannot be answered unless its author calls the account%s.", why);
        default:
                return arena_printf(a, "It cannot be answered%s.", why);
        }
}

int64_t right_until_usec(const struct store_row *mention, bool aside)
{
        const struct store_right *r = &mention->kept.right;

        return !aside && r->right == MENTIOND_REPLY_UNTIL ? r->until_usec : 0;
}

int64_t right_left_usec(const struct store_row *mention, bool aside)
{
        const struct store_right *r = &mention->kept.right;

        if (aside || r->right == MENTIOND_MAY_REPLY)
                return USEC_INFINITY;
        return r->right == MENTIOND_REPLY_UNTIL ? MAX(r->until_usec - utc_usec(), INT64_C(0)) : 0;
}

const char *right_objection(struct arena *a, const struct instance *channel, const struct store_row *mention, bool aside)
{
        const struct store_right *r = &mention->kept.right;
        static const struct store_row in_private = { .kept.visibility = MENTIOND_DIRECT };
        const char *why = because(a, r), *what;

        if (right_left_usec(mention, aside) > 0)
                return NULL;
        if (r->right == MENTIOND_REPLY_UNTIL)
                what = arena_printf(a, "the post that it answers could be answered until %s%s", say_time(a, r->until_usec), why);
        else if (r->right == MENTIOND_REPLY_SUMMONED)
                what = arena_printf(a,
                                    "%s has not called the account in the post that it answers%s. Once that has happened, a new "
                                    "note can be written",
                                    mention->kept.handle, why);
        else
                what = arena_printf(a, "the post that it answers cannot be answered%s", why);
        if (!draft_is_aside(&in_private, mention) || !(channel->caps.flags & MENTIOND_CAN_DIRECT))
                return what;
        return arena_printf(a, "%s. \"!dm\" says it in private", what);
}

/* --- The alarm --- */

static void tell(struct flow_instance *f, const struct instance *channel, int64_t id)
{
        struct store *s = f->instance->host->store;
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct mentiond_note note = { .struct_size = sizeof note, .subject = "Answer in time", .article = "" };
        struct store_row row;
        int64_t left;
        int r;

        if (store_load(s, a, id, &row) <= 0)
                return;
        left = right_left_usec(&row, false) / USEC_PER_MINUTE;
        note.url = row.result_url;
        note.text = arena_printf(a, "The post of %s is not answered, and can be for %lld minute%s only.\n%s", row.kept.handle,
                                 (long long) left, left == 1 ? "" : "s", right_line(a, &row.kept.right));
        r = store_tell_window(s, id,
                              arena_printf(a, "note:window:%lld:%lld", (long long) id, (long long) row.kept.right.until_usec),
                              arena_take(a, payload_of_note(&note)), steady_usec());
        if (r < 0) {
                log_event(LOG_WARNING, "nobody can be told yet that a post cannot be answered for long",
                          F("instance", channel->name), FI("id", id), F("reason", strerror(-r)));
                return;
        }
        counter_add("alarms", channel->name, "", 1);
        log_event(LOG_WARNING, "a post is not answered, and cannot be for long", F("instance", channel->name), FI("id", id),
                  FI("thread", row.thread), FI("minutes", left));
}

static void watch(struct flow_instance *f, const struct instance *channel)
{
        struct store *s = f->instance->host->store;
        int64_t ids[ALARMS_AT_ONCE], now = utc_usec(), before = now + channel->options.window_alarm_usec;
        bool ended;
        int n = store_windows(s, channel->stored.id, now, before, ids, ALARMS_AT_ONCE, &ended);

        for (int k = 0; k < n; k++)
                tell(f, channel, ids[k]);
        if (ended && store_end_windows(s, channel->stored.id, now, before) < 0)
                log_event(LOG_WARNING, "what is answered cannot be recorded yet", F("instance", channel->name));
}

void right_watch(struct flow_instance *f, const struct mentiond_op *op)
{
        struct instance *i = f->instance;

        for (size_t n = 0; n < op->n_closed; n++)
                if (store_close_windows(i->host->store, i->stored.id, op->closed[n].ticket, op->closed[n].usec) < 0)
                        log_event(LOG_WARNING, "that a ticket was closed cannot be recorded yet", F("instance", i->name));
        for (struct instance *channel = i->host->instances, *next; channel; channel = next) {
                instance_hold(channel);  /* so that it is in the list until there is a next */
                if (instance_is_channel(channel) && channel->helpdesk_id == i->stored.id)
                        watch(f, channel);
                next = channel->next;
                instance_release(channel);
        }
}
