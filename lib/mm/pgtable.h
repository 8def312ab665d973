/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_MM_PGTABLE_H
#define DS_MM_PGTABLE_H

/*
 * A four-level page table. Its fan-out is a parameter: small in scenarios,
 * 512 as the hardware's in use. Tables are only added while the address space
 * lives, so a lockless walk never meets freed memory.
 *
 * Where there are huge pages, one is as large as what a table of the lowest
 * level maps: the slot for that table holds the huge entry instead. So that few
 * pages suffice in scenarios, that level has a fan-out of its own.
 */
#include <stdatomic.h>

#include "core/arena.h"
#include "core/assert.h"
#include "core/digest.h"
#include "core/units.h"

/* Number of a page in an address space. */
struct ds_vpn {
	uint64_t vpn;
};

/*
 * A page-table entry: 0 is absent. Bits: present and writable; the frame
 * number above. A page of a huge entry reads as an entry of its own, with the
 * bit that says where it comes from.
 */
#define DS_PTE_PRESENT  UINT64_C(1)
#define DS_PTE_WRITABLE UINT64_C(2)
#define DS_PTE_HUGE     (UINT64_C(1) << 63)
#define DS_PTE_SHIFT    2

static inline uint64_t ds_pte(struct ds_pfn pfn, bool writable)
{
	return pfn.pfn << DS_PTE_SHIFT | (writable ? DS_PTE_WRITABLE : 0) |
	       DS_PTE_PRESENT;
}

static inline struct ds_pfn ds_pte_pfn(uint64_t pte)
{
	return ds_pfn((pte & ~DS_PTE_HUGE) >> DS_PTE_SHIFT);
}

/* Whether an access may go through @pte. */
static inline bool ds_pte_allows(uint64_t pte, bool write)
{
	return (pte & DS_PTE_PRESENT) && (!write || (pte & DS_PTE_WRITABLE));
}

struct ds_pgtable {
	struct ds_arena *arena;
	unsigned int bits;       /* log2 of the fan-out */
	unsigned int leaf_bits;  /* the same of the lowest level */
	unsigned int huge_order; /* log2 of a huge page's pages; 0: none */
	uint64_t limit;          /* one past the largest page number */
	_Atomic(uint64_t) root;  /* address of the highest table, or 0 */
};

void ds_pgtable_init(struct ds_pgtable *table, struct ds_arena *arena,
		     unsigned int bits);

/*
 * Lets the table have huge entries, for 2^@order pages each. Before anything is
 * mapped.
 */
void ds_pgtable_set_huge(struct ds_pgtable *table, unsigned int order);

/* Gives all tables back. */
void ds_pgtable_clear(struct ds_pgtable *table);

/* One past the largest page number. */
static inline struct ds_vpn ds_pgtable_limit(const struct ds_pgtable *table)
{
	return (struct ds_vpn){table->limit};
}

#define DS_PGTABLE_LEVELS 4

/*
 * @bits, @leaf_bits: those of @table. Pins spend their time in this walk, so
 * it is inline, and the usual ones are constants. Only a slot of level 1 can be
 * huge.
 */
static inline _Atomic(uint64_t) *ds_pgtable_find_huge_by(
	const struct ds_pgtable *table, struct ds_vpn vpn, unsigned int bits,
	unsigned int leaf_bits)
{
	unsigned int shift = leaf_bits + (DS_PGTABLE_LEVELS - 1) * bits;
	uint64_t mask = (UINT64_C(1) << bits) - 1;
	uint64_t word =
		atomic_load_explicit(&table->root, memory_order_acquire);
	_Atomic(uint64_t) *slots = (_Atomic(uint64_t) *)(uintptr_t)word;

	if (ds_unlikely(vpn.vpn >= table->limit))
		return NULL;
	while (slots && (shift -= bits) > leaf_bits) {
		word = atomic_load_explicit(&slots[vpn.vpn >> shift & mask],
					    memory_order_acquire);
		slots = (_Atomic(uint64_t) *)(uintptr_t)word;
	}
	return slots ? &slots[vpn.vpn >> leaf_bits & mask] : NULL;
}

/*
 * The slot of the lowest table for @vpn: 0, a table, or a huge entry, which has
 * DS_PTE_PRESENT. NULL if no table holds it. Lockless.
 */
static inline _Atomic(uint64_t) *ds_pgtable_find_huge(
	const struct ds_pgtable *table, struct ds_vpn vpn)
{
	if (ds_likely(table->bits == 9 && table->leaf_bits == 9))
		return ds_pgtable_find_huge_by(table, vpn, 9, 9);
	return ds_pgtable_find_huge_by(table, vpn, table->bits,
				       table->leaf_bits);
}

/* The same, making the tables above it. Return: NULL when there is no memory.
 */
_Atomic(uint64_t) *ds_pgtable_make_huge(struct ds_pgtable *table,
					struct ds_vpn vpn);

/* The entry of @vpn, or NULL if no table holds it. Lockless. */
_Atomic(uint64_t) *ds_pgtable_find(const struct ds_pgtable *table,
				   struct ds_vpn vpn);

/*
 * The same, making the tables it needs; safe against others doing so. There is
 * no huge entry for it. Return: NULL when there is no memory.
 */
_Atomic(uint64_t) *ds_pgtable_make(struct ds_pgtable *table, struct ds_vpn vpn);

/*
 * Adds the entries that are not absent. Which tables there are counts for
 * nothing, but where they stand in the way of huge entries.
 */
void ds_pgtable_digest(const struct ds_pgtable *table,
		       struct ds_digest *digest);

/* Makes an entry that is @from @to. Return: whether it was. */
bool ds_pgtable_change(struct ds_pgtable *table, struct ds_vpn vpn,
		       uint64_t from, uint64_t to);

/* The entry that page @vpn of the huge entry @word would have. */
uint64_t ds_pgtable_part(const struct ds_pgtable *table, uint64_t word,
			 struct ds_vpn vpn);

/* The value of the entry, 0 if absent; also out of a huge one. Lockless. */
uint64_t ds_pgtable_read(const struct ds_pgtable *table, struct ds_vpn vpn);

#endif
