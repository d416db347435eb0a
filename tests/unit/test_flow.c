/* SPDX-License-Identifier: MIT
 * The flow as a whole, with a real store and plugins that do what they are told. */
#include "fakes.h"

#include "base/clock.h"

#include <mentiond/json.h>

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#define ANSWER "{\"text\":\"answer\"}"

static const char *mention_state(const char *id)
{
        return fake_state(brand->stored.id, id);
}

static const char *reply_state(const char *id)
{
        return fake_state(desk->stored.id, id);
}

static bool mention_becomes(const char *id, const char *state)
{
        return fake_becomes(brand->stored.id, id, state);
}

static bool reply_becomes(const char *id, const char *state)
{
        return fake_becomes(desk->stored.id, id, state);
}

/* One filed mention, m1 of thread m1 in ticket 77, and nothing counted yet. */
static void open_with_ticket(unsigned flags)
{
        fake_open(flags);
        fake_filed("m1", "m1", "77");
        while (!flow_is_idle(&fake_flow))
                world_sleep(500);
        memset(fake.calls, 0, sizeof fake.calls);
        strset(&fake.said, "");
}

/* When things happened, by the clock of due times. */
static int64_t called_usec[FAKE_CALLS][4];

static void note_time(enum fake_call call, struct mentiond_op *op)
{
        int n = fake.calls[call] - 1;            /* answer() counted this one */

        (void) op;
        if (n < 4)
                called_usec[call][n] = utc_usec();
}

static bool instance_becomes(const struct instance *i, enum instance_state state)
{
        for (int n = 0; i->state != state; n++) {
                if (n > 10000)
                        return false;
                world_sleep(500);
        }
        return true;
}

/* --- Mentions --- */

static void mention_becomes_a_ticket_and_the_next_one_an_article_of_it(void)
{
        struct store_thread t;

        fake_open(0);
        fake_mention("m1", "m1", "");
        fake_mention("m2", "m1", "m1");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.said, "file brand:m1; append brand:m2; ");
        assert_string_equal(fake.filed_ticket, "T-brand:m1");
        assert_string_equal(fake.filed_title, "text of m2");
        assert_string_equal(fake.filed_url, "https://net/m2");
        assert_non_null(strstr(fake.filed_text, "text of m2"));
        assert_non_null(strstr(fake.filed_text, "From: @alice@example\n"));
        assert_int_equal(store_thread(fake_host.store, fake_arena, fake_row(brand->stored.id, "m1").thread, &t), 1);
        assert_string_equal(t.ticket, "T-brand:m1");
        assert_string_equal(t.number, "N1");
        assert_string_equal(fake_row(brand->stored.id, "m1").result_id, "art");
        fake_close();
}

static void conversation_is_filed_in_order_although_its_head_fails(void)
{
        fake_open(0);
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_RETRY, MENTIOND_RETRY);
        fake.takes_usec[DESK_FILE] = 2000;
        fake_mention("m1", "m1", "");
        fake_mention("m2", "m1", "");
        fake_mention("m3", "m1", "");
        assert_true(mention_becomes("m3", STATE_FILED));
        assert_string_equal(fake.said, "file brand:m1; file brand:m1; file brand:m1; append brand:m2; append brand:m3; ");
        assert_int_equal(fake.most_in_flight, 1);
        assert_int_equal(fake_row(brand->stored.id, "m1").attempt, 3);
        fake_close();
}

static void conversations_are_filed_beside_each_other_up_to_parallel(void)
{
        char id[16];

        fake_open(0);
        desk->options.parallel = 3;
        fake.takes_usec[DESK_FILE] = 3000;
        fake_flow.draining = true;
        for (int i = 0; i < 12; i++) {
                (void) snprintf(id, sizeof id, "m%d", i);
                fake_mention(id, id, "");
        }
        fake_flow.draining = false;
        flow_kick_all(&fake_flow);
        for (int i = 0; i < 12; i++) {
                (void) snprintf(id, sizeof id, "m%d", i);
                assert_true(mention_becomes(id, STATE_FILED));
        }
        assert_int_equal(fake.most_in_flight, 3);
        assert_int_equal(fake.calls[DESK_FILE], 12);
        fake_close();
}

static void stuck_conversation_does_not_delay_others(void)
{
        fake_open(0);
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_BUG);
        fake_mention("m1", "m1", "");
        fake_mention("m2", "m2", "");
        fake_mention("m3", "m1", "");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_true(mention_becomes("m3", STATE_FILED));
        assert_string_equal(mention_state("m1"), STATE_HELD);
        assert_int_equal(fake.calls[DESK_FILE], 3);
        fake_close();
}

static void ambiguous_filing_is_looked_for_and_not_done_again_if_found(void)
{
        fake_open(0);
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_AMBIGUOUS);
        fake_mention("m1", "m1", "");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(fake.said, "file brand:m1; find brand:m1; ");
        assert_true(store_is_linked(fake_host.store, desk->stored.id, "T-brand:m1"));
        fake_close();
}

static void ambiguous_filing_absent_twice_is_done_again(void)
{
        fake_open(0);
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_AMBIGUOUS);
        fake.verdicts[DESK_LOOK] = ONCE(MENTIOND_ABSENT, MENTIOND_ABSENT);
        fake_mention("m1", "m1", "");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(fake.said, "file brand:m1; find brand:m1; find brand:m1; file brand:m1; ");
        fake_close();
}

static void ticket_that_is_gone_is_followed_by_a_new_one(void)
{
        open_with_ticket(0);
        fake.verdicts[DESK_APPEND] = ONCE(MENTIOND_GONE);
        fake.ticket = "78";
        fake_mention("m2", "m1", "");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.said, "append brand:m2; file brand:m2; ");
        assert_string_equal(fake.filed_ticket, "");
        assert_true(store_is_linked(fake_host.store, desk->stored.id, "78"));
        assert_false(store_is_linked(fake_host.store, desk->stored.id, "77"));
        fake_close();
}

static void ticket_that_is_gone_while_it_is_looked_into_is_followed_by_a_new_one(void)
{
        open_with_ticket(0);
        fake.verdicts[DESK_APPEND] = ONCE(MENTIOND_AMBIGUOUS);
        fake.verdicts[DESK_LOOK] = ONCE(MENTIOND_ABSENT, MENTIOND_GONE, MENTIOND_ABSENT, MENTIOND_ABSENT);
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_AMBIGUOUS);
        fake.ticket = "78";
        fake_mention("m2", "m1", "");
        assert_true(mention_becomes("m2", STATE_FILED));
        /* What was not there in the old ticket says nothing about the new one: two looks again. */
        assert_string_equal(fake.said,
                            "append brand:m2; find brand:m2; find brand:m2; file brand:m2; find brand:m2; find brand:m2; "
                            "file brand:m2; ");
        assert_true(store_is_linked(fake_host.store, desk->stored.id, "78"));
        assert_false(store_is_linked(fake_host.store, desk->stored.id, "77"));
        fake_close();
}

/* Ticket 77 was closed for too long, and m2, m3 go on in another. */
static void open_with_closed_ticket(void)
{
        open_with_ticket(0);
        fake.closed = true;
        fake.verdicts[DESK_APPEND] = ONCE(MENTIOND_GONE);
        fake_mention("m2", "", "m1");
        fake_mention("m3", "", "m1");
        assert_true(mention_becomes("m3", STATE_FILED));
        fake.verdicts[DESK_APPEND] = NULL;
}

static void mention_after_a_ticket_was_closed_for_long_begins_a_new_one(void)
{
        int64_t before = utc_usec();

        open_with_closed_ticket();
        /* What waits behind it is an article of the new one. */
        assert_string_equal(fake.said, "append brand:m2; file brand:m2; append brand:m3; ");
        assert_string_equal(fake.filed_ticket, "T-brand:m1>m2");
        assert_string_equal(fake.filed_after, "");
        assert_in_range(fake.reopen_since_usec + 30 * USEC_PER_DAY, before, utc_usec());
        assert_true(store_is_linked(fake_host.store, desk->stored.id, "77"));
        /* So is what answers an old post, from now on. */
        fake_mention("m4", "", "m1");
        assert_true(mention_becomes("m4", STATE_FILED));
        assert_string_equal(fake.filed_ticket, "T-brand:m1>m2");
        fake_mention("m5", "", "m4");
        assert_true(mention_becomes("m5", STATE_FILED));
        assert_string_equal(fake.filed_ticket, "T-brand:m1>m2");
        fake_close();
}

static void new_ticket_says_which_one_it_goes_on_from(void)
{
        open_with_ticket(0);
        fake.closed = true;
        fake.verdicts[DESK_APPEND] = ONCE(MENTIOND_GONE);
        fake_mention("m2", "", "m1");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.filed_after, "77");
        assert_non_null(strstr(fake.filed_text, "\n\nGoes on from ticket N1, https://desk/1"));
        fake_close();
}

static void replies_in_the_old_and_in_the_new_ticket_answer_what_stands_in_it(void)
{
        open_with_closed_ticket();
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_string_equal(fake.parent, "m1");
        fake_reply("a2", "T-brand:m1>m2", ANSWER, NULL);
        assert_true(reply_becomes("a2", STATE_POSTED));
        assert_string_equal(fake.parent, "m3");
        assert_string_equal(fake.root, "m1");
        fake_close();
}

static void new_ticket_that_may_have_been_made_is_looked_for_by_its_own_thread(void)
{
        open_with_ticket(0);
        fake.closed = true;
        fake.verdicts[DESK_APPEND] = ONCE(MENTIOND_AMBIGUOUS, MENTIOND_GONE);
        fake.verdicts[DESK_LOOK] = ONCE(MENTIOND_ABSENT, MENTIOND_ABSENT, MENTIOND_OK);
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_AMBIGUOUS);
        fake_mention("m2", "", "m1");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.said,
                            "append brand:m2; find brand:m2; find brand:m2; append brand:m2; file brand:m2; find brand:m2; ");
        assert_true(store_is_linked(fake_host.store, desk->stored.id, "T-brand:m1>m2"));
        assert_true(store_is_linked(fake_host.store, desk->stored.id, "77"));
        fake_close();
}

static bool was_behind;

static void note_behind(enum fake_call call, struct mentiond_op *op _unused_)
{
        was_behind |= call == DESK_APPEND && desk->stored.behind;
}

static void nothing_is_filed_before_the_tickets_of_conversations_are_known(void)
{
        open_with_ticket(0);
        was_behind = false;
        fake.on_call = note_behind;
        fake.takes_usec[DESK_POLL] = 50 * USEC_PER_MSEC;
        desk->stored.behind = true;      /* as after a restore */
        fake_mention("m2", "", "m1");
        flow_poll_now(desk);
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_false(was_behind);
        fake_close();
}

static void mention_that_waited_for_a_person_follows_its_conversation(void)
{
        open_with_ticket(0);
        fake.verdicts[DESK_APPEND] = ONCE(MENTIOND_REJECTED, MENTIOND_GONE);
        fake_mention("m2", "", "m1");
        assert_true(mention_becomes("m2", STATE_DEAD));
        fake.closed = true;
        fake_mention("m3", "", "m1");
        assert_true(mention_becomes("m3", STATE_FILED));
        assert_int_equal(flow_retry(&fake_flow, fake_id(brand->stored.id, "m2")), 0);
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.said, "append brand:m2; append brand:m3; file brand:m3; append brand:m2; ");
        assert_string_equal(fake.filed_ticket, "T-brand:m1>m3");
        fake_close();
}

static void without_a_time_any_ticket_is_opened_again(void)
{
        open_with_ticket(0);
        brand->options.reopen_for_usec = 0;
        fake_mention("m2", "", "m1");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.said, "append brand:m2; ");
        assert_int_equal(fake.reopen_since_usec, 0);
        fake_close();
}

static void first_mention_of_a_thread_has_nowhere_else_to_go(void)
{
        open_with_ticket(0);
        fake_mention("m3", "m2", "");
        assert_true(mention_becomes("m3", STATE_FILED));
        fake_mention("m2", "", "");      /* it came later than what answers it */
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.filed_ticket, "T-brand:m2");
        assert_int_equal(fake.reopen_since_usec, 0);
        fake_close();
}

static void refused_mention_is_kept_dead_and_a_person_can_retry_it(void)
{
        fake_open(0);
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_REJECTED);
        fake_mention("m1", "m1", "");
        assert_true(mention_becomes("m1", STATE_DEAD));
        assert_string_equal(fake_row(brand->stored.id, "m1").reason, "as told: rejected");
        assert_int_equal(flow_retry(&fake_flow, fake_id(brand->stored.id, "m1")), 0);
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(fake_row(brand->stored.id, "m1").reason, "");
        fake_close();
}

/* --- Replies --- */

static void reply_is_posted_to_the_author_and_the_agent_is_told(void)
{
        open_with_ticket(0);
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("note:a1:posted", STATE_FILED));
        assert_string_equal(fake.said, "post @alice@example answer; note note:a1:posted; ");
        assert_string_equal(fake.parent, "m1");
        assert_int_equal(fake.visibility, MENTIOND_UNLISTED);          /* the mention was public: never wider than unlisted */
        assert_true(startswith(fake.key, "mentiond-"));
        assert_int_equal(strlen(fake.key), strlen("mentiond-") + 32);
        assert_string_equal(fake.note_subject, "Reply posted");
        assert_string_equal(fake.note_text, "Your reply was posted: https://net/p1");
        assert_string_equal(fake_row(desk->stored.id, "a1").result_id, "p1");
        assert_true(store_is_part(fake_host.store, brand->stored.id, "p1"));
        fake_close();
}

static void reply_names_nobody_where_the_network_tells_its_author(void)
{
        open_with_ticket(0);
        brand->caps.flags |= MENTIOND_TELLS_AUTHOR;
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_string_equal(fake.text, "answer");
        brand->caps.flags = 0;
        fake_close();
}

static void answers_of_a_direct_mention_stay_direct(void)
{
        struct store_item item = {
                .kind = KIND_MENTION, .state = STATE_NEW, .native_id = "m2", .root = "m1", .ready_usec = 1,
                .payload = "{\"visibility\":4,\"text\":\"psst\",\"author\":{\"handle\":\"@bob@example\"}}",
                .kept = { .handle = "@bob@example", .visibility = 4 },
        };
        struct store_poll p = { .items = &item, .n_items = 1 };

        open_with_ticket(0);
        p.source = brand->stored.id;
        p.target = desk->stored.id;
        item.created_usec = utc_usec();          /* the newest of the thread */
        assert_int_equal(store_commit_poll(fake_host.store, &p), 0);
        flow_kick_all(&fake_flow);
        assert_true(mention_becomes("m2", STATE_FILED));
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_string_equal(fake.text, "@bob@example answer");
        assert_string_equal(fake.parent, "m2");
        assert_int_equal(fake.visibility, MENTIOND_DIRECT);
        fake_close();
}

static void replies_of_a_conversation_are_posted_in_order(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_RETRY);
        fake.takes_usec[CALL_POST] = 2000;
        fake_reply("a1", "77", "{\"text\":\"@alice@example one\"}", NULL);
        fake_reply("a2", "77", "{\"text\":\"@alice@example two\"}", NULL);
        assert_true(reply_becomes("a2", STATE_POSTED));
        assert_true(startswith(fake.said, "post @alice@example one; "));
        assert_true(strstr(fake.said, "post @alice@example two; ") > strstr(fake.said + 5, "post @alice@example one; "));
        assert_int_equal(fake.calls[CALL_POST], 3);
        assert_int_equal(fake.most_in_flight, 1);
        fake_close();
}

static void reply_is_held_back_before_it_is_posted(void)
{
        open_with_ticket(0);
        brand->options.hold_usec = 60 * USEC_PER_MSEC;
        fake.on_call = note_time;
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_true(called_usec[CALL_POST][0] >= fake_row(desk->stored.id, "a1").seen_usec + 60 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake_close();
}

static void reply_taken_back_while_it_waits_is_never_posted(void)
{
        open_with_ticket(0);
        brand->options.hold_usec = USEC_PER_HOUR;
        fake_reply("a1", "77", ANSWER, NULL);
        world_sleep(5 * USEC_PER_MSEC);
        assert_string_equal(reply_state("a1"), STATE_WAITING);
        brand->options.hold_usec = 0;
        assert_int_equal(flow_drop(&fake_flow, fake_id(desk->stored.id, "a1"), "because"), 0);
        assert_true(reply_becomes("note:a1:withdrawn", STATE_FILED));
        world_sleep(5 * USEC_PER_MSEC);
        assert_string_equal(reply_state("a1"), STATE_WITHDRAWN);
        assert_int_equal(fake.calls[CALL_POST], 0);
        assert_int_equal(flow_drop(&fake_flow, 12345, ""), -ENOENT);
        assert_int_equal(flow_drop(&fake_flow, fake_id(desk->stored.id, "a1"), ""), -EINVAL);
        fake_close();
}

static void doubtful_reply_is_held_and_posted_only_if_a_person_says_so(void)
{
        open_with_ticket(0);
        fake_reply("a1", "77", ANSWER, "it was not public from its beginning");
        assert_true(reply_becomes("note:a1:held", STATE_FILED));
        assert_non_null(strstr(fake.note_text, "it was not public from its beginning"));
        assert_non_null(strstr(fake.note_text,
                               arena_printf(fake_arena, "mentionctl retry %lld", (long long) fake_id(desk->stored.id, "a1"))));
        assert_string_equal(reply_state("a1"), STATE_HELD);
        assert_int_equal(fake.calls[CALL_POST], 0);
        assert_int_equal(flow_retry(&fake_flow, fake_id(desk->stored.id, "a1")), 0);
        assert_true(reply_becomes("a1", STATE_POSTED));
        fake_close();
}

static void holds(const char *payload, const char *why)
{
        fake_reply("a1", "77", payload, NULL);
        assert_true(reply_becomes("note:a1:held", STATE_FILED));
        assert_string_equal(reply_state("a1"), STATE_HELD);
        assert_non_null(strstr(fake.note_text, why));
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

static void reply_that_is_too_long_is_held(void)
{
        open_with_ticket(0);
        brand->caps.length_max = 21;
        fake_reply("a0", "77", ANSWER, NULL);            /* "@alice@example answer" is just as long */
        assert_true(reply_becomes("a0", STATE_POSTED));
        fake.calls[CALL_POST] = 0;
        brand->options.parts_max = 1;
        holds("{\"text\":\"answer.\"}", "has to be split");
}

static void admins_own_limit_counts_if_it_is_the_shorter_one(void)
{
        open_with_ticket(0);
        brand->caps.length_max = 500;
        brand->options.length_max = 20;
        brand->options.parts_max = 1;
        holds(ANSWER, "has to be split");
}

static void reply_with_attachments_that_the_network_does_not_take_is_held(void)
{
        open_with_ticket(0);
        fake.review.attachments = (const struct mentiond_attachment[]) {
                { .struct_size = sizeof(struct mentiond_attachment), .name = "a" },
        };
        fake.review.n_attachments = 1;
        holds("{\"text\":\"see\",\"attachments\":1}", "files cannot be posted here");
}

static void reply_without_text_is_held(void)
{
        open_with_ticket(0);
        holds("{\"text\":\"\"}", "it has no text");
}

static void post_without_an_id_is_held(void)
{
        open_with_ticket(0);
        fake.posted = "";
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_HELD));
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake_close();
}

static void post_that_is_another_replys_already_is_held(void)
{
        open_with_ticket(0);
        fake.posted = "same";
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake_reply("a2", "77", ANSWER, NULL);
        assert_true(reply_becomes("a2", STATE_HELD));
        assert_int_equal(fake.calls[CALL_POST], 2);
        assert_int_equal(fake.calls[CALL_LOOK], 1);
        fake_close();
}

static void ambiguous_reply_that_is_found_is_not_posted_again(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("note:a1:posted", STATE_FILED));
        assert_string_equal(fake.said, "post @alice@example answer; look @alice@example answer; note note:a1:posted; ");
        fake_close();
}

/* twice in a time, and once more before it is sent again */
#define ABSENT_3 MENTIOND_ABSENT, MENTIOND_ABSENT, MENTIOND_ABSENT

static void ambiguous_reply_absent_twice_is_sent_again_with_the_same_key_and_text(void)
{
        _cleanup_free_ char *key = NULL, *text = NULL, *parent = NULL;
        int64_t tried_usec;

        open_with_ticket(0);
        brand->options.settle_usec = 30 * USEC_PER_MSEC;
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake.verdicts[CALL_LOOK] = ONCE(ABSENT_3);
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(world_wait(&fake.calls[CALL_POST], 1));
        tried_usec = fake.tried_usec;
        assert_true(tried_usec);
        assert_true(world_wait(&fake.calls[CALL_LOOK], 1));
        assert_int_equal(fake.tried_usec, tried_usec);
        key = xstrdup(fake.key);
        text = xstrdup(fake.text);
        parent = xstrdup(fake.parent);
        fake_mention("m2", "m1", "");                    /* the thread goes on: the frozen reply does not */
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_int_equal(fake.calls[CALL_POST], 2);
        assert_int_equal(fake.calls[CALL_LOOK], 3);
        assert_string_equal(fake.key, key);
        assert_int_equal(fake.tried_usec, tried_usec);
        assert_string_equal(fake.text, text);
        assert_string_equal(fake.parent, parent);
        fake_close();
}

static bool was_filed;

static void see_whether_filed(enum fake_call call, struct mentiond_op *op)
{
        (void) op;
        if (call == CALL_POST)
                was_filed = streq(fake_state(brand->stored.id, "m2"), STATE_FILED);
}

static void reply_waits_for_an_article_that_is_on_its_way(void)
{
        open_with_ticket(0);
        fake.on_call = see_whether_filed;
        fake.takes_usec[DESK_APPEND] = 200 * USEC_PER_MSEC;
        fake_mention("m2", "m1", "");
        assert_true(world_wait(&fake.calls[DESK_APPEND], 1));
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_true(was_filed);
        fake_close();
}

static void looks_are_settle_apart(void)
{
        open_with_ticket(0);
        brand->options.settle_usec = 60 * USEC_PER_MSEC;
        fake.on_call = note_time;
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake.verdicts[CALL_LOOK] = ONCE(MENTIOND_ABSENT);
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_true(called_usec[CALL_LOOK][1] - called_usec[CALL_LOOK][0] >= 60 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_LOOK], 2);
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake_close();
}

static void kick_during_the_look(enum fake_call call, struct mentiond_op *op)
{
        (void) op;
        if (call != CALL_LOOK)
                return;
        flow_kick_all(&fake_flow);
        world_sleep(3 * USEC_PER_MSEC);
}

static void row_that_is_being_looked_for_is_not_taken_up_twice(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake.on_call = kick_during_the_look;
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_int_equal(fake.calls[CALL_LOOK], 1);
        fake_close();
}

static void ambiguous_reply_that_cannot_be_found_out_is_held(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake.verdicts[CALL_LOOK] = ONCE(MENTIOND_UNKNOWN);
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("note:a1:held", STATE_FILED));
        assert_string_equal(reply_state("a1"), STATE_HELD);
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake_close();
}

static void ambiguous_reply_on_a_network_without_find_is_held(void)
{
        open_with_ticket(FAKE_NO_FIND);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("note:a1:held", STATE_FILED));
        assert_non_null(strstr(fake.note_text, "this network cannot be asked"));
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake_close();
}

static void reply_that_is_confirmed_nowhere_is_sent_three_times_and_held(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS, MENTIOND_AMBIGUOUS, MENTIOND_AMBIGUOUS);
        fake.verdicts[CALL_LOOK] = ONCE(ABSENT_3, ABSENT_3, MENTIOND_ABSENT, MENTIOND_ABSENT);
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_HELD));
        assert_int_equal(fake.calls[CALL_POST], 3);
        assert_int_equal(fake.calls[CALL_LOOK], 8);
        fake_close();
}

static void reply_that_arrived_after_two_looks_is_not_sent_again(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake.verdicts[CALL_LOOK] = ONCE(MENTIOND_ABSENT, MENTIOND_ABSENT);
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_int_equal(fake.calls[CALL_POST], 1);
        assert_int_equal(fake.calls[CALL_LOOK], 3);
        fake_close();
}

static void drop_in_second_look(enum fake_call call, struct mentiond_op *op)
{
        (void) op;
        if (call == CALL_LOOK && fake.calls[CALL_LOOK] == 2)
                assert_int_equal(flow_drop(&fake_flow, fake_id(desk->stored.id, "a1"), "because"), 0);
}

static void reply_taken_back_during_the_look_is_not_sent_again(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake.verdicts[CALL_LOOK] = ONCE(MENTIOND_ABSENT, MENTIOND_ABSENT);
        fake.on_call = drop_in_second_look;
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("note:a1:withdrawn", STATE_FILED));
        world_sleep(10 * USEC_PER_MSEC);
        assert_string_equal(reply_state("a1"), STATE_WITHDRAWN);
        assert_int_equal(fake.calls[CALL_LOOK], 2);
        assert_int_equal(fake.calls[CALL_POST], 1);
        assert_false(budget_is_paused(&brand->budget));
        fake_close();
}

/* --- Instances --- */

static void refused_credentials_stop_the_instance_and_keep_its_rows(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AUTH);
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("note:a1:delayed", STATE_FILED));
        assert_int_equal(brand->state, INSTANCE_STOPPED);
        assert_string_equal(brand->reason, "as told: auth");
        fake_reply("a2", "77", ANSWER, NULL);
        world_sleep(10 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_POST], 1);
        assert_string_equal(reply_state("a1"), STATE_WAITING);
        assert_string_equal(reply_state("a2"), STATE_WAITING);
        assert_int_equal(desk->state, INSTANCE_RUNNING);
        instance_start(brand);
        assert_true(reply_becomes("a2", STATE_POSTED));
        assert_string_equal(reply_state("a1"), STATE_POSTED);
        assert_int_equal(fake.calls[CALL_START], 1);
        fake_close();
}

static void throttled_instance_pauses_as_a_whole_and_goes_on(void)
{
        open_with_ticket(0);
        fake_filed("q1", "q1", "88");
        fake.throttled_usec = 50 * USEC_PER_MSEC;
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_THROTTLED);
        fake.on_call = note_time;
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(world_wait(&fake.calls[CALL_POST], 1));
        fake_reply("b1", "88", ANSWER, NULL);
        assert_true(reply_becomes("b1", STATE_POSTED));
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_int_equal(fake.calls[CALL_POST], 3);
        assert_true(called_usec[CALL_POST][1] - called_usec[CALL_POST][0] >= 49 * USEC_PER_MSEC);
        fake_close();
}

static void instance_starts_again_until_the_other_side_answers(void)
{
        fake_open(0);
        instance_pause(brand);
        fake.verdicts[CALL_START] = ONCE(MENTIOND_RETRY, MENTIOND_AMBIGUOUS, MENTIOND_BLOCKED, MENTIOND_RETRY);
        instance_start(brand);
        assert_true(world_wait(&fake.calls[CALL_POLL], 1));
        assert_int_equal(fake.calls[CALL_START], 5);
        assert_int_equal(brand->state, INSTANCE_RUNNING);
        assert_true(world_logged("cannot start yet instance=brand verdict=retry reason=\"as told: retry\""));
        fake_close();
}

static void instance_that_is_refused_at_its_start_waits_for_a_person(void)
{
        static const int verdicts[] = { MENTIOND_AUTH, MENTIOND_REJECTED, MENTIOND_GONE, MENTIOND_BUG, MENTIOND_UNKNOWN };

        fake_open(0);
        for (size_t i = 0; i < ELEMENTSOF(verdicts); i++) {
                int list[] = { verdicts[i], -1 };

                instance_pause(brand);
                fake.verdicts[CALL_START] = list;
                instance_start(brand);
                assert_true(instance_becomes(brand, INSTANCE_STOPPED));
                assert_int_equal(fake.calls[CALL_START], (int) i + 1);
        }
        assert_int_equal(fake.calls[CALL_POLL], 0);
        fake_close();
}

static void paused_instance_does_nothing_and_its_reason_says_why(void)
{
        open_with_ticket(0);
        instance_pause(brand);
        fake_reply("a1", "77", ANSWER, NULL);
        flow_poll_now(brand);
        world_sleep(10 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_POST] + fake.calls[CALL_POLL], 0);
        assert_string_equal(brand->reason, "paused by the operator");
        instance_start(brand);
        assert_true(reply_becomes("a1", STATE_POSTED));
        fake_close();
}

static void pause_and_resume(enum fake_call call, struct mentiond_op *op)
{
        (void) op;
        if (call != CALL_START)
                return;
        instance_pause(brand);
        world_sleep(USEC_PER_MSEC);
        instance_start(brand);
}

static void instance_resumed_while_it_still_starts_runs_in_the_end(void)
{
        fake_open(0);
        instance_pause(brand);
        fake.on_call = pause_and_resume;
        instance_start(brand);
        assert_true(world_wait(&fake.calls[CALL_POLL], 1));
        assert_int_equal(brand->state, INSTANCE_RUNNING);
        assert_int_equal(fake.calls[CALL_START], 1);
        fake_close();
}

static void instance_ends_after_its_last_task_with_stop(void)
{
        open_with_ticket(0);
        fake.takes_usec[CALL_POST] = 30 * USEC_PER_MSEC;
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(world_wait(&fake.calls[CALL_POST], 1));
        instance_end(brand);
        assert_int_equal(fake.calls[CALL_STOP], 0);
        assert_true(world_wait(&fake.calls[CALL_STOP], 1));
        assert_string_equal(reply_state("a1"), STATE_POSTED);
        while (host_find(&fake_host, "brand"))
                world_sleep(500);
        assert_int_equal(fake.calls[CALL_STOP], 1);
        fake_close();
}

static void end_channel(enum fake_call call, struct mentiond_op *op)
{
        (void) op;
        if (call != DESK_FILE)
                return;
        instance_end(brand);
        world_sleep(2 * USEC_PER_MSEC);
        assert_non_null(host_find(&fake_host, "brand"));
}

static void channel_that_ends_while_its_mention_is_filed_stays_until_then(void)
{
        fake_open(0);
        fake.on_call = end_channel;
        fake_mention("m1", "m1", "");
        assert_true(world_wait(&fake.calls[DESK_FILE], 1));
        while (host_find(&fake_host, "brand"))
                world_sleep(500);
        assert_int_equal(fake.calls[DESK_FILE], 1);
        assert_int_equal(fake.calls[CALL_STOP], 1);
        fake_close();
}

/* --- Deadlines, cancel, drain, crash --- */

static void shorten_deadline(enum fake_call call, struct mentiond_op *op)
{
        if (call == CALL_POST)
                task_set_deadline(op->task, mono_usec() + 5 * USEC_PER_MSEC);
}

static void post_over_its_deadline_is_looked_for(void)
{
        open_with_ticket(0);
        fake.takes_usec[CALL_POST] = USEC_PER_HOUR;
        fake.on_call = shorten_deadline;
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_int_equal(fake.calls[CALL_POST], 1);
        assert_int_equal(fake.calls[CALL_LOOK], 1);
        fake_close();
}

static void what_is_canceled_is_looked_for_and_the_store_is_told(void)
{
        open_with_ticket(0);
        fake.takes_usec[CALL_POST] = USEC_PER_HOUR;
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(world_wait(&fake.calls[CALL_POST], 1));
        flow_drain(&fake_flow);
        instance_cancel(brand);
        assert_true(reply_becomes("a1", STATE_AMBIGUOUS));
        fake_close();
}

static void drain(enum fake_call call, struct mentiond_op *op)
{
        (void) op;
        if (call != CALL_POST)
                return;
        flow_drain(&fake_flow);
        assert_false(flow_is_idle(&fake_flow));
}

static void drain_finishes_what_is_in_flight_and_begins_nothing(void)
{
        open_with_ticket(0);
        fake.on_call = drain;
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(world_wait(&fake.calls[CALL_POST], 1));
        fake_reply("a2", "77", ANSWER, NULL);
        flow_poll_now(brand);
        fake_mention("m2", "m2", "");
        assert_true(reply_becomes("a1", STATE_POSTED));
        world_sleep(10 * USEC_PER_MSEC);
        assert_true(flow_is_idle(&fake_flow));
        assert_string_equal(reply_state("a2"), STATE_WAITING);
        assert_string_equal(mention_state("m2"), STATE_NEW);
        assert_string_equal(reply_state("note:a1:posted"), STATE_NEW);
        assert_int_equal(fake.calls[CALL_POLL], 0);
        fake_close();
}

static void what_was_on_its_way_when_mentiond_ended_is_looked_for(void)
{
        struct store_part part = { 0, "key-1", "m1", "@alice@example answer", "", "", 1 };

        fake_open(FAKE_IDLE);
        fake_filed("m1", "m1", "77");
        fake_reply("a1", "77", ANSWER, NULL);
        fake_mention("m2", "m1", "");
        assert_int_equal(store_begin(fake_host.store, fake_id(desk->stored.id, "a1"), 0, STATE_SENDING, 1, &part), 0);
        assert_int_equal(store_begin(fake_host.store, fake_id(brand->stored.id, "m2"), 0, STATE_FILING, 1, NULL), 0);
        assert_int_equal(store_recover(fake_host.store), 2);
        fake_detach();
        store_close(fake_host.store);
        arena_free(fake_arena);
        fake_open(FAKE_AGAIN);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.key, "key-1");
        assert_null(strstr(fake.said, "post "));
        assert_null(strstr(fake.said, "append "));
        fake_close();
}

/* --- Polls --- */

static struct mentiond_mention shown(const char *id)
{
        static const struct mentiond_author alice = {
                .struct_size = sizeof alice, .id = "9", .handle = "@alice@example", .name = "Alice",
        };

        return (struct mentiond_mention) { .struct_size = sizeof(struct mentiond_mention), .kind = MENTIOND_MENTION,
                                           .visibility = MENTIOND_PUBLIC, .id = id, .text = id, .author = &alice,
                                           .created_usec = utc_usec() };
}

static int n_polled, emitted[16];

static void show_one(enum fake_call call, struct mentiond_op *op)
{
        struct mentiond_mention m = shown(n_polled == 0 ? "m1" : n_polled == 1 ? "m2" : "m3");

        if (call != CALL_POLL)
                return;
        emitted[n_polled] = mentiond_emit(op, &m);
        mentiond_set_cursor(op, "page", m.id);
        n_polled++;
}

static void poll_ends(const struct instance *i)
{
        while (((struct flow_instance *) i->flow)->polling)
                world_sleep(500);
}

static void poll_and_wait(void)
{
        int before = n_polled;

        poll_ends(brand);
        flow_poll_now(brand);
        assert_true(world_wait(&n_polled, before + 1));
        poll_ends(brand);
}

static void poll_that_fails_in_the_middle_keeps_what_it_saw_and_will_look_again(void)
{
        _cleanup_free_ char *cursor = NULL;
        int64_t horizon;

        fake_open(0);
        n_polled = 0;
        fake.on_call = show_one;
        poll_and_wait();
        assert_true(mention_becomes("m1", STATE_FILED));
        horizon = brand->stored.horizon_usec;
        assert_true(horizon > 0);
        world_sleep(2000);

        fake.verdicts[CALL_POLL] = ONCE(MENTIOND_RETRY);
        poll_and_wait();
        assert_string_equal(mention_state("m2"), STATE_SHOWN);
        assert_int_equal(brand->stored.horizon_usec, horizon);
        cursor = store_cursor(fake_host.store, brand->stored.id, "page");
        assert_string_equal(cursor, "m1");
        poll_and_wait();
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_true(brand->stored.horizon_usec > horizon);
        assert_true(emitted[0] && emitted[1] && emitted[2]);
        fake_close();
}

static uint64_t commits[2];      /* when the poll showed m1, and when the helpdesk was given it */

static void count_commits(enum fake_call call, struct mentiond_op *op)
{
        if (call == CALL_POLL)
                show_one(call, op);
        if (call == CALL_POLL || call == DESK_FILE)
                commits[call == DESK_FILE] = store_commits(fake_host.store);
}

static void mention_that_there_is_room_for_is_begun_by_the_commit_that_brings_it(void)
{
        fake_open(0);
        n_polled = 0;
        fake.on_call = count_commits;
        poll_and_wait();
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_int_equal(commits[1] - commits[0], 1);
        assert_int_equal(fake_row(brand->stored.id, "m1").attempt, 1);
        assert_int_equal(fake.calls[DESK_FILE], 1);
        fake_close();
}

static void mention_that_there_is_no_room_for_waits_for_its_turn(void)
{
        fake_open(0);
        n_polled = 0;
        desk->options.parallel = 1;
        fake.takes_usec[DESK_FILE] = USEC_PER_HOUR;
        fake.on_call = show_one;
        poll_and_wait();
        assert_true(world_wait(&fake.calls[DESK_FILE], 1));
        fake.takes_usec[DESK_FILE] = 0;
        poll_and_wait();
        assert_string_equal(mention_state("m1"), STATE_FILING);
        assert_string_equal(mention_state("m2"), STATE_NEW);
        instance_cancel(desk);
        assert_true(mention_becomes("m2", STATE_FILED));
        fake_close();
}

static void count_commits_in_a_pause(enum fake_call call, struct mentiond_op *op)
{
        count_commits(call, op);
        if (call == CALL_POLL)
                budget_pause(&desk->budget, 200 * USEC_PER_MSEC);
}

static void mention_waits_for_a_helpdesk_that_pauses(void)
{
        fake_open(0);
        n_polled = 0;
        fake.on_call = count_commits_in_a_pause;
        poll_and_wait();
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_int_equal(commits[1] - commits[0], 2);
        instance_pause(desk);
        poll_and_wait();
        assert_string_equal(mention_state("m2"), STATE_NEW);
        assert_int_equal(fake.calls[DESK_FILE], 1);
        fake_close();
}

static int filed_before_stop;

static void end_desk(struct loop_defer *d _unused_)
{
        instance_end(desk);
}

/* While the poll waits for its commit. */
static void show_one_and_end(enum fake_call call, struct mentiond_op *op)
{
        static struct loop_defer end = { .fn = end_desk };

        show_one(call, op);
        if (call == CALL_POLL)
                loop_defer(world_loop, &end);
        if (call == DESK_STOP)
                filed_before_stop = fake.calls[DESK_FILE];
}

static void helpdesk_that_ends_files_first_what_a_poll_began_for_it(void)
{
        fake_open(0);
        n_polled = 0;
        fake.on_call = show_one_and_end;
        poll_and_wait();
        assert_true(world_wait(&fake.calls[DESK_STOP], 1));
        assert_int_equal(filed_before_stop, 1);
        assert_string_equal(mention_state("m1"), STATE_FILED);
        assert_int_equal(fake_row(brand->stored.id, "m1").attempt, 1);
        fake_close();
}

/* The newest first; the first poll breaks off. */
static void show_downwards(enum fake_call call, struct mentiond_op *op)
{
        static const struct { const char *id; int64_t age_usec; } posts[] = {
                { "m3", USEC_PER_MINUTE }, { "m2", 2 * USEC_PER_MINUTE }, { "m1", 3 * USEC_PER_MINUTE },
        };
        bool whole = n_polled > 0;

        if (call != CALL_POLL)
                return;
        for (size_t i = 0; i < (whole ? 3 : 1); i++) {
                struct mentiond_mention m = shown(posts[i].id);

                m.created_usec -= posts[i].age_usec;
                m.root = "m1";
                (void) mentiond_emit(op, &m);
        }
        n_polled++;
}

static void poll_that_failed_and_the_next_are_filed_in_one_order(void)
{
        fake_open(0);
        n_polled = 0;
        fake.on_call = show_downwards;
        fake.verdicts[CALL_POLL] = ONCE(MENTIOND_RETRY);
        poll_and_wait();
        poll_and_wait();
        assert_true(mention_becomes("m3", STATE_FILED));
        assert_string_equal(fake.said, "file brand:m1; append brand:m2; append brand:m3; ");
        fake_close();
}

static void what_was_shown_is_filed_although_polls_go_on_failing(void)
{
        struct store_item items[] = {
                { .kind = KIND_MENTION, .state = STATE_SHOWN, .native_id = "m2", .root = "m1", .created_usec = 2,
                  .payload = "{}" },
                { .kind = KIND_MENTION, .state = STATE_SHOWN, .native_id = "m1", .root = "m1", .created_usec = 1,
                  .payload = "{}" },
        };
        struct store_poll p = { .items = items, .n_items = 2 };

        fake_open(0);
        p.source = brand->stored.id;
        p.target = desk->stored.id;
        items[0].ready_usec = steady_usec() - STORE_SHOWN_USEC;  /* so long ago; the other one just now */
        items[1].ready_usec = steady_usec();
        assert_int_equal(store_commit_poll(fake_host.store, &p), 0);
        flow_kick(desk);
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.said, "file brand:m1; append brand:m2; ");
        assert_true(world_logged("polls go on failing"));
        fake_close();
}

static void first_poll_that_fails_learns_nothing(void)
{
        struct store_instance i;

        fake_open(FAKE_IDLE);
        n_polled = 0;
        fake.on_call = show_one;
        fake.verdicts[CALL_POLL] = ONCE(MENTIOND_RETRY);
        fake_flow.draining = false;
        assert_true(world_wait(&n_polled, 1));
        poll_ends(brand);
        assert_string_equal(mention_state("m1"), "");
        assert_int_equal(store_instance_get(fake_host.store, "brand", "fakenet", &i), 0);
        assert_false(i.polled);
        poll_and_wait();                                 /* what is there at the first whole poll is old */
        assert_string_equal(mention_state("m2"), STATE_KNOWN);
        assert_int_equal(emitted[0] + emitted[1], 0);
        poll_and_wait();
        assert_true(mention_becomes("m3", STATE_FILED));
        fake_close();
}

static void next_poll_comes_by_itself(void)
{
        fake_open(0);
        brand->options.poll_every_usec = 5000;
        flow_poll_now(brand);
        assert_true(world_wait(&fake.calls[CALL_POLL], 4));
        fake_close();
}

static void failing_poll_backs_off(void)
{
        fake_open(0);
        brand->options.poll_every_usec = 1000;
        brand->options.retry_usec = brand->options.retry_max_usec = USEC_PER_HOUR;
        fake.verdicts[CALL_POLL] = ONCE(MENTIOND_RETRY);
        flow_poll_now(brand);
        assert_true(world_wait(&fake.calls[CALL_POLL], 1));
        poll_ends(brand);
        world_sleep(10 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_POLL], 1);
        assert_true(world_logged("poll failed instance=brand verdict=retry failures=1 reason=\"as told: retry\""));
        fake_close();
}

/* --- Hints --- */

static void hint_makes_a_poll_now_and_many_make_one(void)
{
        fake_open(0);
        brand->options.poll_every_usec = USEC_PER_HOUR;
        world_sleep(300 * USEC_PER_MSEC);        /* since the last poll */
        fake.calls[CALL_POLL] = 0;
        for (int n = 0; n < 100; n++)
                flow_hint(brand);
        assert_true(world_wait(&fake.calls[CALL_POLL], 1));
        poll_ends(brand);
        world_sleep(400 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_POLL], 1);
        fake_close();
}

/* It may have looked already where there is something new now. */
static void hints_during_a_poll_make_one_more_after_it(void)
{
        fake_open(0);
        brand->options.poll_every_usec = USEC_PER_HOUR;
        fake.takes_usec[CALL_POLL] = 20 * USEC_PER_MSEC;
        poll_ends(brand);
        fake.calls[CALL_POLL] = 0;
        flow_poll_now(brand);
        assert_true(world_wait(&fake.calls[CALL_POLL], 1));
        for (int n = 0; n < 10; n++)
                flow_hint(brand);
        assert_int_equal(fake.calls[CALL_POLL], 1);
        assert_true(world_wait(&fake.calls[CALL_POLL], 2));
        poll_ends(brand);
        world_sleep(400 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_POLL], 2);
        fake_close();
}

static int64_t polled_usec[64];

static void hint_again(enum fake_call call, struct mentiond_op *op)
{
        (void) op;
        if (call != CALL_POLL || n_polled >= (int) ELEMENTSOF(polled_usec))
                return;
        polled_usec[n_polled++] = mono_usec();
        flow_hint(brand);                /* as what a poll leads to makes hooks */
}

static void polls_that_lead_to_hints_keep_a_distance(void)
{
        fake_open(0);
        brand->options.poll_every_usec = USEC_PER_HOUR;
        poll_ends(brand);
        n_polled = 0;
        fake.on_call = hint_again;
        flow_hint(brand);
        assert_true(world_wait(&n_polled, 4));
        fake.on_call = NULL;
        poll_ends(brand);
        for (int n = 1; n < 4; n++)
                assert_true(polled_usec[n] - polled_usec[n - 1] >= 250 * USEC_PER_MSEC);
        fake_close();
}

static void slow_polls_keep_a_longer_distance(void)
{
        fake_open(0);
        brand->options.poll_every_usec = USEC_PER_HOUR;
        poll_ends(brand);
        fake.takes_usec[CALL_POLL] = 400 * USEC_PER_MSEC;
        n_polled = 0;
        fake.on_call = hint_again;
        flow_hint(brand);
        assert_true(world_wait(&n_polled, 2));
        fake.on_call = NULL;
        poll_ends(brand);
        assert_true(polled_usec[1] - polled_usec[0] >= 800 * USEC_PER_MSEC);
        fake_close();
}

static void hint_waits_for_the_pause_that_the_network_asked_for(void)
{
        int64_t until;

        fake_open(0);
        brand->options.poll_every_usec = USEC_PER_HOUR;
        poll_ends(brand);
        until = mono_usec() + 600 * USEC_PER_MSEC;
        budget_pause(&brand->budget, 600 * USEC_PER_MSEC);
        n_polled = 0;
        fake.on_call = hint_again;
        flow_hint(brand);
        assert_true(world_wait(&n_polled, 1));
        fake.on_call = NULL;
        assert_true(polled_usec[0] >= until);
        poll_ends(brand);
        fake_close();
}

static void hint_waits_for_the_rate_that_the_admin_allows(void)
{
        int64_t next;

        fake_open(0);
        brand->options.poll_every_usec = USEC_PER_HOUR;
        poll_ends(brand);
        brand->budget.rate = 60;
        (void) budget_take(&brand->budget);
        next = brand->budget.next_usec;
        n_polled = 0;
        fake.on_call = hint_again;
        flow_hint(brand);
        assert_true(world_wait(&n_polled, 1));
        fake.on_call = NULL;
        assert_true(polled_usec[0] >= next);
        poll_ends(brand);
        fake_close();
}

static void hint_does_not_shorten_the_wait_after_a_failure(void)
{
        fake_open(0);
        brand->options.poll_every_usec = 1000;
        brand->options.retry_usec = brand->options.retry_max_usec = USEC_PER_HOUR;
        poll_ends(brand);
        fake.calls[CALL_POLL] = 0;
        fake.verdicts[CALL_POLL] = ONCE(MENTIOND_RETRY);
        flow_poll_now(brand);
        assert_true(world_wait(&fake.calls[CALL_POLL], 1));
        flow_hint(brand);
        poll_ends(brand);
        flow_hint(brand);
        world_sleep(400 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_POLL], 1);
        fake_close();
}

static void hint_at_a_paused_instance_does_nothing_and_it_polls_when_it_is_resumed(void)
{
        fake_open(0);
        brand->options.poll_every_usec = USEC_PER_HOUR;
        poll_ends(brand);
        world_sleep(300 * USEC_PER_MSEC);
        fake.calls[CALL_POLL] = 0;
        instance_pause(brand);
        flow_hint(brand);
        world_sleep(50 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_POLL], 0);
        instance_start(brand);
        assert_true(world_wait(&fake.calls[CALL_POLL], 1));
        poll_ends(brand);
        fake_close();
}

static void what_is_done_leaves_the_journal_after_a_poll(void)
{
        fake_open(0);
        fake_filed("m1", "m1", "77");
        fake_filed("m2", "m1", "77");
        fake_host.forget_after_usec = 1;
        desk->stored.behind = true;
        flow_poll_now(brand);
        poll_ends(brand);
        assert_false(fake_flow.forgetting);
        desk->stored.behind = false;
        flow_poll_now(brand);
        poll_ends(brand);
        assert_true(fake_flow.forgetting);
        while (fake_flow.forgetting)
                world_sleep(USEC_PER_MSEC);
        assert_true(world_logged("forgotten rows=1"));
        assert_int_equal(store_row_of(fake_host.store, brand->stored.id, "m1"), 0);
        assert_int_not_equal(store_row_of(fake_host.store, brand->stored.id, "m2"), 0);
        assert_in_range(fake_flow.forget_next_usec, mono_usec(), mono_usec() + USEC_PER_MINUTE);
        flow_poll_now(brand);
        poll_ends(brand);
        assert_false(fake_flow.forgetting);      /* not after each */
        fake_close();
}

/* --- Articles --- */

static struct mentiond_article article = {
        .struct_size = sizeof article, .ticket = "77", .text = "answer", .kind = MENTIOND_ARTICLE_REPLY,
};

static void show_article(enum fake_call call, struct mentiond_op *op)
{
        if (call != DESK_POLL)
                return;
        emitted[0] = mentiond_emit_article(op, &article);
        if (article.kind == MENTIOND_ARTICLE_REPLY && streq(article.id, "merge"))
                mentiond_merged(op, "77", "88", "N88");
        n_polled++;
}

static void poll_desk(const char *id, uint32_t kind, uint32_t flags, int64_t created_usec)
{
        n_polled = 0;
        fake.on_call = show_article;
        article.id = id;
        article.kind = kind;
        article.flags = flags;
        article.created_usec = created_usec;
        flow_poll_now(desk);
        assert_true(world_wait(&n_polled, 1));
        poll_ends(desk);
        fake.on_call = NULL;
}

static void public_article_is_posted_and_internal_never_even_if_made_public_later(void)
{
        open_with_ticket(0);
        poll_desk("i1", MENTIOND_ARTICLE_INTERNAL, 0, utc_usec());
        assert_int_equal(emitted[0], 0);
        assert_string_equal(reply_state("i1"), STATE_KNOWN);
        poll_desk("a1", MENTIOND_ARTICLE_REPLY, 0, utc_usec());
        assert_int_equal(emitted[0], 1);
        assert_true(reply_becomes("a1", STATE_POSTED));
        poll_desk("i1", MENTIOND_ARTICLE_REPLY, 0, utc_usec());
        assert_int_equal(emitted[0], 0);
        world_sleep(5000);
        assert_string_equal(reply_state("i1"), STATE_KNOWN);
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake_close();
}

static void doubtful_or_old_article_is_held(void)
{
        open_with_ticket(0);
        poll_desk("a0", MENTIOND_ARTICLE_REPLY, 0, utc_usec());         /* gives the helpdesk a horizon */
        assert_true(reply_becomes("a0", STATE_POSTED));
        poll_desk("a1", MENTIOND_ARTICLE_REPLY, MENTIOND_ARTICLE_DOUBTFUL, utc_usec());
        assert_true(reply_becomes("a1", STATE_HELD));
        poll_desk("a2", MENTIOND_ARTICLE_REPLY, 0, utc_usec() - USEC_PER_HOUR);
        assert_true(reply_becomes("a2", STATE_HELD));
        assert_non_null(strstr(fake_row(desk->stored.id, "a2").reason, "old"));
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake_close();
}

static void article_of_a_foreign_ticket_is_none_of_ours(void)
{
        open_with_ticket(0);
        article.ticket = "99";
        poll_desk("a1", MENTIOND_ARTICLE_REPLY, 0, utc_usec());
        article.ticket = "77";
        assert_int_equal(emitted[0], 0);
        assert_string_equal(reply_state("a1"), "");
        fake_close();
}

static void merged_ticket_is_followed(void)
{
        open_with_ticket(0);
        poll_desk("merge", MENTIOND_ARTICLE_REPLY, 0, utc_usec());
        assert_true(store_is_linked(fake_host.store, desk->stored.id, "88"));
        fake_mention("m2", "m1", "");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(fake.filed_ticket, "88");
        fake_close();
}

static void reply_to_two_conversations_in_one_ticket_is_held(void)
{
        open_with_ticket(0);
        fake_filed("q1", "q1", "77");
        poll_desk("a1", MENTIOND_ARTICLE_REPLY, 0, utc_usec());
        assert_true(reply_becomes("note:a1:held", STATE_FILED));
        assert_string_equal(reply_state("a1"), STATE_HELD);
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

/* --- Placing --- */

static const char *root_of(const char *id)
{
        char *root = store_root_of(fake_host.store, brand->stored.id, id);

        assert_non_null(root);
        return arena_take(fake_arena, root);
}

static void show_ancestors(enum fake_call call, struct mentiond_op *op)
{
        struct mentiond_mention first = shown("top"), second = shown("middle");

        if (call != CALL_FETCH)
                return;
        mentiond_emit_ancestor(op, &first);
        mentiond_emit_ancestor(op, &second);
}

static void mention_with_an_unknown_parent_is_placed_by_its_ancestors_and_quotes_them(void)
{
        fake_open(0);
        fake.on_call = show_ancestors;
        fake_mention("m1", "", "middle");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(root_of("m1"), "top");
        assert_non_null(strstr(fake.filed_text, "In answer to @alice@example:\n> top\n\nIn answer to @alice@example:\n> middle"));
        fake_close();
}

/* What it says of what it answers. */
static const char *filed_below(const char *id, const char *above)
{
        struct store_item item = {
                .kind = KIND_MENTION, .state = STATE_NEW, .native_id = id, .root = "m1", .parent = above,
                .created_usec = utc_usec(), .ready_usec = 1,
                .payload = arena_printf(fake_arena, "{\"visibility\":1,\"text\":\"yes\",\"parent\":\"%s\","
                                        "\"author\":{\"handle\":\"@alice@example\"},"
                                        "\"above\":{\"id\":\"%s\",\"handle\":\"@eve\",\"text\":\"is it?\"}}", above, above),
                .kept = { .handle = "@alice@example", .visibility = 1 },
        };
        struct store_poll p = { .source = brand->stored.id, .target = desk->stored.id, .items = &item, .n_items = 1 };

        assert_int_equal(store_commit_poll(fake_host.store, &p), 0);
        flow_kick_all(&fake_flow);
        assert_true(mention_becomes(id, STATE_FILED));
        return strempty(strstr(fake.filed_text, "In answer to"));
}

static void what_a_mention_answers_is_quoted_where_the_agent_has_not_seen_it(void)
{
        open_with_ticket(0);
        fake_known("old");
        fake.posted = "own";
        fake_reply("a1", "77", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_string_equal(filed_below("m2", "other"), "In answer to @eve:\n> is it?");
        assert_string_equal(filed_below("m3", "old"), "In answer to @eve:\n> is it?");
        assert_string_equal(filed_below("m4", "m1"), "");
        assert_string_equal(filed_below("m5", "own"), "");
        fake_close();
}

static int64_t ahead_usec;               /* of the real clock */

static int64_t read_clock(clockid_t id)
{
        struct timespec now;

        assert_int_equal(clock_gettime(id, &now), 0);
        return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static int64_t utc_ahead(void)
{
        return read_clock(CLOCK_REALTIME) + ahead_usec;
}

static int64_t mono_now(void)
{
        return read_clock(CLOCK_MONOTONIC);
}

static void random_bytes(void *p, size_t n)
{
        assert_int_equal(getrandom(p, n, 0), n);
}

static void set_ahead(int64_t usec)
{
        static const struct clock_source source = { .utc_usec = utc_ahead, .mono_usec = mono_now, .random = random_bytes };

        ahead_usec = usec;
        clock_set_source(&source);
}

static const char *line_from(void)
{
        const char *from = strstr(strempty(fake.filed_text), "\nFrom: ");

        assert_non_null(from);
        return arena_printf(fake_arena, "%.*s", (int) strcspn(from + 1, "\n"), from + 1);
}

static void author_is_told_of_in_the_first_article_and_again_after_a_day(void)
{
        fake_open(0);
        fake_mention("m1", "r", "");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(line_from(), "From: Alice (@alice@example)");
        fake_mention("m2", "r", "");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(line_from(), "From: @alice@example");
        assert_null(strstr(fake.filed_text, "Earlier tickets"));

        fake.ticket = "T2";
        fake_mention("m3", "r2", "");
        assert_true(mention_becomes("m3", STATE_FILED));
        assert_string_equal(line_from(), "From: Alice (@alice@example)");
        assert_non_null(strstr(fake.filed_text, "Earlier tickets: 1\n- N1, https://desk/1\n"));

        set_ahead(23 * USEC_PER_HOUR);
        fake_mention("m4", "r", "");
        assert_true(mention_becomes("m4", STATE_FILED));
        assert_string_equal(line_from(), "From: @alice@example");
        set_ahead(25 * USEC_PER_HOUR);         /* since the card, not since the last mention */
        fake_mention("m5", "r", "");
        assert_true(mention_becomes("m5", STATE_FILED));
        assert_string_equal(line_from(), "From: Alice (@alice@example)");
        set_ahead(48 * USEC_PER_HOUR);
        fake_mention("m6", "r", "");
        assert_true(mention_becomes("m6", STATE_FILED));
        assert_string_equal(line_from(), "From: @alice@example");
        set_ahead(-USEC_PER_HOUR);             /* a clock that was wrong does not keep it from the agent */
        fake_mention("m7", "r", "");
        assert_true(mention_becomes("m7", STATE_FILED));
        assert_string_equal(line_from(), "From: Alice (@alice@example)");
        clock_set_source(NULL);
        fake_close();
}

static void author_who_was_told_of_in_a_lost_answer_is_not_told_of_again(void)
{
        fake_open(0);
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_AMBIGUOUS);
        fake_mention("m1", "r", "");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_int_equal(fake.calls[DESK_LOOK], 1);
        fake_mention("m2", "r", "");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(line_from(), "From: @alice@example");
        fake_close();
}

static void show_many_ancestors(enum fake_call call, struct mentiond_op *op)
{
        static const char *const ids[] = { "top", "a1", "a2", "a3", "a4" };

        for (size_t i = 0; call == CALL_FETCH && i < ELEMENTSOF(ids); i++) {
                struct mentiond_mention m = shown(ids[i]);

                mentiond_emit_ancestor(op, &m);
        }
}

static void of_many_ancestors_the_root_and_the_nearest_are_quoted(void)
{
        fake_open(0);
        fake.on_call = show_many_ancestors;
        fake_mention("m1", "", "a4");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_non_null(strstr(fake.filed_text, "> top\n\n(2 posts between)\n\nIn answer to @alice@example:\n> a3\n\n"
                                                "In answer to @alice@example:\n> a4"));
        assert_null(strstr(fake.filed_text, "> a1"));
        fake_close();
}

static void mention_joins_the_thread_of_the_nearest_ancestor_that_is_known(void)
{
        fake_open(0);
        fake_mention("middle", "another", "");
        assert_true(mention_becomes("middle", STATE_FILED));
        fake.on_call = show_ancestors;
        fake_mention("m1", "", "deeper");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(root_of("m1"), "another");
        fake_close();
}

/* The network tells the post above alone: the one above that is in the ticket. */
static void show_the_nearest(enum fake_call call, struct mentiond_op *op)
{
        struct mentiond_mention m = shown("deeper");

        m.parent = "middle";
        if (call == CALL_FETCH)
                mentiond_emit_ancestor(op, &m);
}

static void mention_joins_the_thread_of_what_its_topmost_ancestor_answers(void)
{
        fake_open(0);
        fake_mention("middle", "another", "");
        assert_true(mention_becomes("middle", STATE_FILED));
        fake.on_call = show_the_nearest;
        fake_mention("m1", "", "deeper");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(root_of("m1"), "another");
        fake_close();
}

static void mention_whose_ancestors_are_gone_begins_with_its_parent(void)
{
        fake_open(0);
        fake.verdicts[CALL_FETCH] = ONCE(MENTIOND_GONE);
        fake_mention("m1", "", "middle");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(root_of("m1"), "middle");
        assert_int_equal(fake.calls[CALL_FETCH], 1);
        fake_close();
}

static void placing_is_tried_eight_times_and_then_done_without(void)
{
        fake_open(0);
        fake.verdicts[CALL_FETCH] = ONCE(MENTIOND_RETRY, MENTIOND_RETRY, MENTIOND_RETRY, MENTIOND_RETRY, MENTIOND_RETRY,
                                               MENTIOND_RETRY, MENTIOND_RETRY, MENTIOND_RETRY);
        fake_mention("m1", "", "middle");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(root_of("m1"), "middle");
        assert_int_equal(fake.calls[CALL_FETCH], 8);
        fake_close();
}

static void placing_that_succeeds_late_still_finds_the_root(void)
{
        fake_open(0);
        fake.on_call = show_ancestors;
        fake.verdicts[CALL_FETCH] = ONCE(MENTIOND_RETRY, MENTIOND_THROTTLED, MENTIOND_RETRY);
        fake.throttled_usec = 5000;
        fake_mention("m1", "", "middle");
        fake_mention("m2", "", "m1");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(root_of("m1"), "top");
        assert_string_equal(root_of("m2"), "top");
        fake_close();
}

static void mention_is_placed_without_fetch(void)
{
        fake_open(FAKE_NO_FETCH);
        fake_mention("m1", "", "middle");
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(root_of("m1"), "middle");
        fake_close();
}

static void mention_that_answers_one_placed_since_is_placed_with_it_without_fetch(void)
{
        fake_open(FAKE_NO_FETCH);
        fake_mention("m1", "", "middle");
        fake_mention("m2", "", "m1");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_string_equal(root_of("m1"), "middle");
        assert_string_equal(root_of("m2"), "middle");
        fake_close();
}

static void refused_credentials_while_placing_keep_the_mention(void)
{
        fake_open(0);
        fake.on_call = show_ancestors;
        fake.verdicts[CALL_FETCH] = ONCE(MENTIOND_AUTH);
        fake_mention("m1", "", "middle");
        assert_true(instance_becomes(brand, INSTANCE_STOPPED));
        assert_string_equal(mention_state("m1"), STATE_NEW);
        instance_start(brand);
        assert_true(mention_becomes("m1", STATE_FILED));
        assert_string_equal(root_of("m1"), "top");
        fake_close();
}

/* --- A plugin from a file --- */

static struct instance *make_echo(const char *inbox, const char *outbox)
{
        _cleanup_free_ char *directory = xasprintf("%s/tests/plugins/.libs", getenv("builddir") ? getenv("builddir") : ".");
        struct section s = { .name = xstrdup("files"), .file = "test.conf" };
        struct problems p = PROBLEMS_INIT;
        struct instance *i;

        section_add(&s, "plugin", "echo", 1);
        section_add(&s, "helpdesk", "desk", 2);
        section_add(&s, "hold", "0", 3);
        section_add(&s, "inbox", inbox, 4);
        section_add(&s, "outbox", outbox, 5);
        i = instance_new(&fake_host, &s, MENTIOND_CHANNEL, directory, &p);
        assert_string_equal(buffer_str(&p.text), "");
        section_done(&s);
        buffer_done(&p.text);
        assert_int_equal(instance_read(i), 0);
        i->helpdesk_id = desk->stored.id;
        flow_attach(&fake_flow, i);
        instance_attach(i);
        return i;
}

static void plugin_from_a_file_carries_a_conversation(void)
{
        _cleanup_free_ char *inbox = NULL, *outbox = xasprintf("%s/outbox", world_directory), *said = NULL;
        struct instance *i;
        int64_t source;
        size_t size;

        fake_open(0);
        inbox = xstrdup(world_write("inbox", "{\"id\":\"old\",\"handle\":\"@alice@example\",\"text\":\"old\"}\n"));
        i = make_echo(inbox, outbox);
        while (!i->last_poll_usec)
                world_sleep(500);
        source = i->stored.id;
        assert_string_equal(fake_state(source, "old"), STATE_KNOWN);
        (void) world_write("inbox", "{\"id\":\"1\",\"handle\":\"@alice@example\",\"text\":\"hello\"}\nno json\n");
        flow_poll_now(i);
        assert_true(fake_becomes(source, "1", STATE_FILED));
        fake_reply("a1", "T-files:1", ANSWER, NULL);
        assert_true(reply_becomes("a1", STATE_POSTED));
        assert_int_equal(read_file(outbox, 4096, &said, &size), 0);
        assert_non_null(strstr(said, "\"parent\":\"1\",\"text\":\"@alice@example answer\"}\n"));
        fake_close();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(mention_becomes_a_ticket_and_the_next_one_an_article_of_it),
                world_test(conversation_is_filed_in_order_although_its_head_fails),
                world_test(conversations_are_filed_beside_each_other_up_to_parallel),
                world_test(stuck_conversation_does_not_delay_others),
                world_test(ambiguous_filing_is_looked_for_and_not_done_again_if_found),
                world_test(ambiguous_filing_absent_twice_is_done_again),
                world_test(ticket_that_is_gone_is_followed_by_a_new_one),
                world_test(ticket_that_is_gone_while_it_is_looked_into_is_followed_by_a_new_one),
                world_test(mention_after_a_ticket_was_closed_for_long_begins_a_new_one),
                world_test(new_ticket_says_which_one_it_goes_on_from),
                world_test(replies_in_the_old_and_in_the_new_ticket_answer_what_stands_in_it),
                world_test(new_ticket_that_may_have_been_made_is_looked_for_by_its_own_thread),
                world_test(nothing_is_filed_before_the_tickets_of_conversations_are_known),
                world_test(mention_that_waited_for_a_person_follows_its_conversation),
                world_test(without_a_time_any_ticket_is_opened_again),
                world_test(first_mention_of_a_thread_has_nowhere_else_to_go),
                world_test(refused_mention_is_kept_dead_and_a_person_can_retry_it),
                world_test(reply_is_posted_to_the_author_and_the_agent_is_told),
                world_test(reply_names_nobody_where_the_network_tells_its_author),
                world_test(answers_of_a_direct_mention_stay_direct),
                world_test(replies_of_a_conversation_are_posted_in_order),
                world_test(reply_is_held_back_before_it_is_posted),
                world_test(reply_taken_back_while_it_waits_is_never_posted),
                world_test(doubtful_reply_is_held_and_posted_only_if_a_person_says_so),
                world_test(reply_that_is_too_long_is_held),
                world_test(admins_own_limit_counts_if_it_is_the_shorter_one),
                world_test(reply_with_attachments_that_the_network_does_not_take_is_held),
                world_test(reply_without_text_is_held),
                world_test(post_without_an_id_is_held),
                world_test(post_that_is_another_replys_already_is_held),
                world_test(ambiguous_reply_that_is_found_is_not_posted_again),
                world_test(ambiguous_reply_absent_twice_is_sent_again_with_the_same_key_and_text),
                world_test(reply_waits_for_an_article_that_is_on_its_way),
                world_test(looks_are_settle_apart),
                world_test(row_that_is_being_looked_for_is_not_taken_up_twice),
                world_test(ambiguous_reply_that_cannot_be_found_out_is_held),
                world_test(ambiguous_reply_on_a_network_without_find_is_held),
                world_test(reply_that_is_confirmed_nowhere_is_sent_three_times_and_held),
                world_test(reply_that_arrived_after_two_looks_is_not_sent_again),
                world_test(reply_taken_back_during_the_look_is_not_sent_again),
                world_test(refused_credentials_stop_the_instance_and_keep_its_rows),
                world_test(throttled_instance_pauses_as_a_whole_and_goes_on),
                world_test(instance_starts_again_until_the_other_side_answers),
                world_test(instance_that_is_refused_at_its_start_waits_for_a_person),
                world_test(paused_instance_does_nothing_and_its_reason_says_why),
                world_test(instance_resumed_while_it_still_starts_runs_in_the_end),
                world_test(instance_ends_after_its_last_task_with_stop),
                world_test(channel_that_ends_while_its_mention_is_filed_stays_until_then),
                world_test(post_over_its_deadline_is_looked_for),
                world_test(what_is_canceled_is_looked_for_and_the_store_is_told),
                world_test(drain_finishes_what_is_in_flight_and_begins_nothing),
                world_test(what_was_on_its_way_when_mentiond_ended_is_looked_for),
                world_test(poll_that_fails_in_the_middle_keeps_what_it_saw_and_will_look_again),
                world_test(mention_that_there_is_room_for_is_begun_by_the_commit_that_brings_it),
                world_test(mention_that_there_is_no_room_for_waits_for_its_turn),
                world_test(mention_waits_for_a_helpdesk_that_pauses),
                world_test(helpdesk_that_ends_files_first_what_a_poll_began_for_it),
                world_test(poll_that_failed_and_the_next_are_filed_in_one_order),
                world_test(what_was_shown_is_filed_although_polls_go_on_failing),
                world_test(first_poll_that_fails_learns_nothing),
                world_test(next_poll_comes_by_itself),
                world_test(failing_poll_backs_off),
                world_test(hint_makes_a_poll_now_and_many_make_one),
                world_test(hints_during_a_poll_make_one_more_after_it),
                world_test(polls_that_lead_to_hints_keep_a_distance),
                world_test(slow_polls_keep_a_longer_distance),
                world_test(hint_waits_for_the_pause_that_the_network_asked_for),
                world_test(hint_waits_for_the_rate_that_the_admin_allows),
                world_test(hint_does_not_shorten_the_wait_after_a_failure),
                world_test(hint_at_a_paused_instance_does_nothing_and_it_polls_when_it_is_resumed),
                world_test(what_is_done_leaves_the_journal_after_a_poll),
                world_test(public_article_is_posted_and_internal_never_even_if_made_public_later),
                world_test(doubtful_or_old_article_is_held),
                world_test(article_of_a_foreign_ticket_is_none_of_ours),
                world_test(merged_ticket_is_followed),
                world_test(reply_to_two_conversations_in_one_ticket_is_held),
                world_test(mention_with_an_unknown_parent_is_placed_by_its_ancestors_and_quotes_them),
                world_test(what_a_mention_answers_is_quoted_where_the_agent_has_not_seen_it),
                world_test(author_is_told_of_in_the_first_article_and_again_after_a_day),
                world_test(author_who_was_told_of_in_a_lost_answer_is_not_told_of_again),
                world_test(of_many_ancestors_the_root_and_the_nearest_are_quoted),
                world_test(mention_joins_the_thread_of_the_nearest_ancestor_that_is_known),
                world_test(mention_joins_the_thread_of_what_its_topmost_ancestor_answers),
                world_test(mention_whose_ancestors_are_gone_begins_with_its_parent),
                world_test(placing_is_tried_eight_times_and_then_done_without),
                world_test(placing_that_succeeds_late_still_finds_the_root),
                world_test(mention_is_placed_without_fetch),
                world_test(mention_that_answers_one_placed_since_is_placed_with_it_without_fetch),
                world_test(refused_credentials_while_placing_keep_the_mention),
                world_test(plugin_from_a_file_carries_a_conversation),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
