/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_EXTENTS_H
#define PERF_EXTENTS_H

/*
 * What an extent map must do to be measured beside the one of an inode.
 *
 * Extent number i holds three pages from page 4 * i on, whose blocks begin at
 * perf_extent_pfn(i); one page of hole follows. Nothing ever merges.
 */
#include <stdint.h>

static inline uint64_t perf_extent_page(uint64_t i)
{
	return 4 * i;
}

static inline uint64_t perf_extent_pfn(uint64_t i)
{
	return 7 * i + 1;
}

/* The block that goes into the hole behind extent @i. */
static inline uint64_t perf_hole_pfn(uint64_t i)
{
	return 7 * i + 6;
}

struct perf_extents_ops {
	const char *name;
	uint64_t most;       /* extents, more would take too long; 0: any */
	uint64_t most_moved; /* the same for collapse and insert */
	void *(*make)(uint64_t n);
	void (*free)(void *map);
	/* Sum of the blocks under the pages @at. */
	uint64_t (*lookup)(void *map, const uint64_t *at, uint64_t n);
	/* Gives the holes behind the extents @at a block each; takes it. */
	void (*insert)(void *map, const uint64_t *at, uint64_t n);
	void (*remove)(void *map, const uint64_t *at, uint64_t n);
	/* Cuts out the hole behind the first extent; puts it back. */
	void (*collapse)(void *map);
	void (*widen)(void *map);
	uint64_t (*bytes)(void *map); /* NULL: not known */
};

extern const struct perf_extents_ops perf_extents_map;
extern const struct perf_extents_ops perf_extents_array;
extern const struct perf_extents_ops perf_extents_ext2fs;

#endif
