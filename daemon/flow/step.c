/* SPDX-License-Identifier: MIT
 *
 * The state machine: where a row of the journal goes, by the verdict on what was tried.  Owns nothing.  Called by
 * filing and posting at the end of each attempt.
 *
 *     mention, note:  new     -> filing  -> filed        reply:  waiting -> sending -> posted
 *
 * A mention begins in filing where there is room for it when it comes: one commit says both (schedule_claim()).
 *
 * From the middle states: back (RETRY, THROTTLED, AUTH), to ambiguous, held or dead.  From ambiguous, by find():
 * done; back, once two looks with time between them found nothing; held, if it cannot be found out.
 */
#include "flow/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#include <errno.h>

#define RECORD_AGAIN_USEC USEC_PER_SEC

/* A server that takes a request and does not have the result is not asked for ever: each try may leave something that a
 * person has to clean up.  In public that is worse than in a helpdesk that is out of order for some hours. */
#define SENDS_MAX 3
#define FILINGS_MAX 30

struct next {
        const char *state;
        int64_t delay_usec;
        enum tell tell;
        bool saw_absent, unlink, goes_on;
        const char *reason;              /* where the operation gave none */
};

static bool is_reply(const struct store_row *row)
{
        return streq(row->kind, KIND_REPLY);
}

static const char *ready_state(const struct store_row *row)
{
        return is_reply(row) || streq(row->kind, KIND_COMMAND) ? STATE_WAITING : STATE_NEW;
}

static const char *done_state(const struct store_row *row)
{
        return is_reply(row) ? STATE_POSTED : STATE_FILED;
}

static int64_t backoff(const struct flow_instance *f, const struct store_row *row)
{
        return backoff_usec(f->instance->options.retry_usec, f->instance->options.retry_max_usec,
                            (unsigned) MIN(row->attempt, INT64_C(32)));
}

/* A ticket that was deleted under a conversation: it goes on in a new one. */
static struct next without_ticket(const struct flow_instance *f, const struct store_row *row)
{
        if (streq(row->kind, KIND_NOTE))
                return (struct next) { .state = STATE_DROPPED };
        return (struct next) { .state = STATE_NEW, .delay_usec = backoff(f, row), .unlink = true };
}

static struct next after_success(const struct step *s)
{
        if (s->more)
                return (struct next) { .state = STATE_WAITING };
        return (struct next) { .state = done_state(s->row), .tell = s->aside ? TELL_POSTED_ASIDE : TELL_POSTED };
}

static struct next after_attempt(const struct flow_instance *f, const struct step *s)
{
        const struct store_row *row = s->row;

        switch (s->verdict) {
        case MENTIOND_OK:
                return after_success(s);
        case MENTIOND_RETRY:
        case MENTIOND_BLOCKED:
                return (struct next) { .state = ready_state(row), .delay_usec = backoff(f, row), .tell = TELL_DELAYED };
        case MENTIOND_THROTTLED:
                return (struct next) { .state = ready_state(row), .delay_usec = s->op->throttled_usec, .tell = TELL_DELAYED };
        case MENTIOND_AUTH:
                return (struct next) { .state = ready_state(row), .tell = TELL_DELAYED };
        case MENTIOND_CANCELED:
                if (s->op->unsent)
                        return (struct next) { .state = ready_state(row), .delay_usec = backoff(f, row) };
                return (struct next) { .state = STATE_AMBIGUOUS };
        case MENTIOND_AMBIGUOUS:
                return (struct next) { .state = STATE_AMBIGUOUS };
        case MENTIOND_GONE:
                if (s->goes_on)
                        return (struct next) { .state = STATE_NEW, .goes_on = true };
                if (!is_reply(row))
                        return without_ticket(f, row);
                return (struct next) { .state = STATE_DEAD, .tell = TELL_REFUSED };
        case MENTIOND_REJECTED:
                return (struct next) { .state = STATE_DEAD, .tell = TELL_REFUSED };
        default:
                return (struct next) { .state = STATE_HELD, .tell = TELL_HELD };
        }
}

static struct next after_look(const struct flow_instance *f, const struct step *s)
{
        const struct store_row *row = s->row;

        switch (s->verdict) {
        case MENTIOND_OK:
                return after_success(s);
        case MENTIOND_ABSENT: {
                int64_t absent = row->absent + 1, most = STORE_LOOKS * (is_reply(row) ? SENDS_MAX : FILINGS_MAX);

                if (absent >= most)
                        return (struct next) { .state = STATE_HELD, .tell = TELL_HELD, .saw_absent = true,
                                               .reason = "it was sent several times, and is still not there" };
                if (absent % STORE_LOOKS)
                        return (struct next) { .state = STATE_AMBIGUOUS, .saw_absent = true,
                                               .delay_usec = f->instance->options.settle_usec };
                return (struct next) { .state = ready_state(row), .saw_absent = true,
                                       .delay_usec = absent > STORE_LOOKS ? backoff(f, row) : 0 };
        }
        case MENTIOND_RETRY:
        case MENTIOND_AMBIGUOUS:
        case MENTIOND_THROTTLED:
        case MENTIOND_BLOCKED:
                return (struct next) { .state = STATE_AMBIGUOUS, .delay_usec = MAX(backoff(f, row), s->op->throttled_usec),
                                       .tell = TELL_DELAYED };
        case MENTIOND_AUTH:
        case MENTIOND_CANCELED:
                return (struct next) { .state = STATE_AMBIGUOUS };
        case MENTIOND_GONE:
                /* Of a reply it says that the post which it answers is gone, not whether it was posted. */
                if (!is_reply(row))
                        return without_ticket(f, row);
                return (struct next) { .state = STATE_HELD, .tell = TELL_HELD };
        default:
                return (struct next) { .state = STATE_HELD, .tell = TELL_HELD };
        }
}

static void log_step(const struct flow_instance *f, const struct step *s, const struct next *n, const char *reason)
{
        const struct store_row *row = s->row;
        bool good = s->verdict == MENTIOND_OK || s->verdict == MENTIOND_ABSENT || n->goes_on;
        bool person = streq(n->state, STATE_DEAD) || streq(n->state, STATE_HELD)
                      || (s->verdict == MENTIOND_BLOCKED && row->attempt >= BLOCKED_AFTER);

        log_event(good ? LOG_INFO : person ? LOG_ERR : LOG_WARNING, n->state,
                  F("instance", f->instance->name), F("kind", row->kind), FI("id", row->id), FI("thread", row->thread),
                  F("ticket", s->ticket), F("operation", s->op->name), FI("attempt", row->attempt),
                  F("verdict", verdict_name(s->verdict)), FI("delay_ms", n->delay_usec / USEC_PER_MSEC), F("reason", reason));
}

static void record(struct flow_instance *f, const struct store_row *row, const struct store_move *m)
{
        int r = store_move(f->instance->host->store, m);

        if (r < 0 && r != -ESTALE)
                log_event(LOG_ERR, "a step cannot be recorded yet", F("instance", f->instance->name), FI("id", row->id),
                          F("state", m->state), F("reason", strerror(-r)));
        /* What has happened must not be forgotten because a disk is full.  If mentiond ends before there is room, the row
         * is found on its way at the next start, and looked for. */
        task_set_deadline(task_self(), USEC_INFINITY);
        while (r < 0 && r != -ESTALE && task_sleep_until(mono_usec() + RECORD_AGAIN_USEC) == 0)
                r = store_move(f->instance->host->store, m);
        crash_point(row->kind, m->state);
        /* The next of its lane is for the same instance, and a note for a helpdesk. */
        flow_kick(f->instance);
        if (m->note_key)
                flow_kick_helpdesks(f->flow);
}

static const char *why(const struct step *s, const struct next *n)
{
        /* That it is not there is what was asked for: how the network says so is no reason, where we have one. */
        bool ours = isempty(s->op->reason) || (s->verdict == MENTIOND_ABSENT && !isempty(n->reason));
        const char *reason = ours ? strempty(n->reason) : s->op->reason;

        if (s->verdict == MENTIOND_OK || s->part_number == 0)
                return reason;
        return arena_printf(s->op->arena, "of its %lld parts %lld are posted%s%s", (long long) s->parts,
                            (long long) s->part_number, *reason ? "; then: " : "", reason);
}

void step_take(struct flow_instance *f, const struct step *s)
{
        struct next n = s->looked ? after_look(f, s) : after_attempt(f, s);
        const char *reason = why(s, &n);
        int64_t now = steady_usec();
        bool ok = s->verdict == MENTIOND_OK;
        /* An article that was made, and may not be where it should: replies from before it are told by its id. */
        const char *made = s->verdict == MENTIOND_AMBIGUOUS && !s->looked && !is_reply(s->row) && !isempty(s->id) ? s->id : NULL;
        struct store_move m = {
                .id = s->row->id,
                .state = n.state,
                .due_usec = now + n.delay_usec,
                .saw_absent = n.saw_absent,
                /* The row is as it was before the attempt. */
                .refused = !s->looked && !s->row->tried_usec && streq(n.state, STATE_DEAD),
                .reason = ok ? "" : reason,
                .result_id = ok ? strempty(s->id) : made,
                .result_url = ok ? strempty(s->url) : NULL,
                .link = s->link,
                .link_was = s->link_was,
                .found = s->looked,
                .part = ok ? s->part : NULL,
                .card_usec = ok ? s->card_usec : 0,
                .unlink = n.unlink,
                .goes_on = n.goes_on,
                .part_number = s->part_number,
                .more = ok && s->more,
                .said = s->said,
                .reread_usec = ok ? s->reread_usec : 0,
                .now_usec = now,
        };

        if (is_reply(s->row))
                tell_agent(&m, s->op->arena, s->row, n.tell, ok ? strempty(s->told_url ? s->told_url : s->url) : reason);
        if (ok && s->closes && !s->more) {
                m.then_id = arena_printf(s->op->arena, "%s:close", s->row->native_id);
                m.then_payload = s->row->payload;
        }
        log_step(f, s, &n, reason);
        crash_point(s->row->kind, "judged");
        record(f, s->row, &m);
}

static void step_aside(struct flow_instance *f, const struct store_row *row, const char *state, const char *reason,
                       enum tell tell)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_move m = {
                .id = row->id, .state = state, .orders = &row->orders, .reason = reason, .now_usec = steady_usec()
        };

        if (is_reply(row))
                tell_agent(&m, a, row, tell, reason);
        log_event(LOG_WARNING, state, F("instance", f->instance->name), F("kind", row->kind), FI("id", row->id),
                  FI("thread", row->thread), F("reason", reason));
        record(f, row, &m);
}

void step_hold(struct flow_instance *f, const struct store_row *row, const char *reason)
{
        step_aside(f, row, STATE_HELD, reason, TELL_HELD);
}

void step_bar(struct flow_instance *f, const struct store_row *row, const char *reason)
{
        step_aside(f, row, STATE_HELD, reason, TELL_BARRED);
}

void step_refuse(struct flow_instance *f, const struct store_row *row, const char *reason)
{
        step_aside(f, row, STATE_DEAD, reason, TELL_REFUSED);
}

void step_withdraw(struct flow_instance *f, const struct store_row *row, const char *reason)
{
        step_aside(f, row, STATE_WITHDRAWN, reason, TELL_WITHDRAWN);
}

void step_wait(struct flow_instance *f, const struct store_row *row, int64_t until_usec, const char *preview)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_move m = {
                .id = row->id, .state = ready_state(row), .orders = &row->orders, .due_usec = until_usec,
                .now_usec = steady_usec(),
        };

        if (preview)
                tell_agent(&m, a, row, TELL_PREVIEW, preview);
        record(f, row, &m);
}

/* --- People --- */

int flow_retry(struct flow *f, int64_t id)
{
        int r = store_retry(f->host->store, id, steady_usec());

        flow_kick_all(f);
        return r;
}

int flow_drop(struct flow *f, int64_t id, const char *reason)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_move told = { .id = id };
        struct store_row row;
        int r;

        r = store_load(f->host->store, a, id, &row);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        if (is_reply(&row))
                tell_agent(&told, a, &row, TELL_WITHDRAWN, !row.tried_usec ? reason : arena_printf(a,
                           "%s. An attempt may have succeeded before: look at the conversation on the network", reason));
        r = store_drop(f->host->store, id, reason, told.note_key, told.note_payload, steady_usec());
        crash_point(row.kind, is_reply(&row) ? STATE_WITHDRAWN : STATE_DROPPED);
        flow_kick_all(f);
        return r;
}
