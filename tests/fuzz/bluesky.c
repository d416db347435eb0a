/* SPDX-License-Identifier: MIT
 *
 * The bluesky plugin against any server.  The first line says which operations are called, a letter each: s(tart), p(oll),
 * f(etch), o (post), m (post with two files), l(ook: find), d (remove), h (like), b (repost), i (hide), r(eread); n: the first poll is
 * yet to come; x: the session is forgotten.  The rest are answers (http.c).
 */
#include "world.h"

#include "host/payload.h"

#include <mentiond/json.h>

#define OPERATIONS_MAX 8
#define PDS "https://pds.example"
#define SELF "did:plc:self"
#define POST(author, n) "at://" author "/app.bsky.feed.post/3n2u" n
#define PARENT POST("did:plc:ann", "aaaaaaaaa")
#define OWN POST(SELF, "bbbbbbbbb")

static const char *const ids[] = { POST("did:plc:bob", "ccccccccc"), POST("did:plc:cat", "ddddddddd"), PARENT };
static unsigned posts, confirmations;
static char operation;

static void judge_post(const struct http_request *q)
{
        struct json_object *body = json_tokener_parse(q->body), *record = mj_get(body, "record"), *facets = mj_get(record, "facets");
        const char *text = mj_str(record, "text");

        MUST(!q->repeatable && streq(mj_str(body, "repo"), SELF) && streq(mj_str(body, "collection"), "app.bsky.feed.post"));
        MUST(strlen(mj_str(body, "rkey")) == 13 && json_object_object_get_ex(body, "swapRecord", NULL) && !mj_get(body, "swapRecord"));
        MUST(streq(mj_str(record, "createdAt"), "2026-11-22T09:59:50.000Z") || *mj_str(record, "createdAt"));
        MUST(streq(mj_str(mj_get(mj_get(record, "reply"), "parent"), "uri"), PARENT));
        MUST(mj_len(mj_get(mj_get(record, "embed"), "images")) == (operation == 'm' ? 2 : 0));
        for (size_t i = 0; i < mj_len(facets); i++) {
                struct json_object *index = mj_get(mj_at(facets, i), "index");
                int64_t from = mj_int(index, "byteStart", -1), to = mj_int(index, "byteEnd", -1);

                MUST(from >= 0 && from < to && to <= (int64_t) strlen(text));
        }
        (void) json_object_put(body);
        MUST(++posts <= 2);              /* again where the first met an expired token */
}

static void on_request(const struct http_request *q, const struct http_reply *r)
{
        MUST(r->fate != HTTP_REFUSED && !strstr(q->url, WORLD_SECRET) && !strchr(q->url, ' ') && !strchr(q->url, '\n'));
        MUST(strstr(q->url, "/xrpc/") && (!strchr(q->url, '?') || strchr(q->url, '?') == strrchr(q->url, '?')));
        /* The password goes to the server that was configured, and nowhere else. */
        if (q->body && strstr(q->body, WORLD_SECRET))
                MUST(streq(q->url, "https://social.example/xrpc/com.atproto.server.createSession"));
        if (!streq(q->method, "GET") && strstr(q->url, ".putRecord") && operation != 'i')
                judge_post(q);
        if (posts)
                confirmations += r->fate == HTTP_REPLIED && r->status >= 200 && r->status < 300;
}

static int post(struct mentiond_op *op, struct mentiond_posted *ret)
{
        static const struct mentiond_upload files[] = {
                { .struct_size = sizeof files[0], .name = "a.png", .type = "image/png", .description = "a", .data = "\0", .size = 1 },
                { .struct_size = sizeof files[0], .name = "b", .type = "image/gif", .description = "", .data = "b", .size = 1 },
        };
        const struct mentiond_post part = {
                .struct_size = sizeof part, .visibility = MENTIOND_UNLISTED, .key = "key", .text = "@ann.example an \xc3\xa4nswer https://a.example #b",
                .parent = PARENT, .root = "", .warning = "", .language = "en", .tried_usec = INT64_C(1795299990) * USEC_PER_SEC, .only = "",
                .uploads = files, .n_uploads = operation == 'm' ? 2 : 0,
        };
        bool look = operation == 'l';
        const struct mentiond_channel *c = &brand->plugin->channel;
        int verdict;

        posts = confirmations = 0;
        verdict = look ? c->find(op, brand->plugin_state, &part, ret) : c->post(op, brand->plugin_state, &part, ret);
        if (verdict == MENTIOND_OK)
                MUST(ret->id && *ret->id && !posts == look);
        if (posts && verdict == MENTIOND_RETRY)
                MUST(confirmations == 0);
        return verdict;
}

static bool is_wanted(const char *id)
{
        for (size_t i = 0; i < ELEMENTSOF(ids); i++)
                if (streq(id, ids[i]))
                        return true;
        return false;
}

static void check_items(struct mentiond_op *op)
{
        for (size_t i = 0; i < op->n_items; i++) {
                struct json_object *o = payload_parse(op->arena, op->items[i].payload ? op->items[i].payload : "{}");

                MUST(o && fuzz_is_utf8(strempty(op->items[i].payload)) && *op->items[i].native_id);
        }
        for (size_t i = 0; i < op->n_ancestors; i++)
                MUST(*op->ancestors[i].id && fuzz_is_utf8(op->ancestors[i].text));
        for (size_t i = 0; i < op->n_again; i++) {
                const struct op_again *a = &op->again[i];

                MUST(*a->id && fuzz_is_utf8(a->text) && (!a->gone || is_wanted(a->id)));
        }
}

static int change(struct mentiond_op *op)
{
        const struct mentiond_channel *c = &brand->plugin->channel;

        if (operation == 'd')
                return c->remove(op, brand->plugin_state, OWN);
        return c->react(op, brand->plugin_state, operation == 'h' ? MENTIOND_LIKE : operation == 'b' ? MENTIOND_REPOST : MENTIOND_HIDE, PARENT);
}

static void keep_session(void *data)
{
        _cleanup_op_ struct mentiond_op op;

        op_begin(&op, brand, "fuzz", OP_DEADLINE_USEC);
        MUST(mentiond_keep(&op, "session brand.example https://social.example", data) == MENTIOND_OK);
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
                break;
        case 'p':
                verdict = c->poll(&op, brand->plugin_state);
                check_items(&op);
                MUST(op_commit(&op, verdict == MENTIOND_OK, NULL) == 0);
                break;
        case 'f':
                verdict = c->fetch(&op, brand->plugin_state, ids[0]);
                check_items(&op);
                break;
        case 'r':
                verdict = c->reread(&op, brand->plugin_state, ids, ELEMENTSOF(ids));
                check_items(&op);
                MUST(verdict != MENTIOND_THROTTLED && verdict != MENTIOND_GONE);
                break;
        case 'd':
        case 'h':
        case 'b':
        case 'i':
                verdict = change(&op);
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
        static const char *const settings[] = {
                "plugin", "bluesky", "server", "https://social.example", "account", "brand.example", "app_password", "env:FUZZ_SECRET",
                "helpdesk", "desk", "hold", "0", NULL,
        };
        struct input in = { (const char *) data, size };
        _cleanup_free_ char *operations = input_line(&in);

        if (world_knows_secret(data, size))
                return 0;
        world_brand = settings;
        world_on_request = on_request;
        world_begin(&in);
        strset(&brand->self_id, SELF);
        world_run(keep_session, (void *) "{\"did\":\"" SELF "\",\"accessJwt\":\"a.b.c\",\"refreshJwt\":\"r.b.c\",\"pds\":\"" PDS "\"}");
        for (size_t i = 0; operations[i] && i < OPERATIONS_MAX; i++)
                if (operations[i] == 'n')
                        brand->stored.polled = false;
                else if (operations[i] == 'x')
                        world_run(keep_session, (void *) "");
                else if (strchr("spfolmdhbir", operations[i]))
                        world_run(run, &operations[i]);
        world_end();
        return 0;
}
