// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/claims.h"

#include <stddef.h>

#define CLASSES DS_SEARCH_SOURCE

#define KEPT DS_RULE_NONE

#define ZWISLER "Ross Zwisler"
#define CHINNER "Dave Chinner"

static const struct ds_claim claims[] = {
	{
		.experiment = "insert-range",
		.who = ZWISLER,
		.date = "2018-06-29",
		.says = "insert removes no block from the file, so no other "
			"file's bytes are at risk without a wait",
		.where = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "insert-range",
		.who = CHINNER,
		.date = "2018-07-04",
		.says = "whoever holds a map of offsets to blocks then writes "
			"to the wrong offset: any change of the extent map "
			"must break layouts",
		.where = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.breaks = true,
		.right = true,
	},
};

const struct ds_claim *ds_claim_at(unsigned int i)
{
	return i < sizeof(claims) / sizeof(claims[0]) ? &claims[i] : NULL;
}
