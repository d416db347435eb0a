/* SPDX-License-Identifier: MIT
 * The control socket, by connections of the test's own, and what can be asked through it. */
#include "fakes.h"

#include "admin/control.h"
#include "admin/daemon.h"
#include "base/clock.h"

#include <mentiond/json.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define CONNECTIONS_MAX 16
#define REQUEST_MAX 4096

static struct daemon d;
static struct control *control;
static char *path;

static void open_control(void)
{
        _cleanup_free_ char *error = NULL;

        fake_open(0);
        d = (struct daemon) { .loop = world_loop, .host = fake_host, .flow = fake_flow, .started_usec = 1 };
        path = arena_printf(fake_arena, "%s/control", world_directory);
        assert_int_equal(control_open(&d, path, &control, &error), 0);
}

static void close_control(void)
{
        control_free(control);
        fake_close();
}

/* --- A client --- */

static int dial(void)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        memcpy(address.sun_path, path, strlen(path) + 1);
        assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof address), 0);
        return fd;
}

static void say(int fd, const char *text)
{
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that comes until the other side closes. */
static const char *hear(int fd)
{
        struct buffer all = BUFFER_INIT(1024 * 1024);
        int64_t until = mono_usec() + 5 * USEC_PER_SEC;
        char chunk[1000];
        ssize_t n;

        while ((n = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT)) != 0) {
                if (n < 0 && errno != EAGAIN)
                        break;
                if (mono_usec() > until)
                        fail_msg("no end after \"%s\"", buffer_str(&all));
                if (n > 0)
                        assert_int_equal(buffer_append(&all, chunk, (size_t) n), 0);
                else
                        world_sleep(300);
        }
        close(fd);
        return arena_take(fake_arena, buffer_take(&all));
}

static void put_json(void *o)
{
        (void) json_object_put(o);
}

static struct json_object *ask(const char *request)
{
        struct json_object *answer;
        const char *line;
        int fd = dial();

        say(fd, request);
        say(fd, "\n");
        line = hear(fd);
        assert_true(strchr(line, '\n') == line + strlen(line) - 1);
        answer = json_tokener_parse(line);
        assert_non_null(answer);
        return arena_own(fake_arena, answer, put_json);
}

static struct json_object *ask_id(const char *command, int64_t id)
{
        return ask(arena_printf(fake_arena, "{\"command\":\"%s\",\"id\":%lld}", command, (long long) id));
}

static void assert_error(struct json_object *answer, const char *error)
{
        assert_false(mj_true(answer, "ok"));
        assert_string_equal(mj_str(answer, "error"), error);
}

/* --- Requests --- */

static void status_shows_the_instances_and_what_they_have_to_do(void)
{
        struct json_object *answer, *one;

        open_control();
        fake_mention("m1", "m1", "");
        assert_true(fake_becomes(brand->stored.id, "m1", STATE_FILED));
        fake_reply("a1", "T-brand:m1", "{\"text\":\"x\"}", "doubtful");
        assert_true(fake_becomes(desk->stored.id, "a1", STATE_HELD));
        answer = ask("{\"command\":\"status\"}");
        assert_true(mj_true(answer, "ok"));
        assert_string_equal(mj_str(answer, "version"), PACKAGE_VERSION);
        assert_true(mj_int(answer, "commits", 0) > 0);
        assert_int_equal(mj_len(mj_get(answer, "instances")), 2);
        one = mj_at(mj_get(answer, "instances"), 0);
        assert_string_equal(mj_str(one, "name"), "brand");
        assert_string_equal(mj_str(one, "kind"), "channel");
        assert_string_equal(mj_str(one, "state"), "running");
        assert_string_equal(mj_str(one, "account"), "@brand@example");
        assert_int_equal(mj_int(mj_get(one, "journal"), "reply_held", 0), 1);
        close_control();
}

static void queue_and_show_tell_about_rows(void)
{
        struct json_object *answer, *row;
        int64_t id;

        open_control();
        fake_mention("m1", "m1", "");
        assert_true(fake_becomes(brand->stored.id, "m1", STATE_FILED));
        fake_reply("a1", "T-brand:m1", "{\"text\":\"x\"}", "doubtful");
        assert_true(fake_becomes(desk->stored.id, "a1", STATE_HELD));
        assert_true(fake_becomes(desk->stored.id, "note:a1:held", STATE_FILED));
        id = fake_id(desk->stored.id, "a1");
        answer = ask("{\"command\":\"queue\"}");
        assert_int_equal(mj_len(mj_get(answer, "rows")), 1);
        assert_false(mj_true(answer, "more"));
        row = mj_at(mj_get(answer, "rows"), 0);
        assert_int_equal(mj_int(row, "id", 0), id);
        assert_string_equal(mj_str(row, "instance"), "brand");
        assert_string_equal(mj_str(row, "from"), "desk");
        assert_string_equal(mj_str(row, "reason"), "doubtful");
        assert_int_equal(mj_len(mj_get(ask("{\"command\":\"queue\",\"state\":\"filed\"}"), "rows")), 2);
        row = mj_get(ask_id("show", id), "row");
        assert_string_equal(mj_str(row, "ticket"), "T-brand:m1");
        assert_string_equal(mj_str(row, "ticket_url"), "https://desk/1");
        assert_string_equal(mj_str(mj_get(row, "payload"), "text"), "x");
        assert_error(ask_id("show", 99), "there is no row 99");
        assert_error(ask("{\"command\":\"show\"}"), "there is no row 0");
        close_control();
}

static void retry_and_drop_change_rows_that_allow_it(void)
{
        int64_t id, dropped;

        open_control();
        fake_mention("m1", "m1", "");
        assert_true(fake_becomes(brand->stored.id, "m1", STATE_FILED));
        fake_reply("a1", "T-brand:m1", "{\"text\":\"x\"}", "doubtful");
        fake_reply("a2", "T-brand:m1", "{\"text\":\"x\"}", "doubtful");
        assert_true(fake_becomes(desk->stored.id, "a2", STATE_HELD));
        id = fake_id(desk->stored.id, "a1");
        dropped = fake_id(desk->stored.id, "a2");
        assert_true(mj_true(ask_id("retry", id), "ok"));
        assert_true(fake_becomes(desk->stored.id, "a1", STATE_POSTED));
        assert_error(ask_id("retry", id), arena_printf(fake_arena, "row %lld is neither held nor dead", (long long) id));
        assert_error(ask_id("drop", id), arena_printf(fake_arena, "row %lld is done, or on its way", (long long) id));
        assert_true(mj_true(ask_id("drop", dropped), "ok"));
        assert_string_equal(fake_state(desk->stored.id, "a2"), STATE_WITHDRAWN);
        assert_error(ask_id("retry", 99), "there is no row 99");
        assert_error(ask_id("drop", -1), "there is no row -1");
        close_control();
}

static void pause_resume_and_poll_act_on_the_instance(void)
{
        struct store_instance i;

        open_control();
        assert_true(mj_true(ask("{\"command\":\"pause\",\"name\":\"brand\"}"), "ok"));
        assert_int_equal(brand->state, INSTANCE_PAUSED);
        assert_int_equal(store_instance_get(fake_host.store, "brand", "fakenet", &i), 0);
        assert_true(i.paused);
        assert_error(ask("{\"command\":\"poll\",\"name\":\"brand\"}"), "\"brand\" is paused: paused by the operator");
        assert_true(mj_true(ask("{\"command\":\"resume\",\"name\":\"brand\"}"), "ok"));
        assert_true(world_wait(&fake.calls[CALL_POLL], 1));
        assert_int_equal(store_instance_get(fake_host.store, "brand", "fakenet", &i), 0);
        assert_false(i.paused);
        assert_true(mj_true(ask("{\"command\":\"poll\",\"name\":\"brand\"}"), "ok"));
        assert_true(world_wait(&fake.calls[CALL_POLL], 2));
        assert_error(ask("{\"command\":\"pause\",\"name\":\"nobody\"}"), "there is no instance \"nobody\"");
        assert_error(ask("{\"command\":\"resume\"}"), "there is no instance \"\"");
        close_control();
}

static void bad_requests_are_answered_with_an_error(void)
{
        open_control();
        assert_error(ask("{\"command\":\"nonsense\"}"), "unknown command");
        assert_error(ask("{}"), "unknown command");
        assert_error(ask("{\"command\":7}"), "unknown command");
        assert_error(ask("hello"), "the request is no JSON object");
        assert_error(ask("[1]"), "the request is no JSON object");
        assert_error(ask(""), "the request is no JSON object");
        assert_error(ask("{\"command\":\"status\""), "the request is no JSON object");
        close_control();
}

/* --- Connections --- */

static void request_may_come_in_pieces(void)
{
        static const char request[] = "{\"command\":\"poll\",\"name\":\"desk\"}\n";
        char piece[2] = "";
        int fd;

        open_control();
        fd = dial();
        for (const char *p = request; *p; p++) {
                piece[0] = *p;
                say(fd, piece);
                if ((p - request) % 8 == 0)
                        world_sleep(300);
        }
        assert_true(startswith(hear(fd), "{\"ok\":true}"));
        close_control();
}

static void request_that_is_too_long_is_cut_off(void)
{
        char *request;
        int fd;

        open_control();
        request = arena_alloc(fake_arena, REQUEST_MAX + 2);
        memset(request, ' ', REQUEST_MAX + 1);
        fd = dial();
        say(fd, request);
        assert_string_equal(hear(fd), "");
        memcpy(request + REQUEST_MAX - 3, "{}\n", 4);
        fd = dial();
        say(fd, request);                        /* as long as it may be */
        assert_non_null(strstr(hear(fd), "unknown command"));
        close_control();
}

static void half_open_connections_disturb_nobody(void)
{
        int silent, half, gone;

        open_control();
        silent = dial();
        half = dial();
        say(half, "{\"command\":");
        gone = dial();
        say(gone, "{\"command\":\"status\"}\n");
        close(gone);                             /* before the answer */
        assert_true(mj_true(ask("{\"command\":\"poll\",\"name\":\"desk\"}"), "ok"));
        assert_int_equal(shutdown(half, SHUT_WR), 0);
        assert_string_equal(hear(half), "");
        world_sleep(1000);
        assert_true(mj_true(ask("{\"command\":\"poll\",\"name\":\"desk\"}"), "ok"));
        close(silent);
        close_control();
}

static void request_before_the_end_of_writing_is_answered(void)
{
        int fd;

        open_control();
        fd = dial();
        say(fd, "{\"command\":\"poll\",\"name\":\"desk\"}\n");
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        assert_true(startswith(hear(fd), "{\"ok\":true}"));
        close_control();
}

static void seventeenth_connection_is_closed_until_one_ends(void)
{
        int fds[CONNECTIONS_MAX];

        open_control();
        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                fds[i] = dial();
                world_sleep(300);
        }
        assert_string_equal(hear(dial()), "");
        close(fds[3]);
        world_sleep(20 * USEC_PER_MSEC);
        assert_true(mj_true(ask("{\"command\":\"poll\",\"name\":\"desk\"}"), "ok"));
        say(fds[15], "{\"command\":\"poll\",\"name\":\"desk\"}\n");
        assert_true(startswith(hear(fds[15]), "{\"ok\":true}"));
        for (size_t i = 0; i < 15; i++)
                if (i != 3)
                        close(fds[i]);
        close_control();
}

static void long_answer_comes_whole_to_a_slow_reader(void)
{
        struct json_object *answer;
        char id[16];

        open_control();
        flow_drain(&fake_flow);
        for (int i = 0; i < 600; i++) {
                (void) snprintf(id, sizeof id, "m%d", i);
                fake_known(id);
        }
        answer = ask("{\"command\":\"queue\",\"state\":\"known\"}");
        assert_int_equal(mj_len(mj_get(answer, "rows")), 600);
        assert_true(strlen(json_object_to_json_string(answer)) > 100000);
        close_control();
}

/* --- The socket --- */

static void socket_is_for_owner_and_group_and_goes_with_its_end(void)
{
        struct stat st;

        open_control();
        assert_int_equal(stat(path, &st), 0);
        assert_true(S_ISSOCK(st.st_mode));
        assert_int_equal(st.st_mode & 0777, 0660);
        control_stop(control);
        control_stop(control);
        assert_int_equal(stat(path, &st), -1);
        close_control();
}

static void stale_socket_is_replaced(void)
{
        _cleanup_free_ char *error = NULL;

        fake_open(0);
        d = (struct daemon) { .loop = world_loop, .host = fake_host, .flow = fake_flow };
        path = arena_strdup(fake_arena, world_write("control", "left over"));
        assert_int_equal(control_open(&d, path, &control, &error), 0);
        assert_true(mj_true(ask("{\"command\":\"status\"}"), "ok"));
        close_control();
}

static void path_that_cannot_be_used_is_told(void)
{
        _cleanup_free_ char *error = NULL, *second = NULL;
        char *deep;

        open_control();
        deep = arena_alloc(fake_arena, 200);
        memset(deep, 'x', 199);
        assert_int_equal(control_open(&d, deep, &control, &error), -ENAMETOOLONG);
        assert_string_equal(error, "control_socket is longer than 107 bytes");
        assert_int_equal(control_open(&d, "/nowhere/control", &control, &second), -ENOENT);
        assert_string_equal(second, "cannot listen on /nowhere/control: No such file or directory");
        close_control();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(status_shows_the_instances_and_what_they_have_to_do),
                world_test(queue_and_show_tell_about_rows),
                world_test(retry_and_drop_change_rows_that_allow_it),
                world_test(pause_resume_and_poll_act_on_the_instance),
                world_test(bad_requests_are_answered_with_an_error),
                world_test(request_may_come_in_pieces),
                world_test(request_that_is_too_long_is_cut_off),
                world_test(half_open_connections_disturb_nobody),
                world_test(request_before_the_end_of_writing_is_answered),
                world_test(seventeenth_connection_is_closed_until_one_ends),
                world_test(long_answer_comes_whole_to_a_slow_reader),
                world_test(socket_is_for_owner_and_group_and_goes_with_its_end),
                world_test(stale_socket_is_replaced),
                world_test(path_that_cannot_be_used_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
