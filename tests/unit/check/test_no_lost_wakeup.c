// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

/* Lets a pin go and forgets to wake who waits for it. */
static void do_drop_silently(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	const struct ds_pinned *page = &job->direct.pages[0];

	ds_yield(task, DS_AT_FRAME_PUT, ds_writes(ds_refs_object(page->pfn)),
		 ds_adds(ds_holders_object(page->inode)));
	ds_frame_unhold(task, job->t->frames, page->pfn, page->inode,
			page->page, 1);
	ds_frame_put(task, job->t->frames, page->pfn);
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
	punch.file = s->file;
	t_task(&s->t, "punch", t_do_fallocate, &punch);
	t_task(&s->t, "holder", fn, &s->pin);
	return t_run(&s->t, legs, T_N(legs));
}

static void holds_where_the_last_drop_wakes(void **state)
{
	struct t_scene s;

	(void)state;
	assert_int_equal(punch_against(&s, t_do_unpin), DS_RUN_DONE);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void breaks_where_the_last_drop_does_not_wake(void **state)
{
	struct t_scene s;

	(void)state;
	assert_int_equal(punch_against(&s, do_drop_silently), DS_RUN_STUCK);
	t_assert_broken(&s.t, t_bit(DS_NO_LOST_WAKEUP));
	t_assert_says(&s, DS_NO_LOST_WAKEUP,
		      "punch waits for block 1 to be idle, which is true");
	t_close(&s.t);
}

/* Holds the lock of an entry, then clears it behind everybody's back. */
static void do_unlock_silently(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_mapping *mapping = &job->file->inode->mapping;
	uint64_t old;

	ds_entry_grab(task, mapping, ds_pgidx(0), &old);
	ds_yield(task, DS_AT_ENTRY_UNLOCK,
		 ds_writes(ds_entry_object(mapping, ds_pgidx(0))));
	ds_xtree_store(mapping->tree, ds_pgidx(0), old);
	t_end(job, 0);
}

static void breaks_where_an_entry_is_unlocked_without_a_wake_up(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_ENTRY_UNLOCK, 0, NULL},
		{1, DS_AT_WAIT_SLEEP, 0, NULL},
	};
	struct t_job rude = {0}, punch = {.mode = T_PUNCH, .len = T_K};
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	rude.file = punch.file = s.file;
	t_task(&s.t, "rude", do_unlock_silently, &rude);
	t_task(&s.t, "punch", t_do_fallocate, &punch);
	assert_int_equal(t_run(&s.t, legs, T_N(legs)), DS_RUN_STUCK);
	t_assert_broken(&s.t, t_bit(DS_NO_LOST_WAKEUP));
	t_assert_says(&s, DS_NO_LOST_WAKEUP,
		      "punch waits for entry 0, which is true");
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_the_last_drop_wakes),
		cmocka_unit_test(breaks_where_the_last_drop_does_not_wake),
		cmocka_unit_test(
			breaks_where_an_entry_is_unlocked_without_a_wake_up),
	};

	return cmocka_run_group_tests_name("no_lost_wakeup", tests, NULL, NULL);
}
