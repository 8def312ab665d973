/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_WAITQ_H
#define DS_SCHED_WAITQ_H

/*
 * Hashed wait queues. A waiter queues itself under a key, tests its condition
 * and sleeps; it becomes runnable only by a wake-up on that key or by a
 * signal, never because its condition came true. That is what makes a lost
 * wake-up visible.
 *
 * Order that loses none: the waiter queues before it tests, the waker changes
 * the condition before it looks at the queue.
 *
 * Models: wait_bit.c (___wait_var_event(), wake_up_var()) and the wait table
 * of fs/dax.c.
 */
#include "sched/task.h"

#define DS_WAITQ_BUCKETS 16

struct ds_waitq_table {
	atomic_uint n; /* waiters of all keys */
	struct {
		struct ds_spin spin;
		struct ds_waiter *head; /* in order of arrival */
		atomic_uint n;          /* of them */
	} buckets[DS_WAITQ_BUCKETS];
};

/*
 * Queues @task under @key. Exclusive waiters are woken one at a time.
 * Return: 0, or -EINTR without queueing if @interruptible and a signal is
 * pending (the caller still tests its condition first).
 */
int ds_wait_queue(struct ds_task *task, struct ds_waitq_table *table,
		  ds_obj key, bool exclusive, bool interruptible);

/*
 * Queues @task under @key as part of the caller's step, which declares a write
 * of the queue: for conditions that change under a lock the caller holds.
 */
void ds_wait_join(struct ds_task *task, struct ds_waitq_table *table,
		  ds_obj key, bool exclusive);

/*
 * Whether a wake-up came since @task queued itself; it has then taken the task
 * out of the queue. Part of a step that declares a read of the queue, such as
 * the one that sleeping ends with.
 */
static inline bool ds_wait_was_woken(struct ds_task *task)
{
	return atomic_load(&task->alarms) & DS_WOKEN;
}

/*
 * Whether anybody may wait at all: for free tasks, who have changed what waits
 * are for and look before they wake. See ds_wake_changed().
 */
static inline bool ds_wait_has_any(const struct ds_waitq_table *table)
{
	return atomic_load(&table->n) != 0;
}

/*
 * Whether anybody waits under @key: part of the caller's step, which declares a
 * read of the queue and holds the lock under which waiters join.
 */
bool ds_wait_has_waiters(struct ds_task *task, struct ds_waitq_table *table,
			 ds_obj key);

/* Sleeps until woken; the caller queued itself and tested. */
void ds_wait_sleep(struct ds_task *task, ds_obj key, bool interruptible);

/*
 * The same for @ticks at most. Return: whether they are over; then, and after a
 * signal, the task still stands in the queue.
 */
bool ds_wait_sleep_for(struct ds_task *task, ds_obj key, bool interruptible,
		       uint64_t ticks);

/*
 * Leaves the queue as part of the caller's step, which declares a write of it,
 * if no wake-up has taken the task out of it.
 */
void ds_wait_quit(struct ds_task *task, struct ds_waitq_table *table);

/* Leaves the queue, if no wake-up has taken the task out of it. */
void ds_wait_leave(struct ds_task *task, struct ds_waitq_table *table);

/*
 * Wakes the waiters of @key: all that are not exclusive, and of the exclusive
 * ones the first, or @all.
 */
void ds_wake(struct ds_task *task, struct ds_waitq_table *table, ds_obj key,
	     bool all);

/*
 * The same for a task that has just changed what is waited for by a
 * sequentially consistent operation: if nobody waits it takes no lock.
 */
void ds_wake_changed(struct ds_task *task, struct ds_waitq_table *table,
		     ds_obj key, bool all);

/* Adds who waits, for each key in the order of arrival. */
void ds_waitq_digest(const struct ds_waitq_table *table,
		     struct ds_digest *digest);

/* The object that stands for the queue of @key in footprints. */
static inline ds_obj ds_wait_object(ds_obj key)
{
	return (key & ~(UINT64_C(0xff) << 56)) | (uint64_t)DS_OBJ_WAITQ << 56;
}

#endif
