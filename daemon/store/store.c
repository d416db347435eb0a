/* SPDX-License-Identifier: MIT
 *
 * Opening the store, and its writer.  Owns the lock, both connections and the writer thread.
 *
 * Transactions are functions on the stack of the task that waits for them.  The writer takes all that are queued,
 * runs them in one transaction and commits; meanwhile the next ones queue up.  If one fails they are run again one
 * by one, so that a failure is its own only.
 */
#include "store/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "schema.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>

#define SCHEMA_VERSION 1
#define LOG_PAGES 1000           /* 4 MB, after which they are copied into the database; SQLite's default */

/* Anything less loses what was acknowledged when the power fails: tests/crash builds it so once, and must see that. */
#ifndef STORE_SYNCHRONOUS
#define STORE_SYNCHRONOUS "FULL"
#endif

struct write {
        struct write *next;
        store_write_fn fn;
        void *args;
        int result;
        struct task *task;
        bool done;
};

struct store {
        struct loop *loop;
        struct db *reader, *writer;
        int lock_fd;
        bool threaded;
        uint64_t commits;

        struct write *first, **last;     /* queued in this turn, not yet handed over */
        struct loop_defer flush;

        pthread_t thread;
        pthread_mutex_t mutex;
        pthread_cond_t cond;
        struct write *batch, *finished;  /* under the mutex */
        bool stopping;                   /* under the mutex */
        bool busy;                       /* a batch is with the writer; the loop's own */
        bool unreadable;                 /* what tasks were told of the store may be wrong: they write nothing more */
        int wakeup_fd;

        void (*on_fatal)(const char *reason, void *data);
        void *fatal_data;
        char *fatal;                     /* set once, by the writer */
};

struct db *store_reader(struct store *s)
{
        return s->reader;
}

uint64_t store_commits(const struct store *s)
{
        return s->commits;
}

void store_on_fatal(struct store *s, void (*fn)(const char *reason, void *data), void *data)
{
        s->on_fatal = fn;
        s->fatal_data = data;
}

/* --- The writer --- */

static int transact(struct store *s, struct write *list, bool alone)
{
        int r;

        r = db_exec(s->writer, "BEGIN IMMEDIATE");
        for (struct write *w = list; w && r >= 0; w = alone ? NULL : w->next) {
                w->result = w->fn(s->writer, w->args);
                if (w->result < 0)
                        r = w->result;
        }
        if (r >= 0) {
                crash_point("store", "commit");
                r = db_exec(s->writer, "COMMIT");
        }
        if (r >= 0) {
                int copied;

                crash_point("store", "committed");
                copied = db_checkpoint(s->writer, LOG_PAGES);
                if (copied == -EIO || copied == -EUCLEAN)
                        r = copied;      /* for want of room it is done later */
        }
        if (r == -EIO || r == -EUCLEAN) {
                /* What reached the disk is unknown, and a second fsync would not tell (matrix, row 3). */
                s->fatal = xasprintf("the store cannot be written: %s", db_error(s->writer));
                return r;
        }
        if (r < 0)
                (void) db_exec(s->writer, "ROLLBACK");
        else
                __atomic_fetch_add(&s->commits, 1, __ATOMIC_RELAXED);
        return r;
}

static void run_batch(struct store *s, struct write *list)
{
        int r;

        if (s->fatal)
                return;
        r = transact(s, list, false);
        if (r >= 0 || s->fatal)
                return;
        if (!list->next) {
                list->result = r;
                return;
        }
        for (struct write *w = list; w && !s->fatal; w = w->next) {
                r = transact(s, w, true);
                if (r < 0)
                        w->result = r;
        }
}

static void *writer_main(void *data)
{
        struct store *s = data;

        (void) pthread_mutex_lock(&s->mutex);
        for (;;) {
                struct write *list;

                while (!s->batch && !s->stopping)
                        (void) pthread_cond_wait(&s->cond, &s->mutex);
                list = TAKE_PTR(s->batch);
                if (!list)
                        break;
                (void) pthread_mutex_unlock(&s->mutex);
                run_batch(s, list);
                (void) pthread_mutex_lock(&s->mutex);
                s->finished = list;
                loop_post(s->wakeup_fd);
        }
        (void) pthread_mutex_unlock(&s->mutex);
        return NULL;
}

/* --- The loop's side --- */

static void finish(struct store *s, struct write *list)
{
        if (s->fatal) {
                /* The tasks stay where they are: nothing they could do would be safe. */
                if (s->on_fatal)
                        s->on_fatal(s->fatal, s->fatal_data);
                return;
        }
        while (list) {
                struct write *w = list;

                list = w->next;
                w->done = true;
                task_wake(w->task);
        }
}

static void on_unreadable(const char *why, void *data)
{
        struct store *s = data;
        _cleanup_free_ char *reason = xasprintf("the store cannot be read: %s", why);

        s->unreadable = true;
        if (s->on_fatal)
                s->on_fatal(reason, s->fatal_data);
}

static void hand_over(struct store *s)
{
        struct write *list;

        if (s->busy || !s->first || s->unreadable)
                return;
        list = TAKE_PTR(s->first);
        s->last = &s->first;
        if (!s->threaded) {
                run_batch(s, list);
                finish(s, list);
                return;
        }
        s->busy = true;
        (void) pthread_mutex_lock(&s->mutex);
        s->batch = list;
        (void) pthread_cond_signal(&s->cond);
        (void) pthread_mutex_unlock(&s->mutex);
}

static void on_flush(struct loop_defer *d)
{
        hand_over(CONTAINER_OF(d, struct store, flush));
}

static void on_finished(void *data)
{
        struct store *s = data;
        struct write *list;

        (void) pthread_mutex_lock(&s->mutex);
        list = TAKE_PTR(s->finished);
        (void) pthread_mutex_unlock(&s->mutex);
        if (!list)
                return;
        s->busy = false;
        finish(s, list);
        if (s->first)
                loop_defer(s->loop, &s->flush);
}

int store_write(struct store *s, store_write_fn fn, void *args)
{
        _cleanup_free_ struct write *w = xcalloc(1, sizeof *w);

        w->fn = fn;
        w->args = args;
        w->task = task_self();
        *s->last = w;
        s->last = &w->next;
        if (!s->busy)
                loop_defer(s->loop, &s->flush);
        while (!w->done)
                task_wait_always();
        return w->result;
}

/* --- Opening --- */

static int take_lock(struct store *s, const char *directory, char **ret_error)
{
        _cleanup_free_ char *path = xasprintf("%s/lock", directory);

        s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (s->lock_fd < 0) {
                *ret_error = xasprintf("cannot open %s: %m", path);
                return -errno;
        }
        if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK) {
                        *ret_error = xasprintf("cannot lock %s: %m", path);
                        return -errno;
                }
                *ret_error = xasprintf("another mentiond uses the store in %s", directory);
                return -EWOULDBLOCK;
        }
        return 0;
}

static int prepare_schema(struct store *s, const char *path, char **ret_error)
{
        int64_t version = 0;
        int r;

        r = db_get_int(s->writer, &version, "PRAGMA user_version", "");
        if (r < 0)
                return r;
        if (version > SCHEMA_VERSION) {
                *ret_error = xasprintf("%s was written by a newer mentiond (schema %d, this one knows %d): "
                                       "install that version again, or restore a backup from before it",
                                       path, (int) version, SCHEMA_VERSION);
                return -EPROTONOSUPPORT;
        }
        if (version == SCHEMA_VERSION)
                return db_check(s->writer);
        r = db_exec(s->writer, "BEGIN IMMEDIATE");
        if (r >= 0)
                r = db_exec(s->writer, schema_sql);
        if (r >= 0) {
                crash_point("store", "commit");
                r = db_exec(s->writer, "COMMIT");
        }
        if (r >= 0)
                crash_point("store", "committed");
        return r;
}

int store_open(struct loop *l, const char *directory, unsigned flags, struct store **ret, char **ret_error)
{
        _cleanup_(store_closep) struct store *s = xcalloc(1, sizeof *s);
        _cleanup_free_ char *path = xasprintf("%s/mentiond.db", directory);
        int r;

        s->loop = l;
        s->lock_fd = s->wakeup_fd = -1;
        s->last = &s->first;
        s->flush.fn = on_flush;
        (void) pthread_mutex_init(&s->mutex, NULL);
        (void) pthread_cond_init(&s->cond, NULL);
        *ret_error = NULL;

        r = take_lock(s, directory, ret_error);
        if (r < 0)
                return r;
        r = db_open(path, 0, &s->writer);
        if (r >= 0)
                r = db_exec(s->writer, "PRAGMA journal_mode = WAL; PRAGMA synchronous = " STORE_SYNCHRONOUS "; PRAGMA foreign_keys = ON;"
                                       "PRAGMA temp_store = MEMORY");
        if (r >= 0)
                r = prepare_schema(s, path, ret_error);
        /* If a sync failed in the life before, the log is in the kernel's memory but perhaps not on the disk, and no sync
         * would write it any more: what came behind the hole would be lost with the power. */
        if (r >= 0)
                r = db_checkpoint(s->writer, 0);
        if (r >= 0)
                r = db_open(path, 0, &s->reader);
        if (r >= 0)
                r = db_exec(s->reader, "PRAGMA query_only = ON");
        if (r >= 0)
                db_on_broken(s->reader, on_unreadable, s);
        if (r < 0) {
                if (!*ret_error && r == -EUCLEAN)
                        *ret_error = xasprintf("%s is damaged: restore it from a backup", path);
                else if (!*ret_error)
                        *ret_error = xasprintf("cannot open %s: %s", path, db_error(s->reader ?: s->writer));
                return r;
        }
        (void) chmod(path, 0600);
        if (!(flags & STORE_INLINE)) {
                r = loop_wakeup_add(l, on_finished, s, &s->wakeup_fd);
                if (r >= 0)
                        r = -pthread_create(&s->thread, NULL, writer_main, s);
                if (r < 0) {
                        *ret_error = xasprintf("cannot start the store's writer: %s", strerror(-r));
                        return r;
                }
                s->threaded = true;
        }
        *ret = TAKE_PTR(s);
        return 0;
}

void store_close(struct store *s)
{
        if (s->threaded) {
                (void) pthread_mutex_lock(&s->mutex);
                s->stopping = true;
                (void) pthread_cond_signal(&s->cond);
                (void) pthread_mutex_unlock(&s->mutex);
                (void) pthread_join(s->thread, NULL);
        }
        loop_undefer(s->loop, &s->flush);
        db_closep(&s->reader);
        db_closep(&s->writer);
        closep(&s->lock_fd);
        (void) pthread_cond_destroy(&s->cond);
        (void) pthread_mutex_destroy(&s->mutex);
        free(s->fatal);
        free(s);
}
