// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/graph.h"

#include <errno.h>
#include <stdlib.h>

static size_t place_of(const struct ds_graph *graph, struct ds_digest digest)
{
	size_t at = (size_t)digest.a & (graph->table_size - 1);

	while (graph->table[at]) {
		const struct ds_state *state =
			&graph->states[graph->table[at] - 1];

		if (ds_digest_equal(state->digest, digest))
			break;
		at = (at + 1) & (graph->table_size - 1);
	}
	return at;
}

/* At most half full. */
static int grow_table(struct ds_graph *graph)
{
	size_t size = graph->table_size ? graph->table_size * 2 : 4096;
	uint32_t *table = calloc(size, sizeof(*table));
	size_t i;

	if (!table)
		return -ENOMEM;
	free(graph->table);
	graph->table = table;
	graph->table_size = size;
	for (i = 0; i < graph->n_states; i++)
		table[place_of(graph, graph->states[i].digest)] =
			(uint32_t)i + 1;
	return 0;
}

static int grow_states(struct ds_graph *graph)
{
	size_t max = graph->max_states ? graph->max_states * 2 : 1024;
	struct ds_state *states;

	if (max > UINT32_MAX)
		return -ENOMEM;
	states = realloc(graph->states, max * sizeof(*states));
	if (!states)
		return -ENOMEM;
	graph->states = states;
	graph->max_states = max;
	return 0;
}

int ds_graph_visit(struct ds_graph *graph, struct ds_digest digest,
		   uint32_t *ret_state, bool *ret_added)
{
	size_t at;
	int r = 0;

	if (2 * graph->n_states >= graph->table_size)
		r = grow_table(graph);
	if (r == 0 && graph->n_states == graph->max_states)
		r = grow_states(graph);
	if (r < 0)
		return r;
	at = place_of(graph, digest);
	*ret_added = graph->table[at] == 0;
	if (*ret_added) {
		graph->states[graph->n_states++] =
			(struct ds_state){.digest = digest};
		graph->table[at] = (uint32_t)graph->n_states;
	}
	*ret_state = graph->table[at] - 1;
	return 0;
}

int ds_graph_connect(struct ds_graph *graph, struct ds_edge edge)
{
	if (graph->n_edges == graph->max_edges) {
		size_t max = graph->max_edges ? graph->max_edges * 2 : 1024;
		struct ds_edge *edges =
			realloc(graph->edges, max * sizeof(*edges));

		if (!edges)
			return -ENOMEM;
		graph->edges = edges;
		graph->max_edges = max;
	}
	graph->edges[graph->n_edges++] = edge;
	return 0;
}

void ds_graph_free(struct ds_graph *graph)
{
	free(graph->states);
	free(graph->edges);
	free(graph->table);
	*graph = (struct ds_graph){0};
}

/* --------------------------------- Steps ---------------------------------- */

void ds_edge_order_free(struct ds_edge_order *order)
{
	free(order->first);
	free(order->edges);
}

int ds_graph_sort(const struct ds_graph *graph, struct ds_edge_order *ret_order)
{
	size_t *first = calloc(graph->n_states + 2, sizeof(*first));
	uint32_t *edges = calloc(graph->n_edges + 1, sizeof(*edges));
	size_t i;

	*ret_order = (struct ds_edge_order){first, edges};
	if (!first || !edges) {
		ds_edge_order_free(ret_order);
		return -ENOMEM;
	}
	/* Counted two places ahead: filling moves each start into its own. */
	for (i = 0; i < graph->n_edges; i++)
		first[graph->edges[i].from + 2]++;
	for (i = 2; i < graph->n_states + 2; i++)
		first[i] += first[i - 1];
	for (i = 0; i < graph->n_edges; i++)
		edges[first[graph->edges[i].from + 1]++] = (uint32_t)i;
	return 0;
}

/* Takes away, again and again, states that no edge leads to. */
int ds_graph_has_cycle(const struct ds_graph *graph)
{
	uint32_t *n_before = calloc(graph->n_states + 1, sizeof(*n_before));
	uint32_t *ready = calloc(graph->n_states + 1, sizeof(*ready));
	size_t n_ready = 0, i, j;
	struct ds_edge_order by = {0};
	int r = -ENOMEM;

	if (n_before && ready)
		r = ds_graph_sort(graph, &by);
	if (r < 0)
		goto out;
	for (i = 0; i < graph->n_edges; i++)
		n_before[graph->edges[i].to]++;
	for (i = 0; i < graph->n_states; i++)
		if (n_before[i] == 0)
			ready[n_ready++] = (uint32_t)i;
	for (i = 0; i < n_ready; i++)
		for (j = by.first[ready[i]]; j < by.first[ready[i] + 1]; j++) {
			uint32_t to = graph->edges[by.edges[j]].to;

			if (--n_before[to] == 0)
				ready[n_ready++] = to;
		}
	r = n_ready < graph->n_states;
	ds_edge_order_free(&by);
out:
	free(n_before);
	free(ready);
	return r;
}
