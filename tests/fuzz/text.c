/* SPDX-License-Identifier: MIT
 *
 * Text from outside: cleaned, cut, measured, compared.  The first two bytes are a maximum and a kind.
 */
#include "fuzz.h"

#include "base/text.h"

#include <unigbrk.h>
#include <unistr.h>

#define GRAPHEME_CODE_POINTS_MAX 64

static const char ellipsis[] = "\xe2\x80\xa6";

static uint64_t graphemes(const char *s)
{
        return text_length(s, TEXT_GRAPHEMES);
}

static bool has_long_grapheme(const char *s)
{
        const uint8_t *p = (const uint8_t *) s;
        size_t size = strlen(s), code_points = 0;
        _cleanup_free_ char *breaks = xmalloc(size + 1);

        u8_grapheme_breaks(p, size, breaks);
        for (size_t i = 0; i < size; ) {
                ucs4_t c;

                code_points = breaks[i] ? 1 : code_points + 1;
                if (code_points > GRAPHEME_CODE_POINTS_MAX)
                        return true;
                i += (size_t) u8_mbtouc(&c, p + i, size - i);
        }
        return false;
}

/* Embeddings, overrides, isolates: those that have no end are taken out. */
static bool has_bidi(const char *s)
{
        for (const char *p = s; (p = strstr(p, "\xe2\x80")); p += 2)
                if ((unsigned char) p[2] >= 0xaa && (unsigned char) p[2] <= 0xae)
                        return true;
        for (const char *p = s; (p = strstr(p, "\xe2\x81")); p += 2)
                if ((unsigned char) p[2] >= 0xa6 && (unsigned char) p[2] <= 0xa9)
                        return true;
        return false;
}

static bool is_fine(const char *s, size_t size)
{
        if (u8_check((const uint8_t *) s, size))
                return false;
        for (size_t i = 0; i < size; ) {
                ucs4_t c;

                i += (size_t) u8_mbtouc(&c, (const uint8_t *) s + i, size - i);
                if ((c < ' ' && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || (c & 0xfffe) == 0xfffe
                    || (c >= 0xfdd0 && c <= 0xfdef))
                        return false;
        }
        return true;
}

static void check_clean(const char *bytes, size_t size, const char *clean)
{
        _cleanup_free_ char *again = text_clean(clean, strlen(clean));

        MUST(fuzz_is_utf8(clean));
        MUST(strlen(clean) <= size * 3);
        MUST(streq(again, clean));
        MUST(is_fine(clean, strlen(clean)));
        if (is_fine(bytes, size)) {
                _cleanup_free_ char *raw = xstrndup(bytes, size);

                MUST(has_bidi(raw) || streq(raw, clean));
        }
}

/* The beginning of a text, whole graphemes of it, and a sign if there is more. */
static void check_cut(const char *text, size_t max)
{
        _cleanup_free_ char *cut = text_ellipsize(text, max), *breaks = xmalloc(strlen(text) + 1);
        size_t size = strlen(cut), sign = strlen(ellipsis);
        bool whole = graphemes(text) <= max;

        MUST(fuzz_is_utf8(cut));
        MUST(graphemes(cut) <= max);
        MUST(size <= strlen(text) + sign);
        if (has_long_grapheme(text) || has_bidi(text))
                return;
        if (whole) {
                MUST(streq(cut, text));
                return;
        }
        MUST(max == 0 || (size >= sign && streq(cut + size - sign, ellipsis)));
        size -= max ? sign : 0;
        MUST(strncmp(cut, text, size) == 0);
        u8_grapheme_breaks((const uint8_t *) text, strlen(text), breaks);
        MUST(size == 0 || breaks[size] || strchr(" \n\t", text[size]));
}

static void check_title(const char *text, size_t max)
{
        _cleanup_free_ char *title = text_title(text, max);

        MUST(fuzz_is_utf8(title));
        MUST(!fuzz_has(title, "\n\t"));
        MUST(!strstr(title, "  "));
        MUST(graphemes(title) <= max);
}

static void check_lengths(const char *text)
{
        uint64_t n[] = { graphemes(text), text_length(text, TEXT_CODE_POINTS), text_length(text, TEXT_UTF16), strlen(text) };

        uint64_t code_points = 0, pairs = 0;

        for (const char *p = text; *p; p++) {
                code_points += ((unsigned char) *p & 0xc0) != 0x80;
                pairs += (unsigned char) *p >= 0xf0;
        }
        MUST(n[1] == code_points && n[2] == code_points + pairs && text_length(text, TEXT_BYTES) == n[3]);
        MUST(n[0] <= n[1] && (n[0] == 0) == (n[3] == 0));
        /* X: a code point is 1 or 2, an emoji of several less than they together; composed, a letter may be three. */
        MUST(text_length(text, TEXT_X_WEIGHTED) <= 6 * n[1]);
        (void) text_weighted_length(text, TEXT_X_WEIGHTED, UINT64_MAX, true);
        for (int unit = TEXT_GRAPHEMES; unit <= TEXT_BYTES; unit++) {
                uint64_t weighted = text_weighted_length(text, (enum text_unit) unit, 0, false);

                MUST(weighted == n[unit - 1]);
                (void) text_weighted_length(text, (enum text_unit) unit, UINT64_MAX, true);
                MUST(text_weighted_length(text, (enum text_unit) unit, 0, true) <= n[unit - 1] + n[3]);
        }
}

/* A text is the same as itself, also after a network has shown it, and when it was folded before. */
static void check_essence(const char *text)
{
        _cleanup_free_ char *essence = text_essence(text), *html = text_to_html(text);
        _cleanup_free_ char *shown = text_from_html(html, strlen(html)), *shown_essence = text_essence(shown);

        MUST(fuzz_is_utf8(essence));
        MUST(!fuzz_has(essence, " \n\t@:/<>"));
        MUST(streq(shown_essence, essence));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct input in = { (const char *) data, size };
        size_t max = input_byte(&in);
        _cleanup_free_ char *clean = text_clean(in.data, in.size), *raw = NULL, *escaped = NULL;

        check_clean(in.data, in.size, clean);
        check_cut(clean, max);
        check_title(clean, max);
        check_lengths(clean);
        check_essence(clean);

        /* What is not clean yet must do no harm. */
        raw = input_rest(&in);
        free(text_essence(raw));
        free(text_title(raw, max));
        free(text_ellipsize(raw, max));
        (void) text_length(raw, TEXT_GRAPHEMES);
        escaped = text_percent_encode(raw);
        MUST(strlen(escaped) <= 3 * strlen(raw));
        MUST(!escaped[strspn(escaped, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")]);
        return 0;
}
