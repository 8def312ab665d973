// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/walk.h"

#include "fixture.h"

struct seen {
	uint64_t n;
	bool in_order, task_fits, ended;
	enum ds_at points[256];
	const struct ds_schedule *schedule;
};

static void look(void *arg, const struct ds_world *world, uint64_t step,
		 unsigned int task)
{
	struct seen *seen = arg;

	seen->in_order &= step == seen->n + 1;
	seen->n = step;
	if (task == DS_TASKS_MAX) {
		seen->ended = true;
		return;
	}
	seen->task_fits &= task == seen->schedule->tasks[step - 1];
	if (step < 256)
		seen->points[step] = world->sched->tasks[task]->at;
}

static void every_step_is_looked_at_in_order(void **state)
{
	struct ds_search_result result;
	struct ds_schedule *schedule;
	struct seen seen = {.in_order = true, .task_fits = true};
	struct f_program f;
	enum ds_at at;
	size_t diverged, i;

	(void)state;
	f_open(&f, F_EARLY, "ext4-v3");
	f_search(&f, &result);
	schedule = &result.findings[DS_WAITED].schedule;
	seen.schedule = schedule;
	assert_int_equal(ds_walk_run(f.world, schedule, look, &seen, &diverged),
			 0);
	assert_true(seen.in_order && seen.task_fits && seen.ended);
	assert_int_equal(seen.n, schedule->n + 1);
	assert_true(f.world->checks->findings[DS_WAITED].found);
	for (i = 1; i <= schedule->n; i++) {
		assert_int_equal(ds_walk_point(f.world, schedule, i, &at), 0);
		assert_int_equal(at, seen.points[i]);
	}
	/* The block goes at the step that changes the extent map. */
	assert_int_equal(seen.points[result.findings[DS_WAITED].finding.step],
			 DS_AT_EXTENT_CHANGE);
	ds_search_result_free(&result);
	f_close(&f);
}

static void a_schedule_that_cannot_be_followed_diverges(void **state)
{
	struct ds_schedule schedule = {0};
	struct seen seen = {.in_order = true, .schedule = &schedule};
	struct f_program f;
	size_t diverged = 99;

	(void)state;
	f_open(&f, F_EARLY, "ext4-v3");
	assert_int_equal(ds_schedule_append(&schedule, 0), 0);
	assert_int_equal(ds_schedule_append(&schedule, 7), 0);
	assert_int_equal(ds_walk_run(f.world, &schedule, look, &seen,
				     &diverged),
			 -EPROTO);
	assert_int_equal(diverged, 1);
	assert_false(seen.ended);
	ds_schedule_free(&schedule);
	f_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_is_looked_at_in_order),
		cmocka_unit_test(a_schedule_that_cannot_be_followed_diverges),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
