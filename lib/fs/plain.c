// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fs/plain.h"

#include "file/data.h"
#include "file/extents.h"
#include "fs/common.h"

static void begin(struct ds_task *task, struct ds_inode *inode)
{
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
}

static void end_change(struct ds_task *task, struct ds_inode *inode)
{
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
}

void ds_plain_set_disk_size(struct ds_task *task, struct ds_inode *inode,
			    uint64_t size)
{
	begin(task, inode);
	inode->disk_size = size;
	end_change(task, inode);
}

static int remove_range(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range)
{
	int r;

	begin(task, inode);
	r = ds_inode_remove_blocks(task, inode, range);
	end_change(task, inode);
	return r;
}

void ds_plain_zero_tail(struct ds_task *task, struct ds_inode *inode,
			uint64_t size)
{
	ds_inode_zero_bytes(task, inode, size,
			    ds_page_start(ds_pgidx(ds_page_up(size))));
}

int ds_plain_cut(struct ds_task *task, struct ds_inode *inode, uint64_t size)
{
	ds_plain_zero_tail(task, inode, size);
	return remove_range(task, inode,
			    ds_pgrange(ds_page_up(size), DS_PGIDX_MAX));
}

int ds_plain_punch(struct ds_task *task, struct ds_inode *inode,
		   uint64_t offset, uint64_t end)
{
	struct ds_pgrange whole =
		ds_pgrange(ds_page_up(offset), ds_page_down(end));

	ds_zero_edges(task, inode, offset, end);
	if (ds_pgrange_is_empty(whole))
		return 0;
	return remove_range(task, inode, whole);
}

/* The first run of @range. Return: pages that have blocks now, or -ENOSPC. */
static int64_t allocate_run(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range)
{
	struct ds_extent run = ds_inode_lookup_locked(task, inode, range.first);
	uint64_t run_end = run.page.pgidx + run.n_pages;

	if (run_end < range.end.pgidx)
		range.end.pgidx = run_end;
	if (run.state == DS_EXT_HOLE)
		return ds_inode_add_blocks(task, inode, range, DS_EXT_UNWRITTEN,
					   false);
	return (int64_t)(range.end.pgidx - range.first.pgidx);
}

static int allocate_locked(struct ds_task *task, struct ds_inode *inode,
			   struct ds_pgrange range)
{
	while (!ds_pgrange_is_empty(range)) {
		int64_t n = allocate_run(task, inode, range);

		if (n < 0)
			return (int)n;
		range.first.pgidx += (uint64_t)n;
	}
	return 0;
}

int ds_plain_allocate(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, uint64_t end)
{
	int r;

	begin(task, inode);
	r = allocate_locked(task, inode,
			    ds_pgrange(ds_page_down(offset), ds_page_up(end)));
	end_change(task, inode);
	return r;
}

int ds_plain_zero(struct ds_task *task, struct ds_inode *inode, uint64_t offset,
		  uint64_t end)
{
	struct ds_pgrange whole =
		ds_pgrange(ds_page_up(offset), ds_page_down(end));
	int r;

	begin(task, inode);
	r = allocate_locked(task, inode,
			    ds_pgrange(ds_page_down(offset), ds_page_up(end)));
	if (r == 0 && !ds_pgrange_is_empty(whole))
		r = ds_inode_unwrite(task, inode, whole);
	end_change(task, inode);
	if (r == 0)
		ds_zero_edges(task, inode, offset, end);
	return r;
}

int ds_plain_collapse(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, uint64_t end)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(offset), ds_page_down(end));
	int r;

	begin(task, inode);
	r = ds_inode_remove_blocks(task, inode, range);
	if (r == 0)
		r = ds_inode_shift_down(task, inode, range);
	end_change(task, inode);
	return r;
}

int ds_plain_insert(struct ds_task *task, struct ds_inode *inode,
		    uint64_t offset, uint64_t end)
{
	int r;

	begin(task, inode);
	r = ds_inode_shift_up(task, inode, ds_pgidx(ds_page_down(offset)),
			      ds_page_down(end) - ds_page_down(offset));
	end_change(task, inode);
	return r;
}

/* The first run of @range. Return: 0, -ENOSPC or -ENOMEM. */
static int write_run(struct ds_task *task, struct ds_inode *inode,
		     struct ds_pgrange range)
{
	struct ds_extent run = ds_inode_lookup_locked(task, inode, range.first);
	uint64_t run_end = run.page.pgidx + run.n_pages;
	int64_t n;

	if (run.state == DS_EXT_WRITTEN)
		return 0;
	if (run_end < range.end.pgidx)
		range.end.pgidx = run_end;
	if (run.state == DS_EXT_UNWRITTEN)
		return ds_inode_convert_written(task, inode, range);
	n = ds_inode_add_blocks(task, inode, range, DS_EXT_WRITTEN, true);
	return n < 0 ? (int)n : 0;
}

int ds_plain_make_written(struct ds_task *task, struct ds_inode *inode,
			  struct ds_pgrange range)
{
	int r;

	begin(task, inode);
	r = write_run(task, inode, range);
	end_change(task, inode);
	return r;
}

int64_t ds_plain_write(struct ds_task *task, struct ds_inode *inode,
		       uint64_t *offset, const void *buf, size_t len)
{
	int64_t r;

	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	r = ds_write_checks(task, inode, offset, &len);
	if (r == 0) {
		uint64_t size = ds_inode_size(task, inode);

		/* What stores left behind the end must not show up. */
		if (*offset > size)
			ds_plain_zero_tail(task, inode, size);
		r = ds_data_write(task, inode, *offset, buf, len);
	}
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

int ds_plain_fsync(struct ds_task *task, struct ds_inode *inode)
{
	ds_mapping_write_back(task, &inode->mapping, ds_pgrange_all());
	ds_journal_commit(task, inode);
	return 0;
}
