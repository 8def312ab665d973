/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_CLAIMS_H
#define DS_RACE_CLAIMS_H

/*
 * The discussion of June and July 2018 about ext4's wait for pins, as
 * experiments: what was claimed, and the search that tells whether it is so.
 * Both sides of an argument may be right, about different properties.
 */
#include "race/cases.h"

struct ds_claim {
	const char *experiment; /* claims about one thing stand together */
	const char *who, *date;
	const char *says; /* in other words than the mail's */
	struct ds_case where;
	enum ds_property_id property;
	bool breaks; /* what the model finds */
	bool right;  /* whether that is as it was claimed */
};

/* Number @i, NULL after the last. */
const struct ds_claim *ds_claim_at(unsigned int i);

#endif
