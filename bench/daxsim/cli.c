// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fs/profiles.h"
#include "race/builtin.h"

#define DEFAULT_SIZE      (UINT64_C(4) << 20)
#define SIZE_TOO_SMALL    "--size: at least 1M is needed"
#define MAX_SCENARIO_SIZE 65536

void cli_error(const char *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "daxsim%s%s: ", *verb ? " " : "", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int cli_getopt(const char *verb, int argc, char **argv,
	       const struct option *options)
{
	int at = optind ? optind : 1;
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, ":", options, NULL);
	if (c == ':')
		cli_error(verb, "option '%s' needs a value", argv[optind - 1]);
	else if (c == '?')
		cli_error(verb, "unknown option '%s'; try 'daxsim %s --help'",
			  argv[at] ? argv[at] : "", verb);
	return c == ':' ? '?' : c;
}

int cli_options(const char *verb, int argc, char **argv,
		const struct option *options, void (*help)(void),
		bool (*take)(void *args, int c), void *args)
{
	int c;

	while ((c = cli_getopt(verb, argc, argv, options)) != -1) {
		if (c == 'h') {
			help();
			return EXIT_AS_ASKED;
		}
		if (c == '?' || !take(args, c))
			return EXIT_USAGE;
	}
	return -1;
}

double cli_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

bool cli_number(const char *verb, const char *option, const char *text,
		uint64_t *ret)
{
	char *end;

	errno = 0;
	if (*text >= '0' && *text <= '9') {
		*ret = strtoull(text, &end, 0);
		if (!errno && !*end)
			return true;
		if (errno == ERANGE && !*end) {
			cli_error(verb, "--%s: %s is too large", option, text);
			return false;
		}
	}
	cli_error(verb, "--%s: expected a number, not '%s'", option, text);
	return false;
}

bool cli_size(const char *verb, const char *option, const char *text,
	      uint64_t *ret)
{
	if (ds_size_parse(text, ret) == 0)
		return true;
	cli_error(verb, "--%s: expected a size such as 4K, 2M or 1G, not '%s'",
		  option, text);
	return false;
}

bool cli_turns(const char *verb, const char *text, enum ds_turns *ret)
{
	static const char *const names[] = {"fiber", "baton", "free"};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*ret = (enum ds_turns)i;
		return true;
	}
	cli_error(verb, "--turns: expected fiber, baton or free, not '%s'",
		  text);
	return false;
}

bool cli_mutation(const char *verb, const char *text, enum ds_rule *ret)
{
	*ret = ds_mutation_find(text);
	if (*ret)
		return true;
	cli_error(verb, "no mutation '%s'; 'daxsim list mutations' names them",
		  text);
	return false;
}

const struct ds_fs_profile *cli_profile(const char *verb, const char *name)
{
	const struct ds_fs_profile *profile = ds_profile_find(name);

	if (!profile)
		cli_error(verb,
			  "no profile '%s'; 'daxsim list profiles' names them",
			  name);
	return profile;
}

/* None at all would mean the default. */
static bool take_size(struct cli_region *region, const char *verb,
		      const char *text)
{
	if (!cli_size(verb, "size", text, &region->size))
		return false;
	if (!region->size)
		cli_error(verb, SIZE_TOO_SMALL);
	return region->size;
}

bool cli_region_option(struct cli_region *region, const char *verb, int c,
		       bool *ret_bad)
{
	switch (c) {
	case 'D':
		region->device = optarg;
		return true;
	case 'O':
		*ret_bad |= !cli_size(verb, "offset", optarg, &region->offset);
		return true;
	case 'S':
		*ret_bad |= !take_size(region, verb, optarg);
		return true;
	case 'X':
		region->destroy = true;
		return true;
	case 'W':
		region->overwrite = optarg;
		return true;
	default:
		return false;
	}
}

int cli_region_open(const struct cli_region *options, const char *verb,
		    struct ds_region **ret_region)
{
	struct ds_region_options region = {
		.path = options->device,
		.offset = options->offset,
		.size = options->size || options->at_most ? options->size
							  : DEFAULT_SIZE,
		.at_most = options->at_most,
		.destroy = options->destroy,
		.overwrite = options->overwrite,
	};
	char why[512];
	int r = ds_region_open(&region, ret_region, why, sizeof(why));

	if (r == 0 && (*ret_region)->size < UINT64_C(1) << 20) {
		ds_region_close(*ret_region);
		if (!options->size)
			cli_error(verb, "%s: has less than 1M",
				  options->device);
		else
			cli_error(verb, SIZE_TOO_SMALL);
		return options->size ? EXIT_USAGE : EXIT_REFUSED;
	}
	if (r == 0)
		return EXIT_AS_ASKED;
	cli_error(verb, "%s", why);
	if (r == -ENOMEM)
		return EXIT_INTERNAL;
	return options->device ? EXIT_REFUSED : EXIT_USAGE;
}

char *cli_read_file(const char *path, size_t limit)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t n;

	if (!file)
		return NULL;
	text = malloc(limit + 1);
	if (text) {
		n = fread(text, 1, limit, file);
		text[n] = '\0';
		errno = ferror(file) ? EISDIR : EFBIG;
		if (ferror(file) || !feof(file)) {
			free(text);
			text = NULL;
		}
	}
	fclose(file);
	return text;
}

/* Says why there is no scenario @path. */
static void no_scenario(const char *verb, const char *path, int error)
{
	if (error == ENOENT && strncmp(path, "prove/", 6) == 0)
		cli_error(verb,
			  "no cell '%s'; 'daxsim list operations' and 'daxsim "
			  "list pins' name what there is",
			  path);
	else if (error == ENOENT && strncmp(path, "scenario/", 9) == 0)
		cli_error(verb,
			  "no scenario '%s'; 'daxsim list scenarios' names "
			  "them",
			  path);
	else
		cli_error(verb, "%s: %s", *path ? path : "''", strerror(error));
}

int cli_scenario(const char *verb, const char *path,
		 struct ds_scenario *ret_scenario)
{
	char why[512];
	char *text;
	int r;

	if (ds_builtin_find(path, ret_scenario) == 0)
		return EXIT_AS_ASKED;
	text = cli_read_file(path, MAX_SCENARIO_SIZE);
	if (!text) {
		no_scenario(verb, path, errno);
		return EXIT_USAGE;
	}
	r = ds_scenario_parse(path, text, ret_scenario, why, sizeof(why));
	free(text);
	if (r == 0)
		return EXIT_AS_ASKED;
	cli_error(verb, "%s", why);
	return EXIT_USAGE;
}

/* ------------------------------ Interruption ------------------------------ */

static atomic_bool interrupted;

static void note_interrupt(int signal_number)
{
	(void)signal_number;
	atomic_store(&interrupted, true);
}

void cli_catch_interrupt(void)
{
	/* What is known is still to be written, and not to be cut short. */
	struct sigaction action = {
		.sa_handler = note_interrupt,
		.sa_flags = SA_RESTART,
	};

	sigaction(SIGINT, &action, NULL);
}

bool cli_interrupted(void)
{
	return atomic_load(&interrupted);
}
