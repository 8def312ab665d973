// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/prng.h"
#include "pmem/blocks.h"

#define FIRST 1000u /* of the blocks */

struct t_world {
	struct ds_arena *arena;
	struct ds_blocks *blocks;
};

static void setup(struct t_world *w, uint64_t n_blocks, unsigned int n_zones)
{
	assert_int_equal(ds_arena_new(16 << 20, &w->arena), 0);
	assert_int_equal(ds_blocks_new(w->arena, ds_pfn(FIRST), n_blocks,
				       n_zones, &w->blocks),
			 0);
}

static void teardown(struct t_world *w)
{
	ds_blocks_check(w->blocks);
	ds_blocks_free(w->blocks);
	assert_int_equal(ds_arena_used(w->arena), 0);
	ds_arena_free(w->arena);
}

/* Expects the run [@first, +@n), counted from the first block. */
static void expect_alloc(struct t_world *w, unsigned int zone, uint64_t want,
			 uint64_t first, uint64_t n)
{
	struct ds_pfn pfn = {0};

	assert_int_equal(ds_blocks_alloc(w->blocks, zone, want, &pfn), n);
	assert_int_equal(pfn.pfn, FIRST + first);
	ds_blocks_check(w->blocks);
}

static void give(struct t_world *w, uint64_t first, uint64_t n)
{
	ds_blocks_release(w->blocks, ds_pfn(FIRST + first), n);
	ds_blocks_check(w->blocks);
}

static void take_all(struct t_world *w)
{
	struct ds_pfn pfn;

	while (ds_blocks_alloc(w->blocks, 0, UINT64_MAX, &pfn))
		;
	assert_int_equal(ds_blocks_n_free(w->blocks), 0);
}

static void all_blocks_begin_free(void **state)
{
	struct t_world w;

	(void)state;
	setup(&w, 100, 3);
	assert_int_equal(ds_blocks_n_free(w.blocks), 100);
	for (unsigned int i = 0; i < 100; i++)
		assert_true(ds_blocks_is_free(w.blocks, ds_pfn(FIRST + i)));
	teardown(&w);
}

static void the_lowest_run_that_is_long_enough_is_taken(void **state)
{
	struct t_world w;

	(void)state;
	setup(&w, 200, 1);
	take_all(&w);
	give(&w, 10, 3);
	give(&w, 60, 20);
	give(&w, 130, 20);
	/* What the stack holds goes first; make it forget. */
	for (unsigned int i = 0; i < 8; i++)
		give(&w, 190 - 2 * i, 1);
	for (unsigned int i = 8; i-- > 0;)
		expect_alloc(&w, 0, 1, 190 - 2 * i, 1);
	expect_alloc(&w, 0, 5, 60, 5);
	expect_alloc(&w, 0, 2, 10, 2);
	expect_alloc(&w, 0, 16, 130, 16);
	teardown(&w);
}

static void the_longest_run_is_taken_when_none_is_long_enough(void **state)
{
	struct t_world w;

	(void)state;
	setup(&w, 300, 1);
	take_all(&w);
	give(&w, 10, 3);
	give(&w, 60, 70);
	give(&w, 200, 70);
	for (unsigned int i = 0; i < 8; i++)
		give(&w, 299 - 2 * i, 1);
	for (unsigned int i = 8; i-- > 0;)
		expect_alloc(&w, 0, 1, 299 - 2 * i, 1);
	expect_alloc(&w, 0, 100, 60, 70);
	expect_alloc(&w, 0, 100, 200, 70);
	expect_alloc(&w, 0, 100, 10, 3);
	teardown(&w);
}

static void the_run_freed_last_is_handed_out_first(void **state)
{
	struct t_world w;

	(void)state;
	setup(&w, 64, 1);
	expect_alloc(&w, 0, 32, 0, 32);
	give(&w, 4, 4);
	give(&w, 20, 2);
	expect_alloc(&w, 0, 1, 20, 1);
	expect_alloc(&w, 0, 3, 21, 1); /* short, but it is the last */
	expect_alloc(&w, 0, 9, 4, 4);
	expect_alloc(&w, 0, 9, 32, 9);
	teardown(&w);
}

static void an_empty_zone_goes_on_in_the_next(void **state)
{
	struct t_world w;
	struct ds_pfn pfn;

	(void)state;
	setup(&w, 10, 3);
	expect_alloc(&w, 1, 100, 3, 3);
	expect_alloc(&w, 1, 100, 6, 4); /* the last has what is left over */
	expect_alloc(&w, 1, 100, 0, 3); /* and then the first again */
	assert_int_equal(ds_blocks_alloc(w.blocks, 1, 1, &pfn), 0);
	teardown(&w);
}

static void a_run_freed_over_zones_returns_to_each(void **state)
{
	struct t_world w;

	(void)state;
	setup(&w, 64, 4);
	take_all(&w);
	give(&w, 10, 40);
	assert_int_equal(ds_blocks_n_free(w.blocks), 40);
	expect_alloc(&w, 2, 100, 32, 16);
	expect_alloc(&w, 0, 100, 10, 6);
	expect_alloc(&w, 3, 100, 48, 2);
	expect_alloc(&w, 1, 100, 16, 16);
	teardown(&w);
}

static void a_small_universe_needs_less_than_a_kilobyte(void **state)
{
	struct t_world w;

	(void)state;
	setup(&w, 64, 4);
	print_message("# 64 blocks in 4 zones: %zu bytes\n",
		      ds_arena_used(w.arena));
	assert_true(ds_arena_used(w.arena) < 1024);
	teardown(&w);
}

/* A search merges equal states: no trace of the way there may remain. */
static void equal_states_are_equal_bytes(void **state)
{
	struct t_world w;
	unsigned char before[1024];
	struct ds_pfn pfn;
	size_t len;

	(void)state;
	setup(&w, 64, 4);
	len = ds_arena_used(w.arena);
	assert_true(len <= sizeof(before));
	expect_alloc(&w, 0, 3, 0, 3);
	memcpy(before, w.blocks, len);
	give(&w, 1, 2);
	give(&w, 0, 1);
	assert_memory_not_equal(before, w.blocks, len);
	expect_alloc(&w, 0, 1, 0, 1);
	expect_alloc(&w, 0, 1, 1, 1);
	assert_int_equal(ds_blocks_alloc(w.blocks, 0, 1, &pfn), 1);
	assert_memory_equal(before, w.blocks, len);
	teardown(&w);
}

static void too_many_blocks_are_refused(void **state)
{
	struct ds_blocks *blocks = NULL;
	struct ds_arena *arena;

	(void)state;
	assert_int_equal(ds_arena_new(1 << 20, &arena), 0);
	assert_int_equal(ds_blocks_new(arena, ds_pfn(0), UINT64_C(1) << 32, 1,
				       &blocks),
			 -EFBIG);
	assert_int_equal(ds_blocks_new(arena, ds_pfn(0), 1 << 30, 1, &blocks),
			 -ENOMEM);
	assert_null(blocks);
	assert_int_equal(ds_arena_used(arena), 0);
	ds_blocks_free(NULL);
	ds_arena_free(arena);
}

/* Return: whether @act ends in an assertion. */
static bool dies(struct t_world *w, void (*act)(struct t_world *w))
{
	const struct rlimit no_core = {0, 0};
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)signal(SIGABRT, SIG_DFL);
		(void)!freopen("/dev/null", "w", stderr);
		act(w);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void free_a_free_block(struct t_world *w)
{
	ds_blocks_release(w->blocks, ds_pfn(FIRST + 3), 2);
}

static void free_past_the_end(struct t_world *w)
{
	ds_blocks_release(w->blocks, ds_pfn(FIRST + 63), 2);
}

static void free_before_the_start(struct t_world *w)
{
	ds_blocks_release(w->blocks, ds_pfn(FIRST - 1), 1);
}

static void use_a_zone_too_many(struct t_world *w)
{
	struct ds_pfn pfn;

	ds_blocks_alloc(w->blocks, 4, 1, &pfn);
}

static void free_a_used_block(struct t_world *w)
{
	ds_blocks_release(w->blocks, ds_pfn(FIRST + 2), 1);
}

static void misuse_is_caught(void **state)
{
	struct t_world w;

	(void)state;
	setup(&w, 64, 4);
	expect_alloc(&w, 0, 4, 0, 4);
	expect_alloc(&w, 3, 16, 48, 16);
	assert_true(dies(&w, free_a_free_block));
	assert_true(dies(&w, free_past_the_end));
	assert_true(dies(&w, free_before_the_start));
	assert_true(dies(&w, use_a_zone_too_many));
	assert_false(dies(&w, free_a_used_block));
	teardown(&w);
}

/* The contract of blocks.h over one flag a block. */

#define MODEL_ZONES_MAX 8
#define MODEL_RECENT    8

struct model {
	uint32_t n_blocks;
	uint32_t n_zones;
	bool *used;
	struct {
		uint32_t n;
		uint32_t first[MODEL_RECENT + 1];
		uint32_t len[MODEL_RECENT + 1];
	} zone[MODEL_ZONES_MAX];
};

static uint32_t model_zone_first(const struct model *m, uint32_t zone)
{
	return zone == m->n_zones ? m->n_blocks
				  : zone * (m->n_blocks / m->n_zones);
}

static uint32_t model_search(const struct model *m, uint32_t zone,
			     uint32_t want, uint32_t *ret_first)
{
	uint32_t end = model_zone_first(m, zone + 1);
	uint32_t best = 0;

	for (uint32_t i = model_zone_first(m, zone); i < end; i++) {
		uint32_t n = 0;

		while (n < want && i + n < end && !m->used[i + n])
			n++;
		if (n > best) {
			best = n;
			*ret_first = i;
		}
		if (n == want)
			break;
		i += n;
	}
	return best;
}

static uint32_t model_alloc(struct model *m, uint32_t zone, uint32_t want,
			    uint32_t *ret_first)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_zones && !n; i++) {
		uint32_t at = (zone + i) % m->n_zones;
		uint32_t top = m->zone[at].n - 1;

		if (!m->zone[at].n) {
			n = model_search(m, at, want, ret_first);
			continue;
		}
		*ret_first = m->zone[at].first[top];
		n = want;
		if (n >= m->zone[at].len[top]) {
			n = m->zone[at].len[top];
			m->zone[at].n--;
		} else {
			m->zone[at].first[top] += n;
			m->zone[at].len[top] -= n;
		}
	}
	for (uint32_t i = 0; i < n; i++)
		m->used[*ret_first + i] = true;
	return n;
}

static void model_push(struct model *m, uint32_t zone, uint32_t first,
		       uint32_t n)
{
	uint32_t *at = &m->zone[zone].n;

	m->zone[zone].first[*at] = first;
	m->zone[zone].len[*at] = n;
	if (++*at > MODEL_RECENT) {
		--*at;
		for (uint32_t i = 0; i < *at; i++) {
			m->zone[zone].first[i] = m->zone[zone].first[i + 1];
			m->zone[zone].len[i] = m->zone[zone].len[i + 1];
		}
	}
}

static void model_release(struct model *m, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		m->used[first + i] = false;
	for (uint32_t zone = 0; zone < m->n_zones; zone++) {
		uint32_t from = model_zone_first(m, zone);
		uint32_t to = model_zone_first(m, zone + 1);

		from = from > first ? from : first;
		to = to < first + n ? to : first + n;
		if (from < to)
			model_push(m, zone, from, to - from);
	}
}

/* A used run somewhere, of up to @most blocks; 0 if nothing is used. */
static uint32_t pick_used(const struct model *m, struct ds_prng *prng,
			  uint32_t most, uint32_t *ret_first)
{
	uint32_t at = (uint32_t)ds_prng_below(prng, m->n_blocks);
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_blocks && !m->used[at]; i++)
		at = (at + 1) % m->n_blocks;
	while (n < most && at + n < m->n_blocks && m->used[at + n])
		n++;
	*ret_first = at;
	return n;
}

static void step(struct t_world *w, struct model *m, struct ds_prng *prng,
		 uint32_t most, bool fill)
{
	uint32_t n = 1 + (uint32_t)ds_prng_below(prng, most);
	uint32_t first = 0, expected;
	struct ds_pfn pfn = {FIRST};

	if (ds_prng_below(prng, 10) < (fill ? 7 : 3)) {
		uint32_t zone = (uint32_t)ds_prng_below(prng, m->n_zones);

		expected = model_alloc(m, zone, n, &first);
		assert_int_equal(ds_blocks_alloc(w->blocks, zone, n, &pfn),
				 expected);
		if (expected)
			assert_int_equal(pfn.pfn, FIRST + first);
		return;
	}
	n = pick_used(m, prng, n, &first);
	if (!n)
		return;
	model_release(m, first, n);
	ds_blocks_release(w->blocks, ds_pfn(FIRST + first), n);
}

static void compare(const struct t_world *w, const struct model *m)
{
	uint32_t n_free = 0;

	ds_blocks_check(w->blocks);
	for (uint32_t i = 0; i < m->n_blocks; i++) {
		n_free += !m->used[i];
		assert_int_equal(ds_blocks_is_free(w->blocks,
						   ds_pfn(FIRST + i)),
				 !m->used[i]);
	}
	assert_int_equal(ds_blocks_n_free(w->blocks), n_free);
}

static void run_against_model(uint32_t n_blocks, uint32_t n_zones,
			      uint32_t most, unsigned int n_steps,
			      unsigned int compare_every)
{
	struct model m = {.n_blocks = n_blocks, .n_zones = n_zones};
	struct ds_prng prng = {n_blocks * 31 + n_zones};
	struct t_world w;

	setup(&w, n_blocks, n_zones);
	m.used = calloc(n_blocks, sizeof(*m.used));
	assert_non_null(m.used);
	for (unsigned int i = 0; i < n_steps; i++) {
		/* Long stretches of filling and of emptying. */
		step(&w, &m, &prng, most, i / 200 % 2 == 0);
		if (i % compare_every == 0)
			compare(&w, &m);
	}
	compare(&w, &m);
	free(m.used);
	teardown(&w);
}

static void random_calls_agree_with_a_flat_model(void **state)
{
	(void)state;
	run_against_model(1, 1, 3, 100, 1);
	run_against_model(16, 1, 5, 4000, 1);
	run_against_model(63, 4, 7, 4000, 7);
	run_against_model(64, 4, 20, 4000, 7);
	run_against_model(65, 1, 9, 4000, 7);
	run_against_model(129, 2, 40, 4000, 7);
	run_against_model(1000, 7, 90, 4000, 20);
}

/* More than 64 * 64 blocks in a zone: three levels of words. */
static void many_blocks_agree_with_a_flat_model(void **state)
{
	(void)state;
	run_against_model(300000, 2, 9000, 1200, 200);
}

static void what_is_long_enough_begins_where_the_world_aligns(void **state)
{
	struct ds_arena *arena;
	struct ds_blocks *blocks;
	struct ds_pfn first;

	(void)state;
	assert_int_equal(ds_arena_new(1 << 20, &arena), 0);
	assert_int_equal(ds_blocks_new(arena, ds_pfn(1), 21, 1, &blocks), 0);
	ds_blocks_align(blocks, 4);
	/* Too short to matter: the lowest. */
	assert_int_equal(ds_blocks_alloc(blocks, 0, 2, &first), 2);
	assert_int_equal(first.pfn, 1);
	assert_int_equal(ds_blocks_alloc(blocks, 0, 4, &first), 4);
	assert_int_equal(first.pfn, 4);
	/* What was passed over is for others. */
	assert_int_equal(ds_blocks_alloc(blocks, 0, 1, &first), 1);
	assert_int_equal(first.pfn, 3);
	assert_int_equal(ds_blocks_alloc(blocks, 0, 1, &first), 1);
	assert_int_equal(first.pfn, 8);
	assert_int_equal(ds_blocks_alloc(blocks, 0, 5, &first), 5);
	assert_int_equal(first.pfn, 12);
	/* No aligned run is left: the longest, as elsewhere. */
	assert_int_equal(ds_blocks_alloc(blocks, 0, 4, &first), 4);
	assert_int_equal(first.pfn, 17);
	ds_blocks_check(blocks);
	ds_blocks_free(blocks);
	ds_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_blocks_begin_free),
		cmocka_unit_test(the_lowest_run_that_is_long_enough_is_taken),
		cmocka_unit_test(
			the_longest_run_is_taken_when_none_is_long_enough),
		cmocka_unit_test(the_run_freed_last_is_handed_out_first),
		cmocka_unit_test(an_empty_zone_goes_on_in_the_next),
		cmocka_unit_test(a_run_freed_over_zones_returns_to_each),
		cmocka_unit_test(a_small_universe_needs_less_than_a_kilobyte),
		cmocka_unit_test(equal_states_are_equal_bytes),
		cmocka_unit_test(too_many_blocks_are_refused),
		cmocka_unit_test(misuse_is_caught),
		cmocka_unit_test(random_calls_agree_with_a_flat_model),
		cmocka_unit_test(many_blocks_agree_with_a_flat_model),
		cmocka_unit_test(
			what_is_long_enough_begins_where_the_world_aligns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
