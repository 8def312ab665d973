// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static void holds_for_calls_that_give_their_locks_back(void **state)
{
	static const int modes[] = {-1, T_PUNCH, T_COLLAPSE, T_INSERT, T_ZERO};
	static const char *const systems[] = {"ext4-4.18", "ext4-4.19",
					      "ext4-6.1", "xfs-4.19"};
	struct t_scene s;
	size_t i, j;

	(void)state;
	for (i = 0; i < T_N(systems); i++)
		for (j = 0; j < T_N(modes); j++) {
			t_set_up(&s, systems[i]);
			t_call(&s, modes[j], T_K, T_K);
			t_assert_holds(&s.t);
			t_close(&s.t);
		}
}

/* A file system whose truncate forgets to unlock. */
static int set_size_and_keep_the_lock(struct ds_task *task,
				      struct ds_inode *inode, uint64_t size)
{
	(void)size;
	ds_inode_lock_faults(task, inode);
	return 0;
}

static void do_truncate_and_tidy_up(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_do_truncate(task, arg);
	ds_inode_unlock_faults(task, job->file->inode);
}

static void breaks_where_a_call_keeps_a_lock(void **state)
{
	struct ds_fs_profile profile = *ds_profile_find("ext4-4.19");
	struct ds_fs_ops ops = *profile.ops;
	struct t_job job = {0};
	struct t_scene s;

	(void)state;
	ops.set_size = set_size_and_keep_the_lock;
	profile.ops = &ops;
	t_set_up_with(&s, &profile, 64);
	job.file = s.file;
	t_task(&s.t, "leaky", do_truncate_and_tidy_up, &job);
	assert_int_equal(t_run(&s.t, NULL, 0), DS_RUN_DONE);
	t_assert_broken(&s.t, t_bit(DS_LOCKS_BALANCED));
	t_assert_says(&s, DS_LOCKS_BALANCED,
		      "ftruncate came with 0 locks and left with 1");
	t_close(&s.t);
}

static void do_invert(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_inode *inode = job->file->inode;

	ds_inode_lock_faults(task, inode);
	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	ds_rwsem_unlock(task, &inode->lock);
	ds_inode_unlock_faults(task, inode);
	t_end(job, 0);
}

static void breaks_where_locks_are_taken_the_wrong_way_round(void **state)
{
	struct t_job job = {0};
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	job.file = s.file;
	t_task(&s.t, "inverter", do_invert, &job);
	assert_int_equal(t_run(&s.t, NULL, 0), DS_RUN_DONE);
	t_assert_broken(&s.t, t_bit(DS_LOCKS_BALANCED));
	t_assert_says(&s, DS_LOCKS_BALANCED, "A.i_rwsem");
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_for_calls_that_give_their_locks_back),
		cmocka_unit_test(breaks_where_a_call_keeps_a_lock),
		cmocka_unit_test(
			breaks_where_locks_are_taken_the_wrong_way_round),
	};

	return cmocka_run_group_tests_name("locks_balanced", tests, NULL, NULL);
}
