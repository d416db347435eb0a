/* SPDX-License-Identifier: MIT
 *
 * Articles, and the tickets they begin: file, append and note.
 *
 * What binds them to the network are the ticket's attribute (option attribute), which holds the thread's key, and the article's
 * message id.  A ticket is made with customer, tags and article in one transaction.  The customer has no mail address: nothing is
 * sent to him, above all no automatic reply.
 * Callbacks of the plugin; owns nothing. */
#include "zammad.h"

#include <stdlib.h>

/* Zammad lowers it; what looks it up may not. */
static const char *login_of(struct mentiond_op *op, const char *customer)
{
        char *login = mentiond_format(op, "%s", mentiond_line(op, customer, ZAMMAD_LOGIN_MAX));

        for (char *at = login; *at; at++)
                if (*at >= 'A' && *at <= 'Z')
                        *at = (char) (*at + ('a' - 'A'));
        return login;
}

/* preferences.links are shown above each article, as "on Mastodon". */
static void add_link(struct mentiond_op *op, struct json_object *preferences, const char *url, const char *network)
{
        struct json_object *links = json_object_new_array(), *link = json_object_new_object();

        if (!*url) {
                json_object_put(links);
                json_object_put(link);
                return;
        }
        mj_put_str(link, "url", url);
        mj_put_str(link, "target", "_blank");
        mj_put_str(link, "name", mentiond_format(op, "on %s", mentiond_capital(op, network)));
        json_object_array_add(links, link);
        json_object_object_add(preferences, "links", links);
}

static void add_attachments(struct mentiond_op *op, struct json_object *article, const struct mentiond_filing *filing)
{
        struct json_object *attachments = json_object_new_array();

        for (uint32_t i = 0; i < filing->n_attachments; i++) {
                const struct mentiond_attachment *from = &filing->attachments[i];
                struct json_object *attachment = json_object_new_object();

                mj_put_str(attachment, "filename", *from->name ? from->name : "attachment");
                mj_put_str(attachment, "mime-type", *from->type ? from->type : "application/octet-stream");
                mj_put_str(attachment, "data", mentiond_base64_encode(op, from->data, from->size));
                json_object_array_add(attachments, attachment);
        }
        json_object_object_add(article, "attachments", attachments);
}

/* Of the customer, as the network showed it.  The text is far below the 1.5 million characters that Zammad takes: flow cuts at
 * 256 KiB. */
static struct json_object *customers_article(struct mentiond_op *op, const struct zammad *z, const struct mentiond_filing *filing)
{
        struct json_object *article = mentiond_json_object(op), *preferences = json_object_new_object();

        mj_put_str(article, "type", "web");
        mj_put_str(article, "sender", "Customer");
        mj_put_bool(article, "internal", false);
        mj_put_str(article, "content_type", "text/plain");
        mj_put_str(article, "body", mentiond_some(zammad_text(op, z, filing->text)));
        mj_put_str(article, "message_id", zammad_message_id(op, filing->key));
        add_link(op, preferences, filing->url, filing->network);
        json_object_object_add(article, "preferences", preferences);
        if (filing->n_attachments > 0)
                add_attachments(op, article, filing);
        return article;
}

static struct zammad_customer customer_of(struct mentiond_op *op, const struct zammad *z, const struct mentiond_filing *filing)
{
        return (struct zammad_customer) {
                .login = login_of(op, filing->customer),
                .name = mentiond_line(op, zammad_text(op, z, filing->author), ZAMMAD_NAME_MAX),
                .source = filing->network,
        };
}

static struct json_object *customer_body(const struct zammad_customer *customer)
{
        struct json_object *body = json_object_new_object();

        mj_put_str(body, "login", customer->login);
        mj_put_str(body, "firstname", customer->name);
        mj_put_str(body, "source", customer->source);
        return body;
}

struct json_object *zammad_ticket_body(struct mentiond_op *op, struct zammad *z, const struct mentiond_filing *filing)
{
        struct json_object *body = mentiond_json_object(op);
        struct zammad_customer customer = customer_of(op, z, filing);

        mj_put_str(body, "title", mentiond_line(op, zammad_text(op, z, filing->title), ZAMMAD_TITLE_MAX));
        mj_put_str(body, "group", *filing->queue ? filing->queue : z->group);
        json_object_object_add(body, "customer", customer_body(&customer));
        mj_put_str(body, "state", z->state);
        mj_put_str(body, "priority", *z->priority ? z->priority : NULL);
        mj_put_str(body, "tags", *z->tags ? mentiond_format(op, "%s,%s", filing->network, z->tags) : filing->network);
        mj_put_str(body, z->attribute, filing->thread_key);
        json_object_object_add(body, "article", json_object_get(customers_article(op, z, filing)));
        return body;
}

int zammad_lacks_rights(struct mentiond_op *op, const struct zammad *z, const char *group)
{
        return mentiond_fail(op, MENTIOND_BLOCKED,
                             "%s may not make or change tickets in the group %s: give that user read, create "
                             "and change there",
                             z->user_name, group);
}

/* The first, should a trigger have added others. */
static const char *first_article(struct mentiond_op *op, struct json_object *ticket)
{
        struct json_object *ids = mj_get(ticket, "article_ids");
        int64_t first = 0;

        for (size_t i = 0; i < mj_len(ids); i++) {
                int64_t id = json_object_get_int64(mj_at(ids, i));

                if (!first || id < first)
                        first = id;
        }
        return first ? mentiond_format(op, "%lld", (long long) first) : "";
}

/* Both tickets stand in the other's list of links then. */
static void link_after(struct mentiond_op *op, const struct mentiond_filed *filed, const char *after)
{
        struct json_object *body = mentiond_json_object(op);
        struct zammad_answer answer;

        mj_put_str(body, "link_type", "normal");
        mj_put_str(body, "link_object_source", "Ticket");
        mj_put_str(body, "link_object_source_number", filed->number);
        mj_put_str(body, "link_object_target", "Ticket");
        mj_put_int(body, "link_object_target_value", strtoll(after, NULL, 10));
        if (zammad_call(op, "POST", "/api/v1/links/add", body, ZAMMAD_READS, &answer) != MENTIOND_OK)    /* may be done twice */
                mentiond_log(op, 4, "ticket %s could not be linked to the one that it goes on from: %s", filed->number,
                             mentiond_reason(op));
}

int zammad_file(struct mentiond_op *op, void *state, const struct mentiond_filing *filing, struct mentiond_filed *ret)
{
        struct zammad *z = state;
        struct zammad_answer answer;
        int r = zammad_call(op, "POST", "/api/v1/tickets?expand=true", zammad_ticket_body(op, z, filing), ZAMMAD_WRITES, &answer);

        if (answer.refusal == ZAMMAD_FORBIDDEN)
                return zammad_lacks_rights(op, z, *filing->queue ? filing->queue : z->group);
        if (r != MENTIOND_OK)
                return r;
        if (mj_int(answer.json, "id", 0) <= 0 || !*first_article(op, answer.json))
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "Zammad answered without the ticket that it made");
        zammad_tell(op, z, answer.json, ret);
        ret->article = first_article(op, answer.json);
        zammad_bind(op, z, answer.json, filing->thread_key);
        if (filing->after && *filing->after)
                link_after(op, ret, filing->after);
        zammad_learn(op, z, ret, filing->key, filing->text);
        return MENTIOND_OK;
}

/* As for a follow-up by mail: any state but that of new tickets becomes the one of follow-ups; also a pending ticket, which might
 * be closed unread, wakes up. */
bool zammad_is_asleep(const struct zammad *z, struct json_object *ticket)
{
        const char *state = mj_str(ticket, "state");

        return strcmp(state, z->state) != 0 && strcmp(state, z->reopen_state) != 0;
}

/* The ticket is not to be seen any more.  If that is so because rights were taken away, no new one can be made either, and the
 * conversation keeps its ticket until they are given back. */
static int without_ticket(struct mentiond_op *op, struct zammad *z, const struct mentiond_filing *filing)
{
        const char *why = mentiond_reason(op);
        int r = zammad_check_create(op, z, filing->queue);

        return r == MENTIOND_OK ? mentiond_fail(op, MENTIOND_GONE, "%s", why) : r;
}

static bool is_too_old(struct mentiond_op *op, struct zammad *z, struct json_object *ticket, int64_t since_usec)
{
        int64_t closed = mentiond_parse_time(mj_str(ticket, "last_close_at"));

        return closed && closed < since_usec && zammad_is_asleep(z, ticket) && zammad_is_closed(op, z, ticket);
}

int zammad_append(struct mentiond_op *op, void *state, const struct mentiond_filing *filing, struct mentiond_filed *ret)
{
        struct zammad *z = state;
        struct zammad_customer customer = customer_of(op, z, filing);
        struct json_object *ticket, *change = mentiond_json_object(op);
        int r = zammad_ticket_open(op, z, filing->ticket, &ticket);

        if (r == MENTIOND_GONE)
                return without_ticket(op, z, filing);
        if (r != MENTIOND_OK)
                return r;
        if (is_too_old(op, z, ticket, filing->reopen_since_usec)) {
                zammad_tell(op, z, ticket, ret);
                return mentiond_fail(op, MENTIOND_GONE, "ticket %s was closed too long ago to be opened again", ret->number);
        }
        if (zammad_is_asleep(z, ticket))
                mj_put_str(change, "state", z->reopen_state);
        r = zammad_write(op, z, ticket, customers_article(op, z, filing), change, &customer, ret);
        if (r == MENTIOND_OK)
                zammad_learn(op, z, ret, filing->key, filing->text);
        return r;
}

int zammad_note(struct mentiond_op *op, void *state, const struct mentiond_note *note, struct mentiond_filed *ret)
{
        struct zammad *z = state;
        struct json_object *article = mentiond_json_object(op), *preferences = json_object_new_object(), *ticket;
        bool posted = note->kind == MENTIOND_NOTE_POSTED;
        int r;

        /* Zammad counts as first response, and takes for opened, what an agent wrote that is no note; and shows its own
         * notes on deliveries that failed as a bar. */
        mj_put_str(article, "type", posted ? "web" : "note");
        mj_put_str(article, "sender", posted ? "Agent" : "System");
        mj_put_bool(article, "internal", !posted);
        mj_put_str(article, "content_type", "text/plain");
        mj_put_str(article, "subject", mentiond_line(op, note->subject, ZAMMAD_TITLE_MAX));
        mj_put_str(article, "body", mentiond_some(zammad_text(op, z, note->text)));
        mj_put_str(article, "message_id", zammad_message_id(op, note->key));
        add_link(op, preferences, note->url, note->network);
        if (note->kind == MENTIOND_NOTE_FAILED) {
                mj_put_bool(preferences, "delivery_message", true);
                mj_put_int(preferences, "delivery_article_id_related", strtoll(note->article, NULL, 10));
        }
        json_object_object_add(article, "preferences", preferences);

        r = zammad_ticket_open(op, z, note->ticket, &ticket);
        if (r != MENTIOND_OK)
                return r;
        return zammad_write(op, z, ticket, article, NULL, NULL, ret);
}
