/* SPDX-License-Identifier: MIT
 *
 * Texts as the guard reads them.  Whoever types a number in Arabic digits, with wide blanks or behind an invisible character has
 * typed that number.  Owns nothing; called by the files of the guard.
 */
#define _GNU_SOURCE 1   /* memmem(3) */
#include "flow/guard_text.h"

#include "base/buffer.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define CHUNK_MAX 256            /* bytes that are normalised together: a letter with its marks */
#define GAP_MAX 3                /* between the groups of one number: "030 / 1234", "(030) 1234" */
#define RUN_MAX 32               /* groups of one number, and more than any has */
#define LINK_MAX 2048            /* bytes; as much of a link is looked through for its beginning */
#define SCRIPTS_APART 0x590      /* from here on letters next to digits do not make a code of them */
#define SHORT_LINE 60            /* bytes; the end of a shorter line is not where a mail program has broken it */

/* --- Plain --- */

static bool is_mark(ucs4_t c)
{
        /* Hangul vowels and finals */
        return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M) || (c >= 0x1160 && c <= 0x11ff);
}

/* Where plain grows, and from beside it. */
struct plain {
        struct buffer text;
        uint32_t *from;
        size_t allocated;
};

static void put(struct plain *p, size_t at, const char *bytes, size_t n)
{
        if (p->text.size + n >= p->allocated) {
                p->allocated = p->text.size + n + p->allocated;
                p->from = xrealloc(p->from, p->allocated * sizeof *p->from);
        }
        for (size_t i = 0; i < n; i++)
                p->from[p->text.size + i] = (uint32_t) at;
        (void) buffer_append(&p->text, bytes, n);
}

static void put_code_point(struct plain *p, size_t at, ucs4_t c)
{
        char bytes[8];

        if (c == '\n' || (c >= ' ' && c < 0x7f))
                bytes[0] = (char) c;
        else if (c == '\t' || uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Zs))
                bytes[0] = ' ';
        else if (uc_decimal_value(c) >= 0)
                bytes[0] = (char) ('0' + uc_decimal_value(c));
        else if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Pd) || c == 0x2212)
                bytes[0] = '-';
        else if (c == 0xb7 || c == 0x2027)
                bytes[0] = '.';
        else if (c == 0x20e3 || uc_is_property_default_ignorable_code_point(c)
                 || uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cf))
                return;                  /* 0x20e3 is the cap around the digit of a key */
        else {
                put(p, at, bytes, (size_t) u8_uctomb((uint8_t *) bytes, c, sizeof bytes));
                return;
        }
        put(p, at, bytes, 1);
}

static void put_chunk(struct plain *p, size_t at, const uint8_t *s, size_t size)
{
        uint8_t room[CHUNK_MAX * 4], *normal;
        size_t n = sizeof room;

        normal = u8_normalize(UNINORM_NFKC, s, size, room, &n);
        if (!normal && errno == EILSEQ) {
                put_code_point(p, at, 0xfffd);
                return;
        }
        if (!normal)
                out_of_memory();
        for (size_t i = 0; i < n; ) {
                ucs4_t c;

                i += (size_t) u8_mbtouc(&c, normal + i, n - i);
                put_code_point(p, at, c);
        }
        if (normal != room)
                free(normal);
}

static void make_plain(struct arena *a, struct guard_text *t, const char *text, size_t size)
{
        struct plain p = { BUFFER_INIT(SIZE_MAX), xmalloc((size + 1) * sizeof *p.from), size + 1 };
        const uint8_t *s = (const uint8_t *) text;

        for (size_t i = 0; i < size; ) {
                size_t end = i;
                ucs4_t c;

                if (s[i] < 0x80 && (i + 1 == size || s[i + 1] < 0x80)) {
                        put_code_point(&p, i, s[i]);
                        i++;
                        continue;
                }
                end += (size_t) u8_mbtouc(&c, s + i, size - i);
                while (end < size && end - i < CHUNK_MAX - 8) {
                        int n = u8_mbtouc(&c, s + end, size - end);

                        if (!is_mark(c))
                                break;
                        end += (size_t) n;
                }
                put_chunk(&p, i, s + i, end - i);
                i = end;
        }
        t->size = p.text.size;
        p.from[t->size] = (uint32_t) size;
        t->from = (uint32_t *) arena_take(a, (char *) p.from);
        t->plain = arena_take(a, buffer_take(&p.text));
}

/* --- Words --- */

/* Without case and accents; of what is no ASCII into malloced memory. */
static const char *fold(const char *s, size_t size, char *room, size_t room_size, size_t *ret_size, char **ret_malloced)
{
        size_t n = 0, kept = 0, i = 0;
        uint8_t *folded;

        while (i < size && i < room_size && !((unsigned char) s[i] & 0x80)) {
                room[i] = (char) tolower((unsigned char) s[i]);
                i++;
        }
        if (i == size) {
                *ret_size = size;
                return room;
        }
        folded = u8_casefold((const uint8_t *) s, size, NULL, UNINORM_NFKD, NULL, &n);
        if (!folded)
                out_of_memory();
        for (i = 0; i < n; ) {
                ucs4_t c;
                size_t length = (size_t) u8_mbtouc(&c, folded + i, n - i);

                if (!uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Mn)) {
                        memmove(folded + kept, folded + i, length);
                        kept += length;
                }
                i += length;
        }
        *ret_size = kept;
        return *ret_malloced = (char *) folded;
}

static uint64_t hash_of(const char *s, size_t size)
{
        uint64_t hash = UINT64_C(14695981039346656037);

        for (size_t i = 0; i < size; i++)
                hash = (hash ^ (unsigned char) s[i]) * UINT64_C(1099511628211);
        return hash;
}

/* "Hauptstrasse", "Hauptstr.", "Main Street", "Main St." */
static size_t shorten_street(const char *word, size_t size)
{
        if (size > 7 && !memcmp(word + size - 7, "strasse", 7))
                return size - 4;
        if (size == 6 && !memcmp(word, "street", 6))
                return 2;
        return size;
}

#define GROW(list, n, allocated) ({                                                                         \
        if ((n) == (allocated)) {                                                                           \
                (allocated) = MAX((allocated) * 2, (size_t) 64);                                            \
                (list) = xrealloc((list), (allocated) * sizeof *(list));                                    \
        } })

static void add_word(struct guard_text *t, size_t *allocated, size_t start, size_t end, bool alone, bool sentence)
{
        char room[64];
        _cleanup_free_ char *malloced = NULL;
        size_t size;
        const char *word = fold(t->plain + start, end - start, room, sizeof room, &size, &malloced);

        GROW(t->words, t->n_words, *allocated);
        t->words[t->n_words++] = (struct guard_word) {
                .at = { start, end },
                .hash = hash_of(word, shorten_street(word, size)),
                .weight = alone ? 1 : guard_is_common(word, size) ? 0 : GUARD_WEIGHT,
                .sentence = sentence,
        };
}

/* Scripts that set no blanks between words: what one writes there in a character is about a word. */
static bool is_alone(ucs4_t c)
{
        return uc_is_property_ideographic(c) || (c >= 0x3040 && c <= 0x30ff);
}

static void make_words(struct arena *a, struct guard_text *t)
{
        const uint8_t *s = (const uint8_t *) t->plain;
        size_t line = 0, start = SIZE_MAX, allocated = 0;
        bool sentence = true;

        for (size_t i = 0; i < t->size; ) {
                ucs4_t c;
                size_t length = (size_t) u8_mbtouc(&c, s + i, t->size - i);
                bool part = c < 0x80 ? isalnum((int) c)
                                     : uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M
                                                                                   | UC_CATEGORY_MASK_N);
                bool alone = part && c >= 0x80 && is_alone(c);

                if (start != SIZE_MAX && (!part || alone)) {
                        add_word(t, &allocated, start, i, false, sentence);
                        start = SIZE_MAX;
                        sentence = false;
                }
                if (alone) {
                        add_word(t, &allocated, i, i + length, true, sentence);
                        sentence = false;
                } else if (part && start == SIZE_MAX) {
                        start = i;
                }
                i += length;
                if (c == '\n') {
                        sentence |= i - line < SHORT_LINE || s[i] == '\n';
                        line = i;
                } else if (c == '!' || c == '?' || c == ':' || c == ';' || c == 0x3002
                           || ((c == '.' || c == 0x2026) && (s[i] == ' ' || s[i] == '\n'))) {
                        sentence = true;
                }
        }
        if (start != SIZE_MAX)
                add_word(t, &allocated, start, t->size, false, sentence);
        t->words = (struct guard_word *) arena_take(a, (char *) t->words);
}

bool guard_has_words(const struct guard_text *other, const struct guard_text *t, size_t first, size_t end)
{
        size_t n = end - first;

        for (size_t i = 0; n > 0 && i + n <= other->n_words; i++) {
                size_t k = 0;

                while (k < n && other->words[i + k].hash == t->words[first + k].hash)
                        k++;
                if (k == n)
                        return true;
        }
        return false;
}

/* The first word that ends behind at. */
static size_t word_behind(const struct guard_text *t, size_t at)
{
        size_t low = 0, high = t->n_words;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (t->words[middle].at.end <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

void guard_words_of(const struct guard_text *t, struct guard_span at, size_t *ret_first, size_t *ret_end)
{
        size_t end = *ret_first = word_behind(t, at.start);

        while (end < t->n_words && t->words[end].at.start < at.end)
                end++;
        *ret_end = end;
}

const char *guard_bare(struct arena *a, const char *s, size_t size)
{
        char room[64];
        _cleanup_free_ char *malloced = NULL;
        size_t n, kept = 0;
        const char *folded = fold(s, size, room, sizeof room, &n, &malloced);
        char *bare = arena_alloc(a, n + 1);

        for (size_t i = 0; i < n; i++)
                if ((unsigned char) folded[i] >= 0x80 || isalnum((unsigned char) folded[i]))
                        bare[kept++] = folded[i];
        return bare;
}

/* --- Digits --- */

static bool is_letter_at(const struct guard_text *t, size_t at)
{
        ucs4_t c;

        if (at >= t->size)
                return false;
        (void) u8_mbtouc(&c, (const uint8_t *) t->plain + at, t->size - at);
        return c == '_'
               || (c < 0x80 ? isalpha((int) c) : c < SCRIPTS_APART && uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L));
}

static bool is_letter_before(const struct guard_text *t, size_t at)
{
        if (at == 0)
                return false;
        do
                at--;
        while (at > 0 && ((unsigned char) t->plain[at] & 0xc0) == 0x80);
        return is_letter_at(t, at);
}

/* Not ". " or ", ", behind which something else begins. */
static bool is_gap(const char *s, size_t size)
{
        bool blank = false, point = false;
        unsigned lines = 0;

        if (size == 0 || size > GAP_MAX)
                return false;
        for (size_t i = 0; i < size; i++) {
                if (!strchr(" -./()\n", s[i]))
                        return false;
                blank |= s[i] == ' ' || s[i] == '\n';
                point |= s[i] == '.';
                lines += s[i] == '\n';
        }
        return !(blank && point) && lines < 2;
}

static void make_groups(struct arena *a, struct guard_text *t)
{
        size_t allocated = 0, end = 0;

        for (size_t i = 0; i < t->size; ) {
                size_t start = i;

                while (i < t->size && isdigit((unsigned char) t->plain[i]))
                        i++;
                if (i == start) {
                        i++;
                        continue;
                }
                GROW(t->groups, t->n_groups, allocated);
                t->groups[t->n_groups] = (struct guard_group) {
                        .at = { start, i },
                        .glued = is_letter_before(t, start) || is_letter_at(t, i),
                        .joined = t->n_groups > 0 && is_gap(t->plain + end, start - end),
                };
                t->n_groups++;
                end = i;
        }
        t->groups = (struct guard_group *) arena_take(a, (char *) t->groups);
}

size_t guard_run(const struct guard_text *t, size_t group)
{
        size_t end = group + 1;

        while (end < t->n_groups && end - group < RUN_MAX && t->groups[end].joined)
                end++;
        return end;
}

bool guard_in_link(const struct guard_text *t, size_t at)
{
        size_t start = at;

        while (start > 0 && at - start < LINK_MAX && t->plain[start - 1] != ' ' && t->plain[start - 1] != '\n')
                start--;
        return memmem(t->plain + start, at - start, "://", 3) || memmem(t->plain + start, at - start, "www.", 4);
}

static bool is_optional(const struct guard_text *t, size_t group)
{
        const struct guard_span *at = &t->groups[group].at;

        return group > 0 && at->end - at->start == 1 && t->plain[at->start] == '0' && t->plain[at->start - 1] == '('
               && t->plain[at->end] == ')';
}

bool guard_digits_into(char *buffer, size_t size, const struct guard_text *t, size_t first, size_t end)
{
        size_t n = 0;

        for (size_t i = first; i < end; i++) {
                size_t more = t->groups[i].at.end - t->groups[i].at.start;

                if (i > first && is_optional(t, i))
                        continue;
                if (n + more >= size)
                        return false;
                memcpy(buffer + n, t->plain + t->groups[i].at.start, more);
                n += more;
        }
        buffer[n] = '\0';
        return true;
}

const char *guard_digits(struct arena *a, const struct guard_text *t, size_t first, size_t end)
{
        size_t size = end > first ? t->groups[end - 1].at.end - t->groups[first].at.start + 1 : 1;
        char *digits = arena_alloc(a, size);

        (void) guard_digits_into(digits, size, t, first, end);
        return digits;
}

const struct guard_text *guard_text(struct arena *a, const char *text)
{
        struct guard_text *t = arena_alloc(a, sizeof *t);

        make_plain(a, t, text, strlen(text));
        make_words(a, t);
        make_groups(a, t);
        return t;
}
