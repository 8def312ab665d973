/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_LOUD_H
#define DAXSIM_LOUD_H

/*
 * The loud run behind a quiet search: the timeline of one schedule with the
 * decisive step marked, when it became inevitable, and why.
 */
#include "cli.h"
#include "race/inevitable.h"
#include "race/program.h"

#define CLI_DECISIVE_BUDGET 50000

/* What is asked for; the same options in explore and replay. */
struct cli_loud {
	bool full, locks, refs, explain;
	bool chosen; /* @property was asked for */
	enum ds_property_id property;
	uint64_t budget; /* runs to find the decisive step with */
};

/* One schedule of one scenario. */
struct cli_run {
	struct ds_program *program;
	const struct ds_scenario *scenario;
	const char *path; /* what tokens call it */
	const char *fs;
	enum ds_rule broken; /* on purpose, or DS_RULE_NONE */
	const struct ds_schedule *schedule;
};

#define CLI_LOUD_OPTIONS                                                       \
	{"full", no_argument, NULL, 'F'},                                      \
		{"show", required_argument, NULL, 'w'},                        \
		{"explain", no_argument, NULL, 'x'},                           \
		{"property", required_argument, NULL, 'p'},                    \
	{                                                                      \
		"decisive-budget", required_argument, NULL, 'v'                \
	}

#define CLI_LOUD_HELP                                                          \
	"  --full                  every step in the timeline\n"               \
	"  --show locks,refs       columns: locks a task holds, counts of "    \
	"blocks\n"                                                             \
	"  --property NAME         of several that broke, tell of this one\n"  \
	"  --explain               the rule, who held what at the decisive "   \
	"step (marked\n"                                                       \
	"                          with > in the timeline), what the "         \
	"operation had\n"                                                      \
	"                          looked at, and the commit that fixed it\n"  \
	"  --decisive-budget N     runs to find that step with (default "      \
	"50000)\n"

/* Return: whether @c was one of the options; *ret_bad if its value is bad. */
bool cli_loud_option(struct cli_loud *loud, const char *verb, int c,
		     bool *ret_bad);

/*
 * The finding to tell of, of the run just made: the one asked for, or the one
 * that broke first. Return: DS_N_PROPERTIES when nothing broke.
 */
enum ds_property_id cli_loud_property(const struct cli_loud *loud,
				      const struct ds_checks *checks);

/*
 * Makes the run again and prints it. Return: 0, or negative errno when a run
 * was void or did not follow the schedule.
 */
int cli_loud_print(const struct cli_loud *loud, const struct cli_run *run);

/* The decisive step as members of a JSON object. Return: as above. */
int cli_loud_json(const struct cli_loud *loud, const struct cli_run *run,
		  struct cli_json *json);

#endif
