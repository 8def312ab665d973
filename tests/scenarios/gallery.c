// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Every bug of the gallery shows where it is said to, and not where it is said
 * not to; every warning is raised where it is said to be, and every claim of
 * the thread comes out as it is told. Prints the gallery with what was found,
 * and on the error stream how often.
 */
#include <inttypes.h>
#include <stdio.h>

#include "pmem/region.h"
#include "race/bugs.h"
#include "race/claims.h"

#define MAX_STEPS 10000

/* Return: whether @what was searched, and to its end. */
static bool search(const char *name, const struct ds_case *what,
		   struct ds_search_result *result)
{
	const struct ds_region_options memfd = {.size = 4 << 20};
	struct ds_search_options options = {
		.kind = what->kind,
		.max_steps = MAX_STEPS,
	};
	struct ds_region *region;
	char why[300];
	int r;

	r = ds_region_open(&memfd, &region, why, sizeof(why));
	if (r == 0) {
		r = ds_case_search(what, what->broken, &options, region, result,
				   why, sizeof(why));
		ds_region_close(region);
	}
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", name, why);
		return false;
	}
	if (result->end == DS_END_COMPLETE)
		return true;
	fprintf(stderr, "%s: %s on %s was not searched to its end\n", name,
		what->scenario, what->fs);
	ds_search_result_free(result);
	return false;
}

static void print_case(const char *outcome, const struct ds_case *what)
{
	char command[240];

	ds_case_command(what, command, sizeof(command));
	printf("- %s: `%s`\n", outcome, command);
}

static bool is_shown(const struct ds_bug *bug)
{
	struct ds_search_result result;
	char outcome[80];
	bool shown;

	if (!search(bug->id, &bug->shown, &result))
		return false;
	shown = result.findings[bug->property].runs > 0;
	fprintf(stderr,
		"%s on %s: %" PRIu64 " runs break %s, %" PRIu64 " whole runs\n",
		bug->id, bug->shown.fs, result.findings[bug->property].runs,
		ds_property(bug->property)->name, result.interleavings);
	snprintf(outcome, sizeof(outcome), "%s %s",
		 ds_property(bug->property)->name, shown ? "breaks" : "HOLDS");
	print_case(outcome, &bug->shown);
	ds_search_result_free(&result);
	return shown;
}

static bool is_absent(const struct ds_bug *bug)
{
	struct ds_search_result result;
	bool absent;

	if (!search(bug->id, &bug->absent, &result))
		return false;
	absent = result.broken == 0;
	print_case(absent ? "every property holds" : "a property BREAKS",
		   &bug->absent);
	ds_search_result_free(&result);
	return absent;
}

/* Return: whether it is as told. */
static bool print_bug(const struct ds_bug *bug)
{
	bool as_told = true;

	printf("\n## %s: %s (%s)\n\n%s", bug->id, bug->name,
	       ds_bug_status_name(bug->status), bug->story);
	printf("%s%s%s\n\n", bug->cites ? " [" : "",
	       bug->cites ? bug->cites : "", bug->cites ? "]" : "");
	if (bug->shown.scenario)
		as_told &= is_shown(bug);
	if (bug->absent.scenario)
		as_told &= is_absent(bug);
	if (bug->answer)
		printf("- %s\n", bug->answer);
	return as_told;
}

/* Return: whether it is raised where it is said to be. */
static bool print_warning(unsigned int number)
{
	const struct ds_warning_text *text = ds_warning_text(number);
	const struct ds_case *where = ds_warning_case(number);
	struct ds_search_result result;
	char name[8];
	bool raised;

	snprintf(name, sizeof(name), "W%u", number);
	printf("\n## %s\n\n%s (%s)\n\n", name, text->condition, text->models);
	if (!where->scenario) {
		printf("- in no scenario: %s\n", text->unreachable);
		return true;
	}
	if (!search(name, where, &result))
		return false;
	raised = result.warned >> number & 1;
	print_case(raised ? "raised" : "NOT raised", where);
	ds_search_result_free(&result);
	return raised;
}

static bool is_so(const struct ds_claim *claim)
{
	const struct ds_region_options memfd = {.size = 4 << 20};
	struct ds_claim_outcome outcome;
	struct ds_region *region;
	char text[300];
	int r;

	r = ds_region_open(&memfd, &region, text, sizeof(text));
	if (r == 0) {
		r = ds_claim_try(claim, region, &outcome, text, sizeof(text));
		ds_region_close(region);
	}
	if (r < 0) {
		fprintf(stderr, "%s, %s: %s\n", claim->experiment, claim->who,
			text);
		return false;
	}
	ds_claim_outcome_text(claim, &outcome, text, sizeof(text));
	fprintf(stderr, "%s, %s: %s%s\n", claim->experiment, claim->who, text,
		outcome.complete ? "" : ", not searched to the end");
	return outcome.complete && outcome.breaks == claim->breaks;
}

int main(void)
{
	unsigned int i, bad = 0;

	for (i = 0; ds_bug_at(i); i++)
		bad += !print_bug(ds_bug_at(i));
	printf("\n# The warnings\n");
	for (i = 1; i < DS_N_WARNINGS; i++)
		bad += !print_warning(i);
	for (i = 0; ds_claim_at(i); i++)
		bad += !is_so(ds_claim_at(i));
	fprintf(stderr, "%u not as told\n", bad);
	return bad ? 1 : 0;
}
