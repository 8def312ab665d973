// SPDX-License-Identifier: LGPL-2.1-or-later
#include <unistd.h>

#include "../../support/world.h"

static const char *const systems[] = {"ext4-4.19", "xfs-4.19"};

static int try_open(struct t_world *t, const char *name, int flags)
{
	struct ds_file *file = NULL;
	int r = ds_vfs_open(t->setup, t->super, name, flags, &file);

	if (r == 0)
		ds_vfs_close(t->setup, file);
	else
		assert_null(file);
	return r;
}

/* -------------------------------- Names ----------------------------------- */

static void opening_finds_or_makes_a_name(void **state)
{
	struct ds_file *a, *b;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_int_equal(try_open(&t, "A", O_RDWR), -ENOENT);
	assert_int_equal(try_open(&t, "", O_RDWR | O_CREAT), -ENOENT);
	assert_int_equal(try_open(&t, "0123456789abcdef0123456789abcdef",
				  O_RDWR | O_CREAT),
			 -ENAMETOOLONG);
	assert_int_equal(try_open(&t, "0123456789abcdef0123456789abcde",
				  O_RDWR | O_CREAT),
			 0);
	a = t_open_file(&t, "A", O_RDWR | O_CREAT | O_EXCL);
	assert_int_equal(try_open(&t, "A", O_RDWR | O_CREAT | O_EXCL), -EEXIST);
	b = t_open_file(&t, "A", O_RDONLY | O_CREAT);
	assert_ptr_equal(a->inode, b->inode);
	assert_int_equal(a->inode->n_users, 2);
	t_close(&t);
}

static void opening_with_truncation_empties_the_file(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 2);
	assert_int_equal(try_open(&t, "A", O_WRONLY | O_TRUNC), 0);
	assert_int_equal(t_size(file), 0);
	t_assert_extents(file, "");
	t_close(&t);
}

static void an_unlinked_file_lives_while_it_is_used(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t n_free, addr;
	size_t used;

	(void)state;
	t_open(&t, "ext4-4.19");
	n_free = ds_blocks_n_free(t.super->blocks);
	used = ds_arena_used(t.world->arena);
	file = t_file(&t, "A", 2);
	addr = t_map(&t, file, 0, 2);
	assert_int_equal(t_store(&t, addr, 1), 1);
	assert_int_equal(ds_vfs_unlink(t.setup, t.super, "A"), 0);
	assert_int_equal(ds_vfs_unlink(t.setup, t.super, "A"), -ENOENT);
	assert_int_equal(try_open(&t, "A", O_RDWR), -ENOENT);
	assert_int_equal(t_byte(&t, file, T_PAGE), t_pattern(1));
	ds_vfs_close(t.setup, file);
	/* The area is the last user. */
	assert_int_equal(t_load(&t, addr + T_PAGE), t_pattern(1));
	assert_int_equal(ds_blocks_n_free(t.super->blocks), n_free - 2);
	t_unmap(&t, addr, 2);
	assert_int_equal(ds_blocks_n_free(t.super->blocks), n_free);
	assert_null(t.super->inodes);
	/* Only page tables stay, as they do in an address space. */
	ds_pgtable_clear(&t.space->table);
	assert_int_equal(ds_arena_used(t.world->arena), used);
	t_close(&t);
}

static void do_close(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_vfs_close(task, job->file));
}

/* Takes no lock that somebody who reaches the file could need. */
static void the_last_user_takes_the_file_along(void **state)
{
	struct t_job job = {0};
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	job.file = t_file(&t, "A", 2);
	assert_int_equal(ds_vfs_unlink(t.setup, t.super, "A"), 0);
	t_assert_steps(&t, do_close, &job, "+j +x extents free -x -j");
	assert_null(t.super->inodes);
	t_close(&t);
}

static void do_unlink(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_vfs_unlink(task, job->t->super, "A"));
}

/* Nobody maps the file any more: there is nothing to unmap, or to keep out. */
static void the_last_link_takes_pages_and_blocks_along(void **state)
{
	struct t_world t;
	struct t_job job = {0};
	struct ds_file *file;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 1);
	addr = t_map(&t, file, 0, 1);
	assert_int_equal(t_store(&t, addr, 1), 1);
	t_unmap(&t, addr, 1);
	assert_int_equal(ds_vfs_close(t.setup, file), 0);
	t_assert_steps(&t, do_unlink, &job, "drop +j +x extents free -x -j");
	t_assert_holds(&t);
	t_close(&t);
}

static void a_name_can_be_used_again_after_unlink(void **state)
{
	struct ds_file *old, *new;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	old = t_file(&t, "A", 1);
	assert_int_equal(ds_vfs_unlink(t.setup, t.super, "A"), 0);
	new = t_open_file(&t, "A", O_RDWR | O_CREAT);
	assert_ptr_not_equal(old->inode, new->inode);
	assert_int_equal(t_size(new), 0);
	assert_int_equal(t_byte(&t, old, 0), t_pattern(0));
	t_close(&t);
}

static void fstat_tells_size_blocks_and_links(void **state)
{
	struct ds_stat stat;
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 3);
	assert_int_equal(t_truncate(&t, file, 2 * T_PAGE + 1), 0);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, 0, T_PAGE), 0);
	assert_int_equal(ds_vfs_fstat(t.setup, file, &stat), 0);
	assert_int_equal(stat.size, 2 * T_PAGE + 1);
	assert_int_equal(stat.n_blocks, 16);
	assert_int_equal(stat.n_links, 1);
	assert_int_equal(stat.inode, file->inode->id);
	t_close(&t);
}

/* ------------------------------- Seeking ---------------------------------- */

static void seeking_is_as_lseek_has_it(void **state)
{
	const int64_t max = (int64_t)ds_profile_find("ext4-4.19")->max_bytes;
	const struct {
		int64_t offset;
		int whence;
		int64_t result;
	} seeks[] = {
		{100, SEEK_SET, 100},
		{-1, SEEK_SET, -EINVAL},
		{11, SEEK_CUR, 111},
		{-112, SEEK_CUR, -EINVAL},
		{-11, SEEK_CUR, 100},
		{0, SEEK_END, 4 * 4096},
		{-4096, SEEK_END, 3 * 4096},
		{INT64_MAX, SEEK_END, -EINVAL},
		{max, SEEK_SET, max},
		{max + 1, SEEK_SET, -EINVAL},
		{1, SEEK_CUR, -EINVAL},
		{INT64_MAX, SEEK_CUR, -EINVAL},
		{0, 99, -EINVAL},
		/* written, hole, unwritten, written */
		{0, SEEK_DATA, 0},
		{5, SEEK_DATA, 5},
		{4096, SEEK_DATA, 3 * 4096},
		{2 * 4096 + 7, SEEK_DATA, 3 * 4096},
		{0, SEEK_HOLE, 4096},
		{4097, SEEK_HOLE, 4097},
		{3 * 4096, SEEK_HOLE, 4 * 4096},
		{4 * 4096 - 1, SEEK_HOLE, 4 * 4096},
		{4 * 4096, SEEK_HOLE, -ENXIO},
		{4 * 4096, SEEK_DATA, -ENXIO},
		{-1, SEEK_DATA, -ENXIO},
		{-1, SEEK_HOLE, -ENXIO},
	};
	struct ds_file *file;
	struct t_world t;
	size_t i;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 4);
	t_fallocate(&t, file, T_PUNCH, T_PAGE, 2 * T_PAGE);
	t_fallocate(&t, file, 0, 2 * T_PAGE, T_PAGE);
	for (i = 0; i < T_N(seeks); i++)
		assert_int_equal(ds_vfs_lseek(t.setup, file, seeks[i].offset,
					      seeks[i].whence),
				 seeks[i].result);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, 3 * T_PAGE, T_PAGE), 0);
	assert_int_equal(ds_vfs_lseek(t.setup, file, 4096, SEEK_DATA), -ENXIO);
	t_close(&t);
}

/* --------------------------- Reads and writes ----------------------------- */

static void reads_and_writes_check_their_arguments_in_order(void **state)
{
	struct ds_file *rw, *ro, *wo;
	struct t_world t;
	char byte = 'x';

	(void)state;
	t_open(&t, "ext4-4.19");
	rw = t_file(&t, "A", 1);
	ro = t_open_file(&t, "A", O_RDONLY);
	wo = t_open_file(&t, "A", O_WRONLY);
	assert_int_equal(ds_vfs_pread(t.setup, wo, &byte, 1, -1), -EINVAL);
	assert_int_equal(ds_vfs_pwrite(t.setup, ro, &byte, 1, -1), -EINVAL);
	assert_int_equal(ds_vfs_pread(t.setup, wo, &byte, 2, INT64_MAX),
			 -EBADF);
	assert_int_equal(ds_vfs_pwrite(t.setup, ro, &byte, 2, INT64_MAX),
			 -EBADF);
	assert_int_equal(ds_vfs_pread(t.setup, rw, &byte, 2, INT64_MAX - 1),
			 -EINVAL);
	assert_int_equal(ds_vfs_pwrite(t.setup, rw, &byte, 2, INT64_MAX - 1),
			 -EINVAL);
	assert_int_equal(ds_vfs_pread(t.setup, rw, &byte, SIZE_MAX, 0),
			 -EINVAL);
	assert_int_equal(ds_vfs_pread(t.setup, rw, &byte, 0, 0), 0);
	/* Writing nothing beyond the end of file does not grow it. */
	assert_int_equal(ds_vfs_pwrite(t.setup, rw, &byte, 0, 9999), 0);
	assert_int_equal(t_size(rw), T_PAGE);
	t_assert_holds(&t);
	t_close(&t);
}

static void writes_stop_at_the_largest_size(void **state)
{
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		struct ds_file *file;
		int64_t max;

		t_open(&t, systems[i]);
		file = t_open_file(&t, "A", O_RDWR | O_CREAT);
		max = (int64_t)t.super->profile->max_bytes;
		if (max < INT64_MAX)
			assert_int_equal(ds_vfs_pwrite(t.setup, file, "abc", 3,
						       max - 1),
					 1);
		assert_int_equal(ds_vfs_pwrite(t.setup, file, "", 0, max), 0);
		if (max < INT64_MAX)
			assert_int_equal(ds_vfs_pwrite(t.setup, file, "abc", 3,
						       max),
					 -EFBIG);
		assert_int_equal(t_truncate(&t, file, max), 0);
		assert_int_equal(t_size(file), max);
		t_close(&t);
	}
}

static void appending_ignores_the_offset(void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_open_file(&t, "A", O_RDWR | O_CREAT | O_APPEND);
	assert_int_equal(ds_vfs_pwrite(t.setup, file, "ab", 2, 1000), 2);
	assert_int_equal(ds_vfs_pwrite(t.setup, file, "cd", 2, 0), 2);
	assert_int_equal(t_size(file), 4);
	assert_int_equal(t_byte(&t, file, 2), 'c');
	t_close(&t);
}

static void reads_and_writes_without_an_offset_move_the_position(void **state)
{
	struct ds_file *file, *appender;
	char bytes[8] = "";
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	assert_int_equal(ds_vfs_write(t.setup, file, "abcd", 4), 4);
	assert_int_equal(ds_vfs_write(t.setup, file, "ef", 2), 2);
	assert_int_equal(t_size(file), 6);
	assert_int_equal(ds_vfs_lseek(t.setup, file, -3, SEEK_CUR), 3);
	assert_int_equal(ds_vfs_read(t.setup, file, bytes, 8), 3);
	assert_string_equal(bytes, "def");
	assert_int_equal(ds_vfs_read(t.setup, file, bytes, 8), 0);
	/* A position is one handle's, and calls with an offset leave it. */
	appender = t_open_file(&t, "A", O_WRONLY | O_APPEND);
	assert_int_equal(ds_vfs_pwrite(t.setup, appender, "g", 1, 0), 1);
	assert_int_equal(ds_vfs_lseek(t.setup, appender, 0, SEEK_CUR), 0);
	assert_int_equal(ds_vfs_write(t.setup, appender, "h", 1), 1);
	assert_int_equal(ds_vfs_lseek(t.setup, appender, 0, SEEK_CUR), 8);
	assert_int_equal(ds_vfs_read(t.setup, appender, bytes, 8), -EBADF);
	assert_int_equal(ds_vfs_lseek(t.setup, appender, 0, SEEK_CUR), 8);
	assert_int_equal(ds_vfs_read(t.setup, file, bytes, 8), 2);
	t_close(&t);
}

/* What properties know of calls. */
static void every_call_tells_of_its_beginning_and_its_end(void **state)
{
	static const struct {
		int mode;
		const char *name;
	} calls[] = {
		{0, "allocate"},      {T_PUNCH, "punch"},
		{T_ZERO, "zero"},     {T_COLLAPSE, "collapse"},
		{T_INSERT, "insert"}, {T_UNSHARE, "unshare"},
		{-1, "ftruncate"},
	};
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(calls); i++) {
		struct t_job job = {.mode = calls[i].mode, .len = T_PAGE};
		const struct ds_event *entered, *left;

		t_open(&t, "ext4-4.19");
		job.file = t_file(&t, "A", 1);
		t_task(&t, "call",
		       job.mode < 0 ? t_do_truncate : t_do_fallocate, &job);
		assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
		entered = t_event(&t, DS_EV_CALL_ENTERED, 0);
		left = t_event(&t, DS_EV_CALL_LEFT, 0);
		assert_ptr_equal(entered, t.events);
		assert_ptr_equal(left, t.events + t.n_events - 1);
		assert_string_equal(entered->text, calls[i].name);
		assert_string_equal(left->text, calls[i].name);
		assert_int_equal(left->value, job.result);
		t_close(&t);
	}
}

/* -------------------------------- Sizes ----------------------------------- */

static void ftruncate_checks_its_arguments(void **state)
{
	struct ds_file *file, *ro;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 1);
	ro = t_open_file(&t, "A", O_RDONLY);
	assert_int_equal(t_truncate(&t, file, -1), -EINVAL);
	assert_int_equal(t_truncate(&t, ro, 0), -EINVAL);
	assert_int_equal(t_truncate(&t, ro, INT64_MAX), -EINVAL);
	assert_int_equal(t_truncate(&t, file, INT64_MAX), -EFBIG);
	assert_int_equal(t_size(file), T_PAGE);
	t_assert_holds(&t);
	t_close(&t);
}

/* Each row fails two checks at least; the earlier one decides. */
static void fallocate_checks_its_arguments_in_order(void **state)
{
	static const struct {
		bool read_only;
		int mode;
		int64_t offset, len;
		int result;
	} calls[] = {
		{true, 0x100, -1, 1, -EINVAL},
		{true, 0x100, 0, 0, -EINVAL},
		{true, 0x100, 0, -1, -EINVAL},
		{true, 0x80 | T_COLLAPSE | T_KEEP, 0, 1, -EOPNOTSUPP},
		{true, 0x04, 0, 1, -EOPNOTSUPP},
		{true, T_PUNCH | T_ZERO | T_COLLAPSE, 0, 1, -EOPNOTSUPP},
		{true, FALLOC_FL_PUNCH_HOLE | T_COLLAPSE, 0, 1, -EOPNOTSUPP},
		{true, FALLOC_FL_PUNCH_HOLE, 0, 1, -EOPNOTSUPP},
		{true, T_PUNCH | T_COLLAPSE, 0, 1, -EINVAL},
		{true, T_COLLAPSE | T_KEEP, 0, 1, -EINVAL},
		{true, T_COLLAPSE | T_INSERT, 0, 1, -EINVAL},
		{true, T_COLLAPSE | T_ZERO, 0, 1, -EINVAL},
		{true, T_INSERT | T_KEEP, 0, 1, -EINVAL},
		{true, T_INSERT | T_UNSHARE, 0, 1, -EINVAL},
		{true, T_UNSHARE | T_ZERO, 0, 1, -EINVAL},
		{true, T_UNSHARE | T_PUNCH, 0, 1, -EINVAL},
		{true, 0, INT64_MAX, INT64_MAX, -EBADF},
		{true, T_COLLAPSE, 1, 1, -EBADF},
		{false, T_COLLAPSE, 1, INT64_MAX, -EFBIG},
		{false, T_INSERT, 1, INT64_MAX, -EFBIG},
		{false, 0, INT64_MAX, 1, -EFBIG},
		{false, T_PUNCH, INT64_MAX, 1, -EFBIG},
		{false, T_UNSHARE, INT64_MAX, 1, -EFBIG},
	};
	struct ds_file *file, *ro;
	struct t_world t;
	size_t i, j;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		t_open(&t, systems[i]);
		file = t_file(&t, "A", 1);
		ro = t_open_file(&t, "A", O_RDONLY);
		for (j = 0; j < T_N(calls); j++)
			assert_int_equal(
				t_fallocate(&t, calls[j].read_only ? ro : file,
					    calls[j].mode, calls[j].offset,
					    calls[j].len),
				calls[j].result);
		t_assert_extents(file, "1w");
		assert_int_equal(t_size(file), T_PAGE);
		t_close(&t);
	}
}

static void fallocate_from_v6_12_on_takes_one_mode(void **state)
{
	static const struct {
		int mode, result;
	} calls[] = {
		{0, 0},
		{T_KEEP, 0},
		{T_PUNCH, 0},
		{T_ZERO, 0},
		{T_ZERO | T_KEEP, 0},
		{T_INSERT, 0},
		{T_COLLAPSE, 0},
		{FALLOC_FL_PUNCH_HOLE, -EOPNOTSUPP},
		{T_COLLAPSE | T_KEEP, -EOPNOTSUPP},
		{T_COLLAPSE | T_INSERT, -EOPNOTSUPP},
		{T_INSERT | T_KEEP, -EOPNOTSUPP},
		{T_INSERT | T_UNSHARE, -EOPNOTSUPP},
		{T_UNSHARE | T_PUNCH, -EOPNOTSUPP},
		{T_PUNCH | T_ZERO, -EOPNOTSUPP},
		{0x04, -EOPNOTSUPP},
		{0x80, -EOPNOTSUPP},
	};
	static const char *const names[] = {"ext4-6.15", "xfs-6.15"};
	struct ds_file *file;
	struct t_world t;
	size_t i, j;

	(void)state;
	for (i = 0; i < T_N(names); i++) {
		t_open(&t, names[i]);
		file = t_file(&t, "A", 4);
		for (j = 0; j < T_N(calls); j++)
			assert_int_equal(t_fallocate(&t, file, calls[j].mode,
						     T_PAGE, T_PAGE),
					 calls[j].result);
		t_close(&t);
	}
}

static void fallocate_reaches_up_to_the_largest_size(void **state)
{
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		struct ds_file *file;
		int64_t max;

		t_open(&t, systems[i]);
		file = t_open_file(&t, "A", O_RDWR | O_CREAT);
		max = (int64_t)t.super->profile->max_bytes;
		assert_int_equal(t_fallocate(&t, file, 0, max - 1, 1), 0);
		assert_int_equal(t_size(file), max);
		assert_int_equal(t_fallocate(&t, file, T_KEEP, max, 1), -EFBIG);
		assert_int_equal(t_fallocate(&t, file, 0, max - 1, 2), -EFBIG);
		t_close(&t);
	}
}

/* ------------------------------- Extents ---------------------------------- */

static void fiemap_lists_runs_in_order(void **state)
{
	struct ds_fiemap_run runs[4];
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 4);
	t_fallocate(&t, file, T_PUNCH, T_PAGE, T_PAGE);
	t_fallocate(&t, file, T_ZERO, 2 * T_PAGE, T_PAGE);
	t_assert_extents(file, "1w 1- 1u 1w");
	assert_int_equal(ds_vfs_fiemap(t.setup, file, 0, UINT64_MAX, 0, NULL),
			 3);
	assert_int_equal(ds_vfs_fiemap(t.setup, file, 0, UINT64_MAX, 4, runs),
			 3);
	assert_int_equal(runs[0].logical, 0);
	assert_int_equal(runs[0].physical, t_block(file, 0).pfn * T_PAGE);
	assert_int_equal(runs[0].length, T_PAGE);
	assert_false(runs[0].unwritten);
	assert_int_equal(runs[1].logical, 2 * T_PAGE);
	assert_true(runs[1].unwritten);
	assert_int_equal(runs[2].logical, 3 * T_PAGE);
	/* No more than asked for; only what the range touches. */
	assert_int_equal(ds_vfs_fiemap(t.setup, file, 0, UINT64_MAX, 2, runs),
			 2);
	assert_int_equal(
		ds_vfs_fiemap(t.setup, file, T_PAGE, T_PAGE + 1, 4, runs), 1);
	assert_int_equal(runs[0].logical, 2 * T_PAGE);
	assert_int_equal(ds_vfs_fiemap(t.setup, file, T_PAGE, T_PAGE, 4, runs),
			 0);
	assert_int_equal(ds_vfs_fiemap(t.setup, file, 0, 0, 4, runs), -EINVAL);
	t_close(&t);
}

static void fsync_leaves_no_page_dirty(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 2);
	addr = t_map(&t, file, 0, 2);
	t_store(&t, addr, 1);
	t_store(&t, addr + T_PAGE, 1);
	assert_int_equal(ds_vfs_fsync(t.setup, file), 0);
	assert_false(t_is_dirty(file, 0));
	assert_false(t_is_dirty(file, 1));
	t_close(&t);
}

/* ------------------------------- Mapping ---------------------------------- */

static int try_map(struct t_world *t, struct ds_file *file, uint64_t offset,
		   uint64_t len, bool writable)
{
	uint64_t addr;

	return ds_vfs_mmap(t->setup, t->space, file, offset, len, writable,
			   &addr);
}

static void mmap_checks_its_arguments(void **state)
{
	struct ds_file *rw, *ro, *wo;
	struct t_world t;
	uint64_t max;

	(void)state;
	t_open(&t, "ext4-4.19");
	rw = t_file(&t, "A", 1);
	ro = t_open_file(&t, "A", O_RDONLY);
	wo = t_open_file(&t, "A", O_WRONLY);
	assert_int_equal(try_map(&t, rw, 0, 0, true), -EINVAL);
	assert_int_equal(try_map(&t, rw, 1, T_PAGE, true), -EINVAL);
	assert_int_equal(try_map(&t, rw, UINT64_MAX & ~DS_PAGE_MASK, T_PAGE,
				 true),
			 -EOVERFLOW);
	assert_int_equal(try_map(&t, ro, 0, T_PAGE, true), -EACCES);
	assert_int_equal(try_map(&t, wo, 0, T_PAGE, false), -EACCES);
	assert_int_equal(try_map(&t, wo, 0, T_PAGE, true), -EACCES);
	assert_int_equal(try_map(&t, ro, 0, T_PAGE, false), 0);
	assert_int_equal(try_map(&t, rw, T_PAGE, 1, true), 0);
	/* A file may not grow there, whatever its size is now. */
	max = t.super->profile->max_bytes;
	assert_int_equal(try_map(&t, rw, max - T_PAGE, T_PAGE, true), 0);
	assert_int_equal(try_map(&t, rw, max - T_PAGE, T_PAGE + 1, true),
			 -EOVERFLOW);
	assert_int_equal(try_map(&t, rw, max, 1, true), -EOVERFLOW);
	assert_int_equal(try_map(&t, rw, 0, max + 1, true), -EOVERFLOW);
	t_close(&t);
}

/* What @fs answers to a read and to a write of page 0 that must not wait. */
static void expect_nowait(const char *fs, int hold, int64_t read, int64_t write)
{
	static char page[T_PAGE];
	struct ds_inode *inode;
	struct ds_file *file;
	struct t_world t;

	t_open(&t, fs);
	file = t_file(&t, "A", 1);
	inode = file->inode;
	if (hold == 1)
		ds_rwsem_lock(t.setup, &inode->lock, DS_SHARED);
	if (hold == 2)
		ds_rwsem_lock(t.setup, &inode->lock, DS_EXCLUSIVE);
	if (hold == 3)
		ds_rwsem_lock(t.setup, &inode->extents_lock, DS_EXCLUSIVE);
	if (hold != 3 || read < 0)
		assert_int_equal(ds_vfs_preadv2(t.setup, file, page, T_PAGE, 0,
						DS_IO_NOWAIT),
				 read);
	if (hold != 3 || write < 0)
		assert_int_equal(ds_vfs_pwritev2(t.setup, file, page, T_PAGE, 0,
						 DS_IO_NOWAIT),
				 write);
	assert_false(t.setup->nowait);
	assert_int_equal(t.setup->n_held, hold ? 1 : 0);
	if (hold == 3)
		ds_rwsem_unlock(t.setup, &inode->extents_lock);
	else if (hold)
		ds_rwsem_unlock(t.setup, &inode->lock);
	t_close(&t);
}

static void calls_that_must_not_wait_try_their_locks(void **state)
{
	static const char *const kernels[] = {"ext4-4.19", "xfs-4.19",
					      "xfs-6.15"};
	const int64_t all = (int64_t)T_PAGE;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		expect_nowait(kernels[i], 0, all, all);
		expect_nowait(kernels[i], 1, all, -EAGAIN);
		expect_nowait(kernels[i], 2, -EAGAIN, -EAGAIN);
	}
	/* XFS does not wait for ILOCK either. */
	expect_nowait("xfs-6.1", 3, -EAGAIN, -EAGAIN);
	expect_nowait("virtiofs-6.12", 0, -EOPNOTSUPP, -EOPNOTSUPP);
	expect_nowait("ext4-pagecache", 0, -EOPNOTSUPP, -EOPNOTSUPP);
}

static void xfs_writes_what_has_blocks_without_waiting(void **state)
{
	static char pages[2 * T_PAGE];
	static const struct {
		const char *fs;
		int64_t behind, beyond; /* the end of file */
	} cases[] = {
		{"ext4-4.19", 2 * T_PAGE, T_PAGE},
		{"xfs-5.10", T_PAGE, -EAGAIN},
		{"xfs-6.1", T_PAGE, -EAGAIN},
	};
	struct ds_file *file;
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(cases); i++) {
		t_open(&t, cases[i].fs);
		file = t_file(&t, "A", 1);
		assert_int_equal(ds_vfs_pwritev2(t.setup, file, pages,
						 2 * T_PAGE, 0, DS_IO_NOWAIT),
				 cases[i].behind);
		assert_int_equal(ds_vfs_pwritev2(t.setup, file, pages, T_PAGE,
						 4 * T_PAGE, DS_IO_NOWAIT),
				 cases[i].beyond);
		assert_int_equal(ds_vfs_preadv2(t.setup, file, pages, 1, 0, 2),
				 -EOPNOTSUPP);
		t_assert_holds(&t);
		t_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_that_must_not_wait_try_their_locks),
		cmocka_unit_test(xfs_writes_what_has_blocks_without_waiting),
		cmocka_unit_test(opening_finds_or_makes_a_name),
		cmocka_unit_test(opening_with_truncation_empties_the_file),
		cmocka_unit_test(an_unlinked_file_lives_while_it_is_used),
		cmocka_unit_test(the_last_user_takes_the_file_along),
		cmocka_unit_test(the_last_link_takes_pages_and_blocks_along),
		cmocka_unit_test(a_name_can_be_used_again_after_unlink),
		cmocka_unit_test(fstat_tells_size_blocks_and_links),
		cmocka_unit_test(seeking_is_as_lseek_has_it),
		cmocka_unit_test(
			reads_and_writes_check_their_arguments_in_order),
		cmocka_unit_test(writes_stop_at_the_largest_size),
		cmocka_unit_test(appending_ignores_the_offset),
		cmocka_unit_test(
			reads_and_writes_without_an_offset_move_the_position),
		cmocka_unit_test(every_call_tells_of_its_beginning_and_its_end),
		cmocka_unit_test(ftruncate_checks_its_arguments),
		cmocka_unit_test(fallocate_checks_its_arguments_in_order),
		cmocka_unit_test(fallocate_from_v6_12_on_takes_one_mode),
		cmocka_unit_test(fallocate_reaches_up_to_the_largest_size),
		cmocka_unit_test(fiemap_lists_runs_in_order),
		cmocka_unit_test(fsync_leaves_no_page_dirty),
		cmocka_unit_test(mmap_checks_its_arguments),
	};

	return cmocka_run_group_tests_name("vfs", tests, NULL, NULL);
}
