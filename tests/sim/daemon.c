/* SPDX-License-Identifier: MIT
 *
 * The daemon in the simulated world: admin/daemon.c itself, with its configuration file, but no control socket.  How it
 * starts, ends, dies and starts again.  Owns the living incarnation; one that died is abandoned with all its memory, as a
 * process would be, and the world goes on.
 */
#undef _FORTIFY_SOURCE           /* longjmp() from one stack to another */

#include "desk.h"
#include "living.h"

#include "admin/control.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mac.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "mentiond.conf"
#define STARTS_MAX 20
#define LEFT_MAX 4096            /* bytes that libraries keep for ever */

const struct mentiond_plugin *bluesky_plugin_init(void);
const struct mentiond_plugin *exec_plugin_init(void);
const struct mentiond_plugin *facebook_plugin_init(void);
const struct mentiond_plugin *feed_plugin_init(void);
const struct mentiond_plugin *mastodon_plugin_init(void);
const struct mentiond_plugin *otrs_plugin_init(void);
const struct mentiond_plugin *telegram_plugin_init(void);
const struct mentiond_plugin *x_plugin_init(void);
const struct mentiond_plugin *zammad_plugin_init(void);

struct daemon *living;
static bool ready;
static char directory[] = "/tmp/mentiond-sim-XXXXXX";
static char *settings[NETWORKS + DESKS];         /* of each instance; helpdesks last */
static int64_t parallel[NETWORKS + DESKS];
static bool queues[DESKS];               /* whose instance names a queue; else its channels do */

struct row *rows;
int n_rows;
char *daemon_integrity;

/* In place of libc's: an incarnation that died has no lock any more, though its descriptor is still open. */
int flock(int fd _unused_, int operation _unused_)
{
        return 0;
}

/* In place of admin/control.c: the operator is in this process. */
int control_open(struct daemon *d _unused_, const char *path _unused_, struct control **ret, char **ret_error _unused_)
{
        *ret = NULL;
        return 0;
}

void control_stop(struct control *c _unused_)
{
}

void control_free(struct control *c _unused_)
{
}

void daemon_notified(const char *state)
{
        ready |= streq(state, "READY=1");
}

bool daemon_is_ready(void)
{
        return living && ready;
}

/* --- Configuration --- */

static void write_section(FILE *f, const char *kind, int from, int n)
{
        fprintf(f, "%s = {\n", kind);
        for (int s = from; s < from + n; s++)
                fprintf(f, "%s = { %s parallel = %lld; };\n", server_name(s), settings[s], (long long) parallel[s]);
        fprintf(f, "};\n");
}

static void write_file(void)
{
        FILE *f = fopen(FILE_NAME, "we");

        if (!f)
                abort();
        fprintf(f, "state_directory = \".\";\n");
        if (sim.plan.forget_usec)
                fprintf(f, "forget_after = \"%llds\";\n", (long long) (sim.plan.forget_usec / USEC_PER_SEC));
        write_section(f, "helpdesk", NETWORKS, desks.n);
        write_section(f, "channel", 0, social.n_networks);
        if (fclose(f) != 0)
                abort();
}

void daemon_reconfigure(int server, int64_t new_parallel)
{
        int before = heap_enter(HEAP_WORLD);

        parallel[server] = new_parallel;
        write_file();
        (void) heap_enter(before);
}

void daemon_change(int server, const char *from, const char *to)
{
        int before = heap_enter(HEAP_WORLD);
        char *at = strstr(settings[server], from);

        if (at) {
                char *whole = xasprintf("%.*s%s%s", (int) (at - settings[server]), settings[server], to, at + strlen(from));

                free(settings[server]);
                settings[server] = whole;
                write_file();
        }
        (void) heap_enter(before);
}

static void configure(int s)
{
        long long poll = between(R_PLAN, 10, 60), retry = between(R_PLAN, 1, 10), retry_max = between(R_PLAN, 1, 10);
        _cleanup_free_ char *more = NULL;

        if (is_desk(s)) {
                queues[s - NETWORKS] = chance(R_PLAN, 500);
                more = desks.all[s - NETWORKS].kind->settings(server_name(s), queues[s - NETWORKS]);
        } else {
                const struct network *n = &social.networks[s];
                long long hold = chance(R_PLAN, 250) ? between(R_PLAN, 60, 600) : between(R_PLAN, 0, 60), parts = between(R_PLAN, 1, 6);
                long long length = chance(R_PLAN, 500) ? 0 : between(R_PLAN, 120, 400);
                bool numbered = chance(R_PLAN, 500);
                _cleanup_free_ char *reopen = sim.plan.reopen_usec ? xasprintf(" reopen_for = \"%llds\";", (long long) (sim.plan.reopen_usec / USEC_PER_SEC)) : NULL;

                _cleanup_free_ char *own = n->kind->settings(s);

                more = xasprintf("%s helpdesk = \"%s\"; hold = \"%llds\"; parts_max = %lld; length_max = %lld; numbered = %s;%s%s", own,
                                 desks.all[n->desk].name, hold, parts, length, numbered ? "true" : "false", queues[n->desk] ? "" : " queue = \"Social\";", strempty(reopen));
        }
        if (sim.plan.windows && !is_desk(s)) {
                char *with = xasprintf("%s window_alarm = \"%lldm\";", more, (long long) below(R_RIGHTS, 15));

                free(more);
                more = with;
        }
        settings[s] = xasprintf("%s poll_every = \"%llds\"; timeout = \"%llds\"; settle = \"%llds\"; retry = \"%llds\"; retry_max = \"%lldm\";", more, poll,
                                (long long) (sim.plan.timeout_usec / USEC_PER_SEC), (long long) (sim.plan.settle_usec / USEC_PER_SEC),
                                retry, retry_max);
        parallel[s] = between(R_PLAN, 1, 8);
}

/* --- Life and death --- */

/* An instance may stop, until a person comes, for its token or password alone. */
static void on_stop(const char *line)
{
        for (int s = 0; s < NETWORKS + desks.n; s++) {
                const struct network *n = is_network(s) ? &social.networks[s] : NULL;
                const struct desk *d = n ? NULL : &desks.all[s - NETWORKS];
                int64_t right = n ? n->right_usec : d->right_usec;
                _cleanup_free_ char *instance = NULL;

                if (s >= social.n_networks && n)
                        continue;
                instance = xasprintf("instance=%s ", server_name(s));
                if (strstr(line, instance) && !(n ? n->revoked : d->locked_out) && (!right || sim.now > right + USEC_PER_MINUTE))
                        oracle_rude("an instance stopped whose token or password is right");
        }
}

static void on_log(int level _unused_, const char *line, void *data _unused_)
{
        const char *recovered = strstr(line, "some requests were on their way");

        note("log %s", line);
        sim.told++;
        if (strstr(line, ": polls go on failing"))
                sim.released_usec[sim.n_released++ % ELEMENTSOF(sim.released_usec)] = sim.now;
        if (strstr(line, ": ambiguous "))
                sim.ambiguous++;
        if (strstr(line, ": poll failed "))
                shown_failed(line);
        if (strstr(line, "stopped: a person is needed"))
                on_stop(line);
        if (strstr(line, "and the ceiling is"))
                happened(CEILING);
        if (strstr(line, ": forgotten "))
                happened(FORGOTTEN);
        if (strstr(line, "ending at once"))
                happened(DISK_FATAL);
        if (recovered && strstr(recovered, "rows=")) {
                sim.ambiguous += strtoull(strstr(recovered, "rows=") + 5, NULL, 10);
                happened(RECOVERED);
        }
}

static void make_plugins(void)
{
        static const struct mentiond_plugin *(*const all[])(void) = {
                bluesky_plugin_init, exec_plugin_init, facebook_plugin_init, feed_plugin_init, mastodon_plugin_init, otrs_plugin_init,
                telegram_plugin_init, x_plugin_init, zammad_plugin_init,
        };
        _cleanup_free_ char *wrong = NULL;
        struct plugin *p;

        plugin_forget_all();
        for (size_t i = 0; i < ELEMENTSOF(all); i++)
                if (plugin_register(all[i](), &p, &wrong) < 0)
                        abort();
}

/* The process begins. */
static int start(void)
{
        struct problems p = PROBLEMS_INIT;
        struct loop *l = NULL;
        struct config c;
        int r;

        ready = false;
        sim_new_process();
        make_plugins();
        note("*** the daemon starts");
        living = xcalloc(1, sizeof *living);
        config_load(FILE_NAME, &c, &p);
        if (p.n) {
                fprintf(stderr, "%s", buffer_str(&p.text));
                abort();
        }
        log_set_level(LOG_INFO);
        (void) loop_new(&l);
        r = daemon_open(living, l, &c, STORE_INLINE);
        if (r < 0)
                note("*** the daemon cannot start: %s", strerror(-r));
        if (r == -EUCLEAN)
                oracle_spin("the store is damaged");
        return r;
}

/* The process ends as it should. */
static void close_daemon(int code)
{
        struct loop *l = living->loop;
        bool orderly = code == 0 && !living->host.instances;

        if (living->host.store)
                sim.commits += store_commits(living->host.store);
        daemon_close(living);
        loop_free(l);
        free(TAKE_PTR(living));
        if (!orderly)
                return;
        happened(LEFT_NOTHING);
        if (heap_held() > LEFT_MAX)
                oracle_leak(xasprintf("an orderly end left %lld bytes of memory", (long long) heap_held()));
}

static void abandon(bool power)
{
        if (living && living->host.store)
                sim.commits += store_commits(living->host.store);
        living = NULL;
        sim.incarnation++;
        sim.crashed = false;
        sim_set_trap(TRAP_NONE, 0);
        heap_new_daemon();
        if (power) {
                happened(CRASH_POWER);
                note("*** the power was lost");
        }
        disk_crash(power);
}

/* One incarnation, as far as it gets; true if the time is over and it lives. */
static bool live(int64_t until)
{
        int code;

        (void) heap_enter(heap_daemon());
        if (setjmp(sim.crash_env)) {
                sim.crashed = true;
                return false;
        }
        code = living ? 0 : start();
        sim.until = until;
        if (code >= 0) {
                code = loop_run(living->loop);
                if (code == LOOP_UNTIL)
                        return true;
        }
        if (sim.crashed)
                return false;
        note("*** the daemon has ended: %d", code);
        close_daemon(code);
        return false;
}

void daemon_live(int64_t until_usec)
{
        int failed_starts = 0;

        while (sim.now < until_usec) {
                bool lives = live(until_usec), died = sim.crashed;

                (void) heap_enter(HEAP_WORLD);
                if (lives)
                        return;
                sim.crashes += died;
                if (died && !ready)
                        happened(CRASH_RECOVERY);
                if (!sim.faults && !died && !ready && ++failed_starts > STARTS_MAX)
                        oracle_spin("the daemon does not start, and nothing is in its way");
                abandon(died && chance(R_CRASH, sim.plan.power_permille));
                if (sim.gave_up)
                        return;
                sim_pass_until(sim.now + (sim.faults ? around(R_CRASH, 10 * USEC_PER_SEC) : USEC_PER_SEC));
                /* Also while it recovers. */
                if (sim.faults && died && chance(R_CRASH, 150))
                        sim_set_trap(TRAP_DISK, between(R_CRASH, 1, 6));
                else if (sim.faults && died && chance(R_CRASH, 200))
                        sim_set_any_trap(12);
        }
}

bool daemon_has_polled(const char *name)
{
        struct instance *i = living ? host_find(&living->host, name) : NULL;

        return i && i->stored.polled;
}

bool daemon_is_running(const char *name)
{
        struct instance *i = living ? host_find(&living->host, name) : NULL;

        return i && i->state == INSTANCE_RUNNING;
}

static void count_active(int64_t target _unused_, const char *kind _unused_, const char *state, int64_t n, int64_t seen_usec _unused_, void *data)
{
        if (!streq(state, STATE_HELD) && !streq(state, STATE_DEAD))
                *(int64_t *) data += n;
}

uint64_t daemon_commits(void)
{
        return sim.commits + (living ? store_commits(living->host.store) : 0);
}

uint64_t daemon_rereads(int64_t usec)
{
        int64_t threads[1024];
        uint64_t n = 0;

        for (struct instance *i = living ? living->host.instances : NULL; i; i = i->next)
                n += (uint64_t) MAX(store_reread_due(living->host.store, i->stored.id, steady_usec() + usec, threads, ELEMENTSOF(threads)), 0);
        return n;
}

bool daemon_is_quiet(void)
{
        int64_t active = 0;

        return daemon_is_ready() && store_counts(living->host.store, count_active, &active) >= 0 && active == 0;
}

/* --- Beginning and end of the world --- */

/* What the library for it makes once for a process, and keeps, is not the daemon's. */
static void open_crypto(void)
{
        unsigned char mac[MAC_MAX];

        (void) mac_of(MAC_SHA1, "key", "", 0, mac);
        (void) mac_of(MAC_SHA256, "key", "", 0, mac);
}

void daemon_init(void)
{
        open_crypto();
        (void) setenv("SIM_TOKEN", "the-token", 1);
        (void) setenv("SIM_PASSWORD", DESK_PASSWORD, 1);
        log_set_sink(on_log, NULL);
        /* The store and the lock are in ".": no name that is drawn outside of the world gets into it. */
        if (!mkdtemp(directory) || chdir(directory) < 0)
                abort();
        for (int s = NETWORKS; s < NETWORKS + desks.n; s++)
                configure(s);
        for (int s = 0; s < social.n_networks; s++)
                configure(s);
        write_file();
}

void daemon_collect(void)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_row *list = NULL;
        size_t n = 0;

        (void) store_list(living->host.store, a, &(struct store_list) { .max = 10000 }, &list, &n);
        rows = xcalloc(n + 1, sizeof *rows);
        n_rows = (int) n;
        for (size_t i = 0; i < n; i++) {
                const struct instance *source = host_find_id(&living->host, list[i].source);

                rows[i] = (struct row) {
                        list[i].id, xstrdup(source ? source->name : ""), xstrdup(list[i].kind), xstrdup(list[i].state),
                        xstrdup(list[i].native_id), xstrdup(list[i].reason),
                };
        }
}

void daemon_finish(void)
{
        if (daemon_is_ready()) {
                daemon_collect();
                (void) heap_enter(heap_daemon());
                daemon_end(living);
                sim.until = USEC_INFINITY;
                (void) loop_run(living->loop);
                if (living->host.instances)
                        oracle_spin("the daemon did not end by itself");
                close_daemon(0);
                (void) heap_enter(HEAP_WORLD);
        }
        daemon_integrity = disk_integrity("./mentiond.db");
        (void) unlink("lock");
        (void) unlink(FILE_NAME);
        (void) rmdir(directory);
}
