// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/warning.h"

#include <stddef.h>

static const struct ds_warning_text warnings[DS_N_WARNINGS] = {
	[DS_WARN_BUSY_PAGE_REMOVED] =
		{
			.told = "leaves, still in use",
			.of_page = true,
			.condition = "a page leaves the page cache for good "
				     "while it has references",
			.models = "fs/dax.c dax_disassociate_entry(), v4.17 to "
				  "v6.14",
		},
	[DS_WARN_OTHER_OWNER] =
		{
			.told = "leaves, but belongs to another file",
			.of_page = true,
			.condition = "a page leaves a file that is not its "
				     "owner",
			.models = "fs/dax.c dax_disassociate_entry(), v4.17 to "
				  "v6.14",
		},
	[DS_WARN_OWNED_ALREADY] =
		{
			.told = "comes on a block that has an owner already",
			.of_page = true,
			.condition = "a page enters a file and is in another "
				     "place already, without being shared",
			.models = "fs/dax.c dax_associate_entry(), v4.17 on",
		},
	[DS_WARN_NOT_DAX] =
		{
			.told = "is ordinary page cache on a DAX file",
			.of_page = true,
			.condition = "the search for busy pages meets what is "
				     "no DAX entry",
			.models = "fs/dax.c dax_layout_busy_page(), "
				  "cdbf8897cb09",
			.unreachable = "a file is on DAX from its birth, and "
				       "has no other page cache",
		},
	[DS_WARN_NOTHING_DELETED] =
		{
			.told = "had an entry that is gone",
			.of_page = true,
			.condition = "an entry to be deleted is not there",
			.models = "fs/dax.c dax_delete_mapping_entry(), v4.17 "
				  "to v6.14",
		},
	[DS_WARN_REPLACED_OTHER] =
		{
			.told = "had another entry than the one locked",
			.of_page = true,
			.condition = "the entry that is replaced is not the "
				     "one that was locked",
			.models = "fs/dax.c dax_insert_entry()",
		},
	[DS_WARN_DIRTY_WITHOUT_BLOCK] =
		{
			.told = "is dirty and has no block",
			.of_page = true,
			.condition = "write-back meets a tag on an empty entry "
				     "or one of the zero page",
			.models = "fs/dax.c dax_writeback_one()",
			.unreachable = "a fault makes an entry dirty in the "
				       "step that gives it a block",
		},
	[DS_WARN_NOT_LOCKED] =
		{
			.told = "is unlocked, but was not locked",
			.of_page = true,
			.condition = "an entry is unlocked that is not locked",
			.models = "fs/dax.c unlock_mapping_entry(), to v4.19; "
				  "a BUG of dax_unlock_entry() since",
		},
	[DS_WARN_BREAK_UNLOCKED] =
		{
			.told = "break without the fault lock: EINVAL",
			.condition = "layouts are broken while nobody holds "
				     "the fault lock",
			.models = "fs/ext4/inode.c ext4_break_layouts()",
			.unreachable =
				"only a program's own file system asks without "
				"the lock, and gets the warning and EINVAL",
		},
	[DS_WARN_BREAK_REASON] =
		{
			.told = "break for no known reason: EINVAL",
			.condition = "layouts are broken for a reason that is "
				     "none",
			.models = "fs/xfs/xfs_file.c xfs_break_layouts()",
			.unreachable = "the reasons are those of the "
				       "operations, and there are no others",
		},
	[DS_WARN_FOLIO_STATE] =
		{
			.told = "has a folio that is not as its entry says",
			.of_page = true,
			.condition = "order, references or share count of a "
				     "folio do not fit its entry",
			.models = "fs/dax.c dax_folio_init(), dax_folio_put(), "
				  "v6.15 on",
		},
	[DS_WARN_ENTRY_LEFT] =
		{
			.told = "is still in the page cache",
			.of_page = true,
			.condition = "truncation meets an entry that the break "
				     "should have deleted",
			.models = "mm/truncate.c "
				  "truncate_folio_batch_exceptionals(), v6.15 "
				  "on",
		},
	[DS_WARN_SHORT_EXTENT] =
		{
			.told = "got an extent that does not cover it",
			.of_page = true,
			.condition = "the extent map gives less than a page, "
				     "or a kind that cannot be",
			.models = "fs/dax.c dax_iomap_pte_fault(), "
				  "dax_iomap_iter()",
			.unreachable =
				"every file system makes a block where it is "
				"asked for one, or fails; one that does not "
				"would get the warning, and EIO",
		},
};

const struct ds_warning_text *ds_warning_text(unsigned int warning)
{
	if (warning == 0 || warning >= DS_N_WARNINGS)
		return NULL;
	return &warnings[warning];
}
