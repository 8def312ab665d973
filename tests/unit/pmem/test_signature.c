// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <sys/mman.h>

#include "fakeroot.h"
#include "pmem/signature.h"

#define MIB      (UINT64_C(1) << 20)
#define SIZE     (64 * MIB) /* of the whole */
#define SWAP_AT  4086
#define HAS_HEAD (8 * MIB) /* what is looked at */
#define HAS_TAIL MIB

/* A memfd; it stands for a device too, as it can be mapped. */
struct t_world {
	int fd;
	struct ds_signature_device device;
	struct ds_signature found;
};

static int setup(void **state)
{
	struct t_world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->fd = memfd_create("test", MFD_CLOEXEC);
	assert_true(w->fd >= 0);
	assert_int_equal(ftruncate(w->fd, SIZE), 0);
	w->device = (struct ds_signature_device){
		.fd = w->fd,
		.size = SIZE,
		.align = 2 * MIB,
		.window_size = SIZE,
	};
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct t_world *w = *state;

	close(w->fd);
	free(w);
	return 0;
}

static void put(struct t_world *w, uint64_t at, const void *bytes, size_t len)
{
	assert_int_equal(pwrite(w->fd, bytes, len, (off_t)at), len);
}

static int find(struct t_world *w, const char *allowed)
{
	return ds_signature_find(w->fd, SIZE, allowed, &w->found);
}

static int find_device(struct t_world *w, const char *allowed)
{
	return ds_signature_find_device(&w->device, allowed, &w->found);
}

static void put_swap(struct t_world *w)
{
	static const unsigned char version_and_pages[] = {1, 0, 0, 0,
							  9, 9, 0, 0};

	put(w, 1024, version_and_pages, sizeof(version_and_pages));
	put(w, SWAP_AT, "SWAPSPACE2", 10);
}

/* A partition table with one entry. */
static void put_dos(struct t_world *w)
{
	static const unsigned char entry[16] = {0x80, 0, 2, 0, 0x83, 1,  2, 0,
						0,    8, 0, 0, 0,    16, 0, 0};

	put(w, 446, entry, sizeof(entry));
	put(w, 510, "\x55\xaa", 2);
}

static bool has_library(void)
{
	return strcmp(ds_signature_library(), "none") != 0;
}

static void names_are_whole_words_of_a_list(void **state)
{
	(void)state;
	assert_true(ds_signature_allowed("ext4", "ext4"));
	assert_true(ds_signature_allowed("gpt,ext4,xfs", "ext4"));
	assert_true(ds_signature_allowed("gpt,ext4", "gpt"));
	assert_false(ds_signature_allowed("ext4", "ext"));
	assert_false(ds_signature_allowed("ext", "ext4"));
	assert_false(ds_signature_allowed("", "ext4"));
	assert_false(ds_signature_allowed(NULL, "ext4"));
}

static void zeros_hold_nothing(void **state)
{
	struct t_world *w = *state;

	assert_int_equal(find(w, NULL), 0);
	assert_int_equal(find_device(w, NULL), 0);
}

static void expect(struct t_world *w, const char *name, uint64_t offset)
{
	assert_int_equal(find(w, NULL), 1);
	assert_string_equal(w->found.name, name);
	assert_int_equal(w->found.offset, offset);
	assert_int_equal(find(w, name), 0);
	memset(&w->found, 0, sizeof(w->found));

	assert_int_equal(find_device(w, NULL), 1);
	assert_string_equal(w->found.name, name);
	assert_int_equal(w->found.offset, offset);
	assert_int_equal(find_device(w, "unknown"), 1);
	assert_int_equal(find_device(w, name), 1);
	assert_string_equal(w->found.name, "unknown");
}

static void a_famfs_superblock_is_known(void **state)
{
	struct t_world *w = *state;

	put(w, 0, "\xff\x82\xb2\x87\0\0\0\0", 8);
	expect(w, "famfs", 0);
}

static void a_famfs_log_is_known(void **state)
{
	struct t_world *w = *state;

	put(w, 2 * MIB, "\x0d\xf0\xfe\xca\xad\x0b\0\0", 8);
	expect(w, "famfs", 2 * MIB);
}

static void pmdk_pools_are_known(void **state)
{
	struct t_world *w = *state;

	put(w, 0, "PMEMOBJ", 8);
	expect(w, "pmdk", 0);
	put(w, 0, "PMEMPOOL", 8);
	expect(w, "pmdk", 0);
}

static void nova_is_known(void **state)
{
	struct t_world *w = *state;

	put(w, 4, "AVON", 4);
	expect(w, "nova", 4);
}

static void a_file_shorter_than_a_magic_holds_none(void **state)
{
	struct t_world *w = *state;

	put(w, 0, "PMEM", 4);
	assert_int_equal(ds_signature_find(w->fd, 3, NULL, &w->found), 0);
	assert_int_equal(ds_signature_find(w->fd, 4, NULL, &w->found), 1);
}

static void what_the_library_knows_is_found(void **state)
{
	struct t_world *w = *state;

	put_swap(w);
	if (has_library())
		expect(w, "swap", SWAP_AT);
	else
		assert_int_equal(find(w, NULL), 0);
	assert_int_equal(find_device(w, NULL), 1);
	assert_string_equal(w->found.name, has_library() ? "swap" : "unknown");
}

/* Consent to lose one thing is none to lose another. */
static void each_of_two_signatures_must_be_allowed(void **state)
{
	struct t_world *w = *state;

	put_dos(w);
	if (has_library())
		expect(w, "dos", 510);
	put(w, 4, "AVON", 4);
	assert_int_equal(find(w, "nova"), has_library());
	assert_int_equal(find(w, "dos"), 1);
	assert_int_equal(find(w, "dos,nova"), 0);
	assert_int_equal(find_device(w, "dos,nova"), 1);
	assert_int_equal(find_device(w, "dos,nova,unknown"), 0);
}

static void nonzero_bytes_are_found_between_holes(void **state)
{
	struct t_world *w = *state;
	uint64_t at;

	put(w, 40 * MIB + 5, "x", 1);
	assert_int_equal(ds_signature_nonzero(w->fd, 0, SIZE, &at), 1);
	assert_int_equal(at, 40 * MIB + 5);
	assert_int_equal(ds_signature_nonzero(w->fd, 40 * MIB + 5, 40 * MIB + 6,
					      &at),
			 1);
	assert_int_equal(ds_signature_nonzero(w->fd, 0, 40 * MIB + 5, &at), 0);
	assert_int_equal(ds_signature_nonzero(w->fd, 40 * MIB + 6, SIZE, &at),
			 0);
	assert_int_equal(ds_signature_nonzero(w->fd, 0, 0, &at), 0);
	assert_int_equal(ds_signature_nonzero(-1, 0, 1, &at), -EBADF);
}

static void the_last_byte_counts(void **state)
{
	struct t_world *w = *state;
	uint64_t at;

	put(w, SIZE - 1, "x", 1);
	assert_int_equal(ds_signature_nonzero(w->fd, 0, SIZE, &at), 1);
	assert_int_equal(at, SIZE - 1);
}

static void unknown_data_is_found_at_both_ends_of_the_window(void **state)
{
	static const uint64_t places[] = {
		4 * MIB,
		4 * MIB + HAS_HEAD - 1,
		44 * MIB - HAS_TAIL,
		44 * MIB - 1,
	};
	struct t_world *w = *state;

	w->device.window_offset = 4 * MIB;
	w->device.window_size = 40 * MIB;
	for (int i = 0; i < 4; i++) {
		put(w, places[i], "x", 1);
		assert_int_equal(find_device(w, NULL), 1);
		assert_string_equal(w->found.name, DS_SIGNATURE_UNKNOWN);
		assert_int_equal(w->found.offset, places[i]);
		assert_int_equal(find_device(w, DS_SIGNATURE_UNKNOWN), 0);
		put(w, places[i], "", 1);
	}
	assert_int_equal(find_device(w, NULL), 0);
}

static void unknown_data_outside_the_window_may_stay(void **state)
{
	struct t_world *w = *state;

	w->device.window_offset = 4 * MIB;
	w->device.window_size = 40 * MIB;
	put(w, 4 * MIB - 1, "x", 1);
	put(w, 44 * MIB, "x", 1);
	assert_int_equal(find_device(w, NULL), 0);
}

static void a_signature_outside_the_window_counts(void **state)
{
	struct t_world *w = *state;

	w->device.window_offset = 4 * MIB;
	w->device.window_size = 40 * MIB;
	put(w, 0, "PMEMBLK", 8);
	assert_int_equal(find_device(w, NULL), 1);
	assert_string_equal(w->found.name, "pmdk");
}

static void stamp(struct t_world *w, uint64_t at, uint64_t size)
{
	unsigned char page[DS_SIGNATURE_STAMP_SIZE];

	ds_signature_stamp(page, size);
	put(w, at, page, sizeof(page));
}

static void a_stamp_makes_the_rest_of_its_region_scratch(void **state)
{
	struct t_world *w = *state;

	w->device.window_offset = 4 * MIB;
	w->device.window_size = 40 * MIB;
	t_fill(w->fd, 4 * MIB, 44 * MIB);
	assert_int_equal(find_device(w, NULL), 1);
	stamp(w, 4 * MIB, 40 * MIB);
	assert_int_equal(find_device(w, NULL), 0);
	w->device.window_size = 2 * MIB;
	assert_int_equal(find_device(w, NULL), 0);
}

static void a_stamp_says_nothing_about_more_than_its_region(void **state)
{
	struct t_world *w = *state;

	stamp(w, 0, 40 * MIB);
	w->device.window_size = 42 * MIB;
	assert_int_equal(find_device(w, NULL), 1);
	assert_string_equal(w->found.name, DS_SIGNATURE_UNKNOWN);
}

static void a_damaged_stamp_is_none(void **state)
{
	struct t_world *w = *state;

	stamp(w, 0, SIZE);
	put(w, 4095, "x", 1);
	assert_int_equal(find_device(w, NULL), 1);
}

static void a_known_signature_counts_in_spite_of_a_stamp(void **state)
{
	struct t_world *w = *state;

	stamp(w, 0, SIZE);
	put(w, 2 * MIB, "\x0d\xf0\xfe\xca\xad\x0b\0\0", 8);
	assert_int_equal(find_device(w, NULL), 1);
	assert_string_equal(w->found.name, "famfs");
}

static void looking_changes_nothing(void **state)
{
	struct t_world *w = *state;
	uint64_t before;

	put_swap(w);
	t_fill(w->fd, 6 * MIB, 7 * MIB);
	before = t_hash(w->fd);
	assert_int_equal(find(w, NULL), has_library());
	assert_int_equal(find_device(w, NULL), 1);
	assert_int_equal(t_hash(w->fd), before);
}

/* Bad memory: here a file cut short under its mapping. */
static void memory_that_faults_is_an_error_not_a_crash(void **state)
{
	struct t_world *w = *state;

	assert_int_equal(ftruncate(w->fd, 4096), 0);
	assert_int_equal(find_device(w, NULL), -EIO);
}

static void what_cannot_be_mapped_is_an_error(void **state)
{
	struct t_world *w = *state;

	w->device.fd = -1;
	assert_int_equal(find_device(w, NULL), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_whole_words_of_a_list,
						setup, teardown),
		cmocka_unit_test_setup_teardown(zeros_hold_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_famfs_superblock_is_known,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_famfs_log_is_known, setup,
						teardown),
		cmocka_unit_test_setup_teardown(pmdk_pools_are_known, setup,
						teardown),
		cmocka_unit_test_setup_teardown(nova_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_shorter_than_a_magic_holds_none, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_the_library_knows_is_found,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			each_of_two_signatures_must_be_allowed, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			nonzero_bytes_are_found_between_holes, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_byte_counts, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			unknown_data_is_found_at_both_ends_of_the_window, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			unknown_data_outside_the_window_may_stay, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_signature_outside_the_window_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_stamp_makes_the_rest_of_its_region_scratch, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_stamp_says_nothing_about_more_than_its_region, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_damaged_stamp_is_none, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_known_signature_counts_in_spite_of_a_stamp, setup,
			teardown),
		cmocka_unit_test_setup_teardown(looking_changes_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			memory_that_faults_is_an_error_not_a_crash, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_mapped_is_an_error, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
