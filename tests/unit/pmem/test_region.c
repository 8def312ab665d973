// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <sys/file.h>

#include "fakeroot.h"
#include "pmem/region_backend.h"

struct t_fit {
	uint64_t offset;
	uint64_t size;
	uint64_t align;
	uint64_t there;
	int result;
	uint64_t nearest; /* or what was set */
};

static const struct t_fit fits[] = {
	/* all there is, from an offset, or less */
	{0, 0, 4096, 10000, 0, 8192},
	{4096, 0, 4096, 12288, 0, 8192},
	{0, 4096, 4096, 12288, 0, 4096},
	{8192, 4096, 4096, 12288, 0, 4096},
	{2097152, 2097152, 2097152, 4194304, 0, 2097152},
	/* sizes that are no multiple */
	{0, 1, 4096, 12288, -EINVAL, 4096},
	{0, 5000, 4096, 12288, -EINVAL, 4096},
	{0, 6144, 4096, 12288, -EINVAL, 8192},
	{0, 8191, 4096, 12288, -EINVAL, 8192},
	/* sizes past the end */
	{0, 12289, 4096, 12288, -EINVAL, 12288},
	{0, 16384, 4096, 12288, -EINVAL, 12288},
	{4096, 12288, 4096, 12288, -EINVAL, 8192},
	{0, UINT64_MAX, 4096, 12288, -EINVAL, 12288},
	{0, UINT64_MAX & ~UINT64_C(4095), 4096, 12288, -EINVAL, 12288},
	/* offsets */
	{1, 4096, 4096, 12288, -EINVAL, 0},
	{4096, 0, 2097152, 8388608, -EINVAL, 0},
	{2097151, 0, 2097152, 8388608, -EINVAL, 2097152},
	{12288, 0, 4096, 12288, -EINVAL, 8192},
	{UINT64_MAX, 0, 4096, 12288, -EINVAL, 8192},
	/* nothing fits */
	{0, 0, 2097152, 2097151, -EINVAL, 2097152},
	{0, 0, 4096, 0, -EINVAL, 4096},
};

static void offsets_and_sizes_are_checked_to_the_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
		const struct t_fit *fit = &fits[i];
		const struct ds_region_options options = {.offset = fit->offset,
							  .size = fit->size};
		struct ds_region region = {.size = 7};
		char line[256] = "", nearest[32];
		struct ds_why why = {line, sizeof(line)};

		assert_int_equal(ds_region_fit(&options, fit->align, fit->there,
					       &region, why),
				 fit->result);
		t_format(nearest, sizeof(nearest), "%llu",
			 (unsigned long long)fit->nearest);
		if (fit->result) {
			assert_non_null(strstr(line, nearest));
			assert_int_equal(region.size, 7);
			continue;
		}
		assert_int_equal(region.size, fit->nearest);
		assert_int_equal(region.offset, fit->offset);
		assert_int_equal(region.align, fit->align);
	}
}

static void a_locked_file_cannot_be_locked_again(void **state)
{
	char path[] = "/tmp/daxsim-test-XXXXXX", line[128];
	struct ds_why why = {line, sizeof(line)};
	int first = mkstemp(path);
	int second = open(path, O_RDWR);

	(void)state;
	assert_true(first >= 0 && second >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ds_region_lock(first, why), 0);
	assert_int_equal(ds_region_lock(second, why), -EPERM);
	assert_non_null(strstr(line, "is locked"));
	close(first);
	assert_int_equal(ds_region_lock(second, why), 0);
	close(second);
	assert_int_equal(ds_region_lock(second, why), -EBADF);
}

static int open_path(const char *path, char *line, size_t size)
{
	const struct ds_region_options options = {.path = path,
						  .destroy = true};
	struct ds_region *region = NULL;
	int r = ds_region_open(&options, &region, line, size);

	if (!r)
		ds_region_close(region);
	else
		assert_null(region);
	return r;
}

static void every_refusal_names_the_path_first(void **state)
{
	char line[256];

	(void)state;
	assert_int_equal(open_path("/nonexistent/x", line, sizeof(line)),
			 -ENOENT);
	assert_string_equal(line, "/nonexistent/x: No such file or directory");
	assert_int_equal(open_path("/tmp", line, sizeof(line)), -EINVAL);
	assert_string_equal(line, "/tmp: is not a file or /dev/dax device");
	assert_int_equal(open_path("/dev/null/x", line, sizeof(line)),
			 -ENOTDIR);
}

static void a_refusal_needs_no_listener(void **state)
{
	char line[4] = "abc";

	(void)state;
	assert_int_equal(open_path("/tmp", NULL, 0), -EINVAL);
	assert_int_equal(open_path("/tmp", line, sizeof(line)), -EINVAL);
	assert_string_equal(line, "/tm");
	assert_int_equal(open_path("/tmp", line, 1), -EINVAL);
	assert_string_equal(line, "");
}

static void a_fifo_is_refused_without_waiting(void **state)
{
	struct t_root root;
	char path[PATH_MAX], line[256];

	(void)state;
	t_root_new(&root);
	t_format(path, sizeof(path), "%s/fifo", root.path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(open_path(path, line, sizeof(line)), -EINVAL);
	t_root_free(&root);
}

static void a_path_longer_than_a_region_keeps_is_refused(void **state)
{
	char path[300], line[512];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(open_path(path, line, sizeof(line)), -ENAMETOOLONG);
}

static char block_found[PATH_MAX];

static int stop_at_block(const char *path, const struct stat *st, int type,
			 struct FTW *ftw)
{
	(void)type;
	(void)ftw;
	if (!S_ISBLK(st->st_mode))
		return 0;
	t_format(block_found, sizeof(block_found), "%s", path);
	return 1;
}

/* Whatever block device there is: it is not even opened. */
static void a_block_device_is_refused(void **state)
{
	char line[PATH_MAX];

	(void)state;
	if (nftw("/dev", stop_at_block, 8, FTW_PHYS) != 1) {
		print_message("# this machine shows no block device\n");
		return;
	}
	assert_int_equal(open_path(block_found, line, sizeof(line)), -EINVAL);
	assert_non_null(strstr(line, "is a block device"));
	assert_non_null(strstr(line, "/dev/dax"));
}

static void closing_nothing_is_allowed(void **state)
{
	(void)state;
	ds_region_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_and_sizes_are_checked_to_the_byte),
		cmocka_unit_test(a_locked_file_cannot_be_locked_again),
		cmocka_unit_test(every_refusal_names_the_path_first),
		cmocka_unit_test(a_refusal_needs_no_listener),
		cmocka_unit_test(a_fifo_is_refused_without_waiting),
		cmocka_unit_test(a_path_longer_than_a_region_keeps_is_refused),
		cmocka_unit_test(a_block_device_is_refused),
		cmocka_unit_test(closing_nothing_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
