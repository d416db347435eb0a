/* SPDX-License-Identifier: MIT
 *
 * What goes wrong on the way to a server and back, for single requests and in storms.  Owns the weather.
 */
#include "desk.h"

enum weather { FAIR, DOWN, BLACK_HOLE, ERRORS, THROTTLED, PAGES, FLAKY, _WEATHERS };

static struct {
        enum weather weather;
        int64_t until;
} sky[SERVERS];
static struct { int64_t since, until, excused; int incarnation; } silences[SERVERS];

static int n_faults;

int net_faults(void)
{
        return n_faults + 1;
}

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

static bool has_keys(int server)
{
        return is_network(server) && social.networks[server].kind->has_keys;
}

/* Later than we wait, and sooner than we give up looking: without a key no client can do better.  With one it may be very late. */
static struct fault late(int server)
{
        struct fault f = named("hangs, with a late effect");

        f.hangs = f.late = true;
        f.there_usec = between(R_NET, sim.plan.timeout_usec, has_keys(server) ? MIN(30 * USEC_PER_MINUTE, sim.plan.keys_usec)
                                                             : MAX(sim.plan.timeout_usec, sim.plan.settle_usec * 3 / 4));
        return f;
}

static struct fault hole(int server, bool unsafe)
{
        struct fault f = named("hangs");

        f.hangs = true;
        f.arrives = chance(R_NET, 400);
        if (f.arrives)
                f.name = "hangs, with effect";
        return !f.arrives && unsafe && chance(R_NET, 300) ? late(server) : f;
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

static struct fault error(int server)
{
        static const int statuses[] = { 500, 500, 502, 503, 504, 408 };
        struct fault f = named("error");

        f.status = statuses[below(R_NET, ELEMENTSOF(statuses))];
        f.html = f.status != 500 || chance(R_NET, 500);
        /* 503 and 408 say that nothing was done. */
        f.arrives = f.status != 503 && f.status != 408 && chance(R_NET, 500);
        if (f.status == 503 && chance(R_NET, 300))
                f.retry_after = between(R_NET, 1, 600);
        if (is_desk(server) && f.arrives && chance(R_NET, 600)) {
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

static struct fault truncated(int server)
{
        struct fault f = named("truncated");

        f.truncated = true;
        /* A length that does not fit is no whole answer; without one only JSON tells. */
        f.cut = chance(R_NET, 500) || server == MEDIA_SERVER;
        return f;
}

/* As some proxies do when a connection breaks; who cannot bear it has no keys and is not asked. */
static struct fault twice(int server, bool unsafe)
{
        struct fault f = named("arrives twice");

        f.twice = true;
        return unsafe && !has_keys(server) ? cut() : f;
}

static struct fault any(int server, bool unsafe)
{
        switch (below(R_NET, 10)) {
        case 0:
                return down();
        case 1:
        case 2:
                return hole(server, unsafe);
        case 3:
        case 4:
                return cut();
        case 5:
                return chance(R_NET, 300) ? throttled() : error(server);
        case 6:
                return error(server);
        case 7:
                return chance(R_NET, 500) ? truncated(server) : slow();
        case 8:
                return twice(server, unsafe);
        default:
                return chance(R_NET, 500) ? page() : slow();
        }
}

/* Counts what comes of it, for each server's own. */
static struct fault counted(struct fault f)
{
        static const struct { const char *name; enum happening what; } list[] = {
                { "refused", REFUSED }, { "hangs", LOST_REQUEST }, { "hangs, with effect", LOST_ANSWER },
                { "hangs, with a late effect", LATE_EFFECT }, { "reset", RESET }, { "reset, with effect", RESET_WITH_EFFECT },
                { "error", SERVER_ERROR }, { "error, with effect", ERROR_WITH_EFFECT }, { "broke off half way", BROKE_OFF },
                { "a page for people", NOT_FOUND_PAGE }, { "slow", SLOW_BODY }, { "truncated", TRUNCATED },
                { "taken for spam", SPAM_YES }, { "arrives twice", ARRIVED_TWICE },
        };

        for (size_t i = 0; f.name && i < ELEMENTSOF(list); i++)
                if (streq(f.name, list[i].name))
                        happened(list[i].what);
        if (f.status == 429)
                happened(f.retry_after > 0 ? THROTTLED_FOR : f.retry_after < 0 ? THROTTLED_UNTIL : THROTTLED_PLAIN);
        return f;
}

static struct fault some_fault(int server, bool unsafe)
{
        if (sky[server].weather != FAIR && sim.now >= sky[server].until) {
                note("*** %s: the weather is fair", server_name(server));
                sky[server].weather = FAIR;
        }
        switch (chance(R_NET, 900) ? sky[server].weather : FAIR) {
        case DOWN:
                return down();
        case BLACK_HOLE:
                return hole(server, unsafe);
        case ERRORS:
                return error(server);
        case THROTTLED:
                return throttled();
        case PAGES:
                return page();
        case FLAKY:
                if (chance(R_NET, 500))
                        return any(server, unsafe);
                break;
        default:
                break;
        }
        if (unsafe && has_keys(server) && chance(R_NET, 15))
                return late(server);
        if (is_network(server) && unsafe && sim.plan.spam && chance(R_NET, 80)) {
                struct fault f = named("taken for spam");

                f.spam = true;
                return f;
        }
        return chance(R_NET, sim.plan.net_permille) ? any(server, unsafe) : fair();
}

/* Each request has its own chance, by what it asks for and how often it did: so that in a shortened history those that are
 * left meet what they met before. */
void net_reseed(const struct request *q, const char *a, const char *b, const char *c)
{
        static struct { uint64_t what, times; } asked[1 << 14];  /* more than there are in any world */
        static size_t n_asked;
        const char *texts[] = { q->method, q->path, q->query, a, b, c };
        uint64_t what = UINT64_C(14695981039346656037) ^ (uint64_t) q->server;
        size_t at;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                for (const char *p = texts[i]; *p; p++)
                        what = (what ^ (unsigned char) *p) * UINT64_C(1099511628211);
        for (at = what % ELEMENTSOF(asked); asked[at].what && asked[at].what != what; at = (at + 1) % ELEMENTSOF(asked))
                ;
        asked[at].what = what;
        if (asked[at].times == 0 && ++n_asked == ELEMENTSOF(asked))
                abort();                 /* it goes round for ever, and asks for something else each time */
        sim_reseed(R_NET, what + ++asked[at].times);
}

static void begin_storm(int server, enum weather weather, int64_t usec)
{
        sky[server].weather = weather;
        sky[server].until = sim.now + usec;
        happened(STORM);
        note("*** %s: %s for %lld s", server_name(server), weather_names[weather], (long long) (usec / USEC_PER_SEC));
}

/* With what is very late the helpdesk, which must be asked before it is sent again, may be away until the network has forgotten the
 * key. */
struct fault net_fault(int server, bool unsafe)
{
        struct fault f = sim.faults ? some_fault(server, unsafe) : fair();

        if (f.name && is_omitted(omitted.faults, ++n_faults))
                return fair();
        if (f.late && has_keys(server) && chance(R_NET, 200))
                begin_storm(NETWORKS + social.networks[server].desk, DOWN, f.there_usec + sim.plan.keys_usec + USEC_PER_MINUTE);
        return counted(f);
}

const char *server_name(int server)
{
        return is_network(server) ? social.networks[server].name : is_desk(server) ? desks.all[server - NETWORKS].name : "media";
}

void net_storm(void)
{
        int dice = (int) below(R_NET, 10), server = MEDIA_SERVER;
        enum weather weather;

        if (!sim.faults)
                return;
        if (dice < 5)
                server = (int) below(R_NET, social.n_networks);
        else if (dice < 9)
                server = NETWORKS + (int) below(R_NET, desks.n);
        weather = (enum weather) between(R_NET, DOWN, _WEATHERS - 1);
        begin_storm(server, weather, around(R_NET, 4 * USEC_PER_MINUTE));
}

/* Just when something is to be changed there. */
void net_maintenance(void)
{
        if (sim.faults && chance(R_NET, 150))
                begin_storm((int) below(R_NET, social.n_networks), PAGES, around(R_NET, USEC_PER_MINUTE));
}

void net_calm(void)
{
        memset(sky, 0, sizeof sky);
}

/* --- What a server asks for --- */

void net_silence(int server, int64_t until_usec, int incarnation)
{
        silences[server].since = sim.now;
        silences[server].until = until_usec;
        silences[server].incarnation = incarnation;
}

bool net_is_silent(int server)
{
        return silences[server].incarnation == sim.incarnation && sim.now < silences[server].until &&
               sim.now > silences[server].excused && sim.now > silences[server].since + USEC_PER_SEC;
}

void net_excuse(void)
{
        for (int s = 0; s < SERVERS; s++)
                silences[s].excused = silences[s].until;
}
