// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/warning.h"

static void every_warning_is_told_in_full(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 1; i < DS_N_WARNINGS; i++) {
		const struct ds_warning_text *text = ds_warning_text(i);

		assert_non_null(text);
		assert_non_null(text->told);
		assert_non_null(text->condition);
		assert_non_null(text->models);
		/* A line of the timeline: "W1: page N ..." */
		assert_true(strlen(text->told) < 50);
	}
}

static void no_two_warnings_are_told_alike(void **state)
{
	unsigned int i, j;

	(void)state;
	for (i = 1; i < DS_N_WARNINGS; i++)
		for (j = 1; j < i; j++)
			assert_string_not_equal(ds_warning_text(i)->condition,
						ds_warning_text(j)->condition);
}

static void other_numbers_are_no_warnings(void **state)
{
	(void)state;
	assert_null(ds_warning_text(0));
	assert_null(ds_warning_text(DS_N_WARNINGS));
	assert_null(ds_warning_text(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_warning_is_told_in_full),
		cmocka_unit_test(no_two_warnings_are_told_alike),
		cmocka_unit_test(other_numbers_are_no_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
