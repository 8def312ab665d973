// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "export.h"
#include "fs/profiles.h"
#include "loud.h"
#include "race/cells.h"
#include "race/program.h"
#include "race/switches.h"
#include "race/token.h"

static const char verb[] = "replay";

#define MAX_TOKEN_SIZE (1 << 20)

struct args {
	struct cli_region region;
	uint64_t repeat;
	enum ds_turns turns;
	const char *scenario; /* where to find it, if not where it was */
	struct cli_loud loud;
	bool json;
	struct cli_export export; /* print that, and nothing else */
};

/* What to replay: a token, or a race file. */
struct wanted {
	const char *file; /* the race file's name, NULL: a token */
	struct ds_race race;
	struct ds_token token;
};

static void help(void)
{
	printf("usage: daxsim replay TOKEN|FILE [OPTION]...\n\n"
	       "Runs exactly one interleaving again and prints its timeline. "
	       "FILE holds a token,\nor a race by the names of its "
	       "switches:\n\n"
	       "    race 1\n"
	       "    scenario early-give-up.scn  (a cell, or a file seen from "
	       "here or from FILE)\n"
	       "    fs ext4-v3\n"
	       "    expect violates WAITED      (or: expect holds)\n"
	       "    start direct\n"
	       "    direct@FRAME_PUT -> punch   (direct runs until it stands "
	       "before FRAME_PUT)\n"
	       "    punch@WAIT_TEST:2 -> direct (there for the 2nd time since "
	       "the last switch)\n\n"
	       "  --repeat N              run it N times; every run must end "
	       "the same\n"
	       "  --scenario FILE         the scenario is here now\n"
	       "  --turns KIND            fiber (default), or baton: for "
	       "debuggers\n" CLI_LOUD_HELP CLI_EXPORT_HELP
	       "  --json                  one JSON document\n" CLI_REGION_HELP
	       "\nExit: 0 every property held, 1 one broke, 5 the model took "
	       "another way, or a\nswitch of a race file is no longer reached, "
	       "or its run ends otherwise.\n");
}

static const struct option options[] = {
	{"repeat", required_argument, NULL, 'r'},
	{"scenario", required_argument, NULL, 's'},
	{"turns", required_argument, NULL, 't'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	CLI_LOUD_OPTIONS,
	CLI_EXPORT_OPTIONS,
	CLI_REGION_OPTIONS,
	{NULL, 0, NULL, 0},
};

/* Return: whether option @c is well. */
static bool take_option(void *arg, int c)
{
	struct args *args = arg;
	bool bad = false;

	switch (c) {
	case 'r':
		if (!cli_number(verb, "repeat", optarg, &args->repeat))
			return false;
		if (args->repeat)
			return true;
		cli_error(verb, "--repeat: expected at least 1");
		return false;
	case 's':
		args->scenario = optarg;
		return true;
	case 't':
		if (!cli_turns(verb, optarg, &args->turns))
			return false;
		if (args->turns != DS_TURNS_FREE)
			return true;
		cli_error(verb, "--turns: free tasks cannot be replayed");
		return false;
	case 'j':
		args->json = true;
		return true;
	default:
		return (cli_loud_option(&args->loud, verb, c, &bad) ||
			cli_export_option(&args->export, verb, c, &bad) ||
			cli_region_option(&args->region, verb, c, &bad)) &&
		       !bad;
	}
}

/* The token or race in @text. Return: an exit code. */
static int parse_wanted(const char *name, const char *text,
			struct wanted *wanted)
{
	char why[512];
	int r;

	if (ds_race_is(text)) {
		wanted->file = name;
		r = ds_race_parse(name, text, &wanted->race, why, sizeof(why));
	} else {
		r = ds_token_parse(text + strspn(text, " \t\r\n"),
				   &wanted->token, why, sizeof(why));
	}
	if (r == 0)
		return EXIT_AS_ASKED;
	cli_error(verb, "%s", why);
	return r == -EINVAL ? EXIT_USAGE : EXIT_INTERNAL;
}

/* Return: whether @text begins as tokens and races do. */
static bool is_wanted(const char *text)
{
	return ds_race_is(text) ||
	       strncmp(text + strspn(text, " \t\r\n"), "ds", 2) == 0;
}

/* What @text is, or the file called so holds. Return: an exit code. */
static int read_wanted(const char *text, struct wanted *wanted)
{
	char *contents;
	int code;

	/* A token has colons; a file with such a name can be given as ./... */
	if (strchr(text, ':') && text[0] != '.' && text[0] != '/')
		return parse_wanted(text, text, wanted);
	contents = cli_read_file(text, MAX_TOKEN_SIZE);
	if (!contents) {
		cli_error(verb, "%s: neither a token nor a readable file (%s)",
			  text, strerror(errno));
		return EXIT_USAGE;
	}
	if (is_wanted(contents)) {
		code = parse_wanted(text, contents, wanted);
	} else {
		cli_error(verb, "%s: holds neither a token nor a race", text);
		code = EXIT_USAGE;
	}
	free(contents);
	return code;
}

static int print_json(const struct args *args, const struct cli_run *run)
{
	const struct ds_checks *checks = ds_program_world(run->program)->checks;
	uint32_t broken = ds_checks_broken(checks);
	struct cli_json json;
	unsigned int i;
	int r;

	json_begin(&json, stdout);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", verb);
	json_string(&json, "scenario", run->path);
	json_string(&json, "fs", run->fs);
	json_string(&json, "mutation",
		    run->broken ? ds_rule_text(run->broken)->mutation : NULL);
	json_number(&json, "repeat", args->repeat);
	json_number(&json, "steps", run->schedule->n);
	json_warnings(&json, "warnings", checks->warned);
	json_open(&json, "findings", '[');
	for (i = 0; i < DS_N_PROPERTIES; i++) {
		if (!(broken >> i & 1))
			continue;
		json_open(&json, NULL, '{');
		json_string(&json, "property",
			    ds_property((enum ds_property_id)i)->name);
		json_number(&json, "step", checks->findings[i].step);
		json_string(&json, "text", checks->findings[i].text);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	r = cli_loud_json(&args->loud, run, &json);
	json_end(&json);
	return r;
}

static int print_text(const struct args *args, const struct cli_run *run,
		      uint32_t broken)
{
	unsigned int i;
	int r;

	if (run->broken)
		printf("this run breaks a rule on purpose: %s\n\n",
		       ds_rule_text(run->broken)->sentence);
	r = cli_loud_print(&args->loud, run);
	printf("\n");
	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (broken >> i & 1)
			printf("broken: %s\n",
			       ds_property((enum ds_property_id)i)->name);
	if (!broken)
		printf("every property held\n");
	if (args->repeat > 1)
		printf("%llu runs, each the same\n",
		       (unsigned long long)args->repeat);
	return r;
}

/* Return: an exit code, for a run that is void or took another way. */
static int run_failed(int r, size_t diverged)
{
	if (r == -EPROTO)
		cli_error(verb,
			  "diverged at step %zu: the model is not the one "
			  "this token was made with",
			  diverged + 1);
	else
		cli_error(verb, "the run is void: %s", strerror(-r));
	return r == -EPROTO ? EXIT_DIVERGED : EXIT_INTERNAL;
}

/* Makes the run as often as asked. Return: an exit code. */
static int repeat(const struct args *args, const struct cli_run *run,
		  uint32_t *ret_broken)
{
	struct ds_world *world = ds_program_world(run->program);
	uint64_t i, hash = 0;
	size_t diverged = 0;
	int r;

	for (i = 0; i < args->repeat; i++) {
		r = ds_replay_run(world, run->schedule, &diverged);
		if (r < 0)
			return run_failed(r, diverged);
		if (i > 0 && (hash != ds_world_hash(world) ||
			      *ret_broken != ds_checks_broken(world->checks))) {
			cli_error(verb,
				  "run %llu ended otherwise than the "
				  "first",
				  (unsigned long long)i + 1);
			return EXIT_DIVERGED;
		}
		hash = ds_world_hash(world);
		*ret_broken = ds_checks_broken(world->checks);
	}
	return EXIT_AS_ASKED;
}

/* Whether a run that breaks @broken is the one a race file tells of. */
static bool is_as_told(const struct wanted *wanted, uint32_t broken)
{
	const struct ds_race *race = &wanted->race;
	unsigned int i = 0;

	if (!wanted->file ||
	    (race->violates ? broken >> race->property & 1 : !broken))
		return true;
	while (!race->violates && !(broken >> i & 1))
		i++;
	cli_error(verb, "%s: %s %s, and the file says otherwise", wanted->file,
		  ds_property(race->violates ? race->property
					     : (enum ds_property_id)i)
			  ->name,
		  race->violates ? "held" : "broke");
	return false;
}

/* Return: an exit code. */
static int tell(const struct args *args, const struct wanted *wanted,
		const struct cli_run *run)
{
	uint32_t broken = 0;
	int code, r;

	code = repeat(args, run, &broken);
	if (code != EXIT_AS_ASKED)
		return code;
	if (!is_as_told(wanted, broken))
		return EXIT_DIVERGED;
	if (args->export.form != EXPORT_NOTHING) {
		code = cli_export(&args->export, verb, &args->loud, run);
		if (code != EXIT_AS_ASKED)
			return code;
		return broken ? EXIT_UNEXPECTED : EXIT_AS_ASKED;
	}
	if (args->json)
		r = print_json(args, run);
	else
		r = print_text(args, run, broken);
	if (r < 0)
		return run_failed(r, 0);
	return broken ? EXIT_UNEXPECTED : EXIT_AS_ASKED;
}

/* The schedule that a race file tells of. Return: an exit code. */
static int follow(const struct wanted *wanted, struct ds_program *program,
		  struct ds_schedule *ret_schedule)
{
	char why[512];
	int r = ds_race_follow(ds_program_world(program), &wanted->race,
			       ret_schedule, why, sizeof(why));

	if (r == 0)
		return EXIT_AS_ASKED;
	if (r == -EPROTO)
		cli_error(verb, "%s: %s", wanted->file, why);
	else
		cli_error(verb, "the run is void: %s", strerror(-r));
	return r == -EPROTO ? EXIT_DIVERGED : EXIT_INTERNAL;
}

static int with_program(const struct args *args, struct wanted *wanted,
			const struct ds_scenario *scenario, const char *path,
			struct ds_program *program)
{
	struct cli_run one = {
		.program = program,
		.scenario = scenario,
		.path = path,
		.fs = wanted->file ? wanted->race.fs : wanted->token.fs,
		.broken = wanted->token.broken,
		.schedule = &wanted->token.schedule,
	};
	int code = EXIT_AS_ASKED;

	if (wanted->file)
		code = follow(wanted, program, &wanted->token.schedule);
	return code == EXIT_AS_ASKED ? tell(args, wanted, &one) : code;
}

static int with_region(const struct args *args, struct wanted *wanted,
		       const struct ds_scenario *scenario, const char *path,
		       struct ds_region *region)
{
	struct ds_program_options how = {
		.profile = cli_profile(verb, wanted->file ? wanted->race.fs
							  : wanted->token.fs),
		.region = region,
		.turns = args->turns,
		.checked = true,
		.used = wanted->token.broken != DS_RULE_NONE,
		.broken = wanted->token.broken,
	};
	struct ds_program *program;
	char why[512];
	int code, r;

	if (!how.profile)
		return EXIT_USAGE;
	r = ds_program_new(scenario, &how, &program, why, sizeof(why));
	if (r < 0) {
		cli_error(verb, "%s", why);
		return r == -EINVAL ? EXIT_USAGE : EXIT_INTERNAL;
	}
	code = with_program(args, wanted, scenario, path, program);
	ds_program_free(program);
	return code;
}

/*
 * Where the scenario is: where it was said to be, or beside the race file that
 * names it. Into @path. Return: @path.
 */
static const char *find_scenario(const struct args *args,
				 const struct wanted *wanted, char path[512])
{
	const char *name =
		wanted->file ? wanted->race.scenario : wanted->token.scenario;
	const char *slash = wanted->file ? strrchr(wanted->file, '/') : NULL;
	struct ds_scenario cell;

	snprintf(path, 512, "%s", args->scenario ? args->scenario : name);
	if (args->scenario || !slash || name[0] == '/' ||
	    ds_cell_find(name, &cell) == 0 || access(name, R_OK) == 0)
		return path;
	snprintf(path, 512, "%.*s/%s", (int)(slash - wanted->file),
		 wanted->file, name);
	return path;
}

static int replay(const struct args *args, struct wanted *wanted)
{
	char path[512];
	struct ds_scenario scenario;
	struct ds_region *region;
	int code;

	find_scenario(args, wanted, path);
	code = cli_scenario(verb, path, &scenario);
	if (code != EXIT_AS_ASKED) {
		if (!args->scenario)
			fprintf(stderr, "(--scenario FILE says where it is "
					"now)\n");
		return code;
	}
	if (!wanted->file && !ds_token_fits(&wanted->token, scenario.hash)) {
		cli_error(verb,
			  "the token is damaged, or was made for another "
			  "text of %s",
			  path);
		return EXIT_USAGE;
	}
	code = cli_region_open(&args->region, verb, &region);
	if (code != EXIT_AS_ASKED)
		return code;
	code = with_region(args, wanted, &scenario, path, region);
	ds_region_close(region);
	return code;
}

int daxsim_verb_replay(int argc, char **argv)
{
	struct args args = {
		.repeat = 1,
		.loud = {.budget = CLI_DECISIVE_BUDGET},
	};
	struct wanted wanted = {0};
	int code;

	code = cli_options(verb, argc, argv, options, help, take_option, &args);
	if (code >= 0)
		return code;
	if (optind != argc - 1) {
		cli_error(verb, "expected one TOKEN or FILE; try 'daxsim "
				"replay --help'");
		return EXIT_USAGE;
	}
	if (args.export.form != EXPORT_CMOCKA &&
	    (args.export.profile || args.export.expect)) {
		cli_error(verb, "%s: only for --export cmocka",
			  args.export.profile ? "--fs" : "--expect");
		return EXIT_USAGE;
	}
	code = read_wanted(argv[optind], &wanted);
	if (wanted.file && wanted.race.violates && !args.loud.chosen) {
		args.loud.chosen = true;
		args.loud.property = wanted.race.property;
	}
	if (code == EXIT_AS_ASKED)
		code = replay(&args, &wanted);
	ds_token_free(&wanted.token);
	ds_race_free(&wanted.race);
	return code;
}
