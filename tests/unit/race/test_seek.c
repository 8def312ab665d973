// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/seek.h"

#include "fixture.h"

static void seek(struct f_program *f, const struct ds_seek *asked,
		 struct ds_seek_result *result)
{
	struct ds_seek how = *asked;

	if (!how.budget)
		how.budget = 1000000;
	if (!how.max_steps)
		how.max_steps = F_STEPS;
	assert_int_equal(ds_seek_run(f->world, &how, result), 0);
}

/* A run that breaks is found where the search finds one, and nowhere else. */
static void it_agrees_with_the_search(void **state)
{
	static const char *const profiles[] = {"ext4-4.18", "ext4-v3",
					       "ext4-4.19"};
	static const enum ds_property_id ids[] = {DS_WAITED, DS_NO_DEADLOCK};
	struct ds_search_result all;
	struct ds_seek_result found;
	struct f_program f;
	unsigned int i, j, breaks;

	(void)state;
	for (i = 0; i < 3; i++) {
		f_open(&f, F_EARLY, profiles[i]);
		f_search(&f, &all);
		for (j = 0; j < 2; j++) {
			struct ds_seek how = {.property = ids[j],
					      .breaks = true};

			seek(&f, &how, &found);
			breaks = all.findings[ids[j]].runs != 0;
			assert_int_equal(found.end,
					 breaks ? DS_SEEK_FOUND : DS_SEEK_NONE);
			if (breaks)
				assert_true(f_replay(&f, &found.schedule) >>
						    ids[j] &
					    1);
			ds_schedule_free(&found.schedule);
		}
		ds_search_result_free(&all);
		f_close(&f);
	}
}

static void a_safe_run_ends_and_breaks_nothing_of_it(void **state)
{
	struct ds_seek how = {.property = DS_WAITED};
	struct ds_seek_result found;
	struct f_program f;

	(void)state;
	f_open(&f, F_EARLY, "ext4-v3");
	seek(&f, &how, &found);
	assert_int_equal(found.end, DS_SEEK_FOUND);
	assert_false(f_replay(&f, &found.schedule) >> DS_WAITED & 1);
	assert_int_equal(f.world->sched->end, DS_RUN_DONE);
	ds_schedule_free(&found.schedule);
	f_close(&f);
}

/* With every bound up to one that suffices: the fewest preemptions. */
static void a_bound_limits_preemptions(void **state)
{
	struct ds_seek how = {
		.property = DS_WAITED,
		.breaks = true,
		.bounded = true,
	};
	struct ds_seek_result found;
	struct f_program f;

	(void)state;
	f_open(&f, F_EARLY, "ext4-v3");
	for (how.bound = 0; how.bound < 3; how.bound++) {
		seek(&f, &how, &found);
		assert_int_equal(found.end, DS_SEEK_NONE);
	}
	seek(&f, &how, &found);
	assert_int_equal(found.end, DS_SEEK_FOUND);
	ds_schedule_free(&found.schedule);
	f_close(&f);
}

static void collect_shortest(void *arg, struct ds_world *world)
{
	const struct ds_finding *finding = &world->checks->findings[DS_WAITED];
	uint64_t *shortest = arg;

	if (finding->found && finding->step < *shortest)
		*shortest = finding->step;
}

/* Against every bounded run there is. */
static void the_shortest_is_the_shortest(void **state)
{
	uint64_t shortest = UINT64_MAX;
	struct ds_search_options all = {
		.kind = DS_SEARCH_BOUND,
		.bound = 3,
		.max_steps = F_STEPS,
		.ran = collect_shortest,
		.ran_arg = &shortest,
	};
	struct ds_seek how = {
		.property = DS_WAITED,
		.breaks = true,
		.bounded = true,
		.bound = 3,
		.shortest = true,
	};
	struct ds_search_result result;
	struct ds_seek_result found;
	struct f_program f;

	(void)state;
	f_open(&f, F_EARLY, "ext4-v3");
	assert_int_equal(ds_search_run(f.world, &all, &result), 0);
	ds_search_result_free(&result);
	seek(&f, &how, &found);
	assert_int_equal(found.end, DS_SEEK_FOUND);
	assert_int_equal(found.finding.step, shortest);
	f_replay(&f, &found.schedule);
	assert_int_equal(f.world->checks->findings[DS_WAITED].step, shortest);
	ds_schedule_free(&found.schedule);
	f_close(&f);
}

/* Three tasks, a late DMA, and one that only makes runs longer. */
#define LATE                                                                   \
	"file A 16K\ntask direct\nbefore map A 8K+4K\nbefore touch A 8K+4K\n"  \
	"before pin A 8K+4K\ndma\ntask reader\nread A 0+4K\n"                  \
	"task punch\npunch A 8K+4K\n"

struct shortest {
	uint64_t steps[DS_N_PROPERTIES];
};

static void collect_all(void *arg, struct ds_world *world)
{
	struct shortest *shortest = arg;
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (world->checks->findings[i].found &&
		    world->checks->findings[i].step < shortest->steps[i])
			shortest->steps[i] = world->checks->findings[i].step;
}

/* Of each property, against all the runs within each bound. */
static void bounded_it_agrees_with_every_run_there_is(void **state)
{
	struct shortest shortest;
	struct ds_search_options all = {
		.kind = DS_SEARCH_BOUND,
		.max_steps = F_STEPS,
		.ran = collect_all,
		.ran_arg = &shortest,
	};
	struct ds_search_result result;
	struct ds_seek_result found;
	struct f_program f;
	unsigned int id;

	(void)state;
	f_open(&f, LATE, "ext4-4.18");
	for (all.bound = 0; all.bound < 2; all.bound++) {
		memset(&shortest, 0xff, sizeof(shortest));
		assert_int_equal(ds_search_run(f.world, &all, &result), 0);
		ds_search_result_free(&result);
		for (id = 0; id < DS_N_PROPERTIES; id++) {
			struct ds_seek how = {
				.property = id,
				.breaks = true,
				.bounded = true,
				.bound = all.bound,
				.shortest = true,
			};
			bool breaks = shortest.steps[id] != UINT64_MAX;

			seek(&f, &how, &found);
			assert_true(found.complete);
			assert_int_equal(found.end,
					 breaks ? DS_SEEK_FOUND : DS_SEEK_NONE);
			if (breaks)
				assert_int_equal(found.finding.step,
						 shortest.steps[id]);
			ds_schedule_free(&found.schedule);
		}
	}
	f_close(&f);
}

/* A run is no safe one because it ended in the step that broke it. */
static void a_break_in_the_last_step_counts(void **state)
{
	struct ds_seek how = {
		.property = DS_NO_STRAY_WRITE,
		.breaks = true,
	};
	struct ds_seek_result red, safe;
	struct f_program f;

	(void)state;
	f_open(&f,
	       "file A 4K\ntask direct\nbefore map A 0+4K\n"
	       "before pin A 0+4K\ndma\ntask punch\npunch A 0+4K\n",
	       "ext4-4.18");
	seek(&f, &how, &red);
	assert_int_equal(red.end, DS_SEEK_FOUND);
	assert_int_equal(red.finding.step, red.schedule.n);
	how.breaks = false;
	how.prefix = &red.schedule;
	how.n_prefix = red.schedule.n - 1;
	seek(&f, &how, &safe);
	assert_int_equal(safe.end, DS_SEEK_NONE);
	ds_schedule_free(&safe.schedule);
	ds_schedule_free(&red.schedule);
	f_close(&f);
}

static void a_prefix_is_followed(void **state)
{
	struct ds_seek how = {.property = DS_WAITED, .breaks = true};
	struct ds_seek_result red, safe;
	struct f_program f;
	size_t i;

	(void)state;
	f_open(&f, F_EARLY, "ext4-v3");
	seek(&f, &how, &red);
	how.breaks = false;
	how.prefix = &red.schedule;
	how.n_prefix = 5;
	seek(&f, &how, &safe);
	assert_int_equal(safe.end, DS_SEEK_FOUND);
	for (i = 0; i < 5; i++)
		assert_int_equal(safe.schedule.tasks[i], red.schedule.tasks[i]);
	ds_schedule_free(&safe.schedule);
	/* Behind the break nothing is safe. */
	how.n_prefix = (size_t)red.finding.step;
	seek(&f, &how, &safe);
	assert_int_equal(safe.end, DS_SEEK_NONE);
	ds_schedule_free(&safe.schedule);
	ds_schedule_free(&red.schedule);
	f_close(&f);
}

static void a_prefix_that_cannot_be_followed_is_an_error(void **state)
{
	struct ds_schedule prefix = {0};
	struct ds_seek how = {
		.property = DS_WAITED,
		.prefix = &prefix,
		.n_prefix = 1,
		.budget = 10,
		.max_steps = F_STEPS,
	};
	struct ds_seek_result found;
	struct f_program f;

	(void)state;
	f_open(&f, F_EARLY, "ext4-v3");
	assert_int_equal(ds_schedule_append(&prefix, 9), 0);
	assert_int_equal(ds_seek_run(f.world, &how, &found), -EPROTO);
	ds_schedule_free(&prefix);
	f_close(&f);
}

/* Too few runs, or runs cut short, decide nothing. */
static void without_enough_it_is_undecided(void **state)
{
	struct ds_seek how = {
		.property = DS_WAITED,
		.breaks = true,
		.budget = 3,
	};
	struct ds_seek_result found;
	struct f_program f;

	(void)state;
	f_open(&f, F_EARLY, "ext4-4.19");
	seek(&f, &how, &found);
	assert_int_equal(found.end, DS_SEEK_UNDECIDED);
	assert_int_equal(found.runs, 3);
	how.budget = 0;
	how.max_steps = 10;
	seek(&f, &how, &found);
	assert_int_equal(found.end, DS_SEEK_UNDECIDED);
	f_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_the_search),
		cmocka_unit_test(a_safe_run_ends_and_breaks_nothing_of_it),
		cmocka_unit_test(a_bound_limits_preemptions),
		cmocka_unit_test(the_shortest_is_the_shortest),
		cmocka_unit_test(bounded_it_agrees_with_every_run_there_is),
		cmocka_unit_test(a_break_in_the_last_step_counts),
		cmocka_unit_test(a_prefix_is_followed),
		cmocka_unit_test(a_prefix_that_cannot_be_followed_is_an_error),
		cmocka_unit_test(without_enough_it_is_undecided),
	};

	return cmocka_run_group_tests_name("seek", tests, NULL, NULL);
}
