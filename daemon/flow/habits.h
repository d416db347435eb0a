/* SPDX-License-Identifier: MIT
 * L3.  Lines that are in e-mails out of habit.  Each function judges one line alone, in any of the languages. */
#ifndef FLOW_HABITS_H
#define FLOW_HABITS_H

#include "base/arena.h"

/* "Dear Ms Miller,": a greeting and a name, and a mark at the end unless the next line is empty. */
bool habits_is_salutation(struct arena *a, const char *line, bool empty_next);

/* "Best regards," "Viele Grüße, Ada"; *ret_weak: only if a name stands below ("Thanks,"). */
bool habits_is_closing(struct arena *a, const char *line, bool *ret_weak);

bool habits_is_name(struct arena *a, const char *line);

/* Whether it could stand in a signature: a name, a department, an address, no sentence. */
bool habits_is_signature(struct arena *a, const char *line);

/* "On Monday Alice wrote:": how many lines it has, 0 if it is none; 2 if it begins in the line above.  It has to say when, or who
 * by an address. */
size_t habits_attribution(struct arena *a, const char *above, const char *line);

/* "> text"; loose: also ">text". */
bool habits_is_quoted(const char *line, bool loose);

#endif
