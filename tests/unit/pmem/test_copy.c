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

enum {
	N_LARGE = 4096 + 64,
};

/* What is moved past the cache, and what is too short or lies too oddly. */
static const struct {
	size_t from, to, n;
} places[] = {
	{0, 0, 4096}, {16, 32, 4096}, {0, 0, 1024}, {32, 16, 1088},
	{0, 0, 1023}, {0, 0, 1032},   {8, 0, 2048}, {0, 8, 2048},
	{1, 3, 1500}, {0, 16, 960},   {0, 0, 64},   {16, 16, 200},
};

enum {
	N_PLACES = sizeof(places) / sizeof(places[0]),
};

static void fill_large(unsigned char *bytes, unsigned char seed)
{
	size_t i;

	for (i = 0; i < N_LARGE; i++)
		bytes[i] = (unsigned char)(seed + i * 7 + i / 256);
}

static void large_copies_move_their_bytes_and_no_others(void **state)
{
	static _Alignas(64) unsigned char from[N_LARGE];
	_Alignas(64) unsigned char to[N_LARGE], expected[N_LARGE];
	size_t i;

	(void)state;
	fill_large(from, 1);
	for (i = 0; i < 2 * N_PLACES; i++) {
		size_t a = places[i / 2].from, b = places[i / 2].to;
		size_t n = places[i / 2].n;

		fill_large(to, 100);
		fill_large(expected, 100);
		memcpy(expected + b, from + a, n);
		if (i % 2)
			ds_stream_bytes(to + b, from + a, n);
		else
			ds_copy_bytes(to + b, from + a, n);
		ds_stream_end();
		assert_memory_equal(to, expected, N_LARGE);
	}
}

static void streamed_zeros_touch_their_bytes_and_no_others(void **state)
{
	_Alignas(64) unsigned char to[N_LARGE], expected[N_LARGE];
	size_t i;

	(void)state;
	for (i = 0; i < N_PLACES; i++) {
		fill_large(to, 100);
		fill_large(expected, 100);
		memset(expected + places[i].to, 0, places[i].n);
		ds_stream_zeros(to + places[i].to, places[i].n);
		ds_stream_end();
		assert_memory_equal(to, expected, N_LARGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_copy_moves_its_bytes_and_no_others),
		cmocka_unit_test(zeroing_touches_its_bytes_and_no_others),
		cmocka_unit_test(large_copies_move_their_bytes_and_no_others),
		cmocka_unit_test(
			streamed_zeros_touch_their_bytes_and_no_others),
	};

	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
