// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/fault.h"

#include <errno.h>

#include "file/cow.h"
#include "file/extents.h"
#include "file/pagecache.h"
#include "file/vfs.h"
#include "mm/private.h"

/*
 * The block is there, and what says that it is the file's, or how long the file
 * is, is not yet the journal's: VM_FAULT_NEEDDSYNC.
 */
#define NEEDS_SYNC 2

/*
 * Finds the run of blocks that holds @page; for a write makes written ones of
 * the first pages of @range, which @page is the first of.
 */
static int find_block(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pgidx page, struct ds_pgrange range, bool write,
		      struct ds_extent *ret_run, uint64_t *ret_own)
{
	uint64_t n = range.end.pgidx - page.pgidx;
	int r;

	*ret_run = ds_inode_lookup_own(task, inode, page, n, ret_own);
	if (!write || ret_run->state == DS_EXT_WRITTEN)
		return 0;
	r = inode->super->profile->ops->make_written(task, inode, range);
	if (r < 0)
		return r;
	*ret_run = ds_inode_lookup_own(task, inode, page, n, ret_own);
	if (ret_run->state == DS_EXT_WRITTEN)
		return 0;
	ds_warn(task, DS_WARN_SHORT_EXTENT, inode->id, page, ds_pfn(0));
	return -EIO;
}

/*
 * Whether a store through @vma must wait for the journal first: a step that
 * asks, where @vma is of MAP_SYNC. @added: the block came with this fault.
 *
 * Models: dax_fault_is_synchronous(), v4.19, and IOMAP_F_DIRTY of
 * ext4_inode_datasync_dirty() and xfs_bmbt_to_iomap(). Differs: a commit is of
 * one file.
 */
static bool needs_sync(struct ds_task *task, const struct ds_vma *vma,
		       bool write, bool added)
{
	const struct ds_inode *inode = vma->file;
	bool uncommitted;

	if (!write || !vma->is_sync || vma->is_private ||
	    !ds_keeps(task, DS_RULE_SYNC_FAULT_COMMITS))
		return false;
	ds_yield(task, DS_AT_EXTENT_READ,
		 ds_reads(ds_extents_object(inode->id)),
		 ds_reads(ds_size_object(inode->id)));
	ds_touch(task, ds_extents_object(inode->id), DS_READ);
	uncommitted = __atomic_load_n(&inode->uncommitted, __ATOMIC_RELAXED);
	if (!ds_keeps(task, DS_RULE_SYNC_FAULT_ASKS_JOURNAL))
		uncommitted &= added;
	ds_task_saw(task, uncommitted);
	return uncommitted;
}

/*
 * With the entry of the first page of @pages locked, which was @old: @entry is
 * to stand there.
 */
static void fill_entry(struct ds_task *task, struct ds_inode *inode,
		       struct ds_pgrange pages, uint64_t old, uint64_t entry,
		       bool write)
{
	/* Others may see the zero page there: take it away first. */
	if (ds_entry_is_data(entry) && (old & DS_ENTRY_ZERO) &&
	    ds_keeps(task, DS_RULE_FAULT_REPLACES_ZERO_PAGE))
		ds_rmap_unmap(task, &inode->mapping.rmap, pages, false);
	/* A block in the cache is never replaced, be it the wrong one. */
	if (!ds_entry_is_data(old))
		ds_entry_fill(task, &inode->mapping, pages.first, entry, write);
	else if (write)
		ds_entry_dirty(task, &inode->mapping, pages.first);
}

/* The entry of the page table, with that of the page locked. */
static int set_entry(struct ds_task *task, struct ds_vma *vma,
		     struct ds_vpn vpn, struct ds_pfn pfn, bool write)
{
	int r;

	if (!vma->is_private)
		return ds_pte_set(task, vma->space, vpn, ds_pte(pfn, write));
	/* A copy is made without the lock of the entry, and may be there. */
	r = ds_pte_replace(task, vma, vpn, 0, ds_pte(pfn, false));
	return r < 0 ? r : 0;
}

/*
 * With the entry of @page locked, whose block @pfn other files may have: maps
 * it, for a store a copy, in place of whatever was mapped there. The copy is in
 * the page table before it is in the file; the locked entry keeps others away
 * meanwhile. Return: 1 if nobody else has the block, with which it is in *@pfn:
 * it is mapped as usual.
 */
static int map_shared(struct ds_task *task, struct ds_vma *vma,
		      struct ds_vpn vpn, struct ds_pgidx page, bool write,
		      uint64_t old, struct ds_pfn *pfn)
{
	struct ds_inode *inode = vma->file;
	struct ds_copy copy = {*pfn, *pfn};
	uint64_t before = ds_task_enter(task);
	bool sync;
	int r = 0;

	if (write && ds_keeps(task, DS_RULE_STORE_COPIES))
		r = ds_cow_begin(task, inode, page, &copy);
	else if (!write && inode->super->profile->reads_count_shares)
		r = ds_cow_look(task, inode, page, &copy.to);
	if (r <= 0) {
		*pfn = copy.to;
		ds_task_done(task, before, (uint64_t)r);
		ds_task_saw(task, pfn->pfn);
		return r < 0 ? r : 1;
	}
	ds_rmap_unmap(task, &inode->mapping.rmap,
		      ds_pgrange(page.pgidx, page.pgidx + 1), false);
	ds_entry_replace(task, &inode->mapping, page, old,
			 ds_entry_data(copy.to), write);
	if (write)
		ds_cow_fill(task, inode, &copy, 0, DS_PAGE_SIZE);
	/* The new block is in no journal: behind that it is mapped. */
	sync = write && vma->is_sync &&
	       ds_keeps(task, DS_RULE_SYNC_FAULT_COMMITS);
	r = sync ? 0 : set_entry(task, vma, vpn, copy.to, write);
	if (r == 0 && write)
		r = ds_cow_end(task, inode, page);
	if (r == 0 && sync)
		r = NEEDS_SYNC;
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/*
 * Whether any of the @n blocks from @pfn on has lost its bytes: a step each, if
 * that can be. The entry is locked, under which pages of such are unmapped.
 *
 * Models: the look at the badblocks in pmem's dax_direct_access().
 */
static bool has_poison(struct ds_task *task, struct ds_inode *inode,
		       struct ds_pfn pfn, uint64_t n)
{
	struct ds_frames *frames = inode->super->frames;
	bool poisoned = false;

	if (ds_likely(!frames->may_poison))
		return false;
	for (; n && !poisoned; n--, pfn.pfn++) {
		ds_yield(task, DS_AT_BYTES_READ,
			 ds_reads(ds_bytes_object(pfn)));
		poisoned = ds_frame_is_poisoned(task, frames, pfn);
	}
	return poisoned;
}

/*
 * With the entry of @page locked, which was @old: maps an ordinary page. For a
 * store it has a block first, and is dirty.
 *
 * Models: filemap_fault(), ext4_page_mkwrite(), do_cow_fault(), v4.19.
 */
static int map_cached(struct ds_task *task, struct ds_vma *vma,
		      struct ds_vpn vpn, struct ds_pgidx page, bool write,
		      uint64_t old)
{
	bool shared_store = write && !vma->is_private;
	struct ds_inode *inode = vma->file;
	uint64_t before = ds_task_enter(task);
	struct ds_extent run;
	struct ds_pfn pfn;
	uint64_t own;
	int r = 0;

	if (shared_store)
		r = find_block(task, inode, page,
			       ds_pgrange(page.pgidx, page.pgidx + 1), true,
			       &run, &own);
	ds_task_done(task, before, (uint64_t)r);
	if (r == 0)
		r = ds_pagecache_fill(task, inode, page, old, &pfn);
	if (r < 0)
		return r;
	if (write && vma->is_private)
		return ds_private_fill(task, vma, vpn, pfn);
	if (write)
		ds_entry_dirty(task, &inode->mapping, page);
	return set_entry(task, vma, vpn, pfn, write);
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
	uint64_t own;
	bool sync;
	int r;

	r = find_block(task, inode, page,
		       ds_pgrange(page.pgidx, page.pgidx + 1),
		       write && !vma->is_private, &run, &own);
	if (r < 0)
		return r;
	if (run.state == DS_EXT_WRITTEN)
		pfn = ds_extent_pfn(&run, page);
	if (run.state == DS_EXT_WRITTEN && has_poison(task, inode, pfn, 1)) {
		ds_task_done(task, before, UINT64_MAX);
		return DS_SIGBUS;
	}
	/*
	 * The one page matters, whatever run it is in and how it got there, and
	 * whether the journal knows.
	 */
	sync = needs_sync(task, vma, write, !ds_entry_is_data(old));
	ds_task_done(task, before, pfn.pfn << 2 | run.state);
	ds_task_saw(task, sync);
	/* The entry only carries the lock: the copy is none of the file's. */
	if (write && vma->is_private)
		return ds_private_fill(task, vma, vpn, pfn);
	if (run.state == DS_EXT_WRITTEN && !own) {
		r = map_shared(task, vma, vpn, page, write, old, &pfn);
		if (r != 1)
			return r;
	}
	if (run.state == DS_EXT_WRITTEN)
		entry = ds_entry_data(pfn);
	fill_entry(task, inode, ds_pgrange(page.pgidx, page.pgidx + 1), old,
		   entry, write && !sync);
	return sync ? NEEDS_SYNC : set_entry(task, vma, vpn, pfn, write);
}

/* Whether a huge entry stands where the small one for @vpn would go. */
static bool is_mapped_huge(struct ds_task *task, const struct ds_vma *vma,
			   struct ds_vpn vpn)
{
	uint64_t before = ds_task_enter(task);
	bool huge;

	if (!vma->space->table.huge_order)
		return false;
	huge = ds_huge_look(task, vma->space, vpn) & DS_PTE_PRESENT;
	ds_task_done(task, before, huge);
	return huge;
}

/* Under the fault lock, shared: i_size and blocks cannot go away. */
static int small_fault_locked(struct ds_task *task, struct ds_vma *vma,
			      struct ds_vpn vpn, struct ds_pgidx page,
			      bool write, uint64_t size)
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
		/* A huge fault may have been served meanwhile: to be retried.
		 */
		if (!is_mapped_huge(task, vma, vpn))
			r = inode->super->profile->page_cache
				    ? map_cached(task, vma, vpn, page, write,
						 old)
				    : map_page(task, vma, vpn, page, write,
					       old);
		ds_entry_unlock(task, &inode->mapping, page,
				ds_extents_object(inode->id));
	}
	return r == -ENOSPC || r == -EIO ? DS_SIGBUS : r;
}

/*
 * What a huge fault on @page at @vpn needs of its area and file, apart from
 * blocks: edges of huge pages in the file are such in the address space, and
 * all of it is mapped and in the file.
 *
 * Models: the checks at the head of dax_iomap_pmd_fault().
 */
static bool huge_fits(const struct ds_vma *vma, struct ds_pgidx page,
		      struct ds_vpn vpn, uint64_t n, uint64_t size)
{
	uint64_t colour = n - 1;

	if ((page.pgidx ^ vpn.vpn) & colour)
		return false;
	page.pgidx &= ~colour;
	vpn.vpn &= ~colour;
	if (vpn.vpn < vma->first.vpn || vpn.vpn + n > vma->end.vpn)
		return false;
	return page.pgidx + n <= ds_page_up(size);
}

/*
 * With the huge entry of @pages locked, which was @old: fills it and the page
 * table. DS_FALL_BACK where the blocks are too few, or begin at no edge of a
 * huge page; the entry then stays as it was.
 */
static int map_huge(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		    struct ds_pgrange pages, bool write, uint64_t old)
{
	uint64_t colour = pages.end.pgidx - pages.first.pgidx - 1;
	uint64_t entry = DS_ENTRY_VALID | DS_ENTRY_ZERO | DS_ENTRY_HUGE;
	struct ds_inode *inode = vma->file;
	struct ds_pfn pfn = {DS_ZERO_PFN};
	uint64_t before = ds_task_enter(task);
	struct ds_extent run;
	bool whole, written;
	uint64_t own;

	if (find_block(task, inode, pages.first, pages, write, &run, &own) < 0)
		return DS_FALL_BACK;
	whole = run.page.pgidx + run.n_pages >= pages.end.pgidx;
	written = run.state == DS_EXT_WRITTEN;
	if (written)
		pfn = ds_extent_pfn(&run, pages.first);
	whole &= written ? !(pfn.pfn & colour) : !write;
	/* What several files have is mapped page by page. */
	whole &= !written || own > colour;
	if (whole && written)
		whole = !has_poison(task, inode, pfn, colour + 1);
	ds_task_done(task, before, whole ? pfn.pfn << 1 | written : UINT64_MAX);
	if (!whole)
		return DS_FALL_BACK;
	if (written)
		entry = ds_entry_data(pfn) | DS_ENTRY_HUGE;
	fill_entry(task, inode, pages, old, entry, write);
	return ds_huge_set(task, vma->space, vpn, ds_pte(pfn, write));
}

/* Under the fault lock. Models: dax_iomap_pmd_fault(), v4.19. */
static int huge_fault_locked(struct ds_task *task, struct ds_vma *vma,
			     struct ds_vpn vpn, struct ds_pgidx page,
			     bool write, uint64_t size)
{
	struct ds_inode *inode = vma->file;
	uint64_t n = UINT64_C(1) << inode->mapping.huge_order;
	uint64_t before = ds_task_enter(task);
	int r = DS_FALL_BACK;
	uint64_t old;

	if (ds_keeps(task, DS_RULE_FAULT_SIZE_UNDER_LOCK))
		size = ds_inode_size(task, inode);
	if (page.pgidx >= ds_page_up(size))
		return DS_SIGBUS;
	if (huge_fits(vma, page, vpn, n, size)) {
		page.pgidx &= ~(n - 1);
		vpn.vpn &= ~(n - 1);
		r = ds_entry_grab_huge(task, &inode->mapping, page, &old);
	}
	ds_task_done(task, before, r ? UINT64_MAX : old);
	if (r == 0) {
		/* Small ones came first: the fault is to be retried. */
		if (ds_huge_look(task, vma->space, vpn) != DS_PTE_TABLE)
			r = map_huge(task, vma, vpn,
				     ds_pgrange(page.pgidx, page.pgidx + n),
				     write, old);
		ds_entry_unlock(task, &inode->mapping, page,
				ds_extents_object(inode->id));
	}
	if (r == DS_FALL_BACK)
		ds_huge_split(task, vma->space, vpn);
	return r;
}

typedef int (*fault_fn)(struct ds_task *task, struct ds_vma *vma,
			struct ds_vpn vpn, struct ds_pgidx page, bool write,
			uint64_t size);

/*
 * Under the fault lock, which keeps the block where it is: makes the journal
 * have it, and then lets stores reach it. The entry was unlocked meanwhile.
 *
 * Models: dax_finish_sync_fault(), dax_insert_pfn_mkwrite(), v4.19. Differs:
 * the whole file is synced, not the page.
 */
static int finish_sync(struct ds_task *task, struct ds_vma *vma,
		       struct ds_vpn vpn, struct ds_pgidx page)
{
	struct ds_inode *inode = vma->file;
	uint64_t colour = (UINT64_C(1) << inode->mapping.huge_order) - 1;
	uint64_t before = ds_task_enter(task);
	struct ds_pfn pfn;
	uint64_t old;
	int r;

	ds_tell(task, "page %llu needs the journal first",
		(unsigned long long)page.pgidx);
	if (inode->super->profile->ops->fsync(task, inode) < 0)
		return DS_SIGBUS;
	ds_task_forget(task, before);
	r = ds_entry_grab(task, &inode->mapping, page, &old);
	if (r < 0)
		return r;
	/* Without its block it is a fault once more. */
	if (ds_entry_is_data(old)) {
		pfn = ds_entry_pfn(old);
		if (ds_entry_is_huge(old))
			pfn.pfn += page.pgidx & colour;
		ds_entry_dirty(task, &inode->mapping, page);
		r = set_entry(task, vma, vpn, pfn, true);
	}
	ds_entry_unlock(task, &inode->mapping, page,
			ds_extents_object(inode->id));
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* Models: ext4_dax_huge_fault(), __xfs_filemap_fault(). */
static int fault_with(struct ds_task *task, struct ds_vma *vma,
		      struct ds_vpn vpn, bool write, fault_fn serve)
{
	struct ds_inode *inode = vma->file;
	struct ds_pgidx page = {vma->pgoff.pgidx + vpn.vpn - vma->first.vpn};
	bool transaction = write && !vma->is_private &&
			   inode->super->profile->ops->fault_in_transaction;
	bool locked = ds_keeps(task, DS_RULE_FAULT_TAKES_LOCK);
	uint64_t early_size = 0;
	int r;

	if (!ds_keeps(task, DS_RULE_FAULT_SIZE_UNDER_LOCK))
		early_size = ds_inode_size(task, inode);
	if (locked)
		ds_rwsem_lock(task, &inode->fault_lock, DS_SHARED);
	if (transaction)
		ds_rwsem_lock(task, &inode->super->journal, DS_SHARED);
	r = serve(task, vma, vpn, page, write, early_size);
	if (transaction)
		ds_rwsem_unlock(task, &inode->super->journal);
	if (r == NEEDS_SYNC)
		r = finish_sync(task, vma, vpn, page);
	if (locked)
		ds_rwsem_unlock(task, &inode->fault_lock);
	return r;
}

static int fault(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		 bool write)
{
	return fault_with(task, vma, vpn, write, small_fault_locked);
}

static int huge_fault(struct ds_task *task, struct ds_vma *vma,
		      struct ds_vpn vpn, bool write)
{
	const struct ds_inode *inode = vma->file;

	if (inode->super->profile->page_cache || vma->is_sync)
		return DS_FALL_BACK;
	return fault_with(task, vma, vpn, write, huge_fault_locked);
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
	.huge_fault = huge_fault,
	.open = opened,
	.close = closed,
};
