// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_same(const struct perf_row *a, const struct perf_row *b)
{
	return a->size == b->size && strcmp(a->suite, b->suite) == 0 &&
	       strcmp(a->name, b->name) == 0 && strcmp(a->peer, b->peer) == 0;
}

static struct bench_result *find_or_make(struct bench_results *results,
					 const struct perf_row *row)
{
	struct bench_result *grown;
	size_t i;

	for (i = 0; i < results->n; i++)
		if (is_same(&results->results[i].row, row))
			return &results->results[i];
	if (results->n == results->max) {
		size_t max = results->max ? 2 * results->max : 64;

		grown = realloc(results->results, max * sizeof(*grown));
		if (!grown)
			return NULL;
		results->results = grown;
		results->max = max;
	}
	grown = &results->results[results->n++];
	memset(grown, 0, sizeof(*grown));
	return grown;
}

bool bench_add(struct bench_results *results, const struct perf_row *row)
{
	struct bench_result *result;

	if (strcmp(row->name, "huge-bytes") == 0) {
		if (row->median > results->huge_bytes)
			results->huge_bytes = row->median;
		return true;
	}
	result = find_or_make(results, row);
	if (!result)
		return false;
	result->row = *row;
	/* What was left out has no figures. */
	if (!*row->unit || result->n == BENCH_ROUNDS_MAX)
		return true;
	result->low[result->n] = row->low;
	result->median[result->n] = row->median;
	result->p99[result->n] = row->p99;
	result->p999[result->n] = row->p999;
	result->peer_low[result->n] = row->peer_low;
	result->peer[result->n] = row->peer_median;
	result->n++;
	return true;
}

void bench_free(struct bench_results *results)
{
	free(results->results);
}

static int compare_values(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_middle(const double *values, unsigned int n)
{
	double sorted[BENCH_ROUNDS_MAX];

	if (!n)
		return 0;
	memcpy(sorted, values, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_values);
	return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

double bench_ratio(const struct bench_result *result)
{
	double ratios[BENCH_ROUNDS_MAX];
	unsigned int i, n = 0;

	for (i = 0; i < result->n; i++)
		if (result->peer[i] > 0)
			ratios[n++] = result->median[i] / result->peer[i];
	return bench_middle(ratios, n);
}

bool bench_is_reference(const struct perf_row *row)
{
	return strncmp(row->name, "reference-", strlen("reference-")) == 0;
}

bool bench_receive(struct bench_results *results, int fd)
{
	struct perf_row row;
	size_t have = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, (char *)&row + have, sizeof(row) - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 && have == 0;
		have += (size_t)n;
		if (have < sizeof(row))
			continue;
		if (!bench_add(results, &row))
			return false;
		have = 0;
	}
}
