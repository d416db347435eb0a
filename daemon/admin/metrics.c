/* SPDX-License-Identifier: MIT
 *
 * The metrics page.  Owns what it counted in the store last.  Called by admin/listener.
 *
 * Labels are instances and words of our own, never ids.  What may be counted is shown from the start, as naught.
 */
#include "admin/listener.h"

#include "admin/daemon.h"
#include "base/clock.h"
#include "base/counter.h"

#include <stdio.h>
#include <sys/resource.h>

#define COUNT_SHARE 100          /* of the time, one part at most is spent on counting rows, of which there may be a million */
#define COUNT_AGE_MAX_USEC (5 * USEC_PER_MINUTE)
#define STATM_MAX 1000

struct depth {
        int64_t target, n[16], seen_usec[16];
};

struct metrics {
        struct daemon *daemon;
        struct depth *depths;
        size_t n_depths;
        int64_t counted_usec, count_again_usec;      /* mono */
};

/* What an instance may have to do, by its kind. */
static const struct {
        bool of_channel;
        const char *kind, *state;
} works[ELEMENTSOF(((struct depth *) 0)->n)] = {
        { false, KIND_MENTION, STATE_SHOWN }, { false, KIND_MENTION, STATE_NEW }, { false, KIND_MENTION, STATE_FILING },
        { false, KIND_MENTION, STATE_AMBIGUOUS }, { false, KIND_MENTION, STATE_HELD }, { false, KIND_MENTION, STATE_DEAD },
        { false, KIND_NOTE, STATE_NEW }, { false, KIND_NOTE, STATE_FILING }, { false, KIND_NOTE, STATE_AMBIGUOUS },
        { false, KIND_NOTE, STATE_HELD }, { false, KIND_NOTE, STATE_DEAD },
        { true, KIND_REPLY, STATE_WAITING }, { true, KIND_REPLY, STATE_SENDING }, { true, KIND_REPLY, STATE_AMBIGUOUS },
        { true, KIND_REPLY, STATE_HELD }, { true, KIND_REPLY, STATE_DEAD },
};

static void family(struct buffer *b, const char *name, const char *type, const char *help)
{
        (void) buffer_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static double seconds(int64_t usec)
{
        return (double) usec / (double) USEC_PER_SEC;
}

static void single(struct buffer *b, const char *name, const char *type, const char *help, double value)
{
        family(b, name, type, help);
        (void) buffer_printf(b, "%s %.15g\n", name, value);
}

/* --- The process --- */

static double resident_bytes(void)
{
        _cleanup_free_ char *text = NULL;
        long long pages = 0;
        size_t size;

        if (read_file("/proc/self/statm", STATM_MAX, &text, &size) < 0 || sscanf(text, "%*s %lld", &pages) != 1)
                return 0;
        return (double) pages * (double) sysconf(_SC_PAGESIZE);
}

static void write_process(const struct daemon *d, struct buffer *b)
{
        struct rusage u = { .ru_maxrss = 0 };

        family(b, "mentiond_build_info", "gauge", "What runs.");
        (void) buffer_printf(b, "mentiond_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
        single(b, "process_start_time_seconds", "gauge", "When it was started, since 1970.", seconds(d->started_usec));
        single(b, "process_resident_memory_bytes", "gauge", "Memory that it has.", resident_bytes());
        (void) getrusage(RUSAGE_SELF, &u);
        single(b, "process_cpu_seconds_total", "counter", "Processor time that it has used.",
               (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
}

static void write_delay(struct buffer *b)
{
        const struct counter_delay *delay = counter_delay();

        family(b, "mentiond_loop_delay_seconds", "histogram", "How late the event loop was when something was due.");
        for (size_t i = 0; i < ELEMENTSOF(counter_delay_bounds); i++)
                (void) buffer_printf(b, "mentiond_loop_delay_seconds_bucket{le=\"%g\"} %llu\n", seconds(counter_delay_bounds[i]),
                                     (unsigned long long) delay->within[i]);
        (void) buffer_printf(b, "mentiond_loop_delay_seconds_bucket{le=\"+Inf\"} %llu\n"
                                "mentiond_loop_delay_seconds_sum %.15g\nmentiond_loop_delay_seconds_count %llu\n",
                             (unsigned long long) delay->n, seconds(delay->sum_usec), (unsigned long long) delay->n);
        single(b, "mentiond_loop_delay_max_seconds", "gauge", "The longest such delay since the start.",
               seconds(delay->max_usec));
}

/* --- Counters --- */

struct wanted {
        const char *counter, *metric, *label;
        struct buffer *b;
};

static void write_counter(const char *name, const char *instance, const char *label, uint64_t value, void *data)
{
        const struct wanted *w = data;

        if (!streq(name, w->counter))
                return;
        (void) buffer_printf(w->b, "%s{instance=\"%s\"", w->metric, instance);
        if (w->label)
                (void) buffer_printf(w->b, ",%s=\"%s\"", w->label, label);
        (void) buffer_printf(w->b, "} %llu\n", (unsigned long long) value);
}

static void write_counters(struct buffer *b)
{
        static const struct {
                const char *counter, *metric, *label, *help;
        } families[] = {
                { "verdicts", "mentiond_operations_total", "verdict", "Operations of plugins by how they ended." },
                { "polls", "mentiond_polls_total", "verdict", "Polls by how they ended." },
                { "requests", "mentiond_requests_total", NULL, "HTTP requests to the other side." },
                { "alarms", "mentiond_window_alarms_total", NULL,
                  "Posts that were not answered shortly before they cannot be any more." },
                { "hooks", "mentiond_hooks_total", "result", "Calls of /hook/INSTANCE; those for no instance have none." },
        };

        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                struct wanted w = { families[i].counter, families[i].metric, families[i].label, b };

                family(b, w.metric, "counter", families[i].help);
                counter_each(write_counter, &w);
        }
}

/* --- Instances --- */

static void write_states(const struct host *h, struct buffer *b)
{
        family(b, "mentiond_instance_info", "gauge", "The instances.");
        for (const struct instance *i = h->instances; i; i = i->next)
                (void) buffer_printf(b, "mentiond_instance_info{instance=\"%s\",kind=\"%s\",plugin=\"%s\"} 1\n", i->name,
                                     instance_is_channel(i) ? "channel" : "helpdesk", i->plugin->name);
        family(b, "mentiond_instance_state", "gauge", "1 for the state that the instance is in.");
        for (const struct instance *i = h->instances; i; i = i->next)
                for (int state = INSTANCE_STARTING; state <= INSTANCE_ENDING; state++)
                        (void) buffer_printf(b, "mentiond_instance_state{instance=\"%s\",state=\"%s\"} %d\n", i->name,
                                             instance_state_name((enum instance_state) state), (int) i->state == state);
}

/* One value of each instance that has it. */
static void write_values(const struct host *h, struct buffer *b, const char *name, const char *help,
                         bool (*value)(const struct instance *i, double *ret))
{
        double v;

        family(b, name, "gauge", help);
        for (const struct instance *i = h->instances; i; i = i->next)
                if (value(i, &v))
                        (void) buffer_printf(b, "%s{instance=\"%s\"} %.15g\n", name, i->name, v);
}

static bool last_poll(const struct instance *i, double *ret)
{
        *ret = seconds(i->last_poll_usec);
        return i->last_poll_usec > 0;
}

static bool in_flight(const struct instance *i, double *ret)
{
        *ret = (double) i->n_tasks;
        return true;
}

static bool pause_left(const struct instance *i, double *ret)
{
        *ret = seconds(MAX(i->budget.pause_usec - mono_usec(), INT64_C(0)));
        return true;
}

static bool rate_limit(const struct instance *i, double *ret)
{
        *ret = (double) i->budget.limit;
        return i->budget.limit > 0;
}

static bool rate_left(const struct instance *i, double *ret)
{
        *ret = (double) i->budget.remaining;
        return i->budget.limit > 0;
}

static bool spent(const struct instance *i, double *ret)
{
        *ret = (double) i->spent_micros / 1e6;
        return i->spent_month > 0;
}

static void write_instances(const struct host *h, struct buffer *b)
{
        write_states(h, b);
        write_values(h, b, "mentiond_last_good_poll_timestamp_seconds", "When a poll last ended well, since 1970.", last_poll);
        write_values(h, b, "mentiond_spent_dollars",
                     "What the network's requests of this month have cost, by its published prices.", spent);
        write_values(h, b, "mentiond_tasks", "Tasks that work for the instance now.", in_flight);
        write_values(h, b, "mentiond_pause_seconds",
                     "How long it makes no requests yet, because the other side or its failures say so.", pause_left);
        write_values(h, b, "mentiond_rate_limit_requests", "The rate limit that the other side announces.", rate_limit);
        write_values(h, b, "mentiond_rate_left_requests", "What is left of it.", rate_left);
}

/* --- The queue --- */

static void add_depth(int64_t target, const char *kind, const char *state, int64_t n, int64_t seen_usec, void *data)
{
        struct metrics *m = data;
        struct depth *depth = NULL;

        for (size_t i = 0; i < m->n_depths && !depth; i++)
                if (m->depths[i].target == target)
                        depth = &m->depths[i];
        if (!depth) {
                m->depths = xrealloc(m->depths, (m->n_depths + 1) * sizeof *m->depths);
                depth = &m->depths[m->n_depths++];
                *depth = (struct depth) { .target = target };
        }
        for (size_t k = 0; k < ELEMENTSOF(works); k++)
                if (streq(works[k].kind, kind) && streq(works[k].state, state)) {
                        depth->n[k] = n;
                        depth->seen_usec[k] = seen_usec;
                }
}

static void count(struct metrics *m)
{
        int64_t begun = mono_usec();

        if (m->count_again_usec > begun)
                return;
        m->n_depths = 0;
        (void) store_counts(m->daemon->host.store, add_depth, m);        /* one that cannot be read ends the process */
        m->counted_usec = mono_usec();
        m->count_again_usec = m->counted_usec + MIN((m->counted_usec - begun) * COUNT_SHARE, COUNT_AGE_MAX_USEC);
}

static const struct depth *depth_of(const struct metrics *m, const struct instance *i)
{
        static const struct depth none;

        for (size_t k = 0; k < m->n_depths; k++)
                if (m->depths[k].target == i->stored.id)
                        return &m->depths[k];
        return &none;
}

static void write_depths(const struct metrics *m, struct buffer *b, const char *name, bool ages)
{
        int64_t now = utc_usec();

        for (const struct instance *i = m->daemon->host.instances; i; i = i->next)
                for (size_t k = 0; k < ELEMENTSOF(works); k++) {
                        const struct depth *depth = depth_of(m, i);
                        int64_t age = depth->n[k] ? MAX(now - depth->seen_usec[k], INT64_C(0)) : 0;

                        if (works[k].of_channel == instance_is_channel(i))
                                (void) buffer_printf(b, "%s{instance=\"%s\",kind=\"%s\",state=\"%s\"} %.15g\n", name, i->name,
                                                     works[k].kind, works[k].state, ages ? seconds(age) : (double) depth->n[k]);
                }
}

static void write_queue(struct metrics *m, struct buffer *b)
{
        count(m);
        family(b, "mentiond_queue_rows", "gauge", "Rows of the journal that are not done, by who has to act on them.");
        write_depths(m, b, "mentiond_queue_rows", false);
        family(b, "mentiond_queue_oldest_seconds", "gauge",
               "For how long the oldest of them has been in the journal; 0: there is none.");
        write_depths(m, b, "mentiond_queue_oldest_seconds", true);
        single(b, "mentiond_queue_counted_seconds", "gauge",
               "How long ago they were counted, which is done less often where it takes long.",
               seconds(mono_usec() - m->counted_usec));
        single(b, "mentiond_store_commits_total", "counter", "Commits of the store.",
               (double) store_commits(m->daemon->host.store));
        single(b, "mentiond_owed", "gauge", "Conversations that were taken aside, and not ended in public.",
               (double) store_count_owed(m->daemon->host.store));
        single(b, "mentiond_windows_closing", "gauge",
               "Posts that cannot be answered for long, of which agents were told, and that are not answered.",
               (double) store_count_windows(m->daemon->host.store));
        single(b, "mentiond_store_full", "gauge", "1 while there is no room to write.", store_is_full(m->daemon->host.store));
}

struct metrics *metrics_new(struct daemon *d)
{
        struct metrics *m = xcalloc(1, sizeof *m);

        m->daemon = d;
        return m;
}

void metrics_free(struct metrics *m)
{
        free(m->depths);
        free(m);
}

void metrics_write(struct metrics *m, struct buffer *b)
{
        write_process(m->daemon, b);
        write_delay(b);
        write_instances(&m->daemon->host, b);
        write_counters(b);
        write_queue(m, b);
}
