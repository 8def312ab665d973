// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/seek.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "race/engine.h"

/* One point of choice behind the prefix. */
struct node {
	uint32_t enabled;
	uint32_t sleep; /* asleep on arrival: tried elsewhere already */
	uint32_t done;  /* tried from here */
	unsigned int choice;
	unsigned int last;
	unsigned int preemptions; /* before this step */
};

struct seeker {
	struct ds_world *world;
	const struct ds_seek *seek;
	struct ds_seek_result *result;
	struct node *path;
	size_t n_path, max_path;
	size_t n_replay; /* nodes whose choice stands in this run */
	size_t at;       /* the node to come */
	uint32_t sleep;
	struct ds_schedule taken; /* every step of this run */
	size_t best;              /* steps to the break, 0: none found yet */
	bool limited;             /* some run met max_steps */
	int error;
};

static bool is_broken(const struct seeker *seeker)
{
	return seeker->world->checks->findings[seeker->seek->property].found;
}

static uint32_t untried(const struct seeker *seeker, const struct node *node)
{
	uint32_t left = node->enabled & ~node->sleep & ~node->done;

	if (seeker->seek->bounded && ds_tasks_have(node->enabled, node->last) &&
	    node->preemptions >= seeker->seek->bound)
		left &= ds_task_bit(node->last);
	return left;
}

/* Tasks tried before whose step commutes with the chosen one. */
static uint32_t sleep_after(const struct seeker *seeker,
			    const struct ds_sched *sched,
			    const struct node *node)
{
	uint32_t tried = (node->sleep | node->done) & node->enabled;

	if (seeker->seek->bounded)
		return 0;
	return ds_tasks_independent(sched, tried & ~ds_task_bit(node->choice),
				    node->choice);
}

static struct node *push(struct seeker *seeker)
{
	if (seeker->n_path == seeker->max_path) {
		size_t max = seeker->max_path ? seeker->max_path * 2 : 256;
		struct node *path = realloc(seeker->path, max * sizeof(*path));

		if (!path)
			return NULL;
		seeker->path = path;
		seeker->max_path = max;
	}
	return &seeker->path[seeker->n_path++];
}

static int give_up(struct seeker *seeker, int error)
{
	seeker->error = error;
	return DS_PICK_STOP;
}

static int take(struct seeker *seeker, unsigned int task)
{
	if (ds_schedule_append(&seeker->taken, task) < 0)
		return give_up(seeker, -ENOMEM);
	return (int)task;
}

/* A node met for the first time. NULL: nothing to try there, or no memory. */
static struct node *new_node(struct seeker *seeker, uint32_t enabled,
			     unsigned int last)
{
	struct node *node = push(seeker);
	uint32_t left;

	if (!node) {
		seeker->error = -ENOMEM;
		return NULL;
	}
	*node = (struct node){
		.enabled = enabled,
		.sleep = seeker->sleep,
		.last = last,
	};
	if (seeker->n_path > 1) {
		const struct node *before = node - 1;

		node->preemptions =
			before->preemptions +
			(before->choice != before->last &&
			 ds_tasks_have(before->enabled, before->last));
	}
	left = untried(seeker, node);
	if (!left) {
		seeker->n_path--;
		return NULL;
	}
	node->choice = ds_tasks_have(left, last) ? last : ds_tasks_first(left);
	return node;
}

static int pick_branching(struct seeker *seeker, const struct ds_sched *sched,
			  uint32_t enabled, unsigned int last)
{
	struct node *node;

	if (seeker->at < seeker->n_replay) {
		node = &seeker->path[seeker->at];
		if (node->enabled != enabled)
			return give_up(seeker, -EPROTO);
	} else {
		node = new_node(seeker, enabled, last);
		if (!node)
			return DS_PICK_STOP;
	}
	seeker->at++;
	if (seeker->at >= seeker->n_replay)
		seeker->sleep = sleep_after(seeker, sched, node);
	return take(seeker, node->choice);
}

static int pick(void *arg, const struct ds_sched *sched, uint32_t enabled,
		unsigned int last)
{
	struct seeker *seeker = arg;
	const struct ds_seek *seek = seeker->seek;
	size_t depth = seeker->taken.n;

	if (depth < seek->n_prefix) {
		if (!ds_tasks_have(enabled, seek->prefix->tasks[depth]))
			return give_up(seeker, -EPROTO);
		return take(seeker, seek->prefix->tasks[depth]);
	}
	if (is_broken(seeker)) {
		if (!seek->breaks)
			return DS_PICK_STOP;
		/* To its end, with no further switch than must be. */
		return take(seeker, ds_tasks_have(enabled, last)
					    ? last
					    : ds_tasks_first(enabled));
	}
	if (seeker->best && depth + 1 >= seeker->best)
		return DS_PICK_STOP;
	return pick_branching(seeker, sched, enabled, last);
}

/* Moves on to the next path. Return: whether there is one. */
static bool next_path(struct seeker *seeker)
{
	while (seeker->n_path > 0) {
		struct node *node = &seeker->path[seeker->n_path - 1];
		uint32_t left;

		node->done |= ds_task_bit(node->choice);
		left = untried(seeker, node);
		if (left) {
			node->choice = ds_tasks_have(left, node->last)
					       ? node->last
					       : ds_tasks_first(left);
			seeker->n_replay = seeker->n_path;
			return true;
		}
		seeker->n_path--;
	}
	return false;
}

/* Keeps the run just made: it is what was looked for. */
static void keep(struct seeker *seeker)
{
	struct ds_seek_result *result = seeker->result;
	struct ds_schedule spare = result->schedule;

	result->end = DS_SEEK_FOUND;
	result->schedule = seeker->taken;
	seeker->taken = spare;
	result->finding =
		seeker->world->checks->findings[seeker->seek->property];
	if (seeker->seek->shortest)
		seeker->best = (size_t)result->finding.step;
}

/* One run from the mark. */
static int run_once(struct seeker *seeker, enum ds_run_end *ret_end)
{
	int r;

	seeker->taken.n = 0;
	seeker->at = 0;
	seeker->sleep = 0;
	r = ds_world_run(seeker->world, (struct ds_strategy){pick, seeker},
			 seeker->seek->max_steps, ret_end);
	seeker->result->runs++;
	if (seeker->error)
		return seeker->error;
	if (r < 0)
		return r;
	if (seeker->taken.n < seeker->seek->n_prefix)
		return -EPROTO;
	return 0;
}

/* Whether the run that ended so is one to keep. */
static bool is_wanted(struct seeker *seeker, enum ds_run_end end)
{
	const struct ds_seek *seek = seeker->seek;

	if (end == DS_RUN_LIMIT)
		seeker->limited = true;
	if (end != DS_RUN_DONE && end != DS_RUN_STUCK)
		return false;
	ds_checks_quiet(seeker->world->checks);
	if (!seek->breaks)
		return end == DS_RUN_DONE && !is_broken(seeker);
	return is_broken(seeker) &&
	       (!seeker->best ||
		seeker->world->checks->findings[seek->property].step <
			seeker->best);
}

static int seek_all(struct seeker *seeker)
{
	const struct ds_seek *seek = seeker->seek;
	struct ds_seek_result *result = seeker->result;
	enum ds_run_end end;
	int r;

	do {
		if (result->runs >= seek->budget ||
		    (seek->progress && result->runs % 256 == 255 &&
		     seek->progress(seek->progress_arg, result->runs, 0))) {
			if (result->end == DS_SEEK_NONE)
				result->end = DS_SEEK_UNDECIDED;
			return 0;
		}
		r = run_once(seeker, &end);
		if (r < 0)
			return r;
		if (is_wanted(seeker, end)) {
			keep(seeker);
			if (!seek->shortest)
				return 0;
		}
	} while (next_path(seeker));
	result->complete = !seeker->limited;
	if (result->end == DS_SEEK_NONE && seeker->limited)
		result->end = DS_SEEK_UNDECIDED;
	return 0;
}

int ds_seek_run(struct ds_world *world, const struct ds_seek *seek,
		struct ds_seek_result *ret_result)
{
	struct seeker seeker = {
		.world = world,
		.seek = seek,
		.result = ret_result,
	};
	int r;

	ds_assert(seek->n_prefix == 0 || seek->n_prefix <= seek->prefix->n);
	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->end = DS_SEEK_NONE;
	r = seek_all(&seeker);
	free(seeker.path);
	ds_schedule_free(&seeker.taken);
	if (r < 0)
		ds_schedule_free(&ret_result->schedule);
	return r;
}
