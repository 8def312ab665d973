// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/switches.h"

#include "fixture.h"
#include "race/seek.h"
#include "race/walk.h"

#define HEAD "race 1\nscenario early.scn\nfs ext4-v3\nexpect violates WAITED\n"
#define TAIL                                                                   \
	"punch@WAIT_TEST -> direct\ndirect@FRAME_PUT -> punch\n"               \
	"punch@END -> direct\n"

static const char whole[] =
	HEAD "start direct\ndirect@FRAME_PUT -> punch\n" TAIL;

static void parse(const char *text, struct ds_race *race)
{
	char why[200];

	if (ds_race_parse("r.race", text, race, why, sizeof(why)) < 0)
		fail_msg("%s", why);
}

/* Follows @text on F_EARLY. Return: the result, with @why of at most 300. */
static int follow(const char *text, const char *fs, uint32_t *ret_broken,
		  char *why)
{
	struct ds_schedule schedule;
	struct ds_race race;
	struct f_program f;
	int r;

	f_open(&f, F_EARLY, fs);
	parse(text, &race);
	r = ds_race_follow(f.world, &race, &schedule, why, 300);
	if (r == 0)
		*ret_broken = f_replay(&f, &schedule);
	ds_schedule_free(&schedule);
	ds_race_free(&race);
	f_close(&f);
	return r;
}

static void a_race_is_written_as_it_was_read(void **state)
{
	struct ds_race race;
	char *text;

	(void)state;
	parse(whole, &race);
	assert_int_equal(race.n, 4);
	text = ds_race_text(&race);
	assert_string_equal(text, whole);
	free(text);
	ds_race_free(&race);
	parse("\n# why\nrace 1\n  scenario x\nfs y\nexpect holds\n"
	      "start a\na@DMA:3 -> b\n# end\n",
	      &race);
	assert_false(race.violates);
	assert_int_equal(race.switches[0].nth, 3);
	text = ds_race_text(&race);
	assert_string_equal(text, "race 1\nscenario x\nfs y\nexpect holds\n"
				  "start a\na@DMA:3 -> b\n");
	free(text);
	ds_race_free(&race);
}

static void a_followed_race_breaks_what_it_broke(void **state)
{
	uint32_t broken = 0;
	char why[300];

	(void)state;
	assert_int_equal(follow(whole, "ext4-v3", &broken, why), 0);
	assert_true(broken >> DS_WAITED & 1);
}

/* Every run of a search, told by its switches and followed, is itself. */
struct all {
	struct f_program *f;
	unsigned int n;
	struct ds_schedule runs[400];
};

static void keep_run(struct all *all, const struct ds_search_finding *finding)
{
	size_t i;

	if (!finding->runs)
		return;
	for (i = 0; i < finding->schedule.n; i++)
		assert_int_equal(ds_schedule_append(&all->runs[all->n],
						    finding->schedule.tasks[i]),
				 0);
	all->n++;
}

static void what_is_recorded_is_followed(void **state)
{
	static struct all all;
	struct ds_search_options how = {
		.kind = DS_SEARCH_RANDOM,
		.budget = 100,
		.max_steps = F_STEPS,
	};
	struct ds_search_result result;
	struct ds_schedule again;
	struct ds_race race;
	struct f_program f;
	char why[300], *text;
	unsigned int i, j;

	(void)state;
	f_open(&f, F_EARLY, "ext4-4.18");
	for (how.seed = 1; how.seed <= 60; how.seed++) {
		assert_int_equal(ds_search_run(f.world, &how, &result), 0);
		for (j = 0; j < DS_N_PROPERTIES; j++)
			keep_run(&all, &result.findings[j]);
		ds_search_result_free(&result);
	}
	assert_in_range(all.n, 20, 400);
	for (i = 0; i < all.n; i++) {
		memset(&race, 0, sizeof(race));
		strcpy(race.scenario, "x");
		strcpy(race.fs, "y");
		assert_int_equal(ds_race_record(f.world, &all.runs[i], &race),
				 0);
		text = ds_race_text(&race);
		ds_race_free(&race);
		parse(text, &race);
		if (ds_race_follow(f.world, &race, &again, why, sizeof(why)) <
		    0)
			fail_msg("%s of\n%s", why, text);
		assert_int_equal(again.n, all.runs[i].n);
		assert_memory_equal(again.tasks, all.runs[i].tasks, again.n);
		free(text);
		ds_race_free(&race);
		ds_schedule_free(&again);
		ds_schedule_free(&all.runs[i]);
	}
	f_close(&f);
}

struct first_again {
	enum ds_at at;
	uint64_t step; /* before which it stands there again */
};

static void look_first(void *arg, const struct ds_world *world, uint64_t step,
		       unsigned int task)
{
	struct first_again *again = arg;

	if (task != 0 || again->step)
		return;
	if (step == 1)
		again->at = world->sched->tasks[0]->at;
	else if (world->sched->tasks[0]->at == again->at)
		again->step = step;
}

/* Where a task stands before its first step it has not yet come to. */
static void the_point_it_begins_at_does_not_count(void **state)
{
	struct ds_race race = {.scenario = "x", .fs = "y"};
	struct ds_seek how = {
		.property = DS_WAITED,
		.budget = 100000,
		.max_steps = F_STEPS,
	};
	struct first_again again = {.step = 0};
	struct ds_seek_result first, second;
	struct ds_schedule followed;
	struct f_program f;
	size_t diverged;
	char why[300];

	(void)state;
	f_open(&f, F_EARLY, "ext4-4.18");
	assert_int_equal(ds_seek_run(f.world, &how, &first), 0);
	assert_int_equal(ds_walk_run(f.world, &first.schedule, look_first,
				     &again, &diverged),
			 0);
	assert_true(again.step > 1);
	/* Another task takes the step there. */
	first.schedule.n = (size_t)again.step;
	first.schedule.tasks[again.step - 1] = 1;
	how.prefix = &first.schedule;
	how.n_prefix = first.schedule.n;
	assert_int_equal(ds_seek_run(f.world, &how, &second), 0);
	assert_int_equal(second.end, DS_SEEK_FOUND);
	assert_int_equal(ds_race_record(f.world, &second.schedule, &race), 0);
	assert_string_equal(race.switches[0].point, ds_point_name(again.at));
	assert_int_equal(
		ds_race_follow(f.world, &race, &followed, why, sizeof(why)), 0);
	assert_int_equal(followed.n, second.schedule.n);
	assert_memory_equal(followed.tasks, second.schedule.tasks, followed.n);
	ds_schedule_free(&followed);
	ds_schedule_free(&second.schedule);
	ds_schedule_free(&first.schedule);
	ds_race_free(&race);
	f_close(&f);
}

/* A name that is no longer reached is said, with the switch it belongs to. */
static void what_is_not_reached_is_named(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{HEAD "start direct\ndirect@PIN_TAKEN -> punch\n" TAIL,
		 "switch 1, direct@PIN_TAKEN -> punch: there is no point "
		 "PIN_TAKEN"},
		{HEAD "start direct\nreader@DMA -> punch\n" TAIL,
		 "switch 1, reader@DMA -> punch: there is no task reader"},
		{HEAD "start reader\ndirect@DMA -> punch\n" TAIL,
		 "start reader: there is no such task"},
		{HEAD "start direct\ndirect@DMA:3 -> punch\n" TAIL,
		 "switch 1, direct@DMA:3 -> punch: not reached, direct stands "
		 "at END"},
		{HEAD "start direct\npunch@DMA -> direct\n" TAIL,
		 "switch 1, punch@DMA -> direct: the task that runs there is "
		 "direct"},
		{HEAD "start direct\ndirect@FRAME_PUT -> punch\n"
		      "punch@WAIT_TEST -> direct\n",
		 "switch 2, punch@WAIT_TEST -> direct: the run is not over "
		 "behind it, direct stands at END"},
		{HEAD "start direct\ndirect@END -> punch\npunch@END -> "
		      "direct\n",
		 "switch 2, punch@END -> direct: the run was over before it"},
		{HEAD "start punch\npunch@END -> direct\ndirect@DMA -> punch\n",
		 "switch 2, direct@DMA -> punch: it cannot go on there, for "
		 "punch stands at END"},
	};
	uint32_t broken;
	char why[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(follow(cases[i].text, "ext4-v3", &broken, why),
				 -EPROTO);
		assert_string_equal(why, cases[i].why);
	}
}

static void every_mistake_is_one_line(void **state)
{
	static const struct {
		const char *text, *why;
	} mistakes[] = {
		{"", "r.race:1: expected scenario, fs, expect and start before "
		     "the end"},
		{"scenario x\n", "r.race:1: expected 'race 1' first, not "
				 "'scenario'"},
		{"race 2\n", "r.race:1: expected 'race 1' first, not '2'"},
		{"race 1\nfs a b\n",
		 "r.race:2: expected the end of the line, not 'b'"},
		{"race 1\nexpect maybe\n",
		 "r.race:2: expected 'holds' or 'violates PROPERTY', not "
		 "'maybe'"},
		{"race 1\nexpect violates X\n",
		 "r.race:2: expected a property's name, not 'X'"},
		{"race 1\nfrom here\n",
		 "r.race:2: expected scenario, fs, expect, start, or a switch "
		 "such as direct@FRAME_PUT -> punch, not 'from'"},
		{"race 1\na@DMA to b\n",
		 "r.race:2: expected a switch such as direct@FRAME_PUT -> "
		 "punch, not 'a@DMA to'"},
		{"race 1\na@DMA:0 -> b\n",
		 "r.race:2: expected a switch such as direct@FRAME_PUT -> "
		 "punch, not 'a@DMA:0 ->'"},
		{"race 1\na@DMA -> b c d\n",
		 "r.race:2: expected the end of the line, not 'd'"},
		{"race 1\nfs\n", "r.race:2: expected a profile's name"},
	};
	struct ds_race race;
	char why[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		assert_int_equal(ds_race_parse("r.race", mistakes[i].text,
					       &race, why, sizeof(why)),
				 -EINVAL);
		assert_string_equal(why, mistakes[i].why);
		assert_null(race.switches);
	}
}

static void its_first_word_tells_a_race_from_a_token(void **state)
{
	(void)state;
	assert_true(ds_race_is("race 1\n"));
	assert_true(ds_race_is("# story\n\n race 1\n"));
	assert_false(ds_race_is("ds1:x:y:a1:12345678"));
	assert_false(ds_race_is("racer 1"));
	assert_false(ds_race_is(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_race_is_written_as_it_was_read),
		cmocka_unit_test(a_followed_race_breaks_what_it_broke),
		cmocka_unit_test(what_is_recorded_is_followed),
		cmocka_unit_test(the_point_it_begins_at_does_not_count),
		cmocka_unit_test(what_is_not_reached_is_named),
		cmocka_unit_test(every_mistake_is_one_line),
		cmocka_unit_test(its_first_word_tells_a_race_from_a_token),
	};

	return cmocka_run_group_tests_name("switches", tests, NULL, NULL);
}
