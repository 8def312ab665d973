// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include "check/stores.h"
#include "file/vfs.h"

static void set_up(struct t_scene *s)
{
	const struct ds_world_options options = {
		.profile = ds_profile_find("ext4-4.19"),
		.n_zones = 1,
		.table_bits = 4,
		.tree_shift = 2,
		.shadow = true,
		.checked = true,
		.watch_stores = true,
	};

	t_open_with(&s->t, &options, 64);
	t_touch_all(s);
}

static uint32_t broken(const struct t_scene *s)
{
	return ds_checks_broken(s->t.world->checks);
}

/* The call of @mode on page 1, if any, and job->len times fsync. */
static void play(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	int64_t i;

	if (job->mode)
		job->result =
			ds_vfs_fallocate(task, job->file, job->mode, T_K, T_K);
	for (i = 0; i < (int64_t)job->len && job->result == 0; i++)
		job->result = ds_vfs_fsync(task, job->file);
}

static void run(struct t_scene *s, int mode, unsigned int n_fsyncs)
{
	struct t_job job = {.file = s->file, .mode = mode, .len = n_fsyncs};

	t_task(&s->t, "program", play, &job);
	assert_int_equal(t_run(&s->t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(job.result, 0);
}

/* Forgets, as no kernel should, that page @page is dirty. */
static void clean(struct t_scene *s, uint64_t page)
{
	ds_mapping_clean(s->t.setup, &s->file->inode->mapping,
			 ds_pgrange(page, page + 1));
}

static void a_page_passed_by_breaks_it(void **state)
{
	struct t_scene s;

	(void)state;
	set_up(&s);
	clean(&s, 2);
	run(&s, 0, 1);
	assert_int_equal(broken(&s), t_bit(DS_NO_UNFLUSHED_STORE));
	t_assert_says(&s, DS_NO_UNFLUSHED_STORE, "stored to page 2");
	t_close(&s.t);
}

static void what_is_flushed_does_not(void **state)
{
	struct t_scene s;

	(void)state;
	set_up(&s);
	run(&s, 0, 2);
	assert_int_equal(broken(&s), 0);
	assert_int_equal(s.t.world->checks->stores->n, 0);
	t_close(&s.t);
}

/* Page 1 is gone, or reads as zero: what was stored to it is of no use. */
static void what_left_the_file_does_not(void **state)
{
	static const int modes[] = {T_PUNCH, T_ZERO, T_COLLAPSE};
	struct t_scene s;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(modes); i++) {
		set_up(&s);
		clean(&s, 1);
		run(&s, modes[i], 1);
		assert_int_equal(broken(&s), 0);
		t_close(&s.t);
	}
}

static void what_is_not_flushed_is_part_of_the_state(void **state)
{
	struct ds_digest before = {0, 0}, after = {0, 0};
	struct t_scene s;

	(void)state;
	set_up(&s);
	ds_checks_digest(s.t.world->checks, &before);
	ds_stores_drop(s.t.world->checks->stores, ds_pfn(0), 1000);
	ds_checks_digest(s.t.world->checks, &after);
	assert_memory_not_equal(&before, &after, sizeof(before));
	t_close(&s.t);
}

static void it_is_judged_only_where_stores_are_watched(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	clean(&s, 2);
	run(&s, 0, 1);
	assert_int_equal(broken(&s), 0);
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_passed_by_breaks_it),
		cmocka_unit_test(what_is_flushed_does_not),
		cmocka_unit_test(what_left_the_file_does_not),
		cmocka_unit_test(what_is_not_flushed_is_part_of_the_state),
		cmocka_unit_test(it_is_judged_only_where_stores_are_watched),
	};

	return cmocka_run_group_tests_name("no_unflushed_store", tests, NULL,
					   NULL);
}
