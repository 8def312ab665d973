// SPDX-License-Identifier: LGPL-2.1-or-later
#include "shrink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/profiles.h"
#include "progress.h"
#include "race/scenario_text.h"
#include "race/shrink.h"
#include "race/token.h"

/* Runs that each smaller scenario, and each bound, is searched with. */
#define BUDGET    20000
#define MAX_STEPS 10000

static const char *path_of(const struct cli_shrink *shrink)
{
	return shrink->file ? shrink->file : SHRUNK_NAME;
}

static char *token_of(const struct cli_shrink *shrink,
		      const struct ds_shrunk *shrunk)
{
	return ds_token_format(path_of(shrink), shrunk->scenario.hash,
			       shrink->program.profile->name,
			       shrink->program.broken, &shrunk->schedule);
}

/* How sure it is that no run has fewer preemptions. */
static const char *certainty(const struct ds_shrunk *shrunk)
{
	if (shrunk->interrupted)
		return "interrupted";
	if (!shrunk->fewest)
		return "the budget ended before fewer were ruled out";
	return shrunk->shortest ? "none with fewer, nor sooner with as many"
				: "none with fewer";
}

static void print_json(const struct cli_shrink *shrink,
		       const struct ds_shrunk *shrunk, const char *text,
		       struct cli_json *json)
{
	char *token = token_of(shrink, shrunk);

	json_open(json, "shrunk", '{');
	json_string(json, "property", ds_property(shrink->property)->name);
	json_string(json, "scenario", text);
	json_string(json, "replay", token);
	json_number(json, "step", shrunk->finding.step);
	json_number(json, "steps", shrunk->schedule.n);
	json_number(json, "preemptions", shrunk->preemptions);
	json_bool(json, "fewest", shrunk->fewest);
	json_bool(json, "shortest", shrunk->shortest);
	json_number(json, "tried", shrunk->tried);
	json_number(json, "runs", shrunk->runs);
	json_close(json, '}');
	free(token);
}

static int print_loud(const struct cli_shrink *shrink, struct ds_shrunk *shrunk)
{
	struct cli_loud loud = *shrink->loud;
	struct cli_run run = {
		.scenario = &shrunk->scenario,
		.path = path_of(shrink),
		.fs = shrink->program.profile->name,
		.broken = shrink->program.broken,
		.schedule = &shrunk->schedule,
	};
	struct ds_program_options program = shrink->program;
	char why[512];
	int r;

	program.used = true;
	r = ds_program_new(&shrunk->scenario, &program, &run.program, why,
			   sizeof(why));

	if (r < 0)
		return r;
	loud.chosen = true;
	loud.property = shrink->property;
	r = cli_loud_print(&loud, &run);
	ds_program_free(run.program);
	return r;
}

static int print_text(const struct cli_shrink *shrink, struct ds_shrunk *shrunk,
		      const char *text)
{
	char *token = token_of(shrink, shrunk);

	printf("\nshrunk for %s: %u scenarios tried, %llu runs\n"
	       "preemptions: %u (%s); broken at step %llu of %zu\n"
	       "  daxsim replay %s\n\n",
	       ds_property(shrink->property)->name, shrunk->tried,
	       (unsigned long long)shrunk->runs, shrunk->preemptions,
	       certainty(shrunk), (unsigned long long)shrunk->finding.step,
	       shrunk->schedule.n, token ? token : "(out of memory)");
	if (!shrink->file)
		printf("# save as " SHRUNK_NAME " for that token\n");
	printf("%s\n", text);
	free(token);
	return print_loud(shrink, shrunk);
}

/* Return: whether the scenario could be written where it was asked for. */
static bool write_file(const struct cli_shrink *shrink, const char *text)
{
	FILE *file = fopen(shrink->file, "w");
	bool well = file && fputs(text, file) >= 0;

	if (file && fclose(file) != 0)
		well = false;
	if (!well)
		cli_error(shrink->verb, "--shrink: %s: %s", shrink->file,
			  strerror(errno));
	return well;
}

static int print_shrunk(const struct cli_shrink *shrink,
			struct ds_shrunk *shrunk, struct cli_json *json)
{
	char *text = ds_scenario_text(&shrunk->scenario);
	int code = EXIT_AS_ASKED;
	int r = text ? 0 : -ENOMEM;

	if (r == 0 && shrink->file && !write_file(shrink, text))
		code = EXIT_USAGE;
	else if (r == 0 && json)
		print_json(shrink, shrunk, text, json);
	else if (r == 0)
		r = print_text(shrink, shrunk, text);
	free(text);
	return r < 0 ? EXIT_INTERNAL : code;
}

int cli_shrink(const struct cli_shrink *shrink, struct cli_json *json)
{
	struct cli_progress all;
	struct cli_progress_search progress = {.all = &all};
	struct ds_shrink how = {
		.program = shrink->program,
		.property = shrink->property,
		.budget = BUDGET,
		.max_steps = MAX_STEPS,
		.progress = cli_progress_of_search,
		.progress_arg = &progress,
	};
	struct ds_shrunk shrunk;
	int code, r;

	cli_progress_begin(&all, "shrink", NULL, 0);
	r = ds_shrink(shrink->scenario, &how, &shrunk);
	cli_progress_end(&all);
	if (r < 0) {
		cli_error(shrink->verb, "--shrink: %s",
			  r == -ENOENT ? "no run that ends was found to break "
					 "the property"
				       : strerror(-r));
		return r == -ENOENT ? EXIT_BUDGET : EXIT_INTERNAL;
	}
	code = print_shrunk(shrink, &shrunk, json);
	if (code == EXIT_AS_ASKED && shrunk.interrupted)
		code = EXIT_INTERRUPTED;
	ds_schedule_free(&shrunk.schedule);
	return code;
}
