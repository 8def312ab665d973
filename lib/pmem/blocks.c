// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A zone is a bitmap of free blocks under levels of summary words, one bit for
 * each word below that is not 0, plus a short stack of the runs freed last.
 *
 * Zones share no word that changes, so that different zones need no common
 * lock. Everything is a function of the calls alone, and what the stack no
 * longer holds is zeroed: equal states are equal bytes.
 */
#include <errno.h>
#include <string.h>

#include "core/assert.h"
#include "pmem/blocks.h"

#define WORD_BITS  64u
#define LEVELS_MAX 6u /* 64^6 > 2^32 */
#define RECENT_MAX 8u
#define NONE       UINT32_MAX

/* Blocks counted from the start of their zone. */
struct run {
	uint32_t first;
	uint32_t n;
};

struct zone {
	uint32_t n_blocks;
	uint32_t n_free;
	uint32_t n_recent;
	struct run recent[RECENT_MAX]; /* all free, disjoint, newest last */
	bool is_known;                 /* @digest is of the zone as it is */
	struct ds_digest digest;
};

struct ds_blocks {
	struct ds_arena *arena;
	size_t bytes; /* of this allocation */
	struct ds_pfn first;
	uint64_t n_blocks;
	uint32_t zone_blocks; /* the last zone also has what is left over */
	uint32_t n_zones;
	uint32_t align; /* 0: none */
	uint32_t n_levels;
	uint32_t level_at[LEVELS_MAX + 1]; /* in the words of a zone */
	struct zone *zones;
	uint64_t *words;
};

static uint64_t *zone_words(const struct ds_blocks *blocks, uint32_t zone)
{
	return blocks->words +
	       (uint64_t)zone * blocks->level_at[blocks->n_levels];
}

static uint32_t first_bit(uint64_t word)
{
	return (uint32_t)__builtin_ctzll(word);
}

/* The bits of word @word_idx that stand for [@first, @end). */
static uint64_t bits_between(uint32_t word_idx, uint32_t first, uint32_t end)
{
	uint32_t base = word_idx * WORD_BITS;
	uint64_t mask = ~UINT64_C(0);

	if (first > base)
		mask <<= first - base;
	if (end - base < WORD_BITS)
		mask &= (UINT64_C(1) << (end - base)) - 1;
	return mask;
}

/* The first free block at or after @from, or NONE. */
static uint32_t next_free(const struct ds_blocks *blocks, const uint64_t *words,
			  uint32_t from)
{
	const uint32_t *level_at = blocks->level_at;
	uint32_t pos = from;

	for (uint32_t level = 0; level < blocks->n_levels; level++) {
		uint32_t at = level_at[level] + pos / WORD_BITS;
		uint64_t word;

		if (at >= level_at[level + 1])
			return NONE;
		word = words[at] >> pos % WORD_BITS;
		if (!word) {
			pos = pos / WORD_BITS + 1;
			continue;
		}

		pos += first_bit(word);
		while (level-- > 0)
			pos = pos * WORD_BITS +
			      first_bit(words[level_at[level] + pos]);
		return pos;
	}

	return NONE;
}

/* The first block in [@from, @end) that is not free, or @end. */
static uint32_t next_used(const uint64_t *words, uint32_t from, uint32_t end)
{
	for (uint32_t i = from / WORD_BITS; i * WORD_BITS < end; i++) {
		uint64_t used = ~words[i] & bits_between(i, from, end);

		if (used)
			return i * WORD_BITS + first_bit(used);
	}
	return end;
}

static void summarise(const struct ds_blocks *blocks, uint64_t *words,
		      uint32_t first, uint32_t last)
{
	for (uint32_t level = 1; level < blocks->n_levels; level++) {
		const uint64_t *below = words + blocks->level_at[level - 1];
		uint64_t *here = words + blocks->level_at[level];

		first /= WORD_BITS;
		last /= WORD_BITS;
		for (uint32_t i = first; i <= last; i++) {
			uint64_t bit = UINT64_C(1) << i % WORD_BITS;

			if (below[i])
				here[i / WORD_BITS] |= bit;
			else
				here[i / WORD_BITS] &= ~bit;
		}
	}
}

static void take_run(const struct ds_blocks *blocks, uint32_t zone,
		     struct run run)
{
	uint64_t *words = zone_words(blocks, zone);
	uint32_t end = run.first + run.n;

	for (uint32_t i = run.first / WORD_BITS; i <= (end - 1) / WORD_BITS;
	     i++) {
		uint64_t mask = bits_between(i, run.first, end);

		ds_assert((words[i] & mask) == mask);
		words[i] &= ~mask;
	}
	summarise(blocks, words, run.first, end - 1);
	blocks->zones[zone].n_free -= run.n;
	blocks->zones[zone].is_known = false;
}

static void give_run(const struct ds_blocks *blocks, uint32_t zone,
		     struct run run)
{
	uint64_t *words = zone_words(blocks, zone);
	uint32_t end = run.first + run.n;

	for (uint32_t i = run.first / WORD_BITS; i <= (end - 1) / WORD_BITS;
	     i++) {
		uint64_t mask = bits_between(i, run.first, end);

		ds_assert(!(words[i] & mask));
		words[i] |= mask;
	}
	summarise(blocks, words, run.first, end - 1);
	blocks->zones[zone].n_free += run.n;
	blocks->zones[zone].is_known = false;
}

static void push_recent(struct zone *zone, struct run run)
{
	if (zone->n_recent == RECENT_MAX) {
		memmove(zone->recent, zone->recent + 1,
			sizeof(zone->recent) - sizeof(zone->recent[0]));
		zone->n_recent--;
	}
	zone->recent[zone->n_recent++] = run;
}

/* The start of the run freed last, at most @want blocks of it. */
static struct run pop_recent(struct zone *zone, uint32_t want)
{
	struct run *top = &zone->recent[zone->n_recent - 1];
	struct run run = *top;

	if (want < run.n) {
		run.n = want;
		top->first += want;
		top->n -= want;
		return run;
	}
	*top = (struct run){0, 0};
	zone->n_recent--;
	return run;
}

/* The lowest run of @want blocks, or else the longest, of them the lowest. */
static struct run search(const struct ds_blocks *blocks, uint32_t zone,
			 uint32_t want)
{
	const uint64_t *words = zone_words(blocks, zone);
	uint32_t n_blocks = blocks->zones[zone].n_blocks;
	struct run best = {0, 0};
	uint32_t pos = 0;

	while (best.n < want) {
		uint32_t end;

		pos = next_free(blocks, words, pos);
		if (pos == NONE)
			break;
		end = want < n_blocks - pos ? pos + want : n_blocks;
		end = next_used(words, pos, end);
		if (end - pos > best.n)
			best = (struct run){pos, end - pos};
		pos = end;
	}

	return best;
}

/* The lowest aligned run of @want blocks; n is 0 if there is none. */
static struct run search_aligned(const struct ds_blocks *blocks, uint32_t zone,
				 uint32_t want)
{
	const uint64_t *words = zone_words(blocks, zone);
	uint32_t n_blocks = blocks->zones[zone].n_blocks;
	uint64_t first =
		blocks->first.pfn + (uint64_t)zone * blocks->zone_blocks;
	uint32_t pos = 0;

	for (;;) {
		uint32_t end;

		pos = next_free(blocks, words, pos);
		if (pos == NONE)
			break;
		pos += (uint32_t) - (first + pos) & (blocks->align - 1);
		if (pos >= n_blocks || want > n_blocks - pos)
			break;
		end = next_used(words, pos, pos + want);
		if (end - pos == want)
			return (struct run){pos, want};
		pos = end + 1;
	}
	return (struct run){0, 0};
}

static struct run find_run(const struct ds_blocks *blocks, uint32_t zone,
			   uint32_t want)
{
	struct run run = {0, 0};

	if (blocks->align && want >= blocks->align)
		run = search_aligned(blocks, zone, want);
	return run.n ? run : search(blocks, zone, want);
}

static void layout_levels(struct ds_blocks *blocks, uint32_t zone_blocks_max)
{
	uint32_t bits = zone_blocks_max;

	do {
		uint32_t n_words = (bits - 1) / WORD_BITS + 1;

		ds_assert(blocks->n_levels < LEVELS_MAX);
		blocks->level_at[blocks->n_levels + 1] =
			blocks->level_at[blocks->n_levels] + n_words;
		blocks->n_levels++;
		bits = n_words;
	} while (bits > 1);
}

int ds_blocks_new(struct ds_arena *arena, struct ds_pfn first,
		  uint64_t n_blocks, unsigned int n_zones,
		  struct ds_blocks **ret_blocks)
{
	struct ds_blocks plan = {.arena = arena, .first = first};
	struct ds_blocks *blocks;
	uint32_t last_blocks;

	ds_assert(n_zones > 0 && n_zones <= n_blocks);
	if (n_blocks > NONE - WORD_BITS)
		return -EFBIG;

	plan.n_blocks = n_blocks;
	plan.n_zones = n_zones;
	plan.zone_blocks = (uint32_t)n_blocks / n_zones;
	last_blocks = (uint32_t)n_blocks - (n_zones - 1) * plan.zone_blocks;
	layout_levels(&plan, last_blocks);
	plan.bytes = sizeof(*blocks) + n_zones * sizeof(struct zone) +
		     sizeof(uint64_t) * n_zones * plan.level_at[plan.n_levels];

	blocks = ds_arena_alloc(arena, plan.bytes);
	if (!blocks)
		return -ENOMEM;
	plan.words = (uint64_t *)(blocks + 1);
	plan.zones =
		(struct zone *)(plan.words +
				(size_t)n_zones * plan.level_at[plan.n_levels]);
	*blocks = plan;

	for (uint32_t i = 0; i < n_zones; i++) {
		struct zone *zone = &blocks->zones[i];

		zone->n_blocks =
			i == n_zones - 1 ? last_blocks : plan.zone_blocks;
		give_run(blocks, i, (struct run){0, zone->n_blocks});
	}
	*ret_blocks = blocks;
	return 0;
}

void ds_blocks_align(struct ds_blocks *blocks, uint32_t n)
{
	ds_assert(n && !(n & (n - 1)));
	blocks->align = n;
}

void ds_blocks_free(struct ds_blocks *blocks)
{
	if (blocks)
		ds_arena_release(blocks->arena, blocks, blocks->bytes);
}

uint64_t ds_blocks_alloc(struct ds_blocks *blocks, unsigned int zone,
			 uint64_t want, struct ds_pfn *ret_first)
{
	uint32_t most = want < NONE ? (uint32_t)want : NONE;
	struct run run;

	ds_assert(zone < blocks->n_zones);
	ds_assert(want > 0);

	for (uint32_t tried = 0; !blocks->zones[zone].n_free; tried++) {
		if (tried == blocks->n_zones)
			return 0;
		zone = (zone + 1) % blocks->n_zones;
	}

	/*
	 * While the stack holds anything the bitmap is not searched, so the
	 * search cannot take a run from under the stack.
	 */
	if (blocks->zones[zone].n_recent)
		run = pop_recent(&blocks->zones[zone], most);
	else
		run = find_run(blocks, zone, most);
	take_run(blocks, zone, run);

	*ret_first = ds_pfn(blocks->first.pfn +
			    (uint64_t)zone * blocks->zone_blocks + run.first);
	return run.n;
}

static uint32_t zone_of(const struct ds_blocks *blocks, uint32_t block)
{
	uint32_t zone = block / blocks->zone_blocks;

	return zone < blocks->n_zones ? zone : blocks->n_zones - 1;
}

/* @pfn counted from the first block. */
static uint32_t block_of(const struct ds_blocks *blocks, struct ds_pfn pfn)
{
	ds_assert(pfn.pfn >= blocks->first.pfn);
	ds_assert(pfn.pfn - blocks->first.pfn < blocks->n_blocks);
	return (uint32_t)(pfn.pfn - blocks->first.pfn);
}

void ds_blocks_release(struct ds_blocks *blocks, struct ds_pfn first,
		       uint64_t n)
{
	uint32_t block = block_of(blocks, first);

	ds_assert(n > 0 && n <= blocks->n_blocks - block);

	/* A run may span zones: neighbours in a file were merged. */
	while (n > 0) {
		uint32_t zone = zone_of(blocks, block);
		uint32_t in_zone = block - zone * blocks->zone_blocks;
		uint32_t room = blocks->zones[zone].n_blocks - in_zone;
		struct run run = {in_zone, n < room ? (uint32_t)n : room};

		give_run(blocks, zone, run);
		push_recent(&blocks->zones[zone], run);
		block += run.n;
		n -= run.n;
	}
}

unsigned int ds_blocks_zone(const struct ds_blocks *blocks, struct ds_pfn pfn)
{
	return zone_of(blocks, block_of(blocks, pfn));
}

bool ds_blocks_is_free(const struct ds_blocks *blocks, struct ds_pfn pfn)
{
	uint32_t block = block_of(blocks, pfn);
	uint32_t zone = zone_of(blocks, block);
	uint32_t in_zone = block - zone * blocks->zone_blocks;

	return zone_words(blocks, zone)[in_zone / WORD_BITS] >>
		       in_zone % WORD_BITS &
	       1;
}

uint64_t ds_blocks_n_free(const struct ds_blocks *blocks)
{
	uint64_t n_free = 0;

	for (uint32_t i = 0; i < blocks->n_zones; i++)
		n_free += blocks->zones[i].n_free;
	return n_free;
}

/* The levels above the lowest follow from it. */
static struct ds_digest digest_zone(const struct ds_blocks *blocks,
				    uint32_t zone_idx)
{
	const struct zone *zone = &blocks->zones[zone_idx];
	const uint64_t *words = zone_words(blocks, zone_idx);
	struct ds_digest digest = {zone->n_recent, zone->n_recent};

	for (uint32_t i = 0; i < zone->n_recent; i++)
		ds_digest_add(&digest, (uint64_t)zone->recent[i].first << 32 |
					       zone->recent[i].n);
	for (uint32_t i = 0; i < blocks->level_at[1]; i++)
		ds_digest_add(&digest, words[i]);
	return digest;
}

void ds_blocks_digest(const struct ds_blocks *blocks, struct ds_digest *digest)
{
	for (uint32_t i = 0; i < blocks->n_zones; i++) {
		struct zone *zone = &blocks->zones[i];

		if (!zone->is_known)
			zone->digest = digest_zone(blocks, i);
		zone->is_known = true;
		ds_digest_add_all(digest, zone->digest);
	}
}

static void check_words(const struct ds_blocks *blocks, uint32_t zone)
{
	const uint64_t *words = zone_words(blocks, zone);
	uint32_t n_bits = blocks->zones[zone].n_blocks;
	uint64_t n_free = 0;

	for (uint32_t i = 0; i < blocks->level_at[1]; i++) {
		n_free += (uint64_t)__builtin_popcountll(words[i]);
		if (i * WORD_BITS >= n_bits)
			ds_assert(!words[i]);
		else
			ds_assert(!(words[i] &
				    ~bits_between(i, i * WORD_BITS, n_bits)));
	}
	ds_assert(n_free == blocks->zones[zone].n_free);

	for (uint32_t level = 1; level < blocks->n_levels; level++) {
		const uint64_t *below = words + blocks->level_at[level - 1];
		const uint64_t *here = words + blocks->level_at[level];
		uint32_t n_below =
			blocks->level_at[level] - blocks->level_at[level - 1];
		uint32_t n_here =
			blocks->level_at[level + 1] - blocks->level_at[level];

		for (uint32_t i = 0; i < n_here * WORD_BITS; i++) {
			bool set = here[i / WORD_BITS] >> i % WORD_BITS & 1;

			ds_assert(set == (i < n_below && below[i]));
		}
	}
}

static void check_recent(const struct ds_blocks *blocks, uint32_t zone_idx)
{
	const struct zone *zone = &blocks->zones[zone_idx];
	const uint64_t *words = zone_words(blocks, zone_idx);

	ds_assert(zone->n_recent <= RECENT_MAX);
	for (uint32_t i = 0; i < RECENT_MAX; i++) {
		struct run run = zone->recent[i];

		if (i >= zone->n_recent) {
			ds_assert(!run.first && !run.n);
			continue;
		}
		ds_assert(run.n && run.first < zone->n_blocks);
		ds_assert(run.n <= zone->n_blocks - run.first);
		for (uint32_t b = run.first; b < run.first + run.n; b++)
			ds_assert(words[b / WORD_BITS] >> b % WORD_BITS & 1);
		for (uint32_t k = 0; k < i; k++) {
			struct run other = zone->recent[k];

			ds_assert(run.first >= other.first + other.n ||
				  other.first >= run.first + run.n);
		}
	}
}

void ds_blocks_check(const struct ds_blocks *blocks)
{
	uint64_t n_blocks = 0;

	for (uint32_t i = 0; i < blocks->n_zones; i++) {
		check_words(blocks, i);
		check_recent(blocks, i);
		n_blocks += blocks->zones[i].n_blocks;
	}
	ds_assert(n_blocks == blocks->n_blocks);
}
