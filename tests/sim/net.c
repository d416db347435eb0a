/* SPDX-License-Identifier: MIT
 *
 * What goes wrong on the way to a server and back, for single requests and in storms.  Owns the weather.
 */
#include "sim.h"

enum weather { FAIR, DOWN, BLACK_HOLE, ERRORS, THROTTLED, PAGES, FLAKY, _WEATHERS };

static struct {
        enum weather weather;
        int64_t until;
} sky[2];

static const char *const weather_names[] = { "fair", "down", "a black hole", "errors", "throttled", "pages for people", "flaky" };

static struct fault fair(void)
{
        struct fault f = { .arrives = true, .stage = -1 };

        f.there_usec = between(R_NET, 500, 40000);
        f.back_usec = between(R_NET, 500, 60000);
        return f;
}

static struct fault named(const char *name)
{
        struct fault f = fair();

        f.name = name;
        return f;
}

static struct fault down(void)
{
        struct fault f = named("refused");

        f.refused = true;
        f.arrives = false;
        if (chance(R_NET, 200))
                f.there_usec = 10 * USEC_PER_SEC;        /* the connection times out */
        return f;
}

static struct fault hole(enum server s, bool unsafe)
{
        bool keyed = s == MASTO && masto.variant == MASTODON;
        struct fault f = named("hangs");

        f.hangs = true;
        f.arrives = chance(R_NET, 400);
        if (f.arrives)
                f.name = "hangs, with effect";
        if (!f.arrives && unsafe && chance(R_NET, 300)) {
                f.arrives = f.late = true;
                f.name = "hangs, with a late effect";
                /* Later than we wait, and sooner than we give up looking: without a key no client can do better.  With one
                 * it may be very late. */
                f.there_usec = between(R_NET, sim.plan.timeout_usec, keyed ? 30 * USEC_PER_MINUTE
                                                                           : MAX(sim.plan.timeout_usec, sim.plan.settle_usec * 3 / 4));
        }
        return f;
}

static struct fault cut(void)
{
        struct fault f = named("reset");

        f.cut = true;
        f.arrives = chance(R_NET, 500);
        if (f.arrives)
                f.name = "reset, with effect";
        return f;
}

static struct fault error(enum server s)
{
        static const int statuses[] = { 500, 500, 502, 503, 504, 408 };
        struct fault f = named("error");

        f.status = statuses[below(R_NET, ELEMENTSOF(statuses))];
        f.html = f.status != 500 || chance(R_NET, 500);
        /* 503 and 408 say that nothing was done. */
        f.arrives = f.status != 503 && f.status != 408 && chance(R_NET, 500);
        if (f.status == 503 && chance(R_NET, 300))
                f.retry_after = between(R_NET, 1, 600);
        if (s == ZNUNY && f.arrives && chance(R_NET, 600)) {
                f.stage = (int) below(R_NET, 4);
                f.name = "broke off half way";
        } else if (f.arrives) {
                f.name = "error, with effect";
        }
        return f;
}

static struct fault throttled(void)
{
        struct fault f = named("throttled");

        f.arrives = false;
        f.status = 429;
        f.retry_after = chance(R_NET, 400) ? 0 : chance(R_NET, 300) ? -1 : between(R_NET, 1, 900);
        return f;
}

static struct fault page(void)
{
        struct fault f = named("a page for people");

        f.html = true;
        f.status = chance(R_NET, 300) ? 302 : chance(R_NET, 300) ? 404 : 200;
        f.arrives = f.status == 200 && chance(R_NET, 300);
        if (f.status == 404)
                f.status = 503;          /* a 404 without the server behind it is a lie that nobody can see through */
        return f;
}

static struct fault slow(void)
{
        struct fault f = named("slow");

        f.back_usec = between(R_NET, USEC_PER_SEC, sim.plan.timeout_usec * 5 / 4);
        return f;
}

static struct fault truncated(void)
{
        struct fault f = named("truncated");

        f.truncated = true;
        f.cut = chance(R_NET, 500);      /* a length that does not fit is no whole answer */
        return f;
}

static struct fault any(enum server s, bool unsafe)
{
        switch (below(R_NET, 9)) {
        case 0:
                return down();
        case 1:
        case 2:
                return hole(s, unsafe);
        case 3:
        case 4:
                return cut();
        case 5:
                return chance(R_NET, 300) ? throttled() : error(s);
        case 6:
                return error(s);
        case 7:
                return chance(R_NET, 500) ? truncated() : slow();
        default:
                return chance(R_NET, 500) ? page() : slow();
        }
}

struct fault net_fault(enum server s, bool unsafe)
{
        if (!sim.faults)
                return fair();
        if (sky[s].weather != FAIR && sim.now >= sky[s].until) {
                note("*** %s: the weather is fair", s == MASTO ? "network" : "helpdesk");
                sky[s].weather = FAIR;
        }
        switch (chance(R_NET, 900) ? sky[s].weather : FAIR) {
        case DOWN:
                return down();
        case BLACK_HOLE:
                return hole(s, unsafe);
        case ERRORS:
                return error(s);
        case THROTTLED:
                return throttled();
        case PAGES:
                return page();
        case FLAKY:
                if (chance(R_NET, 500))
                        return any(s, unsafe);
                break;
        default:
                break;
        }
        if (s == MASTO && unsafe && sim.plan.spam && chance(R_NET, 30)) {
                struct fault f = named("taken for spam");

                f.spam = true;
                return f;
        }
        return chance(R_NET, sim.plan.net_permille) ? any(s, unsafe) : fair();
}

void net_storm(void)
{
        enum server s = (enum server) below(R_NET, 2);

        if (!sim.faults)
                return;
        sky[s].weather = (enum weather) between(R_NET, DOWN, _WEATHERS - 1);
        sky[s].until = sim.now + around(R_NET, 4 * USEC_PER_MINUTE);
        note("*** %s: %s for %lld s", s == MASTO ? "network" : "helpdesk", weather_names[sky[s].weather],
             (long long) ((sky[s].until - sim.now) / USEC_PER_SEC));
}

void net_calm(void)
{
        memset(sky, 0, sizeof sky);
}
