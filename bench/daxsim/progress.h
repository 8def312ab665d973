/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_PROGRESS_H
#define DAXSIM_PROGRESS_H

/*
 * How far the searches of one verb are, in one line on stderr that is written
 * over again and again: only if stderr is a terminal. What is left is estimated
 * only where the work has items to count; how long a search takes is known to
 * nobody before it ends.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli_progress {
	const char *what;  /* what the line begins with */
	const char *items; /* "cells"; NULL: one search, nothing to count */
	size_t n_items;
	bool shown; /* somebody looks */
	double start;
	atomic_size_t n_done;
	atomic_uint_fast64_t n_runs; /* of all searches */
	atomic_uint_fast64_t n_states;
	atomic_uint_fast64_t due; /* ms since the start of the next line */
};

/* One search of them. */
struct cli_progress_search {
	struct cli_progress *all;
	uint64_t counted, counted_states; /* are in @n_runs, @n_states */
};

/* @items: NULL, or what there are @n_items of. */
void cli_progress_begin(struct cli_progress *progress, const char *what,
			const char *items, size_t n_items);

/* Another item is done. From any thread. */
void cli_progress_done(struct cli_progress *progress);

/* Takes the line away. */
void cli_progress_end(const struct cli_progress *progress);

/*
 * The progress callback of a search, with its struct cli_progress_search; from
 * any thread. Return: whether to stop: the user interrupted.
 */
bool cli_progress_of_search(void *arg, uint64_t runs, uint64_t states);

#endif
