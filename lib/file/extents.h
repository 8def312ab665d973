/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_EXTENTS_H
#define DS_FILE_EXTENTS_H

/*
 * Steps on the extent map of an inode. Each change is one step, and what
 * becomes of the blocks (allocated, zeroed, freed) are steps of their own.
 *
 * Unless said otherwise the caller holds the extents lock exclusively.
 * Negative results are -ENOSPC, or -ENOMEM where a run is not controlled.
 */
#include "file/inode.h"

/* The run that holds @page; takes the extents lock shared by itself. */
struct ds_extent ds_inode_lookup(struct ds_task *task, struct ds_inode *inode,
				 struct ds_pgidx page);

/* The same, with the lock held. */
struct ds_extent ds_inode_lookup_locked(struct ds_task *task,
					struct ds_inode *inode,
					struct ds_pgidx page);

/*
 * As ds_inode_lookup(), and of how many of @n pages from @page on, if they are
 * in the run and written, a write need not ask ds_cow_begin(): as long as the
 * file has a block it knows that others may, and without the lock it can lose
 * it.
 */
struct ds_extent ds_inode_lookup_own(struct ds_task *task,
				     struct ds_inode *inode,
				     struct ds_pgidx page, uint64_t n,
				     uint64_t *ret_own);

/* The last of it, with the lock held; out of line, if the file can share. */
uint64_t ds_inode_ask_own(const struct ds_inode *inode,
			  const struct ds_extent *run, struct ds_pgidx page,
			  uint64_t n);

static inline uint64_t ds_inode_n_own(const struct ds_inode *inode,
				      const struct ds_extent *run,
				      struct ds_pgidx page, uint64_t n)
{
	return ds_likely(!inode->copies)
		       ? n
		       : ds_inode_ask_own(inode, run, page, n);
}

/*
 * Gives the start of @range, a hole, one run of new blocks.
 * @zeroed: their bytes are zeroed before they become reachable; needed for
 * written ones.
 * Return: pages that got blocks, or -ENOSPC.
 */
int64_t ds_inode_add_blocks(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range, enum ds_ext_state state,
			    bool zeroed);

/*
 * Takes one run of at most @want blocks from the free ones. Return: its length
 * with its start in @ret_pfn, or 0. No lock is needed.
 */
uint64_t ds_inode_alloc(struct ds_task *task, struct ds_inode *inode,
			uint64_t want, struct ds_pfn *ret_pfn);

/*
 * Gives up the file's hold on @n blocks that have left its map. Who was the
 * last to have one frees it.
 */
void ds_inode_free_blocks(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pfn pfn, uint64_t n);

/* Takes the blocks of @range out of the file and frees them. */
int ds_inode_remove_blocks(struct ds_task *task, struct ds_inode *inode,
			   struct ds_pgrange range);

/* Makes the blocks of @range read as zero without moving them. */
int ds_inode_unwrite(struct ds_task *task, struct ds_inode *inode,
		     struct ds_pgrange range);

/* Makes unwritten blocks of @range written; their bytes are zeroed first. */
int ds_inode_convert_written(struct ds_task *task, struct ds_inode *inode,
			     struct ds_pgrange range);

/*
 * Makes unwritten blocks of @range written as they are: somebody who accesses
 * them directly has written them.
 */
int ds_inode_accept_written(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range);

/* Cuts @range, a hole, out of the file. */
int ds_inode_shift_down(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range);

/* Inserts a hole of @n_pages at @at. */
int ds_inode_shift_up(struct ds_task *task, struct ds_inode *inode,
		      struct ds_pgidx at, uint64_t n_pages);

/*
 * Zeroes the bytes [start, end) where they lie in written blocks; of a block
 * that others have too, in a copy. Takes the extents lock by itself. Return: 0,
 * or -ENOSPC.
 */
int ds_inode_zero_bytes(struct ds_task *task, struct ds_inode *inode,
			uint64_t start, uint64_t end);

#endif
