// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sharing equal blocks of two files, up to the point where they would be
 * shared: the locks of both, no pins on either, the comparison.
 *
 * Models: xfs_reflink_remap_prep(), xfs_ilock2_io_mmap(),
 * xfs_mmaplock_two_inodes_and_break_dax_layout(), v6.1 and v6.15. Differs: the
 * inodes' locks are taken in the order of inode numbers, as the fault locks
 * are, not of addresses; no layout leases; v6.1 gives the first fault lock up
 * between two looks for busy pages.
 */
#include "fs/xfs.h"

#include <errno.h>
#include <string.h>

#include "file/data.h"
#include "file/layout.h"

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

static void lock_inodes(struct ds_task *task, const struct pair *pair)
{
	ds_rwsem_lock(task, &pair->first->lock, DS_EXCLUSIVE);
	if (!is_one(pair))
		ds_rwsem_lock(task, &pair->second->lock, DS_EXCLUSIVE);
}

static void unlock_inodes(struct ds_task *task, const struct pair *pair)
{
	if (!is_one(pair))
		ds_rwsem_unlock(task, &pair->second->lock);
	ds_rwsem_unlock(task, &pair->first->lock);
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
	uint64_t before = ds_task_enter(task);
	int r;

	for (;;) {
		/* As if it had never been here. */
		ds_task_forget(task, before);
		ds_inode_lock_faults(task, pair->first);
		r = ds_break_layouts(task, pair->first);
		if (r < 0)
			ds_inode_unlock_faults(task, pair->first);
		if (r < 0 || is_one(pair))
			break;
		ds_inode_lock_faults(task, pair->second);
		if (ds_break_layouts_at_once(task, pair->second))
			break;
		ds_tell(task, "the other file is busy: all again");
		unlock_faults(task, pair);
	}
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/*
 * Cuts the range to what can be shared: whole blocks, but for the end of both
 * files. Return: bytes, or -EINVAL.
 *
 * Models: generic_remap_checks() for FIDEDUPERANGE.
 */
static int64_t check_ranges(struct ds_task *task, struct ds_inode *source,
			    uint64_t offset, struct ds_inode *dest,
			    uint64_t dest_offset, uint64_t len)
{
	uint64_t size = ds_inode_size(task, source);
	uint64_t dest_size = ds_inode_size(task, dest);
	uint64_t distance = offset < dest_offset ? dest_offset - offset
						 : offset - dest_offset;

	if ((offset | dest_offset) & DS_PAGE_MASK)
		return -EINVAL;
	if (offset + len > size || dest_offset + len > dest_size)
		return -EINVAL;
	if (offset + len < size || dest_offset + len < dest_size)
		len &= ~DS_PAGE_MASK;
	if (source == dest && distance < len)
		return -EINVAL;
	return (int64_t)len;
}

/* Models: dax_dedupe_file_range_compare(). */
static bool is_same(struct ds_task *task, struct ds_inode *source,
		    uint64_t offset, struct ds_inode *dest,
		    uint64_t dest_offset, uint64_t len)
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
		ds_data_read(task, source, offset + done, bytes[0], n);
		ds_data_read(task, dest, dest_offset + done, bytes[1], n);
		same = memcmp(bytes[0], bytes[1], n) == 0;
	}
	ds_task_done(task, before, same);
	return same;
}

/* With all four locks. */
static int64_t dedupe_locked(struct ds_task *task, struct ds_inode *source,
			     uint64_t offset, struct ds_inode *dest,
			     uint64_t dest_offset, uint64_t len)
{
	int64_t n = check_ranges(task, source, offset, dest, dest_offset, len);

	if (n <= 0)
		return n;
	ds_inode_wait_direct(task, source);
	ds_inode_wait_direct(task, dest);
	ds_mapping_write_back(task, &source->mapping,
			      ds_pgrange(ds_page_down(offset),
					 ds_page_up(offset + (uint64_t)n)));
	ds_mapping_write_back(
		task, &dest->mapping,
		ds_pgrange(ds_page_down(dest_offset),
			   ds_page_up(dest_offset + (uint64_t)n)));
	if (!is_same(task, source, offset, dest, dest_offset, (uint64_t)n))
		return -EBADE;
	/* Blocks of several files are not modelled. */
	return -EOPNOTSUPP;
}

int64_t ds_xfs_dedupe(struct ds_task *task, struct ds_inode *source,
		      uint64_t offset, struct ds_inode *dest,
		      uint64_t dest_offset, uint64_t len)
{
	const struct pair pair = in_order(source, dest);
	int64_t r = -EINVAL;

	lock_inodes(task, &pair);
	if (source->super->profile->shares_dax) {
		r = lock_faults(task, &pair);
		if (r == 0) {
			r = dedupe_locked(task, source, offset, dest,
					  dest_offset, len);
			unlock_faults(task, &pair);
		}
	}
	unlock_inodes(task, &pair);
	return r;
}
