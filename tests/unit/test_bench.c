/* SPDX-License-Identifier: MIT
 * The bench: children of the test die in all the ways there are, and the next one reads who it was. */
#include "world.h"

#include "base/clock.h"
#include "base/log.h"
#include "host/bench.h"

#include <errno.h>
#ifdef HAVE_VALGRIND_VALGRIND_H
#  include <valgrind/valgrind.h>
#else
#  define RUNNING_ON_VALGRIND 0
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int64_t shift_usec;               /* of the wall clock */
static volatile int zero;

/* In the place of libc's. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
        int r = (int) syscall(SYS_clock_gettime, id, ts);

        if (id == CLOCK_REALTIME)
                ts->tv_sec += shift_usec / USEC_PER_SEC;
        return r;
}

/* A life of mentiond that ends in f; returns its status. */
static int life(void (*f)(void))
{
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (!pid) {
                (void) setrlimit(RLIMIT_CORE, &(struct rlimit) { 0, 0 });
                for (int signo = 1; signo < NSIG; signo++)
                        (void) signal(signo, SIG_DFL);           /* cmocka has handlers of its own */
                (void) alarm(20);
                log_set_sink(NULL, NULL);
                log_set_level(-1);
                bench_open(world_directory);
                f();
                bench_close();
                _exit(0);
        }
        while (waitpid(pid, &status, 0) < 0)
                assert_int_equal(errno, EINTR);
        return status;
}

/* What the next one says of it. */
static void next_life(void)
{
        bench_open(world_directory);
        bench_close();
}

static bool is_benched(const char *name)
{
        _cleanup_free_ char *why = NULL;

        bench_open(world_directory);
        why = bench_reason(name);
        bench_close();
        return why;
}

static void enter(void)
{
        task_mark(bench_mark("brand"));
}

static void fault(void)
{
        enter();
        *(volatile int *) (uintptr_t) (zero + 16) = 1;
}

static void call_abort(void)
{
        enter();
        abort();
}

/* The processor is to say it, and not a sanitizer. */
__attribute__((no_sanitize("undefined"))) static void divide(void)
{
        enter();
        zero = 100 / zero;
}

static void call_exit(void)
{
        enter();
        exit(0);
}

static void be_killed(void)
{
        enter();
        (void) raise(SIGKILL);
}

static void fault_by_ourselves(void)
{
        enter();
        task_mark(0);
        *(volatile int *) (uintptr_t) (zero + 16) = 1;
}

static void end_well(void)
{
        enter();
        task_mark(0);
}

static void assert_died_of(int status, int signo)
{
#ifdef __SANITIZE_ADDRESS__
        if (WIFEXITED(status) && WEXITSTATUS(status))    /* it reports, and exits */
                return;
#endif
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signo);
}

static void a_fault_names_the_instance_and_still_ends_the_process(void)
{
        assert_died_of(life(fault), SIGSEGV);
        next_life();
        assert_true(world_logged("a plugin crashed mentiond instance=brand cause=SIGSEGV crashes=1"));
}

static void abort_and_other_signals_are_crashes(void)
{
        assert_died_of(life(call_abort), SIGABRT);
        next_life();
        assert_true(world_logged("instance=brand cause=SIGABRT crashes=1"));
        assert_died_of(life(divide), SIGFPE);
        next_life();
        assert_true(world_logged("instance=brand cause=SIGFPE crashes=2"));
}

static void exit_is_a_crash_and_no_success(void)
{
        int status = life(call_exit);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
        next_life();
        assert_true(world_logged("instance=brand cause=exit() crashes=1"));
}

static void a_kill_names_the_instance_but_does_not_count(void)
{
        for (int n = 0; n < BENCH_CRASHES; n++)
                assert_died_of(life(be_killed), SIGKILL);
        assert_false(is_benched("brand"));
        assert_true(world_logged("mentiond was killed, or lost its power, while a plugin's code ran"));
        assert_true(world_logged("look at this one first instance=brand"));
        assert_false(world_logged("a plugin crashed"));
}

static void our_own_crash_names_nobody(void)
{
        assert_died_of(life(fault_by_ourselves), SIGSEGV);
        next_life();
        assert_true(world_logged("mentiond crashed, and not in a plugin: please report this cause=SIGSEGV"));
        assert_false(world_logged("brand"));
}

static void a_good_end_says_nothing(void)
{
        assert_int_equal(life(end_well), 0);
        assert_int_equal(life(enter), 0);        /* within a plugin, as when the loop ends at its time */
        next_life();
        assert_null(world_log);
}

/* --- Tasks --- */

static struct loop *loop;

static int run_out_of_stack(int depth)
{
        volatile char frame[512];

        frame[0] = (char) depth;
        return depth < 0 ? 0 : run_out_of_stack(depth + 1) + frame[0];
}

static void deep_task(void *data _unused_)
{
        enter();
        zero = run_out_of_stack(0);
}

static void waiting_task(void *data _unused_)
{
        enter();
        (void) task_sleep_until(mono_usec() + USEC_PER_MINUTE);
}

static void on_time(struct loop_timer *t _unused_)
{
        *(volatile int *) (uintptr_t) (zero + 16) = 1;
}

static void resumed_task(void *data _unused_)
{
        enter();
        task_yield();
        *(volatile int *) (uintptr_t) (zero + 16) = 1;
}

static void deep(void)
{
        (void) loop_new(&loop);
        (void) task_start(loop, "deep", deep_task, NULL, NULL);
        (void) loop_run(loop);
}

static void crash_while_it_waits(void)
{
        struct loop_timer timer = { .fn = on_time };

        (void) loop_new(&loop);
        (void) task_start(loop, "waiting", waiting_task, NULL, NULL);
        loop_timer_set(loop, &timer, mono_usec() + 20 * USEC_PER_MSEC);
        (void) loop_run(loop);
}

static void crash_after_it_waited(void)
{
        (void) loop_new(&loop);
        (void) task_start(loop, "resumed", resumed_task, NULL, NULL);
        (void) loop_run(loop);
}

static void a_stack_that_overflows_is_a_crash(void)
{
        assert_died_of(life(deep), SIGSEGV);
        next_life();
        assert_true(world_logged("instance=brand cause=SIGSEGV"));
}

static void a_task_is_named_while_it_runs_and_not_while_it_waits(void)
{
        assert_died_of(life(crash_while_it_waits), SIGSEGV);
        next_life();
        assert_false(world_logged("brand"));
        assert_died_of(life(crash_after_it_waited), SIGSEGV);
        next_life();
        assert_true(world_logged("instance=brand cause=SIGSEGV"));
}

/* --- Threads, children, other processes --- */

static void *fault_of_thread(void *data _unused_)
{
        *(volatile int *) (uintptr_t) (zero + 16) = 1;
        return NULL;
}

static void crash_of_the_writer(void)
{
        pthread_t thread;

        enter();
        (void) pthread_create(&thread, NULL, fault_of_thread, NULL);
        (void) pthread_join(thread, NULL);
}

/* As by the service manager's watchdog.  Another program does it, for a child of ours would have the file locked until it ends.
 */
static void be_aborted(void)
{
        enter();
        if (!fork()) {
                (void) execl("/bin/sh", "sh", "-c", "kill -ABRT $PPID", NULL);
                _exit(1);
        }
        for (;;)
                (void) pause();
}

static void child_that_exits(void)
{
        pid_t pid;

        enter();
        pid = fork();
        if (!pid)
                exit(3);
        (void) waitpid(pid, NULL, 0);
        task_mark(0);
}

static void a_crash_of_another_thread_names_nobody(void)
{
        if (RUNNING_ON_VALGRIND)                 /* there the fault of a thread does not end the process by its signal */
                return;
        assert_died_of(life(crash_of_the_writer), SIGSEGV);
        next_life();
        assert_true(world_logged("not in a plugin"));
        assert_false(world_logged("brand"));
}

static void the_watchdog_s_abort_names_who_hangs(void)
{
        assert_died_of(life(be_aborted), SIGABRT);
        next_life();
        assert_true(world_logged("instance=brand cause=SIGABRT"));
}

static void a_child_that_exits_is_no_crash(void)
{
        assert_int_equal(life(child_that_exits), 0);
        next_life();
        assert_null(world_log);
}

/* --- The bench --- */

static void bench_brand(void)
{
        for (int n = 0; n < BENCH_CRASHES; n++)
                assert_died_of(life(call_abort), SIGABRT);
}

static void three_crashes_within_ten_minutes_bench(void)
{
        _cleanup_free_ char *why = NULL;

        assert_died_of(life(call_abort), SIGABRT);
        shift_usec = 5 * USEC_PER_MINUTE;
        assert_died_of(life(call_abort), SIGABRT);
        assert_false(is_benched("brand"));
        shift_usec = 9 * USEC_PER_MINUTE;
        assert_died_of(life(call_abort), SIGABRT);
        shift_usec = 0;
        assert_true(is_benched("brand"));
        assert_false(is_benched("other"));
        bench_open(world_directory);
        why = bench_reason("brand");
        assert_non_null(strstr(why, "crashed 3 times within 10 minutes, last at "));
        assert_non_null(strstr(why, "by SIGABRT; to try it again: mentionctl resume brand"));
        bench_close();
}

static void crashes_further_apart_do_not_bench(void)
{
        for (int n = 0; n < 6; n++) {
                shift_usec = n * 6 * USEC_PER_MINUTE;
                assert_died_of(life(call_abort), SIGABRT);
                assert_false(is_benched("brand"));
        }
        shift_usec = 0;
}

static void a_clock_that_is_set_back_benches_nobody(void)
{
        shift_usec = USEC_PER_DAY;
        assert_died_of(life(call_abort), SIGABRT);
        assert_died_of(life(call_abort), SIGABRT);
        shift_usec = 0;
        assert_died_of(life(call_abort), SIGABRT);
        assert_false(is_benched("brand"));
}

static void the_bench_outlives_restarts_and_time(void)
{
        bench_brand();
        assert_true(is_benched("brand"));
        shift_usec = 30 * USEC_PER_DAY;
        assert_true(is_benched("brand"));
        shift_usec = 0;
        assert_true(is_benched("brand"));
}

static void who_is_taken_from_the_bench_starts_with_a_clean_slate(void)
{
        bench_brand();
        bench_open(world_directory);
        bench_clear("brand");
        bench_clear("nobody");
        bench_close();
        assert_false(is_benched("brand"));
        assert_died_of(life(call_abort), SIGABRT);
        assert_died_of(life(call_abort), SIGABRT);
        assert_false(is_benched("brand"));
        assert_died_of(life(call_abort), SIGABRT);
        assert_true(is_benched("brand"));
}

/* --- The file --- */

static void a_damaged_file_is_begun_anew(void)
{
        _cleanup_free_ char *junk = xcalloc(1, 64 * 1024);

        bench_brand();
        memset(junk, 'x', 64 * 1024 - 1);
        (void) world_write("bench", junk);
        assert_false(is_benched("brand"));
        assert_true(world_logged("the record of crashes is damaged"));
        (void) world_write("bench", "");
        bench_brand();
        assert_true(is_benched("brand"));
}

static void without_a_directory_nothing_is_watched(void)
{
        bench_open("/nowhere/at/all");
        assert_int_equal(bench_mark("brand"), 0);
        assert_null(bench_reason("brand"));
        bench_clear("brand");
        bench_close();
        assert_null(world_log);
}

static void use_as_second(void)
{
        if (bench_mark("other") || bench_reason("brand"))
                _exit(1);
        call_abort();
}

static void a_second_mentiond_leaves_the_file_alone(void)
{
        bench_open(world_directory);
        assert_int_not_equal(bench_mark("brand"), 0);
        assert_died_of(life(use_as_second), SIGABRT);
        bench_close();
        next_life();
        assert_null(world_log);
}

static void there_is_room_for_many_and_more_are_not_watched(void)
{
        uint32_t last = 0;
        int n = 0;

        bench_brand();
        bench_open(world_directory);
        for (; n < 1000; n++) {
                _cleanup_free_ char *name = xasprintf("channel-%d", n);
                uint32_t mark = bench_mark(name);

                assert_int_equal(bench_mark(name), mark);
                if (!mark)
                        break;
                assert_int_not_equal(mark, last);
                last = mark;
        }
        assert_int_equal(n, 254);
        bench_close();
        bench_open(world_directory);             /* who did nothing gives way */
        assert_int_not_equal(bench_mark("new"), 0);
        bench_close();
        assert_true(is_benched("brand"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(a_fault_names_the_instance_and_still_ends_the_process),
                world_test(abort_and_other_signals_are_crashes),
                world_test(exit_is_a_crash_and_no_success),
                world_test(a_kill_names_the_instance_but_does_not_count),
                world_test(our_own_crash_names_nobody),
                world_test(a_good_end_says_nothing),
                world_test(a_stack_that_overflows_is_a_crash),
                world_test(a_task_is_named_while_it_runs_and_not_while_it_waits),
                world_test(a_crash_of_another_thread_names_nobody),
                world_test(the_watchdog_s_abort_names_who_hangs),
                world_test(a_child_that_exits_is_no_crash),
                world_test(three_crashes_within_ten_minutes_bench),
                world_test(crashes_further_apart_do_not_bench),
                world_test(a_clock_that_is_set_back_benches_nobody),
                world_test(the_bench_outlives_restarts_and_time),
                world_test(who_is_taken_from_the_bench_starts_with_a_clean_slate),
                world_test(a_damaged_file_is_begun_anew),
                world_test(without_a_directory_nothing_is_watched),
                world_test(a_second_mentiond_leaves_the_file_alone),
                world_test(there_is_room_for_many_and_more_are_not_watched),
        };

        return cmocka_run_group_tests_name("bench", tests, NULL, NULL);
}
