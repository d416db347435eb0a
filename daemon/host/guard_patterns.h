/* SPDX-License-Identifier: MIT
 * L2.  What a channel's guard goes by: its options guard, guard_patterns and guard_allow, compiled. */
#ifndef HOST_GUARD_PATTERNS_H
#define HOST_GUARD_PATTERNS_H

#include "host/setting.h"

enum guard_checks {
        GUARD_CARDS = 1 << 0,
        GUARD_IBANS = 1 << 1,
        GUARD_MAIL = 1 << 2,
        GUARD_PHONES = 1 << 3,
        GUARD_PATTERNS = 1 << 4,
        GUARD_CUSTOMER = 1 << 5,         /* data of the customer's record */
        GUARD_NOTES = 1 << 6,            /* words of internal notes */
        GUARD_FILES = 1 << 7,            /* files of internal notes */
};
#define GUARD_ALL 0xffu

struct guard_pattern {
        char *name;                      /* as the configuration names it */
        char *literal;                   /* of guard_allow, where it is no pattern: the text itself; else NULL */
        void *code;                      /* else */
};

struct guard_patterns {
        unsigned checks;                 /* enum guard_checks */
        struct guard_pattern *held, *allowed;
        size_t n_held, n_allowed;
};

/* From a channel's section; checks is the option guard.  What is wrong is added to the problems, each with its line; NULL then.
 */
struct guard_patterns *guard_patterns_new(const struct section *s, const char *checks, struct problems *p);
void guard_patterns_free(struct guard_patterns *g);
DEFINE_CLEANUP(struct guard_patterns *, guard_patterns_free)

/* The first match at or behind from, in valid UTF-8.  1; 0: none; -E2BIG: it would take too long to know. */
int guard_pattern_match(const struct guard_pattern *p, const char *text, size_t size, size_t from, size_t *ret_start,
                        size_t *ret_end);

#endif
