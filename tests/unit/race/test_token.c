// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/prng.h"
#include "race/token.h"

static const char whole[] = "ds1:prove/punch/direct-2/fast:ext4-v3:a8b21a2b:";

static void append(struct ds_schedule *schedule, unsigned int task,
		   unsigned int n)
{
	while (n--)
		assert_int_equal(ds_schedule_append(schedule, task), 0);
}

static char *make(const char *scenario, uint32_t hash)
{
	struct ds_schedule schedule = {0};
	char *text;

	append(&schedule, 0, 8);
	append(&schedule, 1, 21);
	append(&schedule, 0, 2);
	append(&schedule, 1, 1);
	text = ds_token_format(scenario, hash, "ext4-v3", DS_RULE_NONE,
			       &schedule);
	assert_non_null(text);
	ds_schedule_free(&schedule);
	return text;
}

static int parse(const char *text, struct ds_token *token, char *why,
		 size_t why_size)
{
	snprintf(why, why_size, "nothing said");
	return ds_token_parse(text, token, why, why_size);
}

static void a_token_is_one_short_word(void **state)
{
	char *text = make("prove/punch/direct-2/fast", 7);

	(void)state;
	assert_int_equal(strncmp(text, whole, strlen(whole)), 0);
	assert_int_equal(strlen(text), strlen(whole) + 8);
	free(text);
}

static void what_is_written_is_read_back(void **state)
{
	static const char *const names[] = {
		"prove/punch/direct-2/fast",
		"a.scn",
		"/tmp/with space:colon%.scn",
	};
	struct ds_token token;
	char why[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *text = make(names[i], 7);

		assert_int_equal(parse(text, &token, why, sizeof(why)), 0);
		assert_string_equal(token.scenario, names[i]);
		assert_string_equal(token.fs, "ext4-v3");
		assert_int_equal(token.broken, DS_RULE_NONE);
		assert_int_equal(token.schedule.n, 32);
		assert_int_equal(token.schedule.tasks[7], 0);
		assert_int_equal(token.schedule.tasks[8], 1);
		assert_int_equal(token.schedule.tasks[31], 1);
		assert_true(ds_token_fits(&token, 7));
		ds_token_free(&token);
		free(text);
	}
}

static void a_broken_rule_is_part_of_it(void **state)
{
	struct ds_schedule schedule = {0};
	struct ds_token token;
	char *text, why[200];

	(void)state;
	append(&schedule, 1, 3);
	text = ds_token_format("x", 1, "ext4-4.19", DS_RULE_RECHECK_PTE,
			       &schedule);
	assert_int_equal(
		strncmp(text, "ds1:x:ext4-4.19+no-pte-recheck:b3:", 34), 0);
	assert_int_equal(parse(text, &token, why, sizeof(why)), 0);
	assert_string_equal(token.fs, "ext4-4.19");
	assert_int_equal(token.broken, DS_RULE_RECHECK_PTE);
	assert_true(ds_token_fits(&token, 1));
	/* The run of one protocol says nothing about another. */
	token.broken = DS_RULE_NONE;
	assert_false(ds_token_fits(&token, 1));
	token.broken = DS_RULE_PUT_WAKES;
	assert_false(ds_token_fits(&token, 1));
	ds_token_free(&token);
	ds_schedule_free(&schedule);
	free(text);
}

static void blanks_behind_it_do_not_matter(void **state)
{
	char *text = make("x", 1), padded[300], why[200];
	struct ds_token token;

	(void)state;
	snprintf(padded, sizeof(padded), "%s \n", text);
	assert_int_equal(parse(padded, &token, why, sizeof(why)), 0);
	assert_true(ds_token_fits(&token, 1));
	ds_token_free(&token);
	free(text);
}

static void it_fits_what_it_was_made_for_and_nothing_else(void **state)
{
	char *text = make("x", 1), *steps, why[200];
	struct ds_token token;

	(void)state;
	assert_int_equal(parse(text, &token, why, sizeof(why)), 0);
	assert_true(ds_token_fits(&token, 1));
	assert_false(ds_token_fits(&token, 2));
	ds_token_free(&token);
	/* One step less, with the old checksum. */
	steps = strstr(text, "a8");
	steps[1] = '7';
	assert_int_equal(parse(text, &token, why, sizeof(why)), 0);
	assert_false(ds_token_fits(&token, 1));
	ds_token_free(&token);
	free(text);
}

static void an_empty_schedule_is_a_token_too(void **state)
{
	struct ds_schedule schedule = {0};
	char *text =
		ds_token_format("x", 1, "xfs-4.19", DS_RULE_NONE, &schedule);
	struct ds_token token;
	char why[200];

	(void)state;
	assert_int_equal(parse(text, &token, why, sizeof(why)), 0);
	assert_int_equal(token.schedule.n, 0);
	assert_true(ds_token_fits(&token, 1));
	ds_token_free(&token);
	free(text);
}

/* -------------------------------- Mistakes -------------------------------- */

#define HUNDRED                                                                \
	"0123456789012345678901234567890123456789012345678901234567890123456"  \
	"789012345678901234567890123456789"

static const struct {
	const char *text;
	const char *why;
} mistakes[] = {
	{"", "token: expected ds1:SCENARIO:FS:STEPS:CHECK"},
	{"punch", "token: expected ds1:SCENARIO:FS:STEPS:CHECK"},
	{"ds1", "token: expected ds1:SCENARIO:FS:STEPS:CHECK"},
	{"ds1:x:fs:a1", "token: expected ds1:SCENARIO:FS:STEPS:CHECK"},
	{"ds1:x:fs:a1:12345678:",
	 "token: expected ds1:SCENARIO:FS:STEPS:CHECK"},
	{" ds1:x:fs:a1:12345678",
	 "token: expected ds1:SCENARIO:FS:STEPS:CHECK"},
	{"ds1:x:f s:a1:12345678",
	 "token: expected ds1:SCENARIO:FS:STEPS:CHECK"},
	{"ds2:x:fs:a1:12345678",
	 "token: made by another version (ds2); this one reads ds1"},
	{"ds123456789:x:fs:a1:12345678",
	 "token: made by another version (ds123456); this one reads ds1"},
	{"ds1:x:" HUNDRED ":a1:12345678",
	 "token: the names in it are too long"},
	{"ds1:" HUNDRED HUNDRED HUNDRED ":fs:a1:12345678",
	 "token: the names in it are too long"},
	{"ds1:x:fs+none:a1:12345678", "token: there is no mutation 'none'"},
	{"ds1:x:fs+:a1:12345678", "token: there is no mutation ''"},
	{"ds1:x:fs+put-wakes:a1:12345678",
	 "token: there is no mutation 'put-wakes'"},
	{"ds1:x:fs:1a:12345678",
	 "token: expected steps such as a12b3 in its fourth part"},
	{"ds1:x:fs:A1:12345678",
	 "token: expected steps such as a12b3 in its fourth part"},
	{"ds1:x:fs:q1:12345678",
	 "token: expected steps such as a12b3 in its fourth part"},
	{"ds1:x:fs:a0:12345678",
	 "token: expected steps such as a12b3 in its fourth part"},
	{"ds1:x:fs:a-1:12345678",
	 "token: expected steps such as a12b3 in its fourth part"},
	{"ds1:x:fs:a1000001:12345678",
	 "token: expected steps such as a12b3 in its fourth part"},
	{"ds1:x:fs:a99999999999999999999:12345678",
	 "token: expected steps such as a12b3 in its fourth part"},
	{"ds1:x:fs:a1:", "token: expected a checksum of 8 hex digits at its "
			 "end; it may be cut off"},
	{"ds1:x:fs:a1:1234567", "token: expected a checksum of 8 hex digits "
				"at its end; it may be cut off"},
	{"ds1:x:fs:a1:123456789", "token: expected a checksum of 8 hex digits "
				  "at its end; it may be cut off"},
	{"ds1:x:fs:a1:1234567g", "token: expected a checksum of 8 hex digits "
				 "at its end; it may be cut off"},
	{"ds1:x:fs:a1:0x123456", "token: expected a checksum of 8 hex digits "
				 "at its end; it may be cut off"},
	{"ds1:x:fs:a1:-1234567", "token: expected a checksum of 8 hex digits "
				 "at its end; it may be cut off"},
};

static void every_mistake_is_one_line_that_says_what_was_expected(void **state)
{
	struct ds_token token;
	char why[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		if (parse(mistakes[i].text, &token, why, sizeof(why)) == 0)
			print_error("accepted: %s\n", mistakes[i].text);
		assert_string_equal(why, mistakes[i].why);
		assert_null(token.schedule.tasks);
	}
}

/* --------------------------------- Fuzz ----------------------------------- */

/* "a2" and "aa" say the same. */
static bool is_same(const struct ds_token *a, const struct ds_token *b)
{
	return strcmp(a->scenario, b->scenario) == 0 &&
	       strcmp(a->fs, b->fs) == 0 && a->broken == b->broken &&
	       a->schedule.n == b->schedule.n &&
	       memcmp(a->schedule.tasks, b->schedule.tasks, a->schedule.n) == 0;
}

static void changed_tokens_are_refused_or_fit_nothing(void **state)
{
	static const char bits[] = ":ab9%d \n0x-\xff";
	char *text = make("prove/punch/direct-2/fast", 7);
	struct ds_prng prng = {1};
	size_t n = strlen(text), at;
	unsigned int i, n_good = 0, n_fit = 0;
	char changed[300], why[200];
	struct ds_token token, original;

	(void)state;
	assert_int_equal(parse(text, &original, why, sizeof(why)), 0);
	for (i = 0; i < 30000; i++) {
		memcpy(changed, text, n + 1);
		do {
			at = (size_t)ds_prng_below(&prng, n);
			if (ds_prng_below(&prng, 8) == 0)
				changed[at] = '\0';
			else
				changed[at] = bits[ds_prng_below(
					&prng, sizeof(bits) - 1)];
		} while (ds_prng_below(&prng, 3) == 0);
		if (parse(changed, &token, why, sizeof(why)) < 0) {
			assert_int_equal(strncmp(why, "token: ", 7), 0);
			assert_null(strchr(why, '\n'));
			continue;
		}
		n_good++;
		n_fit +=
			ds_token_fits(&token, 7) && !is_same(&token, &original);
		ds_token_free(&token);
	}
	assert_in_range(n_good, 100, 29900);
	assert_int_equal(n_fit, 0);
	ds_token_free(&original);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_one_short_word),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_broken_rule_is_part_of_it),
		cmocka_unit_test(blanks_behind_it_do_not_matter),
		cmocka_unit_test(it_fits_what_it_was_made_for_and_nothing_else),
		cmocka_unit_test(an_empty_schedule_is_a_token_too),
		cmocka_unit_test(
			every_mistake_is_one_line_that_says_what_was_expected),
		cmocka_unit_test(changed_tokens_are_refused_or_fit_nothing),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
