/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_FETCH_H
#define DS_CORE_FETCH_H

#include <stdint.h>

/*
 * Begins to fetch the line of memory at @address, and what it takes to find it.
 * Nothing need be there.
 */
static inline void ds_fetch(uintptr_t address)
{
	__builtin_prefetch((const void *)address);
	/* gcc takes a function that only does so for one that does nothing, and
	 * drops its calls. */
	__asm__ volatile("" : : "r"(address));
}

#endif
