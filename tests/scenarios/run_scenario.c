// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Searches one scenario file as each of its expectations says and compares:
 * run_scenario FILE. The same search is made on fibers and on pthreads that
 * pass a baton, which must agree run by run. With "free" behind it the scenario
 * is run on free pthreads instead, where a file system that holds must not
 * break anything.
 *
 * A scenario with a task that goes on for ever has no run that ends. What it
 * breaks is found by the search that merges states, as is a call that never
 * returns although none goes on for ever; on fibers and on pthreads runs are
 * cut, and the search is BOUNDED, by preemptions and by steps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/profiles.h"
#include "race/program.h"
#include "race/token.h"

#define FREE_RUNS     2000
#define ENDLESS_STEPS 200

struct outcome {
	uint32_t broken;
	uint64_t interleavings, redundant, limited;
	uint64_t hash; /* over the final states, in the order of the runs */
	enum ds_search_end end;
};

static void hash_state(void *arg, struct ds_world *world)
{
	struct outcome *outcome = arg;

	outcome->hash = ds_hash_step(outcome->hash, ds_world_hash(world));
}

static bool is_endless(const struct ds_scenario *scenario)
{
	unsigned int i;

	for (i = 0; i < scenario->n_tasks; i++)
		if (scenario->tasks[i].forever)
			return true;
	return false;
}

/* Whether runs go on for ever, all of them or where somebody starves. */
static bool may_not_end(const struct ds_scenario *scenario,
			const struct ds_scn_expect *expect)
{
	return is_endless(scenario) || expect->broken >> DS_NO_STARVATION & 1;
}

static int search(const struct ds_scenario *scenario,
		  const struct ds_scn_expect *expect, enum ds_turns turns,
		  bool merge, struct outcome *outcome)
{
	struct ds_region_options region_options = {.size = 4 << 20};
	struct ds_program_options options = {
		.profile = ds_profile_find(expect->fs),
		.turns = turns,
		.checked = true,
	};
	struct ds_search_options how = {
		.kind = turns == DS_TURNS_FREE ? DS_SEARCH_RANDOM
					       : DS_SEARCH_SLEEP,
		.budget = turns == DS_TURNS_FREE ? FREE_RUNS : 0,
		.max_steps = 10000,
		.ran = hash_state,
		.ran_arg = outcome,
	};
	struct ds_search_result result;
	struct ds_program *program;
	char why[512];
	int r;

	if (merge) {
		how.kind = DS_SEARCH_STATES;
	} else if (may_not_end(scenario, expect) && turns != DS_TURNS_FREE) {
		how.kind = DS_SEARCH_BOUND;
		how.bound = 1;
		how.max_steps = ENDLESS_STEPS;
	}
	memset(outcome, 0, sizeof(*outcome));
	r = ds_region_open(&region_options, &options.region, why, sizeof(why));
	if (r == 0)
		r = ds_program_new(scenario, &options, &program, why,
				   sizeof(why));
	if (r < 0) {
		printf("%s\n", why);
		return r;
	}
	r = ds_search_run(ds_program_world(program), &how, &result);
	if (r == 0) {
		outcome->broken = result.broken;
		outcome->interleavings = result.interleavings;
		outcome->redundant = result.redundant;
		outcome->limited = result.limited;
		outcome->end = result.end;
		ds_search_result_free(&result);
	}
	ds_program_free(program);
	ds_region_close(options.region);
	return r;
}

static void print_broken(const char *what, uint32_t broken)
{
	unsigned int i;

	printf("  %s:", what);
	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (broken >> i & 1)
			printf(" %s",
			       ds_property((enum ds_property_id)i)->name);
	printf("%s\n", broken ? "" : " nothing breaks");
}

static bool ended_well(const struct ds_scenario *scenario,
		       const struct ds_scn_expect *expect,
		       const struct outcome *outcome)
{
	if (may_not_end(scenario, expect)) {
		if (outcome->end == DS_END_BOUNDED && outcome->limited > 1 &&
		    (!is_endless(scenario) || outcome->interleavings == 0))
			return true;
		printf("  not BOUNDED, or a run came to an end\n");
		return false;
	}
	if (outcome->end == DS_END_COMPLETE && outcome->interleavings > 1)
		return true;
	printf("  not COMPLETE, or nothing to search\n");
	return false;
}

/* Of all states: what cut runs show is less. */
static bool try_states(const struct ds_scenario *scenario,
		       const struct ds_scn_expect *expect,
		       struct outcome *outcome)
{
	uint32_t cut = outcome->broken;

	if (search(scenario, expect, DS_TURNS_FIBER, true, outcome) < 0)
		return false;
	if (outcome->end != DS_END_COMPLETE) {
		printf("  the graph of states is not COMPLETE\n");
		return false;
	}
	if (!(cut & ~outcome->broken))
		return true;
	print_broken("in all states", outcome->broken);
	print_broken("in runs that were cut", cut);
	return false;
}

/* Return: whether all is as the scenario expects it. */
static bool try(const struct ds_scenario *scenario,
		const struct ds_scn_expect *expect)
{
	struct outcome fiber, baton;

	if (search(scenario, expect, DS_TURNS_FIBER, false, &fiber) < 0 ||
	    search(scenario, expect, DS_TURNS_BATON, false, &baton) < 0)
		return false;
	printf("%s: %llu interleavings\n", expect->fs,
	       (unsigned long long)fiber.interleavings);
	if (!ended_well(scenario, expect, &fiber))
		return false;
	if (memcmp(&fiber, &baton, sizeof(fiber)) != 0) {
		printf("  fibers and baton differ\n");
		return false;
	}
	if (may_not_end(scenario, expect) &&
	    !try_states(scenario, expect, &fiber))
		return false;
	if (fiber.broken == expect->broken)
		return true;
	print_broken("expected", expect->broken);
	print_broken("found", fiber.broken);
	return false;
}

static bool try_free(const struct ds_scenario *scenario,
		     const struct ds_scn_expect *expect)
{
	/* A task that goes on for ever is cut short there, a wait is not. */
	const uint32_t stuck =
		UINT32_C(1) << DS_NO_DEADLOCK |
		UINT32_C(1) << DS_NO_LOST_WAKEUP |
		(is_endless(scenario) ? 0 : UINT32_C(1) << DS_NO_STARVATION);
	struct outcome outcome;

	if (expect->broken & stuck) {
		printf("%s: not run, threads could sleep for ever\n",
		       expect->fs);
		return true;
	}
	if (search(scenario, expect, DS_TURNS_FREE, false, &outcome) < 0)
		return false;
	printf("%s: %llu runs on free threads\n", expect->fs,
	       (unsigned long long)outcome.interleavings);
	/* Luck may show what a search found, and nothing else. */
	if (!(outcome.broken & ~expect->broken))
		return true;
	print_broken("expected", expect->broken);
	print_broken("found", outcome.broken);
	return false;
}

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	if (!file || !text || fread(text, 1, 65535, file) == 0) {
		perror(path);
		exit(99);
	}
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	struct ds_scenario scenario;
	unsigned int i;
	char why[512];
	char *text;
	bool well = true;

	if (argc != 2 && (argc != 3 || strcmp(argv[2], "free") != 0))
		return 99;
	/* Who is stopped for taking too long has said where. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	text = read_all(argv[1]);
	if (ds_scenario_parse(argv[1], text, &scenario, why, sizeof(why)) < 0) {
		printf("%s\n", why);
		return 1;
	}
	free(text);
	if (!scenario.n_expects) {
		printf("%s expects nothing\n", argv[1]);
		return 1;
	}
	for (i = 0; i < scenario.n_expects; i++)
		well &= argc == 3 ? try_free(&scenario, &scenario.expects[i])
				  : try(&scenario, &scenario.expects[i]);
	return well ? 0 : 1;
}
