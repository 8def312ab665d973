// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/finals.h"

#include "fixture.h"

/* Every end of the search of @text. */
static void collect(const char *text, const char *fs, struct ds_finals *finals)
{
	struct ds_search_options options = {
		.kind = DS_SEARCH_SOURCE,
		.max_steps = F_STEPS,
		.ran = ds_finals_add,
		.ran_arg = finals,
	};
	struct ds_search_result result;
	struct f_program f;

	f_open(&f, text, fs);
	assert_int_equal(ds_search_run(f.world, &options, &result), 0);
	assert_int_equal(result.end, DS_END_COMPLETE);
	assert_int_equal(finals->error, 0);
	ds_search_result_free(&result);
	f_close(&f);
}

static size_t n_foreign(const char *these, const char *those)
{
	struct ds_finals a = {0}, b = {0};
	size_t n;

	collect(these, "ext4-4.19", &a);
	collect(those, "ext4-4.19", &b);
	n = ds_finals_foreign(&a, &b);
	ds_finals_free(&a);
	ds_finals_free(&b);
	return n;
}

#define ONE_PAGE "scenario a\nfile A 8K\ntask t\n"

static void equal_ends_of_many_runs_are_one(void **state)
{
	struct ds_finals finals = {0};

	(void)state;
	collect("scenario a\nfile A 8K\ntask t\nwrite A 0+4K\n"
		"task u\nwrite A 0+4K\n",
		"ext4-4.19", &finals);
	assert_int_equal(finals.n, 1);
	ds_finals_free(&finals);
	assert_null(finals.all);
}

static void different_ends_are_told_apart(void **state)
{
	struct ds_finals finals = {0};

	(void)state;
	collect("scenario a\nfile A 8K\ntask t\nwrite A 0+4K\n"
		"task u\npunch A 0+4K\n",
		"ext4-4.19", &finals);
	assert_int_equal(finals.n, 2);
	ds_finals_free(&finals);
}

/* A hole reads as an allocated block does. */
static void blocks_do_not_count(void **state)
{
	(void)state;
	assert_int_equal(n_foreign(ONE_PAGE "punch A 0+4K\n",
				   ONE_PAGE "zero A 0+4K\n"),
			 0);
}

static void every_byte_counts(void **state)
{
	(void)state;
	assert_int_equal(n_foreign(ONE_PAGE "punch A 4095+1\n",
				   ONE_PAGE "punch A 4094+2\n"),
			 1);
}

static void the_size_counts(void **state)
{
	(void)state;
	assert_int_equal(n_foreign(ONE_PAGE "truncate A 8193\n",
				   ONE_PAGE "truncate A 8194\n"),
			 1);
}

/* What lies behind the end of file is nothing that a read would see. */
static void bytes_behind_the_end_do_not_count(void **state)
{
	(void)state;
	assert_int_equal(n_foreign(ONE_PAGE "truncate A 100\n", ONE_PAGE
				   "punch A 200+100\ntruncate A 100\n"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_ends_of_many_runs_are_one),
		cmocka_unit_test(different_ends_are_told_apart),
		cmocka_unit_test(blocks_do_not_count),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(the_size_counts),
		cmocka_unit_test(bytes_behind_the_end_do_not_count),
	};

	return cmocka_run_group_tests_name("finals", tests, NULL, NULL);
}
