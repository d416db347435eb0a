/* SPDX-License-Identifier: MIT
 *
 * Splitting.  Owns nothing and asks nobody.  The text becomes a row of pieces that cannot be cut; a part is a run of them
 * whose length fits.  How many parts are needed from each piece on is known from the end; so each cut can be put at the best
 * place that costs no part more.
 *
 * In Latin text only blanks are cuts: between two ASCII characters is no other, as it might be in an address.
 */
#include "flow/parts.h"

#include "flow/compose.h"

#include <ctype.h>
#include <unictype.h>
#include <unigbrk.h>
#include <unilbrk.h>
#include <unistr.h>

#define QUOTED_GRAPHEMES 40      /* of what cannot be cut, in the reason */

/* How good a place is for a cut, worst first. */
enum rank { RANK_CHARACTER, RANK_BLANK, RANK_SENTENCE, RANK_LINE, RANK_PARAGRAPH };

/* Where a part may end and the next may begin. */
struct cut {
        size_t end, next;        /* offsets; between them is white space */
        uint64_t to_end, to_next;/* lengths of the text up to there */
        enum rank rank;
};

struct scan {
        const struct parts_rules *r;
        char *text;              /* ours: measure() writes to it */
        size_t size;
        char *lines, *graphemes; /* for each byte, whether a line or grapheme may begin there */
        struct cut *cuts;        /* the first one is the beginning of the text, the last one its end */
        size_t n;                /* pieces: one less than cuts */
        size_t *need;            /* for each cut, how many parts come behind it */
        uint64_t room, first_room;   /* for text in a part */
};

static int decode(const struct scan *s, size_t at, ucs4_t *ret)
{
        return u8_mbtouc(ret, (const uint8_t *) s->text + at, s->size - at);
}

static ucs4_t before(const struct scan *s, size_t *at)
{
        ucs4_t c = 0;
        const uint8_t *text = (const uint8_t *) s->text, *p = *at > 0 ? u8_prev(&c, text + *at, text) : NULL;

        *at = p ? (size_t) (p - text) : 0;
        return p ? c : 0;
}

/* The size of the white space, or of what shows nothing, that begins there; 0 if it is part of a grapheme that shows. */
static size_t gap(const struct scan *s, size_t at)
{
        bool blank;
        ucs4_t c = 0;
        size_t n = text_special(s->text + at, &blank);

        if (n == 0 && at < s->size) {
                int size = decode(s, at, &c);

                n = uc_is_property_white_space(c) ? (size_t) size : 0;
        }
        return n > 0 && s->graphemes[at] && (at + n == s->size || s->graphemes[at + n]) ? n : 0;
}

static bool is_word(char c)
{
        return isalnum((unsigned char) c) || c == '_' || c == '-' || c == '.';
}

/* Letters of any script, as in hosts and paths. */
static bool is_foreign_letter(ucs4_t c)
{
        return c >= 0x80 && !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_P | UC_CATEGORY_MASK_Z | UC_CATEGORY_MASK_C);
}

/* Where the URL whose "://", or the address whose first '@', is there ends. */
static size_t link_end(const struct scan *s, size_t at)
{
        bool url = s->text[at] == ':', domain = url || (at > 0 && is_word(s->text[at - 1]));
        ucs4_t c;
        int n;

        for (at += url ? 3 : 1; at < s->size && gap(s, at) == 0; at += (size_t) n) {
                n = decode(s, at, &c);
                if (!url && c == '@')
                        domain = true;
                else if (c >= 0x80 ? !domain || !is_foreign_letter(c)
                         : url     ? strchr("<>\"", (char) c) != NULL
                                   : !is_word((char) c))
                        break;
        }
        return at;
}

/* "Dr. Miller" and "z. B. heute" are no ends: a short word with a capital, and one letter. */
static bool ends_word(const struct scan *s, size_t dot)
{
        size_t letters = 0;
        ucs4_t c, first = 0;

        for (size_t at = dot; at > 0; letters++) {
                c = before(s, &at);
                if (c == '.')
                        return false;
                if (uc_is_property_white_space(c) || c == '(' || c == '"')
                        break;
                first = c;
        }
        return letters >= 4 || (letters >= 2 && uc_is_lower(first));
}

static bool ends_sentence(const struct scan *s, size_t end, size_t next)
{
        static const ucs4_t ends[] = { '!', '?', 0x2026, 0x3002, 0xff01, 0xff1f, 0x0964, 0x061f, 0x06d4 };
        ucs4_t c = before(s, &end), behind = 0;

        while (c && (c == '"' || c == '\'' || uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Pe | UC_CATEGORY_MASK_Pf)))
                c = before(s, &end);
        for (size_t i = 0; i < ELEMENTSOF(ends); i++)
                if (c == ends[i])
                        return true;
        if (next < s->size)
                decode(s, next, &behind);
        return c == '.' && !uc_is_lower(behind) && ends_word(s, end);
}

static enum rank rank_of(const struct scan *s, size_t end, size_t next)
{
        size_t lines = 0;

        for (size_t i = end; i < next; i++)
                lines += s->text[i] == '\n';
        if (lines > 0)
                return lines > 1 ? RANK_PARAGRAPH : RANK_LINE;
        if (ends_sentence(s, end, next))
                return RANK_SENTENCE;
        return next > end ? RANK_BLANK : RANK_CHARACTER;
}

static uint64_t measure(struct scan *s, size_t from, size_t to)
{
        char kept = s->text[to];
        uint64_t n;

        s->text[to] = '\0';
        n = text_weighted_length(s->text + from, s->r->unit, s->r->url_length, s->r->handle_is_local);
        s->text[to] = kept;
        if (s->r->bytes_max > 0)         /* whichever takes more of a part's room */
                n = MAX(n, ((to - from) * s->r->max + s->r->bytes_max - 1) / s->r->bytes_max);
        return n;
}

/* All that stands between shown text at end and at next becomes one cut. */
static void add_cut(struct scan *s, size_t end, size_t next)
{
        const struct cut *last = &s->cuts[s->n];
        uint64_t to_end = last->to_next + measure(s, last->next, end);

        s->cuts[++s->n] = (struct cut) {
                .end = end,
                .next = next,
                .to_end = to_end,
                .to_next = to_end + measure(s, end, next),
                .rank = rank_of(s, end, next),
        };
}

/* Whether the ASCII word that ends there might be the beginning of a host's name. */
static bool has_dot(const struct scan *s, size_t end)
{
        while (end > 0 && is_word(s->text[end - 1]))
                if (s->text[--end] == '.')
                        return true;
        return false;
}

/* Whether a part may begin at this byte, behind text that ends at end. */
static bool may_cut(const struct scan *s, size_t end, size_t at, size_t link)
{
        char left = s->text[at - 1], right = s->text[at];

        if (s->lines[at] == UC_BREAK_MANDATORY)
                return true;             /* that is said of the line's end itself */
        if (at < link || !s->graphemes[at] || s->lines[at] != UC_BREAK_POSSIBLE)
                return false;
        return end < at || left & 0x80 || (right & 0x80 && isalnum((unsigned char) left) && !has_dot(s, at));
}

static size_t skip_gap(const struct scan *s, size_t at)
{
        size_t n;

        while ((n = gap(s, at)) > 0)
                at += n;
        return at;
}

static void find_cuts(struct scan *s)
{
        size_t end, link = 0, begin;
        ucs4_t c;

        u8_possible_linebreaks((const uint8_t *) s->text, s->size, "UTF-8", s->lines);
        u8_grapheme_breaks((const uint8_t *) s->text, s->size, s->graphemes);
        begin = end = skip_gap(s, 0);
        s->cuts[0] = (struct cut) { .next = begin };
        for (size_t at = begin, n; at < s->size; at += n) {
                if (s->cuts[s->n].next < end && may_cut(s, end, at, link))
                        add_cut(s, end, skip_gap(s, end));
                n = gap(s, at);
                if (n > 0)
                        continue;
                if (at >= link && (s->text[at] == '@' || startswith(s->text + at, "://")))
                        link = link_end(s, at);
                n = (size_t) decode(s, at, &c);
                end = at + n;
        }
        if (s->cuts[s->n].next < end)
                add_cut(s, end, s->size);
        else
                s->cuts[s->n].next = s->size;
}

static uint64_t length_between(const struct scan *s, size_t from, size_t to)
{
        return s->cuts[to].to_end - s->cuts[from].to_next;
}

static bool is_part(const struct scan *s, size_t from, size_t to)
{
        return length_between(s, from, to) <= (from == 0 ? s->first_room : s->room);
}

/* False, with *ret_piece, if that is longer than what there is room for. */
static bool count_needed(struct scan *s, size_t *ret_piece)
{
        size_t to = s->n;

        s->need[s->n] = 0;
        for (size_t from = s->n; from-- > 0; ) {
                while (to < s->n && is_part(s, from, to + 1))
                        to++;                    /* the first part may have more room */
                while (to > from && !is_part(s, from, to))
                        to--;
                if (to == from) {
                        *ret_piece = from;
                        return false;
                }
                s->need[from] = s->need[to] + 1;
        }
        return true;
}

/* Where the part that begins at a cut ends best without a part more; of equals the last. */
static size_t choose(const struct scan *s, size_t from)
{
        size_t best = 0;

        for (size_t to = from + 1; to <= s->n && is_part(s, from, to); to++)
                if (s->need[to] < s->need[from] && (!best || s->cuts[to].rank >= s->cuts[best].rank))
                        best = to;
        return best;
}

uint64_t parts_length(const struct parts_rules *r, const char *part)
{
        return r->overhead + text_weighted_length(part, r->unit, r->url_length, r->handle_is_local);
}

static bool fits(const struct parts_rules *r, const char *part)
{
        return r->max == 0 || (parts_length(r, part) <= r->max && (r->bytes_max == 0 || strlen(part) <= r->bytes_max));
}

static const char *too_long(struct arena *a, const struct scan *s, size_t piece)
{
        size_t from = s->cuts[piece].next, to = s->cuts[piece + 1].end;
        const char *shown = arena_take(a, text_ellipsize(arena_strndup(a, s->text + from, to - from), QUOTED_GRAPHEMES));

        return arena_printf(a, "it has to be split, and \"%s\" cannot be: that has %llu characters, and a part has room for %llu",
                            shown, (unsigned long long) length_between(s, piece, piece + 1),
                            (unsigned long long) (piece == 0 ? s->first_room : s->room));
}

/* What is left of a part beside the handle and the number, of which all get the room that the last takes: with 10 parts
 * " (10/10)". */
static void make_room(struct arena *a, struct scan *s, uint64_t digits)
{
        const struct parts_rules *r = s->r;
        const char *first = arena_strndup(a, s->text, s->cuts[1].end);
        uint64_t taken = r->overhead + (r->numbered ? strlen(" (/)") + 2 * digits : 0), handle = 0;

        if (r->handle[0] == '@')
                handle = parts_length(r, arena_printf(a, "%s ", r->handle)) - r->overhead;
        s->room = r->max > taken + handle ? r->max - taken - handle : 0;
        s->first_room = !compose_names(first, r->handle) ? s->room : r->max > taken ? r->max - taken : 0;
}

/* The parts between the cuts; false if one is longer than its pieces together, which no network's counting gives cause for. */
static bool put_together(struct arena *a, const struct scan *s, const char **parts)
{
        size_t n = s->need[0];

        for (size_t i = 0, from = 0, to; i < n; i++, from = to) {
                to = choose(s, from);
                const char *text = arena_strndup(a, s->text + s->cuts[from].next, s->cuts[to].end - s->cuts[from].next);

                parts[i] = compose_reply(a, text, s->r->handle);
                if (s->r->numbered && n > 1)
                        parts[i] = arena_printf(a, "%s (%zu/%zu)", parts[i], i + 1, n);
                if (!fits(s->r, parts[i]))
                        return false;
        }
        return true;
}

size_t parts_split(struct arena *a, const char *text, const struct parts_rules *r, const char *const **ret,
                   const char **ret_reason)
{
        size_t size = strlen(text), piece = 0;
        const char **parts = arena_alloc(a, sizeof(*parts));

        parts[0] = compose_reply(a, text, r->handle);
        if (fits(r, parts[0])) {
                *ret = parts;
                return 1;
        }

        struct scan s = {
                .r = r,
                .text = arena_strdup(a, text),
                .size = size,
                .lines = arena_alloc(a, size + 1),
                .graphemes = arena_alloc(a, size + 1),
                .cuts = arena_alloc(a, (size + 2) * sizeof(*s.cuts)),
        };
        find_cuts(&s);
        if (s.n == 0) {
                *ret_reason = "it has no text";
                return 0;
        }
        s.need = arena_alloc(a, (s.n + 1) * sizeof(*s.need));
        for (uint64_t digits = 1, beyond = 10; ; digits++, beyond *= 10) {
                make_room(a, &s, digits);
                if (!count_needed(&s, &piece)) {
                        *ret_reason = too_long(a, &s, piece);
                        return 0;
                }
                if (!r->numbered || s.need[0] < beyond)
                        break;
        }
        if (r->parts_max && s.need[0] > r->parts_max) {
                *ret_reason = arena_printf(a, "it would take %zu parts, and %llu are allowed", s.need[0],
                                           (unsigned long long) r->parts_max);
                return 0;
        }
        parts = arena_alloc(a, s.need[0] * sizeof(*parts));
        if (!put_together(a, &s, parts)) {
                *ret_reason = "it has to be split, and how long the parts are could not be found out";
                return 0;
        }
        *ret = parts;
        return s.need[0];
}
