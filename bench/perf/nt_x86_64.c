// SPDX-License-Identifier: LGPL-2.1-or-later
#include <emmintrin.h>

#include "perf/nt.h"

const char *const perf_nt_name = "non-temporal stores";

void perf_nt_copy(void *to, const void *from, size_t len)
{
	const __m128i *source = from;
	__m128i *target = to;
	size_t i;

	for (i = 0; i < len / sizeof(*target); i += 4) {
		__m128i a = _mm_loadu_si128(source + i);
		__m128i b = _mm_loadu_si128(source + i + 1);
		__m128i c = _mm_loadu_si128(source + i + 2);
		__m128i d = _mm_loadu_si128(source + i + 3);

		_mm_stream_si128(target + i, a);
		_mm_stream_si128(target + i + 1, b);
		_mm_stream_si128(target + i + 2, c);
		_mm_stream_si128(target + i + 3, d);
	}
	_mm_sfence();
}

void perf_nt_zero(void *to, size_t len)
{
	const __m128i zero = _mm_setzero_si128();
	__m128i *target = to;
	size_t i;

	for (i = 0; i < len / sizeof(*target); i += 4) {
		_mm_stream_si128(target + i, zero);
		_mm_stream_si128(target + i + 1, zero);
		_mm_stream_si128(target + i + 2, zero);
		_mm_stream_si128(target + i + 3, zero);
	}
	_mm_sfence();
}
