// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf/fileops.h"

#include <fcntl.h>
#include <linux/falloc.h>

#include "file/extents.h"

/* Where collapse cuts: behind the first run, before all others. */
#define CUT_PAGE 2

const char *const perf_fileop_names[PERF_N_FILEOPS] = {
	[PERF_TRUNCATE] = "truncate", [PERF_PUNCH] = "punch",
	[PERF_COLLAPSE] = "collapse", [PERF_INSERT] = "insert",
	[PERF_ZERO] = "zero",
};

static double timed_fallocate(struct perf_runs *runs, int mode, uint64_t page,
			      uint64_t n)
{
	double start, took;
	int r;

	if (runs->settle)
		runs->settle(runs);
	start = perf_wall_ns();
	r = ds_vfs_fallocate(&runs->world->task, runs->file, mode,
			     (int64_t)(page << DS_PAGE_SHIFT),
			     (int64_t)(n << DS_PAGE_SHIFT));
	took = perf_wall_ns() - start;
	perf_expect(r, "fallocate");
	return took;
}

static double timed_truncate(struct perf_runs *runs, uint64_t pages)
{
	double start, took;
	int r;

	if (runs->settle)
		runs->settle(runs);
	start = perf_wall_ns();
	r = ds_vfs_ftruncate(&runs->world->task, runs->file,
			     (int64_t)(pages << DS_PAGE_SHIFT));
	took = perf_wall_ns() - start;
	perf_expect(r, "ftruncate");
	return took;
}

static void put_back(struct perf_runs *runs, uint64_t page)
{
	perf_add_block(runs->world, runs->file->inode, page);
}

static uint64_t any_run(const struct perf_runs *runs, struct ds_prng *prng)
{
	return 2 * ds_prng_below(prng, runs->n);
}

/* A zeroed run is unwritten: the same blocks come back written. */
static void unzero(struct perf_runs *runs, uint64_t page)
{
	struct ds_inode *inode = runs->file->inode;
	struct ds_task *task = &runs->world->task;

	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	perf_expect(ds_inode_remove_blocks(task, inode,
					   ds_pgrange(page, page + 1)),
		    "removing");
	ds_rwsem_unlock(task, &inode->extents_lock);
	put_back(runs, page);
}

void perf_fileops_once(struct perf_runs *runs, struct ds_prng *prng,
		       double cost, struct perf_samples *samples)
{
	struct ds_inode *inode = runs->file->inode;
	uint64_t pages = 2 * runs->n;
	uint64_t page = any_run(runs, prng);
	double took[PERF_N_FILEOPS];
	unsigned int i;

	took[PERF_PUNCH] = timed_fallocate(
		runs, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page, 1);
	put_back(runs, page);

	took[PERF_COLLAPSE] =
		timed_fallocate(runs, FALLOC_FL_COLLAPSE_RANGE, CUT_PAGE, 2);
	took[PERF_INSERT] =
		timed_fallocate(runs, FALLOC_FL_INSERT_RANGE, CUT_PAGE, 2);
	put_back(runs, CUT_PAGE);

	page = any_run(runs, prng);
	took[PERF_ZERO] = timed_fallocate(runs, FALLOC_FL_ZERO_RANGE, page, 1);
	unzero(runs, page);

	took[PERF_TRUNCATE] = timed_truncate(runs, pages - 2);
	perf_set_pages(runs->world, inode, pages);
	put_back(runs, pages - 2);

	if (ds_extmap_n_extents(inode->extents) != runs->n)
		perf_die("an operation left another file than it found");
	for (i = 0; i < PERF_N_FILEOPS; i++)
		perf_sample(&samples[i], took[i] > cost ? took[i] - cost : 0);
}
