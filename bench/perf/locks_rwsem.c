// SPDX-License-Identifier: LGPL-2.1-or-later
/* The lock of the simulated kernel, used by free threads. */
#include <stdlib.h>

#include "core/arena.h"
#include "perf/locks.h"
#include "perf/perf.h"
#include "sched/rwsem.h"
#include "sched/sched.h"

struct lock {
	_Alignas(64) struct ds_rwsem sem;
	struct ds_arena *arena;
	struct ds_events events;
	/* Of different threads: apart. */
	struct {
		_Alignas(64) struct ds_task task;
	} threads[PERF_LOCK_THREADS];
};

static void *make(void)
{
	struct lock *lock = aligned_alloc(64, sizeof(*lock));
	struct ds_sched *sched;
	unsigned int i;

	if (!lock)
		perf_die("no memory");
	*lock = (struct lock){.arena = NULL};
	if (ds_arena_new((size_t)1 << 20, &lock->arena) < 0 ||
	    ds_sched_new(lock->arena, &lock->events, &sched) < 0)
		perf_die("no memory");
	ds_rwsem_init(&lock->sem, 1, DS_LOCK_INODE, "lock");
	for (i = 0; i < PERF_LOCK_THREADS; i++) {
		lock->threads[i].task.sched = sched;
		lock->threads[i].task.id = i;
		lock->threads[i].task.name = "thread";
	}
	return lock;
}

static void free_lock(void *arg)
{
	ds_arena_free(((struct lock *)arg)->arena);
	free(arg);
}

static void read_lock(void *arg, unsigned int thread)
{
	struct lock *lock = arg;

	ds_rwsem_lock(&lock->threads[thread].task, &lock->sem, DS_SHARED);
}

static void read_unlock(void *arg, unsigned int thread)
{
	struct lock *lock = arg;

	ds_rwsem_unlock(&lock->threads[thread].task, &lock->sem);
}

static void write_lock(void *arg, unsigned int thread)
{
	struct lock *lock = arg;

	ds_rwsem_lock(&lock->threads[thread].task, &lock->sem, DS_EXCLUSIVE);
}

static void write_unlock(void *arg, unsigned int thread)
{
	struct lock *lock = arg;

	ds_rwsem_unlock(&lock->threads[thread].task, &lock->sem);
}

static void read_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(read_lock, read_unlock, arg, thread, n);
}

static void write_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(write_lock, write_unlock, arg, thread, n);
}

const struct perf_lock_ops perf_lock_rwsem = {
	.name = "rwsem",
	.make = make,
	.free = free_lock,
	.read_pairs = read_pairs,
	.write_pairs = write_pairs,
	.read_lock = read_lock,
	.read_unlock = read_unlock,
	.write_lock = write_lock,
	.write_unlock = write_unlock,
};
