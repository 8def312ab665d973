// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

/* File A of 4 pages, mapped and touched. */
struct t_cut {
	struct t_world t;
	struct t_job job;
	uint64_t addr;
};

static void set_up(struct t_cut *c)
{
	uint64_t i;

	memset(c, 0, sizeof(*c));
	t_open(&c->t, "ext4-4.19");
	c->job.file = t_file(&c->t, "A", 4);
	c->addr = t_map(&c->t, c->job.file, 0, 4);
	for (i = 0; i < 4; i++)
		t_store(&c->t, c->addr + i * T_PAGE, 1);
}

/* Of which pages the entry and the mapping are left, bit per page. */
static void assert_left(const struct t_cut *c, unsigned int expected)
{
	unsigned int i, entries = 0, mapped = 0;

	for (i = 0; i < 4; i++) {
		entries |= t_entry(c->job.file, i) ? 1U << i : 0;
		mapped |= t_pte(&c->t, c->addr + i * T_PAGE) ? 1U << i : 0;
	}
	assert_int_equal(entries, expected);
	assert_int_equal(mapped, expected);
}

static void cutting_a_file_drops_every_page_behind_the_cut(void **state)
{
	struct t_cut c;

	(void)state;
	set_up(&c);
	ds_truncate_cache(c.t.setup, c.job.file->inode, 2 * T_PAGE);
	assert_left(&c, 3);
	ds_truncate_cache(c.t.setup, c.job.file->inode, 0);
	assert_left(&c, 0);
	t_close(&c.t);
}

static void a_page_that_is_cut_stays(void **state)
{
	struct t_cut c;

	(void)state;
	set_up(&c);
	ds_truncate_cache(c.t.setup, c.job.file->inode, 2 * T_PAGE + 1);
	assert_left(&c, 7);
	ds_truncate_cache(c.t.setup, c.job.file->inode, UINT64_MAX);
	assert_left(&c, 7);
	t_close(&c.t);
}

static void a_range_drops_the_pages_inside_it(void **state)
{
	static const struct {
		uint64_t start, end;
		unsigned int left;
	} ranges[] = {
		{T_PAGE, 3 * T_PAGE, 9},      {T_PAGE - 1, 3 * T_PAGE + 1, 9},
		{T_PAGE + 1, 3 * T_PAGE, 11}, {T_PAGE, 3 * T_PAGE - 1, 13},
		{T_PAGE + 1, 2 * T_PAGE, 15}, {T_PAGE + 1, T_PAGE + 2, 15},
		{T_PAGE, T_PAGE, 15},         {0, 1 << 30, 0},
	};
	struct t_cut c;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(ranges); i++) {
		set_up(&c);
		ds_truncate_cache_range(c.t.setup, c.job.file->inode,
					ranges[i].start, ranges[i].end);
		assert_left(&c, ranges[i].left);
		t_close(&c.t);
	}
}

static void do_cut(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_truncate_cache(task, job->file->inode, 2 * T_PAGE);
	t_end(job, 0);
}

static void do_cut_range(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_truncate_cache_range(task, job->file->inode, T_PAGE, 2 * T_PAGE);
	t_end(job, 0);
}

static void page_tables_go_before_and_behind_the_entries(void **state)
{
	struct t_cut c;

	(void)state;
	set_up(&c);
	t_assert_steps(&c.t, do_cut, &c.job, "unmap drop unmap");
	t_close(&c.t);
}

static void of_a_range_page_tables_go_first(void **state)
{
	struct t_cut c;

	(void)state;
	set_up(&c);
	t_assert_steps(&c.t, do_cut_range, &c.job, "unmap drop");
	t_close(&c.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			cutting_a_file_drops_every_page_behind_the_cut),
		cmocka_unit_test(a_page_that_is_cut_stays),
		cmocka_unit_test(a_range_drops_the_pages_inside_it),
		cmocka_unit_test(page_tables_go_before_and_behind_the_entries),
		cmocka_unit_test(of_a_range_page_tables_go_first),
	};

	return cmocka_run_group_tests_name("truncate", tests, NULL, NULL);
}
