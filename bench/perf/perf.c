// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf/perf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MAX_SUBJECTS = 8,
	CHASE_WORDS = 1 << 23, /* 32 MiB: behind most caches */
};

static double clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

double perf_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

double perf_wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

double perf_wall_cost(void)
{
	double best = INFINITY;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		double start = perf_wall_ns();
		double took = perf_wall_ns() - start;

		if (took < best)
			best = took;
	}
	return best;
}

_Noreturn void perf_die(const char *why)
{
	fprintf(stderr, "daxsim bench: %s\n", why);
	exit(99);
}

void *perf_memory(size_t size)
{
	void *mem = calloc(1, size);

	if (!mem)
		perf_die("no memory");
	return mem;
}

/* -------------------------------- Samples --------------------------------- */

void perf_sample(struct perf_samples *samples, double value)
{
	if (samples->n == samples->max) {
		samples->max = samples->max ? 2 * samples->max : 64;
		samples->values =
			realloc(samples->values,
				samples->max * sizeof(*samples->values));
		if (!samples->values)
			perf_die("no memory");
	}
	samples->values[samples->n++] = value;
	samples->is_sorted = false;
}

static int compare_values(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double perf_quantile(struct perf_samples *samples, double share)
{
	size_t at;

	if (!samples->n)
		return 0;
	if (!samples->is_sorted)
		qsort(samples->values, samples->n, sizeof(*samples->values),
		      compare_values);
	samples->is_sorted = true;
	at = (size_t)ceil(share * (double)samples->n);
	return samples->values[at ? at - 1 : 0];
}

void perf_samples_free(struct perf_samples *samples)
{
	free(samples->values);
	memset(samples, 0, sizeof(*samples));
}

/* ---------------------------------- Rows ---------------------------------- */

static struct perf_row make_row(const struct perf *perf, const char *name,
				uint64_t size, const char *unit)
{
	struct perf_row row;

	/* All bytes: they are written to a pipe. */
	memset(&row, 0, sizeof(row));
	row.size = size;
	snprintf(row.suite, sizeof(row.suite), "%s", perf->suite);
	snprintf(row.name, sizeof(row.name), "%s", name);
	snprintf(row.unit, sizeof(row.unit), "%s", unit);
	return row;
}

void perf_report(struct perf *perf, const char *name, uint64_t size,
		 const char *unit, struct perf_samples *ours, const char *peer,
		 struct perf_samples *theirs, const char *note)
{
	struct perf_row row = make_row(perf, name, size, unit);

	row.low = perf_quantile(ours, 0.1);
	row.median = perf_quantile(ours, 0.5);
	row.p99 = perf_quantile(ours, 0.99);
	/* A thousandth of fewer samples is the largest of them. */
	row.p999 = ours->n >= 1000 ? perf_quantile(ours, 0.999) : 0;
	if (theirs) {
		row.peer_low = perf_quantile(theirs, 0.1);
		row.peer_median = perf_quantile(theirs, 0.5);
	}
	if (peer)
		snprintf(row.peer, sizeof(row.peer), "%s", peer);
	if (note)
		snprintf(row.note, sizeof(row.note), "%s", note);
	perf->send(perf->arg, &row);
}

void perf_figure(struct perf *perf, const char *name, uint64_t size,
		 const char *unit, double ours, const char *peer, double theirs)
{
	struct perf_row row = make_row(perf, name, size, unit);

	row.low = row.median = row.p99 = ours;
	row.peer_low = row.peer_median = theirs;
	if (peer)
		snprintf(row.peer, sizeof(row.peer), "%s", peer);
	perf->send(perf->arg, &row);
}

void perf_left_out(struct perf *perf, const char *name, uint64_t size,
		   const char *why)
{
	struct perf_row row = make_row(perf, name, size, "");

	snprintf(row.note, sizeof(row.note), "%s", why);
	perf->send(perf->arg, &row);
}

/* -------------------------------- Subjects -------------------------------- */

static double time_batch(const struct perf_subject *subject, uint64_t n)
{
	double start;

	if (subject->before)
		subject->before(subject->arg);
	start = perf_cpu_ns();
	subject->run(subject->arg, n);
	return perf_cpu_ns() - start;
}

/* How many operations take so long that reading the clock does not count. */
static uint64_t fit_batch(const struct perf *perf,
			  const struct perf_subject *subject)
{
	double wanted = perf->is_short ? 1e6 : 4e6;
	uint64_t n = 1;
	double took;

	if (!subject->run || subject->n)
		return subject->n;
	while ((took = time_batch(subject, n)) < wanted / 4)
		n *= 2;
	return (uint64_t)((double)n * wanted / took) + 1;
}

static void measure(const struct perf *perf,
		    const struct perf_subject *subjects,
		    unsigned int n_subjects, struct perf_samples *samples)
{
	unsigned int n_batches = perf->is_short ? 9 : 31;
	uint64_t n[MAX_SUBJECTS];
	unsigned int i, first, batch;

	for (i = 0; i < n_subjects; i++)
		n[i] = fit_batch(perf, &subjects[i]);
	/* The first time warms up. Large batches warm up in themselves. */
	if (subjects[0].n > 100000)
		n_batches = 2;
	first = subjects[0].n > 1 << 20;
	for (batch = first; batch <= (first ? 1 : n_batches); batch++) {
		for (i = 0; i < n_subjects; i++) {
			/* Each comes first now and then. */
			unsigned int at = (i + batch) % n_subjects;
			double took;

			if (!subjects[at].run)
				continue;
			took = time_batch(&subjects[at], n[at]);
			if (batch)
				perf_sample(&samples[at], took / (double)n[at]);
		}
	}
}

void perf_beside(struct perf *perf, const char *name, uint64_t size,
		 const struct perf_subject *subjects, unsigned int n_subjects)
{
	struct perf_samples samples[MAX_SUBJECTS] = {{0}};
	unsigned int i;

	if (n_subjects > MAX_SUBJECTS)
		perf_die("too many subjects");
	measure(perf, subjects, n_subjects, samples);
	for (i = 1; i < n_subjects; i++)
		perf_report(perf, name, size, "ns", &samples[0],
			    subjects[i].name,
			    subjects[i].run ? &samples[i] : NULL,
			    subjects[i].run ? NULL : "not built in");
	if (n_subjects == 1)
		perf_report(perf, name, size, "ns", &samples[0], NULL, NULL,
			    NULL);
	for (i = 0; i < n_subjects; i++)
		perf_samples_free(&samples[i]);
}

/* ------------------------------- References ------------------------------- */

static void count_up(void *arg, uint64_t n)
{
	uint64_t x = 1;

	(void)arg;
	/* A chain: how fast the processor goes, and nothing else. */
	while (n--)
		x = x * UINT64_C(6364136223846793005) + n;
	perf_keep(x);
}

struct chase {
	uint32_t *next;
	uint32_t at;
};

static void chase(void *arg, uint64_t n)
{
	struct chase *chase = arg;

	while (n--)
		chase->at = chase->next[chase->at * 16 % CHASE_WORDS];
}

void perf_references(struct perf *perf)
{
	struct chase memory = {perf_memory(CHASE_WORDS * sizeof(uint32_t)), 0};
	const struct perf_subject subjects[] = {
		{.name = "cpu", .run = count_up},
		{.name = "memory", .run = chase, .arg = &memory},
	};
	uint32_t i;

	/* One cycle through all lines, in an order that nothing guesses. */
	for (i = 0; i < CHASE_WORDS / 16; i++)
		memory.next[i * 16] =
			(i * 1664525 + 1013904223) % (CHASE_WORDS / 16);
	perf_beside(perf, "reference-cpu", 0, &subjects[0], 1);
	perf_beside(perf, "reference-memory", 0, &subjects[1], 1);
	free(memory.next);
}
