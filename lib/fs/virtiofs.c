// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virtiofs with DAX, v5.14 to v6.15: the guest maps the server's file through a
 * window of device memory, and a call that changes blocks is a request to the
 * server, made with faults kept out. The server acts at once; the guest's page
 * cache follows when its answer is there. So between the two what is mapped or
 * pinned in the guest is no longer the file's, unless it was waited for.
 *
 * To v6.14 the three calls that mean the whole file ask for the bytes from 0 to
 * 0, which are those of page 0.
 *
 * Models: fs/fuse/{dax,dir,file}.c. Differs: the server's blocks are the
 * window, and one that it frees is the next owner's at once; a hole is mapped
 * as the zero page, where the server has a page of its cache; no range of the
 * window is ever short, so none is reclaimed.
 */
#include <errno.h>
#include <linux/falloc.h>

#include "file/layout.h"
#include "file/truncate.h"
#include "fs/plain.h"
#include "fs/profiles.h"

/* Both ends are included: the end 0 is in page 0. */
static int break_page_0(struct ds_task *task, struct ds_inode *inode)
{
	return ds_break_layouts_range(task, inode, 0, 0);
}

static int break_all(struct ds_task *task, struct ds_inode *inode)
{
	if (!ds_keeps(task, DS_RULE_VIRTIOFS_WHOLE_FILE))
		return break_page_0(task, inode);
	return ds_break_layouts(task, inode);
}

static int wait_for_pins(struct ds_task *task, struct ds_inode *inode,
			 enum ds_rule rule)
{
	if (!ds_keeps(task, rule))
		return 0;
	return inode->super->profile->ops->break_layouts(task, inode);
}

/* The server's part of FUSE_SETATTR, and of FUSE_OPEN with O_TRUNC. */
static int serve_size(struct ds_task *task, struct ds_inode *inode,
		      uint64_t old, uint64_t size)
{
	ds_plain_set_disk_size(task, inode, size);
	if (size <= old)
		return ds_plain_cut(task, inode, size);
	ds_plain_zero_tail(task, inode, old);
	return 0;
}

/*
 * Of an open with O_TRUNC, too: fuse_open() has the same order.
 *
 * Models: fuse_do_setattr().
 */
static int set_size(struct ds_task *task, struct ds_inode *inode, uint64_t size)
{
	uint64_t old = ds_inode_size(task, inode);
	int r;

	ds_inode_lock_faults(task, inode);
	r = wait_for_pins(task, inode, DS_RULE_VIRTIOFS_TRUNCATE_BREAKS);
	if (r == 0)
		r = serve_size(task, inode, old, size);
	if (r == 0)
		ds_inode_set_size(task, inode, size);
	if (r == 0 && size != old) {
		ds_truncate_cache(task, inode, size);
		ds_mapping_invalidate(task, &inode->mapping, ds_pgrange_all());
	}
	ds_inode_unlock_faults(task, inode);
	return r;
}

/* The server's part of FUSE_FALLOCATE. */
static int serve_fallocate(struct ds_task *task, struct ds_inode *inode,
			   int mode, uint64_t offset, uint64_t end)
{
	uint64_t size = ds_inode_size(task, inode);

	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > size) {
		ds_plain_set_disk_size(task, inode, end);
		ds_plain_zero_tail(task, inode, size);
	}
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return ds_plain_punch(task, inode, offset, end);
	if (mode & FALLOC_FL_ZERO_RANGE)
		return ds_plain_zero(task, inode, offset, end);
	return ds_plain_allocate(task, inode, offset, end);
}

/* The inode is locked, and faults are kept out if anything is to be dropped. */
static int fallocate_locked(struct ds_task *task, struct ds_inode *inode,
			    int mode, uint64_t offset, uint64_t end)
{
	bool drops = mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE);
	int r;

	/* All that is dirty from there to the end of the file. */
	if (drops)
		ds_mapping_write_back(task, &inode->mapping,
				      ds_pgrange(ds_page_down(offset),
						 DS_PGIDX_MAX));
	r = serve_fallocate(task, inode, mode, offset, end);
	if (r < 0)
		return r;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > ds_inode_size(task, inode))
		ds_inode_set_size(task, inode, end);
	if (drops)
		ds_truncate_cache_range(task, inode, offset, end);
	return 0;
}

/*
 * Mode 0 waits, too; with KEEP_SIZE alone nothing does.
 *
 * Models: fuse_file_fallocate().
 */
static int fallocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	const int drops = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
	bool blocks_faults = !(mode & FALLOC_FL_KEEP_SIZE) || (mode & drops);
	int r = 0;

	if (mode & ~(drops | FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	if (blocks_faults) {
		ds_inode_lock_faults(task, inode);
		r = wait_for_pins(task, inode,
				  DS_RULE_VIRTIOFS_FALLOCATE_BREAKS);
	}
	if (r == 0)
		r = fallocate_locked(task, inode, mode, offset, offset + len);
	if (blocks_faults)
		ds_inode_unlock_faults(task, inode);
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

/*
 * A write that makes the file longer is the server's to make, so that data and
 * size change there together. It waits for nothing, and neither do others.
 *
 * Models: fuse_dax_write_iter(). Differs: both go the same way to the blocks.
 */
const struct ds_fs_ops ds_virtiofs_5_14_ops = {
	.family = "virtiofs",
	.set_size = set_size,
	.fallocate = fallocate,
	.write = ds_plain_write,
	.make_written = ds_plain_make_written,
	.fsync = ds_plain_fsync,
	.break_layouts = break_page_0,
};

const struct ds_fs_ops ds_virtiofs_6_15_ops = {
	.family = "virtiofs",
	.set_size = set_size,
	.fallocate = fallocate,
	.write = ds_plain_write,
	.make_written = ds_plain_make_written,
	.fsync = ds_plain_fsync,
	.break_layouts = break_all,
};
