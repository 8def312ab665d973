// SPDX-License-Identifier: LGPL-2.1-or-later
#include "loud.h"

#include <stdlib.h>
#include <string.h>

#include "race/bugs.h"
#include "race/explain.h"
#include "race/timeline.h"
#include "race/token.h"

static bool parse_show(struct cli_loud *loud, const char *verb,
		       const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ",");

		if (n == 5 && strncmp(text, "locks", n) == 0) {
			loud->locks = true;
		} else if (n == 4 && strncmp(text, "refs", n) == 0) {
			loud->refs = true;
		} else {
			cli_error(verb,
				  "--show: expected locks, refs or "
				  "locks,refs, not '%s'",
				  text);
			return false;
		}
		text += n + (text[n] == ',');
	}
	return true;
}

static bool parse_property(struct cli_loud *loud, const char *verb,
			   const char *text)
{
	loud->property = ds_property_find(text);
	loud->chosen = true;
	if (loud->property != DS_N_PROPERTIES)
		return true;
	cli_error(verb,
		  "--property: '%s' is none; 'daxsim list properties' names "
		  "them",
		  text);
	return false;
}

bool cli_loud_option(struct cli_loud *loud, const char *verb, int c,
		     bool *ret_bad)
{
	switch (c) {
	case 'F':
		loud->full = true;
		return true;
	case 'w':
		*ret_bad |= !parse_show(loud, verb, optarg);
		return true;
	case 'x':
		loud->explain = true;
		return true;
	case 'p':
		*ret_bad |= !parse_property(loud, verb, optarg);
		return true;
	case 'v':
		*ret_bad |= !cli_number(verb, "decisive-budget", optarg,
					&loud->budget);
		return true;
	default:
		return false;
	}
}

enum ds_property_id cli_loud_property(const struct cli_loud *loud,
				      const struct ds_checks *checks)
{
	enum ds_property_id first = DS_N_PROPERTIES;
	unsigned int i;

	if (loud->chosen)
		return checks->findings[loud->property].found ? loud->property
							      : DS_N_PROPERTIES;
	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (checks->findings[i].found &&
		    (first == DS_N_PROPERTIES ||
		     checks->findings[i].step < checks->findings[first].step))
			first = (enum ds_property_id)i;
	return first;
}

/*
 * Whether runs have an end at which it is known that they were safe. Whether
 * one goes on for ever is not decided at a step.
 */
static bool has_end(const struct cli_run *run, enum ds_property_id property)
{
	return property != DS_NO_STARVATION &&
	       !ds_scenario_is_endless(run->scenario);
}

/*
 * Makes the run quietly and finds its decisive step, if something broke.
 * Return: 0 with *@ret_property, DS_N_PROPERTIES when nothing did.
 */
static int find_decisive(const struct cli_loud *loud, const struct cli_run *run,
			 enum ds_property_id *ret_property,
			 struct ds_inevitable *ret_inevitable)
{
	struct ds_world *world = ds_program_world(run->program);
	size_t diverged;
	int r;

	memset(ret_inevitable, 0, sizeof(*ret_inevitable));
	r = ds_replay_run(world, run->schedule, &diverged);
	if (r < 0)
		return r;
	*ret_property = cli_loud_property(loud, world->checks);
	if (*ret_property == DS_N_PROPERTIES || !has_end(run, *ret_property))
		return 0;
	return ds_inevitable_find(world, run->schedule, *ret_property,
				  world->checks->findings[*ret_property].step,
				  loud->budget, ret_inevitable);
}

static int print_timeline(const struct cli_loud *loud,
			  const struct cli_run *run,
			  const struct ds_inevitable *inevitable)
{
	struct ds_world *world = ds_program_world(run->program);
	struct ds_timeline_look look = {
		.full = loud->full,
		.locks = loud->locks,
		.refs = loud->refs,
		.mark = inevitable->decided ? inevitable->from : 0,
		.mark_task = inevitable->task,
		.mark_at = inevitable->at,
	};
	struct ds_timeline *timeline;
	size_t diverged;
	char *text;
	int r;

	r = ds_timeline_new(world, &timeline);
	if (r < 0)
		return r;
	r = ds_replay_run(world, run->schedule, &diverged);
	if (r == 0) {
		text = ds_timeline_draw(timeline, &look);
		printf("%s", text ? text : "(out of memory)\n");
		free(text);
	}
	ds_timeline_free(timeline);
	return r;
}

static char *safe_token(const struct cli_run *run,
			const struct ds_inevitable *inevitable)
{
	if (!inevitable->safe.n)
		return NULL;
	return ds_token_format(run->path, run->scenario->hash, run->fs,
			       run->broken, &inevitable->safe);
}

static void print_decisive(const struct cli_loud *loud,
			   const struct cli_run *run,
			   enum ds_property_id property,
			   const struct ds_inevitable *inevitable)
{
	const struct ds_sched *sched = ds_program_world(run->program)->sched;
	const char *name = ds_property(property)->name;
	char *token;

	if (!has_end(run, property)) {
		printf("the runs of this scenario never end: no step decides "
		       "%s\n",
		       name);
		return;
	}
	if (!inevitable->decided) {
		printf("when %s became inevitable is not decided: after %llu "
		       "runs it lies\nbetween steps %llu and %llu "
		       "(--decisive-budget)\n",
		       name, (unsigned long long)loud->budget,
		       (unsigned long long)inevitable->open,
		       (unsigned long long)inevitable->from);
		return;
	}
	if (inevitable->from == 0) {
		printf("%s is inevitable from the start: no run is safe\n",
		       name);
		return;
	}
	token = safe_token(run, inevitable);
	printf("%s is inevitable from step %llu (%s, %s);\nbefore it, this "
	       "continuation did not break it:\n  daxsim replay %s\n",
	       name, (unsigned long long)inevitable->from,
	       sched->tasks[inevitable->task]->name,
	       ds_point_name(inevitable->at), token ? token : "");
	free(token);
}

/* What the gallery of bugs says. Return: whether the scenario is shown there.
 */
static bool print_bug(const struct cli_run *run)
{
	struct ds_scenario shown;
	const struct ds_bug *bug;
	char why[200];
	unsigned int i;
	bool found = false;

	for (i = 0; (bug = ds_bug_at(i)); i++) {
		if (!bug->cites || !bug->shown.scenario ||
		    bug->shown.broken != run->broken ||
		    strcmp(bug->shown.fs, run->fs) != 0)
			continue;
		if (ds_case_scenario(&bug->shown, &shown, why, sizeof(why)) ||
		    shown.hash != run->scenario->hash)
			continue;
		printf("in the gallery of bugs: %s, %s\n  %s\n", bug->id,
		       bug->name, bug->cites);
		found = true;
	}
	return found;
}

static int print_explanation(const struct cli_run *run,
			     enum ds_property_id property,
			     const struct ds_inevitable *inevitable)
{
	char *text;
	bool fixed;
	int r = ds_explain(ds_program_world(run->program), run->schedule,
			   property, inevitable, &text);

	if (r < 0)
		return r;
	printf("\n%s", text);
	fixed = strstr(text, "\nfixed by ");
	free(text);
	if (!print_bug(run) && !fixed)
		printf("no commit that fixed it is known here\n");
	return 0;
}

int cli_loud_print(const struct cli_loud *loud, const struct cli_run *run)
{
	struct ds_inevitable inevitable;
	enum ds_property_id property;
	int r;

	r = find_decisive(loud, run, &property, &inevitable);
	if (r == 0)
		r = print_timeline(loud, run, &inevitable);
	if (r == 0 && property != DS_N_PROPERTIES) {
		printf("\n");
		print_decisive(loud, run, property, &inevitable);
		if (loud->explain)
			r = print_explanation(run, property, &inevitable);
	}
	ds_inevitable_free(&inevitable);
	return r;
}

int cli_loud_json(const struct cli_loud *loud, const struct cli_run *run,
		  struct cli_json *json)
{
	const struct ds_sched *sched = ds_program_world(run->program)->sched;
	struct ds_inevitable inevitable;
	enum ds_property_id property;
	char *token;
	int r;

	r = find_decisive(loud, run, &property, &inevitable);
	if (r < 0 || property == DS_N_PROPERTIES || !has_end(run, property))
		return r;
	token = safe_token(run, &inevitable);
	json_open(json, "inevitable", '{');
	json_string(json, "property", ds_property(property)->name);
	json_bool(json, "decided", inevitable.decided);
	json_number(json, "step", inevitable.from);
	json_string(json, "task",
		    inevitable.from ? sched->tasks[inevitable.task]->name
				    : NULL);
	json_string(json, "point",
		    inevitable.from ? ds_point_name(inevitable.at) : NULL);
	json_string(json, "safe", token);
	json_close(json, '}');
	free(token);
	ds_inevitable_free(&inevitable);
	return 0;
}
