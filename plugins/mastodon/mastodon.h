/* SPDX-License-Identifier: MIT
 *
 * Channel "mastodon", between its own files: mastodon.c (all that a channel does), mastodon_doctor.c. */
#ifndef MASTODON_H
#define MASTODON_H

#include <mentiond/channel.h>
#include <mentiond/json.h>
#include <stdbool.h>

struct mastodon {
        const char *server;
        const struct mentiond_secret *token;
        bool refuses_orphans;            /* an answer to a post that is gone */
};

/* What the server says of itself: version 2 of the API's, or 1 where that is all there is. */
int mastodon_instance(struct mentiond_op *op, struct json_object **ret);

int mastodon_doctor(struct mentiond_op *op, void *state);

#endif
