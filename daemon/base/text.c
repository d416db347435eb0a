/* SPDX-License-Identifier: MIT
 *
 * Text from outside made fit to be stored, shown and compared.  Owns nothing; anyone may call it.  Lengths
 * are in textlength.c, HTML in html.c, times and sizes in units.c; all share text.h.
 */
#define _GNU_SOURCE 1   /* strchrnul(3) */
#include "base/text.h"

#include "base/buffer.h"

#include <ctype.h>
#include <unictype.h>
#include <unigbrk.h>
#include <unistr.h>

/* More than any script needs (Zalgo text goes up to hundreds, and draws over the lines around it). */
#define GRAPHEME_CODE_POINTS_MAX 64

#define USUAL_GRAPHEME_SIZE 16 /* bytes, at most; only emoji of several people and piled up marks take more */

#define NAME_MAX_COMPARED 64   /* text_nearest() is quadratic in the length of a name */

static const char ellipsis[] = "\xe2\x80\xa6";

/* Openers that wait for their end, as offsets of their bytes in the line.  UAX #9, BD9 and BD11: a PDF ends
 * the innermost embedding, but not across an isolate; a PDI ends the innermost isolate and all in it. */
struct bidi {
        struct {
                size_t offset;
                bool isolate;
        } *open;
        size_t n, allocated, isolates;
};

/* 0xff is never part of UTF-8: text_clean() takes these out in one pass at the end. */
static void bidi_mark_dropped(char *out, size_t offset)
{
        memset(out + offset, 0xff, 3);
}

static void bidi_end_line(struct bidi *b, char *out)
{
        while (b->n > 0)
                bidi_mark_dropped(out, b->open[--b->n].offset);
        b->isolates = 0;
}

/* c stands at out + offset.  Amortised constant: what is popped was pushed once. */
static void bidi_take(struct bidi *b, char *out, size_t offset, ucs4_t c)
{
        bool isolate = c >= 0x2066;

        if (c == 0x202c) {             /* PDF */
                if (b->n > 0 && !b->open[b->n - 1].isolate)
                        b->n--;
                else
                        bidi_mark_dropped(out, offset);
        } else if (c == 0x2069) {      /* PDI */
                if (b->isolates == 0) {
                        bidi_mark_dropped(out, offset);
                        return;
                }
                while (!b->open[--b->n].isolate)
                        bidi_mark_dropped(out, b->open[b->n].offset);
                b->isolates--;
        } else {
                if (b->n == b->allocated) {
                        b->allocated = MAX(b->allocated * 2, (size_t) 16);
                        b->open = xrealloc(b->open, b->allocated * sizeof(*b->open));
                }
                b->open[b->n].offset = offset;
                b->open[b->n++].isolate = isolate;
                b->isolates += isolate;
        }
}

char *text_clean(const char *s, size_t size)
{
        /* An invalid byte becomes the three of U+FFFD; nothing else grows. */
        size = MIN(size, SIZE_MAX / 4);
        char *out = xmalloc(size * 3 + 1);
        struct bidi bidi = { 0 };
        size_t n = 0, kept = 0;

        for (size_t i = 0; i < size; ) {
                unsigned char byte = (unsigned char) s[i];
                ucs4_t c;

                if (byte >= 0x20 && byte < 0x7f) {
                        out[n++] = s[i++];
                        continue;
                }
                if (byte < 0x80) {
                        if (byte == '\r' && i + 1 < size && s[i + 1] == '\n')
                                i++;
                        if (byte == '\n' || byte == '\r') {
                                bidi_end_line(&bidi, out);
                                out[n++] = '\n';
                        } else if (byte == '\t')
                                out[n++] = '\t';
                        i++;
                        continue;
                }

                int length = u8_mbtouc(&c, (const uint8_t *) s + i, size - i);   /* U+FFFD if invalid */
                i += (size_t) length;
                if (c < 0xa0)
                        continue;      /* C1 controls */
                if (c == 0xfffd || (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef)) {
                        memcpy(out + n, "\xef\xbf\xbd", 3);
                        n += 3;
                        continue;
                }
                memcpy(out + n, s + i - length, (size_t) length);
                if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
                        bidi_take(&bidi, out, n, c);
                n += (size_t) length;
        }
        bidi_end_line(&bidi, out);
        free(bidi.open);

        for (size_t i = 0; i < n; i++)
                if ((unsigned char) out[i] != 0xff)
                        out[kept++] = out[i];
        out[kept] = '\0';
        return xrealloc(out, kept + 1);
}

size_t text_special(const char *s, bool *ret_blank)
{
        static const char *const nothing[] = { "\xc2\xad", "\xe2\x80\x8b", "\xe2\x81\xa0", "\xef\xbb\xbf" };

        *ret_blank = *s && (strchr(" \t\n\r\f", *s) || startswith(s, "\xc2\xa0"));
        if (*ret_blank)
                return *s == '\xc2' ? 2 : 1;
        for (size_t i = 0; i < ELEMENTSOF(nothing) && *s & 0x80; i++)
                if (startswith(s, nothing[i]))
                        return strlen(nothing[i]);
        return 0;
}

/* ASCII has a grapheme in each character, and nothing to be cleaned. */
static char *cut_plain(const char *text, size_t max)
{
        size_t n = max > 0 ? max - 1 : 0;
        char *out = xmalloc(n + sizeof(ellipsis));

        while (n > 0 && text[n - 1] == ' ')
                n--;
        memcpy(out, text, n);
        memcpy(out + n, max > 0 ? ellipsis : "", max > 0 ? sizeof(ellipsis) : 1);
        return out;
}

/* The first size bytes; *ret_cut: there was more in them than max graphemes. */
static char *ellipsize(const char *text, size_t size, size_t max, bool *ret_cut)
{
        size_t graphemes = 0, code_points = 0, before_last = 0;
        _cleanup_free_ char *breaks = xmalloc(size);
        _cleanup_buffer_ struct buffer out = BUFFER_INIT(SIZE_MAX);
        bool cut = false;

        u8_grapheme_breaks((const uint8_t *) text, size, breaks);
        for (size_t i = 0; i < size; ) {
                ucs4_t c;
                int length = u8_mbtouc(&c, (const uint8_t *) text + i, size - i);

                if (i == 0 || breaks[i]) {
                        if (graphemes == max) {
                                cut = true;
                                break;
                        }
                        graphemes++;
                        code_points = 0;
                        before_last = out.size;
                }
                if (++code_points <= GRAPHEME_CODE_POINTS_MAX)
                        (void) buffer_append(&out, text + i, (size_t) length);
                i += (size_t) length;
        }

        if (cut) {
                out.size = before_last;
                while (out.size > 0 && isspace((unsigned char) out.data[out.size - 1]))
                        out.size--;
                if (max > 0)
                        (void) buffer_append(&out, ellipsis, sizeof(ellipsis) - 1);
        }

        *ret_cut = cut;
        /* The end of a right-to-left run may have been cut off. */
        return text_clean(buffer_str(&out), out.size);
}

char *text_ellipsize(const char *text, size_t max)
{
        size_t size, near = (MIN(max, SIZE_MAX / 32) + 1) * USUAL_GRAPHEME_SIZE, plain = 0;
        bool cut;
        char *out;

        while (plain <= max && text[plain] >= ' ' && text[plain] <= '~')
                plain++;
        if (plain > max)
                return cut_plain(text, max);
        if (!text[plain])
                return xstrdup(text);
        /* Where graphemes begin does not hang on what follows them: if there are enough at the front, that is all. */
        size = strlen(text);
        near = MIN(near, size);
        while (near < size && ((unsigned char) text[near] & 0xc0) == 0x80)
                near++;
        out = ellipsize(text, near, max, &cut);
        if (cut || near == size)
                return out;
        free(out);
        return ellipsize(text, size, max, &cut);
}

static bool is_handle_char(char c)
{
        return isalnum((unsigned char) c) || c == '_' || c == '-' || c == '.';
}

/* Behind the handles ("@name", "@name@host", "@name@host:port", with a comma or colon) and blanks at the front of a line. */
static const char *skip_handles(const char *s, const char *end)
{
        for (;;) {
                while (s < end && (isspace((unsigned char) *s) || *s == ',' || *s == ':'))
                        s++;

                const char *at = s;
                while (at + 1 < end && *at == '@' && is_handle_char(at[1]))
                        for (at++; at < end && is_handle_char(*at); at++)
                                ;
                if (at > s && at + 1 < end && *at == ':' && isdigit((unsigned char) at[1]))
                        for (at++; at < end && isdigit((unsigned char) *at); at++)
                                ;        /* the port of a private server */
                if (at == s || (at < end && !isspace((unsigned char) *at) && *at != ',' && *at != ':'))
                        return s;
                s = at;
        }
}

/* Letters, digits, emoji: not "---", "> " or "...". */
static bool says_something(const char *s, const char *end)
{
        while (s < end) {
                ucs4_t c;

                s += u8_mbtouc(&c, (const uint8_t *) s, (size_t) (end - s));
                if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N) ||
                    (c >= 0x80 && c != 0xfffd && uc_is_general_category_withtable(c, UC_CATEGORY_MASK_S)))
                        return true;
        }
        return false;
}

static const char *skip_blanks(const char *s, const char *end)
{
        while (s < end && isspace((unsigned char) *s))
                s++;
        return s;
}

/* Where there are several, and none at the end. */
static void one_blank_each(char *s)
{
        char *out = s;

        for (bool blank = false; *s; s++) {
                if (isspace((unsigned char) *s)) {
                        blank = true;
                        continue;
                }
                if (blank)
                        *out++ = ' ';
                *out++ = *s;
                blank = false;
        }
        *out = '\0';
}

char *text_title(const char *text, size_t max)
{
        /* What says something without its handles, else what is left without them, else the handles. */
        const char *best[3] = { NULL }, *best_end[3] = { NULL };

        for (const char *line = text; *line && !best[0]; ) {
                const char *end = strchrnul(line, '\n'), *first = skip_blanks(line, end);
                const char *said = skip_handles(line, end);
                const char *found[3] = { says_something(said, end) ? said : end, said, first };

                for (size_t i = 0; i < 3; i++)
                        if (!best[i] && found[i] < end) {
                                best[i] = found[i];
                                best_end[i] = end;
                        }
                line = *end ? end + 1 : end;
        }

        if (!best[2])
                return xstrdup("");

        size_t which = best[0] ? 0 : best[1] ? 1 : 2;
        /* Graphemes are looked for in what could be shown only, not in half a megabyte without line ends. */
        size_t enough = MIN(max, SIZE_MAX / 1024) * GRAPHEME_CODE_POINTS_MAX * 4 + 1024;
        size_t size = MIN((size_t) (best_end[which] - best[which]), enough);
        while (((unsigned char) best[which][size] & 0xc0) == 0x80)
                size++;
        _cleanup_free_ char *title = xstrndup(best[which], size);
        one_blank_each(title);
        return text_ellipsize(title, max);
}

char *text_line(const char *text, size_t max)
{
        char *line = xstrdup(text[strspn(text, " \t\r\n")] ? text : "-");
        size_t n = 0;

        for (char *at = line; *at; at++) {
                if (((unsigned char) *at & 0xc0) != 0x80 && ++n > max) {
                        *at = '\0';
                        break;
                }
                if ((unsigned char) *at < ' ')
                        *at = ' ';
        }
        return line;
}

char *text_percent_encode(const char *s)
{
        static const char hex[] = "0123456789ABCDEF";
        char *out = xmalloc(strlen(s) * 3 + 1), *at = out;

        for (; *s; s++) {
                unsigned char c = (unsigned char) *s;

                /* Not isalnum(): that depends on the locale. */
                if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c))
                        *at++ = (char) c;
                else {
                        *at++ = '%';
                        *at++ = hex[c >> 4];
                        *at++ = hex[c & 15];
                }
        }
        *at = '\0';
        return out;
}

static int hex_value(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

char *text_percent_decode(const char *s)
{
        char *out = xmalloc(strlen(s) + 1), *at = out;

        while (*s)
                if (*s == '%' && hex_value(s[1]) >= 0 && hex_value(s[2]) >= 0) {
                        *at++ = (char) (hex_value(s[1]) << 4 | hex_value(s[2]));
                        s += 3;
                } else {
                        *at++ = *s++;
                }
        *at = '\0';
        return out;
}

/* The longest word that stands there, and behind it what is put in its place; NULL: none. */
static const char *const *word_at(const char *at, const char *const *words)
{
        const char *const *found = NULL;

        for (; *words; words += 2)
                if (**words == *at && startswith(at, *words) && (!found || strlen(*words) > strlen(*found)))
                        found = words;
        return found;
}

char *text_replace(const char *text, const char *const *words, size_t max)
{
        _cleanup_buffer_ struct buffer out = BUFFER_INIT(max);
        const char *const *word;
        int r = 0;

        for (const char *at = text; *at && r == 0; at += word ? strlen(word[0]) : 1) {
                word = word_at(at, words);
                r = word ? buffer_append_str(&out, word[1]) : buffer_append(&out, at, 1);
        }
        return r == 0 ? buffer_take(&out) : xstrdup(text);
}

static char fold(char c)
{
        return c == '-' ? '_' : (char) tolower((unsigned char) c);
}

/* Optimal string alignment: insert, delete, replace, and swap two neighbours. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
        size_t rows[3][NAME_MAX_COMPARED + 1];

        for (size_t j = 0; j <= b_size; j++)
                rows[0][j] = j;
        for (size_t i = 1; i <= a_size; i++) {
                size_t *now = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

                now[0] = i;
                for (size_t j = 1; j <= b_size; j++) {
                        bool same = fold(a[i - 1]) == fold(b[j - 1]);
                        size_t best = up[j - 1] + !same;

                        best = MIN(best, up[j] + 1);
                        best = MIN(best, now[j - 1] + 1);
                        if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
                                best = MIN(best, up2[j - 2] + 1);
                        now[j] = best;
                }
        }
        return rows[a_size % 3][b_size];
}

const char *text_nearest(const char *name, const char *const *candidates)
{
        size_t size = strnlen(name, NAME_MAX_COMPARED + 1), best_distance = SIZE_MAX;
        const char *best = NULL;

        if (size > NAME_MAX_COMPARED)
                return NULL;

        for (; *candidates; candidates++) {
                size_t other = strnlen(*candidates, NAME_MAX_COMPARED + 1);

                if (other > NAME_MAX_COMPARED)
                        continue;

                /* A third of it wrong is another word; long names do not forgive more than a short one. */
                size_t allowed = MIN(MAX(size, other) / 3, (size_t) 3), d = distance(name, size, *candidates, other);
                if (d <= allowed && d < best_distance) {
                        best = *candidates;
                        best_distance = d;
                }
        }
        return best;
}

uint64_t text_hash(const char *s)
{
        uint64_t hash = UINT64_C(14695981039346656037);

        for (; *s; s++)
                hash = (hash ^ (unsigned char) *s) * UINT64_C(1099511628211);
        return hash;
}
