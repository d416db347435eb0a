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
        struct json_object *query = mentiond_json(op, "{'DynamicField_SocialThread': {'Equals': 'mentiond:no-such-thread'}, "
                                                  "'Limit': 1}"), *ids;
        int r = otrs_search(op, otrs, query, &ids);

        if (r != MENTIOND_OK || mj_len(ids) == 0)
                return r;
        return mentiond_fail(op, MENTIOND_RETRY,
                             "the dynamic field SocialThread is missing: import it with otrs-import");
}

/* What the helpdesk has against a request, but for the part that is wrong on purpose. */
static const char *complaint(struct json_object *reply, const char *wrong)
{
        const char *message = mj_str(mj_get(reply, "Error"), "ErrorMessage");

        return strstr(message, wrong) ? "" : *message ? message : "the helpdesk does not say why";
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
        struct json_object *body = otrs_create_body(op, otrs, &filing), *only, *reply;
        int r;

        if (state)
                mj_put_str(mj_get(body, "Ticket"), "State", state);
        only = mentiond_json(op, "[{'Name': %s, 'Value': 'mentiond:check'}]", field);
        if (field)
                MJ_PUT(body, "DynamicField", json_object_get(only));
        MJ_PUT(body, "Attachment", json_object_get(mentiond_json(op, "[{'Filename': 'check'}]")));
        r = otrs_call(op, otrs, "TicketCreate", OTRS_PROBES, body, &reply);
        if (r != MENTIOND_OK)
                return r;
        if (!mj_get(reply, "Error"))
                return mentiond_fail(op, MENTIOND_BUG, "a ticket was made that should not have been: number %s",
                                     mj_str(reply, "TicketNumber"));
        *ret = complaint(reply, "Attachment");
        return MENTIOND_OK;
}

/* The right to the ticket comes first, then the state, and then a priority that nobody has. */
int otrs_try_update(struct mentiond_op *op, struct otrs *otrs, const char *ticket, const char *state, const char **ret)
{
        struct json_object *body = mentiond_json(op, "{'TicketID': %s, 'Ticket': {'State': %s, 'Priority': 'mentiond: check'}}",
                                                 ticket, state), *reply;
        int r = otrs_call(op, otrs, "TicketUpdate", OTRS_PROBES, body, &reply);
        if (r != MENTIOND_OK)
                return r;
        if (!mj_get(reply, "Error"))
                return mentiond_fail(op, MENTIOND_BUG, "ticket %s was changed, which should not have been", ticket);
        *ret = complaint(reply, "Priority");
        return MENTIOND_OK;
}
