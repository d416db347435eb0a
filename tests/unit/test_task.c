/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>

static char said[4096];
static int n_done, result;

static void say(const char *what)
{
        size_t n = strlen(said);

        (void) snprintf(said + n, sizeof said - n, "%s ", what);
}

static void reset(void)
{
        said[0] = '\0';
        n_done = 0;
        result = 1;
}

static void on_done(void *data)
{
        assert_null(task_self());
        if (data)
                say(data);
        n_done++;
}

/* --- Start and end --- */

static void say_and_end(void *data)
{
        assert_non_null(task_self());
        assert_string_equal(task_name(task_self()), "named");
        assert_ptr_equal(task_loop(task_self()), world_loop);
        say(data);
}

static void task_starts_in_the_next_turn_and_done_follows_its_end(void)
{
        reset();
        (void) task_start(world_loop, "named", say_and_end, on_done, (void *) "a");
        (void) task_start(world_loop, "named", say_and_end, on_done, (void *) "b");
        (void) task_start(world_loop, "named", say_and_end, NULL, (void *) "c");
        assert_string_equal(said, "");
        assert_true(world_wait(&n_done, 2));
        assert_string_equal(said, "a a b b c ");
}

static void start_more(void *data)
{
        long depth = (long) data;

        say("in");
        if (depth)
                (void) task_start(world_loop, "nested", start_more, on_done, (void *) (depth - 1));
        say("out");
}

static void on_nested_done(void *data)
{
        (void) data;
        n_done++;
}

static void start_chain(void *data)
{
        long depth = (long) data;

        if (depth)
                (void) task_start(world_loop, "nested", start_chain, on_nested_done, (void *) (depth - 1));
}

static void task_started_by_a_task_runs_after_it_has_let_go(void)
{
        reset();
        (void) task_start(world_loop, "nested", start_more, NULL, (void *) 0L);
        world_sleep(1000);
        assert_string_equal(said, "in out ");
        (void) task_start(world_loop, "nested", start_chain, on_nested_done, (void *) 200L);
        assert_true(world_wait(&n_done, 201));
}

/* --- Waiting --- */

static struct task *sleeper;

static void wait_once(void *data)
{
        (void) data;
        result = task_wait();
        say("woken");
}

static void waiting_task_goes_on_when_it_is_woken(void)
{
        reset();
        sleeper = task_start(world_loop, "waits", wait_once, on_done, NULL);
        task_wake(sleeper);              /* not waiting yet: no effect */
        world_sleep(2000);
        assert_int_equal(n_done, 0);
        task_wake(sleeper);
        task_wake(sleeper);
        assert_string_equal(said, "");   /* in the next turn */
        assert_true(world_wait(&n_done, 1));
        assert_int_equal(result, 0);
}

static void sleep_a_while(void *data)
{
        int64_t began = mono_usec();

        result = task_sleep_until(began + 5000);
        assert_true(mono_usec() - began >= 5000);
        (void) data;
}

static void sleep_ends_after_its_time_and_not_by_a_stray_wake(void)
{
        reset();
        sleeper = task_start(world_loop, "sleeps", sleep_a_while, on_done, NULL);
        world_sleep(1000);
        task_wake(sleeper);
        assert_true(world_wait(&n_done, 1));
        assert_int_equal(result, 0);
        assert_int_equal(task_sleep_until(mono_usec() - 1), 0);
}

/* --- Cancel --- */

static void wait_twice(void *data)
{
        (void) data;
        result = task_wait();
        assert_int_equal(task_wait(), result);           /* at once and ever after */
        assert_int_equal(task_sleep_until(mono_usec() + USEC_PER_HOUR), result);
        assert_int_equal(task_interrupted(), result);
}

static void task_canceled_before_it_starts_runs_and_cannot_wait(void)
{
        reset();
        task_cancel(task_start(world_loop, "canceled", wait_twice, on_done, NULL));
        assert_true(world_wait(&n_done, 1));
        assert_int_equal(result, -ECANCELED);
}

static void task_canceled_while_it_waits_goes_on_at_once(void)
{
        reset();
        sleeper = task_start(world_loop, "canceled", wait_twice, on_done, NULL);
        world_sleep(1000);
        assert_int_equal(n_done, 0);
        task_cancel(sleeper);
        assert_true(world_wait(&n_done, 1));
        assert_int_equal(result, -ECANCELED);
}

static void sleep_long(void *data)
{
        (void) data;
        result = task_sleep_until(mono_usec() + USEC_PER_HOUR);
}

static void sleep_ends_by_cancel(void)
{
        reset();
        sleeper = task_start(world_loop, "sleeps", sleep_long, on_done, NULL);
        world_sleep(1000);
        task_cancel(sleeper);
        assert_true(world_wait(&n_done, 1));
        assert_int_equal(result, -ECANCELED);
}

static void wait_always(void *data)
{
        (void) data;
        task_wait_always();
        say("woken");
        result = task_wait();
}

static void what_must_not_be_abandoned_outlasts_cancel_and_deadline(void)
{
        reset();
        sleeper = task_start(world_loop, "must", wait_always, on_done, NULL);
        world_sleep(1000);
        task_set_deadline(sleeper, mono_usec() + 1000);
        task_cancel(sleeper);
        world_sleep(4000);
        assert_string_equal(said, "");
        task_wake(sleeper);
        assert_true(world_wait(&n_done, 1));
        assert_int_equal(result, -ECANCELED);
}

/* --- Deadline --- */

static void wait_until_deadline(void *data)
{
        int64_t at = mono_usec() + 5000;

        task_set_deadline(task_self(), at);
        assert_int_equal(task_interrupted(), 0);
        wait_twice(data);
        assert_true(mono_usec() >= at);
        task_set_deadline(task_self(), USEC_INFINITY);
        assert_int_equal(task_interrupted(), 0);
        assert_int_equal(task_sleep_until(mono_usec() + 1000), 0);
}

static void deadline_ends_each_wait_until_it_is_lifted(void)
{
        reset();
        (void) task_start(world_loop, "late", wait_until_deadline, on_done, NULL);
        assert_true(world_wait(&n_done, 1));
        assert_int_equal(result, -ETIME);
}

static void end_before_deadline(void *data)
{
        (void) data;
        task_set_deadline(task_self(), mono_usec() + 2000);
}

static void deadline_of_a_task_that_ended_harms_nobody(void)
{
        reset();
        for (int i = 0; i < 10; i++)
                (void) task_start(world_loop, "early", end_before_deadline, on_done, NULL);
        assert_true(world_wait(&n_done, 10));
        world_sleep(5000);
}

static void deadline_may_be_put_off(void)
{
        reset();
        sleeper = task_start(world_loop, "put off", sleep_a_while, on_done, NULL);
        task_set_deadline(sleeper, mono_usec() + 1000);
        task_set_deadline(sleeper, mono_usec() + USEC_PER_HOUR);
        assert_true(world_wait(&n_done, 1));
        assert_int_equal(result, 0);
}

/* --- Many, and deep --- */

static int n_right;

static void keep_locals(void *data)
{
        volatile long mine[64];
        long id = (long) data;

        for (size_t i = 0; i < ELEMENTSOF(mine); i++)
                mine[i] = id * 1000 + (long) i;
        for (int turn = 0; turn < 3; turn++) {
                world_sleep(200 * (1 + id % 7));
                for (size_t i = 0; i < ELEMENTSOF(mine); i++)
                        if (mine[i] != id * 1000 + (long) i)
                                return;
        }
        n_right++;
}

static void thousand_tasks_keep_their_own_stacks(void)
{
        reset();
        n_right = 0;
        for (long i = 0; i < 1000; i++)
                (void) task_start(world_loop, "one of many", keep_locals, on_nested_done, (void *) i);
        assert_true(world_wait(&n_done, 1000));
        assert_int_equal(n_right, 1000);
}

#define FRAME 1024

/* Touches about 200 KiB of stack, and waits at the bottom of it. */
static __attribute__((noinline)) unsigned dig(unsigned depth)
{
        volatile unsigned char frame[FRAME];
        unsigned sum = 0;

        memset((void *) frame, (int) depth, sizeof frame);
        if (depth == 0)
                world_sleep(500);
        else
                sum = dig(depth - 1);
        for (size_t i = 0; i < sizeof frame; i++)
                sum += frame[i] == (unsigned char) depth;
        return sum;
}

static void dig_deep(void *data)
{
        unsigned depth = 200 * 1024 / (FRAME + 128);

        if (dig(depth) == (depth + 1) * FRAME)
                n_right++;
        (void) data;
}

static void task_may_use_most_of_its_stack(void)
{
        reset();
        n_right = 0;
        for (int round = 0; round < 3; round++) {        /* stacks are used again */
                n_done = 0;
                for (int i = 0; i < 5; i++)
                        (void) task_start(world_loop, "deep", dig_deep, on_nested_done, NULL);
                assert_true(world_wait(&n_done, 5));
        }
        assert_int_equal(n_right, 15);
}

/* --- The monitor --- */

static int n_slow, n_seen;
static char slow_name[32];

static void on_ran(const char *name, int64_t ran_usec)
{
        n_seen++;
        if (ran_usec >= 4000 && startswith(name, "blocks")) {
                n_slow++;
                (void) snprintf(slow_name, sizeof slow_name, "%s", name);
        }
}

static void block(void *data)
{
        int64_t until = mono_usec() + 5000;

        (void) data;
        while (mono_usec() < until)
                ;
        world_sleep(5000);               /* waiting is not running */
}

static void monitor_names_a_task_that_keeps_the_loop(void)
{
        reset();
        n_slow = n_seen = 0;
        task_set_monitor(on_ran);
        (void) task_start(world_loop, "blocks", block, on_done, NULL);
        assert_true(world_wait(&n_done, 1));
        task_set_monitor(NULL);
        assert_true(n_seen >= 2);
        assert_true(n_slow >= 1);
        assert_string_equal(slow_name, "blocks");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(task_starts_in_the_next_turn_and_done_follows_its_end),
                world_test(task_started_by_a_task_runs_after_it_has_let_go),
                world_test(waiting_task_goes_on_when_it_is_woken),
                world_test(sleep_ends_after_its_time_and_not_by_a_stray_wake),
                world_test(task_canceled_before_it_starts_runs_and_cannot_wait),
                world_test(task_canceled_while_it_waits_goes_on_at_once),
                world_test(sleep_ends_by_cancel),
                world_test(what_must_not_be_abandoned_outlasts_cancel_and_deadline),
                world_test(deadline_ends_each_wait_until_it_is_lifted),
                world_test(deadline_of_a_task_that_ended_harms_nobody),
                world_test(deadline_may_be_put_off),
                world_test(thousand_tasks_keep_their_own_stacks),
                world_test(task_may_use_most_of_its_stack),
                world_test(monitor_names_a_task_that_keeps_the_loop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
