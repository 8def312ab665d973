// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/cow.h"

#include <errno.h>

#include "file/extents.h"

static struct ds_pgrange only(struct ds_pgidx page)
{
	return ds_pgrange(page.pgidx, page.pgidx + 1);
}

/* A transaction that changes the extent map. */
static void begin(struct ds_task *task, struct ds_inode *inode)
{
	ds_rwsem_lock(task, &inode->super->journal, DS_SHARED);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
}

static void end(struct ds_task *task, struct ds_inode *inode)
{
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_rwsem_unlock(task, &inode->super->journal);
}

bool ds_cow_asks(const struct ds_inode *inode, struct ds_pfn pfn)
{
	if (!inode->copies)
		return false;
	return inode->super->profile->always_copies ||
	       ds_frame_view(inode->super->frames, pfn)->file == DS_SHARED_FILE;
}

/* A step. */
static bool is_shared(struct ds_task *task, const struct ds_inode *inode,
		      struct ds_pfn pfn)
{
	ds_yield(task, DS_AT_SHARE_COUNT, ds_reads(ds_shares_object(pfn)));
	return ds_frame_has_others(task, inode->super->frames, pfn);
}

bool ds_cow_look(struct ds_task *task, struct ds_inode *inode,
		 struct ds_pgidx page, struct ds_pfn *ret_pfn)
{
	uint64_t before = ds_task_enter(task);
	struct ds_extent run;
	bool shared;

	ds_rwsem_lock(task, &inode->extents_lock, DS_SHARED);
	run = ds_inode_lookup_locked(task, inode, page);
	*ret_pfn = ds_extent_pfn(&run, page);
	shared = is_shared(task, inode, *ret_pfn);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_task_done(task, before, shared);
	ds_task_saw(task, ret_pfn->pfn);
	return shared;
}

/* Under the extents lock: the block for a copy of @page. */
static int find_place(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pgidx page, struct ds_pfn *ret_pfn)
{
	struct ds_extent run = ds_extmap_lookup(inode->copies, page);
	int r;

	ds_task_saw(task, run.state);
	if (run.state != DS_EXT_HOLE) {
		*ret_pfn = ds_extent_pfn(&run, page);
		ds_task_saw(task, ret_pfn->pfn);
		ds_tell(task, "a copy of page %llu is under way",
			(unsigned long long)page.pgidx);
		return 1;
	}
	if (!ds_inode_alloc(task, inode, 1, ret_pfn))
		return -ENOSPC;
	ds_yield(task, DS_AT_EXTENT_CHANGE,
		 ds_writes(ds_extents_object(inode->id)));
	ds_touch(task, ds_extents_object(inode->id), DS_WRITE);
	r = ds_extmap_map(inode->copies, only(page), *ret_pfn, DS_EXT_WRITTEN);
	if (r < 0)
		return ds_task_void(task, r);
	ds_tell(task, "copy page %llu to block %llu",
		(unsigned long long)page.pgidx,
		(unsigned long long)ret_pfn->pfn);
	return 1;
}

int ds_cow_begin(struct ds_task *task, struct ds_inode *inode,
		 struct ds_pgidx page, struct ds_copy *ret_copy)
{
	bool always = inode->super->profile->always_copies;
	uint64_t before = ds_task_enter(task);
	struct ds_extent run;
	int r = 0;

	begin(task, inode);
	run = ds_inode_lookup_locked(task, inode, page);
	ds_assert(run.state == DS_EXT_WRITTEN);
	ret_copy->from = ds_extent_pfn(&run, page);
	ret_copy->to = ret_copy->from;
	if (always || is_shared(task, inode, ret_copy->from))
		r = find_place(task, inode, page, &ret_copy->to);
	end(task, inode);
	ds_task_done(task, before, (uint64_t)r);
	ds_task_saw(task, ret_copy->from.pfn);
	ds_task_saw(task, ret_copy->to.pfn);
	return r;
}

void ds_cow_fill(struct ds_task *task, struct ds_inode *inode,
		 const struct ds_copy *copy, uint64_t start, uint64_t end)
{
	struct ds_frames *frames = inode->super->frames;
	uint64_t before = ds_task_enter(task);
	unsigned char bytes[DS_PAGE_SIZE];

	if (start < end) {
		ds_yield(task, DS_AT_BYTES_WRITE,
			 ds_reads(ds_bytes_object(copy->from)),
			 ds_writes(ds_bytes_object(copy->to)));
		ds_frame_read(task, frames, copy->from, start, bytes,
			      (size_t)(end - start));
		ds_frame_write(task, frames, copy->to, start, bytes,
			       (size_t)(end - start));
	}
	ds_task_done(task, before, 0);
}

/* Whether @pfn is the written block of @page now. */
static bool is_in_place(const struct ds_inode *inode, struct ds_pgidx page,
			struct ds_pfn pfn)
{
	struct ds_extent run = ds_extmap_lookup(inode->extents, page);

	return run.state == DS_EXT_WRITTEN &&
	       ds_extent_pfn(&run, page).pfn == pfn.pfn;
}

/*
 * A step that puts bytes into the copy; somebody else may have put this in its
 * place already, and then they are in the file from here on.
 */
static void put_bytes(struct ds_task *task, struct ds_inode *inode,
		      const struct ds_copy *copy, struct ds_event *put)
{
	struct ds_pgidx page = {ds_page_down(put->offset)};
	uint64_t in_page = put->offset & DS_PAGE_MASK;
	struct ds_frames *frames = inode->super->frames;

	ds_yield(task, DS_AT_BYTES_WRITE, ds_writes(ds_bytes_object(copy->to)),
		 ds_writes(ds_content_object(inode->id, page.pgidx)),
		 ds_reads(ds_extents_object(inode->id)),
		 ds_reads(ds_size_object(inode->id)));
	if (put->bytes)
		ds_frame_write(task, frames, copy->to, in_page, put->bytes,
			       (size_t)put->n);
	else
		ds_frame_zero(task, frames, copy->to, in_page, (size_t)put->n);
	/* For properties, which only watch tasks that take turns. */
	if (task->controlled && !is_in_place(inode, page, copy->to))
		put->kind = DS_EV_STAGED_BYTES;
	ds_tell(task, "%s copy of page %llu (block %llu)",
		put->bytes ? "write" : "zero", (unsigned long long)page.pgidx,
		(unsigned long long)copy->to.pfn);
	ds_task_send(task, put);
}

static bool drops_old_pages(struct ds_task *task, const struct ds_inode *inode)
{
	return inode->super->profile->copy_drops_page &&
	       ds_keeps(task, DS_RULE_COPY_DROPS_PAGE);
}

/*
 * What is mapped or cached there is the old block. Models: dax_iomap_iter(),
 * where a kernel drops it at all.
 */
static void drop_old_page(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pgidx page)
{
	if (!drops_old_pages(task, inode))
		return;
	ds_mapping_clean(task, &inode->mapping, only(page));
	ds_mapping_invalidate(task, &inode->mapping, only(page));
}

int ds_cow_write(struct ds_task *task, struct ds_inode *inode,
		 const struct ds_copy *copy, uint64_t offset, const void *buf,
		 size_t n)
{
	struct ds_pgidx page = {ds_page_down(offset)};
	uint64_t start = offset & DS_PAGE_MASK;
	struct ds_event put = {
		.kind = DS_EV_PUT_BYTES,
		.inode = inode->id,
		.offset = offset,
		.bytes = buf,
		.n = n,
	};
	uint64_t before = ds_task_enter(task);
	int r;

	/* Of zeroes it is asked whether they lie behind the end of file. */
	if (!buf)
		put.value = (int64_t)atomic_load(&inode->size);
	drop_old_page(task, inode, page);
	if (ds_keeps(task, DS_RULE_COPY_KEEPS_REST)) {
		ds_cow_fill(task, inode, copy, 0, start);
		ds_cow_fill(task, inode, copy, start + n, DS_PAGE_SIZE);
	}
	put_bytes(task, inode, copy, &put);
	r = ds_cow_end(task, inode, page);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* Part of the step that exchanges the blocks of @page. */
static int take_place(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pgidx page, struct ds_pfn pfn)
{
	struct ds_event event = {
		.kind = DS_EV_EXTENTS_CHANGED,
		.inode = inode->id,
		.change = DS_CHANGE_REPLACED,
		.range = only(page),
	};
	int r = ds_extmap_unmap(inode->extents, only(page));

	if (r == 0)
		r = ds_extmap_map(inode->extents, only(page), pfn,
				  DS_EXT_WRITTEN);
	if (r == 0)
		r = ds_extmap_unmap(inode->copies, only(page));
	if (r < 0)
		return ds_task_void(task, r);
	ds_inode_dirty(inode);
	ds_tell(task, "page %llu is on block %llu now",
		(unsigned long long)page.pgidx, (unsigned long long)pfn.pfn);
	ds_task_send(task, &event);
	return 0;
}

int ds_cow_end(struct ds_task *task, struct ds_inode *inode,
	       struct ds_pgidx page)
{
	uint64_t before = ds_task_enter(task);
	struct ds_extent copy, old;
	int r = 0;

	begin(task, inode);
	ds_yield(task, DS_AT_EXTENT_CHANGE,
		 ds_writes(ds_extents_object(inode->id)),
		 ds_reads(ds_holders_object(inode->id)),
		 ds_writes(ds_content_object(inode->id, page.pgidx)));
	ds_touch(task, ds_extents_object(inode->id), DS_WRITE);
	copy = ds_extmap_lookup(inode->copies, page);
	old = ds_extmap_lookup(inode->extents, page);
	ds_task_saw(task, copy.state);
	ds_task_saw(task, old.pfn.pfn);
	if (copy.state != DS_EXT_HOLE)
		r = take_place(task, inode, page, ds_extent_pfn(&copy, page));
	if (r == 0 && copy.state != DS_EXT_HOLE)
		ds_inode_free_blocks(task, inode, ds_extent_pfn(&old, page), 1);
	end(task, inode);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* A step that maps the block of @page of @source into @dest too. */
static int map_shared(struct ds_task *task, struct ds_inode *source,
		      struct ds_pgidx page, struct ds_inode *dest,
		      struct ds_pgidx to, struct ds_pfn pfn)
{
	struct ds_event event = {
		.kind = DS_EV_EXTENTS_CHANGED,
		.inode = dest->id,
		.change = DS_CHANGE_SHARED,
		.range = only(to),
		.page = page,
		.n = source->id,
	};
	int r;

	ds_yield(task, DS_AT_EXTENT_CHANGE,
		 ds_writes(ds_extents_object(dest->id)),
		 ds_reads(ds_holders_object(dest->id)),
		 ds_reads(ds_holders_object(source->id)),
		 ds_reads(ds_content_object(source->id, page.pgidx)),
		 ds_writes(ds_content_object(dest->id, to.pgidx)));
	ds_touch(task, ds_extents_object(dest->id), DS_WRITE);
	r = ds_extmap_map(dest->extents, only(to), pfn, DS_EXT_WRITTEN);
	if (r < 0)
		return ds_task_void(task, r);
	ds_inode_dirty(dest);
	ds_tell(task, "page %llu of %s shares block %llu",
		(unsigned long long)to.pgidx, dest->name,
		(unsigned long long)pfn.pfn);
	ds_task_send(task, &event);
	return 0;
}

int ds_share_page(struct ds_task *task, struct ds_inode *source,
		  struct ds_pgidx page, struct ds_inode *dest,
		  struct ds_pgidx to)
{
	struct ds_extent run = ds_inode_lookup(task, source, page);
	uint64_t before = ds_task_enter(task);
	struct ds_extent old;
	struct ds_pfn pfn = {0};
	int r = 0;

	if (run.state == DS_EXT_WRITTEN)
		pfn = ds_extent_pfn(&run, page);
	begin(task, dest);
	old = ds_inode_lookup_locked(task, dest, to);
	if (pfn.pfn && old.state == DS_EXT_WRITTEN &&
	    ds_extent_pfn(&old, to).pfn == pfn.pfn)
		goto out; /* shared already */
	r = ds_inode_remove_blocks(task, dest, only(to));
	if (r == 0 && pfn.pfn) {
		ds_yield(task, DS_AT_SHARE_COUNT,
			 ds_writes(ds_shares_object(pfn)));
		ds_frame_share_block(task, dest->super->frames, pfn);
		r = map_shared(task, source, page, dest, to, pfn);
	}
out:
	end(task, dest);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

int ds_unshare(struct ds_task *task, struct ds_inode *inode,
	       struct ds_pgrange range)
{
	uint64_t before = ds_task_enter(task);
	struct ds_copy copy;
	int r = 0;

	for (; r >= 0 && !ds_pgrange_is_empty(range); range.first.pgidx++) {
		struct ds_pgidx page = range.first;
		struct ds_extent run;
		uint64_t own;

		ds_task_forget(task, before);
		ds_task_saw(task, page.pgidx);
		run = ds_inode_lookup_own(task, inode, page, 1, &own);
		if (run.state != DS_EXT_WRITTEN) {
			/* The whole run, and no step for each of its pages. */
			range.first.pgidx = run.page.pgidx + run.n_pages - 1;
			if (range.first.pgidx >= range.end.pgidx)
				break;
			continue;
		}
		if (own)
			continue;
		r = ds_cow_begin(task, inode, page, &copy);
		if (r <= 0)
			continue;
		/* Else the next fault maps the copy beside the old entry. */
		if (drops_old_pages(task, inode))
			ds_mapping_invalidate(task, &inode->mapping,
					      only(page));
		ds_cow_fill(task, inode, &copy, 0, DS_PAGE_SIZE);
		r = ds_cow_end(task, inode, page);
	}
	ds_task_done(task, before, r < 0 ? (uint64_t)r : 0);
	return r < 0 ? r : 0;
}
