// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cache/mapping.h"

#include <errno.h>

#include "sched/sched.h"

int ds_mapping_init(struct ds_mapping *mapping, struct ds_arena *arena,
		    uint32_t inode, const char *rmap_name,
		    struct ds_frames *frames, struct ds_waitq_table *waitq,
		    unsigned int tree_shift, bool concurrent)
{
	*mapping = (struct ds_mapping){
		.inode = inode,
		.frames = frames,
		.waitq = waitq,
		.huge_order = frames->huge_order,
		.scan_batch = 1,
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

/* What stands for a page, and where. */
struct found {
	uint64_t entry; /* 0: nothing */
	struct ds_pgidx first;
};

static struct found find(const struct ds_mapping *mapping, struct ds_pgidx page)
{
	struct ds_pgidx first = ds_huge_first(mapping, page);
	struct found found = {ds_xtree_load(mapping->tree, page), page};
	uint64_t huge;

	if (ds_likely(found.entry || first.pgidx == page.pgidx))
		return found;
	huge = ds_xtree_load(mapping->tree, first);
	return ds_entry_is_huge(huge) ? (struct found){huge, first} : found;
}

static struct ds_pgrange pages_of(const struct ds_mapping *mapping,
				  struct found found)
{
	return ds_entry_pages(mapping, found.first, found.entry);
}

uint64_t ds_mapping_view(const struct ds_mapping *mapping, struct ds_pgidx page)
{
	uint64_t entry;

	if (ds_likely(!mapping->huge_order))
		return ds_xtree_look(mapping->tree, page);
	ds_xtree_read_begin(mapping->tree);
	entry = find(mapping, page).entry;
	ds_xtree_read_end(mapping->tree);
	return entry;
}

/*
 * The queues in which a step on the entry of @page may have to do: its own and
 * that of a huge one. Return: how many.
 */
static unsigned int add_queues(const struct ds_mapping *mapping,
			       struct ds_pgidx page, struct ds_access *ret)
{
	struct ds_pgidx first = ds_huge_first(mapping, page);

	ret[0] = ds_writes(ds_wait_object(ds_entry_key(mapping, page)));
	ret[1] = ds_writes(ds_wait_object(ds_entry_key(mapping, first)));
	return first.pgidx == page.pgidx ? 1 : 2;
}

/*
 * Queues for the lock of an entry seen locked. Under the mapping's lock, so it
 * is part of the step that saw the bit.
 */
static void queue_for_entry(struct ds_task *task, struct ds_mapping *mapping,
			    struct ds_pgidx first)
{
	ds_wait_join(task, mapping->waitq, ds_entry_key(mapping, first), true);
}

/* Sleeps after queue_for_entry(); the caller looks everything up again. */
static void sleep_for_entry(struct ds_task *task, struct ds_mapping *mapping,
			    struct ds_pgidx first)
{
	ds_tell(task, "wait for entry %llu", (unsigned long long)first.pgidx);
	ds_wait_sleep(task, ds_entry_key(mapping, first), false);
	ds_task_forget_wake(task);
}

/*
 * A step that looks at the entry of @page and, if it is locked, queues for it.
 * Return: whether it was unlocked; then the caller's own part of the step, in
 * which the mapping's lock is held, may go on.
 */
static bool look_locked(struct ds_task *task, struct ds_mapping *mapping,
			struct ds_pgidx page, struct found *ret_found)
{
	ds_spin_lock(&mapping->lock);
	*ret_found = find(mapping, page);
	ds_task_saw(task, ret_found->entry);
	if (!ds_entry_is_locked(ret_found->entry))
		return true;
	queue_for_entry(task, mapping, ret_found->first);
	ds_spin_unlock(&mapping->lock);
	return false;
}

/*
 * Whether the entry that the task locked was deleted under it, which only who
 * does not wait for locked entries does.
 */
static bool was_deleted(struct ds_task *task, struct found found)
{
	if (ds_entry_is_locked(found.entry))
		return false;
	ds_assert(!ds_keeps(task, DS_RULE_DELETE_AWAITS_ENTRY));
	return true;
}

static void declare_grab(struct ds_task *task, const struct ds_mapping *mapping,
			 struct ds_pgidx page)
{
	struct ds_access accesses[4] = {
		ds_writes(ds_entry_object(mapping, page)),
		ds_adds(ds_index_object(mapping->inode)),
	};
	unsigned int n = 2;

	if (task->controlled) {
		n += add_queues(mapping, page, accesses + n);
		ds_yield_controlled(task, DS_AT_ENTRY_GRAB, n, accesses);
	}
	ds_touch(task, accesses[0].obj, DS_WRITE);
}

/*
 * With the huge entry @huge, which has no block, locked: a small one for @page
 * takes its place. Its waiters may be for other pages than @page, so that none
 * of them would wake the next.
 */
static int downgrade(struct ds_task *task, struct ds_mapping *mapping,
		     struct found huge, struct ds_pgidx page)
{
	ds_obj key = ds_entry_key(mapping, huge.first);
	bool waited_for;
	int r;

	if ((huge.entry & DS_ENTRY_ZERO) &&
	    ds_keeps(task, DS_RULE_DOWNGRADE_UNMAPS))
		ds_rmap_unmap(task, &mapping->rmap, pages_of(mapping, huge),
			      false);
	declare_grab(task, mapping, page);
	ds_touch(task, ds_index_object(mapping->inode), DS_ADD);
	ds_spin_lock(&mapping->lock);
	ds_xtree_erase(mapping->tree, huge.first);
	waited_for = ds_wait_has_waiters(task, mapping->waitq, key);
	r = ds_xtree_store(mapping->tree, page,
			   DS_ENTRY_VALID | DS_ENTRY_EMPTY | DS_ENTRY_LOCKED);
	ds_spin_unlock(&mapping->lock);
	ds_tell(task, "huge entry %llu gives way",
		(unsigned long long)huge.first.pgidx);
	if (waited_for)
		ds_wake(task, mapping->waitq, key,
			ds_keeps(task, DS_RULE_DOWNGRADE_WAKES_ALL));
	return r;
}

int ds_entry_grab(struct ds_task *task, struct ds_mapping *mapping,
		  struct ds_pgidx page, uint64_t *ret_entry)
{
	uint64_t before = ds_task_enter(task);
	struct found found;
	uint64_t locked;
	int r = 0;

	for (;;) {
		ds_task_forget(task, before);
		declare_grab(task, mapping, page);
		if (look_locked(task, mapping, page, &found))
			break;
		sleep_for_entry(task, mapping, found.first);
	}
	locked = found.entry ? found.entry : DS_ENTRY_VALID | DS_ENTRY_EMPTY;
	r = ds_xtree_store(mapping->tree, found.first,
			   locked | DS_ENTRY_LOCKED);
	ds_spin_unlock(&mapping->lock);
	if (r == 0 && ds_entry_is_huge(found.entry) &&
	    !ds_entry_is_data(found.entry)) {
		r = downgrade(task, mapping, found, page);
		found.entry = 0;
	}
	if (r < 0)
		return ds_task_void(task, r);
	ds_task_done(task, before, found.entry);
	*ret_entry = found.entry;
	return 0;
}

/* What a request for a huge entry meets. */
enum meeting {
	MEETS_NONE,
	MEETS_HUGE,
	MEETS_LOCKED, /* ... and has to wait */
	MEETS_SMALL,
};

/*
 * Of small entries kernels to v4.19 look at the first page's and wait for its
 * lock; the others stand in the way of the insertion. From v5.3 on any refuses
 * at once. Between these any was looked for, and waited for in the queue of the
 * first page, where nobody wakes who waits for another.
 */
static enum meeting meet(struct ds_task *task, const struct ds_mapping *mapping,
			 struct ds_pgidx first, struct found *ret_found)
{
	struct ds_pgrange range = ds_entry_pages(mapping, first, DS_ENTRY_HUGE);
	bool own_queue = ds_keeps(task, DS_RULE_WAIT_IN_ITS_QUEUE);
	struct found found = {0, first};
	uint64_t at_first;

	found.entry = ds_xtree_next(mapping->tree, range, &found.first);
	at_first = found.first.pgidx == first.pgidx ? found.entry : 0;
	ds_task_saw(task, found.entry);
	ds_task_saw(task, found.first.pgidx);
	*ret_found = found;
	if (!found.entry)
		return MEETS_NONE;
	if (ds_entry_is_huge(found.entry))
		return ds_entry_is_locked(found.entry) ? MEETS_LOCKED
						       : MEETS_HUGE;
	if (!own_queue)
		return ds_entry_is_locked(found.entry) ? MEETS_LOCKED
						       : MEETS_SMALL;
	if (mapping->small_refuses)
		return MEETS_SMALL;
	return ds_entry_is_locked(at_first) ? MEETS_LOCKED : MEETS_SMALL;
}

/* A step that looks for what is in the way, with the mapping's lock held on
 * return; waits for locks. */
static enum meeting look_huge(struct ds_task *task, struct ds_mapping *mapping,
			      struct ds_pgidx first, struct found *ret_found)
{
	uint64_t before = ds_task_enter(task);
	enum meeting meeting;

	for (;;) {
		ds_task_forget(task, before);
		declare_grab(task, mapping, first);
		ds_spin_lock(&mapping->lock);
		meeting = meet(task, mapping, first, ret_found);
		if (meeting != MEETS_LOCKED)
			return meeting;
		queue_for_entry(task, mapping, first);
		ds_spin_unlock(&mapping->lock);
		sleep_for_entry(task, mapping, first);
	}
}

int ds_entry_grab_huge(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pgidx first, uint64_t *ret_entry)
{
	ds_obj key = ds_entry_key(mapping, first);
	uint64_t before = ds_task_enter(task);
	uint64_t huge = DS_ENTRY_VALID | DS_ENTRY_EMPTY | DS_ENTRY_HUGE;
	bool waited_for = false;
	enum meeting meeting;
	struct found found;
	int r = 0;

	ds_assert(ds_huge_first(mapping, first).pgidx == first.pgidx);
	meeting = look_huge(task, mapping, first, &found);
	if (meeting == MEETS_SMALL)
		/* The look may have cost a wake-up, which is passed on. */
		waited_for = ds_wait_has_waiters(task, mapping->waitq, key);
	else
		r = ds_xtree_store(mapping->tree, first,
				   (found.entry ? found.entry : huge) |
					   DS_ENTRY_LOCKED);
	ds_spin_unlock(&mapping->lock);
	if (r < 0)
		return ds_task_void(task, r);
	*ret_entry = found.entry;
	if (meeting != MEETS_SMALL) {
		ds_task_done(task, before, found.entry);
		return 0;
	}
	ds_tell(task, "entry %llu is in the way",
		(unsigned long long)found.first.pgidx);
	if (waited_for && ds_keeps(task, DS_RULE_REFUSAL_PASSES_WAKE_ON))
		ds_wake(task, mapping->waitq, key, false);
	ds_task_done(task, before, UINT64_MAX);
	return DS_FALL_BACK;
}

/* Whether the frames of @entry are one folio, which counts for all of them. */
static bool is_folio(const struct ds_mapping *mapping, uint64_t entry)
{
	return mapping->frames->pte_holds_ref && ds_entry_is_huge(entry);
}

/* Ties one frame to @page, in a step that writes its OWNER. */
static void tie_frame(struct ds_task *task, struct ds_mapping *mapping,
		      struct ds_pfn pfn, struct ds_pgidx page)
{
	if (ds_frame_associate(task, mapping->frames, pfn, mapping->inode,
			       page))
		ds_warn(task, DS_WARN_OWNED_ALREADY, mapping->inode, page, pfn);
}

/*
 * Ties the frames of a data entry to the file: from v6.15 on the folio that
 * they become.
 *
 * Models: dax_associate_entry().
 */
static void tie_frames(struct ds_task *task, struct ds_mapping *mapping,
		       struct found found)
{
	struct ds_pgrange pages = pages_of(mapping, found);
	struct ds_pfn pfn = ds_entry_pfn(found.entry);

	if (is_folio(mapping, found.entry)) {
		if (ds_frame_refs(task, mapping->frames, pfn))
			ds_warn(task, DS_WARN_FOLIO_STATE, mapping->inode,
				found.first, pfn);
		ds_frame_join(task, mapping->frames, pfn, mapping->huge_order);
		tie_frame(task, mapping, pfn, pages.first);
		return;
	}
	for (; !ds_pgrange_is_empty(pages); pages.first.pgidx++, pfn.pfn++)
		tie_frame(task, mapping, pfn, pages.first);
}

static ds_obj guess_owner(const struct ds_mapping *mapping, uint64_t entry)
{
	return ds_entry_is_data(entry)
		       ? ds_frame_owner_object(mapping->frames,
					       ds_entry_pfn(entry))
		       : ds_object(DS_OBJ_NONE, 0, 1);
}

void ds_entry_fill(struct ds_task *task, struct ds_mapping *mapping,
		   struct ds_pgidx page, uint64_t entry, bool dirty)
{
	ds_obj object = ds_entry_object(mapping, page);
	ds_obj nothing = ds_object(DS_OBJ_NONE, 0, 0);
	struct ds_pfn pfn = ds_entry_pfn(entry);
	struct found found;
	int r;

	ds_assert(!ds_entry_is_locked(entry));
	if (ds_entry_is_data(entry))
		ds_yield(task, DS_AT_ENTRY_FILL, ds_writes(object),
			 ds_writes(ds_frame_owner_object(mapping->frames, pfn)),
			 dirty ? ds_adds(ds_tags_object(mapping->inode))
			       : ds_reads(nothing),
			 is_folio(mapping, entry)
				 ? ds_writes(ds_frame_refs_object(
					   mapping->frames, pfn))
				 : ds_reads(nothing));
	else
		ds_yield(task, DS_AT_ENTRY_FILL, ds_writes(object));
	ds_touch(task, object, DS_WRITE);
	ds_spin_lock(&mapping->lock);
	found = find(mapping, page);
	if (was_deleted(task, found)) {
		ds_spin_unlock(&mapping->lock);
		ds_warn(task, DS_WARN_REPLACED_OTHER, mapping->inode, page,
			pfn);
		return;
	}
	ds_assert(ds_entry_is_huge(found.entry) == ds_entry_is_huge(entry));
	/* Replaces the locked entry, so it needs no memory. */
	r = ds_xtree_store(mapping->tree, found.first, entry | DS_ENTRY_LOCKED);
	ds_assert(r == 0);
	if (dirty) {
		ds_touch(task, ds_tags_object(mapping->inode), DS_ADD);
		ds_xtree_set_tag(mapping->tree, found.first, DS_XTREE_DIRTY);
	}
	ds_spin_unlock(&mapping->lock);
	found.entry = entry;
	if (ds_entry_is_data(entry))
		tie_frames(task, mapping, found);
}

void ds_entry_replace(struct ds_task *task, struct ds_mapping *mapping,
		      struct ds_pgidx page, uint64_t old, uint64_t entry,
		      bool dirty)
{
	ds_obj object = ds_entry_object(mapping, page);
	struct ds_pfn pfn = ds_entry_pfn(entry);
	int r;

	ds_assert(ds_entry_is_data(entry) && !ds_entry_is_locked(entry));
	ds_assert(!ds_entry_is_huge(old) && !ds_entry_is_huge(entry));
	ds_yield(task, DS_AT_ENTRY_FILL, ds_writes(object),
		 ds_writes(ds_frame_owner_object(mapping->frames, pfn)),
		 ds_writes(guess_owner(mapping, old)),
		 dirty ? ds_adds(ds_tags_object(mapping->inode))
		       : ds_reads(ds_object(DS_OBJ_NONE, 0, 0)));
	ds_touch(task, object, DS_WRITE);
	ds_spin_lock(&mapping->lock);
	/* Replaces the locked entry, so it needs no memory. */
	r = ds_xtree_store(mapping->tree, page, entry | DS_ENTRY_LOCKED);
	ds_assert(r == 0);
	if (dirty)
		ds_xtree_set_tag(mapping->tree, page, DS_XTREE_DIRTY);
	ds_spin_unlock(&mapping->lock);
	if (ds_entry_is_data(old))
		ds_frame_dissociate(task, mapping->frames, ds_entry_pfn(old));
	ds_frame_associate_shared(task, mapping->frames, pfn, mapping->inode,
				  page);
}

void ds_entry_dirty(struct ds_task *task, struct ds_mapping *mapping,
		    struct ds_pgidx page)
{
	ds_obj object = ds_entry_object(mapping, page);
	struct found found;

	ds_yield(task, DS_AT_ENTRY_FILL, ds_writes(object),
		 ds_adds(ds_tags_object(mapping->inode)));
	ds_touch(task, object, DS_WRITE);
	ds_touch(task, ds_tags_object(mapping->inode), DS_ADD);
	ds_spin_lock(&mapping->lock);
	found = find(mapping, page);
	if (!was_deleted(task, found))
		ds_xtree_set_tag(mapping->tree, found.first, DS_XTREE_DIRTY);
	ds_spin_unlock(&mapping->lock);
}

void ds_mapping_set_dirty(struct ds_task *task, struct ds_mapping *mapping,
			  struct ds_pgidx page, struct ds_pfn pfn)
{
	uint64_t entry;

	ds_touch(task, ds_entry_object(mapping, page), DS_READ);
	ds_touch(task, ds_tags_object(mapping->inode), DS_WRITE);
	ds_spin_lock(&mapping->lock);
	entry = ds_xtree_load(mapping->tree, page);
	if (ds_entry_is_data(entry) && ds_entry_pfn(entry).pfn == pfn.pfn)
		ds_xtree_set_tag(mapping->tree, page, DS_XTREE_DIRTY);
	ds_spin_unlock(&mapping->lock);
}

static void declare_unlock(struct ds_task *task,
			   const struct ds_mapping *mapping,
			   struct ds_pgidx page, ds_obj charged)
{
	struct ds_access accesses[4] = {
		ds_writes(ds_entry_object(mapping, page)),
		ds_reads(charged),
	};
	unsigned int n = 2, i;

	if (task->controlled) {
		n += add_queues(mapping, page, accesses + n);
		/* Here they are only looked at. */
		for (i = 2; i < n; i++)
			accesses[i].how = DS_READ;
		ds_yield_controlled(task, DS_AT_ENTRY_UNLOCK, n, accesses);
	}
	ds_touch(task, accesses[0].obj, DS_WRITE);
}

void ds_entry_unlock(struct ds_task *task, struct ds_mapping *mapping,
		     struct ds_pgidx page, ds_obj charged)
{
	struct ds_event event = {
		.kind = DS_EV_ENTRY_UNLOCKED,
		.inode = mapping->inode,
	};
	uint64_t before = ds_task_enter(task);
	struct found found;
	bool waited_for;
	ds_obj key;
	int r;

	declare_unlock(task, mapping, page, charged);
	ds_spin_lock(&mapping->lock);
	found = find(mapping, page);
	if (was_deleted(task, found)) {
		ds_spin_unlock(&mapping->lock);
		ds_warn(task, DS_WARN_NOT_LOCKED, mapping->inode, page,
			ds_pfn(0));
		ds_task_done(task, before, 0);
		return;
	}
	r = ds_xtree_store(mapping->tree, found.first,
			   found.entry & ~DS_ENTRY_LOCKED);
	ds_assert(r == 0);
	/* Whatever page was asked for, all wait where the entry stands. */
	key = ds_entry_key(mapping, ds_keeps(task, DS_RULE_UNLOCK_WAKES_FIRST)
					    ? found.first
					    : page);
	waited_for = ds_wait_has_waiters(task, mapping->waitq, key);
	ds_spin_unlock(&mapping->lock);
	event.page = found.first;
	ds_task_send(task, &event);
	if (waited_for && ds_keeps(task, DS_RULE_UNLOCK_ENTRY_WAKES))
		ds_wake(task, mapping->waitq, key, false);
	ds_task_done(task, before, 0);
}

/* Whether @pfn is tied to @page of the file: in a step that reads its OWNER. */
static bool is_at(struct ds_task *task, const struct ds_mapping *mapping,
		  struct ds_pgidx page, struct ds_pfn pfn)
{
	struct ds_pgidx at;

	return ds_frame_owner(task, mapping->frames, pfn, &at) ==
		       mapping->inode &&
	       at.pgidx == page.pgidx;
}

static void declare_lock_frame(struct ds_task *task,
			       const struct ds_mapping *mapping,
			       struct ds_pgidx page, struct ds_pfn pfn)
{
	struct ds_access accesses[4] = {
		ds_writes(ds_entry_object(mapping, page)),
		ds_reads(ds_frame_owner_object(mapping->frames, pfn)),
	};
	unsigned int n = 2;

	if (task->controlled) {
		n += add_queues(mapping, page, accesses + n);
		ds_yield_controlled(task, DS_AT_ENTRY_GRAB, n, accesses);
	}
}

int ds_entry_lock_frame(struct ds_task *task, struct ds_mapping *mapping,
			struct ds_pgidx page, struct ds_pfn pfn)
{
	bool rechecks = ds_keeps(task, DS_RULE_POISON_RECHECKS);
	struct found found = {0, page};
	int r = 1;

	declare_lock_frame(task, mapping, page, pfn);
	if (rechecks && !is_at(task, mapping, page, pfn))
		return 0;
	/* Not tied to it any more, the file may even be gone. */
	if (!mapping->tree)
		return -ENOENT;
	ds_touch(task, ds_entry_object(mapping, page), DS_WRITE);
	ds_spin_lock(&mapping->lock);
	found = find(mapping, page);
	ds_task_saw(task, found.entry);
	if (!found.entry)
		r = -ENOENT;
	else if (ds_entry_is_locked(found.entry))
		r = 0;
	if (r == 0)
		ds_wait_join(task, mapping->waitq,
			     ds_entry_key(mapping, found.first), false);
	/* It replaces an entry, so it needs no memory. */
	if (r > 0)
		ds_xtree_store(mapping->tree, found.first,
			       found.entry | DS_ENTRY_LOCKED);
	ds_spin_unlock(&mapping->lock);
	if (r == 0)
		sleep_for_entry(task, mapping, found.first);
	return r;
}

void ds_entry_unlock_frame(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgidx page, struct ds_pfn pfn)
{
	bool own = ds_keeps(task, DS_RULE_POISON_UNLOCKS_HEAD) ||
		   ds_huge_first(mapping, page).pgidx == page.pgidx;

	/* Without the check before, the page may be anywhere by now. */
	if (!ds_keeps(task, DS_RULE_POISON_RECHECKS)) {
		ds_yield(task, DS_AT_ENTRY_NEXT,
			 ds_reads(ds_frame_owner_object(mapping->frames, pfn)));
		own &= is_at(task, mapping, page, pfn);
	}
	if (own)
		ds_entry_unlock(task, mapping, page,
				ds_object(DS_OBJ_NONE, 0, 0));
}

/* The first entry that has a page in @range. Under the mapping's lock. */
static struct found find_next(const struct ds_mapping *mapping,
			      struct ds_pgrange range)
{
	struct found found = find(mapping, range.first);

	if (!found.entry)
		found.entry = ds_xtree_next(mapping->tree, range, &found.first);
	return found;
}

/* What a step learnt of where an entry is. */
static void saw_found(struct ds_task *task, struct found found)
{
	ds_task_saw(task, found.entry ? found.first.pgidx : UINT64_MAX);
	if (ds_entry_is_huge(found.entry))
		ds_task_saw(task, DS_ENTRY_HUGE);
}

/* A step that finds the first entry in @range. */
static bool next_entry(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pgrange range, struct found *ret_found)
{
	ds_yield(task, DS_AT_ENTRY_NEXT,
		 ds_reads(ds_index_object(mapping->inode)),
		 ds_reads(ds_object(DS_OBJ_NONE, 0, 0)));
	ds_touch(task, ds_index_object(mapping->inode), DS_READ);
	ds_spin_lock(&mapping->lock);
	*ret_found = find_next(mapping, range);
	ds_spin_unlock(&mapping->lock);
	saw_found(task, *ret_found);
	return ret_found->entry != 0;
}

/*
 * What a look at the counts of an entry's frames touches, @how. Return: how
 * many; a frame that is none stands for none in declarations.
 */
static unsigned int add_refs(const struct ds_mapping *mapping, uint64_t entry,
			     enum ds_how how, uint64_t n_max,
			     struct ds_access *ret)
{
	uint64_t n = 1, i;

	if (!ds_entry_is_data(entry)) {
		ret[0] = ds_reads(ds_object(DS_OBJ_NONE, 0, 0));
		return 1;
	}
	if (ds_entry_is_huge(entry) &&
	    !ds_frame_counts_together(mapping->frames))
		n <<= mapping->huge_order;
	if (n > n_max)
		n = n_max;
	for (i = 0; i < n; i++)
		ret[i] = (struct ds_access){
			ds_frame_refs_object(
				mapping->frames,
				ds_pfn(ds_entry_pfn(entry).pfn + i)),
			how, NULL};
	return (unsigned int)n;
}

static void warn_if_busy(struct ds_task *task, struct ds_mapping *mapping,
			 struct ds_pgidx page, struct ds_pfn pfn)
{
	/*
	 * Where entries of page tables hold references nobody warns, nor of
	 * ordinary pages: these are not given to anybody else in use.
	 */
	if (mapping->frames->pte_holds_ref || ds_pfn_is_cached(pfn) ||
	    ds_frame_refs(task, mapping->frames, pfn) == mapping->frames->idle)
		return;
	ds_warn(task, DS_WARN_BUSY_PAGE_REMOVED, mapping->inode, page, pfn);
}

/* Why an entry goes. */
enum removal {
	TRUNCATED,   /* its block goes too */
	DROPPED,     /* the same, by who waited for its pages */
	INVALIDATED, /* only if it is clean */
};

static void part_frame(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pfn pfn, struct ds_pgidx page,
		       enum removal why)
{
	uint32_t owner;

	if (why != INVALIDATED)
		warn_if_busy(task, mapping, page, pfn);
	owner = ds_frame_dissociate(task, mapping->frames, pfn);
	if (owner && owner != mapping->inode && owner != DS_SHARED_MAPPING &&
	    !mapping->frames->pte_holds_ref)
		ds_warn(task, DS_WARN_OTHER_OWNER, mapping->inode, page, pfn);
}

/* Models: dax_disassociate_entry(), from v6.15 dax_folio_put(). */
static void part_frames(struct ds_task *task, struct ds_mapping *mapping,
			struct found found, enum removal why)
{
	struct ds_pgrange pages = pages_of(mapping, found);
	struct ds_pfn pfn = ds_entry_pfn(found.entry);

	if (is_folio(mapping, found.entry)) {
		if (ds_frame_refs(task, mapping->frames, pfn))
			ds_warn(task, DS_WARN_FOLIO_STATE, mapping->inode,
				found.first, pfn);
		ds_frame_split(task, mapping->frames, pfn);
		part_frame(task, mapping, pfn, found.first, why);
		return;
	}
	for (; !ds_pgrange_is_empty(pages); pages.first.pgidx++, pfn.pfn++)
		part_frame(task, mapping, pfn, pages.first, why);
}

/*
 * Under the mapping's lock, in a step that declared all of it. Return: whether
 * the entry is gone.
 */
static bool erase_entry(struct ds_task *task, struct ds_mapping *mapping,
			struct found found, enum removal why)
{
	if (!found.entry)
		return false;
	if (why == INVALIDATED &&
	    ds_xtree_has_tag(mapping->tree, found.first, DS_XTREE_DIRTY))
		return false;
	ds_touch(task, ds_index_object(mapping->inode), DS_ADD);
	ds_xtree_erase(mapping->tree, found.first);
	if (!ds_entry_is_data(found.entry))
		return true;
	ds_touch(task, ds_tags_object(mapping->inode), DS_ADD);
	ds_touch(task, ds_towrite_object(mapping->inode), DS_ADD);
	part_frames(task, mapping, found, why);
	return true;
}

static void declare_delete(struct ds_task *task,
			   const struct ds_mapping *mapping,
			   struct ds_pgidx page, uint64_t guess)
{
	struct ds_access accesses[DS_ACCESS_MAX] = {
		ds_writes(ds_entry_object(mapping, page)),
		ds_adds(ds_index_object(mapping->inode)),
		ds_adds(ds_tags_object(mapping->inode)),
		ds_adds(ds_towrite_object(mapping->inode)),
		ds_writes(guess_owner(mapping, guess)),
	};
	unsigned int n = 5;

	if (task->controlled) {
		n += add_queues(mapping, page, accesses + n);
		/* To split a folio writes its count. */
		n += add_refs(mapping, guess,
			      is_folio(mapping, guess) ? DS_WRITE : DS_READ,
			      DS_ACCESS_MAX - n, accesses + n);
		ds_yield_controlled(task, DS_AT_ENTRY_DELETE, n, accesses);
	}
	ds_touch(task, accesses[0].obj, DS_WRITE);
}

/* A step that drops the page cache's own reference. */
static void put_cached(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pfn pfn)
{
	int left;

	ds_yield(task, DS_AT_FRAME_PUT,
		 ds_writes(ds_frame_refs_object(mapping->frames, pfn)),
		 ds_put_access(pfn));
	left = ds_frame_put(task, mapping->frames, pfn);
	if (left)
		ds_tell(task, "the page lives on with %d users", left);
}

/* As look_locked(), for who is about to delete the entry. */
static bool look_to_delete(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgidx page, struct found *ret_found)
{
	if (ds_keeps(task, DS_RULE_DELETE_AWAITS_ENTRY))
		return look_locked(task, mapping, page, ret_found);
	ds_spin_lock(&mapping->lock);
	*ret_found = find(mapping, page);
	ds_task_saw(task, ret_found->entry);
	return true;
}

static void delete_entry(struct ds_task *task, struct ds_mapping *mapping,
			 struct ds_pgidx page, enum removal why)
{
	uint64_t before = ds_task_enter(task);
	bool gone, cached, waited_for;
	struct found found;
	uint64_t guess;
	ds_obj key;

	for (;;) {
		guess = ds_mapping_view(mapping, page);
		ds_task_forget(task, before);
		ds_task_saw(task, guess);
		declare_delete(task, mapping, page, guess);
		if (!look_to_delete(task, mapping, page, &found)) {
			sleep_for_entry(task, mapping, found.first);
			continue;
		}
		if (found.entry == guess)
			break;
		ds_spin_unlock(&mapping->lock);
	}
	found.entry &= ~DS_ENTRY_LOCKED;
	gone = erase_entry(task, mapping, found, why);
	/* From here on the page is only its users'. */
	cached = gone && ds_entry_is_data(found.entry) &&
		 ds_pfn_is_cached(ds_entry_pfn(found.entry));
	key = ds_entry_key(mapping, found.first);
	/* An entry that stays was looked at: that may have cost a wake-up. */
	waited_for =
		found.entry && ds_wait_has_waiters(task, mapping->waitq, key);
	ds_spin_unlock(&mapping->lock);
	if (gone)
		ds_tell(task, "delete entry %llu",
			(unsigned long long)found.first.pgidx);
	else if (!found.entry && why != INVALIDATED &&
		 !mapping->frames->pte_holds_ref)
		ds_warn(task, DS_WARN_NOTHING_DELETED, mapping->inode, page,
			ds_pfn(0));
	if (waited_for && ds_keeps(task, DS_RULE_DELETE_WAKES))
		ds_wake(task, mapping->waitq, key,
			gone && mapping->delete_wakes_all &&
				ds_keeps(task, DS_RULE_DELETE_WAKES_ALL));
	if (cached)
		put_cached(task, mapping, ds_entry_pfn(found.entry));
	ds_task_done(task, before, 0);
}

/* From v6.15 on the wait for pins drops entries, and truncation finds none. */
static void warn_if_left(struct ds_task *task, struct ds_mapping *mapping,
			 struct found found)
{
	if (mapping->frames->pte_holds_ref)
		ds_warn(task, DS_WARN_ENTRY_LEFT, mapping->inode, found.first,
			ds_entry_pfn(found.entry));
}

/*
 * An entry that is only partly in @range goes too, with the tag that says it is
 * dirty: it is found at each of its pages. What is left of it is faulted in
 * again.
 */
static void delete_range(struct ds_task *task, struct ds_mapping *mapping,
			 struct ds_pgrange range, enum removal why)
{
	bool steps_over = ds_keeps(task, DS_RULE_INVALIDATE_STEPS_OVER);
	uint64_t before = ds_task_enter(task);
	struct found found;

	while (!ds_pgrange_is_empty(range) &&
	       next_entry(task, mapping, range, &found)) {
		if (why == TRUNCATED)
			warn_if_left(task, mapping, found);
		delete_entry(task, mapping, found.first, why);
		range.first.pgidx = steps_over
					    ? pages_of(mapping, found).end.pgidx
					    : found.first.pgidx + 1;
		ds_task_forget(task, before);
		ds_task_saw(task, range.first.pgidx);
		/* Erased nodes wait for their readers, with no lock held. */
		ds_xtree_reclaim(mapping->tree);
	}
	ds_task_done(task, before, 0);
}

void ds_mapping_truncate(struct ds_task *task, struct ds_mapping *mapping,
			 struct ds_pgrange range)
{
	delete_range(task, mapping, range, TRUNCATED);
}

void ds_mapping_delete(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pgrange range)
{
	delete_range(task, mapping, range, DROPPED);
}

void ds_mapping_invalidate(struct ds_task *task, struct ds_mapping *mapping,
			   struct ds_pgrange range)
{
	bool entries_first = ds_keeps(task, DS_RULE_INVALIDATE_ENTRIES_FIRST);

	if (!entries_first)
		ds_rmap_unmap(task, &mapping->rmap, range, false);
	delete_range(task, mapping, range, INVALIDATED);
	if (entries_first)
		ds_rmap_unmap(task, &mapping->rmap, range, false);
}

/* A step that clears the tag of one entry, if it is there and unlocked. */
static void clean_entry(struct ds_task *task, struct ds_mapping *mapping,
			struct ds_pgidx page)
{
	ds_obj object = ds_entry_object(mapping, page);
	ds_obj key = ds_entry_key(mapping, page);
	uint64_t before = ds_task_enter(task);
	struct found found;
	bool waited_for;

	for (;;) {
		ds_task_forget(task, before);
		ds_yield(task, DS_AT_ENTRY_FILL, ds_writes(object),
			 ds_writes(ds_wait_object(key)),
			 ds_adds(ds_tags_object(mapping->inode)));
		ds_touch(task, object, DS_WRITE);
		if (look_locked(task, mapping, page, &found))
			break;
		sleep_for_entry(task, mapping, found.first);
	}
	/* What blocks are shared under is no huge entry. */
	ds_assert(!ds_entry_is_huge(found.entry));
	if (found.entry)
		ds_xtree_clear_tag(mapping->tree, page, DS_XTREE_DIRTY);
	waited_for =
		found.entry && ds_wait_has_waiters(task, mapping->waitq, key);
	ds_spin_unlock(&mapping->lock);
	if (waited_for)
		ds_wake(task, mapping->waitq, key, false);
	ds_task_done(task, before, 0);
}

void ds_mapping_clean(struct ds_task *task, struct ds_mapping *mapping,
		      struct ds_pgrange range)
{
	uint64_t before = ds_task_enter(task);
	struct found found;

	while (!ds_pgrange_is_empty(range) &&
	       next_entry(task, mapping, range, &found)) {
		clean_entry(task, mapping, found.first);
		range.first.pgidx = found.first.pgidx + 1;
		ds_task_forget(task, before);
		ds_task_saw(task, range.first.pgidx);
	}
	ds_task_done(task, before, 0);
}

/* Not a hole: the zero page is everybody's, whoever has it pinned. */
static bool can_be_busy(struct ds_task *task, uint64_t entry)
{
	return ds_entry_is_data(entry) ||
	       ((entry & DS_ENTRY_ZERO) &&
		!ds_keeps(task, DS_RULE_ZERO_PAGE_IS_IDLE));
}

static void declare_busy_test(struct ds_task *task,
			      const struct ds_mapping *mapping,
			      struct ds_pgidx page, uint64_t guess)
{
	struct ds_access accesses[4] = {
		ds_reads(ds_entry_object(mapping, page)),
	};
	unsigned int n = 1;

	if (task->controlled) {
		n += add_refs(mapping, guess, DS_READ, 1, accesses + n);
		if (guess & DS_ENTRY_ZERO)
			accesses[1] = ds_reads(ds_frame_refs_object(
				mapping->frames, ds_pfn(DS_ZERO_PFN)));
		n += add_queues(mapping, page, accesses + n);
		ds_yield_controlled(task, DS_AT_BUSY_TEST, n, accesses);
	}
	ds_touch(task, accesses[0].obj, DS_READ);
}

/*
 * Whether a frame of @entry after the first is busy: a step for each, with the
 * mapping's lock held in the kernel. A folio has one count for all.
 */
static bool rest_is_busy(struct ds_task *task, struct ds_mapping *mapping,
			 uint64_t entry, struct ds_pfn *ret_pfn)
{
	uint64_t n = UINT64_C(1) << mapping->huge_order, i;
	bool busy = false;

	if (!ds_entry_is_huge(entry) || is_folio(mapping, entry) ||
	    !ds_keeps(task, DS_RULE_SCAN_EVERY_FRAME))
		return false;
	for (i = 1; i < n && !busy; i++) {
		*ret_pfn = ds_pfn(ds_entry_pfn(entry).pfn + i);
		ds_yield(task, DS_AT_BUSY_TEST,
			 ds_reads(ds_frame_refs_object(mapping->frames,
						       *ret_pfn)));
		busy = ds_frame_is_busy(task, mapping->frames, *ret_pfn);
	}
	return busy;
}

/*
 * Whether a page of one entry is busy; waits until the entry is unlocked. A
 * look at an unlocked entry passes on the wake-up it may have consumed.
 */
static bool entry_is_busy(struct ds_task *task, struct ds_mapping *mapping,
			  struct ds_pgidx page, struct ds_pfn *ret_pfn)
{
	bool waited_for, busy = false;
	uint64_t before = ds_task_enter(task);
	struct found found;
	uint64_t guess;
	ds_obj key;

	for (;;) {
		guess = ds_mapping_view(mapping, page);
		ds_task_forget(task, before);
		ds_task_saw(task, guess);
		declare_busy_test(task, mapping, page, guess);
		if (ds_entry_is_locked(ds_mapping_view(mapping, page)) &&
		    (mapping->scan_skips_locked ||
		     !ds_keeps(task, DS_RULE_SCAN_AWAITS_ENTRY)))
			return false;
		if (!look_locked(task, mapping, page, &found)) {
			sleep_for_entry(task, mapping, found.first);
			if (!ds_keeps(task, DS_RULE_SCAN_LOOKS_AGAIN))
				return false;
			continue;
		}
		if (found.entry == guess)
			break;
		ds_spin_unlock(&mapping->lock);
	}
	if (can_be_busy(task, found.entry)) {
		*ret_pfn = ds_entry_pfn(found.entry);
		if (ds_pfn_is_cached(*ret_pfn))
			ds_warn(task, DS_WARN_NOT_DAX, mapping->inode, page,
				*ret_pfn);
		else
			busy = ds_frame_is_busy(task, mapping->frames,
						*ret_pfn);
	}
	key = ds_entry_key(mapping, found.first);
	waited_for =
		found.entry && ds_wait_has_waiters(task, mapping->waitq, key);
	ds_spin_unlock(&mapping->lock);
	if (!busy && ds_entry_is_data(found.entry))
		busy = rest_is_busy(task, mapping, found.entry, ret_pfn);
	ds_tell(task, "scan: page %llu is %s", (unsigned long long)page.pgidx,
		busy ? "busy" : "idle");
	if (waited_for && ds_keeps(task, DS_RULE_SCAN_PASSES_WAKE_ON))
		ds_wake(task, mapping->waitq, key, false);
	ds_task_done(task, before, busy ? ret_pfn->pfn : UINT64_MAX);
	return busy;
}

static void tell_clean(struct ds_task *task, const struct ds_mapping *mapping,
		       struct ds_pgrange range, const char *text)
{
	struct ds_event event = {
		.kind = DS_EV_SCANNED_CLEAN,
		.inode = mapping->inode,
		.range = range,
	};

	ds_tell(task, "scan: %s", text);
	ds_task_send(task, &event);
}

/* What one look-up of the search finds. */
struct batch {
	unsigned int n;
	struct found found[DS_SCAN_BATCH_MAX];
};

/* A step that looks up the next entries in @range. */
static bool next_batch(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pgrange range, struct batch *ret)
{
	ds_obj index = ds_index_object(mapping->inode);

	ret->n = 0;
	ds_yield(task, DS_AT_ENTRY_NEXT, ds_reads(index),
		 ds_reads(ds_holders_object(mapping->inode)));
	ds_touch(task, index, DS_READ);
	ds_spin_lock(&mapping->lock);
	do {
		struct found found = {0, range.first};

		if (!ds_pgrange_is_empty(range))
			found = find_next(mapping, range);
		saw_found(task, found);
		if (!found.entry)
			break;
		ret->found[ret->n++] = found;
		range.first = pages_of(mapping, found).end;
	} while (ret->n < mapping->scan_batch);
	ds_spin_unlock(&mapping->lock);
	return ret->n > 0;
}

/*
 * Tests what was looked up. *@range: begins where the search goes on after it.
 */
static bool batch_is_busy(struct ds_task *task, struct ds_mapping *mapping,
			  const struct batch *batch, struct ds_pgrange *range,
			  struct ds_pfn *ret_pfn)
{
	uint64_t before = ds_task_enter(task);
	unsigned int i, j;

	for (i = 0; i < batch->n; i++) {
		ds_task_forget(task, before);
		for (j = i; j < batch->n; j++)
			saw_found(task, batch->found[j]);
		if (entry_is_busy(task, mapping, batch->found[i].first,
				  ret_pfn))
			return true;
		range->first = pages_of(mapping, batch->found[i]).end;
		if (!ds_keeps(task, DS_RULE_SCAN_EVERY_PAGE))
			range->first = range->end;
	}
	/* The next page may belong to the last entry still. */
	if (mapping->scan_steps_by_one ||
	    !ds_keeps(task, DS_RULE_SCAN_STEPS_OVER))
		range->first.pgidx = batch->found[batch->n - 1].first.pgidx + 1;
	return false;
}

/*
 * How many entries of @run, from its first one on, need no second look: nobody
 * has them locked, and nobody has pinned their pages. Under the mapping's lock.
 */
static uint64_t n_idle(const struct ds_frames *frames, struct ds_xtree_run run)
{
	const uint64_t locked = DS_ENTRY_LOCKED | DS_ENTRY_HUGE;
	const uint64_t unusual = locked | DS_ENTRY_ZERO | DS_ENTRY_EMPTY;
	const struct ds_frame *records = frames->frames;
	uint64_t i;

	for (i = 0; i < run.n; i++) {
		uint64_t entry = ds_xtree_run_value(run, i);
		const struct ds_frame *frame =
			&records[ds_entry_pfn(entry).pfn];
		uint64_t refs;

		if (ds_unlikely(entry & unusual)) {
			if (entry & locked)
				break;
			continue;
		}
		refs = atomic_load(&frame->refs);
		/* As ds_frame_is_busy(). */
		if (ds_unlikely(refs) &&
		    ds_refs_extra(refs) != ds_refs_mapped(refs))
			break;
	}
	return i;
}

/*
 * Real threads pass over what is idle without a look-up, a lock and a queue for
 * each entry: the lock is taken once for each leaf of the tree, as the kernel
 * has it once for 4096 entries. A look that did not sleep consumed no wake-up
 * to be passed on. Where the search goes on is left to the steps of all.
 *
 * Not where there are huge entries, which are few, or ordinary pages, nor for a
 * timeline.
 */
static struct ds_pgidx pass_idle(struct ds_task *task,
				 struct ds_mapping *mapping,
				 struct ds_pgrange range)
{
	struct ds_xtree_run run;
	uint64_t n;

	if (!ds_task_is_silent(task) || mapping->huge_order ||
	    mapping->store_page)
		return range.first;
	do {
		ds_spin_lock(&mapping->lock);
		run = ds_xtree_next_run(mapping->tree, range);
		n = n_idle(mapping->frames, run);
		ds_spin_unlock(&mapping->lock);
		if (n)
			range.first.pgidx = run.first.pgidx + n;
	} while (n && n == run.n);
	return range.first;
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
	struct batch batch;

	mapped_only |= !ds_keeps(task, DS_RULE_SCAN_UNMAPPED_TOO);
	if (mapped_only && !ds_rmap_is_mapped(task, &mapping->rmap, holders)) {
		tell_clean(task, mapping, range,
			   "nobody maps the file, not looking");
		ds_task_done(task, before, UINT64_MAX);
		return false;
	}
	/*
	 * First unmap, then look at counts: a lockless pin that we do not see
	 * then sees our change of the page table and backs out.
	 */
	if (unmap && unmap_first)
		ds_rmap_unmap(task, &mapping->rmap, range,
			      mapping->break_takes_copies);
	unmapped = ds_task_enter(task);
	for (;;) {
		left.first = pass_idle(task, mapping, left);
		if (ds_pgrange_is_empty(left) ||
		    !next_batch(task, mapping, left, &batch))
			break;
		if (batch_is_busy(task, mapping, &batch, &left, ret_pfn)) {
			ds_task_done(task, before, ret_pfn->pfn);
			return true;
		}
		ds_task_forget(task, unmapped);
		ds_task_saw(task, left.first.pgidx);
	}
	if (!unmap_first)
		ds_rmap_unmap(task, &mapping->rmap, range,
			      mapping->break_takes_copies);
	ds_task_done(task, before, UINT64_MAX);
	tell_clean(task, mapping, range, "no busy page");
	return false;
}

/* To v5.18 only the first page of an entry became read-only. */
static void protect_entry(struct ds_task *task, struct ds_mapping *mapping,
			  struct found found)
{
	struct ds_pgrange pages = pages_of(mapping, found);

	if (!mapping->protects_all)
		pages.end.pgidx = pages.first.pgidx + 1;
	ds_rmap_protect(task, &mapping->rmap, pages);
}

static void flush_frame(struct ds_task *task, struct ds_mapping *mapping,
			struct ds_pfn pfn)
{
	struct ds_event event = {
		.kind = DS_EV_FLUSHED,
		.inode = mapping->inode,
		.pfn = pfn,
	};

	if (!ds_keeps(task, DS_RULE_WRITE_BACK_FLUSHES))
		return;
	ds_region_flush(mapping->frames->region,
			ds_frame_bytes(mapping->frames, pfn), DS_PAGE_SIZE);
	ds_task_send(task, &event);
}

/*
 * With its entry locked. The tag goes first, so that who writes to the page
 * from here on leaves one again.
 */
static void store_cached(struct ds_task *task, struct ds_mapping *mapping,
			 struct found found)
{
	ds_yield(task, DS_AT_ENTRY_FILL,
		 ds_writes(ds_tags_object(mapping->inode)));
	ds_touch(task, ds_tags_object(mapping->inode), DS_WRITE);
	ds_spin_lock(&mapping->lock);
	ds_xtree_clear_tag(mapping->tree, found.first, DS_XTREE_DIRTY);
	ds_spin_unlock(&mapping->lock);
	mapping->store_page(task, mapping->file, found.first,
			    ds_entry_pfn(found.entry));
}

/* Flushes the frames of a locked entry, then takes away its tag. */
static void flush_entry(struct ds_task *task, struct ds_mapping *mapping,
			struct found found)
{
	uint64_t n = pages_of(mapping, found).end.pgidx - found.first.pgidx, i;

	for (i = 0; i < n; i++) {
		struct ds_pfn pfn = {ds_entry_pfn(found.entry).pfn + i};
		bool last = i == n - 1;

		ds_yield(task, DS_AT_BYTES_READ, ds_reads(ds_bytes_object(pfn)),
			 last ? ds_adds(ds_tags_object(mapping->inode))
			      : ds_reads(ds_object(DS_OBJ_NONE, 0, 0)));
		flush_frame(task, mapping, pfn);
	}
	ds_touch(task, ds_tags_object(mapping->inode), DS_ADD);
	ds_spin_lock(&mapping->lock);
	ds_xtree_clear_tag(mapping->tree, found.first, DS_XTREE_DIRTY);
	ds_spin_unlock(&mapping->lock);
}

static void declare_take(struct ds_task *task, const struct ds_mapping *mapping,
			 struct ds_pgidx page)
{
	struct ds_access accesses[4] = {
		ds_writes(ds_entry_object(mapping, page)),
		ds_writes(ds_towrite_object(mapping->inode)),
	};
	unsigned int n = 2;

	if (task->controlled) {
		n += add_queues(mapping, page, accesses + n);
		ds_yield_controlled(task, DS_AT_ENTRY_GRAB, n, accesses);
	}
	ds_touch(task, accesses[0].obj, DS_WRITE);
}

/*
 * Locks the entry of @page, waiting for its lock, if it is still to be written
 * as @tag says, and takes its mark. Otherwise somebody else wrote it, or it is
 * gone, and a wake-up is passed on. Return: whether it is locked.
 */
static bool take_entry(struct ds_task *task, struct ds_mapping *mapping,
		       struct ds_pgidx page, enum ds_xtree_tag tag,
		       struct found *ret_found)
{
	uint64_t before = ds_task_enter(task);
	bool taken, waited_for = false;
	ds_obj key;
	int r;

	for (;;) {
		ds_task_forget(task, before);
		declare_take(task, mapping, page);
		if (look_locked(task, mapping, page, ret_found))
			break;
		sleep_for_entry(task, mapping, ret_found->first);
	}
	key = ds_entry_key(mapping, ret_found->first);
	taken = ret_found->entry &&
		ds_xtree_has_tag(mapping->tree, ret_found->first, tag);
	if (taken) {
		r = ds_xtree_store(mapping->tree, ret_found->first,
				   ret_found->entry | DS_ENTRY_LOCKED);
		ds_assert(r == 0);
		ds_touch(task, ds_towrite_object(mapping->inode), DS_WRITE);
		ds_xtree_clear_tag(mapping->tree, ret_found->first,
				   DS_XTREE_TOWRITE);
	} else if (ret_found->entry) {
		waited_for = ds_wait_has_waiters(task, mapping->waitq, key);
	}
	ds_spin_unlock(&mapping->lock);
	if (waited_for && ds_keeps(task, DS_RULE_WRITE_BACK_PASSES_WAKE_ON))
		ds_wake(task, mapping->waitq, key, false);
	ds_task_done(task, before, taken ? ret_found->entry : 0);
	return taken;
}

/* Models: dax_writeback_one(). */
static int write_back_entry(struct ds_task *task, struct ds_mapping *mapping,
			    struct ds_pgidx page, enum ds_xtree_tag tag)
{
	struct found found;
	int r = 0;

	if (!take_entry(task, mapping, page, tag, &found))
		return 0;
	if (ds_entry_is_data(found.entry)) {
		/* A store behind the flush must fault, to be noted again. */
		if (ds_keeps(task, DS_RULE_WRITE_BACK_PROTECTS))
			protect_entry(task, mapping, found);
		if (ds_pfn_is_cached(ds_entry_pfn(found.entry)))
			store_cached(task, mapping, found);
		else
			flush_entry(task, mapping, found);
	} else {
		ds_warn(task, DS_WARN_DIRTY_WITHOUT_BLOCK, mapping->inode,
			found.first, ds_pfn(0));
		r = -EIO;
	}
	ds_entry_unlock(task, mapping, page, ds_object(DS_OBJ_NONE, 0, 0));
	return r;
}

/*
 * The first entry with @tag that has a page in @range. Under the mapping's
 * lock.
 */
static struct found find_tagged(const struct ds_mapping *mapping,
				struct ds_pgrange range, enum ds_xtree_tag tag)
{
	struct found found = find(mapping, range.first);

	if (ds_pgrange_is_empty(range))
		found.entry = 0;
	else if (!found.entry ||
		 !ds_xtree_has_tag(mapping->tree, found.first, tag))
		found.entry = ds_xtree_next_tagged(mapping->tree, range, tag,
						   &found.first);
	return found;
}

/*
 * A step that marks what is dirty in @range as to be written. Return: whether
 * anything is.
 *
 * Models: tag_pages_for_writeback().
 */
static bool tag_dirty(struct ds_task *task, struct ds_mapping *mapping,
		      struct ds_pgrange range)
{
	struct found found;
	bool any = false;

	ds_yield(task, DS_AT_ENTRY_NEXT,
		 ds_reads(ds_tags_object(mapping->inode)),
		 ds_writes(ds_towrite_object(mapping->inode)));
	ds_touch(task, ds_tags_object(mapping->inode), DS_READ);
	ds_touch(task, ds_towrite_object(mapping->inode), DS_WRITE);
	ds_spin_lock(&mapping->lock);
	for (;;) {
		found = find_tagged(mapping, range, DS_XTREE_DIRTY);
		if (!found.entry)
			break;
		any = true;
		ds_xtree_set_tag(mapping->tree, found.first, DS_XTREE_TOWRITE);
		range.first = pages_of(mapping, found).end;
	}
	ds_spin_unlock(&mapping->lock);
	ds_task_saw(task, any);
	return any;
}

/* A step that looks for the next one to write. */
static struct found next_tagged(struct ds_task *task,
				struct ds_mapping *mapping,
				struct ds_pgrange range, enum ds_xtree_tag tag)
{
	ds_obj tags = tag == DS_XTREE_DIRTY ? ds_tags_object(mapping->inode)
					    : ds_towrite_object(mapping->inode);
	struct found found;

	ds_yield(task, DS_AT_ENTRY_NEXT, ds_reads(tags));
	ds_touch(task, tags, DS_READ);
	ds_spin_lock(&mapping->lock);
	found = find_tagged(mapping, range, tag);
	ds_spin_unlock(&mapping->lock);
	saw_found(task, found);
	return found;
}

int ds_mapping_write_back(struct ds_task *task, struct ds_mapping *mapping,
			  struct ds_pgrange range)
{
	bool first = ds_keeps(task, DS_RULE_WRITE_BACK_TAGS_FIRST);
	enum ds_xtree_tag tag = first ? DS_XTREE_TOWRITE : DS_XTREE_DIRTY;
	uint64_t before = ds_task_enter(task);
	struct found found;
	int r = 0;

	/* What others mark after a look that found nothing is not ours. */
	if (first && !tag_dirty(task, mapping, range)) {
		ds_task_done(task, before, 0);
		return 0;
	}
	while (r == 0) {
		found = next_tagged(task, mapping, range, tag);
		if (!found.entry)
			break;
		r = write_back_entry(task, mapping, found.first, tag);
		if (first)
			range.first = pages_of(mapping, found).end;
		ds_task_forget(task, before);
		ds_task_saw(task, range.first.pgidx);
	}
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

void ds_mapping_digest(const struct ds_mapping *mapping,
		       struct ds_digest *digest)
{
	ds_xtree_digest(mapping->tree, digest);
	ds_rmap_digest(&mapping->rmap, digest);
}
