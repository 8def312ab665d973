/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_UNIT_SCHED_FIXTURE_H
#define TESTS_UNIT_SCHED_FIXTURE_H

/*
 * A scheduler with nothing around it. A script says who takes the next step;
 * the trace tells who took which, and every told line:
 *
 *	a@CELL
 *	a: sleep
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sched/sched.h"

#define T_CELLS 8

struct t_world {
	struct ds_arena *arena;
	struct ds_events events;
	struct ds_sched *sched;
	struct ds_prng prng;

	/*
	 * 'a' is the first task. Behind its end the lowest task that can goes
	 * on. A task that cannot go on when its turn comes ends the run.
	 */
	const char *script;
	bool random; /* by @prng instead */
	bool diverged;

	int cell[T_CELLS];
	char trace[16384];
};

static inline void t_append(struct t_world *w, const char *format, ...)
{
	size_t n = strlen(w->trace);
	va_list args;

	va_start(args, format);
	vsnprintf(w->trace + n, sizeof(w->trace) - n, format, args);
	va_end(args);
}

static inline int t_pick(void *arg, const struct ds_sched *sched,
			 uint32_t enabled, unsigned int last)
{
	struct t_world *w = arg;
	unsigned int task = (unsigned int)__builtin_ctz(enabled);
	uint64_t skip;

	(void)last;
	if (w->random) {
		skip = ds_prng_below(&w->prng,
				     (uint64_t)__builtin_popcount(enabled));
		for (; skip; skip--)
			enabled &= enabled - 1;
		task = (unsigned int)__builtin_ctz(enabled);
	} else if (*w->script) {
		task = (unsigned int)(*w->script++ - 'a');
	}
	if (task >= DS_TASKS_MAX || !(enabled >> task & 1)) {
		w->diverged = true;
		return DS_PICK_STOP;
	}
	t_append(w, "%c@%s\n", 'a' + (int)task,
		 ds_point_name(sched->tasks[task]->at));
	return (int)task;
}

static inline void t_observe(void *arg, const struct ds_event *event)
{
	struct t_world *w = arg;
	char name =
		event->task < DS_TASKS_MAX ? (char)('a' + event->task) : '-';

	if (event->kind == DS_EV_TOLD)
		t_append(w, "%c: %s\n", name, event->text);
	if (event->kind == DS_EV_LOCK_ORDER)
		t_append(w, "%c: order broken at %s\n", name, event->text);
}

static inline struct t_world *t_world_new(void)
{
	struct t_world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(ds_arena_new((size_t)1 << 20, &w->arena), 0);
	assert_int_equal(ds_sched_new(w->arena, &w->events, &w->sched), 0);
	ds_events_observe(&w->events, t_observe, w);
	w->events.telling = true;
	w->sched->strategy.pick = t_pick;
	w->sched->strategy.arg = w;
	w->sched->check_footprints = true;
	w->script = "";
	return w;
}

static inline void t_world_free(struct t_world *w)
{
	ds_sched_free(w->sched);
	ds_arena_free(w->arena);
	free(w);
}

/* For cmocka's setup and teardown: *state is the world. */
static inline int t_set_up(void **state)
{
	*state = t_world_new();
	return 0;
}

static inline int t_tear_down(void **state)
{
	t_world_free(*state);
	return 0;
}

/* A test that gets a world of its own. */
#define t_case(test)                                                           \
	cmocka_unit_test_setup_teardown(test, t_set_up, t_tear_down)

static inline struct ds_task *t_spawn(struct t_world *w, ds_task_fn fn,
				      void *arg)
{
	static const char *const names[DS_TASKS_MAX] = {"a", "b", "c", "d",
							"e", "f", "g", "h",
							"i", "j", "k", "l",
							"m", "n", "o", "p"};
	struct ds_task *task = NULL;

	assert_int_equal(ds_sched_spawn(w->sched, w->arena,
					names[w->sched->n_tasks], fn, arg,
					&task),
			 0);
	return task;
}

/* Everything in place: what follows are runs. */
static inline void t_prepare(struct t_world *w, enum ds_turns turns)
{
	assert_int_equal(ds_sched_prepare(w->sched, turns), 0);
	assert_int_equal(ds_arena_mark(w->arena), 0);
}

/* One run from the start, by @script. */
static inline enum ds_run_end t_run(struct t_world *w, const char *script)
{
	ds_arena_rewind(w->arena);
	w->script = script;
	w->random = false;
	w->diverged = false;
	w->trace[0] = '\0';
	memset(w->cell, 0, sizeof(w->cell));
	return ds_sched_run(w->sched);
}

static inline enum ds_run_end t_run_seed(struct t_world *w, uint64_t seed)
{
	ds_arena_rewind(w->arena);
	w->random = true;
	w->prng.state = seed;
	w->trace[0] = '\0';
	memset(w->cell, 0, sizeof(w->cell));
	return ds_sched_run(w->sched);
}

static inline ds_obj t_object(unsigned int i)
{
	return ds_object(DS_OBJ_CELL, 0, i);
}

/* A task that only takes steps: as many as *(int *)@arg says. */
static inline void t_steps(struct ds_task *task, void *arg)
{
	int n = *(int *)arg;

	while (n--)
		ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
}

#endif
