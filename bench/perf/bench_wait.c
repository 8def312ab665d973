// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From the last unpin to the return of the operation that waited for it: free
 * threads hold pins of a file that another one punches, and let go one by one.
 * Beside it, in turn, the same threads with a bare futex that the last of them
 * wakes.
 */
#include <linux/falloc.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mm/pin.h"
#include "perf/suites.h"
#include "perf/world.h"

enum {
	MAX_HOLDERS = 8,
	/* Until all are in the operation or asleep; they let go after it. */
	EARLIEST_NS = 30000,
	SPREAD_NS = 60000,
};

enum way {
	PINS,
	FUTEX,
	QUIT,
};

struct holders {
	struct perf_world world;
	struct ds_file *file;
	uint64_t addr;
	unsigned int n;
	atomic_uint round; /* they begin when it changes */
	atomic_uint way;
	atomic_uint n_ready, n_done;
	_Atomic(double) start; /* 0: not yet */
	atomic_uint left;      /* the futex: holders that have not let go */
};

struct holder {
	struct holders *all;
	unsigned int id;
	struct ds_task task;
	struct ds_prng prng;
	pthread_t thread;
	double let_go; /* when */
};

static void futex(atomic_uint *word, int op, unsigned int value)
{
	syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void wait_until(double when)
{
	while (perf_wall_ns() < when)
		sched_yield();
}

static double wait_for_start(struct holders *all)
{
	double start;

	while ((start = atomic_load(&all->start)) == 0)
		sched_yield();
	return start;
}

static void hold(struct holder *holder, enum way way)
{
	struct holders *all = holder->all;
	struct ds_vpn page = {(all->addr >> DS_PAGE_SHIFT) + holder->id};
	struct ds_pinned pinned;
	double when;

	if (way == PINS && ds_pin_pages(&holder->task, all->world.space, page,
					1, 0, &pinned) != 1)
		perf_die("a page could not be pinned");
	atomic_fetch_add(&all->n_ready, 1);
	when = wait_for_start(all) + EARLIEST_NS +
	       (double)ds_prng_below(&holder->prng, SPREAD_NS);
	wait_until(when);
	holder->let_go = perf_wall_ns();
	if (way == PINS)
		ds_unpin_page(&holder->task, all->world.space, &pinned);
	else if (atomic_fetch_sub(&all->left, 1) == 1)
		futex(&all->left, FUTEX_WAKE_PRIVATE, 1);
	atomic_fetch_add(&all->n_done, 1);
}

static void *live(void *arg)
{
	struct holder *holder = arg;
	struct holders *all = holder->all;
	unsigned int round = 0;
	enum way way;

	for (;;) {
		while (atomic_load(&all->round) == round)
			sched_yield();
		round++;
		way = (enum way)atomic_load(&all->way);
		if (way == QUIT)
			return NULL;
		hold(holder, way);
	}
}

static void begin(struct holders *all, enum way way)
{
	atomic_store(&all->n_ready, 0);
	atomic_store(&all->n_done, 0);
	atomic_store(&all->start, 0);
	atomic_store(&all->left, all->n);
	atomic_store(&all->way, (unsigned int)way);
	atomic_fetch_add(&all->round, 1);
}

static void wait_by_futex(struct holders *all)
{
	unsigned int left;

	while ((left = atomic_load(&all->left)))
		futex(&all->left, FUTEX_WAIT_PRIVATE, left);
}

static void wait_by_punch(struct holders *all)
{
	perf_expect(ds_vfs_fallocate(&all->world.task, all->file,
				     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     0, MAX_HOLDERS << DS_PAGE_SHIFT),
		    "punch");
}

/* Return: ns from the last holder's letting go on. */
static double once(struct holders *all, struct holder *holders, enum way way)
{
	double back, last = 0;
	unsigned int i;

	begin(all, way);
	while (atomic_load(&all->n_ready) < all->n)
		sched_yield();
	atomic_store(&all->start, perf_wall_ns());
	if (way == PINS)
		wait_by_punch(all);
	else
		wait_by_futex(all);
	back = perf_wall_ns();
	while (atomic_load(&all->n_done) < all->n)
		sched_yield();
	for (i = 0; i < all->n; i++)
		if (holders[i].let_go > last)
			last = holders[i].let_go;
	if (way == PINS)
		perf_add_blocks(&all->world, all->file->inode, 0, MAX_HOLDERS);
	if (back < last)
		perf_die("the operation did not wait");
	return back - last;
}

static void open_file(struct perf *perf, struct holders *all)
{
	perf_world_open(perf, &all->world);
	all->file = perf_file(&all->world, "file");
	perf_add_blocks(&all->world, all->file->inode, 0, MAX_HOLDERS);
	perf_set_pages(&all->world, all->file->inode, MAX_HOLDERS);
	perf_expect(ds_vfs_mmap(&all->world.task, all->world.space, all->file,
				0, MAX_HOLDERS << DS_PAGE_SHIFT, true,
				&all->addr),
		    "mmap");
}

static void measure(struct perf *perf, unsigned int n)
{
	unsigned int i, n_times = perf->is_short ? 100 : 1500;
	struct perf_samples ours = {0}, theirs = {0};
	struct holders *all = perf_memory(sizeof(*all));
	struct holder *holders = perf_memory(n * sizeof(*holders));

	all->n = n;
	open_file(perf, all);
	for (i = 0; i < n; i++) {
		holders[i].all = all;
		holders[i].id = i;
		holders[i].task = all->world.task;
		holders[i].prng.state = ds_prng_next(&perf->prng);
		if (pthread_create(&holders[i].thread, NULL, live, &holders[i]))
			perf_die("no thread");
	}
	for (i = 0; i < n_times; i++) {
		perf_sample(&ours, once(all, holders, PINS));
		perf_sample(&theirs, once(all, holders, FUTEX));
	}
	begin(all, QUIT);
	for (i = 0; i < n; i++)
		pthread_join(holders[i].thread, NULL);
	perf_report(perf, "last-unpin-to-return", n, "ns", &ours, "bare futex",
		    &theirs, NULL);
	perf_samples_free(&ours);
	perf_samples_free(&theirs);
	perf_world_close(&all->world);
	free(holders);
	free(all);
}

void perf_run_wait(struct perf *perf)
{
	unsigned int n;

	for (n = 1; n <= MAX_HOLDERS; n *= 2)
		measure(perf, n);
}
