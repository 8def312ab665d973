// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conform.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fs/profiles.h"
#include "pmem/region.h"

#define DEFAULT_ZEROOUT_KB 32
#define KB_PER_BLOCK       4

static const char verb[] = "conform";

struct args {
	const struct ds_fs_profile *profile;
	bool has_zeroout;
	uint64_t zeroout_kb;
	bool json;
	bool verbose;
	char **paths;
	int n_paths;
};

/* One field of one call in which kernel and model differ. */
struct difference {
	const char *path;
	uint64_t sequence, i;
	char name[64]; /* of the sequence */
	enum conform_op op;
	enum conform_field field;
	char *kernel, *model;
};

struct run {
	const struct args *args;
	struct ds_region *region;
	uint64_t n_sequences, n_calls;
	struct difference *differences;
	size_t n_differences, max_differences;

	/* The present file and sequence. */
	const char *path;
	struct conform_trace *trace;
	struct conform_model *model;
	char name[64];
	bool without_dax;
};

static void help(void)
{
	printf("usage: daxsim conform FILE... --fs PROFILE [OPTION]...\n\n"
	       "Replays recorded file calls of a real ext4-DAX or XFS-DAX in "
	       "the model, and\ncompares what each one returned and left "
	       "behind: errno, size, extents and their\nstates, contents, and "
	       "which blocks were added, removed and moved.\n\n"
	       "  --fs PROFILE            ext4-6.1 or xfs-6.1: what the "
	       "recordings were made on\n"
	       "  --ext4-zeroout-kb N     extent_max_zeroout_kb of ext4; by "
	       "default what the\n"
	       "                          recording names: 32 for ext4, 0 for "
	       "ext4z\n"
	       "  --json                  one JSON document\n"
	       "  --verbose               every call, and every difference, "
	       "not only the first\n"
	       "                          one of each sequence\n"
	       "\nFiles are JSON lines, plain or gzipped; tests/conform has "
	       "some.\n"
	       "Exit: 0 no difference, 1 differences, 2 usage or a bad "
	       "file.\n");
}

/* --------------------------------- Options -------------------------------- */

static bool take_option(struct args *args, int c)
{
	switch (c) {
	case 'f':
		args->profile = cli_profile(verb, optarg);
		return args->profile;
	case 'z':
		args->has_zeroout = true;
		return cli_number(verb, "ext4-zeroout-kb", optarg,
				  &args->zeroout_kb);
	case 'j':
		args->json = true;
		return true;
	default:
		args->verbose = true;
		return true;
	}
}

static const struct option options[] = {
	{"fs", required_argument, NULL, 'f'},
	{"ext4-zeroout-kb", required_argument, NULL, 'z'},
	{"json", no_argument, NULL, 'j'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Return: an exit code, or -1 to go on. */
static int parse_args(int argc, char **argv, struct args *args)
{
	int c;

	while ((c = cli_getopt(verb, argc, argv, options)) != -1) {
		if (c == 'h') {
			help();
			return EXIT_AS_ASKED;
		}
		if (c == '?' || !take_option(args, c))
			return EXIT_USAGE;
	}
	args->paths = argv + optind;
	args->n_paths = argc - optind;
	if (!args->n_paths) {
		cli_error(verb, "expected a FILE; try 'daxsim conform --help'");
		return EXIT_USAGE;
	}
	if (!args->profile) {
		cli_error(verb, "--fs is needed: ext4-6.1 or xfs-6.1");
		return EXIT_USAGE;
	}
	if (args->zeroout_kb > UINT32_MAX) {
		cli_error(verb, "--ext4-zeroout-kb: at most %u", UINT32_MAX);
		return EXIT_USAGE;
	}
	return -1;
}

/* ------------------------------ Comparing --------------------------------- */

static int note(struct run *run, const struct conform_line *line,
		enum conform_field field, const char *model)
{
	size_t more = run->max_differences ? run->max_differences * 2 : 64;
	struct difference *to;

	if (run->n_differences == run->max_differences) {
		to = realloc(run->differences, more * sizeof(*to));
		if (!to)
			return -ENOMEM;
		run->differences = to;
		run->max_differences = more;
	}
	to = &run->differences[run->n_differences];
	*to = (struct difference){
		.path = run->path,
		.sequence = line->sequence,
		.i = line->i,
		.op = line->call.op,
		.field = field,
		.kernel = strdup(line->result.fields[field]),
		.model = strdup(model),
	};
	if (!to->kernel || !to->model) {
		free(to->kernel);
		free(to->model);
		return -ENOMEM;
	}
	memcpy(to->name, run->name, sizeof(to->name));
	run->n_differences++;
	return 0;
}

/* Whether recordings say something about @field of this call. */
static bool is_comparable(const struct run *run,
			  const struct conform_line *line,
			  enum conform_field field)
{
	const char *err = line->result.fields[CONFORM_ERR];

	/* How much a full file system could still hand out is its own. */
	if (strcmp(err, "ENOSPC") == 0)
		return field == CONFORM_RET || field == CONFORM_ERR;
	/* The page cache allocates when it writes back, not in the call. */
	if (run->without_dax && (field == CONFORM_ADD || field == CONFORM_RM ||
				 field == CONFORM_MOVED))
		return false;
	/* A signal leaves no return value. */
	if (field == CONFORM_RET)
		return strcmp(err, "SIGBUS") != 0;
	/* XFS frees and allocates: it may get the same blocks, or others. */
	if (line->call.op == CONFORM_FALLOCATE &&
	    (line->call.mode & FALLOC_FL_ZERO_RANGE) &&
	    strcmp(run->args->profile->ops->family, "xfs") == 0)
		return field != CONFORM_ADD && field != CONFORM_RM &&
		       field != CONFORM_MOVED;
	return true;
}

static int compare(struct run *run, const struct conform_line *line,
		   const struct conform_result *model)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < CONFORM_N_FIELDS && r == 0; i++) {
		enum conform_field field = (enum conform_field)i;

		if (is_comparable(run, line, field) &&
		    strcmp(line->result.fields[i], model->fields[i]) != 0)
			r = note(run, line, field, model->fields[i]);
	}
	return r;
}

/* ------------------------------- Sequences -------------------------------- */

static int bad_line(const struct run *run, const char *why)
{
	cli_error(verb, "%s:%" PRIu64 ": %s", run->path,
		  conform_trace_line(run->trace), why);
	return EXIT_USAGE;
}

static int failed(const struct run *run, int error)
{
	cli_error(verb, "%s:%" PRIu64 ": %s", run->path,
		  conform_trace_line(run->trace),
		  error == -EIO ? "the model lost blocks" : strerror(-error));
	return EXIT_INTERNAL;
}

static int end_sequence(struct run *run)
{
	int r = run->model ? conform_model_free(run->model) : 0;

	run->model = NULL;
	return r < 0 ? failed(run, r) : EXIT_AS_ASKED;
}

/* What a head calls the file system, and its default of zero-out. */
static bool find_begin(const char *begin, const char **ret_family,
		       uint64_t *ret_zeroout_kb)
{
	*ret_zeroout_kb = 0;
	*ret_family = "ext4";
	if (strcmp(begin, "xfs") == 0)
		*ret_family = "xfs";
	else if (strcmp(begin, "ext4") == 0)
		*ret_zeroout_kb = DEFAULT_ZEROOUT_KB;
	else
		return strcmp(begin, "ext4z") == 0;
	return true;
}

static int begin_sequence(struct run *run, const struct conform_line *line)
{
	const struct args *args = run->args;
	const char *family;
	uint64_t zeroout_kb;
	char why[128];
	int r = end_sequence(run);

	if (r != EXIT_AS_ASKED)
		return r;
	if (!find_begin(line->begin, &family, &zeroout_kb)) {
		snprintf(why, sizeof(why), "\"begin\" is no file system: %s",
			 line->begin);
		return bad_line(run, why);
	}
	if (strcmp(family, args->profile->ops->family) != 0) {
		snprintf(why, sizeof(why), "recorded on %s, not on %s",
			 line->begin, args->profile->name);
		return bad_line(run, why);
	}
	if (args->has_zeroout && strcmp(family, "ext4") == 0)
		zeroout_kb = args->zeroout_kb;
	memcpy(run->name, line->name, sizeof(run->name));
	run->without_dax = line->without_dax;
	run->n_sequences++;
	r = conform_model_new(args->profile, run->region,
			      (unsigned int)(zeroout_kb / KB_PER_BLOCK),
			      &run->model);
	return r < 0 ? failed(run, r) : EXIT_AS_ASKED;
}

static void print_call(const struct run *run, const struct conform_line *line,
		       const struct conform_result *model)
{
	const struct conform_call *call = &line->call;
	unsigned int i;

	printf("%s %" PRIu64 ".%" PRIu64 " %s", run->name, line->sequence,
	       line->i, conform_op_name(call->op));
	if (call->op == CONFORM_FALLOCATE || call->op == CONFORM_FALLOCATE_RO)
		printf(" mode %d", call->mode);
	if (call->op == CONFORM_FTRUNCATE || call->op == CONFORM_FTRUNCATE_RO)
		printf(" %" PRId64, call->size);
	else if (call->op != CONFORM_FSYNC)
		printf(" %" PRId64 "+%" PRId64, call->offset, call->len);
	for (i = 0; i < CONFORM_N_FIELDS; i++)
		if (*model->fields[i])
			printf(" %s %s",
			       conform_field_name((enum conform_field)i),
			       model->fields[i]);
	putchar('\n');
}

static int replay_call(struct run *run, const struct conform_line *line)
{
	struct conform_result result = {{0}};
	int r = conform_model_call(run->model, line, &result);

	if (r == 0) {
		run->n_calls++;
		if (run->args->verbose && !run->args->json)
			print_call(run, line, &result);
		r = compare(run, line, &result);
	}
	conform_clear(&result);
	return r < 0 ? failed(run, r) : EXIT_AS_ASKED;
}

static int replay_lines(struct run *run)
{
	const struct conform_line *line;
	char why[256];
	int r, end;

	while ((r = conform_trace_next(run->trace, &line, why, sizeof(why))) >
	       0) {
		r = line->is_head ? begin_sequence(run, line)
				  : replay_call(run, line);
		if (r != EXIT_AS_ASKED)
			break;
	}
	if (r < 0)
		r = r == -ENOMEM ? failed(run, r) : bad_line(run, why);
	end = end_sequence(run);
	return r ? r : end;
}

static int replay_file(struct run *run, const char *path)
{
	int r;

	run->path = path;
	r = conform_trace_open(path, &run->trace);
	if (r < 0) {
		cli_error(verb, "%s: %s", path, conform_read_error(r));
		return r == -ENOMEM ? EXIT_INTERNAL : EXIT_USAGE;
	}
	r = replay_lines(run);
	conform_trace_close(run->trace);
	return r;
}

/* -------------------------------- Reports --------------------------------- */

static void print_json(const struct run *run)
{
	struct cli_json json;
	size_t i;

	json_begin(&json, stdout);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", verb);
	json_string(&json, "fs", run->args->profile->name);
	json_number(&json, "sequences", run->n_sequences);
	json_number(&json, "operations", run->n_calls);
	json_open(&json, "differences", '[');
	for (i = 0; i < run->n_differences; i++) {
		const struct difference *at = &run->differences[i];

		json_open(&json, NULL, '{');
		json_string(&json, "file", at->path);
		json_string(&json, "name", at->name);
		json_number(&json, "s", at->sequence);
		json_number(&json, "i", at->i);
		json_string(&json, "op", conform_op_name(at->op));
		json_string(&json, "field", conform_field_name(at->field));
		json_string(&json, "kernel", at->kernel);
		json_string(&json, "model", at->model);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_end(&json);
}

static bool is_same_sequence(const struct difference *a,
			     const struct difference *b)
{
	return a->path == b->path && a->sequence == b->sequence;
}

static void print_difference(const struct difference *at)
{
	printf("%s: %s, s %" PRIu64 ", i %" PRIu64 ", %s: %s\n"
	       "  kernel %s\n  model  %s\n",
	       at->path, at->name, at->sequence, at->i, conform_op_name(at->op),
	       conform_field_name(at->field), at->kernel, at->model);
}

/* What follows the first call that differs is mostly its echo. */
static void print_text(const struct run *run)
{
	const struct difference *all = run->differences, *first = all;
	size_t i;

	for (i = 0; i < run->n_differences; i++) {
		if (!is_same_sequence(&all[i], first))
			first = &all[i];
		if (run->args->verbose || all[i].i == first->i)
			print_difference(&all[i]);
	}
	printf("%s: %" PRIu64 " sequences, %" PRIu64
	       " operations, %zu differences\n",
	       run->args->profile->name, run->n_sequences, run->n_calls,
	       run->n_differences);
}

static int replay_all(struct run *run)
{
	int r = EXIT_AS_ASKED;
	int i;

	for (i = 0; i < run->args->n_paths && r == EXIT_AS_ASKED; i++)
		r = replay_file(run, run->args->paths[i]);
	if (r != EXIT_AS_ASKED)
		return r;
	if (run->args->json)
		print_json(run);
	else
		print_text(run);
	return run->n_differences ? EXIT_UNEXPECTED : EXIT_AS_ASKED;
}

int daxsim_verb_conform(int argc, char **argv)
{
	struct ds_region_options region = {.size = CONFORM_DEVICE_SIZE};
	struct args args = {0};
	struct run run = {.args = &args};
	char why[512];
	size_t i;
	int r;

	r = parse_args(argc, argv, &args);
	if (r >= 0)
		return r;
	if (ds_region_open(&region, &run.region, why, sizeof(why)) < 0) {
		cli_error(verb, "%s", why);
		return EXIT_INTERNAL;
	}
	r = replay_all(&run);
	for (i = 0; i < run.n_differences; i++) {
		free(run.differences[i].kernel);
		free(run.differences[i].model);
	}
	free(run.differences);
	ds_region_close(run.region);
	return r;
}
