// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

static void look_at_page(struct ds_checks *checks, const struct ds_inode *inode,
			 struct ds_pgidx page, struct ds_pfn pfn,
			 unsigned int task)
{
	struct ds_extent run = ds_extmap_lookup(inode->extents, page);

	/* An ordinary page may stand for a hole. */
	if (ds_pfn_is_cached(pfn))
		return;
	if (run.state != DS_EXT_HOLE &&
	    ds_extent_pfn(&run, page).pfn == pfn.pfn)
		return;
	ds_checks_report(checks, DS_TREES_AGREE, task,
			 "entry %llu has block %llu, the extent map has not",
			 (unsigned long long)page.pgidx,
			 (unsigned long long)pfn.pfn);
}

/* All pages of the entry that stands at @page. */
static void look_at(struct ds_checks *checks, const struct ds_inode *inode,
		    struct ds_pgidx page, uint64_t entry, unsigned int task)
{
	struct ds_pgrange pages = ds_entry_pages(&inode->mapping, page, entry);
	struct ds_pfn pfn = ds_entry_pfn(entry);

	if (!ds_entry_is_data(entry) || ds_entry_is_locked(entry))
		return;
	for (; !ds_pgrange_is_empty(pages); pages.first.pgidx++, pfn.pfn++)
		look_at_page(checks, inode, pages.first, pfn, task);
}

static void look_at_all(struct ds_checks *checks, const struct ds_inode *inode,
			unsigned int task)
{
	struct ds_pgrange range = ds_pgrange_all();
	struct ds_pgidx page;
	uint64_t entry;

	while ((entry = ds_xtree_next(inode->mapping.tree, range, &page))) {
		look_at(checks, inode, page, entry, task);
		range.first.pgidx = page.pgidx + 1;
	}
}

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	const struct ds_inode *inode =
		ds_super_inode(checks->super, event->inode);

	if (!inode || ds_rwsem_is_exclusive(&inode->fault_lock))
		return;
	if (event->kind == DS_EV_ENTRY_UNLOCKED)
		look_at(checks, inode, event->page,
			ds_mapping_view(&inode->mapping, event->page),
			event->task);
	else
		look_at_all(checks, inode, event->task);
}

/* Entries of any file that have @pfn. */
static uint64_t n_entries(const struct ds_checks *checks, struct ds_pfn pfn)
{
	const struct ds_inode *inode;
	uint64_t n = 0;

	for (inode = checks->super->inodes; inode; inode = inode->next) {
		struct ds_pgrange range = ds_pgrange_all();
		struct ds_pgidx page;
		uint64_t entry;

		while ((entry = ds_xtree_next(inode->mapping.tree, range,
					      &page))) {
			n += ds_entry_is_data(entry) &&
			     ds_entry_pfn(entry).pfn == pfn.pfn;
			range.first.pgidx = page.pgidx + 1;
		}
	}
	return n;
}

/* A page is tied to its one entry, or counts those that it has. */
static void look_at_tie(struct ds_checks *checks, const struct ds_inode *inode,
			struct ds_pgidx page, struct ds_pfn pfn)
{
	const struct ds_frame *frame =
		ds_frame_view(checks->super->frames, pfn);
	uint64_t n = n_entries(checks, pfn);

	if (frame->mapping == DS_SHARED_MAPPING
		    ? frame->index == n
		    : n == 1 && frame->mapping == inode->id &&
			      frame->index == page.pgidx)
		return;
	ds_checks_report(checks, DS_TREES_AGREE, DS_TASKS_MAX,
			 "block %llu has %llu entries in page caches, and does "
			 "not know it",
			 (unsigned long long)pfn.pfn, (unsigned long long)n);
}

static void at_end(struct ds_checks *checks)
{
	const struct ds_inode *inode;

	if (checks->sched->end != DS_RUN_DONE)
		return;
	for (inode = checks->super->inodes; inode; inode = inode->next) {
		struct ds_pgrange range = ds_pgrange_all();
		struct ds_pgidx page;
		uint64_t entry;

		while ((entry = ds_xtree_next(inode->mapping.tree, range,
					      &page))) {
			range.first.pgidx = page.pgidx + 1;
			if (ds_entry_is_data(entry))
				look_at_tie(checks, inode, page,
					    ds_entry_pfn(entry));
		}
	}
}

const struct ds_property ds_trees_agree = {
	.name = "TREES_AGREE",
	.sentence = "Every unlocked data entry's frame is the extent map's "
		    "block for its index whenever the fault lock is not held "
		    "exclusive; at the end every frame knows its entries.",
	.reads = "entries and extent map, when an entry is unlocked and when "
		 "the fault lock is given up",
	.events = UINT32_C(1) << DS_EV_ENTRY_UNLOCKED |
		  UINT32_C(1) << DS_EV_FAULTS_ALLOWED,
	.event = look,
	.quiet = at_end,
};
