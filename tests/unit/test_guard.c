/* SPDX-License-Identifier: MIT */
#include "flow/guard.h"

#include "base/buffer.h"
#include "base/text.h"

#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#define CASES_MIN 200
#define LIST_MAX 16

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

/* --- The cases of guard_cases.txt --- */

struct list {
        const char *s[LIST_MAX];
        size_t n;
};

struct a_case {
        const char *name, *text, *why;
        struct list said, customer, note, find;
        struct guard_file files[LIST_MAX], note_files[LIST_MAX];
        size_t n_files, n_note_files;
        struct section section;          /* with the options of the guard */
        const char *guard;
};

static const char *unescape(const char *s)
{
        char *out = arena_strdup(a, s), *end = out;

        for (; *s; s++)
                if (s[0] == '\\' && s[1] == 'n') {
                        *end++ = '\n';
                        s++;
                } else {
                        *end++ = *s;
                }
        *end = '\0';
        return out;
}

static void put(struct list *l, const char *s)
{
        assert_true(l->n < LIST_MAX);
        l->s[l->n++] = s;
}

static void put_file(struct guard_file *files, size_t *n, const char *value)
{
        char *name;

        assert_true(*n < LIST_MAX);
        files[*n].size = strtoull(value, &name, 10);
        files[(*n)++].name = arena_strdup(a, name + 1);
}

/* "NAME = PATTERN" */
static void put_pattern(struct section *s, const char *value)
{
        const char *equals = strstr(value, " = ");
        _cleanup_free_ char *name = NULL;

        assert_non_null(equals);
        name = xasprintf("guard_patterns.%.*s", (int) (equals - value), value);
        section_add(s, name, equals + 3, 1);
}

static void put_line(struct a_case *c, const char *line)
{
        const char *colon = strchr(line, ':'), *value;
        _cleanup_free_ char *key = NULL;

        assert_non_null(colon);
        key = xstrndup(line, (size_t) (colon - line));
        value = unescape(colon[1] == ' ' ? colon + 2 : colon + 1);
        if (streq(key, "case"))
                c->name = value;
        else if (streq(key, "text"))
                c->text = value;
        else if (streq(key, "said"))
                put(&c->said, value);
        else if (streq(key, "customer"))
                put(&c->customer, value);
        else if (streq(key, "note"))
                put(&c->note, value);
        else if (streq(key, "find"))
                put(&c->find, value);
        else if (streq(key, "file"))
                put_file(c->files, &c->n_files, value);
        else if (streq(key, "note-file"))
                put_file(c->note_files, &c->n_note_files, value);
        else if (streq(key, "guard"))
                c->guard = value;
        else if (streq(key, "pattern"))
                put_pattern(&c->section, strchr(line, ':') + 2);
        else if (streq(key, "allow"))
                section_add(&c->section, arena_printf(a, "guard_allow.%zu", c->section.n + 1), value, 1);
        else if (streq(key, "known false alarm"))
                c->why = value;
        else
                fail_msg("%s: what is \"%s\"?", strempty(c->name), key);
}

/* "WHAT: WORDS\n" of each finding. */
static char *found_in(const struct a_case *c)
{
        struct problems p = PROBLEMS_INIT;
        _cleanup_(guard_patterns_freep) struct guard_patterns *patterns = guard_patterns_new(&c->section, c->guard, &p);
        const struct guard_context context = {
                .said = c->said.s, .n_said = c->said.n,
                .customer = c->customer.s, .n_customer = c->customer.n,
                .internal = c->note.s, .n_internal = c->note.n,
                .internal_files = c->note_files, .n_internal_files = c->n_note_files,
                .files = c->files, .n_files = c->n_files,
                .patterns = patterns,
        };
        struct buffer b = BUFFER_INIT(SIZE_MAX);
        struct guard_finding *found;

        if (!patterns)
                fail_msg("%s: %s", c->name, buffer_str(&p.text));
        for (size_t i = 0, n = guard_check(a, c->text, &context, &found); i < n; i++)
                (void) buffer_printf(&b, "%s: %s\n", found[i].what, found[i].words);
        return arena_take(a, buffer_take(&b));
}

static char *wanted_of(const struct a_case *c)
{
        struct buffer b = BUFFER_INIT(SIZE_MAX);

        for (size_t i = 0; i < c->find.n; i++)
                (void) buffer_printf(&b, "%s\n", c->find.s[i]);
        return arena_take(a, buffer_take(&b));
}

static void each_case_finds_what_it_says_and_nothing_else(void **state)
{
        _cleanup_free_ char *path = xasprintf("%s/tests/unit/guard_cases.txt", getenv("srcdir") ? getenv("srcdir") : "."),
                            *all = NULL;
        size_t size, n = 0, positive = 0, known = 0, wrong = 0;
        struct a_case c = { .name = NULL };
        const char *seen = "\n";

        (void) state;
        assert_int_equal(read_file(path, 1024 * 1024, &all, &size), 0);
        for (char *line = all, *end; line; line = end) {
                end = strchr(line, '\n');
                if (end)
                        *end++ = '\0';
                if (*line == '#')
                        continue;
                if (*line) {
                        if (!c.name)
                                c = (struct a_case) { .guard = "true", .section = { .name = xstrdup("brand"), .file = path } };
                        put_line(&c, line);
                        continue;
                }
                if (!c.name)
                        continue;
                assert_non_null(c.text);
                if (strstr(seen, arena_printf(a, "\n%s\n", c.name)))
                        fail_msg("there are two cases \"%s\"", c.name);
                seen = arena_printf(a, "%s%s\n", seen, c.name);
                if (!streq(found_in(&c), wanted_of(&c))) {
                        print_message("# case: %s\n# wanted:\n%s# found:\n%s", c.name, wanted_of(&c), found_in(&c));
                        wrong++;
                }
                n++;
                positive += c.find.n && !c.why;
                known += !!c.why;
                section_done(&c.section);
                c = (struct a_case) { .name = NULL };
        }
        assert_null(c.name);             /* the last one ends with an empty line, too */
        print_message("# %zu cases: %zu with something to be found, %zu with nothing, %zu known false alarms\n", n, positive,
                      n - positive - known, known);
        assert_int_equal(wrong, 0);
        assert_true(n >= CASES_MIN);
}

/* --- What cases cannot say --- */

static size_t check(const char *text, const struct guard_context *c, struct guard_finding **ret)
{
        return guard_check(a, text, c, ret);
}

static void without_patterns_everything_is_looked_for(void **state)
{
        struct guard_finding *found;

        (void) state;
        assert_int_equal(check("4539917400297559", &(struct guard_context) { .said = NULL }, &found), 1);
        assert_string_equal(found[0].words, "4539\xe2\x80\xa6" "7559");
}

static void a_text_that_is_too_long_to_be_looked_at_is_held(void **state)
{
        size_t size = 300 * 1024;
        char *text = arena_alloc(a, size + 1);
        struct guard_finding *found;

        (void) state;
        memset(text, 'x', size);
        assert_int_equal(check(text, &(struct guard_context) { .said = NULL }, &found), 1);
        assert_string_equal(found[0].what, "more text than can be looked at");
        memset(text, ' ', size);
        text[1000] = '\0';
        assert_int_equal(check(text, &(struct guard_context) { .said = NULL }, &found), 0);
}

static void findings_have_an_end_but_there_is_one(void **state)
{
        const char *text = "", *said = "";
        struct guard_finding *found;

        (void) state;
        for (int i = 0; i < 100; i++)
                text = arena_printf(a, "%suser%d@example.com ", text, i);
        assert_int_equal(check(text, &(struct guard_context) { .said = NULL }, &found), 20);
        /* A thousand that the customer wrote, and one more. */
        text = "";
        for (int i = 0; i < 1001; i++)
                text = arena_printf(a, "%su%d@example.com ", text, i);
        said = text;
        assert_int_equal(check(text, &(struct guard_context) { .said = &said, .n_said = 1 }, &found), 1);
        assert_string_equal(found[0].what, "more numbers and addresses than can be looked at");
}

static void long_words_are_shortened_and_on_one_line(void **state)
{
        const char *note =
                "the warehouse lost\nthe second pallet on Friday, and nobody has told the customer a word of that until today";
        struct guard_finding *found;

        (void) state;
        assert_int_equal(check(note, &(struct guard_context) { .internal = &note, .n_internal = 1 }, &found), 1);
        assert_in_range(text_length(found[0].words, TEXT_GRAPHEMES), 50, 60);
        assert_null(strchr(found[0].words, '\n'));
}

static void what_is_no_utf8_does_no_harm(void **state)
{
        static const char *const texts[] = { "\xff\xfe 4539917400297559", "\xc3", "\xe2\x80", "a\xcc\x81\xcc", "\xf0\x9f\x94" };
        struct guard_finding *found;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_int_equal(check(texts[i], &(struct guard_context) { .said = texts, .n_said = ELEMENTSOF(texts) - 4,
                                                                           .internal = texts,
                                                                           .n_internal = ELEMENTSOF(texts) }, &found), 0);
        assert_int_equal(check(texts[0], &(struct guard_context) { .said = NULL }, &found), 1);
}

/* --- The options --- */

static const char *problems_of(const char *guard, const char *const *settings)
{
        struct section s = { .name = xstrdup("brand"), .file = "x.conf", .line = 10 };
        struct problems p = PROBLEMS_INIT;
        struct guard_patterns *g;
        const char *text;

        if (guard)
                section_add(&s, "guard", guard, 11);
        for (unsigned i = 0; settings[i]; i += 2)
                section_add(&s, settings[i], settings[i + 1], 12 + i / 2);
        g = guard_patterns_new(&s, guard ? guard : "true", &p);
        assert_int_equal(!g, p.n > 0);
        guard_patterns_free(g);
        text = arena_strdup(a, buffer_str(&p.text));
        buffer_done(&p.text);
        section_done(&s);
        return text;
}

#define PROBLEMS(guard, ...) problems_of(guard, (const char *const[]) { __VA_ARGS__ __VA_OPT__(,) NULL })

static void a_bad_pattern_is_told_with_its_line_and_place(void **state)
{
        (void) state;
        assert_string_equal(PROBLEMS(NULL, "guard_patterns.order", "[0-9]{3}-[0-9]{7}"), "");
        assert_string_equal(PROBLEMS(NULL, "other", "x", "guard_patterns.order", "[0-9{3}"),
                            "x.conf:13: brand: guard_patterns.order: \"[0-9{3}\" is no pattern: behind 7 bytes: missing"
                            " terminating ] for character class\n");
        assert_string_equal(PROBLEMS(NULL, "guard_patterns", "(a", "guard_allow.1", "/(b/"),
                            "x.conf:12: brand: guard_patterns: \"(a\" is no pattern: behind 2 bytes: missing closing"
                            " parenthesis\n"
                            "x.conf:13: brand: guard_allow.1: \"(b\" is no pattern: behind 2 bytes: missing closing"
                            " parenthesis\n");
        assert_string_equal(PROBLEMS(NULL, "guard_patterns.any", "[0-9]*"),
                            "x.conf:12: brand: guard_patterns.any: the pattern \"[0-9]*\" also matches where there is nothing,"
                            " and so every text\n");
        assert_string_equal(PROBLEMS(NULL, "guard_allow.1", " "),
                            "x.conf:12: brand: guard_allow.1: an empty text allows nothing\n");
        assert_string_equal(PROBLEMS(NULL, "guard_allowance", "("), "");         /* not ours to judge */
}

static void guard_says_what_is_looked_for(void **state)
{
        (void) state;
        assert_string_equal(PROBLEMS("true"), "");
        assert_string_equal(PROBLEMS("false"), "");
        assert_string_equal(PROBLEMS("cards, ibans mail\tphones,patterns customer notes files"), "");
        assert_string_equal(PROBLEMS("cards, mial"),
                            "x.conf:11: brand: guard: \"mial\" is nothing that can be looked for (did you mean \"mail\"?)\n");
        assert_string_equal(PROBLEMS("everything"),
                            "x.conf:11: brand: guard: \"everything\" is nothing that can be looked for: true, false, or some of"
                            " cards, ibans, mail, phones, patterns, customer, notes, files\n");
        assert_string_equal(PROBLEMS(","), "x.conf:11: brand: guard: \",\" says neither true nor false nor what to look for\n");
}

static void with_guard_false_nothing_is_found(void **state)
{
        const struct a_case c = {
                .name = "", .text = "4539917400297559 rose@example.com", .guard = "false", .section = { .name = NULL },
        };

        (void) state;
        assert_string_equal(found_in(&c), "");
}

/* --- Similarity --- */

static double similarity(const char *one, const char *other)
{
        struct guard_print x, y;

        guard_print_of(one, &x);
        guard_print_of(other, &y);
        assert_true(guard_similarity(&x, &y) == guard_similarity(&y, &x));
        return guard_similarity(&x, &y);
}

static void a_template_with_other_names_and_numbers_is_near_identical(void **state)
{
        static const char *const pairs[][2] = {
                { "Hi Rose, your order 884417 left our warehouse on 22 November and should be with you by Friday. Thanks for your"
                  " patience!",
                  "Hi Tom Budd, your order 120938 left our warehouse on 3 December and should be with you by Friday. Thanks for"
                  " your patience!" },
                { "@rose@social.example Hallo Frau Zeisig, wir haben Ihre Anfrage an die Werkstatt gegeben, Ersatz kommt mit"
                  " Sendung 1234567890.",
                  "@tom@other.example Hallo Herr Dr. Budd, wir haben Ihre Anfrage an die Werkstatt gegeben, Ersatz kommt mit"
                  " Sendung 9876543210." },
                { "Bonjour Madame Pic, votre colis 6A12345678901 est retenu \xc3\xa0 la douane, suivez-le sur"
                  " https://track.example/1.",
                  "Bonjour Monsieur Merle, votre colis 6A98765432109 est retenu \xc3\xa0 la douane, suivez-le sur"
                  " https://track.example/2222." },
                { "\xc2\xa1Hola Ana! Su pedido 123 ha salido hoy del almac\xc3\xa9n y llegar\xc3\xa1 en dos d\xc3\xad" "as.",
                  "\xc2\xa1Hola Luis! Su pedido 98765 ha salido hoy del almac\xc3\xa9n y llegar\xc3\xa1 en dos d\xc3\xad" "as." },
                { "The kettle of series nine has a known fault; please send it back, we pay for the parcel and you get a new"
                  " one.",
                  "THE KETTLE of series nine has a known fault: please send it back -- we pay for the parcel, and you get a new"
                  " one!!" },
                { "We have looked into the bill for the month and corrected it; the money will be with you within a week at the"
                  " latest, promised.",
                  "We have looked into the bill for the year and corrected it; the money will be with you within a week at the"
                  " latest, promised." },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                double s = similarity(pairs[i][0], pairs[i][1]);

                if (s < GUARD_SIMILAR)
                        fail_msg("pair %zu: %.2f", i, s);
        }
        assert_true(similarity(pairs[0][0], pairs[0][0]) == 1);
}

static void texts_that_say_something_else_are_not(void **state)
{
        static const char *const texts[] = {
                "Hi Rose, your order 884417 left our warehouse on 22 November and should be with you by Friday. Thanks for your"
                " patience!",
                "Hi Rose, thanks for reaching out! The kettle of series nine has a known fault; please send it back and you get a"
                " new one.",
                "Hi Rose, thanks for reaching out! We are sorry to hear that the app crashes, the next version will be there on"
                " Monday.",
                "Hallo Frau Zeisig, vielen Dank f\xc3\xbcr Ihre Nachricht! Die Rechnung ist korrigiert und unterwegs.",
                "Hallo Frau Zeisig, vielen Dank f\xc3\xbcr Ihre Nachricht! Leider ist das Ersatzteil erst im Mai wieder"
                " lieferbar.",
                "Your order has been canceled as you asked, and the money will be back on your account within three working"
                " days.",
                "Bonjour Madame Pic, votre colis est retenu \xc3\xa0 la douane, nous n'avons pas encore de date.",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                for (size_t k = i + 1; k < ELEMENTSOF(texts); k++) {
                        double s = similarity(texts[i], texts[k]);

                        if (s > 0.5)
                                fail_msg("%zu and %zu: %.2f", i, k, s);
                }
}

static void the_same_words_in_another_order_say_something_else(void **state)
{
        (void) state;
        assert_true(similarity("the parcel left the shop before the driver knew that nobody was at home on Friday",
                               "on Friday nobody knew that the driver left home before the parcel was at the shop") < 0.5);
}

static void what_says_little_is_like_nothing(void **state)
{
        (void) state;
        assert_true(similarity("Thank you!", "Thank you!") == 0);
        assert_true(similarity("@rose Gern, danke!", "@rose Gern, danke!") == 0);
        assert_true(similarity("", "") == 0);
        assert_true(similarity("12 34 56 78 90 11 12 13", "12 34 56 78 90 11 12 13") == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(each_case_finds_what_it_says_and_nothing_else, setup, teardown),
                cmocka_unit_test_setup_teardown(without_patterns_everything_is_looked_for, setup, teardown),
                cmocka_unit_test_setup_teardown(a_text_that_is_too_long_to_be_looked_at_is_held, setup, teardown),
                cmocka_unit_test_setup_teardown(findings_have_an_end_but_there_is_one, setup, teardown),
                cmocka_unit_test_setup_teardown(long_words_are_shortened_and_on_one_line, setup, teardown),
                cmocka_unit_test_setup_teardown(what_is_no_utf8_does_no_harm, setup, teardown),
                cmocka_unit_test_setup_teardown(a_bad_pattern_is_told_with_its_line_and_place, setup, teardown),
                cmocka_unit_test_setup_teardown(guard_says_what_is_looked_for, setup, teardown),
                cmocka_unit_test_setup_teardown(with_guard_false_nothing_is_found, setup, teardown),
                cmocka_unit_test_setup_teardown(a_template_with_other_names_and_numbers_is_near_identical, setup, teardown),
                cmocka_unit_test_setup_teardown(texts_that_say_something_else_are_not, setup, teardown),
                cmocka_unit_test_setup_teardown(the_same_words_in_another_order_say_something_else, setup, teardown),
                cmocka_unit_test_setup_teardown(what_says_little_is_like_nothing, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
