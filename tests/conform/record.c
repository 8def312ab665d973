// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes recordings for `daxsim conform` on a real ext4 or XFS. FILE is made and
 * removed for each sequence. README.md has more.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
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
#define FNV_PRIME  UINT64_C(0x100000001b3)
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
	bool without_dax;
	unsigned int sequence, i;
	uint64_t seed;
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

static bool is_zero(const unsigned char *bytes, size_t n)
{
	uint64_t word, sum = 0;
	size_t i;

	for (i = 0; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		sum |= word;
	}
	for (; i < n; i++)
		sum |= bytes[i];
	return !sum;
}

static uint64_t hash_bytes(uint64_t hash, const unsigned char *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * FNV_PRIME;
	return hash;
}

/* The same for zeroes: what is left of it is FNV_PRIME to the power of @n. */
static uint64_t hash_zeroes(uint64_t hash, size_t n)
{
	uint64_t factor = FNV_PRIME;

	for (; n; n >>= 1, factor *= factor)
		if (n & 1)
			hash *= factor;
	return hash;
}

static void print_hash(int64_t size)
{
	static unsigned char buf[1 << 16];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	ssize_t n, piece, i;
	int64_t at = 0;

	if (size > HASH_LIMIT) {
		fputs(",\"fnv\":null", now.lines);
		return;
	}
	for (; at < size; at += n) {
		n = pread(now.reading, buf, sizeof(buf), at);
		if (n <= 0)
			die("pread");
		for (i = 0; i < n; i += piece) {
			piece = n - i < BLOCK ? n - i : BLOCK;
			if (is_zero(buf + i, (size_t)piece))
				hash = hash_zeroes(hash, (size_t)piece);
			else
				hash = hash_bytes(hash, buf + i, (size_t)piece);
		}
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

static const char *const op_names[N_OPS] = {
	[PWRITE] = "pwrite",
	[PWRITE_APPEND] = "pwrite_append",
	[PWRITE_RO] = "pwrite_ro",
	[FTRUNCATE] = "ftruncate",
	[FTRUNCATE_RO] = "ftruncate_ro",
	[FALLOCATE] = "fallocate",
	[FALLOCATE_RO] = "fallocate_ro",
	[FSYNC] = "fsync",
	[MSTORE] = "mstore",
	[MLOAD] = "mload",
};

bool find_op(const char *name, enum op *ret)
{
	int i;

	for (i = 0; i < N_OPS; i++) {
		if (strcmp(op_names[i], name) != 0)
			continue;
		*ret = (enum op)i;
		return true;
	}
	return false;
}

static unsigned char byte_at(uint32_t tag, uint64_t offset)
{
	return (unsigned char)(tag * 131u + (uint32_t)offset * 7u +
			       (uint32_t)(offset >> 8) * 13u +
			       (uint32_t)(offset >> 16) * 29u) |
	       1;
}

static int file_of(enum op op)
{
	switch (op) {
	case PWRITE_APPEND:
		return now.appending;
	case PWRITE_RO:
	case FTRUNCATE_RO:
	case FALLOCATE_RO:
		return now.reading;
	default:
		return now.file;
	}
}

static void make_write(const struct call *call)
{
	int file = file_of(call->op);
	int64_t at = file == now.appending ? file_size() : call->offset, i;
	size_t len = (size_t)call->len;
	unsigned char *bytes = allocate_memory(len + 1);
	ssize_t r;

	for (i = 0; i < call->len; i++)
		bytes[i] = byte_at(call->tag, (uint64_t)(at + i));
	r = pwrite(file, bytes, len, call->offset);
	end_line(r, r < 0 ? error_name(errno) : "");
	free(bytes);
}

static void sigbus(int number)
{
	(void)number;
	siglongjmp(on_sigbus, 1);
}

/* @mem: the first byte of the call. Return: whether there was no signal. */
static bool touch(volatile unsigned char *mem, const struct call *call)
{
	int64_t i;

	if (sigsetjmp(on_sigbus, 1))
		return false;
	if (call->op == MSTORE) {
		for (i = 0; i < call->len; i++)
			mem[i] = byte_at(call->tag,
					 (uint64_t)(call->offset + i));
	} else {
		for (i = 0; i < call->len; i += BLOCK)
			(void)mem[i];
	}
	return true;
}

/*
 * Without DAX, a store makes all of a large folio dirty, and what it allocates
 * then depends on what was read and written before. Pages that a mapping brings
 * in one by one are folios of one page each.
 */
static void forget_cache(void)
{
	if (fsync(now.file) < 0)
		die("fsync");
	if (posix_fadvise(now.file, 0, 0, POSIX_FADV_DONTNEED))
		die("posix_fadvise");
}

static void make_access(const struct call *call)
{
	int64_t in_page = call->offset % BLOCK;
	size_t size = (size_t)(in_page + call->len);
	unsigned char *mem;

	if (!is_dax())
		forget_cache();
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, now.file,
		   call->offset - in_page);
	if (mem == MAP_FAILED) {
		end_line(-1, error_name(errno));
		return;
	}
	if (!is_dax() && madvise(mem, size, MADV_RANDOM) < 0)
		die("madvise");
	if (touch(mem + in_page, call))
		end_line(0, "");
	else
		end_line(-1, "SIGBUS");
	munmap(mem, size);
}

static void make_other(const struct call *call)
{
	int file = file_of(call->op);
	int r;

	if (call->op == FSYNC)
		r = fsync(file);
	else if (call->op == FALLOCATE || call->op == FALLOCATE_RO)
		r = fallocate(file, call->mode, call->offset, call->len);
	else
		r = ftruncate(file, call->size);
	end_line(r, r < 0 ? error_name(errno) : "");
}

static void begin_call(const struct call *call)
{
	begin_line("\"op\":\"%s\"", op_names[call->op]);
	if (call->op == FSYNC)
		return;
	if (call->op == FTRUNCATE || call->op == FTRUNCATE_RO) {
		fprintf(now.lines, ",\"size_arg\":%" PRId64, call->size);
		return;
	}
	if (call->op == FALLOCATE || call->op == FALLOCATE_RO)
		fprintf(now.lines, ",\"mode\":%d", call->mode);
	fprintf(now.lines, ",\"off\":%" PRId64 ",\"len\":%" PRId64,
		call->offset, call->len);
	if (call->op <= PWRITE_RO || call->op == MSTORE)
		fprintf(now.lines, ",\"tag\":%u", call->tag);
}

void make_call(const struct call *call)
{
	begin_call(call);
	if (call->op <= PWRITE_RO)
		make_write(call);
	else if (call->op == MSTORE || call->op == MLOAD)
		make_access(call);
	else
		make_other(call);
}

/* With bytes that no other call of the recording writes. */
static void make_at(enum op op, int mode, int64_t offset, int64_t len)
{
	make_call(&(struct call){
		.op = op,
		.mode = mode,
		.offset = offset,
		.len = len,
		.tag = now.sequence * 1024 + now.i,
	});
}

void pwrite_at(int64_t offset, int64_t len)
{
	make_at(PWRITE, 0, offset, len);
}

void pwrite_append(int64_t offset, int64_t len)
{
	make_at(PWRITE_APPEND, 0, offset, len);
}

void pwrite_ro(int64_t offset, int64_t len)
{
	make_at(PWRITE_RO, 0, offset, len);
}

void truncate_to(int64_t size)
{
	make_call(&(struct call){.op = FTRUNCATE, .size = size});
}

void truncate_ro(int64_t size)
{
	make_call(&(struct call){.op = FTRUNCATE_RO, .size = size});
}

void allocate(int mode, int64_t offset, int64_t len)
{
	make_at(FALLOCATE, mode, offset, len);
}

void allocate_ro(int mode, int64_t offset, int64_t len)
{
	make_at(FALLOCATE_RO, mode, offset, len);
}

void sync_file(void)
{
	make_call(&(struct call){.op = FSYNC});
}

void store(int64_t offset, int64_t len)
{
	make_at(MSTORE, 0, offset, len);
}

void load(int64_t offset, int64_t len)
{
	make_at(MLOAD, 0, offset, len);
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

bool is_dax(void)
{
	return !now.without_dax;
}

void begin_sequence(const char *name, uint64_t seed)
{
	now.lines = open_memstream(&now.text, &now.text_size);
	if (!now.lines)
		die("open_memstream");
	snprintf(now.name, sizeof(now.name), "%s", name);
	now.seed = seed;
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

void end_sequence(FILE *out)
{
	fclose(now.lines);
	fprintf(out,
		"{\"s\":%u,\"begin\":\"%s\",%s\"name\":\"%s\",\"seed\":%" PRIu64
		",\"bs\":4096,\"n\":%u}\n%s",
		now.sequence, now.begin,
		now.without_dax ? "\"dax\":false," : "", now.name, now.seed,
		now.i, now.text);
	free(now.text);
	free(now.runs);
	close(now.file);
	close(now.appending);
	close(now.reading);
	unlink(now.path);
	now.sequence++;
}

/* -------------------------------- Options --------------------------------- */

struct args {
	uint64_t seed, n_calls, sequence;
	const char *replay, *shrink, *check;
};

static const struct option options[] = {
	{"seed", required_argument, NULL, 's'},
	{"ops", required_argument, NULL, 'o'},
	{"no-dax", no_argument, NULL, 'n'},
	{"replay", required_argument, NULL, 'r'},
	{"shrink", required_argument, NULL, 'k'},
	{"sequence", required_argument, NULL, 'q'},
	{"check", required_argument, NULL, 'c'},
	{NULL, 0, NULL, 0},
};

static int usage(void)
{
	fputs("usage: record ext4|ext4z|xfs FILE SET[:SEED[:N]]...\n"
	      "       record ext4|ext4z|xfs FILE --seed N --ops N\n"
	      "       record ext4|ext4z|xfs FILE --replay RECORDING\n"
	      "       record ext4|ext4z|xfs FILE --shrink RECORDING "
	      "--sequence N --check COMMAND\n"
	      "with --no-dax: on a mount without DAX\n",
	      stderr);
	return 2;
}

static bool take_number(uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(optarg, &end, 10);
	return *optarg >= '0' && *optarg <= '9' && !*end && !errno;
}

static bool take_option(struct args *args, int c)
{
	switch (c) {
	case 's':
		return take_number(&args->seed);
	case 'o':
		return take_number(&args->n_calls) && args->n_calls;
	case 'q':
		return take_number(&args->sequence);
	case 'n':
		now.without_dax = true;
		return true;
	case 'r':
		args->replay = optarg;
		return true;
	case 'k':
		args->shrink = optarg;
		return true;
	case 'c':
		args->check = optarg;
		return true;
	default:
		return false;
	}
}

static int record_named(const char *text)
{
	uint64_t seed = 1;
	char set[16] = "";
	int n = 50;

	sscanf(text, "%15[^:]:%" SCNu64 ":%d", set, &seed, &n);
	if (record_set(set, seed, n) == 0)
		return 0;
	fprintf(stderr, "record: no set '%s'\n", text);
	return 2;
}

int main(int argc, char **argv)
{
	struct args args = {.seed = 1};
	int c, r = 0;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(&args, c))
			return usage();
	if (argc - optind < 2 || !args.shrink != !args.check)
		return usage();
	now.begin = argv[optind++];
	now.path = argv[optind++];
	signal(SIGBUS, sigbus);
	if (args.shrink)
		return record_shortest(args.shrink, args.sequence, args.check);
	if (args.replay)
		return record_again(args.replay);
	if (args.n_calls)
		record_live(args.seed, args.n_calls);
	else if (optind == argc)
		return usage();
	while (optind < argc && r == 0)
		r = record_named(argv[optind++]);
	return r;
}
