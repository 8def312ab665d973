// SPDX-License-Identifier: LGPL-2.1-or-later
/* nsync's mutex, which readers may share. */
#include <nsync.h>
#include <stdlib.h>

#include "perf/locks.h"
#include "perf/perf.h"

static void *make(void)
{
	nsync_mu *lock = aligned_alloc(64, 64);

	if (!lock)
		perf_die("no memory");
	nsync_mu_init(lock);
	return lock;
}

static void read_lock(void *arg, unsigned int thread)
{
	(void)thread;
	nsync_mu_rlock(arg);
}

static void read_unlock(void *arg, unsigned int thread)
{
	(void)thread;
	nsync_mu_runlock(arg);
}

static void write_lock(void *arg, unsigned int thread)
{
	(void)thread;
	nsync_mu_lock(arg);
}

static void write_unlock(void *arg, unsigned int thread)
{
	(void)thread;
	nsync_mu_unlock(arg);
}

static void read_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(read_lock, read_unlock, arg, thread, n);
}

static void write_pairs(void *arg, unsigned int thread, uint64_t n)
{
	perf_lock_pairs(write_lock, write_unlock, arg, thread, n);
}

const struct perf_lock_ops perf_lock_nsync = {
	.name = "nsync_mu",
	.make = make,
	.free = free,
	.read_pairs = read_pairs,
	.write_pairs = write_pairs,
	.read_lock = read_lock,
	.read_unlock = read_unlock,
	.write_lock = write_lock,
	.write_unlock = write_unlock,
};
