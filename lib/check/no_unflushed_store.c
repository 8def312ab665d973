// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "check/check.h"
#include "check/stores.h"
#include "pmem/frame.h"

static bool is_fsync(const struct ds_event *call)
{
	return call->task < DS_TASKS_MAX && strcmp(call->text, "fsync") == 0;
}

/* The blocks of the range read as zero now, whatever they hold. */
static void zeroed(struct ds_checks *checks, const struct ds_event *event)
{
	const struct ds_inode *file =
		ds_super_inode(checks->super, event->inode);
	struct ds_pgidx page = event->range.first;
	struct ds_extent run;

	for (; file && page.pgidx < event->range.end.pgidx; page.pgidx++) {
		run = ds_extmap_lookup(file->extents, page);
		if (run.state == DS_EXT_HOLE)
			continue;
		ds_stores_drop(checks->stores, ds_extent_pfn(&run, page), 1);
	}
}

static void left(struct ds_checks *checks, const struct ds_event *event)
{
	struct ds_pgidx page;

	if (!is_fsync(event) ||
	    !ds_stores_settle(checks->stores, event->task, &page) ||
	    event->value != 0)
		return;
	ds_checks_report(checks, DS_NO_UNFLUSHED_STORE, event->task,
			 "fsync returned, and what was stored to page %llu "
			 "before it is not flushed",
			 (unsigned long long)page.pgidx);
}

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	struct ds_stores *stores = checks->stores;

	if (!stores)
		return;
	switch (event->kind) {
	case DS_EV_STORED_BYTES:
		/* A private copy is none of the file's. */
		if (!ds_pfn_is_anon(event->pfn))
			ds_stores_add(stores, event->inode, event->page,
				      event->pfn);
		break;
	case DS_EV_FLUSHED:
		ds_stores_drop(stores, event->pfn, 1);
		break;
	case DS_EV_BLOCKS_FREED:
		ds_stores_drop(stores, event->pfn, event->n);
		break;
	case DS_EV_EXTENTS_CHANGED:
		if (event->change == DS_CHANGE_ZEROED)
			zeroed(checks, event);
		break;
	case DS_EV_CALL_ENTERED:
		if (is_fsync(event))
			ds_stores_owe(stores, event->task, event->inode);
		break;
	default:
		left(checks, event);
	}
}

const struct ds_property ds_no_unflushed_store = {
	.name = "NO_UNFLUSHED_STORE",
	.sentence = "What was stored through a page table before fsync began "
		    "is flushed when it returns 0; judged where stores are "
		    "watched.",
	.reads = "stores and flushes of the file's blocks, until fsync returns",
	.events = UINT32_C(1) << DS_EV_STORED_BYTES |
		  UINT32_C(1) << DS_EV_FLUSHED |
		  UINT32_C(1) << DS_EV_BLOCKS_FREED |
		  UINT32_C(1) << DS_EV_EXTENTS_CHANGED |
		  UINT32_C(1) << DS_EV_CALL_ENTERED |
		  UINT32_C(1) << DS_EV_CALL_LEFT,
	.event = look,
};
