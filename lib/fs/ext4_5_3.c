// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ext4 of v5.3 to v6.13: truncate waits before it changes the size
 * (b9c1c26739ec), so a signal leaves the file as it was. fallocate keeps the
 * order of v4.19. From v5.5 on a write moves i_size once, at its end.
 *
 * Models: fs/ext4/{inode,extents}.c.
 */
#include "file/layout.h"
#include "fs/ext4.h"
#include "fs/profiles.h"

/* Models: ext4_setattr(). */
int ds_ext4_5_3_set_size(struct ds_task *task, struct ds_inode *inode,
			 uint64_t size)
{
	bool size_first = !ds_keeps(task, DS_RULE_EXT4_BREAK_BEFORE_SIZE);
	uint64_t old = ds_inode_size(task, inode);
	bool shrink = size <= old;
	int r;

	if (size_first && size != old)
		ds_ext4_change_size(task, inode, size);
	if (shrink)
		ds_inode_wait_direct(task, inode);
	ds_inode_lock_faults(task, inode);
	r = ds_ext4_wait(task, inode, DS_RULE_EXT4_TRUNCATE_BREAKS);
	if (r == 0) {
		if (!size_first && size != old)
			ds_ext4_change_size(task, inode, size);
		r = ds_ext4_cut(task, inode, size, shrink);
	}
	if (r == 0 || ds_keeps(task, DS_RULE_EXT4_TRUNCATE_ERROR_UNLOCKS))
		ds_inode_unlock_faults(task, inode);
	return r;
}

const struct ds_fs_ops ds_ext4_5_3_ops = {
	.family = "ext4",
	.set_size = ds_ext4_5_3_set_size,
	.fallocate = ds_ext4_4_19_fallocate,
	.write = ds_ext4_write_by_runs,
	.make_written = ds_ext4_make_written,
	.fsync = ds_ext4_fsync,
	.break_layouts = ds_break_layouts,
	.fault_in_transaction = true,
};

const struct ds_fs_ops ds_ext4_5_5_ops = {
	.family = "ext4",
	.set_size = ds_ext4_5_3_set_size,
	.fallocate = ds_ext4_4_19_fallocate,
	.write = ds_ext4_write,
	.make_written = ds_ext4_make_written,
	.fsync = ds_ext4_fsync,
	.break_layouts = ds_break_layouts,
	.fault_in_transaction = true,
};
