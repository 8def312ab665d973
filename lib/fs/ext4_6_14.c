// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ext4 of v6.14 and later, and of v6.12.y since it has these patches: fallocate
 * takes its locks and waits for pins before it looks at its arguments
 * (ea3f17efd36b, 2890e5e0f49e), so a call that is then refused or changes
 * nothing waits as well. Zeroing does all of its work under the fault lock
 * (53471e0bedad). Truncate keeps the order of v5.3.
 *
 * Models: fs/ext4/{inode,extents}.c. Differs: the order is in v6.12.111 as
 * booted; which point release brought it was not looked up.
 */
#include <errno.h>
#include <linux/falloc.h>

#include "file/layout.h"
#include "file/truncate.h"
#include "fs/common.h"
#include "fs/ext4.h"
#include "fs/profiles.h"

/* Dirty pages are not written back before (43d0105e2c75). */
static int punch(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		 uint64_t end)
{
	uint64_t limit = inode->super->profile->punch_limit;
	uint64_t size = ds_inode_size(task, inode);

	if (offset >= size)
		return 0;
	if (end > size)
		end = ds_page_start(ds_pgidx(ds_page_up(size)));
	if (limit && end > limit)
		end = limit;
	return ds_ext4_punch_blocks(task, inode, offset, end);
}

static int collapse(struct ds_task *task, struct ds_inode *inode,
		    uint64_t offset, uint64_t end)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(offset), ds_page_down(end));

	if ((offset | end) & DS_PAGE_MASK)
		return -EINVAL;
	if (end >= ds_inode_size(task, inode))
		return -EINVAL;
	return ds_ext4_collapse_blocks(task, inode, range);
}

static int insert(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		  uint64_t len)
{
	uint64_t size;

	if ((offset | len) & DS_PAGE_MASK)
		return -EINVAL;
	size = ds_inode_size(task, inode);
	if (offset >= size)
		return -EINVAL;
	if (len > inode->super->profile->max_bytes - size)
		return -EFBIG;
	return ds_ext4_insert_blocks(task, inode, offset, len);
}

/* The size follows the edges, which are zeroed first. */
static void zero_edges(struct ds_task *task, struct ds_inode *inode,
		       uint64_t offset, uint64_t end, uint64_t new_size)
{
	ds_transaction_begin(task, inode);
	ds_zero_edges(task, inode, offset, end);
	if (new_size)
		ds_ext4_grow_size(task, inode, new_size);
	ds_transaction_end(task, inode);
}

static int zero(struct ds_task *task, struct ds_inode *inode, int mode,
		uint64_t offset, uint64_t end)
{
	struct ds_pgrange outer =
		ds_pgrange(ds_page_down(offset), ds_page_up(end));
	struct ds_pgrange whole =
		ds_pgrange(ds_page_up(offset), ds_page_down(end));
	uint64_t new_size = ds_ext4_grown_size(task, inode, mode, end);
	bool has_edges = (offset | end) & DS_PAGE_MASK;
	int r = 0;

	ds_truncate_cache_range(task, inode, offset, end);
	if (has_edges)
		r = ds_ext4_allocate_blocks(task, inode, outer, new_size,
					    false);
	if (r == 0)
		r = ds_ext4_allocate_blocks(task, inode, whole, new_size, true);
	if (r == 0 && has_edges)
		zero_edges(task, inode, offset, end, new_size);
	return r;
}

/* Models: ext4_do_fallocate(). It moves and removes nothing. */
static int allocate(struct ds_task *task, struct ds_inode *inode, int mode,
		    uint64_t offset, uint64_t end)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(offset), ds_page_up(end));
	uint64_t new_size = ds_ext4_grown_size(task, inode, mode, end);

	return ds_ext4_allocate_blocks(task, inode, range, new_size, false);
}

static enum ds_rule rule_of(int mode)
{
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return DS_RULE_EXT4_PUNCH_BREAKS;
	if (mode & FALLOC_FL_COLLAPSE_RANGE)
		return DS_RULE_EXT4_COLLAPSE_BREAKS;
	return mode & FALLOC_FL_INSERT_RANGE ? DS_RULE_EXT4_INSERT_BREAKS
					     : DS_RULE_EXT4_ZERO_BREAKS;
}

/* With both locks held and the wait over. */
static int change_blocks(struct ds_task *task, struct ds_inode *inode, int mode,
			 uint64_t offset, uint64_t len)
{
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return punch(task, inode, offset, offset + len);
	if (mode & FALLOC_FL_COLLAPSE_RANGE)
		return collapse(task, inode, offset, offset + len);
	if (mode & FALLOC_FL_INSERT_RANGE)
		return insert(task, inode, offset, len);
	return zero(task, inode, mode, offset, offset + len);
}

/* Models: ext4_fallocate(). */
static int fallocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	int r;

	if (mode & FALLOC_FL_UNSHARE_RANGE)
		return -EOPNOTSUPP;
	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	ds_inode_wait_direct(task, inode);
	if (!(mode & ~FALLOC_FL_KEEP_SIZE)) {
		r = allocate(task, inode, mode, offset, offset + len);
	} else {
		ds_inode_lock_faults(task, inode);
		r = ds_ext4_wait(task, inode, rule_of(mode));
		if (r == 0)
			r = change_blocks(task, inode, mode, offset, len);
		ds_inode_unlock_faults(task, inode);
	}
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

const struct ds_fs_ops ds_ext4_6_14_ops = {
	.family = "ext4",
	.set_size = ds_ext4_5_3_set_size,
	.fallocate = fallocate,
	.write = ds_ext4_write,
	.make_written = ds_ext4_make_written,
	.fsync = ds_ext4_fsync,
	.break_layouts = ds_break_layouts,
	.fault_in_transaction = true,
	.growth_zeroes_tail = true,
};
