/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <time.h>

static void times_are_read_in_any_zone(void **state)
{
        static const struct {
                const char *s;
                int64_t usec;
        } cases[] = {
                { "1970-01-01T00:00:00Z", 0 },
                { "2026-11-22T01:02:03Z", INT64_C(1795309323000000) },
                { "2026-11-22t01:02:03z", INT64_C(1795309323000000) },
                { "2026-11-22T02:02:03+01:00", INT64_C(1795309323000000) },
                { "2026-11-21T21:32:03-0330", INT64_C(1795309323000000) },
                { "2026-11-22 01:02:03", INT64_C(1795309323000000) },
                { "2026-11-22 01:02:03 UTC", INT64_C(1795309323000000) },
                { "2026-11-22T01:02:03.5Z", INT64_C(1795309323500000) },
                { "2026-11-22T01:02:03.045678Z", INT64_C(1795309323045678) },
                { "2026-11-22T01:02:03.045678999999Z", INT64_C(1795309323045678) },
                { "2016-12-31T23:59:60Z", INT64_C(1483228800000000) },
                { "2024-02-29T00:00:00Z", INT64_C(1709164800000000) },
                { "2000-02-29T00:00:00Z", INT64_C(951782400000000) },
                { "1969-12-31T23:59:59Z", -1000000 },
                { "0001-01-01T00:00:00Z", INT64_C(-62135596800000000) },
                { "9999-12-31T23:59:59Z", INT64_C(253402300799000000) },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t usec = 1;

                if (text_parse_time(cases[i].s, &usec) != 0 || usec != cases[i].usec)
                        fail_msg("%s: %" PRId64 ", not %" PRId64, cases[i].s, usec, cases[i].usec);
        }
}

static void what_is_no_time_is_refused(void **state)
{
        static const char *const cases[] = {
                "", "now", "2026-11-22", "2026-11-22T01:02:03", "2026-11-22T01:02Z", "2026-13-01T00:00:00Z",
                "2026-00-01T00:00:00Z", "2026-11-31T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
                "2026-11-22T24:00:00Z", "2026-11-22T00:60:00Z", "2026-11-22T00:00:61Z", "2026-11-22T01:02:03.Z",
                "2026-11-22T01:02:03+1:00", "2026-11-22T01:02:03+24:00", "2026-11-22T01:02:03+01:60",
                "2026-11-22T01:02:03Z ", " 2026-11-22T01:02:03Z", "26-11-22T01:02:03Z", "2026-11-22 01:02:03 CET",
                "-026-11-22T01:02:03Z", "2026-11-22T01:02:03+01",
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t usec = 77;

                if (text_parse_time(cases[i], &usec) != -EINVAL || usec != 77)
                        fail_msg("\"%s\" was taken", cases[i]);
        }
}

static void time_agrees_with_the_c_library_from_year_1_to_9999(void **state)
{
        (void) state;

        for (time_t t = -INT64_C(62135596800); t < INT64_C(253402300800); t += 86400 * 13) {
                char text[64];
                struct tm tm;
                int64_t usec;

                gmtime_r(&t, &tm);
                strftime(text, sizeof(text), "%m-%dT%H:%M:%SZ", &tm);
                _cleanup_free_ char *full = xasprintf("%04d-%s", tm.tm_year + 1900, text);
                if (text_parse_time(full, &usec) != 0 || usec != t * USEC_PER_SEC)
                        fail_msg("%s", full);
        }
}

static void times_are_written_in_utc(void **state)
{
        _cleanup_free_ char *a = text_format_time(INT64_C(1795309323999999)), *b = text_format_time(-1);
        (void) state;

        assert_string_equal(a, "2026-11-22 01:02:03 UTC");
        assert_string_equal(b, "1969-12-31 23:59:59 UTC");
}

static void times_are_written_for_programs_as_they_are_read(void **state)
{
        static const int64_t times[] = { 0, 999000, INT64_C(1795309323004000), INT64_C(253402300799999000) };
        _cleanup_free_ char *one = text_format_rfc3339(times[2] + 999), *early = text_format_rfc3339(-1);
        _cleanup_free_ char *late = text_format_rfc3339(INT64_MAX);

        (void) state;
        assert_string_equal(one, "2026-11-22T01:02:03.004Z");
        assert_string_equal(early, "1970-01-01T00:00:00.000Z");
        assert_non_null(strstr(late, "-01-10T04:00:54.775Z"));
        for (size_t i = 0; i < ELEMENTSOF(times); i++) {
                _cleanup_free_ char *text = text_format_rfc3339(times[i]);
                int64_t usec;

                assert_int_equal(text_parse_time(text, &usec), 0);
                assert_int_equal(usec, times[i]);
        }
}

static void durations(void **state)
{
        static const struct {
                const char *s;
                int r;
                int64_t usec;
        } cases[] = {
                { "30s", 0, 30 * USEC_PER_SEC },
                { "1h 30m", 0, 90 * USEC_PER_MINUTE },
                { "1h30m", 0, 90 * USEC_PER_MINUTE },
                { "250ms", 0, 250 * USEC_PER_MSEC },
                { "7us", 0, 7 },
                { "2 d", 0, 2 * USEC_PER_DAY },
                { " 1w ", 0, 7 * USEC_PER_DAY },
                { "0", 0, 0 },
                { "0s", 0, 0 },
                { "9223372036854775807us", 0, INT64_MAX },
                { "9223372036854775808us", -ERANGE, 0 },
                { "99999999999999999999999s", -ERANGE, 0 },
                { "9223372036854775807us 1us", -ERANGE, 0 },
                { "106751992d", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { " ", -EINVAL, 0 },
                { "30", -EINVAL, 0 },
                { "-5s", -EINVAL, 0 },
                { "1.5h", -EINVAL, 0 },
                { "5min", -EINVAL, 0 },
                { "1h 30", -EINVAL, 0 },
                { "s", -EINVAL, 0 },
                { "99999999999999999999999", -EINVAL, 0 },
                { "1h x", -EINVAL, 0 },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t usec = 77;
                int r = text_parse_duration(cases[i].s, &usec);

                if (r != cases[i].r || usec != (r < 0 ? 77 : cases[i].usec))
                        fail_msg("\"%s\": %d, %" PRId64, cases[i].s, r, usec);
        }
}

static void durations_are_written_in_the_largest_exact_unit(void **state)
{
        static const struct {
                int64_t usec;
                const char *s;
        } cases[] = {
                { 0, "0" }, { 1, "1us" }, { 250 * USEC_PER_MSEC, "250ms" }, { 90 * USEC_PER_SEC, "90s" },
                { 2 * USEC_PER_HOUR, "2h" }, { 24 * USEC_PER_HOUR, "1d" }, { 14 * USEC_PER_DAY, "14d" },
                { -90 * USEC_PER_SEC, "-90s" }, { INT64_MAX, "9223372036854775807us" },
                { INT64_MIN, "-9223372036854775808us" },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *s = text_format_duration(cases[i].usec);
                int64_t back;

                assert_string_equal(s, cases[i].s);
                if (cases[i].usec >= 0) {
                        assert_int_equal(text_parse_duration(s, &back), 0);
                        assert_int_equal(back, cases[i].usec);
                }
        }
}

static void sizes(void **state)
{
        static const struct {
                const char *s;
                int r;
                int64_t bytes;
        } cases[] = {
                { "512", 0, 512 }, { "512K", 0, 524288 }, { "10M", 0, 10485760 }, { "1G", 0, 1 << 30 },
                { "1t", 0, INT64_C(1) << 40 }, { "0", 0, 0 }, { " 5 ", 0, 5 },
                { "9223372036854775807", 0, INT64_MAX }, { "9223372036854775808", -ERANGE, 0 },
                { "8388608T", -ERANGE, 0 }, { "", -EINVAL, 0 }, { "K", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
                { "1X", -EINVAL, 0 }, { "1KB", -EINVAL, 0 }, { "1.5M", -EINVAL, 0 },
                { "99999999999999999999 x", -EINVAL, 0 },
        };
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t bytes = 77;
                int r = text_parse_size(cases[i].s, &bytes);

                if (r != cases[i].r || bytes != (r < 0 ? 77 : cases[i].bytes))
                        fail_msg("\"%s\": %d, %" PRId64, cases[i].s, r, bytes);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(times_are_read_in_any_zone),
                cmocka_unit_test(what_is_no_time_is_refused),
                cmocka_unit_test(time_agrees_with_the_c_library_from_year_1_to_9999),
                cmocka_unit_test(times_are_written_in_utc),
                cmocka_unit_test(times_are_written_for_programs_as_they_are_read),
                cmocka_unit_test(durations),
                cmocka_unit_test(durations_are_written_in_the_largest_exact_unit),
                cmocka_unit_test(sizes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
