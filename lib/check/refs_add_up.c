// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

/* A block once, however often it is pinned. */
static void note(struct ds_checks *checks, const struct ds_event *event)
{
	unsigned int i;

	for (i = 0; i < checks->n_pinned; i++)
		if (checks->pinned[i].pfn == event->pfn.pfn)
			return;
	if (checks->n_pinned < DS_CHECK_BLOCKS)
		checks->pinned[checks->n_pinned++] = event->pfn;
}

/* Whether the entry of @vpn counts for @head: a huge one does once. */
static bool counts_for(const struct ds_space *space, struct ds_vpn vpn,
		       struct ds_pfn head)
{
	uint64_t pte = ds_pgtable_read(&space->table, vpn);
	struct ds_pfn pfn = ds_pte_pfn(pte);

	if (!(pte & DS_PTE_PRESENT) ||
	    ds_frame_head(space->frames, pfn).pfn != head.pfn)
		return false;
	return !(pte & DS_PTE_HUGE) ||
	       !(vpn.vpn & ((UINT64_C(1) << space->table.huge_order) - 1));
}

static int n_entries_in(const struct ds_vma *vma, struct ds_pfn head)
{
	struct ds_vpn vpn = vma->first;
	int n = 0;

	for (; vpn.vpn < vma->end.vpn; vpn.vpn++)
		n += counts_for(vma->space, vpn, head);
	return n;
}

/* Page-table entries of @pfn that hold a reference, found from the files. */
static int n_entries(const struct ds_checks *checks, struct ds_pfn pfn)
{
	const struct ds_inode *inode;
	const struct ds_vma *vma;
	int n = 0;

	if (pfn.pfn == DS_ZERO_PFN ||
	    (!ds_pfn_is_ordinary(pfn) && !checks->super->frames->pte_holds_ref))
		return 0;
	for (inode = checks->super->inodes; inode; inode = inode->next)
		for (vma = inode->mapping.rmap.vmas; vma; vma = vma->rmap_next)
			n += n_entries_in(vma, pfn);
	return n;
}

static void at_end(struct ds_checks *checks)
{
	const struct ds_frames *frames = checks->super->frames;
	const struct ds_holder *holder;
	unsigned int i;

	/* Stuck tasks may hold references that are no pins yet. */
	if (checks->sched->end != DS_RUN_DONE)
		return;
	for (i = 0; i < checks->n_pinned; i++) {
		struct ds_pfn pfn = ds_frame_head(frames, checks->pinned[i]);
		int extra = ds_frame_extra(ds_frame_view(frames, pfn));

		extra -= n_entries(checks, pfn);
		/* A page cache has a reference of its ordinary pages. */
		if (ds_pfn_is_cached(pfn) &&
		    ds_frame_view(frames, pfn)->mapping)
			extra--;
		for (holder = frames->holders; holder; holder = holder->next)
			if (ds_frame_head(frames, holder->pfn).pfn == pfn.pfn)
				extra -= holder->refs;
		if (extra)
			ds_checks_report(checks, DS_REFS_ADD_UP, DS_TASKS_MAX,
					 "block %llu has %d references that "
					 "nobody holds",
					 (unsigned long long)pfn.pfn, extra);
	}
}

const struct ds_property ds_refs_add_up = {
	.name = "REFS_ADD_UP",
	.sentence = "At quiet points a frame's count equals the sum of its "
		    "holders.",
	.reads = "counts, pins and page tables, when every task has returned",
	.events = UINT32_C(1) << DS_EV_PINNED,
	.parallel_events = UINT32_C(1) << DS_EV_PINNED,
	.event = note,
	.quiet = at_end,
};
