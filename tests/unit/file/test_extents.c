// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

static void lock(struct t_world *t, struct ds_inode *inode)
{
	ds_rwsem_lock(t->setup, &inode->extents_lock, DS_EXCLUSIVE);
}

static void unlock(struct t_world *t, struct ds_inode *inode)
{
	ds_rwsem_unlock(t->setup, &inode->extents_lock);
}

static int64_t add(struct t_world *t, struct ds_inode *inode, uint64_t first,
		   uint64_t end, enum ds_ext_state state, bool zeroed)
{
	int64_t r;

	lock(t, inode);
	r = ds_inode_add_blocks(t->setup, inode, ds_pgrange(first, end), state,
				zeroed);
	unlock(t, inode);
	return r;
}

static int64_t remove_range(struct t_world *t, struct ds_inode *inode,
			    uint64_t first, uint64_t end)
{
	int64_t r;

	lock(t, inode);
	r = ds_inode_remove_blocks(t->setup, inode, ds_pgrange(first, end));
	unlock(t, inode);
	return r;
}

static void new_blocks_belong_to_the_file(void **state)
{
	const struct ds_event *event;
	struct ds_file *file;
	struct t_world t;
	uint64_t n_free;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	n_free = ds_blocks_n_free(t.super->blocks);
	assert_int_equal(add(&t, file->inode, 2, 5, DS_EXT_UNWRITTEN, false),
			 3);
	t_assert_extents(file, "2- 3u");
	assert_int_equal(ds_blocks_n_free(t.super->blocks), n_free - 3);
	assert_int_equal(ds_frame_view(t.frames, t_block(file, 4))->file,
			 file->inode->id);
	event = t_event(&t, DS_EV_EXTENTS_CHANGED, 0);
	assert_int_equal(event->change, DS_CHANGE_ADDED);
	assert_int_equal(event->range.first.pgidx, 2);
	assert_int_equal(event->range.end.pgidx, 5);
	t_close(&t);
}

static void blocks_are_zeroed_before_they_can_be_reached(void **state)
{
	unsigned char rubbish[4] = "old";
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	/* The lowest blocks will be handed out. */
	ds_frame_write(t.setup, t.frames, ds_pfn(1), 9, rubbish, 4);
	ds_frame_write(t.setup, t.frames, ds_pfn(2), 9, rubbish, 4);
	assert_int_equal(add(&t, file->inode, 0, 1, DS_EXT_WRITTEN, true), 1);
	assert_int_equal(t_block(file, 0).pfn, 1);
	assert_int_equal(ds_frame_bytes(t.frames, ds_pfn(1))[9], 0);
	assert_int_equal(add(&t, file->inode, 1, 2, DS_EXT_UNWRITTEN, false),
			 1);
	assert_int_equal(ds_frame_bytes(t.frames, ds_pfn(2))[9], 'o');
	t_close(&t);
}

static void one_call_adds_one_run(void **state)
{
	struct ds_file *a, *b;
	struct t_world t;

	(void)state;
	t_open_sized(&t, "ext4-4.19", 9); /* 8 blocks */
	a = t_file(&t, "A", 4);
	b = t_file(&t, "B", 2);
	assert_int_equal(remove_range(&t, a->inode, 1, 3), 0);
	/* The run freed last comes first, however short. */
	assert_int_equal(add(&t, b->inode, 2, 6, DS_EXT_WRITTEN, false), 2);
	t_assert_extents(b, "4w");
	assert_int_equal(add(&t, b->inode, 4, 6, DS_EXT_WRITTEN, false), 2);
	assert_int_equal(add(&t, b->inode, 6, 7, DS_EXT_WRITTEN, false),
			 -ENOSPC);
	t_assert_extents(b, "6w");
	t_close(&t);
}

static void removed_blocks_are_free_again(void **state)
{
	const struct ds_event *event;
	struct ds_file *file;
	struct ds_pfn pfn;
	struct t_world t;
	uint64_t n_free;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 6);
	assert_int_equal(remove_range(&t, file->inode, 2, 3), 0);
	n_free = ds_blocks_n_free(t.super->blocks);
	pfn = t_block(file, 1);
	t.n_events = 0;
	/* Two runs with a hole between, both cut. */
	assert_int_equal(remove_range(&t, file->inode, 1, 5), 0);
	t_assert_extents(file, "1w 4- 1w");
	assert_int_equal(ds_blocks_n_free(t.super->blocks), n_free + 3);
	assert_true(ds_blocks_is_free(t.super->blocks, pfn));
	assert_int_equal(ds_frame_view(t.frames, pfn)->file, 0);
	assert_int_equal(t_n_events(&t, DS_EV_EXTENTS_CHANGED), 2);
	assert_int_equal(t_n_events(&t, DS_EV_BLOCKS_FREED), 2);
	event = t_event(&t, DS_EV_BLOCKS_FREED, 0);
	assert_int_equal(event->pfn.pfn, pfn.pfn);
	assert_int_equal(event->n, 1);
	assert_int_equal(remove_range(&t, file->inode, 1, 5), 0);
	t_close(&t);
}

static void a_victim_takes_and_marks_every_freed_block(void **state)
{
	unsigned char pattern[DS_PAGE_SIZE];
	struct ds_file *file;
	struct ds_pfn pfn;
	struct t_world t;
	uint64_t n_free;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 3);
	t.super->victim = true;
	pfn = t_block(file, 1);
	n_free = ds_blocks_n_free(t.super->blocks);
	assert_int_equal(remove_range(&t, file->inode, 1, 3), 0);
	assert_int_equal(ds_blocks_n_free(t.super->blocks), n_free);
	assert_int_equal(t.super->n_victim_blocks, 2);
	assert_int_equal(ds_frame_view(t.frames, pfn)->file, DS_VICTIM_INODE);
	ds_victim_pattern(pfn, pattern);
	assert_memory_equal(ds_frame_bytes(t.frames, pfn), pattern,
			    sizeof(pattern));
	/* Each of them in a step of its own. */
	assert_int_equal(t_n_events(&t, DS_EV_BLOCKS_FREED), 2);
	t_close(&t);
}

static void unwriting_keeps_the_blocks(void **state)
{
	struct ds_file *file;
	struct ds_pfn pfn;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 3);
	assert_int_equal(add(&t, file->inode, 4, 5, DS_EXT_UNWRITTEN, false),
			 1);
	pfn = t_block(file, 1);
	t.n_events = 0;
	lock(&t, file->inode);
	assert_int_equal(
		ds_inode_unwrite(t.setup, file->inode, ds_pgrange(1, 6)), 0);
	unlock(&t, file->inode);
	t_assert_extents(file, "1w 2u 1- 1u");
	assert_int_equal(t_block(file, 1).pfn, pfn.pfn);
	/* What is unwritten already does not change. */
	assert_int_equal(t_n_events(&t, DS_EV_EXTENTS_CHANGED), 1);
	assert_int_equal(t_event(&t, DS_EV_EXTENTS_CHANGED, 0)->change,
			 DS_CHANGE_ZEROED);
	t_close(&t);
}

static void converted_blocks_read_as_zero(void **state)
{
	struct ds_file *file;
	struct ds_pfn pfn;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 3);
	lock(&t, file->inode);
	ds_inode_unwrite(t.setup, file->inode, ds_pgrange(1, 3));
	pfn = t_block(file, 1);
	assert_int_not_equal(ds_frame_bytes(t.frames, pfn)[0], 0);
	assert_int_equal(ds_inode_convert_written(t.setup, file->inode,
						  ds_pgrange(0, 2)),
			 0);
	unlock(&t, file->inode);
	t_assert_extents(file, "2w 1u");
	assert_true(t_all_are(&t, file, T_PAGE, 2 * T_PAGE, 0));
	assert_true(t_all_are(&t, file, 0, T_PAGE, t_pattern(0)));
	t_close(&t);
}

static void shifts_move_blocks_and_say_how_far(void **state)
{
	const struct ds_event *event;
	struct ds_file *file;
	struct ds_pfn pfn;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 5);
	pfn = t_block(file, 4);
	assert_int_equal(remove_range(&t, file->inode, 1, 3), 0);
	t.n_events = 0;
	lock(&t, file->inode);
	assert_int_equal(
		ds_inode_shift_down(t.setup, file->inode, ds_pgrange(1, 3)), 0);
	assert_int_equal(t_block(file, 2).pfn, pfn.pfn);
	event = t_event(&t, DS_EV_EXTENTS_CHANGED, 0);
	assert_int_equal(event->change, DS_CHANGE_MOVED);
	assert_int_equal(event->range.first.pgidx, 3);
	assert_int_equal(event->value, -2);
	assert_int_equal(
		ds_inode_shift_up(t.setup, file->inode, ds_pgidx(1), 4), 0);
	unlock(&t, file->inode);
	t_assert_extents(file, "1w 4- 2w");
	assert_int_equal(t_block(file, 6).pfn, pfn.pfn);
	event = t_event(&t, DS_EV_EXTENTS_CHANGED, 1);
	assert_int_equal(event->range.first.pgidx, 1);
	assert_int_equal(event->value, 4);
	t_close(&t);
}

static void zeroing_bytes_touches_written_blocks_only(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 4);
	assert_int_equal(remove_range(&t, file->inode, 1, 2), 0);
	lock(&t, file->inode);
	ds_inode_unwrite(t.setup, file->inode, ds_pgrange(2, 3));
	unlock(&t, file->inode);
	t.n_events = 0;
	ds_inode_zero_bytes(t.setup, file->inode, 100, 3 * T_PAGE + 50);
	assert_true(t_all_are(&t, file, 0, 100, t_pattern(0)));
	assert_true(t_all_are(&t, file, 100, 3 * T_PAGE + 50, 0));
	assert_true(
		t_all_are(&t, file, 3 * T_PAGE + 50, 4 * T_PAGE, t_pattern(3)));
	t_assert_extents(file, "1w 1- 1u 1w");
	assert_int_equal(ds_frame_bytes(t.frames, t_block(file, 2))[0],
			 t_pattern(2));
	t.n_events = 0;
	ds_inode_zero_bytes(t.setup, file->inode, 7, 7);
	assert_int_equal(t.n_events, 0);
	t_close(&t);
}

/* ------------------------- Each change is a step -------------------------- */

static void do_add(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_inode *inode = job->file->inode;

	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	ds_inode_add_blocks(task, inode, ds_pgrange(0, 1), DS_EXT_WRITTEN,
			    true);
	ds_inode_remove_blocks(task, inode, ds_pgrange(0, 1));
	ds_rwsem_unlock(task, &inode->extents_lock);
	t_end(job, 0);
}

static void map_and_blocks_change_in_steps_of_their_own(void **state)
{
	struct t_job job = {0};
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	job.file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	t_assert_steps(&t, do_add, &job, "+x alloc bytes extents free -x");
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_blocks_belong_to_the_file),
		cmocka_unit_test(blocks_are_zeroed_before_they_can_be_reached),
		cmocka_unit_test(one_call_adds_one_run),
		cmocka_unit_test(removed_blocks_are_free_again),
		cmocka_unit_test(a_victim_takes_and_marks_every_freed_block),
		cmocka_unit_test(unwriting_keeps_the_blocks),
		cmocka_unit_test(converted_blocks_read_as_zero),
		cmocka_unit_test(shifts_move_blocks_and_say_how_far),
		cmocka_unit_test(zeroing_bytes_touches_written_blocks_only),
		cmocka_unit_test(map_and_blocks_change_in_steps_of_their_own),
	};

	return cmocka_run_group_tests_name("extents", tests, NULL, NULL);
}
