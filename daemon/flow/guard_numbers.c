/* SPDX-License-Identifier: MIT
 *
 * Numbers that are money: cards and accounts.  Of numbers with a check digit one in ten is right by chance, so that a card's must
 * also be of an issuer, and written as people write them; else parcels were cards.  Owns nothing; called by flow/guard.
 */
#include "flow/guard_text.h"

#include <ctype.h>

#define CARD_MIN 13              /* digits, of ISO/IEC 7812 */
#define CARD_MAX 19

/* First digits, and how long numbers are that begin so. */
static const struct {
        unsigned from, to;               /* as many digits as to has */
        unsigned lengths;                /* bit n: n digits */
} issuers[] = {
#define LENGTHS(first, last) (((1u << ((last) - (first) + 1)) - 1) << (first))
        { 4, 4, 1u << 13 | 1u << 16 | 1u << 19 },                                        /* Visa */
        { 51, 55, 1u << 16 }, { 2221, 2720, 1u << 16 },                                  /* Mastercard */
        { 34, 34, 1u << 15 }, { 37, 37, 1u << 15 },                                      /* American Express */
        { 300, 305, 1u << 14 }, { 3095, 3095, 1u << 14 }, { 36, 36, LENGTHS(14, 19) }, { 38, 39, 1u << 14 },     /* Diners Club */
        { 6011, 6011, LENGTHS(16, 19) }, { 644, 649, LENGTHS(16, 19) }, { 65, 65, LENGTHS(16, 19) },             /* Discover */
        { 3528, 3589, LENGTHS(16, 19) },                                                 /* JCB */
        { 62, 62, LENGTHS(16, 19) }, { 81, 81, LENGTHS(16, 19) },                        /* UnionPay */
        { 50, 50, LENGTHS(13, 19) }, { 56, 58, LENGTHS(13, 19) }, { 6304, 6304, LENGTHS(13, 19) },               /* Maestro */
        { 6390, 6390, LENGTHS(13, 19) }, { 67, 67, LENGTHS(13, 19) },
        { 2200, 2204, LENGTHS(16, 19) },                                                 /* Mir */
        { 60, 60, 1u << 16 }, { 82, 82, 1u << 16 },                                      /* RuPay */
        /* Elo, Troy, Uzcard, Humo */
        { 6362, 6363, 1u << 16 }, { 9792, 9792, 1u << 16 }, { 8600, 8600, 1u << 16 }, { 9860, 9860, 1u << 16 },
};

static bool has_issuer(const char *digits, size_t n)
{
        for (size_t i = 0; i < ELEMENTSOF(issuers); i++) {
                unsigned first = 0;

                for (unsigned to = issuers[i].to, k = 0; to > 0; to /= 10, k++)
                        first = first * 10 + (unsigned) (digits[k] - '0');
                if (first >= issuers[i].from && first <= issuers[i].to && issuers[i].lengths & 1u << n)
                        return true;
        }
        return false;
}

static bool is_luhn(const char *digits, size_t n)
{
        unsigned sum = 0;

        for (size_t i = 0; i < n; i++) {
                unsigned digit = (unsigned) (digits[n - 1 - i] - '0');

                digit *= 1 + i % 2;
                sum += digit / 10 + digit % 10;
        }
        return sum % 10 == 0;
}

/* The number of an article; those of some countries begin like a Visa card of 13 digits, of which there are none in use. */
static bool is_gtin(const char *digits, size_t n)
{
        unsigned sum = 0;

        for (size_t i = 0; i < n; i++)
                sum += (unsigned) (digits[i] - '0') * (i % 2 ? 3 : 1);
        return n == 13 && sum % 10 == 0;
}

static size_t size_of(const struct guard_text *t, size_t group)
{
        return t->groups[group].at.end - t->groups[group].at.start;
}

/* As it is embossed: 4-4-4-4, 4-6-5, 4-6-4, 4-4-4-4-3. */
static bool is_embossed(const struct guard_text *t, size_t first, size_t end)
{
        if (end - first == 3 && size_of(t, first) == 4 && size_of(t, first + 1) == 6)
                return size_of(t, first + 2) == 4 || size_of(t, first + 2) == 5;
        for (size_t i = first; i < end; i++)
                if (size_of(t, i) != 4 && (i + 1 < end || size_of(t, i) > 4))
                        return false;
        return end - first >= 4;
}

/* As somebody may write it who reads it out. */
static bool is_grouped(const struct guard_text *t, size_t first, size_t end)
{
        bool equal = size_of(t, first) > 1, large = true;

        for (size_t i = first; i + 1 < end; i++) {
                equal &= size_of(t, i) == size_of(t, first);
                large &= size_of(t, i) >= 4;
        }
        /* One point is that of a fraction. */
        return (equal || large) && (end - first != 2 || t->plain[t->groups[first].at.end] != '.');
}

static bool is_card(struct arena *a, const struct guard_text *t, size_t first, size_t end)
{
        size_t start = t->groups[first].at.start, n;
        bool whole = end - first == 1, embossed = is_embossed(t, first, end);
        bool begins = !t->groups[first].joined, ends = end == t->n_groups || !t->groups[end].joined;
        char digits[CARD_MAX + 1];
        enum guard_label label;

        if (!whole && !is_grouped(t, first, end))
                return false;
        if ((!begins || !ends) && !whole && !(embossed && (begins || ends)))
                return false;            /* out of a longer number */
        for (size_t i = first; i < end; i++)
                if (t->groups[i].glued
                    || (i > first && !embossed
                        && memchr(t->plain + t->groups[i - 1].at.end, '\n', t->groups[i].at.start - t->groups[i - 1].at.end)))
                        return false;
        if (!guard_digits_into(digits, sizeof digits, t, first, end))
                return false;
        n = strlen(digits);
        if (n < CARD_MIN || !is_luhn(digits, n) || !has_issuer(digits, n) || (whole && is_gtin(digits, n))
            || (start > 0 && t->plain[start - 1] == '+'))
                return false;
        if (embossed)
                return true;
        label = guard_label(a, t, start);
        return label != LABEL_OTHER && (label == LABEL_CARD || !guard_in_link(t, start));
}

bool guard_find_card(struct arena *a, const struct guard_text *t, size_t *from, struct guard_span *ret)
{
        for (size_t first = *from; first < t->n_groups; first++) {
                size_t run = guard_run(t, first), n = 0, end = first;

                while (end < run && n + size_of(t, end) <= CARD_MAX)
                        n += size_of(t, end++);
                for (; end > first && n >= CARD_MIN; n -= size_of(t, --end))
                        if (is_card(a, t, first, end)) {
                                *ret = (struct guard_span) { t->groups[first].at.start, t->groups[end - 1].at.end };
                                *from = end;
                                return true;
                        }
        }
        return false;
}

/* --- Accounts --- */

#define BBAN_DIGITS_MIN 6        /* of any country's; words have none */

/* Characters of an IBAN, by the registry of ISO 13616. */
static const struct {
        char country[3];
        unsigned char size;
} ibans[] = {
        { "AD", 24 }, { "AE", 23 }, { "AL", 28 }, { "AT", 20 }, { "AZ", 28 }, { "BA", 20 }, { "BE", 16 }, { "BG", 22 },
        { "BH", 22 },
        { "BI", 27 }, { "BR", 29 }, { "BY", 28 }, { "CH", 21 }, { "CR", 22 }, { "CY", 28 }, { "CZ", 24 }, { "DE", 22 },
        { "DJ", 27 },
        { "DK", 18 }, { "DO", 28 }, { "EE", 20 }, { "EG", 29 }, { "ES", 24 }, { "FI", 18 }, { "FK", 18 }, { "FO", 18 },
        { "FR", 27 },
        { "GB", 22 }, { "GE", 22 }, { "GI", 23 }, { "GL", 18 }, { "GR", 27 }, { "GT", 28 }, { "HN", 28 }, { "HR", 21 },
        { "HU", 28 },
        { "IE", 22 }, { "IL", 23 }, { "IQ", 23 }, { "IS", 26 }, { "IT", 27 }, { "JO", 30 }, { "KW", 30 }, { "KZ", 20 },
        { "LB", 28 },
        { "LC", 32 }, { "LI", 21 }, { "LT", 20 }, { "LU", 20 }, { "LV", 21 }, { "LY", 25 }, { "MC", 27 }, { "MD", 24 },
        { "ME", 22 },
        { "MK", 19 }, { "MN", 20 }, { "MR", 27 }, { "MT", 31 }, { "MU", 30 }, { "NI", 28 }, { "NL", 18 }, { "NO", 15 },
        { "OM", 23 },
        { "PK", 24 }, { "PL", 28 }, { "PS", 29 }, { "PT", 25 }, { "QA", 29 }, { "RO", 24 }, { "RS", 22 }, { "RU", 33 },
        { "SA", 24 },
        { "SC", 31 }, { "SD", 18 }, { "SE", 24 }, { "SI", 19 }, { "SK", 24 }, { "SM", 27 }, { "SO", 23 }, { "ST", 25 },
        { "SV", 28 },
        { "TL", 23 }, { "TN", 24 }, { "TR", 26 }, { "UA", 29 }, { "VA", 22 }, { "VG", 24 }, { "XK", 20 }, { "YE", 30 },
};

static size_t iban_size(const char *s)
{
        for (size_t i = 0; i < ELEMENTSOF(ibans); i++)
                if (toupper((unsigned char) s[0]) == ibans[i].country[0] && toupper((unsigned char) s[1]) == ibans[i].country[1])
                        return ibans[i].size;
        return 0;
}

static unsigned mod_97(unsigned rest, char c)
{
        return isdigit((unsigned char) c) ? (rest * 10 + (unsigned) (c - '0')) % 97
                                          : (rest * 100 + (unsigned) (toupper((unsigned char) c) - 'A') + 10) % 97;
}

static bool is_iban_at(const struct guard_text *t, size_t at, size_t *ret_end)
{
        const char *s = t->plain;
        char iban[34];
        size_t size = iban_size(s + at), n = 0, digits = 0, i = at;
        unsigned rest = 0;

        while (n < size) {
                if (!isalnum((unsigned char) s[i]) && n > 0 && strchr(" -.\n", s[i]) && s[i])
                        i++;
                if (!isalnum((unsigned char) s[i]))
                        return false;
                digits += n >= 4 && isdigit((unsigned char) s[i]);
                iban[n++] = s[i++];
        }
        if (size == 0 || isalnum((unsigned char) s[i]) || !isdigit((unsigned char) iban[2]) || !isdigit((unsigned char) iban[3])
            || digits < BBAN_DIGITS_MIN)
                return false;
        for (size_t k = 0; k < n; k++)
                rest = mod_97(rest, iban[(k + 4) % n]);
        *ret_end = i;
        return rest == 1;
}

bool guard_find_iban(const struct guard_text *t, size_t *from, struct guard_span *ret)
{
        for (size_t i = *from; i + 15 <= t->size; i++) {
                size_t end;

                if (i > 0 && isalnum((unsigned char) t->plain[i - 1]) && !(i >= 4 && !strncasecmp(t->plain + i - 4, "iban", 4)))
                        continue;
                if (is_iban_at(t, i, &end)) {
                        *ret = (struct guard_span) { i, end };
                        *from = end;
                        return true;
                }
        }
        return false;
}
