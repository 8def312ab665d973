/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_RWSEM_H
#define DS_SCHED_RWSEM_H

/*
 * A reader/writer semaphore as the kernel has it: many readers or one writer,
 * not recursive, first come first served; a reader that comes while anybody
 * queues goes to the queue, whoever owns the lock.
 *
 * A release grants the lock to the head of the queue: to a writer alone, to a
 * reader together with the run of readers behind it (4.19) or with every
 * queued reader (5.x, ds_sched.pull_readers).
 *
 * Models: rwsem-xadd.c and rwsem.c. Differs: no optimistic spinning, so an
 * awake writer never overtakes the queue.
 */
#include "sched/task.h"

/*
 * Order in which locks are taken. Locks of the same class do not nest, but for
 * INODE and FAULT locks of different inodes, in the order of their ids.
 */
enum ds_lock_class {
	DS_LOCK_POSITION, /* f_pos_lock of an open file */
	DS_LOCK_INODE,    /* i_rwsem, XFS IOLOCK */
	DS_LOCK_MMAP,     /* mmap_lock of an address space */
	DS_LOCK_FAULT,    /* i_mmap_sem, XFS MMAPLOCK, invalidate_lock */
	DS_LOCK_JOURNAL,  /* a running transaction */
	DS_LOCK_EXTENTS,  /* i_data_sem, XFS ILOCK */
	DS_LOCK_RMAP,     /* i_mmap_rwsem: the mappings of a file */
};

struct ds_rwsem {
	/*
	 * Who has it: taken and given back by one access where nobody queues.
	 * Its low bits, DS_ESCALATES, say that somebody does, or that a writer
	 * has it; above them it counts readers.
	 */
	atomic_uint word;
	uint32_t id;
	enum ds_lock_class class;
	struct ds_task *writer; /* written by whom it names, or for it */
	struct ds_spin spin;    /* protects the queue */
	struct ds_waiter *head, *tail;
	const char *name; /* "A.fault_lock" */
	/*
	 * What a property reads when exclusive ownership ends: charged to that
	 * step, so that the search tries both orders.
	 */
	ds_obj charged[3];
};

void ds_rwsem_init(struct ds_rwsem *sem, uint32_t id, enum ds_lock_class class,
		   const char *name);

/* Takes @sem; sleeps uninterruptibly. */
void ds_rwsem_lock(struct ds_task *task, struct ds_rwsem *sem,
		   enum ds_lock_mode mode);

/*
 * Takes @sem if nobody has it, or queues for it, who stands in the way of
 * @mode: a step. Models: down_read_trylock(), down_write_trylock(). Return:
 * whether.
 */
bool ds_rwsem_trylock(struct ds_task *task, struct ds_rwsem *sem,
		      enum ds_lock_mode mode);

/* Gives @sem back as it was taken. */
void ds_rwsem_unlock(struct ds_task *task, struct ds_rwsem *sem);

/* Whether @task holds @sem, in @mode. */
bool ds_rwsem_holds(const struct ds_task *task, const struct ds_rwsem *sem,
		    enum ds_lock_mode mode);

/* Adds who has @sem and, in their order, who queues for it. */
void ds_rwsem_digest(const struct ds_rwsem *sem, struct ds_digest *digest);

/* Whether anybody holds @sem exclusively. A view for properties. */
bool ds_rwsem_is_exclusive(const struct ds_rwsem *sem);

/* How many hold it shared, while no task runs freely. */
unsigned int ds_rwsem_n_readers(const struct ds_rwsem *sem);

#endif
