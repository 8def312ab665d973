/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_COW_H
#define DS_FILE_COW_H

/*
 * Blocks that several files have, and the copies made before one of them is
 * written.
 *
 * A copy under way lies beside the extent map, in inode->copies: it gets its
 * bytes there, and then takes the place of the shared block. Until then nobody
 * who looks the page up finds it; but who else begins a copy of the same page
 * finds the block and goes on with it.
 *
 * Models: the CoW fork of XFS. Differs: no preallocation around a copy.
 */
#include "file/inode.h"

/* One page of a copy under way. */
struct ds_copy {
	struct ds_pfn from, to;
};

/*
 * Whether a write to @pfn, a block of @inode, has to ask ds_cow_begin(). No
 * step: what keeps blocks from being shared is held, i_rwsem or the fault lock;
 * and a block that was shared keeps that mark as long as this file has it, so
 * the caller holds the extents lock.
 */
bool ds_cow_asks(const struct ds_inode *inode, struct ds_pfn pfn);

/*
 * Finds the block of @page, which is written. Return: whether others have it.
 *
 * Models: xfs_read_iomap_begin(), xfs_reflink_trim_around_shared().
 */
bool ds_cow_look(struct ds_task *task, struct ds_inode *inode,
		 struct ds_pgidx page, struct ds_pfn *ret_pfn);

/*
 * Finds or begins a copy of @page, which is written, if others have its block
 * too. Return: 1 with the blocks in @ret_copy; 0 with the block in
 * ret_copy->from if it is the file's alone; -ENOSPC.
 *
 * Models: xfs_direct_write_iomap_begin(), xfs_reflink_allocate_cow(). Differs:
 * the kernel gives the extents lock up to get ready for an allocation.
 */
int ds_cow_begin(struct ds_task *task, struct ds_inode *inode,
		 struct ds_pgidx page, struct ds_copy *ret_copy);

/*
 * Copies the bytes [start, end) of the page.
 *
 * Models: dax_iomap_copy_around().
 */
void ds_cow_fill(struct ds_task *task, struct ds_inode *inode,
		 const struct ds_copy *copy, uint64_t start, uint64_t end);

/*
 * Writes @n bytes at @offset, or zeroes if @buf is NULL, to the copy of their
 * page, whose other bytes come along, and lets it take the block's place.
 *
 * Models: dax_iomap_iter() and dax_zero_iter() over a shared block.
 */
int ds_cow_write(struct ds_task *task, struct ds_inode *inode,
		 const struct ds_copy *copy, uint64_t offset, const void *buf,
		 size_t n);

/*
 * Puts the copy of @page, if there still is one, in the place of its block,
 * which loses an owner.
 *
 * Models: xfs_reflink_end_cow().
 */
int ds_cow_end(struct ds_task *task, struct ds_inode *inode,
	       struct ds_pgidx page);

/*
 * Gives @page of @source one owner more, @dest at @to, which loses what it had
 * there. A page without written block leaves a hole. The caller holds the locks
 * of both files, and their pages are idle.
 *
 * Models: xfs_reflink_remap_extent(). Differs: block by block.
 */
int ds_share_page(struct ds_task *task, struct ds_inode *source,
		  struct ds_pgidx page, struct ds_inode *dest,
		  struct ds_pgidx to);

/*
 * Gives the file blocks of its own where others have its blocks in @range.
 *
 * Models: xfs_reflink_unshare(), dax_file_unshare(). Differs: a page at a time.
 */
int ds_unshare(struct ds_task *task, struct ds_inode *inode,
	       struct ds_pgrange range);

#endif
