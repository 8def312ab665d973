// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/lease.h"
#include "fixture.h"

/* Files A and B of 4 pages: pages 0 and 1 of both hold the same. */
struct t_files {
	struct t_world t;
	struct ds_file *a, *b;
	struct t_job dedupe, pin, signal;
};

static void set_up(struct t_files *f, const char *fs)
{
	memset(f, 0, sizeof(*f));
	t_open(&f->t, fs);
	f->a = t_file(&f->t, "A", 4);
	f->b = t_file(&f->t, "B", 4);
	t_fill(&f->t, f->b, 2, 0x77);
	t_fill(&f->t, f->b, 3, 0x77);
}

static int64_t dedupe(struct t_files *f, int64_t offset, int64_t dest_offset,
		      int64_t len)
{
	return ds_vfs_dedupe(f->t.setup, f->a, offset, f->b, dest_offset, len);
}

static void blocks_that_differ_are_told_and_left_alone(void **state)
{
	struct t_files f;

	(void)state;
	set_up(&f, "xfs-6.1");
	assert_int_equal(dedupe(&f, 0, 0, 4 * T_PAGE), -EBADE);
	assert_int_equal(dedupe(&f, 2 * T_PAGE, 2 * T_PAGE, T_PAGE), -EBADE);
	assert_int_equal(dedupe(&f, 0, T_PAGE, T_PAGE), -EBADE);
	assert_int_equal(t_byte(&f.t, f.b, 3 * T_PAGE), 0x77);
	t_assert_extents(f.b, "4w");
	t_assert_holds(&f.t);
	t_close(&f.t);
}

static void blocks_that_are_the_same_are_shared(void **state)
{
	struct t_files f;

	(void)state;
	set_up(&f, "xfs-6.1");
	assert_int_equal(dedupe(&f, 0, 0, 2 * T_PAGE), 2 * T_PAGE);
	assert_int_equal(t_block(f.a, 0).pfn, t_block(f.b, 0).pfn);
	assert_int_equal(t_block(f.a, 1).pfn, t_block(f.b, 1).pfn);
	assert_int_not_equal(t_block(f.a, 2).pfn, t_block(f.b, 2).pfn);
	assert_true(t_all_are(&f.t, f.b, 0, T_PAGE, t_pattern(0)));
	/* Once more: nothing to do. */
	assert_int_equal(dedupe(&f, 0, 0, 2 * T_PAGE), 2 * T_PAGE);
	/* The last byte of a page counts, and a hole is full of zeroes. */
	assert_int_equal(ds_vfs_pwrite(f.t.setup, f.b, "x", 1, 2 * T_PAGE - 1),
			 1);
	assert_int_equal(dedupe(&f, 0, 0, 2 * T_PAGE), -EBADE);
	t_fallocate(&f.t, f.a, T_PUNCH, 0, T_PAGE);
	assert_int_equal(dedupe(&f, 0, 0, T_PAGE), -EBADE);
	t_fill(&f.t, f.b, 0, 0);
	/* What is a hole in one becomes a hole in the other. */
	assert_int_equal(dedupe(&f, 0, 0, T_PAGE), T_PAGE);
	t_assert_extents(f.b, "1- 3w");
	t_assert_holds(&f.t);
	t_close(&f.t);
}

/* --------------------------- Sharing as it is ----------------------------- */

static int reflink(struct t_files *f, int64_t offset, int64_t dest_offset,
		   int64_t len)
{
	return ds_vfs_reflink(f->t.setup, f->a, offset, f->b, dest_offset, len);
}

static void another_file_gets_the_blocks(void **state)
{
	struct t_files f;
	uint64_t n_free;

	(void)state;
	set_up(&f, "xfs-6.15");
	n_free = ds_blocks_n_free(f.t.super->blocks);
	assert_int_equal(reflink(&f, 2 * T_PAGE, 3 * T_PAGE, 2 * T_PAGE), 0);
	/* One block of B is free again, and the file is a page longer. */
	assert_int_equal(ds_blocks_n_free(f.t.super->blocks), n_free + 1);
	assert_int_equal(t_size(f.b), 5 * T_PAGE);
	assert_int_equal(t_block(f.b, 4).pfn, t_block(f.a, 3).pfn);
	assert_true(t_all_are(&f.t, f.b, 3 * T_PAGE, 4 * T_PAGE, t_pattern(2)));
	/* A block is free when the last of them lets it go. */
	assert_int_equal(t_truncate(&f.t, f.a, 2 * T_PAGE), 0);
	assert_int_equal(ds_blocks_n_free(f.t.super->blocks), n_free + 1);
	assert_true(t_all_are(&f.t, f.b, 4 * T_PAGE, 5 * T_PAGE, t_pattern(3)));
	assert_int_equal(t_truncate(&f.t, f.b, 3 * T_PAGE), 0);
	assert_int_equal(ds_blocks_n_free(f.t.super->blocks), n_free + 3);
	t_assert_holds(&f.t);
	t_close(&f.t);
}

static void length_0_means_to_the_end(void **state)
{
	struct t_files f;

	(void)state;
	set_up(&f, "xfs-6.1");
	t_truncate(&f.t, f.a, 3 * T_PAGE + 100);
	/* The tail of A would show its bytes behind the end inside of B. */
	assert_int_equal(reflink(&f, 3 * T_PAGE, 0, 100), -EINVAL);
	assert_int_equal(reflink(&f, 0, 2 * T_PAGE, 0), 0);
	assert_int_equal(t_size(f.b), 5 * T_PAGE + 100);
	assert_int_equal(reflink(&f, 3 * T_PAGE + 100, 0, 0), 0);
	assert_int_equal(reflink(&f, 4 * T_PAGE, 0, 0), -EINVAL);
	t_assert_holds(&f.t);
	t_close(&f.t);
}

static void what_cannot_be_shared_is_refused(void **state)
{
	struct ds_file *reader, *writer, *appender;
	struct t_files f;

	(void)state;
	set_up(&f, "xfs-6.1");
	assert_int_equal(reflink(&f, -1, 0, 1), -EINVAL);
	assert_int_equal(reflink(&f, 0, -1, 1), -EINVAL);
	assert_int_equal(reflink(&f, 0, 0, -1), -EINVAL);
	assert_int_equal(reflink(&f, 0, INT64_MAX, 1), -EINVAL);
	assert_int_equal(reflink(&f, 1, 0, T_PAGE), -EINVAL);
	assert_int_equal(reflink(&f, 0, 1, T_PAGE), -EINVAL);
	assert_int_equal(reflink(&f, 0, 0, T_PAGE + 1), -EINVAL);
	assert_int_equal(reflink(&f, 0, 0, 5 * T_PAGE), -EINVAL);
	assert_int_equal(reflink(&f, 4 * T_PAGE, 0, T_PAGE), -EINVAL);
	reader = t_open_file(&f.t, "A", O_RDONLY);
	writer = t_open_file(&f.t, "A", O_WRONLY);
	appender = t_open_file(&f.t, "B", O_RDWR | O_APPEND);
	assert_int_equal(ds_vfs_reflink(f.t.setup, f.b, 0, reader, 0, T_PAGE),
			 -EBADF);
	assert_int_equal(ds_vfs_reflink(f.t.setup, writer, 0, f.b, 0, T_PAGE),
			 -EBADF);
	assert_int_equal(ds_vfs_reflink(f.t.setup, f.a, 0, appender, 0, T_PAGE),
			 -EBADF);
	assert_int_equal(ds_vfs_reflink(f.t.setup, f.a, 0, f.a, T_PAGE,
					2 * T_PAGE),
			 -EINVAL);
	assert_int_equal(ds_vfs_reflink(f.t.setup, f.a, 0, f.a, 2 * T_PAGE,
					2 * T_PAGE),
			 0);
	assert_true(t_all_are(&f.t, f.a, 2 * T_PAGE, 3 * T_PAGE, t_pattern(0)));
	t_assert_holds(&f.t);
	t_close(&f.t);
}

static void reflink_is_not_for_every_kernel(void **state)
{
	struct t_files f;

	(void)state;
	set_up(&f, "xfs-4.19");
	assert_int_equal(reflink(&f, 0, 0, T_PAGE), -EINVAL);
	t_close(&f.t);
	set_up(&f, "ext4-6.15");
	assert_int_equal(reflink(&f, 0, 0, T_PAGE), -EOPNOTSUPP);
	t_close(&f.t);
}

static void only_whole_blocks_count_but_for_the_end_of_both(void **state)
{
	struct t_files f;

	(void)state;
	set_up(&f, "xfs-6.1");
	/* 100 bytes of a block can differ, they are not looked at. */
	assert_int_equal(dedupe(&f, T_PAGE, T_PAGE, T_PAGE + 100), T_PAGE);
	assert_int_equal(dedupe(&f, T_PAGE, T_PAGE, 100), 0);
	t_truncate(&f.t, f.a, 2 * T_PAGE + 100);
	assert_int_equal(dedupe(&f, T_PAGE, T_PAGE, T_PAGE + 100), T_PAGE);
	t_truncate(&f.t, f.b, 2 * T_PAGE + 100);
	assert_int_equal(dedupe(&f, T_PAGE, T_PAGE, T_PAGE + 100), -EBADE);
	t_close(&f.t);
}

static void arguments_are_checked(void **state)
{
	struct ds_file *reader, *writer;
	struct t_files f;

	(void)state;
	set_up(&f, "xfs-6.1");
	assert_int_equal(dedupe(&f, 0, 0, 0), 0);
	assert_int_equal(dedupe(&f, -1, 0, 1), -EINVAL);
	assert_int_equal(dedupe(&f, 0, -1, 1), -EINVAL);
	assert_int_equal(dedupe(&f, INT64_MAX, 0, 1), -EOVERFLOW);
	assert_int_equal(dedupe(&f, 0, INT64_MAX, 1), -EOVERFLOW);
	assert_int_equal(dedupe(&f, 1, 0, T_PAGE), -EINVAL);
	assert_int_equal(dedupe(&f, 0, 1, T_PAGE), -EINVAL);
	assert_int_equal(dedupe(&f, 0, 0, 4 * T_PAGE + 1), -EINVAL);
	assert_int_equal(dedupe(&f, 0, T_PAGE, 4 * T_PAGE), -EINVAL);
	reader = t_open_file(&f.t, "A", O_RDONLY);
	writer = t_open_file(&f.t, "A", O_WRONLY);
	assert_int_equal(ds_vfs_dedupe(f.t.setup, f.b, 0, reader, 0, T_PAGE),
			 -EPERM);
	assert_int_equal(ds_vfs_dedupe(f.t.setup, writer, 0, f.b, 0, T_PAGE),
			 -EINVAL);
	assert_int_equal(ds_vfs_dedupe(f.t.setup, reader, 0, f.b, 0, T_PAGE),
			 T_PAGE);
	t_close(&f.t);
}

static void one_file_has_its_locks_taken_once(void **state)
{
	struct t_files f;

	(void)state;
	set_up(&f, "xfs-6.1");
	f.b = f.a;
	t_fill(&f.t, f.a, 1, t_pattern(0));
	assert_int_equal(dedupe(&f, 0, T_PAGE, T_PAGE), T_PAGE);
	assert_int_equal(dedupe(&f, 0, 2 * T_PAGE, T_PAGE), -EBADE);
	assert_int_equal(dedupe(&f, 0, T_PAGE, 2 * T_PAGE), -EINVAL);
	assert_int_equal(dedupe(&f, T_PAGE, 0, 2 * T_PAGE), -EINVAL);
	assert_int_equal(f.t.setup->n_held, 0);
	t_close(&f.t);
}

static void kernels_that_do_not_share_on_dax_refuse(void **state)
{
	static const char *const systems[] = {"xfs-4.19", "ext4-4.19",
					      "ext4-6.15"};
	struct t_files f;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		set_up(&f, systems[i]);
		assert_int_equal(dedupe(&f, 0, 0, 4 * T_PAGE), -EINVAL);
		t_assert_holds(&f.t);
		t_close(&f.t);
	}
}

/* --------------------------------- Pins ----------------------------------- */

enum {
	DEDUPE,
	SIGNAL,
	HOLDER,
};

static void do_dedupe(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct t_files *f = job->t->note;

	t_end(job, ds_vfs_dedupe(task, f->a, 0, f->b, 0, job->len));
}

/* With page 1 of @pinned pinned. */
static void set_up_tasks(struct t_files *f, const char *fs, bool second)
{
	set_up(f, fs);
	f->t.note = f;
	f->pin.addr = t_map(&f->t, second ? f->b : f->a, 1, 1);
	f->pin.len = T_PAGE;
	t_pin(&f->t, &f->pin);
	f->dedupe.len = 4 * T_PAGE;
	f->signal.target = t_task(&f->t, "dedupe", do_dedupe, &f->dedupe);
	t_task(&f->t, "signal", t_do_signal, &f->signal);
	t_task(&f->t, "holder", t_do_unpin, &f->pin);
}

static void note_awake(struct t_world *t)
{
	const struct ds_task *task = t->world->sched->tasks[DEDUPE];
	struct t_files *f = t->note;

	assert_int_equal(task->n_held, 2);
	if (task->state == DS_TASK_READY)
		f->dedupe.value++;
}

/* Round and round, awake, with both inodes locked, and deaf. */
static void a_pin_in_the_second_file_is_waited_for_without_sleep(void **state)
{
	static const char *const systems[] = {"xfs-6.1", "xfs-6.15"};
	static const struct t_leg legs[] = {
		{SIGNAL, DS_AT_END, 0, NULL},
		/* Each round takes the lock of the first file again. */
		{DEDUPE, DS_AT_LOCK_EXCLUSIVE, 3, note_awake},
		{DEDUPE, DS_AT_LOCK_EXCLUSIVE, 3, note_awake},
		{DEDUPE, DS_AT_LOCK_EXCLUSIVE, 3, note_awake},
		{HOLDER, DS_AT_END, 0, NULL},
		{DEDUPE, DS_AT_END, 0, NULL},
	};
	struct t_files f;
	size_t i, first;

	(void)state;
	/* With the signal, and without. */
	for (i = 0; i < 2 * T_N(systems); i++) {
		first = i % 2;
		set_up_tasks(&f, systems[i / 2], true);
		assert_int_equal(t_run(&f.t, legs + first, T_N(legs) - first),
				 DS_RUN_DONE);
		assert_int_equal(f.dedupe.value, 3);
		assert_int_equal(f.dedupe.result, -EBADE);
		t_assert_holds(&f.t);
		t_close(&f.t);
	}
}

static void a_pin_in_the_first_file_is_slept_for(void **state)
{
	static const struct t_leg legs[] = {
		{DEDUPE, DS_AT_WAIT_SLEEP, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{DEDUPE, DS_AT_END, 0, NULL},
	};
	struct t_files f;

	(void)state;
	set_up_tasks(&f, "xfs-6.1", false);
	assert_int_equal(t_run(&f.t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(f.dedupe.result, -EBADE);
	t_assert_holds(&f.t);
	t_close(&f.t);
}

static void a_signal_ends_that_sleep(void **state)
{
	static const struct t_leg legs[] = {
		{DEDUPE, DS_AT_WAIT_SLEEP, 0, NULL},
		{SIGNAL, DS_AT_END, 0, NULL},
		{DEDUPE, DS_AT_END, 0, NULL},
	};
	struct t_files f;

	(void)state;
	set_up_tasks(&f, "xfs-6.1", false);
	assert_int_equal(t_run(&f.t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(f.dedupe.result, -EINTR);
	assert_int_equal(f.t.world->sched->tasks[DEDUPE]->n_held, 0);
	t_assert_holds(&f.t);
	t_close(&f.t);
}

/* -------------------------------- Layouts --------------------------------- */

static bool recall(struct ds_lease *lease)
{
	lease->break_time = 0;
	return false;
}

static const struct ds_lease_ops lease_ops = {.recall = recall};

static void add_lease(struct t_files *f, struct ds_lease *lease,
		      struct ds_file *file)
{
	*lease = (struct ds_lease){
		.ops = &lease_ops,
		.name = "client",
		.inode = file->inode,
	};
	f->t.super->leased = true;
	assert_int_equal(ds_lease_add(f->t.setup, lease), 0);
}

static void note_nothing_held(struct t_world *t)
{
	struct t_files *f = t->note;

	assert_int_equal(t->world->sched->tasks[DEDUPE]->n_held, 0);
	f->dedupe.value++;
}

/*
 * Deduplicates beside a layout that nobody gives back, until a signal comes if
 * it is waited for.
 */
static void dedupe_beside_layout(const char *fs, bool dest, bool waits)
{
	static const struct t_leg legs[] = {
		{DEDUPE, DS_AT_WAIT_SLEEP, 0, note_nothing_held},
		{SIGNAL, DS_AT_END, 0, NULL},
		{DEDUPE, DS_AT_END, 0, NULL},
	};
	struct ds_lease lease;
	struct t_files f;

	set_up_tasks(&f, fs, true);
	t_unpin(&f.t, &f.pin);
	add_lease(&f, &lease, dest ? f.b : f.a);
	assert_int_equal(waits ? t_run(&f.t, legs, 3)
			       : t_run(&f.t, legs + 2, 1),
			 DS_RUN_DONE);
	assert_int_equal(f.dedupe.value, waits);
	assert_int_equal(f.dedupe.result, waits ? -EINTR : -EINVAL);
	assert_int_equal(lease.pending, waits);
	assert_int_equal(f.t.world->sched->tasks[DEDUPE]->n_held, 0);
	t_assert_holds(&f.t);
	t_close(&f.t);
}

static void layouts_are_recalled_with_no_lock_held(void **state)
{
	(void)state;
	dedupe_beside_layout("xfs-6.1", false, true);
	dedupe_beside_layout("xfs-6.1", true, true);
	/* Before it says that it shares nothing on DAX. */
	dedupe_beside_layout("xfs-5.10", false, true);
	dedupe_beside_layout("xfs-4.19", true, true);
	dedupe_beside_layout("xfs-4.19", false, false);
}

static void who_cannot_recall_shares_nothing(void **state)
{
	static const char *const systems[] = {"xfs-4.19", "xfs-6.1"};
	struct ds_lease lease;
	struct t_files f;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		set_up(&f, systems[i]);
		add_lease(&f, &lease, f.b);
		f.t.super->no_lease_memory = true;
		assert_int_equal(dedupe(&f, 0, 0, T_PAGE), -ENOMEM);
		assert_int_equal(f.t.setup->n_held, 0);
		t_close(&f.t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_that_differ_are_told_and_left_alone),
		cmocka_unit_test(blocks_that_are_the_same_are_shared),
		cmocka_unit_test(another_file_gets_the_blocks),
		cmocka_unit_test(length_0_means_to_the_end),
		cmocka_unit_test(what_cannot_be_shared_is_refused),
		cmocka_unit_test(reflink_is_not_for_every_kernel),
		cmocka_unit_test(
			only_whole_blocks_count_but_for_the_end_of_both),
		cmocka_unit_test(arguments_are_checked),
		cmocka_unit_test(one_file_has_its_locks_taken_once),
		cmocka_unit_test(kernels_that_do_not_share_on_dax_refuse),
		cmocka_unit_test(
			a_pin_in_the_second_file_is_waited_for_without_sleep),
		cmocka_unit_test(a_pin_in_the_first_file_is_slept_for),
		cmocka_unit_test(a_signal_ends_that_sleep),
		cmocka_unit_test(layouts_are_recalled_with_no_lock_held),
		cmocka_unit_test(who_cannot_recall_shares_nothing),
	};

	return cmocka_run_group_tests_name("xfs_reflink", tests, NULL, NULL);
}
