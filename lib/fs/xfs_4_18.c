// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XFS of v4.18: each mode of fallocate writes back and drops the pages of its
 * own part of the file, after the wait for pins that all modes share.
 *
 * Models: fs/xfs/{xfs_file,xfs_bmap_util}.c.
 */
#include <errno.h>
#include <linux/falloc.h>

#include "file/extents.h"
#include "file/layout.h"
#include "file/truncate.h"
#include "fs/common.h"
#include "fs/profiles.h"
#include "fs/xfs.h"

/*
 * Frees the whole blocks of [offset, end) and zeroes the rest up to i_size.
 *
 * Models: xfs_free_file_space().
 */
static int free_space(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, uint64_t end)
{
	struct ds_pgrange whole =
		ds_pgrange(ds_page_up(offset), ds_page_down(end));
	uint64_t size;
	int r = 0;

	ds_inode_wait_direct(task, inode);
	ds_xfs_flush_unmap(task, inode, offset, end);
	if (!ds_pgrange_is_empty(whole))
		r = ds_xfs_remove_range(task, inode, whole);
	size = ds_inode_size(task, inode);
	if (r == 0 && ((offset | end) & DS_PAGE_MASK) && offset < size)
		ds_zero_edges(task, inode, offset, end < size ? end : size);
	return r;
}

/* Prepares a shift of everything from byte @offset on. */
static void prepare_shift(struct ds_task *task, struct ds_inode *inode,
			  uint64_t offset)
{
	ds_mapping_write_back(task, &inode->mapping,
			      ds_pgrange(ds_page_down(offset), DS_PGIDX_MAX));
	if (ds_keeps(task, DS_RULE_XFS_SHIFT_DROPS_BEHIND))
		ds_truncate_cache(task, inode, offset & ~DS_PAGE_MASK);
}

/* Models: the FALLOC_FL_COLLAPSE_RANGE part of xfs_file_fallocate(). */
static int collapse(struct ds_task *task, struct ds_inode *inode,
		    uint64_t offset, uint64_t len)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(offset), ds_page_down(offset + len));
	uint64_t size = ds_inode_size(task, inode);
	int r;

	if (((offset | len) & DS_PAGE_MASK) || offset + len >= size)
		return -EINVAL;
	r = free_space(task, inode, offset, offset + len);
	if (r < 0)
		return r;
	prepare_shift(task, inode, offset);
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	r = ds_inode_shift_down(task, inode, range);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return r < 0 ? r : ds_xfs_set_size_locked(task, inode, size - len);
}

/* Models: the FALLOC_FL_INSERT_RANGE part of xfs_file_fallocate(). */
static int insert(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		  uint64_t len)
{
	uint64_t size = ds_inode_size(task, inode);
	int r;

	if ((offset | len) & DS_PAGE_MASK)
		return -EINVAL;
	if (len > inode->super->profile->max_bytes - size)
		return -EFBIG;
	if (offset >= size)
		return -EINVAL;
	r = ds_xfs_set_size_locked(task, inode, size + len);
	if (r < 0)
		return r;
	prepare_shift(task, inode, offset);
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	r = ds_inode_shift_up(task, inode, ds_pgidx(ds_page_down(offset)),
			      ds_page_down(len));
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return r;
}

/*
 * Mode 0, UNSHARE and, after the old blocks were freed, ZERO: blocks for the
 * range rounded outward, then the new size.
 */
static int allocate(struct ds_task *task, struct ds_inode *inode, int mode,
		    uint64_t offset, uint64_t len)
{
	uint64_t end = offset + len;
	int r = 0;

	if (mode & FALLOC_FL_ZERO_RANGE)
		r = free_space(task, inode, offset, end);
	/* Rounded outward the length may be 2^63, which is found only now. */
	if ((mode & FALLOC_FL_ZERO_RANGE) && r == 0 && !ds_page_down(offset) &&
	    end > (INT64_MAX & ~DS_PAGE_MASK))
		r = -EINVAL;
	if (r == 0)
		r = ds_xfs_allocate_space(task, inode,
					  ds_pgrange(ds_page_down(offset),
						     ds_page_up(end)));
	if (r < 0 || (mode & FALLOC_FL_KEEP_SIZE))
		return r;
	if (end > ds_inode_size(task, inode))
		r = ds_xfs_set_size_locked(task, inode, end);
	return r;
}

/* Models: xfs_file_fallocate(). */
static int fallocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	bool in_order = ds_keeps(task, DS_RULE_XFS_INODE_LOCK_FIRST);
	int r;

	if (in_order)
		ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	ds_inode_lock_faults(task, inode);
	if (!in_order)
		ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	r = ds_xfs_wait(task, inode, DS_RULE_XFS_FALLOCATE_BREAKS);
	if (r < 0)
		;
	else if (mode & FALLOC_FL_PUNCH_HOLE)
		r = free_space(task, inode, offset, offset + len);
	else if (mode & FALLOC_FL_COLLAPSE_RANGE)
		r = collapse(task, inode, offset, len);
	else if (mode & FALLOC_FL_INSERT_RANGE)
		r = insert(task, inode, offset, len);
	else
		r = allocate(task, inode, mode, offset, len);
	ds_inode_unlock_faults(task, inode);
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

const struct ds_fs_ops ds_xfs_4_18_ops = {
	.family = "xfs",
	.set_size = ds_xfs_set_size,
	.fallocate = fallocate,
	.write = ds_xfs_write,
	.make_written = ds_xfs_make_written,
	.fsync = ds_xfs_fsync,
	.dedupe = ds_xfs_dedupe,
	.break_layouts = ds_break_layouts,
};
