/* SPDX-License-Identifier: MIT
 *
 * What a store does not know that was restored from a backup, or built anew, and what the helpdesk knows instead: which
 * tickets belong to which threads, and what became of replies.  Owns nothing.  Called by intake and posting.
 */
#include "flow/internal.h"
#include "flow/review.h"

#include "base/clock.h"
#include "base/log.h"

static int call_links(struct mentiond_op *op)
{
        const struct instance *i = op->instance;

        return OP_CALL(op, i->plugin->helpdesk.links(op, i->plugin_state));
}

int doubt_links(struct flow_instance *f)
{
        struct instance *i = f->instance;
        _cleanup_op_ struct mentiond_op op;
        int verdict, r = 0;

        op_begin(&op, i, "links", LINKS_DEADLINE_USEC);
        if (!i->plugin->helpdesk.links) {
                log_event(LOG_WARNING,
                          "this helpdesk cannot tell which tickets belong to conversations: one is known again when its"
                          " network shows a new mention in it",
                          F("instance", i->name));
                return MENTIOND_OK;
        }
        log_event(LOG_WARNING, "the tickets of conversations are read from the helpdesk, for the store is behind",
                  F("instance", i->name));
        verdict = call_links(&op);
        if (verdict == MENTIOND_OK)
                r = op.emit_error ? op.emit_error : op_commit(&op, false, NULL);
        if (r < 0)
                verdict = mentiond_fail(&op, MENTIOND_RETRY, "what was read cannot be stored: %s", strerror(-r));
        verdict = op_judge(&op, verdict);
        if (verdict != MENTIOND_OK)
                log_event(LOG_WARNING, "links failed", F("instance", i->name), F("verdict", verdict_name(verdict)),
                          F("reason", op.reason));
        return verdict;
}

/* Until then nobody can say in which of a conversation's tickets to look. */
bool doubt_awaits_links(const struct instance *i)
{
        return !instance_is_channel(i) && i->stored.behind;
}

/* The notes that mentiond wrote are its memory: they have keys.  Posted comes first, for a reply that was held may have
 * been sent by a person later. */
static const struct {
        const char *told, *state;
} fates[] = {
        { "posted", STATE_POSTED }, { "withdrawn", STATE_WITHDRAWN }, { "refused", STATE_DEAD }, { "held", STATE_HELD },
};

static int call_find(struct mentiond_op *op, const struct mentiond_lookup *q, struct mentiond_filed *ret)
{
        const struct instance *i = op->instance;

        return OP_CALL(op, i->plugin->helpdesk.find(op, i->plugin_state, q, ret));
}

static int read_fate(struct mentiond_op *op, const struct store_row *row, const struct store_thread *t, const char **ret_state)
{
        int verdict = MENTIOND_ABSENT;

        for (size_t n = 0; n < ELEMENTSOF(fates) && verdict == MENTIOND_ABSENT; n++) {
                struct mentiond_filed filed = { .struct_size = sizeof filed };
                struct mentiond_lookup q = {
                        .struct_size = sizeof q,
                        .key = arena_printf(op->arena, "note:%s:%s", row->native_id, fates[n].told),
                        .thread_key = "",
                        .ticket = t->ticket,
                        .customer = "",
                        .title = "",
                        .tried_usec = row->created_usec,
                };

                verdict = call_find(op, &q, &filed);
                if (verdict == MENTIOND_OK)
                        *ret_state = fates[n].state;
        }
        return verdict;
}

int doubt_fate(struct flow_instance *f, struct arena *a, const struct store_row *row, const struct store_thread *t,
               const char **ret_state, const char **ret_reason, int64_t *ret_wait_usec)
{
        struct instance *i = host_find_id(f->instance->host, t->helpdesk);
        struct mentiond_op op;
        int verdict;

        if (isempty(t->ticket) || !i)
                return MENTIOND_ABSENT;
        i = review_helpdesk(f, t, a, ret_reason, ret_wait_usec);
        if (!i)
                return MENTIOND_RETRY;
        instance_hold(i);
        op_begin(&op, i, "find", OP_DEADLINE_USEC);
        verdict = op_judge(&op, read_fate(&op, row, t, ret_state));
        *ret_reason = arena_strdup(a, op.reason);
        op_end(&op);
        instance_release(i);
        return verdict;
}
