/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_SUITES_H
#define PERF_SUITES_H

/* One file per suite, bench_<name>.c. */
#include "perf/perf.h"

void perf_run_data(struct perf *perf);
void perf_run_extents(struct perf *perf);
void perf_run_growth(struct perf *perf);
void perf_run_index(struct perf *perf);
void perf_run_locks(struct perf *perf);
void perf_run_operations(struct perf *perf);
void perf_run_pins(struct perf *perf);
void perf_run_search(struct perf *perf);
void perf_run_wait(struct perf *perf);

#endif
