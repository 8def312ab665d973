// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/fault.h"

#include <errno.h>

#include "file/extents.h"
#include "file/vfs.h"

/* Finds the block under @page, for a write makes it a written one. */
static int find_block(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pgidx page, bool write,
		      struct ds_extent *ret_run)
{
	int r;

	*ret_run = ds_inode_lookup(task, inode, page);
	if (!write || ret_run->state == DS_EXT_WRITTEN)
		return 0;
	r = inode->super->profile->ops->make_written(
		task, inode, ds_pgrange(page.pgidx, page.pgidx + 1));
	if (r < 0)
		return r;
	*ret_run = ds_inode_lookup(task, inode, page);
	return 0;
}

/* With the entry of @page locked: fills it and the page table. */
static int map_page(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		    struct ds_pgidx page, bool write, uint64_t old)
{
	struct ds_inode *inode = vma->file;
	uint64_t entry = DS_ENTRY_VALID | DS_ENTRY_ZERO;
	struct ds_pfn pfn = {DS_ZERO_PFN};
	uint64_t before = ds_task_enter(task);
	struct ds_extent run;
	int r;

	r = find_block(task, inode, page, write, &run);
	if (r < 0)
		return r;
	if (run.state == DS_EXT_WRITTEN)
		pfn = ds_pfn(run.pfn.pfn + page.pgidx - run.page.pgidx);
	/* The one page matters, whatever run it is in and how it got there. */
	ds_task_done(task, before, pfn.pfn << 2 | run.state);
	if (run.state == DS_EXT_WRITTEN) {
		entry = ds_entry_data(pfn);
		/* Others may see the zero page there: take it away first. */
		if ((old & DS_ENTRY_ZERO) &&
		    ds_keeps(task, DS_RULE_FAULT_REPLACES_ZERO_PAGE))
			ds_rmap_unmap(task, &inode->mapping.rmap,
				      ds_pgrange(page.pgidx, page.pgidx + 1));
	}
	/* A block in the cache is never replaced, be it the wrong one. */
	if (!ds_entry_is_data(old))
		ds_entry_fill(task, &inode->mapping, page, entry, write);
	else if (write)
		ds_entry_dirty(task, &inode->mapping, page);
	return ds_pte_set(task, vma->space, vpn, ds_pte(pfn, write));
}

/* Under the fault lock, shared: i_size and blocks cannot go away. */
static int fault_locked(struct ds_task *task, struct ds_vma *vma,
			struct ds_vpn vpn, struct ds_pgidx page, bool write,
			uint64_t size)
{
	struct ds_inode *inode = vma->file;
	uint64_t before = ds_task_enter(task);
	uint64_t old;
	int r;

	if (ds_keeps(task, DS_RULE_FAULT_SIZE_UNDER_LOCK))
		size = ds_inode_size(task, inode);
	if (page.pgidx >= ds_page_up(size))
		return DS_SIGBUS;
	/* How much farther the file goes no longer counts. */
	ds_task_done(task, before, 0);
	r = ds_entry_grab(task, &inode->mapping, page, &old);
	if (r == 0) {
		r = map_page(task, vma, vpn, page, write, old);
		ds_entry_unlock(task, &inode->mapping, page,
				ds_extents_object(inode->id));
	}
	return r == -ENOSPC ? DS_SIGBUS : r;
}

/* Models: ext4_dax_huge_fault(), __xfs_filemap_fault(). */
static int fault(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		 bool write)
{
	struct ds_inode *inode = vma->file;
	struct ds_pgidx page = {vma->pgoff.pgidx + vpn.vpn - vma->first.vpn};
	bool transaction =
		write && inode->super->profile->ops->fault_in_transaction;
	bool locked = ds_keeps(task, DS_RULE_FAULT_TAKES_LOCK);
	uint64_t early_size = 0;
	int r;

	if (!ds_keeps(task, DS_RULE_FAULT_SIZE_UNDER_LOCK))
		early_size = ds_inode_size(task, inode);
	if (locked)
		ds_rwsem_lock(task, &inode->fault_lock, DS_SHARED);
	if (transaction)
		ds_rwsem_lock(task, &inode->super->journal, DS_SHARED);
	r = fault_locked(task, vma, vpn, page, write, early_size);
	if (transaction)
		ds_rwsem_unlock(task, &inode->super->journal);
	if (locked)
		ds_rwsem_unlock(task, &inode->fault_lock);
	return r;
}

/* A mapped area uses the file like an open descriptor does. */
static void opened(struct ds_task *task, struct ds_vma *vma)
{
	ds_inode_use(task, vma->file);
}

static void closed(struct ds_task *task, struct ds_vma *vma)
{
	ds_inode_unuse(task, vma->file);
}

const struct ds_vm_ops ds_file_vm_ops = {
	.fault = fault,
	.open = opened,
	.close = closed,
};
