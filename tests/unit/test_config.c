/* SPDX-License-Identifier: MIT */
#include "admin/config.h"

#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

static char directory[32];
static struct config config;
static struct problems problems;

static int setup(void **state)
{
        (void) state;
        strcpy(directory, "/tmp/mentiond-test-XXXXXX");
        unsetenv("STATE_DIRECTORY");
        unsetenv("RUNTIME_DIRECTORY");
        return mkdtemp(directory) ? 0 : -1;
}

static void forget(void)
{
        config_done(&config);
        buffer_done(&problems.text);
        problems = (struct problems) PROBLEMS_INIT;
}

static int teardown(void **state)
{
        _cleanup_free_ char *path = xasprintf("%s/m.conf", directory);

        forget();
        (void) unlink(path);
        (void) rmdir(directory);
        (void) state;
        return 0;
}

/* What is wrong with a file of this content, with the file's name as FILE. */
static const char *load(const char *content)
{
        _cleanup_free_ char *path = xasprintf("%s/m.conf", directory);
        static char out[8192];
        const char *from;
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        assert_true(fputs(content, f) >= 0);
        assert_int_equal(fclose(f), 0);
        forget();
        config_load(path, &config, &problems);
        out[0] = '\0';
        for (from = buffer_str(&problems.text); startswith(from, path); ) {
                size_t n = strcspn(from, "\n"), used = strlen(out);

                (void) snprintf(out + used, sizeof out - used, "FILE%.*s\n", (int) (n - strlen(path)), from + strlen(path));
                from += n + 1;
        }
        assert_string_equal(from, "");           /* every line names the file */
        return out;
}

static void sections_of_a_good_file_are_read(void **state)
{
        (void) state;
        assert_string_equal(load("log_level = \"debug\";\n"
                                 "state_directory = \"/s\";\n"
                                 "helpdesk = {\n"
                                 "  desk = { plugin = \"otrs\"; server = \"https://h\"; verify = true; };\n"
                                 "};\n"
                                 "channel = {\n"
                                 "  brand = { plugin = \"mastodon\"; helpdesk = \"desk\"; parallel = 3; big = 5000000000L; };\n"
                                 "  second_brand-2 = { plugin = \"mastodon\"; helpdesk = \"desk\"; off = false; };\n"
                                 "};\n"), "");
        assert_string_equal(config.options.log_level, "debug");
        assert_string_equal(config.options.state_directory, "/s");
        assert_int_equal(config.n_helpdesks, 1);
        assert_int_equal(config.n_channels, 2);
        assert_string_equal(config.helpdesks[0].name, "desk");
        assert_int_equal(config.helpdesks[0].line, 4);
        assert_string_equal(section_get(&config.helpdesks[0], "server")->value, "https://h");
        assert_string_equal(section_get(&config.helpdesks[0], "verify")->value, "true");
        assert_string_equal(section_get(&config.channels[0], "parallel")->value, "3");
        assert_string_equal(section_get(&config.channels[0], "big")->value, "5000000000");
        assert_int_equal(section_get(&config.channels[1], "off")->line, 8);
        assert_string_equal(section_get(&config.channels[1], "off")->value, "false");
        assert_string_equal(config.channels[1].name, "second_brand-2");
}

static void directories_are_those_of_systemd_or_usual_ones(void **state)
{
        (void) state;
        assert_string_equal(load(""), "");
        assert_string_equal(config.options.state_directory, "/var/lib/mentiond");
        assert_string_equal(config.options.control_socket, "/run/mentiond/control");
        assert_string_equal(config.options.log_level, "info");
        assert_int_equal(config.options.forget_after_usec, 90 * USEC_PER_DAY);
        assert_string_equal(load("forget_after = \"2d\";"), "");
        assert_int_equal(config.options.forget_after_usec, 2 * USEC_PER_DAY);
        assert_int_equal(setenv("STATE_DIRECTORY", "/x/state", 1), 0);
        assert_int_equal(setenv("RUNTIME_DIRECTORY", "/x/run", 1), 0);
        assert_string_equal(load(""), "");
        assert_string_equal(config.options.state_directory, "/x/state");
        assert_string_equal(config.options.control_socket, "/x/run/control");
        assert_string_equal(load("state_directory = \"/mine\"; control_socket = \"/mine/c\";"), "");
        assert_string_equal(config.options.state_directory, "/mine");
        assert_string_equal(config.options.control_socket, "/mine/c");
}

static void errors_are_told_with_file_and_line(void **state)
{
        static const struct {
                const char *content, *told;
        } cases[] = {
                { "log_level = ;\n", "FILE:1: syntax error\n" },
                { "a = 1;\n\nb = = 2;\n", "FILE:3: syntax error\n" },
                { "\nlog_levle = \"debug\";\n", "FILE:2: mentiond: unknown option \"log_levle\" (did you mean"
                  " \"log_level\"?)\n" },
                { "\nstate_directory = [ 1, 2 ];\n",
                  "FILE:2: mentiond: state_directory: a text, a whole number, true or false is wanted\n" },
                { "helpdesk = \"x\";\n", "FILE:1: helpdesk: a group of instances is wanted: helpdesk = { NAME = { ... }; };\n" },
                { "channel = {\n  brand = 3;\n};\n", "FILE:2: brand: an instance is wanted: brand = { plugin = ...; };\n" },
                { "channel = {\n  *brand = { };\n};\n",
                  "FILE:2: *brand: a name begins with a letter and has letters, digits, '_' and '-'\n" },
                { "helpdesk = { same = { }; };\nchannel = {\n  same = { };\n};\n",
                  "FILE:3: same: there is another instance of this name\n" },
                { "channel = {\n  brand = {\n    rate = 1.5;\n  };\n};\n",
                  "FILE:3: brand: rate: a text, a whole number, true or false is wanted\n" },
                { "channel = {\n  b = {\n    guard_allow = [\n \"x\" ];\n    guard_patterns = {\n one = \"x\"; two = 1.5; }; };"
                  " };\n",
                  "FILE:6: b: guard_patterns.two: a text, a whole number, true or false is wanted\n" },
                { "channel = { b = {\n  guard_allow = [ ]; }; };\n", "FILE:2: b: guard_allow: the list is empty\n" },
                { "channel = { b = {\n  guard_allow = ( \"x\",\n ( \"y\" ) ); }; };\n",
                  "FILE:3: b: guard_allow.2: a text, a whole number, true or false is wanted\n" },
                { "helpdesk = { desk = { }; };\nchannel = {\n  b = {\n    helpdesk = \"deks\";\n  };\n};\n",
                  "FILE:4: b: there is no helpdesk \"deks\" (did you mean \"desk\"?)\n" },
                { "channel = { b = {\n helpdesk = \"desk\"; }; };\n", "FILE:2: b: there is no helpdesk \"desk\"\n" },
                { "log_level = 7;\n", "FILE:1: log_level is neither error, warning, info nor debug\n" },
                { "x = 1;\ny = 2;\n", "FILE:1: mentiond: unknown option \"x\"\nFILE:2: mentiond: unknown option \"y\"\n" },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_string_equal(load(cases[i].content), cases[i].told);
                assert_true(problems.n > 0);
        }
}

static void lists_and_groups_are_settings_of_their_own_each_with_its_line(void **state)
{
        const struct section *s;

        (void) state;
        assert_string_equal(load("channel = { b = {\n guard_allow = [ \"x\",\n \"y\" ];\n guard_patterns = {\n one = \"1\";\n two"
                                 " = \"2\"; }; }; };\n"), "");
        s = &config.channels[0];
        assert_int_equal(s->n, 4);
        assert_string_equal(section_get(s, "guard_allow.1")->value, "x");
        assert_string_equal(section_get(s, "guard_allow.2")->value, "y");
        assert_string_equal(section_get(s, "guard_patterns.one")->value, "1");
        assert_string_equal(section_get(s, "guard_patterns.two")->value, "2");
        assert_int_equal(section_get(s, "guard_patterns.two")->line, 6);
}

static void same_name_twice_in_one_group_is_an_error(void **state)
{
        (void) state;
        assert_non_null(strstr(load("channel = {\n  b = { };\n  b = { };\n};\n"), "FILE:3: "));
}

static void file_that_cannot_be_read_is_told(void **state)
{
        (void) state;
        forget();
        config_load("/nowhere/m.conf", &config, &problems);
        assert_string_equal(buffer_str(&problems.text), "/nowhere/m.conf: cannot be read: No such file or directory\n");
}

static void instances_need_a_plugin_of_their_kind(void **state)
{
        struct host h = { .loop = NULL };

        (void) state;
        assert_string_equal(load("plugin_directory = \"/nowhere\";\nhelpdesk = {\n  desk = { };\n};\nchannel = {\n  b = {\n"
                                 "    plugin = \"mastodon\"; helpdesk = \"desk\"; };\n};\n"), "");
        assert_null(config_instances(&config, &h, &problems));
        assert_int_equal(problems.n, 2);
        assert_non_null(strstr(buffer_str(&problems.text), "m.conf:3: desk: \"plugin\" is missing\n"));
        assert_non_null(strstr(buffer_str(&problems.text), "m.conf:7: b: there is no plugin \"mastodon\" in /nowhere\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(sections_of_a_good_file_are_read, setup, teardown),
                cmocka_unit_test_setup_teardown(directories_are_those_of_systemd_or_usual_ones, setup, teardown),
                cmocka_unit_test_setup_teardown(errors_are_told_with_file_and_line, setup, teardown),
                cmocka_unit_test_setup_teardown(lists_and_groups_are_settings_of_their_own_each_with_its_line, setup, teardown),
                cmocka_unit_test_setup_teardown(same_name_twice_in_one_group_is_an_error, setup, teardown),
                cmocka_unit_test_setup_teardown(file_that_cannot_be_read_is_told, setup, teardown),
                cmocka_unit_test_setup_teardown(instances_need_a_plugin_of_their_kind, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
