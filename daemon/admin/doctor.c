/* SPDX-License-Identifier: MIT
 *
 * `mentionctl doctor` and `mentionctl provision`: asks instances, each in a task of its own and all at the same time, and looks
 * at what the daemon itself needs.  Owns nothing beyond a call.  Called by commands, in a task.
 */
#include "admin/control.h"
#include "admin/daemon.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "host/op.h"
#include "host/report.h"

#include <mentiond/json.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define SPACE_MIN (64 * 1024 * 1024)     /* bytes: the write-ahead log of a busy day stays below */
#define BACKUP_DAYS 7                    /* a backup that is older is hardly one */
#define BACKUP_NOTE "last-backup"        /* its time is that of the last backup */

/* --- Asking instances --- */

struct visit {
        struct visits *all;
        struct instance *instance;               /* NULL: it is over */
        const struct mentiond_provisioning *provisioning;        /* NULL: the doctor */
        struct report report;
};

struct visits {
        struct task *waiter;
        size_t n, left;
        bool unwanted;
        struct visit *list;
};

static void visit_run(void *data)
{
        struct visit *v = data;

        if (v->all->unwanted)
                return;
        if (v->provisioning)
                report_provision(&v->report, v->instance, v->provisioning);
        else
                report_doctor(&v->report, v->instance);
}

static void visit_done(void *data)
{
        struct visit *v = data;

        v->instance = NULL;
        v->all->left--;
        task_wake(v->all->waiter);
}

static void visits_add(struct visits *all, struct instance *i, const struct mentiond_provisioning *p)
{
        all->list = xrealloc(all->list, (all->n + 1) * sizeof *all->list);
        all->list[all->n++] = (struct visit) { .instance = i, .provisioning = p };
}

/* When the list is whole: each points to its visit from now on. */
static void visits_begin(struct visits *all)
{
        all->waiter = task_self();
        all->left = all->n;
        for (size_t n = 0; n < all->n; n++) {
                struct visit *v = &all->list[n];

                v->all = all;
                report_init(&v->report, v->instance->name);
                instance_task(v->instance, visit_run, visit_done, v);
        }
}

/* Waits until all are over; early, if the caller is to end. */
static void visits_wait(struct visits *all)
{
        while (all->left && task_wait() >= 0)
                ;
        all->unwanted = true;
        for (size_t n = 0; n < all->n; n++)
                for (struct mentiond_op *op = all->list[n].instance ? all->list[n].instance->ops : NULL; op; op = op->next)
                        if (op->report == &all->list[n].report)
                                task_cancel(op->task);
        while (all->left)
                task_wait_always();
}

static void visits_done(struct visits *all)
{
        for (size_t n = 0; n < all->n; n++)
                report_done(&all->list[n].report);
        free(all->list);
}

/* --- The answer --- */

static void take_lines(struct report *r, struct json_object *lines, unsigned *counts)
{
        for (size_t k = 0; k < mj_len(r->lines); k++)
                (void) json_object_array_add(lines, json_object_get(mj_at(r->lines, k)));
        for (size_t k = 0; k < ELEMENTSOF(r->counts); k++)
                counts[k] += r->counts[k];
}

static void answer_with(struct json_object *answer, struct report *own, struct visits *all)
{
        struct json_object *lines = json_object_new_array();
        unsigned counts[MENTIOND_BY_HAND + 1] = { 0 };

        if (own)
                take_lines(own, lines, counts);
        for (size_t n = 0; n < all->n; n++)
                take_lines(&all->list[n].report, lines, counts);
        json_object_object_add(answer, "lines", lines);
        mj_put_int(answer, "wrong", counts[MENTIOND_WRONG]);
        mj_put_int(answer, "unclear", counts[MENTIOND_UNCLEAR]);
        mj_put_int(answer, "to_do", counts[MENTIOND_TO_DO]);
}

/* --- The daemon itself --- */

static void look_at_space(struct report *r, const char *directory)
{
        _cleanup_free_ char *path = xasprintf("%s/mentiond.db", directory);
        struct statvfs fs;
        struct stat st;
        uint64_t left, needed;

        if (stat(path, &st) < 0 || statvfs(directory, &fs) < 0) {
                report_add(r, MENTIOND_WRONG, "store: space", "%s: %s", directory, strerror(errno));
                return;
        }
        left = (uint64_t) fs.f_bavail * fs.f_frsize;
        needed = (uint64_t) st.st_size + SPACE_MIN;      /* to grow, and for a backup beside it */
        report_add(r, left < needed ? MENTIOND_WRONG : MENTIOND_FINE, "store: space",
                   "%" PRIu64 " MB are left in %s, which holds %lld MB%s", left / (1024 * 1024), directory,
                   (long long) (st.st_size / (1024 * 1024)), left < needed ? ": make room; a full disk stops everything" : "");
}

static void look_at_store(struct report *r, struct store *s)
{
        int result = store_examine(s);

        switch (result) {
        case 0:
                report_add(r, MENTIOND_FINE, "store: integrity", "a quick check finds no damage");
                break;
        case -EBUSY:
                report_add(r, MENTIOND_UNCLEAR, "store: integrity", "a backup is being made, which checks it, too");
                break;
        case -EUCLEAN:
                report_add(r, MENTIOND_WRONG, "store: integrity", "it is damaged: restore a backup (mentiond(8), A LOST STORE)");
                break;
        default:
                report_add(r, MENTIOND_WRONG, "store: integrity", "it cannot be checked: %s", strerror(-result));
        }
}

void doctor_note_backup(struct daemon *d, const char *file)
{
        _cleanup_free_ char *path = xasprintf("%s/" BACKUP_NOTE, d->config.options.state_directory);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || dprintf(fd, "%s\n", file) < 0)
                log_event(LOG_WARNING, "that there is a backup cannot be noted", F("file", path), F("reason", strerror(errno)));
}

static void look_at_backup(struct report *r, const char *directory)
{
        _cleanup_free_ char *path = xasprintf("%s/" BACKUP_NOTE, directory);
        long long days;
        struct stat st;

        if (stat(path, &st) < 0) {
                report_add(r, MENTIOND_UNCLEAR, "store: backup",
                           "none was made by mentionctl backup: see that something copies the store"
                           " (mentiond(8), A LOST STORE)");
                return;
        }
        days = (utc_usec() / USEC_PER_SEC - (long long) st.st_mtime) / (24 * 60 * 60);
        report_add(r, days > BACKUP_DAYS ? MENTIOND_WRONG : MENTIOND_FINE, "store: backup", "the last was made %lld days ago%s",
                   days, days > BACKUP_DAYS ? ": run mentionctl backup each day, by a timer" : "");
}

static void look_at_plugins(struct report *r, const char *directory)
{
        DIR *dir = opendir(directory);
        struct dirent *e;
        unsigned n = 0;
        struct stat st;

        if (!dir) {
                report_add(r, MENTIOND_WRONG, "plugins", "%s cannot be read: %s (plugin_directory in mentiond.conf(5))",
                           directory, strerror(errno));
                return;
        }
        while ((e = readdir(dir))) {
                size_t length = strlen(e->d_name);

                if (!streq(e->d_name, ".") && (length <= 3 || !streq(e->d_name + length - 3, ".so")))
                        continue;
                n += !streq(e->d_name, ".");
                if (fstatat(dirfd(dir), e->d_name, &st, 0) < 0 || !(st.st_mode & S_IWOTH))
                        continue;
                report_add(r, MENTIOND_WRONG, "plugins", "everybody may write %s/%s, and so run code as mentiond: chmod o-w",
                           directory, e->d_name);
        }
        (void) closedir(dir);
        report_add(r, n ? MENTIOND_FINE : MENTIOND_WRONG, "plugins", n ? "%u in %s" : "%u in %s: is that the plugin_directory?",
                   n, directory);
}

/* "" where it is no address of a machine's. */
static char *own_url(const struct daemon *d)
{
        const char *listen = d->config.options.listen;

        return isempty(listen) || *listen == '/' || streq(listen, "systemd") ? xstrdup("") : xasprintf("http://%s", listen);
}

static void look_at_listener(struct report *r, struct daemon *d)
{
        _cleanup_free_ char *base = own_url(d), *url = xasprintf("%s/healthz", base);
        _cleanup_http_reply_ struct http_reply reply = { .fate = HTTP_REFUSED };

        if (isempty(d->config.options.listen)) {
                report_add(r, MENTIOND_FINE, "listener", "none is configured: replies and mentions are found by polls");
                return;
        }
        if (*base)
                http_perform(d->host.http, &(struct http_request) {
                        .method = "GET", .url = url, .total_usec = 5 * USEC_PER_SEC }, &reply);
        if (*base && reply.fate != HTTP_REPLIED)
                report_add(r, MENTIOND_WRONG, "listener", "it does not answer at %s (%s): restart mentiond",
                           d->config.options.listen, strempty(reply.error));
        else
                report_add(r, MENTIOND_FINE, "listener", *base ? "it answers at %s" : "it listens at %s",
                           d->config.options.listen);
}

/* Where nobody agrees with this machine it is this machine's that is wrong. */
static void look_at_clock(struct report *r, const struct visits *all)
{
        unsigned agree = 0, differ = 0;

        for (size_t n = 0; n < all->n; n++) {
                const struct report *other = &all->list[n].report;

                if (other->knows_time && llabs(other->ahead_usec) <= CLOCKS_APART_USEC)
                        agree++;
                else
                        differ += other->knows_time;
        }
        if (agree)
                report_add(r, MENTIOND_FINE, "clock", "%u of %u servers that tell the time agree with this machine", agree,
                           agree + differ);
        else if (differ)
                report_add(r, MENTIOND_WRONG, "clock",
                           "no server agrees with this machine, of %u that tell the time: set it, by NTP", differ);
        else
                report_add(r, MENTIOND_UNCLEAR, "clock", "no server has told its time");
}

/* --- The commands --- */

char *doctor_run(struct daemon *d, struct json_object *request, struct json_object *answer)
{
        const char *name = mj_str(request, "name");
        struct visits all = { .n = 0 };
        struct report own;

        for (struct instance *i = d->host.instances; i; i = i->next)
                if (!*name || streq(i->name, name))
                        visits_add(&all, i, NULL);
        if (*name && !all.n)
                return xasprintf("there is no instance \"%s\"", name);
        report_init(&own, "mentiond");
        visits_begin(&all);
        if (!*name) {
                look_at_space(&own, d->config.options.state_directory);
                look_at_store(&own, d->host.store);
                look_at_backup(&own, d->config.options.state_directory);
                look_at_plugins(&own, d->config.options.plugin_directory);
                look_at_listener(&own, d);
        }
        visits_wait(&all);
        if (!*name)
                look_at_clock(&own, &all);
        answer_with(answer, &own, &all);
        visits_done(&all);
        report_done(&own);
        return NULL;
}

char *provision_run(struct daemon *d, struct json_object *request, struct json_object *answer)
{
        const char *name = mj_str(request, "name"), *token = mj_str(request, "token"), *given = mj_str(request, "hook_url");
        _cleanup_free_ char *guess = own_url(d),
                            *url = *given || *guess ? xasprintf("%s/hook/%s", *given ? given : guess, name) : xstrdup("");
        struct instance *i = host_find(&d->host, name);
        struct mentiond_secret *secret = *token ? secret_new(token) : NULL;
        struct mentiond_provisioning p = {
                .struct_size = sizeof p,
                .action = mj_true(request, "remove") ? MENTIOND_TAKE_DOWN : MENTIOND_SET_UP,
                .flags = (mj_true(request, "apply") ? MENTIOND_APPLY : 0u) | (mj_true(request, "data") ? MENTIOND_TAKE_DATA : 0u)
                         | (*given ? 0u : MENTIOND_HOOK_URL_GUESSED),
                .instance = name,
                .token = secret,
                .hook_url = url,
                .hook_secret = i && !isempty(d->config.options.listen) ? i->options.hook_secret : NULL,
        };
        struct visits all = { .n = 0 };
        char *error = NULL;

        if (!i)
                error = xasprintf("there is no instance \"%s\"", name);
        else if (instance_is_channel(i))
                error = xasprintf("\"%s\" is a channel: only helpdesks are provisioned", name);
        else if (i->state == INSTANCE_ENDING)
                error = xasprintf("\"%s\" is ending: ask again", name);
        else if (*given && http_check_url(url) < 0)
                error = xasprintf("\"%s\" is no address: as https://mentiond.example.com", given);
        if (!error) {
                visits_add(&all, i, &p);
                visits_begin(&all);
                visits_wait(&all);
                answer_with(answer, NULL, &all);
                if (p.flags & MENTIOND_APPLY)
                        log_event(LOG_INFO, p.action == MENTIOND_SET_UP ? "provisioned" : "provisions taken down",
                                  F("instance", name));
                visits_done(&all);
        }
        secret_free(secret);
        return error;
}
