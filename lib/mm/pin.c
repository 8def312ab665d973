// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mm/pin.h"

#include <errno.h>

#include "mm/pin_free.h"

static struct ds_pinned place_of(struct ds_space *space, struct ds_vpn vpn)
{
	struct ds_pinned place = {{0}, 0, 0, {0}};

	if (space->frames->keep_holders)
		ds_space_place(space, vpn, &place.inode, &place.page);
	return place;
}

/* Which file a pin of @pfn, found at @pinned, is aimed at. */
static uint32_t file_of(const struct ds_pinned *pinned, struct ds_pfn pfn)
{
	return ds_pfn_is_anon(pfn) ? 0 : pinned->inode;
}

/*
 * The page found at @vpn is @pfn: if it is a private copy, no file's, but where
 * in which program a device that writes it is expected to.
 */
static void aim(const struct ds_space *space, struct ds_vpn vpn,
		unsigned int flags, struct ds_pinned *pinned, struct ds_pfn pfn)
{
	pinned->pfn = pfn;
	pinned->inode = file_of(pinned, pfn);
	if (ds_pfn_is_anon(pfn))
		pinned->page.pgidx = flags & DS_PIN_WRITE
					     ? ds_space_place_id(space, vpn)
					     : 0;
}

/* Of the way to a page only the pin lives on. */
static void saw_pin(struct ds_task *task, uint64_t before,
		    const struct ds_pinned *pinned)
{
	ds_task_done(task, before, pinned->pfn.pfn);
	ds_task_saw(task, pinned->inode);
	ds_task_saw(task, pinned->page.pgidx);
}

/* How many references a pin of @pfn takes. */
static int refs_of(unsigned int flags, struct ds_pfn pfn)
{
	if (!(flags & DS_PIN_COUNTED))
		return 1;
	return pfn.pfn == DS_ZERO_PFN ? 0 : DS_PIN_BIAS;
}

/*
 * Of a large folio a counted pin takes one reference: which frames are one is
 * known in the step that takes it.
 */
static void settle_refs(struct ds_task *task, const struct ds_space *space,
			struct ds_pinned *pinned)
{
	if (pinned->refs <= 1 || !space->frames->huge_order)
		return;
	if (ds_frame_is_large(space->frames, pinned->pfn))
		pinned->refs = 1;
	ds_task_saw(task, (uint64_t)pinned->refs);
}

static int record_pin(struct ds_task *task, struct ds_space *space,
		      const struct ds_pinned *pinned, const char *how)
{
	if (ds_pfn_is_anon(pinned->pfn))
		ds_tell(task, "pin private copy %llu (%s)",
			(unsigned long long)(pinned->pfn.pfn - DS_ANON_FIRST),
			how);
	else if (ds_pfn_is_cached(pinned->pfn))
		ds_tell(task, "pin page %llu (page cache, %s)",
			(unsigned long long)pinned->page.pgidx, how);
	else
		ds_tell(task, "pin page %llu (block %llu, %s)",
			(unsigned long long)pinned->page.pgidx,
			(unsigned long long)pinned->pfn.pfn, how);
	return ds_frame_hold(task, space->frames, pinned->pfn, pinned->inode,
			     pinned->page, pinned->refs);
}

/*
 * Keeps the record, or takes back the reference it would be about. Return: 1,
 * or -ENOMEM.
 */
static int keep_pin(struct ds_task *task, struct ds_space *space,
		    const struct ds_pinned *pinned, const char *how)
{
	int r = record_pin(task, space, pinned, how);

	if (r < 0 && pinned->refs)
		ds_space_put_n(task, space, pinned->pfn, pinned->refs);
	return r < 0 ? r : 1;
}

/* A step that takes the references. Return: whether there was one to take. */
static bool get_frame(struct ds_task *task, struct ds_space *space,
		      struct ds_pinned *pinned)
{
	struct ds_pfn pfn = pinned->pfn;
	ds_obj refs = ds_frame_refs_object(space->frames, pfn);

	if (!pinned->refs)
		return true;
	if ((space->frames->idle > 0 && !ds_pfn_is_ordinary(pfn)) ||
	    pfn.pfn == DS_ZERO_PFN) {
		ds_yield(task, DS_AT_FRAME_GET, ds_adds(refs));
		settle_refs(task, space, pinned);
		ds_frame_get_n(task, space->frames, pfn, pinned->refs);
		return true;
	}
	ds_yield(task, DS_AT_FRAME_GET, ds_writes(refs));
	settle_refs(task, space, pinned);
	if (ds_frame_try_get_n(task, space->frames, pfn, pinned->refs))
		return true;
	ds_tell(task, "block %llu has no references: back out",
		(unsigned long long)pfn.pfn);
	return false;
}

static void leave_walk(struct ds_task *task, struct ds_space *space)
{
	ds_yield(task, DS_AT_COUNT, ds_adds(ds_grace_object(&space->walkers)));
	ds_grace_exit(task, &space->walkers);
}

/* What a step touches that begins to be a pin, beside the reference. */
static void declare_late(struct ds_task *task, struct ds_space *space,
			 const struct ds_pinned *pinned)
{
	ds_yield(task, DS_AT_FRAME_GET,
		 ds_adds(ds_frame_refs_object(space->frames, pinned->pfn)),
		 ds_adds(ds_grace_object(&space->walkers)),
		 ds_adds(ds_holders_object(pinned->inode)),
		 ds_reads(ds_extents_object(pinned->inode)));
}

/*
 * The lockless walk: read the entry, take the reference, read the entry again
 * and back out if it changed. Whoever clears the entry first and looks at the
 * count afterwards either sees the reference, or makes us see the change.
 *
 * The walker's section lasts until the reference is certain or dropped.
 * Return: 1 when pinned, 0, or -ENOMEM.
 */
static int pin_fast(struct ds_task *task, struct ds_space *space,
		    struct ds_vpn vpn, unsigned int flags,
		    struct ds_pinned *pinned)
{
	ds_obj entry = ds_pte_object(space, vpn);
	ds_obj walkers = ds_grace_object(&space->walkers);
	bool late = !ds_keeps(task, DS_RULE_REFERENCE_BEFORE_RECHECK);
	uint64_t before = ds_task_enter(task);
	uint64_t pte, again;

	ds_yield(task, DS_AT_WALK_PTE, ds_reads(entry), ds_adds(walkers));
	ds_touch(task, entry, DS_READ);
	ds_grace_enter(task, &space->walkers);
	pte = ds_pgtable_read(&space->table, vpn);
	ds_task_saw(task, pte);
	if (!ds_pte_allows(pte, flags & DS_PIN_WRITE)) {
		ds_grace_exit(task, &space->walkers);
		ds_task_done(task, before, UINT64_MAX);
		return 0;
	}
	/* Where there is an entry there is an area: in this step both. */
	*pinned = place_of(space, vpn);
	aim(space, vpn, flags, pinned, ds_pte_pfn(pte));
	pinned->refs = refs_of(flags, pinned->pfn);
	ds_task_saw(task, pinned->inode);
	ds_task_saw(task, pinned->page.pgidx);
	if (!late && !get_frame(task, space, pinned)) {
		leave_walk(task, space);
		ds_task_done(task, before, UINT64_MAX);
		return 0;
	}
	ds_yield(task, DS_AT_PTE_RECHECK, ds_reads(entry), ds_adds(walkers),
		 ds_adds(ds_holders_object(pinned->inode)),
		 ds_reads(ds_extents_object(pinned->inode)));
	ds_touch(task, entry, DS_READ);
	again = ds_pgtable_read(&space->table, vpn);
	ds_task_saw(task, again);
	if (again == pte || !ds_keeps(task, DS_RULE_RECHECK_PTE)) {
		int r;

		if (late) {
			declare_late(task, space, pinned);
			settle_refs(task, space, pinned);
			ds_frame_get_n(task, space->frames, pinned->pfn,
				       pinned->refs);
		}
		r = keep_pin(task, space, pinned, "fast");
		ds_grace_exit(task, &space->walkers);
		saw_pin(task, before, pinned);
		return r;
	}
	ds_tell(task, "page table changed: back out");
	if (!late && pinned->refs && ds_keeps(task, DS_RULE_BACK_OUT_PUTS)) {
		ds_yield(task, DS_AT_FRAME_PUT,
			 ds_writes(ds_frame_refs_object(space->frames,
							pinned->pfn)),
			 ds_put_access(pinned->pfn));
		ds_space_put_n(task, space, pinned->pfn, pinned->refs);
	}
	leave_walk(task, space);
	ds_task_done(task, before, UINT64_MAX);
	return 0;
}

/*
 * Real threads have no lock of the table: as in the walk. Who clears the entry
 * waits for the section before it looks at the count, and so never sees a
 * reference that is dropped again, which the lock would not show it either.
 * Return: as follow().
 */
static int follow_freely(struct ds_task *task, struct ds_space *space,
			 struct ds_vpn vpn, uint64_t pte,
			 struct ds_pinned *pinned)
{
	int r = 0;

	ds_grace_enter(task, &space->walkers);
	if (ds_pgtable_read(&space->table, vpn) != pte ||
	    !get_frame(task, space, pinned))
		goto out;
	if (ds_pgtable_read(&space->table, vpn) == pte)
		r = keep_pin(task, space, pinned, "slow");
	else if (pinned->refs)
		ds_space_put_n(task, space, pinned->pfn, pinned->refs);
out:
	ds_grace_exit(task, &space->walkers);
	return r;
}

/*
 * Takes the reference under the lock of the page table, where the entry cannot
 * change: both are one step. Return: 1 if the page was there, 0, or -ENOMEM.
 */
static int follow(struct ds_task *task, struct ds_space *space,
		  struct ds_vpn vpn, unsigned int flags,
		  struct ds_pinned *pinned)
{
	bool write = flags & DS_PIN_WRITE;
	ds_obj entry = ds_pte_object(space, vpn);
	uint64_t before = ds_task_enter(task);
	uint64_t guess, pte;

	do {
		ds_task_forget(task, before);
		guess = ds_pgtable_read(&space->table, vpn);
		ds_task_saw(task, guess);
		if (ds_pte_allows(guess, write))
			ds_yield(task, DS_AT_PTE_FOLLOW, ds_reads(entry),
				 ds_adds(ds_frame_refs_object(
					 space->frames, ds_pte_pfn(guess))),
				 ds_adds(ds_holders_object(
					 file_of(pinned, ds_pte_pfn(guess)))),
				 ds_reads(ds_extents_object(pinned->inode)));
		else
			ds_yield(task, DS_AT_PTE_FOLLOW, ds_reads(entry));
		ds_touch(task, entry, DS_READ);
		pte = ds_pgtable_read(&space->table, vpn);
		ds_task_saw(task, pte);
		/* Another frame than declared: the step was only a look. */
	} while (pte != guess && ds_pte_allows(pte, write));
	if (!ds_pte_allows(pte, write))
		return 0;
	aim(space, vpn, flags, pinned, ds_pte_pfn(pte));
	pinned->refs = refs_of(flags, pinned->pfn);
	if (ds_likely(!task->controlled))
		return follow_freely(task, space, vpn, pte, pinned);
	if (!ds_keeps(task, DS_RULE_FOLLOW_UNDER_LOCK))
		declare_late(task, space, pinned);
	settle_refs(task, space, pinned);
	if (pinned->refs)
		ds_frame_get_n(task, space->frames, pinned->pfn, pinned->refs);
	return keep_pin(task, space, pinned, "slow");
}

static int pin_slow(struct ds_task *task, struct ds_space *space,
		    struct ds_vpn vpn, unsigned int flags,
		    struct ds_pinned *pinned)
{
	uint64_t before = ds_task_enter(task);
	uint64_t place;
	int r;

	if (!ds_space_find(space, vpn))
		return -EFAULT;
	*pinned = place_of(space, vpn);
	ds_task_saw(task, pinned->inode);
	ds_task_saw(task, pinned->page.pgidx);
	place = ds_task_enter(task);
	while ((r = follow(task, space, vpn, flags, pinned)) == 0) {
		r = ds_space_fault(task, space, vpn, flags & DS_PIN_WRITE);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			return -EFAULT;
		/* The fault is over; the page is looked for as at first. */
		ds_task_forget(task, place);
	}
	saw_pin(task, before, pinned);
	return r < 0 ? r : 0;
}

/*
 * The slow path for @n pages; mmap_lock is held. Return: 0, or why it pinned
 * fewer; adds to @ret_done how many.
 */
static int pin_rest(struct ds_task *task, struct ds_space *space,
		    struct ds_vpn vpn, uint64_t n, unsigned int flags,
		    struct ds_pinned *ret_pinned, uint64_t *ret_done)
{
	uint64_t i;
	int r = 0;

	for (i = 0; i < n && r == 0; i++, vpn.vpn++) {
		r = pin_slow(task, space, vpn, flags, &ret_pinned[i]);
		*ret_done += r == 0;
	}
	return r;
}

static int64_t pin_longterm(struct ds_task *task, struct ds_space *space,
			    struct ds_vpn vpn, uint64_t n, unsigned int flags,
			    struct ds_pinned *ret_pinned)
{
	bool refuse = !space->longterm_allowed &&
		      ds_keeps(task, DS_RULE_LONGTERM_REFUSED);
	uint64_t before = ds_task_enter(task);
	uint64_t done = 0, i;
	int r;

	ds_rwsem_lock(task, &space->mmap_lock, DS_SHARED);
	if (refuse && !space->longterm_pins_first)
		r = ds_space_find(space, vpn) ? -EOPNOTSUPP : -EFAULT;
	else
		r = pin_rest(task, space, vpn, n, flags, ret_pinned, &done);
	if (refuse && done) {
		ds_tell(task, "pinned for long: refuse");
		for (i = 0; i < done; i++)
			ds_unpin_page(task, space, &ret_pinned[i]);
		done = 0;
		r = -EOPNOTSUPP;
	}
	ds_rwsem_unlock(task, &space->mmap_lock);
	if (!done)
		ds_task_done(task, before, (uint64_t)r);
	return done ? (int64_t)done : r;
}

/* The rest of a pin call that has @done pages of @n already: step by step. */
static int64_t pin_by_steps(struct ds_task *task, struct ds_space *space,
			    struct ds_vpn vpn, uint64_t n, unsigned int flags,
			    struct ds_pinned *ret_pinned, uint64_t done)
{
	int r = 0;

	for (vpn.vpn += done; done < n; done++, vpn.vpn++) {
		r = pin_fast(task, space, vpn, flags, &ret_pinned[done]);
		if (r <= 0)
			break;
	}
	if (done == n)
		return (int64_t)n;
	if (r < 0)
		return done ? (int64_t)done : r;
	ds_rwsem_lock(task, &space->mmap_lock, DS_SHARED);
	r = pin_rest(task, space, vpn, n - done, flags, ret_pinned + done,
		     &done);
	ds_rwsem_unlock(task, &space->mmap_lock);
	return done ? (int64_t)done : r;
}

/* As ds_pin_pages(), but without DS_PIN_COUNTED it takes one reference. */
static ds_noinline int64_t pin_pages(struct ds_task *task,
				     struct ds_space *space,
				     struct ds_vpn first, uint64_t n,
				     unsigned int flags,
				     struct ds_pinned *ret_pinned)
{
	uint64_t limit = ds_pgtable_limit(&space->table).vpn;
	uint64_t done = 0;

	if (first.vpn >= limit || n > limit - first.vpn)
		return -EFAULT;
	if (flags & DS_PIN_LONGTERM)
		return pin_longterm(task, space, first, n, flags, ret_pinned);
	if (ds_likely(ds_pins_are_free(task, space->frames)))
		done = ds_pin_freely(task, space, first, n, flags, ret_pinned);
	return pin_by_steps(task, space, first, n, flags, ret_pinned, done);
}

/* The entry of a page that was pinned alone changed: once more, by steps. */
static ds_noinline int64_t pin_once_more(struct ds_task *task,
					 struct ds_space *space,
					 struct ds_vpn first,
					 unsigned int flags,
					 struct ds_pinned *pinned)
{
	ds_pin_back_out(task, space,
			ds_frame_counting(space->frames, pinned->pfn),
			pinned->refs);
	return pin_by_steps(task, space, first, 1, flags, pinned, 0);
}

/* Another way from pages to frames than the last one. */
static ds_noinline int64_t guess_anew(struct ds_task *task, struct ds_vpn vpn,
				      const struct ds_pinned *pinned)
{
	task->frame_from_vpn = pinned->pfn.pfn - vpn.vpn;
	return 1;
}

/*
 * One page of a free task, where each frame counts for itself. Whatever else it
 * comes to is called last and out of line, or registers would be saved.
 */
static inline int64_t pin_one(struct ds_task *task, struct ds_space *space,
			      struct ds_vpn vpn, unsigned int flags,
			      struct ds_pinned *ret_pinned)
{
	const _Atomic(uint64_t) *entry;
	uint64_t table, pte;
	struct ds_pfn pfn;
	int refs;

	/* Its record is as far away as the entry that leads to it. */
	ds_frame_fetch_record(space->frames,
			      ds_pfn(vpn.vpn + task->frame_from_vpn));
	table = ds_pin_find_simply(&space->table, vpn);
	if (ds_unlikely(!table))
		goto not_alone;
	entry = (const _Atomic(uint64_t) *)(uintptr_t)table + (vpn.vpn & 511);
	pte = atomic_load(entry);
	pfn = ds_pte_pfn(pte);
	if (ds_unlikely(!ds_pte_allows(pte, flags & DS_PIN_WRITE) ||
			!ds_pfn_is_block(space->frames, pfn)))
		goto not_alone;
	refs = flags & DS_PIN_COUNTED ? DS_PIN_BIAS : 1;
	ds_frame_add(&space->frames->frames[pfn.pfn], refs);
	/* Behind the atomic operation, which waits for what is stored before.
	 */
	ds_note_pin(ret_pinned, pfn, refs);
	if (ds_unlikely(atomic_load(entry) != pte))
		return pin_once_more(task, space, vpn, flags, ret_pinned);
	if (ds_unlikely(pfn.pfn - vpn.vpn != task->frame_from_vpn))
		return guess_anew(task, vpn, ret_pinned);
	return 1;
not_alone:
	return pin_pages(task, space, vpn, 1, flags, ret_pinned);
}

int64_t ds_pin_pages(struct ds_task *task, struct ds_space *space,
		     struct ds_vpn first, uint64_t n, unsigned int flags,
		     struct ds_pinned *ret_pinned)
{
	if (!(flags & (DS_PIN_GET | DS_PIN_COUNTED)) &&
	    ds_unlikely(space->direct_pins))
		flags |= DS_PIN_COUNTED;
	if (n == 1 && !(flags & DS_PIN_LONGTERM) &&
	    ds_pins_are_free(task, space->frames) && ds_pins_are_simple(space))
		return pin_one(task, space, first, flags, ret_pinned);
	return pin_pages(task, space, first, n, flags, ret_pinned);
}

int ds_pin_again(struct ds_task *task, struct ds_space *space,
		 const struct ds_pinned *pinned, struct ds_pinned *ret_pinned)
{
	struct ds_pinned again = *pinned;

	again.refs = 1;
	ds_yield(task, DS_AT_FRAME_GET,
		 ds_adds(ds_frame_refs_object(space->frames, pinned->pfn)),
		 ds_adds(ds_holders_object(pinned->inode)),
		 ds_reads(ds_extents_object(pinned->inode)));
	ds_frame_get(task, space->frames, pinned->pfn);
	*ret_pinned = again;
	return keep_pin(task, space, &again, "again") < 0 ? -ENOMEM : 0;
}

static void drop_record(struct ds_task *task, struct ds_space *space,
			const struct ds_pinned *pinned)
{
	ds_frame_unhold(task, space->frames, pinned->pfn, pinned->inode,
			pinned->page, pinned->refs);
}

static void put_pin(struct ds_task *task, struct ds_space *space,
		    const struct ds_pinned *pinned, bool wake)
{
	if (wake)
		ds_space_put_n(task, space, pinned->pfn, pinned->refs);
	else
		ds_space_put_quietly(task, space, pinned->pfn, pinned->refs);
}

static void unpin(struct ds_task *task, struct ds_space *space,
		  const struct ds_pinned *pinned, bool wake)
{
	bool record_first;

	if (!pinned->refs) {
		ds_yield(task, DS_AT_COUNT,
			 ds_adds(ds_holders_object(pinned->inode)));
		drop_record(task, space, pinned);
		return;
	}
	record_first = ds_keeps(task, DS_RULE_RECORD_GOES_FIRST);
	if (!ds_keeps(task, DS_RULE_PUT_BEFORE_WAKE))
		ds_wake(task, space->waitq,
			ds_refs_object(
				ds_frame_head(space->frames, pinned->pfn)),
			false);
	ds_yield(task, DS_AT_FRAME_PUT,
		 ds_writes(ds_frame_refs_object(space->frames, pinned->pfn)),
		 ds_put_access(pinned->pfn),
		 ds_adds(ds_holders_object(pinned->inode)));
	/*
	 * The record goes first: it must not outlive the reference, or a waiter
	 * that saw the page idle would be accused.
	 */
	if (record_first)
		drop_record(task, space, pinned);
	if (ds_keeps(task, DS_RULE_UNPIN_PUTS))
		put_pin(task, space, pinned, wake);
	if (record_first)
		return;
	ds_yield(task, DS_AT_COUNT, ds_adds(ds_holders_object(pinned->inode)));
	drop_record(task, space, pinned);
}

static void unpin_pages(struct ds_task *task, struct ds_space *space,
			const struct ds_pinned *pinned, uint64_t n, bool wake)
{
	uint64_t done = 0;

	while (done < n) {
		if (ds_likely(ds_pins_are_free(task, space->frames)))
			done += ds_unpin_freely(task, space, pinned + done,
						n - done, wake);
		if (ds_unlikely(done < n))
			unpin(task, space, &pinned[done++], wake);
	}
}

void ds_unpin_page(struct ds_task *task, struct ds_space *space,
		   const struct ds_pinned *pinned)
{
	struct ds_frames *frames = space->frames;

	if (ds_likely(ds_pins_are_free(task, frames)) && pinned->refs &&
	    ds_pfn_is_block(frames, pinned->pfn))
		ds_put_freely(task, space,
			      ds_frame_counting(frames, pinned->pfn),
			      pinned->refs, true);
	else
		unpin(task, space, pinned, true);
}

void ds_unpin_pages(struct ds_task *task, struct ds_space *space,
		    const struct ds_pinned *pinned, uint64_t n)
{
	unpin_pages(task, space, pinned, n, true);
}

void ds_unpin_bio_pages(struct ds_task *task, struct ds_space *space,
			const struct ds_pinned *pinned, uint64_t n)
{
	unpin_pages(task, space, pinned, n, !space->bio_wakes_nobody);
}
