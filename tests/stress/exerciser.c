// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Random file operations against a plain model, in the manner of fsx.
 *
 *	exerciser [--seed N] [--ops N] [--fs PROFILE] [--threads N] [--log]
 *
 * One thread: every byte, size, block and result is compared. Several threads:
 * each does that with files of its own, beside a shared file whose contents
 * nobody knows. In the end all blocks must be free again. Prints the seed
 *first; on a difference what was done before it, and exits with 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <daxsim.h>

#include "model.h"

enum {
	N_NAMES = 3,
	N_HANDLES = 6,
	N_AREAS = 6,
	N_LOGGED = 40,
	OPS_OF_A_UNIVERSE = 4000,
	THREADS_MAX = 16,
};

/* A file, with a name or without; who uses it keeps it. */
struct file {
	struct m_file content;
	int name; /* -1: unlinked */
	unsigned int id;
	unsigned int n_users;
};

struct handle {
	struct daxsim_file *real; /* NULL: none */
	struct file *file;
	int flags;
	uint64_t position;
};

/* A mapped area; pages of it may have been unmapped. */
struct area {
	struct file *file; /* NULL: none */
	uint64_t addr;
	uint64_t offset;
	uint64_t n_pages;
	uint64_t n_left;
	bool writable;
	bool gone[M_PAGES + 8];
};

/* What one thread does. */
struct user {
	unsigned int number;
	uint64_t seed;
	uint64_t n_ops;
	const char *fs;
	bool log;
	pthread_t thread;

	struct daxsim *sim;
	uint64_t memory; /* bytes of it */
	struct m_system system;
	struct file *names[N_NAMES];
	struct handle handles[N_HANDLES];
	struct area areas[N_AREAS];
	unsigned char *owners; /* by block: one of our files has it */

	bool waits;         /* that kernel waits for every pin */
	bool loses_wakeups; /* of who waits for pins: it may sleep for ever */
	/* The file without a model, if there are others. */
	struct daxsim_file *shared;
	uint64_t shared_addr;

	unsigned int n_files; /* ever made */
	uint64_t op;          /* number of the present one */
	char lines[N_LOGGED][120];
};

#define SHARED_SIZE (24 * M_PAGE)

/* --------------------------------- Chance --------------------------------- */

static uint64_t next_random(struct user *user)
{
	uint64_t z = (user->seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t below(struct user *user, uint64_t n)
{
	return next_random(user) % n;
}

static bool one_in(struct user *user, uint64_t n)
{
	return below(user, n) == 0;
}

/* A place or length up to @limit; often at or next to the edge of a page. */
static uint64_t some_bytes(struct user *user, uint64_t limit)
{
	uint64_t bytes = below(user, limit + 1);

	if (one_in(user, 2))
		bytes = bytes / M_PAGE * M_PAGE;
	if (one_in(user, 8))
		bytes += one_in(user, 2) ? 1 : bytes > 0 ? -UINT64_C(1) : 0;
	return bytes > limit ? limit : bytes;
}

static void some_range(struct user *user, uint64_t *ret_offset,
		       uint64_t *ret_len)
{
	*ret_offset = some_bytes(user, (M_PAGES - 1) * M_PAGE);
	*ret_len = some_bytes(user, one_in(user, 8) ? 20 * M_PAGE : 3 * M_PAGE);
}

static void fill(struct user *user, unsigned char *bytes, uint64_t len)
{
	uint64_t word = next_random(user), i;

	for (i = 0; i < len; i++)
		bytes[i] = (unsigned char)(word >> i % 8 * 8 ^ i / 8);
}

/* -------------------------------- Telling --------------------------------- */

/* @file: whose operation it is, or NULL. */
__attribute__((format(printf, 3, 4))) static void note(struct user *user,
						       const struct file *file,
						       const char *format, ...)
{
	char *line = user->lines[user->op % N_LOGGED];
	va_list args;
	int n;

	n = snprintf(line, sizeof(user->lines[0]), "%u:%" PRIu64 " ",
		     user->number, user->op);
	if (file)
		n += snprintf(line + n, sizeof(user->lines[0]) - (size_t)n,
			      "file %u (%" PRIu64 "): ", file->id,
			      file->content.size);
	va_start(args, format);
	vsnprintf(line + n, sizeof(user->lines[0]) - (size_t)n, format, args);
	va_end(args);
	if (user->log)
		puts(line);
}

__attribute__((format(printf, 2, 3))) static _Noreturn void differ(
	struct user *user, const char *format, ...)
{
	uint64_t i = user->op < N_LOGGED ? 0 : user->op - N_LOGGED + 1;
	va_list args;

	for (; i <= user->op; i++)
		if (*user->lines[i % N_LOGGED])
			puts(user->lines[i % N_LOGGED]);
	printf("DIFFERENCE on %s: ", user->fs);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

static void expect(struct user *user, const char *what, int64_t got,
		   int64_t want)
{
	if (got != want)
		differ(user, "%s is %" PRId64 ", should be %" PRId64, what, got,
		       want);
}

static void expect_bytes(struct user *user, const unsigned char *got,
			 const unsigned char *want, uint64_t offset,
			 uint64_t len)
{
	uint64_t i;

	if (memcmp(got, want, len) == 0)
		return;
	for (i = 0; got[i] == want[i]; i++)
		;
	differ(user, "byte %" PRIu64 " (page %" PRIu64 ") is %#x, not %#x",
	       offset + i, (offset + i) / M_PAGE, got[i], want[i]);
}

static bool is_zero(const unsigned char *bytes, uint64_t len)
{
	uint64_t i;

	for (i = 0; i < len && !bytes[i]; i++)
		;
	return i == len;
}

/*
 * The same of bytes that were read through a mapping. Where ext4 made blocks
 * written of its own accord, the zero page that was mapped stays, and hides
 * what is written to them by calls: so do v6.1 and v6.12.
 */
static void expect_mapped_bytes(struct user *user, const unsigned char *got,
				const unsigned char *want, uint64_t offset,
				uint64_t len)
{
	uint64_t done = 0;

	while (done < len) {
		uint64_t n = M_PAGE - (offset + done) % M_PAGE;

		n = n < len - done ? n : len - done;
		if (!user->system.zeroout || !is_zero(got + done, n))
			expect_bytes(user, got + done, want + done,
				     offset + done, n);
		done += n;
	}
}

/* ------------------------------ Files, users ------------------------------ */

static const char *name_of(struct user *user, int name, char *buf, size_t size)
{
	snprintf(buf, size, "%u-%c", user->number, 'a' + name);
	return buf;
}

static void unuse(struct user *user, struct file *file)
{
	uint64_t i;

	file->n_users--;
	if (file->n_users || file->name >= 0)
		return;
	for (i = 0; i < M_PAGES; i++)
		user->owners[file->content.pages[i].physical / M_PAGE] = 0;
	m_clear(&user->system, &file->content);
	free(file);
}

/* Forgets who owned the blocks of @file; what it has is looked at again. */
static void disown(struct user *user, const struct file *file)
{
	uint64_t i;

	for (i = 0; i < M_PAGES; i++)
		user->owners[file->content.pages[i].physical / M_PAGE] = 0;
}

static void own(struct user *user, const struct file *file)
{
	uint64_t i;

	for (i = 0; i < M_PAGES; i++)
		if (file->content.pages[i].physical)
			user->owners[file->content.pages[i].physical / M_PAGE] =
				1;
}

static struct handle *some_handle(struct user *user)
{
	struct handle *handle = &user->handles[below(user, N_HANDLES)];

	return handle->real ? handle : NULL;
}

static struct area *some_area(struct user *user)
{
	struct area *area = &user->areas[below(user, N_AREAS)];

	return area->file ? area : NULL;
}

static bool is_writable(const struct handle *handle)
{
	return (handle->flags & O_ACCMODE) != O_RDONLY;
}

static bool is_readable(const struct handle *handle)
{
	return (handle->flags & O_ACCMODE) != O_WRONLY;
}

/* --------------------------------- Audits --------------------------------- */

/* One page of what fiemap told, against the model's. */
static void check_page(struct user *user, struct m_page *page, uint64_t number,
		       bool unwritten, uint64_t physical)
{
	enum m_state state = unwritten ? M_UNWRITTEN : M_WRITTEN;

	/* What ext4 wrote of its own accord are zeroes. */
	if (user->system.zeroout && page->state == M_UNWRITTEN && !unwritten) {
		memset(page->bytes, 0, M_PAGE);
		page->state = M_WRITTEN;
	}
	if (page->state != state)
		differ(user, "page %" PRIu64 " is in state %d, not %d", number,
		       state, page->state);
	if (physical < M_PAGE || physical >= user->memory || physical % M_PAGE)
		differ(user, "page %" PRIu64 " is at %#" PRIx64, number,
		       physical);
	if (!page->physical) {
		if (user->owners[physical / M_PAGE])
			differ(user, "page %" PRIu64 " shares its block",
			       number);
		user->owners[physical / M_PAGE] = 1;
		page->physical = physical;
	}
	if (page->physical != physical)
		differ(user, "page %" PRIu64 " moved to another block", number);
}

/* Compares the runs of blocks; takes over where new blocks are. */
static void check_blocks(struct user *user, struct handle *handle)
{
	struct daxsim_extent extents[M_PAGES + 1];
	struct m_file *content = &handle->file->content;
	uint64_t number = 0, at;
	int64_t n, i;

	n = daxsim_fiemap(handle->real, 0, UINT64_MAX, M_PAGES + 1, extents);
	if (n < 0 || n > M_PAGES)
		differ(user, "fiemap returns %" PRId64, n);
	for (i = 0; i < n; i++) {
		const struct daxsim_extent *extent = &extents[i];

		if (i > 0 && extent->unwritten == extent[-1].unwritten &&
		    extent->logical == extent[-1].logical + extent[-1].length &&
		    extent->physical == extent[-1].physical + extent[-1].length)
			differ(user, "runs %" PRId64 " and before are one", i);
		for (; number < extent->logical / M_PAGE; number++)
			if (content->pages[number].state != M_HOLE)
				differ(user, "page %" PRIu64 " is a hole",
				       number);
		for (at = 0; at < extent->length; at += M_PAGE)
			check_page(user, &content->pages[number], number,
				   extent->unwritten, extent->physical + at),
				number++;
	}
	for (; number < M_PAGES; number++)
		if (content->pages[number].state != M_HOLE)
			differ(user, "page %" PRIu64 " is a hole", number);
}

static void check_content(struct user *user, struct handle *handle)
{
	static _Thread_local unsigned char got[M_PAGES * M_PAGE + 1];
	static _Thread_local unsigned char want[M_PAGES * M_PAGE + 1];
	int64_t n = m_read(&handle->file->content, 0, want, sizeof(want));

	if (!is_readable(handle))
		return;
	expect(user, "pread", daxsim_pread(handle->real, got, sizeof(got), 0),
	       n);
	expect_bytes(user, got, want, 0, (uint64_t)n);
}

static void check_stat(struct user *user, struct handle *handle)
{
	struct file *file = handle->file;
	struct daxsim_stat stat;

	expect(user, "fstat", daxsim_fstat(handle->real, &stat), 0);
	expect(user, "st_size", (int64_t)stat.size,
	       (int64_t)file->content.size);
	expect(user, "st_blocks", (int64_t)stat.blocks,
	       (int64_t)m_blocks(&file->content) * 8);
	expect(user, "st_nlink", (int64_t)stat.nlink, file->name >= 0);
}

/* Page @i of @area as a program sees it. */
static void check_mapped_page(struct user *user, struct area *area, uint64_t i)
{
	struct m_file *content = &area->file->content;
	uint64_t page = area->offset / M_PAGE + i;
	unsigned char got[M_PAGE];
	int64_t want = M_PAGE;

	if (area->gone[i])
		want = M_SIGSEGV;
	else if (page * M_PAGE >= content->size)
		want = M_SIGBUS;
	expect(user, "load",
	       daxsim_load(user->sim, area->addr + i * M_PAGE, got, M_PAGE),
	       want);
	if (want > 0)
		expect_mapped_bytes(user, got, m_page_bytes(content, page),
				    page * M_PAGE, M_PAGE);
}

/* What mappings show is what the file holds; holes get mapped by that. */
static void check_mappings(struct user *user, const struct file *file)
{
	struct area *area = &user->areas[below(user, N_AREAS)];
	uint64_t i;

	if (area->file != file)
		return;
	for (i = 0; i < area->n_pages; i++)
		check_mapped_page(user, area, i);
}

/* After an operation on the file of @handle. */
static void audit(struct user *user, struct handle *handle)
{
	check_stat(user, handle);
	if (one_in(user, 4))
		check_blocks(user, handle);
	if (one_in(user, 8))
		check_content(user, handle);
	if (one_in(user, 4))
		check_mappings(user, handle->file);
}

/* -------------------------------- Operations ------------------------------ */

static void do_open(struct user *user)
{
	static const int modes[] = {O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY};
	struct handle *handle = &user->handles[below(user, N_HANDLES)];
	int name = (int)below(user, N_NAMES);
	int flags = modes[below(user, 5)] | (one_in(user, 4) ? 0 : O_CREAT);
	struct file *file = user->names[name];
	char buf[16];
	int want = 0, r;

	if (handle->real)
		return;
	flags |= one_in(user, 16) ? O_TRUNC : 0;
	flags |= one_in(user, 4) ? O_APPEND : 0;
	flags |= one_in(user, 16) ? O_EXCL : 0;
	if (file && (flags & O_CREAT) && (flags & O_EXCL))
		want = -EEXIST;
	else if (!file && !(flags & O_CREAT))
		want = -ENOENT;
	note(user, file, "open %c %#o", 'a' + name, (unsigned int)flags);
	r = daxsim_open(user->sim, name_of(user, name, buf, sizeof(buf)), flags,
			&handle->real);
	expect(user, "open", r, want);
	if (r < 0)
		return;
	if (!file) {
		file = calloc(1, sizeof(*file));
		if (!file)
			abort();
		file->name = name;
		file->id = user->n_files++;
		user->names[name] = file;
	}
	file->n_users++;
	handle->file = file;
	handle->flags = flags;
	handle->position = 0;
	disown(user, file);
	if (flags & O_TRUNC)
		m_truncate(&user->system, &file->content, 0);
	own(user, file);
	audit(user, handle);
}

static void close_handle(struct user *user, struct handle *handle)
{
	expect(user, "close", daxsim_close(handle->real), 0);
	handle->real = NULL;
	unuse(user, handle->file);
}

static void do_close(struct user *user)
{
	struct handle *handle = some_handle(user);

	if (!handle)
		return;
	note(user, handle->file, "close");
	close_handle(user, handle);
}

static void unlink_name(struct user *user, int name)
{
	struct file *file = user->names[name];
	char buf[16];
	int r;

	r = daxsim_unlink(user->sim, name_of(user, name, buf, sizeof(buf)));
	expect(user, "unlink", r, file ? 0 : -ENOENT);
	if (!file)
		return;
	user->names[name] = NULL;
	file->name = -1;
	file->n_users++;
	unuse(user, file);
}

static void do_unlink(struct user *user)
{
	int name = (int)below(user, N_NAMES);

	note(user, user->names[name], "unlink %c", 'a' + name);
	unlink_name(user, name);
}

static void do_write(struct user *user)
{
	static _Thread_local unsigned char bytes[21 * M_PAGE];
	struct handle *handle = some_handle(user);
	uint64_t offset, len, at;
	int64_t want = -EBADF, got;
	bool append;

	some_range(user, &offset, &len);
	if (!handle)
		return;
	append = handle->flags & O_APPEND;
	at = append ? handle->file->content.size : offset;
	if (!m_fits(&handle->file->content, 0, at, len))
		return;
	fill(user, bytes, len);
	note(user, handle->file, "pwrite%s %" PRIu64 "+%" PRIu64,
	     append ? " (append)" : "", offset, len);
	disown(user, handle->file);
	if (is_writable(handle))
		want = m_write(&user->system, &handle->file->content, at, bytes,
			       len);
	own(user, handle->file);
	got = daxsim_pwrite(handle->real, bytes, len, (int64_t)offset);
	expect(user, "pwrite", got, want);
	audit(user, handle);
}

static void do_read(struct user *user)
{
	static _Thread_local unsigned char got[21 * M_PAGE], want[21 * M_PAGE];
	struct handle *handle = some_handle(user);
	uint64_t offset, len;
	int64_t n = -EBADF;

	some_range(user, &offset, &len);
	if (!handle)
		return;
	note(user, handle->file, "pread %" PRIu64 "+%" PRIu64, offset, len);
	if (is_readable(handle))
		n = m_read(&handle->file->content, offset, want, len);
	expect(user, "pread",
	       daxsim_pread(handle->real, got, len, (int64_t)offset), n);
	if (n > 0)
		expect_bytes(user, got, want, offset, (uint64_t)n);
}

/* read() and write() at the position. */
static void do_stream(struct user *user)
{
	static _Thread_local unsigned char got[4 * M_PAGE], want[4 * M_PAGE];
	struct handle *handle = some_handle(user);
	uint64_t len = some_bytes(user, 3 * M_PAGE), at;
	bool write = one_in(user, 2);
	int64_t n = -EBADF;

	if (!handle)
		return;
	at = handle->position;
	if (write && (handle->flags & O_APPEND))
		at = handle->file->content.size;
	if (!m_fits(&handle->file->content, 0, at, len))
		return;
	note(user, handle->file, "%s %" PRIu64 " at %" PRIu64,
	     write ? "write" : "read", len, at);
	fill(user, want, len);
	disown(user, handle->file);
	if (write && is_writable(handle))
		n = m_write(&user->system, &handle->file->content, at, want,
			    len);
	if (!write && is_readable(handle))
		n = m_read(&handle->file->content, at, want, len);
	own(user, handle->file);
	expect(user, write ? "write" : "read",
	       write ? daxsim_write(handle->real, want, len)
		     : daxsim_read(handle->real, got, len),
	       n);
	if (!write && n > 0)
		expect_bytes(user, got, want, at, (uint64_t)n);
	if (n > 0)
		handle->position = at + (uint64_t)n;
	audit(user, handle);
}

static void do_seek(struct user *user)
{
	static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA,
				      SEEK_HOLE};
	struct handle *handle = some_handle(user);
	int whence = whences[below(user, 5)];
	int64_t offset = (int64_t)some_bytes(user, M_PAGES * M_PAGE);
	int64_t want;

	if (!handle)
		return;
	if (user->system.zeroout)
		check_blocks(user, handle);
	if (one_in(user, 8))
		offset = -offset;
	want = offset;
	if (whence == SEEK_CUR)
		want += (int64_t)handle->position;
	else if (whence == SEEK_END)
		want += (int64_t)handle->file->content.size;
	else if (whence != SEEK_SET)
		want = m_seek(&handle->file->content, offset,
			      whence == SEEK_DATA);
	if (want < 0 && want != -ENXIO)
		want = -EINVAL;
	note(user, handle->file, "lseek %" PRId64 " %d", offset, whence);
	expect(user, "lseek", daxsim_lseek(handle->real, offset, whence), want);
	if (want >= 0)
		handle->position = (uint64_t)want;
}

static void do_truncate(struct user *user)
{
	struct handle *handle = some_handle(user);
	int64_t size = (int64_t)some_bytes(user, M_PAGES * M_PAGE);
	int want = -EINVAL;

	if (!handle)
		return;
	if (one_in(user, 8))
		size = (int64_t)handle->file->content.size;
	if (one_in(user, 64))
		size = -1;
	note(user, handle->file, "ftruncate %" PRId64, size);
	disown(user, handle->file);
	if (is_writable(handle))
		want = m_truncate(&user->system, &handle->file->content, size);
	own(user, handle->file);
	expect(user, "ftruncate", daxsim_ftruncate(handle->real, size), want);
	audit(user, handle);
}

static int some_mode(struct user *user)
{
	static const int modes[] = {0x00, 0x01, 0x03, 0x03, 0x08, 0x08,
				    0x10, 0x10, 0x11, 0x20, 0x40, 0x41};

	if (one_in(user, 32))
		return (int)below(user, 256);
	return modes[below(user, sizeof(modes) / sizeof(modes[0]))];
}

static void do_fallocate(struct user *user)
{
	struct handle *handle = some_handle(user);
	int mode = some_mode(user);
	uint64_t offset, len;
	int want;

	some_range(user, &offset, &len);
	if (!handle || !m_fits(&handle->file->content, mode, offset, len))
		return;
	if ((mode & 0x28) && !one_in(user, 4)) {
		offset = offset / M_PAGE * M_PAGE;
		len = len / M_PAGE * M_PAGE;
	}
	note(user, handle->file, "fallocate %#x %" PRIu64 "+%" PRIu64,
	     (unsigned int)mode, offset, len);
	disown(user, handle->file);
	want = m_fallocate(&user->system, &handle->file->content,
			   is_writable(handle), mode, (int64_t)offset,
			   (int64_t)len);
	own(user, handle->file);
	expect(user, "fallocate",
	       daxsim_fallocate(handle->real, mode, (int64_t)offset,
				(int64_t)len),
	       want);
	audit(user, handle);
}

static void do_fsync(struct user *user)
{
	struct handle *handle = some_handle(user);

	if (!handle)
		return;
	note(user, handle->file, "fsync");
	expect(user, "fsync", daxsim_fsync(handle->real), 0);
	audit(user, handle);
}

/* --------------------------------- Mappings ------------------------------- */

static void do_mmap(struct user *user)
{
	struct area *area = &user->areas[below(user, N_AREAS)];
	struct handle *handle = some_handle(user);
	uint64_t offset = below(user, M_PAGES) * M_PAGE;
	uint64_t n_pages = 1 + below(user, M_PAGES);
	bool write = !one_in(user, 4);
	int want = 0, r;

	if (!handle || area->file)
		return;
	if (!is_readable(handle) || (write && !is_writable(handle)))
		want = -EACCES;
	memset(area, 0, sizeof(*area));
	note(user, handle->file, "mmap %" PRIu64 "+%" PRIu64 " pages", offset,
	     n_pages);
	r = daxsim_mmap(handle->real, n_pages * M_PAGE - below(user, M_PAGE),
			write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
			offset, &area->addr);
	expect(user, "mmap", r, want);
	if (r < 0)
		return;
	area->file = handle->file;
	area->file->n_users++;
	area->offset = offset;
	area->n_pages = n_pages;
	area->n_left = n_pages;
	area->writable = write;
}

static void unmap(struct user *user, struct area *area, uint64_t first,
		  uint64_t n)
{
	uint64_t i;
	int r;

	r = daxsim_munmap(user->sim, area->addr + first * M_PAGE, n * M_PAGE);
	expect(user, "munmap", r, 0);
	for (i = first; i < first + n && i < area->n_pages; i++) {
		area->n_left -= !area->gone[i];
		area->gone[i] = true;
	}
	if (area->n_left)
		return;
	unuse(user, area->file);
	area->file = NULL;
}

static void do_munmap(struct user *user)
{
	struct area *area = some_area(user);
	uint64_t first, n;

	if (!area)
		return;
	first = below(user, area->n_pages);
	n = 1 + below(user, area->n_pages - first);
	if (one_in(user, 2)) {
		first = 0;
		n = area->n_pages;
	}
	note(user, area->file, "munmap %" PRIu64 "+%" PRIu64, first, n);
	unmap(user, area, first, n);
}

/* What a fault on page @i of @area gives; the file changes with a write. */
static int fault(struct user *user, struct area *area, uint64_t i, bool write)
{
	if (i >= area->n_pages || area->gone[i] || (write && !area->writable))
		return M_SIGSEGV;
	return m_fault(&user->system, &area->file->content,
		       area->offset / M_PAGE + i, write);
}

enum access {
	LOAD,
	STORE,
	DIRECT_READ,  /* the device writes */
	DIRECT_WRITE, /* the device reads */
};

/*
 * The access in the model, with the file's bytes copied from or to @bytes.
 * Direct I/O gets all pages before it moves a byte, as accesses do not.
 */
static int64_t model_access(struct user *user, struct area *area,
			    enum access access, uint64_t offset,
			    unsigned char *bytes, uint64_t len)
{
	bool write = access == STORE || access == DIRECT_READ;
	struct m_file *content = &area->file->content;
	uint64_t done = 0;
	int r;

	while (done < len) {
		uint64_t at = offset + done;
		uint64_t n = M_PAGE - at % M_PAGE;
		uint64_t page = (area->offset + at) / M_PAGE;

		n = n < len - done ? n : len - done;
		r = fault(user, area, at / M_PAGE, write);
		if (r < 0)
			return done ? (int64_t)done : r;
		if (write)
			memcpy(content->pages[page].bytes + at % M_PAGE,
			       bytes + done, n);
		else
			memcpy(bytes + done,
			       m_page_bytes(content, page) + at % M_PAGE, n);
		done += n;
	}
	return (int64_t)done;
}

/* With a pin of its own, sometimes, and other calls while it is held. */
static int64_t pinned_access(struct user *user, struct area *area,
			     uint64_t offset, void *bytes, uint64_t len,
			     bool write)
{
	struct handle *other = some_handle(user);
	struct daxsim_pin *pin;
	struct daxsim_stat stat;
	int64_t n, r;

	n = daxsim_pin_user_pages(user->sim, area->addr + offset, len,
				  write ? DAXSIM_PIN_WRITE : 0, &pin);
	if (n <= 0)
		return n;
	/* Neither of these waits for pins. */
	if (other)
		daxsim_fsync(other->real);
	if (other)
		daxsim_fstat(other->real, &stat);
	r = write ? daxsim_pin_write(pin, bytes, (size_t)n)
		  : daxsim_pin_read(pin, bytes, (size_t)n);
	expect(user, "moved", r, n);
	daxsim_unpin_user_pages(pin);
	return n;
}

static int64_t real_access(struct user *user, struct area *area,
			   enum access access, uint64_t offset, void *bytes,
			   uint64_t len)
{
	uint64_t addr = area->addr + offset;

	if (access == LOAD)
		return daxsim_load(user->sim, addr, bytes, len);
	if (access == STORE)
		return daxsim_store(user->sim, addr, bytes, len);
	if (len > 0 && one_in(user, 4))
		return pinned_access(user, area, offset, bytes, len,
				     access == DIRECT_READ);
	return access == DIRECT_READ
		       ? daxsim_direct_read(user->sim, addr, bytes, len)
		       : daxsim_direct_write(user->sim, addr, bytes, len);
}

static void do_access(struct user *user)
{
	static const char *const names[] = {"load", "store", "direct read",
					    "direct write"};
	static _Thread_local unsigned char got[5 * M_PAGE], want[5 * M_PAGE];
	struct area *area = some_area(user);
	enum access access = (enum access)below(user, 4);
	uint64_t len = some_bytes(user, 4 * M_PAGE);
	uint64_t offset;
	int64_t n;

	if (!area)
		return;
	offset = some_bytes(user, area->n_pages * M_PAGE - 1);
	/* Whose area comes behind is not known here. */
	if (offset + len > area->n_pages * M_PAGE)
		len = area->n_pages * M_PAGE - offset;
	note(user, area->file, "%s %" PRIu64 "+%" PRIu64 " of area at %" PRIu64,
	     names[access], offset, len, area->offset);
	fill(user, want, len);
	memcpy(got, want, len);
	disown(user, area->file);
	n = model_access(user, area, access, offset, want, len);
	own(user, area->file);
	if (access >= DIRECT_READ)
		n = len == 0 ? -EINVAL : n < 0 ? -EFAULT : n;
	expect(user, names[access],
	       real_access(user, area, access, offset, got, len), n);
	if (n > 0)
		expect_mapped_bytes(user, got, want, area->offset + offset,
				    (uint64_t)n);
}

/* ----------------------------- The shared file ---------------------------- */

static void reopen_shared(struct user *user)
{
	uint64_t addr;

	if (user->shared) {
		daxsim_close(user->shared);
		daxsim_munmap(user->sim, user->shared_addr, SHARED_SIZE);
	}
	user->shared = NULL;
	if (one_in(user, 4))
		daxsim_unlink(user->sim, "shared");
	expect(user, "open shared",
	       daxsim_open(user->sim, "shared", O_RDWR | O_CREAT,
			   &user->shared),
	       0);
	expect(user, "mmap shared",
	       daxsim_mmap(user->shared, SHARED_SIZE, PROT_WRITE, MAP_SHARED, 0,
			   &addr),
	       0);
	user->shared_addr = addr;
}

static int64_t use_shared_memory(struct user *user, unsigned int what,
				 uint64_t offset, void *bytes, uint64_t len)
{
	uint64_t addr = user->shared_addr + offset;

	/* Four threads that share pages find that out soon enough. */
	if (user->loses_wakeups && what >= 2)
		return 0;
	switch (what) {
	case 0:
		return daxsim_load(user->sim, addr, bytes, len);
	case 1:
		return daxsim_store(user->sim, addr, bytes, len);
	case 2:
		/* Others would find it in their files, as they did then. */
		if (!user->waits)
			return 0;
		return daxsim_direct_read(user->sim, addr, bytes, len);
	default:
		return daxsim_direct_write(user->sim, addr, bytes, len);
	}
}

static int64_t use_shared_file(struct user *user, uint64_t offset, void *bytes,
			       uint64_t len)
{
	struct daxsim_extent extents[8];
	int mode = some_mode(user);
	int64_t at = (int64_t)offset;

	switch (below(user, 8)) {
	case 0:
		return daxsim_pread(user->shared, bytes, len, at);
	case 1:
	case 2:
		return daxsim_pwrite(user->shared, bytes, len, at);
	case 3:
		return daxsim_ftruncate(user->shared, at);
	case 4:
		/* Inserting without end would need addresses without end. */
		if (mode & FALLOC_FL_INSERT_RANGE)
			daxsim_ftruncate(user->shared, 6 * M_PAGE);
		return daxsim_fallocate(user->shared, mode, at / 4096 * 4096,
					(int64_t)len);
	case 5:
		return daxsim_fsync(user->shared);
	case 6:
		return daxsim_lseek(user->shared, at, SEEK_HOLE);
	default:
		return daxsim_fiemap(user->shared, 0, UINT64_MAX, 8, extents);
	}
}

/* Whatever comes back, it is a result of the simulated kernel's. */
static void do_shared(struct user *user)
{
	static _Thread_local unsigned char bytes[5 * M_PAGE];
	uint64_t offset = some_bytes(user, 16 * M_PAGE);
	uint64_t len = some_bytes(user, 4 * M_PAGE);
	unsigned int what = (unsigned int)below(user, 8);
	int64_t r;

	if (!user->shared)
		return;
	note(user, NULL, "shared");
	if (one_in(user, 64)) {
		reopen_shared(user);
		return;
	}
	r = what < 4 ? use_shared_memory(user, what, offset, bytes, len)
		     : use_shared_file(user, offset, bytes, len);
	if (r == -ENOMEM || r == -EIO || r == -EINTR)
		differ(user, "the shared file gives %" PRId64, r);
}

/* --------------------------------- A thread ------------------------------- */

static void do_something(struct user *user)
{
	static void (*const ops[])(struct user *) = {
		do_open,      do_open,     do_close,     do_unlink,
		do_write,     do_write,    do_write,     do_write,
		do_read,      do_stream,   do_stream,    do_seek,
		do_truncate,  do_truncate, do_fallocate, do_fallocate,
		do_fallocate, do_fsync,    do_mmap,      do_munmap,
		do_access,    do_access,   do_access,    do_access,
		do_shared,    do_shared,   do_shared,    do_shared,
	};
	unsigned int n = sizeof(ops) / sizeof(ops[0]);

	*user->lines[user->op % N_LOGGED] = '\0';
	ops[below(user, user->shared ? n : n - 4)](user);
	user->op++;
}

/* Gives everything back. */
static void leave(struct user *user)
{
	unsigned int i;

	note(user, NULL, "leave");
	for (i = 0; i < N_AREAS; i++)
		if (user->areas[i].file)
			unmap(user, &user->areas[i], 0, user->areas[i].n_pages);
	for (i = 0; i < N_HANDLES; i++) {
		if (!user->handles[i].real)
			continue;
		check_blocks(user, &user->handles[i]);
		check_content(user, &user->handles[i]);
		close_handle(user, &user->handles[i]);
	}
	for (i = 0; i < N_NAMES; i++)
		if (user->names[i])
			unlink_name(user, (int)i);
	if (!user->shared)
		return;
	daxsim_close(user->shared);
	daxsim_munmap(user->sim, user->shared_addr, SHARED_SIZE);
}

static void *run(void *arg)
{
	struct user *user = arg;

	user->owners = calloc(user->memory / M_PAGE, 1);
	if (!user->owners)
		abort();
	while (user->op < user->n_ops)
		do_something(user);
	leave(user);
	free(user->owners);
	return NULL;
}

/* -------------------------------- Universes ------------------------------- */

static struct daxsim *make_universe(const char *fs, uint64_t memory, bool small)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.fs = fs,
		.device_size = memory,
		.small = small,
	};
	struct daxsim *sim;
	char why[256];

	if (daxsim_new(&options, &sim, why, sizeof(why)) < 0) {
		fprintf(stderr, "exerciser: %s\n", why);
		exit(2);
	}
	return sim;
}

/* All blocks but the page of zeroes are free again. */
static void check_leaks(struct user *user)
{
	int64_t all = (int64_t)(user->memory - M_PAGE);
	struct daxsim_file *file;

	note(user, NULL, "every block");
	expect(user, "open",
	       daxsim_open(user->sim, "all", O_RDWR | O_CREAT, &file), 0);
	expect(user, "fallocate", daxsim_fallocate(file, 0, 0, all), 0);
	expect(user, "one more", daxsim_fallocate(file, 0, all, 1), -ENOSPC);
	expect(user, "close", daxsim_close(file), 0);
}

static bool begins_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

static void set_system(struct user *user, uint64_t n_free)
{
	struct m_system *system = &user->system;
	const char *fs = user->fs;
	bool v6_12 = strstr(fs, "-6.12") || strstr(fs, "-6.15");

	user->waits = strcmp(fs, "ext4-4.18") != 0 &&
		      strcmp(fs, "ext4-v2") != 0 && strcmp(fs, "ext4-v3") != 0;
	/*
	 * v6.1.192 forgets who waits for pages of direct I/O; on v6.15 the last
	 * pin of a page that was mapped again meanwhile wakes nobody.
	 */
	user->loses_wakeups =
		strstr(fs, "-6.1.192") != NULL || strstr(fs, "-6.15") != NULL;
	*system = (struct m_system){
		.xfs = begins_with(fs, "xfs"),
		.zeroout = begins_with(fs, "ext4"),
		.cuts_writes = begins_with(fs, "ext4-6") ||
			       strcmp(fs, "ext4-5.15") == 0,
		.error_grows = begins_with(fs, "ext4-6"),
		.strict_modes = v6_12,
		.zeroes_tail = begins_with(fs, "ext4") && v6_12,
		.n_free = n_free,
	};
	system->max_size =
		system->xfs ? INT64_MAX : (UINT64_C(1) << 44) - M_PAGE;
}

/*
 * Whether the plain model tells what @fs does. It knows no writes that always
 * copy, no virtiofs and no kernel that has only the generic helpers.
 */
static bool is_modelled(const char *fs)
{
	return (begins_with(fs, "ext4-") || begins_with(fs, "xfs-")) &&
	       !strstr(fs, "-cow");
}

/* One thread, in universes of all sizes. */
static void exercise(struct user *user, uint64_t n_ops)
{
	while (n_ops > 0) {
		uint64_t n =
			n_ops < OPS_OF_A_UNIVERSE ? n_ops : OPS_OF_A_UNIVERSE;
		/* In the small ones the space runs out all the time. */
		uint64_t n_pages = one_in(user, 2) ? 20 + below(user, 80) : 600;

		user->memory = n_pages * M_PAGE;
		user->sim =
			make_universe(user->fs, user->memory, one_in(user, 2));
		set_system(user, n_pages - 1);
		user->n_ops = user->op + n;
		run(user);
		check_leaks(user);
		daxsim_free(user->sim);
		n_ops -= n;
	}
}

static void exercise_threads(const struct user *how, unsigned int n_threads,
			     uint64_t n_ops)
{
	struct user *users = calloc(n_threads, sizeof(*users));
	uint64_t memory = 8192 * M_PAGE;
	struct daxsim *sim = make_universe(how->fs, memory, false);
	unsigned int i;

	if (!users)
		abort();
	for (i = 0; i < n_threads; i++) {
		users[i] = *how;
		users[i].number = i;
		users[i].seed = how->seed + i * 1000003;
		users[i].n_ops = n_ops / n_threads;
		users[i].sim = sim;
		users[i].memory = memory;
		/* There is more than all of them can use. */
		set_system(&users[i], UINT64_MAX / 2);
		reopen_shared(&users[i]);
	}
	for (i = 0; i < n_threads; i++)
		if (pthread_create(&users[i].thread, NULL, run, &users[i]))
			abort();
	for (i = 0; i < n_threads; i++)
		pthread_join(users[i].thread, NULL);
	daxsim_unlink(sim, "shared");
	check_leaks(&users[0]);
	daxsim_free(sim);
	free(users);
}

struct args {
	const char *fs; /* NULL: each in turn */
	uint64_t n_ops;
	unsigned int n_threads;
};

static int parse(int argc, char **argv, struct args *args, struct user *user)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},
		{"ops", required_argument, NULL, 'n'},
		{"fs", required_argument, NULL, 'f'},
		{"threads", required_argument, NULL, 't'},
		{"log", no_argument, NULL, 'l'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			user->seed = strtoull(optarg, NULL, 0);
		else if (option == 'n')
			args->n_ops = strtoull(optarg, NULL, 0);
		else if (option == 'f')
			args->fs = optarg;
		else if (option == 't')
			args->n_threads = (unsigned int)atoi(optarg);
		else if (option == 'l')
			user->log = true;
		else
			return -1;
	}
	return args->n_threads <= THREADS_MAX && optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	static struct user user = {.seed = 1};
	struct args args = {.n_ops = 10000, .n_threads = 1};
	unsigned int i, n_profiles = 0;
	uint64_t seed;

	if (parse(argc, argv, &args, &user) < 0) {
		fprintf(stderr,
			"usage: %s [--seed N] [--ops N] [--fs PROFILE] "
			"[--threads N] [--log]\n",
			argv[0]);
		return 2;
	}
	if (args.fs && !is_modelled(args.fs)) {
		fprintf(stderr, "%s: no plain model of %s\n", argv[0], args.fs);
		return 2;
	}
	seed = user.seed;
	printf("seed %" PRIu64 ", %" PRIu64 " operations, %u threads\n", seed,
	       args.n_ops, args.n_threads);
	fflush(stdout);
	while (daxsim_profile_name(n_profiles))
		n_profiles++;
	for (i = 0; i < n_profiles; i++) {
		uint64_t n_ops = args.n_ops / (args.fs ? 1 : n_profiles);

		user.fs = daxsim_profile_name(i);
		user.seed = seed;
		user.op = 0;
		if (!is_modelled(user.fs) ||
		    (args.fs && strcmp(args.fs, user.fs) != 0))
			continue;
		if (args.n_threads > 1)
			exercise_threads(&user, args.n_threads, n_ops);
		else
			exercise(&user, n_ops);
	}
	return 0;
}
