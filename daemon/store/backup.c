/* SPDX-License-Identifier: MIT
 *
 * Copies of the store, and what is put in its place.  Owns nothing beyond a call.  store_backup() is called by
 * admin/commands, the others by main, while no daemon runs.
 *
 * A copy says of itself that it is behind: whoever starts with it knows that more has happened.  It has no log, so that a
 * log beside it is known to be another's.
 */
#include "store/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

/* Into a new database, which is then whole on the disk.  0, or -errno. */
static int copy(struct db *from, const char *path, int64_t lost_usec, const bool *stop)
{
        _cleanup_(db_closep) struct db *to = NULL;
        char identity[17];
        int r;

        make_identity(identity);
        r = db_open(path, DB_SCRATCH, &to);
        if (r >= 0)
                r = db_copy(from, to, stop);
        if (r >= 0)
                r = db_exec(to, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL");
        if (r >= 0)
                r = db_run(to, "UPDATE store SET behind = 1, lost_usec = ?, identity = ?", "is", lost_usec, identity);
        return r < 0 ? r : db_check(to, true);
}

static int create(const char *path)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        return fd < 0 ? -errno : 0;
}

static int sync_directory_of(const char *path)
{
        _cleanup_free_ char *directory = xstrdup(path);
        _cleanup_close_ int fd = -1;
        char *slash = strrchr(directory, '/');

        if (slash)
                *slash = '\0';
        fd = open(!slash ? "." : *directory ? directory : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* --- While the daemon runs --- */

struct backup {
        struct store *store;
        const char *path;
        int result;
};

static void back_up(void *data)
{
        struct backup *b = data;
        _cleanup_free_ char *part = xasprintf("%s.part", b->path);
        _cleanup_(db_closep) struct db *from = NULL;
        int r;

        r = access(b->path, F_OK) == 0 ? -EEXIST : create(part);
        if (r < 0) {
                b->result = r;
                return;
        }
        r = db_open(store_path(b->store), DB_READ_ONLY, &from);
        if (r >= 0)
                r = copy(from, part, 0, store_stop(b->store));
        /* Only what is whole gets the name, and it takes nobody's. */
        if (r >= 0 && link(part, b->path) < 0)
                r = -errno;
        (void) unlink(part);
        b->result = r < 0 ? r : sync_directory_of(b->path);
}

int store_backup(struct store *s, const char *path)
{
        struct backup b = { .store = s, .path = path };
        int r = store_aside(s, back_up, &b);

        return r < 0 ? r : b.result;
}

static void examine(void *data)
{
        struct backup *b = data;
        _cleanup_(db_closep) struct db *db = NULL;
        int r = db_open(store_path(b->store), DB_READ_ONLY, &db);

        b->result = r < 0 ? r : db_check(db, false);
}

int store_examine(struct store *s)
{
        struct backup b = { .store = s };
        int r = store_aside(s, examine, &b);

        return r < 0 ? r : b.result;
}

/* --- While it does not --- */

struct seeds {
        const struct store_seed *list;
        size_t n;
        int64_t since_usec;
};

static int set_aside(const char *path, const char *suffix, const char *time)
{
        _cleanup_free_ char *from = xasprintf("%s%s", path, suffix), *to = xasprintf("%s.%s%s", path, time, suffix);

        return rename(from, to) < 0 && errno != ENOENT ? -errno : 0;
}

/* Puts the new one into its place.  If that ends in its middle there is a mark and no store, which is told. */
static int put(const char *directory, const char *new, int lock, const struct mark *m, char **ret_kept)
{
        _cleanup_free_ char *path = xasprintf("%s/mentiond.db", directory), *shm = xasprintf("%s-shm", path);
        time_t now = (time_t) (utc_usec() / USEC_PER_SEC);
        char when[32] = "";
        struct tm tm;
        bool there = access(path, F_OK) == 0;
        int r;

        (void) strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
        mark_write(lock, m);
        r = mark_sync(lock, directory);
        if (r >= 0)
                r = set_aside(path, "-wal", when);
        if (r >= 0)
                r = set_aside(path, "", when);
        if (r < 0)
                return r;
        (void) unlink(shm);
        if (rename(new, path) < 0)
                return -errno;
        r = mark_sync(lock, directory);
        if (r >= 0)
                *ret_kept = there ? xasprintf("%s.%s", path, when) : xstrdup("");
        return r;
}

static int fill_from(const char *new, const char *file, int64_t lost_usec, struct mark *m, char **ret_error)
{
        _cleanup_(db_closep) struct db *from = NULL, *to = NULL;
        _cleanup_free_ char *wrong = NULL;
        bool empty, damaged;
        int r;

        if (access(file, R_OK) < 0) {
                *ret_error = xasprintf("cannot read %s: %m", file);
                return -errno;
        }
        *ret_error = mark_judge_file(file, &(struct mark) { .commits = 0 }, &empty);
        if (*ret_error)
                return -EUCLEAN;
        r = db_open(file, DB_READ_ONLY, &from);
        if (r >= 0) {
                wrong = judge_schema(from, file, &empty, &damaged);
                if (wrong || empty) {
                        *ret_error = wrong && !damaged ? TAKE_PTR(wrong)
                                                       : xasprintf("%s %s", file, wrong ? wrong : "is empty");
                        return -EUCLEAN;
                }
                r = copy(from, new, lost_usec, NULL);
        }
        if (r == -EUCLEAN)
                *ret_error = xasprintf("%s is damaged, too: try another backup", file);
        if (r >= 0)
                r = db_open(new, DB_SCRATCH, &to);
        if (r >= 0)
                wrong = mark_judge(to, m);
        if (wrong) {
                *ret_error = xasprintf("%s %s", file, wrong);
                return -EUCLEAN;
        }
        return r;
}

static int fill_with(const char *new, const struct seeds *seeds, int64_t lost_usec, struct mark *m)
{
        _cleanup_(db_closep) struct db *db = NULL;
        int r;

        r = db_open(new, DB_SCRATCH, &db);
        if (r >= 0)
                r = make_schema(db, m);
        for (size_t i = 0; i < seeds->n && r >= 0; i++)
                r = db_run(db, "INSERT INTO instance (name, plugin, polled, baseline_usec, horizon_usec) VALUES (?, ?, 1, ?, ?)",
                           "ssii", seeds->list[i].name, seeds->list[i].plugin, seeds->since_usec, seeds->since_usec);
        return r < 0 ? r : db_run(db, "UPDATE store SET behind = 1, lost_usec = ?", "i", lost_usec);
}

static int replace(const char *directory, const char *file, const struct seeds *seeds, char **ret_kept, char **ret_error)
{
        _cleanup_free_ char *new = xasprintf("%s/mentiond.db.new", directory);
        _cleanup_close_ int lock = -1;
        struct mark m, before;
        int r;

        *ret_error = NULL;
        r = mark_lock(directory, &lock, &before, ret_error);
        if (r < 0)
                return r;
        (void) unlink(new);              /* of an attempt that was cut off */
        r = create(new);
        if (r >= 0) {
                int64_t lost_usec = before.written_usec ? before.written_usec : utc_usec();

                m = (struct mark) { .commits = 0 };
                r = seeds ? fill_with(new, seeds, lost_usec, &m) : fill_from(new, file, lost_usec, &m, ret_error);
        }
        if (r >= 0)
                r = put(directory, new, lock, &m, ret_kept);
        if (r < 0) {
                (void) unlink(new);
                if (!*ret_error)
                        *ret_error = xasprintf("cannot make the store in %s: %s", directory, strerror(-r));
        }
        return r;
}

int store_restore(const char *directory, const char *file, char **ret_kept, char **ret_error)
{
        return replace(directory, file, NULL, ret_kept, ret_error);
}

int store_rebuild(const char *directory, const struct store_seed *list, size_t n, int64_t since_usec, char **ret_kept,
                  char **ret_error)
{
        return replace(directory, NULL, &(struct seeds) { list, n, since_usec }, ret_kept, ret_error);
}
