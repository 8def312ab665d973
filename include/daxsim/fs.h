/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_FS_H
#define DAXSIM_FS_H

/*
 * A file system of one's own: its operations as orders of steps, written from
 * the building blocks that ext4 and XFS are made of here, and searched like
 * theirs. The mistakes are the author's to make: which locks to take, when to
 * wait for pins, what to drop first.
 */
#include <daxsim/universe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One call on one file. */
struct daxsim_op;

struct daxsim_fs {
	size_t struct_size; /* sizeof(struct daxsim_fs) */
	const char *name;
	uint64_t max_bytes; /* of a file; 0: 2^44 - 4096 */
	/*
	 * truncate: the inode lock is held exclusively, the size is valid.
	 * Return: 0 or a negative errno.
	 */
	int (*set_size)(struct daxsim_op *op, uint64_t size);
	/*
	 * No lock is held; what vfs_fallocate() checks was checked.
	 * Return: 0 or a negative errno; NULL: -EOPNOTSUPP for every mode.
	 */
	int (*fallocate)(struct daxsim_op *op, int mode, uint64_t offset,
			 uint64_t len);
};

/* Locks in the order in which they are taken. */
enum daxsim_lock {
	DAXSIM_LOCK_INODE,   /* i_rwsem: reads and writes */
	DAXSIM_LOCK_FAULT,   /* i_mmap_sem, invalidate_lock: page faults */
	DAXSIM_LOCK_JOURNAL, /* shared: a handle on the transaction */
	DAXSIM_LOCK_EXTENTS, /* i_data_sem, ILOCK: the extent map */
};

/* Models: down_read() or down_write(), and up_*(). */
void daxsim_op_lock(struct daxsim_op *op, enum daxsim_lock lock,
		    bool exclusive);
void daxsim_op_unlock(struct daxsim_op *op, enum daxsim_lock lock);

/* i_size, in bytes. */
uint64_t daxsim_op_size(struct daxsim_op *op);
void daxsim_op_set_size(struct daxsim_op *op, uint64_t size);

/*
 * Unmaps the file and waits until no page of it is pinned. The fault lock is
 * held exclusively, and dropped to sleep. Return: 0, -EINTR, or -EINVAL, with
 * warning W9, when the caller does not hold the lock so.
 *
 * Models: ext4_break_layouts(), v4.19. Differs: the kernel is content if
 * anybody holds the lock in any way.
 */
int daxsim_op_break_layouts(struct daxsim_op *op);

/*
 * Drops pages from the page cache and from all page tables: from byte @size on,
 * or those inside [start, end).
 *
 * Models: truncate_pagecache(), truncate_pagecache_range(), v4.19.
 */
void daxsim_op_truncate_cache(struct daxsim_op *op, uint64_t size);
void daxsim_op_truncate_cache_range(struct daxsim_op *op, uint64_t start,
				    uint64_t end);

/*
 * Changes of the extent map, in bytes; ranges are rounded to the whole blocks
 * inside, for daxsim_op_allocate() to those touched. The extents lock is held
 * exclusively. Return: 0, -ENOSPC, or -ENOMEM.
 */
int daxsim_op_allocate(struct daxsim_op *op, uint64_t start, uint64_t end);
int daxsim_op_remove(struct daxsim_op *op, uint64_t start, uint64_t end);
/* Written blocks become unwritten where they are. */
int daxsim_op_unwrite(struct daxsim_op *op, uint64_t start, uint64_t end);
/* Cuts a hole out of the file, or inserts one. */
int daxsim_op_shift_down(struct daxsim_op *op, uint64_t start, uint64_t end);
int daxsim_op_shift_up(struct daxsim_op *op, uint64_t at, uint64_t len);

/* Zeroes bytes that lie in written blocks; the extents lock is not held. */
void daxsim_op_zero_bytes(struct daxsim_op *op, uint64_t start, uint64_t end);

#ifdef __cplusplus
}
#endif

#endif
