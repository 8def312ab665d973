// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <unistd.h>

#include "file/data.h"
#include "file/extents.h"
#include "file/fault.h"
#include "file/layout.h"
#include "file/truncate.h"
#include "sched/sched.h"

static void send_call(struct ds_task *task, const struct ds_inode *inode,
		      enum ds_event_kind kind, const char *name, int64_t value)
{
	struct ds_event event = {
		.kind = kind,
		.inode = inode->id,
		.text = name,
		.value = value,
		.n = task->n_held,
	};

	ds_task_send(task, &event);
}

static void enter(struct ds_task *task, const struct ds_inode *inode,
		  const char *name)
{
	if (ds_is_watched(task))
		send_call(task, inode, DS_EV_CALL_ENTERED, name, 0);
}

static int64_t leave(struct ds_task *task, const struct ds_inode *inode,
		     const char *name, int64_t result)
{
	if (ds_is_watched(task)) {
		ds_tell(task, "%s returns %lld", name, (long long)result);
		send_call(task, inode, DS_EV_CALL_LEFT, name, result);
	}
	return result;
}

static bool is_writable(const struct ds_file *file)
{
	return (file->flags & O_ACCMODE) != O_RDONLY;
}

static bool is_readable(const struct ds_file *file)
{
	return (file->flags & O_ACCMODE) != O_WRONLY;
}

/* ------------------------- Names and handles ----------------------------- */

static ds_obj names_object(void)
{
	return ds_object(DS_OBJ_NAMES, 0, 0);
}

/* A step on the directory and the counts of links and users. */
static void lock_names(struct ds_task *task, struct ds_super *super)
{
	ds_yield(task, DS_AT_NAME, ds_writes(names_object()));
	ds_touch(task, names_object(), DS_WRITE);
	ds_spin_lock(&super->names_spin);
}

static void unlock_names(struct ds_super *super)
{
	ds_spin_unlock(&super->names_spin);
}

static struct ds_inode *find_name(const struct ds_super *super,
				  const char *name)
{
	struct ds_inode *inode;

	for (inode = super->inodes; inode; inode = inode->next)
		if (inode->n_links && strcmp(inode->name, name) == 0)
			return inode;
	return NULL;
}

void ds_inode_use(struct ds_task *task, struct ds_inode *inode)
{
	lock_names(task, inode->super);
	inode->n_users++;
	unlock_names(inode->super);
}

/*
 * Nobody can reach the file any more: no fault lock, no i_rwsem; and to v6.14
 * no wait for pins.
 *
 * Models: ext4_evict_inode(), xfs_inactive(), xfs_fs_evict_inode() of v6.15.
 */
static void evict(struct ds_task *task, struct ds_inode *inode)
{
	struct ds_super *super = inode->super;

	ds_tell(task, "evict file %s", inode->name);
	if (super->profile->break_at_evict &&
	    ds_keeps(task, DS_RULE_EVICT_BREAKS))
		ds_break_layouts_final(task, inode);
	if (super->profile->ops->evict)
		super->profile->ops->evict(task, inode);
	ds_truncate_cache(task, inode, 0);
	ds_rwsem_lock(task, &super->journal, DS_SHARED);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	ds_inode_remove_blocks(task, inode, ds_pgrange_all());
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_rwsem_unlock(task, &super->journal);
	lock_names(task, super);
	ds_inode_free(inode);
	unlock_names(super);
}

/* Whether this was the last reason for the inode to exist. */
static bool is_abandoned(const struct ds_inode *inode)
{
	return inode->n_links == 0 && inode->n_users == 0;
}

void ds_inode_unuse(struct ds_task *task, struct ds_inode *inode)
{
	uint64_t before = ds_task_enter(task);
	bool abandoned;

	lock_names(task, inode->super);
	ds_assert(inode->n_users > 0);
	inode->n_users--;
	abandoned = is_abandoned(inode);
	unlock_names(inode->super);
	ds_task_saw(task, abandoned);
	if (abandoned)
		evict(task, inode);
	ds_task_done(task, before, 0);
}

/* Under the names' lock. *@ret_truncate: whether there is what to cut off. */
static int open_locked(struct ds_super *super, const char *name, int flags,
		       struct ds_inode **ret_inode, bool *ret_truncate)
{
	struct ds_inode *inode = find_name(super, name);
	int r;

	*ret_truncate = inode && (flags & O_TRUNC);
	if (inode && (flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if (!inode && !(flags & O_CREAT))
		return -ENOENT;
	if (!inode) {
		r = ds_inode_new(super, name, &inode);
		if (r < 0)
			return r;
		inode->n_links = 1;
	}
	inode->n_users++;
	super->n_files++;
	*ret_inode = inode;
	return 0;
}

/* The inode's lock is taken here; @length was checked for its sign. */
static int change_size(struct ds_task *task, struct ds_inode *inode,
		       int64_t length)
{
	uint64_t before = ds_task_enter(task);
	int r = -EFBIG;

	enter(task, inode, "ftruncate");
	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	if ((uint64_t)length <= inode->super->profile->max_bytes)
		r = inode->super->profile->ops->set_size(task, inode,
							 (uint64_t)length);
	ds_rwsem_unlock(task, &inode->lock);
	r = (int)leave(task, inode, "ftruncate", r);
	/* Nothing a call learnt outlives it but its result. */
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* Under the names' lock, after open_locked(). */
static void init_file(struct ds_super *super, struct ds_file *file,
		      struct ds_inode *inode, int flags)
{
	file->inode = inode;
	file->flags = flags;
	ds_rwsem_init(&file->position_lock, 0x60000 + super->n_files,
		      DS_LOCK_POSITION, "position");
	file->next = super->files;
	file->link = &super->files;
	if (file->next)
		file->next->link = &file->next;
	super->files = file;
}

/* From here on nobody uses it any more. */
static void unlink_file(struct ds_super *super, struct ds_file *file)
{
	ds_spin_lock(&super->names_spin);
	*file->link = file->next;
	if (file->next)
		file->next->link = file->link;
	ds_spin_unlock(&super->names_spin);
}

int ds_vfs_open(struct ds_task *task, struct ds_super *super, const char *name,
		int flags, struct ds_file **ret_file)
{
	struct ds_inode *inode = NULL;
	struct ds_file *file;
	bool truncate;
	int r;

	if (!*name)
		return -ENOENT;
	if (strlen(name) >= sizeof(inode->name))
		return -ENAMETOOLONG;
	file = ds_arena_alloc(super->arena, sizeof(*file));
	if (!file)
		return ds_task_void(task, -ENOMEM);
	lock_names(task, super);
	r = open_locked(super, name, flags, &inode, &truncate);
	if (r == 0)
		init_file(super, file, inode, flags);
	unlock_names(super);
	ds_task_saw(task, (uint64_t)r);
	if (r < 0) {
		ds_arena_release(super->arena, file, sizeof(*file));
		return r == -ENOMEM ? ds_task_void(task, r) : r;
	}
	/* Which file it is and what it is called: all that is to know of it. */
	ds_task_saw(task, (uint64_t)truncate << 63 |
				  (uint64_t)file->position_lock.id << 32 |
				  inode->id);
	/* Also of a file that is opened for reading only, as Linux does. */
	if (truncate) {
		r = change_size(task, inode, 0);
		if (r < 0) {
			ds_vfs_close(task, file);
			return r;
		}
	}
	*ret_file = file;
	return 0;
}

int ds_vfs_close(struct ds_task *task, struct ds_file *file)
{
	struct ds_super *super = file->inode->super;

	unlink_file(super, file);
	ds_inode_unuse(task, file->inode);
	ds_arena_release(super->arena, file, sizeof(*file));
	return 0;
}

int ds_vfs_unlink(struct ds_task *task, struct ds_super *super,
		  const char *name)
{
	uint64_t before = ds_task_enter(task);
	struct ds_inode *inode;
	bool abandoned = false;

	lock_names(task, super);
	inode = find_name(super, name);
	if (inode) {
		inode->n_links--;
		abandoned = is_abandoned(inode);
	}
	unlock_names(super);
	if (abandoned) {
		ds_task_saw(task, inode->id);
		evict(task, inode);
	}
	ds_task_done(task, before, inode != NULL);
	return inode ? 0 : -ENOENT;
}

int ds_vfs_fstat(struct ds_task *task, struct ds_file *file,
		 struct ds_stat *ret_stat)
{
	struct ds_inode *inode = file->inode;
	uint64_t before = ds_task_enter(task);

	ret_stat->size = ds_inode_size(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_SHARED);
	/* st_blocks changes with the map, so reading it is a step on it. */
	ds_inode_lookup_locked(task, inode, ds_pgidx(0));
	ret_stat->n_blocks =
		ds_extmap_n_blocks(inode->extents) * (DS_PAGE_SIZE / 512);
	/* The look above noted one run only. */
	ds_task_saw(task, ret_stat->n_blocks);
	ds_rwsem_unlock(task, &inode->extents_lock);
	ret_stat->inode = inode->id;
	lock_names(task, inode->super);
	ret_stat->n_links = inode->n_links;
	unlock_names(inode->super);
	ds_task_done(task, before, ret_stat->size);
	ds_task_saw(task, ret_stat->n_blocks);
	ds_task_saw(task, (uint64_t)inode->id << 32 | inode->n_links);
	return 0;
}

/* ------------------------------ Seeking ---------------------------------- */

/* The first byte at or after @offset that is data (or not). */
static int64_t seek_data(struct ds_task *task, struct ds_inode *inode,
			 uint64_t offset, bool data)
{
	uint64_t size = ds_inode_size(task, inode);

	if (offset >= size)
		return -ENXIO;
	while (offset < size) {
		struct ds_extent run = ds_inode_lookup(
			task, inode, ds_pgidx(ds_page_down(offset)));

		/* Unwritten blocks read as zero: a hole. */
		if ((run.state == DS_EXT_WRITTEN) == data)
			return (int64_t)offset;
		offset = ds_page_start(ds_pgidx(run.page.pgidx + run.n_pages));
	}
	return data ? -ENXIO : (int64_t)size;
}

/* Under the position's lock. */
static int64_t seek(struct ds_task *task, struct ds_file *file, int64_t offset,
		    int whence)
{
	struct ds_inode *inode = file->inode;
	int64_t base = 0;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = (int64_t)file->position;
		break;
	case SEEK_END:
		base = (int64_t)ds_inode_size(task, inode);
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (offset < 0)
			return -ENXIO;
		offset = seek_data(task, inode, (uint64_t)offset,
				   whence == SEEK_DATA);
		if (offset < 0)
			return offset;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, offset, &offset))
		return -EINVAL;
	if (offset < 0 || (uint64_t)offset > inode->super->profile->max_bytes)
		return -EINVAL;
	file->position = (uint64_t)offset;
	return offset;
}

int64_t ds_vfs_lseek(struct ds_task *task, struct ds_file *file, int64_t offset,
		     int whence)
{
	uint64_t before = ds_task_enter(task);
	int64_t r;

	ds_rwsem_lock(task, &file->position_lock, DS_EXCLUSIVE);
	r = seek(task, file, offset, whence);
	ds_task_saw(task, (uint64_t)r);
	ds_rwsem_unlock(task, &file->position_lock);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* --------------------------- Reads and writes ----------------------------- */

/* Most bytes of one read or write: MAX_RW_COUNT. */
#define MAX_TRANSFER (INT32_MAX & ~DS_PAGE_MASK)

/* What rw_verify_area() refuses. */
static int check_area(int64_t offset, size_t len)
{
	int64_t end;

	if (offset < 0 || len > INT64_MAX)
		return -EINVAL;
	if (__builtin_add_overflow(offset, (int64_t)len, &end))
		return -EINVAL;
	return 0;
}

/* Whether a call with @flags, of this file, is one that we know. */
static int check_flags(const struct ds_inode *inode, unsigned int flags)
{
	const struct ds_fs_profile *profile = inode->super->profile;

	if (flags & ~DS_IO_NOWAIT)
		return -EOPNOTSUPP;
	if (flags && (!profile->knows_nowait || profile->page_cache))
		return -EOPNOTSUPP;
	return 0;
}

static int64_t read_locked(struct ds_task *task, struct ds_inode *inode,
			   uint64_t offset, void *buf, size_t len)
{
	bool locked = ds_keeps(task, DS_RULE_READ_LOCKS_INODE);
	int64_t r;

	if (locked && !ds_inode_lock_io(task, inode, DS_SHARED))
		return -EAGAIN;
	r = ds_data_read(task, inode, offset, buf, len);
	if (locked)
		ds_rwsem_unlock(task, &inode->lock);
	return r;
}

int64_t ds_vfs_pread(struct ds_task *task, struct ds_file *file, void *buf,
		     size_t len, int64_t offset)
{
	return ds_vfs_preadv2(task, file, buf, len, offset, 0);
}

int64_t ds_vfs_preadv2(struct ds_task *task, struct ds_file *file, void *buf,
		       size_t len, int64_t offset, unsigned int flags)
{
	struct ds_inode *inode = file->inode;
	uint64_t before = ds_task_enter(task);
	int64_t r;

	if (offset < 0)
		return -EINVAL;
	if (!is_readable(file))
		return -EBADF;
	r = check_area(offset, len);
	if (r < 0 || len == 0)
		return r;
	ds_data_fetch(task, inode, (uint64_t)offset);
	r = check_flags(inode, flags);
	if (r < 0)
		return r;
	if (len > MAX_TRANSFER)
		len = MAX_TRANSFER;
	enter(task, inode, "pread");
	task->nowait = flags & DS_IO_NOWAIT;
	r = read_locked(task, inode, (uint64_t)offset, buf, len);
	task->nowait = false;
	r = leave(task, inode, "pread", r);
	ds_task_done(task, before, (uint64_t)r);
	if (r > 0)
		ds_task_saw_bytes(task, buf, (size_t)r);
	return r;
}

/*
 * The last byte that a write of @len bytes from @offset on writes to its first
 * page: a line on its way into the cache holds up what is to go past it.
 */
static uint64_t last_of_page(uint64_t offset, size_t len)
{
	uint64_t last = offset + len - 1, page_end = offset | DS_PAGE_MASK;

	return last < page_end ? last : page_end;
}

/* *@offset: comes back as where the write began. */
static int64_t write_at(struct ds_task *task, struct ds_file *file,
			const void *buf, size_t len, int64_t *offset,
			unsigned int flags)
{
	struct ds_inode *inode = file->inode;
	const char *call = file->flags & O_APPEND ? "append" : "pwrite";
	uint64_t place = (uint64_t)*offset;
	uint64_t before = ds_task_enter(task);
	int64_t r;

	if (*offset < 0)
		return -EINVAL;
	if (!is_writable(file))
		return -EBADF;
	r = check_area(*offset, len);
	if (r < 0 || len == 0)
		return r;
	ds_data_fetch(task, inode, last_of_page(place, len));
	r = check_flags(inode, flags);
	if (r < 0)
		return r;
	if (len > MAX_TRANSFER)
		len = MAX_TRANSFER;
	if (file->flags & O_APPEND)
		place = UINT64_MAX;
	enter(task, inode, call);
	task->nowait = flags & DS_IO_NOWAIT;
	r = inode->super->profile->ops->write(task, inode, &place, buf, len);
	task->nowait = false;
	if (r > 0)
		*offset = (int64_t)place;
	r = leave(task, inode, call, r);
	ds_task_done(task, before, (uint64_t)r);
	/* An append begins where it finds the end. */
	ds_task_saw(task, (uint64_t)*offset);
	return r;
}

int64_t ds_vfs_pwrite(struct ds_task *task, struct ds_file *file,
		      const void *buf, size_t len, int64_t offset)
{
	return write_at(task, file, buf, len, &offset, 0);
}

int64_t ds_vfs_pwritev2(struct ds_task *task, struct ds_file *file,
			const void *buf, size_t len, int64_t offset,
			unsigned int flags)
{
	return write_at(task, file, buf, len, &offset, flags);
}

int64_t ds_vfs_read(struct ds_task *task, struct ds_file *file, void *buf,
		    size_t len)
{
	int64_t r;

	ds_rwsem_lock(task, &file->position_lock, DS_EXCLUSIVE);
	r = ds_vfs_pread(task, file, buf, len, (int64_t)file->position);
	if (r > 0)
		file->position += (uint64_t)r;
	ds_rwsem_unlock(task, &file->position_lock);
	return r;
}

int64_t ds_vfs_write(struct ds_task *task, struct ds_file *file,
		     const void *buf, size_t len)
{
	uint64_t before = ds_task_enter(task);
	int64_t offset, r;

	ds_rwsem_lock(task, &file->position_lock, DS_EXCLUSIVE);
	offset = (int64_t)file->position;
	r = write_at(task, file, buf, len, &offset, 0);
	if (r > 0)
		file->position = (uint64_t)(offset + r);
	ds_rwsem_unlock(task, &file->position_lock);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

int ds_vfs_fsync(struct ds_task *task, struct ds_file *file)
{
	struct ds_inode *inode = file->inode;
	uint64_t before = ds_task_enter(task);
	int r;

	enter(task, inode, "fsync");
	r = inode->super->profile->ops->fsync(task, inode);
	/* What others flush meanwhile counts until then. */
	if (inode->super->watch_stores)
		ds_yield(task, DS_AT_ENTRY_NEXT,
			 ds_writes(ds_tags_object(inode->id)));
	r = (int)leave(task, inode, "fsync", r);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* --------------------------- Sizes and blocks ----------------------------- */

int ds_vfs_ftruncate(struct ds_task *task, struct ds_file *file, int64_t length)
{
	if (length < 0 || !is_writable(file))
		return -EINVAL;
	return change_size(task, file->inode, length);
}

/* Models: the checks of the mode in vfs_fallocate() to v6.11, in its order. */
static int check_mode(int mode)
{
	const int known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
			  FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |
			  FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
	const int both = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;

	if (mode & ~known)
		return -EOPNOTSUPP;
	if ((mode & both) == both)
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_COLLAPSE_RANGE) &&
	    mode != FALLOC_FL_COLLAPSE_RANGE)
		return -EINVAL;
	if ((mode & FALLOC_FL_INSERT_RANGE) && mode != FALLOC_FL_INSERT_RANGE)
		return -EINVAL;
	if ((mode & FALLOC_FL_UNSHARE_RANGE) &&
	    (mode & ~(FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE)))
		return -EINVAL;
	return 0;
}

/*
 * One operation, and perhaps KEEP_SIZE. Models: the same in v6.12: what is not
 * supported is no longer called invalid.
 */
static int check_mode_strictly(int mode)
{
	switch (mode & ~FALLOC_FL_KEEP_SIZE) {
	case 0:
	case FALLOC_FL_UNSHARE_RANGE:
	case FALLOC_FL_ZERO_RANGE:
		return 0;
	case FALLOC_FL_PUNCH_HOLE:
		return mode & FALLOC_FL_KEEP_SIZE ? 0 : -EOPNOTSUPP;
	case FALLOC_FL_COLLAPSE_RANGE:
	case FALLOC_FL_INSERT_RANGE:
		return mode & FALLOC_FL_KEEP_SIZE ? -EOPNOTSUPP : 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* Models: the checks of vfs_fallocate(), in its order. */
static int check_fallocate(const struct ds_file *file, int mode, int64_t offset,
			   int64_t len)
{
	const struct ds_fs_profile *profile = file->inode->super->profile;
	int64_t end;
	int r;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	r = profile->strict_modes ? check_mode_strictly(mode)
				  : check_mode(mode);
	if (r < 0)
		return r;
	if (!is_writable(file))
		return -EBADF;
	if (__builtin_add_overflow(offset, len, &end) ||
	    (uint64_t)end > profile->max_bytes)
		return -EFBIG;
	return 0;
}

static const char *fallocate_name(int mode)
{
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return "punch";
	if (mode & FALLOC_FL_COLLAPSE_RANGE)
		return "collapse";
	if (mode & FALLOC_FL_INSERT_RANGE)
		return "insert";
	if (mode & FALLOC_FL_ZERO_RANGE)
		return "zero";
	if (mode & FALLOC_FL_UNSHARE_RANGE)
		return "unshare";
	return "allocate";
}

int ds_vfs_fallocate(struct ds_task *task, struct ds_file *file, int mode,
		     int64_t offset, int64_t len)
{
	struct ds_inode *inode = file->inode;
	const char *name = fallocate_name(mode);
	uint64_t before = ds_task_enter(task);
	int r = check_fallocate(file, mode, offset, len);

	if (r < 0)
		return r;
	enter(task, inode, name);
	r = inode->super->profile->ops->fallocate(
		task, inode, mode, (uint64_t)offset, (uint64_t)len);
	r = (int)leave(task, inode, name, r);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* The checks of vfs_dedupe_file_range() and ..._one(), in their order. */
static int check_dedupe(const struct ds_file *source, int64_t offset,
			const struct ds_file *dest, int64_t dest_offset,
			int64_t len)
{
	int64_t end;

	if (!is_readable(source))
		return -EINVAL;
	if (offset < 0 || dest_offset < 0 || len < 0)
		return -EINVAL;
	if (__builtin_add_overflow(offset, len, &end) ||
	    __builtin_add_overflow(dest_offset, len, &end))
		return -EOVERFLOW;
	if (!is_writable(dest))
		return -EPERM;
	if (!dest->inode->super->profile->ops->dedupe)
		return -EINVAL;
	return 0;
}

int64_t ds_vfs_dedupe(struct ds_task *task, struct ds_file *source,
		      int64_t offset, struct ds_file *dest, int64_t dest_offset,
		      int64_t len)
{
	struct ds_inode *inode = source->inode;
	uint64_t before = ds_task_enter(task);
	int64_t r = check_dedupe(source, offset, dest, dest_offset, len);

	if (r < 0 || len == 0)
		return r;
	enter(task, inode, "dedupe");
	r = inode->super->profile->ops->dedupe(task, inode, (uint64_t)offset,
					       dest->inode,
					       (uint64_t)dest_offset,
					       (uint64_t)len);
	r = leave(task, inode, "dedupe", r);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* The checks of vfs_clone_file_range(), in their order. */
static int check_reflink(const struct ds_file *source, int64_t offset,
			 const struct ds_file *dest, int64_t dest_offset,
			 int64_t len)
{
	int64_t end;

	if (!is_readable(source) || !is_writable(dest))
		return -EBADF;
	if (dest->flags & O_APPEND)
		return -EBADF;
	if (!source->inode->super->profile->ops->reflink)
		return -EOPNOTSUPP;
	if (offset < 0 || dest_offset < 0 || len < 0)
		return -EINVAL;
	if (__builtin_add_overflow(offset, len, &end) ||
	    __builtin_add_overflow(dest_offset, len, &end))
		return -EINVAL;
	return 0;
}

int ds_vfs_reflink(struct ds_task *task, struct ds_file *source, int64_t offset,
		   struct ds_file *dest, int64_t dest_offset, int64_t len)
{
	struct ds_inode *inode = source->inode;
	uint64_t before = ds_task_enter(task);
	int64_t r = check_reflink(source, offset, dest, dest_offset, len);

	if (r < 0)
		return (int)r;
	enter(task, inode, "reflink");
	r = inode->super->profile->ops->reflink(task, inode, (uint64_t)offset,
						dest->inode,
						(uint64_t)dest_offset,
						(uint64_t)len);
	if (r > 0)
		r = len && r != len ? -EINVAL : 0;
	r = leave(task, inode, "reflink", r);
	ds_task_done(task, before, (uint64_t)r);
	return (int)r;
}

int64_t ds_vfs_extents(struct ds_task *task, struct ds_file *file,
		       uint64_t start, uint64_t len, unsigned int max,
		       struct ds_fiemap_run *ret_runs)
{
	struct ds_inode *inode = file->inode;
	uint64_t max_page = ds_page_up(inode->super->profile->max_bytes);
	struct ds_pgidx page = {ds_page_down(start)};
	uint64_t end_page, end;
	unsigned int n = 0;

	if (len == 0)
		return -EINVAL;
	if (start > inode->super->profile->max_bytes)
		return -EFBIG;
	/* Blocks that a shift moved beyond s_maxbytes are not shown. */
	end_page = max_page;
	if (!__builtin_add_overflow(start, len, &end) &&
	    ds_page_up(end) < max_page)
		end_page = ds_page_up(end);
	ds_rwsem_lock(task, &inode->extents_lock, DS_SHARED);
	while (page.pgidx < end_page && (max == 0 || n < max)) {
		struct ds_extent run =
			ds_inode_lookup_locked(task, inode, page);

		page.pgidx = run.page.pgidx + run.n_pages;
		if (run.state == DS_EXT_HOLE)
			continue;
		if (page.pgidx > max_page)
			run.n_pages = max_page - run.page.pgidx;
		if (max)
			ret_runs[n] = (struct ds_fiemap_run){
				.logical = ds_page_start(run.page),
				.physical = run.pfn.pfn << DS_PAGE_SHIFT,
				.length = run.n_pages << DS_PAGE_SHIFT,
				.unwritten = run.state == DS_EXT_UNWRITTEN,
			};
		n++;
	}
	ds_rwsem_unlock(task, &inode->extents_lock);
	return n;
}

int64_t ds_vfs_fiemap(struct ds_task *task, struct ds_file *file,
		      uint64_t start, uint64_t len, unsigned int max,
		      struct ds_fiemap_run *ret_runs)
{
	int r;

	if (len == 0)
		return -EINVAL;
	if (start > file->inode->super->profile->max_bytes)
		return -EFBIG;
	r = ds_vfs_fsync(task, file);
	if (r < 0)
		return r;
	return ds_vfs_extents(task, file, start, len, max, ret_runs);
}

/* ------------------------------- Mapping ---------------------------------- */

/* Whether a file can be so large, whatever its size is now. */
static bool is_in_limits(const struct ds_inode *inode, uint64_t offset,
			 uint64_t len)
{
	uint64_t max = inode->super->profile->max_bytes;

	len = ds_page_start(ds_pgidx(ds_page_up(len)));
	return len && len <= max &&
	       ds_page_down(offset) <= ds_page_down(max - len);
}

int ds_vfs_mmap(struct ds_task *task, struct ds_space *space,
		struct ds_file *file, uint64_t offset, uint64_t len,
		unsigned int how, uint64_t *ret_addr)
{
	bool shared_store =
		(how & (DS_MAP_WRITABLE | DS_MAP_PRIVATE)) == DS_MAP_WRITABLE;
	struct ds_inode *inode = file->inode;
	struct ds_vma vma = {
		.pgoff.pgidx = ds_page_down(offset),
		.writable = how & DS_MAP_WRITABLE,
		.is_private = how & DS_MAP_PRIVATE,
		.is_sync = how & DS_MAP_SYNC,
		.align_huge = true,
		.rmap = &inode->mapping.rmap,
		.ops = &ds_file_vm_ops,
		.file = inode,
	};
	struct ds_vpn first;
	int r;

	if (len == 0 || (offset & DS_PAGE_MASK))
		return -EINVAL;
	if (!is_in_limits(inode, offset, len))
		return -EOVERFLOW;
	if (!is_readable(file) || (shared_store && !is_writable(file)))
		return -EACCES;
	if (vma.is_sync && (!inode->super->profile->syncs_maps ||
			    inode->super->profile->page_cache))
		return -EOPNOTSUPP;
	r = ds_space_map(task, space, &vma, ds_page_up(len), &first);
	if (r == 0)
		*ret_addr = first.vpn << DS_PAGE_SHIFT;
	return r;
}

/* Not the order of the list: a file is known by its number. */
static struct ds_digest digest_file(const struct ds_file *file)
{
	struct ds_digest digest = {file->position_lock.id, 0};

	ds_digest_add(&digest, (uint64_t)(unsigned int)file->flags << 32 |
				       file->inode->id);
	ds_digest_add(&digest, file->position);
	ds_rwsem_digest(&file->position_lock, &digest);
	return digest;
}

void ds_vfs_digest(const struct ds_super *super, struct ds_digest *digest)
{
	const struct ds_file *file;
	struct ds_digest sum = {0, 0};

	for (file = super->files; file; file = file->next)
		ds_digest_join(&sum, digest_file(file));
	ds_digest_add_all(digest, sum);
}
