// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whole calls on a mapped file whose every run has an entry in the page cache,
 * while pages of another file are pinned; and the search for a busy page by
 * itself, beside the least that can be done.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mm/pin.h"
#include "perf/fileops.h"
#include "perf/suites.h"

/* ------------------------------ Cached files ------------------------------ */

static void cache_page(struct ds_task *task, struct ds_inode *inode,
		       uint64_t page, struct ds_pfn pfn)
{
	struct ds_mapping *mapping = &inode->mapping;
	uint64_t entry;

	perf_expect(ds_entry_grab(task, mapping, ds_pgidx(page), &entry),
		    "an entry");
	if (!ds_entry_is_data(entry))
		ds_entry_fill(task, mapping, ds_pgidx(page), ds_entry_data(pfn),
			      false);
	ds_entry_unlock(task, mapping, ds_pgidx(page),
			ds_object(DS_OBJ_NONE, 0, 0));
}

/* Every page with a block gets its entry, as after a load from each. */
static void cache_all(struct ds_task *task, struct ds_inode *inode)
{
	uint64_t end = ds_extmap_end(inode->extents).pgidx;
	uint64_t page = 0, i;

	if (ds_xtree_count(inode->mapping.tree) ==
	    ds_extmap_n_blocks(inode->extents))
		return;
	while (page < end) {
		struct ds_extent run =
			ds_extmap_lookup(inode->extents, ds_pgidx(page));

		for (i = 0; run.state != DS_EXT_HOLE && i < run.n_pages; i++)
			cache_page(task, inode, run.page.pgidx + i,
				   ds_pfn(run.pfn.pfn + i));
		page = run.page.pgidx + run.n_pages;
	}
}

static void settle(struct perf_runs *runs)
{
	cache_all(&runs->world->task, runs->file->inode);
}

/* Pins @n pages of a file of their own, for as long as the world lasts. */
static void pin_elsewhere(struct perf_world *world, uint64_t n)
{
	struct ds_file *file = perf_file(world, "pinned");
	struct ds_pinned *pinned = perf_memory((n + 1) * sizeof(*pinned));
	uint64_t addr = 0;

	perf_add_blocks(world, file->inode, 0, n);
	perf_set_pages(world, file->inode, n);
	perf_expect(ds_vfs_mmap(&world->task, world->space, file, 0,
				n << DS_PAGE_SHIFT, true, &addr),
		    "mmap");
	if (ds_pin_pages(&world->task, world->space,
			 (struct ds_vpn){addr >> DS_PAGE_SHIFT}, n, 0,
			 pinned) != (int64_t)n)
		perf_die("pages could not be pinned");
	free(pinned);
}

static void report(struct perf *perf, uint64_t n, uint64_t n_pins,
		   struct perf_samples *samples)
{
	char name[40];
	unsigned int op;

	for (op = 0; op < PERF_N_FILEOPS; op++) {
		if (n_pins)
			snprintf(name, sizeof(name), "%s-cached-%llu-pins",
				 perf_fileop_names[op],
				 (unsigned long long)n_pins);
		else
			snprintf(name, sizeof(name), "%s-cached",
				 perf_fileop_names[op]);
		perf_report(perf, name, n, "ns", &samples[op], NULL, NULL,
			    NULL);
		perf_samples_free(&samples[op]);
	}
}

static void measure_calls(struct perf *perf, uint64_t n, uint64_t n_pins)
{
	struct perf_samples samples[PERF_N_FILEOPS] = {{0}};
	uint64_t n_times = (perf->is_short ? 100000 : 1000000) / n;
	double cost = perf_wall_cost();
	struct perf_world world;
	struct perf_runs runs = {.world = &world, .n = n, .settle = settle};
	uint64_t addr = 0;

	n_times = n_times < 3 ? 3 : n_times > 100 ? 100 : n_times;
	perf_world_open(perf, &world);
	runs.file = perf_file(&world, "file");
	perf_fill_runs(&world, runs.file->inode, n);
	perf_expect(ds_vfs_mmap(&world.task, world.space, runs.file, 0,
				2 * n << DS_PAGE_SHIFT, true, &addr),
		    "mmap");
	if (n_pins)
		pin_elsewhere(&world, n_pins);
	while (n_times--)
		perf_fileops_once(&runs, &perf->prng, cost, samples);
	report(perf, n, n_pins, samples);
	perf_world_close(&world);
}

/* -------------------------- The search by itself -------------------------- */

struct scan {
	struct perf_world world;
	struct ds_inode *inode;
	uint64_t n;
	struct ds_vpn first; /* where the file is mapped */
	struct ds_pfn pfn;   /* of its first page */
	bool is_busy;        /* the last page is */
	atomic_int *counts;  /* the same as an array */
};

static void scan_ours(void *arg, uint64_t n)
{
	struct scan *scan = arg;
	struct ds_pfn pfn;

	while (n--)
		if (ds_mapping_first_busy(
			    &scan->world.task, &scan->inode->mapping,
			    ds_pgrange_all(), false, &pfn) != scan->is_busy)
			perf_die("the search is wrong");
}

/* The tree and the counts, without locks, steps and care. */
static bool walk_finds_busy(const struct scan *scan)
{
	const struct ds_xtree *tree = scan->inode->mapping.tree;
	const struct ds_frame *frames = scan->world.frames->frames;
	struct ds_pgrange range = ds_pgrange_all();
	struct ds_xtree_run run = {0};
	uint64_t i = 0;

	ds_xtree_read_begin(tree);
	while (i == run.n && (run = ds_xtree_next_run(tree, range)).n) {
		for (i = 0; i < run.n; i++) {
			uint64_t entry = ds_xtree_run_value(run, i);

			if (ds_entry_is_data(entry) &&
			    ds_frame_extra(&frames[ds_entry_pfn(entry).pfn]) >
				    0)
				break;
		}
		range.first = ds_xtree_run_end(run);
	}
	ds_xtree_read_end(tree);
	return i < run.n;
}

static void scan_walk(void *arg, uint64_t n)
{
	struct scan *scan = arg;

	while (n--)
		if (walk_finds_busy(scan) != scan->is_busy)
			perf_die("the walk is wrong");
}

static void scan_flat(void *arg, uint64_t n)
{
	struct scan *scan = arg;
	uint64_t i;

	while (n--) {
		for (i = 0; i < scan->n; i++)
			if (atomic_load_explicit(&scan->counts[i],
						 memory_order_relaxed) > 0)
				break;
		if ((i < scan->n) != scan->is_busy)
			perf_die("the array is wrong");
	}
}

static void scan_beside(struct perf *perf, struct scan *scan, const char *name)
{
	const struct perf_subject subjects[] = {
		{.run = scan_ours, .arg = scan},
		{.name = "bare walk", .run = scan_walk, .arg = scan},
		{.name = "flat counts", .run = scan_flat, .arg = scan},
	};

	perf_beside(perf, name, scan->n, subjects, 3);
}

static void map_pages(void *arg)
{
	struct scan *scan = arg;
	struct ds_task *task = &scan->world.task;
	uint64_t i;

	for (i = 0; i < scan->n; i++)
		perf_expect(
			ds_pte_set(task, scan->world.space,
				   (struct ds_vpn){scan->first.vpn + i},
				   ds_pte(ds_pfn(scan->pfn.pfn + i), false)),
			"a page-table entry");
}

static void unmap_pages(void *arg, uint64_t n)
{
	struct scan *scan = arg;

	(void)n;
	ds_rmap_unmap(&scan->world.task, &scan->inode->mapping.rmap,
		      ds_pgrange_all(), false);
}

static void measure_scan(struct perf *perf, uint64_t n)
{
	struct scan *scan = perf_memory(sizeof(*scan));
	struct perf_subject unmap = {
		.run = unmap_pages, .arg = scan, .n = n, .before = map_pages};
	struct ds_file *file;
	uint64_t addr = 0;

	scan->n = n;
	scan->counts = perf_memory(n * sizeof(*scan->counts));
	perf_world_open(perf, &scan->world);
	file = perf_file(&scan->world, "file");
	scan->inode = file->inode;
	perf_add_blocks(&scan->world, scan->inode, 0, n);
	perf_set_pages(&scan->world, scan->inode, n);
	cache_all(&scan->world.task, scan->inode);
	scan->pfn = ds_extmap_lookup(scan->inode->extents, ds_pgidx(0)).pfn;
	scan_beside(perf, scan, "busy-scan-none");
	ds_frame_get(&scan->world.task, scan->world.frames,
		     ds_pfn(scan->pfn.pfn + n - 1));
	atomic_store(&scan->counts[n - 1], 1);
	scan->is_busy = true;
	scan_beside(perf, scan, "busy-scan-last");
	if (n <= 1 << 20) {
		perf_expect(ds_vfs_mmap(&scan->world.task, scan->world.space,
					file, 0, n << DS_PAGE_SHIFT, true,
					&addr),
			    "mmap");
		scan->first.vpn = addr >> DS_PAGE_SHIFT;
		perf_beside(perf, "unmap-page", n, &unmap, 1);
	}
	perf_world_close(&scan->world);
	free(scan->counts);
	free(scan);
}

void perf_run_operations(struct perf *perf)
{
	static const uint64_t sizes[] = {1000, 10000, 100000, 1000000};
	static const uint64_t n_pins[] = {0, 1, 1000};
	static const uint64_t entries[] = {1 << 10, 1 << 16, 1 << 20, 1 << 23};
	unsigned int i, j;

	for (i = 0; i < (perf->is_short ? 2 : 4); i++) {
		if (entries[i] <= perf_world_room(perf))
			measure_scan(perf, entries[i]);
		else
			perf_left_out(perf, "busy-scan-none", entries[i],
				      "the region is too small");
	}
	for (i = 0; i < (perf->is_short ? 2 : 4); i++) {
		for (j = 0; j < 3; j++) {
			if (sizes[i] + n_pins[j] <= perf_world_room(perf))
				measure_calls(perf, sizes[i], n_pins[j]);
			else
				perf_left_out(perf, "punch-cached", sizes[i],
					      "the region is too small");
		}
	}
}
