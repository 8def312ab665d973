// SPDX-License-Identifier: LGPL-2.1-or-later
#include <pthread.h>

#include "../../support/dies.h"
#include "fixture.h"
#include "sched/current.h"

static void note_current(struct ds_task *task, void *arg)
{
	struct t_world *w = arg;

	w->cell[0] += ds_task_current() == task;
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	w->cell[0] += ds_task_current() == task;
}

static void the_current_task_is_the_one_that_runs(void **state)
{
	struct t_world *w = *state;
	struct ds_task outer;

	t_spawn(w, note_current, w);
	t_spawn(w, note_current, w);
	t_prepare(w, DS_TURNS_FIBER);
	assert_null(ds_task_current());
	assert_int_equal(t_run(w, "ba"), DS_RUN_DONE);
	assert_int_equal(w->cell[0], 4);
	assert_null(ds_task_current());
	/* Afterwards it is who it was before. */
	ds_task_set_current(&outer);
	assert_int_equal(t_run(w, "ab"), DS_RUN_DONE);
	assert_ptr_equal(ds_task_current(), &outer);
	assert_int_equal(t_run(w, "a?"), DS_RUN_STOPPED);
	assert_ptr_equal(ds_task_current(), &outer);
	ds_task_set_current(NULL);
}

static void note_thread(struct ds_task *task, void *arg)
{
	pthread_t *threads = arg;

	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	threads[task->id] = pthread_self();
}

static void tasks_run_on_the_thread_of_the_caller(void **state)
{
	struct t_world *w = *state;
	pthread_t threads[2];

	t_spawn(w, note_thread, threads);
	t_spawn(w, note_thread, threads);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, ""), DS_RUN_DONE);
	assert_true(pthread_equal(threads[0], pthread_self()));
	assert_true(pthread_equal(threads[1], pthread_self()));
}

/* Counts what it did in memory that a run does not rewind. */
struct t_counts {
	unsigned int begun, middle, ended;
};

static void count(struct ds_task *task, void *arg)
{
	struct t_counts *counts = arg;

	counts->begun++;
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	counts->middle++;
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	counts->ended++;
}

static void abandoned_tasks_begin_again_in_the_next_run(void **state)
{
	struct t_world *w = *state;
	struct t_counts counts = {0, 0, 0};
	int i;

	t_spawn(w, count, &counts);
	t_spawn(w, count, &counts);
	t_prepare(w, DS_TURNS_FIBER);
	for (i = 0; i < 100; i++) {
		assert_int_equal(t_run(w, "ab?"), DS_RUN_STOPPED);
		assert_int_equal(t_run(w, "?"), DS_RUN_STOPPED);
		assert_int_equal(t_run(w, "aab?"), DS_RUN_STOPPED);
		assert_int_equal(t_run(w, "abab"), DS_RUN_DONE);
	}
	assert_int_equal(counts.begun, 800);
	assert_int_equal(counts.middle, 600);
	assert_int_equal(counts.ended, 300);
}

static unsigned int use_stack(unsigned int kilobytes)
{
	volatile unsigned char room[1024];

	memset((void *)room, (int)kilobytes, sizeof(room));
	return kilobytes ? use_stack(kilobytes - 1) + room[512] : room[0];
}

static void recurse(struct ds_task *task, void *arg)
{
	const unsigned int *kilobytes = arg;

	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	use_stack(*kilobytes);
}

static void a_task_has_stack_for_deep_calls(void **state)
{
	struct t_world *w = *state;
	unsigned int kilobytes = 64;

	t_spawn(w, recurse, &kilobytes);
	t_spawn(w, recurse, &kilobytes);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "ab"), DS_RUN_DONE);
}

static void overflow(void *arg)
{
	struct t_world *w = arg;
	unsigned int kilobytes = 100000;

	/* Not cmocka's: it would go on. */
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	t_spawn(w, recurse, &kilobytes);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "");
}

static void overflowing_the_stack_hits_the_guard(void **state)
{
	assert_true(t_child(overflow, *state) != 0);
}

/* Runs a universe of its own in one step. */
static void run_another(struct ds_task *task, void *arg)
{
	struct t_world *other = arg;

	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	t_run(other, "bbaa");
	ds_tell(task, "the other: %s", other->trace);
}

static void universes_do_not_know_of_each_other(void **state)
{
	struct t_world *w = *state;
	struct t_world *other = t_world_new();
	struct t_world *third = t_world_new();
	int two = 2;

	t_spawn(other, t_steps, &two);
	t_spawn(other, t_steps, &two);
	t_prepare(other, DS_TURNS_FIBER);
	t_spawn(third, run_another, other);
	t_prepare(third, DS_TURNS_FIBER);
	t_spawn(w, note_current, w);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, ""), DS_RUN_DONE);
	/* One inside the other, even. */
	assert_int_equal(t_run(third, ""), DS_RUN_DONE);
	assert_string_equal(third->trace,
			    "a@CELL\na: the other: b@CELL\nb@CELL\n"
			    "a@CELL\na@CELL\n\n");
	t_world_free(third);
	t_world_free(other);
}

static void a_scheduler_never_run_can_be_freed(void **state)
{
	struct t_world *w = *state;
	int one = 1;

	t_spawn(w, t_steps, &one);
	t_prepare(w, DS_TURNS_FIBER);
}

static void prepare_again(void *arg)
{
	struct t_world *w = arg;

	ds_sched_prepare(w->sched, DS_TURNS_FIBER);
}

static void preparing_twice_aborts(void **state)
{
	t_prepare(*state, DS_TURNS_FIBER);
	assert_true(t_aborts(prepare_again, *state));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(the_current_task_is_the_one_that_runs),
		t_case(tasks_run_on_the_thread_of_the_caller),
		t_case(abandoned_tasks_begin_again_in_the_next_run),
		t_case(a_task_has_stack_for_deep_calls),
		t_case(overflowing_the_stack_hits_the_guard),
		t_case(universes_do_not_know_of_each_other),
		t_case(a_scheduler_never_run_can_be_freed),
		t_case(preparing_twice_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
