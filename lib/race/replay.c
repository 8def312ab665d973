// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "race/graph.h"

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
	size_t next;
	struct passed *passed; /* before each step, and at the end */
};

static void note_passed(struct replay *replay, const struct ds_sched *sched,
			uint32_t enabled)
{
	struct passed *passed = &replay->passed[replay->next];
	unsigned int i;

	passed->digest = ds_world_digest(replay->world);
	passed->enabled = enabled;
	passed->unfinished = 0;
	for (i = 0; i < sched->n_tasks; i++) {
		passed->n_calls[i] = sched->tasks[i]->n_calls;
		if (sched->tasks[i]->state != DS_TASK_DONE)
			passed->unfinished |= ds_task_bit(i);
	}
}

static int pick_replayed(void *arg, const struct ds_sched *sched,
			 uint32_t enabled, unsigned int last)
{
	struct replay *replay = arg;
	unsigned int task;

	(void)last;
	note_passed(replay, sched, enabled);
	/* A search that met its limit has schedules that end early, too. */
	if (replay->next == replay->schedule->n)
		return DS_PICK_STOP;
	task = replay->schedule->tasks[replay->next];
	if (!ds_tasks_have(enabled, task))
		return DS_PICK_STOP;
	replay->next++;
	return (int)task;
}

/* Steps from @begin on lead back to where they began: can they, for ever? */
static bool judge_circle(const struct replay *replay, size_t begin)
{
	const struct passed *first = &replay->passed[begin];
	const struct passed *last = &replay->passed[replay->next];
	const struct ds_world *world = replay->world;
	uint32_t always = UINT32_MAX;
	struct ds_lasso lasso = {
		.nobody_gets_on = true,
		.stem = begin,
		.run = *replay->schedule,
	};
	unsigned int i;
	size_t at;

	for (at = begin; at < replay->next; at++) {
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
	struct ds_digest last = replay->passed[replay->next].digest;
	bool judged = false;
	size_t at;

	/* It may have passed there more than once, and be fair as a whole. */
	for (at = replay->next; at-- > 0 && !judged;) {
		judged = ds_digest_equal(replay->passed[at].digest, last) &&
			 judge_circle(replay, at);
	}
}

static int follow(struct ds_world *world, struct replay *replay,
		  size_t *ret_diverged)
{
	enum ds_run_end end;
	int r;

	r = ds_world_rewind(world);
	if (r < 0)
		return r;
	world->sched->strategy.pick = pick_replayed;
	world->sched->strategy.arg = replay;
	world->sched->max_steps = UINT64_MAX;
	end = ds_sched_run(world->sched);
	if (end == DS_RUN_VOID)
		return world->sched->void_error;
	if (ds_frames_lost(world->frames))
		return -ENOMEM;
	if (replay->next != replay->schedule->n) {
		*ret_diverged = replay->next;
		return -EPROTO;
	}
	if (end == DS_RUN_STOPPED)
		judge_progress(replay);
	else
		ds_checks_quiet(world->checks);
	return 0;
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
	r = follow(world, &replay, ret_diverged);
	free(replay.passed);
	return r;
}
