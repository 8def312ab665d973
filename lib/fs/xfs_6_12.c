// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XFS of v6.12 and later: fallocate waits for direct I/O right after the wait
 * for pins; who frees space drops its pages, after the checks of its mode.
 *
 * Models: fs/xfs/{xfs_file,xfs_bmap_util}.c.
 */
#include "file/layout.h"
#include "fs/profiles.h"
#include "fs/xfs.h"

static int free_space(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, uint64_t end)
{
	ds_xfs_flush_unmap(task, inode, offset, end);
	return ds_xfs_free_blocks(task, inode, offset, end);
}

static const struct ds_xfs_order order = {
	.free_space = free_space,
	.prepare_shift = ds_xfs_flush_unmap_behind,
};

/* Models: xfs_file_fallocate(). */
static int fallocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	int r = ds_xfs_fallocate_begin(task, inode);

	if (r == 0) {
		ds_inode_wait_direct(task, inode);
		r = ds_xfs_fallocate_mode(task, inode, mode, offset, len,
					  &order);
	}
	ds_xfs_fallocate_end(task, inode);
	return r;
}

const struct ds_fs_ops ds_xfs_6_12_ops = {
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
