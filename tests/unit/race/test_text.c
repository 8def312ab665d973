// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/text.h"

#include "fixture.h"

static void it_grows_as_it_is_written(void **state)
{
	struct ds_text text = {0};
	char *taken;
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		ds_text_add(&text, "%zu,", i % 10);
	taken = ds_text_take(&text);
	assert_int_equal(strlen(taken), 2000);
	for (i = 0; i < 1000; i++)
		assert_int_equal(taken[2 * i], '0' + i % 10);
	free(taken);
}

static void nothing_written_is_an_empty_text(void **state)
{
	struct ds_text text = {0};
	char *taken = ds_text_take(&text);

	(void)state;
	assert_string_equal(taken, "");
	free(taken);
}

static void long_lines_are_wrapped_and_indented(void **state)
{
	struct ds_text text = {0};
	char *taken;

	(void)state;
	ds_text_wrap(&text, 10, "  ", "one two three four");
	ds_text_wrap(&text, 10, "  ", "short");
	ds_text_wrap(&text, 10, "  ", "exactly 10");
	ds_text_wrap(&text, 10, "  ", "0123456789abcdefghijk");
	taken = ds_text_take(&text);
	assert_string_equal(taken, "one two\n  three\n  four\nshort\n"
				   "exactly 10\n0123456789\n  abcdefgh\n"
				   "  ijk\n");
	free(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_as_it_is_written),
		cmocka_unit_test(nothing_written_is_an_empty_text),
		cmocka_unit_test(long_lines_are_wrapped_and_indented),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
