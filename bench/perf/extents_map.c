// SPDX-License-Identifier: LGPL-2.1-or-later
/* The map of an inode itself. */
#include <stdlib.h>

#include "file/extmap.h"
#include "perf/extents.h"
#include "perf/perf.h"

struct map {
	struct ds_arena *arena;
	struct ds_extmap *extents;
};

static void expect(int r)
{
	if (r < 0)
		perf_die("no memory");
}

static void *make(uint64_t n)
{
	struct map *map = perf_memory(sizeof(*map));
	uint64_t i;

	expect(ds_arena_new((size_t)1 << 34, &map->arena));
	expect(ds_extmap_new(map->arena, &map->extents));
	for (i = 0; i < n; i++) {
		uint64_t page = perf_extent_page(i);

		expect(ds_extmap_map(map->extents, ds_pgrange(page, page + 3),
				     ds_pfn(perf_extent_pfn(i)),
				     DS_EXT_WRITTEN));
	}
	return map;
}

static void free_map(void *arg)
{
	struct map *map = arg;

	ds_extmap_free(map->extents);
	ds_arena_free(map->arena);
	free(map);
}

static uint64_t lookup(void *arg, const uint64_t *at, uint64_t n)
{
	const struct ds_extmap *extents = ((struct map *)arg)->extents;
	uint64_t i, sum = 0;

	for (i = 0; i < n; i++) {
		struct ds_extent run =
			ds_extmap_lookup(extents, ds_pgidx(at[i]));

		sum += run.pfn.pfn + at[i] - run.page.pgidx;
	}
	return sum;
}

static void insert(void *arg, const uint64_t *at, uint64_t n)
{
	struct ds_extmap *extents = ((struct map *)arg)->extents;
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint64_t page = perf_extent_page(at[i]) + 3;

		expect(ds_extmap_map(extents, ds_pgrange(page, page + 1),
				     ds_pfn(perf_hole_pfn(at[i])),
				     DS_EXT_WRITTEN));
	}
}

static void take_out(void *arg, const uint64_t *at, uint64_t n)
{
	struct ds_extmap *extents = ((struct map *)arg)->extents;
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint64_t page = perf_extent_page(at[i]) + 3;

		expect(ds_extmap_unmap(extents, ds_pgrange(page, page + 1)));
	}
}

static void collapse(void *arg)
{
	expect(ds_extmap_collapse(((struct map *)arg)->extents,
				  ds_pgrange(3, 4)));
}

static void widen(void *arg)
{
	expect(ds_extmap_insert(((struct map *)arg)->extents, ds_pgidx(3), 1));
}

static uint64_t bytes(void *arg)
{
	return ds_arena_used(((struct map *)arg)->arena);
}

const struct perf_extents_ops perf_extents_map = {
	.name = "extent map",
	.make = make,
	.free = free_map,
	.lookup = lookup,
	.insert = insert,
	.remove = take_out,
	.collapse = collapse,
	.widen = widen,
	.bytes = bytes,
};
