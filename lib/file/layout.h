/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_LAYOUT_H
#define DS_FILE_LAYOUT_H

/*
 * Breaking layouts: waiting until no page of a file is in use by a device.
 */
#include "file/inode.h"

/**
 * ds_break_layouts() - make a file free of pins
 * @task:  holds the inode's fault lock exclusively, and returns with it
 * @inode: whose extent map is about to change
 *
 * Unmaps the whole file and waits until its pages are idle, as the profile of
 * the file system does it. The fault lock is dropped while asleep: what the
 * caller read under it is then stale.
 *
 * Return: 0, or -EINTR when a signal ended the wait.
 *
 * Models: ext4_break_layouts(), patches v2 and v3 of June 2018 and v4.19;
 * xfs_break_dax_layouts(), v4.19. Differs: a signal gives -EINTR where the
 * kernel has -ERESTARTSYS, which user space sees as EINTR.
 */
int ds_break_layouts(struct ds_task *task, struct ds_inode *inode);

#endif
