/* SPDX-License-Identifier: MIT
 * Whether a post may be answered: from the plugin that says so to the agent who is told, with a real store. */
#include "fakes.h"

#include "base/clock.h"
#include "store/internal.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

static int64_t later_usec;       /* by how much the UTC clock is later than it would be */

static int64_t read_clock(clockid_t id)
{
        struct timespec t;

        assert_int_equal(clock_gettime(id, &t), 0);
        return t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static int64_t utc(void)
{
        return read_clock(CLOCK_REALTIME) + later_usec;
}

static int64_t mono(void)
{
        return read_clock(CLOCK_MONOTONIC);
}

static void draw(void *p, size_t n)
{
        assert_int_equal(getrandom(p, n, 0), (ssize_t) n);
}

static void open_world_with(unsigned flags)
{
        static const struct clock_source source = { utc, mono, draw };

        later_usec = 0;
        clock_set_source(&source);
        fake_open(flags);
        brand->caps.flags = MENTIOND_CAN_DIRECT;
}

static void open_world(void)
{
        open_world_with(0);
}

static void close_world(void)
{
        fake_close();
        clock_set_source(NULL);
}

/* --- What the network shows, and what agents write --- */

static struct mentiond_author alice = {
        .struct_size = sizeof alice, .id = "9", .handle = "@alice@example", .name = "Alice", .followers = -1,
};
static struct mentiond_mention shown;
static int emitted;

static void emit(enum fake_call call, struct mentiond_op *op)
{
        if (call == CALL_POLL)
                emitted += mentiond_emit(op, &shown);
}

static bool show(struct mentiond_mention m)
{
        emitted = 0;
        shown = m;
        shown.struct_size = sizeof shown;
        shown.author = &alice;
        shown.root = "m1";
        shown.visibility = m.visibility ? m.visibility : MENTIOND_PUBLIC;
        shown.created_usec = m.created_usec ? m.created_usec : utc_usec();
        fake.on_call = emit;
        fake.ticket = "77";
        for (int before = fake.calls[CALL_POLL]; fake.calls[CALL_POLL] == before; ) {
                flow_poll_now(brand);
                world_sleep(500);
        }
        fake_quiet();
        fake.on_call = NULL;
        return emitted;
}

/* A mention with a ticket, 77; what agents are told from now on is in fake.notes. */
static void have(struct mentiond_mention m)
{
        assert_true(show(m));
        assert_true(fake_becomes(brand->stored.id, m.id, STATE_FILED));
        fake_quiet();
        strset(&fake.notes, "");
        strset(&fake.said, "");
}

static struct mentiond_mention until(const char *id, int64_t usec)
{
        return (struct mentiond_mention) {
                .id = id, .text = "hello", .reply_right = MENTIOND_REPLY_UNTIL, .reply_until_usec = utc_usec() + usec,
                .reply_reason = "one day is given.",
        };
}

static void poll_desk(void)
{
        for (int before = fake.calls[DESK_POLL]; fake.calls[DESK_POLL] == before; ) {
                flow_poll_now(desk);
                world_sleep(500);
        }
        fake_quiet();
}

static void write_reply(const char *id, const char *text)
{
        fake_article(id, "77", MENTIOND_ARTICLE_REPLY, text);
}

static void tell(const char *id, const char *text)
{
        fake_article(id, "77", MENTIOND_ARTICLE_INTERNAL, text);
        assert_true(fake_becomes(desk->stored.id, id, STATE_DONE));
        fake_quiet();
}

static bool reply_becomes(const char *id, const char *state)
{
        bool is = fake_becomes(desk->stored.id, id, state);

        fake_quiet();
        return is;
}

static void told(const char *what)
{
        if (!strstr(strempty(fake.notes), what))
                fail_msg("\"%s\" does not hold \"%s\"", strempty(fake.notes), what);
        strset(&fake.notes, "");
}

static int alarms(void)
{
        int n = 0;

        for (const char *p = strempty(fake.notes); (p = strstr(p, "is not answered, and can be for")); p++)
                n++;
        strset(&fake.notes, "");
        return n;
}

/* --- Taking in --- */

static void right_that_means_nothing_is_the_plugins_bug(void)
{
        open_world();
        assert_false(show((struct mentiond_mention) { .id = "m1", .reply_right = MENTIOND_REPLY_SUMMONED + 1 }));
        assert_false(show((struct mentiond_mention) { .id = "m2", .reply_right = MENTIOND_REPLY_UNTIL }));
        assert_false(show((struct mentiond_mention) { .id = "m3", .reply_right = MENTIOND_REPLY_UNTIL, .reply_until_usec = -1 }));
        assert_string_equal(fake_state(brand->stored.id, "m1"), "");
        assert_true(world_logged("means nothing"));
        assert_true(world_logged("that is missing"));
        assert_true(show((struct mentiond_mention) { .id = "m4", .reply_right = MENTIOND_REPLY_SUMMONED }));
        close_world();
}

static void right_stays_when_the_text_is_gone(void)
{
        struct store_row row;

        open_world();
        have(until("m1", USEC_PER_HOUR));
        row = fake_row(brand->stored.id, "m1");
        assert_string_equal(row.payload, "");
        assert_int_equal(row.kept.right.right, MENTIOND_REPLY_UNTIL);
        assert_int_equal(row.kept.right.until_usec, shown.reply_until_usec);
        assert_string_equal(row.kept.right.reason, "one day is given.");
        have((struct mentiond_mention) { .id = "m2" });
        row = fake_row(brand->stored.id, "m2");
        assert_int_equal(row.kept.right.right, MENTIOND_MAY_REPLY);
        assert_int_equal(row.kept.right.until_usec, 0);
        assert_string_equal(row.kept.right.reason, "");
        close_world();
}

static bool article_ends(const char *end)
{
        size_t size = strlen(fake.filed_text), n = strlen(end);

        return size >= n && streq(fake.filed_text + size - n, end);
}

static void article_says_whether_it_may_be_answered(void)
{
        struct mentiond_mention m = until("m1", 0);

        open_world();
        m.reply_until_usec = INT64_C(4102499167) * USEC_PER_SEC;
        have(m);
        assert_true(article_ends("\n\nYou may answer until 2100-01-01 15:06 UTC: one day is given."));
        m.id = "m2";
        m.reply_until_usec = INT64_C(1795312995) * USEC_PER_SEC - 400 * USEC_PER_DAY;
        have(m);
        assert_non_null(strstr(fake.filed_text, "\n\nIt could be answered until 20"));
        have((struct mentiond_mention) {
                .id = "m3", .reply_right = MENTIOND_REPLY_NEVER, .reply_reason = "comments\nare closed" });
        assert_true(article_ends("\n\nIt cannot be answered: comments are closed."));
        have((struct mentiond_mention) { .id = "m4", .reply_right = MENTIOND_REPLY_SUMMONED });
        assert_true(article_ends("\n\nIt cannot be answered unless its author calls the account."));
        have((struct mentiond_mention) { .id = "m5", .reply_reason = "none is needed" });
        assert_null(strstr(fake.filed_text, "answer"));
        assert_null(strstr(fake.filed_text, "needed"));
        close_world();
}

/* --- Sending --- */

static void reply_within_its_window_is_posted(void)
{
        open_world();
        have(until("m1", USEC_PER_HOUR));
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        close_world();
}

static void reply_after_its_window_is_held_whatever_the_agent_says(void)
{
        open_world();
        have(until("m1", USEC_PER_HOUR));
        later_usec = 2 * USEC_PER_HOUR;
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_HELD));
        told("could be answered until");
        for (int n = 6; n < 8; n++) {
                tell(n == 6 ? "6" : "7", "!send");
                told("Not done: the post that it answers could be answered until");
                assert_string_equal(fake_state(desk->stored.id, "5"), STATE_HELD);
        }
        assert_int_equal(flow_retry(&fake_flow, fake_id(desk->stored.id, "5")), 0);
        assert_true(reply_becomes("5", STATE_HELD));
        told("one day is given. \"!dm\" says it in private.\nThat is the network's rule, and \"!send\" does not change it.");
        assert_int_equal(fake.calls[CALL_POST], 0);
        tell("8", "!dm");
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.visibility, MENTIOND_DIRECT);
        close_world();
}

static void direct_message_after_its_window_is_held_with_dm_too(void)
{
        struct mentiond_mention m = until("m1", USEC_PER_HOUR);

        open_world();
        m.visibility = MENTIOND_DIRECT;
        have(m);
        later_usec = 2 * USEC_PER_HOUR;
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_HELD));
        assert_null(strstr(fake.notes, "!dm"));
        tell("6", "!dm");
        told("Not done: ");
        assert_string_equal(fake_state(desk->stored.id, "5"), STATE_HELD);
        assert_int_equal(fake.calls[CALL_POST], 0);
        close_world();
}

static void answer_what_cannot_be(uint32_t right, const char *words)
{
        open_world();
        brand->caps.flags = 0;
        brand->options.hold_usec = USEC_PER_HOUR;        /* there is nothing to wait for */
        have((struct mentiond_mention) { .id = "m1", .reply_right = right, .reply_reason = "so it is" });
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_HELD));
        assert_null(strstr(fake.notes, "!dm"));
        told(words);
        assert_int_equal(fake.calls[CALL_POST], 0);
        have((struct mentiond_mention) { .id = "m2" });
        brand->options.hold_usec = 0;
        write_reply("6", "answer");
        assert_true(reply_becomes("6", STATE_POSTED));
        assert_string_equal(fake.parent, "m2");
        close_world();
}

static void post_that_cannot_be_answered_is_not(void)
{
        answer_what_cannot_be(MENTIOND_REPLY_NEVER,
                              "the post that it answers cannot be answered: so it is.\nThat is the network's rule");
}

static void channel_without_post_says_so_and_keeps_nothing_waiting(void)
{
        open_world_with(FAKE_NO_POST);
        have((struct mentiond_mention) { .id = "m1" });
        assert_true(article_ends("\n\nIt cannot be answered: nothing can be posted there."));
        have((struct mentiond_mention) { .id = "m2", .reply_right = MENTIOND_REPLY_NEVER, .reply_reason = "it is a feed" });
        assert_true(article_ends("\n\nIt cannot be answered: it is a feed."));
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_WITHDRAWN));
        told("mentiond will not post your reply: nothing can be posted there.");
        tell("6", "!send");
        told("Not done: there is no reply to send.");
        fake_article("7", "77", MENTIOND_ARTICLE_INTERNAL, "!dm between us");
        assert_true(reply_becomes("7", STATE_WITHDRAWN));
        fake_article("8", "77", MENTIOND_ARTICLE_INTERNAL, "!close so it ends");
        assert_true(reply_becomes("8", STATE_WITHDRAWN));
        close_world();
}

static void only_who_calls_the_account_is_answered(void)
{
        answer_what_cannot_be(MENTIOND_REPLY_SUMMONED,
                              "@alice@example has not called the account in the post that it answers: so it is. Once");
}

static void pass_a_day(enum fake_call call, struct mentiond_op *op _unused_)
{
        if (call == CALL_POST || (call == DESK_REVIEW && fake.verdicts[CALL_POST] == NULL))
                later_usec = USEC_PER_DAY;
}

/* The window ends at the first request, or, if there is no verdict, while the helpdesk is asked whether the note stands. */
static void answer_at_the_last_moment(const int *verdicts, int posts)
{
        open_world();
        brand->caps.length_max = 40;
        have(until("m1", USEC_PER_HOUR));
        fake.verdicts[CALL_POST] = verdicts;
        fake.verdicts[CALL_LOOK] = ONCE(MENTIOND_ABSENT, MENTIOND_ABSENT, MENTIOND_ABSENT);
        fake.on_call = pass_a_day;
        fake_reply("5", "77", "{\"text\":\"One two three four. Five six seven eight.\"}", NULL);
        assert_true(reply_becomes("5", STATE_HELD));
        fake.on_call = NULL;
        fake.verdicts[CALL_LOOK] = NULL; /* they end here */
        assert_int_equal(fake.calls[CALL_POST], posts);
}

static void window_that_ends_while_the_helpdesk_is_asked_is_seen(void)
{
        answer_at_the_last_moment(NULL, 0);
        close_world();
}

static void window_that_ends_before_the_next_try_is_seen(void)
{
        answer_at_the_last_moment(ONCE(MENTIOND_RETRY), 1);
        close_world();
}

static void window_that_ends_while_it_is_looked_for_is_seen(void)
{
        answer_at_the_last_moment(ONCE(MENTIOND_AMBIGUOUS), 1);
        assert_int_equal(fake.calls[CALL_LOOK], 2);
        close_world();
}

static void window_that_ends_between_two_parts_is_seen(void)
{
        answer_at_the_last_moment(ONCE(MENTIOND_OK), 1);
        told("of its 3 parts 1 are posted; then: the post that it answers could be answered until");
        close_world();
}

static bool too_late;

/* The plugin asks for something first, and that takes a day. */
static void ask_for_a_day(enum fake_call call, struct mentiond_op *op)
{
        static const struct mentiond_request post = {
                .struct_size = sizeof post, .method = "POST", .path = "http://127.0.0.1:9/",
        };
        struct mentiond_response answer = { .struct_size = sizeof answer };

        if (call != CALL_POST)
                return;
        later_usec = USEC_PER_DAY;
        assert_int_equal(mentiond_http(op, &post, &answer), MENTIOND_RETRY);
        too_late = true;
}

static void window_that_ends_within_the_attempt_is_seen(void)
{
        open_world();
        have(until("m1", USEC_PER_HOUR));
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_RETRY);
        fake.on_call = ask_for_a_day;
        too_late = false;
        fake_reply("5", "77", "{\"text\":\"You are welcome.\"}", NULL);
        assert_true(reply_becomes("5", STATE_HELD));
        fake.on_call = NULL;
        assert_true(too_late);
        assert_int_equal(fake.calls[CALL_POST], 1);
        close_world();
}

static void hold_ends_before_the_window_does(void)
{
        struct store_row row;

        open_world();
        brand->options.hold_usec = USEC_PER_HOUR;
        have(until("m1", 10 * USEC_PER_MINUTE));
        write_reply("5", "answer");
        while (row = fake_row(desk->stored.id, "5"), !row.due_usec || row.due_usec == row.ready_usec)
                world_sleep(500);
        assert_in_range(row.due_usec - row.ready_usec, 1, 9 * USEC_PER_MINUTE);
        have(until("m2", USEC_PER_MINUTE));
        tell("6", "!stop");
        write_reply("7", "at once");
        assert_true(reply_becomes("7", STATE_POSTED));
        close_world();
}

/* --- The alarm --- */

static void agent_is_told_once_before_a_window_closes(void)
{
        open_world();
        have(until("m1", 3 * USEC_PER_HOUR + USEC_PER_MINUTE));
        poll_desk();
        assert_int_equal(alarms(), 0);
        assert_int_equal(store_count_windows(fake_host.store), 0);
        later_usec = USEC_PER_HOUR + 2 * USEC_PER_MINUTE;
        poll_desk();
        assert_non_null(strstr(strempty(fake.notes),
                               "The post of @alice@example is not answered, and can be for 118 minutes only.\n"
                               "You may answer until "));
        assert_int_equal(alarms(), 1);
        assert_int_equal(store_count_windows(fake_host.store), 1);
        poll_desk();
        assert_int_equal(alarms(), 0);
        fake_close();
        fake_open(FAKE_AGAIN);
        poll_desk();
        assert_int_equal(alarms(), 0);
        assert_int_equal(store_count_windows(fake_host.store), 1);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        poll_desk();
        assert_int_equal(store_count_windows(fake_host.store), 0);
        assert_int_equal(alarms(), 0);
        close_world();
}

static void nobody_is_told_of_what_is_answered_or_too_late(void)
{
        open_world();
        have(until("m1", USEC_PER_HOUR));
        brand->options.hold_usec = USEC_PER_HOUR;
        write_reply("5", "answer");
        poll_desk();
        assert_int_equal(alarms(), 0);
        tell("6", "!hold");
        strset(&fake.notes, "");
        poll_desk();
        assert_int_equal(alarms(), 1);           /* it goes nowhere by itself */
        tell("7", "!send");
        assert_true(reply_becomes("5", STATE_POSTED));
        strset(&fake.notes, "");
        poll_desk();
        assert_int_equal(store_count_windows(fake_host.store), 0);

        have(until("m2", 3 * USEC_PER_HOUR));    /* the newest; what the last reply said is not for it */
        later_usec = 4 * USEC_PER_HOUR;
        poll_desk();
        assert_int_equal(alarms(), 0);
        later_usec = 0;
        poll_desk();
        assert_int_equal(alarms(), 0);
        close_world();
}

static void newest_of_a_conversation_counts(void)
{
        open_world();
        have(until("m1", USEC_PER_HOUR));
        have(until("m2", 5 * USEC_PER_HOUR));
        poll_desk();
        assert_int_equal(alarms(), 0);
        later_usec = 4 * USEC_PER_HOUR;
        poll_desk();
        assert_int_equal(alarms(), 1);
        close_world();
}

static void answer_to_an_older_post_is_none(void)
{
        open_world();
        have(until("m1", USEC_PER_HOUR));
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        have(until("m2", USEC_PER_HOUR));
        poll_desk();
        assert_int_equal(alarms(), 1);
        close_world();
}

static void window_alarm_may_be_off(void)
{
        open_world();
        brand->options.window_alarm_usec = 0;
        have(until("m1", USEC_PER_HOUR));
        poll_desk();
        assert_int_equal(alarms(), 0);
        close_world();
}

static int64_t closed_usec;

static void emit_closed(enum fake_call call, struct mentiond_op *op)
{
        if (call == DESK_POLL)
                mentiond_closed(op, "77", closed_usec);
}

static void close_ticket(int64_t after_usec, int expected)
{
        open_world();
        have(until("m1", USEC_PER_HOUR));
        closed_usec = shown.created_usec + after_usec;
        fake.on_call = emit_closed;
        poll_desk();
        fake.on_call = NULL;
        assert_int_equal(alarms(), expected);
        close_world();
}

static void nobody_is_told_in_a_ticket_that_was_closed_since(void)
{
        close_ticket(USEC_PER_SEC, 0);
}

static void ticket_that_was_closed_before_does_not_count(void)
{
        close_ticket(-USEC_PER_SEC, 1);
}

/* --- What has changed since --- */

static struct mentiond_mention again, lost;
static const char *app_post;

static void emit_again(enum fake_call call, struct mentiond_op *op)
{
        struct mentiond_author self = { .struct_size = sizeof self, .id = "self", .handle = "@brand@example" };
        struct mentiond_mention own = { .struct_size = sizeof own, .id = app_post, .author = &self, .text = "said in the app",
                                        .created_usec = shown.created_usec + USEC_PER_SEC };

        if (call != CALL_REREAD)
                return;
        mentiond_emit_again(op, &again);
        if (lost.id)
                (void) mentiond_emit(op, &lost);
        if (app_post)
                mentiond_emit_again(op, &own);
}

static void read_again(struct mentiond_mention m)
{
        int64_t thread = fake_row(brand->stored.id, m.id).thread;
        int before = fake.calls[CALL_REREAD];

        again = m;
        again.struct_size = sizeof again;
        again.author = &alice;
        fake.on_call = emit_again;
        assert_int_equal(store_reread(fake_host.store, thread, 1, NULL, 0, 1), 0);
        while (fake.calls[CALL_REREAD] == before) {
                flow_poll_now(brand);
                world_sleep(500);
        }
        fake_quiet();
        fake.on_call = NULL;
}

static void right_is_learned_anew(void)
{
        open_world();
        fake_host.reread_for_usec = USEC_PER_DAY;
        have((struct mentiond_mention) { .id = "m1", .text = "hello", .reply_right = MENTIOND_REPLY_SUMMONED });
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_HELD));
        read_again((struct mentiond_mention) { .id = "m1", .text = "hello" });
        told("What the network says of this post of @alice@example has changed. It can be answered.\n\nhello");
        tell("6", "!send");
        assert_true(reply_becomes("5", STATE_POSTED));
        strset(&fake.notes, "");
        read_again(until("m1", USEC_PER_HOUR));
        told("You may answer until");
        read_again(again);
        assert_string_equal(fake.notes, "");
        close_world();
}

static void window_that_is_learned_is_watched(void)
{
        open_world();
        fake_host.reread_for_usec = USEC_PER_DAY;
        have((struct mentiond_mention) { .id = "m1", .text = "hello" });
        read_again(until("m1", USEC_PER_HOUR));
        poll_desk();
        assert_int_equal(alarms(), 1);
        close_world();
}

static void answer_in_the_app_is_one(void)
{
        open_world();
        fake_host.reread_for_usec = USEC_PER_DAY;
        have(until("m1", USEC_PER_HOUR));
        app_post = "own1";
        read_again(shown);
        app_post = NULL;
        poll_desk();
        assert_int_equal(alarms(), 0);
        close_world();
}

static void mention_that_a_thread_shows_and_no_poll_did_is_filed(void)
{
        open_world();
        fake_host.reread_for_usec = USEC_PER_DAY;
        have((struct mentiond_mention) { .id = "m1", .text = "hello" });
        lost = shown;
        lost.id = "m2";
        lost.parent = "m1";
        read_again((struct mentiond_mention) { .id = "m1", .text = "hello" });
        lost.id = NULL;
        flow_poll_now(brand);
        assert_true(fake_becomes(brand->stored.id, "m2", STATE_FILED));
        assert_string_equal(fake_row(brand->stored.id, "m2").result_id, fake_row(brand->stored.id, "m1").result_id);
        close_world();
}

/* --- How it is looked up --- */

static void windows_are_looked_up_by_their_ends(void)
{
        _cleanup_free_ char *path = xasprintf("%s/mentiond.db", world_directory),
                            *sql = xasprintf("EXPLAIN QUERY PLAN %s", store_windows_sql);
        struct stmt *st;
        struct db *db;
        int n = 0;

        open_world();
        close_world();
        assert_int_equal(db_open(path, 0, &db), 0);
        assert_int_equal(db_query(db, &st, sql, "iiii", INT64_C(1), INT64_C(1), INT64_C(1), INT64_C(1)), 0);
        while (db_step(st) > 0) {
                const char *step = db_text(st, 3);

                n += streq(step, "SEARCH m USING INDEX journal_window (source=? AND until_usec<?)");
                if (startswith(step, "SCAN"))
                        fail_msg("%s", step);
        }
        db_close(db);
        assert_int_equal(n, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(right_that_means_nothing_is_the_plugins_bug),
                world_test(right_stays_when_the_text_is_gone),
                world_test(article_says_whether_it_may_be_answered),
                world_test(reply_within_its_window_is_posted),
                world_test(reply_after_its_window_is_held_whatever_the_agent_says),
                world_test(direct_message_after_its_window_is_held_with_dm_too),
                world_test(post_that_cannot_be_answered_is_not),
                world_test(channel_without_post_says_so_and_keeps_nothing_waiting),
                world_test(only_who_calls_the_account_is_answered),
                world_test(window_that_ends_while_the_helpdesk_is_asked_is_seen),
                world_test(window_that_ends_before_the_next_try_is_seen),
                world_test(window_that_ends_while_it_is_looked_for_is_seen),
                world_test(window_that_ends_between_two_parts_is_seen),
                world_test(window_that_ends_within_the_attempt_is_seen),
                world_test(hold_ends_before_the_window_does),
                world_test(agent_is_told_once_before_a_window_closes),
                world_test(nobody_is_told_of_what_is_answered_or_too_late),
                world_test(newest_of_a_conversation_counts),
                world_test(answer_to_an_older_post_is_none),
                world_test(window_alarm_may_be_off),
                world_test(nobody_is_told_in_a_ticket_that_was_closed_since),
                world_test(ticket_that_was_closed_before_does_not_count),
                world_test(right_is_learned_anew),
                world_test(window_that_is_learned_is_watched),
                world_test(answer_in_the_app_is_one),
                world_test(mention_that_a_thread_shows_and_no_poll_did_is_filed),
                world_test(windows_are_looked_up_by_their_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
