// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The radix tree of the page cache beside other indexes of the same keys. The
 * kernel's own tree cannot be linked; an array stands in as the limit.
 */
#include <stdio.h>
#include <stdlib.h>

#include "perf/index.h"
#include "perf/suites.h"

enum {
	N_QUERIES = 1 << 20, /* drawn before, so that drawing is not timed */
	N_WALKED = 512,
};

static const struct perf_index_ops *const all_ops[] = {
	&perf_index_xtree, &perf_index_xtree_256, &perf_index_xtree_64,
	&perf_index_judy,  &perf_index_rculfhash, &perf_index_flat,
};

enum {
	N_OPS = sizeof(all_ops) / sizeof(all_ops[0]),
};

/* One index that is measured. */
struct subject {
	const struct perf_index_ops *ops;
	void *index; /* NULL: not there, or its keys do not suit it */
	struct perf_keys keys;
	const uint64_t *queries;
	uint64_t at; /* in @queries, or the entry that a chase came to */
};

typedef uint64_t (*lookup_fn)(void *index, const uint64_t *at, uint64_t n);

static void run_lookup(struct subject *subject, lookup_fn lookup, uint64_t n)
{
	while (n) {
		uint64_t room = N_QUERIES - subject->at;
		uint64_t now = n < room ? n : room;

		perf_keep(lookup(subject->index, subject->queries + subject->at,
				 now));
		subject->at = (subject->at + now) % N_QUERIES;
		n -= now;
	}
}

static void run_lookups(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	run_lookup(subject, subject->ops->lookup, n);
}

static void run_held(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	run_lookup(subject, subject->ops->lookup_held, n);
}

static void run_chase(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	subject->at = subject->ops->chase(subject->index, subject->keys,
					  subject->at % subject->keys.n, n);
}

/* The sum tells whether all were there: n values i << 4 | 1. */
static void run_walk(void *arg, uint64_t n)
{
	struct subject *subject = arg;
	uint64_t end = perf_key(subject->keys, subject->keys.n - 1) + 1;
	uint64_t sum = subject->ops->walk(subject->index, 0, end);

	if (sum != 8 * n * (n - 1) + n)
		perf_die("a walk did not find every value");
}

static void run_walk_short(void *arg, uint64_t n)
{
	struct subject *subject = arg;
	uint64_t last = perf_key(subject->keys, subject->keys.n - 1);
	uint64_t done, sum = 0;

	for (done = 0; done < n; done += N_WALKED) {
		uint64_t first = subject->queries[subject->at++ % N_QUERIES];

		/* An array ends there. */
		if (first > last + 1 - N_WALKED)
			first = last + 1 - N_WALKED;
		sum += subject->ops->walk(subject->index, first,
					  first + N_WALKED);
	}
	perf_keep(sum);
}

static void empty(void *arg)
{
	struct subject *subject = arg;

	subject->ops->free(subject->index);
	subject->index = subject->ops->make(subject->keys);
}

static void run_fill(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	(void)n;
	subject->ops->fill(subject->index, subject->keys);
}

static void open_subjects(struct subject *subjects, struct perf_keys keys,
			  const uint64_t *queries)
{
	unsigned int i;

	for (i = 0; i < N_OPS; i++) {
		const struct perf_index_ops *ops = all_ops[i];

		subjects[i] = (struct subject){
			.ops = ops, .keys = keys, .queries = queries};
		if (!ops->make || (ops->suits && !ops->suits(keys)))
			continue;
		subjects[i].index = ops->make(keys);
		ops->fill(subjects[i].index, keys);
	}
}

/*
 * @n: operations of a batch, 0: to be found out. Those that cannot do it are
 * left out; those that were not built in are said to be.
 */
static void compare(struct perf *perf, struct subject *subjects,
		    const char *name, void (*run)(void *arg, uint64_t n),
		    void (*before)(void *arg), uint64_t n)
{
	bool is_walk = run == run_walk || run == run_walk_short;
	struct perf_subject beside[N_OPS];
	struct perf_keys keys = subjects[0].keys;
	unsigned int i, n_beside = 0;
	char full[40];

	for (i = 0; i < N_OPS; i++) {
		const struct perf_index_ops *ops = subjects[i].ops;

		if (ops->make &&
		    (!subjects[i].index || (is_walk && !ops->walk)))
			continue;
		beside[n_beside++] = (struct perf_subject){
			.name = ops->name,
			.run = ops->make ? run : NULL,
			.arg = &subjects[i],
			.n = n,
			.before = before,
		};
	}
	snprintf(full, sizeof(full), "%s-%s", name,
		 keys.sparse ? "sparse" : "dense");
	perf_beside(perf, full, keys.n, beside, n_beside);
}

/* A peer that finds other values does other work. */
static void check_equal(const struct subject *subjects)
{
	uint64_t ours = 0, theirs;
	unsigned int i;

	for (i = 0; i < N_OPS; i++) {
		if (!subjects[i].index)
			continue;
		theirs = subjects[i].ops->lookup(
			subjects[i].index, subjects[i].queries, N_QUERIES);
		if (i && theirs != ours)
			perf_die("indexes of the same keys differ");
		ours = theirs;
	}
}

static void compare_bytes(struct perf *perf, const struct subject *subjects)
{
	struct perf_keys keys = subjects[0].keys;
	double n = (double)keys.n, ours, theirs;
	unsigned int i;

	ours = (double)subjects[0].ops->bytes(subjects[0].index);
	for (i = 1; i < N_OPS; i++) {
		if (!subjects[i].index)
			continue;
		theirs = (double)subjects[i].ops->bytes(subjects[i].index);
		perf_figure(perf, keys.sparse ? "bytes-sparse" : "bytes-dense",
			    keys.n, "bytes", ours / n, subjects[i].ops->name,
			    theirs / n);
	}
}

static void measure(struct perf *perf, struct perf_keys keys)
{
	uint64_t *queries = perf_memory(N_QUERIES * sizeof(*queries));
	struct subject subjects[N_OPS];
	unsigned int i;

	for (i = 0; i < N_QUERIES; i++)
		queries[i] = perf_key(keys, ds_prng_below(&perf->prng, keys.n));
	open_subjects(subjects, keys, queries);
	check_equal(subjects);
	compare(perf, subjects, "lookup", run_lookups, NULL, 0);
	compare(perf, subjects, "lookup-one-section", run_held, NULL, 0);
	compare(perf, subjects, "lookup-dependent", run_chase, NULL, 0);
	compare(perf, subjects, "walk", run_walk, NULL, keys.n);
	compare(perf, subjects, "walk-512", run_walk_short, NULL, 0);
	compare_bytes(perf, subjects);
	compare(perf, subjects, "insert", run_fill, empty, keys.n);
	for (i = 0; i < N_OPS; i++)
		if (subjects[i].index)
			subjects[i].ops->free(subjects[i].index);
	free(queries);
}

void perf_run_index(struct perf *perf)
{
	unsigned int shift, last = perf->is_short ? 16 : 23;

	/*
	 * 64k, which fits a cache; 1M and 8M, which do not. 8M sparse keys take
	 * 2 GiB, and as long as all others together.
	 */
	for (shift = 16; shift <= last; shift += shift == 16 ? 4 : 3) {
		measure(perf, (struct perf_keys){UINT64_C(1) << shift, false});
		if (shift < 23)
			measure(perf,
				(struct perf_keys){UINT64_C(1) << shift, true});
	}
}
