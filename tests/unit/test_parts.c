/* SPDX-License-Identifier: MIT */
#include "flow/parts.h"

#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>

#define FAMILY "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"
#define FLAG_DE "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
#define JA "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"        /* three characters */
#define STOP "\xe3\x80\x82"
#define ACUTE "\xcc\x81"
#define NBSP "\xc2\xa0"
#define PARTS_MAX 12

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

/* The shown text of both is the same, and each part stands in it as it is. */
static void assert_nothing_lost(const char *text, const char *const *parts, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                while (*text && !startswith(text, parts[i])) {
                        bool blank;
                        size_t size = text_special(text, &blank);

                        if (size == 0)
                                fail_msg("\"%s\" is lost before \"%s\"", text, parts[i]);
                        text += size;
                }
                assert_true(*text);
                text += strlen(parts[i]);
        }
        assert_int_equal(strspn(text, " \n\t"), strlen(text));
}

struct part_case {
        const char *text;
        uint64_t max;
        const char *parts[PARTS_MAX];
};

static void check(const struct part_case *c, const struct parts_rules *rules)
{
        struct parts_rules r = *rules;
        const char *const *parts, *reason = NULL;
        size_t n, wanted = 0;

        r.max = c->max;
        r.handle = strempty(r.handle);
        n = parts_split(a, c->text, &r, &parts, &reason);
        while (wanted < PARTS_MAX && c->parts[wanted])
                wanted++;
        for (size_t i = 0; i < n && i < wanted; i++)
                assert_string_equal(parts[i], c->parts[i]);
        if (n != wanted)
                fail_msg("\"%s\": %zu parts, not %zu (%s)", c->text, n, wanted, strempty(reason));
        for (size_t i = 0; i < n; i++)
                assert_true(parts_length(&r, parts[i]) <= c->max);
}

static void text_is_cut_at_the_best_place_that_costs_no_part_more(void **state)
{
        static const struct part_case cases[] = {
                { "one two", 7, { "one two" } },
                { "one two  ", 9, { "one two  " } },                           /* what fits is left as it is */
                { "one two  ", 7, { "one two" } },
                { "one two", 6, { "one", "two" } },
                { "one two three four", 10, { "one two", "three four" } },
                { "One. Two three. Four", 16, { "One. Two three.", "Four" } },
                { "One two. Three four five", 20, { "One two.", "Three four five" } },
                { "One two? Three four five", 20, { "One two?", "Three four five" } },
                { "One (two!) three four", 18, { "One (two!)", "three four" } },
                { "Ask Dr. Miller for it now", 22, { "Ask Dr. Miller for it", "now" } },
                { "Do it, e.g. Now or then ok", 22, { "Do it, e.g. Now or", "then ok" } },
                { "We did it. Now go on there", 22, { "We did it.", "Now go on there" } },
                { "One. Two\nthree four five", 20, { "One. Two", "three four five" } },
                { "One.\nTwo\n\nthree four five", 22, { "One.\nTwo", "three four five" } },
                /* behind "One" it would be three */
                { "One\n\nTwo three. Four five six", 22, { "One\n\nTwo three.", "Four five six" } },
                { "a b c d e f", 3, { "a b", "c d", "e f" } },
                { "one\n  - two", 8, { "one", "- two" } },
                { "one" NBSP "two three", 9, { "one" NBSP "two", "three" } },
                { "up-to-date and/or", 12, { "up-to-date", "and/or" } },
                { "one \xe2\x80\x94 two", 6, { "one \xe2\x80\x94", "two" } },
        };
        static const struct parts_rules r = { .unit = TEXT_GRAPHEMES };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check(&cases[i], &r);
}

static void scripts_without_blanks_are_cut_between_characters(void **state)
{
        static const struct part_case cases[] = {
                { JA JA, 4, { JA "\xe6\x97\xa5", "\xe6\x9c\xac\xe8\xaa\x9e" } },
                { JA STOP JA, 5, { JA STOP, JA } },
                /* no part begins with a full stop */
                { JA STOP JA, 3, { "\xe6\x97\xa5\xe6\x9c\xac", "\xe8\xaa\x9e" STOP, JA } },
                { JA "abc" JA, 6, { JA "abc", JA } },
                { "abc" JA, 3, { "abc", JA } },
                { "\xe0\xb8\x81\xe0\xb8\xb3 \xe0\xb8\x81", 2, { "\xe0\xb8\x81\xe0\xb8\xb3", "\xe0\xb8\x81" } },
        };
        static const struct parts_rules r = { .unit = TEXT_GRAPHEMES };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check(&cases[i], &r);
}

static void graphemes_urls_and_handles_stay_whole(void **state)
{
        static const struct part_case cases[] = {
                { FAMILY FAMILY FAMILY, 10, { FAMILY FAMILY, FAMILY } },
                { FLAG_DE FLAG_DE FLAG_DE, 4, { FLAG_DE FLAG_DE, FLAG_DE } },
                { FAMILY FAMILY, 4, { NULL } },
                { "ae" ACUTE " b", 3, { "ae" ACUTE, "b" } },
                { "a " ACUTE "b c", 5, { "a " ACUTE "b", "c" } },              /* a mark on a blank is no white space */
                { "\xd8\x80" JA, 3, { "\xd8\x80\xe6\x97\xa5\xe6\x9c\xac", "\xe8\xaa\x9e" } },
                { "\xd8\x80" JA, 1, { NULL } },                               /* the sign of a number and the number */
                { "see https://a.example/b-c?d=e now", 26, { "see", "https://a.example/b-c?d=e", "now" } },
                { "see https://a.example/b-c?d=e now", 24, { NULL } },
                { "see a.example/b-c?d=e-f/g now", 21, { "see", "a.example/b-c?d=e-f/g", "now" } },
                { "see https://a.example/" JA "/" JA " ok", 25, { "see", "https://a.example/" JA "/" JA, "ok" } },
                { JA "@ann-b@a-b.example" JA, 20, { NULL } },
                { "hi @ann@" JA ".example", 16, { "hi", "@ann@" JA ".example" } },
                { "mail ann@" JA ".example", 15, { "mail", "ann@" JA ".example" } },
                { "@ann-lee " JA, 9, { "@ann-lee", JA } },
                { "a.de" JA " " JA, 7, { "a.de" JA, JA } },
                { "a.de" JA JA, 6, { "a.de\xe6\x97\xa5\xe6\x9c\xac", "\xe8\xaa\x9e" JA } },
                { "a.de" JA JA, 4, { NULL } },
                { "@ann" JA JA, 7, { "@ann" JA, JA } },
        };
        static const struct parts_rules r = { .unit = TEXT_CODE_POINTS };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check(&cases[i], &r);
}

static void each_unit_and_discount_counts(void **state)
{
        static const struct {
                struct parts_rules r;
                struct part_case c;
        } cases[] = {
                { { .unit = TEXT_BYTES }, { JA " " JA, 9, { JA, JA } } },
                { { .unit = TEXT_UTF16 }, { FAMILY " " FAMILY, 8, { FAMILY, FAMILY } } },
                { { .unit = TEXT_X_WEIGHTED }, { FAMILY " " FAMILY JA, 6, { FAMILY " " FAMILY, JA } } },
                { { .unit = TEXT_X_WEIGHTED, .url_length = 23 }, { "see a.example now", 23, { "see", "a.example", "now" } } },
                { { .unit = TEXT_GRAPHEMES, .url_length = 23 }, { "go https://a.example/a/long/way/that/is/not/counted on", 29,
                    { "go https://a.example/a/long/way/that/is/not/counted on" } } },
                { { .unit = TEXT_GRAPHEMES, .url_length = 23 }, { "go https://a.example/a/long/way/that/is/not/counted on", 27,
                    { "go https://a.example/a/long/way/that/is/not/counted", "on" } } },
                { { .unit = TEXT_GRAPHEMES, .url_length = 23 }, { "go http://a.example", 22, { NULL } } },
                { { .unit = TEXT_GRAPHEMES, .handle_is_local = true },
                  { "hi @ann@a.example all", 11, { "hi @ann@a.example all" } } },
                { { .unit = TEXT_GRAPHEMES, .handle_is_local = true },
                  { "hi @ann@a.example all", 10, { "hi @ann@a.example", "all" } } },
                { { .unit = TEXT_GRAPHEMES, .overhead = 4 }, { "one two", 10, { "one", "two" } } },
                { { .unit = TEXT_GRAPHEMES, .overhead = 4 }, { "one two", 6, { NULL } } },
                { { .unit = TEXT_GRAPHEMES, .overhead = 40 }, { "one two", 6, { NULL } } },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check(&cases[i].c, &cases[i].r);
}

static void parts_are_numbered_and_the_numbers_count(void **state)
{
        static const struct part_case cases[] = {
                { "one two", 7, { "one two" } },
                { "one two", 6, { NULL } },
                { "one two fou", 9, { "one (1/3)", "two (2/3)", "fou (3/3)" } },
                { "a b c d e f g h i", 7,
                  { "a (1/9)", "b (2/9)", "c (3/9)", "d (4/9)", "e (5/9)", "f (6/9)", "g (7/9)", "h (8/9)", "i (9/9)" } },
                { "a b c d e f g h i j", 8, { NULL } },                        /* with 2 digits there is no room for any */
                { "a b c d e f g h i j", 9, { "a b (1/5)", "c d (2/5)", "e f (3/5)", "g h (4/5)", "i j (5/5)" } },
                { "aa bb cc dd ee ff gg hh ii jj", 10, { "aa (1/10)", "bb (2/10)", "cc (3/10)", "dd (4/10)", "ee (5/10)",
                                                         "ff (6/10)",
                                                         "gg (7/10)", "hh (8/10)", "ii (9/10)", "jj (10/10)" } },
        };
        static const struct parts_rules r = { .unit = TEXT_GRAPHEMES, .numbered = true };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check(&cases[i], &r);
}

static void each_part_names_who_is_answered(void **state)
{
        static const struct part_case cases[] = {
                { "one", 14, { "@ann@a.example one" } },
                { "one @ann two", 12, { "one @ann two" } },
                { "one two", 10, { "@ann@a.example one", "@ann@a.example two" } },
                { "@ann one two six", 10, { "@ann one", "@ann@a.example two", "@ann@a.example six" } },
                { "one two @ann", 10, { "@ann@a.example one", "@ann@a.example two", "@ann" } },
        };
        static const struct parts_rules r = { .unit = TEXT_GRAPHEMES, .handle = "@ann@a.example", .handle_is_local = true };
        static const struct parts_rules numbered = {
                .unit = TEXT_GRAPHEMES, .handle = "@ann@a.example", .handle_is_local = true, .numbered = true,
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check(&cases[i], &r);
        check(&(struct part_case) { "one two six", 15, { "@ann@a.example one (1/3)", "@ann@a.example two (2/3)",
                                                         "@ann@a.example six (3/3)" } }, &numbered);
}

/* Bluesky: 300 characters, and 3000 bytes. */
static void bytes_count_besides_the_characters(void **state)
{
        static const struct parts_rules r = { .unit = TEXT_GRAPHEMES, .handle = "", .bytes_max = 40 };
        static const struct parts_rules numbered = {
                .unit = TEXT_GRAPHEMES, .handle = "@ann", .bytes_max = 60, .numbered = true,
        };
        (void) state;

        check(&(struct part_case) { "one two three four", 20, { "one two three four" } }, &r);
        check(&(struct part_case) { FAMILY FAMILY " " FAMILY, 20, { FAMILY FAMILY, FAMILY } }, &r);
        check(&(struct part_case) { "e" ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE
                                    ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE,
                                    20, { NULL } }, &r);
        check(&(struct part_case) { FAMILY " " FAMILY " " FAMILY, 30, {
                "@ann " FAMILY " " FAMILY " (1/2)", "@ann " FAMILY " (2/2)" } }, &numbered);
}

static void reasons_say_what_is_in_the_way(void **state)
{
        struct parts_rules r = { .unit = TEXT_GRAPHEMES, .max = 20, .handle = "", .parts_max = 2, .numbered = true };
        const char *const *parts, *reason = "";
        (void) state;

        assert_int_equal(parts_split(a, "look at https://a.example/a/long/way there", &r, &parts, &reason), 0);
        assert_string_equal(reason, "it has to be split, and \"https://a.example/a/long/way\" cannot be: that has 28 characters, "
                                    "and a part has room for 14");
        assert_int_equal(parts_split(a, "one two three four five six seven", &r, &parts, &reason), 0);
        assert_string_equal(reason, "it would take 3 parts, and 2 are allowed");
        assert_int_equal(parts_split(a, "                              ", &r, &parts, &reason), 0);
        assert_string_equal(reason, "it has no text");
        r.parts_max = 0;
        assert_int_equal(parts_split(a, "one two three four five six seven", &r, &parts, &reason), 3);
        r.max = 0;
        assert_int_equal(parts_split(a, "one two three four five six seven", &r, &parts, &reason), 1);
}

/* Each length from the longest piece to the whole: nothing is lost, no part is empty or too long, and more room never takes more
 * parts. */
static void nothing_is_lost_whatever_the_length(void **state)
{
        static const char *const texts[] = {
                "Hello. This is a longer text, with https://a.example/a/url?x=y and @ann@a.example in it.\n\nAnd a list:\n-"
                " one\n- two  three\n"
                "\n  " JA JA STOP JA " " FAMILY FLAG_DE " e" ACUTE "nd.",
                "Sehr lange W\xc3\xb6rter: Donaudampfschifffahrtsgesellschaft. Z. B. am 3. Mai. \xe2\x80\x9eUnd?\xe2\x80\x9c Ja.",
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                for (int unit = TEXT_GRAPHEMES; unit <= TEXT_X_WEIGHTED; unit++) {
                        struct parts_rules r = { .unit = (enum text_unit) unit, .handle = "" };
                        size_t last = SIZE_MAX;

                        for (r.max = 1; r.max <= strlen(texts[i]); r.max++) {
                                const char *const *parts, *reason;
                                size_t n = parts_split(a, texts[i], &r, &parts, &reason);

                                if (n == 0) {
                                        assert_int_equal(last, SIZE_MAX);
                                        continue;
                                }
                                assert_nothing_lost(texts[i], parts, n);
                                for (size_t k = 0; k < n; k++)
                                        assert_true(parts_length(&r, parts[k]) <= r.max && strcspn(parts[k], " \n") > 0);
                                assert_true(n <= last);
                                last = n;
                        }
                        assert_int_equal(last, 1);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(text_is_cut_at_the_best_place_that_costs_no_part_more, setup, teardown),
                cmocka_unit_test_setup_teardown(scripts_without_blanks_are_cut_between_characters, setup, teardown),
                cmocka_unit_test_setup_teardown(graphemes_urls_and_handles_stay_whole, setup, teardown),
                cmocka_unit_test_setup_teardown(each_unit_and_discount_counts, setup, teardown),
                cmocka_unit_test_setup_teardown(parts_are_numbered_and_the_numbers_count, setup, teardown),
                cmocka_unit_test_setup_teardown(each_part_names_who_is_answered, setup, teardown),
                cmocka_unit_test_setup_teardown(bytes_count_besides_the_characters, setup, teardown),
                cmocka_unit_test_setup_teardown(reasons_say_what_is_in_the_way, setup, teardown),
                cmocka_unit_test_setup_teardown(nothing_is_lost_whatever_the_length, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
