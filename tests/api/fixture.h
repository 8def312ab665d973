/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_API_FIXTURE_H
#define TESTS_API_FIXTURE_H

/*
 * Universes as programs make them. Assertions of cmocka belong to the thread
 * that runs the test: tasks and threads only take notes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <daxsim.h>

#define T_PAGE  4096u
#define T_PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static inline struct daxsim *t_make(const struct daxsim_options *options)
{
	struct daxsim *sim = NULL;
	char why[256] = "";
	int r = daxsim_new(options, &sim, why, sizeof(why));

	if (r)
		fail_msg("daxsim_new: %d, %s", r, why);
	return sim;
}

/* For searches; freed blocks go to the victim. */
static inline struct daxsim *t_small(const char *fs, enum daxsim_turns turns)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.fs = fs,
		.small = true,
		.victim = true,
		.turns = turns,
	};

	return t_make(&options);
}

/* For everything else. */
static inline struct daxsim *t_plain(const char *fs)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.fs = fs,
		.device_size = 1024 * 1024,
	};

	return t_make(&options);
}

static inline struct daxsim_file *t_open(struct daxsim *sim, const char *name,
					 int flags)
{
	struct daxsim_file *file = NULL;

	assert_int_equal(daxsim_open(sim, name, flags, &file), 0);
	assert_non_null(file);
	return file;
}

/* A new file of @n_pages pages, page i filled with 'a' + i. */
static inline struct daxsim_file *t_file(struct daxsim *sim, const char *name,
					 unsigned int n_pages)
{
	struct daxsim_file *file = t_open(sim, name, O_RDWR | O_CREAT);
	unsigned char bytes[T_PAGE];
	unsigned int i;

	for (i = 0; i < n_pages; i++) {
		memset(bytes, 'a' + (int)i, sizeof(bytes));
		assert_int_equal(daxsim_pwrite(file, bytes, T_PAGE, i * T_PAGE),
				 T_PAGE);
	}
	return file;
}

static inline uint64_t t_size(struct daxsim_file *file)
{
	struct daxsim_stat stat;

	assert_int_equal(daxsim_fstat(file, &stat), 0);
	return stat.size;
}

/* The byte of the file at @offset; -1 if there is none. */
static inline int t_byte(struct daxsim_file *file, int64_t offset)
{
	unsigned char byte;
	ssize_t n = daxsim_pread(file, &byte, 1, offset);

	assert_in_range(n, 0, 1);
	return n ? byte : -1;
}

static inline uint64_t t_map(struct daxsim_file *file, uint64_t offset,
			     uint64_t len)
{
	uint64_t addr = 0;

	assert_int_equal(daxsim_mmap(file, len, PROT_READ | PROT_WRITE,
				     MAP_SHARED, offset, &addr),
			 0);
	assert_int_not_equal(addr, 0);
	return addr;
}

/* Whether some finding of @report is about @property. */
static inline bool t_broke(const struct daxsim_report *report,
			   const char *property)
{
	unsigned int i;

	for (i = 0; i < daxsim_report_findings(report); i++)
		if (strcmp(daxsim_report_property(report, i), property) == 0)
			return true;
	return false;
}

/*
 * A punch of two pages beside a direct read into them: the race of the 2018
 * patches, which look no further when the first page becomes idle just before
 * they would wait for it.
 */
struct t_race {
	struct daxsim *sim;
	struct daxsim_file *file;
	uint64_t addr;
};

static inline void t_race_read(struct daxsim *sim, void *arg)
{
	static const unsigned char bytes[2 * T_PAGE] = "from the device";
	const struct t_race *race = arg;

	daxsim_direct_read(sim, race->addr, bytes, sizeof(bytes));
}

static inline void t_race_punch(struct daxsim *sim, void *arg)
{
	const struct t_race *race = arg;
	int r = daxsim_fallocate(race->file, T_PUNCH, 0, 2 * T_PAGE);

	daxsim_expect(sim, r == 0, "the punch works");
}

static inline struct t_race t_race(const char *fs, enum daxsim_turns turns)
{
	struct t_race race = {.sim = t_small(fs, turns)};
	struct t_race *arg = daxsim_alloc(race.sim, sizeof(*arg));
	unsigned char bytes[2 * T_PAGE];

	assert_non_null(arg);
	race.file = t_file(race.sim, "A", 3);
	race.addr = t_map(race.file, 0, 2 * T_PAGE);
	memset(bytes, 'm', sizeof(bytes));
	assert_int_equal(daxsim_store(race.sim, race.addr, bytes,
				      sizeof(bytes)),
			 sizeof(bytes));
	*arg = race;
	assert_int_equal(daxsim_spawn(race.sim, "direct", t_race_read, arg), 0);
	assert_int_equal(daxsim_spawn(race.sim, "punch", t_race_punch, arg), 1);
	return race;
}

static inline struct daxsim_report *t_explore(struct daxsim *sim)
{
	struct daxsim_report *report = NULL;

	assert_int_equal(daxsim_explore(sim, NULL, &report), 0);
	assert_non_null(report);
	return report;
}

#endif
