/* SPDX-License-Identifier: MIT
 * L1, inside the store only.  The lock of a state directory, and in it the mark: which store was last used there, and how
 * far it had come. */
#ifndef STORE_MARK_H
#define STORE_MARK_H

#include "store/db.h"

struct mark {
        char identity[17];               /* "": none was ever used here */
        int64_t commits, written_usec;   /* the last one, and when that was; 0: unknown */
        bool spoiled;                    /* there is something that is no mark */
};

/* Takes the lock.  -EWOULDBLOCK: another has it.  On failure *ret_error is a sentence. */
int mark_lock(const char *directory, int *ret_fd, struct mark *ret, char **ret_error);

/* After a commit, so that the mark is never ahead of the disk.  Not synced: after a power failure it may be behind. */
void mark_write(int fd, const struct mark *m);
int mark_sync(int fd, const char *directory);    /* the mark and the directory; 0 or -errno */

/* What is wrong with the store at path by the mark and the file's head, malloced; NULL: nothing.  *ret_new: there is none,
 * and never was. */
char *mark_judge_file(const char *path, const struct mark *m, bool *ret_new);

/* The same of the open store, whose schema is ours.  Fills *m in from it. */
char *mark_judge(struct db *db, struct mark *m);

/* "PATH is cut: ...", with the ways out; malloced. */
char *mark_sentence(const char *path, const char *what);

#define APPLICATION_ID 0x6d6e7464u       /* as in schema.sql */

#endif
