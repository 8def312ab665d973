// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model.h"

#include <errno.h>
#include <linux/falloc.h>
#include <string.h>

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t page_up(uint64_t offset)
{
	return (offset + M_PAGE - 1) / M_PAGE;
}

static void free_page(struct m_system *system, struct m_page *page)
{
	if (page->state != M_HOLE)
		system->n_free++;
	page->state = M_HOLE;
	page->physical = 0;
}

static void free_pages(struct m_system *system, struct m_file *file,
		       uint64_t first, uint64_t end)
{
	for (; first < end && first < M_PAGES; first++)
		free_page(system, &file->pages[first]);
}

/* Return: whether there was a block. */
static bool give_block(struct m_system *system, struct m_page *page)
{
	if (page->state != M_HOLE)
		return true;
	if (!system->n_free)
		return false;
	system->n_free--;
	page->state = M_UNWRITTEN;
	page->physical = 0;
	return true;
}

static bool make_written(struct m_system *system, struct m_page *page)
{
	if (!give_block(system, page))
		return false;
	if (page->state == M_UNWRITTEN)
		memset(page->bytes, 0, M_PAGE);
	page->state = M_WRITTEN;
	return true;
}

/* Zeroes the bytes [start, end) of written pages. */
static void zero(struct m_file *file, uint64_t start, uint64_t end)
{
	while (start < end && start / M_PAGE < M_PAGES) {
		struct m_page *page = &file->pages[start / M_PAGE];
		uint64_t stop = min_u64(end, start / M_PAGE * M_PAGE + M_PAGE);

		if (page->state == M_WRITTEN)
			memset(page->bytes + start % M_PAGE, 0, stop - start);
		start = stop;
	}
}

/* Zeroes what of [start, end) lies in pages it does not cover whole. */
static void zero_edges(struct m_file *file, uint64_t start, uint64_t end)
{
	uint64_t first = page_up(start) * M_PAGE;
	uint64_t last = end / M_PAGE * M_PAGE;

	if (first > last) {
		zero(file, start, end);
		return;
	}
	zero(file, start, first);
	zero(file, last, end);
}

const unsigned char *m_page_bytes(const struct m_file *file, uint64_t page)
{
	static const unsigned char zeroes[M_PAGE];

	if (file->pages[page].state != M_WRITTEN)
		return zeroes;
	return file->pages[page].bytes;
}

uint64_t m_blocks(const struct m_file *file)
{
	uint64_t n = 0, i;

	for (i = 0; i < M_PAGES; i++)
		n += file->pages[i].state != M_HOLE;
	return n;
}

void m_clear(struct m_system *system, struct m_file *file)
{
	free_pages(system, file, 0, M_PAGES);
	file->size = 0;
}

/* ------------------------------ Data and size ----------------------------- */

int64_t m_read(const struct m_file *file, uint64_t offset, void *buf,
	       uint64_t len)
{
	unsigned char *bytes = buf;
	uint64_t done = 0;

	if (offset >= file->size)
		return 0;
	len = min_u64(len, file->size - offset);
	while (done < len) {
		uint64_t at = offset + done;
		uint64_t n = min_u64(len - done, M_PAGE - at % M_PAGE);

		memcpy(bytes + done,
		       m_page_bytes(file, at / M_PAGE) + at % M_PAGE, n);
		done += n;
	}
	return (int64_t)done;
}

/*
 * ext4 from v5.5 on truncates after a write that should have grown the file and
 * got less done than asked; with v6.1 one that got nothing done adds its error
 * to the size.
 */
static void cut_write(struct m_system *system, struct m_file *file,
		      uint64_t offset, uint64_t done)
{
	if (system->error_grows && !done && offset > file->size + ENOSPC)
		file->size = offset - ENOSPC;
	zero(file, file->size, page_up(file->size) * M_PAGE);
	free_pages(system, file, page_up(file->size), M_PAGES);
}

/* XFS gives all blocks to a hole, as far as the write reaches, or none. */
static bool may_fill(const struct m_system *system, const struct m_file *file,
		     uint64_t first, uint64_t end)
{
	uint64_t n = 0;

	while (first + n < end && file->pages[first + n].state == M_HOLE)
		n++;
	return !system->xfs || n <= system->n_free;
}

int64_t m_write(struct m_system *system, struct m_file *file, uint64_t offset,
		const void *buf, uint64_t len)
{
	const unsigned char *bytes = buf;
	bool extends = offset + len > file->size;
	uint64_t done = 0;

	if (len == 0)
		return 0;
	if (offset >= system->max_size)
		return -EFBIG;
	if (system->xfs && offset > file->size)
		zero(file, file->size, offset);
	while (done < len) {
		uint64_t at = offset + done;
		uint64_t n = min_u64(len - done, M_PAGE - at % M_PAGE);
		struct m_page *page = &file->pages[at / M_PAGE];

		if (!may_fill(system, file, at / M_PAGE,
			      page_up(offset + len)) ||
		    !make_written(system, page))
			break;
		memcpy(page->bytes + at % M_PAGE, bytes + done, n);
		done += n;
	}
	if (done && offset + done > file->size)
		file->size = offset + done;
	if (system->cuts_writes && extends && done < len)
		cut_write(system, file, offset, done);
	return done ? (int64_t)done : -ENOSPC;
}

/*
 * XFS zeroes what lies behind the old end whenever a file grows, ext4 does so
 * from v6.13 on, but for a file that a write makes grow.
 */
static void set_size(struct m_system *system, struct m_file *file,
		     uint64_t size)
{
	if (size > file->size) {
		if (system->xfs || system->zeroes_tail)
			zero(file, file->size, size);
	} else {
		zero(file, size, page_up(size) * M_PAGE);
		free_pages(system, file, page_up(size), M_PAGES);
	}
	file->size = size;
}

int m_truncate(struct m_system *system, struct m_file *file, int64_t size)
{
	if (size < 0)
		return -EINVAL;
	if ((uint64_t)size > system->max_size)
		return -EFBIG;
	set_size(system, file, (uint64_t)size);
	return 0;
}

int64_t m_seek(const struct m_file *file, int64_t offset, bool data)
{
	uint64_t at = (uint64_t)offset;

	if (offset < 0 || at >= file->size)
		return -ENXIO;
	while (at < file->size) {
		bool is_data = file->pages[at / M_PAGE].state == M_WRITTEN;

		if (is_data == data)
			return (int64_t)at;
		at = at / M_PAGE * M_PAGE + M_PAGE;
	}
	return data ? -ENXIO : (int64_t)file->size;
}

int m_fault(struct m_system *system, struct m_file *file, uint64_t page,
	    bool write)
{
	if (page >= page_up(file->size))
		return M_SIGBUS;
	if (write && !make_written(system, &file->pages[page]))
		return M_SIGBUS;
	return 0;
}

/* -------------------------------- fallocate ------------------------------- */

/* To v6.13 ext4 takes a size of whole pages to lie in the page behind it. */
static uint64_t punch_end(const struct m_system *system,
			  const struct m_file *file)
{
	if (system->zeroes_tail)
		return page_up(file->size) * M_PAGE;
	return file->size / M_PAGE * M_PAGE + M_PAGE;
}

static int punch(struct m_system *system, struct m_file *file, uint64_t offset,
		 uint64_t end)
{
	if (!system->xfs) {
		if (offset >= file->size)
			return 0;
		if (end > file->size)
			end = punch_end(system, file);
	}
	free_pages(system, file, page_up(offset), end / M_PAGE);
	if (system->xfs) {
		if (offset >= file->size)
			return 0;
		end = min_u64(end, file->size);
	}
	zero_edges(file, offset, end);
	return 0;
}

static int collapse(struct m_system *system, struct m_file *file,
		    uint64_t offset, uint64_t len)
{
	uint64_t first = offset / M_PAGE, n = len / M_PAGE, i;

	if (offset % M_PAGE || len % M_PAGE || offset + len >= file->size)
		return -EINVAL;
	free_pages(system, file, first, first + n);
	for (i = first; i + n < M_PAGES; i++)
		file->pages[i] = file->pages[i + n];
	for (; i < M_PAGES; i++)
		file->pages[i] = (struct m_page){0};
	if (system->xfs)
		set_size(system, file, file->size - len);
	else
		file->size -= len;
	return 0;
}

static int insert(struct m_system *system, struct m_file *file, uint64_t offset,
		  uint64_t len)
{
	uint64_t first = offset / M_PAGE, n = len / M_PAGE, i;

	if (offset % M_PAGE || len % M_PAGE)
		return -EINVAL;
	if (len > system->max_size - file->size)
		return -EFBIG;
	if (offset >= file->size)
		return -EINVAL;
	if (system->xfs)
		zero(file, file->size, file->size + len);
	file->size += len;
	for (i = M_PAGES; i-- > first + n;)
		file->pages[i] = file->pages[i - n];
	for (i = first; i < first + n; i++)
		file->pages[i] = (struct m_page){0};
	return 0;
}

/*
 * ext4 allocates page by page and lets the size follow; what it got before the
 * space ran out it keeps.
 */
static int allocate_pages(struct m_system *system, struct m_file *file,
			  uint64_t first, uint64_t end, uint64_t new_size,
			  bool convert)
{
	uint64_t size;

	for (; first < end; first++) {
		struct m_page *page = &file->pages[first];

		if (!give_block(system, page))
			return -ENOSPC;
		if (convert)
			page->state = M_UNWRITTEN;
		size = min_u64((first + 1) * M_PAGE, new_size);
		if (size > file->size)
			set_size(system, file, size);
	}
	return 0;
}

static int ext4_zero(struct m_system *system, struct m_file *file,
		     uint64_t offset, uint64_t end, uint64_t new_size)
{
	bool edges = offset % M_PAGE || end % M_PAGE;
	int r = 0;

	if (edges)
		r = allocate_pages(system, file, offset / M_PAGE, page_up(end),
				   new_size, false);
	if (r == 0)
		r = allocate_pages(system, file, page_up(offset), end / M_PAGE,
				   new_size, true);
	if (r == 0 && edges) {
		if (new_size > file->size)
			file->size = new_size;
		zero_edges(file, offset, end);
	}
	return r;
}

/* All blocks or none; as if all of them were holes. */
static int xfs_allocate(struct m_system *system, struct m_file *file,
			uint64_t first, uint64_t end)
{
	uint64_t i;

	if (end - first > system->n_free)
		return -ENOSPC;
	for (i = first; i < end; i++)
		give_block(system, &file->pages[i]);
	return 0;
}

static int allocate(struct m_system *system, struct m_file *file, int mode,
		    uint64_t offset, uint64_t end)
{
	bool keep = mode & FALLOC_FL_KEEP_SIZE;
	uint64_t new_size = !keep && end > file->size ? end : 0;
	int r;

	if (!system->xfs) {
		if (mode & FALLOC_FL_ZERO_RANGE)
			return ext4_zero(system, file, offset, end, new_size);
		return allocate_pages(system, file, offset / M_PAGE,
				      page_up(end), new_size, false);
	}
	if (mode & FALLOC_FL_ZERO_RANGE)
		punch(system, file, offset, end);
	r = xfs_allocate(system, file, offset / M_PAGE, page_up(end));
	if (r == 0 && new_size)
		set_size(system, file, new_size);
	return r;
}

/* From v6.12 on: one mode, and a size is kept only where it could change. */
static bool is_strictly_valid(int mode)
{
	const int shifts = FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE;
	int mode_alone = mode & ~FALLOC_FL_KEEP_SIZE;

	if (mode_alone & (mode_alone - 1))
		return false;
	return !(mode & shifts) || mode == mode_alone;
}

/* What is refused whatever the file holds. */
static int check(const struct m_system *system, bool writable, int mode,
		 int64_t offset, int64_t len)
{
	const int both = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	if ((mode & ~0x7b) || (mode & both) == both)
		return -EOPNOTSUPP;
	if (system->strict_modes && !is_strictly_valid(mode))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_COLLAPSE_RANGE) &&
	    mode != FALLOC_FL_COLLAPSE_RANGE)
		return -EINVAL;
	if ((mode & FALLOC_FL_INSERT_RANGE) && mode != FALLOC_FL_INSERT_RANGE)
		return -EINVAL;
	if ((mode & FALLOC_FL_UNSHARE_RANGE) &&
	    (mode & ~(FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE)))
		return -EINVAL;
	if (!writable)
		return -EBADF;
	if (len > INT64_MAX - offset ||
	    (uint64_t)(offset + len) > system->max_size)
		return -EFBIG;
	if ((mode & FALLOC_FL_UNSHARE_RANGE) && !system->xfs)
		return -EOPNOTSUPP;
	return 0;
}

int m_fallocate(struct m_system *system, struct m_file *file, bool writable,
		int mode, int64_t offset, int64_t len)
{
	uint64_t start = (uint64_t)offset, n = (uint64_t)len;
	int r = check(system, writable, mode, offset, len);

	if (r < 0)
		return r;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return punch(system, file, start, start + n);
	if (mode & FALLOC_FL_COLLAPSE_RANGE)
		return collapse(system, file, start, n);
	if (mode & FALLOC_FL_INSERT_RANGE)
		return insert(system, file, start, n);
	return allocate(system, file, mode, start, start + n);
}

bool m_fits(const struct m_file *file, int mode, uint64_t offset, uint64_t len)
{
	uint64_t used = M_PAGES, limit = M_PAGES * M_PAGE;

	if (len > limit || offset + len > limit)
		return false;
	if (!(mode & FALLOC_FL_INSERT_RANGE))
		return true;
	while (used > 0 && file->pages[used - 1].state == M_HOLE)
		used--;
	return used * M_PAGE + len <= limit && file->size + len <= limit;
}
