/* SPDX-License-Identifier: MIT
 *
 * The mastodon plugin against any server (channel.h).  m: with two files; w: for one alone; h: like; b: repost.
 */
#include "channel.h"

#include <mentiond/json.h>

static unsigned uploads;

static bool endswith(const char *text, const char *end)
{
        return strlen(text) >= strlen(end) && streq(text + strlen(text) - strlen(end), end);
}

static void judge_post(const struct http_request *q)
{
        struct json_object *body = json_tokener_parse(q->body);
        bool files = channel_operation == 'm', alone = channel_operation == 'w';

        MUST(strchr("omw", channel_operation));
        MUST(streq(mj_str(body, "visibility"), alone ? "direct" : "unlisted") && streq(mj_str(body, "in_reply_to_id"), "100"));
        MUST(streq(mj_str(body, "status"), "@ann@example an answer"));
        MUST(mj_len(mj_get(body, "media_ids")) == (files ? 2 : 0) && (!files || uploads <= 2));
        for (size_t i = 0; i < mj_len(mj_get(body, "media_ids")); i++)
                MUST(*json_object_get_string(mj_at(mj_get(body, "media_ids"), i)));
        MUST(!mj_get(body, "allowed_mentions") || (alone && mj_len(mj_get(body, "allowed_mentions")) == 2));
        (void) json_object_put(body);
}

static void judge_change(const struct http_request *q)
{
        const char o = channel_operation;

        MUST(strchr("edhb", o) && q->repeatable && streq(q->method, o == 'e' ? "PUT" : o == 'd' ? "DELETE" : "POST"));
        MUST(strstr(q->url, "/statuses/101") && endswith(q->url, o == 'h' ? "/favourite" : o == 'b' ? "/reblog" : "/101"));
}

static bool on_request(const struct http_request *q)
{
        MUST(streq(q->bearer, WORLD_SECRET) && !strstr(q->url, WORLD_SECRET));
        if (streq(q->method, "GET"))
                return false;
        if (endswith(q->url, "/statuses")) {
                judge_post(q);
                return true;
        }
        if (endswith(q->url, "/media"))
                MUST(channel_operation == 'm' && q->repeatable && startswith(q->body, "--mentiond-") && ++uploads <= 2);
        else
                judge_change(q);
        return false;
}

static struct mentiond_post part(void)
{
        static const struct mentiond_upload files[] = {
                { .struct_size = sizeof files[0], .name = "a.png", .type = "image/png", .description = "a",
                  .data = "\0", .size = 1 },
                { .struct_size = sizeof files[0], .name = "b", .type = "video/mp4", .description = "", .data = "b", .size = 1 },
        };
        struct mentiond_post p = channel_part();

        uploads = 0;
        p.text = "@ann@example an answer";
        p.uploads = files;
        p.n_uploads = channel_operation == 'm' ? 2 : 0;
        if (channel_operation == 'w') {
                p.visibility = MENTIOND_DIRECT;
                p.only = "@ann@example";
        }
        return p;
}

static void on_end(struct mentiond_op *op _unused_, int verdict)
{
        if (channel_posts && verdict == MENTIOND_OK)
                MUST(channel_confirmations == 2);        /* it was taken, and is there */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const settings[] = {
                "plugin", "mastodon", "server", "https://social.example", "token", "env:FUZZ_SECRET",
                "helpdesk", "desk", "hold", "0", NULL,
        };
        static const struct channel_target target = {
                .settings = settings, .operations = "spfomwledhbr", .reactions = "hb",
                .base = "https://social.example/api/", .signs = "[]",
                .ids = { "300", "200", "101" }, .own = "101", .theirs = "101", .posts_max = 1, .tells_own_only = true,
                .on_request = on_request, .part = part, .on_end = on_end,
        };

        return channel_run(&target, data, size);
}
