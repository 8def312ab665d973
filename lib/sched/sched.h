/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_SCHED_H
#define DS_SCHED_SCHED_H

/*
 * The scheduler of one universe. Tasks take turns in one of three ways:
 *
 * fiber: all tasks on the caller's thread, switched by hand; for search.
 * baton: each task on a pthread of its own, one at a time; the same choices
 *	  and the same trace as fiber; for debuggers.
 * free:  real parallel pthreads; for stress, benchmarks and TSan.
 *
 * Every choice is asked at one door: the strategy's.
 */
#include <stddef.h>

#include "core/arena.h"
#include "core/event.h"
#include "sched/task.h"

enum ds_turns {
	DS_TURNS_FIBER,
	DS_TURNS_BATON,
	DS_TURNS_FREE,
};

/* How a controlled run ended. */
enum ds_run_end {
	DS_RUN_DONE,    /* every task returned */
	DS_RUN_STUCK,   /* tasks are left and none can go on */
	DS_RUN_STOPPED, /* the strategy had seen enough */
	DS_RUN_LIMIT,   /* more steps than allowed */
	DS_RUN_VOID,    /* host failure, see @void_error */
};

#define DS_PICK_STOP (-1)

struct ds_strategy {
	/*
	 * Chooses who takes the next step, from the non-empty set @enabled
	 * (bit per task id). @last took the step before (DS_TASKS_MAX: nobody).
	 * Return: a task id, or DS_PICK_STOP.
	 */
	int (*pick)(void *arg, const struct ds_sched *sched, uint32_t enabled,
		    unsigned int last);
	void *arg;
};

struct ds_turns_ops;

struct ds_sched {
	struct ds_task *tasks[DS_TASKS_MAX];
	unsigned int n_tasks;
	struct ds_events *events;
	struct ds_strategy strategy;
	uint64_t max_steps; /* of one run */
	bool check_footprints;
	bool pull_readers; /* a granted reader pulls all queued ones along (5.x)
			    */

	/* The present run. */
	atomic_bool broke_rule; /* some task met the rule it breaks */
	const struct ds_turns_ops *ops;
	enum ds_run_end end;
	atomic_int void_error; /* of any task, if they are free */
	uint64_t n_steps;
	_Atomic(uint64_t) now; /* virtual time, ticks */
	uint64_t n_jumps;      /* how often it moved */
	atomic_uint n_busy;    /* free tasks that are not done nor idle */
	unsigned int current;  /* task that runs, DS_TASKS_MAX: none */
	void *host;            /* stacks or threads; survives rewinding */
};

/* Whether somebody reads what @task tells. */
static inline bool ds_is_telling(const struct ds_task *task)
{
	return task->sched->events->telling;
}

/* Whether anybody looks at events: else they need not be made. */
static inline bool ds_is_watched(const struct ds_task *task)
{
	return task->sched->events->n_observers != 0;
}

/* Makes an empty scheduler in @arena. Return: 0, or -ENOMEM. */
int ds_sched_new(struct ds_arena *arena, struct ds_events *events,
		 struct ds_sched **ret_sched);

/* Frees stacks and threads. */
void ds_sched_free(struct ds_sched *sched);

/*
 * Adds a task that will run @fn. @name must outlive it.
 * Return: 0, -ENOMEM, or -ENOSPC when the table is full.
 */
int ds_sched_spawn(struct ds_sched *sched, struct ds_arena *arena,
		   const char *name, ds_task_fn fn, void *arg,
		   struct ds_task **ret_task);

/*
 * Makes stacks or threads for all tasks. Once before the first run, outside
 * of what is rewound. Return: 0, or negative errno.
 */
int ds_sched_prepare(struct ds_sched *sched, enum ds_turns turns);

/* From now on every task breaks @rule (DS_RULE_NONE: none). */
void ds_sched_break_rule(struct ds_sched *sched, enum ds_rule rule);

/* Runs all tasks from their start to the end of the run. */
enum ds_run_end ds_sched_run(struct ds_sched *sched);

/*
 * Whether the pending steps of two tasks depend on each other in the present
 * state.
 */
bool ds_steps_conflict(const struct ds_task *a, const struct ds_task *b);

/*
 * Adds all that decides what the tasks do from now on, as far as it is theirs.
 * While none runs: at a choice, or between runs.
 */
void ds_sched_digest(const struct ds_sched *sched, struct ds_digest *digest);

/* Whether @task waits for work that need not come, and none came yet. */
bool ds_task_is_idle(const struct ds_task *task);

/* As ds_task_is_free(), where nobody reads what the task tells either. */
static inline bool ds_task_is_silent(const struct ds_task *task)
{
	return ds_task_is_free(task) && !ds_is_telling(task);
}

/* Whether @task could take its next step now. */
bool ds_task_is_enabled(const struct ds_task *task);

/* ------- between the scheduler and a way of taking turns (turn_*.c) ------- */

struct ds_turns_ops {
	int (*prepare)(struct ds_sched *sched);
	void (*run)(struct ds_sched *sched);
	/* Goes on with task @next (DS_TASKS_MAX: the run is over). */
	void (*pass)(struct ds_sched *sched, struct ds_task *from,
		     unsigned int next);
	void (*release)(struct ds_sched *sched);
};

extern const struct ds_turns_ops ds_turns_fiber;
extern const struct ds_turns_ops ds_turns_baton;
extern const struct ds_turns_ops ds_turns_free;

/* Chooses the next task; DS_TASKS_MAX when the run is over. */
unsigned int ds_sched_next(struct ds_sched *sched, unsigned int last);

/*
 * A free task begins or ends to be idle, or (@idle) is done. When none is left
 * that is not, those that sleep idly are told.
 */
void ds_sched_idle(struct ds_sched *sched, bool idle);

/* What a task's stack starts with: runs it and never returns to its caller. */
void ds_task_main(struct ds_task *task);

#endif
