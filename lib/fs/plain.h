/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FS_PLAIN_H
#define DS_FS_PLAIN_H

/*
 * What a file system without peculiarities does to its blocks: one transaction
 * for each call, the extent map under its lock. No locks of the inode are taken
 * here, nothing is waited for and no page leaves the page cache: when that
 * happens is what file systems differ in.
 */
#include "file/inode.h"

/* i_disksize, which faults read under the extents lock alone. */
void ds_plain_set_disk_size(struct ds_task *task, struct ds_inode *inode,
			    uint64_t size);

/*
 * Zeroes what the page that holds byte @size has behind it, and takes all
 * blocks behind that page away.
 */
int ds_plain_cut(struct ds_task *task, struct ds_inode *inode, uint64_t size);

/* Zeroes the rest of the page that holds the last byte: the file grows. */
void ds_plain_zero_tail(struct ds_task *task, struct ds_inode *inode,
			uint64_t size);

/* Blocks inside [offset, end) go, the edges are zeroed in place. */
int ds_plain_punch(struct ds_task *task, struct ds_inode *inode,
		   uint64_t offset, uint64_t end);

/*
 * Gives the holes of [offset, end), rounded outward, unwritten blocks. What was
 * allocated before ENOSPC is kept.
 */
int ds_plain_allocate(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, uint64_t end);

/*
 * The same; whole blocks become unwritten where they are, the edges are zeroed.
 */
int ds_plain_zero(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		  uint64_t end);

/* Takes the blocks [offset, end) out, or makes room for as many. */
int ds_plain_collapse(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, uint64_t end);
int ds_plain_insert(struct ds_task *task, struct ds_inode *inode,
		    uint64_t offset, uint64_t end);

/* ds_fs_ops.make_written: exactly the blocks asked for, in a transaction. */
int ds_plain_make_written(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pgrange range);

/* ds_fs_ops.write: the inode lock, and i_size at last. Waits for no pins. */
int64_t ds_plain_write(struct ds_task *task, struct ds_inode *inode,
		       uint64_t *offset, const void *buf, size_t len);

/* ds_fs_ops.fsync */
int ds_plain_fsync(struct ds_task *task, struct ds_inode *inode);

#endif
