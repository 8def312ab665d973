// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/cells.h"

#include "fixture.h"

static struct ds_spec find(const struct ds_spec_op *op,
			   const struct ds_fs_profile *profile,
			   struct ds_region *region)
{
	struct ds_spec spec;
	char why[200];

	if (ds_spec_find(op, profile, region, &spec, why, sizeof(why)) != 0)
		fail_msg("%s on %s: %s", op->name, profile->name, why);
	return spec;
}

/* Two ways to the same verdict, of which neither knows the other. */
static void what_follows_from_the_rule_is_what_was_worked_out(void **state)
{
	const struct ds_fs_profile *profile;
	const struct ds_cell_pin *pin;
	const struct ds_spec_op *op;
	struct ds_region *region;
	unsigned int i, j, p, n = 0;

	(void)state;
	f_region(&region);
	for (i = 0; (op = ds_spec_op_at(i)); i++)
		for (j = 0; (profile = ds_profile_at(j)); j++) {
			struct ds_spec spec;

			if (!op->proved || !profile->proved)
				continue;
			spec = find(op, profile, region);
			for (p = 0; (pin = ds_cell_pin_at(p)); p++) {
				const struct ds_verdict *known =
					ds_verdict_expected(op->name,
							    profile->name,
							    pin->name);

				if (!known)
					continue;
				n++;
				if (known->violates !=
				    ds_verdict_predicted(op, &spec, pin)
					    ->violates)
					fail_msg("%s, %s, %s", op->name,
						 profile->name, pin->name);
			}
		}
	assert_int_equal(n, 120);
	ds_region_close(region);
}

static void a_wait_that_does_not_end_is_foreseen(void **state)
{
	const struct ds_spec hangs = {
		.waits_for = 0xff,
		.waits_unmapped = true,
		.looks_again = true,
		.ends_with_bio = true,
		.keeps_copies = true,
	};
	struct ds_spec sleeps_on = hangs;
	unsigned int p;

	(void)state;
	sleeps_on.ends_refaulted[0] = true;
	sleeps_on.ends_refaulted[1] = true;
	sleeps_on.ends_with_bio = false;
	for (p = 0; ds_cell_pin_at(p); p++) {
		const struct ds_cell_pin *pin = ds_cell_pin_at(p);
		const struct ds_spec_op *punch = ds_spec_op_at(2);

		assert_int_equal(
			ds_verdict_predicted(punch, &hangs, pin)->violates,
			pin->pages && !pin->unmap && !pin->layout);
		assert_int_equal(
			ds_verdict_predicted(punch, &sleeps_on, pin)->violates,
			pin->pages && pin->bio);
	}
}

static void only_what_is_taken_away_must_be_waited_for(void **state)
{
	const struct ds_spec_op *punch = ds_spec_op_at(2);
	struct ds_spec spec = {.takes = 1u << 5};
	const struct ds_cell_pin *pin = ds_cell_pin_at(0);

	(void)state;
	assert_false(ds_verdict_predicted(punch, &spec, pin)->violates);
	spec.takes |= pin->pages;
	assert_true(ds_verdict_predicted(punch, &spec, pin)->violates);
	spec.waits_for = spec.takes;
	spec.looks_again = spec.ends_with_bio = true;
	spec.ends_refaulted[0] = spec.ends_refaulted[1] = true;
	assert_false(ds_verdict_predicted(punch, &spec, pin)->violates);
}

static void who_was_lent_what_is_taken_away_is_owed_a_recall(void **state)
{
	const struct ds_spec_op *punch = ds_spec_op_at(2);
	const struct ds_cell_pin *pin = ds_cell_pin_at(0);
	struct ds_spec spec = {
		.takes = 0xff,
		.waits_for = 0xff,
		.waits_unmapped = true,
		.looks_again = true,
		.ends_refaulted = {true, true},
		.ends_with_bio = true,
	};
	unsigned int i;

	(void)state;
	for (i = 0; !pin->layout; i++)
		pin = ds_cell_pin_at(i);
	assert_true(ds_verdict_predicted(punch, &spec, pin)->violates);
	spec.recalls = true;
	assert_false(ds_verdict_predicted(punch, &spec, pin)->violates);
	spec.recalls = false;
	spec.takes = 0;
	assert_false(ds_verdict_predicted(punch, &spec, pin)->violates);
}

static void a_lost_copy_is_foreseen_and_a_load_that_keeps_a_page_busy(
	void **state)
{
	const struct ds_spec_op *punch = ds_spec_op_at(2);
	struct ds_spec spec = {
		.takes = 0xff,
		.waits_for = 0xff,
		.waits_unmapped = true,
		.looks_again = true,
		.ends_refaulted = {false, true},
		.ends_with_bio = true,
	};
	unsigned int i;

	(void)state;
	for (i = 0; ds_cell_pin_at(i); i++) {
		const struct ds_cell_pin *pin = ds_cell_pin_at(i);
		bool violates =
			ds_verdict_predicted(punch, &spec, pin)->violates;

		if (pin->copy)
			assert_true(violates);
		else if (pin->pages && !pin->layout)
			assert_int_equal(violates, pin->loads || pin->out);
		spec.keeps_copies = true;
		if (pin->copy)
			assert_false(ds_verdict_predicted(punch, &spec, pin)
					     ->violates);
		spec.keeps_copies = false;
	}
}

static void who_fails_at_a_pin_takes_nothing_from_under_it(void **state)
{
	const struct ds_spec_op *punch = ds_spec_op_at(2);
	const struct ds_cell_pin *one = ds_cell_pin_at(0);
	const struct ds_cell_pin *two = ds_cell_pin_at(1);
	struct ds_spec spec = {.takes = 0xff, .refuses = one->pages};

	(void)state;
	assert_false(ds_verdict_predicted(punch, &spec, one)->violates);
	assert_true(ds_verdict_predicted(punch, &spec, two)->violates);
	spec.refuses = 0xff;
	assert_false(ds_verdict_predicted(punch, &spec, two)->violates);
	assert_true(ds_verdict_predicted(punch, &spec, ds_cell_pin_at(2))
			    ->violates);
	spec.waits_unmapped = true;
	assert_false(ds_verdict_predicted(punch, &spec, ds_cell_pin_at(2))
			     ->violates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_follows_from_the_rule_is_what_was_worked_out),
		cmocka_unit_test(a_wait_that_does_not_end_is_foreseen),
		cmocka_unit_test(only_what_is_taken_away_must_be_waited_for),
		cmocka_unit_test(
			who_was_lent_what_is_taken_away_is_owed_a_recall),
		cmocka_unit_test(
			a_lost_copy_is_foreseen_and_a_load_that_keeps_a_page_busy),
		cmocka_unit_test(
			who_fails_at_a_pin_takes_nothing_from_under_it),
	};

	return cmocka_run_group_tests_name("verdicts", tests, NULL, NULL);
}
