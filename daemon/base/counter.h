/* SPDX-License-Identifier: MIT
 * L0.  Counters by name and instance, kept in memory since the start. */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include "base/util.h"

/* NULL as "".  After 16384 different ones, what is new is counted under its name with the label "other". */
void counter_add(const char *name, const char *instance, const char *label, uint64_t n);
uint64_t counter_get(const char *name, const char *instance, const char *label);

/* Calls fn for each, in the order of their first use. */
void counter_each(void (*fn)(const char *name, const char *instance, const char *label, uint64_t value, void *data),
                  void *data);

/* How late the loop was when it had something to do at a certain time. */
struct counter_delay {
        uint64_t n, within[7];           /* of them: at most as late as counter_delay_bounds says */
        int64_t sum_usec, max_usec;
};
extern const int64_t counter_delay_bounds[7];        /* microseconds, ascending */
void counter_late(int64_t usec);
const struct counter_delay *counter_delay(void);

void counter_reset(void);                            /* tests */

#endif
