// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fs/common.h"

#include <errno.h>

#include "file/extents.h"

void ds_transaction_begin(struct ds_task *task, struct ds_inode *inode)
{
	ds_rwsem_lock(task, &inode->super->journal, DS_SHARED);
}

void ds_transaction_end(struct ds_task *task, struct ds_inode *inode)
{
	ds_rwsem_unlock(task, &inode->super->journal);
}

/* A step, where anybody asks whether there was one. */
static void note_commit(struct ds_task *task, struct ds_inode *inode)
{
	struct ds_event event = {.kind = DS_EV_COMMITTED, .inode = inode->id};

	ds_yield(task, DS_AT_EXTENT_CHANGE,
		 ds_writes(ds_extents_object(inode->id)),
		 ds_reads(ds_size_object(inode->id)));
	ds_touch(task, ds_extents_object(inode->id), DS_WRITE);
	__atomic_store_n(&inode->uncommitted, false, __ATOMIC_RELAXED);
	ds_tell(task, "the journal has the map of %s", inode->name);
	ds_task_send(task, &event);
}

void ds_journal_commit(struct ds_task *task, struct ds_inode *inode)
{
	ds_rwsem_lock(task, &inode->super->journal, DS_EXCLUSIVE);
	if (inode->super->follows_commits)
		note_commit(task, inode);
	ds_rwsem_unlock(task, &inode->super->journal);
}

int ds_write_checks(struct ds_task *task, struct ds_inode *inode,
		    uint64_t *offset, size_t *len)
{
	uint64_t max = inode->super->profile->max_bytes;

	if (*offset == UINT64_MAX)
		*offset = ds_inode_size(task, inode);
	if (*offset >= max)
		return -EFBIG;
	if (*len > max - *offset)
		*len = (size_t)(max - *offset);
	return 0;
}

int ds_zero_edges(struct ds_task *task, struct ds_inode *inode, uint64_t start,
		  uint64_t end)
{
	uint64_t first = ds_page_start(ds_pgidx(ds_page_up(start)));
	uint64_t last = ds_page_start(ds_pgidx(ds_page_down(end)));
	int r;

	/* Inside one block. */
	if (first > last)
		return ds_inode_zero_bytes(task, inode, start, end);
	r = ds_inode_zero_bytes(task, inode, start, first);
	if (r == 0)
		r = ds_inode_zero_bytes(task, inode, last, end);
	return r;
}

/* Whether the page before @right is written, with the block before its own. */
static bool continues_written(const struct ds_inode *inode, uint64_t left,
			      uint64_t right)
{
	struct ds_extent a = ds_extmap_lookup(inode->extents, ds_pgidx(left));
	struct ds_extent b = ds_extmap_lookup(inode->extents, ds_pgidx(right));

	return a.pfn.pfn + left - a.page.pgidx + 1 ==
	       b.pfn.pfn + right - b.page.pgidx;
}

bool ds_joins_written(const struct ds_inode *inode, struct ds_pgrange extent,
		      struct ds_pgrange range)
{
	uint64_t first = extent.first.pgidx, end = extent.end.pgidx;

	if (range.first.pgidx == first && first > 0 &&
	    ds_extmap_lookup(inode->extents, ds_pgidx(first - 1)).state ==
		    DS_EXT_WRITTEN &&
	    continues_written(inode, first - 1, first))
		return true;
	return range.end.pgidx == end &&
	       ds_extmap_lookup(inode->extents, ds_pgidx(end)).state ==
		       DS_EXT_WRITTEN &&
	       continues_written(inode, end - 1, end);
}

bool ds_has_space_for(struct ds_task *task, const struct ds_inode *inode,
		      uint64_t n)
{
	struct ds_super *super = inode->super;
	bool has;

	ds_yield(task, DS_AT_BLOCK_ALLOC,
		 ds_reads(ds_zone_object(super, inode->zone)));
	ds_spin_lock(&super->blocks_spin);
	has = n <= ds_blocks_n_free(super->blocks);
	ds_spin_unlock(&super->blocks_spin);
	ds_task_saw(task, has);
	return has;
}
