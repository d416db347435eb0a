/* SPDX-License-Identifier: MIT
 *
 * Links, names and tags in a plain text, for networks that take texts as they are and have to be told what is one in them; and
 * such a text of theirs as one to read.
 */
#include "base/text.h"

#include "base/buffer.h"

#define BLANKS " \t\n"
#define HOST_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
#define FRONT_MAX 12                     /* "https://www.", which apps leave out of a link's text */
#define SHOWN_MAX 64                     /* links of one text of which the targets are shown */

/* Without the marks of the sentence around it; a bracket belongs to a link in which it was opened. */
static size_t trim(const char *s, size_t n)
{
        int open = 0;

        for (size_t i = 0; i < n; i++)
                open += (s[i] == '(') - (s[i] == ')');
        for (; n > 0 && strchr(".,;:!?'\")]}", s[n - 1]) && !(s[n - 1] == ')' && open >= 0); n--)
                open += s[n - 1] == ')';
        return n;
}

/* The size of what is at s, and what it is; none: it is passed over. */
static size_t look(const char *s, bool may_begin, enum text_span_kind *ret_kind)
{
        size_t front = startswith(s, "https://") ? 8 : startswith(s, "http://") ? 7 : 0, n;

        *ret_kind = TEXT_NONE;
        if (front && strcspn(s, BLANKS "<>\"") > front) {
                n = trim(s, strcspn(s, BLANKS "<>\""));
                if (n > front)
                        *ret_kind = TEXT_LINK;
        } else if (*s == '@' && may_begin) {
                n = trim(s, 1 + strspn(s + 1, HOST_DIGITS));
                if (n > 1)
                        *ret_kind = TEXT_NAME;
        } else if (*s == '#' && may_begin) {
                n = trim(s, strcspn(s, BLANKS));
                if (1 + strspn(s + 1, "0123456789#") < n)
                        *ret_kind = TEXT_TAG;
        } else {
                n = 1;
        }
        return MAX(n, (size_t) 1);
}

bool text_next_span(const char *text, struct text_span *span)
{
        for (const char *s = text + span->to; *s; ) {
                size_t n = look(s, s == text || strchr(BLANKS "([{\"'", s[-1]), &span->kind);

                span->from = s - text;
                span->to = span->from + (int64_t) n;
                if (span->kind != TEXT_NONE)
                        return true;
                s += n;
        }
        return false;
}

static bool is_boundary(const char *text, int64_t at)
{
        return ((unsigned char) text[at] & 0xc0) != 0x80;
}

/* Apps shorten links: "example.com/a-lo..." is shown as its target is. */
static bool is_short_for(const char *shown, size_t size, const char *target)
{
        static const char *const ends[] = { "...", "\xe2\x80\xa6" };
        const char *at;

        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                size_t n = strlen(ends[i]);

                if (size > n && memcmp(shown + size - n, ends[i], n) == 0)
                        size -= n;
        }
        at = memmem(target, strlen(target), shown, size);
        return at && at - target <= FRONT_MAX;
}

char *text_show_links(const char *text, const struct text_span *links, size_t n)
{
        struct buffer out = BUFFER_INIT(SIZE_MAX);
        int64_t size = (int64_t) strlen(text), at = 0;

        for (unsigned shown = 0; shown < SHOWN_MAX; shown++) {
                const struct text_span *next = NULL;
                bool is_short;

                for (const struct text_span *l = links; l < links + n; l++)
                        if (l->from >= at && (!next || l->from < next->from) && l->to > l->from && l->to <= size
                            && is_boundary(text, l->from) && is_boundary(text, l->to))
                                next = l;
                if (!next)
                        break;
                is_short = is_short_for(text + next->from, (size_t) (next->to - next->from), next->url);
                (void) buffer_append(&out, text + at, (size_t) ((is_short ? next->from : next->to) - at));
                (void) buffer_printf(&out, is_short ? "%s" : " (%s)", next->url);
                at = next->to;
        }
        (void) buffer_append_str(&out, text + at);
        return buffer_take(&out);
}
