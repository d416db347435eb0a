/* SPDX-License-Identifier: MIT
 *
 * Commands: what an agent tells mentiond by an internal note is done, and answered by one line.  Those that say something on the
 * network are replies and not here (host/emit).  A command is in no lane: who takes a reply back does not wait behind it.  Those
 * that change what is on the network wait for those before them.  All may be done twice, for one that was cut off is done again.
 */
#include "flow/obey.h"

#include "flow/internal.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "host/payload.h"

#include <errno.h>

#define THREADS_MAX 256                  /* of one ticket */
#define TRIES_USEC USEC_PER_DAY          /* then it is told that it was not done */
#define ANEW_MAX 10                      /* looks at once at what goes on meanwhile */
#define TURN_USEC USEC_PER_SEC           /* for what awaits nothing but the store */

/* --- Ends --- */

/* -ESTALE: a reply went on meanwhile, or the command is done. */
static int finish(struct order *o, const char *subject, const char *answer)
{
        struct store_orders all = {
                .command = o->row->id,
                .thread = o->n_threads > 0 ? o->threads[0] : 0,
                .orders = o->orders,
                .n = o->n_orders,
                .now_usec = steady_usec(),
        };
        int r;

        if (answer) {
                struct mentiond_note note = {
                        .struct_size = sizeof note, .subject = subject, .text = answer,
                        .article = o->row->native_id, .url = "",
                };

                all.note_key = arena_printf(o->a, "note:%s:answer", o->row->native_id);
                all.note_payload = arena_take(o->a, payload_of_note(&note));
        }
        crash_point(KIND_COMMAND, "judged");
        r = store_obey(o->f->instance->host->store, &all);
        crash_point(KIND_COMMAND, STATE_DONE);
        if (r == 0)
                log_event(LOG_INFO, "obeyed", F("instance", o->f->instance->name), FI("id", o->row->id),
                          F("command", o->command.word), F("ticket", o->thread.number), FI("replies", (int64_t) o->n_orders));
        flow_kick_all(o->f->flow);
        return r;
}

void obey_later(struct order *o, int64_t wait_usec, const char *why)
{
        if (why && utc_usec() - o->row->seen_usec >= TRIES_USEC)
                obey_refuse(o, why);
        else
                step_wait(o->f, o->row, steady_usec() + MAX(wait_usec, o->f->instance->options.retry_usec), NULL);
}

static void answer(struct order *o, const char *subject, const char *line)
{
        int r = finish(o, subject, line);

        o->stale = r == -ESTALE;
        if (r >= 0 || o->stale)
                return;
        log_event(LOG_ERR, "a command cannot be recorded yet", F("instance", o->f->instance->name), FI("id", o->row->id),
                  F("reason", strerror(-r)));
        obey_later(o, 0, NULL);
}

void obey_answer(struct order *o, const char *line)
{
        answer(o, arena_printf(o->a, "!%s", o->command.word), line);
}

void obey_refuse(struct order *o, const char *why)
{
        answer(o, arena_printf(o->a, "!%s: not done", o->command.word), arena_printf(o->a, "Not done: %s", why));
}

bool obey_is_done(struct order *o, struct mentiond_op *op, int verdict)
{
        int64_t wait_usec = op->throttled_usec;
        const char *why;

        verdict = op_judge(op, verdict);
        why = arena_strdup(o->a, op->reason);
        op_end(op);
        switch (verdict) {
        case MENTIOND_OK:
                return true;
        case MENTIOND_RETRY:
        case MENTIOND_THROTTLED:
        case MENTIOND_AUTH:
        case MENTIOND_AMBIGUOUS:
        case MENTIOND_CANCELED:
                obey_later(o, wait_usec, why);
                return false;
        default:
                obey_refuse(o, why);
                return false;
        }
}

struct instance *obey_channel(const struct order *o)
{
        return host_find_id(o->f->instance->host, o->thread.channel);
}

/* --- The ticket --- */

static int call_close(struct mentiond_op *op, const char *ticket)
{
        return OP_CALL(op, op->instance->plugin->helpdesk.close(op, op->instance->plugin_state, ticket));
}

static void obey_close(struct order *o)
{
        struct instance *i = o->f->instance;
        struct mentiond_op op;

        if (!i->plugin->helpdesk.close) {
                obey_refuse(o, "this helpdesk's tickets can be closed by hand only.");
                return;
        }
        op_begin(&op, i, "close", OP_DEADLINE_USEC);
        if (obey_is_done(o, &op, call_close(&op, o->thread.ticket)))
                obey_answer(o, obey_newest(o, STATE_HELD, NULL)
                                       ? "The ticket is closed. A reply in it is held still, and not posted."
                                       : "The ticket is closed.");
}

static void unknown(struct order *o)
{
        const char *near = command_nearest(o->command.word);
        _cleanup_buffer_ struct buffer all = BUFFER_INIT(512);

        for (enum command_name c = COMMAND_STOP; c < COMMAND_MAX; c++)
                (void) buffer_printf(&all, " !%s", command_word(c));
        obey_refuse(o, near ? arena_printf(o->a, "there is no command \"!%s\". Did you mean \"!%s\"? The commands are:%s",
                                           o->command.word, near, buffer_str(&all))
                            : arena_printf(o->a, "there is no command \"!%s\". The commands are:%s", o->command.word,
                                           buffer_str(&all)));
}

/* What is said of replies that are not out counts in the order in which it was said, and before they go: who holds what he has
 * just sent means that.  False: it waits. */
static bool takes_turn(struct order *o)
{
        int64_t end = mono_usec() + TURN_USEC;

        if (!strstr(FLOW_QUICK_COMMANDS, arena_printf(o->a, " %s ", mj_str(o->payload, "command"))))
                return true;
        while (store_command_waits(o->f->instance->host->store, o->f->instance->stored.id, o->thread.ticket, o->row->id,
                                   FLOW_QUICK_COMMANDS))
                if (mono_usec() >= end || task_sleep_until(mono_usec() + USEC_PER_MSEC) < 0) {
                        obey_later(o, 0, NULL);
                        return false;
                }
        return true;
}

static void obey(struct order *o)
{
        switch (o->command.name) {
        case COMMAND_STOP:
                obey_stop(o);
                break;
        case COMMAND_HOLD:
                obey_hold(o);
                break;
        case COMMAND_SEND:
        case COMMAND_DM:
        case COMMAND_PUBLIC:
                obey_send(o);
                break;
        case COMMAND_CLOSE:
                obey_close(o);
                break;
        case COMMAND_LIKE:
        case COMMAND_REPOST:
        case COMMAND_HIDE:
        case COMMAND_EDIT:
        case COMMAND_DELETE:
                obey_on_network(o);
                break;
        case COMMAND_SPLIT:
                obey_split(o);
                break;
        default:
                unknown(o);
        }
}

/* False: what it is about has changed. */
static bool attempt(struct flow_instance *f, struct arena *a, const struct store_row *row)
{
        struct order o = { .f = f, .a = a, .row = row };
        struct store *s = f->instance->host->store;

        o.payload = payload_parse(a, row->payload);
        o.command = command_parse(arena_printf(a, "!%s %s", mj_str(o.payload, "command"), mj_str(o.payload, "text")));
        o.threads = arena_alloc(a, THREADS_MAX * sizeof *o.threads);
        o.n_threads = store_threads_of(s, f->instance->stored.id, mj_str(o.payload, "ticket"), o.threads, THREADS_MAX);
        if (o.n_threads <= 0 || store_thread(s, a, o.threads[0], &o.thread) <= 0) {
                log_event(LOG_WARNING, "a command in a ticket that is no conversation any more", F("instance", f->instance->name),
                          FI("id", row->id), F("command", o.command.word));
                o.n_threads = 0;
                obey_answer(&o, NULL);
        } else if (row->doubt) {
                obey_answer(&o, "mentiond's store was restored from a backup meanwhile, and whether this was done before is not "
                                "known. Look, and write it again if it was not.");
        } else if (takes_turn(&o)) {
                obey(&o);
        }
        return !o.stale;
}

void obey_attempt(struct flow_instance *f, struct arena *a, const struct store_row *row)
{
        struct store_row fresh = *row;

        for (int n = 0; n < ANEW_MAX; n++)
                if (attempt(f, a, &fresh) || store_load(f->instance->host->store, a, row->id, &fresh) <= 0 || !fresh.due_usec)
                        return;
        step_wait(f, &fresh, steady_usec() + f->instance->options.retry_usec, NULL);
}

/* --- What is owed in public --- */

void obey_owed(struct flow_instance *f, const struct mentiond_op *op)
{
        struct store *s = f->instance->host->store;

        for (size_t n = 0; n < op->n_closed; n++) {
                _cleanup_(arena_freep) struct arena *a = arena_new();
                int64_t since = 0, thread = store_owes(s, f->instance->stored.id, op->closed[n].ticket, &since);
                struct mentiond_note note = {
                        .struct_size = sizeof note,
                        .subject = "Public closing",
                        .article = "",
                        .url = "",
                        .text = "This conversation was taken aside, and whoever reads along has not seen its end. An internal "
                                "note \"!close TEXT\" says a last word in public, and closes the ticket again.",
                };

                if (thread
                    && store_asked(s, thread, since,
                                   arena_printf(a, "note:owed:%lld:%lld", (long long) thread, (long long) since),
                                   arena_take(a, payload_of_note(&note)), steady_usec())
                               < 0)
                        log_event(LOG_WARNING, "a word that is owed in public cannot be asked for yet",
                                  F("instance", f->instance->name));
        }
}
