// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mm/pgtable.h"

#include "core/assert.h"

#define N_LEVELS 4

typedef _Atomic(void *) table_slot;

void ds_pgtable_init(struct ds_pgtable *table, struct ds_arena *arena,
		     unsigned int bits)
{
	ds_assert(bits >= 1 && bits <= 9);
	table->arena = arena;
	table->bits = bits;
	atomic_init(&table->root, NULL);
}

static size_t node_size(const struct ds_pgtable *table)
{
	return sizeof(uint64_t) << table->bits;
}

static size_t slot_at(const struct ds_pgtable *table, struct ds_vpn vpn,
		      unsigned int level)
{
	return vpn.vpn >> (level * table->bits) &
	       ((UINT64_C(1) << table->bits) - 1);
}

static void clear_node(struct ds_pgtable *table, void *node, unsigned int level)
{
	table_slot *slots = node;
	size_t i;

	if (!node)
		return;
	for (i = 0; level > 0 && i < (size_t)1 << table->bits; i++)
		clear_node(table, atomic_load(&slots[i]), level - 1);
	ds_arena_release(table->arena, node, node_size(table));
}

void ds_pgtable_clear(struct ds_pgtable *table)
{
	clear_node(table, atomic_load(&table->root), N_LEVELS - 1);
	atomic_store(&table->root, NULL);
}

struct ds_vpn ds_pgtable_limit(const struct ds_pgtable *table)
{
	return (struct ds_vpn){UINT64_C(1) << (N_LEVELS * table->bits)};
}

_Atomic(uint64_t) *ds_pgtable_find(const struct ds_pgtable *table,
				   struct ds_vpn vpn)
{
	unsigned int level = N_LEVELS - 1;
	void *node = atomic_load_explicit(&table->root, memory_order_acquire);

	ds_assert(vpn.vpn < ds_pgtable_limit(table).vpn);
	for (; node && level > 0; level--) {
		table_slot *slots = node;

		node = atomic_load_explicit(&slots[slot_at(table, vpn, level)],
					    memory_order_acquire);
	}
	if (!node)
		return NULL;
	return (_Atomic(uint64_t) *)node + slot_at(table, vpn, 0);
}

/* The node under @slot; a loser of the race to make it uses the winner's. */
static void *make_node(struct ds_pgtable *table, table_slot *slot)
{
	void *node = atomic_load_explicit(slot, memory_order_acquire);
	void *fresh;

	if (node)
		return node;
	fresh = ds_arena_alloc(table->arena, node_size(table));
	if (!fresh)
		return NULL;
	if (atomic_compare_exchange_strong(slot, &node, fresh))
		return fresh;
	ds_arena_release(table->arena, fresh, node_size(table));
	return node;
}

_Atomic(uint64_t) *ds_pgtable_make(struct ds_pgtable *table, struct ds_vpn vpn)
{
	unsigned int level = N_LEVELS - 1;
	void *node = make_node(table, &table->root);

	ds_assert(vpn.vpn < ds_pgtable_limit(table).vpn);
	for (; node && level > 0; level--)
		node = make_node(table, (table_slot *)node +
						slot_at(table, vpn, level));
	if (!node)
		return NULL;
	return (_Atomic(uint64_t) *)node + slot_at(table, vpn, 0);
}

uint64_t ds_pgtable_read(const struct ds_pgtable *table, struct ds_vpn vpn)
{
	_Atomic(uint64_t) *pte = ds_pgtable_find(table, vpn);

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
	for (i = 0; i < UINT64_C(1) << table->bits; i++) {
		uint64_t page = first + (i << (level * table->bits));

		if (!words[i])
			continue;
		if (level > 0) {
			digest_node(table, (const void *)(uintptr_t)words[i],
				    level - 1, page, digest);
			continue;
		}
		ds_digest_add(digest, page);
		ds_digest_add(digest, words[i]);
	}
}

void ds_pgtable_digest(const struct ds_pgtable *table, struct ds_digest *digest)
{
	digest_node(table, atomic_load(&table->root), N_LEVELS - 1, 0, digest);
}
