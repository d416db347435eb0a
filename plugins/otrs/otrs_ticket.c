/* SPDX-License-Identifier: MIT
 *
 * Tickets, as they are read and searched, and closed; a ticket that was merged is followed.
 * Used by the other otrs_*.c, and has a callback of the plugin; owns nothing. */
#include "otrs.h"

#include <stdio.h>

#define ID_MAX 20        /* digits of a ticket's id; what is longer is none */

static const int64_t day_usec = INT64_C(86400) * 1000000;

const char *otrs_field(struct json_object *object, const char *name)
{
        return mj_str(mj_find(mj_get(object, "DynamicField"), "Name", name), "Value");
}

bool otrs_has_article(struct json_object *ticket)
{
        struct json_object *articles = mj_get(ticket, "Article"), *article;

        MJ_EACH(article, articles)
                if (mj_int(article, "ArticleID", 0) > 0)
                        return true;
        return false;
}

static bool is_among(const char *ids, const char *id)
{
        size_t length = strlen(id);

        for (const char *at = ids; *at; at += strcspn(at, ","), at += *at == ',')
                if (strcspn(at, ",") == length && strncmp(at, id, length) == 0)
                        return true;
        return false;
}

int otrs_ticket_get(struct mentiond_op *op, struct otrs *otrs, const char *ids,
                    const struct otrs_articles *articles, struct json_object **ret)
{
        struct json_object *body = mentiond_json(op, "{'TicketID': %s, 'DynamicFields': 1}", ids), *reply, *ticket;
        int r;

        if (articles && articles->all) {
                mj_put_int(body, "AllArticles", 1);
                mj_put_str(body, "ArticleOrder", "DESC");
                if (articles->limit > 0)
                        mj_put_int(body, "ArticleLimit", articles->limit);
                mj_put_str(body, "ArticleSenderType", articles->agents ? "agent" : NULL);
                if (articles->attachments) {
                        mj_put_int(body, "Attachments", 1);
                        mj_put_int(body, "HTMLBodyAsAttachment", 1);
                        mj_put_int(body, "GetAttachmentContents", !articles->names_only);
                }
        }
        r = otrs_call(op, otrs, "TicketGet", OTRS_READS, body, &reply);
        if (r != MENTIOND_OK)
                return r;
        if (mj_len(mj_get(reply, "Ticket")) == 0)
                return mentiond_fail(op, MENTIOND_RETRY, "the helpdesk answered without the ticket %s", ids);
        MJ_EACH(ticket, mj_get(reply, "Ticket"))
                if (!is_among(ids, mj_str(ticket, "TicketID")))
                        return mentiond_fail(op, MENTIOND_RETRY, "the helpdesk answered with the ticket \"%s\", asked for %s",
                                             mj_str(ticket, "TicketID"), ids);
        *ret = mj_get(reply, "Ticket");
        return MENTIOND_OK;
}

const char *otrs_ids(struct mentiond_op *op, struct json_object *found, bool linked)
{
        char *ids, *end;

        ids = end = mentiond_alloc(op, mj_len(found) * (ID_MAX + 1) + 1);
        for (size_t i = 0; i < mj_len(found); i++) {
                const char *id = json_object_get_string(mj_at(found, i));

                if (id && strlen(id) <= ID_MAX && (!linked || mentiond_is_linked(op, id)))
                        end = stpcpy(stpcpy(end, end > ids ? "," : ""), id);
        }
        return ids;
}

/* Up to n of them. */
static size_t length_of(const char *ids, size_t n)
{
        size_t length = strcspn(ids, ",");

        while (--n > 0 && ids[length])
                length += 1 + strcspn(ids + length + 1, ",");
        return length;
}

/* What several tickets at once fail with, and one by one may not: one of them was deleted or moved away (which, is not told), or
 * the answer is too long. */
static bool is_of_one(int verdict)
{
        return verdict == MENTIOND_GONE || verdict == MENTIOND_RETRY || verdict == MENTIOND_REJECTED || verdict == MENTIOND_BUG;
}

int otrs_tickets_walk(struct mentiond_op *op, struct otrs *otrs, const char *ids, const struct otrs_articles *articles,
                      int (*fn)(struct mentiond_op *op, struct otrs *otrs, struct json_object *page))
{
        int alone = 0, r = MENTIOND_OK;

        while (r == MENTIOND_OK) {
                struct json_object *tickets;
                const char *some;
                int length;

                mentiond_turn_page(op, &ids, 1);
                if (!*ids)
                        break;
                length = (int) length_of(ids, alone > 0 ? 1 : OTRS_BATCH);
                some = mentiond_format(op, "%.*s", length, ids);
                r = otrs_ticket_get(op, otrs, some, articles, &tickets);
                if (r == MENTIOND_OK)
                        r = fn(op, otrs, tickets);
                if (is_of_one(r) && strchr(some, ',')) {
                        alone = OTRS_BATCH;
                        r = MENTIOND_OK;
                        continue;
                }
                if (r == MENTIOND_GONE)
                        r = MENTIOND_OK;
                ids += length + (ids[length] == ',');
                alone -= alone > 0;
        }
        return r;
}

int otrs_ticket_histories(struct mentiond_op *op, struct otrs *otrs, const char *ids, struct json_object **ret)
{
        struct json_object *reply;
        int r = otrs_call(op, otrs, "TicketHistoryGet", OTRS_READS, mentiond_json(op, "{'TicketID': %s}", ids), &reply);

        if (r == MENTIOND_OK)
                *ret = mj_get(reply, "TicketHistory");
        return r;
}

int otrs_ticket_history(struct mentiond_op *op, struct otrs *otrs, const char *id, struct json_object **ret)
{
        struct json_object *histories;
        int r = otrs_ticket_histories(op, otrs, id, &histories);

        if (r == MENTIOND_OK)
                *ret = mj_get(mj_at(histories, 0), "History");
        return r;
}

bool otrs_merge_parse(struct json_object *line, struct otrs_merge *ret)
{
        return mj_is(line, "HistoryType", "Merged") &&
               sscanf(mj_str(line, "Name"), "%%%%%*[^%]%%%%%31[0-9]%%%%%*[^%]%%%%%31[0-9]",
                      ret->from, ret->into) == 2;
}

int otrs_merged_into(struct mentiond_op *op, struct otrs *otrs, const char *id, const char **ret)
{
        struct json_object *history, *line;
        int r = otrs_ticket_history(op, otrs, id, &history);

        if (r != MENTIOND_OK)
                return r;
        *ret = NULL;
        MJ_EACH(line, history) {
                struct otrs_merge merge;

                /* Others that were merged into this one have left a line here, too. */
                if (otrs_merge_parse(line, &merge) && strcmp(merge.from, id) == 0)
                        *ret = mentiond_format(op, "%s", merge.into);
        }
        return MENTIOND_OK;
}

int otrs_ticket_open(struct mentiond_op *op, struct otrs *otrs, const char *id,
                     const struct otrs_articles *articles, struct json_object **ret)
{
        for (int hop = 0; hop < OTRS_HOPS_MAX; hop++) {
                struct json_object *tickets;
                const char *next;
                int r = otrs_ticket_get(op, otrs, id, articles, &tickets);

                if (r != MENTIOND_OK)
                        return r;
                if (!mj_is(mj_at(tickets, 0), "StateType", "merged")) {
                        *ret = mj_at(tickets, 0);
                        return MENTIOND_OK;
                }
                r = otrs_merged_into(op, otrs, id, &next);
                if (r != MENTIOND_OK)
                        return r;
                if (!next)
                        return mentiond_fail(op, MENTIOND_GONE,
                                             "ticket %s was merged, its history does not say where to", id);
                id = next;
        }
        return mentiond_fail(op, MENTIOND_GONE, "ticket %s was merged in a circle", id);
}

bool otrs_is_closed(struct json_object *ticket)
{
        return mj_is(ticket, "StateType", "closed") || mj_is(ticket, "StateType", "removed");
}

int64_t otrs_closed_usec(struct mentiond_op *op, struct json_object *ticket)
{
        struct json_object *article = mj_at(mj_get(ticket, "Article"), 0);
        int64_t changed = mentiond_parse_time(mj_str(ticket, "Changed")),
                local = mentiond_parse_time(mj_str(article, "CreateTime"));
        int64_t came = mj_usec(article, "IncomingTime");
        bool known = changed && local && came && came < mentiond_now_usec(op) + day_usec;

        return otrs_is_closed(ticket) && known ? changed - local + came : 0;
}

int otrs_close(struct mentiond_op *op, void *state, const char *ticket)
{
        struct otrs *otrs = state;
        struct json_object *body, *open, *reply;
        int r = otrs_ticket_open(op, otrs, ticket, NULL, &open);

        if (r != MENTIOND_OK || otrs_is_closed(open))
                return r;
        body = mentiond_json(op, "{'TicketID': %s, 'Ticket': {'State': %s}}", mj_str(open, "TicketID"), otrs->close_state);
        r = otrs_call(op, otrs, "TicketUpdate", OTRS_READS, body, &reply);            /* may be done twice */
        if (r == MENTIOND_GONE)          /* it could be read */
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "%s may not change ticket %s: that takes rw in the group of its queue", otrs->user,
                                     mj_str(open, "TicketNumber"));
        return r;
}

int otrs_search(struct mentiond_op *op, struct otrs *otrs, struct json_object *query, struct json_object **ret)
{
        struct json_object *reply;
        int r = otrs_call(op, otrs, "TicketSearch", OTRS_READS, query, &reply);

        if (r == MENTIOND_OK)
                *ret = mj_get(reply, "TicketID");
        return r;
}

int64_t otrs_minutes_since(struct mentiond_op *op, int64_t usec)
{
        int64_t ago = mentiond_now_usec(op) - usec;

        /* A clock that was set back in between: as far again to the other side. */
        return (ago < 0 ? -ago : ago) / 60000000 + 1 + OTRS_OVERLAP_MINUTES;
}

static const char *ticket_url(struct mentiond_op *op, const struct otrs *otrs, const char *id)
{
        const char *at = strstr(otrs->ticket_url, "{id}");

        return at ? mentiond_format(op, "%.*s%s%s", (int) (at - otrs->ticket_url), otrs->ticket_url, id, at + 4) : "";
}

void otrs_ticket_tell(struct mentiond_op *op, struct otrs *otrs, struct json_object *ticket,
                        struct mentiond_filed *ret)
{
        ret->ticket = mj_str(ticket, "TicketID");
        ret->number = mj_str(ticket, "TicketNumber");
        ret->url = ticket_url(op, otrs, ret->ticket);
        ret->article = mj_str(ticket, "ArticleID");
}
