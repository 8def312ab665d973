/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_PAGECACHE_H
#define DS_FILE_PAGECACHE_H

/*
 * A file that is not on DAX: reads, writes and page tables go to ordinary pages
 * in its page cache, write-back copies these to blocks. Who pins a page has
 * memory and no block; a page that is taken out of the cache lives on as long
 * as it has users, and what is written to it then is lost.
 *
 * The lock of a page is the lock of its entry.
 *
 * Models: mm/filemap.c and ext4's address_space_operations, v4.19. Differs:
 * blocks are allocated before a page becomes dirty, not at write-back; reads
 * copy under the lock of the page, and hold i_rwsem; no read-ahead, no
 * reclaim, no huge pages, no pages under write-back.
 */
#include "file/inode.h"

/*
 * With the entry of @page locked, which was @old: gives it a page with what the
 * file has there, if it has none. Return: 0 with the page, or -ENOMEM.
 */
int ds_pagecache_fill(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pgidx page, uint64_t old,
		      struct ds_pfn *ret_pfn);

/* Reads bytes of one page. Return: 0, or -ENOMEM. */
int ds_pagecache_read(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, void *buf, size_t n);

/*
 * Writes bytes of one page, zeroes if @buf is NULL; it has a block. Return: 0,
 * or -ENOMEM.
 */
int ds_pagecache_write(struct ds_task *task, struct ds_inode *inode,
		       uint64_t offset, const void *buf, size_t n);

/* Copies the page @pfn, whose entry is locked, to the block of @page. */
void ds_pagecache_store(struct ds_task *task, void *file, struct ds_pgidx page,
			struct ds_pfn pfn);

/*
 * A step that makes the ordinary page @pfn dirty, if it still is some file's:
 * for who wrote to it without a page table, before it gives up its pin.
 *
 * Models: set_page_dirty_lock() of bio_check_pages_dirty().
 */
void ds_pagecache_dirty(struct ds_task *task, struct ds_frames *frames,
			struct ds_pfn pfn);

/*
 * The frame that a read of @page would copy from: of the page cache, if it has
 * an ordinary page; a block; or the zero page. A view, for properties.
 */
struct ds_pfn ds_pagecache_view(const struct ds_inode *inode,
				struct ds_pgidx page);

#endif
