/* SPDX-License-Identifier: MIT
 *
 * JSON from outside, read as plugins and flow read it: payloads of the journal, <mentiond/json.h>, the texts made of them.
 */
#include "fuzz.h"

#include "base/text.h"
#include "flow/compose.h"
#include "host/payload.h"

#include <mentiond/json.h>

static const char *const names[] = { "text", "author", "id", "media", "ok", "n", "quotes", "" };

/* Everything may be asked of anything. */
static void ask(struct json_object *o, unsigned depth)
{
        MUST(!mj_at(o, mj_len(o)));
        MUST(!mj_get(NULL, "text"));
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct json_object *member = mj_get(o, names[i]);

                MUST(mj_str(o, names[i]));
                MUST(member || (!*mj_str(o, names[i]) && !mj_true(o, names[i]) && mj_int(o, names[i], 7) == 7));
                MUST(!mj_true(o, names[i]) || mj_int(o, names[i], 0) == 1);
                MUST(!mj_at(member, mj_len(member)));
        }
        for (size_t i = 0; i < mj_len(o) && i < 100; i++)
                ask(mj_at(o, i), depth + 1);
        if (json_object_is_type(o, json_type_object)) {
                json_object_object_foreach(o, name, member) {
                        MUST(mj_get(o, name) == member);
                        ask(member, depth + 1);
                }
        }
}

static const struct store_author *author_of(struct json_object *o)
{
        static struct store_ticket ticket = { "7", "10007", "https://desk.example/7" };
        static const struct store_author known = { .earlier = &ticket, .n_earlier = 1 };

        return mj_true(o, "ok") ? NULL : &known;
}

static void check_texts(struct arena *a, struct json_object *o, bool utf8)
{
        const char *title = compose_title(a, o), *author = compose_author(a, o);
        const char *article = compose_article(a, o, mj_int(o, "created", 0), "", author_of(o)), *text = mj_str(o, "text");
        const char *handle = mj_str(mj_get(o, "author"), "handle"), *reply = compose_reply(a, text, handle);
        const char *key = compose_key(a, "brand", mj_str(o, "id")), *other = compose_key(a, "brand", text);

        MUST(*title && (!fuzz_has(title, "\n") || fuzz_has(handle, "\n")));     /* the journal's have none */
        MUST(*author && !fuzz_has(author, "@<>\","));
        MUST(!utf8 || (fuzz_is_utf8(title) && fuzz_is_utf8(author) && fuzz_is_utf8(article)));
        MUST(strlen(reply) >= strlen(text) && streq(reply + strlen(reply) - strlen(text), text));
        MUST(strlen(key) <= 200 && !key[strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%:")]);
        MUST(streq(key, other) == streq(mj_str(o, "id"), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        _cleanup_free_ char *text = xstrndup((const char *) data, strnlen((const char *) data, size));
        static const struct payload_quote quote = { "@a@b", "A", "said", "https://b.example/1" };
        _cleanup_free_ char *quoted = payload_with_quotes(text, &quote, 1, size);
        struct json_object *o = payload_parse(a, text), *same, *with = payload_parse(a, quoted);

        MUST(streq(mj_str(mj_at(mj_get(with, "quotes"), 0), "handle"), "@a@b")
             && streq(mj_str(mj_at(mj_get(with, "quotes"), 0), "text"), "said"));
        ask(o, 0);
        check_texts(a, o, fuzz_is_utf8(text));
        check_texts(a, with, fuzz_is_utf8(text));
        if (!o)
                return 0;
        same = payload_parse(a, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
        MUST(same);
        if (json_object_is_type(mj_get(o, "text"), json_type_string))   /* of "00e" json-c makes a number that it writes as 00 */
                MUST(streq(mj_str(same, "text"), mj_str(o, "text")));
        return 0;
}
