/* SPDX-License-Identifier: MIT
 *
 * Telephone numbers, as people write them: with the country's number or without, in the groupings of Europe and North America.
 * Dates, times, prices and the numbers of orders look much like them, and are told by their form and by the word before.  Owns
 * nothing; called by flow/guard.
 */
#include "flow/guard_text.h"

#include <ctype.h>

#define DIGITS_MAX 15            /* of E.164 */
#define ABROAD_MIN 8             /* with the country's number: no shorter ones are in use */
#define TRUNK_MIN 9              /* of those that begin with 0; a date has 8 */
#define TRUNK_MAX 12
#define SAME_MIN 7               /* digits that two numbers must share to be one */
#define PREFIX_MAX 4             /* digits that one of them may have before: the country, and the 0 of "(0)" */
#define BEFORE_MAX 4             /* digits of something else, as the minutes of a time, before a number */

static size_t size_of(const struct guard_text *t, size_t group)
{
        return t->groups[group].at.end - t->groups[group].at.start;
}

static unsigned value_of(const struct guard_text *t, size_t group)
{
        unsigned value = 0;

        for (size_t i = t->groups[group].at.start; i < t->groups[group].at.end && value < 10000; i++)
                value = value * 10 + (unsigned) (t->plain[i] - '0');
        return value;
}

/* What is between a group and the next, if that is one character; else '\0'. */
static char gap_of(const struct guard_text *t, size_t group)
{
        size_t end = t->groups[group].at.end;

        return group + 1 < t->n_groups && t->groups[group + 1].at.start == end + 1 ? t->plain[end] : '\0';
}

static bool gap_has(const struct guard_text *t, size_t group, char c)
{
        size_t end = t->groups[group].at.end;

        return memchr(t->plain + end, c, t->groups[group + 1].at.start - end);
}

/* --- What is no telephone number --- */

static bool is_date(const struct guard_text *t, size_t first, size_t run)
{
        char gap = gap_of(t, first);
        bool year_first = size_of(t, first) == 4;

        if (first + 3 > run || !gap || !strchr(".-/", gap) || gap_of(t, first + 1) != gap)
                return false;
        if ((first + 3 < t->n_groups && gap_of(t, first + 2) == gap) || (first > 0 && gap_of(t, first - 1) == gap))
                return false;            /* it goes on */
        for (size_t i = first; i < first + 3; i++)
                if (size_of(t, i) > 2 && !(size_of(t, i) == 4 && i == (year_first ? first : first + 2)))
                        return false;
        if (year_first)
                return value_of(t, first + 1) <= 12 && value_of(t, first + 2) <= 31;
        return MIN(value_of(t, first), value_of(t, first + 1)) <= 12 && MAX(value_of(t, first), value_of(t, first + 1)) <= 31;
}

static bool is_time(const struct guard_text *t, size_t first, size_t run)
{
        if (first + 2 > run || gap_of(t, first) != '.' || size_of(t, first) > 2 || size_of(t, first + 1) != 2)
                return false;
        return value_of(t, first) <= 24 && value_of(t, first + 1) < 60 && gap_of(t, first + 1) != '.'
               && (first == 0 || gap_of(t, first - 1) != '.');
}

/* The address of a machine, or a version. */
static bool is_machine(const struct guard_text *t, size_t first, size_t run)
{
        if (first + 4 > run || gap_of(t, first + 3) == '.')
                return false;
        for (size_t i = first; i < first + 4; i++)
                if (size_of(t, i) > 3 || value_of(t, i) > 255 || (i < first + 3 && gap_of(t, i) != '.'))
                        return false;
        return true;
}

/* "K-0612345678-A" */
static bool is_code(const struct guard_text *t, size_t first, size_t end)
{
        size_t start = t->groups[first].at.start, behind = t->groups[end - 1].at.end;

        return (start > 1 && strchr("-/", t->plain[start - 1]) && isalpha((unsigned char) t->plain[start - 2])) ||
               (strchr("-/", t->plain[behind]) && t->plain[behind] && isalpha((unsigned char) t->plain[behind + 1]));
}

static bool is_amount(const struct guard_text *t, size_t first, size_t end)
{
        static const char *const behind[] = {
                "%", "\xe2\x82\xac", "$", "\xc2\xa3", "\xc2\xa5", "EUR", "USD", "GBP", "CHF", "Euro", "euro", "dollar", "Dollar",
                "Franken", "kg", "km",
                "x ", "\xc3\x97", ",",
        };
        const char *next = t->plain + t->groups[end - 1].at.end;
        size_t start = t->groups[first].at.start;

        if (*next == ',' && !isdigit((unsigned char) next[1]))
                return false;
        next += *next == ' ';
        for (size_t i = 0; i < ELEMENTSOF(behind); i++)
                if (startswith(next, behind[i]))
                        return true;
        while (start > 0 && t->plain[start - 1] == ' ')
                start--;
        for (size_t i = 0; i < ELEMENTSOF(behind); i++)
                if (start >= strlen(behind[i]) && !memcmp(t->plain + start - strlen(behind[i]), behind[i], strlen(behind[i]))
                    && behind[i][0] != ',')
                        return true;
        return false;
}

/* --- Forms --- */

/* The sizes of the groups, as "3-3-4". */
static bool has_form(const struct guard_text *t, size_t first, size_t end, const char *form)
{
        for (size_t i = first; i < end; i++, form += form[1] == '-' ? 2 : 1)
                if (size_of(t, i) != (size_t) (*form - '0'))
                        return false;
        return !*form;
}

static bool has_plus(const struct guard_text *t, size_t first)
{
        size_t start = t->groups[first].at.start;

        while (start > 0 && strchr(" (", t->plain[start - 1]) && t->plain[start - 1])
                start--;
        if (start == 0 || t->plain[start - 1] != '+')
                return false;
        return start == 1 || !(isalnum((unsigned char) t->plain[start - 2]) || t->plain[start - 2] == '+');
}

/* "+20 000 000" is many. */
static bool is_thousands(const struct guard_text *t, size_t first, size_t end)
{
        for (size_t i = first + 1; i < end; i++)
                if (size_of(t, i) != 3)
                        return false;
        return end > first + 1;
}

static bool is_abroad(const struct guard_text *t, size_t first, size_t end, const char *digits, size_t n)
{
        if (n < ABROAD_MIN || n > DIGITS_MAX || digits[0] == '0')
                return false;
        return (digits[0] != '1' || n == 11) && (n > 9 || !is_thousands(t, first, end));
}

static bool is_trunk(const struct guard_text *t, size_t first, const char *digits, size_t n)
{
        return digits[0] == '0' && digits[1] != '0' && size_of(t, first) > 1 && n >= TRUNK_MIN && n <= TRUNK_MAX;
}

static bool is_american(const struct guard_text *t, size_t first, size_t end)
{
        size_t area = first + (end - first == 4 && size_of(t, first) == 1 && value_of(t, first) == 1);

        return has_form(t, area, end, "3-3-4") && value_of(t, area) >= 200 && value_of(t, area + 1) >= 200;
}

/* Countries that have no 0 before. */
static bool is_grouped(const struct guard_text *t, size_t first, size_t end)
{
        static const char *const forms[] = { "3-3-3", "3-2-2-2", "2-3-2-2", "3-3-4" };
        char begins = t->plain[t->groups[first].at.start];

        if (t->groups[first].joined || (end < t->n_groups && t->groups[end].joined))
                return false;            /* out of a longer number */
        for (size_t i = first; i + 1 < end; i++)
                if (gap_of(t, i) != ' ' && gap_of(t, i) != '-')
                        return false;
        for (size_t i = 0; i < ELEMENTSOF(forms); i++)
                if (has_form(t, first, end, forms[i]))
                        return begins >= (i == 3 ? '3' : '5');
        return false;
}

static bool is_phone(struct arena *a, const struct guard_text *t, size_t first, size_t end)
{
        size_t n, start = t->groups[first].at.start;
        bool plus = has_plus(t, first), number;
        char digits[2 + DIGITS_MAX + 1];
        enum guard_label label;

        if (!guard_digits_into(digits, sizeof digits, t, first, end))
                return false;
        n = strlen(digits);
        if (n < SAME_MIN)
                return false;
        for (size_t i = first; i < end; i++)
                if (t->groups[i].glued || (i + 1 < end && gap_has(t, i, '\n')))
                        return false;
        if (plus)
                return is_abroad(t, first, end, digits, n)
                       || (n >= SAME_MIN && n <= DIGITS_MAX && guard_label(a, t, start) == LABEL_PHONE);
        number = (n > 2 && startswith(digits, "00") && size_of(t, first) > 1 && is_abroad(t, first, end, digits + 2, n - 2)
                  && n - 2 > ABROAD_MIN)
                 || is_trunk(t, first, digits, n) || is_american(t, first, end)
                 || (is_grouped(t, first, end) && !is_amount(t, first, end));
        if (!number && (n < SAME_MIN || n > DIGITS_MAX || is_amount(t, first, end)))
                return false;
        if (start > 0 && t->plain[start - 1] == '#')
                return false;
        label = guard_label(a, t, start);
        return label == LABEL_PHONE || (number && label != LABEL_OTHER && !is_code(t, first, end) && !guard_in_link(t, start));
}

/* Another number may follow: what is as long as it can be is not always one. */
static size_t end_of_phone(struct arena *a, const struct guard_text *t, size_t first, size_t run)
{
        size_t n = 0, end = first;

        if (run - first >= 5 && has_form(t, first, first + 5, "2-2-2-2-2") && is_phone(a, t, first, first + 5))
                return first + 5;
        while (end < run && n + size_of(t, end) <= 2 + DIGITS_MAX)
                n += size_of(t, end++);
        for (; end > first; end--)
                if ((end == run || gap_has(t, end - 1, ' ') || gap_has(t, end - 1, '\n') || gap_has(t, end - 1, '/'))
                    && is_phone(a, t, first, end))
                        return end;
        return 0;
}

bool guard_find_phone(struct arena *a, const struct guard_text *t, size_t *from, struct guard_span *ret)
{
        size_t before = 0;               /* digits of the same run that are nothing that we know */

        for (size_t first = *from; first < t->n_groups; first++) {
                size_t run = guard_run(t, first), end;

                if (!t->groups[first].joined)
                        before = 0;
                if (is_date(t, first, run) || is_time(t, first, run) || is_machine(t, first, run)) {
                        first += is_date(t, first, run) ? 2 : is_time(t, first, run) ? 1 : 3;
                        before = 0;
                        continue;
                }
                end = before == 0 || (before <= BEFORE_MAX && (gap_has(t, first - 1, ' ') || gap_has(t, first - 1, '\n')))
                      ? end_of_phone(a, t, first, run) : 0;
                if (end) {
                        *ret = (struct guard_span) { t->groups[first].at.start, t->groups[end - 1].at.end };
                        while (has_plus(t, first) && t->plain[ret->start] != '+')
                                ret->start--;
                        if (ret->start > 0 && t->plain[ret->start - 1] == '(')
                                ret->start--;
                        *from = end;
                        return true;
                }
                before += size_of(t, first);
        }
        return false;
}

bool guard_same_phone(const char *digits, const char *others)
{
        size_t n, m;

        digits += strspn(digits, "0");
        others += strspn(others, "0");
        n = strlen(digits);
        m = strlen(others);
        if (n < m)
                return guard_same_phone(others, digits);
        return m >= SAME_MIN && n - m <= PREFIX_MAX && streq(digits + n - m, others);
}
