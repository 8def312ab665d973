/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_PROGRAM_H
#define DS_RACE_PROGRAM_H

/*
 * A scenario brought to life on one file system: its files written, its tasks
 * spawned, everything marked and ready to be searched.
 */
#include "race/scenario.h"
#include "race/world.h"

struct ds_program;

struct ds_program_options {
	const struct ds_fs_profile *profile;
	struct ds_region *region;
	enum ds_turns turns;
	bool checked; /* check declared footprints */
	bool used;    /* the region held something else before */
	/* What every task breaks; the calls made before the search do not. */
	enum ds_rule broken;
};

/*
 * Return: 0; -EINVAL when a call made before the search fails, with one line in
 * @ret_why; -ENOMEM and others from the host.
 */
int ds_program_new(const struct ds_scenario *scenario,
		   const struct ds_program_options *options,
		   struct ds_program **ret_program, char *ret_why,
		   size_t why_size);

void ds_program_free(struct ds_program *program);

struct ds_world *ds_program_world(struct ds_program *program);

/*
 * What task @task came to in the run it made last: what its first call that
 * failed returned, or else its last one.
 */
int64_t ds_program_result(const struct ds_program *program, unsigned int task);

/* Runs so far in which some task waited for pins; only if watched. */
uint64_t ds_program_waits(const struct ds_program *program);

/*
 * Whether, in some run so far, call @call of task @task began and ended while
 * one and the same wait for pins lasted. Only if waits are watched.
 */
bool ds_program_ran_in_wait(const struct ds_program *program, unsigned int task,
			    unsigned int call);

#endif
