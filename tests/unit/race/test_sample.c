// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "../../support/toy.h"

#define N_STEPS 30
#define N_RUNS  64

/* What the tasks of a test play with. */
struct t_game {
	struct t_toy toy;
	unsigned int *cells; /* rewound */
	uint64_t runs[N_RUNS];
	unsigned int n_runs;
};

static int set_up(void **state)
{
	struct t_game *game = calloc(1, sizeof(*game));

	t_toy_init(&game->toy);
	game->cells = t_toy_alloc(&game->toy, 4 * sizeof(*game->cells));
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

/* What makes a run another one: here the order of all its steps. */
static void note_run(void *arg, struct ds_world *world)
{
	struct t_game *game = arg;

	(void)world;
	assert_true(game->n_runs < N_RUNS);
	game->runs[game->n_runs++] = game->cells[3];
}

static struct ds_search_result search(struct t_game *game,
				      struct ds_search_options options)
{
	struct ds_search_result result;

	options.ran = note_run;
	options.ran_arg = game;
	game->n_runs = 0;
	assert_int_equal(ds_search_run(game->toy.world, &options, &result), 0);
	assert_int_equal(result.end, DS_END_SAMPLED);
	return result;
}

static unsigned int step(struct ds_task *task, struct t_game *game,
			 unsigned int cell)
{
	ds_yield(task, DS_AT_CELL, ds_writes(t_cell(cell)));
	ds_touch(task, t_cell(cell), DS_WRITE);
	/* A hash of the order, which no footprint needs to know of. */
	game->cells[3] = game->cells[3] * 31 + task->id + 1;
	return game->cells[cell]++;
}

static void work(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;
	unsigned int i;

	for (i = 0; i < N_STEPS; i++)
		step(task, game, task->id);
}

/* Breaks if it begins when the other is through. */
static void come_late(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	if (step(task, game, 0) == N_STEPS)
		ds_checks_report(game->toy.world->checks, DS_EXPECTED, task->id,
				 "all was done");
	work(task, arg);
}

/* Breaks if it begins in the middle of the other's work. */
static void come_between(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	if (step(task, game, 0) == N_STEPS / 2)
		ds_checks_report(game->toy.world->checks, DS_EXPECTED, task->id,
				 "half was done");
	work(task, arg);
}

/* Waits busily until the other has begun. */
static void spin(struct ds_task *task, void *arg)
{
	while (step(task, arg, 1) < 1000) {
		struct t_game *game = arg;

		if (game->cells[0])
			return;
	}
}

static void begin(struct ds_task *task, void *arg)
{
	step(task, arg, 0);
}

static void spawn(struct t_game *game, ds_task_fn one, ds_task_fn two)
{
	t_toy_spawn(&game->toy, one, game);
	t_toy_spawn(&game->toy, two, game);
	t_toy_start(&game->toy);
}

/* ---------------------------------- Tests --------------------------------- */

static void without_changes_a_task_runs_to_its_end(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result result;
	unsigned int i, j, n = 0;

	spawn(game, work, work);
	result = search(game, (struct ds_search_options){
				      .kind = DS_SEARCH_PCT,
				      .depth = 1,
				      .budget = 40,
				      .seed = 3,
			      });
	for (i = 0; i < game->n_runs; i++) {
		for (j = 0; j < i && game->runs[j] != game->runs[i]; j++)
			;
		n += j == i;
	}
	/* Two tasks, one after the other, in both orders. */
	assert_int_equal(n, 2);
	ds_search_result_free(&result);
}

static void priorities_meet_what_uniform_choices_do_not(void **state)
{
	struct t_game *game = *state;
	struct ds_search_options options = {.budget = 60, .seed = 1};
	struct ds_search_result result;

	spawn(game, work, come_late);
	options.kind = DS_SEARCH_RANDOM;
	result = search(game, options);
	assert_int_equal(result.broken, 0);
	ds_search_result_free(&result);
	options.kind = DS_SEARCH_PCT;
	options.depth = 1;
	result = search(game, options);
	assert_int_equal(result.broken, 1u << DS_EXPECTED);
	assert_in_range(result.findings[DS_EXPECTED].runs, 15, 45);
	ds_search_result_free(&result);
}

static void depth_two_meets_what_depth_one_can_not(void **state)
{
	struct t_game *game = *state;
	struct ds_search_options options = {
		.kind = DS_SEARCH_PCT,
		.depth = 1,
		.budget = 60,
	};
	struct ds_search_result result;
	unsigned int found = 0;

	spawn(game, work, come_between);
	result = search(game, options);
	assert_int_equal(result.broken, 0);
	ds_search_result_free(&result);
	options.depth = 2;
	/* One in 2 x 61 is to be expected at least: 49 of 6000. */
	for (options.seed = 0; options.seed < 100; options.seed++) {
		result = search(game, options);
		found += (unsigned int)result.findings[DS_EXPECTED].runs;
		ds_search_result_free(&result);
	}
	assert_in_range(found, 30, 200);
}

static void the_tail_is_fair(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result result;

	spawn(game, spin, begin);
	result = search(game, (struct ds_search_options){
				      .kind = DS_SEARCH_PCT,
				      .depth = 1,
				      .budget = 40,
				      .max_steps = 900,
			      });
	assert_int_equal(result.limited, 0);
	assert_int_equal(result.interleavings, 40);
	ds_search_result_free(&result);
}

static void runs_are_made_without_those_before_them(void **state)
{
	struct t_game *game = *state;
	static const enum ds_search_kind kinds[] = {DS_SEARCH_RANDOM,
						    DS_SEARCH_PCT};
	unsigned int kind, i;

	spawn(game, work, work);
	for (kind = 0; kind < 2; kind++) {
		struct ds_search_options options = {
			.kind = kinds[kind],
			.budget = 21,
			.seed = 7,
		};
		struct ds_search_result result = search(game, options);
		uint64_t all[N_RUNS];

		ds_search_result_free(&result);
		memcpy(all, game->runs, sizeof(all));
		options.first_run = 1;
		options.stride = 3;
		options.budget = 7;
		result = search(game, options);
		for (i = 0; i < 7; i++)
			assert_int_equal(game->runs[i], all[1 + 3 * i]);
		assert_int_not_equal(all[0], all[1]);
		ds_search_result_free(&result);
	}
}

static void steps_for_ever(struct ds_task *task, void *arg)
{
	(void)arg;
	for (;;)
		ds_yield(task, DS_AT_CELL, ds_reads(t_cell(0)));
}

/* Also the run by which pct learns how long runs are. */
static void runs_without_end_are_cut(void **state)
{
	static const enum ds_search_kind kinds[] = {DS_SEARCH_RANDOM,
						    DS_SEARCH_PCT};
	struct t_game *game = *state;
	unsigned int i;

	t_toy_spawn(&game->toy, steps_for_ever, NULL);
	t_toy_start(&game->toy);
	for (i = 0; i < 2; i++) {
		struct ds_search_result result =
			search(game, (struct ds_search_options){
					     .kind = kinds[i],
					     .budget = 3,
					     .max_steps = 50,
					     .depth = 2,
				     });

		assert_int_equal(result.limited, 3);
		assert_int_equal(result.interleavings, 0);
		assert_int_equal(result.steps, 3 * 50);
		ds_search_result_free(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(without_changes_a_task_runs_to_its_end),
		t_case(priorities_meet_what_uniform_choices_do_not),
		t_case(depth_two_meets_what_depth_one_can_not),
		t_case(the_tail_is_fair),
		t_case(runs_are_made_without_those_before_them),
		t_case(runs_without_end_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
