/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>

static void what_does_not_fit_is_refused_whole(void **state)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(5);
        (void) state;

        assert_int_equal(buffer_append_str(&b, "abc"), 0);
        assert_int_equal(buffer_append_str(&b, "def"), -EFBIG);
        assert_int_equal(buffer_printf(&b, "%d", 123), -EFBIG);
        assert_string_equal(buffer_str(&b), "abc");
        assert_int_equal(buffer_append(&b, "de", 2), 0);
        assert_string_equal(buffer_str(&b), "abcde");
        assert_int_equal(buffer_append(&b, "", 0), 0);
        assert_int_equal(buffer_append(&b, "", 1), -EFBIG);
        assert_true(b.allocated <= 6);
}

static void empty_buffer_is_an_empty_string(void **state)
{
        struct buffer b = BUFFER_INIT(10);
        (void) state;

        assert_string_equal(buffer_str(&b), "");
        _cleanup_free_ char *taken = buffer_take(&b);
        assert_string_equal(taken, "");
        buffer_consume(&b, 3);
        assert_int_equal(buffer_append(&b, NULL, 0), 0);
        assert_null(b.data);
}

static void consume_drops_from_the_front(void **state)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(100);
        (void) state;

        assert_int_equal(buffer_printf(&b, "%s %d", "hello", 42), 0);
        buffer_consume(&b, 6);
        assert_string_equal(buffer_str(&b), "42");
        assert_int_equal(b.size, 2);
        buffer_consume(&b, 1000);
        assert_string_equal(buffer_str(&b), "");
        assert_int_equal(b.size, 0);
        assert_int_equal(buffer_append(&b, "a\0b", 3), 0);
        assert_memory_equal(b.data, "a\0b", 4);
}

static void emptied_large_buffer_gives_its_memory_back(void **state)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(1 << 20);
        (void) state;

        for (int i = 0; i < 200000; i++)
                assert_int_equal(buffer_append(&b, "x", 1), 0);
        buffer_consume(&b, b.size);
        assert_int_equal(b.allocated, 0);
        assert_int_equal(b.max, 1 << 20);
}

static void take_hands_over_and_keeps_the_maximum(void **state)
{
        struct buffer b = BUFFER_INIT(4);
        (void) state;

        assert_int_equal(buffer_append_str(&b, "abcd"), 0);
        _cleanup_free_ char *s = buffer_take(&b);
        assert_string_equal(s, "abcd");
        assert_null(b.data);
        assert_int_equal(b.size, 0);
        assert_int_equal(buffer_append_str(&b, "abcde"), -EFBIG);
        assert_int_equal(buffer_append_str(&b, "efgh"), 0);
        buffer_done(&b);
        assert_int_equal(b.max, 4);
}

static void printed_text_of_any_length_is_whole_or_refused(void **state)
{
        (void) state;

        for (int size = 0; size < 1100; size++) {
                _cleanup_buffer_ struct buffer b = BUFFER_INIT(1010);
                _cleanup_free_ char *expected = xasprintf("front %0*d", size, 1);
                int r;

                assert_int_equal(buffer_printf(&b, "%s", "front "), 0);
                r = buffer_printf(&b, "%0*d", size, 1);
                assert_int_equal(r, strlen(expected) > 1010 ? -EFBIG : 0);
                assert_string_equal(buffer_str(&b), r < 0 ? "front " : expected);
                assert_int_equal(b.size, strlen(buffer_str(&b)));
                assert_true(b.allocated <= 1011);
        }
}

static void no_maximum_does_not_overflow(void **state)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);
        (void) state;

        assert_int_equal(buffer_append_str(&b, "abc"), 0);
        assert_int_equal(buffer_append(&b, "x", SIZE_MAX - 2), -EFBIG);
        assert_string_equal(buffer_str(&b), "abc");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_does_not_fit_is_refused_whole),
                cmocka_unit_test(empty_buffer_is_an_empty_string),
                cmocka_unit_test(consume_drops_from_the_front),
                cmocka_unit_test(emptied_large_buffer_gives_its_memory_back),
                cmocka_unit_test(take_hands_over_and_keeps_the_maximum),
                cmocka_unit_test(printed_text_of_any_length_is_whole_or_refused),
                cmocka_unit_test(no_maximum_does_not_overflow),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
