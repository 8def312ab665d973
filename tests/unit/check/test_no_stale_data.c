// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/shadow.h"
#include "fixture.h"

static void holds_for_whatever_one_task_does(void **state)
{
	static const char *const systems[] = {"ext4-4.19", "xfs-4.19"};
	struct t_scene s;
	uint64_t i;
	size_t j;

	(void)state;
	for (j = 0; j < T_N(systems); j++) {
		t_set_up(&s, systems[j]);
		t_fallocate(&s.t, s.file, T_PUNCH, 100, T_K);
		t_fallocate(&s.t, s.file, T_INSERT, T_K, 2 * T_K);
		t_fallocate(&s.t, s.file, T_COLLAPSE, 2 * T_K, T_K);
		t_fallocate(&s.t, s.file, T_ZERO, 3 * T_K + 9, T_K);
		t_fill(&s.t, s.file, 7, 0x88);
		t_truncate(&s.t, s.file, 3 * T_K + 1000);
		t_truncate(&s.t, s.file, 9 * T_K);
		t_store(&s.t, s.addr + T_PAGE, 0x99);
		for (i = 0; i < 9 * T_PAGE; i += 128)
			t_byte(&s.t, s.file, i);
		for (i = 0; i < 4; i++)
			t_load(&s.t, s.addr + i * T_PAGE);
		t_assert_holds(&s.t);
		t_close(&s.t);
	}
}

/* What was written before a grown size is there, and zeroes around it. */
static void holds_for_a_write_that_grows_the_file(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	t_fill(&s.t, s.file, 6, 0x66);
	assert_int_equal(t_byte(&s.t, s.file, 6 * T_PAGE), 0x66);
	assert_int_equal(t_byte(&s.t, s.file, 5 * T_PAGE), 0);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

/* A read that began before a write may see what was there before, or after. */
static void read_during_write(struct t_scene *s, enum ds_at at)
{
	const struct t_leg legs[] = {
		{0, at, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job load = {0}, store = {.value = 0x55};

	t_set_up(s, "ext4-4.19");
	load.file = s->file;
	load.len = T_K;
	store.addr = s->addr;
	t_task(&s->t, "read", t_do_read, &load);
	t_task(&s->t, "store", t_do_store, &store);
	assert_int_equal(t_run(&s->t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(load.result, T_K);
	t_assert_holds(&s->t);
	t_close(&s->t);
}

static void holds_for_both_orders_of_a_read_and_a_store(void **state)
{
	struct t_scene s;

	(void)state;
	read_during_write(&s, DS_AT_BYTES_READ);
	read_during_write(&s, DS_AT_END);
}

static void tell(struct t_scene *s, enum ds_event_kind kind, unsigned int task,
		 unsigned char byte)
{
	bool is_call = kind == DS_EV_CALL_ENTERED || kind == DS_EV_CALL_LEFT;
	unsigned char bytes[256];
	const struct ds_event event = {
		.kind = kind,
		.task = task,
		.inode = s->file->inode->id,
		.bytes = bytes,
		.n = is_call ? 0 : sizeof(bytes),
		.text = is_call ? "pread" : NULL,
	};

	memset(bytes, byte, sizeof(bytes));
	ds_events_send(&s->t.world->events, &event);
}

/* Tasks 0 and 2 read, task 1 writes. */
static void what_a_call_may_see_was_there_while_it_ran(void **state)
{
	struct t_scene s;
	unsigned char i;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	tell(&s, DS_EV_CALL_ENTERED, 2, 0);
	tell(&s, DS_EV_PUT_BYTES, 1, 0xa0);
	tell(&s, DS_EV_CALL_ENTERED, 0, 0);
	/* As much as is kept. */
	for (i = 1; i <= DS_SHADOW_PAST; i++)
		tell(&s, DS_EV_PUT_BYTES, 1, 0xa0 + i);
	/* The call of another task, and its end, change nothing for it. */
	tell(&s, DS_EV_CALL_LEFT, 2, 0);
	for (i = 0; i <= DS_SHADOW_PAST; i++)
		tell(&s, DS_EV_SAW_BYTES, 0, 0xa0 + i);
	t_assert_holds(&s.t);
	/* Its own next call begins with what is there now. */
	tell(&s, DS_EV_CALL_LEFT, 0, 0);
	tell(&s, DS_EV_CALL_ENTERED, 0, 0);
	tell(&s, DS_EV_SAW_BYTES, 0, 0xa0 + DS_SHADOW_PAST);
	t_assert_holds(&s.t);
	tell(&s, DS_EV_SAW_BYTES, 0, 0xa0 + DS_SHADOW_PAST - 1);
	t_assert_broken(&s.t, t_bit(DS_NO_STALE_DATA));
	t_close(&s.t);
}

/* What another's call may see, which began before. */
static void breaks_where_a_call_sees_what_was_replaced_before_it(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	tell(&s, DS_EV_PUT_BYTES, 1, 0xa0);
	tell(&s, DS_EV_CALL_ENTERED, 2, 0);
	tell(&s, DS_EV_PUT_BYTES, 1, 0xa1);
	tell(&s, DS_EV_CALL_ENTERED, 0, 0);
	tell(&s, DS_EV_SAW_BYTES, 2, 0xa0);
	t_assert_holds(&s.t);
	tell(&s, DS_EV_SAW_BYTES, 0, 0xa0);
	t_assert_broken(&s.t, t_bit(DS_NO_STALE_DATA));
	t_close(&s.t);
}

static void breaks_where_bytes_change_behind_the_file(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	ds_frame_write(s.t.setup, s.t.frames, t_block(s.file, 1), 256, "?", 1);
	t_byte(&s.t, s.file, T_PAGE + 512);
	t_assert_holds(&s.t);
	t_byte(&s.t, s.file, T_PAGE + 256);
	t_assert_broken(&s.t, t_bit(DS_NO_STALE_DATA));
	t_assert_says(&s, DS_NO_STALE_DATA, "byte 4352 saw 0x3f");
	t_close(&s.t);
}

static void breaks_where_a_load_sees_a_block_that_was_freed(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_END, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job rude, load = {0};
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	rude = t_rudely(&s, 2);
	load.addr = s.addr + 2 * T_PAGE;
	t_task(&s.t, "rude", t_do_remove_rudely, &rude);
	t_task(&s.t, "load", t_do_load, &load);
	assert_int_equal(t_run(&s.t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(load.result, 1);
	t_assert_says(&s, DS_NO_STALE_DATA, "no longer the file's");
	t_close(&s.t);
}

/* The zero page stays mapped although the page was written meanwhile. */
static void breaks_where_a_load_sees_zeroes_for_data(void **state)
{
	struct t_scene s;
	uint64_t pte;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	assert_int_equal(t_fallocate(&s.t, s.file, T_PUNCH, 0, T_K), 0);
	assert_int_equal(t_load(&s.t, s.addr), 0);
	pte = t_pte(&s.t, s.addr);
	t_fill(&s.t, s.file, 0, 0x41);
	ds_pte_set(s.t.setup, s.t.space, (struct ds_vpn){ds_page_down(s.addr)},
		   pte);
	assert_int_equal(t_load(&s.t, s.addr), 0);
	t_assert_broken(&s.t, t_bit(DS_NO_STALE_DATA));
	t_close(&s.t);
}

/* ext4 lets bytes stored past the end of file show up when the file grows. */
static void store_past_the_end_and_grow(struct t_scene *s, const char *fs)
{
	t_set_up(s, fs);
	t_truncate(&s->t, s->file, 100);
	t_store(&s->t, s->addr + 512, 0x77);
	t_truncate(&s->t, s->file, T_K);
	t_byte(&s->t, s->file, 512);
}

static void breaks_where_bytes_past_the_end_show_up(void **state)
{
	struct t_scene s;

	(void)state;
	store_past_the_end_and_grow(&s, "ext4-4.19");
	t_assert_broken(&s.t, t_bit(DS_NO_STALE_DATA));
	t_close(&s.t);
	store_past_the_end_and_grow(&s, "xfs-4.19");
	t_assert_holds(&s.t);
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_for_whatever_one_task_does),
		cmocka_unit_test(holds_for_a_write_that_grows_the_file),
		cmocka_unit_test(holds_for_both_orders_of_a_read_and_a_store),
		cmocka_unit_test(what_a_call_may_see_was_there_while_it_ran),
		cmocka_unit_test(
			breaks_where_a_call_sees_what_was_replaced_before_it),
		cmocka_unit_test(breaks_where_bytes_change_behind_the_file),
		cmocka_unit_test(
			breaks_where_a_load_sees_a_block_that_was_freed),
		cmocka_unit_test(breaks_where_a_load_sees_zeroes_for_data),
		cmocka_unit_test(breaks_where_bytes_past_the_end_show_up),
	};

	return cmocka_run_group_tests_name("no_stale_data", tests, NULL, NULL);
}
