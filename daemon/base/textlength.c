/* SPDX-License-Identifier: MIT
 *
 * How long a text is, in the unit and with the discounts of the network that will count it.  Owns nothing;
 * anyone may call it.  Where a network's own counter cannot be matched in full, this one counts more, never
 * less: a reply is then split one word early, instead of being refused.
 *
 * X weighs code points and emoji, and takes names of hosts for URLs, too (twitter-text, version 3).
 */
#define _GNU_SOURCE 1   /* memrchr(3) */
#include "base/text.h"

#include <ctype.h>
#include <strings.h>
#include <unictype.h>
#include <unigbrk.h>
#include <uninorm.h>
#include <unistr.h>

#define LATIN_LAST 0x24f
#define X_LABEL_MAX 63         /* bytes of a part of a host's name (RFC 1035): with a longer one, X sees no URL */
#define X_HOST_MAX 1024        /* in bytes of UTF-8; more is not looked through again at each of its words */
#define X_URL_MAX 4096         /* of the whole: likewise */
#define X_SHORT_MAX 40         /* of what names a page of t.co: likewise */

/* Alike in all units but for "\r\n", which is one grapheme. */
static bool is_plain_ascii(const char *s, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if ((s[i] & 0x80) || s[i] == '\r')
                        return false;
        return true;
}

/* Behind the code point at s if it is one of these, else s. */
static const char *skip(const char *s, const char *end, ucs4_t first, ucs4_t last)
{
        ucs4_t c;
        int n = s < end ? u8_mbtouc(&c, (const uint8_t *) s, (size_t) (end - s)) : 0;

        return n > 0 && c >= first && c <= last ? s + n : s;
}

/* Behind the emoji at s, with what changes its looks; s if there is none. */
static const char *one_emoji_end(const char *s, const char *end)
{
        ucs4_t c = 0, modifier = 0;
        const char *behind = s + u8_mbtouc(&c, (const uint8_t *) s, (size_t) (end - s));
        const char *look = skip(behind, end, 0xfe0f, 0xfe0f), *more;

        if (c == '#' || c == '*' || (c >= '0' && c <= '9')) {
                more = skip(look, end, 0x20e3, 0x20e3);          /* a key */
                return more > look ? more : s;
        }
        if (c >= 0x1f1e6 && c <= 0x1f1ff) {
                more = skip(behind, end, 0x1f1e6, 0x1f1ff);      /* a flag in two letters */
                return more > behind ? more : s;
        }
        if (!uc_is_property_extended_pictographic(c) || (c < 0x2000 && look == behind))
                return s;                                        /* (c) and (r) are text by themselves */
        if (behind < end)
                u8_mbtouc(&modifier, (const uint8_t *) behind, (size_t) (end - behind));
        if (uc_is_property_emoji_modifier(modifier) && uc_is_property_emoji_modifier_base(c))
                return skip(behind, end, modifier, modifier);
        if (c == 0x1f3f4)                                        /* a flag, with its region in tags */
                while ((more = skip(look, end, 0xe0020, 0xe007f)) > look)
                        look = more;
        return look;
}

/* The same of all that joiners put together. */
static const char *emoji_end(const char *s, const char *end)
{
        const char *behind = one_emoji_end(s, end);

        while (behind > s) {
                const char *joined = skip(behind, end, 0x200d, 0x200d);
                const char *next = joined > behind && joined < end ? one_emoji_end(joined, end) : joined;

                if (next == joined)
                        break;
                behind = next;
        }
        return behind;
}

static bool is_light(ucs4_t c)
{
        return c <= 4351 || (c >= 8192 && c <= 8205) || (c >= 8208 && c <= 8223) || (c >= 8242 && c <= 8247);
}

static uint64_t x_length_of(const char *s, const char *end)
{
        uint64_t n = 0;

        while (s < end) {
                const char *behind = emoji_end(s, end);
                ucs4_t c = 0;

                if (behind == s)
                        behind = s + u8_mbtouc(&c, (const uint8_t *) s, (size_t) (end - s));
                n += c > 0 && is_light(c) ? 1 : 2;
                s = behind;
        }
        return n;
}

static uint64_t length_of(const char *s, size_t size, enum text_unit unit)
{
        uint64_t n = 0;

        if (unit == TEXT_BYTES || is_plain_ascii(s, size))
                return size;
        if (unit == TEXT_X_WEIGHTED)
                return x_length_of(s, s + size);

        if (unit == TEXT_GRAPHEMES) {
                /* Not u8_grapheme_next(): in libunistring 1.0 it looks at two code points only, and takes
                 * a flag for two graphemes and a family for three. */
                _cleanup_free_ char *breaks = xmalloc(size);

                u8_grapheme_breaks((const uint8_t *) s, size, breaks);
                for (size_t i = 1; i < size; i++)
                        n += breaks[i] != 0;
                return n + 1;          /* GB1: there is always a break before the first */
        }

        for (size_t i = 0; i < size; n++) {
                ucs4_t c;

                i += (size_t) u8_mbtouc(&c, (const uint8_t *) s + i, size - i);
                n += unit == TEXT_UTF16 && c > 0xffff;
        }
        return n;
}

/* Malloced: as X counts it, in composed characters. */
static char *compose(const char *text)
{
        size_t size;
        uint8_t *composed = u8_normalize(UNINORM_NFC, (const uint8_t *) text, strlen(text), NULL, &size);
        char *out = composed ? xstrndup((char *) composed, size) : xstrdup(text);

        free(composed);
        return out;
}

uint64_t text_length(const char *text, enum text_unit unit)
{
        _cleanup_free_ char *composed = NULL;

        if (unit == TEXT_X_WEIGHTED)
                text = composed = compose(text);
        return length_of(text, strlen(text), unit);
}

static uint64_t add(uint64_t a, uint64_t b)
{
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;   /* url_length comes from a server */
}

static bool is_word(char c)
{
        return isalnum((unsigned char) c) || c == '_';
}

/* The end of the http(s) URL at s, or s if there is none.  Mastodon counts with twitter-text, which wants a
 * host with a dot and leaves out the punctuation behind; non-ASCII ends it here and counts by itself. */
static const char *url_end(const char *s)
{
        size_t scheme = strncasecmp(s, "https://", 8) == 0 ? 8 : strncasecmp(s, "http://", 7) == 0 ? 7 : 0;
        const char *host = s + scheme, *host_end = host, *end;
        int parentheses = 0;

        if (scheme == 0)
                return s;
        while (is_word(*host_end) || *host_end == '-' || *host_end == '.')
                host_end++;

        const char *dot = memchr(host, '.', (size_t) (host_end - host));
        if (!dot || dot == host || !is_word(dot[1]))
                return s;

        for (end = host_end; *end > ' ' && *end < 0x7f && !strchr("<>\"'`{}|\\^", *end); end++)
                parentheses += *end == '(' ? 1 : *end == ')' ? -1 : 0;
        while (end > host && strchr(".,;:!?)*~", end[-1])) {
                /* "(see https://x.example/a_(b))": only the last one is not part of it. */
                if (end[-1] == ')' && parentheses++ >= 0)
                        break;
                end--;
        }
        return end;
}

static bool is_letter(ucs4_t c)
{
        return c >= 0x80 && uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N);
}

/* Whether X takes it for a label of a host's name: the last two have no underscores. */
static bool is_label(const char *s, const char *end, bool last)
{
        size_t size = (size_t) (end - s);

        if (size == 0 || size > X_LABEL_MAX || strchr("-_", *s) || strchr("-_", end[-1]))
                return false;
        if (!last || strncasecmp(s, "xn--", 4) == 0)
                return true;
        for (; s < end; s++)
                if (strchr("-_0123456789", *s))
                        return false;
        return size >= 2;
}

enum host { HOST_ASCII, HOST_BARE, HOST_ANY };   /* of a bare one X takes no label but the last in another script than Latin */

/* Behind the name of a host as X knows them, of two labels at least; else s. */
static const char *x_host_end(const char *s, enum host kind)
{
        const char *label = s, *before = NULL, *end = s, *all = s + strlen(s);
        bool other_script = false;

        for (;;) {
                ucs4_t c = 0;
                int n = end < all ? u8_mbtouc(&c, (const uint8_t *) end, (size_t) (all - end)) : 0;

                if (c == '-' || (n == 1 ? is_word((char) c) : n > 1 && kind != HOST_ASCII && is_letter(c))) {
                        other_script = other_script || c > LATIN_LAST;
                        end += n;
                        if (end - s > X_HOST_MAX)
                                return s;
                        continue;
                }
                if (c != '.' || (kind == HOST_BARE && other_script)
                    || (!is_word(end[1]) && (kind == HOST_ASCII || !(end[1] & 0x80))))
                        break;
                if (!is_label(label, end, false))
                        return s;
                before = label;
                label = ++end;
        }
        return before && !memchr(before, '_', (size_t) (end - before)) && is_label(label, end, true) ? end : s;
}

/* Of X's own short links only letters and digits are part. */
static const char *x_short_end(const char *host, const char *end)
{
        const char *slug = host + strlen("t.co/");

        if (strncasecmp(host, "t.co/", strlen("t.co/")) != 0 || slug > end)
                return end;
        for (end = slug; isalnum((unsigned char) *end); end++)
                ;
        return end - slug <= X_SHORT_MAX ? end : host;
}

/* As url_end() for X, and what it counts.  Without a scheme it is one if the last label is in X's list; here any is, and
 * counts what is more. */
static const char *x_url_end(const char *s, char before, uint64_t url_length, uint64_t *ret_length)
{
        size_t scheme = strncasecmp(s, "https://", 8) == 0 ? 8 : strncasecmp(s, "http://", 7) == 0 ? 7 : 0;
        const char *host = s + scheme, *end = url_end(s), *ascii_end, *any_end;

        if (strchr("@#$", before) || (!scheme && strchr("-./", before)))
                return s;
        ascii_end = x_host_end(host, HOST_ASCII);
        if (scheme && end > s && ascii_end > host) {
                while (end > ascii_end && !isalnum((unsigned char) end[-1]) && !strchr("=_#/+-&)", end[-1]))
                        end--;
                end = x_short_end(host, end);
                *ret_length = url_length;
                return end > host && end - s <= X_URL_MAX ? end : s;
        }
        any_end = ascii_end > host ? ascii_end : x_host_end(host, scheme ? HOST_ANY : HOST_BARE);
        if (any_end == host || *any_end == '@')
                return s;
        if (any_end > ascii_end)       /* where in its last label the text goes on, only X's list could tell */
                url_length = add(url_length, x_length_of(memrchr(host, '.', (size_t) (any_end - host)), any_end) - 1);
        *ret_length = MAX(url_length, x_length_of(s, any_end));
        return any_end;
}

/* With s at an '@': where "@user" ends, and where "@user@domain" does (the same if there is no domain). */
static const char *handle_end(const char *s, const char **ret_user_end)
{
        const char *user = s + 1, *end = user, *domain;

        while (is_word(*end) || *end == '-' || *end == '.')
                end++;
        while (end > user && !is_word(end[-1]))
                end--;
        *ret_user_end = end;
        if (end == user || *end != '@')
                return end;

        domain = end + 1;
        for (end = domain; is_word(*end) || *end == '-' || *end == '.'; end++)
                ;
        while (end > domain && !is_word(end[-1]))
                end--;
        return end - domain >= 2 ? end : *ret_user_end;
}

uint64_t text_weighted_length(const char *text, enum text_unit unit, uint64_t url_length, bool handle_is_local)
{
        _cleanup_free_ char *composed = unit == TEXT_X_WEIGHTED ? compose(text) : NULL;
        const char *counted;           /* up to here all is in length */
        uint64_t length = 0;

        text = counted = composed ? composed : text;
        for (const char *s = text; *s; ) {
                char before = s > text ? s[-1] : ' ';

                if (url_length > 0 && is_word(*s) && !is_word(before) && before != '@') {
                        uint64_t weight = url_length;
                        const char *end = composed ? x_url_end(s, before, url_length, &weight) : url_end(s);

                        if (end > s) {
                                length = add(length, length_of(counted, (size_t) (s - counted), unit));
                                length = add(length, weight);
                                counted = s = end;
                                continue;
                        }
                } else if (handle_is_local && *s == '@' && !is_word(before) && before != '=' && before != '/') {
                        const char *user_end, *end = handle_end(s, &user_end);

                        length = add(length, length_of(counted, (size_t) (user_end - counted), unit));
                        counted = end;
                        s = MAX(end, s + 1);
                        continue;
                }
                s++;
        }
        return add(length, length_of(counted, strlen(counted), unit));
}
