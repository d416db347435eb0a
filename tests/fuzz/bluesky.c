/* SPDX-License-Identifier: MIT
 *
 * The bluesky plugin against any server (channel.h).  m: with two files; h: like; b: repost; i: hide; x: the session is
 * forgotten.
 */
#include "channel.h"

#include <mentiond/json.h>

#define SELF "did:plc:self"
#define POST(author, n) "at://" author "/app.bsky.feed.post/3n2u" n
#define PARENT POST("did:plc:ann", "aaaaaaaaa")

static void judge_post(const struct http_request *q)
{
        struct json_object *body = json_tokener_parse(q->body), *record = mj_get(body, "record");
        struct json_object *facets = mj_get(record, "facets");
        const char *text = mj_str(record, "text");

        MUST(streq(mj_str(body, "repo"), SELF) && streq(mj_str(body, "collection"), "app.bsky.feed.post"));
        MUST(strlen(mj_str(body, "rkey")) == 13);
        MUST(json_object_object_get_ex(body, "swapRecord", NULL) && !mj_get(body, "swapRecord"));
        MUST(*mj_str(record, "createdAt"));
        MUST(streq(mj_str(mj_get(mj_get(record, "reply"), "parent"), "uri"), PARENT));
        MUST(mj_len(mj_get(mj_get(record, "embed"), "images")) == (channel_operation == 'm' ? 2 : 0));
        for (size_t i = 0; i < mj_len(facets); i++) {
                struct json_object *index = mj_get(mj_at(facets, i), "index");
                int64_t from = mj_int(index, "byteStart", -1), to = mj_int(index, "byteEnd", -1);

                MUST(from >= 0 && from < to && to <= (int64_t) strlen(text));
        }
        (void) json_object_put(body);
}

static bool on_request(const struct http_request *q)
{
        MUST(strstr(q->url, "/xrpc/") && !strstr(q->url, WORLD_SECRET));
        /* The password goes to the server that was configured, and nowhere else. */
        if (q->body && strstr(q->body, WORLD_SECRET))
                MUST(streq(q->url, "https://social.example/xrpc/com.atproto.server.createSession"));
        if (streq(q->method, "GET") || !strstr(q->url, ".putRecord") || channel_operation == 'i')
                return false;
        judge_post(q);
        return true;
}

static struct mentiond_post part(void)
{
        static const struct mentiond_upload files[] = {
                { .struct_size = sizeof files[0], .name = "a.png", .type = "image/png", .description = "a",
                  .data = "\0", .size = 1 },
                { .struct_size = sizeof files[0], .name = "b", .type = "image/gif", .description = "", .data = "b", .size = 1 },
        };
        struct mentiond_post p = channel_part();

        p.text = "@ann.example an \xc3\xa4nswer https://a.example #b";
        p.parent = PARENT;
        p.root = "";
        p.uploads = files;
        p.n_uploads = channel_operation == 'm' ? 2 : 0;
        return p;
}

static void keep_session(void *data)
{
        _cleanup_op_ struct mentiond_op op;

        op_begin(&op, brand, "fuzz", OP_DEADLINE_USEC);
        MUST(mentiond_keep(&op, "session brand.example https://social.example", data) == MENTIOND_OK);
}

static void on_begin(void)
{
        static const char session[] = "{\"did\":\"" SELF "\",\"accessJwt\":\"a.b.c\",\"refreshJwt\":\"r.b.c\","
                                      "\"pds\":\"https://pds.example\"}";

        strset(&brand->self_id, SELF);
        world_run(keep_session, (void *) session);
}

static void on_letter(char letter)
{
        if (letter == 'x')
                world_run(keep_session, (void *) "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const settings[] = {
                "plugin", "bluesky", "server", "https://social.example", "account", "brand.example",
                "app_password", "env:FUZZ_SECRET", "helpdesk", "desk", "hold", "0", NULL,
        };
        static const struct channel_target target = {
                .settings = settings, .operations = "spfolmdhbir", .reactions = "hbi", .base = "http", .signs = ":",
                .own = POST(SELF, "bbbbbbbbb"), .theirs = PARENT,
                .ids = { POST("did:plc:bob", "ccccccccc"), POST("did:plc:cat", "ddddddddd"), PARENT },
                .posts_max = 2,          /* again where the first met an expired token */
                .on_begin = on_begin, .on_letter = on_letter, .on_request = on_request, .part = part,
        };

        return channel_run(&target, data, size);
}
