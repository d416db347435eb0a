/* SPDX-License-Identifier: MIT
 *
 * The daemon in the simulated world, put together as admin/daemon.c does it, but for configuration file and control
 * socket: how it starts, ends, dies and starts again, and what its operator does.  Owns the living incarnation; one that
 * died is abandoned with all its memory, as a process would be, and the world goes on.
 */
#undef _FORTIFY_SOURCE           /* longjmp() from one stack to another */

#include "sim.h"

#include "base/clock.h"
#include "base/log.h"
#include "flow/flow.h"
#include "host/plugin.h"
#include "io/http.h"

#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

const struct mentiond_plugin *mastodon_plugin_init(void);
const struct mentiond_plugin *otrs_plugin_init(void);

struct daemon {
        struct loop *loop;
        struct host host;
        struct flow flow;
        struct instance *pending;
        bool ending, ready;
        struct loop_timer end_timer;
        unsigned end_step;
};

static struct daemon *d;
static struct section sections[2];
static char directory[64];

struct row *rows;
int n_rows;
char *daemon_integrity;

/* In place of libc's: an incarnation that died has no lock any more, though its descriptor is still open. */
int flock(int fd _unused_, int operation _unused_)
{
        return 0;
}

/* --- Instances: as in admin/daemon.c --- */

static void attach(struct instance *i)
{
        flow_attach(&d->flow, i);
        instance_attach(i);
}

static void on_idle(struct instance *i)
{
        flow_detach(i);
        instance_unlink(i);
        for (struct instance **p = &d->pending; *p; p = &(*p)->next)
                if (streq((*p)->name, i->name)) {
                        struct instance *next = *p;

                        *p = next->next;
                        next->stored = i->stored;
                        attach(next);
                        break;
                }
        instance_free(i);
        if (d->ending && !d->host.instances)
                loop_exit(d->loop, 0);
}

static struct instance *make_instances(void)
{
        struct problems p = PROBLEMS_INIT;
        struct instance *list = NULL;

        for (int k = 0; k < 2; k++) {
                struct instance *i = instance_new(&d->host, &sections[k], k ? MENTIOND_CHANNEL : MENTIOND_HELPDESK, "/nowhere", &p);

                if (!i) {
                        fprintf(stderr, "%s", buffer_str(&p.text));
                        abort();
                }
                i->next = list;
                list = i;
        }
        return list;
}

static int read_rows(struct instance *list)
{
        for (struct instance *i = list; i; i = i->next) {
                int r = instance_read(i);

                if (r < 0)
                        return r;
        }
        for (struct instance *i = list; i; i = i->next)
                for (struct instance *h = list; h && instance_is_channel(i); h = h->next)
                        if (!instance_is_channel(h) && streq(h->name, i->options.helpdesk))
                                i->helpdesk_id = h->stored.id;
        return 0;
}

static void apply(struct instance *list)
{
        for (struct instance *i = d->host.instances, *next; i; i = next) {
                bool keep = false;

                next = i->next;
                for (struct instance *n = list; n; n = n->next)
                        keep |= section_equal(&n->section, &i->section) && i->state != INSTANCE_STOPPED;
                if (!keep && i->state != INSTANCE_ENDING)
                        instance_end(i);
        }
        while (list) {
                struct instance *i = list, *old;

                list = i->next;
                old = host_find(&d->host, i->name);
                if (!old) {
                        attach(i);
                } else if (old->state == INSTANCE_ENDING) {
                        i->next = d->pending;
                        d->pending = i;
                } else {
                        instance_free(i);
                }
        }
}

static void start_task(void *data _unused_)
{
        struct instance *list = make_instances();
        int r = store_recover(d->host.store);

        if (r > 0)
                sim.ambiguous += (uint64_t) r;
        if (r >= 0)
                r = read_rows(list);
        if (r < 0) {
                note("*** the daemon cannot start: %s", strerror(-r));
                loop_exit(d->loop, 1);
                return;
        }
        apply(list);
        d->ready = true;
}

static void reload_task(void *data _unused_)
{
        struct instance *list;

        if (d->pending || d->ending)
                return;
        list = make_instances();
        if (read_rows(list) < 0 || d->ending || d->pending)
                return;
        apply(list);
}

static void on_end_time(struct loop_timer *t)
{
        if (d->end_step++ == 0) {
                for (struct instance *i = d->host.instances; i; i = i->next)
                        instance_cancel(i);
                loop_timer_set(d->loop, t, mono_usec() + USEC_PER_SEC * 3 / 2);
                return;
        }
        loop_exit(d->loop, 0);
}

static void end(void)
{
        if (d->ending)
                return;
        note("*** the daemon is asked to end");
        d->ending = true;
        flow_drain(&d->flow);
        d->end_timer.fn = on_end_time;
        loop_timer_set(d->loop, &d->end_timer, mono_usec() + 8 * USEC_PER_SEC);
        apply(NULL);
        if (!d->host.instances)
                loop_exit(d->loop, 0);
}

static void on_fatal(const char *reason, void *data _unused_)
{
        note("*** fatal: %s", reason);
        loop_exit(d->loop, 1);
}

/* --- Life and death --- */

static int start(void)
{
        _cleanup_free_ char *error = NULL;
        int r;

        d = xcalloc(1, sizeof *d);
        sim_new_process();
        (void) loop_new(&d->loop);
        d->host.loop = d->loop;
        d->host.idle = on_idle;
        flow_init(&d->flow, &d->host);
        note("*** the daemon starts");
        r = store_open(d->loop, directory, STORE_INLINE, &d->host.store, &error);
        if (r < 0) {
                note("*** the daemon cannot start: %s", strempty(error));
                if (r == -EUCLEAN)
                        oracle_spin("the store is damaged");
                return r;
        }
        store_on_fatal(d->host.store, on_fatal, NULL);
        (void) http_new(d->loop, "mentiond/sim", &d->host.http);
        (void) task_start(d->loop, "start", start_task, NULL, NULL);
        return 0;
}

static void abandon(bool power)
{
        if (d && d->host.store)
                sim.commits += store_commits(d->host.store);
        d = NULL;
        sim.incarnation++;
        sim.crashed = false;
        sim_set_trap(TRAP_NONE, 0);
        heap_new_daemon();
        if (power)
                note("*** the power was lost");
        disk_crash(power);
}

/* One incarnation, as far as it gets; true if the time is over and it lives. */
static bool live(int64_t until)
{
        int code;

        (void) heap_enter(heap_daemon());
        if (setjmp(sim.crash_env)) {
                sim.crashed = true;
        } else {
                if (!d && start() < 0)
                        return false;
                sim.until = until;
                code = loop_run(d->loop);
                if (code == LOOP_UNTIL)
                        return true;
                if (!sim.crashed)
                        note("*** the daemon has ended: %d", code);
        }
        return false;
}

void daemon_live(int64_t until_usec)
{
        while (sim.now < until_usec) {
                bool died;

                if (live(until_usec)) {
                        (void) heap_enter(HEAP_WORLD);
                        return;
                }
                (void) heap_enter(HEAP_WORLD);
                died = sim.crashed;
                sim.crashes += died;
                abandon(died && chance(R_CRASH, sim.plan.power_permille));
                if (sim.gave_up)
                        return;
                sim_pass_until(sim.now + (sim.faults ? around(R_CRASH, 10 * USEC_PER_SEC) : USEC_PER_SEC));
                /* Also while it recovers. */
                if (sim.faults && died && chance(R_CRASH, 250))
                        sim_set_any_trap(12);
        }
}

bool daemon_has_polled(void)
{
        struct instance *i = d ? host_find(&d->host, "brand") : NULL;

        return i && i->stored.polled;
}

static void count_active(int64_t target _unused_, const char *kind _unused_, const char *state, int64_t n, void *data)
{
        if (!streq(state, STATE_HELD) && !streq(state, STATE_DEAD))
                *(int64_t *) data += n;
}

uint64_t daemon_commits(void)
{
        return sim.commits + (d ? store_commits(d->host.store) : 0);
}

bool daemon_is_quiet(void)
{
        int64_t active = 0;

        return d && d->ready && store_counts(d->host.store, count_active, &active) >= 0 && active == 0;
}

/* --- The operator --- */

struct order { int64_t id; bool again, pause; char name[8]; };

static void pause_task(void *data)
{
        struct order *o = data;
        struct instance *i = host_find(&d->host, o->name);

        if (!i || store_set_paused(d->host.store, i->stored.id, o->pause) < 0)
                return;
        i = host_find(&d->host, o->name);
        if (!i)
                return;
        note("operator %s %s, which is %s", o->pause ? "pauses" : "resumes", o->name, instance_state_name(i->state));
        masto.lax_until = masto.silent_until;
        znuny.lax_until = znuny.silent_until;
        i->stored.paused = o->pause;
        if (o->pause)
                instance_pause(i);
        else if (i->state == INSTANCE_STOPPED)
                (void) task_start(d->loop, "reload", reload_task, NULL, NULL);
        else
                instance_start(i);
}

static void pause_or_resume(const char *name, bool pause)
{
        struct order *o = xcalloc(1, sizeof *o);

        o->pause = pause;
        snprintf(o->name, sizeof o->name, "%s", name);
        (void) task_start(d->loop, "operator", pause_task, NULL, o);
}

void daemon_operator_repairs(void)
{
        if (!d || !d->ready)
                return;
        for (struct instance *i = d->host.instances; i; i = i->next)
                if (i->state == INSTANCE_STOPPED || i->state == INSTANCE_PAUSED)
                        pause_or_resume(i->name, false);
}

static bool is_on_network(int group)
{
        for (int i = 0; i < masto.n_statuses; i++)
                if (masto.statuses[i].by_api && !masto.statuses[i].spam && people_note_in(masto.statuses[i].text) == group)
                        return true;
        return false;
}

static bool is_in_helpdesk(const char *key)
{
        for (int i = 0; i < znuny.n_articles; i++)
                if (streq(znuny.articles[i].key, key))
                        return true;
        return false;
}

/* A careful operator: looks before he sends again. */
static void decide_task(void *data _unused_)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_row *list = NULL, *row;
        bool there;
        size_t n = 0;
        int r;

        r = store_list(d->host.store, a, &(struct store_list) { .state = chance(R_PEOPLE, 700) ? STATE_HELD : STATE_DEAD, .max = 100 }, &list, &n);
        if (r < 0 || n == 0)
                return;
        row = &list[below(R_PEOPLE, (int64_t) n)];
        if (streq(row->kind, KIND_REPLY)) {
                int article = atoi(row->native_id) - 1, k = znuny.articles[article].note;

                /* What was never meant for the public he does not send; of two that say the same he cannot tell. */
                if (k < 0 || agent_notes[k].internal || agent_notes[k].group != k || !znuny.articles[article].visible ||
                    znuny.tickets[znuny.articles[article].born_ticket].foreign)
                        return;
                for (int m = 0; m < n_agent_notes; m++)
                        if (m != k && agent_notes[m].group == k)
                                return;
                there = is_on_network(k);
                agent_notes[k].retried = true;
                agent_notes[k].dropped = there;
        } else if (streq(row->kind, KIND_MENTION)) {
                _cleanup_free_ char *key = xasprintf("brand:%s", row->native_id);

                there = is_in_helpdesk(key);
        } else {
                there = is_in_helpdesk(row->native_id);
        }
        note("operator %s row %lld (%s %s, %s)", there ? "drops" : "retries", (long long) row->id, row->kind, row->native_id, row->reason);
        (void) (there ? flow_drop(&d->flow, row->id, "it is there already") : flow_retry(&d->flow, row->id));
}

void operator_act(void)
{
        const char *name = chance(R_PEOPLE, 500) ? "brand" : "desk";

        if (!d || !d->ready || d->ending)
                return;
        switch (below(R_PEOPLE, 8)) {
        case 0:
                pause_or_resume(name, true);
                break;
        case 1:
        case 2:
                daemon_operator_repairs();
                break;
        case 3: {
                struct section *s = &sections[chance(R_PEOPLE, 500)];

                free(s->settings[s->n - 1].value);
                s->settings[s->n - 1].value = xasprintf("%d", (int) between(R_PEOPLE, 1, 9));    /* parallel */
                note("operator reloads");
                masto.lax_until = masto.silent_until;
                znuny.lax_until = znuny.silent_until;
                (void) task_start(d->loop, "reload", reload_task, NULL, NULL);
                break;
        }
        case 4:
                end();
                break;
        default:
                (void) task_start(d->loop, "operator", decide_task, NULL, NULL);
        }
}

/* --- Beginning and end of the world --- */

static void on_log(int level _unused_, const char *line, void *data _unused_)
{
        note("log %s", line);
        if (strstr(line, ": polls go on failing"))
                sim.released_usec[sim.n_released++ % ELEMENTSOF(sim.released_usec)] = sim.now;
        if (strstr(line, ": ambiguous "))
                sim.ambiguous++;
}

static void set(struct section *s, const char *name, char *value)
{
        section_add(s, name, value, 1);
        free(value);
}

static char *usec(int64_t value)
{
        return xasprintf("%lldus", (long long) value);
}

void daemon_init(void)
{
        static const char *const names[] = { "desk", "brand" };
        struct plugin *p;
        char *wrong = NULL;

        (void) setenv("SIM_TOKEN", "the-token", 1);
        (void) setenv("SIM_PASSWORD", "the-password", 1);
        if (plugin_register(mastodon_plugin_init(), &p, &wrong) < 0 || plugin_register(otrs_plugin_init(), &p, &wrong) < 0)
                abort();
        log_set_sink(on_log, NULL);
        log_set_level(LOG_INFO);
        for (int k = 0; k < 2; k++) {
                struct section *s = &sections[k];

                *s = (struct section) { .name = xstrdup(names[k]), .file = "sim", .line = 1 };
                set(s, "plugin", xstrdup(k ? "mastodon" : "otrs"));
                set(s, "poll_every", usec(between(R_PLAN, 10, 60) * USEC_PER_SEC));
                set(s, "timeout", usec(sim.plan.timeout_usec));
                set(s, "settle", usec(sim.plan.settle_usec));
                set(s, "retry", usec(between(R_PLAN, 1, 10) * USEC_PER_SEC));
                set(s, "retry_max", usec(between(R_PLAN, 1, 10) * USEC_PER_MINUTE));
        }
        set(&sections[0], "url", xstrdup("https://desk.example/znuny/nph-genericinterface.pl/Webservice/mentiond"));
        set(&sections[0], "user", xstrdup("mentiond"));
        set(&sections[0], "password", xstrdup("env:SIM_PASSWORD"));
        if (chance(R_PLAN, 500))
                set(&sections[0], "queue", xstrdup("Social"));
        set(&sections[1], "server", xstrdup("https://social.example"));
        set(&sections[1], "token", xstrdup("env:SIM_TOKEN"));
        set(&sections[1], "helpdesk", xstrdup("desk"));
        set(&sections[1], "hold", usec(between(R_PLAN, 0, 60) * USEC_PER_SEC));
        for (int k = 0; k < 2; k++)
                set(&sections[k], "parallel", xasprintf("%d", (int) between(R_PLAN, 1, 8)));
        snprintf(directory, sizeof directory, "/tmp/mentiond-sim-XXXXXX");
        if (!mkdtemp(directory))
                abort();
}

void daemon_collect(void)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_row *list = NULL;
        size_t n = 0;

        (void) store_list(d->host.store, a, &(struct store_list) { .max = 10000 }, &list, &n);
        rows = xcalloc(n + 1, sizeof *rows);
        n_rows = (int) n;
        for (size_t i = 0; i < n; i++)
                rows[i] = (struct row) { list[i].id, xstrdup(list[i].kind), xstrdup(list[i].state), xstrdup(list[i].native_id), xstrdup(list[i].reason) };
}

void daemon_finish(void)
{
        _cleanup_free_ char *path = xasprintf("%s/mentiond.db", directory), *lock = xasprintf("%s/lock", directory);

        if (d && d->ready) {
                daemon_collect();
                end();
                sim.until = USEC_INFINITY;
                (void) loop_run(d->loop);
                sim.commits += store_commits(d->host.store);
                if (d->host.instances)
                        oracle_spin("the daemon did not end by itself");
                else
                        store_close(d->host.store);
        }
        daemon_integrity = disk_integrity(path);
        (void) unlink(lock);
        (void) rmdir(directory);
}
