// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/shrink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race/reduce.h"
#include "race/scenario_text.h"
#include "race/seek.h"

/* More than any run that a person would read. */
#define MAX_PREEMPTIONS 16

struct shrinker {
	const struct ds_shrink *how;
	struct ds_shrunk *shrunk;
};

/* Gives @scenario the hash of the text it would be written as. */
static int settle_hash(struct ds_scenario *scenario)
{
	char *text = ds_scenario_text(scenario);
	char why[160];
	int r;

	if (!text)
		return -ENOMEM;
	r = ds_scenario_parse(scenario->name, text, scenario, why, sizeof(why));
	free(text);
	return r;
}

/*
 * Brings @scenario to life. Return: 0; -EINVAL when it makes no sense, as when
 * a call before the search fails; others from the host.
 */
static int open_program(const struct shrinker *shrinker,
			struct ds_scenario *scenario,
			struct ds_program **ret_program)
{
	struct ds_program_options options = shrinker->how->program;
	char why[256];
	int r = settle_hash(scenario);

	if (r < 0)
		return r;
	/* The one before it left its bytes there. */
	options.used = true;
	return ds_program_new(scenario, &options, ret_program, why,
			      sizeof(why));
}

static bool is_interrupted(struct shrinker *shrinker)
{
	const struct ds_shrink *how = shrinker->how;

	if (how->progress &&
	    how->progress(how->progress_arg, shrinker->shrunk->runs, 0))
		shrinker->shrunk->interrupted = true;
	return shrinker->shrunk->interrupted;
}

static struct ds_seek seek_of(const struct shrinker *shrinker)
{
	return (struct ds_seek){
		.property = shrinker->how->property,
		.breaks = true,
		.budget = shrinker->how->budget,
		.max_steps = shrinker->how->max_steps,
		.progress = shrinker->how->progress,
		.progress_arg = shrinker->how->progress_arg,
	};
}

/* Keeps a run that breaks the property. */
static void keep(struct shrinker *shrinker, struct ds_seek_result *result)
{
	ds_schedule_free(&shrinker->shrunk->schedule);
	shrinker->shrunk->schedule = result->schedule;
	shrinker->shrunk->finding = result->finding;
}

/*
 * Whether some run of @scenario breaks the property, @sooner: and not later
 * than the run kept so far; if so the scenario is the smallest so far. Return:
 * 1, 0, or negative errno.
 */
static int try(struct shrinker *shrinker, struct ds_scenario *scenario,
	       bool sooner)
{
	struct ds_seek seek = seek_of(shrinker);
	struct ds_seek_result result;
	struct ds_program *program;
	int r;

	shrinker->shrunk->tried++;
	r = open_program(shrinker, scenario, &program);
	if (r == -EINVAL)
		return 0;
	if (r < 0)
		return r;
	r = ds_seek_run(ds_program_world(program), &seek, &result);
	ds_program_free(program);
	if (r < 0)
		return r;
	shrinker->shrunk->runs += result.runs;
	if (result.end != DS_SEEK_FOUND ||
	    (sooner && result.finding.step > shrinker->shrunk->finding.step)) {
		ds_schedule_free(&result.schedule);
		return 0;
	}
	keep(shrinker, &result);
	shrinker->shrunk->scenario = *scenario;
	return 1;
}

/* The text of what happens in the runs, without the calls made before. */
static char *text_of_runs(const struct ds_scenario *scenario)
{
	struct ds_scenario runs = *scenario;
	unsigned int i, j;

	for (i = 0; i < runs.n_tasks; i++) {
		struct ds_scn_task *task = &runs.tasks[i];
		unsigned int n = 0;

		for (j = 0; j < task->n_calls; j++)
			if (!task->calls[j].before)
				task->calls[n++] = task->calls[j];
		task->n_calls = n;
	}
	return ds_scenario_text(&runs);
}

/*
 * A call made before the search costs nobody a step, and may save some: a page
 * touched before is pinned without a fault. So less of it is no gain by itself.
 */
static bool same_runs(const struct ds_scenario *a, const struct ds_scenario *b)
{
	char *text_a = text_of_runs(a);
	char *text_b = text_of_runs(b);
	bool same = text_a && text_b && strcmp(text_a, text_b) == 0;

	free(text_a);
	free(text_b);
	return same;
}

/* One pass over all ways to be smaller. Return: 1 if one was, 0, or errno. */
static int pass(struct shrinker *shrinker)
{
	struct ds_reduction way = {0};
	struct ds_scenario smaller;
	bool any = false;
	int r;

	while (ds_reduce(&shrinker->shrunk->scenario, &way, &smaller) &&
	       !is_interrupted(shrinker)) {
		r = try(shrinker, &smaller,
			same_runs(&shrinker->shrunk->scenario, &smaller));
		if (r < 0)
			return r;
		/* What took it in has another one in its place now. */
		any |= r > 0;
		way.i += r == 0;
	}
	return any;
}

/* The run with the fewest preemptions that breaks the property soonest. */
static int find_shortest(struct shrinker *shrinker, struct ds_world *world)
{
	struct ds_shrunk *shrunk = shrinker->shrunk;
	struct ds_seek seek = seek_of(shrinker);
	struct ds_seek_result result;
	int r;

	seek.bounded = true;
	seek.shortest = true;
	for (; seek.bound <= MAX_PREEMPTIONS; seek.bound++) {
		if (is_interrupted(shrinker))
			return 0;
		r = ds_seek_run(world, &seek, &result);
		if (r < 0)
			return r;
		shrunk->runs += result.runs;
		if (result.end == DS_SEEK_FOUND) {
			keep(shrinker, &result);
			shrunk->fewest = true;
			shrunk->shortest = result.complete;
			return 0;
		}
		ds_schedule_free(&result.schedule);
		if (result.end == DS_SEEK_UNDECIDED)
			return 0;
	}
	return 0;
}

struct counter {
	unsigned int n;
	size_t next;
	const struct ds_schedule *schedule;
};

static int pick_counted(void *arg, const struct ds_sched *sched,
			uint32_t enabled, unsigned int last)
{
	struct counter *counter = arg;
	unsigned int task;

	(void)sched;
	if (counter->next == counter->schedule->n)
		return DS_PICK_STOP;
	task = counter->schedule->tasks[counter->next++];
	counter->n +=
		task != last && last < DS_TASKS_MAX && (enabled >> last & 1);
	return (int)task;
}

/* Switches of a run away from a task that could have gone on. */
static unsigned int count_preemptions(struct ds_world *world,
				      const struct ds_schedule *schedule)
{
	struct counter counter = {.schedule = schedule};
	enum ds_run_end end;

	if (ds_world_run(world, (struct ds_strategy){pick_counted, &counter},
			 UINT64_MAX, &end) < 0)
		return 0;
	return counter.n;
}

/* Writes down what breaks in the small scenario, if all runs can be tried. */
static int note_expectation(struct shrinker *shrinker, struct ds_world *world)
{
	struct ds_scenario *scenario = &shrinker->shrunk->scenario;
	struct ds_search_options options = {
		.kind = DS_SEARCH_SLEEP,
		.budget = shrinker->how->budget,
		.max_steps = shrinker->how->max_steps,
		.progress = shrinker->how->progress,
		.progress_arg = shrinker->how->progress_arg,
	};
	struct ds_scn_expect *expect = &scenario->expects[0];
	struct ds_search_result result;
	int r = ds_search_run(world, &options, &result);

	if (r < 0)
		return r;
	if (result.end == DS_END_COMPLETE) {
		snprintf(expect->fs, sizeof(expect->fs), "%s",
			 shrinker->how->program.profile->name);
		expect->broken = result.broken;
		scenario->n_expects = 1;
	}
	ds_search_result_free(&result);
	return 0;
}

static int finish(struct shrinker *shrinker)
{
	struct ds_shrunk *shrunk = shrinker->shrunk;
	struct ds_program *program;
	struct ds_world *world;
	int r;

	r = open_program(shrinker, &shrunk->scenario, &program);
	if (r < 0)
		return r;
	world = ds_program_world(program);
	r = find_shortest(shrinker, world);
	if (r == 0)
		shrunk->preemptions =
			count_preemptions(world, &shrunk->schedule);
	/* What is expected of a kernel is not of one with a rule broken. */
	if (r == 0 && !shrunk->interrupted && !shrinker->how->program.broken)
		r = note_expectation(shrinker, world);
	ds_program_free(program);
	return r;
}

int ds_shrink(const struct ds_scenario *scenario, const struct ds_shrink *how,
	      struct ds_shrunk *ret_shrunk)
{
	struct shrinker shrinker = {how, ret_shrunk};
	struct ds_scenario whole = *scenario;
	unsigned int i;
	int r;

	memset(ret_shrunk, 0, sizeof(*ret_shrunk));
	whole.n_expects = 0;
	for (i = 0; i < whole.n_tasks; i++)
		whole.tasks[i].forever = false;
	r = try(&shrinker, &whole, false);
	if (r == 0)
		r = -ENOENT;
	while (r > 0)
		r = pass(&shrinker);
	if (r == 0)
		r = finish(&shrinker);
	if (r < 0)
		ds_schedule_free(&ret_shrunk->schedule);
	return r;
}
