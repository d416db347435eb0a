/* SPDX-License-Identifier: MIT */
#include "flow/preview.h"

#include <setjmp.h>
#include <cmocka.h>

static struct arena *a;

static int setup(void **state)
{
        (void) state;
        a = arena_new();
        return 0;
}

static int teardown(void **state)
{
        (void) state;
        arena_free(a);
        return 0;
}

static void preview_shows_each_part_what_was_changed_and_the_way_back(void **state)
{
        static const char *const changes[] = { "salutation left out: Dear Ms Miller,", "closing left out: Regards, / Ada" };
        static const char *const parts[] = { "@alice One.\n\nTwo. (1/2)", "@alice Three. (2/2)" };
        static const uint64_t lengths[] = { 478, 19 };
        static const struct plain plain = { .changes = changes, .n_changes = 2 };
        static const struct preview p = { .plain = &plain, .parts = parts, .lengths = lengths, .n_parts = 2, .max = 500,
                                          .unit = TEXT_GRAPHEMES, .hold_usec = 30 * USEC_PER_SEC };
        (void) state;

        assert_string_equal(preview_text(a, &p),
                            "This will be posted in 30 seconds:\n"
                            "\n"
                            "Part 1 of 2, 478 of 500 characters:\n"
                            "\n"
                            "@alice One.\n"
                            "\n"
                            "Two. (1/2)\n"
                            "\n"
                            "Part 2 of 2, 19 of 500 characters:\n"
                            "\n"
                            "@alice Three. (2/2)\n"
                            "\n"
                            "What was changed:\n"
                            "\n"
                            "- salutation left out: Dear Ms Miller,\n"
                            "- closing left out: Regards, / Ada\n"
                            "\n"
                            "To take it back, within 30 seconds: write an internal note whose first line is !stop, or make your"
                            " note internal.");
}

static void preview_of_little_says_little(void **state)
{
        const struct plain plain = { 0 };
        const char *const parts[] = { "Hi" };
        const uint64_t lengths[] = { 2 };
        struct preview p = { .plain = &plain, .parts = parts, .lengths = lengths, .n_parts = 1, .unit = TEXT_BYTES };
        (void) state;

        assert_string_equal(preview_text(a, &p), "This is posted at once:\n\nIn one post, 2 bytes:\n\nHi\n\n"
                                                 "It cannot be taken back from here, as no time to hold replies is set.");
        p.hold_usec = USEC_PER_SEC;
        p.unit = TEXT_X_WEIGHTED;
        p.max = 280;
        assert_string_equal(preview_text(a, &p),
                            "This will be posted in 1 second:\n\nIn one post, 2 of 280 characters as X weighs them:\n\nHi\n\n"
                            "To take it back, within 1 second: write an internal note whose first line is"
                            " !stop, or make your note internal.");
        p.hold_usec = 10 * USEC_PER_MINUTE;
        assert_non_null(strstr(preview_text(a, &p), "posted in 10 minutes:"));
        p.hold_usec = 90 * USEC_PER_SEC;
        assert_non_null(strstr(preview_text(a, &p), "posted in 90 seconds:"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(preview_shows_each_part_what_was_changed_and_the_way_back, setup, teardown),
                cmocka_unit_test_setup_teardown(preview_of_little_says_little, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
