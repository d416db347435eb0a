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

/* preferences.links are shown above each article, as "on Mastodon".  NULL for none. */
static struct json_object *links_of(struct mentiond_op *op, const char *url, const char *network)
{
        return *url ? mentiond_json(op, "[{'url': %s, 'target': '_blank', 'name': %s}]", url,
                                    mentiond_format(op, "on %s", mentiond_capital(op, network))) : NULL;
}

static struct json_object *attachments_of(struct mentiond_op *op, const struct mentiond_filing *filing)
{
        struct json_object *list = filing->n_attachments > 0 ? mentiond_json(op, "[]") : NULL;

        for (uint32_t i = 0; i < filing->n_attachments; i++) {
                const struct mentiond_attachment *from = &filing->attachments[i];
                struct json_object *attachment = mentiond_json(op, "{'filename': %s, 'mime-type': %s, 'data': %s}",
                        *from->name ? from->name : "attachment", *from->type ? from->type : "application/octet-stream",
                        mentiond_base64_encode(op, from->data, from->size));

                mj_add(list, attachment);
        }
        return list;
}

/* Of the customer, as the network showed it.  The text is far below the 1.5 million characters that Zammad takes: flow cuts at
 * 256 KiB. */
static struct json_object *customers_article(struct mentiond_op *op, const struct zammad *z, const struct mentiond_filing *filing)
{
        return mentiond_json(op, "{'type': 'web', 'sender': 'Customer', 'internal': false, 'content_type': 'text/plain', "
                             "'body': %s, 'message_id': %s, 'preferences': {'links': %p}, 'attachments': %p}",
                             mentiond_some(zammad_text(op, z, filing->text)), zammad_message_id(op, filing->key),
                             links_of(op, filing->url, filing->network), attachments_of(op, filing));
}

static struct zammad_customer customer_of(struct mentiond_op *op, const struct zammad *z, const struct mentiond_filing *filing)
{
        return (struct zammad_customer) {
                .login = login_of(op, filing->customer),
                .name = mentiond_line(op, zammad_text(op, z, filing->author), ZAMMAD_NAME_MAX),
                .source = filing->network,
        };
}

struct json_object *zammad_ticket_body(struct mentiond_op *op, struct zammad *z, const struct mentiond_filing *filing)
{
        struct zammad_customer customer = customer_of(op, z, filing);

        return mentiond_json(op, "{'title': %s, 'group': %s, 'customer': {'login': %s, 'firstname': %s, 'source': %s}, "
                             "'state': %s, 'priority': %s, 'tags': %s, %s: %s, 'article': %p}",
                             mentiond_line(op, zammad_text(op, z, filing->title), ZAMMAD_TITLE_MAX),
                             *filing->queue ? filing->queue : z->group, customer.login, customer.name, customer.source, z->state,
                             *z->priority ? z->priority : NULL,
                             *z->tags ? mentiond_format(op, "%s,%s", filing->network, z->tags) : filing->network,
                             z->attribute, filing->thread_key, customers_article(op, z, filing));
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
        struct json_object *ids = mj_get(ticket, "article_ids"), *one;
        int64_t first = 0;

        MJ_EACH(one, ids) {
                int64_t id = json_object_get_int64(one);

                if (!first || id < first)
                        first = id;
        }
        return first ? mentiond_format(op, "%lld", (long long) first) : "";
}

/* Both tickets stand in the other's list of links then. */
static void link_after(struct mentiond_op *op, const struct mentiond_filed *filed, const char *after)
{
        struct json_object *body = mentiond_json(op,
                "{'link_type': 'normal', 'link_object_source': 'Ticket', 'link_object_source_number': %s, "
                "'link_object_target': 'Ticket', 'link_object_target_value': %lld}", filed->number, strtoll(after, NULL, 10));
        struct zammad_answer answer;

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
        struct json_object *ticket, *change;
        int r = zammad_ticket_open(op, z, filing->ticket, &ticket);

        if (r == MENTIOND_GONE)
                return without_ticket(op, z, filing);
        if (r != MENTIOND_OK)
                return r;
        if (is_too_old(op, z, ticket, filing->reopen_since_usec)) {
                zammad_tell(op, z, ticket, ret);
                return mentiond_fail(op, MENTIOND_GONE, "ticket %s was closed too long ago to be opened again", ret->number);
        }
        change = mentiond_json(op, "{'state': %s}", zammad_is_asleep(z, ticket) ? z->reopen_state : NULL);
        r = zammad_write(op, z, ticket, customers_article(op, z, filing), change, &customer, ret);
        if (r == MENTIOND_OK)
                zammad_learn(op, z, ret, filing->key, filing->text);
        return r;
}

int zammad_note(struct mentiond_op *op, void *state, const struct mentiond_note *note, struct mentiond_filed *ret)
{
        struct zammad *z = state;
        struct json_object *links = links_of(op, note->url, note->network), *preferences, *article, *ticket;
        bool posted = note->kind == MENTIOND_NOTE_POSTED;
        int r = zammad_ticket_open(op, z, note->ticket, &ticket);

        if (r != MENTIOND_OK)
                return r;
        /* Zammad counts as first response, and takes for opened, what an agent wrote that is no note; and shows its own
         * notes on deliveries that failed as a bar. */
        preferences = note->kind != MENTIOND_NOTE_FAILED
                ? mentiond_json(op, "{'links': %p}", links)
                : mentiond_json(op, "{'links': %p, 'delivery_message': true, 'delivery_article_id_related': %lld}", links,
                                strtoll(note->article, NULL, 10));
        article = mentiond_json(op, "{'type': %s, 'sender': %s, 'internal': %p, 'content_type': 'text/plain', 'subject': %s, "
                                "'body': %s, 'message_id': %s, 'preferences': %p}", posted ? "web" : "note",
                                posted ? "Agent" : "System", mentiond_json(op, posted ? "false" : "true"),
                                mentiond_line(op, note->subject, ZAMMAD_TITLE_MAX), mentiond_some(zammad_text(op, z, note->text)),
                                zammad_message_id(op, note->key), preferences);
        return zammad_write(op, z, ticket, article, NULL, NULL, ret);
}
