/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_CLAIMS_H
#define DS_RACE_CLAIMS_H

/*
 * The discussion of June and July 2018 about ext4's wait for pins, as
 * experiments: what was claimed, and the search that tells whether it is so.
 * Both sides of an argument may be right, about different properties.
 *
 * What a claim is judged by: a property; or a kernel warning, if one is named;
 * or, if there is a case to compare with, the contents that files can have in
 * the end (race/finals.h): the claim "breaks" where some of them cannot come
 * about in that case.
 */
#include "race/cases.h"

struct ds_claim {
	const char *experiment; /* claims about one thing stand together */
	const char *who, *date;
	const char *says; /* in other words than the mail's */
	struct ds_case where;
	enum ds_property_id property;
	enum ds_warning warning; /* 0: none */
	struct ds_case against;  /* no scenario: none */
	bool breaks;             /* what the model finds */
	bool right;              /* whether that is as it was claimed */
};

struct ds_claim_outcome {
	bool breaks;
	bool complete; /* the searches came to their end */
	uint64_t interleavings;
	size_t n_finals;  /* contents in the end, if these are compared */
	size_t n_foreign; /* of them, those that cannot come about there */
};

/* Number @i, NULL after the last. */
const struct ds_claim *ds_claim_at(unsigned int i);

/*
 * Runs the experiment on @region, which is written over. Return: 0, or an error
 * with one line in @ret_why.
 */
int ds_claim_try(const struct ds_claim *claim, struct ds_region *region,
		 struct ds_claim_outcome *ret_outcome, char *ret_why,
		 size_t why_size);

/* "NO_STRAY_WRITE holds on ext4-v3", as @outcome says. */
void ds_claim_outcome_text(const struct ds_claim *claim,
			   const struct ds_claim_outcome *outcome,
			   char *ret_text, size_t size);

#endif
