/* SPDX-License-Identifier: MIT
 *
 * Adding to a ticket that is there.
 *
 * A customer's article goes by a change of its ticket, in one transaction with the state that opens it again.  A ticket of which
 * a field was made mandatory later can no longer be changed; then the article is added alone.  Either answers also for a ticket
 * that has been merged meanwhile, and would be read by nobody.
 * Used by zammad_article.c and zammad_find.c; owns nothing. */
#include "zammad.h"

#include <stdlib.h>

enum { BIND_TRIES = 6 };     /* each may meet another of Zammad's workers */

/* A user, for a customer who is not the ticket's.  His login is looked up by who writes for him, so that one made twice does no
 * harm: Zammad gives a second one another login, and says nothing. */
static int make_customer(struct mentiond_op *op, const struct zammad_customer *customer)
{
        struct json_object *body = mentiond_json(op, "{'login': %s, 'firstname': %s, 'source': %s}", customer->login,
                                                 customer->name, customer->source);
        struct zammad_answer answer;
        int r = zammad_call(op, "POST", "/api/v1/users", body, ZAMMAD_READS, &answer);        /* may be done twice */

        if (answer.refusal == ZAMMAD_FORBIDDEN)
                return mentiond_fail(op, MENTIOND_AUTH, "the user of the token may not make customers");
        return r;
}

static bool is_unknown_customer(const struct zammad_answer *answer)
{
        return answer->refusal == ZAMMAD_INVALID && strstr(answer->words, "origin_by");
}

/* The one of its articles that was not there before, or "": none, or one of several. */
static const char *new_article(struct mentiond_op *op, struct json_object *before, struct json_object *after)
{
        struct json_object *old = mj_get(before, "article_ids"), *new = mj_get(after, "article_ids"), *one;
        int64_t found = 0;

        MJ_EACH(one, new) {
                int64_t id = json_object_get_int64(one);
                bool known = false;

                for (size_t i = 0; i < mj_len(old) && !known; i++)
                        known = json_object_get_int64(mj_at(old, i)) == id;
                if (known)
                        continue;
                if (found)
                        return "";
                found = id;
        }
        return found && json_object_is_type(old, json_type_array) ? mentiond_format(op, "%lld", (long long) found) : "";
}

static const char *path_of(struct mentiond_op *op, const char *id)
{
        return mentiond_format(op, "/api/v1/tickets/%s?expand=true", mentiond_escape(op, id));
}

static int send(struct mentiond_op *op, const char *id, struct json_object *article, struct json_object *change,
                struct zammad_answer *ret)
{
        if (change) {
                MJ_PUT(change, "article", json_object_get(article));
                return zammad_call(op, "PUT", path_of(op, id), change, ZAMMAD_WRITES, ret);
        }
        mj_put_int(article, "ticket_id", strtoll(id, NULL, 10));
        return zammad_call(op, "POST", "/api/v1/ticket_articles?expand=true", article, ZAMMAD_WRITES, ret);
}

/* What a refusal means for a ticket that could be read a moment ago. */
static int refused(struct mentiond_op *op, struct zammad *z, const char *id)
{
        struct json_object *ticket;
        int r = zammad_ticket_get(op, z, id, &ticket);

        return r == MENTIOND_OK ? zammad_lacks_rights(op, z, mj_str(ticket, "group")) : r;
}

/* Where the article is, and whether somebody will find it there. */
static int settle(struct mentiond_op *op, struct zammad *z, struct json_object *before, struct json_object *after,
                  const char *message_id, struct mentiond_filed *ret)
{
        struct json_object *articles = NULL, *ticket = after;
        int r = MENTIOND_OK;

        zammad_tell(op, z, before, ret);
        if (mj_get(after, "ticket_id")) {    /* the article, which was added alone */
                ret->article = mj_str(after, "id");
                r = zammad_ticket_get(op, z, ret->ticket, &ticket);
        } else {
                ret->article = new_article(op, before, after);
                if (!*ret->article)
                        r = zammad_articles(op, z, ret->ticket, &articles);
                if (articles)
                        ret->article = mj_str(mj_find(articles, "message_id", message_id), "id");
        }
        if (r != MENTIOND_OK || !*ret->article)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "the article was made, but Zammad could not be asked what became of "
                                     "its ticket");
        if (zammad_is_merged(ticket))
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "ticket %s was merged while the article was written", ret->number);
        return MENTIOND_OK;
}

int zammad_write(struct mentiond_op *op, struct zammad *z, struct json_object *ticket, struct json_object *article,
                 struct json_object *change, const struct zammad_customer *customer, struct mentiond_filed *ret)
{
        const char *id = mj_str(ticket, "id"), *message_id = mj_str(article, "message_id");
        struct zammad_answer answer;
        bool made = false;
        int r;

        mj_put_str(article, "origin_by", customer ? customer->login : NULL);
        for (;;) {
                r = send(op, id, article, change, &answer);
                if (customer && !made && is_unknown_customer(&answer)) {
                        r = make_customer(op, customer);
                        if (r != MENTIOND_OK)
                                return r;
                        made = true;
                } else if (change && (answer.refusal == ZAMMAD_OPAQUE || answer.refusal == ZAMMAD_INVALID)) {
                        mentiond_log(op, 4, "ticket %s cannot be changed, so that a new article does not open it (often a field "
                                     "was made mandatory, or the option reopen_state is wrong): %s", mj_str(ticket, "number"),
                                     answer.words);
                        change = NULL;
                } else {
                        break;
                }
        }
        if (answer.refusal == ZAMMAD_FORBIDDEN || answer.refusal == ZAMMAD_MISSING)
                return refused(op, z, id);
        if (r != MENTIOND_OK)
                return r;
        return settle(op, z, ticket, answer.json, message_id, ret);
}

void zammad_bind(struct mentiond_op *op, struct zammad *z, struct json_object *ticket, const char *thread_key)
{
        const char *id = mj_str(ticket, "id"), *number = mj_str(ticket, "number");
        struct json_object *body = mentiond_json(op, "{%s: %s}", z->attribute, thread_key), *now = ticket;

        for (int n = 0; n < BIND_TRIES && !mj_is(now, z->attribute, thread_key); n++) {
                struct zammad_answer answer;

                if (zammad_call(op, "PUT", path_of(op, id), body, ZAMMAD_READS, &answer) != MENTIOND_OK)   /* may be done twice */
                        break;
                now = answer.json;
        }
        if (mj_is(now, z->attribute, thread_key))
                return;
        mentiond_log(op, 3, "ticket %s has no %s: restart Zammad, which must be done after the attribute was added. A store that "
                     "is built anew would not know that ticket", number, z->attribute);
}
