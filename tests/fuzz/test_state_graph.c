// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether the digest of a state leaves anything out. If it does not, then what
 * a step leads to is a function of the digest before it and of the task that
 * takes it: the digest behind it, the properties it breaks. And so is all that
 * can be seen at a state: who may go on, what the pending steps declare, how a
 * run ends there. Every step of many runs is compared with what it was the
 * first time, in whatever history that came.
 *
 * Programs: the scenarios in the library and those named on the command line,
 * cells of the proof table, random ones, and one in C. DAXSIM_SEED begins with
 * another random program, DAXSIM_BUDGET multiplies how many there are and how
 * long each is walked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>

#include <daxsim.h>

#include "fs/profiles.h"
#include "race/builtin.h"
#include "race/cells.h"
#include "race/program.h"
#include "sched/current.h"

enum {
	N_WALKS = 400,     /* random runs of one program */
	N_RANDOM = 150,    /* programs */
	MAX_STATES = 2500, /* that are visited in order, of one program */
	MAX_DEPTH = 3000,  /* steps of a run */
	WALK_DEPTH = 300,  /* of a walk without end */
	REGION = 1 << 20,
};

/* What was seen the first time, by digest. */
struct fact {
	struct ds_digest key, value;
};

struct facts {
	struct fact *slots;
	size_t n, n_slots;
};

/* A run to make: these tasks first. */
struct prefix {
	struct prefix *next;
	size_t n;
	unsigned char tasks[];
};

struct graph {
	struct ds_world *world;
	struct facts nodes, edges;
	uint64_t steps;
	struct ds_prng prng;
	const char *broken; /* what is no function of the digest, or NULL */

	/* The present run. */
	const struct prefix *prefix;
	struct prefix *todo;
	bool walking, stopped;
	bool endless; /* some task goes on for ever */
	struct ds_digest before;
	unsigned int task; /* that took the step from there */
	size_t depth;
	unsigned char path[MAX_DEPTH];
};

static void facts_init(struct facts *facts)
{
	facts->n = 0;
	facts->n_slots = 1024;
	facts->slots = calloc(facts->n_slots, sizeof(*facts->slots));
	assert_non_null(facts->slots);
}

static struct fact *find_fact(const struct facts *facts, struct ds_digest key)
{
	size_t i = key.a & (facts->n_slots - 1);

	while (facts->slots[i].key.b &&
	       !ds_digest_equal(facts->slots[i].key, key))
		i = (i + 1) & (facts->n_slots - 1);
	return &facts->slots[i];
}

static void grow_facts(struct facts *facts)
{
	struct facts old = *facts;
	size_t i;

	facts->n_slots *= 4;
	facts->slots = calloc(facts->n_slots, sizeof(*facts->slots));
	assert_non_null(facts->slots);
	for (i = 0; i < old.n_slots; i++)
		if (old.slots[i].key.b)
			*find_fact(facts, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

/* Return: whether @value is what @key had before, if anything. */
static bool agrees(struct facts *facts, struct ds_digest key,
		   struct ds_digest value, bool *ret_fresh)
{
	struct fact *fact;

	if (facts->n * 2 >= facts->n_slots)
		grow_facts(facts);
	key.b |= 1; /* 0 is an empty slot */
	fact = find_fact(facts, key);
	*ret_fresh = !fact->key.b;
	if (!*ret_fresh)
		return ds_digest_equal(fact->value, value);
	*fact = (struct fact){key, value};
	facts->n++;
	return true;
}

/*
 * What a search would read at a state without taking a step, and, by another
 * way than the digest's, what files, caches and page tables hold: of one state
 * in four, since that reads all the bytes.
 */
static struct ds_digest look(const struct graph *graph, struct ds_digest now,
			     uint32_t enabled)
{
	const struct ds_sched *sched = graph->world->sched;
	struct ds_digest seen = {enabled, 0};
	unsigned int i, j;

	if (now.a % 4 == 0)
		ds_digest_add(&seen, ds_world_hash(graph->world));
	for (i = 0; i < sched->n_tasks; i++) {
		const struct ds_task *task = sched->tasks[i];

		ds_digest_add(&seen, task->at);
		ds_digest_add(&seen, task->n_accesses);
		for (j = 0; j < task->n_accesses; j++) {
			ds_digest_add(&seen, task->accesses[j].obj);
			ds_digest_add(&seen, task->accesses[j].how);
		}
		for (j = 0; j < i; j++)
			ds_digest_add(&seen,
				      ds_steps_conflict(task, sched->tasks[j]));
	}
	return seen;
}

/* Properties broken since the last call. */
static uint32_t newly_broken(struct ds_checks *checks)
{
	uint32_t broken = ds_checks_broken(checks);
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		checks->findings[i].found = false;
	return broken;
}

/* Behind a step. */
static void note_step(struct graph *graph, struct ds_digest now)
{
	struct ds_digest key = graph->before, value = now;
	bool fresh;

	if (!graph->depth)
		return;
	ds_digest_add(&key, graph->task);
	ds_digest_add(&value, newly_broken(graph->world->checks));
	ds_digest_add(&value, graph->world->checks->warned);
	graph->world->checks->warned = 0;
	if (!agrees(&graph->edges, key, value, &fresh))
		graph->broken = "what a step leads to";
}

/* The runs that begin as this one and take another step here. */
static void push_others(struct graph *graph, uint32_t others)
{
	for (; others; others &= others - 1) {
		struct prefix *prefix =
			malloc(sizeof(*prefix) + graph->depth + 1);

		assert_non_null(prefix);
		memcpy(prefix->tasks, graph->path, graph->depth);
		prefix->tasks[graph->depth] =
			(unsigned char)__builtin_ctz(others);
		prefix->n = graph->depth + 1;
		prefix->next = graph->todo;
		graph->todo = prefix;
	}
}

static int choose(struct graph *graph, uint32_t enabled, bool fresh)
{
	unsigned int nth = 0;

	if (graph->prefix && graph->depth < graph->prefix->n)
		return graph->prefix->tasks[graph->depth];
	if (graph->walking)
		nth = (unsigned int)ds_prng_below(
			&graph->prng,
			(unsigned int)__builtin_popcount(enabled));
	else if (!fresh)
		return DS_PICK_STOP;
	else
		push_others(graph, enabled & (enabled - 1));
	while (nth--)
		enabled &= enabled - 1;
	return __builtin_ctz(enabled);
}

static size_t max_depth(const struct graph *graph)
{
	return graph->walking && graph->endless ? WALK_DEPTH : MAX_DEPTH;
}

static int pick(void *arg, const struct ds_sched *sched, uint32_t enabled,
		unsigned int last)
{
	struct graph *graph = arg;
	struct ds_digest now = ds_world_digest(graph->world);
	bool fresh;
	int task;

	(void)sched;
	(void)last;
	note_step(graph, now);
	if (!agrees(&graph->nodes, now, look(graph, now, enabled), &fresh))
		graph->broken = "what can be seen at a state";
	task = graph->depth < max_depth(graph) && !graph->broken
		       ? choose(graph, enabled, fresh)
		       : DS_PICK_STOP;
	graph->stopped = task == DS_PICK_STOP;
	if (graph->stopped)
		return task;
	graph->before = now;
	graph->task = (unsigned int)task;
	graph->path[graph->depth++] = (unsigned char)task;
	graph->steps++;
	return task;
}

static void run_once(struct graph *graph)
{
	struct ds_world *world = graph->world;
	struct ds_digest now, seen = {0, 0};
	enum ds_run_end end;
	bool fresh;

	graph->depth = 0;
	assert_int_equal(ds_world_rewind(world), 0);
	world->sched->strategy = (struct ds_strategy){pick, graph};
	end = ds_sched_run(world->sched);
	assert_true(end != DS_RUN_VOID);
	if (end == DS_RUN_STOPPED)
		return;
	now = ds_world_digest(world);
	note_step(graph, now);
	ds_checks_quiet(world->checks);
	ds_digest_add(&seen, end);
	ds_digest_add(&seen, newly_broken(world->checks));
	if (!agrees(&graph->nodes, now, seen, &fresh))
		graph->broken = "how a run ends";
}

/* Visits every state once, in the order of depth-first search. */
static bool visit_all(struct graph *graph, size_t max_states)
{
	struct prefix *prefix;

	graph->walking = false;
	run_once(graph);
	while (!graph->broken && graph->nodes.n < max_states &&
	       (prefix = graph->todo)) {
		graph->todo = prefix->next;
		graph->prefix = prefix;
		run_once(graph);
		free(prefix);
	}
	graph->prefix = NULL;
	return !graph->todo;
}

static void walk(struct graph *graph, unsigned int n)
{
	unsigned int i;

	graph->walking = true;
	for (i = 0; i < n && !graph->broken; i++)
		run_once(graph);
}

static unsigned int number_of(const char *variable, unsigned int otherwise)
{
	const char *text = getenv(variable);

	return text ? (unsigned int)strtoul(text, NULL, 0) : otherwise;
}

static void free_graph(struct graph *graph)
{
	struct prefix *prefix;

	while ((prefix = graph->todo)) {
		graph->todo = prefix->next;
		free(prefix);
	}
	free(graph->nodes.slots);
	free(graph->edges.slots);
}

static void explore(struct ds_world *world, const char *name, const char *fs,
		    uint64_t seed, size_t max_states, bool endless)
{
	struct graph graph = {
		.world = world, .prng = {seed}, .endless = endless};
	size_t n_states;
	bool all;

	facts_init(&graph.nodes);
	facts_init(&graph.edges);
	/* What was found before the mark is of no run. */
	all = visit_all(&graph, max_states);
	n_states = graph.nodes.n;
	walk(&graph, N_WALKS * number_of("DAXSIM_BUDGET", 1));
	print_message("# %s on %s: %zu%s states, %llu steps; with walks %zu\n",
		      name, fs, n_states, all ? "" : "+",
		      (unsigned long long)graph.steps, graph.nodes.n);
	if (graph.broken)
		fail_msg("%s is no function of the digest: %s on %s, step %zu",
			 graph.broken, name, fs, graph.depth);
	if (all)
		assert_int_equal(graph.nodes.n, n_states);
	free_graph(&graph);
}

static void explore_scenario(const struct ds_scenario *scenario,
			     struct ds_region *region, const char *fs,
			     uint64_t seed)
{
	const struct ds_program_options options = {
		.profile = ds_profile_find(fs),
		.region = region,
		.checked = true,
	};
	struct ds_program *program;
	bool endless = false;
	char why[300];
	unsigned int i;
	int r;

	for (i = 0; i < scenario->n_tasks; i++)
		endless |= scenario->tasks[i].forever;

	r = ds_program_new(scenario, &options, &program, why, sizeof(why));
	if (r < 0)
		fail_msg("%s", why);
	explore(ds_program_world(program), scenario->name, fs, seed,
		number_of("DAXSIM_STATES", MAX_STATES), endless);
	ds_program_free(program);
}

static struct ds_region *open_region(void)
{
	const struct ds_region_options options = {.size = REGION};
	struct ds_region *region;
	char why[200];

	assert_int_equal(ds_region_open(&options, &region, why, sizeof(why)),
			 0);
	return region;
}

/* -------------------------------- Scenarios ------------------------------- */

static void explore_expectations(const struct ds_scenario *scenario,
				 struct ds_region *region)
{
	unsigned int i;

	for (i = 0; i < scenario->n_expects; i++)
		explore_scenario(scenario, region, scenario->expects[i].fs, i);
}

static void steps_of_scenarios_are_a_function_of_the_digest(void **state)
{
	struct ds_region *region = open_region();
	struct ds_scenario scenario;
	const char *name;
	unsigned int i;

	(void)state;
	for (i = 0; (name = ds_builtin_name(i)); i++) {
		assert_int_equal(ds_builtin_find(name, &scenario), 0);
		explore_expectations(&scenario, region);
	}
	assert_true(i > 0);
	ds_region_close(region);
}

static void steps_of_files_are_a_function_of_the_digest(void **state)
{
	struct ds_region *region = open_region();
	struct ds_scenario scenario;
	char why[300];
	char **path;

	for (path = *state; *path; path++) {
		char text[8192] = "";
		FILE *file = fopen(*path, "r");

		assert_non_null(file);
		assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
		fclose(file);
		if (ds_scenario_parse(*path, text, &scenario, why,
				      sizeof(why)) < 0)
			fail_msg("%s", why);
		explore_expectations(&scenario, region);
	}
	ds_region_close(region);
}

/* ---------------------------------- Cells --------------------------------- */

/* Each operation once, with changing pins and profiles. */
static void steps_of_cells_are_a_function_of_the_digest(void **state)
{
	struct ds_region *region = open_region();
	const struct ds_fs_profile *profile;
	const struct ds_spec_op *op;
	struct ds_scenario scenario;
	unsigned int i, n = 0;

	(void)state;
	for (i = 0; (op = ds_spec_op_at(i)); i++) {
		unsigned int j;

		for (j = 0; (profile = ds_profile_at(j)); j++, n++) {
			assert_int_equal(ds_cell_scenario(op,
							  ds_cell_pin_at(n % 3),
							  n % 2, &scenario),
					 0);
			explore_scenario(&scenario, region, profile->name, n);
		}
	}
	ds_region_close(region);
}

/* ----------------------------- Random programs ---------------------------- */

struct text {
	struct ds_prng prng;
	size_t n;
	char bytes[4096];
};

static unsigned int below(struct text *text, unsigned int bound)
{
	return (unsigned int)ds_prng_below(&text->prng, bound);
}

__attribute__((format(printf, 2, 3))) static void add(struct text *text,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->n +=
		(size_t)vsnprintf(text->bytes + text->n,
				  sizeof(text->bytes) - text->n, format, args);
	va_end(args);
	assert_true(text->n < sizeof(text->bytes));
}

/* A call on a range of whole pages, or of bytes; of pages at most 2. */
static void add_range_call(struct text *text)
{
	static const char *const verbs[] = {"read",   "write",   "allocate",
					    "zero",   "punch",   "collapse",
					    "insert", "truncate"};
	const char *verb = verbs[below(text, 8)];
	bool whole = below(text, 4) || *verb == 'c' || *verb == 'i';
	unsigned int offset = below(text, 6) * 4096 + (whole ? 0 : 1024);

	if (*verb == 't')
		add(text, "\ttruncate A %u\n", offset);
	else
		add(text, "\t%s A %u+%u\n", verb, offset,
		    (1 + below(text, 2)) * 4096);
}

/* A call on what is mapped: the pages 1 and 2. */
static void add_memory_call(struct text *text)
{
	static const char *const verbs[] = {"touch", "load", "direct-read",
					    "direct-write", "pin"};
	const char *verb = verbs[below(text, 5)];
	unsigned int page = 1 + below(text, 2);

	add(text, "\t%s A %uK+%uK\n", verb, 4 * page,
	    page == 1 && below(text, 2) ? 8 : 4);
	if (*verb == 'p')
		add(text, "%s\tunpin\n", below(text, 2) ? "\tdma\n" : "");
}

static void add_other_call(struct text *text, unsigned int n_known)
{
	switch (below(text, 5)) {
	case 0:
		add(text, "\tunlink A\n");
		break;
	case 1:
		add(text, "\tclose A\n");
		break;
	case 2:
		add(text, "\tunmap A\n");
		break;
	case 3:
		add(text, "\tsignal t%u\n", below(text, n_known));
		break;
	default:
		add(text, "\tfsync A\n");
	}
}

static void add_call(struct text *text, unsigned int n_known)
{
	switch (below(text, 5)) {
	case 0:
		add_other_call(text, n_known);
		break;
	case 1:
	case 2:
		add_memory_call(text);
		break;
	default:
		add_range_call(text);
	}
}

static void make_scenario(struct text *text, uint64_t seed,
			  struct ds_scenario *ret_scenario)
{
	unsigned int n_tasks, n_calls, i;
	char why[300];

	*text = (struct text){.prng = {seed}};
	n_tasks = 2 + below(text, 2);
	add(text, "scenario random-%llu\n", (unsigned long long)seed);
	if (below(text, 2))
		add(text, "flush ipi\n");
	if (below(text, 8) == 0)
		add(text, "watch waits\n");
	add(text, "file A 20K hole %uK+4K\n", 4 * below(text, 5));
	for (i = 0; i < n_tasks; i++) {
		add(text, "task t%u\n", i);
		unsigned int touched = below(text, 4);

		if (touched)
			add(text, "\tbefore map A 4K+8K\n");
		if (touched > 1)
			add(text, "\tbefore %s A 4K+%uK\n",
			    touched > 2 ? "touch" : "load",
			    4 + 4 * below(text, 2));
		for (n_calls = 1 + below(text, 2); n_calls > 0; n_calls--)
			add_call(text, i + 1);
	}
	if (ds_scenario_parse("random", text->bytes, ret_scenario, why,
			      sizeof(why)) < 0)
		fail_msg("%s", why);
}

static const char *random_profile(uint64_t seed)
{
	unsigned int n = 0;

	while (ds_profile_at(n))
		n++;
	return ds_profile_at((unsigned int)(seed % n))->name;
}

static void steps_of_random_programs_are_a_function_of_the_digest(void **state)
{
	unsigned int n = N_RANDOM * number_of("DAXSIM_BUDGET", 1);
	uint64_t seed = number_of("DAXSIM_SEED", 1);
	struct ds_region *region = open_region();
	struct ds_scenario scenario;
	struct text text;
	unsigned int i;

	(void)state;
	for (i = 0; i < n; i++) {
		make_scenario(&text, seed + i, &scenario);
		explore_scenario(&scenario, region, random_profile(seed + i),
				 seed + i);
	}
	ds_region_close(region);
}

/* ---------------------------- Programs in C ------------------------------- */

/* What its tasks share; in memory of the universe. */
struct shared {
	struct daxsim_file *file;
	uint64_t addr;
	uint64_t cell;
	uint64_t pin; /* a cell: of one task, dropped by another */
	unsigned char seen[8];
};

static struct ds_world *world_of(struct ds_task *task)
{
	char *events = (char *)task->sched->events;

	return (struct ds_world *)(events - offsetof(struct ds_world, events));
}

/* Goes by the bytes it read, and leaves some of them in shared memory. */
static void reader(struct daxsim *sim, void *arg)
{
	struct shared *shared = arg;
	unsigned char bytes[16];
	ssize_t n;

	n = daxsim_read(shared->file, bytes, sizeof(bytes));
	if (n == sizeof(bytes) && bytes[3] == 7)
		daxsim_cell_set(sim, &shared->cell, 1);
	daxsim_lseek(shared->file, 4096, SEEK_SET);
	if (n > 0)
		memcpy(shared->seen, bytes, sizeof(shared->seen));
	daxsim_load(sim, shared->addr, bytes, 1);
	if (bytes[0] == 7)
		daxsim_store(sim, shared->addr + 9, bytes, 1);
}

static void pinner(struct daxsim *sim, void *arg)
{
	struct shared *shared = arg;
	struct daxsim_pin *pin;

	if (daxsim_pin_user_pages(sim, shared->addr, 4096, DAXSIM_PIN_WRITE,
				  &pin) < 0)
		return;
	daxsim_pin_write(pin, "pinned", 6);
	daxsim_cell_set(sim, &shared->pin, (uintptr_t)pin);
}

static void puncher(struct daxsim *sim, void *arg)
{
	struct shared *shared = arg;
	struct daxsim_file *file;
	struct daxsim_stat stat;
	uintptr_t pin;

	pin = (uintptr_t)daxsim_cell_get(sim, &shared->pin);
	if (pin)
		daxsim_unpin_user_pages((struct daxsim_pin *)pin);
	if (pin && daxsim_open(sim, "A", O_RDWR, &file) == 0) {
		daxsim_fallocate(file,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				 4096);
		daxsim_fstat(file, &stat);
		if (stat.blocks == 0)
			daxsim_expect(sim, false, "nothing left");
		daxsim_close(file);
	} else {
		daxsim_write(shared->file, "0123456789abcdef", 16);
	}
}

struct caught {
	struct ds_world *world;
};

static void catch_world(struct daxsim *sim, void *arg)
{
	struct caught *caught = arg;

	(void)sim;
	caught->world = world_of(ds_task_current());
}

static void steps_of_programs_in_c_are_a_function_of_the_digest(void **state)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.small = true,
		.victim = true,
		.device_size = REGION,
	};
	struct daxsim_explore_options once = {
		.struct_size = sizeof(once),
		.budget = 1,
	};
	struct daxsim_report *report;
	struct caught caught = {NULL};
	unsigned char bytes[4096];
	struct shared *shared;
	struct daxsim *sim;
	char why[200];

	(void)state;
	memset(bytes, 7, sizeof(bytes));
	assert_int_equal(daxsim_new(&options, &sim, why, sizeof(why)), 0);
	shared = daxsim_alloc(sim, sizeof(*shared));
	assert_non_null(shared);
	assert_int_equal(daxsim_open(sim, "A", O_RDWR | O_CREAT, &shared->file),
			 0);
	assert_int_equal(daxsim_pwrite(shared->file, bytes, 4096, 0), 4096);
	assert_int_equal(daxsim_mmap(shared->file, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED, 0, &shared->addr),
			 0);
	daxsim_spawn(sim, "reader", reader, shared);
	daxsim_spawn(sim, "pinner", pinner, shared);
	daxsim_spawn(sim, "puncher", puncher, shared);
	daxsim_spawn(sim, "catcher", catch_world, &caught);
	assert_int_equal(daxsim_explore(sim, &once, &report), 0);
	daxsim_report_free(report);
	assert_non_null(caught.world);
	explore(caught.world, "program", "ext4-4.19", 1,
		4 * number_of("DAXSIM_STATES", MAX_STATES), false);
	daxsim_free(sim);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			steps_of_scenarios_are_a_function_of_the_digest),
		cmocka_unit_test_prestate(
			steps_of_files_are_a_function_of_the_digest, argv + 1),
		cmocka_unit_test(steps_of_cells_are_a_function_of_the_digest),
		cmocka_unit_test(
			steps_of_random_programs_are_a_function_of_the_digest),
		cmocka_unit_test(
			steps_of_programs_in_c_are_a_function_of_the_digest),
	};

	(void)argc;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
