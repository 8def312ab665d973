// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XFS of v4.18 to v5.4: freeing space waits for direct I/O, writes back and
 * drops its range by itself, after the checks of its mode. v4.18 gives up early
 * when it waits for pins (e25ff835af89).
 *
 * Models: fs/xfs/{xfs_file,xfs_bmap_util}.c.
 */
#include "file/layout.h"
#include "file/truncate.h"
#include "fs/profiles.h"
#include "fs/xfs.h"

static int free_space(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, uint64_t end)
{
	ds_inode_wait_direct(task, inode);
	ds_xfs_flush_unmap(task, inode, offset, end);
	return ds_xfs_free_blocks(task, inode, offset, end);
}

static void prepare_shift(struct ds_task *task, struct ds_inode *inode,
			  uint64_t offset)
{
	ds_mapping_write_back(task, &inode->mapping,
			      ds_pgrange(ds_page_down(offset), DS_PGIDX_MAX));
	if (ds_keeps(task, DS_RULE_XFS_SHIFT_DROPS_BEHIND))
		ds_truncate_cache_behind(task, inode, offset & ~DS_PAGE_MASK);
}

static const struct ds_xfs_order order = {
	.free_space = free_space,
	.prepare_shift = prepare_shift,
};

/* Models: xfs_file_fallocate(). */
static int fallocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	int r = ds_xfs_fallocate_begin(task, inode);

	if (r == 0)
		r = ds_xfs_fallocate_mode(task, inode, mode, offset, len,
					  &order);
	ds_xfs_fallocate_end(task, inode);
	return r;
}

const struct ds_fs_ops ds_xfs_4_18_ops = {
	.family = "xfs",
	.set_size = ds_xfs_set_size,
	.fallocate = fallocate,
	.write = ds_xfs_write,
	.make_written = ds_xfs_make_written,
	.fsync = ds_xfs_fsync,
	.dedupe = ds_xfs_dedupe,
	.reflink = ds_xfs_reflink,
	.break_layouts = ds_break_layouts_while_slept,
};

const struct ds_fs_ops ds_xfs_4_19_ops = {
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
