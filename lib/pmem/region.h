/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_REGION_H
#define DS_PMEM_REGION_H

/*
 * A region is the persistent memory of one universe: real bytes behind one
 * shared mapping of a memfd, a regular or DAX file, or /dev/dax.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pmem/flush.h"

enum ds_region_kind {
	DS_REGION_MEMFD,
	DS_REGION_FILE,
	DS_REGION_DEVDAX,
};

/* When none is given: of a memfd, a new file and an empty file. */
#define DS_REGION_DEFAULT_SIZE (UINT64_C(16) << 20)

struct ds_region_options {
	const char *path; /* NULL: a memfd */
	uint64_t offset;  /* bytes to leave untouched at the start */
	uint64_t size;    /* bytes to use; 0: all there is, or the default */
	uint64_t at_most; /* ... but no more than that, unless 0 */
	bool destroy;     /* the owner has agreed to lose what is on it */
	/*
	 * Signatures that may be lost, separated by commas, or NULL. For a
	 * device "unknown" means data that nothing recognises.
	 */
	const char *overwrite;
	const char *sysfs;  /* NULL: "/sys"; tests bring their own */
	const char *procfs; /* NULL: "/proc" */
};

struct ds_region {
	unsigned char *base; /* the mapping; @size bytes */
	uint64_t size;
	uint64_t offset; /* of @base in the file or device */
	uint64_t align;  /* what offset and size must be multiples of */
	enum ds_region_kind kind;
	int fd;
	bool sync;                    /* flushing the CPU cache is enough */
	const struct ds_flush *flush; /* how */
	char path[256];               /* "memfd" when it has none */
};

/**
 * ds_region_open() - map a region
 * @ret_why: one line that says what is wrong, and for a size the nearest valid
 *           one; set when the result is negative
 *
 * Nothing is written to a file or device before every check has passed, and
 * then nothing by this call: a region begins with the bytes that are there, 0
 * for a memfd and for what a file is grown by. A file with content needs
 * @destroy, a device always does; a signature needs to be named in @overwrite
 * as well. A file is only grown when it is new or empty.
 *
 * Return: 0; -EPERM when refused to protect data (busy, mounted, RAM in use,
 * a signature found, @destroy not given); -EINVAL for a bad size, offset or
 * kind of file; other negative errno from the system.
 */
int ds_region_open(const struct ds_region_options *options,
		   struct ds_region **ret_region, char *ret_why,
		   size_t why_size);

/*
 * A device is left with a stamp in the first page of the region: what is on it
 * is known to be scratch the next time. NULL is a no-op.
 */
void ds_region_close(struct ds_region *region);

/*
 * Makes @len bytes at @mem (inside the mapping) durable. Of a memfd, where
 * nothing is, it costs what it would cost on persistent memory.
 * Return: 0, or -errno: the file system could not write.
 */
int ds_region_flush(const struct ds_region *region, const void *mem,
		    size_t len);

/*
 * Reads @len bytes at @offset of the region through a mapping made for this
 * call, so that what is seen is what the device has. Return: 0 or -errno.
 */
int ds_region_reread(const struct ds_region *region, uint64_t offset, void *buf,
		     size_t len);

/* How this region is flushed on this machine: "clwb", "msync", ... */
const char *ds_region_flush_name(const struct ds_region *region);

#endif
