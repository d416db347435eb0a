/* SPDX-License-Identifier: MIT
 *
 * An agent's article again, and what is around it.
 *
 * The ticket is read with all articles and the names of what is attached to them, which is little however large the files are.
 * Contents cannot be asked for by article: if the article has any, its HTML body among them, those of the agents' newest articles
 * down to it are read, too.
 *
 * The generic interface has no operation for customers.  What of theirs is known are the ticket's customer, which is a login, or
 * a mail address, once an agent has set it, and the addresses from which he has written. A callback of the plugin; owns nothing.
 */
#include "otrs.h"

enum {
        NEWER_ARTICLES = 5,      /* that agents may write between the two calls */
        ADDRESS_MAX = 320,       /* bytes */
};

struct found {
        struct json_object *ticket, *article;
};

static struct json_object *article_of(struct json_object *ticket, const char *id)
{
        return mj_find(mj_get(ticket, "Article"), "ArticleID", id);
}

/* *ret without an article if it is gone.  A merge has moved the article, even if its ticket was opened again afterwards. */
static int find(struct mentiond_op *op, struct otrs *otrs, const char *ticket, const char *article, struct found *ret)
{
        static const struct otrs_articles names = { .all = true, .attachments = true, .names_only = true };
        const char *into;
        int r = otrs_ticket_open(op, otrs, ticket, &names, &ret->ticket);

        if (r != MENTIOND_OK)
                return r;
        ret->article = article_of(ret->ticket, article);
        if (ret->article || !mj_is(ret->ticket, "TicketID", ticket))
                return MENTIOND_OK;
        r = otrs_merged_into(op, otrs, ticket, &into);
        if (r == MENTIOND_OK && into)
                r = otrs_ticket_open(op, otrs, into, &names, &ret->ticket);
        if (r == MENTIOND_OK)
                ret->article = article_of(ret->ticket, article);
        return r;
}

/* The agents' newest articles down to this one with the contents of what is attached to them; NULL if that is nothing, or too
 * much. */
static int get_contents(struct mentiond_op *op, struct otrs *otrs, const struct found *found, struct json_object **ret)
{
        struct otrs_articles what = { .all = true, .agents = true, .attachments = true, .limit = NEWER_ARTICLES };
        struct json_object *articles = mj_get(found->ticket, "Article"), *article, *tickets;
        int64_t bytes = 0;
        int r;

        *ret = NULL;
        MJ_EACH(article, articles) {
                if (!mj_is(article, "SenderType", "agent") ||
                    mj_int(article, "ArticleID", 0) < mj_int(found->article, "ArticleID", 0))
                        continue;
                what.limit++;
                bytes += otrs_attached_bytes(article);
        }
        if (otrs_attached_bytes(found->article) == 0 || bytes > MENTIOND_REVIEW_BYTES_MAX)
                return MENTIOND_OK;
        r = otrs_ticket_get(op, otrs, mj_str(found->ticket, "TicketID"), &what, &tickets);
        if (r == MENTIOND_OK)
                *ret = mj_at(tickets, 0);
        return r;
}

static void add_attachments(struct mentiond_attachment *list, uint32_t *n, struct json_object *attachments)
{
        struct json_object *attachment;

        MJ_EACH(attachment, attachments) {
                int64_t size = mj_int(attachment, "FilesizeRaw", 0);

                if (*n < MENTIOND_REVIEW_ATTACHMENTS_MAX && !otrs_is_html_body(attachment))
                        list[(*n)++] = (struct mentiond_attachment) {
                                .struct_size = sizeof(*list),
                                .name = mj_str(attachment, "Filename"),
                                .type = mj_str(attachment, "ContentType"),
                                .data = mj_str(attachment, "Content"),
                                .size = size > 0 ? (uint64_t) size : 0,
                        };
        }
}

static void put_attachments(struct mentiond_op *op, struct json_object *article, struct mentiond_review *ret)
{
        struct mentiond_attachment *list = mentiond_alloc(op, MENTIOND_REVIEW_ATTACHMENTS_MAX * sizeof(*list));
        uint64_t left = MENTIOND_REVIEW_BYTES_MAX, size;

        add_attachments(list, &ret->n_attachments, mj_get(article, "Attachment"));
        for (uint32_t i = 0; i < ret->n_attachments; i++) {
                const char *content = list[i].data;

                list[i].data = *content ? mentiond_base64_decode(op, content, &size) : NULL;
                if (list[i].data && size > left)
                        list[i].data = NULL;
                if (list[i].data)
                        left -= list[i].size = size;
        }
        ret->attachments = list;
}

static bool is_internal(struct json_object *article)
{
        return mj_int(article, "IsVisibleForCustomer", 0) != 1 && mj_int(article, "ArticleID", 0) > 0 && !otrs_is_ours(article) &&
               (mj_is(article, "SenderType", "agent") || mj_is(article, "SenderType", "customer"));
}

/* Without a limit the helpdesk gives the oldest first. */
static void put_internal(struct mentiond_op *op, const struct found *found, struct json_object *contents,
                         struct mentiond_review *ret)
{
        const char **texts = mentiond_alloc(op, MENTIOND_REVIEW_INTERNAL_MAX * sizeof(*texts));
        struct mentiond_attachment *list = mentiond_alloc(op, MENTIOND_REVIEW_ATTACHMENTS_MAX * sizeof(*list));
        struct json_object *articles = mj_get(found->ticket, "Article");

        for (size_t i = mj_len(articles); i-- > 0 && ret->n_internal < MENTIOND_REVIEW_INTERNAL_MAX; ) {
                struct json_object *article = mj_at(articles, i), *whole;
                struct otrs_written written;

                if (article == found->article || !is_internal(article))
                        continue;
                whole = article_of(contents, mj_str(article, "ArticleID"));
                written = otrs_written(op, whole ? whole : article);
                texts[ret->n_internal++] = *written.html ? mentiond_text_from_html(op, written.html) : written.text;
                add_attachments(list, &ret->n_internal_attachments, mj_get(article, "Attachment"));
        }
        for (uint32_t i = 0; i < ret->n_internal_attachments; i++)
                list[i].data = NULL;
        ret->internal = texts;
        ret->internal_attachments = list;
}

/* --- The customer --- */

static void add_string(struct mentiond_op *op, const char **list, struct mentiond_review *ret, const char *text, size_t n)
{
        if (n == 0 || n > ADDRESS_MAX || ret->n_customer >= MENTIOND_REVIEW_CUSTOMER_MAX)
                return;
        for (uint32_t i = 0; i < ret->n_customer; i++)
                if (strlen(list[i]) == n && strncasecmp(list[i], text, n) == 0)
                        return;
        list[ret->n_customer++] = mentiond_format(op, "%.*s", (int) n, text);
}

/* Those of a header as From. */
static void add_addresses(struct mentiond_op *op, const char **list, struct mentiond_review *ret, const char *header)
{
        static const char around[] = " \t\r\n<>()[],;:\"";

        for (const char *at = strchr(header, '@'); at; at = strchr(at, '@')) {
                const char *start = at, *end = at + 1 + strcspn(at + 1, around);

                while (start > header && !strchr(around, start[-1]))
                        start--;
                if (start < at && end > at + 1)
                        add_string(op, list, ret, start, (size_t) (end - start));
                at = end;
        }
}

/* A login that is but a word is no secret that could be told from one. */
static void add_login(struct mentiond_op *op, const char **list, struct mentiond_review *ret, const char *login)
{
        if (strpbrk(login, "@0123456789"))
                add_string(op, list, ret, login, strlen(login));
}

/* Whom mentiond has filed the mention for is "NETWORK:HANDLE", which is what he calls himself in public. */
static void put_customer(struct mentiond_op *op, struct json_object *ticket, struct mentiond_review *ret)
{
        const char **list = mentiond_alloc(op, MENTIOND_REVIEW_CUSTOMER_MAX * sizeof(*list));
        const char *login = mj_str(ticket, "CustomerUserID"), *company = mj_str(ticket, "CustomerID"),
                   *network = otrs_field(ticket, "SocialNetwork");
        struct json_object *articles = mj_get(ticket, "Article"), *article;
        size_t n = strlen(network);

        if (!(n > 0 && strncmp(login, network, n) == 0 && login[n] == ':')) {
                add_login(op, list, ret, login);
                add_login(op, list, ret, company);
        }
        MJ_EACH(article, articles) {
                if (mj_is(article, "SenderType", "customer") && !otrs_is_ours(article)) {
                        add_addresses(op, list, ret, mj_str(article, "From"));
                        add_addresses(op, list, ret, mj_str(article, "ReplyTo"));
                }
        }
        ret->customer = list;
}

static bool is_public(struct json_object *article)
{
        return mj_int(article, "IsVisibleForCustomer", 0) == 1;
}

int otrs_review(struct mentiond_op *op, void *state, const char *ticket, const char *article, struct mentiond_review *ret)
{
        struct otrs *otrs = state;
        struct found found = { .article = NULL };
        struct json_object *contents = NULL, *now;
        struct otrs_written written;
        int r = find(op, otrs, ticket, article, &found);

        if (r == MENTIOND_GONE) {
                ret->standing = MENTIOND_TAKEN_BACK;
                return MENTIOND_OK;
        }
        if (r == MENTIOND_OK && found.article)
                r = get_contents(op, otrs, &found, &contents);
        if (r != MENTIOND_OK)
                return r;
        now = contents ? article_of(contents, article) : found.article;
        ret->standing = is_public(now) ? MENTIOND_STANDS : now ? MENTIOND_TURNED_INTERNAL : MENTIOND_TAKEN_BACK;
        ret->closed = otrs_is_closed(found.ticket);
        if (contents && !now)    /* gone, or moved by a merge, since the ticket was read */
                return mentiond_fail(op, MENTIOND_RETRY, "ticket %s was changed while article %s was read", ticket, article);
        if (ret->standing == MENTIOND_TAKEN_BACK)
                return MENTIOND_OK;
        written = otrs_written(op, now);
        ret->html = written.html;
        ret->text = written.text;
        put_attachments(op, now, ret);
        put_internal(op, &found, contents, ret);
        put_customer(op, found.ticket, ret);
        return MENTIOND_OK;
}
