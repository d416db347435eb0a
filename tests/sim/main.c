/* SPDX-License-Identifier: MIT
 *
 * mentiond-sim: worlds from seeds, one after the other or a few at once, and the sum of what the oracle says of them.  With --tap it
 * makes some of each helpdesk and of each kind of network.
 *
 *     mentiond-sim [--helpdesk znuny|zammad] [--network KIND] [--seeds N] [--seed-base B] [--jobs J] [--stats] [--no-history] [--tap] [--trace]
 *     mentiond-sim --serve MODEL     a model server by itself, see serve.c
 *     SEED=s mentiond-sim            one world, twice, with its shortest history if a rule breaks; --trace: with all of it
 *
 * Each world lives in a child process: what dead incarnations of the daemon leave behind goes with it.
 */
#include "desk.h"

#include "base/buffer.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define WORLD_SECONDS 120                        /* of real time, for one world */
#define HISTORY_LINES 150

/* --- Many worlds --- */

static bool is_broken(const struct result *r)
{
        for (int c = 0; c < _CATEGORIES; c++)
                if (r->counts[c])
                        return true;
        return false;
}

enum { SAY_NOTHING, SAY_RULES, SAY_HISTORY, SAY_ALL };

static void tell(const struct verdict *v, uint64_t seed, int say)
{
        if (say == SAY_NOTHING || (!v->text && say != SAY_ALL))
                return;
        printf("seed %llu breaks:\n%s", (unsigned long long) seed, v->text ? v->text : "  nothing\n");
        if (say >= SAY_HISTORY)
                trace_print(stdout, v->words, say == SAY_ALL ? 0 : (size_t) v->n_words, say == SAY_ALL ? SIZE_MAX : HISTORY_LINES);
        (void) fflush(stdout);
}

/* In a child. */
static struct result child(uint64_t seed, int say)
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
                world_live(seed, &r, &v);
                tell(&v, seed, say);
                (void) !write(pipes[1], &r, sizeof r);
                _exit(0);
        }
        (void) close(pipes[1]);
        if (read(pipes[0], &r, sizeof r) != sizeof r)
                r.counts[STUCK]++;
        (void) close(pipes[0]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (status && say != SAY_NOTHING)
                printf("seed %llu: the world ended with %s %d\n", (unsigned long long) seed, WIFSIGNALED(status) ? "signal" : "status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        return r;
}

static bool breaks(uint64_t seed, enum category c)
{
        return child(seed, SAY_NOTHING).counts[c] > 0;
}

/* What a person reads first of a broken seed. */
static void print_shortest(uint64_t seed)
{
        struct result r = child(seed, SAY_NOTHING);

        for (int c = 0; c < _CATEGORIES; c++)
                if (r.counts[c]) {
                        shorten(seed, (enum category) c, &r, breaks);
                        (void) child(seed, SAY_HISTORY);
                        return;
                }
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
        for (int h = 0; h < _HAPPENINGS; h++)
                sum->happenings[h] += r->happenings[h];
}

/* Every jobs-th seed from base + job on; the sum goes into the pipe. */
static void work(uint64_t base, uint64_t n, unsigned job, unsigned jobs, int fd)
{
        struct result sum = { .seed = 0 };

        for (uint64_t i = job; i < n; i += jobs) {
                struct result r = child(base + i, SAY_RULES);

                add(&sum, &r);
                sum.seed += is_broken(&r);       /* here: how many are */
                if (is_broken(&r) && !sum.broken)
                        sum.broken = base + i;
        }
        (void) !write(fd, &sum, sizeof sum);
}

/* All worlds, of the helpdesk that was chosen. */
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
                if (one.broken && (!sum.broken || one.broken < sum.broken))
                        sum.broken = one.broken;
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

/* How often all of it happened; how much never did. */
/* In one world of some hundred: not asked of a run of 100. */
static bool is_rare(int h)
{
        return h == SAME_KEY_AGAIN || h == EXPIRED || h == X_MISSING || h == X_LAGS || h == X_UNCALLED || h == X_DUPLICATE || h == X_HAD_IT || h == X_ABOVE_CEILING || h == CEILING ||
               h == REFRESHED_TOO_LATE || h == LOG_INS_LIMITED || h == NAME_TAKEN || h == POSTED_AFTER_REMOVAL;
}

static int print_happenings(const char *before, const struct result *s, bool all)
{
        int never = 0;

        for (int h = 0; h < _HAPPENINGS; h++) {
                never += !s->happenings[h] && !is_rare(h);
                if (all || (!s->happenings[h] && !is_rare(h)))
                        printf("%s%10llu  %s\n", before, (unsigned long long) s->happenings[h], happening_name((enum happening) h));
        }
        return never;
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
        struct result first = child(seed, all ? SAY_ALL : SAY_RULES), second = child(seed, SAY_NOTHING);
        struct result sum = { .seed = is_broken(&first) };

        if (first.hash != second.hash)
                printf("seed %llu does not replay: %016llx, then %016llx\n", (unsigned long long) seed, (unsigned long long) first.hash,
                       (unsigned long long) second.hash);
        add(&sum, &first);
        if (is_broken(&first) && !all)
                print_shortest(seed);
        print_sum("", &sum, 1, now() - began);
        return is_broken(&first) || first.hash != second.hash;
}

/* The worlds of a helpdesk and a kind of network, and a line of TAP. */
static struct result run_tap(uint64_t base, uint64_t n, unsigned jobs, bool zammad, const struct network_kind *kind, bool history, int number)
{
        double began = now();
        struct result sum;

        desk_zammad = zammad;
        social_kind = kind;
        sum = run(base, n, jobs);
        printf("%sok %d - %llu simulated worlds of %s with a %s keep all rules\n", is_broken(&sum) ? "not " : "", number, (unsigned long long) n,
               kind ? kind->name : "the fediverse", zammad ? "Zammad" : "Znuny");
        if (sum.broken && history)
                print_shortest(sum.broken);
        print_sum("# ", &sum, n, now() - began);
        (void) fflush(stdout);
        return sum;
}

/* All of them: those of other networks are fewer. */
static bool run_all(uint64_t base, uint64_t n, unsigned jobs, bool history, bool stats)
{
        struct result sum = { .seed = 0 };
        int number = 0;
        bool bad;

        for (int zammad = 0; zammad < 2; zammad++) {
                struct result one = run_tap(base, n, jobs, zammad, NULL, history, ++number);

                add(&sum, &one);
        }
        for (const struct network_kind *const *k = network_kinds; *k; k++) {
                struct result one = run_tap(base, n / 4, jobs, (k - network_kinds) % 2, *k, history, ++number);

                add(&sum, &one);
        }
        bad = print_happenings("# ", &sum, stats) > 0;
        printf("%sok %d - all that can go wrong went wrong\n1..%d\n", bad ? "not " : "", number + 1, number + 1);
        return bad || is_broken(&sum);
}

int main(int argc, char **argv)
{
        uint64_t n = 100, base = 1;      /* about 10 s */
        unsigned jobs = 2;
        bool tap = false, all = false, stats = false, history = true;
        struct result sum;
        double began = now();

        for (int i = 1; i < argc; i++) {
                const char *value = i + 1 < argc ? argv[i + 1] : "";

                if (streq(argv[i], "--tap")) {
                        tap = true;
                } else if (streq(argv[i], "--no-history")) {
                        history = false;
                } else if (streq(argv[i], "--helpdesk") && (streq(value, "znuny") || streq(value, "zammad"))) {
                        desk_zammad = streq(value, "zammad");
                        i++;
                } else if (streq(argv[i], "--network") && (network_named(value) || streq(value, "fediverse"))) {
                        social_kind = network_named(value);
                        i++;
                } else if (streq(argv[i], "--serve") && *value) {
                        return serve(value);
                } else if (streq(argv[i], "--stats")) {
                        stats = true;
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
                        fprintf(stderr, "usage: mentiond-sim [--helpdesk znuny|zammad] [--network KIND] [--seeds N] [--seed-base B] [--jobs J] [--stats] [--no-history]"
                                " [--tap] [--trace] [--serve MODEL]\n");
                        return 2;
                }
        }
        if (getenv("SEED"))
                return replay(strtoull(getenv("SEED"), NULL, 10), all);
        if (tap)
                return run_all(base, n, jobs, history, stats);
        sum = run(base, n, jobs);
        if (sum.broken && history)
                print_shortest(sum.broken);
        print_sum("", &sum, n, now() - began);
        if (stats)
                (void) print_happenings("", &sum, true);
        return is_broken(&sum);
}
