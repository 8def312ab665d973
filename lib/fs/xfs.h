/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FS_XFS_H
#define DS_FS_XFS_H

/*
 * What XFS' orders of steps are made of, whatever the kernel, and what it does
 * with two files at once.
 */
#include "file/inode.h"

/* What differs between kernels inside the modes of fallocate. */
struct ds_xfs_order {
	/*
	 * Frees the whole blocks of [offset, end) and zeroes the rest up to
	 * i_size. Models: xfs_free_file_space().
	 */
	int (*free_space)(struct ds_task *task, struct ds_inode *inode,
			  uint64_t offset, uint64_t end);
	/*
	 * Prepares a shift of everything from byte @offset on.
	 * Models: xfs_prepare_shift().
	 */
	void (*prepare_shift)(struct ds_task *task, struct ds_inode *inode,
			      uint64_t offset);
};

/*
 * Takes both locks and waits for pins. Return: 0, or -EINTR; the locks are held
 * either way.
 */
int ds_xfs_fallocate_begin(struct ds_task *task, struct ds_inode *inode);
void ds_xfs_fallocate_end(struct ds_task *task, struct ds_inode *inode);

/*
 * What @mode does between them.
 *
 * Models: the parts of xfs_file_fallocate() that are functions of their own
 * from v6.12 on.
 */
int ds_xfs_fallocate_mode(struct ds_task *task, struct ds_inode *inode,
			  int mode, uint64_t offset, uint64_t len,
			  const struct ds_xfs_order *order);

/*
 * Writes back and drops the pages that the bytes [start, end) touch.
 *
 * Models: xfs_flush_unmap_range().
 */
void ds_xfs_flush_unmap(struct ds_task *task, struct ds_inode *inode,
			uint64_t start, uint64_t end);

/* The end of ds_xfs_order.free_space(): nothing is mapped any more. */
int ds_xfs_free_blocks(struct ds_task *task, struct ds_inode *inode,
		       uint64_t offset, uint64_t end);

/*
 * ds_xfs_order.prepare_shift() of v5.10: what is dropped begins a block before
 * @offset, which the shift may merge with.
 */
void ds_xfs_flush_unmap_behind(struct ds_task *task, struct ds_inode *inode,
			       uint64_t offset);

/* For the table of operations. */
int ds_xfs_set_size(struct ds_task *task, struct ds_inode *inode,
		    uint64_t size);
int64_t ds_xfs_write(struct ds_task *task, struct ds_inode *inode,
		     uint64_t *offset, const void *buf, size_t len);
int ds_xfs_make_written(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range);
int ds_xfs_fsync(struct ds_task *task, struct ds_inode *inode);

/* See ds_fs_ops.reflink. Models: xfs_file_remap_range(). */
int64_t ds_xfs_reflink(struct ds_task *task, struct ds_inode *source,
		       uint64_t offset, struct ds_inode *dest,
		       uint64_t dest_offset, uint64_t len);

/* See ds_fs_ops.dedupe. Models: xfs_file_remap_range() for FIDEDUPERANGE. */
int64_t ds_xfs_dedupe(struct ds_task *task, struct ds_inode *source,
		      uint64_t offset, struct ds_inode *dest,
		      uint64_t dest_offset, uint64_t len);

#endif
