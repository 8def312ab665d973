// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "version.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does;
} verbs[] = {
	{"prove", daxsim_verb_prove,
	 "the proof table: operation x file system x kind of pin"},
	{"explore", daxsim_verb_explore,
	 "search the interleavings of one scenario"},
	{"mutate", daxsim_verb_mutate,
	 "break each rule of the protocol; some scenario must show it"},
	{"replay", daxsim_verb_replay,
	 "run exactly one interleaving again, with a timeline"},
	{"spec", daxsim_verb_spec,
	 "the written rule: what each operation does about pins"},
	{"merge", daxsim_verb_merge, "join what shards of one question found"},
	{"conform", daxsim_verb_conform,
	 "compare the model with recordings of real kernels"},
	{"bench", daxsim_verb_bench,
	 "measure the parts, beside others that do the same"},
	{"compare", daxsim_verb_compare,
	 "judge two results of bench: is anything slower?"},
	{"devices", daxsim_verb_devices,
	 "DAX devices here, and whether each can be used"},
	{"list", daxsim_verb_list,
	 "profiles, operations, pins, properties, points, bugs"},
};

static void help(FILE *out)
{
	size_t i;

	fprintf(out, "usage: daxsim VERB [OPTION]...\n\n"
		     "Proves by trying every interleaving that truncate and "
		     "fallocate on a DAX file\n"
		     "wait for pinned pages, or prints the one in which they "
		     "do not.\n\n");
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].does);
	fprintf(out,
		"\n'daxsim VERB --help' tells more.\n\n"
		"Exit codes: 0 as asked, 1 a property broke or a verdict is "
		"not "
		"as expected,\n2 usage, 3 refused for safety or unfit device, "
		"4 "
		"budget ended first,\n5 replay diverged or nondeterminism, 6 "
		"compare found something slower,\n77 skipped, 99 internal "
		"error, 130 interrupted.\n");
}

/*
 * What is opened gets the lowest free number: were a standard stream closed,
 * what is printed would land in the region. So each is opened, for reading:
 * what is printed to it is refused.
 */
static void open_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int run(int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0) {
		help(stdout);
		return EXIT_AS_ASKED;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("daxsim %s\n", DAXSIM_VERSION);
		return EXIT_AS_ASKED;
	}
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	cli_error("", "no verb '%s'; try 'daxsim --help'", argv[1]);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int code;

	open_streams();
	code = run(argc, argv);
	/* A result that did not arrive is none, whatever it was. */
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	cli_error("", "what was printed could not all be written");
	return EXIT_INTERNAL;
}
