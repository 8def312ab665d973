// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/engine.h"

/*
 * Sampling: each run draws its choices from the seed and its own number, so
 * that any run can be made without those before it.
 *
 * random: every choice uniformly among the tasks that can go on.
 *
 * pct: priorities, after Burckhardt, Kothari, Musuvathi, Nagarakatte 2010. The
 * task of highest priority goes on; at depth - 1 random steps the running one
 * falls below all others. A bug that depth ordered steps bring about is met by
 * a run with a probability of at least 1 / (n k^(depth - 1)), for n tasks and
 * runs of k steps.
 *
 * A run by priorities may never end where tasks wait for each other busily:
 * behind twice the usual length choices are uniform, so that every task goes
 * on with probability one (a fair tail). The usual length is that of one run
 * with uniform choices, made beforehand from the seed alone.
 */

#define MAX_DEPTH 16

struct sample {
	struct ds_engine engine;
	struct ds_prng prng;
	uint64_t length;                       /* a run's, about */
	unsigned int priorities[DS_TASKS_MAX]; /* high goes first */
	uint64_t falls[MAX_DEPTH];             /* steps of the run, any order */
};

static struct sample *sample_of(struct ds_engine *engine)
{
	return (struct sample *)engine;
}

static void begin_random(struct ds_engine *engine, uint64_t run)
{
	/* Mixed before: seeds next to each other must not share their runs. */
	uint64_t seed = ds_hash_step(0, ds_mix64(engine->options->seed));

	sample_of(engine)->prng.state = ds_hash_step(seed, run);
}

static unsigned int uniform(struct sample *sample, uint32_t enabled)
{
	unsigned int n = (unsigned int)__builtin_popcount(enabled);
	uint64_t skip = n > 1 ? ds_prng_below(&sample->prng, n) : 0;

	while (skip--)
		enabled &= enabled - 1;
	return ds_tasks_first(enabled);
}

static int pick_random(struct ds_engine *engine, const struct ds_sched *sched,
		       uint32_t enabled, unsigned int last)
{
	(void)sched;
	(void)last;
	return (int)uniform(sample_of(engine), enabled);
}

static unsigned int depth_of(const struct ds_engine *engine)
{
	unsigned int depth = engine->options->depth;

	return depth > MAX_DEPTH ? MAX_DEPTH : depth;
}

static int pick_measuring(void *arg, const struct ds_sched *sched,
			  uint32_t enabled, unsigned int last)
{
	return pick_random(arg, sched, enabled, last);
}

static int open_pct(struct ds_engine *engine)
{
	struct ds_world *world = engine->world;
	enum ds_run_end end;
	int r;

	begin_random(engine, UINT64_MAX);
	r = ds_world_run(world, (struct ds_strategy){pick_measuring, engine},
			 engine->options->max_steps, &end);
	if (r < 0)
		return r;
	sample_of(engine)->length =
		world->sched->n_steps ? world->sched->n_steps : 1;
	return 0;
}

static void begin_pct(struct ds_engine *engine, uint64_t run)
{
	struct sample *sample = sample_of(engine);
	unsigned int n = engine->world->sched->n_tasks;
	unsigned int depth = depth_of(engine), i;

	begin_random(engine, run);
	/* Shuffled; all above the places that falling tasks get. */
	for (i = 0; i < n; i++) {
		unsigned int j =
			(unsigned int)ds_prng_below(&sample->prng, i + 1);

		sample->priorities[i] = sample->priorities[j];
		sample->priorities[j] = depth + i;
	}
	for (i = 0; i + 1 < depth; i++)
		sample->falls[i] = ds_prng_below(&sample->prng, sample->length);
}

static int pick_pct(struct ds_engine *engine, const struct ds_sched *sched,
		    uint32_t enabled, unsigned int last)
{
	struct sample *sample = sample_of(engine);
	unsigned int best = ds_tasks_first(enabled), i;
	uint32_t set;

	(void)last;
	if (sched->n_steps >= 2 * sample->length)
		return (int)uniform(sample, enabled);
	for (set = enabled; set; set &= set - 1)
		if (sample->priorities[ds_tasks_first(set)] >
		    sample->priorities[best])
			best = ds_tasks_first(set);
	for (i = 0; i + 1 < depth_of(engine); i++)
		if (sample->falls[i] == sched->n_steps)
			sample->priorities[best] = i;
	return (int)best;
}

static bool next(struct ds_engine *engine)
{
	(void)engine;
	return true;
}

static enum ds_search_end end(const struct ds_engine *engine)
{
	(void)engine;
	return DS_END_SAMPLED;
}

const struct ds_engine_ops ds_engine_random = {
	.size = sizeof(struct sample),
	.begin = begin_random,
	.pick = pick_random,
	.next = next,
	.end = end,
};

const struct ds_engine_ops ds_engine_pct = {
	.size = sizeof(struct sample),
	.open = open_pct,
	.begin = begin_pct,
	.pick = pick_pct,
	.next = next,
	.end = end,
};
