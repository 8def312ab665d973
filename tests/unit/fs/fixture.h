/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_UNIT_FS_FIXTURE_H
#define TESTS_UNIT_FS_FIXTURE_H

/*
 * One call on one file system, looked at from all sides: result, extents, size
 * and every byte, the last against a plain array that the call was applied to
 * as POSIX and fallocate(2) describe it.
 */
#include "../../support/world.h"

#define T_PAGES 24 /* the array's */
#define T_K     INT64_C(4096)

/* The file: pages 0 to 7; page 5 a hole, page 6 unwritten. */
#define T_FILE "5w 1- 1u 1w"

struct t_case {
	int mode; /* -1: truncate to @len */
	int64_t offset, len;
	int result;
	const char *extents;
	int64_t size;
};

struct t_bytes {
	unsigned char bytes[T_PAGES * DS_PAGE_SIZE];
	size_t size;
};

static inline struct ds_file *t_make_file(struct t_world *t, const char *fs)
{
	struct ds_file *file;

	t_open(t, fs);
	file = t_file(t, "A", 8);
	assert_int_equal(t_fallocate(t, file, T_PUNCH, 5 * T_K, 2 * T_K), 0);
	assert_int_equal(t_fallocate(t, file, 0, 6 * T_K, T_K), 0);
	t_assert_extents(file, T_FILE);
	return file;
}

static inline void t_read_all(struct t_world *t, struct ds_file *file,
			      struct t_bytes *bytes)
{
	int64_t r;

	memset(bytes, 0, sizeof(*bytes));
	r = ds_vfs_pread(t->setup, file, bytes->bytes, sizeof(bytes->bytes), 0);
	assert_in_range(r, 0, sizeof(bytes->bytes));
	bytes->size = (size_t)r;
}

static inline void t_resize(struct t_bytes *bytes, size_t size)
{
	assert_true(size <= sizeof(bytes->bytes));
	if (size > bytes->size)
		memset(bytes->bytes + bytes->size, 0, size - bytes->size);
	bytes->size = size;
}

static inline void t_apply(struct t_bytes *bytes, const struct t_case *c)
{
	size_t offset = (size_t)c->offset, len = (size_t)c->len;
	size_t end = offset + len, size = bytes->size;
	size_t cut = end < size ? end : size;

	switch (c->mode & ~FALLOC_FL_KEEP_SIZE) {
	case T_COLLAPSE:
		memmove(bytes->bytes + offset, bytes->bytes + end, size - end);
		bytes->size -= len;
		return;
	case T_INSERT:
		t_resize(bytes, size + len);
		memmove(bytes->bytes + end, bytes->bytes + offset,
			size - offset);
		memset(bytes->bytes + offset, 0, len);
		return;
	case FALLOC_FL_PUNCH_HOLE:
	case T_ZERO:
		if (offset < cut)
			memset(bytes->bytes + offset, 0, cut - offset);
		break;
	default:
		break;
	}
	if (!(c->mode & FALLOC_FL_KEEP_SIZE) && end > size)
		t_resize(bytes, end);
}

static inline void t_try(const char *fs, const struct t_case *c)
{
	static struct t_bytes expected, found;
	struct ds_file *file;
	struct t_world t;
	int r;

	file = t_make_file(&t, fs);
	t_read_all(&t, file, &expected);
	if (c->mode < 0) {
		r = t_truncate(&t, file, c->len);
		if (r == 0)
			t_resize(&expected, (size_t)c->len);
	} else {
		r = t_fallocate(&t, file, c->mode, c->offset, c->len);
		if (r == 0)
			t_apply(&expected, c);
	}
	if (r != c->result)
		print_error("%s: mode %#x, %lld+%lld: %d\n", fs,
			    (unsigned int)c->mode, (long long)c->offset,
			    (long long)c->len, r);
	assert_int_equal(r, c->result);
	t_assert_extents(file, c->extents);
	assert_int_equal(t_size(file), c->size);
	t_read_all(&t, file, &found);
	assert_int_equal(found.size, expected.size);
	assert_memory_equal(found.bytes, expected.bytes, found.size);
	t_assert_holds(&t);
	t_close(&t);
}

/* The file stays as it is. */
#define T_X T_FILE, 8 * T_K

/* What file systems agree on. */
static const struct t_case t_common_cases[] = {
	/* punch: whole blocks go, edges are zeroed in place */
	{T_PUNCH, T_K, 2 * T_K, 0, "1w 2- 2w 1- 1u 1w", 8 * T_K},
	{T_PUNCH, T_K - 1, 2 * T_K, 0, "1w 1- 3w 1- 1u 1w", 8 * T_K},
	{T_PUNCH, T_K + 1, 2 * T_K - 1, 0, "2w 1- 2w 1- 1u 1w", 8 * T_K},
	{T_PUNCH, T_K, 2 * T_K - 1, 0, "1w 1- 3w 1- 1u 1w", 8 * T_K},
	{T_PUNCH, T_K + 1, T_K - 2, 0, T_X},
	{T_PUNCH, T_K + 7, 1, 0, T_X},
	{T_PUNCH, T_K + 7, T_K, 0, T_X},
	{T_PUNCH, 4 * T_K + 5, 3 * T_K, 0, "5w 2- 1w", 8 * T_K},
	{T_PUNCH, 5 * T_K + 5, T_K, 0, T_X},
	{T_PUNCH, 7 * T_K, T_K - 1, 0, T_X},
	/* past the end of file */
	{T_PUNCH, 7 * T_K + 1, 9 * T_K, 0, T_X},
	{T_PUNCH, 0, 9 * T_K, 0, "", 8 * T_K},
	{T_PUNCH, 8 * T_K, T_K, 0, T_X},
	/* collapse */
	{T_COLLAPSE, T_K, 2 * T_K, 0, "3w 1- 1u 1w", 6 * T_K},
	{T_COLLAPSE, 0, T_K, 0, "4w 1- 1u 1w", 7 * T_K},
	{T_COLLAPSE, 4 * T_K, 2 * T_K, 0, "4w 1u 1w", 6 * T_K},
	{T_COLLAPSE, 5 * T_K, T_K, 0, "5w 1u 1w", 7 * T_K},
	{T_COLLAPSE, 1, T_K, -EINVAL, T_X},
	{T_COLLAPSE, T_K, 1, -EINVAL, T_X},
	{T_COLLAPSE, T_K, T_K + 512, -EINVAL, T_X},
	{T_COLLAPSE, 7 * T_K, T_K, -EINVAL, T_X},
	{T_COLLAPSE, 0, 9 * T_K, -EINVAL, T_X},
	{T_COLLAPSE, 9 * T_K, T_K, -EINVAL, T_X},
	/* insert */
	{T_INSERT, T_K, 2 * T_K, 0, "1w 2- 4w 1- 1u 1w", 10 * T_K},
	{T_INSERT, 0, T_K, 0, "1- 5w 1- 1u 1w", 9 * T_K},
	{T_INSERT, 5 * T_K, T_K, 0, "5w 2- 1u 1w", 9 * T_K},
	{T_INSERT, 7 * T_K, T_K, 0, "5w 1- 1u 1- 1w", 9 * T_K},
	{T_INSERT, 1, T_K, -EINVAL, T_X},
	{T_INSERT, T_K, 1, -EINVAL, T_X},
	{T_INSERT, 8 * T_K, T_K, -EINVAL, T_X},
	/* zero: blocks stay, whole ones become unwritten */
	{T_ZERO, T_K, 2 * T_K, 0, "1w 2u 2w 1- 1u 1w", 8 * T_K},
	{T_ZERO, T_K - 1, 2 * T_K, 0, "1w 1u 3w 1- 1u 1w", 8 * T_K},
	{T_ZERO, T_K + 7, 100, 0, T_X},
	{T_ZERO, 4 * T_K + 1, T_K, 0, "5w 2u 1w", 8 * T_K},
	{T_ZERO, 5 * T_K, T_K, 0, "5w 2u 1w", 8 * T_K},
	{T_ZERO, 7 * T_K, 2 * T_K, 0, "5w 1- 3u", 9 * T_K},
	{T_ZERO, 7 * T_K + 9, 2 * T_K, 0, "5w 1- 1u 1w 2u", 9 * T_K + 9},
	{T_ZERO | T_KEEP, 7 * T_K, 2 * T_K, 0, "5w 1- 3u", 8 * T_K},
	{T_ZERO | T_KEEP, 9 * T_K + 1, 1, 0, "5w 1- 1u 1w 1- 1u", 8 * T_K},
	{T_ZERO, 9 * T_K + 1, 1, 0, "5w 1- 1u 1w 1- 1u", 9 * T_K + 2},
	/* allocate: holes get blocks, rounded outward */
	{0, 0, 8 * T_K, 0, "5w 2u 1w", 8 * T_K},
	{0, 5 * T_K + 100, 1, 0, "5w 2u 1w", 8 * T_K},
	{0, 5 * T_K - 1, 1, 0, T_X},
	{0, 8 * T_K + 1, T_K, 0, "5w 1- 1u 1w 2u", 9 * T_K + 1},
	{T_KEEP, 8 * T_K + 1, T_K, 0, "5w 1- 1u 1w 2u", 8 * T_K},
	{0, 10 * T_K, 1, 0, "5w 1- 1u 1w 2- 1u", 10 * T_K + 1},
	/* truncate */
	{-1, 0, 0, 0, "", 0},
	{-1, 0, 2 * T_K, 0, "2w", 2 * T_K},
	{-1, 0, 2 * T_K + 1, 0, "3w", 2 * T_K + 1},
	{-1, 0, 6 * T_K - 1, 0, "5w", 6 * T_K - 1},
	{-1, 0, 7 * T_K - 1, 0, "5w 1- 1u", 7 * T_K - 1},
	{-1, 0, 8 * T_K, 0, T_X},
	{-1, 0, 12 * T_K + 3, 0, T_FILE, 12 * T_K + 3},
};

static inline void t_try_common(const char *fs)
{
	size_t i;

	for (i = 0; i < T_N(t_common_cases); i++)
		t_try(fs, &t_common_cases[i]);
}

/* ---------------------------- Orders of steps ----------------------------- */

/*
 * The steps of one call on a mapped file whose first four pages are dirty, and
 * what it returns.
 */
static inline void t_assert_order_to(const char *fs, int mode, int64_t offset,
				     int64_t len, int result, const char *steps)
{
	struct t_job job = {.mode = mode, .offset = offset, .len = len};
	struct t_world t;
	uint64_t addr, i;

	job.file = t_make_file(&t, fs);
	addr = t_map(&t, job.file, 0, 8);
	for (i = 0; i < 4; i++)
		t_store(&t, addr + i * T_PAGE, 1);
	t.super->victim = true;
	t_task(&t, "task", mode < 0 ? t_do_truncate : t_do_fallocate, &job);
	assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(job.result, result);
	assert_string_equal(t.steps, steps);
	t_assert_holds(&t);
	t_close(&t);
}

static inline void t_assert_order(const char *fs, int mode, int64_t offset,
				  int64_t len, const char *steps)
{
	t_assert_order_to(fs, mode, offset, len, 0, steps);
}

/* --------------------------- A call that waits ---------------------------- */

/*
 * The call waits for a pin of page 2 and is ended by a signal, which leaves
 * @extents. What it returned is in @job; the pin is left.
 */
static inline struct ds_file *t_interrupt_to(struct t_world *t, const char *fs,
					     struct t_job *job,
					     const char *extents)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_WAIT_SLEEP, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_job pin = {.len = T_K}, signal = {0};
	struct ds_file *file = t_make_file(t, fs);

	pin.addr = t_map(t, file, 2, 1);
	t_pin(t, &pin);
	job->file = file;
	signal.target = t_task(
		t, "call", job->mode < 0 ? t_do_truncate : t_do_fallocate, job);
	t_task(t, "signal", t_do_signal, &signal);
	assert_int_equal(t_run(t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(job->result, -EINTR);
	t_assert_extents(file, extents);
	return file;
}

static inline struct ds_file *t_interrupt(struct t_world *t, const char *fs,
					  struct t_job *job)
{
	return t_interrupt_to(t, fs, job, T_FILE);
}

/* Whether the call comes to wait while page 2 is pinned. */
static inline bool t_waits(const char *fs, int mode, int64_t offset,
			   int64_t len)
{
	struct t_job job = {.mode = mode, .offset = offset, .len = len};
	struct t_job pin = {.len = T_K};
	enum ds_run_end end;
	struct t_world t;

	job.file = t_make_file(&t, fs);
	pin.addr = t_map(&t, job.file, 2, 1);
	t_pin(&t, &pin);
	t_task(&t, "call", mode < 0 ? t_do_truncate : t_do_fallocate, &job);
	end = t_run(&t, NULL, 0);
	assert_int_equal(end == DS_RUN_DONE, job.done);
	t_close(&t);
	return end == DS_RUN_STUCK;
}

#endif
