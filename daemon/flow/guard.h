/* SPDX-License-Identifier: MIT
 * L3.  The guard: what of a reply should perhaps not become public.  It knows texts alone, and does nothing by itself. */
#ifndef FLOW_GUARD_H
#define FLOW_GUARD_H

#include "base/arena.h"
#include "host/guard_patterns.h"

struct guard_file {
        const char *name;
        uint64_t size;
};

/* What a reply is held against.  All strings are valid UTF-8, as text_clean() makes it. */
struct guard_context {
        /* what the customer wrote in public, in this conversation: is not held against a reply */
        const char *const *said;
        size_t n_said;
        /* of his record in the helpdesk: mail address, phone, street ... each a string of its own */
        const char *const *customer;
        size_t n_customer;
        /* internal notes of the same ticket, but not those that mentiond wrote: they quote replies */
        const char *const *internal;
        size_t n_internal;
        const struct guard_file *internal_files;         /* attachments of those notes */
        size_t n_internal_files;
        const struct guard_file *files;                  /* attachments of the reply */
        size_t n_files;
        const struct guard_patterns *patterns;           /* NULL: everything is looked for, and nothing allowed */
};

struct guard_finding {
        const char *what;                /* "a card number" */
        /* the words of the text, on one line, shortened; of a number that is money only its ends */
        const char *words;
};

/* Returns how many; in the order of the text, each words once.  They live as long as the arena.
 *
 * CPU, and the event loop waits for it: a usual reply 60 us; the worst of 3 KB that was found 10 ms; of 128 KB, of which a text
 * that is longer is held unseen, with as much that was said and noted, 0.4 s. */
size_t guard_check(struct arena *a, const char *text, const struct guard_context *c, struct guard_finding **ret);

/* What two texts have in common, of their sequences of words: 1 if all, 0 if nothing.  Handles, numbers, links, and the name in a
 * salutation are left out, so that a template stays near to itself.  A text that says little ("Thank you!") is like none. */
struct guard_print {
        uint32_t min[32];
};
#define GUARD_SIMILAR 0.7                /* from here on two texts are near-identical; 32 values tell it to within 0.1 */
void guard_print_of(const char *text, struct guard_print *ret);
double guard_similarity(const struct guard_print *a, const struct guard_print *b);

#endif
