// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A regular file stands for the bytes of the device, handed in behind the
 * opening; /dev/zero with a sysfs of our own stands for the whole.
 */
#include <errno.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "fakeroot.h"
#include "pmem/region_backend.h"
#include "pmem/signature.h"

#define MIB  (UINT64_C(1) << 20)
#define SIZE (16 * MIB)

static const struct t_dax zero = {
	.name = "dax0.0",
	.dir = "ACPI/ndbus0/region0/dax0.1/dax0.0",
	.rdev = T_ZERO,
	.driver = "device_dax",
	.size = "16777216\n",
	.align = "2097152\n",
};

struct t_world {
	struct t_root root;
	int fd; /* of the file that stands for the device */
	struct ds_device device;
	struct ds_region_options options;
	struct ds_region region;
	bool is_open;
	char line[512];
};

static int open_bytes(const struct t_world *w)
{
	char path[PATH_MAX];
	int fd;

	t_format(path, sizeof(path), "%s/bytes", w->root.path);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	return fd;
}

static int setup(void **state)
{
	struct t_world *w = calloc(1, sizeof(*w));
	struct ds_why why;

	assert_non_null(w);
	t_root_new(&w->root);
	t_add_dax(&w->root, &zero);
	w->fd = open_bytes(w);
	assert_int_equal(ftruncate(w->fd, SIZE), 0);
	why = (struct ds_why){w->line, sizeof(w->line)};
	assert_int_equal(ds_device_identify(w->root.sysfs, makedev(1, 5),
					    &w->device, why),
			 0);
	w->options = (struct ds_region_options){
		.path = "/dev/zero",
		.destroy = true,
		.sysfs = w->root.sysfs,
		.procfs = w->root.procfs,
	};
	*state = w;
	return 0;
}

static void close_region(struct t_world *w)
{
	if (!w->is_open)
		return;
	ds_region_devdax_leave(&w->region);
	munmap(w->region.base, (size_t)w->region.size);
	assert_int_equal(flock(w->fd, LOCK_UN), 0);
	w->is_open = false;
}

static int teardown(void **state)
{
	struct t_world *w = *state;

	close_region(w);
	close(w->fd);
	t_root_free(&w->root);
	free(w);
	return 0;
}

static int adopt(struct t_world *w)
{
	struct ds_why why = {w->line, sizeof(w->line)};
	int r;

	memset(&w->region, 0, sizeof(w->region));
	w->region.flush = ds_flush_choose(ds_flush_methods);
	r = ds_region_devdax_adopt(&w->options, w->fd, &w->device, &w->region,
				   why);
	w->is_open = !r;
	return r;
}

static void expect_adopts(struct t_world *w)
{
	if (adopt(w))
		fail_msg("%s", w->line);
}

static void expect_line(struct t_world *w, const char *part)
{
	if (!strstr(w->line, part))
		fail_msg("\"%s\" does not say \"%s\"", w->line, part);
}

/* Expects a refusal that says @part and leaves every byte. */
static void expect_refused(struct t_world *w, int result, const char *part)
{
	uint64_t before = t_hash(w->fd);
	int next_fd = t_next_fd();

	assert_int_equal(adopt(w), result);
	assert_int_equal(t_next_fd(), next_fd);
	expect_line(w, part);
	assert_null(w->region.base);
	assert_int_equal(t_hash(w->fd), before);
	assert_int_equal(flock(w->fd, LOCK_UN), 0);
}

static void put(struct t_world *w, uint64_t at, const void *bytes, size_t len)
{
	assert_int_equal(pwrite(w->fd, bytes, len, (off_t)at), len);
}

static void a_device_is_mapped_whole(void **state)
{
	struct t_world *w = *state;
	unsigned char byte = 0;

	expect_adopts(w);
	assert_int_equal(w->region.kind, DS_REGION_DEVDAX);
	assert_int_equal(w->region.size, SIZE);
	assert_int_equal(w->region.align, 2 * MIB);
	assert_true(w->region.sync);
	w->region.base[SIZE - 1] = 7;
	assert_int_equal(ds_region_flush(&w->region, w->region.base + SIZE - 1,
					 1),
			 w->region.flush->durable ? 0 : -EOPNOTSUPP);
	assert_int_equal(pread(w->fd, &byte, 1, SIZE - 1), 1);
	assert_int_equal(byte, 7);
	byte = 0;
	assert_int_equal(ds_region_reread(&w->region, SIZE - 1, &byte, 1), 0);
	assert_int_equal(byte, 7);
}

static void opening_writes_nothing(void **state)
{
	struct t_world *w = *state;
	uint64_t before;

	t_fill(w->fd, 0, SIZE);
	before = t_hash(w->fd);
	w->options.overwrite = "unknown";
	expect_adopts(w);
	assert_int_equal(t_hash(w->fd), before);
}

static void what_lies_outside_the_window_stays(void **state)
{
	static unsigned char before[4 * MIB], after[4 * MIB];
	struct t_world *w = *state;

	t_fill(w->fd, 0, 2 * MIB);
	t_fill(w->fd, SIZE - 2 * MIB, SIZE);
	w->options.offset = 2 * MIB;
	w->options.size = SIZE - 4 * MIB;
	assert_int_equal(pread(w->fd, before, 2 * MIB, 0), 2 * MIB);
	assert_int_equal(pread(w->fd, before + 2 * MIB, 2 * MIB,
			       SIZE - 2 * MIB),
			 2 * MIB);
	expect_adopts(w);
	memset(w->region.base, 0xee, (size_t)w->region.size);
	close_region(w);
	assert_int_equal(pread(w->fd, after, 2 * MIB, 0), 2 * MIB);
	assert_int_equal(pread(w->fd, after + 2 * MIB, 2 * MIB, SIZE - 2 * MIB),
			 2 * MIB);
	assert_memory_equal(before, after, sizeof(before));
}

static void every_device_needs_consent(void **state)
{
	struct t_world *w = *state;

	w->options.destroy = false;
	expect_refused(w, -EPERM, "no consent to destroy bytes 0 to 16777216");
	w->options.overwrite = "unknown";
	expect_refused(w, -EPERM, "no consent");
}

static void offset_and_size_are_multiples_of_the_align(void **state)
{
	struct t_world *w = *state;

	w->options.size = MIB;
	expect_refused(w, -EINVAL, "nearest valid size is 2097152");
	w->options.size = 2 * MIB + 4096;
	expect_refused(w, -EINVAL, "nearest valid size is 2097152");
	w->options.size = SIZE + 2 * MIB;
	expect_refused(w, -EINVAL, "nearest valid size is 16777216");
	w->options.size = 0;
	w->options.offset = 4096;
	expect_refused(w, -EINVAL, "nearest valid offset is 0");
	w->options.offset = SIZE;
	expect_refused(w, -EINVAL, "nearest valid offset is 14680064");
}

static void a_device_in_use_is_refused(void **state)
{
	struct t_world *w = *state;

	t_fill(w->fd, 4 * MIB, 5 * MIB);
	w->options.overwrite = "unknown";
	t_write(&w->root, "proc/self/mountinfo",
		"30 21 0:50 / /m rw - famfs /dev/dax0.0 rw\n");
	expect_refused(w, -EPERM, "is mounted at /m");
	t_write(&w->root, "proc/self/mountinfo", "");

	t_write(&w->root, "proc/swaps", "/dev/dax0.0 partition 1 0 -2\n");
	expect_refused(w, -EPERM, "is in use as swap");
	t_write(&w->root, "proc/swaps", "");

	t_write(&w->root, "proc/9/maps",
		"7f0000000000-7f0000200000 rw-s 00000000 00:06 5 "
		"/dev/dax0.0\n");
	expect_refused(w, -EPERM, "is mapped by process 9");
	t_write(&w->root, "proc/9/maps", "");

	t_add_block(&w->root, "ACPI/ndbus0/region0/namespace0.0/block/pmem0",
		    "259:0\n");
	t_write(&w->root, "proc/swaps", "/dev/pmem0 partition 1 0 -2\n");
	expect_refused(w, -EPERM, "shares its region with pmem0");
	t_write(&w->root, "proc/swaps", "");
	expect_adopts(w);
}

/* A node found by its inode, whatever its name is elsewhere. */
static void a_device_mapped_under_another_name_is_refused(void **state)
{
	struct t_world *w = *state;
	struct stat st;
	char text[256];

	assert_int_equal(fstat(w->fd, &st), 0);
	t_format(text, sizeof(text),
		 "7f0000000000-7f0000200000 rw-s 00000000 %02x:%02x %lu "
		 "/my/pmem\n",
		 major(st.st_dev), minor(st.st_dev), (unsigned long)st.st_ino);
	t_write(&w->root, "proc/9/maps", text);
	expect_refused(w, -EPERM, "is mapped by process 9");
}

static void a_device_whose_use_is_not_known_is_refused(void **state)
{
	struct t_world *w = *state;

	w->options.procfs = "/nonexistent";
	expect_refused(w, -ENOENT, "cannot tell if it is mounted");
}

static void a_locked_device_is_refused(void **state)
{
	struct t_world *w = *state;
	int other = open_bytes(w);

	assert_int_equal(flock(other, LOCK_SH), 0);
	expect_refused(w, -EPERM, "is locked");
	close(other);
	expect_adopts(w);
}

static void a_region_keeps_its_lock(void **state)
{
	struct t_world *w = *state;
	int other = open_bytes(w);

	expect_adopts(w);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	close(other);
}

static void a_signature_must_be_named(void **state)
{
	struct t_world *w = *state;

	put(w, 0, "PMEMOBJ", 8);
	expect_refused(w, -EPERM, "holds pmdk data");
	w->options.overwrite = "famfs,unknown";
	expect_refused(w, -EPERM, "holds pmdk data");
	w->options.overwrite = "pmdk";
	expect_refused(w, -EPERM, "holds unknown data");
	w->options.overwrite = "pmdk,unknown";
	expect_adopts(w);
}

static void each_known_signature_is_refused(void **state)
{
	struct t_world *w = *state;

	put(w, 0, "\xff\x82\xb2\x87\0\0\0\0", 8);
	expect_refused(w, -EPERM, "holds famfs data");
	put(w, 0, "\0\0\0\0AVON", 8);
	expect_refused(w, -EPERM, "holds nova data");
}

/* What only the library knows is at least unknown without it. */
static void swap_space_is_refused(void **state)
{
	static const unsigned char version_and_pages[] = {1, 0, 0, 0,
							  9, 9, 0, 0};
	struct t_world *w = *state;

	put(w, 1024, version_and_pages, sizeof(version_and_pages));
	put(w, 4086, "SWAPSPACE2", 10);
	expect_refused(w, -EPERM,
		       strcmp(ds_signature_library(), "none")
			       ? "holds swap data"
			       : "holds unknown data");
}

static void unknown_data_is_refused(void **state)
{
	struct t_world *w = *state;

	put(w, 5000, "x", 1);
	expect_refused(w, -EPERM, "holds unknown data (seen at byte 5000)");
	put(w, 5000, "", 1);
	put(w, SIZE - 1, "x", 1);
	expect_refused(w, -EPERM, "holds unknown data (seen at byte 16777215)");
	w->options.size = 2 * MIB;
	expect_adopts(w);
}

static void what_a_region_leaves_is_scratch(void **state)
{
	struct t_world *w = *state;

	expect_adopts(w);
	memset(w->region.base, 0xee, (size_t)w->region.size);
	close_region(w);
	expect_adopts(w);
	close_region(w);

	w->options.size = 2 * MIB;
	w->options.offset = 2 * MIB;
	expect_refused(w, -EPERM, "holds unknown data");
}

static void a_region_that_crashed_leaves_unknown_data(void **state)
{
	struct t_world *w = *state;

	expect_adopts(w);
	memset(w->region.base, 0xee, (size_t)w->region.size);
	munmap(w->region.base, (size_t)w->region.size);
	w->is_open = false;
	expect_refused(w, -EPERM, "holds unknown data");
}

static int open_whole(struct t_world *w)
{
	int next_fd = t_next_fd();
	struct ds_region *region;
	int r = ds_region_open(&w->options, &region, w->line, sizeof(w->line));

	if (!r)
		ds_region_close(region);
	assert_int_equal(t_next_fd(), next_fd);
	return r;
}

static void the_driver_decides_before_the_device_is_opened(void **state)
{
	struct t_world *w = *state;

	t_bind(&w->root, &zero, "kmem");
	assert_int_equal(open_whole(w), -EPERM);
	expect_line(w, "/dev/zero: is in use as RAM");
	t_bind(&w->root, &zero, "fsdev_dax");
	assert_int_equal(open_whole(w), -EPERM);
	expect_line(w, "/dev/zero: is not for user space");
}

static void a_character_device_of_another_kind_is_refused(void **state)
{
	struct t_world *w = *state;

	w->options.path = "/dev/null";
	assert_int_equal(open_whole(w), -ENOENT);
	expect_line(w, "/dev/null: is not known to sysfs");
	t_link(&w->root, "sys/dev/char/" T_NULL, "sys/devices/virtual/null");
	t_write(&w->root, "sys/devices/virtual/null/dev", T_NULL);
	t_link(&w->root, "sys/devices/virtual/null/subsystem", "sys/class/mem");
	assert_int_equal(open_whole(w), -EINVAL);
	expect_line(w, "/dev/null: is not a DAX device (subsystem mem)");
}

static void the_real_sysfs_knows_that_dev_null_is_no_dax_device(void **state)
{
	struct t_world *w = *state;

	w->options.path = "/dev/null";
	w->options.sysfs = NULL;
	w->options.procfs = NULL;
	assert_int_equal(open_whole(w), -EINVAL);
	expect_line(w, "is not a DAX device");
}

static void a_named_device_still_needs_consent(void **state)
{
	struct t_world *w = *state;

	w->options.destroy = false;
	assert_int_equal(open_whole(w), -EPERM);
	expect_line(w, "/dev/zero: there is no consent");
}

static void a_fit_device_is_opened_by_its_path(void **state)
{
	struct t_world *w = *state;
	int r;

	/* /dev/zero can only be mapped from its start: one unit. */
	t_add_attr(&w->root, &zero, "size", zero.align);
	r = open_whole(w);
	/* Another run of this test may hold /dev/zero at this moment. */
	if (r)
		expect_line(w, "/dev/zero: is locked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_device_is_mapped_whole, setup,
						teardown),
		cmocka_unit_test_setup_teardown(opening_writes_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			what_lies_outside_the_window_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(every_device_needs_consent,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			offset_and_size_are_multiples_of_the_align, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_device_in_use_is_refused,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_device_mapped_under_another_name_is_refused, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_device_whose_use_is_not_known_is_refused, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_locked_device_is_refused,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_region_keeps_its_lock, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_signature_must_be_named,
						setup, teardown),
		cmocka_unit_test_setup_teardown(each_known_signature_is_refused,
						setup, teardown),
		cmocka_unit_test_setup_teardown(swap_space_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(unknown_data_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_a_region_leaves_is_scratch,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_region_that_crashed_leaves_unknown_data, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			the_driver_decides_before_the_device_is_opened, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_character_device_of_another_kind_is_refused, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			the_real_sysfs_knows_that_dev_null_is_no_dax_device,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_named_device_still_needs_consent, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_fit_device_is_opened_by_its_path, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
