/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_BENCH_H
#define DAXSIM_BENCH_H

/*
 * What daxsim bench collects over its rounds, and what it says about the
 * machine it ran on.
 */
#include "cli.h"
#include "perf/perf.h"

#define BENCH_ROUNDS_MAX 64

/* One thing measured in every round. */
struct bench_result {
	struct perf_row row; /* of the last round: names, size, unit, note */
	unsigned int n;      /* rounds that measured it */
	double low[BENCH_ROUNDS_MAX];
	double median[BENCH_ROUNDS_MAX];
	double p99[BENCH_ROUNDS_MAX];
	double p999[BENCH_ROUNDS_MAX];
	/* 0: the peer was not measured */
	double peer_low[BENCH_ROUNDS_MAX];
	double peer[BENCH_ROUNDS_MAX];
};

struct bench_results {
	struct bench_result *results; /* in the order of their first rows */
	size_t n, max;
	double huge_bytes; /* of the region, mapped by huge pages at most */
};

/* Return: whether there was memory for it. */
bool bench_add(struct bench_results *results, const struct perf_row *row);

void bench_free(struct bench_results *results);

/* The middle one of @n values. */
double bench_middle(const double *values, unsigned int n);

/* Ours over theirs, round by round; 0 if there is none. */
double bench_ratio(const struct bench_result *result);

/* Whether it tells how fast the machine was. */
bool bench_is_reference(const struct perf_row *row);

/* The rows of the suites from a process's @fd. Return: whether all came. */
bool bench_receive(struct bench_results *results, int fd);

/* The member "environment". */
void bench_environment(struct cli_json *json, const struct ds_region *region,
		       const struct bench_results *results);

/* The same in one or two lines for people. */
void bench_print_environment(const struct ds_region *region,
			     const struct bench_results *results);

/* Bytes of @region that this process maps by huge pages. */
double bench_huge_bytes(const struct ds_region *region);

#endif
