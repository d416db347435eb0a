/* SPDX-License-Identifier: MIT */
#include "base/jsonguard.h"

#include "base/buffer.h"

#include <setjmp.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <sys/resource.h>

#define guarded(text) guarded_n(text, sizeof(text) - 1)

/* What the parser gets; "" if nothing.  Malloced. */
static char *guarded_n(const char *text, size_t size)
{
        char *mended = NULL;
        size_t n = 0;

        if (!jsonguard(text, size, &mended, &n)) {
                assert_null(mended);
                return xstrdup("");
        }
        if (mended)
                assert_int_equal(strlen(mended), n);
        return mended ? mended : xstrndup(text, size);
}

#define expect(text, wanted)                               \
        do {                                               \
                _cleanup_free_ char *got = guarded(text);  \
                assert_string_equal(got, wanted);          \
        } while (0)

static void sound_json_is_not_copied(void **state)
{
        static const char text[] = "{\"a\": [1, -2.5e+3, true, null, \"b\\\\\\\"\\u00e9\", {}, []],"
                                   "\r\n\t\"c\":9999999999999999999}";
        char *mended;
        size_t n;
        (void) state;

        assert_true(jsonguard(text, sizeof text - 1, &mended, &n));
        assert_null(mended);
        assert_true(jsonguard("", 0, &mended, &n));
        assert_null(mended);
}

static void nul_neither_ends_a_string_nor_the_text(void **state)
{
        (void) state;
        expect("[\"a\\u0000b\", \"\\\\u0000\", \"\\\\\\u0000\"]", "[\"a\\ufffdb\", \"\\\\u0000\", \"\\\\\\ufffd\"]");
        expect("[\"a\0b\",\0 1]", "[\"a\\ufffdb\",  1]");
        expect("[\"a\\\0b\"]", "[\"a\\ufffdb\"]");
}

static void integers_that_no_type_holds_are_strings(void **state)
{
        (void) state;
        expect("[18446744073709551616,-10000000000000000000, 1]", "[\"18446744073709551616\",\"-10000000000000000000\", 1]");
        expect("{\"id\":12345678901234567890123}", "{\"id\":\"12345678901234567890123\"}");
        expect("[1.2345678901234567890123, 123456789012345678901e3]", "[1.2345678901234567890123, 123456789012345678901e3]");
        expect("99999999999999999999", "\"99999999999999999999\"");
}

static void nest(struct buffer *b, size_t depth, const char *open, const char *within, const char *close)
{
        for (size_t i = 0; i < depth; i++)
                (void) buffer_append_str(b, open);
        (void) buffer_append_str(b, within);
        for (size_t i = 0; i < depth; i++)
                (void) buffer_append_str(b, close);
}

static void what_is_too_deep_is_null_and_the_rest_is_there(void **state)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX), wanted = BUFFER_INIT(SIZE_MAX);
        _cleanup_free_ char *got = NULL;
        (void) state;

        (void) buffer_append_str(&b, "[1,");
        nest(&b, 100000, "{\"a\":[", "\"]}\\u0000\", 123456789012345678901234", "]}");
        (void) buffer_append_str(&b, ",2,\"\\u0000\"]");
        (void) buffer_append_str(&wanted, "[1,");
        nest(&wanted, 29, "{\"a\":[", "{\"a\":null}", "]}");
        (void) buffer_append_str(&wanted, ",2,\"\\ufffd\"]");
        got = guarded_n(buffer_str(&b), b.size);
        assert_string_equal(got, buffer_str(&wanted));
}

static void the_deepest_that_is_let_through_is_parsed(void **state)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);
        struct json_tokener *tok = json_tokener_new_ex(JSONGUARD_DEPTH_MAX + 4);
        _cleanup_free_ char *got = NULL;
        struct json_object *json;
        (void) state;

        nest(&b, 1000, "[", "", "]");
        got = guarded_n(buffer_str(&b), b.size);
        json = json_tokener_parse_ex(tok, got, (int) strlen(got));
        assert_non_null(json);
        (void) json_object_put(json);
        json_tokener_free(tok);
}

static void what_never_ends_or_is_no_json_is_refused(void **state)
{
        (void) state;
        expect("{\"a", "");
        expect("{\"a\\", "");
        expect("[1] /* \" */", "");
        expect("['a']", "");
        expect("<html>", "");
        expect("\xef\xbb\xbf[1]", "");
        /* Left to the parser. */
        expect("[[[", "[[[");
        expect("]}]", "]}]");
}

static void what_may_be_parsed_is_small_in_memory(void **state)
{
        static const char *const units[] = { "{},", "[],", "0,", "\"\",", "{\"a\":0}," };
        struct rusage before, after;
        (void) state;

        (void) getrusage(RUSAGE_SELF, &before);
        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                for (size_t size = 16 * 1024; size <= 8 * 1024 * 1024; size *= 2) {
                        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);
                        struct json_tokener *tok = json_tokener_new();
                        struct json_object *json;
                        char *mended;
                        size_t n;

                        (void) buffer_append_str(&b, "[");
                        while (b.size < size)
                                (void) buffer_append_str(&b, units[i]);
                        (void) buffer_append_str(&b, "0]");
                        if (jsonguard(buffer_str(&b), b.size, &mended, &n)) {
                                assert_null(mended);
                                json = json_tokener_parse_ex(tok, buffer_str(&b), (int) b.size);
                                assert_non_null(json);
                                (void) json_object_put(json);
                        } else {
                                assert_true(size >= 256 * 1024);
                        }
                        json_tokener_free(tok);
                }
        (void) getrusage(RUSAGE_SELF, &after);
        /* Sanitizers and valgrind take some times as much, and AddressSanitizer keeps 256 MB of what was given back. */
        assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 750 * 1024);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sound_json_is_not_copied),
                cmocka_unit_test(nul_neither_ends_a_string_nor_the_text),
                cmocka_unit_test(integers_that_no_type_holds_are_strings),
                cmocka_unit_test(what_is_too_deep_is_null_and_the_rest_is_there),
                cmocka_unit_test(the_deepest_that_is_let_through_is_parsed),
                cmocka_unit_test(what_never_ends_or_is_no_json_is_refused),
                cmocka_unit_test(what_may_be_parsed_is_small_in_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
