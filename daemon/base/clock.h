/* SPDX-License-Identifier: MIT
 * L0.  Time and chance: the only way to either, so that a simulation can provide both. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/util.h"

struct clock_source {
        int64_t (*utc_usec)(void);       /* since 1970; may jump */
        int64_t (*mono_usec)(void);      /* since some start; never goes back; for timers */
        void (*random)(void *p, size_t n);
};

void clock_set_source(const struct clock_source *source);   /* NULL: the real ones */

int64_t utc_usec(void);
int64_t mono_usec(void);
/* UTC as it was when this was first asked, and what has passed since: to be waited by, for it never jumps while the
 * process lives. */
int64_t steady_usec(void);

uint64_t random_u64(void);
int64_t random_below(int64_t n);                     /* uniform in [0, n); 0 for n <= 0 */

#endif
