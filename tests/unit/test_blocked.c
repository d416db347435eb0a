/* SPDX-License-Identifier: MIT
 * A helpdesk that takes no new tickets of a channel until a person has mended something there. */
#include "fakes.h"

#include "base/clock.h"

#define OTHER 4711       /* another channel */

static bool mention_becomes(const char *id, const char *state)
{
        return fake_becomes(brand->stored.id, id, state);
}

static const char *mention_state(const char *id)
{
        return fake_state(brand->stored.id, id);
}

/* As after an attempt at a new ticket that was begun now. */
static void end_one(int64_t channel, int verdict)
{
        struct mentiond_op op;

        op_begin(&op, desk, "file", USEC_PER_SEC);
        if (verdict != MENTIOND_OK)
                (void) mentiond_fail(&op, verdict, "no right in the group");
        blocked_take(desk->flow, channel, &op, verdict);
        op_end(&op);
}

static void open_patient(unsigned flags)
{
        fake_open(flags);
        desk->options.retry_usec = desk->options.retry_max_usec = 24 * USEC_PER_HOUR;      /* a part of it, by chance */
}

static void refusals_in_a_row_block_the_new_tickets_of_their_channel(void)
{
        open_patient(FAKE_IDLE);
        end_one(brand->stored.id, MENTIOND_BLOCKED);
        end_one(brand->stored.id, MENTIOND_BLOCKED);
        assert_null(flow_blocked(desk, brand));
        assert_int_equal(blocked_until(desk->flow, brand->stored.id), 0);
        end_one(brand->stored.id, MENTIOND_BLOCKED);
        assert_string_equal(flow_blocked(desk, brand), "no right in the group");
        assert_true(blocked_until(desk->flow, brand->stored.id) > mono_usec());
        assert_int_equal(blocked_until(desk->flow, OTHER), 0);
        assert_null(flow_blocked(brand, desk));
        assert_true(world_logged(
                "error: no new tickets: a person is needed; mentions wait, and are tried again instance=desk channel=brand"
                " reason=\"no right in the group\""));
        end_one(OTHER, MENTIOND_OK);
        assert_non_null(flow_blocked(desk, brand));
        end_one(brand->stored.id, MENTIOND_RETRY);       /* says nothing about it */
        assert_non_null(flow_blocked(desk, brand));
        end_one(brand->stored.id, MENTIOND_OK);
        assert_null(flow_blocked(desk, brand));
        assert_int_equal(blocked_until(desk->flow, brand->stored.id), 0);
        assert_true(world_logged("new tickets are taken again instance=desk channel=brand"));
        fake_close();
}

static void refusals_between_which_others_are_taken_block_nothing(void)
{
        open_patient(FAKE_IDLE);
        for (int n = 0; n < 20; n++) {
                end_one(brand->stored.id, MENTIOND_BLOCKED);
                end_one(brand->stored.id, MENTIOND_BLOCKED);
                end_one(brand->stored.id, MENTIOND_OK);
        }
        assert_null(flow_blocked(desk, brand));
        assert_false(world_logged("new tickets"));
        fake_close();
}

static void refusals_of_what_was_on_its_way_together_are_one(void)
{
        struct mentiond_op together[64];
        int64_t until;

        open_patient(FAKE_IDLE);
        desk->options.retry_usec = 10 * USEC_PER_SEC;
        for (size_t n = 0; n < ELEMENTSOF(together); n++)
                op_begin(&together[n], desk, "file", USEC_PER_SEC);
        world_sleep(USEC_PER_MSEC);
        for (size_t n = 0; n < ELEMENTSOF(together); n++)
                blocked_take(desk->flow, brand->stored.id, &together[n], MENTIOND_BLOCKED);
        until = blocked_until(desk->flow, brand->stored.id);
        assert_true(until > mono_usec() - USEC_PER_SEC && until <= mono_usec() + 10 * USEC_PER_SEC);
        for (size_t n = 0; n < ELEMENTSOF(together); n++)
                op_end(&together[n]);
        fake_close();
}

static void channel_of_which_nothing_waits_any_more_is_not_called_blocked(void)
{
        open_patient(FAKE_IDLE);
        desk->options.retry_usec = desk->options.retry_max_usec = 2 * USEC_PER_MSEC;
        for (int n = 0; n < 3; n++)
                end_one(brand->stored.id, MENTIOND_BLOCKED);
        assert_non_null(flow_blocked(desk, brand));
        world_sleep(20 * USEC_PER_MSEC);
        assert_null(flow_blocked(desk, brand));
        fake_close();
}

static void blocked_channel_waits_and_what_has_a_ticket_goes_on(void)
{
        open_patient(0);
        fake_filed("f1", "f1", "77");
        memset(fake.calls, 0, sizeof fake.calls);
        fake.verdicts[DESK_FILE] = ONCE(MENTIOND_BLOCKED, MENTIOND_BLOCKED, MENTIOND_BLOCKED);
        fake_mention("m1", "m1", "");
        fake_mention("m2", "m2", "");
        fake_mention("m3", "m3", "");
        assert_true(world_wait(&fake.calls[DESK_FILE], 3));
        while (!flow_blocked(desk, brand))
                world_sleep(500);
        fake_mention("m4", "m4", "");
        fake_mention("f2", "f1", "f1");
        assert_true(mention_becomes("f2", STATE_FILED));
        while (!flow_is_idle(&fake_flow))
                world_sleep(500);
        assert_string_equal(mention_state("m4"), STATE_NEW);
        assert_int_equal(fake_row(brand->stored.id, "m4").attempt, 0);
        assert_true(fake_row(brand->stored.id, "m4").due_usec > utc_usec());
        assert_string_equal(fake_row(brand->stored.id, "m1").reason, "as told: blocked");
        assert_int_equal(fake.calls[DESK_FILE], 3);
        assert_int_equal(fake.calls[DESK_APPEND], 1);
        assert_false(budget_is_paused(&desk->budget));
        fake_close();
}

static void show_four(enum fake_call call, struct mentiond_op *op)
{
        static const struct mentiond_author alice = {
                .struct_size = sizeof alice, .id = "9", .handle = "@alice@example", .name = "Alice",
        };
        static const char *const ids[] = { "m1", "m2", "m3", "m4" };

        for (size_t n = 0; call == CALL_POLL && n < ELEMENTSOF(ids); n++)
                (void) mentiond_emit(op, &(struct mentiond_mention) {
                        .struct_size = sizeof(struct mentiond_mention), .kind = MENTIOND_MENTION, .visibility = MENTIOND_PUBLIC,
                        .id = ids[n], .text = "hello", .author = &alice, .created_usec = utc_usec() + (int64_t) n });
}

static void what_a_poll_began_of_a_blocked_channel_is_not_on_its_way(void)
{
        open_patient(0);
        for (int n = 0; n < 3; n++)
                end_one(brand->stored.id, MENTIOND_BLOCKED);
        fake.on_call = show_four;
        flow_poll_now(brand);
        assert_true(mention_becomes("m4", STATE_NEW));
        while (!flow_is_idle(&fake_flow))
                world_sleep(500);
        for (int n = 1; n <= 4; n++) {
                const char *id = arena_printf(fake_arena, "m%d", n);

                assert_string_equal(mention_state(id), STATE_NEW);
                assert_true(fake_row(brand->stored.id, id).due_usec > utc_usec());
        }
        assert_int_equal(fake.calls[DESK_FILE] + fake.calls[DESK_LOOK], 0);
        fake_close();
}

static void blocked_channel_is_tried_again_and_heals_in_its_order(void)
{
        static int many[41];

        fake_open(0);
        for (size_t n = 0; n + 1 < ELEMENTSOF(many); n++)
                many[n] = MENTIOND_BLOCKED;
        many[ELEMENTSOF(many) - 1] = -1;
        fake.verdicts[DESK_FILE] = many;
        fake_mention("m1", "m1", "");
        fake_mention("m2", "m1", "m1");
        fake_mention("m3", "m3", "");
        assert_true(mention_becomes("m2", STATE_FILED));
        assert_true(mention_becomes("m3", STATE_FILED));
        assert_string_equal(mention_state("m1"), STATE_FILED);
        assert_true(fake.calls[DESK_FILE] >= 42);
        assert_int_equal(fake.calls[DESK_APPEND], 1);
        assert_null(flow_blocked(desk, brand));
        assert_true(world_logged("new tickets are taken again"));
        fake_close();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(refusals_in_a_row_block_the_new_tickets_of_their_channel),
                world_test(refusals_between_which_others_are_taken_block_nothing),
                world_test(refusals_of_what_was_on_its_way_together_are_one),
                world_test(channel_of_which_nothing_waits_any_more_is_not_called_blocked),
                world_test(blocked_channel_waits_and_what_has_a_ticket_goes_on),
                world_test(what_a_poll_began_of_a_blocked_channel_is_not_on_its_way),
                world_test(blocked_channel_is_tried_again_and_heals_in_its_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
