// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/scenario_text.h"

#include "fixture.h"

static const char whole[] = "scenario all\n"
			    "flush ipi\n"
			    "watch waits\n"
			    "watch stores\n"
			    "huge 16K\n"
			    "batch 3\n"
			    "reuse blocks\n"
			    "space 0\n"
			    "longterm allow\n"
			    "recall fails\n"
			    "file A 32K huge hole 8K+4K hole 24K+4K\n"
			    "file B 4097\n"
			    "task one\n"
			    "\tbefore map A 0+8K\n"
			    "\tbefore touch A 0+8K\n"
			    "\tload A 4K+100\n"
			    "\tdirect-read A 0+8K\n"
			    "\tdirect-write A 0+8K\n"
			    "\tpin A 4K+4K\n"
			    "\tdma\n"
			    "\tunpin\n"
			    "\tpin A 0+8K read get longterm\n"
			    "\tpin A 0+8K counted\n"
			    "\tdontneed A 4K+4K\n"
			    "\tunmap A\n"
			    "\texit\n"
			    "\tread B 1+2\n"
			    "\twrite B 0+1K\n"
			    "task two\n"
			    "\ttruncate A 0\n"
			    "\tfsync A\n"
			    "\tappend A 4K\n"
			    "\topen-truncate A\n"
			    "\tpoison A 8K\n"
			    "\tallocate A 8K+4K keep\n"
			    "\tzero A 8K+4K\n"
			    "\tpunch A 8K+4K\n"
			    "\tcollapse A 8K+4K\n"
			    "\tinsert A 8K+4K\n"
			    "\tdedupe A 8K+4K B 0\n"
			    "\tunlink A\n"
			    "\tclose B\n"
			    "\tsignal one\n"
			    "\tpause\n"
			    "task three forever\n"
			    "\tread B 0+1K\n"
			    "task four\n"
			    "\tmap B 0+4K private read-only\n"
			    "\tmap B 0+4K sync\n"
			    "\ttake one\n"
			    "\tdup\n"
			    "\tundup\n"
			    "\tcomplete\n"
			    "\tawait three\n"
			    "\tfork two\n"
			    "expect ext4-4.18 violates NO_STRAY_WRITE WAITED\n"
			    "expect ext4-4.19 holds\n";

static void a_scenario_is_written_as_it_was_read(void **state)
{
	struct ds_scenario scenario;
	char *text;

	(void)state;
	f_parse(whole, &scenario);
	text = ds_scenario_text(&scenario);
	assert_string_equal(text, whole);
	free(text);
}

static void layouts_and_answers_are_written_too(void **state)
{
	static const char text[] = "scenario layouts\n"
				   "file A 8K\n"
				   "task one\n"
				   "\tbefore layout-get A 0+4K\n"
				   "\tlayout-return A\n"
				   "\tlayout-get A 4K+4K write\n"
				   "\tlayout-read A 4K+1\n"
				   "\tlayout-write A 4K+4K\n"
				   "\tlayout-commit A 4K+4K\n"
				   "task two\n"
				   "\tanswer A fence\n";
	struct ds_scenario scenario;
	char *again;

	(void)state;
	f_parse(text, &scenario);
	assert_int_equal(scenario.tasks[1].calls[0].answer, DS_ANSWER_FENCE);
	assert_false(scenario.tasks[0].calls[0].keep);
	assert_true(scenario.tasks[0].calls[2].keep);
	again = ds_scenario_text(&scenario);
	assert_string_equal(again, text);
	free(again);
}

/* Other words for the same come out as the same scenario. */
static void what_is_written_says_the_same(void **state)
{
	struct ds_scenario first, second;
	char *text, *again;

	(void)state;
	f_parse("# comment\nfile A 8192\ntask t\n\n read A  4096+1024\n",
		&first);
	text = ds_scenario_text(&first);
	f_parse(text, &second);
	again = ds_scenario_text(&second);
	assert_string_equal(text, again);
	assert_int_equal(second.files[0].size, 8192);
	assert_int_equal(second.tasks[0].calls[0].offset, 4096);
	assert_int_equal(second.tasks[0].calls[0].len, 1024);
	assert_string_equal(text, "scenario text\nfile A 8K\ntask t\n"
				  "\tread A 4K+1K\n");
	free(text);
	free(again);
}

static void shapes_tell_what_a_call_names(void **state)
{
	(void)state;
	assert_true(ds_shape_has_range(ds_call_shape(DS_CALL_PUNCH)));
	assert_true(ds_shape_has_range(ds_call_shape(DS_CALL_ZERO)));
	assert_false(ds_shape_has_range(ds_call_shape(DS_CALL_TRUNCATE)));
	assert_true(ds_shape_has_file(ds_call_shape(DS_CALL_TRUNCATE)));
	assert_true(ds_shape_has_file(ds_call_shape(DS_CALL_CLOSE)));
	assert_false(ds_shape_has_file(ds_call_shape(DS_CALL_SIGNAL)));
	assert_false(ds_shape_has_file(ds_call_shape(DS_CALL_DMA)));
	assert_false(ds_shape_has_file(ds_call_shape(DS_CALL_TAKE)));
	assert_true(ds_shape_has_range(ds_call_shape(DS_CALL_PIN)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_and_answers_are_written_too),
		cmocka_unit_test(a_scenario_is_written_as_it_was_read),
		cmocka_unit_test(what_is_written_says_the_same),
		cmocka_unit_test(shapes_tell_what_a_call_names),
	};

	return cmocka_run_group_tests_name("scenario_text", tests, NULL, NULL);
}
