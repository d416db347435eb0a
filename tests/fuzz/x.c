/* SPDX-License-Identifier: MIT
 *
 * The x plugin against any server.  The first line says which operations are called, a letter each: s(tart), p(oll), f(etch), o (post),
 * m (post with a picture), l(ook: find), d (remove), b (repost), h(ide), r(eread); n: the first poll is yet to come; t: with OAuth 2.0
 * from the beginning on.  The rest are answers (http.c).
 */
#include "world.h"

#include "host/payload.h"

#include <mentiond/json.h>

#define OPERATIONS_MAX 8
#define BASE "https://api.x.example/2/"

static unsigned posts, confirmations;
static char operation;

static void judge_post(const struct http_request *q)
{
        struct json_object *body = json_tokener_parse(q->body), *reply = mj_get(body, "reply"), *ids = mj_get(mj_get(body, "media"), "media_ids");

        MUST(streq(mj_str(body, "text"), "an answer") && *mj_str(reply, "in_reply_to_tweet_id"));
        MUST(mj_len(ids) == (operation == 'm' ? 1 : 0) && (operation != 'm' || *json_object_get_string(mj_at(ids, 0))));
        for (size_t i = 0; i < mj_len(mj_get(reply, "exclude_reply_user_ids")); i++)
                MUST(!streq(json_object_get_string(mj_at(mj_get(reply, "exclude_reply_user_ids"), i)), "1"));
        (void) json_object_put(body);
        MUST(++posts == 1);
}

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        MUST(startswith(q->url, BASE) && r->fate != HTTP_REFUSED);
        /* Whatever ids and tokens a server makes up, they stay one part of the path or query. */
        MUST(!q->url[strlen(BASE) + strspn(q->url + strlen(BASE), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%/?&=")]);
        MUST(!strstr(q->url, "/../") && (!strchr(q->url, '?') || strchr(q->url, '?') == strrchr(q->url, '?')));
        MUST(!q->bearer && !strstr(q->url, WORLD_SECRET));
        MUST(streq(q->url, BASE "oauth2/token") || startswith(q->headers[0], "Authorization: "));
        if (streq(q->url, BASE "tweets") && streq(q->method, "POST")) {
                MUST(strchr("om", operation) && !q->repeatable);
                judge_post(q);
        } else {
                MUST(q->repeatable || streq(q->method, "GET"));
        }
        if (posts)
                confirmations += r->fate == HTTP_REPLIED && r->status >= 200 && r->status < 300;
}

static int post(struct mentiond_op *op, struct mentiond_posted *ret)
{
        static const struct mentiond_upload file = {
                .struct_size = sizeof file, .name = "a.png", .type = "image/png", .description = "a", .data = "\0", .size = 1,
        };
        const struct mentiond_post part = {
                .struct_size = sizeof part, .visibility = MENTIOND_UNLISTED, .key = "key", .text = "an answer", .parent = "100", .root = "100",
                .warning = "", .language = "en", .tried_usec = INT64_C(1795299990) * USEC_PER_SEC, .only = "", .uploads = &file,
                .n_uploads = operation == 'm' ? 1 : 0,
        };
        const struct mentiond_channel *c = &brand->plugin->channel;
        bool look = operation == 'l';
        int verdict;

        posts = confirmations = 0;
        verdict = look ? c->find(op, brand->plugin_state, &part, ret) : c->post(op, brand->plugin_state, &part, ret);
        if (verdict == MENTIOND_OK)
                MUST(ret->id && *ret->id);
        if (verdict == MENTIOND_OK && look)
                MUST(posts == 0 && !mentiond_is_posted(op, ret->id));
        if (verdict == MENTIOND_OK && !look)
                MUST(posts == 1);
        /* What may have left must not be tried again. */
        if (posts && verdict == MENTIOND_RETRY)
                MUST(confirmations == 0);
        return verdict;
}

static void check_items(struct mentiond_op *op)
{
        for (size_t i = 0; i < op->n_items; i++) {
                struct json_object *o = payload_parse(op->arena, op->items[i].payload ? op->items[i].payload : "{}");

                MUST(o && fuzz_is_utf8(strempty(op->items[i].payload)));
                MUST(*op->items[i].native_id && !streq(op->items[i].native_id, "100"));
        }
        for (size_t i = 0; i < op->n_ancestors; i++)
                MUST(*op->ancestors[i].id && fuzz_is_utf8(op->ancestors[i].text));
        for (size_t i = 0; i < op->n_again; i++)
                MUST(*op->again[i].id && fuzz_is_utf8(op->again[i].text) &&
                     (!op->again[i].gone || strstr(" 101 200 300 ", arena_printf(op->arena, " %s ", op->again[i].id))));
}

static int change(struct mentiond_op *op)
{
        static const char *const ids[] = { "300", "200", "101" };
        const struct mentiond_channel *c = &brand->plugin->channel;

        if (operation == 'r')
                return c->reread(op, brand->plugin_state, ids, ELEMENTSOF(ids));
        if (operation == 'd')
                return c->remove(op, brand->plugin_state, "101");
        return c->react(op, brand->plugin_state, operation == 'h' ? MENTIOND_HIDE : MENTIOND_REPOST, "101");
}

static void run(void *data)
{
        const struct mentiond_channel *c = &brand->plugin->channel;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        operation = *(const char *) data;
        op_begin(&op, brand, "fuzz", strchr("pf", operation) ? POLL_DEADLINE_USEC : OP_DEADLINE_USEC);
        switch (operation) {
        case 's':
                verdict = c->start(&op, brand->plugin_state);
                MUST(verdict != MENTIOND_OK || *brand->self_id);
                break;
        case 'p':
                verdict = c->poll(&op, brand->plugin_state);
                check_items(&op);
                MUST(op_commit(&op, verdict == MENTIOND_OK, NULL) == 0);
                break;
        case 'f':
                verdict = c->fetch(&op, brand->plugin_state, "300");
                check_items(&op);
                break;
        case 'r':
        case 'd':
        case 'b':
        case 'h':
                verdict = change(&op);
                check_items(&op);
                MUST(verdict != MENTIOND_AMBIGUOUS);
                break;
        default:
                verdict = post(&op, &posted);
        }
        MUST(verdict >= MENTIOND_OK && verdict <= MENTIOND_BLOCKED);
        MUST((verdict == MENTIOND_ABSENT || verdict == MENTIOND_UNKNOWN) <= (operation == 'l'));
        MUST(verdict == MENTIOND_OK || verdict == MENTIOND_ABSENT || *op.reason);
        MUST(!fuzz_has(op.reason, "\n") && !strstr(op.reason, WORLD_SECRET));
        MUST(op_judge(&op, verdict) == verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const signs[] = {
                "plugin", "x", "api", "https://api.x.example", "consumer_key", "key", "consumer_secret", "env:FUZZ_SECRET", "access_token",
                "env:FUZZ_SECRET", "access_token_secret", "env:FUZZ_SECRET", "helpdesk", "desk", "hold", "0", NULL,
        };
        static const char *const renews[] = {
                "plugin", "x", "api", "https://api.x.example", "client_id", "id", "client_secret", "env:FUZZ_SECRET", "refresh_token",
                "env:FUZZ_SECRET", "ceiling", "1", "helpdesk", "desk", "hold", "0", NULL,
        };
        struct input in = { (const char *) data, size };
        _cleanup_free_ char *operations = input_line(&in);

        if (world_knows_secret(data, size))
                return 0;
        world_on_request = on_request;
        world_brand = operations[0] == 't' ? renews : signs;
        world_begin(&in);
        for (size_t i = 0; operations[i] && i < OPERATIONS_MAX; i++)
                if (operations[i] == 'n')
                        brand->stored.polled = false;
                else if (strchr("spfomldbhr", operations[i]))
                        world_run(run, &operations[i]);
        world_end();
        return 0;
}
