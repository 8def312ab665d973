/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_FILEOPS_H
#define PERF_FILEOPS_H

/*
 * The calls that take blocks away or move them, each on a file of many runs
 * and each undone behind it, so that the next one finds the same file.
 */
#include "perf/world.h"

enum perf_fileop {
	PERF_TRUNCATE, /* cuts off the last run */
	PERF_PUNCH,    /* takes out a run anywhere */
	PERF_COLLAPSE, /* cuts a run and a hole out near the start */
	PERF_INSERT,   /* puts that space back in */
	PERF_ZERO,     /* zeroes a run anywhere */
	PERF_N_FILEOPS,
};

extern const char *const perf_fileop_names[PERF_N_FILEOPS];

/* A file as perf_fill_runs() leaves it. */
struct perf_runs {
	struct perf_world *world;
	struct ds_file *file;
	uint64_t n;
	/* NULL, or makes the file fit for the next call: not timed. */
	void (*settle)(struct perf_runs *runs);
};

/*
 * Calls every operation once, at a place that @prng draws, and adds how long
 * each took to its samples, less @cost.
 */
void perf_fileops_once(struct perf_runs *runs, struct ds_prng *prng,
		       double cost, struct perf_samples *samples);

#endif
