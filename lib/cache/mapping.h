/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CACHE_MAPPING_H
#define DS_CACHE_MAPPING_H

/*
 * The page cache of one DAX file: its entries with their locks, and who maps
 * the file.
 *
 * An entry is for one page or, with the HUGE bit, for all of a huge page; then
 * it stands at the first of them, and every page of these finds it.
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
	bool break_takes_copies; /* to v5.2: the search unmaps private copies */
	bool small_refuses;      /* v5.3: small entries refuse without a wait */
	bool protects_all;       /* v5.19: write-back protects every page */
	bool scan_skips_locked;  /* v4.20 to v6.14: the search skips them */
	bool scan_steps_by_one;  /* v4.18: ... goes on at the next page */
	unsigned int huge_order; /* log2 of a huge page's pages; 0: none */
	/* Entries that one look-up of the search for busy pages finds. */
	unsigned int scan_batch;
	/*
	 * Of a file that is not on DAX, whose entries have ordinary pages: what
	 * write-back does with one, whose entry is locked; and the file.
	 * Models: a_ops->writepage().
	 */
	void (*store_page)(struct ds_task *task, void *file,
			   struct ds_pgidx page, struct ds_pfn pfn);
	void *file;
};

/* As many as a pagevec holds. */
#define DS_SCAN_BATCH_MAX 15

int ds_mapping_init(struct ds_mapping *mapping, struct ds_arena *arena,
		    uint32_t inode, const char *rmap_name,
		    struct ds_frames *frames, struct ds_waitq_table *waitq,
		    unsigned int tree_shift, bool concurrent);

void ds_mapping_fini(struct ds_mapping *mapping);

/*
 * Locks the entry of @page, waiting for its lock, or inserts a locked EMPTY one
 * for this page. A huge one with a block is taken as it is; a huge one without
 * is replaced by one for this page, with the mappings of its zero page gone.
 * Return: 0 with the entry as it was before, or -ENOMEM.
 *
 * Models: grab_mapping_entry(), v4.19.
 */
int ds_entry_grab(struct ds_task *task, struct ds_mapping *mapping,
		  struct ds_pgidx page, uint64_t *ret_entry);

/*
 * The same for the huge page that begins at @page. Return: also DS_FALL_BACK,
 * if there is an entry for a single page of it.
 *
 * Models: grab_mapping_entry(), v4.19, grab_mapping_entry() with an order,
 * v5.3.
 */
int ds_entry_grab_huge(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pgidx page, uint64_t *ret_entry);

/*
 * Gives the locked entry of @page, which has no block, the value @entry
 * (without the lock bit; it stays locked) and ties its frames to the file.
 *
 * Models: dax_insert_mapping_entry(), v4.19, over an empty or zero entry.
 */
void ds_entry_fill(struct ds_task *task, struct ds_mapping *mapping,
		   struct ds_pgidx page, uint64_t entry, bool dirty);

/*
 * The same over any entry, @old, where other files have the block of @entry
 * too, or had that of @old.
 *
 * Models: dax_insert_entry() over a shared extent, v6.2.
 */
void ds_entry_replace(struct ds_task *task, struct ds_mapping *mapping,
		      struct ds_pgidx page, uint64_t old, uint64_t entry,
		      bool dirty);

/*
 * Notes a store behind the locked entry of @page, which has a block: the entry
 * stays what it is.
 *
 * Models: dax_insert_mapping_entry(), v4.19, over a data entry.
 */
void ds_entry_dirty(struct ds_task *task, struct ds_mapping *mapping,
		    struct ds_pgidx page);

/*
 * One try at locking the entry that ties the frame @pfn to @page, if @page is
 * still where it is. Return: 1, locked; 0, to be tried again: it was not, or
 * was locked, which has been waited for; -ENOENT, only where that is not looked
 * at: there is no entry.
 *
 * Models: the loop's body in dax_lock_page(), v4.20: the wait is not exclusive,
 * since the entry may be gone then and nobody passes a wake-up on.
 */
int ds_entry_lock_frame(struct ds_task *task, struct ds_mapping *mapping,
			struct ds_pgidx page, struct ds_pfn pfn);

/*
 * Unlocks what that locked.
 *
 * Models: dax_unlock_page(), which finds the entry by the page once more.
 */
void ds_entry_unlock_frame(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgidx page, struct ds_pfn pfn);

/*
 * Notes that somebody without the entry's lock wrote to the ordinary page @pfn,
 * which is or was that of @page. Part of the caller's step, which writes the
 * tags and reads the entry.
 *
 * Models: __set_page_dirty().
 */
void ds_mapping_set_dirty(struct ds_task *task, struct ds_mapping *mapping,
			  struct ds_pgidx page, struct ds_pfn pfn);

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
 * The same for truncation, which from v6.15 on tells of each entry that the
 * wait for pins has left there (warning W12).
 *
 * Models: truncate_folio_batch_exceptionals() on DAX, v6.15.
 */
void ds_mapping_truncate(struct ds_task *task, struct ds_mapping *mapping,
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
 * Forgets that entries of @range are dirty, waiting for their locks.
 *
 * Models: __dax_clear_dirty_range(), v6.3.
 */
void ds_mapping_clean(struct ds_task *task, struct ds_mapping *mapping,
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
 * Flushes the pages of @range that are dirty now to the medium and clears their
 * tags. They become read-only in every address space first, so that a later
 * store faults and makes its page dirty again.
 *
 * What another task took to write meanwhile is passed by, be it flushed or not.
 *
 * Return: 0, or -EIO for a tag on an entry without a block (warning W7).
 *
 * Models: dax_writeback_mapping_range(). Differs: a page written by copying is
 * not marked as to be written when it is made dirty.
 */
int ds_mapping_write_back(struct ds_task *task, struct ds_mapping *mapping,
			  struct ds_pgrange range);

/* Adds its entries and who maps the file. */
void ds_mapping_digest(const struct ds_mapping *mapping,
		       struct ds_digest *digest);

/* The entry of @page, which may be a huge one. A view, for properties. */
uint64_t ds_mapping_view(const struct ds_mapping *mapping,
			 struct ds_pgidx page);

/* The first page of the huge page that holds @page. */
static inline struct ds_pgidx ds_huge_first(const struct ds_mapping *mapping,
					    struct ds_pgidx page)
{
	return ds_pgidx(page.pgidx >> mapping->huge_order
					      << mapping->huge_order);
}

/* The pages of @entry, which was found for @page. */
static inline struct ds_pgrange ds_entry_pages(const struct ds_mapping *mapping,
					       struct ds_pgidx page,
					       uint64_t entry)
{
	uint64_t n = 1;

	if (ds_entry_is_huge(entry)) {
		page = ds_huge_first(mapping, page);
		n <<= mapping->huge_order;
	}
	return ds_pgrange(page.pgidx, page.pgidx + n);
}

/*
 * The entry of @page: where there are huge ones, one object with all that can
 * stand in the way of a huge one.
 */
static inline ds_obj ds_entry_object(const struct ds_mapping *mapping,
				     struct ds_pgidx page)
{
	return ds_object(DS_OBJ_ENTRY, mapping->inode,
			 ds_huge_first(mapping, page).pgidx);
}

/* What waiters for the lock of the entry that stands at @first queue for. */
static inline ds_obj ds_entry_key(const struct ds_mapping *mapping,
				  struct ds_pgidx first)
{
	return ds_object(DS_OBJ_ENTRY, mapping->inode, first.pgidx);
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

/* Which entries a write-back is still to write. */
static inline ds_obj ds_towrite_object(uint32_t inode)
{
	return ds_object(DS_OBJ_INDEX, inode, 2);
}

#endif
