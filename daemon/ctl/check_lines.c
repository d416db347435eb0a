/* SPDX-License-Identifier: MIT
 *
 * The lines of TAP that mentiond-check writes, from whichever of its processes.
 */
#include "ctl/check.h"

#include <stdio.h>

static void say(bool good, const char *name, const char *why)
{
        printf("%s %u - %s\n", good ? "ok" : "not ok", ++board->n, name);
        board->n_failed += !good;
        while (why && *why) {
                size_t n = strcspn(why, "\n");

                printf("# %.*s\n", (int) n, why);
                why += n + (why[n] == '\n');
        }
        (void) fflush(stdout);
}

void pass(const char *name)
{
        say(true, name, NULL);
}

void fail(const char *name, const char *why, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, why);
        text = xvasprintf(why, ap);
        va_end(ap);
        say(false, name, text);
}

void skip(const char *name, const char *why, ...)
{
        _cleanup_free_ char *text = NULL, *all = NULL;
        va_list ap;

        va_start(ap, why);
        text = xvasprintf(why, ap);
        va_end(ap);
        all = xasprintf("%s # SKIP %s", name, text);
        say(true, all, NULL);
}

void result(const char *name, const char *wrong)
{
        say(!*wrong, name, wrong);
}
