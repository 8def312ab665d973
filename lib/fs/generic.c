// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * No file system of the kernel's: the smallest one that can be written with
 * what v6.15 has for all of them. Every call that takes blocks away, moves or
 * zeroes them has one order: locks, break, page cache, blocks. Allocation takes
 * nothing away and does not wait.
 *
 * Without a callback the break does not wait, and the call fails at the first
 * busy page. That is no answer for user space: what comes back is ERESTARTSYS,
 * which is to restart a call after a signal, and there was none.
 *
 * Models: dax_break_layout(), dax_break_layout_inode() and
 * dax_break_layout_final(), v6.15.
 */
#include <errno.h>
#include <linux/falloc.h>

#include "file/layout.h"
#include "file/truncate.h"
#include "fs/plain.h"
#include "fs/profiles.h"

static int break_at_once(struct ds_task *task, struct ds_inode *inode)
{
	return ds_break_layouts_at_once(task, inode) ? 0 : -DS_ERESTARTSYS;
}

static int break_for(struct ds_task *task, struct ds_inode *inode,
		     enum ds_rule rule)
{
	if (!ds_keeps(task, rule))
		return 0;
	return inode->super->profile->ops->break_layouts(task, inode);
}

/* What stores left behind the old end must not show up behind it. */
static void change_size(struct ds_task *task, struct ds_inode *inode,
			uint64_t old, uint64_t size)
{
	if (size > old)
		ds_plain_zero_tail(task, inode, old);
	ds_plain_set_disk_size(task, inode, size);
	ds_inode_set_size(task, inode, size);
}

static int set_size(struct ds_task *task, struct ds_inode *inode, uint64_t size)
{
	uint64_t old = ds_inode_size(task, inode);
	int r;

	ds_inode_lock_faults(task, inode);
	r = break_for(task, inode, DS_RULE_GENERIC_TRUNCATE_BREAKS);
	if (r == 0) {
		change_size(task, inode, old, size);
		ds_truncate_cache(task, inode, size);
		if (size <= old)
			r = ds_plain_cut(task, inode, size);
	}
	ds_inode_unlock_faults(task, inode);
	return r;
}

/* What is refused is refused before anything waits. */
static int check(struct ds_task *task, struct ds_inode *inode, int mode,
		 uint64_t offset, uint64_t len)
{
	uint64_t size = ds_inode_size(task, inode);

	if (!(mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)))
		return 0;
	if ((offset | len) & DS_PAGE_MASK)
		return -EINVAL;
	if (mode & FALLOC_FL_COLLAPSE_RANGE)
		return offset + len >= size ? -EINVAL : 0;
	if (len > inode->super->profile->max_bytes - size)
		return -EFBIG;
	return offset >= size ? -EINVAL : 0;
}

/* Behind the break: drops the pages and changes the blocks. */
static int change(struct ds_task *task, struct ds_inode *inode, int mode,
		  uint64_t offset, uint64_t len)
{
	uint64_t size = ds_inode_size(task, inode), end = offset + len;
	int r;

	if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) {
		ds_mapping_write_back(task, &inode->mapping,
				      ds_pgrange(ds_page_down(offset),
						 DS_PGIDX_MAX));
		ds_truncate_cache(task, inode, offset);
	} else {
		ds_truncate_cache_range(task, inode, offset, end);
	}
	if (mode & FALLOC_FL_COLLAPSE_RANGE) {
		r = ds_plain_collapse(task, inode, offset, end);
		if (r == 0)
			change_size(task, inode, size, size - len);
		return r;
	}
	if (mode & FALLOC_FL_INSERT_RANGE) {
		change_size(task, inode, size, size + len);
		return ds_plain_insert(task, inode, offset, end);
	}
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return ds_plain_punch(task, inode, offset, end);
	return ds_plain_zero(task, inode, offset, end);
}

static int fallocate_locked(struct ds_task *task, struct ds_inode *inode,
			    int mode, uint64_t offset, uint64_t len)
{
	const int kinds = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
			  FALLOC_FL_INSERT_RANGE | FALLOC_FL_ZERO_RANGE;
	const int shifts = FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE;
	uint64_t size = ds_inode_size(task, inode);
	int r = check(task, inode, mode, offset, len);

	if (r < 0)
		return r;
	if (mode & kinds) {
		ds_inode_lock_faults(task, inode);
		r = break_for(task, inode, DS_RULE_GENERIC_FALLOCATE_BREAKS);
		if (r == 0)
			r = change(task, inode, mode, offset, len);
		ds_inode_unlock_faults(task, inode);
	} else {
		r = ds_plain_allocate(task, inode, offset, offset + len);
	}
	if (r == 0 && !(mode & (FALLOC_FL_KEEP_SIZE | shifts)) &&
	    offset + len > size)
		change_size(task, inode, size, offset + len);
	return r;
}

static int fallocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	const int known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
			  FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE |
			  FALLOC_FL_ZERO_RANGE;
	int r;

	if (mode & ~known)
		return -EOPNOTSUPP;
	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	r = fallocate_locked(task, inode, mode, offset, len);
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

const struct ds_fs_ops ds_generic_6_15_ops = {
	.family = "generic",
	.set_size = set_size,
	.fallocate = fallocate,
	.write = ds_plain_write,
	.make_written = ds_plain_make_written,
	.fsync = ds_plain_fsync,
	.break_layouts = ds_break_layouts,
};

const struct ds_fs_ops ds_generic_6_15_nowait_ops = {
	.family = "generic",
	.set_size = set_size,
	.fallocate = fallocate,
	.write = ds_plain_write,
	.make_written = ds_plain_make_written,
	.fsync = ds_plain_fsync,
	.break_layouts = break_at_once,
};
