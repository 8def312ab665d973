/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FS_XFS_H
#define DS_FS_XFS_H

/*
 * What XFS does with two files at once.
 */
#include "file/inode.h"

/* See ds_fs_ops.dedupe. Models: xfs_file_remap_range() for FIDEDUPERANGE. */
int64_t ds_xfs_dedupe(struct ds_task *task, struct ds_inode *source,
		      uint64_t offset, struct ds_inode *dest,
		      uint64_t dest_offset, uint64_t len);

#endif
