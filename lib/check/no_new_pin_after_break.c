// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

/*
 * A search that found the file clean holds until the fault lock is given up;
 * who takes blocks away does so in between. Breaks cover whole files in every
 * kernel modelled, so every page of the file counts.
 */
static void look(struct ds_checks *checks, const struct ds_event *event)
{
	uint32_t bit;

	if (event->inode >= DS_CHECK_INODES)
		return;
	bit = UINT32_C(1) << event->inode;
	switch (event->kind) {
	case DS_EV_SCANNED_CLEAN:
		checks->clean_scans |= bit;
		break;
	case DS_EV_FAULTS_ALLOWED:
		checks->clean_scans &= ~bit;
		break;
	default:
		if (checks->clean_scans & bit)
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
