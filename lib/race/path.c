// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/path.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Systematic stateless search: depth first through the tree of choices, each
 * run from the mark along the path so far.
 *
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
 * Source sets (races.c) try fewer tasks than all that are awake; the proof that
 * the classes of whole runs are still met is in the paper named there.
 *
 * That proof is about runs that end: steps a run was cut before never raced. On
 * the path of a run that met the limit every task that is awake is tried.
 *
 * Not proved by this: properties that compare the times of independent steps,
 * as "this call returned before that one began", are judged in the visited run
 * of a class, not in all of them.
 */

struct path_engine {
	struct ds_engine engine;
	struct ds_node *path;
	size_t n, max;
	size_t n_replay;    /* choices that are fixed in this run */
	uint32_t sleep;     /* of the node to come */
	unsigned int bound; /* the present one, which goes up */
	bool cut;           /* it left out something */
};

static bool is_kind(const struct path_engine *search, enum ds_search_kind kind)
{
	return search->engine.options->kind == kind;
}

/* A switch away from a task that could have gone on. */
static bool is_preemption(const struct ds_node *node, unsigned int choice)
{
	return choice != node->last && ds_tasks_have(node->enabled, node->last);
}

/* What may be tried from @node and has not been. */
static uint32_t untried(struct path_engine *search, const struct ds_node *node)
{
	uint32_t left = node->enabled & ~node->sleep & ~node->done;

	if (is_kind(search, DS_SEARCH_SOURCE) && node->wanted)
		return left & node->wanted;
	if (is_kind(search, DS_SEARCH_BOUND) &&
	    node->preemptions >= search->bound &&
	    ds_tasks_have(node->enabled, node->last)) {
		search->cut |= (left & ~ds_task_bit(node->last)) != 0;
		left &= ds_task_bit(node->last);
	}
	return left;
}

/*
 * The tasks that sleep after @node's choice: those tried before (here, or
 * further up and still asleep) whose step is independent of the one chosen. To
 * take them first was tried; to take them later leads to the same states.
 */
static uint32_t sleep_after(const struct path_engine *search,
			    const struct ds_sched *sched,
			    const struct ds_node *node)
{
	uint32_t tried = (node->sleep | node->done) & node->enabled;

	if (!is_kind(search, DS_SEARCH_SLEEP) &&
	    !is_kind(search, DS_SEARCH_SOURCE))
		return 0;
	return ds_tasks_independent(sched, tried & ~ds_task_bit(node->choice),
				    node->choice);
}

static struct ds_node *push(struct path_engine *search)
{
	if (search->n == search->max) {
		size_t max = search->max ? search->max * 2 : 512;
		struct ds_node *path =
			realloc(search->path, max * sizeof(*path));

		if (!path)
			return NULL;
		search->path = path;
		search->max = max;
	}
	return &search->path[search->n++];
}

static int choose_new(struct path_engine *search, uint32_t enabled,
		      unsigned int last)
{
	struct ds_node *node = push(search);
	uint32_t left;

	if (!node) {
		search->engine.error = -ENOMEM;
		return DS_PICK_STOP;
	}
	node->enabled = enabled;
	node->sleep = search->sleep;
	node->done = 0;
	node->wanted = 0;
	node->last = last;
	node->preemptions = 0;
	if (search->n > 1) {
		const struct ds_node *before = node - 1;

		node->preemptions = before->preemptions +
				    is_preemption(before, before->choice);
	}
	left = untried(search, node);
	if (!left) {
		search->n--;
		return DS_PICK_STOP;
	}
	/* Going on with the same task makes short, readable runs first. */
	node->choice = ds_tasks_have(left, last) ? last : ds_tasks_first(left);
	node->wanted = ds_task_bit(node->choice);
	return (int)node->choice;
}

/* The choice of the last node of the path is made. */
static void chosen(struct path_engine *search, const struct ds_sched *sched)
{
	search->sleep =
		sleep_after(search, sched, &search->path[search->n - 1]);
	if (is_kind(search, DS_SEARCH_SOURCE))
		ds_races_note(search->path, search->n, sched);
}

static int pick(struct ds_engine *engine, const struct ds_sched *sched,
		uint32_t enabled, unsigned int last)
{
	struct path_engine *search = (struct path_engine *)engine;
	size_t depth = engine->run.n;
	int choice;

	if (depth < search->n_replay) {
		const struct ds_node *node = &search->path[depth];

		if (node->enabled != enabled) {
			engine->error = -EPROTO;
			return DS_PICK_STOP;
		}
		/* The last of them is new since the run before. */
		if (depth + 1 == search->n_replay)
			chosen(search, sched);
		return (int)node->choice;
	}
	choice = choose_new(search, enabled, last);
	if (choice != DS_PICK_STOP)
		chosen(search, sched);
	return choice;
}

static void begin(struct ds_engine *engine, uint64_t run)
{
	struct path_engine *search = (struct path_engine *)engine;

	(void)run;
	search->sleep = 0;
}

static bool next_path(struct path_engine *search)
{
	while (search->n > 0) {
		struct ds_node *node = &search->path[search->n - 1];
		uint32_t left;

		node->done |= ds_task_bit(node->choice);
		left = untried(search, node);
		if (left) {
			node->choice = ds_tasks_first(left);
			search->n_replay = search->n;
			return true;
		}
		search->n--;
	}
	search->n_replay = 0;
	return false;
}

/* Only source sets leave out what is awake. */
static void try_all(struct ds_engine *engine)
{
	struct path_engine *search = (struct path_engine *)engine;
	size_t i;

	for (i = 0; i < search->n; i++)
		search->path[i].wanted = search->path[i].enabled;
}

/*
 * A bound goes up until it leaves nothing out, or to the one asked for; nothing
 * else is ever cut.
 */
static bool next(struct ds_engine *engine)
{
	struct path_engine *search = (struct path_engine *)engine;

	if (next_path(search))
		return true;
	if (!search->cut || search->bound >= engine->options->bound)
		return false;
	search->bound++;
	search->cut = false;
	return true;
}

/* Runs with fewer preemptions were met at the bounds before. */
static bool repeats(const struct ds_engine *engine)
{
	const struct path_engine *search = (const struct path_engine *)engine;
	const struct ds_node *node;

	if (search->bound == 0 || search->n == 0)
		return false;
	node = &search->path[search->n - 1];
	return node->preemptions + is_preemption(node, node->choice) <
	       search->bound;
}

static enum ds_search_end end(const struct ds_engine *engine)
{
	const struct path_engine *search = (const struct path_engine *)engine;

	engine->result->bound = search->bound;
	return search->cut ? DS_END_BOUNDED : DS_END_COMPLETE;
}

static void close_path(struct ds_engine *engine)
{
	free(((struct path_engine *)engine)->path);
}

const struct ds_engine_ops ds_engine_path = {
	.size = sizeof(struct path_engine),
	.begin = begin,
	.pick = pick,
	.repeats = repeats,
	.limited = try_all,
	.next = next,
	.end = end,
	.close = close_path,
};
