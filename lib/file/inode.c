// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/inode.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "file/pagecache.h"
#include "pmem/copy.h"

int ds_super_new(struct ds_arena *arena, const struct ds_fs_profile *profile,
		 struct ds_frames *frames, struct ds_waitq_table *waitq,
		 unsigned int n_zones, struct ds_super **ret_super)
{
	struct ds_super *super = ds_arena_alloc(arena, sizeof(*super));
	int r;

	if (!super)
		return -ENOMEM;
	super->profile = profile;
	super->arena = arena;
	super->frames = frames;
	frames->files = super;
	super->waitq = waitq;
	super->n_zones = n_zones;
	/* A device or file begins with what it held before. */
	ds_zero_bytes(frames->region->base + DS_ZERO_PFN * DS_PAGE_SIZE,
		      DS_PAGE_SIZE);
	super->zeroout_blocks = profile->zeroout_blocks;
	super->lease_break_time = DS_LEASE_BREAK_TIME;
	ds_rwsem_init(&super->journal, 0, DS_LOCK_JOURNAL, "journal");
	r = ds_blocks_new(arena, ds_pfn(DS_ZERO_PFN + 1), frames->n - 1,
			  n_zones, &super->blocks);
	if (r < 0) {
		ds_arena_release(arena, super, sizeof(*super));
		return r;
	}
	*ret_super = super;
	return 0;
}

void ds_super_free(struct ds_super *super)
{
	while (super->inodes)
		ds_inode_free(super->inodes);
	ds_blocks_free(super->blocks);
	ds_arena_release(super->arena, super, sizeof(*super));
}

void ds_victim_pattern(struct ds_pfn pfn, unsigned char *ret_bytes)
{
	const uint64_t every = UINT64_C(0x0101010101010101);
	uint64_t seed = (0xa5 ^ (pfn.pfn & 0xff)) * every;
	uint64_t i;

	/* Byte i is 0xa5 ^ pfn ^ i; eight at a time, as every freed block of
	 * every run gets it. */
	for (i = 0; i < DS_PAGE_SIZE; i += 8) {
		uint64_t count =
			(i & 0xff) * every + UINT64_C(0x0706050403020100);
		uint64_t word = htole64(seed ^ count);

		memcpy(ret_bytes + i, &word, sizeof(word));
	}
}

static void init_locks(struct ds_inode *inode)
{
	static const char *const names[] = {"i_rwsem", "fault_lock",
					    "extents_lock", "i_mmap"};
	uint32_t id = inode->id;
	unsigned int i;

	for (i = 0; i < 4; i++)
		snprintf(inode->lock_names[i], sizeof(inode->lock_names[i]),
			 "%s.%s", inode->name, names[i]);
	ds_rwsem_init(&inode->lock, 0x20000 + id, DS_LOCK_INODE,
		      inode->lock_names[0]);
	ds_rwsem_init(&inode->fault_lock, 0x30000 + id, DS_LOCK_FAULT,
		      inode->lock_names[1]);
	ds_rwsem_init(&inode->extents_lock, 0x40000 + id, DS_LOCK_EXTENTS,
		      inode->lock_names[2]);
	/* When faults are allowed again cache and extent map must agree. */
	inode->fault_lock.charged[0] = ds_extents_object(id);
	inode->fault_lock.charged[1] = ds_index_object(id);
	inode->fault_lock.charged[2] = ds_holders_object(id);
}

static void set_cache_rules(struct ds_mapping *mapping,
			    const struct ds_super *super)
{
	const struct ds_fs_profile *profile = super->profile;

	mapping->delete_wakes_all = profile->delete_wakes_all;
	mapping->break_takes_copies = profile->break_takes_copies;
	mapping->small_refuses = profile->small_refuses;
	mapping->protects_all = profile->protects_all;
	mapping->scan_skips_locked = profile->scan_skips_locked;
	if (profile->page_cache)
		mapping->store_page = ds_pagecache_store;
	mapping->scan_steps_by_one = profile->scan_steps_by_one;
	if (super->scan_batch)
		mapping->scan_batch = super->scan_batch;
}

int ds_inode_new(struct ds_super *super, const char *name,
		 struct ds_inode **ret_inode)
{
	struct ds_inode *inode = ds_arena_alloc(super->arena, sizeof(*inode));
	int r;

	if (!inode)
		return -ENOMEM;
	inode->super = super;
	inode->id = ++super->n_inodes;
	inode->zone = inode->id - 1;
	snprintf(inode->name, sizeof(inode->name), "%s", name);
	init_locks(inode);
	r = ds_extmap_new(super->arena, &inode->extents);
	if (r < 0) {
		ds_arena_release(super->arena, inode, sizeof(*inode));
		return r;
	}
	r = ds_mapping_init(&inode->mapping, super->arena, inode->id,
			    inode->lock_names[3], super->frames, super->waitq,
			    super->tree_shift, super->concurrent);
	if (r < 0) {
		ds_extmap_free(inode->extents);
		ds_arena_release(super->arena, inode, sizeof(*inode));
		return r;
	}
	if (super->profile->shares_dax)
		r = ds_extmap_new(super->arena, &inode->copies);
	if (r < 0) {
		ds_mapping_fini(&inode->mapping);
		ds_extmap_free(inode->extents);
		ds_arena_release(super->arena, inode, sizeof(*inode));
		return r;
	}
	set_cache_rules(&inode->mapping, super);
	inode->mapping.file = inode;
	inode->next = super->inodes;
	super->inodes = inode;
	*ret_inode = inode;
	return 0;
}

void ds_inode_free(struct ds_inode *inode)
{
	struct ds_super *super = inode->super;
	struct ds_inode **link = &super->inodes;

	while (*link != inode)
		link = &(*link)->next;
	*link = inode->next;
	ds_mapping_fini(&inode->mapping);
	ds_extmap_free(inode->copies);
	ds_extmap_free(inode->extents);
	ds_arena_release(super->arena, inode, sizeof(*inode));
}

struct ds_inode *ds_super_inode(const struct ds_super *super, uint32_t id)
{
	struct ds_inode *inode = super->inodes;

	while (inode && inode->id != id)
		inode = inode->next;
	return inode;
}

/* Not: names of locks, zone and whatever else follows from the number. */
static void digest_inode(const struct ds_inode *inode, struct ds_digest *digest)
{
	uint64_t words[sizeof(inode->name) / sizeof(uint64_t)];
	unsigned int i;

	ds_digest_add(digest, inode->id);
	memcpy(words, inode->name, sizeof(words));
	for (i = 0; inode->n_links && i < sizeof(words) / sizeof(words[0]); i++)
		ds_digest_add(digest, le64toh(words[i]));
	ds_digest_add(digest, (uint64_t)inode->n_links << 32 | inode->n_users);
	ds_digest_add(digest, atomic_load(&inode->size));
	ds_digest_add(digest, inode->disk_size);
	ds_digest_add(digest, (uint64_t)atomic_load(&inode->n_direct) << 1 |
				      inode->has_shared);
	/* Only where it can be: elsewhere the same for all. */
	if (inode->super->follows_commits)
		ds_digest_add(digest, inode->uncommitted);
	ds_rwsem_digest(&inode->lock, digest);
	ds_rwsem_digest(&inode->fault_lock, digest);
	ds_rwsem_digest(&inode->extents_lock, digest);
	ds_extmap_digest(inode->extents, digest);
	if (inode->copies)
		ds_extmap_digest(inode->copies, digest);
	ds_mapping_digest(&inode->mapping, digest);
}

/*
 * Numbers are given out in order, so the list has an order that means nothing
 * more. Not: statistics, and what stays as it was made. Of waits for pins only
 * whether there are any; who remembers one knows whether it lasts.
 */
void ds_super_digest(const struct ds_super *super, struct ds_digest *digest)
{
	const struct ds_inode *inode;

	ds_digest_add(digest, (uint64_t)super->n_inodes << 32 | super->n_files);
	ds_digest_add(digest, super->n_waiting);
	ds_rwsem_digest(&super->journal, digest);
	for (inode = super->inodes; inode; inode = inode->next)
		digest_inode(inode, digest);
	ds_digest_add(digest, UINT64_MAX);
	ds_blocks_digest(super->blocks, digest);
}

uint64_t ds_inode_size(struct ds_task *task, struct ds_inode *inode)
{
	uint64_t size;

	ds_yield(task, DS_AT_SIZE_READ, ds_reads(ds_size_object(inode->id)));
	ds_touch(task, ds_size_object(inode->id), DS_READ);
	size = atomic_load(&inode->size);
	ds_task_saw(task, size);
	return size;
}

void ds_inode_set_size(struct ds_task *task, struct ds_inode *inode,
		       uint64_t size)
{
	struct ds_event event = {
		.kind = DS_EV_SIZE_CHANGED,
		.inode = inode->id,
		.offset = size,
	};

	ds_yield(task, DS_AT_SIZE_WRITE, ds_writes(ds_size_object(inode->id)));
	ds_touch(task, ds_size_object(inode->id), DS_WRITE);
	event.n = atomic_exchange(&inode->size, size);
	ds_inode_dirty(inode);
	ds_tell(task, "i_size = %llu", (unsigned long long)size);
	ds_task_send(task, &event);
}

bool ds_inode_lock_io(struct ds_task *task, struct ds_inode *inode,
		      enum ds_lock_mode mode)
{
	if (task->nowait && ds_keeps(task, DS_RULE_NOWAIT_TRIES_LOCK))
		return ds_rwsem_trylock(task, &inode->lock, mode);
	ds_rwsem_lock(task, &inode->lock, mode);
	return true;
}

void ds_inode_lock_faults(struct ds_task *task, struct ds_inode *inode)
{
	ds_rwsem_lock(task, &inode->fault_lock, DS_EXCLUSIVE);
}

void ds_inode_unlock_faults(struct ds_task *task, struct ds_inode *inode)
{
	struct ds_event event = {
		.kind = DS_EV_FAULTS_ALLOWED,
		.inode = inode->id,
	};

	ds_rwsem_unlock(task, &inode->fault_lock);
	ds_task_send(task, &event);
}

void ds_inode_wait_direct(struct ds_task *task, struct ds_inode *inode)
{
	ds_obj count = ds_object(DS_OBJ_COUNTER, inode->id, 0);

	ds_yield(task, DS_AT_COUNT, ds_reads(count));
	ds_touch(task, count, DS_READ);
	/* Nothing adds to it, see the header. */
	ds_assert(atomic_load(&inode->n_direct) == 0);
}
