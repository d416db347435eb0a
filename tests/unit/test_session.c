/* SPDX-License-Identifier: MIT
 * Sessions that are renewed: what is remembered of them, and who renews. */
#include "fakes.h"

#include "base/clock.h"

#include <mentiond/json.h>

static struct mentiond_op op;
static int renewals, done, verdict;
static int64_t takes_usec, lasts_usec;
static const char *old_token;

static int renew(struct mentiond_op *o, void *data, struct json_object *old, struct json_object **ret)
{
        assert_ptr_equal(data, &renewals);
        old_token = old ? mentiond_format(&op, "%s", mj_str(old, "token")) : NULL;
        renewals++;
        if (takes_usec)
                world_sleep(takes_usec);
        if (verdict != MENTIOND_OK)
                return mentiond_fail(o, verdict, "no more");
        *ret = mentiond_json(o, "{'token': %s}", mentiond_format(o, "t%d", renewals));
        if (lasts_usec)
                mj_put_int(*ret, "until_usec", utc_usec() + lasts_usec);
        return MENTIOND_OK;
}

static int ask(struct mentiond_op *o, const char *of, const char *refused, const char **ret_token)
{
        struct json_object *session = NULL;
        int r = mentiond_session(o, &(struct mentiond_session) {
                .struct_size = sizeof(struct mentiond_session), .key = "session", .of = of, .token = "token", .refused = refused,
                .renew = renew, .data = &renewals,
        }, &session);

        *ret_token = mj_str(session, "token");
        return r;
}

static void open_op(void)
{
        fake_open(0);
        op_begin(&op, brand, "post", USEC_PER_MINUTE);
        renewals = done = 0;
        verdict = MENTIOND_OK;
        takes_usec = lasts_usec = 0;
}

static void close_op(void)
{
        op_end(&op);
        fake_close();
}

static void session_is_remembered_until_its_token_is_refused(void)
{
        const char *token;
        char *kept;

        open_op();
        assert_int_equal(ask(&op, NULL, NULL, &token), MENTIOND_OK);
        assert_string_equal(token, "t1");
        assert_null(old_token);
        kept = store_cursor(fake_host.store, brand->stored.id, "session");
        assert_string_equal(kept, "{\"token\":\"t1\"}");
        free(kept);
        assert_int_equal(ask(&op, NULL, "t0", &token), MENTIOND_OK);
        assert_string_equal(token, "t1");
        assert_int_equal(renewals, 1);
        assert_int_equal(ask(&op, NULL, "t1", &token), MENTIOND_OK);
        assert_string_equal(token, "t2");
        assert_string_equal(old_token, "t1");
        close_op();
}

static void session_that_ends_within_a_minute_is_renewed(void)
{
        const char *token;

        open_op();
        lasts_usec = USEC_PER_MINUTE / 2;
        assert_int_equal(ask(&op, NULL, NULL, &token), MENTIOND_OK);     /* taken as it is, for there is no better one */
        lasts_usec = USEC_PER_HOUR;
        assert_int_equal(ask(&op, NULL, NULL, &token), MENTIOND_OK);
        assert_int_equal(renewals, 2);
        assert_int_equal(ask(&op, NULL, NULL, &token), MENTIOND_OK);
        assert_int_equal(renewals, 2);
        close_op();
}

static void session_of_something_else_does_not_count(void)
{
        const char *token;

        open_op();
        assert_int_equal(ask(&op, "one", NULL, &token), MENTIOND_OK);
        assert_int_equal(ask(&op, "one", NULL, &token), MENTIOND_OK);
        assert_int_equal(renewals, 1);
        assert_int_equal(ask(&op, "two", NULL, &token), MENTIOND_OK);
        assert_int_equal(renewals, 2);
        assert_null(old_token);
        close_op();
}

static void failure_changes_nothing(void)
{
        const char *token;

        open_op();
        assert_int_equal(ask(&op, NULL, NULL, &token), MENTIOND_OK);
        verdict = MENTIOND_RETRY;
        assert_int_equal(ask(&op, NULL, "t1", &token), MENTIOND_RETRY);
        assert_string_equal(mentiond_reason(&op), "no more");
        assert_int_equal(ask(&op, NULL, NULL, &token), MENTIOND_OK);
        assert_string_equal(token, "t1");
        close_op();
}

static void ask_beside(void *data)
{
        const char *token;
        struct mentiond_op beside;

        (void) data;
        op_begin(&beside, brand, "find", USEC_PER_MINUTE);
        assert_int_equal(ask(&beside, NULL, "t0", &token), MENTIOND_OK);
        assert_string_equal(token, "t1");
        op_end(&beside);
        done++;
}

static void one_operation_renews_for_all(void)
{
        const char *token;

        open_op();
        takes_usec = 50 * USEC_PER_MSEC;
        (void) task_start(world_loop, "beside", ask_beside, NULL, NULL);
        (void) task_start(world_loop, "beside", ask_beside, NULL, NULL);
        assert_int_equal(ask(&op, NULL, NULL, &token), MENTIOND_OK);
        assert_string_equal(token, "t1");
        assert_true(world_wait(&done, 2));
        assert_int_equal(renewals, 1);
        close_op();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(session_is_remembered_until_its_token_is_refused),
                world_test(session_that_ends_within_a_minute_is_renewed),
                world_test(session_of_something_else_does_not_count),
                world_test(failure_changes_nothing),
                world_test(one_operation_renews_for_all),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
