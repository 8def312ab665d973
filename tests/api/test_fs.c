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
#include <stdio.h>
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

/* ----------------------- Breaks of other kinds ---------------------------- */

static void punch_with(struct daxsim_op *op, uint64_t offset, uint64_t end)
{
	daxsim_op_write_back(op, offset, end);
	daxsim_op_truncate_cache_range(op, offset, end);
	daxsim_op_lock(op, DAXSIM_LOCK_EXTENTS, true);
	daxsim_op_remove(op, offset, end);
	daxsim_op_unlock(op, DAXSIM_LOCK_EXTENTS);
}

/* Punches after a break of the range, or of page 0 where it ends at 0. */
static int ranged(struct daxsim_op *op, uint64_t offset, uint64_t end,
		  uint64_t last)
{
	int r;

	daxsim_op_lock(op, DAXSIM_LOCK_INODE, true);
	daxsim_op_lock(op, DAXSIM_LOCK_FAULT, true);
	r = daxsim_op_break_layouts_range(op, last ? offset : 0, last);
	if (r == 0)
		punch_with(op, offset, end);
	daxsim_op_unlock(op, DAXSIM_LOCK_FAULT);
	daxsim_op_unlock(op, DAXSIM_LOCK_INODE);
	return r;
}

static int ranged_fallocate(struct daxsim_op *op, int mode, uint64_t offset,
			    uint64_t len)
{
	if (!(mode & FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	return ranged(op, offset, offset + len, offset + len - 1);
}

static int page_0_fallocate(struct daxsim_op *op, int mode, uint64_t offset,
			    uint64_t len)
{
	if (!(mode & FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	return ranged(op, offset, offset + len, 0);
}

static int impatient_set_size(struct daxsim_op *op, uint64_t size)
{
	int r;

	daxsim_op_lock(op, DAXSIM_LOCK_FAULT, true);
	r = daxsim_op_break_layouts_now(op);
	daxsim_op_unlock(op, DAXSIM_LOCK_FAULT);
	return r < 0 ? r : shrink(op, size, true);
}

static void final_evict(struct daxsim_op *op)
{
	daxsim_op_break_layouts_final(op);
}

static int refuse_write(struct daxsim_op *op, uint64_t offset, uint64_t len)
{
	return offset + len > daxsim_op_size(op) ? -EFBIG : 0;
}

static int fail_fsync(struct daxsim_op *op)
{
	daxsim_op_write_back(op, 0, daxsim_op_size(op));
	daxsim_op_commit(op);
	return -EIO;
}

/* ------------------------------ The battery ------------------------------- */

/* What a battery found. */
struct found {
	unsigned int n_cells, n_bad, n_inherited, n_unforeseen;
	char op[32], pin[32], property[32], token[400];
};

static void note_cell(void *arg, const struct daxsim_fs_cell *cell)
{
	struct found *found = arg;

	assert_string_equal(cell->search, "COMPLETE");
	assert_true(cell->interleavings > 0);
	assert_int_equal(cell->violates, cell->replay != NULL);
	assert_int_equal(cell->violates, cell->property != NULL);
	assert_int_equal(cell->violates, cell->text != NULL);
	assert_non_null(cell->because);
	found->n_cells++;
	found->n_inherited += cell->inherited;
	found->n_unforeseen += !cell->as_predicted;
	if (!cell->violates || cell->inherited || found->n_bad++)
		return;
	snprintf(found->op, sizeof(found->op), "%s", cell->op);
	snprintf(found->pin, sizeof(found->pin), "%s", cell->pin);
	snprintf(found->property, sizeof(found->property), "%s",
		 cell->property);
	snprintf(found->token, sizeof(found->token), "%s", cell->replay);
}

static struct found prove(const struct daxsim_fs *fs, const char *op,
			  const char *pin)
{
	struct found found = {0};
	struct daxsim_fs_prove_options options = {
		.struct_size = sizeof(options),
		.op = op,
		.pin = pin,
		.all = op || pin,
		.report = note_cell,
		.arg = &found,
	};
	char why[200] = "";
	int r = daxsim_fs_prove(fs, &options, why, sizeof(why));

	if (r < 0)
		fail_msg("%d: %s", r, why);
	assert_int_equal(r, found.n_bad);
	return found;
}

static void the_battery_finds_nothing_where_all_is_right(void **state)
{
	struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "careful",
		.set_size = careful_set_size,
		.fallocate = careful_fallocate,
		.evict = final_evict,
	};
	unsigned int kernel;

	(void)state;
	for (kernel = DAXSIM_V4_19; kernel <= DAXSIM_V6_15; kernel++) {
		struct found found;

		fs.kernel = (enum daxsim_kernel)kernel;
		found = prove(&fs, NULL, NULL);
		assert_int_equal(found.n_cells, 24);
		assert_int_equal(found.n_bad, 0);
		assert_int_equal(found.n_unforeseen, 0);
		/* Unmapped pins to v6.14, refaults from v6.15 on. */
		assert_true(found.n_inherited > 0);
	}
}

static void the_battery_finds_the_wait_that_is_missing(void **state)
{
	const struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "careless",
		.kernel = DAXSIM_V6_15,
		.set_size = careless_set_size,
		.fallocate = careful_fallocate,
	};
	struct daxsim_report *report;
	struct found found;

	(void)state;
	found = prove(&fs, NULL, NULL);
	assert_int_equal(found.n_bad, 3);
	assert_string_equal(found.op, "truncate-down");
	assert_string_equal(found.pin, "direct-1");
	assert_string_equal(found.property, "NO_STRAY_WRITE");
	assert_int_equal(daxsim_fs_replay(&fs, found.token, &report), 0);
	assert_true(daxsim_report_findings(report) > 0);
	assert_non_null(
		strstr(daxsim_report_timeline(report), "!! NO_STRAY_WRITE"));
	daxsim_report_free(report);
}

static void a_range_is_enough_and_page_0_is_not(void **state)
{
	struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "ranged",
		.kernel = DAXSIM_V6_12,
		.set_size = careful_set_size,
		.fallocate = ranged_fallocate,
	};

	(void)state;
	assert_int_equal(prove(&fs, "punch", "direct-2").n_bad, 0);
	fs.fallocate = page_0_fallocate;
	assert_int_equal(prove(&fs, "punch", "direct-2").n_bad, 1);
	assert_int_equal(prove(&fs, "punch", NULL).n_unforeseen, 0);
}

static void eviction_waits_where_it_says_so(void **state)
{
	struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "lasting",
		.kernel = DAXSIM_V6_15,
		.set_size = careful_set_size,
	};

	(void)state;
	assert_int_equal(prove(&fs, "evict", NULL).n_bad, 1);
	/* Who evicts is who has the pin, and waits for itself. */
	fs.evict = final_evict;
	assert_int_equal(prove(&fs, "evict", NULL).n_inherited, 1);
}

static void a_break_that_does_not_wait_fails_bare(void **state)
{
	static const struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "impatient",
		.kernel = DAXSIM_V6_15,
		.set_size = impatient_set_size,
	};
	struct daxsim *sim = make(&fs);
	struct daxsim_pin *pin;

	(void)state;
	assert_int_equal(daxsim_pin_user_pages(sim, address, BLOCK, 0, &pin),
			 BLOCK);
	assert_int_equal(daxsim_ftruncate(file, BLOCK), -DAXSIM_ERESTARTSYS);
	daxsim_unpin_user_pages(pin);
	assert_int_equal(daxsim_ftruncate(file, BLOCK), 0);
	daxsim_free(sim);
}

static void writes_and_fsync_ask_what_it_brings(void **state)
{
	static const struct daxsim_fs fs = {
		.struct_size = sizeof(fs),
		.name = "asks",
		.set_size = careful_set_size,
		.prepare_write = refuse_write,
		.fsync = fail_fsync,
	};
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.custom_fs = &fs,
	};
	struct daxsim *sim = NULL;

	(void)state;
	assert_int_equal(daxsim_new(&options, &sim, NULL, 0), 0);
	assert_int_equal(daxsim_open(sim, "A", O_RDWR | O_CREAT, &file), 0);
	assert_int_equal(daxsim_pwrite(file, "x", 1, 0), -EFBIG);
	assert_int_equal(daxsim_ftruncate(file, BLOCK), 0);
	assert_int_equal(daxsim_pwrite(file, "x", 1, 0), 1);
	assert_int_equal(daxsim_fsync(file), -EIO);
	daxsim_free(sim);
}

static int broken_set_size(struct daxsim_op *op, uint64_t size)
{
	(void)op;
	(void)size;
	return -EIO;
}

static void what_cannot_be_proved_is_refused(void **state)
{
	struct daxsim_fs fs = {.struct_size = sizeof(fs), .name = "nothing"};
	struct daxsim_fs_prove_options options = {
		.struct_size = sizeof(options),
		.op = "defragment",
	};
	struct daxsim_report *report = NULL;
	char why[200];

	(void)state;
	assert_int_equal(daxsim_fs_prove(&fs, NULL, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "not complete"));
	fs.set_size = careful_set_size;
	fs.kernel = (enum daxsim_kernel)99;
	assert_int_equal(daxsim_fs_prove(&fs, NULL, why, sizeof(why)), -EINVAL);
	fs.kernel = DAXSIM_V6_15;
	assert_int_equal(daxsim_fs_prove(&fs, &options, why, sizeof(why)),
			 -EINVAL);
	assert_non_null(strstr(why, "no such operation"));
	options.op = "punch";
	fs.set_size = broken_set_size;
	assert_int_equal(daxsim_fs_prove(&fs, &options, why, sizeof(why)),
			 -EINVAL);
	assert_non_null(strstr(why, "punch: file A could not be made: "));
	options.struct_size--;
	assert_int_equal(daxsim_fs_prove(&fs, &options, why, sizeof(why)),
			 -EINVAL);
	assert_int_equal(daxsim_fs_replay(&fs, "ds1:nonsense", &report),
			 -EINVAL);
	assert_null(report);
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
		cmocka_unit_test(the_battery_finds_nothing_where_all_is_right),
		cmocka_unit_test(the_battery_finds_the_wait_that_is_missing),
		cmocka_unit_test(a_range_is_enough_and_page_0_is_not),
		cmocka_unit_test(eviction_waits_where_it_says_so),
		cmocka_unit_test(a_break_that_does_not_wait_fails_bare),
		cmocka_unit_test(writes_and_fsync_ask_what_it_brings),
		cmocka_unit_test(what_cannot_be_proved_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
