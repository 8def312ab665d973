// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pmem/copy.h"

#define N 40

static void fill(unsigned char *bytes)
{
	unsigned char i;

	for (i = 0; i < N; i++)
		bytes[i] = (unsigned char)(0x80 + i);
}

/* Every alignment of both ends, every length: words and odd bytes mix. */
static void every_copy_moves_its_bytes_and_no_others(void **state)
{
	_Alignas(8) unsigned char from[N], to[N], expected[N];
	size_t a, b, n;

	(void)state;
	fill(from);
	for (a = 0; a < 9; a++)
		for (b = 0; b < 9; b++)
			for (n = 0; n < 28; n++) {
				memset(to, 0, N);
				memset(expected, 0, N);
				memcpy(expected + b, from + a, n);
				ds_copy_bytes(to + b, from + a, n);
				assert_memory_equal(to, expected, N);
			}
}

static void zeroing_touches_its_bytes_and_no_others(void **state)
{
	_Alignas(8) unsigned char to[N], expected[N];
	size_t a, n;

	(void)state;
	for (a = 0; a < 9; a++)
		for (n = 0; n < 28; n++) {
			fill(to);
			fill(expected);
			memset(expected + a, 0, n);
			ds_zero_bytes(to + a, n);
			assert_memory_equal(to, expected, N);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_copy_moves_its_bytes_and_no_others),
		cmocka_unit_test(zeroing_touches_its_bytes_and_no_others),
	};

	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
