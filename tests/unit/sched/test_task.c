// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "../../support/dies.h"
#include "fixture.h"

/* ------------------------------ Footprints -------------------------------- */

/* A step that declares one access and makes another. */
struct t_touch {
	struct t_world *w;
	enum ds_how declared, done;
	unsigned int obj;
};

static void touch(struct ds_task *task, void *arg)
{
	const struct t_touch *touch = arg;
	struct ds_access access = {t_object(0), touch->declared, NULL};

	ds_yield(task, DS_AT_CELL, ds_reads(t_object(7)), access);
	ds_touch(task, t_object(touch->obj), touch->done);
}

static void run_touch(void *arg)
{
	struct t_touch *t = arg;

	t_spawn(t->w, touch, t);
	t_prepare(t->w, DS_TURNS_FIBER);
	t_run(t->w, "");
}

static void only_what_was_declared_may_be_touched(void **state)
{
	struct t_touch t = {.w = *state};
	unsigned int declared, done;

	for (declared = DS_READ; declared <= DS_WRITE; declared++)
		for (done = DS_READ; done <= DS_WRITE; done++) {
			t.declared = (enum ds_how)declared;
			t.done = (enum ds_how)done;
			/* A write covers all; a read is no addition. */
			assert_int_equal(t_aborts(run_touch, &t),
					 declared != done &&
						 declared != DS_WRITE);
		}
	t.declared = DS_WRITE;
	t.obj = 1;
	assert_true(t_aborts(run_touch, &t));
	t.w->sched->check_footprints = false;
	assert_false(t_aborts(run_touch, &t));
}

/* The step after the one that declared it. */
static void touch_late(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(1)),
		 ds_writes(t_object(0)));
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(1)));
	ds_touch(task, t_object(0), DS_WRITE);
}

static void run_touch_late(void *arg)
{
	struct t_world *w = arg;

	t_spawn(w, touch_late, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "");
}

static void a_step_forgets_what_the_one_before_declared(void **state)
{
	assert_true(t_aborts(run_touch_late, *state));
}

static void touch_at_once(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_touch(task, t_object(0), DS_READ);
}

static void run_touch_at_once(void *arg)
{
	struct t_world *w = arg;

	t_spawn(w, touch_at_once, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "");
}

static void before_its_first_point_a_task_touches_nothing(void **state)
{
	struct t_world *w = *state;

	w->sched->check_footprints = false;
	assert_true(t_aborts(run_touch_at_once, w));
}

static void declare_too_much(struct ds_task *task, void *arg)
{
	struct ds_access accesses[DS_ACCESS_MAX + 1] = {{0}};

	(void)arg;
	ds_yield_controlled(task, DS_AT_CELL, DS_ACCESS_MAX + 1, accesses);
}

static void run_declare_too_much(void *arg)
{
	struct t_world *w = arg;

	t_spawn(w, declare_too_much, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "");
}

static void a_footprint_has_its_limit(void **state)
{
	assert_true(t_aborts(run_declare_too_much, *state));
}

/* A task of no run: a call made outside. */
static void outside_a_run_a_point_is_nothing(void **state)
{
	struct t_world *w = *state;
	struct ds_task task = {.sched = w->sched, .id = DS_TASKS_MAX};

	ds_yield(&task, DS_AT_CELL, ds_writes(t_object(0)));
	ds_touch(&task, t_object(1), DS_WRITE);
	ds_task_saw(&task, 1);
	assert_true(task.memory == 0);
	assert_true(task.steps == 0);
	assert_int_equal(task.n_accesses, 0);
	assert_int_equal(ds_task_void(&task, -ENOMEM), -ENOMEM);
	assert_false(ds_task_signal_pending(&task));
}

static void a_pending_step_is_what_was_declared(void **state)
{
	struct t_world *w = *state;
	struct t_touch t = {.w = w, .declared = DS_ADD, .done = DS_ADD};
	struct ds_task *task = t_spawn(w, touch, &t);

	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "?"), DS_RUN_STOPPED);
	assert_int_equal(task->at, DS_AT_CELL);
	assert_int_equal(task->state, DS_TASK_READY);
	assert_int_equal(task->n_accesses, 2);
	assert_true(task->accesses[0].obj == t_object(7));
	assert_int_equal(task->accesses[0].how, DS_READ);
	assert_true(task->accesses[1].obj == t_object(0));
	assert_int_equal(task->accesses[1].how, DS_ADD);
}

/* ----------------------------- Sleep and wake ----------------------------- */

static void sleeper(struct ds_task *task, void *arg)
{
	const bool *interruptible = arg;

	ds_task_forget_wake(task);
	ds_task_sleep(task, DS_AT_WAIT_SLEEP, t_object(0), *interruptible);
	ds_tell(task, "awake");
}

static void waker(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_yield(task, DS_AT_WAKE, ds_writes(t_object(0)));
	ds_task_wake(task->sched->tasks[0]);
}

static void signaller(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_task_signal(task, task->sched->tasks[0]);
}

static void who_sleeps_goes_on_after_a_wake_up_only(void **state)
{
	struct t_world *w = *state;
	bool interruptible = false;

	t_spawn(w, sleeper, &interruptible);
	t_spawn(w, waker, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "ba"), DS_RUN_DONE);
	assert_string_equal(w->trace, "b@WAKE\na@WAIT_SLEEP\na: awake\n");
	assert_int_equal(t_run(w, "a"), DS_RUN_STOPPED);
	assert_true(w->diverged);
}

static void prepare_then_sleep(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_task_forget_wake(task);
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(1)));
	ds_task_sleep(task, DS_AT_WAIT_SLEEP, t_object(0), false);
}

static void a_wake_up_between_preparing_and_sleeping_is_kept(void **state)
{
	struct t_world *w = *state;

	t_spawn(w, prepare_then_sleep, NULL);
	t_spawn(w, waker, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "baa"), DS_RUN_DONE);
	assert_int_equal(t_run(w, "aba"), DS_RUN_DONE);
}

static void step_prepare_then_sleep(struct ds_task *task, void *arg)
{
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(1)));
	prepare_then_sleep(task, arg);
}

static void preparing_forgets_earlier_wake_ups(void **state)
{
	struct t_world *w = *state;

	t_spawn(w, step_prepare_then_sleep, NULL);
	t_spawn(w, waker, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "baa"), DS_RUN_STUCK);
	assert_int_equal(t_run(w, "abaa"), DS_RUN_DONE);
}

static void a_signal_ends_interruptible_sleeps_only(void **state)
{
	struct t_world *w = *state;
	struct t_world *other = t_world_new();
	bool yes = true, no = false;

	t_spawn(w, sleeper, &yes);
	t_spawn(w, signaller, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "ba"), DS_RUN_DONE);
	t_spawn(other, sleeper, &no);
	t_spawn(other, signaller, NULL);
	t_prepare(other, DS_TURNS_FIBER);
	assert_int_equal(t_run(other, "b"), DS_RUN_STUCK);
	t_world_free(other);
}

static void ask_and_sleep_twice(struct ds_task *task, void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 2; i++) {
		ds_yield(task, DS_AT_CELL, ds_reads(ds_task_object(task)));
		ds_tell(task, "signal %spending",
			ds_task_signal_pending(task) ? "" : "not ");
		ds_task_forget_wake(task);
		ds_task_sleep(task, DS_AT_WAIT_SLEEP, t_object(0), true);
	}
}

static void a_signal_stays_pending(void **state)
{
	struct t_world *w = *state;

	t_spawn(w, ask_and_sleep_twice, NULL);
	t_spawn(w, signaller, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "abaaa"), DS_RUN_DONE);
	assert_string_equal(w->trace, "a@CELL\na: signal not pending\n"
				      "b@SIGNAL\nb: signal a\n"
				      "a@WAIT_SLEEP\n"
				      "a@CELL\na: signal pending\n"
				      "a@WAIT_SLEEP\n");
}

/* What the search takes a sleep and a signal for. */
static void a_sleep_reads_its_queue_and_a_signal_writes_the_task(void **state)
{
	struct t_world *w = *state;
	bool yes = true;
	struct ds_task *a = t_spawn(w, sleeper, &yes);
	struct ds_task *b = t_spawn(w, signaller, NULL);
	struct ds_task *c = t_spawn(w, waker, NULL);

	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "?");
	assert_true(ds_steps_conflict(a, b));
	assert_true(ds_steps_conflict(a, c));
	assert_false(ds_steps_conflict(b, c));
	a->n_accesses = 1; /* as if not interruptible */
	assert_false(ds_steps_conflict(a, b));
	assert_true(a->accesses[0].obj == t_object(0));
}

static bool cell_is_set(const struct ds_task *task)
{
	const struct t_world *w = task->arg;

	return w->cell[0];
}

static void wait_for_cell(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_yield_until(task, DS_AT_CELL, cell_is_set, ds_reads(t_object(0)));
	ds_tell(task, "set");
	/* The condition was the last step's. */
	ds_yield(task, DS_AT_COUNT, ds_reads(t_object(0)));
}

static void set_cell(struct ds_task *task, void *arg)
{
	struct t_world *w = arg;

	ds_yield(task, DS_AT_CELL, ds_writes(t_object(0)));
	w->cell[0] = 1;
	ds_yield(task, DS_AT_CELL, ds_writes(t_object(0)));
	w->cell[0] = 0;
}

static void a_step_may_have_a_condition(void **state)
{
	struct t_world *w = *state;

	t_spawn(w, wait_for_cell, w);
	t_spawn(w, set_cell, w);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, "a"), DS_RUN_STOPPED);
	assert_int_equal(t_run(w, "baba"), DS_RUN_DONE);
	assert_int_equal(t_run(w, "bb"), DS_RUN_STUCK);
	assert_int_equal(t_run(w, "baab"), DS_RUN_DONE);
}

/* ------------------------- Memory of a local state ------------------------ */

struct t_memory {
	uint64_t see;
	bool forget;
	uint64_t after;
};

static void learn(struct ds_task *task, void *arg)
{
	struct t_memory *memory = arg;
	uint64_t before = ds_task_enter(task);

	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	ds_task_saw(task, memory->see);
	if (memory->forget)
		ds_task_forget(task, before);
	memory->after = task->memory;
}

static uint64_t memory_after(uint64_t see, bool forget)
{
	struct t_world *w = t_world_new();
	struct t_memory memory = {see, forget, 0};

	t_spawn(w, learn, &memory);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, ""), DS_RUN_DONE);
	t_world_free(w);
	return memory.after;
}

static void memory_tells_what_was_seen_apart(void **state)
{
	(void)state;
	assert_true(memory_after(1, false) == memory_after(1, false));
	assert_true(memory_after(1, false) != memory_after(2, false));
	assert_true(memory_after(1, true) == memory_after(2, true));
	assert_true(memory_after(1, true) != memory_after(1, false));
}

/* --------------------------------- Telling -------------------------------- */

struct t_heard {
	int64_t detail[4];
	unsigned int task[4];
	unsigned int n;
};

static void hear(void *arg, const struct ds_event *event)
{
	struct t_heard *heard = arg;

	heard->detail[heard->n] = event->value;
	heard->task[heard->n++] = event->task;
}

static void tell_both(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	ds_tell(task, "line %d", 1);
	ds_tell_detail(task, "line %d", 2);
}

static void lines_come_from_their_task_and_details_say_so(void **state)
{
	struct t_world *w = *state;
	struct t_heard heard = {.n = 0};
	int none = 0;

	ds_events_observe(&w->events, hear, &heard);
	t_spawn(w, t_steps, &none);
	t_spawn(w, tell_both, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "");
	assert_string_equal(w->trace, "b@CELL\nb: line 1\nb: line 2\n");
	assert_int_equal(heard.n, 2);
	assert_int_equal(heard.detail[0], 0);
	assert_int_equal(heard.detail[1], 1);
	assert_int_equal(heard.task[0], 1);
	assert_int_equal(heard.task[1], 1);
}

static void nothing_is_told_when_nobody_listens(void **state)
{
	struct t_world *w = *state;

	w->events.telling = false;
	t_spawn(w, tell_both, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "");
	assert_string_equal(w->trace, "a@CELL\n");
}

static void tell_much(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_tell(task, "%0500d", 7);
}

static void a_long_line_is_cut(void **state)
{
	struct t_world *w = *state;

	t_spawn(w, tell_much, NULL);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "");
	assert_int_equal(strlen(w->trace), strlen("a: ") + 159 + 1);
}

static void ask_rules(struct ds_task *task, void *arg)
{
	unsigned int *kept = arg;
	unsigned int i;

	for (i = DS_RULE_NONE + 1; i < DS_N_RULES; i++)
		*kept += ds_keeps(task, (enum ds_rule)i);
}

/* How many rules a task keeps in a run in which it breaks @broken. */
static unsigned int n_kept(enum ds_rule broken, bool *ret_met)
{
	struct t_world *w = t_world_new();
	unsigned int kept = 0;

	t_spawn(w, ask_rules, &kept);
	ds_sched_break_rule(w->sched, broken);
	t_prepare(w, DS_TURNS_FIBER);
	assert_int_equal(t_run(w, ""), DS_RUN_DONE);
	*ret_met = atomic_load(&w->sched->broke_rule);
	t_world_free(w);
	return kept;
}

static void every_rule_is_kept_but_the_one_that_is_broken(void **state)
{
	const unsigned int all = DS_N_RULES - 1;
	unsigned int i;
	bool met;

	(void)state;
	assert_int_equal(n_kept(DS_RULE_NONE, &met), all);
	assert_false(met);
	for (i = DS_RULE_NONE + 1; i < DS_N_RULES; i++) {
		assert_int_equal(n_kept((enum ds_rule)i, &met), all - 1);
		assert_true(met);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_is_kept_but_the_one_that_is_broken),
		t_case(only_what_was_declared_may_be_touched),
		t_case(a_step_forgets_what_the_one_before_declared),
		t_case(before_its_first_point_a_task_touches_nothing),
		t_case(a_footprint_has_its_limit),
		t_case(outside_a_run_a_point_is_nothing),
		t_case(a_pending_step_is_what_was_declared),
		t_case(who_sleeps_goes_on_after_a_wake_up_only),
		t_case(a_wake_up_between_preparing_and_sleeping_is_kept),
		t_case(preparing_forgets_earlier_wake_ups),
		t_case(a_signal_ends_interruptible_sleeps_only),
		t_case(a_signal_stays_pending),
		t_case(a_sleep_reads_its_queue_and_a_signal_writes_the_task),
		t_case(a_step_may_have_a_condition),
		cmocka_unit_test(memory_tells_what_was_seen_apart),
		t_case(lines_come_from_their_task_and_details_say_so),
		t_case(nothing_is_told_when_nobody_listens),
		t_case(a_long_line_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
