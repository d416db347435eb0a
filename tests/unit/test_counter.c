/* SPDX-License-Identifier: MIT */
#include "base/counter.h"

#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

static int reset(void **state)
{
        (void) state;
        counter_reset();
        return 0;
}

static void counts_apart_by_name_instance_and_label(void **state)
{
        (void) state;

        assert_int_equal(counter_get("a", "b", "c"), 0);
        counter_add("a", "b", "c", 2);
        counter_add("a", "b", "c", 3);
        counter_add("ab", "", "c", 10);
        counter_add("a", NULL, "bc", 20);
        assert_int_equal(counter_get("a", "b", "c"), 5);
        assert_int_equal(counter_get("ab", NULL, "c"), 10);
        assert_int_equal(counter_get("a", "", "bc"), 20);
        assert_int_equal(counter_get("a", "", ""), 0);
}

static void collect(const char *name, const char *instance, const char *label, uint64_t value, void *data)
{
        char *text = data;

        sprintf(text + strlen(text), "%s/%s/%s=%d ", name, instance, label, (int) value);
        counter_add("added while walking", instance, label, 1);
}

static void each_comes_in_the_order_of_first_use(void **state)
{
        char text[4096] = "";
        (void) state;

        counter_add("z", "i", "", 1);
        counter_add("a", "i", "ok", 0);
        counter_add("z", "i", "", 1);
        counter_each(collect, text);
        assert_true(startswith(text, "z/i/=2 a/i/ok=0 added while walking/i/=1 "));
}

static void many_are_found_again_and_too_many_end_in_other(void **state)
{
        char label[32];
        (void) state;

        for (int i = 0; i < 20000; i++) {
                snprintf(label, sizeof(label), "%d", i);
                counter_add("requests", "x", label, (uint64_t) i);
        }
        for (int i = 0; i < 16384; i++) {
                snprintf(label, sizeof(label), "%d", i);
                assert_int_equal(counter_get("requests", "x", label), i);
        }
        assert_int_equal(counter_get("requests", "x", "19999"), 0);
        assert_int_equal(counter_get("requests", "", "other"), (19999u + 16384) * (20000 - 16384) / 2);
        counter_reset();
        assert_int_equal(counter_get("requests", "x", "5"), 0);
}

static void delays_are_counted_up_to_each_bound(void **state)
{
        const struct counter_delay *d = counter_delay();
        (void) state;

        counter_late(0);
        counter_late(counter_delay_bounds[0]);
        counter_late(counter_delay_bounds[0] + 1);
        counter_late(USEC_PER_HOUR);
        assert_int_equal(d->n, 4);
        assert_int_equal(d->within[0], 2);
        assert_int_equal(d->within[1], 3);
        assert_int_equal(d->within[ELEMENTSOF(d->within) - 1], 3);
        assert_int_equal(d->sum_usec, 2 * counter_delay_bounds[0] + 1 + USEC_PER_HOUR);
        assert_int_equal(d->max_usec, USEC_PER_HOUR);
        counter_reset();
        assert_int_equal(d->n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(counts_apart_by_name_instance_and_label, reset),
                cmocka_unit_test_setup(each_comes_in_the_order_of_first_use, reset),
                cmocka_unit_test_setup(many_are_found_again_and_too_many_end_in_other, reset),
                cmocka_unit_test_setup(delays_are_counted_up_to_each_bound, reset),
        };
        int r = cmocka_run_group_tests(tests, NULL, NULL);

        counter_reset();
        return r;
}
