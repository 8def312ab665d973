// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Readers beside one writer, in really parallel threads. The writer stores,
 * replaces, tags and erases volatile indexes, near ones and far ones, so that
 * nodes come and go and the height changes all the time; between them lie
 * stable values, stored before. All of them give back what erasing left.
 *
 * Readers check that a value belongs to the index it is found at, and that
 * what is stable is always found: by lookup, by search, by tag, and in runs.
 * They only count what is wrong; the test asserts after they ended.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "cache/xtree.h"
#include "core/prng.h"

enum {
	N_READERS = 2,
	N_WRITES = 60000,
	N_STABLE = 64,
	STABLE_STEP = 5,
	N_NEAR = N_STABLE * STABLE_STEP,
	N_FAR = 64,
	FAR_SHIFT = 20,
	RECLAIM_EVERY = 4,
};

struct t_wrong {
	uint64_t foreign;        /* a value of another index */
	uint64_t missing;        /* a stable value not found */
	uint64_t missing_tag;    /* a stable tag not found */
	uint64_t missing_in_run; /* a stable value in no run */
	uint64_t rounds;
};

struct t_world {
	struct ds_arena *arena;
	struct ds_xtree *tree;
	atomic_bool stop;
	atomic_uint n_reading;
};

struct t_reader {
	struct t_world *world;
	struct ds_prng prng;
	struct t_wrong wrong;
};

/* A value tells its index, and one store from the next. */
static uint64_t value_of(uint64_t index, uint64_t generation)
{
	return index << 12 | (generation % 4095 + 1);
}

static bool is_stable(uint64_t index)
{
	return index < N_NEAR && index % STABLE_STEP == 0;
}

/* The first stable index from @first on; DS_PGIDX_MAX if none is left. */
static uint64_t next_stable(uint64_t first)
{
	uint64_t index = (first + STABLE_STEP - 1) / STABLE_STEP * STABLE_STEP;

	return is_stable(index) ? index : DS_PGIDX_MAX;
}

static uint64_t any_index(struct ds_prng *prng)
{
	uint64_t i = ds_prng_below(prng, N_NEAR + N_FAR);

	return i < N_NEAR ? i : (i - N_NEAR + 1) << FAR_SHIFT;
}

static uint64_t volatile_index(struct ds_prng *prng)
{
	uint64_t index = any_index(prng);

	return is_stable(index) ? index + 1 : index;
}

static void check_load(struct t_reader *reader,
		       uint64_t (*load)(const struct ds_xtree *tree,
					struct ds_pgidx index))
{
	struct t_world *w = reader->world;
	uint64_t index = any_index(&reader->prng);
	uint64_t value = load(w->tree, ds_pgidx(index));

	if (value && value >> 12 != index)
		reader->wrong.foreign++;
	if (!value && is_stable(index))
		reader->wrong.missing++;
}

static void check_next(struct t_reader *reader)
{
	uint64_t first = any_index(&reader->prng);
	struct ds_pgrange range = ds_pgrange(first, DS_PGIDX_MAX);
	struct ds_pgidx index = range.end;
	uint64_t value;

	value = ds_xtree_next(reader->world->tree, range, &index);
	if (value && value >> 12 != index.pgidx)
		reader->wrong.foreign++;
	if (index.pgidx > next_stable(first))
		reader->wrong.missing++;
}

static void check_next_tagged(struct t_reader *reader)
{
	uint64_t first = any_index(&reader->prng);
	struct ds_pgrange range = ds_pgrange(first, DS_PGIDX_MAX);
	struct ds_xtree *tree = reader->world->tree;
	struct ds_pgidx index = range.end;
	uint64_t value;

	value = ds_xtree_next_tagged(tree, range, DS_XTREE_DIRTY, &index);
	if (value && value >> 12 != index.pgidx)
		reader->wrong.foreign++;
	if (index.pgidx > next_stable(first))
		reader->wrong.missing_tag++;
	index = ds_pgidx(next_stable(first));
	if (is_stable(index.pgidx) &&
	    !ds_xtree_has_tag(tree, index, DS_XTREE_DIRTY))
		reader->wrong.missing_tag++;
}

static void check_runs(struct t_reader *reader)
{
	struct ds_pgrange range = ds_pgrange_all();
	struct ds_xtree *tree = reader->world->tree;
	unsigned int n_stable = 0;
	struct ds_xtree_run run;
	uint64_t index;
	uint64_t value;
	uint64_t i;

	while ((run = ds_xtree_next_run(tree, range)).n) {
		for (i = 0; i < run.n; i++) {
			index = run.first.pgidx + i;
			value = ds_xtree_run_value(run, i);
			if (value && value >> 12 != index)
				reader->wrong.foreign++;
			n_stable += value && is_stable(index);
		}
		range.first = ds_xtree_run_end(run);
	}
	if (n_stable != N_STABLE)
		reader->wrong.missing_in_run++;
}

static void *read_all_the_time(void *arg)
{
	struct t_reader *reader = arg;
	struct t_world *w = reader->world;
	unsigned int i;

	atomic_fetch_add(&w->n_reading, 1);
	while (!atomic_load(&w->stop)) {
		for (i = 0; i < 32; i++) {
			ds_xtree_read_begin(w->tree);
			check_load(reader, ds_xtree_load);
			check_next(reader);
			check_next_tagged(reader);
			ds_xtree_read_end(w->tree);
			check_load(reader, ds_xtree_look);
		}
		ds_xtree_read_begin(w->tree);
		check_runs(reader);
		ds_xtree_read_end(w->tree);
		reader->wrong.rounds++;
		ds_xtree_reclaim(w->tree);
	}

	return NULL;
}

static void store_stable(struct t_world *w)
{
	uint64_t index;

	for (index = 0; index < N_NEAR; index += STABLE_STEP) {
		assert_int_equal(ds_xtree_store(w->tree, ds_pgidx(index),
						value_of(index, 0)),
				 0);
		ds_xtree_set_tag(w->tree, ds_pgidx(index), DS_XTREE_DIRTY);
	}
}

/* Return: the number of stores that failed. */
static unsigned int write_all_the_time(struct t_world *w, unsigned int seed)
{
	struct ds_prng prng = {seed};
	unsigned int n_failed = 0;
	struct ds_pgidx index;
	unsigned int i;

	for (i = 0; i < N_WRITES; i++) {
		index = ds_pgidx(volatile_index(&prng));
		switch (ds_prng_below(&prng, 4)) {
		case 0:
			n_failed +=
				ds_xtree_store(w->tree, index,
					       value_of(index.pgidx, i)) != 0;
			break;
		case 1:
			ds_xtree_clear_tag(w->tree, index, DS_XTREE_DIRTY);
			break;
		case 2:
			if (ds_xtree_load(w->tree, index))
				ds_xtree_set_tag(w->tree, index,
						 DS_XTREE_DIRTY);
			break;
		default:
			ds_xtree_erase(w->tree, index);
		}
		if (i % RECLAIM_EVERY == 0)
			ds_xtree_reclaim(w->tree);
		/* Stable ones are replaced, too. */
		index = ds_pgidx(i % N_STABLE * STABLE_STEP);
		n_failed += ds_xtree_store(w->tree, index,
					   value_of(index.pgidx, i)) != 0;
	}

	return n_failed;
}

static void run_threads(struct t_world *w, unsigned int seed)
{
	struct t_reader readers[N_READERS];
	pthread_t threads[N_READERS];
	unsigned int n_failed;
	size_t i;

	for (i = 0; i < N_READERS; i++) {
		readers[i] = (struct t_reader){.world = w, .prng = {i}};
		assert_int_equal(pthread_create(&threads[i], NULL,
						read_all_the_time, &readers[i]),
				 0);
	}
	while (atomic_load(&w->n_reading) < N_READERS)
		;
	n_failed = write_all_the_time(w, seed);
	atomic_store(&w->stop, true);
	for (i = 0; i < N_READERS; i++)
		pthread_join(threads[i], NULL);

	assert_int_equal(n_failed, 0);
	for (i = 0; i < N_READERS; i++) {
		assert_true(readers[i].wrong.rounds > 0);
		assert_int_equal(readers[i].wrong.foreign, 0);
		assert_int_equal(readers[i].wrong.missing, 0);
		assert_int_equal(readers[i].wrong.missing_tag, 0);
		assert_int_equal(readers[i].wrong.missing_in_run, 0);
	}
}

static void stress_tree(unsigned int shift)
{
	struct t_world w = {0};

	assert_int_equal(ds_arena_new((size_t)64 << 20, &w.arena), 0);
	assert_int_equal(ds_xtree_new(w.arena, shift, true, &w.tree), 0);
	store_stable(&w);
	run_threads(&w, shift);
	ds_xtree_check(w.tree);
	ds_xtree_free(w.tree);
	assert_int_equal(ds_arena_used(w.arena), 0);
	ds_arena_free(w.arena);
}

static void readers_beside_a_writer_find_what_is_there(void **state)
{
	static const unsigned int shifts[] = {1, 3, 6, 9};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++)
		stress_tree(shifts[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_beside_a_writer_find_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
