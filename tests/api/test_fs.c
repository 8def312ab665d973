// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A file system written from the public building blocks: as a user would, and
 * with the user's mistakes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <daxsim.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK 4096

static uint64_t address;
static struct daxsim_file *file;

/* Truncation that waits, or does not. */
static int shrink(struct daxsim_op *op, uint64_t size, bool wait)
{
	int r = 0;

	daxsim_op_lock(op, DAXSIM_LOCK_FAULT, true);
	if (wait)
		r = daxsim_op_break_layouts(op);
	if (r == 0) {
		daxsim_op_set_size(op, size);
		daxsim_op_truncate_cache(op, size);
		daxsim_op_lock(op, DAXSIM_LOCK_EXTENTS, true);
		r = daxsim_op_remove(op, size, UINT64_C(1) << 40);
		daxsim_op_unlock(op, DAXSIM_LOCK_EXTENTS);
	}
	daxsim_op_unlock(op, DAXSIM_LOCK_FAULT);
	return r;
}

static int careful_set_size(struct daxsim_op *op, uint64_t size)
{
	return shrink(op, size, true);
}

static int careless_set_size(struct daxsim_op *op, uint64_t size)
{
	return shrink(op, size, false);
}

/* Punches and inserts, with everything in its place. */
static int careful_fallocate(struct daxsim_op *op, int mode, uint64_t offset,
			     uint64_t len)
{
	uint64_t end = offset + len;
	int r;

	daxsim_op_lock(op, DAXSIM_LOCK_INODE, true);
	daxsim_op_lock(op, DAXSIM_LOCK_FAULT, true);
	r = daxsim_op_break_layouts(op);
	if (r == 0) {
		daxsim_op_truncate_cache(op, offset);
		daxsim_op_zero_bytes(op, offset, end);
		daxsim_op_lock(op, DAXSIM_LOCK_JOURNAL, false);
		daxsim_op_lock(op, DAXSIM_LOCK_EXTENTS, true);
		switch (mode) {
		case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
			r = daxsim_op_remove(op, offset, end);
			break;
		case FALLOC_FL_COLLAPSE_RANGE:
			r = daxsim_op_remove(op, offset, end);
			if (r == 0)
				r = daxsim_op_shift_down(op, offset, end);
			daxsim_op_set_size(op, daxsim_op_size(op) - len);
			break;
		case FALLOC_FL_INSERT_RANGE:
			daxsim_op_set_size(op, daxsim_op_size(op) + len);
			r = daxsim_op_shift_up(op, offset, len);
			break;
		case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
			r = daxsim_op_unwrite(op, offset, end);
			break;
		default:
			r = daxsim_op_allocate(op, offset, end);
		}
		daxsim_op_unlock(op, DAXSIM_LOCK_EXTENTS);
		daxsim_op_unlock(op, DAXSIM_LOCK_JOURNAL);
	}
	daxsim_op_unlock(op, DAXSIM_LOCK_FAULT);
	daxsim_op_unlock(op, DAXSIM_LOCK_INODE);
	return r;
}

static struct daxsim *make(const struct daxsim_fs *fs)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.custom_fs = fs,
		.small = true,
		.victim = true,
	};
	unsigned char bytes[8 * BLOCK];
	struct daxsim *sim = NULL;
	char why[256];

	memset(bytes, 7, sizeof(bytes));
	assert_int_equal(daxsim_new(&options, &sim, why, sizeof(why)), 0);
	assert_int_equal(daxsim_open(sim, "A", O_RDWR | O_CREAT, &file), 0);
	assert_int_equal(daxsim_pwrite(file, bytes, sizeof(bytes), 0),
			 sizeof(bytes));
	assert_int_equal(daxsim_mmap(file, 2 * BLOCK, PROT_READ | PROT_WRITE,
				     MAP_SHARED, 2 * BLOCK, &address),
			 0);
	assert_int_equal(daxsim_store(sim, address, bytes, 2 * BLOCK),
			 2 * BLOCK);
	return sim;
}

static void read_direct(struct daxsim *sim, void *arg)
{
	static const unsigned char from_disk[2 * BLOCK] = {1};

	(void)arg;
	daxsim_direct_read(sim, address, from_disk, sizeof(from_disk));
}

static void truncate_file(struct daxsim *sim, void *arg)
{
	(void)sim;
	(void)arg;
	daxsim_ftruncate(file, BLOCK);
}

static unsigned int search(const struct daxsim_fs *fs)
{
	struct daxsim_report *report = NULL;
	struct daxsim *sim = make(fs);
	unsigned int findings;

	assert_int_equal(daxsim_spawn(sim, "direct", read_direct, NULL), 0);
	assert_int_equal(daxsim_spawn(sim, "truncate", truncate_file, NULL), 1);
	assert_int_equal(daxsim_explore(sim, NULL, &report), 0);
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	findings = daxsim_report_findings(report);
	daxsim_report_free(report);
	daxsim_free(sim);
	return findings;
}

static void a_file_system_that_waits_holds(void **state)
{
	static const struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "careful",
		.set_size = careful_set_size,
	};

	(void)state;
	assert_int_equal(search(&fs), 0);
}

static void a_file_system_that_does_not_wait_is_caught(void **state)
{
	static const struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "careless",
		.set_size = careless_set_size,
	};

	(void)state;
	assert_true(search(&fs) > 0);
}

/* Waits, but not under the lock that keeps new pins away. */
static int hasty_set_size(struct daxsim_op *op, uint64_t size)
{
	int r = daxsim_op_break_layouts(op);

	return r < 0 ? r : shrink(op, size, false);
}

static void a_break_without_the_fault_lock_is_refused(void **state)
{
	static const struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "hasty",
		.set_size = hasty_set_size,
	};
	struct daxsim_report *report = NULL;
	struct daxsim *sim = make(&fs);

	(void)state;
	assert_int_equal(daxsim_ftruncate(file, BLOCK), -EINVAL);
	assert_int_equal(daxsim_spawn(sim, "direct", read_direct, NULL), 0);
	assert_int_equal(daxsim_spawn(sim, "truncate", truncate_file, NULL), 1);
	assert_int_equal(daxsim_explore(sim, NULL, &report), 0);
	assert_int_equal(daxsim_report_warnings(report), 1U << 9);
	assert_int_equal(daxsim_report_findings(report), 0);
	daxsim_report_free(report);
	daxsim_free(sim);
}

static void the_building_blocks_move_blocks_as_they_say(void **state)
{
	static const struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "careful",
		.set_size = careful_set_size,
		.fallocate = careful_fallocate,
	};
	struct daxsim *sim = make(&fs);
	struct daxsim_extent runs[8];
	struct daxsim_stat stat;

	(void)state;
	/* 8 blocks: insert 1 at 2, punch 4, collapse 0, unwrite 5. */
	assert_int_equal(daxsim_fallocate(file, FALLOC_FL_INSERT_RANGE,
					  2 * BLOCK, BLOCK),
			 0);
	assert_int_equal(daxsim_fallocate(file,
					  FALLOC_FL_PUNCH_HOLE |
						  FALLOC_FL_KEEP_SIZE,
					  4 * BLOCK, BLOCK),
			 0);
	assert_int_equal(
		daxsim_fallocate(file, FALLOC_FL_COLLAPSE_RANGE, 0, BLOCK), 0);
	assert_int_equal(daxsim_fallocate(file,
					  FALLOC_FL_ZERO_RANGE |
						  FALLOC_FL_KEEP_SIZE,
					  5 * BLOCK, BLOCK),
			 0);
	assert_int_equal(daxsim_fallocate(file, 0, BLOCK, BLOCK), 0);
	assert_int_equal(daxsim_fstat(file, &stat), 0);
	assert_int_equal(stat.size, 8 * BLOCK);
	assert_int_equal(stat.blocks, 7 * BLOCK / 512);
	assert_int_equal(daxsim_fiemap(file, 0, 8 * BLOCK, 8, runs), 6);
	assert_int_equal(runs[1].logical, BLOCK);
	assert_true(runs[1].unwritten);
	assert_int_equal(runs[4].logical, 5 * BLOCK);
	assert_true(runs[4].unwritten);
	daxsim_free(sim);
}

static void what_it_does_not_bring_is_not_supported(void **state)
{
	static const struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "small",
		.set_size = careful_set_size,
	};
	struct daxsim *sim = make(&fs);

	(void)state;
	assert_int_equal(daxsim_fallocate(file, 0, 0, BLOCK), -EOPNOTSUPP);
	daxsim_free(sim);
}

static void an_incomplete_table_is_refused(void **state)
{
	static const struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "nothing",
	};
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.custom_fs = &fs,
	};
	struct daxsim *sim;
	char why[256];

	(void)state;
	assert_int_equal(daxsim_new(&options, &sim, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "custom_fs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_system_that_waits_holds),
		cmocka_unit_test(a_file_system_that_does_not_wait_is_caught),
		cmocka_unit_test(a_break_without_the_fault_lock_is_refused),
		cmocka_unit_test(the_building_blocks_move_blocks_as_they_say),
		cmocka_unit_test(what_it_does_not_bring_is_not_supported),
		cmocka_unit_test(an_incomplete_table_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
