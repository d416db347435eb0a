/* SPDX-License-Identifier: MIT
 *
 * The facebook plugin against any server (channel.h).  w: for one alone below a comment; m: the same in a conversation; h: like;
 * i: hide.
 */
#include "channel.h"

#define BASE "https://graph.example/v25.0/"

static bool on_request(const struct http_request *q)
{
        bool says = strchr("owm", channel_operation);

        MUST(streq(q->bearer, WORLD_SECRET) && !strstr(q->url, WORLD_SECRET));
        MUST(strstr(q->body_size ? q->body : q->url, q->body_size ? "\"appsecret_proof\":\"" : "appsecret_proof="));
        if (streq(q->method, "GET"))
                return false;
        MUST(strchr("owmedhi", channel_operation) && streq(q->method, channel_operation == 'd' ? "DELETE" : "POST"));
        MUST(says || q->repeatable);
        MUST(!!strstr(q->url, "/1/messages") == !!strchr("wm", channel_operation));
        MUST(!!strstr(q->url, "/100/comments") == (channel_operation == 'o') && (says || strstr(q->url, BASE "101")));
        return says;
}

static struct mentiond_post part(void)
{
        struct mentiond_post p = channel_part();

        if (strchr("wmk", channel_operation)) {
                p.visibility = MENTIOND_DIRECT;
                p.only = "9";
        }
        if (channel_operation == 'm') {
                p.parent = "m_100";
                p.root = "t_1";
        }
        return p;
}

static void on_end(struct mentiond_op *op _unused_, int verdict _unused_)
{
        if (channel_operation == 's')
                strset(&brand->self_id, "1");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const settings[] = {
                "plugin", "facebook", "server", "https://graph.example", "token", "env:FUZZ_SECRET",
                "app_secret", "env:FUZZ_SECRET", "helpdesk", "desk", "hold", "0", "reviews", "true", NULL,
        };
        static const struct channel_target target = {
                .settings = settings, .operations = "spowmlkedhir", .reactions = "h i", .base = BASE, .signs = ",(){}",
                .ids = { "300", "200", "101" }, .own = "101", .theirs = "101", .posts_max = 1, .tells_own_only = true,
                .on_request = on_request, .part = part, .on_end = on_end,
        };

        return channel_run(&target, data, size);
}
