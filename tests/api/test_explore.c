// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static struct daxsim_explore_options how(enum daxsim_strategy strategy)
{
	struct daxsim_explore_options options = {
		.struct_size = sizeof(options),
		.strategy = strategy,
	};

	return options;
}

static struct daxsim_report *explore_with(
	struct daxsim *sim, const struct daxsim_explore_options *options)
{
	struct daxsim_report *report = NULL;

	assert_int_equal(daxsim_explore(sim, options, &report), 0);
	assert_non_null(report);
	return report;
}

/* Up to the first finding, where a complete search is not the matter. */
static struct daxsim_report *explore_first(struct daxsim *sim)
{
	struct daxsim_explore_options options = how(DAXSIM_SLEEP);

	options.first = true;
	return explore_with(sim, &options);
}

/* ----------------------- The race of the 2018 patches --------------------- */

static void ext4_v3_gives_up_early(void **state)
{
	struct t_race race = t_race("ext4-v3", DAXSIM_FIBER);
	struct daxsim_report *report = t_explore(race.sim);
	unsigned int i, n = daxsim_report_findings(report);

	(void)state;
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	assert_true(daxsim_report_interleavings(report) > 10);
	assert_true(t_broke(report, "NO_FREE_BLOCK_PINNED"));
	assert_true(t_broke(report, "LAYOUT_HOLDER_COHERENT"));
	assert_true(t_broke(report, "WAITED"));
	assert_false(t_broke(report, "EXPECTED"));
	assert_true(daxsim_report_warnings(report) & 2);
	for (i = 0; i < n; i++) {
		assert_true(strlen(daxsim_report_text(report, i)) > 10);
		assert_non_null(daxsim_report_replay(report, i));
	}
	assert_null(daxsim_report_property(report, n));
	assert_null(daxsim_report_text(report, n));
	assert_null(daxsim_report_replay(report, n));
	assert_null(daxsim_report_timeline(report));
	daxsim_report_free(report);
	daxsim_free(race.sim);
}

static void kernels_with_the_fix_do_not(void **state)
{
	const char *const fs[] = {"ext4-4.19", "xfs-4.19"};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(fs) / sizeof(fs[0]); i++) {
		struct t_race race = t_race(fs[i], DAXSIM_FIBER);
		struct daxsim_report *report = t_explore(race.sim);

		assert_string_equal(daxsim_report_search(report), "COMPLETE");
		assert_true(daxsim_report_interleavings(report) > 10);
		assert_int_equal(daxsim_report_findings(report), 0);
		daxsim_report_free(report);
		daxsim_free(race.sim);
	}
}

static void kernels_that_never_waited_lose_data(void **state)
{
	struct t_race race = t_race("ext4-4.18", DAXSIM_FIBER);
	struct daxsim_report *report = t_explore(race.sim);

	(void)state;
	assert_true(t_broke(report, "NO_STRAY_WRITE"));
	daxsim_report_free(report);
	daxsim_free(race.sim);
}

static void merged_states_find_what_classes_of_runs_do(void **state)
{
	static const char *const fs[] = {"ext4-4.18", "ext4-v3", "xfs-4.19"};
	unsigned int i, j;

	(void)state;
	for (i = 0; i < sizeof(fs) / sizeof(fs[0]); i++) {
		struct t_race race = t_race(fs[i], DAXSIM_FIBER);
		struct daxsim_explore_options states = how(DAXSIM_STATES);
		struct daxsim_report *one = t_explore(race.sim);
		struct daxsim_report *two = explore_with(race.sim, &states);

		assert_string_equal(daxsim_report_search(two), "COMPLETE");
		assert_true(daxsim_report_states(two) > 100);
		assert_int_equal(daxsim_report_states(one), 0);
		assert_int_equal(daxsim_report_findings(one),
				 daxsim_report_findings(two));
		for (j = 0; j < daxsim_report_findings(one); j++)
			assert_true(
				t_broke(two, daxsim_report_property(one, j)));
		daxsim_report_free(one);
		daxsim_report_free(two);
		daxsim_free(race.sim);
	}
}

/* The token of the finding about @property, to be freed. */
static char *find_token(const struct daxsim_report *report,
			const char *property)
{
	unsigned int i;

	for (i = 0; i < daxsim_report_findings(report); i++)
		if (strcmp(daxsim_report_property(report, i), property) == 0)
			return strdup(daxsim_report_replay(report, i));
	fail_msg("no finding about %s", property);
	return NULL;
}

static struct daxsim_report *t_replay(struct daxsim *sim, const char *token)
{
	struct daxsim_report *report = NULL;

	assert_int_equal(daxsim_replay(sim, token, &report), 0);
	assert_non_null(report);
	return report;
}

static void check_timeline(const char *timeline)
{
	const char *line = timeline;

	assert_non_null(strstr(timeline, "direct"));
	assert_non_null(strstr(timeline, "punch"));
	assert_non_null(strstr(timeline, "!! NO_FREE_BLOCK_PINNED"));
	while (*line) {
		assert_in_range(strcspn(line, "\n"), 0, 72);
		line += strcspn(line, "\n") + 1;
	}
}

static void a_token_shows_the_same_run_a_thousand_times(void **state)
{
	struct t_race race = t_race("ext4-v3", DAXSIM_FIBER);
	struct daxsim_report *report = explore_first(race.sim);
	char *token = find_token(report, "NO_FREE_BLOCK_PINNED");
	char *first = NULL;
	unsigned int i;

	(void)state;
	daxsim_report_free(report);
	for (i = 0; i < 1000; i++) {
		report = t_replay(race.sim, token);
		assert_true(t_broke(report, "NO_FREE_BLOCK_PINNED"));
		assert_int_equal(daxsim_report_interleavings(report), 1);
		assert_string_equal(daxsim_report_search(report), "SAMPLED");
		assert_string_equal(daxsim_report_replay(report, 0), token);
		if (!first) {
			first = strdup(daxsim_report_timeline(report));
			check_timeline(first);
		}
		assert_string_equal(daxsim_report_timeline(report), first);
		daxsim_report_free(report);
	}
	free(first);
	free(token);
	daxsim_free(race.sim);
}

static void a_token_works_in_another_universe_and_beside_searches(void **state)
{
	struct t_race race = t_race("ext4-v3", DAXSIM_FIBER);
	struct t_race other = t_race("ext4-v3", DAXSIM_FIBER);
	struct daxsim_report *report = explore_first(race.sim), *again;
	char *token = find_token(report, "WAITED");

	(void)state;
	/* Nothing was run there yet. */
	again = t_replay(other.sim, token);
	assert_true(t_broke(again, "WAITED"));
	daxsim_report_free(again);
	again = explore_first(other.sim);
	assert_int_equal(daxsim_report_interleavings(again),
			 daxsim_report_interleavings(report));
	daxsim_report_free(again);
	again = t_replay(other.sim, token);
	assert_true(t_broke(again, "WAITED"));
	daxsim_report_free(again);
	daxsim_report_free(report);
	free(token);
	daxsim_free(race.sim);
	daxsim_free(other.sim);
}

static void tokens_that_do_not_fit_are_refused(void **state)
{
	struct t_race race = t_race("ext4-v3", DAXSIM_FIBER);
	struct t_race fixed = t_race("ext4-4.19", DAXSIM_FIBER);
	struct daxsim *empty = t_small("ext4-v3", DAXSIM_FIBER);
	struct daxsim_report *report = explore_first(race.sim);
	char *token = find_token(report, "WAITED");
	size_t end = strlen(token) - 1;

	(void)state;
	daxsim_report_free(report);
	report = NULL;
	assert_int_equal(daxsim_replay(race.sim, "", &report), -EINVAL);
	assert_int_equal(daxsim_replay(race.sim, "a12b3", &report), -EINVAL);
	assert_int_equal(daxsim_replay(fixed.sim, token, &report), -EINVAL);
	assert_int_equal(daxsim_replay(empty, token, &report), -EINVAL);
	daxsim_spawn(empty, "direct", t_race_read, NULL);
	daxsim_spawn(empty, "push", t_race_punch, NULL);
	assert_int_equal(daxsim_replay(empty, token, &report), -EINVAL);
	token[end] = token[end] == '0' ? '1' : '0';
	assert_int_equal(daxsim_replay(race.sim, token, &report), -EINVAL);
	token[end] = '\0';
	assert_int_equal(daxsim_replay(race.sim, token, &report), -EINVAL);
	assert_null(report);
	free(token);
	daxsim_free(race.sim);
	daxsim_free(fixed.sim);
	daxsim_free(empty);
}

static void a_token_on_another_state_diverges(void **state)
{
	struct t_race race = t_race("ext4-v3", DAXSIM_FIBER);
	struct t_race other = t_race("ext4-v3", DAXSIM_FIBER);
	struct daxsim_report *report = explore_first(race.sim);
	char *token = find_token(report, "WAITED");

	(void)state;
	daxsim_report_free(report);
	/* No pages to wait for, so nobody sleeps. */
	assert_int_equal(daxsim_munmap(other.sim, other.addr, 2 * T_PAGE), 0);
	assert_int_equal(daxsim_replay(other.sim, token, &report), -EPROTO);
	free(token);
	daxsim_free(race.sim);
	daxsim_free(other.sim);
}

static void the_baton_makes_the_same_choices_as_fibers(void **state)
{
	struct t_race fibers = t_race("ext4-v3", DAXSIM_FIBER);
	struct t_race baton = t_race("ext4-v3", DAXSIM_BATON);
	struct daxsim_report *one = explore_first(fibers.sim);
	struct daxsim_report *two = explore_first(baton.sim);
	unsigned int i;

	(void)state;
	assert_int_equal(daxsim_report_interleavings(one),
			 daxsim_report_interleavings(two));
	assert_true(daxsim_report_findings(one) > 0);
	assert_int_equal(daxsim_report_findings(one),
			 daxsim_report_findings(two));
	for (i = 0; i < daxsim_report_findings(one); i++) {
		struct daxsim_report *replay;

		assert_string_equal(daxsim_report_replay(one, i),
				    daxsim_report_replay(two, i));
		assert_string_equal(daxsim_report_text(one, i),
				    daxsim_report_text(two, i));
		replay = t_replay(baton.sim, daxsim_report_replay(one, i));
		assert_true(t_broke(replay, daxsim_report_property(one, i)));
		check_timeline(daxsim_report_timeline(replay));
		daxsim_report_free(replay);
	}
	daxsim_report_free(one);
	daxsim_report_free(two);
	daxsim_free(fibers.sim);
	daxsim_free(baton.sim);
}

static void free_tasks_are_run_and_never_replayed(void **state)
{
	struct t_race race = t_race("ext4-4.19", DAXSIM_FREE);
	struct daxsim_explore_options options = how(DAXSIM_SLEEP);
	struct daxsim_report *report;

	(void)state;
	options.budget = 100;
	report = explore_with(race.sim, &options);
	assert_string_equal(daxsim_report_search(report), "SAMPLED");
	assert_int_equal(daxsim_report_interleavings(report), 100);
	assert_int_equal(daxsim_report_findings(report), 0);
	daxsim_report_free(report);
	assert_int_equal(daxsim_replay(race.sim, "ds1:api:ext4-4.19:a:00000000",
				       &report),
			 -EINVAL);
	/*
	 * The last run is over and its state can be looked at. Which task was
	 * first is the processor's choice: a read after the punch brings its
	 * bytes into a new block.
	 */
	assert_int_equal(t_size(race.file), 3 * T_PAGE);
	assert_true(t_byte(race.file, 0) == 0 || t_byte(race.file, 0) == 'f');
	daxsim_free(race.sim);
}

/* ------------------------------ Small programs ---------------------------- */

/* Two tasks that add 1 to a cell, and a third cell that counts them. */
struct adding {
	uint64_t cell, done;
};

static void add_one(struct daxsim *sim, void *arg)
{
	struct adding *adding = arg;

	daxsim_cell_set(sim, &adding->cell,
			daxsim_cell_get(sim, &adding->cell) + 1);
	daxsim_cell_set(sim, &adding->done,
			daxsim_cell_get(sim, &adding->done) + 1);
	if (daxsim_cell_get(sim, &adding->done) == 2)
		daxsim_expect(sim, daxsim_cell_get(sim, &adding->cell) == 2,
			      "two additions make two");
}

static struct daxsim *make_adding(enum daxsim_turns turns)
{
	struct daxsim *sim = t_small(NULL, turns);
	struct adding *adding = daxsim_alloc(sim, sizeof(*adding));

	assert_int_equal(daxsim_spawn(sim, "one", add_one, adding), 0);
	assert_int_equal(daxsim_spawn(sim, "two", add_one, adding), 1);
	return sim;
}

static void what_a_test_expects_is_a_property(void **state)
{
	struct daxsim *sim = make_adding(DAXSIM_FIBER);
	struct daxsim_report *report = t_explore(sim), *again;
	char *token = find_token(report, "EXPECTED");

	(void)state;
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	assert_int_equal(daxsim_report_findings(report), 1);
	assert_string_equal(daxsim_report_text(report, 0),
			    "two additions make two");
	again = t_replay(sim, token);
	assert_true(t_broke(again, "EXPECTED"));
	assert_non_null(strstr(daxsim_report_timeline(again),
			       "!! EXPECTED: two additions make two"));
	daxsim_report_free(again);
	daxsim_report_free(report);
	free(token);
	daxsim_free(sim);
}

static void the_baton_searches_to_completion(void **state)
{
	struct daxsim *baton = make_adding(DAXSIM_BATON);
	struct daxsim *fibers = make_adding(DAXSIM_FIBER);
	struct daxsim_report *report = t_explore(baton);
	struct daxsim_report *other = t_explore(fibers);

	(void)state;
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	assert_int_equal(daxsim_report_interleavings(report),
			 daxsim_report_interleavings(other));
	assert_int_equal(daxsim_report_findings(report), 1);
	assert_string_equal(daxsim_report_replay(report, 0),
			    daxsim_report_replay(other, 0));
	daxsim_report_free(report);
	daxsim_report_free(other);
	daxsim_free(baton);
	daxsim_free(fibers);
}

static void every_strategy_ends_in_its_word(void **state)
{
	struct daxsim *sim = make_adding(DAXSIM_FIBER);
	struct daxsim_explore_options options = how(DAXSIM_PLAIN);
	struct daxsim_report *report = explore_with(sim, &options);
	struct daxsim_report *other = t_explore(sim);

	(void)state;
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	assert_true(t_broke(report, "EXPECTED"));
	assert_true(daxsim_report_interleavings(report) >
		    daxsim_report_interleavings(other));
	assert_true(daxsim_report_interleavings(other) > 2);
	daxsim_report_free(other);
	daxsim_report_free(report);

	options = how(DAXSIM_BOUND);
	report = explore_with(sim, &options);
	assert_string_equal(daxsim_report_search(report), "BOUNDED(0)");
	assert_int_equal(daxsim_report_findings(report), 0);
	assert_int_equal(daxsim_report_interleavings(report), 2);
	daxsim_report_free(report);
	options.bound = 1;
	report = explore_with(sim, &options);
	assert_string_equal(daxsim_report_search(report), "BOUNDED(1)");
	assert_true(t_broke(report, "EXPECTED"));
	daxsim_report_free(report);

	options = how(DAXSIM_SLEEP);
	options.max_steps = 4;
	report = explore_with(sim, &options);
	assert_string_equal(daxsim_report_search(report), "BOUNDED(4 steps)");
	assert_int_equal(daxsim_report_interleavings(report), 0);
	daxsim_report_free(report);
	daxsim_free(sim);
}

static void budgets_and_first_findings_end_a_search(void **state)
{
	struct daxsim *sim = make_adding(DAXSIM_FIBER);
	struct daxsim_explore_options options = how(DAXSIM_PLAIN);
	struct daxsim_report *report;

	(void)state;
	options.budget = 3;
	report = explore_with(sim, &options);
	assert_string_equal(daxsim_report_search(report), "BUDGET");
	assert_int_equal(daxsim_report_interleavings(report), 3);
	daxsim_report_free(report);
	options = how(DAXSIM_PLAIN);
	options.first = true;
	report = explore_with(sim, &options);
	assert_string_equal(daxsim_report_search(report), "BUDGET");
	assert_int_equal(daxsim_report_findings(report), 1);
	daxsim_report_free(report);
	daxsim_free(sim);
}

static void the_same_seed_makes_the_same_runs(void **state)
{
	struct daxsim *sims[2] = {make_adding(DAXSIM_FIBER),
				  make_adding(DAXSIM_FIBER)};
	struct daxsim_explore_options options = how(DAXSIM_RANDOM);
	struct daxsim_report *reports[2];
	unsigned int i;

	(void)state;
	options.seed = 7;
	options.first = true;
	for (i = 0; i < 2; i++)
		reports[i] = explore_with(sims[i], &options);
	assert_string_equal(daxsim_report_search(reports[0]), "SAMPLED");
	assert_int_equal(daxsim_report_findings(reports[0]), 1);
	assert_int_equal(daxsim_report_interleavings(reports[0]),
			 daxsim_report_interleavings(reports[1]));
	assert_string_equal(daxsim_report_replay(reports[0], 0),
			    daxsim_report_replay(reports[1], 0));
	options.first = false;
	daxsim_report_free(reports[0]);
	reports[0] = explore_with(sims[0], &options);
	assert_int_equal(daxsim_report_interleavings(reports[0]), 1000);
	for (i = 0; i < 2; i++) {
		daxsim_report_free(reports[i]);
		daxsim_free(sims[i]);
	}
}

static void options_and_tasks_that_make_no_sense_are_refused(void **state)
{
	struct daxsim *sim = t_small(NULL, DAXSIM_FIBER);
	struct daxsim_explore_options options = how(DAXSIM_SLEEP);
	struct daxsim_report *untouched = (struct daxsim_report *)(uintptr_t)1;
	struct daxsim_report *report = untouched;
	struct adding *adding = daxsim_alloc(sim, sizeof(*adding));
	int i;

	(void)state;
	assert_int_equal(daxsim_explore(sim, NULL, &report), -EINVAL);
	for (i = 0; i < 16; i++)
		assert_int_equal(daxsim_spawn(sim, "t", add_one, adding), i);
	assert_int_equal(daxsim_spawn(sim, "t", add_one, adding), -ENOSPC);
	options.struct_size--;
	assert_int_equal(daxsim_explore(sim, &options, &report), -EINVAL);
	options = how((enum daxsim_strategy)7);
	assert_int_equal(daxsim_explore(sim, &options, &report), -EINVAL);
	assert_int_equal(daxsim_signal(sim, -1), -ESRCH);
	assert_int_equal(daxsim_signal(sim, 16), -ESRCH);
	assert_ptr_equal(report, untouched);
	options = how(DAXSIM_RANDOM);
	options.budget = 1;
	report = explore_with(sim, &options);
	daxsim_report_free(report);
	assert_int_equal(daxsim_spawn(sim, "t", add_one, adding), -EBUSY);
	daxsim_free(sim);
}

static void try_to_search(struct daxsim *sim, void *arg)
{
	struct daxsim_report *report;
	int r = daxsim_explore(sim, NULL, &report);

	daxsim_expect(sim, r == -EBUSY, "no search in a search");
	r = daxsim_replay(sim, "ds1:api:ext4-4.19:a:00000000", &report);
	daxsim_expect(sim, r < 0, "no replay in a search");
	r = daxsim_spawn(sim, "more", try_to_search, arg);
	daxsim_expect(sim, r == -EBUSY, "no new tasks in a search");
}

static void a_task_cannot_search_its_own_universe(void **state)
{
	struct daxsim *sim = t_small(NULL, DAXSIM_FIBER);
	struct daxsim_report *report;

	(void)state;
	daxsim_spawn(sim, "bold", try_to_search, NULL);
	report = t_explore(sim);
	assert_int_equal(daxsim_report_findings(report), 0);
	daxsim_report_free(report);
	daxsim_free(sim);
}

/* Reads another page every second time it runs: memory that is not rewound. */
static void forget_nothing(struct daxsim *sim, void *arg)
{
	static unsigned int n_runs;
	char byte;

	(void)sim;
	if (++n_runs % 2)
		daxsim_pread(arg, &byte, 1, 0);
	daxsim_pwrite(arg, "x", 1, 0);
}

static void tasks_that_are_not_deterministic_are_found_out(void **state)
{
	struct daxsim *sim = t_small(NULL, DAXSIM_FIBER);
	struct daxsim_file *file = t_file(sim, "A", 2);
	struct daxsim_report *report;

	(void)state;
	daxsim_spawn(sim, "one", forget_nothing, file);
	daxsim_spawn(sim, "two", forget_nothing, file);
	daxsim_spawn(sim, "three", forget_nothing, file);
	assert_int_equal(daxsim_explore(sim, NULL, &report), -EPROTO);
	daxsim_free(sim);
}

/* --------------------------- Rewinding, looking --------------------------- */

struct counting {
	struct daxsim_file *file;
	unsigned int n_runs; /* own memory of one task */
};

static void count_run(struct daxsim *sim, void *arg)
{
	struct counting *counting = arg;
	char bytes[2];

	daxsim_expect(sim, ++counting->n_runs == 1, "memory is rewound");
	daxsim_pread(counting->file, bytes, 1, 0);
	daxsim_expect(sim, bytes[0] == 'a', "files are rewound");
	daxsim_pwrite(counting->file, "z", 1, 0);
}

static void read_page(struct daxsim *sim, void *arg)
{
	const struct counting *counting = arg;
	char byte = 0;
	ssize_t n = daxsim_pread(counting->file, &byte, 1, T_PAGE);

	daxsim_expect(sim, n == 1 && byte == 'b', "what was written is read");
}

static void every_run_starts_from_the_same_state(void **state)
{
	struct daxsim *sim = t_small(NULL, DAXSIM_FIBER);
	struct counting *counting = daxsim_alloc(sim, sizeof(*counting));
	struct daxsim_report *report;
	unsigned int i;

	(void)state;
	counting->file = t_file(sim, "A", 2);
	daxsim_spawn(sim, "count", count_run, counting);
	daxsim_spawn(sim, "read", read_page, counting);
	for (i = 0; i < 3; i++) {
		report = t_explore(sim);
		assert_string_equal(daxsim_report_search(report), "COMPLETE");
		assert_int_equal(daxsim_report_findings(report), 0);
		daxsim_report_free(report);
		/* What is changed between searches does not count. */
		assert_int_equal(daxsim_pwrite(counting->file, "q", 1, T_PAGE),
				 1);
		assert_int_equal(daxsim_ftruncate(counting->file, 0), 0);
	}
	daxsim_free(sim);
}

static void wait_for_ever(struct daxsim *sim, void *arg)
{
	(void)sim;
	daxsim_ftruncate(arg, 0);
}

static void a_run_that_is_stuck_leaves_a_universe_that_is_not(void **state)
{
	struct daxsim *sim = t_small("ext4-4.19", DAXSIM_FIBER);
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr = t_map(file, 0, T_PAGE);
	struct daxsim_report *report;
	struct daxsim_pin *pin;
	char *token;

	(void)state;
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, 0, &pin), 1);
	daxsim_spawn(sim, "truncate", wait_for_ever, file);
	report = t_explore(sim);
	assert_true(t_broke(report, "NO_DEADLOCK"));
	token = find_token(report, "NO_DEADLOCK");
	daxsim_report_free(report);
	/* The task held the file's locks. */
	assert_int_equal(daxsim_pwrite(file, "x", 1, 0), 1);
	report = t_replay(sim, token);
	assert_true(t_broke(report, "NO_DEADLOCK"));
	daxsim_report_free(report);
	assert_int_equal(t_byte(file, 0), 'a');
	daxsim_unpin_user_pages(pin);
	assert_int_equal(daxsim_ftruncate(file, 0), 0);
	free(token);
	daxsim_free(sim);
}

/* --------------------------------- Signals -------------------------------- */

static void truncate_until_signalled(struct daxsim *sim, void *arg)
{
	int r = daxsim_ftruncate(arg, 0);

	daxsim_expect(sim, r == -EINTR, "the signal ends the wait");
}

static void send_signal(struct daxsim *sim, void *arg)
{
	daxsim_expect(sim, daxsim_signal(sim, *(int *)arg) == 0, "it is sent");
}

static struct daxsim *make_endless_wait(void)
{
	struct daxsim *sim = t_small("xfs-4.19", DAXSIM_FIBER);
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr = t_map(file, 0, T_PAGE);
	struct daxsim_pin *pin;

	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, 0, &pin), 1);
	assert_int_equal(
		daxsim_spawn(sim, "wait", truncate_until_signalled, file), 0);
	return sim;
}

static void a_signal_from_a_task_ends_a_wait_for_pins(void **state)
{
	struct daxsim *sim = make_endless_wait();
	struct daxsim_report *report;
	int target = 0;

	(void)state;
	daxsim_spawn(sim, "kill", send_signal, &target);
	report = t_explore(sim);
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	assert_int_equal(daxsim_report_findings(report), 0);
	daxsim_report_free(report);
	daxsim_free(sim);
}

static void a_signal_sent_before_is_there_in_every_run(void **state)
{
	struct daxsim *sim = make_endless_wait();
	struct daxsim_report *report;

	(void)state;
	assert_int_equal(daxsim_signal(sim, 0), 0);
	report = t_explore(sim);
	assert_int_equal(daxsim_report_findings(report), 0);
	daxsim_report_free(report);
	daxsim_free(sim);
}

/* As the kernel does when the handler has SA_RESTART. */
static void truncate_again(struct daxsim *sim, void *arg)
{
	int r;

	do
		r = daxsim_ftruncate(arg, 0);
	while (r == -EINTR && daxsim_take_signal(sim));
	daxsim_expect(sim, r == 0, "made again");
}

static void end_pin(struct daxsim *sim, void *arg)
{
	(void)sim;
	daxsim_unpin_user_pages(*(struct daxsim_pin **)arg);
}

static void a_call_is_made_again_after_its_signal_was_taken(void **state)
{
	struct daxsim *sim = t_small("xfs-4.19", DAXSIM_FIBER);
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr = t_map(file, 0, T_PAGE);
	struct daxsim_report *report;
	struct daxsim_pin *pin;
	int target = 0;

	(void)state;
	assert_false(daxsim_take_signal(sim));
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, 0, &pin), 1);
	daxsim_spawn(sim, "again", truncate_again, file);
	daxsim_spawn(sim, "kill", send_signal, &target);
	daxsim_spawn(sim, "device", end_pin, &pin);
	report = t_explore(sim);
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	assert_int_equal(daxsim_report_findings(report), 0);
	daxsim_report_free(report);
	daxsim_free(sim);
}

/* ------------------------- Every call inside of tasks --------------------- */

struct writing {
	struct daxsim_file *file;
	uint64_t done;
};

static void write_one(struct daxsim *sim, void *arg)
{
	struct writing *writing = arg;
	struct daxsim_stat stat;

	daxsim_write(writing->file, "x", 1);
	daxsim_cell_set(sim, &writing->done,
			daxsim_cell_get(sim, &writing->done) + 1);
	if (daxsim_cell_get(sim, &writing->done) < 2)
		return;
	daxsim_fstat(writing->file, &stat);
	daxsim_expect(sim, stat.size == 2, "no write lands on another");
}

static void writers_share_a_position_as_on_linux(void **state)
{
	struct daxsim *sim = t_small(NULL, DAXSIM_FIBER);
	struct writing *writing = daxsim_alloc(sim, sizeof(*writing));
	struct daxsim_explore_options options = how(DAXSIM_BOUND);
	struct daxsim_report *report;

	(void)state;
	writing->file = t_file(sim, "A", 0);
	daxsim_spawn(sim, "one", write_one, writing);
	daxsim_spawn(sim, "two", write_one, writing);
	options.bound = 2;
	report = explore_with(sim, &options);
	assert_int_equal(daxsim_report_findings(report), 0);
	assert_true(daxsim_report_interleavings(report) > 100);
	daxsim_report_free(report);
	daxsim_free(sim);
}

static void use_space(struct daxsim *sim, struct daxsim_file *file)
{
	char bytes[2 * T_PAGE] = "";
	struct daxsim_pin *pin;
	uint64_t addr;

	if (daxsim_mmap(file, 4 * T_PAGE, PROT_WRITE, MAP_SHARED, 0, &addr) < 0)
		return;
	daxsim_store(sim, addr + 100, bytes, sizeof(bytes));
	daxsim_load(sim, addr, bytes, sizeof(bytes));
	daxsim_direct_read(sim, addr, bytes, sizeof(bytes));
	daxsim_direct_write(sim, addr + T_PAGE, bytes, sizeof(bytes));
	if (daxsim_pin_user_pages(sim, addr, T_PAGE, DAXSIM_PIN_WRITE, &pin) >
	    0) {
		daxsim_pin_write(pin, bytes, 1);
		daxsim_unpin_user_pages(pin);
	}
	if (daxsim_pin_user_pages(sim, addr, T_PAGE, 0, &pin) > 0) {
		daxsim_pin_read(pin, bytes, 1);
		daxsim_unpin_user_pages(pin);
	}
	daxsim_munmap(sim, addr + T_PAGE, T_PAGE);
	daxsim_munmap(sim, addr, 4 * T_PAGE);
}

static void use_blocks(struct daxsim_file *file)
{
	struct daxsim_extent extents[20];

	daxsim_fallocate(file, T_PUNCH, 100, 2 * T_PAGE);
	daxsim_fallocate(file, 0, 0, 5 * T_PAGE);
	daxsim_fallocate(file, FALLOC_FL_COLLAPSE_RANGE, T_PAGE, T_PAGE);
	daxsim_fallocate(file, FALLOC_FL_INSERT_RANGE, T_PAGE, T_PAGE);
	daxsim_fallocate(file, FALLOC_FL_ZERO_RANGE, 50, 2 * T_PAGE);
	daxsim_fallocate(file, FALLOC_FL_UNSHARE_RANGE, 0, T_PAGE);
	daxsim_fiemap(file, 0, UINT64_MAX, 20, extents);
	daxsim_ftruncate(file, 5000);
	daxsim_ftruncate(file, 9000);
	daxsim_fsync(file);
}

/* Every call of the interface, on the file @arg names. */
static void use_everything(struct daxsim *sim, void *arg)
{
	struct daxsim_file *file;
	struct daxsim_stat stat;
	char bytes[100] = "";

	if (daxsim_open(sim, arg, O_RDWR | O_CREAT, &file) < 0)
		return;
	daxsim_pwrite(file, "abcdef", 6, T_PAGE - 3);
	daxsim_write(file, "abc", 3);
	daxsim_lseek(file, 0, SEEK_DATA);
	daxsim_lseek(file, 0, SEEK_HOLE);
	daxsim_read(file, bytes, 10);
	daxsim_pread(file, bytes, sizeof(bytes), 5);
	daxsim_fstat(file, &stat);
	use_space(sim, file);
	use_blocks(file);
	daxsim_unlink(sim, arg);
	daxsim_close(file);
	if (daxsim_alloc(sim, 100))
		daxsim_open(sim, arg, O_RDWR | O_CREAT | O_TRUNC, &file);
}

static void use_everything_thrice(const char *fs, enum daxsim_turns turns)
{
	struct daxsim *sim = t_small(fs, turns);
	struct daxsim_explore_options options = how(DAXSIM_RANDOM);
	struct daxsim_report *report;
	char one[] = "one", two[] = "two";

	t_file(sim, "one", 3);
	daxsim_spawn(sim, "first", use_everything, one);
	daxsim_spawn(sim, "same", use_everything, one);
	daxsim_spawn(sim, "other", use_everything, two);
	options.seed = 1;
	options.budget = turns == DAXSIM_FIBER ? 150 : 20;
	report = explore_with(sim, &options);
	if (strstr(fs, "4.19") && daxsim_report_findings(report))
		fail_msg("%s: %s: %s", fs, daxsim_report_property(report, 0),
			 daxsim_report_text(report, 0));
	assert_int_equal(daxsim_report_interleavings(report), options.budget);
	daxsim_report_free(report);
	daxsim_free(sim);
}

static void every_call_works_inside_tasks(void **state)
{
	const char *fs;
	unsigned int i;

	(void)state;
	for (i = 0; (fs = daxsim_profile_name(i)); i++) {
		use_everything_thrice(fs, DAXSIM_FIBER);
		use_everything_thrice(fs, DAXSIM_BATON);
		use_everything_thrice(fs, DAXSIM_FREE);
	}
}

/* ---------------------------------- Fork ---------------------------------- */

struct family {
	struct daxsim_file *file;
	uint64_t addr;
	int child;
};

static struct family *make_family(struct daxsim *sim, int flags)
{
	struct family *family = daxsim_alloc(sim, sizeof(*family));

	assert_non_null(family);
	family->file = t_file(sim, "A", 1);
	assert_int_equal(daxsim_mmap(family->file, T_PAGE,
				     PROT_READ | PROT_WRITE, flags, 0,
				     &family->addr),
			 0);
	return family;
}

static void read_into_page(struct daxsim *sim, void *arg)
{
	static const unsigned char bytes[T_PAGE] = "from the device";
	const struct family *family = arg;

	daxsim_direct_read(sim, family->addr, bytes, sizeof(bytes));
}

static void punch_page(struct daxsim *sim, void *arg)
{
	const struct family *family = arg;
	int r = daxsim_fallocate(family->file, T_PUNCH, 0, T_PAGE);

	daxsim_expect(sim, r == 0, "the punch works");
}

static void leave(struct daxsim *sim, void *arg)
{
	const struct family *family = arg;
	char byte;

	daxsim_expect(sim, daxsim_exit(sim) == 0, "it exits");
	daxsim_expect(
		sim, daxsim_load(sim, family->addr, &byte, 1) == DAXSIM_SIGSEGV,
		"nothing is mapped any more");
}

static void fork_and_go(struct daxsim *sim, void *arg)
{
	const struct family *family = arg;

	daxsim_expect(sim, daxsim_fork(sim, family->child) == 0, "it forks");
	leave(sim, arg);
}

/* A child pins what its parent mapped, and the parent goes. */
static struct daxsim_report *child_pins(const char *fs)
{
	struct daxsim *sim = t_small(fs, DAXSIM_FIBER);
	struct family *family = make_family(sim, MAP_SHARED);
	struct daxsim_report *report;

	family->child =
		daxsim_spawn_child(sim, "child", read_into_page, family);
	daxsim_spawn(sim, "parent", fork_and_go, family);
	daxsim_spawn(sim, "punch", punch_page, family);
	report = t_explore(sim);
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	assert_false(t_broke(report, "EXPECTED"));
	daxsim_free(sim);
	return report;
}

static void a_child_has_what_its_parent_mapped(void **state)
{
	struct daxsim_report *never = child_pins("ext4-4.18");
	struct daxsim_report *waits = child_pins("ext4-4.19");

	(void)state;
	assert_true(t_broke(never, "NO_STRAY_WRITE"));
	assert_int_equal(daxsim_report_findings(waits), 0);
	daxsim_report_free(never);
	daxsim_report_free(waits);
}

static void pin_fork_and_store(struct daxsim *sim, void *arg)
{
	const struct family *family = arg;
	struct daxsim_pin *pin;

	if (daxsim_pin_user_pages(sim, family->addr, 1, DAXSIM_PIN_WRITE,
				  &pin) != 1)
		return;
	daxsim_fork(sim, family->child);
	daxsim_store(sim, family->addr, "p", 1);
	daxsim_unpin_user_pages(pin);
}

static void a_store_behind_fork_leaves_the_pinned_copy_or_not(void **state)
{
	static const struct {
		const char *fs;
		bool lost;
	} kernels[] = {{"ext4-4.19", true}, {"ext4-6.12", false}};
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct daxsim *sim = t_small(kernels[i].fs, DAXSIM_FIBER);
		struct family *family = make_family(sim, MAP_PRIVATE);
		struct daxsim_report *report;

		family->child = daxsim_spawn_child(sim, "child", leave, family);
		daxsim_spawn(sim, "parent", pin_fork_and_store, family);
		report = t_explore(sim);
		assert_string_equal(daxsim_report_search(report), "COMPLETE");
		assert_int_equal(t_broke(report, "NO_LOST_DMA"),
				 kernels[i].lost);
		assert_false(t_broke(report, "EXPECTED"));
		daxsim_report_free(report);
		daxsim_free(sim);
	}
}

static void a_child_is_forked_once(void **state)
{
	struct daxsim *sim = t_small("xfs-6.15", DAXSIM_FIBER);
	struct family *family = make_family(sim, MAP_SHARED);
	struct daxsim_report *report;
	int thread;

	(void)state;
	family->child = daxsim_spawn_child(sim, "child", leave, family);
	thread = daxsim_spawn(sim, "punch", punch_page, family);
	assert_int_equal(daxsim_fork(sim, thread), -ESRCH);
	assert_int_equal(daxsim_fork(sim, -1), -ESRCH);
	assert_int_equal(daxsim_fork(sim, 2), -ESRCH);
	assert_int_equal(daxsim_fork(sim, family->child), 0);
	assert_int_equal(daxsim_fork(sim, family->child), -EBUSY);
	report = t_explore(sim);
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	assert_int_equal(daxsim_report_findings(report), 0);
	assert_int_equal(daxsim_spawn_child(sim, "late", leave, family),
			 -EBUSY);
	daxsim_report_free(report);
	/* What ran in the search is as the last run left it. */
	assert_int_equal(daxsim_fork(sim, family->child), -EBUSY);
	daxsim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ext4_v3_gives_up_early),
		cmocka_unit_test(kernels_with_the_fix_do_not),
		cmocka_unit_test(kernels_that_never_waited_lose_data),
		cmocka_unit_test(merged_states_find_what_classes_of_runs_do),
		cmocka_unit_test(a_token_shows_the_same_run_a_thousand_times),
		cmocka_unit_test(
			a_token_works_in_another_universe_and_beside_searches),
		cmocka_unit_test(tokens_that_do_not_fit_are_refused),
		cmocka_unit_test(a_token_on_another_state_diverges),
		cmocka_unit_test(the_baton_makes_the_same_choices_as_fibers),
		cmocka_unit_test(the_baton_searches_to_completion),
		cmocka_unit_test(free_tasks_are_run_and_never_replayed),
		cmocka_unit_test(what_a_test_expects_is_a_property),
		cmocka_unit_test(every_strategy_ends_in_its_word),
		cmocka_unit_test(budgets_and_first_findings_end_a_search),
		cmocka_unit_test(the_same_seed_makes_the_same_runs),
		cmocka_unit_test(
			options_and_tasks_that_make_no_sense_are_refused),
		cmocka_unit_test(a_task_cannot_search_its_own_universe),
		cmocka_unit_test(
			tasks_that_are_not_deterministic_are_found_out),
		cmocka_unit_test(every_run_starts_from_the_same_state),
		cmocka_unit_test(
			a_run_that_is_stuck_leaves_a_universe_that_is_not),
		cmocka_unit_test(a_signal_from_a_task_ends_a_wait_for_pins),
		cmocka_unit_test(a_signal_sent_before_is_there_in_every_run),
		cmocka_unit_test(
			a_call_is_made_again_after_its_signal_was_taken),
		cmocka_unit_test(writers_share_a_position_as_on_linux),
		cmocka_unit_test(every_call_works_inside_tasks),
		cmocka_unit_test(a_child_has_what_its_parent_mapped),
		cmocka_unit_test(
			a_store_behind_fork_leaves_the_pinned_copy_or_not),
		cmocka_unit_test(a_child_is_forked_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
