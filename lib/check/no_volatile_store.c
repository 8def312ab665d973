// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

/* The pages that are followed one by one; those behind them share a bit. */
#define LAST_BIT 63

static uint64_t *pending_of(struct ds_checks *checks, uint32_t inode)
{
	return inode && inode <= DS_CHECK_INODES ? &checks->pending[inode - 1]
						 : NULL;
}

static uint64_t bit_of(uint64_t page)
{
	return UINT64_C(1) << (page < LAST_BIT ? page : LAST_BIT);
}

/* What the journal could still forget, or bring back, of [first, end). */
static void add(uint64_t *pending, uint64_t first, uint64_t end)
{
	uint64_t page;

	for (page = first; page < end && page <= LAST_BIT; page++)
		*pending |= bit_of(page);
	if (end > LAST_BIT)
		*pending |= bit_of(LAST_BIT);
}

static void stored(struct ds_checks *checks, const struct ds_event *event,
		   uint64_t pending)
{
	if (!event->value || ds_pfn_is_anon(event->pfn) ||
	    !(pending & bit_of(event->page.pgidx)))
		return;
	ds_checks_report(checks, DS_NO_VOLATILE_STORE, event->task,
			 "a store through MAP_SYNC to page %llu, of which the "
			 "journal does not know",
			 (unsigned long long)event->page.pgidx);
}

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	uint64_t *pending = pending_of(checks, event->inode);

	if (!pending || !checks->super->follows_commits)
		return;
	switch (event->kind) {
	case DS_EV_EXTENTS_CHANGED:
		add(pending, event->range.first.pgidx,
		    event->change == DS_CHANGE_MOVED ? DS_PGIDX_MAX
						     : event->range.end.pgidx);
		break;
	case DS_EV_SIZE_CHANGED:
		add(pending, ds_page_down(event->n), ds_page_up(event->offset));
		break;
	case DS_EV_COMMITTED:
		*pending = 0;
		break;
	default:
		stored(checks, event, *pending);
	}
}

const struct ds_property ds_no_volatile_store = {
	.name = "NO_VOLATILE_STORE",
	.sentence = "A store through a MAP_SYNC mapping goes to a page whose "
		    "block, and place in the file, the journal already has.",
	.reads = "what changed of extent map and size since the journal got "
		 "them, at the step that stores",
	.events = UINT32_C(1) << DS_EV_EXTENTS_CHANGED |
		  UINT32_C(1) << DS_EV_SIZE_CHANGED |
		  UINT32_C(1) << DS_EV_COMMITTED |
		  UINT32_C(1) << DS_EV_STORED_BYTES,
	.event = look,
};
