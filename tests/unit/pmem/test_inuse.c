// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <sys/sysmacros.h>

#include "fakeroot.h"
#include "pmem/inuse.h"

struct t_world {
	struct t_root root;
	struct ds_inuse_what what;
	char line[256];
};

static int setup(void **state)
{
	struct t_world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	t_root_new(&w->root);
	w->what.name = "dax0.0";
	w->what.type = S_IFCHR;
	w->what.rdev = makedev(252, 7);
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

static int mounted(struct t_world *w)
{
	return ds_inuse_mounted(w->root.procfs, &w->what, why(w));
}

static int swap(struct t_world *w)
{
	return ds_inuse_swap(w->root.procfs, &w->what, why(w));
}

static int processes(struct t_world *w, unsigned int *ret_n_hidden)
{
	return ds_inuse_processes(w->root.procfs, &w->what, ret_n_hidden,
				  why(w));
}

static void mount(struct t_world *w, const char *line)
{
	t_write(&w->root, "proc/self/mountinfo", line);
}

static void an_idle_machine_uses_nothing(void **state)
{
	struct t_world *w = *state;
	unsigned int n_hidden = 9;

	assert_int_equal(mounted(w), 0);
	assert_int_equal(swap(w), 0);
	assert_int_equal(processes(w, &n_hidden), 0);
	assert_int_equal(n_hidden, 0);
}

static void a_device_is_found_as_the_source_of_a_mount(void **state)
{
	struct t_world *w = *state;

	mount(w, "30 21 0:50 / /mnt/a\\040b rw - famfs /dev/dax0.0 rw\n");
	assert_int_equal(mounted(w), -EPERM);
	assert_string_equal(w->line, "is mounted at /mnt/a b");
}

static void a_mount_without_tags_or_with_many_is_read_alike(void **state)
{
	struct t_world *w = *state;

	mount(w, "30 21 0:50 / /m rw shared:1 master:2 propagate_from:3 - "
		 "famfs /dev/dax0.0 rw\n");
	assert_int_equal(mounted(w), -EPERM);
}

static void a_device_is_found_in_the_options_of_a_mount(void **state)
{
	struct t_world *w = *state;

	mount(w, "30 21 0:50 / /m rw - fuse famfs rw,daxdev=/dev/dax0.0,x\n");
	assert_int_equal(mounted(w), -EPERM);
}

static void a_device_is_found_by_its_number(void **state)
{
	struct t_world *w = *state;

	w->what.name = "other";
	w->what.rdev = makedev(1, 5);
	mount(w, "30 21 0:50 / /m rw - famfs /dev/zero rw\n");
	assert_int_equal(mounted(w), -EPERM);
	w->what.rdev = makedev(1, 3);
	assert_int_equal(mounted(w), 0);
	w->what.rdev = makedev(1, 5);
	w->what.type = S_IFBLK;
	assert_int_equal(mounted(w), 0);
}

static void a_block_device_is_found_by_the_number_of_the_mount(void **state)
{
	struct t_world *w = *state;

	w->what.name = "pmem0";
	w->what.type = S_IFBLK;
	w->what.rdev = makedev(259, 0);
	mount(w, "30 21 259:0 / /m rw - ext4 /dev/disk/by-label/x rw\n");
	assert_int_equal(mounted(w), -EPERM);
	mount(w, "30 21 259:1 / /m rw - ext4 /dev/disk/by-label/x rw\n");
	assert_int_equal(mounted(w), 0);
}

/* dax0.01 is no dax0.0, and a node bound into a container is no mount. */
static void a_like_name_is_another_device(void **state)
{
	struct t_world *w = *state;

	mount(w, "30 21 0:50 / /m rw - famfs /dev/dax0.01 rw\n"
		 "31 21 0:51 / /m rw - famfs /dev/xdax0.0 rw\n"
		 "32 21 0:52 / /m rw - fuse x rw,daxdev=/dev/dax0.0.1\n"
		 "33 21 0:53 / /m rw - fuse x rw,name=dax0.0\n"
		 "34 21 0:5 /dax0.0 /dev/dax0.0 rw - devtmpfs udev rw\n");
	assert_int_equal(mounted(w), 0);
}

static void the_last_line_counts_without_its_end(void **state)
{
	struct t_world *w = *state;

	mount(w, "30 21 0:50 / /m rw - famfs /dev/dax0.0 rw");
	assert_int_equal(mounted(w), -EPERM);
}

/* Longer than one read of the file, and with broken lines in it. */
static void all_lines_are_read(void **state)
{
	struct t_world *w = *state;
	static char text[70000];
	size_t at = 0;

	while (at < sizeof(text) - 300)
		at += (size_t)t_format(
			text + at, sizeof(text) - at,
			"%zu 21 0:50 / /m/%zu rw - tmpfs none rw\n\nodd\n - \n",
			at, at);
	t_format(text + at, sizeof(text) - at,
		 "30 21 0:50 / /m rw - famfs /dev/dax0.0 rw\n");
	mount(w, text);
	assert_int_equal(mounted(w), -EPERM);
}

static void what_cannot_be_read_is_an_error(void **state)
{
	struct t_world *w = *state;
	static char text[30000];

	memset(text, 'x', sizeof(text) - 1);
	mount(w, text);
	assert_int_equal(mounted(w), -E2BIG);
	t_remove(&w->root, "proc/self/mountinfo");
	assert_int_equal(mounted(w), -ENOENT);
	assert_non_null(strstr(w->line, "cannot tell if it is mounted"));
}

static void swap_is_found_by_name_and_number(void **state)
{
	struct t_world *w = *state;

	w->what.type = S_IFBLK;
	w->what.name = "pmem0";
	t_write(&w->root, "proc/swaps",
		"Filename\tType\tSize\tUsed\tPriority\n"
		"/dev/pmem0                              "
		"partition\t524284\t\t0\t\t-2\n");
	assert_int_equal(swap(w), -EPERM);
	assert_non_null(strstr(w->line, "/dev/pmem0"));
	w->what.name = "pmem1";
	assert_int_equal(swap(w), 0);
}

static void a_swap_file_is_found_by_its_inode(void **state)
{
	struct t_world *w = *state;
	char text[PATH_MAX];
	struct stat st;

	t_write(&w->root, "swap file", "x");
	t_format(text, sizeof(text), "%s/swap file", w->root.path);
	assert_int_equal(stat(text, &st), 0);
	t_format(text, sizeof(text), "F T\n%s/swap\\040file\tfile\t4\t0\t-2\n",
		 w->root.path);
	t_write(&w->root, "proc/swaps", text);
	w->what = (struct ds_inuse_what){
		.type = S_IFREG, .dev = st.st_dev, .ino = st.st_ino};
	assert_int_equal(swap(w), -EPERM);
	w->what.ino++;
	assert_int_equal(swap(w), 0);
}

static void a_kernel_without_swap_swaps_to_nothing(void **state)
{
	struct t_world *w = *state;

	t_remove(&w->root, "proc/swaps");
	assert_int_equal(swap(w), 0);
}

static void a_process_that_maps_the_device_is_named(void **state)
{
	struct t_world *w = *state;
	unsigned int n_hidden;

	t_write(&w->root, "proc/432/maps",
		"55d0a0000000-55d0a0021000 r--p 00000000 08:01 131 /bin/x\n"
		"7f0000000000-7f0000200000 rw-s 00000000 00:06 5 "
		"/srv/root/dev/dax0.0 (deleted)\n");
	assert_int_equal(processes(w, &n_hidden), -EPERM);
	assert_string_equal(w->line, "is mapped by process 432");
}

static void a_mapping_is_found_by_the_inode(void **state)
{
	struct t_world *w = *state;
	unsigned int n_hidden;

	w->what.name = NULL;
	w->what.type = S_IFREG;
	w->what.dev = makedev(8, 1);
	w->what.ino = 131;
	assert_int_equal(processes(w, &n_hidden), -EPERM);
	w->what.ino = 132;
	assert_int_equal(processes(w, &n_hidden), 0);
	w->what.ino = 131;
	w->what.dev = makedev(8, 2);
	assert_int_equal(processes(w, &n_hidden), 0);
}

static void the_calling_process_does_not_count(void **state)
{
	struct t_world *w = *state;
	char rel[64];
	unsigned int n_hidden;

	t_format(rel, sizeof(rel), "proc/%ld/maps", (long)getpid());
	t_write(&w->root, rel,
		"7f0000000000-7f0000200000 rw-s 00000000 00:06 5 "
		"/dev/dax0.0\n");
	assert_int_equal(processes(w, &n_hidden), 0);
}

static void a_process_that_ended_meanwhile_does_not_count(void **state)
{
	struct t_world *w = *state;
	unsigned int n_hidden = 9;

	t_write(&w->root, "proc/77/other", "");
	assert_int_equal(processes(w, &n_hidden), 0);
	assert_int_equal(n_hidden, 0);
}

static void hidden_processes_are_counted(void **state)
{
	struct t_world *w = *state;
	char path[PATH_MAX];
	unsigned int n_hidden;

	if (geteuid() == 0) {
		print_message("# root sees every process\n");
		return;
	}
	t_format(path, sizeof(path), "%s/1/maps", w->root.procfs);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(processes(w, &n_hidden), 0);
	assert_int_equal(n_hidden, 1);
}

static void a_mount_that_only_a_process_sees_counts(void **state)
{
	struct t_world *w = *state;
	unsigned int n_hidden;

	t_write(&w->root, "proc/88/maps", "");
	t_write(&w->root, "proc/88/mountinfo",
		"30 21 0:50 / /m rw - famfs /dev/dax0.0 rw\n");
	assert_int_equal(processes(w, &n_hidden), -EPERM);
	assert_string_equal(w->line, "is mounted at /m, as process 88 sees it");

	/* One in our namespace sees what we see. */
	t_link(&w->root, "proc/88/ns/mnt", "/mnt:[1]");
	t_link(&w->root, "proc/self/ns/mnt", "/mnt:[2]");
	assert_int_equal(processes(w, &n_hidden), -EPERM);
	t_link(&w->root, "proc/self/ns/mnt", "/mnt:[1]");
	assert_int_equal(processes(w, &n_hidden), 0);
}

static void without_a_process_list_nothing_is_known(void **state)
{
	struct t_world *w = *state;
	unsigned int n_hidden;

	assert_int_equal(ds_inuse_processes("/nonexistent", &w->what, &n_hidden,
					    why(w)),
			 -ENOENT);
	assert_non_null(strstr(w->line, "cannot list /nonexistent"));
}

static void the_real_proc_can_be_read(void **state)
{
	struct t_world *w = *state;
	unsigned int n_hidden;

	assert_int_equal(ds_inuse_mounted("/proc", &w->what, why(w)), 0);
	assert_int_equal(ds_inuse_swap("/proc", &w->what, why(w)), 0);
	assert_int_equal(
		ds_inuse_processes("/proc", &w->what, &n_hidden, why(w)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_idle_machine_uses_nothing,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_device_is_found_as_the_source_of_a_mount, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_mount_without_tags_or_with_many_is_read_alike, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_device_is_found_in_the_options_of_a_mount, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_device_is_found_by_its_number,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_block_device_is_found_by_the_number_of_the_mount,
			setup, teardown),
		cmocka_unit_test_setup_teardown(a_like_name_is_another_device,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_last_line_counts_without_its_end, setup, teardown),
		cmocka_unit_test_setup_teardown(all_lines_are_read, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_an_error,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			swap_is_found_by_name_and_number, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_swap_file_is_found_by_its_inode, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_kernel_without_swap_swaps_to_nothing, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_process_that_maps_the_device_is_named, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_mapping_is_found_by_the_inode,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_calling_process_does_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_process_that_ended_meanwhile_does_not_count, setup,
			teardown),
		cmocka_unit_test_setup_teardown(hidden_processes_are_counted,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_mount_that_only_a_process_sees_counts, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			without_a_process_list_nothing_is_known, setup,
			teardown),
		cmocka_unit_test_setup_teardown(the_real_proc_can_be_read,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
