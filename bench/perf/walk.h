/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_WALK_H
#define PERF_WALK_H

/*
 * What pinning costs without a library: a page table of four levels of 512
 * entries, records of 64 bytes with a count in them, and the steps of a
 * lockless pin in a row: walk, take the reference unless there is none, look
 * at the entry again.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct perf_page {
	unsigned char before[52];
	atomic_int refs;
	unsigned char behind[8];
};

struct perf_walk {
	_Atomic(void *) *root;
	struct perf_page *pages; /* page i is mapped at number i */
	uint64_t n;
};

void perf_walk_open(struct perf_walk *walk, uint64_t n);
void perf_walk_close(struct perf_walk *walk);

/* Pin and unpin the pages @at. */
void perf_walk_pins(struct perf_walk *walk, const uint64_t *at, uint64_t n);

/* The same without a page table: the limit. */
void perf_flat_pins(struct perf_walk *walk, const uint64_t *at, uint64_t n);

/* Adds to the counts of @n pages from @first on, then subtracts again. */
void perf_count_pins(struct perf_walk *walk, uint64_t first, uint64_t n);

#endif
