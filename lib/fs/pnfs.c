// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fs/pnfs.h"

#include <errno.h>

#include "file/extents.h"
#include "fs/common.h"

/* What begins at @page may have been allocated since it was looked at. */
static int allocate(struct ds_task *task, struct ds_inode *inode,
		    struct ds_pgrange range)
{
	struct ds_extent run;
	int64_t n = 0;

	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	run = ds_inode_lookup_locked(task, inode, range.first);
	if (run.page.pgidx + run.n_pages < range.end.pgidx)
		range.end.pgidx = run.page.pgidx + run.n_pages;
	if (run.state == DS_EXT_HOLE)
		n = ds_inode_add_blocks(task, inode, range, DS_EXT_UNWRITTEN,
					false);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return n < 0 ? (int)n : 0;
}

static bool may_map(struct ds_task *task, struct ds_inode *inode,
		    uint64_t offset, bool write)
{
	uint64_t limit = inode->super->profile->max_bytes, end;

	if (!write) {
		end = ds_page_start(
			ds_pgidx(ds_page_up(ds_inode_size(task, inode))));
		limit = limit < end ? end : limit;
	}
	return offset <= limit;
}

/* A step, with no lock held. Models: xfs_is_reflink_inode(). */
static bool may_share(struct ds_task *task, const struct ds_inode *inode)
{
	bool shared;

	if (!inode->super->profile->shares_dax)
		return false;
	ds_yield(task, DS_AT_EXTENT_READ,
		 ds_reads(ds_extents_object(inode->id)));
	ds_touch(task, ds_extents_object(inode->id), DS_READ);
	shared = __atomic_load_n(&inode->has_shared, __ATOMIC_RELAXED);
	ds_task_saw(task, shared);
	return shared && ds_keeps(task, DS_RULE_LAYOUT_REFUSES_SHARED);
}

int ds_pnfs_map(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		uint64_t len, bool write, struct ds_extent *ret_run)
{
	struct ds_pgidx page = {ds_page_down(offset)};
	uint64_t before = ds_task_enter(task);
	int r = 0;

	if (may_share(task, inode)) {
		ds_task_done(task, before, 1);
		return -ENXIO;
	}
	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	if (!may_map(task, inode, offset, write)) {
		r = -EINVAL;
		goto out;
	}
	ds_mapping_write_back(task, &inode->mapping, ds_pgrange_all());
	ds_mapping_invalidate(task, &inode->mapping, ds_pgrange_all());
	*ret_run = ds_inode_lookup(task, inode, page);
	if (write && ret_run->state == DS_EXT_HOLE) {
		r = allocate(task, inode,
			     ds_pgrange(page.pgidx, ds_page_up(offset + len)));
		*ret_run = ds_inode_lookup(task, inode, page);
	}
out:
	ds_rwsem_unlock(task, &inode->lock);
	ds_task_done(task, before, (uint64_t)r);
	if (r < 0)
		return r;
	ds_task_saw(task, ret_run->page.pgidx);
	ds_task_saw(task, ret_run->n_pages);
	ds_task_saw(task, ret_run->pfn.pfn << 2 | ret_run->state);
	return 0;
}

static int convert(struct ds_task *task, struct ds_inode *inode,
		   struct ds_pgrange range)
{
	int r;

	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	r = ds_inode_accept_written(task, inode, range);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return r;
}

static int grow(struct ds_task *task, struct ds_inode *inode, uint64_t end)
{
	struct ds_extent last =
		ds_inode_lookup(task, inode, ds_pgidx(ds_page_down(end - 1)));

	if (last.state != DS_EXT_WRITTEN)
		return -EIO;
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	ds_inode_set_size(task, inode, end);
	inode->disk_size = end;
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	return 0;
}

int ds_pnfs_commit(struct ds_task *task, struct ds_inode *inode,
		   uint64_t offset, uint64_t len)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(offset), ds_page_up(offset + len));
	uint64_t before = ds_task_enter(task);
	int r;

	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	ds_mapping_invalidate(task, &inode->mapping, range);
	r = convert(task, inode, range);
	if (r == 0 && offset + len > ds_inode_size(task, inode))
		r = grow(task, inode, offset + len);
	ds_rwsem_unlock(task, &inode->lock);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}
