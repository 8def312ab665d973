// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race/pool.h"

/* Where nobody says how long a run may be: one that gets there never ends. */
#define MAX_STEPS UINT64_C(10000)

/* A search under way, or one worker's part of it. */
struct search {
	const struct ds_engine_ops *ops;
	struct ds_engine *engine;
	struct ds_search_options options;
	struct ds_search_result result;
	int error;
};

static const struct {
	const char *name;
	const struct ds_engine_ops *ops;
} kinds[DS_SEARCH_N_KINDS] = {
	[DS_SEARCH_SOURCE] = {"source", &ds_engine_path},
	[DS_SEARCH_STATES] = {"states", &ds_engine_states},
	[DS_SEARCH_SLEEP] = {"sleep", &ds_engine_path},
	[DS_SEARCH_PLAIN] = {"plain", &ds_engine_path},
	[DS_SEARCH_BOUND] = {"bound", &ds_engine_path},
	[DS_SEARCH_RANDOM] = {"random", &ds_engine_random},
	[DS_SEARCH_PCT] = {"pct", &ds_engine_pct},
};

bool ds_search_samples(enum ds_search_kind kind)
{
	return kind == DS_SEARCH_RANDOM || kind == DS_SEARCH_PCT;
}

bool ds_search_is_shareable(enum ds_search_kind kind)
{
	return kind == DS_SEARCH_STATES || ds_search_samples(kind);
}

uint32_t ds_tasks_independent(const struct ds_sched *sched, uint32_t tasks,
			      unsigned int choice)
{
	uint32_t set = 0;

	for (; tasks; tasks &= tasks - 1) {
		unsigned int task = ds_tasks_first(tasks);

		if (!ds_steps_conflict(sched->tasks[task],
				       sched->tasks[choice]))
			set |= ds_task_bit(task);
	}
	return set;
}

static int pick(void *arg, const struct ds_sched *sched, uint32_t enabled,
		unsigned int last)
{
	const struct search *search = arg;
	struct ds_engine *engine = search->engine;
	int choice;

	engine->result->choices += (enabled & (enabled - 1)) != 0;
	choice = search->ops->pick(engine, sched, enabled, last);
	if (choice == DS_PICK_STOP)
		return choice;
	if (ds_schedule_append(&engine->run, (unsigned int)choice) < 0) {
		engine->error = -ENOMEM;
		return DS_PICK_STOP;
	}
	return choice;
}

/* Takes note of the warnings of the finished run. */
static int note_warnings(struct ds_engine *engine)
{
	const struct ds_checks *checks = engine->world->checks;
	bool harmless = !ds_checks_broken(checks);
	uint32_t left = checks->warned;
	int r = 0;

	engine->result->warned |= left;
	for (; left && r == 0; left &= left - 1) {
		struct ds_search_warning *known =
			&engine->result->warnings[ds_tasks_first(left)];
		bool better = harmless ? !known->harmless : !known->runs;

		better |= engine->run.n < known->schedule.n &&
			  harmless == (known->harmless > 0);
		known->runs++;
		known->harmless += harmless;
		if (better)
			r = ds_schedule_copy(&known->schedule, &engine->run);
	}
	return r;
}

/* Takes note of what the finished run showed. */
static int note_findings(struct ds_engine *engine)
{
	const struct ds_checks *checks = engine->world->checks;
	struct ds_search_result *result = engine->result;
	unsigned int i;
	int r;

	r = note_warnings(engine);
	for (i = 0; i < DS_N_PROPERTIES && r == 0; i++) {
		struct ds_search_finding *known = &result->findings[i];

		if (!checks->findings[i].found)
			continue;
		result->broken |= UINT32_C(1) << i;
		if (known->runs++ && known->schedule.n <= engine->run.n)
			continue;
		known->finding = checks->findings[i];
		known->run = engine->number;
		r = ds_schedule_copy(&known->schedule, &engine->run);
	}
	return r;
}

/* A run that was not cut came to its end. Return: 0, or negative errno. */
static int run_ended(const struct search *search)
{
	struct ds_engine *engine = search->engine;
	const struct ds_search_options *options = &search->options;

	if (search->ops->repeats && search->ops->repeats(engine)) {
		engine->result->redundant++;
		return 0;
	}
	engine->result->interleavings++;
	ds_checks_quiet(engine->world->checks);
	if (options->ran) {
		ds_pool_lock(engine->pool);
		options->ran(options->ran_arg, engine->world);
		ds_pool_unlock(engine->pool);
	}
	return note_findings(engine);
}

/* One run from the mark. Return: 0, or why the search is void. */
static int run_once(const struct search *search, uint64_t number)
{
	struct ds_engine *engine = search->engine;
	struct ds_world *world = engine->world;
	struct ds_search_result *result = engine->result;
	enum ds_run_end end;
	int r;

	engine->run.n = 0;
	engine->number = number;
	search->ops->begin(engine, number);
	r = ds_world_run(world, (struct ds_strategy){pick, (void *)search},
			 search->options.max_steps, &end);
	result->steps += world->sched->n_steps;
	if (engine->run.n > result->max_depth)
		result->max_depth = engine->run.n;
	if (engine->error)
		return engine->error;
	if (r < 0)
		return r;
	switch (end) {
	case DS_RUN_STOPPED:
		result->redundant++;
		/*
		 * What broke before a cut broke in an equivalent run too; but
		 * a run that came to a known state came there by a new step.
		 */
		return search->options.kind == DS_SEARCH_STATES
			       ? note_findings(engine)
			       : 0;
	case DS_RUN_LIMIT:
		result->limited++;
		if (search->ops->limited)
			search->ops->limited(engine);
		return note_findings(engine);
	default:
		return run_ended(search);
	}
}

static bool is_interrupted(const struct search *search, uint64_t runs)
{
	const struct ds_search_options *options = &search->options;
	struct ds_pool *pool = search->engine->pool;
	bool stop;

	if (!options->progress || runs % 256 != 0)
		return false;
	ds_pool_lock(pool);
	pool->n_runs += 256;
	stop = options->progress(options->progress_arg, pool->n_runs,
				 pool->graph.n_states);
	ds_pool_unlock(pool);
	return stop;
}

/* Whether to end after a run, and in which word. */
static bool is_over(const struct search *search, bool more)
{
	const struct ds_search_options *options = &search->options;
	struct ds_search_result *result = search->engine->result;
	struct ds_pool *pool = search->engine->pool;
	uint64_t runs =
		result->interleavings + result->redundant + result->limited;

	if (!more && !ds_pool_is_stopped(pool)) {
		result->end = search->ops->end(search->engine);
		if (result->limited)
			result->end = DS_END_BOUNDED;
		return true;
	}
	result->end = ds_search_samples(options->kind) ? DS_END_SAMPLED
						       : DS_END_BUDGET;
	if (is_interrupted(search, runs))
		result->end = DS_END_INTERRUPTED;
	else if (more && !(options->first && result->broken) &&
		 !(options->budget && runs >= options->budget) &&
		 !ds_pool_is_stopped(pool))
		return false;
	/* Who has drawn its runs leaves the others theirs. */
	if (ds_search_samples(options->kind) && !options->first &&
	    result->end == DS_END_SAMPLED)
		return true;
	ds_pool_stop(pool);
	return true;
}

static int search_all(const struct search *search)
{
	uint64_t run = search->options.first_run;
	bool more;
	int r;

	r = search->ops->open ? search->ops->open(search->engine) : 0;
	if (r < 0)
		return r;
	do {
		r = run_once(search, run);
		if (r < 0)
			return r;
		run += search->options.stride;
		more = search->ops->next(search->engine);
		if (search->engine->error)
			return search->engine->error;
	} while (!is_over(search, more));
	return 0;
}

static void work(void *arg)
{
	struct search *search = arg;

	search->error = search_all(search);
	if (search->error < 0)
		ds_pool_stop(search->engine->pool);
}

static int open_search(struct search *search, struct ds_world *world,
		       const struct ds_search_options *options,
		       struct ds_pool *pool)
{
	*search = (struct search){
		.ops = kinds[options->kind].ops,
		.options = *options,
	};
	search->engine = calloc(1, search->ops->size);
	if (!search->engine)
		return -ENOMEM;
	search->engine->world = world;
	search->engine->options = &search->options;
	search->engine->result = &search->result;
	search->engine->pool = pool;
	return 0;
}

static void close_search(struct search *search)
{
	if (!search->engine)
		return;
	if (search->ops->close)
		search->ops->close(search->engine);
	ds_schedule_free(&search->engine->run);
	free(search->engine);
	ds_search_result_free(&search->result);
}

/* Which one a search that had made the runs of both would show. */
static bool comes_first(const struct ds_search_finding *a,
			const struct ds_search_finding *b)
{
	return a->schedule.n < b->schedule.n ||
	       (a->schedule.n == b->schedule.n && a->run < b->run);
}

/* Takes @part's findings over where they are the shorter ones. */
static void join_findings(struct ds_search_result *all,
			  struct ds_search_result *part)
{
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++) {
		struct ds_search_finding *known = &all->findings[i];
		struct ds_search_finding *other = &part->findings[i];
		uint64_t runs = known->runs + other->runs;

		if (other->runs &&
		    (!known->runs || comes_first(other, known))) {
			struct ds_search_finding swap = *known;

			*known = *other;
			*other = swap;
		}
		known->runs = runs;
	}
}

static void join_warnings(struct ds_search_result *all,
			  struct ds_search_result *part)
{
	unsigned int i;

	for (i = 0; i < DS_N_WARNINGS; i++) {
		struct ds_search_warning *known = &all->warnings[i];
		struct ds_search_warning *other = &part->warnings[i];
		struct ds_schedule swap = known->schedule;

		if (other->runs &&
		    (!known->runs || !known->harmless != !other->harmless
			     ? other->harmless || !known->runs
			     : swap.n > other->schedule.n)) {
			known->schedule = other->schedule;
			other->schedule = swap;
		}
		known->runs += other->runs;
		known->harmless += other->harmless;
	}
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* @part may lose its schedules to @all. */
static void join_results(struct ds_search_result *all,
			 struct ds_search_result *part)
{
	/* The words are in an order: who was cut off speaks for all. */
	all->end = part->end > all->end ? part->end : all->end;
	all->interleavings += part->interleavings;
	all->redundant += part->redundant;
	all->limited += part->limited;
	all->states = larger(all->states, part->states);
	all->edges += part->edges;
	all->cyclic |= part->cyclic;
	all->steps += part->steps;
	all->choices += part->choices;
	all->max_depth = larger(all->max_depth, part->max_depth);
	if (all->bound < part->bound)
		all->bound = part->bound;
	all->broken |= part->broken;
	all->warned |= part->warned;
	join_findings(all, part);
	join_warnings(all, part);
}

/* Budget and runs of worker @i of @n. */
static struct ds_search_options share_of(const struct ds_search_options *all,
					 unsigned int i, unsigned int n)
{
	struct ds_search_options options = *all;

	options.budget = all->budget / n + (i < all->budget % n);
	options.first_run = all->first_run + i * all->stride;
	options.stride = all->stride * n;
	return options;
}

static int run_workers(struct ds_pool *pool, struct search *workers)
{
	void **args = calloc(pool->n_workers, sizeof(*args));
	unsigned int i;
	int r;

	if (!args)
		return -ENOMEM;
	for (i = 0; i < pool->n_workers; i++)
		args[i] = &workers[i];
	r = ds_pool_run(pool, work, args);
	for (i = 0; i < pool->n_workers && r == 0; i++)
		r = workers[i].error;
	free(args);
	return r;
}

static int run(struct ds_world *const *worlds, unsigned int n,
	       const struct ds_search_options *options,
	       struct ds_search_result *ret_result)
{
	struct search *workers = calloc(n, sizeof(*workers));
	struct ds_pool pool;
	unsigned int i;
	int r = 0;

	memset(ret_result, 0, sizeof(*ret_result));
	if (!workers)
		return -ENOMEM;
	ds_pool_init(&pool, n);
	for (i = 0; i < n && r == 0; i++) {
		const struct ds_search_options share = share_of(options, i, n);

		r = open_search(&workers[i], worlds[i], &share, &pool);
	}
	if (r == 0)
		r = run_workers(&pool, workers);
	for (i = 1; i < n && r == 0; i++)
		join_results(&workers[0].result, &workers[i].result);
	if (r == 0 && workers[0].ops->closed &&
	    workers[0].result.end == DS_END_COMPLETE)
		r = workers[0].ops->closed(workers[0].engine);
	if (r == 0) {
		*ret_result = workers[0].result;
		memset(&workers[0].result, 0, sizeof(workers[0].result));
	}
	for (i = 0; i < n; i++)
		close_search(&workers[i]);
	ds_pool_fini(&pool);
	free(workers);
	return r;
}

/*
 * Some run can go on for ever. Whether a fair one can keep a task from ever
 * returning depends on every step between states; sleep sets leave some out.
 */
static int judge_endless_runs(struct ds_world *const *worlds, unsigned int n,
			      struct ds_search_options options,
			      struct ds_search_result *result)
{
	struct ds_search_finding *known = &result->findings[DS_NO_STARVATION];
	struct ds_search_result whole;
	int r;

	options.whole = true;
	options.first = false;
	options.ran = NULL;
	r = run(worlds, n, &options, &whole);
	if (r < 0)
		return r;
	result->steps += whole.steps;
	result->edges = whole.edges;
	if (whole.end != DS_END_COMPLETE)
		result->end = whole.end;
	result->broken |= whole.broken;
	*known = whole.findings[DS_NO_STARVATION];
	whole.findings[DS_NO_STARVATION] = (struct ds_search_finding){0};
	ds_search_result_free(&whole);
	return 0;
}

int ds_search_run_many(struct ds_world *const *worlds, unsigned int n,
		       const struct ds_search_options *options,
		       struct ds_search_result *ret_result)
{
	struct ds_search_options full = *options;
	int r;

	if (!full.max_steps)
		full.max_steps = MAX_STEPS;
	if (!full.depth)
		full.depth = 3;
	if (!full.stride)
		full.stride = 1;
	if (!ds_search_is_shareable(full.kind))
		n = 1;
	if (full.budget && n > full.budget)
		n = (unsigned int)full.budget;
	r = run(worlds, n, &full, ret_result);
	if (r < 0 || !ret_result->cyclic || full.whole)
		return r;
	r = judge_endless_runs(worlds, n, full, ret_result);
	if (r < 0)
		ds_search_result_free(ret_result);
	return r;
}

int ds_search_run(struct ds_world *world,
		  const struct ds_search_options *options,
		  struct ds_search_result *ret_result)
{
	return ds_search_run_many(&world, 1, options, ret_result);
}

void ds_search_result_free(struct ds_search_result *result)
{
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		ds_schedule_free(&result->findings[i].schedule);
	for (i = 0; i < DS_N_WARNINGS; i++)
		ds_schedule_free(&result->warnings[i].schedule);
}

const char *ds_search_kind_name(enum ds_search_kind kind)
{
	return kinds[kind].name;
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
		snprintf(ret_text, size, "BOUNDED(%u)", result->bound);
	else
		snprintf(ret_text, size, "BOUNDED(%llu steps)",
			 (unsigned long long)(options->max_steps
						      ? options->max_steps
						      : MAX_STEPS));
}
