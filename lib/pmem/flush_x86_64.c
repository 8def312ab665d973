// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cpuid.h>
#include <stdint.h>

#include "pmem/flush.h"

/*
 * Every x86-64 CPU so far has lines of 64 bytes; a smaller step would still be
 * right. CPUID is not asked here: it is a trap in a virtual machine.
 */
#define LINE UINT64_C(64)

#define LEAF7_EBX_CLFLUSHOPT (1u << 23)
#define LEAF7_EBX_CLWB       (1u << 24)

static uintptr_t first_line(const void *mem)
{
	return (uintptr_t)mem & ~(uintptr_t)(LINE - 1);
}

/* clwb and clflushopt are only ordered by a fence. */
static void store_fence(void)
{
	__asm__ volatile("sfence" ::: "memory");
}

static bool leaf7_has(unsigned int bit)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit);
}

static bool clwb_is_there(void)
{
	return leaf7_has(LEAF7_EBX_CLWB);
}

static void clwb_write_back(const void *mem, size_t len)
{
	uintptr_t end = (uintptr_t)mem + len;

	for (uintptr_t at = first_line(mem); at < end; at += LINE)
		__asm__ volatile("clwb %0" : "+m"(*(volatile char *)at));
	store_fence();
}

static bool clflushopt_is_there(void)
{
	return leaf7_has(LEAF7_EBX_CLFLUSHOPT);
}

static void clflushopt_write_back(const void *mem, size_t len)
{
	uintptr_t end = (uintptr_t)mem + len;

	for (uintptr_t at = first_line(mem); at < end; at += LINE)
		__asm__ volatile("clflushopt %0" : "+m"(*(volatile char *)at));
	store_fence();
}

/* Part of SSE2, which x86-64 includes. */
static bool clflush_is_there(void)
{
	return true;
}

static void clflush_write_back(const void *mem, size_t len)
{
	uintptr_t end = (uintptr_t)mem + len;

	for (uintptr_t at = first_line(mem); at < end; at += LINE)
		__asm__ volatile("clflush %0" : "+m"(*(volatile char *)at));
	store_fence();
}

const struct ds_flush ds_flush_methods[] = {
	{"clwb", clwb_is_there, clwb_write_back, true},
	{"clflushopt", clflushopt_is_there, clflushopt_write_back, true},
	{"clflush", clflush_is_there, clflush_write_back, true},
	{NULL, NULL, NULL, false},
};
