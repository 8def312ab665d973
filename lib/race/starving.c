// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "race/graph.h"

/* ----------------------- Strongly connected components -------------------- */

#define NO_STATE UINT32_MAX

/*
 * Tarjan's algorithm without recursion, over the part of a graph where @task
 * has not returned and never returns from a call.
 */
struct walk {
	const struct ds_graph *graph;
	struct ds_edge_order by;
	unsigned int task;
	uint32_t *order;     /* 1 + when a state was met, 0: not yet */
	uint32_t *low;       /* the earliest one it leads back to */
	uint32_t *component; /* a state of it, NO_STATE: still open */
	size_t *edge;        /* next edge to follow */
	uint32_t *open, *stack;
	size_t n_open, n_stack;
	uint32_t n_met;
};

static void free_walk(struct walk *walk)
{
	ds_edge_order_free(&walk->by);
	free(walk->order);
	free(walk->low);
	free(walk->component);
	free(walk->edge);
	free(walk->open);
	free(walk->stack);
}

static int make_walk(const struct ds_graph *graph, unsigned int task,
		     struct walk *ret_walk)
{
	size_t n = graph->n_states + 1, i;
	int r;

	*ret_walk = (struct walk){
		.graph = graph,
		.task = task,
		.order = calloc(n, sizeof(uint32_t)),
		.low = calloc(n, sizeof(uint32_t)),
		.component = calloc(n, sizeof(uint32_t)),
		.edge = calloc(n, sizeof(size_t)),
		.open = calloc(n, sizeof(uint32_t)),
		.stack = calloc(n, sizeof(uint32_t)),
	};
	r = ds_graph_sort(graph, &ret_walk->by);
	if (r < 0 || !ret_walk->order || !ret_walk->low ||
	    !ret_walk->component || !ret_walk->edge || !ret_walk->open ||
	    !ret_walk->stack) {
		free_walk(ret_walk);
		return -ENOMEM;
	}
	for (i = 0; i < graph->n_states; i++)
		ret_walk->component[i] = NO_STATE;
	return 0;
}

static bool is_inside(const struct walk *walk, uint32_t state)
{
	return ds_tasks_have(walk->graph->states[state].unfinished, walk->task);
}

static bool may_follow(const struct walk *walk, const struct ds_edge *edge)
{
	return is_inside(walk, edge->from) && is_inside(walk, edge->to) &&
	       !(edge->task == walk->task && edge->ends_call);
}

static void meet(struct walk *walk, uint32_t state)
{
	walk->order[state] = walk->low[state] = ++walk->n_met;
	walk->edge[state] = walk->by.first[state];
	walk->open[walk->n_open++] = state;
	walk->stack[walk->n_stack++] = state;
}

static void close_component(struct walk *walk, uint32_t root)
{
	uint32_t state;

	do {
		state = walk->open[--walk->n_open];
		walk->component[state] = root;
	} while (state != root);
}

static void leave(struct walk *walk, uint32_t state)
{
	walk->n_stack--;
	if (walk->low[state] == walk->order[state])
		close_component(walk, state);
	if (walk->n_stack) {
		uint32_t before = walk->stack[walk->n_stack - 1];

		if (walk->low[state] < walk->low[before])
			walk->low[before] = walk->low[state];
	}
}

static void find_components_from(struct walk *walk, uint32_t start)
{
	meet(walk, start);
	while (walk->n_stack) {
		uint32_t state = walk->stack[walk->n_stack - 1];
		const struct ds_edge *edge;

		if (walk->edge[state] == walk->by.first[state + 1]) {
			leave(walk, state);
			continue;
		}
		edge = &walk->graph->edges[walk->by.edges[walk->edge[state]++]];
		if (!may_follow(walk, edge))
			continue;
		if (!walk->order[edge->to])
			meet(walk, edge->to);
		else if (walk->component[edge->to] == NO_STATE &&
			 walk->order[edge->to] < walk->low[state])
			walk->low[state] = walk->order[edge->to];
	}
}

/* --------------------------------- Lassos --------------------------------- */

/* What happens in a component that a run never leaves again. */
struct circle {
	uint32_t stepping; /* tasks that take steps */
	uint32_t always;   /* tasks that can go on in every state */
	bool calls_end;
};

static bool is_in_circle(const struct walk *walk, const struct ds_edge *edge,
			 uint32_t component)
{
	return may_follow(walk, edge) &&
	       walk->component[edge->from] == component &&
	       walk->component[edge->to] == component;
}

static int look_at_circles(const struct walk *walk, struct circle **ret_circles)
{
	const struct ds_graph *graph = walk->graph;
	struct circle *circles = calloc(graph->n_states + 1, sizeof(*circles));
	size_t i;

	if (!circles)
		return -ENOMEM;
	for (i = 0; i < graph->n_states; i++)
		circles[i].always = UINT32_MAX;
	for (i = 0; i < graph->n_states; i++)
		if (is_inside(walk, (uint32_t)i))
			circles[walk->component[i]].always &=
				graph->states[i].enabled;
	for (i = 0; i < graph->n_edges; i++) {
		const struct ds_edge *edge = &graph->edges[i];
		struct circle *circle;

		if (!may_follow(walk, edge) ||
		    walk->component[edge->from] != walk->component[edge->to])
			continue;
		circle = &circles[walk->component[edge->from]];
		circle->stepping |= ds_task_bit(edge->task);
		circle->calls_end |= edge->ends_call;
	}
	*ret_circles = circles;
	return 0;
}

/* Whether a fair run may stay there: nobody who could go on is passed over. */
static bool is_fair(const struct circle *circle)
{
	return circle->stepping && !(circle->always & ~circle->stepping);
}

/* A shortest way through a graph, step after step. */
struct route {
	const struct walk *walk;
	uint32_t component; /* stay inside it; NO_STATE: anywhere */
	/* Until a step of task @by, or to a state without @without, or @to. */
	unsigned int by, without;
	uint32_t to;
};

static bool is_there(const struct route *route, const struct ds_edge *edge)
{
	if (route->by != DS_TASKS_MAX)
		return edge->task == route->by;
	if (route->without != DS_TASKS_MAX)
		return !ds_tasks_have(
			route->walk->graph->states[edge->to].enabled,
			route->without);
	return edge->to == route->to;
}

/* The edges to @last's end, found by @via, in order, appended to @run. */
static int append_way(const struct walk *walk, const uint32_t *via,
		      uint32_t from, uint32_t last, struct ds_schedule *run)
{
	const struct ds_edge *edges = walk->graph->edges;
	size_t begin = run->n, i, j;
	uint32_t at = last;
	int r = 0;

	for (;;) {
		r = ds_schedule_append(run, edges[at].task);
		if (r < 0 || edges[at].from == from)
			break;
		at = via[edges[at].from];
	}
	for (i = begin, j = run->n; i + 1 < j; i++) {
		unsigned char task = run->tasks[i];

		run->tasks[i] = run->tasks[--j];
		run->tasks[j] = task;
	}
	return r;
}

/* Return: 0 with the state the way leads to, or -ENOMEM. */
static int go(const struct route *route, uint32_t from, struct ds_schedule *run,
	      uint32_t *ret_at)
{
	const struct walk *walk = route->walk;
	const struct ds_graph *graph = walk->graph;
	uint32_t *via = malloc((graph->n_states + 1) * sizeof(*via));
	uint32_t *queue = malloc((graph->n_states + 1) * sizeof(*queue));
	size_t head, tail = 0, i;
	int r = -ENOMEM;

	if (!via || !queue)
		goto out;
	for (i = 0; i < graph->n_states; i++)
		via[i] = NO_STATE;
	queue[tail++] = from;
	for (head = 0; head < tail; head++) {
		uint32_t state = queue[head];

		for (i = walk->by.first[state]; i < walk->by.first[state + 1];
		     i++) {
			uint32_t number = walk->by.edges[i];
			const struct ds_edge *edge = &graph->edges[number];

			if (route->component != NO_STATE &&
			    !is_in_circle(walk, edge, route->component))
				continue;
			if (is_there(route, edge)) {
				*ret_at = edge->to;
				r = append_way(walk, via, from, number, run);
				goto out;
			}
			if (edge->to == from || via[edge->to] != NO_STATE)
				continue;
			via[edge->to] = number;
			queue[tail++] = edge->to;
		}
	}
	ds_assert(!"no way inside a component");
out:
	free(via);
	free(queue);
	return r;
}

static bool has_stepped(const struct ds_schedule *run, size_t since,
			unsigned int task)
{
	size_t i;

	for (i = since; i < run->n; i++)
		if (run->tasks[i] == task)
			return true;
	return false;
}

/* Round the circle, past whatever makes it fair, back to @start. */
static int go_round(const struct walk *walk, const struct circle *circle,
		    uint32_t start, struct ds_schedule *run)
{
	struct route route = {
		.walk = walk,
		.component = walk->component[start],
		.to = start,
	};
	size_t stem = run->n;
	uint32_t at = start;
	unsigned int task;
	int r = 0;

	for (task = 0; task < DS_TASKS_MAX && r == 0; task++) {
		route.by = route.without = DS_TASKS_MAX;
		if (has_stepped(run, stem, task))
			continue;
		if (ds_tasks_have(circle->stepping, task))
			route.by = task;
		else if (ds_tasks_have(walk->graph->states[at].enabled, task))
			route.without = task;
		else
			continue;
		r = go(&route, at, run, &at);
	}
	route.by = route.without = DS_TASKS_MAX;
	if (r == 0 && at != start)
		r = go(&route, at, run, &at);
	return r;
}

static int make_lasso(const struct walk *walk, const struct circle *circle,
		      uint32_t start, struct ds_lasso *lasso)
{
	const struct route there = {
		.walk = walk,
		.component = NO_STATE,
		.by = DS_TASKS_MAX,
		.without = DS_TASKS_MAX,
		.to = start,
	};
	uint32_t at;
	int r = 0;

	*lasso = (struct ds_lasso){
		.starved = walk->task,
		.nobody_gets_on = !circle->calls_end,
		.stepping = circle->stepping,
	};
	if (start != 0)
		r = go(&there, 0, &lasso->run, &at);
	lasso->stem = lasso->run.n;
	if (r == 0)
		r = go_round(walk, circle, start, &lasso->run);
	if (r < 0)
		ds_schedule_free(&lasso->run);
	return r;
}

int ds_graph_find_starving(const struct ds_graph *graph, unsigned int task,
			   struct ds_lasso *ret_lasso)
{
	struct circle *circles = NULL;
	struct walk walk;
	uint32_t i;
	int r;

	r = make_walk(graph, task, &walk);
	if (r < 0)
		return r;
	for (i = 0; i < graph->n_states; i++)
		if (is_inside(&walk, i) && !walk.order[i])
			find_components_from(&walk, i);
	r = look_at_circles(&walk, &circles);
	for (i = 0; i < graph->n_states && r == 0; i++)
		if (is_inside(&walk, i) &&
		    is_fair(&circles[walk.component[i]])) {
			r = make_lasso(&walk, &circles[walk.component[i]], i,
				       ret_lasso);
			r = r < 0 ? r : 1;
		}
	free(circles);
	free_walk(&walk);
	return r;
}

void ds_lasso_tell(const struct ds_sched *sched, const struct ds_lasso *lasso,
		   struct ds_finding *ret_finding)
{
	*ret_finding = (struct ds_finding){
		.found = true,
		.task = lasso->starved,
		.step = lasso->stem + 1,
	};
	snprintf(ret_finding->text, sizeof(ret_finding->text),
		 "%s never returns%s: steps %zu to %zu can repeat for ever "
		 "under a weakly fair scheduler",
		 sched->tasks[lasso->starved]->name,
		 lasso->nobody_gets_on ? ", nor does anybody" : "",
		 lasso->stem + 1, lasso->run.n);
}
