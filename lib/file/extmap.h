/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_EXTMAP_H
#define DS_FILE_EXTMAP_H

/*
 * The extent map of one inode: a B+tree of runs that stores lengths, not
 * positions. A hole is a run too. The position of a run is the sum of the
 * lengths before it, so cutting pages out of the file or inserting some moves
 * everything behind them in O(log n) without touching it.
 *
 * Neighbouring runs merge when they are both holes, or when they have the same
 * state and their blocks are contiguous.
 *
 * The map takes no locks: writers exclude everybody, readers may share.
 */
#include "core/arena.h"
#include "core/digest.h"
#include "core/units.h"

enum ds_ext_state {
	DS_EXT_HOLE,
	DS_EXT_WRITTEN,
	DS_EXT_UNWRITTEN,
};

/* One run: @n_pages pages from @page on lie on the blocks from @pfn on. */
struct ds_extent {
	struct ds_pgidx page;
	uint64_t n_pages;
	struct ds_pfn pfn; /* 0 in a hole */
	enum ds_ext_state state;
};

/* The block of @page, which @run holds and which is not in a hole. */
static inline struct ds_pfn ds_extent_pfn(const struct ds_extent *run,
					  struct ds_pgidx page)
{
	return ds_pfn(run->pfn.pfn + page.pgidx - run->page.pgidx);
}

/*
 * One past the largest block a map can hold. A region is one mapping in a
 * process and does not come near these 512 TiB.
 */
#define DS_EXTMAP_PFN_MAX (UINT64_C(1) << 37)

struct ds_extmap;

/* Makes an empty map (one hole). Return: 0, or -ENOMEM. */
int ds_extmap_new(struct ds_arena *arena, struct ds_extmap **ret_map);

void ds_extmap_free(struct ds_extmap *map);

/*
 * The whole run that holds @page. The hole behind the last block reaches to
 * DS_PGIDX_MAX; @page must be below that.
 */
struct ds_extent ds_extmap_lookup(const struct ds_extmap *map,
				  struct ds_pgidx page);

/* One past the last page that has a block; 0 when none has. */
struct ds_pgidx ds_extmap_end(const struct ds_extmap *map);

/* Runs that are no holes, and pages in them. */
uint64_t ds_extmap_n_extents(const struct ds_extmap *map);
uint64_t ds_extmap_n_blocks(const struct ds_extmap *map);

/*
 * The functions below change the map or, when they return -ENOMEM, leave it
 * exactly as it was.
 */

/*
 * Puts the blocks from @pfn on under @range, which must be a hole. They end at
 * DS_EXTMAP_PFN_MAX at the latest.
 */
int ds_extmap_map(struct ds_extmap *map, struct ds_pgrange range,
		  struct ds_pfn pfn, enum ds_ext_state state);

/* Gives every page of @range that has a block the state @state. */
int ds_extmap_convert(struct ds_extmap *map, struct ds_pgrange range,
		      enum ds_ext_state state);

/* Makes @range a hole. The caller has taken note of its blocks before. */
int ds_extmap_unmap(struct ds_extmap *map, struct ds_pgrange range);

/* Cuts @range, a hole, out of the file: what lies behind moves down. */
int ds_extmap_collapse(struct ds_extmap *map, struct ds_pgrange range);

/*
 * Inserts a hole of @n_pages at @at: what lies there and behind moves up, no
 * block beyond DS_PGIDX_MAX.
 */
int ds_extmap_insert(struct ds_extmap *map, struct ds_pgidx at,
		     uint64_t n_pages);

/* Adds its runs. */
void ds_extmap_digest(const struct ds_extmap *map, struct ds_digest *digest);

/* Asserts every invariant of the tree. For tests. */
void ds_extmap_check(const struct ds_extmap *map);

#endif
