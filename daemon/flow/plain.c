/* SPDX-License-Identifier: MIT
 *
 * A reply made fit for a network.  Owns nothing.  What makes it a letter is left out (letter.c), and the handles of what is left
 * are looked at.
 */
#include "flow/plain.h"

#include "base/buffer.h"
#include "base/text.h"
#include "flow/letter.h"

#include <ctype.h>
#include <unicase.h>
#include <unictype.h>
#include <unistr.h>

#define TOLD_GRAPHEMES 120       /* of what was left out */
#define CHANGES_MAX 40           /* that are told: a note is to be read */

/* What parts '@' from a name.  To all that look for mentions a name begins right behind the sign: Mastodon (account.rb:
 * MENTION_RE), snac2 2.75 ("@[A-Za-z0-9_]+"), twitter-text.  A joiner without width would do as well, but nobody would see it in
 * the preview, and who copies the text would carry it on.  This one can be seen, and no line or part ends there. */
#define NO_BREAK_SPACE "\xc2\xa0"

/* What the agent is told. */
struct changes {
        struct arena *a;
        const char *lines[CHANGES_MAX];
        size_t n;
};

static void _printf_(2, 3) tell(struct changes *t, const char *format, ...)
{
        const char *line;
        va_list ap;

        va_start(ap, format);
        line = arena_vprintf(t->a, format, ap);
        va_end(ap);
        for (size_t i = 0; i < t->n; i++)
                if (streq(t->lines[i], line))
                        return;
        if (t->n == CHANGES_MAX)
                return;
        t->lines[t->n] = t->n + 1 < CHANGES_MAX ? line : "more of the same, which is not listed";
        t->n++;
}

/* --- Letters --- */

static void tell_peel(struct changes *t, const struct letter *l, const struct letter_peel *peel)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);

        for (size_t i = peel->from; i < peel->to; i++)
                if (!letter_is_empty(l->lines[i]) && !streq(l->lines[i], LETTER_DELIMITER) && !streq(l->lines[i], "--"))
                        (void) buffer_printf(&b, "%s%s", b.size > 0 ? " / " : "", l->lines[i] + strspn(l->lines[i], " \t"));
        tell(t, "%s left out: %s", peel->what, (const char *) arena_take(t->a, text_ellipsize(buffer_str(&b), TOLD_GRAPHEMES)));
}

/* In the order of the text. */
static void tell_peels(struct changes *t, const struct letter *l)
{
        for (size_t at = 0; at < l->n && l->n_peels > 0; at++)
                for (size_t i = 0; i < l->n_peels; i++)
                        if (l->peels[i].from == at)
                                tell_peel(t, l, &l->peels[i]);
}

static const char *put_together(const struct letter *l)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);
        bool empty = false;

        for (size_t i = l->first; i < l->last; i++) {
                const char *line = l->lines[i];

                if (letter_is_empty(line)) {
                        empty = true;
                        continue;
                }
                (void) buffer_append_str(&b, i == l->first ? "" : empty ? "\n\n" : "\n");
                (void) buffer_append_str(&b, streq(line, LETTER_DELIMITER) ? "--" : line);
                empty = false;
        }
        return arena_strdup(l->a, buffer_str(&b));
}

/* The first letter, unless the first word is one like "iPhone" or an address. */
static const char *capitalize(struct arena *a, const char *text)
{
        size_t word = strcspn(text, " \n,;:!?");
        const uint8_t *p = (const uint8_t *) text, *next;
        uint8_t upper[6];
        ucs4_t c, first = 0;

        for (; (const char *) p < text + word; p = next) {
                next = u8_next(&c, p);
                if (!uc_is_lower(c))
                        return text;
                first = first ? first : c;
        }
        if (!first)
                return text;
        next = u8_next(&c, (const uint8_t *) text);
        return arena_printf(a, "%.*s%s", u8_uctomb(upper, uc_toupper(first), sizeof(upper)), (const char *) upper,
                            (const char *) next);
}

/* --- Handles --- */

static bool is_name_char(char c)
{
        return isalnum((unsigned char) c) || c == '_';
}

/* Behind a name as Mastodon has them: dots and dashes inside only. */
static const char *name_end(const char *s)
{
        const char *end = s;

        for (; is_name_char(*s) || *s == '.' || *s == '-'; s++)
                if (is_name_char(*s))
                        end = s + 1;
        return end;
}

/* Whether an '@' is one in the middle of a word or an address. */
static bool is_inside(const char *text, const char *at)
{
        ucs4_t c = 0;

        if (at == text)
                return false;
        (void) u8_prev(&c, (const uint8_t *) at, (const uint8_t *) text);
        return c < 0x80 ? is_name_char((char) c) || c == '/' || c == '=' : uc_is_alpha(c);
}

/* Behind "@name@host" at s, a port included; s if it is none. */
static const char *whole_end(const char *s)
{
        const char *end = *s == '@' ? name_end(s + 1) : s;

        if (end <= s + 1 || *end != '@' || (!is_name_char(end[1]) && !(end[1] & 0x80)))
                return s;
        do
                end++;
        while (is_name_char(*end) || (*end && strchr(".-:", *end)) || *end & 0x80);
        return end;
}

enum naming { NAMES_NOBODY, NAMES_SOMEBODY, NAMES_SHORT };

/* Whom "@name" of that size names; *ret_handle: in full. */
static enum naming naming_of(const char *name, size_t size, const char *const *handles, const char **ret_handle)
{
        enum naming found = NAMES_NOBODY;

        for (; handles && *handles; handles++) {
                const char *h = *handles, *host = strchr(h + (*h == '@'), '@');

                if (*h != '@')
                        continue;
                /* Where handles are names of hosts (Bluesky), such a one is whole. */
                if (!host
                    && ((strlen(h) == size && strncasecmp(h, name, size) == 0) || (strchr(h, '.') && memchr(name, '.', size))))
                        return NAMES_SOMEBODY;
                /* A handle comes from outside: none brings more into the text than itself. */
                if (!host || *whole_end(h) || (size_t) (host - h) != size || strncasecmp(h, name, size) != 0)
                        continue;
                if (found == NAMES_SHORT && strcasecmp(*ret_handle, h) != 0)
                        return NAMES_SOMEBODY;           /* which of two is for the agent to say */
                found = NAMES_SHORT;
                *ret_handle = h;
        }
        return found;
}

/* Appends the '@' at s and what belongs to it, as it is to be said; returns what is behind. */
static const char *put_handle(struct changes *t, struct buffer *b, const char *s, const char *const *handles)
{
        const char *end = whole_end(s), *full = "";
        enum naming naming = NAMES_SOMEBODY;             /* whom the agent typed in full */
        int size;

        if (end == s) {
                end = name_end(s + 1);
                naming = *end & 0x80 ? NAMES_NOBODY : naming_of(s, (size_t) (end - s), handles, &full);
        }
        size = (int) (end - s);
        if (naming == NAMES_SHORT) {
                tell(t, "%.*s written out: %s", size, s, full);
                (void) buffer_append_str(b, full);
        } else if (naming == NAMES_SOMEBODY) {
                (void) buffer_append(b, s, (size_t) size);
        } else {
                tell(t, "%.*s names nobody in this conversation, and is posted with a blank behind the @", size, s);
                (void) buffer_printf(b, "@" NO_BREAK_SPACE "%.*s", size - 1, s + 1);
        }
        return end;
}

static const char *see_to_handles(struct changes *t, const char *text, const char *const *handles)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);

        for (const char *s = text; *s; ) {
                if (*s == '@' && is_name_char(s[1]) && !is_inside(text, s)) {
                        s = put_handle(t, &b, s, handles);
                } else {
                        size_t n = startswith(s, "://") ? strcspn(s, " \t\n") : 1;

                        (void) buffer_append(&b, s, n);
                        s += n;
                }
        }
        return arena_strdup(t->a, buffer_str(&b));
}

/* "link <https://a.example>", as HTML is made text, without the brackets: some networks take them for part of the address. */
static const char *bare_links(struct arena *a, const char *text)
{
        _cleanup_buffer_ struct buffer b = BUFFER_INIT(SIZE_MAX);

        for (const char *s = text; *s; ) {
                size_t n = strcspn(s, "<"), link = 0;

                (void) buffer_append(&b, s, n);
                s += n;
                if (startswith(s, "<https://") || startswith(s, "<http://"))
                        link = strcspn(s, "> \t\n");
                if (link > 0 && s[link] == '>' && (s == text || strchr(" \t\n", s[-1])) && !is_name_char(s[link + 1])
                    && !(s[link + 1] & 0x80)) {
                        (void) buffer_append(&b, s + 1, link - 1);
                        s += link + 1;
                } else if (*s) {
                        (void) buffer_append(&b, s++, 1);
                }
        }
        return arena_strdup(a, buffer_str(&b));
}

struct plain plain_of(struct arena *a, const char *text, const struct plain_context *c)
{
        struct letter l = letter_of(a, text);
        struct changes *t = arena_alloc(a, sizeof(*t));
        const char *left = put_together(&l);

        t->a = a;
        tell_peels(t, &l);
        left = bare_links(a, see_to_handles(t, l.comma ? capitalize(a, left) : left, c->handles));
        return (struct plain) { .text = left, .changes = t->lines, .n_changes = t->n };
}
