// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pinning pages and letting them go, on free threads and without records of
 * who holds what.
 */
#include <stdlib.h>

#include "mm/pin.h"
#include "perf/suites.h"
#include "perf/walk.h"
#include "perf/world.h"

enum {
	N_QUERIES = 1 << 20, /* drawn before, so that drawing is not timed */
	N_RANGE = 512,
	HUGE_ORDER = 9,
	N_FOLIO_PAGES = 1 << 16,
};

struct pins {
	struct perf_world world;
	struct ds_vpn first;
	struct ds_pfn first_pfn;
	struct perf_walk walk;
	uint64_t n;
	uint64_t *queries;
	uint64_t at, walk_at, flat_at;
	struct ds_pinned range[N_RANGE];
};

/* What is left of the queries, at most @n. */
static uint64_t take(uint64_t *at, uint64_t n, uint64_t *ret_first)
{
	uint64_t room = N_QUERIES - *at;

	*ret_first = *at;
	n = n < room ? n : room;
	*at = (*at + n) % N_QUERIES;
	return n;
}

static void pin_ours(void *arg, uint64_t n)
{
	struct pins *pins = arg;
	struct ds_task *task = &pins->world.task;
	struct ds_space *space = pins->world.space;
	uint64_t i, first, now;

	for (; n; n -= now) {
		now = take(&pins->at, n, &first);
		for (i = 0; i < now; i++) {
			struct ds_vpn page = {pins->first.vpn +
					      pins->queries[first + i]};

			if (ds_pin_pages(task, space, page, 1, 0,
					 pins->range) != 1)
				perf_die("a page could not be pinned");
			ds_unpin_page(task, space, pins->range);
		}
	}
}

static void pin_walk(void *arg, uint64_t n)
{
	struct pins *pins = arg;
	uint64_t first, now;

	for (; n; n -= now) {
		now = take(&pins->walk_at, n, &first);
		perf_walk_pins(&pins->walk, pins->queries + first, now);
	}
}

static void pin_flat(void *arg, uint64_t n)
{
	struct pins *pins = arg;
	uint64_t first, now;

	for (; n; n -= now) {
		now = take(&pins->flat_at, n, &first);
		perf_flat_pins(&pins->walk, pins->queries + first, now);
	}
}

static uint64_t range_start(struct pins *pins, uint64_t *at)
{
	uint64_t query = pins->queries[*at];

	*at = (*at + 1) % N_QUERIES;
	return query / N_RANGE * N_RANGE;
}

static void pin_range(void *arg, uint64_t n)
{
	struct pins *pins = arg;
	struct ds_task *task = &pins->world.task;
	struct ds_space *space = pins->world.space;
	uint64_t done;

	for (done = 0; done < n; done += N_RANGE) {
		struct ds_vpn first = {pins->first.vpn +
				       range_start(pins, &pins->at)};

		if (ds_pin_pages(task, space, first, N_RANGE, 0, pins->range) !=
		    N_RANGE)
			perf_die("a range could not be pinned");
		ds_unpin_pages(task, space, pins->range, N_RANGE);
	}
}

static void count_range(void *arg, uint64_t n)
{
	struct pins *pins = arg;
	uint64_t done;

	for (done = 0; done < n; done += N_RANGE)
		perf_count_pins(&pins->walk, range_start(pins, &pins->walk_at),
				N_RANGE);
}

static void map_all(struct pins *pins, struct ds_file *file)
{
	struct ds_space *space = pins->world.space;
	struct ds_task *task = &pins->world.task;
	uint64_t addr = 0, i;

	perf_add_blocks(&pins->world, file->inode, 0, pins->n);
	perf_set_pages(&pins->world, file->inode, pins->n);
	perf_expect(ds_vfs_mmap(task, space, file, 0, pins->n << DS_PAGE_SHIFT,
				true, &addr),
		    "mmap");
	pins->first.vpn = addr >> DS_PAGE_SHIFT;
	ds_rwsem_lock(task, &space->mmap_lock, DS_SHARED);
	for (i = 0; i < pins->n; i++)
		perf_expect(ds_space_fault(task, space,
					   (struct ds_vpn){pins->first.vpn + i},
					   false),
			    "a fault");
	ds_rwsem_unlock(task, &space->mmap_lock);
	pins->first_pfn =
		ds_pte_pfn(ds_pgtable_read(&space->table, pins->first));
}

static void open_pins(struct perf *perf, struct pins *pins, uint64_t n)
{
	uint64_t i;

	pins->n = n;
	pins->queries = perf_memory(N_QUERIES * sizeof(*pins->queries));
	for (i = 0; i < N_QUERIES; i++)
		pins->queries[i] = ds_prng_below(&perf->prng, n);
	perf_walk_open(&pins->walk, n);
}

static void close_pins(struct pins *pins)
{
	perf_walk_close(&pins->walk);
	perf_world_close(&pins->world);
	free(pins->queries);
	free(pins);
}

/*
 * Pages of folios, on v6.15. The limit is what the counts alone of as many
 * pages cost that are no folios.
 */
static void measure_folios(struct perf *perf, uint64_t n)
{
	struct pins *pins = perf_memory(sizeof(*pins));
	const struct perf_subject folio[] = {
		{.run = pin_range, .arg = pins},
		{.name = "bare counts", .run = count_range, .arg = pins},
	};

	open_pins(perf, pins, n);
	perf_world_open_as(perf, &pins->world, "xfs-6.15", HUGE_ORDER);
	map_all(pins, perf_file(&pins->world, "file"));
	if (!ds_frame_is_large(pins->world.frames, pins->first_pfn))
		perf_die("the pages are no folios");
	perf_beside(perf, "folio-512", n, folio, 2);
	close_pins(pins);
}

static void measure(struct perf *perf, uint64_t n)
{
	struct pins *pins = perf_memory(sizeof(*pins));
	const struct perf_subject random[] = {
		{.run = pin_ours, .arg = pins},
		{.name = "plain walk", .run = pin_walk, .arg = pins},
		{.name = "flat counts", .run = pin_flat, .arg = pins},
	};
	const struct perf_subject range[] = {
		{.run = pin_range, .arg = pins},
		{.name = "bare counts", .run = count_range, .arg = pins},
	};

	open_pins(perf, pins, n);
	perf_world_open(perf, &pins->world);
	map_all(pins, perf_file(&pins->world, "file"));
	perf_beside(perf, "random", n, random, 3);
	perf_beside(perf, "range-512", n, range, 2);
	close_pins(pins);
}

void perf_run_pins(struct perf *perf)
{
	static const uint64_t sizes[] = {512, 1 << 16, 1 << 20};
	unsigned int i, n_sizes = perf->is_short ? 2 : 3;

	for (i = 0; i < n_sizes; i++) {
		if (sizes[i] <= perf_world_room(perf))
			measure(perf, sizes[i]);
		else
			perf_left_out(perf, "random", sizes[i],
				      "the region is too small");
	}
	/* Where the first block is aligned nobody knows. */
	if (N_FOLIO_PAGES + (1 << HUGE_ORDER) <= perf_world_room(perf))
		measure_folios(perf, N_FOLIO_PAGES);
	else
		perf_left_out(perf, "folio-512", N_FOLIO_PAGES,
			      "the region is too small");
}
