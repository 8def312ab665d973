/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FS_PROFILES_H
#define DS_FS_PROFILES_H

/*
 * The file systems that can be simulated, each as one kernel had it.
 */
#include "file/inode.h"

/* Profile number @i in the order of the proof table's columns, NULL after. */
const struct ds_fs_profile *ds_profile_at(unsigned int i);

/* The profile called @name, or known by that alias; NULL if none is. */
const struct ds_fs_profile *ds_profile_find(const char *name);

/*
 * What is no file system's own: how the kernel of number @i counts, locks and
 * wakes, in the order of enum daxsim_kernel. NULL behind the last.
 */
const struct ds_fs_profile *ds_profile_kernel(unsigned int i);

/* The orders of steps, named after the first kernel that has them. */
extern const struct ds_fs_ops ds_ext4_4_18_ops;
extern const struct ds_fs_ops ds_ext4_v2_ops;
extern const struct ds_fs_ops ds_ext4_4_19_ops;
extern const struct ds_fs_ops ds_ext4_5_3_ops;
extern const struct ds_fs_ops ds_ext4_5_5_ops;
extern const struct ds_fs_ops ds_ext4_6_14_ops;
extern const struct ds_fs_ops ds_xfs_4_18_ops;
extern const struct ds_fs_ops ds_xfs_4_19_ops;
extern const struct ds_fs_ops ds_xfs_5_10_ops;
extern const struct ds_fs_ops ds_xfs_6_12_ops;
extern const struct ds_fs_ops ds_virtiofs_5_14_ops;
extern const struct ds_fs_ops ds_virtiofs_6_15_ops;
extern const struct ds_fs_ops ds_generic_6_15_ops;
extern const struct ds_fs_ops ds_generic_6_15_nowait_ops;

#endif
