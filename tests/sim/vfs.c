/* SPDX-License-Identifier: MIT
 *
 * A VFS for SQLite over the simulated disk: files, locks and the shared memory of the write-ahead log.  Owns nothing: locks
 * are in the files, and go with the process.
 */
#include "vfs.h"

#include "base/clock.h"

struct handle {
        sqlite3_file base;
        struct inode *inode;
        int level;
        unsigned shm_held;               /* shared locks of this connection */
};

/* --- A file --- */

static struct inode *inode_of(sqlite3_file *f)
{
        return ((struct handle *) f)->inode;
}

static int on_unlock(sqlite3_file *f, int level)
{
        struct handle *h = (struct handle *) f;
        struct inode *n = h->inode;

        if (n->exclusive == h)
                n->exclusive = NULL;
        if (n->pending == h)
                n->pending = NULL;
        if (n->reserved == h)
                n->reserved = NULL;
        if (level == SQLITE_LOCK_NONE && h->level >= SQLITE_LOCK_SHARED)
                n->shared--;
        h->level = MIN(h->level, level);
        return SQLITE_OK;
}

static int on_lock(sqlite3_file *f, int level)
{
        struct handle *h = (struct handle *) f;
        struct inode *n = h->inode;

        if (h->level >= level)
                return SQLITE_OK;
        if (h->level == SQLITE_LOCK_NONE) {
                if (n->pending || n->exclusive)
                        return SQLITE_BUSY;
                n->shared++;
                h->level = SQLITE_LOCK_SHARED;
        }
        if (level >= SQLITE_LOCK_RESERVED && h->level < SQLITE_LOCK_RESERVED) {
                if (n->reserved && n->reserved != h)
                        return SQLITE_BUSY;
                n->reserved = h;
                h->level = SQLITE_LOCK_RESERVED;
        }
        if (level == SQLITE_LOCK_EXCLUSIVE) {
                n->pending = h;
                if (n->shared > 1)
                        return SQLITE_BUSY;
                n->exclusive = h;
                h->level = SQLITE_LOCK_EXCLUSIVE;
        }
        return SQLITE_OK;
}

static int on_check_lock(sqlite3_file *f, int *ret)
{
        *ret = inode_of(f)->reserved != NULL;
        return SQLITE_OK;
}

static int on_close(sqlite3_file *f)
{
        return on_unlock(f, SQLITE_LOCK_NONE);
}

static int on_read(sqlite3_file *f, void *to, int size, sqlite3_int64 at)
{
        struct inode *n = inode_of(f);
        size_t there = at < (sqlite3_int64) n->now.size ? MIN((size_t) size, n->now.size - (size_t) at) : 0;

        if (there)
                memcpy(to, n->now.data + at, there);
        if (there == (size_t) size)
                return SQLITE_OK;
        memset((char *) to + there, 0, (size_t) size - there);
        return SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *f, const void *from, int size, sqlite3_int64 at)
{
        struct inode *n = inode_of(f);
        size_t end = (size_t) at + (size_t) size, some = (size_t) size;
        int r = SQLITE_OK;

        if (sim_trap(TRAP_DISK)) {
                some = (size_t) below(R_DISK, size + 1);         /* the write is cut where the power goes */
                r = SQLITE_ABORT;
        } else if (trouble.full && end > n->now.size) {
                return disk_failed(DISK_FULL, "no room", SQLITE_FULL);
        } else if (disk_comes_up(&trouble.fail_write)) {
                return disk_failed(DISK_WRITE, "a write failed", SQLITE_IOERR_WRITE);
        } else if (disk_comes_up(&trouble.write_short)) {
                some = (size_t) below(R_DISK, size);
                r = disk_failed(DISK_SHORT, "a short write", SQLITE_FULL);
        }
        end = (size_t) at + some;
        if (end > n->now.size)
                inode_resize(&n->now, end);
        memcpy(n->now.data + at, from, some);
        if (some)
                inode_mark(n, (size_t) at, end);
        if (r == SQLITE_ABORT)
                sim_die(CRASH_DISK, "in the middle of a write to the disk");
        return r;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
        struct inode *n = inode_of(f);

        if (sim_trap(TRAP_DISK))
                sim_die(CRASH_DISK, "before a file was cut");
        inode_resize(&n->now, (size_t) size);
        return SQLITE_OK;
}

static int on_sync(sqlite3_file *f, int flags _unused_)
{
        struct inode *n = inode_of(f);

        if (disk_comes_up(&trouble.fail_sync))
                return disk_failed(DISK_SYNC, "a sync failed", SQLITE_IOERR_FSYNC);
        if (sim_trap(TRAP_DISK)) {
                if (chance(R_DISK, 500))
                        inode_sync(n);
                sim_die(CRASH_DISK, "at a sync of the disk");
        }
        inode_sync(n);
        return SQLITE_OK;
}

static int on_size(sqlite3_file *f, sqlite3_int64 *ret)
{
        *ret = (sqlite3_int64) inode_of(f)->now.size;
        return SQLITE_OK;
}

static int on_control(sqlite3_file *f _unused_, int op _unused_, void *arg _unused_)
{
        return SQLITE_NOTFOUND;
}

static int on_sector_size(sqlite3_file *f _unused_)
{
        return SECTOR;
}

static int on_characteristics(sqlite3_file *f _unused_)
{
        return SQLITE_IOCAP_POWERSAFE_OVERWRITE;         /* as of the unix VFS on common disks */
}

/* --- Shared memory of the write-ahead log --- */

static int on_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **ret)
{
        struct inode *n = inode_of(f);
        int before;

        *ret = NULL;
        if (region >= SHM_REGIONS)
                return SQLITE_NOMEM;
        before = heap_enter(HEAP_WORLD);
        if (!n->shm[region] && extend)
                n->shm[region] = xcalloc(1, (size_t) size);
        (void) heap_enter(before);
        *ret = n->shm[region];
        return SQLITE_OK;
}

static int on_shm_lock(sqlite3_file *f, int offset, int count, int flags)
{
        struct handle *h = (struct handle *) f;
        struct inode *n = h->inode;

        for (int i = offset; i < offset + count && flags & SQLITE_SHM_LOCK; i++) {
                bool own = h->shm_held & 1u << i;

                if (n->shm_exclusive[i] && n->shm_exclusive[i] != h)
                        return SQLITE_BUSY;
                if (flags & SQLITE_SHM_EXCLUSIVE && n->shm_shared[i] > (own ? 1 : 0))
                        return SQLITE_BUSY;
        }
        for (int i = offset; i < offset + count; i++) {
                bool own = h->shm_held & 1u << i;

                if (flags & SQLITE_SHM_EXCLUSIVE) {
                        n->shm_exclusive[i] = flags & SQLITE_SHM_LOCK ? h : NULL;
                } else if (flags & SQLITE_SHM_LOCK && !own) {
                        n->shm_shared[i]++;
                        h->shm_held |= 1u << i;
                } else if (flags & SQLITE_SHM_UNLOCK && own) {
                        n->shm_shared[i]--;
                        h->shm_held &= ~(1u << i);
                }
        }
        return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *f _unused_)
{
}

static int on_shm_unmap(sqlite3_file *f, int delete)
{
        if (delete)
                inode_forget_shm(inode_of(f));
        return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
        .iVersion = 2, .xClose = on_close, .xRead = on_read, .xWrite = on_write, .xTruncate = on_truncate, .xSync = on_sync,
        .xFileSize = on_size, .xLock = on_lock, .xUnlock = on_unlock, .xCheckReservedLock = on_check_lock,
        .xFileControl = on_control, .xSectorSize = on_sector_size, .xDeviceCharacteristics = on_characteristics,
        .xShmMap = on_shm_map, .xShmLock = on_shm_lock, .xShmBarrier = on_shm_barrier, .xShmUnmap = on_shm_unmap,
};

/* --- The file system --- */

static int on_open(sqlite3_vfs *v _unused_, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
        struct handle *h = (struct handle *) f;
        struct inode *n;

        f->pMethods = NULL;
        if (!name)
                return SQLITE_CANTOPEN;
        n = inode_find(name, true);
        if (!n)
                abort();
        if (!n->exists && !(flags & SQLITE_OPEN_CREATE))
                return SQLITE_CANTOPEN;
        n->exists = true;
        *h = (struct handle) { .base.pMethods = &methods, .inode = n };
        if (ret_flags)
                *ret_flags = flags;
        return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *v _unused_, const char *name, int sync)
{
        struct inode *n = inode_find(name, false);

        if (!n || !n->exists)
                return SQLITE_IOERR_DELETE_NOENT;
        if (sim_trap(TRAP_DISK))
                sim_die(CRASH_DISK, "before a file was deleted");
        n->exists = false;
        inode_resize(&n->now, 0);
        inode_forget_dirty(n);
        if (sync) {
                n->synced_exists = false;
                inode_resize(&n->synced, 0);
        }
        return SQLITE_OK;
}

static int on_access(sqlite3_vfs *v _unused_, const char *name, int flags, int *ret)
{
        struct inode *n = inode_find(name, false);

        *ret = n && n->exists && (flags != SQLITE_ACCESS_EXISTS || n->now.size > 0);
        return SQLITE_OK;
}

static int on_full_name(sqlite3_vfs *v _unused_, const char *name, int size, char *ret)
{
        snprintf(ret, (size_t) size, "%s", name);
        return SQLITE_OK;
}

static int on_randomness(sqlite3_vfs *v _unused_, int size, char *ret)
{
        for (int i = 0; i < size; i++)
                ret[i] = (char) draw(R_DISK);
        return size;
}

static int on_sleep(sqlite3_vfs *v _unused_, int usec)
{
        sim.now += usec;
        return usec;
}

static int on_time64(sqlite3_vfs *v _unused_, sqlite3_int64 *ret)
{
        *ret = INT64_C(210866760000000) + utc_usec() / 1000;
        return SQLITE_OK;
}

static int on_time(sqlite3_vfs *v _unused_, double *ret)
{
        *ret = 2440587.5 + (double) utc_usec() / 86400e6;
        return SQLITE_OK;
}

static int on_last_error(sqlite3_vfs *v _unused_, int size _unused_, char *ret _unused_)
{
        return 0;
}

void disk_init(void)
{
        static sqlite3_vfs vfs = {
                .iVersion = 2, .szOsFile = sizeof(struct handle), .mxPathname = 512, .zName = "sim", .xOpen = on_open,
                .xDelete = on_delete, .xAccess = on_access, .xFullPathname = on_full_name, .xRandomness = on_randomness,
                .xSleep = on_sleep, .xCurrentTime = on_time, .xGetLastError = on_last_error, .xCurrentTimeInt64 = on_time64,
        };

        (void) sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);       /* a crash may leave any mutex locked */
        (void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1);       /* the world asks, though the daemon does not */
        if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
                abort();
}

char *disk_integrity(const char *path)
{
        sqlite3_stmt *st = NULL;
        sqlite3 *db = NULL;
        char *said = NULL;

        disk_crash(false);               /* whoever had it open is gone */
        if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK &&
            sqlite3_step(st) == SQLITE_ROW)
                said = xstrdup((const char *) sqlite3_column_text(st, 0));
        else
                said = xstrdup(sqlite3_errmsg(db));
        (void) sqlite3_finalize(st);
        (void) sqlite3_close(db);
        return said;
}
