// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "cli.h"
#include "core/warning.h"
#include "fs/profiles.h"
#include "race/bugs.h"
#include "race/builtin.h"
#include "race/cells.h"
#include "race/claims.h"

static const char verb[] = "list";

/* What is said of one thing; @more may be NULL. */
struct line {
	const char *name, *text, *more;
	char room[2][1200]; /* for texts that are put together */
};

static void say(struct line *line, const char *name, const char *text,
		const char *more)
{
	line->name = name;
	line->text = text;
	line->more = more;
}

static bool profile_line(unsigned int i, struct line *line)
{
	const struct ds_fs_profile *profile = ds_profile_at(i);

	if (!profile)
		return false;
	say(line, profile->name, profile->models, profile->alias);
	return true;
}

static bool operation_line(unsigned int i, struct line *line)
{
	const struct ds_spec_op *op = ds_spec_op_at(i);

	if (!op)
		return false;
	say(line, op->name, op->does, op->calls);
	return true;
}

static bool pin_line(unsigned int i, struct line *line)
{
	const struct ds_cell_pin *pin = ds_cell_pin_at(i);

	if (!pin)
		return false;
	say(line, pin->name, pin->does, NULL);
	return true;
}

static bool property_line(unsigned int i, struct line *line)
{
	const struct ds_property *property;

	if (i >= DS_N_PROPERTIES)
		return false;
	property = ds_property((enum ds_property_id)i);
	say(line, property->name, property->sentence, property->reads);
	return true;
}

static bool strategy_line(unsigned int i, struct line *line)
{
	static const char *const texts[] = {
		"one run of each class of equivalent interleavings",
		"every state once: equal states are merged",
		"the same classes by sleep sets alone: more runs cut short",
		"every interleaving",
		"every one with no, one, two... preemptions, up to a bound",
		"a random choice at each step",
		"random priorities that change depth - 1 times",
	};

	if (i >= DS_SEARCH_N_KINDS)
		return false;
	say(line, ds_search_kind_name((enum ds_search_kind)i), texts[i], NULL);
	return true;
}

static bool point_line(unsigned int i, struct line *line)
{
	if (i >= DS_AT_N_POINTS)
		return false;
	say(line, ds_point_name((enum ds_at)i), "", NULL);
	return true;
}

static bool scenario_line(unsigned int i, struct line *line)
{
	say(line, ds_builtin_name(i), "", NULL);
	return line->name;
}

static bool rule_line(unsigned int i, struct line *line)
{
	const struct ds_rule_text *text;

	if (i + 1 >= DS_N_RULES)
		return false;
	text = ds_rule_text((enum ds_rule)(i + 1));
	say(line, text->name, text->sentence, text->models);
	return true;
}

static bool mutation_line(unsigned int i, struct line *line)
{
	if (!rule_line(i, line))
		return false;
	line->name = ds_rule_text((enum ds_rule)(i + 1))->mutation;
	return true;
}

static bool warning_line(unsigned int i, struct line *line)
{
	static const char *const numbers[DS_N_WARNINGS] = {
		"W1", "W2", "W3",  "W4",  "W5",  "W6",  "W7",
		"W8", "W9", "W10", "W11", "W12", "W13",
	};
	const struct ds_warning_text *text = ds_warning_text(i + 1);
	const struct ds_case *where = ds_warning_case(i + 1);
	char command[240] = "";

	if (!text)
		return false;
	if (where->scenario)
		ds_case_command(where, command, sizeof(command));
	snprintf(line->room[0], sizeof(line->room[0]), "%s; %s%s", text->models,
		 where->scenario ? "raised by " : "in no scenario: ",
		 where->scenario ? command : text->unreachable);
	say(line, numbers[i], text->condition, line->room[0]);
	return true;
}

/* "ext4-early-give-up: ..."; then how to see it, and how not. */
static bool bug_line(unsigned int i, struct line *line)
{
	const struct ds_bug *bug = ds_bug_at(i);
	char shown[240] = "not shown", absent[240] = "";

	if (!bug)
		return false;
	if (bug->shown.scenario)
		ds_case_command(&bug->shown, shown, sizeof(shown));
	if (bug->absent.scenario)
		ds_case_command(&bug->absent, absent, sizeof(absent));
	snprintf(line->room[0], sizeof(line->room[0]), "%s (%s): %s%s%s%s",
		 bug->name, ds_bug_status_name(bug->status), bug->story,
		 bug->cites ? " [" : "", bug->cites ? bug->cites : "",
		 bug->cites ? "]" : "");
	snprintf(line->room[1], sizeof(line->room[1]), "%s%s%s%s%s%s%s", shown,
		 bug->shown.scenario ? ": " : "",
		 bug->shown.scenario ? ds_property(bug->property)->name : "",
		 *absent ? "; holds: " : "", absent, bug->answer ? "; " : "",
		 bug->answer ? bug->answer : "");
	say(line, bug->id, line->room[0], line->room[1]);
	return true;
}

/* Runs the experiment of @claim, and says what was found. */
static void find_outcome(const struct ds_claim *claim, char *ret, size_t size)
{
	const struct cli_region memfd = {0};
	struct ds_claim_outcome outcome;
	struct ds_region *region;
	char text[160], why[200];
	int r;

	if (cli_region_open(&memfd, verb, &region) != EXIT_AS_ASKED) {
		snprintf(ret, size, "not searched");
		return;
	}
	r = ds_claim_try(claim, region, &outcome, why, sizeof(why));
	ds_region_close(region);
	if (r < 0) {
		snprintf(ret, size, "not searched: %s", why);
		return;
	}
	ds_claim_outcome_text(claim, &outcome, text, sizeof(text));
	snprintf(ret, size, "%s: %s, %s, %llu interleavings%s",
		 claim->right ? "so it is" : "not so", text,
		 outcome.complete ? "COMPLETE" : "not searched to the end",
		 (unsigned long long)outcome.interleavings,
		 outcome.breaks == claim->breaks ? "" : "; UNEXPECTED");
}

/* What is printed was found out just now. */
static bool claim_line(unsigned int i, struct line *line)
{
	const struct ds_claim *claim = ds_claim_at(i);
	char command[240], against[240] = "", outcome[400];

	if (!claim)
		return false;
	ds_case_command(&claim->where, command, sizeof(command));
	if (claim->against.scenario)
		ds_case_command(&claim->against, against, sizeof(against));
	find_outcome(claim, outcome, sizeof(outcome));
	snprintf(line->room[0], sizeof(line->room[0]), "%s, %s: %s", claim->who,
		 claim->date, claim->says);
	snprintf(line->room[1], sizeof(line->room[1]), "%s (%s%s%s)", outcome,
		 command, *against ? "; against: " : "", against);
	say(line, claim->experiment, line->room[0], line->room[1]);
	return true;
}

static bool call_line(unsigned int i, struct line *line)
{
	const char *args;

	if (i >= DS_CALL_N_KINDS)
		return false;
	args = ds_call_args((enum ds_call_kind)i);
	snprintf(line->room[0], sizeof(line->room[0]), "%s%s%s",
		 ds_call_verb((enum ds_call_kind)i), *args ? " " : "", args);
	say(line, line->room[0], "", ds_call_does((enum ds_call_kind)i));
	return true;
}

struct list {
	const char *name;
	/* Return: whether there is a line @i. */
	bool (*line)(unsigned int i, struct line *line);
	const char *more;  /* what the third text of a line is called */
	const char *after; /* NULL, or a last line for people */
};

static const struct list lists[] = {
	{"profiles", profile_line, "alias ",
	 "(custom)                 one of your own, in C: daxsim_fs_prove() of "
	 "daxsim/fs.h"},
	{"operations", operation_line, "", NULL},
	{"pins", pin_line, "", NULL},
	{"properties", property_line, "reads: ", NULL},
	{"strategies", strategy_line, "", NULL},
	{"points", point_line, "", NULL},
	{"scenarios", scenario_line, "", NULL},
	{"calls", call_line, "", NULL},
	{"rules", rule_line, "", NULL},
	{"mutations", mutation_line, "", NULL},
	{"warnings", warning_line, "", NULL},
	{"bugs", bug_line, "", NULL},
	{"thread", claim_line, "", NULL},
};

#define N_LISTS (sizeof(lists) / sizeof(lists[0]))

static void print_text(const struct list *list)
{
	struct line line;
	unsigned int i;

	for (i = 0; list->line(i, &line); i++) {
		if (*line.text)
			printf("%-24s %s\n", line.name, line.text);
		else
			printf("%s\n", line.name);
		if (line.more)
			printf("%-24s %s%s\n", "", list->more, line.more);
	}
	if (list->after)
		printf("%s\n", list->after);
}

static void print_json(const struct list *list)
{
	struct cli_json json;
	struct line line;
	unsigned int i;

	json_begin(&json, stdout);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", verb);
	json_open(&json, list->name, '[');
	for (i = 0; list->line(i, &line); i++) {
		json_open(&json, NULL, '{');
		json_string(&json, "name", line.name);
		json_string(&json, "text", line.text);
		json_string(&json, "more", line.more);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_end(&json);
}

static void help(void)
{
	unsigned int i;

	printf("usage: daxsim list WHAT [--json]\n\nWHAT is one of:\n");
	for (i = 0; i < N_LISTS; i++)
		printf("  %s\n", lists[i].name);
	printf("\nScenarios are files, those listed here, and the cells of "
	       "the proof table:\nprove/OPERATION/PIN/fast and "
	       "prove/OPERATION/PIN/slow.\n");
}

int daxsim_verb_list(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool json = false;
	unsigned int what;
	int c;

	while ((c = cli_getopt(verb, argc, argv, options)) != -1) {
		if (c == 'h') {
			help();
			return EXIT_AS_ASKED;
		}
		if (c == '?')
			return EXIT_USAGE;
		json = true;
	}
	for (what = 0; optind == argc - 1 && what < N_LISTS; what++) {
		if (strcmp(argv[optind], lists[what].name) != 0)
			continue;
		if (json)
			print_json(&lists[what]);
		else
			print_text(&lists[what]);
		return EXIT_AS_ASKED;
	}
	if (optind == argc - 1)
		cli_error(verb, "no list of '%s'; try 'daxsim list --help'",
			  argv[optind]);
	else
		cli_error(verb, "expected one thing to list; try 'daxsim list "
				"--help'");
	return EXIT_USAGE;
}
