/* SPDX-License-Identifier: MIT
 *
 * Reading tickets and articles, and searching.  Used by the other zammad_*.c; owns nothing. */
#include "zammad.h"

enum { ALWAYS_KEPT = 4 };    /* by a walk */

static const int64_t second_usec = 1000000;

/* path: with a %s for the ticket's id. */
static MENTIOND_PRINTF(3, 0) int read_of(struct mentiond_op *op, const struct zammad *z, const char *path, const char *id,
                                         struct zammad_answer *ret)
{
        int r = zammad_call(op, "GET", mentiond_format(op, path, mentiond_escape(op, id)), NULL, ZAMMAD_READS, ret);

        if (ret->refusal == ZAMMAD_FORBIDDEN)
                return mentiond_fail(op, MENTIOND_GONE, "ticket %s lies where %s may not look", id, z->user_name);
        if (ret->refusal == ZAMMAD_MISSING)
                return mentiond_fail(op, MENTIOND_GONE, "ticket %s was deleted", id);
        return r;
}

int zammad_ticket_get(struct mentiond_op *op, struct zammad *z, const char *id, struct json_object **ret)
{
        struct zammad_answer answer;
        int r = read_of(op, z, "/api/v1/tickets/%s?expand=true", id, &answer);

        if (r != MENTIOND_OK)
                return r;
        if (mj_int(answer.json, "id", 0) <= 0)
                return mentiond_fail(op, MENTIOND_RETRY, "Zammad answered without the ticket %s", id);
        *ret = answer.json;
        return MENTIOND_OK;
}

int zammad_ticket_whole(struct mentiond_op *op, struct zammad *z, const char *id, struct json_object **ret)
{
        struct zammad_answer answer;
        int r = read_of(op, z, "/api/v1/tickets/%s?all=true", id, &answer);

        if (r != MENTIOND_OK)
                return r;
        if (mj_int(mj_get(mj_get(mj_get(answer.json, "assets"), "Ticket"), id), "id", 0) <= 0)
                return mentiond_fail(op, MENTIOND_RETRY, "Zammad answered without the ticket %s", id);
        *ret = answer.json;
        return MENTIOND_OK;
}

bool zammad_is_merged(struct json_object *ticket)
{
        return mj_is(ticket, "state", "merged");
}

/* A merge leaves the main ticket as parent, and gives all other links to that. */
static int merged_into(struct mentiond_op *op, const struct zammad *z, const char *id, const char **ret)
{
        struct zammad_answer answer;
        struct json_object *links, *link;
        int r = read_of(op, z, "/api/v1/links?link_object=Ticket&link_object_value=%s", id, &answer);

        if (r != MENTIOND_OK)
                return r;
        links = mj_get(answer.json, "links");
        MJ_EACH(link, links) {
                if (mj_is(link, "link_type", "parent") && mj_is(link, "link_object", "Ticket")) {
                        *ret = mj_str(link, "link_object_value");
                        return MENTIOND_OK;
                }
        }
        return mentiond_fail(op, MENTIOND_GONE, "ticket %s was merged, and no link says where to", id);
}

int zammad_ticket_open(struct mentiond_op *op, struct zammad *z, const char *id, struct json_object **ret)
{
        for (int hop = 0; hop < ZAMMAD_HOPS_MAX; hop++) {
                struct json_object *ticket;
                int r = zammad_ticket_get(op, z, id, &ticket);

                if (r != MENTIOND_OK)
                        return r;
                if (!zammad_is_merged(ticket)) {
                        *ret = ticket;
                        return MENTIOND_OK;
                }
                r = merged_into(op, z, id, &id);
                if (r != MENTIOND_OK)
                        return r;
        }
        return mentiond_fail(op, MENTIOND_GONE, "ticket %s was merged in a circle", id);
}

int zammad_articles(struct mentiond_op *op, struct zammad *z, const char *id, struct json_object **ret)
{
        struct zammad_answer answer;
        int r = read_of(op, z, "/api/v1/ticket_articles/by_ticket/%s?expand=true", id, &answer);

        if (r != MENTIOND_OK)
                return r;
        if (!json_object_is_type(answer.json, json_type_array))
                return mentiond_fail(op, MENTIOND_RETRY, "Zammad answered without the articles of ticket %s", id);
        *ret = answer.json;
        return MENTIOND_OK;
}

const char *zammad_field(struct mentiond_op *op, const struct zammad *z)
{
        return mentiond_format(op, "ticket.%s", z->attribute);
}

struct json_object *zammad_condition(struct mentiond_op *op, const char *field, const char *operator, const char *value)
{
        return mentiond_json(op, "{%s: {'operator': %s, 'value': %s}}", field, operator, value);
}

int zammad_search(struct mentiond_op *op, struct zammad *z, struct json_object *condition, const char *sort_by, int64_t page,
                  struct json_object **ret)
{
        struct json_object *body = mentiond_json(op,
                "{'condition': %p, 'expand': true, 'sort_by': %s, 'order_by': 'asc', 'page': %lld, 'per_page': %d}", condition,
                sort_by, (long long) page, ZAMMAD_PAGE);
        struct zammad_answer answer;
        int r = zammad_call(op, "POST", "/api/v1/tickets/search", body, ZAMMAD_READS, &answer);

        if (answer.refusal == ZAMMAD_OPAQUE)
                return mentiond_fail(op, MENTIOND_RETRY, "Zammad cannot be searched by %s: add the ticket attribute \"%s\", and "
                                     "restart Zammad, as mentiond-zammad(5) says", zammad_field(op, z), z->attribute);
        if (r != MENTIOND_OK)
                return r;
        if (!json_object_is_type(answer.json, json_type_array))
                return mentiond_fail(op, MENTIOND_RETRY, "Zammad answered a search in a form that is not known");
        *ret = answer.json;
        return MENTIOND_OK;
}

/* Pages are not counted but begin where the last one ended: a ticket that changes meanwhile moves to the end, and one behind it
 * to an earlier page, which was read already. */
int zammad_walk(struct mentiond_op *op, struct zammad *z, const struct zammad_walk *walk)
{
        struct zammad_kept kept = { .n = 0 };
        const char **from = &kept.strings[0], **last = &kept.strings[1], **by = &kept.strings[2], **field = &kept.strings[3];
        int64_t page = 1;

        *from = walk->from;
        *by = mentiond_format(op, "ticket.%s", walk->by);
        *field = walk->condition[0] ? walk->condition[0] : "";
        for (;;) {
                struct json_object *condition = zammad_condition(op, *by, "after (absolute)", *from), *tickets;
                size_t n;
                int r;

                if (**field)
                        MJ_PUT(condition, *field, json_object_get(mentiond_json(op, "{'operator': %s, 'value': %s}",
                                                                                walk->condition[1], walk->condition[2])));
                r = zammad_search(op, z, condition, walk->by, page, &tickets);
                if (r != MENTIOND_OK)
                        return r;
                n = mj_len(tickets);
                *last = n > 0 ? mj_str(mj_at(tickets, n - 1), walk->by) : *from;
                kept.n = ALWAYS_KEPT;
                r = walk->fn(op, z, tickets, &kept);
                if (r != MENTIOND_OK || n < ZAMMAD_PAGE_MIN)
                        return r;
                /* As many tickets of one and the same time as a page holds: those are counted. */
                page = strcmp(*last, *from) == 0 ? page + 1 : 1;
                *from = *last;
                mentiond_turn_page(op, kept.strings, ALWAYS_KEPT);
        }
}

void zammad_tell(struct mentiond_op *op, const struct zammad *z, struct json_object *ticket, struct mentiond_filed *ret)
{
        ret->ticket = mj_str(ticket, "id");
        ret->number = mj_str(ticket, "number");
        ret->url = mentiond_format(op, "%s/#ticket/zoom/%s", z->url, ret->ticket);
}

const char *zammad_message_id(struct mentiond_op *op, const char *key)
{
        return mentiond_format(op, "<%s@mentiond>", key);
}

bool zammad_is_ours(const struct zammad *z, struct json_object *article)
{
        const char *id = mj_str(article, "message_id"), *at = strrchr(id, '@');

        /* Also by the message id: the token may have been another user's once. */
        return mj_int(article, "created_by_id", 0) == z->user || (at && strcmp(at, "@mentiond>") == 0);
}

struct zammad_written zammad_written(struct json_object *article)
{
        bool html = strncmp(mj_str(article, "content_type"), "text/html", 9) == 0;
        const char *body = mj_str(article, "body");

        return (struct zammad_written) { .html = html ? body : "", .text = html ? "" : body };
}

bool zammad_is_touched(struct json_object *article)
{
        int64_t created = mentiond_parse_time(mj_str(article, "created_at"));
        int64_t later = mentiond_parse_time(mj_str(article, "updated_at")) - created;

        /* Nobody changes an article within a second of writing it. */
        return !created || later < 0 || later > second_usec;
}
