// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "race/graph.h"
#include "race/walk.h"

int ds_schedule_append(struct ds_schedule *schedule, unsigned int task)
{
	if (schedule->n == schedule->max) {
		size_t max = schedule->max ? schedule->max * 2 : 128;
		unsigned char *tasks = realloc(schedule->tasks, max);

		if (!tasks)
			return -ENOMEM;
		schedule->tasks = tasks;
		schedule->max = max;
	}
	schedule->tasks[schedule->n++] = (unsigned char)task;
	return 0;
}

int ds_schedule_copy(struct ds_schedule *to, const struct ds_schedule *from)
{
	size_t i;
	int r = 0;

	to->n = 0;
	for (i = 0; i < from->n && r == 0; i++)
		r = ds_schedule_append(to, from->tasks[i]);
	return r;
}

void ds_schedule_free(struct ds_schedule *schedule)
{
	free(schedule->tasks);
	*schedule = (struct ds_schedule){0};
}

/* A state on the way, for runs that come back to where they were. */
struct passed {
	struct ds_digest digest;
	uint32_t enabled, unfinished;
	uint64_t n_calls[DS_TASKS_MAX];
};

struct replay {
	const struct ds_world *world;
	const struct ds_schedule *schedule;
	struct passed *passed; /* before each step, and at the end */
};

static void note_passed(void *arg, const struct ds_world *world, uint64_t step,
			unsigned int task)
{
	const struct replay *replay = arg;
	struct passed *passed = &replay->passed[step - 1];
	unsigned int i;

	(void)task;
	passed->digest = ds_world_digest(world);
	for (i = 0; i < world->sched->n_tasks; i++) {
		const struct ds_task *other = world->sched->tasks[i];

		passed->n_calls[i] = other->n_calls;
		if (other->state != DS_TASK_DONE)
			passed->unfinished |= ds_task_bit(i);
		if (ds_task_is_enabled(other))
			passed->enabled |= ds_task_bit(i);
	}
}

/* Steps from @begin on lead back to where they began: can they, for ever? */
static bool judge_circle(const struct replay *replay, size_t begin)
{
	const struct passed *first = &replay->passed[begin];
	const struct passed *last = &replay->passed[replay->schedule->n];
	const struct ds_world *world = replay->world;
	uint32_t always = UINT32_MAX;
	struct ds_lasso lasso = {
		.nobody_gets_on = true,
		.stem = begin,
		.run = *replay->schedule,
	};
	unsigned int i;
	size_t at;

	for (at = begin; at < replay->schedule->n; at++) {
		always &= replay->passed[at].enabled;
		lasso.stepping |= ds_task_bit(replay->schedule->tasks[at]);
	}
	if (always & ~lasso.stepping)
		return false;
	for (i = 0; i < DS_TASKS_MAX; i++)
		lasso.nobody_gets_on &= first->n_calls[i] == last->n_calls[i];
	for (i = 0; i < DS_TASKS_MAX; i++)
		if (ds_tasks_have(last->unfinished, i) &&
		    first->n_calls[i] == last->n_calls[i]) {
			lasso.starved = i;
			ds_lasso_tell(
				world->sched, &lasso,
				&world->checks->findings[DS_NO_STARVATION]);
			return true;
		}
	return false;
}

/* A run that stopped half way may have come back to an earlier state. */
static void judge_progress(const struct replay *replay)
{
	struct ds_digest last = replay->passed[replay->schedule->n].digest;
	bool judged = false;
	size_t at;

	/* It may have passed there more than once, and be fair as a whole. */
	for (at = replay->schedule->n; at-- > 0 && !judged;) {
		judged = ds_digest_equal(replay->passed[at].digest, last) &&
			 judge_circle(replay, at);
	}
}

int ds_replay_run(struct ds_world *world, const struct ds_schedule *schedule,
		  size_t *ret_diverged)
{
	struct replay replay = {
		.world = world,
		.schedule = schedule,
		.passed = calloc(schedule->n + 1, sizeof(*replay.passed)),
	};
	int r;

	if (!replay.passed)
		return -ENOMEM;
	r = ds_walk_run(world, schedule, note_passed, &replay, ret_diverged);
	if (r == 0 && world->sched->end == DS_RUN_STOPPED)
		judge_progress(&replay);
	free(replay.passed);
	return r;
}
