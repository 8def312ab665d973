// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/reduce.h"

#include "fixture.h"
#include "race/scenario_text.h"

/* Whether some reduction of @from is written as @to. */
static bool has_reduction(const char *from, const char *to)
{
	struct ds_scenario scenario, smaller;
	struct ds_reduction way = {0};
	bool found = false;
	char *text;

	f_parse(from, &scenario);
	for (; !found && ds_reduce(&scenario, &way, &smaller); way.i++) {
		text = ds_scenario_text(&smaller);
		found = strcmp(text, to) == 0;
		free(text);
	}
	return found;
}

#define ABC                                                                    \
	"scenario s\nfile A 16K hole 4K+8K\nfile B 4K\n"                       \
	"task a\n\tfsync A\n"                                                  \
	"task b\n\tpunch A 8K+8K\n\ttruncate A 12K\n"                          \
	"task c\n\tread A 4K+8K\n\tsignal a\n\tsignal b\n"

static void a_task_goes_with_the_signals_to_it(void **state)
{
	(void)state;
	assert_true(has_reduction(
		ABC, "scenario s\nfile A 16K hole 4K+8K\nfile B 4K\n"
		     "task b\n\tpunch A 8K+8K\n\ttruncate A 12K\n"
		     "task c\n\tread A 4K+8K\n\tsignal b\n"));
}

/* Waits for it, too, and what else is done to a task. */
static void what_asks_for_a_task_goes_with_it(void **state)
{
	(void)state;
	assert_true(has_reduction("scenario s\nfile A 4K\ntask a\n\tfsync A\n"
				  "task b\n\ttake a\n\tawait a\n\tunpin\n",
				  "scenario s\nfile A 4K\n"
				  "task b\n\tunpin\n"));
}

static void options_and_words_go(void **state)
{
	(void)state;
	assert_true(has_reduction("scenario s\nrecall fails\nfile A 4K\n"
				  "task a\n\tfsync A\n",
				  "scenario s\nfile A 4K\n"
				  "task a\n\tfsync A\n"));
	assert_true(has_reduction("scenario s\nwatch stores\nfile A 4K\n"
				  "task a\n\tfsync A\n",
				  "scenario s\nfile A 4K\n"
				  "task a\n\tfsync A\n"));
	assert_true(has_reduction("scenario s\nlongterm allow\nfile A 4K\n"
				  "task a\n\tpin A 0+4K get longterm\n",
				  "scenario s\nfile A 4K\n"
				  "task a\n\tpin A 0+4K get longterm\n"));
	assert_true(has_reduction("scenario s\nfile A 4K\n"
				  "task a\n\tpin A 0+4K get longterm\n",
				  "scenario s\nfile A 4K\n"
				  "task a\n\tpin A 0+4K\n"));
}

static void the_last_task_stays(void **state)
{
	struct ds_scenario scenario, smaller;
	struct ds_reduction way = {0};

	(void)state;
	f_parse("file A 0\ntask a\nfsync A\n", &scenario);
	for (; ds_reduce(&scenario, &way, &smaller); way.i++)
		assert_int_equal(smaller.n_tasks, 1);
}

static void a_call_goes_alone(void **state)
{
	(void)state;
	assert_true(has_reduction(
		ABC, "scenario s\nfile A 16K hole 4K+8K\nfile B 4K\n"
		     "task a\n\tfsync A\n"
		     "task b\n\ttruncate A 12K\n"
		     "task c\n\tread A 4K+8K\n\tsignal a\n\tsignal b\n"));
}

/* Page 1, and all that lies behind it is a page further down. */
static void a_page_goes_and_what_is_behind_it_moves(void **state)
{
	(void)state;
	assert_true(has_reduction(
		ABC, "scenario s\nfile A 12K hole 4K+4K\nfile B 4K\n"
		     "task a\n\tfsync A\n"
		     "task b\n\tpunch A 4K+8K\n\ttruncate A 8K\n"
		     "task c\n\tread A 4K+4K\n\tsignal a\n\tsignal b\n"));
}

/* What lies inside the page that goes comes to its begin. */
static void bytes_inside_the_page_move_to_its_begin(void **state)
{
	(void)state;
	assert_true(has_reduction("scenario s\nfile A 16K\ntask a\n"
				  "\tread A 5000+8K\n\ttruncate A 6000\n",
				  "scenario s\nfile A 12K\ntask a\n"
				  "\tread A 4K+5000\n\ttruncate A 4K\n"));
}

/* A call that would have no range left is not made without it. */
static void the_only_page_of_a_range_stays(void **state)
{
	(void)state;
	assert_true(has_reduction("scenario s\nfile A 8K\ntask a\n"
				  "\tread A 4K+4K\n",
				  "scenario s\nfile A 4K\ntask a\n"
				  "\tread A 0+4K\n"));
	assert_false(has_reduction("scenario s\nfile A 8K\ntask a\n"
				   "\tread A 4K+4K\n",
				   "scenario s\nfile A 4K\ntask a\n"
				   "\tread A 4K+0\n"));
}

static void ranges_holes_files_and_options_shrink(void **state)
{
	static const char from[] = "scenario s\nflush ipi\nwatch waits\n"
				   "file A 8K hole 0+4K\nfile B 4K\n"
				   "task a\n\tzero A 0+8K keep\n";
	static const char *const to[] = {
		"scenario s\nflush ipi\nfile A 8K hole 0+4K\nfile B 4K\n"
		"task a\n\tzero A 0+8K keep\n",
		"scenario s\nwatch waits\nfile A 8K hole 0+4K\nfile B 4K\n"
		"task a\n\tzero A 0+8K keep\n",
		"scenario s\nflush ipi\nwatch waits\nfile A 8K\nfile B 4K\n"
		"task a\n\tzero A 0+8K keep\n",
		"scenario s\nflush ipi\nwatch waits\nfile A 8K hole 0+4K\n"
		"task a\n\tzero A 0+8K keep\n",
		"scenario s\nflush ipi\nwatch waits\nfile A 8K hole 0+4K\n"
		"file B 4K\ntask a\n\tzero A 0+4K keep\n",
		"scenario s\nflush ipi\nwatch waits\nfile A 8K hole 0+4K\n"
		"file B 4K\ntask a\n\tzero A 4K+4K keep\n",
		"scenario s\nflush ipi\nwatch waits\nfile A 8K hole 0+4K\n"
		"file B 4K\ntask a\n\tzero A 0+8K\n",
		"scenario s\nflush ipi\nwatch waits\nfile A 8K hole 0+4K\n"
		"file B 0\ntask a\n\tzero A 0+8K keep\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(to) / sizeof(to[0]); i++)
		if (!has_reduction(from, to[i]))
			fail_msg("no reduction to\n%s", to[i]);
}

/* Taken again and again, reductions come to an end, and all can be read. */
static void every_chain_of_reductions_ends(void **state)
{
	struct ds_scenario scenario, smaller, read;
	struct ds_reduction way;
	char why[200], *text;
	unsigned int n = 0;

	(void)state;
	f_parse(ABC, &scenario);
	for (way = (struct ds_reduction){0};
	     ds_reduce(&scenario, &way, &smaller);
	     way = (struct ds_reduction){0}) {
		text = ds_scenario_text(&smaller);
		assert_int_equal(ds_scenario_parse("s", text, &read, why,
						   sizeof(why)),
				 0);
		free(text);
		scenario = smaller;
		assert_true(++n < 100);
	}
	assert_int_equal(scenario.n_tasks, 1);
	assert_int_equal(scenario.tasks[0].n_calls, 0);
	assert_int_equal(scenario.n_files, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_goes_with_the_signals_to_it),
		cmocka_unit_test(the_last_task_stays),
		cmocka_unit_test(what_asks_for_a_task_goes_with_it),
		cmocka_unit_test(options_and_words_go),
		cmocka_unit_test(a_call_goes_alone),
		cmocka_unit_test(a_page_goes_and_what_is_behind_it_moves),
		cmocka_unit_test(bytes_inside_the_page_move_to_its_begin),
		cmocka_unit_test(the_only_page_of_a_range_stays),
		cmocka_unit_test(ranges_holes_files_and_options_shrink),
		cmocka_unit_test(every_chain_of_reductions_ends),
	};

	return cmocka_run_group_tests_name("reduce", tests, NULL, NULL);
}
