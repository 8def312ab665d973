// SPDX-License-Identifier: LGPL-2.1-or-later
/* The C library's lock, of both kinds. */
#include <pthread.h>
#include <stdlib.h>

#include "perf/locks.h"
#include "perf/perf.h"

static void *make_kind(int kind)
{
	pthread_rwlock_t *lock = aligned_alloc(64, 64);
	pthread_rwlockattr_t attr;

	if (!lock || pthread_rwlockattr_init(&attr) ||
	    pthread_rwlockattr_setkind_np(&attr, kind) ||
	    pthread_rwlock_init(lock, &attr))
		perf_die("no lock");
	pthread_rwlockattr_destroy(&attr);
	return lock;
}

_Static_assert(sizeof(pthread_rwlock_t) <= 64, "it has a line to itself");

static void *make_readers(void)
{
	return make_kind(PTHREAD_RWLOCK_PREFER_READER_NP);
}

static void *make_writers(void)
{
	return make_kind(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
}

static void free_lock(void *arg)
{
	pthread_rwlock_destroy(arg);
	free(arg);
}

static void read_lock(void *arg, unsigned int thread)
{
	(void)thread;
	pthread_rwlock_rdlock(arg);
}

static void read_unlock(void *arg, unsigned int thread)
{
	(void)thread;
	pthread_rwlock_unlock(arg);
}

static void write_lock(void *arg, unsigned int thread)
{
	(void)thread;
	pthread_rwlock_wrlock(arg);
}

static void write_unlock(void *arg, unsigned int thread)
{
	(void)thread;
	pthread_rwlock_unlock(arg);
}

static void read_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(read_lock, read_unlock, arg, thread, n);
}

static void write_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(write_lock, write_unlock, arg, thread, n);
}

const struct perf_lock_ops perf_lock_pthread = {
	.name = "pthread_rwlock",
	.make = make_readers,
	.free = free_lock,
	.read_pairs = read_pairs,
	.write_pairs = write_pairs,
	.read_lock = read_lock,
	.read_unlock = read_unlock,
	.write_lock = write_lock,
	.write_unlock = write_unlock,
};

const struct perf_lock_ops perf_lock_pthread_writers = {
	.name = "pthread_rwlock, writers 1st",
	.make = make_writers,
	.free = free_lock,
	.read_pairs = read_pairs,
	.write_pairs = write_pairs,
	.read_lock = read_lock,
	.read_unlock = read_unlock,
	.write_lock = write_lock,
	.write_unlock = write_unlock,
};
