// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/shrink.h"

#include "fixture.h"
#include "race/reduce.h"
#include "race/scenario_text.h"
#include "race/seek.h"

/* The race of F_EARLY among bystanders, options and pages too many. */
#define F_LOUD                                                                 \
	"scenario loud\nwatch waits\nfile B 8K\nfile A 40K hole 24K+4K\n"      \
	"task bystander\nread B 0+4K\n"                                        \
	"task direct\nbefore map A 0+16K\nbefore touch A 8K+8K\n"              \
	"direct-read A 8K+8K\ntask punch\npunch A 8K+8K\nfsync B\n"

static void shrink(const char *text, const char *fs,
		   enum ds_property_id property, struct ds_shrunk *shrunk)
{
	struct ds_shrink how = {
		.program = {.profile = ds_profile_find(fs), .checked = true},
		.property = property,
		.budget = 20000,
		.max_steps = F_STEPS,
	};
	struct ds_scenario scenario;

	f_parse(text, &scenario);
	f_region(&how.program.region);
	assert_int_equal(ds_shrink(&scenario, &how, shrunk), 0);
	ds_region_close(how.program.region);
}

static void only_what_the_race_needs_is_left(void **state)
{
	struct ds_shrunk shrunk;
	char *text;

	(void)state;
	shrink(F_LOUD, "ext4-v3", DS_WAITED, &shrunk);
	text = ds_scenario_text(&shrunk.scenario);
	assert_string_equal(text,
			    "scenario loud\nfile A 8K\ntask direct\n"
			    "\tbefore map A 0+8K\n\tbefore touch A 0+8K\n"
			    "\tdirect-read A 0+8K\n"
			    "task punch\n\tpunch A 4K+4K\n"
			    "expect ext4-v3 violates NO_FREE_BLOCK_PINNED "
			    "LAYOUT_HOLDER_COHERENT WAITED\n");
	free(text);
	assert_int_equal(shrunk.preemptions, 3);
	assert_true(shrunk.fewest && shrunk.shortest);
	ds_schedule_free(&shrunk.schedule);
}

/* The run is one of the scenario, as it would be read from a file. */
static void the_run_breaks_the_property_in_the_scenario(void **state)
{
	struct ds_shrunk shrunk;
	struct f_program f;
	char *text;

	(void)state;
	shrink(F_LOUD, "ext4-v3", DS_NO_FREE_BLOCK_PINNED, &shrunk);
	text = ds_scenario_text(&shrunk.scenario);
	f_open(&f, text, "ext4-v3");
	assert_int_equal(f.scenario.hash, shrunk.scenario.hash);
	assert_true(f_replay(&f, &shrunk.schedule) >> DS_NO_FREE_BLOCK_PINNED &
		    1);
	assert_int_equal(
		f.world->checks->findings[DS_NO_FREE_BLOCK_PINNED].step,
		shrunk.finding.step);
	f_close(&f);
	free(text);
	ds_schedule_free(&shrunk.schedule);
}

static bool breaks(const struct ds_scenario *scenario)
{
	struct ds_program_options options = {
		.profile = ds_profile_find("ext4-4.18"),
		.checked = true,
	};
	struct ds_seek how = {
		.property = DS_NO_STRAY_WRITE,
		.breaks = true,
		.budget = 20000,
		.max_steps = F_STEPS,
	};
	struct ds_seek_result result = {.end = DS_SEEK_NONE};
	struct ds_program *program;
	char why[200];

	f_region(&options.region);
	if (ds_program_new(scenario, &options, &program, why, sizeof(why)) ==
	    0) {
		assert_int_equal(ds_seek_run(ds_program_world(program), &how,
					     &result),
				 0);
		ds_schedule_free(&result.schedule);
		ds_program_free(program);
	}
	ds_region_close(options.region);
	return result.end == DS_SEEK_FOUND;
}

/* Nothing smaller in one way breaks it, but for what only sets up. */
static void no_single_reduction_is_left(void **state)
{
	struct ds_reduction way = {0};
	struct ds_scenario smaller;
	struct ds_shrunk shrunk;
	unsigned int n = 0;

	(void)state;
	shrink("file A 32K\ntask direct\nbefore map A 8K+8K\n"
	       "before pin A 8K+8K\ndma\nunpin\nload A 8K+4K\n"
	       "task punch\npunch A 4K+16K\ntask other\nread A 0+4K\n",
	       "ext4-4.18", DS_NO_STRAY_WRITE, &shrunk);
	assert_int_equal(shrunk.preemptions, 0);
	for (; ds_reduce(&shrunk.scenario, &way, &smaller); way.i++, n++)
		assert_false(breaks(&smaller));
	assert_in_range(n, 3, 20);
	ds_schedule_free(&shrunk.schedule);
}

static void the_same_question_has_the_same_answer(void **state)
{
	struct ds_shrunk first, again;

	(void)state;
	shrink(F_LOUD, "ext4-v3", DS_WAITED, &first);
	shrink(F_LOUD, "ext4-v3", DS_WAITED, &again);
	assert_memory_equal(&first.scenario, &again.scenario,
			    sizeof(first.scenario));
	assert_int_equal(first.schedule.n, again.schedule.n);
	assert_memory_equal(first.schedule.tasks, again.schedule.tasks,
			    first.schedule.n);
	assert_int_equal(first.tried, again.tried);
	assert_int_equal(first.runs, again.runs);
	ds_schedule_free(&first.schedule);
	ds_schedule_free(&again.schedule);
}

static void what_breaks_nothing_cannot_be_shrunk(void **state)
{
	struct ds_shrink how = {
		.program = {.profile = ds_profile_find("ext4-4.19"),
			    .checked = true},
		.property = DS_WAITED,
		.budget = 20000,
		.max_steps = F_STEPS,
	};
	struct ds_scenario scenario;
	struct ds_shrunk shrunk;

	(void)state;
	f_parse(F_EARLY, &scenario);
	f_region(&how.program.region);
	assert_int_equal(ds_shrink(&scenario, &how, &shrunk), -ENOENT);
	ds_region_close(how.program.region);
}

static bool at_once(void *arg, uint64_t runs, uint64_t states)
{
	(void)arg;
	(void)runs;
	(void)states;
	return true;
}

/* Interrupted, it gives what it has: a run that breaks the property. */
static void an_interruption_leaves_what_there_is(void **state)
{
	struct ds_shrink how = {
		.program = {.profile = ds_profile_find("ext4-4.18"),
			    .checked = true},
		.property = DS_WAITED,
		.budget = 20000,
		.max_steps = F_STEPS,
		.progress = at_once,
	};
	struct ds_shrunk shrunk;
	struct f_program f;

	(void)state;
	f_open(&f, F_EARLY, "ext4-4.18");
	f_region(&how.program.region);
	assert_int_equal(ds_shrink(&f.scenario, &how, &shrunk), 0);
	assert_true(shrunk.interrupted);
	assert_false(shrunk.fewest);
	assert_int_equal(shrunk.tried, 1);
	assert_true(f_replay(&f, &shrunk.schedule) >> DS_WAITED & 1);
	ds_schedule_free(&shrunk.schedule);
	ds_region_close(how.program.region);
	f_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_the_race_needs_is_left),
		cmocka_unit_test(the_run_breaks_the_property_in_the_scenario),
		cmocka_unit_test(no_single_reduction_is_left),
		cmocka_unit_test(the_same_question_has_the_same_answer),
		cmocka_unit_test(what_breaks_nothing_cannot_be_shrunk),
		cmocka_unit_test(an_interruption_leaves_what_there_is),
	};

	return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}
