/* SPDX-License-Identifier: MIT
 *
 * The zammad plugin against any server (desk.h).
 */
#include "desk.h"

#include <mentiond/json.h>

#define BASE "https://zammad.example/api/v1/"

/* What the customer, or nobody, is to read. */
static void check_article(struct json_object *article)
{
        const char *sender = mj_str(article, "sender"), *type = mj_str(article, "type");

        if (strcmp(sender, "Customer") == 0)
                MUST(streq(type, "web") && !mj_true(article, "internal"));
        else if (strcmp(sender, "Agent") == 0)
                MUST(desk_operation == 'd' && streq(type, "web"));
        else
                MUST(streq(sender, "System") && streq(type, "note") && mj_true(article, "internal"));
        MUST(*mj_str(article, "body") && startswith(mj_str(article, "message_id"), "<"));
}

static bool on_request(const struct http_request *q)
{
        struct json_object *body = q->body ? json_tokener_parse(q->body) : NULL;
        struct json_object *article = streq(q->url, BASE "ticket_articles?expand=true") ? body : mj_get(body, "article");
        bool writes = article && *mj_str(article, "body");       /* the one at the start has none, and makes nothing */

        MUST(q->bearer && !q->body == streq(q->method, "GET") && (!q->body || body));
        MUST(!q->body || !strstr(q->body, WORLD_SECRET));
        /* A search without a condition brings all there is, with a query it is another. */
        if (strstr(q->url, "/search")) {
                MUST(json_object_object_length(mj_get(body, "condition")) > 0);
                MUST(!mj_get(body, "query") && mj_true(body, "expand"));
        }
        if (writes)
                check_article(article);
        (void) json_object_put(body);
        return writes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const settings[] = {
                "plugin", "zammad", "url", "https://zammad.example", "token", "env:FUZZ_SECRET", "group", "Social", NULL,
        };
        static const struct desk_target target = {
                .operations = "spcandltkrx", .base = BASE, .on_request = on_request,
                .writes_max = 6,         /* without files; with a customer; alone; and the text whose characters were lost */
        };

        world_desk = settings;
        return desk_run(&target, data, size);
}
