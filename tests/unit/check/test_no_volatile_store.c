// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include "fs/common.h"

/*
 * A commit makes what is there the journal's; after that the test changes the
 * file, and stores through an entry that no fault has asked about.
 */
static void set_up(struct t_scene *s, unsigned int how)
{
	uint64_t i;

	t_open(&s->t, "ext4-6.1");
	s->t.super->follows_commits = true;
	memset(&s->pin, 0, sizeof(s->pin));
	s->file = t_file(&s->t, "A", 4);
	assert_int_equal(ds_vfs_mmap(s->t.setup, s->t.space, s->file, 0,
				     4 * T_PAGE, DS_MAP_WRITABLE | how,
				     &s->addr),
			 0);
	for (i = 0; i < 4; i++)
		t_store(&s->t, s->addr + i * T_PAGE, 1);
	ds_journal_commit(s->t.setup, s->file->inode);
	t_assert_holds(&s->t);
}

static void put_entry(struct t_scene *s, uint64_t page)
{
	const struct ds_vpn vpn = {s->addr / T_PAGE + page};

	assert_int_equal(ds_pte_set(s->t.setup, s->t.space, vpn,
				    ds_pte(t_block(s->file, page), true)),
			 0);
}

static void replace_block(struct t_scene *s, uint64_t page)
{
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	struct ds_inode *inode = s->file->inode;

	assert_int_equal(t_fallocate(&s->t, s->file, punch,
				     (int64_t)(page * T_PAGE), T_K),
			 0);
	assert_int_equal(inode->super->profile->ops->make_written(
				 s->t.setup, inode, ds_pgrange(page, page + 1)),
			 0);
}

static void a_store_to_a_new_block_breaks_it(void **state)
{
	struct t_scene s;

	(void)state;
	set_up(&s, DS_MAP_SYNC);
	replace_block(&s, 2);
	put_entry(&s, 2);
	put_entry(&s, 3);
	t_store(&s.t, s.addr + 3 * T_PAGE, 1);
	t_assert_holds(&s.t);
	t_store(&s.t, s.addr + 2 * T_PAGE, 1);
	t_assert_broken(&s.t, UINT32_C(1) << DS_NO_VOLATILE_STORE);
	t_close(&s.t);
}

static void not_behind_a_commit(void **state)
{
	struct t_scene s;

	(void)state;
	set_up(&s, DS_MAP_SYNC);
	replace_block(&s, 2);
	put_entry(&s, 2);
	ds_journal_commit(s.t.setup, s.file->inode);
	t_store(&s.t, s.addr + 2 * T_PAGE, 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void nor_through_other_mappings(void **state)
{
	struct t_scene s;

	(void)state;
	set_up(&s, 0);
	replace_block(&s, 2);
	put_entry(&s, 2);
	t_store(&s.t, s.addr + 2 * T_PAGE, 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void a_block_moved_or_a_size_grown_counts_too(void **state)
{
	struct t_scene s;

	(void)state;
	set_up(&s, DS_MAP_SYNC);
	assert_int_equal(
		t_fallocate(&s.t, s.file, FALLOC_FL_COLLAPSE_RANGE, 0, T_K), 0);
	put_entry(&s, 2);
	t_store(&s.t, s.addr + 2 * T_PAGE, 1);
	t_assert_broken(&s.t, UINT32_C(1) << DS_NO_VOLATILE_STORE);
	t_close(&s.t);

	set_up(&s, DS_MAP_SYNC);
	ds_inode_set_size(s.t.setup, s.file->inode, 3 * T_K);
	ds_journal_commit(s.t.setup, s.file->inode);
	ds_inode_set_size(s.t.setup, s.file->inode, 4 * T_K);
	t_store(&s.t, s.addr + 2 * T_PAGE, 1);
	t_assert_holds(&s.t);
	t_store(&s.t, s.addr + 3 * T_PAGE, 1);
	t_assert_broken(&s.t, UINT32_C(1) << DS_NO_VOLATILE_STORE);
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_to_a_new_block_breaks_it),
		cmocka_unit_test(not_behind_a_commit),
		cmocka_unit_test(nor_through_other_mappings),
		cmocka_unit_test(a_block_moved_or_a_size_grown_counts_too),
	};

	return cmocka_run_group_tests_name("check/no_volatile_store", tests,
					   NULL, NULL);
}
