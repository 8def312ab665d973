// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/battery.h"

#include "fixture.h"
#include "fs/profiles.h"

/* The cells that were told. */
struct told {
	unsigned int n, n_own, n_inherited, n_unforeseen;
	char *token; /* of the last that violates */
};

static void keep(void *arg, const struct ds_battery_cell *cell)
{
	struct told *told = arg;

	assert_true(cell->complete);
	told->n++;
	told->n_own += cell->violates && !cell->inherited;
	told->n_inherited += cell->inherited;
	told->n_unforeseen += !cell->predicted;
	if (!cell->replay)
		return;
	free(told->token);
	told->token = strdup(cell->replay);
}

static struct told run(const char *fs, const char *op, bool all)
{
	struct ds_battery_options options = {
		.profile = ds_profile_find(fs),
		.op = op,
		.all = all,
	};
	struct told told = {0};
	char why[200] = "";

	if (ds_battery_run(&options, keep, &told, why, sizeof(why)) != 0)
		fail_msg("%s", why);
	return told;
}

/* What is worked out by hand for the table says who is to blame. */
static void what_a_kernel_gets_wrong_for_all_is_told_apart(void **state)
{
	static const struct {
		const char *fs;
		unsigned int n_own, n_inherited;
	} columns[] = {
		{"ext4-4.18", 10, 5}, /* unmapped pins: all kernels to v6.14 */
		{"ext4-4.19", 0, 5},
		{"xfs-4.19", 0, 5},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct told told = run(columns[i].fs, NULL, false);

		assert_int_equal(told.n, 24);
		assert_int_equal(told.n_own, columns[i].n_own);
		assert_int_equal(told.n_inherited, columns[i].n_inherited);
		assert_int_equal(told.n_unforeseen, 0);
		free(told.token);
	}
}

static void more_is_searched_when_all_is_asked_for(void **state)
{
	struct told told = run("virtiofs-6.12", "truncate-down", true);

	(void)state;
	assert_int_equal(told.n, 10);
	assert_int_equal(told.n_unforeseen, 0);
	free(told.token);
}

static void a_token_is_followed_on_its_file_system_alone(void **state)
{
	struct told told = run("virtiofs-6.12", "truncate-down", false);
	struct ds_battery_replay replay = {0};
	char why[200];

	(void)state;
	assert_non_null(told.token);
	assert_int_equal(ds_battery_replay(ds_profile_find("virtiofs-6.12"),
					   told.token, &replay, why,
					   sizeof(why)),
			 0);
	assert_non_null(strstr(replay.timeline, "truncate"));
	assert_true(replay.findings[DS_WAITED].found);
	free(replay.timeline);
	assert_int_equal(ds_battery_replay(ds_profile_find("virtiofs-6.15"),
					   told.token, &replay, why,
					   sizeof(why)),
			 -EINVAL);
	free(told.token);
}

static void what_is_not_in_the_table_is_refused(void **state)
{
	struct ds_battery_options options = {
		.profile = ds_profile_find("ext4-4.19"),
		.pin = "nailed",
	};
	struct told told = {0};
	char why[200];

	(void)state;
	assert_int_equal(ds_battery_run(&options, keep, &told, why,
					sizeof(why)),
			 -EINVAL);
	assert_int_equal(told.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_a_kernel_gets_wrong_for_all_is_told_apart),
		cmocka_unit_test(more_is_searched_when_all_is_asked_for),
		cmocka_unit_test(a_token_is_followed_on_its_file_system_alone),
		cmocka_unit_test(what_is_not_in_the_table_is_refused),
	};

	return cmocka_run_group_tests_name("battery", tests, NULL, NULL);
}
