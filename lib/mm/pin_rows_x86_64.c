// SPDX-License-Identifier: LGPL-2.1-or-later
/* Four pins are three words of AVX2, where the processor has it. */
#include <immintrin.h>
#include <stddef.h>

#include "mm/pin_rows.h"

#define AVX2 __attribute__((target("avx2")))

/* One reference, and no inode. */
#define ONE (INT64_C(1) << 32)

_Static_assert(sizeof(struct ds_pinned) == 24 &&
		       offsetof(struct ds_pinned, inode) == 8 &&
		       offsetof(struct ds_pinned, refs) == 12 &&
		       offsetof(struct ds_pinned, page) == 16,
	       "as in struct four");

/* Of the first pin, its frame, its references and its page, and so on. */
struct four {
	__m256i a, b, c;
};

static AVX2 inline struct four four_from(uint64_t pfn)
{
	long long p = (long long)pfn;

	return (struct four){
		_mm256_setr_epi64x(p, ONE, 0, p + 1),
		_mm256_setr_epi64x(ONE, 0, p + 2, ONE),
		_mm256_setr_epi64x(0, p + 3, ONE, 0),
	};
}

static AVX2 inline struct four next(struct four four)
{
	return (struct four){
		_mm256_add_epi64(four.a, _mm256_setr_epi64x(4, 0, 0, 4)),
		_mm256_add_epi64(four.b, _mm256_setr_epi64x(0, 0, 4, 0)),
		_mm256_add_epi64(four.c, _mm256_setr_epi64x(0, 4, 0, 0)),
	};
}

static AVX2 uint64_t note(struct ds_pinned *ret_pinned, struct ds_pfn pfn,
			  uint64_t n)
{
	struct four four = four_from(pfn.pfn);
	__m256i *to = (void *)ret_pinned;
	uint64_t i;

	for (i = 0; i + 4 <= n; i += 4, to += 3) {
		_mm256_storeu_si256(to, four.a);
		_mm256_storeu_si256(to + 1, four.b);
		_mm256_storeu_si256(to + 2, four.c);
		four = next(four);
	}
	return i;
}

/* Not 0 where the four pins at @at are not @four. */
static AVX2 inline __m256i differs(const __m256i *at, struct four four)
{
	__m256i a = _mm256_xor_si256(_mm256_loadu_si256(at), four.a);
	__m256i b = _mm256_xor_si256(_mm256_loadu_si256(at + 1), four.b);
	__m256i c = _mm256_xor_si256(_mm256_loadu_si256(at + 2), four.c);

	return _mm256_or_si256(a, _mm256_or_si256(b, c));
}

static AVX2 uint64_t length(const struct ds_pinned *pinned, uint64_t n)
{
	struct four one = four_from(pinned->pfn.pfn), two = next(one);
	const __m256i *at = (const void *)pinned;
	uint64_t i;

	/* By eight: the branches would take longer than the looks. */
	for (i = 0; i + 8 <= n; i += 8, at += 6) {
		__m256i both =
			_mm256_or_si256(differs(at, one), differs(at + 3, two));

		if (!_mm256_testz_si256(both, both))
			break;
		one = next(two);
		two = next(one);
	}
	return i;
}

uint64_t ds_pin_row_note(struct ds_pinned *ret_pinned, struct ds_pfn pfn,
			 uint64_t n)
{
	return __builtin_cpu_supports("avx2") ? note(ret_pinned, pfn, n) : 0;
}

uint64_t ds_pin_row_length(const struct ds_pinned *pinned, uint64_t n)
{
	return __builtin_cpu_supports("avx2") ? length(pinned, n) : 0;
}
