/* SPDX-License-Identifier: MIT
 *
 * The telegram plugin against any server.  The first line says which operations are called, a letter each: s(tart), p(oll),
 * o (post), m (post with a file), e(dit), d (remove), h (like), g(et a file); n: the first poll is yet to come.  The rest are answers
 * (http.c). */
#include "world.h"

#include "host/payload.h"

#include <mentiond/json.h>

#define OPERATIONS_MAX 8
#define BASE "https://api.telegram.org/"

static unsigned posts, confirmations;
static char operation;

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        const char *token = secret_value(brand->in_path), *path = q->url + strlen(BASE);

        MUST(startswith(q->url, BASE) && r->fate != HTTP_REFUSED && !q->bearer);
        if (startswith(path, "file/"))
                path += strlen("file/");
        MUST(startswith(path, "bot") && startswith(path + 3, token) && path[3 + strlen(token)] == '/');
        MUST(!strstr(path + 4, token) && (!q->body || !memmem(q->body, q->body_size, token, strlen(token))));
        if (streq(q->method, "GET"))
                return;
        MUST(strchr("omedh", operation));
        if (!strchr("om", operation)) {
                MUST(q->repeatable);
                return;
        }
        /* Twice only where the first went to a group that is another now. */
        MUST(!q->repeatable && ++posts <= 2 && (posts == 1 || !confirmations));
        confirmations += r->fate == HTTP_REPLIED && r->status >= 200 && r->status < 300;
}

static int post(struct mentiond_op *op, struct mentiond_posted *ret)
{
        static const struct mentiond_upload file = { .struct_size = sizeof file, .name = "a.png", .type = "image/png", .description = "a", .data = "\0", .size = 1 };
        const struct mentiond_post part = {
                .struct_size = sizeof part, .visibility = MENTIOND_FOLLOWERS, .key = "key", .text = "an answer", .parent = "-100100:7:3", .root = "100",
                .warning = "", .language = "en", .only = "", .uploads = &file, .n_uploads = operation == 'm',
        };
        int verdict;

        posts = confirmations = 0;
        verdict = brand->plugin->channel.post(op, brand->plugin_state, &part, ret);
        if (verdict == MENTIOND_OK)
                MUST(ret->id && *ret->id && confirmations == 1);
        if (confirmations)               /* what may have arrived is not sent again */
                MUST(verdict == MENTIOND_OK || verdict == MENTIOND_AMBIGUOUS);
        return verdict;
}

static void check_items(struct mentiond_op *op)
{
        for (size_t i = 0; i < op->n_items; i++) {
                struct json_object *o = payload_parse(op->arena, op->items[i].payload ? op->items[i].payload : "{}");

                MUST(o && fuzz_is_utf8(strempty(op->items[i].payload)) && *op->items[i].native_id);
                MUST(!strstr(strempty(op->items[i].payload), WORLD_SECRET));
                for (size_t k = 0; k < mj_len(mj_get(o, "media")); k++)
                        MUST(!*mj_str(mj_at(mj_get(o, "media"), k), "url"));
        }
        for (size_t i = 0; i < op->n_again; i++)
                MUST(*op->again[i].id && fuzz_is_utf8(op->again[i].text));
}

static int change(struct mentiond_op *op)
{
        const struct mentiond_channel *c = &brand->plugin->channel;

        if (operation == 'e')
                return c->edit(op, brand->plugin_state, &(struct mentiond_change) { .struct_size = sizeof(struct mentiond_change), .id = "1:2", .text = "other" });
        return operation == 'd' ? c->remove(op, brand->plugin_state, "1:2") : c->react(op, brand->plugin_state, MENTIOND_LIKE, "1:2");
}

static void run(void *data)
{
        const struct mentiond_channel *c = &brand->plugin->channel;
        struct mentiond_posted posted = { .struct_size = sizeof posted };
        struct mentiond_file file = { .struct_size = sizeof file };
        _cleanup_op_ struct mentiond_op op;
        int verdict;

        operation = *(const char *) data;
        op_begin(&op, brand, "fuzz", operation == 'p' ? POLL_DEADLINE_USEC : OP_DEADLINE_USEC);
        if (operation == 's') {
                verdict = c->start(&op, brand->plugin_state);
        } else if (operation == 'p') {
                verdict = c->poll(&op, brand->plugin_state);
                check_items(&op);
                if (verdict != MENTIOND_OK)
                        MUST(!op.n_cursors);
                MUST(op_commit(&op, verdict == MENTIOND_OK, NULL) == 0);
        } else if (operation == 'g') {
                verdict = c->download(&op, brand->plugin_state, "AgAC", 1000, &file);
                MUST(verdict != MENTIOND_OK || (file.data && file.size <= 1000 && file.name));
        } else if (strchr("om", operation)) {
                verdict = post(&op, &posted);
        } else {
                verdict = change(&op);
                MUST(verdict != MENTIOND_AMBIGUOUS);
        }
        MUST(verdict >= MENTIOND_OK && verdict <= MENTIOND_BLOCKED && verdict != MENTIOND_ABSENT && verdict != MENTIOND_UNKNOWN);
        MUST(verdict == MENTIOND_OK || *op.reason);
        MUST(!fuzz_has(op.reason, "\n") && !strstr(op.reason, WORLD_SECRET));
        MUST(op_judge(&op, verdict) == verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const settings[] = {
                "plugin", "telegram", "token", "env:FUZZ_TOKEN", "helpdesk", "desk", NULL,
        };
        struct input in = { (const char *) data, size };
        _cleanup_free_ char *operations = input_line(&in);

        if (world_knows_secret(data, size))
                return 0;
        world_brand = settings;
        world_on_request = on_request;
        world_begin(&in);
        for (size_t i = 0; operations[i] && i < OPERATIONS_MAX; i++)
                if (operations[i] == 'n')
                        brand->stored.polled = false;
                else if (strchr("spomedhg", operations[i]))
                        world_run(run, &operations[i]);
        world_end();
        return 0;
}
