// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An array: the limit of what an index of dense keys can do. Its memory comes
 * from where a universe's does, so that filling it has the same page faults.
 */
#include <stdlib.h>

#include "core/lazy.h"
#include "perf/index.h"
#include "perf/perf.h"

struct flat {
	uint64_t n;
	uint64_t *values;
};

static bool suits(struct perf_keys keys)
{
	return !keys.sparse;
}

static void *make(struct perf_keys keys)
{
	struct flat *flat = perf_memory(sizeof(*flat));

	flat->n = keys.n;
	flat->values = ds_lazy_new(keys.n * sizeof(*flat->values));
	if (!flat->values)
		perf_die("no memory");
	return flat;
}

static void free_flat(void *index)
{
	struct flat *flat = index;

	ds_lazy_free(flat->values, flat->n * sizeof(*flat->values));
	free(index);
}

static void fill(void *index, struct perf_keys keys)
{
	uint64_t *values = ((struct flat *)index)->values;
	uint64_t i;

	for (i = 0; i < keys.n; i++)
		__atomic_store_n(&values[perf_key(keys, i)], perf_value(i),
				 __ATOMIC_RELEASE);
}

static uint64_t load(const uint64_t *values, uint64_t key)
{
	return __atomic_load_n(&values[key], __ATOMIC_ACQUIRE);
}

static uint64_t lookup(void *index, const uint64_t *at, uint64_t n)
{
	const uint64_t *values = ((struct flat *)index)->values;
	uint64_t i, sum = 0;

	for (i = 0; i < n; i++)
		sum += load(values, at[i]);
	return sum;
}

static uint64_t chase(void *index, struct perf_keys keys, uint64_t i,
		      uint64_t n)
{
	const uint64_t *values = ((struct flat *)index)->values;

	while (n--)
		i = perf_follow(load(values, perf_key(keys, i)), keys.n);
	return i;
}

static uint64_t walk(void *index, uint64_t first, uint64_t end)
{
	const uint64_t *values = ((struct flat *)index)->values;
	uint64_t sum = 0;

	for (; first < end; first++)
		sum += load(values, first);
	return sum;
}

static uint64_t bytes(void *index)
{
	return ((struct flat *)index)->n * sizeof(uint64_t);
}

const struct perf_index_ops perf_index_flat = {
	.name = "flat array",
	.suits = suits,
	.make = make,
	.free = free_flat,
	.fill = fill,
	.lookup = lookup,
	.lookup_held = lookup,
	.chase = chase,
	.walk = walk,
	.bytes = bytes,
};
