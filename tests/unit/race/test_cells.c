// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "race/cells.h"

static void find_again(const struct ds_spec_op *op,
		       const struct ds_cell_pin *pin, bool touched)
{
	struct ds_scenario made, found;

	assert_int_equal(ds_cell_scenario(op, pin, touched, &made), 0);
	assert_int_equal(ds_cell_find(made.name, &found), 0);
	assert_true(found.hash == made.hash);
}

static void every_cell_is_a_scenario_that_is_found_by_its_name(void **state)
{
	const struct ds_cell_pin *pin;
	const struct ds_spec_op *op;
	unsigned int i, j;

	(void)state;
	for (i = 0; (op = ds_spec_op_at(i)); i++)
		for (j = 0; (pin = ds_cell_pin_at(j)); j++) {
			if (!ds_cell_exists(op, pin))
				continue;
			find_again(op, pin, false);
			find_again(op, pin, true);
		}
}

static void what_is_no_cell_is_not_found(void **state)
{
	struct ds_scenario found;

	(void)state;
	assert_int_equal(ds_cell_find("prove/punch/direct-9/fast", &found),
			 -ENOENT);
	assert_int_equal(ds_cell_find("punch", &found), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_cell_is_a_scenario_that_is_found_by_its_name),
		cmocka_unit_test(what_is_no_cell_is_not_found),
	};

	return cmocka_run_group_tests_name("race/cells", tests, NULL, NULL);
}
