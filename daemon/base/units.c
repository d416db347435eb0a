/* SPDX-License-Identifier: MIT
 *
 * Times, durations and sizes as people and networks write them.  Owns nothing; anyone may call it.  Nothing
 * here asks for the locale or the local time zone.
 */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <time.h>

/* Exactly n digits at *s, and then past them; -1 if they are not there. */
static int take_digits(const char **s, size_t n)
{
        int value = 0;

        for (size_t i = 0; i < n; i++, (*s)++) {
                if (!isdigit((unsigned char) **s))
                        return -1;
                value = value * 10 + (**s - '0');
        }
        return value;
}

static bool take_char(const char **s, const char *any_of)
{
        if (!**s || !strchr(any_of, **s))
                return false;
        (*s)++;
        return true;
}

static int days_in_month(int year, int month)
{
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

        return days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

/* Days since 1970-01-01 in the Gregorian calendar, for years from 0 on. */
static int64_t days_from_date(int year, int month, int day)
{
        int y = year - (month <= 2);           /* the year begins with March: the leap day comes last */
        int shifted = (month + 9) % 12;
        int64_t leap_days = (y >= 0 ? y / 4 - y / 100 + y / 400 : -1);

        return (int64_t) y * 365 + leap_days + (153 * shifted + 2) / 5 + day - 1 - 719468;
}

/* "Z", "+01:00", "-0330" (Graph API writes it without colon), " UTC" (text_format_time() does). */
static int take_zone(const char **s, bool required, int64_t *ret_seconds)
{
        if (take_char(s, "Zz")) {
                *ret_seconds = 0;
                return 0;
        }
        if (**s != '+' && **s != '-') {
                if (startswith(*s, " UTC"))
                        *s += 4;
                else if (required)
                        return -EINVAL;
                *ret_seconds = 0;
                return 0;
        }

        int sign = *(*s)++ == '-' ? -1 : 1;
        int hours = take_digits(s, 2);
        if (hours < 0)
                return -EINVAL;
        (void) take_char(s, ":");
        int minutes = take_digits(s, 2);
        if (hours > 23 || minutes < 0 || minutes > 59)
                return -EINVAL;
        *ret_seconds = sign * (hours * 3600 + minutes * 60);
        return 0;
}

int text_parse_time(const char *s, int64_t *ret_usec)
{
        int64_t fraction = 0, zone;

        int year = take_digits(&s, 4);
        if (year < 0 || !take_char(&s, "-"))
                return -EINVAL;
        int month = take_digits(&s, 2);
        if (month < 1 || month > 12 || !take_char(&s, "-"))
                return -EINVAL;
        int day = take_digits(&s, 2);
        if (day < 1 || day > days_in_month(year, month))
                return -EINVAL;

        bool blank = *s == ' ';
        if (!take_char(&s, "Tt "))
                return -EINVAL;
        int hour = take_digits(&s, 2);
        if (hour < 0 || hour > 23 || !take_char(&s, ":"))
                return -EINVAL;
        int minute = take_digits(&s, 2);
        if (minute < 0 || minute > 59 || !take_char(&s, ":"))
                return -EINVAL;
        int second = take_digits(&s, 2);
        if (second < 0 || second > 60)         /* a leap second is the first of the next minute */
                return -EINVAL;

        if (take_char(&s, ".,")) {
                int64_t unit = USEC_PER_SEC / 10;

                if (!isdigit((unsigned char) *s))
                        return -EINVAL;
                for (; isdigit((unsigned char) *s); s++, unit /= 10)   /* finer than 1 us: cut */
                        fraction += (*s - '0') * unit;
        }

        int r = take_zone(&s, !blank, &zone);
        if (r < 0)
                return r;
        if (*s)
                return -EINVAL;

        int64_t seconds = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone;
        *ret_usec = seconds * USEC_PER_SEC + fraction;
        return 0;
}

char *text_format_time(int64_t usec)
{
        time_t seconds = (time_t) (usec / USEC_PER_SEC - (usec % USEC_PER_SEC < 0));
        struct tm tm;
        char text[64];

        if (!gmtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
                return xstrdup("unknown");
        return xstrdup(text);
}

char *text_format_rfc3339(int64_t usec)
{
        time_t seconds = (time_t) (MAX(usec, INT64_C(0)) / USEC_PER_SEC);
        int msec = (int) (MAX(usec, INT64_C(0)) % USEC_PER_SEC / USEC_PER_MSEC);
        struct tm tm;

        (void) gmtime_r(&seconds, &tm);          /* no time in microseconds is beyond what it can do */
        return xasprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                         tm.tm_min, tm.tm_sec, msec);
}

static const struct {
        const char *name;
        int64_t usec;
} time_units[] = {                             /* for parsing the longer of two with one beginning stands first */
        { "ms", USEC_PER_MSEC },
        { "us", 1 },
        { "s", USEC_PER_SEC },
        { "m", USEC_PER_MINUTE },
        { "h", USEC_PER_HOUR },
        { "d", USEC_PER_DAY },
        { "w", 7 * USEC_PER_DAY },
};

/* 0, -EINVAL without a digit, -ERANGE. */
static int take_number(const char **s, int64_t *ret)
{
        int64_t value = 0;
        bool overflow = false;

        if (!isdigit((unsigned char) **s))
                return -EINVAL;
        for (; isdigit((unsigned char) **s); (*s)++)
                overflow |= __builtin_mul_overflow(value, 10, &value) ||
                        __builtin_add_overflow(value, **s - '0', &value);
        if (overflow)
                return -ERANGE;
        *ret = value;
        return 0;
}

static void skip_blanks(const char **s)
{
        while (isspace((unsigned char) **s))
                (*s)++;
}

int text_parse_duration(const char *s, int64_t *ret_usec)
{
        int64_t total = 0;
        bool out_of_range = false;

        skip_blanks(&s);
        if (!*s)
                return -EINVAL;

        while (*s) {
                int64_t value = 0;
                size_t unit;
                int r = take_number(&s, &value);

                if (r == -EINVAL)
                        return r;
                out_of_range |= r < 0;

                skip_blanks(&s);
                for (unit = 0; unit < ELEMENTSOF(time_units); unit++)
                        if (startswith(s, time_units[unit].name))
                                break;
                if (unit < ELEMENTSOF(time_units)) {
                        s += strlen(time_units[unit].name);
                        out_of_range |= __builtin_mul_overflow(value, time_units[unit].usec, &value);
                } else if (*s || r < 0 || value != 0 || total != 0)
                        return -EINVAL;        /* only nothing needs no unit */
                out_of_range |= __builtin_add_overflow(total, value, &total);

                if (isalpha((unsigned char) *s))
                        return -EINVAL;        /* "5min": say "5m" rather than guess */
                skip_blanks(&s);
        }
        if (out_of_range)
                return -ERANGE;
        *ret_usec = total;
        return 0;
}

int text_parse_size(const char *s, int64_t *ret_bytes)
{
        static const char prefixes[] = "KMGT";
        int64_t value = 0;

        skip_blanks(&s);
        int r = take_number(&s, &value);
        if (r == -EINVAL)
                return r;

        const char *prefix = *s ? strchr(prefixes, toupper((unsigned char) *s)) : NULL;
        if (prefix) {
                s++;
                if (__builtin_mul_overflow(value, INT64_C(1) << (10 * (prefix - prefixes + 1)), &value))
                        r = -ERANGE;
        }
        skip_blanks(&s);
        if (*s)
                return -EINVAL;
        if (r < 0)
                return r;
        *ret_bytes = value;
        return 0;
}

char *text_format_duration(int64_t usec)
{
        const char *name = "us";
        int64_t unit = 1;

        if (usec == 0)
                return xstrdup("0");
        /* Weeks are read, but not written: "7d" is as long and asks for no thought. */
        for (size_t i = 0; i < ELEMENTSOF(time_units) - 1; i++)
                if (time_units[i].usec > unit && usec % time_units[i].usec == 0) {
                        name = time_units[i].name;
                        unit = time_units[i].usec;
                }
        return xasprintf("%" PRId64 "%s", usec / unit, name);
}
