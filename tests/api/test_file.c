// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/uio.h>

#include "fixture.h"

/* ------------------------------ Names, opening ---------------------------- */

static void open_finds_makes_and_refuses_as_the_flags_say(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *untouched = (struct daxsim_file *)(uintptr_t)1;
	struct daxsim_file *file = untouched;

	(void)state;
	assert_int_equal(daxsim_open(sim, "A", O_RDWR, &file), -ENOENT);
	assert_ptr_equal(file, untouched);
	t_open(sim, "A", O_RDWR | O_CREAT | O_EXCL);
	t_open(sim, "A", O_RDWR | O_CREAT);
	assert_int_equal(daxsim_open(sim, "A", O_RDWR | O_CREAT | O_EXCL,
				     &file),
			 -EEXIST);
	/* These mean nothing here. */
	t_open(sim, "A", O_RDWR | O_DIRECT | O_SYNC | O_CLOEXEC);
	daxsim_free(sim);
}

static void a_name_has_1_to_31_bytes(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file;
	char name[33];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[32] = '\0';
	assert_int_equal(daxsim_open(sim, name, O_CREAT, &file), -ENAMETOOLONG);
	assert_int_equal(daxsim_open(sim, "", O_CREAT, &file), -ENOENT);
	name[31] = '\0';
	t_open(sim, name, O_RDWR | O_CREAT);
	t_open(sim, name, O_RDWR);
	name[30] = '\0';
	assert_int_equal(daxsim_open(sim, name, O_RDWR, &file), -ENOENT);
	daxsim_free(sim);
}

static void o_trunc_cuts_files_also_those_opened_for_reading(void **state)
{
	struct daxsim *sim = t_plain(NULL);

	(void)state;
	t_file(sim, "A", 2);
	assert_int_equal(t_size(t_open(sim, "A", O_RDWR)), 2 * T_PAGE);
	assert_int_equal(t_size(t_open(sim, "A", O_RDWR | O_TRUNC)), 0);
	t_file(sim, "B", 2);
	assert_int_equal(t_size(t_open(sim, "B", O_RDONLY | O_TRUNC)), 0);
	t_open(sim, "C", O_RDWR | O_CREAT | O_TRUNC);
	daxsim_free(sim);
}

static void a_file_lives_until_its_last_name_and_user_are_gone(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 2);
	const int64_t all = 255 * T_PAGE;
	struct daxsim_file *other;
	struct daxsim_stat stat;
	uint64_t addr;
	char byte;

	(void)state;
	assert_int_equal(daxsim_fstat(file, &stat), 0);
	assert_int_equal(stat.nlink, 1);
	addr = t_map(file, 0, 2 * T_PAGE);
	assert_int_equal(daxsim_unlink(sim, "A"), 0);
	assert_int_equal(daxsim_unlink(sim, "A"), -ENOENT);
	assert_int_equal(daxsim_fstat(file, &stat), 0);
	assert_int_equal(stat.nlink, 0);
	assert_int_equal(t_byte(file, T_PAGE), 'b');
	other = t_file(sim, "A", 0);
	assert_int_equal(t_size(other), 0);
	assert_int_equal(daxsim_close(file), 0);
	assert_int_equal(daxsim_load(sim, addr + T_PAGE, &byte, 1), 1);
	assert_int_equal(byte, 'b');
	assert_int_equal(daxsim_fallocate(other, 0, 0, all), -ENOSPC);
	assert_int_equal(daxsim_ftruncate(other, 0), 0);
	assert_int_equal(daxsim_munmap(sim, addr, 2 * T_PAGE), 0);
	assert_int_equal(daxsim_fallocate(other, 0, 0, all), 0);
	daxsim_free(sim);
}

static void two_files_have_two_inode_numbers(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_stat a, b, again;

	(void)state;
	assert_int_equal(daxsim_fstat(t_file(sim, "A", 1), &a), 0);
	assert_int_equal(daxsim_fstat(t_file(sim, "B", 3), &b), 0);
	assert_int_equal(daxsim_fstat(t_open(sim, "A", O_RDONLY), &again), 0);
	assert_int_not_equal(a.ino, b.ino);
	assert_int_equal(a.ino, again.ino);
	assert_int_equal(a.size, T_PAGE);
	assert_int_equal(a.blocks, 8);
	assert_int_equal(b.blocks, 24);
	daxsim_free(sim);
}

/* ---------------------------- Reading, writing ---------------------------- */

static void reads_end_at_the_end_of_the_file(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 1);
	char bytes[100];

	(void)state;
	assert_int_equal(daxsim_pwrite(file, "end", 3, T_PAGE), 3);
	assert_int_equal(daxsim_pread(file, bytes, 100, T_PAGE - 1), 4);
	assert_memory_equal(bytes, "aend", 4);
	assert_int_equal(daxsim_pread(file, bytes, 100, T_PAGE + 3), 0);
	assert_int_equal(daxsim_pread(file, bytes, 100, 1 << 30), 0);
	assert_int_equal(daxsim_pread(file, bytes, 0, 0), 0);
	assert_int_equal(daxsim_pread(file, bytes, 1, -1), -EINVAL);
	assert_int_equal(daxsim_pread(file, bytes, 100, INT64_MAX - 5),
			 -EINVAL);
	daxsim_free(sim);
}

static void writes_end_where_the_limit_or_the_space_does(void **state)
{
	struct daxsim *sim = t_plain("ext4-4.19");
	struct daxsim_file *file = t_file(sim, "A", 0);
	const int64_t limit = (INT64_C(1) << 44) - T_PAGE;
	static char bytes[2 * T_PAGE];

	(void)state;
	assert_int_equal(daxsim_pwrite(file, bytes, 10, limit - 1), 1);
	assert_int_equal(t_size(file), limit);
	assert_int_equal(daxsim_pwrite(file, bytes, 10, limit), -EFBIG);
	assert_int_equal(daxsim_pwrite(file, bytes, 10, -1), -EINVAL);
	assert_int_equal(daxsim_pwrite(file, bytes, 0, 5), 0);
	assert_int_equal(daxsim_ftruncate(file, 0), 0);
	assert_int_equal(daxsim_fallocate(file, FALLOC_FL_KEEP_SIZE,
					  10 * T_PAGE, 254 * T_PAGE),
			 0);
	/* One block is left. */
	assert_int_equal(daxsim_pwrite(file, bytes, sizeof(bytes), 0), T_PAGE);
	assert_int_equal(daxsim_pwrite(file, bytes, 1, T_PAGE), -ENOSPC);
	assert_int_equal(t_size(file), T_PAGE);
	daxsim_free(sim);
}

static void the_access_mode_is_kept_to(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *reader, *writer;
	char byte = 'x';

	(void)state;
	t_file(sim, "A", 1);
	reader = t_open(sim, "A", O_RDONLY);
	writer = t_open(sim, "A", O_WRONLY);
	assert_int_equal(daxsim_pread(writer, &byte, 1, 0), -EBADF);
	assert_int_equal(daxsim_read(writer, &byte, 1), -EBADF);
	assert_int_equal(daxsim_pwrite(reader, &byte, 1, 0), -EBADF);
	assert_int_equal(daxsim_write(reader, &byte, 1), -EBADF);
	assert_int_equal(daxsim_ftruncate(reader, 0), -EINVAL);
	assert_int_equal(daxsim_fallocate(reader, 0, 0, 1), -EBADF);
	assert_int_equal(daxsim_pwrite(writer, &byte, 1, 0), 1);
	assert_int_equal(t_byte(reader, 0), 'x');
	daxsim_free(sim);
}

static void o_append_writes_at_the_end_whatever_the_offset(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 1);
	struct daxsim_file *tail = t_open(sim, "A", O_RDWR | O_APPEND);

	(void)state;
	assert_int_equal(daxsim_pwrite(tail, "x", 1, 5), 1);
	assert_int_equal(t_byte(file, 5), 'a');
	assert_int_equal(t_byte(file, T_PAGE), 'x');
	assert_int_equal(daxsim_lseek(tail, 0, SEEK_CUR), 0);
	assert_int_equal(daxsim_write(tail, "yz", 2), 2);
	assert_int_equal(t_byte(file, T_PAGE + 2), 'z');
	assert_int_equal(daxsim_lseek(tail, 0, SEEK_CUR), T_PAGE + 3);
	daxsim_free(sim);
}

static void read_and_write_move_the_position(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 0);
	struct daxsim_file *other;
	char bytes[8];

	(void)state;
	assert_int_equal(daxsim_write(file, "one two", 7), 7);
	assert_int_equal(daxsim_lseek(file, 0, SEEK_CUR), 7);
	assert_int_equal(daxsim_read(file, bytes, 8), 0);
	assert_int_equal(daxsim_lseek(file, -3, SEEK_CUR), 4);
	assert_int_equal(daxsim_read(file, bytes, 8), 3);
	assert_memory_equal(bytes, "two", 3);
	assert_int_equal(daxsim_lseek(file, 100, SEEK_SET), 100);
	assert_int_equal(daxsim_write(file, "x", 1), 1);
	assert_int_equal(t_size(file), 101);
	assert_int_equal(t_byte(file, 50), 0);
	/* Each open file has its own. */
	other = t_open(sim, "A", O_RDONLY);
	assert_int_equal(daxsim_read(other, bytes, 3), 3);
	assert_memory_equal(bytes, "one", 3);
	daxsim_free(sim);
}

static void lseek_finds_data_holes_and_ends(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 0);

	(void)state;
	assert_int_equal(daxsim_lseek(file, 0, SEEK_DATA), -ENXIO);
	assert_int_equal(daxsim_pwrite(file, "x", 1, 2 * T_PAGE), 1);
	assert_int_equal(daxsim_ftruncate(file, 5 * T_PAGE), 0);
	assert_int_equal(daxsim_fallocate(file, 0, 3 * T_PAGE, T_PAGE), 0);
	assert_int_equal(daxsim_lseek(file, 7, SEEK_DATA), 2 * T_PAGE);
	assert_int_equal(daxsim_lseek(file, 2 * T_PAGE + 7, SEEK_DATA),
			 2 * T_PAGE + 7);
	/* Unwritten blocks are a hole. */
	assert_int_equal(daxsim_lseek(file, 2 * T_PAGE, SEEK_HOLE), 3 * T_PAGE);
	assert_int_equal(daxsim_lseek(file, 3 * T_PAGE, SEEK_DATA), -ENXIO);
	assert_int_equal(daxsim_lseek(file, 0, SEEK_CUR), 3 * T_PAGE);
	assert_int_equal(daxsim_lseek(file, 5, SEEK_HOLE), 5);
	assert_int_equal(daxsim_lseek(file, 5 * T_PAGE, SEEK_HOLE), -ENXIO);
	assert_int_equal(daxsim_lseek(file, -1, SEEK_DATA), -ENXIO);
	assert_int_equal(daxsim_lseek(file, -1, SEEK_END), 5 * T_PAGE - 1);
	assert_int_equal(daxsim_lseek(file, -1, SEEK_SET), -EINVAL);
	assert_int_equal(daxsim_lseek(file, INT64_MIN, SEEK_END), -EINVAL);
	assert_int_equal(daxsim_lseek(file, 0, 17), -EINVAL);
	daxsim_free(sim);
}

/* ------------------------------ Size and blocks --------------------------- */

static void ftruncate_sets_the_size_and_zeroes_what_comes_back(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 3);
	struct daxsim_stat stat;

	(void)state;
	assert_int_equal(daxsim_ftruncate(file, T_PAGE + 10), 0);
	assert_int_equal(t_size(file), T_PAGE + 10);
	assert_int_equal(daxsim_fstat(file, &stat), 0);
	assert_int_equal(stat.blocks, 16);
	assert_int_equal(daxsim_ftruncate(file, 3 * T_PAGE), 0);
	assert_int_equal(t_byte(file, T_PAGE + 9), 'b');
	assert_int_equal(t_byte(file, T_PAGE + 10), 0);
	assert_int_equal(t_byte(file, 3 * T_PAGE - 1), 0);
	assert_int_equal(daxsim_ftruncate(file, -1), -EINVAL);
	assert_int_equal(daxsim_ftruncate(file, INT64_MAX), -EFBIG);
	daxsim_free(sim);
}

static void xfs_files_can_be_larger_than_ext4_ones(void **state)
{
	struct daxsim *sim = t_plain("xfs-4.19");
	struct daxsim_file *file = t_file(sim, "A", 0);

	(void)state;
	assert_int_equal(daxsim_ftruncate(file, INT64_MAX), 0);
	assert_int_equal(t_size(file), INT64_MAX);
	daxsim_free(sim);
}

/* The order of the checks is the kernel's. */
static void fallocate_refuses_what_the_kernel_refuses(void **state)
{
	static const struct {
		int mode;
		int64_t offset, len;
		int result;
	} cases[] = {
		{0, -1, 1, -EINVAL},
		{0, 0, 0, -EINVAL},
		{0x100, 0, -1, -EINVAL},
		{FALLOC_FL_NO_HIDE_STALE, 0, T_PAGE, -EOPNOTSUPP},
		{FALLOC_FL_PUNCH_HOLE, 0, T_PAGE, -EOPNOTSUPP},
		{T_PUNCH | FALLOC_FL_ZERO_RANGE, 0, T_PAGE, -EOPNOTSUPP},
		{FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_KEEP_SIZE, 0, T_PAGE,
		 -EINVAL},
		{FALLOC_FL_INSERT_RANGE | FALLOC_FL_KEEP_SIZE, 0, T_PAGE,
		 -EINVAL},
		{FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_ZERO_RANGE, 0, T_PAGE,
		 -EINVAL},
		{0, INT64_MAX, 1, -EFBIG},
		{0, (INT64_C(1) << 44) - T_PAGE, 1, -EFBIG},
		{FALLOC_FL_UNSHARE_RANGE, 0, T_PAGE, -EOPNOTSUPP},
		{FALLOC_FL_COLLAPSE_RANGE, 1, T_PAGE, -EINVAL},
		{FALLOC_FL_COLLAPSE_RANGE, T_PAGE, 3 * T_PAGE, -EINVAL},
		{FALLOC_FL_INSERT_RANGE, 0, 1, -EINVAL},
		{FALLOC_FL_INSERT_RANGE, 4 * T_PAGE, T_PAGE, -EINVAL},
		{FALLOC_FL_INSERT_RANGE, 0, (INT64_C(1) << 44) - 2 * T_PAGE,
		 -EFBIG},
	};
	struct daxsim *sim = t_plain("ext4-4.19");
	struct daxsim_file *file = t_file(sim, "A", 4);
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = daxsim_fallocate(file, cases[i].mode, cases[i].offset,
					 cases[i].len);

		if (r != cases[i].result)
			fail_msg("case %u: %d", i, r);
	}
	assert_int_equal(t_size(file), 4 * T_PAGE);
	assert_int_equal(t_byte(file, 3 * T_PAGE), 'd');
	daxsim_free(sim);
}

static void every_mode_of_fallocate_does_its_work(void **state)
{
	struct daxsim *sim = t_plain("xfs-4.19");
	struct daxsim_file *file = t_file(sim, "A", 6);

	(void)state;
	assert_int_equal(daxsim_fallocate(file, T_PUNCH, 100, T_PAGE), 0);
	assert_int_equal(t_byte(file, 99), 'a');
	assert_int_equal(t_byte(file, 100), 0);
	assert_int_equal(t_byte(file, T_PAGE + 99), 0);
	assert_int_equal(t_byte(file, T_PAGE + 100), 'b');
	assert_int_equal(daxsim_fallocate(file, FALLOC_FL_COLLAPSE_RANGE,
					  2 * T_PAGE, T_PAGE),
			 0);
	assert_int_equal(t_size(file), 5 * T_PAGE);
	assert_int_equal(t_byte(file, 2 * T_PAGE), 'd');
	assert_int_equal(daxsim_fallocate(file, FALLOC_FL_INSERT_RANGE,
					  3 * T_PAGE, 2 * T_PAGE),
			 0);
	assert_int_equal(t_size(file), 7 * T_PAGE);
	assert_int_equal(t_byte(file, 4 * T_PAGE), 0);
	assert_int_equal(t_byte(file, 5 * T_PAGE), 'e');
	assert_int_equal(daxsim_fallocate(file, FALLOC_FL_ZERO_RANGE,
					  6 * T_PAGE, 3 * T_PAGE),
			 0);
	assert_int_equal(t_size(file), 9 * T_PAGE);
	assert_int_equal(t_byte(file, 6 * T_PAGE), 0);
	assert_int_equal(daxsim_fallocate(file,
					  FALLOC_FL_ZERO_RANGE |
						  FALLOC_FL_KEEP_SIZE,
					  5 * T_PAGE + 1, 9 * T_PAGE),
			 0);
	assert_int_equal(t_size(file), 9 * T_PAGE);
	assert_int_equal(t_byte(file, 5 * T_PAGE), 'e');
	assert_int_equal(t_byte(file, 5 * T_PAGE + 1), 0);
	assert_int_equal(daxsim_fallocate(file, FALLOC_FL_UNSHARE_RANGE, 0,
					  10 * T_PAGE),
			 0);
	assert_int_equal(t_size(file), 10 * T_PAGE);
	assert_int_equal(daxsim_fallocate(file, 0, 0, 11 * T_PAGE), 0);
	assert_int_equal(t_size(file), 11 * T_PAGE);
	daxsim_free(sim);
}

static void fsync_works_on_every_file(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 2);
	uint64_t addr = t_map(file, 0, 2 * T_PAGE);

	(void)state;
	assert_int_equal(daxsim_store(sim, addr + 5, "xyz", 3), 3);
	assert_int_equal(daxsim_fsync(file), 0);
	assert_int_equal(t_byte(file, 6), 'y');
	assert_int_equal(daxsim_fsync(t_open(sim, "A", O_RDONLY)), 0);
	daxsim_free(sim);
}

/* A file in which every second page is written, 40 of them. */
static struct daxsim_file *scatter(struct daxsim *sim)
{
	struct daxsim_file *file = t_file(sim, "A", 0);
	unsigned int i;

	for (i = 0; i < 40; i++)
		assert_int_equal(daxsim_pwrite(file, "x", 1, 2 * i * T_PAGE),
				 1);
	return file;
}

static void fiemap_tells_as_many_runs_as_there_is_room_for(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = scatter(sim);
	struct daxsim_extent extents[64];
	unsigned int max;
	int64_t n, i;

	(void)state;
	assert_int_equal(daxsim_fiemap(file, 0, UINT64_MAX, 0, NULL), 40);
	/* Around the size of the pieces in which it is done. */
	for (max = 1; max < 64; max++) {
		memset(extents, 0xee, sizeof(extents));
		n = daxsim_fiemap(file, 0, UINT64_MAX, max, extents);
		assert_int_equal(n, max < 40 ? max : 40);
		for (i = 0; i < n; i++) {
			assert_int_equal(extents[i].logical,
					 2 * (uint64_t)i * T_PAGE);
			assert_int_equal(extents[i].length, T_PAGE);
			assert_false(extents[i].unwritten);
		}
		assert_int_equal(extents[n].length,
				 UINT64_C(0xeeeeeeeeeeeeeeee));
	}
	daxsim_free(sim);
}

static void fiemap_tells_neighbours_of_two_kinds_apart(void **state)
{
	struct daxsim *sim = t_plain("xfs-4.19");
	struct daxsim_file *file = t_file(sim, "A", 0);
	struct daxsim_extent extents[64];
	int64_t i;

	(void)state;
	assert_int_equal(daxsim_fallocate(file, 0, 0, 50 * T_PAGE), 0);
	for (i = 0; i < 50; i += 2)
		assert_int_equal(daxsim_pwrite(file, "x", 1, i * T_PAGE), 1);
	assert_int_equal(daxsim_fiemap(file, 0, UINT64_MAX, 64, extents), 50);
	for (i = 0; i < 50; i++) {
		assert_int_equal(extents[i].logical, (uint64_t)i * T_PAGE);
		assert_int_equal(extents[i].unwritten, i % 2);
	}
	daxsim_free(sim);
}

static void fiemap_keeps_to_its_range(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = scatter(sim);
	struct daxsim_extent extents[64];

	(void)state;
	assert_int_equal(
		daxsim_fiemap(file, 2 * T_PAGE, 20 * T_PAGE, 64, extents), 10);
	assert_int_equal(extents[0].logical, 2 * T_PAGE);
	assert_int_equal(daxsim_fiemap(file, 2 * T_PAGE + 1, UINT64_MAX, 64,
				       extents),
			 39);
	assert_int_equal(daxsim_fiemap(file, T_PAGE, T_PAGE, 64, extents), 0);
	assert_int_equal(daxsim_fiemap(file, T_PAGE, T_PAGE, 0, NULL), 0);
	assert_int_equal(daxsim_fiemap(file, 0, 0, 64, extents), -EINVAL);
	assert_int_equal(daxsim_fiemap(file, UINT64_MAX, 1, 64, extents),
			 -EFBIG);
	/* Runs are told whole. */
	assert_int_equal(daxsim_fallocate(file, FALLOC_FL_KEEP_SIZE,
					  100 * T_PAGE, 8 * T_PAGE),
			 0);
	assert_int_equal(daxsim_fiemap(file, 103 * T_PAGE + 5, 7, 64, extents),
			 1);
	assert_int_equal(extents[0].logical, 100 * T_PAGE);
	assert_int_equal(extents[0].length, 8 * T_PAGE);
	assert_true(extents[0].unwritten);
	daxsim_free(sim);
}

static void two_files_share_blocks_until_one_is_written(void **state)
{
	struct daxsim *sim = t_plain("xfs-6.15"), *other;
	struct daxsim_file *a = t_file(sim, "A", 4);
	struct daxsim_file *b = t_file(sim, "B", 1);
	struct daxsim_extent of_a, of_b;

	(void)state;
	assert_int_equal(daxsim_reflink(a, T_PAGE, b, 0, 2 * T_PAGE), 0);
	assert_int_equal(daxsim_fiemap(a, 0, T_PAGE, 1, &of_a), 1);
	assert_int_equal(daxsim_fiemap(b, 0, T_PAGE, 1, &of_b), 1);
	assert_int_equal(of_b.physical, of_a.physical + T_PAGE);
	assert_int_equal(of_b.length, 2 * T_PAGE);
	assert_int_equal(t_byte(b, T_PAGE), t_byte(a, 2 * T_PAGE));
	assert_int_equal(daxsim_pwrite(b, "?", 1, 0), 1);
	assert_int_equal(daxsim_fiemap(b, 0, T_PAGE, 1, &of_b), 1);
	assert_int_not_equal(of_b.physical, of_a.physical + T_PAGE);
	assert_int_not_equal(t_byte(a, T_PAGE), '?');
	/* The second page is shared already, the first now differs. */
	assert_int_equal(daxsim_dedupe(a, 2 * T_PAGE, b, T_PAGE, T_PAGE),
			 T_PAGE);
	assert_int_equal(daxsim_dedupe(a, T_PAGE, b, 0, T_PAGE), -EBADE);
	assert_int_equal(daxsim_reflink(a, 1, b, 0, T_PAGE), -EINVAL);
	other = t_plain("xfs-6.15");
	b = t_file(other, "B", 1);
	assert_int_equal(daxsim_reflink(a, 0, b, 0, T_PAGE), -EXDEV);
	assert_int_equal(daxsim_dedupe(a, 0, b, 0, T_PAGE), -EXDEV);
	daxsim_free(other);
	daxsim_free(sim);
	sim = t_plain("ext4-6.15");
	a = t_file(sim, "A", 2);
	assert_int_equal(daxsim_reflink(a, 0, a, T_PAGE, T_PAGE), -EOPNOTSUPP);
	daxsim_free(sim);
}

static void calls_that_must_not_wait_give_up_at_new_blocks(void **state)
{
	static const char *const systems[] = {"ext4-6.1", "xfs-6.1",
					      "virtiofs-6.12"};
	static const ssize_t expected[] = {4096, -EAGAIN, -EOPNOTSUPP};
	static char page[4096];
	struct daxsim_file *file;
	struct daxsim *sim;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		sim = t_plain(systems[i]);
		file = t_file(sim, "A", 1);
		assert_int_equal(daxsim_preadv2(file, page, 1, 0, RWF_NOWAIT),
				 i < 2 ? 1 : -EOPNOTSUPP);
		assert_int_equal(daxsim_pwritev2(file, page, 4096, 0,
						 RWF_NOWAIT),
				 i < 2 ? 4096 : -EOPNOTSUPP);
		assert_int_equal(daxsim_pwritev2(file, page, 4096, 4096,
						 RWF_NOWAIT),
				 expected[i]);
		assert_int_equal(daxsim_preadv2(file, page, 1, 0, 0), 1);
		assert_int_equal(daxsim_preadv2(file, page, 1, 0, RWF_DSYNC),
				 -EOPNOTSUPP);
		daxsim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			calls_that_must_not_wait_give_up_at_new_blocks),
		cmocka_unit_test(open_finds_makes_and_refuses_as_the_flags_say),
		cmocka_unit_test(a_name_has_1_to_31_bytes),
		cmocka_unit_test(
			o_trunc_cuts_files_also_those_opened_for_reading),
		cmocka_unit_test(
			a_file_lives_until_its_last_name_and_user_are_gone),
		cmocka_unit_test(two_files_have_two_inode_numbers),
		cmocka_unit_test(reads_end_at_the_end_of_the_file),
		cmocka_unit_test(writes_end_where_the_limit_or_the_space_does),
		cmocka_unit_test(the_access_mode_is_kept_to),
		cmocka_unit_test(
			o_append_writes_at_the_end_whatever_the_offset),
		cmocka_unit_test(read_and_write_move_the_position),
		cmocka_unit_test(lseek_finds_data_holes_and_ends),
		cmocka_unit_test(
			ftruncate_sets_the_size_and_zeroes_what_comes_back),
		cmocka_unit_test(xfs_files_can_be_larger_than_ext4_ones),
		cmocka_unit_test(fallocate_refuses_what_the_kernel_refuses),
		cmocka_unit_test(every_mode_of_fallocate_does_its_work),
		cmocka_unit_test(fsync_works_on_every_file),
		cmocka_unit_test(
			fiemap_tells_as_many_runs_as_there_is_room_for),
		cmocka_unit_test(fiemap_tells_neighbours_of_two_kinds_apart),
		cmocka_unit_test(fiemap_keeps_to_its_range),
		cmocka_unit_test(two_files_share_blocks_until_one_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
