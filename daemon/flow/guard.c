/* SPDX-License-Identifier: MIT
 *
 * The guard: lets each of its parts look for what it knows, and drops what the customer himself wrote or the configuration
 * allows. What one part has found no other finds again; and what was found and dropped is dropped for all.  Owns nothing; called
 * by flow, before anything becomes public.
 */
#include "flow/guard.h"
#include "flow/guard_text.h"

#include "base/text.h"

#include <ctype.h>

#define WORDS_SHOWN 60           /* graphemes of what was found */
#define FINDINGS_MAX 20          /* it is held in any case */
#define HITS_MAX 1000            /* that are allowed or were said; whoever writes more has not written it for people */
#define NUMBER_MAX 40            /* digits; no number that people are given is as long */
#define NUMBER_MORE 8            /* digits that the same telephone number may have more: "00", the country, a 0 */
#define NUMBER_MIN 4             /* digits of a record's number that is no telephone number: exactly so in a text */
#define NAME_MIN 3               /* bytes of a record's words */
#define STREET_MIN 8             /* bytes of a record's words that are looked for without the number at their end */

enum kind { KIND_CARD, KIND_IBAN, KIND_MAIL, KIND_PHONE, KIND_PATTERN, KIND_NUMBER, KIND_RECORD, KIND_SHARED, KIND_FILE,
            KIND_SIZE };

struct hit {
        enum kind kind;
        struct guard_span at;
        const char *what;                /* NULL: dropped */
        const char *words;
};

struct search {
        struct arena *arena;
        const struct guard_context *c;
        const struct guard_text *t;
        const char *text;
        const struct guard_text **said;
        const char **said_bare;
        unsigned checks;
        struct hit *hits;
        size_t n_hits, n_found;
};

static const struct guard_patterns everything = { .checks = GUARD_ALL };

static const struct guard_patterns *patterns_of(const struct search *s)
{
        return s->c->patterns ? s->c->patterns : &everything;
}

/* --- Numbers and words in other texts --- */

static bool is_number(const char *digits, const char *others)
{
        return streq(digits, others) || guard_same_phone(digits, others);
}

/* The next groups, from first on, that are this number; false: none are. */
static bool find_number(const struct guard_text *t, const char *digits, size_t *first, size_t *ret_end)
{
        char other[NUMBER_MAX + NUMBER_MORE + 1];
        size_t size = strlen(digits);

        for (; *first < t->n_groups; ++*first)
                for (size_t end = *first + 1, run = guard_run(t, *first); end <= run; end++) {
                        if (!guard_digits_into(other, size + NUMBER_MORE, t, *first, end))
                                break;
                        if (strlen(other) + NUMBER_MORE >= size && is_number(digits, other)) {
                                *ret_end = end;
                                return true;
                        }
                }
        return false;
}

static const char *digits_in(struct arena *a, const struct guard_text *t, struct guard_span at)
{
        size_t first = 0, end;

        while (first < t->n_groups && t->groups[first].at.start < at.start)
                first++;
        for (end = first; end < t->n_groups && t->groups[end].at.end <= at.end; )
                end++;
        return guard_digits(a, t, first, end);
}

static bool was_said(const struct search *s, enum kind kind, struct guard_span at)
{
        const char *bare = guard_bare(s->arena, s->t->plain + at.start, at.end - at.start);
        size_t first, end;

        guard_words_of(s->t, at, &first, &end);
        for (size_t i = 0; i < s->c->n_said; i++) {
                const struct guard_text *said = s->said[i];

                if (kind == KIND_CARD || kind == KIND_PHONE || kind == KIND_NUMBER) {
                        size_t from = 0, behind;
                        const char *digits = digits_in(s->arena, s->t, at);

                        if (strlen(digits) <= NUMBER_MAX && find_number(said, digits, &from, &behind))
                                return true;
                } else if (kind == KIND_RECORD || kind == KIND_SHARED) {
                        if (guard_has_words(said, s->t, first, end))
                                return true;
                } else if (*bare && strstr(s->said_bare[i], bare)) {
                        return true;
                }
        }
        return false;
}

/* --- What is allowed --- */

static bool allows_text(const struct search *s, const struct guard_pattern *p, enum kind kind, struct guard_span at)
{
        const struct guard_text *allowed = guard_text(s->arena, p->literal);
        const char *bare = guard_bare(s->arena, s->t->plain + at.start, at.end - at.start);
        size_t size = allowed->size;

        if (kind == KIND_MAIL && allowed->plain[0] == '@')       /* all of a domain */
                return at.end - at.start > size && !strncasecmp(s->t->plain + at.end - size, allowed->plain, size);
        if (kind == KIND_PHONE
            && guard_same_phone(digits_in(s->arena, s->t, at), guard_digits(s->arena, allowed, 0, allowed->n_groups)))
                return true;
        return streq(bare, guard_bare(s->arena, allowed->plain, size));
}

static bool allows_match(const struct search *s, const struct guard_pattern *p, struct guard_span at)
{
        struct guard_span match;

        for (size_t from = 0; guard_pattern_match(p, s->t->plain, s->t->size, from, &match.start, &match.end) > 0;
             from = MAX(match.end, from + 1)) {
                if (match.start <= at.start && match.end >= at.end)
                        return true;
                if (match.start > at.start || match.end >= s->t->size)
                        return false;
        }
        return false;
}

static bool is_allowed(const struct search *s, enum kind kind, struct guard_span at)
{
        const struct guard_patterns *g = patterns_of(s);

        for (size_t i = 0; i < g->n_allowed; i++)
                if (g->allowed[i].literal ? allows_text(s, &g->allowed[i], kind, at) : allows_match(s, &g->allowed[i], at))
                        return true;
        return false;
}

/* --- What was found --- */

/* As the text has it, for it is the agent who looks for it there. */
static const char *words_of(const struct search *s, enum kind kind, struct guard_span at)
{
        size_t start = s->t->from[at.start], end = s->t->from[at.end];
        char *words = arena_take(s->arena, text_line(arena_strndup(s->arena, s->text + start, end - start), SIZE_MAX));
        size_t size = strlen(words);

        if ((kind == KIND_CARD || kind == KIND_IBAN) && size > 8) {
                const char *bare = guard_bare(s->arena, s->t->plain + at.start, at.end - at.start);
                char *ends = arena_printf(s->arena, "%.4s\xe2\x80\xa6%s", bare, bare + strlen(bare) - 4);

                for (char *c = ends; *c; c++)
                        *c = (char) toupper((unsigned char) *c);
                return ends;
        }
        while (size > 0 && words[size - 1] == ' ')
                words[--size] = '\0';
        return arena_take(s->arena, text_ellipsize(words, WORDS_SHOWN));
}

/* A number is one thing: what is part of an account that is allowed is no telephone number.  Words may be two. */
static bool overlaps(const struct search *s, enum kind kind, struct guard_span at)
{
        bool number = kind == KIND_CARD || kind == KIND_IBAN || kind == KIND_MAIL || kind == KIND_PHONE;

        for (size_t i = 0; i < s->n_hits; i++)
                if (at.start < s->hits[i].at.end && at.end > s->hits[i].at.start && (number || s->hits[i].kind == kind))
                        return true;
        return false;
}

static bool is_told(const struct search *s, const char *what, const char *words)
{
        for (size_t i = 0; i < s->n_hits; i++)
                if (s->hits[i].what && streq(s->hits[i].what, what) && streq(s->hits[i].words, words))
                        return true;
        return false;
}

static bool is_full(const struct search *s)
{
        return s->n_found >= FINDINGS_MAX || s->n_hits >= HITS_MAX;
}

static void add(struct search *s, enum kind kind, const char *what, struct guard_span at, const char *words)
{
        s->hits = xrealloc(s->hits, (s->n_hits + 1) * sizeof *s->hits);
        s->hits[s->n_hits++] = (struct hit) { kind, at, what, words };
        s->n_found += !!what;
}

static void take(struct search *s, enum kind kind, const char *what, struct guard_span at)
{
        const char *words;

        if (is_full(s) || overlaps(s, kind, at))
                return;
        words = words_of(s, kind, at);
        add(s, kind, is_allowed(s, kind, at) || was_said(s, kind, at) || is_told(s, what, words) ? NULL : what, at, words);
        /* So many of what may stand there are beyond what can be looked at. */
        if (s->n_hits == HITS_MAX && s->n_found == 0)
                add(s, kind, "more numbers and addresses than can be looked at", at, words);
}

/* --- The parts --- */

static void find_mail(struct search *s)
{
        struct guard_span at;

        for (size_t from = 0; !is_full(s) && guard_find_mail(s->t, &from, &at); )
                take(s, KIND_MAIL, "a mail address", at);
}

static void find_numbers(struct search *s)
{
        struct guard_span at;

        for (size_t from = 0; s->checks & GUARD_IBANS && !is_full(s) && guard_find_iban(s->t, &from, &at); )
                take(s, KIND_IBAN, "the number of a bank account", at);
        for (size_t from = 0; s->checks & GUARD_CARDS && !is_full(s) && guard_find_card(s->arena, s->t, &from, &at); )
                take(s, KIND_CARD, "the number of a card", at);
}

static void find_phones(struct search *s)
{
        struct guard_span at;

        for (size_t from = 0; !is_full(s) && guard_find_phone(s->arena, s->t, &from, &at); )
                take(s, KIND_PHONE, "a telephone number", at);
}

static void find_patterns(struct search *s)
{
        const struct guard_patterns *g = patterns_of(s);

        for (size_t i = 0; i < g->n_held; i++) {
                const char *what = arena_printf(s->arena, "what the pattern \"%s\" describes", g->held[i].name);
                struct guard_span at;
                int r = 1;

                for (size_t from = 0; from < s->t->size && !is_full(s); from = MAX(at.end, from + 1)) {
                        r = guard_pattern_match(&g->held[i], s->t->plain, s->t->size, from, &at.start, &at.end);
                        if (r <= 0)
                                break;
                        take(s, KIND_PATTERN, what, at);
                }
                if (r < 0)               /* what nobody knows is held */
                        add(s, KIND_PATTERN,
                            arena_printf(s->arena, "perhaps what the pattern \"%s\" describes, which takes too long to know",
                                         g->held[i].name),
                            (struct guard_span) { s->t->size, s->t->size }, "");
        }
}

static void find_record_number(struct search *s, const struct guard_text *record)
{
        char digits[NUMBER_MAX + 1];
        size_t first = 0, end;

        if (!guard_digits_into(digits, sizeof digits, record, 0, record->n_groups) || strlen(digits) < NUMBER_MIN)
                return;
        for (; !is_full(s) && find_number(s->t, digits, &first, &end); first = end)
                take(s, KIND_NUMBER, "a number of the customer's record", (struct guard_span) {
                        s->t->groups[first].at.start, s->t->groups[end - 1].at.end,
                });
}

static void find_record_words(struct search *s, const struct guard_text *record)
{
        size_t n = record->n_words;
        const struct guard_span *last = n ? &record->words[n - 1].at : NULL;

        /* A street tells much without its number. */
        if (n > 1 && isdigit((unsigned char) record->plain[last->start])
            && record->words[n - 2].at.end - record->words[0].at.start >= STREET_MIN)
                n--;
        if (n == 0 || record->words[n - 1].at.end - record->words[0].at.start < NAME_MIN)
                return;
        for (size_t i = 0; i + n <= s->t->n_words && !is_full(s); i++) {
                size_t k = 0;

                while (k < n && s->t->words[i + k].hash == record->words[k].hash)
                        k++;
                if (k == n)
                        take(s, KIND_RECORD, "data of the customer's record", (struct guard_span) {
                                s->t->words[i].at.start, s->t->words[i + n - 1].at.end,
                        });
        }
}

static void find_record(struct search *s)
{
        for (size_t i = 0; i < s->c->n_customer; i++) {
                const struct guard_text *record = guard_text(s->arena, strempty(s->c->customer[i]));
                struct guard_span at;
                size_t from = 0, letters = 0;

                for (size_t k = 0; k < record->size; k++)
                        letters += isalpha((unsigned char) record->plain[k]) || (unsigned char) record->plain[k] >= 0x80;
                if (guard_find_mail(record, &from, &at)) {
                        struct guard_span found;
                        const char *mail = guard_bare(s->arena, record->plain + at.start, at.end - at.start);

                        for (from = 0; !is_full(s) && guard_find_mail(s->t, &from, &found); )
                                if (streq(guard_bare(s->arena, s->t->plain + found.start, found.end - found.start), mail))
                                        take(s, KIND_MAIL, "a mail address of the customer's record", found);
                } else if (letters == 0) {
                        find_record_number(s, record);
                } else {
                        find_record_words(s, record);
                }
        }
}

static void find_shared(struct search *s)
{
        struct guard_shingles *shingles = guard_shingles(s->arena, s->t);

        for (size_t i = 0; i < s->c->n_internal; i++) {
                const struct guard_text *note = guard_text(s->arena, strempty(s->c->internal[i]));
                size_t from = 0, first, end;

                while (!is_full(s) && guard_find_shared(shingles, note, &from, &first, &end))
                        take(s, KIND_SHARED, "words of an internal note", (struct guard_span) {
                                s->t->words[first].at.start, s->t->words[end - 1].at.end,
                        });
        }
}

static void find_files(struct search *s)
{
        for (size_t i = 0; i < s->c->n_files; i++)
                for (size_t k = 0; k < s->c->n_internal_files; k++) {
                        const struct guard_file *file = &s->c->files[i], *other = &s->c->internal_files[k];
                        const char *name = strempty(file->name);
                        struct guard_span at = { s->t->size, s->t->size };

                        if (file->size != other->size
                            || !streq(guard_bare(s->arena, name, strlen(name)),
                                      guard_bare(s->arena, strempty(other->name), strlen(strempty(other->name)))))
                                continue;
                        name = arena_take(s->arena, text_ellipsize(arena_take(s->arena, text_line(name, SIZE_MAX)), WORDS_SHOWN));
                        if (!is_told(s, "a file of an internal note", name))
                                add(s, KIND_FILE, "a file of an internal note", at, name);
                }
}

static int compare(const void *a, const void *b)
{
        const struct hit *x = a, *y = b;

        return x->at.start != y->at.start ? (x->at.start < y->at.start ? -1 : 1) : (int) x->kind - (int) y->kind;
}

size_t guard_check(struct arena *a, const char *text, const struct guard_context *c, struct guard_finding **ret)
{
        struct search s = { .arena = a, .c = c, .text = text };
        size_t n = 0;

        s.checks = patterns_of(&s)->checks;
        s.t = guard_text(a, strnlen(text, GUARD_TEXT_MAX + 1) > GUARD_TEXT_MAX ? "" : text);
        if (s.t->size == 0 && *text && s.checks)
                add(&s, KIND_SIZE, strlen(text) > GUARD_TEXT_MAX ? "more text than can be looked at" : NULL,
                    (struct guard_span) { 0, 0 }, "");
        s.said = arena_alloc(a, c->n_said * sizeof *s.said);
        s.said_bare = arena_alloc(a, c->n_said * sizeof *s.said_bare);
        for (size_t i = 0; i < c->n_said; i++) {
                s.said[i] = guard_text(a, strempty(c->said[i]));
                s.said_bare[i] = guard_bare(a, s.said[i]->plain, s.said[i]->size);
        }
        /* What tells most comes first: a mail address is told as the customer's, not as any. */
        if (s.checks & GUARD_CUSTOMER)
                find_record(&s);
        if (s.checks & GUARD_PATTERNS)
                find_patterns(&s);
        if (s.checks & GUARD_MAIL)
                find_mail(&s);
        find_numbers(&s);
        if (s.checks & GUARD_PHONES)
                find_phones(&s);
        if (s.checks & GUARD_NOTES)
                find_shared(&s);
        if (s.checks & GUARD_FILES)
                find_files(&s);

        if (s.n_hits > 0)
                qsort(s.hits, s.n_hits, sizeof *s.hits, compare);
        *ret = arena_alloc(a, s.n_hits * sizeof **ret);
        for (size_t i = 0; i < s.n_hits; i++)
                if (s.hits[i].what)
                        (*ret)[n++] = (struct guard_finding) { s.hits[i].what, s.hits[i].words };
        free(s.hits);
        return n;
}
