// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "../../support/dies.h"
#include "fixture.h"

static void a_run_ends_when_every_task_returned(void **state)
{
	struct t_world *w = *state;
	int two = 2, one = 1;

	t_spawn(w, t_steps, &two);
	t_spawn(w, t_steps, &one);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "aba"), DS_RUN_DONE);
	assert_string_equal(w->trace, "a@CELL\nb@CELL\na@CELL\n");
	assert_true(w->sched->n_steps == 3);
	assert_true(w->sched->tasks[0]->steps == 2);
	assert_true(w->sched->tasks[1]->steps == 1);
	assert_int_equal(w->sched->tasks[0]->state, DS_TASK_DONE);
	assert_int_equal(w->sched->tasks[0]->at, DS_AT_END);
	assert_int_equal(w->sched->current, DS_TASKS_MAX);
}

static void a_run_without_tasks_or_points_is_done(void **state)
{
	struct t_world *w = *state;
	struct t_world *other = t_world_new();
	int none = 0;

	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, ""), DS_RUN_DONE);
	t_spawn(other, t_steps, &none);
	t_prepare(other, DS_TURNS_FIBER);
	assert_int_equal(t_run(other, ""), DS_RUN_DONE);
	assert_string_equal(other->trace, "");
	t_world_free(other);
}

static void tell_and_step(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_tell(task, "starts");
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	ds_tell(task, "ends");
}

static void each_task_reaches_its_first_point_before_any_choice(void **state)
{
	struct t_world *w = *state;

	t_spawn(w, tell_and_step, NULL);
	t_spawn(w, tell_and_step, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "ba"), DS_RUN_DONE);
	assert_string_equal(w->trace, "a: starts\nb: starts\n"
				      "b@CELL\nb: ends\na@CELL\na: ends\n");
}

/* What the strategy was asked. */
struct t_asked {
	struct t_world *w;
	uint32_t enabled[8];
	unsigned int last[8];
	unsigned int n;
};

static int pick_and_note(void *arg, const struct ds_sched *sched,
			 uint32_t enabled, unsigned int last)
{
	struct t_asked *asked = arg;

	asked->enabled[asked->n] = enabled;
	asked->last[asked->n++] = last;
	return t_pick(asked->w, sched, enabled, last);
}

static void the_strategy_sees_who_can_and_who_was(void **state)
{
	static const uint32_t enabled[] = {7, 7, 5, 1, 1};
	static const unsigned int last[] = {DS_TASKS_MAX, 0, 1, 2, 0};
	struct t_world *w = *state;
	struct t_asked asked = {.w = w};
	int three = 3, one = 1;

	t_spawn(w, t_steps, &three);
	t_spawn(w, t_steps, &one);
	t_spawn(w, t_steps, &one);
	w->sched->strategy.pick = pick_and_note;
	w->sched->strategy.arg = &asked;
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "abcaa"), DS_RUN_DONE);
	assert_int_equal(asked.n, 5);
	assert_memory_equal(asked.enabled, enabled, sizeof(enabled));
	assert_memory_equal(asked.last, last, sizeof(last));
}

static void sleep_for_ever(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_task_forget_wake(task);
	ds_task_sleep(task, DS_AT_WAIT_SLEEP, t_object(0), false);
}

static void tasks_that_cannot_go_on_are_stuck(void **state)
{
	struct t_world *w = *state;
	int one = 1;

	t_spawn(w, sleep_for_ever, NULL);
	t_spawn(w, t_steps, &one);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, ""), DS_RUN_STUCK);
	assert_string_equal(w->trace, "b@CELL\n");
	assert_int_equal(w->sched->tasks[0]->state, DS_TASK_ASLEEP);
	assert_int_equal(w->sched->tasks[0]->at, DS_AT_WAIT_SLEEP);
	assert_int_equal(w->sched->tasks[1]->state, DS_TASK_DONE);
}

static void the_strategy_may_stop_a_run(void **state)
{
	struct t_world *w = *state;
	int two = 2;

	t_spawn(w, t_steps, &two);
	t_spawn(w, t_steps, &two);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "a?"), DS_RUN_STOPPED);
	assert_true(w->sched->n_steps == 1);
	/* The next run begins at the beginning. */
	assert_int_equal(t_run(w, "aabb"), DS_RUN_DONE);
}

static void a_run_has_at_most_max_steps(void **state)
{
	struct t_world *w = *state;
	int two = 2;

	t_spawn(w, t_steps, &two);
	t_spawn(w, t_steps, &two);
	w->sched->max_steps = 3;
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, ""), DS_RUN_LIMIT);
	assert_true(w->sched->n_steps == 3);
	assert_string_equal(w->trace, "a@CELL\na@CELL\nb@CELL\n");
}

static void a_run_as_long_as_max_steps_is_done(void **state)
{
	struct t_world *w = *state;
	int two = 2;

	t_spawn(w, t_steps, &two);
	w->sched->max_steps = 2;
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, ""), DS_RUN_DONE);
}

static void fail_early(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_task_void(task, -ENOMEM);
	ds_tell(task, "goes on");
}

static void fail_late(struct ds_task *task, void *arg)
{
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	fail_early(task, arg);
}

static void a_host_failure_makes_the_run_void(void **state)
{
	struct t_world *w = *state;
	int two = 2;

	t_spawn(w, t_steps, &two);
	t_spawn(w, fail_late, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "aab"), DS_RUN_VOID);
	assert_int_equal(w->sched->void_error, -ENOMEM);
	assert_string_equal(w->trace, "a@CELL\na@CELL\nb@CELL\n");
}

static void a_host_failure_before_the_first_point_is_void(void **state)
{
	struct t_world *w = *state;
	int two = 2;

	t_spawn(w, t_steps, &two);
	t_spawn(w, fail_early, NULL);
	t_spawn(w, t_steps, &two);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, ""), DS_RUN_VOID);
	assert_int_equal(w->sched->void_error, -ENOMEM);
	assert_string_equal(w->trace, "");
}

static void no_more_tasks_than_the_table_holds(void **state)
{
	struct t_world *w = *state;
	int one = 1, i;

	for (i = 0; i < DS_TASKS_MAX; i++)
		t_spawn(w, t_steps, &one);
	assert_int_equal(ds_sched_spawn(w->sched, w->arena, "q", t_steps, &one,
					NULL),
			 -ENOSPC);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "ponm"), DS_RUN_DONE);
	assert_true(w->sched->n_steps == DS_TASKS_MAX);
}

static void no_task_without_memory(void **state)
{
	struct t_world *w = *state;
	struct ds_sched *sched;

	while (ds_arena_alloc(w->arena, 64))
		;
	assert_int_equal(ds_sched_spawn(w->sched, w->arena, "a", t_steps, NULL,
					NULL),
			 -ENOMEM);
	assert_int_equal(ds_sched_new(w->arena, &w->events, &sched), -ENOMEM);
	assert_int_equal(w->sched->n_tasks, 0);
}

static int pick_zero(void *arg, const struct ds_sched *sched, uint32_t enabled,
		     unsigned int last)
{
	(void)arg;
	(void)sched;
	(void)enabled;
	(void)last;
	return 0;
}

static void run_it(void *arg)
{
	struct t_world *w = arg;

	ds_sched_run(w->sched);
}

static void choosing_who_cannot_go_on_aborts(void **state)
{
	struct t_world *w = *state;
	int one = 1;

	t_spawn(w, sleep_for_ever, NULL);
	t_spawn(w, t_steps, &one);
	w->sched->strategy.pick = pick_zero;
	t_prepare(w, DS_TURNS_FIBER);
	assert_true(t_aborts(run_it, w));
}

static void the_same_choices_give_the_same_run(void **state)
{
	struct t_world *w = *state;
	char *first = NULL;
	int two = 2, i;

	for (i = 0; i < 3; i++)
		t_spawn(w, t_steps, &two);
	t_prepare(w, DS_TURNS_FIBER);
	for (i = 0; i < 50; i++) {
		assert_int_equal(t_run(w, "cabacb"), DS_RUN_DONE);
		if (!first)
			first = strdup(w->trace);
		assert_string_equal(w->trace, first);
		t_run(w, "cab?");
	}
	free(first);
}

/* A task with one pending access. */
static struct ds_task pending(ds_obj obj, enum ds_how how,
			      const atomic_uint *escalate)
{
	return (struct ds_task){
		.n_accesses = 1,
		.accesses = {{obj, how, escalate}},
	};
}

static void steps_conflict_unless_both_read_or_both_add(void **state)
{
	unsigned int i, j;

	(void)state;
	for (i = DS_READ; i <= DS_WRITE; i++)
		for (j = DS_READ; j <= DS_WRITE; j++) {
			struct ds_task a = pending(1, (enum ds_how)i, NULL);
			struct ds_task b = pending(1, (enum ds_how)j, NULL);
			struct ds_task c = pending(2, (enum ds_how)j, NULL);

			assert_int_equal(ds_steps_conflict(&a, &b),
					 i != j || i == DS_WRITE);
			assert_false(ds_steps_conflict(&a, &c));
		}
}

static void escalated_additions_conflict(void **state)
{
	/* What is above the bits that count means nothing. */
	atomic_uint yes = 1, too = 2, no = ~DS_ESCALATES;
	struct ds_task a = pending(1, DS_ADD, &yes);
	struct ds_task b = pending(1, DS_ADD, &no);
	struct ds_task c = pending(1, DS_ADD, NULL);
	struct ds_task d = pending(2, DS_ADD, &yes);
	struct ds_task e = pending(1, DS_ADD, &too);

	(void)state;
	assert_true(ds_steps_conflict(&a, &a));
	assert_true(ds_steps_conflict(&a, &b));
	assert_true(ds_steps_conflict(&b, &a));
	assert_true(ds_steps_conflict(&c, &a));
	assert_true(ds_steps_conflict(&e, &b));
	assert_false(ds_steps_conflict(&b, &b));
	assert_false(ds_steps_conflict(&b, &c));
	assert_false(ds_steps_conflict(&a, &d));
}

static void any_pair_of_accesses_can_conflict(void **state)
{
	struct ds_task a = {
		.n_accesses = 3,
		.accesses = {ds_reads(1), ds_adds(2), ds_writes(3)},
	};
	struct ds_task b = {
		.n_accesses = 2,
		.accesses = {ds_adds(2), ds_reads(1)},
	};

	(void)state;
	assert_false(ds_steps_conflict(&a, &b));
	b.accesses[b.n_accesses++] = ds_reads(3);
	assert_true(ds_steps_conflict(&a, &b));
	assert_true(ds_steps_conflict(&b, &a));
	/* What is left from an earlier step does not count. */
	b.n_accesses--;
	assert_false(ds_steps_conflict(&a, &b));
}

static void objects_are_named_by_what_they_are(void **state)
{
	(void)state;
	assert_true(ds_object(DS_OBJ_CELL, 1, 2) ==
		    ds_object(DS_OBJ_CELL, 1, 2));
	assert_true(ds_object(DS_OBJ_CELL, 1, 2) !=
		    ds_object(DS_OBJ_CELL, 2, 1));
	assert_true(ds_object(DS_OBJ_CELL, 1, 2) !=
		    ds_object(DS_OBJ_PTE, 1, 2));
	assert_true(ds_object(DS_OBJ_CELL, 0xffffff, 0xffffffff) !=
		    ds_object(DS_OBJ_CELL, 0xffffff, 0xfffffffe));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(a_run_ends_when_every_task_returned),
		t_case(a_run_without_tasks_or_points_is_done),
		t_case(each_task_reaches_its_first_point_before_any_choice),
		t_case(the_strategy_sees_who_can_and_who_was),
		t_case(tasks_that_cannot_go_on_are_stuck),
		t_case(the_strategy_may_stop_a_run),
		t_case(a_run_has_at_most_max_steps),
		t_case(a_run_as_long_as_max_steps_is_done),
		t_case(a_host_failure_makes_the_run_void),
		t_case(a_host_failure_before_the_first_point_is_void),
		t_case(no_more_tasks_than_the_table_holds),
		t_case(no_task_without_memory),
		t_case(choosing_who_cannot_go_on_aborts),
		t_case(the_same_choices_give_the_same_run),
		cmocka_unit_test(steps_conflict_unless_both_read_or_both_add),
		cmocka_unit_test(escalated_additions_conflict),
		cmocka_unit_test(any_pair_of_accesses_can_conflict),
		cmocka_unit_test(objects_are_named_by_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
