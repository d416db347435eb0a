/* SPDX-License-Identifier: MIT
 *
 * The feed plugin against any server.  The first line says which operations are called, a letter each: s(tart), p(oll); n: the
 * first poll is yet to come.  The rest are answers (http.c).
 */
#include "world.h"

#include "host/payload.h"
#include "host/plugin.h"

#include <mentiond/json.h>

#define OPERATIONS_MAX 8
#define FEED "https://site.example/feed/"

const struct mentiond_plugin *feed_plugin_init(void);

/* It asks for the feed, whatever stands in that. */
static void on_request(const struct http_request *q, const struct http_reply *r)
{
        MUST(streq(q->url, FEED) && streq(q->method, "GET") && !q->bearer && !q->body_size);
        MUST(r->fate != HTTP_REFUSED);
}

static void check_items(struct mentiond_op *op)
{
        for (size_t i = 0; i < op->n_items; i++) {
                const char *payload = strempty(op->items[i].payload);
                struct json_object *o = payload_parse(op->arena, *payload ? payload : "{}");

                MUST(o && fuzz_is_utf8(payload) && *op->items[i].native_id);
                MUST(!*payload || (op->items[i].kept.right.right == MENTIOND_REPLY_NEVER && *op->items[i].kept.right.reason));
                MUST(startswith(mj_str(o, "url"), "http") || !*mj_str(o, "url"));
        }
}

static void run(void *data)
{
        const struct mentiond_channel *c = &brand->plugin->channel;
        bool poll = *(const char *) data == 'p';
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        op_begin(&op, brand, "fuzz", POLL_DEADLINE_USEC);
        verdict = poll ? c->poll(&op, brand->plugin_state) : c->start(&op, brand->plugin_state);
        check_items(&op);
        MUST(verdict == MENTIOND_OK || op.n_items == 0);         /* of what cannot be read whole nothing is taken */
        if (poll)
                MUST(op_commit(&op, verdict == MENTIOND_OK, NULL) == 0);
        MUST(verdict == MENTIOND_OK || verdict == MENTIOND_RETRY || verdict == MENTIOND_THROTTLED || verdict == MENTIOND_BLOCKED);
        MUST(verdict == MENTIOND_OK || *op.reason);
        MUST(!fuzz_has(op.reason, "\n"));
        MUST(op_judge(&op, verdict) == verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const settings[] = { "plugin", "feed", "url", FEED, "helpdesk", "desk", NULL };
        struct input in = { (const char *) data, size };
        _cleanup_free_ char *operations = input_line(&in), *wrong = NULL;
        struct plugin *p;

        if (!world_brand)
                MUST(plugin_register(feed_plugin_init(), &p, &wrong) == 0);
        world_brand = settings;
        world_on_request = on_request;
        world_begin(&in);
        for (size_t i = 0; operations[i] && i < OPERATIONS_MAX; i++)
                if (operations[i] == 'n')
                        brand->stored.polled = false;
                else if (strchr("sp", operations[i]))
                        world_run(run, &operations[i]);
        world_end();
        return 0;
}
