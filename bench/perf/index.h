/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_INDEX_H
#define PERF_INDEX_H

/*
 * What an index of page numbers must do to be measured beside the page cache's.
 * Loops are inside, so that no call through a pointer is measured.
 *
 * Entry number i has the key perf_key(i) and the value i << 4 | 1.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/prng.h"

struct perf_keys {
	uint64_t n; /* a power of two */
	bool sparse;
};

/*
 * Dense: 0, 1, 2. Sparse: 16 pages that follow each other somewhere in each
 * 1024 pages, as a file written in pieces of 64 KiB has them.
 */
static inline uint64_t perf_key(struct perf_keys keys, uint64_t i)
{
	uint64_t span = i / 16;

	if (!keys.sparse)
		return i;
	return span * 1024 + ds_mix64(span) % 64 * 16 + i % 16;
}

static inline uint64_t perf_value(uint64_t i)
{
	return i << 4 | 1;
}

/* A walk through all numbers below @n, each once, that depends on the last. */
static inline uint64_t perf_follow(uint64_t value, uint64_t n)
{
	return ((value >> 4) * UINT64_C(2862933555777941757) +
		UINT64_C(3037000493)) &
	       (n - 1);
}

struct perf_index_ops {
	const char *name;
	bool (*suits)(struct perf_keys keys); /* NULL: all keys */
	void *(*make)(struct perf_keys keys);
	void (*free)(void *index);
	/* Stores entries [0, keys.n) in ascending order. */
	void (*fill)(void *index, struct perf_keys keys);
	/* Sum of the values; each lookup enters and leaves a read section. */
	uint64_t (*lookup)(void *index, const uint64_t *at, uint64_t n);
	/* The same inside one read section; NULL: there are none. */
	uint64_t (*lookup_held)(void *index, const uint64_t *at, uint64_t n);
	/* @n lookups, each of a key that the last one's value leads to. */
	uint64_t (*chase)(void *index, struct perf_keys keys, uint64_t i,
			  uint64_t n);
	/* Sum of the values in [first, end), in order; NULL: it has none. */
	uint64_t (*walk)(void *index, uint64_t first, uint64_t end);
	uint64_t (*bytes)(void *index);
};

extern const struct perf_index_ops perf_index_xtree;
extern const struct perf_index_ops perf_index_xtree_64;
extern const struct perf_index_ops perf_index_xtree_256;
extern const struct perf_index_ops perf_index_flat;
/* Only their names if they were not there when building. */
extern const struct perf_index_ops perf_index_judy;
extern const struct perf_index_ops perf_index_rculfhash;

#endif
