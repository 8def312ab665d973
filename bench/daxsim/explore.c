// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "crew.h"
#include "fs/profiles.h"
#include "loud.h"
#include "progress.h"
#include "race/program.h"
#include "race/token.h"
#include "shard.h"
#include "shrink.h"

static const char verb[] = "explore";

struct args {
	const char *path;
	const struct ds_fs_profile *profile;
	struct cli_region region;
	struct cli_shard shard;
	unsigned int jobs;
	struct ds_search_options search;
	bool has_strategy, has_bound, has_depth; /* were given */
	uint64_t n_runs; /* of this shard, if the search samples */
	enum ds_turns turns;
	enum ds_rule broken;
	struct cli_loud loud;
	bool shrink;
	const char *shrink_to; /* a file for the small scenario, or NULL */
	bool json;
};

#define SHRINK_HELP                                                            \
	"  --shrink[=FILE]         drop tasks, calls and pages while the "     \
	"same property\n"                                                      \
	"                          (--property) breaks; print what is "        \
	"left (and write\n"                                                    \
	"                          FILE), and its run of fewest preemptions\n"

static void help(void)
{
	printf("usage: daxsim explore SCENARIO --fs PROFILE [OPTION]...\n\n"
	       "Searches the interleavings of a scenario file, or of a cell of "
	       "the proof table\n(prove/punch/direct-2/fast), and prints the "
	       "shortest that breaks a property.\n'daxsim list calls' tells "
	       "what tasks can do, tests/scenarios/language.md how to\nwrite "
	       "it "
	       "down.\n\n"
	       "  --fs PROFILE            the file system ('daxsim list "
	       "profiles')\n"
	       "  --strategy NAME         source (default), states, sleep, "
	       "plain, bound, random,\n"
	       "                          pct ('daxsim list strategies')\n"
	       "  --bound N               bound: preemptions at most (default "
	       "2)\n"
	       "  --depth N               pct: steps whose order matters "
	       "(default 3)\n"
	       "  --budget N              runs at most (random, pct: default "
	       "1000)\n"
	       "  --seed N                for random and pct (default 1)\n"
	       "  --jobs N                states, random, pct: threads "
	       "(default 1)\n"
	       "  --shard K/N             random, pct: only each N-th run, "
	       "from "
	       "the K-th\n"
	       "  --first                 stop at the first finding\n"
	       "  --max-steps N           of one run (default 10000)\n"
	       "  --turns KIND            fiber (default), baton, or free: "
	       "real "
	       "parallel threads\n"
	       "  --mutate MUTATION       break that rule of the "
	       "protocol\n" SHRINK_HELP CLI_LOUD_HELP
	       "  --json                  one JSON document\n" CLI_REGION_HELP
	       "\nExit: 0 every property held, 1 one broke, 4 the budget ended "
	       "first.\n");
}

static bool parse_strategy(const char *text, enum ds_search_kind *ret)
{
	unsigned int i;

	for (i = 0; i < DS_SEARCH_N_KINDS; i++) {
		*ret = (enum ds_search_kind)i;
		if (strcmp(ds_search_kind_name(*ret), text) == 0)
			return true;
	}
	cli_error(verb,
		  "--strategy: expected source, sleep, plain, states, bound, "
		  "pct or random, not "
		  "'%s'",
		  text);
	return false;
}

/* Return: whether option @c is well. */
static bool take_option(void *arg, int c)
{
	struct args *args = arg;
	uint64_t number;
	bool bad = false;

	switch (c) {
	case 'f':
		args->profile = cli_profile(verb, optarg);
		return args->profile;
	case 's':
		args->has_strategy = true;
		return parse_strategy(optarg, &args->search.kind);
	case 'b':
		bad = !cli_number(verb, "bound", optarg, &number);
		if (!bad && number > 1000) {
			cli_error(verb, "--bound: expected 0 to 1000, not '%s'",
				  optarg);
			bad = true;
		}
		args->search.bound = (unsigned int)number;
		args->has_bound = true;
		return !bad;
	case 'd':
		bad = !cli_number(verb, "depth", optarg, &number);
		if (!bad && (number < 1 || number > 16)) {
			cli_error(verb, "--depth: expected 1 to 16, not '%s'",
				  optarg);
			bad = true;
		}
		args->search.depth = (unsigned int)number;
		args->has_depth = true;
		return !bad;
	case 'B':
		return cli_number(verb, "budget", optarg, &args->search.budget);
	case 'e':
		return cli_number(verb, "seed", optarg, &args->search.seed);
	case 'm':
		return cli_number(verb, "max-steps", optarg,
				  &args->search.max_steps);
	case 't':
		return cli_turns(verb, optarg, &args->turns);
	case 'J':
		return cli_jobs(verb, optarg, &args->jobs);
	case 'M':
		return cli_mutation(verb, optarg, &args->broken);
	case 'k':
		return cli_shard_parse(verb, optarg, &args->shard);
	case '1':
		args->search.first = true;
		return true;
	case 'K':
		args->shrink = true;
		args->shrink_to = optarg;
		return true;
	case 'j':
		args->json = true;
		return true;
	default:
		return (cli_loud_option(&args->loud, verb, c, &bad) ||
			cli_region_option(&args->region, verb, c, &bad)) &&
		       !bad;
	}
}

static const struct option options[] = {
	{"fs", required_argument, NULL, 'f'},
	{"strategy", required_argument, NULL, 's'},
	{"bound", required_argument, NULL, 'b'},
	{"depth", required_argument, NULL, 'd'},
	{"budget", required_argument, NULL, 'B'},
	{"seed", required_argument, NULL, 'e'},
	{"max-steps", required_argument, NULL, 'm'},
	{"turns", required_argument, NULL, 't'},
	{"jobs", required_argument, NULL, 'J'},
	{"mutate", required_argument, NULL, 'M'},
	{"shard", required_argument, NULL, 'k'},
	{"first", no_argument, NULL, '1'},
	{"shrink", optional_argument, NULL, 'K'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	CLI_LOUD_OPTIONS,
	CLI_REGION_OPTIONS,
	{NULL, 0, NULL, 0},
};

/* Return: whether the shard that was asked for means something. */
static bool take_shard(struct args *args)
{
	struct ds_search_options *search = &args->search;

	args->n_runs = cli_shard_runs(&args->shard, search->budget);
	if (!args->shard.n)
		return true;
	if (args->turns == DS_TURNS_FREE || !ds_search_samples(search->kind)) {
		cli_error(verb, "--shard: only --strategy random or pct, of "
				"tasks that take turns, falls into parts");
		return false;
	}
	if (search->first) {
		cli_error(verb, "--shard: no shard knows which finding is the "
				"--first");
		return false;
	}
	search->first_run = args->shard.k - 1;
	search->stride = args->shard.n;
	return true;
}

/* Return: whether so many threads can share what was asked for. */
static bool check_jobs(const struct args *args)
{
	if (args->jobs == 1)
		return true;
	if (args->region.device) {
		cli_error(verb,
			  "--jobs: with --device only 1, not %u: they would "
			  "share the device",
			  args->jobs);
		return false;
	}
	if (args->turns == DS_TURNS_FREE ||
	    !ds_search_is_shareable(args->search.kind)) {
		cli_error(verb, "--jobs: only --strategy states, random or "
				"pct, of tasks that take turns, can be shared");
		return false;
	}
	return true;
}

/* Return: whether the strategy is one that looks at what was given. */
static bool check_strategy(const struct args *args)
{
	if (args->has_strategy && args->turns == DS_TURNS_FREE)
		cli_error(verb, "--strategy: free tasks choose nothing");
	else if (args->has_bound && args->search.kind != DS_SEARCH_BOUND)
		cli_error(verb, "--bound: only for --strategy bound");
	else if (args->has_depth && args->search.kind != DS_SEARCH_PCT)
		cli_error(verb, "--depth: only for --strategy pct");
	else
		return true;
	return false;
}

/* Return: an exit code, or -1 to go on. */
static int parse_args(int argc, char **argv, struct args *args)
{
	int code =
		cli_options(verb, argc, argv, options, help, take_option, args);

	if (code >= 0)
		return code;
	if (optind != argc - 1) {
		cli_error(verb, "expected one SCENARIO; try 'daxsim explore "
				"--help'");
		return EXIT_USAGE;
	}
	if (!args->profile) {
		cli_error(verb, "expected --fs PROFILE");
		return EXIT_USAGE;
	}
	if (args->shrink && args->turns == DS_TURNS_FREE) {
		cli_error(verb, "--shrink: free tasks cannot be replayed");
		return EXIT_USAGE;
	}
	if (!check_strategy(args))
		return EXIT_USAGE;
	args->path = argv[optind];
	/* Free tasks choose nothing: their runs are samples. */
	if (args->turns == DS_TURNS_FREE)
		args->search.kind = DS_SEARCH_RANDOM;
	if (ds_search_samples(args->search.kind) && !args->search.budget)
		args->search.budget = 1000;
	return take_shard(args) && check_jobs(args) ? -1 : EXIT_USAGE;
}

static char *token_of(const struct args *args,
		      const struct ds_scenario *scenario,
		      const struct ds_schedule *schedule)
{
	if (args->turns == DS_TURNS_FREE)
		return NULL;
	return ds_token_format(args->path, scenario->hash, args->profile->name,
			       args->broken, schedule);
}

static void print_json_waits(struct cli_json *json,
			     const struct ds_scenario *scenario,
			     const struct ds_program *program)
{
	unsigned int i, j;

	if (!scenario->watch_waits)
		return;
	json_open(json, "during_waits", '[');
	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++) {
			const struct ds_scn_call *call =
				&scenario->tasks[i].calls[j];

			if (call->before)
				continue;
			json_open(json, NULL, '{');
			json_string(json, "task", scenario->tasks[i].name);
			json_number(json, "call", j + 1);
			json_string(json, "verb", ds_call_verb(call->kind));
			json_bool(json, "ran_to_its_end",
				  ds_program_ran_in_wait(program, i, j));
			json_close(json, '}');
		}
	json_close(json, ']');
}

/* A hash of what all shards of the search were asked. */
static uint64_t hash_question(const struct args *args,
			      const struct ds_scenario *scenario)
{
	uint64_t asked = cli_asked(verb);

	asked = cli_asked_text(asked, scenario->name);
	asked = cli_asked_number(asked, scenario->hash);
	asked = cli_asked_text(asked, args->profile->name);
	asked = cli_asked_mutation(asked, args->broken);
	asked = cli_asked_text(asked, ds_search_kind_name(args->search.kind));
	asked = cli_asked_number(asked, args->search.depth);
	asked = cli_asked_number(asked, args->search.seed);
	asked = cli_asked_number(asked, args->search.budget);
	asked = cli_asked_number(asked, args->search.max_steps);
	return cli_asked_number(asked, args->region.size);
}

static void print_json_findings(struct cli_json *json, const struct args *args,
				const struct ds_scenario *scenario,
				const struct ds_search_result *result)
{
	unsigned int i;

	json_open(json, "findings", '[');
	for (i = 0; i < DS_N_PROPERTIES; i++) {
		const struct ds_search_finding *finding = &result->findings[i];
		char *token;

		if (!finding->runs)
			continue;
		token = token_of(args, scenario, &finding->schedule);
		json_open(json, NULL, '{');
		json_string(json, "property",
			    ds_property((enum ds_property_id)i)->name);
		json_string(json, "replay", token);
		json_number(json, "step", finding->finding.step);
		json_string(json, "text", finding->finding.text);
		json_number(json, "runs", finding->runs);
		json_number(json, "shown_by_run", finding->run);
		json_number(json, "of_steps", finding->schedule.n);
		json_close(json, '}');
		free(token);
	}
	json_close(json, ']');
}

/* All but the end of the document. */
static void print_json(const struct args *args,
		       const struct ds_scenario *scenario,
		       const struct ds_program *program,
		       const struct ds_search_result *result, double seconds,
		       int code, struct cli_json *json)
{
	char end[40];

	ds_search_end_text(result, &args->search, end, sizeof(end));
	json_begin(json, stdout);
	json_number(json, "schema_version", 1);
	json_string(json, "verb", verb);
	json_string(json, "scenario", scenario->name);
	json_string(json, "fs", args->profile->name);
	json_string(json, "strategy", ds_search_kind_name(args->search.kind));
	json_number(json, "seed", args->search.seed);
	json_string(json, "search", end);
	json_number(json, "interleavings", result->interleavings);
	json_number(json, "redundant", result->redundant);
	json_number(json, "limited", result->limited);
	json_number(json, "steps", result->steps);
	json_number(json, "max_depth", result->max_depth);
	if (args->search.kind == DS_SEARCH_STATES)
		json_number(json, "states", result->states);
	else
		json_string(json, "states", NULL);
	json_real(json, "seconds", seconds);
	json_bool(json, "interrupted", result->end == DS_END_INTERRUPTED);
	json_warnings(json, "warnings", result->warned);
	print_json_findings(json, args, scenario, result);
	print_json_waits(json, scenario, program);
	cli_shard_json(json, &args->shard, hash_question(args, scenario), code,
		       NULL, 0, 0);
}

/* What other tasks did while one waited for pins. */
static void print_waits(const struct ds_scenario *scenario,
			const struct ds_program *program)
{
	unsigned int could, i, j;

	if (!scenario->watch_waits)
		return;
	printf("while a task waited for pins, these calls of others\n");
	for (could = 2; could-- > 0;)
		for (i = 0; i < scenario->n_tasks; i++)
			for (j = 0; j < scenario->tasks[i].n_calls; j++) {
				const struct ds_scn_call *call =
					&scenario->tasks[i].calls[j];

				if (call->before ||
				    ds_program_ran_in_wait(program, i, j) !=
					    could)
					continue;
				printf("  %s %s: %s (call %u)\n",
				       could ? "could run to their end:"
					     : "never did:",
				       scenario->tasks[i].name,
				       ds_call_verb(call->kind), j + 1);
			}
	printf("(%llu calls began during a wait)\n",
	       (unsigned long long)ds_program_waits(program));
}

/* Warnings decide nothing: the fixed kernels raise them, too. */
static void print_warnings(const struct args *args,
			   const struct ds_scenario *scenario,
			   const struct ds_search_result *result)
{
	unsigned int i;

	for (i = 1; i < DS_N_WARNINGS; i++) {
		const struct ds_search_warning *warning = &result->warnings[i];
		char *token;

		if (!warning->runs)
			continue;
		printf("the kernel would have raised warning W%u in %llu runs, "
		       "in %llu of them every property held\n",
		       i, (unsigned long long)warning->runs,
		       (unsigned long long)warning->harmless);
		token = token_of(args, scenario, &warning->schedule);
		if (token)
			printf("  daxsim replay %s\n", token);
		free(token);
	}
}

static void print_text(const struct args *args,
		       const struct ds_scenario *scenario,
		       const struct ds_program *program,
		       const struct ds_search_result *result, double seconds)
{
	char end[40];
	unsigned int i;

	ds_search_end_text(result, &args->search, end, sizeof(end));
	printf("%s: ", end);
	if (result->states)
		printf("%llu states, %llu steps between them, ",
		       (unsigned long long)result->states,
		       (unsigned long long)result->edges);
	printf("%llu interleavings in %.2f s (%llu runs cut as equivalent to "
	       "others)\n",
	       (unsigned long long)result->interleavings, seconds,
	       (unsigned long long)result->redundant);
	if (result->limited)
		printf("%llu runs cut at %llu steps\n",
		       (unsigned long long)result->limited,
		       (unsigned long long)args->search.max_steps);
	if (result->cyclic)
		printf("some runs never end\n");
	print_warnings(args, scenario, result);
	if (!result->broken)
		printf("every property held\n");
	print_waits(scenario, program);
	for (i = 0; i < DS_N_PROPERTIES; i++) {
		const struct ds_search_finding *finding = &result->findings[i];
		char *token;

		if (!finding->runs)
			continue;
		token = token_of(args, scenario, &finding->schedule);
		printf("broken: %s in %llu runs: %s\n",
		       ds_property((enum ds_property_id)i)->name,
		       (unsigned long long)finding->runs,
		       finding->finding.text);
		if (token)
			printf("  daxsim replay %s\n", token);
		free(token);
	}
}

/* The shortest run that broke something, or what was asked for; NULL: none. */
static const struct ds_schedule *shortest_run(
	const struct args *args, const struct ds_search_result *result)
{
	const struct ds_search_finding *shortest = NULL;
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++) {
		const struct ds_search_finding *finding = &result->findings[i];

		if (!finding->runs ||
		    (args->loud.chosen && args->loud.property != i))
			continue;
		if (!shortest || finding->schedule.n < shortest->schedule.n)
			shortest = finding;
	}
	if (!shortest || args->turns == DS_TURNS_FREE)
		return NULL;
	return &shortest->schedule;
}

static int print_run(const struct args *args,
		     const struct ds_scenario *scenario,
		     struct ds_program *program,
		     const struct ds_search_result *result)
{
	struct cli_run run = {
		.program = program,
		.scenario = scenario,
		.path = args->path,
		.fs = args->profile->name,
		.broken = args->broken,
		.schedule = shortest_run(args, result),
	};

	if (!run.schedule)
		return 0;
	printf("\n");
	return cli_loud_print(&args->loud, &run);
}

/* Runs made; where states merge, most end where another one has been. */
static uint64_t n_runs(const struct args *args,
		       const struct ds_search_result *result)
{
	if (args->search.kind == DS_SEARCH_STATES)
		return result->interleavings + result->redundant;
	return result->interleavings;
}

static int verdict(const struct args *args, const struct ds_scenario *scenario,
		   const struct ds_search_result *result)
{
	if (result->end == DS_END_INTERRUPTED)
		return EXIT_INTERRUPTED;
	if (result->broken)
		return EXIT_UNEXPECTED;
	if (result->end == DS_END_BUDGET || result->limited)
		return EXIT_BUDGET;
	/* A sample may be one run by design. */
	if (scenario->n_tasks > 1 && result->end != DS_END_SAMPLED &&
	    n_runs(args, result) < 2) {
		cli_error(verb,
			  "only one interleaving exists: the tasks of "
			  "%s never meet, so nothing was tested",
			  scenario->name);
		return EXIT_UNEXPECTED;
	}
	return EXIT_AS_ASKED;
}

static int search(const struct args *args, const struct ds_scenario *scenario,
		  const struct cli_crew *crew,
		  struct ds_search_result *ret_result)
{
	struct cli_progress all;
	struct cli_progress_search progress = {.all = &all};
	struct ds_search_options how = args->search;
	int r;

	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->end = DS_END_SAMPLED;
	/* Of few runs some shards have none. */
	if (args->shard.n && !args->n_runs)
		return 0;
	how.budget = args->n_runs;
	how.progress = cli_progress_of_search;
	how.progress_arg = &progress;
	cli_progress_begin(&all, scenario->name, NULL, 0);
	r = ds_search_run_many(crew->worlds, crew->n, &how, ret_result);
	cli_progress_end(&all);
	return r;
}

/* What a search found out. */
struct found {
	int code;
	/* What to shrink for; DS_N_PROPERTIES: nothing. */
	enum ds_property_id property;
};

/* The property that the run to be told of breaks first. */
static int choose_property(const struct args *args, struct ds_program *program,
			   const struct ds_search_result *result,
			   enum ds_property_id *ret_property)
{
	const struct ds_schedule *schedule = shortest_run(args, result);
	struct ds_world *world = ds_program_world(program);
	size_t diverged;
	int r;

	if (!schedule)
		return 0;
	r = ds_replay_run(world, schedule, &diverged);
	if (r == 0)
		*ret_property = cli_loud_property(&args->loud, world->checks);
	return r;
}

/* Searches and prints; in JSON all but the end. */
static void explore(const struct args *args, const struct ds_scenario *scenario,
		    const struct cli_crew *crew, struct cli_json *json,
		    struct found *found)
{
	struct ds_program *program = crew->programs[0];
	struct ds_search_result result;
	double start = cli_now();
	int r;

	if (!args->json)
		printf("seed %llu\n", (unsigned long long)args->search.seed);
	fflush(stdout);
	r = search(args, scenario, crew, &result);
	if (r < 0) {
		found->code = r == -EPROTO ? EXIT_DIVERGED : EXIT_INTERNAL;
		if (r == -EPROTO)
			cli_error(verb, "nondeterminism: the same choices led "
					"to another state");
		else
			cli_error(verb, "the search is void: %s", strerror(-r));
		return;
	}
	found->code = verdict(args, scenario, &result);
	if (args->json)
		print_json(args, scenario, program, &result, cli_now() - start,
			   found->code, json);
	else
		print_text(args, scenario, program, &result, cli_now() - start);
	if (args->shrink)
		r = choose_property(args, program, &result, &found->property);
	else if (!args->json)
		r = print_run(args, scenario, program, &result);
	if (r < 0)
		found->code = EXIT_INTERNAL;
	ds_search_result_free(&result);
}

/* Shrinks what was found, on a region of its own. Return: an exit code. */
static int shrink(const struct args *args, const struct ds_scenario *scenario,
		  struct ds_program_options program, struct cli_json *json,
		  const struct found *found)
{
	struct cli_shrink how = {
		.verb = verb,
		.scenario = scenario,
		.file = args->shrink_to,
		.loud = &args->loud,
		.property = found->property,
	};
	int code;

	code = cli_region_open(&args->region, verb, &program.region);
	if (code != EXIT_AS_ASKED)
		return code;
	how.program = program;
	code = cli_shrink(&how, args->json ? json : NULL);
	ds_region_close(program.region);
	return code == EXIT_AS_ASKED ? found->code : code;
}

/* Return: an exit code. */
static int explore_all(const struct args *args,
		       const struct ds_scenario *scenario)
{
	const struct ds_program_options program = {
		.profile = args->profile,
		.turns = args->turns,
		.checked = true,
		.used = args->broken != DS_RULE_NONE,
		.broken = args->broken,
	};
	struct found found = {.property = DS_N_PROPERTIES};
	struct cli_json json = {0};
	struct cli_crew crew;
	int code;

	code = cli_crew_new(verb, &args->region, scenario, program, args->jobs,
			    &crew);
	if (code != EXIT_AS_ASKED)
		return code;
	explore(args, scenario, &crew, &json, &found);
	cli_crew_free(&crew);
	if (found.property != DS_N_PROPERTIES)
		found.code = shrink(args, scenario, program, &json, &found);
	if (json.out)
		json_end(&json);
	return found.code;
}

int daxsim_verb_explore(int argc, char **argv)
{
	struct args args = {
		.search = {.bound = 2, .seed = 1, .max_steps = 10000},
		.jobs = 1,
		.loud = {.budget = CLI_DECISIVE_BUDGET},
	};
	struct ds_scenario scenario;
	char why[160];
	int code;

	code = parse_args(argc, argv, &args);
	if (code >= 0)
		return code;
	code = cli_scenario(verb, args.path, &scenario);
	if (code != EXIT_AS_ASKED)
		return code;
	if (ds_scenario_in_vain(&scenario, why, sizeof(why)))
		cli_error(verb, "note: %s: %s", args.path, why);
	/* What calls saw during waits is kept by one program. */
	if (scenario.watch_waits)
		args.jobs = 1;
	cli_catch_interrupt();
	return explore_all(&args, &scenario);
}
