// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <sys/sysmacros.h>

#include "fakeroot.h"
#include "pmem/device.h"

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
	struct ds_device device;
	struct ds_device list[4];
	char line[512];
};

static int setup(void **state)
{
	struct t_world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	t_root_new(&w->root);
	t_add_dax(&w->root, &zero);
	t_link(&w->root, "dev/dax0.0", "/dev/zero");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct t_world *w = *state;

	t_root_free(&w->root);
	free(w);
	return 0;
}

static struct ds_why why(struct t_world *w)
{
	return (struct ds_why){w->line, sizeof(w->line)};
}

static int identify(struct t_world *w)
{
	return ds_device_identify(w->root.sysfs, makedev(1, 5), &w->device,
				  why(w));
}

static int check_use(struct t_world *w)
{
	int next_fd = t_next_fd();
	int r;

	assert_int_equal(identify(w), 0);
	r = ds_device_check_use(&w->device, w->root.procfs, 0, 0, why(w));
	assert_int_equal(t_next_fd(), next_fd);
	return r;
}

static int list(struct t_world *w)
{
	const struct ds_device_roots roots = {
		.sysfs = w->root.sysfs,
		.procfs = w->root.procfs,
		.dev = w->root.dev,
	};

	int next_fd = t_next_fd();
	int r = ds_device_list(&roots, w->list, 4);

	assert_int_equal(t_next_fd(), next_fd);
	return r;
}

static void expect_line(struct t_world *w, const char *part)
{
	if (!strstr(w->line, part))
		fail_msg("\"%s\" does not say \"%s\"", w->line, part);
}

static void expect_reason(const struct ds_device *device, const char *part)
{
	assert_false(device->usable);
	if (!strstr(device->reason, part))
		fail_msg("\"%s\" does not say \"%s\"", device->reason, part);
}

static void a_dax_device_is_identified(void **state)
{
	struct t_world *w = *state;

	assert_int_equal(identify(w), 0);
	assert_string_equal(w->device.name, "dax0.0");
	assert_string_equal(w->device.subsystem, "dax");
	assert_string_equal(w->device.driver, "device_dax");
	assert_int_equal(w->device.rdev, makedev(1, 5));
	assert_int_equal(w->device.size, 16777216);
	assert_int_equal(w->device.align, 2097152);
	assert_int_equal(w->device.resource, 0x120a00000);
	assert_int_equal(w->device.target_node, 2);
	assert_int_equal(w->device.numa_node, -1);
	assert_string_equal(strrchr(w->device.dir, '/'), "/dax0.0");
}

static void a_device_that_sysfs_does_not_know_is_refused(void **state)
{
	struct t_world *w = *state;

	assert_int_equal(ds_device_identify(w->root.sysfs, makedev(1, 6),
					    &w->device, why(w)),
			 -ENOENT);
	expect_line(w, "is not known to sysfs");
}

static void a_device_of_another_bus_is_refused(void **state)
{
	struct t_world *w = *state;

	t_link(&w->root,
	       "sys/devices/ACPI/ndbus0/region0/dax0.1/dax0.0/"
	       "subsystem",
	       "sys/class/mem");
	assert_int_equal(identify(w), -EINVAL);
	expect_line(w, "is not a DAX device (subsystem mem)");

	/* The class of old kernels is not the bus. */
	t_link(&w->root,
	       "sys/devices/ACPI/ndbus0/region0/dax0.1/dax0.0/"
	       "subsystem",
	       "sys/class/dax");
	assert_int_equal(identify(w), -EINVAL);
	t_remove(&w->root, "sys/devices/ACPI/ndbus0/region0/dax0.1/dax0.0/"
			   "subsystem");
	assert_int_equal(identify(w), -EINVAL);
	expect_line(w, "unknown");
}

static void ram_in_use_is_refused(void **state)
{
	struct t_world *w = *state;

	t_bind(&w->root, &zero, "kmem");
	assert_int_equal(identify(w), -EPERM);
	expect_line(w, "is in use as RAM");
	assert_int_equal(w->device.size, 16777216); /* known all the same */
}

static void other_drivers_are_refused(void **state)
{
	struct t_world *w = *state;

	t_bind(&w->root, &zero, "fsdev_dax");
	assert_int_equal(identify(w), -EPERM);
	expect_line(w, "driver fsdev_dax");
}

static void a_device_without_driver_is_refused(void **state)
{
	struct t_world *w = *state;

	t_remove(&w->root,
		 "sys/devices/ACPI/ndbus0/region0/dax0.1/dax0.0/driver");
	assert_int_equal(identify(w), -EPERM);
	expect_line(w, "has no driver bound");
}

static void odd_numbers_are_refused(void **state)
{
	static const char *const wrong[][2] = {
		{"align", "0\n"},       {"align", "3000000\n"},
		{"align", "2048\n"},    {"align", "x\n"},
		{"align", "-4096\n"},   {"align", "4096 k\n"},
		{"size", "0\n"},        {"size", "2097151\n"},
		{"size", "\n"},         {"size", "99999999999999999999\n"},
		{"dev", "1\n"},         {"dev", "1:6\n"},
		{"size", "-2097152\n"}, {"size", "9223372036854775808\n"},
	};
	struct t_world *w = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		t_add_attr(&w->root, &zero, wrong[i][0], wrong[i][1]);
		assert_int_equal(identify(w), -EINVAL);
		t_add_attr(&w->root, &zero, "align", zero.align);
		t_add_attr(&w->root, &zero, "size", zero.size);
		t_add_attr(&w->root, &zero, "dev", zero.rdev);
	}
	assert_int_equal(identify(w), 0);
}

static void an_old_kernel_has_the_align_in_the_region(void **state)
{
	struct t_world *w = *state;

	t_remove(&w->root,
		 "sys/devices/ACPI/ndbus0/region0/dax0.1/dax0.0/align");
	assert_int_equal(identify(w), -ENOENT);
	t_write(&w->root,
		"sys/devices/ACPI/ndbus0/region0/dax0.1/dax_region/align",
		"4096\n");
	assert_int_equal(identify(w), 0);
	assert_int_equal(w->device.align, 4096);
}

static void what_only_root_may_read_may_be_missing(void **state)
{
	struct t_world *w = *state;

	t_remove(&w->root,
		 "sys/devices/ACPI/ndbus0/region0/dax0.1/dax0.0/resource");
	t_remove(&w->root,
		 "sys/devices/ACPI/ndbus0/region0/dax0.1/dax0.0/target_node");
	assert_int_equal(identify(w), 0);
	assert_int_equal(w->device.resource, 0);
	assert_int_equal(w->device.target_node, -1);
}

static void an_idle_device_may_be_used(void **state)
{
	assert_int_equal(check_use(*state), 0);
}

static void a_mounted_device_is_in_use(void **state)
{
	struct t_world *w = *state;

	t_write(&w->root, "proc/self/mountinfo",
		"30 21 0:50 / /m rw - famfs /dev/dax0.0 rw\n");
	assert_int_equal(check_use(w), -EPERM);
	expect_line(w, "is mounted at /m");
}

static void a_swap_device_is_in_use(void **state)
{
	struct t_world *w = *state;

	t_write(&w->root, "proc/swaps", "/dev/dax0.0 partition 1 0 -2\n");
	assert_int_equal(check_use(w), -EPERM);
}

static void a_mapped_device_is_in_use(void **state)
{
	struct t_world *w = *state;

	t_write(&w->root, "proc/9/maps",
		"7f0000000000-7f0000200000 rw-s 00000000 00:06 5 "
		"/dev/dax0.0\n");
	assert_int_equal(check_use(w), -EPERM);
	expect_line(w, "is mapped by process 9");
}

static void a_mounted_block_device_of_the_region_counts(void **state)
{
	struct t_world *w = *state;

	t_add_block(&w->root, "ACPI/ndbus0/region0/namespace0.0/block/pmem0",
		    "259:0\n");
	assert_int_equal(check_use(w), 0);
	t_write(&w->root, "proc/self/mountinfo",
		"30 21 259:0 / /m rw - ext4 /dev/root rw\n");
	assert_int_equal(check_use(w), -EPERM);
	expect_line(w, "shares its region with pmem0, which is mounted at /m");
}

static void a_mounted_partition_of_the_region_counts(void **state)
{
	struct t_world *w = *state;

	t_add_block(&w->root, "ACPI/ndbus0/region0/pfn0.1/block/pmem0",
		    "259:0\n");
	t_add_block(&w->root, "ACPI/ndbus0/region0/pfn0.1/block/pmem0/pmem0p2",
		    "259:2\n");
	t_write(&w->root, "proc/self/mountinfo",
		"30 21 259:2 / /m rw - ext4 /dev/root rw\n");
	assert_int_equal(check_use(w), -EPERM);
	expect_line(w, "pmem0p2");
}

static void swap_on_a_block_device_of_the_region_counts(void **state)
{
	struct t_world *w = *state;

	t_add_block(&w->root, "ACPI/ndbus0/region0/btt0.0/block/pmem0s",
		    "259:0\n");
	t_write(&w->root, "proc/swaps", "/dev/pmem0s partition 1 0 -2\n");
	assert_int_equal(check_use(w), -EPERM);
	expect_line(w, "is in use as swap");
}

static void a_held_block_device_of_the_region_counts(void **state)
{
	struct t_world *w = *state;

	t_add_block(&w->root, "ACPI/ndbus0/region0/namespace0.0/block/pmem0",
		    "259:0\n");
	t_link(&w->root,
	       "sys/devices/ACPI/ndbus0/region0/namespace0.0/block/pmem0/"
	       "holders/dm-3",
	       "sys/block/dm-3");
	assert_int_equal(check_use(w), -EPERM);
	expect_line(w, "dm-3");
}

static void a_block_device_with_an_odd_number_counts(void **state)
{
	struct t_world *w = *state;

	t_add_block(&w->root, "ACPI/ndbus0/region0/namespace0.0/block/pmem0",
		    "x\n");
	assert_int_equal(check_use(w), -EINVAL);
	expect_line(w, "pmem0, which cannot be judged");
}

static void a_block_device_of_another_region_does_not_count(void **state)
{
	struct t_world *w = *state;

	t_add_block(&w->root, "ACPI/ndbus0/region1/namespace1.0/block/pmem1",
		    "259:0\n");
	t_write(&w->root, "proc/self/mountinfo",
		"30 21 259:0 / /m rw - ext4 /dev/pmem1 rw\n");
	assert_int_equal(check_use(w), 0);
}

static void what_proc_does_not_tell_is_a_refusal(void **state)
{
	struct t_world *w = *state;

	t_remove(&w->root, "proc/self/mountinfo");
	assert_int_equal(check_use(w), -ENOENT);
}

static void a_usable_device_is_listed(void **state)
{
	struct t_world *w = *state;

	assert_int_equal(list(w), 1);
	assert_string_equal(w->list[0].reason, "");
	assert_true(w->list[0].usable);
	assert_string_equal(strrchr(w->list[0].path, '/'), "/dax0.0");
	assert_int_equal(w->list[0].size, 16777216);
}

static void devices_are_listed_in_the_order_of_their_numbers(void **state)
{
	static const char *const names[] = {"dax10.0", "dax2.0", "dax2.1"};
	struct t_world *w = *state;
	struct t_dax dax = zero;

	dax.rdev = "1:77";
	for (int i = 0; i < 3; i++) {
		char dir[64];

		t_format(dir, sizeof(dir), "hmem.%d/%s", i, names[i]);
		dax.name = names[i];
		dax.dir = dir;
		t_add_dax(&w->root, &dax);
	}
	assert_int_equal(list(w), 4);
	assert_string_equal(w->list[0].name, "dax0.0");
	assert_string_equal(w->list[1].name, "dax2.0");
	assert_string_equal(w->list[2].name, "dax2.1");
	assert_string_equal(w->list[3].name, "dax10.0");
}

static void more_devices_than_room_are_counted(void **state)
{
	struct t_world *w = *state;
	const struct ds_device_roots roots = {
		.sysfs = w->root.sysfs,
		.procfs = w->root.procfs,
		.dev = w->root.dev,
	};

	assert_int_equal(ds_device_list(&roots, NULL, 0), 1);
}

static void a_machine_without_the_bus_has_no_devices(void **state)
{
	struct t_world *w = *state;

	t_remove(&w->root, "sys/bus/dax/devices/dax0.0");
	assert_int_equal(list(w), 0);
	t_remove(&w->root, "sys/bus/dax/devices");
	assert_int_equal(list(w), 0);
}

static void a_listed_device_says_why_it_is_not_usable(void **state)
{
	struct t_world *w = *state;

	t_bind(&w->root, &zero, "kmem");
	assert_int_equal(list(w), 1);
	expect_reason(&w->list[0], "is in use as RAM");
	t_bind(&w->root, &zero, "device_dax");

	t_write(&w->root, "proc/swaps", "/dev/dax0.0 partition 1 0 -2\n");
	assert_int_equal(list(w), 1);
	expect_reason(&w->list[0], "is in use as swap");
	t_write(&w->root, "proc/swaps", "");

	t_link(&w->root, "dev/dax0.0", "/dev/null");
	assert_int_equal(list(w), 1);
	expect_reason(&w->list[0], "has a node that is not it");

	t_remove(&w->root, "dev/dax0.0");
	assert_int_equal(list(w), 1);
	expect_reason(&w->list[0], "has no node");
}

/* /dev/null can be opened but not mapped. */
static void a_device_that_cannot_be_read_is_not_usable(void **state)
{
	struct t_world *w = *state;

	t_add_attr(&w->root, &zero, "dev", T_NULL);
	t_link(&w->root, "dev/dax0.0", "/dev/null");
	assert_int_equal(list(w), 1);
	expect_reason(&w->list[0], "cannot be read");
}

static void the_devices_of_this_machine_can_be_listed(void **state)
{
	const struct ds_device_roots roots = {.sysfs = NULL};
	struct ds_device devices[4];

	(void)state;
	assert_true(ds_device_list(&roots, devices, 4) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_dax_device_is_identified,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_device_that_sysfs_does_not_know_is_refused, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_device_of_another_bus_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(ram_in_use_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(other_drivers_are_refused,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_device_without_driver_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_numbers_are_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			an_old_kernel_has_the_align_in_the_region, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			what_only_root_may_read_may_be_missing, setup,
			teardown),
		cmocka_unit_test_setup_teardown(an_idle_device_may_be_used,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_mounted_device_is_in_use,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_swap_device_is_in_use, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_mapped_device_is_in_use,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_mounted_block_device_of_the_region_counts, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_mounted_partition_of_the_region_counts, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			swap_on_a_block_device_of_the_region_counts, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_held_block_device_of_the_region_counts, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_block_device_with_an_odd_number_counts, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_block_device_of_another_region_does_not_count, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			what_proc_does_not_tell_is_a_refusal, setup, teardown),
		cmocka_unit_test_setup_teardown(a_usable_device_is_listed,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			devices_are_listed_in_the_order_of_their_numbers, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			more_devices_than_room_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_machine_without_the_bus_has_no_devices, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_listed_device_says_why_it_is_not_usable, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_device_that_cannot_be_read_is_not_usable, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			the_devices_of_this_machine_can_be_listed, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
