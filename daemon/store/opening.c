/* SPDX-License-Identifier: MIT
 *
 * Whether a database is our store, of our version and sound; and how a new one is made.  Owns nothing.  Called by
 * store.c and backup.c.
 */
#include "store/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "schema.h"

#include <errno.h>
#include <sys/stat.h>

#define SCHEMA_VERSION 1

/* Anything less loses what was acknowledged when the power fails: tests/crash builds it so once, and must see that. */
#ifndef STORE_SYNCHRONOUS
#define STORE_SYNCHRONOUS "FULL"
#endif

/* Of 4 KB; SQLite would take 500.  Work is done at the ends of the tables and indexes, and these fit; with half as many pages
 * they are read again and again. */
#define WRITER_PAGES "64"

/* A store up to this size is checked whole at each start, which takes about 2 seconds for 256 MB; a larger one by its
 * structure only, in a quarter of the time for each byte.  A backup is always checked whole. */
#define WHOLE_CHECK_MAX (INT64_C(256) * 1024 * 1024)

char *judge_schema(struct db *db, const char *path, bool *ret_empty, bool *ret_damaged)
{
        int64_t application = 0, version = 0, tables = 0;
        int r;

        *ret_empty = *ret_damaged = false;
        r = db_get_int(db, &application, "PRAGMA application_id", "");
        if (r >= 0)
                r = db_get_int(db, &version, "PRAGMA user_version", "");
        if (r >= 0)
                r = db_get_int(db, &tables, "SELECT count(*) FROM sqlite_schema", "");
        if (r == -EUCLEAN) {
                *ret_damaged = true;
                return xasprintf("is damaged: %s", db_error(db));
        }
        if (r < 0)
                return xasprintf("cannot read %s: %s", path, db_error(db));
        *ret_empty = !application && !version && !tables;
        if (*ret_empty)
                return NULL;
        if (application != APPLICATION_ID)
                return xasprintf("%s is a database, but no store of mentiond", path);
        if (version > SCHEMA_VERSION)
                return xasprintf("%s was written by a newer mentiond (schema %d, this one knows %d): install that version again, "
                                 "or restore a backup from before it: mentiond --restore"
                                 " FILE",
                                 path, (int) version, SCHEMA_VERSION);
        if (version < SCHEMA_VERSION)
                return xasprintf("%s has schema %d, which no release of mentiond had: make it anew: mentiond --rebuild DAYS",
                                 path, (int) version);
        return NULL;
}

void make_identity(char ret[17])
{
        for (size_t i = 0; i < 16; i++)
                ret[i] = "0123456789abcdef"[random_below(16)];
        ret[16] = '\0';
}

int make_schema(struct db *db, struct mark *m)
{
        int r;

        *m = (struct mark) { .commits = 1 };
        make_identity(m->identity);
        r = db_exec(db, "BEGIN IMMEDIATE");
        if (r >= 0)
                r = db_exec(db, schema_sql);
        if (r >= 0)
                r = db_run(db, "INSERT INTO store (one, identity, commits) VALUES (1, ?, ?)", "si", m->identity, m->commits);
        if (r >= 0) {
                crash_point("store", "commit");
                r = db_exec(db, "COMMIT");
        }
        if (r >= 0)
                crash_point("store", "committed");
        return r;
}

static int damage(const char *path, const char *what, char **ret_error)
{
        *ret_error = mark_sentence(path, what);
        return -EUCLEAN;
}

static int check(struct db *db, const char *path, char **ret_error)
{
        struct stat st;
        int r;

        r = db_check(db, stat(path, &st) < 0 || st.st_size <= WHOLE_CHECK_MAX);
        return r == -EUCLEAN ? damage(path, "is damaged", ret_error) : r;
}

int open_database(const char *path, struct mark *m, struct db **ret, bool *ret_new, bool *ret_behind, char **ret_error)
{
        _cleanup_(db_closep) struct db *db = NULL;
        _cleanup_free_ char *wrong = NULL;
        bool marked = *m->identity, empty, damaged;
        int64_t behind = 0;
        int r;

        *ret_error = mark_judge_file(path, m, ret_new);
        if (*ret_error)
                return -EUCLEAN;
        r = db_open(path, 0, &db);
        if (r < 0) {
                *ret_error = xasprintf("cannot open %s: %s", path, db_error(db));
                return r;
        }
        db_keep_log(db, true);           /* what is refused stays as it was found */
        wrong = judge_schema(db, path, &empty, &damaged);
        if (wrong && damaged)
                return damage(path, wrong, ret_error);
        if (wrong) {
                *ret_error = TAKE_PTR(wrong);
                return -EPROTONOSUPPORT;
        }
        if (empty && (marked || m->spoiled))
                return damage(path, "is empty, and there was a store before", ret_error);
        r = db_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = " STORE_SYNCHRONOUS "; PRAGMA foreign_keys = ON;"
                        "PRAGMA temp_store = MEMORY; PRAGMA cache_size = " WRITER_PAGES);
        if (r >= 0)
                r = empty ? make_schema(db, m) : check(db, path, ret_error);
        if (r >= 0 && !empty) {
                wrong = mark_judge(db, m);
                if (wrong)
                        return damage(path, wrong, ret_error);
                r = db_get_int(db, &behind, "SELECT behind FROM store", "");
                /* Without a mark that can be read nobody knows what it lacks, unless it was made just now and did nothing yet.
                 * On disk before there is a mark again: this start may be cut off. */
                if (r >= 0 && !marked && !behind)
                        r = db_get_int(db, &behind, "SELECT 1 FROM instance LIMIT 1", "");
                if (r >= 0 && behind)
                        r = db_run(db,
                                   "UPDATE store SET behind = 1, lost_usec = CASE WHEN behind AND lost_usec THEN lost_usec ELSE "
                                   "? END",
                                   "i", m->written_usec ? m->written_usec : utc_usec());
        }
        /* If a sync failed in the life before, the log is in the kernel's memory but perhaps not on the disk, and no sync
         * would write it any more: what came behind the hole would be lost with the power. */
        if (r >= 0)
                r = db_checkpoint(db, 0);
        if (r < 0) {
                if (!*ret_error)
                        *ret_error = r == -EUCLEAN ? mark_sentence(path, "is damaged")
                                                   : xasprintf("cannot open %s: %s", path, db_error(db));
                return r;
        }
        db_keep_log(db, false);
        *ret_new = empty;
        *ret_behind = behind;
        *ret = TAKE_PTR(db);
        return 0;
}
