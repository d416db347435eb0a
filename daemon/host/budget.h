/* SPDX-License-Identifier: MIT
 * L2.  How much an instance may ask for: what the network announces, what the admin allows, and pauses. */
#ifndef HOST_BUDGET_H
#define HOST_BUDGET_H

#include "io/http.h"

struct budget {
        int64_t rate;                    /* requests a minute that the admin allows; 0: no limit of ours */
        int64_t next_usec;               /* mono: not before, by our rate */
        int64_t pause_usec;              /* mono: not before, because the network or its failures say so */
        int64_t silence_usec;            /* mono: asked for by the server; operations under way keep it too, until they write */
        int64_t limit, remaining;        /* as announced; limit 0: nothing was */
        int64_t reset_usec;              /* mono */
        bool percent;                    /* limit and remaining are in percent, not requests */
        unsigned failures;               /* in a row, of the other side as a whole */
        int64_t failed_usec;             /* mono: when they last led to a pause */
};

/* Whether the next request would have to wait for a limit. */
bool budget_is_short(const struct budget *b);

/* When the next request may go (mono_usec), and counts it. */
int64_t budget_take(struct budget *b);

/* Learns from a reply's headers, and from the seconds of silence that its body asks for, if any.  Returns for how long the
 * network wants silence after this reply (429, 503 with Retry-After, or what Meta says with an error), or 0. */
int64_t budget_learn(struct budget *b, const struct http_reply *r, int64_t said_seconds);

void budget_pause(struct budget *b, int64_t usec);

/* A pause that the server asked for, and how much of it is left. */
void budget_silence(struct budget *b, int64_t usec);
int64_t budget_silence_left(const struct budget *b);
/* Ends every pause: somebody wants it tried now. */
void budget_resume(struct budget *b);
bool budget_is_paused(const struct budget *b);

/* Full jitter: uniform in (0, min(max, base * 2^failures)]. */
int64_t backoff_usec(int64_t base_usec, int64_t max_usec, unsigned failures);

#endif
