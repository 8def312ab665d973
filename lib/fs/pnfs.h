/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FS_PNFS_H
#define DS_FS_PNFS_H

/*
 * The file system's side of pNFS block layouts: telling a client where the
 * blocks of a file lie, and taking over what it wrote there.
 *
 * Of the kernels modelled only XFS has it. The others get the same, as what
 * would be: whether layouts are recalled is the file system's own affair.
 */
#include "file/inode.h"

/**
 * ds_pnfs_map() - where the blocks of a range lie
 * @write: give the range's first hole, if it begins with one, unwritten blocks
 * @ret_run: the whole run in which @offset lies, a hole too
 *
 * Writes back and drops what the page cache has of the file, clean entries of
 * pinned pages too. Holds the inode lock, and no fault lock: faults go on.
 *
 * A file that may share blocks has no layouts. That is asked before the lock is
 * taken, and who shares blocks meanwhile is not noticed.
 *
 * Return: 0; -ENXIO for a file that may share blocks; -EINVAL behind what can
 * be mapped; -ENOSPC.
 *
 * Models: xfs_fs_map_blocks(), v4.19. Differs: no real-time device or shutdown
 * to refuse.
 */
int ds_pnfs_map(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		uint64_t len, bool write, struct ds_extent *ret_run);

/**
 * ds_pnfs_commit() - make what a client wrote part of the file
 *
 * Drops the page cache of the range, makes its unwritten blocks written as they
 * are, and grows the file to the range's end.
 *
 * Return: 0; -EIO when the new end would not lie in a written block.
 *
 * Models: xfs_fs_commit_blocks(), v4.19.
 */
int ds_pnfs_commit(struct ds_task *task, struct ds_inode *inode,
		   uint64_t offset, uint64_t len);

#endif
