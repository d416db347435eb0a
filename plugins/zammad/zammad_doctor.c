/* SPDX-License-Identifier: MIT
 *
 * What mentiond needs in Zammad, looked at live and without effect.  Callback of the plugin; owns nothing. */
#include "zammad.h"

/* Types of states, by Zammad's own numbering. */
#define PENDING_REMINDER 3
#define PENDING_ACTION 4

static const char *const rights[] = { "read", "create", "change" };

/* *ret are the groups in which the user has rights of his own; NULL if the others cannot be looked at. */
static int look_at_token(struct mentiond_op *op, struct json_object **ret)
{
        struct zammad_answer answer;
        int r = zammad_call(op, "GET", "/api/v1/users/me?expand=true", NULL, ZAMMAD_READS, &answer);

        *ret = NULL;
        if (r == MENTIOND_AUTH) {
                mentiond_report(op, MENTIOND_WRONG, "token",
                                "%s: make one with the permission ticket.agent (mentiond-zammad(5)), then mentionctl resume",
                                mentiond_reason(op));
                mentiond_report(op, MENTIOND_UNCLEAR, "rights", "not before Zammad takes the token");
                return MENTIOND_OK;
        }
        if (r != MENTIOND_OK)
                return r;
        if (mj_int(answer.json, "id", 0) <= 0)
                return mentiond_fail(op, MENTIOND_RETRY, "the answer is not Zammad's: does the option url name it?");
        mentiond_report(op, MENTIOND_FINE, "token", "it is %s's", mj_str(answer.json, "login"));
        *ret = mj_get(answer.json, "groups");
        if (!*ret)
                *ret = mentiond_json_object(op);
        return MENTIOND_OK;
}

static int look_at_attribute(struct mentiond_op *op, struct zammad *z)
{
        int r = zammad_check_attribute(op, z);

        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, "ticket attribute", "tickets can be searched by %s", z->attribute);
        else if (r == MENTIOND_RETRY)
                mentiond_report(op, MENTIOND_WRONG, "ticket attribute", "%s; mentionctl provision makes it", mentiond_reason(op));
        else
                return r;
        return MENTIOND_OK;
}

static struct json_object *among(struct json_object *all, const char *name)
{
        struct json_object *one;

        MJ_EACH(one, all)
                if (mj_is(one, "name", name) && (!mj_get(one, "active") || mj_true(one, "active")))
                        return one;
        return NULL;
}

/* Zammad refuses one without a time until when, and mentiond knows none. */
static bool is_pending(struct json_object *state)
{
        int64_t type = mj_int(state, "state_type_id", 0);

        return type == PENDING_REMINDER || type == PENDING_ACTION;
}

static int look_at_names(struct mentiond_op *op, struct zammad *z)
{
        const struct {
                const char *option, *value, *path, *what;
        } names[] = {
                { "state", z->state, "/api/v1/ticket_states", "state" },
                { "reopen_state", z->reopen_state, "/api/v1/ticket_states", "state" },
                { "close_state", z->close_state, "/api/v1/ticket_states", "state" },
                { "priority", z->priority, "/api/v1/ticket_priorities", "priority" },
        };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                struct zammad_answer answer;
                struct json_object *one;
                int r;

                if (!*names[i].value)
                        continue;
                r = zammad_call(op, "GET", names[i].path, NULL, ZAMMAD_READS, &answer);
                if (r != MENTIOND_OK)
                        return r;
                one = among(answer.json, names[i].value);
                if (one && names[i].value == z->close_state && mj_int(one, "state_type_id", 0) != ZAMMAD_STATE_CLOSED)
                        mentiond_report(op, MENTIOND_WRONG, names[i].option,
                                        "tickets in the state \"%s\" are not closed for Zammad: mend the option", names[i].value);
                else if (!one)
                        mentiond_report(op, MENTIOND_WRONG, names[i].option,
                                        "\"%s\" is no %s of Zammad, or not active: mend the option", names[i].value,
                                        names[i].what);
                else if (is_pending(one))
                        mentiond_report(op, MENTIOND_WRONG, names[i].option,
                                        "\"%s\" is a state that waits for a time, which Zammad does not take "
                                        "without one: mend the option",
                                        names[i].value);
                else
                        mentiond_report(op, MENTIOND_FINE, names[i].option, "\"%s\"", names[i].value);
        }
        return MENTIOND_OK;
}

static int look_at_group(struct mentiond_op *op, struct zammad *z, struct json_object *groups, const char *group)
{
        struct json_object *granted = mj_get(groups, group);
        const char *what = mentiond_format(op, "rights in %s", group);
        const char *missing = "";
        int r;

        for (size_t i = 0; granted && i < sizeof(rights) / sizeof(rights[0]); i++)
                if (!mj_has(granted, rights[i]) && !mj_has(granted, "full"))
                        missing = mentiond_format(op, "%s%s%s", missing, *missing ? ", " : "", rights[i]);
        if (*missing)
                mentiond_report(op, MENTIOND_WRONG, what, "the token's user lacks %s: give it read, create and change there",
                                missing);
        else if (granted)
                mentiond_report(op, MENTIOND_FINE, what, "read, create and change");

        r = zammad_check_create(op, z, group);
        what = mentiond_format(op, "group %s", group);
        if (r == MENTIOND_OK)
                mentiond_report(op, MENTIOND_FINE, what, "tickets can be made there");
        else if (r == MENTIOND_RETRY || r == MENTIOND_BLOCKED)
                mentiond_report(op, MENTIOND_WRONG, what, "%s", mentiond_reason(op));
        else
                return r;
        return MENTIOND_OK;
}

static void look_at_emoji(struct mentiond_op *op, const struct zammad *z)
{
        if (z->narrow)
                mentiond_report(op, MENTIOND_FINE, "emoji", "its database loses them: texts are written so that nothing is lost");
        else if (z->wide)
                mentiond_report(op, MENTIOND_FINE, "emoji", "its database keeps them");
}

int zammad_doctor(struct mentiond_op *op, void *state)
{
        struct zammad *z = state;
        struct json_object *groups;
        const char *group;
        int r = look_at_token(op, &groups);

        if (!groups)
                return r;
        r = look_at_attribute(op, z);
        if (r == MENTIOND_OK)
                r = look_at_names(op, z);
        for (uint32_t n = 0; r == MENTIOND_OK && (group = mentiond_queue(op, n)); n++) {
                if (!*group)
                        group = z->group;
                if (*group)
                        r = look_at_group(op, z, groups, group);
                else
                        mentiond_report(op, MENTIOND_WRONG, "group",
                                        "a channel names no queue: set the option queue there, or group here");
        }
        look_at_emoji(op, z);
        return r;
}
