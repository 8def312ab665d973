// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

#define OTHERS 63 /* the bit of all pages from there on */

static uint64_t bit_of(struct ds_pgidx page)
{
	return UINT64_C(1) << (page.pgidx < OTHERS ? page.pgidx : OTHERS);
}

/* The pages of @range; the others only if it goes on for ever. */
static uint64_t bits_of(struct ds_pgrange range)
{
	uint64_t page, bits = 0;

	for (page = 0; page < OTHERS; page++)
		if (ds_pgrange_has(range, ds_pgidx(page)))
			bits |= bit_of(ds_pgidx(page));
	if (range.first.pgidx <= OTHERS && range.end.pgidx == DS_PGIDX_MAX)
		bits |= bit_of(ds_pgidx(OTHERS));
	return bits;
}

/*
 * A search that found pages clean holds until the fault lock is given up; who
 * takes blocks away does so in between.
 */
static void look(struct ds_checks *checks, const struct ds_event *event)
{
	uint64_t *clean;

	if (event->inode >= DS_CHECK_INODES)
		return;
	clean = &checks->clean_pages[event->inode];
	switch (event->kind) {
	case DS_EV_SCANNED_CLEAN:
		*clean |= bits_of(event->range);
		break;
	case DS_EV_FAULTS_ALLOWED:
		*clean = 0;
		break;
	default:
		if (*clean & bit_of(event->page))
			ds_checks_report(
				checks, DS_NO_NEW_PIN_AFTER_BREAK, event->task,
				"page %llu is pinned after the file was found "
				"clean",
				(unsigned long long)event->page.pgidx);
	}
}

const struct ds_property ds_no_new_pin_after_break = {
	.name = "NO_NEW_PIN_AFTER_BREAK",
	.sentence = "Between the last successful scan and the extent change no "
		    "page in the range gains a pin.",
	.reads = "pins of the file, from the scan to the release of the fault "
		 "lock",
	.events = UINT32_C(1) << DS_EV_SCANNED_CLEAN |
		  UINT32_C(1) << DS_EV_FAULTS_ALLOWED |
		  UINT32_C(1) << DS_EV_PINNED,
	.event = look,
};
