/* SPDX-License-Identifier: MIT
 * L3.  What an agent wrote, as it is said on a network. */
#ifndef FLOW_PLAIN_H
#define FLOW_PLAIN_H

#include "base/arena.h"

struct plain_context {
        const char *const *handles;      /* of the conversation: "@alice@example.social"; NULL at the end */
};

struct plain {
        const char *text;
        const char *const *changes;      /* one line each: what the agent is to be told */
        size_t n_changes;
};

/* Takes out what belongs to e-mails: a salutation that is a line by itself, closing and signature at the end, quotations at
 * either end.  What might be something else stays; if nothing else is there, all of it does.
 *
 * A handle without a host that somebody of the conversation has is written out, as networks look for it on the own host
 * otherwise.  One that nobody there has is set apart from its '@', so that the network names nobody.
 *
 * Blanks at the ends of lines, empty lines beyond one, and < > around links go silently. */
struct plain plain_of(struct arena *a, const char *text, const struct plain_context *c);

#endif
