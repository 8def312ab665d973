// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "progress.h"
#include "race/mutate.h"
#include "shard.h"

static const char verb[] = "mutate";

struct args {
	enum ds_rule rule; /* DS_RULE_NONE: all */
	const struct ds_fs_profile *profile;
	struct cli_shard shard;
	bool json;
};

/* What came of all mutations that were asked for. */
struct matrix {
	size_t n_asked; /* in all shards */
	enum ds_rule asked[DS_N_RULES];
	size_t n;
	size_t numbers[DS_N_RULES]; /* of @results among those asked for */
	struct ds_mutation_result results[DS_N_RULES];
	double seconds;
};

static void help(void)
{
	printf("usage: daxsim mutate [OPTION]...\n\n"
	       "Breaks the rules of the protocol one by one and looks who "
	       "notices: a scenario in\nwhich every property holds while the "
	       "rule is kept must break one without it.\n\n"
	       "  --rule RULE             only this rule ('daxsim list "
	       "rules')\n"
	       "  --mutation MUTATION     the same, by the name of what is "
	       "wrong then\n"
	       "  --fs PROFILE            only rules that are tried on it\n"
	       "  --shard K/N             only the K-th of N parts of the "
	       "rules\n"
	       "  --json                  one JSON document\n"
	       "\nExit: 0 every mutation is killed, or argued to be "
	       "equivalent; 1 one is neither,\nor a scenario is not fit to "
	       "judge by.\n");
}

static const struct option options[] = {
	{"rule", required_argument, NULL, 'r'},
	{"mutation", required_argument, NULL, 'm'},
	{"fs", required_argument, NULL, 'f'},
	{"shard", required_argument, NULL, 'k'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Return: whether option @c is well. */
static bool take_option(void *arg, int c)
{
	struct args *args = arg;

	switch (c) {
	case 'r':
		args->rule = ds_rule_find(optarg);
		if (!args->rule)
			cli_error(verb,
				  "no rule '%s'; 'daxsim list rules' names "
				  "them",
				  optarg);
		return args->rule;
	case 'm':
		return cli_mutation(verb, optarg, &args->rule);
	case 'f':
		args->profile = cli_profile(verb, optarg);
		return args->profile;
	case 'k':
		return cli_shard_parse(verb, optarg, &args->shard);
	default:
		args->json = true;
		return true;
	}
}

static bool is_as_wanted(const struct ds_mutation_result *result)
{
	return result->status != DS_MUTATION_SURVIVED && !result->refuted;
}

static size_t count(const struct matrix *matrix, enum ds_mutation_status status)
{
	size_t i, n = 0;

	for (i = 0; i < matrix->n; i++)
		n += matrix->results[i].status == status;
	return n;
}

/* -------------------------------- Output ---------------------------------- */

static void print_json_result(struct cli_json *json,
			      const struct ds_mutation_result *result)
{
	const struct ds_rule_text *text = ds_rule_text(result->rule);
	bool killed = result->scenario;

	json_open(json, NULL, '{');
	json_string(json, "name", text->mutation);
	json_string(json, "killed_by", result->scenario);
	json_string(json, "status", ds_mutation_status_name(result->status));
	json_string(json, "rule", text->name);
	json_string(json, "sentence", text->sentence);
	json_string(json, "models", text->models);
	json_string(json, "argument", text->equivalent);
	json_string(json, "fs", result->fs);
	json_string(json, "property",
		    killed ? ds_property(result->property)->name : NULL);
	json_properties(json, "properties", result->broken);
	json_string(json, "text", killed ? result->text : NULL);
	json_string(json, "replay", result->replay);
	json_string(json, "search", result->search);
	json_number(json, "runs", result->runs);
	json_number(json, "interleavings_unmutated", result->base);
	json_number(json, "states_unmutated", result->base_states);
	json_number(json, "scenarios_tried", result->n_tried);
	json_bool(json, "reached", result->reached);
	json_bool(json, "as_wanted", is_as_wanted(result));
	json_close(json, '}');
}

/* A hash of what all shards were asked. */
static uint64_t hash_question(const struct args *args,
			      const struct matrix *matrix)
{
	uint64_t asked = cli_asked(verb);
	size_t i;

	asked = cli_asked_text(asked,
			       args->profile ? args->profile->name : NULL);
	for (i = 0; i < matrix->n_asked; i++)
		asked = cli_asked_mutation(asked, matrix->asked[i]);
	return asked;
}

static void print_json(const struct args *args, const struct matrix *matrix,
		       int code)
{
	struct cli_json json;
	size_t i;

	json_begin(&json, stdout);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", verb);
	json_number(&json, "seed", 0);
	json_bool(&json, "interrupted", code == EXIT_INTERRUPTED);
	json_open(&json, "mutations", '[');
	for (i = 0; i < matrix->n; i++)
		print_json_result(&json, &matrix->results[i]);
	json_close(&json, ']');
	cli_shard_json(&json, &args->shard, hash_question(args, matrix), code,
		       matrix->numbers, matrix->n, matrix->n_asked);
	json_end(&json);
}

/* A line of the matrix; all there is to know if it is the only one. */
static void print_result(const struct ds_mutation_result *result, bool alone)
{
	const struct ds_rule_text *text = ds_rule_text(result->rule);
	const char *status = ds_mutation_status_name(result->status);

	printf("%-32s %-10s", text->mutation, status);
	if (result->scenario)
		printf(" %-36s %-9s %6llu %s", result->scenario, result->fs,
		       (unsigned long long)result->runs,
		       ds_property(result->property)->name);
	else if (!result->reached)
		printf(" (no scenario meets the rule)");
	printf("%s\n", result->refuted ? " AGAINST ITS ARGUMENT" : "");
	if (text->equivalent && (alone || result->refuted))
		printf("  argument: %s\n", text->equivalent);
	if (!alone)
		return;
	printf("  rule: %s\n  as in: %s\n", text->sentence, text->models);
	if (result->replay)
		printf("  %s\n  daxsim replay %s\n", result->text,
		       result->replay);
}

/* How often each property was the first to break. */
static void print_properties(const struct matrix *matrix)
{
	unsigned int p;
	size_t i;

	printf("\nfirst to notice:\n");
	for (p = 0; p < DS_N_PROPERTIES; p++) {
		size_t n = 0;

		for (i = 0; i < matrix->n; i++)
			n += matrix->results[i].scenario &&
			     matrix->results[i].property == p;
		printf("  %-24s %zu\n",
		       ds_property((enum ds_property_id)p)->name, n);
	}
}

static void print_text(const struct matrix *matrix)
{
	bool alone = matrix->n == 1;
	size_t i;

	printf("%-32s %-10s %-36s %-9s %6s %s\n", "mutation", "status",
	       "killed by", "on", "runs", "first property to break");
	for (i = 0; i < matrix->n; i++)
		print_result(&matrix->results[i], alone);
	if (!alone)
		print_properties(matrix);
	printf("\n%zu mutations: %zu killed, %zu argued to be equivalent, "
	       "%zu survived; %.1f s\n",
	       matrix->n, count(matrix, DS_MUTATION_KILLED),
	       count(matrix, DS_MUTATION_EQUIVALENT),
	       count(matrix, DS_MUTATION_SURVIVED), matrix->seconds);
}

/* --------------------------------- Main ----------------------------------- */

static bool is_tried_on(enum ds_rule rule, const char *fs)
{
	const char *scenario, *on;
	unsigned int i;

	for (i = 0; ds_mutation_home(rule, i, &scenario, &on); i++)
		if (strcmp(on, fs) == 0)
			return true;
	return false;
}

static bool is_asked(const struct args *args, enum ds_rule rule)
{
	return (!args->rule || args->rule == rule) &&
	       (!args->profile || is_tried_on(rule, args->profile->name));
}

static int exit_code(int error, const char *why)
{
	switch (error) {
	case 0:
		return EXIT_AS_ASKED;
	case -EINTR:
		return EXIT_INTERRUPTED;
	case -EINVAL:
		cli_error(verb, "%s", why);
		return EXIT_UNEXPECTED;
	case -EPROTO:
		cli_error(verb, "%s", why);
		return EXIT_DIVERGED;
	default:
		cli_error(verb, "%s", why);
		return EXIT_INTERNAL;
	}
}

/* Searches are short: how far it is, is told of each rule. */
static bool stops(void *arg, uint64_t runs, uint64_t states)
{
	(void)arg;
	(void)runs;
	(void)states;
	return cli_interrupted();
}

/* What was asked for, and of that the numbers of what this shard does. */
static void list_rules(const struct args *args, struct matrix *matrix)
{
	uint64_t keys[DS_N_RULES];
	unsigned int rule;
	size_t i;

	for (rule = DS_RULE_NONE + 1; rule < DS_N_RULES; rule++) {
		if (!is_asked(args, (enum ds_rule)rule))
			continue;
		keys[matrix->n_asked] = cli_shard_key(
			ds_rule_text((enum ds_rule)rule)->mutation, 0);
		matrix->asked[matrix->n_asked++] = (enum ds_rule)rule;
	}
	for (i = 0; i < matrix->n_asked; i++)
		if (cli_shard_has(&args->shard, keys, matrix->n_asked, i))
			matrix->numbers[matrix->n++] = i;
}

static int mutate(const struct args *args, struct ds_mutator *mutator,
		  struct matrix *matrix)
{
	const char *fs = args->profile ? args->profile->name : NULL;
	struct cli_progress progress;
	size_t i, n = matrix->n;
	double start = cli_now();
	char why[512];
	int r = 0;

	cli_progress_begin(&progress, verb, "mutations", n);
	for (i = 0; i < n && r == 0; i += r == 0) {
		enum ds_rule rule = matrix->asked[matrix->numbers[i]];

		if (cli_interrupted())
			r = -EINTR;
		else
			r = ds_mutate(mutator, rule, fs, stops,
				      &matrix->results[i], why, sizeof(why));
		if (r == 0)
			cli_progress_done(&progress);
	}
	cli_progress_end(&progress);
	matrix->n = i;
	matrix->seconds = cli_now() - start;
	return exit_code(r, why);
}

static int judge(const struct matrix *matrix)
{
	size_t i;

	for (i = 0; i < matrix->n; i++)
		if (!is_as_wanted(&matrix->results[i]))
			return EXIT_UNEXPECTED;
	return EXIT_AS_ASKED;
}

static int run(const struct args *args, struct ds_mutator *mutator)
{
	struct matrix matrix = {0};
	size_t i;
	int code;

	if (!args->json)
		printf("seed 0 (nothing is left to chance)\n");
	fflush(stdout);
	list_rules(args, &matrix);
	if (!matrix.n_asked) {
		cli_error(verb, "no scenario tries that on %s",
			  args->profile->name);
		return EXIT_USAGE;
	}
	code = mutate(args, mutator, &matrix);
	if (code == EXIT_AS_ASKED)
		code = judge(&matrix);
	/* After an interrupt, too: what is known so far. */
	if (args->json)
		print_json(args, &matrix, code);
	else
		print_text(&matrix);
	for (i = 0; i < matrix.n; i++)
		ds_mutation_result_clear(&matrix.results[i]);
	return code;
}

int daxsim_verb_mutate(int argc, char **argv)
{
	/* Blocks that hold something already, as on a device in use. */
	const struct cli_region memory = {0};
	struct args args = {0};
	struct ds_mutator *mutator;
	struct ds_region *region;
	int code;

	code = cli_options(verb, argc, argv, options, help, take_option, &args);
	if (code >= 0)
		return code;
	if (optind != argc) {
		cli_error(verb, "expected no argument '%s'", argv[optind]);
		return EXIT_USAGE;
	}
	code = cli_region_open(&memory, verb, &region);
	if (code != EXIT_AS_ASKED)
		return code;
	cli_catch_interrupt();
	code = EXIT_INTERNAL;
	if (ds_mutator_new(region, &mutator) == 0) {
		code = run(&args, mutator);
		ds_mutator_free(mutator);
	}
	ds_region_close(region);
	return code;
}
