// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conform_model.h"

#include <errno.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>

#include "file/truncate.h"

/* What lies further from a write than zero-out reaches does not matter. */
#define REACH      16
#define SLOTS_MAX  4096
#define OPEN_MAX   8
#define RUNS_TRIED 512 /* a file of many pieces leaves as many behind */

/* The allocation a block came from, and its place in that; event 0: free. */
struct tag {
	uint32_t event;
	uint32_t index;
};

/* How a block is placed after the one before it in the file. */
enum link {
	OPEN, /* not known */
	JOINED,
	CUT,
};

struct block {
	struct tag tag;
	bool loose; /* the one before it may lie elsewhere nevertheless */
	/* What was found out about it and the block @left, its neighbour. */
	struct tag left;
	enum link link;
	uint32_t seen_by; /* the call after which it was in the file */
};

/* A link that became known, by the page behind it. */
struct finding {
	uint64_t page;
	enum link link;
};

static const struct block no_block;

struct conform_places {
	struct block *blocks; /* by frame number */
	uint32_t n_events;
	uint32_t n_calls;
	bool preallocated;
	struct finding findings[OPEN_MAX + 1];
	unsigned int n_findings;
	struct conform_ranges guards; /* kept from being used by the call */
};

/* One page around a write. */
struct slot {
	struct ds_extent run; /* of this page alone */
	enum link link;
	bool loose;  /* see struct block */
	bool joined; /* where the link is open: as it is, or as tried */
	struct ds_pfn to;
	bool placed; /* @to is known */
};

struct window {
	struct ds_pgrange range;
	struct ds_pgrange write;
	size_t n;
	struct slot *slots;
	/* Slots whose link is open and matters; one more may be tried. */
	size_t open[OPEN_MAX + 1];
	unsigned int n_open;
};

int conform_places_new(uint64_t n_frames, struct conform_places **ret_places)
{
	struct conform_places *places = calloc(1, sizeof(*places));

	if (!places)
		return -ENOMEM;
	places->blocks = calloc(n_frames, sizeof(*places->blocks));
	if (!places->blocks) {
		free(places);
		return -ENOMEM;
	}
	*ret_places = places;
	return 0;
}

void conform_places_free(struct conform_places *places)
{
	if (places) {
		free(places->blocks);
		conform_ranges_clear(&places->guards);
	}
	free(places);
}

/* -------------------------------- Windows --------------------------------- */

static struct ds_extmap *map_of(const struct conform_model *model)
{
	return model->file->inode->extents;
}

static struct ds_extent page_at(const struct conform_model *model,
				uint64_t page)
{
	struct ds_extent run = ds_extmap_lookup(map_of(model), ds_pgidx(page));

	if (run.state != DS_EXT_HOLE)
		run.pfn.pfn += page - run.page.pgidx;
	run.page.pgidx = page;
	run.n_pages = 1;
	return run;
}

static bool is_mapped(const struct conform_model *model, uint64_t page)
{
	return page_at(model, page).state != DS_EXT_HOLE;
}

/* The pages that @call writes to. */
static struct ds_pgrange written_pages(const struct conform_model *model,
				       const struct conform_call *call)
{
	uint64_t size = atomic_load(&model->file->inode->size);
	uint64_t offset = (uint64_t)call->offset;
	uint64_t end;

	if (call->op == CONFORM_PWRITE_APPEND)
		offset = size;
	if (call->offset < 0 || call->len <= 0 ||
	    (uint64_t)call->len > INT64_MAX - offset)
		return ds_pgrange(0, 0);
	end = offset + (uint64_t)call->len;
	if (call->op == CONFORM_MSTORE && end > size)
		end = ds_page_start(ds_pgidx(ds_page_up(size)));
	return ds_pgrange(ds_page_down(offset), ds_page_up(end));
}

/*
 * What lies behind a write to before @end can matter to it up to here: whether
 * the unwritten extent there ends soon, and whether it ends within the file.
 */
static uint64_t reach(const struct conform_model *model, uint64_t end)
{
	uint64_t size = ds_page_up(model->file->inode->disk_size);
	uint64_t unwritten = end;
	struct ds_extent run;

	if (size < end)
		size = end;
	for (;;) {
		run = ds_extmap_lookup(map_of(model), ds_pgidx(unwritten));
		if (run.state != DS_EXT_UNWRITTEN)
			break;
		unwritten = run.page.pgidx + run.n_pages;
	}
	end += REACH;
	return unwritten > size && size >= end ? size + 1 : end;
}

/* The pages around @write that can matter to it. */
static struct ds_pgrange around(const struct conform_model *model,
				struct ds_pgrange write)
{
	uint64_t first = write.first.pgidx, end = write.end.pgidx;
	uint64_t limit = reach(model, end);

	while (first > 0 && write.first.pgidx - first < REACH &&
	       is_mapped(model, first - 1))
		first--;
	while (end < limit && page_at(model, end).state == DS_EXT_UNWRITTEN)
		end++;
	if (is_mapped(model, end))
		end++;
	return ds_pgrange(first, end);
}

static bool is_hole(const struct slot *slot)
{
	return slot->run.state == DS_EXT_HOLE;
}

static bool is_next(struct tag a, struct tag b)
{
	return a.event == b.event && a.index + 1 == b.index;
}

/* What is known of how slot @i follows the one before it. */
static enum link link_before(const struct conform_model *model,
			     const struct window *window, size_t i,
			     bool by_page)
{
	const struct slot *left = &window->slots[i - 1], *slot = left + 1;
	const struct block *blocks = model->places->blocks, *a, *b;

	/* Blocks that the call will allocate: at once, or page by page. */
	if (left->run.state == DS_EXT_HOLE && slot->run.state == DS_EXT_HOLE)
		return by_page ? OPEN : JOINED;
	if (left->run.state == DS_EXT_HOLE || slot->run.state == DS_EXT_HOLE)
		return OPEN;
	a = &blocks[left->run.pfn.pfn];
	b = &blocks[slot->run.pfn.pfn];
	if (b->left.event && b->left.event == a->tag.event &&
	    b->left.index == a->tag.index)
		return b->link;
	if (a->tag.event == b->tag.event)
		return is_next(a->tag, b->tag) ? JOINED : CUT;
	return OPEN;
}

/* Whether zero-out looks at how slot @i follows the one before it. */
static bool matters(const struct window *window, size_t i)
{
	return window->slots[i - 1].run.state == DS_EXT_UNWRITTEN ||
	       window->slots[i].run.state == DS_EXT_UNWRITTEN;
}

static uint64_t distance(const struct window *window, size_t i)
{
	uint64_t page = window->range.first.pgidx + i;
	uint64_t end = window->write.end.pgidx;

	return page > end ? page - end : 0;
}

/* Notes an open link; of too many the ones near the write. */
static void note_open(struct window *window, size_t i)
{
	/* They come in ascending order. */
	if (window->n_open == OPEN_MAX && distance(window, i) == 0) {
		memmove(window->open, window->open + 1,
			sizeof(window->open) - sizeof(window->open[0]));
		window->n_open--;
	}
	if (window->n_open < OPEN_MAX)
		window->open[window->n_open++] = i;
}

static void fill_window(const struct conform_model *model,
			struct window *window, bool by_page)
{
	const struct block *blocks = model->places->blocks;
	size_t i;

	for (i = 0; i < window->n; i++) {
		struct slot *slot = &window->slots[i];
		struct ds_pfn before;

		slot->run = page_at(model, window->range.first.pgidx + i);
		if (!i)
			continue;
		before = slot[-1].run.pfn;
		slot->link = link_before(model, window, i, by_page);
		slot->joined = slot->link == JOINED ||
			       (slot->link == OPEN &&
				before.pfn + 1 == slot->run.pfn.pfn);
		slot->loose = slot->link == JOINED && !is_hole(slot) &&
			      blocks[slot->run.pfn.pfn].loose;
		if (slot->link == OPEN && matters(window, i))
			note_open(window, i);
	}
}

static bool has_unwritten(const struct conform_model *model,
			  struct ds_pgrange range)
{
	while (!ds_pgrange_is_empty(range)) {
		struct ds_extent run =
			ds_extmap_lookup(map_of(model), range.first);

		if (run.state == DS_EXT_UNWRITTEN)
			return true;
		range.first.pgidx = run.page.pgidx + run.n_pages;
	}
	return false;
}

/* Return: 1, 0 if places do not matter to this call, or -ENOMEM. */
static int make_window(const struct conform_model *model,
		       const struct conform_call *call, struct window *ret)
{
	bool stores = call->op == CONFORM_MSTORE;

	*ret = (struct window){0};
	if (!stores && call->op != CONFORM_PWRITE &&
	    call->op != CONFORM_PWRITE_APPEND)
		return 0;
	ret->write = written_pages(model, call);
	if (!has_unwritten(model, ret->write))
		return 0;
	ret->range = around(model, ret->write);
	ret->n = ret->range.end.pgidx - ret->range.first.pgidx;
	if (ret->n > SLOTS_MAX)
		return 0;
	ret->slots = calloc(ret->n, sizeof(*ret->slots));
	if (!ret->slots)
		return -ENOMEM;
	fill_window(model, ret, stores);
	return 1;
}

/* -------------------------------- Moving ---------------------------------- */

/* One past the last slot that is joined to slot @i. */
static size_t group_end(const struct window *window, size_t i)
{
	do
		i++;
	while (i < window->n && window->slots[i].joined);
	return i;
}

/* Whether all blocks lie as the window asks, and none will be allocated. */
static bool is_in_place(const struct window *window)
{
	size_t i;

	for (i = 0; i < window->n; i++) {
		const struct slot *slot = &window->slots[i];

		if (is_hole(slot))
			return false;
		if (i && slot->joined != (slot[-1].run.pfn.pfn + 1 ==
					  slot->run.pfn.pfn))
			return false;
	}
	return true;
}

/* One run of @n blocks, whatever else the allocator offers first. */
static bool take_run(struct ds_blocks *blocks, uint64_t n,
		     struct ds_pfn *ret_pfn)
{
	struct ds_pfn first[RUNS_TRIED];
	uint64_t got[RUNS_TRIED];
	unsigned int i = 0;

	for (; i < RUNS_TRIED; i++) {
		got[i] = ds_blocks_alloc(blocks, 0, n, &first[i]);
		if (got[i] == n || !got[i])
			break;
	}
	if (i < RUNS_TRIED && got[i] == n)
		*ret_pfn = first[i];
	else
		n = 0;
	while (i--)
		ds_blocks_release(blocks, first[i], got[i]);
	return n;
}

/* Whether the group that begins at @i is to be allocated, all of it. */
static bool is_new(const struct window *window, size_t i)
{
	size_t end = group_end(window, i);

	while (i < end && is_hole(&window->slots[i]))
		i++;
	return i == end;
}

static bool has_hole(const struct window *window, size_t i)
{
	size_t end = group_end(window, i);

	while (i < end && !is_hole(&window->slots[i]))
		i++;
	return i < end;
}

/*
 * Blocks that the allocator hands out one after the other: those of the group
 * at
 * @i and, if it is a new one, of new ones behind it, with anything that needs
 * no blocks in between. So few runs are offered for many holes; the allocator
 * does not remember many. Return: 1, 0 if there is no room, or -ENOMEM.
 */
static int place_groups(struct conform_model *model, struct window *window,
			size_t i)
{
	struct conform_ranges *guards = &model->places->guards;
	size_t n = 0, first = i, behind = SIZE_MAX, end, k;
	bool new_ones = is_new(window, i);
	struct ds_pfn pfn;

	for (; i < window->n; i = end) {
		end = group_end(window, i);
		if (i > first && (!new_ones || !is_new(window, i))) {
			if (!new_ones || has_hole(window, i))
				break;
			continue;
		}
		/* What is apart in spite of this does not share a run. */
		if (i == behind)
			break;
		for (k = i; k < end; k++)
			window->slots[k].to.pfn = ++n;
		behind = end;
	}
	if (!take_run(model->world->super->blocks, n + 2, &pfn))
		return 0;
	if (conform_ranges_add(guards, pfn.pfn, 1, 0) < 0 ||
	    conform_ranges_add(guards, pfn.pfn + n + 1, 1, 0) < 0)
		return -ENOMEM;
	for (k = first; k < i; k++)
		if (window->slots[k].to.pfn && !window->slots[k].placed) {
			window->slots[k].to.pfn += pfn.pfn;
			window->slots[k].placed = true;
		}
	return 1;
}

/*
 * Finds a place for every slot, groups apart from each other: on both sides
 * there is a block that stays taken until the call was made. So what is offered
 * for a hole does not become part of a longer run, from which blocks would be
 * handed out in another order. Return: 1, 0 if there is no room, or -ENOMEM.
 */
static int plan(struct conform_model *model, struct window *window)
{
	size_t i;
	int r = 1;

	for (i = 0; i < window->n; i++) {
		window->slots[i].to.pfn = 0;
		window->slots[i].placed = false;
	}
	for (i = 0; i < window->n && r > 0; i = group_end(window, i))
		if (!window->slots[i].placed)
			r = place_groups(model, window, i);
	return r;
}

/* After the call, or where plan() ended early. */
static void release_guards(const struct conform_model *model)
{
	struct conform_ranges *guards = &model->places->guards;
	size_t i;

	for (i = 0; i < guards->n; i++)
		ds_blocks_release(model->world->super->blocks,
				  ds_pfn(guards->at[i].first), guards->at[i].n);
	conform_ranges_clear(guards);
}

static int move_block(struct conform_model *model, const struct slot *slot)
{
	struct ds_inode *inode = model->file->inode;
	struct ds_frames *frames = model->world->frames;
	struct ds_pgrange range =
		ds_pgrange(slot->run.page.pgidx, slot->run.page.pgidx + 1);
	int r;

	if (slot->run.state == DS_EXT_WRITTEN)
		ds_frame_write(model->world->setup, frames, slot->to, 0,
			       ds_frame_bytes(frames, slot->run.pfn),
			       DS_PAGE_SIZE);
	r = ds_extmap_unmap(inode->extents, range);
	if (r == 0)
		r = ds_extmap_map(inode->extents, range, slot->to,
				  slot->run.state);
	ds_frame_set_file(frames, slot->run.pfn, 0);
	ds_frame_set_file(frames, slot->to, inode->id);
	ds_blocks_release(model->world->super->blocks, slot->run.pfn, 1);
	return r;
}

/*
 * Frees the blocks that are planned for holes. What was freed last is handed
 * out first, so the last hole's come first.
 */
static void offer_blocks(struct ds_blocks *blocks, const struct window *window)
{
	struct ds_pfn first = {0};
	size_t i = window->n;
	uint64_t n = 0;

	while (i-- > 0) {
		const struct slot *slot = &window->slots[i];

		if (!is_hole(slot))
			continue;
		if (n && slot->to.pfn + 1 != first.pfn) {
			ds_blocks_release(blocks, first, n);
			n = 0;
		}
		first = slot->to;
		n++;
	}
	if (n)
		ds_blocks_release(blocks, first, n);
}

/*
 * Puts the blocks of the window where it asks. Return: 1, 0 if there is no
 * room for that, or -ENOMEM.
 */
static int arrange(struct conform_model *model, struct window *window)
{
	size_t i;
	int r;

	if (is_in_place(window))
		return 1;
	r = plan(model, window);
	if (r <= 0)
		return r;
	r = 0;
	ds_truncate_cache_range(model->world->setup, model->file->inode,
				ds_page_start(window->range.first),
				ds_page_start(window->range.end));
	for (i = 0; i < window->n && r == 0; i++)
		if (!is_hole(&window->slots[i]))
			r = move_block(model, &window->slots[i]);
	offer_blocks(model->world->super->blocks, window);
	return r < 0 ? r : 1;
}

/* -------------------------------- Choosing -------------------------------- */

/* Sets the open links: bit n of @mask joins the n-th. */
static void try_links(struct window *window, uint32_t mask)
{
	unsigned int i;

	for (i = 0; i < window->n_open; i++)
		window->slots[window->open[i]].joined = mask >> i & 1;
}

static uint32_t present_links(const struct window *window)
{
	uint32_t mask = 0;
	unsigned int i;

	for (i = 0; i < window->n_open; i++)
		if (window->slots[window->open[i]].joined)
			mask |= UINT32_C(1) << i;
	return mask;
}

/* Whether the file has the extents @ext; negative errno. */
static int has_extents(struct conform_model *model, const char *ext)
{
	struct conform_ranges runs = {0}, blocks = {0};
	int r = conform_model_list(model, &runs, &blocks);
	char *text;

	if (r == 0) {
		text = conform_ranges_text(&runs, CONFORM_EXT);
		r = text ? strcmp(text, ext) == 0 : -ENOMEM;
		free(text);
	}
	conform_ranges_clear(&runs);
	conform_ranges_clear(&blocks);
	return r;
}

/* Whether @call leaves @ext with these links; then goes back. */
static int try_call(struct conform_model *model, struct window *window,
		    uint32_t links, const struct conform_call *call,
		    const char *ext)
{
	int r;

	try_links(window, links);
	r = arrange(model, window);
	if (r > 0) {
		conform_model_do(model, call);
		r = has_extents(model, ext);
	}
	ds_world_rewind(model->world);
	/* The blocks themselves are free again. */
	conform_ranges_clear(&model->places->guards);
	return r;
}

/*
 * Tries all links. Return: 1 with links that give @ext, 0 if none do, or
 * -ENOMEM. A link is found out if only one way of it gives @ext.
 */
static int search(struct conform_model *model, struct window *window,
		  const struct conform_call *call, const char *ext,
		  uint32_t *ret_links)
{
	struct conform_places *places = model->places;
	uint32_t now = present_links(window), all = UINT32_MAX, any = 0, i;
	uint32_t n_tries = UINT32_C(1) << window->n_open;
	bool found = false;
	int r = ds_world_mark(model->world);

	for (i = 0; i < n_tries && r == 0; i++) {
		r = try_call(model, window, now ^ i, call, ext);
		if (r <= 0)
			continue;
		if (!found)
			*ret_links = now ^ i;
		found = true;
		all &= now ^ i;
		any |= now ^ i;
		r = 0;
	}
	for (i = 0; i < window->n_open && found; i++) {
		uint64_t page = window->range.first.pgidx + window->open[i];

		if ((all >> i & 1) == (any >> i & 1))
			places->findings[places->n_findings++] =
				(struct finding){page,
						 all >> i & 1 ? JOINED : CUT};
	}
	return r < 0 ? r : found;
}

/* Whether zero-out for the write can reach slot @i. */
static bool is_near(const struct window *window, size_t i)
{
	uint64_t page = window->range.first.pgidx + i;

	return page + REACH >= window->write.first.pgidx &&
	       page <= window->write.end.pgidx + REACH;
}

static bool is_loose(const struct window *window, size_t i)
{
	return window->slots[i].loose && is_near(window, i) &&
	       matters(window, i);
}

static bool has_loose(const struct window *window)
{
	size_t i;

	for (i = 1; i < window->n; i++)
		if (is_loose(window, i))
			return true;
	return false;
}

/*
 * The links that are open do not explain @ext: tries besides to cut one
 * allocation. Return: as search().
 */
static int search_cut(struct conform_model *model, struct window *window,
		      const struct conform_call *call, const char *ext,
		      uint32_t *ret_links)
{
	unsigned int n_open = window->n_open;
	size_t i;
	int r = 0;

	for (i = 1; i < window->n && r == 0; i++) {
		if (!is_loose(window, i))
			continue;
		window->open[n_open] = i;
		window->n_open = n_open + 1;
		r = search(model, window, call, ext, ret_links);
		if (r == 0)
			window->slots[i].joined = true;
	}
	if (r == 0)
		window->n_open = n_open;
	return r;
}

/* The blocks have moved: what is known of them goes along. */
static int settle(struct conform_model *model, const struct window *window)
{
	struct block *blocks = model->places->blocks;
	struct conform_ranges ext = {0};
	struct block *saved = calloc(window->n, sizeof(*saved));
	size_t i;
	int r;

	if (!saved)
		return -ENOMEM;
	for (i = 0; i < window->n; i++) {
		if (is_hole(&window->slots[i]))
			continue;
		saved[i] = blocks[window->slots[i].run.pfn.pfn];
		blocks[window->slots[i].run.pfn.pfn] = no_block;
	}
	for (i = 0; i < window->n; i++)
		if (!is_hole(&window->slots[i]))
			blocks[window->slots[i].to.pfn] = saved[i];
	free(saved);
	conform_ranges_clear(&model->blocks);
	r = conform_model_list(model, &ext, &model->blocks);
	conform_ranges_clear(&ext);
	return r;
}

/*
 * A device that is full has no room to try. A call that allocates nothing may
 * have some, in which it makes no difference.
 */
static int make_room(struct conform_model *model, const struct window *window)
{
	/* Each slot, and two guards if all of them are apart. */
	uint64_t n = 3 * window->n;
	size_t i;

	for (i = 0; i < window->n; i++)
		if (is_hole(&window->slots[i]))
			return 0;
	if (ds_blocks_n_free(model->world->super->blocks) >= n)
		return 0;
	return conform_model_lend(model, n);
}

int conform_places_choose(struct conform_model *model,
			  const struct conform_call *call, const char *ext)
{
	struct window window;
	uint32_t links = 0;
	int r = make_window(model, call, &window);

	model->places->n_findings = 0;
	if (r > 0 && (window.n_open || has_loose(&window))) {
		r = make_room(model, &window);
		if (r == 0)
			r = search(model, &window, call, ext, &links);
		if (r == 0)
			r = search_cut(model, &window, call, ext, &links);
	}
	if (r > 0) {
		try_links(&window, links);
		if (!is_in_place(&window)) {
			r = arrange(model, &window);
			if (r > 0)
				r = settle(model, &window);
		}
	}
	free(window.slots);
	return r < 0 ? r : 0;
}

/* ------------------------------- Following -------------------------------- */

static void follow_finding(struct block *blocks,
			   const struct conform_ranges *now,
			   const struct finding *finding)
{
	uint64_t left = 0, right = 0;
	size_t i;

	for (i = 0; i < now->n; i++) {
		const struct conform_range *run = &now->at[i];

		if (finding->page - run->first < run->n)
			right = run->value + finding->page - run->first;
		if (finding->page - 1 - run->first < run->n)
			left = run->value + finding->page - 1 - run->first;
	}
	if (!left || !right)
		return;
	blocks[right].left = blocks[left].tag;
	blocks[right].link = finding->link;
}

/*
 * Whether a preallocation of ext4 is likely to end before @page: what was
 * allocated in one call then comes from two places. Where the free space was
 * short it may end before any page.
 *
 * Models: ext4_mb_normalize_request(), whose sizes these are.
 */
static bool may_end_before(uint64_t page)
{
	bool is_power = (page & (page - 1)) == 0;

	return page % 512 == 0 || (is_power && page >= 4);
}

/* Names the allocations that blocks which are new in the file came from. */
static void name_new(struct conform_places *places,
		     const struct conform_call *call,
		     const struct conform_ranges *now)
{
	uint64_t k, next = UINT64_MAX;
	size_t i;

	for (i = 0; i < now->n; i++) {
		for (k = 0; k < now->at[i].n; k++) {
			struct block *block =
				&places->blocks[now->at[i].value + k];
			uint64_t page = now->at[i].first + k;

			block->seen_by = places->n_calls;
			if (block->tag.event)
				continue;
			/* Stores allocate page by page, calls each hole. */
			if (page != next || call->op == CONFORM_MSTORE ||
			    (places->preallocated && may_end_before(page)))
				places->n_events++;
			block->tag.event = places->n_events;
			block->tag.index = (uint32_t)page;
			block->loose = places->preallocated;
			next = page + 1;
		}
	}
}

/* Forgets the blocks that left the file. Return: whether there were any. */
static bool forget_old(struct conform_places *places,
		       const struct conform_ranges *before)
{
	bool found = false;
	uint64_t k;
	size_t i;

	for (i = 0; i < before->n; i++) {
		for (k = 0; k < before->at[i].n; k++) {
			struct block *block =
				&places->blocks[before->at[i].value + k];

			if (block->seen_by == places->n_calls)
				continue;
			*block = no_block;
			found = true;
		}
	}
	return found;
}

void conform_places_follow(const struct conform_model *model,
			   const struct conform_call *call, bool succeeded,
			   const struct conform_ranges *now)
{
	const int shifts = FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE;
	struct conform_places *places = model->places;
	uint32_t n_events = places->n_events;
	bool lost;
	unsigned int i;

	release_guards(model);
	places->n_calls++;
	name_new(places, call, now);
	lost = forget_old(places, &model->blocks);
	for (i = 0; i < places->n_findings; i++)
		follow_finding(places->blocks, now, &places->findings[i]);
	/* Writes preallocate; truncate and the like give that up. */
	if (lost || (call->op == CONFORM_FALLOCATE && succeeded &&
		     (call->mode & shifts)))
		places->preallocated = false;
	else if (call->op != CONFORM_FALLOCATE && places->n_events != n_events)
		places->preallocated = true;
}
