// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * File systems that users bring: their operations behind the table that every
 * file system here has, and the building blocks they are written from.
 */
#pragma GCC visibility push(default)
#include <daxsim/fs.h>
#pragma GCC visibility pop

#include "fs/custom.h"

#include <errno.h>
#include <string.h>

#include "core/assert.h"
#include "file/data.h"
#include "file/extents.h"
#include "file/layout.h"
#include "file/truncate.h"
#include "fs/common.h"
#include "fs/plain.h"
#include "fs/profiles.h"

_Static_assert(DAXSIM_ERESTARTSYS == DS_ERESTARTSYS,
	       "errors are passed on as they are");

#define MAX_NAME          31 /* what a token has room for */
#define DEFAULT_MAX_BYTES (UINT64_C(17592186044416) - 4096)

struct daxsim_op {
	struct ds_task *task;
	struct ds_inode *inode;
};

static const struct daxsim_fs *fs_of(const struct ds_inode *inode)
{
	return inode->super->profile->custom;
}

/* What a function of the user's returns: nothing, or an error. */
static int checked(int result)
{
	ds_assert(result <= 0);
	return result;
}

static int set_size(struct ds_task *task, struct ds_inode *inode, uint64_t size)
{
	struct daxsim_op op = {task, inode};

	return checked(fs_of(inode)->set_size(&op, size));
}

static int fallocate(struct ds_task *task, struct ds_inode *inode, int mode,
		     uint64_t offset, uint64_t len)
{
	struct daxsim_op op = {task, inode};

	if (!fs_of(inode)->fallocate)
		return -EOPNOTSUPP;
	return checked(fs_of(inode)->fallocate(&op, mode, offset, len));
}

/* As ds_plain_write(), with a look before. */
static int64_t write(struct ds_task *task, struct ds_inode *inode,
		     uint64_t *offset, const void *buf, size_t len)
{
	struct daxsim_op op = {task, inode};
	uint64_t size;
	int64_t r;

	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	r = ds_write_checks(task, inode, offset, &len);
	if (r == 0)
		r = checked(fs_of(inode)->prepare_write(&op, *offset, len));
	if (r == 0) {
		size = ds_inode_size(task, inode);
		if (*offset > size)
			ds_plain_zero_tail(task, inode, size);
		r = ds_data_write(task, inode, *offset, buf, len);
	}
	ds_rwsem_unlock(task, &inode->lock);
	return r;
}

static void evict(struct ds_task *task, struct ds_inode *inode)
{
	struct daxsim_op op = {task, inode};

	fs_of(inode)->evict(&op);
}

static int fsync(struct ds_task *task, struct ds_inode *inode)
{
	struct daxsim_op op = {task, inode};

	return checked(fs_of(inode)->fsync(&op));
}

int ds_custom_profile(const struct daxsim_fs *fs, struct ds_fs_ops *ret_ops,
		      struct ds_fs_profile *ret_profile)
{
	if (fs->struct_size != sizeof(*fs) || !fs->name || !fs->set_size ||
	    strlen(fs->name) > MAX_NAME ||
	    !ds_profile_kernel((unsigned int)fs->kernel))
		return -EINVAL;
	*ret_ops = (struct ds_fs_ops){
		.family = "custom",
		.set_size = set_size,
		.fallocate = fallocate,
		.write = fs->prepare_write ? write : ds_plain_write,
		.make_written = ds_plain_make_written,
		.fsync = fs->fsync ? fsync : ds_plain_fsync,
		.break_layouts = ds_break_layouts,
		.evict = fs->evict ? evict : NULL,
	};
	*ret_profile = *ds_profile_kernel((unsigned int)fs->kernel);
	ret_profile->name = fs->name;
	ret_profile->models = "a file system of the user's";
	ret_profile->custom = fs;
	ret_profile->ops = ret_ops;
	ret_profile->max_bytes =
		fs->max_bytes ? fs->max_bytes : DEFAULT_MAX_BYTES;
	return 0;
}

static struct ds_rwsem *lock_of(struct daxsim_op *op, enum daxsim_lock lock)
{
	switch (lock) {
	case DAXSIM_LOCK_INODE:
		return &op->inode->lock;
	case DAXSIM_LOCK_FAULT:
		return &op->inode->fault_lock;
	case DAXSIM_LOCK_JOURNAL:
		return &op->inode->super->journal;
	default:
		return &op->inode->extents_lock;
	}
}

void daxsim_op_lock(struct daxsim_op *op, enum daxsim_lock lock, bool exclusive)
{
	ds_rwsem_lock(op->task, lock_of(op, lock),
		      exclusive ? DS_EXCLUSIVE : DS_SHARED);
}

void daxsim_op_unlock(struct daxsim_op *op, enum daxsim_lock lock)
{
	struct ds_rwsem *sem = lock_of(op, lock);

	/* Faults that were kept out may come: an event. */
	if (lock == DAXSIM_LOCK_FAULT &&
	    ds_rwsem_holds(op->task, sem, DS_EXCLUSIVE))
		ds_inode_unlock_faults(op->task, op->inode);
	else
		ds_rwsem_unlock(op->task, sem);
}

uint64_t daxsim_op_size(struct daxsim_op *op)
{
	return ds_inode_size(op->task, op->inode);
}

void daxsim_op_set_size(struct daxsim_op *op, uint64_t size)
{
	ds_inode_set_size(op->task, op->inode, size);
}

/* What the caller of a break forgot, -EINVAL and a warning tell. */
static bool keeps_faults_out(struct daxsim_op *op)
{
	struct ds_inode *inode = op->inode;

	if (ds_rwsem_holds(op->task, &inode->fault_lock, DS_EXCLUSIVE))
		return true;
	ds_warn(op->task, DS_WARN_BREAK_UNLOCKED, inode->id, ds_pgidx(0),
		ds_pfn(0));
	return false;
}

int daxsim_op_break_layouts(struct daxsim_op *op)
{
	if (!keeps_faults_out(op))
		return -EINVAL;
	return ds_break_layouts(op->task, op->inode);
}

int daxsim_op_break_layouts_range(struct daxsim_op *op, uint64_t start,
				  uint64_t last)
{
	if (!keeps_faults_out(op) || start > last)
		return -EINVAL;
	return ds_break_layouts_range(op->task, op->inode, start, last);
}

int daxsim_op_break_layouts_now(struct daxsim_op *op)
{
	if (!keeps_faults_out(op))
		return -EINVAL;
	return ds_break_layouts_at_once(op->task, op->inode) ? 0
							     : -DS_ERESTARTSYS;
}

void daxsim_op_break_layouts_final(struct daxsim_op *op)
{
	ds_break_layouts_final(op->task, op->inode);
}

void daxsim_op_truncate_cache(struct daxsim_op *op, uint64_t size)
{
	ds_truncate_cache(op->task, op->inode, size);
}

void daxsim_op_truncate_cache_range(struct daxsim_op *op, uint64_t start,
				    uint64_t end)
{
	ds_truncate_cache_range(op->task, op->inode, start, end);
}

/* The pages that hold some of the bytes [start, end). */
static struct ds_pgrange touched(uint64_t start, uint64_t end)
{
	return ds_pgrange(ds_page_down(start), ds_page_up(end));
}

void daxsim_op_invalidate_cache_range(struct daxsim_op *op, uint64_t start,
				      uint64_t end)
{
	ds_mapping_invalidate(op->task, &op->inode->mapping,
			      touched(start, end));
}

void daxsim_op_write_back(struct daxsim_op *op, uint64_t start, uint64_t end)
{
	ds_mapping_write_back(op->task, &op->inode->mapping,
			      touched(start, end));
}

void daxsim_op_commit(struct daxsim_op *op)
{
	ds_journal_commit(op->task, op->inode);
}

/* The whole blocks inside the bytes [start, end). */
static struct ds_pgrange inside(uint64_t start, uint64_t end)
{
	return ds_pgrange(ds_page_up(start), ds_page_down(end));
}

int daxsim_op_allocate(struct daxsim_op *op, uint64_t start, uint64_t end)
{
	struct ds_pgrange range = touched(start, end);

	while (!ds_pgrange_is_empty(range)) {
		struct ds_extent run = ds_inode_lookup_locked(
			op->task, op->inode, range.first);
		struct ds_pgrange part = range;
		int64_t n;

		if (run.page.pgidx + run.n_pages < part.end.pgidx)
			part.end.pgidx = run.page.pgidx + run.n_pages;
		n = (int64_t)(part.end.pgidx - part.first.pgidx);
		if (run.state == DS_EXT_HOLE)
			n = ds_inode_add_blocks(op->task, op->inode, part,
						DS_EXT_UNWRITTEN, false);
		if (n < 0)
			return (int)n;
		range.first.pgidx += (uint64_t)n;
	}
	return 0;
}

int daxsim_op_remove(struct daxsim_op *op, uint64_t start, uint64_t end)
{
	return ds_inode_remove_blocks(op->task, op->inode, inside(start, end));
}

int daxsim_op_unwrite(struct daxsim_op *op, uint64_t start, uint64_t end)
{
	return ds_inode_unwrite(op->task, op->inode, inside(start, end));
}

int daxsim_op_shift_down(struct daxsim_op *op, uint64_t start, uint64_t end)
{
	return ds_inode_shift_down(op->task, op->inode, inside(start, end));
}

int daxsim_op_shift_up(struct daxsim_op *op, uint64_t at, uint64_t len)
{
	return ds_inode_shift_up(op->task, op->inode,
				 ds_pgidx(ds_page_down(at)), ds_page_down(len));
}

void daxsim_op_zero_bytes(struct daxsim_op *op, uint64_t start, uint64_t end)
{
	ds_inode_zero_bytes(op->task, op->inode, start, end);
}
