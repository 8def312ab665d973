/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_INODE_H
#define DS_FILE_INODE_H

/*
 * A file system on a region and the inodes in it.
 *
 * Lock order: i_rwsem, mmap_lock, fault lock, journal, extents lock. Faults
 * take the fault lock shared and no i_rwsem; whoever takes blocks away holds
 * both exclusively.
 */
#include "cache/mapping.h"
#include "file/extmap.h"
#include "pmem/blocks.h"

struct ds_file;
struct ds_lease;
struct ds_super;
struct ds_inode;

/* What differs between file systems; each operation is an order of steps. */
struct ds_fs_ops {
	const char *family; /* "ext4" or "xfs", whatever the kernel */
	/* i_rwsem is held exclusively, arguments are checked. */
	int (*set_size)(struct ds_task *task, struct ds_inode *inode,
			uint64_t size);
	/* The checks that every file system shares are done; no lock held. */
	int (*fallocate)(struct ds_task *task, struct ds_inode *inode, int mode,
			 uint64_t offset, uint64_t len);
	/*
	 * *@offset: UINT64_MAX to append; comes back as where the write began.
	 * @len > 0.
	 */
	int64_t (*write)(struct ds_task *task, struct ds_inode *inode,
			 uint64_t *offset, const void *buf, size_t len);
	/*
	 * Makes written blocks of the first pages of @range, of one at least
	 * and of one run.
	 */
	int (*make_written)(struct ds_task *task, struct ds_inode *inode,
			    struct ds_pgrange range);
	int (*fsync)(struct ds_task *task, struct ds_inode *inode);
	/*
	 * NULL, or shares the blocks of two ranges that hold the same bytes.
	 * @len > 0, and nothing overflows. No lock held. Return: bytes shared,
	 * -EBADE where they differ, or another error.
	 */
	int64_t (*dedupe)(struct ds_task *task, struct ds_inode *source,
			  uint64_t offset, struct ds_inode *dest,
			  uint64_t dest_offset, uint64_t len);
	/*
	 * NULL, or gives @dest the blocks of @source: all there are from
	 * @offset on if @len is 0. Return: bytes shared, or an error.
	 */
	int64_t (*reflink)(struct ds_task *task, struct ds_inode *source,
			   uint64_t offset, struct ds_inode *dest,
			   uint64_t dest_offset, uint64_t len);
	/*
	 * NULL, or waits until no page is pinned. The fault lock is held
	 * exclusively. Return: 0, or -EINTR.
	 */
	int (*break_layouts)(struct ds_task *task, struct ds_inode *inode);
	/* NULL, or comes first when nobody can reach the file any more. */
	void (*evict)(struct ds_task *task, struct ds_inode *inode);
	bool fault_in_transaction; /* a write fault runs inside the journal */
	bool growth_zeroes_tail;   /* ext4: of the block that held the end */
};

/* One file system of one kernel. */
struct ds_fs_profile {
	const char *name;
	const char *alias;  /* or NULL */
	const char *models; /* the kernel and its functions, for people */
	const struct ds_fs_ops *ops;
	const void *custom;    /* what a user's file system brings, or NULL */
	uint64_t max_bytes;    /* s_maxbytes */
	int idle_refs;         /* references of a page that nobody uses */
	bool pte_holds_ref;    /* a page-table entry holds a reference */
	bool direct_pins;      /* direct I/O takes FOLL_PIN pins, from v6.5 */
	bool bio_wakes_nobody; /* direct I/O forgets who waits for its pages */
	bool longterm_pins_first; /* to v5.10: refused after pinning */
	/* Files are not on DAX but in ordinary page cache. */
	bool page_cache;
	bool break_drops_entries; /* all entries of the file go with the wait */
	bool break_at_evict;      /* the last user of a file waits for pins */
	bool break_if_mapped;     /* no break when no area maps the file */
	bool break_takes_copies;  /* the search unmaps private copies */
	bool lost_copy_is_zero;   /* see struct ds_space */
	bool fork_copies_shared;  /* the same */
	bool counts_sharers;      /* the same */
	bool syncs_maps;          /* MAP_SYNC is supported */
	/* RWF_NOWAIT is known: reads and writes do not wait for i_rwsem. */
	bool knows_nowait;
	bool nowait_maps;      /* ... nor for ILOCK or new blocks */
	bool nowait_recalls;   /* ... and writes not for layouts, from v5.12 */
	bool pull_readers;     /* rwsem: a granted reader pulls all along */
	bool delete_wakes_all; /* deleting an entry wakes every waiter */
	bool strict_modes;     /* fallocate: EOPNOTSUPP for two modes */
	bool small_refuses;    /* see struct ds_mapping, also of the next */
	bool protects_all;
	bool scan_skips_locked;
	bool scan_steps_by_one;
	bool shares_dax; /* files on DAX may share blocks */
	/* XFS to v4.19: sharing recalls layouts of the destination alone */
	bool sharing_recalls_one;
	bool copy_drops_page;    /* who copies a page drops the old one */
	bool reads_count_shares; /* a read fault knows that a block is shared */
	bool always_copies;      /* what if: every write makes a copy */
	bool write_recovers;     /* v5.19: a whole page mends what failed */
	bool interrupted_keeps_size; /* truncate leaves the new i_size */
	/* zeroing waits when its edges have blocks, and i_size their end */
	bool interrupted_zero_keeps_edges;
	bool refused_insert_keeps_size; /* a shift too far leaves the i_size */
	bool full_keeps_blocks;         /* ENOSPC leaves what was allocated */
	bool full_zero_punches; /* zeroing meets ENOSPC with its range freed */
	/*
	 * A write that the file system could not start adds its negative errno
	 * to the offset and takes that for the new i_size.
	 */
	bool error_grows_size;
	/*
	 * No hole is punched from here on; 0: anywhere. A number that one step
	 * computes with. Like the slip above it is no order of a kernel's own:
	 * both came and went by single patches, and kernels of one order have
	 * them or not by what was backported (v5.15 and v6.1.192; v6.12.111 and
	 * v6.15).
	 */
	uint64_t punch_limit;
	/* XFS v4.19, not v5.10: errors of a recall but for leases left over */
	bool recall_errors_lost;
	bool proved;                 /* a column of the proof table */
	unsigned int zeroout_blocks; /* ext4: extent_max_zeroout_kb */
};

struct ds_super {
	const struct ds_fs_profile *profile;
	struct ds_arena *arena;
	struct ds_frames *frames;
	struct ds_spin blocks_spin; /* protects @blocks */
	struct ds_blocks *blocks;
	unsigned int n_zones;
	struct ds_waitq_table *waitq;
	struct ds_rwsem journal;   /* a handle holds it shared, a commit not */
	struct ds_spin names_spin; /* protects @inodes, links, users, @files */
	struct ds_inode *inodes;
	struct ds_file *files; /* that are open */
	uint32_t n_inodes;     /* ever made */
	uint32_t n_files;      /* ever opened */
	unsigned int tree_shift;
	unsigned int scan_batch; /* see struct ds_mapping; 0: 1 */
	bool concurrent;
	/* Freed blocks go to a victim file at once and get its pattern. */
	bool victim;
	uint64_t n_victim_blocks;
	unsigned int zeroout_blocks;
	bool leased; /* somebody may take layout leases: to look is a step */
	bool no_lease_memory;      /* who breaks leases gets no memory for it */
	uint64_t lease_break_time; /* in ticks; 0: leases never expire */
	/*
	 * For scenarios that ask what others can do while a task waits for
	 * pins: the wait's begin and end are then steps of their own.
	 */
	bool watch_waits;
	/* There may be mappings of MAP_SYNC: commits are steps of their own. */
	bool follows_commits;
	bool watch_stores;      /* the end of fsync is a step of its own */
	unsigned int n_waiting; /* tasks that wait for pins */
	uint64_t n_waits;       /* how often a task began or ended to: a time */
};

/*
 * How long a broken lease lasts, in ticks. The kernel has 45 seconds; here a
 * tick is any time in which nothing else can happen, so a few of them do.
 */
#define DS_LEASE_BREAK_TIME 3

/* Begins and ends of waits for pins, where these are watched. */
static inline ds_obj ds_waits_object(void)
{
	return ds_object(DS_OBJ_CELL, 1, 0);
}

/* The inode number of the file that gets every freed block. */
#define DS_VICTIM_INODE UINT32_C(0xffffff)

struct ds_inode {
	struct ds_super *super;
	struct ds_inode *next;
	uint32_t id;
	char name[32];
	/* names of its locks, for people */
	char lock_names[4][40];
	unsigned int n_links;
	unsigned int n_users;         /* open files and mapped areas */
	struct ds_rwsem lock;         /* i_rwsem, IOLOCK */
	struct ds_rwsem fault_lock;   /* i_mmap_sem, MMAPLOCK */
	struct ds_rwsem extents_lock; /* i_data_sem, ILOCK */
	_Atomic(uint64_t) size;       /* i_size, bytes */
	uint64_t disk_size;           /* i_disksize; under @extents_lock */
	/*
	 * The journal has not yet all of its map and size; where commits are
	 * followed. Models: IOMAP_F_DIRTY.
	 */
	bool uncommitted;
	atomic_uint n_direct;      /* direct I/O under way, i_dio_count */
	struct ds_extmap *extents; /* under @extents_lock */
	/* Blocks for copies under way, if blocks can be shared; the same. */
	struct ds_extmap *copies;
	bool has_shared; /* it may have blocks of others; the same */
	struct ds_mapping mapping;
	unsigned int zone;
	struct ds_spin leases_spin; /* protects @leases: flc_lock */
	struct ds_lease *leases;    /* in the order in which they came */
};

/*
 * A file system on all frames but the zero page. @n_zones: see pmem/blocks.h.
 * Return: 0, or -ENOMEM.
 */
int ds_super_new(struct ds_arena *arena, const struct ds_fs_profile *profile,
		 struct ds_frames *frames, struct ds_waitq_table *waitq,
		 unsigned int n_zones, struct ds_super **ret_super);

void ds_super_free(struct ds_super *super);

/* Makes an inode without links or users. Return: 0, or -ENOMEM. */
int ds_inode_new(struct ds_super *super, const char *name,
		 struct ds_inode **ret_inode);

/* Frees an inode whose blocks and entries are gone. */
void ds_inode_free(struct ds_inode *inode);

/* The inode with number @id, or NULL. */
struct ds_inode *ds_super_inode(const struct ds_super *super, uint32_t id);

/* Adds the state of all inodes, of the free blocks and of the journal. */
void ds_super_digest(const struct ds_super *super, struct ds_digest *digest);

/* i_size: a step that reads or writes it. */
uint64_t ds_inode_size(struct ds_task *task, struct ds_inode *inode);
void ds_inode_set_size(struct ds_task *task, struct ds_inode *inode,
		       uint64_t size);

/*
 * Part of a step that changes the map or the size: the journal has it with the
 * next commit.
 */
static inline void ds_inode_dirty(struct ds_inode *inode)
{
	__atomic_store_n(&inode->uncommitted, inode->super->follows_commits,
			 __ATOMIC_RELAXED);
}

/*
 * i_rwsem for reading or writing bytes. Return: whether it was taken: always,
 * unless the call must not wait.
 */
bool ds_inode_lock_io(struct ds_task *task, struct ds_inode *inode,
		      enum ds_lock_mode mode);

/* The fault lock; giving it up allows faults again, which is an event. */
void ds_inode_lock_faults(struct ds_task *task, struct ds_inode *inode);
void ds_inode_unlock_faults(struct ds_task *task, struct ds_inode *inode);

/*
 * Waits until no direct I/O to the file is under way.
 *
 * Models: inode_dio_wait(). Direct I/O to a DAX file is a plain copy under
 * i_rwsem and never counted, so this only looks.
 */
void ds_inode_wait_direct(struct ds_task *task, struct ds_inode *inode);

/* The bytes the victim file has in block @pfn: a page of them. */
void ds_victim_pattern(struct ds_pfn pfn, unsigned char *ret_bytes);

/* The free blocks of an inode's zone. */
static inline ds_obj ds_zone_object(const struct ds_super *super,
				    unsigned int zone)
{
	return ds_object(DS_OBJ_ZONE, 0, zone % super->n_zones);
}

#endif
