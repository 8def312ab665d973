// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/assert.h"
#include "core/prng.h"
#include "file/extmap.h"

#define W  DS_EXT_WRITTEN
#define U  DS_EXT_UNWRITTEN
#define TB (UINT64_C(1) << 40)

/*
 * The model: one cell for each @scale pages from page @base on. No page outside
 * of the cells ever has a block.
 */
struct t_cell {
	uint64_t pfn;
	enum ds_ext_state state;
};

struct t_world {
	struct ds_arena *arena;
	struct ds_extmap *map;
	struct ds_prng prng;
	struct t_cell *cells;
	unsigned int n_cells;
	uint64_t base;
	uint64_t scale;
};

static void t_setup(struct t_world *w, size_t arena_size, unsigned int n_cells)
{
	memset(w, 0, sizeof(*w));
	w->n_cells = n_cells;
	w->scale = 1;
	w->cells = calloc(n_cells, sizeof(*w->cells));
	assert_non_null(w->cells);
	assert_int_equal(ds_arena_new(arena_size, &w->arena), 0);
	assert_int_equal(ds_extmap_new(w->arena, &w->map), 0);
}

static void t_teardown(struct t_world *w)
{
	ds_extmap_check(w->map);
	ds_extmap_free(w->map);
	assert_int_equal(ds_arena_used(w->arena), 0);
	ds_arena_free(w->arena);
	free(w->cells);
}

/* For the tests by hand, which use no cells. */
static int t_open(void **state)
{
	static struct t_world world;

	t_setup(&world, 16 << 20, 1);
	*state = &world;
	return 0;
}

static int t_close(void **state)
{
	t_teardown(*state);
	return 0;
}

static void t_map(struct t_world *w, uint64_t page, uint64_t n, uint64_t pfn,
		  enum ds_ext_state state)
{
	assert_int_equal(ds_extmap_map(w->map, ds_pgrange(page, page + n),
				       ds_pfn(pfn), state),
			 0);
	ds_extmap_check(w->map);
}

static void t_convert(struct t_world *w, uint64_t first, uint64_t end,
		      enum ds_ext_state state)
{
	assert_int_equal(
		ds_extmap_convert(w->map, ds_pgrange(first, end), state), 0);
	ds_extmap_check(w->map);
}

static void t_unmap(struct t_world *w, uint64_t first, uint64_t end)
{
	assert_int_equal(ds_extmap_unmap(w->map, ds_pgrange(first, end)), 0);
	ds_extmap_check(w->map);
}

static void t_collapse(struct t_world *w, uint64_t first, uint64_t end)
{
	assert_int_equal(ds_extmap_collapse(w->map, ds_pgrange(first, end)), 0);
	ds_extmap_check(w->map);
}

static void t_insert(struct t_world *w, uint64_t at, uint64_t n)
{
	assert_int_equal(ds_extmap_insert(w->map, ds_pgidx(at), n), 0);
	ds_extmap_check(w->map);
}

static void t_expect_run(const struct ds_extmap *map, uint64_t asked,
			 struct ds_extent want)
{
	struct ds_extent run = ds_extmap_lookup(map, ds_pgidx(asked));

	assert_int_equal(run.page.pgidx, want.page.pgidx);
	assert_int_equal(run.n_pages, want.n_pages);
	assert_int_equal(run.pfn.pfn, want.pfn.pfn);
	assert_int_equal(run.state, want.state);
}

/* Expects the run with blocks [@page, +@n), asked for by all its corners. */
static void t_expect(struct t_world *w, uint64_t page, uint64_t n, uint64_t pfn,
		     enum ds_ext_state state)
{
	struct ds_extent want = {{page}, n, {pfn}, state};

	t_expect_run(w->map, page, want);
	t_expect_run(w->map, page + n / 2, want);
	t_expect_run(w->map, page + n - 1, want);
}

static void t_expect_hole(struct t_world *w, uint64_t first, uint64_t end)
{
	t_expect(w, first, end - first, 0, DS_EXT_HOLE);
}

static void t_expect_counts(struct t_world *w, uint64_t end, uint64_t n_extents,
			    uint64_t n_blocks)
{
	assert_int_equal(ds_extmap_end(w->map).pgidx, end);
	assert_int_equal(ds_extmap_n_extents(w->map), n_extents);
	assert_int_equal(ds_extmap_n_blocks(w->map), n_blocks);
}

static void a_fresh_map_is_one_hole(void **state)
{
	struct t_world *w = *state;

	t_expect_hole(w, 0, DS_PGIDX_MAX);
	t_expect_counts(w, 0, 0, 0);
}

static void a_small_map_takes_little_memory(void **state)
{
	struct t_world *w = *state;
	uint64_t i;

	assert_in_range(ds_arena_used(w->arena), 1, 128);
	for (i = 0; i < 5; i++)
		t_map(w, 3 * i, 2, 100 * i, W);
	assert_in_range(ds_arena_used(w->arena), 1, 600);
}

static void lookup_gives_the_whole_run(void **state)
{
	struct t_world *w = *state;

	t_map(w, 10, 5, 100, W);
	t_map(w, 20, 1, 300, U);
	t_expect_hole(w, 0, 10);
	t_expect(w, 10, 5, 100, W);
	t_expect_hole(w, 15, 20);
	t_expect(w, 20, 1, 300, U);
	t_expect_hole(w, 21, DS_PGIDX_MAX);
	t_expect_counts(w, 21, 2, 6);
}

static void contiguous_neighbours_of_one_state_merge(void **state)
{
	struct t_world *w = *state;

	t_map(w, 10, 5, 110, W);
	t_map(w, 15, 5, 115, W);
	t_expect(w, 10, 10, 110, W);
	t_map(w, 5, 5, 105, W);
	t_expect(w, 5, 15, 105, W);
	t_expect_counts(w, 20, 1, 15);
}

static void neighbours_of_other_state_or_place_stay_apart(void **state)
{
	struct t_world *w = *state;

	t_map(w, 10, 5, 110, W);
	t_map(w, 15, 5, 115, U);
	t_map(w, 20, 5, 121, U);
	t_map(w, 5, 5, 104, W);
	t_expect(w, 5, 5, 104, W);
	t_expect(w, 10, 5, 110, W);
	t_expect(w, 15, 5, 115, U);
	t_expect(w, 20, 5, 121, U);
	t_expect_counts(w, 25, 4, 20);
}

static void filling_a_hole_may_join_both_sides(void **state)
{
	struct t_world *w = *state;

	t_map(w, 0, 5, 100, U);
	t_map(w, 8, 5, 108, U);
	t_map(w, 5, 3, 105, U);
	t_expect(w, 0, 13, 100, U);
	t_expect_counts(w, 13, 1, 13);
}

static void unmap_trims_runs_and_splits_one(void **state)
{
	struct t_world *w = *state;

	t_map(w, 10, 10, 100, U);
	t_unmap(w, 13, 15);
	t_expect(w, 10, 3, 100, U);
	t_expect_hole(w, 13, 15);
	t_expect(w, 15, 5, 105, U);
	t_unmap(w, 5, 11);
	t_unmap(w, 18, 30);
	t_expect_hole(w, 0, 11);
	t_expect(w, 11, 2, 101, U);
	t_expect(w, 15, 3, 105, U);
	t_expect_counts(w, 18, 2, 5);
	t_unmap(w, 12, 17);
	t_expect(w, 11, 1, 101, U);
	t_expect(w, 17, 1, 107, U);
	t_expect_counts(w, 18, 2, 2);
}

static void convert_splits_and_merges_runs(void **state)
{
	struct t_world *w = *state;

	t_map(w, 0, 9, 100, U);
	t_convert(w, 3, 6, W);
	t_expect(w, 0, 3, 100, U);
	t_expect(w, 3, 3, 103, W);
	t_expect(w, 6, 3, 106, U);
	t_convert(w, 6, 7, W);
	t_expect(w, 3, 4, 103, W);
	t_expect(w, 7, 2, 107, U);
	t_convert(w, 2, 3, W);
	t_expect(w, 2, 5, 102, W);
	t_expect_counts(w, 9, 3, 9);
	t_convert(w, 1, 8, U);
	t_expect(w, 0, 9, 100, U);
	t_expect_counts(w, 9, 1, 9);
}

static void convert_leaves_holes_alone(void **state)
{
	struct t_world *w = *state;

	t_map(w, 5, 5, 100, U);
	t_map(w, 15, 5, 200, U);
	t_map(w, 20, 5, 300, W);
	t_convert(w, 0, DS_PGIDX_MAX, W);
	t_expect_hole(w, 0, 5);
	t_expect(w, 5, 5, 100, W);
	t_expect_hole(w, 10, 15);
	t_expect(w, 15, 5, 200, W);
	t_expect(w, 20, 5, 300, W);
	t_expect_counts(w, 25, 3, 15);
}

static void collapse_moves_down_what_lies_behind(void **state)
{
	struct t_world *w = *state;

	t_map(w, 0, 5, 100, W);
	t_map(w, 10, 5, 200, U);
	t_collapse(w, 6, 9);
	t_expect_hole(w, 5, 7);
	t_expect(w, 7, 5, 200, U);
	t_expect_counts(w, 12, 2, 10);
	t_collapse(w, 20, 30);
	t_expect_counts(w, 12, 2, 10);
}

static void collapse_of_a_whole_hole_merges_contiguous_runs(void **state)
{
	struct t_world *w = *state;

	t_map(w, 0, 5, 100, W);
	t_map(w, 8, 5, 105, W);
	t_map(w, 20, 5, 110, U);
	t_collapse(w, 5, 8);
	t_expect(w, 0, 10, 100, W);
	t_collapse(w, 10, 17);
	t_expect(w, 0, 10, 100, W);
	t_expect(w, 10, 5, 110, U);
	t_expect_counts(w, 15, 2, 15);
}

static void insert_splits_a_run(void **state)
{
	struct t_world *w = *state;

	t_map(w, 10, 10, 100, U);
	t_insert(w, 14, 6);
	t_expect(w, 10, 4, 100, U);
	t_expect_hole(w, 14, 20);
	t_expect(w, 20, 6, 104, U);
	t_expect_counts(w, 26, 2, 10);
	t_collapse(w, 14, 20);
	t_expect(w, 10, 10, 100, U);
}

static void insert_between_runs_widens_the_hole(void **state)
{
	struct t_world *w = *state;

	t_map(w, 0, 5, 100, W);
	t_map(w, 5, 5, 200, W);
	t_insert(w, 5, 3);
	t_expect(w, 0, 5, 100, W);
	t_expect_hole(w, 5, 8);
	t_insert(w, 6, 1);
	t_insert(w, 0, 1);
	t_expect_hole(w, 0, 1);
	t_expect_hole(w, 6, 10);
	t_expect(w, 10, 5, 200, W);
	t_insert(w, 15, 1000);
	t_expect_counts(w, 15, 2, 10);
}

static void empty_ranges_change_nothing(void **state)
{
	struct t_world *w = *state;

	t_map(w, 0, 5, 100, W);
	t_map(w, 7, 0, 100, W);
	t_convert(w, 2, 2, U);
	t_unmap(w, 2, 2);
	t_collapse(w, 6, 6);
	t_insert(w, 2, 0);
	t_expect(w, 0, 5, 100, W);
	t_expect_counts(w, 5, 1, 5);
}

static void gaps_of_2_to_the_40_pages_work(void **state)
{
	struct t_world *w = *state;

	t_map(w, 3 * TB, 1, 7, W);
	t_map(w, TB, 2, 5, W);
	t_map(w, 2000 * TB, 3, 8, W);
	t_expect_hole(w, 0, TB);
	t_expect_hole(w, TB + 2, 3 * TB);
	t_expect_hole(w, 3 * TB + 1, 2000 * TB);
	t_insert(w, TB + 1, 2000 * TB);
	t_expect(w, TB, 1, 5, W);
	t_expect(w, 2001 * TB + 1, 1, 6, W);
	t_expect(w, 4000 * TB, 3, 8, W);
	t_collapse(w, TB + 1, 2001 * TB + 1);
	t_expect(w, TB, 2, 5, W);
	t_collapse(w, TB + 2, 3 * TB);
	t_collapse(w, TB + 3, 1998 * TB + 2);
	t_expect(w, TB, 6, 5, W);
	t_expect_counts(w, TB + 6, 1, 6);
}

static void the_last_page_can_have_a_block(void **state)
{
	struct t_world *w = *state;

	t_map(w, DS_PGIDX_MAX - 1, 1, 9, U);
	t_expect_hole(w, 0, DS_PGIDX_MAX - 1);
	t_expect(w, DS_PGIDX_MAX - 1, 1, 9, U);
	t_convert(w, 0, DS_PGIDX_MAX, W);
	t_collapse(w, 0, DS_PGIDX_MAX - 1);
	t_expect(w, 0, 1, 9, W);
	t_expect_hole(w, 1, DS_PGIDX_MAX);
	t_insert(w, 0, DS_PGIDX_MAX - 1);
	t_expect(w, DS_PGIDX_MAX - 1, 1, 9, W);
	t_unmap(w, 0, DS_PGIDX_MAX);
	t_expect_hole(w, 0, DS_PGIDX_MAX);
}

static void a_run_may_be_all_the_blocks_there_are(void **state)
{
	struct t_world *w = *state;
	uint64_t max = DS_EXTMAP_PFN_MAX;

	t_map(w, TB, max, 0, W);
	t_expect(w, TB, max, 0, W);
	t_expect_counts(w, TB + max, 1, max);
	t_convert(w, TB + 1, TB + max - 1, U);
	t_expect(w, TB + 1, max - 2, 1, U);
	t_expect(w, TB + max - 1, 1, max - 1, W);
}

static void unmapping_everything_releases_all_nodes(void **state)
{
	struct t_world *w = *state;
	size_t used = ds_arena_used(w->arena);
	uint64_t i;

	for (i = 0; i < 5000; i++)
		assert_int_equal(ds_extmap_map(w->map,
					       ds_pgrange(3 * i, 3 * i + 2),
					       ds_pfn(2 * i), W),
				 0);
	ds_extmap_check(w->map);
	t_expect_counts(w, 3 * 4999 + 2, 5000, 10000);
	assert_in_range(ds_arena_used(w->arena), 5000, 32 * 5000);
	t_unmap(w, 0, DS_PGIDX_MAX);
	t_expect_counts(w, 0, 0, 0);
	assert_int_equal(ds_arena_used(w->arena), used);
}

/* Asserts that @misuse ends in a failed assertion. */
static void jump_out(void *env)
{
	longjmp(*(jmp_buf *)env, 1);
}

static void t_dies(struct t_world *w, void (*misuse)(struct ds_extmap *map))
{
	jmp_buf env;

	if (!setjmp(env)) {
		ds_assert_set_hook(jump_out, &env);
		misuse(w->map);
		ds_assert_set_hook(NULL, NULL);
		fail_msg("no assertion failed");
	}
	ds_extmap_check(w->map);
}

static void map_over_blocks(struct ds_extmap *map)
{
	ds_extmap_map(map, ds_pgrange(0, 11), ds_pfn(5), W);
}

static void map_a_hole(struct ds_extmap *map)
{
	ds_extmap_map(map, ds_pgrange(0, 1), ds_pfn(5), DS_EXT_HOLE);
}

static void map_too_large_a_block(struct ds_extmap *map)
{
	ds_extmap_map(map, ds_pgrange(0, 2), ds_pfn(DS_EXTMAP_PFN_MAX - 1), W);
}

static void collapse_blocks(struct ds_extmap *map)
{
	ds_extmap_collapse(map, ds_pgrange(9, 11));
}

static void insert_beyond_the_limit(struct ds_extmap *map)
{
	ds_extmap_insert(map, ds_pgidx(3), DS_PGIDX_MAX - 19);
}

static void look_beyond_the_limit(struct ds_extmap *map)
{
	ds_extmap_lookup(map, ds_pgidx(DS_PGIDX_MAX));
}

static void misuse_is_asserted(void **state)
{
	struct t_world *w = *state;

	t_map(w, 10, 10, 100, W);
	t_dies(w, map_over_blocks);
	t_dies(w, map_a_hole);
	t_dies(w, map_too_large_a_block);
	t_dies(w, collapse_blocks);
	t_dies(w, insert_beyond_the_limit);
	t_dies(w, look_beyond_the_limit);
	t_insert(w, 3, DS_PGIDX_MAX - 20);
}

static bool cells_merge(const struct t_world *w, unsigned int i)
{
	const struct t_cell *left = &w->cells[i], *right = &w->cells[i + 1];

	if (left->state == DS_EXT_HOLE || right->state == DS_EXT_HOLE)
		return left->state == right->state;
	return left->state == right->state &&
	       left->pfn + w->scale == right->pfn;
}

/* The run that holds cell @i. Return: one past its last cell. */
static unsigned int model_run(const struct t_world *w, unsigned int i,
			      struct ds_extent *ret_run)
{
	unsigned int first = i, end = i + 1;
	uint64_t page, end_page;

	while (first > 0 && cells_merge(w, first - 1))
		first--;
	while (end < w->n_cells && cells_merge(w, end - 1))
		end++;
	page = w->base + first * w->scale;
	end_page = w->base + end * w->scale;
	ret_run->state = w->cells[first].state;
	ret_run->pfn.pfn = 0;
	if (ret_run->state != DS_EXT_HOLE) {
		ret_run->pfn.pfn = w->cells[first].pfn;
	} else {
		page = first ? page : 0;
		end_page = end < w->n_cells ? end_page : DS_PGIDX_MAX;
	}
	ret_run->page.pgidx = page;
	ret_run->n_pages = end_page - page;
	return end;
}

/* Compares what the map says about a page of cell @i. */
static unsigned int compare_cell(struct t_world *w, unsigned int i)
{
	uint64_t off = ds_prng_below(&w->prng, w->scale);
	struct ds_extent run;
	unsigned int end = model_run(w, i, &run);

	t_expect_run(w->map, w->base + i * w->scale + off, run);
	return end;
}

static void compare_all(struct t_world *w)
{
	uint64_t n_extents = 0, n_blocks = 0, end_page = 0;
	unsigned int i, end;

	for (i = 0; i < w->n_cells; i = end) {
		end = compare_cell(w, i);
		if (w->cells[i].state == DS_EXT_HOLE)
			continue;
		n_extents++;
		n_blocks += (end - i) * w->scale;
		end_page = w->base + end * w->scale;
	}
	t_expect_counts(w, end_page, n_extents, n_blocks);
	ds_extmap_check(w->map);
}

struct t_op {
	enum t_op_kind {
		OP_MAP,
		OP_CONVERT,
		OP_UNMAP,
		OP_COLLAPSE,
		OP_INSERT,
	} kind;
	unsigned int first, end; /* cells */
	struct t_cell cell;      /* what to map or convert to */
};

/* The blocks to map at @op: continuing either neighbour, or anywhere. */
static uint64_t pick_pfn(struct t_world *w, const struct t_op *op)
{
	uint64_t n = op->end - op->first, choice = ds_prng_below(&w->prng, 4);
	uint64_t max = DS_EXTMAP_PFN_MAX / w->scale - n;
	const struct t_cell *cells = w->cells;

	if (choice == 0 && op->first &&
	    cells[op->first - 1].state != DS_EXT_HOLE &&
	    cells[op->first - 1].pfn / w->scale < max)
		return cells[op->first - 1].pfn + w->scale;
	if (choice == 1 && op->end < w->n_cells &&
	    cells[op->end].pfn / w->scale >= n)
		return cells[op->end].pfn - n * w->scale;
	/* Often what lay there in the beginning. */
	if (choice == 2 && op->first < max)
		return op->first * w->scale;
	return ds_prng_below(&w->prng, max) * w->scale;
}

/* Return: whether the model allows @op. */
static bool is_possible(struct t_world *w, const struct t_op *op)
{
	unsigned int i, first = op->first, end = op->end;

	if (op->kind == OP_INSERT) {
		/* The cells that fall off at the end must be holes. */
		first = w->n_cells - (op->end - op->first);
		end = w->n_cells;
	}
	if (op->kind == OP_CONVERT || op->kind == OP_UNMAP)
		return true;
	for (i = first; i < end; i++)
		if (w->cells[i].state != DS_EXT_HOLE)
			return false;
	return true;
}

/* At most @max_len cells; the more kinds of @mapping in 8, the fuller. */
static struct t_op pick_op(struct t_world *w, unsigned int max_len,
			   unsigned int mapping)
{
	struct t_op op;
	uint64_t len;

	do {
		op.kind = OP_MAP;
		if (ds_prng_below(&w->prng, 8) >= mapping)
			op.kind = (enum t_op_kind)(OP_CONVERT +
						   ds_prng_below(&w->prng, 4));
		len = 1 + ds_prng_below(&w->prng, max_len);
		op.first = (unsigned int)ds_prng_below(&w->prng, w->n_cells);
		if (len > w->n_cells - op.first)
			len = w->n_cells - op.first;
		op.end = op.first + (unsigned int)len;
	} while (!is_possible(w, &op));
	op.cell.state = ds_prng_below(&w->prng, 2) ? W : U;
	op.cell.pfn = pick_pfn(w, &op);
	return op;
}

static int apply_to_map(struct t_world *w, const struct t_op *op)
{
	struct ds_pgrange range = ds_pgrange(w->base + op->first * w->scale,
					     w->base + op->end * w->scale);

	switch (op->kind) {
	case OP_MAP:
		return ds_extmap_map(w->map, range, ds_pfn(op->cell.pfn),
				     op->cell.state);
	case OP_CONVERT:
		return ds_extmap_convert(w->map, range, op->cell.state);
	case OP_UNMAP:
		return ds_extmap_unmap(w->map, range);
	case OP_COLLAPSE:
		return ds_extmap_collapse(w->map, range);
	case OP_INSERT:
		return ds_extmap_insert(w->map, range.first,
					range.end.pgidx - range.first.pgidx);
	}
	return -EINVAL;
}

static void apply_to_model(struct t_world *w, const struct t_op *op)
{
	struct t_cell *first = &w->cells[op->first], *end = &w->cells[op->end];
	size_t n = op->end - op->first, n_behind = w->n_cells - op->end;
	struct t_cell *cell;

	if (op->kind == OP_INSERT)
		memmove(end, first, n_behind * sizeof(*end));
	if (op->kind == OP_COLLAPSE) {
		memmove(first, end, n_behind * sizeof(*end));
		end = &w->cells[w->n_cells];
		first = end - n;
	}
	for (cell = first; cell < end; cell++) {
		if (op->kind == OP_MAP) {
			cell->state = op->cell.state;
			cell->pfn = op->cell.pfn +
				    (uint64_t)(cell - first) * w->scale;
		} else if (op->kind != OP_CONVERT) {
			memset(cell, 0, sizeof(*cell));
		} else if (cell->state != DS_EXT_HOLE) {
			cell->state = op->cell.state;
		}
	}
}

static void one_random_op(struct t_world *w, unsigned int max_len,
			  unsigned int mapping)
{
	struct t_op op = pick_op(w, max_len, mapping);
	unsigned int i;

	assert_int_equal(apply_to_map(w, &op), 0);
	apply_to_model(w, &op);
	for (i = 0; i < 4; i++)
		compare_cell(w,
			     (unsigned int)ds_prng_below(&w->prng, w->n_cells));
}

static void tiny_maps_follow_the_model(void **state)
{
	struct t_world w;
	unsigned int i;

	(void)state;
	t_setup(&w, 1 << 20, 16);
	for (i = 0; i < 100000; i++) {
		one_random_op(&w, 5, 4);
		compare_all(&w);
	}
	t_teardown(&w);
}

/* Fills up and empties by turns: leaves split, merge and are evened out. */
static void small_maps_follow_the_model(void **state)
{
	struct t_world w;
	unsigned int i;

	(void)state;
	t_setup(&w, 1 << 20, 400);
	w.prng.state = 1;
	for (i = 0; i < 100000; i++) {
		one_random_op(&w, 4, i / 2000 % 2 ? 2 : 7);
		if (i % 16 == 0)
			compare_all(&w);
	}
	t_teardown(&w);
}

/* Every second cell gets an extent of its own. */
static void fragment(struct t_world *w)
{
	struct t_op op = {.kind = OP_MAP, .cell.state = W};
	unsigned int i;

	for (i = 0; i + 1 < w->n_cells; i += 2) {
		op.first = i;
		op.end = i + 1;
		op.cell.pfn = ds_prng_below(&w->prng, 1 << 20);
		assert_int_equal(apply_to_map(w, &op), 0);
		apply_to_model(w, &op);
	}
}

static void high_trees_follow_the_model(void **state)
{
	struct t_world w;
	unsigned int i;

	(void)state;
	t_setup(&w, 16 << 20, 8000);
	w.prng.state = 2;
	for (i = 0; i < 30000; i++) {
		if (i % 10000 == 0)
			fragment(&w);
		one_random_op(&w, 2, 4);
		/* Now and then whole subtrees go. */
		if (i % 1000 == 999)
			one_random_op(&w, 1500, 2);
		if (i % 500 == 0)
			compare_all(&w);
		if (i % 10000 == 9999)
			t_unmap(&w, 0, DS_PGIDX_MAX);
		if (i % 10000 == 9999)
			memset(w.cells, 0, w.n_cells * sizeof(*w.cells));
	}
	t_teardown(&w);
}

static void wide_gaps_follow_the_model(void **state)
{
	struct t_world w;
	unsigned int i;

	(void)state;
	t_setup(&w, 1 << 20, 300);
	w.prng.state = 3;
	w.scale = UINT64_C(1) << 31;
	for (i = 0; i < 30000; i++) {
		one_random_op(&w, 3, i / 2000 % 2 ? 2 : 7);
		if (i % 16 == 0)
			compare_all(&w);
	}
	t_teardown(&w);
}

static void maps_at_the_limit_follow_the_model(void **state)
{
	struct t_world w;
	unsigned int i;

	(void)state;
	t_setup(&w, 1 << 20, 200);
	w.prng.state = 4;
	w.base = DS_PGIDX_MAX - w.n_cells;
	for (i = 0; i < 30000; i++) {
		one_random_op(&w, 3, i / 2000 % 2 ? 2 : 7);
		if (i % 16 == 0)
			compare_all(&w);
	}
	t_teardown(&w);
}

struct t_filler {
	struct t_filler *next;
};

/* Uses the arena up but for @n_left pieces of @size bytes. */
static struct t_filler *starve(struct ds_arena *arena, size_t size,
			       unsigned int n_left)
{
	struct t_filler *filler, *fillers = NULL;

	while ((filler = ds_arena_alloc(arena, size))) {
		filler->next = fillers;
		fillers = filler;
	}
	while (n_left--) {
		assert_non_null(fillers);
		filler = fillers->next;
		ds_arena_release(arena, fillers, size);
		fillers = filler;
	}
	return fillers;
}

static void feed(struct ds_arena *arena, size_t size, struct t_filler *fillers)
{
	while (fillers) {
		struct t_filler *next = fillers->next;

		ds_arena_release(arena, fillers, size);
		fillers = next;
	}
}

/*
 * Does @op with no memory left, with one node left and so on until it works.
 * Return: how many nodes it took.
 */
static unsigned int op_short_of_memory(struct t_world *w, size_t node,
				       const struct t_op *op)
{
	struct t_filler *fillers;
	unsigned int n_left = 0;
	size_t used;
	int r;

	for (;; n_left++) {
		fillers = starve(w->arena, node, n_left);
		used = ds_arena_used(w->arena);
		r = apply_to_map(w, op);
		if (!r)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_int_equal(ds_arena_used(w->arena), used);
		compare_all(w);
		feed(w->arena, node, fillers);
	}
	feed(w->arena, node, fillers);
	apply_to_model(w, op);
	return n_left;
}

static void out_of_memory_leaves_the_map_as_it_was(void **state)
{
	const struct t_op start_over = {OP_UNMAP, 0, 1000, {0, DS_EXT_HOLE}};
	const struct t_op one_run = {OP_MAP, 0, 900, {0, W}};
	unsigned int i, n, n_failed[5] = {0}, most = 0;
	struct t_world w;
	struct t_op op;
	size_t node;

	(void)state;
	t_setup(&w, 96 << 10, 1000);
	w.prng.state = 5;
	node = ds_arena_used(w.arena);
	t_map(&w, 0, 1, 0, W);
	node = ds_arena_used(w.arena) - node;
	for (i = 0; i < 6000; i++) {
		if (i % 1000 == 0) {
			op_short_of_memory(&w, node, &start_over);
			op_short_of_memory(&w, node, &one_run);
		}
		op = pick_op(&w, 2, 2);
		n = op_short_of_memory(&w, node, &op);
		n_failed[op.kind] += n > 0;
		most = n > most ? n : most;
		if (i % 16 == 0)
			compare_all(&w);
	}
	/* Every change that may need a node has failed, some after one. */
	assert_true(n_failed[OP_MAP] && n_failed[OP_CONVERT]);
	assert_true(n_failed[OP_UNMAP] && n_failed[OP_INSERT]);
	assert_int_equal(n_failed[OP_COLLAPSE], 0);
	assert_true(most > 1);
	t_teardown(&w);
}

static void no_memory_for_the_map_itself_is_reported(void **state)
{
	struct t_world *w = *state;
	struct t_filler *fillers = starve(w->arena, 64, 0);
	struct ds_extmap *map = NULL;

	assert_int_equal(ds_extmap_new(w->arena, &map), -ENOMEM);
	assert_null(map);
	feed(w->arena, 64, fillers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_fresh_map_is_one_hole, t_open,
						t_close),
		cmocka_unit_test_setup_teardown(a_small_map_takes_little_memory,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(lookup_gives_the_whole_run,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(
			contiguous_neighbours_of_one_state_merge, t_open,
			t_close),
		cmocka_unit_test_setup_teardown(
			neighbours_of_other_state_or_place_stay_apart, t_open,
			t_close),
		cmocka_unit_test_setup_teardown(
			filling_a_hole_may_join_both_sides, t_open, t_close),
		cmocka_unit_test_setup_teardown(unmap_trims_runs_and_splits_one,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(convert_splits_and_merges_runs,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(convert_leaves_holes_alone,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(
			collapse_moves_down_what_lies_behind, t_open, t_close),
		cmocka_unit_test_setup_teardown(
			collapse_of_a_whole_hole_merges_contiguous_runs, t_open,
			t_close),
		cmocka_unit_test_setup_teardown(insert_splits_a_run, t_open,
						t_close),
		cmocka_unit_test_setup_teardown(
			insert_between_runs_widens_the_hole, t_open, t_close),
		cmocka_unit_test_setup_teardown(empty_ranges_change_nothing,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(gaps_of_2_to_the_40_pages_work,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(the_last_page_can_have_a_block,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(
			a_run_may_be_all_the_blocks_there_are, t_open, t_close),
		cmocka_unit_test_setup_teardown(
			unmapping_everything_releases_all_nodes, t_open,
			t_close),
		cmocka_unit_test_setup_teardown(misuse_is_asserted, t_open,
						t_close),
		cmocka_unit_test(tiny_maps_follow_the_model),
		cmocka_unit_test(small_maps_follow_the_model),
		cmocka_unit_test(high_trees_follow_the_model),
		cmocka_unit_test(wide_gaps_follow_the_model),
		cmocka_unit_test(maps_at_the_limit_follow_the_model),
		cmocka_unit_test(out_of_memory_leaves_the_map_as_it_was),
		cmocka_unit_test_setup_teardown(
			no_memory_for_the_map_itself_is_reported, t_open,
			t_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
