/* SPDX-License-Identifier: MIT
 *
 * What a text shares with an internal note: six words in a row, or most of a short sentence.  Words that are said to everybody
 * count as words, but do not make it worth to be told.  Owns nothing; called by flow/guard.
 */
#include "flow/guard_text.h"

#define ROW 6                    /* words in a row */
#define SHORT 10                 /* a sentence of fewer words: 60 % of them are enough, and at least three */
#define ROW_MIN 3
#define WEIGHT_MIN (2 * GUARD_WEIGHT)

struct guard_shingles {
        struct arena *arena;
        const struct guard_text *text;
        struct {
                uint32_t *slots;                 /* where a row of so many words begins first, plus 1 */
                size_t mask;
        } tables[ROW + 1];
};

struct guard_shingles *guard_shingles(struct arena *a, const struct guard_text *t)
{
        struct guard_shingles *s = arena_alloc(a, sizeof *s);

        *s = (struct guard_shingles) { .arena = a, .text = t };
        return s;
}

static uint64_t hash_of(const struct guard_word *words, size_t n)
{
        uint64_t hash = 0;

        for (size_t i = 0; i < n; i++)
                hash = (hash ^ words[i].hash) * UINT64_C(0x9e3779b97f4a7c15);
        return hash ^ hash >> 32;
}

static bool equal(const struct guard_word *a, const struct guard_word *b, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (a[i].hash != b[i].hash)
                        return false;
        return true;
}

/* The slot that has these words, or is free for them. */
static uint32_t *slot_of(const struct guard_shingles *s, const struct guard_word *words, size_t n)
{
        size_t mask = s->tables[n].mask, at = hash_of(words, n) & mask;

        while (s->tables[n].slots[at] && !equal(&s->text->words[s->tables[n].slots[at] - 1], words, n))
                at = (at + 1) & mask;
        return &s->tables[n].slots[at];
}

static void make_table(struct guard_shingles *s, size_t n)
{
        size_t size = 16;

        while (size < 2 * s->text->n_words)
                size *= 2;
        s->tables[n].slots = arena_alloc(s->arena, size * sizeof *s->tables[n].slots);
        s->tables[n].mask = size - 1;
        for (size_t i = 0; i + n <= s->text->n_words; i++) {
                uint32_t *slot = slot_of(s, &s->text->words[i], n);

                if (!*slot)
                        *slot = (uint32_t) i + 1;
        }
}

/* Looks for n words of the note in the text, at any of the places from first to last.  *ret_at is behind what it has looked at.
 */
static bool find(struct guard_shingles *s, const struct guard_text *note, size_t n, size_t first, size_t last, size_t *ret_at,
                 size_t *ret_first, size_t *ret_end)
{
        const struct guard_text *t = s->text;

        if (!s->tables[n].slots)
                make_table(s, n);
        for (size_t i = first; i <= last && i + n <= note->n_words; ) {
                uint32_t slot = *slot_of(s, &note->words[i], n);
                size_t begin = slot - 1, size = n;
                unsigned weight = 0;

                if (!slot) {
                        i++;
                        continue;
                }
                while (i + size < note->n_words && begin + size < t->n_words
                       && note->words[i + size].hash == t->words[begin + size].hash)
                        size++;
                for (size_t k = begin; k < begin + size; k++)
                        weight += t->words[k].weight;
                i += size - n + 1;
                if (weight >= WEIGHT_MIN) {
                        *ret_first = begin;
                        *ret_end = begin + size;
                        *ret_at = i + n - 1;
                        return true;
                }
        }
        return false;
}

bool guard_find_shared(struct guard_shingles *s, const struct guard_text *note, size_t *from, size_t *ret_first, size_t *ret_end)
{
        for (size_t i = *from, end; i < note->n_words; i = end) {
                size_t n, need;

                for (end = i + 1; end < note->n_words && !note->words[end].sentence; )
                        end++;
                n = end - i;
                need = n >= SHORT ? ROW : MAX((n * 6 + 9) / 10, (size_t) ROW_MIN);
                /* A row of six may go on in the next sentence. */
                if ((note->words[i].sentence && n >= ROW_MIN && n < SHORT
                     && find(s, note, need, i, end - need, from, ret_first, ret_end))
                    || find(s, note, ROW, i, end - 1, from, ret_first, ret_end))
                        return true;
        }
        return false;
}
