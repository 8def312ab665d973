/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_FILE_H
#define DAXSIM_FILE_H

/*
 * File calls, shaped like POSIX so that programs can be pointed at them. They
 * work inside tasks and on ordinary threads, also several at once, and return
 * what Linux returns: >= 0 or a negative errno.
 *
 * Any of them returns -ENOMEM on an ordinary thread when the host has no
 * memory; what was done of the call is then not defined, and the universe only
 * good for daxsim_free(). Inside a task the run ends and the search is void.
 */
#include <sys/types.h>

#include <daxsim/universe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An open file with its flags and position. */
struct daxsim_file;

struct daxsim_stat {
	uint64_t ino;
	uint64_t nlink;
	uint64_t size;   /* bytes */
	uint64_t blocks; /* of 512 bytes, file data only */
};

/* One run of blocks, in bytes. */
struct daxsim_extent {
	uint64_t logical;
	uint64_t physical; /* offset in the memory */
	uint64_t length;
	bool unwritten;
};

/**
 * daxsim_open() - open a file of the universe, or make one
 * @path: a name of 1 to 31 bytes; there are no directories
 * @flags: O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND;
 *         others, as O_DIRECT and O_SYNC, are accepted and mean nothing: direct
 *         I/O to a DAX file is a copy
 *
 * O_TRUNC waits for pins as daxsim_ftruncate() does.
 *
 * Models: do_sys_open() without permissions. Return: 0; -ENOENT, -EEXIST,
 * -ENAMETOOLONG; -EINTR when a signal ended the wait of O_TRUNC.
 */
int daxsim_open(struct daxsim *sim, const char *path, int flags,
		struct daxsim_file **ret_file);

/*
 * Closes @file; its mappings stay. The last user of a file without a name takes
 * its blocks away; from v6.15 on it waits for pins before, and no signal ends
 * that wait.
 *
 * Models: filp_close(), ext4_evict_inode() and xfs_inactive().
 * Return: 0.
 */
int daxsim_close(struct daxsim_file *file);

/*
 * Takes the name from a file, and its blocks once nobody has it open or mapped.
 *
 * Models: do_unlinkat(). Return: 0, or -ENOENT.
 */
int daxsim_unlink(struct daxsim *sim, const char *path);

/* Models: vfs_fstat(). Return: 0. */
int daxsim_fstat(struct daxsim_file *file, struct daxsim_stat *ret_stat);

/*
 * @whence: SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE. Unwritten blocks
 * are holes.
 *
 * Models: generic_file_llseek_size(), iomap_seek_data(), iomap_seek_hole() for
 * DAX. Return: the new position in bytes; -EINVAL; -ENXIO when @offset is at or
 * behind the end of the file, or SEEK_DATA finds none.
 */
int64_t daxsim_lseek(struct daxsim_file *file, int64_t offset, int whence);

/*
 * Reads up to @len bytes at byte @offset, not beyond the end of the file.
 *
 * Models: ext4_dax_read_iter() or xfs_file_dax_read(), dax_iomap_rw(). Return:
 * bytes read; -EINVAL for a negative or too large place; -EBADF.
 */
ssize_t daxsim_pread(struct daxsim_file *file, void *buf, size_t len,
		     int64_t offset);

/*
 * Writes at byte @offset, or with O_APPEND at the end of the file whatever
 * @offset is, as Linux does. Never waits for pins.
 *
 * Models: ext4_dax_write_iter() or xfs_file_dax_write(), dax_iomap_rw().
 * Return: bytes written, fewer than @len at the size limit or when the space
 * ran out; -EINVAL, -EBADF, -EFBIG; -ENOSPC when there are none.
 */
ssize_t daxsim_pwrite(struct daxsim_file *file, const void *buf, size_t len,
		      int64_t offset);

/*
 * The same with @flags: 0, or RWF_NOWAIT of <sys/uio.h>, as for a descriptor of
 * O_DIRECT, which Linux wants of such writes from v5.8 on. That gives up where
 * the call would wait: ext4 looks at the inode's lock alone; XFS also at that
 * of its extent map, at blocks that are still to be allocated, and from v5.12
 * on at layouts given out.
 *
 * Models: preadv2(), pwritev2(). Return: as above; -EAGAIN instead of 0 bytes
 * where it gave up; -EOPNOTSUPP for other flags, and where the file system is
 * neither ext4 nor XFS on DAX.
 */
ssize_t daxsim_preadv2(struct daxsim_file *file, void *buf, size_t len,
		       int64_t offset, int flags);
ssize_t daxsim_pwritev2(struct daxsim_file *file, const void *buf, size_t len,
			int64_t offset, int flags);

/*
 * The same at the file's position, which moves. Calls that use the position
 * exclude each other. Models: ksys_read(), ksys_write() with f_pos_lock.
 */
ssize_t daxsim_read(struct daxsim_file *file, void *buf, size_t len);
ssize_t daxsim_write(struct daxsim_file *file, const void *buf, size_t len);

/*
 * Sets the size to @length bytes. Waits for pins in the way of the profile,
 * also when the size grows or stays.
 *
 * Models: do_sys_ftruncate(), ext4_setattr() or xfs_setattr_size(). Return: 0;
 * -EINVAL for a negative length or a file not open for writing; -EFBIG; -EINTR
 * when a signal ended the wait.
 */
int daxsim_ftruncate(struct daxsim_file *file, int64_t length);

/*
 * @mode: Linux' own FALLOC_FL_* bits. Checks come in the kernel's order.
 *
 * Models: vfs_fallocate(), ext4_fallocate() or xfs_file_fallocate(). Return: 0;
 * -EINVAL, -EOPNOTSUPP, -EBADF, -EFBIG; -ENOSPC, where ext4 keeps what it got;
 * -EINTR when a signal ended the wait for pins.
 */
int daxsim_fallocate(struct daxsim_file *file, int mode, int64_t offset,
		     int64_t len);

/*
 * Gives @dest from @dest_offset on the blocks that @source has for the @len
 * bytes from @offset on, or to its end if @len is 0: both files have them then,
 * until one of them is written. Recalls layouts of both and waits for the pins
 * on pages of both, in this order; XFS to v5.19 recalls, and then refuses.
 *
 * Models: FICLONERANGE, vfs_clone_file_range(), xfs_file_remap_range(). Return:
 * 0; -EBADF, -EINVAL, -EFBIG; -EINVAL on XFS to v5.19, and -EOPNOTSUPP on what
 * is not XFS; -EXDEV if the files are of two universes; -ENOSPC; -EINTR when a
 * signal ended the wait.
 */
int daxsim_reflink(struct daxsim_file *source, int64_t offset,
		   struct daxsim_file *dest, int64_t dest_offset, int64_t len);

/*
 * The same where both ranges hold the same bytes.
 *
 * Models: FIDEDUPERANGE with one destination, vfs_dedupe_file_range(). Return:
 * bytes shared, whole blocks but for the end of both files; -EBADE where the
 * bytes differ (FILE_DEDUPE_RANGE_DIFFERS); -EINVAL, also on all but XFS from
 * v6.0 on; -EPERM, -EOVERFLOW; -EXDEV; -ENOSPC; -EINTR.
 */
int64_t daxsim_dedupe(struct daxsim_file *source, int64_t offset,
		      struct daxsim_file *dest, int64_t dest_offset,
		      int64_t len);

/*
 * Makes what was written durable: flushes dirty pages, commits the journal.
 *
 * Models: ext4_sync_file() or xfs_file_fsync(), dax_writeback_mapping_range().
 * Return: 0.
 */
int daxsim_fsync(struct daxsim_file *file);

/*
 * The runs of blocks that reach into the @len bytes from @start on, whole, in
 * ascending order. Neighbours are one run where they are of one kind and
 * contiguous in the memory. @max 0: only counts.
 *
 * Models: FS_IOC_FIEMAP with FIEMAP_FLAG_SYNC. Return: how many runs were, or
 * would be, stored; -EINVAL if @len is 0; -EFBIG if @start is beyond the limit.
 */
int64_t daxsim_fiemap(struct daxsim_file *file, uint64_t start, uint64_t len,
		      unsigned int max, struct daxsim_extent *ret_extents);

#ifdef __cplusplus
}
#endif

#endif
