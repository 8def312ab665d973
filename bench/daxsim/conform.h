/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_CONFORM_H
#define DAXSIM_CONFORM_H

/*
 * Comparing the model with recordings of real file systems, in three parts:
 * reading a recording, replaying its calls, and comparing. The format is
 * described in tests/conform/README.md.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file/inode.h"

/* Bytes of the device that every recording was made on. */
#define CONFORM_DEVICE_SIZE UINT64_C(526385152)

/* Above this file size recordings have no hash of the contents. */
#define CONFORM_HASH_LIMIT (UINT64_C(24) << 20)

enum conform_op {
	CONFORM_PWRITE,
	CONFORM_PWRITE_APPEND,
	CONFORM_PWRITE_RO,
	CONFORM_FTRUNCATE,
	CONFORM_FTRUNCATE_RO,
	CONFORM_FALLOCATE,
	CONFORM_FALLOCATE_RO,
	CONFORM_FSYNC,
	CONFORM_MSTORE,
	CONFORM_MLOAD,
	CONFORM_N_OPS,
};

/* One recorded call; what an operation does not take is 0. */
struct conform_call {
	enum conform_op op;
	int mode;
	int64_t offset, len;
	int64_t size; /* of ftruncate */
	uint32_t tag; /* decides the bytes that are written */
};

/* What is compared, named as in recordings. */
enum conform_field {
	CONFORM_RET,
	CONFORM_ERR,
	CONFORM_SIZE,
	CONFORM_EXT,
	CONFORM_FNV,
	CONFORM_ADD,
	CONFORM_RM,
	CONFORM_MOVED,
	CONFORM_N_FIELDS,
};

/*
 * What a call returned and left behind. Every field is text in the notation of
 * recordings, and equal values are equal texts: lists are in ascending order
 * with neighbours merged.
 */
struct conform_result {
	char *fields[CONFORM_N_FIELDS];
};

const char *conform_op_name(enum conform_op op);
const char *conform_field_name(enum conform_field field);

/* Takes the text over. Return: 0, or -ENOMEM if @text is NULL. */
int conform_set(struct conform_result *result, enum conform_field field,
		char *text);
/* Formats a new text; NULL if there is no memory. */
char *conform_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void conform_clear(struct conform_result *result);

/* ------------------------------ Range lists ------------------------------- */

/* One item of "ext" ({first, n, unwritten}) or of "moved" ({from, n, to}). */
struct conform_range {
	uint64_t first, n;
	uint64_t value;
};

struct conform_ranges {
	struct conform_range *at;
	size_t n, max;
};

/* Return: 0, or -ENOMEM. */
int conform_ranges_add(struct conform_ranges *ranges, uint64_t first,
		       uint64_t n, uint64_t value);
void conform_ranges_clear(struct conform_ranges *ranges);

/* As text for the field @field, sorted and merged; NULL: no memory. */
char *conform_ranges_text(struct conform_ranges *ranges,
			  enum conform_field field);

/* ------------------------------ Recordings -------------------------------- */

/* The lines of a file, plain or compressed. */
struct conform_input;

/* Return: 0, or -errno. */
int conform_input_open(const char *path, struct conform_input **ret_input);
void conform_input_close(struct conform_input *input);

/*
 * Reads up to @size bytes. Return: their number, 0 at the end, or -errno, with
 * -EBADMSG for damaged compressed data and -ENOTSUP for data that this build
 * cannot decompress.
 */
int conform_input_read(struct conform_input *input, char *buf, size_t size);

/* One line: the head of a sequence, or a call in it. */
struct conform_line {
	bool is_head;
	uint64_t sequence;
	/* Of a head. */
	char begin[16];
	char name[64];
	uint64_t n_calls;
	bool without_dax;
	/* Of a call. */
	uint64_t i;
	struct conform_call call;
	struct conform_result result;
	uint64_t n_blocks; /* that the file had after it */
};

struct conform_trace;

/* What a negative result of the functions below says. */
const char *conform_read_error(int error);

/* Return: 0, or -errno. */
int conform_trace_open(const char *path, struct conform_trace **ret_trace);
void conform_trace_close(struct conform_trace *trace);

/*
 * The next line, checked; it keeps its contents until the next call.
 * Return: 1, 0 at the end, -EINVAL for a bad line and other negative errno, all
 * with what is wrong in @ret_why.
 */
int conform_trace_next(struct conform_trace *trace,
		       const struct conform_line **ret_line, char *ret_why,
		       size_t why_size);

/* The number of the line read last. */
uint64_t conform_trace_line(const struct conform_trace *trace);

/* -------------------------------- Replay ---------------------------------- */

/* A new file on a file system of its own. */
struct conform_model;

/* Return: 0, or -errno. */
int conform_model_new(const struct ds_fs_profile *profile,
		      struct ds_region *region, unsigned int zeroout_blocks,
		      struct conform_model **ret_model);

/* Unlinks the file. Return: 0, or -EIO if blocks did not come back. */
int conform_model_free(struct conform_model *model);

/*
 * Makes the call of a line and looks at what it left behind. What was recorded
 * is looked at for what is no part of the model: where blocks lie, and how many
 * a full device had (see conform_model.h). Return: 0, or -ENOMEM.
 */
int conform_model_call(struct conform_model *model,
		       const struct conform_line *line,
		       struct conform_result *ret_result);

#endif
