/* SPDX-License-Identifier: MIT
 * L0.  Text from outside: UTF-8, graphemes, HTML, times, sizes, near names.  Returned strings are malloced.
 * In text.c (clean, cut, compare), textlength.c, textspan.c (links, names, tags), html.c with htmlguard.c, units.c (times,
 * durations, sizes), base64.c. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/util.h"

/* Valid UTF-8 without NUL, controls (but \n and \t) and bidi embeddings, overrides and isolates (U+202A..202E,
 * U+2066..2069) that reach over the end of a line: those unbalanced are dropped.  Invalid bytes and
 * noncharacters, which HTML does not carry, become U+FFFD; \r\n and \r become \n.  What is fine is returned unchanged. */
char *text_clean(const char *s, size_t size);

/* What a browser would show of an HTML fragment.  Script, style, iframe, svg, math, noscript, template,
 * xmp, plaintext, object, title, textarea, select, audio, video, canvas dropped with their content; so are
 * span and div with the class invisible, the attribute hidden or display:none.  br and the end of a block are
 * line ends, paragraphs are set apart by one empty line, list items begin with "- " or "1. ", lines of a blockquote
 * with "> ", a signature that a helpdesk marked as such with a line "-- ", if nothing but quotes is behind it; cells are set
 * apart by a blank.  A link is shown by its href if its text is a shortened form of it (Mastodon's .invisible and .ellipsis
 * spans), as "text <href>" if it differs, as text alone if it is a mention or hashtag (class mention, hashtag, u-url) or no
 * http(s) link.  img: its alt text (custom emoji). Blanks folded, pre kept; no-break spaces are blanks, zero-width spaces and
 * soft hyphens nothing, joiners stay.  Cleaned by text_clean(), trimmed.
 *
 * That for HTML of at most 64 KiB in which no tag is misplaced.  Other HTML (htmlguard.h) keeps its text, line
 * ends and alt texts, and loses marks, hrefs and hiding; what a browser would swallow to the end of the text (a
 * tag, comment or <script> that is never closed) is shown as it was typed.  Over TEXT_HTML_MAX bytes it is cut.
 *
 * CPU, and the event loop waits for it: a post of 3 KB 0.5 ms; the worst of 64 KiB that gumbo gets 21 ms, the worst
 * of TEXT_HTML_MAX bytes that it does not 53 ms (the slowest that a search by generator found). */
#define TEXT_HTML_MAX (192 * 1024)                   /* no network allows more: Facebook 63 206 characters */
char *text_from_html(const char *html, size_t size);

/* Escaped text with <br> for line ends. */
char *text_to_html(const char *text);

/* X weighs: of the Latin and most other alphabets a character is 1, of the rest 2, an emoji 2 whatever it is made of
 * (twitter-text version 3). */
enum text_unit { TEXT_GRAPHEMES = 1, TEXT_CODE_POINTS = 2, TEXT_UTF16 = 3, TEXT_BYTES = 4, TEXT_X_WEIGHTED = 5 };
uint64_t text_length(const char *text, enum text_unit unit);

/* Length as a network counts it: each http(s) URL as url_length (0: as it is), @user@domain as @user if
 * handle_is_local.  Never less than the network will count, a little more where non-ASCII touches a URL.  For X names of
 * hosts are URLs, too; less than X counts it only what it does not know: a URL whose top-level domain is none, an emoji
 * that nobody has. */
uint64_t text_weighted_length(const char *text, enum text_unit unit, uint64_t url_length, bool handle_is_local);

/* The size of what is no ordinary text at s, else 0: a blank (no-break spaces are some), or a character that shows
 * nothing and carries nothing: soft hyphen, zero-width space, word joiner, byte order mark; but not U+200C and U+200D,
 * which shape scripts and join emoji.  Networks and HTML fold the ones and drop the others. */
size_t text_special(const char *s, bool *ret_blank);

/* At most max graphemes; "…" (U+2026) in place of the last if cut; never inside a grapheme.  No grapheme is let
 * grow over 64 code points: a stack of combining marks is cut there. */
char *text_ellipsize(const char *text, size_t max);

/* The first line that says something, folded to one line, handles at its front left out unless nothing else
 * is there; at most max graphemes. */
char *text_title(const char *text, size_t max);

/* Equal for two texts that differ only in what networks change: case, blanks, formatting marks, the domains of handles,
 * links. */
char *text_essence(const char *text);

/* On one line, controls as blanks; at most max code points; "-" if it shows nothing. */
char *text_line(const char *text, size_t max);

/* Each word replaced by the one behind it, in one pass, so that what was put in is not looked at; of two that begin at the same
 * place the longer.  NULL ends the words.  The text as it is if it would have more than max bytes then. */
char *text_replace(const char *text, const char *const *words, size_t max);

/* What is in a text at these bytes.  A link is an http(s) URL without the marks of the sentence behind it; a name is '@' and what
 * may be the name of a host; a tag is '#' and more than digits.  The last two begin where a word does. */
enum text_span_kind { TEXT_NONE = 0, TEXT_LINK = 1, TEXT_NAME = 2, TEXT_TAG = 3 };
struct text_span {
        enum text_span_kind kind;
        int64_t from, to;                            /* half open */
        const char *url;                             /* text_show_links() only: where it leads */
};
bool text_next_span(const char *text, struct text_span *span);       /* behind the one that it is; all 0: the first */

/* With where its links lead, behind what is shown of them, or in its place where that is no more than the URL shortened.  Links
 * may overlap, lie beyond the text or inside a character: those say nothing. */
char *text_show_links(const char *text, const struct text_span *links, size_t n);

/* With a NUL behind it; decode: NULL for what is no base64.  That may also be of the alphabet for URLs, and without padding. */
char *text_base64_encode(const void *data, size_t size);
char *text_base64_decode(const char *base64, size_t *ret_size);

char *text_percent_encode(const char *s);            /* all but A-Z a-z 0-9 - . _ ~ */
char *text_percent_decode(const char *s);            /* what is no escape stays as it is */

/* RFC 3339 with any zone ("Z", "+01:00", "+0100"), or "YYYY-MM-DD HH:MM:SS" as UTC; microseconds since 1970;
 * 0 or -EINVAL. */
int text_parse_time(const char *s, int64_t *ret_usec);
char *text_format_time(int64_t usec);                /* "2026-11-22 01:02:03 UTC" */
char *text_format_rfc3339(int64_t usec);             /* "2026-11-22T01:02:03.004Z"; what was before 1970 is its beginning */

/* "30s", "1h 30m", "250ms", "0", with us, ms, s, m, h, d, w; "512", "512K", "10M", "1G", "1T" (powers of 1024).
 * 0, -EINVAL or -ERANGE. */
int text_parse_duration(const char *s, int64_t *ret_usec);
int text_parse_size(const char *s, int64_t *ret_bytes);
char *text_format_duration(int64_t usec);            /* in the largest unit that is exact; "250ms", "90s", "2h" */

/* The candidate (NULL-terminated list) nearest to name, or NULL if none is near enough to be meant. */
const char *text_nearest(const char *name, const char *const *candidates);

uint64_t text_hash(const char *s);                   /* FNV-1a: to tell texts apart that nobody makes to meet; stays as it is */

#endif
