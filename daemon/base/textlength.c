/* SPDX-License-Identifier: MIT
 *
 * How long a text is, in the unit and with the discounts of the network that will count it.  Owns nothing;
 * anyone may call it.  Where a network's own counter cannot be matched in full, this one counts more, never
 * less: a reply is then split one word early, instead of being refused.
 */
#include "base/text.h"

#include <ctype.h>
#include <strings.h>
#include <unigbrk.h>
#include <unistr.h>

/* Alike in all units but for "\r\n", which is one grapheme. */
static bool is_plain_ascii(const char *s, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if ((s[i] & 0x80) || s[i] == '\r')
                        return false;
        return true;
}

static uint64_t length_of(const char *s, size_t size, enum text_unit unit)
{
        uint64_t n = 0;

        if (unit == TEXT_BYTES || is_plain_ascii(s, size))
                return size;

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

uint64_t text_length(const char *text, enum text_unit unit)
{
        return length_of(text, strlen(text), unit);
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

static uint64_t add(uint64_t a, uint64_t b)
{
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;   /* url_length comes from a server */
}

uint64_t text_weighted_length(const char *text, enum text_unit unit, uint64_t url_length, bool handle_is_local)
{
        const char *counted = text;    /* up to here all is in length */
        uint64_t length = 0;

        for (const char *s = text; *s; ) {
                char before = s > text ? s[-1] : ' ';

                if (url_length > 0 && (*s == 'h' || *s == 'H') && !is_word(before) && before != '@') {
                        const char *end = url_end(s);

                        if (end > s) {
                                length = add(length, length_of(counted, (size_t) (s - counted), unit));
                                length = add(length, url_length);
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
