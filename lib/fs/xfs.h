/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FS_XFS_H
#define DS_FS_XFS_H

/*
 * What XFS' orders of steps are made of, whatever the kernel, and what it does
 * with two files at once.
 */
#include "file/inode.h"

/*
 * Waits for pins, as @rule says that the operation does. The inode lock is
 * held, and the fault lock exclusively.
 */
int ds_xfs_wait(struct ds_task *task, struct ds_inode *inode,
		enum ds_rule rule);

/*
 * Changes the size, with both locks held and the wait done. i_size is written
 * before the page cache goes, the blocks afterwards.
 *
 * Models: xfs_setattr_size().
 */
int ds_xfs_set_size_locked(struct ds_task *task, struct ds_inode *inode,
			   uint64_t size);

/*
 * Writes back and drops the pages that the bytes [start, end) touch.
 *
 * Models: xfs_flush_unmap_range().
 */
void ds_xfs_flush_unmap(struct ds_task *task, struct ds_inode *inode,
			uint64_t start, uint64_t end);

/* Frees @range: a rolling transaction, which holds the extents lock once. */
int ds_xfs_remove_range(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range);

/*
 * Gives every hole of @range unwritten blocks, all or none of them.
 *
 * Models: xfs_alloc_file_space(). Differs: space is looked for up front, as
 * the kernel reserves it.
 */
int ds_xfs_allocate_space(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pgrange range);

/* For the table of operations. */
int ds_xfs_set_size(struct ds_task *task, struct ds_inode *inode,
		    uint64_t size);
int64_t ds_xfs_write(struct ds_task *task, struct ds_inode *inode,
		     uint64_t *offset, const void *buf, size_t len);
int ds_xfs_make_written(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range);
int ds_xfs_fsync(struct ds_task *task, struct ds_inode *inode);

/* See ds_fs_ops.dedupe. Models: xfs_file_remap_range() for FIDEDUPERANGE. */
int64_t ds_xfs_dedupe(struct ds_task *task, struct ds_inode *source,
		      uint64_t offset, struct ds_inode *dest,
		      uint64_t dest_offset, uint64_t len);

#endif
