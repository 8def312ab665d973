// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "fs/profiles.h"
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
			if (!ds_cell_exists(op, ds_profile_find("xfs-6.15"),
					    pin))
				continue;
			find_again(op, pin, false);
			find_again(op, pin, true);
		}
}

/* How many kinds of pin there are for @op on @fs. */
static unsigned int count_pins(const char *op, const char *fs)
{
	const struct ds_fs_profile *profile = ds_profile_find(fs);
	unsigned int i = 0, j, n = 0;

	while (strcmp(ds_spec_op_at(i)->name, op) != 0)
		i++;
	for (j = 0; ds_cell_pin_at(j); j++)
		n += ds_cell_exists(ds_spec_op_at(i), profile,
				    ds_cell_pin_at(j));
	return n;
}

static void what_cannot_be_is_no_cell(void **state)
{
	unsigned int all = count_pins("punch", "xfs-6.15");

	(void)state;
	/* No MAP_SYNC there, no DAX, and no end to copies. */
	assert_int_equal(count_pins("punch", "virtiofs-6.15"), all - 1);
	assert_int_equal(count_pins("punch", "ext4-pagecache"), 0);
	assert_int_equal(count_pins("punch", "xfs-6.15-cow"), all);
	assert_int_equal(count_pins("store", "xfs-6.15-cow"), 0);
	assert_int_equal(count_pins("load", "xfs-6.15-cow"), all);
	assert_int_equal(count_pins("evict", "xfs-6.15"), 1);
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
		cmocka_unit_test(what_cannot_be_is_no_cell),
		cmocka_unit_test(what_is_no_cell_is_not_found),
	};

	return cmocka_run_group_tests_name("race/cells", tests, NULL, NULL);
}
