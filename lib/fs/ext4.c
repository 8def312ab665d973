// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ext4 on DAX: what all kernels from v4.18 on do alike, for extent-mapped files
 * without quota, encryption or data journalling. The orders in which kernels
 * lock, wait and take these steps have files of their own.
 *
 * Models: fs/ext4/{file,inode,extents}.c.
 */
#include "fs/ext4.h"

#include <errno.h>
#include <linux/falloc.h>

#include "file/data.h"
#include "file/extents.h"
#include "file/truncate.h"
#include "fs/common.h"

/* In a transaction. */
static void set_sizes(struct ds_task *task, struct ds_inode *inode,
		      uint64_t size)
{
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	inode->disk_size = size;
	ds_inode_set_size(task, inode, size);
	ds_rwsem_unlock(task, &inode->extents_lock);
}

static bool zeroes_tail(struct ds_task *task, const struct ds_inode *inode)
{
	return inode->super->profile->ops->growth_zeroes_tail &&
	       ds_keeps(task, DS_RULE_EXT4_GROWTH_ZEROES_TAIL);
}

void ds_ext4_change_size(struct ds_task *task, struct ds_inode *inode,
			 uint64_t size)
{
	uint64_t old = size;

	ds_transaction_begin(task, inode);
	if (zeroes_tail(task, inode))
		old = ds_inode_size(task, inode);
	ds_task_saw(task, old);
	if (size > old)
		ds_inode_zero_bytes(task, inode, old,
				    ds_page_start(ds_pgidx(ds_page_up(old))));
	set_sizes(task, inode, size);
	ds_transaction_end(task, inode);
}

void ds_ext4_grow_size(struct ds_task *task, struct ds_inode *inode,
		       uint64_t end)
{
	if (end <= ds_inode_size(task, inode))
		return;
	ds_inode_set_size(task, inode, end);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	inode->disk_size = end;
	ds_rwsem_unlock(task, &inode->extents_lock);
}

int ds_ext4_wait(struct ds_task *task, struct ds_inode *inode,
		 enum ds_rule rule)
{
	if (!ds_keeps(task, rule))
		return 0;
	return inode->super->profile->ops->break_layouts(task, inode);
}

static int remove_range(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range)
{
	int r;

	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	r = ds_inode_remove_blocks(task, inode, range);
	ds_rwsem_unlock(task, &inode->extents_lock);
	return r;
}

/* Models: ext4_truncate(). */
static int truncate_blocks(struct ds_task *task, struct ds_inode *inode,
			   uint64_t size)
{
	uint64_t first = ds_page_up(size);
	int r;

	ds_transaction_begin(task, inode);
	if (ds_keeps(task, DS_RULE_EXT4_TRUNCATE_ZEROES_TAIL))
		ds_inode_zero_bytes(task, inode, size,
				    ds_page_start(ds_pgidx(first)));
	r = remove_range(task, inode, ds_pgrange(first, DS_PGIDX_MAX));
	ds_transaction_end(task, inode);
	return r;
}

int ds_ext4_cut(struct ds_task *task, struct ds_inode *inode, uint64_t size,
		bool shrink)
{
	bool cache_first = ds_keeps(task, DS_RULE_EXT4_TRUNCATE_CACHE_FIRST);
	int r = 0;

	if (cache_first)
		ds_truncate_cache(task, inode, size);
	if (shrink)
		r = truncate_blocks(task, inode, size);
	if (!cache_first)
		ds_truncate_cache(task, inode, size);
	return r;
}

uint64_t ds_ext4_punch_end(const struct ds_inode *inode, uint64_t size,
			   uint64_t end)
{
	uint64_t limit = inode->super->profile->punch_limit;

	/* To v6.13 a size of whole pages is held by the page behind it. */
	if (end > size)
		end = (size & ~DS_PAGE_MASK) + DS_PAGE_SIZE;
	return limit && end > limit ? limit : end;
}

int ds_ext4_punch_blocks(struct ds_task *task, struct ds_inode *inode,
			 uint64_t offset, uint64_t end)
{
	struct ds_pgrange whole =
		ds_pgrange(ds_page_up(offset), ds_page_down(end));
	bool cache_first = ds_keeps(task, DS_RULE_EXT4_PUNCH_CACHE_FIRST);
	int r = 0;

	if (cache_first)
		ds_truncate_cache_range(task, inode, offset, end);
	ds_transaction_begin(task, inode);
	if (offset <= end)
		ds_zero_edges(task, inode, offset, end);
	else /* beyond the limit: the rest of the first block all the same */
		ds_inode_zero_bytes(task, inode, offset,
				    ds_page_start(whole.first));
	if (!ds_pgrange_is_empty(whole))
		r = remove_range(task, inode, whole);
	ds_transaction_end(task, inode);
	if (!cache_first)
		ds_truncate_cache_range(task, inode, offset, end);
	return r;
}

int ds_ext4_collapse_blocks(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range)
{
	uint64_t len = ds_page_start(range.end) - ds_page_start(range.first);
	uint64_t size = ds_inode_size(task, inode);
	int r;

	ds_mapping_write_back(task, &inode->mapping,
			      ds_pgrange(range.end.pgidx, DS_PGIDX_MAX));
	if (ds_keeps(task, DS_RULE_EXT4_COLLAPSE_DROPS_BEHIND))
		ds_truncate_cache(task, inode, ds_page_start(range.first));
	else
		ds_truncate_cache_range(task, inode, ds_page_start(range.first),
					ds_page_start(range.end));
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	r = ds_inode_remove_blocks(task, inode, range);
	if (r == 0)
		r = ds_inode_shift_down(task, inode, range);
	if (r == 0) {
		inode->disk_size = size - len;
		ds_inode_set_size(task, inode, size - len);
	}
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return r;
}

int ds_ext4_check_insert(struct ds_task *task, struct ds_inode *inode,
			 uint64_t offset, uint64_t len)
{
	uint64_t size = ds_inode_size(task, inode);

	if (len > inode->super->profile->max_bytes - size)
		return -EFBIG;
	return offset >= size ? -EINVAL : 0;
}

/* The size grows first: a failure to shift then loses no data. */
int ds_ext4_insert_blocks(struct ds_task *task, struct ds_inode *inode,
			  uint64_t offset, uint64_t len)
{
	uint64_t size = ds_inode_size(task, inode);
	int r;

	ds_mapping_write_back(task, &inode->mapping,
			      ds_pgrange(ds_page_down(offset), DS_PGIDX_MAX));
	if (ds_keeps(task, DS_RULE_EXT4_INSERT_DROPS_BEHIND))
		ds_truncate_cache(task, inode, offset);
	ds_transaction_begin(task, inode);
	inode->disk_size = size + len;
	ds_inode_set_size(task, inode, size + len);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	/* Blocks past i_size may not fit; the new size stays all the same. */
	if (ds_extmap_end(inode->extents).pgidx + ds_page_down(len) >
	    ds_page_down(inode->super->profile->max_bytes))
		r = -EINVAL;
	else
		r = ds_inode_shift_up(task, inode,
				      ds_pgidx(ds_page_down(offset)),
				      ds_page_down(len));
	ds_task_saw(task, (uint64_t)r);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return r;
}

/*
 * Gives the start of @range unwritten blocks; with @convert written ones become
 * unwritten. One transaction. Return: pages done, or -ENOSPC.
 */
static int64_t allocate_run(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range, bool convert)
{
	struct ds_extent run;
	uint64_t run_end;
	int64_t n;
	int r = 0;

	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	run = ds_inode_lookup_locked(task, inode, range.first);
	run_end = run.page.pgidx + run.n_pages;
	if (run_end < range.end.pgidx)
		range.end.pgidx = run_end;
	n = (int64_t)(range.end.pgidx - range.first.pgidx);
	if (run.state == DS_EXT_HOLE)
		n = ds_inode_add_blocks(task, inode, range, DS_EXT_UNWRITTEN,
					false);
	else if (convert)
		r = ds_inode_unwrite(task, inode, range);
	ds_rwsem_unlock(task, &inode->extents_lock);
	return r < 0 ? r : n;
}

int ds_ext4_allocate_blocks(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range, uint64_t new_size,
			    bool convert)
{
	bool zeroes = new_size && zeroes_tail(task, inode);
	uint64_t old = zeroes ? ds_inode_size(task, inode) : 0;

	ds_task_saw(task, old);
	while (!ds_pgrange_is_empty(range)) {
		int64_t n;
		uint64_t end;

		ds_transaction_begin(task, inode);
		n = allocate_run(task, inode, range, convert);
		if (n > 0) {
			range.first.pgidx += (uint64_t)n;
			end = ds_page_start(range.first);
			if (end > new_size)
				end = new_size;
			if (new_size)
				ds_ext4_grow_size(task, inode, end);
			if (zeroes && end > old)
				ds_zero_edges(task, inode, old, end);
		}
		ds_transaction_end(task, inode);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

uint64_t ds_ext4_grown_size(struct ds_task *task, struct ds_inode *inode,
			    int mode, uint64_t end)
{
	if (mode & FALLOC_FL_KEEP_SIZE)
		return 0;
	return end > ds_inode_size(task, inode) ? end : 0;
}

void ds_ext4_zero_edges(struct ds_task *task, struct ds_inode *inode,
			uint64_t offset, uint64_t end, uint64_t new_size)
{
	ds_transaction_begin(task, inode);
	if (new_size)
		ds_ext4_grow_size(task, inode, new_size);
	ds_zero_edges(task, inode, offset, end);
	ds_transaction_end(task, inode);
}

int ds_ext4_allocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(offset), ds_page_up(offset + len));
	uint64_t new_size;
	int r;

	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	new_size = ds_ext4_grown_size(task, inode, mode, offset + len);
	ds_inode_wait_direct(task, inode);
	r = ds_ext4_allocate_blocks(task, inode, range, new_size, false);
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

/*
 * A write that got less done than asked gives up what is allocated past i_size,
 * without waiting for pins. By a slip of the kernel (seen on v6.1.192) one that
 * got nothing done makes the file end -@done bytes before @offset.
 *
 * Models: ext4_handle_inode_extension(), ext4_truncate_failed_write().
 */
static void cut_failed_write(struct ds_task *task, struct ds_inode *inode,
			     uint64_t offset, int64_t done)
{
	bool grows = done < 0 && inode->super->profile->error_grows_size;
	uint64_t size = ds_inode_size(task, inode);

	if (grows && (int64_t)offset + done > (int64_t)size) {
		size = offset + (uint64_t)done;
		ds_transaction_begin(task, inode);
		set_sizes(task, inode, size);
		ds_transaction_end(task, inode);
	}
	ds_inode_lock_faults(task, inode);
	/* Nobody can have mapped what lies there: no unmapping. */
	ds_mapping_truncate(task, &inode->mapping,
			    ds_pgrange(ds_page_up(size), DS_PGIDX_MAX));
	truncate_blocks(task, inode, size);
	ds_inode_unlock_faults(task, inode);
}

/*
 * One that got less done than asked gives up what it allocated.
 *
 * Models: ext4_dax_write_iter(), v5.5 and later.
 */
static int64_t write_whole(struct ds_task *task, struct ds_inode *inode,
			   uint64_t offset, const void *buf, size_t len)
{
	bool extends = offset + len > inode->disk_size;
	int64_t done;

	ds_task_saw(task, extends);
	done = ds_data_write(task, inode, offset, buf, len);
	if (extends && done < (int64_t)len)
		cut_failed_write(task, inode, offset, done);
	return done;
}

/* A write never waits for pins: it takes no block away. */
static int64_t write_locked(struct ds_task *task, struct ds_inode *inode,
			    uint64_t *offset, const void *buf, size_t len,
			    int64_t (*write)(struct ds_task *,
					     struct ds_inode *, uint64_t,
					     const void *, size_t))
{
	bool locked = ds_keeps(task, DS_RULE_EXT4_WRITE_LOCKS_INODE);
	int64_t r;

	if (locked && !ds_inode_lock_io(task, inode, DS_EXCLUSIVE))
		return -EAGAIN;
	r = ds_write_checks(task, inode, offset, &len);
	if (r == 0)
		r = write(task, inode, *offset, buf, len);
	if (locked)
		ds_rwsem_unlock(task, &inode->lock);
	return r;
}

int64_t ds_ext4_write_by_runs(struct ds_task *task, struct ds_inode *inode,
			      uint64_t *offset, const void *buf, size_t len)
{
	return write_locked(task, inode, offset, buf, len,
			    ds_data_write_by_runs);
}

int64_t ds_ext4_write(struct ds_task *task, struct ds_inode *inode,
		      uint64_t *offset, const void *buf, size_t len)
{
	return write_locked(task, inode, offset, buf, len, write_whole);
}

/*
 * What becomes written of the unwritten extent around the start of @range, a
 * write that may go on behind the extent. More than asked for, with zeroes,
 * where that is cheaper than splitting the extent: never beyond i_size, and not
 * when a written extent beside it can simply grow.
 *
 * A zero page that is mapped over what was not asked for stays mapped, so that
 * a later write there is not seen through it. v6.1.192 and v6.12.117 do so.
 *
 * Models: ext4_ext_convert_to_initialized(), extent_max_zeroout_kb. Differs:
 * extents have no greatest length and lie in one node.
 */
static struct ds_pgrange widen(const struct ds_inode *inode,
			       struct ds_pgrange extent,
			       struct ds_pgrange range)
{
	uint64_t max = inode->super->zeroout_blocks;
	uint64_t n = range.end.pgidx - range.first.pgidx;
	uint64_t n_left = extent.end.pgidx - range.first.pgidx;
	uint64_t size_end = ds_page_up(inode->disk_size);
	bool joins = ds_joins_written(inode, extent, range);

	if (size_end < range.end.pgidx)
		size_end = range.end.pgidx;
	if (n >= n_left)
		range.end = extent.end;
	if (n >= n_left || size_end < extent.end.pgidx || joins)
		return range;
	if (n_left <= max)
		range.end = extent.end;
	if (range.end.pgidx - extent.first.pgidx < max)
		range.first = extent.first;
	return range;
}

/* The first run of @range. Return: 0, -ENOSPC or -ENOMEM. */
static int write_run(struct ds_task *task, struct ds_inode *inode,
		     struct ds_pgrange range)
{
	struct ds_extent run = ds_inode_lookup_locked(task, inode, range.first);
	struct ds_pgrange extent =
		ds_pgrange(run.page.pgidx, run.page.pgidx + run.n_pages);
	int64_t n;

	if (run.state == DS_EXT_WRITTEN)
		return 0;
	if (run.state == DS_EXT_UNWRITTEN) {
		range = widen(inode, extent, range);
		ds_task_saw(task, range.first.pgidx);
		ds_task_saw(task, range.end.pgidx);
		return ds_inode_convert_written(task, inode, range);
	}
	if (extent.end.pgidx < range.end.pgidx)
		range.end = extent.end;
	n = ds_inode_add_blocks(task, inode, range, DS_EXT_WRITTEN, true);
	return n < 0 ? (int)n : 0;
}

/* A write fault already runs in a transaction of its own. */
int ds_ext4_make_written(struct ds_task *task, struct ds_inode *inode,
			 struct ds_pgrange range)
{
	bool nested = ds_rwsem_holds(task, &inode->super->journal, DS_SHARED);
	int r;

	if (!nested)
		ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	r = write_run(task, inode, range);
	ds_rwsem_unlock(task, &inode->extents_lock);
	if (!nested)
		ds_transaction_end(task, inode);
	return r;
}

int ds_ext4_fsync(struct ds_task *task, struct ds_inode *inode)
{
	int r = ds_mapping_write_back(task, &inode->mapping, ds_pgrange_all());

	if (r == 0)
		ds_journal_commit(task, inode);
	return r;
}
