/* SPDX-License-Identifier: MIT
 * Commands, parts, reviews and what is read again: the flow with a real store and plugins that do what they are told. */
#include "fakes.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define ALL (MENTIOND_CAN_DIRECT | MENTIOND_CAN_EDIT | MENTIOND_CAN_REMOVE | MENTIOND_CAN_LIKE | MENTIOND_CAN_REPOST)

/* One filed mention, m1 of thread m1 in ticket 77. */
static void open_with_ticket(unsigned flags)
{
        fake_open(flags);
        brand->caps.flags = ALL;
        fake_filed("m1", "m1", "77");
        fake_quiet();
        memset(fake.calls, 0, sizeof fake.calls);
        strset(&fake.said, "");
}

static bool reply_becomes(const char *id, const char *state)
{
        return fake_becomes(desk->stored.id, id, state);
}

static void write_reply(const char *id, const char *text)
{
        fake_article(id, "77", MENTIOND_ARTICLE_REPLY, text);
}

/* An internal note, and what it is answered. */
static void tell(const char *id, const char *text)
{
        fake_article(id, "77", MENTIOND_ARTICLE_INTERNAL, text);
}

static void is_answered(const char *id, const char *answer)
{
        assert_true(reply_becomes(id, STATE_DONE));
        fake_quiet();
        if (!fake.notes || !strstr(fake.notes, answer))
                fail_msg("it was answered \"%s\", not \"%s\"", strempty(fake.notes), answer);
        strset(&fake.notes, "");
}

static void said(const char *what)
{
        if (!strstr(fake.said, what))
                fail_msg("\"%s\" does not hold \"%s\"", fake.said, what);
}

/* --- Before it goes --- */

static void reply_that_turned_internal_is_withdrawn(void)
{
        open_with_ticket(0);
        fake.review.standing = MENTIOND_TURNED_INTERNAL;
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_WITHDRAWN));
        fake_quiet();
        assert_int_equal(fake.calls[CALL_POST], 0);
        assert_non_null(strstr(fake.note_text, "the note is internal now"));
        fake_close();
}

static void reply_that_is_gone_is_withdrawn(void)
{
        open_with_ticket(0);
        fake.review.standing = MENTIOND_TAKEN_BACK;
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_WITHDRAWN));
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

/* Its conversation goes on in another. */
static void reply_in_a_ticket_that_was_deleted_is_withdrawn(void)
{
        open_with_ticket(0);
        brand->options.hold_usec = USEC_PER_SEC / 2;
        desk->options.retry_usec = desk->options.retry_max_usec = USEC_PER_HOUR;
        fake.review.standing = MENTIOND_TAKEN_BACK;
        fake.verdicts[DESK_APPEND] = ONCE(MENTIOND_GONE);
        write_reply("5", "answer");
        fake_mention("m2", "m1", "m1");
        flow_kick_all(&fake_flow);
        assert_true(world_wait(&fake.calls[DESK_APPEND], 1));
        assert_true(reply_becomes("5", STATE_WITHDRAWN));
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

static void reply_waits_until_the_helpdesk_can_be_asked(void)
{
        open_with_ticket(0);
        fake.verdicts[DESK_REVIEW] = ONCE(MENTIOND_RETRY, MENTIOND_RETRY);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.calls[DESK_REVIEW], 3);
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake_close();
}

static void helpdesk_that_cannot_review_still_answers(void)
{
        open_with_ticket(FAKE_NO_REVIEW);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        fake_close();
}

static void command_in_a_public_note_is_held_with_a_question(void)
{
        open_with_ticket(0);
        write_reply("5", "!stop");
        assert_true(reply_becomes("5", STATE_HELD));
        fake_quiet();
        assert_int_equal(fake.calls[CALL_POST], 0);
        assert_non_null(strstr(fake.note_text, "Is it meant for the customer?"));
        fake_close();
}

static void files_go_out_with_their_descriptions(void)
{
        static const struct mentiond_attachment file = {
                .struct_size = sizeof file, .name = "bent_key.png", .type = "image/png", .data = "x", .size = 1,
        };

        open_with_ticket(0);
        brand->caps.uploads_max = 4;
        brand->caps.upload_types = "image/png image/jpeg";
        fake.review.attachments = &file;
        fake.review.n_attachments = 1;
        fake_reply("5", "77", "{\"text\":\"see\",\"attachments\":1}", NULL);
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.n_uploads, 1);
        brand->caps.upload_types = "image/jpeg";
        fake_reply("6", "77", "{\"text\":\"see\",\"attachments\":1}", NULL);
        assert_true(reply_becomes("6", STATE_HELD));
        assert_non_null(strstr(fake_row(desk->stored.id, "6").reason, "bent_key.png is of type image/png"));
        fake_close();
}

/* --- Parts --- */

static const char *const long_text = "One sentence of it. Another sentence of it. A third sentence of it. And a fourth one, too.";

static void long_reply_becomes_parts_each_of_which_answers_the_one_before(void)
{
        struct store_part part;
        int64_t id;

        open_with_ticket(0);
        brand->caps.length_max = 60;
        write_reply("5", long_text);
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_true(fake.calls[CALL_POST] >= 2);
        id = fake_id(desk->stored.id, "5");
        for (int64_t n = 0; n < fake.calls[CALL_POST]; n++) {
                _cleanup_free_ char *before = n ? xasprintf("p%lld", (long long) n) : xstrdup("m1");

                assert_int_equal(store_part(fake_host.store, fake_arena, id, n, &part), 1);
                assert_string_equal(part.parent, before);
                assert_int_equal(part.of, fake.calls[CALL_POST]);
                assert_string_equal(part.text, "");
        }
        fake_quiet();
        assert_non_null(strstr(fake.note_text, "https://net/p1"));
        fake_close();
}

static void part_of_unknown_fate_is_looked_for_and_the_others_follow(void)
{
        open_with_ticket(0);
        brand->caps.length_max = 60;
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_OK, MENTIOND_AMBIGUOUS);
        write_reply("5", long_text);
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.calls[CALL_LOOK], 1);
        assert_int_equal(fake.calls[DESK_REVIEW], 1);    /* once the first is out it is not asked again */
        fake_close();
}

static void reply_of_too_many_parts_is_held(void)
{
        open_with_ticket(0);
        brand->caps.length_max = 60;
        brand->options.parts_max = 1;
        write_reply("5", long_text);
        assert_true(reply_becomes("5", STATE_HELD));
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

/* --- What is said again and again --- */

static void template_is_pointed_out_from_the_third_person_on(void)
{
        static const char *const text = "We are sorry that it took so long, and have sent a new one today by express.";

        open_with_ticket(0);
        brand->options.hold_usec = 500 * USEC_PER_MSEC;
        for (int n = 2; n <= 4; n++) {
                char mention[8], ticket[8], article[8];

                (void) snprintf(mention, sizeof mention, "m%d", n);
                (void) snprintf(ticket, sizeof ticket, "%d", 100 + n);
                (void) snprintf(article, sizeof article, "%d", 10 + n);
                fake_filed(mention, mention, ticket);
                strset(&fake.notes, "");
                fake_article(article, ticket, MENTIOND_ARTICLE_REPLY, text);
                assert_true(reply_becomes(article, STATE_POSTED));
                fake_quiet();
                assert_int_equal(strstr(fake.notes, "to 2 others within a day") != NULL, n == 4);
        }
        fake_close();
}

/* --- Commands --- */

static void stop_takes_back_what_waits(void)
{
        open_with_ticket(0);
        brand->options.hold_usec = USEC_PER_HOUR;
        write_reply("5", "answer");
        tell("6", "!stop");
        assert_true(reply_becomes("5", STATE_WITHDRAWN));
        is_answered("6", "you took it back with !stop");
        assert_int_equal(fake.calls[CALL_POST], 0);
        tell("7", "!stop");
        is_answered("7", "Not done: there is no reply to take back.");
        fake_close();
}

/* Of another ticket, that was merged into this one later. */
static void stop_that_is_older_than_the_reply_leaves_it(void)
{
        open_with_ticket(0);
        brand->options.hold_usec = USEC_PER_HOUR;
        fake.written_usec = utc_usec();
        write_reply("6", "answer");
        fake.written_usec -= USEC_PER_SEC;
        tell("5", "!stop");
        is_answered("5", "Not done: there is no reply to take back.");
        fake.written_usec += USEC_PER_SEC;       /* times are of whole seconds */
        tell("7", "!stop");
        assert_true(reply_becomes("6", STATE_WITHDRAWN));
        is_answered("7", "you took it back with !stop");
        fake_close();
}

static void stop_comes_too_late_for_what_is_posted(void)
{
        open_with_ticket(0);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        tell("6", "!stop");
        is_answered("6", "The last one is posted: https://net/p1");
        fake_close();
}

static void what_was_written_for_one_is_not_made_public(void)
{
        open_with_ticket(0);
        brand->options.hold_usec = USEC_PER_HOUR;
        tell("5", "!dm the code is 4711");
        assert_true(reply_becomes("5", STATE_WAITING));
        tell("6", "!public");
        is_answered("6", "Not done: you wrote \"the code is 4711\" for the customer alone.");
        assert_string_equal(fake_state(desk->stored.id, "5"), STATE_WAITING);
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

/* The call that answers after the command was looked at. */
static enum fake_call patient;
static bool commanded;

static void wait_for_command(enum fake_call call, struct mentiond_op *op)
{
        (void) op;
        while (call == patient && !commanded)
                (void) task_sleep_until(mono_usec() + USEC_PER_MSEC);
}

static void let_wait(enum fake_call call)
{
        patient = call;
        commanded = false;
        fake.on_call = wait_for_command;
}

static void send_of_what_may_be_out_needs_that_the_agent_was_told(void)
{
        open_with_ticket(0);
        let_wait(DESK_NOTE);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake.verdicts[CALL_LOOK] = ONCE(MENTIOND_UNKNOWN);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_HELD));
        tell("6", "!send");
        assert_true(reply_becomes("6", STATE_DONE));
        assert_int_equal(fake.calls[CALL_POST], 1);
        commanded = true;
        is_answered("6", "when you wrote this you had not been told");
        assert_true(reply_becomes("note:5:held", STATE_FILED));
        tell("7", "!send");
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.calls[CALL_POST], 2);
        fake_close();
}

static void halt(const char *command, const char *answer, const char *state, const char *reason)
{
        static const int unknown[] = { MENTIOND_AMBIGUOUS, -1 }, nowhere[] = { MENTIOND_ABSENT, MENTIOND_ABSENT, -1 };

        open_with_ticket(0);
        let_wait(CALL_LOOK);
        fake.verdicts[CALL_POST] = unknown;
        fake.verdicts[CALL_LOOK] = nowhere;
        write_reply("5", "answer");
        assert_true(world_wait(&fake.calls[CALL_LOOK], 1));
        tell("6", command);
        assert_true(reply_becomes("6", STATE_DONE));
        commanded = true;
        assert_true(reply_becomes("5", state));
        is_answered("6", answer);
        assert_string_equal(fake_row(desk->stored.id, "5").reason, reason);
        assert_int_equal(fake.calls[CALL_LOOK], 2);
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake.verdicts[CALL_POST] = fake.verdicts[CALL_LOOK] = NULL;     /* they end here */
}

static void reply_that_may_be_out_is_not_tried_again_after_stop(void)
{
        halt("!stop", "it will not be posted", STATE_WITHDRAWN, "you took it back with !stop");
        fake_close();
}

static void reply_that_may_be_out_is_held_by_hold_and_sent_by_send(void)
{
        halt("!hold", "it will be held", STATE_HELD, "you said !hold");
        tell("7", "!send");
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.calls[CALL_POST], 2);
        fake_close();
}

static void hold_keeps_and_send_sends(void)
{
        open_with_ticket(0);
        brand->options.hold_usec = USEC_PER_HOUR;
        write_reply("5", "answer");
        tell("6", "!hold");
        is_answered("6", "you said !hold");
        assert_string_equal(fake_state(desk->stored.id, "5"), STATE_HELD);
        tell("7", "!send");
        is_answered("7", "goes out now, as it is");
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.visibility, MENTIOND_UNLISTED);
        fake_close();
}

static void send_ends_the_hold(void)
{
        open_with_ticket(0);
        brand->options.hold_usec = USEC_PER_HOUR;
        write_reply("5", "answer");
        tell("6", "!send");
        assert_true(reply_becomes("5", STATE_POSTED));
        fake_close();
}

static void dm_says_it_in_private(void)
{
        int64_t since = 0;

        open_with_ticket(0);
        fake.review.standing = MENTIOND_TURNED_INTERNAL;         /* as it was from its beginning */
        tell("6", "!dm Your number is 4711");
        assert_true(reply_becomes("6", STATE_POSTED));
        assert_int_equal(fake.visibility, MENTIOND_DIRECT);
        assert_string_equal(fake.text, "@alice@example Your number is 4711");
        assert_true(store_owes(fake_host.store, desk->stored.id, "77", &since) > 0);
        assert_true(since > 0);
        assert_int_equal(store_count_owed(fake_host.store), 1);
        fake.review.standing = MENTIOND_STANDS;
        write_reply("7", "Solved in private.");
        assert_true(reply_becomes("7", STATE_POSTED));
        assert_int_equal(fake.visibility, MENTIOND_UNLISTED);
        assert_int_equal(store_count_owed(fake_host.store), 0);
        fake_close();
}

static void emit_closed(enum fake_call call, struct mentiond_op *op)
{
        if (call == DESK_POLL)
                mentiond_closed(op, "77", 0);
}

/* Whatever the journal forgets of the note, and however often the helpdesk says that it is closed. */
static void word_that_is_owed_is_asked_for_once(void)
{
        int64_t at = 0;

        open_with_ticket(0);
        fake.review.standing = MENTIOND_TURNED_INTERNAL;
        tell("6", "!dm Your number is 4711");
        assert_true(reply_becomes("6", STATE_POSTED));
        for (int n = 0; n < 2; n++) {
                int before = fake.calls[DESK_POLL];

                fake.on_call = emit_closed;
                flow_poll_now(desk);
                assert_true(world_wait(&fake.calls[DESK_POLL], before + 1));
                fake_quiet();
                fake.on_call = NULL;
                if (n == 0 && !strstr(strempty(fake.notes), "This conversation was taken aside"))
                        fail_msg("nobody was asked: \"%s\"", strempty(fake.notes));
                if (n == 1)
                        assert_string_equal(fake.notes, "");
                strset(&fake.notes, "");
                at = 0;
                assert_true(store_forget(fake_host.store, utc_usec() + USEC_PER_DAY, 0, &at) >= 0);
        }
        assert_int_equal(store_count_owed(fake_host.store), 1);
        fake_close();
}

static void edit_of_a_reply_to_what_is_forgotten_is_not_done(void)
{
        int64_t at = 0;

        open_with_ticket(0);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        world_sleep(2000);
        fake_filed("m2", "m1", "77");
        fake_quiet();
        assert_true(store_forget(fake_host.store, utc_usec() + USEC_PER_DAY, utc_usec() + USEC_PER_DAY, &at) > 0);
        assert_int_equal(store_row_of(fake_host.store, brand->stored.id, "m1"), 0);
        tell("6", "!edit better answer");
        is_answered("6", "the post that your last reply answers is forgotten");
        assert_int_equal(fake.calls[CALL_EDIT], 0);
        fake_close();
}

static void dm_sends_a_held_reply_in_private(void)
{
        open_with_ticket(0);
        write_reply("5", "!stop it");
        assert_true(reply_becomes("5", STATE_HELD));
        tell("6", "!dm");
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.visibility, MENTIOND_DIRECT);
        fake_close();
}

#define SECRET "the supplier has gone bankrupt and nobody may know before Monday morning"

static void text_of_a_command_is_guarded_as_a_public_note_is(void)
{
        static const char *const internal[] = { "FYI " SECRET }, *const customer[] = { "K-4711-33" };

        open_with_ticket(0);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        fake.review = (struct mentiond_review) { .standing = MENTIOND_TURNED_INTERNAL, .internal = internal, .n_internal = 1,
                                                 .customer = customer, .n_customer = 1 };
        tell("6", "!public As you may have heard, " SECRET);
        assert_true(reply_becomes("6", STATE_HELD));
        tell("7", "!close Your number is K-4711-33");
        assert_true(reply_becomes("7", STATE_HELD));
        fake_quiet();
        strset(&fake.notes, "");
        tell("8", "!edit As you may have heard, " SECRET);
        is_answered("8", "Not done: it holds words of an internal note");
        tell("9", "!edit Your number is K-4711-33");
        is_answered("9", "Not done: it holds");
        assert_int_equal(fake.calls[CALL_EDIT], 0);
        assert_int_equal(fake.calls[CALL_POST], 1);
        tell("10", "!dm Between us: " SECRET " K-4711-33");
        assert_true(reply_becomes("10", STATE_POSTED));
        assert_int_equal(fake.visibility, MENTIOND_DIRECT);
        fake_close();
}

/* It is what the agent means to say; what he said in private is not. */
static void text_that_was_ordered_to_be_public_is_no_secret(void)
{
        static const char *const ordered[] = {
                "!public We open again on Monday morning at eight o'clock, with new keys for everybody",
        },
                                 *const whispered[] = {
                                         "!dm We open again on Monday morning at eight o'clock, with new keys for everybody",
                                 };

        open_with_ticket(0);
        fake.review.internal = ordered;
        fake.review.n_internal = 1;
        write_reply("5", "We open again on Monday morning at eight o'clock, with new keys for everybody.");
        assert_true(reply_becomes("5", STATE_POSTED));
        fake.review.internal = whispered;
        write_reply("6", "We open again on Monday morning at eight o'clock, with new keys for everybody.");
        assert_true(reply_becomes("6", STATE_HELD));
        fake_close();
}

static void edit_waits_until_the_helpdesk_can_be_asked(void)
{
        open_with_ticket(0);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        fake.verdicts[DESK_REVIEW] = ONCE(MENTIOND_RETRY, MENTIOND_BUG);
        tell("6", "!edit better answer");
        is_answered("6", "could not be found out");
        fake.review.standing = MENTIOND_TAKEN_BACK;
        tell("7", "!edit better answer");
        is_answered("7", "this note was deleted");
        assert_int_equal(fake.calls[CALL_EDIT], 0);
        fake_close();
}

/* Its helpdesk answers again: what was written there meanwhile comes with the next poll. */
static void waits_until_it_is_read_whether_it_was_taken_back(unsigned flags)
{
        open_with_ticket(flags);
        brand->options.hold_usec = 50 * USEC_PER_MSEC;
        desk->options.retry_usec = 20 * USEC_PER_MSEC;
        write_reply("5", "answer");
        fake.verdicts[DESK_POLL] = ONCE(MENTIOND_RETRY);
        while (*fake.verdicts[DESK_POLL] >= 0) {         /* the last poll may not be over */
                flow_poll_now(desk);
                world_sleep(500);
        }
        world_sleep(200 * USEC_PER_MSEC);
        assert_int_equal(fake.calls[CALL_POST], 0);
        tell("6", "!stop");
        assert_true(reply_becomes("5", STATE_WITHDRAWN));
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

static void reply_waits_until_it_is_read_whether_it_was_taken_back(void)
{
        waits_until_it_is_read_whether_it_was_taken_back(0);
}

static void it_waits_also_where_the_helpdesk_cannot_review(void)
{
        waits_until_it_is_read_whether_it_was_taken_back(FAKE_NO_REVIEW);
}

/* Who wanted the reply sent as it was has not seen this. */
static void edit_of_what_was_sent_as_it_was_is_guarded(void)
{
        open_with_ticket(0);
        write_reply("5", "Your card 4111 1111 1111 1111");
        assert_true(reply_becomes("5", STATE_HELD));
        tell("6", "!send");
        assert_true(reply_becomes("5", STATE_POSTED));
        tell("7", "!edit Your card 4539 9174 0029 7559");
        is_answered("7", "the number of a card");
        assert_int_equal(fake.calls[CALL_EDIT], 0);
        fake_close();
}

/* However often: each time anew. */
static void reply_that_is_held_again_is_told_of_again(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_BUG, MENTIOND_BUG);
        write_reply("5", "Your card 4111 1111 1111 1111");
        assert_true(reply_becomes("5", STATE_HELD));
        for (int n = 0; n < 4; n++) {
                char id[8];

                (void) snprintf(id, sizeof id, "%d", 6 + n);
                strset(&fake.notes, "");
                tell(id, n % 2 ? "!send" : "!public");
                assert_true(reply_becomes(id, STATE_DONE));
                fake_quiet();
                assert_true(reply_becomes("5", STATE_HELD));
                assert_non_null(strstr(fake.notes, "Your reply is held and was not posted by mentiond: "));
        }
        assert_int_equal(fake.calls[CALL_POST], 2);
        fake_close();
}

static void what_could_not_be_said_in_private_is_guarded_before_it_is_public(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_BUG);
        tell("5", "!dm Your card 4111 1111 1111 1111");
        assert_true(reply_becomes("5", STATE_HELD));
        tell("6", "!public");
        is_answered("6", "the number of a card");
        assert_string_equal(fake_state(desk->stored.id, "5"), STATE_HELD);
        assert_int_equal(fake.calls[CALL_POST], 1);
        fake_close();
}

static void stop_takes_back_all(void)
{
        open_with_ticket(0);
        brand->options.hold_usec = USEC_PER_HOUR;
        for (int n = 0; n < 40; n++) {
                char id[8];

                (void) snprintf(id, sizeof id, "%d", 10 + n);
                fake_reply(id, "77", "{\"text\":\"x\"}", n % 2 ? "doubtful" : NULL);
        }
        tell("6", "!stop");
        assert_true(reply_becomes("6", STATE_DONE));
        for (int n = 0; n < 40; n++) {
                char id[8];

                (void) snprintf(id, sizeof id, "%d", 10 + n);
                assert_string_equal(fake_state(desk->stored.id, id), STATE_WITHDRAWN);
        }
        fake_close();
}

static void dm_where_nothing_is_private_is_held(void)
{
        open_with_ticket(0);
        brand->caps.flags = 0;
        fake.review.standing = MENTIOND_TURNED_INTERNAL;
        tell("6", "!dm secret");
        assert_true(reply_becomes("6", STATE_HELD));
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

static void close_says_a_last_word_and_closes(void)
{
        open_with_ticket(0);
        fake.review.standing = MENTIOND_TURNED_INTERNAL;
        tell("6", "!close Glad it works again.");
        assert_true(reply_becomes("6", STATE_POSTED));
        assert_true(reply_becomes("6:close", STATE_DONE));
        assert_string_equal(fake.text, "@alice@example Glad it works again.");
        said("close 77");
        tell("7", "!close");
        is_answered("7", "The ticket is closed.");
        assert_int_equal(fake.calls[DESK_CLOSE], 2);
        fake_close();
}

static void likes_reposts_and_hides(void)
{
        open_with_ticket(0);
        tell("6", "!like");
        is_answered("6", "The last post of @alice@example is liked.");
        said("like m1");
        tell("7", "!Repost");
        is_answered("7", "is reposted");
        said("repost m1");
        tell("8", "!hide");
        is_answered("8", "posts cannot be hidden here");
        assert_int_equal(fake.calls[CALL_REACT], 2);
        fake_close();
}

static void what_fails_for_now_is_done_later(void)
{
        open_with_ticket(0);
        fake.verdicts[CALL_REACT] = ONCE(MENTIOND_RETRY, MENTIOND_AMBIGUOUS);
        tell("6", "!like");
        is_answered("6", "is liked");
        assert_int_equal(fake.calls[CALL_REACT], 3);
        fake.verdicts[CALL_REACT] = ONCE(MENTIOND_GONE);
        tell("7", "!like");
        is_answered("7", "Not done: as told: gone");
        fake_close();
}

static void last_reply_is_edited_and_deleted(void)
{
        open_with_ticket(0);
        tell("4", "!delete");
        is_answered("4", "no reply is posted");
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        tell("6", "!edit better answer");
        is_answered("6", "Your reply now reads: @alice@example better answer");
        said("edit p1");
        tell("7", "!edit");
        is_answered("7", "the new text must follow");
        tell("8", "!delete");
        is_answered("8", "removed from the network");
        said("remove p1");
        assert_string_equal(fake_state(desk->stored.id, "5"), STATE_WITHDRAWN);
        tell("9", "!delete");
        is_answered("9", "no reply is posted");
        fake_close();
}

/* While the helpdesk is asked whether it stands the agent wants it otherwise. */
static void what_goes_in_private_meanwhile_is_not_posted_in_public(void)
{
        open_with_ticket(0);
        let_wait(DESK_REVIEW);
        write_reply("5", "answer");
        assert_true(world_wait(&fake.calls[DESK_REVIEW], 1));
        tell("6", "!dm");
        assert_true(reply_becomes("6", STATE_DONE));
        commanded = true;
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.calls[CALL_POST], 1);
        assert_int_equal(fake.visibility, MENTIOND_DIRECT);
        is_answered("6", "goes out now, in private");
        fake_close();
}

static void what_is_sent_meanwhile_is_not_held_for_what_was_known_before(void)
{
        open_with_ticket(0);
        let_wait(DESK_REVIEW);
        fake.verdicts[DESK_REVIEW] = ONCE(MENTIOND_UNKNOWN);
        write_reply("5", "answer");
        assert_true(world_wait(&fake.calls[DESK_REVIEW], 1));
        tell("6", "!send");
        assert_true(reply_becomes("6", STATE_DONE));
        commanded = true;
        assert_true(reply_becomes("5", STATE_POSTED));
        is_answered("6", "goes out now, as it is");
        fake_close();
}

static void edits_are_done_one_after_the_other(void)
{
        open_with_ticket(0);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        desk->options.retry_usec = 300 * USEC_PER_MSEC;
        fake.verdicts[CALL_EDIT] = ONCE(MENTIOND_RETRY);
        strset(&fake.said, "");
        tell("6", "!edit second answer");
        tell("7", "!edit third answer");
        assert_true(reply_becomes("6", STATE_DONE));
        assert_int_equal(fake.calls[CALL_EDIT], 2);
        assert_true(reply_becomes("7", STATE_DONE));
        assert_int_equal(fake.calls[CALL_EDIT], 3);
        fake_quiet();
        assert_non_null(strstr(fake.notes, "now reads: @alice@example third answer"));
        fake_close();
}

/* A reply that is held, for it could not be found out whether its note stands. */
static void hold_one(void)
{
        static const int unknown[] = { MENTIOND_UNKNOWN, -1 };

        open_with_ticket(0);
        fake.verdicts[DESK_REVIEW] = unknown;
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_HELD));
        assert_true(reply_becomes("note:5:held", STATE_FILED));
        fake_quiet();
        strset(&fake.notes, "");
}

static const char *next;

static void show_next(enum fake_call call, struct mentiond_op *op)
{
        if (call == DESK_POLL)
                mentiond_emit_article(op, &(struct mentiond_article) {
                        .struct_size = sizeof(struct mentiond_article), .kind = MENTIOND_ARTICLE_INTERNAL, .ticket = "77",
                        .id = "7", .agent = "Ada", .created_usec = fake.written_usec, .html = "", .text = next });
}

/* Both by one poll. */
static void tell_both(const char *first, const char *second)
{
        next = second;
        fake.on_call = show_next;
        tell("6", first);
}

static void what_is_sent_and_then_wanted_in_private_goes_in_private(void)
{
        hold_one();
        tell_both("!send", "!dm");
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.visibility, MENTIOND_DIRECT);
        assert_int_equal(fake.calls[CALL_POST], 1);
        is_answered("7", "goes out now, in private");
        fake_close();
}

static void what_is_sent_and_then_held_is_held(void)
{
        hold_one();
        tell_both("!send", "!hold");
        assert_true(reply_becomes("7", STATE_DONE));
        fake_quiet();
        assert_string_equal(fake_state(desk->stored.id, "5"), STATE_HELD);
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

/* What goes out while the network may not be asked is not what was meant. */
static void edit_that_waits_is_about_what_was_out(void)
{
        open_with_ticket(0);
        write_reply("5", "first answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        desk->options.retry_usec = 300 * USEC_PER_MSEC;
        budget_pause(&brand->budget, 100 * USEC_PER_MSEC);
        write_reply("6", "second answer");
        tell("7", "!edit better answer");
        assert_true(reply_becomes("6", STATE_POSTED));
        assert_string_equal(fake_state(desk->stored.id, "7"), STATE_WAITING);
        strset(&fake.said, "");
        is_answered("7", "now reads: @alice@example better answer");
        said("edit p1");
        fake_close();
}

static void edit_while_nothing_is_out_is_refused_at_once(void)
{
        open_with_ticket(0);
        budget_pause(&brand->budget, USEC_PER_HOUR);
        tell("6", "!edit better answer");
        is_answered("6", "no reply is posted");
        fake_close();
}

static void rest_of_a_reply_goes_where_its_beginning_is(void)
{
        open_with_ticket(0);
        brand->caps.length_max = 60;
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_OK, MENTIOND_AMBIGUOUS);
        fake.verdicts[CALL_LOOK] = ONCE(MENTIOND_UNKNOWN);
        fake.review.standing = MENTIOND_TURNED_INTERNAL;
        tell("5", arena_printf(fake_arena, "!dm %s", long_text));
        assert_true(reply_becomes("5", STATE_HELD));
        assert_true(reply_becomes("note:5:held", STATE_FILED));
        tell("6", "!public");
        is_answered("6", "something is out already. \"!send\" posts the rest of it where that is.");
        tell("7", "!send");
        is_answered("7", "What is not out yet of your reply");
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_int_equal(fake.visibility, MENTIOND_DIRECT);
        fake_close();
}

/* What is posted between two attempts is not meant. */
static void command_that_is_tried_again_is_about_the_same_reply(void)
{
        open_with_ticket(0);
        write_reply("5", "first answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        brand->options.hold_usec = USEC_PER_SEC / 2;
        write_reply("6", "second answer");
        desk->options.retry_usec = USEC_PER_SEC;
        fake.verdicts[CALL_REMOVE] = ONCE(MENTIOND_AMBIGUOUS);
        tell("7", "!delete");
        assert_true(world_wait(&fake.calls[CALL_REMOVE], 1));
        assert_string_equal(fake_state(desk->stored.id, "6"), STATE_WAITING);
        is_answered("7", "removed from the network");
        assert_string_equal(fake_state(desk->stored.id, "6"), STATE_POSTED);
        assert_string_equal(fake_state(desk->stored.id, "5"), STATE_WITHDRAWN);
        fake_close();
}

static void parts_are_deleted_last_first(void)
{
        open_with_ticket(0);
        brand->caps.length_max = 60;
        write_reply("5", long_text);
        assert_true(reply_becomes("5", STATE_POSTED));
        tell("6", "!edit x");
        is_answered("6", "several parts");
        tell("7", "!delete");
        is_answered("7", "removed");
        assert_true(strstr(fake.said, "remove p2") < strstr(fake.said, "remove p1"));
        fake_close();
}

static void emit_merge(enum fake_call call, struct mentiond_op *op)
{
        if (call == DESK_POLL)
                mentiond_merged(op, "77", "78", "N78");
}

static void command_that_waits_follows_its_ticket(void)
{
        int before;

        open_with_ticket(0);
        budget_pause(&brand->budget, 300 * USEC_PER_MSEC);
        tell("6", "!like");
        before = fake.calls[DESK_POLL];
        fake.on_call = emit_merge;
        while (fake.calls[DESK_POLL] == before) {        /* one may be under way */
                flow_poll_now(desk);
                world_sleep(500);
        }
        is_answered("6", "The last post of @alice@example is liked.");
        fake_close();
}

/* --- Branches --- */

#define BRANCH "T-brand:m1+m2"

static bool mention_becomes(const char *id, const char *state)
{
        return fake_becomes(brand->stored.id, id, state);
}

static void mention(const char *id, const char *root, const char *parent)
{
        fake_mention(id, root, parent);
        flow_kick_all(&fake_flow);
        assert_true(mention_becomes(id, STATE_FILED));
}

/* m2 answers m1 in ticket 77. */
static void open_with_answer(void)
{
        fake_open(0);
        fake_host.reread_for_usec = USEC_PER_DAY;
        desk->options.retry_usec = USEC_PER_MSEC;
        brand->caps.flags = ALL;
        fake_filed("m1", "m1", "77");
        mention("m2", "", "m1");
        fake_quiet();
        strset(&fake.notes, "");
        strset(&fake.said, "");
}

static void open_with_branch(void)
{
        open_with_answer();
        tell("6", "!split");
        is_answered("6", "The last post of @alice@example has a ticket of its own: N1, https://desk/1. What answers it");
}

static void goes_into(const char *id, const char *root, const char *parent, const char *ticket)
{
        mention(id, root, parent);
        assert_string_equal(fake.filed_ticket, ticket);
}

static void newest_post_gets_a_ticket_that_names_the_old_one(void)
{
        open_with_branch();
        said("file brand:m1+m2; ");
        assert_string_equal(fake.filed_after, "77");
        assert_non_null(strstr(fake.filed_text, "text of m2\n\n-- \nFrom: Alice (@alice@example)"));
        assert_non_null(strstr(fake.filed_text, "\n\nSplit from ticket N1, https://desk/1"));
        fake_close();
}

static void what_answers_a_branch_goes_into_its_ticket(void)
{
        open_with_branch();
        goes_into("m3", "", "m2", BRANCH);
        goes_into("m4", "", "m1", "77");
        goes_into("m5", "m1", "m3", BRANCH);
        goes_into("m6", "m1", "m4", "77");
        goes_into("m7", "", "m5", BRANCH);
        fake_close();
}

static void show_what_is_above(enum fake_call call, struct mentiond_op *op)
{
        struct mentiond_author author = {
                .struct_size = sizeof author, .id = "1", .handle = "@alice@example", .name = "Alice", .followers = -1,
        };
        struct mentiond_mention m = {
                .struct_size = sizeof m, .kind = MENTIOND_MENTION, .visibility = MENTIOND_PUBLIC, .author = &author,
                .text = "text",
        };

        for (size_t i = 0; call == CALL_FETCH && i < 2; i++) {
                m.id = i ? "unknown" : "m2";
                mentiond_emit_ancestor(op, &m);
        }
}

/* The network tells the root, and that is of both halves. */
static void what_answers_an_unknown_post_below_a_branch_goes_into_its_ticket(void)
{
        open_with_branch();
        fake.on_call = show_what_is_above;
        goes_into("m3", "m1", "unknown", BRANCH);
        fake.on_call = NULL;
        fake.verdicts[CALL_FETCH] = ONCE(MENTIOND_GONE);
        goes_into("m4", "m1", "nowhere", "77");
        fake_close();
}

static void what_answers_a_reply_to_a_branch_goes_into_its_ticket(void)
{
        open_with_answer();
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        fake_quiet();
        tell("6", "!split");
        is_answered("6", "has a ticket of its own");
        goes_into("m3", "", "p1", BRANCH);
        goes_into("m4", "m1", "p1", BRANCH);
        /* It was written in the old one. */
        tell("7", "!delete");
        is_answered("7", "Your last reply is removed from the network.");
        said("remove p1");
        fake_close();
}

static void replies_answer_what_is_in_their_half(void)
{
        open_with_branch();
        write_reply("7", "answer");
        assert_true(reply_becomes("7", STATE_POSTED));
        assert_string_equal(fake.parent, "m1");
        fake_article("8", BRANCH, MENTIOND_ARTICLE_REPLY, "another answer");
        assert_true(reply_becomes("8", STATE_POSTED));
        assert_string_equal(fake.parent, "m2");
        assert_string_equal(fake.root, "m1");
        fake_close();
}

static void branch_of_a_branch_and_a_second_one_are_split(void)
{
        open_with_branch();
        goes_into("m3", "", "m2", BRANCH);
        fake_article("7", BRANCH, MENTIOND_ARTICLE_INTERNAL, "!split");
        is_answered("7", "has a ticket of its own");
        said("file brand:m1+m3; ");
        goes_into("m4", "", "m3", "T-brand:m1+m3");
        goes_into("m5", "", "m2", BRANCH);
        goes_into("m6", "", "m1", "77");
        tell("8", "!split");
        is_answered("8", "has a ticket of its own");
        said("file brand:m1+m6; ");
        fake_close();
}

/* In the ticket of a branch that was closed for long. */
static void branch_goes_on_in_a_ticket_of_its_own(void)
{
        open_with_branch();
        fake.closed = true;
        fake.verdicts[DESK_APPEND] = ONCE(MENTIOND_GONE);
        mention("m3", "", "m2");
        said("append brand:m3; file brand:m3; ");
        goes_into("m4", "", "m2", "T-brand:m2>m3");
        goes_into("m5", "", "m1", "77");
        fake_close();
}

static void ticket_of_a_branch_that_may_have_been_made_is_looked_for_by_its_own_key(void)
{
        open_with_answer();
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_AMBIGUOUS);
        tell("6", "!split");
        is_answered("6", "has a ticket of its own");
        said("file brand:m1+m2; find brand:m1+m2; ");
        assert_int_equal(fake.calls[DESK_FILE], 2);
        goes_into("m3", "", "m2", BRANCH);
        fake_close();
}

static void ticket_that_cannot_be_made_is_told(void)
{
        open_with_answer();
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_REJECTED);
        tell("6", "!split");
        is_answered("6", "Not done: the new ticket could not be made: as told: rejected. An administrator tries it again with: "
                         "mentionctl retry");
        fake_close();
}

static void one_post_is_not_split(void)
{
        open_with_branch();
        tell("7", "!split");
        is_answered("7", "Not done: this ticket shows one post");
        fake_article("8", BRANCH, MENTIOND_ARTICLE_INTERNAL, "!split");
        is_answered("8", "Not done: this ticket shows one post");
        assert_int_equal(fake.calls[DESK_FILE], 2);
        fake_close();
}

static void split_is_refused_while_a_reply_is_open(void)
{
        open_with_answer();
        brand->options.hold_usec = USEC_PER_HOUR;
        write_reply("5", "answer");
        tell("6", "!split");
        is_answered("6", "Not done: a reply is held, or on its way");
        tell("7", "!stop");
        assert_true(reply_becomes("7", STATE_DONE));
        tell("8", "!split");
        is_answered("8", "has a ticket of its own");
        fake_close();
}

static bool blocked;

static void block(enum fake_call call, struct mentiond_op *op _unused_)
{
        while (call == DESK_APPEND && blocked)
                (void) task_sleep_until(mono_usec() + USEC_PER_MSEC);
}

static void split_is_refused_while_another_post_comes(void)
{
        open_with_answer();
        fake.verdicts[DESK_APPEND] = ONCE(MENTIOND_REJECTED);
        fake_mention("m0", "m1", "");    /* what was refused does not come */
        flow_kick_all(&fake_flow);
        assert_true(mention_becomes("m0", STATE_DEAD));
        blocked = true;
        fake.on_call = block;
        fake_mention("m3", "m1", "");
        flow_kick_all(&fake_flow);
        assert_true(mention_becomes("m3", STATE_FILING));
        tell("6", "!split");
        assert_true(reply_becomes("6", STATE_DONE));
        blocked = false;
        is_answered("6", "Not done: another post came meanwhile.");
        fake_close();
}

static void split_is_refused_where_the_text_is_not_kept(void)
{
        fake_open(0);
        fake_filed("m1", "m1", "77");
        mention("m2", "", "m1");
        tell("6", "!split");
        is_answered("6", "Not done: the text of the newest post is not kept any more.");
        fake_close();
}

/* It was written before the answer to the first was read, and there is a second post to split. */
static void split_that_is_said_twice_is_done_once(void)
{
        open_with_answer();
        mention("m3", "", "m1");
        fake.verdicts[DESK_NOTE] = ONCE(MENTIOND_RETRY);
        desk->options.retry_max_usec = USEC_PER_HOUR;
        tell("6", "!split");
        assert_true(reply_becomes("6", STATE_DONE));
        desk->options.retry_usec = USEC_PER_HOUR;
        tell("7", "!split");
        assert_true(reply_becomes("7", STATE_DONE));
        assert_int_equal(fake.calls[DESK_FILE], 2);
        fake_close();
}

static void split_is_told_also_when_the_post_is_forgotten(void)
{
        int64_t at = 0;

        open_with_answer();
        desk->options.retry_usec = USEC_PER_SEC;         /* between looks of the command */
        fake_article("6", "77", MENTIOND_ARTICLE_INTERNAL, "!split");
        while (fake.calls[DESK_FILE] < 1 || !mention_becomes("m2", STATE_FILED))
                world_sleep(500);
        mention("m3", "", "m2");
        assert_true(store_forget(fake_host.store, utc_usec() + USEC_PER_DAY, utc_usec() + USEC_PER_DAY, &at) > 0);
        assert_int_equal(store_row_of(fake_host.store, brand->stored.id, "m2"), 0);
        is_answered("6", "has a ticket of its own: N1");
        fake_close();
}

/* The number of its article says so. */
static void reply_from_before_the_split_is_held(void)
{
        open_with_branch();
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_HELD));
        fake_quiet();
        assert_non_null(strstr(fake.note_text, "it was written before the newest post got a ticket of its own"));
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

static void reply_that_was_refused_goes_with_what_it_answers(void)
{
        open_with_answer();
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_REJECTED);
        fake.verdicts[DESK_REVIEW] = ONCE(MENTIOND_OK);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_DEAD));
        tell("6", "!split");
        is_answered("6", "has a ticket of its own");
        assert_int_equal(flow_retry(&fake_flow, fake_id(desk->stored.id, "5")), 0);
        assert_true(reply_becomes("5", STATE_POSTED));
        assert_string_equal(fake.parent, "m2");
        fake_close();
}

static void mistyped_commands_are_answered_with_the_nearest(void)
{
        open_with_ticket(0);
        tell("6", "!stpo");
        is_answered("6", "Did you mean \"!stop\"?");
        tell("7", "!abracadabra");
        is_answered("7", "The commands are: !stop !hold !send !dm !public !close !like !repost !hide !edit !delete !split");
        assert_int_equal(fake.calls[CALL_POST], 0);
        fake_close();
}

static void other_internal_notes_are_none(void)
{
        open_with_ticket(0);
        tell("6", "!!! Urgent");
        tell("7", "The customer wrote !stop");
        assert_string_equal(fake_state(desk->stored.id, "6"), STATE_KNOWN);
        assert_string_equal(fake_state(desk->stored.id, "7"), STATE_KNOWN);
        fake_quiet();
        assert_int_equal(fake.calls[DESK_NOTE], 0);
        fake_close();
}

/* --- What is read again --- */

static const char *own_parent = "";      /* what the brand's post answers */
static const char *now_text;             /* of m1; NULL: it is gone */

static void emit_again(enum fake_call call, struct mentiond_op *op)
{
        struct mentiond_author customer = { .struct_size = sizeof customer, .id = "9", .handle = "@alice@example" },
                               self = { .struct_size = sizeof self, .id = "self", .handle = "@brand@example" };
        struct mentiond_mention m = {
                .struct_size = sizeof m, .id = "m1", .author = &customer, .text = now_text, .url = "https://net/m1",
        },
                                own = {
                                        .struct_size = sizeof own, .id = "own1", .author = &self, .text = "said in the app",
                                        .url = "https://net/own1",
                                };

        if (call != CALL_REREAD)
                return;
        own.parent = own_parent;
        if (now_text)
                mentiond_emit_again(op, &m);
        else
                mentiond_emit_gone(op, "m1");
        mentiond_emit_again(op, &own);
}

/* As if the time had come. */
static void read_thread_again(int64_t thread, const char *text)
{
        int before = fake.calls[CALL_REREAD];

        now_text = text;
        fake.on_call = emit_again;
        assert_int_equal(store_reread(fake_host.store, thread, 1, NULL, 0, 1), 0);
        while (fake.calls[CALL_REREAD] == before) {
                flow_poll_now(brand);
                world_sleep(500);
        }
        fake_quiet();
        fake.on_call = NULL;
}

static void read_again(const char *text)
{
        read_thread_again(fake_row(brand->stored.id, "m1").thread, text);
}

/* The network shows both halves of the conversation. */
static void answer_in_the_app_is_told_in_the_ticket_of_what_it_answers(void)
{
        open_with_branch();
        own_parent = "m2";
        strset(&fake.notes, "");
        read_again("text of m1");
        assert_null(strstr(strempty(fake.notes), "answered outside"));
        read_thread_again(fake_row(brand->stored.id, "m2").thread, "text of m1");
        assert_non_null(strstr(strempty(fake.notes), "answered outside of the helpdesk: https://net/own1"));
        own_parent = "";
        fake_close();
}

static void changes_and_removals_are_told_once(void)
{
        open_with_ticket(0);
        fake_host.reread_for_usec = USEC_PER_DAY;
        fake_filed("m2", "m1", "77");
        read_again("text of m1");
        assert_non_null(strstr(strempty(fake.notes), "answered outside of the helpdesk: https://net/own1"));
        assert_null(strstr(strempty(fake.notes), "has changed"));
        strset(&fake.notes, "");
        read_again("another text");
        read_again("another text");
        assert_null(strstr(fake.notes, "own1"));
        fake_close();
}

static void edit_is_told_with_both_texts_and_a_removal_with_the_last(void)
{
        fake_open(0);
        fake_host.reread_for_usec = USEC_PER_DAY;
        fake_filed("m1", "m1", "77");
        fake_quiet();
        read_again("another text");
        assert_non_null(strstr(fake.notes, "It was:\n\ntext of m1\n\nand is now:\n\nanother text\n\nhttps://net/m1"));
        strset(&fake.notes, "");
        read_again("another text");
        assert_string_equal(fake.notes, "");
        read_again(NULL);
        assert_non_null(strstr(fake.notes, "@alice@example has deleted a post, or it cannot be seen any more:\n\n"
                                           "another text\n\nhttps://net/m1"));
        strset(&fake.notes, "");
        fake_close();
}

static void text_of_what_was_deleted_can_be_left_out(void)
{
        fake_open(0);
        fake_host.reread_for_usec = USEC_PER_DAY;
        brand->options.redact = true;
        fake_filed("m1", "m1", "77");
        fake_quiet();
        strset(&fake.notes, "");
        read_again(NULL);
        assert_non_null(strstr(fake.notes, "@alice@example has deleted a post"));
        assert_non_null(strstr(fake.notes, "https://net/m1"));
        assert_null(strstr(fake.notes, "text of m1"));
        assert_string_equal(fake_row(brand->stored.id, "m1").payload, "");
        fake_close();
}

static void what_was_posted_by_us_was_not_said_in_the_app(void)
{
        fake_open(0);
        fake_host.reread_for_usec = USEC_PER_DAY;
        fake_filed("m1", "m1", "77");
        fake.posted = "own1";
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_POSTED));
        fake_quiet();
        strset(&fake.notes, "");
        read_again("text of m1");
        assert_string_equal(fake.notes, "");
        fake_close();
}

static void what_may_be_a_reply_of_ours_is_not_told_before_that_is_known(void)
{
        fake_open(0);
        fake_host.reread_for_usec = USEC_PER_DAY;
        fake_filed("m1", "m1", "77");
        brand->options.settle_usec = USEC_PER_DAY;
        fake.posted = "own1";
        fake.verdicts[CALL_POST] = ONCE(MENTIOND_AMBIGUOUS);
        fake.verdicts[CALL_LOOK] = ONCE(MENTIOND_ABSENT);
        write_reply("5", "answer");
        assert_true(reply_becomes("5", STATE_AMBIGUOUS));
        assert_true(world_wait(&fake.calls[CALL_LOOK], 1));
        read_again("text of m1");
        assert_null(strstr(strempty(fake.notes), "outside of the helpdesk"));
        fake_close();
}

/* Whatever the journal forgets of the note. */
static void answer_in_the_app_is_told_once(void)
{
        int64_t at = 0;

        fake_open(0);
        fake_host.reread_for_usec = USEC_PER_DAY;
        fake_filed("m1", "m1", "77");
        fake_quiet();
        read_again("text of m1");
        assert_non_null(strstr(strempty(fake.notes), "outside of the helpdesk"));
        strset(&fake.notes, "");
        assert_true(store_forget(fake_host.store, utc_usec() + USEC_PER_DAY, 0, &at) > 0);
        read_again("text of m1");
        assert_string_equal(fake.notes, "");
        fake_close();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(reply_that_turned_internal_is_withdrawn),
                world_test(reply_that_is_gone_is_withdrawn),
                world_test(reply_in_a_ticket_that_was_deleted_is_withdrawn),
                world_test(reply_waits_until_the_helpdesk_can_be_asked),
                world_test(helpdesk_that_cannot_review_still_answers),
                world_test(command_in_a_public_note_is_held_with_a_question),
                world_test(files_go_out_with_their_descriptions),
                world_test(long_reply_becomes_parts_each_of_which_answers_the_one_before),
                world_test(part_of_unknown_fate_is_looked_for_and_the_others_follow),
                world_test(reply_of_too_many_parts_is_held),
                world_test(template_is_pointed_out_from_the_third_person_on),
                world_test(stop_takes_back_what_waits),
                world_test(stop_that_is_older_than_the_reply_leaves_it),
                world_test(stop_comes_too_late_for_what_is_posted),
                world_test(what_was_written_for_one_is_not_made_public),
                world_test(send_of_what_may_be_out_needs_that_the_agent_was_told),
                world_test(reply_that_may_be_out_is_not_tried_again_after_stop),
                world_test(reply_that_may_be_out_is_held_by_hold_and_sent_by_send),
                world_test(hold_keeps_and_send_sends),
                world_test(send_ends_the_hold),
                world_test(dm_says_it_in_private),
                world_test(word_that_is_owed_is_asked_for_once),
                world_test(edit_of_a_reply_to_what_is_forgotten_is_not_done),
                world_test(dm_sends_a_held_reply_in_private),
                world_test(text_of_a_command_is_guarded_as_a_public_note_is),
                world_test(text_that_was_ordered_to_be_public_is_no_secret),
                world_test(edit_waits_until_the_helpdesk_can_be_asked),
                world_test(reply_waits_until_it_is_read_whether_it_was_taken_back),
                world_test(it_waits_also_where_the_helpdesk_cannot_review),
                world_test(edit_of_what_was_sent_as_it_was_is_guarded),
                world_test(reply_that_is_held_again_is_told_of_again),
                world_test(what_could_not_be_said_in_private_is_guarded_before_it_is_public),
                world_test(stop_takes_back_all),
                world_test(dm_where_nothing_is_private_is_held),
                world_test(close_says_a_last_word_and_closes),
                world_test(likes_reposts_and_hides),
                world_test(what_fails_for_now_is_done_later),
                world_test(last_reply_is_edited_and_deleted),
                world_test(what_goes_in_private_meanwhile_is_not_posted_in_public),
                world_test(what_is_sent_meanwhile_is_not_held_for_what_was_known_before),
                world_test(edits_are_done_one_after_the_other),
                world_test(what_is_sent_and_then_wanted_in_private_goes_in_private),
                world_test(what_is_sent_and_then_held_is_held),
                world_test(edit_that_waits_is_about_what_was_out),
                world_test(edit_while_nothing_is_out_is_refused_at_once),
                world_test(rest_of_a_reply_goes_where_its_beginning_is),
                world_test(command_that_is_tried_again_is_about_the_same_reply),
                world_test(parts_are_deleted_last_first),
                world_test(command_that_waits_follows_its_ticket),
                world_test(newest_post_gets_a_ticket_that_names_the_old_one),
                world_test(what_answers_a_branch_goes_into_its_ticket),
                world_test(what_answers_an_unknown_post_below_a_branch_goes_into_its_ticket),
                world_test(what_answers_a_reply_to_a_branch_goes_into_its_ticket),
                world_test(replies_answer_what_is_in_their_half),
                world_test(branch_of_a_branch_and_a_second_one_are_split),
                world_test(branch_goes_on_in_a_ticket_of_its_own),
                world_test(ticket_of_a_branch_that_may_have_been_made_is_looked_for_by_its_own_key),
                world_test(ticket_that_cannot_be_made_is_told),
                world_test(one_post_is_not_split),
                world_test(split_is_refused_while_a_reply_is_open),
                world_test(split_is_refused_while_another_post_comes),
                world_test(split_is_refused_where_the_text_is_not_kept),
                world_test(split_that_is_said_twice_is_done_once),
                world_test(split_is_told_also_when_the_post_is_forgotten),
                world_test(reply_from_before_the_split_is_held),
                world_test(reply_that_was_refused_goes_with_what_it_answers),
                world_test(mistyped_commands_are_answered_with_the_nearest),
                world_test(other_internal_notes_are_none),
                world_test(answer_in_the_app_is_told_in_the_ticket_of_what_it_answers),
                world_test(changes_and_removals_are_told_once),
                world_test(edit_is_told_with_both_texts_and_a_removal_with_the_last),
                world_test(text_of_what_was_deleted_can_be_left_out),
                world_test(what_was_posted_by_us_was_not_said_in_the_app),
                world_test(what_may_be_a_reply_of_ours_is_not_told_before_that_is_known),
                world_test(answer_in_the_app_is_told_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
