// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static void holds_where_a_punch_waits_for_the_device(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	s.t.super->victim = true;
	t_pin_page(&s, 1);
	t_call_and_unpin(&s, T_PUNCH, T_K, T_K);
	assert_int_equal(t_n_events(&s.t, DS_EV_DMA_WROTE), 1);
	assert_int_equal(s.t.super->n_victim_blocks, 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

/* The block moves, but stays the file's. */
static void holds_where_the_block_has_moved_in_its_file(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.18");
	t_pin_page(&s, 1);
	t_call(&s, T_INSERT, 0, T_K);
	t_do_dma_and_unpin(s.t.setup, &s.pin);
	ds_checks_quiet(s.t.world->checks);
	assert_false(t_broke(&s.t, DS_NO_STRAY_WRITE));
	t_close(&s.t);
}

/* A block is freed; then the device or a program writes it. */
static void write_after_free(struct t_scene *s, ds_task_fn write,
			     struct t_job *job, bool victim)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_END, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job rude = t_rudely(s, 1);

	s->t.super->victim = victim;
	t_task(&s->t, "rude", t_do_remove_rudely, &rude);
	t_task(&s->t, "writer", write, job);
	assert_int_equal(t_run(&s->t, legs, T_N(legs)), DS_RUN_DONE);
}

static void breaks_where_a_device_writes_the_victims_block(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	t_pin_page(&s, 1);
	write_after_free(&s, t_do_dma_and_unpin, &s.pin, true);
	t_assert_says(&s, DS_NO_STRAY_WRITE, "is the victim file's");
	t_close(&s.t);
}

static void breaks_where_a_device_writes_a_free_block(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	t_pin_page(&s, 1);
	write_after_free(&s, t_do_dma_and_unpin, &s.pin, false);
	t_assert_says(&s, DS_NO_STRAY_WRITE, "is free");
	t_close(&s.t);
}

static void breaks_where_another_file_has_the_block(void **state)
{
	struct ds_file *other;
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.18");
	t_pin_page(&s, 1);
	t_call(&s, T_PUNCH, T_K, T_K);
	other = t_file(&s.t, "B", 1);
	assert_int_equal(t_block(other, 0).pfn, s.pin.direct.pages[0].pfn.pfn);
	t_do_dma_and_unpin(s.t.setup, &s.pin);
	t_assert_says(&s, DS_NO_STRAY_WRITE, "another file's");
	t_close(&s.t);
}

/* No device, no pin: a page table that was left behind. */
static void breaks_where_a_program_stores_to_the_victims_block(void **state)
{
	struct t_job store = {.value = 0x77};
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	store.addr = s.addr + T_PAGE;
	write_after_free(&s, t_do_store, &store, true);
	assert_int_equal(store.result, 1);
	t_assert_says(&s, DS_NO_STRAY_WRITE,
		      "bytes of the victim file changed");
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_a_punch_waits_for_the_device),
		cmocka_unit_test(holds_where_the_block_has_moved_in_its_file),
		cmocka_unit_test(
			breaks_where_a_device_writes_the_victims_block),
		cmocka_unit_test(breaks_where_a_device_writes_a_free_block),
		cmocka_unit_test(breaks_where_another_file_has_the_block),
		cmocka_unit_test(
			breaks_where_a_program_stores_to_the_victims_block),
	};

	return cmocka_run_group_tests_name("no_stray_write", tests, NULL, NULL);
}
