// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static void holds_where_a_punch_waits_for_the_pin(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	t_pin_page(&s, 1);
	t_call_and_unpin(&s, T_PUNCH, T_K, T_K);
	assert_int_equal(t_n_events(&s.t, DS_EV_BLOCKS_FREED), 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void holds_where_other_blocks_are_freed(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.18");
	t_pin_page(&s, 1);
	t_call(&s, T_PUNCH, 2 * T_K, T_K);
	assert_false(t_broke(&s.t, DS_NO_FREE_BLOCK_PINNED));
	t_close(&s.t);
}

static void breaks_where_a_pinned_block_is_freed(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	t_pin_page(&s, 1);
	t_remove_rudely(&s, 1);
	t_assert_says(&s, DS_NO_FREE_BLOCK_PINNED, "setup has page 1 pinned");
	t_close(&s.t);
}

static void do_remove_and_read(struct ds_task *task, void *arg)
{
	t_do_remove_rudely(task, arg);
	t_do_direct_read(task, arg);
}

/* The page table still leads there. */
static void breaks_where_a_free_block_is_pinned(void **state)
{
	struct t_scene s;
	struct t_job job;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	job = t_rudely(&s, 1);
	job.addr = s.addr + T_PAGE;
	t_task(&s.t, "direct", do_remove_and_read, &job);
	assert_int_equal(t_run(&s.t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(job.result, T_K);
	t_assert_says(&s, DS_NO_FREE_BLOCK_PINNED, "which is free");
	t_close(&s.t);
}

/* The last of a run of three, without a victim in one step. */
static void breaks_where_a_pinned_block_is_freed_among_others(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.18");
	t_pin_page(&s, 3);
	t_call(&s, T_PUNCH, T_K, 3 * T_K);
	assert_int_equal(t_n_events(&s.t, DS_EV_BLOCKS_FREED), 1);
	t_assert_says(&s, DS_NO_FREE_BLOCK_PINNED, "page 3");
	t_close(&s.t);
}

/* The last user goes, and with it the blocks: nobody waits before v6.15. */
static void breaks_where_an_unlinked_file_goes_with_its_pins(void **state)
{
	struct t_job unmap = {.len = 4 * T_K};
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-6.1");
	t_pin_page(&s, 1);
	assert_int_equal(ds_vfs_unlink(s.t.setup, s.t.super, "A"), 0);
	assert_int_equal(ds_vfs_close(s.t.setup, s.file), 0);
	t_assert_holds(&s.t);
	unmap.addr = s.addr;
	t_task(&s.t, "unmap", t_do_unmap, &unmap);
	assert_int_equal(t_run(&s.t, NULL, 0), DS_RUN_DONE);
	assert_true(t_broke(&s.t, DS_NO_FREE_BLOCK_PINNED));
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_a_punch_waits_for_the_pin),
		cmocka_unit_test(holds_where_other_blocks_are_freed),
		cmocka_unit_test(breaks_where_a_pinned_block_is_freed),
		cmocka_unit_test(breaks_where_a_free_block_is_pinned),
		cmocka_unit_test(
			breaks_where_a_pinned_block_is_freed_among_others),
		cmocka_unit_test(
			breaks_where_an_unlinked_file_goes_with_its_pins),
	};

	return cmocka_run_group_tests_name("no_free_block_pinned", tests, NULL,
					   NULL);
}
