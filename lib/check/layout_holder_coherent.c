// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

/* Whether @holder's offset still lies on the block it has pinned. */
static bool is_true_still(const struct ds_inode *inode,
			  const struct ds_holder *holder)
{
	struct ds_extent run = ds_extmap_lookup(inode->extents, holder->page);

	return run.state != DS_EXT_HOLE &&
	       run.pfn.pfn + holder->page.pgidx - run.page.pgidx ==
		       holder->pfn.pfn;
}

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	const struct ds_holder *holder = checks->super->frames->holders;
	const struct ds_inode *inode =
		ds_super_inode(checks->super, event->inode);

	if (!inode)
		return;
	for (; holder; holder = holder->next) {
		/* A pinned zero page is no block of the file. */
		if (holder->inode != event->inode ||
		    holder->pfn.pfn == DS_ZERO_PFN ||
		    is_true_still(inode, holder))
			continue;
		ds_checks_report(checks, DS_LAYOUT_HOLDER_COHERENT, event->task,
				 "%s has page %llu pinned on block %llu, which "
				 "is no longer there",
				 ds_checks_task_name(checks, holder->task),
				 (unsigned long long)holder->page.pgidx,
				 (unsigned long long)holder->pfn.pfn);
	}
}

const struct ds_property ds_layout_holder_coherent = {
	.name = "LAYOUT_HOLDER_COHERENT",
	.sentence = "Whoever may access blocks directly never uses an "
		    "offset-to-block mapping that is no longer true.",
	.reads = "pins and extent map of the file, at the steps that change "
		 "either",
	.events = UINT32_C(1) << DS_EV_EXTENTS_CHANGED |
		  UINT32_C(1) << DS_EV_PINNED,
	.event = look,
};
