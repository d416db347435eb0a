/* SPDX-License-Identifier: MIT
 * L1, inside the store only.  SQLite with cached statements and errno values; nobody else includes sqlite3.h.
 *
 * A format has one letter per parameter: i int64_t, s text (NULL as NULL), e text ("" and NULL as NULL). */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/util.h"

struct db;
struct stmt;

enum db_flags {
        DB_READ_ONLY = 1 << 0,
        DB_SCRATCH = 1 << 1,             /* a new file, which is removed if it cannot be made whole */
};

int db_open(const char *path, unsigned flags, struct db **ret);  /* *ret also on failure, for db_error() */
void db_close(struct db *db);
DEFINE_CLEANUP(struct db *, db_close)

/* All return 0 or more, or: -ENOSPC disk full, -EIO, -EUCLEAN corrupt, -EEXIST constraint, -EBUSY, -EPROTO other.
 * db_error() then says it in words. */
int db_exec(struct db *db, const char *sql);                    /* one or more statements without parameters */

/* sql must be a string constant: its address is the key of the cache.  Texts are not copied: they must stay as they are until the
 * statement has been stepped to its end. */
int db_run(struct db *db, const char *sql, const char *format, ...);            /* number of rows changed */
int db_query(struct db *db, struct stmt **ret, const char *sql, const char *format, ...);
int db_step(struct stmt *st);                                   /* 1: a row; 0: the end, and the statement is reset */
void db_reset(struct stmt *st);                                 /* for those that do not step to the end */
int db_get_int(struct db *db, int64_t *ret, const char *sql, const char *format, ...);   /* 1: found; 0: no row, or NULL */

int64_t db_int(struct stmt *st, int column);                    /* 0 for NULL */
const char *db_text(struct stmt *st, int column);               /* "" for NULL; until the next step */

int64_t db_last_id(struct db *db);
const char *db_error(struct db *db);

/* After -EIO or -EUCLEAN it is not known what the disk has.  fn is told the first time, which of the two and in words; and
 * db_close() then leaves the files of the store as they are, for to close them means to write and sync them once more. */
void db_on_broken(struct db *db, void (*fn)(int error, const char *why, void *data), void *data);

/* Copies the write-ahead log into the database, if it has as many pages; 0: also an empty one, which is cut off then. */
int db_checkpoint(struct db *db, int pages);

/* Looks for damage: 0, -EUCLEAN, or why it could not look.  whole: compares the indexes with the tables, too, which takes
 * four times as long. */
int db_check(struct db *db, bool whole);

/* The last connection that closes takes the log into the file and deletes it; not if the log is to be kept. */
void db_keep_log(struct db *db, bool keep);

/* Whether there is a file that is not empty. */
bool db_exists(const char *path);

/* Makes to a copy of from as it is now, while others go on writing to that.  Ends early if *stop becomes true: -ECANCELED. */
int db_copy(struct db *from, struct db *to, const bool *stop);

#endif
