// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "race/builtin.h"

static void every_text_is_a_scenario(void **state)
{
	struct ds_scenario scenario;
	unsigned int i;

	(void)state;
	for (i = 0; ds_builtin_name(i); i++) {
		const char *name = ds_builtin_name(i);

		assert_int_equal(strncmp(name, "scenario/", 9), 0);
		assert_int_equal(ds_builtin_find(name, &scenario), 0);
		/* The text names itself as its file is called. */
		assert_string_equal(scenario.name, name + 9);
		assert_true(scenario.n_tasks >= 2);
	}
	assert_true(i > 10);
	assert_null(ds_builtin_name(i + 1));
}

static void a_text_says_what_its_file_says(void **state)
{
	struct ds_scenario scenario;

	(void)state;
	assert_int_equal(ds_builtin_find("scenario/insert", &scenario), 0);
	assert_int_equal(scenario.n_files, 1);
	assert_int_equal(scenario.files[0].size, 32768);
	assert_int_equal(scenario.n_tasks, 2);
	assert_string_equal(scenario.tasks[1].name, "insert");
	assert_int_equal(scenario.tasks[1].calls[0].kind, DS_CALL_INSERT);
	assert_int_equal(scenario.n_expects, 6);
}

static void cells_are_found_too(void **state)
{
	struct ds_scenario scenario;

	(void)state;
	assert_int_equal(
		ds_builtin_find("prove/punch/direct-2/slow", &scenario), 0);
	assert_string_equal(scenario.name, "prove/punch/direct-2/slow");
}

static void other_names_are_not_found(void **state)
{
	struct ds_scenario scenario;

	(void)state;
	assert_int_equal(ds_builtin_find("insert", &scenario), -ENOENT);
	assert_int_equal(ds_builtin_find("scenario/", &scenario), -ENOENT);
	assert_int_equal(ds_builtin_find("scenario/none", &scenario), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_is_a_scenario),
		cmocka_unit_test(a_text_says_what_its_file_says),
		cmocka_unit_test(cells_are_found_too),
		cmocka_unit_test(other_names_are_not_found),
	};

	return cmocka_run_group_tests_name("race/builtin", tests, NULL, NULL);
}
