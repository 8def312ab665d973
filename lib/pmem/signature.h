/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_SIGNATURE_H
#define DS_PMEM_SIGNATURE_H

/*
 * Whose data is this? Looks for the magic numbers of file systems, partition
 * tables and persistent-memory pools. Only reads.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Data that nothing recognises. */
#define DS_SIGNATURE_UNKNOWN "unknown"

/* Bytes of ds_signature_stamp(). */
#define DS_SIGNATURE_STAMP_SIZE 4096

struct ds_signature {
	char name[32]; /* "ext4", "gpt", "famfs", DS_SIGNATURE_UNKNOWN, ... */
	uint64_t offset;
};

/* @name is one of the comma-separated @names, which may be NULL. */
bool ds_signature_allowed(const char *names, const char *name);

/**
 * ds_signature_find() - the first signature in a regular file or memfd
 * @allowed: names, separated by commas, to pass over; or NULL
 *
 * Return: 1 with @ret_signature set; 0: none; -errno.
 */
int ds_signature_find(int fd, uint64_t size, const char *allowed,
		      struct ds_signature *ret_signature);

/* The device a window of which is to be used. */
struct ds_signature_device {
	int fd;
	uint64_t size;
	uint64_t align;
	uint64_t window_offset; /* multiple of @align */
	uint64_t window_size;
};

/**
 * ds_signature_find_device() - the same for a device that can only be mapped
 *
 * Head and tail of the device and of the window are copied into a sparse memfd
 * of the device's size, which is then searched. Bytes of the window other than
 * 0 in these parts that nothing recognises are DS_SIGNATURE_UNKNOWN, unless
 * the window begins with our own stamp.
 *
 * Return: as ds_signature_find(); -EIO when the device cannot be read.
 */
int ds_signature_find_device(const struct ds_signature_device *device,
			     const char *allowed,
			     struct ds_signature *ret_signature);

/*
 * The signatures that a library of the build's choice knows: in
 * signature_blkid.c or signature_none.c. Arguments as ds_signature_find();
 * @fd is never a device.
 */
int ds_signature_find_foreign(int fd, const char *allowed,
			      struct ds_signature *ret_signature);

/* Which library that is, for reports: "libblkid", or "none". */
const char *ds_signature_library(void);

/**
 * ds_signature_nonzero() - the first byte that is not 0 in [@first, @end)
 *
 * Return: 1 with @ret_offset set; 0: none; -errno.
 */
int ds_signature_nonzero(int fd, uint64_t first, uint64_t end,
			 uint64_t *ret_offset);

/*
 * Marks the @size bytes at @mem as left behind by a region and nobody's data.
 * The first DS_SIGNATURE_STAMP_SIZE bytes are written.
 */
void ds_signature_stamp(void *mem, uint64_t size);

#endif
