/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_REDUCE_H
#define DS_RACE_REDUCE_H

/*
 * Ways to make a scenario smaller, in a fixed order: a task less, a call less,
 * a page of a file less (with all that lies behind it moved down), a shorter
 * range, a hole, file or option less.
 */
#include "race/scenario.h"

/* One way; zeroed, it is the first. */
struct ds_reduction {
	unsigned int kind;
	unsigned int i; /* which task, call, page and so on */
};

/*
 * Makes a smaller scenario of @from in the way @way, or in the first one behind
 * it that there is; @way then says which. Expectations are not kept. Return:
 * whether there was one.
 */
bool ds_reduce(const struct ds_scenario *from, struct ds_reduction *way,
	       struct ds_scenario *ret_scenario);

#endif
