// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static void every_property_is_found_by_its_name(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < DS_N_PROPERTIES; i++) {
		const struct ds_property *property =
			ds_property((enum ds_property_id)i);

		assert_int_equal(ds_property_find(property->name), i);
		assert_non_null(property->sentence);
		assert_non_null(property->reads);
		/* What it wants to see it can look at. */
		assert_true(!property->events || property->event);
		assert_int_equal(property->parallel_events & ~property->events,
				 0);
	}
	assert_int_equal(ds_property_find("WAITED"), DS_WAITED);
	assert_int_equal(ds_property_find("WAIT"), DS_N_PROPERTIES);
	assert_int_equal(ds_property_find(""), DS_N_PROPERTIES);
}

static void the_first_time_counts(void **state)
{
	struct ds_checks *checks;
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	checks = s.t.world->checks;
	ds_checks_report(checks, DS_WAITED, 3, "page %d", 1);
	ds_checks_report(checks, DS_WAITED, 4, "page %d", 2);
	assert_int_equal(ds_checks_broken(checks), t_bit(DS_WAITED));
	assert_string_equal(checks->findings[DS_WAITED].text, "page 1");
	assert_int_equal(checks->findings[DS_WAITED].task, 3);
	t_close(&s.t);
}

/* A finding tells when in the run it was made. */
static void a_finding_knows_its_step(void **state)
{
	const struct ds_finding *finding;
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.18");
	t_pin_page(&s, 1);
	t_call(&s, T_PUNCH, T_K, T_K);
	finding = &s.t.world->checks->findings[DS_WAITED];
	assert_in_range(finding->step, 2, s.t.world->sched->n_steps);
	assert_true(finding->step <
		    s.t.world->checks->findings[DS_NO_FREE_BLOCK_PINNED].step);
	assert_string_equal(
		ds_checks_task_name(s.t.world->checks, finding->task), "call");
	assert_string_equal(ds_checks_task_name(s.t.world->checks, 99),
			    "setup");
	t_close(&s.t);
}

static void rewinding_forgets_findings(void **state)
{
	struct t_scene s;

	(void)state;
	t_set_up(&s, "ext4-4.19");
	assert_int_equal(ds_world_mark(s.t.world), 0);
	ds_checks_report(s.t.world->checks, DS_WAITED, 0, "x");
	ds_world_rewind(s.t.world);
	assert_int_equal(ds_checks_broken(s.t.world->checks), 0);
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_property_is_found_by_its_name),
		cmocka_unit_test(the_first_time_counts),
		cmocka_unit_test(a_finding_knows_its_step),
		cmocka_unit_test(rewinding_forgets_findings),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
