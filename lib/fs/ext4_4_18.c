// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ext4 to v4.18: nothing waits for pins.
 *
 * Models: fs/ext4/{inode,extents}.c.
 */
#include <errno.h>
#include <linux/falloc.h>

#include "file/truncate.h"
#include "fs/ext4.h"
#include "fs/profiles.h"

/* Models: ext4_setattr(). */
static int set_size(struct ds_task *task, struct ds_inode *inode, uint64_t size)
{
	uint64_t old = ds_inode_size(task, inode);
	bool shrink = size <= old;
	int r;

	if (size != old)
		ds_ext4_change_size(task, inode, size);
	if (shrink)
		ds_inode_wait_direct(task, inode);
	ds_inode_lock_faults(task, inode);
	r = ds_ext4_cut(task, inode, size, shrink);
	ds_inode_unlock_faults(task, inode);
	return r;
}

/* Models: ext4_punch_hole(). */
static int punch(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		 uint64_t end)
{
	bool locked = ds_keeps(task, DS_RULE_EXT4_PUNCH_LOCKS_INODE);
	uint64_t size;
	int r = 0;

	/* Dirty pages of the range are written back without locks. */
	ds_mapping_write_back(task, &inode->mapping,
			      ds_pgrange(ds_page_down(offset),
					 ds_page_up(end)));
	if (locked)
		ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	size = ds_inode_size(task, inode);
	if (offset < size) {
		end = ds_ext4_punch_end(inode, size, end);
		ds_inode_wait_direct(task, inode);
		ds_inode_lock_faults(task, inode);
		r = ds_ext4_punch_blocks(task, inode, offset, end);
		ds_inode_unlock_faults(task, inode);
	}
	if (locked)
		ds_rwsem_unlock(task, &inode->lock);
	return r;
}

/* Models: ext4_collapse_range(). */
static int collapse(struct ds_task *task, struct ds_inode *inode,
		    uint64_t offset, uint64_t end)
{
	int r = -EINVAL;

	if ((offset | end) & DS_PAGE_MASK)
		return -EINVAL;
	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	if (end < ds_inode_size(task, inode)) {
		ds_inode_wait_direct(task, inode);
		ds_inode_lock_faults(task, inode);
		r = ds_ext4_collapse_blocks(task, inode,
					    ds_pgrange(ds_page_down(offset),
						       ds_page_down(end)));
		ds_inode_unlock_faults(task, inode);
	}
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

/* Models: ext4_insert_range(). */
static int insert(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		  uint64_t len)
{
	int r;

	if ((offset | len) & DS_PAGE_MASK)
		return -EINVAL;
	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	r = ds_ext4_check_insert(task, inode, offset, len);
	if (r == 0) {
		ds_inode_wait_direct(task, inode);
		ds_inode_lock_faults(task, inode);
		r = ds_ext4_insert_blocks(task, inode, offset, len);
		ds_inode_unlock_faults(task, inode);
	}
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

/* The whole blocks of a zeroed range. */
static int zero_whole(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pgrange whole, uint64_t new_size)
{
	int r;

	ds_inode_lock_faults(task, inode);
	ds_truncate_cache_range(task, inode, ds_page_start(whole.first),
				ds_page_start(whole.end));
	r = ds_ext4_allocate_blocks(task, inode, whole, new_size, true);
	ds_inode_unlock_faults(task, inode);
	return r;
}

/*
 * The edges are allocated before the whole blocks are converted and zeroed at
 * last, outside the fault lock.
 *
 * Models: ext4_zero_range().
 */
static int zero(struct ds_task *task, struct ds_inode *inode, int mode,
		uint64_t offset, uint64_t end)
{
	struct ds_pgrange outer =
		ds_pgrange(ds_page_down(offset), ds_page_up(end));
	struct ds_pgrange whole =
		ds_pgrange(ds_page_up(offset), ds_page_down(end));
	bool has_edges = (offset | end) & DS_PAGE_MASK;
	uint64_t new_size;
	int r = 0;

	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	new_size = ds_ext4_grown_size(task, inode, mode, end);
	ds_inode_wait_direct(task, inode);
	if (has_edges)
		r = ds_ext4_allocate_blocks(task, inode, outer, new_size,
					    false);
	if (r == 0 && !ds_pgrange_is_empty(whole))
		r = zero_whole(task, inode, whole, new_size);
	if (r == 0 && has_edges)
		ds_ext4_zero_edges(task, inode, offset, end, new_size);
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

/* Models: ext4_fallocate(). */
static int fallocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	if (mode & FALLOC_FL_UNSHARE_RANGE)
		return -EOPNOTSUPP;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return punch(task, inode, offset, offset + len);
	if (mode & FALLOC_FL_COLLAPSE_RANGE)
		return collapse(task, inode, offset, offset + len);
	if (mode & FALLOC_FL_INSERT_RANGE)
		return insert(task, inode, offset, len);
	if (mode & FALLOC_FL_ZERO_RANGE)
		return zero(task, inode, mode, offset, offset + len);
	return ds_ext4_allocate(task, inode, mode, offset, len);
}

const struct ds_fs_ops ds_ext4_4_18_ops = {
	.family = "ext4",
	.set_size = set_size,
	.fallocate = fallocate,
	.write = ds_ext4_write_by_runs,
	.make_written = ds_ext4_make_written,
	.fsync = ds_ext4_fsync,
	.fault_in_transaction = true,
};
