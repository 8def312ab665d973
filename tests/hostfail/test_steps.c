// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * No step takes memory from the host: a run is reset by rewinding and works in
 * what the runs before it left. A search may take some while it sees pages for
 * the first time; the same search again may only keep what it found.
 *
 * Linked with --wrap, so that the library's calls come here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "fs/profiles.h"
#include "race/cells.h"
#include "race/program.h"
#include "race/search.h"

#define RUNS 400

/* Calls that take memory or give it back: up to now, and in between. */
static struct {
	uint64_t n_calls;
	uint64_t n_runs;
	uint64_t at_first_run, at_last_run;
} host;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *mem, size_t size);
void __real_free(void *mem);
void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset);
void *__real_mmap64(void *addr, size_t len, int prot, int flags, int fd,
		    off_t offset);
int __real_munmap(void *addr, size_t len);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *mem, size_t size);
void __wrap_free(void *mem);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd,
		    off_t offset);
int __wrap_munmap(void *addr, size_t len);

static void count(void)
{
	host.n_calls++;
}

void *__wrap_malloc(size_t size)
{
	count();
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	count();
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *mem, size_t size)
{
	count();
	return __real_realloc(mem, size);
}

void __wrap_free(void *mem)
{
	count();
	__real_free(mem);
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset)
{
	count();
	return __real_mmap(addr, len, prot, flags, fd, offset);
}

void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd,
		    off_t offset)
{
	count();
	return __real_mmap64(addr, len, prot, flags, fd, offset);
}

int __wrap_munmap(void *addr, size_t len)
{
	count();
	return __real_munmap(addr, len);
}

/* ---------------------------------- Runs ---------------------------------- */

/* What a search does before its first run and behind its last is its own. */
static void ran(void *arg, struct ds_world *world)
{
	(void)arg;
	(void)world;
	if (!host.n_runs++)
		host.at_first_run = host.n_calls;
	host.at_last_run = host.n_calls;
}

static void search_twice(const struct ds_scenario *scenario,
			 const struct ds_program_options *how,
			 enum ds_search_kind kind)
{
	const struct ds_search_options options = {
		.kind = kind,
		.bound = 2,
		.budget = RUNS,
		.max_steps = 10000,
		.ran = ran,
	};
	struct ds_search_result result;
	struct ds_program *program;
	unsigned int twice, grown, kept;
	char why[256];

	assert_int_equal(
		ds_program_new(scenario, how, &program, why, sizeof(why)), 0);
	for (twice = 0; twice < 2; twice++) {
		host.n_runs = 0;
		assert_int_equal(ds_search_run(ds_program_world(program),
					       &options, &result),
				 0);
		ds_search_result_free(&result);
	}
	assert_true(host.n_runs > 1);
	/*
	 * What is found keeps its run, and the longest run so far makes room:
	 * both grow by doubling.
	 */
	assert_true(result.max_depth <= 256);
	grown = result.max_depth > 128;
	kept = (unsigned int)(__builtin_popcount(result.broken) +
			      __builtin_popcount(result.warned));
	assert_in_range(host.at_last_run - host.at_first_run, 0,
			kept + grown * (kept + 1));
	ds_program_free(program);
}

static void search_every_cell(enum ds_search_kind kind, enum ds_turns turns)
{
	struct ds_region_options small = {.size = 1 << 20};
	struct ds_program_options how = {.turns = turns, .checked = true};
	struct ds_scenario scenario;
	unsigned int i, j, touched;
	char why[256];

	assert_int_equal(ds_region_open(&small, &how.region, why, sizeof(why)),
			 0);
	how.profile = ds_profile_find("ext4-4.19");
	for (i = 0; ds_spec_op_at(i); i++)
		for (j = 0; ds_cell_pin_at(j); j++)
			for (touched = 0; touched < 2; touched++) {
				if (!ds_spec_op_at(i)->proved ||
				    !ds_cell_pin_at(j)->proved)
					continue;
				assert_int_equal(
					ds_cell_scenario(ds_spec_op_at(i),
							 ds_cell_pin_at(j),
							 touched, &scenario),
					0);
				search_twice(&scenario, &how, kind);
			}
	ds_region_close(how.region);
}

static void no_step_of_a_search_by_source_sets_takes_memory(void **state)
{
	(void)state;
	search_every_cell(DS_SEARCH_SOURCE, DS_TURNS_FIBER);
}

static void nor_of_one_by_sleep_sets(void **state)
{
	(void)state;
	search_every_cell(DS_SEARCH_SLEEP, DS_TURNS_FIBER);
}

static void nor_of_a_plain_one(void **state)
{
	(void)state;
	search_every_cell(DS_SEARCH_PLAIN, DS_TURNS_FIBER);
}

static void nor_of_a_bounded_one(void **state)
{
	(void)state;
	search_every_cell(DS_SEARCH_BOUND, DS_TURNS_FIBER);
}

static void nor_of_a_random_one(void **state)
{
	(void)state;
	search_every_cell(DS_SEARCH_RANDOM, DS_TURNS_FIBER);
}

static void nor_of_one_by_priorities(void **state)
{
	(void)state;
	search_every_cell(DS_SEARCH_PCT, DS_TURNS_FIBER);
}

static void nor_one_on_threads(void **state)
{
	(void)state;
	search_every_cell(DS_SEARCH_BOUND, DS_TURNS_BATON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			no_step_of_a_search_by_source_sets_takes_memory),
		cmocka_unit_test(nor_of_one_by_sleep_sets),
		cmocka_unit_test(nor_of_a_plain_one),
		cmocka_unit_test(nor_of_a_bounded_one),
		cmocka_unit_test(nor_of_a_random_one),
		cmocka_unit_test(nor_of_one_by_priorities),
		cmocka_unit_test(nor_one_on_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
