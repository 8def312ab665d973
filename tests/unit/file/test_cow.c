// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/cow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>

#include "../../support/world.h"

/* Files A and B of 4 pages, of which B's are A's. */
struct t_shared {
	struct t_world t;
	struct ds_file *a, *b;
	uint64_t n_free;
};

static void set_up(struct t_shared *s, const char *fs)
{
	memset(s, 0, sizeof(*s));
	t_open(&s->t, fs);
	s->a = t_file(&s->t, "A", 4);
	s->b = t_file(&s->t, "B", 1);
	assert_int_equal(
		ds_vfs_reflink(s->t.setup, s->a, 0, s->b, 0, 4 * T_PAGE), 0);
	s->n_free = ds_blocks_n_free(s->t.super->blocks);
}

static uint64_t n_taken(const struct t_shared *s)
{
	return s->n_free - ds_blocks_n_free(s->t.super->blocks);
}

static bool is_shared(const struct t_shared *s, uint64_t page)
{
	return t_block(s->a, page).pfn == t_block(s->b, page).pfn;
}

static void a_write_goes_to_a_copy(void **state)
{
	struct t_shared s;

	(void)state;
	set_up(&s, "xfs-6.15");
	assert_int_equal(ds_vfs_pwrite(s.t.setup, s.a, "xyz", 3, T_PAGE + 7),
			 3);
	assert_false(is_shared(&s, 1));
	assert_true(is_shared(&s, 0) && is_shared(&s, 2));
	assert_int_equal(n_taken(&s), 1);
	/* What it did not bring came along, and B has what it had. */
	assert_int_equal(t_byte(&s.t, s.a, T_PAGE + 6), t_pattern(1));
	assert_int_equal(t_byte(&s.t, s.a, T_PAGE + 7), 'x');
	assert_int_equal(t_byte(&s.t, s.a, T_PAGE + 10), t_pattern(1));
	assert_true(t_all_are(&s.t, s.b, T_PAGE, 2 * T_PAGE, t_pattern(1)));
	/* Now both have it alone: written in place. */
	assert_int_equal(ds_vfs_pwrite(s.t.setup, s.a, "x", 1, T_PAGE), 1);
	assert_int_equal(ds_vfs_pwrite(s.t.setup, s.b, "x", 1, T_PAGE), 1);
	assert_int_equal(n_taken(&s), 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void a_long_write_copies_what_is_shared_only(void **state)
{
	static unsigned char bytes[4 * T_PAGE];
	struct t_shared s;

	(void)state;
	set_up(&s, "xfs-6.1");
	t_fill(&s.t, s.a, 1, 0x11);
	assert_int_equal(n_taken(&s), 1);
	memset(bytes, 0x22, sizeof(bytes));
	assert_int_equal(ds_vfs_pwrite(s.t.setup, s.a, bytes, sizeof(bytes), 0),
			 (int64_t)sizeof(bytes));
	assert_int_equal(n_taken(&s), 4);
	assert_true(t_all_are(&s.t, s.a, 0, 4 * T_PAGE, 0x22));
	assert_int_equal(t_byte(&s.t, s.b, 3 * T_PAGE), t_pattern(3));
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void a_store_replaces_entry_and_mapping(void **state)
{
	struct t_shared s;
	uint64_t one, two;

	(void)state;
	set_up(&s, "xfs-6.15");
	one = t_map(&s.t, s.a, 0, 4);
	two = t_map(&s.t, s.a, 0, 4);
	assert_int_equal(t_load(&s.t, two), t_pattern(0));
	assert_int_equal(t_store(&s.t, one, 0x55), 1);
	assert_false(is_shared(&s, 0));
	assert_int_equal(ds_entry_pfn(t_entry(s.a, 0)).pfn,
			 t_block(s.a, 0).pfn);
	assert_true(t_is_dirty(s.a, 0));
	/* The other area does not go on with the old page. */
	assert_int_equal(t_pte(&s.t, two), 0);
	assert_int_equal(t_load(&s.t, two), 0x55);
	assert_int_equal(t_byte(&s.t, s.b, 0), t_pattern(0));
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void a_write_reaches_who_has_the_page_mapped(void **state)
{
	struct t_shared s;
	uint64_t addr;

	(void)state;
	set_up(&s, "xfs-6.15");
	addr = t_map(&s.t, s.a, 0, 4);
	assert_int_equal(t_load(&s.t, addr), t_pattern(0));
	t_fill(&s.t, s.a, 0, 0x33);
	assert_int_equal(t_load(&s.t, addr), 0x33);
	t_close(&s.t);

	/* Before v6.2 it did not. */
	set_up(&s, "xfs-6.1");
	addr = t_map(&s.t, s.a, 0, 4);
	assert_int_equal(t_load(&s.t, addr), t_pattern(0));
	t_fill(&s.t, s.a, 0, 0x33);
	assert_int_equal(t_load(&s.t, addr), t_pattern(0));
	t_close(&s.t);
}

static void zeroes_go_to_a_copy_too(void **state)
{
	struct t_shared s;

	(void)state;
	set_up(&s, "xfs-6.15");
	assert_int_equal(t_fallocate(&s.t, s.a, T_PUNCH, 100, 50), 0);
	assert_false(is_shared(&s, 0));
	assert_int_equal(t_byte(&s.t, s.a, 99), t_pattern(0));
	assert_int_equal(t_byte(&s.t, s.a, 100), 0);
	assert_int_equal(t_byte(&s.t, s.a, 150), t_pattern(0));
	assert_int_equal(t_byte(&s.t, s.b, 100), t_pattern(0));
	/* The tail of a file that is cut: not in the other one. */
	assert_int_equal(t_truncate(&s.t, s.b, 3 * T_PAGE + 10), 0);
	assert_int_equal(t_byte(&s.t, s.a, 3 * T_PAGE + 10), t_pattern(3));
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void unsharing_gives_each_page_a_block(void **state)
{
	struct t_shared s;

	(void)state;
	set_up(&s, "xfs-6.15");
	assert_int_equal(t_fallocate(&s.t, s.a, FALLOC_FL_UNSHARE_RANGE,
				     T_PAGE + 1, T_PAGE),
			 0);
	/* Rounded outward; nothing else changes. */
	assert_true(is_shared(&s, 0) && is_shared(&s, 3));
	assert_false(is_shared(&s, 1) || is_shared(&s, 2));
	assert_int_equal(n_taken(&s), 2);
	assert_true(t_all_are(&s.t, s.a, T_PAGE, 2 * T_PAGE, t_pattern(1)));
	assert_int_equal(t_fallocate(&s.t, s.a, FALLOC_FL_UNSHARE_RANGE, 0,
				     4 * T_PAGE),
			 0);
	assert_int_equal(n_taken(&s), 4);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void without_space_there_is_no_copy(void **state)
{
	struct t_shared s;
	struct ds_file *all;
	uint64_t n;

	(void)state;
	set_up(&s, "xfs-6.1");
	all = t_open_file(&s.t, "C", O_RDWR | O_CREAT);
	n = ds_blocks_n_free(s.t.super->blocks);
	assert_int_equal(t_fallocate(&s.t, all, 0, 0, (int64_t)(n * T_PAGE)),
			 0);
	assert_int_equal(ds_vfs_pwrite(s.t.setup, s.a, "x", 1, 0), -ENOSPC);
	assert_int_equal(t_store(&s.t, t_map(&s.t, s.a, 0, 1), 1), DS_SIGBUS);
	assert_int_equal(t_fallocate(&s.t, s.a, T_PUNCH, 100, 50), -ENOSPC);
	assert_int_equal(t_truncate(&s.t, s.a, 10), -ENOSPC);
	assert_int_equal(t_size(s.a), 4 * T_PAGE);
	assert_true(is_shared(&s, 0));
	t_close(&s.t);
}

static void an_unlinked_file_leaves_blocks_to_the_other(void **state)
{
	struct t_shared s;

	(void)state;
	set_up(&s, "xfs-6.15");
	assert_int_equal(ds_vfs_unlink(s.t.setup, s.t.super, "A"), 0);
	assert_int_equal(ds_vfs_close(s.t.setup, s.a), 0);
	assert_int_equal(n_taken(&s), 0);
	assert_int_equal(t_byte(&s.t, s.b, 2 * T_PAGE), t_pattern(2));
	assert_int_equal(t_truncate(&s.t, s.b, 0), 0);
	assert_int_equal(ds_blocks_n_free(s.t.super->blocks), s.n_free + 4);
	t_close(&s.t);
}

static void where_every_write_copies_blocks_change(void **state)
{
	struct ds_pfn before;
	struct t_world t;
	struct ds_file *file;

	(void)state;
	t_open(&t, "xfs-6.15-cow");
	file = t_file(&t, "A", 2);
	before = t_block(file, 1);
	assert_int_equal(ds_vfs_pwrite(t.setup, file, "x", 1, T_PAGE), 1);
	assert_int_not_equal(t_block(file, 1).pfn, before.pfn);
	assert_int_equal(t_byte(&t, file, T_PAGE), 'x');
	assert_int_equal(t_byte(&t, file, T_PAGE + 1), t_pattern(1));
	assert_int_equal(t_fallocate(&t, file, 0, 0, T_PAGE), -EOPNOTSUPP);
	t_assert_holds(&t);
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_goes_to_a_copy),
		cmocka_unit_test(a_long_write_copies_what_is_shared_only),
		cmocka_unit_test(a_store_replaces_entry_and_mapping),
		cmocka_unit_test(a_write_reaches_who_has_the_page_mapped),
		cmocka_unit_test(zeroes_go_to_a_copy_too),
		cmocka_unit_test(unsharing_gives_each_page_a_block),
		cmocka_unit_test(without_space_there_is_no_copy),
		cmocka_unit_test(an_unlinked_file_leaves_blocks_to_the_other),
		cmocka_unit_test(where_every_write_copies_blocks_change),
	};

	return cmocka_run_group_tests_name("cow", tests, NULL, NULL);
}
