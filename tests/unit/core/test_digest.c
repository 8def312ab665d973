// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/digest.h"

static struct ds_digest of(uint64_t first, uint64_t second)
{
	struct ds_digest digest = {0, 0};

	ds_digest_add(&digest, first);
	ds_digest_add(&digest, second);
	return digest;
}

static void assert_differ(struct ds_digest a, struct ds_digest b)
{
	assert_int_not_equal(a.a, b.a);
	assert_int_not_equal(a.b, b.b);
	assert_false(ds_digest_equal(a, b));
}

static void words_and_their_order_count(void **state)
{
	(void)state;
	assert_true(ds_digest_equal(of(1, 2), of(1, 2)));
	assert_differ(of(1, 2), of(2, 1));
	assert_differ(of(1, 2), of(1, 3));
	assert_differ(of(0, 1), of(1, 0));
	assert_differ(of(UINT64_C(1) << 63, 0), of(0, UINT64_C(1) << 63));
}

/* Tokens and tables made elsewhere may hold them one day. */
static void digests_are_the_same_on_every_machine(void **state)
{
	struct ds_digest digest = of(1, 2);
	struct ds_digest bytes = ds_digest_bytes("digest", 6);

	(void)state;
	assert_int_equal(digest.a, UINT64_C(0x62007b7ff474cdf5));
	assert_int_equal(digest.b, UINT64_C(0xd622608e1786db6));
	assert_int_equal(bytes.a, UINT64_C(0x8e016a26b23f4f99));
	assert_int_equal(bytes.b, UINT64_C(0xf7cf7bbe09a16e30));
}

static void a_sum_has_no_order(void **state)
{
	struct ds_digest forth = {0, 0}, back = {0, 0}, twice = {0, 0};

	(void)state;
	ds_digest_join(&forth, of(1, 2));
	ds_digest_join(&forth, of(3, 4));
	ds_digest_join(&back, of(3, 4));
	ds_digest_join(&back, of(1, 2));
	assert_true(ds_digest_equal(forth, back));
	/* Nor do equal parts cancel, or parts change places inside. */
	ds_digest_join(&twice, of(1, 2));
	ds_digest_join(&twice, of(1, 2));
	assert_differ(twice, (struct ds_digest){0, 0});
	assert_differ(twice, forth);
	twice = (struct ds_digest){0, 0};
	ds_digest_join(&twice, of(1, 4));
	ds_digest_join(&twice, of(3, 2));
	assert_differ(twice, forth);
}

static void each_byte_counts_and_so_does_their_number(void **state)
{
	unsigned char bytes[100] = {0};
	struct ds_digest digests[201];
	unsigned int i, j, n = 0;

	(void)state;
	for (i = 0; i <= sizeof(bytes); i++)
		digests[n++] = ds_digest_bytes(bytes, i);
	for (i = 0; i < sizeof(bytes); i++) {
		bytes[i] = 1;
		digests[n++] = ds_digest_bytes(bytes, sizeof(bytes));
		bytes[i] = 0;
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			assert_differ(digests[i], digests[j]);
}

static void where_bytes_lie_does_not_count(void **state)
{
	unsigned char bytes[80];
	unsigned int i;

	(void)state;
	for (i = 0; i < 8; i++) {
		memset(bytes, 0xee, sizeof(bytes));
		memcpy(bytes + i, "where these bytes lie does not count at all",
		       43);
		assert_true(ds_digest_equal(
			ds_digest_bytes(bytes + i, 43),
			ds_digest_bytes("where these bytes lie does not count "
					"at all",
					43)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_their_order_count),
		cmocka_unit_test(digests_are_the_same_on_every_machine),
		cmocka_unit_test(a_sum_has_no_order),
		cmocka_unit_test(each_byte_counts_and_so_does_their_number),
		cmocka_unit_test(where_bytes_lie_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
