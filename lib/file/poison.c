// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/poison.h"

#include <errno.h>

static uint32_t look_for_owner(struct ds_task *task, struct ds_super *super,
			       struct ds_pfn pfn, struct ds_pgidx *ret_page)
{
	ds_yield(task, DS_AT_ENTRY_NEXT,
		 ds_reads(ds_frame_owner_object(super->frames, pfn)));
	return ds_frame_owner(task, super->frames, pfn, ret_page);
}

/*
 * Locks the entry of the page, wherever it is by now. As long as it is in a
 * page cache that file exists, and with the entry locked it stays.
 *
 * Models: dax_lock_page().
 */
static int lock_entry(struct ds_task *task, struct ds_super *super,
		      struct ds_pfn pfn, struct ds_inode **ret_inode,
		      struct ds_pgidx *ret_page)
{
	uint64_t before = ds_task_enter(task);
	uint32_t owner;
	int r = 0;

	while (r == 0) {
		ds_task_forget(task, before);
		owner = look_for_owner(task, super, pfn, ret_page);
		if (!owner)
			return -EBUSY;
		if (owner == DS_SHARED_MAPPING)
			return -EOPNOTSUPP;
		*ret_inode = ds_super_inode(super, owner);
		r = ds_entry_lock_frame(task, &(*ret_inode)->mapping, *ret_page,
					pfn);
	}
	return r < 0 ? -EBUSY : 0;
}

int ds_poison_block(struct ds_task *task, struct ds_super *super,
		    struct ds_pfn pfn)
{
	struct ds_inode *inode;
	struct ds_pgidx page;
	int r;

	ds_yield(task, DS_AT_BYTES_WRITE, ds_writes(ds_bytes_object(pfn)));
	ds_frame_set_poisoned(task, super->frames, pfn, true);
	ds_tell(task, "memory of block %llu fails",
		(unsigned long long)pfn.pfn);
	r = lock_entry(task, super, pfn, &inode, &page);
	if (r < 0) {
		ds_tell(task, "nobody has block %llu in his cache",
			(unsigned long long)pfn.pfn);
		return r;
	}
	ds_tell(task, "unmap what failed: page %llu",
		(unsigned long long)page.pgidx);
	ds_rmap_unmap(task, &inode->mapping.rmap,
		      ds_pgrange(page.pgidx, page.pgidx + 1), false);
	ds_entry_unlock_frame(task, &inode->mapping, page, pfn);
	return 0;
}
