/* SPDX-License-Identifier: MIT
 *
 * Which tickets belong to which threads, read from the tickets themselves, for a journal that has forgotten it.
 * A callback of the plugin; owns nothing. */
#include "otrs.h"

static int tell(struct mentiond_op *op, struct otrs *otrs, struct json_object *ticket)
{
        const char *key = otrs_field(ticket, "SocialThread");
        struct mentiond_filed filed = { .struct_size = sizeof(filed) };
        int r;

        if (!*key)    /* the search brings everything if it does not know the field */
                return MENTIOND_OK;
        if (strcmp(mj_str(ticket, "StateType"), "merged") == 0) {
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

static int tell_batch(struct mentiond_op *op, struct otrs *otrs, struct json_object *ids, size_t from, size_t n)
{
        const char *batch = "";
        struct json_object *tickets;
        int r;

        for (size_t i = from; i < from + n; i++)
                batch = mentiond_format(op, "%s%s%s", batch, i > from ? "," : "", json_object_get_string(mj_at(ids, i)));
        r = otrs_ticket_get(op, otrs, batch, NULL, &tickets);
        if (r == MENTIOND_GONE) {    /* one was deleted or moved away since the search; which, is not told */
                r = MENTIOND_OK;
                for (size_t i = from; n > 1 && i < from + n && r == MENTIOND_OK; i++)
                        r = tell_batch(op, otrs, ids, i, 1);
                return r;
        }
        if (r != MENTIOND_OK)
                return r;
        for (size_t i = 0; i < mj_len(tickets) && r == MENTIOND_OK; i++)
                r = tell(op, otrs, mj_at(tickets, i));
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
        for (size_t i = 0; i < mj_len(ids); i += OTRS_BATCH) {
                size_t left = mj_len(ids) - i;

                r = tell_batch(op, otrs, ids, i, left < OTRS_BATCH ? left : OTRS_BATCH);
                if (r != MENTIOND_OK)
                        return r;
        }
        return MENTIOND_OK;
}
