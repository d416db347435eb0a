/* SPDX-License-Identifier: MIT
 *
 * Mail addresses, also as those write them who hide them from programs: "jane (at) example (dot) com".  A handle has a '@' before
 * its name, and is none.  Owns nothing; called by flow/guard.
 */
#include "flow/guard_text.h"

#include <ctype.h>
#include <unictype.h>
#include <unistr.h>

#define NAME_MAX_SIZE 64         /* RFC 5321, 4.5.3.1 */

static const char *const ats[] = { "@", " @ ", "%40", "(at)", " (at) ", "[at]", " [at] ", "{at}", " {at} " };
static const char *const dots[] = {
        ".", "(dot)", " (dot) ", "[dot]", " [dot] ", "{dot}", " dot ", "(punkt)", " (punkt) ", "[punkt]", " punkt ", "(point)",
        " (point) ", "(punto)", " (punto) ",
};

static size_t size_at(const char *s, const char *const *list, size_t n)
{
        size_t longest = 0;

        for (size_t i = 0; i < n; i++)
                if (!strncasecmp(s, list[i], strlen(list[i])))
                        longest = MAX(longest, strlen(list[i]));
        return longest;
}

#define SCRIPTS_WITHOUT_BLANKS 0x2e80

/* A letter or digit; next to words that are set apart by nothing (plain), not one of those. */
static size_t letter_at(const char *s, bool plain)
{
        ucs4_t c;
        int n;

        if (!((unsigned char) *s & 0x80))
                return isalnum((unsigned char) *s) ? 1 : 0;
        n = u8_mbtouc(&c, (const uint8_t *) s, strnlen(s, 4));
        return (!plain || c < SCRIPTS_WITHOUT_BLANKS) &&
               uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N) ? (size_t) n : 0;
}

static size_t start_of_name(const struct guard_text *t, size_t end)
{
        bool plain = end > 0 && !((unsigned char) t->plain[end - 1] & 0x80);
        size_t start = end;

        while (start > 0 && end - start < NAME_MAX_SIZE) {
                size_t at = start - 1;

                while (at > 0 && ((unsigned char) t->plain[at] & 0xc0) == 0x80)
                        at--;
                if (!letter_at(t->plain + at, plain) && !strchr("._+-'!#$&*/=?^`{|}~", t->plain[at]))
                        break;
                start = at;
        }
        while (start < end && !letter_at(t->plain + start, plain))
                start++;
        /* Of a link or a form that has it as a value. */
        for (size_t i = start; i < end; i++)
                if (strchr("/=?&#", t->plain[i]))
                        start = i + 1;
        return start;
}

/* Where the domain ends, or 0 if there is none. */
static size_t end_of_domain(const struct guard_text *t, size_t start, bool hidden)
{
        size_t end = 0, at = start, labels = 0;

        for (;;) {
                bool plain = !((unsigned char) t->plain[at] & 0x80), letters = true;
                size_t label = at, n;

                while ((n = letter_at(t->plain + at, plain)) || (t->plain[at] == '-' && at > label)) {
                        letters &= n && !isdigit((unsigned char) t->plain[at]);
                        at += MAX(n, (size_t) 1);
                }
                if (at == label)
                        return end;
                labels++;
                if (labels > 1 && ((letters && at - label > 1) || !strncasecmp(t->plain + label, "xn--", 4)))
                        end = at;
                n = hidden ? size_at(t->plain + at, dots, ELEMENTSOF(dots)) : t->plain[at] == '.';
                if (n == 0)
                        return end;
                at += n;
        }
}

bool guard_find_mail(const struct guard_text *t, size_t *from, struct guard_span *ret)
{
        for (size_t i = *from; i < t->size; i++) {
                size_t n = strchr("@%([{ ", t->plain[i]) ? size_at(t->plain + i, ats, ELEMENTSOF(ats)) : 0, start, end;

                if (n == 0)
                        continue;
                start = start_of_name(t, i);
                end = start < i ? end_of_domain(t, i + n, n > 3) : 0;
                if (end == 0 || (start > 0 && t->plain[start - 1] == '@'))
                        continue;
                *ret = (struct guard_span) { start, end };
                *from = end;
                return true;
        }
        return false;
}
