/* SPDX-License-Identifier: MIT
 *
 * Posting: an agent's reply becomes a post in the thread.  Owns nothing; one function is one attempt at one row, in a
 * task.  Text, key and the post to answer are frozen, and the intent is durable, before the request leaves.
 */
#include "flow/compose.h"
#include "flow/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "host/payload.h"

#include <errno.h>

#define CANDIDATES 50                    /* mentions of a thread that a reply of unknown fate may have answered */

struct posting {
        struct flow_instance *f;
        const struct store_row *row;
        struct mentiond_op op;
        struct store_thread thread;
        struct json_object *payload;
        struct store_kept mention;       /* that it answers */
        struct store_part part;
};

/* The reply as it would be as an answer to this mention. */
static bool consider(struct posting *g, int64_t mention_id)
{
        struct arena *a = g->op.arena;
        unsigned long long high, low;
        struct store_row mention;

        if (store_load(g->f->instance->host->store, a, mention_id, &mention) <= 0)
                return false;
        high = random_u64();             /* in this order with every compiler */
        low = random_u64();
        g->mention = mention.kept;
        g->part = (struct store_part) {
                .key = arena_printf(a, "mentiond-%016llx%016llx", high, low),
                .parent = mention.native_id,
                .text = compose_reply(a, mj_str(g->payload, "text"), g->mention.handle),
        };
        return true;
}

/* The post to answer is the thread's newest that was in the ticket when the reply was written; once there was an attempt, the one
 * that it answered: its author and audience are what the text and the visibility go by. */
static bool freeze(struct posting *g)
{
        struct store *s = g->f->instance->host->store;
        struct arena *a = g->op.arena;
        bool frozen = store_part(s, a, g->row->id, 0, &g->part) > 0;
        struct store_row mention;

        if (!frozen)
                return consider(g, store_last_mention(s, g->row->id));
        if (store_load(s, a, store_row_of(s, g->row->target, g->part.parent), &mention) <= 0)
                return false;
        g->mention = mention.kept;
        return true;
}

/* NULL, or why the reply cannot be posted as it is. */
static const char *objection(struct posting *g)
{
        const struct instance *i = g->f->instance;
        int64_t max = i->caps.length_max, attachments = mj_int(g->payload, "attachments", 0);
        uint64_t length = compose_length(i, g->part.text, g->mention.warning);

        if (i->options.length_max && (!max || i->options.length_max < max))
                max = i->options.length_max;
        if (!*mj_str(g->payload, "text"))
                return "the note has no text";
        if (attachments)
                return arena_printf(g->op.arena, "the note has %lld %s, and attachments cannot be posted yet", (long long) attachments,
                                    attachments == 1 ? "attachment" : "attachments");
        if (max > 0 && length > (uint64_t) max)
                return arena_printf(g->op.arena, "it has %llu characters as the network counts them, and %lld are allowed",
                                    (unsigned long long) length, (long long) max);
        return NULL;
}

static int act(struct posting *g, bool look, struct mentiond_posted *ret)
{
        const struct instance *i = g->f->instance;
        int64_t said = g->mention.visibility;
        int64_t visibility = said >= MENTIOND_PUBLIC && said <= MENTIOND_DIRECT ? said : MENTIOND_DIRECT;
        struct mentiond_post post = {
                .struct_size = sizeof post,
                /* Never wider than what it answers, and never into the public timelines. */
                .visibility = (uint32_t) MAX(visibility, (int64_t) MENTIOND_UNLISTED),
                .key = g->part.key,
                .text = g->part.text,
                .parent = g->part.parent,
                .root = g->thread.root,
                .warning = g->mention.warning,
                .language = g->mention.language,
                .tried_usec = g->row->tried_usec,
        };

        if (!look)
                return OP_CALL(&g->op, i->plugin->channel.post(&g->op, i->plugin_state, &post, ret));
        if (!i->plugin->channel.find)
                return mentiond_fail(&g->op, MENTIOND_UNKNOWN, "it may have been posted, and this network cannot be asked");
        return OP_CALL(&g->op, i->plugin->channel.find(&g->op, i->plugin_state, &post, ret));
}

static void attempt(struct posting *g, bool look)
{
        struct flow_instance *f = g->f;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        struct step s = { .row = g->row, .op = &g->op, .looked = look };
        struct store_row begun = *g->row;
        const char *wrong;
        int verdict, r;

        if (!look) {
                wrong = objection(g);
                if (wrong) {
                        step_refuse(f, g->row, wrong);
                        return;
                }
                r = store_begin(f->instance->host->store, g->row->id, STATE_SENDING, utc_usec(), &g->part);
                if (r == -ESTALE)
                        return;
                if (r < 0) {
                        log_event(LOG_ERR, "an attempt cannot begin", F("instance", f->instance->name), FI("id", g->row->id),
                                  F("reason", strerror(-r)));
                        budget_pause(&f->instance->budget, f->instance->options.retry_usec);
                        return;
                }
                begun.attempt++;
                s.row = &begun;
                crash_point(g->row->kind, STATE_SENDING);
        }
        verdict = act(g, look, &posted);
        if (verdict == MENTIOND_OK && isempty(posted.id))
                verdict = mentiond_fail(&g->op, MENTIOND_BUG, "the plugin did not say what it posted");
        else if (verdict == MENTIOND_OK && mentiond_is_posted(&g->op, posted.id))
                verdict = mentiond_fail(&g->op, MENTIOND_BUG, "the plugin took the post of another reply for it");
        s.verdict = op_judge(&g->op, verdict);
        s.id = posted.id;
        s.url = posted.url;
        s.ticket = g->thread.number;
        step_take(f, &s);
}

/* --- Replies that the journal has forgotten --- */

/* Which of the thread's mentions it answered is forgotten, too: each is asked for. */
static int look_everywhere(struct posting *g, struct mentiond_posted *ret)
{
        int64_t ids[CANDIDATES];
        int n = store_mentions(g->f->instance->host->store, g->row->thread, ids, CANDIDATES);
        bool unknown = false;

        for (int k = 0; k < n; k++) {
                int verdict = MENTIOND_UNKNOWN;

                if (consider(g, ids[k]))
                        verdict = act(g, true, ret);
                if (verdict == MENTIOND_UNKNOWN || verdict == MENTIOND_GONE)
                        unknown = true;
                else if (verdict != MENTIOND_ABSENT)
                        return verdict;
        }
        if (n <= 0 || n == CANDIDATES || unknown)
                return mentiond_fail(&g->op, MENTIOND_UNKNOWN, "it may have been posted before the store was restored, and that"
                                     " cannot be found out");
        /* What was written later, nobody can have posted. */
        if (g->row->created_usec <= store_lost_usec(g->f->instance->host->store))
                return mentiond_fail(&g->op, MENTIOND_UNKNOWN, "it was written before the store was restored, and is neither in the thread"
                                     " nor does the ticket say what became of it");
        return MENTIOND_ABSENT;
}

/* The ticket says what became of it; else the network does. */
static void recall(struct posting *g)
{
        struct flow_instance *f = g->f;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        struct step s = { .row = g->row, .op = &g->op, .looked = true, .ticket = g->thread.number };
        _cleanup_free_ char *reason = NULL;
        const char *state = "", *told = "the ticket says that this was so before the store was restored";
        int64_t wait_usec = 0;
        int fate = doubt_fate(f, g->row, &g->thread, &state, &reason, &wait_usec);

        op_begin(&g->op, f->instance, "find", OP_DEADLINE_USEC);
        g->payload = payload_parse(g->op.arena, g->row->payload);
        if (streq(state, STATE_DEAD)) {
                step_refuse(f, g->row, told);
        } else if (streq(state, STATE_WITHDRAWN)) {
                step_withdraw(f, g->row, told);
        } else if (streq(state, STATE_HELD)) {
                step_hold(f, g->row, told);
        } else if (fate == MENTIOND_OK || fate == MENTIOND_ABSENT || fate == MENTIOND_GONE) {
                s.verdict = look_everywhere(g, &posted);
                if (s.verdict == MENTIOND_OK && mentiond_is_posted(&g->op, posted.id))
                        s.verdict = mentiond_fail(&g->op, MENTIOND_UNKNOWN, "the post that it may be is that of another reply");
                s.verdict = op_judge(&g->op, s.verdict);
                if (s.verdict == MENTIOND_OK) {
                        s.id = posted.id;
                        s.url = posted.url;
                        s.part = &g->part;
                } else if (fate == MENTIOND_OK) {
                        s.verdict = MENTIOND_OK;         /* posted; where is not known any more */
                        g->op.reason = "";
                }
                step_take(f, &s);
        } else {
                bool later = fate != MENTIOND_UNKNOWN && fate != MENTIOND_REJECTED && fate != MENTIOND_BUG;

                g->op.throttled_usec = wait_usec;
                s.verdict = mentiond_fail(&g->op, later ? MENTIOND_RETRY : MENTIOND_UNKNOWN, "%s", strempty(reason));
                step_take(f, &s);
        }
        op_end(&g->op);
}

void posting_attempt(struct flow_instance *f, struct arena *a, const struct store_row *row)
{
        struct posting g = { .f = f, .row = row };
        int64_t hold_until = row->ready_usec + f->instance->options.hold_usec, now = steady_usec();
        bool look = streq(row->state, STATE_AMBIGUOUS);

        if (!look && row->attempt == 0 && hold_until > now && hold_until - now <= LONGEST_DELAY_USEC) {
                step_wait(f, row, hold_until);
                return;
        }
        if (!look && row->attempt == 0 && *row->reason) {
                step_hold(f, row, row->reason);          /* doubtful from the moment it was taken in */
                return;
        }
        if (look && store_part(f->instance->host->store, a, row->id, 0, &g.part) == 0
            && store_thread(f->instance->host->store, a, row->thread, &g.thread) > 0) {
                recall(&g);
                return;
        }
        op_begin(&g.op, f->instance, look ? "find" : "post", OP_DEADLINE_USEC);
        g.payload = payload_parse(g.op.arena, row->payload);
        if (store_thread(f->instance->host->store, g.op.arena, row->thread, &g.thread) <= 0 || !freeze(&g))
                step_hold(f, row, "there is no filed post that it could answer");
        else
                attempt(&g, look);
        op_end(&g.op);
}
