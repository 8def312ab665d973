/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CACHE_ENTRY_H
#define DS_CACHE_ENTRY_H

/*
 * The value of one slot of the page cache of a DAX file. Bit 0 is always set,
 * so that no entry is 0; then the flags; the frame number above.
 *
 * Models: the exceptional entries of fs/dax.c, v4.17 to v4.19, and the value
 * entries after. Differs: bit positions.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/units.h"

#define DS_ENTRY_VALID  UINT64_C(1)
#define DS_ENTRY_LOCKED UINT64_C(2)
#define DS_ENTRY_ZERO   UINT64_C(4)  /* read mapping of a hole: no block */
#define DS_ENTRY_EMPTY  UINT64_C(8)  /* placeholder that carries the lock */
#define DS_ENTRY_HUGE   UINT64_C(16) /* covers a huge page */
#define DS_ENTRY_SHIFT  5

static inline uint64_t ds_entry_data(struct ds_pfn pfn)
{
	return pfn.pfn << DS_ENTRY_SHIFT | DS_ENTRY_VALID;
}

static inline bool ds_entry_is_locked(uint64_t entry)
{
	return entry & DS_ENTRY_LOCKED;
}

static inline bool ds_entry_is_huge(uint64_t entry)
{
	return entry & DS_ENTRY_HUGE;
}

/* Whether @entry has a block of the file; only these can be busy. */
static inline bool ds_entry_is_data(uint64_t entry)
{
	return entry && !(entry & (DS_ENTRY_ZERO | DS_ENTRY_EMPTY));
}

static inline struct ds_pfn ds_entry_pfn(uint64_t entry)
{
	return ds_pfn(entry >> DS_ENTRY_SHIFT);
}

#endif
