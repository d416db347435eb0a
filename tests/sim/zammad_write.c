/* SPDX-License-Identifier: MIT
 *
 * The model of what Zammad's API writes.  All of a request is done, or nothing; who is refused may be told why, or may be sent
 * to the administrator, who is to look it up.  Numbers of tickets and articles that were not made after all are not used
 * again.  Owns nothing.
 */
#include "zammad.h"

#include "base/text.h"

#define TITLE_MAX 250
#define BODY_MAX 1500000
#define RACE_USEC (300 * USEC_PER_MSEC)          /* as long as a transaction takes */

/* What of a request names something that is not there: NULL, or the sentence. */
static char *judge_names(struct json_object *o, const char *const *names, const struct zammad_name *const *lists, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const char *name = mj_str(o, names[i]);

                if (*name && !zammad_id(lists[i], name))
                        return xasprintf("No lookup value found for '%s': \"%s\"", names[i], name);
        }
        return NULL;
}

static char *judge_ticket_names(struct json_object *body)
{
        static const char *const names[] = { "group", "state", "priority" };
        static const struct zammad_name *const lists[] = { zammad_groups, zammad_states, zammad_priorities };

        return judge_names(body, names, lists, ELEMENTSOF(names));
}

static bool is_base64(const char *text)
{
        size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n");

        return n + strspn(text + n, "=") == strlen(text);
}

static char *judge_files(struct json_object *list)
{
        static const char *const members[] = { "filename", "data", "mime-type" };

        for (size_t i = 0; i < mj_len(list); i++) {
                for (size_t k = 0; k < ELEMENTSOF(members); k++)
                        if (!mj_get(mj_at(list, i), members[k]))
                                return xasprintf("Attachment needs '%s' param for attachment with index '%zu'", members[k], i);
                if (!is_base64(mj_str(mj_at(list, i), "data")))
                        return xasprintf("Invalid base64 for attachment with index '%zu'", i);
        }
        return NULL;
}

/* NULL, or why there cannot be such an article. */
static char *judge_article(int desk, struct json_object *o)
{
        static const char *const names[] = { "type", "sender" };
        static const struct zammad_name *const lists[] = { zammad_types, zammad_senders };
        const char *body = mj_str(o, "body");
        int64_t origin = mj_int(o, "origin_by_id", 0);
        char *wrong;

        if (!body[strspn(body, " \t\r\n")])
                return xstrdup("Need at least an 'article body' field.");
        wrong = judge_names(o, names, lists, ELEMENTSOF(names));
        if (!wrong && *mj_str(o, "origin_by") && !zammad_find_user(desk, mj_str(o, "origin_by")))
                wrong = xasprintf("No lookup value found for 'origin_by': \"%s\"", mj_str(o, "origin_by"));
        if (!wrong && origin && (origin < 0 || origin > zammad.n_users))
                wrong = xasprintf("Invalid value for param 'origin_by_id': %lld", (long long) origin);
        if (!wrong && strlen(body) > BODY_MAX)
                wrong = xasprintf("body of article is too large, %zu chars - only %d allowed", strlen(body), BODY_MAX);
        return wrong ? wrong : judge_files(mj_get(o, "attachments"));
}

/* --- Users --- */

/* Whether another request makes the same at this moment; the one who comes later loses. */
static bool is_racing(int desk, const char *login)
{
        int user = zammad_find_user(desk, login);

        return user && zammad.users[user - 1].created > 0 && sim.now - zammad.users[user - 1].created < RACE_USEC;
}

struct answer zammad_create_user(const struct request *q, int by _unused_)
{
        const char *login = mj_str(q->body, "login"), *first = mj_str(q->body, "firstname"), *last = mj_str(q->body, "lastname");
        _cleanup_free_ char *other = xstrdup(login);
        int desk = q->server - NETWORKS;

        if (!*first && !*last && !*mj_str(q->body, "email") && !*mj_str(q->body, "phone"))
                return zammad_refuse(422, xstrdup("At least one identifier (firstname, lastname, phone or email) for user is required."));
        if (is_racing(desk, login)) {
                happened(RACED);
                return chance(R_NET, 800) ? zammad_refuse(422, xstrdup("This object already exists.")) : zammad_opaque(500);
        }
        for (int n = 1; n <= 20 && zammad_find_user(desk, other); n++) {
                free(other);
                other = xasprintf("%s%d", login, n);
        }
        return zammad_reply(201, zammad_user_json(zammad_add_user(desk, other, first, last)));
}

/* The customer of a new ticket: an id, a login, or an object that may make him; 0 with *ret_refusal. */
static int find_customer(const struct request *q, struct answer *ret_refusal)
{
        struct json_object *o = mj_get(q->body, "customer");
        const char *login = json_object_is_type(o, json_type_object) ? mj_str(o, "login") : strempty(json_object_get_string(o));
        int64_t id = mj_int(q->body, "customer_id", 0);
        int desk = q->server - NETWORKS, user = o ? zammad_find_user(desk, login) : 0;

        if (startswith(mj_str(q->body, "customer_id"), "guess:")) {
                login = mj_str(q->body, "customer_id") + strlen("guess:");
                return zammad_add_user(desk, login, login, "");
        }
        if (id > 0 && id <= zammad.n_users)
                return (int) id;
        *ret_refusal = zammad_opaque(422);
        if (json_object_is_type(o, json_type_string) && !user)
                *ret_refusal = zammad_refuse(422, xasprintf("No lookup value found for 'customer': \"%s\"", login));
        if (!json_object_is_type(o, json_type_object))
                return user;
        if (is_racing(desk, login)) {
                happened(RACED);
                return 0;
        }
        return user ? user : zammad_add_user(desk, login, mj_str(o, "firstname"), mj_str(o, "lastname"));
}

/* --- Articles --- */

/* By which the oracle knows it: what the daemon writes into its message ids. */
static char *key_of(const char *message_id)
{
        const char *at = strstr(message_id, "@mentiond>");

        return *message_id == '<' && at ? xstrndup(message_id + 1, (size_t) (at - message_id - 1)) : xstrdup(message_id);
}

static int add_article(int ticket, int by, struct json_object *o)
{
        int type = *mj_str(o, "type") ? zammad_id(zammad_types, mj_str(o, "type")) : zammad_id(zammad_types, "note");
        int sender = *mj_str(o, "sender") ? zammad_id(zammad_senders, mj_str(o, "sender")) : SENDER_AGENT;
        int origin = (int) mj_int(o, "origin_by_id", 0);
        struct json_object *files = mj_get(o, "attachments"), *preferences = mj_get(o, "preferences");
        struct zammad_article *z;
        int i;

        if (*mj_str(o, "origin_by"))
                origin = zammad_find_user(desks.tickets[ticket].desk, mj_str(o, "origin_by"));
        /* It is not the agent who says it here. */
        if (origin && zammad.users[origin - 1].agent)
                sender = SENDER_CUSTOMER;
        i = zammad_add_article(ticket, by, sender, type, mj_true(o, "internal"), mj_str(o, "body"));
        z = zammad_article(i);
        if (origin) {
                free(desks.articles[i].from);
                desks.articles[i].from = zammad_name(origin);
                z->origin = origin;
        }
        /* Whose name it is under is told only where the network has it. */
        if (type == zammad_id(zammad_types, "twitter status") || type == zammad_id(zammad_types, "facebook feed post"))
                strset(&desks.articles[i].from, mj_str(o, "from"));
        strset(&desks.articles[i].subject, mj_str(o, "subject"));
        strset(&z->message_id, mj_str(o, "message_id"));
        free(desks.articles[i].key);
        desks.articles[i].key = key_of(mj_str(o, "message_id"));
        strset(&z->to, mj_str(o, "to"));
        strset(&z->reply_to, mj_str(o, "reply_to"));
        strset(&z->in_reply_to, mj_str(o, "in_reply_to"));
        strset(&z->references, mj_str(o, "references"));
        if (*mj_str(o, "content_type"))
                strset(&z->content_type, mj_str(o, "content_type"));
        if (preferences) {
                (void) json_object_put(z->preferences);
                z->preferences = json_object_get(preferences);
        }
        for (size_t k = 0; k < mj_len(files); k++)
                desk_take_file(i, mj_str(mj_at(files, k), "filename"), mj_str(mj_at(files, k), "data"));
        note("the helpdesk makes article %d in ticket %d: %.80s", i + 1, ticket + 1, mj_str(o, "body"));
        return i;
}

static struct answer confirms(int article, int status, struct json_object *json)
{
        struct answer a = desk_confirms(article, json);

        a.status = status;
        return a;
}

/* The transaction is rolled back, but for the numbers. */
static struct answer break_off(int desk)
{
        int t = desk_add_ticket(desk, "rolled back", "", "closed");

        desks.tickets[t].deleted = true;
        (void) desk_add_article(t, true, false, "", "", "", NOBODY);
        return zammad_opaque(500);
}

struct answer zammad_create_article(const struct request *q, int by)
{
        _cleanup_free_ char *text = xasprintf("%lld", (long long) mj_int(q->body, "ticket_id", 0));
        struct answer refusal;
        int ticket = zammad_ticket_of(q, text, by, &refusal), article;
        char *wrong;

        if (ticket < 0)
                return refusal;
        wrong = judge_article(q->server - NETWORKS, q->body);
        if (wrong)
                return zammad_refuse(422, wrong);
        if (q->fault.stage >= 0)
                return break_off(q->server - NETWORKS);
        article = add_article(ticket, by, q->body);
        return confirms(article, 201, zammad_article_json(article));
}

/* Of an article nothing can be changed but whether it is internal. */
struct answer zammad_update_article(const struct request *q, int by, int article)
{
        struct article *a = &desks.articles[article];
        struct json_object *internal = mj_get(q->body, "internal");

        if (internal && json_object_get_boolean(internal) == a->visible) {
                desk_flip(article);
                zammad_article(article)->updated_by = by;
        }
        return zammad_reply(200, zammad_article_json(article));
}

/* --- Tickets --- */

/* What has been migrated and the worker knows of; the rest is dropped without a word. */
static void take_fields(int ticket, struct json_object *body)
{
        struct zammad_ticket *z = zammad_ticket(ticket);
        bool stale = zammad_is_stale(desks.tickets[ticket].desk);

        for (int i = 0; i < zammad.n_migrated; i++) {
                const char *name = zammad.attributes[i];

                if (!mj_get(body, name))
                        continue;
                if (stale)
                        happened(FIELD_DROPPED);
                else
                        mj_put_str(z->fields, name, mj_str(body, name));
        }
}

static void take_preferences(int ticket, struct json_object *given)
{
        if (!json_object_is_type(given, json_type_object))
                return;
        json_object_object_foreach(given, name, value)
                json_object_object_add(zammad_ticket(ticket)->preferences, name, json_object_get(value));
}

static void take_tags(int ticket, const char *tags)
{
        for (const char *p = tags; *p; p += strcspn(p, ","), p += strspn(p, ", ")) {
                _cleanup_free_ char *tag = xstrndup(p, strcspn(p, ","));

                (void) json_object_array_add(zammad_ticket(ticket)->tags, json_object_new_string(tag));
        }
}

static bool is_number_taken(int desk, const char *number)
{
        for (int i = 0; i < desks.n_tickets; i++)
                if (desks.tickets[i].desk == desk && zammad_ticket(i)->number && streq(zammad_ticket(i)->number, number))
                        return true;
        return false;
}

static char *line_of(const char *title)
{
        char *line = xstrdup(title);
        size_t n = 0;

        for (char *p = line; *p; p++) {
                if (((unsigned char) *p & 0xc0) != 0x80 && ++n > TITLE_MAX)
                        *p-- = '\0';
                else if (*p == '\n')
                        *p = ' ';
        }
        return line;
}

/* Whether the attribute that an administrator wants is neither given nor there. */
static bool is_incomplete(int desk, struct json_object *body, int ticket)
{
        const char *name = strempty(zammad.desks[desk].mandatory);

        return *name && !*mj_str(body, name) && (ticket < 0 || !*mj_str(zammad_ticket(ticket)->fields, name));
}

static struct answer make_ticket(const struct request *q, int by, int customer, int group)
{
        struct json_object *article = mj_get(q->body, "article");
        _cleanup_free_ char *title = line_of(mj_str(q->body, "title"));
        int ticket = zammad_add_ticket(q->server - NETWORKS, title, customer, group, by), i = -1;
        struct zammad_ticket *z = zammad_ticket(ticket);
        struct json_object *json;

        note("the helpdesk makes ticket %d for %s", ticket + 1, zammad_login(customer));
        if (*mj_str(q->body, "number"))
                strset(&z->number, mj_str(q->body, "number"));
        if (*mj_str(q->body, "priority"))
                z->priority = zammad_id(zammad_priorities, mj_str(q->body, "priority"));
        take_fields(ticket, q->body);
        take_preferences(ticket, mj_get(q->body, "preferences"));
        take_tags(ticket, mj_str(q->body, "tags"));
        if (article)
                i = add_article(ticket, by, article);
        if (*mj_str(q->body, "state"))
                desks.tickets[ticket].state = zammad_name_of(zammad_states, zammad_id(zammad_states, mj_str(q->body, "state")));
        json = zammad_ticket_json(ticket, strstr(q->query, "expand=true"), true);
        return i < 0 ? zammad_reply(201, json) : confirms(i, 201, json);
}

static struct answer begin_ticket(const struct request *q, int by, int group)
{
        struct json_object *article = mj_get(q->body, "article");
        struct answer refusal;
        int desk = q->server - NETWORKS, before = zammad.n_users, customer;
        char *wrong;

        customer = find_customer(q, &refusal);
        if (!customer)
                return refusal;
        wrong = article ? judge_article(desk, article) : NULL;
        if (wrong)
                refusal = zammad_refuse(422, wrong);
        else if (group != GROUP_SOCIAL && by == BOT_ID)
                refusal = zammad_refuse(403, xstrdup("Not authorized"));
        else if (!*mj_str(q->body, "title") || is_incomplete(desk, q->body, -1) || is_number_taken(desk, mj_str(q->body, "number")))
                refusal = zammad_opaque(422);
        else if (q->fault.stage >= 0)
                refusal = break_off(desk);
        else
                return make_ticket(q, by, customer, group);
        zammad.n_users = before;         /* he was made in the same transaction */
        return refusal;
}

struct answer zammad_create_ticket(const struct request *q, int by)
{
        int group = *mj_str(q->body, "group") ? zammad_id(zammad_groups, mj_str(q->body, "group")) : (int) mj_int(q->body, "group_id", 0);
        char *wrong = judge_ticket_names(q->body);

        if (wrong)
                return zammad_refuse(422, wrong);
        return group ? begin_ticket(q, by, group) : zammad_refuse(422, xstrdup("The required value 'group_id' is missing."));
}

/* A ticket that was merged is one like any other if its state is set.  Who could know better must not do that: between his look at it
 * and this there may be the time of an answer, and that of a request on its way. */
static void revive(const struct request *q, int ticket)
{
        desks.tickets[ticket].merged_into = -1;
        desks.tickets[ticket].revived = true;
        note("ticket %d, which was merged, is revived", ticket + 1);
        if (sim.now - q->fault.there_usec > desks.tickets[ticket].merged + USEC_PER_MINUTE)
                oracle_rude("a ticket was opened that had been merged");
}

static void set_state(const struct request *q, int ticket, const char *name)
{
        if (desks.tickets[ticket].merged_into >= 0)
                revive(q, ticket);
        desks.tickets[ticket].state = zammad_name_of(zammad_states, zammad_id(zammad_states, name));
        if (streq(name, "closed"))
                desks.tickets[ticket].closed = zammad_ticket(ticket)->closed = sim.now;
}

struct answer zammad_update_ticket(const struct request *q, int by, int ticket)
{
        struct json_object *article = mj_get(q->body, "article"), *json;
        const char *state = mj_str(q->body, "state"), *group = mj_str(q->body, "group"), *owner = mj_str(q->body, "owner");
        int desk = q->server - NETWORKS, i = -1;
        char *wrong = judge_ticket_names(q->body);

        if (!wrong && *owner && !zammad_find_user(desk, owner))
                wrong = xasprintf("No lookup value found for 'owner': \"%s\"", owner);
        if (!wrong && article)
                wrong = judge_article(desk, article);
        if (wrong)
                return zammad_refuse(422, wrong);
        if (is_incomplete(desk, q->body, ticket) || (startswith(state, "pending") && !*mj_str(q->body, "pending_time")) ||
            (by == BOT_ID && *group && !streq(group, "Social")))
                return zammad_opaque(422);
        if (q->fault.stage >= 0)
                return break_off(desk);
        if (streq(mj_str(article, "sender"), "Customer"))
                desk_continues(q, ticket, streq(desks.tickets[ticket].state, "closed") ? zammad_ticket(ticket)->closed : 0, mj_str(article, "body"));
        if (*group)
                zammad_ticket(ticket)->group = zammad_id(zammad_groups, group);
        if (*owner)
                zammad_ticket(ticket)->owner = zammad_find_user(desk, owner);
        if (*mj_str(q->body, "priority"))
                zammad_ticket(ticket)->priority = zammad_id(zammad_priorities, mj_str(q->body, "priority"));
        if (*mj_str(q->body, "title"))
                strset(&desks.tickets[ticket].title, mj_str(q->body, "title"));
        take_fields(ticket, q->body);
        take_preferences(ticket, mj_get(q->body, "preferences"));
        zammad_touch(ticket, by, 0);
        if (article)
                i = add_article(ticket, by, article);
        if (*state)
                set_state(q, ticket, state);
        json = zammad_ticket_json(ticket, strstr(q->query, "expand=true"), true);
        return i < 0 ? zammad_reply(200, json) : confirms(i, 200, json);
}
