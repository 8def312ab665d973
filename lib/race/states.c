// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>

#include "race/pool.h"

/*
 * Stateful search: equal states are merged, and each keeps the sleep set that
 * its visits have in common (Godefroid 1996, 5.2).
 *
 * A run comes to state s with sleep set Z. At the first visit everything but Z
 * is tried from s, and s remembers Z. At a later one, what s remembers asleep
 * and Z does not is tried, and s remembers what both have. A run is cut where
 * nothing is to be tried.
 *
 * Claim: for each visit of s with Z, each run w from s has an equivalent one
 * all of whose steps were taken, from equal states, unless w is equivalent to a
 * run that begins with a step of Z. (Terms and independence as in path.c.)
 *
 * By induction on the length of w. Let I be the tasks that begin some run
 * equivalent to w, and let I not meet Z. After the visit, s remembers nothing
 * of I asleep, so all of I was tried from s, each of them once. Take the visit
 * in which the last of I were tried, and of these t, tried first there. Asleep
 * then was: what s remembered after that visit began, which holds nothing of I;
 * and what was tried earlier in that visit, which does not either. So behind t
 * sleeps nothing that begins a run equivalent to the rest v of w = t v (as in
 * path.c), and v has its equivalent by induction.
 *
 * The order of visits does not matter for this, nor whether the graph has
 * cycles. At the root Z is empty: every state is visited, and for each run a
 * run of equivalent steps was taken, so every property that charges what it
 * reads to its step was asked. When all visits have ended the graph is closed.
 *
 * This rests on equal digests meaning equal states (race/world.h), which
 * tests/fuzz checks: the same step from the same digest leads to the same one.
 *
 * Infinite runs: if the full graph has a cycle then arbitrarily long runs
 * exist, so the graph of taken steps, which is finite, has one too.
 */

/*
 * How far a run goes beyond its piece. Each run begins at the mark, so deep
 * paths are dear, and where runs can go round in circles they grow long; what
 * lies further is left as a piece and met on shorter ways for the most part.
 */
#define REACH 192

/* One point of choice on the present path. */
struct visit {
	uint32_t state;
	uint32_t enabled;
	uint32_t sleep;
	uint32_t left; /* to be tried in this visit */
	unsigned int choice;
};

struct states_engine {
	struct ds_engine engine;
	struct visit *path;
	size_t n, max;
	size_t n_replay;  /* choices that are fixed in this run */
	size_t far;       /* where runs end */
	uint32_t sleep;   /* of the visit to come */
	uint64_t n_calls; /* that the chosen task had returned from */
};

static int push(struct states_engine *search, struct visit visit)
{
	if (search->n == search->max) {
		size_t max = search->max ? search->max * 2 : 512;
		struct visit *path = realloc(search->path, max * sizeof(*path));

		if (!path)
			return -ENOMEM;
		search->path = path;
		search->max = max;
	}
	search->path[search->n++] = visit;
	return 0;
}

static struct ds_pool *pool_of(const struct states_engine *search)
{
	return search->engine.pool;
}

static uint16_t unfinished(const struct ds_sched *sched)
{
	uint32_t set = 0;
	unsigned int i;

	for (i = 0; i < sched->n_tasks; i++)
		if (sched->tasks[i]->state != DS_TASK_DONE &&
		    !ds_task_is_idle(sched->tasks[i]))
			set |= ds_task_bit(i);
	return (uint16_t)set;
}

/* The step that led here becomes an edge. */
static int connect(struct states_engine *search, const struct ds_sched *sched,
		   uint32_t to)
{
	const struct visit *from;

	if (search->n == 0)
		return 0;
	from = &search->path[search->n - 1];
	search->engine.result->edges++;
	return ds_graph_connect(
		&pool_of(search)->graph,
		(struct ds_edge){
			.from = from->state,
			.to = to,
			.task = (unsigned char)from->choice,
			.ends_call = sched->tasks[from->choice]->n_calls !=
				     search->n_calls,
		});
}

/* Under the pool's lock: visits of a state come one after the other. */
static int visit_state(struct states_engine *search,
		       const struct ds_sched *sched, struct ds_digest digest,
		       struct visit *visit)
{
	struct ds_graph *graph = &pool_of(search)->graph;
	struct ds_state *state;
	bool added;
	int r;

	r = ds_graph_visit(graph, digest, &visit->state, &added);
	if (r == 0)
		r = connect(search, sched, visit->state);
	if (r < 0)
		return r;
	state = &graph->states[visit->state];
	if (added) {
		state->enabled = (uint16_t)visit->enabled;
		state->unfinished = unfinished(sched);
		/* What the first visit is to try is all but @sleep. */
		state->asleep = visit->enabled;
	} else if (state->enabled != visit->enabled) {
		return -EPROTO;
	}
	visit->left = state->asleep & ~search->sleep;
	state->asleep &= search->sleep;
	visit->sleep = state->asleep;
	search->engine.result->states = graph->n_states;
	return 0;
}

/*
 * Leaves @left of @visit, at @depth on the path, as a piece. Return: 0, or
 * -ENOMEM.
 */
static int leave(struct states_engine *search, const struct visit *visit,
		 uint32_t left, size_t depth)
{
	struct ds_piece *piece = calloc(1, sizeof(*piece));
	size_t i;
	int r = 0;

	if (!piece)
		return -ENOMEM;
	*piece = (struct ds_piece){
		.state = visit->state,
		.enabled = visit->enabled,
		.sleep = visit->sleep,
		.left = left,
	};
	for (i = 0; i < depth && r == 0; i++)
		r = ds_schedule_append(&piece->prefix, search->path[i].choice);
	if (r == 0)
		ds_pool_give(pool_of(search), piece);
	else
		ds_piece_free(piece);
	return r;
}

/* Leaves something near the root of the path to others, if there is any. */
static int give(struct states_engine *search)
{
	size_t i;

	for (i = 0; i + 1 < search->n; i++) {
		struct visit *visit = &search->path[i];
		uint32_t others = visit->left & ~ds_task_bit(visit->choice);

		if (!others)
			continue;
		/*
		 * They are tried after the present choice, like those tried
		 * before, which therefore sleep.
		 */
		visit->sleep |= ds_task_bit(visit->choice);
		visit->left &= ~others;
		return leave(search, visit, others, i);
	}
	return 0;
}

/* Return: 1 when something is to be tried here, 0 if not, negative errno. */
static int arrive(struct states_engine *search, const struct ds_sched *sched,
		  uint32_t enabled)
{
	struct ds_digest digest = ds_world_digest(search->engine.world);
	struct visit visit = {.enabled = enabled};
	int r;

	ds_pool_lock(pool_of(search));
	r = visit_state(search, sched, digest, &visit);
	ds_pool_unlock(pool_of(search));
	if (r < 0 || !visit.left)
		return r;
	if (search->n >= search->far)
		return leave(search, &visit, visit.left, search->n);
	r = push(search, visit);
	return r < 0 ? r : 1;
}

/* The last visit's choice is made: what sleeps behind it. */
static void chosen(struct states_engine *search, const struct ds_sched *sched)
{
	const struct visit *visit = &search->path[search->n - 1];

	search->n_calls = sched->tasks[visit->choice]->n_calls;
	search->sleep = 0;
	if (!search->engine.options->whole)
		search->sleep = ds_tasks_independent(
			sched, visit->sleep & ~ds_task_bit(visit->choice),
			visit->choice);
}

static int pick(struct ds_engine *engine, const struct ds_sched *sched,
		uint32_t enabled, unsigned int last)
{
	struct states_engine *search = (struct states_engine *)engine;
	size_t depth = engine->run.n;
	struct visit *visit;
	int r;

	if (depth < search->n_replay) {
		visit = &search->path[depth];
		/* On the way to another worker's piece it is not known. */
		if (visit->enabled && visit->enabled != enabled) {
			engine->error = -EPROTO;
			return DS_PICK_STOP;
		}
		if (depth + 1 == search->n_replay)
			chosen(search, sched);
		return (int)visit->choice;
	}
	r = arrive(search, sched, enabled);
	if (r <= 0) {
		engine->error = r;
		return DS_PICK_STOP;
	}
	visit = &search->path[search->n - 1];
	visit->choice = ds_tasks_have(visit->left, last)
				? last
				: ds_tasks_first(visit->left);
	chosen(search, sched);
	return (int)visit->choice;
}

static int open_states(struct ds_engine *engine)
{
	((struct states_engine *)engine)->far = REACH;
	return 0;
}

static void begin(struct ds_engine *engine, uint64_t run)
{
	struct states_engine *search = (struct states_engine *)engine;

	(void)run;
	search->sleep = 0;
}

/* Goes on with a piece that another worker left. */
static bool take(struct states_engine *search)
{
	struct ds_piece *piece = ds_pool_take(pool_of(search));
	size_t i;
	int r = 0;

	if (!piece)
		return false;
	for (i = 0; i < piece->prefix.n && r == 0; i++)
		r = push(search,
			 (struct visit){.choice = piece->prefix.tasks[i]});
	if (r == 0)
		r = push(search, (struct visit){
					 .state = piece->state,
					 .enabled = piece->enabled,
					 .sleep = piece->sleep,
					 .left = piece->left,
					 .choice = ds_tasks_first(piece->left),
				 });
	ds_piece_free(piece);
	search->n_replay = search->n;
	search->far = search->n + REACH;
	search->engine.error = r;
	return true;
}

static bool next(struct ds_engine *engine)
{
	struct states_engine *search = (struct states_engine *)engine;

	if (ds_pool_is_hungry(engine->pool))
		engine->error = give(search);
	while (search->n > 0) {
		struct visit *visit = &search->path[search->n - 1];

		visit->left &= ~ds_task_bit(visit->choice);
		visit->sleep |= ds_task_bit(visit->choice);
		if (visit->left) {
			visit->choice = ds_tasks_first(visit->left);
			search->n_replay = search->n;
			return true;
		}
		search->n--;
	}
	search->n_replay = 0;
	return take(search);
}

/* Whether some task can be kept from ever returning. */
static int judge_progress(const struct ds_engine *engine)
{
	struct ds_search_result *result = engine->result;
	struct ds_search_finding *known = &result->findings[DS_NO_STARVATION];
	const struct ds_sched *sched = engine->world->sched;
	struct ds_lasso lasso;
	unsigned int task;
	int r = 0;

	for (task = 0; task < sched->n_tasks && r >= 0; task++) {
		r = ds_graph_find_starving(&engine->pool->graph, task, &lasso);
		if (r <= 0)
			continue;
		result->broken |= UINT32_C(1) << DS_NO_STARVATION;
		/* Of several tasks, the one that takes least to show. */
		if (known->runs++ && known->schedule.n <= lasso.run.n) {
			ds_schedule_free(&lasso.run);
			continue;
		}
		ds_schedule_free(&known->schedule);
		known->schedule = lasso.run;
		ds_lasso_tell(sched, &lasso, &known->finding);
	}
	return r < 0 ? r : 0;
}

static int closed(struct ds_engine *engine)
{
	int r;

	if (engine->options->whole)
		return judge_progress(engine);
	r = ds_graph_has_cycle(&engine->pool->graph);
	engine->result->cyclic = r > 0;
	return r < 0 ? r : 0;
}

static enum ds_search_end end(const struct ds_engine *engine)
{
	(void)engine;
	return DS_END_COMPLETE;
}

static void close_states(struct ds_engine *engine)
{
	struct states_engine *search = (struct states_engine *)engine;

	free(search->path);
}

const struct ds_engine_ops ds_engine_states = {
	.size = sizeof(struct states_engine),
	.open = open_states,
	.begin = begin,
	.pick = pick,
	.next = next,
	.closed = closed,
	.end = end,
	.close = close_states,
};
