// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A universe may hold so many bytes and no more: whatever the limit, it is made
 * whole or not at all, calls say so, and a search is void.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>

#include "dma/direct.h"
#include "file/vfs.h"
#include "fs/profiles.h"
#include "race/search.h"

#define PAGE   DS_PAGE_SIZE
#define PUNCH  (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define PLENTY ((size_t)64 << 20)

struct fixture {
	struct ds_region *region;
	struct ds_world *world;
	struct ds_file *file;
	uint64_t addr;
};

static int make_region(void **state)
{
	static struct fixture fixture;
	struct ds_region_options options = {.size = 256 * PAGE};
	char why[128];

	*state = &fixture;
	return ds_region_open(&options, &fixture.region, why, sizeof(why));
}

static int drop_region(void **state)
{
	struct fixture *fixture = *state;

	ds_region_close(fixture->region);
	return 0;
}

static int make_world(struct fixture *fixture, const char *fs, size_t memory,
		      bool concurrent)
{
	struct ds_world_options options = {
		.profile = ds_profile_find(fs),
		.region = fixture->region,
		.n_zones = 1,
		.table_bits = 2,
		.tree_shift = 2,
		.concurrent = concurrent,
		.victim = true,
		.shadow = true,
		.checked = true,
		.memory = memory,
	};

	fixture->world = NULL;
	return ds_world_new(&options, &fixture->world);
}

static void a_world_is_made_whole_or_not_at_all(void **state)
{
	struct fixture *fixture = *state;
	unsigned int n_failed = 0;
	size_t memory;
	int r = -ENOMEM;

	for (memory = 1; r < 0; memory += 64, n_failed++) {
		r = make_world(fixture, "ext4-4.19", memory, false);
		if (r == 0)
			break;
		assert_int_equal(r, -ENOMEM);
		assert_null(fixture->world);
	}
	assert_true(n_failed > 50);
	ds_world_free(fixture->world);
}

/* ------------------------------ Ordinary calls ---------------------------- */

/* What a call may return when memory is short: what it always may, or that. */
static bool out_of_memory(int64_t result, bool *failed)
{
	*failed |= result == -ENOMEM;
	return result < 0;
}

static void use_mapping(struct fixture *fixture, bool *failed)
{
	struct ds_task *task = fixture->world->setup;
	struct ds_space *space = fixture->world->space;
	unsigned char bytes[3 * PAGE] = "bytes";
	struct ds_direct direct;
	uint64_t addr;

	if (out_of_memory(ds_vfs_mmap(task, space, fixture->file, 0, 8 * PAGE,
				      true, &addr),
			  failed))
		return;
	out_of_memory(ds_space_access(task, space, addr, bytes, sizeof(bytes),
				      true),
		      failed);
	out_of_memory(ds_space_access(task, space, addr + 4 * PAGE, bytes, 100,
				      false),
		      failed);
	if (!out_of_memory(ds_direct_begin(task, space, addr + PAGE, 3 * PAGE,
					   true, &direct),
			   failed)) {
		ds_direct_transfer(task, &direct, bytes);
		ds_direct_end(task, &direct);
	}
	out_of_memory(ds_space_unmap(task, space,
				     (struct ds_vpn){addr / PAGE + 3},
				     (struct ds_vpn){addr / PAGE + 5}),
		      failed);
}

static void use_blocks(struct fixture *fixture, bool *failed)
{
	static const int modes[] = {0, PUNCH, FALLOC_FL_INSERT_RANGE,
				    FALLOC_FL_COLLAPSE_RANGE,
				    FALLOC_FL_ZERO_RANGE};
	struct ds_task *task = fixture->world->setup;
	unsigned int i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		out_of_memory(ds_vfs_fallocate(task, fixture->file, modes[i],
					       (int64_t)(i * PAGE), 2 * PAGE),
			      failed);
	out_of_memory(ds_vfs_fsync(task, fixture->file), failed);
	out_of_memory(ds_vfs_ftruncate(task, fixture->file, 5000), failed);
}

/* Return: whether a call met the limit. */
static bool use_everything(struct fixture *fixture)
{
	struct ds_task *task = fixture->world->setup;
	struct ds_super *super = fixture->world->super;
	unsigned char bytes[PAGE] = "bytes";
	bool failed = false;
	unsigned int i;

	if (out_of_memory(ds_vfs_open(task, super, "A", O_RDWR | O_CREAT,
				      &fixture->file),
			  &failed))
		return failed;
	/* Every second page: extents that do not merge. */
	for (i = 0; i < 40; i++)
		out_of_memory(ds_vfs_pwrite(task, fixture->file, bytes, PAGE,
					    (int64_t)(2 * i * PAGE)),
			      &failed);
	use_mapping(fixture, &failed);
	use_blocks(fixture, &failed);
	out_of_memory(ds_vfs_close(task, fixture->file), &failed);
	return failed;
}

/* With every limit from that which a world needs to that which calls need. */
static void calls_without_memory_say_so(void **state)
{
	static const char *const fs[] = {"ext4-4.19", "xfs-4.19", "ext4-6.1"};
	struct fixture *fixture = *state;
	unsigned int i, n_failed;
	size_t memory;

	for (i = 0; i < sizeof(fs) / sizeof(fs[0]); i++) {
		memory = 1;
		n_failed = 0;
		while (make_world(fixture, fs[i], memory, true) < 0)
			memory += 64;
		while (use_everything(fixture)) {
			n_failed++;
			ds_world_free(fixture->world);
			memory += 64;
			assert_int_equal(
				make_world(fixture, fs[i], memory, true), 0);
		}
		ds_world_free(fixture->world);
		assert_true(n_failed > 50);
	}
}

/* --------------------------------- Searches ------------------------------- */

static void direct_read(struct ds_task *task, void *arg)
{
	struct fixture *fixture = arg;
	unsigned char bytes[PAGE] = "device";
	struct ds_direct direct;

	if (ds_direct_begin(task, fixture->world->space, fixture->addr, PAGE,
			    true, &direct) < 0)
		return;
	ds_direct_transfer(task, &direct, bytes);
	ds_direct_end(task, &direct);
}

static void punch(struct ds_task *task, void *arg)
{
	struct fixture *fixture = arg;

	ds_vfs_fallocate(task, fixture->file, PUNCH, 0, PAGE);
}

/* Everything up to the first run. Return: 0 or -ENOMEM. */
static int prepare(struct fixture *fixture, enum ds_turns turns)
{
	struct ds_world *world = fixture->world;
	struct ds_task *task = world->setup;
	unsigned char bytes[4 * PAGE] = "file";
	int64_t r;

	r = ds_vfs_open(task, world->super, "A", O_RDWR | O_CREAT,
			&fixture->file);
	if (r == 0)
		r = ds_vfs_pwrite(task, fixture->file, bytes, sizeof(bytes), 0);
	if (r >= 0)
		r = ds_vfs_mmap(task, world->space, fixture->file, 0, 4 * PAGE,
				true, &fixture->addr);
	if (r == 0)
		r = ds_sched_spawn(world->sched, world->arena, "direct",
				   direct_read, fixture, NULL);
	if (r == 0)
		r = ds_sched_spawn(world->sched, world->arena, "punch", punch,
				   fixture, NULL);
	if (r == 0)
		r = ds_sched_prepare(world->sched, turns);
	return r == 0 ? ds_world_mark(world) : (int)r;
}

/* How a kind of turns is searched, in a time that can be borne. */
static struct ds_search_options how(enum ds_turns turns)
{
	struct ds_search_options options = {.max_steps = 1000};

	if (turns == DS_TURNS_BATON)
		options.kind = DS_SEARCH_BOUND;
	if (turns == DS_TURNS_FREE) {
		options.kind = DS_SEARCH_RANDOM;
		options.budget = 10;
	}
	return options;
}

/* Return: 0 when everything worked, or -ENOMEM; counts searches that failed. */
static int search(struct fixture *fixture, enum ds_turns turns, size_t memory,
		  unsigned int *n_void, struct ds_search_result *ret_result)
{
	struct ds_search_options options = how(turns);
	int r;

	r = make_world(fixture, "ext4-4.19", memory, turns == DS_TURNS_FREE);
	if (r < 0)
		return r;
	r = prepare(fixture, turns);
	if (r == 0) {
		r = ds_search_run(fixture->world, &options, ret_result);
		*n_void += r < 0;
		if (r == 0)
			ds_search_result_free(ret_result);
	}
	ds_world_free(fixture->world);
	return r;
}

static void void_until_enough(struct fixture *fixture, enum ds_turns turns)
{
	struct ds_search_result plenty, result;
	unsigned int n_void = 0;
	size_t memory;
	int r = -ENOMEM;

	assert_int_equal(search(fixture, turns, PLENTY, &n_void, &plenty), 0);
	assert_true(plenty.interleavings > 1);
	assert_int_equal(plenty.broken, 0);
	for (memory = 1; r < 0; memory += 64) {
		r = search(fixture, turns, memory, &n_void, &result);
		if (r < 0)
			assert_int_equal(r, -ENOMEM);
	}
	/* Some worlds were large enough to begin with and too small to end. */
	assert_true(n_void > 1);
	assert_int_equal(result.end, plenty.end);
	assert_int_equal(result.interleavings, plenty.interleavings);
	assert_int_equal(result.steps, plenty.steps);
	assert_int_equal(result.broken, 0);
}

static void a_search_without_memory_is_void(void **state)
{
	void_until_enough(*state, DS_TURNS_FIBER);
}

static void so_is_one_with_the_baton(void **state)
{
	void_until_enough(*state, DS_TURNS_BATON);
}

static void so_are_free_runs(void **state)
{
	void_until_enough(*state, DS_TURNS_FREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_world_is_made_whole_or_not_at_all),
		cmocka_unit_test(calls_without_memory_say_so),
		cmocka_unit_test(a_search_without_memory_is_void),
		cmocka_unit_test(so_is_one_with_the_baton),
		cmocka_unit_test(so_are_free_runs),
	};

	return cmocka_run_group_tests(tests, make_region, drop_region);
}
