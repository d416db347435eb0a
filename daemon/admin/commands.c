/* SPDX-License-Identifier: MIT
 *
 * What mentionctl can ask for.  Owns nothing.  Called by control, in a task.
 */
#include "admin/control.h"
#include "admin/daemon.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/text.h"
#include "host/bench.h"

#include <mentiond/json.h>

#include <errno.h>

#define QUEUE_MAX 1000           /* rows in one answer */

struct call {
        struct daemon *d;
        struct json_object *request, *answer;
};

static void put_time(struct json_object *o, const char *name, int64_t usec)
{
        _cleanup_free_ char *text = usec ? text_format_time(usec) : NULL;

        mj_put_str(o, name, text ? text : "");
}

/* --- status --- */

static void add_count(int64_t target, const char *kind, const char *state, int64_t n, int64_t seen_usec _unused_, void *data)
{
        struct call *c = data;
        struct instance *i = host_find_id(&c->d->host, target);
        struct json_object *list = mj_get(c->answer, "instances");

        for (size_t k = 0; i && k < mj_len(list); k++) {
                struct json_object *one = mj_at(list, k), *counts = mj_get(one, "journal");
                _cleanup_free_ char *name = xasprintf("%s_%s", kind, state);

                if (streq(mj_str(one, "name"), i->name))
                        mj_put_int(counts, name, n);
        }
}

/* Why it does not run, or what its last failure was.  Of a helpdesk that refuses a channel's new tickets that is said also while
 * all else goes well. */
static const char *reason_of(const struct call *c, const struct instance *i)
{
        const char *why = NULL;

        for (const struct instance *channel = c->d->host.instances; isempty(i->reason) && channel && !why;
             channel = channel->next)
                why = flow_blocked(i, channel);
        return why ? why : i->reason;
}

static struct json_object *instance_object(const struct call *c, const struct instance *i)
{
        struct json_object *o = json_object_new_object();

        mj_put_str(o, "name", i->name);
        mj_put_str(o, "kind", instance_is_channel(i) ? "channel" : "helpdesk");
        mj_put_str(o, "plugin", i->plugin->name);
        mj_put_str(o, "state", instance_state_name(i->state));
        mj_put_str(o, "reason", reason_of(c, i));
        mj_put_bool(o, "polled", i->stored.polled && i->last_poll_usec);
        mj_put_str(o, "account", i->self_handle);
        put_time(o, "last_poll", i->last_poll_usec);
        put_time(o, "last_ok", i->last_ok_usec);
        mj_put_int(o, "in_flight", (int64_t) i->n_tasks);
        if (i->budget.limit) {
                mj_put_int(o, "rate_limit", i->budget.limit);
                mj_put_int(o, "rate_remaining", i->budget.remaining);
        }
        if (i->spent_month)
                MJ_PUT(o, "spent_dollars", json_object_new_double((double) i->spent_micros / 1e6));
        if (budget_is_paused(&i->budget))
                mj_put_int(o, "waits_ms", (i->budget.pause_usec - mono_usec()) / USEC_PER_MSEC);
        json_object_object_add(o, "journal", json_object_new_object());
        return o;
}

static void add_counter(const char *name, const char *instance, const char *label, uint64_t value, void *data)
{
        _cleanup_free_ char *key = xasprintf("%s %s%s%s", name, instance, *label ? " " : "", label);

        mj_put_int(data, key, (int64_t) value);
}

static char *status(struct call *c)
{
        struct json_object *list = json_object_new_array(), *counters = json_object_new_object();

        mj_put_str(c->answer, "version", PACKAGE_VERSION);
        put_time(c->answer, "started", c->d->started_usec);
        mj_put_int(c->answer, "commits", (int64_t) store_commits(c->d->host.store));
        mj_put_int(c->answer, "owed", store_count_owed(c->d->host.store));
        mj_put_int(c->answer, "closing", store_count_windows(c->d->host.store));
        json_object_object_add(c->answer, "instances", list);
        for (struct instance *i = c->d->host.instances; i; i = i->next)
                (void) json_object_array_add(list, instance_object(c, i));
        if (store_counts(c->d->host.store, add_count, c) < 0)
                return xstrdup("the store cannot be read");
        counter_each(add_counter, counters);
        json_object_object_add(c->answer, "counters", counters);
        return NULL;
}

/* --- queue, show --- */

static struct json_object *row_object(struct daemon *d, const struct store_row *r)
{
        const struct instance *source = host_find_id(&d->host, r->source), *target = host_find_id(&d->host, r->target);
        struct json_object *o = json_object_new_object();

        mj_put_int(o, "id", r->id);
        mj_put_str(o, "kind", r->kind);
        mj_put_str(o, "state", r->state);
        mj_put_str(o, "instance", target ? target->name : "");
        mj_put_str(o, "from", source ? source->name : "");
        mj_put_str(o, "native_id", r->native_id);
        mj_put_int(o, "thread", r->thread);
        mj_put_int(o, "attempt", r->attempt);
        put_time(o, "created", r->created_usec);
        put_time(o, "seen", r->seen_usec);
        put_time(o, "due", r->due_usec);
        mj_put_str(o, "result_id", r->result_id);
        mj_put_str(o, "result_url", r->result_url);
        mj_put_str(o, "reason", r->reason);
        return o;
}

static char *queue(struct call *c)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct json_object *list = json_object_new_array();
        const char *state = mj_str(c->request, "state");
        struct store_row *rows = NULL;
        size_t n = 0;
        int r;

        json_object_object_add(c->answer, "rows", list);
        r = store_list(c->d->host.store, a, &(struct store_list) {
                .state = *state ? state : NULL,
                .after = mj_int(c->request, "after", 0),
                .max = QUEUE_MAX,
        }, &rows, &n);
        if (r < 0)
                return xasprintf("the store cannot be read: %s", strerror(-r));
        for (size_t i = 0; i < n; i++)
                (void) json_object_array_add(list, row_object(c->d, &rows[i]));
        mj_put_bool(c->answer, "more", n == QUEUE_MAX);
        return NULL;
}

static char *show(struct call *c)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_thread thread;
        struct json_object *o, *payload;
        struct store_row row;
        int64_t id = mj_int(c->request, "id", 0);

        if (store_load(c->d->host.store, a, id, &row) <= 0)
                return xasprintf("there is no row %lld", (long long) id);
        o = row_object(c->d, &row);
        payload = json_tokener_parse(row.payload);
        if (payload)
                json_object_object_add(o, "payload", payload);
        if (*row.kept.handle)
                mj_put_str(o, "handle", row.kept.handle);
        if (row.thread && store_thread(c->d->host.store, a, row.thread, &thread) > 0) {
                mj_put_str(o, "root", thread.root);
                mj_put_str(o, "ticket", thread.ticket);
                mj_put_str(o, "ticket_number", thread.number);
                mj_put_str(o, "ticket_url", thread.url);
        }
        json_object_object_add(c->answer, "row", o);
        return NULL;
}

/* --- retry, drop --- */

static char *change_row(struct call *c, bool again)
{
        int64_t id = mj_int(c->request, "id", 0);
        int r = again ? flow_retry(&c->d->flow, id) : flow_drop(&c->d->flow, id, "the administrator took it back");

        if (r == -ENOENT)
                return xasprintf("there is no row %lld", (long long) id);
        if (r == -EINVAL)
                return again ? xasprintf("row %lld is neither held nor dead", (long long) id)
                             : xasprintf("row %lld is done, or on its way", (long long) id);
        return r < 0 ? xasprintf("the store cannot be written: %s", strerror(-r)) : NULL;
}

static char *retry(struct call *c)
{
        return change_row(c, true);
}

static char *drop(struct call *c)
{
        return change_row(c, false);
}

/* --- pause, resume, poll --- */

static struct instance *named(struct call *c, char **ret_error)
{
        const char *name = mj_str(c->request, "name");
        struct instance *i = host_find(&c->d->host, name);

        if (!i)
                *ret_error = xasprintf("there is no instance \"%s\"", name);
        return i;
}

static void start_again(struct daemon *d, struct instance *i)
{
        bench_clear(i->name);
        if (i->state == INSTANCE_STOPPED || i->state == INSTANCE_BENCHED)
                daemon_reload(d);        /* the secret may have changed; the plugin has to be loaded */
        else
                instance_start(i);
}

static char *set_paused(struct call *c, bool paused)
{
        char *error = NULL;
        struct instance *i = named(c, &error);
        int r;

        if (!i)
                return error;
        r = store_set_paused(c->d->host.store, i->stored.id, paused);
        if (r < 0)
                return xasprintf("the store cannot be written: %s", strerror(-r));
        i = named(c, &error);    /* a reload may have come between */
        if (!i)
                return error;
        i->stored.paused = paused;
        if (paused)
                instance_pause(i);
        else
                start_again(c->d, i);
        return NULL;
}

static char *pause_instance(struct call *c)
{
        return set_paused(c, true);
}

static char *resume(struct call *c)
{
        return set_paused(c, false);
}

static char *poll_instance(struct call *c)
{
        char *error = NULL;
        struct instance *i = named(c, &error);

        if (!i)
                return error;
        if (i->state != INSTANCE_RUNNING)
                return xasprintf("\"%s\" is %s%s%s", i->name, instance_state_name(i->state), *i->reason ? ": " : "", i->reason);
        flow_poll_now(i);
        return NULL;
}

/* --- backup --- */

static char *backup(struct call *c)
{
        const char *file = mj_str(c->request, "file");
        int r;

        if (*file != '/')
                return xstrdup("the file must be given with its whole path");
        r = store_backup(c->d->host.store, file);
        if (r >= 0)
                doctor_note_backup(c->d, file);
        log_event(r < 0 ? LOG_ERR : LOG_INFO, "backup", F("file", file), F("reason", r < 0 ? strerror(-r) : ""));
        switch (r) {
        case -EEXIST:
                return xasprintf("%s, or %s.part, exists already: a backup overwrites nothing", file, file);
        case -EBUSY:
                return xstrdup("another backup is being made");
        case -EUCLEAN:
                return xstrdup(
                        "the store is damaged, and so would be its backup: restore an earlier one (mentiond(8), A LOST STORE)");
        case -ECANCELED:
                return xstrdup("mentiond is ending");
        case -EROFS:
        case -EACCES:
        case -EPERM:
                return xasprintf("mentiond may not write %s: %s (its state directory is always allowed; see mentionctl(1))", file,
                                 strerror(-r));
        default:
                return r < 0 ? xasprintf("%s cannot be written: %s", file, strerror(-r)) : NULL;
        }
}

/* --- doctor, provision --- */

static char *doctor(struct call *c)
{
        return doctor_run(c->d, c->request, c->answer);
}

static char *provision(struct call *c)
{
        return provision_run(c->d, c->request, c->answer);
}

static const struct {
        const char *name;
        char *(*fn)(struct call *c);
} commands[] = {
        { "status", status }, { "queue", queue }, { "show", show }, { "retry", retry }, { "drop", drop },
        { "pause", pause_instance }, { "resume", resume }, { "poll", poll_instance },
        { "backup", backup }, { "doctor", doctor }, { "provision", provision },
};

char *command_run(struct daemon *d, struct json_object *request, struct json_object *answer)
{
        struct call c = { d, request, answer };

        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                if (streq(commands[i].name, mj_str(request, "command")))
                        return commands[i].fn(&c);
        return xstrdup("unknown command");
}
