/* SPDX-License-Identifier: MIT
 *
 * What the helpdesk would say, without anything being done: a request that is right but for one part, which is looked at after
 * all others and before anything is stored.  Used by the start and the doctor; owns nothing. */
#include "otrs.h"

static const char *const fields[] = { "SocialThread", "SocialUrl", "SocialNetwork", "SocialPost" };

const char *otrs_field_name(size_t n)
{
        return n < sizeof(fields) / sizeof(fields[0]) ? fields[n] : NULL;
}

/* Without a queue of its own the helpdesk cannot be asked to check a ticket.  But an unknown search key is
 * ignored, and brings back every ticket. */
int otrs_check_field(struct mentiond_op *op, struct otrs *otrs)
{
        struct json_object *query = mentiond_json_object(op), *equals = json_object_new_object(), *ids;
        int r;

        mj_put_str(equals, "Equals", "mentiond:no-such-thread");
        json_object_object_add(query, "DynamicField_SocialThread", equals);
        mj_put_int(query, "Limit", 1);
        r = otrs_search(op, otrs, query, &ids);
        if (r != MENTIOND_OK || mj_len(ids) == 0)
                return r;
        return mentiond_fail(op, MENTIOND_RETRY,
                             "the dynamic field SocialThread is missing: import it with otrs-import");
}

static struct json_object *only(const char *field)
{
        struct json_object *list = json_object_new_array();

        otrs_add_field(list, field, "mentiond:check");
        return list;
}

/* Asks for a ticket that differs from a real one in an attachment without content.  The helpdesk checks queue, state, priority,
 * right to create and dynamic fields, in this order, before it looks at attachments, and makes nothing before it has looked at
 * all: a complaint about the attachment means that the rest is right. */
int otrs_try_create(struct mentiond_op *op, struct otrs *otrs, const char *queue, const char *state, const char *field,
                    const char **ret)
{
        const struct mentiond_filing filing = {
                .struct_size = sizeof(filing), .key = "mentiond:check", .thread_key = "mentiond:check", .ticket = "",
                .queue = queue, .title = "mentiond: check", .text = "mentiond: check", .customer = "mentiond:check",
                .author = "mentiond", .network = "mentiond", .url = "https://example.com/",
        };
        struct json_object *body = otrs_create_body(op, otrs, &filing);
        struct json_object *attachments = json_object_new_array(), *attachment = json_object_new_object(), *reply;
        const char *message;
        int r;

        if (state)
                mj_put_str(mj_get(body, "Ticket"), "State", state);
        if (field)
                json_object_object_add(body, "DynamicField", only(field));
        mj_put_str(attachment, "Filename", "check");
        json_object_array_add(attachments, attachment);
        json_object_object_add(body, "Attachment", attachments);
        r = otrs_call(op, otrs, "TicketCreate", OTRS_PROBES, body, &reply);
        if (r != MENTIOND_OK)
                return r;
        if (!mj_get(reply, "Error"))
                return mentiond_fail(op, MENTIOND_BUG, "a ticket was made that should not have been: number %s",
                                     mj_str(reply, "TicketNumber"));
        message = mj_str(mj_get(reply, "Error"), "ErrorMessage");
        *ret = strstr(message, "Attachment") ? "" : *message ? message : "the helpdesk does not say why";
        return MENTIOND_OK;
}

/* The right to the ticket comes first, then the state, and then a priority that nobody has. */
int otrs_try_update(struct mentiond_op *op, struct otrs *otrs, const char *ticket, const char *state, const char **ret)
{
        struct json_object *body = mentiond_json_object(op), *change = json_object_new_object(), *reply;
        const char *message;
        int r;

        mj_put_str(body, "TicketID", ticket);
        mj_put_str(change, "State", state);
        mj_put_str(change, "Priority", "mentiond: check");
        json_object_object_add(body, "Ticket", change);
        r = otrs_call(op, otrs, "TicketUpdate", OTRS_PROBES, body, &reply);
        if (r != MENTIOND_OK)
                return r;
        if (!mj_get(reply, "Error"))
                return mentiond_fail(op, MENTIOND_BUG, "ticket %s was changed, which should not have been", ticket);
        message = mj_str(mj_get(reply, "Error"), "ErrorMessage");
        *ret = strstr(message, "Priority") ? "" : *message ? message : "the helpdesk does not say why";
        return MENTIOND_OK;
}
