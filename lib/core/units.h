/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_UNITS_H
#define DS_CORE_UNITS_H

/*
 * Units are one-field structs whose field is the unit, so that mixing up file
 * pages, frames and bytes does not compile. They cost nothing at -O2.
 *
 * DAX requires block size == page size, so one unit serves a file's pages and
 * its logical blocks (ds_pgidx), and one serves the device's page frames and
 * its physical blocks (ds_pfn).
 */
#include <stdbool.h>
#include <stdint.h>

#define DS_PAGE_SHIFT 12
#define DS_PAGE_SIZE  (UINT64_C(1) << DS_PAGE_SHIFT)
#define DS_PAGE_MASK  (DS_PAGE_SIZE - 1)

/* Index of a page (= logical block) in a file. */
struct ds_pgidx {
	uint64_t pgidx;
};

/* Number of a page frame (= physical block) of the region. */
struct ds_pfn {
	uint64_t pfn;
};

/* Half-open range of file pages. */
struct ds_pgrange {
	struct ds_pgidx first;
	struct ds_pgidx end;
};

/* One past the largest page a range may reach: "to the end of the file". */
#define DS_PGIDX_MAX (UINT64_MAX >> DS_PAGE_SHIFT)

static inline struct ds_pgidx ds_pgidx(uint64_t pgidx)
{
	return (struct ds_pgidx){pgidx};
}

static inline struct ds_pfn ds_pfn(uint64_t pfn)
{
	return (struct ds_pfn){pfn};
}

static inline struct ds_pgrange ds_pgrange(uint64_t first, uint64_t end)
{
	return (struct ds_pgrange){{first}, {end}};
}

static inline struct ds_pgrange ds_pgrange_all(void)
{
	return ds_pgrange(0, DS_PGIDX_MAX);
}

static inline bool ds_pgrange_is_empty(struct ds_pgrange range)
{
	return range.first.pgidx >= range.end.pgidx;
}

static inline bool ds_pgrange_has(struct ds_pgrange range, struct ds_pgidx page)
{
	return range.first.pgidx <= page.pgidx && page.pgidx < range.end.pgidx;
}

/* The page that holds byte @offset. */
static inline uint64_t ds_page_down(uint64_t offset)
{
	return offset >> DS_PAGE_SHIFT;
}

/* The first page that begins at or after byte @offset. */
static inline uint64_t ds_page_up(uint64_t offset)
{
	return (offset >> DS_PAGE_SHIFT) + !!(offset & DS_PAGE_MASK);
}

/* The first byte of page @page. */
static inline uint64_t ds_page_start(struct ds_pgidx page)
{
	return page.pgidx << DS_PAGE_SHIFT;
}

#endif
