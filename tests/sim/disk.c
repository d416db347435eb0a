/* SPDX-License-Identifier: MIT
 *
 * The disk: files in memory, each as it is seen now and as it would be found after the power failed.  What was written and
 * not synced may or may not be there then, sector by sector.  SQLite gets at it through vfs.c.  Owns the files, and what is
 * wrong with the disk.
 */
#include "vfs.h"

#define USUAL_SIZE (4 << 20)     /* of a file; what is not touched costs nothing */

struct inode inodes[FILES_MAX];

static void reserve(struct memory *m, size_t size)
{
        if (size > m->allocated) {
                int before = heap_enter(HEAP_WORLD);

                m->allocated = MAX(MAX(size, m->allocated * 2), (size_t) USUAL_SIZE);
                m->data = xrealloc(m->data, m->allocated);
                (void) heap_enter(before);
        }
}

void inode_resize(struct memory *m, size_t size)
{
        reserve(m, size);
        if (size > m->size)
                memset(m->data + m->size, 0, size - m->size);
        m->size = size;
}

void inode_mark(struct inode *n, size_t from, size_t to)
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

void inode_forget_dirty(struct inode *n)
{
        if (n->dirty_to)
                memset(n->dirty + n->dirty_from, 0, n->dirty_to - n->dirty_from);
        n->dirty_from = n->dirty_to = 0;
}

void inode_sync(struct inode *n)
{
        inode_resize(&n->synced, n->now.size);
        for (size_t s = n->dirty_from; s < n->dirty_to; s++)
                if (n->dirty[s])
                        copy_sector(n, s);
        inode_forget_dirty(n);
        /* SQLite syncs the directory with a log's first sync: what was made or deleted there is so for good. */
        for (size_t i = 0; i < FILES_MAX && !n->synced_exists; i++)
                if (&inodes[i] != n) {
                        inodes[i].synced_exists = inodes[i].exists;
                        if (!inodes[i].exists)
                                inode_resize(&inodes[i].synced, 0);
                }
        n->synced_exists = true;
}

struct inode *inode_find(const char *name, bool make)
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

struct trouble trouble;

int disk_failed(enum happening kind, const char *what, int code)
{
        happened(kind);
        sim.disk_failed_usec = sim.now;
        note("*** disk: %s", what);
        return code;
}

bool disk_comes_up(int64_t *countdown)
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

/* --- Crashes --- */

void inode_forget_shm(struct inode *n)
{
        for (size_t i = 0; i < SHM_REGIONS; i++)
                free(TAKE_PTR(n->shm[i]));
        memset(n->shm_shared, 0, sizeof n->shm_shared);
        memset(n->shm_exclusive, 0, sizeof n->shm_exclusive);
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
                        inode_resize(&n->synced, n->now.size);
                for (size_t s = n->dirty_from; s < n->dirty_to; s++)
                        if (n->dirty[s] && chance(R_DISK, keep))
                                copy_sector(n, s);
                        else if (n->dirty[s])
                                happened(DISK_UNSYNCED);
        } else if (!n->exists && n->synced_exists && chance(R_DISK, 500)) {
                n->synced_exists = false;
                inode_resize(&n->synced, 0);
        } else if (!n->synced_exists) {
                inode_resize(&n->synced, 0);
        }
        n->exists = n->synced_exists || (n->exists && n->synced.size > 0);
        n->synced_exists = n->exists;
        inode_resize(&n->now, 0);
        inode_resize(&n->now, n->synced.size);
        if (n->synced.size)
                memcpy(n->now.data, n->synced.data, n->synced.size);
        inode_forget_dirty(n);
        note("disk: of %s, %zu bytes, %zu are left", n->name, before, n->now.size);
}

void disk_crash(bool power)
{
        trouble.fail_write = trouble.fail_sync = trouble.write_short = 0;
        for (size_t i = 0; i < FILES_MAX; i++) {
                struct inode *n = &inodes[i];

                n->shared = 0;
                n->reserved = n->pending = n->exclusive = NULL;
                inode_forget_shm(n);
                if (power && *n->name)
                        lose_power(n);
        }
}

int64_t disk_size(const char *suffix)
{
        _cleanup_free_ char *name = xasprintf("mentiond.db%s", suffix);
        struct inode *n = inode_find(name, false);

        return n ? (int64_t) n->now.size : 0;
}
