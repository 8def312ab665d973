// SPDX-License-Identifier: LGPL-2.1-or-later
#include "races.h"

#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define N_EXTENTS 512
#define N_RECORDS 65536 /* of all that lies on the device */

/* --------------------------------- Files ---------------------------------- */

static void path_of(const struct world *world, const char *name, char *path,
		    size_t size)
{
	snprintf(path, size, "%s/%s", world->dir, name);
}

int make_file(const struct world *world, const char *name, char letter,
	      int64_t len)
{
	unsigned char block[BLOCK];
	char path[256];
	int64_t at;
	int file;

	path_of(world, name, path, sizeof(path));
	unlink(path);
	file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0 || ftruncate(file, len) < 0)
		die(path);
	memset(block, letter, sizeof(block));
	for (at = 0; letter && at < len; at += BLOCK)
		if (pwrite(file, block, sizeof(block), at) != BLOCK)
			die(path);
	if (fsync(file) < 0)
		die(path);
	return file;
}

void remove_file(const struct world *world, const char *name)
{
	char path[256];

	path_of(world, name, path, sizeof(path));
	unlink(path);
}

unsigned char *map_file(int file, size_t len)
{
	void *mem =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	if (mem == MAP_FAILED)
		die("mmap");
	return mem;
}

static unsigned int extents_of(int file, int64_t offset, int64_t len,
			       struct fiemap *map)
{
	memset(map, 0, sizeof(*map));
	map->fm_start = (uint64_t)offset;
	map->fm_length = (uint64_t)len;
	map->fm_flags = FIEMAP_FLAG_SYNC;
	map->fm_extent_count = N_EXTENTS;
	if (ioctl(file, FS_IOC_FIEMAP, map) < 0)
		die("FIEMAP");
	return map->fm_mapped_extents;
}

static struct fiemap *new_map(void)
{
	struct fiemap *map =
		calloc(1, sizeof(*map) + N_EXTENTS * sizeof(*map->fm_extents));

	if (!map)
		die("calloc");
	return map;
}

uint64_t place_of(int file, int64_t offset)
{
	struct fiemap *map = new_map();
	uint64_t place = 0;

	if (extents_of(file, offset, BLOCK, map) > 0)
		place = map->fm_extents[0].fe_physical + (uint64_t)offset -
			map->fm_extents[0].fe_logical;
	free(map);
	return place;
}

uint64_t number_of(int file)
{
	struct stat stat;

	if (fstat(file, &stat) < 0)
		die("fstat");
	return stat.st_ino;
}

/* ---------------------------------- Pins ---------------------------------- */

void open_pin(struct pin *pin)
{
	if (pipe(pin->pipe) < 0 || pipe(pin->look) < 0)
		die("pipe");
}

void close_pin(struct pin *pin)
{
	close(pin->pipe[0]);
	close(pin->pipe[1]);
	close(pin->look[0]);
	close(pin->look[1]);
}

void take_pin(struct pin *pin, void *mem)
{
	struct iovec page = {mem, BLOCK};

	if (vmsplice(pin->pipe[1], &page, 1, 0) != BLOCK)
		die("vmsplice");
}

static void drain(int end, unsigned char *block)
{
	if (read(end, block, BLOCK) != BLOCK)
		die("read of a pipe");
}

char look_at(const struct pin *pin)
{
	unsigned char block[BLOCK];

	if (tee(pin->pipe[0], pin->look[1], BLOCK, 0) != BLOCK)
		die("tee");
	drain(pin->look[0], block);
	return (char)block[0];
}

void drop_pin(struct pin *pin)
{
	unsigned char block[BLOCK];

	drain(pin->pipe[0], block);
}

/* ---------------------------- Another file -------------------------------- */

/* Return: where in the file the block at @place is, or -1. */
static int64_t find_place(int file, int64_t len, uint64_t place)
{
	struct fiemap *map = new_map();
	unsigned int i, n = extents_of(file, 0, len, map);
	int64_t found = -1;

	for (i = 0; i < n; i++) {
		const struct fiemap_extent *extent = &map->fm_extents[i];

		if (place >= extent->fe_physical &&
		    place - extent->fe_physical < extent->fe_length)
			found = (int64_t)(extent->fe_logical + place -
					  extent->fe_physical);
	}
	free(map);
	return found;
}

/*
 * The device is full, or nearly so, behind these. That they are there before is
 * no detail: else the folder takes blocks for their names, near its own.
 */
static const struct {
	unsigned int n;
	int64_t len;
} others[] = {
	{1000, BLOCK},     {64, INT64_C(16) << 20}, {48, INT64_C(1) << 20},
	{1000, 8 * BLOCK}, {1000, BLOCK},
};

static int open_other(const struct world *world, unsigned int i)
{
	char path[256];
	int file;

	snprintf(path, sizeof(path), "%s/other%u", world->dir, i);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (file < 0)
		die(path);
	return file;
}

void make_others(const struct world *world)
{
	unsigned int i, j, n = 0;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (j = 0; j < others[i].n; j++)
			close(open_other(world, n++));
}

/* Return: 1 if this file has it, 0 if not, -1 if the device is full. */
static int try_other(const struct world *world, unsigned int i, int64_t len,
		     uint64_t place)
{
	int file = open_other(world, i);
	unsigned char block[BLOCK];
	int64_t at;

	if (fallocate(file, 0, 0, len) < 0) {
		close(file);
		return -1;
	}
	at = find_place(file, len, place);
	memset(block, 'V', sizeof(block));
	if (at >= 0 && (pwrite(file, block, sizeof(block), at) != BLOCK ||
			fsync(file) < 0))
		die("another file");
	close(file);
	return at >= 0;
}

static void empty_other(const struct world *world, unsigned int i)
{
	int file = open_other(world, i);

	if (ftruncate(file, 0) < 0)
		die("ftruncate");
	close(file);
}

/*
 * What was freed is free when this is over: XFS gives back the blocks of an
 * unlinked file in the background, and both give none out again before their
 * transaction is on disk. sync() does not wait for the former.
 */
static void settle(const struct world *world)
{
	int dir = open(world->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0 || ioctl(dir, FIFREEZE, 0) < 0 || ioctl(dir, FITHAW, 0) < 0)
		die(world->dir);
	close(dir);
}

bool give_to_another(const struct world *world, uint64_t place)
{
	unsigned int i, j, first = 0;
	int found = 0;

	settle(world);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		found = found > 0;
		for (j = 0; j < others[i].n && !found; j++)
			found = try_other(world, first + j, others[i].len,
					  place);
		first += others[i].n;
	}
	for (i = 0; i < first; i++)
		empty_other(world, i);
	return found > 0;
}

/* What each file system calls the blocks that are nobody's. */
static bool is_free_space(const struct fsmap *record)
{
	return record->fmr_flags & FMR_OF_SPECIAL_OWNER &&
	       record->fmr_owner == FMR_OWN_FREE;
}

/* Return: whether the block at @place belongs to no file. */
static bool is_free(const struct world *world, uint64_t place)
{
	struct fsmap_head *map =
		calloc(1, sizeof(*map) + N_RECORDS * sizeof(*map->fmh_recs));
	int dir = open(world->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool found = false;
	unsigned int i;

	if (!map || dir < 0)
		die(world->dir);
	map->fmh_count = N_RECORDS;
	memset(&map->fmh_keys[1], 0xff, sizeof(map->fmh_keys[1]));
	memset(map->fmh_keys[1].fmr_reserved, 0,
	       sizeof(map->fmh_keys[1].fmr_reserved));
	map->fmh_keys[1].fmr_length = 0;
	if (ioctl(dir, FS_IOC_GETFSMAP, map) < 0)
		die("GETFSMAP");
	for (i = 0; i < map->fmh_entries; i++) {
		const struct fsmap *record = &map->fmh_recs[i];

		if (place >= record->fmr_physical &&
		    place - record->fmr_physical < record->fmr_length)
			found = is_free_space(record);
	}
	close(dir);
	free(map);
	return found;
}

void tell_not_waited(struct world *world, uint64_t place)
{
	bool warned = was_warned(world->kmsg);
	bool given = give_to_another(world, place);
	const char *rest =
		is_free(world, place) ? "its block is free" : "its block stays";

	if (given)
		rest = look_at(&world->pin) == 'V'
			       ? "another file's bytes are in the pinned page"
			       : "its block is another file's";
	snprintf(world->answer, sizeof(world->answer), "does not wait%s; %s",
		 warned ? ", W1" : "", rest);
}
