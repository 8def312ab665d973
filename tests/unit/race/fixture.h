/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_UNIT_RACE_FIXTURE_H
#define TESTS_UNIT_RACE_FIXTURE_H

/* A scenario, given as text, alive on a memfd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fs/profiles.h"
#include "race/program.h"
#include "race/search.h"

#define F_STEPS 10000

/* The race of the 2018 patches; see tests/scenarios/early-give-up.scn. */
#define F_EARLY                                                                \
	"scenario early\nfile A 32K hole 24K+4K\n"                             \
	"task direct\nbefore map A 8K+8K\nbefore touch A 8K+8K\n"              \
	"direct-read A 8K+8K\ntask punch\npunch A 8K+8K\n"

struct f_program {
	struct ds_scenario scenario;
	struct ds_region *region;
	struct ds_program *program;
	struct ds_world *world;
};

static inline void f_parse(const char *text, struct ds_scenario *scenario)
{
	char why[200];

	if (ds_scenario_parse("text", text, scenario, why, sizeof(why)) < 0)
		fail_msg("%s", why);
}

static inline void f_region(struct ds_region **region)
{
	struct ds_region_options options = {.size = 4 << 20};
	char why[200];

	assert_int_equal(ds_region_open(&options, region, why, sizeof(why)), 0);
}

static inline void f_open(struct f_program *f, const char *text, const char *fs)
{
	struct ds_program_options options = {
		.profile = ds_profile_find(fs),
		.checked = true,
	};
	char why[200];

	f_parse(text, &f->scenario);
	f_region(&f->region);
	options.region = f->region;
	if (ds_program_new(&f->scenario, &options, &f->program, why,
			   sizeof(why)) < 0)
		fail_msg("%s", why);
	f->world = ds_program_world(f->program);
}

static inline void f_close(struct f_program *f)
{
	ds_program_free(f->program);
	ds_region_close(f->region);
}

/* Every class of runs. */
static inline void f_search(struct f_program *f,
			    struct ds_search_result *result)
{
	struct ds_search_options options = {
		.kind = DS_SEARCH_SLEEP,
		.max_steps = F_STEPS,
	};

	assert_int_equal(ds_search_run(f->world, &options, result), 0);
	assert_int_equal(result->end, DS_END_COMPLETE);
}

/* What breaks in the run @schedule, bit per property. */
static inline uint32_t f_replay(struct f_program *f,
				const struct ds_schedule *schedule)
{
	size_t diverged;

	assert_int_equal(ds_replay_run(f->world, schedule, &diverged), 0);
	return ds_checks_broken(f->world->checks);
}

#endif
