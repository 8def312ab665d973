// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "check/check.h"
#include "check/shadow.h"
#include "file/pagecache.h"

/* The shadow of a file; NULL if it is not followed. */
static struct ds_shadow_page *pages_of(const struct ds_checks *checks,
				       uint32_t inode)
{
	if (!checks->shadow || inode == 0 || inode > DS_SHADOW_INODES)
		return NULL;
	return checks->shadow->pages[inode - 1];
}

/* Before @page changes. */
static void remember(struct ds_shadow *shadow, struct ds_shadow_page *page)
{
	shadow->is_known = false;
	if (!shadow->reading)
		return;
	memmove(page->past[1], page->past[0],
		sizeof(page->past) - sizeof(page->past[0]));
	memmove(&page->readers[1], &page->readers[0],
		sizeof(page->readers) - sizeof(page->readers[0]));
	memcpy(page->past[0], page->now, sizeof(page->now));
	page->readers[0] = shadow->reading;
}

/* @reader is in its call no more: drops what concerned nobody else. */
static void forget_for(struct ds_shadow_page *page, uint32_t reader)
{
	struct ds_shadow_page old = *page;
	unsigned int i, n = 0;

	memset(page->past, 0, sizeof(page->past));
	memset(page->readers, 0, sizeof(page->readers));
	for (i = 0; i < DS_SHADOW_PAST; i++) {
		if (!(old.readers[i] & ~reader))
			continue;
		page->readers[n] = old.readers[i] & ~reader;
		memcpy(page->past[n++], old.past[i], sizeof(old.past[i]));
	}
}

/* Of all calls only these see bytes in other steps than their last one. */
static bool is_reading(const struct ds_event *call)
{
	return call->task < DS_TASKS_MAX && strcmp(call->text, "pread") == 0;
}

static void begin_reading(struct ds_shadow *shadow, unsigned int task)
{
	shadow->reading |= UINT32_C(1) << task;
}

static void end_reading(struct ds_shadow *shadow, unsigned int task)
{
	unsigned int i, j;

	shadow->reading &= ~(UINT32_C(1) << task);
	for (i = 0; i < DS_SHADOW_INODES; i++)
		for (j = 0; j < DS_SHADOW_PAGES; j++) {
			struct ds_shadow_page *page = &shadow->pages[i][j];

			if (page->readers[0])
				forget_for(page, UINT32_C(1) << task);
		}
	shadow->is_known = false;
}

/* Index of the first sample at or behind byte @offset of the file. */
static uint64_t sample_up(uint64_t offset)
{
	return (offset + DS_SHADOW_STRIDE - 1) / DS_SHADOW_STRIDE;
}

/* The bytes [start, end) become @bytes, or zero if that is NULL. */
static void put(struct ds_checks *checks, uint32_t inode, uint64_t start,
		uint64_t end, const unsigned char *bytes)
{
	struct ds_shadow_page *pages = pages_of(checks, inode);
	uint64_t limit = (uint64_t)DS_SHADOW_PAGES * DS_SHADOW_SAMPLES;
	uint64_t last_page = UINT64_MAX;
	uint64_t i;

	for (i = sample_up(start);
	     pages && i < limit && i * DS_SHADOW_STRIDE < end; i++) {
		struct ds_shadow_page *page = &pages[i / DS_SHADOW_SAMPLES];

		if (i / DS_SHADOW_SAMPLES != last_page)
			remember(checks->shadow, page);
		last_page = i / DS_SHADOW_SAMPLES;
		page->now[i % DS_SHADOW_SAMPLES] =
			bytes ? bytes[i * DS_SHADOW_STRIDE - start] : 0;
	}
}

/* The bytes of @event went to the copy of their page. */
static void stage(struct ds_checks *checks, const struct ds_event *event)
{
	struct ds_shadow_page *pages = pages_of(checks, event->inode);
	const unsigned char *bytes = event->bytes;
	uint64_t limit = (uint64_t)DS_SHADOW_PAGES * DS_SHADOW_SAMPLES;
	uint64_t start = event->offset, end = start + event->n;
	uint64_t i;

	for (i = sample_up(start);
	     pages && i < limit && i * DS_SHADOW_STRIDE < end; i++) {
		struct ds_shadow_page *page = &pages[i / DS_SHADOW_SAMPLES];
		unsigned int sample = i % DS_SHADOW_SAMPLES;

		page->staged[sample] =
			bytes ? bytes[i * DS_SHADOW_STRIDE - start] : 0;
		page->is_staged |= UINT32_C(1) << sample;
		checks->shadow->is_known = false;
	}
}

/* The copy of @page took its place. */
static void unstage(struct ds_checks *checks, struct ds_shadow_page *page)
{
	unsigned int i;

	if (!page->is_staged)
		return;
	remember(checks->shadow, page);
	for (i = 0; i < DS_SHADOW_SAMPLES; i++)
		if (page->is_staged >> i & 1)
			page->now[i] = page->staged[i];
	memset(page->staged, 0, sizeof(page->staged));
	page->is_staged = 0;
}

static bool was_there(const struct ds_shadow_page *page, uint64_t sample,
		      unsigned char byte, uint32_t reader)
{
	unsigned int i;

	if (page->now[sample] == byte)
		return true;
	for (i = 0; i < DS_SHADOW_PAST; i++)
		if ((page->readers[i] & reader) &&
		    page->past[i][sample] == byte)
			return true;
	return false;
}

/*
 * The task saw @bytes at [start, end), now or, with its bit in @reader, at some
 * time since its call began.
 */
static void compare(struct ds_checks *checks, const struct ds_event *event,
		    uint64_t start, uint64_t end, uint32_t reader)
{
	struct ds_shadow_page *pages = pages_of(checks, event->inode);
	const unsigned char *bytes = event->bytes;
	uint64_t limit = (uint64_t)DS_SHADOW_PAGES * DS_SHADOW_SAMPLES;
	uint64_t i;

	for (i = sample_up(start);
	     pages && i < limit && i * DS_SHADOW_STRIDE < end; i++) {
		unsigned char byte = bytes[i * DS_SHADOW_STRIDE - start];

		if (was_there(&pages[i / DS_SHADOW_SAMPLES],
			      i % DS_SHADOW_SAMPLES, byte, reader))
			continue;
		ds_checks_report(
			checks, DS_NO_STALE_DATA, event->task,
			"a read of byte %llu saw 0x%02x, which was not "
			"there",
			(unsigned long long)(i * DS_SHADOW_STRIDE), byte);
		return;
	}
}

/* Whether the ordinary page @pfn is that of @page in the file's cache. */
static bool is_cached_at(const struct ds_inode *inode, struct ds_pgidx page,
			 struct ds_pfn pfn)
{
	struct ds_pgidx at;

	return ds_frame_look_owner(inode->super->frames, pfn, &at) ==
		       inode->id &&
	       at.pgidx == page.pgidx;
}

/*
 * Whether @page of the file is a written block, and that one; or the ordinary
 * page in its cache, and that one.
 */
static bool lies_on(const struct ds_inode *inode, struct ds_pgidx page,
		    struct ds_pfn pfn)
{
	struct ds_extent run = ds_extmap_lookup(inode->extents, page);

	if (ds_pfn_is_cached(pfn))
		return is_cached_at(inode, page, pfn);
	return run.state == DS_EXT_WRITTEN &&
	       ds_extent_pfn(&run, page).pfn == pfn.pfn;
}

/*
 * A write to a block by somebody who looked its place up earlier: it counts
 * where the block is now, if it is in the file at all.
 */
static void put_block(struct ds_checks *checks, const struct ds_event *event,
		      uint64_t in_page)
{
	const struct ds_inode *inode =
		ds_super_inode(checks->super, event->inode);
	struct ds_pgidx page = event->page;
	uint64_t size, start, end;

	if (!inode || !pages_of(checks, event->inode))
		return;
	if (!lies_on(inode, page, event->pfn)) {
		page.pgidx = 0;
		while (page.pgidx < DS_SHADOW_PAGES &&
		       !lies_on(inode, page, event->pfn))
			page.pgidx++;
		if (page.pgidx == DS_SHADOW_PAGES)
			return;
	}
	/* Beyond the end of file nothing is promised but zeroes later on. */
	size = atomic_load(&inode->size);
	start = ds_page_start(page) + in_page;
	end = start + event->n < size ? start + event->n : size;
	put(checks, event->inode, start, end, event->bytes);
}

static void move(struct ds_checks *checks, const struct ds_event *event)
{
	struct ds_shadow_page *pages = pages_of(checks, event->inode);
	uint64_t first = event->range.first.pgidx;
	uint64_t by = event->n;
	uint64_t i;

	if (!pages)
		return;
	for (i = 0; i < DS_SHADOW_PAGES; i++)
		remember(checks->shadow, &pages[i]);
	if (event->value < 0) {
		for (i = first; i < DS_SHADOW_PAGES; i++)
			memcpy(pages[i - by].now, pages[i].now,
			       DS_SHADOW_SAMPLES);
		return;
	}
	for (i = DS_SHADOW_PAGES; i-- > first + by;)
		memcpy(pages[i].now, pages[i - by].now, DS_SHADOW_SAMPLES);
	for (i = first; i < first + by && i < DS_SHADOW_PAGES; i++)
		memset(pages[i].now, 0, DS_SHADOW_SAMPLES);
}

/* The pages of @event's range become what those of another file are. */
static void share(struct ds_checks *checks, const struct ds_event *event)
{
	const struct ds_shadow_page *source =
		pages_of(checks, (uint32_t)event->n);
	struct ds_shadow_page *dest = pages_of(checks, event->inode);
	uint64_t n = event->range.end.pgidx - event->range.first.pgidx;
	uint64_t i, from, to;

	for (i = 0; i < n && dest; i++) {
		from = event->page.pgidx + i;
		to = event->range.first.pgidx + i;
		if (from >= DS_SHADOW_PAGES || to >= DS_SHADOW_PAGES)
			return;
		remember(checks->shadow, &dest[to]);
		if (source)
			memcpy(dest[to].now, source[from].now,
			       DS_SHADOW_SAMPLES);
	}
}

static void follow_extents(struct ds_checks *checks,
			   const struct ds_event *event)
{
	switch (event->change) {
	case DS_CHANGE_REMOVED:
	case DS_CHANGE_ZEROED:
		put(checks, event->inode, ds_page_start(event->range.first),
		    ds_page_start(event->range.end), NULL);
		break;
	case DS_CHANGE_MOVED:
		move(checks, event);
		break;
	case DS_CHANGE_REPLACED:
		if (pages_of(checks, event->inode) &&
		    event->range.first.pgidx < DS_SHADOW_PAGES)
			unstage(checks,
				&pages_of(checks,
					  event->inode)[event->range.first
								.pgidx]);
		break;
	case DS_CHANGE_SHARED:
		share(checks, event);
		break;
	default:
		/* New blocks read as the zeroes that were there. */
		break;
	}
}

static void follow_size(struct ds_checks *checks, const struct ds_event *event)
{
	/* A write puts its bytes before the size grows over them. */
	if (event->offset < event->n)
		put(checks, event->inode, event->offset, UINT64_MAX, NULL);
}

/* Whose bytes a load saw: those of another file are never the right ones. */
static void look_at_owner(struct ds_checks *checks,
			  const struct ds_event *event)
{
	const struct ds_inode *inode =
		ds_super_inode(checks->super, event->inode);

	if (event->pfn.pfn == DS_ZERO_PFN ||
	    ds_checks_owns(checks, event->inode, event->pfn) ||
	    (ds_pfn_is_cached(event->pfn) && inode &&
	     is_cached_at(inode, event->page, event->pfn)))
		return;
	ds_checks_report(checks, DS_NO_STALE_DATA, event->task,
			 "a load of page %llu saw block %llu, which is no "
			 "longer the file's",
			 (unsigned long long)event->page.pgidx,
			 (unsigned long long)event->pfn.pfn);
}

/* Return: whether the access stayed in the file, and is to be looked at. */
static bool look_at_copies(struct ds_checks *checks,
			   const struct ds_event *event)
{
	const char *wrong = ds_copies_judge(&checks->shadow->copies, event);

	if (wrong)
		ds_checks_report(checks, DS_NO_STALE_DATA, event->task, wrong,
				 (unsigned long long)event->page.pgidx);
	return !ds_pfn_is_anon(event->pfn);
}

/* A copy has what the page held at some time since it was begun. */
static void see_copy(struct ds_checks *checks, const struct ds_event *event)
{
	uint64_t start = ds_page_start(event->page);
	const struct ds_inode *inode =
		ds_super_inode(checks->super, event->inode);
	uint64_t size = inode ? atomic_load(&inode->size) : 0;
	uint64_t end = start + event->n < size ? start + event->n : size;

	ds_copies_follow(&checks->shadow->copies, event, size);
	if (event->task < DS_TASKS_MAX)
		compare(checks, event, start, end, UINT32_C(1) << event->task);
}

static void see(struct ds_checks *checks, const struct ds_event *event)
{
	const struct ds_inode *inode =
		ds_super_inode(checks->super, event->inode);
	uint32_t reader =
		event->task < DS_TASKS_MAX ? UINT32_C(1) << event->task : 0;
	uint64_t end = event->offset + event->n;
	uint64_t size = inode ? atomic_load(&inode->size) : 0;

	/* A load has no length in time, and sees what stores left past EOF. */
	if (event->kind == DS_EV_LOADED_BYTES) {
		look_at_owner(checks, event);
		reader = 0;
		end = end < size ? end : size;
	}
	compare(checks, event, event->offset, end, reader);
}

/* Takes over what @page of the file holds before @size. */
static void take_page(struct ds_checks *checks, const struct ds_inode *inode,
		      struct ds_pgidx page, struct ds_shadow_page *ret_page)
{
	uint64_t size = atomic_load(&inode->size);
	const unsigned char *bytes;
	uint64_t i;

	bytes = ds_frame_bytes(checks->super->frames,
			       ds_pagecache_view(inode, page));
	for (i = 0; i < DS_SHADOW_SAMPLES; i++)
		if (ds_page_start(page) + i * DS_SHADOW_STRIDE < size)
			ret_page->now[i] = bytes[i * DS_SHADOW_STRIDE];
}

static void start(struct ds_checks *checks)
{
	const struct ds_inode *inode;
	struct ds_shadow_page *pages;
	uint64_t i;

	if (!checks->shadow)
		return;
	memset(checks->shadow, 0, sizeof(*checks->shadow));
	for (inode = checks->super->inodes; inode; inode = inode->next) {
		pages = pages_of(checks, inode->id);
		for (i = 0; pages && i < DS_SHADOW_PAGES; i++)
			take_page(checks, inode, ds_pgidx(i), &pages[i]);
	}
}

/* Notes who is in an append. */
static void follow_appends(struct ds_shadow *shadow,
			   const struct ds_event *event)
{
	if (event->task >= DS_TASKS_MAX || strcmp(event->text, "append") != 0)
		return;
	if (event->kind == DS_EV_CALL_ENTERED)
		shadow->appending |= UINT32_C(1) << event->task;
	else
		shadow->appending &= ~(UINT32_C(1) << event->task);
	shadow->is_known = false;
}

/* What is appended begins where the file ends, when it is written there. */
static void look_at_append(struct ds_checks *checks,
			   const struct ds_event *event)
{
	const struct ds_inode *inode =
		ds_super_inode(checks->super, event->inode);

	if (!event->bytes || !inode || event->task >= DS_TASKS_MAX ||
	    !(checks->shadow->appending >> event->task & 1) ||
	    event->offset >= atomic_load(&inode->size))
		return;
	ds_checks_report(checks, DS_NO_STALE_DATA, event->task,
			 "an append writes over byte %llu, which is in the "
			 "file already",
			 (unsigned long long)event->offset);
}

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	if (!checks->shadow)
		return;
	if (event->kind != DS_EV_COPIED)
		ds_copies_follow(&checks->shadow->copies, event, 0);
	switch (event->kind) {
	case DS_EV_CALL_ENTERED:
		follow_appends(checks->shadow, event);
		if (is_reading(event))
			begin_reading(checks->shadow, event->task);
		break;
	case DS_EV_CALL_LEFT:
		follow_appends(checks->shadow, event);
		if (is_reading(event))
			end_reading(checks->shadow, event->task);
		break;
	case DS_EV_COPYING:
		if (event->task >= DS_TASKS_MAX)
			break;
		if (event->value)
			begin_reading(checks->shadow, event->task);
		else
			end_reading(checks->shadow, event->task);
		break;
	case DS_EV_COPIED:
		see_copy(checks, event);
		break;
	case DS_EV_SAW_BYTES:
		see(checks, event);
		break;
	case DS_EV_LOADED_BYTES:
		if (look_at_copies(checks, event))
			see(checks, event);
		break;
	case DS_EV_PUT_BYTES:
		look_at_append(checks, event);
		put(checks, event->inode, event->offset,
		    event->offset + event->n, event->bytes);
		break;
	case DS_EV_STAGED_BYTES:
		stage(checks, event);
		break;
	case DS_EV_STORED_BYTES:
		if (look_at_copies(checks, event))
			put_block(checks, event, event->offset & DS_PAGE_MASK);
		break;
	case DS_EV_DMA_WROTE:
		put_block(checks, event, event->offset);
		break;
	case DS_EV_EXTENTS_CHANGED:
		follow_extents(checks, event);
		break;
	default:
		follow_size(checks, event);
	}
}

static void digest_page(const struct ds_shadow_page *page,
			struct ds_digest *digest)
{
	unsigned int i;

	ds_digest_add_all(digest,
			  ds_digest_bytes(page->now, sizeof(page->now)));
	if (page->is_staged) {
		/* Not to be taken for readers. */
		ds_digest_add(digest, (uint64_t)page->is_staged << 32);
		ds_digest_add_all(digest, ds_digest_bytes(page->staged,
							  DS_SHADOW_SAMPLES));
	}
	for (i = 0; i < DS_SHADOW_PAST && page->readers[i]; i++) {
		ds_digest_add(digest, page->readers[i]);
		ds_digest_add_all(digest, ds_digest_bytes(page->past[i],
							  DS_SHADOW_SAMPLES));
	}
}

/* It changes seldom, and is looked at after every step. */
void ds_shadow_digest(struct ds_shadow *shadow, struct ds_digest *digest)
{
	unsigned int i, j;

	if (!shadow->is_known) {
		shadow->digest = (struct ds_digest){0, 0};
		for (i = 0; i < DS_SHADOW_INODES; i++)
			for (j = 0; j < DS_SHADOW_PAGES; j++)
				digest_page(&shadow->pages[i][j],
					    &shadow->digest);
		shadow->is_known = true;
	}
	ds_digest_add_all(digest, shadow->digest);
	ds_digest_add(digest,
		      (uint64_t)shadow->appending << 32 | shadow->reading);
	ds_copies_digest(&shadow->copies, digest);
}

const struct ds_property ds_no_stale_data = {
	.name = "NO_STALE_DATA",
	.sentence = "After a call returned, reads see what POSIX says; nothing "
		    "beyond end of file is visible.",
	.reads = "bytes read and written, extent map and size, at the steps "
		 "that touch them",
	.events = UINT32_C(1) << DS_EV_CALL_ENTERED |
		  UINT32_C(1) << DS_EV_CALL_LEFT |
		  UINT32_C(1) << DS_EV_SAW_BYTES |
		  UINT32_C(1) << DS_EV_LOADED_BYTES |
		  UINT32_C(1) << DS_EV_PUT_BYTES |
		  UINT32_C(1) << DS_EV_STAGED_BYTES |
		  UINT32_C(1) << DS_EV_STORED_BYTES |
		  UINT32_C(1) << DS_EV_DMA_WROTE |
		  UINT32_C(1) << DS_EV_EXTENTS_CHANGED |
		  UINT32_C(1) << DS_EV_SIZE_CHANGED |
		  UINT32_C(1) << DS_EV_COPYING | UINT32_C(1) << DS_EV_COPIED |
		  UINT32_C(1) << DS_EV_COPY_DROPPED,
	.start = start,
	.event = look,
};
