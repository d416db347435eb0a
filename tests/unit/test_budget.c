/* SPDX-License-Identifier: MIT
 * On a clock that stands still. */
#include "host/budget.h"

#include "base/clock.h"

#include <setjmp.h>
#include <cmocka.h>

#define SEC USEC_PER_SEC
#define UTC (INT64_C(1795312995) * SEC)          /* 2026-11-22 02:03:15 */

static int64_t mono = 1000 * SEC;
static uint64_t seed = 1;

static int64_t utc_now(void)
{
        return UTC;
}

static int64_t mono_now(void)
{
        return mono;
}

static void chance(void *p, size_t n)
{
        for (unsigned char *at = p; n > 0; n--) {
                seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
                *at++ = (unsigned char) (seed >> 33);
        }
}

static const struct clock_source still = { utc_now, mono_now, chance };

/* Learns from headers given as lines; the silence that is wanted. */
static int64_t learn_said(struct budget *b, unsigned status, const char *headers, int64_t said_seconds)
{
        struct http_reply r = { .fate = HTTP_REPLIED, .status = status, .headers = BUFFER_INIT(4096) };
        int64_t silence;

        assert_int_equal(buffer_append_str(&r.headers, headers), 0);
        silence = budget_learn(b, &r, said_seconds);
        http_reply_done(&r);
        return silence;
}

static int64_t learn(struct budget *b, unsigned status, const char *headers)
{
        return learn_said(b, status, headers, 0);
}

static void reset_is_read_in_every_form_that_servers_use(void **state)
{
        static const struct {
                const char *value;
                int64_t distance;                /* -1: not understood */
        } cases[] = {
                { "300", 300 * SEC },
                { "0", 0 },
                { "1795313295", 300 * SEC },                             /* seconds since 1970 */
                { "1795312000", 0 },                                     /* in the past */
                { "2026-11-22T02:08:15.123456Z", 300 * SEC + 123456 },   /* Mastodon */
                { "2026-11-22T03:08:15+01:00", 300 * SEC },
                { "Sun, 22 Nov 2026 02:08:15 GMT", 300 * SEC },
                { "300, 300;w=60", 300 * SEC },                          /* RateLimit-Reset of the draft */
                { "99999", 6 * USEC_PER_HOUR },                          /* not believed beyond that */
                { "9223372036854775807", 6 * USEC_PER_HOUR },
                { "9999-12-31T23:59:59Z", 6 * USEC_PER_HOUR },
                { "99999999999999999999", -1 },
                { "-5", -1 },
                { "soon", -1 },
                { "", -1 },
                { "12 o'clock", 12 * SEC },
                { "1e9", -1 },
                { "Sun, 99 Foo 2026", -1 },
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct budget b = { .reset_usec = 7 };
                _cleanup_free_ char *headers = xasprintf("x-ratelimit-reset: %s\r\n", cases[i].value);
                int64_t expected = cases[i].distance < 0 ? 7 : mono + cases[i].distance;

                assert_int_equal(learn(&b, 200, headers), 0);
                if (b.reset_usec != expected)
                        fail_msg("\"%s\": %lld", cases[i].value, (long long) (b.reset_usec - mono));
        }
}

static void limit_and_remaining_are_read_under_both_names(void **state)
{
        struct budget b = { .limit = 0 };

        (void) state;
        assert_int_equal(learn(&b, 200, "X-RateLimit-Limit: 300\r\nX-RateLimit-Remaining: 17\r\n"), 0);
        assert_int_equal(b.limit, 300);
        assert_int_equal(b.remaining, 17);
        assert_int_equal(learn(&b, 200, "ratelimit-limit: 100, 100;w=10\r\nratelimit-remaining: 5\r\n"), 0);
        assert_int_equal(b.limit, 100);
        assert_int_equal(b.remaining, 5);
        assert_int_equal(learn(&b, 200, "X-RateLimit-Limit: many\r\nX-RateLimit-Remaining: -3\r\n"), 0);
        assert_int_equal(b.limit, 100);
        assert_int_equal(b.remaining, 5);
        assert_int_equal(learn(&b, 200, ""), 0);
        assert_int_equal(b.limit, 100);
}

static void silence_is_what_the_server_asks_for(void **state)
{
        struct budget b = { .limit = 0 };

        (void) state;
        assert_int_equal(learn(&b, 429, "Retry-After: 17\r\n"), 17 * SEC);
        assert_int_equal(learn(&b, 429, "Retry-After: Sun, 22 Nov 2026 02:04:15 GMT\r\n"), 60 * SEC);
        assert_int_equal(learn(&b, 429, "Retry-After: 17\r\nX-RateLimit-Reset: 99\r\n"), 17 * SEC);
        assert_int_equal(learn(&b, 429, "X-RateLimit-Reset: 2026-11-22T02:05:15.000000Z\r\n"), 120 * SEC);
        assert_int_equal(learn(&b, 429, "Retry-After: 0\r\n"), SEC);             /* never none at all */
        assert_int_equal(learn(&b, 429, "Retry-After: 99999999\r\n"), 6 * USEC_PER_HOUR);
        assert_int_equal(learn(&b, 503, "Retry-After: 30\r\n"), 30 * SEC);
        assert_int_equal(learn(&b, 503, ""), 0);                                 /* a failure, not a limit */
        assert_int_equal(learn(&b, 200, "Retry-After: 30\r\n"), 0);
        assert_int_equal(learn_said(&b, 429, "", 34), 34 * SEC);                 /* in its body */
        assert_int_equal(learn_said(&b, 429, "Retry-After: 17\r\n", 34), 17 * SEC);
        assert_int_equal(learn_said(&b, 429, "", INT64_MAX), 6 * USEC_PER_HOUR);
        assert_int_equal(learn_said(&b, 200, "", 34), 0);
}

static void dates_are_by_the_clock_of_the_server_that_sends_them(void **state)
{
        struct budget b = { .limit = 0 };

        (void) state;
        assert_int_equal(learn(&b, 200, "Date: Mon, 22 Nov 2032 02:03:15 GMT\r\nRateLimit-Reset: 1984702095\r\n"), 0);
        assert_int_equal(b.reset_usec, mono + 300 * SEC);
        assert_int_equal(learn(&b, 429, "Date: Mon, 22 Nov 2032 02:03:15 GMT\r\n"
                                        "X-RateLimit-Reset: 2032-11-22T02:05:15.000000Z\r\n"),
                         120 * SEC);
        assert_int_equal(learn(&b, 429, "Date: Wed, 22 Nov 2017 02:03:15 GMT\r\n"
                                        "Retry-After: Wed, 22 Nov 2017 02:04:15 GMT\r\n"),
                         60 * SEC);
        assert_int_equal(learn(&b, 429, "Date: long ago\r\nRetry-After: Sun, 22 Nov 2026 02:04:15 GMT\r\n"), 60 * SEC);
}

/* X: of one kind of request, with the next kind's behind it. */
static void limits_of_single_requests_say_how_long_and_spread_nothing(void **state)
{
        struct budget b = { .limit = 0 };

        (void) state;
        assert_int_equal(learn(&b, 200,
                               "x-rate-limit-limit: 15\r\nx-rate-limit-remaining: 1\r\nx-rate-limit-reset: 1795313895\r\n"),
                         0);
        assert_int_equal(b.limit, 0);
        assert_false(budget_is_short(&b));
        assert_int_equal(learn(&b, 429, "x-rate-limit-remaining: 0\r\nx-rate-limit-reset: 1795313295\r\n"), 300 * SEC);
        assert_int_equal(learn(&b, 429, "Retry-After: 17\r\nx-rate-limit-reset: 1795313295\r\n"), 17 * SEC);
}

static void refusal_without_a_hint_is_a_minute(void **state)
{
        struct budget b = { .limit = 0 };

        (void) state;
        assert_int_equal(learn(&b, 429, ""), 60 * SEC);
        assert_int_equal(learn(&b, 429, "Retry-After: later\r\n"), 60 * SEC);
        b.reset_usec = mono + 500 * SEC;         /* announced for an earlier reply, not with this one */
        assert_int_equal(learn(&b, 429, ""), 60 * SEC);
        assert_int_equal(learn(&b, 429, "X-RateLimit-Reset: 2026-11-22T02:00:00Z\r\n"), 60 * SEC);
}

#define BUSINESS \
        "X-Business-Use-Case-Usage: {\"1067\":[{\"type\":\"pages\",\"call_count\":%d,\"total_cputime\":25,\"total_time\":30," \
        "\"estimated_time_to_regain_access\":%d},{\"type\":\"messenger\",\"call_count\":1,\"total_cputime\":1," \
        "\"total_time\":1}]}\r\n"

static void what_meta_says_is_used_up_is_spread_before_the_wall(void **state)
{
        _cleanup_free_ char *little = xasprintf(BUSINESS, 28, 0), *much = xasprintf(BUSINESS, 95, 0);
        struct budget b = { .limit = 0 };

        (void) state;
        assert_int_equal(learn(&b, 200, little), 0);
        assert_int_equal(b.limit, 100);
        assert_int_equal(b.remaining, 70);               /* of the three shares the largest counts */
        assert_int_equal(budget_take(&b), mono);
        assert_int_equal(learn(&b, 200, much), 0);
        assert_int_equal(b.remaining, 5);
        assert_true(budget_is_short(&b));
        assert_int_equal(budget_take(&b), mono + 10 * SEC);
        assert_int_equal(learn(&b, 200, "X-App-Usage: {\"call_count\":10,\"total_time\":99,\"total_cputime\":3}\r\n"), 0);
        assert_int_equal(b.remaining, 1);
        assert_int_equal(learn(&b, 200, "X-App-Usage: {\"call_count\":250}\r\n"), 0);
        assert_int_equal(b.remaining, 0);
        mono += 100 * SEC;
        assert_false(budget_is_short(&b));
}

static void meta_is_left_alone_for_as_many_minutes_as_it_says(void **state)
{
        _cleanup_free_ char *over = xasprintf(BUSINESS, 100, 19), *endless = xasprintf(BUSINESS, 100, 2000000000),
                            *back = xasprintf(BUSINESS, 100, -5);
        struct budget b = { .limit = 0 };

        (void) state;
        assert_int_equal(learn(&b, 403, over), 19 * USEC_PER_MINUTE);
        assert_int_equal(learn(&b, 400, endless), 6 * USEC_PER_HOUR);
        assert_int_equal(learn(&b, 400, back), 0);
        assert_int_equal(learn(&b, 200, over), 0);       /* another limit: this request was served */
}

static void what_is_no_usage_is_passed_over(void **state)
{
        static const char *const odd[] = {
                "", "{", "null", "17", "[]", "{\"1\":[{\"call_count\":\"much\"}]}",
                "{\"1\":{\"2\":{\"3\":{\"4\":{\"call_count\":99}}}}}",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(odd); i++) {
                _cleanup_free_ char *headers = xasprintf("X-Business-Use-Case-Usage: %s\r\n", odd[i]);
                struct budget b = { .limit = 0 };

                assert_int_equal(learn(&b, 400, headers), 0);
                assert_int_equal(b.limit, 0);
        }
}

static void without_limits_a_request_goes_at_once(void **state)
{
        struct budget b = { .limit = 0 };

        (void) state;
        assert_int_equal(budget_take(&b), mono);
        assert_int_equal(budget_take(&b), mono);
        assert_false(budget_is_short(&b));
}

static void admins_rate_is_kept(void **state)
{
        struct budget b = { .rate = 60 };

        (void) state;
        assert_false(budget_is_short(&b));
        for (int i = 0; i < 5; i++)
                assert_int_equal(budget_take(&b), mono + i * SEC);
        assert_true(budget_is_short(&b));
        mono += 100 * SEC;
        assert_false(budget_is_short(&b));
        assert_int_equal(budget_take(&b), mono);         /* what was not used is not saved up */
        assert_int_equal(budget_take(&b), mono + SEC);
}

static void what_is_left_is_spread_over_the_time_until_the_reset(void **state)
{
        struct budget b = { .limit = 100, .remaining = 20 };
        int64_t at;

        (void) state;
        b.reset_usec = mono + 100 * SEC;
        assert_int_equal(budget_take(&b), mono);         /* a fifth is left: no hurry, no wall */
        b.remaining = 20;
        assert_false(budget_is_short(&b));
        b.remaining = 9;
        assert_true(budget_is_short(&b));
        at = budget_take(&b);
        assert_int_equal(at, mono + 10 * SEC);
        assert_int_equal(b.remaining, 8);
        b.remaining = 0;
        assert_int_equal(budget_take(&b), mono + 100 * SEC);
        assert_int_equal(budget_take(&b), mono + 100 * SEC);     /* below nothing: no division by it */
        b.reset_usec = mono - 1;
        assert_false(budget_is_short(&b));
        assert_int_equal(budget_take(&b), mono);         /* over: what was announced says nothing any more */
}

static void pause_is_the_longest_that_was_asked_for(void **state)
{
        struct budget b = { .limit = 0 };

        (void) state;
        assert_false(budget_is_paused(&b));
        budget_pause(&b, 10 * SEC);
        budget_pause(&b, SEC);
        assert_int_equal(b.pause_usec, mono + 10 * SEC);
        assert_true(budget_is_paused(&b));
        mono += 10 * SEC;
        assert_false(budget_is_paused(&b));
}

static void silence_is_what_is_left_of_it_until_somebody_wants_a_try(void **state)
{
        struct budget b = { .failures = 3 };

        (void) state;
        budget_pause(&b, 10 * SEC);              /* of failures: what is under way goes on */
        assert_int_equal(budget_silence_left(&b), 0);
        budget_silence(&b, 20 * SEC);
        budget_silence(&b, SEC);
        assert_int_equal(budget_silence_left(&b), 20 * SEC);
        assert_true(budget_is_paused(&b));
        mono += 15 * SEC;
        assert_int_equal(budget_silence_left(&b), 5 * SEC);
        budget_resume(&b);
        assert_int_equal(budget_silence_left(&b), 0);
        assert_false(budget_is_paused(&b));
        assert_int_equal(b.failures, 0);
        budget_silence(&b, SEC);
        mono += 2 * SEC;
        assert_int_equal(budget_silence_left(&b), 0);
}

static void backoff_doubles_and_stays_within_its_bounds(void **state)
{
        (void) state;
        for (unsigned failures = 0; failures < 70; failures++) {
                int64_t ceiling = failures < 7 ? (int64_t) SEC << failures : 100 * SEC, most = 0;

                ceiling = MIN(ceiling, 100 * SEC);
                for (int i = 0; i < 300; i++) {
                        int64_t usec = backoff_usec(SEC, 100 * SEC, failures);

                        assert_true(usec > 0);
                        assert_true(usec <= ceiling);
                        most = MAX(most, usec);
                }
                assert_true(most > ceiling * 3 / 4);     /* full jitter */
        }
        assert_true(backoff_usec(USEC_PER_HOUR, SEC, 0) <= SEC);
        assert_true(backoff_usec(1, INT64_MAX / 4, 200) > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reset_is_read_in_every_form_that_servers_use),
                cmocka_unit_test(limit_and_remaining_are_read_under_both_names),
                cmocka_unit_test(silence_is_what_the_server_asks_for),
                cmocka_unit_test(dates_are_by_the_clock_of_the_server_that_sends_them),
                cmocka_unit_test(limits_of_single_requests_say_how_long_and_spread_nothing),
                cmocka_unit_test(refusal_without_a_hint_is_a_minute),
                cmocka_unit_test(what_meta_says_is_used_up_is_spread_before_the_wall),
                cmocka_unit_test(meta_is_left_alone_for_as_many_minutes_as_it_says),
                cmocka_unit_test(what_is_no_usage_is_passed_over),
                cmocka_unit_test(without_limits_a_request_goes_at_once),
                cmocka_unit_test(admins_rate_is_kept),
                cmocka_unit_test(what_is_left_is_spread_over_the_time_until_the_reset),
                cmocka_unit_test(pause_is_the_longest_that_was_asked_for),
                cmocka_unit_test(silence_is_what_is_left_of_it_until_somebody_wants_a_try),
                cmocka_unit_test(backoff_doubles_and_stays_within_its_bounds),
        };

        clock_set_source(&still);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
