// SPDX-License-Identifier: LGPL-2.1-or-later
/* The tree of the page cache itself, with several fan-outs. */
#include <stdlib.h>

#include "cache/xtree.h"
#include "perf/index.h"
#include "perf/perf.h"

struct tree {
	struct ds_arena *arena;
	struct ds_xtree *tree;
};

static void *make(unsigned int shift)
{
	struct tree *tree = perf_memory(sizeof(*tree));

	if (ds_arena_new((size_t)1 << 36, &tree->arena) < 0 ||
	    ds_xtree_new(tree->arena, shift, true, &tree->tree) < 0)
		perf_die("no memory");
	return tree;
}

static void *make_512(struct perf_keys keys)
{
	(void)keys;
	return make(9);
}

static void *make_256(struct perf_keys keys)
{
	(void)keys;
	return make(8);
}

static void *make_64(struct perf_keys keys)
{
	(void)keys;
	return make(6);
}

static void free_tree(void *index)
{
	struct tree *tree = index;

	ds_xtree_free(tree->tree);
	ds_arena_free(tree->arena);
	free(tree);
}

static void fill(void *index, struct perf_keys keys)
{
	struct tree *tree = index;
	uint64_t i;

	for (i = 0; i < keys.n; i++)
		if (ds_xtree_store(tree->tree, ds_pgidx(perf_key(keys, i)),
				   perf_value(i)) < 0)
			perf_die("no memory");
}

static uint64_t lookup(void *index, const uint64_t *at, uint64_t n)
{
	const struct ds_xtree *tree = ((struct tree *)index)->tree;
	uint64_t i, sum = 0;

	for (i = 0; i < n; i++)
		sum += ds_xtree_look(tree, ds_pgidx(at[i]));
	return sum;
}

static uint64_t lookup_held(void *index, const uint64_t *at, uint64_t n)
{
	const struct ds_xtree *tree = ((struct tree *)index)->tree;
	uint64_t i, sum = 0;

	ds_xtree_read_begin(tree);
	for (i = 0; i < n; i++)
		sum += ds_xtree_load(tree, ds_pgidx(at[i]));
	ds_xtree_read_end(tree);
	return sum;
}

static uint64_t chase(void *index, struct perf_keys keys, uint64_t i,
		      uint64_t n)
{
	const struct ds_xtree *tree = ((struct tree *)index)->tree;

	ds_xtree_read_begin(tree);
	while (n--)
		i = perf_follow(ds_xtree_load(tree,
					      ds_pgidx(perf_key(keys, i))),
				keys.n);
	ds_xtree_read_end(tree);
	return i;
}

static uint64_t walk(void *index, uint64_t first, uint64_t end)
{
	const struct ds_xtree *tree = ((struct tree *)index)->tree;
	struct ds_pgrange range = ds_pgrange(first, end);
	struct ds_xtree_run run;
	uint64_t i, sum = 0;

	ds_xtree_read_begin(tree);
	while ((run = ds_xtree_next_run(tree, range)).n) {
		for (i = 0; i < run.n; i++)
			sum += ds_xtree_run_value(run, i);
		range.first = ds_xtree_run_end(run);
	}
	ds_xtree_read_end(tree);
	return sum;
}

static uint64_t bytes(void *index)
{
	return ds_arena_used(((struct tree *)index)->arena);
}

const struct perf_index_ops perf_index_xtree = {
	.name = "fan-out 512",
	.make = make_512,
	.free = free_tree,
	.fill = fill,
	.lookup = lookup,
	.lookup_held = lookup_held,
	.chase = chase,
	.walk = walk,
	.bytes = bytes,
};

const struct perf_index_ops perf_index_xtree_256 = {
	.name = "fan-out 256",
	.make = make_256,
	.free = free_tree,
	.fill = fill,
	.lookup = lookup,
	.lookup_held = lookup_held,
	.chase = chase,
	.walk = walk,
	.bytes = bytes,
};

const struct perf_index_ops perf_index_xtree_64 = {
	.name = "fan-out 64",
	.make = make_64,
	.free = free_tree,
	.fill = fill,
	.lookup = lookup,
	.lookup_held = lookup_held,
	.chase = chase,
	.walk = walk,
	.bytes = bytes,
};
