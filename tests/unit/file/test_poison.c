// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/poison.h"

#include "../../support/world.h"

/* File A of 4 pages, mapped and touched. Page 1 is the one that fails. */
struct t_bad {
	struct t_world t;
	struct ds_file *file;
	uint64_t addr;
	struct ds_pfn pfn;
};

static void set_up(struct t_bad *b, const char *fs)
{
	uint64_t i;

	memset(b, 0, sizeof(*b));
	t_open(&b->t, fs);
	b->t.frames->may_poison = true;
	b->file = t_file(&b->t, "A", 4);
	b->addr = t_map(&b->t, b->file, 0, 4);
	for (i = 0; i < 4; i++)
		t_store(&b->t, b->addr + i * T_PAGE, 1);
	b->pfn = t_block(b->file, 1);
}

static int hit(struct t_bad *b)
{
	return ds_poison_block(b->t.setup, b->t.super, b->pfn);
}

static int64_t read_from(struct t_bad *b, uint64_t offset, size_t len)
{
	static unsigned char bytes[4 * T_PAGE];

	return ds_vfs_pread(b->t.setup, b->file, bytes, len, (int64_t)offset);
}

static int64_t write_to(struct t_bad *b, uint64_t offset, size_t len)
{
	static const unsigned char bytes[4 * T_PAGE];

	return ds_vfs_pwrite(b->t.setup, b->file, bytes, len, (int64_t)offset);
}

static void a_page_that_fails_is_unmapped_and_not_mapped_again(void **state)
{
	struct t_bad b;

	(void)state;
	set_up(&b, "ext4-4.19");
	assert_int_equal(hit(&b), 0);
	assert_int_equal(t_pte(&b.t, b.addr + T_PAGE), 0);
	assert_int_not_equal(t_pte(&b.t, b.addr), 0);
	assert_int_not_equal(t_pte(&b.t, b.addr + 2 * T_PAGE), 0);
	assert_int_equal(t_load(&b.t, b.addr + T_PAGE), DS_SIGBUS);
	assert_int_equal(t_store(&b.t, b.addr + T_PAGE, 1), DS_SIGBUS);
	assert_int_equal(t_load(&b.t, b.addr), 1);
	/* The entry stays, and is unlocked. */
	assert_int_equal(t_entry(b.file, 1), ds_entry_data(b.pfn));
	t_assert_holds(&b.t);
	t_close(&b.t);
}

/* As hardware does before anybody knows: the page is still mapped. */
static void who_reaches_lost_bytes_through_a_mapping_is_stopped(void **state)
{
	struct t_bad b;

	(void)state;
	set_up(&b, "ext4-4.19");
	ds_frame_set_poisoned(b.t.setup, b.t.frames, b.pfn, true);
	assert_int_not_equal(t_pte(&b.t, b.addr + T_PAGE), 0);
	assert_int_equal(t_load(&b.t, b.addr + T_PAGE), DS_SIGBUS);
	t_close(&b.t);
}

static void reads_end_where_bytes_are_lost(void **state)
{
	struct t_bad b;

	(void)state;
	set_up(&b, "ext4-4.19");
	assert_int_equal(hit(&b), 0);
	assert_int_equal(read_from(&b, T_PAGE, 1), -EIO);
	assert_int_equal(read_from(&b, 100, 2 * T_PAGE), T_PAGE - 100);
	assert_int_equal(read_from(&b, 2 * T_PAGE, T_PAGE), T_PAGE);
	t_close(&b.t);
}

static void a_write_of_a_whole_page_mends_it_from_v5_19_on(void **state)
{
	static const struct {
		const char *fs;
		bool mends;
	} kernels[] = {
		{"ext4-4.19", false}, {"ext4-5.15", false}, {"ext4-6.1", true},
		{"ext4-6.15", true},  {"xfs-4.19", false},  {"xfs-6.1", true},
		{"xfs-6.15", true},
	};
	struct t_bad b;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		bool mends = kernels[i].mends;

		set_up(&b, kernels[i].fs);
		assert_int_equal(hit(&b), 0);
		assert_int_equal(write_to(&b, T_PAGE + 1, 100), -EIO);
		assert_int_equal(write_to(&b, T_PAGE, T_PAGE - 1), -EIO);
		assert_int_equal(write_to(&b, T_PAGE, T_PAGE),
				 mends ? (int64_t)T_PAGE : -EIO);
		assert_int_equal(read_from(&b, T_PAGE, 1), mends ? 1 : -EIO);
		assert_int_equal(t_load(&b.t, b.addr + T_PAGE),
				 mends ? 0 : DS_SIGBUS);
		t_assert_holds(&b.t);
		t_close(&b.t);
	}
}

static void a_part_of_a_lost_page_cannot_be_zeroed(void **state)
{
	struct t_bad b;

	(void)state;
	set_up(&b, "xfs-4.19");
	assert_int_equal(hit(&b), 0);
	assert_int_equal(t_fallocate(&b.t, b.file, T_PUNCH, T_PAGE + 5, 10),
			 -EIO);
	t_assert_holds(&b.t);
	t_close(&b.t);
}

static void a_block_that_is_given_out_anew_is_mended(void **state)
{
	struct t_bad b;

	(void)state;
	set_up(&b, "ext4-4.19");
	assert_int_equal(hit(&b), 0);
	assert_int_equal(t_fallocate(&b.t, b.file, T_PUNCH, T_PAGE, T_PAGE), 0);
	assert_int_equal(write_to(&b, T_PAGE + 1, 2), 2);
	assert_int_equal(t_block(b.file, 1).pfn, b.pfn.pfn);
	assert_int_equal(read_from(&b, T_PAGE, T_PAGE), T_PAGE);
	t_assert_holds(&b.t);
	t_close(&b.t);
}

static void a_pin_stays_on_a_page_that_fails(void **state)
{
	struct t_job job = {.len = (int64_t)T_PAGE};
	struct t_bad b;
	int extra;

	(void)state;
	set_up(&b, "ext4-6.1");
	job.addr = b.addr + T_PAGE;
	t_pin(&b.t, &job);
	extra = t_extra(&b.t, b.pfn);
	assert_true(extra > 0);
	assert_int_equal(hit(&b), 0);
	assert_int_equal(t_extra(&b.t, b.pfn), extra);
	t_unpin(&b.t, &job);
	assert_int_equal(t_extra(&b.t, b.pfn), 0);
	t_assert_holds(&b.t);
	t_close(&b.t);
}

static void a_page_in_nobodys_cache_has_nobody_to_tell(void **state)
{
	struct ds_file *other;
	struct t_bad b;

	(void)state;
	set_up(&b, "ext4-4.19");
	other = t_file(&b.t, "B", 1);
	b.pfn = t_block(other, 0);
	assert_int_equal(hit(&b), -EBUSY);
	assert_int_equal(ds_vfs_pread(b.t.setup, other, (char[1]){0}, 1, 0),
			 -EIO);
	t_close(&b.t);
}

static void a_page_that_several_files_have_is_not_looked_for(void **state)
{
	struct ds_file *other;
	struct t_bad b;
	uint64_t addr;

	(void)state;
	set_up(&b, "xfs-6.12");
	other = t_file(&b.t, "B", 4);
	assert_int_equal(ds_vfs_reflink(b.t.setup, b.file, 0, other, 0,
					4 * (int64_t)T_PAGE),
			 0);
	addr = t_map(&b.t, other, 0, 4);
	t_load(&b.t, addr + T_PAGE);
	t_load(&b.t, b.addr + T_PAGE);
	assert_int_equal(hit(&b), -EOPNOTSUPP);
	t_close(&b.t);
}

/* The entry is the huge one; small pages are mapped around the lost one. */
static void a_huge_page_of_which_one_failed_is_mapped_page_by_page(void **state)
{
	static const char *const kernels[] = {"ext4-4.19", "ext4-6.15"};
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		t_open_huge(&t, kernels[i], 1);
		t.frames->may_poison = true;
		file = t_file_together(&t, "A", 4);
		addr = t_map(&t, file, 0, 4);
		assert_int_equal(t_store(&t, addr, 1), 1);
		assert_true(ds_entry_is_huge(t_entry(file, 0)));
		assert_int_equal(
			ds_poison_block(t.setup, t.super, t_block(file, 1)), 0);
		assert_false(ds_entry_is_locked(t_entry(file, 0)));
		assert_int_equal(t_load(&t, addr + T_PAGE), DS_SIGBUS);
		assert_int_equal(t_load(&t, addr), 1);
		t_assert_holds(&t);
		t_close(&t);
	}
}

static void lost_bytes_are_part_of_the_state_and_are_rewound(void **state)
{
	struct ds_digest before, after;
	struct t_bad b;

	(void)state;
	set_up(&b, "ext4-4.19");
	assert_int_equal(ds_world_mark(b.t.world), 0);
	before = ds_world_digest(b.t.world);
	ds_frame_set_poisoned(b.t.setup, b.t.frames, b.pfn, true);
	after = ds_world_digest(b.t.world);
	assert_false(ds_digest_equal(before, after));
	assert_int_equal(ds_world_rewind(b.t.world), 0);
	after = ds_world_digest(b.t.world);
	assert_true(ds_digest_equal(before, after));
	assert_int_equal(t_load(&b.t, b.addr + T_PAGE), 1);
	t_close(&b.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_page_that_fails_is_unmapped_and_not_mapped_again),
		cmocka_unit_test(
			who_reaches_lost_bytes_through_a_mapping_is_stopped),
		cmocka_unit_test(reads_end_where_bytes_are_lost),
		cmocka_unit_test(
			a_write_of_a_whole_page_mends_it_from_v5_19_on),
		cmocka_unit_test(a_part_of_a_lost_page_cannot_be_zeroed),
		cmocka_unit_test(a_block_that_is_given_out_anew_is_mended),
		cmocka_unit_test(a_pin_stays_on_a_page_that_fails),
		cmocka_unit_test(a_page_in_nobodys_cache_has_nobody_to_tell),
		cmocka_unit_test(
			a_page_that_several_files_have_is_not_looked_for),
		cmocka_unit_test(
			a_huge_page_of_which_one_failed_is_mapped_page_by_page),
		cmocka_unit_test(
			lost_bytes_are_part_of_the_state_and_are_rewound),
	};

	return cmocka_run_group_tests_name("poison", tests, NULL, NULL);
}
