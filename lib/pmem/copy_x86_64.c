// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Moves of 16 bytes, which every processor with AVX does as one access when
 * they are aligned, and stores past the cache: a page that is written whole is
 * not read into it first.
 */
#include <emmintrin.h>
#include <stdbool.h>
#include <stdint.h>

#include "pmem/copy.h"

/* Below it, waiting for the stores to get out costs more than they save. */
#define STREAM_MIN 1024

#define LINE 64

static bool is_aligned(const void *mem)
{
	return ((uintptr_t)mem & 15) == 0;
}

size_t ds_copy_lines(void *target, const void *source, size_t len)
{
	const __m128i *from = source;
	__m128i *to = target;
	size_t n = len / LINE;

	if (!is_aligned(target) || !is_aligned(source))
		return 0;
	for (; n; n--, from += 4, to += 4) {
		__m128i a = _mm_load_si128(from);
		__m128i b = _mm_load_si128(from + 1);
		__m128i c = _mm_load_si128(from + 2);
		__m128i d = _mm_load_si128(from + 3);

		_mm_store_si128(to, a);
		_mm_store_si128(to + 1, b);
		_mm_store_si128(to + 2, c);
		_mm_store_si128(to + 3, d);
	}
	return len / LINE * LINE;
}

void ds_stream_bytes(void *target, const void *source, size_t len)
{
	const __m128i *from = source;
	__m128i *to = target;
	size_t n = len / LINE;

	if (len < STREAM_MIN || len % LINE || !is_aligned(target) ||
	    !is_aligned(source)) {
		ds_copy_bytes(target, source, len);
		return;
	}
	for (; n; n--, from += 4, to += 4) {
		__m128i a = _mm_load_si128(from);
		__m128i b = _mm_load_si128(from + 1);
		__m128i c = _mm_load_si128(from + 2);
		__m128i d = _mm_load_si128(from + 3);

		_mm_stream_si128(to, a);
		_mm_stream_si128(to + 1, b);
		_mm_stream_si128(to + 2, c);
		_mm_stream_si128(to + 3, d);
	}
}

void ds_stream_zeros(void *target, size_t len)
{
	__m128i zero = _mm_setzero_si128();
	__m128i *to = target;
	size_t n = len / LINE;

	if (len < STREAM_MIN || len % LINE || !is_aligned(target)) {
		ds_zero_bytes(target, len);
		return;
	}
	for (; n; n--, to += 4) {
		_mm_stream_si128(to, zero);
		_mm_stream_si128(to + 1, zero);
		_mm_stream_si128(to + 2, zero);
		_mm_stream_si128(to + 3, zero);
	}
}

/* Others may be told of the bytes by a plain store. */
void ds_stream_end(void)
{
	_mm_sfence();
}
