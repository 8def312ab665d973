/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_WALK_H
#define DS_RACE_WALK_H

/*
 * One known run, looked at before each of its steps.
 */
#include "race/search.h"

/*
 * @task is about to take step @step (from 1): what it stands before and what
 * that will touch is in the scheduler's table, and the world is as the step
 * finds it. Called once more behind the last step, with DS_TASKS_MAX.
 */
typedef void (*ds_walk_fn)(void *arg, const struct ds_world *world,
			   uint64_t step, unsigned int task);

/*
 * Runs @schedule from the mark. Return: as ds_replay_run(), which this does
 * with somebody looking.
 */
int ds_walk_run(struct ds_world *world, const struct ds_schedule *schedule,
		ds_walk_fn look, void *arg, size_t *ret_diverged);

/* The point that step @step (from 1) of @schedule is taken at. */
int ds_walk_point(struct ds_world *world, const struct ds_schedule *schedule,
		  uint64_t step, enum ds_at *ret_at);

#endif
