// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static const char *const systems[] = {"xfs-4.18", "xfs-4.19", "xfs-5.10",
				      "xfs-6.1",  "xfs-6.12", "xfs-6.15"};

static const struct t_case cases[] = {
	{T_PUNCH, 7 * T_K, T_K + 1, 0, "5w 1- 1u", 8 * T_K},
	{T_PUNCH, 7 * T_K, 1 << 30, 0, "5w 1- 1u", 8 * T_K},
	/* unaligned, then too large, then beyond the end */
	{T_INSERT, 1, INT64_MAX - 1, -EINVAL, T_X},
	{T_INSERT, T_K, (INT64_MAX & ~INT64_C(4095)) - T_K, -EFBIG, T_X},
	{T_INSERT, 9 * T_K, T_K, -EINVAL, T_X},
	/* as allocation, here where no block is shared */
	{T_UNSHARE, 5 * T_K + 1, 1, 0, "5w 2u 1w", 8 * T_K},
	{T_UNSHARE, 8 * T_K, 7, 0, "5w 1- 1u 1w 1u", 8 * T_K + 7},
	{T_UNSHARE | T_KEEP, 8 * T_K, 7, 0, "5w 1- 1u 1w 1u", 8 * T_K},
};

static void every_mode_does_to_the_byte_what_the_kernel_does(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		t_try_common(systems[i]);
		for (j = 0; j < T_N(cases); j++)
			t_try(systems[i], &cases[j]);
	}
}

/* --------------------------- Orders of steps ------------------------------ */

/* The words of t_word(). */
#define LOCK "+i +f mapped? unmap busy? "

static void truncate_writes_the_size_before_pages_and_blocks_go(void **state)
{
	(void)state;
	t_assert_order("xfs-4.19", -1, 0, T_K + 7,
		       LOCK "dio? bytes size unmap drop unmap +j +x extents "
			    "free extents free extents free -x -j -f -i");
	t_assert_order("xfs-4.19", -1, 0, 9 * T_K,
		       LOCK "dio? size +j +x -x -j -f -i");
}

static void punch_drops_pages_then_blocks_then_zeroes_edges(void **state)
{
	(void)state;
	t_assert_order("xfs-4.19", T_PUNCH, T_K, 2 * T_K,
		       LOCK "dio? flush unmap drop +j +x extents free -x -j -f "
			    "-i");
	t_assert_order("xfs-4.19", T_PUNCH, T_K + 7, 2 * T_K,
		       LOCK "dio? flush unmap drop +j +x extents free -x -j "
			    "bytes -f -i");
}

/* What the allocator has is in two pieces. */
static void zero_frees_blocks_and_allocates_others(void **state)
{
	(void)state;
	t_assert_order("xfs-4.19", T_ZERO, T_K, 2 * T_K,
		       LOCK "dio? flush unmap drop +j +x extents free -x -j "
			    "+j +x alloc extents alloc extents -x -j -f -i");
}

static void collapse_punches_shifts_and_sets_the_size(void **state)
{
	(void)state;
	t_assert_order("xfs-4.19", T_COLLAPSE, T_K, T_K,
		       LOCK "dio? flush unmap drop +j +x extents free -x -j "
			    "flush unmap drop unmap +j +x extents -x -j dio? "
			    "size unmap +j +x -x -j -f -i");
}

static void insert_sets_the_size_first(void **state)
{
	(void)state;
	t_assert_order("xfs-4.19", T_INSERT, T_K, T_K,
		       LOCK "dio? size +j +x -x -j flush unmap drop unmap +j "
			    "+x extents -x -j -f -i");
}

static void allocation_waits_too(void **state)
{
	(void)state;
	t_assert_order("xfs-4.19", 0, 5 * T_K, T_K,
		       LOCK "+j +x alloc extents -x -j -f -i");
}

/* The range is dropped before the mode is looked at, from v5.5 to v6.11. */
static void when_pages_are_dropped_has_changed_twice(void **state)
{
	static const struct {
		const char *fs, *steps;
	} kernels[] = {
		{"xfs-4.18", LOCK "-f -i"},
		{"xfs-4.19", LOCK "-f -i"},
		{"xfs-5.10", LOCK "dio? flush unmap drop -f -i"},
		{"xfs-6.1", LOCK "dio? flush unmap drop -f -i"},
		{"xfs-6.12", LOCK "dio? -f -i"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++)
		t_assert_order_to(kernels[i].fs, T_COLLAPSE, T_K, 7 * T_K,
				  -EINVAL, kernels[i].steps);
}

/* From v5.5 on direct I/O is waited for once, for all modes. */
static void from_v5_5_on_every_mode_waits_for_direct_io(void **state)
{
	static const char *const kernels[] = {"xfs-5.10", "xfs-6.1",
					      "xfs-6.12"};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		t_assert_order(kernels[i], T_PUNCH, T_K, 2 * T_K,
			       LOCK "dio? flush unmap drop +j +x extents free "
				    "-x -j -f -i");
		t_assert_order(kernels[i], T_COLLAPSE, 2 * T_K, T_K,
			       LOCK "dio? flush unmap drop +j +x extents free "
				    "-x -j flush unmap drop +j +x extents -x "
				    "-j dio? size unmap +j +x -x -j -f -i");
		t_assert_order(kernels[i], T_INSERT, T_K, T_K,
			       LOCK "dio? size +j +x -x -j flush unmap "
				    "drop +j +x extents -x -j -f -i");
		t_assert_order(kernels[i], 0, 5 * T_K, T_K,
			       LOCK "dio? +j +x alloc extents -x -j -f -i");
	}
}

/* -------------------------- What waits for a pin -------------------------- */

static void every_mode_waits_whatever_its_range(void **state)
{
	static const int modes[] = {0,        T_KEEP, T_PUNCH,  T_COLLAPSE,
				    T_INSERT, T_ZERO, T_UNSHARE};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(modes); i++)
		assert_true(t_waits("xfs-4.19", modes[i], 4 * T_K, T_K));
	assert_true(t_waits("xfs-4.19", T_ZERO, 4 * T_K + 1, 1));
	assert_true(t_waits("xfs-4.19", T_PUNCH, 80 * T_K, T_K));
	assert_true(t_waits("xfs-4.19", -1, 0, 7 * T_K));
	assert_true(t_waits("xfs-4.19", -1, 0, 9 * T_K));
}

static void bad_arguments_are_found_after_the_wait(void **state)
{
	(void)state;
	assert_true(t_waits("xfs-4.19", T_COLLAPSE, 1, T_K));
	assert_true(t_waits("xfs-4.19", T_COLLAPSE, 7 * T_K, T_K));
	assert_true(t_waits("xfs-4.19", T_INSERT, 8 * T_K, T_K));
	assert_true(t_waits("xfs-6.12", T_COLLAPSE, 7 * T_K, T_K));
	/* What the VFS refuses comes before. */
	assert_false(t_waits("xfs-4.19", T_COLLAPSE | T_KEEP, 0, T_K));
}

/* ------------------------------- Failures --------------------------------- */

static void an_interrupted_call_leaves_the_file_as_it_was(void **state)
{
	static const int modes[] = {-1,     T_PUNCH, T_COLLAPSE, T_INSERT,
				    T_ZERO, 0,       T_UNSHARE};
	struct ds_file *file;
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(modes); i++) {
		struct t_job job = {
			.mode = modes[i], .offset = 2 * T_K, .len = T_K};

		file = t_interrupt(&t, "xfs-4.19", &job);
		assert_int_equal(t_size(file), 8 * T_K);
		assert_true(
			t_all_are(&t, file, 2 * T_K, 3 * T_K, t_pattern(2)));
		t_assert_holds(&t);
		t_close(&t);
	}
}

static void a_full_disk_leaves_nothing_half_allocated(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open_sized(&t, "xfs-4.19", 5); /* 4 blocks */
	file = t_file(&t, "A", 1);
	assert_int_equal(t_fallocate(&t, file, 0, 0, 6 * T_K), -ENOSPC);
	t_assert_extents(file, "1w");
	assert_int_equal(t_size(file), T_K);
	assert_int_equal(t_fallocate(&t, file, 0, T_K, 3 * T_K), 0);
	t_assert_extents(file, "1w 3u");
	t_assert_holds(&t);
	t_close(&t);
}

/* Blocks are reserved before it is known that none will be needed. */
static void allocating_what_is_there_needs_as_many_free_blocks(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open_sized(&t, "xfs-6.12", 6); /* 5 blocks */
	file = t_file(&t, "A", 3);
	assert_int_equal(t_fallocate(&t, file, 0, 0, 3 * T_K), -ENOSPC);
	assert_int_equal(t_fallocate(&t, file, FALLOC_FL_KEEP_SIZE, 1, 2 * T_K),
			 -ENOSPC);
	assert_int_equal(t_fallocate(&t, file, T_UNSHARE, 0, 3 * T_K), -ENOSPC);
	assert_int_equal(t_fallocate(&t, file, 0, T_K, 2 * T_K), 0);
	t_assert_extents(file, "3w");
	t_assert_holds(&t);
	t_close(&t);
}

static void a_write_into_a_hole_gets_all_its_blocks_or_none(void **state)
{
	const unsigned char bytes[4 * T_K + 1] = {1};
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open_sized(&t, "xfs-6.12", 5); /* 4 blocks */
	file = t_file(&t, "A", 1);
	assert_int_equal(ds_vfs_pwrite(t.setup, file, bytes, 4 * T_K, T_K),
			 -ENOSPC);
	t_assert_extents(file, "1w");
	/* What comes before the hole is written. */
	assert_int_equal(ds_vfs_pwrite(t.setup, file, bytes, 4 * T_K + 1, 0),
			 T_K);
	assert_int_equal(ds_vfs_pwrite(t.setup, file, bytes, 3 * T_K, T_K),
			 3 * T_K);
	t_assert_extents(file, "4w");
	t_assert_holds(&t);
	t_close(&t);
}

/* Space is looked for when the range is punched already. */
static void zero_on_a_full_disk_leaves_a_hole(void **state)
{
	struct t_job job = {.mode = T_ZERO, .offset = 100, .len = 3 * T_K};
	struct t_world t;

	(void)state;
	t_open_sized(&t, "xfs-4.19", 5);
	job.file = t_file(&t, "A", 2);
	t_file(&t, "B", 2);
	t_task(&t, "zero", t_do_fallocate, &job);
	assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(job.result, -ENOSPC);
	t_assert_extents(job.file, "1w");
	assert_int_equal(t_size(job.file), 2 * T_K);
	assert_true(t_all_are(&t, job.file, 0, 100, t_pattern(0)));
	assert_true(t_all_are(&t, job.file, 100, 2 * T_K, 0));
	/* That kernel is known for it. */
	t_assert_holds(&t);
	t_close(&t);
}

/* ------------------------ Blocks past the end ----------------------------- */

/* @n_written pages of data, and unwritten blocks behind up to @end. */
static struct ds_file *preallocate(struct t_world *t, uint64_t n_written,
				   int64_t end)
{
	struct ds_file *file;

	t_open(t, "xfs-4.19");
	file = t_file(t, "A", n_written);
	assert_int_equal(t_fallocate(t, file, T_KEEP, 0, end * T_K), 0);
	return file;
}

static void punch_frees_whatever_it_is_given(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = preallocate(&t, 2, 16);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, 8 * T_K, 2 * T_K), 0);
	t_assert_extents(file, "2w 6u 2- 6u");
	/* No more than it is given, either. */
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, T_K, T_K + 1), 0);
	t_assert_extents(file, "1w 1- 6u 2- 6u");
	t_close(&t);
}

static void collapse_ends_with_a_truncate(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = preallocate(&t, 8, 16);
	assert_int_equal(t_fallocate(&t, file, T_COLLAPSE, T_K, 2 * T_K), 0);
	t_assert_extents(file, "6w");
	t_close(&t);
}

static void truncate_frees_blocks_past_the_end_unless_it_grows(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = preallocate(&t, 2, 4);
	assert_int_equal(t_truncate(&t, file, 3 * T_K), 0);
	t_assert_extents(file, "2w 2u");
	assert_int_equal(t_truncate(&t, file, 3 * T_K), 0);
	t_assert_extents(file, "2w 1u");
	t_close(&t);
}

static void a_page_that_grows_past_the_end_is_zeroed_there(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "xfs-4.19");
	file = t_file(&t, "A", 1);
	assert_int_equal(t_truncate(&t, file, 100), 0);
	addr = t_map(&t, file, 0, 1);
	assert_int_equal(t_store(&t, addr + 200, 0x77), 1);
	assert_int_equal(t_truncate(&t, file, T_K), 0);
	assert_int_equal(t_byte(&t, file, 200), 0);
	assert_int_equal(t_truncate(&t, file, 100), 0);
	assert_int_equal(t_store(&t, addr + 200, 0x77), 1);
	assert_int_equal(ds_vfs_pwrite(t.setup, file, "x", 1, 300), 1);
	assert_int_equal(t_byte(&t, file, 200), 0);
	t_assert_holds(&t);
	t_close(&t);
}

static void exactly_the_blocks_asked_for_become_written(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.1");
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	assert_int_equal(t_fallocate(&t, file, 0, 0, 7 * T_K), 0);
	t_fill(&t, file, 3, 1);
	t_assert_extents(file, "3u 1w 3u");
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_mode_does_to_the_byte_what_the_kernel_does),
		cmocka_unit_test(
			truncate_writes_the_size_before_pages_and_blocks_go),
		cmocka_unit_test(
			punch_drops_pages_then_blocks_then_zeroes_edges),
		cmocka_unit_test(zero_frees_blocks_and_allocates_others),
		cmocka_unit_test(collapse_punches_shifts_and_sets_the_size),
		cmocka_unit_test(insert_sets_the_size_first),
		cmocka_unit_test(allocation_waits_too),
		cmocka_unit_test(when_pages_are_dropped_has_changed_twice),
		cmocka_unit_test(from_v5_5_on_every_mode_waits_for_direct_io),
		cmocka_unit_test(every_mode_waits_whatever_its_range),
		cmocka_unit_test(bad_arguments_are_found_after_the_wait),
		cmocka_unit_test(an_interrupted_call_leaves_the_file_as_it_was),
		cmocka_unit_test(a_full_disk_leaves_nothing_half_allocated),
		cmocka_unit_test(zero_on_a_full_disk_leaves_a_hole),
		cmocka_unit_test(punch_frees_whatever_it_is_given),
		cmocka_unit_test(collapse_ends_with_a_truncate),
		cmocka_unit_test(
			a_write_into_a_hole_gets_all_its_blocks_or_none),
		cmocka_unit_test(
			allocating_what_is_there_needs_as_many_free_blocks),
		cmocka_unit_test(
			truncate_frees_blocks_past_the_end_unless_it_grows),
		cmocka_unit_test(
			a_page_that_grows_past_the_end_is_zeroed_there),
		cmocka_unit_test(exactly_the_blocks_asked_for_become_written),
	};

	return cmocka_run_group_tests_name("xfs", tests, NULL, NULL);
}
