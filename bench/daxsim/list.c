// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "cli.h"
#include "fs/profiles.h"
#include "race/builtin.h"
#include "race/cells.h"

static const char verb[] = "list";

/* Faults of real kernels that can be seen here. */
static const struct {
	const char *name, *what, *shown_by;
} bugs[] = {
	{"ext4-nobreak",
	 "ext4 before v4.19 (430657b6be89): blocks are freed under DMA",
	 "daxsim explore prove/punch/direct-1/fast --fs ext4-4.18"},
	{"ext4-early-give-up",
	 "patches v2, v3 of 2018 (b1f382178d15): the wait ends when the first "
	 "page goes idle before it is tested",
	 "daxsim explore tests/scenarios/early-give-up.scn --fs ext4-v3"},
	{"insert-no-break",
	 "patches v2, v3 of 2018: insert moves blocks under DMA",
	 "daxsim explore prove/insert/direct-1/fast --fs ext4-v3"},
	{"unmapped-pin",
	 "all kernels to v6.14: a pinned page that nobody maps is not found",
	 "daxsim explore prove/punch/unmapped/fast --fs ext4-4.19"},
};

enum what {
	PROFILES,
	OPERATIONS,
	PINS,
	PROPERTIES,
	STRATEGIES,
	POINTS,
	SCENARIOS,
	RULES,
	MUTATIONS,
	BUGS,
	N_WHAT,
};

static const char *const names[N_WHAT] = {
	"profiles", "operations", "pins",  "properties", "strategies",
	"points",   "scenarios",  "rules", "mutations",  "bugs",
};

static bool rule_entry(enum what what, unsigned int rule, const char *ret[3])
{
	const struct ds_rule_text *text;

	if (rule >= DS_N_RULES)
		return false;
	text = ds_rule_text((enum ds_rule)rule);
	ret[0] = what == RULES ? text->name : text->mutation;
	ret[1] = text->sentence;
	ret[2] = text->models;
	return true;
}

/* One entry; false behind the last. */
static bool entry(enum what what, unsigned int i, const char *ret[3])
{
	static const char *const strategies[] = {
		"one run of each class of equivalent interleavings",
		"every state once: equal states are merged",
		"the same classes by sleep sets alone: more runs cut short",
		"every interleaving",
		"every one with no, one, two... preemptions, up to a bound",
		"a random choice at each step",
		"random priorities that change depth - 1 times",
	};

	memset(ret, 0, 3 * sizeof(*ret));
	switch (what) {
	case PROFILES:
		if (!ds_profile_at(i))
			return false;
		ret[0] = ds_profile_at(i)->name;
		ret[1] = ds_profile_at(i)->models;
		ret[2] = ds_profile_at(i)->alias;
		return true;
	case OPERATIONS:
		if (!ds_cell_op_at(i))
			return false;
		ret[0] = ds_cell_op_at(i)->name;
		ret[1] = ds_cell_op_at(i)->call;
		return true;
	case PINS:
		if (!ds_cell_pin_at(i))
			return false;
		ret[0] = ds_cell_pin_at(i)->name;
		ret[1] = ds_cell_pin_at(i)->unmap
				 ? "pinned, then unmapped before the DMA"
				 : "a direct read into that many pages";
		return true;
	case PROPERTIES:
		if (i >= DS_N_PROPERTIES)
			return false;
		ret[0] = ds_property((enum ds_property_id)i)->name;
		ret[1] = ds_property((enum ds_property_id)i)->sentence;
		ret[2] = ds_property((enum ds_property_id)i)->reads;
		return true;
	case STRATEGIES:
		if (i >= DS_SEARCH_N_KINDS)
			return false;
		ret[0] = ds_search_kind_name((enum ds_search_kind)i);
		ret[1] = strategies[i];
		return true;
	case SCENARIOS:
		ret[0] = ds_builtin_name(i);
		ret[1] = "";
		return ret[0];
	case RULES:
	case MUTATIONS:
		return rule_entry(what, i + 1, ret);
	case POINTS:
		if (i >= DS_AT_N_POINTS)
			return false;
		ret[0] = ds_point_name((enum ds_at)i);
		ret[1] = "";
		return true;
	default:
		if (i >= sizeof(bugs) / sizeof(bugs[0]))
			return false;
		ret[0] = bugs[i].name;
		ret[1] = bugs[i].what;
		ret[2] = bugs[i].shown_by;
		return true;
	}
}

static void print_text(enum what what)
{
	const char *text[3];
	unsigned int i;

	for (i = 0; entry(what, i, text); i++) {
		printf("%-24s %s\n", text[0], text[1]);
		if (text[2])
			printf("%-24s %s%s\n", "",
			       what == PROFILES     ? "alias "
			       : what == PROPERTIES ? "reads: "
						    : "",
			       text[2]);
	}
}

static void print_json(enum what what)
{
	struct cli_json json;
	const char *text[3];
	unsigned int i;

	json_begin(&json, stdout);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", verb);
	json_open(&json, names[what], '[');
	for (i = 0; entry(what, i, text); i++) {
		json_open(&json, NULL, '{');
		json_string(&json, "name", text[0]);
		json_string(&json, "text", text[1]);
		json_string(&json, "more", text[2]);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_end(&json);
}

static void help(void)
{
	unsigned int i;

	printf("usage: daxsim list WHAT [--json]\n\nWHAT is one of:\n");
	for (i = 0; i < N_WHAT; i++)
		printf("  %s\n", names[i]);
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
	for (what = 0; optind == argc - 1 && what < N_WHAT; what++) {
		if (strcmp(argv[optind], names[what]) != 0)
			continue;
		if (json)
			print_json((enum what)what);
		else
			print_text((enum what)what);
		return EXIT_AS_ASKED;
	}
	cli_error(verb, "expected one thing to list; try 'daxsim list --help'");
	return EXIT_USAGE;
}
