// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/bugs.h"

#include <stddef.h>

#define CLASSES DS_SEARCH_SOURCE
#define STATES  DS_SEARCH_STATES

#define KEPT DS_RULE_NONE

static const struct ds_bug bugs[] = {
	{
		.id = "R1",
		.name = "ext4-nobreak",
		.status = DS_BUG_KNOWN,
		.story = "ext4 frees, moves and zeroes blocks without looking "
			 "at pins: the device writes into a freed block.",
		.cites = "fixed by 430657b6be89, v4.19",
		.shown = {KEPT, "prove/punch/direct-1/fast", "ext4-4.18",
			  CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "prove/punch/direct-1/fast", "ext4-4.19",
			   CLASSES},
	},
	{
		.id = "R2",
		.name = "insert-no-break",
		.status = DS_BUG_KNOWN,
		.story = "Insert range moves a pinned page's block: the data "
			 "of the device appears farther on in the file.",
		.cites = "patches v2 and v3 of 2018; v4.19 waits",
		.shown = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.absent = {KEPT, "scenario/insert", "ext4-4.19", CLASSES},
	},
	{
		.id = "R3",
		.name = "early-give-up",
		.status = DS_BUG_KNOWN,
		.story = "The wait looks again only if it slept: a first page "
			 "that goes idle before its test hides the second.",
		.cites = "patches v2 and v3 of 2018; fixed by b1f382178d15",
		.shown = {KEPT, "scenario/early-give-up", "ext4-v3", CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/early-give-up", "ext4-4.19",
			   CLASSES},
	},
	{
		.id = "R10",
		.name = "delete-wakes-one",
		.status = DS_BUG_KNOWN,
		.story = "A deleted entry wakes one waiter, who finds nothing "
			 "and wakes nobody: the others sleep for ever.",
		.cites = "fixed by 237388320def, v5.13",
		.shown = {KEPT, "scenario/three-fsyncs-under-truncate",
			  "ext4-4.19", STATES},
		.property = DS_NO_LOST_WAKEUP,
		.absent = {KEPT, "scenario/three-fsyncs-under-truncate",
			   "ext4-6.1", STATES},
	},
};

const struct ds_bug *ds_bug_at(unsigned int i)
{
	return i < sizeof(bugs) / sizeof(bugs[0]) ? &bugs[i] : NULL;
}

const char *ds_bug_status_name(enum ds_bug_status status)
{
	static const char *const names[] = {
		[DS_BUG_KNOWN] = "known",
		[DS_BUG_PLAUSIBLE] = "plausible",
		[DS_BUG_NO_KERNEL] = "no kernel",
	};

	return names[status];
}
