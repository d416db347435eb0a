/* SPDX-License-Identifier: MIT
 *
 * Prints of texts, to tell whether several people are told the same: the least of 32 hashes of all pairs of neighbouring words,
 * by which the share of pairs that two texts have in common can be told (Broder's MinHash).  Owns nothing; called by flow/guard's
 * users.
 */
#define _GNU_SOURCE 1   /* memmem(3) */
#include "flow/guard.h"
#include "flow/guard_text.h"

#include <ctype.h>

#define WORDS_MIN 6              /* less is said to everybody: "Thank you, we look into it." */
#define NAME_WORDS 4             /* of a name in a salutation */

/* What stands there without a blank. */
struct token {
        size_t end, at_sign;             /* where its first '@' is, or its end */
        bool link;
};

static void take_token(const struct guard_text *t, size_t start, struct token *ret)
{
        const char *s = t->plain + start, *sign;

        while (start > 0 && s[-1] != ' ' && s[-1] != '\n') {
                s--;
                start--;
        }
        ret->end = start + strcspn(s, " \n");
        sign = memchr(s, '@', ret->end - start);
        ret->at_sign = sign ? (size_t) (sign - t->plain) : ret->end;
        ret->link = memmem(s, ret->end - start, "://", 3) || memmem(s, ret->end - start, "www.", 4);
}

static bool is_left_out(const struct guard_text *t, const struct guard_word *w, struct token *token)
{
        for (size_t i = w->at.start; i < w->at.end; i++)
                if (isdigit((unsigned char) t->plain[i]))
                        return true;
        if (w->at.start >= token->end)
                take_token(t, w->at.start, token);
        return token->link || w->at.start > token->at_sign;
}

/* The words behind "Dear", "Hallo" and the like, up to a mark or a line's end. */
static size_t skip_name(const struct guard_text *t, size_t first)
{
        size_t i = first;

        while (i < t->n_words && i - first <= NAME_WORDS) {
                const struct guard_span *at = &t->words[i++].at;
                const char *gap = t->plain + at->end + strspn(t->plain + at->end, " ");
                bool title = *gap == '.' && at->end - at->start <= 3;    /* "Dr." */

                if (*gap && strchr(",!.:;\n-", *gap) && !title)
                        return i;
        }
        return first;                    /* that was no name */
}

static uint32_t mix(uint64_t hash, uint64_t seed)
{
        hash ^= seed * UINT64_C(0x9e3779b97f4a7c15);
        hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
        return (uint32_t) (hash >> 32);
}

void guard_print_of(const char *text, struct guard_print *ret)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        const struct guard_text *t = guard_text(a, text);
        struct token token = { .end = 0 };
        uint64_t before = 0;
        size_t n = 0;

        memset(ret->min, 0xff, sizeof ret->min);
        for (size_t i = 0; i < t->n_words; ) {
                const struct guard_word *w = &t->words[i];
                const char *word = guard_bare(a, t->plain + w->at.start, w->at.end - w->at.start);
                size_t name = (w->sentence || n == 0) && guard_is_salutation(word, strlen(word)) ? skip_name(t, i) : i;

                if (name > i || is_left_out(t, w, &token)) {
                        i = MAX(name, i + 1);
                        continue;
                }
                for (size_t k = 0; n > 0 && k < ELEMENTSOF(ret->min); k++)
                        ret->min[k] = MIN(ret->min[k], mix(before * UINT64_C(31) + w->hash, k + 1));
                before = w->hash;
                n++;
                i++;
        }
        if (n < WORDS_MIN)
                memset(ret->min, 0xff, sizeof ret->min);
}

double guard_similarity(const struct guard_print *a, const struct guard_print *b)
{
        size_t same = 0;

        for (size_t i = 0; i < ELEMENTSOF(a->min); i++)
                same += a->min[i] == b->min[i] && a->min[i] != UINT32_MAX;
        return (double) same / (double) ELEMENTSOF(a->min);
}
