/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CACHE_XTREE_H
#define DS_CACHE_XTREE_H

/*
 * The radix tree of the page cache: file page index to one 64-bit value, which
 * is opaque here and never 0 (0 is "absent").
 *
 * Its fan-out is a parameter: small in tests, so that a few entries reach
 * depth; wide in use, because short paths are fast paths.
 *
 * Lookups run under RCU beside one writer; writers exclude each other with the
 * mapping's lock. In a universe whose tasks run one at a time (@concurrent
 * false) no RCU call is made, since a parked reader would stop every grace
 * period; nodes are then given back at once.
 *
 * Who calls what: a "writer" function needs the mapping's lock. A "reader"
 * function needs either that lock or a read section, which the caller opens
 * once for as many calls as it likes, since a section costs more than a lookup.
 * Nothing here waits or sleeps, save ds_xtree_reclaim().
 *
 * What a reader beside a writer may rely on: what is present throughout the
 * call is found; what is returned was present at some moment of the call; a tag
 * seen is a hint, to be looked at again under the lock.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "core/arena.h"
#include "core/digest.h"
#include "core/units.h"

enum ds_xtree_tag {
	DS_XTREE_DIRTY,
	DS_XTREE_TOWRITE,
	DS_XTREE_N_TAGS,
};

struct ds_xtree;

/**
 * ds_xtree_new() - make an empty tree
 * @shift: log2 of the fan-out, 1 to 9
 * @concurrent: readers may run in parallel with the writer
 *
 * Return: 0, or -ENOMEM.
 */
int ds_xtree_new(struct ds_arena *arena, unsigned int shift, bool concurrent,
		 struct ds_xtree **ret_tree);

/* Frees all nodes; nobody may use the tree any more. NULL is a no-op. */
void ds_xtree_free(struct ds_xtree *tree);

/*
 * Switches between the two kinds of universe above. Nobody may use the tree
 * meanwhile. Nodes that waited for a grace period are given back.
 */
void ds_xtree_set_concurrent(struct ds_xtree *tree, bool concurrent);

/*
 * Opens and closes a read section (urcu-bp). Any thread may, registered or not,
 * and sections nest. Nobody may sleep inside. Without effect if the tree is not
 * concurrent.
 */
void ds_xtree_read_begin(const struct ds_xtree *tree);
void ds_xtree_read_end(const struct ds_xtree *tree);

/* The value at @index, 0 if absent. Reader or writer. */
uint64_t ds_xtree_load(const struct ds_xtree *tree, struct ds_pgidx index);

/* The same in a read section of its own. Anybody. */
uint64_t ds_xtree_look(const struct ds_xtree *tree, struct ds_pgidx index);

/*
 * The first present value in @range, in ascending order. Reader or writer.
 * Return: the value with its place in @ret_index, or 0 if there is none.
 */
uint64_t ds_xtree_next(const struct ds_xtree *tree, struct ds_pgrange range,
		       struct ds_pgidx *ret_index);

/* As above, among the values that carry @tag. */
uint64_t ds_xtree_next_tagged(const struct ds_xtree *tree,
			      struct ds_pgrange range, enum ds_xtree_tag tag,
			      struct ds_pgidx *ret_index);

/*
 * Stores @value (not 0) at @index (below DS_PGIDX_MAX); replaces a present one,
 * whose tags stay. Writer.
 * Return: 0, or -ENOMEM (tree unchanged; never when replacing).
 */
int ds_xtree_store(struct ds_xtree *tree, struct ds_pgidx index,
		   uint64_t value);

/* Removes the value at @index and its tags. Writer. Return: it, or 0. */
uint64_t ds_xtree_erase(struct ds_xtree *tree, struct ds_pgidx index);

/*
 * Gives back the nodes that erasing took out of the tree, once many wait for
 * readers to leave them: to be called after erasing, without the lock, since it
 * may wait for a grace period. Anybody, also in parallel. Does nothing inside a
 * read section, nor if the tree is not concurrent. Without it nodes pile up.
 */
void ds_xtree_reclaim(struct ds_xtree *tree);

/*
 * Tags of a value. Setting and clearing: writer; only a present value can be
 * tagged, and where there is none no tag is found and clearing does nothing.
 */
void ds_xtree_set_tag(struct ds_xtree *tree, struct ds_pgidx index,
		      enum ds_xtree_tag tag);
void ds_xtree_clear_tag(struct ds_xtree *tree, struct ds_pgidx index,
			enum ds_xtree_tag tag);
bool ds_xtree_has_tag(const struct ds_xtree *tree, struct ds_pgidx index,
		      enum ds_xtree_tag tag);

/* Number of present values. Anybody. */
uint64_t ds_xtree_count(const struct ds_xtree *tree);

/* Adds the values with their places and tags. Writer. */
void ds_xtree_digest(const struct ds_xtree *tree, struct ds_digest *digest);

/* Asserts every invariant of the tree; beside no writer. For tests. */
void ds_xtree_check(const struct ds_xtree *tree);

/*
 * Present neighbours in one leaf: the cheapest way over many values, at about
 * the price of an array.
 *
 *	while ((run = ds_xtree_next_run(tree, range)).n) {
 *		for (i = 0; i < run.n; i++)
 *			use(run.first.pgidx + i, ds_xtree_run_value(run, i));
 *		range.first = ds_xtree_run_end(run);
 *	}
 *
 * A run is good until the read section ends; if the tree is not concurrent,
 * until something is erased.
 */
struct ds_xtree_run {
	const _Atomic uint64_t *slots;
	uint64_t n; /* 0 means no run */
	struct ds_pgidx first;
};

/* The first run in @range, as long as leaf and range allow. Reader or writer.
 */
struct ds_xtree_run ds_xtree_next_run(const struct ds_xtree *tree,
				      struct ds_pgrange range);

/* The value at first + @i; 0 if it was erased meanwhile. */
static inline uint64_t ds_xtree_run_value(struct ds_xtree_run run, uint64_t i)
{
	return atomic_load_explicit(&run.slots[i], memory_order_acquire);
}

static inline struct ds_pgidx ds_xtree_run_end(struct ds_xtree_run run)
{
	return ds_pgidx(run.first.pgidx + run.n);
}

#endif
