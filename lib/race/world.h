/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_WORLD_H
#define DS_RACE_WORLD_H

/*
 * One universe: a region with a file system on it, an address space, tasks,
 * and the properties that observe them.
 */
#include "check/check.h"
#include "core/digest.h"
#include "dma/request.h"
#include "file/vfs.h"

struct ds_world_options {
	const struct ds_fs_profile *profile;
	struct ds_region *region; /* stays the caller's */
	unsigned int n_zones;
	unsigned int table_bits; /* page tables: log2 of the fan-out */
	unsigned int tree_shift; /* page cache: log2 of the fan-out */
	unsigned int huge_order; /* log2 of a huge page's pages; 0: none */
	unsigned int scan_batch; /* see struct ds_mapping; 0: 1 */
	bool concurrent;         /* tasks or threads will run in parallel */
	bool victim;             /* freed blocks go to a victim file */
	bool shadow;             /* follow file contents */
	bool watch_stores;       /* judge what fsync leaves unflushed */
	bool checked;            /* check declared footprints */
	enum ds_tlb_flush flush;
	bool longterm_allowed; /* DS_PIN_LONGTERM is not refused */
	size_t memory;         /* most bytes of bookkeeping, 0: a default */
};

struct ds_world {
	struct ds_arena *arena;
	struct ds_region *region;
	struct ds_events events;
	struct ds_waitq_table *waitq;
	struct ds_sched *sched;
	struct ds_frames *frames;
	struct ds_super *super;
	struct ds_space *space; /* then those of forked programs */
	struct ds_checks *checks;
	struct ds_task *setup; /* makes calls outside a run */
	/* NULL, or adds what the tasks' program keeps apart from its stacks. */
	void (*digest)(const void *arg, struct ds_digest *digest);
	const void *digest_arg;
};

/* Return: 0, or -ENOMEM. */
int ds_world_new(const struct ds_world_options *options,
		 struct ds_world **ret_world);

void ds_world_free(struct ds_world *world);

/*
 * One more address space, empty, for a program forked from another one of the
 * world. @name: the program's; stays the caller's. Return: 0, or -ENOMEM.
 */
int ds_world_add_space(struct ds_world *world, const char *name,
		       struct ds_space **ret_space);

/*
 * Remembers the present state; ds_world_rewind() comes back to it.
 * Return: 0, or -ENOMEM: for a rewind also when the host had no memory to
 * remember some change, and then for good.
 */
int ds_world_mark(struct ds_world *world);
int ds_world_rewind(struct ds_world *world);

/*
 * One run from the mark, of @max_steps at most, by the choices of @strategy.
 *
 * Return: 0 with how it ended (never as void), or why nothing is known of the
 * run: the error that made it void, or -ENOMEM.
 */
int ds_world_run(struct ds_world *world, struct ds_strategy strategy,
		 uint64_t max_steps, enum ds_run_end *ret_end);

/*
 * The digest of all that can influence what any task does from now on, or what
 * any property may still report, and of nothing else: no addresses, times or
 * counts of steps, no findings already made, no order that means nothing. At a
 * choice of the scheduler, or between runs; allocates nothing.
 *
 * It tells states of runs from one mark apart; what never changes in these it
 * does not look at, above all the bytes of frames not written since.
 */
struct ds_digest ds_world_digest(const struct ds_world *world);

/*
 * A hash of everything a task or property could still find out: sizes, extent
 * maps, cache entries, page tables, references, contents. Equal states of
 * different runs have equal hashes; nothing in it depends on addresses.
 */
uint64_t ds_world_hash(const struct ds_world *world);

#endif
