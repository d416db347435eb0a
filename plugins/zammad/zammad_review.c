/* SPDX-License-Identifier: MIT
 *
 * An agent's article again, and what is around it.
 *
 * Zammad gives a ticket with all articles and users at once, without the names of what it refers to, and without the pictures in
 * an article among what is attached to it: an article that shows one is asked for by itself.  The files are asked for one by one.
 * A callback of the plugin; owns nothing. */
#include "zammad.h"

#include <stdlib.h>
#include <strings.h>

enum { STRING_MAX = 500 };   /* bytes of what a customer's record has; more identifies nobody */

struct found {
        struct json_object *whole, *ticket, *article;
};

static struct json_object *asset(struct json_object *whole, const char *kind, const char *id)
{
        return mj_get(mj_get(mj_get(whole, "assets"), kind), id);
}

static int read_article(struct mentiond_op *op, const char *id, struct zammad_answer *ret)
{
        const char *path = mentiond_format(op, "/api/v1/ticket_articles/%s", mentiond_escape(op, id));

        return zammad_call(op, "GET", path, NULL, ZAMMAD_READS, ret);
}

/* The ticket, and the article if it is there. */
static int read_ticket(struct mentiond_op *op, struct zammad *z, const char *id, const char *article, struct found *ret)
{
        int r = zammad_ticket_whole(op, z, id, &ret->whole);

        if (r == MENTIOND_OK) {
                ret->ticket = asset(ret->whole, "Ticket", id);
                ret->article = asset(ret->whole, "TicketArticle", article);
        }
        return r;
}

/* *ret without an article if it is gone.  One that a merge has moved tells itself where it is. */
static int find(struct mentiond_op *op, struct zammad *z, const char *ticket, const char *article, struct found *ret)
{
        struct zammad_answer answer;
        int r = read_ticket(op, z, ticket, article, ret);

        if (ret->article || (r != MENTIOND_OK && r != MENTIOND_GONE))
                return r;
        r = read_article(op, article, &answer);
        if (answer.refusal == ZAMMAD_MISSING || answer.refusal == ZAMMAD_FORBIDDEN)
                return MENTIOND_OK;
        if (r != MENTIOND_OK)
                return r;
        r = read_ticket(op, z, mj_str(answer.json, "ticket_id"), article, ret);
        if (r == MENTIOND_OK && !ret->article)
                return mentiond_fail(op, MENTIOND_RETRY, "article %s was moved while it was read", article);
        return r;
}

/* --- Attachments --- */

static const char *type_of(struct json_object *attachment)
{
        struct json_object *preferences = mj_get(attachment, "preferences");
        const char *type = mj_str(preferences, "Mime-Type");

        return *type ? type : mj_str(preferences, "Content-Type");
}

/* data of what can be had, and is not too much. */
static int get_data(struct mentiond_op *op, struct json_object *article, struct json_object *attachment, uint64_t max,
                    struct mentiond_attachment *to)
{
        const char *path = mentiond_format(op, "/api/v1/ticket_attachment/%s/%s/%s",
                                           mentiond_escape(op, mj_str(article, "ticket_id")),
                                           mentiond_escape(op, mj_str(article, "id")),
                                           mentiond_escape(op, mj_str(attachment, "id")));
        struct mentiond_response reply = { .struct_size = sizeof(reply) };
        struct zammad_answer answer;
        int r;

        if (to->size == 0 || to->size > max)
                return MENTIOND_OK;
        r = zammad_download(op, path, max, &answer, &reply);
        if (r == MENTIOND_OK) {
                to->data = reply.body;
                to->size = reply.body_size;
        }
        /* It is told without: the article itself stands. */
        return r == MENTIOND_REJECTED || answer.refusal == ZAMMAD_MISSING || answer.refusal == ZAMMAD_FORBIDDEN ? MENTIOND_OK : r;
}

static struct mentiond_attachment attachment_of(struct json_object *attachment)
{
        int64_t size = mj_int(attachment, "size", 0);

        return (struct mentiond_attachment) {
                .struct_size = sizeof(struct mentiond_attachment),
                .name = mj_str(attachment, "filename"),
                .type = type_of(attachment),
                .size = size > 0 ? (uint64_t) size : 0,
        };
}

static bool has_picture(struct json_object *article)
{
        return strstr(mj_str(article, "body"), "/api/v1/ticket_attachment/");
}

static int put_attachments(struct mentiond_op *op, struct json_object *article, struct mentiond_review *ret)
{
        struct mentiond_attachment *list = mentiond_alloc(op, MENTIOND_REVIEW_ATTACHMENTS_MAX * sizeof(*list));
        struct json_object *attachments = mj_get(article, "attachments");
        uint64_t left = MENTIOND_REVIEW_BYTES_MAX;
        struct zammad_answer answer;
        int r = MENTIOND_OK;

        if (has_picture(article)) {
                r = read_article(op, mj_str(article, "id"), &answer);
                if (r != MENTIOND_OK)
                        return r;
                attachments = mj_get(answer.json, "attachments");
        }
        for (size_t i = 0; r == MENTIOND_OK && i < mj_len(attachments) && ret->n_attachments < MENTIOND_REVIEW_ATTACHMENTS_MAX;
             i++) {
                struct mentiond_attachment *to = &list[ret->n_attachments++];

                *to = attachment_of(mj_at(attachments, i));
                r = get_data(op, article, mj_at(attachments, i), left, to);
                left -= to->data ? to->size : 0;
        }
        ret->attachments = list;
        return r;
}

/* --- What must not become public --- */

static bool is_public(struct json_object *article)
{
        struct json_object *internal = mj_get(article, "internal");

        return json_object_is_type(internal, json_type_boolean) && !json_object_get_boolean(internal);
}

static bool is_secret(const struct zammad *z, struct json_object *article)
{
        return !is_public(article) && mj_int(article, "created_by_id", 0) > ZAMMAD_SYSTEM_USER && !zammad_is_ours(z, article);
}

static const char *plain(struct mentiond_op *op, struct json_object *article)
{
        struct zammad_written written = zammad_written(article);

        return *written.html ? mentiond_text_from_html(op, written.html) : written.text;
}

static int newest_first(const void *a, const void *b)
{
        int64_t x = mj_int(*(struct json_object *const *) a, "id", 0), y = mj_int(*(struct json_object *const *) b, "id", 0);

        return x > y ? -1 : x < y;
}

/* All articles of the ticket; NULL behind the last. */
static struct json_object **articles_of(struct mentiond_op *op, struct json_object *whole)
{
        struct json_object *assets = mj_get(mj_get(whole, "assets"), "TicketArticle"), **all;
        size_t n = 0;

        if (!json_object_is_type(assets, json_type_object))
                return mentiond_alloc(op, sizeof(*all));
        all = mentiond_alloc(op, ((size_t) json_object_object_length(assets) + 1) * sizeof(*all));
        json_object_object_foreach(assets, id, article) {
                if (mj_is(article, "id", id))
                        all[n++] = article;
        }
        qsort(all, n, sizeof(*all), newest_first);
        return all;
}

/* But this one. */
static void put_internal(struct mentiond_op *op, const struct zammad *z, struct json_object *const *articles,
                         const struct json_object *but, struct mentiond_review *ret)
{
        const char **texts = mentiond_alloc(op, MENTIOND_REVIEW_INTERNAL_MAX * sizeof(*texts));
        struct mentiond_attachment *list = mentiond_alloc(op, MENTIOND_REVIEW_ATTACHMENTS_MAX * sizeof(*list));

        for (; *articles && ret->n_internal < MENTIOND_REVIEW_INTERNAL_MAX; articles++) {
                struct json_object *attachments = mj_get(*articles, "attachments"), *attachment;

                if (*articles == but || !is_secret(z, *articles))
                        continue;
                texts[ret->n_internal++] = plain(op, *articles);
                MJ_EACH(attachment, attachments)
                        if (ret->n_internal_attachments < MENTIOND_REVIEW_ATTACHMENTS_MAX)
                                list[ret->n_internal_attachments++] = attachment_of(attachment);
        }
        ret->internal = texts;
        ret->internal_attachments = list;
}

static void add_string(const char **list, struct mentiond_review *ret, const char *text)
{
        if (!*text || strlen(text) > STRING_MAX || ret->n_customer >= MENTIOND_REVIEW_CUSTOMER_MAX)
                return;
        for (uint32_t i = 0; i < ret->n_customer; i++)
                if (strcasecmp(list[i], text) == 0)
                        return;
        list[ret->n_customer++] = text;
}

static void add_record(struct mentiond_op *op, struct json_object *user, const char **list, struct mentiond_review *ret)
{
        static const char *const members[] = { "email", "phone", "mobile", "fax", "web", "address", "street" };
        const char *zip = mj_str(user, "zip"), *city = mj_str(user, "city");

        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
                add_string(list, ret, mj_str(user, members[i]));
        if (*zip && *city)       /* each of the two is that of many */
                add_string(list, ret, mentiond_format(op, "%s %s", zip, city));
}

/* Of a thread in which several write each is a customer of his own. */
static void put_customers(struct mentiond_op *op, const struct found *found, struct json_object *const *articles,
                          struct mentiond_review *ret)
{
        const char **list = mentiond_alloc(op, MENTIOND_REVIEW_CUSTOMER_MAX * sizeof(*list));

        add_record(op, asset(found->whole, "User", mj_str(found->ticket, "customer_id")), list, ret);
        for (; *articles; articles++)
                add_record(op, asset(found->whole, "User", mj_str(*articles, "origin_by_id")), list, ret);
        ret->customer = list;
}

int zammad_review(struct mentiond_op *op, void *state, const char *ticket, const char *article, struct mentiond_review *ret)
{
        struct zammad *z = state;
        struct found found = { .article = NULL };
        struct json_object **articles;
        struct zammad_written written;
        int r = find(op, z, ticket, article, &found);

        if (r == MENTIOND_GONE) {
                ret->standing = MENTIOND_TAKEN_BACK;
                return MENTIOND_OK;
        }
        if (r != MENTIOND_OK)
                return r;
        ret->closed = found.ticket && zammad_is_closed(op, z, found.ticket);
        ret->standing = !found.article             ? MENTIOND_TAKEN_BACK
                        : is_public(found.article) ? MENTIOND_STANDS
                                                   : MENTIOND_TURNED_INTERNAL;
        if (ret->standing == MENTIOND_TAKEN_BACK)
                return MENTIOND_OK;
        written = zammad_written(found.article);
        ret->html = written.html;
        ret->text = written.text;
        articles = articles_of(op, found.whole);
        put_internal(op, z, articles, found.article, ret);
        put_customers(op, &found, articles, ret);
        return put_attachments(op, found.article, ret);
}
