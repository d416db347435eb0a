/* SPDX-License-Identifier: MIT
 * L3, inside the guard only.  A text as the guard reads it: plain, in words, in runs of digits. */
#ifndef FLOW_GUARD_TEXT_H
#define FLOW_GUARD_TEXT_H

#include "base/arena.h"

/* Bytes of plain. */
struct guard_span {
        size_t start, end;
};

struct guard_word {
        struct guard_span at;
        uint64_t hash;                   /* of the word without case and accents */
        /* what it tells: 0 of words that everybody says, WEIGHT, or less of a character that is a word */
        unsigned weight;
        bool sentence;                   /* begins one */
};
#define GUARD_WEIGHT 4

/* A number, as far as it is written without anything in between. */
struct guard_group {
        struct guard_span at;
        bool glued;                      /* to a letter before or behind it */
        bool joined;                     /* to the group before it: little is in between */
};

struct guard_text {
        char *plain;                     /* in NFKC; digits of any script and dashes as in ASCII; nothing that does not show */
        size_t size;
        uint32_t *from;                  /* of each byte of plain, and of its end: where that is in the text */
        struct guard_word *words;
        size_t n_words;
        struct guard_group *groups;
        size_t n_groups;
};

/* bytes of a reply; no network takes more than 63 206 characters.  Longer ones are held unseen */
#define GUARD_TEXT_MAX (128 * 1024)

const struct guard_text *guard_text(struct arena *a, const char *text);

/* Groups that follow each other with little in between: a number that people write in groups.  Returns where it ends: the first
 * group that does not belong to it. */
size_t guard_run(const struct guard_text *t, size_t group);

bool guard_in_link(const struct guard_text *t, size_t at);

/* The digits of groups, one after the other, but for the "(0)" behind a country's number.  false: they do not fit. */
bool guard_digits_into(char *buffer, size_t size, const struct guard_text *t, size_t first, size_t end);
const char *guard_digits(struct arena *a, const struct guard_text *t, size_t first, size_t end);

/* Letters and digits of a part, without case and accents. */
const char *guard_bare(struct arena *a, const char *s, size_t size);

/* Whether the words first .. end of t stand in other, one after the other. */
bool guard_has_words(const struct guard_text *other, const struct guard_text *t, size_t first, size_t end);

/* The words that lie within a span: first and end. */
void guard_words_of(const struct guard_text *t, struct guard_span at, size_t *ret_first, size_t *ret_end);

/* guard_words.c */

/* What the words before a number say it is. */
enum guard_label { LABEL_NONE, LABEL_CARD, LABEL_PHONE, LABEL_OTHER };
enum guard_label guard_label(struct arena *a, const struct guard_text *t, size_t start);

bool guard_is_common(const char *word, size_t size);     /* folded: an article, "please", "inconvenience" ... */
bool guard_is_salutation(const char *word, size_t size);

/* guard_numbers.c, guard_mail.c, guard_phones.c: the first at or behind from that ends there; false: none */
bool guard_find_card(struct arena *a, const struct guard_text *t, size_t *from, struct guard_span *ret);      /* from: a group */
bool guard_find_iban(const struct guard_text *t, size_t *from, struct guard_span *ret);                        /* from: a byte */
bool guard_find_mail(const struct guard_text *t, size_t *from, struct guard_span *ret);                        /* from: a byte */
bool guard_find_phone(struct arena *a, const struct guard_text *t, size_t *from, struct guard_span *ret);      /* from: a group */
bool guard_same_phone(const char *digits, const char *others);  /* one may have the country's number, the other not */

/* guard_notes.c: words of note that stand in t, one after the other, which are too many to be chance.  from: a word of note. */
struct guard_shingles;
struct guard_shingles *guard_shingles(struct arena *a, const struct guard_text *t);
bool guard_find_shared(struct guard_shingles *s, const struct guard_text *note, size_t *from, size_t *ret_first, size_t *ret_end);

#endif
