// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pmem/region.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/assert.h"
#include "core/units.h"
#include "pmem/region_backend.h"

static uint64_t nearest_multiple(uint64_t value, uint64_t align)
{
	uint64_t down = value / align * align;

	return value - down >= align - align / 2 ? down + align : down;
}

static int fit_offset(uint64_t offset, uint64_t align, uint64_t there,
		      struct ds_why why)
{
	uint64_t most = (there / align - 1) * align;
	uint64_t nearest =
		offset > most ? most : nearest_multiple(offset, align);

	if (offset == nearest)
		return 0;
	return ds_why_say(why, -EINVAL,
			  "offset %" PRIu64 " is not a multiple of %" PRIu64
			  " below %" PRIu64 "; the nearest valid offset is "
			  "%" PRIu64,
			  offset, align, there, nearest);
}

int ds_region_fit(const struct ds_region_options *options, uint64_t align,
		  uint64_t there, struct ds_region *region, struct ds_why why)
{
	uint64_t size = options->size;
	uint64_t most, nearest;
	int r;

	if (there < align)
		return ds_why_say(why, -EINVAL,
				  "has %" PRIu64 " bytes, fewer than the "
				  "smallest region (%" PRIu64 ")",
				  there, align);
	r = fit_offset(options->offset, align, there, why);
	if (r)
		return r;

	most = (there - options->offset) / align * align;
	nearest = size > most ? most : nearest_multiple(size, align);
	if (!nearest)
		nearest = align;
	if (size && size != nearest)
		return ds_why_say(why, -EINVAL,
				  "size %" PRIu64 " is not a multiple of "
				  "%" PRIu64 " up to %" PRIu64 "; the nearest "
				  "valid size is %" PRIu64,
				  size, align, most, nearest);

	region->offset = options->offset;
	if (options->at_most && most > options->at_most)
		most = options->at_most / align * align;
	region->size = size ? size : most ? most : align;
	region->align = align;
	if ((size_t)region->size != region->size)
		return ds_why_say(why, -EINVAL,
				  "size %" PRIu64 " is more than an address "
				  "space here holds",
				  region->size);
	return 0;
}

int ds_region_lock(int fd, struct ds_why why)
{
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return ds_why_say(why, -EPERM,
				  "is locked: another region or "
				  "program uses it");
	return ds_why_say(why, -errno, "cannot be locked: %s", strerror(errno));
}

int ds_region_map(struct ds_region *region, int fd, int flags)
{
	/* No hint: devdax would take one and then find it unaligned. */
	void *mem = mmap(NULL, (size_t)region->size, PROT_READ | PROT_WRITE,
			 flags, fd, (off_t)region->offset);

	if (mem == MAP_FAILED)
		return -errno;
	region->base = mem;
	region->fd = fd;
	return 0;
}

/* Decides by the kind of file, without opening it. */
static int open_path(const struct ds_region_options *options,
		     struct ds_region *region, struct ds_why why)
{
	struct stat st;

	if (stat(options->path, &st) < 0) {
		if (errno == ENOENT)
			return ds_region_file_open(options, region, why);
		return ds_why_say(why, -errno, "%s", strerror(errno));
	}
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return ds_region_file_open(options, region, why);
	case S_IFCHR:
		return ds_region_devdax_open(options, region, why);
	case S_IFBLK:
		return ds_why_say(why, -EINVAL,
				  "is a block device: use a file on it, or a "
				  "/dev/dax device");
	default:
		return ds_why_say(why, -EINVAL,
				  "is not a file or /dev/dax device");
	}
}

/* Puts "PATH: " in the line. Return: what is left behind it. */
static struct ds_why after_path(const char *path, char *line, size_t size)
{
	struct ds_why why = {line, size};
	size_t len;

	if (!size)
		return why;
	ds_why_say(why, 0, "%s: ", path);
	len = strlen(line);
	return (struct ds_why){line + len, size - len};
}

int ds_region_open(const struct ds_region_options *options,
		   struct ds_region **ret_region, char *ret_why,
		   size_t why_size)
{
	const char *path = options->path ? options->path : "memfd";
	struct ds_why why = after_path(path, ret_why, why_size);
	struct ds_region *region;
	int r;

	region = calloc(1, sizeof(*region));
	if (!region)
		return ds_why_say(why, -ENOMEM, "%s", strerror(ENOMEM));
	region->flush = ds_flush_choose(ds_flush_methods);
	r = ds_why_format(region->path, sizeof(region->path), "%s", path);
	if (r)
		ds_why_say(why, r, "%s", strerror(-r));
	else if (options->path)
		r = open_path(options, region, why);
	else
		r = ds_region_memfd_open(options, region, why);
	if (r) {
		free(region);
		return r;
	}
	*ret_region = region;
	return 0;
}

void ds_region_close(struct ds_region *region)
{
	if (!region)
		return;
	if (region->kind == DS_REGION_DEVDAX)
		ds_region_devdax_leave(region);
	munmap(region->base, (size_t)region->size);
	close(region->fd);
	free(region);
}

static int flush_by_msync(const struct ds_region *region, const void *mem,
			  size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = (uintptr_t)mem & ~(page - 1);

	if (region->kind == DS_REGION_DEVDAX) /* which has no msync() */
		return -EOPNOTSUPP;
	return msync((void *)first, (uintptr_t)mem + len - first, MS_SYNC)
		       ? -errno
		       : 0;
}

static bool by_cpu(const struct ds_region *region)
{
	return region->sync && region->flush->durable;
}

int ds_region_flush(const struct ds_region *region, const void *mem, size_t len)
{
	size_t offset = (size_t)((const unsigned char *)mem - region->base);

	ds_assert((const unsigned char *)mem >= region->base);
	ds_assert(offset <= region->size && len <= region->size - offset);

	if (!by_cpu(region))
		return len ? flush_by_msync(region, mem, len) : 0;
	region->flush->write_back(mem, len);
	return 0;
}

/* What a mapping of any kind of region may begin at. */
static uint64_t host_align(const struct ds_region *region)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return page > region->align ? page : region->align;
}

int ds_region_reread(const struct ds_region *region, uint64_t offset, void *buf,
		     size_t len)
{
	uint64_t align = host_align(region);
	uint64_t first, end;
	unsigned char *mem;

	ds_assert(offset <= region->size && len <= region->size - offset);
	if (!len)
		return 0;

	first = offset / align * align;
	end = (offset + len + align - 1) / align * align;
	mem = mmap(NULL, (size_t)(end - first), PROT_READ, MAP_SHARED,
		   region->fd, (off_t)(region->offset + first));
	if (mem == MAP_FAILED)
		return -errno;
	memcpy(buf, mem + (offset - first), len);
	munmap(mem, (size_t)(end - first));
	return 0;
}

const char *ds_region_flush_name(const struct ds_region *region)
{
	return by_cpu(region) ? region->flush->name : "msync";
}
