// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fs/profiles.h"
#include "race/spec.h"
#include "spec_document.h"

static const char verb[] = "spec";

struct args {
	const struct ds_fs_profile *fs, *diff;
	const char *op;
	bool document, json;
	struct cli_region region;
};

static void help(void)
{
	printf("usage: daxsim spec --fs PROFILE [OPTION]...\n\n"
	       "The written rule: what each operation does about pins. Every "
	       "word is found out\nby running the operation in the model, on a "
	       "file of 8 pages of which page 6 is a\nhole. Locks are held r "
	       "(shared) or w (exclusively).\n\n"
	       "  --fs PROFILE     of this file system\n"
	       "  --diff PROFILE   only where that one differs\n"
	       "  --op OPERATION   only this operation\n"
	       "  --document       all file systems, as the document in the "
	       "tree\n"
	       "  --json           one JSON document\n"
	       "\nOperations:\n");
	for (unsigned int i = 0; ds_spec_op_at(i); i++)
		printf("  %-16s %s\n", ds_spec_op_at(i)->name,
		       ds_spec_op_at(i)->does);
}

static const struct option options[] = {
	{"fs", required_argument, NULL, 'f'},
	{"diff", required_argument, NULL, 'd'},
	{"op", required_argument, NULL, 'o'},
	{"document", no_argument, NULL, 'm'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool is_op(const char *name)
{
	unsigned int i;

	for (i = 0; ds_spec_op_at(i); i++)
		if (strcmp(ds_spec_op_at(i)->name, name) == 0)
			return true;
	cli_error(verb, "no operation '%s'; 'daxsim spec --help' names them",
		  name);
	return false;
}

static bool take_option(void *arg, int c)
{
	struct args *args = arg;

	switch (c) {
	case 'f':
		args->fs = cli_profile(verb, optarg);
		return args->fs;
	case 'd':
		args->diff = cli_profile(verb, optarg);
		return args->diff;
	case 'o':
		args->op = optarg;
		return is_op(optarg);
	case 'm':
		args->document = true;
		return true;
	default:
		args->json = true;
		return true;
	}
}

/* Return: an exit code, after saying what is wrong. */
static int find(const struct ds_spec_op *op,
		const struct ds_fs_profile *profile, struct ds_region *region,
		struct ds_spec *ret_spec)
{
	char why[200];
	int r = ds_spec_find(op, profile, region, ret_spec, why, sizeof(why));

	if (r == 0)
		return EXIT_AS_ASKED;
	cli_error(verb, "%s on %s: %s", op->name, profile->name, why);
	return EXIT_INTERNAL;
}

/* ---------------------------- One file system ----------------------------- */

static void print_op(const struct ds_spec_op *op, const struct ds_spec *spec)
{
	unsigned int i;

	printf("\n%s (%s)\n", op->name, op->does);
	for (i = 0; i < DS_SPEC_N_FIELDS; i++)
		if (spec->text[i][0])
			printf("  %-18s %s\n",
			       ds_spec_field_name((enum ds_spec_field)i),
			       spec->text[i]);
}

static void json_op(struct cli_json *json, const struct ds_spec_op *op,
		    const struct ds_spec *spec)
{
	unsigned int i;

	json_open(json, NULL, '{');
	json_string(json, "op", op->name);
	json_string(json, "call", op->calls);
	for (i = 0; i < DS_SPEC_N_FIELDS; i++)
		json_string(json, ds_spec_field_key((enum ds_spec_field)i),
			    spec->text[i][0] ? spec->text[i] : NULL);
	json_close(json, '}');
}

/* ---------------------------- Two file systems ---------------------------- */

static void print_difference(const struct args *args,
			     const struct ds_spec_op *op,
			     const struct ds_spec both[2])
{
	const char *names[2] = {args->fs->name, args->diff->name};
	bool first = true;
	unsigned int i, k;

	for (i = 0; i < DS_SPEC_N_FIELDS; i++) {
		if (strcmp(both[0].text[i], both[1].text[i]) == 0)
			continue;
		if (first)
			printf("\n%s (%s)\n", op->name, op->does);
		first = false;
		for (k = 0; k < 2; k++)
			printf("  %-18s %-12s %s\n",
			       k ? ""
				 : ds_spec_field_name((enum ds_spec_field)i),
			       names[k],
			       both[k].text[i][0] ? both[k].text[i] : "-");
	}
}

static void json_difference(struct cli_json *json, const struct args *args,
			    const struct ds_spec_op *op,
			    const struct ds_spec both[2])
{
	unsigned int i;

	for (i = 0; i < DS_SPEC_N_FIELDS; i++) {
		if (strcmp(both[0].text[i], both[1].text[i]) == 0)
			continue;
		json_open(json, NULL, '{');
		json_string(json, "op", op->name);
		json_string(json, "field",
			    ds_spec_field_key((enum ds_spec_field)i));
		json_string(json, args->fs->name, both[0].text[i]);
		json_string(json, args->diff->name, both[1].text[i]);
		json_close(json, '}');
	}
}

/* -------------------------------- Output ---------------------------------- */

static void begin(const struct args *args, struct cli_json *json)
{
	if (!args->json) {
		printf("%s: %s\n", args->fs->name, args->fs->models);
		if (args->diff)
			printf("%s: %s\n", args->diff->name,
			       args->diff->models);
		return;
	}
	json_begin(json, stdout);
	json_number(json, "schema_version", 1);
	json_string(json, "verb", verb);
	json_string(json, "fs", args->fs->name);
	if (args->diff)
		json_string(json, "diff", args->diff->name);
	json_open(json, args->diff ? "differences" : "operations", '[');
}

static void print(const struct args *args, struct cli_json *json,
		  const struct ds_spec_op *op, const struct ds_spec both[2])
{
	if (args->diff && args->json)
		json_difference(json, args, op, both);
	else if (args->diff)
		print_difference(args, op, both);
	else if (args->json)
		json_op(json, op, &both[0]);
	else
		print_op(op, &both[0]);
}

static int print_all(const struct args *args, struct ds_region *region)
{
	const struct ds_spec_op *op;
	struct ds_spec both[2];
	struct cli_json json;
	unsigned int i;
	int code;

	begin(args, &json);
	for (i = 0; (op = ds_spec_op_at(i)); i++) {
		if (args->op && strcmp(args->op, op->name) != 0)
			continue;
		code = find(op, args->fs, region, &both[0]);
		if (code == EXIT_AS_ASKED && args->diff)
			code = find(op, args->diff, region, &both[1]);
		if (code != EXIT_AS_ASKED)
			return code;
		print(args, &json, op, both);
	}
	if (args->json) {
		json_close(&json, ']');
		json_end(&json);
	}
	return EXIT_AS_ASKED;
}

int daxsim_verb_spec(int argc, char **argv)
{
	struct args args = {0};
	struct ds_region *region;
	int code;

	code = cli_options(verb, argc, argv, options, help, take_option, &args);
	if (code >= 0)
		return code;
	if (optind < argc || (!args.fs && !args.document) ||
	    (args.document && (args.fs || args.diff || args.op || args.json))) {
		cli_error(verb, "expected --fs PROFILE, or --document alone; "
				"try 'daxsim spec --help'");
		return EXIT_USAGE;
	}
	code = cli_region_open(&args.region, verb, &region);
	if (code != EXIT_AS_ASKED)
		return code;
	code = args.document ? spec_document(verb, region)
			     : print_all(&args, region);
	ds_region_close(region);
	return code;
}
