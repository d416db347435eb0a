/* SPDX-License-Identifier: MIT
 *
 * Finding what an attempt of unknown end has left: by the article's message id, and if there is none the thread's ticket by its
 * attribute.  Zammad makes both in one transaction, and finds them at once.
 * A callback of the plugin; owns nothing. */
#include "zammad.h"

/* OK with *ret, ABSENT, or a verdict on the attempt.  What lies in a ticket that was merged before it came there nobody reads:
 * it counts as absent. */
static int find_article(struct mentiond_op *op, struct zammad *z, const struct mentiond_lookup *lookup,
                        struct mentiond_filed *ret)
{
        const char *message_id = zammad_message_id(op, lookup->key);
        struct json_object *tickets, *ticket;
        int r = zammad_search(op, z, zammad_condition(op, "article.message_id", "is", message_id), "created_at", 1, &tickets);

        if (r != MENTIOND_OK)
                return r;
        MJ_EACH(ticket, tickets) {
                struct json_object *articles, *article;

                if (zammad_is_merged(ticket))
                        continue;
                r = zammad_articles(op, z, mj_str(ticket, "id"), &articles);
                if (r == MENTIOND_GONE)      /* since the search */
                        continue;
                if (r != MENTIOND_OK)
                        return r;
                article = mj_find(articles, "message_id", message_id);   /* some databases search without regard to case */
                if (!article)
                        continue;
                if (!*mj_str(article, "id"))
                        return mentiond_fail(op, MENTIOND_RETRY, "Zammad shows the article without its id");
                zammad_tell(op, z, ticket, ret);
                ret->article = mj_str(article, "id");
                if (!*lookup->ticket && *lookup->thread_key && mj_int(ticket, "created_by_id", 0) == z->user)
                        zammad_bind(op, z, ticket, lookup->thread_key);
                return MENTIOND_OK;
        }
        return MENTIOND_ABSENT;
}

int zammad_find(struct mentiond_op *op, void *state, const struct mentiond_lookup *lookup, struct mentiond_filed *ret)
{
        struct zammad *z = state;
        struct json_object *tickets, *hit, *ticket;
        bool gone = false;
        int r = find_article(op, z, lookup, ret);

        if (r != MENTIOND_ABSENT)
                return r;
        if (*lookup->ticket) {
                r = zammad_ticket_open(op, z, lookup->ticket, &ticket);
                if (r == MENTIOND_OK)
                        zammad_tell(op, z, ticket, ret);
                return r == MENTIOND_OK ? MENTIOND_ABSENT : r;
        }
        if (!*lookup->thread_key)
                return MENTIOND_ABSENT;
        r = zammad_search(op, z, zammad_condition(op, zammad_field(op, z), "is", lookup->thread_key), "created_at", 1, &tickets);
        if (r != MENTIOND_OK)
                return r;
        MJ_EACH(hit, tickets) {
                if (!mj_is(hit, z->attribute, lookup->thread_key))
                        continue;
                r = zammad_ticket_open(op, z, mj_str(hit, "id"), &ticket);
                if (r == MENTIOND_GONE) {
                        gone = true;
                        continue;
                }
                if (r != MENTIOND_OK)
                        return r;
                zammad_tell(op, z, ticket, ret);
                return MENTIOND_ABSENT;
        }
        if (gone)
                return mentiond_fail(op, MENTIOND_UNKNOWN, "the ticket of this thread was merged into one that %s may not see",
                                     z->user_name);
        return MENTIOND_ABSENT;
}
