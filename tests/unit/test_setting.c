/* SPDX-License-Identifier: MIT */
#include "host/setting.h"

#include <errno.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

struct state {
        char *text, *given, *url, *page;
        struct mentiond_secret *secret;
        int64_t number, bounded, span, size;
        uint32_t flag, other_flag;
};

static const struct mentiond_option rows[] = {
        MENTIOND_OPTION(struct state, text, "text", MENTIOND_STRING),
        MENTIOND_OPTION(struct state, given, "given", MENTIOND_STRING, .default_value = "as it is"),
        MENTIOND_OPTION(struct state, url, "server", MENTIOND_URL),
        MENTIOND_OPTION(struct state, secret, "token", MENTIOND_SECRET),
        MENTIOND_OPTION(struct state, number, "number", MENTIOND_INT, .default_value = "-7"),
        MENTIOND_OPTION(struct state, bounded, "bounded", MENTIOND_INT, .min = 2, .max = 5),
        MENTIOND_OPTION(struct state, span, "span", MENTIOND_DURATION, .default_value = "2m", .min = 0, .max = USEC_PER_HOUR),
        MENTIOND_OPTION(struct state, size, "size", MENTIOND_SIZE, .default_value = "10K"),
        MENTIOND_OPTION(struct state, flag, "flag", MENTIOND_BOOL, .default_value = "true"),
        MENTIOND_OPTION(struct state, other_flag, "other_flag", MENTIOND_BOOL),
        MENTIOND_OPTION(struct state, page, "page", MENTIOND_URL, .flags = MENTIOND_WHOLE_URL),
        { .name = "list", .type = OPTION_LIST },
        { .name = NULL },
};
static const struct options table = { rows, sizeof rows[0] };

static struct state state;
static struct problems problems;

/* "name=value" ... on the lines 11, 12 ... of a section on line 10. */
static const char *fill_from(const struct options *o, const char *const *settings)
{
        struct section s = { .name = xstrdup("brand"), .file = "x.conf", .line = 10 };
        void *states[] = { &state };

        options_free(&table, &state);
        memset(&state, 0, sizeof state);
        buffer_done(&problems.text);
        problems = (struct problems) PROBLEMS_INIT;
        for (unsigned i = 0; settings[i]; i++) {
                const char *equals = strchr(settings[i], '=');
                _cleanup_free_ char *name = xstrndup(settings[i], (size_t) (equals - settings[i]));

                section_add(&s, name, equals + 1, 11 + i);
        }
        options_fill(o, states, 1, &s, &problems);
        section_done(&s);
        assert_int_equal(problems.n, problems.text.size ? problems.n : 0);
        return buffer_str(&problems.text);
}

#define FILL(...) fill_from(&table, (const char *const[]) { __VA_ARGS__ __VA_OPT__(,) NULL })

static int teardown(void **unused)
{
        (void) unused;
        options_free(&table, &state);
        buffer_done(&problems.text);
        return 0;
}

/* --- Values --- */

static void defaults_count_where_nothing_is_set(void **unused)
{
        (void) unused;
        assert_string_equal(FILL(), "");
        assert_string_equal(state.text, "");             /* no NULL strings */
        assert_string_equal(state.given, "as it is");
        assert_string_equal(state.url, "");
        assert_null(state.secret);
        assert_int_equal(state.number, -7);
        assert_int_equal(state.bounded, 0);
        assert_int_equal(state.span, 120 * USEC_PER_SEC);
        assert_int_equal(state.size, 10240);
        assert_int_equal(state.flag, 1);
        assert_int_equal(state.other_flag, 0);
}

static void each_type_is_read(void **unused)
{
        (void) unused;
        assert_string_equal(FILL("text=a b", "given=", "server=https://x.example/api//", "page=https://x.example/feed/",
                                 "number=-9223372036854775808", "bounded=5", "span=1m 30s", "size=3M", "flag=false",
                                 "other_flag=true"),
                            "");
        assert_string_equal(state.text, "a b");
        assert_string_equal(state.given, "");
        assert_string_equal(state.url, "https://x.example/api");
        assert_string_equal(state.page, "https://x.example/feed/");
        assert_true(state.number == INT64_MIN);
        assert_int_equal(state.bounded, 5);
        assert_int_equal(state.span, 90 * USEC_PER_SEC);
        assert_int_equal(state.size, 3 * 1024 * 1024);
        assert_int_equal(state.flag, 0);
        assert_int_equal(state.other_flag, 1);
}

static void bad_values_are_told_with_their_line(void **unused)
{
        static const struct {
                const char *setting, *told;
        } cases[] = {
                { "number=7x", "x.conf:11: brand: number: \"7x\" is no whole number\n" },
                { "number=", "x.conf:11: brand: number: \"\" is no whole number\n" },
                { "number=1.5", "x.conf:11: brand: number: \"1.5\" is no whole number\n" },
                { "number=9223372036854775808", "x.conf:11: brand: number: \"9223372036854775808\" is no whole number\n" },
                { "bounded=1", "x.conf:11: brand: bounded: \"1\" is out of bounds\n" },
                { "bounded=6", "x.conf:11: brand: bounded: \"6\" is out of bounds\n" },
                { "span=5", "x.conf:11: brand: span: \"5\" is no duration (as \"30s\", \"5m\", \"2h\", \"7d\")\n" },
                { "span=2h", "x.conf:11: brand: span: \"2h\" is out of bounds\n" },
                { "span=-1s", "x.conf:11: brand: span: \"-1s\" is no duration (as \"30s\", \"5m\", \"2h\", \"7d\")\n" },
                { "size=big", "x.conf:11: brand: size: \"big\" is no size (as \"512K\", \"10M\")\n" },
                { "flag=yes", "x.conf:11: brand: flag: \"yes\" is neither true nor false\n" },
                { "server=ftp://x", "x.conf:11: brand: server: \"ftp://x\" is no http or https URL\n" },
                { "server=x.example", "x.conf:11: brand: server: \"x.example\" is no http or https URL\n" },
                { "server=https://", "x.conf:11: brand: server: \"https://\" is no http or https URL\n" },
                { "server=https:///path", "x.conf:11: brand: server: \"https:///path\" is no http or https URL\n" },
                { "server=https://user:pw@x", "x.conf:11: brand: server: \"https://user:pw@x\" is no http or https URL\n" },
                { "server=https://x y", "x.conf:11: brand: server: \"https://x y\" is no http or https URL\n" },
        };

        (void) unused;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_string_equal(FILL(cases[i].setting), cases[i].told);
                assert_int_equal(problems.n, 1);
        }
}

static void all_problems_are_told_at_once(void **unused)
{
        (void) unused;
        assert_string_equal(FILL("number=x", "flag=maybe"), "x.conf:11: brand: number: \"x\" is no whole number\n"
                                                            "x.conf:12: brand: flag: \"maybe\" is neither true nor false\n");
        assert_int_equal(problems.n, 2);
}

static void unknown_option_is_told_with_the_nearest_name_and_its_line(void **unused)
{
        (void) unused;
        assert_string_equal(FILL("text=x", "sevrer=https://x"),
                            "x.conf:12: brand: unknown option \"sevrer\" (did you mean \"server\"?)\n");
        assert_string_equal(FILL("lisst.1=x"), "x.conf:11: brand: unknown option \"lisst\" (did you mean \"list\"?)\n");
        assert_string_equal(FILL("list.1=x", "list.name=y", "list=z"), "");
        assert_string_equal(FILL("text.1=x"), "x.conf:11: brand: text: one value is wanted, and no list\n");
        assert_string_equal(FILL("completely_else=1"), "x.conf:11: brand: unknown option \"completely_else\"\n");
}

static void required_option_must_be_there_and_not_empty(void **unused)
{
        static const struct mentiond_option required[] = {
                MENTIOND_OPTION(struct state, text, "text", MENTIOND_STRING, .flags = MENTIOND_REQUIRED, .help = "What it is"),
                { .name = NULL },
        };
        const struct options o = { required, sizeof required[0] };

        (void) unused;
        assert_string_equal(fill_from(&o, (const char *const[]) { NULL }), "x.conf:10: brand: \"text\" is missing: What it is\n");
        assert_string_equal(fill_from(&o, (const char *const[]) { "text=", NULL }), "x.conf:10: brand: \"text\" is missing: What"
                            " it is\n");
        assert_string_equal(fill_from(&o, (const char *const[]) { "text=x", NULL }), "");
}

static void tables_of_the_host_and_the_plugin_count_together(void **unused)
{
        static const struct mentiond_option own[] = {
                MENTIOND_OPTION(struct state, number, "depth", MENTIOND_INT), { .name = NULL },
        };
        struct options tables[] = { table, { own, sizeof own[0] } };
        struct section s = { .name = xstrdup("brand"), .file = "x.conf", .line = 10 };
        struct problems p = PROBLEMS_INIT;
        struct state second = { .number = 0 };
        void *states[] = { &state, &second };

        (void) unused;
        (void) FILL();
        section_add(&s, "depth", "3", 11);
        section_add(&s, "text", "x", 12);
        section_add(&s, "deepth", "3", 13);
        options_fill(tables, states, 2, &s, &p);
        assert_string_equal(buffer_str(&p.text), "x.conf:13: brand: unknown option \"deepth\" (did you mean \"depth\"?)\n");
        assert_int_equal(second.number, 3);
        assert_string_equal(state.text, "x");
        section_done(&s);
        buffer_done(&p.text);
}

static void rows_of_a_newer_plugin_are_walked_by_their_own_size(void **unused)
{
        static const struct {
                struct mentiond_option row;
                char more[40];
        } larger[] = {
                { .row = MENTIOND_OPTION(struct state, text, "first", MENTIOND_STRING, .default_value = "1") },
                { .row = MENTIOND_OPTION(struct state, number, "second", MENTIOND_INT, .default_value = "2") },
                { .row = { .name = NULL } },
        };
        const struct options o = { &larger[0].row, sizeof larger[0] };

        (void) unused;
        assert_string_equal(fill_from(&o, (const char *const[]) { "second=5", NULL }), "");
        assert_string_equal(state.text, "1");
        assert_int_equal(state.number, 5);
        assert_ptr_equal(options_at(&o, 1), &larger[1].row);
        assert_null(options_at(&o, 2));
        assert_null(options_at(&(struct options) { NULL, 0 }, 0));
}

static void type_of_a_newer_plugin_is_told(void **unused)
{
        static const struct mentiond_option newer[] = {
                MENTIOND_OPTION(struct state, text, "text", 99, .default_value = "x"), { .name = NULL },
        };

        (void) unused;
        assert_non_null(strstr(fill_from(&(struct options) { newer, sizeof newer[0] }, (const char *const[]) { NULL }),
                               "a type that this mentiond does not know"));
}

static void value_given_twice_to_one_state_leaks_nothing(void **unused)
{
        (void) unused;
        assert_string_equal(FILL("text=one"), "");
        assert_string_equal(FILL("text=two"), "");
        assert_string_equal(state.text, "two");
        options_free(&table, &state);
        assert_null(state.text);
        options_free(&table, &state);
}

/* --- Secrets --- */

static char directory[32];

static int make_directory(void **unused)
{
        (void) unused;
        strcpy(directory, "/tmp/mentiond-test-XXXXXX");
        return mkdtemp(directory) ? 0 : -1;
}

static const char *file_spec(const char *name)
{
        static char spec[96];

        (void) snprintf(spec, sizeof spec, "token=file:%s/%s", directory, name);
        return spec;
}

static void put_secret(const char *name, const char *content)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", directory, name);
        FILE *f;

        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(content, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static int remove_secrets(void **unused)
{
        static const char *const names[] = { "token", "empty", "huge" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_free_ char *path = xasprintf("%s/%s", directory, names[i]);

                (void) unlink(path);
        }
        (void) rmdir(directory);
        unsetenv("TEST_TOKEN");
        unsetenv("CREDENTIALS_DIRECTORY");
        return teardown(unused);
}

static void secret_is_read_from_file_environment_or_credential(void **unused)
{
        (void) unused;
        put_secret("token", "from file\n");
        assert_string_equal(FILL(file_spec("token")), "");
        assert_string_equal(secret_value(state.secret), "from file");
        assert_int_equal(setenv("TEST_TOKEN", "from env", 1), 0);
        assert_string_equal(FILL("token=env:TEST_TOKEN"), "");
        assert_string_equal(secret_value(state.secret), "from env");
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", directory, 1), 0);
        assert_string_equal(FILL("token=credential:token"), "");
        assert_string_equal(secret_value(state.secret), "from file");
        assert_string_equal(secret_value(NULL), "");
}

static void secret_is_never_given_as_itself_nor_shown(void **unused)
{
        (void) unused;
        assert_string_equal(FILL("token=hunter2hunter2"),
                            "x.conf:11: brand: token: a secret is given as \"credential:NAME\", \"file:PATH\""
                            " or \"env:NAME\", never as itself\n");
        assert_null(state.secret);
}

static void short_secret_is_told_where_the_option_wants_a_longer_one(void **unused)
{
        static const struct mentiond_option longer[] = {
                MENTIOND_OPTION(struct state, secret, "token", MENTIOND_SECRET, .min = 16), { .name = NULL },
        };
        static const struct options o = { longer, sizeof longer[0] };

        (void) unused;
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", directory, 1), 0);
        put_secret("token", "15 characters..\nand a second line");
        assert_string_equal(fill_from(&o, (const char *const[]) { "token=credential:token", NULL }),
                            "x.conf:11: brand: token: the secret is shorter than 16 characters\n");
        assert_null(state.secret);
        put_secret("token", "16 characters...");
        assert_string_equal(fill_from(&o, (const char *const[]) { "token=credential:token", NULL }), "");
}

static void secret_that_cannot_be_read_is_told(void **unused)
{
        _cleanup_free_ char *huge = xcalloc(1, 16 * 1024 + 2);

        (void) unused;
        put_secret("empty", "\nsecond line");
        memset(huge, 'x', 16 * 1024 + 1);
        put_secret("huge", huge);
        assert_non_null(strstr(FILL(file_spec("none")), "/none: No such file or directory"));
        assert_non_null(strstr(FILL(file_spec("empty")), " is empty"));
        assert_non_null(strstr(FILL(file_spec("huge")), "cannot read"));
        assert_non_null(strstr(FILL("token=env:TEST_TOKEN"), "the environment has no variable TEST_TOKEN"));
        assert_non_null(strstr(FILL("token=credential:token"), "LoadCredential=token:PATH"));
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", directory, 1), 0);
        assert_non_null(strstr(FILL("token=credential:../../etc/passwd"), "a credential's name has no '/'"));
        assert_null(state.secret);
}

/* --- Sections --- */

static void sections_are_equal_whatever_the_order(void **unused)
{
        struct section a = { .name = xstrdup("x") }, b = { .name = xstrdup("x") }, c = { .name = xstrdup("y") };

        (void) unused;
        section_add(&a, "p", "1", 1);
        section_add(&a, "q", "2", 2);
        section_add(&b, "q", "2", 7);
        assert_false(section_equal(&a, &b));
        section_add(&b, "p", "1", 9);
        assert_true(section_equal(&a, &b));
        section_add(&c, "p", "1", 1);
        section_add(&c, "q", "2", 2);
        assert_false(section_equal(&a, &c));             /* another name */
        section_done(&c);
        c.name = xstrdup("x");
        section_add(&c, "p", "1", 1);
        section_add(&c, "q", "3", 2);
        assert_false(section_equal(&a, &c));
        assert_string_equal(section_get(&a, "q")->value, "2");
        assert_null(section_get(&a, "r"));
        section_done(&a);
        section_done(&b);
        section_done(&c);
}

static void description_shows_type_and_default(void **unused)
{
        static const struct mentiond_option required =
                MENTIOND_OPTION(struct state, secret, "token", MENTIOND_SECRET, .flags = MENTIOND_REQUIRED, .help = "The token");
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(4096);

        (void) unused;
        option_describe(&rows[6], &b);
        option_describe(&required, &b);
        assert_non_null(strstr(buffer_str(&b), "span             duration, default 2m\n"));
        assert_non_null(strstr(buffer_str(&b), "token            secret, required\n"));
        assert_non_null(strstr(buffer_str(&b), "The token\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_teardown(defaults_count_where_nothing_is_set, teardown),
                cmocka_unit_test_teardown(each_type_is_read, teardown),
                cmocka_unit_test_teardown(bad_values_are_told_with_their_line, teardown),
                cmocka_unit_test_teardown(all_problems_are_told_at_once, teardown),
                cmocka_unit_test_teardown(unknown_option_is_told_with_the_nearest_name_and_its_line, teardown),
                cmocka_unit_test_teardown(required_option_must_be_there_and_not_empty, teardown),
                cmocka_unit_test_teardown(tables_of_the_host_and_the_plugin_count_together, teardown),
                cmocka_unit_test_teardown(rows_of_a_newer_plugin_are_walked_by_their_own_size, teardown),
                cmocka_unit_test_teardown(type_of_a_newer_plugin_is_told, teardown),
                cmocka_unit_test_teardown(value_given_twice_to_one_state_leaks_nothing, teardown),
                cmocka_unit_test_setup_teardown(secret_is_read_from_file_environment_or_credential, make_directory,
                                                remove_secrets),
                cmocka_unit_test_setup_teardown(secret_is_never_given_as_itself_nor_shown, make_directory, remove_secrets),
                cmocka_unit_test_setup_teardown(short_secret_is_told_where_the_option_wants_a_longer_one, make_directory,
                                                remove_secrets),
                cmocka_unit_test_setup_teardown(secret_that_cannot_be_read_is_told, make_directory, remove_secrets),
                cmocka_unit_test_teardown(sections_are_equal_whatever_the_order, teardown),
                cmocka_unit_test_teardown(description_shows_type_and_default, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
