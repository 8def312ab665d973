// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The search through interleavings: switching between tasks; two textbook
 * programs whose number of different runs is known; and scenarios of the real
 * code, searched to the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "fs/profiles.h"
#include "perf/search_relacy.h"
#include "perf/suites.h"
#include "perf/world.h"
#include "race/builtin.h"
#include "race/program.h"
#include "race/search.h"
#include "sched/switch.h"

#define STACK_SIZE  65536
#define WINDOW_SIZE (UINT64_C(4) << 20) /* as much as prove takes */

/* -------------------------------- Switches -------------------------------- */

struct fibers {
	void *main_place, *fiber_place;
	ucontext_t main_context, fiber_context;
	void *stacks[2];
};

static void answer(void *arg)
{
	struct fibers *fibers = arg;

	for (;;)
		ds_switch(&fibers->fiber_place, fibers->main_place);
}

static void switch_ours(void *arg, uint64_t n)
{
	struct fibers *fibers = arg;

	/* There and back are two. */
	for (; n > 1; n -= 2)
		ds_switch(&fibers->main_place, fibers->fiber_place);
}

static void answer_context(unsigned int low, unsigned int high)
{
	uintptr_t word = (uintptr_t)high << 32 | low;
	struct fibers *fibers = (struct fibers *)word;

	for (;;)
		swapcontext(&fibers->fiber_context, &fibers->main_context);
}

static void switch_contexts(void *arg, uint64_t n)
{
	struct fibers *fibers = arg;

	for (; n > 1; n -= 2)
		swapcontext(&fibers->main_context, &fibers->fiber_context);
}

static void measure_switch(struct perf *perf)
{
	struct fibers fibers;
	const struct perf_subject subjects[] = {
		{.run = switch_ours, .arg = &fibers},
		{.name = "swapcontext", .run = switch_contexts, .arg = &fibers},
	};
	uintptr_t word = (uintptr_t)&fibers;

	memset(&fibers, 0, sizeof(fibers));
	fibers.stacks[0] = perf_memory(STACK_SIZE);
	fibers.stacks[1] = perf_memory(STACK_SIZE);
	fibers.fiber_place =
		ds_switch_init(fibers.stacks[0], STACK_SIZE, answer, &fibers);
	getcontext(&fibers.fiber_context);
	fibers.fiber_context.uc_stack.ss_sp = fibers.stacks[1];
	fibers.fiber_context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&fibers.fiber_context, (void (*)(void))answer_context, 2,
		    (unsigned int)word, (unsigned int)(word >> 16 >> 16));
	perf_beside(perf, "switch", 1, subjects, 2);
	free(fibers.stacks[0]);
	free(fibers.stacks[1]);
}

/* ---------------------------- Known programs ------------------------------ */

/*
 * What the tasks share. All is under one lock, and nobody looks at it without:
 * a whole section under the lock is one step.
 */
struct shared {
	unsigned int n_times; /* of each task */
	uint64_t count;
	bool gone; /* the second program: the page was taken away */
	unsigned int refs;
	struct ds_waitq_table waiters;
};

static ds_obj the_lock(void)
{
	return ds_object(DS_OBJ_CELL, 1, 0);
}

static void enter_section(struct ds_task *task)
{
	ds_yield(task, DS_AT_CELL, ds_writes(the_lock()));
}

/* W1: each task, some times: lock, count, unlock. */
static void count_locked(struct ds_task *task, void *arg)
{
	struct shared *shared = arg;
	unsigned int i;

	for (i = 0; i < shared->n_times; i++) {
		enter_section(task);
		shared->count++;
	}
}

/* W2: one waits until nobody has the page and takes it away ... */
static void truncate_idle(struct ds_task *task, void *arg)
{
	struct shared *shared = arg;
	ds_obj queue = ds_wait_object(the_lock());

	for (;;) {
		ds_yield(task, DS_AT_CELL, ds_writes(the_lock()),
			 ds_writes(queue));
		if (shared->refs == 1)
			break;
		ds_wait_join(task, &shared->waiters, the_lock(), false);
		ds_wait_sleep(task, the_lock(), false);
	}
	shared->gone = true;
}

/* ... and the others pin it, if it is there, and let it go. */
static void pin_and_unpin(struct ds_task *task, void *arg)
{
	struct shared *shared = arg;

	enter_section(task);
	if (shared->gone)
		return;
	shared->refs++;
	enter_section(task);
	if (--shared->refs == 1)
		ds_wake(task, &shared->waiters, the_lock(), false);
}

struct known {
	const char *name;
	unsigned int n_tasks, n_times; /* 0 times: W2 */
	uint64_t optimum;              /* 0: not known */
	bool is_long;
	bool beside_relacy; /* which takes minutes for the others */
};

/* There are (nk)! / k!^n orders of the k sections of n tasks. */
static const struct known programs[] = {
	{"W1-2x3", 2, 3, 20, false, true},
	{"W1-3x2", 3, 2, 90, false, true},
	{"W1-3x3", 3, 3, 1680, false, false},
	{"W1-4x3", 4, 3, 369600, true, false},
	{"W2-2-pinners", 3, 0, 0, false, false},
	{"W2-3-pinners", 4, 0, 0, false, false},
	{"W2-4-pinners", 5, 0, 0, true, false},
};

static struct ds_world *make_known(const struct known *known,
				   struct ds_region *window)
{
	const struct ds_world_options options = {
		.profile = ds_profile_find("ext4-4.19"),
		.region = window,
		.n_zones = 1,
		.table_bits = 4,
		.tree_shift = 2,
	};
	struct ds_world *world;
	struct shared *shared;
	unsigned int i;

	perf_expect(ds_world_new(&options, &world), "a world");
	shared = ds_arena_alloc(world->arena, sizeof(*shared));
	if (!shared)
		perf_die("no memory");
	shared->n_times = known->n_times;
	shared->refs = 1;
	for (i = 0; i < known->n_tasks; i++)
		perf_expect(ds_sched_spawn(world->sched, world->arena, "task",
					   known->n_times ? count_locked
					   : i            ? pin_and_unpin
							  : truncate_idle,
					   shared, NULL),
			    "a task");
	perf_expect(ds_sched_prepare(world->sched, DS_TURNS_FIBER), "fibers");
	perf_expect(ds_world_mark(world), "the mark");
	return world;
}

/*
 * Searches until it has taken a moment. Return: what was found, the same each
 * time, with the ns of one search in @samples.
 */
static struct ds_search_result search(struct perf *perf, struct ds_world *world,
				      enum ds_search_kind kind,
				      struct perf_samples *samples)
{
	const struct ds_search_options options = {.kind = kind};
	double begin = perf_cpu_ns();
	struct ds_search_result result, first = {0};

	do {
		double start = perf_cpu_ns();

		perf_expect(ds_search_run(world, &options, &result),
			    "a search");
		perf_sample(samples, perf_cpu_ns() - start);
		if (result.end != DS_END_COMPLETE)
			perf_die("a search was not complete");
		if (samples->n == 1)
			first = result;
		if (result.interleavings != first.interleavings ||
		    result.states != first.states)
			perf_die("a search is different the second time");
		ds_search_result_free(&result);
	} while (perf_cpu_ns() - begin < (perf->is_short ? 3e7 : 3e8));
	return first;
}

/* Sends @ours, beside @theirs if these are those of a peer. */
static void report(struct perf *perf, const char *name,
		   struct perf_samples *ours, struct perf_samples *theirs)
{
	if (theirs)
		perf_report(perf, name, 0, "ns", ours, "relacy",
			    theirs->n ? theirs : NULL,
			    theirs->n ? NULL : "not built in");
	else
		perf_report(perf, name, 0, "ns", ours, NULL, NULL, NULL);
}

static void divide(struct perf_samples *samples, uint64_t n)
{
	size_t i;

	for (i = 0; i < samples->n; i++)
		samples->values[i] /= (double)n;
}

/*
 * Runs, or states where these were merged, and the time of all and of one;
 * beside @theirs of @n_theirs runs, or NULL.
 */
static void send(struct perf *perf, const char *name,
		 const struct ds_search_result *result, uint64_t optimum,
		 struct perf_samples *samples, struct perf_samples *theirs,
		 uint64_t n_theirs)
{
	const char *what = result->states ? "states" : "runs";
	uint64_t n = result->states ? result->states
				    : result->interleavings + result->redundant;
	char full[44];

	snprintf(full, sizeof(full), "%s-%s", name, what);
	perf_figure(perf, full, 0, what, (double)n, optimum ? "optimum" : NULL,
		    (double)optimum);
	snprintf(full, sizeof(full), "%s-%s-all", name, what);
	report(perf, full, samples, theirs);
	divide(samples, n);
	if (theirs)
		divide(theirs, n_theirs);
	snprintf(full, sizeof(full), "%s-%s-each", name, what);
	report(perf, full, samples, theirs);
	perf_samples_free(samples);
}

/* Return: how many runs one search of Relacy takes. */
static uint64_t search_by_relacy(struct perf *perf, const struct known *known,
				 struct perf_samples *samples)
{
	double begin = perf_cpu_ns(), start;
	uint64_t n;

	do {
		start = perf_cpu_ns();
		n = perf_relacy_w1(known->n_tasks, known->n_times);
		if (n)
			perf_sample(samples, perf_cpu_ns() - start);
	} while (n && perf_cpu_ns() - begin < (perf->is_short ? 3e7 : 3e8));
	return n;
}

static void measure_known(struct perf *perf, const struct known *known,
			  struct ds_region *window)
{
	struct ds_world *world = make_known(known, window);
	struct perf_samples samples = {0}, theirs = {0};
	struct ds_search_result result;
	uint64_t n_theirs = 0;

	result = search(perf, world, DS_SEARCH_SOURCE, &samples);
	if (known->beside_relacy)
		n_theirs = search_by_relacy(perf, known, &theirs);
	send(perf, known->name, &result, known->optimum, &samples,
	     known->beside_relacy ? &theirs : NULL, n_theirs);
	perf_samples_free(&theirs);
	ds_world_free(world);
}

/* ------------------------------- Scenarios -------------------------------- */

static const struct real {
	const char *scenario, *fs;
	enum ds_search_kind kind;
	bool is_long;
} scenarios[] = {
	{"scenario/early-give-up", "ext4-v3", DS_SEARCH_SOURCE, false},
	{"scenario/early-give-up", "ext4-4.19", DS_SEARCH_SOURCE, false},
	{"scenario/insert", "xfs-4.19", DS_SEARCH_SOURCE, false},
	{"scenario/load-during-truncate", "ext4-4.19", DS_SEARCH_SOURCE, false},
	{"scenario/early-give-up", "ext4-4.19", DS_SEARCH_STATES, false},
	{"scenario/punch-starved", "ext4-4.19", DS_SEARCH_STATES, true},
};

static void measure_real(struct perf *perf, const struct real *real,
			 struct ds_region *window)
{
	struct ds_program_options options = {
		.profile = ds_profile_find(real->fs),
		.region = window,
		.turns = DS_TURNS_FIBER,
		.used = true,
	};
	struct perf_samples samples = {0};
	struct ds_search_result result;
	struct ds_scenario scenario;
	struct ds_program *program;
	char name[24], why[200];

	perf_expect(ds_builtin_find(real->scenario, &scenario), "a scenario");
	if (ds_program_new(&scenario, &options, &program, why, sizeof(why)) < 0)
		perf_die(why);
	result = search(perf, ds_program_world(program), real->kind, &samples);
	snprintf(name, sizeof(name), "%s", strchr(real->scenario, '/') + 1);
	if (strcmp(real->fs, "ext4-v3") == 0)
		strcat(name, "-v3");
	send(perf, name, &result, 0, &samples, NULL, 0);
	ds_program_free(program);
}

void perf_run_search(struct perf *perf)
{
	struct ds_region window = *perf->region;
	unsigned int i;

	if (window.size > WINDOW_SIZE)
		window.size = WINDOW_SIZE;
	measure_switch(perf);
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!perf->is_short || !programs[i].is_long)
			measure_known(perf, &programs[i], &window);
	for (i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		if (!perf->is_short || !scenarios[i].is_long)
			measure_real(perf, &scenarios[i], &window);
}
