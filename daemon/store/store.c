/* SPDX-License-Identifier: MIT
 *
 * The store's life, and its writer.  Owns the lock, both connections and the writer thread.
 *
 * Transactions are functions on the stack of the task that waits for them.  The writer takes all that are queued,
 * runs them in one transaction and commits; meanwhile the next ones queue up.  If one fails they are run again one
 * by one, so that a failure is its own only.
 */
#include "store/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "store/mark.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#define LOG_PAGES 1000           /* 4 MB, after which they are copied into the database; SQLite's default */

#define READER_PAGES "32"        /* of 4 KB: enough for what is read in a turn; each commit makes them worthless */

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
        char *path;
        int lock_fd;
        struct mark mark;                /* the writer's */
        bool is_new, behind;
        bool threaded;
        uint64_t commits;
        bool full;                       /* atomic, as commits is */

        struct write *first, **last;     /* queued in this turn, not yet handed over */
        struct loop_defer flush;
        struct loop_defer reread;
        bool reading;                    /* the reader is in a transaction */

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

        struct aside *aside;             /* runs in a thread of its own */
        bool aside_stop;
};

struct aside {
        struct store *store;
        void (*fn)(void *data);
        void *data;
        struct task *task;
        pthread_t thread;
        bool over;                       /* under the mutex */
};

/* All that is read in a turn is read in one transaction: each takes four system calls for the locks of its files. */
struct db *store_reader(struct store *s)
{
        if (!s->reading && !s->unreadable && db_run(s->reader, "BEGIN", "") >= 0) {
                s->reading = true;
                loop_defer(s->loop, &s->reread);
        }
        return s->reader;
}

/* What is written from here on can be read. */
static void end_reading(struct store *s)
{
        if (s->reading)
                (void) db_run(s->reader, "COMMIT", "");
        s->reading = false;
        loop_undefer(s->loop, &s->reread);
}

static void on_reread(struct loop_defer *d)
{
        end_reading(CONTAINER_OF(d, struct store, reread));
}

const char *store_path(struct store *s)
{
        return s->path;
}

const bool *store_stop(struct store *s)
{
        return &s->aside_stop;
}

bool store_is_new(const struct store *s)
{
        return s->is_new;
}

bool store_is_behind(const struct store *s)
{
        return s->behind;
}

uint64_t store_commits(const struct store *s)
{
        return s->commits;
}

bool store_is_full(const struct store *s)
{
        return __atomic_load_n(&s->full, __ATOMIC_RELAXED);
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
        if (r >= 0)
                r = db_run(s->writer, "UPDATE store SET commits = ?", "i", s->mark.commits + 1);
        if (r >= 0) {
                crash_point("store", "commit");
                r = db_exec(s->writer, "COMMIT");
        }
        if (r >= 0) {
                int copied;

                crash_point("store", "committed");
                s->mark.commits++;
                mark_write(s->lock_fd, &s->mark);
                crash_point("store", "marked");
                copied = db_checkpoint(s->writer, LOG_PAGES);
                if (copied == -EIO || copied == -EUCLEAN)
                        r = copied;      /* for want of room it is done later */
        }
        if (r == -EUCLEAN) {
                s->fatal = mark_sentence(s->path, "is damaged");
                return r;
        }
        if (r == -EIO) {
                /* What reached the disk is unknown, and a second fsync would not tell (matrix, row 3). */
                s->fatal = xasprintf("the store cannot be written: %s", db_error(s->writer));
                return r;
        }
        __atomic_store_n(&s->full, r == -ENOSPC, __ATOMIC_RELAXED);
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
        end_reading(s);
        while (list) {
                struct write *w = list;

                list = w->next;
                w->done = true;
                task_wake(w->task);
        }
}

/* Nothing that comes of a store which cannot be read may be acted upon: from now on no transaction ends, and no task
 * goes on that waits for one. */
static void on_unreadable(int error, const char *why, void *data)
{
        struct store *s = data;
        _cleanup_free_ char *what = xasprintf("cannot be read: %s", why);
        _cleanup_free_ char *reason = error == -EUCLEAN ? mark_sentence(s->path, what) : xasprintf("the store %s", what);

        s->unreadable = true;
        if (s->on_fatal)
                s->on_fatal(reason, s->fatal_data);
}

static void hand_over(struct store *s)
{
        struct write *list;

        if (!s->threaded)
                end_reading(s);          /* in memory a reader keeps the writer waiting */
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
        if (s->aside && s->aside->over)
                task_wake(s->aside->task);
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

/* --- Beside the loop --- */

static void *aside_main(void *data)
{
        struct aside *a = data;

        a->fn(a->data);
        (void) pthread_mutex_lock(&a->store->mutex);
        a->over = true;
        loop_post(a->store->wakeup_fd);
        (void) pthread_mutex_unlock(&a->store->mutex);
        return NULL;
}

int store_aside(struct store *s, void (*fn)(void *data), void *data)
{
        struct aside a = { .store = s, .fn = fn, .data = data, .task = task_self() };
        bool over = false;
        int r;

        if (s->aside)
                return -EBUSY;
        if (!s->threaded) {
                fn(data);
                return 0;
        }
        s->aside = &a;
        r = -pthread_create(&a.thread, NULL, aside_main, &a);
        while (r == 0 && !over) {
                task_wait_always();
                (void) pthread_mutex_lock(&s->mutex);
                over = a.over;
                (void) pthread_mutex_unlock(&s->mutex);
        }
        if (r == 0)
                (void) pthread_join(a.thread, NULL);
        s->aside = NULL;
        return r;
}

/* --- Its life --- */

int store_open(struct loop *l, const char *directory, unsigned flags, struct store **ret, char **ret_error)
{
        _cleanup_(store_closep) struct store *s = xcalloc(1, sizeof *s);
        int r;

        s->loop = l;
        s->lock_fd = s->wakeup_fd = -1;
        s->last = &s->first;
        s->flush.fn = on_flush;
        s->reread.fn = on_reread;
        s->path = xasprintf("%s/mentiond.db", directory);
        (void) pthread_mutex_init(&s->mutex, NULL);
        (void) pthread_cond_init(&s->cond, NULL);
        *ret_error = NULL;

        r = mark_lock(directory, &s->lock_fd, &s->mark, ret_error);
        if (r < 0)
                return r;
        r = open_database(s->path, &s->mark, &s->writer, &s->is_new, &s->behind, ret_error);
        if (r >= 0)
                r = db_open(s->path, 0, &s->reader);
        if (r >= 0)
                r = db_exec(s->reader, "PRAGMA query_only = ON; PRAGMA cache_size = " READER_PAGES);
        if (r >= 0)
                db_on_broken(s->reader, on_unreadable, s);
        if (r < 0) {
                if (!*ret_error)
                        *ret_error = xasprintf("cannot open %s: %s", s->path, s->reader ? db_error(s->reader) : strerror(-r));
                return r;
        }
        mark_write(s->lock_fd, &s->mark);
        r = mark_sync(s->lock_fd, directory);
        if (r < 0) {
                *ret_error = xasprintf("cannot write %s/lock: %s", directory, strerror(-r));
                return r;
        }
        crash_point("store", "marked");
        (void) chmod(s->path, 0600);
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
                __atomic_store_n(&s->aside_stop, true, __ATOMIC_RELAXED);
                if (s->aside)
                        (void) pthread_join(s->aside->thread, NULL);
        }
        loop_undefer(s->loop, &s->flush);
        if (s->reader)
                end_reading(s);
        db_closep(&s->reader);
        db_closep(&s->writer);
        closep(&s->lock_fd);
        (void) pthread_cond_destroy(&s->cond);
        (void) pthread_mutex_destroy(&s->mutex);
        free(s->path);
        free(s->fatal);
        free(s);
}
