/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_SEEK_H
#define DS_RACE_SEEK_H

/*
 * Looks for one run among those that begin with given steps: one in which a
 * property breaks, or one that ends with every task returned and it unbroken.
 *
 * With sleep sets, as path.c has and proves them: from any state,
 * with no task asleep there, one run of each class of equivalent runs is
 * visited, and equivalent runs show the same to a property. A run in which the
 * property is broken is not branched any further, since what broke stays
 * broken. A bound on preemptions goes without sleep sets, which may leave just
 * those runs that are within the bound.
 */
#include "race/search.h"

enum ds_seek_end {
	DS_SEEK_FOUND,
	DS_SEEK_NONE,      /* there is none: all were tried */
	DS_SEEK_UNDECIDED, /* the budget ended, or runs met @max_steps */
};

struct ds_seek {
	enum ds_property_id property;
	bool breaks; /* look for a run that breaks it, not one that does not */
	const struct ds_schedule *prefix; /* NULL: any begin */
	size_t n_prefix;                  /* how many of its steps are fixed */
	bool bounded;
	unsigned int bound; /* preemptions, with @bounded */
	/* Tries all, and finds the one in which it breaks after fewest steps.
	 */
	bool shortest;
	uint64_t budget;    /* runs at most */
	uint64_t max_steps; /* of one run */
	/* NULL, or called now and then; true: stop. */
	bool (*progress)(void *arg, uint64_t runs, uint64_t states);
	void *progress_arg;
};

struct ds_seek_result {
	enum ds_seek_end end;
	bool complete; /* there is nothing left to try */
	uint64_t runs;
	struct ds_schedule schedule; /* of the run that was found, to its end */
	struct ds_finding finding;   /* if it breaks the property */
};

/*
 * Return: 0 with @ret_result, whose schedule is to be freed; -EPROTO when the
 * prefix cannot be followed; -ENOMEM and others when a run was void.
 */
int ds_seek_run(struct ds_world *world, const struct ds_seek *seek,
		struct ds_seek_result *ret_result);

#endif
