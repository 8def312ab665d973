// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The reduction on the real thing: small scenarios on real file systems, whose
 * footprints are declared by hand. What plain enumeration finds, final states
 * and broken properties, the search with sleep sets must find, and no more.
 *
 * A state counts with all that its tasks told on the way, so a class of runs
 * that was lost is noticed even if others end alike.
 *
 * Few scenarios are small enough for plain enumeration. For the others, what a
 * bounded and a random search find must be among what the reduced one does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/hashset.h"
#include "fs/profiles.h"
#include "race/program.h"
#include "race/search.h"

#define MAX_PLAIN  400000
#define MAX_SAMPLE 8000

#define DIRECT                                                                 \
	"file A 16K\n"                                                         \
	"task direct\n"                                                        \
	"	before map A 8K+8K\n"                                                \
	"	before touch A 8K+8K\n"

/* Those whose plain search ends. */
static const char *const small[] = {
	"scenario load-punch\n" DIRECT "	load A 8K+4K\n"
	"task other\n	punch A 8K+4K\n",

	"scenario load-truncate\n" DIRECT "	load A 8K+4K\n"
	"task other\n	truncate A 8K\n",

	"scenario read-write\nfile A 8K\n"
	"task reader\n	read A 0+8K\n"
	"task writer\n	write A 4K+4K\n",

	"scenario two-pins\n" DIRECT "	pin A 8K+4K\n	unpin\n"
	"task other\n	before map A 8K+4K\n	before touch A 8K+4K\n"
	"	pin A 8K+4K\n	unpin\n",
};

static const char *const large[] = {
	"scenario two-faults\nfile A 8K\n"
	"task one\n	before map A 0+8K\n	load A 4K+4K\n"
	"task two\n	before map A 4K+4K\n	load A 4K+4K\n",

	"scenario signal\n" DIRECT "	pin A 8K+4K\n	unpin\n"
	"task other\n	truncate A 8K\n"
	"task third\n	signal other\n",

	"scenario one-page\n" DIRECT "	direct-read A 8K+4K\n"
	"task other\n	truncate A 8K\n",

	"scenario early-give-up\n"
	"file A 32K hole 24K+4K\n"
	"task direct\n"
	"	before map A 8K+8K\n"
	"	before touch A 8K+8K\n"
	"	direct-read A 8K+8K\n"
	"task punch\n	punch A 8K+8K\n",
};

static const char *const profiles[] = {"ext4-4.18", "ext4-v3", "ext4-4.19",
				       "xfs-4.19"};

/* What each task told so far; rewound. */
struct told {
	uint64_t hash[DS_TASKS_MAX];
};

struct outcome {
	const struct told *told;
	struct ds_search_result result;
	struct t_set states;
};

static void listen(void *arg, const struct ds_event *event)
{
	struct told *told = arg;
	const char *text = event->text;

	if (event->kind != DS_EV_TOLD || event->task >= DS_TASKS_MAX)
		return;
	for (; *text; text++)
		told->hash[event->task] = ds_hash_step(told->hash[event->task],
						       (unsigned char)*text);
}

static void note_state(void *arg, struct ds_world *world)
{
	struct outcome *outcome = arg;
	uint64_t hash = ds_world_hash(world);
	unsigned int i;

	for (i = 0; i < world->sched->n_tasks; i++)
		hash = ds_hash_step(hash, outcome->told->hash[i]);
	hash = ds_hash_step(hash, world->sched->end);
	hash = ds_hash_step(hash, ds_checks_broken(world->checks));
	hash = ds_hash_step(hash, world->checks->warned);
	t_set_add(&outcome->states, hash);
}

static struct told *listen_to(struct ds_world *world)
{
	struct told *told = ds_arena_alloc(world->arena, sizeof(*told));

	assert_non_null(told);
	ds_events_observe(&world->events, listen, told);
	world->events.telling = true;
	/* From here on it belongs to what every run starts with. */
	assert_int_equal(ds_world_mark(world), 0);
	return told;
}

static void search(struct ds_world *world, const struct told *told,
		   enum ds_search_kind kind, unsigned int bound,
		   uint64_t budget, struct outcome *outcome)
{
	const struct ds_search_options options = {
		.kind = kind,
		.bound = bound,
		.budget = budget,
		.seed = 1,
		.max_steps = 1000,
		.ran = note_state,
		.ran_arg = outcome,
	};

	outcome->told = told;
	t_set_init(&outcome->states);
	assert_int_equal(ds_search_run(world, &options, &outcome->result), 0);
	assert_int_equal(outcome->result.limited, 0);
}

static void forget(struct outcome *outcome)
{
	ds_search_result_free(&outcome->result);
	t_set_fini(&outcome->states);
}

static bool is_part(const struct outcome *part, const struct outcome *all)
{
	return t_set_is_part(&part->states, &all->states) &&
	       !(part->result.broken & ~all->result.broken) &&
	       !(part->result.warned & ~all->result.warned);
}

static struct ds_program *bring_to_life(const char *text, const char *profile,
					struct ds_region *region)
{
	const struct ds_program_options options = {
		.profile = ds_profile_find(profile),
		.region = region,
		.checked = true,
	};
	struct ds_program *program = NULL;
	struct ds_scenario scenario;
	char why[300];

	if (ds_scenario_parse("test", text, &scenario, why, sizeof(why)) < 0 ||
	    ds_program_new(&scenario, &options, &program, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	return program;
}

static void say(const char *text, const char *profile,
		const struct outcome *all, const struct outcome *reduced)
{
	print_message("# %.*s on %s: %llu runs, %zu states, broken %#x; "
		      "reduced: %llu runs, %zu states, broken %#x\n",
		      (int)strcspn(text, "\n"), text, profile,
		      (unsigned long long)all->result.interleavings,
		      all->states.n, all->result.broken,
		      (unsigned long long)reduced->result.interleavings,
		      reduced->states.n, reduced->result.broken);
}

static void compare_with_plain(const char *text, const char *profile,
			       struct ds_world *world)
{
	const struct told *told = listen_to(world);
	struct outcome plain, reduced;

	search(world, told, DS_SEARCH_PLAIN, 0, MAX_PLAIN, &plain);
	search(world, told, DS_SEARCH_SLEEP, 0, 0, &reduced);
	say(text, profile, &plain, &reduced);
	assert_int_equal(plain.result.end, DS_END_COMPLETE);
	assert_int_equal(reduced.result.end, DS_END_COMPLETE);
	assert_true(is_part(&plain, &reduced));
	assert_true(is_part(&reduced, &plain));
	forget(&plain);
	forget(&reduced);
}

static void compare_with_samples(const char *text, const char *profile,
				 struct ds_world *world)
{
	const struct told *told = listen_to(world);
	struct outcome bound, sample, reduced;

	search(world, told, DS_SEARCH_SLEEP, 0, 0, &reduced);
	search(world, told, DS_SEARCH_BOUND, 3, MAX_SAMPLE, &bound);
	say(text, profile, &bound, &reduced);
	search(world, told, DS_SEARCH_RANDOM, 0, MAX_SAMPLE, &sample);
	say(text, profile, &sample, &reduced);
	assert_int_equal(reduced.result.end, DS_END_COMPLETE);
	assert_true(is_part(&bound, &reduced));
	assert_true(is_part(&sample, &reduced));
	forget(&bound);
	forget(&sample);
	forget(&reduced);
}

static void compare_all(const char *const *texts, size_t n,
			void (*compare)(const char *text, const char *profile,
					struct ds_world *world))
{
	const struct ds_region_options options = {.size = 1 << 20};
	struct ds_region *region;
	char why[200];
	size_t i, j;

	assert_int_equal(ds_region_open(&options, &region, why, sizeof(why)),
			 0);
	for (i = 0; i < n; i++)
		for (j = 0; j < sizeof(profiles) / sizeof(profiles[0]); j++) {
			struct ds_program *program =
				bring_to_life(texts[i], profiles[j], region);

			compare(texts[i], profiles[j],
				ds_program_world(program));
			ds_program_free(program);
		}
	ds_region_close(region);
}

static void small_scenarios_lose_nothing(void **state)
{
	(void)state;
	compare_all(small, sizeof(small) / sizeof(small[0]),
		    compare_with_plain);
}

static void large_scenarios_lose_nothing_that_samples_find(void **state)
{
	(void)state;
	compare_all(large, sizeof(large) / sizeof(large[0]),
		    compare_with_samples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_scenarios_lose_nothing),
		cmocka_unit_test(
			large_scenarios_lose_nothing_that_samples_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
