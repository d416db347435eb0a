/* SPDX-License-Identifier: MIT
 *
 * Posting: an agent's reply becomes a post in the thread.  Owns nothing; one function is one attempt at one row, in a
 * task.  Text, key and the post to answer are frozen, and the intent is durable, before the request leaves.
 */
#include "flow/draft.h"
#include "flow/internal.h"
#include "flow/review.h"
#include "flow/right.h"

#include "base/clock.h"
#include "base/command.h"
#include "base/crash.h"
#include "base/log.h"
#include "host/payload.h"

#include <mentiond/json.h>

#include <errno.h>

#define WINDOW_USEC USEC_PER_MINUTE      /* before a window closes a reply is not kept back any more */
#define COMMANDS_USEC (20 * USEC_PER_MSEC)       /* until those that were read are obeyed */
#define CANDIDATES 50                    /* mentions of a thread that a reply of unknown fate may have answered */

struct posting {
        struct flow_instance *f;
        const struct store_row *row;
        struct mentiond_op op;
        struct arena *arena;             /* of the attempt; the operation is a part of it */
        struct store_thread thread;
        struct json_object *payload;
        struct draft draft;
        struct store_part part;          /* the next to be posted */
        struct store_part *parts;        /* all, where they are not frozen yet */
        bool open;                       /* which post it answers is known better soon */
        int64_t tried_usec;              /* when the first attempt at this part began */
        struct mentiond_review review;
};

/* The reply as it would be as an answer to this mention. */
static bool consider(struct posting *g, int64_t mention_id)
{
        struct arena *a = g->arena;
        unsigned long long high, low;
        struct store_row mention;

        if (store_load(g->f->instance->host->store, a, mention_id, &mention) <= 0)
                return false;
        draft_make(&g->draft, g->f, a, g->row, &mention, g->payload);
        g->parts = arena_alloc(a, (g->draft.n + 1) * sizeof *g->parts);
        for (size_t k = 0; k < g->draft.n; k++) {
                high = random_u64();     /* in this order with every compiler */
                low = random_u64();
                g->parts[k] = (struct store_part) {
                        .number = (int64_t) k,
                        .key = arena_printf(a, "mentiond-%016llx%016llx", high, low),
                        .parent = k ? "" : mention.native_id,
                        .text = g->draft.posts[k],
                        .of = (int64_t) g->draft.n,
                };
        }
        g->part = g->parts[0];
        return true;
}

/* The author and the audience of what it answers are what the text and the visibility go by. */
static bool freeze(struct posting *g, bool frozen)
{
        struct store *s = g->f->instance->host->store;
        int64_t id = draft_mention(s, g->arena, g->row, &g->open);
        struct store_row mention;

        if (!frozen)
                return consider(g, id);
        if (store_load(s, g->arena, id, &mention) <= 0)
                return false;
        draft_make(&g->draft, g->f, g->arena, g->row, &mention, g->payload);
        return true;
}

static int act(struct posting *g, bool look, struct mentiond_posted *ret)
{
        const struct instance *i = g->f->instance;
        const struct draft *d = &g->draft;
        struct mentiond_post post = {
                .struct_size = sizeof post,
                .visibility = d->visibility,
                .key = g->part.key,
                .text = g->part.text,
                .parent = g->part.parent,
                .root = store_network_root(g->f->instance->host->store, g->arena, &g->thread),
                .warning = d->mention.kept.warning,
                .language = d->mention.kept.language,
                .tried_usec = g->tried_usec,
                .only = d->visibility == MENTIOND_DIRECT ? d->mention.kept.handle : "",
                .uploads = d->uploads,
                .n_uploads = g->part.number == 0 ? d->n_uploads : 0,
                .again = g->row->tried_usec != 0,
        };

        if (!look)
                return OP_CALL(&g->op, i->plugin->channel.post(&g->op, i->plugin_state, &post, ret));
        if (!i->plugin->channel.find)
                return mentiond_fail(&g->op, MENTIOND_UNKNOWN, "it may have been posted, and this network cannot be asked");
        return OP_CALL(&g->op, i->plugin->channel.find(&g->op, i->plugin_state, &post, ret));
}

/* What is recorded with a part that is out. */
static void tell_step(struct posting *g, struct step *s)
{
        struct store_part first;

        s->part_number = g->part.number;
        s->parts = g->part.of;
        s->more = g->part.number + 1 < g->part.of;
        if (s->more || s->verdict != MENTIOND_OK)
                return;
        draft_remember(&g->draft);
        s->said = g->draft.aside ? SAID_PRIVATE : g->draft.visibility == MENTIOND_DIRECT ? SAID_NOTHING : SAID_IN_PUBLIC;
        s->aside = g->draft.visibility == MENTIOND_DIRECT;
        s->closes = streq(mj_str(g->payload, "command"), command_word(COMMAND_CLOSE));
        if (g->part.number > 0 && store_part(g->f->instance->host->store, g->arena, g->row->id, 0, &first) > 0)
                s->told_url = first.url;
}

static void judge(struct posting *g, struct step *s, int verdict, const struct mentiond_posted *posted)
{
        if (verdict == MENTIOND_OK && isempty(posted->id))
                verdict = mentiond_fail(&g->op, MENTIOND_BUG, "the plugin did not say what it posted");
        else if (verdict == MENTIOND_OK && mentiond_is_posted(&g->op, posted->id))
                verdict = mentiond_fail(&g->op, MENTIOND_BUG, "the plugin took the post of another reply for it");
        s->verdict = op_judge(&g->op, verdict);
        s->id = posted->id;
        s->url = posted->url;
        s->ticket = g->thread.number;
        tell_step(g, s);
}

/* What was sent before, and found nowhere, may have arrived since: requests hang, and it may have waited for long.  False: it is
 * not there; else the row has gone its way. */
static bool has_arrived(struct posting *g)
{
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        struct step s = { .row = g->row, .op = &g->op, .looked = true };

        op_begin(&g->op, g->f->instance, "find", OP_DEADLINE_USEC);
        judge(g, &s, act(g, true, &posted), &posted);
        if (s.verdict != MENTIOND_ABSENT)
                step_take(g->f, &s);
        op_end(&g->op);
        return s.verdict != MENTIOND_ABSENT;
}

/* Whether what agents said of their replies is read, and not obeyed yet.  It waits then. */
static bool awaits_commands(const struct posting *g)
{
        struct host *host = g->f->instance->host;
        const struct instance *desk = host_find_id(host, g->thread.helpdesk);
        bool soon = desk && desk->state == INSTANCE_RUNNING;

        if (!store_command_waits(host->store, g->thread.helpdesk, g->thread.ticket, INT64_MAX, FLOW_QUICK_COMMANDS))
                return false;
        step_wait(g->f, g->row, steady_usec() + (soon ? COMMANDS_USEC : g->f->instance->options.retry_usec), NULL);
        return true;
}

static void attempt(struct posting *g, bool look, bool frozen)
{
        struct flow_instance *f = g->f;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        struct step s = { .row = g->row, .op = &g->op, .looked = look };
        struct store_row begun = *g->row;
        int r;

        if (!look && awaits_commands(g))
                return;
        if (!look) {
                g->tried_usec = g->tried_usec ? g->tried_usec : utc_usec();
                r = store_begin(f->instance->host->store, g->row->id, g->row->orders, STATE_SENDING, g->tried_usec,
                                frozen ? NULL : g->parts);
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
        judge(g, &s, act(g, look, &posted), &posted);
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
                        verdict = g->draft.n ? act(g, true, ret) : MENTIOND_ABSENT;      /* nobody could post it */
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
                return mentiond_fail(&g->op, MENTIOND_UNKNOWN,
                                     "it was written before the store was restored, and is neither in the thread"
                                     " nor does the ticket say what became of it");
        return MENTIOND_ABSENT;
}

/* The ticket says what became of it; else the network does. */
static void recall(struct posting *g)
{
        struct flow_instance *f = g->f;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        struct step s = { .row = g->row, .op = &g->op, .looked = true, .ticket = g->thread.number };
        const char *state = "", *reason = "", *told = "the ticket says that this was so before the store was restored";
        int64_t wait_usec = 0;
        int fate = doubt_fate(f, g->arena, g->row, &g->thread, &state, &reason, &wait_usec);

        op_begin(&g->op, f->instance, "find", OP_DEADLINE_USEC);
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
                if (s.verdict == MENTIOND_OK && g->draft.n > 1)
                        s.verdict = mentiond_fail(&g->op, MENTIOND_UNKNOWN,
                                                  "its first part is on the network, and whether the others are is not known");
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
                s.verdict = mentiond_fail(&g->op, later ? MENTIOND_RETRY : MENTIOND_UNKNOWN, "%s", reason);
                step_take(f, &s);
        }
        op_end(&g->op);
}

/* --- Before it goes --- */

/* Whether what the agent wrote still stands, and may go out.  False: the row has gone its way. */
static bool may_go(struct posting *g, bool frozen)
{
        const char *reason = "", *wrong = NULL;
        const struct mentiond_review *review = &g->review;
        bool internal = *mj_str(g->payload, "command");
        struct store_thread thread = g->thread;
        int64_t wait_usec = 0;
        int verdict;

        /* Where the conversation has none any more, somebody has deleted it, or not. */
        if (isempty(thread.ticket)) {
                thread.ticket = mj_str(g->payload, "ticket");
                thread.helpdesk = g->row->source;
        }
        verdict = review_article(g->f, g->arena, g->row, &thread, &g->review, &reason, &wait_usec);
        switch (verdict) {
        case MENTIOND_OK:
                if (review->standing == MENTIOND_TAKEN_BACK) {
                        step_withdraw(g->f, g->row, "the note is gone");
                        return false;
                }
                if (review->standing == MENTIOND_TURNED_INTERNAL && !internal) {
                        step_withdraw(g->f, g->row, "the note is internal now");
                        return false;
                }
                break;
        case MENTIOND_ABSENT:
                review = NULL;
                break;
        case MENTIOND_UNKNOWN:
        case MENTIOND_REJECTED:
        case MENTIOND_BUG:
                step_hold(g->f, g->row,
                          arena_printf(g->arena, "whether the note still stands could not be found out: %s", reason));
                return false;
        default:
                log_event(LOG_WARNING, "a reply waits until the helpdesk can be asked whether it stands",
                          F("instance", g->f->instance->name), FI("id", g->row->id), F("ticket", g->thread.number),
                          F("verdict", verdict_name(verdict)), F("reason", reason));
                step_wait(g->f, g->row, steady_usec() + MAX(wait_usec, g->f->instance->options.retry_usec), NULL);
                return false;
        }
        if (mj_int(g->payload, "attachments", 0))
                wrong = review ? draft_add_files(&g->draft, review->attachments, review->n_attachments)
                               : "the note has attachments, and this helpdesk cannot be asked for them";
        /* What was tried was looked at; but it may have been for the customer alone then. */
        if (!wrong && (!frozen || g->row->orders))
                wrong = draft_objection(&g->draft, review);
        if (wrong)
                step_hold(g->f, g->row, wrong);
        return !wrong;
}

/* Whether the network lets it go now.  False: it is held. */
static bool is_in_time(struct posting *g)
{
        const char *why = right_objection(g->arena, g->f->instance, &g->draft.mention, g->draft.aside);

        if (why && g->part.number > 0)
                why = arena_printf(g->arena, "of its %lld parts %lld are posted; then: %s", (long long) g->part.of,
                                   (long long) g->part.number, why);
        if (why)
                step_bar(g->f, g->row, why);
        return !why;
}

/* Whether it waits for its hold to be over. */
static bool waits(struct posting *g, bool ready)
{
        int64_t hold_usec = g->f->instance->options.hold_usec, until = g->row->ready_usec + hold_usec, now = steady_usec();
        int64_t left = ready ? right_left_usec(&g->draft.mention, g->draft.aside) : USEC_INFINITY;

        if (left != USEC_INFINITY)
                until = MIN(until, now + left - WINDOW_USEC);
        if (until <= now || until - now > LONGEST_DELAY_USEC)
                return false;
        step_wait(g->f, g->row, until, !ready || *g->row->reason ? NULL : draft_preview(&g->draft, until - now));
        return true;
}

void posting_attempt(struct flow_instance *f, struct arena *a, const struct store_row *row)
{
        struct posting g = { .f = f, .row = row, .arena = a, .tried_usec = row->tried_usec };
        struct store *s = f->instance->host->store;
        bool look = streq(row->state, STATE_AMBIGUOUS), frozen = store_part(s, a, row->id, STORE_NEXT_PART, &g.part) > 0, ready;

        if (!look && !isempty(row->halt)) {
                (streq(row->halt, STATE_HELD) ? step_hold : step_withdraw)(f, row, tell_halt(s, a, row, row->halt));
                return;
        }
        if (!look && !f->instance->plugin->channel.post) {
                step_withdraw(f, row, PAYLOAD_ONLY_WATCHED);
                return;
        }
        g.payload = payload_parse(a, row->payload);
        ready = store_thread(s, a, row->thread, &g.thread) > 0;
        if (look && !frozen && ready) {
                recall(&g);
                return;
        }
        ready = ready && freeze(&g, frozen);
        if (!look && !frozen && row->attempt == 0 && !row->approved) {
                if (waits(&g, ready))
                        return;
                if (*row->reason) {
                        step_hold(f, row, row->reason);  /* doubtful from the moment it was taken in */
                        return;
                }
        }
        if (!ready) {
                step_hold(f, row, "there is no filed post that it could answer");
                return;
        }
        /* Until that is filed, or not: it does not wait for replies. */
        if (!look && g.open) {
                step_wait(f, row, steady_usec() + f->instance->options.retry_usec, NULL);
                return;
        }
        /* Once the first part is out the others follow. */
        if (!look && g.part.number == 0 && !may_go(&g, frozen))
                return;
        if (!look && !is_in_time(&g))
                return;
        if (!look && row->absent && has_arrived(&g))
                return;
        op_begin(&g.op, f->instance, look ? "find" : "post", OP_DEADLINE_USEC);
        if (!look)                       /* what it asks before may take long */
                g.op.until_usec = right_until_usec(&g.draft.mention, g.draft.aside);
        attempt(&g, look, frozen);
        op_end(&g.op);
}
