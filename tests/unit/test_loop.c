/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

/* Instead of libc's: libsystemd arms its timers by this one. */
static int n_armed;
__attribute__((visibility("default")))
int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
        n_armed++;
        return (int) syscall(SYS_timerfd_settime, fd, flags, value, old);
}

#define N 5000

static struct loop_timer timers[N];
static int fired[N], n_fired;

static void on_timer(struct loop_timer *t)
{
        assert_int_equal(t->index, 0);
        assert_true(mono_usec() >= t->at_usec);
        fired[n_fired++] = (int) (t - timers);
}

static void reset(void)
{
        memset(timers, 0, sizeof timers);
        for (size_t i = 0; i < N; i++)
                timers[i].fn = on_timer;
        n_fired = 0;
}

/* --- Timers --- */

static void timers_fire_in_the_order_of_their_times(void)
{
        int64_t now = mono_usec();

        reset();
        loop_timer_set(world_loop, &timers[0], now + 3000);
        loop_timer_set(world_loop, &timers[1], now + 1000);
        loop_timer_set(world_loop, &timers[2], now - 1000);
        loop_timer_set(world_loop, &timers[3], now + 2000);
        assert_int_equal(n_fired, 0);            /* never from within the call */
        assert_true(world_wait(&n_fired, 4));
        assert_int_equal(fired[0], 2);
        assert_int_equal(fired[1], 1);
        assert_int_equal(fired[2], 3);
        assert_int_equal(fired[3], 0);
}

static void timer_set_again_has_its_new_time_only(void)
{
        int64_t now = mono_usec();

        reset();
        loop_timer_set(world_loop, &timers[0], now + 1000);
        loop_timer_set(world_loop, &timers[1], now + 4000);
        loop_timer_set(world_loop, &timers[2], now + USEC_PER_HOUR);
        loop_timer_set(world_loop, &timers[0], now + 6000);
        loop_timer_set(world_loop, &timers[2], now + 2000);
        assert_true(world_wait(&n_fired, 3));
        assert_int_equal(fired[0], 2);
        assert_int_equal(fired[1], 1);
        assert_int_equal(fired[2], 0);
        world_sleep(3000);
        assert_int_equal(n_fired, 3);
}

static void cleared_timer_does_not_fire_and_may_be_cleared_again(void)
{
        int64_t now = mono_usec();

        reset();
        loop_timer_clear(world_loop, &timers[0]);
        loop_timer_set(world_loop, &timers[0], now + 1000);
        loop_timer_set(world_loop, &timers[1], now + 2000);
        loop_timer_clear(world_loop, &timers[0]);
        assert_int_equal(timers[0].index, 0);
        loop_timer_clear(world_loop, &timers[0]);
        assert_true(world_wait(&n_fired, 1));
        world_sleep(2000);
        assert_int_equal(n_fired, 1);
        assert_int_equal(fired[0], 1);
        loop_timer_set(world_loop, &timers[0], now);
        assert_true(world_wait(&n_fired, 2));
}

static struct loop_timer other;

static void clear_other(struct loop_timer *t)
{
        (void) t;
        loop_timer_clear(world_loop, &other);
        n_fired++;
}

static void timer_may_clear_another_that_is_due_with_it(void)
{
        int64_t now = mono_usec();

        reset();
        other = (struct loop_timer) { .fn = on_timer };
        timers[0].fn = clear_other;
        loop_timer_set(world_loop, &timers[0], now - 2);
        loop_timer_set(world_loop, &other, now - 1);
        world_sleep(3000);
        assert_int_equal(n_fired, 1);
        assert_int_equal(other.index, 0);
}

static void set_again(struct loop_timer *t)
{
        if (++n_fired < 3)
                loop_timer_set(world_loop, t, mono_usec() + 1000);
}

static void timer_may_set_itself_again(void)
{
        reset();
        timers[0].fn = set_again;
        loop_timer_set(world_loop, &timers[0], mono_usec());
        assert_true(world_wait(&n_fired, 3));
        world_sleep(3000);
        assert_int_equal(n_fired, 3);
}

static void thousands_of_timers_fire_once_each_in_order(void)
{
        int64_t base = mono_usec() + 20 * USEC_PER_MSEC;
        uint32_t seed = 1;
        int n_cleared = 0;

        reset();
        for (size_t i = 0; i < N; i++) {
                seed = seed * 1664525 + 1013904223;
                loop_timer_set(world_loop, &timers[i], base + seed % 20000);
        }
        for (size_t i = 0; i < N; i += 3) {              /* moved */
                seed = seed * 1664525 + 1013904223;
                loop_timer_set(world_loop, &timers[i], base + seed % 20000);
        }
        for (size_t i = 0; i < N; i += 7, n_cleared++)
                loop_timer_clear(world_loop, &timers[i]);
        assert_true(world_wait(&n_fired, N - n_cleared));
        world_sleep(3000);
        assert_int_equal(n_fired, N - n_cleared);
        for (int i = 1; i < n_fired; i++)
                assert_true(timers[fired[i - 1]].at_usec <= timers[fired[i]].at_usec);
        for (int i = 0; i < n_fired; i++)
                assert_true(fired[i] % 7);
}

static struct task *waiting;

static void wake_waiting(struct loop_defer *d)
{
        (void) d;
        task_wake(waiting);
}

/* The loop turns once or twice, without a timer. */
static void take_a_turn(void)
{
        struct loop_defer d = { .fn = wake_waiting };

        waiting = task_self();
        loop_defer(world_loop, &d);
        task_wait_always();
}

static void timers_later_than_the_armed_one_cost_no_system_call(void)
{
        int64_t now = mono_usec();
        int armed;

        reset();
        loop_timer_set(world_loop, &timers[0], now + USEC_PER_MINUTE);
        world_sleep(1000);               /* the turn in which it is armed */
        armed = n_armed;
        for (size_t i = 1; i < 1000; i++) {
                loop_timer_set(world_loop, &timers[i], now + 2 * USEC_PER_MINUTE + (int64_t) i);
                if (i % 10 == 0)
                        take_a_turn();
        }
        for (size_t i = 1; i < 1000; i++)
                loop_timer_clear(world_loop, &timers[i]);
        take_a_turn();
        /* nor when it becomes later itself: waking up once too early is cheaper */
        for (int64_t i = 0; i < 100; i++) {
                loop_timer_set(world_loop, &timers[0], now + USEC_PER_MINUTE + i * USEC_PER_SEC);
                take_a_turn();
        }
        assert_int_equal(n_armed, armed);
        assert_true(n_armed > 0);        /* the wrapper is in use */
        loop_timer_clear(world_loop, &timers[0]);
}

/* --- Deferred work --- */

static struct loop_defer defers[100];
static int ran[200], n_ran;

static void on_defer(struct loop_defer *d)
{
        assert_false(d->queued);
        ran[n_ran++] = (int) (d - defers);
}

static void reset_defers(void)
{
        memset(defers, 0, sizeof defers);
        for (size_t i = 0; i < ELEMENTSOF(defers); i++)
                defers[i].fn = on_defer;
        n_ran = 0;
}

static void deferred_work_runs_once_in_the_order_of_the_calls(void)
{
        reset_defers();
        for (int i = 0; i < 100; i++)
                loop_defer(world_loop, &defers[99 - i]);
        loop_defer(world_loop, &defers[50]);             /* queued: no effect */
        assert_int_equal(n_ran, 0);
        assert_true(world_wait(&n_ran, 100));
        world_sleep(1000);
        assert_int_equal(n_ran, 100);
        for (int i = 0; i < 100; i++)
                assert_int_equal(ran[i], 99 - i);
}

static void undefer_first(struct loop_defer *d)
{
        on_defer(d);
        loop_undefer(world_loop, &defers[1]);            /* of this turn */
        loop_defer(world_loop, &defers[3]);
        loop_defer(world_loop, &defers[4]);
        loop_undefer(world_loop, &defers[4]);            /* of the next */
        loop_defer(world_loop, &defers[5]);
}

static void work_can_be_taken_back_also_in_the_turn_in_which_it_is_due(void)
{
        reset_defers();
        defers[0].fn = undefer_first;
        for (int i = 0; i < 3; i++)
                loop_defer(world_loop, &defers[i]);
        loop_undefer(world_loop, &defers[90]);           /* not queued */
        assert_true(world_wait(&n_ran, 4));
        world_sleep(1000);
        assert_int_equal(n_ran, 4);
        assert_int_equal(ran[0], 0);
        assert_int_equal(ran[1], 2);
        assert_int_equal(ran[2], 3);
        assert_int_equal(ran[3], 5);
        assert_false(defers[1].queued);
        assert_false(defers[4].queued);
}

static void last_in_the_queue_can_be_taken_back(void)
{
        reset_defers();
        loop_defer(world_loop, &defers[0]);
        loop_defer(world_loop, &defers[1]);
        loop_undefer(world_loop, &defers[1]);
        loop_defer(world_loop, &defers[2]);
        assert_true(world_wait(&n_ran, 2));
        assert_int_equal(ran[0], 0);
        assert_int_equal(ran[1], 2);
        loop_defer(world_loop, &defers[0]);
        loop_undefer(world_loop, &defers[0]);
        world_sleep(1000);
        assert_int_equal(n_ran, 2);
}

static void defer_again(struct loop_defer *d)
{
        on_defer(d);
        if (n_ran < 50)
                loop_defer(world_loop, d);
}

static void work_that_defers_itself_lets_others_in_between(void)
{
        reset_defers();
        defers[0].fn = defer_again;
        timers[0] = (struct loop_timer) { .fn = set_again };
        n_fired = 2;                     /* it fires once */
        loop_timer_set(world_loop, &timers[0], mono_usec());
        loop_defer(world_loop, &defers[0]);
        loop_defer(world_loop, &defers[1]);
        assert_true(world_wait(&n_ran, 50));
        assert_int_equal(ran[0], 0);
        assert_int_equal(ran[1], 1);
        assert_int_equal(ran[2], 0);
        assert_true(world_wait(&n_fired, 3));
}

static void undefer_all_but_self(struct loop_defer *d)
{
        on_defer(d);
        for (int i = 1; i < 100; i++)
                loop_undefer(world_loop, &defers[i]);
}

static void all_that_is_left_of_a_turn_can_be_taken_back(void)
{
        reset_defers();
        defers[0].fn = undefer_all_but_self;
        for (int i = 0; i < 100; i++)
                loop_defer(world_loop, &defers[i]);
        world_sleep(2000);
        assert_int_equal(n_ran, 1);
        loop_defer(world_loop, &defers[7]);
        assert_true(world_wait(&n_ran, 2));
}

/* --- Descriptors, signals, threads --- */

static int n_readable;
static uint32_t seen_events;

static void on_io(int fd, uint32_t events, void *data)
{
        char c;

        assert_ptr_equal(data, &n_readable);
        seen_events = events;
        if (read(fd, &c, 1) == 1)
                n_readable++;
}

static void descriptor_is_watched_for_what_was_asked(void)
{
        struct loop_io *io = NULL;
        int fds[2];

        n_readable = 0;
        assert_int_equal(pipe(fds), 0);
        assert_int_equal(loop_io_add(world_loop, fds[0], EPOLLIN, "test", on_io, &n_readable, &io), 0);
        assert_int_equal(write(fds[1], "abc", 3), 3);
        assert_true(world_wait(&n_readable, 3));
        assert_int_equal(seen_events, EPOLLIN);
        assert_int_equal(loop_io_set(io, 0), 0);
        assert_int_equal(write(fds[1], "d", 1), 1);
        world_sleep(2000);
        assert_int_equal(n_readable, 3);
        assert_int_equal(loop_io_set(io, EPOLLIN), 0);
        assert_true(world_wait(&n_readable, 4));
        loop_io_remove(io);
        loop_io_remove(NULL);
        assert_true(loop_io_add(world_loop, -1, EPOLLIN, "test", on_io, NULL, &io) < 0);
        close(fds[0]);
        close(fds[1]);
}

static int n_woken;

static void on_wakeup(void *data)
{
        assert_ptr_equal(data, &n_woken);
        n_woken++;
}

static void *post_often(void *data)
{
        for (int i = 0; i < 1000; i++)
                loop_post(*(int *) data);
        return NULL;
}

static void other_threads_wake_the_loop(void)
{
        pthread_t threads[4];
        int fd = -1, before;

        n_woken = 0;
        assert_int_equal(loop_wakeup_add(world_loop, on_wakeup, &n_woken, &fd), 0);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, post_often, &fd), 0);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(world_wait(&n_woken, 1));
        world_sleep(5000);
        before = n_woken;
        loop_post(fd);
        assert_true(world_wait(&n_woken, before + 1));
        world_sleep(1000);
        assert_int_equal(n_woken, before + 1);
}

static int n_signals;

static void on_signal(int signo, void *data)
{
        assert_int_equal(signo, SIGUSR1);
        assert_ptr_equal(data, &n_signals);
        n_signals++;
}

static void signals_are_read_from_the_loop(void)
{
        n_signals = 0;
        assert_int_equal(loop_signal_add(world_loop, SIGUSR1, on_signal, &n_signals), 0);
        assert_int_equal(kill(getpid(), SIGUSR1), 0);
        assert_int_equal(n_signals, 0);
        assert_true(world_wait(&n_signals, 1));
}

static void run_returns_the_code_of_exit(void **state)
{
        struct loop *l;
        (void) state;

        assert_int_equal(loop_new(&l), 0);
        loop_exit(l, 7);
        assert_int_equal(loop_run(l), 7);
        loop_free(l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(timers_fire_in_the_order_of_their_times),
                world_test(timer_set_again_has_its_new_time_only),
                world_test(cleared_timer_does_not_fire_and_may_be_cleared_again),
                world_test(timer_may_clear_another_that_is_due_with_it),
                world_test(timer_may_set_itself_again),
                world_test(thousands_of_timers_fire_once_each_in_order),
                world_test(timers_later_than_the_armed_one_cost_no_system_call),
                world_test(deferred_work_runs_once_in_the_order_of_the_calls),
                world_test(work_can_be_taken_back_also_in_the_turn_in_which_it_is_due),
                world_test(last_in_the_queue_can_be_taken_back),
                world_test(work_that_defers_itself_lets_others_in_between),
                world_test(all_that_is_left_of_a_turn_can_be_taken_back),
                world_test(descriptor_is_watched_for_what_was_asked),
                world_test(other_threads_wake_the_loop),
                world_test(signals_are_read_from_the_loop),
                cmocka_unit_test(run_returns_the_code_of_exit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
