/* SPDX-License-Identifier: MIT
 *
 * What an instance has spent this month, for plugins (mentiond.syms).  Called by plugins from within an operation.
 */
#include "host/op.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <time.h>

#define SPENT_KEY "mentiond.spent"

static int64_t this_month(void)
{
        time_t now = (time_t) (utc_usec() / USEC_PER_SEC);
        struct tm tm;

        (void) gmtime_r(&now, &tm);
        return (tm.tm_year + 1900) * INT64_C(12) + tm.tm_mon;
}

/* A clock that was set back does not make the sum forgotten. */
static void open_month(struct mentiond_op *op)
{
        struct instance *i = op->instance;
        long long month, micros;

        if (!i->spent_month && sscanf(mentiond_cursor(op, SPENT_KEY), "%19lld %19lld", &month, &micros) == 2) {
                i->spent_month = month;
                i->spent_micros = micros;
        }
        if (this_month() > i->spent_month) {
                i->spent_month = this_month();
                i->spent_micros = 0;
        }
}

int64_t mentiond_spend(struct mentiond_op *op, int64_t micros)
{
        struct instance *i = op->instance;

        open_month(op);
        if (micros > 0) {
                i->spent_micros += micros;
                /* The sum in memory counts on if the store does not take it now. */
                (void) mentiond_keep(op, SPENT_KEY, arena_printf(op->arena, "%lld %lld", (long long) i->spent_month,
                                                                 (long long) i->spent_micros));
        }
        return i->spent_micros;
}
