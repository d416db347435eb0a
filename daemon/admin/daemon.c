/* SPDX-License-Identifier: MIT
 *
 * Start, reload and end of the daemon.  Owns the loop's users: HTTP client, store, instances, control socket,
 * listener.
 *
 * A reload makes all instances anew, keeps those that did not change, and lets each changed one end in its own time:
 * what it has in flight is finished first, then the new one takes its place.
 */
#include "admin/daemon.h"

#include "admin/control.h"
#include "admin/listener.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#include <errno.h>

static const int64_t end_steps[] = { DRAIN_USEC - 2 * USEC_PER_SEC, 2 * USEC_PER_SEC - 500 * USEC_PER_MSEC };

/* --- Instances --- */

static void attach(struct daemon *d, struct instance *i)
{
        flow_attach(&d->flow, i);
        instance_attach(i);
}

/* A start or reload that waits for the store ends first: it holds instances that nobody else knows. */
static void exit_if_done(struct daemon *d)
{
        if (d->ending && !d->starting && !d->reloading && !d->host.instances)
                loop_exit(d->loop, 0);
}

static void on_idle(struct instance *i)
{
        struct daemon *d = CONTAINER_OF(i->host, struct daemon, host);

        flow_detach(i);
        instance_unlink(i);
        log_event(LOG_INFO, "ended", F("instance", i->name));
        for (struct instance **p = &d->pending; *p; p = &(*p)->next)
                if (streq((*p)->name, i->name)) {
                        struct instance *next = *p;

                        *p = next->next;
                        instance_follow(next, i);
                        attach(d, next);
                        break;
                }
        instance_free(i);
        exit_if_done(d);
}

/* Reads the rows of all from the store and tells channels their helpdesk's. */
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

/* Takes the list, which is the whole: what an earlier one had waiting is not to come any more. */
static void apply(struct daemon *d, struct instance *list)
{
        config_free_instances(d->pending);
        d->pending = NULL;
        for (struct instance *i = d->host.instances, *next; i; i = next) {
                bool keep = false;

                next = i->next;
                for (struct instance *n = list; n; n = n->next)
                        keep |= instance_equal(n, i) && i->state != INSTANCE_STOPPED;
                if (!keep && i->state != INSTANCE_ENDING)
                        instance_end(i);
        }
        while (list) {
                struct instance *i = list, *old;

                list = i->next;
                old = host_find(&d->host, i->name);
                if (!old) {
                        attach(d, i);
                } else if (old->state == INSTANCE_ENDING) {
                        i->next = d->pending;
                        d->pending = i;
                } else {
                        instance_free(i);
                }
        }
}

/* --- Start and reload, in tasks: both wait for the store --- */

static void log_problems(const struct problems *p)
{
        const char *line = buffer_str(&p->text);

        while (*line) {
                size_t n = strcspn(line, "\n");

                log_printf(LOG_ERR, "%.*s", (int) n, line);
                line += n + (line[n] == '\n');
        }
}

static void start_task(void *data)
{
        struct daemon *d = data;
        struct problems p = PROBLEMS_INIT;
        struct instance *list = config_instances(&d->config, &d->host, &p);
        int r;

        crash_point("store", "recover");
        if (store_is_new(d->host.store))
                log_event(LOG_INFO, "a new store: what the networks show by now is not filed");
        if (store_is_behind(d->host.store))
                log_event(LOG_WARNING,
                          "the store is a backup, or was built anew: what may have happened since is looked for before"
                          " anything is filed or posted");
        r = store_recover(d->host.store);
        crash_point("store", "recovered");
        if (r > 0)
                log_event(LOG_WARNING, "some requests were on their way when mentiond last ended; they are looked for first",
                          FI("rows", r));
        if (r >= 0)
                r = read_rows(list);
        if (r < 0) {
                log_event(LOG_ERR, "the store cannot be used", F("reason", strerror(-r)));
                config_free_instances(list);
                loop_exit(d->loop, 1);
        } else if (p.n) {
                log_problems(&p);
                loop_exit(d->loop, 1);
        } else if (d->ending) {
                config_free_instances(list);
        } else {
                apply(d, list);
                loop_notify("READY=1");
                log_event(LOG_INFO, "ready", FI("helpdesks", (int64_t) d->config.n_helpdesks),
                          FI("channels", (int64_t) d->config.n_channels));
        }
        buffer_done(&p.text);
}

static void start_done(void *data)
{
        struct daemon *d = data;

        d->starting = false;
        exit_if_done(d);
}

static void reload_task(void *data)
{
        struct daemon *d = data;
        struct problems p = PROBLEMS_INIT;
        struct instance *list = NULL;
        struct config c;
        int r = 0;

        loop_notify("RELOADING=1");
        config_load(d->config.file, &c, &p);
        if (!p.n)
                list = config_instances(&c, &d->host, &p);
        if (!p.n && (!streq(c.options.state_directory, d->config.options.state_directory)
                     || !streq(c.options.control_socket, d->config.options.control_socket)
                     || !streq(c.options.listen, d->config.options.listen)))
                log_event(LOG_WARNING, "state_directory, control_socket and listen change at the next start only");
        if (!p.n)
                r = read_rows(list);
        if (p.n || r < 0 || d->ending) {
                log_problems(&p);
                log_event(LOG_ERR, "not reloaded: mentiond goes on with the configuration that it has",
                          F("reason", r < 0 ? strerror(-r) : ""));
                config_free_instances(list);
                config_done(&c);
        } else {
                apply(d, list);
                strset(&c.options.state_directory, d->config.options.state_directory);
                strset(&c.options.control_socket, d->config.options.control_socket);
                strset(&c.options.listen, d->config.options.listen);
                log_set_level(log_level_from_string(c.options.log_level));
                d->host.forget_after_usec = c.options.forget_after_usec;
                d->host.reread_for_usec = c.options.reread_for_usec;
                config_done(&d->config);
                d->config = c;
                log_event(LOG_INFO, "reloaded");
        }
        buffer_done(&p.text);
        loop_notify("READY=1");
}

static void reload_done(void *data)
{
        struct daemon *d = data;

        d->reloading = false;
        exit_if_done(d);
        if (d->reload_again) {
                d->reload_again = false;
                daemon_reload(d);
        }
}

void daemon_reload(struct daemon *d)
{
        if (d->ending)
                return;
        if (d->reloading) {
                d->reload_again = true;
                return;
        }
        d->reloading = true;
        (void) task_start(d->loop, "reload", reload_task, reload_done, d);
}

/* --- The end --- */

static void on_end_time(struct loop_timer *t)
{
        struct daemon *d = CONTAINER_OF(t, struct daemon, end_timer);

        if (d->end_step++ == 0) {
                log_event(LOG_WARNING, "still busy: what is in flight is given up, and looked for at the next start");
                for (struct instance *i = d->host.instances; i; i = i->next)
                        instance_cancel(i);
                loop_timer_set(d->loop, t, mono_usec() + end_steps[1]);
                return;
        }
        loop_exit(d->loop, 0);
}

void daemon_end(struct daemon *d)
{
        if (d->ending)
                return;
        d->ending = true;
        loop_notify("STOPPING=1");
        log_event(LOG_INFO, "ending");
        flow_drain(&d->flow);
        if (d->control)
                control_stop(d->control);
        if (d->listener)
                listener_free(TAKE_PTR(d->listener));
        d->end_timer.fn = on_end_time;
        loop_timer_set(d->loop, &d->end_timer, mono_usec() + end_steps[0]);
        apply(d, NULL);
        exit_if_done(d);
}

static void on_fatal(const char *reason, void *data)
{
        struct daemon *d = data;

        log_event(LOG_ERR, "ending at once: what was on its way is looked for at the next start", F("reason", reason));
        loop_exit(d->loop, 1);
}

static void on_slow(const char *name, int64_t ran_usec)
{
        if (ran_usec > 50 * USEC_PER_MSEC)
                log_event(LOG_WARNING, "a plugin kept everything waiting", F("instance", name),
                          FI("ms", ran_usec / USEC_PER_MSEC));
}

int daemon_open(struct daemon *d, struct loop *l, struct config *config, unsigned store_flags)
{
        _cleanup_free_ char *error = NULL;
        int r;

        *d = (struct daemon) { .loop = l, .config = *config, .started_usec = utc_usec() };
        *config = (struct config) { .file = NULL };
        d->host.loop = l;
        d->host.idle = on_idle;
        d->host.forget_after_usec = d->config.options.forget_after_usec;
        d->host.reread_for_usec = d->config.options.reread_for_usec;
        flow_init(&d->flow, &d->host);
        r = store_open(l, d->config.options.state_directory, store_flags, &d->host.store, &error);
        if (r < 0) {
                log_event(LOG_ERR, error);
                return r;
        }
        store_on_fatal(d->host.store, on_fatal, d);
        r = http_new(l, "mentiond/" PACKAGE_VERSION, &d->host.http);
        if (r < 0) {
                log_event(LOG_ERR, "the HTTP client cannot be set up", F("reason", strerror(-r)));
                return r;
        }
        r = control_open(d, d->config.options.control_socket, &d->control, &error);
        if (r < 0) {
                log_event(LOG_ERR, error);
                return r;
        }
        r = listener_open(d, d->config.options.listen, &d->listener, &error);
        if (r < 0) {
                log_event(LOG_ERR, error);
                return r;
        }
        task_set_monitor(on_slow);
        d->starting = true;
        (void) task_start(l, "start", start_task, start_done, d);
        return 0;
}

void daemon_close(struct daemon *d)
{
        /* After a drain nothing is left.  If a task is, the process is about to end, and its memory with it. */
        if (d->control)
                control_free(d->control);
        if (d->listener)
                listener_free(d->listener);
        if (!d->host.instances) {
                if (d->host.http)
                        http_free(d->host.http);
                if (d->host.store)
                        store_close(d->host.store);
        }
        config_free_instances(d->pending);
        config_done(&d->config);
        plugin_forget_all();
        task_cleanup();
}
