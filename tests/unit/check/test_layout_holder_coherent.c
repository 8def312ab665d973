// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static void holds_where_insert_waits_for_the_pin(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	t_pin_page(&s, 1);
	t_call_and_unpin(&s, T_INSERT, 0, T_K);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

/* Zeroing leaves the block where it is, on ext4. */
static void holds_where_the_block_stays_in_its_place(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.18");
	t_pin_page(&s, 1);
	t_call(&s, T_ZERO, T_K, T_K);
	assert_true(t_broke(&s.t, DS_WAITED));
	assert_false(t_broke(&s.t, DS_LAYOUT_HOLDER_COHERENT));
	t_close(&s.t);
}

static void holds_for_pins_of_the_zero_page(void **state)
{
	struct ds_pinned pinned;
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.18");
	assert_int_equal(t_fallocate(&s.t, s.file, T_PUNCH, T_K, T_K), 0);
	assert_int_equal(ds_pin_pages(s.t.setup, s.t.space,
				      (struct ds_vpn){ds_page_down(s.addr) + 1},
				      1, false, &pinned),
			 1);
	t_call(&s, T_INSERT, 0, T_K);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

/* Nobody frees anything: the holder's view is wrong all the same. */
static void breaks_where_insert_moves_a_pinned_block(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-v3");
	t_pin_page(&s, 1);
	t_call(&s, T_INSERT, 0, T_K);
	t_assert_says(&s, DS_LAYOUT_HOLDER_COHERENT, "setup has page 1 pinned");
	t_assert_broken(&s.t,
			t_bit(DS_LAYOUT_HOLDER_COHERENT) | t_bit(DS_WAITED));
	t_close(&s.t);
}

static void breaks_where_a_pin_comes_through_a_stale_page_table(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_END, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job direct = {.len = T_K}, rude;
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	rude = t_rudely(&s, 1);
	direct.addr = s.addr + T_PAGE;
	t_task(&s.t, "rude", t_do_remove_rudely, &rude);
	t_task(&s.t, "direct", t_do_direct_read, &direct);
	assert_int_equal(t_run(&s.t, legs, T_N(legs)), DS_RUN_DONE);
	t_assert_says(&s, DS_LAYOUT_HOLDER_COHERENT,
		      "direct has page 1 pinned");
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_insert_waits_for_the_pin),
		cmocka_unit_test(holds_where_the_block_stays_in_its_place),
		cmocka_unit_test(holds_for_pins_of_the_zero_page),
		cmocka_unit_test(breaks_where_insert_moves_a_pinned_block),
		cmocka_unit_test(
			breaks_where_a_pin_comes_through_a_stale_page_table),
	};

	return cmocka_run_group_tests_name("layout_holder_coherent", tests,
					   NULL, NULL);
}
