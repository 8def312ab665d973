// SPDX-License-Identifier: LGPL-2.1-or-later
#include "record.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct sequence {
	const char *name;
	void (*run)(void);
};

/* ---------------------- Errors, signals and limits ------------------------ */

static void ro_fd(void)
{
	pwrite_at(0, 9000);
	pwrite_ro(0, 10);
	pwrite_ro(-1, 10);
	pwrite_ro(0, 0);
	truncate_ro(100);
	truncate_ro(-1);
	allocate_ro(0, 0, BLOCK);
	allocate_ro(PUNCH, 0, BLOCK);
	allocate_ro(FALLOC_FL_PUNCH_HOLE, 0, BLOCK);
	allocate_ro(COLLAPSE, 1, 1);
	allocate_ro(0, 0, 0);
	allocate_ro(128, 0, 1);
	allocate_ro(0, INT64_MAX, 10);
	pwrite_ro(INT64_MAX, 10);
}

static void append(void)
{
	int64_t max = max_bytes();

	pwrite_append(0, 100);
	pwrite_append(50, BLOCK);
	pwrite_append(-1, 10);
	pwrite_append(max - 1, 10);
	pwrite_append(INT64_MAX, 10);
	allocate(KEEP, 0, 10 * BLOCK);
	pwrite_append(0, 5 * BLOCK);
	truncate_to(20 * BLOCK);
	pwrite_append(3, 1);
}

static void sigbus(void)
{
	store(0, 1);
	load(0, 1);
	truncate_to(1);
	store(0, BLOCK);
	store(BLOCK, 1);
	store(4000, 200);
	load(0, 2 * BLOCK);
	truncate_to(3 * BLOCK);
	store(2 * BLOCK, 2 * BLOCK);
	store(BLOCK + 5, 12000);
	load(100, 20000);
	truncate_to(10);
	truncate_to(5 * BLOCK);
	pwrite_at(3 * BLOCK, 10);
	truncate_to(2 * BLOCK + 100);
	store(2 * BLOCK + 90, 5000);
	truncate_to(4 * BLOCK);
}

static void limit_truncate(void)
{
	int64_t max = max_bytes();

	truncate_to(max);
	truncate_to(max - 1);
	truncate_to(0);
	truncate_to(INT64_MAX);
	truncate_to(max - 4095);
	truncate_to(-1);
	truncate_to(5);
}

static void limit_write(void)
{
	int64_t max = max_bytes();

	pwrite_at(max - 1, 10);
	pwrite_at(max, 1);
	pwrite_at(max - BLOCK, BLOCK);
	pwrite_at(max - 5, 5);
	pwrite_at(INT64_MAX, 1);
	pwrite_at(INT64_MAX - 5, 5);
	pwrite_at(INT64_MAX - 5, 6);
	pwrite_at(INT64_MAX - 5, 10);
	pwrite_at(max, 0);
	pwrite_at(-5, 3);
	truncate_to(0);
}

static void limit_write2(void)
{
	int64_t max = max_bytes();
	int64_t end_page = (max_bytes() - 1) / BLOCK * BLOCK;

	pwrite_at(max - BLOCK - 100, 200);
	pwrite_at(max - 20, 100);
	store(end_page, 10);
	store(end_page - BLOCK, 2 * BLOCK);
	load(end_page - BLOCK, 10);
	allocate(PUNCH, end_page - BLOCK, BLOCK);
	allocate(ZERO, end_page - BLOCK, BLOCK);
	truncate_to(10);
}

static void limit_fallocate(void)
{
	int64_t max = max_bytes();

	allocate(0, max - 1, 1);
	allocate(0, max, 1);
	allocate(0, max - BLOCK, BLOCK);
	allocate(KEEP, max - BLOCK, 4097);
	allocate(KEEP, max - BLOCK, BLOCK);
	allocate(0, INT64_MAX, 1);
	allocate(KEEP, INT64_MAX - 10, 20);
	allocate(PUNCH, max - 2 * BLOCK, 2 * BLOCK);
	allocate(PUNCH, 0, max);
	allocate(ZERO, max - 2 * BLOCK, 2 * BLOCK);
	allocate(ZERO | KEEP, max - 2 * BLOCK, 2 * BLOCK);
	allocate(PUNCH, max - 2 * BLOCK, 8193);
	allocate(ZERO, 0, INT64_MAX);
	allocate(0, 0, 0);
	truncate_to(0);
}

static void limit_insert(void)
{
	int64_t last = max_bytes() / BLOCK * BLOCK;

	pwrite_at(0, 3 * BLOCK);
	allocate(INSERT, BLOCK, last - 3 * BLOCK);
	allocate(INSERT, BLOCK, last - 4 * BLOCK);
	allocate(INSERT, BLOCK, last);
	allocate(INSERT, 2 * BLOCK, INT64_MAX / BLOCK * BLOCK);
	truncate_to(3 * BLOCK);
	allocate(INSERT, 0, last - 4 * BLOCK);
	allocate(COLLAPSE, 0, last - 4 * BLOCK);
	truncate_to(2 * BLOCK);
}

static void limit_insert2(void)
{
	int64_t last = max_bytes() / BLOCK * BLOCK;

	pwrite_at(0, 3 * BLOCK + 1);
	allocate(INSERT, BLOCK, last - 3 * BLOCK);
	allocate(INSERT, BLOCK, last - 4 * BLOCK);
	allocate(INSERT, 0, BLOCK);
	allocate(INSERT, BLOCK, 2 * BLOCK);
	truncate_to(BLOCK);
}

static void limit_insert_prealloc(void)
{
	int64_t last = max_bytes() / BLOCK * BLOCK;

	pwrite_at(0, 3 * BLOCK);
	allocate(KEEP, last - 10 * BLOCK, 4 * BLOCK);
	allocate(INSERT, BLOCK, 20 * BLOCK);
	allocate(INSERT, BLOCK, 5 * BLOCK);
	allocate(INSERT, BLOCK, BLOCK);
	allocate(COLLAPSE, BLOCK, BLOCK);
	truncate_to(3 * BLOCK);
}

static void limit_insert_prealloc2(void)
{
	int64_t last = max_bytes() / BLOCK * BLOCK;

	pwrite_at(0, 3 * BLOCK);
	allocate(KEEP, 100 * BLOCK, 4 * BLOCK);
	allocate(INSERT, BLOCK, last - 104 * BLOCK);
	allocate(INSERT, BLOCK, BLOCK);
	truncate_to(2 * BLOCK);
}

static void limit_insert_prealloc3(void)
{
	int64_t last = max_bytes() / BLOCK * BLOCK;

	pwrite_at(0, 3 * BLOCK);
	allocate(KEEP, 100 * BLOCK, 4 * BLOCK);
	allocate(INSERT, BLOCK, last - 103 * BLOCK);
	allocate(INSERT, BLOCK, BLOCK);
	truncate_to(2 * BLOCK);
}

static void limit_insert_prealloc4(void)
{
	int64_t last = max_bytes() / BLOCK * BLOCK;

	pwrite_at(0, 3 * BLOCK);
	allocate(KEEP, 100 * BLOCK, 4 * BLOCK);
	allocate(INSERT, BLOCK, last - 102 * BLOCK);
	truncate_to(2 * BLOCK);
}

static void limit_insert_prealloc5(void)
{
	int64_t last = max_bytes() / BLOCK * BLOCK;

	pwrite_at(0, 3 * BLOCK);
	allocate(KEEP, 100 * BLOCK, 4 * BLOCK);
	allocate(INSERT, BLOCK, last - 50 * BLOCK);
	pwrite_at(5 * BLOCK, BLOCK);
	truncate_to(2 * BLOCK);
}

static void limit_collapse(void)
{
	int64_t max = max_bytes();
	int64_t last = max_bytes() / BLOCK * BLOCK;

	pwrite_at(0, 3 * BLOCK);
	truncate_to(max);
	allocate(COLLAPSE, BLOCK, last - 4 * BLOCK);
	allocate(COLLAPSE, 0, BLOCK);
	allocate(COLLAPSE, 0, 4 * BLOCK);
	truncate_to(max);
	allocate(COLLAPSE, 0, last);
	allocate(COLLAPSE, 0, last - BLOCK);
}

static void far_punch(void)
{
	truncate_to(INT64_C(1) << 42);
	pwrite_at((INT64_C(1) << 42) - 10 * BLOCK, 10 * BLOCK);
	allocate(PUNCH, (INT64_C(1) << 42) - 9 * BLOCK, 2 * BLOCK);
	truncate_to(INT64_C(5) << 40);
	pwrite_at((INT64_C(5) << 40) - 10 * BLOCK, 10 * BLOCK);
	allocate(PUNCH, (INT64_C(5) << 40) - 8 * BLOCK + 5, 3 * BLOCK);
	allocate(PUNCH, (INT64_C(5) << 40) - 2 * BLOCK, 9 * BLOCK);
	allocate(ZERO, (INT64_C(5) << 40) - 6 * BLOCK, 2 * BLOCK);
	allocate(COLLAPSE, (INT64_C(5) << 40) - 6 * BLOCK, 2 * BLOCK);
	allocate(PUNCH, 0, INT64_C(6) << 40);
	truncate_to(0);
}

static void far_punch2(void)
{
	truncate_to(INT64_C(16) << 40);
	pwrite_at((INT64_C(16) << 40) - 3 * BLOCK, 5 * BLOCK);
	allocate(PUNCH, (INT64_C(16) << 40) - 2 * BLOCK, 2 * BLOCK);
	allocate(PUNCH, INT64_C(1) << 40, INT64_C(15) << 40);
	truncate_to(0);
}

static void far_punch3(void)
{
	pwrite_at(4402345721856 - 20 * BLOCK, 40 * BLOCK);
	allocate(PUNCH, 4402345721856 - 3 * BLOCK, 2 * BLOCK);
	allocate(PUNCH, 4402345721856 - BLOCK, 2 * BLOCK);
	allocate(PUNCH, 4402345721856 - 10 * BLOCK, 30 * BLOCK);
	truncate_to(0);
}

static void punch_to_max(void)
{
	int64_t max = max_bytes();

	pwrite_at(0, 5 * BLOCK);
	allocate(KEEP, 5 * BLOCK, 5 * BLOCK);
	allocate(PUNCH, BLOCK, INT64_MAX - BLOCK);
	allocate(PUNCH, BLOCK, max - BLOCK);
	allocate(PUNCH, 0, max);
	pwrite_at(7 * BLOCK, 10);
	allocate(PUNCH, 7 * BLOCK + 3, max - 7 * BLOCK - 3);
}

static void zero_grow_max(void)
{
	int64_t max = max_bytes();

	allocate(ZERO, max - 2 * BLOCK, 2 * BLOCK);
	allocate(ZERO | KEEP, 100, 100);
	allocate(ZERO, max - 1, 1);
	truncate_to(1);
	allocate(ZERO, max - 2 * BLOCK - 1, 8193);
}

static void unshare(void)
{
	pwrite_at(0, 2 * BLOCK);
	allocate(UNSHARE, 0, 5 * BLOCK);
	allocate(UNSHARE | KEEP, 3 * BLOCK, 9 * BLOCK);
	allocate(UNSHARE, 1, INT64_MAX);
	allocate(UNSHARE | FALLOC_FL_PUNCH_HOLE, 0, 1);
	allocate(UNSHARE | PUNCH, 0, 1);
}

/* ---------------------------- A full device ------------------------------- */

static void full_1(void)
{
	pwrite_at(0, BLOCK);
	allocate(0, 0, INT64_C(1) << 30);
	sync_file();
	truncate_to(BLOCK);
	truncate_to(0);
}

static void full_2(void)
{
	pwrite_at(0, BLOCK);
	allocate(KEEP, BLOCK, INT64_C(1) << 30);
	pwrite_at(BLOCK, 100);
	allocate(PUNCH, 0, BLOCK);
	truncate_to(BLOCK);
}

static void full_3(void)
{
	allocate(0, 0, INT64_C(440) << 20);
	allocate(0, INT64_C(440) << 20, INT64_C(100) << 20);
	pwrite_at(100, 5000);
	truncate_to(2 * BLOCK);
	pwrite_at(2 * BLOCK, 4 * BLOCK);
}

static void full_4(void)
{
	allocate(KEEP, 0, INT64_C(1) << 30);
	pwrite_at(INT64_C(600) << 20, 10 * BLOCK);
	store(0, 1);
	truncate_to(BLOCK);
	store(0, 10);
}

static void full_5(void)
{
	allocate(ZERO, 5, INT64_C(1) << 30);
	truncate_to(0);
	allocate(ZERO | KEEP, 5, INT64_C(1) << 30);
	truncate_to(BLOCK);
}

static void full_6(void)
{
	allocate(0, 0, INT64_C(400) << 20);
	allocate(0, 0, INT64_C(470) << 20);
	pwrite_at(5 * BLOCK, 3 * BLOCK);
	allocate(PUNCH, 10 * BLOCK, 20 * BLOCK);
	allocate(COLLAPSE, 4 * BLOCK, 4 * BLOCK);
	truncate_to(0);
}

static void full_7(void)
{
	allocate(0, 0, INT64_C(430) << 20);
	allocate(0, INT64_C(430) << 20, INT64_C(5) << 20);
	allocate(0, INT64_C(435) << 20, INT64_C(5) << 20);
	allocate(0, INT64_C(440) << 20, INT64_C(5) << 20);
	allocate(0, INT64_C(445) << 20, INT64_C(5) << 20);
	allocate(0, INT64_C(450) << 20, INT64_C(5) << 20);
	allocate(0, INT64_C(455) << 20, INT64_C(5) << 20);
	truncate_to(0);
}

static void full_8(void)
{
	allocate(0, 0, INT64_C(1) << 40);
	truncate_to(0);
	allocate(0, 0, INT64_C(1) << 30);
	truncate_to(INT64_C(1) << 30);
	pwrite_at((INT64_C(1) << 30) - 5000, 4000);
	store((INT64_C(1) << 30) - BLOCK, 5);
	allocate(ZERO, 0, INT64_C(1) << 20);
	truncate_to(0);
}

/* ------------------- Stores past the end of the file ---------------------- */

/* A file of 10000 bytes, and bytes set behind them in its last page. */
static void begin_tail(void)
{
	pwrite_at(0, 10000);
	store(9990, 2000);
}

static void tail_truncate(void)
{
	begin_tail();
	truncate_to(20000);
}

static void tail_write_behind(void)
{
	begin_tail();
	pwrite_at(15000, 10);
}

static void tail_write_across(void)
{
	begin_tail();
	pwrite_at(9000, 2000);
	truncate_to(20000);
}

static void tail_write_in_page(void)
{
	begin_tail();
	pwrite_at(11000, 100);
}

static void tail_append(void)
{
	begin_tail();
	pwrite_append(0, 100);
	pwrite_append(0, 8000);
}

static void tail_allocate(void)
{
	begin_tail();
	allocate(0, 0, 20000);
}

static void tail_allocate_keep(void)
{
	begin_tail();
	allocate(KEEP, 0, 20000);
	truncate_to(12000);
}

static void tail_unshare(void)
{
	begin_tail();
	allocate(UNSHARE, 0, 20000);
}

static void tail_zero_behind(void)
{
	begin_tail();
	allocate(ZERO, 4 * BLOCK, BLOCK);
}

static void tail_zero_in_page(void)
{
	begin_tail();
	allocate(ZERO, 11000, 100);
}

static void tail_zero_keep(void)
{
	begin_tail();
	allocate(ZERO | KEEP, 9000, 1500);
	truncate_to(20000);
}

static void tail_punch_in_page(void)
{
	begin_tail();
	allocate(PUNCH, 9995, 100);
	truncate_to(20000);
}

static void tail_punch_across(void)
{
	begin_tail();
	allocate(PUNCH, 9000, 2 * BLOCK);
	truncate_to(20000);
}

static void tail_insert(void)
{
	begin_tail();
	allocate(INSERT, BLOCK, 2 * BLOCK);
	truncate_to(30000);
}

static void tail_insert_last(void)
{
	begin_tail();
	allocate(INSERT, 2 * BLOCK, BLOCK);
	truncate_to(30000);
}

static void tail_collapse(void)
{
	begin_tail();
	allocate(COLLAPSE, 0, BLOCK);
	truncate_to(30000);
}

static void tail_shrink(void)
{
	begin_tail();
	truncate_to(9995);
	truncate_to(20000);
}

static void tail_same_size(void)
{
	begin_tail();
	truncate_to(10000);
	truncate_to(20000);
}

static void tail_fsync(void)
{
	begin_tail();
	sync_file();
	truncate_to(10001);
	truncate_to(11000);
	load(0, 12000);
	store(10990, 500);
	pwrite_at(3 * BLOCK + 5, 10);
}

/* ------------------------------- Zero-out --------------------------------- */

/* One write into each place of an unwritten extent of each length. */
static void record_single_writes(void)
{
	char name[64];
	int64_t len, at, n;

	for (len = 1; len <= 20; len++) {
		for (at = 0; at < len; at++) {
			for (n = 1; n <= 3 && at + n <= len; n++) {
				if (len > 9 && (len * 7 + at * 3 + n) % 5)
					continue;
				snprintf(name, sizeof(name), "zeroout_%d_%d_%d",
					 (int)len, (int)at, (int)n);
				begin_sequence(name, 0);
				allocate(0, 0, len * BLOCK);
				pwrite_at(at * BLOCK, n * BLOCK);
				end_sequence(stdout);
			}
		}
	}
}

/* Several extents beside each other, of two allocations and of writes. */
static void record_neighbours(void)
{
	int64_t len;

	for (len = 2; len < 32; len++) {
		begin_sequence("zeroout_beside", 0);
		pwrite_at(0, 2 * BLOCK);
		allocate(0, 2 * BLOCK, len * BLOCK);
		allocate(0, (2 + len) * BLOCK, 5 * BLOCK);
		pwrite_at(2 * BLOCK, BLOCK);
		pwrite_at((3 + len / 2) * BLOCK, 5000);
		pwrite_at((1 + len) * BLOCK, BLOCK);
		pwrite_at((6 + len) * BLOCK, BLOCK);
		pwrite_at(BLOCK, 9 * BLOCK);
		end_sequence(stdout);
	}
}

/* Blocks past the end of the file, which the file then reaches. */
static void record_past_eof(void)
{
	int64_t k;

	for (k = 0; k < 20; k++) {
		begin_sequence("zeroout_past_eof", 0);
		allocate(KEEP, 0, (k + 3) * BLOCK);
		pwrite_at(k / 2 * BLOCK, BLOCK);
		allocate(KEEP, 0, 40 * BLOCK);
		pwrite_at((k + 1) * BLOCK, 3 * BLOCK);
		truncate_to(30 * BLOCK);
		pwrite_at((k + 5) * BLOCK, 9 * BLOCK);
		store((k + 2) * BLOCK, 5000);
		end_sequence(stdout);
	}
}

static void record_zeroout(void)
{
	record_single_writes();
	record_neighbours();
	record_past_eof();
}

/* --------------------------------- Sets ----------------------------------- */

static const struct sequence limits[] = {
	{"ro_fd", ro_fd},
	{"append", append},
	{"sigbus", sigbus},
	{"limit_truncate", limit_truncate},
	{"limit_write", limit_write},
	{"limit_write2", limit_write2},
	{"limit_fallocate", limit_fallocate},
	{"limit_insert", limit_insert},
	{"limit_insert2", limit_insert2},
	{"limit_insert_prealloc", limit_insert_prealloc},
	{"limit_insert_prealloc2", limit_insert_prealloc2},
	{"limit_insert_prealloc3", limit_insert_prealloc3},
	{"limit_insert_prealloc4", limit_insert_prealloc4},
	{"limit_insert_prealloc5", limit_insert_prealloc5},
	{"limit_collapse", limit_collapse},
	{"far_punch", far_punch},
	{"far_punch2", far_punch2},
	{"far_punch3", far_punch3},
	{"punch_to_max", punch_to_max},
	{"zero_grow_max", zero_grow_max},
	{"unshare", unshare},
	{NULL, NULL},
};

static const struct sequence full[] = {
	{"full_1", full_1}, {"full_2", full_2}, {"full_3", full_3},
	{"full_4", full_4}, {"full_5", full_5}, {"full_6", full_6},
	{"full_7", full_7}, {"full_8", full_8}, {NULL, NULL},
};

static const struct sequence tail[] = {
	{"tail_truncate", tail_truncate},
	{"tail_write_behind", tail_write_behind},
	{"tail_write_across", tail_write_across},
	{"tail_write_in_page", tail_write_in_page},
	{"tail_append", tail_append},
	{"tail_allocate", tail_allocate},
	{"tail_allocate_keep", tail_allocate_keep},
	{"tail_unshare", tail_unshare},
	{"tail_zero_behind", tail_zero_behind},
	{"tail_zero_in_page", tail_zero_in_page},
	{"tail_zero_keep", tail_zero_keep},
	{"tail_punch_in_page", tail_punch_in_page},
	{"tail_punch_across", tail_punch_across},
	{"tail_insert", tail_insert},
	{"tail_insert_last", tail_insert_last},
	{"tail_collapse", tail_collapse},
	{"tail_shrink", tail_shrink},
	{"tail_same_size", tail_same_size},
	{"tail_fsync", tail_fsync},
	{NULL, NULL},
};

static void record_all(const struct sequence *sequences)
{
	for (; sequences->name; sequences++) {
		begin_sequence(sequences->name, 0);
		sequences->run();
		end_sequence(stdout);
	}
}

int record_set(const char *name, uint64_t seed, int n)
{
	if (strcmp(name, "limits") == 0)
		record_all(limits);
	else if (strcmp(name, "full") == 0)
		record_all(full);
	else if (strcmp(name, "tail") == 0)
		record_all(tail);
	else if (strcmp(name, "zeroout") == 0)
		record_zeroout();
	else if (strcmp(name, "random") == 0)
		record_random(seed, n);
	else
		return -1;
	return 0;
}
