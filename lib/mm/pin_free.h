/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_MM_PIN_FREE_H
#define DS_MM_PIN_FREE_H

/*
 * Pins of free tasks of which no record is kept. They do to page tables, counts
 * and waiters what pins do step by step, in the same order, but all at once: a
 * look at one table serves all its pages, and of a folio one count all of them.
 * Whatever is unusual is left to the others.
 *
 * They open no walker's section, as on a machine whose TLB flush waits for
 * nobody (DS_FLUSH_BROADCAST, which is what is explored unless a scenario says
 * otherwise): tables stay for as long as the space does, and who cleared the
 * entry first is seen by the second look at it.
 *
 * One page alone is inline, with nothing to spare: a processor overlaps what
 * two pins wait for in memory only while both fit into what it looks ahead, and
 * each word stored, also to save a register, delays the atomic operation behind
 * it.
 */
#include "mm/pin.h"
#include "sched/waitq.h"

/* The one place at which that is chosen, once a call. */
static inline bool ds_pins_are_free(const struct ds_task *task,
				    const struct ds_frames *frames)
{
	return ds_task_is_free(task) && !frames->keep_holders &&
	       !frames->marked;
}

/*
 * The zero page and ordinary pages, which have rules of their own, are no
 * blocks of the region.
 */
static inline bool ds_pfn_is_block(const struct ds_frames *frames,
				   struct ds_pfn pfn)
{
	return pfn.pfn != DS_ZERO_PFN && pfn.pfn < frames->n;
}

/* The frame whose count stands for the block @pfn. */
static inline struct ds_frame *ds_frame_counting(struct ds_frames *frames,
						 struct ds_pfn pfn)
{
	struct ds_frame *frame = &frames->frames[pfn.pfn];

	if (ds_unlikely(frames->huge_order))
		frame -= __atomic_load_n(&frame->behind, __ATOMIC_ACQUIRE);
	return frame;
}

/* How many references a pin takes of a page that @head counts for. */
static inline int ds_pin_refs_of(const struct ds_frames *frames,
				 const struct ds_frame *head,
				 unsigned int flags)
{
	if (ds_likely(!(flags & DS_PIN_COUNTED)) ||
	    (frames->huge_order && head->order))
		return 1;
	return DS_PIN_BIAS;
}

/* Takes @n references of @head. Return: false if it has none. */
static inline bool ds_pin_take(const struct ds_frames *frames,
			       struct ds_frame *head, int n)
{
	if (frames->idle <= 0)
		return ds_frame_take(head, frames->idle, n);
	ds_frame_add(head, n);
	return true;
}

/* Word by word: for the whole compilers call on slower means. */
static inline void ds_note_pin(struct ds_pinned *ret_pinned, struct ds_pfn pfn,
			       int refs)
{
	ret_pinned->pfn = pfn;
	ret_pinned->inode = 0;
	ret_pinned->refs = refs;
	ret_pinned->page.pgidx = 0;
}

/*
 * Whether one page at a time goes the short way, too: there are no folios, but
 * references to be had of every block, as to v6.14, and tables are the usual
 * ones.
 */
static inline bool ds_pins_are_simple(const struct ds_space *space)
{
	return !space->frames->huge_order && space->frames->idle > 0 &&
	       space->table.bits == 9 && space->table.leaf_bits == 9;
}

/* The address of the usual table that has the entry of @vpn, or 0. */
static inline uint64_t ds_pin_find_simply(const struct ds_pgtable *table,
					  struct ds_vpn vpn)
{
	const _Atomic(uint64_t) *slot =
		ds_pgtable_find_huge_by(table, vpn, 9, 9);
	uint64_t word = slot ? atomic_load(slot) : 0;

	return word & DS_PTE_PRESENT ? 0 : word;
}

/*
 * Takes the references of a pin of what @pte leads to and notes it. Return:
 * the frame that counts them; NULL, without them, if it has none or is none for
 * this.
 */
static inline struct ds_frame *ds_pin_frame_freely(struct ds_frames *frames,
						   uint64_t pte,
						   unsigned int flags,
						   struct ds_pinned *ret_pinned)
{
	struct ds_pfn pfn = ds_pte_pfn(pte);
	struct ds_frame *head;
	int refs;

	if (ds_unlikely(!ds_pte_allows(pte, flags & DS_PIN_WRITE) ||
			!ds_pfn_is_block(frames, pfn)))
		return NULL;
	head = ds_frame_counting(frames, pfn);
	refs = ds_pin_refs_of(frames, head, flags);
	if (ds_unlikely(!ds_pin_take(frames, head, refs)))
		return NULL;
	/* Behind the atomic operation, which waits for what is stored before.
	 */
	ds_note_pin(ret_pinned, pfn, refs);
	return head;
}

/* Drops them because the entry changed meanwhile. */
void ds_pin_back_out(struct ds_task *task, struct ds_space *space,
		     const struct ds_frame *head, int refs);

/*
 * Pins the pages from @first on, as far as the lockless walk goes without
 * meeting something unusual. @flags: without DS_PIN_COUNTED one reference.
 * Return: how many; the next one is for who pins step by step.
 *
 * Models: gup_fast_pte_range(), gup_fast_pmd_leaf(), v6.15: of a folio as many
 * references at once as pages are wanted.
 */
uint64_t ds_pin_freely(struct ds_task *task, struct ds_space *space,
		       struct ds_vpn first, uint64_t n, unsigned int flags,
		       struct ds_pinned *ret_pinned);

/* Drops @refs references of @head, waking who waits for it if @wake. */
static inline void ds_put_freely(struct ds_task *task, struct ds_space *space,
				 struct ds_frame *head, int refs, bool wake)
{
	struct ds_frames *frames = space->frames;
	int left = ds_frame_add(head, -refs);
	struct ds_pfn pfn;

	/* As in ds_frame_put_n(). */
	ds_assert(left >= 0 || frames->huge_order);
	if (ds_likely(left || !ds_wait_has_any(space->waitq) || !wake))
		return;
	pfn.pfn = (uint64_t)(head - frames->frames);
	ds_wake_changed(task, space->waitq, ds_refs_object(pfn), false);
}

/*
 * Drops the pins, waking who waits for their pages if @wake. Return: how many,
 * up to one that is for who unpins step by step.
 *
 * Models: unpin_user_pages(), v6.15: those of a folio that follow each other at
 * once.
 */
uint64_t ds_unpin_freely(struct ds_task *task, struct ds_space *space,
			 const struct ds_pinned *pinned, uint64_t n, bool wake);

#endif
