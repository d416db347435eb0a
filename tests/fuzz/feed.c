/* SPDX-License-Identifier: MIT
 *
 * The feed plugin against any server (channel.h).
 */
#include "channel.h"

#include "host/plugin.h"

#include <mentiond/json.h>

#define FEED "https://site.example/feed/"

const struct mentiond_plugin *feed_plugin_init(void);

/* It asks for the feed, whatever stands in that. */
static bool on_request(const struct http_request *q)
{
        MUST(streq(q->url, FEED) && streq(q->method, "GET") && !q->bearer && !q->body_size);
        return false;
}

static void on_item(const struct store_item *item, struct json_object *payload)
{
        if (item->payload)
                MUST(item->kept.right.right == MENTIOND_REPLY_NEVER && *item->kept.right.reason);
        MUST(!strncasecmp(mj_str(payload, "url"), "http", 4) || !*mj_str(payload, "url"));
}

static void on_end(struct mentiond_op *op, int verdict)
{
        MUST(verdict == MENTIOND_OK || op->n_items == 0);      /* of what cannot be read whole nothing is taken */
        MUST(verdict == MENTIOND_OK || verdict == MENTIOND_RETRY || verdict == MENTIOND_THROTTLED || verdict == MENTIOND_BLOCKED
             || verdict == MENTIOND_AUTH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const settings[] = { "plugin", "feed", "url", FEED, "helpdesk", "desk", NULL };
        static const struct channel_target target = {
                .settings = settings, .operations = "sp", .reactions = "", .base = FEED, .signs = "",
                .on_request = on_request, .on_item = on_item, .on_end = on_end,
        };
        static bool registered;
        _cleanup_free_ char *wrong = NULL;
        struct plugin *p;

        if (!registered)
                MUST(plugin_register(feed_plugin_init(), &p, &wrong) == 0);
        registered = true;
        return channel_run(&target, data, size);
}
