// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "fakeroot.h"
#include "pmem/region.h"
#include "pmem/signature.h"

struct t_world {
	struct t_root root;
	char path[96];
	struct ds_region_options options;
	struct ds_region *region;
	char line[512];
};

static int setup(void **state)
{
	struct t_world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	t_root_new(&w->root);
	t_format(w->path, sizeof(w->path), "%s/file", w->root.path);
	w->options = (struct ds_region_options){
		.path = w->path,
		.sysfs = w->root.sysfs,
		.procfs = w->root.procfs,
	};
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct t_world *w = *state;

	ds_region_close(w->region);
	t_root_free(&w->root);
	free(w);
	return 0;
}

/* A file of @size bytes with content in [@first, @end). Return: open fd. */
static int make_file(struct t_world *w, off_t size, uint64_t first,
		     uint64_t end)
{
	int fd = open(w->path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	t_fill(fd, first, end);
	return fd;
}

static int open_region(struct t_world *w)
{
	return ds_region_open(&w->options, &w->region, w->line,
			      sizeof(w->line));
}

static void expect_opens(struct t_world *w)
{
	if (open_region(w))
		fail_msg("%s", w->line);
}

static off_t file_size(const struct t_world *w)
{
	struct stat st;

	return stat(w->path, &st) < 0 ? -errno : st.st_size;
}

/* Expects a refusal that says @part and leaves every byte of @fd. */
static void expect_refused(struct t_world *w, int fd, int result,
			   const char *part)
{
	uint64_t before = t_hash(fd);
	int next_fd = t_next_fd();

	assert_int_equal(open_region(w), result);
	assert_int_equal(t_next_fd(), next_fd);
	assert_null(w->region);
	assert_int_equal(strncmp(w->line, w->path, strlen(w->path)), 0);
	if (!strstr(w->line, part))
		fail_msg("\"%s\" does not say \"%s\"", w->line, part);
	assert_int_equal(t_hash(fd), before);
}

static void a_new_file_is_made_and_sized(void **state)
{
	struct t_world *w = *state;

	expect_opens(w);
	assert_int_equal(w->region->kind, DS_REGION_FILE);
	assert_int_equal(w->region->size, DS_REGION_DEFAULT_SIZE);
	assert_int_equal(file_size(w), DS_REGION_DEFAULT_SIZE);
	assert_string_equal(w->region->path, w->path);
	assert_int_equal(w->region->base[w->region->size - 1], 0);
}

static void a_mistyped_device_is_no_new_file(void **state)
{
	struct t_world *w = *state;

	w->options.path = "/dev/no-such-device-for-daxsim";
	assert_int_equal(open_region(w), -ENOENT);
	assert_int_equal(access(w->options.path, F_OK), -1);
}

static void a_new_file_has_room_for_the_offset_too(void **state)
{
	struct t_world *w = *state;

	w->options.offset = 8192;
	w->options.size = 20480;
	expect_opens(w);
	assert_int_equal(w->region->offset, 8192);
	assert_int_equal(file_size(w), 28672);
}

static void a_failed_open_leaves_no_new_file(void **state)
{
	struct t_world *w = *state;

	w->options.size = 5000;
	assert_int_equal(open_region(w), -EINVAL);
	assert_non_null(strstr(w->line, "nearest valid size is 4096"));
	assert_int_equal(file_size(w), -ENOENT);

	w->options.size = UINT64_C(1) << 62;
	assert_true(open_region(w) < 0);
	assert_int_equal(file_size(w), -ENOENT);
}

static void an_empty_file_is_grown(void **state)
{
	struct t_world *w = *state;

	close(make_file(w, 0, 0, 0));
	w->options.size = 8192;
	expect_opens(w);
	assert_int_equal(file_size(w), 8192);
}

static void a_failed_open_leaves_an_empty_file_empty(void **state)
{
	struct t_world *w = *state;

	close(make_file(w, 0, 0, 0));
	w->options.size = UINT64_C(1) << 62;
	assert_true(open_region(w) < 0);
	assert_int_equal(file_size(w), 0);
}

/* The address space may grow by 1 MiB and no more. */
static void limit_memory(void)
{
	struct rlimit limit = {0, 0};
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY);
	unsigned long long pages;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		_exit(2);
	close(fd);
	pages = strtoull(text, NULL, 10);
	limit.rlim_max = pages * (rlim_t)sysconf(_SC_PAGESIZE) + (1 << 20);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_AS, &limit))
		_exit(3);
}

/* Grown, and then not mapped. Return: of ds_region_open(). */
static int open_without_memory(struct t_world *w)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		limit_memory();
		_exit(open_region(w) == -ENOMEM ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void what_cannot_be_mapped_is_not_left_grown(void **state)
{
	struct t_world *w = *state;

	assert_int_equal(open_without_memory(w), 0);
	assert_int_equal(file_size(w), -ENOENT);
	close(make_file(w, 0, 0, 0));
	assert_int_equal(open_without_memory(w), 0);
	assert_int_equal(file_size(w), 0);
}

static void a_file_of_zeros_needs_no_consent(void **state)
{
	struct t_world *w = *state;

	close(make_file(w, 3 << 20, 0, 0));
	expect_opens(w);
	assert_int_equal(w->region->size, 3 << 20);
}

static void content_needs_consent(void **state)
{
	struct t_world *w = *state;
	int fd = make_file(w, 1 << 20, 0, 1 << 20);

	expect_refused(w, fd, -EPERM, "has content (byte 0 is not 0)");
	w->options.destroy = true;
	expect_opens(w);
	close(fd);
}

static void one_byte_is_content_wherever_it_is(void **state)
{
	static const uint64_t places[] = {0, 4095, 700001, (1 << 20) - 1};
	struct t_world *w = *state;

	/* Also outside the part that would be used. */
	w->options.offset = 8192;
	w->options.size = 4096;
	for (int i = 0; i < 4; i++) {
		int fd = make_file(w, 1 << 20, places[i], places[i] + 1);

		expect_refused(w, fd, -EPERM, "no consent");
		close(fd);
	}
}

/* Opening writes nothing; a store lands in the file at its offset. */
static void a_region_begins_with_what_was_there(void **state)
{
	struct t_world *w = *state;
	int fd = make_file(w, 1 << 20, 0, 1 << 20);
	uint64_t before = t_hash(fd);
	unsigned char buf[2];

	w->options.destroy = true;
	w->options.offset = 8192;
	w->options.size = 65536;
	expect_opens(w);
	assert_int_equal(t_hash(fd), before);

	w->region->base[0] = 0xfe;
	w->region->base[65535] = 0xfd;
	assert_int_equal(ds_region_flush(w->region, w->region->base + 65535, 1),
			 0);
	assert_int_equal(pread(fd, buf, 1, 8192), 1);
	assert_int_equal(pread(fd, buf + 1, 1, 8192 + 65535), 1);
	assert_int_equal(buf[0], 0xfe);
	assert_int_equal(buf[1], 0xfd);
	assert_int_equal(ds_region_reread(w->region, 65535, buf, 1), 0);
	assert_int_equal(buf[0], 0xfd);
	close(fd);
}

static void what_lies_outside_the_region_stays(void **state)
{
	struct t_world *w = *state;
	unsigned char before[8192], after[8192];
	int fd = make_file(w, 20480, 0, 20480);

	assert_int_equal(pread(fd, before, 4096, 0), 4096);
	assert_int_equal(pread(fd, before + 4096, 4096, 16384), 4096);
	w->options.destroy = true;
	w->options.offset = 4096;
	w->options.size = 12288;
	expect_opens(w);
	memset(w->region->base, 0, (size_t)w->region->size);
	ds_region_close(w->region);
	w->region = NULL;
	assert_int_equal(pread(fd, after, 4096, 0), 4096);
	assert_int_equal(pread(fd, after + 4096, 4096, 16384), 4096);
	assert_memory_equal(before, after, sizeof(before));
	close(fd);
}

static void sizes_past_the_end_are_refused(void **state)
{
	struct t_world *w = *state;
	int fd = make_file(w, 10000, 0, 100);

	w->options.destroy = true;
	w->options.size = 12288;
	expect_refused(w, fd, -EINVAL, "nearest valid size is 8192");
	w->options.size = 0;
	w->options.offset = 8192;
	expect_refused(w, fd, -EINVAL, "nearest valid offset is 4096");
	close(fd);
}

static void a_file_smaller_than_a_page_is_refused(void **state)
{
	struct t_world *w = *state;
	int fd = make_file(w, 4095, 0, 0);

	expect_refused(w, fd, -EINVAL, "has 4095 bytes");
	close(fd);
}

static void a_signature_must_be_named(void **state)
{
	struct t_world *w = *state;
	int fd = make_file(w, 1 << 20, 4096, 8192);

	assert_int_equal(pwrite(fd, "PMEMOBJ", 8, 0), 8);
	expect_refused(w, fd, -EPERM, "no consent");
	w->options.destroy = true;
	expect_refused(w, fd, -EPERM, "holds pmdk data");
	w->options.overwrite = "ext4";
	expect_refused(w, fd, -EPERM, "holds pmdk data");
	w->options.overwrite = "ext4,pmdk";
	w->options.destroy = false;
	expect_refused(w, fd, -EPERM, "no consent");
	w->options.destroy = true;
	expect_opens(w);
	close(fd);
}

static void a_swap_file_is_refused(void **state)
{
	struct t_world *w = *state;
	char text[256];
	int fd = make_file(w, 1 << 20, 0, 4096);

	t_format(text, sizeof(text), "%s file 1024 0 -2\n", w->path);
	t_write(&w->root, "proc/swaps", text);
	w->options.destroy = true;
	expect_refused(w, fd, -EPERM, "is in use as swap");
	close(fd);
}

static void a_mapped_file_is_refused(void **state)
{
	struct t_world *w = *state;
	char text[256];
	struct stat st;
	int fd = make_file(w, 1 << 20, 0, 4096);

	assert_int_equal(fstat(fd, &st), 0);
	t_format(text, sizeof(text),
		 "7f0000000000-7f0000200000 rw-s 00000000 %02x:%02x %lu "
		 "/somewhere\n",
		 major(st.st_dev), minor(st.st_dev), (unsigned long)st.st_ino);
	t_write(&w->root, "proc/55/maps", text);
	w->options.destroy = true;
	expect_refused(w, fd, -EPERM, "is mapped by process 55");
	close(fd);
}

static void a_file_in_use_by_a_region_is_refused(void **state)
{
	struct t_world *w = *state;
	struct ds_region *first;
	int fd;

	expect_opens(w);
	first = w->region;
	w->region = NULL;
	fd = open(w->path, O_RDWR);
	assert_true(fd >= 0);
	w->options.destroy = true;
	expect_refused(w, fd, -EPERM, "is locked");
	assert_int_equal(file_size(w), DS_REGION_DEFAULT_SIZE);

	ds_region_close(first);
	expect_opens(w);
	close(fd);
}

static void a_file_that_may_not_be_written_is_refused(void **state)
{
	struct t_world *w = *state;
	int fd = make_file(w, 1 << 20, 0, 4096);

	if (geteuid() == 0) {
		print_message("# root may write anything\n");
		close(fd);
		return;
	}
	assert_int_equal(chmod(w->path, 0400), 0);
	w->options.destroy = true;
	expect_refused(w, fd, -EACCES, "Permission denied");
	close(fd);
}

static void a_file_without_proc_is_refused(void **state)
{
	struct t_world *w = *state;
	int fd = make_file(w, 1 << 20, 0, 4096);

	w->options.destroy = true;
	w->options.procfs = "/nonexistent";
	expect_refused(w, fd, -ENOENT, "cannot list /nonexistent");
	close(fd);
}

/* As a bound that is no wish: what is there goes first. */
static void at_most_so_much_is_used_of_what_is_there(void **state)
{
	static const struct {
		off_t there;
		uint64_t at_most, used;
	} cases[] = {
		{64 * 4096, 16 * 4096, 16 * 4096},
		{64 * 4096, 16 * 4096 + 1, 16 * 4096},
		{64 * 4096, 1, 4096},
		{64 * 4096, 65 * 4096, 64 * 4096},
		{0, 16 * 4096, 16 * 4096},
	};
	struct t_world *w = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		close(make_file(w, cases[i].there, 0, 0));
		w->options.at_most = cases[i].at_most;
		assert_int_equal(open_region(w), 0);
		assert_int_equal(w->region->size, cases[i].used);
		ds_region_close(w->region);
		w->region = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_mistyped_device_is_no_new_file, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_file_is_made_and_sized,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_new_file_has_room_for_the_offset_too, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_failed_open_leaves_no_new_file, setup, teardown),
		cmocka_unit_test_setup_teardown(an_empty_file_is_grown, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			at_most_so_much_is_used_of_what_is_there, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_failed_open_leaves_an_empty_file_empty, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_mapped_is_not_left_grown, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_file_of_zeros_needs_no_consent, setup, teardown),
		cmocka_unit_test_setup_teardown(content_needs_consent, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			one_byte_is_content_wherever_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_region_begins_with_what_was_there, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_lies_outside_the_region_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(sizes_past_the_end_are_refused,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_smaller_than_a_page_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_signature_must_be_named,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_swap_file_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_mapped_file_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_file_in_use_by_a_region_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_may_not_be_written_is_refused, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_file_without_proc_is_refused,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
