/* SPDX-License-Identifier: MIT
 * An instance's program: which line belongs to which operation, and what becomes of the questions that are not answered. */
#include "fakes.h"

#include "base/clock.h"
#include "host/op.h"
#include "host/program.h"

#include <mentiond/json.h>

static struct mentiond_op op;

static void open_op(int64_t deadline_usec)
{
        fake_open(0);
        flow_drain(&fake_flow);
        brand->options.retry_usec = brand->options.retry_max_usec = 20 * USEC_PER_MSEC;
        brand->options.timeout_usec = 20 * USEC_PER_SEC;
        op_begin(&op, brand, "test", deadline_usec);
}

static void close_op(void)
{
        op_end(&op);
        if (brand->program)
                program_end(brand->program);
        fake_close();
}

static int run(const char *script, unsigned parallel)
{
        uint32_t is_new;
        int r;

        do {
                r = mentiond_child_run(&op, &(struct mentiond_program) {
                        .struct_size = sizeof(struct mentiond_program), .parallel = parallel, .id = "op",
                        .arguments = (const char *const[]) { "/bin/sh", "-c", script, NULL },
                }, &is_new);
                if (r == MENTIOND_RETRY)
                        world_sleep(10 * USEC_PER_MSEC);
        } while (r == MENTIOND_RETRY);
        return r;
}

/* Its answer, or "" and *ret_verdict. */
static const char *ask_of(struct mentiond_op *o, const char *key, uint32_t flags, int *ret_verdict)
{
        struct json_object *line = mentiond_json_object(o), *answer = NULL;

        mj_put_str(line, "key", key);
        *ret_verdict = mentiond_child_ask(o, line, flags, &answer);
        return *ret_verdict == MENTIOND_OK ? json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN) : "";
}

static void asked(const char *script, uint32_t flags, int verdict, const char *answer_or_reason)
{
        const char *answer;
        int r;

        assert_int_equal(run(script, 1), MENTIOND_OK);
        answer = ask_of(&op, "k", flags, &r);
        assert_int_equal(r, verdict);
        if (r == MENTIOND_OK)
                assert_string_equal(answer, answer_or_reason);
        else
                assert_non_null(strstr(op.reason, answer_or_reason));
        mentiond_child_end(&op);
        assert_false(program_runs(brand->program));
}

/* The number of the question in $n. */
#define READ "read -r q; n=${q##*:}; n=${n%\\}}; "

static void a_question_is_answered_under_its_number(void)
{
        open_op(OP_DEADLINE_USEC);
        asked(READ "[ \"$q\" = '{\"key\":\"k\",\"op\":1}' ] && echo \"{\\\"op\\\":$n,\\\"a\\\":[1]}\"; read x", 0, MENTIOND_OK,
              "{\"op\":1,\"a\":[1]}");
        asked(READ "printf '\\n  \\n'; echo \"{\\\"op\\\":$n}\"", 0, MENTIOND_OK, "{\"op\":2}");        /* and ends at once */
        close_op();
}

static void what_may_have_been_read_is_ambiguous_and_what_was_not_is_tried_again(void)
{
        open_op(OP_DEADLINE_USEC);
        asked(READ "exit 4", 0, MENTIOND_AMBIGUOUS, "the child ended with status 4 before it answered");
        asked(READ "exit 4", MENTIOND_REPEATABLE, MENTIOND_RETRY, "the child ended with status 4 before it answered");
        asked(READ "kill -9 $$", 0, MENTIOND_AMBIGUOUS, "was killed by signal 9");
        asked(READ "printf '{\"op\":'$n", 0, MENTIOND_AMBIGUOUS, "ended with status 0");
        close_op();
}

static void what_never_left_is_tried_again(void)
{
        struct json_object *line, *answer;
        _cleanup_free_ char *much = xmalloc(1 << 20);
        int r;

        open_op(OP_DEADLINE_USEC);
        brand->options.timeout_usec = 300 * USEC_PER_MSEC;
        assert_int_equal(run("exec sleep 1000", 1), MENTIOND_OK);
        mentiond_child_end(&op);
        (void) ask_of(&op, "k", 0, &r);
        assert_int_equal(r, MENTIOND_RETRY);
        assert_non_null(strstr(op.reason, "the child was ended before it was asked"));
        /* Two in flight: the pipe is full of the first. */
        memset(much, 'x', (1 << 20) - 1);
        much[(1 << 20) - 1] = '\0';
        assert_int_equal(run("exec sleep 1000", 2), MENTIOND_OK);
        line = mentiond_json_object(&op);
        mj_put_str(line, "key", much);
        r = mentiond_child_ask(&op, line, 0, &answer);
        assert_int_equal(r, MENTIOND_AMBIGUOUS);
        assert_non_null(strstr(op.reason, "said nothing for 0 seconds"));
        close_op();
}

static void who_breaks_the_rules_is_ended(void)
{
        open_op(OP_DEADLINE_USEC);
        asked(READ "echo hello; read x", 0, MENTIOND_AMBIGUOUS, "wrote a line that is not JSON (");
        asked(READ "echo '{\"op\":'$n'} x'; read x", 0, MENTIOND_AMBIGUOUS, "(something follows the JSON, behind byte ");
        asked(READ "echo '[1]'; read x", 0, MENTIOND_AMBIGUOUS, "without a number \"op\"");
        asked(READ "echo '{\"op\":\"'$n'\"}'; read x", 0, MENTIOND_AMBIGUOUS, "without a number \"op\"");
        asked(READ "echo '{\"op\":'$n'00}'; read x", 0, MENTIOND_AMBIGUOUS, "which is not asked or answered already");
        asked(READ "echo '{\"op\":'$((n-1))'}'; read x", MENTIOND_REPEATABLE, MENTIOND_RETRY,
              "which is not asked or answered already");
        close_op();
}

static void a_second_answer_ends_it_and_the_first_counts(void)
{
        int r;

        open_op(OP_DEADLINE_USEC);
        assert_int_equal(run(READ "echo \"{\\\"op\\\":$n}\"; echo \"{\\\"op\\\":$n}\"; exec sleep 1000", 1), MENTIOND_OK);
        assert_string_equal(ask_of(&op, "k", 0, &r), "{\"op\":1}");
        for (int i = 0; i < 2000 && program_runs(brand->program); i++)
                world_sleep(10 * USEC_PER_MSEC);
        assert_false(program_runs(brand->program));
        assert_true(world_logged("which is not asked or answered already, and was ended"));
        close_op();
}

static void its_calls_are_answered_under_the_same_number(void)
{
        int r;

        open_op(OP_DEADLINE_USEC);
        assert_int_equal(run(READ "echo \"{\\\"op\\\":$n,\\\"call\\\":\\\"one\\\"}\"; read -r a; echo "
                                  "\"{\\\"op\\\":$n,\\\"call\\\":$a}\"; read -r b;echo \"{\\\"op\\\":$n,\\\"b\\\":$b}\"; read x",
                             1),
                         MENTIOND_OK);
        assert_string_equal(ask_of(&op, "k", 0, &r), "{\"op\":1,\"call\":\"one\"}");
        assert_string_equal(ask_of(&op, "l", 0, &r), "{\"op\":1,\"call\":{\"key\":\"l\",\"op\":1}}");
        assert_string_equal(ask_of(&op, "m", 0, &r), "{\"op\":1,\"b\":{\"key\":\"m\",\"op\":1}}");
        close_op();
}

static void an_operation_that_leaves_in_mid_question_tells_the_child(void)
{
        int r;

        open_op(OP_DEADLINE_USEC);
        assert_int_equal(run(READ "echo \"{\\\"op\\\":$n,\\\"call\\\":1}\"; read -r a; echo \"{\\\"op\\\":$n}\"; read -r q; echo "
                                  "\"{\\\"op\\\":2,\\\"a\\\":$a}\"; read x",
                             1),
                         MENTIOND_OK);
        (void) ask_of(&op, "k", 0, &r);
        op_end(&op);
        op_begin(&op, brand, "test", OP_DEADLINE_USEC);
        assert_string_equal(ask_of(&op, "k", 0, &r), "{\"op\":2,\"a\":{\"canceled\":true,\"op\":1}}");
        close_op();
}

static void who_ends_it_in_mid_question_does_not_wait_for_himself(void)
{
        int r;

        open_op(OP_DEADLINE_USEC);
        assert_int_equal(run(READ "echo \"{\\\"op\\\":$n,\\\"call\\\":1}\"; read x; read x", 1), MENTIOND_OK);
        (void) ask_of(&op, "k", 0, &r);
        mentiond_child_end(&op);
        assert_false(program_runs(brand->program));
        close_op();
}

static void silence_ends_it_but_not_while_it_is_for_us_to_speak(void)
{
        int r;

        open_op(OP_DEADLINE_USEC);
        brand->options.timeout_usec = 200 * USEC_PER_MSEC;
        assert_int_equal(run(READ
                             "echo \"{\\\"op\\\":$n,\\\"call\\\":1}\"; read x; echo \"{\\\"op\\\":$n}\"; read x; exec sleep 1000",
                             1),
                         MENTIOND_OK);
        world_sleep(500 * USEC_PER_MSEC);                /* it owes nothing */
        (void) ask_of(&op, "k", 0, &r);
        assert_int_equal(r, MENTIOND_OK);
        world_sleep(500 * USEC_PER_MSEC);                /* it waits for us */
        assert_string_equal(ask_of(&op, "k", 0, &r), "{\"op\":1}");
        world_sleep(500 * USEC_PER_MSEC);
        assert_true(program_runs(brand->program));
        (void) ask_of(&op, "k", 0, &r);
        assert_int_equal(r, MENTIOND_AMBIGUOUS);
        assert_non_null(strstr(op.reason, "said nothing for"));
        close_op();
}

static void one_that_goes_on_ending_is_begun_again_later_and_later(void)
{
        uint32_t is_new;
        int r, retries = 0;

        open_op(OP_DEADLINE_USEC);
        brand->options.retry_usec = brand->options.retry_max_usec = USEC_PER_HOUR;
        assert_int_equal(run("exit 5", 1), MENTIOND_OK);
        for (int i = 0; i < 2000 && program_runs(brand->program); i++)
                world_sleep(10 * USEC_PER_MSEC);
        for (int i = 0; i < 3; i++) {
                r = mentiond_child_run(&op, &(struct mentiond_program) { .struct_size = sizeof(struct mentiond_program),
                                       .arguments = (const char *const[]) { "/bin/true", NULL } }, &is_new);
                retries += r == MENTIOND_RETRY;
        }
        assert_int_equal(retries, 3);
        assert_non_null(strstr(op.reason, "the child ended with status 5; it is begun again in "));
        close_op();
}

/* --- Several operations --- */

static const char *first_key = "first";
static int n_done, first_verdict, second_verdict;
static char *second_answer;
static int64_t second_deadline;

static void ask_first(void *data)
{
        _cleanup_op_ struct mentiond_op mine;

        (void) data;
        op_begin(&mine, brand, "first", OP_DEADLINE_USEC);
        (void) ask_of(&mine, first_key, 0, &first_verdict);
}

static void ask_second(void *data)
{
        _cleanup_op_ struct mentiond_op mine;

        (void) data;
        op_begin(&mine, brand, "second", second_deadline);
        second_answer = xstrdup(ask_of(&mine, "second", 0, &second_verdict));
        if (second_verdict == MENTIOND_CANCELED)
                assert_true(mine.unsent);
}

static void done(void *data)
{
        (void) data;
        n_done++;
}

static void ask_two(const char *script, unsigned parallel, int64_t deadline_usec)
{
        n_done = 0;
        second_deadline = deadline_usec;
        assert_int_equal(run(script, parallel), MENTIOND_OK);
        instance_task(brand, ask_first, done, NULL);
        instance_task(brand, ask_second, done, NULL);
}

#define BACKWARDS "read -r a; read -r b; echo \"{\\\"op\\\":2,\\\"a\\\":$b}\"; echo \"{\\\"op\\\":1}\"; read x"

static void several_may_be_asked_and_answered_in_any_order(void)
{
        open_op(OP_DEADLINE_USEC);
        ask_two(BACKWARDS, 2, OP_DEADLINE_USEC);
        assert_true(world_wait(&n_done, 2));
        assert_int_equal(first_verdict, MENTIOND_OK);
        assert_string_equal(second_answer, "{\"op\":2,\"a\":{\"key\":\"second\",\"op\":2}}");
        free(second_answer);
        close_op();
}

static void what_waits_behind_another_in_the_pipe_never_left(void)
{
        _cleanup_free_ char *much = xmalloc(1 << 20);

        memset(much, 'x', (1 << 20) - 1);
        much[(1 << 20) - 1] = '\0';
        open_op(OP_DEADLINE_USEC);
        brand->options.timeout_usec = 300 * USEC_PER_MSEC;
        first_key = much;
        ask_two("exec sleep 1000", 2, OP_DEADLINE_USEC);
        assert_true(world_wait(&n_done, 2));
        first_key = "first";
        assert_int_equal(first_verdict, MENTIOND_AMBIGUOUS);
        assert_int_equal(second_verdict, MENTIOND_RETRY);
        free(second_answer);
        close_op();
}

static void one_after_the_other_is_asked_where_it_can_do_no_more(void)
{
        open_op(OP_DEADLINE_USEC);
        ask_two("read -r a; sleep 0.3; python3 -c 'import select; exit(bool(select.select([0], [], [], 0)[0]))' || exit 1; echo "
                "'{\"op\":1}'; read -r b; echo '{\"op\":2}'; read x",
                1, OP_DEADLINE_USEC);
        assert_true(world_wait(&n_done, 2));
        assert_string_equal(second_answer, "{\"op\":2}");
        free(second_answer);
        close_op();
}

static void who_waited_for_its_turn_in_vain_has_said_nothing(void)
{
        open_op(OP_DEADLINE_USEC);
        ask_two("read -r a; sleep 1; echo '{\"op\":1}'; read x", 1, 200 * USEC_PER_MSEC);
        assert_true(world_wait(&n_done, 2));
        assert_int_equal(first_verdict, MENTIOND_OK);
        assert_int_equal(second_verdict, MENTIOND_CANCELED);
        free(second_answer);
        close_op();
}

static void who_asked_and_is_ended_does_not_know(void)
{
        open_op(OP_DEADLINE_USEC);
        ask_two("read -r a; echo '{\"op\":1}'; read -r b; sleep 1; echo '{\"op\":2}'; read -r c; echo '{\"op\":3}'; read x", 1,
                300 * USEC_PER_MSEC);
        assert_true(world_wait(&n_done, 2));
        assert_int_equal(second_verdict, MENTIOND_AMBIGUOUS);
        free(second_answer);
        (void) ask_of(&op, "k", 0, &first_verdict);      /* the late answer is nobody's, and breaks no rule */
        assert_int_equal(first_verdict, MENTIOND_OK);
        close_op();
}

/* Else it could look for what it is still doing, and not find it. */
static void one_that_does_several_things_is_ended_with_what_was_given_up(void)
{
        open_op(OP_DEADLINE_USEC);
        ask_two("read -r a; echo '{\"op\":1}'; read -r b; exec sleep 1000", 2, 300 * USEC_PER_MSEC);
        assert_true(world_wait(&n_done, 2));
        assert_int_equal(second_verdict, MENTIOND_AMBIGUOUS);
        free(second_answer);
        for (int i = 0; i < 2000 && program_runs(brand->program); i++)
                world_sleep(10 * USEC_PER_MSEC);
        assert_false(program_runs(brand->program));
        assert_true(world_logged("did not answer in time, and was ended"));
        close_op();
}

static void its_end_waits_for_what_it_was_asked(void)
{
        open_op(OP_DEADLINE_USEC);
        n_done = 0;
        assert_int_equal(run("read -r a; sleep 0.7; echo '{\"op\":1}'; read x", 1), MENTIOND_OK);
        instance_task(brand, ask_first, done, NULL);
        world_sleep(50 * USEC_PER_MSEC);
        mentiond_child_end(&op);
        assert_true(world_wait(&n_done, 1));
        assert_int_equal(first_verdict, MENTIOND_OK);
        close_op();
}

static int n_idle;

static void count_idle(struct instance *i)
{
        assert_false(program_runs(i->program));
        n_idle++;
}

static void it_ends_with_its_instance(void)
{
        void (*idle)(struct instance *i);

        open_op(OP_DEADLINE_USEC);
        assert_int_equal(run("trap '' TERM; exec sleep 1000", 1), MENTIOND_OK);
        op_end(&op);
        idle = fake_host.idle;
        fake_host.idle = count_idle;
        instance_end(brand);
        assert_true(world_wait(&n_idle, 1));
        fake_host.idle = idle;
        op_begin(&op, brand, "test", OP_DEADLINE_USEC);
        close_op();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(a_question_is_answered_under_its_number),
                world_test(what_may_have_been_read_is_ambiguous_and_what_was_not_is_tried_again),
                world_test(what_never_left_is_tried_again),
                world_test(who_breaks_the_rules_is_ended),
                world_test(a_second_answer_ends_it_and_the_first_counts),
                world_test(its_calls_are_answered_under_the_same_number),
                world_test(an_operation_that_leaves_in_mid_question_tells_the_child),
                world_test(who_ends_it_in_mid_question_does_not_wait_for_himself),
                world_test(silence_ends_it_but_not_while_it_is_for_us_to_speak),
                world_test(one_that_goes_on_ending_is_begun_again_later_and_later),
                world_test(several_may_be_asked_and_answered_in_any_order),
                world_test(what_waits_behind_another_in_the_pipe_never_left),
                world_test(one_after_the_other_is_asked_where_it_can_do_no_more),
                world_test(who_waited_for_its_turn_in_vain_has_said_nothing),
                world_test(who_asked_and_is_ended_does_not_know),
                world_test(one_that_does_several_things_is_ended_with_what_was_given_up),
                world_test(its_end_waits_for_what_it_was_asked),
                world_test(it_ends_with_its_instance),
        };

        return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
