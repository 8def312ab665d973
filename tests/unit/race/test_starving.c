// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "race/graph.h"

/*
 * Graphs drawn by hand. Task 0 is a, task 1 is b; both are inside calls unless
 * a state says otherwise.
 */
#define A    1u
#define B    2u
#define BOTH (A | B)

static void add_state(struct ds_graph *graph, uint32_t enabled,
		      uint32_t unfinished)
{
	uint32_t state;
	bool added;

	assert_int_equal(ds_graph_visit(graph,
					(struct ds_digest){graph->n_states, 7},
					&state, &added),
			 0);
	assert_true(added);
	graph->states[state].enabled = (uint16_t)enabled;
	graph->states[state].unfinished = (uint16_t)unfinished;
}

static void add_edge(struct ds_graph *graph, uint32_t from, uint32_t to,
		     char task, bool ends_call)
{
	const struct ds_edge edge = {
		.from = from,
		.to = to,
		.task = (unsigned char)(task - 'a'),
		.ends_call = ends_call,
	};

	assert_int_equal(ds_graph_connect(graph, edge), 0);
}

/* Return: whether @task can starve, with the run as letters in @run. */
static bool starves(const struct ds_graph *graph, char task, char *run,
		    struct ds_lasso *lasso)
{
	size_t i;
	int r;

	r = ds_graph_find_starving(graph, (unsigned int)(task - 'a'), lasso);
	assert_true(r >= 0);
	*run = '\0';
	if (!r)
		return false;
	assert_int_equal(lasso->starved, task - 'a');
	for (i = 0; i < lasso->run.n; i++)
		run[i] = (char)('a' + lasso->run.tasks[i]);
	run[i] = '\0';
	ds_schedule_free(&lasso->run);
	return true;
}

static void who_is_passed_over_for_ever_does_not_starve_fairly(void **state)
{
	struct ds_graph graph = {0};
	struct ds_lasso lasso;
	char run[100];

	(void)state;
	/* b goes round; a could go on all the time, and would be done. */
	add_state(&graph, BOTH, BOTH);
	add_state(&graph, BOTH, BOTH);
	add_state(&graph, B, B);
	add_edge(&graph, 0, 1, 'b', false);
	add_edge(&graph, 1, 0, 'b', true);
	add_edge(&graph, 0, 2, 'a', true);
	assert_false(starves(&graph, 'a', run, &lasso));
	assert_false(starves(&graph, 'b', run, &lasso));
	ds_graph_free(&graph);
}

static void who_sleeps_while_others_go_round_starves(void **state)
{
	struct ds_graph graph = {0};
	struct ds_lasso lasso;
	char run[100];

	(void)state;
	add_state(&graph, BOTH, BOTH);
	add_state(&graph, B, BOTH);
	add_state(&graph, B, BOTH);
	add_edge(&graph, 0, 1, 'a', false);
	add_edge(&graph, 1, 2, 'b', false);
	add_edge(&graph, 2, 1, 'b', true);
	assert_true(starves(&graph, 'a', run, &lasso));
	assert_string_equal(run, "abb");
	assert_int_equal(lasso.stem, 1);
	assert_false(lasso.nobody_gets_on);
	assert_int_equal(lasso.stepping, B);
	/* b returns from its calls. */
	assert_false(starves(&graph, 'b', run, &lasso));
	ds_graph_free(&graph);
}

static void who_goes_round_without_returning_starves(void **state)
{
	struct ds_graph graph = {0};
	struct ds_lasso lasso;
	char run[100];

	(void)state;
	add_state(&graph, BOTH, BOTH);
	add_state(&graph, BOTH, BOTH);
	add_edge(&graph, 0, 1, 'a', false);
	add_edge(&graph, 1, 0, 'b', false);
	assert_true(starves(&graph, 'a', run, &lasso));
	assert_string_equal(run, "ab");
	assert_true(lasso.nobody_gets_on);
	assert_int_equal(lasso.stem, 0);
	ds_graph_free(&graph);
}

static void a_circle_that_avoids_the_return_is_found_beside_it(void **state)
{
	struct ds_graph graph = {0};
	struct ds_lasso lasso;
	char run[100];

	(void)state;
	/* From 1, a may return to 0 or look again; b steps in either case. */
	add_state(&graph, BOTH, BOTH);
	add_state(&graph, BOTH, BOTH);
	add_state(&graph, BOTH, BOTH);
	add_edge(&graph, 0, 1, 'b', true);
	add_edge(&graph, 1, 0, 'a', true);
	add_edge(&graph, 1, 2, 'b', true);
	add_edge(&graph, 2, 1, 'a', false);
	assert_true(starves(&graph, 'a', run, &lasso));
	assert_string_equal(run, "bba");
	assert_int_equal(lasso.stem, 1);
	ds_graph_free(&graph);
}

static void the_circle_passes_where_a_task_can_not_go_on(void **state)
{
	struct ds_graph graph = {0};
	struct ds_lasso lasso;
	char run[100];

	(void)state;
	/* b can go on in 0 and 1, but not in 2: fair without a step of b. */
	add_state(&graph, BOTH, BOTH);
	add_state(&graph, BOTH, BOTH);
	add_state(&graph, A, BOTH);
	add_edge(&graph, 0, 1, 'a', true);
	add_edge(&graph, 1, 0, 'a', true);
	assert_false(starves(&graph, 'b', run, &lasso));
	add_edge(&graph, 1, 2, 'a', true);
	add_edge(&graph, 2, 0, 'a', true);
	assert_true(starves(&graph, 'b', run, &lasso));
	assert_non_null(strstr(run, "aaa"));
	ds_graph_free(&graph);
}

static void who_has_returned_for_good_does_not_starve(void **state)
{
	struct ds_graph graph = {0};
	struct ds_lasso lasso;
	char run[100];

	(void)state;
	add_state(&graph, BOTH, BOTH);
	add_state(&graph, B, B);
	add_edge(&graph, 0, 1, 'a', true);
	add_edge(&graph, 1, 1, 'b', true);
	assert_false(starves(&graph, 'a', run, &lasso));
	assert_false(starves(&graph, 'b', run, &lasso));
	ds_graph_free(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			who_is_passed_over_for_ever_does_not_starve_fairly),
		cmocka_unit_test(who_sleeps_while_others_go_round_starves),
		cmocka_unit_test(who_goes_round_without_returning_starves),
		cmocka_unit_test(
			a_circle_that_avoids_the_return_is_found_beside_it),
		cmocka_unit_test(the_circle_passes_where_a_task_can_not_go_on),
		cmocka_unit_test(who_has_returned_for_good_does_not_starve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
