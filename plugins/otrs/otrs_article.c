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

/* begins: it is the first of its ticket, which gets its own fields with it. */
static struct json_object *fields_of(struct mentiond_op *op, const struct mentiond_filing *filing, bool begins)
{
        if (!begins)
                return mentiond_json(op, "[{'Name': 'SocialPost', 'Value': %s}]", filing->key);
        return mentiond_json(op, "[{'Name': 'SocialThread', 'Value': %s}, {'Name': 'SocialUrl', 'Value': %s}, "
                             "{'Name': 'SocialNetwork', 'Value': %s}, {'Name': 'SocialPost', 'Value': %s}]",
                             filing->thread_key, filing->url, filing->network, filing->key);
}

/* Agents are told as they have chosen, which hangs on the history type; customers are not: "auto remove" is the one response that
 * no event sends.  NoAgentNotify is 1 by default where an owner is given. */
static struct json_object *article_of(struct mentiond_op *op, const struct mentiond_filing *filing, const char *title,
                                      bool begins)
{
        return mentiond_json(op, "{'CommunicationChannel': 'Internal', 'SenderType': 'customer', 'IsVisibleForCustomer': 1, "
                             "'From': %s, 'Subject': %s, 'Body': %s, 'ContentType': 'text/plain; charset=utf-8', "
                             "'HistoryType': %s, 'HistoryComment': %s, 'AutoResponseType': 'auto remove', 'NoAgentNotify': 0}",
                             customer_from(op, filing), title, mentiond_some(filing->text),
                             begins ? "WebRequestCustomer" : "FollowUp", filing->key);
}

/* NULL if there are none. */
static struct json_object *attachments_of(struct mentiond_op *op, const struct mentiond_filing *filing)
{
        struct json_object *list = NULL;

        for (uint32_t i = 0; i < filing->n_attachments; i++) {
                const struct mentiond_attachment *from = &filing->attachments[i];

                struct json_object *attachment;

                if (from->size == 0)    /* refused, and the whole call with it */
                        continue;
                attachment = mentiond_json(op, "{'Filename': %s, 'ContentType': %s, 'Content': %s}",
                                           *from->name ? from->name : "attachment",
                                           *from->type ? from->type : "application/octet-stream",
                                           mentiond_base64_encode(op, from->data, from->size));
                list = list ? list : mentiond_json(op, "[]");
                mj_add(list, attachment);
        }
        return list;
}

/* As for a ticket that came by mail: an owner gets mail about each note, and would be our user. */
struct json_object *otrs_create_body(struct mentiond_op *op, struct otrs *otrs,
                                     const struct mentiond_filing *filing)
{
        const char *title = mentiond_line(op, filing->title, OTRS_TITLE_MAX);

        return mentiond_json(op, "{'Ticket': {'Title': %s, 'Queue': %s, 'State': %s, 'Priority': %s, 'CustomerUser': %s, "
                             "'OwnerID': 1, 'Lock': 'unlock'}, 'Article': %p, 'DynamicField': %p, 'Attachment': %p}",
                             title, *filing->queue ? filing->queue : otrs->queue, otrs->state, otrs->priority,
                             filing->customer, article_of(op, filing, title, true), fields_of(op, filing, true),
                             attachments_of(op, filing));
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
        struct json_object *tickets;
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
        if (merged && mj_find(mj_get(mj_at(tickets, 0), "Article"), "ArticleID", ret->article))
                return mentiond_fail(op, MENTIOND_AMBIGUOUS, "ticket %s was merged before the article was written", ret->number);
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
        struct json_object *ticket, *change = NULL, *body;
        int64_t closed_usec;
        bool begins;
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
        begins = !otrs_has_article(ticket) && strcmp(otrs_field(ticket, "SocialThread"), filing->thread_key) == 0;
        /* As for a follow-up that came by mail, also a pending ticket wakes up: it might be closed unread. */
        if (!mj_is(ticket, "StateType", "new") && !mj_is(ticket, "StateType", "open"))
                change = mentiond_json(op, "{'State': %s}", otrs->reopen_state);
        body = mentiond_json(op, "{'TicketID': %s, 'Ticket': %p, 'Article': %p, 'DynamicField': %p, 'Attachment': %p}",
                             mj_str(ticket, "TicketID"), change,
                             article_of(op, filing, mentiond_line(op, filing->title, OTRS_TITLE_MAX), begins),
                             fields_of(op, filing, begins), attachments_of(op, filing));
        return write_into(op, otrs, body, ret);
}

int otrs_note(struct mentiond_op *op, void *state, const struct mentiond_note *note,
              struct mentiond_filed *ret)
{
        struct json_object *body = mentiond_json(op,
                "{'TicketID': %s, 'Article': {'CommunicationChannel': 'Internal', 'SenderType': 'agent', "
                "'IsVisibleForCustomer': 0, 'From': '" OTRS_FROM "', 'Subject': %s, 'Body': %s, "
                "'ContentType': 'text/plain; charset=utf-8', 'HistoryType': 'AddNote', 'HistoryComment': %s, "
                "'AutoResponseType': 'auto remove', 'NoAgentNotify': 1}, 'DynamicField': [{'Name': 'SocialPost', 'Value': %s}]}",
                note->ticket, mentiond_line(op, note->subject, OTRS_TITLE_MAX), mentiond_some(note->text), note->key, note->key);

        return write_into(op, state, body, ret);
}
