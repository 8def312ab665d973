// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <pthread.h>

#include "fixture.h"
#include "sched/current.h"
#include "sched/grace.h"
#include "sched/rwsem.h"
#include "sched/waitq.h"

struct t_threads {
	pthread_t threads[DS_TASKS_MAX];
	unsigned int begun[DS_TASKS_MAX], ended[DS_TASKS_MAX];
	unsigned int n_current;
};

static void note_thread(struct ds_task *task, void *arg)
{
	struct t_threads *t = arg;

	t->begun[task->id]++;
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	t->threads[task->id] = pthread_self();
	t->n_current += ds_task_current() == task;
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	t->ended[task->id]++;
}

static void each_task_has_a_thread_for_as_long_as_the_scheduler(void **state)
{
	struct t_world *w = *state;
	struct t_threads t = {.n_current = 0};
	pthread_t first;

	t_spawn(w, note_thread, &t);
	t_spawn(w, note_thread, &t);
	t_prepare(w, DS_TURNS_BATON);
	assert_int_equal(t_run(w, "abab"), DS_RUN_DONE);
	assert_int_equal(t.n_current, 2);
	assert_false(pthread_equal(t.threads[0], pthread_self()));
	assert_false(pthread_equal(t.threads[1], pthread_self()));
	assert_false(pthread_equal(t.threads[0], t.threads[1]));
	first = t.threads[0];
	assert_int_equal(t_run(w, "baba"), DS_RUN_DONE);
	assert_true(pthread_equal(first, t.threads[0]));
	assert_null(ds_task_current());
}

static void runs_that_end_early_are_unwound(void **state)
{
	struct t_world *w = *state;
	struct t_threads t = {.n_current = 0};
	int i;

	t_spawn(w, note_thread, &t);
	t_spawn(w, note_thread, &t);
	t_spawn(w, note_thread, &t);
	t_prepare(w, DS_TURNS_BATON);
	for (i = 0; i < 100; i++) {
		assert_int_equal(t_run(w, "?"), DS_RUN_STOPPED);
		assert_int_equal(t_run(w, "ac?"), DS_RUN_STOPPED);
		assert_int_equal(t_run(w, "aab?"), DS_RUN_STOPPED);
		assert_int_equal(t_run(w, "abcabc"), DS_RUN_DONE);
	}
	for (i = 0; i < 3; i++)
		assert_int_equal(t.begun[i], 400);
	assert_int_equal(t.ended[0], 200);
	assert_int_equal(t.ended[1], 100);
}

static void a_scheduler_left_in_mid_run_can_be_freed(void **state)
{
	struct t_world *w = *state;
	struct t_threads t = {.n_current = 0};

	t_spawn(w, note_thread, &t);
	t_spawn(w, note_thread, &t);
	t_prepare(w, DS_TURNS_BATON);
	assert_int_equal(t_run(w, "ab?"), DS_RUN_STOPPED);
}

/* ----------------------- The same choices as fibers ----------------------- */

/* Everything a task can do, in the arena of a world. */
struct t_shop {
	struct t_world *w;
	struct ds_rwsem sems[2];
	struct ds_waitq_table table;
	struct ds_grace grace;
	int cell;
	bool fails;
};

static ds_obj key(void)
{
	return ds_object(DS_OBJ_COUNTER, 0, 0);
}

static void use_locks(struct ds_task *task, struct t_shop *shop,
		      enum ds_lock_mode mode)
{
	ds_rwsem_lock(task, &shop->sems[0], mode);
	ds_rwsem_lock(task, &shop->sems[1], DS_EXCLUSIVE);
	ds_rwsem_unlock(task, &shop->sems[0]);
	ds_yield(task, DS_AT_CELL, ds_writes(t_object(0)));
	ds_touch(task, t_object(0), DS_WRITE);
	ds_tell(task, "cell %d", shop->cell++);
	ds_rwsem_unlock(task, &shop->sems[1]);
}

static void wait_for_it(struct ds_task *task, struct t_shop *shop)
{
	int r = ds_wait_queue(task, &shop->table, key(), task->id & 1, true);

	if (r < 0)
		return;
	ds_wait_sleep(task, key(), true);
	if (!ds_wait_was_woken(task))
		ds_wait_leave(task, &shop->table);
}

static void walk(struct ds_task *task, struct t_shop *shop)
{
	ds_obj object = ds_grace_object(&shop->grace);

	ds_yield(task, DS_AT_COUNT, ds_adds(object));
	ds_grace_enter(task, &shop->grace);
	ds_yield(task, DS_AT_COUNT, ds_adds(object));
	ds_grace_exit(task, &shop->grace);
}

static void customer(struct ds_task *task, void *arg)
{
	struct t_shop *shop = arg;

	ds_tell(task, "comes");
	use_locks(task, shop, task->id & 1 ? DS_SHARED : DS_EXCLUSIVE);
	wait_for_it(task, shop);
	walk(task, shop);
	use_locks(task, shop, DS_SHARED);
}

static void keeper(struct ds_task *task, void *arg)
{
	struct t_shop *shop = arg;

	walk(task, shop);
	ds_wake(task, &shop->table, key(), false);
	ds_grace_wait(task, &shop->grace);
	ds_task_signal(task, task->sched->tasks[0]);
	ds_yield(task, DS_AT_CELL, ds_writes(t_object(0)));
	if (shop->fails && shop->cell == 3)
		ds_task_void(task, -ENOMEM);
	ds_wake(task, &shop->table, key(), true);
	ds_tell(task, "closes");
}

static struct t_world *open_shop(enum ds_turns turns, bool fails,
				 uint64_t max_steps)
{
	struct t_world *w = t_world_new();
	struct t_shop *shop = ds_arena_alloc(w->arena, sizeof(*shop));
	int i;

	shop->w = w;
	shop->fails = fails;
	ds_rwsem_init(&shop->sems[0], 1, DS_LOCK_INODE, "first");
	ds_rwsem_init(&shop->sems[1], 2, DS_LOCK_FAULT, "second");
	for (i = 0; i < 3; i++)
		t_spawn(w, customer, shop);
	t_spawn(w, keeper, shop);
	w->sched->max_steps = max_steps;
	t_prepare(w, turns);
	return w;
}

/* Return: which ends were seen, bit per kind. */
static unsigned int compare_runs(bool fails, uint64_t max_steps)
{
	struct t_world *fiber = open_shop(DS_TURNS_FIBER, fails, max_steps);
	struct t_world *baton = open_shop(DS_TURNS_BATON, fails, max_steps);
	unsigned int ends = 0;
	uint64_t seed;

	for (seed = 0; seed < 150; seed++) {
		enum ds_run_end end = t_run_seed(fiber, seed);

		assert_int_equal(t_run_seed(baton, seed), end);
		assert_string_equal(baton->trace, fiber->trace);
		assert_true(baton->sched->n_steps == fiber->sched->n_steps);
		assert_int_equal(baton->sched->void_error,
				 fiber->sched->void_error);
		ends |= 1u << end;
	}
	t_world_free(fiber);
	t_world_free(baton);
	return ends;
}

static void traces_are_those_of_fibers(void **state)
{
	(void)state;
	assert_int_equal(compare_runs(false, UINT64_MAX),
			 1 << DS_RUN_DONE | 1 << DS_RUN_STUCK);
}

static void void_runs_end_like_those_of_fibers(void **state)
{
	(void)state;
	assert_true(compare_runs(true, UINT64_MAX) & 1 << DS_RUN_VOID);
}

static void limited_runs_end_like_those_of_fibers(void **state)
{
	(void)state;
	assert_int_equal(compare_runs(false, 20), 1 << DS_RUN_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(each_task_has_a_thread_for_as_long_as_the_scheduler),
		t_case(runs_that_end_early_are_unwound),
		t_case(a_scheduler_left_in_mid_run_can_be_freed),
		cmocka_unit_test(traces_are_those_of_fibers),
		cmocka_unit_test(void_runs_end_like_those_of_fibers),
		cmocka_unit_test(limited_runs_end_like_those_of_fibers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
