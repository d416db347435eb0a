/* SPDX-License-Identifier: MIT
 *
 * Reviews: the helpdesk is asked how an article stands now.  Owns nothing.  Called by posting.
 */
#include "flow/review.h"

#include "base/clock.h"

static const char *const *copy_texts(struct arena *a, const char *const *texts, uint32_t n)
{
        const char **out = arena_alloc(a, (n + 1) * sizeof *out);

        for (uint32_t k = 0; k < n; k++)
                out[k] = arena_strdup(a, texts[k]);
        return out;
}

static const struct mentiond_attachment *copy_attachments(struct arena *a, const struct mentiond_attachment *from, uint32_t n)
{
        struct mentiond_attachment *out = arena_alloc(a, (n + 1) * sizeof *out);

        for (uint32_t k = 0; k < n; k++) {
                const struct mentiond_attachment *one = (const void *) ((const char *) from + (size_t) k * from->struct_size);

                out[k] = COPY_SIZED(struct mentiond_attachment, one);
                out[k].struct_size = sizeof out[k];
                out[k].name = arena_strdup(a, strempty(one->name));
                out[k].type = arena_strdup(a, strempty(one->type));
                if (one->data) {
                        void *data = arena_alloc(a, one->size + 1);

                        memcpy(data, one->data, one->size);
                        out[k].data = data;
                }
        }
        return out;
}

static void copy(struct arena *a, struct mentiond_review *r)
{
        r->html = arena_strdup(a, strempty(r->html));
        r->text = arena_strdup(a, strempty(r->text));
        r->attachments = copy_attachments(a, r->attachments, r->n_attachments);
        r->internal = copy_texts(a, r->internal, r->n_internal);
        r->customer = copy_texts(a, r->customer, r->n_customer);
        r->internal_attachments = copy_attachments(a, r->internal_attachments, r->n_internal_attachments);
}

struct instance *review_helpdesk(struct flow_instance *f, const struct store_thread *t, struct arena *a, const char **ret_reason,
                                 int64_t *ret_wait_usec)
{
        struct instance *i = host_find_id(f->instance->host, t->helpdesk);

        if (i && i->state == INSTANCE_RUNNING && !budget_is_paused(&i->budget))
                return i;
        *ret_wait_usec = i ? MAX(i->budget.pause_usec - mono_usec(), i->options.retry_usec) : f->instance->options.retry_usec;
        *ret_reason = arena_printf(a, "the helpdesk must be asked first, and \"%s\" does not answer now",
                                   i ? i->name : "helpdesk");
        return NULL;
}

static int call_review(struct mentiond_op *op, const char *ticket, const char *article, struct mentiond_review *ret)
{
        const struct instance *i = op->instance;

        return OP_CALL(op, i->plugin->helpdesk.review(op, i->plugin_state, ticket, article, ret));
}

int review_article(struct flow_instance *f, struct arena *a, const struct store_row *row, const struct store_thread *t,
                   struct mentiond_review *ret, const char **ret_reason, int64_t *ret_wait_usec)
{
        struct instance *i;
        struct mentiond_op op;
        int verdict;

        *ret = (struct mentiond_review) { .struct_size = sizeof *ret };
        if (isempty(t->ticket))
                return MENTIOND_ABSENT;
        i = review_helpdesk(f, t, a, ret_reason, ret_wait_usec);
        if (!i)
                return MENTIOND_RETRY;
        if (((const struct flow_instance *) i->flow)->unread) {
                *ret_wait_usec = i->options.retry_usec;
                *ret_reason = arena_printf(a, "what agents said meanwhile must be read first, and \"%s\" does not answer polls"
                                              " now", i->name);
                return MENTIOND_RETRY;
        }
        if (!i->plugin->helpdesk.review)
                return MENTIOND_ABSENT;
        instance_hold(i);
        op_begin(&op, i, "review", OP_DEADLINE_USEC);
        verdict = op_judge(&op, call_review(&op, t->ticket, row->native_id, ret));
        if (verdict == MENTIOND_OK)
                copy(a, ret);
        *ret_reason = arena_strdup(a, op.reason);
        *ret_wait_usec = op.throttled_usec;
        op_end(&op);
        instance_release(i);
        return verdict;
}
