// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How the cost of an operation grows with the extents of the file, where
 * nothing else grows: no entries in the page cache, no mappings, no pins.
 */
#include "perf/fileops.h"
#include "perf/suites.h"

static const uint64_t sizes[] = {1000, 10000, 100000, 1000000};

static void grow_to(struct perf *perf, uint64_t n)
{
	struct perf_samples samples[PERF_N_FILEOPS] = {{0}};
	unsigned int n_times = perf->is_short ? 400 : 4000;
	double cost = perf_wall_cost();
	struct perf_world world;
	struct perf_runs runs = {.world = &world, .n = n};
	unsigned int i;

	perf_world_open(perf, &world);
	runs.file = perf_file(&world, "file");
	perf_fill_runs(&world, runs.file->inode, n);
	for (i = 0; i < n_times; i++)
		perf_fileops_once(&runs, &perf->prng, cost, samples);
	for (i = 0; i < PERF_N_FILEOPS; i++) {
		perf_report(perf, perf_fileop_names[i], n, "ns", &samples[i],
			    NULL, NULL, NULL);
		perf_samples_free(&samples[i]);
	}
	perf_world_close(&world);
}

void perf_run_growth(struct perf *perf)
{
	unsigned int i, n_sizes = perf->is_short ? 3 : 4;
	unsigned int op;

	for (i = 0; i < n_sizes; i++) {
		if (sizes[i] <= perf_world_room(perf)) {
			grow_to(perf, sizes[i]);
			continue;
		}
		for (op = 0; op < PERF_N_FILEOPS; op++)
			perf_left_out(perf, perf_fileop_names[op], sizes[i],
				      "the region is too small");
	}
}
