// SPDX-License-Identifier: LGPL-2.1-or-later
#include "merge.h"

#include <stdlib.h>
#include <string.h>

static const char verb[] = "merge";

static void help(void)
{
	printf("usage: daxsim merge FILE...\n\n"
	       "Joins what 'daxsim prove', 'mutate' or 'explore' with --json "
	       "--shard K/N printed\nfor each K, and prints what the same "
	       "without --shard would have printed.\nA FILE holds one document "
	       "or several; '-' is stdin.\n\n"
	       "On many processors or machines:\n"
	       "  parallel -k daxsim prove --json --jobs 1 --shard {}/8 ::: "
	       "$(seq 8) |\n"
	       "    daxsim merge -\n"
	       "  parallel -k -S host1,host2 daxsim explore SCENARIO --fs "
	       "PROFILE --json \\\n"
	       "    --strategy random --budget 1000000 --shard {}/64 ::: "
	       "$(seq 64) |\n"
	       "    daxsim merge -\n\n"
	       "Exit: that of the whole; 2 for shards that do not belong "
	       "together, are missing,\ngiven twice or were interrupted.\n");
}

static bool take_option(void *args, int c)
{
	(void)args;
	(void)c;
	return false;
}

static int by_number(const void *a, const void *b)
{
	const struct merge_part *one = a, *other = b;

	return (one->k > other->k) - (one->k < other->k);
}

/* Whether @part is of the same question as @first. */
static bool belongs(const struct merge_part *part,
		    const struct merge_part *first)
{
	if (strcmp(part->verb, first->verb) != 0)
		cli_error(verb, "%s: is of %s, but %s of %s", part->from,
			  part->verb, first->from, first->verb);
	else if (part->n != first->n)
		cli_error(verb, "%s: is one of %llu shards, but %s of %llu",
			  part->from, (unsigned long long)part->n, first->from,
			  (unsigned long long)first->n);
	else if (strcmp(part->of, first->of) != 0)
		cli_error(verb,
			  "%s: was asked something else than %s (%s, not %s)",
			  part->from, first->from, part->of, first->of);
	else
		return true;
	return false;
}

/* Whether @part is all that was asked of it. */
static bool is_whole(const struct merge_part *part)
{
	switch (part->exit) {
	case EXIT_AS_ASKED:
	case EXIT_UNEXPECTED:
	case EXIT_BUDGET:
		return true;
	case EXIT_INTERRUPTED:
		cli_error(verb, "%s: shard %llu/%llu was interrupted",
			  part->from, (unsigned long long)part->k,
			  (unsigned long long)part->n);
		return false;
	default:
		cli_error(verb,
			  "%s: shard %llu/%llu failed with exit code "
			  "%llu",
			  part->from, (unsigned long long)part->k,
			  (unsigned long long)part->n,
			  (unsigned long long)part->exit);
		return false;
	}
}

/* Whether each shard is there once; puts them in order. */
static bool are_complete(struct merge_parts *parts)
{
	struct merge_part *part = parts->parts;
	uint64_t n = part->n;
	size_t i;

	qsort(part, parts->n, sizeof(*part), by_number);
	for (i = 1; i < parts->n; i++)
		if (part[i].k == part[i - 1].k) {
			cli_error(verb,
				  "shard %llu/%llu is given twice: %s and %s",
				  (unsigned long long)part[i].k,
				  (unsigned long long)n, part[i - 1].from,
				  part[i].from);
			return false;
		}
	for (i = 0; i < parts->n && part[i].k == i + 1; i++)
		;
	if (i == n)
		return true;
	cli_error(verb, "shard %zu/%llu is missing (%zu of %llu are there)",
		  i + 1, (unsigned long long)n, parts->n,
		  (unsigned long long)n);
	return false;
}

static bool fit_together(struct merge_parts *parts)
{
	size_t i;

	for (i = 0; i < parts->n; i++)
		if (!belongs(&parts->parts[i], &parts->parts[0]) ||
		    !is_whole(&parts->parts[i]))
			return false;
	return are_complete(parts);
}

/* As the whole would have ended: what broke comes before what is not done. */
static int exit_code(const struct merge_parts *parts)
{
	int code = EXIT_AS_ASKED;
	size_t i;

	for (i = 0; i < parts->n; i++) {
		if (parts->parts[i].exit == EXIT_UNEXPECTED)
			return EXIT_UNEXPECTED;
		if (parts->parts[i].exit == EXIT_BUDGET)
			code = EXIT_BUDGET;
	}
	return code;
}

/* All or nothing is printed. */
static int print(const struct merge_parts *parts)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int code = EXIT_INTERNAL;

	if (out) {
		code = merge_join(parts, out);
		if (fclose(out) != 0)
			code = EXIT_INTERNAL;
	}
	if (code == EXIT_AS_ASKED) {
		fputs(text, stdout);
		code = exit_code(parts);
	}
	free(text);
	return code;
}

int daxsim_verb_merge(int argc, char **argv)
{
	static const struct option options[] = {
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct merge_parts parts = {0};
	int code, i;

	code = cli_options(verb, argc, argv, options, help, take_option, NULL);
	if (code >= 0)
		return code;
	if (optind == argc) {
		cli_error(verb, "expected FILE..., or - for stdin; try 'daxsim "
				"merge --help'");
		return EXIT_USAGE;
	}
	code = EXIT_AS_ASKED;
	for (i = optind; i < argc && code == EXIT_AS_ASKED; i++)
		code = merge_read(&parts, argv[i]);
	if (code == EXIT_AS_ASKED)
		code = fit_together(&parts) ? print(&parts) : EXIT_USAGE;
	merge_free(&parts);
	return code;
}
