/* SPDX-License-Identifier: MIT
 *
 * Helpdesk plugin for OTRS 6, Znuny and OTOBO: options, start and the plugin itself.
 * Manual: mentiond-otrs(5).  What the admin imports is mentiond.yml and dynamic-fields.yml beside this. */
#include "otrs.h"

#define OPTION(field, type, ...) MENTIOND_OPTION(struct otrs, field, #field, type, __VA_ARGS__)

static const struct mentiond_option options[] = {
        OPTION(url, MENTIOND_URL, .flags = MENTIOND_REQUIRED | MENTIOND_BASE_URL,
               .help = "the web service, as "
                       "https://desk.example.com/znuny/nph-genericinterface.pl/Webservice/mentiond"),
        OPTION(user, MENTIOND_STRING, .flags = MENTIOND_REQUIRED, .help = "login of the agent that mentiond works as"),
        OPTION(password, MENTIOND_SECRET, .flags = MENTIOND_REQUIRED, .help = "that agent's password"),
        OPTION(queue, MENTIOND_STRING, .help = "queue of new tickets, for channels that name none"),
        OPTION(priority, MENTIOND_STRING, .default_value = "3 normal", .help = "priority of new tickets"),
        OPTION(state, MENTIOND_STRING, .default_value = "new", .help = "state of new tickets"),
        OPTION(reopen_state, MENTIOND_STRING, .default_value = "open",
               .help = "state that a closed or pending ticket gets when its customer writes again"),
        OPTION(close_state, MENTIOND_STRING, .default_value = "closed successful",
               .help = "state of tickets that mentiond closes"),
        OPTION(ticket_url, MENTIOND_STRING, .help = "address of a ticket for agents; {id} stands for its id"),
        { .name = NULL },
};

static const char *otrs_check(const void *state)
{
        const struct otrs *otrs = state;

        if (!strstr(otrs->url, "nph-genericinterface.pl/Webservice/"))
                return "url must end in nph-genericinterface.pl/Webservice/mentiond";
        if (*otrs->ticket_url && !strstr(otrs->ticket_url, "{id}"))
                return "ticket_url holds no {id}";
        return NULL;
}

static int check_create(struct mentiond_op *op, struct otrs *otrs)
{
        const char *complaint;
        int r = otrs_try_create(op, otrs, "", NULL, NULL, &complaint);

        if (r != MENTIOND_OK || !*complaint)
                return r;
        if (strstr(complaint, "DynamicField"))
                return mentiond_fail(op, MENTIOND_RETRY,
                                     "a dynamic field is missing: import them with otrs-import (%s)", complaint);
        return mentiond_fail(op, MENTIOND_RETRY, "tickets cannot be made with queue \"%s\", state \"%s\", priority "
                             "\"%s\": %s", otrs->queue, otrs->state, otrs->priority, complaint);
}

/* What is missing is RETRY and not REJECTED: it heals by itself when the admin has imported it, and items wait. */
static int otrs_start(struct mentiond_op *op, void *state)
{
        struct otrs *otrs = state;

        return *otrs->queue ? check_create(op, otrs) : otrs_check_field(op, otrs);
}

/* The helpdesk signs nothing, but can send a header that never changes: mentiond-hook.yml. */
static const struct mentiond_hook hook = {
        .struct_size = sizeof(hook), .signature = MENTIOND_PLAIN, .header = "X-Mentiond-Secret",
};

static const struct mentiond_helpdesk helpdesk = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_HELPDESK, struct mentiond_helpdesk),
                .state_size = sizeof(struct otrs),
                .name = "otrs",
                .version = "0.1",
                .summary = "tickets in Znuny, OTRS 6 or OTOBO",
                .options = options,
        },
        .check = otrs_check,
        .start = otrs_start,
        .file = otrs_file,
        .append = otrs_append,
        .find = otrs_find,
        .note = otrs_note,
        .poll = otrs_poll,
        .links = otrs_links,
        .hook = &hook,
        .doctor = otrs_doctor,
        .provision = otrs_provision,
        .review = otrs_review,
        .close = otrs_close,
};

MENTIOND_HELPDESK_PLUGIN(helpdesk)
