// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pmem/copy.h"

#include <stdint.h>

static int is_aligned(const void *mem)
{
	return ((uintptr_t)mem & 7) == 0;
}

static void copy_words(uint64_t *target, const uint64_t *source, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		__atomic_store_n(&target[i],
				 __atomic_load_n(&source[i], __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}

void ds_copy_bytes(void *target, const void *source, size_t len)
{
	unsigned char *to = target;
	const unsigned char *from = source;
	size_t i = ds_copy_lines(target, source, len);

	if (is_aligned(to) && is_aligned(from)) {
		copy_words((uint64_t *)(void *)(to + i),
			   (const uint64_t *)(const void *)(from + i),
			   (len - i) / 8);
		i = len & ~(size_t)7;
	}
	for (; i < len; i++)
		__atomic_store_n(&to[i],
				 __atomic_load_n(&from[i], __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}

void ds_zero_bytes(void *target, size_t len)
{
	unsigned char *to = target;
	size_t i = 0;

	if (is_aligned(to)) {
		uint64_t *words = target;

		for (; i < len / 8; i++)
			__atomic_store_n(&words[i], 0, __ATOMIC_RELAXED);
		i = len & ~(size_t)7;
	}
	for (; i < len; i++)
		__atomic_store_n(&to[i], 0, __ATOMIC_RELAXED);
}
