/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CHECK_COPIES_H
#define DS_CHECK_COPIES_H

/*
 * Which pages of address spaces ought to be private copies: kept from events,
 * and compared with what loads and stores go through.
 *
 * A copy is there from when it was made, or fork gave it to the program, until
 * its area is unmapped (addresses are not used again), the program no longer
 * wants it, or the file is cut below it. While a task cuts the file nothing is
 * promised about copies beyond its end.
 */
#include "core/digest.h"
#include "core/event.h"

#define DS_COPIES_MAX 16

struct ds_copies {
	unsigned int n;
	bool too_many;    /* to follow: nothing is judged any more */
	uint32_t cutting; /* tasks that cut some file, bit per id */
	struct {
		uint64_t place, page;
		uint32_t inode;
	} all[DS_COPIES_MAX]; /* by place */
};

/* Follows the events that it knows; others are ignored. */
void ds_copies_follow(struct ds_copies *copies, const struct ds_event *event,
		      uint64_t size);

/*
 * What is wrong with an access of @event->place that went to @event->pfn: text
 * with one place for the page's number, or NULL.
 */
const char *ds_copies_judge(const struct ds_copies *copies,
			    const struct ds_event *event);

void ds_copies_digest(const struct ds_copies *copies, struct ds_digest *digest);

#endif
