/* SPDX-License-Identifier: MIT
 *
 * What is known of a store beside its own file.  Owns the lock file of the state directory.  Called by the opening of the
 * store and by backup.c.
 *
 * A database cannot tell that it is not the one that was here before, nor that the end of its log is missing: SQLite
 * ends at the last whole commit that it finds.  So each commit has a number, and the lock file holds the last one.
 */
#include "store/mark.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#define MARK_FORMAT "mentiond-store %s %020lld %020lld\n"

/* Of the database's head, as SQLite's file format says. */
#define HEAD_SIZE 100
#define HEAD_PAGE_SIZE 16                /* two bytes; 1: 65536 */
#define HEAD_WRITE_VERSION 18            /* 2: with a log */
#define HEAD_APPLICATION_ID 68

static const char magic[16] = "SQLite format 3";

int mark_lock(const char *directory, int *ret_fd, struct mark *ret, char **ret_error)
{
        _cleanup_free_ char *path = xasprintf("%s/lock", directory);
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        long long commits = 0, written_usec = 0;
        char text[128] = "";
        ssize_t n;

        if (fd < 0) {
                *ret_error = xasprintf("cannot open %s: %m", path);
                return -errno;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK) {
                        *ret_error = xasprintf("cannot lock %s: %m", path);
                        return -errno;
                }
                *ret_error = xasprintf("another mentiond uses the store in %s", directory);
                return -EWOULDBLOCK;
        }
        n = pread(fd, text, sizeof text - 1, 0);
        if (n < 0) {
                *ret_error = xasprintf("cannot read %s: %m", path);
                return -errno;
        }
        *ret = (struct mark) { .commits = 0 };
        /* NULs: its first bytes were on their way when the power failed. */
        ret->spoiled = n > 0 && *text
                       && (sscanf(text, "mentiond-store %16[0-9a-f] %20lld %20lld", ret->identity, &commits, &written_usec) != 3
                           || strlen(ret->identity) != 16);
        ret->commits = commits;
        ret->written_usec = written_usec;
        if (ret->spoiled)
                *ret = (struct mark) { .spoiled = true };
        *ret_fd = fd;
        fd = -1;
        return 0;
}

void mark_write(int fd, const struct mark *m)
{
        char text[96];
        int n = snprintf(text, sizeof text, MARK_FORMAT, m->identity, (long long) m->commits, (long long) utc_usec());

        /* If it cannot be written it stays behind, and less damage is found; the store itself goes on. */
        (void) !pwrite(fd, text, (size_t) n, 0);
}

int mark_sync(int fd, const char *directory)
{
        _cleanup_close_ int d = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return d < 0 || fsync(fd) < 0 || fsync(d) < 0 ? -errno : 0;
}

char *mark_sentence(const char *path, const char *what)
{
        return xasprintf("%s %s. mentiond does not start, for it would lose or repeat what it cannot know. Restore a backup:"
                         " mentiond --restore FILE. If there is none: mentiond --rebuild DAYS. See mentiond(8), A LOST STORE",
                         path, what);
}

char *mark_judge_file(const char *path, const struct mark *m, bool *ret_new)
{
        _cleanup_free_ char *log = xasprintf("%s-wal", path), *journal = xasprintf("%s-journal", path);
        _cleanup_close_ int fd = -1;
        unsigned char head[HEAD_SIZE];
        struct stat st;
        long page_size;

        *ret_new = false;
        if (!db_exists(path)) {
                if (*m->identity || m->spoiled)
                        return mark_sentence(path, "is missing or empty, and there was a store before");
                if (db_exists(log))
                        return mark_sentence(path, "is missing or empty, and its log (-wal) is there");
                *ret_new = true;
                return NULL;
        }
        if (db_exists(journal))
                return NULL;             /* it was being made when the power failed, and opening it undoes that */
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return NULL;             /* opening it will say why */
        if (pread(fd, head, sizeof head, 0) != sizeof head || memcmp(head, magic, sizeof magic) != 0)
                return mark_sentence(path, "is damaged: it does not begin as a database does");
        if (head[HEAD_WRITE_VERSION] != 2 && db_exists(log))
                return mark_sentence(path, "was put there while the log (-wal) of another store is still beside it");
        page_size = head[HEAD_PAGE_SIZE] << 8 | head[HEAD_PAGE_SIZE + 1];
        page_size = page_size == 1 ? 65536 : page_size;
        /* SQLite takes the missing part for zeroes.  What a log does not mend it would not see, if there was a text. */
        if (!db_exists(log) && fstat(fd, &st) == 0 && page_size && st.st_size % page_size)
                return mark_sentence(path, "is damaged: its last page is cut");
        return NULL;
}

char *mark_judge(struct db *db, struct mark *m)
{
        _cleanup_free_ char *identity = NULL;
        int64_t commits = 0, behind = 0;
        struct stmt *st;
        int r;

        r = db_query(db, &st, "SELECT identity, commits, behind FROM store", "");
        if (r >= 0)
                r = db_step(st);
        if (r <= 0)
                return xstrdup("is damaged: it does not say which store it is");
        identity = xstrdup(db_text(st, 0));
        commits = db_int(st, 1);
        behind = db_int(st, 2);
        db_reset(st);
        if (strlen(identity) != 16)
                return xstrdup("is damaged: it does not say which store it is");
        /* A backup is another one, and older, by its nature; it says so itself. */
        if (*m->identity && !behind && !streq(m->identity, identity))
                return xstrdup("is not the store that was last used here");
        if (*m->identity && !behind && commits < m->commits)
                return xasprintf("lacks its last %lld commits: its log (-wal) was removed, cut or damaged, or this is an old "
                                 "copy",
                                 (long long) (m->commits - commits));
        memcpy(m->identity, identity, sizeof m->identity);
        m->commits = commits;
        return NULL;
}
