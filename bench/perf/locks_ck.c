// SPDX-License-Identifier: LGPL-2.1-or-later
/* Two spinning locks of Concurrency Kit; brlock has a slot for each reader. */
#include <ck_brlock.h>
#include <ck_rwlock.h>
#include <stdlib.h>

#include "perf/locks.h"
#include "perf/perf.h"

struct big {
	_Alignas(64) ck_brlock_t lock;
	struct {
		_Alignas(64) ck_brlock_reader_t reader;
	} threads[PERF_LOCK_THREADS];
};

static void *make(void)
{
	ck_rwlock_t *lock = aligned_alloc(64, 64);

	if (!lock)
		perf_die("no memory");
	ck_rwlock_init(lock);
	return lock;
}

static void *make_big(void)
{
	struct big *big = aligned_alloc(64, sizeof(*big));
	unsigned int i;

	if (!big)
		perf_die("no memory");
	ck_brlock_init(&big->lock);
	for (i = 0; i < PERF_LOCK_THREADS; i++)
		ck_brlock_read_register(&big->lock, &big->threads[i].reader);
	return big;
}

static void read_lock(void *arg, unsigned int thread)
{
	(void)thread;
	ck_rwlock_read_lock(arg);
}

static void read_unlock(void *arg, unsigned int thread)
{
	(void)thread;
	ck_rwlock_read_unlock(arg);
}

static void write_lock(void *arg, unsigned int thread)
{
	(void)thread;
	ck_rwlock_write_lock(arg);
}

static void write_unlock(void *arg, unsigned int thread)
{
	(void)thread;
	ck_rwlock_write_unlock(arg);
}

static void read_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(read_lock, read_unlock, arg, thread, n);
}

static void write_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(write_lock, write_unlock, arg, thread, n);
}

static void big_read_lock(void *arg, unsigned int thread)
{
	struct big *big = arg;

	ck_brlock_read_lock(&big->lock, &big->threads[thread].reader);
}

static void big_read_unlock(void *arg, unsigned int thread)
{
	struct big *big = arg;

	ck_brlock_read_unlock(&big->threads[thread].reader);
}

static void big_write_lock(void *arg, unsigned int thread)
{
	(void)thread;
	ck_brlock_write_lock(&((struct big *)arg)->lock);
}

static void big_write_unlock(void *arg, unsigned int thread)
{
	(void)thread;
	ck_brlock_write_unlock(&((struct big *)arg)->lock);
}

static void big_read_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(big_read_lock, big_read_unlock, arg, thread, n);
}

static void big_write_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(big_write_lock, big_write_unlock, arg, thread, n);
}

const struct perf_lock_ops perf_lock_ck_rwlock = {
	.name = "ck_rwlock",
	.make = make,
	.free = free,
	.read_pairs = read_pairs,
	.write_pairs = write_pairs,
	.read_lock = read_lock,
	.read_unlock = read_unlock,
	.write_lock = write_lock,
	.write_unlock = write_unlock,
};

const struct perf_lock_ops perf_lock_ck_brlock = {
	.name = "ck_brlock",
	.make = make_big,
	.free = free,
	.read_pairs = big_read_pairs,
	.write_pairs = big_write_pairs,
	.read_lock = big_read_lock,
	.read_unlock = big_read_unlock,
	.write_lock = big_write_lock,
	.write_unlock = big_write_unlock,
};
