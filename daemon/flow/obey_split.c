/* SPDX-License-Identifier: MIT
 *
 * The command that gives a branch of the conversation a ticket of its own.  That is made as any ticket is, by filing; the command
 * waits until it is there.  Owns the words of the answers.
 */
#include "flow/internal.h"
#include "flow/obey.h"

#include "base/clock.h"

#include <stdlib.h>

static const char *const refusals[] = {
        [SPLIT_NOTHING] = "there is no post of the customer.",
        [SPLIT_FIRST] = "this ticket shows one post, or begins with the newest: there is nothing to split.",
        [SPLIT_NEWER] =
                "another post came meanwhile. Look at it, and say !split again if the newest is to have a ticket of its own.",
        [SPLIT_REPLY] = "a reply is held, or on its way, and would not be sure of what it answers. \"!stop\" takes it back; or "
                        "say !split again when it is posted.",
        [SPLIT_FORGOTTEN] = "the text of the newest post is not kept any more.",
        [SPLIT_APART] = "what answers the newest post has a ticket already.",
};

static const char *name_of(struct order *o, const struct store_thread *t)
{
        return *t->ticket ? arena_printf(o->a, "%s%s%s", *t->number ? t->number : t->ticket, *t->url ? ", " : "", t->url)
                          : "not made yet";
}

/* An agent who did not see yet what came of the last one means no other post. */
static const char *was_just_done(struct order *o)
{
        struct store *s = o->f->instance->host->store;
        struct store_thread branch;
        const char *by = "";

        if (store_last_branch(s, o->a, o->thread.id, &branch, &by) <= 0 || !*by ||
            store_is_after_note(s, o->f->instance->stored.id, arena_printf(o->a, "note:%s:answer", by), o->row->native_id))
                return NULL;
        return arena_printf(o->a,
                            "when you wrote this the newest post had been split already. Its ticket: %s. If another is meant, "
                            "say !split once more.",
                            name_of(o, &branch));
}

static void split(struct order *o)
{
        const char *again = was_just_done(o);
        int r;

        if (again) {
                obey_refuse(o, again);
                return;
        }
        r = store_split(o->f->instance->host->store, o->row->id, o->thread.id, steady_usec());
        if (r > SPLIT_DONE) {
                obey_refuse(o, refusals[r]);
                return;
        }
        flow_kick(o->f->instance);
        obey_later(o, 0, NULL);
}

/* The ticket was made so long ago that the post is forgotten; what it began is not. */
static void tell_late(struct order *o)
{
        struct store_thread branch;
        const char *by = "";

        if (store_last_branch(o->f->instance->host->store, o->a, o->thread.id, &branch, &by) > 0 && streq(by, o->row->native_id))
                obey_answer(o, arena_printf(o->a, "The last post has a ticket of its own: %s.", name_of(o, &branch)));
        else
                obey_refuse(o, "the newest post is forgotten.");
}

static void tell(struct order *o, int64_t id)
{
        struct store_row mention = obey_load(o, id);
        struct store_thread t;

        if (!mention.id || store_thread(o->f->instance->host->store, o->a, mention.thread, &t) <= 0)
                tell_late(o);
        else if (streq(mention.state, STATE_FILED))
                obey_answer(o, arena_printf(o->a,
                                            "The last post of %s has a ticket of its own: %s. What answers it comes there, and "
                                            "what you write here answers what was said before it.",
                                            mention.kept.handle, name_of(o, &t)));
        else if (streq(mention.state, STATE_HELD) || streq(mention.state, STATE_DEAD) || streq(mention.state, STATE_DROPPED))
                obey_refuse(o, arena_printf(o->a,
                                            "the new ticket could not be made: %s. An administrator tries it again with: "
                                            "mentionctl retry %lld",
                                            mention.reason, (long long) id));
        else
                obey_later(o, 0, "for a day the ticket could not be made. mentiond goes on trying by itself.");
}

void obey_split(struct order *o)
{
        int64_t id = strtoll(o->row->result_id, NULL, 10);

        if (o->n_threads > 1 && !id)
                obey_refuse(o, "this ticket holds more than one conversation, and which of them is meant is not clear.");
        else if (id)
                tell(o, id);
        else
                split(o);
}
