/* SPDX-License-Identifier: MIT
 *
 * Operations.  Owns the memory of each until it ends.  Called by flow around each call into a plugin.
 */
#include "host/op.h"
#include "host/program.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/text.h"

#define PAUSE_AFTER 3                    /* failures in a row before the whole instance waits, not the item alone */

const char *verdict_name(int verdict)
{
        static const char *const names[] = {
                [MENTIOND_OK] = "ok",
                [MENTIOND_RETRY] = "retry",
                [MENTIOND_THROTTLED] = "throttled",
                [MENTIOND_AUTH] = "auth",
                [MENTIOND_REJECTED] = "rejected",
                [MENTIOND_GONE] = "gone",
                [MENTIOND_AMBIGUOUS] = "ambiguous",
                [MENTIOND_CANCELED] = "canceled",
                [MENTIOND_BUG] = "bug",
                [MENTIOND_ABSENT] = "absent",
                [MENTIOND_UNKNOWN] = "unknown",
                [MENTIOND_BLOCKED] = "blocked",
        };

        return verdict >= 0 && verdict < (int) ELEMENTSOF(names) ? names[verdict] : "bug";
}

void op_begin(struct mentiond_op *op, struct instance *i, const char *name, int64_t deadline_usec)
{
        *op = (struct mentiond_op) {
                .instance = i,
                .name = name,
                .begun_usec = mono_usec(),
                .task = task_self(),
                .arena = arena_new(),
                .page = arena_new(),
                .reason = "",
                .memory_max = OP_MEMORY_MAX,
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
        program_leave(op);
        *op->previous = op->next;
        if (op->next)
                op->next->previous = op->previous;
        if (op->instance->renewing == op)        /* it was cut off */
                op->instance->renewing = NULL;
        free(op->items);
        free(op->hashes);
        arena_free(op->items_arena);
        free(op->cursors);
        free(op->merges);
        free(op->links);
        free(op->closed);
        free(op->ancestors);
        free(op->again);
        arena_free(op->page);
        arena_free(op->arena);
}

/* --- The plugin's code, and its limits --- */

void op_enter(struct mentiond_op *op)
{
        op->inside = true;
        op->memory_max = OP_MEMORY_MAX + 4 * op_memory_size(op);         /* it may encode the attachments that it is given */
        task_mark(op->instance->mark);
}

void op_leave(struct mentiond_op *op)
{
        op->inside = false;
        task_mark(0);
}

/* The stack of the plugin's code is given up with what it allocated by itself.  What state it left its instance in nobody
 * knows, so that none of it runs any more, stop() included, until a person says so. */
static _noreturn_ void abandon(struct mentiond_op *op, const char *why)
{
        op->cut = task_interrupted() < 0 ? MENTIOND_CANCELED : MENTIOND_BUG;
        op->reason = arena_printf(op->arena, "%s() of the plugin was cut off: %s", op->name, why);
        log_event(LOG_ERR, "a plugin was cut off", F("instance", op->instance->name), F("operation", op->name), F("reason", why));
        op->instance->stopped = true;
        instance_refused(op->instance, op->reason);
        _longjmp(op->back, 1);
}

int op_refuse(struct mentiond_op *op, int verdict, const char *reason)
{
        if (!op->cut) {
                op->cut = verdict;
                op->cut_reason = reason;
        }
        op->reason = reason;
        if (op->inside && ++op->n_refused > OP_REFUSED_MAX)
                abandon(op, task_interrupted() < 0 ? "it did not return after its operation had ended"
                                                   : "it did not return after it was refused more");
        return verdict;
}

int op_admit(struct mentiond_op *op)
{
        if (op->inside && task_ran_usec() > BREATH_USEC)
                task_yield();
        if (task_interrupted() < 0)
                return op_refuse(op, MENTIOND_CANCELED, "the operation was ended");
        return MENTIOND_OK;
}

void op_forget_page(struct mentiond_op *op)
{
        arena_free(op->page);
        op->page = arena_new();
}

size_t op_memory_size(const struct mentiond_op *op)
{
        return arena_size(op->arena) + arena_size(op->page);
}

struct arena *op_memory(struct mentiond_op *op)
{
        if (op->inside && op_memory_size(op) > op->memory_max + op->memory_max / 4)
                abandon(op, "it took more memory than one operation may");
        return op->page;
}

bool op_may_log(struct mentiond_op *op)
{
        return instance_may_log(op->instance);
}

/* --- Secrets --- */

#define HIDDEN_MIN 6             /* bytes; a shorter one may stand anywhere by chance, and hardly is one */

static char *hide(char *text, const char *secret)
{
        for (const char *at; strlen(secret) >= HIDDEN_MIN && (at = strstr(text, secret)); ) {
                char *rest = xasprintf("%.*s***%s", (int) (at - text), text, at + strlen(secret));

                free(text);
                text = rest;
        }
        return text;
}

char *op_hide_secrets(const struct mentiond_op *op, char *text)
{
        const struct instance *i = op->instance;
        const struct mentiond_option *o;

        for (size_t n = 0; (o = options_at(&i->plugin->options, n)); n++) {
                const char *secret = o->type == MENTIOND_SECRET
                                             ? secret_value(*(struct mentiond_secret **) ((char *) i->plugin_state + o->offset))
                                             : "";
                _cleanup_free_ char *encoded = text_percent_encode(secret);

                text = hide(hide(text, secret), encoded);
        }
        return text;
}

/* --- What was emitted --- */

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
                .learns = instance_is_channel(i),
                .items = op->items,
                .n_items = op->n_items,
                .cursors = op->cursors,
                .n_cursors = done ? op->n_cursors : 0,
                .merges = op->merges,
                .n_merges = op->n_merges,
                .links = op->links,
                .n_links = op->n_links,
                .read = op->unread,
                .n_read = done ? op->n_unread : 0,
                .begin_max = done ? op->begin_max : 0,
                .begun = op->begun,
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
        op->n_begun = p.n_begun;
        op->n_items = op->n_merges = op->n_links = op->items_bytes = 0;
        arena_free(op->items_arena);
        op->items_arena = NULL;
        if (done) {
                op->n_cursors = 0;
                if (!i->stored.polled && p.learns)
                        i->stored.baseline_usec = p.horizon_usec;
                i->stored.horizon_usec = p.horizon_usec;
                i->stored.polled = true;
                i->stored.behind = false;
        }
        if (ret_new)
                *ret_new = p.n_new;
        return 0;
}

int op_judge(struct mentiond_op *op, int verdict)
{
        struct instance *i = op->instance;

        if (verdict < MENTIOND_OK || verdict > MENTIOND_BLOCKED)
                verdict = MENTIOND_BUG;
        if (verdict != MENTIOND_OK && verdict != MENTIOND_ABSENT && !*op->reason)
                (void) mentiond_fail(op, verdict, "the plugin %s did not say why", i->plugin->name);
        counter_add("verdicts", i->name, verdict_name(verdict), 1);
        switch (verdict) {
        case MENTIOND_RETRY:
        case MENTIOND_AMBIGUOUS:
                strset(&i->reason, op->reason);
                /* Those on their way when the pause began fail together, and say no more than the first. */
                if (op->begun_usec < i->budget.failed_usec || ++i->budget.failures < PAUSE_AFTER)
                        break;
                budget_pause(&i->budget, backoff_usec(i->options.retry_usec, i->options.retry_max_usec,
                                                      i->budget.failures - PAUSE_AFTER));
                i->budget.failed_usec = mono_usec();
                break;
        case MENTIOND_THROTTLED:
                if (!op->throttled_usec)
                        op->throttled_usec = USEC_PER_MINUTE;
                if (!op->apart)
                        budget_pause(&i->budget, op->throttled_usec + random_below(op->throttled_usec / 10));
                strset(&i->reason, op->reason);
                break;
        case MENTIOND_AUTH:
                instance_refused(i, op->reason);
                break;
        case MENTIOND_BLOCKED:           /* the other side is well */
                i->budget.failures = 0;
                strset(&i->reason, op->reason);
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
