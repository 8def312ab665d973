// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mm/pin_rows.h"

enum {
	N_PINS = 67, /* some rows of eight, and a rest */
	FIRST = 1000,
};

static bool is_noted(const struct ds_pinned *pinned, uint64_t pfn)
{
	return pinned->pfn.pfn == pfn && pinned->inode == 0 &&
	       pinned->refs == 1 && pinned->page.pgidx == 0;
}

static void fill(struct ds_pinned *pinned)
{
	uint64_t i;

	for (i = 0; i < N_PINS; i++)
		pinned[i] = (struct ds_pinned){.pfn = {FIRST + i}, .refs = 1};
}

static void a_row_is_noted_up_to_where_it_says(void **state)
{
	struct ds_pinned pinned[N_PINS], before[N_PINS];
	uint64_t n, i, done;

	(void)state;
	memset(before, 0x5a, sizeof(before));
	for (n = 0; n <= N_PINS; n++) {
		memcpy(pinned, before, sizeof(pinned));
		done = ds_pin_row_note(pinned, ds_pfn(FIRST), n);
		assert_true(done <= n);
		for (i = 0; i < done; i++)
			assert_true(is_noted(&pinned[i], FIRST + i));
		assert_memory_equal(&pinned[done], &before[done],
				    (N_PINS - done) * sizeof(*pinned));
	}
}

/* And who can note one at once knows it again, but for its end. */
static void no_row_is_longer_than_asked_for(void **state)
{
	struct ds_pinned pinned[N_PINS];
	uint64_t n;

	(void)state;
	fill(pinned);
	if (ds_pin_row_note(pinned, ds_pfn(FIRST), N_PINS))
		assert_true(ds_pin_row_length(pinned, N_PINS) > N_PINS - 8);
	for (n = 1; n <= N_PINS; n++)
		assert_true(ds_pin_row_length(pinned, n) <= n);
}

/* Of another frame, inode, number of references or page. */
static void a_row_ends_before_a_pin_that_differs(void **state)
{
	struct ds_pinned pinned[N_PINS];
	uint64_t i;

	(void)state;
	for (i = 1; i < N_PINS; i++) {
		fill(pinned);
		pinned[i].pfn.pfn++;
		assert_true(ds_pin_row_length(pinned, N_PINS) <= i);
		fill(pinned);
		pinned[i].inode = 1;
		assert_true(ds_pin_row_length(pinned, N_PINS) <= i);
		fill(pinned);
		pinned[i].refs = 1024;
		assert_true(ds_pin_row_length(pinned, N_PINS) <= i);
		fill(pinned);
		pinned[i].page.pgidx = UINT64_C(1) << 40;
		assert_true(ds_pin_row_length(pinned, N_PINS) <= i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_noted_up_to_where_it_says),
		cmocka_unit_test(no_row_is_longer_than_asked_for),
		cmocka_unit_test(a_row_ends_before_a_pin_that_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
