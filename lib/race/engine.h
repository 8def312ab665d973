/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_ENGINE_H
#define DS_RACE_ENGINE_H

/*
 * What ways of searching have in common. A search makes run after run from the
 * mark; an engine chooses who takes each step, and says after each run whether
 * there is another.
 */
#include "race/search.h"

struct ds_pool;

struct ds_engine {
	struct ds_world *world;
	const struct ds_search_options *options;
	struct ds_search_result *result;
	struct ds_schedule run; /* the choices of the present run */
	uint64_t number;        /* of that run */
	int error;              /* of the host, or -EPROTO */
	struct ds_pool *pool;   /* what workers share */
};

struct ds_engine_ops {
	size_t size; /* of what begins with a struct ds_engine */
	/* NULL, or called before the first run. Return: 0, negative errno. */
	int (*open)(struct ds_engine *engine);
	/* A new run begins, number @run from 0. */
	void (*begin)(struct ds_engine *engine, uint64_t run);
	/*
	 * Chooses from the non-empty set @enabled; @last took the step before.
	 * Return: a task, or DS_PICK_STOP (also for @engine->error).
	 */
	int (*pick)(struct ds_engine *engine, const struct ds_sched *sched,
		    uint32_t enabled, unsigned int last);
	/* NULL, or whether the run just ended was met in full before. */
	bool (*repeats)(const struct ds_engine *engine);
	/* NULL, or called when the run was cut at the most steps allowed. */
	void (*limited)(struct ds_engine *engine);
	/* Return: whether there is another run. */
	bool (*next)(struct ds_engine *engine);
	/*
	 * NULL, or called once when no worker has another. Return: 0, or
	 * negative errno.
	 */
	int (*closed)(struct ds_engine *engine);
	/* In which word the search ends when there is none. */
	enum ds_search_end (*end)(const struct ds_engine *engine);
	/* Frees what the engine keeps. NULL: nothing. */
	void (*close)(struct ds_engine *engine);
};

/* Plain, sleep sets, source sets, preemption bounds. */
extern const struct ds_engine_ops ds_engine_path;
extern const struct ds_engine_ops ds_engine_states;
extern const struct ds_engine_ops ds_engine_random;
extern const struct ds_engine_ops ds_engine_pct;

/* Sets of tasks, a bit each. */
static inline uint32_t ds_task_bit(unsigned int task)
{
	return UINT32_C(1) << task;
}

static inline bool ds_tasks_have(uint32_t set, unsigned int task)
{
	return task < DS_TASKS_MAX && (set >> task & 1);
}

static inline unsigned int ds_tasks_first(uint32_t set)
{
	return (unsigned int)__builtin_ctz(set);
}

/*
 * Of @tasks, those whose pending steps are independent of @choice's in the
 * present state.
 */
uint32_t ds_tasks_independent(const struct ds_sched *sched, uint32_t tasks,
			      unsigned int choice);

#endif
