/* SPDX-License-Identifier: MIT
 *
 * The facebook plugin against any server.  The first line says which operations are called, a letter each: s(tart), p(oll),
 * o (post), w (post for one alone below a comment), m (the same in a conversation), l(ook: find), k (find of w), e(dit), d (remove),
 * h (like), i (hide), r(eread); n: the first poll is yet to come.  The rest are answers (http.c).
 */
#include "world.h"

#include "host/payload.h"

#include <mentiond/json.h>

#define OPERATIONS_MAX 8
#define BASE "https://graph.example/v25.0/"

static const char *const settings[] = {
        "plugin", "facebook", "server", "https://graph.example", "token", "env:FUZZ_SECRET", "app_secret", "env:FUZZ_SECRET", "helpdesk", "desk",
        "hold", "0", "reviews", "true", NULL,
};

static unsigned posts;
static char operation;

static void judge_change(const struct http_request *q)
{
        bool says = strchr("owm", operation);

        MUST(says ? !q->repeatable && streq(q->method, "POST") && ++posts == 1 : q->repeatable);
        MUST(strchr("owmedhi", operation) && streq(q->method, operation == 'd' ? "DELETE" : "POST"));
        MUST(!!strstr(q->url, "/1/messages") == !!strchr("wm", operation));
        MUST(!!strstr(q->url, "/100/comments") == (operation == 'o') && (says || strstr(q->url, BASE "101")));
        if (q->body_size)
                MUST(strstr(q->body, "\"appsecret_proof\":\""));
}

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        MUST(startswith(q->url, BASE));
        /* Whatever ids a server makes up, they stay one part of the path or query. */
        MUST(!q->url[strlen(BASE) + strspn(q->url + strlen(BASE), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%/?&=,(){}")]);
        MUST(!strstr(q->url, "/../") && (!strchr(q->url, '?') || strchr(q->url, '?') == strrchr(q->url, '?')));
        MUST(r->fate != HTTP_REFUSED);
        MUST(streq(q->bearer, WORLD_SECRET) && !strstr(q->url, WORLD_SECRET) && (q->body_size || strstr(q->url, "appsecret_proof=")));
        if (!streq(q->method, "GET"))
                judge_change(q);
}

static int post(struct mentiond_op *op, struct mentiond_posted *ret)
{
        bool look = strchr("lk", operation), alone = strchr("wmk", operation);
        const struct mentiond_post part = {
                .struct_size = sizeof part, .visibility = alone ? MENTIOND_DIRECT : MENTIOND_UNLISTED, .key = "key", .text = "an answer",
                .parent = operation == 'm' ? "m_100" : "100", .root = operation == 'm' ? "t_1" : "100", .warning = "", .language = "en",
                .tried_usec = INT64_C(1795299990) * USEC_PER_SEC, .only = alone ? "9" : "",
        };
        const struct mentiond_channel *c = &brand->plugin->channel;
        int verdict;

        posts = 0;
        verdict = look ? c->find(op, brand->plugin_state, &part, ret) : c->post(op, brand->plugin_state, &part, ret);
        if (verdict == MENTIOND_OK)
                MUST(ret->id && *ret->id && posts == !look);
        if (verdict == MENTIOND_OK && look)
                MUST(!mentiond_is_posted(op, ret->id));
        return verdict;
}

static void check_items(struct mentiond_op *op)
{
        for (size_t i = 0; i < op->n_items; i++) {
                struct json_object *o = payload_parse(op->arena, op->items[i].payload ? op->items[i].payload : "{}");

                MUST(o && fuzz_is_utf8(strempty(op->items[i].payload)));
                MUST(*op->items[i].native_id && !streq(op->items[i].native_id, "100"));
        }
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
                return c->react(op, brand->plugin_state, operation == 'h' ? MENTIOND_LIKE : MENTIOND_HIDE, "101");
        }
}

static void run(void *data)
{
        const struct mentiond_channel *c = &brand->plugin->channel;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        operation = *(const char *) data;
        op_begin(&op, brand, "fuzz", operation == 'p' ? POLL_DEADLINE_USEC : OP_DEADLINE_USEC);
        switch (operation) {
        case 's':
                verdict = c->start(&op, brand->plugin_state);
                MUST(verdict != MENTIOND_OK || *brand->self_id);
                strset(&brand->self_id, "1");
                break;
        case 'p':
                verdict = c->poll(&op, brand->plugin_state);
                check_items(&op);
                MUST(op_commit(&op, verdict == MENTIOND_OK, NULL) == 0);
                break;
        case 'r':
                verdict = reread(&op);
                check_items(&op);
                MUST(verdict != MENTIOND_THROTTLED && verdict != MENTIOND_GONE);
                break;
        case 'e':
        case 'd':
        case 'h':
        case 'i':
                verdict = change(&op);
                MUST(verdict != MENTIOND_AMBIGUOUS);
                break;
        default:
                verdict = post(&op, &posted);
        }
        MUST(verdict >= MENTIOND_OK && verdict <= MENTIOND_BLOCKED);
        MUST((verdict == MENTIOND_ABSENT || verdict == MENTIOND_UNKNOWN) <= !!strchr("lk", operation));
        MUST(verdict == MENTIOND_OK || verdict == MENTIOND_ABSENT || *op.reason);
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
        world_brand = settings;
        world_begin(&in);
        for (size_t i = 0; operations[i] && i < OPERATIONS_MAX; i++)
                if (operations[i] == 'n')
                        brand->stored.polled = false;
                else if (strchr("spowmlkedhir", operations[i]))
                        world_run(run, &operations[i]);
        world_end();
        return 0;
}
