// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * liburcu's hash table at its best: as many buckets as it will need from the
 * start, nodes in one piece. It has no order.
 */
#include <urcu-bp.h>
#include <urcu/rculfhash.h>

#include <stdlib.h>

#include "perf/index.h"
#include "perf/perf.h"

struct entry {
	struct cds_lfht_node node;
	uint64_t key, value;
};

struct table {
	struct cds_lfht *table;
	struct entry *entries;
	uint64_t n;
};

static void *make(struct perf_keys keys)
{
	struct table *table = perf_memory(sizeof(*table));

	table->n = keys.n;
	table->entries = perf_memory(keys.n * sizeof(*table->entries));
	table->table = cds_lfht_new_flavor(keys.n, keys.n, keys.n, 0,
					   &urcu_bp_flavor, NULL);
	if (!table->table)
		perf_die("no memory");
	return table;
}

static void free_table(void *index)
{
	struct table *table = index;
	struct cds_lfht_node *node;
	struct cds_lfht_iter iter;

	urcu_bp_read_lock();
	cds_lfht_for_each(table->table, &iter, node)
		cds_lfht_del(table->table, node);
	urcu_bp_read_unlock();
	urcu_bp_synchronize_rcu();
	cds_lfht_destroy(table->table, NULL);
	free(table->entries);
	free(table);
}

static void fill(void *index, struct perf_keys keys)
{
	struct table *table = index;
	uint64_t i;

	urcu_bp_read_lock();
	for (i = 0; i < keys.n; i++) {
		struct entry *entry = &table->entries[i];

		entry->key = perf_key(keys, i);
		entry->value = perf_value(i);
		cds_lfht_add(table->table, ds_mix64(entry->key), &entry->node);
	}
	urcu_bp_read_unlock();
}

static int matches(struct cds_lfht_node *node, const void *key)
{
	return caa_container_of(node, struct entry, node)->key ==
	       *(const uint64_t *)key;
}

static uint64_t load(struct cds_lfht *table, uint64_t key)
{
	struct cds_lfht_node *node;
	struct cds_lfht_iter iter;

	cds_lfht_lookup(table, ds_mix64(key), matches, &key, &iter);
	node = cds_lfht_iter_get_node(&iter);
	return node ? caa_container_of(node, struct entry, node)->value : 0;
}

static uint64_t lookup(void *index, const uint64_t *at, uint64_t n)
{
	struct cds_lfht *table = ((struct table *)index)->table;
	uint64_t i, sum = 0;

	for (i = 0; i < n; i++) {
		urcu_bp_read_lock();
		sum += load(table, at[i]);
		urcu_bp_read_unlock();
	}
	return sum;
}

static uint64_t lookup_held(void *index, const uint64_t *at, uint64_t n)
{
	struct cds_lfht *table = ((struct table *)index)->table;
	uint64_t i, sum = 0;

	urcu_bp_read_lock();
	for (i = 0; i < n; i++)
		sum += load(table, at[i]);
	urcu_bp_read_unlock();
	return sum;
}

static uint64_t chase(void *index, struct perf_keys keys, uint64_t i,
		      uint64_t n)
{
	struct cds_lfht *table = ((struct table *)index)->table;

	urcu_bp_read_lock();
	while (n--)
		i = perf_follow(load(table, perf_key(keys, i)), keys.n);
	urcu_bp_read_unlock();
	return i;
}

/* The nodes, and a bucket of two words for each. */
static uint64_t bytes(void *index)
{
	return ((struct table *)index)->n *
	       (sizeof(struct entry) + sizeof(struct cds_lfht_node));
}

const struct perf_index_ops perf_index_rculfhash = {
	.name = "rculfhash",
	.make = make,
	.free = free_table,
	.fill = fill,
	.lookup = lookup,
	.lookup_held = lookup_held,
	.chase = chase,
	.bytes = bytes,
};
