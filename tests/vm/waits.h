/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_VM_WAITS_H
#define TESTS_VM_WAITS_H

/*
 * What is asked of a kernel and of the model alike: some pages of a mapped file
 * are pinned, then a call is made on the file. A file has 16 blocks of 4096
 * bytes; pinned are blocks 4 to 7 of it, or 4 and 5.
 *
 * Both programs print a line for each row, with tabs between:
 *
 *	row waits result data size other warning
 *
 * waits: yes: the call returned after the pin had ended; no: before; never: not
 * at all. data: where the bytes of the device are in the file. other: whether
 * somebody else's access went on or stood still while the call waited.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK        INT64_C(4096)
#define N_BLOCKS     16
#define FIRST_PINNED 4
#define N_PINNED     4
#define HUGE_BLOCKS  512 /* of a file mapped by one entry of 2 MiB */

enum pin {
	PIN_READ,       /* O_DIRECT read of a slow device into the pages */
	PIN_WRITE,      /* O_DIRECT write of the pages to a slow device */
	PIN_SPLICE,     /* vmsplice() of block 4 */
	PIN_SPLICE_TWO, /* of blocks 4 and 5, given up one by one */
};

/* What the buffer is when it gets pinned. */
enum buffer {
	BUFFER_WRITTEN,
	BUFFER_HOLE,
	BUFFER_UNWRITTEN,
	BUFFER_HUGE,
};

/* Between the pin and the call. */
enum before {
	BEFORE_NOTHING,
	BEFORE_UNMAP,
	BEFORE_UNLINK,
	BEFORE_UNMAP_CLOSE,
};

enum op {
	OP_TRUNCATE, /* to @len */
	OP_FALLOCATE,
	OP_WRITE,
	OP_WRITE_DIRECT, /* with O_DIRECT */
	OP_READ,
	OP_STORE,
	OP_FSYNC,
	OP_UNMAP,
	OP_UNLINK,
	OP_LAST_CLOSE, /* unmaps and closes, if that is not done yet */
};

/* While the call waits. */
enum during {
	DURING_NOTHING,
	DURING_SIGNAL,  /* a handler without SA_RESTART */
	DURING_RESTART, /* one with SA_RESTART */
	DURING_KILL,    /* SIGKILL to the process that made the call */
	DURING_LOAD,    /* of a page that was not touched yet */
	DURING_STORE,   /* to one */
	DURING_REFAULT, /* a load of a pinned page */
	DURING_READ,
	DURING_WRITE,
	DURING_FSYNC,
};

struct row {
	const char *name;
	enum op op;
	int mode;
	int64_t offset, len; /* bytes */
	enum pin pin;
	enum buffer buffer;
	enum before before;
	enum during during;
};

extern const struct row rows[];
extern const unsigned int n_rows;

/* Words of eight bytes: a letter and a number. */
void fill_words(unsigned char *bytes, size_t len, char letter, unsigned int n);

/*
 * Prints where the device's words, of the letter D, are in the file: "D0@4", or
 * "gone". @read_block: block @i, zeroes behind the end; false if that is all.
 */
void print_blocks(bool (*read_block)(void *arg, int64_t i,
				     unsigned char *block),
		  void *arg);

/* What a huge page is like is not the same on both sides, and so the size. */
void print_size(const struct row *row, int64_t size, int64_t before);

static inline bool is_spliced(const struct row *row)
{
	return row->pin == PIN_SPLICE || row->pin == PIN_SPLICE_TWO;
}

static inline unsigned int n_pinned(const struct row *row)
{
	if (is_spliced(row))
		return row->pin == PIN_SPLICE ? 1 : 2;
	return N_PINNED;
}

#endif
