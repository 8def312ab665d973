// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static const char *const systems[] = {"ext4-4.18", "ext4-v2",   "ext4-v3",
				      "ext4-4.19", "ext4-5.3",  "ext4-5.15",
				      "ext4-6.1",  "ext4-6.12", "ext4-6.15"};

static const int64_t max = INT64_C(17592186040320);

static const struct t_case cases[] = {
	/* past the end of file: to the end of its last page */
	{T_PUNCH, 7 * T_K, T_K + 1, 0, "5w 1- 1u", 8 * T_K},
	{T_PUNCH, max - 1, 1, 0, T_X},
	/* unaligned, then too large, then beyond the end */
	{T_INSERT, 1, max - 4096, -EINVAL, T_X},
	{T_INSERT, 8 * T_K, max - 9 * T_K, -EINVAL, T_X},
	{T_INSERT, T_K, max - T_K, -EFBIG, T_X},
	/* not known here */
	{T_UNSHARE, 0, T_K, -EOPNOTSUPP, T_X},
	{T_UNSHARE | T_KEEP, 0, T_K, -EOPNOTSUPP, T_X},
};

static void every_mode_does_to_the_byte_what_the_kernel_does(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		t_try_common(systems[i]);
		for (j = 0; j < T_N(cases); j++)
			t_try(systems[i], &cases[j]);
	}
}

/* --------------------------- Orders of steps ------------------------------ */

/*
 * The words of t_word(). Blocks of three runs are cut off, of one punched out;
 * of pages 0 to 3 the cache has entries.
 */
#define CUT "extents free extents free extents free"

static void without_a_wait_pages_go_before_blocks(void **state)
{
	(void)state;
	t_assert_order("ext4-4.18", -1, 0, T_K + 7,
		       "+i +j +x size -x -j dio? +f unmap drop unmap +j bytes "
		       "+x " CUT " -x -j -f -i");
	t_assert_order("ext4-4.18", T_PUNCH, T_K + 7, 2 * T_K,
		       "flush +i dio? +f unmap drop +j bytes +x extents free "
		       "-x -j -f -i");
	t_assert_order("ext4-4.18", T_COLLAPSE, T_K, T_K,
		       "+i dio? +f flush unmap drop unmap +j +x extents free "
		       "extents size -x -j -f -i");
	t_assert_order("ext4-4.18", T_INSERT, T_K, T_K,
		       "+i dio? +f flush unmap drop unmap +j size +x extents "
		       "-x -j -f -i");
	t_assert_order("ext4-4.18", T_ZERO, T_K, T_K,
		       "+i dio? +f unmap drop +j +x extents -x -j -f -i");
}

/* Truncate changes the size before it waits, until v5.2. */
static void from_the_patches_on_every_removal_waits_under_the_fault_lock(
	void **state)
{
	static const char *const kernels[] = {"ext4-v2", "ext4-v3",
					      "ext4-4.19"};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		t_assert_order(kernels[i], -1, 0, T_K + 7,
			       "+i +j +x size -x -j dio? +f mapped? unmap "
			       "busy? unmap drop unmap +j bytes +x " CUT
			       " -x -j -f -i");
		t_assert_order(kernels[i], T_PUNCH, T_K + 7, 2 * T_K,
			       "flush +i dio? +f mapped? unmap busy? unmap "
			       "drop +j bytes +x extents free -x -j -f -i");
		t_assert_order(kernels[i], T_COLLAPSE, T_K, T_K,
			       "+i dio? +f mapped? unmap busy? flush unmap "
			       "drop unmap +j +x extents free extents size -x "
			       "-j -f -i");
		t_assert_order(kernels[i], T_ZERO, T_K, T_K,
			       "+i dio? +f mapped? unmap busy? unmap drop +j "
			       "+x extents -x -j -f -i");
	}
}

static void insert_waits_from_v4_19_on(void **state)
{
	(void)state;
	t_assert_order("ext4-v3", T_INSERT, T_K, T_K,
		       "+i dio? +f flush unmap drop unmap +j size +x extents "
		       "-x -j -f -i");
	t_assert_order("ext4-4.19", T_INSERT, T_K, T_K,
		       "+i dio? +f mapped? unmap busy? flush unmap drop unmap "
		       "+j size +x extents -x -j -f -i");
}

static void from_v5_3_on_truncate_waits_before_the_size_changes(void **state)
{
	(void)state;
	t_assert_order("ext4-6.1", -1, 0, T_K + 7,
		       "+i dio? +f mapped? unmap busy? +j +x size -x -j unmap "
		       "drop unmap +j bytes +x " CUT " -x -j -f -i");
	/* Growing too. */
	t_assert_order("ext4-6.1", -1, 0, 9 * T_K,
		       "+i +f mapped? unmap busy? +j +x size -x -j -f -i");
	t_assert_order("ext4-4.19", -1, 0, 9 * T_K,
		       "+i +j +x size -x -j +f mapped? unmap busy? -f -i");
}

/* The same size frees what lies behind it; nothing else changes. */
static void truncate_to_the_same_size_waits_and_changes_no_size(void **state)
{
	(void)state;
	t_assert_order("ext4-4.19", -1, 0, 8 * T_K,
		       "+i dio? +f mapped? unmap busy? +j +x -x -j -f -i");
}

/* Edges get blocks before the wait, and are zeroed outside of the fault lock.
 */
static void zero_deals_with_edges_outside_of_the_fault_lock(void **state)
{
	(void)state;
	t_assert_order("ext4-4.19", T_ZERO, T_K + 7, 2 * T_K,
		       "+i dio? +j +x -x -j +f mapped? unmap busy? unmap drop "
		       "+j +x extents -x -j -f +j bytes -j -i");
	t_assert_order("ext4-4.19", T_ZERO, T_K + 7, 100,
		       "+i dio? +j +x -x -j +j bytes -j -i");
}

/*
 * All locks and the wait come first, whatever the mode. From v6.15 on the
 * entries go with the wait.
 */
static void from_v6_14_on_fallocate_waits_before_it_looks(void **state)
{
	static const struct {
		int mode;
		int64_t offset, len;
		const char *v6_12, *v6_15, *steps;
	} calls[] = {
		{T_PUNCH, T_K + 7, 2 * T_K, "unmap drop ", "unmap ",
		 "+j bytes +x extents free -x -j"},
		{T_PUNCH, 8 * T_K, T_K, "", "", ""},
		{T_COLLAPSE, T_K, T_K, "flush unmap drop unmap ", "unmap ",
		 "+j +x extents free extents size -x -j"},
		{T_INSERT, T_K, T_K, "flush unmap drop unmap ", "unmap ",
		 "+j size +x extents -x -j"},
		{T_ZERO, T_K + 7, 2 * T_K, "unmap drop ", "unmap ",
		 "+j +x -x -j +j +x extents -x -j +j bytes -j"},
		{T_ZERO, T_K + 7, 100, "", "", "+j +x -x -j +j bytes -j"},
	};
	char steps[200];
	size_t i;

	(void)state;
	for (i = 0; i < T_N(calls); i++) {
		const char *space = *calls[i].steps ? " " : "";

		snprintf(steps, sizeof(steps),
			 "+i dio? +f mapped? unmap busy? %s%s%s-f -i",
			 calls[i].v6_12, calls[i].steps, space);
		t_assert_order("ext4-6.12", calls[i].mode, calls[i].offset,
			       calls[i].len, steps);
		snprintf(steps, sizeof(steps),
			 "+i dio? +f unmap busy? drop %s%s%s-f -i",
			 calls[i].v6_15, calls[i].steps, space);
		t_assert_order("ext4-6.15", calls[i].mode, calls[i].offset,
			       calls[i].len, steps);
	}
	t_assert_order_to("ext4-6.12", T_COLLAPSE, T_K, 7 * T_K, -EINVAL,
			  "+i dio? +f mapped? unmap busy? -f -i");
	t_assert_order_to("ext4-6.1", T_COLLAPSE, T_K, 7 * T_K, -EINVAL,
			  "+i -i");
	t_assert_order("ext4-6.12", 0, 0, 5 * T_K, "+i dio? +j +x -x -j -i");
	t_assert_order("ext4-6.12", -1, 0, 9 * T_K,
		       "+i +f mapped? unmap busy? +j +x size -x -j -f -i");
}

/* With an aligned end of file nothing behind it is touched. */
static void from_v6_14_on_punch_ends_with_the_last_page(void **state)
{
	static const struct t_case c = {T_PUNCH, 7 * T_K,    T_K + 1,
					0,       "5w 1- 1u", 8 * T_K};
	struct ds_file *file;
	struct t_world t;
	size_t i;

	static const struct {
		const char *fs, *extents;
	} kernels[] = {{"ext4-6.1", "7w 2- 1u"}, {"ext4-6.12", "7w 1- 2u"}};

	(void)state;
	t_try("ext4-6.12", &c);
	for (i = 0; i < T_N(kernels); i++) {
		t_open(&t, kernels[i].fs);
		file = t_file(&t, "A", 8);
		assert_int_equal(t_fallocate(&t, file, T_KEEP, 0, 10 * T_K), 0);
		assert_int_equal(
			t_fallocate(&t, file, T_PUNCH, 7 * T_K, T_K + 1), 0);
		t_assert_extents(file, kernels[i].extents);
		t_close(&t);
	}
}

static void a_mix_of_modes_is_unsupported_from_v6_12_on(void **state)
{
	static const int mixed[] = {T_COLLAPSE | T_KEEP, T_INSERT | T_KEEP,
				    T_COLLAPSE | T_INSERT, T_ZERO | T_UNSHARE,
				    T_ZERO | T_COLLAPSE};
	struct t_case c = {.len = T_K, .extents = T_FILE, .size = 8 * T_K};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(mixed); i++) {
		c.mode = mixed[i];
		c.result = -EINVAL;
		t_try("ext4-6.1", &c);
		c.result = -EOPNOTSUPP;
		t_try("ext4-6.12", &c);
	}
	/* These always were. */
	c.mode = T_PUNCH | T_ZERO;
	t_try("ext4-6.1", &c);
	c.mode = FALLOC_FL_PUNCH_HOLE | T_COLLAPSE;
	t_try("ext4-6.1", &c);
}

static void allocation_takes_no_fault_lock(void **state)
{
	(void)state;
	t_assert_order("ext4-4.19", 0, 0, 8 * T_K,
		       "+i dio? +j +x -x -j +j +x alloc extents -x -j +j +x -x "
		       "-j +j +x -x -j -i");
}

/* A fault may read i_disksize meanwhile, under the extents lock alone. */
static void growth_changes_i_disksize_under_the_extents_lock(void **state)
{
	(void)state;
	t_assert_order("ext4-4.19", 0, 8 * T_K, T_K,
		       "+i dio? +j +x alloc extents -x size +x -x -j -i");
	t_assert_order("ext4-4.19", T_ZERO, 8 * T_K + 1, 1,
		       "+i dio? +j +x alloc extents -x size +x -x -j +j -j -i");
}

static void arguments_are_checked_before_the_wait(void **state)
{
	static const struct t_case bad[] = {
		{T_COLLAPSE, 7 * T_K, T_K, 0, NULL, 0},
		{T_COLLAPSE, 1, T_K, 0, NULL, 0},
		{T_INSERT, 8 * T_K, T_K, 0, NULL, 0},
		{T_PUNCH, 8 * T_K, T_K, 0, NULL, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(bad); i++)
		assert_false(t_waits("ext4-4.19", bad[i].mode, bad[i].offset,
				     bad[i].len));
}

/* -------------------------- What waits for a pin -------------------------- */

static void the_wait_covers_the_whole_file(void **state)
{
	static const struct {
		const char *fs;
		int mode;
		int64_t offset, len;
		bool waits;
	} calls[] = {
		{"ext4-4.18", T_PUNCH, 2 * T_K, T_K, false},
		{"ext4-4.18", -1, 0, 0, false},
		{"ext4-4.19", T_PUNCH, 2 * T_K, T_K, true},
		{"ext4-4.19", T_PUNCH, 4 * T_K, T_K, true},
		{"ext4-4.19", T_PUNCH, 4 * T_K + 1, 1, true},
		{"ext4-4.19", T_COLLAPSE, 4 * T_K, T_K, true},
		{"ext4-4.19", T_INSERT, 4 * T_K, T_K, true},
		{"ext4-v3", T_INSERT, 0, T_K, false},
		{"ext4-v3", T_COLLAPSE, 0, T_K, true},
		{"ext4-4.19", T_ZERO, 4 * T_K, T_K, true},
		{"ext4-4.19", T_ZERO, 2 * T_K + 1, 100, false},
		{"ext4-4.19", 0, 0, 9 * T_K, false},
		{"ext4-4.19", -1, 0, 7 * T_K, true},
		{"ext4-4.19", -1, 0, 8 * T_K, true},
		{"ext4-4.19", -1, 0, 9 * T_K, true},
		{"ext4-6.1", -1, 0, 9 * T_K, true},
		/* As seen on 6.1 and 6.12. */
		{"ext4-6.1", T_COLLAPSE, 7 * T_K, T_K, false},
		{"ext4-6.1", T_PUNCH, 20 * T_K, T_K, false},
		{"ext4-6.1", T_ZERO, 2 * T_K + 1, 100, false},
		{"ext4-6.12", T_COLLAPSE, 7 * T_K, T_K, true},
		{"ext4-6.12", T_PUNCH, 20 * T_K, T_K, true},
		{"ext4-6.12", T_ZERO, 2 * T_K + 1, 100, true},
		{"ext4-6.12", 0, 0, 8 * T_K, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(calls); i++)
		assert_int_equal(t_waits(calls[i].fs, calls[i].mode,
					 calls[i].offset, calls[i].len),
				 calls[i].waits);
}

/* ------------------------------- Failures --------------------------------- */

static void an_interrupted_truncate_leaves_the_new_size_until_v5_2(void **state)
{
	struct t_job job = {.mode = -1, .len = T_K};
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = t_interrupt(&t, "ext4-4.19", &job);
	assert_int_equal(t_size(file), T_K);
	t_assert_holds(&t);
	t_close(&t);
	file = t_interrupt(&t, "ext4-6.1", &job);
	assert_int_equal(t_size(file), 8 * T_K);
	t_assert_holds(&t);
	t_close(&t);
}

static void other_interrupted_calls_leave_the_file_as_it_was(void **state)
{
	static const int modes[] = {T_PUNCH, T_COLLAPSE, T_INSERT, T_ZERO};
	struct ds_file *file;
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(modes); i++) {
		struct t_job job = {
			.mode = modes[i], .offset = 2 * T_K, .len = T_K};

		file = t_interrupt(&t, "ext4-4.19", &job);
		assert_int_equal(t_size(file), 8 * T_K);
		assert_true(
			t_all_are(&t, file, 2 * T_K, 3 * T_K, t_pattern(2)));
		t_assert_holds(&t);
		t_close(&t);
	}
}

/* Edges get their blocks before the wait. */
static void an_interrupted_zero_keeps_blocks_for_its_edges(void **state)
{
	static const char *const kernels[] = {"ext4-v2", "ext4-4.19",
					      "ext4-6.1"};
	struct ds_file *file;
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		struct t_job job = {
			.mode = T_ZERO, .offset = 2 * T_K, .len = 7 * T_K + 1};

		file = t_interrupt_to(&t, kernels[i], &job, "5w 2u 1w 2u");
		assert_int_equal(t_size(file), 9 * T_K + 1);
		assert_true(
			t_all_are(&t, file, 2 * T_K, 3 * T_K, t_pattern(2)));
		t_assert_holds(&t);
		t_close(&t);
	}
}

static void an_interrupted_zero_leaves_nothing_from_v6_14_on(void **state)
{
	struct t_job job = {
		.mode = T_ZERO, .offset = 2 * T_K, .len = 7 * T_K + 1};
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = t_interrupt(&t, "ext4-6.12", &job);
	assert_int_equal(t_size(file), 8 * T_K);
	t_assert_holds(&t);
	t_close(&t);
}

static void a_full_disk_keeps_what_was_allocated(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open_sized(&t, "ext4-4.19", 5); /* 4 blocks */
	file = t_file(&t, "A", 1);
	assert_int_equal(t_fallocate(&t, file, 0, 0, 6 * T_K), -ENOSPC);
	t_assert_extents(file, "1w 3u");
	assert_int_equal(t_size(file), 4 * T_K);
	assert_int_equal(t_fallocate(&t, file, T_ZERO, 0, 6 * T_K), -ENOSPC);
	t_assert_extents(file, "4u");
	t_assert_holds(&t);
	t_close(&t);
}

/* ------------------------ Blocks past the end ----------------------------- */

/* @n_written pages of data, and unwritten blocks behind up to @end. */
static struct ds_file *preallocate(struct t_world *t, uint64_t n_written,
				   int64_t end)
{
	struct ds_file *file;

	t_open(t, "ext4-4.19");
	file = t_file(t, "A", n_written);
	assert_int_equal(t_fallocate(t, file, T_KEEP, 0, end * T_K), 0);
	return file;
}

static void punch_spares_blocks_past_the_page_of_the_end(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = preallocate(&t, 2, 16);
	t_assert_extents(file, "2w 14u");
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, 8 * T_K, 2 * T_K), 0);
	t_assert_extents(file, "2w 14u");
	/* With an aligned end the page of the end is the one behind it. */
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, T_K, T_K + 1), 0);
	t_assert_extents(file, "1w 2- 13u");
	assert_int_equal(t_size(file), 2 * T_K);
	t_close(&t);
}

static void punch_from_v6_14_on_keeps_the_page_behind_an_aligned_end(
	void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-6.15");
	file = t_file(&t, "A", 2);
	assert_int_equal(t_fallocate(&t, file, T_KEEP, 0, 16 * T_K), 0);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, T_K, 9 * T_K), 0);
	t_assert_extents(file, "1w 1- 14u");
	assert_int_equal(t_truncate(&t, file, 2 * T_K + 1), 0);
	assert_int_equal(t_fallocate(&t, file, T_KEEP, 0, 4 * T_K), 0);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, T_K, 9 * T_K), 0);
	t_assert_extents(file, "1w 2- 13u");
	t_close(&t);
}

/* A range that ends between the two reaches to the end of the page. */
static void punch_past_the_end_takes_the_whole_last_page(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 2);
	assert_int_equal(t_truncate(&t, file, T_K + 904), 0);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, T_K, 904), 0);
	t_assert_extents(file, "2w");
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, T_K, 905), 0);
	t_assert_extents(file, "1w");
	t_close(&t);
}

static void shifts_take_blocks_past_the_end_along(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = preallocate(&t, 8, 16);
	assert_int_equal(t_fallocate(&t, file, T_COLLAPSE, T_K, 2 * T_K), 0);
	t_assert_extents(file, "6w 8u");
	assert_int_equal(t_fallocate(&t, file, T_INSERT, T_K, T_K), 0);
	t_assert_extents(file, "1w 1- 5w 8u");
	t_close(&t);
}

static void truncate_frees_blocks_past_the_end_unless_it_grows(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = preallocate(&t, 2, 4);
	assert_int_equal(t_truncate(&t, file, 3 * T_K), 0);
	t_assert_extents(file, "2w 2u");
	assert_int_equal(t_truncate(&t, file, 3 * T_K), 0);
	t_assert_extents(file, "2w 1u");
	t_close(&t);
}

/* A write that gets short of space gives up what it allocated too much. */
static void a_short_write_leaves_no_blocks_past_the_end(void **state)
{
	unsigned char bytes[4 * DS_PAGE_SIZE] = {0};
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open_sized(&t, "ext4-6.1", 4); /* 3 blocks */
	file = t_file(&t, "A", 1);
	assert_int_equal(t_fallocate(&t, file, T_KEEP, 5 * T_K, 2 * T_K), 0);
	t_assert_extents(file, "1w 4- 2u");
	assert_int_equal(ds_vfs_pwrite(t.setup, file, bytes, 2 * T_K, T_K),
			 -ENOSPC);
	assert_int_equal(t_size(file), T_K);
	t_assert_extents(file, "1w");
	t_close(&t);
}

/* ---------------------------- Unwritten blocks ---------------------------- */

/* What a write of one block into @n unwritten ones makes of them. */
static void write_into(const char *fs, int64_t n, uint64_t page, bool keep,
		       const char *extents)
{
	struct ds_file *file;
	struct t_world t;

	t_open(&t, fs);
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	assert_int_equal(t_fallocate(&t, file, keep ? T_KEEP : 0, 0, n * T_K),
			 0);
	t_fill(&t, file, page, 1);
	t_assert_extents(file, extents);
	assert_true(t_all_are(&t, file, 0, page * T_PAGE, 0));
	t_close(&t);
}

static void neighbours_of_a_written_block_may_be_zeroed_out(void **state)
{
	static const struct {
		int64_t n;
		uint64_t page;
		bool keep;
		const char *extents;
	} writes[] = {
		{2, 0, false, "2w"},       {7, 3, false, "7w"},
		{8, 3, false, "3u 5w"},    {9, 3, false, "3u 6w"},
		{16, 8, false, "8u 8w"},   {16, 0, false, "1w 15u"},
		{16, 15, false, "15u 1w"}, {18, 9, false, "9u 1w 8u"},
		{4, 1, true, "1u 1w 2u"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(writes); i++)
		write_into("ext4-6.1", writes[i].n, writes[i].page,
			   writes[i].keep, writes[i].extents);
	write_into("ext4-4.18", 7, 3, false, "7w");
}

/* ---------------------------------- Tails --------------------------------- */

/* What byte 10100 of the file, stored behind its end, is after it grew. */
static int grow_over_store(const char *fs, int mode, int64_t offset,
			   int64_t len)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	int byte;

	t_open(&t, fs);
	file = t_file(&t, "A", 3);
	assert_int_equal(t_truncate(&t, file, 10000), 0);
	addr = t_map(&t, file, 2, 1);
	assert_int_equal(t_store(&t, addr + 10100 - 2 * T_PAGE, 0x77), 1);
	if (mode < 0)
		assert_int_equal(t_truncate(&t, file, len), 0);
	else
		assert_int_equal(t_fallocate(&t, file, mode, offset, len), 0);
	if (t_size(file) == 10000)
		assert_int_equal(t_truncate(&t, file, 20000), 0);
	byte = t_byte(&t, file, 10100);
	t_close(&t);
	return byte;
}

static void growth_from_v6_13_on_zeroes_what_was_stored_behind_the_end(
	void **state)
{
	static const struct {
		int mode;
		int64_t offset, len;
	} calls[] = {
		{-1, 0, 20000},    {-1, 0, 10101},        {0, 0, 20000},
		{0, 4 * T_K, T_K}, {T_ZERO, 4 * T_K, 10}, {T_KEEP, 0, 20000},
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(calls); i++) {
		assert_int_equal(grow_over_store("ext4-6.1", calls[i].mode,
						 calls[i].offset, calls[i].len),
				 0x77);
		assert_int_equal(grow_over_store("ext4-6.15", calls[i].mode,
						 calls[i].offset, calls[i].len),
				 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			growth_from_v6_13_on_zeroes_what_was_stored_behind_the_end),
		cmocka_unit_test(
			every_mode_does_to_the_byte_what_the_kernel_does),
		cmocka_unit_test(without_a_wait_pages_go_before_blocks),
		cmocka_unit_test(
			from_the_patches_on_every_removal_waits_under_the_fault_lock),
		cmocka_unit_test(insert_waits_from_v4_19_on),
		cmocka_unit_test(
			from_v5_3_on_truncate_waits_before_the_size_changes),
		cmocka_unit_test(
			truncate_to_the_same_size_waits_and_changes_no_size),
		cmocka_unit_test(
			zero_deals_with_edges_outside_of_the_fault_lock),
		cmocka_unit_test(from_v6_14_on_fallocate_waits_before_it_looks),
		cmocka_unit_test(from_v6_14_on_punch_ends_with_the_last_page),
		cmocka_unit_test(a_mix_of_modes_is_unsupported_from_v6_12_on),
		cmocka_unit_test(allocation_takes_no_fault_lock),
		cmocka_unit_test(
			growth_changes_i_disksize_under_the_extents_lock),
		cmocka_unit_test(arguments_are_checked_before_the_wait),
		cmocka_unit_test(the_wait_covers_the_whole_file),
		cmocka_unit_test(
			an_interrupted_truncate_leaves_the_new_size_until_v5_2),
		cmocka_unit_test(
			other_interrupted_calls_leave_the_file_as_it_was),
		cmocka_unit_test(
			an_interrupted_zero_keeps_blocks_for_its_edges),
		cmocka_unit_test(
			an_interrupted_zero_leaves_nothing_from_v6_14_on),
		cmocka_unit_test(a_full_disk_keeps_what_was_allocated),
		cmocka_unit_test(punch_spares_blocks_past_the_page_of_the_end),
		cmocka_unit_test(
			punch_from_v6_14_on_keeps_the_page_behind_an_aligned_end),
		cmocka_unit_test(punch_past_the_end_takes_the_whole_last_page),
		cmocka_unit_test(shifts_take_blocks_past_the_end_along),
		cmocka_unit_test(
			truncate_frees_blocks_past_the_end_unless_it_grows),
		cmocka_unit_test(a_short_write_leaves_no_blocks_past_the_end),
		cmocka_unit_test(
			neighbours_of_a_written_block_may_be_zeroed_out),
	};

	return cmocka_run_group_tests_name("ext4", tests, NULL, NULL);
}
