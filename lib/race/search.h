/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_SEARCH_H
#define DS_RACE_SEARCH_H

/*
 * Search through the interleavings of a world's tasks: run after run from the
 * same marked state, until every one that matters was tried or the budget is
 * spent.
 *
 * Stateless, a run is its list of choices: plain enumeration, one run of each
 * class of equivalent interleavings (sleep sets; source sets, which cut fewer
 * runs short), or those with few preemptions. Stateful, a run ends where it
 * comes to a state that was met before. Sampling draws runs at random.
 */
#include "race/world.h"

enum ds_search_kind {
	DS_SEARCH_SOURCE, /* every class, by source sets */
	DS_SEARCH_STATES, /* every state, equal ones merged */
	DS_SEARCH_SLEEP,  /* every class, by sleep sets alone */
	DS_SEARCH_PLAIN,  /* every interleaving */
	DS_SEARCH_BOUND,  /* every one with at most @bound preemptions */
	DS_SEARCH_RANDOM, /* uniform choices */
	DS_SEARCH_PCT,    /* random priorities */
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
	unsigned int bound; /* preemptions: from none up to these */
	unsigned int depth; /* of the bugs that PCT aims at; 0: 3 */
	uint64_t budget;    /* runs at most; 0: no limit */
	uint64_t seed;
	/* Sampling: runs @first_run, @first_run + @stride and so on (0: 1). */
	uint64_t first_run, stride;
	bool whole;         /* states: every step between them, no sleep sets */
	bool first;         /* stop at the first finding */
	uint64_t max_steps; /* of one run */
	/*
	 * NULL, or called now and then with what all threads have done so far
	 * (@states: 0 unless they are merged); true: stop and tell what is
	 * known.
	 */
	bool (*progress)(void *arg, uint64_t runs, uint64_t states);
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
	uint64_t run; /* number of the shortest that showed it, the first */
	struct ds_schedule schedule; /* ... and what it was */
};

/* Runs in which the kernel would have raised a warning. */
struct ds_search_warning {
	uint64_t runs;
	uint64_t harmless; /* of them, those in which every property held */
	/* The shortest of the harmless ones, or of all if there is none. */
	struct ds_schedule schedule;
};

struct ds_search_result {
	enum ds_search_end end;
	uint64_t interleavings; /* runs to the end */
	uint64_t redundant;     /* runs cut as equivalent to others */
	uint64_t states;        /* different ones met; 0: not asked */
	uint64_t edges;         /* steps between them */
	uint64_t limited;       /* runs cut at max_steps */
	bool cyclic;            /* some run can go on for ever */
	uint64_t steps;
	uint64_t choices; /* steps at which more than one task could go on */
	uint64_t max_depth;
	unsigned int bound; /* preemptions that were allowed last */
	uint32_t broken;    /* properties, bit per id */
	uint32_t warned;    /* kernel warnings, bit per number */
	struct ds_search_finding findings[DS_N_PROPERTIES];
	struct ds_search_warning warnings[DS_N_WARNINGS]; /* from 1 on */
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

/**
 * ds_search_run_many() - the same by several threads
 * @worlds: @n of them, all made and marked alike; each thread runs one
 *
 * For strategies that can be shared (ds_search_is_shareable()); of others the
 * first world alone is run. The verdict, the states and the classes are those
 * of one thread; which of several equivalent runs shows a finding is not.
 * @options->ran and @options->progress are called by one thread at a time.
 */
int ds_search_run_many(struct ds_world *const *worlds, unsigned int n,
		       const struct ds_search_options *options,
		       struct ds_search_result *ret_result);

bool ds_search_is_shareable(enum ds_search_kind kind);

void ds_search_result_free(struct ds_search_result *result);

/* "source", "states" and so on. */
const char *ds_search_kind_name(enum ds_search_kind kind);

/* Whether it draws runs and never has them all. */
bool ds_search_samples(enum ds_search_kind kind);

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
int ds_schedule_copy(struct ds_schedule *to, const struct ds_schedule *from);
void ds_schedule_free(struct ds_schedule *schedule);

#endif
