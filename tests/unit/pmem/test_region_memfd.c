// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "pmem/region.h"

static void without_options_a_region_is_16_mib_of_zeros(void **state)
{
	const struct ds_region_options options = {.path = NULL};
	struct ds_region *region;
	char line[128] = "";

	(void)state;
	assert_int_equal(ds_region_open(&options, &region, line, sizeof(line)),
			 0);
	assert_int_equal(region->kind, DS_REGION_MEMFD);
	assert_int_equal(region->size, 16 << 20);
	assert_int_equal(region->offset, 0);
	assert_int_equal(region->align, 4096);
	assert_string_equal(region->path, "memfd");
	for (uint64_t i = 0; i < region->size; i += 4096)
		assert_int_equal(region->base[i], 0);
	ds_region_close(region);
}

static void rereading_sees_what_was_stored(void **state)
{
	const struct ds_region_options options = {.size = 12288};
	struct ds_region *region;
	unsigned char buf[8192];
	char line[128];

	(void)state;
	assert_int_equal(ds_region_open(&options, &region, line, sizeof(line)),
			 0);
	for (unsigned int i = 0; i < 12288; i++)
		region->base[i] = (unsigned char)(i / 4096 + i);
	assert_int_equal(ds_region_flush(region, region->base + 1, 12287), 0);
	assert_int_equal(ds_region_reread(region, 100, buf, sizeof(buf)), 0);
	assert_memory_equal(buf, region->base + 100, sizeof(buf));
	assert_int_equal(ds_region_reread(region, 12287, buf, 1), 0);
	assert_int_equal(buf[0], region->base[12287]);
	assert_int_equal(ds_region_reread(region, 12288, buf, 0), 0);
	assert_int_equal(ds_region_flush(region, region->base + 12288, 0), 0);
	assert_true(strlen(ds_region_flush_name(region)) > 0);
	ds_region_close(region);
}

static void two_regions_are_two_memories(void **state)
{
	const struct ds_region_options options = {.size = 4096};
	struct ds_region *a, *b;
	char line[128];

	(void)state;
	assert_int_equal(ds_region_open(&options, &a, line, sizeof(line)), 0);
	assert_int_equal(ds_region_open(&options, &b, line, sizeof(line)), 0);
	a->base[0] = 1;
	assert_int_equal(b->base[0], 0);
	ds_region_close(a);
	ds_region_close(b);
}

static void odd_sizes_and_offsets_are_refused(void **state)
{
	struct ds_region_options options = {.size = 5000};
	struct ds_region *region = NULL;
	char line[128];

	(void)state;
	assert_int_equal(ds_region_open(&options, &region, line, sizeof(line)),
			 -EINVAL);
	assert_non_null(strstr(line, "memfd: "));
	assert_non_null(strstr(line, "nearest valid size is 4096"));
	options.size = 4096;
	options.offset = 4096;
	assert_int_equal(ds_region_open(&options, &region, line, sizeof(line)),
			 -EINVAL);
	assert_non_null(strstr(line, "nearest valid offset is 0"));
	assert_null(region);
}

/* More than an address space holds: the host fails, nothing is left over. */
static void a_size_the_host_cannot_map_is_its_error(void **state)
{
	struct ds_region_options options = {.size = UINT64_C(1) << 62};
	struct ds_region *region = NULL;
	char line[128];

	(void)state;
	assert_int_equal(ds_region_open(&options, &region, line, sizeof(line)),
			 -ENOMEM);
	assert_null(region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_a_region_is_16_mib_of_zeros),
		cmocka_unit_test(rereading_sees_what_was_stored),
		cmocka_unit_test(two_regions_are_two_memories),
		cmocka_unit_test(odd_sizes_and_offsets_are_refused),
		cmocka_unit_test(a_size_the_host_cannot_map_is_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
