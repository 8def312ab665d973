// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

/*
 * The normative table of what must wait for pins. It follows the outcome of
 * the 2018 discussion (Chinner, Kara, Wong: a shift breaks layouts like a
 * removal; a plain allocation or write need not wait for pages), never the
 * rule of the profile that is tried.
 */
static const struct {
	bool must_wait;
	const char *verb;
} table[] = {
	[DS_CHANGE_ADDED] = {false, "allocated"},
	[DS_CHANGE_REMOVED] = {true, "removed"},
	[DS_CHANGE_MOVED] = {true, "moved"},
	[DS_CHANGE_ZEROED] = {true, "zeroed"},
	[DS_CHANGE_WRITTEN] = {false, "converted"},
	/* The holder goes on with a block that is no longer the file's. */
	[DS_CHANGE_REPLACED] = {true, "replaced"},
	/* What its device writes would come into the other file, too. */
	[DS_CHANGE_SHARED] = {true, "shared"},
};

bool ds_must_wait(const struct ds_event *event, uint32_t *ret_inode,
		  struct ds_pgrange *ret_range)
{
	struct ds_pgrange range = event->range;

	*ret_inode = event->inode;
	*ret_range = range;
	/* Of pages that come to be shared, those that were there before. */
	if (event->change == DS_CHANGE_SHARED) {
		*ret_inode = (uint32_t)event->n;
		*ret_range = ds_pgrange(event->page.pgidx,
					event->page.pgidx + range.end.pgidx -
						range.first.pgidx);
	}
	return table[event->change].must_wait;
}

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	const struct ds_holder *holder = checks->super->frames->holders;
	struct ds_pgrange range;
	uint32_t inode;

	if (!ds_must_wait(event, &inode, &range))
		return;
	for (; holder; holder = holder->next) {
		/* Whoever has a page of memory pinned has no block. */
		if (holder->inode != inode || holder->pfn.pfn == DS_ZERO_PFN ||
		    ds_pfn_is_cached(holder->pfn) ||
		    !ds_pgrange_has(range, holder->page))
			continue;
		ds_checks_report(checks, DS_WAITED, event->task,
				 "the block of page %llu is %s while %s has it "
				 "pinned",
				 (unsigned long long)holder->page.pgidx,
				 table[event->change].verb,
				 ds_checks_task_name(checks, holder->task));
	}
}

const struct ds_property ds_waited = {
	.name = "WAITED",
	.sentence = "At the step that changes the extent map, no pin taken "
		    "before it exists on a page whose block is removed, moved, "
		    "replaced, shared or zero-ranged.",
	.reads = "pins of the file, at the step that changes its extent map",
	.events = UINT32_C(1) << DS_EV_EXTENTS_CHANGED,
	.event = look,
};
