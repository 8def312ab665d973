/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_VFS_H
#define DS_FILE_VFS_H

/*
 * File calls as the kernel's VFS serves them: handles, argument checks in the
 * kernel's order, the inode lock, and then the file system's own steps.
 *
 * Every function returns what the kernel returns: >= 0 or a negative errno.
 */
#include <sys/types.h>

#include "file/inode.h"

/* An open file. */
struct ds_file {
	struct ds_file *next, **link; /* under the names' lock */
	struct ds_inode *inode;
	int flags; /* O_ACCMODE, O_APPEND */
	struct ds_rwsem position_lock;
	uint64_t position; /* of the next read or write; under @position_lock */
};

struct ds_stat {
	uint64_t size;     /* bytes */
	uint64_t n_blocks; /* of 512 bytes */
	uint32_t inode;
	unsigned int n_links;
};

/* A run of blocks, in bytes. */
struct ds_fiemap_run {
	uint64_t logical;
	uint64_t physical; /* from the start of the region */
	uint64_t length;
	bool unwritten;
};

/* @flags: O_ACCMODE, O_CREAT, O_EXCL, O_TRUNC, O_APPEND; others ignored. */
int ds_vfs_open(struct ds_task *task, struct ds_super *super, const char *name,
		int flags, struct ds_file **ret_file);
int ds_vfs_close(struct ds_task *task, struct ds_file *file);
int ds_vfs_unlink(struct ds_task *task, struct ds_super *super,
		  const char *name);
int ds_vfs_fstat(struct ds_task *task, struct ds_file *file,
		 struct ds_stat *ret_stat);
int64_t ds_vfs_lseek(struct ds_task *task, struct ds_file *file, int64_t offset,
		     int whence);
int64_t ds_vfs_pread(struct ds_task *task, struct ds_file *file, void *buf,
		     size_t len, int64_t offset);
/* O_APPEND ignores @offset, as Linux does. */
int64_t ds_vfs_pwrite(struct ds_task *task, struct ds_file *file,
		      const void *buf, size_t len, int64_t offset);
/*
 * The same with @flags: DS_IO_NOWAIT, RWF_NOWAIT. -EAGAIN, or fewer bytes,
 * where the call would wait: ext4 looks at i_rwsem alone, XFS also at ILOCK, at
 * blocks that are not there, and from v5.12 on at layouts. Neither waits for
 * pins, which no read or write does. -EOPNOTSUPP for other flags and other file
 * systems.
 */
#define DS_IO_NOWAIT 1u

int64_t ds_vfs_preadv2(struct ds_task *task, struct ds_file *file, void *buf,
		       size_t len, int64_t offset, unsigned int flags);
int64_t ds_vfs_pwritev2(struct ds_task *task, struct ds_file *file,
			const void *buf, size_t len, int64_t offset,
			unsigned int flags);
/* The same at the file's position, which moves: one call at a time. */
int64_t ds_vfs_read(struct ds_task *task, struct ds_file *file, void *buf,
		    size_t len);
int64_t ds_vfs_write(struct ds_task *task, struct ds_file *file,
		     const void *buf, size_t len);
int ds_vfs_ftruncate(struct ds_task *task, struct ds_file *file,
		     int64_t length);
int ds_vfs_fallocate(struct ds_task *task, struct ds_file *file, int mode,
		     int64_t offset, int64_t len);
/*
 * FIDEDUPERANGE of one range: shares the blocks of @len bytes of @source and
 * @dest if they hold the same. Return: bytes shared; -EBADE where they differ,
 * which user space sees as FILE_DEDUPE_RANGE_DIFFERS; -EINVAL, -EPERM,
 * -EOVERFLOW; -EINTR; -ENOSPC.
 */
int64_t ds_vfs_dedupe(struct ds_task *task, struct ds_file *source,
		      int64_t offset, struct ds_file *dest, int64_t dest_offset,
		      int64_t len);
/*
 * FICLONERANGE: gives @dest the blocks of @len bytes of @source, to its end if
 * @len is 0. Return: 0; -EBADF, -EOPNOTSUPP, -EINVAL, -EFBIG; -EINTR; -ENOSPC.
 */
int ds_vfs_reflink(struct ds_task *task, struct ds_file *source, int64_t offset,
		   struct ds_file *dest, int64_t dest_offset, int64_t len);
int ds_vfs_fsync(struct ds_task *task, struct ds_file *file);
/* FIEMAP_FLAG_SYNC; at most @max runs. Return: runs, of all if @max is 0. */
int64_t ds_vfs_fiemap(struct ds_task *task, struct ds_file *file,
		      uint64_t start, uint64_t len, unsigned int max,
		      struct ds_fiemap_run *ret_runs);
/* The same without the sync. */
int64_t ds_vfs_extents(struct ds_task *task, struct ds_file *file,
		       uint64_t start, uint64_t len, unsigned int max,
		       struct ds_fiemap_run *ret_runs);
/* @offset: a multiple of the page size; @how: DS_MAP_*, mm/space.h. */
int ds_vfs_mmap(struct ds_task *task, struct ds_space *space,
		struct ds_file *file, uint64_t offset, uint64_t len,
		unsigned int how, uint64_t *ret_addr);

/* Adds the open files. */
void ds_vfs_digest(const struct ds_super *super, struct ds_digest *digest);

/*
 * A descriptor or area more or less. The last one of an unlinked file evicts
 * it: its entries are dropped and its blocks freed, in all kernels before v6.15
 * without waiting for pins.
 */
void ds_inode_use(struct ds_task *task, struct ds_inode *inode);
void ds_inode_unuse(struct ds_task *task, struct ds_inode *inode);

#endif
