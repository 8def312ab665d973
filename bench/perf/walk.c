// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf/walk.h"

#include <stdlib.h>

#include "perf/perf.h"

enum {
	BITS = 9,
	ENTRIES = 1 << BITS,
	LEVELS = 4,
};

_Static_assert(sizeof(struct perf_page) == 64, "a line each");

static unsigned int slot(uint64_t number, unsigned int level)
{
	return (unsigned int)(number >> (level * BITS)) % ENTRIES;
}

static _Atomic(void *) *find_or_make(struct perf_walk *walk, uint64_t number)
{
	_Atomic(void *) *table = walk->root;
	unsigned int level;

	for (level = LEVELS - 1; level; level--) {
		_Atomic(void *) *entry = &table[slot(number, level)];

		if (!atomic_load(entry))
			atomic_store(entry,
				     perf_memory(ENTRIES * sizeof(*table)));
		table = atomic_load(entry);
	}
	return &table[slot(number, 0)];
}

void perf_walk_open(struct perf_walk *walk, uint64_t n)
{
	uint64_t i;

	walk->n = n;
	walk->root = perf_memory(ENTRIES * sizeof(*walk->root));
	walk->pages = aligned_alloc(64, n * sizeof(*walk->pages));
	if (!walk->pages)
		perf_die("no memory");
	for (i = 0; i < n; i++) {
		atomic_init(&walk->pages[i].refs, 1);
		atomic_store(find_or_make(walk, i), &walk->pages[i]);
	}
}

static void free_tables(_Atomic(void *) *table, unsigned int level)
{
	unsigned int i;

	for (i = 0; level && i < ENTRIES; i++)
		if (atomic_load(&table[i]))
			free_tables(atomic_load(&table[i]), level - 1);
	free(table);
}

void perf_walk_close(struct perf_walk *walk)
{
	/* What the last level's entries point to are pages. */
	free_tables(walk->root, LEVELS - 1);
	free(walk->pages);
}

static _Atomic(void *) *find(const struct perf_walk *walk, uint64_t number)
{
	_Atomic(void *) *table = walk->root;
	unsigned int level;

	for (level = LEVELS - 1; level && table; level--)
		table = atomic_load_explicit(&table[slot(number, level)],
					     memory_order_acquire);
	return table ? &table[slot(number, 0)] : NULL;
}

static bool try_get(struct perf_page *page)
{
	int refs = atomic_load_explicit(&page->refs, memory_order_relaxed);

	while (refs > 0)
		if (atomic_compare_exchange_weak(&page->refs, &refs, refs + 1))
			return true;
	return false;
}

static struct perf_page *pin(const struct perf_walk *walk, uint64_t number)
{
	_Atomic(void *) *entry = find(walk, number);
	struct perf_page *page;

	if (!entry)
		return NULL;
	page = atomic_load_explicit(entry, memory_order_acquire);
	if (!page || !try_get(page))
		return NULL;
	if (atomic_load_explicit(entry, memory_order_acquire) == page)
		return page;
	atomic_fetch_sub(&page->refs, 1);
	return NULL;
}

void perf_walk_pins(struct perf_walk *walk, const uint64_t *at, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		struct perf_page *page = pin(walk, at[i]);

		if (!page)
			perf_die("a page is not mapped");
		atomic_fetch_sub(&page->refs, 1);
	}
}

void perf_flat_pins(struct perf_walk *walk, const uint64_t *at, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		atomic_fetch_add(&walk->pages[at[i]].refs, 1);
		atomic_fetch_sub(&walk->pages[at[i]].refs, 1);
	}
}

void perf_count_pins(struct perf_walk *walk, uint64_t first, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		atomic_fetch_add(&walk->pages[first + i].refs, 1);
	for (i = 0; i < n; i++)
		atomic_fetch_sub(&walk->pages[first + i].refs, 1);
}
