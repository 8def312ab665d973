// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdint.h>
#include <sys/auxv.h>

#include "pmem/flush.h"

#define HWCAP_BIT_DCPOP (1ul << 16)

/* CTR_EL0.DminLine is the log2 of the smallest line, in words of 4 bytes. */
static uintptr_t line_size(void)
{
	uint64_t ctr;

	__asm__("mrs %0, ctr_el0" : "=r"(ctr));
	return (uintptr_t)4 << ((ctr >> 16) & 0xf);
}

static void complete(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

static bool cvap_is_there(void)
{
	return getauxval(AT_HWCAP) & HWCAP_BIT_DCPOP;
}

/* Cleans to the point of persistence; "dc cvap" for older assemblers. */
static void cvap_write_back(const void *mem, size_t len)
{
	uintptr_t end = (uintptr_t)mem + len;
	uintptr_t line = line_size();

	for (uintptr_t at = (uintptr_t)mem & ~(line - 1); at < end; at += line)
		__asm__ volatile("sys #3, c7, c12, #1, %0"
				 :
				 : "r"(at)
				 : "memory");
	complete();
}

static bool cvac_is_there(void)
{
	return true;
}

/* Cleans to the point of coherency, on such CPUs the memory itself. */
static void cvac_write_back(const void *mem, size_t len)
{
	uintptr_t end = (uintptr_t)mem + len;
	uintptr_t line = line_size();

	for (uintptr_t at = (uintptr_t)mem & ~(line - 1); at < end; at += line)
		__asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
	complete();
}

const struct ds_flush ds_flush_methods[] = {
	{"dc cvap", cvap_is_there, cvap_write_back, true},
	{"dc cvac", cvac_is_there, cvac_write_back, true},
	{NULL, NULL, NULL, false},
};
