// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rule.h"

static const struct ds_rule_text *text_of(unsigned int i)
{
	return ds_rule_text((enum ds_rule)i);
}

/* Names go into tokens and onto command lines. */
static void assert_is_name(const char *name)
{
	assert_non_null(name);
	assert_true(strlen(name) > 3 && strlen(name) < 40);
	assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
			 strlen(name));
}

static void every_rule_is_told_in_full(void **state)
{
	unsigned int i;

	(void)state;
	for (i = DS_RULE_NONE + 1; i < DS_N_RULES; i++) {
		const struct ds_rule_text *text = text_of(i);

		assert_is_name(text->name);
		assert_is_name(text->mutation);
		assert_non_null(text->models);
		assert_non_null(text->sentence);
		assert_int_equal(text->sentence[strlen(text->sentence) - 1],
				 '.');
		if (text->equivalent)
			assert_true(strlen(text->equivalent) > 80);
	}
}

static void names_are_found_and_no_two_are_the_same(void **state)
{
	unsigned int i;

	(void)state;
	for (i = DS_RULE_NONE + 1; i < DS_N_RULES; i++) {
		assert_int_equal(ds_rule_find(text_of(i)->name), i);
		assert_int_equal(ds_mutation_find(text_of(i)->mutation), i);
		/* Which of the two is meant is never in doubt. */
		assert_int_equal(ds_mutation_find(text_of(i)->name),
				 DS_RULE_NONE);
	}
}

static void unknown_names_are_no_rule(void **state)
{
	(void)state;
	assert_int_equal(ds_rule_find("no-such-rule"), DS_RULE_NONE);
	assert_int_equal(ds_rule_find(""), DS_RULE_NONE);
	assert_int_equal(ds_mutation_find("no-such-mutation"), DS_RULE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_is_told_in_full),
		cmocka_unit_test(names_are_found_and_no_two_are_the_same),
		cmocka_unit_test(unknown_names_are_no_rule),
	};

	return cmocka_run_group_tests_name("core/rule", tests, NULL, NULL);
}
