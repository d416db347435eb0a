/* SPDX-License-Identifier: MIT
 *
 * Articles, and the tickets they begin: file, append and note.
 *
 * What binds them to the network are the ticket's dynamic field SocialThread and the article's SocialPost.
 * The helpdesk has no transactions: it stores, in this order, the ticket, its fields, the article with its line
 * in the history, its attachments, the article's field.  So the key is written into the history line, too,
 * and otrs_find.c knows an article by it whose field was never set.
 * Callbacks of the plugin; owns nothing. */
#include "otrs.h"

static const char *customer_from(struct mentiond_op *op, const struct mentiond_filing *filing)
{
        char *from = mentiond_format(op, "%s via %s", mentiond_line(op, filing->author, OTRS_TITLE_MAX),
                                     mentiond_capital(op, filing->network));

        for (char *at = strchr(from, '@'); at; at = strchr(at, '@'))
                *at = ' ';
        return from;
}

void otrs_add_field(struct json_object *fields, const char *name, const char *value)
{
        struct json_object *field = json_object_new_object();

        mj_put_str(field, "Name", name);
        mj_put_str(field, "Value", value);
        json_object_array_add(fields, field);
}

static struct json_object *thread_fields(const struct mentiond_filing *filing)
{
        struct json_object *fields = json_object_new_array();

        otrs_add_field(fields, "SocialThread", filing->thread_key);
        otrs_add_field(fields, "SocialUrl", filing->url);
        otrs_add_field(fields, "SocialNetwork", filing->network);
        return fields;
}

/* Adds article, fields and attachments of a mention to the body of a call. */
static void add_article(struct mentiond_op *op, struct json_object *body, const struct mentiond_filing *filing,
                        struct json_object *fields, bool first)
{
        struct json_object *article = json_object_new_object(), *attachments = json_object_new_array();

        mj_put_str(article, "CommunicationChannel", "Internal");
        mj_put_str(article, "SenderType", "customer");
        mj_put_int(article, "IsVisibleForCustomer", 1);
        mj_put_str(article, "From", customer_from(op, filing));
        mj_put_str(article, "Subject", mentiond_line(op, filing->title, OTRS_TITLE_MAX));
        mj_put_str(article, "Body", mentiond_some(filing->text));
        mj_put_str(article, "ContentType", "text/plain; charset=utf-8");
        /* Agents are told as they have chosen, which hangs on the type; customers are not: "auto remove" is the
         * one response that no event sends. */
        mj_put_str(article, "HistoryType", first ? "WebRequestCustomer" : "FollowUp");
        mj_put_str(article, "HistoryComment", filing->key);
        mj_put_str(article, "AutoResponseType", "auto remove");
        mj_put_int(article, "NoAgentNotify", 0);    /* 1 is the default where an owner is given */
        json_object_object_add(body, "Article", article);

        otrs_add_field(fields, "SocialPost", filing->key);
        json_object_object_add(body, "DynamicField", fields);

        for (uint32_t i = 0; i < filing->n_attachments; i++) {
                const struct mentiond_attachment *from = &filing->attachments[i];
                struct json_object *attachment;

                if (from->size == 0)    /* refused, and the whole call with it */
                        continue;
                attachment = json_object_new_object();
                mj_put_str(attachment, "Filename", *from->name ? from->name : "attachment");
                mj_put_str(attachment, "ContentType", *from->type ? from->type : "application/octet-stream");
                mj_put_str(attachment, "Content", mentiond_base64_encode(op, from->data, from->size));
                json_object_array_add(attachments, attachment);
        }
        if (mj_len(attachments) > 0)
                json_object_object_add(body, "Attachment", attachments);
        else
                json_object_put(attachments);
}

struct json_object *otrs_create_body(struct mentiond_op *op, struct otrs *otrs,
                                     const struct mentiond_filing *filing)
{
        struct json_object *body = mentiond_json_object(op), *ticket = json_object_new_object();

        mj_put_str(ticket, "Title", mentiond_line(op, filing->title, OTRS_TITLE_MAX));
        mj_put_str(ticket, "Queue", *filing->queue ? filing->queue : otrs->queue);
        mj_put_str(ticket, "State", otrs->state);
        mj_put_str(ticket, "Priority", otrs->priority);
        mj_put_str(ticket, "CustomerUser", filing->customer);
        /* As for a ticket that came by mail: an owner gets mail about each note, and would be our user. */
        mj_put_int(ticket, "OwnerID", 1);
        mj_put_str(ticket, "Lock", "unlock");
        json_object_object_add(body, "Ticket", ticket);
        add_article(op, body, filing, thread_fields(filing), true);
        return body;
}

/* A call that makes an article; its answer names ticket and article. */
static int write_article(struct mentiond_op *op, struct otrs *otrs, const char *operation,
                         struct json_object *body, struct mentiond_filed *ret)
{
        struct json_object *reply;
        int r = otrs_call(op, otrs, operation, OTRS_WRITES, body, &reply);

        if (r != MENTIOND_OK)
                return r;
        if (mj_int(reply, "TicketID", 0) <= 0 || mj_int(reply, "ArticleID", 0) <= 0)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "the helpdesk answered %s without an article", operation);
        otrs_ticket_tell(op, otrs, reply, ret);
        return MENTIOND_OK;
}

/* Makes an article in a ticket that was there.  That may have been merged since anyone looked: a merge takes along what is
 * there by then, and nobody looks into what is left behind. */
static int write_into(struct mentiond_op *op, struct otrs *otrs, struct json_object *body, struct mentiond_filed *ret)
{
        static const struct otrs_articles newest = { .all = true, .limit = OTRS_ARTICLES };
        struct json_object *tickets, *articles;
        bool merged = false;
        int r = write_article(op, otrs, "TicketUpdate", body, ret);

        if (r != MENTIOND_OK)
                return r;
        r = otrs_ticket_get(op, otrs, ret->ticket, NULL, &tickets);
        if (r == MENTIOND_OK)
                merged = mj_is(mj_at(tickets, 0), "StateType", "merged");
        if (merged)
                r = otrs_ticket_get(op, otrs, ret->ticket, &newest, &tickets);
        if (r != MENTIOND_OK)
                return mentiond_fail(op, MENTIOND_AMBIGUOUS,
                                     "the article was made, but the helpdesk could not be asked whether its "
                                     "ticket was merged meanwhile");
        articles = merged ? mj_get(mj_at(tickets, 0), "Article") : NULL;
        for (size_t i = 0; i < mj_len(articles); i++)
                if (mj_is(mj_at(articles, i), "ArticleID", ret->article))
                        return mentiond_fail(op, MENTIOND_AMBIGUOUS, "ticket %s was merged before the article was written",
                                             ret->number);
        return MENTIOND_OK;
}

/* What is refused is not of the mention, but of the options, or of what the helpdesk has of fields. */
static bool is_of_administrators(const char *reason)
{
        static const char *const named[] = { "Ticket->Queue", "Ticket->State", "Ticket->Priority", "DynamicField->Name" };
        bool found = false;

        for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
                found |= strstr(reason, named[i]) != NULL;
        return found;
}

int otrs_file(struct mentiond_op *op, void *state, const struct mentiond_filing *filing,
              struct mentiond_filed *ret)
{
        struct otrs *otrs = state;
        const char *queue = *filing->queue ? filing->queue : otrs->queue;
        int r = write_article(op, otrs, "TicketCreate", otrs_create_body(op, otrs, filing), ret);

        if (r == MENTIOND_GONE)  /* of a queue, not of a ticket */
                return mentiond_fail(op, MENTIOND_BLOCKED,
                                     "the user %s may not make tickets in the queue %s: give it rw in the queue's group",
                                     otrs->user, queue);
        if (r == MENTIOND_REJECTED && is_of_administrators(mentiond_reason(op)))
                return mentiond_fail(op, MENTIOND_BLOCKED, "no ticket can be made in the queue %s: %s", queue,
                                     mentiond_reason(op));
        return r;
}

int otrs_append(struct mentiond_op *op, void *state, const struct mentiond_filing *filing,
                struct mentiond_filed *ret)
{
        struct otrs *otrs = state;
        struct json_object *body = mentiond_json_object(op), *ticket;
        const char *type;
        int64_t closed_usec;
        bool first;
        int r;

        r = otrs_ticket_open(op, otrs, filing->ticket, &(struct otrs_articles) { .all = true, .limit = 1 },
                             &ticket);
        if (r != MENTIOND_OK)
                return r;
        closed_usec = otrs_closed_usec(op, ticket);
        if (closed_usec && closed_usec < filing->reopen_since_usec) {
                otrs_ticket_tell(op, otrs, ticket, ret);
                return mentiond_fail(op, MENTIOND_GONE, "ticket %s was closed too long ago to be opened again", ret->number);
        }
        /* Without an article it is what a creation that died has left: the rest of it is done now. */
        first = !otrs_has_article(ticket) &&
                strcmp(otrs_field(ticket, "SocialThread"), filing->thread_key) == 0;
        type = mj_str(ticket, "StateType");
        mj_put_str(body, "TicketID", mj_str(ticket, "TicketID"));
        /* As for a follow-up that came by mail, also a pending ticket wakes up: it might be closed unread. */
        if (strcmp(type, "new") != 0 && strcmp(type, "open") != 0) {
                struct json_object *change = json_object_new_object();

                mj_put_str(change, "State", otrs->reopen_state);
                json_object_object_add(body, "Ticket", change);
        }
        add_article(op, body, filing, first ? thread_fields(filing) : json_object_new_array(), first);
        return write_into(op, otrs, body, ret);
}

int otrs_note(struct mentiond_op *op, void *state, const struct mentiond_note *note,
              struct mentiond_filed *ret)
{
        struct otrs *otrs = state;
        struct json_object *body = mentiond_json_object(op), *article = json_object_new_object();
        struct json_object *fields = json_object_new_array();

        mj_put_str(body, "TicketID", note->ticket);
        mj_put_str(article, "CommunicationChannel", "Internal");
        mj_put_str(article, "SenderType", "agent");
        mj_put_int(article, "IsVisibleForCustomer", 0);
        mj_put_str(article, "From", OTRS_FROM);
        mj_put_str(article, "Subject", mentiond_line(op, note->subject, OTRS_TITLE_MAX));
        mj_put_str(article, "Body", mentiond_some(note->text));
        mj_put_str(article, "ContentType", "text/plain; charset=utf-8");
        mj_put_str(article, "HistoryType", "AddNote");
        mj_put_str(article, "HistoryComment", note->key);
        mj_put_str(article, "AutoResponseType", "auto remove");
        mj_put_int(article, "NoAgentNotify", 1);
        json_object_object_add(body, "Article", article);
        otrs_add_field(fields, "SocialPost", note->key);
        json_object_object_add(body, "DynamicField", fields);
        return write_into(op, otrs, body, ret);
}
