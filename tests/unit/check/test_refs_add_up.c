// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

/* A direct read that takes @job->mode references too many, or forgets them. */
static void do_miscount(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_pfn pfn = t_block(job->file, 1);
	struct ds_frames *frames = job->t->frames;

	job->addr += T_PAGE;
	t_do_direct_read(task, job);
	ds_yield(task, DS_AT_FRAME_GET, ds_adds(ds_refs_object(pfn)),
		 ds_adds(ds_holders_object(1)));
	if (job->mode > 0)
		ds_frame_get(task, frames, pfn);
	if (job->mode < 0)
		ds_frame_hold(task, frames, pfn, 1, ds_pgidx(1), 1);
}

static void miscount_on(struct t_scene *s, const char *fs, int by)
{
	struct t_job job = {.mode = by, .len = T_K};

	t_set_up(s, fs);
	job.file = s->file;
	job.addr = s->addr;
	t_task(&s->t, "direct", do_miscount, &job);
	assert_int_equal(t_run(&s->t, NULL, 0), DS_RUN_DONE);
}

static void miscount(struct t_scene *s, int by)
{
	miscount_on(s, "ext4-4.19", by);
}

static void holds_where_every_reference_is_dropped(void **state)
{
	struct t_scene s;

	(void)state;
	miscount(&s, 0);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

/* The pages are mapped all the while. */
static void holds_where_page_tables_hold_the_rest(void **state)
{
	struct t_scene s;

	(void)state;
	miscount_on(&s, "xfs-6.15", 0);
	assert_int_equal(t_extra(&s.t, t_block(s.file, 1)), 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void breaks_where_a_reference_is_no_page_tables(void **state)
{
	struct t_scene s;

	(void)state;
	miscount_on(&s, "xfs-6.15", 1);
	t_assert_says(&s, DS_REFS_ADD_UP, "has 1 references that nobody holds");
	t_close(&s.t);
	miscount_on(&s, "xfs-6.15", -1);
	t_assert_says(&s, DS_REFS_ADD_UP, "has -1 references");
	t_close(&s.t);
}

static void do_pin_for_ever(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_direct_begin(task, job->t->space, job->addr, T_PAGE, true,
				   &job->direct));
}

static void holds_where_pins_are_left(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	s.pin.addr = s.addr;
	t_task(&s.t, "direct", do_pin_for_ever, &s.pin);
	assert_int_equal(t_run(&s.t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(t_extra(&s.t, t_block(s.file, 0)), 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void breaks_where_a_reference_is_leaked(void **state)
{
	struct t_scene s;

	(void)state;
	miscount(&s, 1);
	t_assert_broken(&s.t, t_bit(DS_REFS_ADD_UP));
	t_assert_says(&s, DS_REFS_ADD_UP, "has 1 references that nobody holds");
	t_close(&s.t);
}

/* Long after the property has seen as many pins as it can remember blocks. */
static void breaks_where_a_reference_is_leaked_late(void **state)
{
	struct t_scene s;
	struct t_job job = {.mode = 1, .len = T_K};
	unsigned int i;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	for (i = 0; i < 2 * DS_CHECK_BLOCKS; i++) {
		t_pin_page(&s, 0);
		t_unpin(&s.t, &s.pin);
	}
	job.file = s.file;
	job.addr = s.addr;
	t_task(&s.t, "direct", do_miscount, &job);
	assert_int_equal(t_run(&s.t, NULL, 0), DS_RUN_DONE);
	t_assert_says(&s, DS_REFS_ADD_UP, "has 1 references that nobody holds");
	t_close(&s.t);
}

static void breaks_where_a_pin_has_no_reference(void **state)
{
	struct t_scene s;

	(void)state;
	miscount(&s, -1);
	t_assert_says(&s, DS_REFS_ADD_UP, "has -1 references");
	t_close(&s.t);
}

static void do_nothing(struct ds_task *task, void *arg)
{
	(void)task;
	(void)arg;
}

/* A huge mapping, a small one of the same folio, and a pin of its last page. */
static void counts_a_huge_mapping_once(void **state)
{
	struct t_job pin = {.len = T_PAGE}, idle = {0};
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open_huge(&t, "ext4-6.15", 2);
	file = t_file_together(&t, "A", 4);
	addr = t_map(&t, file, 0, 4);
	assert_int_equal(t_store(&t, addr, 1), 1);
	assert_int_equal(t_store(&t, t_map(&t, file, 2, 1), 1), 1);
	pin.addr = addr + 3 * T_PAGE;
	t_pin(&t, &pin);
	/* A counted pin of a large folio takes one reference. */
	assert_int_equal(t_extra(&t, t_block(file, 0)), 2 + 1);
	t_task(&t, "idle", do_nothing, &idle);
	assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
	t_assert_holds(&t);
	/* One more, of a page that does not count itself. */
	ds_frame_get(t.setup, t.frames, t_block(file, 1));
	ds_checks_quiet(t.world->checks);
	t_assert_broken(&t, t_bit(DS_REFS_ADD_UP));
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_every_reference_is_dropped),
		cmocka_unit_test(holds_where_page_tables_hold_the_rest),
		cmocka_unit_test(breaks_where_a_reference_is_no_page_tables),
		cmocka_unit_test(holds_where_pins_are_left),
		cmocka_unit_test(breaks_where_a_reference_is_leaked),
		cmocka_unit_test(breaks_where_a_reference_is_leaked_late),
		cmocka_unit_test(breaks_where_a_pin_has_no_reference),
		cmocka_unit_test(counts_a_huge_mapping_once),
	};

	return cmocka_run_group_tests_name("refs_add_up", tests, NULL, NULL);
}
