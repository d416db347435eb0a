/* SPDX-License-Identifier: MIT
 *
 * Commands about what is on the network: the customer's last post, and the last reply.  Owns the words of the answers.
 */
#include "flow/draft.h"
#include "flow/internal.h"
#include "flow/obey.h"
#include "flow/review.h"

#include "base/clock.h"

#include <stdlib.h>

#define PARTS_MAX 64

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

/* Else its result_id is empty, or a bound. */
static bool is_aimed(const struct order *o)
{
        return *o->row->result_id && *o->row->result_id != '<';
}

/* The row that it is about: what was the last one at the first attempt.  0: there is none; -1: that cannot be recorded yet. */
static int64_t aim(struct order *o, int64_t last)
{
        if (is_aimed(o))
                return strtoll(o->row->result_id, NULL, 10);
        if (last && store_aim(o->f->instance->host->store, o->row->id, last, false) < 0) {
                obey_later(o, 0, NULL);
                return -1;
        }
        return last;
}

/* --- The customer's --- */

static void react(struct order *o, struct instance *i, uint32_t reaction, const char *done)
{
        int64_t id = aim(o, store_last_filed(i->host->store, o->thread.id, o->row->id));
        struct store_row mention = obey_load(o, id);
        struct mentiond_op op;

        if (id < 0)
                return;
        if (!mention.id) {
                obey_refuse(o, "there is no post of the customer.");
                return;
        }
        op_begin(&op, i, "react", OP_DEADLINE_USEC);
        if (obey_is_done(o, &op, call_react(&op, reaction, mention.native_id)))
                obey_answer(o, arena_printf(o->a, "The last post of %s is %s.", mention.kept.handle, done));
}

/* --- The last reply --- */

static size_t posted_parts(struct order *o, int64_t id, struct store_part *parts)
{
        size_t n = 0;

        while (id && n < PARTS_MAX && store_part(o->f->instance->host->store, o->a, id, (int64_t) n, &parts[n]) > 0
               && *parts[n].native_id)
                n++;
        return n;
}

/* The newest of which something is out: of one that is held, or that the network refused, may be the first parts. */
static int64_t newest_out(struct order *o)
{
        static const char *const states[] = { STATE_HELD, STATE_DEAD };
        int64_t best = obey_newest(o, STATE_POSTED, NULL);
        struct store_part parts[PARTS_MAX];

        for (size_t k = 0; k < ELEMENTSOF(states); k++) {
                int64_t id = obey_newest(o, states[k], NULL);

                if (id > best && posted_parts(o, id, parts) > 0)
                        best = id;
        }
        return best;
}

/* Why nothing that is out can be meant; NULL if newest can. */
static const char *none_is_meant(struct order *o, int64_t newest)
{
        if (obey_newest(o, STATE_SENDING, STATE_AMBIGUOUS) > newest)
                return obey_on_its_way;
        if (newest)
                return NULL;
        return obey_newest(o, STATE_WAITING, STATE_HELD) ? "your reply is not posted. \"!stop\" takes it back."
                                                         : "no reply is posted.";
}

/* Its parts; 0 if there is none, and that is answered. */
static int64_t last_out(struct order *o, struct store_part *parts, size_t *ret_n)
{
        bool again = is_aimed(o);
        int64_t id = again ? 0 : newest_out(o);
        const char *none = again ? NULL : none_is_meant(o, id);

        *ret_n = 0;
        if (none) {
                obey_refuse(o, none);
                return 0;
        }
        id = aim(o, id);
        if (id < 0)
                return 0;
        *ret_n = posted_parts(o, id, parts);
        if (*ret_n)
                return id;
        obey_refuse(o, "where your last reply is on the network is not known.");
        return 0;
}

/* The words must stand the same as those of a reply.  NULL if they do not, and that is answered, or waits. */
static const char *judge(struct order *o, struct instance *i, const struct store_row *reply, const struct store_row *mention)
{
        struct mentiond_review review;
        const char *reason = "", *wrong;
        int64_t wait_usec = 0;
        struct draft d;
        int verdict = review_article(o->f, o->a, o->row, &o->thread, &review, &reason, &wait_usec);

        switch (verdict) {
        case MENTIOND_OK:
        case MENTIOND_ABSENT:
                break;
        case MENTIOND_UNKNOWN:
        case MENTIOND_REJECTED:
        case MENTIOND_BUG:
                obey_refuse(o, arena_printf(o->a, "whether this note still stands could not be found out: %s", reason));
                return NULL;
        default:
                obey_later(o, wait_usec, arena_printf(o->a, "whether this note still stands could not be found out: %s", reason));
                return NULL;
        }
        if (verdict == MENTIOND_OK && review.standing == MENTIOND_TAKEN_BACK) {
                obey_refuse(o, "this note was deleted.");
                return NULL;
        }
        draft_make(&d, i->flow, o->a, reply, mention, o->payload);
        wrong = d.n > 1 ? "it is too long for one post" : draft_objection(&d, verdict == MENTIOND_OK ? &review : NULL);
        if (wrong)
                obey_refuse(o, arena_printf(o->a, "%s.", wrong));
        return wrong ? NULL : d.posts[0];
}

static void edit(struct order *o, struct instance *i)
{
        struct store_part parts[PARTS_MAX];
        size_t n;
        int64_t id = last_out(o, parts, &n);
        struct store_row reply, mention;
        struct mentiond_change change = { .struct_size = sizeof change };
        struct mentiond_op op;

        if (!id)
                return;
        if (parts[0].of > 1) {
                obey_refuse(o, "your last reply has several parts. \"!delete\" removes them, and then you can write it anew.");
                return;
        }
        if (!*o->command.text) {
                obey_refuse(o, "the new text must follow, as in: !edit We are open again from Monday.");
                return;
        }
        reply = obey_load(o, id);
        mention = obey_load(o, store_row_of(i->host->store, reply.target, parts[0].parent));
        if (!mention.id) {
                obey_refuse(o, "the post that your last reply answers is forgotten. \"!delete\" removes the reply, and then you "
                               "can write it anew.");
                return;
        }
        /* Who wanted that sent as it was has not seen this. */
        reply.approved = false;
        change.id = parts[0].native_id;
        change.text = judge(o, i, &reply, &mention);
        if (!change.text)
                return;
        op_begin(&op, i, "edit", OP_DEADLINE_USEC);
        if (obey_is_done(o, &op, call_edit(&op, &change)))
                obey_answer(o, arena_printf(o->a, "Your reply now reads: %s\n%s", change.text, parts[0].url));
}

static void delete(struct order *o, struct instance *i)
{
        struct store_part parts[PARTS_MAX];
        struct store_row reply;
        size_t n;
        int64_t id = last_out(o, parts, &n);

        if (!id)
                return;
        reply = obey_load(o, id);
        if (streq(reply.state, STATE_SENDING) || streq(reply.state, STATE_AMBIGUOUS)) {
                obey_later(o, 0, obey_on_its_way);
                return;
        }
        for (size_t k = n; k > 0; k--) {
                struct mentiond_op op;

                op_begin(&op, i, "remove", OP_DEADLINE_USEC);
                if (!obey_is_done(o, &op, call_remove(&op, parts[k - 1].native_id)))
                        return;
        }
        obey_add(o, &(struct store_order) {
                .id = id, .was = reply.state, .state = STATE_WITHDRAWN, .reason = "removed with !delete" });
        obey_answer(o, n < (size_t) parts[0].of && reply.tried_usec
                               ? "What is known to be posted of your last reply is removed from the network, and the rest will"
                                 " not be posted. One part more may be out: look for it in the network's app, and"
                                 " remove it there."
                       : n < (size_t) parts[0].of
                               ? "What is posted of your last reply is removed from the network, and the rest will not be posted."
                               : "Your last reply is removed from the network.");
}

/* --- Which of them, and where --- */

/* What goes out while it waits is not meant.  Where nothing is out that is told at once. */
static void wait_for(struct order *o, int64_t wait_usec, const char *why)
{
        bool changes = o->command.name == COMMAND_EDIT || o->command.name == COMMAND_DELETE;
        int64_t newest = changes && !*o->row->result_id ? newest_out(o) : 1;
        const char *none = newest ? NULL : none_is_meant(o, newest);

        if (none)
                obey_refuse(o, none);
        else if (changes && !*o->row->result_id && store_aim(o->f->instance->host->store, o->row->id, newest, true) < 0)
                obey_later(o, 0, NULL);
        else
                obey_later(o, wait_usec, why);
}

/* The channel, held; NULL if it cannot do anything now. */
static struct instance *channel_now(struct order *o)
{
        struct instance *i = obey_channel(o);

        if (!i || i->state != INSTANCE_RUNNING || budget_is_paused(&i->budget)) {
                wait_for(o, i ? i->budget.pause_usec - mono_usec() : 0, "for a day the network could not be reached.");
                return NULL;
        }
        instance_hold(i);
        return i;
}

void obey_on_network(struct order *o)
{
        static const struct {
                uint32_t flag, reaction;
                const char *done;
        } what[] = {
                [COMMAND_LIKE] = { MENTIOND_CAN_LIKE, MENTIOND_LIKE, "liked" },
                [COMMAND_REPOST] = { MENTIOND_CAN_REPOST, MENTIOND_REPOST, "reposted" },
                [COMMAND_HIDE] = { MENTIOND_CAN_HIDE, MENTIOND_HIDE, "hidden" },
                [COMMAND_EDIT] = { MENTIOND_CAN_EDIT, 0, "edited" },
                [COMMAND_DELETE] = { MENTIOND_CAN_REMOVE, 0, "removed" },
        };
        enum command_name name = o->command.name;
        struct instance *i;

        if (o->n_threads > 1) {
                obey_refuse(o,
                            "this ticket holds more than one conversation, and which of them is meant is not clear. Do it on the"
                            " network itself: the addresses of the posts are in this ticket.");
                return;
        }
        /* One after the other, as they were written. */
        if (*o->row->result_id == '<')
                o->bound = strtoll(o->row->result_id + 1, NULL, 10);
        if (store_command_waits(o->f->instance->host->store, o->f->instance->stored.id, o->thread.ticket, o->row->id, "")) {
                wait_for(o, 0, NULL);
                return;
        }
        i = channel_now(o);
        if (!i)
                return;
        if (!(i->caps.flags & what[name].flag))
                obey_refuse(o, arena_printf(o->a, "posts cannot be %s here.", what[name].done));
        else if (name == COMMAND_EDIT)
                edit(o, i);
        else if (name == COMMAND_DELETE)
                delete(o, i);
        else
                react(o, i, what[name].reaction, what[name].done);
        instance_release(i);
}
