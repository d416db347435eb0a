/* SPDX-License-Identifier: MIT */
#include "host/payload.h"

#include <mentiond/json.h>

#include <setjmp.h>
#include <cmocka.h>

static struct arena *a;
static struct store_kept kept;

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

static const struct mentiond_author alice = {
        .struct_size = sizeof alice, .id = "9", .handle = "@alice@example", .name = "Alice \"A\" \xe2\x80\xae",
        .url = "https://x/@alice",
        .followers = 12, .created_usec = 5, .flags = MENTIOND_VERIFIED | MENTIOND_BOT,
};

static char *payload_of(const struct mentiond_mention *m, const struct mentiond_author *author)
{
        return payload_of_mention(a, m, author, &kept);
}

static struct json_object *parsed(char *payload)
{
        struct json_object *o = payload_parse(a, arena_take(a, payload));

        assert_non_null(o);
        return o;
}

static void mention_keeps_what_flow_needs(void **state)
{
        const struct mentiond_mention m = {
                .struct_size = sizeof m, .kind = MENTIOND_QUOTE, .visibility = MENTIOND_DIRECT, .id = "1", .parent = "0",
                .url = "https://x/1", .text = "a/b \"c\"", .warning = "cw", .language = "de", .edited_usec = 7,
        };
        struct json_object *o = parsed(payload_of(&m, &alice)), *author = mj_get(o, "author");

        (void) state;
        assert_int_equal(mj_int(o, "kind", 0), MENTIOND_QUOTE);
        assert_int_equal(mj_int(o, "visibility", 0), MENTIOND_DIRECT);
        assert_string_equal(mj_str(o, "parent"), "0");
        assert_string_equal(mj_str(o, "url"), "https://x/1");
        assert_string_equal(mj_str(o, "text"), "a/b \"c\"");
        assert_string_equal(mj_str(o, "warning"), "cw");
        assert_string_equal(mj_str(o, "language"), "de");
        assert_int_equal(mj_int(o, "edited", 0), 7);
        assert_string_equal(mj_str(author, "id"), "9");
        assert_string_equal(mj_str(author, "handle"), "@alice@example");
        assert_string_equal(mj_str(author, "name"), "Alice \"A\" ");     /* an override that is never ended is dropped */
        assert_string_equal(mj_str(author, "url"), "https://x/@alice");
        assert_int_equal(mj_int(author, "followers", -1), 12);
        assert_int_equal(mj_int(author, "created", -1), 5);
        assert_true(mj_true(author, "verified"));
        assert_true(mj_true(author, "bot"));
        assert_int_equal(kept.visibility, MENTIOND_DIRECT);
        assert_string_equal(kept.handle, "@alice@example");
        assert_string_equal(kept.language, "de");
        assert_string_equal(kept.warning, "cw");
}

static void what_stands_above_a_mention_is_kept_short(void **state)
{
        static const struct mentiond_author nameless = { .struct_size = sizeof nameless, .id = "8", .handle = "8" };
        struct mentiond_mention post = {
                .struct_size = sizeof post, .id = "0", .url = "https://x/0", .html = "<p>New shop &amp; hours</p>",
                .author = &alice,
        };
        struct mentiond_mention m = { .struct_size = sizeof m, .id = "1", .text = "where?", .above = &post };
        struct json_object *above = mj_get(parsed(payload_of(&m, &alice)), "above");
        char longer[2000];

        (void) state;
        assert_string_equal(mj_str(above, "id"), "0");
        assert_string_equal(mj_str(above, "text"), "New shop & hours");
        assert_string_equal(mj_str(above, "url"), "https://x/0");
        assert_string_equal(mj_str(above, "handle"), alice.handle);
        assert_true(startswith(mj_str(above, "name"), "Alice"));
        post.author = &nameless;
        post.html = NULL;
        memset(longer, 'x', sizeof longer - 1);
        longer[sizeof longer - 1] = '\0';
        post.text = longer;
        above = mj_get(parsed(payload_of(&m, &alice)), "above");
        assert_string_equal(mj_str(above, "handle"), "8");
        assert_null(mj_get(above, "name"));
        assert_true(strlen(mj_str(above, "text")) < 510);
        assert_null(mj_get(parsed(payload_of(&(struct mentiond_mention) {
                .struct_size = sizeof m, .id = "1" }, &alice)), "above"));
}

static void absent_parts_make_no_members(void **state)
{
        const struct mentiond_author plain = { .struct_size = sizeof plain, .id = "9", .handle = "@a", .followers = -1 };
        const struct mentiond_mention m = { .struct_size = sizeof m, .kind = 1, .visibility = 1, .id = "1" };
        _cleanup_free_ char *payload = payload_of(&m, &plain);

        (void) state;
        assert_string_equal(payload, "{\"kind\":1,\"visibility\":1,\"text\":\"\",\"author\":{\"id\":\"9\",\"handle\":\"@a\"}}");
        assert_string_equal(kept.handle, "@a");
        assert_string_equal(kept.language, "");
        assert_string_equal(kept.warning, "");
}

static void what_surrounds_the_text_is_on_one_line(void **state)
{
        const struct mentiond_author forger = {
                .struct_size = sizeof forger, .id = "9", .handle = "@a\nPost: https://x/2",
                .name = "A\r\nWritten:\tnever\xe2\x80\xa8" "b",
        };
        const struct mentiond_media media = { .struct_size = sizeof media, .url = "https://x/a.png", .description = "a\nb" };
        const struct mentiond_mention m = {
                .struct_size = sizeof m, .kind = 1, .visibility = 1, .id = "1", .warning = "a\nb", .text = "a\nb",
                .n_media = 1, .media = &media,
        };
        struct json_object *o = parsed(payload_of(&m, &forger)), *author = mj_get(o, "author");

        (void) state;
        assert_string_equal(mj_str(author, "handle"), "@a Post: https://x/2");
        assert_string_equal(kept.handle, "@a Post: https://x/2");
        assert_string_equal(kept.warning, "a b");
        assert_string_equal(mj_str(author, "name"), "A Written: never   b");
        assert_string_equal(mj_str(o, "warning"), "a b");
        assert_string_equal(mj_str(mj_at(mj_get(o, "media"), 0), "description"), "a b");
        assert_string_equal(mj_str(o, "text"), "a\nb");
}

static void html_is_preferred_and_shown_as_text(void **state)
{
        struct mentiond_mention m = { .struct_size = sizeof m, .html = "<p>one<br>two</p><script>x()</script>", .text = "other" };

        (void) state;
        assert_string_equal(arena_take(a, payload_text(&m)), "one\ntwo");
        m.html = "";
        m.text = "bad \xff byte\r\nend";
        assert_string_equal(arena_take(a, payload_text(&m)), "bad \xef\xbf\xbd byte\nend");
        m.text = NULL;
        assert_string_equal(arena_take(a, payload_text(&m)), "");
}

static void long_fields_are_cut_and_the_text_is_not(void **state)
{
        char *name = arena_alloc(a, 10000), *text = arena_alloc(a, 100001);
        struct mentiond_author author = alice;
        struct mentiond_mention m = { .struct_size = sizeof m };
        struct json_object *o;

        (void) state;
        memset(name, 'n', 9999);
        memset(text, 't', 100000);
        author.name = name;
        m.url = name;
        m.text = text;
        o = parsed(payload_of(&m, &author));
        assert_int_equal(strlen(mj_str(mj_get(o, "author"), "name")), 4096);
        assert_int_equal(strlen(mj_str(o, "url")), 4096);
        assert_int_equal(strlen(mj_str(o, "text")), 100000);
}

static void at_most_sixteen_media_are_kept(void **state)
{
        struct mentiond_media media[20];
        struct mentiond_mention m = { .struct_size = sizeof m, .n_media = 20, .media = media };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(media); i++)
                media[i] = (struct mentiond_media) { .struct_size = sizeof media[i], .url = "https://x/i" };
        assert_int_equal(mj_len(mj_get(parsed(payload_of(&m, &alice)), "media")), 16);
        m.n_media = UINT32_MAX;
        assert_int_equal(mj_len(mj_get(parsed(payload_of(&m, &alice)), "media")), 16);
        m.media = NULL;
        assert_null(mj_get(parsed(payload_of(&m, &alice)), "media"));
        m.media = media;
        media[0].struct_size = 0;                /* would never advance */
        assert_null(mj_get(parsed(payload_of(&m, &alice)), "media"));
}

static void quotes_are_added_to_what_is_there_in_their_order(void **state)
{
        static const struct payload_quote quotes[] = { { "@bob", "Bob", "said", "https://x/2" }, { "@eve", NULL, "a\nb", NULL } };
        struct json_object *o = parsed(payload_with_quotes("{\"text\":\"x\",\"quotes\":[{\"text\":\"old\"}]}", quotes, 2, 3)),
                           *list = mj_get(o, "quotes");

        (void) state;
        assert_string_equal(mj_str(o, "text"), "x");
        assert_int_equal(mj_len(list), 2);
        assert_int_equal(mj_int(o, "left_out", 0), 3);
        assert_string_equal(mj_str(mj_at(list, 0), "handle"), "@bob");
        assert_string_equal(mj_str(mj_at(list, 0), "name"), "Bob");
        assert_string_equal(mj_str(mj_at(list, 0), "text"), "said");
        assert_string_equal(mj_str(mj_at(list, 0), "url"), "https://x/2");
        assert_string_equal(mj_str(mj_at(list, 1), "text"), "a\nb");
        assert_null(mj_get(mj_at(list, 1), "url"));
        o = parsed(payload_with_quotes("no json", quotes, 1, 0));
        assert_string_equal(mj_str(mj_at(mj_get(o, "quotes"), 0), "text"), "said");
        assert_null(mj_get(o, "left_out"));
        o = parsed(payload_with_quotes("[1]", quotes, 1, 0));
        assert_string_equal(mj_str(mj_at(mj_get(o, "quotes"), 0), "handle"), "@bob");
}

static void article_keeps_text_agent_and_attachments(void **state)
{
        const struct mentiond_article article = {
                .struct_size = sizeof article, .html = "<div>an<b>swer</b></div>", .agent = "Bob", .ticket = "77",
                .n_attachments = 2,
        };
        struct json_object *o = parsed(payload_of_article(&article));

        (void) state;
        assert_string_equal(mj_str(o, "text"), "answer");
        assert_string_equal(mj_str(o, "agent"), "Bob");
        assert_string_equal(mj_str(o, "ticket"), "77");
        assert_int_equal(mj_int(o, "attachments", 0), 2);
}

static void note_is_subject_and_text(void **state)
{
        (void) state;
        assert_string_equal(arena_take(a, payload_of_note(&(struct mentiond_note) { .subject = "S", .text = "a\nb" })),
                            "{\"subject\":\"S\",\"text\":\"a\\nb\"}");
        assert_string_equal(arena_take(a, payload_of_note(&(struct mentiond_note) {
                                    .subject = "S", .text = "t", .article = "7", .url = "https://x/1",
                                    .kind = MENTIOND_NOTE_POSTED })),
                            "{\"subject\":\"S\",\"text\":\"t\",\"article\":\"7\",\"url\":\"https://x/1\",\"note\":1}");
}

/* Of <mentiond/json.h>: one that is written in the code is not copied. */
static void names_that_change_later_are_copied(void **state)
{
        struct json_object *o = json_object_new_object();
        char name[] = "a";
        (void) state;

        mj_put_str(o, name, "x");
        mj_put_str(o, "d", "y");
        name[0]++;
        mj_put_int(o, name, 5);
        name[0]++;
        mj_put_bool(o, name, true);
        name[0] = '?';
        assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                            "{\"a\":\"x\",\"d\":\"y\",\"b\":5,\"c\":true}");
        assert_string_equal(mj_str(o, "a"), "x");
        json_object_put(o);
}

static void what_is_no_json_is_null(void **state)
{
        (void) state;
        assert_null(payload_parse(a, ""));
        assert_null(payload_parse(a, "{\"a\":"));
        assert_null(payload_parse(a, "nonsense"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(mention_keeps_what_flow_needs, setup, teardown),
                cmocka_unit_test_setup_teardown(what_stands_above_a_mention_is_kept_short, setup, teardown),
                cmocka_unit_test_setup_teardown(absent_parts_make_no_members, setup, teardown),
                cmocka_unit_test_setup_teardown(html_is_preferred_and_shown_as_text, setup, teardown),
                cmocka_unit_test_setup_teardown(long_fields_are_cut_and_the_text_is_not, setup, teardown),
                cmocka_unit_test_setup_teardown(at_most_sixteen_media_are_kept, setup, teardown),
                cmocka_unit_test_setup_teardown(quotes_are_added_to_what_is_there_in_their_order, setup, teardown),
                cmocka_unit_test_setup_teardown(article_keeps_text_agent_and_attachments, setup, teardown),
                cmocka_unit_test_setup_teardown(note_is_subject_and_text, setup, teardown),
                cmocka_unit_test_setup_teardown(what_surrounds_the_text_is_on_one_line, setup, teardown),
                cmocka_unit_test(names_that_change_later_are_copied),
                cmocka_unit_test_setup_teardown(what_is_no_json_is_null, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
