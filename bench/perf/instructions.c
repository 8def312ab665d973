// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs each of the hottest paths PATH_TIMES times, for a tool that counts
 * instructions: tests/perf/instructions.py. Each is a function of its own
 * called path_<name>, whose inclusive count is what is wanted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/extmap.h"
#include "mm/pin.h"
#include "perf/world.h"

enum {
	PATH_TIMES = 1000,
	N_ENTRIES = 4096, /* of trees and files; more than one level */
};

/* What the paths work on. */
struct ground {
	struct perf_world world;
	struct ds_file *file; /* N_ENTRIES pages, mapped, all in the cache */
	struct ds_arena *arena;
	struct ds_xtree *tree;
	struct ds_extmap *map;
	struct ds_vpn first;
	unsigned char *page;
};

/* Places all over, the same in each run. */
static uint64_t place(uint64_t i)
{
	return i * 2654435761u % N_ENTRIES;
}

static void path_xtree_load(struct ground *ground)
{
	uint64_t i, sum = 0;

	for (i = 0; i < PATH_TIMES; i++)
		sum += ds_xtree_load(ground->tree, ds_pgidx(place(i)));
	perf_keep(sum);
}

static void path_xtree_section(struct ground *ground)
{
	uint64_t i;

	for (i = 0; i < PATH_TIMES; i++) {
		ds_xtree_read_begin(ground->tree);
		ds_xtree_read_end(ground->tree);
	}
}

static void path_xtree_erase_store(struct ground *ground)
{
	uint64_t i;

	for (i = 0; i < PATH_TIMES; i++) {
		struct ds_pgidx at = ds_pgidx(place(i));
		uint64_t value = ds_xtree_erase(ground->tree, at);

		perf_expect(ds_xtree_store(ground->tree, at, value), "a store");
	}
}

static void path_extmap_lookup(struct ground *ground)
{
	uint64_t i, sum = 0;

	for (i = 0; i < PATH_TIMES; i++)
		sum += ds_extmap_lookup(ground->map, ds_pgidx(2 * place(i)))
			       .pfn.pfn;
	perf_keep(sum);
}

static void path_extmap_map_unmap(struct ground *ground)
{
	uint64_t i;

	for (i = 0; i < PATH_TIMES; i++) {
		uint64_t page = 2 * place(i) + 1;
		struct ds_pgrange range = ds_pgrange(page, page + 1);

		perf_expect(ds_extmap_map(ground->map, range, ds_pfn(1),
					  DS_EXT_WRITTEN),
			    "mapping");
		perf_expect(ds_extmap_unmap(ground->map, range), "unmapping");
	}
}

static void path_extmap_collapse_insert(struct ground *ground)
{
	uint64_t i;

	for (i = 0; i < PATH_TIMES; i++) {
		perf_expect(ds_extmap_collapse(ground->map, ds_pgrange(1, 2)),
			    "collapse");
		perf_expect(ds_extmap_insert(ground->map, ds_pgidx(1), 1),
			    "insert");
	}
}

static void path_rwsem_read_pair(struct ground *ground)
{
	struct ds_rwsem *sem = &ground->file->inode->lock;
	unsigned int i;

	for (i = 0; i < PATH_TIMES; i++) {
		ds_rwsem_lock(&ground->world.task, sem, DS_SHARED);
		ds_rwsem_unlock(&ground->world.task, sem);
	}
}

static void path_rwsem_write_pair(struct ground *ground)
{
	struct ds_rwsem *sem = &ground->file->inode->lock;
	unsigned int i;

	for (i = 0; i < PATH_TIMES; i++) {
		ds_rwsem_lock(&ground->world.task, sem, DS_EXCLUSIVE);
		ds_rwsem_unlock(&ground->world.task, sem);
	}
}

static void path_pin_unpin(struct ground *ground)
{
	struct ds_space *space = ground->world.space;
	struct ds_pinned pinned;
	uint64_t i;

	for (i = 0; i < PATH_TIMES; i++) {
		struct ds_vpn page = {ground->first.vpn + place(i)};

		if (ds_pin_pages(&ground->world.task, space, page, 1, 0,
				 &pinned) != 1)
			perf_die("a page could not be pinned");
		ds_unpin_page(&ground->world.task, space, &pinned);
	}
}

static void path_pread_4k(struct ground *ground)
{
	uint64_t i;

	for (i = 0; i < PATH_TIMES; i++)
		perf_expect(ds_vfs_pread(&ground->world.task, ground->file,
					 ground->page, DS_PAGE_SIZE,
					 (int64_t)(place(i) << DS_PAGE_SHIFT)),
			    "pread");
}

static void path_pwrite_4k(struct ground *ground)
{
	uint64_t i;

	for (i = 0; i < PATH_TIMES; i++)
		perf_expect(ds_vfs_pwrite(&ground->world.task, ground->file,
					  ground->page, DS_PAGE_SIZE,
					  (int64_t)(place(i) << DS_PAGE_SHIFT)),
			    "pwrite");
}

/* Of as many pages as there are times. */
static void path_first_busy_page(struct ground *ground)
{
	struct ds_pfn pfn;

	if (ds_mapping_first_busy(&ground->world.task,
				  &ground->file->inode->mapping,
				  ds_pgrange(0, PATH_TIMES), false, &pfn))
		perf_die("nothing is busy");
}

static void open_file(struct ground *ground)
{
	struct perf_world *world = &ground->world;
	uint64_t addr = 0, i;

	ground->file = perf_file(world, "file");
	perf_add_blocks(world, ground->file->inode, 0, N_ENTRIES);
	perf_set_pages(world, ground->file->inode, N_ENTRIES);
	perf_expect(ds_vfs_mmap(&world->task, world->space, ground->file, 0,
				N_ENTRIES << DS_PAGE_SHIFT, true, &addr),
		    "mmap");
	ground->first.vpn = addr >> DS_PAGE_SHIFT;
	for (i = 0; i < N_ENTRIES; i++)
		if (ds_space_access(&world->task, world->space,
				    addr + (i << DS_PAGE_SHIFT), ground->page,
				    1, true) != 1)
			perf_die("a page could not be touched");
}

static void open_ground(struct ground *ground, const struct perf *perf)
{
	uint64_t i;

	perf_world_open(perf, &ground->world);
	ground->page = perf_memory(DS_PAGE_SIZE);
	open_file(ground);
	perf_expect(ds_arena_new((size_t)1 << 30, &ground->arena), "memory");
	perf_expect(ds_xtree_new(ground->arena, 9, true, &ground->tree),
		    "a tree");
	perf_expect(ds_extmap_new(ground->arena, &ground->map), "a map");
	for (i = 0; i < N_ENTRIES; i++) {
		perf_expect(ds_xtree_store(ground->tree, ds_pgidx(i), i + 1),
			    "a store");
		perf_expect(ds_extmap_map(ground->map,
					  ds_pgrange(2 * i, 2 * i + 1),
					  ds_pfn(3 * i + 2), DS_EXT_WRITTEN),
			    "mapping");
	}
}

/*
 * Read at run time, so that each stays a function that is found by its name.
 * The last unmaps the file.
 */
static void (*const volatile paths[])(struct ground *ground) = {
	path_xtree_load,        path_xtree_section,
	path_xtree_erase_store, path_extmap_lookup,
	path_extmap_map_unmap,  path_extmap_collapse_insert,
	path_rwsem_read_pair,   path_rwsem_write_pair,
	path_pin_unpin,         path_pread_4k,
	path_pwrite_4k,         path_first_busy_page,
};

int main(int argc, char **argv)
{
	struct ds_region_options options = {.size = UINT64_C(64) << 20};
	struct perf perf = {.is_short = true};
	struct ground ground = {.file = NULL};
	char why[256];
	size_t i;

	if (argc > 1 && strcmp(argv[1], "--build") == 0) {
		printf("%s, %s\n%d\n", DAXSIM_COMPILER, DAXSIM_FLAGS,
		       PATH_TIMES);
		return 0;
	}
	if (ds_region_open(&options, &perf.region, why, sizeof(why)) < 0)
		perf_die(why);
	open_ground(&ground, &perf);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		paths[i](&ground);
	ds_xtree_free(ground.tree);
	ds_arena_free(ground.arena);
	perf_world_close(&ground.world);
	free(ground.page);
	ds_region_close(perf.region);
	return 0;
}
