// SPDX-License-Identifier: LGPL-2.1-or-later
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"

static const char verb[] = "compare";

/* The chance that any line of a comparison is called slower by accident. */
#define MISTAKE    0.01
#define CONFIDENCE 0.95

enum {
	ROUNDS_NEEDED = 3,
	N_VIEWS_MAX = 4,
};

struct args {
	double threshold; /* 0.1 is ten percent */
	bool paired, json;
};

enum verdict {
	SAME,    /* the interval lies inside the threshold */
	UNCLEAR, /* it does not, and not clearly beyond it either */
	FASTER,
	SLOWER,
};

static const char *const verdict_names[] = {"same", "unclear", "faster",
					    "slower"};

/* A look at a thing: as it is, or as a part of what was measured beside it. */
static const char *const view_names[N_VIEWS_MAX] = {
	"itself", "its peers", "the processor", "the memory"};

/* One thing that both sides measured. */
struct line {
	const struct bench_result *a, *b;
	/*
	 * b/a: 1.1 is ten percent more, with its interval, in the view that
	 * knows best.
	 */
	double change, low, high;
	unsigned int view;
	enum verdict verdict;
};

struct lines {
	struct line *lines;
	size_t n;
	size_t counts[4];
};

static void help(void)
{
	printf("usage: daxsim compare [OPTION]... A B\n\n"
	       "Judges two results of 'daxsim bench --json': is B slower than "
	       "A? A line is\n"
	       "called slower only if it is so beyond the threshold and beyond "
	       "noise, both by\n"
	       "itself and against all that was measured beside it in the same "
	       "rounds.\n\n"
	       "  --threshold PERCENT     what still counts as the same "
	       "(default 10)\n"
	       "  --paired                round number i of A and of B were "
	       "run one after the\n"
	       "                          other (bench/paired does that)\n"
	       "  --json                  one JSON document\n"
	       "\nA file with several documents counts as one of all their "
	       "rounds.\n"
	       "\nExit: 0 nothing is slower; 2 a file cannot be judged; 6 "
	       "something is slower.\n");
}

static const struct option options[] = {
	{"threshold", required_argument, NULL, 't'},
	{"paired", no_argument, NULL, 'p'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Return: whether option @c is well. */
static bool take_option(void *arg, int c)
{
	struct args *args = arg;
	uint64_t percent;

	switch (c) {
	case 't':
		if (!cli_number(verb, "threshold", optarg, &percent))
			return false;
		if (percent >= 1 && percent <= 1000) {
			args->threshold = (double)percent / 100;
			return true;
		}
		cli_error(verb, "--threshold: expected 1 to 1000, not '%s'",
			  optarg);
		return false;
	case 'p':
		args->paired = true;
		return true;
	default:
		args->json = true;
		return true;
	}
}

/* -------------------------------- Judging --------------------------------- */

/* Logarithms of what was measured in each round, seen in one way. */
struct view {
	double values[BENCH_ROUNDS_MAX];
};

static bool is_same_thing(const struct perf_row *a, const struct perf_row *b)
{
	return a->size == b->size && strcmp(a->suite, b->suite) == 0 &&
	       strcmp(a->name, b->name) == 0;
}

/* The first result about the same thing; others differ in the peer. */
static const struct bench_result *find(const struct compare_side *side,
				       const struct perf_row *row)
{
	size_t i;

	for (i = 0; i < side->results.n; i++)
		if (is_same_thing(&side->results.results[i].row, row))
			return &side->results.results[i];
	return NULL;
}

static const struct bench_result *find_reference(
	const struct compare_side *side, const char *suite, const char *name)
{
	struct perf_row row = {0};

	snprintf(row.suite, sizeof(row.suite), "%s", suite);
	snprintf(row.name, sizeof(row.name), "%s", name);
	return find(side, &row);
}

/*
 * The mean logarithm of all peers of @row in round @round, as far as both
 * sides have them. Return: whether there is any.
 */
static bool peers_mean(const struct compare_side *side,
		       const struct compare_side *other,
		       const struct perf_row *row, unsigned int round,
		       double *ret_mean)
{
	unsigned int n = 0;
	double sum = 0;
	size_t i, j;

	for (i = 0; i < side->results.n; i++) {
		const struct bench_result *result = &side->results.results[i];

		if (!is_same_thing(&result->row, row) || round >= result->n ||
		    result->peer_low[round] <= 0)
			continue;
		for (j = 0; j < other->results.n; j++) {
			const struct bench_result *twin =
				&other->results.results[j];

			if (!is_same_thing(&twin->row, row) || !twin->n ||
			    strcmp(twin->row.peer, result->row.peer) != 0 ||
			    twin->peer_low[0] <= 0)
				continue;
			sum += log(result->peer_low[round]);
			n++;
		}
	}
	if (n)
		*ret_mean = sum / n;
	return n;
}

/*
 * Fills the views of @result: as it is; against its peers; against how fast
 * the processor and the memory were. Bytes are bytes on any machine. Return: a
 * bit for each view that there is.
 */
static unsigned int make_views(const struct compare_side *side,
			       const struct compare_side *other,
			       const struct bench_result *result,
			       struct view *views)
{
	static const char *const names[] = {"reference-cpu",
					    "reference-memory"};
	const struct perf_row *row = &result->row;
	const struct bench_result *reference;
	unsigned int i, view, got = 15;
	double mean;

	for (i = 0; i < result->n; i++) {
		double value = log(result->low[i]);

		views[0].values[i] = value;
		if (!peers_mean(side, other, row, i, &mean))
			got &= ~2u;
		else
			views[1].values[i] = value - mean;
		for (view = 2; view < N_VIEWS_MAX; view++) {
			reference = find_reference(side, row->suite,
						   names[view - 2]);
			if (!reference || i >= reference->n ||
			    reference->low[i] <= 0)
				got &= ~(1u << view);
			else
				views[view].values[i] =
					value - log(reference->low[i]);
		}
	}
	return strcmp(row->unit, "ns") == 0 ? got : 1;
}

static struct stats_difference differ(const struct args *args,
				      const struct line *line,
				      const struct view *a,
				      const struct view *b)
{
	if (args->paired)
		return stats_paired(a->values, b->values, line->a->n);
	return stats_welch(a->values, line->a->n, b->values, line->b->n);
}

/* Whether B is beyond the threshold whichever way one looks. */
static bool is_beyond(const struct stats_difference *differences,
		      unsigned int views, int sign, double bound,
		      double mistake)
{
	unsigned int view;

	for (view = 0; view < N_VIEWS_MAX; view++) {
		struct stats_difference difference = differences[view];

		if (!(views >> view & 1))
			continue;
		difference.mean *= sign;
		if (stats_chance_above(&difference, bound) > mistake)
			return false;
	}
	return true;
}

/* The view whose interval is the narrowest. */
static void describe(const struct stats_difference *differences,
		     unsigned int views, struct line *line)
{
	double narrowest = INFINITY;
	unsigned int view;

	for (view = 0; view < N_VIEWS_MAX; view++) {
		double half = stats_half_width(&differences[view], CONFIDENCE);

		if (!(views >> view & 1) || half >= narrowest)
			continue;
		narrowest = half;
		line->view = view;
		line->change = exp(differences[view].mean);
		line->low = exp(differences[view].mean - half);
		line->high = exp(differences[view].mean + half);
	}
}

static bool is_positive(const struct bench_result *result)
{
	unsigned int i;

	for (i = 0; i < result->n; i++)
		if (result->low[i] <= 0)
			return false;
	return true;
}

static void judge(const struct args *args, const struct compare_side *a,
		  const struct compare_side *b, double mistake,
		  struct line *line)
{
	struct view views_a[N_VIEWS_MAX], views_b[N_VIEWS_MAX];
	struct stats_difference differences[N_VIEWS_MAX] = {{0}};
	double bound = log1p(args->threshold);
	unsigned int i, views;

	line->verdict = UNCLEAR;
	line->change = bench_middle(line->b->low, line->b->n) /
		       bench_middle(line->a->low, line->a->n);
	line->low = 0;
	line->high = INFINITY;
	if (line->a->n < ROUNDS_NEEDED || line->b->n < ROUNDS_NEEDED ||
	    !is_positive(line->a) || !is_positive(line->b) ||
	    (args->paired && line->a->n != line->b->n))
		return;
	views = make_views(a, b, line->a, views_a) &
		make_views(b, a, line->b, views_b);
	for (i = 0; i < N_VIEWS_MAX; i++)
		if (views >> i & 1)
			differences[i] =
				differ(args, line, &views_a[i], &views_b[i]);
	describe(differences, views, line);
	if (is_beyond(differences, views, 1, bound, mistake))
		line->verdict = SLOWER;
	else if (is_beyond(differences, views, -1, bound, mistake))
		line->verdict = FASTER;
	else if (fabs(log(line->low)) <= bound &&
		 fabs(log(line->high)) <= bound)
		line->verdict = SAME;
}

/* Pairs up what both measured. Return: whether there was memory. */
static bool pair_up(const struct compare_side *a, const struct compare_side *b,
		    struct lines *lines)
{
	size_t i;

	lines->lines = calloc(a->results.n + 1, sizeof(*lines->lines));
	if (!lines->lines)
		return false;
	for (i = 0; i < a->results.n; i++) {
		const struct bench_result *result = &a->results.results[i];
		const struct bench_result *twin = find(b, &result->row);

		/* One line for each thing, not for each of its peers. */
		if (find(a, &result->row) != result || !twin || !twin->n ||
		    !result->n || bench_is_reference(&result->row))
			continue;
		lines->lines[lines->n].a = result;
		lines->lines[lines->n++].b = twin;
	}
	return true;
}

/* -------------------------------- Output ---------------------------------- */

static void print_json(const struct args *args, const struct lines *lines)
{
	struct cli_json json;
	size_t i;

	json_begin(&json, stdout);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", verb);
	json_real(&json, "threshold", args->threshold);
	json_real(&json, "confidence", CONFIDENCE);
	json_bool(&json, "paired", args->paired);
	json_bool(&json, "regression", lines->counts[SLOWER]);
	json_open(&json, "results", '[');
	for (i = 0; i < lines->n; i++) {
		const struct line *line = &lines->lines[i];
		const struct perf_row *row = &line->a->row;

		json_open(&json, NULL, '{');
		json_string(&json, "suite", row->suite);
		json_string(&json, "name", row->name);
		json_number(&json, "size", row->size);
		json_string(&json, "unit", row->unit);
		json_real(&json, "a", bench_middle(line->a->low, line->a->n));
		json_real(&json, "b", bench_middle(line->b->low, line->b->n));
		json_real(&json, "change",
			  isfinite(line->change) ? line->change : 0);
		if (isfinite(line->high)) {
			json_real(&json, "low", line->low);
			json_real(&json, "high", line->high);
		}
		json_string(&json, "beside", view_names[line->view]);
		json_string(&json, "verdict", verdict_names[line->verdict]);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	json_end(&json);
}

static void print_line(const struct line *line)
{
	const struct perf_row *row = &line->a->row;

	printf("%-10s %-26s %9llu %12.2f %12.2f %-6s", row->suite, row->name,
	       (unsigned long long)row->size,
	       bench_middle(line->a->low, line->a->n),
	       bench_middle(line->b->low, line->b->n), row->unit);
	if (isfinite(line->high))
		printf(" %+7.1f%% (%+.1f to %+.1f) %s%s %s\n",
		       100 * (line->change - 1), 100 * (line->low - 1),
		       100 * (line->high - 1), line->view ? "of " : "by ",
		       view_names[line->view], verdict_names[line->verdict]);
	else
		printf(" too few rounds, or a figure of 0\n");
}

static void say_if_differ(const char *what, const char *a, const char *b)
{
	if (strcmp(a, b) != 0)
		printf("%s differs: %s; %s\n", what, a, b);
}

static void print_table(const struct compare_side *a,
			const struct compare_side *b, const struct lines *lines)
{
	size_t i;

	say_if_differ("cpu", a->cpu, b->cpu);
	say_if_differ("kernel", a->kernel, b->kernel);
	say_if_differ("build", a->flags, b->flags);
	say_if_differ("backing", a->backing, b->backing);
	for (i = 0; i < lines->n; i++)
		print_line(&lines->lines[i]);
	printf("%zu slower, %zu faster, %zu the same, %zu unclear\n",
	       lines->counts[SLOWER], lines->counts[FASTER],
	       lines->counts[SAME], lines->counts[UNCLEAR]);
}

static int compare(const struct args *args, const struct compare_side *a,
		   const struct compare_side *b)
{
	struct lines lines = {0};
	size_t i;

	if (!pair_up(a, b, &lines)) {
		cli_error(verb, "no memory");
		return EXIT_INTERNAL;
	}
	if (!lines.n) {
		cli_error(verb, "%s and %s measured nothing in common", a->path,
			  b->path);
		free(lines.lines);
		return EXIT_USAGE;
	}
	for (i = 0; i < lines.n; i++) {
		judge(args, a, b, MISTAKE / (double)lines.n, &lines.lines[i]);
		lines.counts[lines.lines[i].verdict]++;
	}
	if (args->json)
		print_json(args, &lines);
	else
		print_table(a, b, &lines);
	free(lines.lines);
	return lines.counts[SLOWER] ? EXIT_REGRESSION : EXIT_AS_ASKED;
}

int daxsim_verb_compare(int argc, char **argv)
{
	struct args args = {.threshold = 0.1};
	struct compare_side a, b = {0};
	int code;

	code = cli_options(verb, argc, argv, options, help, take_option, &args);
	if (code >= 0)
		return code;
	if (argc - optind != 2) {
		cli_error(verb, "two files are needed, not %d", argc - optind);
		return EXIT_USAGE;
	}
	code = compare_read(argv[optind], &a);
	if (code == EXIT_AS_ASKED)
		code = compare_read(argv[optind + 1], &b);
	if (code == EXIT_AS_ASKED)
		code = compare(&args, &a, &b);
	bench_free(&a.results);
	bench_free(&b.results);
	return code;
}
