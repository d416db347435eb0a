/* SPDX-License-Identifier: MIT
 *
 * The model of Zammad's REST API: who asks, whether he may, and for what.  What it answers is in zammad_write.c,
 * zammad_read.c and zammad_search.c.  Agents and administrators have tokens here, too: what they do in the simulated world without
 * one can so be held against what was recorded.  Owns nothing.
 */
#include "zammad.h"

/* --- Answers --- */

struct answer zammad_reply(int status, struct json_object *json)
{
        return (struct answer) { .status = status, .json = json };
}

struct answer zammad_refuse(int status, char *error)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "error", error);
        put_owned(o, "error_human", error);
        return zammad_reply(status, o);
}

struct answer zammad_opaque(int status)
{
        struct json_object *o = json_object_new_object();

        put_owned(o, "error", xasprintf("Error ID %08x: Please contact your administrator.", (unsigned) draw(R_NET)));
        return zammad_reply(status, o);
}

static struct answer forbid(const char *why)
{
        return zammad_refuse(403, xstrdup(why));
}

/* --- Rights --- */

bool zammad_may_see(int user, int ticket)
{
        return user != BOT_ID || zammad_ticket(ticket)->group == GROUP_SOCIAL;
}

bool zammad_is_stale(int desk)
{
        return zammad.desks[desk].stale && chance(R_NET, 750);
}

/* The user, or 0 with *ret_refusal. */
static int who_asks(const struct request *q, struct answer *ret_refusal)
{
        const struct zammad_desk *d = &zammad.desks[q->server - NETWORKS];
        int user = streq(q->token, "the-token") ? BOT_ID : streq(q->token, "TOKEN-AGENT") ? AGENT_ID
                   : streq(q->token, "TOKEN-ADMIN") ? ADMIN_ID : 0;
        static const struct { int status; const char *why; } locks[] = {
                [TOKEN_UNKNOWN] = { 401, "Can't find User for Token" }, [TOKEN_EXPIRED] = { 401, "Not authorized (token expired)!" },
                [TOKEN_WEAK] = { 403, "Not authorized (token)!" }, [TOKENS_OFF] = { 403, "API token access disabled!" },
        };

        if (!*q->token)
                *ret_refusal = forbid("Authentication required");
        else if (!user)
                *ret_refusal = zammad_refuse(401, xstrdup("Can't find User for Token"));
        else if (user == BOT_ID && desks.all[q->server - NETWORKS].locked_out)
                *ret_refusal = zammad_refuse(locks[d->lock].status, xstrdup(locks[d->lock].why));
        else if (zammad.users[user - 1].inactive)
                *ret_refusal = zammad_refuse(401, xstrdup("Login failed. Have you double-checked your credentials and completed the email "
                                                          "verification step?"));
        else if (d->maintenance && user != ADMIN_ID)
                *ret_refusal = forbid("Maintenance mode enabled!");
        else
                return user;
        return 0;
}

/* --- Calls on one ticket, article or user --- */

int zammad_ticket_of(const struct request *q, const char *id, int by, struct answer *ret_refusal)
{
        int ticket = desk_ticket(q, id), n = atoi(id) - 1;

        if (n >= 0 && n < desks.n_tickets && zammad_ticket(n)->moved_away)
                *ret_refusal = forbid("Not authorized");
        else if (ticket < 0)
                *ret_refusal = zammad_refuse(404, xasprintf("Couldn't find Ticket with 'id'=%d", atoi(id)));
        else if (!zammad_may_see(by, ticket))
                *ret_refusal = forbid("Not authorized");
        else
                return ticket;
        return -1;
}

static struct answer on_ticket(const struct request *q, int by, const char *id)
{
        struct answer refusal;
        int ticket;

        if (streq(q->method, "PATCH"))
                return zammad_reply(404, json_tokener_parse("{\"status\": 404, \"error\": \"Not Found\"}"));
        if (streq(q->method, "DELETE") && by != ADMIN_ID)
                return forbid("Not authorized");
        ticket = zammad_ticket_of(q, id, by, &refusal);
        if (ticket < 0)
                return refusal;
        if (streq(q->method, "DELETE")) {
                desk_delete(ticket);
                zammad_ticket(ticket)->moved_away = false;
                return (struct answer) { .status = 200, .text = xstrdup("") };
        }
        if (streq(q->method, "PUT"))
                return zammad_update_ticket(q, by, ticket);
        if (strstr(q->query, "all=true") && !strstr(q->query, "expand=true"))
                return desk_tells(zammad_whole_json(ticket));
        /* What is asked for expanded holds the articles' ids, what is not does not. */
        return zammad_reply(200, zammad_ticket_json(ticket, strstr(q->query, "expand=true"), strstr(q->query, "expand=true")));
}

static struct answer on_articles_of(const struct request *q, int by, const char *id)
{
        struct json_object *list;
        struct answer refusal;
        int ticket = zammad_ticket_of(q, id, by, &refusal);

        if (ticket < 0)
                return refusal;
        list = json_object_new_array();
        for (int i = 0; i < desks.n_articles; i++)
                if (zammad_is_in(i, ticket))
                        (void) json_object_array_add(list, zammad_article_json(i));
        return desk_tells(list);
}

static struct answer on_article(const struct request *q, int by, const char *id)
{
        _cleanup_free_ char *ticket = NULL;
        int i = atoi(id) - 1;
        struct answer refusal;

        if (i < 0 || i >= desks.n_articles || !zammad_is_in(i, desks.articles[i].ticket))
                return zammad_refuse(404, xasprintf("Couldn't find Ticket::Article with 'id'=%d", atoi(id)));
        ticket = xasprintf("%d", desks.articles[i].ticket + 1);
        if (zammad_ticket_of(q, ticket, by, &refusal) < 0)
                return refusal;
        if (streq(q->method, "PUT"))
                return zammad_update_article(q, by, i);
        if (streq(q->method, "GET"))
                return desk_tells(zammad_article_json(i));
        if (zammad_article(i)->type != zammad_id(zammad_types, "note"))
                return forbid("Not authorized (communication articles cannot be deleted)!");
        if (zammad_article(i)->created_by != by)
                return forbid("Not authorized");
        desk_retract(i);
        return zammad_reply(200, json_object_new_object());
}

static struct answer on_user(const struct request *q, int by, const char *id)
{
        int user = streq(id, "me") ? by : atoi(id);

        if (user <= 0 || user > zammad.n_users)
                return zammad_refuse(404, xasprintf("Couldn't find User with 'id'=%s", id));
        if (streq(q->method, "PUT") && zammad.users[user - 1].agent && by != ADMIN_ID)
                return forbid("Not authorized");
        if (streq(q->method, "PUT") && *mj_str(q->body, "firstname"))
                strset(&zammad.users[user - 1].firstname, mj_str(q->body, "firstname"));
        return zammad_reply(200, zammad_user_json(user));
}

static struct answer on_merge(const struct request *q, const char *id)
{
        const char *number = strchr(id, '/');
        int ticket = desk_ticket(q, id), into = -1;
        struct json_object *o;

        for (int i = 0; number && i < desks.n_tickets; i++)
                if (desks.tickets[i].desk == q->server - NETWORKS && streq(strempty(zammad_ticket(i)->number), number + 1))
                        into = i;
        if (ticket < 0 || into < 0)
                return zammad_reply(200, json_tokener_parse("{\"result\": \"failed\"}"));
        desk_merge(ticket, into);
        o = json_object_new_object();
        mj_put_str(o, "result", "success");
        json_object_object_add(o, "target_ticket", zammad_ticket_json(into, false, false));
        json_object_object_add(o, "source_ticket", zammad_ticket_json(ticket, false, false));
        return zammad_reply(200, o);
}

static char *parameter(const char *query, const char *name)
{
        size_t size = strlen(name);

        for (const char *p = query; *p; p += strcspn(p, "&"), p += *p == '&')
                if (startswith(p, name) && p[size] == '=')
                        return xstrndup(p + size + 1, strcspn(p + size + 1, "&"));
        return xstrdup("");
}

static struct answer on_links(const struct request *q)
{
        _cleanup_free_ char *value = parameter(q->query, "link_object_value");
        struct json_object *o = json_object_new_object();

        json_object_object_add(o, "links", zammad_links_json(atoi(value) - 1));
        json_object_object_add(o, "assets", json_object_new_object());
        return zammad_reply(200, o);
}

/* The one is named by its number, the other by its id. */
static struct answer add_link(const struct request *q, int by)
{
        const char *number = mj_str(q->body, "link_object_source_number");
        struct json_object *o;
        struct answer refusal;
        int source = -1, target = zammad_ticket_of(q, mj_str(q->body, "link_object_target_value"), by, &refusal);

        for (int i = 0; i < desks.n_tickets; i++)
                if (desks.tickets[i].desk == q->server - NETWORKS && streq(strempty(zammad_ticket(i)->number), number))
                        source = i;
        if (target < 0)
                return refusal;
        if (source < 0 || !zammad_may_see(by, source))
                return forbid("Not authorized");
        zammad.links = xrealloc(zammad.links, (size_t) (zammad.n_links + 1) * sizeof *zammad.links);
        zammad.links[zammad.n_links++] = (struct zammad_link) { source, target, true };
        o = json_object_new_object();
        mj_put_int(o, "id", zammad.n_links);
        mj_put_int(o, "link_object_source_value", source + 1);
        mj_put_int(o, "link_object_target_value", target + 1);
        return zammad_reply(201, o);
}

static struct answer on_tags(const struct request *q)
{
        _cleanup_free_ char *id = parameter(q->query, "o_id");
        int ticket = desk_ticket(q, id);
        struct json_object *o = json_object_new_object();

        json_object_object_add(o, "tags", ticket < 0 ? json_object_new_array() : json_object_get(zammad_ticket(ticket)->tags));
        return zammad_reply(200, o);
}

static struct answer get_file(const struct request *q, int by, const char *ids)
{
        int article = strchr(ids, '/') ? atoi(strchr(ids, '/') + 1) - 1 : -1;

        if (article < 0 || article >= desks.n_articles || desk_ticket(q, ids) != desks.articles[article].ticket)
                return zammad_refuse(404, xstrdup("Not found"));
        if (!zammad_may_see(by, desks.articles[article].ticket))
                return forbid("Not authorized");
        return (struct answer) { .status = 200, .text = xstrdup("x"), .headers = xstrdup("Content-Type: application/pdf\r\n") };
}

/* --- What an administrator does to what tickets have; it counts when it is migrated --- */

static struct answer on_attributes(const struct request *q)
{
        const char *name = mj_str(q->body, "name");
        struct json_object *screen = mj_get(mj_get(mj_get(q->body, "screens"), "create_middle"), "ticket.agent"), *o;

        for (int i = 0; i < zammad.n_attributes && streq(q->method, "POST"); i++)
                if (streq(zammad.attributes[i], name))
                        return zammad_refuse(422, xstrdup("This object already exists."));
        if (streq(q->method, "POST") && zammad.n_attributes < (int) ELEMENTSOF(zammad.attributes))
                zammad.attributes[zammad.n_attributes++] = xstrdup(name);
        zammad.wanted = mj_true(screen, "required") ? zammad.attributes[zammad.n_attributes - 1] : "";
        o = json_object_new_object();
        mj_put_str(o, "name", name);
        return zammad_reply(streq(q->method, "POST") ? 201 : 200, o);
}

static struct answer migrate(const struct request *q)
{
        zammad.n_migrated = zammad.n_attributes;
        zammad.desks[q->server - NETWORKS].mandatory = strempty(zammad.wanted);
        return zammad_reply(200, json_object_new_object());
}

/* --- Routes --- */

static bool is_for_administrators(const char *method, const char *path)
{
        static const char *const parts[] = {
                "groups", "settings", "slas", "version", "object_manager_attributes", "webhooks", "triggers", "user_access_token",
        };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (startswith(path, parts[i]))
                        return true;
        return streq(path, "ticket_articles") && streq(method, "GET");
}

static struct answer route(const struct request *q, int by, const char *path)
{
        static const struct {
                const char *start;
                struct answer (*fn)(const struct request *q, int by, const char *rest);
        } on_one[] = {
                { "tickets/", on_ticket }, { "ticket_articles/by_ticket/", on_articles_of }, { "ticket_articles/", on_article },
                { "users/", on_user }, { "ticket_attachment/", get_file },
        };
        bool post = streq(q->method, "POST");

        if (by != ADMIN_ID && is_for_administrators(q->method, path))
                return forbid("Not authorized (token)!");
        if (post && streq(path, "tickets"))
                return zammad_create_ticket(q, by);
        if (post && streq(path, "tickets/search"))
                return zammad_search_tickets(q, by);
        if (post && streq(path, "ticket_articles"))
                return zammad_create_article(q, by);
        if (post && streq(path, "users"))
                return zammad_create_user(q, by);
        if (streq(path, "links"))
                return on_links(q);
        if (post && streq(path, "links/add"))
                return add_link(q, by);
        if (streq(path, "ticket_states"))
                return zammad_reply(200, zammad_states_json());
        if (streq(path, "tags"))
                return on_tags(q);
        if (startswith(path, "ticket_merge/"))
                return on_merge(q, path + strlen("ticket_merge/"));
        if (streq(path, "object_manager_attributes_execute_migrations"))
                return migrate(q);
        if (startswith(path, "object_manager_attributes"))
                return on_attributes(q);
        for (size_t i = 0; i < ELEMENTSOF(on_one); i++)
                if (startswith(path, on_one[i].start))
                        return on_one[i].fn(q, by, path + strlen(on_one[i].start));
        return zammad_refuse(404, xasprintf("No route matches [%s] %s", q->method, q->path));
}

struct answer zammad_handle(const struct request *q)
{
        struct answer refusal;
        int by;

        if (*q->text && !q->body)
                return zammad_opaque(500);
        by = who_asks(q, &refusal);
        if (!by)
                return refusal;
        return route(q, by, startswith(q->path, "/api/v1/") ? q->path + strlen("/api/v1/") : "");
}
