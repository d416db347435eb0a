/* SPDX-License-Identifier: MIT
 * The loader.  tests/plugins/echo.so and empty.so are loaded from $builddir. */
#include "host/plugin.h"

#include <errno.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

static char directory[32];
static char *error;
static struct plugin *plugin;

static char *built;                              /* where the modules are */

static int setup(void **state)
{
        (void) state;
        strcpy(directory, "/tmp/mentiond-test-XXXXXX");
        free(built);
        built = xasprintf("%s/tests/plugins/.libs", getenv("builddir") ? getenv("builddir") : ".");
        error = NULL;
        plugin = NULL;
        return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
        _cleanup_free_ char *command = xasprintf("rm -rf %s", directory);

        (void) state;
        plugin_forget_all();
        free(error);
        free(built);
        built = NULL;
        return system(command);
}

static void put(const char *name, const char *content, size_t size)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", directory, name);
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        assert_int_equal(fwrite(content, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
}

/* A module under another name. */
static void put_module(const char *module, const char *name)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", built, module), *content = NULL;
        size_t size;

        if (read_file(path, 16 * 1024 * 1024, &content, &size) < 0)
                fail_msg("%s is not there: make check makes it", path);
        put(name, content, size);
}

static int load(const char *name)
{
        free(error);
        error = NULL;
        return plugin_load(directory, name, &plugin, &error);
}

/* --- Structs --- */

static int yes(struct mentiond_op *op, void *state)
{
        (void) op;
        (void) state;
        return 0;
}

static int post(struct mentiond_op *op, void *state, const struct mentiond_post *p, struct mentiond_posted *ret)
{
        (void) p;
        (void) ret;
        return yes(op, state);
}

static const struct mentiond_option good_options[] = {
        { .name = "a", .type = MENTIOND_INT, .offset = 0 }, { .name = "b", .type = MENTIOND_BOOL, .offset = 8 }, { .name = NULL },
};

static struct mentiond_channel good(void)
{
        return (struct mentiond_channel) {
                .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_CHANNEL, struct mentiond_channel), .state_size = 12, .name = "good",
                          .version = "1", .options = good_options },
                .start = yes, .poll = yes, .post = post,
        };
}

static const char *register_it(const struct mentiond_plugin *head)
{
        int r;

        free(error);
        error = NULL;
        r = plugin_register(head, &plugin, &error);
        assert_int_equal(r, error ? -EINVAL : 0);
        return strempty(error);
}

static void good_plugin_is_taken_with_its_options(void **state)
{
        static struct mentiond_channel c;

        (void) state;
        c = good();
        assert_string_equal(register_it(&c.head), "");
        assert_string_equal(plugin->name, "good");
        assert_int_equal(plugin->head.kind, MENTIOND_CHANNEL);
        assert_ptr_equal(plugin->channel.poll, yes);
        assert_string_equal(options_at(&plugin->options, 1)->name, "b");
        assert_int_equal(load("good"), 0);               /* known already: no file is needed */
}

static void other_versions_of_the_api(void **state)
{
        struct mentiond_channel c = good();

        (void) state;
        c.head.api_version = MENTIOND_API_VERSION + (1u << 16);
        assert_string_equal(register_it(&c.head), "it was built for another major version of the plugin API");
        c.head.api_version = 0;
        assert_string_equal(register_it(&c.head), "it was built for another major version of the plugin API");
        c.head.api_version = MENTIOND_API_VERSION + 1;
        assert_string_equal(register_it(&c.head), "it was built for a newer mentiond");
}

static void shorter_struct_of_an_older_plugin_has_null_behind_its_end(void **state)
{
        struct mentiond_channel c = good();

        (void) state;
        c.fetch = (void *) 1;                            /* behind what the plugin says it has */
        c.find = (void *) 1;
        c.head.struct_size = offsetof(struct mentiond_channel, find);
        assert_string_equal(register_it(&c.head), "");
        assert_ptr_equal(plugin->channel.post, post);
        assert_null(plugin->channel.find);
        assert_null(plugin->channel.stop);
}

static void larger_struct_of_a_plugin_is_cut(void **state)
{
        struct {
                struct mentiond_channel c;
                void *more[8];
        } newer = { .c = good() };

        (void) state;
        memset(newer.more, 0xff, sizeof newer.more);
        newer.c.head.struct_size = sizeof newer;
        assert_string_equal(register_it(&newer.c.head), "");
        assert_ptr_equal(plugin->channel.poll, yes);
}

static void sizes_that_cannot_be_right_are_refused(void **state)
{
        struct mentiond_channel c = good();

        (void) state;
        c.head.struct_size = sizeof(struct mentiond_plugin) - 8;
        assert_string_equal(register_it(&c.head), "its struct_size cannot be right");
        c = good();
        c.head.struct_size -= 1;
        assert_string_equal(register_it(&c.head), "its struct_size cannot be right");
        c = good();
        c.head.option_size = 8;
        assert_string_equal(register_it(&c.head), "its option_size cannot be right");
        c = good();
        c.head.option_size += 4;
        assert_string_equal(register_it(&c.head), "its option_size cannot be right");
}

static void bad_kinds_and_names_are_refused(void **state)
{
        static const char *const names[] = { NULL, "", "Good", "1st", "two words", "a/b", "_x", "a-b", "g\xc3\xbct" };
        struct mentiond_channel c = good();

        (void) state;
        c.head.kind = 3;
        assert_string_equal(register_it(&c.head), "it is neither a channel nor a helpdesk");
        c = good();
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                c.head.name = names[i];
                assert_string_equal(register_it(&c.head), "its name is not of the form [a-z][a-z0-9_]*");
        }
}

static void missing_callbacks_are_told(void **state)
{
        struct mentiond_channel c = good();
        struct mentiond_helpdesk h = {
                .head = { MENTIOND_PLUGIN_HEAD(MENTIOND_HELPDESK, struct mentiond_helpdesk), .name = "desk" }, .start = yes,
                .poll = yes,
        };

        (void) state;
        c.start = NULL;
        assert_string_equal(register_it(&c.head), "a channel needs start and poll");
        c = good();
        c.head.struct_size = offsetof(struct mentiond_channel, poll);
        assert_string_equal(register_it(&c.head), "a channel needs start and poll");
        assert_string_equal(register_it(&h.head), "a helpdesk needs start, file, append, find, note and poll");
}

static void channel_without_post_only_watches(void **state)
{
        struct mentiond_channel c = good();

        (void) state;
        c.post = NULL;
        assert_string_equal(register_it(&c.head), "");
        assert_null(plugin->channel.post);
}

static void hook_must_be_one_that_can_be_checked(void **state)
{
        static const char wrong[] = "its hook has a signature or a handshake that this mentiond does not know, or no header";
        struct mentiond_hook hook = { .struct_size = sizeof hook, .signature = MENTIOND_HMAC_SHA1_HEX, .header = "X-Signature" };
        struct mentiond_channel c = good();
        (void) state;

        c.hook = &hook;
        assert_string_equal(register_it(&c.head), "");
        assert_string_equal(plugin->hook.header, "X-Signature");
        hook.header = "";
        assert_string_equal(register_it(&c.head), wrong);
        hook.header = "X-Signature";
        hook.signature = MENTIOND_HMAC_SHA1_BASE64 + 1;
        assert_string_equal(register_it(&c.head), wrong);
        hook.signature = 0;
        assert_string_equal(register_it(&c.head), wrong);
        hook.signature = MENTIOND_PLAIN;
        hook.handshake = MENTIOND_CHALLENGE_CODE + 1;
        assert_string_equal(register_it(&c.head), wrong);
        c.head.struct_size = offsetof(struct mentiond_channel, hook);    /* of a plugin that is older than hooks */
        assert_string_equal(register_it(&c.head), "");
        assert_int_equal(plugin->hook.signature, 0);
}

static void options_outside_of_the_state_are_refused(void **state)
{
        static const struct mentiond_option cases[][2] = {
                { { .name = "a", .type = MENTIOND_INT, .offset = 5 } },
                { { .name = "a", .type = MENTIOND_BOOL, .offset = 9 } },
                { { .name = "a", .type = MENTIOND_STRING, .offset = UINT64_MAX - 3 } },
                { { .name = "A", .type = MENTIOND_BOOL, .offset = 0 } },
        };
        struct mentiond_channel c = good();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                c.head.options = cases[i];
                assert_string_equal(register_it(&c.head), "one of its options has a bad name or lies outside of its state");
        }
}

/* --- Files --- */

static void plugin_is_loaded_from_its_file_once(void **state)
{
        struct plugin *first;

        (void) state;
        put_module("echo.so", "echo.so");
        assert_int_equal(load("echo"), 0);
        first = plugin;
        assert_string_equal(plugin->name, "echo");
        assert_string_equal(plugin->head.summary, "Two files in place of a network");
        assert_non_null(plugin->channel.find);
        assert_null(plugin->channel.fetch);
        assert_string_equal(options_at(&plugin->options, 0)->name, "inbox");
        assert_int_equal(load("echo"), 0);
        assert_ptr_equal(plugin, first);
}

static void missing_plugin_is_told_with_the_nearest_name(void **state)
{
        (void) state;
        put("mastodon.so", "x", 1);
        put("bluesky.so", "x", 1);
        put("mastodo.la", "x", 1);
        assert_int_equal(load("mastodont"), -ENOENT);
        assert_non_null(strstr(error, "there is no plugin \"mastodont\" in /tmp/"));
        assert_non_null(strstr(error, "(did you mean \"mastodon\"?)"));
        assert_int_equal(load("zammad"), -ENOENT);
        assert_null(strstr(error, "did you mean"));
        free(error);
        assert_int_equal(plugin_load("/nowhere/at/all", "mastodon", &plugin, &error), -ENOENT);
}

static void bad_names_are_never_looked_for(void **state)
{
        static const char *const names[] = { "", "../../lib/evil", "a.b", "A", "a/b", "-x" };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(load(names[i]), -EINVAL);
                assert_non_null(strstr(error, "is no name of a plugin"));
        }
}

static void file_that_is_no_shared_object_is_told(void **state)
{
        (void) state;
        put("noise.so", "this is text\n", 13);
        assert_int_equal(load("noise"), -ELIBBAD);
        assert_true(startswith(error, "cannot load plugin \"noise\": "));
}

static void shared_object_that_is_no_plugin_is_told(void **state)
{
        (void) state;
        put_module("empty.so", "empty.so");
        assert_int_equal(load("empty"), -ELIBBAD);
        assert_non_null(strstr(error, "/empty.so is no plugin of mentiond: it has no mentiond_plugin_init"));
}

static void plugin_under_another_name_is_refused_and_not_kept(void **state)
{
        (void) state;
        put_module("echo.so", "other.so");
        assert_int_equal(load("other"), -EINVAL);
        assert_non_null(strstr(error, "/other.so calls itself \"echo\""));
        assert_int_equal(load("echo"), -ENOENT);         /* it is not there under that name either */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(good_plugin_is_taken_with_its_options, setup, teardown),
                cmocka_unit_test_setup_teardown(other_versions_of_the_api, setup, teardown),
                cmocka_unit_test_setup_teardown(shorter_struct_of_an_older_plugin_has_null_behind_its_end, setup, teardown),
                cmocka_unit_test_setup_teardown(larger_struct_of_a_plugin_is_cut, setup, teardown),
                cmocka_unit_test_setup_teardown(sizes_that_cannot_be_right_are_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(bad_kinds_and_names_are_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(missing_callbacks_are_told, setup, teardown),
                cmocka_unit_test_setup_teardown(channel_without_post_only_watches, setup, teardown),
                cmocka_unit_test_setup_teardown(hook_must_be_one_that_can_be_checked, setup, teardown),
                cmocka_unit_test_setup_teardown(options_outside_of_the_state_are_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(plugin_is_loaded_from_its_file_once, setup, teardown),
                cmocka_unit_test_setup_teardown(missing_plugin_is_told_with_the_nearest_name, setup, teardown),
                cmocka_unit_test_setup_teardown(bad_names_are_never_looked_for, setup, teardown),
                cmocka_unit_test_setup_teardown(file_that_is_no_shared_object_is_told, setup, teardown),
                cmocka_unit_test_setup_teardown(shared_object_that_is_no_plugin_is_told, setup, teardown),
                cmocka_unit_test_setup_teardown(plugin_under_another_name_is_refused_and_not_kept, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
