/* SPDX-License-Identifier: MIT
 *
 * What mentiond needs in the helpdesk, looked at live and without effect.  It logs in anew: a session outlives its password.
 * Callback of the plugin; owns nothing. */
#include "otrs.h"

/* The operations but SessionCreate, which a login shows, asked for nothing: what is there refuses that. */
static int look_at_operations(struct mentiond_op *op, struct otrs *otrs)
{
        static const char *const operations[] = {
                "TicketCreate", "TicketUpdate", "TicketGet", "TicketSearch", "TicketHistoryGet",
        };
        int missing = 0;

        for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
                struct json_object *reply;
                int r = otrs_call(op, otrs, operations[i], OTRS_PROBES, mentiond_json_object(op), &reply);

                if (r == MENTIOND_OK)
                        continue;
                if (i == 0)      /* nothing answers, or the login is refused */
                        return r;
                mentiond_report(op, MENTIOND_WRONG, mentiond_format(op, "operation %s", operations[i]), "%s",
                                mentiond_reason(op));
                missing = 1;
        }
        mentiond_report(op, MENTIOND_FINE, "login", "the helpdesk takes the user %s and the password", otrs->user);
        if (!missing)
                mentiond_report(op, MENTIOND_FINE, "web service", "it has all operations");
        return MENTIOND_OK;
}

static int look_at_fields(struct mentiond_op *op, struct otrs *otrs, const char *queue)
{
        const char *name, *complaint;

        for (size_t i = 0; (name = otrs_field_name(i)); i++) {
                const char *what = mentiond_format(op, "dynamic field %s", name);
                int r = otrs_try_create(op, otrs, queue, NULL, name, &complaint);

                if (r != MENTIOND_OK)
                        return r;
                if (*complaint)
                        mentiond_report(op, MENTIOND_WRONG, what, "it is missing or invalid: import it with otrs-import (%s)",
                                        complaint);
                else
                        mentiond_report(op, MENTIOND_FINE, what, "it is there");
        }
        return MENTIOND_OK;
}

/* Times are read only where they come with a zone; but it is what people ask first when times look wrong. */
static int look_at_zone(struct mentiond_op *op, struct otrs *otrs, const char *ticket)
{
        struct otrs_articles newest = { .all = true, .limit = 1 };
        struct json_object *tickets, *article;
        int64_t seconds, local;
        int r;

        r = otrs_ticket_get(op, otrs, ticket, &newest, &tickets);
        if (r != MENTIOND_OK)
                return r;
        article = mj_at(mj_get(mj_at(tickets, 0), "Article"), 0);
        seconds = mj_int(article, "IncomingTime", 0);
        local = mentiond_parse_time(mj_str(article, "CreateTime")) / 1000000;
        if (seconds > 0 && local > 0) {
                long long minutes = (local - seconds + (local < seconds ? -450 : 450)) / 900 * 15;

                mentiond_report(op, MENTIOND_FINE, "time zone",
                                "the helpdesk's is UTC%c%02lld:%02lld, and nothing here depends on it", minutes < 0 ? '-' : '+',
                                llabs(minutes) / 60, llabs(minutes) % 60);
        }
        return MENTIOND_OK;
}

/* With a ticket there that the user sees.  The newest of the queue is as good as one of ours. */
static int look_at_tickets(struct mentiond_op *op, struct otrs *otrs, const char *queue)
{
        struct json_object *ids;
        const char *what = mentiond_format(op, "right rw in %s", queue), *complaint, *ticket;
        const struct {
                const char *option, *value;
        } states[] = { { "reopen_state", otrs->reopen_state }, { "close_state", otrs->close_state } };
        int r = otrs_search(op, otrs, mentiond_json(op, "{'Queues': [%s], 'Limit': 1}", queue), &ids);

        if (r != MENTIOND_OK)
                return r;
        if (mj_len(ids) == 0) {
                mentiond_report(op, MENTIOND_UNCLEAR, what,
                                "%s sees no ticket there: see that it has rw in the queue's group, and ask again when "
                                "there is a ticket",
                                otrs->user);
                return MENTIOND_OK;
        }
        ticket = mentiond_format(op, "%s", json_object_get_string(mj_at(ids, 0)));
        for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
                r = otrs_try_update(op, otrs, ticket, states[i].value, &complaint);
                if (r != MENTIOND_OK)
                        return r;
                if (*complaint && !strstr(complaint, "State")) {
                        mentiond_report(op, MENTIOND_WRONG, what,
                                        "%s may not add to tickets there: give it rw in the queue's group (%s)", otrs->user,
                                        complaint);
                        break;
                }
                if (i == 0)
                        mentiond_report(op, MENTIOND_FINE, what, "granted");
                if (*complaint)
                        mentiond_report(op, MENTIOND_WRONG, states[i].option,
                                        "\"%s\" is no state of the helpdesk: mend the option", states[i].value);
                else
                        mentiond_report(op, MENTIOND_FINE, states[i].option, "\"%s\"", states[i].value);
        }
        return look_at_zone(op, otrs, ticket);
}

/* The helpdesk names the first thing that is wrong. */
static void tell_complaint(struct mentiond_op *op, const struct otrs *otrs, const char *queue, const char *complaint)
{
        const char *what = mentiond_format(op, "queue %s", queue);

        if (strstr(complaint, "Can not create"))
                mentiond_report(op, MENTIOND_WRONG, what, "%s may not make tickets there: give it rw in the queue's group",
                                otrs->user);
        else if (strstr(complaint, "Queue"))
                mentiond_report(op, MENTIOND_WRONG, what,
                                "there is no such queue, or it is invalid: mend the option queue, or the queue");
        else if (strstr(complaint, "State"))
                mentiond_report(op, MENTIOND_WRONG, "state", "\"%s\" is no state of the helpdesk: mend the option", otrs->state);
        else if (strstr(complaint, "Priority"))
                mentiond_report(op, MENTIOND_WRONG, "priority", "\"%s\" is no priority of the helpdesk: mend the option",
                                otrs->priority);
        else
                mentiond_report(op, MENTIOND_WRONG, what, "tickets cannot be made there: %s", complaint);
}

static int look_at_queue(struct mentiond_op *op, struct otrs *otrs, const char *queue, bool *fields_seen)
{
        const char *complaint;
        int r;

        r = otrs_try_create(op, otrs, queue, NULL, NULL, &complaint);
        if (r != MENTIOND_OK)
                return r;
        if (*complaint && !strstr(complaint, "DynamicField")) {
                tell_complaint(op, otrs, queue, complaint);
                if (strstr(complaint, "Queue"))
                        return MENTIOND_OK;
        } else {
                mentiond_report(op, MENTIOND_FINE, mentiond_format(op, "queue %s", queue),
                                "tickets can be made there, with state \"%s\" and "
                                "priority \"%s\"",
                                otrs->state, otrs->priority);
                if (!*fields_seen)
                        r = look_at_fields(op, otrs, queue);
                *fields_seen = true;
        }
        return r == MENTIOND_OK ? look_at_tickets(op, otrs, queue) : r;
}

int otrs_doctor(struct mentiond_op *op, void *state)
{
        struct otrs own = *(const struct otrs *) state;
        const char *queue;
        bool fields_seen = false;
        int r;

        own.session[0] = '\0';
        own.logging_in = false;
        r = look_at_operations(op, &own);
        for (uint32_t n = 0; r == MENTIOND_OK && (queue = mentiond_queue(op, n)); n++) {
                if (!*queue)
                        queue = own.queue;
                if (*queue)
                        r = look_at_queue(op, &own, queue, &fields_seen);
                else
                        mentiond_report(op, MENTIOND_WRONG, "queue", "a channel names none: set the option queue there or here");
        }
        if (r == MENTIOND_OK && !fields_seen) {
                r = otrs_check_field(op, &own);
                if (r == MENTIOND_OK)
                        mentiond_report(op, MENTIOND_UNCLEAR, "dynamic fields",
                                        "SocialThread is there; the others are seen with a queue only");
        }
        return r;
}
