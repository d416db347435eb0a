/* SPDX-License-Identifier: MIT
 *
 * Letters.  Owns nothing.  Lines are peeled off both ends as long as one of the habits is found there: a quotation, a signature,
 * a closing, a salutation.  What a line is, habits.c judges; here is where it must stand.
 */
#include "flow/letter.h"

#include "base/text.h"
#include "flow/habits.h"

#include <ctype.h>

#define SALUTATION_LINES_MAX 2
#define SIGNATURE_LINES_MAX 6    /* below a closing */
#define DELIMITED_LINES_MAX 12   /* below "-- " */

/* --- Lines --- */

static void take_lines(struct letter *l, const char *text)
{
        size_t n = 1;

        for (const char *s = text; *s; s++)
                n += *s == '\n';
        l->lines = arena_alloc(l->a, n * sizeof(*l->lines));
        for (const char *s = text; ; s++) {
                size_t size = strcspn(s, "\n"), kept = size;

                while (kept > 0 && strchr(" \t", s[kept - 1]))
                        kept--;
                if (kept == 2 && startswith(s, LETTER_DELIMITER))
                        kept = strlen(LETTER_DELIMITER);
                l->lines[l->n++] = arena_strndup(l->a, s, kept);
                s += size;
                if (!*s)
                        break;
        }
        l->last = l->n;
}

bool letter_is_empty(const char *line)
{
        bool blank;
        size_t n;

        while ((n = text_special(line, &blank)) > 0)
                line += n;
        return !*line;
}

static void trim(struct letter *l)
{
        while (l->first < l->last && letter_is_empty(l->lines[l->first]))
                l->first++;
        while (l->last > l->first && letter_is_empty(l->lines[l->last - 1]))
                l->last--;
}

static bool peel(struct letter *l, size_t from, size_t to, const char *what)
{
        if (l->n_peels == LETTER_PEELS_MAX)
                return false;
        l->peels[l->n_peels++] = (struct letter_peel) { from, to, what };
        if (from == l->first)
                l->first = to;
        else
                l->last = from;
        trim(l);
        return true;
}

/* --- Quotations --- */

/* Quoted lines that are one "> 5 pieces" might be meant to be read. */
static bool is_doubtful(const struct letter *l, size_t from, size_t to)
{
        const char *line = l->lines[from];

        line += strspn(line, "> \t");
        return to == from + 1 && (isdigit((unsigned char) *line) || !*line);
}

static bool peel_quotation_at_end(struct letter *l)
{
        for (int loose = 1; loose >= 0; loose--) {
                size_t from = l->last, head, lines;

                for (size_t i = l->last;
                     i-- > l->first && (letter_is_empty(l->lines[i]) || habits_is_quoted(l->lines[i], loose));)
                        if (!letter_is_empty(l->lines[i]))
                                from = i;
                if (from == l->last)
                        continue;
                head = from > l->first && letter_is_empty(l->lines[from - 1]) ? from - 1 : from;
                lines = head == l->first ? 0
                        : habits_attribution(l->a, head > l->first + 1 ? l->lines[head - 2] : "", l->lines[head - 1]);
                if (lines > 0)
                        return peel(l, head - lines, l->last, "quotation");
                if (!loose && !is_doubtful(l, from, l->last))
                        return peel(l, from, l->last, "quotation");
        }
        return false;
}

/* An answer between quoted lines needs them all. */
static bool peel_quotation_at_start(struct letter *l)
{
        size_t head = 0, from, to;

        if (l->first < l->last)
                head = habits_attribution(l->a, "", l->lines[l->first]);
        if (head == 0 && l->first + 1 < l->last && habits_attribution(l->a, l->lines[l->first], l->lines[l->first + 1]) == 2)
                head = 2;
        from = l->first + head;
        if (head && from < l->last && letter_is_empty(l->lines[from]))
                from++;
        to = from;
        for (size_t i = from; i < l->last && (letter_is_empty(l->lines[i]) || habits_is_quoted(l->lines[i], head > 0)); i++)
                if (!letter_is_empty(l->lines[i]))
                        to = i + 1;
        if (to == from || (!head && is_doubtful(l, from, to)))
                return false;
        for (size_t i = to; i < l->last; i++)
                if (habits_is_quoted(l->lines[i], false))
                        return false;
        return peel(l, l->first, to, "quotation");
}

/* --- Salutation, closing, signature --- */

/* A helpdesk's mark may stand above the agent's. */
static size_t first_delimiter(const struct letter *l, size_t at)
{
        for (size_t i = at; i-- > l->first && (letter_is_empty(l->lines[i]) || streq(l->lines[i], LETTER_DELIMITER)); )
                if (!letter_is_empty(l->lines[i]))
                        at = i;
        return at;
}

/* Below "-- " stands nothing else; below "--" perhaps. */
static bool peel_signature(struct letter *l)
{
        bool sure = true;

        for (size_t i = l->last, n = 0; i-- > l->first && n <= DELIMITED_LINES_MAX; ) {
                if (streq(l->lines[i], LETTER_DELIMITER) || (sure && streq(l->lines[i], "--")))
                        return peel(l, first_delimiter(l, i), l->last, "signature");
                n += !letter_is_empty(l->lines[i]);
                sure = sure && (letter_is_empty(l->lines[i]) || habits_is_signature(l->a, l->lines[i]));
        }
        return false;
}

static bool peel_closing(struct letter *l)
{
        const char *below = "";

        for (size_t i = l->last, n = 0; i-- > l->first && n <= SIGNATURE_LINES_MAX; ) {
                const char *line = l->lines[i];
                bool weak;

                if (letter_is_empty(line))
                        continue;
                if (habits_is_closing(l->a, line, &weak) && (!weak || habits_is_name(l->a, below)))
                        return peel(l, i, l->last, "closing");
                if (!habits_is_signature(l->a, line))
                        return false;
                below = line;
                n++;
        }
        return false;
}

static bool peel_salutation(struct letter *l)
{
        size_t at = l->first;

        return at < l->last && habits_is_salutation(l->a, l->lines[at], at + 1 == l->last || letter_is_empty(l->lines[at + 1]))
               && peel(l, at, at + 1, "salutation");
}

static bool says_something(const struct letter *l)
{
        for (size_t i = l->first; i < l->last; i++)
                for (const char *s = l->lines[i]; *s; s++)
                        if (isalnum((unsigned char) *s) || *s & 0x80)
                                return true;
        return false;
}

struct letter letter_of(struct arena *a, const char *text)
{
        struct letter l = { .a = a };

        take_lines(&l, text);
        trim(&l);
        while (peel_quotation_at_end(&l) || peel_signature(&l) || peel_closing(&l))
                ;
        peel_quotation_at_start(&l);
        for (size_t i = 0; i < SALUTATION_LINES_MAX && peel_salutation(&l); i++) {
                const char *line = l.lines[l.peels[l.n_peels - 1].from];

                l.comma = line[strlen(line) - 1] == ',';
        }
        if (!says_something(&l)) {
                l.n_peels = l.first = 0;
                l.last = l.n;
                l.comma = false;
                trim(&l);
        }
        return l;
}
