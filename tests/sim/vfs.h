/* SPDX-License-Identifier: MIT
 * What disk.c and vfs.c share: files in memory. */
#ifndef VFS_H
#define VFS_H

#include "sim.h"

#include <sqlite3.h>

#define SECTOR 512
#define FILES_MAX 8
#define SHM_REGIONS 64

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

extern struct inode inodes[FILES_MAX];

struct inode *inode_find(const char *name, bool make);
void inode_resize(struct memory *m, size_t size);
void inode_mark(struct inode *n, size_t from, size_t to);        /* written, and not synced */
void inode_forget_dirty(struct inode *n);
void inode_sync(struct inode *n);
void inode_forget_shm(struct inode *n);

struct trouble {
        bool full;                       /* nothing may grow */
        int64_t full_until;
        int64_t fail_write, fail_sync;   /* counts down to one failure; 0: none */
        int64_t write_short;
};
extern struct trouble trouble;
int disk_failed(enum happening kind, const char *what, int code);        /* puts it on record; code */
bool disk_comes_up(int64_t *countdown);

#endif
