// SPDX-License-Identifier: LGPL-2.1-or-later
/* JudyL: no readers beside a writer, so its lookups enter nothing. */
#include <Judy.h>
#include <stdlib.h>

#include "perf/index.h"
#include "perf/perf.h"

struct judy {
	void *array;
};

static void *make(struct perf_keys keys)
{
	(void)keys;
	return perf_memory(sizeof(struct judy));
}

static void free_judy(void *index)
{
	JudyLFreeArray(&((struct judy *)index)->array, PJE0);
	free(index);
}

static void fill(void *index, struct perf_keys keys)
{
	struct judy *judy = index;
	uint64_t i;

	for (i = 0; i < keys.n; i++) {
		void **value = JudyLIns(&judy->array, perf_key(keys, i), PJE0);

		if (value == PPJERR)
			perf_die("no memory");
		*(uint64_t *)value = perf_value(i);
	}
}

static uint64_t load(const void *array, uint64_t key)
{
	void **value = JudyLGet(array, key, PJE0);

	return value ? *(uint64_t *)value : 0;
}

static uint64_t lookup(void *index, const uint64_t *at, uint64_t n)
{
	const void *array = ((struct judy *)index)->array;
	uint64_t i, sum = 0;

	for (i = 0; i < n; i++)
		sum += load(array, at[i]);
	return sum;
}

static uint64_t chase(void *index, struct perf_keys keys, uint64_t i,
		      uint64_t n)
{
	const void *array = ((struct judy *)index)->array;

	while (n--)
		i = perf_follow(load(array, perf_key(keys, i)), keys.n);
	return i;
}

static uint64_t walk(void *index, uint64_t first, uint64_t end)
{
	const void *array = ((struct judy *)index)->array;
	Word_t key = first;
	void **value = JudyLFirst(array, &key, PJE0);
	uint64_t sum = 0;

	for (; value && key < end; value = JudyLNext(array, &key, PJE0))
		sum += *(uint64_t *)value;
	return sum;
}

static uint64_t bytes(void *index)
{
	return JudyLMemUsed(((struct judy *)index)->array);
}

const struct perf_index_ops perf_index_judy = {
	.name = "Judy",
	.make = make,
	.free = free_judy,
	.fill = fill,
	.lookup = lookup,
	.lookup_held = lookup,
	.chase = chase,
	.walk = walk,
	.bytes = bytes,
};
