// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf/world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/extents.h"
#include "fs/profiles.h"

#define MEMORY ((size_t)1 << 34)

enum {
	TREE_SHIFT = 9,
	TABLE_BITS = 9,
};

uint64_t perf_world_room(const struct perf *perf)
{
	/* Frame 0 is the zero page. */
	return (perf->region->size >> DS_PAGE_SHIFT) - 1;
}

void perf_expect(int64_t r, const char *what)
{
	char why[80];

	if (r >= 0)
		return;
	snprintf(why, sizeof(why), "%s failed: %s", what, strerror((int)-r));
	perf_die(why);
}

void perf_world_open(const struct perf *perf, struct perf_world *world)
{
	perf_world_open_as(perf, world, "ext4-4.19", 0);
}

void perf_world_open_as(const struct perf *perf, struct perf_world *world,
			const char *fs, unsigned int huge_order)
{
	const struct ds_fs_profile *profile = ds_profile_find(fs);

	memset(world, 0, sizeof(*world));
	perf_expect(ds_arena_new(MEMORY, &world->arena), "the arena");
	world->waitq = ds_arena_alloc(world->arena, sizeof(*world->waitq));
	if (!world->waitq)
		perf_die("no memory");
	perf_expect(ds_sched_new(world->arena, &world->events, &world->sched),
		    "the scheduler");
	world->task.sched = world->sched;
	world->task.id = DS_TASKS_MAX;
	world->task.name = "bench";
	perf_expect(ds_frames_new(world->arena, perf->region,
				  profile->idle_refs, &world->frames),
		    "the frames");
	world->frames->pte_holds_ref = profile->pte_holds_ref;
	world->frames->keep_holders = false;
	world->frames->huge_order = huge_order;
	perf_expect(ds_super_new(world->arena, profile, world->frames,
				 world->waitq, 1, &world->super),
		    "the file system");
	world->super->tree_shift = TREE_SHIFT;
	world->super->concurrent = true;
	perf_expect(ds_space_new(world->arena, 1, "mmap_lock", world->frames,
				 world->waitq, TABLE_BITS, &world->space),
		    "the address space");
	world->space->direct_pins = profile->direct_pins;
	if (!huge_order)
		return;
	ds_blocks_align(world->super->blocks, 1U << huge_order);
	ds_space_set_huge(world->space, huge_order);
}

void perf_world_close(struct perf_world *world)
{
	struct ds_inode *inode;

	ds_sched_free(world->sched);
	for (inode = world->super->inodes; inode; inode = inode->next)
		ds_xtree_free(inode->mapping.tree);
	ds_frames_free(world->frames);
	ds_arena_free(world->arena);
}

struct ds_file *perf_file(struct perf_world *world, const char *name)
{
	struct ds_file *file = NULL;

	perf_expect(ds_vfs_open(&world->task, world->super, name,
				O_RDWR | O_CREAT, &file),
		    "open");
	return file;
}

void perf_add_blocks(struct perf_world *world, struct ds_inode *inode,
		     uint64_t page, uint64_t n)
{
	struct ds_task *task = &world->task;
	int64_t got;

	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	for (; n; n -= (uint64_t)got, page += (uint64_t)got) {
		got = ds_inode_add_blocks(task, inode,
					  ds_pgrange(page, page + n),
					  DS_EXT_WRITTEN, false);
		perf_expect(got, "allocation");
	}
	ds_rwsem_unlock(task, &inode->extents_lock);
}

void perf_add_block(struct perf_world *world, struct ds_inode *inode,
		    uint64_t page)
{
	perf_add_blocks(world, inode, page, 1);
}

void perf_set_pages(struct perf_world *world, struct ds_inode *inode,
		    uint64_t pages)
{
	inode->disk_size = pages << DS_PAGE_SHIFT;
	ds_inode_set_size(&world->task, inode, inode->disk_size);
}

void perf_fill_runs(struct perf_world *world, struct ds_inode *inode,
		    uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		perf_add_block(world, inode, 2 * i);
	perf_set_pages(world, inode, 2 * n);
}
