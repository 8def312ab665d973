/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_SUPPORT_TOY_H
#define TESTS_SUPPORT_TOY_H

/*
 * A world whose files nobody uses: its tasks play with cells, which are what
 * there is to search.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fs/profiles.h"
#include "race/search.h"

struct t_toy {
	struct ds_region *region;
	struct ds_world *world;
};

static inline void t_toy_init(struct t_toy *toy)
{
	const struct ds_region_options region = {.size = 64 * DS_PAGE_SIZE};
	struct ds_world_options world = {
		.profile = ds_profile_find("ext4-4.19"),
		.n_zones = 1,
		.table_bits = 4,
		.tree_shift = 3,
		.checked = true,
		.memory = (size_t)1 << 20,
	};
	char why[200];

	assert_int_equal(
		ds_region_open(&region, &toy->region, why, sizeof(why)), 0);
	world.region = toy->region;
	assert_int_equal(ds_world_new(&world, &toy->world), 0);
}

static inline void t_toy_fini(struct t_toy *toy)
{
	ds_world_free(toy->world);
	ds_region_close(toy->region);
}

/* Memory that is rewound. */
static inline void *t_toy_alloc(struct t_toy *toy, size_t size)
{
	void *mem = ds_arena_alloc(toy->world->arena, size);

	assert_non_null(mem);
	return mem;
}

static inline void t_toy_spawn(struct t_toy *toy, ds_task_fn fn, void *arg)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct ds_sched *sched = toy->world->sched;

	assert_true(sched->n_tasks < 4);
	assert_int_equal(ds_sched_spawn(sched, toy->world->arena,
					names[sched->n_tasks], fn, arg, NULL),
			 0);
}

/* All is in place: the searches to come start here. */
static inline void t_toy_start(struct t_toy *toy)
{
	assert_int_equal(ds_sched_prepare(toy->world->sched, DS_TURNS_FIBER),
			 0);
	assert_int_equal(ds_world_mark(toy->world), 0);
}

static inline ds_obj t_cell(unsigned int i)
{
	return ds_object(DS_OBJ_CELL, 0xffff, i);
}

#endif
