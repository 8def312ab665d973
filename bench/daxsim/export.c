// SPDX-License-Identifier: LGPL-2.1-or-later
#include "export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/profiles.h"
#include "race/export.h"
#include "race/switches.h"
#include "race/timeline.h"

static bool parse_form(struct cli_export *export, const char *verb,
		       const char *text)
{
	static const char *const forms[] = {
		[EXPORT_SWITCHES] = "switches",
		[EXPORT_CMOCKA] = "cmocka",
		[EXPORT_COMMENT] = "comment",
	};
	unsigned int i;

	for (i = 1; i < sizeof(forms) / sizeof(forms[0]); i++) {
		export->form = (enum cli_export_form)i;
		if (strcmp(forms[i], text) == 0)
			return true;
	}
	cli_error(verb,
		  "--export: expected switches, comment or cmocka, not '%s'",
		  text);
	return false;
}

bool cli_export_option(struct cli_export *export, const char *verb, int c,
		       bool *ret_bad)
{
	switch (c) {
	case 'E':
		*ret_bad |= !parse_form(export, verb, optarg);
		return true;
	case 'H':
		export->expect = optarg;
		if (strcmp(optarg, "breaks") == 0 ||
		    strcmp(optarg, "holds") == 0)
			return true;
		cli_error(verb, "--expect: expected breaks or holds, not '%s'",
			  optarg);
		*ret_bad = true;
		return true;
	case 'f':
		export->profile = cli_profile(verb, optarg);
		*ret_bad |= !export->profile;
		return true;
	default:
		return false;
	}
}

/* Return: an exit code for @r. */
static int code_of(const char *verb, int r)
{
	if (r >= 0)
		return EXIT_AS_ASKED;
	cli_error(verb, "--export: %s", strerror(-r));
	return EXIT_INTERNAL;
}

/* Prints @text and frees it. Return: 0, or @r if that is negative. */
static int print_text(int r, char *text)
{
	if (r == 0 && !text)
		r = -ENOMEM;
	if (r == 0)
		printf("%s", text);
	free(text);
	return r;
}

static int export_switches(const struct cli_run *run,
			   enum ds_property_id property)
{
	struct ds_race race = {
		.violates = property != DS_N_PROPERTIES,
		.property = property,
	};
	int r;

	snprintf(race.scenario, sizeof(race.scenario), "%s", run->path);
	snprintf(race.fs, sizeof(race.fs), "%s", run->fs);
	r = ds_race_record(ds_program_world(run->program), run->schedule,
			   &race);
	r = print_text(r, r == 0 ? ds_race_text(&race) : NULL);
	ds_race_free(&race);
	return r;
}

static int export_comment(const struct cli_loud *loud,
			  const struct cli_run *run,
			  enum ds_property_id property)
{
	struct ds_timeline_look look = {
		.full = loud->full,
		.locks = loud->locks,
		.refs = loud->refs,
		.width = DS_EXPORT_COMMENT_WIDTH,
	};
	struct ds_world *world = ds_program_world(run->program);
	struct ds_timeline *timeline;
	char title[512], *drawn;
	size_t diverged;
	int r;

	if (property == DS_N_PROPERTIES)
		snprintf(title, sizeof(title), "%s on %s:", run->scenario->name,
			 run->fs);
	else
		snprintf(title, sizeof(title), "%s on %s breaks %s: %s",
			 run->scenario->name, run->fs,
			 ds_property(property)->name,
			 ds_property(property)->sentence);
	r = ds_timeline_new(world, &timeline);
	if (r < 0)
		return r;
	r = ds_replay_run(world, run->schedule, &diverged);
	drawn = r == 0 ? ds_timeline_draw(timeline, &look) : NULL;
	ds_timeline_free(timeline);
	r = print_text(r, drawn ? ds_export_comment(title, drawn) : NULL);
	free(drawn);
	return r;
}

static int export_cmocka(const struct cli_export *export, const char *verb,
			 const struct cli_loud *loud, const struct cli_run *run,
			 enum ds_property_id property)
{
	bool same =
		!export->profile || strcmp(export->profile->name, run->fs) == 0;
	bool broke = property != DS_N_PROPERTIES;
	struct ds_export test = {
		.scenario = run->scenario,
		.fs = same ? run->fs : export->profile->name,
		.schedule = same ? run->schedule : NULL,
		.property = broke ? property : loud->property,
		.breaks = export->expect ? strcmp(export->expect, "breaks") == 0
					 : broke,
	};
	char why[256], *text = NULL;
	int r;

	if (!broke && !loud->chosen) {
		cli_error(verb, "--export: nothing broke; --property says what "
				"to assert");
		return EXIT_USAGE;
	}
	r = ds_export_cmocka(&test, &text, why, sizeof(why));
	if (r == -EINVAL) {
		cli_error(verb, "--export: %s", why);
		return EXIT_USAGE;
	}
	return code_of(verb, print_text(r, text));
}

int cli_export(const struct cli_export *export, const char *verb,
	       const struct cli_loud *loud, const struct cli_run *run)
{
	const struct ds_checks *checks = ds_program_world(run->program)->checks;
	enum ds_property_id property = cli_loud_property(loud, checks);

	if (export->form != EXPORT_COMMENT && run->broken) {
		cli_error(verb, "--export: a run that breaks a rule on purpose "
				"is kept as a token");
		return EXIT_USAGE;
	}
	if (export->form == EXPORT_SWITCHES &&
	    ds_scenario_is_endless(run->scenario)) {
		cli_error(verb, "--export: a run that never ends is no race "
				"file");
		return EXIT_USAGE;
	}
	switch (export->form) {
	case EXPORT_SWITCHES:
		return code_of(verb, export_switches(run, property));
	case EXPORT_COMMENT:
		return code_of(verb, export_comment(loud, run, property));
	default:
		return export_cmocka(export, verb, loud, run, property);
	}
}
