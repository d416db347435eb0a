/* SPDX-License-Identifier: MIT
 *
 * The mastodon plugin against any server.  The first line says which operations are called, a letter each: s(tart), p(oll),
 * f(etch), o (post), m (post with two files), w (direct post for one alone), l(ook: find), e(dit), d (remove), h (like), b (repost),
 * r(eread); n: the first poll is yet to come.  The rest are answers (http.c).
 */
#include "world.h"

#include "host/payload.h"

#include <mentiond/json.h>

#define OPERATIONS_MAX 8
#define BASE "https://social.example/api/"

static unsigned posts, confirmations, uploads;
static char operation;

static bool endswith(const char *text, const char *end)
{
        return strlen(text) >= strlen(end) && streq(text + strlen(text) - strlen(end), end);
}

static void judge_post(const struct http_request *q)
{
        struct json_object *body = json_tokener_parse(q->body);

        MUST(streq(mj_str(body, "visibility"), operation == 'w' ? "direct" : "unlisted") && streq(mj_str(body, "in_reply_to_id"), "100"));
        MUST(streq(mj_str(body, "status"), "@ann@example an answer"));
        MUST(mj_len(mj_get(body, "media_ids")) == (operation == 'm' ? 2 : 0) && (operation != 'm' || uploads <= 2));
        for (size_t i = 0; i < mj_len(mj_get(body, "media_ids")); i++)
                MUST(*json_object_get_string(mj_at(mj_get(body, "media_ids"), i)));
        MUST(!mj_get(body, "allowed_mentions") || (operation == 'w' && mj_len(mj_get(body, "allowed_mentions")) == 2));
        (void) json_object_put(body);
        MUST(++posts == 1);
}

/* What changes something, and what it says. */
static void judge_change(const struct http_request *q)
{
        if (endswith(q->url, "/media")) {
                MUST(operation == 'm' && q->repeatable && startswith(q->body, "--mentiond-") && ++uploads <= 2);
        } else if (endswith(q->url, "/statuses")) {
                MUST(strchr("omw", operation) && !q->repeatable);
                judge_post(q);
        } else {
                const char *what = operation == 'e' ? "PUT" : operation == 'd' ? "DELETE" : "POST";

                MUST(strchr("edhb", operation) && q->repeatable && streq(q->method, what));
                MUST(strstr(q->url, "/statuses/101") && endswith(q->url, operation == 'h' ? "/favourite" : operation == 'b' ? "/reblog" : "/101"));
        }
}

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        MUST(startswith(q->url, BASE));
        /* Whatever ids a server makes up, they stay one part of the path or query. */
        MUST(!q->url[strlen(BASE) + strspn(q->url + strlen(BASE), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%/?&=[]")]);
        MUST(!strstr(q->url, "/../") && (!strchr(q->url, '?') || strchr(q->url, '?') == strrchr(q->url, '?')));
        MUST(r->fate != HTTP_REFUSED);
        MUST(streq(q->bearer, WORLD_SECRET) && !strstr(q->url, WORLD_SECRET));
        if (!streq(q->method, "GET"))
                judge_change(q);
        if (posts)
                confirmations += r->fate == HTTP_REPLIED && r->status >= 200 && r->status < 300;
}

static int post(struct mentiond_op *op, struct mentiond_posted *ret)
{
        static const struct mentiond_upload files[] = {
                { .struct_size = sizeof files[0], .name = "a.png", .type = "image/png", .description = "a", .data = "\0", .size = 1 },
                { .struct_size = sizeof files[0], .name = "b", .type = "video/mp4", .description = "", .data = "b", .size = 1 },
        };
        const struct mentiond_post part = {
                .struct_size = sizeof part, .visibility = operation == 'w' ? MENTIOND_DIRECT : MENTIOND_UNLISTED, .key = "key",
                .text = "@ann@example an answer", .parent = "100", .root = "100", .warning = "", .language = "en",
                .tried_usec = INT64_C(1795299990) * USEC_PER_SEC, .only = operation == 'w' ? "@ann@example" : "",
                .uploads = files, .n_uploads = operation == 'm' ? 2 : 0,
        };
        bool look = operation == 'l';
        const struct mentiond_channel *c = &brand->plugin->channel;
        int verdict;

        posts = confirmations = uploads = 0;
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
        for (size_t i = 0; i < op->n_again; i++) {
                const struct op_again *a = &op->again[i];

                MUST(*a->id && fuzz_is_utf8(a->text));
                /* Others' are told if they were asked for, and none as gone that was not. */
                MUST(strstr(" 101 200 300 ", arena_printf(op->arena, " %s ", a->id)) || (!a->gone && streq(a->author, brand->self_id)));
        }
}

static int reread(struct mentiond_op *op)
{
        static const char *const ids[] = { "300", "200", "101" };

        return brand->plugin->channel.reread(op, brand->plugin_state, ids, ELEMENTSOF(ids));
}

static int change(struct mentiond_op *op)
{
        const struct mentiond_channel *c = &brand->plugin->channel;

        switch (operation) {
        case 'e':
                return c->edit(op, brand->plugin_state, &(struct mentiond_change) { .struct_size = sizeof(struct mentiond_change), .id = "101", .text = "other" });
        case 'd':
                return c->remove(op, brand->plugin_state, "101");
        default:
                return c->react(op, brand->plugin_state, operation == 'h' ? MENTIOND_LIKE : MENTIOND_REPOST, "101");
        }
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
                verdict = reread(&op);
                check_items(&op);
                MUST(verdict != MENTIOND_THROTTLED && verdict != MENTIOND_GONE);
                break;
        case 'e':
        case 'd':
        case 'h':
        case 'b':
                verdict = change(&op);
                MUST(verdict != MENTIOND_AMBIGUOUS);
                break;
        default:
                verdict = post(&op, &posted);
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
                else if (strchr("spfolmwedhbr", operations[i]))
                        world_run(run, &operations[i]);
        world_end();
        return 0;
}
