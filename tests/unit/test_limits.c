/* SPDX-License-Identifier: MIT
 * Plugins out of control, by functions that stand for theirs: each is bounded, named, and leaves the loop to the others. */
#include "fakes.h"

#include "base/clock.h"

#include <mentiond/json.h>

#include <malloc.h>

static struct mentiond_op op;
static struct http *http;

static const struct mentiond_author alice = {
        .struct_size = sizeof alice, .id = "9", .handle = "@alice@example", .followers = -1,
};

static void open_op(int64_t deadline_usec)
{
        fake_open(0);
        flow_drain(&fake_flow);
        assert_int_equal(http_new(world_loop, "test", &http), 0);
        fake_host.http = http;
        op_begin(&op, brand, "poll", deadline_usec);
}

static void close_op(void)
{
        op_end(&op);
        fake_close();
        if (http)
                http_free(TAKE_PTR(http));
}

/* The code of a plugin. */
static int call(int (*code)(void))
{
        return OP_CALL(&op, code());
}

static int emit(unsigned n)
{
        struct mentiond_mention m = {
                .struct_size = sizeof m, .kind = MENTIOND_MENTION, .visibility = MENTIOND_PUBLIC, .text = "hello",
                .author = &alice,
                .id = mentiond_format(&op, "%u", n), .created_usec = utc_usec(),
        };

        return mentiond_emit(&op, &m);
}

static bool said(const char *what)
{
        return strstr(op.reason, what);
}

/* --- After the end of an operation --- */

static unsigned n_calls;

static int ask_for_ever(void)
{
        struct json_object *o;

        for (n_calls = 0; n_calls < UINT32_MAX; n_calls++)
                (void) mentiond_get_json(&op, &o, "http://127.0.0.1:1/");
        return MENTIOND_OK;
}

static int sleep_for_ever(void)
{
        for (n_calls = 0; n_calls < UINT32_MAX; n_calls++)
                (void) mentiond_sleep(&op, USEC_PER_MINUTE);
        return MENTIOND_OK;
}

static int emit_the_same_for_ever(void)
{
        for (n_calls = 0; n_calls < UINT32_MAX; n_calls++)
                (void) emit(1);
        return MENTIOND_OK;
}

static void assert_cut_off(int (*code)(void))
{
        open_op(50 * USEC_PER_MSEC);
        assert_int_equal(call(code), MENTIOND_CANCELED);
        assert_true(n_calls >= OP_REFUSED_MAX);
        assert_true(said("poll() of the plugin was cut off: it did not return after its operation had ended"));
        assert_true(world_logged("a plugin was cut off instance=brand operation=poll"));
        assert_int_equal(brand->state, INSTANCE_STOPPED);
        assert_true(brand->stopped);             /* stop() would meet a state that nobody knows */
        assert_int_equal(fake.calls[CALL_STOP], 0);
        close_op();
        assert_int_equal(fake.calls[CALL_STOP], 0);
}

static void who_asks_on_after_the_end_is_cut_off(void)
{
        assert_cut_off(ask_for_ever);
}

static void who_sleeps_on_after_the_end_is_cut_off(void)
{
        assert_cut_off(sleep_for_ever);
}

static void who_emits_on_after_the_end_is_cut_off(void)
{
        assert_cut_off(emit_the_same_for_ever);
}

static int emit_after_the_end(void)
{
        assert_int_equal(mentiond_sleep(&op, USEC_PER_MINUTE), MENTIOND_CANCELED);
        assert_int_equal(emit(1), 0);
        return MENTIOND_OK;
}

static void what_is_emitted_after_the_end_is_not_taken_and_the_cursors_neither(void)
{
        open_op(10 * USEC_PER_MSEC);
        assert_int_equal(call(emit_after_the_end), MENTIOND_OK);
        assert_int_equal(op.cut, MENTIOND_CANCELED);     /* what the poll is judged by */
        assert_int_equal(op.n_items, 0);
        assert_int_equal(brand->state, INSTANCE_RUNNING);
        close_op();
}

/* --- Floods --- */

static unsigned first;

static int emit_for_ever(void)
{
        for (n_calls = 0; n_calls < UINT32_MAX; n_calls++)
                (void) emit(first + n_calls);
        return MENTIOND_OK;
}

static void who_emits_without_end_is_cut_off_and_what_was_taken_is_kept(void)
{
        int64_t n = 0;

        open_op(10 * USEC_PER_MINUTE);
        op.n_emitted = 44000;
        assert_int_equal(call(emit_for_ever), MENTIOND_BUG);
        assert_true(said("it did not return after it was refused more"));
        assert_int_equal(op.n_emitted, 50000);
        assert_int_equal(op_commit(&op, false, NULL), 0);
        assert_string_equal(fake_state(brand->stored.id, "5999"), STATE_SHOWN);
        n = store_row_of(fake_host.store, brand->stored.id, "6000");
        assert_int_equal(n, 0);
        assert_int_equal(brand->state, INSTANCE_STOPPED);
        close_op();
}

static int emit_much(void)
{
        for (n_calls = 0; n_calls < 6000; n_calls++)
                (void) emit(n_calls);
        return MENTIOND_OK;
}

static int n_turns;

static void other_task(void *data _unused_)
{
        while (n_turns >= 0) {
                n_turns++;
                task_yield();
        }
        n_turns = 0;
}

static void the_others_run_while_one_emits(void)
{
        open_op(10 * USEC_PER_MINUTE);
        first = n_turns = 0;
        (void) task_start(world_loop, "other", other_task, NULL, NULL);
        for (int64_t end = mono_usec() + 2 * BREATH_USEC; mono_usec() < end; )   /* as a plugin that computes */
                ;
        assert_int_equal(n_turns, 0);
        (void) OP_CALL(&op, emit(1));
        assert_true(n_turns > 0);
        n_turns = INT32_MIN;
        task_yield();
        close_op();
}

static void the_memory_of_a_poll_does_not_grow_with_what_was_committed(void)
{
        size_t most = 0;

        open_op(10 * USEC_PER_MINUTE);
        assert_int_equal(call(emit_much), MENTIOND_OK);
        assert_int_equal(op.n_items, 1000);
        most = arena_size(op.items_arena);
        assert_in_range(most, 1000 * 100, 1000 * 600);  /* of 1000 items, not of 6000 */
        assert_null(strstr(strempty(world_log), "cut off"));
        close_op();
}

static char *huge;

static int emit_huge(void)
{
        struct mentiond_mention m = {
                .struct_size = sizeof m, .kind = MENTIOND_MENTION, .id = "huge", .text = huge, .author = &alice,
                .created_usec = utc_usec(),
        };

        assert_int_equal(mentiond_emit(&op, &m), 1);
        m.text = NULL;
        m.html = huge;
        m.id = "html";
        assert_int_equal(mentiond_emit(&op, &m), 1);
        return MENTIOND_OK;
}

static void a_text_that_is_too_large_is_cut(void)
{
        huge = xcalloc(1, 1024 * 1024 + 2);
        memset(huge, 'x', 1024 * 1024 + 1);
        open_op(USEC_PER_MINUTE);
        assert_int_equal(call(emit_huge), MENTIOND_OK);
        assert_int_equal(op.cut, 0);
        assert_in_range(strlen(op.items[0].payload), 512 * 1024, 513 * 1024);
        assert_in_range(strlen(op.items[1].payload), 1, 513 * 1024);
        close_op();
        free(huge);
}

static void a_note_that_is_too_large_is_held(void)
{
        struct mentiond_article a = { .struct_size = sizeof a, .kind = MENTIOND_ARTICLE_REPLY, .ticket = "T1", .id = "a1" };

        huge = xcalloc(1, 1024 * 1024 + 2);
        memset(huge, 'x', 1024 * 1024 + 1);
        fake_open(0);
        flow_drain(&fake_flow);
        fake_filed("m1", "m1", "T1");
        op_begin(&op, desk, "poll", USEC_PER_MINUTE);
        a.text = huge;
        assert_int_equal(mentiond_emit_article(&op, &a), 1);
        assert_int_equal(op_commit(&op, true, NULL), 0);
        assert_string_equal(fake_row(desk->stored.id, "a1").reason, "its text is longer than any network allows");
        close_op();
        free(huge);
}

static int set_cursors(void)
{
        for (n_calls = 0; n_calls < 2000; n_calls++)
                mentiond_set_cursor(&op, mentiond_format(&op, "%u", n_calls), "x");
        return MENTIOND_OK;
}

static int set_long_cursor(void)
{
        mentiond_set_cursor(&op, "key", huge);
        return MENTIOND_OK;
}

static void cursors_are_bounded(void)
{
        open_op(USEC_PER_MINUTE);
        assert_int_equal(call(set_cursors), MENTIOND_OK);
        assert_int_equal(op.n_cursors, 1000);
        assert_int_equal(op.cut, MENTIOND_BUG);
        assert_string_equal(op.cut_reason, "more cursors than the host takes in one poll");
        close_op();
}

static void a_long_cursor_is_refused(void)
{
        huge = xcalloc(1, 65536 + 2);
        memset(huge, 'x', 65536 + 1);
        open_op(USEC_PER_MINUTE);
        assert_int_equal(call(set_long_cursor), MENTIOND_OK);
        assert_int_equal(op.n_cursors, 0);
        assert_int_equal(op.cut, MENTIOND_BUG);
        close_op();
        free(huge);
}

static int merge_much(void)
{
        for (n_calls = 0; n_calls < 2000; n_calls++)
                mentiond_merged(&op, mentiond_format(&op, "%u", n_calls), "into", "1");
        return MENTIOND_OK;
}

static void merges_are_bounded(void)
{
        open_op(USEC_PER_MINUTE);
        assert_int_equal(call(merge_much), MENTIOND_OK);
        assert_int_equal(op.n_merges, 1000);
        assert_int_equal(op.cut, MENTIOND_BUG);
        close_op();
}

static void who_makes_requests_without_end_is_cut_off(void)
{
        open_op(10 * USEC_PER_MINUTE);
        op.n_requests = OP_REQUESTS_MAX - 2;
        assert_int_equal(call(ask_for_ever), MENTIOND_BUG);
        assert_int_equal(n_calls, 2 + OP_REFUSED_MAX);
        assert_true(world_logged(
                "a plugin was cut off instance=brand operation=poll reason=\"it did not return after it was refused more\""));
        close_op();
}

static int allocate_for_ever(void)
{
        for (n_calls = 0; n_calls < UINT32_MAX; n_calls++)
                (void) mentiond_alloc(&op, 1024 * 1024);
        return MENTIOND_OK;
}

static void who_takes_memory_without_end_is_cut_off(void)
{
        open_op(10 * USEC_PER_MINUTE);
        assert_int_equal(call(allocate_for_ever), MENTIOND_BUG);
        assert_true(n_calls <= OP_MEMORY_MAX / (1024 * 1024) * 5 / 4 + 1);
        assert_true(said("it took more memory than one operation may"));
        assert_int_equal(brand->state, INSTANCE_STOPPED);
        close_op();
}

static int chatter(void)
{
        for (n_calls = 0; n_calls < 5000; n_calls++)
                mentiond_log(&op, 6, "so much to say");
        return MENTIOND_OK;
}

static void the_log_is_bounded(void)
{
        unsigned n = 0;

        open_op(USEC_PER_MINUTE);
        assert_int_equal(call(chatter), MENTIOND_OK);
        for (const char *p = world_log; (p = strstr(p, "so much to say")); p++)
                n++;
        assert_in_range(n, LOGS_A_MINUTE, 2 * LOGS_A_MINUTE);    /* a minute may have ended in between */
        assert_true(world_logged("a plugin logs too much: what follows in this minute is left out instance=brand"));
        close_op();
}

/* --- Leaks --- */

static int usual_poll(void)
{
        mentiond_set_cursor(&op, "seen", mentiond_format(&op, "%u", n_calls));
        (void) mentiond_alloc(&op, 100000);
        (void) mentiond_json_object(&op);
        (void) mentiond_text_from_html(&op, "<p>hello</p>");
        (void) emit(7);
        mentiond_merged(&op, "1", "2", "3");
        return MENTIOND_OK;
}

static void polls(unsigned n)
{
        for (; n > 0; n--, n_calls++) {
                op_begin(&op, brand, "poll", USEC_PER_MINUTE);
                assert_int_equal(call(usual_poll), MENTIOND_OK);
                op.n_merges = 0;                 /* they are the store's affair, and it waits for the disk */
                op_end(&op);
        }
}

static void a_thousand_polls_leave_nothing_behind(void)
{
        size_t before;

        fake_open(0);
        flow_drain(&fake_flow);
        n_calls = 0;
        polls(100);
        before = mallinfo2().uordblks;
        polls(1000);
        assert_true(mallinfo2().uordblks < before + 16 * 1024);  /* 17 bytes for each would be more */
        fake_close();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(who_asks_on_after_the_end_is_cut_off),
                world_test(who_sleeps_on_after_the_end_is_cut_off),
                world_test(who_emits_on_after_the_end_is_cut_off),
                world_test(what_is_emitted_after_the_end_is_not_taken_and_the_cursors_neither),
                world_test(who_emits_without_end_is_cut_off_and_what_was_taken_is_kept),
                world_test(the_others_run_while_one_emits),
                world_test(the_memory_of_a_poll_does_not_grow_with_what_was_committed),
                world_test(a_text_that_is_too_large_is_cut),
                world_test(a_note_that_is_too_large_is_held),
                world_test(cursors_are_bounded),
                world_test(a_long_cursor_is_refused),
                world_test(merges_are_bounded),
                world_test(who_makes_requests_without_end_is_cut_off),
                world_test(who_takes_memory_without_end_is_cut_off),
                world_test(the_log_is_bounded),
                world_test(a_thousand_polls_leave_nothing_behind),
        };

        return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
