// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XFS on DAX: what all kernels from v4.18 on do alike, without shared blocks
 * and real-time device. Every fallocate mode, whose order has a file of its own
 * for each kernel that changed it, and every change of size waits for pins,
 * before it looks at its arguments.
 *
 * Models: fs/xfs/{xfs_file,xfs_iops,xfs_bmap_util}.c. Differs: no layout
 * leases yet, so BREAK_WRITE finds none.
 */
#include <errno.h>

#include "file/data.h"
#include "file/extents.h"
#include "file/truncate.h"
#include "fs/common.h"
#include "fs/xfs.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int ds_xfs_wait(struct ds_task *task, struct ds_inode *inode, enum ds_rule rule)
{
	if (!ds_keeps(task, rule))
		return 0;
	return inode->super->profile->ops->break_layouts(task, inode);
}

int ds_xfs_remove_range(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range)
{
	int r;

	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	r = ds_inode_remove_blocks(task, inode, range);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return r;
}

int ds_xfs_set_size_locked(struct ds_task *task, struct ds_inode *inode,
			   uint64_t size)
{
	uint64_t old = ds_inode_size(task, inode);
	uint64_t first = ds_page_up(size);
	int r = 0;

	ds_inode_wait_direct(task, inode);
	if (size > old && ds_keeps(task, DS_RULE_XFS_GROWTH_ZEROES_TAIL))
		ds_inode_zero_bytes(task, inode, old, size);
	if (size <= old && ds_keeps(task, DS_RULE_XFS_TRUNCATE_ZEROES_TAIL))
		ds_inode_zero_bytes(task, inode, size,
				    ds_page_start(ds_pgidx(first)));
	ds_inode_set_size(task, inode, size);
	ds_truncate_cache(task, inode, size);
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	inode->disk_size = size;
	if (size <= old)
		r = ds_inode_remove_blocks(task, inode,
					   ds_pgrange(first, DS_PGIDX_MAX));
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return r;
}

/* Models: xfs_vn_setattr_size() under xfs_vn_setattr(). */
int ds_xfs_set_size(struct ds_task *task, struct ds_inode *inode, uint64_t size)
{
	int r;

	ds_inode_lock_faults(task, inode);
	r = ds_xfs_wait(task, inode, DS_RULE_XFS_TRUNCATE_BREAKS);
	if (r == 0)
		r = ds_xfs_set_size_locked(task, inode, size);
	ds_inode_unlock_faults(task, inode);
	return r;
}

void ds_xfs_flush_unmap(struct ds_task *task, struct ds_inode *inode,
			uint64_t start, uint64_t end)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(start), ds_page_up(end));

	ds_mapping_write_back(task, &inode->mapping, range);
	ds_truncate_cache_range(task, inode, ds_page_start(range.first),
				ds_page_start(range.end));
}

int ds_xfs_allocate_space(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pgrange range)
{
	struct ds_extent run;
	int64_t n = 0;

	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	if (!ds_has_space_for(task, inode, range))
		n = -ENOSPC;
	while (n >= 0 && !ds_pgrange_is_empty(range)) {
		run = ds_inode_lookup_locked(task, inode, range.first);
		n = (int64_t)min_u64(run.page.pgidx + run.n_pages,
				     range.end.pgidx) -
		    (int64_t)range.first.pgidx;
		if (run.state == DS_EXT_HOLE)
			n = ds_inode_add_blocks(
				task, inode,
				ds_pgrange(range.first.pgidx,
					   range.first.pgidx + (uint64_t)n),
				DS_EXT_UNWRITTEN, false);
		if (n > 0)
			range.first.pgidx += (uint64_t)n;
	}
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return n < 0 ? (int)n : 0;
}

/*
 * A write recalls layout leases but does not wait for pages. What lay between
 * the old end of file and the write reads as zero.
 *
 * Models: xfs_file_dax_write().
 */
int64_t ds_xfs_write(struct ds_task *task, struct ds_inode *inode,
		     uint64_t *offset, const void *buf, size_t len)
{
	bool locked = ds_keeps(task, DS_RULE_XFS_WRITE_LOCKS_INODE);
	uint64_t size;
	int64_t r;

	if (locked)
		ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	r = ds_write_checks(task, inode, offset, &len);
	if (r == 0) {
		size = ds_inode_size(task, inode);
		if (*offset > size)
			ds_inode_zero_bytes(task, inode, size, *offset);
		r = ds_data_write(task, inode, *offset, buf, len);
	}
	if (locked)
		ds_rwsem_unlock(task, &inode->lock);
	return r;
}

/* Exactly the blocks asked for become written, one run of them. */
int ds_xfs_make_written(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range)
{
	struct ds_extent run;
	int64_t n = 0;

	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	run = ds_inode_lookup_locked(task, inode, range.first);
	range.end.pgidx =
		min_u64(run.page.pgidx + run.n_pages, range.end.pgidx);
	if (run.state == DS_EXT_HOLE)
		n = ds_inode_add_blocks(task, inode, range, DS_EXT_WRITTEN,
					true);
	else
		n = ds_inode_convert_written(task, inode, range);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return n < 0 ? (int)n : 0;
}

/* Models: xfs_file_fsync(). */
int ds_xfs_fsync(struct ds_task *task, struct ds_inode *inode)
{
	ds_mapping_write_back(task, &inode->mapping, ds_pgrange_all());
	ds_journal_commit(task, inode);
	return 0;
}
