// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mm/pin_free.h"

#include "mm/pin_rows.h"

void ds_pin_back_out(struct ds_task *task, struct ds_space *space,
		     const struct ds_frame *head, int refs)
{
	/* Where they were taken, though the page may be no part of it now. */
	ds_space_put_n(task, space,
		       ds_pfn((uint64_t)(head - space->frames->frames)), refs);
}

/* Return: how many of @n pages, whose entries begin at @entry. */
static uint64_t pin_table(struct ds_task *task, struct ds_space *space,
			  const _Atomic(uint64_t) *entry, uint64_t n,
			  unsigned int flags, struct ds_pinned *ret_pinned)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint64_t pte = atomic_load(&entry[i]);
		struct ds_frame *head = ds_pin_frame_freely(
			space->frames, pte, flags, &ret_pinned[i]);

		if (!head)
			break;
		if (ds_unlikely(atomic_load(&entry[i]) != pte)) {
			ds_pin_back_out(task, space, head, ret_pinned[i].refs);
			break;
		}
	}
	return i;
}

static void note_folio(struct ds_pinned *ret_pinned, struct ds_pfn pfn,
		       uint64_t n)
{
	uint64_t i;

	for (i = ds_pin_row_note(ret_pinned, pfn, n); i < n; i++)
		ds_note_pin(&ret_pinned[i], ds_pfn(pfn.pfn + i), 1);
}

/*
 * The same for the pages from @pfn on of the huge entry @pte of @slot, which
 * may be a folio.
 */
static uint64_t pin_huge(struct ds_task *task, struct ds_space *space,
			 const _Atomic(uint64_t) *slot, uint64_t pte,
			 struct ds_pfn pfn, uint64_t n, unsigned int flags,
			 struct ds_pinned *ret_pinned)
{
	struct ds_frames *frames = space->frames;
	struct ds_frame *head = ds_frame_counting(frames, pfn);
	int refs = ds_pin_refs_of(frames, head, flags);
	bool large = head->order;

	/* Frames that are no folio count by themselves. */
	if (!large)
		n = 1;
	if (!ds_pin_take(frames, head, large ? (int)n : refs))
		return 0;
	if (atomic_load(slot) != pte) {
		ds_pin_back_out(task, space, head, large ? (int)n : refs);
		return 0;
	}
	if (large)
		note_folio(ret_pinned, pfn, n);
	else
		ds_note_pin(ret_pinned, pfn, refs);
	return n;
}

/* Pins what one table or huge entry has of @n pages. Return: how many. */
static uint64_t pin_row(struct ds_task *task, struct ds_space *space,
			struct ds_vpn vpn, uint64_t n, unsigned int flags,
			struct ds_pinned *ret_pinned)
{
	const struct ds_pgtable *table = &space->table;
	uint64_t size = UINT64_C(1) << table->leaf_bits;
	uint64_t at = vpn.vpn & (size - 1);
	_Atomic(uint64_t) *slot = ds_pgtable_find_huge(table, vpn);
	uint64_t word = slot ? atomic_load(slot) : 0;
	struct ds_pfn pfn;

	if (n > size - at)
		n = size - at;
	if (!word)
		return 0;
	if (!(word & DS_PTE_PRESENT))
		return pin_table(task, space,
				 (_Atomic(uint64_t) *)(uintptr_t)word + at, n,
				 flags, ret_pinned);
	pfn = ds_pte_pfn(ds_pgtable_part(table, word, vpn));
	if (!ds_pte_allows(word, flags & DS_PIN_WRITE) ||
	    !ds_pfn_is_block(space->frames, pfn))
		return 0;
	return pin_huge(task, space, slot, word, pfn, n, flags, ret_pinned);
}

uint64_t ds_pin_freely(struct ds_task *task, struct ds_space *space,
		       struct ds_vpn first, uint64_t n, unsigned int flags,
		       struct ds_pinned *ret_pinned)
{
	uint64_t done = 0, now = 1;

	while (done < n && now) {
		now = pin_row(task, space, (struct ds_vpn){first.vpn + done},
			      n - done, flags, ret_pinned + done);
		done += now;
	}
	return done;
}

/* How many of @n > 0 pins are for the folio @head one after the other. */
static uint64_t in_folio(const struct ds_frames *frames,
			 const struct ds_pinned *pinned, uint64_t n,
			 const struct ds_frame *head)
{
	uint64_t size = UINT64_C(1) << head->order;
	uint64_t first = pinned->pfn.pfn;
	uint64_t behind = first - (uint64_t)(head - frames->frames);
	uint64_t i;

	/* Split under its pins: each is by itself now. */
	if (ds_unlikely(behind >= size))
		return 1;
	if (n > size - behind)
		n = size - behind;
	i = ds_pin_row_length(pinned, n);
	while (i < n && pinned[i].pfn.pfn == first + i && pinned[i].refs == 1)
		i++;
	return i;
}

uint64_t ds_unpin_freely(struct ds_task *task, struct ds_space *space,
			 const struct ds_pinned *pinned, uint64_t n, bool wake)
{
	struct ds_frames *frames = space->frames;
	uint64_t i, now;

	for (i = 0; i < n; i += now) {
		int refs = pinned[i].refs;
		struct ds_frame *head;

		if (!refs || !ds_pfn_is_block(frames, pinned[i].pfn))
			break;
		now = 1;
		head = ds_frame_counting(frames, pinned[i].pfn);
		if (frames->huge_order && refs == 1) {
			now = in_folio(frames, pinned + i, n - i, head);
			refs = (int)now;
		}
		ds_put_freely(task, space, head, refs, wake);
	}
	return i;
}
