// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/spec.h"

#include <string.h>

#include "fixture.h"

static const struct ds_spec_op *op_called(const char *name)
{
	unsigned int i;

	for (i = 0; ds_spec_op_at(i); i++)
		if (strcmp(ds_spec_op_at(i)->name, name) == 0)
			return ds_spec_op_at(i);
	fail_msg("no operation %s", name);
	return NULL;
}

static struct ds_spec find(const char *op, const char *fs)
{
	struct ds_region *region;
	struct ds_spec spec;
	char why[200] = "";

	f_region(&region);
	if (ds_spec_find(op_called(op), ds_profile_find(fs), region, &spec, why,
			 sizeof(why)) != 0)
		fail_msg("%s on %s: %s", op, fs, why);
	ds_region_close(region);
	return spec;
}

static void assert_says(const struct ds_spec *spec, enum ds_spec_field field,
			const char *text)
{
	assert_string_equal(spec->text[field], text);
}

static void a_punch_is_told_as_the_kernel_does_it(void **state)
{
	struct ds_spec spec = find("punch", "ext4-4.19");

	(void)state;
	assert_says(&spec, DS_SPEC_RETURNS, "0");
	assert_says(&spec, DS_SPEC_BREAKS, "UNMAP");
	assert_says(&spec, DS_SPEC_WAITS_FOR, "pins on any page of the file");
	assert_says(&spec, DS_SPEC_LOOKS_AGAIN, "until no page is busy");
	assert_says(&spec, DS_SPEC_UNMAPPED, "not seen");
	assert_says(&spec, DS_SPEC_LOOKS_WITH, "inode w, fault w");
	assert_says(&spec, DS_SPEC_SLEEPS, "interruptibly, with inode w");
	assert_says(&spec, DS_SPEC_FAULTS, "get through while it sleeps");
	assert_says(&spec, DS_SPEC_SIGNAL, "EINTR; file as before; unmapped");
	assert_says(&spec, DS_SPEC_MAP_WITH,
		    "inode w, fault w, journal r, extents w");
	assert_non_null(strstr(spec.text[DS_SPEC_CITES], "ext4_punch_hole()"));
	/* The wait comes before the page cache, this before the blocks. */
	assert_non_null(strstr(spec.text[DS_SPEC_ORDER],
			       "look for pins, page cache, extent map"));
}

static void what_never_waits_is_told_so(void **state)
{
	struct ds_spec spec = find("insert", "ext4-v3");

	(void)state;
	assert_says(&spec, DS_SPEC_BREAKS, "none");
	assert_says(&spec, DS_SPEC_WAITS_FOR, "nothing");
	assert_says(&spec, DS_SPEC_CITES, "");
	assert_says(&spec, DS_SPEC_SLEEPS, "");
}

static void who_fails_at_a_busy_page_is_told_so(void **state)
{
	struct ds_spec spec = find("punch", "generic-6.15-nowait");

	(void)state;
	assert_says(&spec, DS_SPEC_BREAKS, "UNMAP, no wait");
	assert_says(&spec, DS_SPEC_WAITS_FOR, "pins on any page of the file");
	assert_says(&spec, DS_SPEC_UNMAPPED, "refused");
	assert_says(&spec, DS_SPEC_SLEEPS,
		    "never: fails at the first busy page");
	assert_says(&spec, DS_SPEC_SIGNAL,
		    "ERESTARTSYS; file as before; unmapped");
	assert_int_equal(spec.refuses, 0xff);
	assert_int_equal(spec.waits_for, 0);
}

static void a_wait_that_gives_up_early_is_told_apart(void **state)
{
	struct ds_spec early = find("punch", "ext4-v3");
	struct ds_spec mended = find("punch", "ext4-4.19");

	(void)state;
	assert_says(&early, DS_SPEC_BREAKS, "UNMAP");
	assert_says(&early, DS_SPEC_LOOKS_AGAIN, "only if it slept");
	assert_says(&mended, DS_SPEC_LOOKS_AGAIN, "until no page is busy");
}

static void a_wait_for_one_page_is_told_as_other_waits_are(void **state)
{
	struct ds_spec spec = find("truncate-down", "virtiofs-6.12");

	(void)state;
	assert_says(&spec, DS_SPEC_WAITS_FOR, "pins on page 0");
	assert_says(&spec, DS_SPEC_LOOKS_AGAIN, "until no page is busy");
	assert_says(&spec, DS_SPEC_FAULTS, "get through while it sleeps");
	assert_says(&spec, DS_SPEC_REFAULT, "changes nothing");
	assert_says(&spec, DS_SPEC_BIO, "ends the wait");
	assert_true(spec.looks_again);
}

static void what_a_signal_leaves_is_told(void **state)
{
	struct ds_spec old = find("truncate-down", "ext4-4.19");
	struct ds_spec later = find("truncate-down", "ext4-6.1");

	(void)state;
	assert_says(&old, DS_SPEC_SIGNAL, "EINTR; changed: size; unmapped");
	assert_says(&later, DS_SPEC_SIGNAL, "EINTR; file as before; unmapped");
}

static void a_refused_call_that_waits_first_is_told(void **state)
{
	struct ds_spec ext4 = find("collapse-refused", "ext4-6.1");
	struct ds_spec xfs = find("collapse-refused", "xfs-6.1");

	(void)state;
	assert_says(&ext4, DS_SPEC_RETURNS, "EINVAL");
	assert_says(&ext4, DS_SPEC_BREAKS, "none");
	assert_says(&xfs, DS_SPEC_RETURNS, "EINVAL");
	assert_says(&xfs, DS_SPEC_BREAKS, "UNMAP");
}

static void the_last_user_waits_for_ever_or_not_at_all(void **state)
{
	struct ds_spec old = find("evict", "xfs-6.1");
	struct ds_spec later = find("evict", "xfs-6.15");

	(void)state;
	assert_says(&old, DS_SPEC_BREAKS, "none");
	assert_says(&later, DS_SPEC_BREAKS, "final");
	assert_says(&later, DS_SPEC_SLEEPS, "uninterruptibly, with no lock");
	assert_says(&later, DS_SPEC_SIGNAL, "does not end the wait");
	assert_says(&later, DS_SPEC_UNMAPPED, "waited for");
}

static void who_recalls_layouts_is_told(void **state)
{
	struct ds_spec write = find("write", "xfs-4.19");
	struct ds_spec punch = find("punch", "xfs-4.19");
	struct ds_spec ext4 = find("write", "ext4-4.19");

	(void)state;
	assert_says(&write, DS_SPEC_BREAKS, "WRITE");
	assert_true(write.recalls);
	assert_non_null(strstr(write.text[DS_SPEC_CITES], "xfs_file.c"));
	assert_says(&punch, DS_SPEC_BREAKS, "UNMAP");
	assert_true(punch.recalls);
	assert_says(&ext4, DS_SPEC_BREAKS, "none");
	assert_false(ext4.recalls);
}

static void what_works_on_two_files_is_told(void **state)
{
	struct ds_spec to = find("reflink-to", "xfs-6.1");
	struct ds_spec ext4 = find("reflink-to", "ext4-6.1");

	(void)state;
	assert_says(&to, DS_SPEC_RETURNS, "0");
	assert_says(&to, DS_SPEC_BREAKS, "UNMAP");
	assert_int_equal(to.takes & 0xc, 0xc);
	assert_says(&ext4, DS_SPEC_RETURNS, "EOPNOTSUPP");
}

static void a_call_that_must_not_wait_is_tried_at_each_lock(void **state)
{
	struct ds_spec ext4 = find("write-nowait", "ext4-6.12");
	struct ds_spec xfs = find("write-nowait", "xfs-6.12");
	struct ds_spec before = find("write-nowait", "xfs-5.10");
	struct ds_spec hole = find("write-hole-nowait", "xfs-6.12");
	struct ds_spec none = find("read-nowait", "virtiofs-6.15");

	(void)state;
	assert_says(&ext4, DS_SPEC_NOWAIT,
		    "inode: EAGAIN; extents: waits; journal: goes on; "
		    "layout: goes on");
	assert_says(&xfs, DS_SPEC_NOWAIT,
		    "inode: EAGAIN; extents: EAGAIN; journal: goes on; "
		    "layout: EAGAIN");
	assert_non_null(strstr(before.text[DS_SPEC_NOWAIT], "layout: waits"));
	assert_says(&hole, DS_SPEC_RETURNS, "EAGAIN");
	assert_says(&none, DS_SPEC_RETURNS, "EOPNOTSUPP");
	assert_says(&none, DS_SPEC_NOWAIT, "");
}

static void a_store_through_map_sync_comes_behind_the_commit(void **state)
{
	struct ds_spec sync = find("store-sync", "xfs-6.12");
	struct ds_spec plain = find("store-hole", "xfs-6.12");
	struct ds_spec none = find("store-sync", "virtiofs-6.15");

	(void)state;
	assert_non_null(
		strstr(sync.text[DS_SPEC_ORDER], "commit, page table, bytes"));
	assert_null(strstr(plain.text[DS_SPEC_ORDER], "commit"));
	assert_says(&none, DS_SPEC_RETURNS, "EOPNOTSUPP");
}

static void what_becomes_of_private_copies_is_told(void **state)
{
	struct ds_spec lost = find("punch", "ext4-4.19");
	struct ds_spec kept = find("punch", "xfs-6.12");
	struct ds_spec cut = find("truncate-down", "xfs-6.12");
	struct ds_spec parted = find("fork", "ext4-6.1");
	struct ds_spec copied = find("fork", "ext4-6.12");

	(void)state;
	assert_says(&lost, DS_SPEC_COPIES, "lost");
	assert_false(lost.keeps_copies);
	assert_says(&kept, DS_SPEC_COPIES, "");
	assert_true(kept.keeps_copies);
	assert_says(&cut, DS_SPEC_COPIES, "go with their pages");
	assert_true(cut.keeps_copies);
	assert_says(&parted, DS_SPEC_COPIES,
		    "the next store leaves what is pinned");
	assert_false(parted.keeps_copies);
	assert_true(copied.keeps_copies);
}

static void names_and_keys_are_told_apart(void **state)
{
	unsigned int i, k;

	(void)state;
	for (i = 0; i < DS_SPEC_N_FIELDS; i++)
		for (k = 0; k < i; k++) {
			assert_string_not_equal(ds_spec_field_name(i),
						ds_spec_field_name(k));
			assert_string_not_equal(ds_spec_field_key(i),
						ds_spec_field_key(k));
		}
	for (i = 0; ds_spec_op_at(i); i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(ds_spec_op_at(i)->name,
						ds_spec_op_at(k)->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_punch_is_told_as_the_kernel_does_it),
		cmocka_unit_test(what_never_waits_is_told_so),
		cmocka_unit_test(who_fails_at_a_busy_page_is_told_so),
		cmocka_unit_test(a_wait_that_gives_up_early_is_told_apart),
		cmocka_unit_test(
			a_wait_for_one_page_is_told_as_other_waits_are),
		cmocka_unit_test(what_a_signal_leaves_is_told),
		cmocka_unit_test(a_refused_call_that_waits_first_is_told),
		cmocka_unit_test(the_last_user_waits_for_ever_or_not_at_all),
		cmocka_unit_test(who_recalls_layouts_is_told),
		cmocka_unit_test(what_works_on_two_files_is_told),
		cmocka_unit_test(
			a_call_that_must_not_wait_is_tried_at_each_lock),
		cmocka_unit_test(
			a_store_through_map_sync_comes_behind_the_commit),
		cmocka_unit_test(what_becomes_of_private_copies_is_told),
		cmocka_unit_test(names_and_keys_are_told_apart),
	};

	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
