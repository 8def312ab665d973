// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

/* What changes the map where no kernel rule makes it wait; page 1 is pinned. */
static const struct {
	int mode;
	int64_t offset, len;
	const char *says; /* NULL: need not wait */
} calls[] = {
	{T_PUNCH, T_K, T_K, "page 1 is removed"},
	{T_PUNCH, 0, 4 * T_K, "page 1 is removed"},
	{T_PUNCH, 2 * T_K, T_K, NULL},
	{-1, 0, 0, "page 1 is removed"},
	{-1, 0, 2 * T_K, NULL},
	{-1, 0, 9 * T_K, NULL},
	{T_COLLAPSE, 0, T_K, "page 1 is moved"},
	{T_COLLAPSE, T_K, T_K, "page 1 is removed"},
	{T_COLLAPSE, 2 * T_K, T_K, NULL},
	{T_INSERT, 0, T_K, "page 1 is moved"},
	{T_INSERT, T_K, T_K, "page 1 is moved"},
	{T_INSERT, 2 * T_K, T_K, NULL},
	{T_ZERO, T_K, T_K, "page 1 is zeroed"},
	{T_ZERO, 2 * T_K, T_K, NULL},
	/* bytes inside a block: a write, and no change of the map */
	{T_ZERO, T_K + 1, 100, NULL},
	{0, 4 * T_K, T_K, NULL},
	{0, 0, 4 * T_K, NULL},
};

static void breaks_where_a_pinned_block_is_removed_moved_or_zeroed(void **state)
{
	struct t_scene s;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(calls); i++) {
		t_set_up(&s, "ext4-4.18");
		t_pin_page(&s, 1);
		t_call(&s, calls[i].mode, calls[i].offset, calls[i].len);
		if (calls[i].says)
			t_assert_says(&s, DS_WAITED, calls[i].says);
		else
			t_assert_holds(&s.t);
		t_close(&s.t);
	}
}

static void holds_where_the_kernel_waits(void **state)
{
	struct t_scene s;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(calls); i++) {
		if (!calls[i].says)
			continue;
		t_set_up(&s, "ext4-4.19");
		t_pin_page(&s, 1);
		t_call_and_unpin(&s, calls[i].mode, calls[i].offset,
				 calls[i].len);
		t_assert_holds(&s.t);
		t_close(&s.t);
	}
}

static void holds_for_pins_of_another_file(void **state)
{
	struct t_job pin = {.len = T_K};
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.18");
	pin.addr = t_map(&s.t, t_file(&s.t, "B", 2), 1, 1);
	t_pin(&s.t, &pin);
	t_call(&s, T_PUNCH, T_K, T_K);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			breaks_where_a_pinned_block_is_removed_moved_or_zeroed),
		cmocka_unit_test(holds_where_the_kernel_waits),
		cmocka_unit_test(holds_for_pins_of_another_file),
	};

	return cmocka_run_group_tests_name("waited", tests, NULL, NULL);
}
