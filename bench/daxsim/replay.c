// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fs/profiles.h"
#include "race/program.h"
#include "race/timeline.h"
#include "race/token.h"

static const char verb[] = "replay";

#define MAX_TOKEN_SIZE (1 << 20)

struct args {
	struct cli_region region;
	uint64_t repeat;
	enum ds_turns turns;
	const char *scenario; /* where to find it, if not where it was */
	bool json, full;
};

static void help(void)
{
	printf("usage: daxsim replay TOKEN|FILE [OPTION]...\n\n"
	       "Runs exactly one interleaving again and prints its timeline. "
	       "FILE holds a token.\n\n"
	       "  --repeat N              run it N times; every run must end "
	       "the same\n"
	       "  --scenario FILE         the token's scenario is here now\n"
	       "  --turns KIND            fiber (default), or baton: for "
	       "debuggers\n"
	       "  --full                  every step in the timeline\n"
	       "  --json                  one JSON document\n" CLI_REGION_HELP
	       "\nExit: 0 every property held, 1 one broke, 5 the model took "
	       "another way.\n");
}

static const struct option options[] = {
	{"repeat", required_argument, NULL, 'r'},
	{"scenario", required_argument, NULL, 's'},
	{"turns", required_argument, NULL, 't'},
	{"full", no_argument, NULL, 'F'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
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
	case 'F':
		args->full = true;
		return true;
	case 'j':
		args->json = true;
		return true;
	default:
		return cli_region_option(&args->region, verb, c, &bad) && !bad;
	}
}

/* The token in @text, or in the file called so. Return: an exit code. */
static int read_token(const char *text, struct ds_token *token)
{
	char why[512];
	char *contents = NULL;
	int r;

	/* A token has colons; a file with such a name can be given as ./... */
	if (!strchr(text, ':')) {
		contents = cli_read_file(text, MAX_TOKEN_SIZE);
		if (!contents) {
			cli_error(verb,
				  "%s: neither a token nor a readable "
				  "file (%s)",
				  text, strerror(errno));
			return EXIT_USAGE;
		}
		text = contents + strspn(contents, " \t\r\n");
	}
	r = ds_token_parse(text, token, why, sizeof(why));
	free(contents);
	if (r == 0)
		return EXIT_AS_ASKED;
	cli_error(verb, "%s", why);
	return r == -EINVAL ? EXIT_USAGE : EXIT_INTERNAL;
}

static void print_json(const struct ds_token *token,
		       const struct ds_checks *checks, uint64_t repeat)
{
	uint32_t broken = ds_checks_broken(checks);
	struct cli_json json;
	unsigned int i;

	json_begin(&json, stdout);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", verb);
	json_string(&json, "scenario", token->scenario);
	json_string(&json, "fs", token->fs);
	json_string(&json, "mutation",
		    token->broken ? ds_rule_text(token->broken)->mutation
				  : NULL);
	json_number(&json, "repeat", repeat);
	json_number(&json, "steps", token->schedule.n);
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
	json_end(&json);
}

static void print_text(const struct ds_timeline *timeline,
		       const struct ds_token *token, const struct args *args,
		       const struct ds_checks *checks)
{
	uint32_t broken = ds_checks_broken(checks);
	char *text = ds_timeline_text(timeline, args->full);
	unsigned int i;

	if (token->broken)
		printf("this run breaks a rule on purpose: %s\n\n",
		       ds_rule_text(token->broken)->sentence);
	printf("%s", text ? text : "(out of memory)\n");
	free(text);
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
}

/* Return: an exit code. */
static int run(const struct args *args, const struct ds_token *token,
	       struct ds_program *program, struct ds_timeline *timeline)
{
	struct ds_world *world = ds_program_world(program);
	uint32_t broken = 0;
	uint64_t i, hash = 0;
	size_t diverged;
	int r;

	for (i = 0; i < args->repeat; i++) {
		ds_timeline_clear(timeline);
		r = ds_replay_run(world, &token->schedule, &diverged);
		if (r == -EPROTO) {
			cli_error(verb,
				  "diverged at step %zu: the model is "
				  "not the one this token was made with",
				  diverged + 1);
			return EXIT_DIVERGED;
		}
		if (r < 0) {
			cli_error(verb, "the run is void: %s", strerror(-r));
			return EXIT_INTERNAL;
		}
		if (i > 0 && (hash != ds_world_hash(world) ||
			      broken != ds_checks_broken(world->checks))) {
			cli_error(verb,
				  "run %llu ended otherwise than the "
				  "first",
				  (unsigned long long)i + 1);
			return EXIT_DIVERGED;
		}
		hash = ds_world_hash(world);
		broken = ds_checks_broken(world->checks);
	}
	if (args->json)
		print_json(token, world->checks, args->repeat);
	else
		print_text(timeline, token, args, world->checks);
	return broken ? EXIT_UNEXPECTED : EXIT_AS_ASKED;
}

static int with_program(const struct args *args, const struct ds_token *token,
			const struct ds_scenario *scenario,
			struct ds_region *region)
{
	struct ds_program_options how = {
		.profile = cli_profile(verb, token->fs),
		.region = region,
		.turns = args->turns,
		.checked = true,
		.used = token->broken != DS_RULE_NONE,
		.broken = token->broken,
	};
	struct ds_timeline *timeline;
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
	r = ds_timeline_new(ds_program_world(program), &timeline);
	code = EXIT_INTERNAL;
	if (r == 0) {
		code = run(args, token, program, timeline);
		ds_timeline_free(timeline);
	}
	ds_program_free(program);
	return code;
}

static int replay(const struct args *args, const struct ds_token *token)
{
	const char *path = args->scenario ? args->scenario : token->scenario;
	struct ds_scenario scenario;
	struct ds_region *region;
	int code;

	code = cli_scenario(verb, path, &scenario);
	if (code != EXIT_AS_ASKED) {
		if (!args->scenario)
			fprintf(stderr, "(--scenario FILE says where it is "
					"now)\n");
		return code;
	}
	if (!ds_token_fits(token, scenario.hash)) {
		cli_error(verb,
			  "the token is damaged, or was made for another "
			  "text of %s",
			  path);
		return EXIT_USAGE;
	}
	code = cli_region_open(&args->region, verb, &region);
	if (code != EXIT_AS_ASKED)
		return code;
	code = with_program(args, token, &scenario, region);
	ds_region_close(region);
	return code;
}

int daxsim_verb_replay(int argc, char **argv)
{
	struct args args = {.repeat = 1};
	struct ds_token token;
	int code;

	code = cli_options(verb, argc, argv, options, help, take_option, &args);
	if (code >= 0)
		return code;
	if (optind != argc - 1) {
		cli_error(verb, "expected one TOKEN or FILE");
		return EXIT_USAGE;
	}
	code = read_token(argv[optind], &token);
	if (code != EXIT_AS_ASKED)
		return code;
	code = replay(&args, &token);
	ds_token_free(&token);
	return code;
}
