// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"
#include "fs/plain.h"

/* The blocks of T_FILE: 5 written, a hole, one unwritten, one written. */
static void exactly_the_blocks_asked_for_become_written(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "virtiofs-6.15");
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	assert_int_equal(t_fallocate(&t, file, 0, 0, 7 * T_K), 0);
	t_fill(&t, file, 3, 1);
	t_assert_extents(file, "3u 1w 3u");
	t_fill(&t, file, 8, 1);
	t_assert_extents(file, "3u 1w 3u 1- 1w");
	t_close(&t);
}

static void a_cut_zeroes_the_rest_of_the_last_page(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = t_make_file(&t, "virtiofs-6.15");
	assert_int_equal(ds_plain_cut(t.setup, file->inode, T_K + 10), 0);
	t_assert_extents(file, "2w");
	assert_int_not_equal(t_byte(&t, file, T_K + 9), 0);
	assert_int_equal(t_byte(&t, file, T_K + 10), 0);
	assert_int_equal(t_byte(&t, file, 2 * T_K - 1), 0);
	t_close(&t);
}

static void shifts_move_whole_blocks(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = t_make_file(&t, "virtiofs-6.15");
	assert_int_equal(ds_plain_insert(t.setup, file->inode, T_K, 3 * T_K),
			 0);
	t_assert_extents(file, "1w 2- 4w 1- 1u 1w");
	assert_int_equal(ds_plain_collapse(t.setup, file->inode, T_K, 4 * T_K),
			 0);
	t_assert_extents(file, "4w 1- 1u 1w");
	t_close(&t);
}

static void what_was_allocated_before_the_disk_was_full_is_kept(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t n_free;

	(void)state;
	file = t_make_file(&t, "virtiofs-6.15");
	n_free = ds_blocks_n_free(t.super->blocks);
	assert_int_equal(ds_plain_allocate(t.setup, file->inode, 0,
					   (n_free + 64) << DS_PAGE_SHIFT),
			 -ENOSPC);
	assert_int_equal(ds_blocks_n_free(t.super->blocks), 0);
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_the_blocks_asked_for_become_written),
		cmocka_unit_test(a_cut_zeroes_the_rest_of_the_last_page),
		cmocka_unit_test(shifts_move_whole_blocks),
		cmocka_unit_test(
			what_was_allocated_before_the_disk_was_full_is_kept),
	};

	return cmocka_run_group_tests_name("plain", tests, NULL, NULL);
}
