// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <pthread.h>

#include "fixture.h"
#include "sched/current.h"

/* Two tasks that each wait for the other: only parallel ones come through. */
struct t_pair {
	atomic_int arrived[2];
	pthread_t threads[2];
	int n_current;
	bool was_parallel;
};

static void meet(struct ds_task *task, void *arg)
{
	struct t_pair *pair = arg;
	unsigned int me = task->id;

	/* Nobody is asked: the strategy would stop the run. */
	ds_yield(task, DS_AT_CELL, ds_writes(t_object(0)));
	pair->threads[me] = pthread_self();
	if (me == 0)
		pair->was_parallel = task->sched->events->parallel;
	atomic_fetch_add(&pair->arrived[me], ds_task_current() == task);
	while (!atomic_load(&pair->arrived[!me]))
		sched_yield();
}

static void tasks_run_in_parallel_and_choose_themselves(void **state)
{
	struct t_world *w = *state;
	struct t_pair pair = {.n_current = 0};

	t_spawn(w, meet, &pair);
	t_spawn(w, meet, &pair);
	t_prepare(w, DS_TURNS_FREE);
	assert_int_equal(t_run(w, "?"), DS_RUN_DONE);
	assert_string_equal(w->trace, "");
	assert_true(w->sched->n_steps == 0);
	assert_false(pthread_equal(pair.threads[0], pair.threads[1]));
	assert_false(pthread_equal(pair.threads[0], pthread_self()));
	assert_true(pair.was_parallel);
	assert_false(w->events.parallel);
	assert_int_equal(w->sched->tasks[0]->state, DS_TASK_DONE);
	/* And again. */
	atomic_store(&pair.arrived[0], 0);
	atomic_store(&pair.arrived[1], 0);
	assert_int_equal(t_run(w, "?"), DS_RUN_DONE);
}

/* What free tasks see of time. */
struct t_timed {
	bool over, served, let_go;
	uint64_t ticks;
};

static void time_out(struct ds_task *task, void *arg)
{
	struct t_timed *timed = arg;
	uint64_t begin = ds_task_now(task);

	timed->over = ds_task_sleep_for(task, DS_AT_WAIT_SLEEP, t_object(0),
					false, 20);
	timed->ticks = ds_task_now(task) - begin;
	ds_task_wake(task->sched->tasks[1]);
}

static void serve(struct ds_task *task, void *arg)
{
	struct t_timed *timed = arg;

	timed->served = ds_task_sleep_idle(task, DS_AT_WAIT_SLEEP, t_object(0));
	ds_task_forget_wake(task);
	timed->let_go =
		!ds_task_sleep_idle(task, DS_AT_WAIT_SLEEP, t_object(0));
}

static void sleeps_end_by_time_and_the_idle_go_last(void **state)
{
	struct t_world *w = *state;
	struct t_timed timed = {.ticks = 0};

	t_spawn(w, time_out, &timed);
	t_spawn(w, serve, &timed);
	t_prepare(w, DS_TURNS_FREE);
	assert_int_equal(t_run(w, ""), DS_RUN_DONE);
	assert_true(timed.over);
	assert_true(timed.ticks == 20);
	assert_true(timed.served);
	assert_true(timed.let_go);
}

static void tell_much(struct ds_task *task, void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 200; i++)
		ds_tell(task, "line %d", i);
}

static void observers_see_one_event_at_a_time(void **state)
{
	struct t_world *w = *state;
	const char *line = w->trace;
	int next[2] = {0, 0}, i, n = 0;
	char task;

	t_spawn(w, tell_much, NULL);
	t_spawn(w, tell_much, NULL);
	t_prepare(w, DS_TURNS_FREE);
	assert_int_equal(t_run(w, ""), DS_RUN_DONE);
	/* All of them, whole, and in order for each task. */
	for (; *line; line += n) {
		assert_int_equal(sscanf(line, "%c: line %d\n%n", &task, &i, &n),
				 2);
		assert_in_range(task, 'a', 'b');
		assert_int_equal(i, next[task - 'a']++);
	}
	assert_int_equal(next[0] + next[1], 400);
}

static void become_void(struct ds_task *task, void *arg)
{
	int *returned = arg;

	*returned = ds_task_void(task, -ENOMEM);
}

static void a_host_failure_makes_the_run_void(void **state)
{
	struct t_world *w = *state;
	int returned = 0;

	t_spawn(w, become_void, &returned);
	t_prepare(w, DS_TURNS_FREE);
	assert_int_equal(t_run(w, ""), DS_RUN_VOID);
	assert_int_equal(w->sched->void_error, -ENOMEM);
	/* Nobody unwinds a free task: it is told. */
	assert_int_equal(returned, -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(sleeps_end_by_time_and_the_idle_go_last),
		t_case(tasks_run_in_parallel_and_choose_themselves),
		t_case(observers_see_one_event_at_a_time),
		t_case(a_host_failure_makes_the_run_void),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
