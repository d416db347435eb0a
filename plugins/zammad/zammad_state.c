/* SPDX-License-Identifier: MIT
 *
 * States of tickets: administrators name them, and make others; whether tickets in one are closed is its type.  Mostly the
 * options tell enough.  Where they do not, all states are asked for, which may then be a few minutes old. Used by zammad_poll.c
 * and zammad_review.c, and has a callback of the plugin; owns the states in struct zammad. */
#include "zammad.h"

#include <stdio.h>

static const int64_t fresh_usec = 600 * INT64_C(1000000);

static void load(struct mentiond_op *op, struct zammad *z)
{
        struct zammad_answer answer;
        struct json_object *state;
        int64_t now = mentiond_steady_usec(op);

        if (z->states_steady_usec && now - z->states_steady_usec < fresh_usec)
                return;
        if (zammad_call(op, "GET", "/api/v1/ticket_states", NULL, ZAMMAD_PEEKS, &answer) != MENTIOND_OK)
                return;
        z->n_states = 0;
        MJ_EACH(state, answer.json) {
                struct zammad_state *s = &z->states[z->n_states];

                if (z->n_states == ZAMMAD_STATES)
                        break;
                z->n_states++;
                s->id = mj_int(state, "id", 0);
                s->type = mj_int(state, "state_type_id", 0);
                (void) snprintf(s->name, sizeof(s->name), "%s", mj_str(state, "name"));
        }
        z->states_steady_usec = now;
}

static int64_t type_of(const struct zammad *z, const char *name, int64_t id)
{
        for (size_t i = 0; i < z->n_states; i++)
                if (*name ? strcmp(z->states[i].name, name) == 0 : z->states[i].id == id)
                        return z->states[i].type;
        return 0;
}

bool zammad_is_closed(struct mentiond_op *op, struct zammad *z, struct json_object *ticket)
{
        const char *name = mj_str(ticket, "state");
        int64_t id = mj_int(ticket, "state_id", 0), type;

        if (*name && strcmp(name, z->close_state) == 0)
                return true;
        if (*name && (!zammad_is_asleep(z, ticket) || zammad_is_merged(ticket)))
                return false;
        type = type_of(z, name, id);
        if (type == 0) {
                load(op, z);
                type = type_of(z, name, id);
        }
        return type == ZAMMAD_STATE_CLOSED || type == ZAMMAD_STATE_REMOVED;
}

int zammad_close(struct mentiond_op *op, void *state, const char *ticket)
{
        struct zammad *z = state;
        struct json_object *open;
        struct zammad_answer answer;
        const char *path;
        int r = zammad_ticket_open(op, z, ticket, &open);

        if (r != MENTIOND_OK || zammad_is_closed(op, z, open))
                return r;
        path = mentiond_format(op, "/api/v1/tickets/%s?expand=true", mentiond_escape(op, mj_str(open, "id")));
        /* may be done twice */
        r = zammad_call(op, "PUT", path, mentiond_json(op, "{'state': %s}", z->close_state), ZAMMAD_READS, &answer);
        switch (answer.refusal) {
        case ZAMMAD_MISSING:
                return mentiond_fail(op, MENTIOND_GONE, "ticket %s was deleted", ticket);
        case ZAMMAD_FORBIDDEN:
                return mentiond_fail(op, MENTIOND_REJECTED, "%s may not change tickets in the group %s", z->user_name,
                                     mj_str(open, "group"));
        case ZAMMAD_OPAQUE:
                return mentiond_fail(op, MENTIOND_REJECTED,
                                     "ticket %s cannot be changed, often because a field was made mandatory: %s",
                                     mj_str(open, "number"), answer.words);
        default:
                return r;
        }
}
