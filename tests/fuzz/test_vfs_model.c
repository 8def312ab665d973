// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Random file calls under every profile, against a file that is nothing but an
 * array of bytes and a size. After each call the contents, what mappings show,
 * the extent map and the page cache must agree, and after unlink every block
 * must be back.
 *
 * DAXSIM_SEED begins with other calls, DAXSIM_BUDGET multiplies how many there
 * are.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/prng.h"
#include "file/pagecache.h"
#include "file/vfs.h"
#include "fs/profiles.h"
#include "race/world.h"

enum {
	N_CALLS = 102000, /* under all profiles together */
	CALLS_PER_LIFE = 250,
	N_FILES = 2,
	N_PAGES = 48, /* of each file that hold data */
	NEAR = 10,
	PAGE = 4096,
};

#define WINDOW      ((uint64_t)N_PAGES * PAGE)
#define REGION_SIZE (UINT64_C(8) << 20)

/* What a file should be. Bytes past its size in its last page may be set. */
struct plain {
	uint64_t size;
	unsigned char bytes[N_PAGES * PAGE];
};

struct subject {
	const char *name;
	struct ds_file *file;
	uint64_t addr; /* where its first pages are mapped */
	struct plain plain;
};

struct fuzz {
	struct ds_prng prng;
	struct ds_region *region;
	struct ds_world *world;
	bool xfs;
	bool plain; /* virtiofs' server, or the generic helpers */
	bool zeroes_tail;
	bool shifts;
	bool zeroes_out; /* see is_stale() */
	struct subject files[N_FILES];
	uint64_t near; /* most calls are about the same pages */
	/* For whoever reads a failure. */
	uint64_t seed;
	unsigned int call;
	char text[120];
	unsigned char buf[N_PAGES * PAGE];
};

static struct fuzz fuzz;

#define check(condition, ...)                                                  \
	do {                                                                   \
		if (!(condition))                                              \
			complain(__LINE__, __VA_ARGS__);                       \
	} while (0)

static void complain(int line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void complain(int line, const char *format, ...)
{
	char why[200];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	fail_msg("%s, seed %llu, call %u: %s: line %d: %s",
		 fuzz.world->super->profile->name,
		 (unsigned long long)fuzz.seed, fuzz.call, fuzz.text, line,
		 why);
}

static uint64_t below(uint64_t bound)
{
	return ds_prng_below(&fuzz.prng, bound);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t page_end(uint64_t offset)
{
	return ds_page_start(ds_pgidx(ds_page_up(offset)));
}

/* ----------------------------- A plain file ------------------------------- */

static void plain_zero(struct plain *plain, uint64_t start, uint64_t end)
{
	end = min_u64(end, WINDOW);
	if (start < end)
		memset(plain->bytes + start, 0, end - start);
}

/*
 * What stores past the end of the file left in its last page: XFS zeroes it
 * when the file grows, on ext4 it shows up; from v6.13 only where the file grew
 * by being @written or by an insert.
 */
static void plain_grow(struct plain *plain, uint64_t size, bool written)
{
	bool by_writes = fuzz.xfs || fuzz.plain;

	if (size <= plain->size)
		return;
	if (by_writes || (fuzz.zeroes_tail && !written))
		plain_zero(plain, plain->size, size);
	plain->size = size;
}

static void plain_truncate(struct plain *plain, uint64_t size)
{
	if (size <= plain->size)
		plain_zero(plain, size, WINDOW);
	plain_grow(plain, size, false);
	plain->size = size;
}

static void plain_punch(struct plain *plain, uint64_t start, uint64_t end)
{
	if (!fuzz.xfs && !fuzz.plain && start >= plain->size)
		return;
	/* ext4 goes on to the end of the last page. */
	if (!fuzz.xfs && !fuzz.plain && end > plain->size)
		end = (plain->size / PAGE + 1) * PAGE;
	plain_zero(plain, start, end);
}

static void plain_collapse(struct plain *plain, uint64_t start, uint64_t len)
{
	uint64_t end = min_u64(start + len, WINDOW);

	plain->size -= len;
	if (start >= WINDOW)
		return;
	memmove(plain->bytes + start, plain->bytes + end, WINDOW - end);
	plain_zero(plain, WINDOW - (end - start), WINDOW);
	if (fuzz.xfs)
		plain_zero(plain, plain->size, WINDOW);
}

static void plain_insert(struct plain *plain, uint64_t start, uint64_t len)
{
	uint64_t end = min_u64(start + len, WINDOW);

	plain_grow(plain, plain->size + len, true);
	if (start >= WINDOW)
		return;
	memmove(plain->bytes + end, plain->bytes + start, WINDOW - end);
	plain_zero(plain, start, end);
}

static bool is_shift(int mode)
{
	return mode == FALLOC_FL_INSERT_RANGE ||
	       mode == FALLOC_FL_COLLAPSE_RANGE;
}

/* What the arguments of fallocate() alone lead to. */
static int check_mode(int mode, int64_t offset, int64_t len)
{
	const int keep = FALLOC_FL_KEEP_SIZE;
	uint64_t max = fuzz.world->super->profile->max_bytes;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	switch (mode) {
	case 0:
	case FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_COLLAPSE_RANGE:
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE:
	case FALLOC_FL_INSERT_RANGE:
		break;
	case FALLOC_FL_UNSHARE_RANGE:
	case FALLOC_FL_UNSHARE_RANGE | FALLOC_FL_KEEP_SIZE:
		if (!fuzz.xfs)
			return -EOPNOTSUPP;
		break;
	default:
		/* The first of several mistakes counts. */
		if (fuzz.world->super->profile->strict_modes ||
		    (mode & FALLOC_FL_NO_HIDE_STALE))
			return -EOPNOTSUPP;
		if ((mode & FALLOC_FL_PUNCH_HOLE) &&
		    ((mode & FALLOC_FL_ZERO_RANGE) || !(mode & keep)))
			return -EOPNOTSUPP;
		return -EINVAL;
	}
	if ((uint64_t)offset + (uint64_t)len > max)
		return -EFBIG;
	if (is_shift(mode) && !fuzz.shifts)
		return -EOPNOTSUPP;
	/* Blocks that the first write replaces are not worth having. */
	if (!(mode & ~keep) && fuzz.world->super->profile->always_copies)
		return -EOPNOTSUPP;
	return 0;
}

static int check_shift(const struct plain *plain, int mode, uint64_t offset,
		       uint64_t len)
{
	uint64_t max = fuzz.world->super->profile->max_bytes;

	if (offset % PAGE || len % PAGE)
		return -EINVAL;
	if (mode == FALLOC_FL_COLLAPSE_RANGE)
		return offset + len >= plain->size ? -EINVAL : 0;
	if (plain->size + len > max)
		return -EFBIG;
	return offset >= plain->size ? -EINVAL : 0;
}

/* Return: what fallocate() should. */
static int plain_fallocate(struct plain *plain, int mode, int64_t offset,
			   int64_t len)
{
	uint64_t start = (uint64_t)offset, end = start + (uint64_t)len;
	int r = check_mode(mode, offset, len);

	if (r == 0 &&
	    (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)))
		r = check_shift(plain, mode, start, (uint64_t)len);
	if (r < 0)
		return r;
	if (mode & FALLOC_FL_PUNCH_HOLE)
		plain_punch(plain, start, end);
	else if (mode & FALLOC_FL_COLLAPSE_RANGE)
		plain_collapse(plain, start, (uint64_t)len);
	else if (mode & FALLOC_FL_INSERT_RANGE)
		plain_insert(plain, start, (uint64_t)len);
	else if (mode & FALLOC_FL_ZERO_RANGE)
		plain_zero(plain, start, end);
	if (!(mode & ~(FALLOC_FL_ZERO_RANGE | FALLOC_FL_UNSHARE_RANGE)))
		plain_grow(plain, end, false);
	return 0;
}

/* ------------------------------ Comparing --------------------------------- */

static void compare_bytes(const struct subject *subject,
			  const unsigned char *bytes, uint64_t offset,
			  uint64_t len, const char *how)
{
	uint64_t i;

	if (memcmp(bytes, subject->plain.bytes + offset, len) == 0)
		return;
	for (i = 0; bytes[i] == subject->plain.bytes[offset + i]; i++)
		;
	check(false, "%s byte %llu of %s is 0x%02x, expected 0x%02x", how,
	      (unsigned long long)(offset + i), subject->name, bytes[i],
	      subject->plain.bytes[offset + i]);
}

static void compare_contents(struct subject *subject)
{
	struct ds_task *task = fuzz.world->setup;
	uint64_t len = min_u64(subject->plain.size, WINDOW);
	struct ds_stat stat;
	int64_t n;

	ds_vfs_fstat(task, subject->file, &stat);
	check(stat.size == subject->plain.size,
	      "size of %s %llu, expected %llu", subject->name,
	      (unsigned long long)stat.size,
	      (unsigned long long)subject->plain.size);
	n = ds_vfs_pread(task, subject->file, fuzz.buf, len, 0);
	check(n == (int64_t)len, "pread returns %lld", (long long)n);
	compare_bytes(subject, fuzz.buf, 0, len, "read");
}

/* The map in itself, and fiemap and st_blocks against it. */
static void check_extents(struct subject *subject)
{
	struct ds_task *task = fuzz.world->setup;
	struct ds_fiemap_run runs[N_PAGES * 4];
	uint64_t n_blocks = 0, last = 0;
	struct ds_stat stat;
	int64_t n, i;

	ds_extmap_check(subject->file->inode->extents);
	n = ds_vfs_fiemap(task, subject->file, 0, UINT64_MAX,
			  sizeof(runs) / sizeof(runs[0]), runs);
	check(n == ds_vfs_fiemap(task, subject->file, 0, UINT64_MAX, 0, NULL),
	      "fiemap counts otherwise");
	for (i = 0; i < n; i++) {
		check(runs[i].logical >= last && runs[i].length > 0,
		      "fiemap run %lld is out of order", (long long)i);
		last = runs[i].logical + runs[i].length;
		n_blocks += runs[i].length / 512;
	}
	ds_vfs_fstat(task, subject->file, &stat);
	check(stat.n_blocks == n_blocks, "st_blocks %llu, in fiemap %llu",
	      (unsigned long long)stat.n_blocks, (unsigned long long)n_blocks);
}

/* The block of @page, or none in a hole. */
static bool find_block(const struct ds_inode *inode, struct ds_pgidx page,
		       struct ds_extent *ret_run, struct ds_pfn *ret_pfn)
{
	*ret_run = ds_extmap_lookup(inode->extents, page);
	*ret_pfn = ds_extent_pfn(ret_run, page);
	return ret_run->state != DS_EXT_HOLE;
}

static void check_entries(const struct subject *subject)
{
	const struct ds_inode *inode = subject->file->inode;
	struct ds_pgrange range = ds_pgrange_all();
	struct ds_extent run;
	struct ds_pgidx page;
	struct ds_pfn pfn;
	uint64_t entry;

	while ((entry = ds_xtree_next(inode->mapping.tree, range, &page))) {
		unsigned long long at = page.pgidx;

		range.first.pgidx = page.pgidx + 1;
		check(!ds_entry_is_locked(entry), "entry %llu is locked", at);
		if (!ds_entry_is_data(entry))
			continue;
		check(ds_frame_view(fuzz.world->frames, ds_entry_pfn(entry))
				      ->mapping == inode->id,
		      "page of entry %llu is of another file", at);
		/* Ordinary pages are no blocks, and hold holes as well. */
		if (inode->super->profile->page_cache)
			continue;
		check(find_block(inode, page, &run, &pfn) &&
			      pfn.pfn == ds_entry_pfn(entry).pfn,
		      "entry %llu is not the file's block", at);
		check(run.state == DS_EXT_WRITTEN,
		      "entry %llu has an unwritten block", at);
	}
}

static uint64_t pte_of(const struct subject *subject, struct ds_pgidx page)
{
	struct ds_vpn vpn = {subject->addr / PAGE + page.pgidx};

	return ds_pgtable_read(&fuzz.world->space->table, vpn);
}

/* Whether a mapping shows the zero page where the file has a written block. */
static bool is_stale(const struct subject *subject, struct ds_pgidx page)
{
	uint64_t pte = pte_of(subject, page);
	struct ds_extent run;
	struct ds_pfn pfn;

	return ds_pte_allows(pte, false) &&
	       ds_pte_pfn(pte).pfn == DS_ZERO_PFN &&
	       find_block(subject->file->inode, page, &run, &pfn) &&
	       run.state == DS_EXT_WRITTEN;
}

/* What is mapped is the file's, too, and in the cache. */
static void check_mapped(const struct subject *subject)
{
	const struct ds_inode *inode = subject->file->inode;
	struct ds_pgidx page;
	struct ds_pfn pfn;
	uint64_t pte;

	for (page.pgidx = 0; page.pgidx < N_PAGES; page.pgidx++) {
		unsigned long long at = page.pgidx;

		/*
		 * Zero-out makes blocks written that nobody asks for, and a
		 * zero page mapped there stays: so do v6.1 and v6.12.
		 */
		check(fuzz.zeroes_out || !is_stale(subject, page),
		      "zero page mapped over written block %llu", at);
		pte = pte_of(subject, page);
		if (!ds_pte_allows(pte, false) ||
		    ds_pte_pfn(pte).pfn == DS_ZERO_PFN)
			continue;
		check(ds_entry_is_data(ds_mapping_view(&inode->mapping, page)),
		      "mapped page %llu is not in the cache", at);
		pfn = ds_pagecache_view(inode, page);
		check(pfn.pfn == ds_pte_pfn(pte).pfn,
		      "mapped page %llu is not the file's", at);
	}
}

static void check_all(void)
{
	const struct ds_checks *checks = fuzz.world->checks;
	unsigned int i;

	for (i = 0; i < N_FILES; i++) {
		compare_contents(&fuzz.files[i]);
		check_extents(&fuzz.files[i]);
		check_entries(&fuzz.files[i]);
		check_mapped(&fuzz.files[i]);
	}
	for (i = 0; i < DS_N_PROPERTIES; i++)
		check(!(ds_checks_broken(checks) >> i & 1), "%s broke",
		      ds_property((enum ds_property_id)i)->name);
	check(fuzz.world->setup->n_held == 0, "locks are held");
}

/* -------------------------------- Calls ----------------------------------- */

static void describe(const struct subject *subject, const char *call, int64_t a,
		     int64_t b)
{
	snprintf(fuzz.text, sizeof(fuzz.text), "%s(%s, %lld, %lld)", call,
		 subject->name, (long long)a, (long long)b);
}

/* Edges of pages and of the file are where things go wrong. */
static uint64_t some_offset(const struct subject *subject)
{
	uint64_t size = min_u64(subject->plain.size, WINDOW - 1);
	uint64_t page = fuzz.near + below(NEAR), offset;

	if (below(4) == 0)
		page = below(N_PAGES);
	if (below(30) == 0)
		fuzz.near = below(N_PAGES - NEAR);
	switch (below(6)) {
	case 0:
		return size;
	case 1:
		return size / PAGE * PAGE;
	case 2:
		return below(size + 1);
	case 3:
		offset = page * PAGE + below(3);
		return offset ? offset - 1 : 0;
	default:
		return page * PAGE;
	}
}

static uint64_t some_len(uint64_t offset)
{
	uint64_t len;

	switch (below(5)) {
	case 0:
		len = 1 + below(PAGE);
		break;
	case 1:
		len = 1 + below(8 * PAGE);
		break;
	case 2:
		len = PAGE - offset % PAGE + below(3) * PAGE;
		break;
	default:
		len = (1 + below(8)) * PAGE;
	}
	return min_u64(len, WINDOW - offset);
}

static void do_write(struct subject *subject)
{
	uint64_t offset = some_offset(subject);
	uint64_t len = some_len(offset), i;
	struct plain *plain = &subject->plain;
	int64_t n;

	describe(subject, "pwrite", (int64_t)offset, (int64_t)len);
	for (i = 0; i < len; i++)
		fuzz.buf[i] = (unsigned char)(1 + below(255));
	n = ds_vfs_pwrite(fuzz.world->setup, subject->file, fuzz.buf, len,
			  (int64_t)offset);
	check(n == (int64_t)len, "returns %lld", (long long)n);
	if (offset > plain->size)
		plain_grow(plain, offset, true);
	memcpy(plain->bytes + offset, fuzz.buf, len);
	if (offset + len > plain->size)
		plain->size = offset + len;
}

static void do_read(struct subject *subject)
{
	uint64_t offset = some_offset(subject);
	uint64_t len = some_len(offset);
	uint64_t size = subject->plain.size;
	int64_t n;

	describe(subject, "pread", (int64_t)offset, (int64_t)len);
	n = ds_vfs_pread(fuzz.world->setup, subject->file, fuzz.buf, len,
			 (int64_t)offset);
	len = offset < size ? min_u64(len, size - offset) : 0;
	check(n == (int64_t)len, "returns %lld", (long long)n);
	compare_bytes(subject, fuzz.buf, offset, len, "read");
}

static void do_truncate(struct subject *subject)
{
	uint64_t max = fuzz.world->super->profile->max_bytes;
	uint64_t size = some_offset(subject);
	int r;

	if (below(40) == 0)
		size = max - below(3 * PAGE);
	describe(subject, "ftruncate", (int64_t)size, 0);
	r = ds_vfs_ftruncate(fuzz.world->setup, subject->file, (int64_t)size);
	check(r == 0, "returns %d", r);
	plain_truncate(&subject->plain, size);
}

/* No data may leave the part of the file that is looked at. */
static bool leaves_window(const struct subject *subject, int mode,
			  uint64_t offset, uint64_t len)
{
	uint64_t end =
		ds_page_start(ds_extmap_end(subject->file->inode->extents));

	return mode == FALLOC_FL_INSERT_RANGE && offset < end &&
	       end + len > WINDOW;
}

static void do_fallocate(struct subject *subject)
{
	static const int modes[] = {0,  1,  1,  3,  3,  3, 8, 8, 16, 16,
				    17, 32, 32, 64, 65, 2, 9, 4, 19, 40};
	int mode = modes[below(sizeof(modes) / sizeof(modes[0]))];
	int64_t offset = (int64_t)some_offset(subject);
	int64_t len = (int64_t)some_len((uint64_t)offset);
	char name[24];
	int r, expected;

	if (is_shift(mode) && below(8)) {
		offset = offset / PAGE * PAGE;
		len = (len + PAGE - 1) / PAGE * PAGE;
	}
	if (below(50) == 0)
		len = -len;
	if (below(50) == 0)
		offset = -offset;
	if (leaves_window(subject, mode, (uint64_t)offset, (uint64_t)len))
		return;
	snprintf(name, sizeof(name), "fallocate %d", mode);
	describe(subject, name, offset, len);
	r = ds_vfs_fallocate(fuzz.world->setup, subject->file, mode, offset,
			     len);
	expected = plain_fallocate(&subject->plain, mode, offset, len);
	check(r == expected, "returns %d, expected %d", r, expected);
}

static void compare_loaded(const struct subject *subject, uint64_t offset,
			   uint64_t len)
{
	const unsigned char *bytes = fuzz.buf;
	uint64_t end = min_u64(offset + len, subject->plain.size), n;

	for (; offset < end; offset += n, bytes += n) {
		struct ds_pgidx page = {offset / PAGE};

		n = min_u64(PAGE - offset % PAGE, end - offset);
		if (!is_stale(subject, page))
			compare_bytes(subject, bytes, offset, n, "loaded");
	}
}

/* Through the mapping; past the last page of the file is a signal. */
static void do_access(struct subject *subject, bool write)
{
	uint64_t offset = some_offset(subject), i;
	uint64_t len = some_len(offset), end = page_end(subject->plain.size);
	uint64_t expected = offset < end ? min_u64(len, end - offset) : 0;
	int64_t n;

	describe(subject, write ? "store" : "load", (int64_t)offset,
		 (int64_t)len);
	for (i = 0; write && i < len; i++)
		fuzz.buf[i] = (unsigned char)(1 + below(255));
	n = ds_space_access(fuzz.world->setup, fuzz.world->space,
			    subject->addr + offset, fuzz.buf, len, write);
	check(n == (expected ? (int64_t)expected : DS_SIGBUS), "returns %lld",
	      (long long)n);
	if (write)
		memcpy(subject->plain.bytes + offset, fuzz.buf, expected);
	else
		compare_loaded(subject, offset, expected);
}

static void map_file(struct subject *subject)
{
	int r = ds_vfs_mmap(fuzz.world->setup, fuzz.world->space, subject->file,
			    0, WINDOW, true, &subject->addr);

	check(r == 0, "mmap returns %d", r);
}

static void unmap_file(struct subject *subject)
{
	struct ds_vpn first = {subject->addr / PAGE};
	struct ds_vpn end = {first.vpn + N_PAGES};
	int r = ds_space_unmap(fuzz.world->setup, fuzz.world->space, first,
			       end);

	check(r == 0, "munmap returns %d", r);
}

static void make_call(void)
{
	struct subject *subject = &fuzz.files[below(N_FILES)];

	switch (below(16)) {
	case 0:
	case 1:
	case 2:
		do_write(subject);
		break;
	case 3:
		do_read(subject);
		break;
	case 4:
		do_truncate(subject);
		break;
	case 5:
	case 6:
		do_access(subject, true);
		break;
	case 7:
	case 8:
		do_access(subject, false);
		break;
	case 9:
		describe(subject, "fsync", 0, 0);
		check(ds_vfs_fsync(fuzz.world->setup, subject->file) == 0,
		      "fails");
		break;
	case 10:
		describe(subject, "munmap and mmap", 0, 0);
		unmap_file(subject);
		map_file(subject);
		break;
	default:
		do_fallocate(subject);
	}
}

/* ----------------------------- Whole lives -------------------------------- */

static void begin_life(void)
{
	static const char *const names[N_FILES] = {"one", "two"};
	struct ds_super *super = fuzz.world->super;
	unsigned int i;

	fuzz.zeroes_out = super->profile->zeroout_blocks && below(2);
	super->zeroout_blocks =
		fuzz.zeroes_out ? super->profile->zeroout_blocks : 0;
	for (i = 0; i < N_FILES; i++) {
		struct subject *subject = &fuzz.files[i];
		int r;

		subject->name = names[i];
		memset(&subject->plain, 0, sizeof(subject->plain));
		describe(subject, "open", 0, 0);
		r = ds_vfs_open(fuzz.world->setup, super, names[i],
				O_RDWR | O_CREAT | O_EXCL, &subject->file);
		check(r == 0, "returns %d", r);
		map_file(subject);
	}
}

/* Nothing is left of the files, in the order that is drawn. */
static void end_life(uint64_t n_free)
{
	struct ds_world *world = fuzz.world;
	uint64_t pfn;
	unsigned int i;

	for (i = 0; i < N_FILES; i++) {
		struct subject *subject = &fuzz.files[i];
		bool unlink_first = below(2);

		describe(subject, "unlink", unlink_first, 0);
		if (unlink_first)
			ds_vfs_unlink(world->setup, world->super,
				      subject->name);
		ds_vfs_close(world->setup, subject->file);
		unmap_file(subject);
		if (!unlink_first)
			ds_vfs_unlink(world->setup, world->super,
				      subject->name);
	}
	check(!world->super->inodes, "an inode is left");
	ds_blocks_check(world->super->blocks);
	check(ds_blocks_n_free(world->super->blocks) == n_free,
	      "blocks are lost");
	for (pfn = 0; pfn < world->frames->n; pfn++) {
		const struct ds_frame *frame =
			ds_frame_view(world->frames, ds_pfn(pfn));

		check(!frame->mapping && !frame->file && !frame->refs,
		      "frame %llu is in use", (unsigned long long)pfn);
	}
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void make_world(const struct ds_fs_profile *profile)
{
	struct ds_region_options region = {.size = REGION_SIZE};
	struct ds_world_options options = {
		.profile = profile,
		.n_zones = 1,
		.table_bits = 9,
		.tree_shift = 6,
	};
	char why[300];

	assert_int_equal(
		ds_region_open(&region, &fuzz.region, why, sizeof(why)), 0);
	options.region = fuzz.region;
	assert_int_equal(ds_world_new(&options, &fuzz.world), 0);
	fuzz.xfs = strcmp(profile->ops->family, "xfs") == 0;
	fuzz.plain = !fuzz.xfs && strcmp(profile->ops->family, "ext4") != 0;
	fuzz.shifts = strcmp(profile->ops->family, "virtiofs") != 0;
	fuzz.zeroes_tail = profile->ops->growth_zeroes_tail;
}

static void run_profile(const struct ds_fs_profile *profile, uint64_t n_calls)
{
	uint64_t n_free;

	make_world(profile);
	n_free = ds_blocks_n_free(fuzz.world->super->blocks);
	for (fuzz.call = 0; fuzz.call < n_calls; fuzz.call++) {
		if (fuzz.call % CALLS_PER_LIFE == 0)
			begin_life();
		make_call();
		check_all();
		if ((fuzz.call + 1) % CALLS_PER_LIFE == 0)
			end_life(n_free);
	}
	ds_world_free(fuzz.world);
	ds_region_close(fuzz.region);
}

static void random_calls_do_to_a_file_what_they_do_to_an_array(void **state)
{
	uint64_t budget = number_of("DAXSIM_BUDGET", 1);
	unsigned int n = 0, i;

	(void)state;
	fuzz.seed = number_of("DAXSIM_SEED", 1);
	fuzz.prng.state = fuzz.seed;
	print_message("seed %llu\n", (unsigned long long)fuzz.seed);
	while (ds_profile_at(n))
		n++;
	for (i = 0; i < n; i++)
		run_profile(ds_profile_at(i),
			    budget * (N_CALLS / n / CALLS_PER_LIFE + 1) *
				    CALLS_PER_LIFE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			random_calls_do_to_a_file_what_they_do_to_an_array),
	};

	return cmocka_run_group_tests_name("vfs model", tests, NULL, NULL);
}
