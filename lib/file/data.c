// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/data.h"

#include <errno.h>
#include <string.h>

#include "file/cow.h"
#include "file/extents.h"
#include "file/pagecache.h"
#include "sched/sched.h"

static size_t room_in_page(uint64_t offset, size_t len)
{
	uint64_t room = DS_PAGE_SIZE - (offset & DS_PAGE_MASK);

	return room < len ? (size_t)room : len;
}

void ds_data_fetch(const struct ds_task *task, const struct ds_inode *inode,
		   uint64_t offset)
{
	uint64_t pfn = ds_page_down(offset) + task->frame_from_page;

	if (!task->controlled)
		ds_frame_fetch(inode->super->frames, ds_pfn(pfn),
			       offset & DS_PAGE_MASK);
}

static void send_bytes(struct ds_task *task, const struct ds_inode *inode,
		       enum ds_event_kind kind, uint64_t offset,
		       const void *buf, size_t n)
{
	if (ds_is_watched(task))
		ds_task_send(task, &(struct ds_event){
					   .kind = kind,
					   .inode = inode->id,
					   .offset = offset,
					   .bytes = buf,
					   .n = n,
				   });
}

/* Copies inside one page. Return: 0, -EIO, or -ENOMEM. */
static int read_page(struct ds_task *task, struct ds_inode *inode,
		     const struct ds_extent *run, uint64_t offset, void *buf,
		     size_t n)
{
	struct ds_pfn pfn = ds_extent_pfn(run, ds_pgidx(ds_page_down(offset)));

	if (inode->super->profile->page_cache)
		return ds_pagecache_read(task, inode, offset, buf, n);
	if (run->state != DS_EXT_WRITTEN) {
		memset(buf, 0, n);
	} else {
		ds_yield(task, DS_AT_BYTES_READ,
			 ds_reads(ds_bytes_object(pfn)));
		if (ds_frame_is_poisoned(task, inode->super->frames, pfn))
			return -EIO;
		ds_frame_read(task, inode->super->frames, pfn,
			      offset & DS_PAGE_MASK, buf, n);
	}
	send_bytes(task, inode, DS_EV_SAW_BYTES, offset, buf, n);
	return 0;
}

/*
 * The run that holds @page, with *@ret_own of @n pages. Return: 0; -EAGAIN
 * where that would wait for others and must not.
 *
 * Models: xfs_ilock_for_iomap() with IOMAP_NOWAIT; ext4_iomap_begin() has no
 * use for that flag.
 */
static int find_run(struct ds_task *task, struct ds_inode *inode,
		    struct ds_pgidx page, uint64_t n, struct ds_extent *ret_run,
		    uint64_t *ret_own)
{
	if (!task->nowait || !inode->super->profile->nowait_maps) {
		*ret_run = ds_inode_lookup_own(task, inode, page, n, ret_own);
		return 0;
	}
	if (!ds_rwsem_trylock(task, &inode->extents_lock, DS_SHARED))
		return -EAGAIN;
	*ret_run = ds_inode_lookup_locked(task, inode, page);
	*ret_own = ds_inode_n_own(inode, ret_run, page, n);
	ds_rwsem_unlock(task, &inode->extents_lock);
	return 0;
}

int64_t ds_data_read(struct ds_task *task, struct ds_inode *inode,
		     uint64_t offset, void *buf, size_t len)
{
	unsigned char *bytes = buf;
	uint64_t size = ds_inode_size(task, inode);
	size_t done = 0;

	if (offset >= size)
		return 0;
	if (len > size - offset)
		len = (size_t)(size - offset);
	while (done < len) {
		uint64_t at = offset + done;
		struct ds_pgidx page = {ds_page_down(at)};
		struct ds_extent run;
		uint64_t run_end, own;
		int r = find_run(task, inode, page, 0, &run, &own);

		if (r < 0)
			return done ? (int64_t)done : r;
		run_end = run.page.pgidx + run.n_pages;
		task->frame_from_page = run.pfn.pfn - run.page.pgidx;
		/* One lookup serves the whole run. */
		for (; done < len && ds_page_down(offset + done) < run_end;) {
			size_t n = room_in_page(offset + done, len - done);

			r = read_page(task, inode, &run, offset + done,
				      bytes + done, n);
			if (r < 0)
				return done ? (int64_t)done : r;
			done += n;
		}
	}
	return (int64_t)done;
}

static void grow_size(struct ds_task *task, struct ds_inode *inode,
		      uint64_t end)
{
	if (end <= ds_inode_size(task, inode))
		return;
	ds_rwsem_lock(task, &inode->super->journal, DS_SHARED);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	inode->disk_size = end;
	ds_inode_set_size(task, inode, end);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_rwsem_unlock(task, &inode->super->journal);
}

/*
 * Whether a write of @n bytes from @offset on cannot go to a block whose bytes
 * are lost. From v5.19 on one of a whole page makes it good again.
 *
 * Models: dax_recovery_write(), pmem_recovery_write().
 */
static bool is_refused(struct ds_task *task, struct ds_inode *inode,
		       struct ds_pfn pfn, size_t n)
{
	struct ds_super *super = inode->super;

	if (!ds_frame_is_poisoned(task, super->frames, pfn))
		return false;
	if (!super->profile->write_recovers || n != DS_PAGE_SIZE)
		return true;
	ds_frame_set_poisoned(task, super->frames, pfn, false);
	return false;
}

/* Return: 0, or -EIO. */
static int write_page(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pfn pfn, uint64_t offset, const void *buf,
		      size_t n)
{
	/* A property asks whether an append begins at the end of the file. */
	ds_yield(task, DS_AT_BYTES_WRITE, ds_writes(ds_bytes_object(pfn)),
		 ds_writes(ds_content_object(inode->id, ds_page_down(offset))),
		 ds_reads(ds_size_object(inode->id)));
	if (is_refused(task, inode, pfn, n))
		return -EIO;
	ds_frame_stream(task, inode->super->frames, pfn, offset & DS_PAGE_MASK,
			buf, n);
	if (ds_is_telling(task))
		ds_tell(task, "write page %llu (block %llu)",
			(unsigned long long)ds_page_down(offset),
			(unsigned long long)pfn.pfn);
	send_bytes(task, inode, DS_EV_PUT_BYTES, offset, buf, n);
	return 0;
}

/* Where the bytes of a write go: from one block on, or to a page's copy. */
struct place {
	struct ds_pfn pfn;
	bool copies;
	struct ds_copy copy;
};

/*
 * The block of @page, which is written and which others may have: a write goes
 * to it, or has to copy it. Return: 1 page.
 */
static int64_t get_shared_block(struct ds_task *task, struct ds_inode *inode,
				struct ds_pgidx page, struct place *place)
{
	int r;

	if (task->nowait && inode->super->profile->nowait_maps)
		return -EAGAIN;
	r = ds_cow_begin(task, inode, page, &place->copy);
	place->pfn = place->copy.from;
	place->copies = r > 0;
	return r < 0 ? r : 1;
}

/* What should be a block to write to is none. Models: dax_iomap_iter(). */
static int no_block(struct ds_task *task, const struct ds_inode *inode,
		    struct ds_pgidx page)
{
	ds_warn(task, DS_WARN_SHORT_EXTENT, inode->id, page, ds_pfn(0));
	return -EIO;
}

/*
 * Makes the run that begins at @page usable for a write up to page @end.
 * Return: pages usable, with where the first one is; -ENOSPC; -EAGAIN where new
 * blocks are needed and must not be waited for.
 */
static int64_t get_blocks(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pgidx page, uint64_t end,
			  struct place *ret_place)
{
	bool must_have = task->nowait && inode->super->profile->nowait_maps;
	struct ds_pgrange range = ds_pgrange(page.pgidx, end);
	struct ds_extent run;
	uint64_t run_end, own;
	bool fresh;
	int r = find_run(task, inode, page, end - page.pgidx, &run, &own);

	if (r < 0)
		return r;
	run_end = run.page.pgidx + run.n_pages;
	fresh = run.state != DS_EXT_WRITTEN;
	if (fresh && must_have)
		return -EAGAIN;
	if (fresh) {
		if (run_end < end)
			end = run_end;
		r = inode->super->profile->ops->make_written(task, inode,
							     range);
		run = ds_inode_lookup(task, inode, page);
		if (run.state != DS_EXT_WRITTEN)
			return r < 0 ? r : no_block(task, inode, page);
		run_end = run.page.pgidx + run.n_pages;
	}
	/* Not more than this call asked for, nor than it made. */
	range.end.pgidx = run_end < end ? run_end : end;
	/* Zero pages mapped there before would hide the written blocks. */
	if (fresh && !inode->super->profile->page_cache &&
	    ds_keeps(task, DS_RULE_WRITE_INVALIDATES))
		ds_mapping_invalidate(task, &inode->mapping, range);
	*ret_place = (struct place){
		.pfn = ds_extent_pfn(&run, page),
	};
	task->frame_from_page = ret_place->pfn.pfn - page.pgidx;
	if (!fresh && !own)
		return get_shared_block(task, inode, page, ret_place);
	if (!fresh && range.end.pgidx - page.pgidx > own)
		range.end.pgidx = page.pgidx + own;
	return (int64_t)(range.end.pgidx - page.pgidx);
}

/* Writes inside one page, @at pages behind the start of @place. */
static int put_page(struct ds_task *task, struct ds_inode *inode,
		    const struct place *place, uint64_t at, uint64_t offset,
		    const void *buf, size_t n)
{
	if (inode->super->profile->page_cache)
		return ds_pagecache_write(task, inode, offset, buf, n);
	if (place->copies)
		return ds_cow_write(task, inode, &place->copy, offset, buf, n);
	return write_page(task, inode, ds_pfn(place->pfn.pfn + at), offset, buf,
			  n);
}

static int64_t write_bytes(struct ds_task *task, struct ds_inode *inode,
			   uint64_t offset, const void *buf, size_t len,
			   bool size_last)
{
	const unsigned char *bytes = buf;
	uint64_t end_page = ds_page_up(offset + len);
	int64_t error = 0;
	size_t done = 0;

	while (done < len) {
		struct ds_pgidx page = {ds_page_down(offset + done)};
		struct place place = {0};
		int64_t n_pages =
			get_blocks(task, inode, page, end_page, &place);
		uint64_t run_end = page.pgidx + (uint64_t)n_pages;

		if (n_pages < 0) {
			error = n_pages;
			break;
		}
		while (done < len && ds_page_down(offset + done) < run_end) {
			size_t n = room_in_page(offset + done, len - done);
			uint64_t at = ds_page_down(offset + done) - page.pgidx;

			error = put_page(task, inode, &place, at, offset + done,
					 bytes + done, n);
			if (error < 0)
				break;
			done += n;
		}
		/* Before others see the size, or get the lock. */
		ds_frame_stream_end(task);
		if (error < 0)
			break;
		if (!size_last)
			grow_size(task, inode, offset + done);
	}
	if (size_last && done)
		grow_size(task, inode, offset + done);
	return done ? (int64_t)done : error;
}

int64_t ds_data_write(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, const void *buf, size_t len)
{
	return write_bytes(task, inode, offset, buf, len, true);
}

int64_t ds_data_write_by_runs(struct ds_task *task, struct ds_inode *inode,
			      uint64_t offset, const void *buf, size_t len)
{
	return write_bytes(task, inode, offset, buf, len, false);
}
