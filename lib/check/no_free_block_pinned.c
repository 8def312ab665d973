// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

/* The freeing step reads the pins of the inode the blocks leave. */
static void look(struct ds_checks *checks, const struct ds_event *event)
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

const struct ds_property ds_no_free_block_pinned = {
	.name = "NO_FREE_BLOCK_PINNED",
	.sentence = "A block is never free, nor owned by another file, while a "
		    "page over it is pinned.",
	.reads = "pins of the file, at the step that frees a block",
	.events = UINT32_C(1) << DS_EV_BLOCKS_FREED,
	.event = look,
};
