/* SPDX-License-Identifier: MIT
 *
 * Helpdesk plugin for Zammad: options, start and the plugin itself.  Manual: mentiond-zammad(5). */
#include "zammad.h"

#include <stdio.h>

#define OPTION(field, type, ...) MENTIOND_OPTION(struct zammad, field, #field, type, __VA_ARGS__)

static const struct mentiond_option options[] = {
        OPTION(url, MENTIOND_URL, .flags = MENTIOND_REQUIRED | MENTIOND_BASE_URL, .help = "Zammad, as https://desk.example.com"),
        OPTION(token, MENTIOND_SECRET, .flags = MENTIOND_REQUIRED | MENTIOND_BEARER,
               .help = "an access token with the permission ticket.agent, of a user of mentiond's own"),
        OPTION(group, MENTIOND_STRING, .help = "group of new tickets, for channels that name no queue"),
        OPTION(priority, MENTIOND_STRING, .help = "priority of new tickets; without it Zammad's own default"),
        OPTION(state, MENTIOND_STRING, .default_value = "new", .help = "state of new tickets"),
        OPTION(reopen_state, MENTIOND_STRING, .default_value = "open",
               .help = "state that a closed or pending ticket gets when its customer writes again"),
        OPTION(close_state, MENTIOND_STRING, .default_value = "closed", .help = "state of tickets that mentiond closes"),
        OPTION(tags, MENTIOND_STRING, .help = "tags of new tickets beside the network's name, parted by commas"),
        OPTION(attribute, MENTIOND_STRING, .default_value = "mentiond_thread",
               .help = "name of the ticket attribute that holds the conversation's key"),
        { .name = NULL },
};

static const char *zammad_check(const void *state)
{
        const struct zammad *z = state;

        if (strstr(z->url, "/api/"))
                return "url must not name the API, but Zammad itself, as https://desk.example.com";
        if (!*z->attribute || strspn(z->attribute, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(z->attribute))
                return "attribute is no name of a ticket attribute: letters, digits and _";
        if (!*z->state || !*z->reopen_state)
                return "state and reopen_state must be states of Zammad";
        if (!*z->close_state || strcmp(z->close_state, z->state) == 0 || strcmp(z->close_state, z->reopen_state) == 0)
                return "close_state must be a state of Zammad for closed tickets";
        return NULL;
}

/* Rights in a group, where the user has any of his own there; those that come by a role Zammad does not show. */
static int check_rights(struct mentiond_op *op, struct zammad *z, struct json_object *groups)
{
        static const char *const needed[] = { "read", "create", "change" };
        struct json_object *rights = *z->group ? mj_get(groups, z->group) : NULL;

        for (size_t i = 0; rights && i < sizeof(needed) / sizeof(needed[0]); i++)
                if (!mj_has(rights, needed[i]) && !mj_has(rights, "full"))
                        return mentiond_fail(op, MENTIOND_RETRY, "%s lacks the right \"%s\" in the group %s: give it read, "
                                             "create and change", z->user_name, needed[i], z->group);
        return MENTIOND_OK;
}

static int check_user(struct mentiond_op *op, struct zammad *z)
{
        struct zammad_answer answer;
        int r = zammad_call(op, "GET", "/api/v1/users/me?expand=true", NULL, ZAMMAD_READS, &answer);

        if (r != MENTIOND_OK)
                return answer.refusal == ZAMMAD_NONE ? r :
                       mentiond_fail(op, MENTIOND_RETRY, "does the option url name Zammad? It says: %s", answer.words);
        if (mj_int(answer.json, "id", 0) <= 0)
                return mentiond_fail(op, MENTIOND_RETRY, "the answer is not Zammad's: does the option url name it?");
        z->user = mj_int(answer.json, "id", 0);
        (void) snprintf(z->user_name, sizeof(z->user_name), "%s", mj_str(answer.json, "login"));
        return check_rights(op, z, mj_get(answer.json, "groups"));
}

int zammad_check_attribute(struct mentiond_op *op, struct zammad *z)
{
        struct json_object *tickets, *condition = zammad_condition(op, zammad_field(op, z), "is", "mentiond:no-such-thread");

        return zammad_search(op, z, condition, "created_at", 1, &tickets);
}

/* Asks for a ticket whose article has no text.  Zammad makes customer and ticket, which proves group, rights, state, priority and
 * that no other field is mandatory, and takes both back for the article. */
int zammad_check_create(struct mentiond_op *op, struct zammad *z, const char *queue)
{
        const struct mentiond_filing filing = {
                .struct_size = sizeof(filing), .key = "mentiond:check", .thread_key = "mentiond:check", .ticket = "",
                .queue = queue,
                .title = "mentiond: check", .text = "", .customer = "mentiond:check", .author = "mentiond", .network = "mentiond",
                .url = "",
        };
        struct json_object *body = zammad_ticket_body(op, z, &filing);
        struct zammad_answer answer;
        const char *group = *queue ? queue : z->group;
        int r;

        json_object_object_del(mj_get(body, "article"), "body");
        r = zammad_call(op, "POST", "/api/v1/tickets?expand=true", body, ZAMMAD_READS, &answer);
        if (answer.refusal == ZAMMAD_INVALID && strstr(answer.words, "article body"))
                return MENTIOND_OK;
        if (answer.refusal == ZAMMAD_FORBIDDEN)
                return zammad_lacks_rights(op, z, group);
        if (r == MENTIOND_OK)
                return mentiond_fail(op, MENTIOND_BUG, "a ticket was made that should not have been: number %s",
                                     mj_str(answer.json, "number"));
        if (answer.refusal)
                return mentiond_fail(op, MENTIOND_BLOCKED, "tickets cannot be made with group \"%s\", state \"%s\", "
                                     "priority \"%s\": %s%s", group, z->state, z->priority, answer.words,
                                     answer.refusal == ZAMMAD_OPAQUE ? " Often a ticket field is mandatory for agents" : "");
        return r;
}

/* What is missing is RETRY and not REJECTED: it heals by itself when the admin has added it, and items wait. */
static int zammad_start(struct mentiond_op *op, void *state)
{
        struct zammad *z = state;
        int r = check_user(op, z);

        if (r == MENTIOND_OK)
                r = zammad_check_attribute(op, z);
        if (r == MENTIOND_OK && *z->group)
                r = zammad_check_create(op, z, "");
        return r;
}

static const struct mentiond_hook hook = {
        .struct_size = sizeof(hook), .signature = MENTIOND_HMAC_SHA1_HEX, .header = "X-Hub-Signature", .prefix = "sha1=",
        .delivery = "X-Zammad-Delivery",
};

static const struct mentiond_helpdesk helpdesk = {
        .head = {
                MENTIOND_PLUGIN_HEAD(MENTIOND_HELPDESK, struct mentiond_helpdesk),
                .state_size = sizeof(struct zammad),
                .name = "zammad",
                .version = "0.1",
                .summary = "tickets in Zammad",
                .options = options,
        },
        .check = zammad_check,
        .start = zammad_start,
        .file = zammad_file,
        .append = zammad_append,
        .find = zammad_find,
        .note = zammad_note,
        .poll = zammad_poll,
        .links = zammad_links,
        .hook = &hook,
        .doctor = zammad_doctor,
        .provision = zammad_provision,
        .review = zammad_review,
        .close = zammad_close,
};

MENTIOND_HELPDESK_PLUGIN(helpdesk)
