/* SPDX-License-Identifier: MIT
 *
 * The mastodon plugin against any server.  The first line says which operations are called, a letter each: s(tart), p(oll),
 * f(etch), o (post), l(ook: find); n: the first poll is yet to come.  The rest are answers (http.c).
 */
#include "world.h"

#include "host/payload.h"

#include <mentiond/json.h>

#define OPERATIONS_MAX 8
#define BASE "https://social.example/api/"

static unsigned posts, confirmations;

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        MUST(startswith(q->url, BASE));
        /* Whatever ids a server makes up, they stay one part of the path or query. */
        MUST(!q->url[strlen(BASE) + strspn(q->url + strlen(BASE), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%/?&=[]")]);
        MUST(!strstr(q->url, "/../") && (!strchr(q->url, '?') || strchr(q->url, '?') == strrchr(q->url, '?')));
        MUST(r->fate != HTTP_REFUSED);
        MUST(streq(q->bearer, WORLD_SECRET) && !strstr(q->url, WORLD_SECRET));
        if (streq(q->method, "POST")) {
                struct json_object *body = json_tokener_parse(q->body);

                MUST(streq(mj_str(body, "visibility"), "unlisted") && streq(mj_str(body, "in_reply_to_id"), "100"));
                MUST(streq(mj_str(body, "status"), "@ann@example an answer"));
                (void) json_object_put(body);
                MUST(++posts == 1);
        }
        if (posts)
                confirmations += r->fate == HTTP_REPLIED && r->status >= 200 && r->status < 300;
}

static int post(struct mentiond_op *op, struct mentiond_posted *ret, bool look)
{
        const struct mentiond_post part = {
                .struct_size = sizeof part, .visibility = MENTIOND_UNLISTED, .key = "key", .text = "@ann@example an answer",
                .parent = "100", .root = "100", .warning = "", .language = "en", .tried_usec = INT64_C(1795299990) * USEC_PER_SEC,
        };
        const struct mentiond_channel *c = &brand->plugin->channel;
        int verdict;

        posts = confirmations = 0;
        verdict = look ? c->find(op, brand->plugin_state, &part, ret) : c->post(op, brand->plugin_state, &part, ret);
        if (verdict == MENTIOND_OK)
                MUST(ret->id && *ret->id);
        if (verdict == MENTIOND_OK && !look)
                MUST(posts == 1 && confirmations == 2);      /* it was taken, and is there */
        if (verdict == MENTIOND_OK && look)
                MUST(posts == 0 && !mentiond_is_posted(op, ret->id));
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
}

static void run(void *data)
{
        const char operation = *(const char *) data;
        const struct mentiond_channel *c = &brand->plugin->channel;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        op_begin(&op, brand, "fuzz", POLL_DEADLINE_USEC);
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
        default:
                verdict = post(&op, &posted, operation == 'l');
        }
        MUST(verdict >= MENTIOND_OK && verdict <= MENTIOND_BLOCKED);
        MUST((verdict == MENTIOND_ABSENT || verdict == MENTIOND_UNKNOWN) <= (operation == 'l'));
        MUST(verdict == MENTIOND_OK || verdict == MENTIOND_ABSENT || *op.reason || verdict == MENTIOND_AUTH);
        MUST(!fuzz_has(op.reason, "\n") && !strstr(op.reason, WORLD_SECRET));
        MUST(op_judge(&op, verdict) == verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };
        _cleanup_free_ char *operations = input_line(&in);

        if (world_knows_secret(data, size))
                return 0;
        world_on_request = on_request;
        world_begin(&in);
        for (size_t i = 0; operations[i] && i < OPERATIONS_MAX; i++)
                if (operations[i] == 'n')
                        brand->stored.polled = false;
                else if (strchr("spfol", operations[i]))
                        world_run(run, &operations[i]);
        world_end();
        return 0;
}
