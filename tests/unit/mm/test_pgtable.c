// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/prng.h"
#include "mm/pgtable.h"

static const unsigned int fanouts[] = {1, 2, 4, 9};

#define N_FANOUTS (sizeof(fanouts) / sizeof(fanouts[0]))

static struct ds_arena *make_arena(size_t size)
{
	struct ds_arena *arena;

	assert_int_equal(ds_arena_new(size, &arena), 0);
	return arena;
}

static struct ds_vpn vpn(uint64_t n)
{
	return (struct ds_vpn){n};
}

static void an_entry_keeps_its_frame_and_its_bits(void **state)
{
	uint64_t read_only = ds_pte(ds_pfn(77), false);
	uint64_t writable = ds_pte(ds_pfn(77), true);

	(void)state;
	assert_int_equal(ds_pte_pfn(read_only).pfn, 77);
	assert_int_equal(ds_pte_pfn(writable).pfn, 77);
	assert_true(ds_pte_allows(read_only, false));
	assert_false(ds_pte_allows(read_only, true));
	assert_true(ds_pte_allows(writable, true));
	assert_false(ds_pte_allows(0, false));
	assert_true(ds_pte_allows(ds_pte(ds_pfn(0), false), false));
}

static void what_nobody_set_reads_as_absent(void **state)
{
	struct ds_arena *arena = make_arena(1 << 20);
	struct ds_pgtable table;

	(void)state;
	ds_pgtable_init(&table, arena, 2);
	assert_int_equal(ds_pgtable_read(&table, vpn(5)), 0);
	assert_null(ds_pgtable_find(&table, vpn(5)));
	assert_int_equal(ds_arena_used(arena), 0);
	ds_arena_free(arena);
}

static void entries_of_every_fanout_stay_where_they_were_put(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < N_FANOUTS; i++) {
		struct ds_arena *arena = make_arena(1 << 24);
		struct ds_prng prng = {i};
		struct ds_pgtable table;
		uint64_t limit;

		ds_pgtable_init(&table, arena, fanouts[i]);
		limit = ds_pgtable_limit(&table).vpn;
		assert_int_equal(limit, UINT64_C(1) << (4 * fanouts[i]));
		for (j = 0; j < 50; j++) {
			uint64_t at = ds_prng_below(&prng, limit);

			atomic_store(ds_pgtable_make(&table, vpn(at)), at + 1);
			assert_ptr_equal(ds_pgtable_make(&table, vpn(at)),
					 ds_pgtable_find(&table, vpn(at)));
		}
		prng.state = i;
		for (j = 0; j < 50; j++) {
			uint64_t at = ds_prng_below(&prng, limit);

			assert_int_equal(ds_pgtable_read(&table, vpn(at)),
					 at + 1);
		}
		assert_non_null(ds_pgtable_make(&table, vpn(limit - 1)));
		ds_pgtable_clear(&table);
		assert_int_equal(ds_arena_used(arena), 0);
		ds_arena_free(arena);
	}
}

static void neighbours_share_their_tables(void **state)
{
	struct ds_arena *arena = make_arena(1 << 20);
	struct ds_pgtable table;
	size_t used;

	(void)state;
	ds_pgtable_init(&table, arena, 4);
	assert_non_null(ds_pgtable_make(&table, vpn(16)));
	used = ds_arena_used(arena);
	assert_ptr_equal(ds_pgtable_make(&table, vpn(31)),
			 ds_pgtable_find(&table, vpn(16)) + 15);
	assert_int_equal(ds_arena_used(arena), used);
	assert_non_null(ds_pgtable_make(&table, vpn(32)));
	assert_true(ds_arena_used(arena) > used);
	ds_pgtable_clear(&table);
	ds_arena_free(arena);
}

static void a_table_without_memory_is_refused(void **state)
{
	/* A page is the least an arena has: three nodes of 1 KiB fit. */
	struct ds_arena *arena = make_arena(4096);
	struct ds_pgtable table;

	(void)state;
	ds_pgtable_init(&table, arena, 7);
	assert_null(ds_pgtable_make(&table, vpn(1)));
	assert_int_equal(ds_pgtable_read(&table, vpn(1)), 0);
	ds_pgtable_clear(&table);
	assert_int_equal(ds_arena_used(arena), 0);
	ds_arena_free(arena);
}

static void a_huge_entry_reads_as_one_for_each_page(void **state)
{
	struct ds_arena *arena = make_arena(1 << 20);
	struct ds_pgtable table;
	uint64_t i;

	(void)state;
	ds_pgtable_init(&table, arena, 4);
	ds_pgtable_set_huge(&table, 2);
	assert_int_equal(ds_pgtable_limit(&table).vpn, 1 << 14);
	assert_null(ds_pgtable_find_huge(&table, vpn(8)));
	atomic_store(ds_pgtable_make_huge(&table, vpn(9)),
		     ds_pte(ds_pfn(64), true) | DS_PTE_HUGE);
	for (i = 8; i < 12; i++) {
		uint64_t pte = ds_pgtable_read(&table, vpn(i));

		assert_int_equal(ds_pte_pfn(pte).pfn, 64 + i - 8);
		assert_true(ds_pte_allows(pte, true));
		assert_true(pte & DS_PTE_HUGE);
		assert_null(ds_pgtable_find(&table, vpn(i)));
	}
	assert_int_equal(ds_pgtable_read(&table, vpn(7)), 0);
	assert_int_equal(ds_pgtable_read(&table, vpn(12)), 0);
	/* The zero page is every page of a huge one. */
	atomic_store(ds_pgtable_make_huge(&table, vpn(12)),
		     ds_pte(ds_pfn(0), false) | DS_PTE_HUGE);
	for (i = 12; i < 16; i++)
		assert_int_equal(
			ds_pte_pfn(ds_pgtable_read(&table, vpn(i))).pfn, 0);
	ds_pgtable_clear(&table);
	assert_int_equal(ds_arena_used(arena), 0);
	ds_arena_free(arena);
}

static struct ds_digest digest_of(const struct ds_pgtable *table)
{
	struct ds_digest digest = {0, 0};

	ds_pgtable_digest(table, &digest);
	return digest;
}

static void a_table_counts_only_where_it_keeps_huge_entries_out(void **state)
{
	struct ds_arena *arena = make_arena(1 << 20);
	struct ds_pgtable small, huge;
	struct ds_digest none = {0, 0};

	(void)state;
	ds_pgtable_init(&small, arena, 4);
	ds_pgtable_init(&huge, arena, 4);
	ds_pgtable_set_huge(&huge, 4);
	assert_non_null(ds_pgtable_make(&small, vpn(20)));
	assert_true(ds_digest_equal(digest_of(&small), none));
	assert_non_null(ds_pgtable_make_huge(&huge, vpn(20)));
	assert_true(ds_digest_equal(digest_of(&huge), none));
	assert_non_null(ds_pgtable_make(&huge, vpn(20)));
	assert_false(ds_digest_equal(digest_of(&huge), none));
	ds_pgtable_clear(&small);
	ds_pgtable_clear(&huge);
	ds_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_keeps_its_frame_and_its_bits),
		cmocka_unit_test(what_nobody_set_reads_as_absent),
		cmocka_unit_test(
			entries_of_every_fanout_stay_where_they_were_put),
		cmocka_unit_test(neighbours_share_their_tables),
		cmocka_unit_test(a_table_without_memory_is_refused),
		cmocka_unit_test(a_huge_entry_reads_as_one_for_each_page),
		cmocka_unit_test(
			a_table_counts_only_where_it_keeps_huge_entries_out),
	};

	return cmocka_run_group_tests_name("pgtable", tests, NULL, NULL);
}
