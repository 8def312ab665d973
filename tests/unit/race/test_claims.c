// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pmem/region.h"
#include "race/claims.h"

static void claims_are_told_in_full(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; ds_claim_at(i); i++) {
		const struct ds_claim *claim = ds_claim_at(i);
		struct ds_scenario scenario;
		char why[200];

		assert_non_null(claim->who);
		assert_non_null(claim->says);
		assert_int_equal(strlen(claim->date), strlen("2018-07-04"));
		if (ds_case_scenario(&claim->where, &scenario, why,
				     sizeof(why)) != 0)
			fail_msg("%s", why);
		assert_true(claim->warning < DS_N_WARNINGS);
		if (claim->against.scenario &&
		    ds_case_scenario(&claim->against, &scenario, why,
				     sizeof(why)) != 0)
			fail_msg("%s", why);
	}
	assert_true(i > 0);
}

/* An argument is told whole, not in pieces. */
static void claims_of_one_experiment_stand_together(void **state)
{
	unsigned int i, k;

	(void)state;
	for (i = 1; ds_claim_at(i); i++)
		for (k = 0; k + 1 < i; k++)
			if (strcmp(ds_claim_at(k)->experiment,
				   ds_claim_at(i)->experiment) == 0)
				assert_string_equal(
					ds_claim_at(i - 1)->experiment,
					ds_claim_at(i)->experiment);
}

static void try_it(const struct ds_claim *claim, struct ds_claim_outcome *ret)
{
	struct ds_region_options memfd = {.size = 4 << 20};
	struct ds_region *region;
	char why[200];

	assert_int_equal(ds_region_open(&memfd, &region, why, sizeof(why)), 0);
	if (ds_claim_try(claim, region, ret, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	ds_region_close(region);
}

static void assert_text(const struct ds_claim *claim,
			const struct ds_claim_outcome *outcome,
			const char *expected)
{
	char text[200];

	ds_claim_outcome_text(claim, outcome, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void a_property_judges(void **state)
{
	struct ds_claim claim = {
		.where = {.scenario = "scenario/insert", .fs = "ext4-v3"},
		.property = DS_WAITED,
	};
	struct ds_claim_outcome outcome;

	(void)state;
	try_it(&claim, &outcome);
	assert_true(outcome.breaks && outcome.complete);
	assert_text(&claim, &outcome, "WAITED breaks on ext4-v3");
	claim.where.fs = "ext4-4.19";
	try_it(&claim, &outcome);
	assert_false(outcome.breaks);
	assert_text(&claim, &outcome, "WAITED holds on ext4-4.19");
}

static void a_warning_judges_if_one_is_named(void **state)
{
	struct ds_claim claim = {
		.where = {.scenario = "prove/punch/direct-1/fast",
			  .fs = "ext4-4.18"},
		.property = DS_LOCKS_BALANCED,
		.warning = DS_WARN_BUSY_PAGE_REMOVED,
	};
	struct ds_claim_outcome outcome;

	(void)state;
	try_it(&claim, &outcome);
	assert_true(outcome.breaks);
	assert_text(&claim, &outcome, "W1 is raised on ext4-4.18");
	claim.where.scenario = "prove/allocate/direct-1/fast";
	claim.where.fs = "ext4-4.19";
	try_it(&claim, &outcome);
	assert_false(outcome.breaks);
	assert_text(&claim, &outcome, "W1 is never raised on ext4-4.19");
}

/* Of one page either order explains the end, of two pages neither may. */
static void contents_are_compared_where_there_is_a_case_for_it(void **state)
{
	struct ds_claim claim = {
		.where = {.scenario = "scenario/insert", .fs = "ext4-v3"},
		.property = DS_WAITED,
		.against = {.scenario = "scenario/insert", .fs = "ext4-4.19"},
	};
	struct ds_claim_outcome outcome;

	(void)state;
	try_it(&claim, &outcome);
	assert_false(outcome.breaks);
	assert_int_equal(outcome.n_finals, 2);
	assert_text(&claim, &outcome,
		    "2 of 2 final contents on ext4-v3 are among those of "
		    "scenario/insert on ext4-4.19");
	claim.where.scenario = "scenario/thread-insert-two-pages";
	claim.against.scenario = claim.where.scenario;
	try_it(&claim, &outcome);
	assert_true(outcome.breaks);
	assert_int_equal(outcome.n_foreign, 1);
}

static void an_experiment_that_does_not_exist_is_named(void **state)
{
	struct ds_claim claim = {
		.where = {.scenario = "scenario/insert", .fs = "ext4-v3"},
		.against = {.scenario = "scenario/none", .fs = "ext4-v3"},
	};
	struct ds_region_options memfd = {.size = 4 << 20};
	struct ds_claim_outcome outcome;
	struct ds_region *region;
	char why[200];

	(void)state;
	assert_int_equal(ds_region_open(&memfd, &region, why, sizeof(why)), 0);
	assert_int_equal(ds_claim_try(&claim, region, &outcome, why,
				      sizeof(why)),
			 -EINVAL);
	assert_non_null(strstr(why, "scenario/none"));
	ds_region_close(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_are_told_in_full),
		cmocka_unit_test(claims_of_one_experiment_stand_together),
		cmocka_unit_test(a_property_judges),
		cmocka_unit_test(a_warning_judges_if_one_is_named),
		cmocka_unit_test(
			contents_are_compared_where_there_is_a_case_for_it),
		cmocka_unit_test(an_experiment_that_does_not_exist_is_named),
	};

	return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
