// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"
#include "pmem/frame.h"

/* A store got @event->place another copy than the one of @event->value. */
static void look(struct ds_checks *checks, const struct ds_event *event)
{
	const struct ds_holder *holder = checks->super->frames->holders;

	if (!event->value)
		return;
	for (; holder; holder = holder->next) {
		if (holder->pfn.pfn != (uint64_t)event->value ||
		    holder->page.pgidx != event->place)
			continue;
		ds_checks_report(checks, DS_NO_LOST_DMA, event->task,
				 "a store to page %llu gets another copy than "
				 "the one that %s has pinned for a device",
				 (unsigned long long)event->page.pgidx,
				 ds_checks_task_name(checks, holder->task));
	}
}

const struct ds_property ds_no_lost_dma = {
	.name = "NO_LOST_DMA",
	.sentence = "While a device may write a private copy, the program that "
		    "pinned it keeps that copy, whoever stores to it.",
	.reads = "pins on private copies, at the step that replaces one",
	.events = UINT32_C(1) << DS_EV_COPIED,
	.event = look,
};
