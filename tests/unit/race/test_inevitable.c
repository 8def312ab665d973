// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/inevitable.h"

#include "fixture.h"

#define BUDGET 100000

/* Whether some run that begins with @k steps of @schedule is safe. */
static bool can_be_safe(struct f_program *f, enum ds_property_id property,
			const struct ds_schedule *schedule, size_t k)
{
	struct ds_seek how = {
		.property = property,
		.prefix = schedule,
		.n_prefix = k,
		.budget = BUDGET,
		.max_steps = F_STEPS,
	};
	struct ds_seek_result found;

	assert_int_equal(ds_seek_run(f->world, &how, &found), 0);
	assert_int_not_equal(found.end, DS_SEEK_UNDECIDED);
	ds_schedule_free(&found.schedule);
	return found.end == DS_SEEK_FOUND;
}

static void compare(struct f_program *f, enum ds_property_id property,
		    const struct ds_schedule *schedule, uint64_t step)
{
	struct ds_inevitable found;
	size_t k;

	assert_int_equal(ds_inevitable_find(f->world, schedule, property, step,
					    BUDGET, &found),
			 0);
	assert_true(found.decided);
	assert_in_range(found.from, 1, step);
	for (k = 0; k <= step; k++)
		assert_int_equal(can_be_safe(f, property, schedule, k),
				 k < found.from);
	assert_int_equal(found.task, schedule->tasks[found.from - 1]);
	for (k = 0; k + 1 < found.from; k++)
		assert_int_equal(found.safe.tasks[k], schedule->tasks[k]);
	assert_false(f_replay(f, &found.safe) >> property & 1);
	ds_inevitable_free(&found);
}

/* Asked of each prefix, one by one, the answer is the same. */
static void it_is_the_border_of_the_safe_prefixes(void **state)
{
	static const char *const profiles[] = {"ext4-4.18", "ext4-v3"};
	struct ds_search_result all;
	struct f_program f;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const struct ds_search_finding *finding;

		f_open(&f, F_EARLY, profiles[i]);
		f_search(&f, &all);
		finding = &all.findings[DS_WAITED];
		compare(&f, DS_WAITED, &finding->schedule,
			finding->finding.step);
		ds_search_result_free(&all);
		f_close(&f);
	}
}

/* ... also of runs in which it was lost long before it showed. */
static void it_is_found_however_far_it_lies(void **state)
{
	static const char *const calls[] = {"", "fsync A\n", "read A 0+4K\n",
					    "write A 0+8K\nread A 0+8K\n"};
	struct ds_seek how = {
		.property = DS_NO_STRAY_WRITE,
		.breaks = true,
		.budget = BUDGET,
		.max_steps = F_STEPS,
	};
	struct ds_seek_result red;
	char text[300];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct f_program f;

		/* Each task goes on as long as it can: the DMA comes last. */
		snprintf(text, sizeof(text),
			 "file A 16K\ntask punch\npunch A 8K+4K\n%s"
			 "task direct\nbefore map A 8K+4K\n"
			 "before pin A 8K+4K\ndma\n",
			 calls[i]);
		f_open(&f, text, "ext4-4.18");
		assert_int_equal(ds_seek_run(f.world, &how, &red), 0);
		assert_int_equal(red.runs, 1);
		compare(&f, DS_NO_STRAY_WRITE, &red.schedule, red.finding.step);
		ds_schedule_free(&red.schedule);
		f_close(&f);
	}
}

/* Once the block is the victim's, the DMA can only land in the wrong file. */
static void the_decisive_step_comes_before_the_one_that_breaks(void **state)
{
	static const char text[] = "file A 16K\ntask direct\n"
				   "before map A 8K+4K\nbefore touch A 8K+4K\n"
				   "direct-read A 8K+4K\n"
				   "task punch\npunch A 8K+4K\n";
	struct ds_inevitable found;
	struct ds_search_result all;
	const struct ds_search_finding *finding;
	struct f_program f;

	(void)state;
	f_open(&f, text, "ext4-4.18");
	f_search(&f, &all);
	finding = &all.findings[DS_NO_STRAY_WRITE];
	assert_int_equal(ds_inevitable_find(
				 f.world, &finding->schedule, DS_NO_STRAY_WRITE,
				 finding->finding.step, BUDGET, &found),
			 0);
	assert_true(found.decided);
	assert_true(found.from < finding->finding.step);
	assert_int_equal(finding->finding.task, 0);
	assert_int_equal(found.task, 1);
	assert_int_equal(found.at, DS_AT_BLOCK_FREE);
	ds_inevitable_free(&found);
	ds_search_result_free(&all);
	f_close(&f);
}

/* A pin from before that is never dropped: no run is safe. */
static void without_any_safe_run_there_is_no_decisive_step(void **state)
{
	static const char text[] = "file A 16K\ntask direct\n"
				   "before map A 8K+4K\nbefore touch A 8K+4K\n"
				   "before pin A 8K+4K\n"
				   "task punch\npunch A 8K+4K\n";
	struct ds_inevitable found;
	struct ds_search_result all;
	const struct ds_search_finding *finding;
	struct f_program f;

	(void)state;
	f_open(&f, text, "ext4-4.18");
	f_search(&f, &all);
	finding = &all.findings[DS_WAITED];
	assert_int_not_equal(finding->runs, 0);
	assert_int_equal(ds_inevitable_find(f.world, &finding->schedule,
					    DS_WAITED, finding->finding.step,
					    BUDGET, &found),
			 0);
	assert_true(found.decided);
	assert_int_equal(found.from, 0);
	assert_int_equal(found.safe.n, 0);
	ds_inevitable_free(&found);
	ds_search_result_free(&all);
	f_close(&f);
}

static void a_budget_that_ends_is_said(void **state)
{
	struct ds_inevitable found;
	struct ds_search_result all;
	const struct ds_search_finding *finding;
	struct f_program f;

	(void)state;
	f_open(&f, F_EARLY, "ext4-v3");
	f_search(&f, &all);
	finding = &all.findings[DS_WAITED];
	assert_int_equal(ds_inevitable_find(f.world, &finding->schedule,
					    DS_WAITED, finding->finding.step, 1,
					    &found),
			 0);
	assert_false(found.decided);
	assert_in_range(found.from, 1, finding->finding.step);
	ds_inevitable_free(&found);
	ds_search_result_free(&all);
	f_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_border_of_the_safe_prefixes),
		cmocka_unit_test(it_is_found_however_far_it_lies),
		cmocka_unit_test(
			the_decisive_step_comes_before_the_one_that_breaks),
		cmocka_unit_test(
			without_any_safe_run_there_is_no_decisive_step),
		cmocka_unit_test(a_budget_that_ends_is_said),
	};

	return cmocka_run_group_tests_name("inevitable", tests, NULL, NULL);
}
