// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/fixes.h"

#include "fixture.h"

static const char *commit(const char *fs, enum ds_property_id property,
			  const char *call, bool unmapped)
{
	const struct ds_fix *fix = ds_fix_find(fs, property, call, unmapped);

	return fix ? fix->commit : "none";
}

static void each_bug_has_its_fix(void **state)
{
	(void)state;
	assert_string_equal(commit("ext4-4.18", DS_WAITED, "punch", false),
			    "430657b6be89");
	assert_string_equal(commit("ext4-v2", DS_WAITED, "punch", false),
			    "b1f382178d15");
	assert_string_equal(commit("ext4-v3", DS_NO_FREE_BLOCK_PINNED,
				   "ftruncate", false),
			    "b1f382178d15");
	assert_string_equal(commit("xfs-4.18", DS_WAITED, "punch", false),
			    "e25ff835af89");
	assert_string_equal(commit("ext4-v3", DS_LAYOUT_HOLDER_COHERENT,
				   "insert", false),
			    "430657b6be89");
	assert_string_equal(commit("ext4-4.19", DS_WAITED, "punch", true),
			    "cee91fa13a8e");
	assert_string_equal(commit("virtiofs-6.12", DS_WAITED, "ftruncate",
				   false),
			    "7851bf649d42");
	assert_string_equal(commit("xfs-6.1", DS_NO_STRAY_WRITE, NULL, false),
			    "0e2f80afcfa6");
	assert_string_equal(commit("virtiofs-6.12", DS_WAITED, NULL, false),
			    "befd9a71d859");
	assert_string_equal(commit("virtiofs-6.15", DS_WAITED, NULL, false),
			    "befd9a71d859");
}

/* One cause may hide another: what was never asked comes first. */
static void the_first_cause_counts(void **state)
{
	(void)state;
	assert_string_equal(commit("ext4-4.18", DS_WAITED, "punch", true),
			    "430657b6be89");
	assert_string_equal(commit("ext4-v3", DS_WAITED, "punch", true),
			    "cee91fa13a8e");
	assert_string_equal(commit("ext4-v3", DS_WAITED, "insert", true),
			    "430657b6be89");
}

static void where_none_is_known_there_is_none(void **state)
{
	(void)state;
	assert_string_equal(commit("ext4-4.19", DS_WAITED, "punch", false),
			    "none");
	assert_string_equal(commit("ext4-4.18", DS_NO_DEADLOCK, "punch", false),
			    "none");
	assert_string_equal(commit("ext4-6.15", DS_WAITED, NULL, true), "none");
	assert_string_equal(commit("virtiofs-6.15", DS_WAITED, "punch", false),
			    "none");
	assert_string_equal(commit("my-fs", DS_WAITED, "punch", false), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bug_has_its_fix),
		cmocka_unit_test(the_first_cause_counts),
		cmocka_unit_test(where_none_is_known_there_is_none),
	};

	return cmocka_run_group_tests_name("fixes", tests, NULL, NULL);
}
