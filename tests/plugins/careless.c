/* SPDX-License-Identifier: MIT
 * careless: a channel whose options are what none should be, for tests of mentiond-check. */
#include <mentiond/channel.h>

struct careless {
        const char *a, *b, *c, *d;
};

static const struct mentiond_option options[] = {
        MENTIOND_OPTION(struct careless, a, "password", MENTIOND_STRING, .help = "In the clear"),
        MENTIOND_OPTION(struct careless, b, "proxy", MENTIOND_STRING, .help = "There is one already"),
        MENTIOND_OPTION(struct careless, c, "twice", MENTIOND_STRING),
        MENTIOND_OPTION(struct careless, d, "twice", MENTIOND_STRING,
                        .flags = MENTIOND_BASE_URL | MENTIOND_BEARER | MENTIOND_REQUIRED, .default_value = "",
                        .help = "Everything at once"),
        { .name = NULL },
};

static int start(struct mentiond_op *op, void *state)
{
        (void) state;
        return mentiond_fail(op, MENTIOND_RETRY, "not today");
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *p, struct mentiond_posted *ret)
{
        (void) p;
        (void) ret;
        return start(op, state);
}

static const struct mentiond_channel careless = {
        .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .name = "careless", .version = "1",
                  .summary = "Has bad options", .state_size = sizeof(struct careless), .options = options },
        .start = start, .poll = start, .post = post,
};

MENTIOND_CHANNEL_PLUGIN(careless)
