// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "../../support/toy.h"

#define N_CELLS   4
#define N_WORKERS 3

/* What the tasks of a test play with. */
struct t_game {
	struct t_toy toy;
	uint64_t *cells; /* rewound */
	uint64_t n_steps;
};

/* One for each worker of a search; most tests have one. */
struct t_games {
	struct t_game games[N_WORKERS];
	struct ds_world *worlds[N_WORKERS];
};

static void digest_cells(const void *arg, struct ds_digest *digest)
{
	const struct t_game *game = arg;
	unsigned int i;

	for (i = 0; i < N_CELLS; i++)
		ds_digest_add(digest, game->cells[i]);
}

static int set_up(void **state)
{
	struct t_games *games = calloc(1, sizeof(*games));
	unsigned int i;

	for (i = 0; i < N_WORKERS; i++) {
		struct t_game *game = &games->games[i];

		t_toy_init(&game->toy);
		game->cells =
			t_toy_alloc(&game->toy, N_CELLS * sizeof(uint64_t));
		game->toy.world->digest = digest_cells;
		game->toy.world->digest_arg = game;
		games->worlds[i] = game->toy.world;
	}
	*state = games;
	return 0;
}

static int tear_down(void **state)
{
	struct t_games *games = *state;
	unsigned int i;

	for (i = 0; i < N_WORKERS; i++)
		t_toy_fini(&games->games[i].toy);
	free(games);
	return 0;
}

#define t_case(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void spawn(struct t_games *games, ds_task_fn fn, uint64_t n_steps)
{
	unsigned int i;

	for (i = 0; i < N_WORKERS; i++) {
		games->games[i].n_steps = n_steps;
		t_toy_spawn(&games->games[i].toy, fn, &games->games[i]);
	}
}

static struct ds_search_result search_with(struct t_games *games,
					   unsigned int n,
					   struct ds_search_options options)
{
	struct ds_search_result result;
	unsigned int i;

	for (i = 0; i < N_WORKERS; i++)
		if (!games->worlds[i]->sched->host)
			t_toy_start(&games->games[i].toy);
	options.kind = DS_SEARCH_STATES;
	assert_int_equal(
		ds_search_run_many(games->worlds, n, &options, &result), 0);
	return result;
}

static struct ds_search_result search(struct t_games *games)
{
	return search_with(games, 1, (struct ds_search_options){.seed = 0});
}

/* ------------------------------- Programs --------------------------------- */

static uint64_t step(struct ds_task *task, struct t_game *game,
		     unsigned int cell, uint64_t add)
{
	ds_yield(task, DS_AT_CELL, ds_writes(t_cell(cell)));
	ds_touch(task, t_cell(cell), DS_WRITE);
	game->cells[cell] += add;
	ds_task_saw(task, game->cells[cell]);
	return game->cells[cell];
}

static void count_own(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;
	uint64_t i;

	for (i = 0; i < game->n_steps; i++)
		step(task, game, task->id, 1);
}

/* What it saw is forgotten: only the sum is state. */
static void count_together(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;
	uint64_t i;

	for (i = 0; i < game->n_steps; i++) {
		step(task, game, 0, 1);
		ds_task_forget(task, 0);
		ds_task_saw(task, i);
	}
}

/* Flips a cell for ever; each flip is a call that returns. */
static void flip(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	for (;;) {
		ds_yield(task, DS_AT_CELL, ds_writes(t_cell(0)));
		ds_touch(task, t_cell(0), DS_WRITE);
		game->cells[0] ^= 1;
		ds_task_call_ended(task);
		ds_task_forget(task, 0);
	}
}

/* Wants to see the cell at 1 twice in a row. */
static void want_two(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;
	bool first, second;

	do {
		ds_task_forget(task, 0);
		first = step(task, game, 0, 0);
		ds_yield(task, DS_AT_COUNT, ds_reads(t_cell(0)));
		ds_touch(task, t_cell(0), DS_READ);
		second = game->cells[0];
		ds_task_saw(task, second);
	} while (!first || !second);
}

static void return_at_once(struct ds_task *task, void *arg)
{
	step(task, arg, 1, 1);
}

/* A race that is lost when the cell is read between two steps of another. */
static void look(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;
	uint64_t seen = step(task, game, 0, 0);

	if (seen == 2)
		ds_checks_report(game->toy.world->checks, DS_EXPECTED, task->id,
				 "saw 2");
}

/* --------------------------------- Tests ---------------------------------- */

static void a_grid_of_states_is_visited_once(void **state)
{
	struct t_games *games = *state;
	struct ds_search_result result;

	spawn(games, count_own, 5);
	spawn(games, count_own, 5);
	result = search(games);
	assert_int_equal(result.end, DS_END_COMPLETE);
	/* (0..5) x (0..5), but not the one where both have returned. */
	assert_int_equal(result.states, 35);
	assert_false(result.cyclic);
	ds_search_result_free(&result);
}

static void sums_merge_however_they_came_about(void **state)
{
	struct t_games *games = *state;
	struct ds_search_result result;

	spawn(games, count_together, 10);
	spawn(games, count_together, 10);
	result = search(games);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_int_equal(result.states, 120);
	/* Each state is left by each task that can go on. */
	assert_true(result.interleavings + result.redundant < 150);
	ds_search_result_free(&result);
}

static void what_breaks_on_the_way_to_a_known_state_is_found(void **state)
{
	struct t_games *games = *state;
	struct ds_search_result result;

	spawn(games, count_own, 3);
	spawn(games, look, 3);
	result = search(games);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_true(result.broken & 1u << DS_EXPECTED);
	ds_search_result_free(&result);
}

static void long_runs_are_left_in_pieces_and_end(void **state)
{
	struct t_games *games = *state;
	struct ds_search_result result;

	spawn(games, count_own, 1500);
	spawn(games, return_at_once, 1500);
	result = search(games);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_int_equal(result.states, 2 * 1501 - 1);
	assert_int_equal(result.max_depth, 1501);
	ds_search_result_free(&result);
}

static void an_endless_task_that_gets_on_starves_nobody(void **state)
{
	struct t_games *games = *state;
	struct ds_search_result result;

	spawn(games, flip, 0);
	spawn(games, return_at_once, 0);
	result = search(games);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_true(result.cyclic);
	assert_int_equal(result.broken, 0);
	ds_search_result_free(&result);
}

static void who_can_be_kept_from_returning_starves(void **state)
{
	struct t_games *games = *state;
	struct ds_search_result result;
	const struct ds_search_finding *finding;
	size_t diverged;

	spawn(games, flip, 0);
	spawn(games, want_two, 0);
	result = search(games);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_int_equal(result.broken, 1u << DS_NO_STARVATION);
	finding = &result.findings[DS_NO_STARVATION];
	assert_int_equal(finding->finding.task, 1);
	assert_non_null(strstr(finding->finding.text, "b never returns"));
	/* A replay of that run alone finds it, too. */
	assert_int_equal(ds_replay_run(games->worlds[0], &finding->schedule,
				       &diverged),
			 0);
	assert_int_equal(ds_checks_broken(games->worlds[0]->checks),
			 1u << DS_NO_STARVATION);
	ds_search_result_free(&result);
}

static void a_search_cut_off_does_not_say_that_all_get_on(void **state)
{
	struct t_games *games = *state;
	struct ds_search_result result;

	spawn(games, flip, 0);
	spawn(games, want_two, 0);
	result = search_with(games, 1, (struct ds_search_options){.budget = 2});
	assert_int_equal(result.end, DS_END_BUDGET);
	ds_search_result_free(&result);
}

static void several_workers_find_the_same(void **state)
{
	struct t_games *games = *state;
	struct ds_search_result one, three;

	spawn(games, count_together, 12);
	spawn(games, count_own, 12);
	spawn(games, count_together, 12);
	one = search(games);
	three = search_with(games, N_WORKERS,
			    (struct ds_search_options){.seed = 0});
	assert_int_equal(one.end, DS_END_COMPLETE);
	assert_int_equal(three.end, DS_END_COMPLETE);
	assert_true(one.states > 1000);
	assert_int_equal(one.states, three.states);
	assert_int_equal(one.broken, three.broken);
	ds_search_result_free(&one);
	ds_search_result_free(&three);
}

static void several_workers_starve_and_stop_as_one(void **state)
{
	struct t_games *games = *state;
	struct ds_search_result result;

	spawn(games, flip, 0);
	spawn(games, want_two, 0);
	result = search_with(games, N_WORKERS,
			     (struct ds_search_options){.seed = 0});
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_int_equal(result.broken, 1u << DS_NO_STARVATION);
	ds_search_result_free(&result);
	result = search_with(games, N_WORKERS,
			     (struct ds_search_options){.budget = 3});
	assert_int_equal(result.end, DS_END_BUDGET);
	ds_search_result_free(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(a_grid_of_states_is_visited_once),
		t_case(sums_merge_however_they_came_about),
		t_case(what_breaks_on_the_way_to_a_known_state_is_found),
		t_case(long_runs_are_left_in_pieces_and_end),
		t_case(an_endless_task_that_gets_on_starves_nobody),
		t_case(who_can_be_kept_from_returning_starves),
		t_case(a_search_cut_off_does_not_say_that_all_get_on),
		t_case(several_workers_find_the_same),
		t_case(several_workers_starve_and_stop_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
