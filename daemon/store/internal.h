/* SPDX-License-Identifier: MIT
 * L1.  What the files of the store share. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/db.h"
#include "store/store.h"

/* Runs fn in a transaction on the writer's connection, in its thread, and waits until it is durable.  fn may be run
 * a second time after a rollback, so its results must not depend on being run once. */
typedef int (*store_write_fn)(struct db *db, void *args);
int store_write(struct store *s, store_write_fn fn, void *args);

#define IS_NUMBER(column) column " != '' AND " column " NOT GLOB '*[^0-9]*'"

struct db *store_reader(struct store *s);

#endif
