/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_LAYOUT_H
#define DS_FILE_LAYOUT_H

/*
 * Breaking layouts: waiting until no page of a file is in use by a device.
 */
#include "file/inode.h"

/*
 * ERESTARTSYS. A system call that returns it is restarted or gives EINTR where
 * a signal is pending; otherwise user space gets the bare number.
 */
#define DS_ERESTARTSYS 512

/**
 * ds_break_layouts() - make a file free of pins
 * @task:  holds the inode's fault lock exclusively, and returns with it
 * @inode: whose extent map is about to change
 *
 * Unmaps the whole file and waits until it finds no busy page. The fault lock
 * is dropped while asleep: what the caller read under it is then stale.
 *
 * Return: 0, or -EINTR when a signal ended the wait.
 *
 * Models: ext4_break_layouts() and xfs_break_dax_layouts(), v4.19 and later;
 * dax_break_layout(), v6.15. Differs: a signal gives -EINTR where the kernel
 * has -ERESTARTSYS, which user space sees as EINTR.
 */
int ds_break_layouts(struct ds_task *task, struct ds_inode *inode);

/*
 * The same for the pages from that of byte @start to that of byte @last, both
 * included, and no others; a @last of INT64_MAX or more is the end of the file.
 *
 * Models: dax_layout_busy_page_range() in fuse_dax_break_layouts(), v5.10 to
 * v6.14; dax_break_layout(), v6.15.
 */
int ds_break_layouts_range(struct ds_task *task, struct ds_inode *inode,
			   uint64_t start, uint64_t last);

/*
 * The same with a race: it looks again only if its last wait really slept. A
 * page that became idle before the first test ends the loop, with other pages
 * never looked at.
 *
 * Models: ext4_break_layouts() of patches v2 and v3 of June 2018, and
 * xfs_break_dax_layouts() of v4.18; b1f382178d15 and e25ff835af89 mend them.
 */
int ds_break_layouts_while_slept(struct ds_task *task, struct ds_inode *inode);

/*
 * The same without a wait. Return: whether the file was free of pins; if not,
 * it is unmapped all the same.
 *
 * To v6.14 the first busy page is looked at again, and if it is idle by then,
 * all others count as idle, too.
 *
 * Models: the second inode of xfs_mmaplock_two_inodes_and_break_dax_layout(),
 * v6.1; dax_break_layout() without a callback, v6.15.
 */
bool ds_break_layouts_at_once(struct ds_task *task, struct ds_inode *inode);

/*
 * The same for a file that nobody can reach any more, whose blocks are about to
 * be freed: no lock is held, and no signal ends the wait.
 *
 * Models: dax_break_layout_final(), v6.15.
 */
void ds_break_layouts_final(struct ds_task *task, struct ds_inode *inode);

#endif
