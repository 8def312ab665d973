// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

/* Reads the file before it lets its pin go: needs the lock the punch keeps. */
static void do_read_and_unpin(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	unsigned char byte;

	ds_vfs_pread(task, job->file, &byte, 1, 0);
	ds_direct_end(task, &job->direct);
	t_end(job, 0);
}

static enum ds_run_end punch_against(struct t_scene *s, ds_task_fn fn)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_WAIT_SLEEP, 0, NULL},
	};
	struct t_job punch = {.mode = T_PUNCH, .len = T_K};

	t_set_up(s, "ext4-4.19");
	t_pin_page(s, 0);
	s->pin.file = punch.file = s->file;
	t_task(&s->t, "punch", t_do_fallocate, &punch);
	t_task(&s->t, "chained", fn, &s->pin);
	return t_run(&s->t, legs, T_N(legs));
}

static void holds_where_the_pin_goes_without_a_lock(void **state)
{
	struct t_scene s;

	(void)state;
	assert_int_equal(punch_against(&s, t_do_unpin), DS_RUN_DONE);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void breaks_where_the_pin_waits_for_the_waiter(void **state)
{
	struct t_scene s;

	(void)state;
	assert_int_equal(punch_against(&s, do_read_and_unpin), DS_RUN_STUCK);
	t_assert_broken(&s.t, t_bit(DS_NO_DEADLOCK));
	t_assert_says(&s, DS_NO_DEADLOCK, "punch waits for block 1 to be idle");
	t_assert_says(&s, DS_NO_DEADLOCK,
		      "chained waits for A.i_rwsem, held by punch");
	t_close(&s.t);
}

/* A task that waits for a pin of its own has nobody to be woken by. */
static void breaks_where_a_task_waits_for_itself(void **state)
{
	struct t_job punch = {.mode = T_PUNCH, .len = T_K};
	struct t_scene s;

	(void)state;
	t_set_up(&s, "xfs-4.19");
	t_pin_page(&s, 0);
	punch.file = s.file;
	t_task(&s.t, "punch", t_do_fallocate, &punch);
	assert_int_equal(t_run(&s.t, NULL, 0), DS_RUN_STUCK);
	t_assert_broken(&s.t, t_bit(DS_NO_DEADLOCK));
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_the_pin_goes_without_a_lock),
		cmocka_unit_test(breaks_where_the_pin_waits_for_the_waiter),
		cmocka_unit_test(breaks_where_a_task_waits_for_itself),
	};

	return cmocka_run_group_tests_name("no_deadlock", tests, NULL, NULL);
}
