/* SPDX-License-Identifier: MIT
 * L3.  A text as a letter: what of it is said, and what is only there because letters have it. */
#ifndef FLOW_LETTER_H
#define FLOW_LETTER_H

#include "base/arena.h"

#define LETTER_PEELS_MAX 8
#define LETTER_DELIMITER "-- "   /* of a signature */

struct letter_peel {
        size_t from, to;         /* lines */
        const char *what;        /* "salutation" */
};

struct letter {
        struct arena *a;
        const char **lines;      /* without blanks at their ends, but for LETTER_DELIMITER */
        size_t n, first, last;   /* first up to last are the text; empty lines are neither at its beginning nor its end */
        struct letter_peel peels[LETTER_PEELS_MAX];
        size_t n_peels;
        bool comma;              /* the text stood behind "Dear Ms Miller,", where many go on in lower case */
};

/* Everything is text if nothing would be left. */
struct letter letter_of(struct arena *a, const char *text);

bool letter_is_empty(const char *line);

#endif
