/* SPDX-License-Identifier: MIT
 * L0.  Points at which a test may have the process die, as by kill -9: before and after each commit, each request and
 * each step of a row.  Compiled in always, so that the program that was tested is the one that runs; without the
 * variable a point is one branch.  Who can set the variable could as well kill the process.
 *
 * The environment's MENTIOND_CRASH_AT, read once by crash_init():
 *   N          at the N-th point of all; 0: at none
 *   NAME:N     at the N-th point of this name, as mention.filing:2 or store.commit:7
 * With it, each point that is reached is written to stderr as "crash point N NAME". */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#include "base/util.h"

extern bool crash_is_armed;

void crash_init(void);
void crash_reach(const char *who, const char *what);

/* The point's name is who.what; of any thread. */
static inline void crash_point(const char *who, const char *what)
{
        if (__builtin_expect(crash_is_armed, false))
                crash_reach(who, what);
}

#endif
