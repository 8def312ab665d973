// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/data.h"

#include "../../support/world.h"

static const char *const systems[] = {"ext4-4.19", "xfs-4.19"};

static void reads_end_at_the_end_of_file(void **state)
{
	unsigned char bytes[3 * DS_PAGE_SIZE];
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 2);
	assert_int_equal(t_truncate(&t, file, T_PAGE + 10), 0);
	assert_int_equal(ds_vfs_pread(t.setup, file, bytes, sizeof(bytes), 0),
			 T_PAGE + 10);
	assert_int_equal(bytes[T_PAGE + 9], t_pattern(1));
	assert_int_equal(ds_vfs_pread(t.setup, file, bytes, 5, T_PAGE + 7), 3);
	assert_int_equal(ds_vfs_pread(t.setup, file, bytes, 5, T_PAGE + 10), 0);
	assert_int_equal(ds_vfs_pread(t.setup, file, bytes, 5, INT64_MAX - 5),
			 0);
	t_close(&t);
}

/* One read over every kind of run. */
static void what_was_never_written_reads_as_zero(void **state)
{
	unsigned char bytes[4 * DS_PAGE_SIZE];
	struct ds_file *file;
	struct t_world t;
	size_t i;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 4);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, T_PAGE, T_PAGE), 0);
	assert_int_equal(t_fallocate(&t, file, T_ZERO, 2 * T_PAGE, T_PAGE), 0);
	t_assert_extents(file, "1w 1- 1u 1w");
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(ds_vfs_pread(t.setup, file, bytes, 3 * T_PAGE,
				      T_PAGE / 2),
			 3 * T_PAGE);
	for (i = 0; i < 3 * T_PAGE; i++) {
		uint64_t page = (i + T_PAGE / 2) / T_PAGE;

		assert_int_equal(bytes[i],
				 page == 0 || page == 3 ? t_pattern(page) : 0);
	}
	t_close(&t);
}

static void a_write_makes_blocks_and_grows_the_file(void **state)
{
	struct ds_file *file;
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		t_open(&t, systems[i]);
		file = t_open_file(&t, "A", O_RDWR | O_CREAT);
		assert_int_equal(ds_vfs_pwrite(t.setup, file, "pmem", 4,
					       2 * T_PAGE - 2),
				 4);
		t_assert_extents(file, "1- 2w");
		assert_int_equal(t_size(file), 2 * T_PAGE + 2);
		assert_true(t_all_are(&t, file, 0, 2 * T_PAGE - 2, 0));
		assert_int_equal(t_byte(&t, file, 2 * T_PAGE - 1), 'm');
		assert_int_equal(t_byte(&t, file, 2 * T_PAGE), 'e');
		/* Inside the file the size stays. */
		assert_int_equal(ds_vfs_pwrite(t.setup, file, "x", 1, 0), 1);
		assert_int_equal(t_size(file), 2 * T_PAGE + 2);
		t_close(&t);
	}
}

/* Else the mapping would go on to show zeroes. */
static void a_write_takes_zero_pages_out_of_page_tables(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		t_open(&t, systems[i]);
		file = t_open_file(&t, "A", O_RDWR | O_CREAT);
		assert_int_equal(t_truncate(&t, file, 2 * T_PAGE), 0);
		assert_int_equal(t_fallocate(&t, file, 0, T_PAGE, T_PAGE), 0);
		t_assert_extents(file, "1- 1u");
		addr = t_map(&t, file, 0, 2);
		assert_int_equal(t_load(&t, addr), 0);
		assert_int_equal(t_load(&t, addr + T_PAGE), 0);
		t_fill(&t, file, 0, 0x41);
		t_fill(&t, file, 1, 0x42);
		assert_int_equal(t_load(&t, addr), 0x41);
		assert_int_equal(t_load(&t, addr + T_PAGE), 0x42);
		t_close(&t);
	}
}

static void a_write_to_written_blocks_leaves_mappings_alone(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr, pte;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 1);
	addr = t_map(&t, file, 0, 1);
	assert_int_equal(t_load(&t, addr), t_pattern(0));
	pte = t_pte(&t, addr);
	t_fill(&t, file, 0, 0x41);
	assert_int_equal(t_pte(&t, addr), pte);
	assert_int_equal(t_load(&t, addr), 0x41);
	t_close(&t);
}

/* XFS takes no block then: tests/unit/fs/test_xfs.c. */
static void a_write_that_meets_a_full_disk_is_short(void **state)
{
	unsigned char bytes[4 * DS_PAGE_SIZE] = {1};
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open_sized(&t, "ext4-4.19", 4); /* 3 blocks */
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	assert_int_equal(ds_vfs_pwrite(t.setup, file, bytes, 4 * T_PAGE, 100),
			 3 * T_PAGE - 100);
	assert_int_equal(t_size(file), 3 * T_PAGE);
	assert_int_equal(ds_vfs_pwrite(t.setup, file, bytes, 1, 3 * T_PAGE),
			 -ENOSPC);
	assert_int_equal(t_size(file), 3 * T_PAGE);
	t_assert_extents(file, "3w");
	t_close(&t);
}

/* Data lands in the page that a device is writing: both orders are legal. */
static void a_write_waits_for_no_pin(void **state)
{
	struct t_job pin = {.len = T_PAGE},
		     job = {.value = 0x41, .len = T_PAGE};
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		t_open(&t, systems[i]);
		job.file = t_file(&t, "A", 1);
		pin.addr = t_map(&t, job.file, 0, 1);
		t_pin(&t, &pin);
		t_task(&t, "write", t_do_write, &job);
		assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
		assert_int_equal(job.result, T_PAGE);
		assert_string_equal(t.steps, "+i bytes -i");
		t_close(&t);
	}
}

/* Where a page lies is guessed from the last one: also of another file. */
static void a_wrong_guess_of_the_frame_changes_nothing(void **state)
{
	static const uint64_t guesses[] = {0, 5, UINT64_MAX, UINT64_MAX >> 1};
	struct ds_file *a, *b;
	struct t_world t;
	size_t i;

	(void)state;
	t_open(&t, "ext4-4.19");
	a = t_file(&t, "A", 3);
	b = t_file(&t, "B", 3);
	for (i = 0; i < T_N(guesses); i++) {
		t.setup->frame_from_page = guesses[i];
		assert_int_equal(
			ds_vfs_pwrite(t.setup, a, "ab", 2, 2 * T_PAGE - 1), 2);
		assert_int_equal(t_byte(&t, a, 2 * T_PAGE - 1), 'a');
		assert_int_equal(t_byte(&t, a, 2 * T_PAGE), 'b');
		t.setup->frame_from_page = guesses[i];
		assert_int_equal(t_byte(&t, b, 2 * T_PAGE - 1), t_pattern(1));
	}
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_end_at_the_end_of_file),
		cmocka_unit_test(what_was_never_written_reads_as_zero),
		cmocka_unit_test(a_write_makes_blocks_and_grows_the_file),
		cmocka_unit_test(a_write_takes_zero_pages_out_of_page_tables),
		cmocka_unit_test(
			a_write_to_written_blocks_leaves_mappings_alone),
		cmocka_unit_test(a_write_that_meets_a_full_disk_is_short),
		cmocka_unit_test(a_write_waits_for_no_pin),
		cmocka_unit_test(a_wrong_guess_of_the_frame_changes_nothing),
	};

	return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
