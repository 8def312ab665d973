// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/toy.h"

/* What the tasks of a test play with. */
struct t_game {
	struct t_toy toy;
	unsigned int *cells; /* rewound */
	struct ds_waitq_table *table;
};

static int set_up(void **state)
{
	struct t_game *game = calloc(1, sizeof(*game));

	t_toy_init(&game->toy);
	game->cells = t_toy_alloc(&game->toy, 8 * sizeof(*game->cells));
	game->table = t_toy_alloc(&game->toy, sizeof(*game->table));
	*state = game;
	return 0;
}

static int tear_down(void **state)
{
	struct t_game *game = *state;

	t_toy_fini(&game->toy);
	free(game);
	return 0;
}

#define t_case(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static struct ds_search_result search(struct t_game *game,
				      enum ds_search_kind kind,
				      unsigned int bound)
{
	const struct ds_search_options options = {.kind = kind, .bound = bound};
	struct ds_search_result result;

	assert_int_equal(ds_search_run(game->toy.world, &options, &result), 0);
	return result;
}

static void write_cell(struct ds_task *task, struct t_game *game,
		       unsigned int cell)
{
	ds_yield(task, DS_AT_CELL, ds_writes(t_cell(cell)));
	ds_touch(task, t_cell(cell), DS_WRITE);
	game->cells[cell] = task->id + 1;
}

static unsigned int read_cell(struct ds_task *task, struct t_game *game,
			      unsigned int cell)
{
	ds_yield(task, DS_AT_CELL, ds_reads(t_cell(cell)));
	ds_touch(task, t_cell(cell), DS_READ);
	return game->cells[cell];
}

static void report(struct ds_task *task, struct t_game *game)
{
	ds_checks_report(game->toy.world->checks, DS_EXPECTED, task->id, "met");
}

/* -------------------------- The last writer of many ----------------------- */

static void write_one(struct ds_task *task, void *arg)
{
	write_cell(task, arg, 0);
}

/* Each writer of its own cell, which the reader looks at one after another. */
static void write_own(struct ds_task *task, void *arg)
{
	write_cell(task, arg, task->id);
}

static void read_all(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	read_cell(task, game, 0);
	read_cell(task, game, 1);
	if (read_cell(task, game, 2))
		report(task, game);
}

static void source_sets_run_each_class_and_cut_less(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result source, sleep;
	unsigned int i;

	for (i = 0; i < 3; i++)
		t_toy_spawn(&game->toy, write_own, game);
	t_toy_spawn(&game->toy, read_all, game);
	t_toy_start(&game->toy);
	source = search(game, DS_SEARCH_SOURCE, 0);
	sleep = search(game, DS_SEARCH_SLEEP, 0);
	/* Each writer before or after the read of its cell. */
	assert_int_equal(source.interleavings, 8);
	assert_int_equal(sleep.interleavings, 8);
	assert_true(source.redundant < sleep.redundant);
	assert_int_equal(source.broken, sleep.broken);
	assert_int_equal(source.findings[DS_EXPECTED].runs, 4);
	ds_search_result_free(&source);
	ds_search_result_free(&sleep);
}

static void writers_of_one_cell_come_in_every_order(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result result;
	unsigned int i;

	for (i = 0; i < 4; i++)
		t_toy_spawn(&game->toy, write_one, game);
	t_toy_start(&game->toy);
	result = search(game, DS_SEARCH_SOURCE, 0);
	assert_int_equal(result.interleavings, 24);
	assert_int_equal(result.redundant, 0);
	ds_search_result_free(&result);
}

/* ------------------------------ Two alarm clocks -------------------------- */

#define KEY t_cell(7)

/* Sleeps until woken or signalled, and says by what. */
static void sleep_lightly(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	if (ds_wait_queue(task, game->table, KEY, false, true) < 0)
		return;
	ds_wait_sleep(task, KEY, true);
	if (!ds_wait_was_woken(task)) {
		ds_wait_leave(task, game->table);
		report(task, game);
	}
}

static void wake_it(struct ds_task *task, void *arg)
{
	ds_wake(task, ((struct t_game *)arg)->table, KEY, true);
}

static void signal_it(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_task_signal(task, task->sched->tasks[0]);
}

/*
 * A wake-up and a signal each enable the sleeper. When both came, and the
 * wake-up first, the run in which only the signal came is another one.
 */
static void who_is_woken_twice_may_have_been_woken_by_either(void **state)
{
	struct t_game *game = *state;
	static const enum ds_search_kind kinds[] = {
		DS_SEARCH_SOURCE, DS_SEARCH_SLEEP, DS_SEARCH_PLAIN};
	unsigned int i;

	t_toy_spawn(&game->toy, sleep_lightly, game);
	t_toy_spawn(&game->toy, wake_it, game);
	t_toy_spawn(&game->toy, signal_it, game);
	t_toy_start(&game->toy);
	for (i = 0; i < 3; i++) {
		struct ds_search_result result = search(game, kinds[i], 0);

		assert_int_equal(result.end, DS_END_COMPLETE);
		/* The signal may wake it, and the wake-up may be lost. */
		assert_true(result.broken & 1u << DS_EXPECTED);
		if (kinds[i] != DS_SEARCH_PLAIN)
			assert_int_equal(result.interleavings, 7);
		ds_search_result_free(&result);
	}
}

/* ---------------------------------- Bounds -------------------------------- */

static void three_writes(struct ds_task *task, void *arg)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		write_cell(task, arg, 0);
}

static void bounds_go_up_and_count_each_run_once(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result plain, result;

	t_toy_spawn(&game->toy, three_writes, game);
	t_toy_spawn(&game->toy, three_writes, game);
	t_toy_start(&game->toy);
	plain = search(game, DS_SEARCH_PLAIN, 0);
	result = search(game, DS_SEARCH_BOUND, 1);
	assert_int_equal(result.end, DS_END_BOUNDED);
	assert_int_equal(result.bound, 1);
	assert_true(result.interleavings < plain.interleavings);
	ds_search_result_free(&result);
	result = search(game, DS_SEARCH_BOUND, 100);
	assert_int_equal(result.end, DS_END_COMPLETE);
	/* Four switches leave nothing out: no higher bound is tried. */
	assert_int_equal(result.bound, 4);
	assert_int_equal(result.interleavings, plain.interleavings);
	ds_search_result_free(&result);
	ds_search_result_free(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(source_sets_run_each_class_and_cut_less),
		t_case(writers_of_one_cell_come_in_every_order),
		t_case(who_is_woken_twice_may_have_been_woken_by_either),
		t_case(bounds_go_up_and_count_each_run_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
