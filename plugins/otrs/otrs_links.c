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
        struct json_object *ticket;

        MJ_EACH(ticket, page) {
                int r = tell_one(op, otrs, ticket);

                if (r != MENTIOND_OK)
                        return r;
        }
        return MENTIOND_OK;
}

int otrs_links(struct mentiond_op *op, void *state)
{
        struct otrs *otrs = state;
        struct json_object *ids, *oldest_first = mentiond_json(op,
                "{'DynamicField_SocialThread': {'Like': '*'}, 'SortBy': 'Age', 'OrderBy': 'Down', 'Limit': %d}", OTRS_IDS_MAX);
        int r = otrs_search(op, otrs, oldest_first, &ids);

        if (r != MENTIOND_OK)
                return r;
        if (mj_len(ids) >= OTRS_IDS_MAX)
                mentiond_log(op, 3, "there are more than %d tickets of threads: of the others only those are found that go on",
                             OTRS_IDS_MAX);
        return otrs_tickets_walk(op, otrs, otrs_ids(op, ids, false), NULL, tell);
}
