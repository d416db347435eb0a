/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "base/clock.h"
#include "io/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static char *said, *errors;
static int n_lines, n_errors, n_ends, n_too_long, hold_after;
static struct child *child;

static void add(char **to, const char *text)
{
        char *all = xasprintf("%s%s|", strempty(*to), text);

        free(*to);
        *to = all;
}

static void on_line(void *data, const char *text, size_t size)
{
        assert_ptr_equal(data, &child);
        if (!text) {
                n_too_long++;
                return;
        }
        assert_int_equal(text[size], 0);
        if (size < 1000)
                add(&said, text);
        else
                n_too_long += size > CHILD_LINE_MAX;
        if (++n_lines == hold_after)
                child_hold(child);
}

static void on_error_line(void *data, const char *text)
{
        assert_ptr_equal(data, &child);
        if (n_errors++ < 5)
                add(&errors, strlen(text) < 100 ? text : "long");
}

static void on_end(void *data)
{
        assert_ptr_equal(data, &child);
        n_ends++;
}

static const struct child_listener listener = { on_line, on_error_line, on_end };

static void begin(struct child_setup s)
{
        static const char *const environment[] = { "PATH=/usr/bin:/bin", "A=b", NULL };

        free(TAKE_PTR(said));
        free(TAKE_PTR(errors));
        said = xstrdup("");
        errors = xstrdup("");
        n_lines = n_errors = n_ends = n_too_long = hold_after = 0;
        s.environment = environment;
        s.directory = world_directory;
        assert_int_equal(child_start(world_loop, &s, &listener, &child, &child), 0);
}

static void begin_sh(const char *script)
{
        begin((struct child_setup) { .arguments = (const char *const[]) { "/bin/sh", "-c", script, NULL } });
}

static void ends_as(const char *fate)
{
        assert_true(world_wait(&n_ends, 1));
        assert_string_equal(child_fate(child), fate);
        child_free(TAKE_PTR(child));
}

static bool is_alive(pid_t pid)
{
        _cleanup_free_ char *path = xasprintf("/proc/%d/stat", (int) pid), *stat = NULL;
        size_t size;

        return read_file(path, 4096, &stat, &size) == 0 && !strstr(stat, ") Z ");
}

static bool dies(pid_t pid)
{
        for (int i = 0; i < 2000 && is_alive(pid); i++)
                world_sleep(10 * USEC_PER_MSEC);
        return !is_alive(pid);
}

/* --- What is said --- */

static void lines_are_told_one_by_one_and_then_the_end(void)
{
        begin_sh("echo one; printf 'two\\n\\nthr'; printf 'ee\\nlast'; echo err >&2; exit 7");
        ends_as("ended with status 7");
        assert_string_equal(said, "one|two||three|");    /* what is no line is not told */
        assert_string_equal(errors, "err|");
}

static void what_is_written_arrives_and_is_counted(void)
{
        _cleanup_free_ char *much = xmalloc(300001);

        memset(much, 'x', 300000);
        much[300000] = '\n';
        begin_sh("read x; echo \"${#x}\"; read y; echo \"$y\"");
        assert_int_equal(child_queued(child), 0);
        child_write(child, much, 300001);
        child_write(child, "yes\n", 4);
        assert_int_equal(child_queued(child), 300005);
        assert_true(child_written(child) < 300005);      /* a pipe holds less */
        ends_as("ended with status 0");
        assert_string_equal(said, "300000|yes|");
}

static void what_nobody_reads_is_not_counted_as_written(void)
{
        _cleanup_free_ char *much = xcalloc(1, 300000);

        begin_sh("sleep 1000");
        child_write(child, much, 300000);
        world_sleep(50 * USEC_PER_MSEC);
        assert_int_equal(child_queued(child), 300000);
        assert_true(child_written(child) > 0 && child_written(child) < 300000);
        child_end(child, false);
        ends_as("was killed by signal 15 (Terminated)");
}

static void no_line_is_told_while_held_and_none_is_lost(void)
{
        begin_sh("yes 0123456789 | head -n 50000; echo end");
        hold_after = 3;
        assert_true(world_wait(&n_lines, 3));
        world_sleep(300 * USEC_PER_MSEC);
        assert_int_equal(n_lines, 3);
        assert_int_equal(n_ends, 0);
        child_release(child);
        ends_as("ended with status 0");
        assert_int_equal(n_lines, 50001);
}

static void an_end_is_told_behind_the_lines_that_were_held(void)
{
        begin_sh("echo a; echo b");
        hold_after = 1;
        assert_true(world_wait(&n_lines, 1));
        assert_true(dies(child_pid(child)));
        world_sleep(20 * USEC_PER_MSEC);
        assert_int_equal(n_ends, 0);
        child_release(child);
        ends_as("ended with status 0");
        assert_string_equal(said, "a|b|");
}

static void a_line_that_is_too_long_is_not_told(void)
{
        begin_sh("head -c 8388608 /dev/zero | tr '\\0' x; echo; head -c 8388609 /dev/zero | tr '\\0' x; echo; exec sleep 1000");
        assert_true(world_wait(&n_too_long, 1));
        assert_int_equal(n_lines, 1);
        child_end(child, false);
        ends_as("wrote a line that is too long");
        begin_sh("exec tr '\\0' x </dev/zero");
        assert_true(world_wait(&n_too_long, 1));
        child_end(child, false);
        assert_true(world_wait(&n_ends, 1));
        child_free(TAKE_PTR(child));
}

static void lines_of_errors_are_cut_and_an_unended_one_is_told_at_the_end(void)
{
        begin_sh("head -c 100000 /dev/zero | tr '\\0' x >&2; echo >&2; echo short >&2; printf rest >&2");
        ends_as("ended with status 0");
        assert_string_equal(errors, "long|short|rest|");
}

/* --- What it has --- */

/* Signals 32 and 33 are the C library's own, which it lets nobody change: whoever began make may have left them ignored. */
static void a_child_has_nothing_of_ours(void)
{
        int fd = open("/dev/null", O_RDONLY);    /* not close-on-exec, as a library's may be */

        (void) signal(SIGPIPE, SIG_IGN);
        begin_sh("env | grep -v -e ^PWD= -e ^OLDPWD= -e ^SHLVL= -e ^_= | sort | tr '\\n' ' '; echo; pwd; ls /proc/self/fd | tr "
                 "'\\n' ' '; echo;"
                 "grep -e SigIgn -e SigBlk -e NoNewPrivs /proc/self/status | sed s/00000001800/00000000000/ | tr -d '\\n'; echo;"
                 " ulimit -c; ps -o pgid= -p $$");
        close(fd);
        assert_true(world_wait(&n_ends, 1));
        _cleanup_free_ char *wanted = xasprintf("A=b PATH=/usr/bin:/bin |%s|0 1 2 3 "
                                                "|SigBlk:\t0000000000000000SigIgn:\t0000000000000000NoNewPrivs:\t1|0|",
                                                world_directory);
        if (!startswith(said, wanted))
                assert_string_equal(said, wanted);
        assert_int_equal(strtol(said + strlen(wanted), NULL, 10), child_pid(child));
        child_free(TAKE_PTR(child));
}

static void memory_is_bounded(void)
{
        begin((struct child_setup) {
                .arguments = (const char *const[]) { "/usr/bin/python3", "-c", "x = bytearray(1 << 28)", NULL },
                .memory_max = 128 << 20 });
        ends_as("ended with status 1");
        assert_non_null(strstr(errors, "MemoryError"));
}

static void cpu_time_is_bounded(void)
{
        begin((struct child_setup) { .arguments = (const char *const[]) { "/bin/sh", "-c", "while :; do :; done", NULL },
                                     .cpu_max_usec = USEC_PER_SEC });
        assert_true(world_wait(&n_ends, 1));
        assert_true(startswith(child_fate(child), "was killed by signal 24"));
        child_free(TAKE_PTR(child));
}

static void what_cannot_be_executed_says_why(void)
{
        begin((struct child_setup) { .arguments = (const char *const[]) { "/nowhere/program", NULL } });
        ends_as("cannot be executed: No such file or directory");
        begin((struct child_setup) { .arguments = (const char *const[]) { "/etc/passwd", NULL } });
        ends_as("cannot be executed: Permission denied");
}

/* --- Its end --- */

static void politely_it_ends_by_the_end_of_its_input(void)
{
        int64_t began = mono_usec();

        begin_sh("while read x; do :; done; echo bye");
        child_end(child, true);
        ends_as("ended with status 0");
        assert_string_equal(said, "bye|");
        assert_true(mono_usec() - began < 20 * USEC_PER_SEC);
}

static void one_that_does_not_care_for_its_input_gets_a_signal(void)
{
        begin_sh("trap 'echo term; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
        assert_true(world_wait(&n_lines, 1));
        child_end(child, true);
        ends_as("ended with status 3");
        assert_string_equal(said, "ready|term|");
}

static void one_that_ignores_that_is_killed(void)
{
        begin_sh("trap '' TERM; echo ready; while :; do sleep 0.05; done");
        assert_true(world_wait(&n_lines, 1));
        child_end(child, false);
        ends_as("was killed by signal 9 (Killed)");
}

static void what_it_leaves_in_its_group_is_killed(void)
{
        pid_t pid;

        begin_sh("sleep 1000 & echo $!; exit 0");        /* and that has its output still */
        assert_true(world_wait(&n_ends, 1));
        pid = (pid_t) strtol(said, NULL, 10);
        assert_true(pid > 1 && dies(pid));
        child_free(TAKE_PTR(child));
        begin_sh("sleep 1000 & echo $!; exec sleep 1000");
        assert_true(world_wait(&n_lines, 1));
        pid = (pid_t) strtol(said, NULL, 10);
        child_free(TAKE_PTR(child));
        assert_true(dies(pid));
}

static void one_that_closes_its_output_or_input_is_ended(void)
{
        begin_sh("exec >&-; exec sleep 1000");
        ends_as("closed its output");
        begin_sh("exec <&-; echo ready; exec sleep 1000");
        assert_true(world_wait(&n_lines, 1));
        child_write(child, "x\n", 2);
        ends_as("closed its input");
}

static void one_that_is_freed_before_it_began_to_run_is_no_more(void)
{
        for (int i = 0; i < 20; i++) {
                pid_t pid;

                begin_sh("sleep 1000");
                pid = child_pid(child);
                child_free(TAKE_PTR(child));
                assert_false(is_alive(pid));
        }
}

static void it_dies_with_who_began_it(void)
{
        int fds[2];
        char text[32] = "";
        pid_t parent, pid;

        assert_int_equal(pipe(fds), 0);
        parent = fork();
        if (parent == 0) {
                assert_int_equal(loop_new(&world_loop), 0);      /* one cannot be shared */
                begin_sh("exec sleep 1000");
                (void) !write(fds[1], text, (size_t) snprintf(text, sizeof text, "%d", (int) child_pid(child)));
                (void) usleep(300000);           /* until it has been executed */
                _exit(0);
        }
        assert_true(read(fds[0], text, sizeof text - 1) > 0);
        pid = (pid_t) strtol(text, NULL, 10);
        assert_true(pid > 1);
        assert_int_equal(waitpid(parent, NULL, 0), parent);
        assert_true(dies(pid));
        close(fds[0]);
        close(fds[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(lines_are_told_one_by_one_and_then_the_end),
                world_test(what_is_written_arrives_and_is_counted),
                world_test(what_nobody_reads_is_not_counted_as_written),
                world_test(no_line_is_told_while_held_and_none_is_lost),
                world_test(an_end_is_told_behind_the_lines_that_were_held),
                world_test(a_line_that_is_too_long_is_not_told),
                world_test(lines_of_errors_are_cut_and_an_unended_one_is_told_at_the_end),
                world_test(a_child_has_nothing_of_ours),
                world_test(memory_is_bounded),
                world_test(cpu_time_is_bounded),
                world_test(what_cannot_be_executed_says_why),
                world_test(politely_it_ends_by_the_end_of_its_input),
                world_test(one_that_does_not_care_for_its_input_gets_a_signal),
                world_test(one_that_ignores_that_is_killed),
                world_test(what_it_leaves_in_its_group_is_killed),
                world_test(one_that_closes_its_output_or_input_is_ended),
                world_test(one_that_is_freed_before_it_began_to_run_is_no_more),
                world_test(it_dies_with_who_began_it),
        };
        int r = cmocka_run_group_tests_name("child", tests, NULL, NULL);

        free(said);
        free(errors);
        return r;
}
