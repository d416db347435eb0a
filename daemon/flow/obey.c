/* SPDX-License-Identifier: MIT
 *
 * Commands: what an agent tells mentiond by an internal note is done, and answered by one line.  Owns the words of the answers.
 * Those that say something on the network are replies and not here (host/emit).  A command is in no lane: who takes a reply back
 * does not wait behind it.  All of them may be done twice, for one that was cut off is done again.
 */
#include "flow/draft.h"
#include "flow/internal.h"
#include "flow/review.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/crash.h"
#include "base/log.h"
#include "host/payload.h"

#include <mentiond/json.h>

#include <errno.h>

#define THREADS_MAX 8                    /* of one ticket */
#define REPLIES_MAX 16                   /* that one command takes back */
#define PARTS_MAX 64
#define TRIES_USEC USEC_PER_DAY          /* then it is told that it was not done */

struct order {
        struct flow_instance *f;         /* of the helpdesk */
        struct arena *a;
        const struct store_row *row;
        struct json_object *payload;
        struct command command;
        int64_t threads[THREADS_MAX];
        int n_threads;
        struct store_thread thread;      /* the first of them */
        struct store_order orders[REPLIES_MAX];
        size_t n_orders;
};

/* --- Ends --- */

/* Done, or not to be done; answer: one line, NULL if a note about a reply says it all.  -ESTALE: a reply went on meanwhile. */
static int finish(struct order *o, const char *answer)
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
                        .struct_size = sizeof note, .subject = arena_printf(o->a, "!%s", o->command.word), .text = answer,
                        .article = o->row->native_id, .url = "",
                };

                all.note_key = arena_printf(o->a, "note:%s:answer", o->row->native_id);
                all.note_payload = arena_take(o->a, payload_of_note(&note));
        }
        crash_point(KIND_COMMAND, "judged");
        r = store_obey(o->f->instance->host->store, &all);
        crash_point(KIND_COMMAND, STATE_DONE);
        if (r == 0)
                log_event(LOG_INFO, "obeyed", F("instance", o->f->instance->name), FI("id", o->row->id), F("command", o->command.word),
                          F("ticket", o->thread.number), FI("replies", (int64_t) o->n_orders));
        flow_kick_all(o->f->flow);
        return r;
}

static void later(struct order *o, int64_t wait_usec)
{
        step_wait(o->f, o->row, steady_usec() + MAX(wait_usec, o->f->instance->options.retry_usec), NULL);
}

static void answer(struct order *o, const char *line)
{
        int r = finish(o, line);

        if (r < 0 && r != -ESTALE)
                log_event(LOG_ERR, "a command cannot be recorded yet", F("instance", o->f->instance->name), FI("id", o->row->id),
                          F("reason", strerror(-r)));
        if (r < 0)
                later(o, 0);             /* what it is about has changed: it is looked at anew */
}

/* --- Replies that are not out yet --- */

static struct store_row load(struct order *o, int64_t id)
{
        struct store_row row = { .id = 0 };

        (void) store_load(o->f->instance->host->store, o->a, id, &row);
        return row;
}

/* The newest of the ticket, in the first of the states in which there is one. */
static int64_t newest(struct order *o, const char *state, const char *or_state)
{
        const char *states[] = { state, or_state };
        int64_t best = 0;

        for (size_t k = 0; k < ELEMENTSOF(states) && !best; k++)
                for (int n = 0; n < o->n_threads && states[k]; n++) {
                        int64_t id = 0;

                        if (store_replies(o->f->instance->host->store, o->threads[n], o->row->id, states[k], NULL, &id, 1) > 0)
                                best = MAX(best, id);
                }
        return best;
}

static void add_order(struct order *o, int64_t id, const char *state, enum tell tell, const char *reason)
{
        struct store_row row = load(o, id);
        struct store_move note = { .id = 0 };
        struct store_order *order = &o->orders[o->n_orders];

        if (!row.id)
                return;
        o->n_orders++;
        *order = (struct store_order) { .id = id, .was = row.state, .state = state, .reason = reason };
        tell_agent(&note, o->a, &row, tell, reason);
        order->note_key = note.note_key;
        order->note_payload = note.note_payload;
}

static const char *first_words(struct order *o, const struct store_row *row)
{
        return arena_take(o->a, text_ellipsize(mj_str(payload_parse(o->a, row->payload), "text"), 40));
}

/* Why nothing was there to be taken back. */
static const char *too_late(struct order *o, const char *what)
{
        int64_t posted = newest(o, STATE_POSTED, NULL);

        if (posted)
                return arena_printf(o->a, "There is no reply to %s. The last one is posted: %s (\"!delete\" removes it)", what,
                                    load(o, posted).result_url);
        return arena_printf(o->a, "There is no reply to %s.", what);
}

/* A reply that may be out is halted: once it is known that it is not, it is not tried again.  How many. */
static int take_aside(struct order *o, const int64_t *ids, int n, const char *state, enum tell tell)
{
        int halted = 0;

        for (int k = 0; k < n; k++) {
                struct store_row row = load(o, ids[k]);

                if (streq(row.state, STATE_SENDING) || streq(row.state, STATE_AMBIGUOUS)) {
                        o->orders[o->n_orders++] = (struct store_order) { .id = row.id, .was = row.state, .halt = state };
                        halted++;
                } else if (row.id) {
                        add_order(o, row.id, state, tell, tell_halt(o->f->instance->host->store, o->a, &row, state));
                }
        }
        return halted;
}

static const char *may_be_out(struct order *o, bool hold)
{
        return arena_printf(o->a, "Your reply is on its way to the network, or may be there already. If it turns out that it is not, it will %s."
                                  " What became of it will be told here.", hold ? "be held" : "not be posted");
}

static void obey_stop(struct order *o)
{
        static const char *const states[][2] = { { STATE_WAITING, STATE_HELD }, { STATE_SENDING, STATE_AMBIGUOUS } };
        int halted = 0;

        for (size_t k = 0; k < ELEMENTSOF(states); k++)
                for (int n = 0; n < o->n_threads; n++) {
                        int64_t ids[REPLIES_MAX];

                        halted += take_aside(o, ids, store_replies(o->f->instance->host->store, o->threads[n], o->row->id, states[k][0],
                                                                   states[k][1], ids, REPLIES_MAX - o->n_orders),
                                             STATE_WITHDRAWN, TELL_WITHDRAWN);
                }
        answer(o, halted ? may_be_out(o, false) : o->n_orders ? NULL : too_late(o, "take back"));
}

static void obey_hold(struct order *o)
{
        int64_t id = newest(o, STATE_WAITING, NULL);
        int halted;

        if (!id)
                id = newest(o, STATE_SENDING, STATE_AMBIGUOUS);
        halted = take_aside(o, &id, id != 0, STATE_HELD, TELL_HELD);
        answer(o, halted ? may_be_out(o, true) : id ? NULL : too_late(o, "hold"));
}

/* Whether the agent knew, when he wrote this, that the reply may be out already. */
static bool was_told(struct order *o, const struct store_row *row)
{
        return store_is_after_note(o->f->instance->host->store, o->f->instance->stored.id, tell_key(o->a, row, TELL_HELD), o->row->native_id);
}

static void obey_send(struct order *o, int64_t visibility)
{
        int64_t id = newest(o, STATE_HELD, STATE_WAITING);
        struct store_row row;

        if (!id) {
                answer(o, newest(o, STATE_SENDING, STATE_AMBIGUOUS) ? "Your reply is on its way to the network, or may be there already."
                                                                      " What became of it will be told here." : too_late(o, "send"));
                return;
        }
        row = load(o, id);
        if (visibility == MENTIOND_PUBLIC && streq(mj_str(payload_parse(o->a, row.payload), "command"), command_word(COMMAND_DM))) {
                answer(o, arena_printf(o->a, "Nothing was done: you wrote \"%s\" for the customer alone. \"!public TEXT\" says it to all.",
                                       first_words(o, &row)));
                return;
        }
        if (row.tried_usec && streq(row.state, STATE_HELD) && !was_told(o, &row)) {
                answer(o, arena_printf(o->a, "Nothing was done: your reply \"%s\" may be on the network already, and when you wrote this you had not"
                                             " been told. If it is not there, say !%s once more.", first_words(o, &row), o->command.word));
                return;
        }
        add_order(o, id, STATE_WAITING, TELL_NOTHING, NULL);
        o->orders[0].visibility = visibility;
        o->orders[0].approved = o->command.name != COMMAND_PUBLIC;
        answer(o, arena_printf(o->a, "Your reply \"%s\" goes out now, %s.", first_words(o, &row),
                               visibility == MENTIOND_DIRECT ? "in private" : visibility ? "in public, after its time to be held" : "as it is"));
}

/* --- What is out --- */

/* The channel, held; NULL if it cannot do anything now. */
static struct instance *channel_of(struct order *o)
{
        struct instance *i = host_find_id(o->f->instance->host, o->thread.channel);

        if (!i || i->state != INSTANCE_RUNNING || budget_is_paused(&i->budget)) {
                if (utc_usec() - o->row->seen_usec < TRIES_USEC)
                        later(o, i ? i->budget.pause_usec - mono_usec() : 0);
                else
                        answer(o, "Not done: for a day the network could not be reached.");
                return NULL;
        }
        instance_hold(i);
        return i;
}

static int call_react(struct mentiond_op *op, uint32_t reaction, const char *id)
{
        return OP_CALL(op, op->instance->plugin->channel.react(op, op->instance->plugin_state, reaction, id));
}

static int call_edit(struct mentiond_op *op, const struct mentiond_change *change)
{
        return OP_CALL(op, op->instance->plugin->channel.edit(op, op->instance->plugin_state, change));
}

static int call_remove(struct mentiond_op *op, const char *id)
{
        return OP_CALL(op, op->instance->plugin->channel.remove(op, op->instance->plugin_state, id));
}

static int call_close(struct mentiond_op *op, const char *ticket)
{
        return OP_CALL(op, op->instance->plugin->helpdesk.close(op, op->instance->plugin_state, ticket));
}

/* After an operation on the other side: whether it was done.  If not, the command is answered, or waits. */
static bool is_done(struct order *o, struct mentiond_op *op, int verdict)
{
        int64_t wait_usec = op->throttled_usec;
        const char *reason;

        verdict = op_judge(op, verdict);
        reason = arena_strdup(o->a, op->reason);
        op_end(op);
        switch (verdict) {
        case MENTIOND_OK:
                return true;
        case MENTIOND_RETRY:
        case MENTIOND_THROTTLED:
        case MENTIOND_AUTH:
        case MENTIOND_AMBIGUOUS:
        case MENTIOND_CANCELED:
                if (utc_usec() - o->row->seen_usec < TRIES_USEC) {
                        later(o, wait_usec);
                        return false;
                }
                break;
        default:
                break;
        }
        answer(o, arena_printf(o->a, "Not done: %s", reason));
        return false;
}

/* The row that it is about: what was the last one at the first attempt.  0: there is none; -1: that cannot be recorded yet. */
static int64_t aim(struct order *o, int64_t last)
{
        if (*o->row->result_id)
                return strtoll(o->row->result_id, NULL, 10);
        if (last && store_aim(o->f->instance->host->store, o->row->id, last) < 0) {
                later(o, 0);
                return -1;
        }
        return last;
}

static void react(struct order *o, struct instance *i, uint32_t reaction, const char *done)
{
        int64_t id = aim(o, store_last_filed(i->host->store, o->thread.id, o->row->id));
        struct store_row mention = load(o, id);
        struct mentiond_op op;

        if (id < 0)
                return;
        if (!mention.id) {
                answer(o, "Not done: there is no post of the customer.");
                return;
        }
        op_begin(&op, i, "react", OP_DEADLINE_USEC);
        if (is_done(o, &op, call_react(&op, reaction, mention.native_id)))
                answer(o, arena_printf(o->a, "The last post of %s is %s.", mention.kept.handle, done));
}

/* The last reply that is out, and its parts; 0 if there is none, and that is answered. */
static int64_t last_posted(struct order *o, struct store_part *parts, size_t *ret_n)
{
        int64_t id = aim(o, newest(o, STATE_POSTED, NULL));

        *ret_n = 0;
        if (id < 0)
                return 0;
        while (id && *ret_n < PARTS_MAX && store_part(o->f->instance->host->store, o->a, id, (int64_t) *ret_n, &parts[*ret_n]) > 0
               && *parts[*ret_n].native_id)
                (*ret_n)++;
        if (*ret_n)
                return id;
        answer(o, id ? "Not done: where your last reply is on the network is not known." : "Not done: no reply is posted.");
        return 0;
}

static void edit(struct order *o, struct instance *i)
{
        struct store_part parts[PARTS_MAX];
        size_t n;
        int64_t id = last_posted(o, parts, &n);
        struct store_row reply, mention;
        struct mentiond_change change = { .struct_size = sizeof change };
        struct draft d;
        const char *wrong;
        struct mentiond_op op;

        if (!id)
                return;
        if (!*o->command.text || n > 1) {
                answer(o, n > 1 ? "Not done: your last reply has several parts. \"!delete\" removes them, and then you can write it anew."
                                : "Not done: the new text must follow, as in: !edit We are open again from Monday.");
                return;
        }
        reply = load(o, id);
        mention = load(o, store_row_of(i->host->store, reply.target, parts[0].parent));
        if (!mention.id) {
                answer(o, "Not done: the post that your last reply answers is forgotten. \"!delete\" removes the reply, and then you can write it anew.");
                return;
        }
        draft_make(&d, i->flow, o->a, &reply, &mention, o->payload);
        wrong = d.n > 1 ? "it is too long for one post" : draft_objection(&d, NULL);
        if (wrong) {
                answer(o, arena_printf(o->a, "Not done: %s.", wrong));
                return;
        }
        change.id = parts[0].native_id;
        change.text = d.posts[0];
        op_begin(&op, i, "edit", OP_DEADLINE_USEC);
        if (is_done(o, &op, call_edit(&op, &change)))
                answer(o, arena_printf(o->a, "Your reply now reads: %s\n%s", change.text, reply.result_url));
}

static void delete(struct order *o, struct instance *i)
{
        struct store_part parts[PARTS_MAX];
        size_t n;
        int64_t id = last_posted(o, parts, &n);

        if (!id)
                return;
        for (size_t k = n; k > 0; k--) {
                struct mentiond_op op;

                op_begin(&op, i, "remove", OP_DEADLINE_USEC);
                if (!is_done(o, &op, call_remove(&op, parts[k - 1].native_id)))
                        return;
        }
        add_order(o, id, STATE_WITHDRAWN, TELL_NOTHING, "removed with !delete");
        answer(o, "Your last reply is removed from the network.");
}

static void on_network(struct order *o)
{
        static const struct {
                uint32_t flag;
                const char *cannot;
        } needs[] = {
                [COMMAND_LIKE] = { MENTIOND_CAN_LIKE, "liked" },       [COMMAND_REPOST] = { MENTIOND_CAN_REPOST, "reposted" },
                [COMMAND_HIDE] = { MENTIOND_CAN_HIDE, "hidden" },      [COMMAND_EDIT] = { MENTIOND_CAN_EDIT, "edited" },
                [COMMAND_DELETE] = { MENTIOND_CAN_REMOVE, "removed" },
        };
        struct instance *i;

        if (o->n_threads > 1) {
                answer(o, "Not done: this ticket holds more than one conversation, and it is not clear which one is meant.");
                return;
        }
        i = channel_of(o);
        if (!i)
                return;
        if (!(i->caps.flags & needs[o->command.name].flag))
                answer(o, arena_printf(o->a, "Not done: posts cannot be %s here.", needs[o->command.name].cannot));
        else if (o->command.name == COMMAND_EDIT)
                edit(o, i);
        else if (o->command.name == COMMAND_DELETE)
                delete(o, i);
        else
                react(o, i, o->command.name == COMMAND_LIKE ? MENTIOND_LIKE : o->command.name == COMMAND_REPOST ? MENTIOND_REPOST : MENTIOND_HIDE,
                      needs[o->command.name].cannot);
        instance_release(i);
}

/* --- The ticket --- */

static void obey_close(struct order *o)
{
        struct instance *i = o->f->instance;
        struct mentiond_op op;

        if (!i->plugin->helpdesk.close) {
                answer(o, "Not done: this helpdesk's tickets can be closed by hand only.");
                return;
        }
        op_begin(&op, i, "close", OP_DEADLINE_USEC);
        if (is_done(o, &op, call_close(&op, o->thread.ticket)))
                answer(o, "The ticket is closed.");
}

static void unknown(struct order *o)
{
        const char *near = command_nearest(o->command.word);
        _cleanup_buffer_ struct buffer all = BUFFER_INIT(512);

        for (enum command_name c = COMMAND_STOP; c < COMMAND_MAX; c++)
                (void) buffer_printf(&all, " !%s", command_word(c));
        answer(o, near ? arena_printf(o->a, "Nothing was done: there is no command \"!%s\". Did you mean \"!%s\"? The commands are:%s",
                                      o->command.word, near, buffer_str(&all))
                       : arena_printf(o->a, "Nothing was done: there is no command \"!%s\". The commands are:%s", o->command.word,
                                      buffer_str(&all)));
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
                obey_send(o, 0);
                break;
        case COMMAND_DM:
                obey_send(o, MENTIOND_DIRECT);
                break;
        case COMMAND_PUBLIC:
                obey_send(o, MENTIOND_PUBLIC);
                break;
        case COMMAND_CLOSE:
                obey_close(o);
                break;
        case COMMAND_LIKE:
        case COMMAND_REPOST:
        case COMMAND_HIDE:
        case COMMAND_EDIT:
        case COMMAND_DELETE:
                on_network(o);
                break;
        default:
                unknown(o);
        }
}

void obey_attempt(struct flow_instance *f, struct arena *a, const struct store_row *row)
{
        struct order o = { .f = f, .a = a, .row = row };
        struct store *s = f->instance->host->store;

        o.payload = payload_parse(a, row->payload);
        o.command = command_parse(arena_printf(a, "!%s %s", mj_str(o.payload, "command"), mj_str(o.payload, "text")));
        o.n_threads = store_threads_of(s, f->instance->stored.id, mj_str(o.payload, "ticket"), o.threads, THREADS_MAX);
        if (o.n_threads <= 0 || store_thread(s, a, o.threads[0], &o.thread) <= 0) {
                log_event(LOG_WARNING, "a command in a ticket that is no conversation any more", F("instance", f->instance->name),
                          FI("id", row->id), F("command", o.command.word));
                o.n_threads = 0;
                answer(&o, NULL);
        } else if (row->doubt) {
                answer(&o, "mentiond's store was restored from a backup meanwhile, and whether this was done before is not known. Look, and "
                           "write it again if it was not.");
        } else {
                obey(&o);
        }
}

/* --- What is owed in public --- */

void obey_owed(struct flow_instance *f, const struct mentiond_op *op)
{
        struct store *s = f->instance->host->store;

        for (size_t n = 0; n < op->n_closed; n++) {
                _cleanup_(arena_freep) struct arena *a = arena_new();
                int64_t since = 0, thread = store_owes(s, f->instance->stored.id, op->closed[n].ticket, &since);
                struct mentiond_note note = {
                        .struct_size = sizeof note, .subject = "Public closing", .article = "", .url = "",
                        .text = "This conversation was taken aside, and whoever reads along has not seen its end. An internal note"
                                " \"!close TEXT\" says a last word in public, and closes the ticket again.",
                };

                if (thread && store_asked(s, thread, since, arena_printf(a, "note:owed:%lld:%lld", (long long) thread, (long long) since),
                                          arena_take(a, payload_of_note(&note)), steady_usec()) < 0)
                        log_event(LOG_WARNING, "a word that is owed in public cannot be asked for yet", F("instance", f->instance->name));
        }
}
