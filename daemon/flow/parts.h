/* SPDX-License-Identifier: MIT
 * L3.  A reply as the posts that it takes: one, or several parts. */
#ifndef FLOW_PARTS_H
#define FLOW_PARTS_H

#include "base/arena.h"
#include "base/text.h"

struct parts_rules {
        enum text_unit unit;
        uint64_t max;            /* of one part; 0: unbounded */
        uint64_t bytes_max;      /* the same in bytes, where a network counts both; 0: unbounded */
        uint64_t url_length;     /* what a URL counts as; 0: as it is */
        bool handle_is_local;    /* of @user@domain only @user counts */
        bool numbered;           /* " (1/3)" at the end of each part, if there are several */
        uint64_t overhead;       /* what counts in each part besides: a content warning */
        uint64_t parts_max;      /* 0: as many as it takes */
        const char *handle;      /* "@alice@example.social" or "": a part that does not name it begins with it */
};

/* How many parts the text (clean, not blank) takes, and what each says.  One if it fits: what compose_reply() makes of it,
 * without a number.  Else the fewest that will do.  Of the places where they can be cut, the best: an empty line, the end of a
 * line, of a sentence, a blank; between characters where a script has no blanks; never in a grapheme, a URL, a handle. What is
 * left out between parts is white space and what shows nothing.
 *
 * 0 and *ret_reason, a sentence's end for the agent ("it ..."), if what cannot be cut is longer than a part, or if more than
 * parts_max are needed. */
size_t parts_split(struct arena *a, const char *text, const struct parts_rules *r, const char *const **ret,
                   const char **ret_reason);

/* As the network counts a part, with what counts besides. */
uint64_t parts_length(const struct parts_rules *r, const char *part);

#endif
