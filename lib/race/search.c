// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Why the search with sleep sets visits each class of equivalent runs.
 *
 * A step is one task's pending step. Two steps are independent in a state when
 * both can be taken there and their footprints do not conflict there: then
 * neither order disables the other, and both lead to the same state. (What a
 * step declares is fixed while it is pending; how shared acquisitions of a
 * lock count depends on the state, so independence is asked in the state where
 * the choice is made.) Runs are equivalent when swaps of neighbours that are
 * independent where they meet turn one into the other. Equivalent runs are of
 * one length, end in one state and show the same to every property, since a
 * property charges what it reads to the step it follows. (Some steps declare by
 * a guess of what they will find; one that finds its guess outdated changes
 * nothing and declares again. Runs that differ in such looks alone count as
 * equivalent.)
 *
 * Claim: from a node with state s and sleep set Z, every run w from s has an
 * equivalent run that the search visits, unless w is equivalent to a run that
 * begins with a step of Z. Here a run is any number of steps, up to max_steps
 * from the root.
 *
 * By induction on the length of w. Let I be the tasks that begin some run
 * equivalent to w. If I meets Z, or w is empty, there is nothing to show.
 * Otherwise all of I is enabled and not asleep, so all of it is tried; let t be
 * tried first, and w equivalent to t v. The node behind t has the sleep set
 * Z' = {z in Z or tried before t: z independent of t in s}. If v were
 * equivalent to some z v' with z in Z', then w would be equivalent to t z v'
 * and so to z t v', and z in I: but I does not meet Z, and nothing in I was
 * tried before t. So v has a visited equivalent by induction, and t before it
 * is one of w. At the root Z is empty: each class is visited.
 *
 * So a run is cut where every enabled task is asleep and nothing is lost: what
 * broke before the cut breaks in every longer run too, and of those there is
 * one that ends, or that meets the limit, in each class.
 *
 * Not proved by this: properties that compare the times of independent steps,
 * as "this call returned before that one began", are judged in the visited run
 * of a class, not in all of them.
 */

/* One point of choice on the present path. */
struct node {
	uint32_t enabled;
	uint32_t sleep; /* asleep on arrival: tried elsewhere already */
	uint32_t done;  /* tried from here */
	unsigned int choice;
	unsigned int last; /* who took the step before */
	unsigned int preemptions;
};

struct search {
	struct ds_world *world;
	const struct ds_search_options *options;
	struct ds_search_result *result;
	struct node *path;
	size_t n_path, max_path;
	size_t n_replay; /* choices that are fixed in this run */
	size_t depth;
	uint32_t sleep; /* of the node to come */
	int error;
	struct ds_prng prng;
};

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

void ds_schedule_free(struct ds_schedule *schedule)
{
	free(schedule->tasks);
	*schedule = (struct ds_schedule){0};
}

static unsigned int lowest(uint32_t set)
{
	return (unsigned int)__builtin_ctz(set);
}

static bool has(uint32_t set, unsigned int task)
{
	return task < DS_TASKS_MAX && (set >> task & 1);
}

/* A switch away from a task that could have gone on. */
static bool is_preemption(const struct node *node, unsigned int choice)
{
	return choice != node->last && has(node->enabled, node->last);
}

/* What may be tried from @node and has not been. */
static uint32_t untried(const struct search *search, const struct node *node)
{
	uint32_t left = node->enabled & ~node->sleep & ~node->done;

	if (search->options->kind == DS_SEARCH_BOUND &&
	    node->preemptions >= search->options->bound &&
	    has(node->enabled, node->last))
		left &= UINT32_C(1) << node->last;
	return left;
}

/*
 * The tasks that sleep after @node's choice: those tried before (here, or
 * further up and still asleep) whose step is independent of the one chosen. To
 * take them first was tried; to take them later leads to the same states.
 */
static uint32_t sleep_after(const struct search *search,
			    const struct ds_sched *sched,
			    const struct node *node)
{
	uint32_t candidates = (node->sleep | node->done) & node->enabled;
	uint32_t sleep = 0;

	if (search->options->kind != DS_SEARCH_SLEEP)
		return 0;
	candidates &= ~(UINT32_C(1) << node->choice);
	for (; candidates; candidates &= candidates - 1) {
		unsigned int task = lowest(candidates);

		if (!ds_steps_conflict(sched->tasks[task],
				       sched->tasks[node->choice]))
			sleep |= UINT32_C(1) << task;
	}
	return sleep;
}

static struct node *push(struct search *search)
{
	if (search->n_path == search->max_path) {
		size_t max = search->max_path ? search->max_path * 2 : 1024;
		struct node *path = realloc(search->path, max * sizeof(*path));

		if (!path)
			return NULL;
		search->path = path;
		search->max_path = max;
	}
	return &search->path[search->n_path++];
}

static int choose_new(struct search *search, uint32_t enabled,
		      unsigned int last)
{
	struct node *node = push(search);
	uint32_t left;

	if (!node) {
		search->error = -ENOMEM;
		return DS_PICK_STOP;
	}
	*node = (struct node){
		.enabled = enabled,
		.sleep = search->sleep,
		.last = last,
	};
	if (search->n_path > 1) {
		const struct node *before = node - 1;

		node->preemptions = before->preemptions +
				    is_preemption(before, before->choice);
	}
	left = untried(search, node);
	if (!left) {
		search->n_path--;
		return DS_PICK_STOP;
	}
	/* Going on with the same task makes short, readable runs first. */
	node->choice = has(left, last) ? last : lowest(left);
	return (int)node->choice;
}

static int pick_systematic(void *arg, const struct ds_sched *sched,
			   uint32_t enabled, unsigned int last)
{
	struct search *search = arg;
	size_t depth = search->depth++;
	struct node *node;
	int choice;

	if (enabled & (enabled - 1))
		search->result->choices++;
	if (depth < search->n_replay) {
		node = &search->path[depth];
		if (node->enabled != enabled) {
			search->error = -EPROTO;
			return DS_PICK_STOP;
		}
		if (depth + 1 == search->n_replay)
			search->sleep = sleep_after(search, sched, node);
		return (int)node->choice;
	}
	choice = choose_new(search, enabled, last);
	if (choice != DS_PICK_STOP)
		search->sleep = sleep_after(search, sched,
					    &search->path[search->n_path - 1]);
	return choice;
}

static int pick_random(void *arg, const struct ds_sched *sched,
		       uint32_t enabled, unsigned int last)
{
	struct search *search = arg;
	unsigned int n = (unsigned int)__builtin_popcount(enabled);
	uint64_t skip = n > 1 ? ds_prng_below(&search->prng, n) : 0;
	struct node *node;

	(void)sched;
	(void)last;
	if (n > 1)
		search->result->choices++;
	while (skip--)
		enabled &= enabled - 1;
	node = push(search);
	if (!node) {
		search->error = -ENOMEM;
		return DS_PICK_STOP;
	}
	node->choice = lowest(enabled);
	search->depth++;
	return (int)node->choice;
}

/* Moves on to the next path. Return: whether there is one. */
static bool next_path(struct search *search)
{
	while (search->n_path > 0) {
		struct node *node = &search->path[search->n_path - 1];
		uint32_t left;

		node->done |= UINT32_C(1) << node->choice;
		left = untried(search, node);
		if (left) {
			node->choice = lowest(left);
			search->n_replay = search->n_path;
			return true;
		}
		search->n_path--;
	}
	return false;
}

static int save_schedule(const struct search *search,
			 struct ds_schedule *schedule)
{
	size_t i;
	int r = 0;

	schedule->n = 0;
	for (i = 0; i < search->depth && i < search->n_path && r == 0; i++)
		r = ds_schedule_append(schedule, search->path[i].choice);
	return r;
}

/* Takes note of what the finished run showed. */
static int note_findings(struct search *search)
{
	const struct ds_checks *checks = search->world->checks;
	struct ds_search_result *result = search->result;
	unsigned int i;
	int r = 0;

	result->warned |= checks->warned;
	for (i = 0; i < DS_N_PROPERTIES && r == 0; i++) {
		struct ds_search_finding *known = &result->findings[i];

		if (!checks->findings[i].found)
			continue;
		result->broken |= UINT32_C(1) << i;
		if (known->runs++ && known->schedule.n <= search->depth)
			continue;
		known->finding = checks->findings[i];
		r = save_schedule(search, &known->schedule);
	}
	return r;
}

/* One run from the mark. Return: 0, or why the search is void. */
static int run_once(struct search *search)
{
	const struct ds_search_options *options = search->options;
	struct ds_world *world = search->world;
	enum ds_run_end end;
	int r;

	search->depth = 0;
	search->sleep = 0;
	r = ds_world_rewind(world);
	if (r < 0)
		return r;
	world->sched->max_steps =
		options->max_steps ? options->max_steps : UINT64_MAX;
	world->sched->strategy.pick = options->kind == DS_SEARCH_RANDOM
					      ? pick_random
					      : pick_systematic;
	world->sched->strategy.arg = search;
	end = ds_sched_run(world->sched);
	search->result->steps += world->sched->n_steps;
	if (search->depth > search->result->max_depth)
		search->result->max_depth = search->depth;
	if (search->error)
		return search->error;
	if (ds_frames_lost(world->frames))
		return -ENOMEM;
	switch (end) {
	case DS_RUN_VOID:
		return world->sched->void_error;
	case DS_RUN_STOPPED:
		search->result->redundant++;
		/* What broke before the cut broke in an equivalent run too. */
		return 0;
	case DS_RUN_LIMIT:
		search->result->limited++;
		break;
	default:
		search->result->interleavings++;
		ds_checks_quiet(world->checks);
		if (options->ran)
			options->ran(options->ran_arg, world);
	}
	return note_findings(search);
}

/* Whether to end after a run, and in which word. */
static bool is_over(struct search *search, bool more)
{
	const struct ds_search_options *options = search->options;
	struct ds_search_result *result = search->result;
	uint64_t runs =
		result->interleavings + result->redundant + result->limited;

	if (!more) {
		result->end = DS_END_COMPLETE;
		if (options->kind == DS_SEARCH_BOUND || result->limited)
			result->end = DS_END_BOUNDED;
		return true;
	}
	result->end = options->kind == DS_SEARCH_RANDOM ? DS_END_SAMPLED
							: DS_END_BUDGET;
	if (options->first && result->broken)
		return true;
	if (options->budget && runs >= options->budget)
		return true;
	if (options->progress && runs % 256 == 0 &&
	    options->progress(options->progress_arg, runs)) {
		result->end = DS_END_INTERRUPTED;
		return true;
	}
	return false;
}

static int search_all(struct search *search)
{
	bool random = search->options->kind == DS_SEARCH_RANDOM;
	uint64_t run = 0;
	bool more;
	int r;

	do {
		if (random) {
			search->n_path = 0;
			search->prng.state =
				ds_hash_step(search->options->seed, run++);
		}
		r = run_once(search);
		if (r < 0)
			return r;
		more = random || next_path(search);
	} while (!is_over(search, more));
	return 0;
}

int ds_search_run(struct ds_world *world,
		  const struct ds_search_options *options,
		  struct ds_search_result *ret_result)
{
	struct search search = {
		.world = world,
		.options = options,
		.result = ret_result,
	};
	int r;

	memset(ret_result, 0, sizeof(*ret_result));
	r = search_all(&search);
	free(search.path);
	if (r < 0)
		ds_search_result_free(ret_result);
	return r;
}

void ds_search_result_free(struct ds_search_result *result)
{
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		ds_schedule_free(&result->findings[i].schedule);
}

const char *ds_search_kind_name(enum ds_search_kind kind)
{
	static const char *const names[] = {
		[DS_SEARCH_SLEEP] = "sleep",
		[DS_SEARCH_PLAIN] = "plain",
		[DS_SEARCH_BOUND] = "bound",
		[DS_SEARCH_RANDOM] = "random",
	};

	return names[kind];
}

void ds_search_end_text(const struct ds_search_result *result,
			const struct ds_search_options *options, char *ret_text,
			size_t size)
{
	static const char *const words[] = {
		[DS_END_COMPLETE] = "COMPLETE",  [DS_END_BOUNDED] = "BOUNDED",
		[DS_END_BUDGET] = "BUDGET",      [DS_END_SAMPLED] = "SAMPLED",
		[DS_END_INTERRUPTED] = "BUDGET",
	};

	if (result->end != DS_END_BOUNDED)
		snprintf(ret_text, size, "%s", words[result->end]);
	else if (options->kind == DS_SEARCH_BOUND)
		snprintf(ret_text, size, "BOUNDED(%u)", options->bound);
	else
		snprintf(ret_text, size, "BOUNDED(%llu steps)",
			 (unsigned long long)options->max_steps);
}

/* -------------------------------- Replay ---------------------------------- */

struct replay {
	const struct ds_schedule *schedule;
	size_t next;
};

static int pick_replayed(void *arg, const struct ds_sched *sched,
			 uint32_t enabled, unsigned int last)
{
	struct replay *replay = arg;
	unsigned int task;

	(void)sched;
	(void)last;
	/* A search that met its limit has schedules that end early, too. */
	if (replay->next == replay->schedule->n)
		return DS_PICK_STOP;
	task = replay->schedule->tasks[replay->next];
	if (!has(enabled, task))
		return DS_PICK_STOP;
	replay->next++;
	return (int)task;
}

int ds_replay_run(struct ds_world *world, const struct ds_schedule *schedule,
		  size_t *ret_diverged)
{
	struct replay replay = {.schedule = schedule};
	enum ds_run_end end;
	int r;

	r = ds_world_rewind(world);
	if (r < 0)
		return r;
	world->sched->strategy.pick = pick_replayed;
	world->sched->strategy.arg = &replay;
	world->sched->max_steps = UINT64_MAX;
	end = ds_sched_run(world->sched);
	if (end == DS_RUN_VOID)
		return world->sched->void_error;
	if (ds_frames_lost(world->frames))
		return -ENOMEM;
	if (replay.next != schedule->n) {
		*ret_diverged = replay.next;
		return -EPROTO;
	}
	if (end != DS_RUN_STOPPED)
		ds_checks_quiet(world->checks);
	return 0;
}
