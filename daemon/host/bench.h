/* SPDX-License-Identifier: MIT
 * L2.  The bench: whose code ran when mentiond died, and who sits out because it was his too often. */
#ifndef HOST_BENCH_H
#define HOST_BENCH_H

#include "base/util.h"

#define BENCH_CRASHES 3                          /* within ... */
#define BENCH_WINDOW_USEC (10 * USEC_PER_MINUTE) /* ... by the wall clock: a steady one begins anew with the machine */

/* Opens DIRECTORY/bench, books how the last mentiond ended, and watches how this one does.  Logs what it finds; where it
 * cannot be opened, nothing is watched, and the store says what is wrong with the directory. */
void bench_open(const char *directory);
void bench_close(void);

/* What task_mark() takes while the code of this instance runs.  0 where nothing is watched. */
uint32_t bench_mark(const char *instance);

/* NULL, or why it is not to be run; malloced. */
char *bench_reason(const char *instance);

/* A person wants it to run again: its crashes do not count any more. */
void bench_clear(const char *instance);

#endif
