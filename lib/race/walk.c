// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/walk.h"

#include <errno.h>

#include "race/engine.h"

struct walk {
	struct ds_world *world;
	const struct ds_schedule *schedule;
	size_t next;
	ds_walk_fn look;
	void *arg;
};

static int pick_next(void *arg, const struct ds_sched *sched, uint32_t enabled,
		     unsigned int last)
{
	struct walk *walk = arg;
	unsigned int task;

	(void)sched;
	(void)last;
	/* A search that met its limit has schedules that end early, too. */
	if (walk->next == walk->schedule->n)
		return DS_PICK_STOP;
	task = walk->schedule->tasks[walk->next];
	if (!ds_tasks_have(enabled, task))
		return DS_PICK_STOP;
	walk->next++;
	walk->look(walk->arg, walk->world, walk->next, task);
	return (int)task;
}

int ds_walk_run(struct ds_world *world, const struct ds_schedule *schedule,
		ds_walk_fn look, void *arg, size_t *ret_diverged)
{
	struct walk walk = {world, schedule, 0, look, arg};
	enum ds_run_end end;
	int r = ds_world_run(world, (struct ds_strategy){pick_next, &walk},
			     UINT64_MAX, &end);

	if (r < 0)
		return r;
	if (walk.next != schedule->n) {
		*ret_diverged = walk.next;
		return -EPROTO;
	}
	if (end != DS_RUN_STOPPED)
		ds_checks_quiet(world->checks);
	look(arg, world, schedule->n + 1, DS_TASKS_MAX);
	return 0;
}

struct point {
	uint64_t step;
	enum ds_at at;
};

static void note_point(void *arg, const struct ds_world *world, uint64_t step,
		       unsigned int task)
{
	struct point *point = arg;

	if (step == point->step && task < DS_TASKS_MAX)
		point->at = world->sched->tasks[task]->at;
}

int ds_walk_point(struct ds_world *world, const struct ds_schedule *schedule,
		  uint64_t step, enum ds_at *ret_at)
{
	struct point point = {step, DS_AT_START};
	size_t diverged;
	int r = ds_walk_run(world, schedule, note_point, &point, &diverged);

	if (r == 0)
		*ret_at = point.at;
	return r;
}
