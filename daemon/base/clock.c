/* SPDX-License-Identifier: MIT
 *
 * The kernel's clocks and random numbers, or a simulation's.  Owns the current source; anyone may read,
 * main() of a simulation or a test sets it, before anything has read.
 */
#include "base/clock.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
        struct timespec ts;

        if (clock_gettime(id, &ts) < 0)
                abort();       /* only a wrong id fails, and both of ours always exist */
        return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

static int64_t real_utc(void)
{
        return read_clock(CLOCK_REALTIME);
}

static int64_t real_mono(void)
{
        return read_clock(CLOCK_MONOTONIC);
}

static void real_random(void *p, size_t n)
{
        char *at = p;

        while (n > 0) {
                ssize_t got = getrandom(at, n, 0);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        abort();       /* idempotency keys come from here: no key is better than a known one */
                at += got;
                n -= (size_t) got;
        }
}

static const struct clock_source real_source = {
        .utc_usec = real_utc,
        .mono_usec = real_mono,
        .random = real_random,
};

static const struct clock_source *current = &real_source;
static int64_t steady_offset;    /* of the monotonic clock; 0: not asked yet */

void clock_set_source(const struct clock_source *source)
{
        current = source ?: &real_source;
        steady_offset = 0;
}

int64_t utc_usec(void)
{
        return current->utc_usec();
}

int64_t mono_usec(void)
{
        return current->mono_usec();
}

int64_t steady_usec(void)
{
        if (!steady_offset)
                steady_offset = utc_usec() - mono_usec();
        return mono_usec() + steady_offset;
}

uint64_t random_u64(void)
{
        uint64_t value;

        current->random(&value, sizeof(value));
        return value;
}

int64_t random_below(int64_t n)
{
        if (n <= 0)
                return 0;

        /* What is left of 2^64 after the last whole n would favour the small numbers: drawn again. */
        uint64_t bound = (uint64_t) n, unfair = -bound % bound, value;

        do
                value = random_u64();
        while (value < unfair);
        return (int64_t) (value % bound);
}
