// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/walk.h"

#include <errno.h>

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
	if (walk->next == walk->schedule->n)
		return DS_PICK_STOP;
	task = walk->schedule->tasks[walk->next];
	if (task >= DS_TASKS_MAX || !(enabled >> task & 1))
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
	int r;

	r = ds_world_rewind(world);
	if (r < 0)
		return r;
	world->sched->strategy.pick = pick_next;
	world->sched->strategy.arg = &walk;
	world->sched->max_steps = UINT64_MAX;
	end = ds_sched_run(world->sched);
	if (end == DS_RUN_VOID)
		return world->sched->void_error;
	if (ds_frames_lost(world->frames))
		return -ENOMEM;
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
