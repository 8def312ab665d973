// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dma/direct.h"

#include <errno.h>

#include "file/pagecache.h"
#include "sched/sched.h"

/*
 * Begins to fetch where the device will probably come to first. Of what it
 * writes the last line: see ds_data_fetch().
 */
static void fetch(const struct ds_task *task, const struct ds_space *space,
		  uint64_t addr, size_t len, unsigned int flags)
{
	uint64_t pfn = ds_page_down(addr) + task->frame_from_vpn;
	uint64_t offset = addr & DS_PAGE_MASK;

	if (flags & DS_PIN_WRITE)
		offset = offset + len > DS_PAGE_SIZE ? DS_PAGE_MASK
						     : offset + len - 1;
	if (!task->controlled)
		ds_frame_fetch(space->frames, ds_pfn(pfn), offset);
}

int64_t ds_direct_begin(struct ds_task *task, struct ds_space *space,
			uint64_t addr, size_t len, unsigned int flags,
			struct ds_direct *direct)
{
	struct ds_vpn first = {ds_page_down(addr)};
	uint64_t offset = addr & DS_PAGE_MASK;
	uint64_t n_pages, room;
	int64_t pinned;

	if (len == 0 || len > (DS_DIRECT_MAX_PAGES - 1) * DS_PAGE_SIZE)
		return -EINVAL;
	fetch(task, space, addr, len, flags);
	n_pages = ds_page_up(offset + len);
	pinned =
		ds_pin_pages(task, space, first, n_pages, flags, direct->pages);
	if (pinned < 0)
		return pinned;
	room = (uint64_t)pinned * DS_PAGE_SIZE - offset;
	direct->space = space;
	direct->addr = addr;
	direct->len = len < room ? len : (size_t)room;
	direct->to_memory = flags & DS_PIN_WRITE;
	direct->n_pages = (uint64_t)pinned;
	return (int64_t)direct->len;
}

static void send_bytes(struct ds_task *task, const struct ds_pinned *page,
		       uint64_t offset, const unsigned char *bytes, size_t n)
{
	ds_task_send(task, &(struct ds_event){
				   .kind = DS_EV_DMA_WROTE,
				   .inode = page->inode,
				   .page = page->page,
				   .pfn = page->pfn,
				   .offset = offset,
				   .bytes = bytes,
				   .n = n,
			   });
}

/* Whether the page is the file's still is asked by a property. */
static void write_cached(struct ds_task *task, struct ds_frames *frames,
			 const struct ds_pinned *page, uint64_t offset,
			 const unsigned char *bytes, size_t n)
{
	struct ds_pgidx at;

	ds_yield(task, DS_AT_DMA, ds_writes(ds_bytes_object(page->pfn)),
		 ds_writes(ds_content_object(page->inode, page->page.pgidx)),
		 ds_reads(ds_frame_owner_object(frames, page->pfn)),
		 ds_reads(ds_size_object(page->inode)));
	ds_frame_write(task, frames, page->pfn, offset, bytes, n);
	ds_tell(task, "DMA writes memory that %s page %llu",
		ds_frame_look_owner(frames, page->pfn, &at) ? "is" : "was",
		(unsigned long long)page->page.pgidx);
	send_bytes(task, page, offset, bytes, n);
}

/* Properties compare the place with the extent map and i_size. */
static void write_block(struct ds_task *task, struct ds_frames *frames,
			const struct ds_pinned *page, uint64_t offset,
			const unsigned char *bytes, size_t n)
{
	ds_yield(task, DS_AT_DMA, ds_writes(ds_bytes_object(page->pfn)),
		 ds_writes(ds_content_object(page->inode, page->page.pgidx)),
		 ds_reads(ds_extents_object(page->inode)),
		 ds_reads(ds_size_object(page->inode)),
		 ds_reads(ds_shares_object(page->pfn)));
	ds_frame_stream(task, frames, page->pfn, offset, bytes, n);
	if (ds_is_watched(task)) {
		ds_tell(task, "DMA writes block %llu",
			(unsigned long long)page->pfn.pfn);
		send_bytes(task, page, offset, bytes, n);
	}
}

static void move_page(struct ds_task *task, const struct ds_direct *direct,
		      const struct ds_pinned *page, uint64_t offset,
		      unsigned char *bytes, size_t n)
{
	struct ds_frames *frames = direct->space->frames;

	if (!direct->to_memory) {
		ds_yield(task, DS_AT_DMA, ds_reads(ds_bytes_object(page->pfn)));
		ds_frame_read(task, frames, page->pfn, offset, bytes, n);
	} else if (ds_pfn_is_anon(page->pfn)) {
		/* Memory of the program: no file is the better or worse. */
		ds_yield(task, DS_AT_DMA,
			 ds_writes(ds_bytes_object(page->pfn)));
		ds_frame_write(task, frames, page->pfn, offset, bytes, n);
		ds_tell(task, "DMA writes a private copy");
	} else if (ds_pfn_is_cached(page->pfn)) {
		write_cached(task, frames, page, offset, bytes, n);
	} else {
		write_block(task, frames, page, offset, bytes, n);
	}
}

/* Ordinary pages that a device wrote to are dirty, unless they are nobody's. */
static void dirty_pages(struct ds_task *task, const struct ds_direct *direct)
{
	uint64_t i;

	for (i = 0; direct->to_memory && i < direct->n_pages; i++)
		if (ds_pfn_is_cached(direct->pages[i].pfn))
			ds_pagecache_dirty(task, direct->space->frames,
					   direct->pages[i].pfn);
}

static void unpin_all(struct ds_task *task, const struct ds_direct *direct)
{
	if (!direct->n_pages)
		return;
	dirty_pages(task, direct);
	ds_unpin_bio_pages(task, direct->space, direct->pages, direct->n_pages);
}

void ds_direct_transfer(struct ds_task *task, struct ds_direct *direct,
			unsigned char *bytes)
{
	uint64_t offset = direct->addr & DS_PAGE_MASK;
	size_t done = 0;
	uint64_t i;

	if (!ds_keeps(task, DS_RULE_DMA_UNDER_PIN))
		unpin_all(task, direct);
	for (i = 0; i < direct->n_pages && done < direct->len; i++) {
		uint64_t room = DS_PAGE_SIZE - offset;
		size_t left = direct->len - done;
		size_t n = left < room ? left : (size_t)room;

		move_page(task, direct, &direct->pages[i], offset, bytes + done,
			  n);
		done += n;
		offset = 0;
	}
	/* The pages are let go, or the requester told, after that. */
	ds_frame_stream_end(task);
}

void ds_direct_end(struct ds_task *task, struct ds_direct *direct)
{
	if (ds_keeps(task, DS_RULE_DMA_UNDER_PIN))
		unpin_all(task, direct);
	direct->n_pages = 0;
}

void ds_direct_unpin(struct ds_task *task, struct ds_direct *direct)
{
	dirty_pages(task, direct);
	if (direct->n_pages && ds_keeps(task, DS_RULE_DMA_UNDER_PIN))
		ds_unpin_pages(task, direct->space, direct->pages,
			       direct->n_pages);
	direct->n_pages = 0;
}

int64_t ds_direct_dup(struct ds_task *task, const struct ds_direct *from,
		      struct ds_direct *ret_direct)
{
	uint64_t i;
	int r;

	*ret_direct = *from;
	for (i = 0; i < from->n_pages; i++) {
		r = ds_pin_again(task, from->space, &from->pages[i],
				 &ret_direct->pages[i]);
		if (r < 0)
			return r;
	}
	return (int64_t)from->len;
}

/* Without pages it is over, and the rest old. */
void ds_direct_digest(const struct ds_direct *direct, struct ds_digest *digest)
{
	uint64_t i;

	ds_digest_add(digest, direct->n_pages);
	if (!direct->n_pages)
		return;
	ds_digest_add(digest, direct->space->id);
	ds_digest_add(digest, direct->addr);
	ds_digest_add(digest, direct->len << 1 | direct->to_memory);
	for (i = 0; i < direct->n_pages; i++) {
		const struct ds_pinned *page = &direct->pages[i];

		ds_digest_add(digest, page->pfn.pfn);
		ds_digest_add(digest, (uint64_t)page->refs << 32 | page->inode);
		ds_digest_add(digest, page->page.pgidx);
	}
}
