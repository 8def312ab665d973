// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

static void every_profile_is_found_by_its_name_and_alias(void **state)
{
	const struct ds_fs_profile *profile;
	unsigned int i;

	(void)state;
	for (i = 0; (profile = ds_profile_at(i)); i++) {
		assert_ptr_equal(ds_profile_find(profile->name), profile);
		if (profile->alias)
			assert_ptr_equal(ds_profile_find(profile->alias),
					 profile);
		assert_non_null(profile->models);
		assert_true(strlen(profile->name) < 32);
	}
	assert_true(i >= 7);
	assert_null(ds_profile_at(i));
	assert_null(ds_profile_find("ext4"));
	assert_null(ds_profile_find(""));
	assert_ptr_equal(ds_profile_find("ext4-nobreak"),
			 ds_profile_find("ext4-4.18"));
}

static void every_operation_is_there(void **state)
{
	const struct ds_fs_profile *profile;
	unsigned int i;

	(void)state;
	for (i = 0; (profile = ds_profile_at(i)); i++) {
		assert_non_null(profile->ops->set_size);
		assert_non_null(profile->ops->fallocate);
		assert_non_null(profile->ops->write);
		assert_non_null(profile->ops->make_written);
		assert_non_null(profile->ops->fsync);
	}
}

/* The columns of the proof table, in its order. */
static void the_proved_profiles_come_first(void **state)
{
	static const char *const columns[] = {"ext4-4.18", "ext4-v2", "ext4-v3",
					      "ext4-4.19", "xfs-4.19"};
	unsigned int i;

	(void)state;
	for (i = 0; i < T_N(columns); i++) {
		assert_string_equal(ds_profile_at(i)->name, columns[i]);
		assert_true(ds_profile_at(i)->proved);
	}
	for (; ds_profile_at(i); i++)
		assert_false(ds_profile_at(i)->proved);
}

/* What each kernel is known for; the orders of steps have their own tests. */
static void the_rules_are_those_of_the_kernels(void **state)
{
	static const struct {
		const char *name;
		const struct ds_fs_ops *ops;
		bool keeps_size, wakes_all;
	} rules[] = {
		{"ext4-4.18", &ds_ext4_4_18_ops, true, false},
		{"ext4-v2", &ds_ext4_v2_ops, true, false},
		{"ext4-v3", &ds_ext4_v2_ops, true, false},
		{"ext4-4.19", &ds_ext4_4_19_ops, true, false},
		{"ext4-pagecache", &ds_ext4_4_18_ops, true, false},
		{"ext4-5.3", &ds_ext4_5_3_ops, false, false},
		{"ext4-5.15", &ds_ext4_5_5_ops, false, true},
		{"ext4-6.1", &ds_ext4_5_5_ops, false, true},
		{"ext4-6.1.192", &ds_ext4_5_5_ops, false, true},
		{"ext4-6.12", &ds_ext4_6_14_ops, false, true},
		{"ext4-6.15", &ds_ext4_6_14_ops, false, true},
		{"xfs-4.18", &ds_xfs_4_18_ops, false, false},
		{"xfs-4.19", &ds_xfs_4_19_ops, false, false},
		{"xfs-5.10", &ds_xfs_5_10_ops, false, false},
		{"xfs-6.1", &ds_xfs_5_10_ops, false, true},
		{"xfs-6.1.192", &ds_xfs_5_10_ops, false, true},
		{"xfs-6.12", &ds_xfs_6_12_ops, false, true},
		{"xfs-6.15", &ds_xfs_6_12_ops, false, true},
		{"virtiofs-6.12", &ds_virtiofs_5_14_ops, false, true},
		{"virtiofs-6.15", &ds_virtiofs_6_15_ops, false, true},
		{"generic-6.15", &ds_generic_6_15_ops, false, true},
		{"generic-6.15-nowait", &ds_generic_6_15_nowait_ops, false,
		 true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(rules); i++) {
		const struct ds_fs_profile *profile =
			ds_profile_find(rules[i].name);

		assert_ptr_equal(profile->ops, rules[i].ops);
		assert_int_equal(profile->interrupted_keeps_size,
				 rules[i].keeps_size);
		assert_int_equal(profile->delete_wakes_all, rules[i].wakes_all);
	}
}

static void from_v6_15_page_tables_hold_references(void **state)
{
	const struct ds_fs_profile *profile;
	unsigned int i;

	(void)state;
	for (i = 0; (profile = ds_profile_at(i)); i++) {
		bool later = strstr(profile->name, "-6.15") != NULL;

		assert_int_equal(profile->idle_refs, later ? 0 : 1);
		assert_int_equal(profile->pte_holds_ref, later);
		assert_int_equal(profile->break_if_mapped, !later);
		assert_int_equal(profile->break_drops_entries, later);
		/* virtiofs came later to that than ext4 and XFS. */
		assert_int_equal(profile->break_at_evict,
				 later && !strstr(profile->name, "virtiofs"));
	}
	assert_non_null(ds_profile_find("ext4-6.15"));
	assert_non_null(ds_profile_find("xfs-6.15"));
}

static void one_profile_is_not_on_dax(void **state)
{
	const struct ds_fs_profile *profile;
	unsigned int i;

	(void)state;
	for (i = 0; (profile = ds_profile_at(i)); i++)
		assert_int_equal(profile->page_cache,
				 strcmp(profile->name, "ext4-pagecache") == 0);
}

static void one_point_release_forgets_to_wake(void **state)
{
	const struct ds_fs_profile *profile;
	unsigned int i;

	(void)state;
	for (i = 0; (profile = ds_profile_at(i)); i++)
		assert_int_equal(profile->bio_wakes_nobody,
				 strstr(profile->name, "-6.1.192") != NULL);
}

static void sizes_end_where_the_file_systems_end(void **state)
{
	(void)state;
	assert_int_equal(ds_profile_find("ext4-4.19")->max_bytes,
			 (UINT64_C(1) << 44) - 4096);
	assert_int_equal(ds_profile_find("xfs-4.19")->max_bytes, INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_profile_is_found_by_its_name_and_alias),
		cmocka_unit_test(every_operation_is_there),
		cmocka_unit_test(the_proved_profiles_come_first),
		cmocka_unit_test(the_rules_are_those_of_the_kernels),
		cmocka_unit_test(from_v6_15_page_tables_hold_references),
		cmocka_unit_test(one_profile_is_not_on_dax),
		cmocka_unit_test(one_point_release_forgets_to_wake),
		cmocka_unit_test(sizes_end_where_the_file_systems_end),
	};

	return cmocka_run_group_tests_name("profiles", tests, NULL, NULL);
}
