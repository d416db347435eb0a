/* SPDX-License-Identifier: MIT
 *
 * The x plugin against any server (channel.h).  m: with a picture; b: repost; h: hide; a t at the beginning: with OAuth 2.0.
 */
#include "channel.h"

#include <mentiond/json.h>

#define BASE "https://api.x.example/2/"

static void judge_post(const struct http_request *q)
{
        struct json_object *body = json_tokener_parse(q->body), *reply = mj_get(body, "reply");
        struct json_object *ids = mj_get(mj_get(body, "media"), "media_ids");
        bool picture = channel_operation == 'm';

        MUST(strchr("om", channel_operation) && streq(mj_str(body, "text"), "an answer"));
        MUST(*mj_str(reply, "in_reply_to_tweet_id"));
        MUST(mj_len(ids) == picture && (!picture || *json_object_get_string(mj_at(ids, 0))));
        for (size_t i = 0; i < mj_len(mj_get(reply, "exclude_reply_user_ids")); i++)
                MUST(!streq(json_object_get_string(mj_at(mj_get(reply, "exclude_reply_user_ids"), i)), "1"));
        (void) json_object_put(body);
}

static bool on_request(const struct http_request *q)
{
        MUST(!q->bearer && !strstr(q->url, WORLD_SECRET));
        MUST(streq(q->url, BASE "oauth2/token") || startswith(q->headers[0], "Authorization: "));
        if (streq(q->url, BASE "tweets") && streq(q->method, "POST")) {
                judge_post(q);
                return true;
        }
        MUST(q->repeatable || streq(q->method, "GET"));
        return false;
}

static struct mentiond_post part(void)
{
        static const struct mentiond_upload file = {
                .struct_size = sizeof file, .name = "a.png", .type = "image/png", .description = "a", .data = "\0", .size = 1,
        };
        struct mentiond_post p = channel_part();

        p.uploads = &file;
        p.n_uploads = channel_operation == 'm';
        return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const signs[] = {
                "plugin", "x", "api", "https://api.x.example", "consumer_key", "key", "consumer_secret", "env:FUZZ_SECRET",
                "access_token", "env:FUZZ_SECRET", "access_token_secret", "env:FUZZ_SECRET", "helpdesk", "desk",
                "hold", "0", NULL,
        };
        static const char *const renews[] = {
                "plugin", "x", "api", "https://api.x.example", "client_id", "id", "client_secret", "env:FUZZ_SECRET",
                "refresh_token", "env:FUZZ_SECRET", "ceiling", "1", "helpdesk", "desk", "hold", "0", NULL,
        };
        const struct channel_target target = {
                .settings = size && data[0] == 't' ? renews : signs, .operations = "spfomldbhr", .reactions = " bh", .base = BASE,
                .signs = "", .ids = { "300", "200", "101" }, .own = "101", .theirs = "101", .posts_max = 1,
                .on_request = on_request, .part = part,
        };

        return channel_run(&target, data, size);
}
