/* SPDX-License-Identifier: MIT
 *
 * Points at which a test may have the process die.  Owns the counts.  Reached by the loop and by the store's writer.
 */
#include "base/crash.h"

#include <signal.h>
#include <stdio.h>

bool crash_is_armed;

static const char *wanted = "";          /* "": any */
static size_t wanted_size;
static unsigned long wanted_n;
static unsigned long reached, matched;

void crash_init(void)
{
        const char *at = getenv("MENTIOND_CRASH_AT"), *colon = at ? strrchr(at, ':') : NULL;

        if (isempty(at))
                return;
        if (colon) {
                wanted = at;
                wanted_size = (size_t) (colon - at);
        }
        wanted_n = strtoul(colon ? colon + 1 : at, NULL, 10);
        crash_is_armed = true;
}

void crash_reach(const char *who, const char *what)
{
        _cleanup_free_ char *name = xasprintf("%s.%s", who, what);

        dprintf(STDERR_FILENO, "crash point %lu %s\n", __atomic_add_fetch(&reached, 1, __ATOMIC_RELAXED), name);
        if (wanted_size > 0 && (strlen(name) != wanted_size || strncmp(name, wanted, wanted_size) != 0))
                return;
        if (__atomic_add_fetch(&matched, 1, __ATOMIC_RELAXED) == wanted_n)
                (void) raise(SIGKILL);
}
