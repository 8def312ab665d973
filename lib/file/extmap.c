// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/extmap.h"

#include <errno.h>
#include <stddef.h>

#include "core/assert.h"
#include "file/exttree.h"

/*
 * A slot of the tree is an extent together with the hole before it; the hole
 * behind the last extent is in no slot. So holes merge by themselves, and an
 * extent with its hole is two words:
 *
 *	end word: pages << 12 | low 12 bits of the extent's length
 *	value:    pfn << 27 | unwritten << 26 | high 26 bits of the length
 *
 * The extent lies at the end of its slot. It moves with the end, and gives or
 * takes pages at its front when only the length is written anew.
 */
#define VAL_PFN_SHIFT 27
#define VAL_UNWRITTEN (UINT64_C(1) << 26)
#define VAL_LEN_HIGH  (VAL_UNWRITTEN - 1)

struct ds_extmap {
	struct ds_exttree tree;
	uint64_t n_extents;
	uint64_t n_blocks;
};

/* The extent in a slot that begins at page @start. */
static struct ds_extent slot_run(const struct ds_extnode *leaf,
				 unsigned int idx, uint64_t start)
{
	uint64_t end = leaf->end[idx], val = leaf->val[idx];
	uint64_t width = end - ds_extnode_start(leaf, idx);
	uint64_t n_pages = (val & VAL_LEN_HIGH) << DS_EXTTREE_SHIFT |
			   (end & DS_EXTTREE_LOW);

	return (struct ds_extent){
		.page = {start + (width >> DS_EXTTREE_SHIFT) - n_pages},
		.n_pages = n_pages,
		.pfn = {val >> VAL_PFN_SHIFT},
		.state =
			val & VAL_UNWRITTEN ? DS_EXT_UNWRITTEN : DS_EXT_WRITTEN,
	};
}

/* The extent in the slot at the cursor; behind the last one without pages. */
static struct ds_extent run_at(const struct ds_extcursor *c)
{
	if (ds_exttree_at_end(c))
		return (struct ds_extent){.page = {DS_PGIDX_MAX}};
	return slot_run(c->step[0].node, c->step[0].idx, c->start);
}

/* Goes to the first extent that ends behind @page. */
static struct ds_extent seek_run(struct ds_extcursor *c, struct ds_extmap *map,
				 uint64_t page)
{
	ds_exttree_seek(c, &map->tree, page);
	return run_at(c);
}

/* Writes an extent into the slot at the cursor; the slot's width stays. */
static void set_run(struct ds_extcursor *c, uint64_t pfn, uint64_t n_pages,
		    enum ds_ext_state state)
{
	uint64_t *end = &c->step[0].node->end[c->step[0].idx];
	uint64_t *val = &c->step[0].node->val[c->step[0].idx];

	*end = (*end & ~DS_EXTTREE_LOW) | (n_pages & DS_EXTTREE_LOW);
	*val = pfn << VAL_PFN_SHIFT | n_pages >> DS_EXTTREE_SHIFT;
	if (state == DS_EXT_UNWRITTEN)
		*val |= VAL_UNWRITTEN;
}

static uint64_t run_end(struct ds_extent run)
{
	return run.page.pgidx + run.n_pages;
}

/* Whether @next follows @run in the file and on the device. */
static bool is_continued(struct ds_extent run, struct ds_extent next)
{
	return run_end(run) == next.page.pgidx && run.state == next.state &&
	       run.pfn.pfn + run.n_pages == next.pfn.pfn;
}

/* Puts @run into the hole at the cursor. A slot must be reserved. */
static void insert_run(struct ds_extcursor *c, struct ds_extmap *map,
		       struct ds_extent run)
{
	ds_exttree_insert(c);
	set_run(c, run.pfn.pfn, run.n_pages, run.state);
	ds_exttree_stretch(c, run_end(run) - c->start);
	map->n_extents++;
}

/* Cuts the extent around @page in two. A slot must be reserved. */
static void cut_run(struct ds_extmap *map, uint64_t page)
{
	struct ds_extcursor c;
	struct ds_extent run = seek_run(&c, map, page), left = run;

	left.n_pages = page - run.page.pgidx;
	insert_run(&c, map, left);
	ds_exttree_seek(&c, &map->tree, page);
	set_run(&c, run.pfn.pfn + left.n_pages, run.n_pages - left.n_pages,
		run.state);
}

/* Merges the extent that begins at @page with one that ends there, if it may.
 */
static void join_runs(struct ds_extmap *map, uint64_t page)
{
	struct ds_extent left, right;
	struct ds_extcursor c;

	if (!page || page >= map->tree.n_pages)
		return;
	right = seek_run(&c, map, page);
	left = seek_run(&c, map, page - 1);
	if (!is_continued(left, right))
		return;
	/* The right slot takes over the width of the left, then its blocks. */
	ds_exttree_stretch(&c, c.start - page);
	ds_exttree_remove(&c, 1);
	ds_exttree_seek(&c, &map->tree, page);
	set_run(&c, left.pfn.pfn, left.n_pages + right.n_pages, left.state);
	map->n_extents--;
}

/* Takes out the extents of this leaf from the cursor to @end. */
static void remove_runs(struct ds_extcursor *c, struct ds_extmap *map,
			uint64_t end)
{
	struct ds_extent run = run_at(c);
	unsigned int n = 0;
	uint64_t page;

	do {
		map->n_blocks -= run.n_pages;
		map->n_extents--;
		n++;
		page = run_end(run);
		if (++c->step[0].idx == c->step[0].node->n_slots)
			break;
		run = slot_run(c->step[0].node, c->step[0].idx, page);
	} while (run_end(run) <= end);

	/* Their width becomes part of the next hole. */
	c->step[0].idx--;
	ds_exttree_stretch(c, c->start - page);
	c->step[0].idx -= n - 1;
	ds_exttree_remove(c, n);
}

int ds_extmap_new(struct ds_arena *arena, struct ds_extmap **ret_map)
{
	struct ds_extmap *map = ds_arena_alloc(arena, sizeof(*map));

	if (!map)
		return -ENOMEM;
	map->tree.arena = arena;
	*ret_map = map;
	return 0;
}

void ds_extmap_free(struct ds_extmap *map)
{
	if (!map)
		return;
	ds_exttree_clear(&map->tree);
	ds_arena_release(map->tree.arena, map, sizeof(*map));
}

struct ds_extent ds_extmap_lookup(const struct ds_extmap *map,
				  struct ds_pgidx page)
{
	const struct ds_extnode *node = map->tree.root;
	uint64_t key = ds_extnode_key(page.pgidx), start = map->tree.n_pages;
	unsigned int h = map->tree.height, idx;
	struct ds_extent run;

	ds_assert(page.pgidx < DS_PGIDX_MAX);
	if (page.pgidx >= start)
		return (struct ds_extent){
			.page = {start},
			.n_pages = DS_PGIDX_MAX - start,
		};
	for (;;) {
		idx = ds_extnode_find(node, key);
		key -= ds_extnode_start(node, idx);
		if (!--h)
			break;
		node = ds_extnode_child(node, idx);
	}
	start = page.pgidx - (key >> DS_EXTTREE_SHIFT);
	run = slot_run(node, idx, start);
	if (run.page.pgidx <= page.pgidx)
		return run;
	return (struct ds_extent){
		.page = {start},
		.n_pages = run.page.pgidx - start,
	};
}

struct ds_pgidx ds_extmap_end(const struct ds_extmap *map)
{
	return ds_pgidx(map->tree.n_pages);
}

uint64_t ds_extmap_n_extents(const struct ds_extmap *map)
{
	return map->n_extents;
}

uint64_t ds_extmap_n_blocks(const struct ds_extmap *map)
{
	return map->n_blocks;
}

static void check_range(struct ds_pgrange range)
{
	ds_assert(range.first.pgidx <= range.end.pgidx);
	ds_assert(range.end.pgidx <= DS_PGIDX_MAX);
}

/* Puts @run into the hole at the cursor, merging it with the one before. */
static int add_run(struct ds_extcursor *c, struct ds_extmap *map,
		   struct ds_extent run)
{
	struct ds_extent prev = {.state = DS_EXT_HOLE};
	struct ds_extcursor before;
	int r;

	if (run.page.pgidx)
		prev = seek_run(&before, map, run.page.pgidx - 1);
	if (is_continued(prev, run)) {
		set_run(&before, prev.pfn.pfn, prev.n_pages + run.n_pages,
			run.state);
		ds_exttree_stretch(&before, run.n_pages);
		return 0;
	}
	r = ds_exttree_reserve(c, 1);
	if (r)
		return r;
	insert_run(c, map, run);
	ds_exttree_release_spares(&map->tree);
	return 0;
}

int ds_extmap_map(struct ds_extmap *map, struct ds_pgrange range,
		  struct ds_pfn pfn, enum ds_ext_state state)
{
	struct ds_extent next,
		run = {
			.page = range.first,
			.n_pages = range.end.pgidx - range.first.pgidx,
			.pfn = pfn,
			.state = state,
		};
	struct ds_extcursor c;
	int r;

	check_range(range);
	ds_assert(state != DS_EXT_HOLE);
	ds_assert(pfn.pfn < DS_EXTMAP_PFN_MAX);
	ds_assert(run.n_pages <= DS_EXTMAP_PFN_MAX - pfn.pfn);
	if (ds_pgrange_is_empty(range))
		return 0;
	next = seek_run(&c, map, range.first.pgidx);
	ds_assert(next.page.pgidx >= range.end.pgidx);
	if (is_continued(run, next)) {
		set_run(&c, pfn.pfn, run.n_pages + next.n_pages, state);
		join_runs(map, range.first.pgidx);
	} else {
		r = add_run(&c, map, run);
		if (r)
			return r;
	}
	map->n_blocks += run.n_pages;
	return 0;
}

/* Cuts extents at the ends of @range unless they have the state @state. */
static int cut_ends(struct ds_extmap *map, struct ds_pgrange range,
		    enum ds_ext_state state)
{
	const uint64_t page[2] = {range.first.pgidx, range.end.pgidx};
	struct ds_extcursor c;
	struct ds_extent run;
	bool cut[2];
	int i, r;

	for (i = 0; i < 2; i++) {
		run = seek_run(&c, map, page[i]);
		cut[i] = run.page.pgidx < page[i] && run.state != state;
		/* For both slots each time: they may go into the same nodes. */
		r = cut[i] ? ds_exttree_reserve(&c, 2) : 0;
		if (r)
			return r;
	}
	for (i = 0; i < 2; i++)
		if (cut[i])
			cut_run(map, page[i]);
	ds_exttree_release_spares(&map->tree);
	return 0;
}

int ds_extmap_convert(struct ds_extmap *map, struct ds_pgrange range,
		      enum ds_ext_state state)
{
	uint64_t page = range.first.pgidx, end = range.end.pgidx;
	struct ds_extcursor c;
	struct ds_extent run;
	int r;

	check_range(range);
	ds_assert(state != DS_EXT_HOLE);
	if (ds_pgrange_is_empty(range))
		return 0;
	r = cut_ends(map, range, state);
	if (r)
		return r;
	for (;;) {
		run = seek_run(&c, map, page);
		if (run.page.pgidx >= end)
			break;
		set_run(&c, run.pfn.pfn, run.n_pages, state);
		join_runs(map, run.page.pgidx);
		page = run_end(run);
	}
	join_runs(map, end);
	return 0;
}

/* Takes @range out of the extent at the cursor, but not out of its middle. */
static void trim_run(struct ds_extcursor *c, struct ds_extmap *map,
		     struct ds_pgrange range)
{
	struct ds_extent run = run_at(c);
	uint64_t n_lost;

	if (run.page.pgidx < range.first.pgidx) {
		n_lost = run_end(run) - range.first.pgidx;
		set_run(c, run.pfn.pfn, run.n_pages - n_lost, run.state);
		ds_exttree_stretch(c, -n_lost);
		map->n_blocks -= n_lost;
	} else if (run_end(run) > range.end.pgidx) {
		n_lost = range.end.pgidx - run.page.pgidx;
		set_run(c, run.pfn.pfn + n_lost, run.n_pages - n_lost,
			run.state);
		map->n_blocks -= n_lost;
	} else {
		remove_runs(c, map, range.end.pgidx);
	}
}

/* Makes sure that an extent begins or a hole is at @page. */
static int cut_at(struct ds_extmap *map, struct ds_extcursor *c, uint64_t page)
{
	int r = ds_exttree_reserve(c, 1);

	if (r)
		return r;
	cut_run(map, page);
	ds_exttree_release_spares(&map->tree);
	return 0;
}

int ds_extmap_unmap(struct ds_extmap *map, struct ds_pgrange range)
{
	uint64_t first = range.first.pgidx, end = range.end.pgidx;
	struct ds_extcursor c;
	struct ds_extent run;
	int r;

	check_range(range);
	if (ds_pgrange_is_empty(range))
		return 0;
	run = seek_run(&c, map, first);
	if (run.page.pgidx < first && run_end(run) > end) {
		r = cut_at(map, &c, end);
		if (r)
			return r;
	}
	while (seek_run(&c, map, first).page.pgidx < end)
		trim_run(&c, map, range);
	return 0;
}

int ds_extmap_collapse(struct ds_extmap *map, struct ds_pgrange range)
{
	struct ds_extcursor c;
	struct ds_extent next;

	check_range(range);
	next = seek_run(&c, map, range.first.pgidx);
	ds_assert(next.page.pgidx >= range.end.pgidx);
	if (ds_exttree_at_end(&c))
		return 0;
	ds_exttree_shift(&c, range.first.pgidx - range.end.pgidx);
	join_runs(map, range.first.pgidx);
	return 0;
}

int ds_extmap_insert(struct ds_extmap *map, struct ds_pgidx at,
		     uint64_t n_pages)
{
	struct ds_extcursor c;
	int r;

	if (at.pgidx >= map->tree.n_pages || !n_pages)
		return 0;
	ds_assert(n_pages <= DS_PGIDX_MAX - map->tree.n_pages);
	if (seek_run(&c, map, at.pgidx).page.pgidx < at.pgidx) {
		r = cut_at(map, &c, at.pgidx);
		if (r)
			return r;
		ds_exttree_seek(&c, &map->tree, at.pgidx);
	}
	ds_exttree_shift(&c, n_pages);
	return 0;
}

void ds_extmap_check(const struct ds_extmap *map)
{
	struct ds_extent run, last = {.page = {DS_PGIDX_MAX}};
	uint64_t page, n_extents = 0, n_blocks = 0;

	ds_exttree_check(&map->tree);
	for (page = 0; page < map->tree.n_pages; page = run_end(run)) {
		run = ds_extmap_lookup(map, ds_pgidx(page));
		ds_assert(run.n_pages);
		/* No two holes in a row and no two extents that might be one.
		 */
		ds_assert(!is_continued(last, run));
		n_extents += run.state != DS_EXT_HOLE;
		n_blocks += run.state != DS_EXT_HOLE ? run.n_pages : 0;
		last = run;
	}
	ds_assert(page == map->tree.n_pages && page <= DS_PGIDX_MAX);
	ds_assert(n_extents == map->n_extents);
	ds_assert(n_blocks == map->n_blocks);
}

/* The shape of the tree counts for nothing. */
void ds_extmap_digest(const struct ds_extmap *map, struct ds_digest *digest)
{
	uint64_t end = ds_extmap_end(map).pgidx;
	struct ds_pgidx page = {0};

	while (page.pgidx < end) {
		struct ds_extent run = ds_extmap_lookup(map, page);

		page.pgidx = run_end(run);
		ds_digest_add(digest, run.n_pages << 2 | run.state);
		ds_digest_add(digest, run.pfn.pfn);
	}
	ds_digest_add(digest, UINT64_MAX);
}
