/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_LOCKS_H
#define PERF_LOCKS_H

/*
 * What a reader/writer lock must do to be measured. Threads have numbers from 0
 * and say theirs in each call.
 */
#include <stdint.h>

enum {
	PERF_LOCK_THREADS = 4,
};

struct perf_lock_ops {
	const char *name;
	void *(*make)(void);
	void (*free)(void *lock);
	/* One call for @n pairs, so that no call through a pointer is timed. */
	void (*read_pairs)(void *lock, unsigned int thread, uint64_t n);
	void (*write_pairs)(void *lock, unsigned int thread, uint64_t n);
	void (*read_lock)(void *lock, unsigned int thread);
	void (*read_unlock)(void *lock, unsigned int thread);
	void (*write_lock)(void *lock, unsigned int thread);
	void (*write_unlock)(void *lock, unsigned int thread);
};

typedef void (*perf_lock_fn)(void *lock, unsigned int thread);

/* Compiled once for each pair of functions: they are constants where used. */
static inline __attribute__((always_inline)) void perf_lock_pairs(
	perf_lock_fn lock, perf_lock_fn unlock, void *arg, unsigned int thread,
	uint64_t n)
{
	while (n--) {
		lock(arg, thread);
		unlock(arg, thread);
	}
}

extern const struct perf_lock_ops perf_lock_rwsem;
extern const struct perf_lock_ops perf_lock_pthread;
extern const struct perf_lock_ops perf_lock_pthread_writers;
/* Only their names if they were not there when building. */
extern const struct perf_lock_ops perf_lock_nsync;
extern const struct perf_lock_ops perf_lock_ck_rwlock;
extern const struct perf_lock_ops perf_lock_ck_brlock;

#endif
