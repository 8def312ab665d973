/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_BLOCKS_H
#define DS_PMEM_BLOCKS_H

/*
 * The block allocator of a file system on a region.
 *
 * Deterministic: the run freed last is handed out first, from its start and
 * even if it is short (so that a freed block is met again at once, the worst
 * case for a late DMA), otherwise the lowest contiguous run that is long
 * enough, otherwise the longest there is, of several the lowest. A zone
 * remembers the last 8 runs freed; what was freed before is ordinary space.
 * Where it aligns, a request that is long enough gets the lowest aligned run,
 * if there is one, rather than the lowest.
 *
 * The blocks are cut into zones of equal size. Files of one scenario allocate
 * from zones of their own, so that their allocations do not order each other.
 * An allocation that finds its zone empty goes on in the next one.
 *
 * Takes no locks: the caller excludes others from the zones involved. Zones
 * share nothing that changes.
 */
#include "core/arena.h"
#include "core/digest.h"
#include "core/units.h"

struct ds_blocks;

/*
 * Makes all @n_blocks blocks from @first on free. The last zone also gets what
 * a division into @n_zones leaves over.
 * Return: 0, -ENOMEM, or -EFBIG for 16 TiB or more.
 */
int ds_blocks_new(struct ds_arena *arena, struct ds_pfn first,
		  uint64_t n_blocks, unsigned int n_zones,
		  struct ds_blocks **ret_blocks);

/*
 * From here on requests for at least @n blocks, a power of two, are aligned to
 * @n. Models: what mke2fs -E stride and mballoc do for huge pages.
 */
void ds_blocks_align(struct ds_blocks *blocks, uint32_t n);

void ds_blocks_free(struct ds_blocks *blocks);

/*
 * Takes one contiguous run of 1 to @want blocks out of @zone.
 * Return: its length with its start in @ret_first, or 0: no space.
 */
uint64_t ds_blocks_alloc(struct ds_blocks *blocks, unsigned int zone,
			 uint64_t want, struct ds_pfn *ret_first);

/* Gives @n blocks from @first on back; none of them may be free. */
void ds_blocks_release(struct ds_blocks *blocks, struct ds_pfn first,
		       uint64_t n);

/* The zone that @pfn is in. */
unsigned int ds_blocks_zone(const struct ds_blocks *blocks, struct ds_pfn pfn);

bool ds_blocks_is_free(const struct ds_blocks *blocks, struct ds_pfn pfn);

uint64_t ds_blocks_n_free(const struct ds_blocks *blocks);

/*
 * Adds which blocks are free, and in which order they will be handed out.
 * Looks only at zones that changed since the last look.
 */
void ds_blocks_digest(const struct ds_blocks *blocks, struct ds_digest *digest);

/* Asserts every invariant. For tests. */
void ds_blocks_check(const struct ds_blocks *blocks);

#endif
