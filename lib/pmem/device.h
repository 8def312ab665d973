/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_DEVICE_H
#define DS_PMEM_DEVICE_H

/*
 * The DAX character devices of this machine, and whether one may be used:
 * read from sysfs and /proc, never from the device's own ioctls or size.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pmem/why.h"

/* Where to look; NULL is the real place. Tests bring their own. */
struct ds_device_roots {
	const char *sysfs;
	const char *procfs;
	const char *dev;
};

struct ds_device {
	char name[64];      /* "dax0.0" */
	char path[128];     /* of its node */
	char dir[512];      /* in sysfs, symlinks resolved */
	char subsystem[32]; /* "dax" for a DAX device */
	char driver[32];    /* "" when none is bound */
	dev_t rdev;
	uint64_t size;
	uint64_t align;    /* what mappings must be multiples of */
	uint64_t resource; /* physical address; 0: not known, or not root */
	int target_node;   /* -1: not known */
	int numa_node;
	char signature[32]; /* what it holds; "" nothing known, or not read */
	unsigned int n_hidden; /* processes that could not be looked at */
	bool usable;
	char reason[320]; /* why not, when not usable */
};

/**
 * ds_device_identify() - read what sysfs says about a character device
 *
 * The device is not opened. What could be read is set also on failure.
 *
 * Return: 0 when it is a DAX device with the driver device_dax; -EINVAL or
 * -EPERM with a line in @why when it is anything else; -errno.
 */
int ds_device_identify(const char *sysfs, dev_t rdev,
		       struct ds_device *ret_device, struct ds_why why);

/**
 * ds_device_check_use() - nobody else uses the device or its region
 * @device: as ds_device_identify() found it
 * @dev: with @ino, of the node that would be opened
 *
 * Return: 0; -EPERM when it, or a block device of the same region, is mounted
 * or in use as swap, or when a process maps it; -errno when that cannot be
 * found out. @why then says what.
 */
int ds_device_check_use(struct ds_device *device, const char *procfs, dev_t dev,
			ino_t ino, struct ds_why why);

/**
 * ds_device_list() - judge all DAX devices, in the order of their names
 * @devices: room for @n_max of them
 *
 * Devices are opened and read, never written.
 *
 * Return: how many there are, which may be more than @n_max (then which ones
 * were stored is not defined), or -errno.
 */
int ds_device_list(const struct ds_device_roots *roots,
		   struct ds_device *devices, unsigned int n_max);

#endif
