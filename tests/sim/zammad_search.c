/* SPDX-License-Identifier: MIT
 *
 * The model of Zammad's search.  By a condition it is answered from the database: at once, and exactly; a field that is not
 * known is refused, as are an operator and an empty condition.  By a query it only looks for parts of texts, as without
 * Elasticsearch.  Owns nothing.
 */
#include "zammad.h"

#include "base/text.h"

#define PAGE 50
#define PAGE_MAX 200

enum type { NO_TYPE, TEXT, TIME, TAGS };

static enum type type_of(const char *name)
{
        static const struct { const char *name; enum type type; } fields[] = {
                { "ticket.id", TEXT }, { "ticket.number", TEXT }, { "ticket.title", TEXT }, { "ticket.state_id", TEXT }, { "ticket.group_id", TEXT },
                { "ticket.customer_id", TEXT }, { "ticket.created_by_id", TEXT }, { "ticket.updated_at", TIME }, { "ticket.created_at", TIME },
                { "ticket.last_contact_agent_at", TIME }, { "ticket.last_contact_customer_at", TIME }, { "ticket.tags", TAGS },
                { "article.message_id", TEXT }, { "article.body", TEXT }, { "article.from", TEXT }, { "article.sender_id", TEXT },
                { "article.type_id", TEXT }, { "article.created_by_id", TEXT }, { "article.internal", TEXT }, { "article.created_at", TIME },
        };

        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                if (streq(fields[i].name, name))
                        return fields[i].type;
        return startswith(name, "ticket.") && zammad_has_attribute(name + strlen("ticket.")) ? TEXT : NO_TYPE;
}

static bool is_operator(enum type type, const char *name)
{
        static const char *const names[][6] = {
                [TEXT] = { "is", "is not", "is any of", "contains", "starts with", "" },
                [TIME] = { "after (absolute)", "before (absolute)", "within last (relative)", "from (relative)", "" },
                [TAGS] = { "contains all", "contains one", "" },
        };

        for (size_t i = 0; *names[type][i]; i++)
                if (streq(names[type][i], name))
                        return true;
        return false;
}

/* --- What is looked at --- */

static char *text_of_ticket(const char *field, int ticket)
{
        const struct zammad_ticket *z = zammad_ticket(ticket);
        const struct { const char *name; int value; } numbers[] = {
                { "id", ticket + 1 }, { "state_id", zammad_id(zammad_states, desks.tickets[ticket].state) },
                { "group_id", z->group }, { "customer_id", z->customer }, { "created_by_id", z->created_by },
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (streq(numbers[i].name, field))
                        return xasprintf("%d", numbers[i].value);
        return xstrdup(streq(field, "number") ? z->number : streq(field, "title") ? desks.tickets[ticket].title : mj_str(z->fields, field));
}

static const char *string_of_article(const char *field, int article)
{
        const struct article *a = &desks.articles[article];

        if (streq(field, "message_id"))
                return zammad_article(article)->message_id;
        return streq(field, "body") ? a->body : streq(field, "from") ? a->from : a->visible ? "false" : "true";
}

static char *text_of_article(const char *field, int article)
{
        const struct zammad_article *z = zammad_article(article);
        const struct { const char *name; int value; } numbers[] = {
                { "sender_id", z->sender }, { "type_id", z->type }, { "created_by_id", z->created_by },
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (streq(numbers[i].name, field))
                        return xasprintf("%d", numbers[i].value);
        return xstrdup(string_of_article(field, article));
}

static int64_t time_of(const char *name, int ticket, int article)
{
        const struct zammad_ticket *z = zammad_ticket(ticket);

        if (streq(name, "article.created_at"))
                return desks.articles[article].created;
        if (streq(name, "ticket.updated_at"))
                return zammad_updated(ticket);
        if (streq(name, "ticket.created_at"))
                return desks.tickets[ticket].created;
        return streq(name, "ticket.last_contact_agent_at") ? z->last_agent : z->last_customer;
}

/* --- Tests --- */

/* The value, or one of several. */
static bool is_among(struct json_object *value, const char *text)
{
        if (!json_object_is_type(value, json_type_array))
                return streq(strempty(json_object_get_string(value)), text);
        for (size_t i = 0; i < mj_len(value); i++)
                if (streq(strempty(json_object_get_string(mj_at(value, i))), text))
                        return true;
        return false;
}

static bool test_text(struct json_object *test, const char *text)
{
        const char *operator = mj_str(test, "operator"), *value = mj_str(test, "value");

        return streq(operator, "contains") ? strcasestr(text, value) != NULL
               : streq(operator, "starts with") ? strncasecmp(text, value, strlen(value)) == 0
               : is_among(mj_get(test, "value"), text) != streq(operator, "is not");
}

/* Times are kept in milliseconds. */
static bool test_time(struct json_object *test, int64_t world_usec)
{
        static const struct { const char *name; int64_t usec; } ranges[] = {
                { "minute", USEC_PER_MINUTE }, { "hour", USEC_PER_HOUR }, { "day", 24 * USEC_PER_HOUR },
        };
        int64_t at = (UTC_START + world_usec) / USEC_PER_MSEC, wanted = 0;

        if (!world_usec)
                return false;
        if (strstr(mj_str(test, "operator"), "absolute") && text_parse_time(mj_str(test, "value"), &wanted) >= 0)
                return startswith(mj_str(test, "operator"), "after") ? at >= wanted / USEC_PER_MSEC : at <= wanted / USEC_PER_MSEC;
        for (size_t i = 0; i < ELEMENTSOF(ranges); i++)
                if (streq(ranges[i].name, mj_str(test, "range")))
                        return at >= (UTC_START + sim.now - ranges[i].usec * mj_int(test, "value", 0)) / USEC_PER_MSEC;
        return false;
}

static bool test_tags(struct json_object *test, int ticket)
{
        bool all = streq(mj_str(test, "operator"), "contains all");

        for (const char *p = mj_str(test, "value"); *p; p += strcspn(p, ","), p += strspn(p, ", ")) {
                _cleanup_free_ char *tag = xstrndup(p, strcspn(p, ","));

                if (is_among(zammad_ticket(ticket)->tags, tag) != all)
                        return !all;
        }
        return all;
}

static bool fulfils(const char *name, struct json_object *test, int ticket, int article)
{
        _cleanup_free_ char *text = NULL;

        switch (type_of(name)) {
        case TIME:
                return test_time(test, time_of(name, ticket, article));
        case TAGS:
                return test_tags(test, ticket);
        default:
                text = *name == 'a' ? text_of_article(name + strlen("article."), article) : text_of_ticket(name + strlen("ticket."), ticket);
                return test_text(test, text);
        }
}

/* Of the ticket, or of one article of it: those are joined, and all tests of articles are of the same. */
static bool fulfils_all(struct json_object *condition, int ticket, int article)
{
        json_object_object_foreach(condition, name, test)
                if (!fulfils(name, test, ticket, article) && (article >= 0 || *name == 't'))
                        return false;
        return true;
}

static bool asks_for_articles(struct json_object *condition)
{
        json_object_object_foreach(condition, name, test) {
                (void) test;
                if (*name == 'a')
                        return true;
        }
        return false;
}

static bool is_found(struct json_object *condition, int ticket)
{
        if (!asks_for_articles(condition))
                return fulfils_all(condition, ticket, -1);
        for (int i = 0; i < desks.n_articles; i++)
                if (zammad_is_in(i, ticket) && fulfils_all(condition, ticket, i))
                        return true;
        return false;
}

/* As LIKE does, in what tickets with an article have. */
static bool has_text(const char *query, int ticket)
{
        for (int i = 0; i < desks.n_articles; i++) {
                const struct article *a = &desks.articles[i];
                const char *texts[] = { desks.tickets[ticket].title, zammad_ticket(ticket)->number, a->body, a->from, a->subject };

                for (size_t k = 0; k < ELEMENTSOF(texts) && zammad_is_in(i, ticket); k++)
                        if (streq(query, "*") || strstr(texts[k], query))
                                return true;
        }
        return false;
}

/* --- Answers --- */

/* As "experts" write it, all of whose tests must hold, too; a new object. */
static struct json_object *plain_condition(struct json_object *condition)
{
        struct json_object *list = mj_get(condition, "conditions"), *plain;

        if (!list)
                return json_object_get(condition);
        plain = json_object_new_object();
        for (size_t i = 0; i < mj_len(list); i++)
                json_object_object_add(plain, mj_str(mj_at(list, i), "name"), json_object_get(mj_at(list, i)));
        return plain;
}

/* 0, or the status that it is refused with. */
static int judge_condition(struct json_object *condition)
{
        if (json_object_object_length(condition) == 0)
                return 500;
        json_object_object_foreach(condition, name, test) {
                enum type type = type_of(name);

                if (!type)
                        return 422;
                if (!is_operator(type, mj_str(test, "operator")))
                        return 500;
        }
        return 0;
}

static bool by_id, ascending;

static int compare(const void *a, const void *b)
{
        int x = *(const int *) a, y = *(const int *) b;
        int64_t difference = by_id ? x - y : zammad_updated(x) - zammad_updated(y);

        difference = difference ? difference : x - y;
        return (difference < 0) == ascending ? -1 : 1;
}

static const char *first_of(struct json_object *query, const char *name)
{
        struct json_object *value = mj_get(query, name);

        return strempty(json_object_get_string(mj_len(value) ? mj_at(value, 0) : value));
}

static struct json_object *page_of(const int *found, int n, struct json_object *query)
{
        bool expand = mj_true(query, "expand");
        int per_page = (int) MIN(mj_int(query, "per_page", mj_int(query, "limit", PAGE)), PAGE_MAX);
        int from = (int) (mj_int(query, "page", 1) - 1) * per_page;
        struct json_object *list = json_object_new_array(), *ids = json_object_new_array(), *all = json_object_new_object(), *o;

        for (int i = from; i < n && i < from + per_page; i++) {
                _cleanup_free_ char *id = xasprintf("%d", found[i] + 1);

                (void) json_object_array_add(list, zammad_ticket_json(found[i], true, true));
                (void) json_object_array_add(ids, json_object_new_int(found[i] + 1));
                json_object_object_add(all, id, zammad_ticket_json(found[i], false, true));
        }
        if (expand) {
                (void) json_object_put(ids);
                (void) json_object_put(all);
                return list;
        }
        (void) json_object_put(list);
        o = json_object_new_object();
        mj_put_int(o, "tickets_count", (int64_t) mj_len(ids));
        json_object_object_add(o, "tickets", ids);
        list = json_object_new_object();
        json_object_object_add(list, "Ticket", all);
        json_object_object_add(o, "assets", list);
        return o;
}

struct answer zammad_search_tickets(const struct request *q, int by)
{
        struct json_object *condition = plain_condition(mj_get(q->body, "condition")), *json;
        const char *query = mj_str(q->body, "query");
        int status = mj_get(q->body, "condition") ? judge_condition(condition) : 0, n = 0;
        int *found = xcalloc((size_t) desks.n_tickets + 1, sizeof *found);

        /* Which of the two counts differs from version to version. */
        if (condition && *query)
                oracle_rude("a search of Zammad by a condition and a query");
        for (int i = 0; i < desks.n_tickets && !status; i++)
                if (desks.tickets[i].desk == q->server - NETWORKS && !desks.tickets[i].deleted && zammad_may_see(by, i) &&
                    (!condition || is_found(condition, i)) && (!*query || has_text(query, i)))
                        found[n++] = i;
        by_id = streq(first_of(q->body, "sort_by"), "id");
        ascending = streq(first_of(q->body, "order_by"), "asc");
        qsort(found, (size_t) n, sizeof *found, compare);
        json = status ? NULL : page_of(found, n, q->body);
        free(found);
        (void) json_object_put(condition);
        return status ? zammad_opaque(status) : desk_tells(json);
}
