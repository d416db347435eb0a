/* SPDX-License-Identifier: MIT
 *
 * What a line is: a salutation, a closing, part of a signature, the head of a quotation.  Owns nothing.  The words are those
 * of languages.c; what is here holds for all of them.  A line that might be something else is not taken for it.
 */
#include "flow/habits.h"

#include "base/text.h"
#include "flow/languages.h"

#include <ctype.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define WORDS_MAX 12             /* of a line that could be any of these */
#define NAME_WORDS_MAX 7         /* "Prof. Dr. Ada von der Agent" */
#define ABBREVIATION_MAX 5       /* bytes: "Prof." */
#define SIGNATURE_WORDS_MAX 8
#define SIGNATURE_LINE_MAX 100   /* bytes */
#define ATTRIBUTION_MAX 240      /* bytes, of two lines at most */

struct words {
        const char *word[WORDS_MAX], *folded[WORDS_MAX];
        bool comma[WORDS_MAX];   /* behind it */
        size_t n;
        char mark;               /* at the end: one of ",.!:;", or NUL */
};

/* In lower case, composed, with plain apostrophes. */
static const char *fold(struct arena *a, const char *s)
{
        size_t size = 0;
        uint8_t *folded = u8_casefold((const uint8_t *) s, strlen(s), NULL, UNINORM_NFC, NULL, &size);
        char *out = arena_strndup(a, folded ? (char *) folded : s, folded ? size : strlen(s)), *at = out;

        free(folded);
        for (const char *p = out; *p; )
                if (startswith(p, "\xe2\x80\x99")) {
                        *at++ = '\'';
                        p += 3;
                } else {
                        *at++ = *p++;
                }
        *at = '\0';
        return out;
}

/* False if there are too many, or none, or if they are more than one sentence. */
static bool split(struct arena *a, const char *line, struct words *w)
{
        memset(w, 0, sizeof(*w));
        while (*line) {
                bool blank;
                size_t special = text_special(line, &blank), size = 0;
                char *word;

                if (special > 0) {
                        line += special;
                        continue;
                }
                while (line[size] && text_special(line + size, &blank) == 0)
                        size++;
                if (w->n == WORDS_MAX || (w->mark && strchr("!:;", w->mark)))
                        return false;
                word = arena_strndup(a, line, size);
                line += size;
                w->mark = size > 0 && strchr(",.!:;", word[size - 1]) ? word[size - 1] : '\0';
                if (w->mark && w->mark != '.')
                        word[size - 1] = '\0';           /* a full stop belongs to "Dr." as well */
                if (!*word)
                        continue;                        /* a mark by itself, as after a blank in French */
                w->comma[w->n] = w->mark == ',';
                w->folded[w->n] = fold(a, word);
                w->word[w->n++] = word;
        }
        return w->n > 0;
}

/* How many words at the front the longest of these takes; 0 if there is none. */
static size_t match(const struct words *w, const char *const *list)
{
        size_t best = 0;

        for (; *list; list++) {
                const char *rest = *list;
                size_t n = 0;

                for (; *rest && n < w->n; n++) {
                        size_t size = strcspn(rest, " ");

                        if (strncmp(w->folded[n], rest, size) != 0 || (w->folded[n][size] && !streq(w->folded[n] + size, ".")))
                                break;
                        rest += size + (rest[size] == ' ');
                }
                if (!*rest)
                        best = MAX(best, n);
        }
        return best;
}

static bool is_listed(const char *folded, const char *const *list)
{
        for (; *list; list++)
                if (streq(folded, *list))
                        return true;
        return false;
}

/* Ann, O'Neil, J., 李; not "ann", "A4", "@ann". */
static bool is_proper(const char *word)
{
        const uint8_t *p = (const uint8_t *) word;
        size_t size = strlen(word);
        bool first = true;
        ucs4_t c;

        if (size > ABBREVIATION_MAX && word[size - 1] == '.')
                return false;            /* a sentence ends there */
        for (p = u8_next(&c, p); p; p = u8_next(&c, p)) {
                if (first && (uc_is_lower(c) || !uc_is_alpha(c)))
                        return false;
                if (!uc_is_alpha(c) && !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M)
                    && !(c < 0x80 && strchr(".'-", (char) c)) && c != 0x2019)
                        return false;
                first = false;
        }
        return !first;
}

static bool is_emoji(const char *word)
{
        ucs4_t c = 0;

        u8_mbtouc(&c, (const uint8_t *) word, strlen(word));
        return c >= 0x80 && uc_is_property_extended_pictographic(c);
}

/* The words from one on are a name, or what stands for one in that language. */
static bool is_name(const struct words *w, size_t from, const struct language *l)
{
        if (w->n - from > NAME_WORDS_MAX)
                return false;
        for (size_t i = from; i < w->n; i++)
                if (!is_proper(w->word[i]) && !is_listed(w->folded[i], l->words) && !streq(w->word[i], "&")
                    && !is_emoji(w->word[i]))
                        return false;
        return true;
}

static bool is_closing_in(const struct words *w, const struct language *l)
{
        size_t n = match(w, l->closings);

        return n > 0 && w->mark != ':' && is_name(w, n, l);
}

bool habits_is_closing(struct arena *a, const char *line, bool *ret_weak)
{
        struct words w;

        *ret_weak = false;
        if (!split(a, line, &w))
                return false;
        for (const struct language *l = languages; l->name; l++) {
                if (is_closing_in(&w, l)) {
                        *ret_weak = false;
                        return true;
                }
                *ret_weak = *ret_weak || (w.mark == ',' && match(&w, l->thanks) == w.n);
        }
        return *ret_weak;
}

/* "Hello, Ann" and "Hello Ann,", but not "Hello Ann, Thanks". */
static bool is_salutation_in(const struct words *w, size_t from, const struct language *l)
{
        for (size_t i = from; i + 1 < w->n; i++)
                if (w->comma[i])
                        return false;
        return from > 0 && is_name(w, from, l);
}

bool habits_is_salutation(struct arena *a, const char *line, bool empty_next)
{
        struct words w;
        bool weak;

        if (!split(a, line, &w) || (w.mark ? !strchr(",!:", w.mark) : !empty_next) || habits_is_closing(a, line, &weak))
                return false;
        for (const struct language *l = languages; l->name; l++) {
                size_t greeting = match(&w, l->greetings), address = match(&w, l->addresses);

                if (is_salutation_in(&w, greeting, l) || (address < w.n && is_salutation_in(&w, address, l)))
                        return true;
        }
        return false;
}

bool habits_is_name(struct arena *a, const char *line)
{
        struct words w;

        if (!split(a, line, &w) || (w.mark && w.mark != '.'))
                return false;
        for (const struct language *l = languages; l->name; l++)
                if (is_name(&w, 0, l))
                        return true;
        return false;
}

bool habits_is_signature(struct arena *a, const char *line)
{
        struct words w;
        ucs4_t first = 0;

        while (*line == ' ' || *line == '\t')
                line++;
        u8_mbtouc(&first, (const uint8_t *) line, strlen(line));
        if (strlen(line) > SIGNATURE_LINE_MAX || !split(a, line, &w) || w.n > SIGNATURE_WORDS_MAX)
                return false;
        /* A list goes on; a question, an exclamation, a postscript and a long statement are meant to be read. */
        if (strchr("-*>", *line) || strchr("!?", line[strlen(line) - 1]) || w.mark == '!' || w.mark == ':')
                return false;
        if (startswith(w.folded[0], "ps") || startswith(w.folded[0], "p.s"))
                return false;
        if (uc_is_lower(first) && (w.n > 2 || !strpbrk(line, "@./")))
                return false;
        return w.mark != '.' || w.n <= 4;
}

enum attribution { ATTRIBUTION_NONE, ATTRIBUTION_DETAIL, ATTRIBUTION_WHOLE };

/* "Alice wrote:", with a date or an address; with "On" at the beginning. */
static enum attribution attribution_of(struct arena *a, const char *line)
{
        const char *folded = fold(a, line);
        size_t size = strlen(folded);
        enum attribution found = ATTRIBUTION_NONE;

        if (size == 0 || folded[size - 1] != ':' || size > ATTRIBUTION_MAX)
                return found;
        for (const struct language *l = languages; l->name; l++) {
                bool wrote = false;

                for (const char *const *verb = l->wrote; *verb; verb++)
                        wrote = wrote || strstr(folded, *verb);
                for (const char *const *on = l->on; wrote && *on; on++)
                        if (startswith(folded, *on))
                                return ATTRIBUTION_WHOLE;
                if (wrote && strpbrk(folded, "0123456789<@"))
                        found = ATTRIBUTION_DETAIL;
        }
        return found;
}

size_t habits_attribution(struct arena *a, const char *above, const char *line)
{
        enum attribution one;

        line += strspn(line, " \t");
        above += strspn(above, " \t");
        one = attribution_of(a, line);
        if (one == ATTRIBUTION_WHOLE)
                return 1;
        /* A long one was wrapped; a line with an end of its own is text. */
        if (*above && !strchr(".!?:", above[strlen(above) - 1]) && strlen(above) + strlen(line) <= ATTRIBUTION_MAX
            && attribution_of(a, arena_printf(a, "%s %s", above, line)) == ATTRIBUTION_WHOLE)
                return 2;
        return one == ATTRIBUTION_DETAIL ? 1 : 0;
}

bool habits_is_quoted(const char *line, bool loose)
{
        while (*line == ' ' || *line == '\t')
                line++;
        if (*line != '>')
                return false;
        line += strspn(line, ">");
        return loose || !*line || *line == ' ';
}
