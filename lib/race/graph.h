/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_GRAPH_H
#define DS_RACE_GRAPH_H

/*
 * The states a search has met, told apart by their digests, and the steps
 * between them. States are numbered in the order in which they were met; the
 * first is where runs begin.
 */
#include "race/engine.h"

struct ds_state {
	struct ds_digest digest;
	uint32_t asleep;     /* what all visits so far have in common */
	uint16_t enabled;    /* tasks that can go on */
	uint16_t unfinished; /* tasks that have not returned */
};

struct ds_edge {
	uint32_t from, to;
	unsigned char task;
	bool ends_call; /* the task returned from one of its calls */
};

struct ds_graph {
	struct ds_state *states;
	size_t n_states, max_states;
	struct ds_edge *edges;
	size_t n_edges, max_edges;
	uint32_t *table; /* 1 + number of a state, or 0; by digest */
	size_t table_size;
};

/*
 * Finds the state of digest @digest, or adds it. Return: 0 with its number and
 * whether it was added; -ENOMEM.
 */
int ds_graph_visit(struct ds_graph *graph, struct ds_digest digest,
		   uint32_t *ret_state, bool *ret_added);

/* Adds a step. Return: 0, or -ENOMEM. */
int ds_graph_connect(struct ds_graph *graph, struct ds_edge edge);

/* The edges of a graph by the states they begin at. */
struct ds_edge_order {
	size_t *first; /* of each state, and one behind the last */
	uint32_t *edges;
};

/* Return: 0, or -ENOMEM. */
int ds_graph_sort(const struct ds_graph *graph,
		  struct ds_edge_order *ret_order);
void ds_edge_order_free(struct ds_edge_order *order);

/* Whether some run can go on for ever. Return: 1, 0, or -ENOMEM. */
int ds_graph_has_cycle(const struct ds_graph *graph);

void ds_graph_free(struct ds_graph *graph);

/* ------------------------------- Progress --------------------------------- */

/* A run that can be repeated for ever: the way there, then round and round. */
struct ds_lasso {
	unsigned int starved; /* the task that never gets on */
	bool nobody_gets_on;  /* nor does any other */
	uint32_t stepping;    /* tasks that take steps in the cycle */
	size_t stem;          /* steps before the cycle */
	struct ds_schedule run;
};

/*
 * Looks in a closed graph of every step for a run in which task @task is for
 * ever inside one call though the scheduler is fair: whoever can go on from
 * some moment on without a break does go on again and again (weak fairness).
 *
 * Return: 1 with @ret_lasso (its run to be freed), 0 when there is none, or
 * -ENOMEM.
 */
int ds_graph_find_starving(const struct ds_graph *graph, unsigned int task,
			   struct ds_lasso *ret_lasso);

/* What a lasso shows, as a finding. */
void ds_lasso_tell(const struct ds_sched *sched, const struct ds_lasso *lasso,
		   struct ds_finding *ret_finding);

#endif
