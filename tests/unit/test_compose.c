/* SPDX-License-Identifier: MIT */
#include "flow/compose.h"

#include "base/text.h"

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

static void put_json(void *o)
{
        (void) json_object_put(o);
}

static struct json_object *json(const char *text)
{
        struct json_object *o = json_tokener_parse(text);

        assert_non_null(o);
        return arena_own(a, o, put_json);
}

static char *repeat(const char *what, size_t n)
{
        size_t size = strlen(what);
        char *s = arena_alloc(a, n * size + 1);

        for (size_t i = 0; i < n; i++)
                memcpy(s + i * size, what, size);
        return s;
}

/* --- Keys --- */

static void key_names_channel_and_id(void **state)
{
        (void) state;
        assert_string_equal(compose_key(a, "brand", "42"), "brand:42");
        assert_string_equal(compose_key(a, "brand", "https://x/u*s r"), "brand:https%3A%2F%2Fx%2Fu%2As%20r");
}

static void key_of_a_branch_differs_from_those_of_its_root(void **state)
{
        const char *first = repeat("x", 150), *root = repeat("y", 150);

        (void) state;
        assert_string_equal(compose_branch_key(a, "brand", "a/1", "2+"), "brand:a%2F1+2%2B");
        assert_int_equal(strlen(compose_branch_key(a, "brand", first, root)), 200);
        assert_string_not_equal(compose_branch_key(a, "brand", first, root),
                                compose_branch_key(a, "brand", first, repeat("y", 151)));
        assert_string_not_equal(compose_branch_key(a, "brand", first, root), compose_thread_key(a, "brand", first, root));
}

static void key_of_a_thread_names_the_first_that_it_goes_on_from(void **state)
{
        (void) state;
        assert_string_equal(compose_thread_key(a, "brand", "1", "1"), "brand:1");
        assert_string_equal(compose_thread_key(a, "brand", "a/1", "2>"), "brand:a%2F1>2%3E");
        assert_string_equal(compose_thread_key(a, "brand", repeat("x", 96), repeat("y", 96)),
                            arena_printf(a, "brand:%s>%s", repeat("x", 96), repeat("y", 96)));
        assert_string_equal(compose_thread_key(a, "brand", repeat("x", 97), repeat("y", 96)),
                            compose_key(a, "brand", repeat("y", 96)));
}

static void key_of_a_long_id_is_cut_and_stays_its_own(void **state)
{
        const char *one = compose_key(a, "brand", repeat("x", 500)), *same = compose_key(a, "brand", repeat("x", 500));
        const char *other = compose_key(a, "brand", repeat("x", 501)), *fits = compose_key(a, "brand", repeat("x", 194));
        const char *foreign = compose_key(a, "brand", repeat("\xc3\xa9* ", 100));

        (void) state;
        assert_int_equal(strlen(fits), 200);
        assert_null(strchr(fits, '~'));
        assert_int_equal(strlen(one), 200);
        assert_string_equal(one, same);
        assert_string_not_equal(one, other);
        assert_int_equal(strlen(foreign), 200);
        for (const char *p = foreign; *p; p++)
                assert_true(*p > 0x20 && *p < 0x7f && *p != '*');
}

/* --- Author and title --- */

static void author_is_a_name_without_signs_that_a_helpdesk_takes_amiss(void **state)
{
        (void) state;
        assert_string_equal(compose_author(a, json("{\"author\":{\"name\":\"Alice\",\"handle\":\"@alice@example\"}}")), "Alice");
        assert_string_equal(compose_author(a, json("{\"author\":{\"name\":\"A@b <c>, \\\"d\\\"\",\"handle\":\"@x\"}}")),
                            "Ab c d");
        assert_string_equal(compose_author(a, json("{\"author\":{\"handle\":\"@alice@example\"}}")), "aliceexample");
        assert_string_equal(compose_author(a, json("{\"author\":{\"name\":\"@@@\",\"handle\":\"@@\"}}")), "Unknown");
        assert_string_equal(compose_author(a, json("{}")), "Unknown");
        assert_int_equal(text_length(compose_author(a, json(arena_printf(a, "{\"author\":{\"name\":\"%s\"}}",
                                                                         repeat("\xc3\xa9", 200)))),
                                     TEXT_GRAPHEMES),
                         60);
}

static void title_is_the_beginning_of_the_text_in_one_line(void **state)
{
        (void) state;
        assert_string_equal(compose_title(a, json("{\"text\":\"@brand Where is my order?\\nIt was on time once.\"}")),
                            "Where is my order?");
        assert_string_equal(compose_title(a, json("{\"text\":\"\",\"author\":{\"name\":\"Alice\"}}")), "Post by Alice");
        assert_int_equal(text_length(compose_title(a, json(arena_printf(a, "{\"text\":\"%s\"}", repeat("long ", 100)))),
                                     TEXT_GRAPHEMES)
                                 <= 80,
                         1);
        assert_null(strchr(compose_title(a, json("{\"text\":\"a\\tb\\r\\nc\"}")), '\n'));
}

/* --- Articles --- */

static const struct store_author unknown;

static void article_has_all_parts_in_order(void **state)
{
        static struct store_ticket earlier[] = { { "9", "10009", "https://desk/9" }, { "7", "10007", "" } };
        static const struct store_author known = { .earlier = earlier, .n_earlier = 2 };
        struct json_object *m = json(
                "{\"visibility\":1,\"url\":\"https://x/1\",\"text\":\"Hello\\nworld\",\"warning\":\"food\","
                "\"author\":{\"handle\":\"@alice@example\",\"name\":\"Alice\",\"url\":\"https://x/@alice\",\"followers\":1,"
                "\"verified\":true,\"bot\":true,\"created\":1571000000000000},"
                "\"media\":[{\"url\":\"https://x/a.png\",\"type\":\"image/png\",\"description\":\"a"
                " cat\"},{\"url\":\"https://x/b\"}],"
                "\"quotes\":[{\"handle\":\"@bob\",\"text\":\"one\\ntwo\",\"url\":\"https://x/0\"},{\"handle\":\"@eve\","
                "\"text\":\"three\"}],\"left_out\":1}");

        (void) state;
        assert_string_equal(compose_article(a, m, INT64_C(1795312995000000), "Not attached: https://x/b (why)", &known),
                            "Content warning: food\n\n"
                            "Hello\nworld\n\n-- \n"
                            "From: Alice (@alice@example), 1 follower, verified, since 2019, 7 years, a bot\n"
                            "Profile: https://x/@alice\n"
                            "Earlier tickets: 2\n"
                            "- 10009, https://desk/9\n"
                            "- 10007\n"
                            "Post: https://x/1\n"
                            "Written: 2026-11-22 02:03:15 UTC\n"
                            "Public\n"
                            "\nimage/png: https://x/a.png\n  (a cat)\nMedia: https://x/b\n"
                            "Not attached: https://x/b (why)\n\n"
                            "In answer to @bob:\n> one\n> two\nhttps://x/0\n\n"
                            "(1 post between)\n\n"
                            "In answer to @eve:\n> three");
        assert_string_equal(compose_article(a, m, INT64_C(1795312995000000), "", NULL),
                            "Content warning: food\n\n"
                            "Hello\nworld\n\n-- \n"
                            "From: @alice@example\n"
                            "Post: https://x/1\n"
                            "Written: 2026-11-22 02:03:15 UTC\n"
                            "Public\n"
                            "\nimage/png: https://x/a.png\n  (a cat)\nMedia: https://x/b\n\n"
                            "In answer to @bob:\n> one\n> two\nhttps://x/0\n\n"
                            "(1 post between)\n\n"
                            "In answer to @eve:\n> three");
}

static void what_stands_above_a_post_is_quoted_unless_more_is_known(void **state)
{
#define SHOES "\"visibility\":1,\"text\":\"How much?\",\"author\":{\"handle\":\"9\",\"name\":\"Ann\"}," \
              "\"above\":{\"id\":\"0\",\"handle\":\"7\",\"name\":\"The Shop\",\"text\":\"New shoes\\nin" \
              " red\",\"url\":\"https://x/0\"}"
        (void) state;
        assert_string_equal(compose_article(a, json("{" SHOES "}"), 0, "", &unknown),
                            "How much?\n\n-- \nFrom: Ann (9)\nPublic\n\nBelow a post of The Shop:\n> New shoes\n> in"
                            " red\nhttps://x/0");
        assert_string_equal(compose_article(a, json("{" SHOES ",\"parent\":\"0\"}"), 0, "", NULL),
                            "How much?\n\n-- \nFrom: 9\nPublic\n\nIn answer to The Shop:\n> New shoes\n> in red\nhttps://x/0");
        assert_string_equal(compose_article(a,
                                            json("{" SHOES
                                                 ",\"quotes\":[{\"handle\":\"@b\",\"name\":\"Bob\",\"text\":\"Shoes!\"}]}"),
                                            0, "", NULL),
                            "How much?\n\n-- \nFrom: 9\nPublic\n\nIn answer to @b:\n> Shoes!");
}

static void article_of_little_says_little(void **state)
{
        (void) state;
        assert_string_equal(compose_article(a, json("{\"author\":{\"handle\":\"@a\"}}"), 0, "", &unknown),
                            "(no text)\n\n-- \nFrom: @a\nVisibility unknown");
        assert_non_null(strstr(compose_article(a, json("{\"visibility\":4}"), 0, "", &unknown),
                               "Direct: seen by those who are named in it only"));
        assert_non_null(strstr(compose_article(a, json("{\"visibility\":3}"), 0, "", &unknown), "For followers only"));
        assert_non_null(strstr(compose_article(a, json("{\"author\":{\"handle\":\"@a\",\"followers\":2000}}"), 0, "", &unknown),
                               "2000 followers"));
}

static const char *age(int64_t days)
{
        const int64_t written = INT64_C(1795312995000000);
        const char *mention = arena_printf(a, "{\"author\":{\"handle\":\"@a\",\"created\":%lld}}",
                                           (long long) (written - days * USEC_PER_DAY));
        const char *article = compose_article(a, json(mention), written, "", &unknown), *from = strstr(article, "@a");

        return arena_printf(a, "%.*s", (int) strcspn(from + 2, "\n"), from + 2);
}

static void age_of_an_account_is_told_in_days_months_and_years(void **state)
{
        (void) state;
        assert_string_equal(age(0), ", since 2026-11-22, 0 days");
        assert_string_equal(age(1), ", since 2026-11-21, 1 day");
        assert_string_equal(age(61), ", since 2026-09-22, 61 days");
        assert_string_equal(age(62), ", since 2026-09, 2 months");
        assert_string_equal(age(729), ", since 2024-11, 23 months");
        assert_string_equal(age(731), ", since 2024, 2 years");
        assert_string_equal(age(3653), ", since 2016, 10 years");
        assert_string_equal(age(-1), "");                /* by another clock */
        assert_null(strstr(compose_article(a, json("{\"author\":{\"handle\":\"@a\",\"created\":1}}"), 0, "", &unknown), "since"));
}

static void of_many_earlier_tickets_five_are_named(void **state)
{
        struct store_ticket earlier[STORE_EARLIER_MAX];
        struct store_author author = { .earlier = earlier, .n_earlier = 7 };
        const char *article;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(earlier); i++)
                earlier[i] = (struct store_ticket) { arena_printf(a, "%zu", 100 - i), "", "" };
        article = compose_article(a, json("{\"author\":{\"handle\":\"@a\"}}"), 0, "", &author);
        assert_non_null(strstr(article, "From: @a\nEarlier tickets: 7, the newest of them:\n"
                                        "- 100\n- 99\n- 98\n- 97\n- 96\nVisibility"));
        author = (struct store_author) { .earlier = earlier, .n_earlier = 49, .more = true };
        article = compose_article(a, json("{\"author\":{\"handle\":\"@a\"}}"), 0, "", &author);
        assert_non_null(strstr(article, "Earlier tickets: more than 49, the newest of them:\n- 100\n"));
}

static void long_quote_is_cut(void **state)
{
        const char *article =
                compose_article(a, json(arena_printf(a, "{\"quotes\":[{\"handle\":\"@b\",\"text\":\"%s\"}]}", repeat("q", 2000))),
                                0, "", &unknown);

        (void) state;
        assert_int_equal(strlen(strstr(article, "> ")), 2 + 499 + 3);
}

/* --- Replies --- */

static void reply_begins_with_the_handle_unless_it_names_it(void **state)
{
        static const struct {
                const char *text;
                bool named;
        } cases[] = {
                { "thank you", false },
                { "@alice@example thank you", true },
                { "@ALICE@Example thank you", true },
                { "@alice thank you", true },                    /* as people write it */
                { "thank you, (@alice)!", true },
                { "dear\n@alice", true },
                { "@alice, hello", true },
                { "@alice: hello", true },
                { "hello @alice.", true },
                { "@alice.b hello", false },
                { "@alicent hello", false },
                { "@alice@other.example hello", false },         /* somebody else */
                { "@alice@example.org hello", false },
                { "mail me at x@alice", false },
                { "mail@alice@example", false },
                { "@", false },
                { "", false },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *expected = cases[i].named ? cases[i].text : arena_printf(a, "@alice@example %s", cases[i].text);

                assert_string_equal(compose_reply(a, cases[i].text, "@alice@example"), expected);
        }
        assert_string_equal(compose_reply(a, "hi @bob", "@bob"), "hi @bob");
        assert_string_equal(compose_reply(a, "hi", "@bob"), "@bob hi");
        assert_string_equal(compose_reply(a, "hi", "bob"), "hi");        /* no network that addresses by '@' */
        assert_string_equal(compose_reply(a, "hi", ""), "hi");
        assert_false(compose_names("hi", ""));
        assert_false(compose_names("hi bob", "bob"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(key_names_channel_and_id, setup, teardown),
                cmocka_unit_test_setup_teardown(key_of_a_branch_differs_from_those_of_its_root, setup, teardown),
                cmocka_unit_test_setup_teardown(key_of_a_thread_names_the_first_that_it_goes_on_from, setup, teardown),
                cmocka_unit_test_setup_teardown(key_of_a_long_id_is_cut_and_stays_its_own, setup, teardown),
                cmocka_unit_test_setup_teardown(author_is_a_name_without_signs_that_a_helpdesk_takes_amiss, setup, teardown),
                cmocka_unit_test_setup_teardown(title_is_the_beginning_of_the_text_in_one_line, setup, teardown),
                cmocka_unit_test_setup_teardown(article_has_all_parts_in_order, setup, teardown),
                cmocka_unit_test_setup_teardown(what_stands_above_a_post_is_quoted_unless_more_is_known, setup, teardown),
                cmocka_unit_test_setup_teardown(article_of_little_says_little, setup, teardown),
                cmocka_unit_test_setup_teardown(age_of_an_account_is_told_in_days_months_and_years, setup, teardown),
                cmocka_unit_test_setup_teardown(of_many_earlier_tickets_five_are_named, setup, teardown),
                cmocka_unit_test_setup_teardown(long_quote_is_cut, setup, teardown),
                cmocka_unit_test_setup_teardown(reply_begins_with_the_handle_unless_it_names_it, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
