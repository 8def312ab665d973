// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The extents of an inode as e2fsprogs has them: nodes of 4 KiB in a file
 * system image, here in a memfd. It has no call that moves extents: each is
 * read and written back.
 */
#include <ext2fs/ext2fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "perf/extents.h"
#include "perf/perf.h"

#define IMAGE_BLOCKS 65536

struct image {
	int fd;
	ext2_filsys fs;
	struct ext2_inode inode;
	ext2_extent_handle_t extents;
};

static void expect(errcode_t error, const char *what)
{
	char why[80];

	if (!error)
		return;
	snprintf(why, sizeof(why), "libext2fs: %s: error %ld", what,
		 (long)error);
	perf_die(why);
}

static void make_image(struct image *image)
{
	struct ext2_super_block param = {.s_log_block_size = 2};
	char name[40];

	image->fd = memfd_create("extents", 0);
	if (image->fd < 0 ||
	    ftruncate(image->fd, (off_t)IMAGE_BLOCKS * 4096) < 0)
		perf_die("no memory");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", image->fd);
	ext2fs_blocks_count_set(&param, IMAGE_BLOCKS);
	ext2fs_set_feature_extents(&param);
	expect(ext2fs_initialize(name, 0, &param, unix_io_manager, &image->fs),
	       "the image");
	expect(ext2fs_allocate_tables(image->fs), "its tables");
}

static void add(struct image *image, int flags, uint64_t page, uint64_t pfn,
		uint32_t n)
{
	struct ext2fs_extent extent = {
		.e_lblk = page,
		.e_pblk = pfn,
		.e_len = n,
		.e_flags = EXT2_EXTENT_FLAGS_LEAF,
	};

	expect(ext2fs_extent_insert(image->extents, flags, &extent), "insert");
}

static void *make(uint64_t n)
{
	struct image *image = perf_memory(sizeof(*image));
	ext2_ino_t number;
	uint64_t i;

	make_image(image);
	number = EXT2_FIRST_INODE(image->fs->super);
	image->inode.i_mode = LINUX_S_IFREG | 0600;
	image->inode.i_flags = EXT4_EXTENTS_FL;
	image->inode.i_links_count = 1;
	expect(ext2fs_write_new_inode(image->fs, number, &image->inode),
	       "an inode");
	expect(ext2fs_extent_open2(image->fs, number, &image->inode,
				   &image->extents),
	       "its extents");
	for (i = 0; i < n; i++)
		add(image, i ? EXT2_EXTENT_INSERT_AFTER : 0,
		    perf_extent_page(i), perf_extent_pfn(i), 3);
	return image;
}

static void free_image(void *arg)
{
	struct image *image = arg;

	ext2fs_extent_free(image->extents);
	ext2fs_free(image->fs);
	close(image->fd);
	free(image);
}

static struct ext2fs_extent find(struct image *image, uint64_t page)
{
	struct ext2fs_extent extent;

	expect(ext2fs_extent_goto(image->extents, page), "goto");
	expect(ext2fs_extent_get(image->extents, EXT2_EXTENT_CURRENT, &extent),
	       "get");
	return extent;
}

static uint64_t lookup(void *arg, const uint64_t *at, uint64_t n)
{
	uint64_t i, sum = 0;

	for (i = 0; i < n; i++) {
		struct ext2fs_extent extent = find(arg, at[i]);

		sum += extent.e_pblk + at[i] - extent.e_lblk;
	}
	return sum;
}

static void insert(void *arg, const uint64_t *at, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		uint64_t page = perf_extent_page(at[i]);

		find(arg, page);
		add(arg, EXT2_EXTENT_INSERT_AFTER, page + 3,
		    perf_hole_pfn(at[i]), 1);
	}
}

static void take_out(void *arg, const uint64_t *at, uint64_t n)
{
	struct image *image = arg;
	uint64_t i;

	for (i = 0; i < n; i++) {
		find(image, perf_extent_page(at[i]) + 3);
		expect(ext2fs_extent_delete(image->extents, 0), "delete");
	}
}

/* All but the first move by @by pages. */
static void move(struct image *image, int64_t by)
{
	struct ext2fs_extent extent;
	errcode_t error;

	expect(ext2fs_extent_get(image->extents, EXT2_EXTENT_ROOT, &extent),
	       "the root");
	for (;;) {
		error = ext2fs_extent_get(image->extents, EXT2_EXTENT_NEXT_LEAF,
					  &extent);
		if (error == EXT2_ET_EXTENT_NO_NEXT)
			return;
		expect(error, "next");
		if (extent.e_lblk == 0)
			continue;
		extent.e_lblk += (uint64_t)by;
		expect(ext2fs_extent_replace(image->extents, 0, &extent),
		       "replace");
	}
}

static void collapse(void *arg)
{
	move(arg, -1);
}

static void widen(void *arg)
{
	move(arg, 1);
}

const struct perf_extents_ops perf_extents_ext2fs = {
	.name = "libext2fs",
	.most = 100000,
	.most_moved = 10000,
	.make = make,
	.free = free_image,
	.lookup = lookup,
	.insert = insert,
	.remove = take_out,
	.collapse = collapse,
	.widen = widen,
};
