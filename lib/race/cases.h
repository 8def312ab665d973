/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_CASES_H
#define DS_RACE_CASES_H

/*
 * A case: a scenario on a file system, perhaps without one of the rules. What
 * mutations, known bugs and the claims of 2018 are told in.
 */
#include "core/rule.h"
#include "race/scenario.h"
#include "race/search.h"

struct ds_case {
	enum ds_rule broken;
	const char *scenario; /* built in; NULL: no case */
	const char *fs;
	enum ds_search_kind kind;
};

/*
 * The scenario of @what. Return: 0, or -EINVAL with one line in @ret_why when
 * there is no such scenario or file system.
 */
int ds_case_scenario(const struct ds_case *what,
		     struct ds_scenario *ret_scenario, char *ret_why,
		     size_t why_size);

/**
 * ds_case_search() - search a case
 * @broken: the rule to leave out, instead of the case's own
 * @region: is written over; where a rule is left out, with other bytes first
 *
 * Return: 0 with @ret_result, to be freed; -EINTR when @options->progress ended
 * it; otherwise an error with one line in @ret_why.
 */
int ds_case_search(const struct ds_case *what, enum ds_rule broken,
		   const struct ds_search_options *options,
		   struct ds_region *region,
		   struct ds_search_result *ret_result, char *ret_why,
		   size_t why_size);

/* "daxsim explore scenario/insert --fs ext4-v3": how to see it. */
void ds_case_command(const struct ds_case *what, char *ret, size_t size);

#endif
