// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/lease.h"
#include "mm/fork.h"

#define DEFAULT_MEMORY ((size_t)1 << 32)

static int make_setup_task(struct ds_world *world)
{
	struct ds_task *task =
		ds_arena_alloc(world->arena, sizeof(*world->setup));

	if (!task)
		return -ENOMEM;
	task->sched = world->sched;
	task->id = DS_TASKS_MAX;
	task->name = "setup";
	world->setup = task;
	return 0;
}

static int make_file_system(struct ds_world *world,
			    const struct ds_world_options *options)
{
	const struct ds_fs_profile *profile = options->profile;
	int r;

	r = ds_frames_new(world->arena, options->region, profile->idle_refs,
			  &world->frames);
	if (r < 0)
		return r;
	world->frames->pte_holds_ref = profile->pte_holds_ref;
	world->frames->huge_order = options->huge_order;
	r = ds_super_new(world->arena, profile, world->frames, world->waitq,
			 options->n_zones, &world->super);
	if (r < 0)
		return r;
	world->super->tree_shift = options->tree_shift;
	world->super->scan_batch = options->scan_batch;
	if (options->huge_order)
		ds_blocks_align(world->super->blocks,
				1U << options->huge_order);
	world->super->concurrent = options->concurrent;
	world->super->victim = options->victim;
	r = ds_space_new(world->arena, 1, "mmap_lock", world->frames,
			 world->waitq, options->table_bits, &world->space);
	if (r < 0)
		return r;
	if (options->huge_order)
		ds_space_set_huge(world->space, options->huge_order);
	world->space->flush = options->flush;
	world->space->close_late =
		profile->break_at_evict || profile->ops->evict;
	world->space->direct_pins = profile->direct_pins;
	world->space->bio_wakes_nobody = profile->bio_wakes_nobody;
	world->space->longterm_pins_first = profile->longterm_pins_first;
	world->space->longterm_allowed = options->longterm_allowed;
	world->space->lost_copy_is_zero = profile->lost_copy_is_zero;
	world->space->fork_copies_shared = profile->fork_copies_shared;
	world->space->counts_sharers = profile->counts_sharers;
	return 0;
}

static int fill(struct ds_world *world, const struct ds_world_options *options)
{
	int r;

	world->waitq = ds_arena_alloc(world->arena, sizeof(*world->waitq));
	if (!world->waitq)
		return -ENOMEM;
	r = ds_sched_new(world->arena, &world->events, &world->sched);
	if (r == 0)
		r = make_setup_task(world);
	if (r == 0)
		r = make_file_system(world, options);
	if (r == 0)
		r = ds_checks_new(world->arena, world->sched, world->super,
				  options->shadow, &world->checks);
	if (r == 0 && options->watch_stores)
		r = ds_checks_watch_stores(world->checks, world->arena);
	if (r < 0)
		return r;
	world->super->watch_stores = options->watch_stores;
	world->sched->check_footprints = options->checked;
	world->sched->pull_readers = options->profile->pull_readers;
	return 0;
}

int ds_world_new(const struct ds_world_options *options,
		 struct ds_world **ret_world)
{
	struct ds_world *world = calloc(1, sizeof(*world));
	int r;

	if (!world)
		return -ENOMEM;
	world->region = options->region;
	r = ds_arena_new(options->memory ? options->memory : DEFAULT_MEMORY,
			 &world->arena);
	if (r == 0)
		r = fill(world, options);
	if (r < 0) {
		ds_world_free(world);
		return r;
	}
	*ret_world = world;
	return 0;
}

int ds_world_add_space(struct ds_world *world, const char *name,
		       struct ds_space **ret_space)
{
	struct ds_space *last = world->space;
	size_t size = strlen(name) + sizeof("mmap_lock of ");
	char *lock = ds_arena_alloc(world->arena, size);
	int r;

	if (!lock)
		return -ENOMEM;
	snprintf(lock, size, "mmap_lock of %s", name);
	while (last->next)
		last = last->next;
	r = ds_space_new_child(world->space, last->id + 1, lock, &last->next);
	*ret_space = last->next;
	return r;
}

void ds_world_free(struct ds_world *world)
{
	if (!world)
		return;
	if (world->sched)
		ds_sched_free(world->sched);
	/* Trees that free nodes later must let go before the arena does. */
	if (world->super) {
		struct ds_inode *inode;

		for (inode = world->super->inodes; inode; inode = inode->next)
			ds_xtree_free(inode->mapping.tree);
	}
	ds_frames_free(world->frames);
	ds_arena_free(world->arena);
	free(world);
}

int ds_world_mark(struct ds_world *world)
{
	ds_frames_mark(world->frames);
	return ds_arena_mark(world->arena);
}

int ds_world_rewind(struct ds_world *world)
{
	if (ds_frames_lost(world->frames))
		return -ENOMEM;
	ds_frames_rewind(world->frames);
	ds_arena_rewind(world->arena);
	return 0;
}

int ds_world_run(struct ds_world *world, struct ds_strategy strategy,
		 uint64_t max_steps, enum ds_run_end *ret_end)
{
	struct ds_sched *sched = world->sched;
	int r = ds_world_rewind(world);

	if (r < 0)
		return r;
	sched->strategy = strategy;
	sched->max_steps = max_steps;
	*ret_end = ds_sched_run(sched);
	if (*ret_end == DS_RUN_VOID)
		return sched->void_error;
	return ds_frames_lost(world->frames) ? -ENOMEM : 0;
}

/* What lives in the arena and is in none of these never changes in a run. */
struct ds_digest ds_world_digest(const struct ds_world *world)
{
	struct ds_digest digest = {1, 1};
	const struct ds_space *space;

	ds_sched_digest(world->sched, &digest);
	ds_waitq_digest(world->waitq, &digest);
	ds_frames_digest(world->frames, &digest);
	for (space = world->space; space; space = space->next)
		ds_space_digest(space, &digest);
	ds_super_digest(world->super, &digest);
	ds_leases_digest(world->super, atomic_load(&world->sched->now),
			 &digest);
	ds_vfs_digest(world->super, &digest);
	ds_checks_digest(world->checks, &digest);
	if (world->digest)
		world->digest(world->digest_arg, &digest);
	return ds_digest_mixed(digest);
}

static uint64_t hash_frame(const struct ds_world *world, uint64_t hash,
			   struct ds_pfn pfn)
{
	const struct ds_frame *frame = ds_frame_view(world->frames, pfn);
	const unsigned char *bytes = ds_frame_bytes(world->frames, pfn);
	uint64_t word, i;

	hash = ds_hash_step(hash, pfn.pfn);
	hash = ds_hash_step(hash, (uint64_t)ds_frame_extra(frame));
	hash = ds_hash_step(hash, frame->mapping);
	hash = ds_hash_step(hash, frame->index);
	hash = ds_hash_step(hash, frame->file);
	if (frame->poisoned)
		hash = ds_hash_step(hash, 1);
	for (i = 0; i < DS_PAGE_SIZE; i += sizeof(word)) {
		__builtin_memcpy(&word, bytes + i, sizeof(word));
		/* Cheap inside the page; mixed once behind it. */
		hash = (hash ^ word) * UINT64_C(0x100000001b3);
	}
	return ds_mix64(hash);
}

static uint64_t hash_inode(const struct ds_world *world, uint64_t hash,
			   const struct ds_inode *inode)
{
	struct ds_pgrange range = ds_pgrange_all();
	struct ds_pgidx page = {0};
	uint64_t entry, i;

	hash = ds_hash_step(hash, inode->id);
	hash = ds_hash_step(hash, atomic_load(&inode->size));
	hash = ds_hash_step(hash, inode->disk_size);
	hash = ds_hash_step(hash, inode->n_links << 16 | inode->n_users);
	while (page.pgidx < ds_extmap_end(inode->extents).pgidx) {
		struct ds_extent run = ds_extmap_lookup(inode->extents, page);

		page.pgidx = run.page.pgidx + run.n_pages;
		if (run.state == DS_EXT_HOLE)
			continue;
		hash = ds_hash_step(hash, run.page.pgidx);
		hash = ds_hash_step(hash, run.n_pages << 2 | run.state);
		for (i = 0; i < run.n_pages; i++)
			hash = hash_frame(world, hash, ds_pfn(run.pfn.pfn + i));
	}
	while ((entry = ds_xtree_next(inode->mapping.tree, range, &page))) {
		hash = ds_hash_step(hash, page.pgidx);
		hash = ds_hash_step(hash, entry);
		hash = ds_hash_step(hash,
				    ds_xtree_has_tag(inode->mapping.tree, page,
						     DS_XTREE_DIRTY));
		range.first.pgidx = page.pgidx + 1;
	}
	return hash;
}

static uint64_t hash_space(const struct ds_world *world,
			   const struct ds_space *space, uint64_t hash)
{
	const struct ds_vma *vma;
	struct ds_vpn vpn;
	uint64_t pte;

	for (vma = space->vmas; vma; vma = vma->next) {
		hash = ds_hash_step(hash, vma->first.vpn);
		hash = ds_hash_step(hash, vma->end.vpn);
		for (vpn = vma->first; vpn.vpn < vma->end.vpn; vpn.vpn++) {
			pte = ds_pgtable_read(&space->table, vpn);
			hash = ds_hash_step(hash, pte);
			if (pte && ds_pfn_is_ordinary(ds_pte_pfn(pte)))
				hash = hash_frame(world, hash, ds_pte_pfn(pte));
		}
	}
	return hash;
}

uint64_t ds_world_hash(const struct ds_world *world)
{
	const struct ds_inode *inode;
	const struct ds_holder *holder;
	const struct ds_space *space;
	uint64_t hash = 0, holders = 0;
	unsigned int i;

	for (inode = world->super->inodes; inode; inode = inode->next)
		hash = hash_inode(world, hash, inode);
	for (space = world->space; space; space = space->next)
		hash = hash_space(world, space, hash);
	/* The order of the list is no state: add up. */
	for (holder = world->frames->holders; holder; holder = holder->next)
		holders += ds_hash_step(holder->pfn.pfn, holder->task);
	hash = ds_hash_step(hash, holders);
	for (i = 0; i < world->checks->n_victims; i++)
		holders += hash_frame(world, 0, world->checks->victims[i]);
	return ds_hash_step(hash, holders);
}
