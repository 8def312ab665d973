// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/pagecache.h"

#include <linux/falloc.h>

#include "../../support/world.h"

#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

/* File A of 4 pages, in its page cache and on its blocks, mapped. */
static struct ds_file *set_up(struct t_world *t, uint64_t *ret_addr)
{
	struct ds_file *file;

	t_open(t, "ext4-pagecache");
	file = t_file(t, "A", 4);
	assert_int_equal(ds_vfs_fsync(t->setup, file), 0);
	*ret_addr = t_map(t, file, 0, 4);
	return file;
}

static struct ds_pfn cached(const struct ds_file *file, uint64_t page)
{
	struct ds_pfn pfn = ds_entry_pfn(t_entry(file, page));

	assert_true(ds_entry_is_data(t_entry(file, page)));
	assert_true(ds_pfn_is_cached(pfn));
	return pfn;
}

/* The first byte of the block of @page. */
static int in_block(const struct t_world *t, const struct ds_file *file,
		    uint64_t page)
{
	assert_int_not_equal(t_block(file, page).pfn, 0);
	return *ds_frame_bytes(t->frames, t_block(file, page));
}

static void dma(struct t_world *t, struct t_job *job, unsigned char byte)
{
	unsigned char bytes[T_PAGE];

	memset(bytes, byte, sizeof(bytes));
	ds_direct_transfer(t->setup, &job->direct, bytes);
}

static void a_write_comes_to_the_block_by_write_back(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	t_fill(&t, file, 1, 0x99);
	assert_int_equal(t_byte(&t, file, T_PAGE), 0x99);
	assert_int_equal(in_block(&t, file, 1), t_pattern(1));
	assert_true(t_is_dirty(file, 1));
	assert_int_equal(ds_vfs_fsync(t.setup, file), 0);
	assert_int_equal(in_block(&t, file, 1), 0x99);
	assert_false(t_is_dirty(file, 1));
	t_close(&t);
}

static void a_page_is_read_from_its_block_once(void **state)
{
	struct ds_file *file;
	struct t_world t;
	struct ds_pfn pfn;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	ds_mapping_delete(t.setup, &file->inode->mapping, ds_pgrange_all());
	assert_int_equal(t_entry(file, 2), 0);
	assert_int_equal(t_byte(&t, file, 2 * T_PAGE), t_pattern(2));
	pfn = cached(file, 2);
	assert_int_equal(t_extra(&t, pfn), 1);
	assert_int_equal(t_load(&t, addr + 2 * T_PAGE), t_pattern(2));
	assert_int_equal(cached(file, 2).pfn, pfn.pfn);
	/* Its page-table entry has a reference, too. */
	assert_int_equal(t_extra(&t, pfn), 2);
	t_close(&t);
}

static void loads_stores_and_reads_meet_the_same_page(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	assert_int_equal(t_store(&t, addr + T_PAGE, 0x77), 1);
	assert_int_equal(t_byte(&t, file, T_PAGE), 0x77);
	t_fill(&t, file, 1, 0x78);
	assert_int_equal(t_load(&t, addr + T_PAGE), 0x78);
	t_close(&t);
}

static void a_hole_has_a_page_but_no_block_until_it_is_stored_to(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	assert_int_equal(t_fallocate(&t, file, PUNCH, T_PAGE, T_PAGE), 0);
	assert_int_equal(t_load(&t, addr + T_PAGE), 0);
	cached(file, 1);
	t_assert_extents(file, "1w 1- 2w");
	assert_int_equal(t_store(&t, addr + T_PAGE, 5), 1);
	t_assert_extents(file, "4w");
	assert_int_equal(in_block(&t, file, 1), 0);
	assert_int_equal(ds_vfs_fsync(t.setup, file), 0);
	assert_int_equal(in_block(&t, file, 1), 5);
	t_close(&t);
}

static void a_cut_page_is_zeroed_in_the_cache(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	assert_int_equal(t_truncate(&t, file, 100), 0);
	assert_int_equal(t_truncate(&t, file, T_PAGE), 0);
	assert_int_equal(t_byte(&t, file, 99), t_pattern(0));
	assert_true(t_all_are(&t, file, 100, T_PAGE, 0));
	assert_true(t_is_dirty(file, 0));
	t_close(&t);
}

/* Kara, 2018-07-04: pages are detached, and discarded with the last user. */
static void a_pinned_page_outlives_its_place_in_the_file(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	struct ds_file *file;
	struct t_world t;
	struct ds_pfn pfn;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	pin.addr = addr + T_PAGE;
	t_pin(&t, &pin);
	pfn = cached(file, 1);
	assert_int_equal(t_fallocate(&t, file, PUNCH, T_PAGE, T_PAGE), 0);
	assert_int_equal(t_entry(file, 1), 0);
	assert_int_equal(ds_frame_view(t.frames, pfn)->mapping, 0);
	assert_int_equal(t_extra(&t, pfn), 1);
	dma(&t, &pin, 0xd3);
	t_unpin(&t, &pin);
	assert_int_equal(t_extra(&t, pfn), 0);
	assert_int_equal(t_byte(&t, file, T_PAGE), 0);
	t_assert_extents(file, "1w 1- 2w");
	t_close(&t);
}

/* Nobody else gets the memory meanwhile. */
static void a_detached_page_is_not_given_out(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	struct ds_file *file;
	struct t_world t;
	struct ds_pfn pfn;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	pin.addr = addr;
	t_pin(&t, &pin);
	pfn = cached(file, 0);
	assert_int_equal(t_fallocate(&t, file, PUNCH, 0, T_PAGE), 0);
	assert_int_equal(t_load(&t, addr), 0);
	assert_int_not_equal(cached(file, 0).pfn, pfn.pfn);
	t_unpin(&t, &pin);
	assert_int_equal(t_fallocate(&t, file, PUNCH, 0, T_PAGE), 0);
	assert_int_equal(t_load(&t, addr), 0);
	assert_int_equal(cached(file, 0).pfn, pfn.pfn);
	t_close(&t);
}

static void what_a_device_wrote_is_written_back(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	pin.addr = addr + 2 * T_PAGE;
	t_pin(&t, &pin);
	assert_int_equal(ds_vfs_fsync(t.setup, file), 0);
	dma(&t, &pin, 0xd3);
	assert_false(t_is_dirty(file, 2));
	t_unpin(&t, &pin);
	assert_true(t_is_dirty(file, 2));
	assert_int_equal(ds_vfs_fsync(t.setup, file), 0);
	assert_int_equal(in_block(&t, file, 2), 0xd3);
	t_close(&t);
}

static void a_shift_takes_along_what_was_written_before_it(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	assert_int_equal(t_store(&t, addr + T_PAGE, 0x77), 1);
	assert_int_equal(t_fallocate(&t, file, FALLOC_FL_INSERT_RANGE, T_PAGE,
				     T_PAGE),
			 0);
	assert_int_equal(t_byte(&t, file, T_PAGE), 0);
	assert_int_equal(t_byte(&t, file, 2 * T_PAGE), 0x77);
	assert_int_equal(in_block(&t, file, 2), 0x77);
	t_close(&t);
}

static void a_view_is_what_a_read_would_see(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	assert_int_equal(ds_pagecache_view(file->inode, ds_pgidx(3)).pfn,
			 cached(file, 3).pfn);
	ds_mapping_delete(t.setup, &file->inode->mapping, ds_pgrange_all());
	assert_int_equal(ds_pagecache_view(file->inode, ds_pgidx(3)).pfn,
			 t_block(file, 3).pfn);
	assert_int_equal(ds_pagecache_view(file->inode, ds_pgidx(4)).pfn,
			 DS_ZERO_PFN);
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_comes_to_the_block_by_write_back),
		cmocka_unit_test(a_page_is_read_from_its_block_once),
		cmocka_unit_test(loads_stores_and_reads_meet_the_same_page),
		cmocka_unit_test(
			a_hole_has_a_page_but_no_block_until_it_is_stored_to),
		cmocka_unit_test(a_cut_page_is_zeroed_in_the_cache),
		cmocka_unit_test(a_pinned_page_outlives_its_place_in_the_file),
		cmocka_unit_test(a_detached_page_is_not_given_out),
		cmocka_unit_test(what_a_device_wrote_is_written_back),
		cmocka_unit_test(
			a_shift_takes_along_what_was_written_before_it),
		cmocka_unit_test(a_view_is_what_a_read_would_see),
	};

	return cmocka_run_group_tests_name("pagecache", tests, NULL, NULL);
}
