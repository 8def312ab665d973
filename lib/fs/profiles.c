// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fs/profiles.h"

#include <string.h>

#define EXT4_MAX_BYTES (UINT64_C(17592186044416) - 4096)
/* What a file mapped by indirect blocks can hold: 12 + 2^10 + 2^20 + 2^30. */
#define EXT4_BITMAP_BYTES (UINT64_C(1074791436) * 4096)
#define XFS_MAX_BYTES     UINT64_C(0x7fffffffffffffff)

/* What all kernels modelled have in common, and what their file systems. */
#define TO_V6_14 .idle_refs = 1, .break_if_mapped = true

#define EXT4                                                                   \
	.max_bytes = EXT4_MAX_BYTES, .full_keeps_blocks = true,                \
	.interrupted_zero_keeps_edges = true,                                  \
	.refused_insert_keeps_size = true
#define XFS                                                                    \
	.ops = &ds_xfs_4_18_ops, .max_bytes = XFS_MAX_BYTES,                   \
	.supports_unshare = true, .full_zero_punches = true

/* From v5.x on: fair locks, and no waiter of a deleted entry left asleep. */
#define V6_1 .pull_readers = true, .delete_wakes_all = true

/* What ext4 of v6.1 changed, and kept. */
#define EXT4_V6_1                                                              \
	EXT4, V6_1, .ops = &ds_ext4_5_3_ops, .error_grows_size = true,         \
		    .punch_limit = EXT4_BITMAP_BYTES - 4096,                   \
		    .zeroout_blocks = 8

/*
 * From v6.15 on a page in use by nobody has no reference, page-table entries
 * hold one each, and the search for busy pages does not ask who maps the file.
 */
#define V6_15                                                                  \
	.idle_refs = 0, .pte_holds_ref = true, .break_drops_entries = true,    \
	.break_at_evict = true, .direct_pins = true, .strict_modes = true

static const struct ds_fs_profile profiles[] = {
	{
		TO_V6_14,
		EXT4,
		.name = "ext4-4.18",
		.alias = "ext4-nobreak",
		.models = "ext4 to v4.18: never waits for pins",
		.ops = &ds_ext4_4_18_ops,
		.interrupted_keeps_size = true,
		.proved = true,
	},
	{
		TO_V6_14,
		EXT4,
		.name = "ext4-v2",
		.models = "patch v2 of 2018-06-27: truncate, punch, collapse "
			  "and zero wait; gives up early",
		.ops = &ds_ext4_v2_ops,
		.interrupted_keeps_size = true,
		.proved = true,
	},
	{
		TO_V6_14,
		EXT4,
		.name = "ext4-v3",
		.models = "patch v3 of 2018-07-02: as v2, with comments why "
			  "insert need not wait",
		.ops = &ds_ext4_v2_ops,
		.interrupted_keeps_size = true,
		.proved = true,
	},
	{
		TO_V6_14,
		EXT4,
		.name = "ext4-4.19",
		.models = "ext4 v4.19: insert waits too; b1f382178d15 looks "
			  "again until no page is busy",
		.ops = &ds_ext4_4_19_ops,
		.interrupted_keeps_size = true,
		.proved = true,
	},
	{
		TO_V6_14,
		XFS,
		.name = "xfs-4.19",
		.models = "XFS v4.19: every fallocate mode and every change of "
			  "size waits",
		.proved = true,
	},
	{
		TO_V6_14,
		EXT4_V6_1,
		.name = "ext4-6.1",
		.models = "ext4 v6.1: waits before i_size changes "
			  "(b9c1c26739ec); every drop of a pin wakes",
	},
	{
		TO_V6_14,
		XFS,
		V6_1,
		.name = "xfs-6.1",
		.shares_dax = true,
		.models = "XFS v6.1; every drop of a pin wakes",
	},
	{
		V6_15,
		EXT4_V6_1,
		.punch_keeps_next = true,
		.name = "ext4-6.15",
		.models = "ext4 v6.15 as far as pins go: dax_break_layout(), "
			  "also at eviction; page tables hold references; "
			  "otherwise as v6.1",
	},
	{
		V6_15,
		XFS,
		V6_1,
		.name = "xfs-6.15",
		.shares_dax = true,
		.models = "XFS v6.15 as far as pins go: dax_break_layout(), "
			  "also at eviction; page tables hold references; "
			  "otherwise as v6.1",
	},
};

#define N_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

const struct ds_fs_profile *ds_profile_at(unsigned int i)
{
	return i < N_PROFILES ? &profiles[i] : NULL;
}

const struct ds_fs_profile *ds_profile_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < N_PROFILES; i++) {
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
		if (profiles[i].alias && strcmp(profiles[i].alias, name) == 0)
			return &profiles[i];
	}
	return NULL;
}
