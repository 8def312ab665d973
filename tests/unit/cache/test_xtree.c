// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <urcu-bp.h>

#include <cmocka.h>

#include "cache/xtree.h"
#include "core/prng.h"

enum {
	N_KEYS_MAX = 700,
	N_STEPS = 2500,
	CHECK_EVERY = 97,
};

static const unsigned int shifts[] = {1, 2, 3, 6, 9};

#define N_SHIFTS    (sizeof(shifts) / sizeof(shifts[0]))
#define ARENA_LIMIT ((size_t)64 << 20)

/* A tree, and a flat array over the indexes that a test may use. */
struct t_world {
	struct ds_arena *arena;
	struct ds_xtree *tree;
	size_t used_empty;
	struct ds_prng prng;
	size_t n_keys;
	uint64_t keys[N_KEYS_MAX]; /* ascending */
	uint64_t values[N_KEYS_MAX];
	bool tags[N_KEYS_MAX][DS_XTREE_N_TAGS];
};

static void t_init(struct t_world *w, size_t limit, unsigned int shift,
		   bool concurrent)
{
	*w = (struct t_world){.prng = {shift}};
	assert_int_equal(ds_arena_new(limit, &w->arena), 0);
	assert_int_equal(ds_xtree_new(w->arena, shift, concurrent, &w->tree),
			 0);
	w->used_empty = ds_arena_used(w->arena);
}

static void t_exit(struct t_world *w)
{
	ds_xtree_free(w->tree);
	assert_int_equal(ds_arena_used(w->arena), 0);
	ds_arena_free(w->arena);
}

static void t_store(struct t_world *w, uint64_t index, uint64_t value)
{
	assert_int_equal(ds_xtree_store(w->tree, ds_pgidx(index), value), 0);
}

static uint64_t t_load(struct t_world *w, uint64_t index)
{
	uint64_t value = ds_xtree_load(w->tree, ds_pgidx(index));

	/* With a section of its own, and after it none is left. */
	assert_int_equal(ds_xtree_look(w->tree, ds_pgidx(index)), value);
	assert_false(urcu_bp_read_ongoing());
	return value;
}

static uint64_t t_erase(struct t_world *w, uint64_t index)
{
	return ds_xtree_erase(w->tree, ds_pgidx(index));
}

/* Index of the first value in [@first, @end), or @end. */
static uint64_t t_next(struct t_world *w, uint64_t first, uint64_t end)
{
	struct ds_pgidx index;

	if (!ds_xtree_next(w->tree, ds_pgrange(first, end), &index))
		return end;
	return index.pgidx;
}

static uint64_t t_next_dirty(struct t_world *w, uint64_t first, uint64_t end)
{
	struct ds_pgidx index;

	if (!ds_xtree_next_tagged(w->tree, ds_pgrange(first, end),
				  DS_XTREE_DIRTY, &index))
		return end;
	return index.pgidx;
}

/* What no longer holds anything must have given everything back. */
static void t_assert_empty(struct t_world *w, bool concurrent)
{
	ds_xtree_check(w->tree);
	assert_int_equal(ds_xtree_count(w->tree), 0);
	ds_xtree_set_concurrent(w->tree, false);
	assert_int_equal(ds_arena_used(w->arena), w->used_empty);
	ds_xtree_set_concurrent(w->tree, concurrent);
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Dense at 0 and at 4000, around each power of two, and anywhere. */
static void make_keys(struct t_world *w)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < 200; i++)
		w->keys[n++] = i;
	for (i = 0; i < 200; i++)
		w->keys[n++] = 4000 + i;
	for (i = 8; i <= 51; i++) {
		w->keys[n++] = (UINT64_C(1) << i) - 1;
		w->keys[n++] = UINT64_C(1) << i;
		w->keys[n++] = (UINT64_C(1) << i) + 1;
	}
	w->keys[n++] = DS_PGIDX_MAX - 1;
	while (n < N_KEYS_MAX)
		w->keys[n++] = ds_prng_below(&w->prng, UINT64_C(1) << 51);

	qsort(w->keys, n, sizeof(w->keys[0]), compare_keys);
	w->n_keys = 0;
	for (i = 0; i < n; i++) {
		if (!i || w->keys[i] != w->keys[i - 1])
			w->keys[w->n_keys++] = w->keys[i];
	}
}

/* The first key from @k on with a value (and @tag, unless negative). */
static size_t model_next(const struct t_world *w, size_t k, int tag)
{
	while (k < w->n_keys &&
	       (!w->values[k] || (tag >= 0 && !w->tags[k][tag])))
		k++;

	return k;
}

static void compare_next(struct t_world *w, size_t k, uint64_t first,
			 uint64_t end, int tag)
{
	struct ds_pgidx index = ds_pgidx(UINT64_MAX);
	struct ds_pgrange range = ds_pgrange(first, end);
	uint64_t value;

	k = model_next(w, k, tag);
	if (tag < 0)
		value = ds_xtree_next(w->tree, range, &index);
	else
		value = ds_xtree_next_tagged(w->tree, range,
					     (enum ds_xtree_tag)tag, &index);
	if (k == w->n_keys || w->keys[k] >= end) {
		assert_int_equal(value, 0);
		assert_true(index.pgidx == UINT64_MAX);
	} else {
		assert_true(value == w->values[k]);
		assert_true(index.pgidx == w->keys[k]);
	}
}

static void compare_runs(struct t_world *w)
{
	struct ds_pgrange range = ds_pgrange_all();
	size_t k = model_next(w, 0, -1);
	struct ds_xtree_run run;
	uint64_t i;

	while ((run = ds_xtree_next_run(w->tree, range)).n) {
		for (i = 0; i < run.n; i++) {
			assert_true(k < w->n_keys);
			assert_true(run.first.pgidx + i == w->keys[k]);
			assert_true(ds_xtree_run_value(run, i) == w->values[k]);
			k = model_next(w, k + 1, -1);
		}
		range.first = ds_xtree_run_end(run);
	}
	assert_int_equal(k, w->n_keys);
}

static void compare_all(struct t_world *w)
{
	uint64_t count = 0;
	struct ds_pgidx index;
	size_t k;
	int tag;

	ds_xtree_check(w->tree);
	for (k = 0; k < w->n_keys; k++) {
		index = ds_pgidx(w->keys[k]);
		count += !!w->values[k];
		assert_true(t_load(w, w->keys[k]) == w->values[k]);
		compare_next(w, k, w->keys[k], DS_PGIDX_MAX, -1);
		for (tag = 0; tag < DS_XTREE_N_TAGS; tag++) {
			compare_next(w, k, w->keys[k], DS_PGIDX_MAX, tag);
			assert_int_equal(
				ds_xtree_has_tag(w->tree, index,
						 (enum ds_xtree_tag)tag),
				w->tags[k][tag]);
		}
	}
	assert_int_equal(ds_xtree_count(w->tree), count);
	compare_runs(w);
}

static void step_store(struct t_world *w, size_t k)
{
	uint64_t value = ds_prng_next(&w->prng) | 1;

	t_store(w, w->keys[k], value);
	w->values[k] = value;
}

static void step_erase(struct t_world *w, size_t k)
{
	int tag;

	assert_true(t_erase(w, w->keys[k]) == w->values[k]);
	ds_xtree_reclaim(w->tree);
	w->values[k] = 0;
	for (tag = 0; tag < DS_XTREE_N_TAGS; tag++)
		w->tags[k][tag] = false;
}

static void step_tag(struct t_world *w, size_t k, enum ds_xtree_tag tag)
{
	struct ds_pgidx index = ds_pgidx(w->keys[k]);

	if (w->values[k] && ds_prng_below(&w->prng, 3)) {
		ds_xtree_set_tag(w->tree, index, tag);
		w->tags[k][tag] = true;
	} else {
		ds_xtree_clear_tag(w->tree, index, tag);
		w->tags[k][tag] = false;
	}
}

/* From any place between keys, to any end. */
static void step_next(struct t_world *w, size_t k)
{
	uint64_t below = k ? w->keys[k - 1] + 1 : 0;
	uint64_t first =
		below + ds_prng_below(&w->prng, w->keys[k] - below + 1);
	uint64_t end = w->keys[ds_prng_below(&w->prng, w->n_keys)];

	compare_next(w, k, first, end, -1);
	compare_next(w, k, first, end, DS_XTREE_DIRTY);
	compare_next(w, k, first, end, DS_XTREE_TOWRITE);
}

/* Of ten steps @n_stores store and @n_erases erase. */
static void random_steps(struct t_world *w, unsigned int n_stores,
			 unsigned int n_erases)
{
	unsigned int i;

	for (i = 0; i < N_STEPS; i++) {
		size_t k = ds_prng_below(&w->prng, w->n_keys);
		uint64_t choice = ds_prng_below(&w->prng, 10);

		if (choice < n_stores)
			step_store(w, k);
		else if (choice < n_stores + n_erases)
			step_erase(w, k);
		else if (choice < 9)
			step_tag(w, k, choice % DS_XTREE_N_TAGS);
		else
			step_next(w, k);
		if (i % CHECK_EVERY == 0)
			ds_xtree_check(w->tree);
	}
}

static void random_run(unsigned int shift, bool concurrent)
{
	struct t_world w;
	size_t k;

	t_init(&w, ARENA_LIMIT, shift, concurrent);
	make_keys(&w);
	random_steps(&w, 5, 1);
	compare_all(&w);
	random_steps(&w, 1, 5);
	compare_all(&w);
	random_steps(&w, 3, 2);
	compare_all(&w);
	for (k = 0; k < w.n_keys; k++)
		step_erase(&w, k);
	compare_all(&w);
	t_assert_empty(&w, concurrent);
	random_steps(&w, 4, 2);
	compare_all(&w);
	t_exit(&w);
}

static void random_operations_match_a_flat_array(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N_SHIFTS; i++)
		random_run(shifts[i], false);
}

/* The same from one thread, with nodes that wait for grace periods. */
static void random_operations_match_when_concurrent(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N_SHIFTS; i++)
		random_run(shifts[i], true);
}

static void an_empty_tree_holds_nothing(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, false);
	ds_xtree_check(w.tree);
	assert_int_equal(ds_xtree_count(w.tree), 0);
	assert_int_equal(t_load(&w, 0), 0);
	assert_int_equal(t_load(&w, UINT64_MAX), 0);
	assert_int_equal(t_erase(&w, 0), 0);
	assert_int_equal(t_next(&w, 0, DS_PGIDX_MAX), DS_PGIDX_MAX);
	assert_int_equal(t_next_dirty(&w, 0, DS_PGIDX_MAX), DS_PGIDX_MAX);
	assert_int_equal(ds_xtree_next_run(w.tree, ds_pgrange_all()).n, 0);
	assert_false(ds_xtree_has_tag(w.tree, ds_pgidx(0), DS_XTREE_DIRTY));
	ds_xtree_clear_tag(w.tree, ds_pgidx(0), DS_XTREE_DIRTY);
	t_exit(&w);
}

static void freeing_no_tree_does_nothing(void **state)
{
	(void)state;
	ds_xtree_free(NULL);
}

/* An index is not mistaken for one with the same low bits. */
static void an_index_above_the_height_is_absent(void **state)
{
	struct t_world w;
	size_t i;

	(void)state;
	for (i = 0; i < N_SHIFTS; i++) {
		t_init(&w, ARENA_LIMIT, shifts[i], false);
		t_store(&w, 1, 7);
		assert_int_equal(t_load(&w, (1U << shifts[i]) + 1), 0);
		assert_int_equal(t_load(&w, (UINT64_C(1) << 51) + 1), 0);
		assert_int_equal(t_load(&w, (UINT64_C(1) << 63) + 1), 0);
		assert_int_equal(t_erase(&w, (UINT64_C(1) << 51) + 1), 0);
		assert_int_equal(t_next(&w, 1U << shifts[i], DS_PGIDX_MAX),
				 DS_PGIDX_MAX);
		assert_int_equal(t_load(&w, 1), 7);
		t_exit(&w);
	}
}

static void ranges_are_half_open(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, false);
	t_store(&w, 100, 1);
	assert_int_equal(t_next(&w, 0, 100), 100 /* none */);
	assert_int_equal(t_next(&w, 0, 101), 100);
	assert_int_equal(t_next(&w, 100, 101), 100);
	assert_int_equal(t_next(&w, 101, 200), 200 /* none */);
	assert_int_equal(t_next(&w, 101, 50), 50 /* none */);
	t_exit(&w);
}

static void a_replaced_value_keeps_its_tags(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, false);
	t_store(&w, 77, 1);
	ds_xtree_set_tag(w.tree, ds_pgidx(77), DS_XTREE_DIRTY);
	t_store(&w, 77, 2);
	assert_int_equal(t_load(&w, 77), 2);
	assert_int_equal(ds_xtree_count(w.tree), 1);
	assert_true(ds_xtree_has_tag(w.tree, ds_pgidx(77), DS_XTREE_DIRTY));
	assert_false(ds_xtree_has_tag(w.tree, ds_pgidx(77), DS_XTREE_TOWRITE));
	assert_int_equal(t_next_dirty(&w, 0, DS_PGIDX_MAX), 77);
	t_exit(&w);
}

static void an_erased_value_leaves_no_tags_behind(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, false);
	t_store(&w, 76, 1);
	t_store(&w, 77, 1);
	ds_xtree_set_tag(w.tree, ds_pgidx(77), DS_XTREE_DIRTY);
	assert_int_equal(t_erase(&w, 77), 1);
	t_store(&w, 77, 2);
	assert_false(ds_xtree_has_tag(w.tree, ds_pgidx(77), DS_XTREE_DIRTY));
	assert_int_equal(t_next_dirty(&w, 0, DS_PGIDX_MAX), DS_PGIDX_MAX);
	ds_xtree_check(w.tree);
	t_exit(&w);
}

/*
 * Two tagged values below one inner node: the tag above them goes with the
 * second, not with the first.
 */
static void a_tag_above_goes_with_the_last_tag_below(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, false);
	t_store(&w, 0, 1);
	t_store(&w, 5000, 1);
	t_store(&w, 5009, 1);
	ds_xtree_set_tag(w.tree, ds_pgidx(5000), DS_XTREE_DIRTY);
	ds_xtree_set_tag(w.tree, ds_pgidx(5009), DS_XTREE_DIRTY);
	ds_xtree_clear_tag(w.tree, ds_pgidx(5000), DS_XTREE_DIRTY);
	ds_xtree_check(w.tree);
	assert_int_equal(t_next_dirty(&w, 0, DS_PGIDX_MAX), 5009);
	ds_xtree_clear_tag(w.tree, ds_pgidx(5009), DS_XTREE_DIRTY);
	ds_xtree_check(w.tree);
	assert_int_equal(t_next_dirty(&w, 0, DS_PGIDX_MAX), DS_PGIDX_MAX);
	t_exit(&w);
}

static void tags_are_found_after_the_tree_grows(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, ARENA_LIMIT, 2, false);
	t_store(&w, 3, 1);
	ds_xtree_set_tag(w.tree, ds_pgidx(3), DS_XTREE_DIRTY);
	t_store(&w, UINT64_C(1) << 50, 1);
	ds_xtree_check(w.tree);
	assert_int_equal(t_next_dirty(&w, 0, DS_PGIDX_MAX), 3);
	t_exit(&w);
}

/* [2, 5) [7, 8) [8, 10): leaves of eight part the last two. */
static void runs_end_at_gaps_and_leaves_and_the_range(void **state)
{
	static const uint64_t present[] = {2, 3, 4, 7, 8, 9};
	struct ds_xtree_run run;
	struct t_world w;
	size_t i;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, false);
	for (i = 0; i < sizeof(present) / sizeof(present[0]); i++)
		t_store(&w, present[i], present[i]);
	run = ds_xtree_next_run(w.tree, ds_pgrange(0, 100));
	assert_int_equal(run.first.pgidx, 2);
	assert_int_equal(run.n, 3);
	assert_int_equal(ds_xtree_run_value(run, 2), 4);
	run = ds_xtree_next_run(w.tree, ds_pgrange(3, 4));
	assert_int_equal(run.first.pgidx, 3);
	assert_int_equal(run.n, 1);
	run = ds_xtree_next_run(w.tree, ds_pgrange(5, 100));
	assert_int_equal(run.first.pgidx, 7);
	assert_int_equal(run.n, 1);
	run = ds_xtree_next_run(w.tree, ds_pgrange(8, 100));
	assert_int_equal(ds_xtree_run_end(run).pgidx, 10);
	assert_int_equal(ds_xtree_next_run(w.tree, ds_pgrange(10, 100)).n, 0);
	t_exit(&w);
}

/* A whole leaf of several bitmap words is one run. */
static void a_dense_leaf_is_one_run(void **state)
{
	struct ds_xtree_run run;
	struct t_world w;
	uint64_t i;

	(void)state;
	t_init(&w, ARENA_LIMIT, 9, false);
	for (i = 0; i < 1000; i++)
		t_store(&w, i, i + 1);
	run = ds_xtree_next_run(w.tree, ds_pgrange(5, 2000));
	assert_int_equal(run.first.pgidx, 5);
	assert_int_equal(run.n, 507);
	assert_int_equal(ds_xtree_run_value(run, 506), 512);
	run = ds_xtree_next_run(w.tree, ds_pgrange(512, 2000));
	assert_int_equal(run.n, 488);
	t_exit(&w);
}

static void erasing_everything_releases_every_node(void **state)
{
	struct t_world w;
	size_t n;
	size_t i;

	(void)state;
	for (i = 0; i < N_SHIFTS; i++) {
		t_init(&w, ARENA_LIMIT, shifts[i], false);
		make_keys(&w);
		n = w.n_keys;
		while (n--)
			step_store(&w, n);
		for (n = 0; n < w.n_keys; n++)
			step_erase(&w, n);
		t_assert_empty(&w, false);
		for (n = 0; n < w.n_keys; n++)
			step_store(&w, n);
		while (n--)
			step_erase(&w, n);
		t_assert_empty(&w, false);
		t_exit(&w);
	}
}

static void the_height_follows_the_largest_index(void **state)
{
	struct t_world w;
	size_t used_low;
	size_t i;

	(void)state;
	for (i = 0; i < N_SHIFTS; i++) {
		t_init(&w, ARENA_LIMIT, shifts[i], false);
		t_store(&w, 1, 1);
		used_low = ds_arena_used(w.arena);
		t_store(&w, DS_PGIDX_MAX - 1, 2);
		ds_xtree_check(w.tree);
		assert_true(ds_arena_used(w.arena) > used_low);
		assert_int_equal(t_load(&w, 1), 1);
		assert_int_equal(t_erase(&w, DS_PGIDX_MAX - 1), 2);
		assert_int_equal(ds_arena_used(w.arena), used_low);
		assert_int_equal(t_load(&w, 1), 1);
		ds_xtree_check(w.tree);
		t_exit(&w);
	}
}

/* Each run of a search copies the arena. */
static void a_small_tree_is_small(void **state)
{
	struct t_world w;
	uint64_t i;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, false);
	for (i = 0; i < 16; i++)
		t_store(&w, i, 1);
	assert_in_range(ds_arena_used(w.arena), 1, 640);
	t_exit(&w);
}

/* Stores @n values at random keys. Return: how many failed, and harmlessly. */
static unsigned int store_until_full(struct t_world *w, unsigned int n)
{
	unsigned int n_failed = 0;
	uint64_t value;
	size_t used;
	size_t k;
	int r;

	while (n--) {
		k = ds_prng_below(&w->prng, w->n_keys);
		value = ds_prng_next(&w->prng) | 1;
		used = ds_arena_used(w->arena);
		r = ds_xtree_store(w->tree, ds_pgidx(w->keys[k]), value);
		if (!r) {
			w->values[k] = value;
			continue;
		}
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(w->values[k], 0);
		assert_int_equal(ds_arena_used(w->arena), used);
		ds_xtree_check(w->tree);
		n_failed++;
	}

	return n_failed;
}

/*
 * The memory left differs from round to round, so that stores of far indexes
 * fail at each of the nodes they need.
 */
static void a_store_without_memory_changes_nothing(void **state)
{
	unsigned int n_failed;
	struct t_world w;
	size_t pad_size;
	void *pad;
	size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < N_SHIFTS; i++) {
		for (pad_size = 64; pad_size <= 512; pad_size += 64) {
			t_init(&w, 50000, shifts[i], false);
			make_keys(&w);
			pad = ds_arena_alloc(w.arena, pad_size);
			n_failed = store_until_full(&w, 300);
			compare_all(&w);
			assert_true(n_failed > 5);
			for (k = 0; k < w.n_keys; k += 2)
				step_erase(&w, k);
			store_until_full(&w, 50);
			compare_all(&w);
			ds_arena_release(w.arena, pad, pad_size);
			t_exit(&w);
		}
	}
}

static void a_first_store_without_memory_leaves_no_tree(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, 8192, 1, false);
	while (ds_arena_alloc(w.arena, 64))
		;
	w.used_empty = ds_arena_used(w.arena);
	assert_int_equal(ds_xtree_store(w.tree, ds_pgidx(5), 1), -ENOMEM);
	assert_int_equal(t_load(&w, 5), 0);
	t_assert_empty(&w, false);
	ds_xtree_free(w.tree);
	ds_arena_free(w.arena);
}

static void a_tree_without_memory_is_not_made(void **state)
{
	struct ds_xtree *tree = NULL;
	struct ds_arena *arena;

	(void)state;
	assert_int_equal(ds_arena_new(8192, &arena), 0);
	while (ds_arena_alloc(arena, 64))
		;
	assert_int_equal(ds_xtree_new(arena, 3, false, &tree), -ENOMEM);
	assert_null(tree);
	ds_arena_free(arena);
}

static void replacing_needs_no_memory(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, 8192, 3, false);
	t_store(&w, 5, 1);
	while (ds_arena_alloc(w.arena, 64))
		;
	t_store(&w, 5, 2);
	assert_int_equal(t_load(&w, 5), 2);
	/* In a leaf that is there already. */
	t_store(&w, 6, 3);
	assert_int_equal(t_load(&w, 6), 3);
	ds_xtree_free(w.tree);
	ds_arena_free(w.arena);
}

static void rewinding_the_arena_brings_the_tree_back(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, false);
	t_store(&w, 1, 11);
	t_store(&w, 1000, 12);
	ds_xtree_set_tag(w.tree, ds_pgidx(1000), DS_XTREE_DIRTY);
	assert_int_equal(ds_arena_mark(w.arena), 0);
	t_store(&w, 1 << 20, 13);
	t_erase(&w, 1000);
	t_erase(&w, 1);
	ds_arena_rewind(w.arena);
	ds_xtree_check(w.tree);
	assert_int_equal(ds_xtree_count(w.tree), 2);
	assert_int_equal(t_load(&w, 1), 11);
	assert_int_equal(t_load(&w, 1000), 12);
	assert_int_equal(t_next_dirty(&w, 0, DS_PGIDX_MAX), 1000);
	t_exit(&w);
}

static void concurrent_erase_keeps_nodes_for_a_while(void **state)
{
	struct t_world w;
	size_t used;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, true);
	t_store(&w, 1000, 1);
	used = ds_arena_used(w.arena);
	assert_int_equal(t_erase(&w, 1000), 1);
	assert_int_equal(ds_arena_used(w.arena), used);
	ds_xtree_check(w.tree);
	t_assert_empty(&w, true);
	t_exit(&w);
}

/* Stores and erases far values: every one leaves nodes behind. */
static void churn(struct t_world *w, unsigned int n)
{
	while (n--) {
		t_store(w, (UINT64_C(1) << 40) + n * 64, 1);
		assert_int_equal(t_erase(w, (UINT64_C(1) << 40) + n * 64), 1);
		ds_xtree_reclaim(w->tree);
	}
}

static void nodes_that_wait_are_few(void **state)
{
	struct t_world w;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, true);
	churn(&w, 500);
	assert_in_range(ds_arena_used(w.arena), 0, w.used_empty + 128 * 128);
	t_assert_empty(&w, true);
	t_exit(&w);
}

static void nothing_is_reclaimed_inside_a_read_section(void **state)
{
	struct t_world w;
	size_t used;

	(void)state;
	t_init(&w, ARENA_LIMIT, 3, true);
	ds_xtree_read_begin(w.tree);
	churn(&w, 100);
	ds_xtree_read_end(w.tree);
	used = ds_arena_used(w.arena);
	churn(&w, 1);
	assert_true(ds_arena_used(w.arena) < used);
	t_assert_empty(&w, true);
	t_exit(&w);
}

struct t_reader {
	struct ds_xtree *tree;
	sem_t inside;
	sem_t leave;
};

static void *stay_inside(void *arg)
{
	struct t_reader *reader = arg;

	ds_xtree_read_begin(reader->tree);
	sem_post(&reader->inside);
	sem_wait(&reader->leave);
	ds_xtree_read_end(reader->tree);

	return NULL;
}

/*
 * A reader of a concurrent tree is parked in its section. Should a tree that is
 * not concurrent wait for it, the alarm ends the test.
 */
static void without_concurrency_nothing_waits_for_readers(void **state)
{
	struct t_reader reader;
	struct t_world parked;
	struct t_world w;
	pthread_t thread;

	(void)state;
	t_init(&parked, ARENA_LIMIT, 3, true);
	t_init(&w, ARENA_LIMIT, 3, false);
	reader.tree = parked.tree;
	sem_init(&reader.inside, 0, 0);
	sem_init(&reader.leave, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, stay_inside, &reader),
			 0);
	sem_wait(&reader.inside);
	alarm(20);
	churn(&w, 500);
	t_assert_empty(&w, false);
	alarm(0);
	sem_post(&reader.leave);
	pthread_join(thread, NULL);
	t_exit(&w);
	t_exit(&parked);
}

/* Runs @act in a child. Return: whether it aborted. */
static bool dies(void (*act)(struct t_world *w))
{
	static const struct rlimit no_core = {0, 0};
	struct t_world w;
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		/* Not the handler of cmocka, which would end as a failure. */
		signal(SIGABRT, SIG_DFL);
		setrlimit(RLIMIT_CORE, &no_core);
		close(STDERR_FILENO);
		t_init(&w, ARENA_LIMIT, 3, false);
		act(&w);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void store_and_erase(struct t_world *w)
{
	t_store(w, DS_PGIDX_MAX - 1, 1);
	t_erase(w, DS_PGIDX_MAX - 1);
	ds_xtree_check(w->tree);
}

static void store_nothing(struct t_world *w)
{
	t_store(w, 1, 0);
}

static void store_too_far(struct t_world *w)
{
	t_store(w, DS_PGIDX_MAX, 1);
}

static void tag_nothing(struct t_world *w)
{
	t_store(w, 1, 1);
	ds_xtree_set_tag(w->tree, ds_pgidx(2), DS_XTREE_DIRTY);
}

static void tag_outside(struct t_world *w)
{
	t_store(w, 1, 1);
	ds_xtree_set_tag(w->tree, ds_pgidx(1000), DS_XTREE_DIRTY);
}

static void spoil(struct t_world *w)
{
	struct ds_xtree_run run;

	t_store(w, 1, 1);
	run = ds_xtree_next_run(w->tree, ds_pgrange_all());
	*(_Atomic uint64_t *)(uintptr_t)run.slots = 0;
	ds_xtree_check(w->tree);
}

static void programmer_errors_abort(void **state)
{
	(void)state;
	assert_false(dies(store_and_erase));
	assert_true(dies(store_nothing));
	assert_true(dies(store_too_far));
	assert_true(dies(tag_nothing));
	assert_true(dies(tag_outside));
}

static void the_check_finds_a_spoilt_tree(void **state)
{
	(void)state;
	assert_true(dies(spoil));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_tree_holds_nothing),
		cmocka_unit_test(freeing_no_tree_does_nothing),
		cmocka_unit_test(random_operations_match_a_flat_array),
		cmocka_unit_test(random_operations_match_when_concurrent),
		cmocka_unit_test(an_index_above_the_height_is_absent),
		cmocka_unit_test(ranges_are_half_open),
		cmocka_unit_test(a_replaced_value_keeps_its_tags),
		cmocka_unit_test(an_erased_value_leaves_no_tags_behind),
		cmocka_unit_test(a_tag_above_goes_with_the_last_tag_below),
		cmocka_unit_test(tags_are_found_after_the_tree_grows),
		cmocka_unit_test(runs_end_at_gaps_and_leaves_and_the_range),
		cmocka_unit_test(a_dense_leaf_is_one_run),
		cmocka_unit_test(erasing_everything_releases_every_node),
		cmocka_unit_test(the_height_follows_the_largest_index),
		cmocka_unit_test(a_small_tree_is_small),
		cmocka_unit_test(a_store_without_memory_changes_nothing),
		cmocka_unit_test(a_first_store_without_memory_leaves_no_tree),
		cmocka_unit_test(a_tree_without_memory_is_not_made),
		cmocka_unit_test(replacing_needs_no_memory),
		cmocka_unit_test(rewinding_the_arena_brings_the_tree_back),
		cmocka_unit_test(concurrent_erase_keeps_nodes_for_a_while),
		cmocka_unit_test(nodes_that_wait_are_few),
		cmocka_unit_test(nothing_is_reclaimed_inside_a_read_section),
		cmocka_unit_test(without_concurrency_nothing_waits_for_readers),
		cmocka_unit_test(programmer_errors_abort),
		cmocka_unit_test(the_check_finds_a_spoilt_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
