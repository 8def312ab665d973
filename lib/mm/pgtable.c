// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mm/pgtable.h"

#include "core/assert.h"

/* A slot above the lowest level: the address of a table, or a huge entry. */
typedef _Atomic(uint64_t) table_slot;

static unsigned int bits_at(const struct ds_pgtable *table, unsigned int level)
{
	return level ? table->bits : table->leaf_bits;
}

/* log2 of the pages that one slot of @level maps. */
static unsigned int shift_at(const struct ds_pgtable *table, unsigned int level)
{
	return level ? table->leaf_bits + (level - 1) * table->bits : 0;
}

void ds_pgtable_init(struct ds_pgtable *table, struct ds_arena *arena,
		     unsigned int bits)
{
	ds_assert(bits >= 1 && bits <= 9);
	table->arena = arena;
	table->bits = bits;
	table->leaf_bits = bits;
	table->huge_order = 0;
	table->limit = UINT64_C(1) << shift_at(table, DS_PGTABLE_LEVELS);
	atomic_init(&table->root, 0);
}

void ds_pgtable_set_huge(struct ds_pgtable *table, unsigned int order)
{
	ds_assert(order >= 1 && order <= 9);
	ds_assert(!atomic_load(&table->root));
	table->leaf_bits = order;
	table->huge_order = order;
	table->limit = UINT64_C(1) << shift_at(table, DS_PGTABLE_LEVELS);
}

static size_t n_slots(const struct ds_pgtable *table, unsigned int level)
{
	return (size_t)1 << bits_at(table, level);
}

static size_t node_size(const struct ds_pgtable *table, unsigned int level)
{
	return n_slots(table, level) * sizeof(uint64_t);
}

static size_t slot_at(const struct ds_pgtable *table, struct ds_vpn vpn,
		      unsigned int level)
{
	return vpn.vpn >> shift_at(table, level) & (n_slots(table, level) - 1);
}

static bool is_huge(uint64_t word)
{
	return word & DS_PTE_PRESENT;
}

static void *word_to_node(uint64_t word)
{
	return is_huge(word) ? NULL : (void *)(uintptr_t)word;
}

static void clear_node(struct ds_pgtable *table, void *node, unsigned int level)
{
	table_slot *slots = node;
	size_t i;

	if (!node)
		return;
	for (i = 0; level > 0 && i < n_slots(table, level); i++)
		clear_node(table, word_to_node(atomic_load(&slots[i])),
			   level - 1);
	ds_arena_release(table->arena, node, node_size(table, level));
}

void ds_pgtable_clear(struct ds_pgtable *table)
{
	clear_node(table, word_to_node(atomic_load(&table->root)),
		   DS_PGTABLE_LEVELS - 1);
	atomic_store(&table->root, 0);
}

/* The entry of @vpn in the table that @word leads to. */
static _Atomic(uint64_t) *entry_in(const struct ds_pgtable *table,
				   uint64_t word, struct ds_vpn vpn)
{
	_Atomic(uint64_t) *entries = word_to_node(word);

	return entries ? entries + slot_at(table, vpn, 0) : NULL;
}

_Atomic(uint64_t) *ds_pgtable_find(const struct ds_pgtable *table,
				   struct ds_vpn vpn)
{
	table_slot *slot = ds_pgtable_find_huge(table, vpn);

	return slot ? entry_in(table,
			       atomic_load_explicit(slot, memory_order_acquire),
			       vpn)
		    : NULL;
}

/* What is under @slot; a loser of the race to make it uses the winner's. */
static uint64_t make_node(struct ds_pgtable *table, table_slot *slot,
			  unsigned int level)
{
	uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
	void *fresh;

	if (word)
		return word;
	fresh = ds_arena_alloc(table->arena, node_size(table, level));
	if (!fresh)
		return 0;
	if (atomic_compare_exchange_strong(slot, &word, (uintptr_t)fresh))
		return (uintptr_t)fresh;
	ds_arena_release(table->arena, fresh, node_size(table, level));
	return word;
}

_Atomic(uint64_t) *ds_pgtable_make_huge(struct ds_pgtable *table,
					struct ds_vpn vpn)
{
	unsigned int level = DS_PGTABLE_LEVELS - 1;
	table_slot *slots = word_to_node(make_node(table, &table->root, level));

	ds_assert(vpn.vpn < ds_pgtable_limit(table).vpn);
	for (; slots && level > 1; level--)
		slots = word_to_node(make_node(
			table, slots + slot_at(table, vpn, level), level - 1));
	return slots ? slots + slot_at(table, vpn, 1) : NULL;
}

_Atomic(uint64_t) *ds_pgtable_make(struct ds_pgtable *table, struct ds_vpn vpn)
{
	table_slot *slot = ds_pgtable_make_huge(table, vpn);
	uint64_t word = slot ? make_node(table, slot, 0) : 0;

	ds_assert(!is_huge(word));
	return entry_in(table, word, vpn);
}

uint64_t ds_pgtable_part(const struct ds_pgtable *table, uint64_t word,
			 struct ds_vpn vpn)
{
	/* Every page of a huge zero page is the zero page. */
	if (!ds_pte_pfn(word).pfn)
		return word;
	return word + ((uint64_t)slot_at(table, vpn, 0) << DS_PTE_SHIFT);
}

bool ds_pgtable_change(struct ds_pgtable *table, struct ds_vpn vpn,
		       uint64_t from, uint64_t to)
{
	_Atomic(uint64_t) *pte = ds_pgtable_find(table, vpn);

	return pte && atomic_compare_exchange_strong(pte, &from, to);
}

uint64_t ds_pgtable_read(const struct ds_pgtable *table, struct ds_vpn vpn)
{
	table_slot *slot = ds_pgtable_find_huge(table, vpn);
	uint64_t word = slot ? atomic_load(slot) : 0;
	_Atomic(uint64_t) *pte;

	if (is_huge(word))
		return ds_pgtable_part(table, word, vpn);
	pte = entry_in(table, word, vpn);
	return pte ? atomic_load(pte) : 0;
}

/* @first: the first page that @node has a place for. */
static void digest_node(const struct ds_pgtable *table, const void *node,
			unsigned int level, uint64_t first,
			struct ds_digest *digest)
{
	const uint64_t *words = node;
	uint64_t i;

	if (!node)
		return;
	/* Both kinds of slots are words, and most are 0. */
	for (i = 0; i < n_slots(table, level); i++) {
		uint64_t page = first + (i << shift_at(table, level));

		if (!words[i])
			continue;
		/* Told apart from what the table itself holds. */
		if (level == 1 && table->huge_order && !is_huge(words[i]))
			ds_digest_add(digest, page | DS_PTE_HUGE);
		if (level > 0 && !is_huge(words[i])) {
			digest_node(table, word_to_node(words[i]), level - 1,
				    page, digest);
			continue;
		}
		ds_digest_add(digest, page);
		ds_digest_add(digest, words[i]);
	}
}

void ds_pgtable_digest(const struct ds_pgtable *table, struct ds_digest *digest)
{
	digest_node(table, word_to_node(atomic_load(&table->root)),
		    DS_PGTABLE_LEVELS - 1, 0, digest);
}
