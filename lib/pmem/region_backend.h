/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_REGION_BACKEND_H
#define DS_PMEM_REGION_BACKEND_H

/*
 * Between region.c and the kinds of regions. The openers fill @region but for
 * its path; on failure they leave nothing open and one line in @why.
 */
#include "pmem/device.h"
#include "pmem/region.h"
#include "pmem/why.h"

int ds_region_memfd_open(const struct ds_region_options *options,
			 struct ds_region *region, struct ds_why why);

/* A regular file, or a path where none is yet. */
int ds_region_file_open(const struct ds_region_options *options,
			struct ds_region *region, struct ds_why why);

/* A character device. */
int ds_region_devdax_open(const struct ds_region_options *options,
			  struct ds_region *region, struct ds_why why);

/*
 * The part of ds_region_devdax_open() behind the opening, so that tests can
 * hand in a file that stands for the bytes of @device. @fd stays open.
 */
int ds_region_devdax_adopt(const struct ds_region_options *options, int fd,
			   struct ds_device *device, struct ds_region *region,
			   struct ds_why why);

void ds_region_devdax_leave(struct ds_region *region);

/*
 * Checks the offset and size asked for against @there bytes and sets those of
 * @region. Return: 0, or -EINVAL with the nearest valid value in @why.
 */
int ds_region_fit(const struct ds_region_options *options, uint64_t align,
		  uint64_t there, struct ds_region *region, struct ds_why why);

/* Keeps other regions off the same file. Return: 0, -EPERM or -errno. */
int ds_region_lock(int fd, struct ds_why why);

/* Maps @fd at the offset and size of @region. @flags as for mmap(). */
int ds_region_map(struct ds_region *region, int fd, int flags);

#endif
