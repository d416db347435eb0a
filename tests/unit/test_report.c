/* SPDX-License-Identifier: MIT
 * What doctor() and provision() tell, and what becomes of one that does not keep to the rules. */
#include "fakes.h"

#include "base/clock.h"
#include "host/op.h"
#include "host/report.h"

#include <mentiond/json.h>

static struct report report;
static int (*told)(struct mentiond_op *op);
static const struct mentiond_provisioning *asked;

static int doctor(struct mentiond_op *op, void *state _unused_)
{
        return told(op);
}

static int provision(struct mentiond_op *op, void *state _unused_, const struct mentiond_provisioning *p)
{
        asked = p;
        return told(op);
}

static void open_with(int (*fn)(struct mentiond_op *op))
{
        fake_open(0);
        told = fn;
        ((struct plugin *) desk->plugin)->helpdesk.doctor = fn ? doctor : NULL;
        ((struct plugin *) desk->plugin)->helpdesk.provision = fn ? provision : NULL;
        report_init(&report, desk->name);
}

static void close_all(void)
{
        report_done(&report);
        fake_close();
}

/* The text of the line about this, or "". */
static const char *line_of(const char *finding, const char *what)
{
        for (size_t i = 0; i < mj_len(report.lines); i++)
                if (streq(mj_str(mj_at(report.lines, i), "finding"), finding)
                    && streq(mj_str(mj_at(report.lines, i), "what"), what))
                        return mj_str(mj_at(report.lines, i), "text");
        return "";
}

static int tells_two(struct mentiond_op *op)
{
        mentiond_report(op, MENTIOND_FINE, "token", "of %s", "brand");
        mentiond_report(op, MENTIOND_WRONG, "right", "give \033[31mit\n    # command\a");
        return MENTIOND_OK;
}

static void what_it_tells_is_told_and_fit_for_a_terminal(void)
{
        open_with(tells_two);
        report_doctor(&report, desk);
        assert_string_equal(line_of("ok", "token"), "of brand");
        assert_string_equal(line_of("wrong", "right"), "give \\u001b[31mit\n    # command\\u0007");
        assert_non_null(strstr(line_of("ok", "instance"), "it runs"));
        assert_string_equal(line_of("unclear", "clock"), "the other side does not tell its time");
        assert_int_equal(report.counts[MENTIOND_WRONG], 1);
        assert_int_equal(report.counts[MENTIOND_FINE], 2);
        close_all();
}

static int refused(struct mentiond_op *op)
{
        return mentiond_fail(op, MENTIOND_AUTH, "the token is wrong");
}

static void a_verdict_says_why_it_cannot_go_on_and_stops_nobody(void)
{
        open_with(refused);
        report_doctor(&report, desk);
        assert_string_equal(line_of("wrong", "the rest"), "cannot go on: the token is wrong");
        assert_int_equal(desk->state, INSTANCE_RUNNING);
        assert_int_equal(desk->budget.failures, 0);
        close_all();
}

static void without_a_doctor_the_start_is_tried(void)
{
        open_with(NULL);
        report_doctor(&report, desk);
        assert_string_not_equal(line_of("ok", "start"), "");
        report_done(&report);
        report_init(&report, desk->name);
        fake.verdicts[DESK_START] = ONCE(MENTIOND_REJECTED);
        report_doctor(&report, desk);
        assert_string_equal(line_of("wrong", "the rest"), "cannot go on: as told: rejected");
        report_done(&report);
        report_init(&report, desk->name);
        report_provision(&report, desk, &(struct mentiond_provisioning) { .struct_size = sizeof(struct mentiond_provisioning) });
        assert_string_not_equal(line_of("unclear", "provision"), "");
        close_all();
}

static int floods(struct mentiond_op *op)
{
        for (int i = 0; i < 1001; i++)
                mentiond_report(op, MENTIOND_FINE, "this", "and that");
        return MENTIOND_OK;
}

static void more_lines_than_anybody_reads_are_refused(void)
{
        open_with(floods);
        report_doctor(&report, desk);
        assert_int_equal(report.counts[MENTIOND_FINE], 1000 + 1);        /* and the instance */
        assert_string_equal(line_of("wrong", "the rest"), "cannot go on: more lines than the host takes in one report");
        close_all();
}

static void tells_in_a_poll(enum fake_call call, struct mentiond_op *op)
{
        if (call == DESK_POLL)
                mentiond_report(op, MENTIOND_FINE, "this", "and that");
}

static void in_a_poll_nothing_is_reported(void)
{
        fake_open(0);
        report_init(&report, desk->name);
        fake.on_call = tells_in_a_poll;
        flow_poll_now(desk);
        assert_true(world_wait(&fake.calls[DESK_POLL], 1));
        world_sleep(10 * USEC_PER_MSEC);
        assert_true(world_logged("only doctor() and provision() report"));
        close_all();
}

static void states_say_what_to_do(void)
{
        open_with(tells_two);
        instance_pause(desk);
        report_doctor(&report, desk);
        assert_string_equal(line_of("wrong", "instance"), "it is paused: mentionctl resume desk");
        assert_string_equal(line_of("ok", "token"), "of brand");
        report_done(&report);
        report_init(&report, desk->name);
        instance_start(desk);
        instance_refused(desk, "bad token");
        desk->last_poll_usec = 0;
        report_doctor(&report, desk);
        assert_string_equal(line_of("wrong", "instance"), "it is stopped (bad token): mend that, then mentionctl resume desk");
        close_all();
}

static void a_silent_instance_is_told(void)
{
        open_with(tells_two);
        desk->last_poll_usec = desk->state_usec = utc_usec() - USEC_PER_HOUR;
        report_doctor(&report, desk);
        assert_non_null(strstr(line_of("wrong", "instance"), "no poll has ended well for 60 minutes"));
        close_all();
}

static int waits(struct mentiond_op *op)
{
        return mentiond_sleep(op, USEC_PER_HOUR);
}

static void ask(void *data _unused_)
{
        report_doctor(&report, desk);
}

static void count(void *data)
{
        ++*(int *) data;
}

static void an_end_of_the_instance_ends_it(void)
{
        int over = 0;

        open_with(waits);
        instance_task(desk, ask, count, &over);
        world_sleep(5 * USEC_PER_MSEC);
        assert_int_equal(over, 0);
        instance_end(desk);
        assert_true(world_wait(&over, 1));
        assert_string_equal(line_of("unclear", "the rest"), "it was ended before it was through");
        close_all();
}

static void what_is_asked_of_provision_arrives(void)
{
        struct mentiond_provisioning p = { .struct_size = sizeof p, .action = MENTIOND_TAKE_DOWN, .flags = MENTIOND_APPLY };

        open_with(tells_two);
        report_provision(&report, desk, &p);
        assert_ptr_equal(asked, &p);
        assert_string_equal(line_of("ok", "token"), "of brand");
        close_all();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(what_it_tells_is_told_and_fit_for_a_terminal),
                world_test(a_verdict_says_why_it_cannot_go_on_and_stops_nobody),
                world_test(without_a_doctor_the_start_is_tried),
                world_test(more_lines_than_anybody_reads_are_refused),
                world_test(in_a_poll_nothing_is_reported),
                world_test(states_say_what_to_do),
                world_test(a_silent_instance_is_told),
                world_test(an_end_of_the_instance_ends_it),
                world_test(what_is_asked_of_provision_arrives),
        };

        return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
