/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FS_COMMON_H
#define DS_FS_COMMON_H

/*
 * Pieces that the file systems' orders of steps are made of.
 */
#include "file/inode.h"

/* A handle on the running transaction. Nothing may wait for pins inside. */
void ds_transaction_begin(struct ds_task *task, struct ds_inode *inode);
void ds_transaction_end(struct ds_task *task, struct ds_inode *inode);

/* Commits the running transaction: waits until no handle is open. */
void ds_journal_commit(struct ds_task *task, struct ds_inode *inode);

/*
 * The checks of generic_write_checks(): places an append (@offset is
 * UINT64_MAX) and cuts the write at s_maxbytes. Return: 0, or -EFBIG.
 */
int ds_write_checks(struct ds_task *task, struct ds_inode *inode,
		    uint64_t *offset, size_t *len);

/*
 * Zeroes the bytes of [start, end) that lie in blocks it does not cover whole,
 * where these are written. Return: 0, or -ENOSPC where they are shared.
 */
int ds_zero_edges(struct ds_task *task, struct ds_inode *inode, uint64_t start,
		  uint64_t end);

/*
 * Whether writing @range, part of the unwritten @extent, extends a written
 * extent beside it: at its start the one before, at its end the one behind,
 * in both cases with contiguous blocks. The extents lock is held.
 */
bool ds_joins_written(const struct ds_inode *inode, struct ds_pgrange extent,
		      struct ds_pgrange range);

/* Whether @n blocks are free for @inode: a step. */
bool ds_has_space_for(struct ds_task *task, const struct ds_inode *inode,
		      uint64_t n);

#endif
