// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "check/check.h"

static bool victim_is_intact(const struct ds_checks *checks, struct ds_pfn pfn)
{
	unsigned char pattern[DS_PAGE_SIZE];

	ds_victim_pattern(pfn, pattern);
	return memcmp(pattern, ds_frame_bytes(checks->super->frames, pfn),
		      DS_PAGE_SIZE) == 0;
}

static void note_victims(struct ds_checks *checks, const struct ds_event *event)
{
	uint64_t i;

	if (!checks->super->victim)
		return;
	for (i = 0; i < event->n && checks->n_victims < DS_CHECK_BLOCKS; i++)
		checks->victims[checks->n_victims++] =
			ds_pfn(event->pfn.pfn + i);
}

/* The bytes decide where there is a victim; otherwise who owns the block. */
static void look(struct ds_checks *checks, const struct ds_event *event)
{
	const struct ds_frame *frame;
	uint32_t owner;

	if (event->kind == DS_EV_BLOCKS_FREED) {
		note_victims(checks, event);
		return;
	}
	/* Into memory, whatever became of the page: no block is written. */
	if (ds_pfn_is_cached(event->pfn))
		return;
	frame = ds_frame_view(checks->super->frames, event->pfn);
	owner = frame->file;
	/* In a block that several files have it is in the others, too. */
	if ((!frame->others &&
	     ds_checks_owns(checks, event->inode, event->pfn)) ||
	    (owner == DS_VICTIM_INODE && victim_is_intact(checks, event->pfn)))
		return;
	ds_checks_report(checks, DS_NO_STRAY_WRITE, event->task,
			 "DMA for page %llu wrote block %llu, which %s",
			 (unsigned long long)event->page.pgidx,
			 (unsigned long long)event->pfn.pfn,
			 owner == 0                 ? "is free"
			 : owner == DS_VICTIM_INODE ? "is the victim file's"
						    : "is another file's");
}

static void at_end(struct ds_checks *checks)
{
	unsigned int i;

	for (i = 0; i < checks->n_victims; i++)
		if (!victim_is_intact(checks, checks->victims[i]))
			ds_checks_report(
				checks, DS_NO_STRAY_WRITE, DS_TASKS_MAX,
				"bytes of the victim file changed in block "
				"%llu",
				(unsigned long long)checks->victims[i].pfn);
}

const struct ds_property ds_no_stray_write = {
	.name = "NO_STRAY_WRITE",
	.sentence = "DMA bytes end in the file they were aimed at; the "
		    "victim's bytes never change.",
	.reads = "bytes and owner of a block, at the step that writes it and "
		 "at the end",
	.events = UINT32_C(1) << DS_EV_DMA_WROTE |
		  UINT32_C(1) << DS_EV_BLOCKS_FREED,
	.parallel_events = UINT32_C(1) << DS_EV_BLOCKS_FREED,
	.event = look,
	.quiet = at_end,
};
