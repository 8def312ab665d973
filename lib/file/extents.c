// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/extents.h"

#include <errno.h>

#include "file/cow.h"
#include "file/pagecache.h"

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

struct ds_extent ds_inode_lookup_locked(struct ds_task *task,
					struct ds_inode *inode,
					struct ds_pgidx page)
{
	struct ds_extent run;

	ds_assert(ds_rwsem_holds(task, &inode->extents_lock, DS_SHARED) ||
		  ds_rwsem_holds(task, &inode->extents_lock, DS_EXCLUSIVE));
	ds_yield(task, DS_AT_EXTENT_READ,
		 ds_reads(ds_extents_object(inode->id)));
	ds_touch(task, ds_extents_object(inode->id), DS_READ);
	run = ds_extmap_lookup(inode->extents, page);
	ds_task_saw(task, run.page.pgidx);
	ds_task_saw(task, run.n_pages);
	ds_task_saw(task, run.pfn.pfn << 2 | run.state);
	return run;
}

uint64_t ds_inode_ask_own(const struct ds_inode *inode,
			  const struct ds_extent *run, struct ds_pgidx page,
			  uint64_t n)
{
	uint64_t left = run->page.pgidx + run->n_pages - page.pgidx;
	uint64_t own = 0;

	if (run->state != DS_EXT_WRITTEN)
		return 0;
	if (n > left)
		n = left;
	while (own < n &&
	       !ds_cow_asks(inode, ds_pfn(ds_extent_pfn(run, page).pfn + own)))
		own++;
	return own;
}

struct ds_extent ds_inode_lookup(struct ds_task *task, struct ds_inode *inode,
				 struct ds_pgidx page)
{
	uint64_t before = ds_task_enter(task);
	struct ds_extent run;

	ds_rwsem_lock(task, &inode->extents_lock, DS_SHARED);
	run = ds_inode_lookup_locked(task, inode, page);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_task_done(task, before, run.pfn.pfn << 2 | run.state);
	ds_task_saw(task, run.page.pgidx);
	ds_task_saw(task, run.n_pages);
	return run;
}

struct ds_extent ds_inode_lookup_own(struct ds_task *task,
				     struct ds_inode *inode,
				     struct ds_pgidx page, uint64_t n,
				     uint64_t *ret_own)
{
	uint64_t before = ds_task_enter(task);
	struct ds_extent run;

	ds_rwsem_lock(task, &inode->extents_lock, DS_SHARED);
	run = ds_inode_lookup_locked(task, inode, page);
	*ret_own = ds_inode_n_own(inode, &run, page, n);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_task_done(task, before, run.pfn.pfn << 2 | run.state);
	ds_task_saw(task, run.page.pgidx);
	ds_task_saw(task, run.n_pages);
	return run;
}

/* The step that changes the map; properties look at the pins in it. */
static void begin_change(struct ds_task *task, struct ds_inode *inode)
{
	ds_assert(ds_rwsem_holds(task, &inode->extents_lock, DS_EXCLUSIVE));
	ds_yield(task, DS_AT_EXTENT_CHANGE,
		 ds_writes(ds_extents_object(inode->id)),
		 ds_reads(ds_holders_object(inode->id)));
	ds_touch(task, ds_extents_object(inode->id), DS_WRITE);
}

/* @by: pages the range moved up or, negative, down. */
static int end_move(struct ds_task *task, struct ds_inode *inode, int error,
		    enum ds_extent_change change, struct ds_pgrange range,
		    int64_t by)
{
	static const char *const verbs[] = {
		[DS_CHANGE_ADDED] = "add blocks to",
		[DS_CHANGE_REMOVED] = "remove blocks of",
		[DS_CHANGE_MOVED] = "move blocks of",
		[DS_CHANGE_ZEROED] = "unwrite blocks of",
		[DS_CHANGE_WRITTEN] = "convert blocks of",
		[DS_CHANGE_REPLACED] = "replace blocks of",
		[DS_CHANGE_SHARED] = "share blocks with",
	};
	struct ds_event event = {
		.kind = DS_EV_EXTENTS_CHANGED,
		.inode = inode->id,
		.range = range,
		.change = change,
		.n = (uint64_t)(by < 0 ? -by : by),
		.value = by,
	};

	if (error < 0)
		return ds_task_void(task, error);
	ds_inode_dirty(inode);
	if (range.end.pgidx == DS_PGIDX_MAX)
		ds_tell(task, "%s pages %llu to the end", verbs[change],
			(unsigned long long)range.first.pgidx);
	else
		ds_tell(task, "%s pages %llu to %llu", verbs[change],
			(unsigned long long)range.first.pgidx,
			(unsigned long long)range.end.pgidx - 1);
	ds_task_send(task, &event);
	return 0;
}

static int end_change(struct ds_task *task, struct ds_inode *inode, int error,
		      enum ds_extent_change change, struct ds_pgrange range)
{
	return end_move(task, inode, error, change, range, 0);
}

static void zero_block(struct ds_task *task, struct ds_inode *inode,
		       struct ds_pfn pfn)
{
	ds_yield(task, DS_AT_BYTES_WRITE, ds_writes(ds_bytes_object(pfn)));
	/* The device gets these zeroes by its driver, which mends it. */
	if (ds_frame_is_poisoned(task, inode->super->frames, pfn))
		ds_frame_set_poisoned(task, inode->super->frames, pfn, false);
	ds_frame_stream_zeros(task, inode->super->frames, pfn, 0, DS_PAGE_SIZE);
}

static void zero_blocks(struct ds_task *task, struct ds_inode *inode,
			struct ds_pfn pfn, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		zero_block(task, inode, ds_pfn(pfn.pfn + i));
	ds_frame_stream_end(task);
}

uint64_t ds_inode_alloc(struct ds_task *task, struct ds_inode *inode,
			uint64_t want, struct ds_pfn *ret_pfn)
{
	struct ds_super *super = inode->super;
	uint64_t n, i;

	ds_yield(task, DS_AT_BLOCK_ALLOC,
		 ds_writes(ds_zone_object(super, inode->zone)));
	ds_touch(task, ds_zone_object(super, inode->zone), DS_WRITE);
	ds_spin_lock(&super->blocks_spin);
	n = ds_blocks_alloc(super->blocks, inode->zone % super->n_zones, want,
			    ret_pfn);
	ds_spin_unlock(&super->blocks_spin);
	ds_task_saw(task, n);
	if (n)
		ds_task_saw(task, ret_pfn->pfn);
	for (i = 0; i < n; i++)
		ds_frame_set_file(super->frames, ds_pfn(ret_pfn->pfn + i),
				  inode->id);
	return n;
}

int64_t ds_inode_add_blocks(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range, enum ds_ext_state state,
			    bool zeroed)
{
	bool early = zeroed && ds_keeps(task, DS_RULE_NEW_BLOCKS_ZEROED) &&
		     ds_keeps(task, DS_RULE_ZERO_BEFORE_REACHABLE);
	bool late =
		zeroed && ds_keeps(task, DS_RULE_NEW_BLOCKS_ZEROED) && !early;
	struct ds_pgrange got = range;
	struct ds_pfn pfn;
	uint64_t n;
	int r;

	n = ds_inode_alloc(task, inode, range.end.pgidx - range.first.pgidx,
			   &pfn);
	if (!n)
		return -ENOSPC;
	if (early)
		zero_blocks(task, inode, pfn, n);
	got.end.pgidx = range.first.pgidx + n;
	begin_change(task, inode);
	r = ds_extmap_map(inode->extents, got, pfn, state);
	r = end_change(task, inode, r, DS_CHANGE_ADDED, got);
	if (late)
		zero_blocks(task, inode, pfn, n);
	return r < 0 ? r : (int64_t)n;
}

/* Hands a freed block to the victim file, which fills it with its pattern. */
static void feed_victim(struct ds_task *task, struct ds_super *super,
			struct ds_pfn pfn)
{
	unsigned char pattern[DS_PAGE_SIZE];

	ds_victim_pattern(pfn, pattern);
	ds_frame_set_file(super->frames, pfn, DS_VICTIM_INODE);
	ds_frame_write(task, super->frames, pfn, 0, pattern, DS_PAGE_SIZE);
	super->n_victim_blocks++;
}

/* Part of a step that declared it: nobody has these @n blocks any more. */
static void free_now(struct ds_task *task, struct ds_inode *inode,
		     struct ds_pfn pfn, uint64_t n)
{
	struct ds_super *super = inode->super;
	struct ds_event event = {
		.kind = DS_EV_BLOCKS_FREED,
		.inode = inode->id,
		.pfn = pfn,
		.n = n,
	};
	uint64_t i;

	if (super->victim) {
		ds_assert(n == 1);
		feed_victim(task, super, pfn);
	} else {
		for (i = 0; i < n; i++)
			ds_frame_set_file(super->frames, ds_pfn(pfn.pfn + i),
					  0);
		ds_spin_lock(&super->blocks_spin);
		ds_blocks_release(super->blocks, pfn, n);
		ds_spin_unlock(&super->blocks_spin);
	}
	if (n == 1)
		ds_tell(task, "free block %llu%s", (unsigned long long)pfn.pfn,
			super->victim ? "; the victim gets it" : "");
	ds_task_send(task, &event);
}

/* Frees @n blocks in one step. */
static void free_run(struct ds_task *task, struct ds_inode *inode,
		     struct ds_pfn pfn, uint64_t n)
{
	struct ds_super *super = inode->super;

	ds_yield(task, DS_AT_BLOCK_FREE,
		 ds_writes(ds_zone_object(super, inode->zone)),
		 ds_writes(super->victim ? ds_bytes_object(pfn)
					 : ds_object(DS_OBJ_NONE, 0, 0)),
		 ds_reads(ds_holders_object(inode->id)));
	ds_touch(task, ds_zone_object(super, inode->zone), DS_WRITE);
	free_now(task, inode, pfn, n);
}

/*
 * The step that ends this file's hold on a block that was shared. Pins through
 * any file may be on it, and it lies in the zone of who had it first.
 */
static void drop_shared(struct ds_task *task, struct ds_inode *inode,
			struct ds_pfn pfn)
{
	struct ds_super *super = inode->super;
	struct ds_access accesses[DS_ACCESS_MAX];
	unsigned int n = 0;
	uint32_t id;

	accesses[n++] = ds_writes(ds_shares_object(pfn));
	accesses[n++] = ds_writes(
		ds_zone_object(super, ds_blocks_zone(super->blocks, pfn)));
	if (super->victim)
		accesses[n++] = ds_writes(ds_bytes_object(pfn));
	for (id = 1; id <= super->n_inodes && n < DS_ACCESS_MAX; id++)
		accesses[n++] = ds_reads(ds_holders_object(id));
	if (task->controlled)
		ds_yield_controlled(task, DS_AT_BLOCK_FREE, n, accesses);
	if (ds_frame_unshare_block(task, super->frames, pfn) ||
	    !ds_keeps(task, DS_RULE_LAST_OWNER_FREES))
		free_now(task, inode, pfn, 1);
	else
		ds_tell(task, "others keep block %llu",
			(unsigned long long)pfn.pfn);
}

static bool was_shared(const struct ds_inode *inode, struct ds_pfn pfn)
{
	return ds_frame_view(inode->super->frames, pfn)->file == DS_SHARED_FILE;
}

void ds_inode_free_blocks(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pfn pfn, uint64_t n)
{
	uint64_t most = inode->super->victim ? 1 : n, run;

	for (; n; n -= run, pfn.pfn += run) {
		run = 1;
		if (was_shared(inode, pfn)) {
			drop_shared(task, inode, pfn);
			continue;
		}
		while (run < n && run < most &&
		       !was_shared(inode, ds_pfn(pfn.pfn + run)))
			run++;
		free_run(task, inode, pfn, run);
	}
}

/* The part of @run inside @range. */
static struct ds_extent clip(struct ds_extent run, struct ds_pgrange range)
{
	uint64_t first = max_u64(run.page.pgidx, range.first.pgidx);
	uint64_t end = min_u64(run.page.pgidx + run.n_pages, range.end.pgidx);

	if (run.state != DS_EXT_HOLE)
		run.pfn.pfn += first - run.page.pgidx;
	run.page.pgidx = first;
	run.n_pages = end - first;
	return run;
}

/*
 * The next run at or behind range->first that has blocks, clipped to the
 * range, which is then cut down to what lies behind. No step: the extents lock
 * is held exclusively. Return: whether there is one.
 */
static bool next_mapped(struct ds_task *task, const struct ds_inode *inode,
			struct ds_pgrange *range, struct ds_extent *ret_run)
{
	while (!ds_pgrange_is_empty(*range) &&
	       range->first.pgidx < ds_extmap_end(inode->extents).pgidx) {
		*ret_run = clip(ds_extmap_lookup(inode->extents, range->first),
				*range);
		range->first.pgidx += ret_run->n_pages;
		if (ret_run->state == DS_EXT_HOLE)
			continue;
		ds_task_saw(task, ret_run->page.pgidx);
		ds_task_saw(task, ret_run->n_pages);
		ds_task_saw(task, ret_run->pfn.pfn << 2 | ret_run->state);
		return true;
	}
	return false;
}

static struct ds_pgrange range_of(const struct ds_extent *run)
{
	return ds_pgrange(run->page.pgidx, run->page.pgidx + run->n_pages);
}

int ds_inode_remove_blocks(struct ds_task *task, struct ds_inode *inode,
			   struct ds_pgrange range)
{
	bool remove_first = ds_keeps(task, DS_RULE_REMOVE_BEFORE_FREE);
	uint64_t before = ds_task_enter(task);
	struct ds_extent run;
	int r;

	while (next_mapped(task, inode, &range, &run)) {
		if (!remove_first)
			ds_inode_free_blocks(task, inode, run.pfn, run.n_pages);
		begin_change(task, inode);
		r = ds_extmap_unmap(inode->extents, range_of(&run));
		r = end_change(task, inode, r, DS_CHANGE_REMOVED,
			       range_of(&run));
		if (r < 0)
			return r;
		if (remove_first)
			ds_inode_free_blocks(task, inode, run.pfn, run.n_pages);
		ds_task_forget(task, before);
		ds_task_saw(task, range.first.pgidx);
	}
	ds_task_done(task, before, 0);
	return 0;
}

int ds_inode_unwrite(struct ds_task *task, struct ds_inode *inode,
		     struct ds_pgrange range)
{
	struct ds_extent run;
	int r;

	while (next_mapped(task, inode, &range, &run)) {
		if (run.state != DS_EXT_WRITTEN)
			continue;
		begin_change(task, inode);
		r = ds_extmap_convert(inode->extents, range_of(&run),
				      DS_EXT_UNWRITTEN);
		r = end_change(task, inode, r, DS_CHANGE_ZEROED,
			       range_of(&run));
		if (r < 0)
			return r;
	}
	return 0;
}

int ds_inode_convert_written(struct ds_task *task, struct ds_inode *inode,
			     struct ds_pgrange range)
{
	bool zeroed = ds_keeps(task, DS_RULE_CONVERTED_BLOCKS_ZEROED);
	struct ds_extent run;
	int r;

	while (next_mapped(task, inode, &range, &run)) {
		if (run.state != DS_EXT_UNWRITTEN)
			continue;
		if (zeroed)
			zero_blocks(task, inode, run.pfn, run.n_pages);
		begin_change(task, inode);
		r = ds_extmap_convert(inode->extents, range_of(&run),
				      DS_EXT_WRITTEN);
		r = end_change(task, inode, r, DS_CHANGE_WRITTEN,
			       range_of(&run));
		if (r < 0)
			return r;
	}
	return 0;
}

static int accept_page(struct ds_task *task, struct ds_inode *inode,
		       struct ds_pgidx page, struct ds_pfn pfn)
{
	struct ds_pgrange range = ds_pgrange(page.pgidx, page.pgidx + 1);
	struct ds_event event = {
		.kind = DS_EV_PUT_BYTES,
		.inode = inode->id,
		.offset = ds_page_start(page),
		.n = DS_PAGE_SIZE,
	};
	int r;

	/* From this step on the file holds what the block does. */
	ds_yield(task, DS_AT_EXTENT_CHANGE,
		 ds_writes(ds_extents_object(inode->id)),
		 ds_reads(ds_holders_object(inode->id)),
		 ds_reads(ds_bytes_object(pfn)),
		 ds_writes(ds_content_object(inode->id, page.pgidx)));
	ds_touch(task, ds_extents_object(inode->id), DS_WRITE);
	r = ds_extmap_convert(inode->extents, range, DS_EXT_WRITTEN);
	r = end_change(task, inode, r, DS_CHANGE_WRITTEN, range);
	event.bytes = ds_frame_bytes(inode->super->frames, pfn);
	ds_task_send(task, &event);
	return r;
}

int ds_inode_accept_written(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range)
{
	struct ds_extent run;
	uint64_t i;
	int r = 0;

	ds_assert(ds_rwsem_holds(task, &inode->extents_lock, DS_EXCLUSIVE));
	while (r == 0 && next_mapped(task, inode, &range, &run))
		for (i = 0;
		     run.state == DS_EXT_UNWRITTEN && r == 0 && i < run.n_pages;
		     i++)
			r = accept_page(task, inode,
					ds_pgidx(run.page.pgidx + i),
					ds_pfn(run.pfn.pfn + i));
	return r;
}

int ds_inode_shift_down(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range)
{
	int r;

	begin_change(task, inode);
	r = ds_extmap_collapse(inode->extents, range);
	return end_move(task, inode, r, DS_CHANGE_MOVED,
			ds_pgrange(range.end.pgidx, DS_PGIDX_MAX),
			-(int64_t)(range.end.pgidx - range.first.pgidx));
}

int ds_inode_shift_up(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pgidx at, uint64_t n_pages)
{
	int r;

	begin_change(task, inode);
	r = ds_extmap_insert(inode->extents, at, n_pages);
	return end_move(task, inode, r, DS_CHANGE_MOVED,
			ds_pgrange(at.pgidx, DS_PGIDX_MAX), (int64_t)n_pages);
}

/* Return: 0, or -EIO. */
static int zero_in_page(struct ds_task *task, struct ds_inode *inode,
			struct ds_pfn pfn, uint64_t start, uint64_t end)
{
	struct ds_event event = {
		.kind = DS_EV_PUT_BYTES,
		.inode = inode->id,
		.offset = start,
		.n = end - start,
		/* Stable: who zeroes holds the inode's lock. */
		.value = (int64_t)atomic_load(&inode->size),
	};

	ds_yield(task, DS_AT_BYTES_WRITE, ds_writes(ds_bytes_object(pfn)),
		 ds_writes(ds_content_object(inode->id, ds_page_down(start))));
	if (ds_frame_is_poisoned(task, inode->super->frames, pfn))
		return -EIO;
	ds_frame_zero(task, inode->super->frames, pfn, start & DS_PAGE_MASK,
		      (size_t)(end - start));
	ds_tell(task, "zero %llu bytes of page %llu",
		(unsigned long long)(end - start),
		(unsigned long long)ds_page_down(start));
	ds_task_send(task, &event);
	return 0;
}

/* The same to a copy of the page, if others have its block too. */
static int zero_page_part(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pfn pfn, bool own, uint64_t start,
			  uint64_t end)
{
	struct ds_copy copy = {pfn, pfn};
	int r = 0;

	if (inode->super->profile->page_cache)
		return ds_pagecache_write(task, inode, start, NULL,
					  (size_t)(end - start));
	if (!own)
		r = ds_cow_begin(task, inode, ds_pgidx(ds_page_down(start)),
				 &copy);
	if (r > 0)
		return ds_cow_write(task, inode, &copy, start, NULL,
				    (size_t)(end - start));
	if (r < 0)
		return r;
	return zero_in_page(task, inode, copy.from, start, end);
}

int ds_inode_zero_bytes(struct ds_task *task, struct ds_inode *inode,
			uint64_t start, uint64_t end)
{
	uint64_t before = ds_task_enter(task);
	int r = 0;

	while (start < end && r == 0) {
		struct ds_pgidx page = {ds_page_down(start)};
		uint64_t own;
		struct ds_extent run =
			ds_inode_lookup_own(task, inode, page, 1, &own);
		uint64_t run_end = run.page.pgidx + run.n_pages;
		uint64_t stop = min_u64(end, ds_page_start(ds_pgidx(run_end)));
		struct ds_pfn pfn;

		if (run.state != DS_EXT_WRITTEN) {
			start = stop;
			continue;
		}
		stop = min_u64(end, ds_page_start(ds_pgidx(page.pgidx + 1)));
		pfn = ds_extent_pfn(&run, page);
		r = zero_page_part(task, inode, pfn, own, start, stop);
		start = stop;
	}
	ds_task_done(task, before, (uint64_t)r);
	return r;
}
