/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CACHE_MAPPING_H
#define DS_CACHE_MAPPING_H

/*
 * The page cache of one DAX file: its entries with their locks, and who maps
 * the file.
 *
 * An entry's lock is its LOCKED bit, changed only under @lock. Waiters queue
 * as exclusive ones, under @lock, in which they saw the bit; so the one who
 * clears it sees them.
 */
#include "cache/entry.h"
#include "cache/xtree.h"
#include "mm/space.h"

struct ds_mapping {
	uint32_t inode;
	struct ds_spin lock; /* the kernel's i_pages lock */
	struct ds_xtree *tree;
	struct ds_rmap rmap;
	struct ds_frames *frames;
	struct ds_waitq_table *waitq;
	bool delete_wakes_all; /* v5.13: deleting an entry wakes every waiter */
};

int ds_mapping_init(struct ds_mapping *mapping, struct ds_arena *arena,
		    uint32_t inode, const char *rmap_name,
		    struct ds_frames *frames, struct ds_waitq_table *waitq,
		    unsigned int tree_shift, bool concurrent);

void ds_mapping_fini(struct ds_mapping *mapping);

/*
 * Locks the entry of @page, waiting for its lock, or inserts a locked EMPTY
 * one. Return: 0 with the entry as it was before, or -ENOMEM.
 *
 * Models: grab_mapping_entry(), v4.19; page-size entries.
 */
int ds_entry_grab(struct ds_task *task, struct ds_mapping *mapping,
		  struct ds_pgidx page, uint64_t *ret_entry);

/*
 * Gives the locked entry of @page, which has no block, the value @entry
 * (without the lock bit; it stays locked) and ties its frame to the file.
 *
 * Models: dax_insert_mapping_entry(), v4.19, over an empty or zero entry.
 */
void ds_entry_fill(struct ds_task *task, struct ds_mapping *mapping,
		   struct ds_pgidx page, uint64_t entry, bool dirty);

/*
 * Notes a store behind the locked entry of @page, which has a block: the entry
 * stays what it is.
 *
 * Models: dax_insert_mapping_entry(), v4.19, over a data entry.
 */
void ds_entry_dirty(struct ds_task *task, struct ds_mapping *mapping,
		    struct ds_pgidx page);

/*
 * Unlocks the entry of @page and wakes one waiter. @charged: what a property
 * reads at this step.
 */
void ds_entry_unlock(struct ds_task *task, struct ds_mapping *mapping,
		     struct ds_pgidx page, ds_obj charged);

/*
 * Deletes the entries of @range, waiting for their locks; tells of a page that
 * still has references (warning W1).
 *
 * Models: dax_delete_mapping_entry() with trunc set, v4.19.
 */
void ds_mapping_delete(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pgrange range);

/*
 * Deletes the entries of @range that are not dirty, and then unmaps the range:
 * entries first, page tables second.
 *
 * Models: invalidate_inode_pages2_range() on DAX, v4.19.
 */
void ds_mapping_invalidate(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgrange range);

/*
 * Unmaps @range from all address spaces, then searches its entries in ascending
 * order for a page that is busy: one with references beyond idle, other than
 * those of page-table entries.
 *
 * @mapped_only: do nothing if nobody maps the file (all kernels to v6.14)
 *
 * Return: whether there is one, with its frame in @ret_pfn. No reference is
 * taken and no lock kept: what was seen may be old when the caller looks.
 *
 * Models: dax_layout_busy_page(), v4.17 to v6.15.
 */
bool ds_mapping_first_busy(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgrange range, bool mapped_only,
			   struct ds_pfn *ret_pfn);

/*
 * Flushes the dirty pages of @range to the medium and clears their tags. They
 * become read-only in every address space first, so that a later store faults
 * and makes its page dirty again.
 *
 * Models: dax_writeback_mapping_range().
 */
void ds_mapping_write_back(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgrange range);

/* Adds its entries and who maps the file. */
void ds_mapping_digest(const struct ds_mapping *mapping,
		       struct ds_digest *digest);

/* The entry of @page. A view, for properties. */
uint64_t ds_mapping_view(const struct ds_mapping *mapping,
			 struct ds_pgidx page);

static inline ds_obj ds_entry_object(const struct ds_mapping *mapping,
				     struct ds_pgidx page)
{
	return ds_object(DS_OBJ_ENTRY, mapping->inode, page.pgidx);
}

/* Which entries are present. */
static inline ds_obj ds_index_object(uint32_t inode)
{
	return ds_object(DS_OBJ_INDEX, inode, 0);
}

/* Which entries are dirty. */
static inline ds_obj ds_tags_object(uint32_t inode)
{
	return ds_object(DS_OBJ_INDEX, inode, 1);
}

#endif
