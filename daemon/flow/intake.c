/* SPDX-License-Identifier: MIT
 *
 * Taking in: polls, and finding the thread of a mention where only the network can tell.  What a poll brought is
 * committed before anything else happens to it.
 */
#include "flow/internal.h"
#include "flow/right.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/crash.h"
#include "base/log.h"
#include "host/payload.h"

#include <mentiond/json.h>

/* Then, with the default of `retry` after ten minutes, the post that it answers stands for the root: later mentions must not
 * wait for ever. */
#define PLACE_TRIES 8

#define QUOTES_MAX 3             /* posts before a mention that its article quotes */

#define RELEASE_AGAIN_USEC USEC_PER_SEC

/* What we write ourselves makes hooks, too: between polls that were hinted at there is at least so much time, and as much as
 * the last one took. */
#define HINT_DISTANCE_USEC (250 * USEC_PER_MSEC)

#define AGAIN_USEC (100 * USEC_PER_MSEC)         /* before a poll that follows at once: also where a server makes nobody wait */

/* --- Polls --- */

static int call_poll(struct instance *i, struct mentiond_op *op)
{
        const struct plugin *p = i->plugin;

        int verdict = OP_CALL(op, p->head.kind == MENTIOND_CHANNEL ? p->channel.poll(op, i->plugin_state)
                                                                  : p->helpdesk.poll(op, i->plugin_state));

        /* Something that it emitted was not taken: its cursors would leave that out. */
        if (verdict == MENTIOND_OK && op->cut)
                verdict = mentiond_fail(op, op->cut, "%s", op->cut_reason);
        return verdict;
}

static int commit(struct mentiond_op *op, bool done, size_t *ret_new)
{
        struct instance *i = op->instance, *helpdesk = instance_is_channel(i) ? host_find_id(i->host, i->helpdesk_id) : NULL;
        size_t claimed = done && op->n_items ? schedule_claim(helpdesk, op->n_items) : 0;
        int r;

        op->begin_max = claimed;
        if (claimed)
                op->begun = arena_alloc(op->arena, claimed * sizeof *op->begun);
        r = op_commit(op, done, ret_new);
        if (claimed)
                schedule_begun(helpdesk, claimed, op->begun, op->n_begun);
        return r;
}

/* What is told of known posts is recorded first: it is told again until the cursors have moved. */
static int take_in(struct flow_instance *f, struct mentiond_op *op, bool done, size_t *ret_new)
{
        int r = op->emit_error ? op->emit_error : reread_told(f, op);

        return r < 0 ? r : commit(op, done, ret_new);
}

static void poll_once(struct flow_instance *f)
{
        struct instance *i = f->instance;
        _cleanup_op_ struct mentiond_op op;
        size_t n_new = 0;
        int verdict, r = 0;

        op_begin(&op, i, "poll", POLL_DEADLINE_USEC);
        verdict = call_poll(i, &op);
        /* What was shown once is kept, however the poll ended: some servers will not show it again (snac has a
         * window of 64).  The first poll only learns what is old, and must do so whole. */
        op_forget_page(&op);             /* before the disk is waited for */
        obey_owed(f, &op);
        crash_point(i->plugin->name, "polled");
        if (verdict == MENTIOND_OK || i->stored.polled)
                r = take_in(f, &op, verdict == MENTIOND_OK, &n_new);
        crash_point(i->plugin->name, "taken");
        if (r < 0)
                verdict = mentiond_fail(&op, MENTIOND_RETRY, "what was polled cannot be stored: %s", strerror(-r));
        verdict = op_judge(&op, verdict);
        if (verdict == MENTIOND_OK && !instance_is_channel(i))
                right_watch(f, &op);
        counter_add("polls", i->name, verdict_name(verdict), 1);
        if (verdict == MENTIOND_OK) {
                f->poll_failures = 0;
                f->unread = false;
                i->last_poll_usec = utc_usec();
                f->poll_again = op.poll_again;
                if (n_new)
                        log_event(LOG_INFO, "polled", F("instance", i->name), FI("new", (int64_t) n_new));
        } else if (i->state == INSTANCE_RUNNING) {
                f->poll_failures++;
                f->unread = true;
                log_event(LOG_WARNING, "poll failed", F("instance", i->name), F("verdict", verdict_name(verdict)),
                          FI("failures", f->poll_failures), F("reason", op.reason));
        }
}

static void poll_task(void *data)
{
        struct flow_instance *f = data;
        const struct instance *i = f->instance;

        /* Links first: what is said in a ticket that is not linked is passed over, and may not be shown again. */
        if (i->stored.behind && !instance_is_channel(i) && doubt_links(f) != MENTIOND_OK)
                f->poll_failures++;
        else if (!budget_is_paused(&i->budget))          /* meanwhile */
                poll_once(f);
}

static int64_t hinted_usec(const struct flow_instance *f)
{
        const struct budget *b = &f->instance->budget;
        int64_t distance = MAX(HINT_DISTANCE_USEC, f->poll_ended_usec - f->poll_begun_usec);

        return MAX(MAX(f->poll_ended_usec + distance, f->poll_after_usec), MAX(b->pause_usec, b->next_usec));
}

static void poll_done(void *data)
{
        struct flow_instance *f = data;
        struct instance *i = f->instance;
        int64_t now = mono_usec();

        f->polling = false;
        f->poll_ended_usec = now;
        f->poll_after_usec = f->poll_failures ? now + backoff_usec(i->options.retry_usec, i->options.retry_max_usec,
                                                                   MIN(f->poll_failures, 32u)) : now;
        if (i->state == INSTANCE_RUNNING) {
                int64_t next_usec = now
                                    + (f->poll_again ? MIN(AGAIN_USEC, i->options.poll_every_usec) : i->options.poll_every_usec);

                loop_timer_set(i->host->loop, &f->poll_timer, MAX(MAX(next_usec, f->poll_after_usec), i->budget.pause_usec));
                if (f->hinted)
                        flow_hint(i);
        }
        forget_sometimes(f);
        reread_sometimes(f);
        /* Mentions are for the channel to place, and for a helpdesk; replies for any channel. */
        if (instance_is_channel(i)) {
                flow_kick(i);
                flow_kick_helpdesks(f->flow);
        } else {
                flow_kick_all(f->flow);
        }
}

void intake_hint(struct flow_instance *f)
{
        if (f->polling)
                f->hinted = true;        /* it may have looked already where there is something new now */
        else if (hinted_usec(f) < f->poll_timer.at_usec)
                loop_timer_set(f->instance->host->loop, &f->poll_timer, hinted_usec(f));
}

void intake_poll(struct flow_instance *f)
{
        if (f->polling)
                return;
        f->polling = true;
        f->hinted = f->poll_again = false;
        f->poll_begun_usec = mono_usec();
        loop_timer_clear(f->instance->host->loop, &f->poll_timer);
        instance_task(f->instance, poll_task, poll_done, f);
}

void intake_release(struct flow_instance *f, const struct store_row *row)
{
        struct store *s = f->instance->host->store;
        const struct instance *channel = host_find_id(f->instance->host, row->source);
        const struct flow_instance *polls = channel ? channel->flow : NULL;
        const char *name = channel ? channel->name : "channel";
        int r;

        /* A poll that is under way may bring what is older. */
        r = polls && polls->polling ? store_delay_shown(s, row->source, steady_usec() + RELEASE_AGAIN_USEC)
                                    : store_release_shown(s, row->source);
        if (r < 0) {
                log_event(LOG_ERR, "what was polled cannot be filed yet", F("instance", name), F("reason", strerror(-r)));
                budget_pause(&f->instance->budget, f->instance->options.retry_usec);
        } else if (r > 0) {
                log_event(LOG_WARNING, "polls go on failing; what they brought is filed, and may come before older mentions",
                          F("instance", name), FI("new", r));
        }
        flow_kick_all(f->flow);
}

/* --- Placing --- */

/* The root of the thread as far as the journal or the network knows it, and the post that is answered. */
static const char *root_of(struct flow_instance *f, struct mentiond_op *op, const char *told, const char *parent)
{
        struct store *s = f->instance->host->store;
        char *root = NULL;

        for (size_t n = op->n_ancestors; n > 0 && !root; n--)
                root = store_root_of(s, f->instance->stored.id, op->ancestors[n - 1].id);
        if (!root && op->n_ancestors && *op->ancestors[0].parent)        /* not all were told */
                root = store_root_of(s, f->instance->stored.id, op->ancestors[0].parent);
        if (!root && !op->root && !*told && !op->n_ancestors)    /* it may have been placed since */
                root = store_root_of(s, f->instance->stored.id, parent);
        if (root)
                return arena_take(op->arena, root);
        return op->root ? op->root : *told ? told : op->n_ancestors ? op->ancestors[0].id : parent;
}

static int call_fetch(struct instance *i, struct mentiond_op *op, const char *id)
{
        return OP_CALL(op, i->plugin->channel.fetch(op, i->plugin_state, id));
}

/* What it answers: the root, which tells what it is about, and the nearest. */
static char *with_quotes(const struct mentiond_op *op, const char *payload)
{
        struct payload_quote quotes[QUOTES_MAX];
        size_t n = MIN(op->n_ancestors, (size_t) QUOTES_MAX), left_out = op->n_ancestors - n;

        for (size_t i = 0; i < n; i++) {
                const struct op_ancestor *one = &op->ancestors[i ? i + left_out : 0];

                quotes[i] = (struct payload_quote) { one->handle, one->name, one->text, one->url };
        }
        return n ? payload_with_quotes(payload, quotes, n, left_out) : xstrdup(payload);
}

/* 1: placed; 0: not now. */
static int place_one(struct flow_instance *f, int64_t id)
{
        struct instance *i = f->instance;
        _cleanup_op_ struct mentiond_op op;
        _cleanup_free_ char *payload = NULL;
        struct json_object *json;
        struct store_row row;
        const struct instance *desk;
        const char *parent, *root;
        int verdict = MENTIOND_GONE, r;

        op_begin(&op, i, "fetch", OP_DEADLINE_USEC);
        if (store_load(i->host->store, op.arena, id, &row) <= 0)
                return 0;
        desk = host_find_id(i->host, row.target);
        if (desk && doubt_awaits_links(desk))
                return 0;                /* of branches that have tickets of their own they tell */
        json = payload_parse(op.arena, row.payload);
        parent = mj_str(json, "parent");
        op.asked = row.native_id;
        if (i->plugin->channel.fetch)
                verdict = op_judge(&op, call_fetch(i, &op, row.native_id));
        if (verdict != MENTIOND_OK && verdict != MENTIOND_GONE && verdict != MENTIOND_REJECTED && verdict != MENTIOND_BUG) {
                f->place_failures = f->placing_id == id ? f->place_failures + 1 : 1;
                f->placing_id = id;
                if (f->place_failures < PLACE_TRIES || verdict == MENTIOND_AUTH || verdict == MENTIOND_CANCELED)
                        return 0;
                log_event(LOG_WARNING, "the thread of a mention cannot be read; it is filed with the post that it answers",
                          F("instance", i->name), FI("id", id), F("reason", op.reason));
        }
        payload = with_quotes(&op, row.payload);
        crash_point(row.kind, "place");
        root = root_of(f, &op, mj_str(json, "root"), isempty(parent) ? row.native_id : parent);
        r = store_place(i->host->store, id, root, payload);
        crash_point(row.kind, "placed");
        return r < 0 ? 0 : 1;
}

static void place_task(void *data)
{
        struct flow_instance *f = data;
        struct instance *i = f->instance;
        int64_t id;

        while (i->state == INSTANCE_RUNNING && !f->flow->draining && (id = store_unplaced(i->host->store, i->stored.id))) {
                if (!place_one(f, id)) {
                        int64_t delay = backoff_usec(i->options.retry_usec, i->options.retry_max_usec, f->place_failures);

                        loop_timer_set(i->host->loop, &f->place_timer,
                                       MAX(mono_usec() + delay, i->budget.pause_usec));
                        return;
                }
                f->place_failures = 0;
                flow_kick_all(f->flow);
        }
}

static void place_done(void *data)
{
        struct flow_instance *f = data;

        f->placing = false;
}

void intake_place(struct flow_instance *f)
{
        if (f->placing || !store_unplaced(f->instance->host->store, f->instance->stored.id))
                return;
        f->placing = true;
        loop_timer_clear(f->instance->host->loop, &f->place_timer);
        instance_task(f->instance, place_task, place_done, f);
}
