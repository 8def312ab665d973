/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_BATTERY_H
#define DS_RACE_BATTERY_H

/*
 * The cells of the proof table on a file system that nobody worked out verdicts
 * for: each searched to its end, and what breaks told apart from what would
 * break on any file system of that kernel.
 */
#include "race/cells.h"
#include "race/search.h"

struct ds_battery_options {
	const struct ds_fs_profile *profile;
	const char *op, *pin; /* NULL: all */
	bool all;             /* also what is in no row or column */
	uint64_t budget;      /* runs of each search at most; 0: no limit */
};

struct ds_battery_cell {
	const struct ds_spec_op *op;
	const struct ds_cell_pin *pin;
	/* As the written rule of this file system, found out by running it. */
	bool predicted;
	const char *because;
	bool violates; /* in one way of pinning at least */
	/* Nothing breaks but what breaks on a careful file system, too. */
	bool inherited;
	bool complete;
	uint32_t broken, warned;
	uint64_t interleavings;
	char search[32];      /* of the less complete of its two searches */
	const char *property; /* the one that says most; NULL: all held */
	char text[120];
	char *replay; /* token; NULL */
};

/*
 * Searches and tells of each cell. @tell: the cell is gone when it returns.
 * Return: 0; -EINVAL with one line in @ret_why where nothing is asked for;
 * -EPROTO for nondeterminism, -ENOMEM and others of the host, for which the
 * cells not told are void.
 */
int ds_battery_run(const struct ds_battery_options *options,
		   void (*tell)(void *arg, const struct ds_battery_cell *cell),
		   void *arg, char *ret_why, size_t why_size);

/* One run, and what broke in it. */
struct ds_battery_replay {
	char *timeline; /* to be freed */
	uint32_t warned;
	struct ds_finding findings[DS_N_PROPERTIES];
};

/*
 * Runs the interleaving of a token again. Return: 0; -EINVAL for a token that
 * is damaged, or of something else; -EPROTO where it cannot be followed;
 * -ENOMEM.
 */
int ds_battery_replay(const struct ds_fs_profile *profile, const char *token,
		      struct ds_battery_replay *ret_replay, char *ret_why,
		      size_t why_size);

#endif
