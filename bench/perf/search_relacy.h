/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_SEARCH_RELACY_H
#define PERF_SEARCH_RELACY_H

/*
 * W1 as Relacy searches it: a real mutex around a counter, in all orders of
 * its locks, unlocks and accesses.
 */
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Searches once, to the end. Return: how many executions that took; 0 if Relacy
 * is not built in, or not for so many tasks and times.
 */
uint64_t perf_relacy_w1(unsigned int n_tasks, unsigned int n_times);

#ifdef __cplusplus
}
#endif

#endif
