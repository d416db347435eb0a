/* SPDX-License-Identifier: MIT
 *
 * HTML of posts and notes, made text: text_from_html(), htmlguard, text_to_html().
 */
#include "fuzz.h"

#include "base/htmlguard.h"
#include "base/text.h"

/* A line end in <pre> that stands in quotes and lists makes the most of one byte: the marks of 8 levels twice. */
#define GROWTH 40

static const char *const shown_as_nothing[] = {
        " ", "\n", "\t", "\r", "\f", "\xc2\xa0", "\xc2\xad", "\xe2\x80\x8b", "\xe2\x81\xa0", "\xef\xbb\xbf",
};

/* What is to be seen of a text when blanks do not count. */
static char *visible(const char *text)
{
        char *out = xmalloc(strlen(text) + 1), *at = out;

        while (*text) {
                size_t n = 0;

                for (size_t i = 0; i < ELEMENTSOF(shown_as_nothing) && n == 0; i++)
                        if (startswith(text, shown_as_nothing[i]))
                                n = strlen(shown_as_nothing[i]);
                if (n == 0)
                        *at++ = *text++;
                text += n;
        }
        *at = '\0';
        return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *html = (const char *) data;
        _cleanup_free_ char *text = text_from_html(html, size), *clean = text_clean(text, strlen(text));
        _cleanup_free_ char *again = NULL, *back = NULL, *seen = visible(text), *seen_back = NULL;

        MUST(fuzz_is_utf8(text));
        MUST(streq(text, clean));
        MUST(strlen(text) <= size * GROWTH);
        MUST(!*text || (!strchr(" \t\n", text[0]) && !strchr(" \t\n", text[strlen(text) - 1])));

        /* A network shows a text that we gave it as it was: so a post is known again. */
        again = text_to_html(text);
        MUST(!fuzz_has(again, "\"'\n"));
        back = text_from_html(again, strlen(again));
        seen_back = visible(back);
        if (strlen(again) <= HTMLGUARD_SIZE_MAX)
                MUST(streq(seen, seen_back));
        return 0;
}
