/* SPDX-License-Identifier: MIT
 * JSON that is written down in code, and JSON from outside that is read. */
#include "fakes.h"

#include <mentiond/channel.h>
#include <mentiond/json.h>

static struct mentiond_op op;

static void open_op(void)
{
        fake_open(0);
        op_begin(&op, brand, "post", USEC_PER_MINUTE);
}

static void close_op(void)
{
        op_end(&op);
        fake_close();
}

#define LONG_NAME "a-name-that-is-as-long-as-few-names-in-any-network-are-and-is-taken-nevertheless"

static const char *written(struct json_object *o)
{
        return json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void format_becomes_what_it_shows(void)
{
        open_op();
        assert_string_equal(written(mentiond_json(&op, "{}")), "{}");
        assert_string_equal(written(mentiond_json(&op, "[ ]")), "[]");
        assert_string_equal(written(mentiond_json(&op, "{'a': 'b', %s: [%lld, %d, true], 'd': {'e': null, 'f': false}}", "c",
                                                  1ll << 40, -1)),
                            "{\"a\":\"b\",\"c\":[1099511627776,-1,true],\"d\":{\"e\":null,\"f\":false}}");
        assert_string_equal(written(mentiond_json(&op, "{'': [0, -7,9223372036854775807 ], %s: 1}", "")), "{\"\":1}");
        assert_true(mj_get(mentiond_json(&op, "{'" LONG_NAME "': {'" LONG_NAME "x': 1}}"), LONG_NAME) != NULL);
        assert_string_equal(written(mentiond_json(&op, "[0, -7,9223372036854775807 ]")), "[0,-7,9223372036854775807]");
        assert_int_equal(op.cut, 0);
        close_op();
}

static void value_is_a_text_whatever_it_holds(void)
{
        open_op();
        assert_string_equal(written(mentiond_json(&op, "{'text': %s}", "'}, \"%s\" {\n")), "{\"text\":\"'}, \\\"%s\\\" {\\n\"}");
        close_op();
}

static void what_is_null_is_left_out(void)
{
        const char *none = NULL;

        open_op();
        assert_string_equal(written(mentiond_json(&op, "{'a': %s, 'b': [%s, 'x', %p], 'c': %p, 'd': %s}", none, none, NULL, NULL,
                                                  "")),
                            "{\"b\":[\"x\"],\"d\":\"\"}");
        close_op();
}

static void object_that_is_put_in_belongs_to_both(void)
{
        struct json_object *inner, *outer;

        open_op();
        inner = mentiond_json_object(&op);
        outer = mentiond_json(&op, "{'inner': %p, 'again': [%p]}", inner, inner);
        mj_put_str(inner, "later", "yes");
        assert_string_equal(written(outer), "{\"inner\":{\"later\":\"yes\"},\"again\":[{\"later\":\"yes\"}]}");
        close_op();
}

static void format_that_is_wrong_fails_the_operation(void)
{
        static const char *const wrong[] = {
                "", "x", "{", "{'a'}", "{'a': }", "{'a': 'b' 'c': 'd'}", "{'a: 'b'}", "['a', 'b'", "{} {}", "{'a': 'b'}]",
                "{'a': %u}", "{'a': {'b': 'c'}", "'text", "%%", "{a: 'b'}", "{'a': +}", "{'a': 1 2}", "{'a': 1,}", "[1,]",
                "{'a': 1.5}", "{'a': nul}",
        };

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                const char *format = wrong[i];

                open_op();
                assert_string_equal(written((mentiond_json) (&op, format, "", "")), "{}");
                assert_int_equal(op.cut, MENTIOND_BUG);
                close_op();
        }
}

/* --- Reading --- */

static struct json_object *from(const char *text)
{
        struct json_object *o = mentiond_json_object(&op);

        json_object_object_add(o, "x", json_tokener_parse(text));
        return mj_get(o, "x");
}

static void lists_are_searched_whatever_is_in_them(void)
{
        struct json_object *list, *one;
        size_t n = 0;

        open_op();
        list = from("[null, 3, {\"id\": 7}, \"word\", {\"name\": \"\", \"id\": \"a\"}, {\"id\": \"a\", \"second\": true}]");
        assert_true(mj_has(list, "word"));
        assert_false(mj_has(list, ""));
        assert_false(mj_has(NULL, "word"));
        assert_true(mj_find(list, "id", "7") == mj_at(list, 2));
        assert_true(mj_find(list, "id", "a") == mj_at(list, 4));
        assert_true(mj_find(list, "name", "") == mj_at(list, 4));
        assert_null(mj_find(list, "missing", ""));
        assert_string_equal(mj_str_at(list, 3), "word");
        assert_string_equal(mj_str_at(list, 1), "");
        assert_string_equal(mj_str_at(list, 99), "");
        assert_true(mj_is(mj_at(list, 2), "id", "7"));
        assert_false(mj_is(mj_at(list, 2), "id", "70"));
        MJ_EACH(one, list)
                n += !one;
        assert_int_equal(n, 1);
        MJ_EACH(one, from("{\"no\": \"list\"}"))
                fail();
        close_op();
}

static void uploads_are_found_in_a_list_of_another_size(void)
{
        struct { struct mentiond_upload u; int more; } files[2] = {
                { { .struct_size = sizeof files[0], .name = "a" }, 1 }, { { .struct_size = sizeof files[0], .name = "b" }, 2 },
        };
        struct mentiond_post post = { .struct_size = sizeof post, .uploads = &files[0].u, .n_uploads = 2 };

        assert_string_equal(mentiond_upload_at(&post, 0)->name, "a");
        assert_string_equal(mentiond_upload_at(&post, 1)->name, "b");
}

static void claims_of_a_token_are_read(void)
{
        open_op();
        /* {"alg":"none"} {"scope":"a~>?"} */
        assert_string_equal(mj_str(mentiond_claims(&op, "eyJhbGciOiJub25lIn0.eyJzY29wZSI6ImF-Pj8ifQ.c2ln"), "scope"), "a~>?");
        assert_null(mentiond_claims(&op, "opaque"));
        assert_null(mentiond_claims(&op, "a.!.b"));
        assert_null(mentiond_claims(&op, ".."));
        assert_null(mentiond_claims(&op, NULL));
        close_op();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(format_becomes_what_it_shows),
                world_test(value_is_a_text_whatever_it_holds),
                world_test(what_is_null_is_left_out),
                world_test(object_that_is_put_in_belongs_to_both),
                world_test(format_that_is_wrong_fails_the_operation),
                world_test(lists_are_searched_whatever_is_in_them),
                world_test(uploads_are_found_in_a_list_of_another_size),
                world_test(claims_of_a_token_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
