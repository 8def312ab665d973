/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_TRUNCATE_H
#define DS_FILE_TRUNCATE_H

/*
 * Taking pages out of the page cache and out of all page tables, before their
 * blocks go. The caller keeps faults out.
 */
#include "file/inode.h"

/*
 * Drops everything from byte @size on: unmaps, private copies too, deletes the
 * entries, unmaps again. A page that @size cuts stays.
 *
 * Models: truncate_pagecache(), v4.19.
 */
void ds_truncate_cache(struct ds_task *task, struct ds_inode *inode,
		       uint64_t size);

/*
 * The same for pages that are to move: private copies of them stay.
 *
 * Models: xfs_flush_unmap_range() under a shift: truncate_pagecache_range().
 * Differs: unmaps a second time.
 */
void ds_truncate_cache_behind(struct ds_task *task, struct ds_inode *inode,
			      uint64_t offset);

/*
 * Drops the pages that lie inside the bytes [start, end): unmaps, deletes.
 * Private copies stay.
 *
 * Models: truncate_pagecache_range(), v4.19.
 */
void ds_truncate_cache_range(struct ds_task *task, struct ds_inode *inode,
			     uint64_t start, uint64_t end);

#endif
