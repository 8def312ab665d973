// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"
#include "file/lease.h"

/* A hole at the end of a file has no end; nobody looks that far. */
#define MAX_PAGES 1024

/* Whether @holder's offset still lies on the block it has pinned. */
static bool is_true_still(const struct ds_inode *inode,
			  const struct ds_holder *holder)
{
	struct ds_extent run = ds_extmap_lookup(inode->extents, holder->page);

	return run.state != DS_EXT_HOLE &&
	       ds_extent_pfn(&run, holder->page).pfn == holder->pfn.pfn;
}

static void report_client(struct ds_checks *checks, unsigned int task,
			  const struct ds_lease *lease, uint64_t page,
			  const char *what)
{
	ds_checks_report(checks, DS_LAYOUT_HOLDER_COHERENT, task,
			 "%s has a layout with page %llu %s", lease->name,
			 (unsigned long long)page, what);
}

/*
 * What is wrong with @page of @lease's layout, NULL if nothing is. Zeroes that
 * a holder takes for data, and data that it takes for zeroes, are as wrong as
 * another block; who writes alone does not see them.
 */
static const char *fault_of(const struct ds_inode *inode,
			    const struct ds_lease *lease, uint64_t page,
			    bool reads)
{
	enum ds_ext_state known = lease->layout.run.state, now;

	if (!ds_layout_is_true(&lease->layout, inode, ds_pgidx(page)))
		return known == DS_EXT_HOLE ? "as a hole, where a block is now"
					    : "on a block where it is no more";
	now = ds_extmap_lookup(inode->extents, ds_pgidx(page)).state;
	if (!reads || now == known)
		return NULL;
	return now == DS_EXT_WRITTEN ? "as unwritten, where data is now"
				     : "as written, where no data is now";
}

/* Whoever still has its lease, and may look at any time. */
static void look_at_clients(struct ds_checks *checks,
			    const struct ds_inode *inode,
			    const struct ds_event *event)
{
	const struct ds_lease *lease = inode->leases;

	for (; lease; lease = lease->next) {
		const struct ds_extent *run = &lease->layout.run;
		uint64_t page = event->range.first.pgidx;
		uint64_t end = event->range.end.pgidx;
		const char *what = NULL;

		/* What it commits itself it knows. */
		if (!lease->layout.valid ||
		    (event->task == lease->user &&
		     event->change == DS_CHANGE_WRITTEN))
			continue;
		if (page < run->page.pgidx)
			page = run->page.pgidx;
		if (end - run->page.pgidx > run->n_pages)
			end = run->page.pgidx + run->n_pages;
		for (; page < end && page < MAX_PAGES; page++) {
			what = fault_of(inode, lease, page, true);
			if (!what)
				continue;
			report_client(checks, event->task, lease, page, what);
			break;
		}
	}
}

static void look_at_use(struct ds_checks *checks, const struct ds_inode *inode,
			const struct ds_event *event)
{
	const char *what = fault_of(inode, event->holder, event->page.pgidx,
				    !event->value);

	if (what)
		report_client(checks, event->task, event->holder,
			      event->page.pgidx, what);
}

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	const struct ds_holder *holder = checks->super->frames->holders;
	const struct ds_inode *inode =
		ds_super_inode(checks->super, event->inode);

	if (!inode)
		return;
	if (event->kind == DS_EV_LAYOUT_USED) {
		look_at_use(checks, inode, event);
		return;
	}
	if (event->kind == DS_EV_EXTENTS_CHANGED)
		look_at_clients(checks, inode, event);
	for (; holder; holder = holder->next) {
		/* A pinned zero page or memory is no block of the file. */
		if (holder->inode != event->inode ||
		    holder->pfn.pfn == DS_ZERO_PFN ||
		    ds_pfn_is_cached(holder->pfn) ||
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
	.reads = "pins, layouts and extent map of the file, at the steps that "
		 "change or use them",
	.events = UINT32_C(1) << DS_EV_EXTENTS_CHANGED |
		  UINT32_C(1) << DS_EV_LAYOUT_USED |
		  UINT32_C(1) << DS_EV_PINNED,
	.event = look,
};
