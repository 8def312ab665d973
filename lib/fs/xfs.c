// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XFS on DAX: what all kernels from v4.18 on do alike, without real-time
 * device; what takes two files is in xfs_reflink.c. Every fallocate mode and
 * every change of size waits for pins, before it looks at its arguments. When
 * the pages of a range are written back and dropped has changed: a file for
 * each order.
 *
 * Models: fs/xfs/{xfs_file,xfs_iops,xfs_bmap_util,xfs_pnfs}.c.
 */
#include <errno.h>
#include <linux/falloc.h>

#include "file/cow.h"
#include "file/data.h"
#include "file/extents.h"
#include "file/lease.h"
#include "file/truncate.h"
#include "fs/common.h"
#include "fs/xfs.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void unlock_for_leases(struct ds_task *task, struct ds_inode *inode,
			      bool faults)
{
	ds_rwsem_unlock(task, &inode->lock);
	if (faults)
		ds_inode_unlock_faults(task, inode);
}

static void lock_after_leases(struct ds_task *task, struct ds_inode *inode,
			      bool faults)
{
	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	if (faults)
		ds_inode_lock_faults(task, inode);
}

/*
 * Recalls layouts. Who has one may need the inode's lock to give it back, so
 * all locks are dropped to sleep: the inode's, and (@faults) the fault lock.
 *
 * What the sleep ends with is not looked at, so a signal ends nothing: with one
 * pending it goes round without sleeping until the leases are gone.
 *
 * Models: xfs_break_leased_layouts().
 */
static int break_leases(struct ds_task *task, struct ds_inode *inode,
			bool faults, bool *ret_unlocked)
{
	bool unlocks = ds_keeps(task, DS_RULE_XFS_LEASE_WAIT_UNLOCKS) &&
		       ds_rwsem_holds(task, &inode->lock, DS_EXCLUSIVE);
	uint64_t before = ds_task_enter(task);
	int r;

	while ((r = ds_leases_break(task, inode, false)) == -EWOULDBLOCK) {
		if (unlocks)
			unlock_for_leases(task, inode, faults);
		ds_leases_break(task, inode, true);
		if (unlocks)
			lock_after_leases(task, inode, faults);
		*ret_unlocked = true;
		ds_task_forget(task, before);
		ds_task_saw(task, 1);
	}
	/* In v4.19 the result of a comparison takes the place of the error. */
	if (inode->super->profile->recall_errors_lost)
		r = 0;
	ds_task_done(task, before, (uint64_t)r << 1 | *ret_unlocked);
	return r;
}

/*
 * Waits for pins and recalls layouts, as @rule says that the operation does.
 * Both locks are held, and dropped to wait for leases: what was read under them
 * before is then stale.
 *
 * Models: xfs_break_layouts() with BREAK_UNMAP.
 */
static int wait_for_pins(struct ds_task *task, struct ds_inode *inode,
			 enum ds_rule rule)
{
	uint64_t before = ds_task_enter(task);
	bool unlocked;
	int r;

	if (!ds_keeps(task, rule))
		return 0;
	/*
	 * Leases only when all pages are idle; if a wait for them dropped the
	 * locks, the pages once more.
	 */
	do {
		ds_task_forget(task, before);
		unlocked = false;
		r = inode->super->profile->ops->break_layouts(task, inode);
		if (r == 0 && ds_keeps(task, DS_RULE_XFS_UNMAP_BREAKS_LEASES))
			r = break_leases(task, inode, true, &unlocked);
	} while (r == 0 && unlocked &&
		 ds_keeps(task, DS_RULE_XFS_PINS_AFTER_LEASES));
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* One rolling transaction: each holds the extents lock once. */
static int remove_range(struct ds_task *task, struct ds_inode *inode,
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

/*
 * With both locks held and the wait done. i_size is written before the page
 * cache goes, the blocks afterwards.
 *
 * Models: xfs_setattr_size().
 */
static int set_size_locked(struct ds_task *task, struct ds_inode *inode,
			   uint64_t size)
{
	uint64_t old = ds_inode_size(task, inode);
	uint64_t first = ds_page_up(size);
	int r = 0;

	ds_inode_wait_direct(task, inode);
	if (size > old && ds_keeps(task, DS_RULE_XFS_GROWTH_ZEROES_TAIL))
		r = ds_inode_zero_bytes(task, inode, old, size);
	if (size <= old && ds_keeps(task, DS_RULE_XFS_TRUNCATE_ZEROES_TAIL))
		r = ds_inode_zero_bytes(task, inode, size,
					ds_page_start(ds_pgidx(first)));
	if (r < 0)
		return r;
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
	r = wait_for_pins(task, inode, DS_RULE_XFS_TRUNCATE_BREAKS);
	if (r == 0)
		r = set_size_locked(task, inode, size);
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

/* XFS_MAX_BMBT_EXTLEN: no more is reserved at once. */
#define EXTENT_MAX ((UINT64_C(1) << 21) - 1)

/*
 * Gives every hole of @range unwritten blocks, all or none of them. Before it
 * is known what is a hole blocks for all of @range are reserved, so that a
 * range which has its blocks fails, too, when fewer than these are free.
 *
 * Models: xfs_alloc_file_space().
 */
static int allocate_space(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pgrange range)
{
	struct ds_extent run;
	int64_t n = 0;

	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	if (ds_keeps(task, DS_RULE_XFS_RESERVES_SPACE) &&
	    !ds_has_space_for(task, inode,
			      min_u64(range.end.pgidx - range.first.pgidx,
				      EXTENT_MAX)))
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

void ds_xfs_flush_unmap_behind(struct ds_task *task, struct ds_inode *inode,
			       uint64_t offset)
{
	uint64_t start = offset & ~DS_PAGE_MASK;
	uint64_t end = start + ds_inode_size(task, inode);

	if (start)
		start -= DS_PAGE_SIZE;
	if (ds_keeps(task, DS_RULE_XFS_SHIFT_DROPS_BEHIND))
		ds_xfs_flush_unmap(task, inode, start, end);
}

int ds_xfs_free_blocks(struct ds_task *task, struct ds_inode *inode,
		       uint64_t offset, uint64_t end)
{
	struct ds_pgrange whole =
		ds_pgrange(ds_page_up(offset), ds_page_down(end));
	uint64_t size;
	int r = 0;

	if (!ds_pgrange_is_empty(whole))
		r = remove_range(task, inode, whole);
	size = ds_inode_size(task, inode);
	if (r == 0 && ((offset | end) & DS_PAGE_MASK) && offset < size)
		r = ds_zero_edges(task, inode, offset, min_u64(end, size));
	return r;
}

/* Models: the FALLOC_FL_COLLAPSE_RANGE part of xfs_file_fallocate(). */
static int collapse(struct ds_task *task, struct ds_inode *inode,
		    uint64_t offset, uint64_t len,
		    const struct ds_xfs_order *order)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(offset), ds_page_down(offset + len));
	uint64_t size = ds_inode_size(task, inode);
	int r;

	if (((offset | len) & DS_PAGE_MASK) || offset + len >= size)
		return -EINVAL;
	r = order->free_space(task, inode, offset, offset + len);
	if (r < 0)
		return r;
	order->prepare_shift(task, inode, offset);
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	r = ds_inode_shift_down(task, inode, range);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return r < 0 ? r : set_size_locked(task, inode, size - len);
}

/* Models: the FALLOC_FL_INSERT_RANGE part of xfs_file_fallocate(). */
static int insert(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		  uint64_t len, const struct ds_xfs_order *order)
{
	uint64_t size = ds_inode_size(task, inode);
	int r;

	if ((offset | len) & DS_PAGE_MASK)
		return -EINVAL;
	if (len > inode->super->profile->max_bytes - size)
		return -EFBIG;
	if (offset >= size)
		return -EINVAL;
	r = set_size_locked(task, inode, size + len);
	if (r < 0)
		return r;
	order->prepare_shift(task, inode, offset);
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
		    uint64_t offset, uint64_t len,
		    const struct ds_xfs_order *order)
{
	bool in_place = !inode->super->profile->always_copies;
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(offset), ds_page_up(offset + len));
	uint64_t end = offset + len;
	int r = 0;

	/* What will not be written in place is not kept ready. */
	if (!in_place &&
	    !(mode & (FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_ZERO_RANGE)))
		return -EOPNOTSUPP;
	if (mode & FALLOC_FL_UNSHARE_RANGE)
		r = ds_unshare(task, inode, range);
	if (mode & FALLOC_FL_ZERO_RANGE)
		r = order->free_space(task, inode, offset, end);
	/* Rounded outward the length may be 2^63, which is found only now. */
	if ((mode & FALLOC_FL_ZERO_RANGE) && r == 0 && !ds_page_down(offset) &&
	    end > (INT64_MAX & ~DS_PAGE_MASK))
		r = -EINVAL;
	if (r == 0 && in_place)
		r = allocate_space(task, inode, range);
	if (r < 0 || (mode & FALLOC_FL_KEEP_SIZE))
		return r;
	if (end > ds_inode_size(task, inode))
		r = set_size_locked(task, inode, end);
	return r;
}

int ds_xfs_fallocate_begin(struct ds_task *task, struct ds_inode *inode)
{
	bool in_order = ds_keeps(task, DS_RULE_XFS_INODE_LOCK_FIRST);

	if (in_order)
		ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	ds_inode_lock_faults(task, inode);
	if (!in_order)
		ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	return wait_for_pins(task, inode, DS_RULE_XFS_FALLOCATE_BREAKS);
}

int ds_xfs_fallocate_mode(struct ds_task *task, struct ds_inode *inode,
			  int mode, uint64_t offset, uint64_t len,
			  const struct ds_xfs_order *order)
{
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return order->free_space(task, inode, offset, offset + len);
	if (mode & FALLOC_FL_COLLAPSE_RANGE)
		return collapse(task, inode, offset, len, order);
	if (mode & FALLOC_FL_INSERT_RANGE)
		return insert(task, inode, offset, len, order);
	return allocate(task, inode, mode, offset, len, order);
}

void ds_xfs_fallocate_end(struct ds_task *task, struct ds_inode *inode)
{
	ds_inode_unlock_faults(task, inode);
	ds_rwsem_unlock(task, &inode->lock);
}

/* Whether a write does not wait for others at its checks. */
static bool gives_up(struct ds_task *task, const struct ds_inode *inode)
{
	return task->nowait && inode->super->profile->nowait_recalls &&
	       ds_keeps(task, DS_RULE_NOWAIT_WAITS_FOR_NO_LAYOUT);
}

/*
 * Places the write and recalls layouts, in this order: a wait for leases drops
 * the lock, and only a write that then begins behind the end of file is placed
 * again. So an append goes where the file ended before the wait.
 *
 * Models: xfs_file_aio_write_checks(), with BREAK_WRITE.
 */
static int prepare_write(struct ds_task *task, struct ds_inode *inode,
			 uint64_t *offset, size_t *len, uint64_t *ret_size)
{
	uint64_t asked = *offset;
	bool unlocked = false, again;
	int r;

	do {
		again = unlocked;
		*offset = asked;
		r = ds_write_checks(task, inode, offset, len);
		if (r == 0 && gives_up(task, inode))
			r = ds_leases_break(task, inode, false);
		else if (r == 0 &&
			 ds_keeps(task, DS_RULE_XFS_WRITE_BREAKS_LEASES))
			r = break_leases(task, inode, false, &unlocked);
		if (r < 0)
			return r;
		*ret_size = ds_inode_size(task, inode);
	} while (unlocked && !again && *offset > *ret_size);
	return 0;
}

/*
 * A write recalls layouts but does not wait for pages. What lay between the old
 * end of file and the write reads as zero.
 *
 * Models: xfs_file_dax_write().
 */
int64_t ds_xfs_write(struct ds_task *task, struct ds_inode *inode,
		     uint64_t *offset, const void *buf, size_t len)
{
	bool locked = ds_keeps(task, DS_RULE_XFS_WRITE_LOCKS_INODE);
	uint64_t size = 0;
	int64_t r;

	if (locked && !ds_inode_lock_io(task, inode, DS_EXCLUSIVE))
		return -EAGAIN;
	r = prepare_write(task, inode, offset, &len, &size);
	/* What lies between takes time. */
	if (r == 0 && *offset > size && gives_up(task, inode))
		r = -EAGAIN;
	if (r == 0) {
		if (*offset > size)
			r = ds_inode_zero_bytes(task, inode, size, *offset);
	}
	if (r == 0)
		r = ds_data_write(task, inode, *offset, buf, len);
	if (locked)
		ds_rwsem_unlock(task, &inode->lock);
	return r;
}

/*
 * Whether blocks for all of a hole are there, which the kernel reserves before
 * it takes one: xfs_iomap_write_direct(). For one block taking it tells.
 */
static bool may_fill(struct ds_task *task, const struct ds_inode *inode,
		     struct ds_pgrange hole)
{
	uint64_t n = hole.end.pgidx - hole.first.pgidx;

	return n == 1 || !ds_keeps(task, DS_RULE_XFS_RESERVES_SPACE) ||
	       ds_has_space_for(task, inode, n);
}

/*
 * Exactly the blocks asked for become written, one run of them; if it is a hole
 * and there are fewer blocks, none.
 */
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
		n = may_fill(task, inode, range)
			    ? ds_inode_add_blocks(task, inode, range,
						  DS_EXT_WRITTEN, true)
			    : -ENOSPC;
	else
		n = ds_inode_convert_written(task, inode, range);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return n < 0 ? (int)n : 0;
}

/* Models: xfs_file_fsync(). */
int ds_xfs_fsync(struct ds_task *task, struct ds_inode *inode)
{
	int r = ds_mapping_write_back(task, &inode->mapping, ds_pgrange_all());

	if (r == 0)
		ds_journal_commit(task, inode);
	return r;
}
