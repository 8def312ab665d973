// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Moving bytes: writes and reads of a file, zeroing of blocks, and the
 * device's part of a direct I/O, each at places drawn at random. Beside them
 * the same copies without a file, and the kernel's calls on the same memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dma/direct.h"
#include "perf/nt.h"
#include "perf/suites.h"
#include "perf/world.h"

#define ROOM_SHORT (UINT64_C(64) << 20)
#define ROOM_FULL  (UINT64_C(512) << 20)

struct data {
	struct perf_world world;
	struct ds_region *region;
	struct ds_file *file;
	uint64_t addr;  /* where it is mapped */
	uint64_t room;  /* bytes of the file, in one run of blocks */
	uint64_t start; /* of that run in the region, bytes */
	uint64_t size;  /* of one operation */
	struct ds_prng prng;
	unsigned char *buffer;
};

static uint64_t place(struct data *data)
{
	return ds_prng_below(&data->prng, data->room / data->size) * data->size;
}

static void *bytes_at(struct data *data)
{
	return data->region->base + data->start + place(data);
}

static void check(int64_t done, const struct data *data)
{
	if (done != (int64_t)data->size)
		perf_die("not all bytes were moved");
}

static void write_ours(void *arg, uint64_t n)
{
	struct data *data = arg;

	while (n--)
		check(ds_vfs_pwrite(&data->world.task, data->file, data->buffer,
				    data->size, (int64_t)place(data)),
		      data);
}

static void write_kernel(void *arg, uint64_t n)
{
	struct data *data = arg;

	while (n--)
		check(pwrite(data->region->fd, data->buffer, data->size,
			     (off_t)(data->region->offset + data->start +
				     place(data))),
		      data);
}

static void write_nt(void *arg, uint64_t n)
{
	struct data *data = arg;

	while (n--)
		perf_nt_copy(bytes_at(data), data->buffer, data->size);
}

static void read_ours(void *arg, uint64_t n)
{
	struct data *data = arg;

	while (n--)
		check(ds_vfs_pread(&data->world.task, data->file, data->buffer,
				   data->size, (int64_t)place(data)),
		      data);
}

static void read_kernel(void *arg, uint64_t n)
{
	struct data *data = arg;

	while (n--)
		check(pread(data->region->fd, data->buffer, data->size,
			    (off_t)(data->region->offset + data->start +
				    place(data))),
		      data);
}

static void read_copy(void *arg, uint64_t n)
{
	struct data *data = arg;

	while (n--) {
		memcpy(data->buffer, bytes_at(data), data->size);
		perf_keep((uintptr_t)data->buffer);
	}
}

static void zero_ours(void *arg, uint64_t n)
{
	struct data *data = arg;
	uint64_t done, pfn;

	while (n--) {
		pfn = (data->start + place(data)) >> DS_PAGE_SHIFT;
		for (done = 0; done < data->size; done += DS_PAGE_SIZE)
			ds_frame_stream_zeros(&data->world.task,
					      data->world.frames, ds_pfn(pfn++),
					      0, DS_PAGE_SIZE);
		ds_frame_stream_end(&data->world.task);
	}
}

static void zero_nt(void *arg, uint64_t n)
{
	struct data *data = arg;

	while (n--)
		perf_nt_zero(bytes_at(data), data->size);
}

static void zero_set(void *arg, uint64_t n)
{
	struct data *data = arg;

	while (n--) {
		void *bytes = bytes_at(data);

		memset(bytes, 0, data->size);
		perf_keep((uintptr_t)bytes);
	}
}

/* A direct read of another file into this one's pages. */
static void dma_ours(void *arg, uint64_t n)
{
	struct data *data = arg;
	struct ds_task *task = &data->world.task;
	struct ds_direct direct;

	while (n--) {
		check(ds_direct_begin(task, data->world.space,
				      data->addr + place(data), data->size,
				      DS_PIN_WRITE, &direct),
		      data);
		ds_direct_transfer(task, &direct, data->buffer);
		ds_direct_end(task, &direct);
	}
}

static void beside(struct perf *perf, struct data *data, const char *name,
		   const struct perf_subject *subjects, unsigned int n)
{
	struct perf_subject all[4];
	unsigned int i, n_all = 0;

	for (i = 0; i < n; i++) {
		bool is_kernel = subjects[i].run == write_kernel ||
				 subjects[i].run == read_kernel;

		/* A /dev/dax has no read() and write(). */
		if (is_kernel && data->region->kind == DS_REGION_DEVDAX)
			continue;
		all[n_all] = subjects[i];
		all[n_all++].arg = data;
	}
	perf_beside(perf, name, data->size, all, n_all);
}

static void measure(struct perf *perf, struct data *data, uint64_t size)
{
	const struct perf_subject writes[] = {
		{.run = write_ours},
		{.name = perf_nt_name, .run = write_nt},
		{.name = "pwrite(2)", .run = write_kernel},
	};
	const struct perf_subject reads[] = {
		{.run = read_ours},
		{.name = "memcpy", .run = read_copy},
		{.name = "pread(2)", .run = read_kernel},
	};
	const struct perf_subject zeros[] = {
		{.run = zero_ours},
		{.name = perf_nt_name, .run = zero_nt},
		{.name = "memset", .run = zero_set},
	};
	const struct perf_subject dmas[] = {
		{.run = dma_ours},
		{.name = perf_nt_name, .run = write_nt},
	};

	data->size = size;
	beside(perf, data, "pwrite", writes, 3);
	beside(perf, data, "pread", reads, 3);
	beside(perf, data, "zero", zeros, 3);
	if (size < DS_DIRECT_MAX_PAGES * DS_PAGE_SIZE)
		beside(perf, data, "dma", dmas, 2);
	else
		perf_left_out(perf, "dma", size, "one request is smaller");
}

static void open_file(struct perf *perf, struct data *data)
{
	struct ds_inode *inode;
	struct ds_extent run;
	uint64_t i;

	perf_world_open(perf, &data->world);
	data->file = perf_file(&data->world, "file");
	inode = data->file->inode;
	perf_add_blocks(&data->world, inode, 0, data->room >> DS_PAGE_SHIFT);
	perf_set_pages(&data->world, inode, data->room >> DS_PAGE_SHIFT);
	run = ds_extmap_lookup(inode->extents, ds_pgidx(0));
	if (run.n_pages < data->room >> DS_PAGE_SHIFT)
		perf_die("the file is not one run");
	data->start = run.pfn.pfn << DS_PAGE_SHIFT;
	perf_expect(ds_vfs_mmap(&data->world.task, data->world.space,
				data->file, 0, data->room, true, &data->addr),
		    "mmap");
	/* Every page is there before anything is timed. */
	for (i = 0; i < data->room; i += DS_PAGE_SIZE) {
		unsigned char byte = 1;

		if (ds_space_access(&data->world.task, data->world.space,
				    data->addr + i, &byte, 1, true) != 1)
			perf_die("a page could not be touched");
	}
}

void perf_run_data(struct perf *perf)
{
	static const uint64_t sizes[] = {4096, 65536, 2 << 20};
	struct data data = {.region = perf->region, .prng = perf->prng};
	uint64_t room = perf_world_room(perf) << DS_PAGE_SHIFT;
	unsigned int i;

	data.room = perf->is_short ? ROOM_SHORT : ROOM_FULL;
	/* Whole 2 MiB of what there is. */
	if (data.room > room)
		data.room = room >> 21 << 21;
	data.buffer = aligned_alloc(4096, 2 << 20);
	if (!data.buffer)
		perf_die("no memory");
	memset(data.buffer, 1, 2 << 20);
	if (data.room)
		open_file(perf, &data);
	for (i = 0; i < 3; i++) {
		if (data.room)
			measure(perf, &data, sizes[i]);
		else
			perf_left_out(perf, "pwrite", sizes[i],
				      "the region is too small");
	}
	if (data.room)
		perf_world_close(&data.world);
	free(data.buffer);
}
