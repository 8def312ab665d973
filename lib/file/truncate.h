/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_TRUNCATE_H
#define DS_FILE_TRUNCATE_H

/*
 * Taking pages out of the page cache and out of all page tables, before their
 * blocks go. The caller keeps faults out.
 */
#include "file/inode.h"

/*
 * Drops everything from byte @size on: unmaps, deletes the entries, unmaps
 * again. A page that @size cuts stays.
 *
 * Models: truncate_pagecache(), v4.19.
 */
void ds_truncate_cache(struct ds_task *task, struct ds_inode *inode,
		       uint64_t size);

/*
 * Drops the pages that lie inside the bytes [start, end): unmaps, deletes.
 *
 * Models: truncate_pagecache_range(), v4.19.
 */
void ds_truncate_cache_range(struct ds_task *task, struct ds_inode *inode,
			     uint64_t start, uint64_t end);

#endif
