// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

static const char verb[] = "bench";

/* A memfd costs only what is touched. A device is touched where it is named. */
#define MEMFD_SIZE  (UINT64_C(40) << 30)
#define DEVICE_SIZE (UINT64_C(64) << 20)

enum {
	SUITES_MAX = 16,
	ROUNDS_SHORT = 5,
	ROUNDS_FULL = 5,
};

struct args {
	struct cli_region region;
	uint32_t suites; /* a bit each; 0: all */
	uint64_t rounds;
	const char *output;
	bool is_short, json;
};

static void help(void)
{
	const struct perf_suite *suite;

	printf("usage: daxsim bench [OPTION]...\n\n"
	       "Measures the parts of the library beside others that do the "
	       "same, in several\nrounds, each suite in a process of its own. "
	       "'daxsim compare' judges two results.\n\n"
	       "  --suite NAME[,NAME]...  only these suites\n"
	       "  --short                 small sizes, seconds instead of "
	       "minutes\n"
	       "  --rounds N              how often, 1 to %d (default %d, "
	       "short "
	       "%d)\n"
	       "  --json                  one JSON document\n"
	       "  --output FILE           ... into FILE, beside the table\n"
	       "  --device PATH           use this file or /dev/daxX.Y, not a "
	       "memfd\n"
	       "  --device-destroys-data  agree that what is on it is lost\n"
	       "  --overwrite SIGNATURE   ... even if it holds this signature\n"
	       "  --offset BYTES          leave that much of it alone at its "
	       "start\n"
	       "  --size BYTES            use that much of it (default %uG of "
	       "a "
	       "memfd, else %uM\n"
	       "                          or what there is)\n\nSuites:\n",
	       BENCH_ROUNDS_MAX, ROUNDS_FULL, ROUNDS_SHORT,
	       (unsigned int)(MEMFD_SIZE >> 30),
	       (unsigned int)(DEVICE_SIZE >> 20));
	for (suite = perf_suites; suite->name; suite++)
		printf("  %-10s %s\n", suite->name, suite->does);
}

static const struct option options[] = {
	CLI_REGION_OPTIONS,
	{"suite", required_argument, NULL, 's'},
	{"rounds", required_argument, NULL, 'r'},
	{"short", no_argument, NULL, 'q'},
	{"json", no_argument, NULL, 'j'},
	{"output", required_argument, NULL, 'o'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool take_suites(struct args *args, const char *names)
{
	const char *name = names;
	unsigned int i;
	size_t n;

	for (;; name += n + 1) {
		n = strcspn(name, ",");
		for (i = 0; perf_suites[i].name; i++)
			if (strlen(perf_suites[i].name) == n &&
			    strncmp(perf_suites[i].name, name, n) == 0)
				break;
		if (!perf_suites[i].name) {
			cli_error(verb,
				  "no suite '%.*s'; 'daxsim bench --help' "
				  "names them",
				  (int)n, name);
			return false;
		}
		args->suites |= UINT32_C(1) << i;
		if (!name[n])
			return true;
	}
}

/* Return: whether option @c is well. */
static bool take_option(void *arg, int c)
{
	struct args *args = arg;
	bool bad = false;

	if (cli_region_option(&args->region, verb, c, &bad))
		return !bad;
	switch (c) {
	case 's':
		return take_suites(args, optarg);
	case 'r':
		if (!cli_number(verb, "rounds", optarg, &args->rounds))
			return false;
		if (args->rounds >= 1 && args->rounds <= BENCH_ROUNDS_MAX)
			return true;
		cli_error(verb, "--rounds: expected 1 to %d, not '%s'",
			  BENCH_ROUNDS_MAX, optarg);
		return false;
	case 'q':
		args->is_short = true;
		return true;
	case 'o':
		args->output = optarg;
		return true;
	default:
		args->json = true;
		return true;
	}
}

/* ------------------------------- Processes -------------------------------- */

static void send_row(void *arg, const struct perf_row *row)
{
	const char *bytes = (const char *)row;
	size_t done = 0;
	ssize_t n;

	while (done < sizeof(*row)) {
		n = write(*(int *)arg, bytes + done, sizeof(*row) - done);
		if (n < 0 && errno != EINTR)
			perf_die("the rows could not be sent");
		done += n > 0 ? (size_t)n : 0;
	}
}

/*
 * Where things lie in memory decides some speeds, and is the same for every
 * child of one process: move the stack, the heap and the mappings, so that
 * rounds differ in this as runs of the command do.
 */
static void shift_and_run(struct perf *perf, const struct perf_suite *suite)
{
	uint16_t by[3] = {0};
	volatile char *stack;
	void *heap, *map;

	if (getrandom(by, sizeof(by), 0) < 0)
		perf_die("no random numbers");
	stack = alloca(16 + by[0] % 8192);
	stack[0] = 0;
	heap = malloc(16 + by[1] % 65536);
	map = mmap(NULL, ((size_t)1 + by[2] % 1024) << 12, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!heap || map == MAP_FAILED)
		perf_die("no memory");
	perf_references(perf);
	suite->run(perf);
	perf_references(perf);
	perf_figure(perf, "huge-bytes", 0, "bytes",
		    bench_huge_bytes(perf->region), NULL, 0);
	free(heap);
}

static _Noreturn void be_child(const struct args *args,
			       struct ds_region *region, unsigned int round,
			       const struct perf_suite *suite, int fd)
{
	struct perf perf = {
		.region = region,
		.is_short = args->is_short,
		.round = round,
		.suite = suite->name,
		.prng = {round},
		.send = send_row,
		.arg = &fd,
	};

	signal(SIGINT, SIG_DFL);
	shift_and_run(&perf, suite);
	/* Nothing that the parent has still to write. */
	_exit(EXIT_AS_ASKED);
}

static int wait_for(pid_t child, const char *suite)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_INTERNAL;
	if (cli_interrupted())
		return EXIT_INTERRUPTED;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	cli_error(verb, "suite %s was ended by signal %d", suite,
		  WTERMSIG(status));
	return EXIT_INTERNAL;
}

/* Runs one suite once. Return: an exit code. */
static int run_suite(const struct args *args, struct ds_region *region,
		     unsigned int round, const struct perf_suite *suite,
		     struct bench_results *results)
{
	bool received;
	int fds[2], code;
	pid_t child;

	if (pipe(fds) < 0) {
		cli_error(verb, "%s", strerror(errno));
		return EXIT_INTERNAL;
	}
	child = fork();
	if (child == 0) {
		close(fds[0]);
		be_child(args, region, round, suite, fds[1]);
	}
	close(fds[1]);
	received = child > 0 && bench_receive(results, fds[0]);
	close(fds[0]);
	code = child > 0 ? wait_for(child, suite->name) : EXIT_INTERNAL;
	if (code == EXIT_AS_ASKED && !received)
		code = EXIT_INTERNAL;
	return code;
}

static int run_rounds(const struct args *args, struct ds_region *region,
		      struct bench_results *results)
{
	bool shown = isatty(STDERR_FILENO);
	unsigned int round, i;
	int code = EXIT_AS_ASKED;

	for (round = 0; round < args->rounds; round++) {
		for (i = 0; perf_suites[i].name && code == EXIT_AS_ASKED; i++) {
			if (args->suites && !(args->suites >> i & 1))
				continue;
			if (shown)
				fprintf(stderr, "\rround %u of %u: %-10s",
					round + 1, (unsigned int)args->rounds,
					perf_suites[i].name);
			code = run_suite(args, region, round, &perf_suites[i],
					 results);
		}
	}
	if (shown)
		fprintf(stderr, "\r%40s\r", "");
	return code;
}

/* -------------------------------- Output ---------------------------------- */

static void print_rounds(struct cli_json *json, const char *key,
			 const double *values, unsigned int n)
{
	unsigned int i;

	json_open(json, key, '[');
	for (i = 0; i < n; i++)
		json_real(json, NULL, values[i]);
	json_close(json, ']');
}

static void print_names(struct cli_json *json, const struct perf_row *row)
{
	json_string(json, "suite", row->suite);
	json_string(json, "name", row->name);
	json_number(json, "size", row->size);
}

static void print_json_result(struct cli_json *json,
			      const struct bench_result *result)
{
	const struct perf_row *row = &result->row;
	double ratio = bench_ratio(result);
	double p999 = bench_middle(result->p999, result->n);

	json_open(json, NULL, '{');
	print_names(json, row);
	json_string(json, "unit", row->unit);
	json_real(json, "median", bench_middle(result->median, result->n));
	json_real(json, "p99", bench_middle(result->p99, result->n));
	if (p999 > 0)
		json_real(json, "p999", p999);
	json_string(json, "peer", *row->peer ? row->peer : NULL);
	if (ratio > 0)
		json_real(json, "ratio", ratio);
	else
		json_string(json, "ratio", NULL);
	if (*row->note)
		json_string(json, "note", row->note);
	print_rounds(json, "rounds", result->low, result->n);
	if (ratio > 0)
		print_rounds(json, "peer_rounds", result->peer_low, result->n);
	json_close(json, '}');
}

/* Those with figures, those that tell of the machine, or those left out. */
static void print_json_part(struct cli_json *json, const char *key,
			    const struct bench_results *results, bool left_out,
			    bool references)
{
	size_t i;

	json_open(json, key, '[');
	for (i = 0; i < results->n; i++) {
		const struct bench_result *result = &results->results[i];

		if (bench_is_reference(&result->row) != references ||
		    !result->n != left_out)
			continue;
		if (!left_out) {
			print_json_result(json, result);
			continue;
		}
		json_open(json, NULL, '{');
		print_names(json, &result->row);
		json_string(json, "why", result->row.note);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void print_json(const struct args *args, const struct ds_region *region,
		       const struct bench_results *results, FILE *out)
{
	struct cli_json json;

	json_begin(&json, out);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", verb);
	bench_environment(&json, region, results);
	json_bool(&json, "short", args->is_short);
	json_number(&json, "rounds", args->rounds);
	print_json_part(&json, "results", results, false, false);
	print_json_part(&json, "references", results, false, true);
	print_json_part(&json, "left_out", results, true, false);
	json_end(&json);
}

static void print_row(const struct bench_result *result)
{
	const struct perf_row *row = &result->row;
	double ratio = bench_ratio(result);

	printf("%-10s %-26s %9llu ", row->suite, row->name,
	       (unsigned long long)row->size);
	if (!result->n) {
		printf("left out: %s\n", row->note);
		return;
	}
	printf("%12.2f %12.2f %-6s", bench_middle(result->median, result->n),
	       bench_middle(result->p99, result->n), row->unit);
	if (ratio > 0)
		printf(" %9.4g of %s", ratio, row->peer);
	else if (*row->peer)
		printf("         - %s: %s", row->peer, row->note);
	putchar('\n');
}

static void print_table(const struct ds_region *region,
			const struct bench_results *results)
{
	size_t i;

	bench_print_environment(region, results);
	printf("%-10s %-26s %9s %12s %12s %-6s %9s\n", "suite", "name", "size",
	       "median", "p99", "unit", "ratio");
	for (i = 0; i < results->n; i++)
		if (!bench_is_reference(&results->results[i].row))
			print_row(&results->results[i]);
}

static int print_all(const struct args *args, const struct ds_region *region,
		     const struct bench_results *results)
{
	FILE *out;

	if (args->json)
		print_json(args, region, results, stdout);
	else
		print_table(region, results);
	if (!args->output)
		return EXIT_AS_ASKED;
	out = fopen(args->output, "w");
	if (out) {
		print_json(args, region, results, out);
		if (!ferror(out) && fclose(out) == 0)
			return EXIT_AS_ASKED;
	}
	cli_error(verb, "%s: %s", args->output, strerror(errno));
	return EXIT_INTERNAL;
}

/* Minutes are not to be lost: can what they bring be written there? */
static bool is_writable(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0666);

	if (fd >= 0)
		return close(fd) == 0;
	cli_error(verb, "--output: %s: %s", *path ? path : "''",
		  strerror(errno));
	return false;
}

int daxsim_verb_bench(int argc, char **argv)
{
	struct bench_results results = {0};
	struct args args = {0};
	struct ds_region *region;
	int code, printed;

	code = cli_options(verb, argc, argv, options, help, take_option, &args);
	if (code >= 0)
		return code;
	if (optind < argc) {
		cli_error(verb, "unexpected argument '%s'", argv[optind]);
		return EXIT_USAGE;
	}
	if (args.output && !is_writable(args.output))
		return EXIT_USAGE;
	if (!args.rounds)
		args.rounds = args.is_short ? ROUNDS_SHORT : ROUNDS_FULL;
	if (!args.region.size && args.region.device)
		args.region.at_most = DEVICE_SIZE;
	else if (!args.region.size)
		args.region.size = MEMFD_SIZE;
	code = cli_region_open(&args.region, verb, &region);
	if (code)
		return code;
	cli_catch_interrupt();
	code = run_rounds(&args, region, &results);
	if (code == EXIT_AS_ASKED || code == EXIT_INTERRUPTED) {
		printed = print_all(&args, region, &results);
		code = code ? code : printed;
	}
	bench_free(&results);
	ds_region_close(region);
	return code;
}
