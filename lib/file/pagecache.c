// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/pagecache.h"

#include <errno.h>

#include "file/extents.h"

/* The block of @page, the zero page if there is no data. */
static struct ds_pfn block_of(const struct ds_extent *run, struct ds_pgidx page)
{
	if (run->state != DS_EXT_WRITTEN)
		return ds_pfn(DS_ZERO_PFN);
	return ds_extent_pfn(run, page);
}

int ds_pagecache_fill(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pgidx page, uint64_t old,
		      struct ds_pfn *ret_pfn)
{
	struct ds_frames *frames = inode->super->frames;
	uint64_t before = ds_task_enter(task);
	struct ds_extent run;
	struct ds_pfn from;

	if (ds_entry_is_data(old)) {
		*ret_pfn = ds_entry_pfn(old);
		return 0;
	}
	run = ds_inode_lookup(task, inode, page);
	from = block_of(&run, page);
	ds_task_done(task, before, from.pfn);
	ds_yield(task, DS_AT_COPY, ds_reads(ds_bytes_object(from)),
		 ds_writes(ds_anon_object()));
	if (!ds_frame_new_cached(task, frames, ret_pfn))
		return ds_task_void(task, -ENOMEM);
	ds_frame_copy(task, frames, *ret_pfn, from);
	ds_tell(task, "read page %llu into the page cache",
		(unsigned long long)page.pgidx);
	ds_entry_fill(task, &inode->mapping, page, ds_entry_data(*ret_pfn),
		      false);
	ds_task_done(task, before, ret_pfn->pfn);
	return 0;
}

/* Locks the page that holds byte @offset. Return: 0, or -ENOMEM. */
static int lock_page(struct ds_task *task, struct ds_inode *inode,
		     uint64_t offset, struct ds_pfn *ret_pfn)
{
	struct ds_pgidx page = {ds_page_down(offset)};
	uint64_t before = ds_task_enter(task);
	uint64_t old;
	int r;

	r = ds_entry_grab(task, &inode->mapping, page, &old);
	if (r == 0)
		r = ds_pagecache_fill(task, inode, page, old, ret_pfn);
	ds_task_done(task, before, r < 0 ? 0 : ret_pfn->pfn);
	return r;
}

static void unlock_page(struct ds_task *task, struct ds_inode *inode,
			uint64_t offset)
{
	ds_entry_unlock(task, &inode->mapping, ds_pgidx(ds_page_down(offset)),
			ds_extents_object(inode->id));
}

static void send_bytes(struct ds_task *task, const struct ds_inode *inode,
		       enum ds_event_kind kind, uint64_t offset,
		       const void *buf, size_t n)
{
	struct ds_event event = {
		.kind = kind,
		.inode = inode->id,
		.offset = offset,
		.bytes = buf,
		.n = n,
		.value = (int64_t)atomic_load(&inode->size),
	};

	ds_task_send(task, &event);
}

int ds_pagecache_read(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, void *buf, size_t n)
{
	struct ds_pfn pfn;
	int r = lock_page(task, inode, offset, &pfn);

	if (r < 0)
		return r;
	ds_yield(task, DS_AT_BYTES_READ, ds_reads(ds_bytes_object(pfn)));
	ds_frame_read(task, inode->super->frames, pfn, offset & DS_PAGE_MASK,
		      buf, n);
	send_bytes(task, inode, DS_EV_SAW_BYTES, offset, buf, n);
	unlock_page(task, inode, offset);
	return 0;
}

int ds_pagecache_write(struct ds_task *task, struct ds_inode *inode,
		       uint64_t offset, const void *buf, size_t n)
{
	struct ds_pgidx page = {ds_page_down(offset)};
	struct ds_frames *frames = inode->super->frames;
	struct ds_pfn pfn;
	int r = lock_page(task, inode, offset, &pfn);

	if (r < 0)
		return r;
	ds_yield(task, DS_AT_BYTES_WRITE, ds_writes(ds_bytes_object(pfn)),
		 ds_writes(ds_content_object(inode->id, page.pgidx)),
		 ds_reads(ds_size_object(inode->id)));
	if (buf)
		ds_frame_write(task, frames, pfn, offset & DS_PAGE_MASK, buf,
			       n);
	else
		ds_frame_zero(task, frames, pfn, offset & DS_PAGE_MASK, n);
	ds_tell(task, "%s page %llu in the page cache", buf ? "write" : "zero",
		(unsigned long long)page.pgidx);
	send_bytes(task, inode, DS_EV_PUT_BYTES, offset, buf, n);
	ds_entry_dirty(task, &inode->mapping, page);
	unlock_page(task, inode, offset);
	return 0;
}

void ds_pagecache_store(struct ds_task *task, void *file, struct ds_pgidx page,
			struct ds_pfn pfn)
{
	struct ds_inode *inode = file;
	struct ds_frames *frames = inode->super->frames;
	uint64_t before = ds_task_enter(task);
	struct ds_extent run = ds_inode_lookup(task, inode, page);
	struct ds_pfn to = block_of(&run, page);

	ds_task_done(task, before, to.pfn);
	if (to.pfn == DS_ZERO_PFN) {
		ds_warn(task, DS_WARN_DIRTY_WITHOUT_BLOCK, inode->id, page,
			pfn);
		return;
	}
	ds_yield(task, DS_AT_BYTES_WRITE, ds_reads(ds_bytes_object(pfn)),
		 ds_writes(ds_bytes_object(to)));
	ds_frame_copy(task, frames, to, pfn);
	ds_tell(task, "write page %llu back to block %llu",
		(unsigned long long)page.pgidx, (unsigned long long)to.pfn);
	ds_task_done(task, before, 0);
}

/* What ds_entry_object() is of a file that may be gone. */
static ds_obj entry_of(const struct ds_frames *frames, uint32_t inode,
		       struct ds_pgidx page)
{
	unsigned int order = frames->huge_order;

	return ds_object(DS_OBJ_ENTRY, inode, page.pgidx >> order << order);
}

void ds_pagecache_dirty(struct ds_task *task, struct ds_frames *frames,
			struct ds_pfn pfn)
{
	uint64_t before = ds_task_enter(task);
	struct ds_super *super = frames->files;
	struct ds_pgidx page, now;
	struct ds_inode *inode;
	uint32_t id;

	do {
		ds_task_forget(task, before);
		id = ds_frame_look_owner(frames, pfn, &page);
		ds_task_saw(task, (uint64_t)id << 32 | page.pgidx);
		ds_yield(task, DS_AT_ENTRY_FILL,
			 ds_reads(ds_frame_owner_object(frames, pfn)),
			 ds_reads(entry_of(frames, id, page)),
			 ds_writes(ds_tags_object(id)));
		ds_touch(task, ds_frame_owner_object(frames, pfn), DS_READ);
		/* Elsewhere than declared: the step was only a look. */
	} while (ds_frame_look_owner(frames, pfn, &now) != id ||
		 now.pgidx != page.pgidx);
	ds_spin_lock(&super->names_spin);
	inode = ds_super_inode(super, id);
	if (inode)
		ds_mapping_set_dirty(task, &inode->mapping, page, pfn);
	ds_spin_unlock(&super->names_spin);
	ds_task_done(task, before, 0);
}

struct ds_pfn ds_pagecache_view(const struct ds_inode *inode,
				struct ds_pgidx page)
{
	uint64_t entry = ds_mapping_view(&inode->mapping, page);
	struct ds_extent run = ds_extmap_lookup(inode->extents, page);

	if (ds_entry_is_data(entry) && ds_pfn_is_cached(ds_entry_pfn(entry)))
		return ds_entry_pfn(entry);
	return block_of(&run, page);
}
