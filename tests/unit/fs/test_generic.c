// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#define WAITING "generic-6.15"
#define NOWAIT  "generic-6.15-nowait"

static void every_mode_does_to_the_byte_what_it_says(void **state)
{
	(void)state;
	t_try_common(WAITING);
	t_try_common(NOWAIT);
}

static void every_order_is_break_cache_blocks(void **state)
{
	(void)state;
	t_assert_order(WAITING, T_PUNCH, T_K, 2 * T_K,
		       "+i +f unmap busy? drop unmap +j +x extents free -x -j "
		       "-f -i");
	t_assert_order(WAITING, 0, 5 * T_K, T_K,
		       "+i +j +x alloc extents -x -j -i");
}

static void what_takes_blocks_waits_and_allocation_does_not(void **state)
{
	(void)state;
	assert_true(t_waits(WAITING, -1, 0, 0));
	assert_true(t_waits(WAITING, T_PUNCH, 0, T_K));
	assert_true(t_waits(WAITING, T_ZERO, 0, T_K));
	assert_true(t_waits(WAITING, T_COLLAPSE, 0, T_K));
	assert_true(t_waits(WAITING, T_INSERT, 0, T_K));
	assert_false(t_waits(WAITING, 0, 0, T_K));
	assert_false(t_waits(WAITING, T_COLLAPSE, 0, 9 * T_K));
}

/* No callback: the first busy page ends the call, and it may come again. */
static void without_a_callback_a_busy_page_is_an_error(void **state)
{
	static const int modes[] = {-1, T_PUNCH, T_ZERO, T_COLLAPSE, T_INSERT};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(modes); i++) {
		struct t_job job = {.mode = modes[i], .len = T_K};
		struct t_job pin = {.len = T_K};
		struct t_world t;

		job.file = t_make_file(&t, NOWAIT);
		pin.addr = t_map(&t, job.file, 2, 1);
		t_pin(&t, &pin);
		t_task(&t, "call",
		       modes[i] < 0 ? t_do_truncate : t_do_fallocate, &job);
		assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
		assert_int_equal(job.result, -DS_ERESTARTSYS);
		t_assert_extents(job.file, T_FILE);
		assert_int_equal(t_size(job.file), 8 * T_K);
		t_assert_holds(&t);
		t_close(&t);
	}
}

static void an_interrupted_call_leaves_the_file_as_it_was(void **state)
{
	static const int modes[] = {-1, T_PUNCH, T_ZERO, T_COLLAPSE, T_INSERT};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(modes); i++) {
		struct t_job job = {.mode = modes[i], .len = T_K};
		struct ds_file *file;
		struct t_world t;

		file = t_interrupt(&t, WAITING, &job);
		assert_int_equal(t_size(file), 8 * T_K);
		t_assert_holds(&t);
		t_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode_does_to_the_byte_what_it_says),
		cmocka_unit_test(every_order_is_break_cache_blocks),
		cmocka_unit_test(
			what_takes_blocks_waits_and_allocation_does_not),
		cmocka_unit_test(without_a_callback_a_busy_page_is_an_error),
		cmocka_unit_test(an_interrupted_call_leaves_the_file_as_it_was),
	};

	return cmocka_run_group_tests_name("generic", tests, NULL, NULL);
}
