// SPDX-License-Identifier: LGPL-2.1-or-later
/* The extent map beside other maps of the same extents. */
#include <stdlib.h>

#include "perf/extents.h"
#include "perf/suites.h"

enum {
	N_QUERIES = 1 << 16, /* drawn before, so that drawing is not timed */
	N_CHANGES = 64,      /* inserted or removed in one batch */
};

static const struct perf_extents_ops *const all_ops[] = {
	&perf_extents_map,
	&perf_extents_array,
	&perf_extents_ext2fs,
};

enum {
	N_OPS = sizeof(all_ops) / sizeof(all_ops[0]),
};

struct subject {
	const struct perf_extents_ops *ops;
	void *map; /* NULL: not measured */
	uint64_t n;
	const uint64_t *queries; /* pages */
	uint64_t at;
	struct ds_prng prng; /* all draw the same holes */
	uint64_t holes[N_CHANGES];
	bool is_full; /* the holes have blocks */
};

static void run_lookup(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	while (n) {
		uint64_t room = N_QUERIES - subject->at;
		uint64_t now = n < room ? n : room;

		perf_keep(subject->ops->lookup(
			subject->map, subject->queries + subject->at, now));
		subject->at = (subject->at + now) % N_QUERIES;
		n -= now;
	}
}

/* Different holes, but not the first, which collapse takes. */
static void draw_holes(struct subject *subject)
{
	uint64_t i, part = (subject->n - 1) / N_CHANGES;

	for (i = 0; i < N_CHANGES; i++)
		subject->holes[i] =
			1 + i * part + ds_prng_below(&subject->prng, part);
	for (i = N_CHANGES - 1; i; i--) {
		uint64_t j = ds_prng_below(&subject->prng, i + 1);
		uint64_t hole = subject->holes[i];

		subject->holes[i] = subject->holes[j];
		subject->holes[j] = hole;
	}
}

static void fill_holes(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	subject->ops->insert(subject->map, subject->holes, n);
	subject->is_full = true;
}

static void empty_holes(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	subject->ops->remove(subject->map, subject->holes, n);
	subject->is_full = false;
}

static void before_fill(void *arg)
{
	struct subject *subject = arg;

	if (subject->is_full)
		empty_holes(subject, N_CHANGES);
	draw_holes(subject);
}

static void before_empty(void *arg)
{
	struct subject *subject = arg;

	if (subject->is_full)
		return;
	draw_holes(subject);
	fill_holes(subject, N_CHANGES);
}

/* A cut and its undoing, again and again: too short to be timed alone. */
static void cut_and_widen(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	while (n--) {
		subject->ops->collapse(subject->map);
		subject->ops->widen(subject->map);
	}
}

static void compare(struct perf *perf, struct subject *subjects,
		    const char *name, void (*run)(void *arg, uint64_t n),
		    void (*before)(void *arg), uint64_t n)
{
	bool moves = run == cut_and_widen;
	struct perf_subject beside[N_OPS];
	unsigned int i, n_beside = 0;

	for (i = 0; i < N_OPS; i++) {
		const struct perf_extents_ops *ops = subjects[i].ops;

		if (ops->make &&
		    (!subjects[i].map || (moves && ops->most_moved &&
					  subjects[i].n > ops->most_moved)))
			continue;
		beside[n_beside++] = (struct perf_subject){
			.name = ops->name,
			.run = ops->make ? run : NULL,
			.arg = &subjects[i],
			.n = n,
			.before = before,
		};
	}
	perf_beside(perf, name, subjects[0].n, beside, n_beside);
}

/* A peer that finds other blocks does other work. */
static void check_equal(const struct subject *subjects)
{
	uint64_t ours = 0, theirs;
	unsigned int i;

	for (i = 0; i < N_OPS; i++) {
		if (!subjects[i].map)
			continue;
		theirs = subjects[i].ops->lookup(
			subjects[i].map, subjects[i].queries, N_QUERIES);
		if (i && theirs != ours)
			perf_die("maps of the same extents differ");
		ours = theirs;
	}
}

static void compare_bytes(struct perf *perf, const struct subject *subjects)
{
	double n = (double)subjects[0].n, ours, theirs;
	unsigned int i;

	ours = (double)subjects[0].ops->bytes(subjects[0].map);
	for (i = 1; i < N_OPS; i++) {
		if (!subjects[i].map || !subjects[i].ops->bytes)
			continue;
		theirs = (double)subjects[i].ops->bytes(subjects[i].map);
		perf_figure(perf, "bytes", subjects[0].n, "bytes", ours / n,
			    subjects[i].ops->name, theirs / n);
	}
}

static void measure(struct perf *perf, uint64_t n)
{
	uint64_t *queries = perf_memory(N_QUERIES * sizeof(*queries));
	uint64_t *ascending = perf_memory(N_QUERIES * sizeof(*ascending));
	struct subject subjects[N_OPS];
	unsigned int i;

	for (i = 0; i < N_QUERIES; i++) {
		queries[i] =
			perf_extent_page(ds_prng_below(&perf->prng, n)) + 1;
		ascending[i] = perf_extent_page(i % n) + 1;
	}
	for (i = 0; i < N_OPS; i++) {
		const struct perf_extents_ops *ops = all_ops[i];

		subjects[i] = (struct subject){
			.ops = ops, .n = n, .queries = queries};
		if (ops->make && (!ops->most || n <= ops->most))
			subjects[i].map = ops->make(n);
	}
	check_equal(subjects);
	compare_bytes(perf, subjects);
	compare(perf, subjects, "lookup", run_lookup, NULL, 0);
	for (i = 0; i < N_OPS; i++)
		subjects[i].queries = ascending;
	compare(perf, subjects, "lookup-ascending", run_lookup, NULL, 0);
	compare(perf, subjects, "insert", fill_holes, before_fill, N_CHANGES);
	compare(perf, subjects, "delete", empty_holes, before_empty, N_CHANGES);
	for (i = 0; i < N_OPS; i++)
		if (subjects[i].map && subjects[i].is_full)
			empty_holes(&subjects[i], N_CHANGES);
	compare(perf, subjects, "collapse-and-insert", cut_and_widen, NULL, 0);
	check_equal(subjects);
	for (i = 0; i < N_OPS; i++)
		if (subjects[i].map)
			subjects[i].ops->free(subjects[i].map);
	free(queries);
	free(ascending);
}

void perf_run_extents(struct perf *perf)
{
	uint64_t n, most = perf->is_short ? 10000 : 1000000;

	for (n = 1000; n <= most; n *= 10)
		measure(perf, n);
}
