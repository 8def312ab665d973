// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mm/private.h"

#include "../../support/world.h"

static uint64_t map_private(struct t_world *t, struct ds_file *file,
			    uint64_t n_pages)
{
	uint64_t addr = 0;

	assert_int_equal(ds_vfs_mmap(t->setup, t->space, file, 0,
				     n_pages * T_PAGE,
				     DS_MAP_WRITABLE | DS_MAP_PRIVATE, &addr),
			 0);
	return addr;
}

static bool is_copy(const struct t_world *t, uint64_t addr)
{
	return ds_pfn_is_anon(ds_pte_pfn(t_pte(t, addr)));
}

static void a_store_to_an_absent_page_copies_the_block(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 2);
	addr = map_private(&t, file, 2);
	assert_int_equal(t_store(&t, addr + 7, 0x99), 1);
	assert_true(is_copy(&t, addr));
	assert_int_equal(t_load(&t, addr + 7), 0x99);
	assert_int_equal(t_load(&t, addr + 8), t_pattern(0));
	assert_int_equal(t_byte(&t, file, 7), t_pattern(0));
	/* The entry carried the lock, and is nobody's block. */
	assert_int_equal(t_entry(file, 0), DS_ENTRY_VALID | DS_ENTRY_EMPTY);
	assert_false(t_is_dirty(file, 0));
	t_close(&t);
}

static void a_store_to_a_present_page_replaces_the_entry(void **state)
{
	static const char *const systems[] = {"xfs-4.19", "xfs-6.15"};
	struct ds_file *file;
	struct ds_pfn block;
	struct t_world t;
	uint64_t addr;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		t_open(&t, systems[i]);
		file = t_file(&t, "A", 1);
		addr = map_private(&t, file, 1);
		block = t_block(file, 0);
		assert_int_equal(t_load(&t, addr), t_pattern(0));
		assert_int_equal(t_pte(&t, addr), ds_pte(block, false));
		assert_int_equal(t_mapped(&t, block), i);
		assert_int_equal(t_store(&t, addr, 0x99), 1);
		assert_true(is_copy(&t, addr));
		assert_int_equal(t_mapped(&t, block), 0);
		assert_int_equal(t_extra(&t, block), 0);
		assert_int_equal(t_byte(&t, file, 0), t_pattern(0));
		assert_true(ds_entry_is_data(t_entry(file, 0)));
		t_close(&t);
	}
}

static void a_store_over_a_hole_copies_zeroes_and_allocates_nothing(
	void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	int touched;

	(void)state;
	for (touched = 0; touched < 2; touched++) {
		t_open(&t, "ext4-6.1");
		file = t_file(&t, "A", 1);
		assert_int_equal(t_truncate(&t, file, 2 * T_PAGE), 0);
		addr = map_private(&t, file, 2) + T_PAGE;
		if (touched)
			assert_int_equal(t_load(&t, addr), 0);
		assert_int_equal(t_store(&t, addr, 0x99), 1);
		assert_int_equal(t_load(&t, addr), 0x99);
		assert_int_equal(t_load(&t, addr + 1), 0);
		assert_int_equal(t_byte(&t, file, T_PAGE), 0);
		assert_int_equal(ds_extmap_end(file->inode->extents).pgidx, 1);
		t_close(&t);
	}
}

static void a_store_beyond_the_end_of_file_is_a_bus_error(void **state)
{
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-6.1");
	addr = map_private(&t, t_file(&t, "A", 1), 2);
	assert_int_equal(t_store(&t, addr + T_PAGE, 1), DS_SIGBUS);
	t_close(&t);
}

static void unmapping_gives_the_copy_back(void **state)
{
	struct ds_pfn copy;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	addr = map_private(&t, t_file(&t, "A", 2), 2);
	assert_int_equal(t_store(&t, addr, 1), 1);
	copy = ds_pte_pfn(t_pte(&t, addr));
	assert_int_equal(t_extra(&t, copy), 1);
	assert_int_equal(t_mapped(&t, copy), 1);
	t_unmap(&t, addr, 1);
	assert_int_equal(t_extra(&t, copy), 0);
	assert_int_equal(t_mapped(&t, copy), 0);
	/* The next one takes the same frame, and sees nothing of it. */
	assert_int_equal(t_store(&t, addr + T_PAGE, 2), 1);
	assert_int_equal(ds_pte_pfn(t_pte(&t, addr + T_PAGE)).pfn, copy.pfn);
	assert_int_equal(t_load(&t, addr + T_PAGE + 1), t_pattern(1));
	t_close(&t);
}

static void a_pinned_copy_outlives_its_mapping(void **state)
{
	struct ds_pinned pinned;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	addr = map_private(&t, t_file(&t, "A", 1), 1);
	assert_int_equal(ds_pin_pages(t.setup, t.space,
				      (struct ds_vpn){ds_page_down(addr)}, 1,
				      true, &pinned),
			 1);
	assert_true(ds_pfn_is_anon(pinned.pfn));
	assert_int_equal(pinned.inode, 0);
	t_unmap(&t, addr, 1);
	assert_int_equal(t_extra(&t, pinned.pfn), 1);
	ds_unpin_page(t.setup, t.space, &pinned);
	assert_int_equal(t_extra(&t, pinned.pfn), 0);
	t_close(&t);
}

static void a_pin_that_reads_takes_the_block(void **state)
{
	struct ds_pinned pinned;
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 1);
	addr = map_private(&t, file, 1);
	assert_int_equal(ds_pin_pages(t.setup, t.space,
				      (struct ds_vpn){ds_page_down(addr)}, 1,
				      false, &pinned),
			 1);
	assert_int_equal(pinned.pfn.pfn, t_block(file, 0).pfn);
	assert_int_equal(pinned.inode, file->inode->id);
	ds_unpin_page(t.setup, t.space, &pinned);
	t_close(&t);
}

static void punching_leaves_copies_and_truncating_takes_them(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-6.1");
	file = t_file(&t, "A", 2);
	addr = map_private(&t, file, 2);
	assert_int_equal(t_store(&t, addr, 0x99), 1);
	assert_int_equal(t_store(&t, addr + T_PAGE, 0x98), 1);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, 0, 2 * T_PAGE), 0);
	assert_int_equal(t_load(&t, addr), 0x99);
	assert_int_equal(t_load(&t, addr + T_PAGE), 0x98);
	assert_int_equal(t_truncate(&t, file, T_PAGE), 0);
	assert_int_equal(t_load(&t, addr), 0x99);
	assert_int_equal(t_load(&t, addr + T_PAGE), DS_SIGBUS);
	t_close(&t);
}

static void before_5_3_a_break_takes_every_copy(void **state)
{
	static const struct {
		const char *fs;
		int left;
	} cases[] = {{"ext4-4.19", 0},
		     {"xfs-4.19", 0},
		     {"ext4-6.1", 1},
		     {"xfs-6.1", 1},
		     {"ext4-6.15", 1}};
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t_open(&t, cases[i].fs);
		file = t_file(&t, "A", 2);
		addr = map_private(&t, file, 2);
		assert_int_equal(t_store(&t, addr, 0x99), 1);
		t_fallocate(&t, file, T_PUNCH, T_PAGE, T_PAGE);
		assert_int_equal(is_copy(&t, addr), cases[i].left);
		t_close(&t);
	}
}

static void fsync_leaves_private_areas_alone(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr, shared;

	(void)state;
	t_open(&t, "ext4-6.1");
	file = t_file(&t, "A", 1);
	shared = t_map(&t, file, 0, 1);
	addr = map_private(&t, file, 1);
	assert_int_equal(t_store(&t, shared, 0x55), 1);
	assert_int_equal(t_store(&t, addr, 0x99), 1);
	assert_int_equal(ds_vfs_fsync(t.setup, file), 0);
	assert_false(ds_pte_allows(t_pte(&t, shared), true));
	assert_true(ds_pte_allows(t_pte(&t, addr), true));
	t_close(&t);
}

static void no_free_frame_is_no_memory(void **state)
{
	struct ds_pfn pfn;
	struct t_world t;
	uint64_t addr, i;

	(void)state;
	t_open(&t, "ext4-4.19");
	addr = map_private(&t, t_file(&t, "A", 1), 1);
	for (i = 0; i < DS_CACHED_FIRST - DS_ANON_FIRST; i++) {
		assert_true(ds_frame_new_anon(t.setup, t.frames, &pfn));
		assert_int_equal(pfn.pfn, DS_ANON_FIRST + i);
	}
	assert_int_equal(t_store(&t, addr, 1), -ENOMEM);
	assert_int_equal(t_load(&t, addr), t_pattern(0));
	assert_int_equal(t_store(&t, addr, 1), -ENOMEM);
	ds_frame_put(t.setup, t.frames, ds_pfn(DS_ANON_FIRST + 5));
	assert_int_equal(t_store(&t, addr, 1), 1);
	assert_int_equal(ds_pte_pfn(t_pte(&t, addr)).pfn, DS_ANON_FIRST + 5);
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_to_an_absent_page_copies_the_block),
		cmocka_unit_test(a_store_to_a_present_page_replaces_the_entry),
		cmocka_unit_test(
			a_store_over_a_hole_copies_zeroes_and_allocates_nothing),
		cmocka_unit_test(a_store_beyond_the_end_of_file_is_a_bus_error),
		cmocka_unit_test(unmapping_gives_the_copy_back),
		cmocka_unit_test(a_pinned_copy_outlives_its_mapping),
		cmocka_unit_test(a_pin_that_reads_takes_the_block),
		cmocka_unit_test(
			punching_leaves_copies_and_truncating_takes_them),
		cmocka_unit_test(before_5_3_a_break_takes_every_copy),
		cmocka_unit_test(fsync_leaves_private_areas_alone),
		cmocka_unit_test(no_free_frame_is_no_memory),
	};

	return cmocka_run_group_tests_name("mm/private", tests, NULL, NULL);
}
