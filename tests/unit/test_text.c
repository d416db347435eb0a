/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"
#include "base/text.h"

#include <setjmp.h>
#include <cmocka.h>
#include <inttypes.h>

#define FAMILY "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"   /* 5 code points */
#define FLAG_DE "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
#define ACUTE "\xcc\x81"
#define LRE "\xe2\x80\xaa"
#define PDF "\xe2\x80\xac"
#define RLO "\xe2\x80\xae"
#define RLI "\xe2\x81\xa7"
#define PDI "\xe2\x81\xa9"
#define ELLIPSIS "\xe2\x80\xa6"
#define REPLACEMENT "\xef\xbf\xbd"

static void clean_makes_valid_plain_text(void **state)
{
        static const struct {
                const char *s;
                size_t size;           /* 0: up to the NUL */
                const char *clean;
        } cases[] = {
                { "plain \t text\n", 0, "plain \t text\n" },
                { "a\r\nb\rc\r\r\nd", 0, "a\nb\nc\n\nd" },
                { "a\0b\x01\x1b[0m\x7f", 8, "ab[0m" },
                { "\xc2\x85\xc2\x9b!\xc2\xa0", 0, "!\xc2\xa0" },
                { "a\xff" "b", 0, "a" REPLACEMENT "b" },
                { "\xe2\x82", 0, REPLACEMENT },                                /* cut in the middle */
                { "\xc0\xaf", 0, REPLACEMENT REPLACEMENT },                    /* overlong */
                { "\xed\xa0\x80", 0, REPLACEMENT },                            /* surrogate */
                { "\xf4\x90\x80\x80", 0, REPLACEMENT },                        /* beyond Unicode */
                { REPLACEMENT, 0, REPLACEMENT },
                /* noncharacters */
                { "a\xef\xbf\xbf" "b\xef\xb7\x90" "c\xf0\x9f\xbf\xbe", 0, "a" REPLACEMENT "b" REPLACEMENT "c" REPLACEMENT },
                { FAMILY FLAG_DE, 0, FAMILY FLAG_DE },
                { "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", 0, "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d" },
                { "", 0, "" },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *s = text_clean(cases[i].s, cases[i].size ?: strlen(cases[i].s));

                assert_string_equal(s, cases[i].clean);
        }
}

static void essence_is_what_networks_leave_of_a_text(void **state)
{
        static const char *const same[][2] = {
                { "Hello  World", "hello\nworld" },
                { "*bold* @ann@a.example", "bold @ann" },
                { "see https://a.example/b", "see http://b.example" },
                { "a\xc2\xa0" "b\xc2\xad" "c\xe2\x80\x8b" "d\xe2\x81\xa0" "e\xef\xbb\xbf", "a bcde" },   /* as HTML shows it */
                { "x\xc2\xa0http:\xe2\x81\xa0//y", "x http://z" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(same); i++) {
                _cleanup_free_ char *a = text_essence(same[i][0]), *b = text_essence(same[i][1]);

                assert_string_equal(a, b);
        }
}

static void bidi_controls_stay_only_where_they_end_in_their_line(void **state)
{
        static const struct {
                const char *s, *clean;
        } cases[] = {
                { "a" RLO "b" PDF "c", "a" RLO "b" PDF "c" },
                { "a" RLI "b" PDI "c", "a" RLI "b" PDI "c" },
                { LRE RLI "b" PDI PDF, LRE RLI "b" PDI PDF },
                { "a" RLO "b", "ab" },
                { "a" PDF "b" PDI, "ab" },
                { RLI "a" PDI PDI, RLI "a" PDI },
                { RLO "a\nb" PDF, "a\nb" },
                { RLI "a\rb" PDI, "a\nb" },
                { RLI RLO "a" PDI "b" PDF, RLI "a" PDI "b" },  /* the isolate's end ends what is open in it */
                { RLO RLI "a" PDF PDI, RLI "a" PDI },          /* a PDF does not reach out of an isolate */
                { "\xe2\x80\x8e\xe2\x80\x8f", "\xe2\x80\x8e\xe2\x80\x8f" },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *s = text_clean(cases[i].s, strlen(cases[i].s));

                assert_string_equal(s, cases[i].clean);
        }
}

static void length_in_each_unit(void **state)
{
        static const struct {
                const char *s;
                uint64_t graphemes, code_points, utf16, bytes;
        } cases[] = {
                { "", 0, 0, 0, 0 },
                { "abc", 3, 3, 3, 3 },
                { "a\r\nb", 3, 4, 4, 4 },
                { "e" ACUTE, 1, 2, 2, 3 },
                { FAMILY, 1, 5, 8, 18 },
                { FLAG_DE FLAG_DE, 2, 4, 8, 16 },
                { "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd", 1, 2, 4, 8 },            /* thumbs up, skin tone */
                { "\xea\xb0\x81\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", 2, 4, 4, 12 },   /* Hangul, whole and in parts */
                { "\xe0\xae\xa8\xe0\xae\xbf", 1, 2, 2, 6 },                    /* Tamil consonant and vowel sign */
                { "1\xef\xb8\x8f\xe2\x83\xa3", 1, 3, 3, 7 },                   /* keycap */
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(text_length(cases[i].s, TEXT_GRAPHEMES), cases[i].graphemes);
                assert_int_equal(text_length(cases[i].s, TEXT_CODE_POINTS), cases[i].code_points);
                assert_int_equal(text_length(cases[i].s, TEXT_UTF16), cases[i].utf16);
                assert_int_equal(text_length(cases[i].s, TEXT_BYTES), cases[i].bytes);
        }
}

static void urls_and_handles_are_counted_as_the_network_does(void **state)
{
        static const struct {
                const char *s;
                uint64_t length;       /* urls as 23, handles local */
        } cases[] = {
                { "no url", 6 },
                { "see https://example.com/a/very/long/path/that/goes/on?and=on#x now", 4 + 23 + 4 },
                { "http://a.b", 23 },
                { "HTTPS://A.B/c", 23 },
                { "https://a.b/c. https://a.b/d", 23 + 2 + 23 },
                { "(https://a.b/c_(d))", 1 + 23 + 1 },
                { "(https://a.b/c)", 1 + 23 + 1 },
                { "https://localhost/", 18 },
                { "xhttps://a.b", 12 },
                { "https://", 8 },
                { "https://a.b/\xc3\xa9", 24 },                                /* ours ends at ASCII: more, never less */
                { "@user@example.com hi", 5 + 3 },
                { "@user hi", 8 },
                { "@a.b@example.com.", 4 + 1 },
                { "mail user@example.com", 21 },
                { "@user@", 6 },
                { "@", 1 },
                { "@@", 2 },
                { "@user@x", 7 },                                              /* too short for a domain */
                { "@a@bc@d@ef", 2 + 5 },
                { FAMILY "https://a.b/" FAMILY, 1 + 23 + 1 },
                { "https://a.b/ @u@x.example " FAMILY, 23 + 1 + 2 + 1 + 1 },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t n = text_weighted_length(cases[i].s, TEXT_GRAPHEMES, 23, true);

                if (n != cases[i].length)
                        fail_msg("%s: %" PRIu64 ", not %" PRIu64, cases[i].s, n, cases[i].length);
                assert_int_equal(text_weighted_length(cases[i].s, TEXT_GRAPHEMES, 0, false),
                                 text_length(cases[i].s, TEXT_GRAPHEMES));
        }
        assert_int_equal(text_weighted_length("http://a.b http://a.b", TEXT_BYTES, UINT64_MAX, false), UINT64_MAX);
}

static void x_weighs_alphabets_the_rest_and_emoji(void **state)
{
        static const struct {
                const char *s;
                uint64_t plain, weighted;      /* without and with URLs as 23 */
        } cases[] = {
                { "", 0, 0 },
                { "caf\xc3\xa9", 4, 4 },
                { "cafe" ACUTE, 4, 4 },                                        /* composed first */
                { "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 6, 6 },
                { "\xd0\xb9\xe1\x83\xbf\xe1\x84\x80", 4, 4 },                     /* the last light one, and the one behind it */
                { "\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x9c\xe2\x80\xa6\xe2\x80\xb2", 7, 7 },
                { FAMILY, 2, 2 },
                { FAMILY FLAG_DE "1\xef\xb8\x8f\xe2\x83\xa3", 6, 6 },
                { "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd", 2, 2 },                   /* thumbs up, skin tone */
                { "\xf0\x9f\x90\xb1\xf0\x9f\x8f\xbd", 4, 4 },                   /* a cat has none */
                { "\xc2\xa9 \xc2\xa9\xef\xb8\x8f", 4, 4 },                       /* (c), and its emoji */
                { "see example.com.", 16, 4 + 23 + 1 },
                { "see http://a.de/b, c", 20, 4 + 23 + 3 },
                { "www.a-rather-long-name-of-a-host.example.com", 44, 44 },
                { "mail user@example.com", 21, 21 },
                { "@example.com #a.de $a.de", 24, 24 },
                { "z.B. 1.5 a..b .de", 17, 17 },
                { "\xe6\x97\xa5http://a.de\xe6\x97\xa5", 15, 27 },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t plain = text_length(cases[i].s, TEXT_X_WEIGHTED);
                uint64_t weighted = text_weighted_length(cases[i].s, TEXT_X_WEIGHTED, 23, false);

                if (plain != cases[i].plain || weighted != cases[i].weighted)
                        fail_msg("%s: %" PRIu64 " and %" PRIu64, cases[i].s, plain, weighted);
        }
}

static void ellipsize_cuts_between_graphemes(void **state)
{
        static const struct {
                const char *s;
                size_t max;
                const char *cut;
        } cases[] = {
                { "abc", 3, "abc" },
                { "abcd", 3, "ab" ELLIPSIS },
                { "abcd", 1, ELLIPSIS },
                { "abcd", 0, "" },
                { "", 0, "" },
                { "", 3, "" },
                { "ab   cd", 6, "ab" ELLIPSIS },
                { "ab\ncd", 6, "ab\ncd" },
                { "ab\ncd", 4, "ab" ELLIPSIS },
                { "abc" ACUTE, 3, "abc" ACUTE },
                { "abcd" ACUTE, 3, "ab" ELLIPSIS },
                { "ab" ACUTE "cd", 3, "ab" ACUTE ELLIPSIS },
                { "\t" FAMILY FAMILY FAMILY FAMILY "abc", 8, "\t" FAMILY FAMILY FAMILY FAMILY "abc" },
                { FAMILY FAMILY FAMILY FAMILY, 3, FAMILY FAMILY ELLIPSIS },
                { FAMILY FLAG_DE "e" ACUTE, 3, FAMILY FLAG_DE "e" ACUTE },
                { FAMILY FLAG_DE "e" ACUTE "x", 3, FAMILY FLAG_DE ELLIPSIS },
                { "one two", 5, "one" ELLIPSIS },
                { RLI "abc" PDI, 3, "a" ELLIPSIS },    /* the end of the isolate was cut off: so is its begin */
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *s = text_ellipsize(cases[i].s, cases[i].max);

                assert_string_equal(s, cases[i].cut);
        }
}

static void stack_of_combining_marks_is_cut(void **state)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);
        (void) state;

        buffer_append_str(&b, "Z");
        for (int i = 0; i < 1000; i++)
                buffer_append_str(&b, ACUTE);
        buffer_append_str(&b, "algo");
        _cleanup_free_ char *s = text_ellipsize(buffer_str(&b), 10);
        assert_int_equal(text_length(s, TEXT_GRAPHEMES), 5);
        assert_int_equal(text_length(s, TEXT_CODE_POINTS), 64 + 4);
        assert_string_equal(s + strlen(s) - 4, "algo");
}

static void title_is_the_first_line_that_says_something(void **state)
{
        static const struct {
                const char *s, *title;
        } cases[] = {
                { "Hello world\nmore", "Hello world" },
                { "@brand@example.com my  phone\tis broken", "my phone is broken" },
                { "@brand, @other: help", "help" },
                { "@brand.bsky.social\n\nIt does not work", "It does not work" },
                { "@brand", "@brand" },
                { "@a @b@c.d  ", "@a @b@c.d" },
                { "  @a  many \t blanks ", "many blanks" },
                { "\n \n---\n> \nreal", "real" },
                { "---", "---" },
                { "@brand ?!", "?!" },
                { "", "" },
                { " \n\t\n", "" },
                { "@brand \xf0\x9f\x98\xa1", "\xf0\x9f\x98\xa1" },
                { "mail a@b.c now", "mail a@b.c now" },
                { "@ home", "@ home" },
                { "@brand's shop", "@brand's shop" },
                { "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d" },
                { "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrs" ELLIPSIS },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *s = text_title(cases[i].s, 20);

                assert_string_equal(s, cases[i].title);
        }
}

static void title_of_a_huge_word_is_cut_between_characters(void **state)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);
        (void) state;

        buffer_append_str(&b, "xZ");
        for (int i = 0; i < 100000; i++)
                buffer_append_str(&b, "\xe2\x83\x90");        /* a combining arrow: three bytes */
        for (size_t max = 2; max < 5; max++) {
                _cleanup_free_ char *s = text_title(buffer_str(&b), max);

                assert_int_equal(text_length(s, TEXT_GRAPHEMES), 2);
                assert_int_equal(text_length(s, TEXT_CODE_POINTS), 65);
                assert_null(strstr(s, REPLACEMENT));
        }
}

static void percent_encode_keeps_unreserved_only(void **state)
{
        _cleanup_free_ char *s = text_percent_encode("aZ09-._~ /?&%\xc3\xa9\n");
        (void) state;

        assert_string_equal(s, "aZ09-._~%20%2F%3F%26%25%C3%A9%0A");
}

static void percent_decode_undoes_it_and_leaves_what_is_no_escape(void **state)
{
        static const char text[] = "aZ09-._~ /?&%\xc3\xa9\n:";
        _cleanup_free_ char *encoded = text_percent_encode(text), *decoded = text_percent_decode(encoded);
        _cleanup_free_ char *odd = text_percent_decode("100% %4 %zz %41%");

        (void) state;
        assert_string_equal(decoded, text);
        assert_string_equal(odd, "100% %4 %zz A%");
}

static void nearest_name_is_offered_only_if_it_could_be_meant(void **state)
{
        static const char *const names[] = { "poll_interval", "parallel", "token", "url", "host", "helpdesk", NULL };
        static const struct {
                const char *name, *nearest;
        } cases[] = {
                { "pol_interval", "poll_interval" }, { "poll-interval", "poll_interval" }, { "Token", "token" },
                { "tokne", "token" }, { "helpdsk", "helpdesk" }, { "uri", "url" }, { "paralel", "parallel" },
                { "password", NULL }, { "interval", NULL }, { "x", NULL }, { "", NULL },
                { "poll_interval_of_the_channel_in_seconds_or_whatever_else_it_may_be", NULL },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *s = text_nearest(cases[i].name, names);

                if (!cases[i].nearest)
                        assert_null(s);
                else {
                        assert_non_null(s);
                        assert_string_equal(s, cases[i].nearest);
                }
        }
}

static void a_line_is_one_and_not_empty_and_cut_between_characters(void **state)
{
        static const struct {
                const char *text, *line;
        } cases[] = {
                { "one\ntwo\t3", "one two 3" }, { "", "-" }, { " \n\t", "-" }, { "abcdefghijk", "abcdefghij" },
                { "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
                  "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *line = text_line(cases[i].text, 10);

                assert_string_equal(line, cases[i].line);
        }
}

static void base64_goes_both_ways_and_no_base64_is_null(void **state)
{
        static const struct {
                const char *data;
                size_t size;
                const char *text;
        } cases[] = {
                { "", 0, "" }, { "f", 1, "Zg==" }, { "fo", 2, "Zm8=" }, { "foo", 3, "Zm9v" }, { "foob", 4, "Zm9vYg==" },
                { "\0\xff\xfe", 3, "AP/+" },
        };
        size_t size;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *text = text_base64_encode(cases[i].data, cases[i].size),
                                    *data = text_base64_decode(text, &size);

                assert_string_equal(text, cases[i].text);
                assert_int_equal(size, cases[i].size);
                assert_memory_equal(data, cases[i].data, size);
        }
        assert_null(text_base64_decode("Zm9v!", &size));
        assert_null(text_base64_decode("Zm 9v", &size));

        _cleanup_free_ char *data = text_base64_decode("AP_-Zm8", &size);
        assert_int_equal(size, 5);
        assert_memory_equal(data, "\0\xff\xfe" "fo", size);
}

/* "[link] {name} <tag>" */
static void links_names_and_tags_are_found_in_a_text(void **state)
{
        static const struct {
                const char *text, *marked;
        } cases[] = {
                { "", "" }, { "plain", "plain" },
                { "see https://a.example/b?c.", "see [https://a.example/b?c]." },
                { "(https://a.example/b_(c)) and http://d", "([https://a.example/b_(c)]) and [http://d]" },
                { "https:// and xhttps://a.example", "https:// and x[https://a.example]" },
                { "@a.example, (@b.example) c@d.example @ @e", "{@a.example}, ({@b.example}) c@d.example @ {@e}" },
                { "#one #2 a#three #4th. #\xc3\xa4\xc3\xb6! # ##", "<#one> #2 a#three <#4th>. <#\xc3\xa4\xc3\xb6>! # ##" },
                { "\xc3\xa4 #a\nhttps://a.example\t@a.example", "\xc3\xa4 <#a>\n[https://a.example]\t{@a.example}" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_buffer_ struct buffer out = BUFFER_INIT(1000);
                struct text_span span = { .to = 0 };
                int64_t at = 0;

                while (text_next_span(cases[i].text, &span)) {
                        (void) buffer_printf(&out, "%.*s%c%.*s%c", (int) (span.from - at), cases[i].text + at,
                                             " [{<"[span.kind], (int) (span.to - span.from), cases[i].text + span.from,
                                             " ]}>"[span.kind]);
                        at = span.to;
                }
                (void) buffer_append_str(&out, cases[i].text + at);
                assert_string_equal(buffer_str(&out), cases[i].marked);
        }
}

static void links_are_shown_with_where_they_lead(void **state)
{
        static const char text[] = "see a.example/lo... or \xc3\xa4";   /* of 25 bytes */
        static const struct {
                struct text_span links[3];
                const char *shown;
        } cases[] = {
                { { { 0 } }, text },
                { { { .from = 4, .to = 19, .url = "https://www.a.example/long" } },
                  "see https://www.a.example/long or \xc3\xa4" },
                { { { .from = 4, .to = 19, .url = "https://b.example/" } },
                  "see a.example/lo... (https://b.example/) or \xc3\xa4" },
                { { { .from = 20, .to = 22, .url = "http://c" }, { .from = 0, .to = 3, .url = "http://d" },
                    { .from = 2, .to = 9, .url = "http://overlaps" } }, "see (http://d) a.example/lo... or (http://c) \xc3\xa4" },
                { { { .from = 23, .to = 24, .url = "http://inside" }, { .from = -1, .to = 3, .url = "http://before" },
                    { .from = 3, .to = 26, .url = "http://beyond" } }, text },
                { { { .from = 3, .to = 3, .url = "http://empty" }, { .from = 23, .to = 25, .url = "http://e" } },
                  "see a.example/lo... or \xc3\xa4 (http://e)" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *shown = text_show_links(text, cases[i].links, ELEMENTSOF(cases[i].links));

                assert_string_equal(shown, cases[i].shown);
        }
}

/* Posts are named by it: in each attempt the same, also after an upgrade. */
static void hash_of_a_text_is_that_of_fnv(void **state)
{
        (void) state;
        assert_true(text_hash("") == UINT64_C(0xcbf29ce484222325));
        assert_true(text_hash("a") == UINT64_C(0xaf63dc4c8601ec8c));
        assert_true(text_hash("foobar") == UINT64_C(0x85944171f73967e8));
}

static void words_are_replaced_in_one_pass_the_longest_first(void **state)
{
        static const char *const words[] = { "&lt;", "<", "&amp;", "&", "a", "1", "ab", "2", "", "3", "no", "", NULL };
        static const struct { const char *text, *replaced; } cases[] = {
                { "", "" }, { "x", "x" }, { "&amp;lt; &lt;", "&lt; <" }, { "ab aa", "2 11" }, { "now", "w" }, { "&am", "&1m" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *replaced = text_replace(cases[i].text, words, 100);

                assert_string_equal(replaced, cases[i].replaced);
        }
}

static void text_that_would_become_too_long_stays_as_it_is(void **state)
{
        static const char *const words[] = { "a", "1234", NULL };
        _cleanup_free_ char *fits = text_replace("aa", words, 8), *too_long = text_replace("aaa", words, 8);

        (void) state;
        assert_string_equal(fits, "12341234");
        assert_string_equal(too_long, "aaa");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(clean_makes_valid_plain_text),
                cmocka_unit_test(essence_is_what_networks_leave_of_a_text),
                cmocka_unit_test(bidi_controls_stay_only_where_they_end_in_their_line),
                cmocka_unit_test(length_in_each_unit),
                cmocka_unit_test(urls_and_handles_are_counted_as_the_network_does),
                cmocka_unit_test(x_weighs_alphabets_the_rest_and_emoji),
                cmocka_unit_test(ellipsize_cuts_between_graphemes),
                cmocka_unit_test(stack_of_combining_marks_is_cut),
                cmocka_unit_test(title_is_the_first_line_that_says_something),
                cmocka_unit_test(title_of_a_huge_word_is_cut_between_characters),
                cmocka_unit_test(a_line_is_one_and_not_empty_and_cut_between_characters),
                cmocka_unit_test(base64_goes_both_ways_and_no_base64_is_null),
                cmocka_unit_test(links_names_and_tags_are_found_in_a_text),
                cmocka_unit_test(links_are_shown_with_where_they_lead),
                cmocka_unit_test(hash_of_a_text_is_that_of_fnv),
                cmocka_unit_test(percent_encode_keeps_unreserved_only),
                cmocka_unit_test(percent_decode_undoes_it_and_leaves_what_is_no_escape),
                cmocka_unit_test(words_are_replaced_in_one_pass_the_longest_first),
                cmocka_unit_test(text_that_would_become_too_long_stays_as_it_is),
                cmocka_unit_test(nearest_name_is_offered_only_if_it_could_be_meant),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
