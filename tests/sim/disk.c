/* SPDX-License-Identifier: MIT
 *
 * The disk: a VFS for SQLite that keeps files in memory, each as it is seen now and as it would be found after the power
 * failed.  What was written and not synced may or may not be there then, sector by sector.  Owns the files.
 */
#include "sim.h"

#include "base/clock.h"

#include <sqlite3.h>

#define SECTOR 512
#define FILES_MAX 8
#define SHM_REGIONS 64
#define USUAL_SIZE (4 << 20)     /* of a file; what is not touched costs nothing */

struct memory {
        unsigned char *data;
        size_t size, allocated;
};

struct inode {
        char name[64];
        bool exists, synced_exists;
        struct memory now, synced;
        unsigned char *dirty;            /* a flag for each sector */
        size_t dirty_allocated, dirty_from, dirty_to;    /* none is set outside */

        /* Locks and shared memory: gone with the process. */
        int shared;
        void *reserved, *pending, *exclusive;
        char *shm[SHM_REGIONS];
        int shm_shared[SQLITE_SHM_NLOCK];
        void *shm_exclusive[SQLITE_SHM_NLOCK];
};

struct handle {
        sqlite3_file base;
        struct inode *inode;
        int level;
        unsigned shm_held;               /* shared locks of this connection */
};

static struct inode inodes[FILES_MAX];
static struct {
        bool full;                       /* nothing may grow */
        int64_t full_until;
        int64_t fail_write, fail_sync;   /* counts down to one failure; 0: none */
        int64_t write_short;
} trouble;

static void reserve(struct memory *m, size_t size)
{
        if (size > m->allocated) {
                int before = heap_enter(HEAP_WORLD);

                m->allocated = MAX(MAX(size, m->allocated * 2), (size_t) USUAL_SIZE);
                m->data = xrealloc(m->data, m->allocated);
                (void) heap_enter(before);
        }
}

static void resize(struct memory *m, size_t size)
{
        reserve(m, size);
        if (size > m->size)
                memset(m->data + m->size, 0, size - m->size);
        m->size = size;
}

static void mark(struct inode *n, size_t from, size_t to)
{
        size_t first = from / SECTOR, sectors = (to + SECTOR - 1) / SECTOR;

        if (sectors > n->dirty_allocated) {
                size_t more = MAX(sectors, n->dirty_allocated * 2);
                int before = heap_enter(HEAP_WORLD);

                n->dirty = xrealloc(n->dirty, more);
                memset(n->dirty + n->dirty_allocated, 0, more - n->dirty_allocated);
                n->dirty_allocated = more;
                (void) heap_enter(before);
        }
        memset(n->dirty + first, 1, sectors - first);
        n->dirty_from = n->dirty_to ? MIN(n->dirty_from, first) : first;
        n->dirty_to = MAX(n->dirty_to, sectors);
}

static void copy_sector(struct inode *n, size_t s)
{
        size_t from = s * SECTOR, to = MIN(from + SECTOR, n->now.size);

        if (from < to && from < n->synced.size)
                memcpy(n->synced.data + from, n->now.data + from, MIN(to, n->synced.size) - from);
}

static void forget_dirty(struct inode *n)
{
        if (n->dirty_to)
                memset(n->dirty + n->dirty_from, 0, n->dirty_to - n->dirty_from);
        n->dirty_from = n->dirty_to = 0;
}

static void sync_all(struct inode *n)
{
        resize(&n->synced, n->now.size);
        for (size_t s = n->dirty_from; s < n->dirty_to; s++)
                if (n->dirty[s])
                        copy_sector(n, s);
        forget_dirty(n);
        /* SQLite syncs the directory with a log's first sync: what was made or deleted there is so for good. */
        for (size_t i = 0; i < FILES_MAX && !n->synced_exists; i++)
                if (&inodes[i] != n) {
                        inodes[i].synced_exists = inodes[i].exists;
                        if (!inodes[i].exists)
                                resize(&inodes[i].synced, 0);
                }
        n->synced_exists = true;
}

static struct inode *find(const char *name, bool make)
{
        const char *base = strrchr(name, '/');

        base = base ? base + 1 : name;
        for (size_t i = 0; i < FILES_MAX; i++)
                if (streq(inodes[i].name, base))
                        return &inodes[i];
        for (size_t i = 0; make && i < FILES_MAX; i++)
                if (!*inodes[i].name) {
                        snprintf(inodes[i].name, sizeof inodes[i].name, "%s", base);
                        return &inodes[i];
                }
        return NULL;
}

/* --- Faults --- */

static int failed(const char *what, int code)
{
        sim.disk_failed_usec = sim.now;
        note("*** disk: %s", what);
        return code;
}

static bool comes_up(int64_t *countdown)
{
        return *countdown > 0 && --*countdown == 0;
}

static void end_of_full(void *data _unused_)
{
        if (trouble.full && sim.now >= trouble.full_until) {
                trouble.full = false;
                note("*** disk: there is room again");
        }
}

void disk_trouble(void)
{
        switch (below(R_DISK, 4)) {
        case 0:
                trouble.full = true;
                trouble.full_until = sim.now + around(R_DISK, 2 * USEC_PER_MINUTE);
                note("*** disk: full");
                sim_at(trouble.full_until, end_of_full, NULL);
                break;
        case 1:
                trouble.fail_write = between(R_DISK, 1, 30);
                break;
        case 2:
                trouble.write_short = between(R_DISK, 1, 30);
                break;
        default:
                trouble.fail_sync = between(R_DISK, 1, 10);
        }
}

void disk_calm(void)
{
        memset(&trouble, 0, sizeof trouble);
}

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
                return failed("no room", SQLITE_FULL);
        } else if (comes_up(&trouble.fail_write)) {
                return failed("a write failed", SQLITE_IOERR_WRITE);
        } else if (comes_up(&trouble.write_short)) {
                some = (size_t) below(R_DISK, size);
                r = failed("a short write", SQLITE_FULL);
        }
        end = (size_t) at + some;
        if (end > n->now.size)
                resize(&n->now, end);
        memcpy(n->now.data + at, from, some);
        if (some)
                mark(n, (size_t) at, end);
        if (r == SQLITE_ABORT)
                sim_die("in the middle of a write to the disk");
        return r;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
        struct inode *n = inode_of(f);

        if (sim_trap(TRAP_DISK))
                sim_die("before a file was cut");
        resize(&n->now, (size_t) size);
        return SQLITE_OK;
}

static int on_sync(sqlite3_file *f, int flags _unused_)
{
        struct inode *n = inode_of(f);

        if (comes_up(&trouble.fail_sync))
                return failed("a sync failed", SQLITE_IOERR_FSYNC);
        if (sim_trap(TRAP_DISK)) {
                if (chance(R_DISK, 500))
                        sync_all(n);
                sim_die("at a sync of the disk");
        }
        sync_all(n);
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

        *ret = NULL;
        if (region >= SHM_REGIONS)
                return SQLITE_NOMEM;
        if (!n->shm[region] && extend)
                n->shm[region] = xcalloc(1, (size_t) size);
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

static void forget_shm(struct inode *n)
{
        for (size_t i = 0; i < SHM_REGIONS; i++)
                free(TAKE_PTR(n->shm[i]));
        memset(n->shm_shared, 0, sizeof n->shm_shared);
        memset(n->shm_exclusive, 0, sizeof n->shm_exclusive);
}

static int on_shm_unmap(sqlite3_file *f, int delete)
{
        if (delete)
                forget_shm(inode_of(f));
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
        n = find(name, true);
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
        struct inode *n = find(name, false);

        if (!n || !n->exists)
                return SQLITE_IOERR_DELETE_NOENT;
        if (sim_trap(TRAP_DISK))
                sim_die("before a file was deleted");
        n->exists = false;
        resize(&n->now, 0);
        forget_dirty(n);
        if (sync) {
                n->synced_exists = false;
                resize(&n->synced, 0);
        }
        return SQLITE_OK;
}

static int on_access(sqlite3_vfs *v _unused_, const char *name, int flags, int *ret)
{
        struct inode *n = find(name, false);

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
        (void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
                abort();
}

/* After the power failed: what was synced, and of the rest as much as the disk happened to have written.  Which is a
 * whole run of writes or a wild choice, and the length of the file is one more thing that may have got there. */
static void lose_power(struct inode *n)
{
        size_t before = n->now.size;
        int keep = chance(R_DISK, 400) ? 0 : chance(R_DISK, 300) ? 1000 : (int) below(R_DISK, 1000);

        if (n->exists && (n->synced_exists || chance(R_DISK, keep))) {
                bool length = chance(R_DISK, 500 + keep / 2);

                if (length)
                        resize(&n->synced, n->now.size);
                for (size_t s = n->dirty_from; s < n->dirty_to; s++)
                        if (n->dirty[s] && chance(R_DISK, keep))
                                copy_sector(n, s);
        } else if (!n->exists && n->synced_exists && chance(R_DISK, 500)) {
                n->synced_exists = false;
                resize(&n->synced, 0);
        } else if (!n->synced_exists) {
                resize(&n->synced, 0);
        }
        n->exists = n->synced_exists || (n->exists && n->synced.size > 0);
        n->synced_exists = n->exists;
        resize(&n->now, 0);
        resize(&n->now, n->synced.size);
        if (n->synced.size)
                memcpy(n->now.data, n->synced.data, n->synced.size);
        forget_dirty(n);
        note("disk: of %s, %zu bytes, %zu are left", n->name, before, n->now.size);
}

void disk_crash(bool power)
{
        trouble.fail_write = trouble.fail_sync = trouble.write_short = 0;
        for (size_t i = 0; i < FILES_MAX; i++) {
                struct inode *n = &inodes[i];

                n->shared = 0;
                n->reserved = n->pending = n->exclusive = NULL;
                forget_shm(n);
                if (power && *n->name)
                        lose_power(n);
        }
}

int64_t disk_size(const char *suffix)
{
        _cleanup_free_ char *name = xasprintf("mentiond.db%s", suffix);
        struct inode *n = find(name, false);

        return n ? (int64_t) n->now.size : 0;
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
