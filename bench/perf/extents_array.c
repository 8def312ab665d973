// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sorted arrays, one for each member: the fastest way to move everything
 * behind a place one by one, and the slowest to put something in.
 */
#include <stdlib.h>
#include <string.h>

#include "perf/extents.h"
#include "perf/perf.h"

struct array {
	uint64_t n;
	uint64_t *page;
	uint64_t *pfn;
	uint32_t *n_pages;
};

/* Room for what is inserted beside the extents. */
#define SPARE 4096

static void *make(uint64_t n)
{
	struct array *array = perf_memory(sizeof(*array));
	uint64_t i;

	array->page = perf_memory((n + SPARE) * sizeof(*array->page));
	array->pfn = perf_memory((n + SPARE) * sizeof(*array->pfn));
	array->n_pages = perf_memory((n + SPARE) * sizeof(*array->n_pages));
	array->n = n;
	for (i = 0; i < n; i++) {
		array->page[i] = perf_extent_page(i);
		array->pfn[i] = perf_extent_pfn(i);
		array->n_pages[i] = 3;
	}
	return array;
}

static void free_array(void *arg)
{
	struct array *array = arg;

	free(array->page);
	free(array->pfn);
	free(array->n_pages);
	free(array);
}

/* The last extent that begins at or before @page. No branch to guess. */
static uint64_t find(const struct array *array, uint64_t page)
{
	const uint64_t *base = array->page;
	uint64_t n = array->n;

	while (n > 1) {
		uint64_t half = n / 2;

		base += base[half] <= page ? half : 0;
		n -= half;
	}
	return (uint64_t)(base - array->page);
}

static uint64_t lookup(void *arg, const uint64_t *at, uint64_t n)
{
	const struct array *array = arg;
	uint64_t i, sum = 0;

	for (i = 0; i < n; i++) {
		uint64_t found = find(array, at[i]);
		uint64_t offset = at[i] - array->page[found];

		if (offset < array->n_pages[found])
			sum += array->pfn[found] + offset;
	}
	return sum;
}

static void move(struct array *array, uint64_t to, uint64_t from)
{
	uint64_t n = array->n - from;

	memmove(array->page + to, array->page + from, n * sizeof(uint64_t));
	memmove(array->pfn + to, array->pfn + from, n * sizeof(uint64_t));
	memmove(array->n_pages + to, array->n_pages + from,
		n * sizeof(uint32_t));
	array->n = array->n + to - from;
}

static void insert(void *arg, const uint64_t *at, uint64_t n)
{
	struct array *array = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint64_t page = perf_extent_page(at[i]) + 3;
		uint64_t place = find(array, page) + 1;

		move(array, place + 1, place);
		array->page[place] = page;
		array->pfn[place] = perf_hole_pfn(at[i]);
		array->n_pages[place] = 1;
	}
}

static void take_out(void *arg, const uint64_t *at, uint64_t n)
{
	struct array *array = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint64_t place = find(array, perf_extent_page(at[i]) + 3);

		move(array, place, place + 1);
	}
}

static void collapse(void *arg)
{
	struct array *array = arg;
	uint64_t i;

	for (i = 1; i < array->n; i++)
		array->page[i]--;
}

static void widen(void *arg)
{
	struct array *array = arg;
	uint64_t i;

	for (i = 1; i < array->n; i++)
		array->page[i]++;
}

static uint64_t bytes(void *arg)
{
	return ((struct array *)arg)->n * 20;
}

const struct perf_extents_ops perf_extents_array = {
	.name = "sorted array",
	.make = make,
	.free = free_array,
	.lookup = lookup,
	.insert = insert,
	.remove = take_out,
	.collapse = collapse,
	.widen = widen,
	.bytes = bytes,
};
