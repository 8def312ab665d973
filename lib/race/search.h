/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_SEARCH_H
#define DS_RACE_SEARCH_H

/*
 * Search through the interleavings of a world's tasks: run after run from the
 * same marked state, until every one that matters was tried or the budget is
 * spent.
 *
 * Stateless: a run is its list of choices. With sleep sets a run is cut as soon
 * as all it could do was done before in another order of independent steps:
 * one run of each class of equivalent interleavings remains (Godefroid 1996).
 */
#include "race/world.h"

enum ds_search_kind {
	DS_SEARCH_SLEEP, /* every class of equivalent interleavings */
	DS_SEARCH_PLAIN, /* every interleaving */
	DS_SEARCH_BOUND, /* every one with at most @bound preemptions */
	DS_SEARCH_RANDOM,
	DS_SEARCH_N_KINDS,
};

/* The honest word a search ends in. */
enum ds_search_end {
	DS_END_COMPLETE,
	DS_END_BOUNDED,
	DS_END_BUDGET,
	DS_END_SAMPLED,
	DS_END_INTERRUPTED,
};

struct ds_search_options {
	enum ds_search_kind kind;
	unsigned int bound;
	uint64_t budget; /* runs at most; 0: no limit */
	uint64_t seed;
	bool first;         /* stop at the first finding */
	uint64_t max_steps; /* of one run */
	/* NULL, or called now and then; true: stop and tell what is known. */
	bool (*progress)(void *arg, uint64_t runs);
	void *progress_arg;
	/* NULL, or called after each run that was not cut short. */
	void (*ran)(void *arg, struct ds_world *world);
	void *ran_arg;
};

/* A schedule: the task that takes each step. */
struct ds_schedule {
	unsigned char *tasks;
	size_t n, max;
};

struct ds_search_finding {
	uint64_t runs; /* in how many it broke */
	struct ds_finding finding;
	struct ds_schedule schedule; /* the shortest run that showed it */
};

struct ds_search_result {
	enum ds_search_end end;
	uint64_t interleavings; /* runs to the end */
	uint64_t redundant;     /* runs cut as equivalent to others */
	uint64_t limited;       /* runs cut at max_steps */
	uint64_t steps;
	uint64_t choices; /* steps at which more than one task could go on */
	uint64_t max_depth;
	uint32_t broken; /* properties, bit per id */
	uint32_t warned; /* kernel warnings, bit per number */
	struct ds_search_finding findings[DS_N_PROPERTIES];
};

/**
 * ds_search_run() - search a prepared and marked world
 *
 * Every run starts from the mark; the last one's state is what is left.
 * Findings of a run cut at @max_steps have schedules that end there.
 *
 * Return: 0 with @ret_result filled (free it with ds_search_result_free());
 * -ENOMEM and others when a run was void: nothing is known then; -EPROTO when
 * the same choices led to another state: nondeterminism.
 */
int ds_search_run(struct ds_world *world,
		  const struct ds_search_options *options,
		  struct ds_search_result *ret_result);

void ds_search_result_free(struct ds_search_result *result);

const char *ds_search_kind_name(enum ds_search_kind kind);

/* "COMPLETE", "BOUNDED(2)" and so on, into @ret_text. */
void ds_search_end_text(const struct ds_search_result *result,
			const struct ds_search_options *options, char *ret_text,
			size_t size);

/*
 * Runs exactly @schedule, from the mark. Return: 0 when it was followed to its
 * end, which is also the run's unless that ended as DS_RUN_STOPPED; -EPROTO
 * when a task it names could not go on, with that step in @ret_diverged.
 */
int ds_replay_run(struct ds_world *world, const struct ds_schedule *schedule,
		  size_t *ret_diverged);

int ds_schedule_append(struct ds_schedule *schedule, unsigned int task);
void ds_schedule_free(struct ds_schedule *schedule);

#endif
