/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_CONFORM_RECORD_H
#define TESTS_CONFORM_RECORD_H

/*
 * Making calls on a real file and recording what they did: the calls
 * (record.c), which ones are made (record_sets.c, record_random.c,
 * record_live.c), and making recorded ones again (record_again.c).
 */
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define BLOCK INT64_C(4096)

/* Calls in rows read better with short names. */
enum {
	KEEP = FALLOC_FL_KEEP_SIZE,
	PUNCH = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	COLLAPSE = FALLOC_FL_COLLAPSE_RANGE,
	ZERO = FALLOC_FL_ZERO_RANGE,
	INSERT = FALLOC_FL_INSERT_RANGE,
	UNSHARE = FALLOC_FL_UNSHARE_RANGE,
};

/* What the format calls "op"; the first three write. */
enum op {
	PWRITE,
	PWRITE_APPEND,
	PWRITE_RO,
	FTRUNCATE,
	FTRUNCATE_RO,
	FALLOCATE,
	FALLOCATE_RO,
	FSYNC,
	MSTORE,
	MLOAD,
	N_OPS,
};

/* What an operation does not take is 0. */
struct call {
	enum op op;
	int mode;
	int64_t offset, len, size;
	uint32_t tag;
};

bool find_op(const char *name, enum op *ret);

/*
 * A new file, and after its calls its end; the calls are between them.
 * @seed: 0 where the calls were not drawn from one.
 */
void begin_sequence(const char *name, uint64_t seed);
void end_sequence(FILE *out);

void make_call(const struct call *call);

/* Calls of the format of the same name, see README.md. */
void pwrite_at(int64_t offset, int64_t len);
void pwrite_append(int64_t offset, int64_t len);
void pwrite_ro(int64_t offset, int64_t len);
void truncate_to(int64_t size);
void truncate_ro(int64_t size);
void allocate(int mode, int64_t offset, int64_t len);
void allocate_ro(int mode, int64_t offset, int64_t len);
void sync_file(void);
void store(int64_t offset, int64_t len);
void load(int64_t offset, int64_t len);

int64_t file_size(void);

/* s_maxbytes of the file system. */
int64_t max_bytes(void);

/* Whether the file is mounted with DAX. */
bool is_dax(void);

/* What is drawn from here on follows from @seed. */
void seed_draws(uint64_t seed);

/* One of 0 to @bound - 1. */
int64_t below(int64_t bound);

/*
 * Draws a range of the file to load from or store to by memory. Return: whether
 * there is any.
 */
bool draw_mapped_range(int64_t *ret_offset, int64_t *ret_len);

/* Records the set of sequences called @name. Return: -1 if there is none. */
int record_set(const char *name, uint64_t seed, int n);

/* Records @n sequences drawn from @seed on. */
void record_random(uint64_t seed, int n);

/* Records sequences of the seeds from @seed on, @n_calls or a few more. */
void record_live(uint64_t seed, uint64_t n_calls);

/* Makes the calls of the recording @path again. Return: an exit status. */
int record_again(const char *path);

/*
 * Drops calls of one sequence of @path for as long as the shell command @check,
 * which is given the name of a recording, says by exit status 1 that it still
 * differs, and records what is left. Return: an exit status, 1 if the sequence
 * does not differ when it is made again.
 */
int record_shortest(const char *path, uint64_t sequence, const char *check);

#endif
