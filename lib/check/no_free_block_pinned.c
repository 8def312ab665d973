// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

/* A pin comes to a block: freeing steps read the pins of the inode. */
static void look_at_pin(struct ds_checks *checks, const struct ds_event *event)
{
	uint32_t owner = ds_frame_view(checks->super->frames, event->pfn)->file;

	if (event->pfn.pfn == DS_ZERO_PFN || ds_pfn_is_cached(event->pfn) ||
	    ds_checks_owns(checks, event->inode, event->pfn))
		return;
	ds_checks_report(checks, DS_NO_FREE_BLOCK_PINNED, event->task,
			 "page %llu is pinned on block %llu, which %s",
			 (unsigned long long)event->page.pgidx,
			 (unsigned long long)event->pfn.pfn,
			 owner ? "is another file's" : "is free");
}

/* Blocks are freed: the step reads the pins of the inode that they leave. */
static void look_at_blocks(struct ds_checks *checks,
			   const struct ds_event *event)
{
	const struct ds_holder *holder = checks->super->frames->holders;

	for (; holder; holder = holder->next) {
		if (holder->pfn.pfn < event->pfn.pfn ||
		    holder->pfn.pfn >= event->pfn.pfn + event->n)
			continue;
		ds_checks_report(checks, DS_NO_FREE_BLOCK_PINNED, event->task,
				 "block %llu is freed while %s has page %llu "
				 "pinned",
				 (unsigned long long)holder->pfn.pfn,
				 ds_checks_task_name(checks, holder->task),
				 (unsigned long long)holder->page.pgidx);
	}
}

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	if (event->kind == DS_EV_PINNED)
		look_at_pin(checks, event);
	else
		look_at_blocks(checks, event);
}

const struct ds_property ds_no_free_block_pinned = {
	.name = "NO_FREE_BLOCK_PINNED",
	.sentence = "A block is never free, nor owned by another file, while a "
		    "page over it is pinned.",
	.reads = "pins of the file and owners of blocks, at the steps that "
		 "pin a page and that free a block",
	.events = UINT32_C(1) << DS_EV_BLOCKS_FREED | UINT32_C(1)
							      << DS_EV_PINNED,
	.event = look,
};
