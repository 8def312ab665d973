// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XFS of v5.5 to v6.11: right after the wait for pins fallocate waits for
 * direct I/O and drops the pages of the range (249bd9087a52), so also for a
 * collapse that is then refused.
 *
 * Models: fs/xfs/{xfs_file,xfs_bmap_util}.c.
 */
#include <linux/falloc.h>

#include "file/layout.h"
#include "fs/profiles.h"
#include "fs/xfs.h"

static const struct ds_xfs_order order = {
	.free_space = ds_xfs_free_blocks,
	.prepare_shift = ds_xfs_flush_unmap_behind,
};

/* Models: xfs_file_fallocate(). */
static int fallocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	const int frees = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE |
			  FALLOC_FL_COLLAPSE_RANGE;
	int r = ds_xfs_fallocate_begin(task, inode);

	if (r == 0) {
		ds_inode_wait_direct(task, inode);
		if (mode & frees)
			ds_xfs_flush_unmap(task, inode, offset, offset + len);
		r = ds_xfs_fallocate_mode(task, inode, mode, offset, len,
					  &order);
	}
	ds_xfs_fallocate_end(task, inode);
	return r;
}

const struct ds_fs_ops ds_xfs_5_10_ops = {
	.family = "xfs",
	.set_size = ds_xfs_set_size,
	.fallocate = fallocate,
	.write = ds_xfs_write,
	.make_written = ds_xfs_make_written,
	.fsync = ds_xfs_fsync,
	.dedupe = ds_xfs_dedupe,
	.reflink = ds_xfs_reflink,
	.break_layouts = ds_break_layouts,
};
