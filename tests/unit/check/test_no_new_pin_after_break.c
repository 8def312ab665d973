// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

/*
 * Breaks layouts, then @job->mode: 0 keeps the lock, 1 drops it, 2 secretly; 3
 * and 4 the same as 2 with a break of page 0 or 1 alone.
 */
static void do_break(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_inode *inode = job->file->inode;

	ds_inode_lock_faults(task, inode);
	if (job->mode >= 3)
		ds_break_layouts_range(task, inode,
				       (uint64_t)(job->mode - 3) * T_PAGE,
				       (uint64_t)(job->mode - 3) * T_PAGE);
	else
		ds_break_layouts(task, inode);
	if (job->mode == 1) {
		ds_inode_unlock_faults(task, inode);
		ds_inode_lock_faults(task, inode);
	}
	if (job->mode >= 2) {
		ds_rwsem_unlock(task, &inode->fault_lock);
		ds_rwsem_lock(task, &inode->fault_lock, DS_EXCLUSIVE);
	}
	ds_inode_unlock_faults(task, inode);
	t_end(job, 0);
}

/* A pin while the breaker stands before taking the lock again, or at the end */
static void break_and_pin(struct t_scene *s, int mode, enum ds_at at,
			  struct ds_file *pinned)
{
	const struct t_leg legs[] = {
		{0, at, mode ? 2 : 1, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job breaker = {.file = s->file, .mode = mode};
	struct t_job direct = {.len = T_K};

	direct.addr = t_map(&s->t, pinned, 1, 1);
	t_task(&s->t, "breaker", do_break, &breaker);
	t_task(&s->t, "direct", t_do_direct_read, &direct);
	assert_int_equal(t_run(&s->t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(direct.result, T_K);
}

static void holds_where_the_lock_is_kept(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	break_and_pin(&s, 0, DS_AT_END, s.file);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

/* Who says that faults are allowed again has to break again. */
static void holds_once_faults_are_allowed_again(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	break_and_pin(&s, 1, DS_AT_LOCK_EXCLUSIVE, s.file);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void holds_for_pins_of_another_file(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	break_and_pin(&s, 2, DS_AT_LOCK_EXCLUSIVE, t_file(&s.t, "B", 2));
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void breaks_where_the_lock_is_dropped_in_between(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	break_and_pin(&s, 2, DS_AT_LOCK_EXCLUSIVE, s.file);
	t_assert_broken(&s.t, t_bit(DS_NO_NEW_PIN_AFTER_BREAK));
	t_assert_says(&s, DS_NO_NEW_PIN_AFTER_BREAK, "page 1 is pinned");
	t_close(&s.t);
}

static void holds_for_pins_outside_of_the_range_searched(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	break_and_pin(&s, 3, DS_AT_LOCK_EXCLUSIVE, s.file);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void breaks_for_the_one_page_of_a_range(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	break_and_pin(&s, 4, DS_AT_LOCK_EXCLUSIVE, s.file);
	t_assert_broken(&s.t, t_bit(DS_NO_NEW_PIN_AFTER_BREAK));
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_the_lock_is_kept),
		cmocka_unit_test(holds_once_faults_are_allowed_again),
		cmocka_unit_test(holds_for_pins_of_another_file),
		cmocka_unit_test(breaks_where_the_lock_is_dropped_in_between),
		cmocka_unit_test(holds_for_pins_outside_of_the_range_searched),
		cmocka_unit_test(breaks_for_the_one_page_of_a_range),
	};

	return cmocka_run_group_tests_name("no_new_pin_after_break", tests,
					   NULL, NULL);
}
