/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_STRESS_MODEL_H
#define TESTS_STRESS_MODEL_H

/*
 * What files on ext4-DAX and XFS-DAX do, as plain arrays of pages: written from
 * what recorded kernels did, and sharing nothing with the library.
 *
 * A page is kept whole, also beyond the end of the file: ext4 shows bytes that
 * were stored there once the file grows, XFS zeroes them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define M_PAGE  UINT64_C(4096)
#define M_PAGES 64 /* of a file, at most */

/* What an access gives in place of bytes. */
#define M_SIGSEGV (-4097)
#define M_SIGBUS  (-4098)

enum m_state {
	M_HOLE,
	M_UNWRITTEN,
	M_WRITTEN,
};

struct m_page {
	enum m_state state;
	uint64_t physical; /* 0: not looked at yet */
	unsigned char bytes[M_PAGE];
};

struct m_file {
	uint64_t size;
	struct m_page pages[M_PAGES];
};

/* One file system. */
struct m_system {
	bool xfs;
	bool zeroout;      /* more than what is touched may become written */
	bool cuts_writes;  /* a short write gives up what lies behind EOF */
	bool error_grows;  /* ... and one of nothing adds its error to EOF */
	bool strict_modes; /* two modes of fallocate at once: EOPNOTSUPP */
	bool zeroes_tail;  /* ext4: growth zeroes what lay behind EOF */
	uint64_t max_size; /* s_maxbytes */
	uint64_t n_free;   /* blocks */
};

/* Each returns what the kernel's call would. */
int64_t m_read(const struct m_file *file, uint64_t offset, void *buf,
	       uint64_t len);
int64_t m_write(struct m_system *system, struct m_file *file, uint64_t offset,
		const void *buf, uint64_t len);
int m_truncate(struct m_system *system, struct m_file *file, int64_t size);
int m_fallocate(struct m_system *system, struct m_file *file, bool writable,
		int mode, int64_t offset, int64_t len);
int64_t m_seek(const struct m_file *file, int64_t offset, bool data);

/* An access to a mapped page: the page fault. Return: 0 or M_SIGBUS. */
int m_fault(struct m_system *system, struct m_file *file, uint64_t page,
	    bool write);

/* The bytes of a page as a load sees them. */
const unsigned char *m_page_bytes(const struct m_file *file, uint64_t page);

/* Whether every operation that @mode, @offset and @len ask for fits the array.
 */
bool m_fits(const struct m_file *file, int mode, uint64_t offset, uint64_t len);

/* Takes everything out of the file. */
void m_clear(struct m_system *system, struct m_file *file);

uint64_t m_blocks(const struct m_file *file);

#endif
