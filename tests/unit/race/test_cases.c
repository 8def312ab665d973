// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/cases.h"

#include "fixture.h"

static const struct ds_case early = {
	.scenario = "scenario/early-give-up",
	.fs = "ext4-v3",
	.kind = DS_SEARCH_STATES,
};

static int run(const struct ds_case *what, enum ds_rule broken, char *why,
	       struct ds_search_result *result)
{
	struct ds_search_options options = {
		.kind = what->kind,
		.max_steps = F_STEPS,
	};
	struct ds_region *region;
	int r;

	f_region(&region);
	r = ds_case_search(what, broken, &options, region, result, why, 200);
	ds_region_close(region);
	return r;
}

static void a_case_is_searched_as_it_says(void **state)
{
	struct ds_search_result result;
	char why[200] = "";

	(void)state;
	assert_int_equal(run(&early, DS_RULE_NONE, why, &result), 0);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_true(result.states > 0);
	assert_true(result.findings[DS_WAITED].runs > 0);
	ds_search_result_free(&result);
}

static void a_rule_is_left_out(void **state)
{
	const struct ds_case fixed = {
		.scenario = "prove/punch/direct-1/fast",
		.fs = "ext4-4.19",
	};
	struct ds_search_result result;
	char why[200] = "";

	(void)state;
	assert_int_equal(run(&fixed, DS_RULE_NONE, why, &result), 0);
	assert_int_equal(result.broken, 0);
	ds_search_result_free(&result);
	assert_int_equal(run(&fixed, DS_RULE_EXT4_PUNCH_BREAKS, why, &result),
			 0);
	assert_true(result.findings[DS_WAITED].runs > 0);
	ds_search_result_free(&result);
}

static void what_does_not_exist_is_named(void **state)
{
	struct ds_case none = early;
	struct ds_search_result result;
	char why[200] = "";

	(void)state;
	none.scenario = "scenario/no-such";
	assert_int_equal(run(&none, DS_RULE_NONE, why, &result), -EINVAL);
	assert_non_null(strstr(why, "scenario/no-such"));
	none = early;
	none.fs = "ext5";
	assert_int_equal(run(&none, DS_RULE_NONE, why, &result), -EINVAL);
	assert_non_null(strstr(why, "ext5"));
}

static void the_command_shows_the_case(void **state)
{
	struct ds_case mutated = early;
	char command[200];

	(void)state;
	ds_case_command(&early, command, sizeof(command));
	assert_string_equal(command,
			    "daxsim explore scenario/early-give-up --fs ext4-v3"
			    " --strategy states");
	mutated.kind = DS_SEARCH_SOURCE;
	mutated.broken = DS_RULE_PUT_WAKES;
	ds_case_command(&mutated, command, sizeof(command));
	assert_string_equal(command,
			    "daxsim explore scenario/early-give-up --fs ext4-v3"
			    " --mutate put-wakes-nobody");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_case_is_searched_as_it_says),
		cmocka_unit_test(a_rule_is_left_out),
		cmocka_unit_test(what_does_not_exist_is_named),
		cmocka_unit_test(the_command_shows_the_case),
	};

	return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
