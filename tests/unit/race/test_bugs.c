// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "race/bugs.h"

static unsigned long number(const struct ds_bug *bug)
{
	assert_int_equal(bug->id[0], 'R');
	return strtoul(bug->id + 1, NULL, 10);
}

/* The numbers are referred to elsewhere: none is missing, none moves. */
static void bugs_are_in_order_and_named_apart(void **state)
{
	unsigned int i, k;

	(void)state;
	for (i = 0; ds_bug_at(i); i++) {
		assert_int_equal(number(ds_bug_at(i)), i + 1);
		for (k = 0; k < i; k++)
			assert_string_not_equal(ds_bug_at(k)->name,
						ds_bug_at(i)->name);
	}
	assert_int_equal(i, 49);
}

static void assert_exists(const struct ds_case *what)
{
	struct ds_scenario scenario;
	char why[200];

	if (what->scenario &&
	    ds_case_scenario(what, &scenario, why, sizeof(why)) != 0)
		fail_msg("%s", why);
}

static void cases_of_bugs_exist(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; ds_bug_at(i); i++) {
		assert_exists(&ds_bug_at(i)->shown);
		assert_exists(&ds_bug_at(i)->absent);
		assert_true(ds_bug_at(i)->property < DS_N_PROPERTIES);
	}
}

/* What is a question has an answer; what is not shown has a reason. */
static void every_question_is_answered(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; ds_bug_at(i); i++) {
		const struct ds_bug *bug = ds_bug_at(i);

		if (bug->status == DS_BUG_PLAUSIBLE || !bug->shown.scenario)
			assert_non_null(bug->answer);
		if (bug->status == DS_BUG_KNOWN)
			assert_non_null(bug->cites);
		assert_non_null(ds_bug_status_name(bug->status));
	}
}

/* A warning has a case that raises it, or a reason why there is none. */
static void warnings_have_a_case_or_a_reason(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 1; i < DS_N_WARNINGS; i++) {
		assert_exists(ds_warning_case(i));
		assert_true(!ds_warning_case(i)->scenario !=
			    !ds_warning_text(i)->unreachable);
	}
	assert_null(ds_warning_case(0)->scenario);
	assert_null(ds_warning_case(DS_N_WARNINGS)->scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bugs_are_in_order_and_named_apart),
		cmocka_unit_test(cases_of_bugs_exist),
		cmocka_unit_test(every_question_is_answered),
		cmocka_unit_test(warnings_have_a_case_or_a_reason),
	};

	return cmocka_run_group_tests_name("bugs", tests, NULL, NULL);
}
