/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_COPY_H
#define DS_PMEM_COPY_H

/*
 * Copies to and from the region. A device may write the same bytes meanwhile,
 * and torn mixes are legal then: every word is moved by one relaxed atomic
 * access, so that this is a race of the hardware and none of the program.
 */
#include <stddef.h>

void ds_copy_bytes(void *target, const void *source, size_t len);
void ds_zero_bytes(void *target, size_t len);

/*
 * The same, past the processor's cache where it can, as kernels write to
 * persistent memory: for whole pages that nobody reads soon. Before others are
 * told of it, ds_stream_end() has to follow: once, since waiting for the stores
 * to get out takes longer than some pages do.
 */
void ds_stream_bytes(void *target, const void *source, size_t len);
void ds_stream_zeros(void *target, size_t len);
void ds_stream_end(void);

/*
 * For ds_copy_bytes(): moves a first part of the bytes in larger pieces, each
 * by one access. Return: how many, 0 if it cannot.
 */
size_t ds_copy_lines(void *target, const void *source, size_t len);

#endif
