// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Searches one scenario file as each of its expectations says and compares:
 * run_scenario FILE. The same search is made on fibers and on pthreads that
 * pass a baton, which must agree run by run. With "free RUNS" behind it the
 * scenario is run so often on free pthreads instead, where a file system that
 * holds must not break anything; with "known" behind that, nor end as no search
 * knows it: what is one step to tasks that take turns has to look like one
 * there, too.
 *
 * A scenario with a task that goes on for ever has no run that ends. What it
 * breaks is found by the search that merges states, as is a call that never
 * returns although none goes on for ever; on fibers and on pthreads runs are
 * cut, and the search is BOUNDED, by preemptions and by steps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stress/delays.h"
#include "../support/hashset.h"
#include "fs/profiles.h"
#include "race/program.h"
#include "race/token.h"

#define ENDLESS_STEPS 200
/* Ends are compared where a search finds all of them in so many runs. */
#define KNOWN_RUNS 5000

struct outcome {
	uint32_t broken;
	uint64_t interleavings, redundant, limited;
	uint64_t hash; /* over the final states, in the order of the runs */
	enum ds_search_end end;
};

/* What a search is to do, and what comes of its runs. */
struct search {
	const struct ds_scenario *scenario;
	const struct ds_scn_expect *expect;
	enum ds_turns turns;
	bool merge;
	uint64_t budget;           /* of runs, 0: none */
	struct t_set *ends;        /* how they end: to be added to; NULL */
	const struct t_set *known; /* how they may end; NULL: anyhow */
	bool told;                 /* about a run that should not be */
	bool foreign;              /* a run ended as none may */
};

struct watch {
	struct search *search;
	struct outcome *outcome;
};

/* Says, once, what threads did in a run that is not as it should be. */
static void judge_end(struct search *search, const struct ds_world *world,
		      uint64_t hash)
{
	struct t_set end;
	uint32_t broken = ds_checks_broken(world->checks);
	bool known;

	t_set_init(&end);
	t_set_add(&end, hash);
	known = !search->known || t_set_is_part(&end, search->known);
	t_set_fini(&end);
	search->foreign |= !known;
	if ((!known || broken & ~search->expect->broken) && !search->told) {
		search->told = true;
		printf("  a run %s\n",
		       known ? "breaks a property" : "ends as no search knows");
		delays_print();
	}
	delays_begin();
}

static void run_ended(void *arg, struct ds_world *world)
{
	struct watch *watch = arg;
	uint64_t hash = ds_world_hash(world);

	watch->outcome->hash = ds_hash_step(watch->outcome->hash, hash);
	if (watch->search->ends)
		t_set_add(watch->search->ends, hash);
	if (watch->search->turns == DS_TURNS_FREE)
		judge_end(watch->search, world, hash);
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

static int search(struct search *search, struct outcome *outcome)
{
	enum ds_turns turns = search->turns;
	struct watch watch = {search, outcome};
	struct ds_region_options region_options = {.size = 4 << 20};
	struct ds_program_options options = {
		.profile = ds_profile_find(search->expect->fs),
		.turns = turns,
		.checked = true,
	};
	struct ds_search_options how = {
		.kind = turns == DS_TURNS_FREE ? DS_SEARCH_RANDOM
					       : DS_SEARCH_SLEEP,
		.budget = search->budget,
		.max_steps = 10000,
		.ran = run_ended,
		.ran_arg = &watch,
	};
	struct ds_search_result result;
	struct ds_program *program;
	char why[512];
	int r;

	if (search->merge) {
		how.kind = DS_SEARCH_STATES;
	} else if (may_not_end(search->scenario, search->expect) &&
		   turns != DS_TURNS_FREE) {
		how.kind = DS_SEARCH_BOUND;
		how.bound = 1;
		how.max_steps = ENDLESS_STEPS;
	}
	memset(outcome, 0, sizeof(*outcome));
	r = ds_region_open(&region_options, &options.region, why, sizeof(why));
	if (r == 0)
		r = ds_program_new(search->scenario, &options, &program, why,
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
	struct search states = {
		.scenario = scenario,
		.expect = expect,
		.turns = DS_TURNS_FIBER,
		.merge = true,
	};

	if (search(&states, outcome) < 0)
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
	struct search on_fibers = {
		.scenario = scenario,
		.expect = expect,
		.turns = DS_TURNS_FIBER,
	};
	struct search by_baton = {
		.scenario = scenario,
		.expect = expect,
		.turns = DS_TURNS_BATON,
	};

	if (search(&on_fibers, &fiber) < 0 || search(&by_baton, &baton) < 0)
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

/*
 * Every end that there is, where that does not take too long. Where something
 * breaks bytes go to blocks that others have, and mix with theirs anyhow.
 * Return: whether *@ends is that.
 */
static bool find_ends(const struct ds_scenario *scenario,
		      const struct ds_scn_expect *expect, struct t_set *ends)
{
	struct outcome outcome;
	struct search known = {
		.scenario = scenario,
		.expect = expect,
		.turns = DS_TURNS_FIBER,
		.budget = KNOWN_RUNS,
		.ends = ends,
	};

	return !expect->broken && !is_endless(scenario) &&
	       search(&known, &outcome) == 0 && outcome.end == DS_END_COMPLETE;
}

static bool run_freely(struct search *freely)
{
	const struct ds_scn_expect *expect = freely->expect;
	struct outcome outcome;

	if (search(freely, &outcome) < 0)
		return false;
	printf("%s: %llu runs on free threads\n", expect->fs,
	       (unsigned long long)outcome.interleavings);
	/* Luck may show what a search found, and nothing else. */
	if (!(outcome.broken & ~expect->broken))
		return !freely->foreign;
	print_broken("expected", expect->broken);
	print_broken("found", outcome.broken);
	return false;
}

static bool try_free(const struct ds_scenario *scenario,
		     const struct ds_scn_expect *expect, uint64_t runs,
		     bool compare)
{
	struct search freely = {
		.scenario = scenario,
		.expect = expect,
		.turns = DS_TURNS_FREE,
		.budget = runs,
	};
	/* A task that goes on for ever is cut short there, a wait is not. */
	const uint32_t stuck =
		UINT32_C(1) << DS_NO_DEADLOCK |
		UINT32_C(1) << DS_NO_LOST_WAKEUP |
		(is_endless(scenario) ? 0 : UINT32_C(1) << DS_NO_STARVATION);
	struct t_set ends;
	bool well;

	if (expect->broken & stuck) {
		printf("%s: not run, threads could sleep for ever\n",
		       expect->fs);
		return true;
	}
	t_set_init(&ends);
	if (compare && find_ends(scenario, expect, &ends))
		freely.known = &ends;
	well = run_freely(&freely);
	t_set_fini(&ends);
	return well;
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
	unsigned long runs = 0;
	unsigned int i;
	char why[512];
	char *text;
	bool well = true, compare;

	compare = argc == 5 && strcmp(argv[4], "known") == 0;
	if (argc == 4 + compare && strcmp(argv[2], "free") == 0)
		runs = strtoul(argv[3], NULL, 10);
	if (argc != 2 && !runs)
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
		well &= runs ? try_free(&scenario, &scenario.expects[i], runs,
					compare)
			     : try(&scenario, &scenario.expects[i]);
	return well ? 0 : 1;
}
