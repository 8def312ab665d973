// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fs/profiles.h"
#include "race/builtin.h"
#include "race/mutate.h"
#include "race/program.h"
#include "race/token.h"

struct t_mutate {
	struct ds_region *region;
	struct ds_mutator *mutator;
	struct ds_mutation_result result;
	char why[512];
};

static int begin(void **state)
{
	static struct t_mutate t;
	struct ds_region_options options = {.size = 4 << 20};

	memset(&t, 0, sizeof(t));
	*state = &t;
	if (ds_region_open(&options, &t.region, t.why, sizeof(t.why)) < 0)
		return -1;
	return ds_mutator_new(t.region, &t.mutator);
}

static int end(void **state)
{
	struct t_mutate *t = *state;

	ds_mutation_result_clear(&t->result);
	ds_mutator_free(t->mutator);
	ds_region_close(t->region);
	return 0;
}

static int mutate(struct t_mutate *t, enum ds_rule rule, const char *fs)
{
	ds_mutation_result_clear(&t->result);
	return ds_mutate(t->mutator, rule, fs, NULL, &t->result, t->why,
			 sizeof(t->why));
}

static void a_rule_that_is_missed_is_killed(void **state)
{
	struct t_mutate *t = *state;

	assert_int_equal(mutate(t, DS_RULE_EXT4_PUNCH_BREAKS, NULL), 0);
	assert_int_equal(t->result.status, DS_MUTATION_KILLED);
	assert_string_equal(t->result.scenario, "prove/punch/direct-1/fast");
	assert_string_equal(t->result.fs, "ext4-4.19");
	assert_true(t->result.broken >> t->result.property & 1);
	assert_true(t->result.broken >> DS_WAITED & 1);
	assert_true(t->result.reached);
	assert_false(t->result.refuted);
	assert_true(t->result.base > 1);
	assert_true(t->result.runs > 0);
}

/* The run that the token names breaks the same, with the rule broken only. */
static void what_killed_it_can_be_run_again(void **state)
{
	struct t_mutate *t = *state;
	struct ds_program_options how = {.region = t->region, .used = true};
	struct ds_scenario scenario;
	struct ds_program *program;
	struct ds_token token;
	size_t diverged;
	uint32_t broken;

	assert_int_equal(mutate(t, DS_RULE_RECHECK_PTE, NULL), 0);
	assert_int_equal(ds_token_parse(t->result.replay, &token, t->why,
					sizeof(t->why)),
			 0);
	assert_int_equal(token.broken, DS_RULE_RECHECK_PTE);
	assert_int_equal(ds_builtin_find(token.scenario, &scenario), 0);
	assert_true(ds_token_fits(&token, scenario.hash));
	how.profile = ds_profile_find(token.fs);
	how.broken = token.broken;
	assert_int_equal(ds_program_new(&scenario, &how, &program, t->why,
					sizeof(t->why)),
			 0);
	assert_int_equal(ds_replay_run(ds_program_world(program),
				       &token.schedule, &diverged),
			 0);
	broken = ds_checks_broken(ds_program_world(program)->checks);
	assert_int_equal(broken, t->result.broken);
	ds_program_free(program);
	ds_token_free(&token);
}

static void an_argument_counts_where_nothing_breaks(void **state)
{
	struct t_mutate *t = *state;

	assert_int_equal(mutate(t, DS_RULE_TRUNCATE_UNMAPS_AGAIN, NULL), 0);
	assert_int_equal(t->result.status, DS_MUTATION_EQUIVALENT);
	assert_null(t->result.scenario);
	assert_null(t->result.replay);
	assert_true(t->result.reached);
	assert_string_equal(t->result.search, "COMPLETE");
}

/* Elsewhere nobody looks for it: that kills nothing, and argues nothing. */
static void a_rule_that_is_not_met_survives(void **state)
{
	struct t_mutate *t = *state;

	assert_int_equal(mutate(t, DS_RULE_RECHECK_PTE, "xfs-6.1"), 0);
	assert_int_equal(t->result.status, DS_MUTATION_SURVIVED);
	assert_false(t->result.reached);
	assert_int_equal(mutate(t, DS_RULE_TRUNCATE_UNMAPS_AGAIN, "xfs-6.1"),
			 0);
	assert_int_equal(t->result.status, DS_MUTATION_SURVIVED);
}

static bool stop(void *arg, uint64_t runs, uint64_t states)
{
	(void)arg;
	(void)runs;
	(void)states;
	return true;
}

static void an_interrupt_ends_it(void **state)
{
	struct t_mutate *t = *state;

	assert_int_equal(ds_mutate(t->mutator, DS_RULE_SCAN_AWAITS_ENTRY, NULL,
				   stop, &t->result, t->why, sizeof(t->why)),
			 -EINTR);
}

/* The same for whoever asks again: nothing is left from the first time. */
static void asked_twice_it_says_the_same(void **state)
{
	struct t_mutate *t = *state;
	uint64_t base, runs;

	assert_int_equal(mutate(t, DS_RULE_RESCAN_UNTIL_IDLE, NULL), 0);
	base = t->result.base;
	runs = t->result.runs;
	assert_int_equal(mutate(t, DS_RULE_RESCAN_UNTIL_IDLE, NULL), 0);
	assert_int_equal(t->result.base, base);
	assert_int_equal(t->result.runs, runs);
}

static void every_home_is_a_scenario_on_a_profile(void **state)
{
	const char *scenario, *fs;
	struct ds_scenario parsed;
	unsigned int i, j;

	(void)state;
	for (i = DS_RULE_NONE + 1; i < DS_N_RULES; i++) {
		for (j = 0;
		     ds_mutation_home((enum ds_rule)i, j, &scenario, &fs);
		     j++) {
			assert_non_null(ds_profile_find(fs));
			assert_int_equal(ds_builtin_find(scenario, &parsed), 0);
		}
		assert_true(j > 0);
	}
}

static void statuses_have_names(void **state)
{
	(void)state;
	assert_string_equal(ds_mutation_status_name(DS_MUTATION_KILLED),
			    "killed");
	assert_string_equal(ds_mutation_status_name(DS_MUTATION_EQUIVALENT),
			    "equivalent");
	assert_string_equal(ds_mutation_status_name(DS_MUTATION_SURVIVED),
			    "survived");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_rule_that_is_missed_is_killed,
						begin, end),
		cmocka_unit_test_setup_teardown(what_killed_it_can_be_run_again,
						begin, end),
		cmocka_unit_test_setup_teardown(
			an_argument_counts_where_nothing_breaks, begin, end),
		cmocka_unit_test_setup_teardown(a_rule_that_is_not_met_survives,
						begin, end),
		cmocka_unit_test_setup_teardown(an_interrupt_ends_it, begin,
						end),
		cmocka_unit_test_setup_teardown(asked_twice_it_says_the_same,
						begin, end),
		cmocka_unit_test(every_home_is_a_scenario_on_a_profile),
		cmocka_unit_test(statuses_have_names),
	};

	return cmocka_run_group_tests_name("race/mutate", tests, NULL, NULL);
}
