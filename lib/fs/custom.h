/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FS_CUSTOM_H
#define DS_FS_CUSTOM_H

#include "file/inode.h"

struct daxsim_fs;

/*
 * Makes a profile, and the table of operations it points to, for a file system
 * that a user brings. All three must outlive the universe.
 * Return: 0, or -EINVAL when @fs is not complete.
 */
int ds_custom_profile(const struct daxsim_fs *fs, struct ds_fs_ops *ret_ops,
		      struct ds_fs_profile *ret_profile);

#endif
