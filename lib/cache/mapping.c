// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cache/mapping.h"

#include <errno.h>

int ds_mapping_init(struct ds_mapping *mapping, struct ds_arena *arena,
		    uint32_t inode, const char *rmap_name,
		    struct ds_frames *frames, struct ds_waitq_table *waitq,
		    unsigned int tree_shift, bool concurrent)
{
	*mapping = (struct ds_mapping){
		.inode = inode,
		.frames = frames,
		.waitq = waitq,
	};
	ds_rmap_init(&mapping->rmap, inode, 0x10000 + inode, rmap_name);
	return ds_xtree_new(arena, tree_shift, concurrent, &mapping->tree);
}

void ds_mapping_fini(struct ds_mapping *mapping)
{
	ds_assert(!mapping->rmap.vmas);
	ds_xtree_free(mapping->tree);
	mapping->tree = NULL;
}

uint64_t ds_mapping_view(const struct ds_mapping *mapping, struct ds_pgidx page)
{
	uint64_t entry;

	ds_xtree_read_begin(mapping->tree);
	entry = ds_xtree_load(mapping->tree, page);
	ds_xtree_read_end(mapping->tree);
	return entry;
}

/*
 * Queues for the lock of an entry seen locked. Under the mapping's lock, so it
 * is part of the step that saw the bit.
 */
static void queue_for_entry(struct ds_task *task, struct ds_mapping *mapping,
			    struct ds_pgidx page)
{
	ds_wait_join(task, mapping->waitq, ds_entry_object(mapping, page),
		     true);
}

/* Sleeps after queue_for_entry(); the caller looks everything up again. */
static void sleep_for_entry(struct ds_task *task, struct ds_mapping *mapping,
			    struct ds_pgidx page)
{
	ds_tell(task, "wait for entry %llu", (unsigned long long)page.pgidx);
	ds_wait_sleep(task, ds_entry_object(mapping, page), false);
	ds_task_forget_wake(task);
}

/*
 * A step that looks at the entry of @page and, if it is locked, queues for it.
 * Return: whether it was unlocked; then the caller's own part of the step, in
 * which the mapping's lock is held, may go on.
 */
static bool look_locked(struct ds_task *task, struct ds_mapping *mapping,
			struct ds_pgidx page, uint64_t *ret_entry)
{
	ds_spin_lock(&mapping->lock);
	*ret_entry = ds_xtree_load(mapping->tree, page);
	ds_task_saw(task, *ret_entry);
	if (!ds_entry_is_locked(*ret_entry))
		return true;
	queue_for_entry(task, mapping, page);
	ds_spin_unlock(&mapping->lock);
	return false;
}

/* Locks the entry of @page; if there is none and @insert, a new one. */
static int lock_entry(struct ds_task *task, struct ds_mapping *mapping,
		      struct ds_pgidx page, bool insert, uint64_t *ret_entry)
{
	ds_obj object = ds_entry_object(mapping, page);
	uint64_t before = ds_task_enter(task);
	uint64_t entry, locked;
	int r = 0;

	for (;;) {
		ds_task_forget(task, before);
		ds_yield(task, DS_AT_ENTRY_GRAB, ds_writes(object),
			 ds_adds(ds_index_object(mapping->inode)),
			 ds_writes(ds_wait_object(object)));
		ds_touch(task, object, DS_WRITE);
		if (look_locked(task, mapping, page, &entry))
			break;
		sleep_for_entry(task, mapping, page);
	}
	locked = entry ? entry : DS_ENTRY_VALID | DS_ENTRY_EMPTY;
	if (entry || insert)
		r = ds_xtree_store(mapping->tree, page,
				   locked | DS_ENTRY_LOCKED);
	ds_spin_unlock(&mapping->lock);
	if (r < 0)
		return ds_task_void(task, r);
	ds_task_done(task, before, entry);
	*ret_entry = entry;
	return 0;
}

int ds_entry_grab(struct ds_task *task, struct ds_mapping *mapping,
		  struct ds_pgidx page, uint64_t *ret_entry)
{
	return lock_entry(task, mapping, page, true, ret_entry);
}

void ds_entry_fill(struct ds_task *task, struct ds_mapping *mapping,
		   struct ds_pgidx page, uint64_t entry, bool dirty)
{
	ds_obj object = ds_entry_object(mapping, page);
	struct ds_pfn pfn = ds_entry_pfn(entry);
	int r;

	ds_assert(!ds_entry_is_locked(entry));
	if (ds_entry_is_data(entry))
		ds_yield(task, DS_AT_ENTRY_FILL, ds_writes(object),
			 ds_writes(ds_owner_object(pfn)),
			 dirty ? ds_adds(ds_tags_object(mapping->inode))
			       : ds_reads(ds_object(DS_OBJ_NONE, 0, 0)));
	else
		ds_yield(task, DS_AT_ENTRY_FILL, ds_writes(object));
	ds_touch(task, object, DS_WRITE);
	ds_spin_lock(&mapping->lock);
	ds_assert(ds_entry_is_locked(ds_xtree_load(mapping->tree, page)));
	/* Replaces the locked entry, so it needs no memory. */
	r = ds_xtree_store(mapping->tree, page, entry | DS_ENTRY_LOCKED);
	ds_assert(r == 0);
	if (dirty) {
		ds_touch(task, ds_tags_object(mapping->inode), DS_ADD);
		ds_xtree_set_tag(mapping->tree, page, DS_XTREE_DIRTY);
	}
	ds_spin_unlock(&mapping->lock);
	if (ds_entry_is_data(entry))
		ds_frame_associate(task, mapping->frames, pfn, mapping->inode,
				   page);
}

void ds_entry_dirty(struct ds_task *task, struct ds_mapping *mapping,
		    struct ds_pgidx page)
{
	ds_obj object = ds_entry_object(mapping, page);

	ds_yield(task, DS_AT_ENTRY_FILL, ds_writes(object),
		 ds_adds(ds_tags_object(mapping->inode)));
	ds_touch(task, object, DS_WRITE);
	ds_touch(task, ds_tags_object(mapping->inode), DS_ADD);
	ds_spin_lock(&mapping->lock);
	ds_assert(ds_entry_is_locked(ds_xtree_load(mapping->tree, page)));
	ds_xtree_set_tag(mapping->tree, page, DS_XTREE_DIRTY);
	ds_spin_unlock(&mapping->lock);
}

void ds_entry_unlock(struct ds_task *task, struct ds_mapping *mapping,
		     struct ds_pgidx page, ds_obj charged)
{
	ds_obj object = ds_entry_object(mapping, page);
	struct ds_event event = {
		.kind = DS_EV_ENTRY_UNLOCKED,
		.inode = mapping->inode,
		.page = page,
	};
	uint64_t before = ds_task_enter(task);
	uint64_t entry;
	bool waited_for;
	int r;

	ds_yield(task, DS_AT_ENTRY_UNLOCK, ds_writes(object), ds_reads(charged),
		 ds_reads(ds_wait_object(object)));
	ds_touch(task, object, DS_WRITE);
	ds_spin_lock(&mapping->lock);
	entry = ds_xtree_load(mapping->tree, page);
	ds_assert(ds_entry_is_locked(entry));
	r = ds_xtree_store(mapping->tree, page, entry & ~DS_ENTRY_LOCKED);
	ds_assert(r == 0);
	waited_for = ds_wait_has_waiters(task, mapping->waitq, object);
	ds_spin_unlock(&mapping->lock);
	ds_task_send(task, &event);
	if (waited_for && ds_keeps(task, DS_RULE_UNLOCK_ENTRY_WAKES))
		ds_wake(task, mapping->waitq, object, false);
	ds_task_done(task, before, 0);
}

/* A step that finds the first entry in @range. */
static bool next_entry(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pgrange range, ds_obj charged,
		       struct ds_pgidx *ret_page)
{
	uint64_t entry;

	ds_yield(task, DS_AT_ENTRY_NEXT,
		 ds_reads(ds_index_object(mapping->inode)), ds_reads(charged));
	ds_touch(task, ds_index_object(mapping->inode), DS_READ);
	ds_spin_lock(&mapping->lock);
	entry = ds_xtree_next(mapping->tree, range, ret_page);
	ds_spin_unlock(&mapping->lock);
	ds_task_saw(task, entry ? ret_page->pgidx : UINT64_MAX);
	return entry != 0;
}

/* The frame a data entry names; frame 0 stands for none in declarations. */
static ds_obj guess_refs(const struct ds_mapping *mapping, struct ds_pgidx page,
			 uint64_t *ret_entry)
{
	*ret_entry = ds_mapping_view(mapping, page);
	return ds_entry_is_data(*ret_entry)
		       ? ds_refs_object(ds_entry_pfn(*ret_entry))
		       : ds_object(DS_OBJ_NONE, 0, 0);
}

static ds_obj guess_owner(uint64_t entry)
{
	return ds_entry_is_data(entry) ? ds_owner_object(ds_entry_pfn(entry))
				       : ds_object(DS_OBJ_NONE, 0, 1);
}

static void warn_if_busy(struct ds_task *task, struct ds_mapping *mapping,
			 struct ds_pgidx page, struct ds_pfn pfn)
{
	/* Where entries of page tables hold references nobody warns. */
	if (mapping->frames->pte_holds_ref ||
	    ds_frame_refs(task, mapping->frames, pfn) == mapping->frames->idle)
		return;
	ds_warn(task, DS_WARN_BUSY_PAGE_REMOVED, mapping->inode, page, pfn);
}

/* Why an entry goes. */
enum removal {
	TRUNCATED,   /* its block goes too */
	INVALIDATED, /* only if it is clean */
};

/*
 * Under the mapping's lock, in a step that declared all of it. Return: whether
 * the entry is gone.
 */
static bool erase_entry(struct ds_task *task, struct ds_mapping *mapping,
			struct ds_pgidx page, uint64_t entry, enum removal why)
{
	struct ds_pfn pfn = ds_entry_pfn(entry);

	if (!entry)
		return false;
	if (why == INVALIDATED &&
	    ds_xtree_has_tag(mapping->tree, page, DS_XTREE_DIRTY))
		return false;
	ds_touch(task, ds_index_object(mapping->inode), DS_ADD);
	ds_xtree_erase(mapping->tree, page);
	if (!ds_entry_is_data(entry))
		return true;
	ds_touch(task, ds_tags_object(mapping->inode), DS_ADD);
	if (why == TRUNCATED)
		warn_if_busy(task, mapping, page, pfn);
	ds_frame_associate(task, mapping->frames, pfn, 0, ds_pgidx(0));
	return true;
}

static void delete_entry(struct ds_task *task, struct ds_mapping *mapping,
			 struct ds_pgidx page, enum removal why)
{
	ds_obj object = ds_entry_object(mapping, page);
	uint64_t before = ds_task_enter(task);
	bool gone, waited_for;
	uint64_t guess, entry;

	for (;;) {
		ds_obj refs = guess_refs(mapping, page, &guess);

		ds_task_forget(task, before);
		ds_task_saw(task, guess);
		ds_yield(task, DS_AT_ENTRY_DELETE, ds_writes(object),
			 ds_adds(ds_index_object(mapping->inode)),
			 ds_writes(ds_wait_object(object)), ds_reads(refs),
			 ds_writes(guess_owner(guess)),
			 ds_adds(ds_tags_object(mapping->inode)));
		ds_touch(task, object, DS_WRITE);
		if (!look_locked(task, mapping, page, &entry)) {
			sleep_for_entry(task, mapping, page);
			continue;
		}
		if (entry == guess)
			break;
		ds_spin_unlock(&mapping->lock);
	}
	gone = erase_entry(task, mapping, page, entry, why);
	/* An entry that stays was looked at: that may have cost a wake-up. */
	waited_for = entry && ds_wait_has_waiters(task, mapping->waitq, object);
	ds_spin_unlock(&mapping->lock);
	if (gone)
		ds_tell(task, "delete entry %llu",
			(unsigned long long)page.pgidx);
	if (waited_for && ds_keeps(task, DS_RULE_DELETE_WAKES))
		ds_wake(task, mapping->waitq, object,
			gone && mapping->delete_wakes_all &&
				ds_keeps(task, DS_RULE_DELETE_WAKES_ALL));
	ds_task_done(task, before, 0);
}

static void delete_range(struct ds_task *task, struct ds_mapping *mapping,
			 struct ds_pgrange range, enum removal why)
{
	uint64_t before = ds_task_enter(task);
	struct ds_pgidx page;

	while (!ds_pgrange_is_empty(range) &&
	       next_entry(task, mapping, range, ds_object(DS_OBJ_NONE, 0, 0),
			  &page)) {
		delete_entry(task, mapping, page, why);
		range.first.pgidx = page.pgidx + 1;
		ds_task_forget(task, before);
		ds_task_saw(task, range.first.pgidx);
		/* Erased nodes wait for their readers, with no lock held. */
		ds_xtree_reclaim(mapping->tree);
	}
	ds_task_done(task, before, 0);
}

void ds_mapping_delete(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pgrange range)
{
	delete_range(task, mapping, range, TRUNCATED);
}

void ds_mapping_invalidate(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgrange range)
{
	bool entries_first = ds_keeps(task, DS_RULE_INVALIDATE_ENTRIES_FIRST);

	if (!entries_first)
		ds_rmap_unmap(task, &mapping->rmap, range);
	delete_range(task, mapping, range, INVALIDATED);
	if (entries_first)
		ds_rmap_unmap(task, &mapping->rmap, range);
}

/*
 * Whether the page of one entry is busy; waits until the entry is unlocked. A
 * look at an unlocked entry passes on the wake-up it may have consumed.
 */
static bool entry_is_busy(struct ds_task *task, struct ds_mapping *mapping,
			  struct ds_pgidx page, struct ds_pfn *ret_pfn)
{
	ds_obj object = ds_entry_object(mapping, page);
	bool waited_for, busy = false;
	uint64_t before = ds_task_enter(task);
	uint64_t guess, entry;

	for (;;) {
		ds_obj refs = guess_refs(mapping, page, &guess);

		ds_task_forget(task, before);
		ds_task_saw(task, guess);
		ds_yield(task, DS_AT_BUSY_TEST, ds_reads(object),
			 ds_reads(refs), ds_writes(ds_wait_object(object)));
		ds_touch(task, object, DS_READ);
		if (ds_entry_is_locked(ds_mapping_view(mapping, page)) &&
		    !ds_keeps(task, DS_RULE_SCAN_AWAITS_ENTRY))
			return false;
		if (!look_locked(task, mapping, page, &entry)) {
			sleep_for_entry(task, mapping, page);
			if (!ds_keeps(task, DS_RULE_SCAN_LOOKS_AGAIN))
				return false;
			continue;
		}
		if (entry == guess)
			break;
		ds_spin_unlock(&mapping->lock);
	}
	if (ds_entry_is_data(entry)) {
		*ret_pfn = ds_entry_pfn(entry);
		busy = ds_frame_is_busy(task, mapping->frames, *ret_pfn);
	}
	waited_for = entry && ds_wait_has_waiters(task, mapping->waitq, object);
	ds_spin_unlock(&mapping->lock);
	ds_tell(task, "scan: page %llu is %s", (unsigned long long)page.pgidx,
		busy ? "busy" : "idle");
	if (waited_for && ds_keeps(task, DS_RULE_SCAN_PASSES_WAKE_ON))
		ds_wake(task, mapping->waitq, object, false);
	ds_task_done(task, before, busy ? ret_pfn->pfn : UINT64_MAX);
	return busy;
}

static void tell_clean(struct ds_task *task, const struct ds_mapping *mapping,
		       const char *text)
{
	struct ds_event event = {
		.kind = DS_EV_SCANNED_CLEAN,
		.inode = mapping->inode,
	};

	ds_tell(task, "scan: %s", text);
	ds_task_send(task, &event);
}

bool ds_mapping_first_busy(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgrange range, bool mapped_only,
			   struct ds_pfn *ret_pfn)
{
	bool unmap = ds_keeps(task, DS_RULE_UNMAP_FOR_SCAN);
	bool unmap_first = ds_keeps(task, DS_RULE_UNMAP_BEFORE_SCAN);
	ds_obj holders = ds_holders_object(mapping->inode);
	uint64_t before = ds_task_enter(task), unmapped;
	struct ds_pgrange left = range;
	struct ds_pgidx page;

	mapped_only |= !ds_keeps(task, DS_RULE_SCAN_UNMAPPED_TOO);
	if (mapped_only && !ds_rmap_is_mapped(task, &mapping->rmap, holders)) {
		tell_clean(task, mapping, "nobody maps the file, not looking");
		ds_task_done(task, before, UINT64_MAX);
		return false;
	}
	/*
	 * First unmap, then look at counts: a lockless pin that we do not see
	 * then sees our change of the page table and backs out.
	 */
	if (unmap && unmap_first)
		ds_rmap_unmap(task, &mapping->rmap, range);
	unmapped = ds_task_enter(task);
	while (!ds_pgrange_is_empty(left) &&
	       next_entry(task, mapping, left, holders, &page)) {
		if (entry_is_busy(task, mapping, page, ret_pfn)) {
			ds_task_done(task, before, ret_pfn->pfn);
			return true;
		}
		left.first.pgidx = page.pgidx + 1;
		ds_task_forget(task, unmapped);
		ds_task_saw(task, left.first.pgidx);
		if (!ds_keeps(task, DS_RULE_SCAN_EVERY_PAGE))
			break;
	}
	if (!unmap_first)
		ds_rmap_unmap(task, &mapping->rmap, range);
	ds_task_done(task, before, UINT64_MAX);
	tell_clean(task, mapping, "no busy page");
	return false;
}

static void write_back_entry(struct ds_task *task, struct ds_mapping *mapping,
			     struct ds_pgidx page)
{
	uint64_t entry;

	/* It may have been deleted since it was found. */
	if (lock_entry(task, mapping, page, false, &entry) < 0 || !entry)
		return;
	if (ds_entry_is_data(entry)) {
		/* A store behind the flush must fault, to be noted again. */
		ds_rmap_protect(task, &mapping->rmap, page);
		ds_yield(task, DS_AT_BYTES_READ,
			 ds_reads(ds_bytes_object(ds_entry_pfn(entry))),
			 ds_adds(ds_tags_object(mapping->inode)));
		ds_touch(task, ds_tags_object(mapping->inode), DS_ADD);
		ds_region_flush(mapping->frames->region,
				ds_frame_bytes(mapping->frames,
					       ds_entry_pfn(entry)),
				DS_PAGE_SIZE);
		ds_spin_lock(&mapping->lock);
		ds_xtree_clear_tag(mapping->tree, page, DS_XTREE_DIRTY);
		ds_spin_unlock(&mapping->lock);
	}
	ds_entry_unlock(task, mapping, page, ds_object(DS_OBJ_NONE, 0, 0));
}

void ds_mapping_write_back(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgrange range)
{
	uint64_t before = ds_task_enter(task);
	struct ds_pgidx page;
	uint64_t entry;

	for (;;) {
		ds_yield(task, DS_AT_ENTRY_NEXT,
			 ds_reads(ds_tags_object(mapping->inode)));
		ds_touch(task, ds_tags_object(mapping->inode), DS_READ);
		ds_spin_lock(&mapping->lock);
		entry = ds_xtree_next_tagged(mapping->tree, range,
					     DS_XTREE_DIRTY, &page);
		ds_spin_unlock(&mapping->lock);
		ds_task_saw(task, entry ? page.pgidx : UINT64_MAX);
		if (!entry)
			break;
		write_back_entry(task, mapping, page);
		range.first.pgidx = page.pgidx + 1;
		ds_task_forget(task, before);
		ds_task_saw(task, range.first.pgidx);
	}
	ds_task_done(task, before, 0);
}

void ds_mapping_digest(const struct ds_mapping *mapping,
		       struct ds_digest *digest)
{
	ds_xtree_digest(mapping->tree, digest);
	ds_rmap_digest(&mapping->rmap, digest);
}
