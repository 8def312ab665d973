// SPDX-License-Identifier: LGPL-2.1-or-later
#include "progress.h"

#include <unistd.h>

#include "cli.h"

/* Often enough to look alive, seldom enough to cost nothing. */
#define EVERY_MS 100

void cli_progress_begin(struct cli_progress *progress, const char *what,
			const char *items, size_t n_items)
{
	*progress = (struct cli_progress){
		.what = what,
		.items = items,
		.n_items = n_items,
		.shown = isatty(STDERR_FILENO),
		.start = cli_now(),
	};
}

static void print_line(struct cli_progress *progress, double seconds)
{
	uint64_t runs = atomic_load(&progress->n_runs);
	size_t done = atomic_load(&progress->n_done);
	uint64_t states = atomic_load(&progress->n_states);
	char items[64] = "", rate[64] = "", graph[64] = "", left[32] = "";

	if (progress->items)
		snprintf(items, sizeof(items), " %zu of %zu %s,", done,
			 progress->n_items, progress->items);
	if (done)
		snprintf(left, sizeof(left), ", about %.0f s left",
			 seconds * (double)(progress->n_items - done) /
				 (double)done);
	if (runs)
		snprintf(rate, sizeof(rate), " %llu runs, %.0f/s",
			 (unsigned long long)runs, (double)runs / seconds);
	if (states)
		snprintf(graph, sizeof(graph), ", %llu states, %.0f/s",
			 (unsigned long long)states, (double)states / seconds);
	fprintf(stderr, "\r%s:%s%s%s%s\033[K", progress->what, items, rate,
		graph, left);
}

/* One line at a time, whichever thread comes first when it is due. */
static void show(struct cli_progress *progress)
{
	uint_fast64_t due = atomic_load(&progress->due);
	double seconds;
	uint64_t ms;

	if (!progress->shown)
		return;
	seconds = cli_now() - progress->start;
	ms = (uint64_t)(seconds * 1000);
	if (ms < due || !atomic_compare_exchange_strong(&progress->due, &due,
							ms + EVERY_MS))
		return;
	print_line(progress, seconds);
}

void cli_progress_done(struct cli_progress *progress)
{
	atomic_fetch_add(&progress->n_done, 1);
	show(progress);
}

void cli_progress_end(const struct cli_progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
}

bool cli_progress_of_search(void *arg, uint64_t runs, uint64_t states)
{
	struct cli_progress_search *search = arg;

	atomic_fetch_add(&search->all->n_runs, runs - search->counted);
	atomic_fetch_add(&search->all->n_states,
			 states - search->counted_states);
	search->counted = runs;
	search->counted_states = states;
	show(search->all);
	return cli_interrupted();
}
