// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

/* ------------------------------ Transactions ------------------------------ */

static void do_handle(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_transaction_begin(task, job->file->inode);
	ds_transaction_end(task, job->file->inode);
	t_end(job, 0);
}

static void do_commit(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_journal_commit(task, job->file->inode);
	t_end(job, 0);
}

static void handles_are_open_together(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_UNLOCK, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job a = {0}, b = {0};
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	a.file = b.file = t_file(&t, "A", 1);
	t_task(&t, "a", do_handle, &a);
	t_task(&t, "b", do_handle, &b);
	assert_int_equal(t_run(&t, legs, T_N(legs)), DS_RUN_DONE);
	t_close(&t);
}

static void a_commit_waits_until_no_handle_is_open(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_UNLOCK, 0, NULL},
		{1, DS_AT_LOCK_GRANTED, 0, NULL},
		{0, DS_AT_END, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job a = {0}, b = {0};
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	a.file = b.file = t_file(&t, "A", 1);
	t_task(&t, "a", do_handle, &a);
	t_task(&t, "commit", do_commit, &b);
	assert_int_equal(t_run(&t, legs, T_N(legs)), DS_RUN_DONE);
	t_close(&t);
}

/* -------------------------------- Writes ---------------------------------- */

static void a_write_is_placed_and_cut(void **state)
{
	uint64_t max, offset;
	struct ds_inode *inode;
	struct t_world t;
	size_t len;

	(void)state;
	t_open(&t, "ext4-4.19");
	inode = t_file(&t, "A", 1)->inode;
	max = t.super->profile->max_bytes;
	offset = UINT64_MAX;
	len = 5;
	assert_int_equal(ds_write_checks(t.setup, inode, &offset, &len), 0);
	assert_int_equal(offset, T_PAGE);
	assert_int_equal(len, 5);
	offset = max - 3;
	assert_int_equal(ds_write_checks(t.setup, inode, &offset, &len), 0);
	assert_int_equal(len, 3);
	offset = max;
	assert_int_equal(ds_write_checks(t.setup, inode, &offset, &len),
			 -EFBIG);
	t_close(&t);
}

static void edges_are_what_whole_blocks_leave(void **state)
{
	static const struct {
		uint64_t start, end;
		uint64_t zero[4]; /* two ranges that are zero afterwards */
	} ranges[] = {
		{0, 4 * 4096, {0, 0, 0, 0}},
		{100, 4096, {100, 4096, 0, 0}},
		{4096, 4196, {4096, 4196, 0, 0}},
		{100, 3 * 4096 + 1, {100, 4096, 3 * 4096, 3 * 4096 + 1}},
		{4097, 4099, {4097, 4099, 0, 0}},
		{4095, 4097, {4095, 4097, 0, 0}},
		{4096, 4096, {0, 0, 0, 0}},
	};
	struct ds_file *file;
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(ranges); i++) {
		const uint64_t *zero = ranges[i].zero;
		uint64_t at, wrong = 0;

		t_open(&t, "ext4-4.19");
		file = t_file(&t, "A", 4);
		ds_zero_edges(t.setup, file->inode, ranges[i].start,
			      ranges[i].end);
		for (at = 0; at < 4 * T_PAGE; at += at % 4096 < 4090 ? 10 : 1) {
			bool is_zero = (at >= zero[0] && at < zero[1]) ||
				       (at >= zero[2] && at < zero[3]);

			wrong += t_byte(&t, file, at) !=
				 (is_zero ? 0 : t_pattern(at / T_PAGE));
		}
		assert_int_equal(wrong, 0);
		t_close(&t);
	}
}

/* ------------------------------- Extents ---------------------------------- */

static void a_write_at_an_end_may_extend_the_extent_beside_it(void **state)
{
	const struct ds_pgrange extent = ds_pgrange(1, 4);
	struct ds_inode *inode;
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 5);
	inode = file->inode;
	ds_rwsem_lock(t.setup, &inode->extents_lock, DS_EXCLUSIVE);
	ds_inode_unwrite(t.setup, inode, extent);
	ds_rwsem_unlock(t.setup, &inode->extents_lock);
	t_assert_extents(file, "1w 3u 1w");
	assert_true(ds_joins_written(inode, extent, ds_pgrange(1, 2)));
	assert_true(ds_joins_written(inode, extent, ds_pgrange(3, 4)));
	assert_false(ds_joins_written(inode, extent, ds_pgrange(2, 3)));
	/* Beside it, but not in the blocks. */
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, 0, T_PAGE), 0);
	t_file(&t, "B", 1);
	t_fill(&t, file, 0, 1);
	t_assert_extents(file, "1w 3u 1w");
	assert_false(ds_joins_written(inode, extent, ds_pgrange(1, 2)));
	assert_true(ds_joins_written(inode, extent, ds_pgrange(3, 4)));
	t_close(&t);
}

static void there_is_space_for_what_is_free(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open_sized(&t, "xfs-4.19", 7); /* 6 blocks */
	file = t_file(&t, "A", 4);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, T_PAGE, T_PAGE), 0);
	assert_true(ds_has_space_for(t.setup, file->inode, 3));
	assert_false(ds_has_space_for(t.setup, file->inode, 4));
	assert_true(ds_has_space_for(t.setup, file->inode, 0));
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handles_are_open_together),
		cmocka_unit_test(a_commit_waits_until_no_handle_is_open),
		cmocka_unit_test(a_write_is_placed_and_cut),
		cmocka_unit_test(edges_are_what_whole_blocks_leave),
		cmocka_unit_test(
			a_write_at_an_end_may_extend_the_extent_beside_it),
		cmocka_unit_test(there_is_space_for_what_is_free),
	};

	return cmocka_run_group_tests_name("common", tests, NULL, NULL);
}
