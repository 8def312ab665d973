// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_are_told_in_full),
		cmocka_unit_test(claims_of_one_experiment_stand_together),
	};

	return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
