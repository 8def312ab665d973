// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes recordings for `daxsim conform` on a real ext4 or XFS, mounted with
 * dax=always:
 *
 *	record ext4|ext4z|xfs FILE SET[:SEED[:N]]... >RECORDING
 *
 * FILE is made and removed for each sequence. README.md has more.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_LIMIT (INT64_C(24) << 20)
#define RUNS_MAX   4096

struct run {
	uint64_t page, block, n;
	bool unwritten;
};

struct move {
	uint64_t from, to, n;
};

static struct {
	const char *begin, *path;
	unsigned int sequence, i;
	int file, appending, reading;
	struct run *runs; /* after the call before */
	size_t n_runs;
	/* The lines of the sequence, printed behind its head. */
	FILE *lines;
	char *text;
	size_t text_size;
	char name[64];
} now;

static sigjmp_buf on_sigbus;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *allocate_memory(size_t size)
{
	void *mem = calloc(1, size);

	if (!mem)
		die("calloc");
	return mem;
}

/* ---------------------------- After a call -------------------------------- */

static struct run *list_runs(size_t *ret_n)
{
	struct fiemap *map = allocate_memory(
		sizeof(*map) + RUNS_MAX * sizeof(struct fiemap_extent));
	struct run *runs = allocate_memory(RUNS_MAX * sizeof(*runs));
	unsigned int i;

	map->fm_length = FIEMAP_MAX_OFFSET;
	map->fm_flags = FIEMAP_FLAG_SYNC;
	map->fm_extent_count = RUNS_MAX;
	if (ioctl(now.file, FS_IOC_FIEMAP, map) < 0)
		die("FS_IOC_FIEMAP");
	if (map->fm_mapped_extents == RUNS_MAX) {
		fputs("too many extents\n", stderr);
		exit(1);
	}
	for (i = 0; i < map->fm_mapped_extents; i++) {
		const struct fiemap_extent *extent = &map->fm_extents[i];

		runs[i] = (struct run){
			.page = extent->fe_logical / BLOCK,
			.block = extent->fe_physical / BLOCK,
			.n = extent->fe_length / BLOCK,
			.unwritten = extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN,
		};
	}
	*ret_n = map->fm_mapped_extents;
	free(map);
	return runs;
}

/* Neighbours of equal state are one. */
static void print_runs(const struct run *runs, size_t n)
{
	const char *comma = "";
	size_t i = 0, last;

	fputs(",\"ext\":[", now.lines);
	while (i < n) {
		uint64_t n_pages = runs[i].n;

		for (last = i; last + 1 < n &&
			       runs[last + 1].unwritten == runs[i].unwritten &&
			       runs[last + 1].page == runs[i].page + n_pages;
		     last++)
			n_pages += runs[last + 1].n;
		fprintf(now.lines, "%s[%" PRIu64 ",%" PRIu64 ",\"%c\"]", comma,
			runs[i].page, n_pages, runs[i].unwritten ? 'u' : 'w');
		comma = ",";
		i = last + 1;
	}
	fputc(']', now.lines);
}

static int by_from(const void *left, const void *right)
{
	const struct move *a = left, *b = right;

	return (a->from > b->from) - (a->from < b->from);
}

static void print_moves(struct move *moves, size_t n)
{
	size_t i, kept = 0;

	if (!n)
		return;
	qsort(moves, n, sizeof(*moves), by_from);
	for (i = 1; i < n; i++) {
		struct move *last = &moves[kept];

		if (last->from + last->n == moves[i].from &&
		    last->to + last->n == moves[i].to)
			last->n += moves[i].n;
		else
			moves[++kept] = moves[i];
	}
	for (i = 0; i <= kept; i++)
		fprintf(now.lines, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
			i ? "," : ",\"moved\":[", moves[i].from, moves[i].to,
			moves[i].n);
	fputc(']', now.lines);
}

/* Notes where what is in both runs was and is. Return: how much that is. */
static uint64_t match(const struct run *old, const struct run *new,
		      struct move *moves, size_t *n_moves)
{
	uint64_t first = old->block > new->block ? old->block : new->block;
	uint64_t old_end = old->block + old->n, end = new->block + new->n;

	if (old_end < end)
		end = old_end;
	if (first >= end)
		return 0;
	if (old->page + first - old->block != new->page + first - new->block)
		moves[(*n_moves)++] = (struct move){
			.from = old->page + first - old->block,
			.to = new->page + first - new->block,
			.n = end - first,
		};
	return end - first;
}

static uint64_t count(const struct run *runs, size_t n)
{
	uint64_t sum = 0;

	while (n--)
		sum += runs[n].n;
	return sum;
}

static void print_changes(const struct run *runs, size_t n)
{
	struct move *moves =
		allocate_memory((now.n_runs * n + 1) * sizeof(*moves));
	uint64_t kept = 0, old = count(now.runs, now.n_runs);
	size_t n_moves = 0, i, k;

	for (i = 0; i < now.n_runs; i++)
		for (k = 0; k < n; k++)
			kept += match(&now.runs[i], &runs[k], moves, &n_moves);
	if (count(runs, n) > kept)
		fprintf(now.lines, ",\"add\":%" PRIu64, count(runs, n) - kept);
	if (old > kept)
		fprintf(now.lines, ",\"rm\":%" PRIu64, old - kept);
	print_moves(moves, n_moves);
	free(moves);
}

static void print_hash(int64_t size)
{
	static unsigned char buf[1 << 16];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	int64_t at = 0, i;
	ssize_t n;

	if (size > HASH_LIMIT) {
		fputs(",\"fnv\":null", now.lines);
		return;
	}
	for (; at < size; at += n) {
		n = pread(now.reading, buf, sizeof(buf), at);
		if (n <= 0)
			die("pread");
		for (i = 0; i < n; i++)
			hash = (hash ^ buf[i]) * UINT64_C(0x100000001b3);
	}
	fprintf(now.lines, ",\"fnv\":\"%016" PRIx64 "\"", hash);
}

/* ------------------------------- One line --------------------------------- */

static void begin_line(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static void begin_line(const char *format, ...)
{
	va_list args;

	fprintf(now.lines, "{\"s\":%u,\"i\":%u,", now.sequence, now.i);
	va_start(args, format);
	vfprintf(now.lines, format, args);
	va_end(args);
}

static const char *error_name(int error)
{
	switch (error) {
	case 0:
		return "";
	case EACCES:
		return "EACCES";
	case EBADF:
		return "EBADF";
	case EFBIG:
		return "EFBIG";
	case EINVAL:
		return "EINVAL";
	case ENOSPC:
		return "ENOSPC";
	case EOPNOTSUPP:
		return "EOPNOTSUPP";
	case EOVERFLOW:
		return "EOVERFLOW";
	default:
		return strerror(error);
	}
}

static void end_line(int64_t ret, const char *error)
{
	struct run *runs;
	struct stat stat;
	size_t n;

	if (fstat(now.file, &stat) < 0)
		die("fstat");
	fprintf(now.lines,
		",\"ret\":%" PRId64 ",\"err\":\"%s\",\"size\":%" PRId64
		",\"blocks\":%" PRId64,
		ret, error, (int64_t)stat.st_size, (int64_t)stat.st_blocks);
	runs = list_runs(&n);
	print_runs(runs, n);
	print_changes(runs, n);
	print_hash(stat.st_size);
	fputs("}\n", now.lines);
	free(now.runs);
	now.runs = runs;
	now.n_runs = n;
	now.i++;
}

/* -------------------------------- Calls ----------------------------------- */

static uint32_t tag(void)
{
	return now.sequence * 1024 + now.i;
}

static unsigned char byte_at(uint64_t offset)
{
	return (unsigned char)(tag() * 131u + (uint32_t)offset * 7u +
			       (uint32_t)(offset >> 8) * 13u +
			       (uint32_t)(offset >> 16) * 29u) |
	       1;
}

static void write_to(int file, const char *op, int64_t offset, int64_t len)
{
	int64_t at = file == now.appending ? file_size() : offset, i;
	unsigned char *bytes = allocate_memory((size_t)len + 1);
	ssize_t r;

	begin_line("\"op\":\"%s\",\"off\":%" PRId64 ",\"len\":%" PRId64
		   ",\"tag\":%u",
		   op, offset, len, tag());
	for (i = 0; i < len; i++)
		bytes[i] = byte_at((uint64_t)(at + i));
	r = pwrite(file, bytes, (size_t)len, offset);
	end_line(r, r < 0 ? error_name(errno) : "");
	free(bytes);
}

void pwrite_at(int64_t offset, int64_t len)
{
	write_to(now.file, "pwrite", offset, len);
}

void pwrite_append(int64_t offset, int64_t len)
{
	write_to(now.appending, "pwrite_append", offset, len);
}

void pwrite_ro(int64_t offset, int64_t len)
{
	write_to(now.reading, "pwrite_ro", offset, len);
}

static void truncate_by(int file, const char *op, int64_t size)
{
	int r;

	begin_line("\"op\":\"%s\",\"size_arg\":%" PRId64, op, size);
	r = ftruncate(file, size);
	end_line(r, r < 0 ? error_name(errno) : "");
}

void truncate_to(int64_t size)
{
	truncate_by(now.file, "ftruncate", size);
}

void truncate_ro(int64_t size)
{
	truncate_by(now.reading, "ftruncate_ro", size);
}

static void allocate_by(int file, const char *op, int mode, int64_t offset,
			int64_t len)
{
	int r;

	begin_line("\"op\":\"%s\",\"mode\":%d,\"off\":%" PRId64
		   ",\"len\":%" PRId64,
		   op, mode, offset, len);
	r = fallocate(file, mode, offset, len);
	end_line(r, r < 0 ? error_name(errno) : "");
}

void allocate(int mode, int64_t offset, int64_t len)
{
	allocate_by(now.file, "fallocate", mode, offset, len);
}

void allocate_ro(int mode, int64_t offset, int64_t len)
{
	allocate_by(now.reading, "fallocate_ro", mode, offset, len);
}

void sync_file(void)
{
	int r;

	begin_line("\"op\":\"fsync\"");
	r = fsync(now.file);
	end_line(r, r < 0 ? error_name(errno) : "");
}

static void sigbus(int number)
{
	(void)number;
	siglongjmp(on_sigbus, 1);
}

/* @mem: byte @offset of the file. Return: whether there was no signal. */
static bool touch(volatile unsigned char *mem, int64_t offset, int64_t len,
		  bool is_store)
{
	int64_t i;

	if (sigsetjmp(on_sigbus, 1))
		return false;
	if (is_store) {
		for (i = 0; i < len; i++)
			mem[i] = byte_at((uint64_t)(offset + i));
	} else {
		for (i = 0; i < len; i += BLOCK)
			(void)mem[i];
	}
	return true;
}

static void access_mapped(int64_t offset, int64_t len, bool is_store)
{
	int64_t in_page = offset % BLOCK;
	size_t size = (size_t)(in_page + len);
	unsigned char *mem;

	begin_line("\"op\":\"%s\",\"off\":%" PRId64 ",\"len\":%" PRId64,
		   is_store ? "mstore" : "mload", offset, len);
	if (is_store)
		fprintf(now.lines, ",\"tag\":%u", tag());
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, now.file,
		   offset - in_page);
	if (mem == MAP_FAILED) {
		end_line(-1, error_name(errno));
		return;
	}
	if (touch(mem + in_page, offset, len, is_store))
		end_line(0, "");
	else
		end_line(-1, "SIGBUS");
	munmap(mem, size);
}

void store(int64_t offset, int64_t len)
{
	access_mapped(offset, len, true);
}

void load(int64_t offset, int64_t len)
{
	access_mapped(offset, len, false);
}

/* ------------------------------ Sequences --------------------------------- */

int64_t file_size(void)
{
	struct stat stat;

	if (fstat(now.file, &stat) < 0)
		die("fstat");
	return stat.st_size;
}

int64_t max_bytes(void)
{
	return strcmp(now.begin, "xfs") == 0 ? INT64_MAX : 17592186040320;
}

void begin_sequence(const char *name)
{
	now.lines = open_memstream(&now.text, &now.text_size);
	if (!now.lines)
		die("open_memstream");
	snprintf(now.name, sizeof(now.name), "%s", name);
	now.i = 0;
	unlink(now.path);
	now.file = open(now.path, O_RDWR | O_CREAT | O_EXCL, 0600);
	now.appending = open(now.path, O_RDWR | O_APPEND);
	now.reading = open(now.path, O_RDONLY);
	if (now.file < 0 || now.appending < 0 || now.reading < 0)
		die(now.path);
	now.runs = NULL;
	now.n_runs = 0;
}

void end_sequence(void)
{
	fclose(now.lines);
	printf("{\"s\":%u,\"begin\":\"%s\",\"name\":\"%s\",\"seed\":0,"
	       "\"bs\":4096,\"n\":%u}\n%s",
	       now.sequence, now.begin, now.name, now.i, now.text);
	free(now.text);
	free(now.runs);
	close(now.file);
	close(now.appending);
	close(now.reading);
	unlink(now.path);
	now.sequence++;
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 4) {
		fputs("usage: record ext4|ext4z|xfs FILE SET[:SEED[:N]]...\n",
		      stderr);
		return 2;
	}
	now.begin = argv[1];
	now.path = argv[2];
	signal(SIGBUS, sigbus);
	for (i = 3; i < argc; i++) {
		uint64_t seed = 1;
		char set[16];
		int n = 50;

		sscanf(argv[i], "%15[^:]:%" SCNu64 ":%d", set, &seed, &n);
		if (record_set(set, seed, n) == 0)
			continue;
		fprintf(stderr, "record: no set '%s'\n", set);
		return 2;
	}
	return 0;
}
