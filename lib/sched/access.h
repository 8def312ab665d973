/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_ACCESS_H
#define DS_SCHED_ACCESS_H

/*
 * What a step touches. Objects are named by what they are, never by address,
 * so that the same object has the same name in every run.
 *
 * Two steps depend on each other when they touch one object and not both only
 * read it, nor both only add to it. The search trusts these declarations;
 * ds_touch() checks them.
 */
#include <stdatomic.h>
#include <stdint.h>

enum ds_how {
	DS_READ,
	DS_ADD, /* commutes with itself: count deltas, shared acquisition */
	DS_WRITE,
};

enum ds_object_kind {
	DS_OBJ_NONE, /* only ever read: conflicts with nothing */
	DS_OBJ_TASK, /* signal state of a task */
	DS_OBJ_RWSEM,
	DS_OBJ_WAITQ, /* waiters of one key */
	DS_OBJ_COUNTER,
	DS_OBJ_GRACE,   /* lockless walkers of one address space */
	DS_OBJ_REFS,    /* reference count of a frame */
	DS_OBJ_OWNER,   /* file and index a frame is associated with */
	DS_OBJ_BYTES,   /* contents of a frame */
	DS_OBJ_HOLDERS, /* pins on pages of one inode */
	DS_OBJ_ZONE,    /* free blocks of one allocation zone */
	DS_OBJ_PTE,
	DS_OBJ_VMAS,    /* the mappings of an address space */
	DS_OBJ_RMAP,    /* the mappings of a file */
	DS_OBJ_ENTRY,   /* one slot of the page cache */
	DS_OBJ_INDEX,   /* which slots of the page cache are present */
	DS_OBJ_EXTENTS, /* extent map of an inode */
	DS_OBJ_SIZE,    /* i_size */
	DS_OBJ_NAMES,   /* the directory, link and open counts */
	DS_OBJ_LEASES,  /* the layout leases of an inode, and their holders */
	DS_OBJ_CELL,    /* a variable of a test program */
	DS_OBJ_CONTENT, /* what a page of a file should hold */
	DS_OBJ_REQUEST, /* I/O that goes from task to task */
	DS_OBJ_SHARES,  /* how many files have a block */
};

typedef uint64_t ds_obj;

/* @who: which instance (24 bits); @where: which part of it (32 bits). */
static inline ds_obj ds_object(enum ds_object_kind kind, uint64_t who,
			       uint64_t where)
{
	return (uint64_t)kind << 56 | (who & 0xffffff) << 32 |
	       (where & 0xffffffff);
}

/*
 * Objects of an inode that layers below it name too: properties compare them
 * with what was done there.
 */
static inline ds_obj ds_holders_object(uint32_t inode)
{
	return ds_object(DS_OBJ_HOLDERS, inode, 0);
}

static inline ds_obj ds_extents_object(uint32_t inode)
{
	return ds_object(DS_OBJ_EXTENTS, inode, 0);
}

static inline ds_obj ds_size_object(uint32_t inode)
{
	return ds_object(DS_OBJ_SIZE, inode, 0);
}

/*
 * For properties that know what a file should hold: whoever reads or writes
 * its bytes says so beside the block it reaches, since a stale page-table
 * entry leads to another block than the one that others write.
 */
static inline ds_obj ds_content_object(uint32_t inode, uint64_t page)
{
	return ds_object(DS_OBJ_CONTENT, inode, page);
}

struct ds_access {
	ds_obj obj;
	enum ds_how how;
	/*
	 * If not NULL and *escalate has any of DS_ESCALATES when steps are
	 * compared, an ADD counts as a WRITE: shared acquisitions of a lock
	 * stop commuting once somebody queues for it.
	 */
	const atomic_uint *escalate;
};

#define DS_ESCALATES 3u

/* How a step accesses the object, in the present state. */
static inline enum ds_how ds_access_how(const struct ds_access *access)
{
	if (access->escalate &&
	    (atomic_load_explicit(access->escalate, memory_order_relaxed) &
	     DS_ESCALATES))
		return DS_WRITE;
	return access->how;
}

static inline struct ds_access ds_reads(ds_obj obj)
{
	return (struct ds_access){obj, DS_READ, 0};
}

static inline struct ds_access ds_adds(ds_obj obj)
{
	return (struct ds_access){obj, DS_ADD, 0};
}

static inline struct ds_access ds_writes(ds_obj obj)
{
	return (struct ds_access){obj, DS_WRITE, 0};
}

#endif
