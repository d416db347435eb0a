/* SPDX-License-Identifier: MIT
 *
 * Operations.  Owns the memory of each until it ends.  Called by flow around each call into a plugin.
 */
#include "host/op.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"

#define PAUSE_AFTER 3                    /* failures in a row before the whole instance waits, not the item alone */

const char *verdict_name(int verdict)
{
        static const char *const names[] = {
                [MENTIOND_OK] = "ok", [MENTIOND_RETRY] = "retry", [MENTIOND_THROTTLED] = "throttled", [MENTIOND_AUTH] = "auth",
                [MENTIOND_REJECTED] = "rejected", [MENTIOND_GONE] = "gone", [MENTIOND_AMBIGUOUS] = "ambiguous",
                [MENTIOND_CANCELED] = "canceled", [MENTIOND_BUG] = "bug", [MENTIOND_ABSENT] = "absent", [MENTIOND_UNKNOWN] = "unknown",
        };

        return verdict >= 0 && verdict < (int) ELEMENTSOF(names) ? names[verdict] : "bug";
}

void op_begin(struct mentiond_op *op, struct instance *i, const char *name, int64_t deadline_usec)
{
        *op = (struct mentiond_op) {
                .instance = i,
                .name = name,
                .task = task_self(),
                .arena = arena_new(),
                .reason = "",
        };
        op->next = i->ops;
        op->previous = &i->ops;
        if (op->next)
                op->next->previous = &op->next;
        i->ops = op;
        task_set_deadline(op->task, mono_usec() + deadline_usec);
}

void op_end(struct mentiond_op *op)
{
        task_set_deadline(op->task, USEC_INFINITY);
        *op->previous = op->next;
        if (op->next)
                op->next->previous = op->previous;
        free(op->items);
        free(op->cursors);
        free(op->merges);
        free(op->ancestors);
        arena_free(op->arena);
}

static int older_first(const void *a, const void *b)
{
        const struct store_item *x = a, *y = b;

        if (x->created_usec != y->created_usec)
                return x->created_usec < y->created_usec ? -1 : 1;
        return x->order < y->order ? -1 : x->order > y->order;
}

int op_commit(struct mentiond_op *op, bool done, size_t *ret_new)
{
        struct instance *i = op->instance;
        struct store_poll p = {
                .source = i->stored.id,
                .target = i->helpdesk_id,
                .done = done,
                .items = op->items,
                .n_items = op->n_items,
                .cursors = op->cursors,
                .n_cursors = done ? op->n_cursors : 0,
                .merges = op->merges,
                .n_merges = op->n_merges,
        };
        int64_t newest = MIN(op->seen_usec, utc_usec());
        int r;

        /* Threads are filed in the order in which people wrote.  Networks are read newest first: what a channel brought
         * waits until a poll ends, for older ones may follow.  Helpdesks are read ticket by ticket, the oldest first. */
        for (size_t k = 0; !done && instance_is_channel(i) && k < op->n_items; k++)
                if (streq(op->items[k].state, STATE_NEW))
                        op->items[k].state = STATE_SHOWN;
        if (op->n_items)
                qsort(op->items, op->n_items, sizeof *op->items, older_first);
        p.horizon_usec = MAX(i->stored.horizon_usec, newest ? newest - HORIZON_OVERLAP_USEC : 0);
        r = store_commit_poll(i->host->store, &p);
        if (r < 0)
                return r;
        op->n_items = op->n_merges = 0;
        if (done) {
                op->n_cursors = 0;
                if (!i->stored.polled)
                        i->stored.baseline_usec = p.horizon_usec;
                i->stored.horizon_usec = p.horizon_usec;
                i->stored.polled = true;
        }
        if (ret_new)
                *ret_new = p.n_new;
        return 0;
}

int op_judge(struct mentiond_op *op, int verdict)
{
        struct instance *i = op->instance;

        if (verdict < MENTIOND_OK || verdict > MENTIOND_UNKNOWN)
                verdict = MENTIOND_BUG;
        counter_add("verdicts", i->name, verdict_name(verdict), 1);
        switch (verdict) {
        case MENTIOND_RETRY:
        case MENTIOND_AMBIGUOUS:
                if (++i->budget.failures >= PAUSE_AFTER)
                        budget_pause(&i->budget, backoff_usec(i->options.retry_usec, i->options.retry_max_usec,
                                                              i->budget.failures - PAUSE_AFTER));
                strset(&i->reason, op->reason);
                break;
        case MENTIOND_THROTTLED:
                if (!op->throttled_usec)
                        op->throttled_usec = USEC_PER_MINUTE;
                budget_pause(&i->budget, op->throttled_usec + random_below(op->throttled_usec / 10));
                strset(&i->reason, op->reason);
                break;
        case MENTIOND_AUTH:
                instance_refused(i, op->reason);
                break;
        case MENTIOND_BUG:
                log_event(LOG_ERR, "broken rules", F("instance", i->name), F("operation", op->name), F("reason", op->reason));
                break;
        case MENTIOND_CANCELED:
                break;
        default:
                i->budget.failures = 0;
                i->last_ok_usec = utc_usec();
                if (i->state == INSTANCE_RUNNING)
                        strset(&i->reason, "");
        }
        return verdict;
}
