/* SPDX-License-Identifier: MIT
 *
 * mentiond-sim: worlds from seeds, one after the other or a few at once, and the sum of what the oracle says of them.
 *
 *     mentiond-sim [--seeds N] [--seed-base B] [--jobs J] [--tap] [--trace]
 *     SEED=s mentiond-sim            one world, twice, with its history if a rule is broken (or --trace is given)
 *
 * Each world lives in a child process: what dead incarnations of the daemon leave behind goes with it.
 */
#include "sim.h"

#include "base/buffer.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define SETTLE_STEP (10 * USEC_PER_MINUTE)
#define SETTLE_MAX (26 * USEC_PER_HOUR)          /* pauses that a server asks for are obeyed for up to 6 hours */
#define WORLD_SECONDS 120                        /* of real time, for one world */
#define HISTORY_LINES 120

struct result {
        uint64_t seed, hash, crashes, ambiguous, requests, commits;
        int64_t usec;                    /* simulated */
        int mentions, replies, held, dead;
        int counts[_CATEGORIES];
};

/* --- One world --- */

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
        p->operator_usec = some(500, 2 * USEC_PER_MINUTE, 30 * USEC_PER_MINUTE);
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
}

static void again(int64_t mean, void (*fn)(void *data))
{
        if (mean)
                sim_in(around(R_CRASH, mean), fn, NULL);
}

static void on_crash_time(void *data _unused_)
{
        if (!sim.faults)
                return;
        if (chance(R_CRASH, 300)) {
                note("*** crash: at any moment");
                sim.crashed = true;
        } else {
                sim_set_any_trap(20);
        }
        again(sim.plan.crash_usec, on_crash_time);
}

static void on_storm_time(void *data _unused_)
{
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
        int64_t hour = chance(R_CRASH, 500) ? USEC_PER_HOUR : -USEC_PER_HOUR, range = sim.plan.far_jumps ? 87600 : 1;

        if (!sim.faults)
                return;
        if (sim.jump && chance(R_CRASH, 600)) {
                sim.jump = 0;
        } else {
                sim.jump = hour * between(R_CRASH, 1, range);
                sim.jump += below(R_CRASH, USEC_PER_MINUTE);
        }
        note("*** the clock jumps: it is wrong by %lld s", (long long) (sim.jump / USEC_PER_SEC));
        again(sim.plan.jump_usec, on_jump_time);
}

static void on_right_again(void *data _unused_)
{
        if (masto.revoked || znuny.locked_out)
                note("*** token and password are right again");
        masto.revoked = znuny.locked_out = false;
        if (chance(R_CRASH, 700))
                daemon_operator_repairs();
}

static void on_secret_time(void *data _unused_)
{
        if (!sim.faults)
                return;
        switch (below(R_CRASH, 4)) {
        case 0:
                masto.revoked = true;
                note("*** the token is revoked");
                break;
        case 1:
                znuny.locked_out = true;
                note("*** the password is refused");
                break;
        default:
                znuny.session++;
                note("*** all sessions end");
        }
        sim_in(around(R_CRASH, 8 * USEC_PER_MINUTE), on_right_again, NULL);
        again(40 * USEC_PER_MINUTE, on_secret_time);
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
        sim_set_trap(TRAP_NONE, 0);
        net_calm();
        disk_calm();
        masto.revoked = znuny.locked_out = false;
}

/* Until the journal is quiet and the oracle content, and some more: what is done twice is done late. */
static void settle(struct verdict *v)
{
        int64_t end = sim.now + SETTLE_MAX;
        uint64_t commits = 0;
        int good = 0;

        while (sim.now < end && good < 2 && !sim.gave_up) {
                daemon_operator_repairs();
                daemon_live(sim.now + SETTLE_STEP);
                if (sim.gave_up || !daemon_is_quiet())
                        continue;
                daemon_collect();
                oracle_judge(v);
                good = v->text ? 0 : good + 1;
                /* A poll each may still find what was done just before.  Where our clock is behind the network's, the horizon
                 * follows it. */
                if (good == 2 && sim.jump >= 0 && daemon_commits() > commits + 2)
                        oracle_rude("an idle daemon writes");
                commits = daemon_commits();
        }
}

static void live_world(uint64_t seed, struct result *ret, struct verdict *v)
{
        int64_t began;

        sim_seed(seed);
        make_plan();
        disk_init();
        masto_init();
        znuny_init();
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
        if (chance(R_PLAN, 400))
                again(40 * USEC_PER_MINUTE, on_secret_time);
        daemon_live(began + sim.plan.busy_usec);
        all_calm();
        settle(v);
        daemon_finish();
        oracle_judge(v);
        *ret = (struct result) {
                .seed = seed, .hash = sim.hash, .crashes = sim.crashes, .ambiguous = sim.ambiguous, .requests = sim.requests,
                .commits = sim.commits, .usec = sim.now - began, .mentions = v->mentions, .replies = v->replies, .held = v->held,
                .dead = v->dead,
        };
        memcpy(ret->counts, v->counts, sizeof ret->counts);
}

/* --- Many worlds --- */

static bool is_broken(const struct result *r)
{
        for (int c = 0; c < _CATEGORIES; c++)
                if (r->counts[c])
                        return true;
        return false;
}

/* In a child; what is broken goes to f. */
static struct result child(uint64_t seed, FILE *f, bool all)
{
        struct result r = { .seed = seed };
        int pipes[2];
        pid_t pid;
        int status;

        if (pipe(pipes) < 0)
                abort();
        (void) fflush(NULL);
        pid = fork();
        if (pid < 0)
                abort();
        if (pid == 0) {
                struct verdict v;

                (void) close(pipes[0]);
                (void) alarm(WORLD_SECONDS);
                live_world(seed, &r, &v);
                if (v.text || all) {
                        fprintf(f, "seed %llu breaks:\n%s", (unsigned long long) seed, v.text ? v.text : "  nothing\n");
                        fprintf(f, "history:\n");
                        trace_print(f, v.words, all ? 0 : (size_t) v.n_words, all ? SIZE_MAX : HISTORY_LINES);
                        (void) fflush(f);
                }
                (void) !write(pipes[1], &r, sizeof r);
                _exit(0);
        }
        (void) close(pipes[1]);
        if (read(pipes[0], &r, sizeof r) != sizeof r)
                r.counts[STUCK]++;
        (void) close(pipes[0]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (status) {
                fprintf(f, "seed %llu: the world ended with %s %d\n", (unsigned long long) seed, WIFSIGNALED(status) ? "signal" : "status",
                        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
                r.counts[STUCK]++;
        }
        return r;
}

static void add(struct result *sum, const struct result *r)
{
        sum->hash ^= r->hash;
        sum->crashes += r->crashes;
        sum->ambiguous += r->ambiguous;
        sum->requests += r->requests;
        sum->commits += r->commits;
        sum->usec += r->usec;
        sum->mentions += r->mentions;
        sum->replies += r->replies;
        sum->held += r->held;
        sum->dead += r->dead;
        for (int c = 0; c < _CATEGORIES; c++)
                sum->counts[c] += r->counts[c];
}

/* Every jobs-th seed from base + job on; the sum goes into the pipe. */
static void work(uint64_t base, uint64_t n, unsigned job, unsigned jobs, int fd)
{
        struct result sum = { .seed = 0 };

        for (uint64_t i = job; i < n; i += jobs) {
                struct result r = child(base + i, stdout, false);

                add(&sum, &r);
                sum.seed += is_broken(&r);       /* here: how many are */
        }
        (void) !write(fd, &sum, sizeof sum);
}

static struct result run(uint64_t base, uint64_t n, unsigned jobs)
{
        struct result sum = { .seed = 0 }, one;
        int pipes[2];

        if (pipe(pipes) < 0)
                abort();
        for (unsigned job = 0; job < jobs; job++) {
                (void) fflush(NULL);
                if (fork() == 0) {
                        work(base, n, job, jobs, pipes[1]);
                        _exit(0);
                }
        }
        (void) close(pipes[1]);
        while (read(pipes[0], &one, sizeof one) == sizeof one) {
                add(&sum, &one);
                sum.seed += one.seed;
        }
        (void) close(pipes[0]);
        while (wait(NULL) > 0 || errno == EINTR)
                ;
        return sum;
}

static void print_sum(const char *before, const struct result *s, uint64_t n, double seconds)
{
        printf("%ssim: %llu broken seeds, wrong %d; %d held, %d dead; %.1f seeds/s, %.0f simulated hours, %llu requests, %llu commits, traces %016llx\n", before,
               (unsigned long long) s->seed, s->counts[WRONG], s->held, s->dead, (double) n / seconds, (double) s->usec / 3600e6,
               (unsigned long long) s->requests, (unsigned long long) s->commits, (unsigned long long) s->hash);
        printf("%ssim: %llu seeds, %d mentions, %d replies, %llu crashes, %llu ambiguous, lost %d, doubled %d, leaked %d, stuck %d\n", before,
               (unsigned long long) n, s->mentions, s->replies, (unsigned long long) s->crashes, (unsigned long long) s->ambiguous,
               s->counts[LOST], s->counts[DOUBLED], s->counts[LEAKED], s->counts[STUCK]);
}

static double now(void)
{
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static int replay(uint64_t seed, bool all)
{
        double began = now();
        struct result first = child(seed, stdout, all), second = child(seed, stderr, false);
        struct result sum = { .seed = is_broken(&first) };

        if (first.hash != second.hash)
                printf("seed %llu does not replay: %016llx, then %016llx\n", (unsigned long long) seed, (unsigned long long) first.hash,
                       (unsigned long long) second.hash);
        add(&sum, &first);
        printf("seed %llu: trace %016llx\n", (unsigned long long) seed, (unsigned long long) first.hash);
        print_sum("", &sum, 1, now() - began);
        return is_broken(&first) || first.hash != second.hash;
}

int main(int argc, char **argv)
{
        uint64_t n = 60, base = 1;       /* about 10 s */
        unsigned jobs = 2;
        bool tap = false, all = false, bad;
        struct result sum;
        double began = now();

        for (int i = 1; i < argc; i++) {
                const char *value = i + 1 < argc ? argv[i + 1] : "";

                if (streq(argv[i], "--tap")) {
                        tap = true;
                } else if (streq(argv[i], "--trace")) {
                        all = true;
                } else if (streq(argv[i], "--seeds") || streq(argv[i], "--seed-base") || streq(argv[i], "--jobs")) {
                        uint64_t number = strtoull(value, NULL, 10);

                        if (argv[i][2] == 'j')
                                jobs = (unsigned) MAX(number, UINT64_C(1));
                        else if (argv[i][6] == 's')
                                n = number;
                        else
                                base = number;
                        i++;
                } else {
                        fprintf(stderr, "usage: mentiond-sim [--seeds N] [--seed-base B] [--jobs J] [--tap] [--trace]\n");
                        return 2;
                }
        }
        if (getenv("SEED"))
                return replay(strtoull(getenv("SEED"), NULL, 10), all);
        sum = run(base, n, jobs);
        bad = is_broken(&sum);
        if (tap)
                printf("%sok 1 - %llu simulated worlds keep all rules\n1..1\n", bad ? "not " : "", (unsigned long long) n);
        print_sum(tap ? "# " : "", &sum, n, now() - began);
        return bad;
}
