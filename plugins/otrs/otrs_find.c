/* SPDX-License-Identifier: MIT
 *
 * Finding what an attempt of unknown end has left.
 *
 * A ticket is sought by the field SocialThread, which it gets before its article, so that a ticket without it
 * is an attempt that died: its rest is done by append.  Articles cannot be searched by a field; they are read.
 * A callback of the plugin; owns nothing. */
#include "otrs.h"

/* Looks for the key in a ticket that is there. */
static int look_into(struct mentiond_op *op, struct otrs *otrs, const char *id, const char *key,
                     struct mentiond_filed *ret)
{
        struct json_object *ticket, *articles, *history;
        int r = otrs_ticket_open(op, otrs, id, &(struct otrs_articles) { .all = true }, &ticket);

        if (r != MENTIOND_OK)
                return r;
        otrs_ticket_tell(op, otrs, ticket, ret);
        articles = mj_get(ticket, "Article");
        for (size_t i = 0; i < mj_len(articles); i++)
                if (strcmp(otrs_field(mj_at(articles, i), "SocialPost"), key) == 0) {
                        ret->article = mentiond_format(op, "%s", mj_str(mj_at(articles, i), "ArticleID"));
                        return MENTIOND_OK;
                }
        r = otrs_ticket_history(op, otrs, ret->ticket, &history);
        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; i < mj_len(history); i++) {
                struct json_object *line = mj_at(history, i);

                if (strcmp(mj_str(line, "Name"), key) != 0)
                        continue;
                for (size_t j = 0; j < mj_len(articles); j++)
                        if (mj_int(mj_at(articles, j), "ArticleID", -1) == mj_int(line, "ArticleID", -2)) {
                                ret->article = mentiond_format(op, "%s", mj_str(line, "ArticleID"));
                                mentiond_log(op, 4, "article %s of ticket %s: the helpdesk did not finish it; it may "
                                             "lack attachments", ret->article, ret->number);
                                return MENTIOND_OK;
                        }
        }
        return MENTIOND_ABSENT;
}

/* The title that we gave, as far as the helpdesk kept it: on MySQL an emoji has become U+FFFD. */
static bool same_title(const char *stored, const char *given)
{
        const char *lost = strstr(stored, "\xef\xbf\xbd");

        return lost ? strncmp(stored, given, (size_t) (lost - stored)) == 0 : strcmp(stored, given) == 0;
}

/* A ticket that was made, and not even its fields: gives it the thread, so that it is found from now on. */
static int adopt(struct mentiond_op *op, struct otrs *otrs, const struct mentiond_lookup *lookup,
                 struct mentiond_filed *ret)
{
        struct json_object *query = mentiond_json_object(op), *ids;
        int r;

        if (!*lookup->customer || !*lookup->title)
                return MENTIOND_ABSENT;
        mj_put_str(query, "CustomerUserLogin", lookup->customer);
        mj_put_int(query, "TicketCreateTimeNewerMinutes", otrs_minutes_since(op, lookup->tried_usec));
        mj_put_int(query, "Limit", OTRS_HITS_MAX);
        r = otrs_search(op, otrs, query, &ids);
        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; i < mj_len(ids); i++) {
                const char *id = json_object_get_string(mj_at(ids, i));
                struct json_object *tickets, *ticket, *body, *fields, *reply;

                r = otrs_ticket_get(op, otrs, id, &(struct otrs_articles) { .all = true }, &tickets);
                if (r == MENTIOND_GONE)
                        continue;
                if (r != MENTIOND_OK)
                        return r;
                ticket = mj_at(tickets, 0);
                if (otrs_has_article(ticket) || *otrs_field(ticket, "SocialThread") ||
                    strcmp(mj_str(ticket, "CustomerUserID"), lookup->customer) != 0 ||
                    !same_title(mj_str(ticket, "Title"), otrs_line(op, lookup->title)))
                        continue;
                body = mentiond_json_object(op);
                fields = json_object_new_array();
                otrs_add_field(fields, "SocialThread", lookup->thread_key);
                mj_put_str(body, "TicketID", id);
                json_object_object_add(body, "DynamicField", fields);
                r = otrs_call(op, otrs, "TicketUpdate", OTRS_READS, body, &reply);    /* may be done twice */
                if (r == MENTIOND_GONE)
                        continue;
                if (r != MENTIOND_OK)
                        return r;
                otrs_ticket_tell(op, otrs, ticket, ret);
                return MENTIOND_ABSENT;
        }
        return MENTIOND_ABSENT;
}

int otrs_find(struct mentiond_op *op, void *state, const struct mentiond_lookup *lookup,
              struct mentiond_filed *ret)
{
        struct otrs *otrs = state;
        struct json_object *query = mentiond_json_object(op), *equals, *ids;
        struct mentiond_filed filed = *ret, kept = *ret;
        bool gone = false, there = false;
        int r;

        if (*lookup->ticket) {
                r = look_into(op, otrs, lookup->ticket, lookup->key, &filed);
                if (r == MENTIOND_OK || r == MENTIOND_ABSENT)
                        *ret = filed;
                return r;
        }
        equals = json_object_new_object();
        mj_put_str(equals, "Equals", lookup->thread_key);
        json_object_object_add(query, "DynamicField_SocialThread", equals);
        mj_put_int(query, "Limit", OTRS_HITS_MAX);
        r = otrs_search(op, otrs, query, &ids);
        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; i < mj_len(ids); i++) {
                const char *id = json_object_get_string(mj_at(ids, i));
                struct json_object *tickets;

                /* The search disregards case, and brings everything if it does not know the field. */
                r = otrs_ticket_get(op, otrs, id, NULL, &tickets);
                if (r == MENTIOND_OK &&
                    strcmp(otrs_field(mj_at(tickets, 0), "SocialThread"), lookup->thread_key) != 0)
                        continue;
                if (r == MENTIOND_OK)
                        r = look_into(op, otrs, id, lookup->key, &filed);
                if (r == MENTIOND_OK) {
                        *ret = filed;
                        return r;
                }
                if (r == MENTIOND_GONE) {
                        gone = true;
                } else if (r == MENTIOND_ABSENT) {
                        if (!there)
                                kept = filed;
                        there = true;
                } else {
                        return r;
                }
        }
        if (there) {
                *ret = kept;
                return MENTIOND_ABSENT;
        }
        if (gone)
                return mentiond_fail(op, MENTIOND_UNKNOWN, "the ticket of this thread was merged into one that %s "
                                     "may not see", otrs->user);
        return adopt(op, otrs, lookup, ret);
}
