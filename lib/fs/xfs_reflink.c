// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sharing blocks of two files, whatever they hold or only if they hold the
 * same: no layouts of either, the locks of both, no pins on either, the
 * comparison, block by block.
 *
 * Models: xfs_file_remap_range(), xfs_ilock2_io_mmap(),
 * xfs_iolock_two_inodes_and_break_layout(),
 * xfs_mmaplock_two_inodes_and_break_dax_layout(), v6.1 and v6.15. Differs: the
 * inodes' locks are taken in the order of inode numbers, as the fault locks
 * are, not of addresses; v6.1 gives the first fault lock up between two looks
 * for busy pages; to v5.19 the fault locks, too, are taken before DAX files are
 * refused.
 */
#include "fs/xfs.h"

#include <errno.h>
#include <string.h>

#include "file/cow.h"
#include "file/data.h"
#include "file/extents.h"
#include "file/layout.h"
#include "file/lease.h"
#include "fs/common.h"

/* Two inodes in the order of their locks; the same one twice if it is one. */
struct pair {
	struct ds_inode *first, *second;
};

static struct pair in_order(struct ds_inode *a, struct ds_inode *b)
{
	return a->id < b->id ? (struct pair){a, b} : (struct pair){b, a};
}

static bool is_one(const struct pair *pair)
{
	return pair->first == pair->second;
}

static void unlock_inodes(struct ds_task *task, const struct pair *pair)
{
	if (!is_one(pair))
		ds_rwsem_unlock(task, &pair->second->lock);
	ds_rwsem_unlock(task, &pair->first->lock);
}

/* Who has a layout of @inode is asked for it; @wait: no lock is held. */
static int recall(struct ds_task *task, struct ds_inode *inode, bool wait)
{
	if (!ds_keeps(task, DS_RULE_XFS_SHARING_BREAKS_LEASES))
		return 0;
	return ds_leases_break(task, inode, wait);
}

/*
 * Takes the lock if nobody got a layout since they were recalled. Return: 0, or
 * -EWOULDBLOCK and other errors without the lock.
 */
static int lock_recalled(struct ds_task *task, struct ds_inode *inode)
{
	int r = 0;

	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	if (ds_keeps(task, DS_RULE_XFS_SHARING_LOOKS_AGAIN))
		r = recall(task, inode, false);
	if (r < 0)
		ds_rwsem_unlock(task, &inode->lock);
	return r;
}

/* Recalls the layouts of both with no lock held, then takes their locks. */
static int try_to_lock(struct ds_task *task, const struct pair *pair)
{
	int r = recall(task, pair->first, true);

	if (r == 0 && !is_one(pair))
		r = recall(task, pair->second, true);
	if (r == 0)
		r = lock_recalled(task, pair->first);
	if (r < 0 || is_one(pair))
		return r;
	r = lock_recalled(task, pair->second);
	if (r < 0)
		ds_rwsem_unlock(task, &pair->first->lock);
	return r;
}

/*
 * The lock of the source is shared, and only who has a layout of the other file
 * is asked for it. The source's comes first or last, as the order has it.
 *
 * Models: xfs_iolock_two_inodes_and_break_layout(), v4.19.
 */
static int try_to_lock_v4_19(struct ds_task *task, struct ds_inode *source,
			     struct ds_inode *dest)
{
	bool source_first = source->id < dest->id;
	int r;

	if (source_first)
		ds_rwsem_lock(task, &source->lock, DS_SHARED);
	ds_rwsem_lock(task, &dest->lock, DS_EXCLUSIVE);
	r = recall(task, dest, false);
	if (r == 0) {
		if (source->id > dest->id)
			ds_rwsem_lock(task, &source->lock, DS_SHARED);
		return 0;
	}
	ds_rwsem_unlock(task, &dest->lock);
	if (source_first)
		ds_rwsem_unlock(task, &source->lock);
	if (r == -EWOULDBLOCK)
		r = recall(task, dest, true);
	return r == 0 ? -EWOULDBLOCK : r;
}

/*
 * Takes the locks of both, with no layout of them given out. A signal ends the
 * wait for layouts, unlike where XFS changes one file.
 *
 * Return: 0; -EINTR and other errors with neither lock.
 */
static int lock_inodes(struct ds_task *task, struct ds_inode *source,
		       struct ds_inode *dest)
{
	const struct pair pair = in_order(source, dest);
	bool v4_19 = source->super->profile->sharing_recalls_one;
	uint64_t before = ds_task_enter(task);
	int r;

	do {
		ds_task_forget(task, before);
		r = v4_19 ? try_to_lock_v4_19(task, source, dest)
			  : try_to_lock(task, &pair);
	} while (r == -EWOULDBLOCK);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

static void unlock_faults(struct ds_task *task, const struct pair *pair)
{
	if (!is_one(pair))
		ds_inode_unlock_faults(task, pair->second);
	ds_inode_unlock_faults(task, pair->first);
}

/*
 * Takes both fault locks with no page of either file busy. To wait for a page
 * of the second, its lock would have to be given up, and so the first's, which
 * comes before it. So nobody waits: both are given up and all begins again, at
 * once and for as long as that page is busy, whatever signal is pending.
 *
 * Return: 0, or -EINTR with neither lock.
 */
static int lock_faults(struct ds_task *task, const struct pair *pair)
{
	bool breaks = ds_keeps(task, DS_RULE_SHARING_BREAKS);
	uint64_t before = ds_task_enter(task);
	int r;

	for (;;) {
		/* As if it had never been here. */
		ds_task_forget(task, before);
		ds_inode_lock_faults(task, pair->first);
		r = breaks ? ds_break_layouts(task, pair->first) : 0;
		if (r < 0)
			ds_inode_unlock_faults(task, pair->first);
		if (r < 0 || is_one(pair))
			break;
		ds_inode_lock_faults(task, pair->second);
		if (!breaks || ds_break_layouts_at_once(task, pair->second))
			break;
		ds_tell(task, "the other file is busy: all again");
		unlock_faults(task, pair);
	}
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* What is to be shared, of which file with which. */
struct remap {
	struct ds_inode *source, *dest;
	uint64_t offset, dest_offset, len;
	bool if_same; /* deduplication: takes less, too */
};

/*
 * Cuts the range to what can be shared: whole blocks, but for the end of the
 * source (and when deduplicating of both files). Return: bytes, or an error.
 *
 * Models: generic_remap_checks().
 */
static int64_t check_ranges(struct ds_task *task, const struct remap *remap)
{
	uint64_t max = remap->dest->super->profile->max_bytes;
	uint64_t size = ds_inode_size(task, remap->source);
	uint64_t dest_size = ds_inode_size(task, remap->dest);
	uint64_t from = remap->offset, to = remap->dest_offset;
	uint64_t len = remap->len, n;

	if (!remap->if_same && len == 0 && from <= size)
		len = size - from;
	if (!remap->if_same && len == 0)
		return from == size ? 0 : -EINVAL;
	if ((from | to) & DS_PAGE_MASK)
		return -EINVAL;
	if (remap->if_same && (from + len > size || to + len > dest_size))
		return -EINVAL;
	if (from >= size)
		return -EINVAL;
	n = len < size - from ? len : size - from;
	if (to >= max)
		return -EFBIG;
	n = n < max - to ? n : max - to;
	if (from + n < size || (remap->if_same && to + n < dest_size))
		n &= ~DS_PAGE_MASK;
	if (remap->source == remap->dest &&
	    ds_page_down(to) < ds_page_up(from + n) &&
	    ds_page_down(from) < ds_page_up(to + n))
		return -EINVAL;
	return n == len || remap->if_same ? (int64_t)n : -EINVAL;
}

/* Models: dax_dedupe_file_range_compare(). */
static bool is_same(struct ds_task *task, const struct remap *remap,
		    uint64_t len)
{
	unsigned char bytes[2][DS_PAGE_SIZE];
	uint64_t before = ds_task_enter(task);
	bool same = true;
	uint64_t done;

	for (done = 0; same && done < len; done += DS_PAGE_SIZE) {
		uint64_t left = len - done;
		size_t n = left < DS_PAGE_SIZE ? (size_t)left : DS_PAGE_SIZE;

		/* All was the same so far, whatever it was. */
		ds_task_forget(task, before);
		ds_task_saw(task, done);
		ds_data_read(task, remap->source, remap->offset + done,
			     bytes[0], n);
		ds_data_read(task, remap->dest, remap->dest_offset + done,
			     bytes[1], n);
		same = memcmp(bytes[0], bytes[1], n) == 0;
	}
	ds_task_done(task, before, same);
	return same;
}

/*
 * What is behind the source's end of file must not get inside the other's.
 *
 * Models: generic_remap_check_len().
 */
static int check_tail(struct ds_task *task, const struct remap *remap,
		      uint64_t len)
{
	if (!(len & DS_PAGE_MASK))
		return 0;
	return remap->dest_offset + len < ds_inode_size(task, remap->dest)
		       ? -EINVAL
		       : 0;
}

static void write_back(struct ds_task *task, struct ds_inode *inode,
		       uint64_t offset, uint64_t len)
{
	ds_mapping_write_back(task, &inode->mapping,
			      ds_pgrange(ds_page_down(offset),
					 ds_page_up(offset + len)));
}

/*
 * Return: bytes to share, or an error.
 *
 * Models: dax_remap_file_range_prep().
 */
static int64_t prepare(struct ds_task *task, const struct remap *remap)
{
	int64_t n = check_ranges(task, remap);
	int r;

	if (n <= 0)
		return n;
	ds_inode_wait_direct(task, remap->source);
	ds_inode_wait_direct(task, remap->dest);
	write_back(task, remap->source, remap->offset, (uint64_t)n);
	write_back(task, remap->dest, remap->dest_offset, (uint64_t)n);
	if (remap->if_same && !is_same(task, remap, (uint64_t)n))
		return -EBADE;
	r = check_tail(task, remap, (uint64_t)n);
	return r < 0 ? r : n;
}

/*
 * Drops the pages of the range that gets other blocks, and what lies between
 * the end of file and the range.
 */
static int drop_dest(struct ds_task *task, const struct remap *remap,
		     uint64_t len)
{
	uint64_t size = ds_inode_size(task, remap->dest);
	uint64_t start = remap->dest_offset;
	int r = 0;

	if (start > size) {
		r = ds_inode_zero_bytes(task, remap->dest, size, start);
		start = size;
	}
	if (r == 0)
		ds_xfs_flush_unmap(task, remap->dest, start,
				   remap->dest_offset + len);
	return r;
}

/* i_size grows with the pages that come behind the end. */
static void grow_size(struct ds_task *task, struct ds_inode *inode,
		      uint64_t end)
{
	if (end <= ds_inode_size(task, inode))
		return;
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	inode->disk_size = end;
	ds_inode_set_size(task, inode, end);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
}

/*
 * From now on it may have blocks that are not its alone. Only who gives out
 * layouts asks.
 *
 * Models: xfs_reflink_set_inode_flag(). Differs: a transaction for each file;
 * the mark stays when the last shared block is gone.
 */
static void mark_shared(struct ds_task *task, struct ds_inode *inode)
{
	if (!inode->super->leased ||
	    __atomic_load_n(&inode->has_shared, __ATOMIC_RELAXED))
		return;
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	ds_yield(task, DS_AT_EXTENT_CHANGE,
		 ds_writes(ds_extents_object(inode->id)));
	ds_touch(task, ds_extents_object(inode->id), DS_WRITE);
	/* Who asks for a layout looks without a lock. */
	__atomic_store_n(&inode->has_shared, true, __ATOMIC_RELAXED);
	ds_tell(task, "%s may share blocks", inode->name);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
}

/* With all four locks. Models: xfs_reflink_remap_blocks(). */
static int64_t remap_locked(struct ds_task *task, const struct remap *remap)
{
	int64_t len = prepare(task, remap);
	uint64_t before = ds_task_enter(task);
	uint64_t done = 0, end;
	int r;

	if (len <= 0)
		return len;
	mark_shared(task, remap->source);
	mark_shared(task, remap->dest);
	/* Huge entries of what is to be shared would have to be cut. */
	if (remap->source->mapping.huge_order)
		ds_xfs_flush_unmap(task, remap->source, 0, INT64_MAX);
	r = drop_dest(task, remap, (uint64_t)len);
	for (; r == 0 && done < (uint64_t)len; done += DS_PAGE_SIZE) {
		ds_task_forget(task, before);
		ds_task_saw(task, done);
		r = ds_share_page(
			task, remap->source,
			ds_pgidx(ds_page_down(remap->offset + done)),
			remap->dest,
			ds_pgidx(ds_page_down(remap->dest_offset + done)));
		end = done + DS_PAGE_SIZE;
		if (end > (uint64_t)len)
			end = (uint64_t)len;
		if (r == 0)
			grow_size(task, remap->dest, remap->dest_offset + end);
	}
	ds_task_done(task, before, (uint64_t)r);
	return r < 0 ? r : len;
}

static int64_t remap_files(struct ds_task *task, const struct remap *remap)
{
	const struct pair pair = in_order(remap->source, remap->dest);
	int64_t r = lock_inodes(task, remap->source, remap->dest);

	if (r < 0)
		return r;
	r = -EINVAL;
	if (remap->source->super->profile->shares_dax) {
		r = lock_faults(task, &pair);
		if (r == 0) {
			r = remap_locked(task, remap);
			unlock_faults(task, &pair);
		}
	}
	unlock_inodes(task, &pair);
	return r;
}

int64_t ds_xfs_reflink(struct ds_task *task, struct ds_inode *source,
		       uint64_t offset, struct ds_inode *dest,
		       uint64_t dest_offset, uint64_t len)
{
	const struct remap remap = {
		.source = source,
		.dest = dest,
		.offset = offset,
		.dest_offset = dest_offset,
		.len = len,
	};

	return remap_files(task, &remap);
}

int64_t ds_xfs_dedupe(struct ds_task *task, struct ds_inode *source,
		      uint64_t offset, struct ds_inode *dest,
		      uint64_t dest_offset, uint64_t len)
{
	const struct remap remap = {
		.source = source,
		.dest = dest,
		.offset = offset,
		.dest_offset = dest_offset,
		.len = len,
		.if_same = true,
	};

	return remap_files(task, &remap);
}
