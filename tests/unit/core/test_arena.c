// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../support/dies.h"
#include "core/arena.h"
#include "core/prng.h"

#define LIMIT ((size_t)4 << 20)

static int set_up(void **state)
{
	struct ds_arena *arena = NULL;

	if (ds_arena_new(LIMIT, &arena) < 0)
		return -1;
	*state = arena;
	return 0;
}

static int tear_down(void **state)
{
	ds_arena_free(*state);
	return 0;
}

static bool is_filled(const void *mem, unsigned char byte, size_t size)
{
	const unsigned char *bytes = mem;
	size_t i;

	for (i = 0; i < size; i++)
		if (bytes[i] != byte)
			return false;
	return true;
}

static void memory_is_zeroed_and_aligned(void **state)
{
	size_t size;

	for (size = 1; size < 20000; size = size * 3 + 1) {
		void *mem = ds_arena_alloc(*state, size);

		assert_non_null(mem);
		assert_int_equal((uintptr_t)mem % 64, 0);
		assert_true(is_filled(mem, 0, size));
		memset(mem, 0xff, size);
	}
}

static void released_memory_is_handed_out_again_zeroed(void **state)
{
	void *first = ds_arena_alloc(*state, 100);
	void *second = ds_arena_alloc(*state, 100);

	memset(first, 0xff, 100);
	memset(second, 0xff, 100);
	ds_arena_release(*state, first, 100);
	ds_arena_release(*state, second, 100);
	/* Last in, first out; sizes that round alike are alike. */
	assert_ptr_equal(ds_arena_alloc(*state, 128), second);
	assert_true(is_filled(second, 0, 128));
	assert_ptr_equal(ds_arena_alloc(*state, 65), first);
	assert_true(is_filled(first, 0, 65));
}

static void sizes_of_other_classes_are_not_mixed(void **state)
{
	static const size_t sizes[] = {64, 65, 4160, 5120, 5121, 8192, 8193};
	unsigned int i, n = sizeof(sizes) / sizeof(sizes[0]);
	void *mem[sizeof(sizes) / sizeof(sizes[0])];

	for (i = 0; i < n; i++)
		mem[i] = ds_arena_alloc(*state, sizes[i]);
	for (i = 0; i < n; i++)
		ds_arena_release(*state, mem[i], sizes[i]);
	/* 5121 and 8192 share the class of 8 KiB. */
	assert_ptr_equal(ds_arena_alloc(*state, 6000), mem[5]);
	assert_ptr_equal(ds_arena_alloc(*state, 6000), mem[4]);
	for (i = 0; i < n; i++)
		if (i != 4 && i != 5)
			assert_ptr_equal(ds_arena_alloc(*state, sizes[i]),
					 mem[i]);
}

static void live_pieces_never_overlap(void **state)
{
	enum { N = 64 };
	struct ds_prng prng = {1};
	unsigned char *mem[N] = {NULL};
	size_t size[N] = {0};
	unsigned int round, i;

	for (round = 0; round < 20000; round++) {
		i = (unsigned int)ds_prng_below(&prng, N);
		if (mem[i]) {
			assert_true(
				is_filled(mem[i], (unsigned char)i, size[i]));
			ds_arena_release(*state, mem[i], size[i]);
			mem[i] = NULL;
			continue;
		}
		size[i] = 1 + ds_prng_below(&prng, 9000) %
				      (1 + ds_prng_below(&prng, 9000));
		mem[i] = ds_arena_alloc(*state, size[i]);
		assert_non_null(mem[i]);
		memset(mem[i], (int)i, size[i]);
	}
}

static void beyond_the_limit_there_is_no_memory(void **state)
{
	size_t used, n = 0;
	void *mem, *last = NULL;

	assert_null(ds_arena_alloc(*state, LIMIT));
	while ((mem = ds_arena_alloc(*state, 1000))) {
		last = mem;
		n++;
	}
	assert_in_range(n, LIMIT / 1024 - 8, LIMIT / 1024);
	used = ds_arena_used(*state);
	assert_in_range(used, n * 1000, LIMIT);
	assert_null(ds_arena_alloc(*state, 1000));
	assert_int_equal(ds_arena_used(*state), used);
	/* What is given back serves again. */
	ds_arena_release(*state, last, 1000);
	assert_ptr_equal(ds_arena_alloc(*state, 1000), last);
}

static void used_counts_what_is_handed_out(void **state)
{
	size_t before = ds_arena_used(*state);
	void *mem = ds_arena_alloc(*state, 1);
	size_t one = ds_arena_used(*state);

	assert_in_range(one - before, 1, 64);
	ds_arena_release(*state, mem, 1);
	assert_int_equal(ds_arena_used(*state), before);
	ds_arena_release(*state, NULL, 1);
	assert_int_equal(ds_arena_used(*state), before);
}

static void freeing_no_arena_is_a_no_op(void **state)
{
	(void)state;
	ds_arena_free(NULL);
}

static void rewinding_brings_back_contents(void **state)
{
	char *kept = ds_arena_alloc(*state, 100);
	char *dropped = ds_arena_alloc(*state, 100);
	int i;

	strcpy(kept, "as marked");
	strcpy(dropped, "this too");
	assert_int_equal(ds_arena_mark(*state), 0);
	for (i = 0; i < 3; i++) {
		strcpy(kept, "changed");
		ds_arena_release(*state, dropped, 100);
		assert_ptr_equal(ds_arena_alloc(*state, 100), dropped);
		ds_arena_rewind(*state);
		assert_string_equal(kept, "as marked");
		assert_string_equal(dropped, "this too");
	}
}

/* One run of allocations and releases, by @seed. */
static uint64_t churn(struct ds_arena *arena, void **old, uint64_t seed)
{
	struct ds_prng prng = {seed};
	void *mem[16] = {NULL};
	size_t size[16] = {0};
	uint64_t hash = 0;
	unsigned int round, i;

	for (i = 0; i < 4; i++) {
		mem[i] = old[i];
		size[i] = 200;
	}
	for (round = 0; round < 200; round++) {
		i = (unsigned int)ds_prng_below(&prng, 16);
		if (mem[i]) {
			ds_arena_release(arena, mem[i], size[i]);
			mem[i] = NULL;
			continue;
		}
		size[i] = 1 + ds_prng_below(&prng, 6000);
		mem[i] = ds_arena_alloc(arena, size[i]);
		hash = ds_hash_step(hash, (uintptr_t)mem[i]);
		memset(mem[i], 0xee, size[i]);
	}
	return hash;
}

static void the_same_run_gets_the_same_addresses(void **state)
{
	void *old[8];
	uint64_t first, i;

	for (i = 0; i < 8; i++)
		old[i] = ds_arena_alloc(*state, 200);
	/* Free lists are part of the mark. */
	for (i = 4; i < 8; i++)
		ds_arena_release(*state, old[i], 200);
	assert_int_equal(ds_arena_mark(*state), 0);
	first = churn(*state, old, 1);
	for (i = 2; i < 10; i++) {
		ds_arena_rewind(*state);
		churn(*state, old, i);
		ds_arena_rewind(*state);
		assert_true(churn(*state, old, 1) == first);
	}
	ds_arena_rewind(*state);
	assert_ptr_equal(ds_arena_alloc(*state, 200), old[7]);
	assert_ptr_equal(ds_arena_alloc(*state, 200), old[6]);
}

static void memory_allocated_after_the_mark_is_forgotten(void **state)
{
	size_t used = ds_arena_used(*state);
	char *mem;

	assert_int_equal(ds_arena_mark(*state), 0);
	mem = ds_arena_alloc(*state, 5000);
	memset(mem, 0xff, 5000);
	ds_arena_rewind(*state);
	assert_int_equal(ds_arena_used(*state), used);
	assert_ptr_equal(ds_arena_alloc(*state, 5000), mem);
	assert_true(is_filled(mem, 0, 5000));
}

static void a_later_mark_replaces_the_earlier(void **state)
{
	int *value = ds_arena_alloc(*state, sizeof(*value));

	*value = 1;
	assert_int_equal(ds_arena_mark(*state), 0);
	*value = 2;
	assert_int_equal(ds_arena_mark(*state), 0);
	*value = 3;
	ds_arena_rewind(*state);
	assert_int_equal(*value, 2);
}

static void rewind_it(void *arena)
{
	ds_arena_rewind(arena);
}

static void allocate_nothing(void *arena)
{
	ds_arena_alloc(arena, 0);
}

static void release_twice(void *arena)
{
	void *mem = ds_arena_alloc(arena, 1);

	ds_arena_release(arena, mem, 1);
	ds_arena_release(arena, mem, 1);
}

static void misuse_aborts(void **state)
{
	assert_true(t_aborts(rewind_it, *state));
	assert_true(t_aborts(allocate_nothing, *state));
	assert_true(t_aborts(release_twice, *state));
}

static void an_arena_larger_than_memory_can_be_had(void **state)
{
	struct ds_arena *arena;

	(void)state;
	assert_int_equal(ds_arena_new((size_t)1 << 40, &arena), 0);
	assert_non_null(ds_arena_alloc(arena, 1));
	ds_arena_free(arena);
	assert_int_equal(ds_arena_new(SIZE_MAX / 2, &arena), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memory_is_zeroed_and_aligned,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			released_memory_is_handed_out_again_zeroed, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			sizes_of_other_classes_are_not_mixed, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(live_pieces_never_overlap,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			beyond_the_limit_there_is_no_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(used_counts_what_is_handed_out,
						set_up, tear_down),
		cmocka_unit_test(freeing_no_arena_is_a_no_op),
		cmocka_unit_test_setup_teardown(rewinding_brings_back_contents,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_same_run_gets_the_same_addresses, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			memory_allocated_after_the_mark_is_forgotten, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_later_mark_replaces_the_earlier, set_up, tear_down),
		cmocka_unit_test_setup_teardown(misuse_aborts, set_up,
						tear_down),
		cmocka_unit_test(an_arena_larger_than_memory_can_be_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
