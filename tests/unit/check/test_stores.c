// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/stores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void add(struct ds_stores *stores, uint32_t inode, uint64_t page,
		uint64_t pfn)
{
	ds_stores_add(stores, inode, ds_pgidx(page), ds_pfn(pfn));
}

static void a_task_owes_what_was_stored_before_it_began(void **state)
{
	struct ds_stores stores = {0};
	struct ds_pgidx page = {99};

	(void)state;
	add(&stores, 1, 3, 10);
	ds_stores_owe(&stores, 2, 1);
	add(&stores, 1, 0, 5);
	assert_false(ds_stores_settle(&stores, 1, &page));
	assert_true(ds_stores_settle(&stores, 2, &page));
	assert_int_equal(page.pgidx, 3);
	assert_false(ds_stores_settle(&stores, 2, &page));
	ds_stores_owe(&stores, 2, 1);
	assert_true(ds_stores_settle(&stores, 2, &page));
	assert_int_equal(page.pgidx, 0);
}

static void each_file_is_for_itself(void **state)
{
	struct ds_stores stores = {0};
	struct ds_pgidx page;

	(void)state;
	add(&stores, 1, 3, 10);
	ds_stores_owe(&stores, 0, 2);
	assert_false(ds_stores_settle(&stores, 0, &page));
}

static void what_was_flushed_is_owed_by_nobody(void **state)
{
	struct ds_stores stores = {0};
	struct ds_pgidx page = {0};
	uint64_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		add(&stores, 1, i, 20 - i);
	ds_stores_owe(&stores, 0, 1);
	ds_stores_drop(&stores, ds_pfn(17), 3);
	ds_stores_drop(&stores, ds_pfn(20), 1);
	ds_stores_drop(&stores, ds_pfn(1), 9);
	assert_int_equal(stores.n, 1);
	assert_true(ds_stores_settle(&stores, 0, &page));
	assert_int_equal(page.pgidx, 4);
}

static void a_second_store_is_owed_as_the_first_one_is(void **state)
{
	struct ds_stores stores = {0};
	struct ds_pgidx page;

	(void)state;
	add(&stores, 1, 1, 7);
	ds_stores_owe(&stores, 0, 1);
	add(&stores, 1, 1, 7);
	assert_int_equal(stores.n, 1);
	assert_true(ds_stores_settle(&stores, 0, &page));
}

static void too_many_are_not_judged(void **state)
{
	struct ds_stores stores = {0};
	struct ds_pgidx page;
	uint64_t i;

	(void)state;
	for (i = 0; i <= DS_STORES_MAX; i++)
		add(&stores, 1, i, i);
	ds_stores_owe(&stores, 0, 1);
	assert_false(ds_stores_settle(&stores, 0, &page));
}

static struct ds_digest digest_of(const struct ds_stores *stores)
{
	struct ds_digest digest = {0, 0};

	ds_stores_digest(stores, &digest);
	return digest;
}

static void assert_differs(struct ds_digest a, const struct ds_stores *stores)
{
	struct ds_digest b = digest_of(stores);

	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void whatever_counts_changes_the_digest(void **state)
{
	struct ds_stores stores = {0}, other;
	struct ds_digest digest;

	(void)state;
	add(&stores, 1, 1, 7);
	digest = digest_of(&stores);
	other = stores;
	add(&other, 1, 2, 8);
	assert_differs(digest, &other);
	other = stores;
	ds_stores_owe(&other, 3, 1);
	assert_differs(digest, &other);
	other = stores;
	other.too_many = true;
	assert_differs(digest, &other);
	other = stores;
	other.all[0].inode = 2;
	assert_differs(digest, &other);
	other = stores;
	other.all[0].page.pgidx = 2;
	assert_differs(digest, &other);
	other = stores;
	other.all[0].pfn.pfn = 8;
	assert_differs(digest, &other);
}

static void the_order_of_stores_is_forgotten(void **state)
{
	struct ds_stores a = {0}, b = {0};

	(void)state;
	add(&a, 1, 1, 7);
	add(&a, 1, 2, 8);
	add(&b, 1, 2, 8);
	add(&b, 1, 3, 9);
	add(&b, 1, 1, 7);
	ds_stores_drop(&b, ds_pfn(9), 1);
	assert_memory_equal(&a, &b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_owes_what_was_stored_before_it_began),
		cmocka_unit_test(each_file_is_for_itself),
		cmocka_unit_test(what_was_flushed_is_owed_by_nobody),
		cmocka_unit_test(a_second_store_is_owed_as_the_first_one_is),
		cmocka_unit_test(too_many_are_not_judged),
		cmocka_unit_test(whatever_counts_changes_the_digest),
		cmocka_unit_test(the_order_of_stores_is_forgotten),
	};

	return cmocka_run_group_tests_name("stores", tests, NULL, NULL);
}
