// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf/suites.h"

const struct perf_suite perf_suites[] = {
	{"growth", perf_run_growth,
	 "operations on files of more and more extents"},
	{"index", perf_run_index, "the radix tree of the page cache"},
	{"extents", perf_run_extents, "the extent map"},
	{"pins", perf_run_pins, "pinning pages and letting them go"},
	{"locks", perf_run_locks, "the reader/writer semaphore"},
	{"data", perf_run_data, "reads, writes, zeroing, DMA"},
	{"operations", perf_run_operations,
	 "operations on cached files, the search for a busy page"},
	{"wait", perf_run_wait, "from the last unpin to the return"},
	{"search", perf_run_search, "the search through interleavings"},
	{NULL, NULL, NULL},
};
