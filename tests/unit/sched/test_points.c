// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../support/dies.h"
#include "sched/points.h"

static void every_point_has_a_name_of_its_own(void **state)
{
	unsigned int i, j;

	(void)state;
	for (i = 0; i < DS_AT_N_POINTS; i++) {
		const char *name = ds_point_name((enum ds_at)i);

		assert_true(*name);
		for (j = 0; j < i; j++)
			assert_string_not_equal(name,
						ds_point_name((enum ds_at)j));
	}
}

/* Regressions are kept by these names. */
static void names_are_the_words_of_the_enum(void **state)
{
	(void)state;
	assert_string_equal(ds_point_name(DS_AT_START), "START");
	assert_string_equal(ds_point_name(DS_AT_PTE_CLEAR), "PTE_CLEAR");
	assert_string_equal(ds_point_name(DS_AT_CELL), "CELL");
}

static void name_of_none(void *arg)
{
	(void)arg;
	ds_point_name(DS_AT_N_POINTS);
}

static void no_point_has_no_name(void **state)
{
	(void)state;
	assert_true(t_aborts(name_of_none, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_point_has_a_name_of_its_own),
		cmocka_unit_test(names_are_the_words_of_the_enum),
		cmocka_unit_test(no_point_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
