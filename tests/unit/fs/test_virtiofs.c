// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static const char *const both[] = {"virtiofs-6.12", "virtiofs-6.15"};

/* All but what shifts, which virtiofs does not have. */
static void every_mode_does_to_the_byte_what_it_says(void **state)
{
	size_t i, n;

	(void)state;
	for (n = 0; n < T_N(both); n++)
		for (i = 0; i < T_N(t_common_cases); i++) {
			struct t_case c = t_common_cases[i];

			if (c.mode > 0 && (c.mode & (T_COLLAPSE | T_INSERT)))
				c = (struct t_case){c.mode, c.offset, c.len,
						    -EOPNOTSUPP, T_X};
			t_try(both[n], &c);
		}
}

/* The server acts first, the guest's page cache follows. */
static void truncate_asks_the_server_before_pages_go(void **state)
{
	(void)state;
	t_assert_order("virtiofs-6.12", -1, 0, 2 * T_K,
		       "+i +f mapped? unmap busy? +j +x -x -j +j +x extents "
		       "free extents free extents free -x -j size unmap drop "
		       "unmap drop unmap -f -i");
}

static void a_break_of_page_0_sees_no_other(void **state)
{
	(void)state;
	assert_false(t_waits("virtiofs-6.12", -1, 0, 0));
	assert_false(t_waits("virtiofs-6.12", T_PUNCH, 0, 8 * T_K));
	assert_false(t_waits("virtiofs-6.12", T_ZERO, 0, 8 * T_K));
	assert_false(t_waits("virtiofs-6.12", 0, 0, 8 * T_K));
}

static void from_v6_15_on_every_page_counts(void **state)
{
	(void)state;
	assert_true(t_waits("virtiofs-6.15", -1, 0, 0));
	assert_true(t_waits("virtiofs-6.15", -1, 0, 12 * T_K));
	assert_true(t_waits("virtiofs-6.15", T_PUNCH, 0, T_K));
	assert_true(t_waits("virtiofs-6.15", T_ZERO | T_KEEP, 0, T_K));
	assert_true(t_waits("virtiofs-6.15", 0, 0, T_K));
	/* What only allocates within the size, or past it unseen, does not. */
	assert_false(t_waits("virtiofs-6.15", T_KEEP, 0, 12 * T_K));
	assert_false(t_waits("virtiofs-6.15", T_COLLAPSE, 0, T_K));
}

static void do_open(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_file *file;
	int r;

	r = ds_vfs_open(task, job->file->inode->super, "A", O_RDWR | O_TRUNC,
			&file);
	if (r == 0)
		ds_vfs_close(task, file);
	t_end(job, r);
}

/* fuse_open() breaks under the same locks as fuse_do_setattr(). */
static void an_open_that_truncates_waits_too(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_WAIT_SLEEP, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_job open = {0}, pin = {.len = T_K};
	struct ds_file *file;
	struct t_world t;

	(void)state;
	file = t_make_file(&t, "virtiofs-6.15");
	pin.addr = t_map(&t, file, 2, 1);
	t_pin(&t, &pin);
	open.file = file;
	t_task(&t, "open", do_open, &open);
	t_task(&t, "unpin", t_do_unpin, &pin);
	assert_int_equal(t_run(&t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(open.result, 0);
	assert_int_equal(t_size(file), 0);
	t_assert_extents(file, "");
	t_assert_holds(&t);
	t_close(&t);
}

static void an_interrupted_call_leaves_the_file_as_it_was(void **state)
{
	static const int modes[] = {-1, T_PUNCH, T_ZERO, 0};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(modes); i++) {
		struct t_job job = {.mode = modes[i], .len = 12 * T_K};
		struct ds_file *file;
		struct t_world t;

		file = t_interrupt(&t, "virtiofs-6.15", &job);
		assert_int_equal(t_size(file), 8 * T_K);
		t_assert_holds(&t);
		t_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mode_does_to_the_byte_what_it_says),
		cmocka_unit_test(truncate_asks_the_server_before_pages_go),
		cmocka_unit_test(a_break_of_page_0_sees_no_other),
		cmocka_unit_test(from_v6_15_on_every_page_counts),
		cmocka_unit_test(an_open_that_truncates_waits_too),
		cmocka_unit_test(an_interrupted_call_leaves_the_file_as_it_was),
	};

	return cmocka_run_group_tests_name("virtiofs", tests, NULL, NULL);
}
