/* SPDX-License-Identifier: MIT
 *
 * What stays of a text when networks have done to it what they do: the letters and digits of its words, without
 * blanks, marks of formatting, the domains of handles, and links (shortened here, rewritten there).
 */
#include "base/text.h"

#include <ctype.h>
#include <unicase.h>
#include <uninorm.h>

/* Without what shows nothing, and with one kind of blank. */
static char *take_seen(const char *text)
{
        char *seen = xmalloc(strlen(text) + 1), *end = seen;

        while (*text) {
                bool blank;
                size_t special = text_special(text, &blank);

                if (special == 0)
                        *end++ = *text++;
                else if (blank)
                        *end++ = ' ';
                text += special;
        }
        *end = '\0';
        return seen;
}

char *text_essence(const char *text)
{
        _cleanup_free_ char *seen = take_seen(text);
        char *essence = xmalloc(strlen(seen) + 1), *end = essence, *word = end;
        uint8_t *folded;
        size_t n = 0;
        int ats = 0;
        bool skip = false;

        for (const char *p = seen; *p; p++) {
                if (*p == ' ') {
                        word = end;
                        ats = 0;
                        skip = false;
                } else if (startswith(p, "://")) {
                        end = word;      /* the scheme goes with the rest of the link */
                        skip = true;
                } else if (*p == '@' && ++ats == 2) {
                        skip = true;
                } else if (!skip && (isalnum((unsigned char) *p) || (unsigned char) *p >= 0x80)) {
                        *end++ = *p;
                }
        }
        *end = '\0';
        folded = u8_casefold((uint8_t *) essence, (size_t) (end - essence), NULL, UNINORM_NFC, NULL, &n);
        if (!folded)
                return essence;          /* not UTF-8: compared as it is */
        free(essence);
        essence = xstrndup((char *) folded, n);
        free(folded);
        return essence;
}
