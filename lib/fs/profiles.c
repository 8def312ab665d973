// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fs/profiles.h"

#include <string.h>

#define EXT4_MAX_BYTES (UINT64_C(17592186044416) - 4096)
/* What a file mapped by indirect blocks can hold: 12 + 2^10 + 2^20 + 2^30. */
#define EXT4_BITMAP_BYTES (UINT64_C(1074791436) * 4096)
#define XFS_MAX_BYTES     UINT64_C(0x7fffffffffffffff)

/* How each kernel counts, locks and wakes, whatever the file system. */
#define TO_V6_14 .idle_refs = 1, .break_if_mapped = true
/* Long-term pins are refused when there already are some (52650c8b466b). */
#define TO_V5_10 TO_V6_14, .longterm_pins_first = true
/*
 * d75996dd022b of v5.3 leaves private copies alone; c3e5ea6ee574 of v5.6 gives
 * up the copy of a page that is gone.
 */
#define V4 TO_V5_10, .break_takes_copies = true, .lost_copy_is_zero = true
/*
 * A lock that readers get takes all readers along; a small entry in the way of
 * a huge one is not waited for (23c84eb78375). Since v4.20 the search for busy
 * pages passes over locked entries: what it looks up behind the one it stands
 * at is nothing (6be3e21d25ca, v6.15).
 */
#define FROM_V5_3 .pull_readers = true, .small_refuses = true
#define V5_3      TO_V5_10, FROM_V5_3, .scan_skips_locked = true
/* No waiter of a deleted entry is left asleep (237388320def, v5.13). */
#define V5_15                                                                  \
	TO_V6_14, FROM_V5_3, .scan_skips_locked = true,                        \
			     .delete_wakes_all = true, .counts_sharers = true
/*
 * Write-back protects all of a huge entry (06083a0921fd, v5.19); whole pages
 * can be written where memory failed (f42e8e5088b9, v5.19).
 */
#define FROM_V5_19 .protects_all = true, .write_recovers = true
#define V6_1       V5_15, FROM_V5_19
/*
 * Direct I/O pins (v6.5), and no two modes of fallocate at once, whichever they
 * are.
 */
#define V6_12 V6_1, .direct_pins = true, .strict_modes = true
/*
 * From v6.15 on a page in use by nobody has no reference, page-table entries
 * hold one each, and the search for busy pages does not ask who maps the file.
 * With dd59137bfe70 (v6.16): without it the search waits for a locked entry and
 * then passes over it all the same.
 */
#define V6_15_PAGES                                                            \
	.idle_refs = 0, .pte_holds_ref = true, .break_drops_entries = true,    \
	.direct_pins = true, .strict_modes = true, .pull_readers = true,       \
	.delete_wakes_all = true, .small_refuses = true,                       \
	.counts_sharers = true, FROM_V5_19
#define V6_15 V6_15_PAGES, .break_at_evict = true

#define EXT4                                                                   \
	.max_bytes = EXT4_MAX_BYTES, .syncs_maps = true, .knows_nowait = true, \
	.full_keeps_blocks = true, .refused_insert_keeps_size = true,          \
	.zeroout_blocks = 8
#define EXT4_V4                                                                \
	EXT4, .interrupted_zero_keeps_edges = true,                            \
	      .interrupted_keeps_size = true
#define EXT4_V5_3 EXT4, .interrupted_zero_keeps_edges = true
/* What v6.1.192 has of later versions, and kept. */
#define EXT4_V6_1                                                              \
	EXT4_V5_3, .error_grows_size = true,                                   \
		   .punch_limit = EXT4_BITMAP_BYTES - 4096
#define EXT4_V6_14 EXT4, .ops = &ds_ext4_6_14_ops, .error_grows_size = true

#define XFS                                                                    \
	.max_bytes = XFS_MAX_BYTES, .syncs_maps = true, .knows_nowait = true,  \
	.nowait_maps = true, .full_zero_punches = true

/*
 * From v6.2 on writes to shared blocks keep page cache and page tables in step
 * with the extent map, and read faults know of sharing. Unsharing does the
 * first from v6.12 on (50793801fc7f), which is the oldest profile here.
 */
#define SHARES_V6_2                                                            \
	.shares_dax = true, .copy_drops_page = true, .reads_count_shares = true

#define GENERIC .max_bytes = INT64_MAX, .full_keeps_blocks = true
/* fuse_dax_mmap() sets VM_MIXEDMAP, which other DAX areas lost in v4.19. */
#define VIRTIOFS                                                               \
	.max_bytes = INT64_MAX, .full_keeps_blocks = true,                     \
	.fork_copies_shared = true

static const struct ds_fs_profile profiles[] = {
	{
		V4,
		EXT4_V4,
		.name = "ext4-4.18",
		.fork_copies_shared = true,
		.alias = "ext4-nobreak",
		.models = "ext4 to v4.18: never waits for pins",
		.ops = &ds_ext4_4_18_ops,
		.proved = true,
	},
	{
		V4,
		EXT4_V4,
		.name = "ext4-v2",
		.fork_copies_shared = true,
		.models = "patch v2 of 2018-06-27: truncate, punch, collapse "
			  "and zero wait; gives up early",
		.ops = &ds_ext4_v2_ops,
		.proved = true,
	},
	{
		V4,
		EXT4_V4,
		.name = "ext4-v3",
		.fork_copies_shared = true,
		.models = "patch v3 of 2018-07-02: as v2, with comments why "
			  "insert need not wait",
		.ops = &ds_ext4_v2_ops,
		.proved = true,
	},
	{
		V4,
		EXT4_V4,
		.name = "ext4-4.19",
		.models = "ext4 v4.19: insert waits too; b1f382178d15 looks "
			  "again until no page is busy",
		.ops = &ds_ext4_4_19_ops,
		.proved = true,
	},
	{
		V4,
		XFS,
		.name = "xfs-4.19",
		.recall_errors_lost = true,
		.sharing_recalls_one = true,
		.models = "XFS v4.19: every fallocate mode and every change of "
			  "size waits",
		.ops = &ds_xfs_4_19_ops,
		.proved = true,
	},
	{
		V4,
		EXT4_V4,
		.name = "ext4-pagecache",
		.models = "ext4 v4.19 without DAX: pins are of ordinary pages, "
			  "which nothing waits for",
		/* What waits in v4.19 looks at DAX files alone. */
		.ops = &ds_ext4_4_18_ops,
		.page_cache = true,
	},
	{
		V5_3,
		EXT4_V5_3,
		.name = "ext4-5.3",
		.lost_copy_is_zero = true,
		.models = "ext4 v5.3: truncate waits before i_size changes "
			  "(b9c1c26739ec)",
		.ops = &ds_ext4_5_3_ops,
	},
	{
		V5_15,
		EXT4_V5_3,
		.name = "ext4-5.15",
		.models = "ext4 v5.15: a write moves i_size once, at its end; "
			  "who deletes an entry wakes all who wait for it",
		.ops = &ds_ext4_5_5_ops,
	},
	{
		V6_1,
		EXT4_V6_1,
		.name = "ext4-6.1",
		.models = "ext4 v6.1: as v5.15; every drop of a pin wakes",
		.ops = &ds_ext4_5_5_ops,
	},
	{
		V5_15,
		EXT4_V6_1,
		.name = "ext4-6.1.192",
		.models = "ext4 v6.1.192: direct I/O releases pages without "
			  "waking",
		.ops = &ds_ext4_5_5_ops,
		.bio_wakes_nobody = true,
	},
	{
		V6_12,
		EXT4_V6_14,
		.name = "ext4-6.12",
		.models = "ext4 v6.12.111, with patches of v6.14: fallocate "
			  "waits before it looks at its arguments",
	},
	{
		V6_15,
		EXT4_V6_14,
		.name = "ext4-6.15",
		.models = "ext4 v6.15: dax_break_layout(), also at eviction; "
			  "page tables hold references",
		.punch_limit = EXT4_BITMAP_BYTES - 4096,
	},
	{
		V4,
		XFS,
		.scan_steps_by_one = true,
		.name = "xfs-4.18",
		.fork_copies_shared = true,
		.recall_errors_lost = true,
		.sharing_recalls_one = true,
		.models = "XFS v4.18: as v4.19, but gives up early "
			  "(mended by e25ff835af89)",
		.ops = &ds_xfs_4_18_ops,
	},
	{
		V5_3,
		XFS,
		.name = "xfs-5.10",
		.counts_sharers = true,
		.models = "XFS v5.10: fallocate drops the pages of its range "
			  "right after the wait (249bd9087a52)",
		.ops = &ds_xfs_5_10_ops,
	},
	{
		V6_1,
		XFS,
		.name = "xfs-6.1",
		.nowait_recalls = true,
		.shares_dax = true,
		.models = "XFS v6.1: as v5.10; every drop of a pin wakes",
		.ops = &ds_xfs_5_10_ops,
	},
	{
		V5_15,
		XFS,
		.name = "xfs-6.1.192",
		.nowait_recalls = true,
		.shares_dax = true,
		.models = "XFS v6.1.192: direct I/O releases pages without "
			  "waking",
		.ops = &ds_xfs_5_10_ops,
		.bio_wakes_nobody = true,
	},
	{
		V6_12,
		XFS,
		SHARES_V6_2,
		.name = "xfs-6.12",
		.nowait_recalls = true,
		.models = "XFS v6.12: pages are dropped after the checks of "
			  "the mode",
		.ops = &ds_xfs_6_12_ops,
	},
	{
		V6_15,
		XFS,
		SHARES_V6_2,
		.name = "xfs-6.15",
		.nowait_recalls = true,
		.models = "XFS v6.15: dax_break_layout(), also at eviction; "
			  "page tables hold references",
		.ops = &ds_xfs_6_12_ops,
	},
	{
		V6_15,
		XFS,
		SHARES_V6_2,
		.name = "xfs-6.15-cow",
		.nowait_recalls = true,
		.models = "xfs-6.15 where each write makes a copy: the "
			  "debugging switch always_cow",
		.ops = &ds_xfs_6_12_ops,
		.always_copies = true,
	},
	{
		V6_12,
		VIRTIOFS,
		.name = "virtiofs-6.12",
		.models = "virtiofs v6.12: truncate, punch, zero and allocate "
			  "wait for pins on page 0 alone (since 6ae330cad6ef)",
		.ops = &ds_virtiofs_5_14_ops,
	},
	{
		V6_15_PAGES,
		VIRTIOFS,
		.name = "virtiofs-6.15",
		.models = "virtiofs v6.15: they wait for pins on every page; "
			  "eviction does not (to v6.15.4: befd9a71d859)",
		.ops = &ds_virtiofs_6_15_ops,
	},
	{
		V6_15,
		GENERIC,
		.name = "generic-6.15",
		.models = "the helpers of v6.15 alone, with no file system "
			  "around: dax_break_layout_inode()",
		.ops = &ds_generic_6_15_ops,
	},
	{
		V6_15,
		GENERIC,
		.name = "generic-6.15-nowait",
		.models = "the same without a callback: ERESTARTSYS at the "
			  "first busy page",
		.ops = &ds_generic_6_15_nowait_ops,
	},
};

static const struct ds_fs_profile kernels[] = {
	{V4},
	{V5_15},
	{V6_12},
	{V6_15_PAGES},
};

const struct ds_fs_profile *ds_profile_kernel(unsigned int i)
{
	return i < sizeof(kernels) / sizeof(kernels[0]) ? &kernels[i] : NULL;
}

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
