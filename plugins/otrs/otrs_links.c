/* SPDX-License-Identifier: MIT
 *
 * Which tickets belong to which threads, read from the tickets themselves, for a journal that has forgotten it.
 * A callback of the plugin; owns nothing. */
#include "otrs.h"

static int tell_one(struct mentiond_op *op, struct otrs *otrs, struct json_object *ticket)
{
        const char *key = otrs_field(ticket, "SocialThread");
        struct mentiond_filed filed = { .struct_size = sizeof(filed) };
        int r;

        if (!*key)    /* the search brings everything if it does not know the field */
                return MENTIOND_OK;
        if (mj_is(ticket, "StateType", "merged")) {
                r = otrs_ticket_open(op, otrs, mj_str(ticket, "TicketID"), NULL, &ticket);
                if (r == MENTIOND_GONE)
                        return MENTIOND_OK;    /* find() says so when the thread goes on */
                if (r != MENTIOND_OK)
                        return r;
        }
        otrs_ticket_tell(op, otrs, ticket, &filed);
        mentiond_link(op, &(struct mentiond_link) {
                .struct_size = sizeof(struct mentiond_link),
                .thread_key = key,
                .ticket = filed.ticket,
                .number = filed.number,
                .url = filed.url,
        });
        return MENTIOND_OK;
}

static int tell(struct mentiond_op *op, struct otrs *otrs, struct json_object *page)
{
        int r = MENTIOND_OK;

        for (size_t i = 0; r == MENTIOND_OK && i < mj_len(page); i++)
                r = tell_one(op, otrs, mj_at(page, i));
        return r;
}

int otrs_links(struct mentiond_op *op, void *state)
{
        struct otrs *otrs = state;
        struct json_object *query = mentiond_json_object(op), *like = json_object_new_object(), *ids;
        int r;

        mj_put_str(like, "Like", "*");
        json_object_object_add(query, "DynamicField_SocialThread", like);
        json_object_object_add(query, "SortBy", json_object_new_string("Age"));
        json_object_object_add(query, "OrderBy", json_object_new_string("Down"));    /* the oldest first */
        mj_put_int(query, "Limit", OTRS_IDS_MAX);
        r = otrs_search(op, otrs, query, &ids);
        if (r != MENTIOND_OK)
                return r;
        if (mj_len(ids) >= OTRS_IDS_MAX)
                mentiond_log(op, 3, "there are more than %d tickets of threads: of the others only those are found that go on",
                             OTRS_IDS_MAX);
        return otrs_tickets_walk(op, otrs, otrs_ids(op, ids, false), NULL, tell);
}
