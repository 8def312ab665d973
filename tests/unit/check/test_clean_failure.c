// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

/*
 * Real calls fail; what they leave behind is allowed where the kernel is known
 * for it, and not where a profile says that it is not.
 */
static struct ds_fs_profile profile_of(const char *fs)
{
	return *ds_profile_find(fs);
}

static void interrupt(struct t_scene *s, ds_task_fn fn, struct t_job *job)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_WAIT_SLEEP, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job signal = {0};

	job->file = s->file;
	t_pin_page(s, 1);
	signal.target = t_task(&s->t, "call", fn, job);
	t_task(&s->t, "signal", t_do_signal, &signal);
	assert_int_equal(t_run(&s->t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(job->result, -EINTR);
}

static void interrupt_truncate(struct t_scene *s)
{
	struct t_job job = {0};

	interrupt(s, t_do_truncate, &job);
}

/* It has an edge past the end of file. */
static void interrupt_zero(struct t_scene *s)
{
	struct t_job job = {.mode = T_ZERO, .len = 4 * T_K + 1};

	interrupt(s, t_do_fallocate, &job);
}

/* In a task: the property does not follow what is done outside of a run. */
static void fail_with(struct t_scene *s, ds_task_fn fn, struct t_job *job,
		      int64_t result)
{
	job->file = s->file;
	t_task(&s->t, "call", fn, job);
	assert_int_equal(t_run(&s->t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(job->result, result);
}

static void fail_for_space(struct t_scene *s, int mode)
{
	struct t_job job = {.mode = mode, .offset = 100, .len = 9 * T_K};

	fail_with(s, t_do_fallocate, &job, -ENOSPC);
}

/* Blocks past the end of file would leave what a file can be. */
static void insert_too_far(struct t_scene *s)
{
	struct t_job job = {.mode = T_INSERT, .len = T_K};
	int64_t max = (int64_t)s->t.super->profile->max_bytes;

	assert_int_equal(t_fallocate(&s->t, s->file, T_KEEP, max - T_K, T_K),
			 0);
	fail_with(s, t_do_fallocate, &job, -EINVAL);
	assert_int_equal(t_size(s->file), 5 * T_K);
}

static void holds_where_a_failed_call_changed_nothing(void **state)
{
	struct ds_fs_profile profile = profile_of("xfs-4.19");
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-6.1");
	interrupt_truncate(&s);
	t_assert_holds(&s.t);
	t_close(&s.t);
	t_set_up_with(&s, &profile, 9);
	fail_for_space(&s, 0);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void holds_where_the_kernel_is_known_for_what_is_left(void **state)
{
	struct ds_fs_profile ext4 = profile_of("ext4-4.19");
	struct ds_fs_profile xfs = profile_of("xfs-4.19");
	struct t_job too_long = {
		.mode = T_ZERO, .offset = 1, .len = INT64_MAX - 1};
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	interrupt_truncate(&s);
	assert_int_equal(t_size(s.file), 0);
	t_assert_holds(&s.t);
	t_close(&s.t);
	t_set_up_with(&s, &ext4, 9);
	fail_for_space(&s, 0);
	t_assert_extents(s.file, "4w 4u");
	t_assert_holds(&s.t);
	t_close(&s.t);
	t_set_up_with(&s, &xfs, 9);
	fail_for_space(&s, T_ZERO);
	t_assert_extents(s.file, "1w");
	t_assert_holds(&s.t);
	t_close(&s.t);
	t_set_up(&s, "ext4-6.1");
	interrupt_zero(&s);
	assert_int_equal(t_size(s.file), 4 * T_K + 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
	t_set_up(&s, "ext4-4.19");
	insert_too_far(&s);
	t_assert_holds(&s.t);
	t_close(&s.t);
	/* Rounded outward that is longer than a file can be. */
	t_set_up(&s, "xfs-4.19");
	fail_with(&s, t_do_fallocate, &too_long, -EINVAL);
	t_assert_extents(s.file, "1w");
	t_assert_holds(&s.t);
	t_close(&s.t);
}

/* Nobody sees what XFS zeroes there before it looks for blocks. */
static void holds_where_bytes_past_the_end_are_zeroed(void **state)
{
	struct ds_fs_profile profile = profile_of("xfs-4.19");
	struct t_job write = {.offset = 9 * T_K, .len = 1};
	struct t_scene s;

	(void)state;
	t_set_up_with(&s, &profile, 5);
	assert_int_equal(t_truncate(&s.t, s.file, 3 * T_K + 100), 0);
	fail_with(&s, t_do_write, &write, -ENOSPC);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void holds_where_a_call_succeeds(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	t_call(&s, T_COLLAPSE, 0, T_K);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void breaks_where_an_error_leaves_another_size(void **state)
{
	struct ds_fs_profile profile = profile_of("ext4-4.19");
	struct t_scene s;

	(void)state;
	profile.interrupted_keeps_size = false;
	t_set_up_with(&s, &profile, 64);
	interrupt_truncate(&s);
	t_assert_broken(&s.t, t_bit(DS_CLEAN_FAILURE));
	t_assert_says(&s, DS_CLEAN_FAILURE, "left size changed");
	t_close(&s.t);
}

/* What truncate may leave is no excuse for others. */
static void breaks_where_another_call_leaves_another_size(void **state)
{
	struct ds_fs_profile profile = profile_of("ext4-4.19");
	struct t_scene s;

	(void)state;
	assert_true(profile.interrupted_keeps_size);
	profile.interrupted_zero_keeps_edges = false;
	t_set_up_with(&s, &profile, 64);
	interrupt_zero(&s);
	t_assert_broken(&s.t, t_bit(DS_CLEAN_FAILURE));
	t_assert_says(&s, DS_CLEAN_FAILURE, "left size blocks changed");
	t_close(&s.t);
}

static void breaks_where_a_refused_insert_leaves_another_size(void **state)
{
	struct ds_fs_profile profile = profile_of("ext4-4.19");
	struct t_scene s;

	(void)state;
	profile.refused_insert_keeps_size = false;
	t_set_up_with(&s, &profile, 64);
	insert_too_far(&s);
	t_assert_says(&s, DS_CLEAN_FAILURE, "insert failed");
	t_close(&s.t);
}

static void breaks_where_an_error_leaves_other_blocks(void **state)
{
	struct ds_fs_profile profile = profile_of("ext4-4.19");
	struct t_scene s;

	(void)state;
	profile.full_keeps_blocks = false;
	t_set_up_with(&s, &profile, 9);
	fail_for_space(&s, T_KEEP);
	t_assert_says(&s, DS_CLEAN_FAILURE, "left blocks changed");
	t_close(&s.t);
}

static void breaks_where_an_error_leaves_other_data(void **state)
{
	struct ds_fs_profile profile = profile_of("xfs-4.19");
	struct t_scene s;

	(void)state;
	profile.full_zero_punches = false;
	t_set_up_with(&s, &profile, 9);
	fail_for_space(&s, T_ZERO);
	t_assert_says(&s, DS_CLEAN_FAILURE, "left blocks data changed");
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_a_failed_call_changed_nothing),
		cmocka_unit_test(
			holds_where_the_kernel_is_known_for_what_is_left),
		cmocka_unit_test(holds_where_bytes_past_the_end_are_zeroed),
		cmocka_unit_test(holds_where_a_call_succeeds),
		cmocka_unit_test(breaks_where_an_error_leaves_another_size),
		cmocka_unit_test(breaks_where_another_call_leaves_another_size),
		cmocka_unit_test(
			breaks_where_a_refused_insert_leaves_another_size),
		cmocka_unit_test(breaks_where_an_error_leaves_other_blocks),
		cmocka_unit_test(breaks_where_an_error_leaves_other_data),
	};

	return cmocka_run_group_tests_name("clean_failure", tests, NULL, NULL);
}
