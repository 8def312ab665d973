/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_PERF_H
#define PERF_PERF_H

/*
 * What the suites of measurements share: clocks, samples and rows.
 *
 * A suite runs once in each round, in a process of its own. It measures its
 * subjects side by side, batch by batch in turn, so that what the machine does
 * meanwhile meets all of them; and it sends one row for each thing measured.
 * Less is better in every unit.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/prng.h"
#include "pmem/region.h"

/* One thing measured in one round. Plain bytes: it goes through a pipe. */
struct perf_row {
	char suite[12];
	char name[44];
	char unit[12];
	char peer[28]; /* "" if there is none */
	char note[64]; /* why there is no ratio or no figure */
	uint64_t size;
	/*
	 * Quantiles of batches or calls, 0: not known. @low, the tenth
	 * percentile, is what noise moves least: it is for comparing.
	 */
	double low, median, p99, p999;
	double peer_low, peer_median;
};

struct perf {
	struct ds_region *region;
	bool is_short;
	unsigned int round;
	const char *suite;
	struct ds_prng prng;
	void (*send)(void *arg, const struct perf_row *row);
	void *arg;
};

struct perf_suite {
	const char *name;
	void (*run)(struct perf *perf);
	const char *does;
};

/* All suites, in the order in which they run; a NULL name ends the table. */
extern const struct perf_suite perf_suites[];

/* --------------------------------- Clocks --------------------------------- */

/* Nanoseconds that this thread has used, or since some moment. */
double perf_cpu_ns(void);
double perf_wall_ns(void);

/* What two calls of perf_wall_ns() are apart at best. */
double perf_wall_cost(void);

/* -------------------------------- Samples --------------------------------- */

struct perf_samples {
	double *values;
	size_t n, max;
	bool is_sorted;
};

void perf_sample(struct perf_samples *samples, double value);
/* The value that a @share of the samples does not exceed; 0 of none. */
double perf_quantile(struct perf_samples *samples, double share);
void perf_samples_free(struct perf_samples *samples);

/* -------------------------------- Subjects -------------------------------- */

/* One of those measured side by side; the first is ours. */
struct perf_subject {
	const char *name; /* as a peer */
	/* Does @n operations. NULL: this peer was not there when building. */
	void (*run)(void *arg, uint64_t n);
	void *arg;
	uint64_t n; /* operations of a batch; 0: as many as take a moment */
	void (*before)(void *arg); /* NULL, or not timed, before each batch */
};

/*
 * Measures @n_subjects subjects in turn, by the CPU time of this thread for one
 * operation, and sends a row for each peer, or one without a peer.
 */
void perf_beside(struct perf *perf, const char *name, uint64_t size,
		 const struct perf_subject *subjects, unsigned int n_subjects);

/*
 * Sends what was measured otherwise. @peer NULL: there is none. @theirs NULL:
 * the peer was not measured, for the reason @note.
 */
void perf_report(struct perf *perf, const char *name, uint64_t size,
		 const char *unit, struct perf_samples *ours, const char *peer,
		 struct perf_samples *theirs, const char *note);

/* Sends one figure that has no spread, such as bytes. @theirs 0: unknown. */
void perf_figure(struct perf *perf, const char *name, uint64_t size,
		 const char *unit, double ours, const char *peer,
		 double theirs);

/* Says that something was not measured. */
void perf_left_out(struct perf *perf, const char *name, uint64_t size,
		   const char *why);

/* How fast the machine is just now, without a line of the library. */
void perf_references(struct perf *perf);

/* Keeps @value from being optimized away. */
static inline void perf_keep(uint64_t value)
{
	__asm__ volatile("" : : "r"(value) : "memory");
}

/* Ends the process: a measurement without memory is none. */
_Noreturn void perf_die(const char *why);

void *perf_memory(size_t size); /* zeroed; perf_die() if there is none */

#endif
