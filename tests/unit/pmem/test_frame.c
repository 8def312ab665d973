// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

#define PFN ds_pfn(9)

static void a_frame_that_nobody_uses_has_the_idle_count(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_int_equal(t.frames->idle, 1);
	assert_int_equal(ds_frame_refs(t.setup, t.frames, PFN), 1);
	assert_int_equal(ds_frame_view(t.frames, PFN)->mapping, 0);
	assert_int_equal(ds_frame_view(t.frames, PFN)->file, 0);
	t_close(&t);
}

static void gets_and_puts_add_up(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	ds_frame_get(t.setup, t.frames, PFN);
	ds_frame_get(t.setup, t.frames, PFN);
	assert_int_equal(ds_frame_refs(t.setup, t.frames, PFN), 3);
	assert_int_equal(ds_frame_refs(t.setup, t.frames, ds_pfn(8)), 1);
	assert_int_equal(ds_frame_put(t.setup, t.frames, PFN), 2);
	assert_int_equal(ds_frame_put(t.setup, t.frames, PFN), 1);
	assert_int_equal(ds_frame_refs(t.setup, t.frames, PFN), 1);
	t_close(&t);
}

static unsigned int n_holders(const struct t_world *t)
{
	const struct ds_holder *holder;
	unsigned int n = 0;

	for (holder = t->frames->holders; holder; holder = holder->next)
		n++;
	return n;
}

static void page_tables_alone_do_not_make_a_frame_busy(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.15");
	assert_false(ds_frame_is_busy(t.setup, t.frames, PFN));
	ds_frame_mapped(t.setup, t.frames, PFN);
	ds_frame_mapped(t.setup, t.frames, PFN);
	assert_int_equal(ds_frame_refs(t.setup, t.frames, PFN), 2);
	assert_false(ds_frame_is_busy(t.setup, t.frames, PFN));
	ds_frame_get(t.setup, t.frames, PFN);
	assert_true(ds_frame_is_busy(t.setup, t.frames, PFN));
	/* Not a moment between the two steps of an unmapping is it idle. */
	ds_frame_unmapped(t.setup, t.frames, PFN);
	assert_int_equal(ds_frame_put(t.setup, t.frames, PFN), 2);
	assert_true(ds_frame_is_busy(t.setup, t.frames, PFN));
	assert_int_equal(ds_frame_put(t.setup, t.frames, PFN), 1);
	assert_false(ds_frame_is_busy(t.setup, t.frames, PFN));
	ds_frame_unmapped(t.setup, t.frames, PFN);
	assert_true(ds_frame_is_busy(t.setup, t.frames, PFN));
	assert_int_equal(ds_frame_put(t.setup, t.frames, PFN), 0);
	assert_false(ds_frame_is_busy(t.setup, t.frames, PFN));
	t_close(&t);
}

static void a_frame_without_references_is_nobodys_to_take(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.15");
	assert_false(ds_frame_try_get_n(t.setup, t.frames, PFN, 1));
	assert_int_equal(t_extra(&t, PFN), 0);
	ds_frame_get(t.setup, t.frames, PFN);
	assert_true(ds_frame_try_get_n(t.setup, t.frames, PFN, 1));
	assert_int_equal(t_extra(&t, PFN), 2);
	t_close(&t);
	/* The device had one of its own to v6.14. */
	t_open(&t, "xfs-6.1");
	assert_true(ds_frame_try_get_n(t.setup, t.frames, PFN, 1));
	assert_int_equal(t_extra(&t, PFN), 1);
	t_close(&t);
}

static void many_references_come_and_go_at_once(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.15");
	assert_false(ds_frame_try_get_n(t.setup, t.frames, PFN, 1024));
	assert_int_equal(t_extra(&t, PFN), 0);
	ds_frame_get(t.setup, t.frames, PFN);
	assert_true(ds_frame_try_get_n(t.setup, t.frames, PFN, 1024));
	ds_frame_get_n(t.setup, t.frames, PFN, 1024);
	assert_int_equal(t_extra(&t, PFN), 2049);
	assert_int_equal(ds_frame_put(t.setup, t.frames, PFN), 2048);
	assert_int_equal(ds_frame_put_n(t.setup, t.frames, PFN, 1024), 1024);
	assert_int_equal(ds_frame_put_n(t.setup, t.frames, PFN, 1024), 0);
	t_close(&t);
}

/* Of two pins of one task the record of the right one goes. */
static void records_tell_how_many_references_they_are_about(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.15");
	ds_frame_hold(t.setup, t.frames, PFN, 1, ds_pgidx(4), 1);
	ds_frame_hold(t.setup, t.frames, PFN, 1, ds_pgidx(4), 1024);
	ds_frame_unhold(t.setup, t.frames, PFN, 1, ds_pgidx(4), 1);
	assert_int_equal(n_holders(&t), 1);
	assert_int_equal(t.frames->holders->refs, 1024);
	ds_frame_hold(t.setup, t.frames, PFN, 1, ds_pgidx(4), 1);
	ds_frame_unhold(t.setup, t.frames, PFN, 1, ds_pgidx(4), 1024);
	assert_int_equal(n_holders(&t), 1);
	assert_int_equal(t.frames->holders->refs, 1);
	t_close(&t);
}

static void a_pin_is_on_record_until_it_is_dropped(void **state)
{
	const struct ds_holder *holder;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	ds_frame_hold(t.setup, t.frames, PFN, 1, ds_pgidx(4), 1);
	ds_frame_hold(t.setup, t.frames, ds_pfn(10), 1, ds_pgidx(5), 1);
	holder = t.frames->holders;
	assert_int_equal(n_holders(&t), 2);
	assert_int_equal(holder->pfn.pfn, 10);
	assert_int_equal(holder->next->pfn.pfn, 9);
	assert_int_equal(holder->next->inode, 1);
	assert_int_equal(holder->next->page.pgidx, 4);
	ds_frame_unhold(t.setup, t.frames, PFN, 1, ds_pgidx(4), 1);
	assert_int_equal(n_holders(&t), 1);
	assert_int_equal(t.frames->holders->pfn.pfn, 10);
	/* The same page of another file, and on another block. */
	ds_frame_hold(t.setup, t.frames, ds_pfn(10), 2, ds_pgidx(5), 1);
	ds_frame_hold(t.setup, t.frames, ds_pfn(11), 1, ds_pgidx(5), 1);
	ds_frame_unhold(t.setup, t.frames, ds_pfn(10), 1, ds_pgidx(5), 1);
	assert_int_equal(n_holders(&t), 2);
	assert_int_equal(t.frames->holders->pfn.pfn, 11);
	assert_int_equal(t.frames->holders->next->inode, 2);
	assert_int_equal(t_n_events(&t, DS_EV_PINNED), 4);
	assert_int_equal(t_n_events(&t, DS_EV_UNPINNED), 2);
	t_close(&t);
}

static void do_hold_and_drop(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_yield(task, DS_AT_CELL, ds_adds(ds_holders_object(1)));
	ds_frame_hold(task, job->t->frames, PFN, 1, ds_pgidx(0), 1);
	ds_yield(task, DS_AT_CELL, ds_adds(ds_holders_object(1)));
	ds_frame_unhold(task, job->t->frames, PFN, 1, ds_pgidx(0), 1);
}

static void do_drop(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_yield(task, DS_AT_CELL, ds_adds(ds_holders_object(1)));
	ds_frame_unhold(task, job->t->frames, PFN, 1, ds_pgidx(0), 1);
}

static void setup_pins_it_too(struct t_world *t)
{
	ds_frame_hold(t->setup, t->frames, PFN, 1, ds_pgidx(0), 1);
}

static void note_who_is_left(struct t_world *t)
{
	unsigned int *left = t->note;

	*left = t->frames->holders ? t->frames->holders->task : 99;
}

static void of_two_pins_on_one_page_a_task_drops_its_own(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_CELL, 2, setup_pins_it_too},
		{0, DS_AT_END, 0, note_who_is_left},
	};
	struct t_job job = {0};
	unsigned int left = 0;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	t.note = &left;
	t_task(&t, "a", do_hold_and_drop, &job);
	t_run(&t, legs, T_N(legs));
	assert_int_equal(left, DS_TASKS_MAX);
	assert_int_equal(n_holders(&t), 1);
	t_close(&t);
}

static void a_task_may_drop_what_another_has_pinned(void **state)
{
	struct t_job job = {0};
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	t_task(&t, "b", do_drop, &job);
	ds_frame_hold(t.setup, t.frames, PFN, 1, ds_pgidx(0), 1);
	t_run(&t, NULL, 0);
	assert_null(t.frames->holders);
	t_close(&t);
}

static void no_record_is_kept_where_none_is_asked_for(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	t.frames->keep_holders = false;
	ds_frame_hold(t.setup, t.frames, PFN, 1, ds_pgidx(4), 1);
	assert_null(t.frames->holders);
	ds_frame_unhold(t.setup, t.frames, PFN, 1, ds_pgidx(4), 1);
	assert_int_equal(t.n_events, 0);
	t_close(&t);
}

static void association_and_owner_are_told_apart(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	ds_frame_associate(t.setup, t.frames, PFN, 2, ds_pgidx(7));
	ds_frame_set_file(t.frames, PFN, 3);
	assert_int_equal(ds_frame_view(t.frames, PFN)->mapping, 2);
	assert_int_equal(ds_frame_view(t.frames, PFN)->index, 7);
	assert_int_equal(ds_frame_view(t.frames, PFN)->file, 3);
	ds_frame_associate(t.setup, t.frames, PFN, 0, ds_pgidx(0));
	assert_int_equal(ds_frame_view(t.frames, PFN)->mapping, 0);
	assert_int_equal(ds_frame_view(t.frames, PFN)->file, 3);
	t_close(&t);
}

static void bytes_written_are_in_the_region(void **state)
{
	unsigned char *base;
	char back[5] = "";
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	base = t.region->base + 9 * T_PAGE;
	ds_frame_write(t.setup, t.frames, PFN, T_PAGE - 4, "pmem", 4);
	assert_memory_equal(base + T_PAGE - 4, "pmem", 4);
	assert_int_equal(base[T_PAGE - 5], 0);
	assert_int_equal(base[T_PAGE], 0);
	ds_frame_read(t.setup, t.frames, PFN, T_PAGE - 4, back, 4);
	assert_string_equal(back, "pmem");
	ds_frame_zero(t.setup, t.frames, PFN, T_PAGE - 3, 2);
	assert_memory_equal(base + T_PAGE - 4, "p\0\0m", 4);
	assert_ptr_equal(ds_frame_bytes(t.frames, PFN), base);
	t_close(&t);
}

static void rewinding_brings_records_and_bytes_back(void **state)
{
	struct t_world t;
	unsigned int i;

	(void)state;
	t_open(&t, "ext4-4.19");
	ds_frame_write(t.setup, t.frames, PFN, 0, "before", 7);
	ds_frame_get(t.setup, t.frames, PFN);
	ds_frames_mark(t.frames);
	for (i = 0; i < 3; i++) {
		ds_frame_write(t.setup, t.frames, PFN, 0, "behind", 7);
		ds_frame_zero(t.setup, t.frames, ds_pfn(11), 0, 10);
		ds_frame_write(t.setup, t.frames, ds_pfn(11), 3, "x", 1);
		ds_frame_get(t.setup, t.frames, PFN);
		ds_frame_set_file(t.frames, ds_pfn(12), 5);
		ds_frame_associate(t.setup, t.frames, PFN, 1, ds_pgidx(i));
		ds_frames_rewind(t.frames);
		assert_string_equal((const char *)ds_frame_bytes(t.frames, PFN),
				    "before");
		assert_int_equal(ds_frame_bytes(t.frames, ds_pfn(11))[3], 0);
		assert_int_equal(t_extra(&t, PFN), 1);
		assert_int_equal(ds_frame_view(t.frames, ds_pfn(12))->file, 0);
		assert_int_equal(ds_frame_view(t.frames, PFN)->mapping, 0);
	}
	t_close(&t);
}

static void a_second_mark_replaces_the_first(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	ds_frames_mark(t.frames);
	ds_frame_write(t.setup, t.frames, PFN, 0, "1", 1);
	ds_frame_get(t.setup, t.frames, PFN);
	ds_frames_mark(t.frames);
	ds_frame_write(t.setup, t.frames, PFN, 0, "2", 1);
	ds_frame_put(t.setup, t.frames, PFN);
	ds_frames_rewind(t.frames);
	assert_int_equal(ds_frame_bytes(t.frames, PFN)[0], '1');
	assert_int_equal(t_extra(&t, PFN), 1);
	t_close(&t);
}

static void more_frames_than_the_log_holds_at_first_come_back(void **state)
{
	struct t_world t;
	uint64_t i;

	(void)state;
	t_open(&t, "ext4-4.19");
	ds_frames_mark(t.frames);
	for (i = 1; i < 300; i++) {
		ds_frame_write(t.setup, t.frames, ds_pfn(i), i, "y", 1);
		ds_frame_get(t.setup, t.frames, ds_pfn(i));
	}
	ds_frames_rewind(t.frames);
	for (i = 1; i < 300; i++) {
		assert_int_equal(ds_frame_bytes(t.frames, ds_pfn(i))[i], 0);
		assert_int_equal(t_extra(&t, ds_pfn(i)), 0);
	}
	t_close(&t);
}

static void the_first_frame_of_a_folio_counts_for_all(void **state)
{
	struct t_world t;

	(void)state;
	t_open_huge(&t, "ext4-6.15", 2);
	ds_frame_join(t.setup, t.frames, ds_pfn(8), 2);
	ds_frame_get(t.setup, t.frames, ds_pfn(11));
	ds_frame_mapped(t.setup, t.frames, ds_pfn(9));
	assert_int_equal(t_extra(&t, ds_pfn(8)), 2);
	assert_int_equal(t_mapped(&t, ds_pfn(8)), 1);
	assert_int_equal(t_extra(&t, ds_pfn(9)), 0);
	assert_int_equal(t_extra(&t, ds_pfn(11)), 0);
	assert_true(ds_frame_is_busy(t.setup, t.frames, ds_pfn(10)));
	assert_int_equal(ds_frame_put(t.setup, t.frames, ds_pfn(10)), 1);
	assert_false(ds_frame_is_busy(t.setup, t.frames, ds_pfn(8)));
	assert_int_equal(ds_frame_head(t.frames, ds_pfn(11)).pfn, 8);
	assert_int_equal(ds_frame_head(t.frames, ds_pfn(12)).pfn, 12);
	ds_frame_split(t.setup, t.frames, ds_pfn(8));
	assert_int_equal(ds_frame_head(t.frames, ds_pfn(11)).pfn, 11);
	ds_frame_get(t.setup, t.frames, ds_pfn(11));
	assert_int_equal(t_extra(&t, ds_pfn(11)), 1);
	t_close(&t);
}

static void rewinding_splits_a_folio_made_since(void **state)
{
	struct ds_digest before = {0, 0}, joined = {0, 0}, after = {0, 0};
	struct t_world t;

	(void)state;
	t_open_huge(&t, "ext4-6.15", 1);
	assert_int_equal(ds_world_mark(t.world), 0);
	ds_frames_digest(t.frames, &before);
	ds_frame_join(t.setup, t.frames, ds_pfn(8), 1);
	ds_frames_digest(t.frames, &joined);
	assert_false(ds_digest_equal(before, joined));
	assert_int_equal(ds_world_rewind(t.world), 0);
	ds_frames_digest(t.frames, &after);
	assert_true(ds_digest_equal(before, after));
	assert_int_equal(ds_frame_head(t.frames, ds_pfn(9)).pfn, 9);
	t_close(&t);
}

static void entries_of_several_files_are_counted(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.1");
	/* To v6.14 also where there is one; the place is not known any more. */
	ds_frame_associate(t.setup, t.frames, PFN, 2, ds_pgidx(7));
	ds_frame_associate_shared(t.setup, t.frames, PFN, 3, ds_pgidx(1));
	assert_int_equal(ds_frame_view(t.frames, PFN)->mapping,
			 DS_SHARED_MAPPING);
	assert_int_equal(ds_frame_view(t.frames, PFN)->index, 2);
	ds_frame_dissociate(t.setup, t.frames, PFN);
	assert_int_equal(ds_frame_view(t.frames, PFN)->index, 1);
	ds_frame_dissociate(t.setup, t.frames, PFN);
	assert_int_equal(ds_frame_view(t.frames, PFN)->mapping, 0);
	assert_int_equal(ds_frame_view(t.frames, PFN)->index, 0);
	ds_frame_associate_shared(t.setup, t.frames, PFN, 3, ds_pgidx(1));
	assert_int_equal(ds_frame_view(t.frames, PFN)->index, 1);
	ds_frame_dissociate(t.setup, t.frames, PFN);
	/* From v6.15 on one entry is one entry. */
	t.frames->pte_holds_ref = true;
	ds_frame_associate_shared(t.setup, t.frames, PFN, 3, ds_pgidx(5));
	assert_int_equal(ds_frame_view(t.frames, PFN)->mapping, 3);
	assert_int_equal(ds_frame_view(t.frames, PFN)->index, 5);
	t_close(&t);
}

static void blocks_have_owners_until_the_last_lets_go(void **state)
{
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.1");
	ds_frame_set_file(t.frames, PFN, 2);
	assert_false(ds_frame_has_others(t.setup, t.frames, PFN));
	ds_frame_share_block(t.setup, t.frames, PFN);
	assert_true(ds_frame_has_others(t.setup, t.frames, PFN));
	assert_int_equal(ds_frame_view(t.frames, PFN)->file, DS_SHARED_FILE);
	assert_false(ds_frame_unshare_block(t.setup, t.frames, PFN));
	assert_false(ds_frame_has_others(t.setup, t.frames, PFN));
	assert_true(ds_frame_unshare_block(t.setup, t.frames, PFN));
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_that_nobody_uses_has_the_idle_count),
		cmocka_unit_test(gets_and_puts_add_up),
		cmocka_unit_test(page_tables_alone_do_not_make_a_frame_busy),
		cmocka_unit_test(a_frame_without_references_is_nobodys_to_take),
		cmocka_unit_test(many_references_come_and_go_at_once),
		cmocka_unit_test(
			records_tell_how_many_references_they_are_about),
		cmocka_unit_test(a_pin_is_on_record_until_it_is_dropped),
		cmocka_unit_test(of_two_pins_on_one_page_a_task_drops_its_own),
		cmocka_unit_test(a_task_may_drop_what_another_has_pinned),
		cmocka_unit_test(no_record_is_kept_where_none_is_asked_for),
		cmocka_unit_test(association_and_owner_are_told_apart),
		cmocka_unit_test(entries_of_several_files_are_counted),
		cmocka_unit_test(blocks_have_owners_until_the_last_lets_go),
		cmocka_unit_test(bytes_written_are_in_the_region),
		cmocka_unit_test(rewinding_brings_records_and_bytes_back),
		cmocka_unit_test(a_second_mark_replaces_the_first),
		cmocka_unit_test(
			more_frames_than_the_log_holds_at_first_come_back),
		cmocka_unit_test(the_first_frame_of_a_folio_counts_for_all),
		cmocka_unit_test(rewinding_splits_a_folio_made_since),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
