/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FS_EXT4_H
#define DS_FS_EXT4_H

/*
 * What ext4's orders of steps are made of, whatever the kernel.
 */
#include "file/inode.h"

/*
 * Waits for pins, as @rule says that the operation does. The fault lock is held
 * exclusively.
 */
int ds_ext4_wait(struct ds_task *task, struct ds_inode *inode,
		 enum ds_rule rule);

/*
 * Changes i_disksize and i_size; the inode lock is held.
 *
 * Models: the transaction of ext4_setattr().
 */
void ds_ext4_change_size(struct ds_task *task, struct ds_inode *inode,
			 uint64_t size);

/*
 * Drops what lies behind byte @size from the page cache and, with @shrink, its
 * blocks. The fault lock is held and the wait is over, as for all below.
 *
 * Models: truncate_pagecache() and ext4_truncate(), as ext4_setattr() calls
 * them.
 */
int ds_ext4_cut(struct ds_task *task, struct ds_inode *inode, uint64_t size,
		bool shrink);

/*
 * Where a punch ends that was asked to end at @end: past i_size, @size, at the
 * end of the page that holds it.
 */
uint64_t ds_ext4_punch_end(const struct ds_inode *inode, uint64_t size,
			   uint64_t end);

/* Punches [offset, end). @end is below @offset when a limit cut it off. */
int ds_ext4_punch_blocks(struct ds_task *task, struct ds_inode *inode,
			 uint64_t offset, uint64_t end);

int ds_ext4_collapse_blocks(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range);

/* Whether the file may grow by @len and has byte @offset. The inode is locked.
 */
int ds_ext4_check_insert(struct ds_task *task, struct ds_inode *inode,
			 uint64_t offset, uint64_t len);

int ds_ext4_insert_blocks(struct ds_task *task, struct ds_inode *inode,
			  uint64_t offset, uint64_t len);

/*
 * The size after a call that covers [.., @end), 0 if it stays.
 */
uint64_t ds_ext4_grown_size(struct ds_task *task, struct ds_inode *inode,
			    int mode, uint64_t end);

/*
 * Allocates @range bit by bit; i_size follows each piece up to @new_size (0: it
 * stays). With @convert what is written becomes unwritten. What was allocated
 * before ENOSPC is kept.
 *
 * Models: ext4_alloc_file_blocks().
 */
int ds_ext4_allocate_blocks(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range, uint64_t new_size,
			    bool convert);

/*
 * Lets i_size and i_disksize grow to @end if they are smaller. Faults read
 * i_disksize under the extents lock alone.
 *
 * Models: ext4_update_inode_size().
 */
void ds_ext4_grow_size(struct ds_task *task, struct ds_inode *inode,
		       uint64_t end);

/*
 * Zeroes the edges of [offset, end) in place, in one transaction in which
 * i_size grows to @new_size (0: it stays) before.
 */
void ds_ext4_zero_edges(struct ds_task *task, struct ds_inode *inode,
			uint64_t offset, uint64_t end, uint64_t new_size);

/*
 * Mode 0. Never waits for pins: it moves and removes nothing. No lock is held.
 *
 * Models: ext4_fallocate(), ext4_do_fallocate().
 */
int ds_ext4_allocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len);

/* ds_fs_ops.write: i_size grows with each run, or once at the end (v5.5). */
int64_t ds_ext4_write_by_runs(struct ds_task *task, struct ds_inode *inode,
			      uint64_t *offset, const void *buf, size_t len);
int64_t ds_ext4_write(struct ds_task *task, struct ds_inode *inode,
		      uint64_t *offset, const void *buf, size_t len);

/* ds_fs_ops.make_written. A write fault already runs in a transaction. */
int ds_ext4_make_written(struct ds_task *task, struct ds_inode *inode,
			 struct ds_pgrange range);

/* ds_fs_ops.fsync. Models: ext4_sync_file(). */
int ds_ext4_fsync(struct ds_task *task, struct ds_inode *inode);

/* ds_fs_ops.set_size in the order of v5.3. Models: ext4_setattr(). */
int ds_ext4_5_3_set_size(struct ds_task *task, struct ds_inode *inode,
			 uint64_t size);

/* ds_fs_ops.fallocate in the order of v4.19. Models: ext4_fallocate(). */
int ds_ext4_4_19_fallocate(struct ds_task *task, struct ds_inode *inode,
			   int mode, uint64_t offset, uint64_t len);

#endif
