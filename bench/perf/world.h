/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_WORLD_H
#define PERF_WORLD_H

/*
 * A file system on the region as a program has it that wants speed: fan-outs
 * of real use, free threads, and nobody who watches: no properties, no records
 * of who holds a pin.
 */
#include "file/vfs.h"
#include "perf/perf.h"
#include "sched/sched.h"

struct perf_world {
	struct ds_arena *arena;
	struct ds_events events;
	struct ds_waitq_table *waitq;
	struct ds_sched *sched;
	struct ds_frames *frames;
	struct ds_super *super;
	struct ds_space *space;
	struct ds_task task; /* makes the calls */
};

/* Blocks that a file may have on the region of @perf. */
uint64_t perf_world_room(const struct perf *perf);

/* perf_die() if something fails. Of ext4-4.19. */
void perf_world_open(const struct perf *perf, struct perf_world *world);
/* The same of kernel @fs, with huge pages of 2^@huge_order pages (0: none). */
void perf_world_open_as(const struct perf *perf, struct perf_world *world,
			const char *fs, unsigned int huge_order);
void perf_world_close(struct perf_world *world);

struct ds_file *perf_file(struct perf_world *world, const char *name);

/* Gives page @page of the file a written block, whose bytes are left alone. */
void perf_add_block(struct perf_world *world, struct ds_inode *inode,
		    uint64_t page);

/* The same for @n pages that follow each other. */
void perf_add_blocks(struct perf_world *world, struct ds_inode *inode,
		     uint64_t page, uint64_t n);

/* Says that the file has @pages pages. */
void perf_set_pages(struct perf_world *world, struct ds_inode *inode,
		    uint64_t pages);

/* Blocks under each second page, so that no run meets another: @n runs. */
void perf_fill_runs(struct perf_world *world, struct ds_inode *inode,
		    uint64_t n);

/* perf_die() unless @r is >= 0. */
void perf_expect(int64_t r, const char *what);

#endif
