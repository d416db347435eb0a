/* SPDX-License-Identifier: MIT
 *
 * The thin layer over SQLite.  Owns connections and their prepared statements.  Called by the store only.
 */
#include "store/db.h"

#include <errno.h>
#include <sqlite3.h>

#define STATEMENTS_MAX 128      /* distinct SQL constants of the store, by far */
#define PAGES_AT_ONCE 256       /* 1 MB between two looks whether a copy is to stop */

struct stmt {
        const char *sql;
        sqlite3_stmt *st;
        struct db *db;
};

struct db {
        sqlite3 *handle;
        struct stmt statements[STATEMENTS_MAX];
        void (*on_broken)(int error, const char *why, void *data);
        void *broken_data;
        bool closes_always, broken;
        int log_pages, log_copied;
        struct db *next_abandoned;
};

static struct db *abandoned;     /* to be seen as not lost */

/* Before SQLite is first used: its count of what it allocates, which nobody asks for, takes a mutex for each piece. */
static __attribute__((constructor)) void allocate_uncounted(void)
{
        (void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int errno_of(int r)
{
        switch (r & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
                return -EIO;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return -EUCLEAN;
        case SQLITE_CONSTRAINT:
                return -EEXIST;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_NOMEM:
                out_of_memory();
        default:
                return -EPROTO;
        }
}

static int error_number(struct db *db, int result)
{
        int r = errno_of(result);

        if ((r == -EIO || r == -EUCLEAN) && !db->broken) {
                db->broken = true;
                if (db->on_broken)
                        db->on_broken(r, sqlite3_errmsg(db->handle), db->broken_data);
        }
        return r;
}

void db_on_broken(struct db *db, void (*fn)(int error, const char *why, void *data), void *data)
{
        db->on_broken = fn;
        db->broken_data = data;
}

static int on_commit(void *data, sqlite3 *handle _unused_, const char *name _unused_, int pages)
{
        struct db *db = data;

        db->log_pages = pages;
        return SQLITE_OK;
}

int db_open(const char *path, unsigned flags, struct db **ret)
{
        struct db *db = xcalloc(1, sizeof *db);
        int mode = flags & DB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        int r;

        *ret = db;
        db->closes_always = flags & (DB_READ_ONLY | DB_SCRATCH);
        r = sqlite3_open_v2(path, &db->handle, mode | SQLITE_OPEN_NOMUTEX, NULL);
        if (r != SQLITE_OK)
                return error_number(db, r);
        (void) sqlite3_extended_result_codes(db->handle, 1);
        (void) sqlite3_busy_timeout(db->handle, 5000);
        (void) sqlite3_wal_hook(db->handle, on_commit, db);      /* SQLite's own one does not tell of a failed sync */
        return 0;
}

void db_close(struct db *db)
{
        if (db->broken && !db->closes_always) {
                db->next_abandoned = abandoned;
                abandoned = db;
                return;
        }
        for (size_t i = 0; i < STATEMENTS_MAX; i++)
                (void) sqlite3_finalize(db->statements[i].st);
        (void) sqlite3_close(db->handle);
        free(db);
}

int db_exec(struct db *db, const char *sql)
{
        return error_number(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

static int prepare(struct db *db, const char *sql, struct stmt **ret)
{
        size_t at = ((uintptr_t) sql >> 3) % STATEMENTS_MAX;
        struct stmt *st;
        int r;

        for (;; at = (at + 1) % STATEMENTS_MAX) {
                st = &db->statements[at];
                if (st->sql == sql) {
                        *ret = st;
                        return 0;
                }
                if (!st->sql)
                        break;
        }
        r = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->st, NULL);
        if (r != SQLITE_OK)
                return error_number(db, r);
        st->sql = sql;
        st->db = db;
        *ret = st;
        return 0;
}

static int bind(struct stmt *st, const char *format, va_list ap)
{
        for (int i = 1; *format; format++, i++) {
                int r;

                if (*format == 'i') {
                        r = sqlite3_bind_int64(st->st, i, va_arg(ap, int64_t));
                } else {
                        const char *s = va_arg(ap, const char *);

                        if (!s || (*format == 'e' && !*s))
                                r = sqlite3_bind_null(st->st, i);
                        else
                                r = sqlite3_bind_text(st->st, i, s, -1, SQLITE_STATIC);
                }
                if (r != SQLITE_OK)
                        return error_number(st->db, r);
        }
        return 0;
}

static int vquery(struct db *db, struct stmt **ret, const char *sql, const char *format, va_list ap)
{
        struct stmt *st = NULL;
        int r;

        r = prepare(db, sql, &st);
        if (r < 0)
                return r;
        r = bind(st, format, ap);
        if (r < 0)
                return r;
        *ret = st;
        return 0;
}

int db_query(struct db *db, struct stmt **ret, const char *sql, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = vquery(db, ret, sql, format, ap);
        va_end(ap);
        return r;
}

int db_step(struct stmt *st)
{
        int r = sqlite3_step(st->st);

        if (r == SQLITE_ROW)
                return 1;
        r = error_number(st->db, r);     /* before the words are forgotten */
        (void) sqlite3_reset(st->st);
        return r;
}

void db_reset(struct stmt *st)
{
        (void) sqlite3_reset(st->st);
}

int db_run(struct db *db, const char *sql, const char *format, ...)
{
        struct stmt *st;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vquery(db, &st, sql, format, ap);
        va_end(ap);
        if (r < 0)
                return r;
        r = db_step(st);
        if (r < 0)
                return r;
        db_reset(st);
        return sqlite3_changes(db->handle);
}

int db_get_int(struct db *db, int64_t *ret, const char *sql, const char *format, ...)
{
        struct stmt *st;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vquery(db, &st, sql, format, ap);
        va_end(ap);
        if (r < 0)
                return r;
        r = db_step(st);
        if (r <= 0)
                return r;
        r = sqlite3_column_type(st->st, 0) != SQLITE_NULL;
        if (r)
                *ret = db_int(st, 0);
        db_reset(st);
        return r;
}

int64_t db_int(struct stmt *st, int column)
{
        return sqlite3_column_int64(st->st, column);
}

const char *db_text(struct stmt *st, int column)
{
        return strempty((const char *) sqlite3_column_text(st->st, column));
}

int64_t db_last_id(struct db *db)
{
        return sqlite3_last_insert_rowid(db->handle);
}

const char *db_error(struct db *db)
{
        return sqlite3_errmsg(db->handle);
}

int db_checkpoint(struct db *db, int pages)
{
        int mode = pages ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;

        if (db->log_pages < pages)
                db->log_copied = 0;
        if (pages && db->log_pages < db->log_copied + pages)
                return 0;
        /* While someone reads the log it goes on instead of from its beginning. */
        db->log_copied = db->log_pages;
        return error_number(db, sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, NULL, NULL));
}

int db_check(struct db *db, bool whole)
{
        struct stmt *st;
        bool ok;
        int r;

        r = db_query(db, &st, whole ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)", "");
        if (r >= 0)
                r = db_step(st);
        if (r < 0)
                return r;
        ok = r == 1 && streq(db_text(st, 0), "ok");
        db_reset(st);
        return ok ? 0 : -EUCLEAN;
}

void db_keep_log(struct db *db, bool keep)
{
        (void) sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int) keep, NULL);
}

bool db_exists(const char *path)
{
        sqlite3_vfs *v = sqlite3_vfs_find(NULL);
        int found = 0;

        return v->xAccess(v, path, SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK && found;
}

int db_copy(struct db *from, struct db *to, const bool *stop)
{
        sqlite3_backup *b;
        int r;

        /* What is read in one transaction is one state, however many steps it takes. */
        r = db_exec(from, "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1");
        if (r < 0)
                return r;
        b = sqlite3_backup_init(to->handle, "main", from->handle, "main");
        if (!b) {
                r = error_number(to, sqlite3_errcode(to->handle));
        } else {
                do
                        r = sqlite3_backup_step(b, PAGES_AT_ONCE);
                while (r == SQLITE_OK && !(stop && __atomic_load_n(stop, __ATOMIC_RELAXED)));
                (void) sqlite3_backup_finish(b);
                r = r == SQLITE_OK ? -ECANCELED : error_number(to, r);
        }
        (void) db_exec(from, "ROLLBACK");
        return r;
}
