// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/lazy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void memory_is_zero_wherever_it_is_touched(void **state)
{
	const size_t size = (size_t)1 << 36;
	unsigned char *mem = ds_lazy_new(size);
	size_t at;

	(void)state;
	assert_non_null(mem);
	for (at = 0; at < size; at += size / 8) {
		assert_int_equal(mem[at], 0);
		mem[at] = 1;
	}
	assert_int_equal(mem[size - 1], 0);
	ds_lazy_free(mem, size);
	ds_lazy_free(NULL, size);
}

static void more_than_there_are_addresses_is_nothing(void **state)
{
	(void)state;
	assert_null(ds_lazy_new(SIZE_MAX / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zero_wherever_it_is_touched),
		cmocka_unit_test(more_than_there_are_addresses_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
