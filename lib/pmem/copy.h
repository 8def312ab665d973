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

#endif
