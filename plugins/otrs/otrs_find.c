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
        struct json_object *ticket, *articles, *article, *history, *line;
        int r = otrs_ticket_open(op, otrs, id, &(struct otrs_articles) { .all = true }, &ticket);

        if (r != MENTIOND_OK)
                return r;
        otrs_ticket_tell(op, otrs, ticket, ret);
        articles = mj_get(ticket, "Article");
        MJ_EACH(article, articles) {
                if (mj_int(article, "ArticleID", 0) > 0 && strcmp(otrs_field(article, "SocialPost"), key) == 0) {
                        ret->article = mj_str(article, "ArticleID");
                        return MENTIOND_OK;
                }
        }
        r = otrs_ticket_history(op, otrs, ret->ticket, &history);
        if (r != MENTIOND_OK)
                return r;
        MJ_EACH(line, history) {
                if (!mj_is(line, "Name", key) || !mj_find(articles, "ArticleID", mj_str(line, "ArticleID")))
                        continue;
                ret->article = mj_str(line, "ArticleID");
                mentiond_log(op, 4, "article %s of ticket %s: the helpdesk did not finish it; it may lack attachments",
                             ret->article, ret->number);
                return MENTIOND_OK;
        }
        return MENTIOND_ABSENT;
}

/* The title that we gave, as far as the helpdesk kept it: on MySQL an emoji has become U+FFFD. */
static bool same_title(const char *stored, const char *given)
{
        const char *lost = strstr(stored, "\xef\xbf\xbd");

        return lost ? strncmp(stored, given, (size_t) (lost - stored)) == 0 : strcmp(stored, given) == 0;
}

static bool may_adopt(struct mentiond_op *op, struct json_object *ticket, const struct mentiond_lookup *lookup)
{
        return !*otrs_field(ticket, "SocialThread") && mj_is(ticket, "CustomerUserID", lookup->customer) &&
               same_title(mj_str(ticket, "Title"), mentiond_line(op, lookup->title, OTRS_TITLE_MAX));
}

/* OK: it has the thread now, or if *ret_ticket is NULL is none to have it. */
static int adopt_one(struct mentiond_op *op, struct otrs *otrs, const struct mentiond_lookup *lookup, const char *id,
                     struct json_object **ret_ticket)
{
        struct json_object *tickets, *body, *reply;
        int r = otrs_ticket_get(op, otrs, id, &(struct otrs_articles) { .all = true }, &tickets);

        body = mentiond_json(op, "{'TicketID': %s, 'DynamicField': [{'Name': 'SocialThread', 'Value': %s}]}", id,
                             lookup->thread_key);
        *ret_ticket = NULL;
        if (r == MENTIOND_OK && (otrs_has_article(mj_at(tickets, 0)) || !may_adopt(op, mj_at(tickets, 0), lookup)))
                return MENTIOND_OK;
        if (r == MENTIOND_OK)
                r = otrs_call(op, otrs, "TicketUpdate", OTRS_READS, body, &reply);    /* may be done twice */
        if (r == MENTIOND_OK)
                *ret_ticket = mj_at(tickets, 0);
        return r == MENTIOND_GONE ? MENTIOND_OK : r;
}

/* ids: n of them, parted by commas.  As adopt_one(). */
static int adopt_of(struct mentiond_op *op, struct otrs *otrs, const struct mentiond_lookup *lookup, const char *ids, size_t n,
                    struct json_object **ret_ticket)
{
        struct json_object *tickets = NULL;
        int r = n > 1 ? otrs_ticket_get(op, otrs, ids, NULL, &tickets) : MENTIOND_GONE;

        *ret_ticket = NULL;
        /* One of them is gone since the search; which, is not told. */
        if (r == MENTIOND_GONE) {
                for (r = MENTIOND_OK; r == MENTIOND_OK && !*ret_ticket && *ids; ids += strspn(ids, ",")) {
                        int length = (int) strcspn(ids, ",");

                        r = adopt_one(op, otrs, lookup, mentiond_format(op, "%.*s", length, ids), ret_ticket);
                        ids += length;
                }
                return r;
        }
        for (size_t i = 0; r == MENTIOND_OK && !*ret_ticket && i < mj_len(tickets); i++)
                if (may_adopt(op, mj_at(tickets, i), lookup))
                        r = adopt_one(op, otrs, lookup, mj_str(mj_at(tickets, i), "TicketID"), ret_ticket);
        return r;
}

/* A ticket that was made, and not even its fields: gives it the thread, so that it is found from now on. */
static int adopt(struct mentiond_op *op, struct otrs *otrs, const struct mentiond_lookup *lookup,
                 struct mentiond_filed *ret)
{
        struct json_object *query, *ids, *ticket = NULL;
        const char *batch = "";
        size_t n = 0;
        int r;

        if (!*lookup->customer || !*lookup->title)
                return MENTIOND_ABSENT;
        query = mentiond_json(op, "{'CustomerUserLogin': %s, 'TicketCreateTimeNewerMinutes': %lld, 'Limit': %d}",
                              lookup->customer,
                              (long long) otrs_minutes_since(op, lookup->tried_usec) + OTRS_SWEEP_MINUTES, OTRS_SHELLS_MAX);
        r = otrs_search(op, otrs, query, &ids);
        for (size_t i = 0; r == MENTIOND_OK && !ticket && i < mj_len(ids); i++) {
                batch = mentiond_format(op, "%s%s%s", batch, n ? "," : "", json_object_get_string(mj_at(ids, i)));
                if (++n < OTRS_BATCH && i + 1 < mj_len(ids))
                        continue;
                r = adopt_of(op, otrs, lookup, batch, n, &ticket);
                batch = "";
                n = 0;
        }
        if (r != MENTIOND_OK)
                return r;
        if (ticket)
                otrs_ticket_tell(op, otrs, ticket, ret);
        return MENTIOND_ABSENT;
}

int otrs_find(struct mentiond_op *op, void *state, const struct mentiond_lookup *lookup,
              struct mentiond_filed *ret)
{
        struct otrs *otrs = state;
        struct json_object *query, *ids;
        struct mentiond_filed filed = *ret, kept = *ret;
        bool gone = false, there = false;
        int r;

        if (*lookup->ticket) {
                r = look_into(op, otrs, lookup->ticket, lookup->key, &filed);
                if (r == MENTIOND_OK || r == MENTIOND_ABSENT)
                        *ret = filed;
                return r;
        }
        query = mentiond_json(op, "{'DynamicField_SocialThread': {'Equals': %s}, 'Limit': %d}", lookup->thread_key,
                              OTRS_HITS_MAX);
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
