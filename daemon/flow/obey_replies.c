/* SPDX-License-Identifier: MIT
 *
 * Commands about replies that are not out yet: !stop, !hold, and !send, !dm and !public without a text.  Owns the words of the
 * answers.
 */
#include "flow/obey.h"

#include "flow/draft.h"
#include "flow/internal.h"
#include "flow/right.h"

#include "base/text.h"
#include "base/util.h"
#include "host/payload.h"

const char obey_on_its_way[] =
        "your reply is on its way to the network, or may be there already. What became of it will be told here.";

struct store_row obey_load(struct order *o, int64_t id)
{
        struct store_row row = { .id = 0 };

        (void) store_load(o->f->instance->host->store, o->a, id, &row);
        return row;
}

/* Of the ticket, in the first of the states in which there is one. */
int64_t obey_newest(struct order *o, const char *state, const char *or_state)
{
        const char *states[] = { state, or_state };
        int64_t best = 0;

        for (size_t k = 0; k < ELEMENTSOF(states) && !best; k++)
                for (int n = 0; n < o->n_threads && states[k]; n++) {
                        int64_t id = 0;

                        if (store_replies(o->f->instance->host->store, o->threads[n], o->row->id, o->bound, states[k], NULL, &id,
                                          1) > 0)
                                best = MAX(best, id);
                }
        return best;
}

void obey_add(struct order *o, const struct store_order *order)
{
        if (!o->orders)
                o->orders = arena_alloc(o->a, OBEY_REPLIES_MAX * sizeof *o->orders);
        o->orders[o->n_orders++] = *order;
}

/* A reply that may be out is halted: once it is known that it is not, it is not tried again.  How many. */
static int take_aside(struct order *o, const int64_t *ids, int n, const char *state, enum tell tell)
{
        int halted = 0;

        for (int k = 0; k < n; k++) {
                struct store_row row = obey_load(o, ids[k]);
                bool may_be_out = streq(row.state, STATE_SENDING) || streq(row.state, STATE_AMBIGUOUS);
                struct store_move note = { .id = 0 };
                const char *reason;

                if (may_be_out) {
                        obey_add(o, &(struct store_order) { .id = row.id, .was = row.state, .halt = state });
                        halted++;
                } else {
                        reason = tell_halt(o->f->instance->host->store, o->a, &row, state);
                        tell_agent(&note, o->a, &row, tell, reason);
                        obey_add(o, &(struct store_order) { .id = row.id, .was = row.state, .state = state, .reason = reason,
                                                            .note_key = note.note_key, .note_payload = note.note_payload });
                }
        }
        return halted;
}

static const char *may_be_out(struct order *o, bool hold)
{
        return arena_printf(o->a,
                            "Your reply is on its way to the network, or may be there already. If it turns out that it is not, "
                            "it will %s. What became of it will be told here.",
                            hold ? "be held" : "not be posted");
}

/* Why nothing was there to be taken back, or sent. */
static const char *too_late(struct order *o, const char *what)
{
        int64_t posted = obey_newest(o, STATE_POSTED, NULL);
        const struct instance *i = obey_channel(o);
        bool removable = o->n_threads == 1 && i && i->caps.flags & MENTIOND_CAN_REMOVE;

        if (posted)
                return arena_printf(o->a, "there is no reply to %s. The last one is posted: %s%s", what,
                                    obey_load(o, posted).result_url, removable ? " (\"!delete\" removes it)" : "");
        return arena_printf(o->a, "there is no reply to %s.", what);
}

void obey_stop(struct order *o)
{
        static const char *const states[][2] = { { STATE_WAITING, STATE_HELD }, { STATE_SENDING, STATE_AMBIGUOUS } };
        int64_t *ids = arena_alloc(o->a, OBEY_REPLIES_MAX * sizeof *ids);
        int halted = 0;

        for (size_t k = 0; k < ELEMENTSOF(states); k++)
                for (int n = 0; n < o->n_threads; n++)
                        halted += take_aside(o, ids,
                                             store_replies(o->f->instance->host->store, o->threads[n], o->row->id, 0,
                                                           states[k][0], states[k][1], ids, OBEY_REPLIES_MAX - o->n_orders),
                                             STATE_WITHDRAWN, TELL_WITHDRAWN);
        if (o->n_orders == OBEY_REPLIES_MAX)
                obey_answer(o,
                            arena_printf(o->a, "%d replies are taken back. If there are more, another \"!stop\" takes them back.",
                                         OBEY_REPLIES_MAX));
        else if (o->n_orders)
                obey_answer(o, halted ? may_be_out(o, false) : NULL);
        else
                obey_refuse(o, too_late(o, "take back"));
}

void obey_hold(struct order *o)
{
        int64_t id = obey_newest(o, STATE_WAITING, NULL);
        int halted;

        if (!id)
                id = obey_newest(o, STATE_SENDING, STATE_AMBIGUOUS);
        halted = take_aside(o, &id, id != 0, STATE_HELD, TELL_HELD);
        if (id)
                obey_answer(o, halted ? may_be_out(o, true) : NULL);
        else
                obey_refuse(o, obey_newest(o, STATE_HELD, NULL) ? "your reply is held already." : too_late(o, "hold"));
}

/* Whether the customer can be told what others are not. */
static bool can_be_private(struct order *o)
{
        const struct instance *i = obey_channel(o);
        struct store_row mention = obey_load(o, store_last_filed(o->f->instance->host->store, o->thread.id, o->row->id));

        return !i || i->caps.flags & MENTIOND_CAN_DIRECT || (mention.id && mention.kept.visibility == MENTIOND_DIRECT);
}

/* Whether the agent knew, when he wrote this, that the reply may be out already. */
static bool was_told(struct order *o, const struct store_row *row)
{
        return store_is_after_note(o->f->instance->host->store, o->f->instance->stored.id, tell_key(o->a, row, TELL_HELD),
                                   o->row->native_id);
}

static const char *first_words(struct order *o, const struct store_row *row)
{
        return arena_take(o->a, text_ellipsize(mj_str(payload_parse(o->a, row->payload), "text"), 40));
}

/* Why the network would not take this reply now; NULL if it may. */
static const char *barred(struct order *o, struct store_row reply, int64_t visibility)
{
        struct instance *channel = host_find_id(o->f->instance->host, reply.target);
        struct store_row mention;
        bool open;

        reply.kept.visibility = visibility ? visibility : reply.kept.visibility;
        mention = obey_load(o, draft_mention(o->f->instance->host->store, o->a, &reply, &open));
        if (!channel || !mention.id || open)
                return NULL;             /* it will be seen when it goes out */
        return right_objection(o->a, channel, &mention, draft_is_aside(&reply, &mention));
}

static bool is_partly_out(struct order *o, const struct store_row *row)
{
        struct store_part first;

        return store_part(o->f->instance->host->store, o->a, row->id, 0, &first) > 0 && *first.native_id;
}

/* Why a reply that is not out does not go out by that; or NULL. */
static const char *objection(struct order *o, const struct store_row *row, int64_t visibility)
{
        const char *rule = barred(o, *row, visibility);
        bool aside = streq(mj_str(payload_parse(o->a, row->payload), "command"), command_word(COMMAND_DM));

        if (o->command.name == COMMAND_DM && !can_be_private(o))
                return "nothing can be said in private here.";
        if (o->command.name == COMMAND_PUBLIC && aside && streq(row->state, STATE_WAITING))
                return arena_printf(o->a, "you wrote \"%s\" for the customer alone. \"!public TEXT\" says it to all.",
                                    first_words(o, row));
        if (row->tried_usec && streq(row->state, STATE_HELD) && !was_told(o, row))
                return arena_printf(o->a,
                                    "your reply \"%s\" may be on the network already, and when you wrote this you had not been "
                                    "told. If it is not there, say !%s once more.",
                                    first_words(o, row), o->command.word);
        if (visibility && row->absent && streq(row->state, STATE_WAITING))
                return obey_on_its_way;
        if (o->command.name == COMMAND_PUBLIC && (aside || row->kept.visibility == MENTIOND_DIRECT) && is_partly_out(o, row))
                return arena_printf(o->a,
                                    "of your reply \"%s\" something is out already. \"!send\" posts the rest of it where that "
                                    "is.",
                                    first_words(o, row));
        if (rule)
                return arena_printf(o->a, "%s. That is the network's rule.", rule);
        return NULL;
}

void obey_send(struct order *o)
{
        static const struct {
                int64_t visibility;
                bool approved;           /* nobody looks at it again */
                const char *how;
        } ways[] = {
                [COMMAND_SEND] = { 0, true, "goes out now, as it is" },
                [COMMAND_DM] = { MENTIOND_DIRECT, true, "goes out now, in private" },
                [COMMAND_PUBLIC] = { MENTIOND_PUBLIC, false, "goes out in public, as if you had written it now" },
        };
        int64_t id = obey_newest(o, STATE_HELD, STATE_WAITING);
        struct store_row row = obey_load(o, id);
        const char *wrong = id ? objection(o, &row, ways[o->command.name].visibility) : NULL;

        if (!id) {
                obey_refuse(o, obey_newest(o, STATE_SENDING, STATE_AMBIGUOUS) ? obey_on_its_way : too_late(o, "send"));
        } else if (wrong) {
                obey_refuse(o, wrong);
        } else {
                obey_add(o, &(struct store_order) { .id = id, .was = row.state, .state = STATE_WAITING,
                                                    .visibility = ways[o->command.name].visibility,
                                                    .approved = ways[o->command.name].approved });
                obey_answer(o, arena_printf(o->a, "%s \"%s\" %s.",
                                            is_partly_out(o, &row) ? "What is not out yet of your reply" : "Your reply",
                                            first_words(o, &row), ways[o->command.name].how));
        }
}
