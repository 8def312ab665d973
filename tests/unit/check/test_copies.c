// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/copies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pmem/frame.h"

#define SIZE (4 * DS_PAGE_SIZE)

static void copied(struct ds_copies *copies, uint64_t place, uint64_t page)
{
	const struct ds_event event = {
		.kind = DS_EV_COPIED,
		.inode = 1,
		.place = place,
		.page.pgidx = page,
	};

	ds_copies_follow(copies, &event, SIZE);
}

static void dropped(struct ds_copies *copies, uint64_t place)
{
	const struct ds_event event = {
		.kind = DS_EV_COPY_DROPPED,
		.place = place,
	};

	ds_copies_follow(copies, &event, 0);
}

static void resized(struct ds_copies *copies, uint32_t inode, uint64_t size)
{
	const struct ds_event event = {
		.kind = DS_EV_SIZE_CHANGED,
		.inode = inode,
		.offset = size,
	};

	ds_copies_follow(copies, &event, 0);
}

static void called(struct ds_copies *copies, const char *name, bool enter)
{
	const struct ds_event event = {
		.kind = enter ? DS_EV_CALL_ENTERED : DS_EV_CALL_LEFT,
		.task = 2,
		.text = name,
	};

	ds_copies_follow(copies, &event, 0);
}

static bool is_wrong(const struct ds_copies *copies, uint64_t place,
		     uint64_t pfn)
{
	const struct ds_event event = {
		.kind = DS_EV_LOADED_BYTES,
		.place = place,
		.pfn.pfn = pfn,
	};

	return ds_copies_judge(copies, &event) != NULL;
}

static void one_that_is_not_wanted_is_gone(void **state)
{
	struct ds_copies copies = {0};

	(void)state;
	copied(&copies, 5, 1);
	copied(&copies, 7, 1);
	dropped(&copies, 6);
	assert_int_equal(copies.n, 2);
	dropped(&copies, 5);
	assert_int_equal(copies.n, 1);
	assert_false(is_wrong(&copies, 5, 9));
	assert_true(is_wrong(&copies, 5, DS_ANON_FIRST));
	assert_true(is_wrong(&copies, 7, 9));
	assert_int_equal(copies.all[1].place, 0);
}

static void a_copy_is_met_until_the_file_is_cut_below_it(void **state)
{
	struct ds_copies copies = {0};

	(void)state;
	assert_false(is_wrong(&copies, 5, 9));
	copied(&copies, 5, 1);
	assert_true(is_wrong(&copies, 5, 9));
	assert_false(is_wrong(&copies, 5, DS_ANON_FIRST));
	assert_false(is_wrong(&copies, 6, 9));
	resized(&copies, 2, 0);
	resized(&copies, 1, DS_PAGE_SIZE + 1);
	assert_true(is_wrong(&copies, 5, 9));
	resized(&copies, 1, DS_PAGE_SIZE);
	assert_false(is_wrong(&copies, 5, 9));
	assert_true(is_wrong(&copies, 5, DS_ANON_FIRST));
}

static void while_a_file_is_cut_copies_may_be_left(void **state)
{
	struct ds_copies copies = {0};

	(void)state;
	called(&copies, "ftruncate", true);
	copied(&copies, 5, 7);
	assert_int_equal(copies.n, 0);
	assert_false(is_wrong(&copies, 5, DS_ANON_FIRST));
	called(&copies, "punch", false);
	assert_false(is_wrong(&copies, 5, DS_ANON_FIRST));
	called(&copies, "ftruncate", false);
	assert_true(is_wrong(&copies, 5, DS_ANON_FIRST));
}

static void the_order_of_copies_is_no_state(void **state)
{
	struct ds_copies a = {0}, b = {0};
	struct ds_digest of_a = {0, 0}, of_b = {0, 0};

	(void)state;
	copied(&a, 5, 1);
	copied(&a, 3, 2);
	copied(&b, 3, 2);
	copied(&b, 5, 1);
	copied(&b, 5, 1);
	ds_copies_digest(&a, &of_a);
	ds_copies_digest(&b, &of_b);
	assert_true(ds_digest_equal(of_a, of_b));
	resized(&b, 1, 2 * DS_PAGE_SIZE);
	of_b = (struct ds_digest){0, 0};
	ds_copies_digest(&b, &of_b);
	assert_false(ds_digest_equal(of_a, of_b));
}

static void with_too_many_nothing_is_judged(void **state)
{
	struct ds_copies copies = {0};
	uint64_t i;

	(void)state;
	for (i = 0; i < DS_COPIES_MAX; i++)
		copied(&copies, 100 + i, 0);
	assert_true(is_wrong(&copies, 100, 9));
	copied(&copies, 1, 0);
	assert_false(is_wrong(&copies, 100, 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_not_wanted_is_gone),
		cmocka_unit_test(a_copy_is_met_until_the_file_is_cut_below_it),
		cmocka_unit_test(while_a_file_is_cut_copies_may_be_left),
		cmocka_unit_test(the_order_of_copies_is_no_state),
		cmocka_unit_test(with_too_many_nothing_is_judged),
	};

	return cmocka_run_group_tests_name("check/copies", tests, NULL, NULL);
}
