// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static void holds_where_entries_go_before_their_blocks(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.18");
	t_call(&s, T_PUNCH, T_K, 2 * T_K);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

/* Under the fault lock the two may differ; nobody can see them. */
static void look_between(struct t_world *t)
{
	struct t_scene *s = t->note;

	s->pin.value = t_entry(s->file, 1) && !t_block(s->file, 1).pfn;
	s->pin.done = t_broke(t, DS_TREES_AGREE);
}

static void breaks_where_faults_meet_an_entry_without_its_block(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_BLOCK_FREE, 0, look_between},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_scene s;
	struct t_job rude;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	rude = t_rudely(&s, 1);
	s.t.note = &s;
	t_task(&s.t, "rude", t_do_remove_rudely, &rude);
	assert_int_equal(t_run(&s.t, legs, T_N(legs)), DS_RUN_DONE);
	assert_true(s.pin.value);
	assert_false(s.pin.done);
	t_assert_broken(&s.t, t_bit(DS_TREES_AGREE));
	t_assert_says(&s, DS_TREES_AGREE, "entry 1 ");
	t_close(&s.t);
}

/* Fills the entry of page 0 with the block of page 2. */
static void do_fill_wrongly(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_inode *inode = job->file->inode;
	uint64_t old;

	ds_rwsem_lock(task, &inode->fault_lock, DS_SHARED);
	ds_entry_grab(task, &inode->mapping, ds_pgidx(0), &old);
	ds_entry_fill(task, &inode->mapping, ds_pgidx(0),
		      ds_entry_data(t_block(job->file, 2)), false);
	t_end(job, t_broke(job->t, DS_TREES_AGREE));
	ds_entry_unlock(task, &inode->mapping, ds_pgidx(0),
			ds_extents_object(inode->id));
	ds_rwsem_unlock(task, &inode->fault_lock);
}

static void breaks_where_an_entry_is_unlocked_with_the_wrong_block(void **state)
{
	struct t_job job = {0};
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	job.file = s.file;
	t_task(&s.t, "fault", do_fill_wrongly, &job);
	assert_int_equal(t_run(&s.t, NULL, 0), DS_RUN_DONE);
	/* While it was locked nobody could use it. */
	assert_int_equal(job.result, 0);
	t_assert_broken(&s.t, t_bit(DS_TREES_AGREE));
	t_close(&s.t);
}

/* Fills a huge entry with blocks that are the file's, but in another place. */
static void breaks_where_a_later_page_of_a_huge_entry_is_wrong(void **state)
{
	struct ds_mapping *mapping;
	struct ds_inode *inode;
	struct ds_file *file;
	struct t_world t;
	uint64_t old;

	(void)state;
	t_open_huge(&t, "ext4-4.19", 1);
	file = t_file_together(&t, "A", 4);
	inode = file->inode;
	mapping = &inode->mapping;
	assert_int_equal(
		ds_entry_grab_huge(t.setup, mapping, ds_pgidx(0), &old), 0);
	ds_entry_fill(t.setup, mapping, ds_pgidx(0),
		      ds_entry_data(t_block(file, 0)) | DS_ENTRY_HUGE, false);
	ds_entry_unlock(t.setup, mapping, ds_pgidx(0),
			ds_extents_object(inode->id));
	t_assert_holds(&t);
	/* The second page moves, under the entry. */
	assert_int_equal(ds_extmap_unmap(inode->extents, ds_pgrange(1, 2)), 0);
	assert_int_equal(ds_entry_grab(t.setup, mapping, ds_pgidx(1), &old), 0);
	ds_entry_unlock(t.setup, mapping, ds_pgidx(1),
			ds_extents_object(inode->id));
	t_assert_broken(&t, t_bit(DS_TREES_AGREE));
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_entries_go_before_their_blocks),
		cmocka_unit_test(
			breaks_where_faults_meet_an_entry_without_its_block),
		cmocka_unit_test(
			breaks_where_an_entry_is_unlocked_with_the_wrong_block),
		cmocka_unit_test(
			breaks_where_a_later_page_of_a_huge_entry_is_wrong),
	};

	return cmocka_run_group_tests_name("trees_agree", tests, NULL, NULL);
}
