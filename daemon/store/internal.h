/* SPDX-License-Identifier: MIT
 * L1.  What the files of the store share. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/db.h"
#include "store/mark.h"
#include "store/store.h"

/* Runs fn in a transaction on the writer's connection, in its thread, and waits until it is durable.  fn may be run
 * a second time after a rollback, so its results must not depend on being run once. */
typedef int (*store_write_fn)(struct db *db, void *args);
int store_write(struct store *s, store_write_fn fn, void *args);

#define IS_NUMBER(column) column " != '' AND " column " NOT GLOB '*[^0-9]*'"

/* What an agent has in his ticket goes by its articles' numbers, as in store_last_mention().  m: a mention; c: a command. */
#define KNOWS "CASE WHEN m.target = c.source AND " IS_NUMBER("m.result_id") " AND " IS_NUMBER("c.native_id") \
              " THEN CAST(m.result_id AS INTEGER) < CAST(c.native_id AS INTEGER) ELSE 1 END"

struct db *store_reader(struct store *s);

/* intake.c: what a statement finds by a number and a text, malloced; NULL if nothing. */
char *get_text(struct store *s, const char *sql, int64_t n, const char *text);

/* Runs fn in a thread of its own while the task waits; -EBUSY: one is running.  It should end soon once *store_stop(). */
int store_aside(struct store *s, void (*fn)(void *data), void *data);
const bool *store_stop(struct store *s);
const char *store_path(struct store *s);

/* opening.c: the writer's connection, of a store that was judged, or made if there never was one.  Fills in the mark. */
int open_database(const char *path, struct mark *m, struct db **ret, bool *ret_new, bool *ret_behind, char **ret_error);
void make_identity(char ret[17]);
int make_schema(struct db *db, struct mark *m);      /* in an empty database */
/* NULL, or what is wrong with it: for mark_sentence() if *ret_damaged, else a sentence; malloced.  Nothing is written. */
char *judge_schema(struct db *db, const char *path, bool *ret_empty, bool *ret_damaged);

/* work.c */
extern const char store_author_sql[], store_windows_sql[];   /* a test asks how they are looked up */
int put_body(struct db *db, int64_t id, const char *payload);        /* of a row that has none: 1 */
int drop_body(struct db *db, int64_t id, bool reply);                /* and of a reply the texts of its parts */
int add_note(struct db *db, int64_t about, int64_t thread, const char *key, const char *payload, int64_t now_usec);

/* intake.c: a command for the helpdesk itself, due at once. */
int insert_command(struct db *db, int64_t helpdesk, const char *native_id, int64_t created_usec, bool doubt, const char *payload);
int move_commands(struct db *db, int64_t helpdesk, const char *from, const char *to);

#endif
