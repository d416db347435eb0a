/* SPDX-License-Identifier: MIT
 *
 * Which tickets belong to which threads, read from the tickets themselves, for a journal that has forgotten it.
 * A callback of the plugin; owns nothing. */
#include "zammad.h"

static int tell(struct mentiond_op *op, struct zammad *z, struct json_object *tickets, struct zammad_kept *kept)
{
        struct json_object *one;

        (void) kept;
        MJ_EACH(one, tickets) {
                struct json_object *ticket = one;
                struct mentiond_filed filed = { .struct_size = sizeof(filed) };
                const char *key = mj_str(ticket, z->attribute);
                int r = MENTIOND_OK;

                if (!*key)
                        continue;
                if (zammad_is_merged(ticket))
                        r = zammad_ticket_open(op, z, mj_str(ticket, "id"), &ticket);
                if (r == MENTIOND_GONE)
                        continue;    /* find() says so when the thread goes on */
                if (r != MENTIOND_OK)
                        return r;
                zammad_tell(op, z, ticket, &filed);
                mentiond_link(op, &(struct mentiond_link) {
                        .struct_size = sizeof(struct mentiond_link),
                        .thread_key = key,
                        .ticket = filed.ticket,
                        .number = filed.number,
                        .url = filed.url,
                });
        }
        return MENTIOND_OK;
}

int zammad_links(struct mentiond_op *op, void *state)
{
        struct zammad *z = state;
        struct zammad_walk walk = {
                .by = "created_at", .from = "1970-01-01T00:00:00.000Z", .condition = { zammad_field(op, z), "contains", ":" },
                .fn = tell,
        };

        return zammad_walk(op, z, &walk);
}
