// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/prng.h"

/* The published first values of splitmix64 from seeds 0 and 1234567. */
static void the_stream_of_a_seed_never_changes(void **state)
{
	static const uint64_t from_0[] = {
		UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4),
		UINT64_C(0x06c45d188009454f), UINT64_C(0xf88bb8a8724c81ec),
		UINT64_C(0x1b39896a51a8749b),
	};
	static const uint64_t from_1234567[] = {
		UINT64_C(6457827717110365317),  UINT64_C(3203168211198807973),
		UINT64_C(9817491932198370423),  UINT64_C(4593380528125082431),
		UINT64_C(16408922859458223821),
	};
	struct ds_prng zero = {0}, other = {1234567};
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		assert_true(ds_prng_next(&zero) == from_0[i]);
		assert_true(ds_prng_next(&other) == from_1234567[i]);
	}
}

static void numbers_stay_below_their_bound_and_reach_all(void **state)
{
	struct ds_prng prng = {7};
	unsigned int seen = 0, i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		uint64_t n = ds_prng_below(&prng, 7);

		assert_true(n < 7);
		seen |= 1u << n;
	}
	assert_int_equal(seen, 0x7f);
	assert_true(ds_prng_below(&prng, 1) == 0);
}

/* Tokens and state hashes are compared between machines. */
static void hashes_never_change(void **state)
{
	(void)state;
	assert_true(ds_mix64(0) == 0);
	assert_true(ds_mix64(1) == UINT64_C(0x5692161d100b05e5));
	assert_true(ds_hash_step(0, 0) == UINT64_C(0xe220a8397b1dcdaf));
	assert_true(ds_hash_step(ds_hash_step(0, 1), 2) ==
		    UINT64_C(0x6871c08cbe75136c));
}

static void hashes_depend_on_order(void **state)
{
	(void)state;
	assert_true(ds_hash_step(ds_hash_step(0, 1), 2) !=
		    ds_hash_step(ds_hash_step(0, 2), 1));
	assert_true(ds_hash_step(0, 0) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stream_of_a_seed_never_changes),
		cmocka_unit_test(numbers_stay_below_their_bound_and_reach_all),
		cmocka_unit_test(hashes_never_change),
		cmocka_unit_test(hashes_depend_on_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
