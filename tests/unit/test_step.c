/* SPDX-License-Identifier: MIT
 * Where a row goes by each verdict: the tables of DESIGN.md section 6. */
#include "fakes.h"

#include "base/clock.h"

#define SEC USEC_PER_SEC
#define RETRY_USEC (10 * SEC)
#define SETTLE_USEC (100 * SEC)
#define SILENCE_USEC (50 * SEC)

struct expected {
        int verdict;
        const char *state;
        int64_t delay_min, delay_max;    /* of an active state */
        const char *note;                /* the end of the note's key; NULL: nothing is told */
        int64_t absent;                  /* afterwards */
        int64_t attempt;                 /* so many were begun; 0: 1 */
        bool unsent;                     /* as in struct mentiond_op */
        bool first;                      /* none went before it */
};

#define E(the_verdict, the_state, ...) { .verdict = (the_verdict), .state = (the_state), __VA_ARGS__ }

static void open_idle(void)
{
        fake_open(FAKE_IDLE);
        for (struct instance *i = fake_host.instances; i; i = i->next) {
                i->options.retry_usec = RETRY_USEC;
                i->options.retry_max_usec = 1000 * SEC;
                i->options.settle_usec = SETTLE_USEC;
        }
        fake_filed("root", "root", "77");
}

static const char *kind;
static size_t number;

/* A row of the kind that is on its way, its n-th attempt. */
static struct store_row on_its_way(int64_t attempts)
{
        const char *id = arena_printf(fake_arena, "%s-%zu", kind, ++number);
        bool reply = streq(kind, KIND_REPLY), note = streq(kind, KIND_NOTE);
        struct store_part part = { 0, id, "root", "text", "", "", 1 };
        int64_t source = reply || note ? desk->stored.id : brand->stored.id;
        struct store_row row;

        if (reply) {
                fake_reply(id, "77", "{\"text\":\"answer\"}", NULL);
        } else if (note) {
                fake_reply("carrier", "77", "{}", NULL);
                assert_int_equal(store_move(fake_host.store, &(struct store_move) {
                        .id = fake_id(source, "carrier"), .state = STATE_WAITING, .note_key = id, .note_payload = "{}" }), 0);
        } else {
                fake_mention(id, "root", "");
        }
        for (int64_t n = 0; n < attempts; n++) {
                row = fake_row(source, id);
                if (n)
                        assert_int_equal(store_move(fake_host.store, &(struct store_move) {
                                .id = row.id, .state = reply ? STATE_WAITING : STATE_NEW }), 0);
                assert_int_equal(store_begin(fake_host.store, row.id, 0, reply ? STATE_SENDING : STATE_FILING, 1,
                                             reply ? &part : NULL),
                                 0);
        }
        return fake_row(source, id);
}

static void check(const struct expected *e, bool looked)
{
        bool reply = streq(kind, KIND_REPLY), mention = streq(kind, KIND_MENTION);
        struct instance *i = reply ? brand : desk;
        struct store_row row = on_its_way(e->attempt ? e->attempt : 1), after;
        struct store_thread link = { .helpdesk = desk->stored.id, .ticket = "77", .number = "N", .url = "" };
        struct mentiond_op op;
        struct step s = { .op = &op, .id = arena_printf(fake_arena, "id-%zu", number), .url = "https://x/1", .looked = looked };
        int64_t delay;

        if (looked) {
                assert_int_equal(store_move(fake_host.store, &(struct store_move) {
                        .id = row.id, .state = STATE_AMBIGUOUS, .due_usec = 1 }), 0);
                for (int64_t n = e->absent < 0 ? 1 : 0; n > 0; n--)
                        assert_int_equal(store_move(fake_host.store, &(struct store_move) {
                                .id = row.id, .state = STATE_AMBIGUOUS, .due_usec = 1, .saw_absent = true }), 0);
                row = fake_row(row.source, row.native_id);
        }
        if (e->first)            /* as it was before it began */
                row.tried_usec = 0;
        s.row = &row;
        if (mention && e->verdict == MENTIOND_OK)
                s.link = &link;
        i->state = INSTANCE_RUNNING;
        i->budget.pause_usec = i->budget.failures = 0;
        op_begin(&op, i, "test", SEC);
        op.unsent = e->unsent;
        op.throttled_usec = e->verdict == MENTIOND_THROTTLED ? SILENCE_USEC : 0;
        s.verdict = op_judge(&op, e->verdict == MENTIOND_OK ? MENTIOND_OK : mentiond_fail(&op, e->verdict, "so it is"));
        assert_int_equal(s.verdict, e->verdict);
        step_take(i->flow, &s);
        op_end(&op);

        after = fake_row(row.source, row.native_id);
        delay = after.due_usec ? after.due_usec - utc_usec() : 0;
        if (!streq(after.state, e->state))
                fail_msg("%s, %s, %s: %s, not %s", kind, looked ? "looked for" : "tried", verdict_name(e->verdict), after.state,
                         e->state);
        if (delay > e->delay_max || delay < e->delay_min - SEC)
                fail_msg("%s, %s, %s: waits for %lld us", kind, looked ? "looked for" : "tried", verdict_name(e->verdict),
                         (long long) delay);
        assert_true((after.due_usec != 0)
                    == (streq(e->state, STATE_NEW) || streq(e->state, STATE_WAITING) || streq(e->state, STATE_AMBIGUOUS)));
        assert_int_equal(after.absent, e->absent < 0 ? 2 : e->absent);
        assert_int_equal(after.tried_usec == 0, e->first && streq(e->state, STATE_DEAD));
        assert_string_equal(after.reason, e->verdict == MENTIOND_OK ? "" : "so it is");
        assert_string_equal(after.result_id,
                            e->verdict == MENTIOND_OK || (e->verdict == MENTIOND_AMBIGUOUS && !looked && !reply) ? s.id : "");
        for (size_t n = 0; n < 4; n++) {
                static const char *const told[] = { "posted", "delayed", "refused", "held" };
                const char *key = arena_printf(fake_arena, "note:%s:%s", row.native_id, told[n]);

                if (streq(fake_state(desk->stored.id, key), STATE_NEW) != (e->note && streq(e->note, told[n])))
                        fail_msg("%s, %s, %s: note %s", kind, looked ? "looked for" : "tried", verdict_name(e->verdict), told[n]);
        }
        assert_int_equal(i->state, e->verdict == MENTIOND_AUTH ? INSTANCE_STOPPED : INSTANCE_RUNNING);
        assert_true(budget_is_paused(&i->budget) == (e->verdict == MENTIOND_THROTTLED));
        i->state = INSTANCE_RUNNING;
        if (after.due_usec)      /* out of the way of the next */
                assert_int_equal(store_drop(fake_host.store, row.id, "test", NULL, NULL, 1), 0);
}

static void check_all(const char *of, const struct expected *e, size_t n, bool looked)
{
        open_idle();
        kind = of;
        for (size_t k = 0; k < n; k++)
                check(&e[k], looked);
        fake_close();
}

static void reply_that_was_tried(void)
{
        static const struct expected e[] = {
                E(MENTIOND_OK, STATE_POSTED, .note = "posted"),
                E(MENTIOND_RETRY, STATE_WAITING, .delay_max = 2 * RETRY_USEC, .note = "delayed"),
                E(MENTIOND_RETRY, STATE_WAITING, .delay_max = 16 * RETRY_USEC, .note = "delayed", .attempt = 4),
                E(MENTIOND_BLOCKED, STATE_WAITING, .delay_max = 16 * RETRY_USEC, .note = "delayed", .attempt = 4),
                E(MENTIOND_THROTTLED, STATE_WAITING, .delay_min = SILENCE_USEC, .delay_max = SILENCE_USEC, .note = "delayed"),
                E(MENTIOND_AUTH, STATE_WAITING, .note = "delayed"),
                E(MENTIOND_AMBIGUOUS, STATE_AMBIGUOUS),
                E(MENTIOND_CANCELED, STATE_AMBIGUOUS),
                E(MENTIOND_CANCELED, STATE_WAITING, .delay_max = 2 * RETRY_USEC, .unsent = true),
                E(MENTIOND_GONE, STATE_DEAD, .note = "refused"),
                E(MENTIOND_REJECTED, STATE_DEAD, .note = "refused"),
                E(MENTIOND_REJECTED, STATE_DEAD, .note = "refused", .first = true),
                E(MENTIOND_AMBIGUOUS, STATE_AMBIGUOUS, .first = true),
                E(MENTIOND_BUG, STATE_HELD, .note = "held", .first = true),
                E(MENTIOND_BUG, STATE_HELD, .note = "held"),
                E(MENTIOND_ABSENT, STATE_HELD, .note = "held"),
                E(MENTIOND_UNKNOWN, STATE_HELD, .note = "held"),
        };

        check_all(KIND_REPLY, e, ELEMENTSOF(e), false);
}

static void reply_that_was_looked_for(void)
{
        static const struct expected e[] = {
                E(MENTIOND_OK, STATE_POSTED, .note = "posted"),
                E(MENTIOND_ABSENT, STATE_AMBIGUOUS, .delay_min = SETTLE_USEC, .delay_max = SETTLE_USEC, .absent = 1),
                E(MENTIOND_ABSENT, STATE_WAITING, .absent = -1),
                E(MENTIOND_ABSENT, STATE_WAITING, .delay_max = 4 * RETRY_USEC, .absent = -1, .attempt = 2),
                E(MENTIOND_RETRY, STATE_AMBIGUOUS, .delay_max = 2 * RETRY_USEC, .note = "delayed"),
                E(MENTIOND_AMBIGUOUS, STATE_AMBIGUOUS, .delay_max = 2 * RETRY_USEC, .note = "delayed"),
                E(MENTIOND_BLOCKED, STATE_AMBIGUOUS, .delay_max = 2 * RETRY_USEC, .note = "delayed"),
                E(MENTIOND_THROTTLED, STATE_AMBIGUOUS, .delay_min = SILENCE_USEC, .delay_max = SILENCE_USEC, .note = "delayed"),
                E(MENTIOND_AUTH, STATE_AMBIGUOUS),
                E(MENTIOND_CANCELED, STATE_AMBIGUOUS),
                E(MENTIOND_UNKNOWN, STATE_HELD, .note = "held"),
                E(MENTIOND_GONE, STATE_HELD, .note = "held"),
                E(MENTIOND_REJECTED, STATE_HELD, .note = "held"),
                E(MENTIOND_BUG, STATE_HELD, .note = "held"),
        };

        check_all(KIND_REPLY, e, ELEMENTSOF(e), true);
}

/* After so many sends, each looked for twice and never found. */
static void check_last(const char *of, int64_t sends)
{
        open_idle();
        kind = of;
        for (int more = 0; more < 2; more++) {
                struct store_row row = on_its_way(1);
                struct instance *i = streq(of, KIND_REPLY) ? brand : desk;
                struct mentiond_op op;
                struct step s = { .row = &row, .op = &op, .looked = true };

                for (int64_t looks = 2 * (sends - 1 + more) - 1; looks > 0; looks--)
                        assert_int_equal(store_move(fake_host.store, &(struct store_move) {
                                .id = row.id, .state = STATE_AMBIGUOUS, .due_usec = 1, .saw_absent = true }), 0);
                row = fake_row(row.source, row.native_id);
                op_begin(&op, i, "test", SEC);
                s.verdict = op_judge(&op, mentiond_fail(&op, MENTIOND_ABSENT, "not there"));
                step_take(i->flow, &s);
                op_end(&op);
                assert_true(streq(fake_state(row.source, row.native_id), STATE_HELD) == (more > 0));
                if (i == brand)
                        assert_string_equal(fake_state(desk->stored.id, arena_printf(fake_arena, "note:%s:held", row.native_id)),
                                            more ? STATE_NEW : "");
        }
        fake_close();
}

static void reply_that_was_sent_three_times_and_never_found_is_held(void)
{
        check_last(KIND_REPLY, 3);
}

static void mention_that_was_filed_thirty_times_and_never_found_is_held(void)
{
        check_last(KIND_MENTION, 30);
}

static void mention_that_was_tried(void)
{
        static const struct expected e[] = {
                E(MENTIOND_OK, STATE_FILED),
                E(MENTIOND_RETRY, STATE_NEW, .delay_max = 2 * RETRY_USEC),
                E(MENTIOND_BLOCKED, STATE_NEW, .delay_max = 2 * RETRY_USEC),
                E(MENTIOND_THROTTLED, STATE_NEW, .delay_min = SILENCE_USEC, .delay_max = SILENCE_USEC),
                E(MENTIOND_AUTH, STATE_NEW),
                E(MENTIOND_AMBIGUOUS, STATE_AMBIGUOUS),
                E(MENTIOND_CANCELED, STATE_AMBIGUOUS),
                E(MENTIOND_REJECTED, STATE_DEAD),
                E(MENTIOND_BUG, STATE_HELD),
                E(MENTIOND_ABSENT, STATE_HELD),
                E(MENTIOND_UNKNOWN, STATE_HELD),
                E(MENTIOND_GONE, STATE_NEW, .delay_max = 2 * RETRY_USEC),
        };

        open_idle();
        kind = KIND_MENTION;
        for (size_t k = 0; k < ELEMENTSOF(e); k++) {
                assert_true(store_is_linked(fake_host.store, desk->stored.id, "77"));
                check(&e[k], false);
        }
        assert_false(store_is_linked(fake_host.store, desk->stored.id, "77"));    /* its ticket is gone: it gets a new one */
        fake_close();
}

static void mention_that_was_looked_for(void)
{
        static const struct expected e[] = {
                E(MENTIOND_OK, STATE_FILED),
                E(MENTIOND_ABSENT, STATE_AMBIGUOUS, .delay_min = SETTLE_USEC, .delay_max = SETTLE_USEC, .absent = 1),
                E(MENTIOND_ABSENT, STATE_NEW, .absent = -1),
                E(MENTIOND_ABSENT, STATE_NEW, .delay_max = 1000 * SEC, .absent = -1, .attempt = 9),
                E(MENTIOND_RETRY, STATE_AMBIGUOUS, .delay_max = 2 * RETRY_USEC),
                E(MENTIOND_AMBIGUOUS, STATE_AMBIGUOUS, .delay_max = 2 * RETRY_USEC),
                E(MENTIOND_BLOCKED, STATE_AMBIGUOUS, .delay_max = 2 * RETRY_USEC),
                E(MENTIOND_THROTTLED, STATE_AMBIGUOUS, .delay_min = SILENCE_USEC, .delay_max = SILENCE_USEC),
                E(MENTIOND_AUTH, STATE_AMBIGUOUS),
                E(MENTIOND_CANCELED, STATE_AMBIGUOUS),
                E(MENTIOND_UNKNOWN, STATE_HELD),
                E(MENTIOND_GONE, STATE_NEW, .delay_max = 2 * RETRY_USEC),
                E(MENTIOND_REJECTED, STATE_HELD),
                E(MENTIOND_BUG, STATE_HELD),
        };

        check_all(KIND_MENTION, e, ELEMENTSOF(e), true);
}

static void note_that_was_looked_for(void)
{
        static const struct expected e[] = {
                E(MENTIOND_OK, STATE_FILED),
                E(MENTIOND_GONE, STATE_DROPPED),                /* with its ticket */
                E(MENTIOND_UNKNOWN, STATE_HELD),
        };

        check_all(KIND_NOTE, e, ELEMENTSOF(e), true);
}

static void note_that_was_tried(void)
{
        static const struct expected e[] = {
                E(MENTIOND_OK, STATE_FILED),
                E(MENTIOND_RETRY, STATE_NEW, .delay_max = 2 * RETRY_USEC),
                E(MENTIOND_AMBIGUOUS, STATE_AMBIGUOUS),
                E(MENTIOND_GONE, STATE_DROPPED),                /* with its ticket */
                E(MENTIOND_REJECTED, STATE_DEAD),
                E(MENTIOND_BUG, STATE_HELD),
        };

        check_all(KIND_NOTE, e, ELEMENTSOF(e), false);
}

static void verdict_that_is_none_is_a_bug(void)
{
        struct mentiond_op op;

        open_idle();
        op_begin(&op, brand, "test", SEC);
        assert_int_equal(op_judge(&op, -1), MENTIOND_BUG);
        assert_string_equal(op.reason, "the plugin fakenet did not say why");
        assert_int_equal(op_judge(&op, 12), MENTIOND_BUG);
        assert_string_equal(verdict_name(99), "bug");
        op_end(&op);
        fake_close();
}

static void failures_in_a_row_pause_the_whole_instance(void)
{
        struct mentiond_op op;

        open_idle();
        op_begin(&op, brand, "test", SEC);
        (void) op_judge(&op, MENTIOND_RETRY);
        (void) op_judge(&op, MENTIOND_AMBIGUOUS);
        assert_false(budget_is_paused(&brand->budget));
        (void) op_judge(&op, MENTIOND_OK);
        (void) op_judge(&op, MENTIOND_RETRY);
        (void) op_judge(&op, MENTIOND_RETRY);
        assert_false(budget_is_paused(&brand->budget));
        (void) op_judge(&op, MENTIOND_RETRY);
        assert_true(budget_is_paused(&brand->budget));
        assert_true(brand->budget.pause_usec <= mono_usec() + RETRY_USEC);
        op_end(&op);
        fake_close();
}

static void refusals_that_a_person_can_mend_do_not_pause_the_instance(void)
{
        struct mentiond_op op;

        open_idle();
        op_begin(&op, desk, "test", SEC);
        for (int n = 0; n < 20; n++)
                (void) op_judge(&op, mentiond_fail(&op, MENTIOND_BLOCKED, "a right is missing"));
        assert_false(budget_is_paused(&desk->budget));
        assert_string_equal(desk->reason, "a right is missing");
        assert_int_equal(desk->state, INSTANCE_RUNNING);
        (void) op_judge(&op, MENTIOND_RETRY);
        (void) op_judge(&op, MENTIOND_RETRY);
        (void) op_judge(&op, MENTIOND_BLOCKED);          /* the other side is well */
        (void) op_judge(&op, MENTIOND_RETRY);
        assert_false(budget_is_paused(&desk->budget));
        op_end(&op);
        fake_close();
}

/* As when an answer to many requests at once fails: one short trouble must not become a long pause. */
static void failures_of_what_was_on_its_way_together_are_one(void)
{
        struct mentiond_op together[64], later;
        int64_t until;

        open_idle();
        for (size_t n = 0; n < ELEMENTSOF(together); n++)
                op_begin(&together[n], brand, "test", SEC);
        world_sleep(USEC_PER_MSEC);
        for (size_t n = 0; n < ELEMENTSOF(together); n++)
                (void) op_judge(&together[n], MENTIOND_RETRY);
        until = brand->budget.pause_usec;
        assert_true(budget_is_paused(&brand->budget));
        assert_true(until <= mono_usec() + RETRY_USEC);
        assert_int_equal(brand->budget.failures, 3);

        op_begin(&later, brand, "test", SEC);
        (void) op_judge(&later, MENTIOND_RETRY);
        assert_int_equal(brand->budget.failures, 4);
        op_end(&later);
        for (size_t n = 0; n < ELEMENTSOF(together); n++)
                op_end(&together[n]);
        fake_close();
}

static void throttled_without_a_hint_is_a_minute(void)
{
        struct mentiond_op op;

        open_idle();
        op_begin(&op, brand, "test", SEC);
        (void) op_judge(&op, MENTIOND_THROTTLED);
        assert_int_equal(op.throttled_usec, USEC_PER_MINUTE);
        assert_true(brand->budget.pause_usec > mono_usec() + 59 * SEC);
        assert_true(brand->budget.pause_usec <= mono_usec() + 66 * SEC);
        op_end(&op);
        fake_close();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(reply_that_was_tried),
                world_test(reply_that_was_looked_for),
                world_test(reply_that_was_sent_three_times_and_never_found_is_held),
                world_test(mention_that_was_filed_thirty_times_and_never_found_is_held),
                world_test(mention_that_was_tried),
                world_test(mention_that_was_looked_for),
                world_test(note_that_was_looked_for),
                world_test(note_that_was_tried),
                world_test(verdict_that_is_none_is_a_bug),
                world_test(failures_in_a_row_pause_the_whole_instance),
                world_test(refusals_that_a_person_can_mend_do_not_pause_the_instance),
                world_test(failures_of_what_was_on_its_way_together_are_one),
                world_test(throttled_without_a_hint_is_a_minute),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
