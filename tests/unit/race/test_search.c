// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "../../support/toy.h"

#define N_CELLS 4

/* What the tasks of a test play with. */
struct t_game {
	struct t_toy toy;
	int *cells; /* rewound */
	struct ds_waitq_table *table;
	unsigned int n_steps;
	unsigned int n_ran;     /* calls of ran() */
	unsigned int n_made;    /* runs ever begun; not rewound */
	uint64_t progress_at;   /* ... says stop */
	uint64_t progress_last; /* what it was told */
};

static int set_up(void **state)
{
	struct t_game *game = calloc(1, sizeof(*game));

	t_toy_init(&game->toy);
	game->cells = t_toy_alloc(&game->toy, N_CELLS * sizeof(int));
	game->table = t_toy_alloc(&game->toy, sizeof(*game->table));
	game->n_steps = 2;
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

/* ------------------------------- Programs --------------------------------- */

static void step(struct ds_task *task, struct t_game *game, unsigned int cell)
{
	ds_yield(task, DS_AT_CELL, ds_writes(t_cell(cell)));
	ds_touch(task, t_cell(cell), DS_WRITE);
	game->cells[cell] = game->cells[cell] * 4 + (int)task->id + 1;
}

static void use_own_cell(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;
	unsigned int i;

	for (i = 0; i < game->n_steps; i++)
		step(task, game, task->id);
}

static void use_one_cell(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;
	unsigned int i;

	for (i = 0; i < game->n_steps; i++)
		step(task, game, 0);
}

static void use_own_cell_for_ever(struct ds_task *task, void *arg)
{
	for (;;)
		step(task, arg, task->id);
}

static void expect(struct ds_task *task, struct t_game *game, bool good)
{
	if (!good)
		ds_checks_report(game->toy.world->checks, DS_EXPECTED, task->id,
				 "not so");
}

/* Breaks when both steps of a came before. */
static void expect_not_to_be_late(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	step(task, game, 1);
	ds_yield(task, DS_AT_CELL, ds_reads(t_cell(0)));
	expect(task, game, game->cells[0] != 5);
}

static struct ds_search_result search_with(struct t_game *game,
					   struct ds_search_options options,
					   int want)
{
	struct ds_search_result result;

	assert_int_equal(ds_search_run(game->toy.world, &options, &result),
			 want);
	return result;
}

static struct ds_search_result search(struct t_game *game,
				      enum ds_search_kind kind)
{
	const struct ds_search_options options = {.kind = kind, .bound = 99};

	return search_with(game, options, 0);
}

static void spawn(struct t_game *game, unsigned int n, ds_task_fn fn)
{
	while (n--)
		t_toy_spawn(&game->toy, fn, game);
}

/* ----------------------- How many runs there are -------------------------- */

static void plain_search_runs_every_interleaving(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result result;

	game->n_steps = 3;
	spawn(game, 2, use_own_cell);
	t_toy_start(&game->toy);
	result = search(game, DS_SEARCH_PLAIN);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_int_equal(result.interleavings, 20); /* 6! / 3! 3! */
	assert_int_equal(result.redundant, 0);
	assert_int_equal(result.limited, 0);
	assert_int_equal(result.max_depth, 6);
	assert_int_equal(result.steps, 120);
}

static void three_tasks_have_more_interleavings(void **state)
{
	struct t_game *game = *state;

	spawn(game, 3, use_one_cell);
	t_toy_start(&game->toy);
	/* 6! / 2! 2! 2!, and no two are equivalent. */
	assert_int_equal(search(game, DS_SEARCH_PLAIN).interleavings, 90);
	assert_int_equal(search(game, DS_SEARCH_SLEEP).interleavings, 90);
}

static void independent_tasks_need_one_run(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result result;

	game->n_steps = 5;
	spawn(game, 3, use_own_cell);
	t_toy_start(&game->toy);
	result = search(game, DS_SEARCH_SLEEP);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_int_equal(result.interleavings, 1);
	assert_true(result.redundant > 0);
}

static void mix_cells(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	step(task, game, task->id);
	step(task, game, 3);
}

static void one_run_of_each_class_is_left(void **state)
{
	struct t_game *game = *state;

	spawn(game, 3, mix_cells);
	t_toy_start(&game->toy);
	assert_int_equal(search(game, DS_SEARCH_PLAIN).interleavings, 90);
	/* Only the order of the three steps on cell 3 counts. */
	assert_int_equal(search(game, DS_SEARCH_SLEEP).interleavings, 6);
}

static void a_bound_counts_preemptions(void **state)
{
	static const uint64_t runs[] = {2, 4, 6, 6};
	struct t_game *game = *state;
	struct ds_search_options options = {.kind = DS_SEARCH_BOUND};

	spawn(game, 2, use_one_cell);
	t_toy_start(&game->toy);
	for (; options.bound < 4; options.bound++) {
		struct ds_search_result result = search_with(game, options, 0);

		assert_int_equal(result.interleavings, runs[options.bound]);
		assert_int_equal(result.bound,
				 options.bound < 2 ? options.bound : 2);
		/* With two all is tried: no bound is left to speak of. */
		assert_int_equal(result.end, options.bound < 2
						     ? DS_END_BOUNDED
						     : DS_END_COMPLETE);
	}
}

static void one_task_has_one_run_and_no_choice(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result result;

	spawn(game, 1, use_one_cell);
	t_toy_start(&game->toy);
	result = search(game, DS_SEARCH_SLEEP);
	assert_int_equal(result.interleavings, 1);
	assert_int_equal(result.choices, 0);
	assert_int_equal(result.end, DS_END_COMPLETE);
}

static void choices_are_where_more_than_one_can_go_on(void **state)
{
	struct t_game *game = *state;

	spawn(game, 2, use_one_cell);
	t_toy_start(&game->toy);
	/* aabb and bbaa have 2, the others 3. */
	assert_int_equal(search(game, DS_SEARCH_PLAIN).choices, 16);
}

static void a_search_can_be_repeated(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result first, again;

	spawn(game, 2, mix_cells);
	t_toy_start(&game->toy);
	first = search(game, DS_SEARCH_SLEEP);
	search(game, DS_SEARCH_PLAIN);
	again = search(game, DS_SEARCH_SLEEP);
	assert_memory_equal(&first, &again, sizeof(first));
}

/* ------------------------------- Findings --------------------------------- */

static void a_finding_comes_with_a_run_that_shows_it(void **state)
{
	struct t_game *game = *state;
	struct ds_world *world = game->toy.world;
	struct ds_search_result result;
	size_t diverged;

	spawn(game, 1, use_one_cell);
	spawn(game, 1, expect_not_to_be_late);
	t_toy_start(&game->toy);
	result = search(game, DS_SEARCH_SLEEP);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_int_equal(result.broken, 1 << DS_EXPECTED);
	assert_true(result.findings[DS_EXPECTED].runs > 0);
	assert_true(result.findings[DS_EXPECTED].runs < result.interleavings);
	assert_int_equal(result.findings[DS_EXPECTED].finding.step, 4);
	assert_int_equal(result.findings[DS_EXPECTED].finding.task, 1);
	assert_int_equal(result.findings[DS_EXPECTED].schedule.n, 4);
	assert_int_equal(ds_replay_run(world,
				       &result.findings[DS_EXPECTED].schedule,
				       &diverged),
			 0);
	assert_int_equal(ds_checks_broken(world->checks), 1 << DS_EXPECTED);
	assert_int_equal(world->sched->end, DS_RUN_DONE);
	ds_search_result_free(&result);
}

static void every_search_finds_it(void **state)
{
	struct t_game *game = *state;
	unsigned int kind;

	spawn(game, 1, use_one_cell);
	spawn(game, 1, expect_not_to_be_late);
	t_toy_start(&game->toy);
	for (kind = 0; kind < DS_SEARCH_N_KINDS; kind++) {
		const struct ds_search_options options = {
			.kind = (enum ds_search_kind)kind,
			.bound = 9,
			.budget = 200,
		};
		struct ds_search_result result = search_with(game, options, 0);

		assert_int_equal(result.broken, 1 << DS_EXPECTED);
		ds_search_result_free(&result);
	}
}

static void a_search_may_end_at_its_first_finding(void **state)
{
	struct t_game *game = *state;
	struct ds_search_options options = {.kind = DS_SEARCH_PLAIN};
	struct ds_search_result all, first;

	spawn(game, 1, use_one_cell);
	spawn(game, 1, expect_not_to_be_late);
	t_toy_start(&game->toy);
	all = search_with(game, options, 0);
	options.first = true;
	first = search_with(game, options, 0);
	assert_int_equal(first.findings[DS_EXPECTED].runs, 1);
	assert_int_equal(first.end, DS_END_BUDGET);
	assert_true(first.interleavings < all.interleavings);
	ds_search_result_free(&all);
	ds_search_result_free(&first);
}

/* The later a's cell is set, the longer the run; all of them break. */
static void look_until_set(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;
	int tries = 3;

	do {
		ds_yield(task, DS_AT_CELL, ds_reads(t_cell(0)));
		expect(task, game, false);
	} while (!game->cells[0] && --tries);
}

static void set(struct ds_task *task, void *arg)
{
	step(task, arg, 0);
}

static void the_shortest_run_is_kept(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result result;

	spawn(game, 1, look_until_set);
	spawn(game, 1, set);
	t_toy_start(&game->toy);
	result = search(game, DS_SEARCH_PLAIN);
	assert_int_equal(result.max_depth, 4);
	assert_int_equal(result.findings[DS_EXPECTED].runs, 4);
	assert_int_equal(result.findings[DS_EXPECTED].schedule.n, 2);
	ds_search_result_free(&result);
}

static void sleep_unless_set(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	ds_yield(task, DS_AT_CELL, ds_reads(t_cell(0)));
	if (game->cells[0])
		return;
	ds_wait_queue(task, game->table, t_cell(0), false, false);
	ds_wait_sleep(task, t_cell(0), false);
}

static void set_and_wake(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	step(task, game, 0);
	ds_wake(task, game->table, t_cell(0), true);
}

static void stuck_runs_are_runs_and_findings(void **state)
{
	struct t_game *game = *state;
	struct ds_search_result plain, sleep;

	spawn(game, 1, sleep_unless_set);
	spawn(game, 1, set_and_wake);
	t_toy_start(&game->toy);
	plain = search(game, DS_SEARCH_PLAIN);
	sleep = search(game, DS_SEARCH_SLEEP);
	assert_int_equal(plain.broken, 1 << DS_NO_DEADLOCK);
	assert_int_equal(sleep.broken, 1 << DS_NO_DEADLOCK);
	assert_true(plain.findings[DS_NO_DEADLOCK].runs < plain.interleavings);
	ds_search_result_free(&plain);
	ds_search_result_free(&sleep);
}

/* -------------------------- Budgets and limits ---------------------------- */

static void a_budget_ends_the_search(void **state)
{
	struct t_game *game = *state;
	struct ds_search_options options = {.kind = DS_SEARCH_PLAIN,
					    .budget = 7};
	struct ds_search_result result;

	spawn(game, 3, use_one_cell);
	t_toy_start(&game->toy);
	result = search_with(game, options, 0);
	assert_int_equal(result.interleavings, 7);
	assert_int_equal(result.end, DS_END_BUDGET);
	/* Enough is enough. */
	options.budget = 90;
	assert_int_equal(search_with(game, options, 0).end, DS_END_COMPLETE);
}

static void endless_runs_are_cut_and_said_so(void **state)
{
	struct t_game *game = *state;
	const struct ds_search_options options = {.kind = DS_SEARCH_PLAIN,
						  .max_steps = 5};
	struct ds_search_result result;
	char text[40];

	spawn(game, 1, use_own_cell_for_ever);
	spawn(game, 1, use_own_cell);
	t_toy_start(&game->toy);
	result = search_with(game, options, 0);
	assert_int_equal(result.interleavings, 0);
	/* b's two steps, one, or none among five. */
	assert_int_equal(result.limited, 10 + 5 + 1);
	assert_int_equal(result.max_depth, 5);
	assert_int_equal(result.end, DS_END_BOUNDED);
	ds_search_end_text(&result, &options, text, sizeof(text));
	assert_string_equal(text, "BOUNDED(5 steps)");
}

static void break_at_once(struct ds_task *task, void *arg)
{
	step(task, arg, task->id);
	expect(task, arg, false);
}

/* Its own runs are cut: the endless one is asleep and nobody else is left. */
static void what_breaks_beside_an_endless_task_is_found(void **state)
{
	struct t_game *game = *state;
	const struct ds_search_options options = {.kind = DS_SEARCH_SLEEP,
						  .max_steps = 5};
	struct ds_world *world = game->toy.world;
	struct ds_search_result result;
	size_t diverged;

	spawn(game, 1, use_own_cell_for_ever);
	spawn(game, 1, break_at_once);
	t_toy_start(&game->toy);
	result = search_with(game, options, 0);
	assert_int_equal(result.broken, 1 << DS_EXPECTED);
	/* Its schedule ends early, too, and can be replayed. */
	assert_int_equal(ds_replay_run(world,
				       &result.findings[DS_EXPECTED].schedule,
				       &diverged),
			 0);
	assert_int_equal(ds_checks_broken(world->checks), 1 << DS_EXPECTED);
	assert_int_equal(world->sched->end, DS_RUN_STOPPED);
	ds_search_result_free(&result);
}

static bool stop_later(void *arg, uint64_t runs, uint64_t states)
{
	struct t_game *game = arg;

	assert_int_equal(states, 0);
	game->progress_last = runs;
	return runs >= game->progress_at;
}

static void progress_can_interrupt(void **state)
{
	struct t_game *game = *state;
	const struct ds_search_options options = {
		.kind = DS_SEARCH_PLAIN,
		.progress = stop_later,
		.progress_arg = game,
	};
	struct ds_search_result result;
	char text[40];

	game->n_steps = 4;
	game->progress_at = 1000;
	spawn(game, 3, use_one_cell);
	t_toy_start(&game->toy);
	result = search_with(game, options, 0);
	assert_int_equal(result.end, DS_END_INTERRUPTED);
	assert_int_equal(result.interleavings, game->progress_last);
	assert_in_range(result.interleavings, 1000, 2000);
	ds_search_end_text(&result, &options, text, sizeof(text));
	assert_string_equal(text, "BUDGET");
}

static void note_run(void *arg, struct ds_world *world)
{
	struct t_game *game = arg;

	game->n_ran++;
	assert_true(world->sched->end == DS_RUN_DONE ||
		    world->sched->end == DS_RUN_STUCK);
}

static void whole_runs_are_shown_to_the_caller(void **state)
{
	struct t_game *game = *state;
	const struct ds_search_options options = {
		.kind = DS_SEARCH_SLEEP,
		.ran = note_run,
		.ran_arg = game,
	};
	struct ds_search_result result;

	spawn(game, 3, mix_cells);
	t_toy_start(&game->toy);
	result = search_with(game, options, 0);
	assert_true(result.redundant > 0);
	assert_int_equal(game->n_ran, result.interleavings);
}

/* ------------------------------- Random ----------------------------------- */

static void note_cell(void *arg, struct ds_world *world)
{
	struct t_game *game = arg;

	(void)world;
	game->n_ran = game->n_ran * 31 + (unsigned int)game->cells[0];
}

static unsigned int random_runs(struct t_game *game, uint64_t seed)
{
	const struct ds_search_options options = {
		.kind = DS_SEARCH_RANDOM,
		.seed = seed,
		.budget = 20,
		.ran = note_cell,
		.ran_arg = game,
	};
	struct ds_search_result result;

	game->n_ran = 0;
	result = search_with(game, options, 0);
	assert_int_equal(result.interleavings, 20);
	assert_int_equal(result.end, DS_END_SAMPLED);
	return game->n_ran;
}

static void a_seed_gives_the_same_random_runs(void **state)
{
	struct t_game *game = *state;

	spawn(game, 3, use_one_cell);
	t_toy_start(&game->toy);
	assert_int_equal(random_runs(game, 1), random_runs(game, 1));
	assert_int_not_equal(random_runs(game, 1), random_runs(game, 2));
	/* On every machine: a seed is part of a report. */
	assert_int_equal(random_runs(game, 1), 0x1be74787);
}

/* What the first cell holds after each run, in any order. */
static void add_cell(void *arg, struct ds_world *world)
{
	uint64_t *sum = arg;
	const struct t_game *game = world->sched->tasks[0]->arg;

	*sum += ds_mix64((uint64_t)game->cells[0]);
}

/* Runs @start, @start + @stride and so on, @n of them. Return: their sum. */
static uint64_t sum_of_runs(struct t_game *game, uint64_t start,
			    uint64_t stride, uint64_t n)
{
	uint64_t sum = 0;
	const struct ds_search_options options = {
		.kind = DS_SEARCH_RANDOM,
		.seed = 1,
		.first_run = start,
		.stride = stride,
		.budget = n,
		.ran = add_cell,
		.ran_arg = &sum,
	};

	assert_int_equal(search_with(game, options, 0).interleavings, n);
	return sum;
}

static void random_runs_can_be_made_in_parts(void **state)
{
	struct t_game *game = *state;
	uint64_t whole;

	spawn(game, 3, use_one_cell);
	t_toy_start(&game->toy);
	whole = sum_of_runs(game, 0, 0, 20);
	assert_true(sum_of_runs(game, 0, 3, 7) + sum_of_runs(game, 1, 3, 7) +
			    sum_of_runs(game, 2, 3, 6) ==
		    whole);
	assert_true(sum_of_runs(game, 0, 1, 8) + sum_of_runs(game, 8, 1, 12) ==
		    whole);
	assert_true(sum_of_runs(game, 1, 3, 7) != sum_of_runs(game, 2, 3, 7));
}

/* -------------------------- Runs that do not count ------------------------ */

static void fail_when_second(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	step(task, game, 0);
	if (task->id == 0 && game->cells[0] != 1)
		ds_task_void(task, -ENOMEM);
}

static void one_void_run_voids_the_search(void **state)
{
	struct t_game *game = *state;
	struct ds_search_options options = {.kind = DS_SEARCH_SLEEP};

	spawn(game, 2, fail_when_second);
	t_toy_start(&game->toy);
	search_with(game, options, -ENOMEM);
	/* Afterwards the world can be used as before. */
	options.budget = 1;
	assert_int_equal(search_with(game, options, 0).interleavings, 1);
}

/* Sleeps for ever in every run but the first. */
static void remember_other_runs(struct ds_task *task, void *arg)
{
	struct t_game *game = arg;

	step(task, game, 0);
	if (task->id == 0 && game->n_made++)
		ds_task_sleep(task, DS_AT_WAIT_SLEEP, t_cell(1), false);
	step(task, game, 0);
}

static void nondeterminism_is_noticed(void **state)
{
	struct t_game *game = *state;
	const struct ds_search_options options = {.kind = DS_SEARCH_PLAIN};

	spawn(game, 2, remember_other_runs);
	t_toy_start(&game->toy);
	search_with(game, options, -EPROTO);
}

/* ------------------------------- Replay ----------------------------------- */

static struct ds_schedule schedule_of(const char *letters)
{
	struct ds_schedule schedule = {NULL, 0, 0};

	for (; *letters; letters++)
		assert_int_equal(
			ds_schedule_append(&schedule,
					   (unsigned int)(*letters - 'a')),
			0);
	return schedule;
}

static int replay(struct t_game *game, const char *letters, size_t *diverged)
{
	struct ds_schedule schedule = schedule_of(letters);
	int r;

	*diverged = SIZE_MAX;
	r = ds_replay_run(game->toy.world, &schedule, diverged);
	ds_schedule_free(&schedule);
	return r;
}

static void a_replay_follows_its_schedule(void **state)
{
	struct t_game *game = *state;
	size_t diverged;

	spawn(game, 2, use_one_cell);
	t_toy_start(&game->toy);
	assert_int_equal(replay(game, "abab", &diverged), 0);
	assert_int_equal(game->cells[0], 1 * 64 + 2 * 16 + 1 * 4 + 2);
	assert_int_equal(replay(game, "baab", &diverged), 0);
	assert_int_equal(game->cells[0], 2 * 64 + 1 * 16 + 1 * 4 + 2);
	assert_true(diverged == SIZE_MAX);
}

static void a_replay_says_where_it_diverged(void **state)
{
	struct t_game *game = *state;
	size_t diverged;

	spawn(game, 2, use_one_cell);
	t_toy_start(&game->toy);
	assert_int_equal(replay(game, "abaa", &diverged), -EPROTO);
	assert_int_equal(diverged, 3);
	assert_int_equal(replay(game, "cabab", &diverged), -EPROTO);
	assert_int_equal(diverged, 0);
	/* More steps than the run has. */
	assert_int_equal(replay(game, "ababa", &diverged), -EPROTO);
	assert_int_equal(diverged, 4);
	/* Fewer: the tasks are left where they are. */
	assert_int_equal(replay(game, "aba", &diverged), 0);
	assert_int_equal(game->toy.world->sched->end, DS_RUN_STOPPED);
}

static void a_void_replay_says_why(void **state)
{
	struct t_game *game = *state;
	size_t diverged;

	spawn(game, 2, fail_when_second);
	t_toy_start(&game->toy);
	assert_int_equal(replay(game, "ab", &diverged), 0);
	assert_int_equal(replay(game, "ba", &diverged), -ENOMEM);
}

static void schedules_grow(void **state)
{
	struct ds_schedule schedule = {NULL, 0, 0};
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_int_equal(ds_schedule_append(&schedule, i % 7), 0);
	assert_int_equal(schedule.n, 1000);
	for (i = 0; i < 1000; i++)
		assert_int_equal(schedule.tasks[i], i % 7);
	ds_schedule_free(&schedule);
	assert_null(schedule.tasks);
	assert_int_equal(schedule.n, 0);
	ds_schedule_free(&schedule);
}

/* -------------------------------- Words ----------------------------------- */

static void searches_have_names(void **state)
{
	(void)state;
	assert_string_equal(ds_search_kind_name(DS_SEARCH_SLEEP), "sleep");
	assert_string_equal(ds_search_kind_name(DS_SEARCH_PLAIN), "plain");
	assert_string_equal(ds_search_kind_name(DS_SEARCH_BOUND), "bound");
	assert_string_equal(ds_search_kind_name(DS_SEARCH_RANDOM), "random");
}

static void a_search_ends_in_a_word(void **state)
{
	static const struct {
		enum ds_search_end end;
		const char *word;
	} table[] = {
		{DS_END_COMPLETE, "COMPLETE"},  {DS_END_BOUNDED, "BOUNDED(2)"},
		{DS_END_BUDGET, "BUDGET"},      {DS_END_SAMPLED, "SAMPLED"},
		{DS_END_INTERRUPTED, "BUDGET"},
	};
	const struct ds_search_options options = {.kind = DS_SEARCH_BOUND,
						  .bound = 2};
	struct ds_search_result result = {.bound = 2};
	char text[40];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		result.end = table[i].end;
		ds_search_end_text(&result, &options, text, sizeof(text));
		assert_string_equal(text, table[i].word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(plain_search_runs_every_interleaving),
		t_case(three_tasks_have_more_interleavings),
		t_case(independent_tasks_need_one_run),
		t_case(one_run_of_each_class_is_left),
		t_case(a_bound_counts_preemptions),
		t_case(one_task_has_one_run_and_no_choice),
		t_case(choices_are_where_more_than_one_can_go_on),
		t_case(a_search_can_be_repeated),
		t_case(a_finding_comes_with_a_run_that_shows_it),
		t_case(every_search_finds_it),
		t_case(a_search_may_end_at_its_first_finding),
		t_case(the_shortest_run_is_kept),
		t_case(stuck_runs_are_runs_and_findings),
		t_case(a_budget_ends_the_search),
		t_case(endless_runs_are_cut_and_said_so),
		t_case(what_breaks_beside_an_endless_task_is_found),
		t_case(progress_can_interrupt),
		t_case(whole_runs_are_shown_to_the_caller),
		t_case(a_seed_gives_the_same_random_runs),
		t_case(random_runs_can_be_made_in_parts),
		t_case(one_void_run_voids_the_search),
		t_case(nondeterminism_is_noticed),
		t_case(a_replay_follows_its_schedule),
		t_case(a_replay_says_where_it_diverged),
		t_case(a_void_replay_says_why),
		cmocka_unit_test(schedules_grow),
		cmocka_unit_test(searches_have_names),
		cmocka_unit_test(a_search_ends_in_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
