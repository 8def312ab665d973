// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "race/graph.h"

static uint32_t visit(struct ds_graph *graph, uint64_t a, uint64_t b,
		      bool expect_added)
{
	uint32_t state;
	bool added;

	assert_int_equal(ds_graph_visit(graph, (struct ds_digest){a, b}, &state,
					&added),
			 0);
	assert_int_equal(added, expect_added);
	return state;
}

static void connect(struct ds_graph *graph, uint32_t from, uint32_t to)
{
	assert_int_equal(ds_graph_connect(graph, (struct ds_edge){.from = from,
								  .to = to}),
			 0);
}

static void equal_digests_are_one_state(void **state)
{
	struct ds_graph graph = {0};

	(void)state;
	assert_int_equal(visit(&graph, 1, 2, true), 0);
	/* Each half counts, also where they meet in one place of the table. */
	assert_int_equal(visit(&graph, 1, 3, true), 1);
	assert_int_equal(visit(&graph, 1 + (UINT64_C(1) << 40), 2, true), 2);
	assert_int_equal(visit(&graph, 1, 3, false), 1);
	assert_int_equal(visit(&graph, 1, 2, false), 0);
	assert_int_equal(graph.n_states, 3);
	ds_graph_free(&graph);
}

static void many_states_are_found_again(void **state)
{
	struct ds_graph graph = {0};
	uint64_t i;

	(void)state;
	/* All begin at the same place of a small table. */
	for (i = 0; i < 20000; i++)
		assert_int_equal(visit(&graph, i << 13, i, true), i);
	for (i = 0; i < 20000; i++)
		assert_int_equal(visit(&graph, i << 13, i, false), i);
	ds_graph_free(&graph);
}

static void edges_are_sorted_by_where_they_begin(void **state)
{
	static const uint32_t from[] = {2, 0, 2, 1, 0, 2};
	struct ds_edge_order order;
	struct ds_graph graph = {0};
	unsigned int i, n = 0;
	size_t at;

	(void)state;
	for (i = 0; i < 4; i++)
		visit(&graph, i, 0, true);
	for (i = 0; i < 6; i++)
		connect(&graph, from[i], 3);
	assert_int_equal(ds_graph_sort(&graph, &order), 0);
	for (i = 0; i < 4; i++)
		for (at = order.first[i]; at < order.first[i + 1]; at++, n++)
			assert_int_equal(graph.edges[order.edges[at]].from, i);
	assert_int_equal(n, 6);
	assert_int_equal(order.first[3], 6);
	ds_edge_order_free(&order);
	ds_graph_free(&graph);
}

static void a_cycle_is_seen_wherever_it_is(void **state)
{
	struct ds_graph graph = {0};
	unsigned int i;

	(void)state;
	assert_int_equal(ds_graph_has_cycle(&graph), 0);
	for (i = 0; i < 6; i++)
		visit(&graph, i, 0, true);
	/* Two ways to one state are no cycle. */
	connect(&graph, 0, 1);
	connect(&graph, 0, 2);
	connect(&graph, 1, 3);
	connect(&graph, 2, 3);
	connect(&graph, 3, 4);
	connect(&graph, 3, 4);
	assert_int_equal(ds_graph_has_cycle(&graph), 0);
	connect(&graph, 4, 5);
	connect(&graph, 4, 2);
	assert_int_equal(ds_graph_has_cycle(&graph), 1);
	ds_graph_free(&graph);
}

static void a_step_that_changes_nothing_is_a_cycle(void **state)
{
	struct ds_graph graph = {0};

	(void)state;
	visit(&graph, 1, 1, true);
	connect(&graph, 0, 0);
	assert_int_equal(ds_graph_has_cycle(&graph), 1);
	ds_graph_free(&graph);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_digests_are_one_state),
		cmocka_unit_test(many_states_are_found_again),
		cmocka_unit_test(edges_are_sorted_by_where_they_begin),
		cmocka_unit_test(a_cycle_is_seen_wherever_it_is),
		cmocka_unit_test(a_step_that_changes_nothing_is_a_cycle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
