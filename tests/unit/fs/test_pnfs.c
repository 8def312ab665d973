// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fs/pnfs.h"

#include <errno.h>

#include "../../support/world.h"
#include "file/lease.h"

static void the_whole_run_is_told(void **state)
{
	struct ds_extent run;
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-4.19");
	file = t_file(&t, "A", 4);
	assert_int_equal(ds_pnfs_map(t.setup, file->inode, 2 * T_PAGE, T_PAGE,
				     false, &run),
			 0);
	assert_true(run.page.pgidx == 0 && run.n_pages == 4);
	assert_true(run.pfn.pfn == t_block(file, 0).pfn);
	assert_int_equal(run.state, DS_EXT_WRITTEN);
	assert_int_equal(ds_pnfs_map(t.setup, file->inode, UINT64_C(1) << 63,
				     T_PAGE, true, &run),
			 -EINVAL);
	t_close(&t);
}

static void a_hole_gets_blocks_only_for_a_write(void **state)
{
	struct ds_extent run;
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-4.19");
	file = t_file(&t, "A", 4);
	t_fallocate(&t, file, T_PUNCH, T_PAGE, 2 * (int64_t)T_PAGE);
	ds_pnfs_map(t.setup, file->inode, T_PAGE, T_PAGE, false, &run);
	assert_int_equal(run.state, DS_EXT_HOLE);
	t_assert_extents(file, "1w 2- 1w");
	ds_pnfs_map(t.setup, file->inode, T_PAGE, T_PAGE, true, &run);
	assert_int_equal(run.state, DS_EXT_UNWRITTEN);
	assert_true(run.page.pgidx == 1 && run.n_pages == 1);
	t_close(&t);
}

static void the_page_cache_goes_dirty_or_not(void **state)
{
	struct ds_extent run;
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "xfs-4.19");
	file = t_file(&t, "A", 4);
	addr = t_map(&t, file, 0, 4);
	t_store(&t, addr, 7);
	t_load(&t, addr + T_PAGE);
	assert_true(t_entry(file, 0) && t_entry(file, 1));
	ds_pnfs_map(t.setup, file->inode, 3 * T_PAGE, T_PAGE, false, &run);
	assert_true(!t_entry(file, 0) && !t_entry(file, 1));
	assert_true(!t_pte(&t, addr) && !t_pte(&t, addr + T_PAGE));
	t_close(&t);
}

static void what_was_written_becomes_the_files(void **state)
{
	struct ds_extent run;
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-4.19");
	file = t_file(&t, "A", 2);
	ds_pnfs_map(t.setup, file->inode, 2 * T_PAGE, 2 * T_PAGE, true, &run);
	ds_frame_write(t.setup, t.frames, run.pfn, 0, "yes", 3);
	assert_int_equal(ds_pnfs_commit(t.setup, file->inode, 2 * T_PAGE, 3),
			 0);
	assert_true(t_size(file) == 2 * T_PAGE + 3);
	assert_int_equal(t_byte(&t, file, 2 * T_PAGE), 'y');
	/* Not beyond what it says, and no size without blocks. */
	assert_int_equal(
		ds_extmap_lookup(file->inode->extents, ds_pgidx(3)).state,
		DS_EXT_UNWRITTEN);
	assert_int_equal(ds_pnfs_commit(t.setup, file->inode, 7 * T_PAGE, 3),
			 -EIO);
	assert_true(t_size(file) == 2 * T_PAGE + 3);
	t_assert_holds(&t);
	t_close(&t);
}

static bool recall(struct ds_lease *lease)
{
	(void)lease;
	return false;
}

/* Truncates under a lease when there is no memory to break it. */
static int truncate_without_memory(const char *fs)
{
	static const struct ds_lease_ops ops = {.recall = recall};
	struct ds_lease lease = {.ops = &ops, .name = "holder"};
	struct ds_file *file;
	struct t_world t;
	int r;

	t_open(&t, fs);
	file = t_file(&t, "A", 2);
	t.super->leased = true;
	lease.inode = file->inode;
	assert_int_equal(ds_lease_add(t.setup, &lease), 0);
	t.super->no_lease_memory = true;
	r = t_truncate(&t, file, 0);
	assert_int_equal(t_size(file), r == 0 ? 0 : 2 * T_PAGE);
	assert_true(lease.listed && !lease.pending);
	t_close(&t);
	return r;
}

/* The precedence of an assignment in v4.19. */
static void a_lost_error_lets_the_change_go_on(void **state)
{
	(void)state;
	assert_int_equal(truncate_without_memory("xfs-4.19"), 0);
	assert_int_equal(truncate_without_memory("xfs-5.10"), -ENOMEM);
}

/* As long as nobody gives out layouts, nobody asks who shares. */
static void a_file_that_may_share_has_no_layouts(void **state)
{
	struct ds_file *a, *b, *c;
	struct ds_extent run;
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.1");
	a = t_file(&t, "A", 2);
	b = t_file(&t, "B", 2);
	c = t_file(&t, "C", 2);
	t.super->leased = true;
	assert_int_equal(ds_pnfs_map(t.setup, a->inode, 0, T_PAGE, true, &run),
			 0);
	assert_int_equal(ds_vfs_reflink(t.setup, a, 0, b, 0, T_PAGE), 0);
	assert_int_equal(ds_pnfs_map(t.setup, a->inode, 0, T_PAGE, true, &run),
			 -ENXIO);
	assert_int_equal(ds_pnfs_map(t.setup, b->inode, 0, T_PAGE, false, &run),
			 -ENXIO);
	assert_int_equal(ds_pnfs_map(t.setup, c->inode, 0, T_PAGE, true, &run),
			 0);
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_run_is_told),
		cmocka_unit_test(a_hole_gets_blocks_only_for_a_write),
		cmocka_unit_test(the_page_cache_goes_dirty_or_not),
		cmocka_unit_test(what_was_written_becomes_the_files),
		cmocka_unit_test(a_lost_error_lets_the_change_go_on),
		cmocka_unit_test(a_file_that_may_share_has_no_layouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
