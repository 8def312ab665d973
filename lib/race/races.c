// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "race/path.h"

/*
 * Source sets (Abdulla, Aronis, Jonsson, Sagonas 2014), which say which tasks
 * must be tried at a point of choice so that every class of runs is met.
 *
 * Two steps of a run race when they conflict and nothing in between orders
 * them: some run has them the other way round. To meet that run, the point
 * before the first must try a task that can begin "what happened in between
 * and not because of the first, then the second". If one of the tasks that
 * can begin it is tried there anyway, or sleeps there, nothing is added.
 *
 * What the argument needs of the model, beyond what sleep sets need (path.c):
 *
 * - A pending step that can be taken stays so until it is: only wake-ups,
 *   signals and ends of walks enable steps, and none takes that back.
 * - A step that could not be taken before the first of the two steps, because
 *   that is what enabled it, cannot come before it: no race. Unless something
 *   in between would have enabled it as well, as a signal does a sleeper that
 *   was woken before.
 * - Time moves where no task can go on. That is a step of nobody's that
 *   conflicts with every other and is possible only when no other is: nothing
 *   before it races with anything behind it.
 * - Whether shared acquisitions commute depends on the state. It changes only
 *   in steps that conflict with all of them, so the order of those between two
 *   such changes is free, and each step can be noted with what it counted as
 *   when it was taken.
 */

static uint64_t filter_bit(ds_obj obj)
{
	return UINT64_C(1) << (ds_mix64(obj) & 63);
}

static void note_accesses(struct ds_taken *taken, const struct ds_task *task)
{
	unsigned int i;

	taken->n = 0;
	taken->filter = 0;
	for (i = 0; i < task->n_accesses; i++) {
		const struct ds_access *access = &task->accesses[i];

		taken->objs[taken->n] = access->obj;
		taken->hows[taken->n++] = (unsigned char)ds_access_how(access);
		taken->filter |= filter_bit(access->obj);
	}
}

static bool conflict(const struct ds_taken *a, const struct ds_taken *b)
{
	unsigned int i, j;

	if (!(a->filter & b->filter))
		return false;
	for (i = 0; i < a->n; i++)
		for (j = 0; j < b->n; j++)
			if (a->objs[i] == b->objs[j] &&
			    (a->hows[i] != b->hows[j] ||
			     a->hows[i] == DS_WRITE))
				return true;
	return false;
}

/* Of all @n tasks that there are, here and below. */
static void join(struct ds_taken *later, const struct ds_taken *earlier,
		 unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (later->clock[i] < earlier->clock[i])
			later->clock[i] = earlier->clock[i];
}

/*
 * The tasks that can begin what followed path[first] and not because of it,
 * up to the step of the last node.
 */
static uint32_t can_begin(const struct ds_node *path, size_t first, size_t n)
{
	unsigned int q = path[first].choice, s;
	unsigned int at = path[first].taken.clock[q];
	unsigned int begins[DS_TASKS_MAX] = {0}; /* number of the first step */
	uint32_t set = 0;
	size_t i;

	for (i = first + 1; i < n; i++) {
		const struct ds_taken *taken = &path[i].taken;
		unsigned int task = path[i].choice;
		bool free = true;

		if (begins[task] || (i + 1 < n && taken->clock[q] >= at))
			continue;
		for (s = 0; s < DS_TASKS_MAX; s++)
			free &= !begins[s] || taken->clock[s] < begins[s];
		begins[task] = taken->clock[task];
		if (free)
			set |= ds_task_bit(task);
	}
	return set;
}

/*
 * Whether the last step, which was not possible at path[first], may have become
 * so by what followed that and not because of it. What enables a step conflicts
 * with it.
 */
static bool may_be_enabled_without(const struct ds_node *path, size_t first,
				   size_t n)
{
	unsigned int q = path[first].choice;
	unsigned int at = path[first].taken.clock[q];
	size_t i;

	for (i = first + 1; i + 1 < n; i++)
		if (path[i].taken.clock[q] < at &&
		    conflict(&path[i].taken, &path[n - 1].taken))
			return true;
	return false;
}

/* The steps of path[first] and of the last node race. */
static void reverse(struct ds_node *path, size_t first, size_t n, size_t before)
{
	struct ds_node *node = &path[first];
	unsigned int task = path[n - 1].choice;
	uint32_t set;

	/* If the step was pending there, was it possible, too? */
	if (before <= first && !ds_tasks_have(node->enabled, task) &&
	    !may_be_enabled_without(path, first, n))
		return;
	set = can_begin(path, first, n);
	if (set & (node->wanted | node->sleep))
		return;
	set &= node->enabled;
	if (ds_tasks_have(set, task))
		node->wanted |= ds_task_bit(task);
	else if (set)
		node->wanted |= ds_task_bit(ds_tasks_first(set));
	else
		node->wanted |= node->enabled;
}

/* Steps of others that path[n - 1] may race with are left. */
static bool more(const struct ds_taken *taken, const uint64_t *left,
		 unsigned int task, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (i != task && left[i] > taken->clock[i])
			return true;
	return false;
}

/* Time moved since these numbers of steps: they all came before. */
static void join_steps(struct ds_taken *later, const uint64_t *steps,
		       unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (later->clock[i] < steps[i])
			later->clock[i] = (uint16_t)steps[i];
}

void ds_races_note(struct ds_node *path, size_t n, const struct ds_sched *sched)
{
	struct ds_node *node = &path[n - 1];
	struct ds_taken *taken = &node->taken;
	const struct ds_task *task = sched->tasks[node->choice];
	uint64_t left[DS_TASKS_MAX]; /* steps up to path[i] */
	size_t racing[DS_TASKS_MAX];
	unsigned int n_tasks = sched->n_tasks;
	size_t before = 0; /* 1 + the place of @task's step before this */
	unsigned int n_racing = 0, i;
	size_t at;

	note_accesses(taken, task);
	taken->n_jumps = sched->n_jumps;
	memset(taken->clock, 0, sizeof(taken->clock));
	for (i = 0; i < n_tasks; i++)
		left[i] = sched->tasks[i]->steps;
	for (at = n - 1; task->steps && !before; at--)
		if (path[at - 1].choice == task->id)
			before = at;
	if (before)
		join(taken, &path[before - 1].taken, n_tasks);
	for (at = n - 1; at > 0 && more(taken, left, task->id, n_tasks); at--) {
		const struct ds_node *other = &path[at - 1];
		unsigned int q = other->choice;

		if (other->taken.n_jumps != taken->n_jumps) {
			join_steps(taken, left, n_tasks);
			break;
		}
		left[q]--;
		if (q == task->id || other->taken.clock[q] <= taken->clock[q] ||
		    !conflict(&other->taken, taken))
			continue;
		/* Each task's latest at most: it joins what came before. */
		racing[n_racing++] = at - 1;
		join(taken, &other->taken, n_tasks);
	}
	taken->clock[task->id] = (uint16_t)(task->steps + 1);
	for (i = 0; i < n_racing; i++)
		reverse(path, racing[i], n, before);
}
