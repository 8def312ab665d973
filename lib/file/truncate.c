// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/truncate.h"

static void drop_behind(struct ds_task *task, struct ds_inode *inode,
			uint64_t size, bool copies)
{
	struct ds_pgrange range = ds_pgrange(ds_page_up(size), DS_PGIDX_MAX);
	bool unmaps = ds_keeps(task, DS_RULE_TRUNCATE_UNMAPS);

	if (unmaps)
		ds_rmap_unmap(task, &inode->mapping.rmap, range, copies);
	if (ds_keeps(task, DS_RULE_TRUNCATE_DROPS_ENTRIES))
		ds_mapping_truncate(task, &inode->mapping, range);
	/* Again, for private copies made in between. */
	if (unmaps && ds_keeps(task, DS_RULE_TRUNCATE_UNMAPS_AGAIN))
		ds_rmap_unmap(task, &inode->mapping.rmap, range, copies);
}

void ds_truncate_cache(struct ds_task *task, struct ds_inode *inode,
		       uint64_t size)
{
	drop_behind(task, inode, size,
		    ds_keeps(task, DS_RULE_TRUNCATE_UNMAPS_COPIES));
}

void ds_truncate_cache_behind(struct ds_task *task, struct ds_inode *inode,
			      uint64_t offset)
{
	drop_behind(task, inode, offset, false);
}

void ds_truncate_cache_range(struct ds_task *task, struct ds_inode *inode,
			     uint64_t start, uint64_t end)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_up(start), ds_page_down(end));

	if (ds_pgrange_is_empty(range))
		return;
	/* Private copies are nobody's but their owners': they stay. */
	if (ds_keeps(task, DS_RULE_PUNCH_UNMAPS))
		ds_rmap_unmap(task, &inode->mapping.rmap, range, false);
	if (ds_keeps(task, DS_RULE_PUNCH_DROPS_ENTRIES))
		ds_mapping_truncate(task, &inode->mapping, range);
}
