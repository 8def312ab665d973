/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_MM_PGTABLE_H
#define DS_MM_PGTABLE_H

/*
 * A four-level page table. Its fan-out is a parameter: small in scenarios,
 * 512 as the hardware's in use. Tables are only added while the address space
 * lives, so a lockless walk never meets freed memory.
 */
#include <stdatomic.h>

#include "core/arena.h"
#include "core/digest.h"
#include "core/units.h"

/* Number of a page in an address space. */
struct ds_vpn {
	uint64_t vpn;
};

/*
 * A page-table entry: 0 is absent. Bits: present and writable; the frame
 * number above.
 */
#define DS_PTE_PRESENT  UINT64_C(1)
#define DS_PTE_WRITABLE UINT64_C(2)

static inline uint64_t ds_pte(struct ds_pfn pfn, bool writable)
{
	return pfn.pfn << 2 | (writable ? DS_PTE_WRITABLE : 0) | DS_PTE_PRESENT;
}

static inline struct ds_pfn ds_pte_pfn(uint64_t pte)
{
	return ds_pfn(pte >> 2);
}

/* Whether an access may go through @pte. */
static inline bool ds_pte_allows(uint64_t pte, bool write)
{
	return (pte & DS_PTE_PRESENT) && (!write || (pte & DS_PTE_WRITABLE));
}

struct ds_pgtable {
	struct ds_arena *arena;
	unsigned int bits; /* log2 of the fan-out */
	_Atomic(void *) root;
};

void ds_pgtable_init(struct ds_pgtable *table, struct ds_arena *arena,
		     unsigned int bits);

/* Gives all tables back. */
void ds_pgtable_clear(struct ds_pgtable *table);

/* One past the largest page number. */
struct ds_vpn ds_pgtable_limit(const struct ds_pgtable *table);

/* The entry of @vpn, or NULL if no table holds it. Lockless. */
_Atomic(uint64_t) *ds_pgtable_find(const struct ds_pgtable *table,
				   struct ds_vpn vpn);

/*
 * The same, making the tables it needs; safe against others doing so.
 * Return: NULL when there is no memory.
 */
_Atomic(uint64_t) *ds_pgtable_make(struct ds_pgtable *table, struct ds_vpn vpn);

/*
 * Adds the entries that are not absent. Which tables there are counts for
 * nothing.
 */
void ds_pgtable_digest(const struct ds_pgtable *table,
		       struct ds_digest *digest);

/* The value of the entry, 0 if absent. Lockless. */
uint64_t ds_pgtable_read(const struct ds_pgtable *table, struct ds_vpn vpn);

#endif
