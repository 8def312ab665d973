// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/explain.h"

#include "fixture.h"
#include "race/timeline.h"

/* The explanation of a run that breaks @property. */
static char *explain(const char *scenario, const char *fs,
		     enum ds_property_id property)
{
	struct ds_seek how = {
		.property = property,
		.breaks = true,
		.budget = 100000,
		.max_steps = F_STEPS,
	};
	struct ds_inevitable inevitable;
	struct ds_seek_result red;
	struct f_program f;
	char *text;

	f_open(&f, scenario, fs);
	assert_int_equal(ds_seek_run(f.world, &how, &red), 0);
	assert_int_equal(red.end, DS_SEEK_FOUND);
	assert_int_equal(ds_inevitable_find(f.world, &red.schedule, property,
					    red.finding.step, 100000,
					    &inevitable),
			 0);
	assert_int_equal(ds_explain(f.world, &red.schedule, property,
				    &inevitable, &text),
			 0);
	ds_inevitable_free(&inevitable);
	ds_schedule_free(&red.schedule);
	f_close(&f);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

/* All that one needs to see the mistake of 2018. */
static void the_early_give_up_is_told(void **state)
{
	char *text = explain(F_EARLY, "ext4-v3", DS_WAITED);

	(void)state;
	assert_has(text, "WAITED: At the step that changes the extent map");
	assert_has(text, "the block of page 3 is removed while direct");
	assert_has(text, "  direct     stands before FRAME_PUT\n"
			 "             pins page 3 of A: block 4, count 2\n");
	assert_has(text,
		   "  punch      stands before EXTENT_CHANGE, in punch\n");
	assert_has(text, "A.fault_lock exclusive");
	assert_has(text, "what punch had looked at, in punch\n");
	assert_has(text, "block 3: count 2\n");
	assert_has(text, "block 3: count 1\n");
	assert_has(text, "never      block 4, which direct has pinned\n");
	assert_has(text, "fixed by b1f382178d15 (v4.19)\n");
	free(text);
}

static void who_never_asks_has_looked_at_nothing(void **state)
{
	char *text = explain(F_EARLY, "ext4-4.18", DS_WAITED);

	(void)state;
	assert_has(text, "never      block 4, which direct has pinned\n");
	assert_lacks(text, "  step ");
	assert_has(text, "fixed by 430657b6be89 (v4.19)\n");
	free(text);
}

static void a_pin_that_nobody_maps_is_told(void **state)
{
	static const char scenario[] =
		"file A 16K\ntask direct\nbefore map A 8K+4K\n"
		"before pin A 8K+4K\nbefore unmap A\ndma\nunpin\n"
		"task punch\npunch A 8K+4K\n";
	char *text = explain(scenario, "ext4-4.19", DS_NO_STRAY_WRITE);

	(void)state;
	assert_has(text, "nobody did, so no page counted\n");
	assert_has(text, "  setup      pins page 2 of A: block 3, count 2\n");
	assert_has(text, "before step ");
	assert_has(text, "stands before BLOCK_FREE, in punch\n");
	assert_has(text, "fixed by cee91fa13a8e (v6.15)\n");
	free(text);
}

/* What the task saw in an earlier call is no reason. */
static void only_the_call_that_breaks_has_looked(void **state)
{
	static const char scenario[] =
		"file A 32K\ntask direct\nbefore map A 8K+8K\n"
		"before touch A 8K+8K\ndirect-read A 8K+8K\n"
		"task punch\npunch A 0+4K\npunch A 8K+8K\n";
	char *text = explain(scenario, "ext4-v3", DS_WAITED);

	(void)state;
	assert_has(text, "block 3: count 2\n");
	assert_has(text, "never      block 4, which direct has pinned\n");
	assert_lacks(text, "block 4: count");
	free(text);
}

static void an_eviction_is_no_call(void **state)
{
	static const char scenario[] =
		"file A 16K\ntask direct\nbefore map A 4K+4K\n"
		"before touch A 4K+4K\npin A 4K+4K\nunmap A\ndma\nunpin\n"
		"task owner\nunlink A\nclose A\n";
	char *text = explain(scenario, "xfs-4.19", DS_NO_FREE_BLOCK_PINNED);

	(void)state;
	assert_has(text, "had looked at\n");
	assert_has(text, "fixed by 0e2f80afcfa6 (v6.15)\n");
	free(text);
}

static void no_line_is_wider_than_72_columns(void **state)
{
	char *text = explain(F_EARLY, "ext4-v3", DS_NO_FREE_BLOCK_PINNED);
	char *line, *rest;

	(void)state;
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		assert_in_range(strlen(line), 0, DS_TIMELINE_WIDTH);
	free(text);
}

static void a_run_that_breaks_nothing_is_not_explained(void **state)
{
	struct ds_inevitable inevitable = {0};
	struct ds_schedule schedule = {0};
	struct f_program f;
	char *text;

	(void)state;
	f_open(&f, F_EARLY, "ext4-v3");
	assert_int_equal(ds_schedule_append(&schedule, 0), 0);
	assert_int_equal(ds_explain(f.world, &schedule, DS_WAITED, &inevitable,
				    &text),
			 -EPROTO);
	ds_schedule_free(&schedule);
	f_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_early_give_up_is_told),
		cmocka_unit_test(who_never_asks_has_looked_at_nothing),
		cmocka_unit_test(a_pin_that_nobody_maps_is_told),
		cmocka_unit_test(only_the_call_that_breaks_has_looked),
		cmocka_unit_test(an_eviction_is_no_call),
		cmocka_unit_test(no_line_is_wider_than_72_columns),
		cmocka_unit_test(a_run_that_breaks_nothing_is_not_explained),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
