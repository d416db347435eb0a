/* SPDX-License-Identifier: MIT
 *
 * Tickets, articles and users of the model of Zammad as its API shows them.  Owns nothing.
 */
#include "zammad.h"

#include "base/buffer.h"

#include <stdio.h>
#include <time.h>

static void put_time(struct json_object *o, const char *name, int64_t world_usec)
{
        int64_t utc = UTC_START + world_usec;
        time_t at = (time_t) (utc / USEC_PER_SEC);
        struct tm tm;

        if (!world_usec) {
                json_object_object_add(o, name, NULL);
                return;
        }
        (void) gmtime_r(&at, &tm);
        put_owned(o, name, xasprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                                     tm.tm_sec, (int) (utc % USEC_PER_SEC / USEC_PER_MSEC)));
}

/* "" is null. */
static void put_text(struct json_object *o, const char *name, const char *value)
{
        mj_put_str(o, name, *value ? value : NULL);
}

static void put_number(struct json_object *o, const char *name, int value)
{
        if (value)
                mj_put_int(o, name, value);
        else
                json_object_object_add(o, name, NULL);
}

bool zammad_is_in(int article, int ticket)
{
        const struct article *a = &desks.articles[article];

        return a->ticket == ticket && a->shown_usec <= sim.now && !a->gone;
}

/* The database gives them in no order: those that were changed last lie behind the others. */
static struct json_object *article_ids(int ticket)
{
        struct json_object *list = json_object_new_array();
        int64_t last = -1;

        for (;;) {
                int64_t next = INT64_MAX;

                for (int i = 0; i < desks.n_articles; i++)
                        if (zammad_is_in(i, ticket) && desks.articles[i].changed > last)
                                next = MIN(next, desks.articles[i].changed);
                if (next == INT64_MAX)
                        return list;
                for (int i = 0; i < desks.n_articles; i++)
                        if (zammad_is_in(i, ticket) && desks.articles[i].changed == next)
                                (void) json_object_array_add(list, json_object_new_int(i + 1));
                last = next;
        }
}

struct json_object *zammad_ticket_json(int ticket, bool expand, bool with_articles)
{
        const struct ticket *t = &desks.tickets[ticket];
        const struct zammad_ticket *z = zammad_ticket(ticket);
        struct json_object *o = json_object_new_object();
        int n = 0;

        for (int i = 0; i < desks.n_articles; i++)
                n += zammad_is_in(i, ticket);
        desk_shows(ticket);
        mj_put_int(o, "id", ticket + 1);
        mj_put_int(o, "group_id", z->group);
        mj_put_int(o, "priority_id", z->priority);
        mj_put_int(o, "state_id", zammad_id(zammad_states, t->state));
        mj_put_str(o, "number", z->number);
        mj_put_str(o, "title", t->title);
        mj_put_int(o, "owner_id", z->owner);
        mj_put_int(o, "customer_id", z->customer);
        put_time(o, "first_response_at", z->first_response);
        put_time(o, "close_at", z->closed);
        put_time(o, "last_close_at", z->closed);
        put_time(o, "last_contact_agent_at", z->last_agent);
        put_time(o, "last_contact_customer_at", z->last_customer);
        put_number(o, "create_article_type_id", z->create_type);
        put_number(o, "create_article_sender_id", z->create_sender);
        put_number(o, "article_count", n);
        json_object_object_add(o, "preferences", json_object_get(z->preferences));
        mj_put_int(o, "updated_by_id", z->updated_by);
        mj_put_int(o, "created_by_id", z->created_by);
        put_time(o, "created_at", t->created);
        put_time(o, "updated_at", zammad_updated(ticket));
        for (int i = 0; i < zammad.n_migrated; i++)
                put_text(o, zammad.attributes[i], mj_str(z->fields, zammad.attributes[i]));
        if (with_articles)
                json_object_object_add(o, "article_ids", article_ids(ticket));
        if (!expand)
                return o;
        mj_put_str(o, "group", zammad_name_of(zammad_groups, z->group));
        mj_put_str(o, "state", t->state);
        mj_put_str(o, "priority", zammad_name_of(zammad_priorities, z->priority));
        mj_put_str(o, "owner", zammad_login(z->owner));
        mj_put_str(o, "customer", zammad_login(z->customer));
        mj_put_str(o, "created_by", zammad_login(z->created_by));
        mj_put_str(o, "updated_by", zammad_login(z->updated_by));
        put_text(o, "create_article_type", zammad_name_of(zammad_types, z->create_type));
        put_text(o, "create_article_sender", zammad_name_of(zammad_senders, z->create_sender));
        return o;
}

static void add_file(struct json_object *list, int id, const char *name, size_t size, const char *type)
{
        struct json_object *o = json_object_new_object(), *preferences = json_object_new_object();

        mj_put_int(o, "id", id);
        mj_put_int(o, "store_file_id", id);
        mj_put_str(o, "filename", name);
        put_owned(o, "size", xasprintf("%zu", size));
        mj_put_str(preferences, "Mime-Type", type);
        json_object_object_add(o, "preferences", preferences);
        (void) json_object_array_add(list, o);
}

static struct json_object *files_json(int article)
{
        const struct article *a = &desks.articles[article];
        struct json_object *list = json_object_new_array();

        for (int i = 0; i < a->n_files; i++)
                add_file(list, 100 * (article + 1) + i, a->files[i].name, strlen(a->files[i].content) / 4 * 3, "image/png");
        for (int i = 0; i < a->attachments; i++)
                add_file(list, 100 * (article + 1) + i, "contract.pdf", 1, "application/pdf");
        return list;
}

/* As the editor in the browser writes it. */
static char *html_of(const char *text)
{
        struct buffer b = { .max = 1 << 20 };

        (void) buffer_append_str(&b, "<div>");
        for (const char *p = text; *p; p++) {
                const char *instead = *p == '\n' ? "<br>" : *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : *p == '&' ? "&amp;" : NULL;

                (void) (instead ? buffer_append_str(&b, instead) : buffer_append(&b, p, 1));
        }
        (void) buffer_append_str(&b, "</div>");
        return buffer_take(&b);
}

struct json_object *zammad_article_json(int article)
{
        const struct article *a = &desks.articles[article];
        const struct zammad_article *z = zammad_article(article);
        struct json_object *o = json_object_new_object();

        desk_tell(article);
        mj_put_int(o, "id", article + 1);
        mj_put_int(o, "ticket_id", a->ticket + 1);
        mj_put_int(o, "type_id", z->type);
        mj_put_int(o, "sender_id", z->sender);
        mj_put_str(o, "from", a->from);
        put_text(o, "to", z->to);
        put_text(o, "subject", a->subject);
        put_text(o, "reply_to", z->reply_to);
        put_text(o, "message_id", z->message_id);
        put_text(o, "in_reply_to", z->in_reply_to);
        put_text(o, "references", z->references);
        mj_put_str(o, "content_type", a->rich ? "text/html" : z->content_type);
        put_owned(o, "body", a->rich ? html_of(a->body) : xstrdup(a->body));
        mj_put_bool(o, "internal", !a->visible);
        json_object_object_add(o, "preferences", json_object_get(z->preferences));
        mj_put_int(o, "updated_by_id", z->updated_by);
        mj_put_int(o, "created_by_id", z->created_by);
        put_number(o, "origin_by_id", z->origin);
        put_time(o, "created_at", a->created);
        put_time(o, "updated_at", a->changed);
        json_object_object_add(o, "attachments", files_json(article));
        mj_put_str(o, "created_by", zammad_login(z->created_by));
        mj_put_str(o, "updated_by", zammad_login(z->updated_by));
        mj_put_str(o, "type", zammad_name_of(zammad_types, z->type));
        mj_put_str(o, "sender", zammad_name_of(zammad_senders, z->sender));
        if (z->origin)
                mj_put_str(o, "origin_by", zammad_login(z->origin));
        return o;
}

struct json_object *zammad_user_json(int user)
{
        const struct zammad_user *u = &zammad.users[user - 1];
        struct json_object *o = json_object_new_object();

        mj_put_int(o, "id", user);
        mj_put_str(o, "login", u->login);
        mj_put_str(o, "firstname", u->firstname);
        mj_put_str(o, "lastname", u->lastname);
        mj_put_str(o, "email", u->email);
        mj_put_bool(o, "active", !u->inactive);
        put_time(o, "created_at", u->created);
        if (user == BOT_ID)
                json_object_object_add(o, "group_ids", json_tokener_parse("{\"2\": [\"change\", \"create\", \"read\"]}"));
        return o;
}

struct json_object *zammad_links_json(int ticket)
{
        struct json_object *list = json_object_new_array();

        for (int i = 0; i < zammad.n_links; i++) {
                const struct zammad_link *l = &zammad.links[i];
                struct json_object *one;

                if (l->parent != ticket && l->child != ticket)
                        continue;
                one = json_object_new_object();
                mj_put_str(one, "link_type", l->equal ? "normal" : l->child == ticket ? "parent" : "child");
                mj_put_str(one, "link_object", "Ticket");
                mj_put_int(one, "link_object_value", (l->child == ticket ? l->parent : l->child) + 1);
                (void) json_object_array_add(list, one);
        }
        return list;
}

static void add_asset(struct json_object *assets, const char *kind, int id, struct json_object *value)
{
        struct json_object *all = mj_get(assets, kind);
        char key[16];

        if (!all)
                json_object_object_add(assets, kind, all = json_object_new_object());
        (void) snprintf(key, sizeof key, "%d", id);
        json_object_object_add(all, key, value);
}

/* There what it refers to is not named. */
static struct json_object *bare_article(int article)
{
        static const char *const names[] = { "created_by", "updated_by", "type", "sender", "origin_by" };
        struct json_object *o = zammad_article_json(article);

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                json_object_object_del(o, names[i]);
        return o;
}

struct json_object *zammad_whole_json(int ticket)
{
        struct json_object *o = json_object_new_object(), *ids = json_object_new_array(), *assets = json_object_new_object();

        json_object_object_add(o, "assets", assets);
        add_asset(assets, "Ticket", ticket + 1, zammad_ticket_json(ticket, false, true));
        add_asset(assets, "User", zammad_ticket(ticket)->customer, zammad_user_json(zammad_ticket(ticket)->customer));
        for (int i = 0; i < desks.n_articles; i++) {
                int users[] = { zammad_article(i)->created_by, zammad_article(i)->origin };

                if (!zammad_is_in(i, ticket))
                        continue;
                (void) json_object_array_add(ids, json_object_new_int(i + 1));
                add_asset(assets, "TicketArticle", i + 1, bare_article(i));
                for (size_t k = 0; k < ELEMENTSOF(users); k++)
                        if (users[k])
                                add_asset(assets, "User", users[k], zammad_user_json(users[k]));
        }
        mj_put_int(o, "ticket_id", ticket + 1);
        json_object_object_add(o, "ticket_article_ids", ids);
        json_object_object_add(o, "links", zammad_links_json(ticket));
        json_object_object_add(o, "tags", json_object_get(zammad_ticket(ticket)->tags));
        return o;
}

struct json_object *zammad_states_json(void)
{
        static const int types[] = { [1] = 1, [2] = 2, [3] = 3, [4] = 5, [5] = 6, [6] = 4 };   /* by the states' ids */
        struct json_object *list = json_object_new_array();

        for (const struct zammad_name *s = zammad_states; s->name; s++) {
                struct json_object *o = json_object_new_object();

                mj_put_int(o, "id", s->id);
                mj_put_int(o, "state_type_id", types[s->id]);
                mj_put_str(o, "name", s->name);
                mj_put_bool(o, "active", true);
                (void) json_object_array_add(list, o);
        }
        return list;
}
