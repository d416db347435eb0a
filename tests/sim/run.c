/* SPDX-License-Identifier: MIT
 *
 * One world: its plan, what happens in it by time, and how it is judged when all is over.  Owns the plan.
 */
#include "desk.h"

#include <sqlite3.h>

#define SETTLE_STEP (10 * USEC_PER_MINUTE)
#define SETTLE_MAX (26 * USEC_PER_HOUR)          /* pauses that a server asks for are obeyed for up to 6 hours */
#define HOPELESS 4               /* so many looks, one as the other */
#define GROWTH_MAX (16 * 1024)   /* bytes, of an idle daemon in hours, without SQLite's caches: those are in HELD_MAX */
#define HELD_MAX (6 << 20)       /* bytes, of a daemon with nothing to do: SQLite's two caches of 2 MB each, and some */

static int64_t some(int permille, int64_t low, int64_t high)
{
        return chance(R_PLAN, permille) ? between(R_PLAN, low, high) : 0;
}

/* One draw a statement, here and everywhere: within one, the order is the compiler's. */
static void make_plan(void)
{
        struct plan *p = &sim.plan;

        p->busy_usec = between(R_PLAN, 15, 60) * USEC_PER_MINUTE;
        p->start_calm_usec = some(600, 0, 3 * USEC_PER_MINUTE);
        p->act_usec = between(R_PLAN, 20, 180) * USEC_PER_SEC;
        p->crash_usec = some(700, 2 * USEC_PER_MINUTE, 40 * USEC_PER_MINUTE);
        p->storm_usec = some(600, 3 * USEC_PER_MINUTE, 40 * USEC_PER_MINUTE);
        p->disk_usec = some(300, 3 * USEC_PER_MINUTE, 40 * USEC_PER_MINUTE);
        p->jump_usec = some(200, 5 * USEC_PER_MINUTE, 60 * USEC_PER_MINUTE);
        p->operator_usec = some(600, USEC_PER_MINUTE, 20 * USEC_PER_MINUTE);
        p->keys_usec = chance(R_PLAN, 500) ? USEC_PER_HOUR : between(R_PLAN, 2, 60) * USEC_PER_MINUTE;
        p->settle_usec = chance(R_PLAN, 700) ? 2 * USEC_PER_MINUTE : between(R_PLAN, 60, 300) * USEC_PER_SEC;
        p->timeout_usec = between(R_PLAN, 10, 40) * USEC_PER_SEC;
        p->net_permille = chance(R_PLAN, 200) ? 0 : (int) between(R_PLAN, 5, 200);
        p->power_permille = (int) between(R_PLAN, 0, 1000);
        p->far_jumps = chance(R_PLAN, 300);
        p->merges = chance(R_PLAN, 400);
        p->deletes = chance(R_PLAN, 200);
        p->foreign = chance(R_PLAN, 300);
        p->edits = chance(R_PLAN, 400);
        p->floods = chance(R_PLAN, 150);
        p->app_posts = chance(R_PLAN, 200);
        p->spam = chance(R_PLAN, 200);
        p->media = chance(R_PLAN, 500);
        p->commands = chance(R_PLAN, 600);
        p->networks = chance(R_PLAN, 600) ? 1 : chance(R_PLAN, 600) ? 2 : 3;
        p->secrets = chance(R_PLAN, 400);
        p->idle_usec = some(20, 90 * USEC_PER_MINUTE, 3 * USEC_PER_HOUR);
        p->forget_usec = some(500, USEC_PER_MINUTE, 12 * USEC_PER_MINUTE);
        p->reopen_usec = some(400, USEC_PER_MINUTE, 10 * USEC_PER_MINUTE);
        p->windows = chance(R_RIGHTS, 300);
        omit_from_plan(p);
}

static void again(int64_t mean, void (*fn)(void *data))
{
        if (mean)
                sim_in(around(R_CRASH, mean), fn, NULL);
}

static int n_crash_times;

static void on_crash_time(void *data _unused_)
{
        if (!sim.faults)
                return;
        sim_reseed(R_CRASH, (uint64_t) ++n_crash_times);
        again(sim.plan.crash_usec, on_crash_time);
        if (is_omitted(omitted.crashes, n_crash_times))
                return;
        if (chance(R_CRASH, 300)) {
                happened(CRASH_ANY);
                note("*** crash: at any moment");
                sim.crashed = true;
        } else {
                sim_set_any_trap(20);
        }
}

static void on_storm_time(void *data _unused_)
{
        static uint64_t n;

        sim_reseed(R_NET, ++n);
        sim_reseed(R_CRASH, UINT64_C(1) << 20 | n);
        net_storm();
        again(sim.plan.storm_usec, on_storm_time);
}

static void on_disk_time(void *data _unused_)
{
        if (sim.faults)
                disk_trouble();
        again(sim.plan.disk_usec, on_disk_time);
}

static void on_jump_time(void *data _unused_)
{
        int64_t hour = chance(R_CRASH, 500) ? USEC_PER_HOUR : -USEC_PER_HOUR, before = sim.jump;
        int range = sim.plan.far_jumps ? 87600 : 1;

        if (!sim.faults)
                return;
        if (sim.jump && chance(R_CRASH, 600)) {
                sim.jump = 0;
        } else {
                sim.jump = hour * between(R_CRASH, 1, range);
                sim.jump += below(R_CRASH, USEC_PER_MINUTE);
        }
        if (sim.plan.far_jumps)
                happened(CLOCK_YEARS);
        happened(sim.jump > before ? CLOCK_FORWARD : CLOCK_BACK);
        note("*** the clock jumps: it is wrong by %lld s", (long long) (sim.jump / USEC_PER_SEC));
        again(sim.plan.jump_usec, on_jump_time);
}

static void make_secrets_right(void)
{
        for (int k = 0; k < social.n_networks; k++) {
                if (social.networks[k].revoked)
                        social.networks[k].right_usec = sim.now;
                social.networks[k].revoked = false;
        }
        desk_calm();
}

static void on_right_again(void *data _unused_)
{
        note("*** tokens and passwords are right again");
        make_secrets_right();
        if (chance(R_CRASH, 700))
                daemon_operator_repairs();
}

static void on_secret_time(void *data _unused_)
{
        struct network *n = &social.networks[below(R_CRASH, social.n_networks)];
        struct desk *d = &desks.all[below(R_CRASH, desks.n)];

        if (!sim.faults)
                return;
        switch (below(R_CRASH, 4)) {
        case 0:
                n->revoked = true;
                note("*** the token of %s is revoked", n->name);
                break;
        case 1:
                d->locked_out = true;
                happened(PASSWORD_REFUSED);
                note("*** the password of %s is refused", d->name);
                break;
        default:
                d->kind->upset((int) (d - desks.all));
        }
        sim_in(around(R_CRASH, 8 * USEC_PER_MINUTE), on_right_again, NULL);
        again(20 * USEC_PER_MINUTE, on_secret_time);
}

static void on_operator_time(void *data _unused_)
{
        if (sim.faults)
                operator_act();
        again(sim.plan.operator_usec, on_operator_time);
}

static void all_calm(void)
{
        note("*** nothing fails any more");
        sim.faults = false;
        sim.calm = sim.now;
        sim_set_trap(TRAP_NONE, 0);
        net_calm();
        disk_calm();
        make_secrets_right();
}

/* What is lost or stuck may still come right, when a pause ends; the rest does not. */
static bool is_hopeless(const struct verdict *v, int same)
{
        return same >= HOPELESS && !v->counts[LOST] && !v->counts[STUCK];
}

/* Texts may have been forgotten since, of which nothing is told. */
static bool is_forgetting(int64_t since)
{
        for (int i = desks.n_articles - 1; i >= 0 && sim.plan.forget_usec; i--)
                if (!desks.articles[i].agent && desks.articles[i].created + sim.plan.forget_usec + 2 * USEC_PER_MINUTE > since)
                        return true;
        return false;
}

/* Until the journal is quiet and the oracle content, and some more: what is done twice is done late. */
static void settle(struct verdict *v)
{
        int64_t end = sim.now + SETTLE_MAX;
        const char *last = NULL;
        uint64_t commits = 0, told = 0, rereads = 0, renewals = 0;
        int good = 0, same = 0;

        while (sim.now < end && good < 2 && !sim.gave_up) {
                daemon_operator_repairs();
                rereads = daemon_rereads(SETTLE_STEP);
                daemon_live(sim.now + SETTLE_STEP);
                if (sim.gave_up || !daemon_is_quiet())
                        continue;
                daemon_collect();
                oracle_judge(v);
                good = v->text ? 0 : good + 1;
                /* A poll each may still find what was done just before, and some of a network that lists it late; what a wide one finds
                 * after an hour is told.  That a conversation was read again is written down.  Where our clock is behind the network's,
                 * the horizon follows it. */
                if (good == 2 && sim.jump >= 0 && sim.told == told && !is_forgetting(sim.now - SETTLE_STEP) &&
                    !rights_end_after(sim.now - 2 * SETTLE_STEP) &&
                    daemon_commits() > commits + rereads * (social_kind && social_kind->pays ? 2 : 1) + social.renewals - renewals
                                       + (uint64_t) (4 * social.n_networks + desks.n))
                        oracle_rude("an idle daemon writes");
                commits = daemon_commits();
                renewals = social.renewals;
                told = sim.told;
                same = v->text && last && streq(v->text, last) ? same + 1 : 0;
                last = v->text;
                if (is_hopeless(v, same))
                        return;
        }
}

/* The least of some looks, for at any moment a poll may be on its way. */
static int64_t held_at_rest(void)
{
        int64_t least = INT64_MAX;

        for (int i = 0; i < 5; i++) {
                daemon_live(sim.now + 3 * USEC_PER_SEC);
                least = MIN(least, heap_held() - sqlite3_memory_used());
        }
        return least;
}

/* Long after, nothing has grown but the network's own records. */
static void idle(void)
{
        int incarnation = sim.incarnation;
        int64_t half, end;

        if (!sim.plan.idle_usec || sim.gave_up)
                return;
        daemon_live(sim.now + sim.plan.idle_usec / 2);
        half = held_at_rest();
        daemon_live(sim.now + sim.plan.idle_usec / 2);
        end = held_at_rest();
        if (incarnation != sim.incarnation)
                return;
        happened(IDLE);
        if (end > half + GROWTH_MAX)
                oracle_leak(xasprintf("the daemon's memory grew from %lld to %lld bytes in idle hours", (long long) half, (long long) end));
}

void world_live(uint64_t seed, struct result *ret, struct verdict *v)
{
        int64_t began;

        sim_seed(seed);
        make_plan();
        disk_init();
        social_init();
        desk_init();
        began = sim.now;
        daemon_init();
        people_init(began);
        daemon_live(began + sim.plan.start_calm_usec);
        sim.faults = true;
        again(sim.plan.crash_usec, on_crash_time);
        again(sim.plan.storm_usec, on_storm_time);
        again(sim.plan.disk_usec, on_disk_time);
        again(sim.plan.jump_usec, on_jump_time);
        again(sim.plan.operator_usec, on_operator_time);
        if (sim.plan.secrets)
                again(20 * USEC_PER_MINUTE, on_secret_time);
        daemon_live(began + sim.plan.busy_usec);
        all_calm();
        settle(v);
        if (heap_held() > HELD_MAX)
                oracle_leak(xasprintf("the daemon holds %lld bytes with nothing to do", (long long) heap_held()));
        idle();
        daemon_finish();
        oracle_judge(v);
        *ret = (struct result) {
                .seed = seed, .hash = sim.hash, .crashes = sim.crashes, .ambiguous = sim.ambiguous, .requests = sim.requests,
                .commits = sim.commits, .usec = sim.now - began, .mentions = v->mentions, .replies = v->replies, .held = v->held,
                .dead = v->dead, .acts = people_acts(), .faults = net_faults(), .crash_times = n_crash_times + 1,
        };
        memcpy(ret->counts, v->counts, sizeof ret->counts);
        if (social.n_networks > 1)
                happened(MANY_NETWORKS);
        if (desks.n > 1)
                happened(MANY_DESKS);
        happenings[HELD] += (uint64_t) v->held;
        happenings[DEAD] += (uint64_t) v->dead;
        memcpy(ret->happenings, happenings, sizeof ret->happenings);
}
