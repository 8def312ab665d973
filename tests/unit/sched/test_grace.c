// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/dies.h"
#include "fixture.h"
#include "sched/grace.h"

/* The walkers of an address space; in the arena, so that they rewind. */
static struct ds_grace *grace_of(struct t_world *w)
{
	struct ds_grace *grace = ds_arena_alloc(w->arena, sizeof(*grace));

	assert_non_null(grace);
	grace->id = 1;
	return grace;
}

static void step(struct ds_task *task, const struct ds_grace *grace)
{
	ds_yield(task, DS_AT_COUNT, ds_adds(ds_grace_object(grace)));
}

/* Goes in and out twice: a step each. */
static void walk_twice(struct ds_task *task, void *arg)
{
	int i;

	for (i = 0; i < 2; i++) {
		step(task, arg);
		ds_grace_enter(task, arg);
		step(task, arg);
		ds_grace_exit(task, arg);
	}
}

/* Two steps if somebody is inside, one if nobody is. */
static void wait_once(struct ds_task *task, void *arg)
{
	ds_grace_wait(task, arg);
	ds_tell(task, "over");
}

static bool is_enabled(const struct t_world *w, unsigned int task)
{
	return ds_task_is_enabled(w->sched->tasks[task]);
}

static bool is_over(const struct t_world *w)
{
	return strstr(w->trace, "over") != NULL;
}

static void with_nobody_inside_nobody_waits(void **state)
{
	struct t_world *w = *state;
	struct ds_grace *grace = grace_of(w);

	t_spawn(w, walk_twice, grace);
	t_spawn(w, wait_once, grace);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "b?");
	assert_true(is_over(w));
	t_run(w, "aab?");
	assert_true(is_over(w));
}

static void the_wait_ends_when_the_walker_left(void **state)
{
	struct t_world *w = *state;
	struct ds_grace *grace = grace_of(w);

	t_spawn(w, walk_twice, grace);
	t_spawn(w, wait_once, grace);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "ab?");
	assert_false(is_over(w));
	assert_false(is_enabled(w, 1));
	t_run(w, "aba?");
	assert_true(is_enabled(w, 1));
	t_run(w, "abab?");
	assert_true(is_over(w));
}

static void who_comes_later_is_not_waited_for(void **state)
{
	struct t_world *w = *state;
	struct ds_grace *grace = grace_of(w);

	t_spawn(w, walk_twice, grace);
	t_spawn(w, wait_once, grace);
	t_spawn(w, walk_twice, grace);
	t_prepare(w, DS_TURNS_FIBER);
	/* c comes in after the wait began. */
	t_run(w, "abca?");
	assert_true(is_enabled(w, 1));
	/* And so does a, again. */
	t_run(w, "abaa?");
	assert_true(is_enabled(w, 1));
}

static void all_that_are_inside_are_waited_for(void **state)
{
	struct t_world *w = *state;
	struct ds_grace *grace = grace_of(w);

	t_spawn(w, walk_twice, grace);
	t_spawn(w, wait_once, grace);
	t_spawn(w, walk_twice, grace);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "acba?");
	assert_false(is_enabled(w, 1));
	/* a is inside again, which does not count; c still is. */
	t_run(w, "acbaa?");
	assert_false(is_enabled(w, 1));
	t_run(w, "acbac?");
	assert_true(is_enabled(w, 1));
}

static void each_waiter_waits_for_its_own(void **state)
{
	struct t_world *w = *state;
	struct ds_grace *grace = grace_of(w);

	t_spawn(w, walk_twice, grace);
	t_spawn(w, wait_once, grace);
	t_spawn(w, walk_twice, grace);
	t_spawn(w, wait_once, grace);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "abcda?");
	assert_true(is_enabled(w, 1));
	assert_false(is_enabled(w, 3));
	t_run(w, "abcdac?");
	assert_true(is_enabled(w, 3));
}

static void walkers_of_others_are_not_waited_for(void **state)
{
	struct t_world *w = *state;
	struct ds_grace *grace = grace_of(w), *other = grace_of(w);

	other->id = 2;
	t_spawn(w, walk_twice, other);
	t_spawn(w, wait_once, grace);
	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "ab?");
	assert_true(is_over(w));
}

/* What the search takes them for. */
static void walkers_commute_and_so_do_waiters(void **state)
{
	struct t_world *w = *state;
	struct ds_grace *grace = grace_of(w);
	struct ds_task *a = t_spawn(w, walk_twice, grace);
	struct ds_task *b = t_spawn(w, wait_once, grace);
	struct ds_task *c = t_spawn(w, walk_twice, grace);
	struct ds_task *d = t_spawn(w, wait_once, grace);

	t_prepare(w, DS_TURNS_FIBER);
	t_run(w, "?");
	assert_false(ds_steps_conflict(a, c));
	assert_false(ds_steps_conflict(b, d));
	assert_true(ds_steps_conflict(a, b));
	/* Also while it waits. */
	t_run(w, "ab?");
	assert_true(ds_steps_conflict(a, b));
}

static void enter_undeclared(struct ds_task *task, void *arg)
{
	const struct ds_grace *grace = arg;

	ds_yield(task, DS_AT_CELL, ds_reads(ds_grace_object(grace)));
	ds_grace_enter(task, arg);
}

static void run_it(void *arg)
{
	t_run(arg, "");
}

static void an_undeclared_walk_aborts(void **state)
{
	struct t_world *w = *state;

	t_spawn(w, enter_undeclared, grace_of(w));
	t_prepare(w, DS_TURNS_FIBER);
	assert_true(t_aborts(run_it, w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(with_nobody_inside_nobody_waits),
		t_case(the_wait_ends_when_the_walker_left),
		t_case(who_comes_later_is_not_waited_for),
		t_case(all_that_are_inside_are_waited_for),
		t_case(each_waiter_waits_for_its_own),
		t_case(walkers_of_others_are_not_waited_for),
		t_case(walkers_commute_and_so_do_waiters),
		t_case(an_undeclared_walk_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
