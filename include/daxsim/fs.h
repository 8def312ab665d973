/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_FS_H
#define DAXSIM_FS_H

/*
 * A file system of one's own: its operations as orders of steps, written from
 * the building blocks that ext4 and XFS are made of here, and searched like
 * theirs. The mistakes are the author's to make: which locks to take, when to
 * wait for pins, what to drop first. daxsim_fs_prove() looks for them.
 */
#include <daxsim/explore.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One call on one file. */
struct daxsim_op;

/*
 * The kernel around the file system: how it counts references of pages, locks,
 * pins, and looks for pinned pages.
 */
enum daxsim_kernel {
	DAXSIM_V4_19, /* idle: one reference; what nobody maps is not seen */
	DAXSIM_V5_15,
	DAXSIM_V6_12,
	DAXSIM_V6_15, /* idle: none; page tables hold references; a break
			 drops what it looked at from the page cache */
};

struct daxsim_fs {
	size_t struct_size; /* sizeof(struct daxsim_fs) */
	const char *name;   /* at most 31 characters */
	enum daxsim_kernel kernel;
	uint64_t max_bytes; /* of a file; 0: 2^44 - 4096 */
	/*
	 * truncate: the inode lock is held exclusively, the size is valid.
	 * Return: 0 or a negative errno.
	 */
	int (*set_size)(struct daxsim_op *op, uint64_t size);
	/*
	 * No lock is held; what vfs_fallocate() checks was checked.
	 * Return: 0 or a negative errno; NULL: -EOPNOTSUPP for every mode.
	 */
	int (*fallocate)(struct daxsim_op *op, int mode, uint64_t offset,
			 uint64_t len);
	/*
	 * Before bytes are written: the inode lock is held exclusively. NULL:
	 * nothing is to be done. Return: 0, or a negative errno, with which the
	 * write fails.
	 */
	int (*prepare_write)(struct daxsim_op *op, uint64_t offset,
			     uint64_t len);
	/*
	 * The last user of a file without a name is gone, its pages and blocks
	 * go next. No lock is held, nobody can reach it. NULL: nothing.
	 */
	void (*evict)(struct daxsim_op *op);
	/* No lock is held. NULL: write-back of the file, and a commit. */
	int (*fsync)(struct daxsim_op *op);
};

/* Locks in the order in which they are taken. */
enum daxsim_lock {
	DAXSIM_LOCK_INODE,   /* i_rwsem: reads and writes */
	DAXSIM_LOCK_FAULT,   /* i_mmap_sem, invalidate_lock: page faults */
	DAXSIM_LOCK_JOURNAL, /* shared: a handle on the transaction */
	DAXSIM_LOCK_EXTENTS, /* i_data_sem, ILOCK: the extent map */
};

/*
 * Takes and gives up a lock; no signal ends the wait. To take one twice, or
 * give up one that is not held, is a programmer error.
 *
 * Models: down_read() or down_write(), and up_*().
 */
void daxsim_op_lock(struct daxsim_op *op, enum daxsim_lock lock,
		    bool exclusive);
void daxsim_op_unlock(struct daxsim_op *op, enum daxsim_lock lock);

/* The size of the file in bytes. Models: i_size_read(), i_size_write(). */
uint64_t daxsim_op_size(struct daxsim_op *op);
void daxsim_op_set_size(struct daxsim_op *op, uint64_t size);

/*
 * Unmaps the file and waits until no page of it is pinned. The fault lock is
 * held exclusively, and dropped to sleep. Return: 0, -EINTR, or -EINVAL, with
 * warning W9, when the caller does not hold the lock so.
 *
 * Models: ext4_break_layouts(), v4.19. Differs: the kernel is content if
 * anybody holds the lock in any way.
 */
int daxsim_op_break_layouts(struct daxsim_op *op);

/*
 * The same for the pages from that of byte @start to that of byte @last, both
 * included: @last 0 is page 0. INT64_MAX: the end of the file. -EINVAL also
 * when @start is behind @last.
 *
 * Models: dax_layout_busy_page_range(), v5.10; dax_break_layout(), v6.15.
 */
int daxsim_op_break_layouts_range(struct daxsim_op *op, uint64_t start,
				  uint64_t last);

/*
 * The same for the whole file without a wait: -DAXSIM_ERESTARTSYS at the first
 * busy page, whether a signal is pending or not.
 *
 * Models: dax_break_layout() without a callback, v6.15.
 */
#define DAXSIM_ERESTARTSYS 512
int daxsim_op_break_layouts_now(struct daxsim_op *op);

/*
 * The same from @evict: no lock is held or dropped, no signal ends it.
 *
 * Models: dax_break_layout_final(), v6.15.
 */
void daxsim_op_break_layouts_final(struct daxsim_op *op);

/*
 * Drops pages from the page cache and from all page tables: from byte @size on,
 * or those inside [start, end).
 *
 * Models: truncate_pagecache(), truncate_pagecache_range(), v4.19.
 */
void daxsim_op_truncate_cache(struct daxsim_op *op, uint64_t size);
void daxsim_op_truncate_cache_range(struct daxsim_op *op, uint64_t start,
				    uint64_t end);

/*
 * The same for pages touched by [start, end) that are not dirty; entries first,
 * page tables second. A pin on such a page is never seen again.
 *
 * Models: invalidate_inode_pages2_range() on DAX.
 */
void daxsim_op_invalidate_cache_range(struct daxsim_op *op, uint64_t start,
				      uint64_t end);

/*
 * Writes back the dirty pages touched by [start, end); they stay mapped, and
 * not writable. Models: filemap_write_and_wait_range() on DAX, which is
 * dax_writeback_mapping_range().
 */
void daxsim_op_write_back(struct daxsim_op *op, uint64_t start, uint64_t end);

/*
 * Commits the journal: waits until nobody holds its lock. The caller does not
 * hold it. Models: ext4_force_commit(), of which only the wait is left.
 */
void daxsim_op_commit(struct daxsim_op *op);

/*
 * Changes of the extent map, in bytes; ranges are rounded to the whole blocks
 * inside, for daxsim_op_allocate() to those touched. The extents lock is held
 * exclusively; without it they are programmer errors. Page cache and size stay
 * as they are. Return: 0, -ENOSPC, or -ENOMEM.
 *
 * Models: ext4_map_blocks(), ext4_ext_remove_space(), ext4_ext_shift_extents()
 * and their like. Differs: each run of blocks changes in one step.
 */
/* Holes get unwritten blocks; what was done when the space ends stays. */
int daxsim_op_allocate(struct daxsim_op *op, uint64_t start, uint64_t end);
/* Blocks become free, and the next owner's. */
int daxsim_op_remove(struct daxsim_op *op, uint64_t start, uint64_t end);
/* Written blocks become unwritten where they are. */
int daxsim_op_unwrite(struct daxsim_op *op, uint64_t start, uint64_t end);
/* What lies behind [start, end), which is a hole, moves to @start. */
int daxsim_op_shift_down(struct daxsim_op *op, uint64_t start, uint64_t end);
/* What lies at @at and behind moves up by @len, and leaves a hole. */
int daxsim_op_shift_up(struct daxsim_op *op, uint64_t at, uint64_t len);

/*
 * Zeroes the bytes of [start, end) that lie in written blocks, where they are.
 * The extents lock is not held. Models: dax_zero_range().
 */
void daxsim_op_zero_bytes(struct daxsim_op *op, uint64_t start, uint64_t end);

/* ---------------------------- The whole battery --------------------------- */

/* An operation of the proof table against one kind of pin. */
struct daxsim_fs_cell {
	const char *op, *pin; /* "punch", "direct-2" */
	bool violates;        /* some property breaks */
	/*
	 * ... and no other would hold on a file system of that kernel that does
	 * everything right: to v6.14 pins are not seen once nobody maps the
	 * file, from v6.15 on a page that is mapped again while it is waited
	 * for wakes nobody.
	 */
	bool inherited;
	/*
	 * Whether the search agrees with the rule that follows from what this
	 * file system was seen to wait for, and what the rule says.
	 */
	bool as_predicted;
	const char *because;
	const char *search; /* "COMPLETE": see daxsim_report_search() */
	uint64_t interleavings;
	/* Where it violates: the property, what happened, a token; else NULL */
	const char *property, *text, *replay;
};

struct daxsim_fs_prove_options {
	size_t struct_size; /* sizeof(struct daxsim_fs_prove_options) */
	const char *op;     /* only this operation; NULL: all */
	const char *pin;    /* only this kind of pin; NULL: all */
	bool all;           /* also what "daxsim prove --all" adds */
	uint64_t budget;    /* runs of each search at most; 0: no limit */
	/* NULL, or called for each cell, which is gone when it returns. */
	void (*report)(void *arg, const struct daxsim_fs_cell *cell);
	void *arg;
};

/**
 * daxsim_fs_prove() - search all cells of the proof table on a file system
 * @options: NULL for the table as it is
 * @ret_why: what is wrong, one line; set only when the result is negative. May
 *           be NULL if @why_size is 0
 *
 * Each cell is searched twice, with the buffer touched before (fast pins) and
 * not. The operations of @fs run in universes of their own.
 *
 * Return: how many cells break a property for which the kernel is not to blame
 * or were not searched to their end; -EINVAL for an incomplete @fs or bad
 * options, or when @fs cannot make the files; -EPROTO where @fs is not
 * deterministic; -ENOMEM and others of the host.
 */
int daxsim_fs_prove(const struct daxsim_fs *fs,
		    const struct daxsim_fs_prove_options *options,
		    char *ret_why, size_t why_size);

/**
 * daxsim_fs_replay() - run one interleaving of a cell again
 * @token: from a cell of daxsim_fs_prove() on this @fs
 *
 * Return: 0 with a report that has a timeline; -EINVAL for a token that is
 * damaged or of something else; -EPROTO when @fs takes another way; -ENOMEM.
 */
int daxsim_fs_replay(const struct daxsim_fs *fs, const char *token,
		     struct daxsim_report **ret_report);

#ifdef __cplusplus
}
#endif

#endif
