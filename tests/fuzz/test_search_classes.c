// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether the search with sleep sets runs each class of equivalent runs exactly
 * once. Programs of bare steps with random footprints; every run writes down
 * who took its steps, and is brought into the normal form of its class: the
 * least of its equivalents, by a notion of conflict that is written down here
 * again.
 *
 * DAXSIM_SEED begins with another program, DAXSIM_BUDGET multiplies how many
 * there are.
 */
#include <string.h>

#include "../support/toy.h"

enum {
	N_PROGRAMS = 1500,
	MAX_RUNS = 3000, /* of one program; larger ones are left out */
	MAX_CLASSES = MAX_RUNS,
	MAX_TASKS = 4,
	MAX_STEPS = 5, /* of one task */
	N_OBJECTS = 4,
};

struct step {
	unsigned int n;
	struct {
		unsigned int object;
		enum ds_how how;
	} touches[2];
};

struct program {
	unsigned int n_tasks;
	unsigned int n_steps[MAX_TASKS];
	struct step steps[MAX_TASKS][MAX_STEPS];
};

/* Who took the steps of a run; rewound. */
struct diary {
	unsigned int n;
	unsigned char tasks[MAX_TASKS * MAX_STEPS];
};

struct stage {
	struct t_toy toy;
	const struct program *program;
	struct diary *diary;
	uint64_t *classes; /* of the runs of the present search */
	size_t n_classes;
};

/* ------------------------------- Programs --------------------------------- */

static void write_program(uint64_t seed, struct program *program)
{
	struct ds_prng prng = {ds_hash_step(seed, 1)};
	unsigned int n_objects = 1 + (unsigned int)ds_prng_below(&prng, 4);
	unsigned int i, j, k;

	program->n_tasks = 2 + (unsigned int)ds_prng_below(&prng, 3);
	for (i = 0; i < program->n_tasks; i++) {
		program->n_steps[i] =
			1 + (unsigned int)ds_prng_below(
				    &prng, program->n_tasks == 2 ? 5 : 3);
		for (j = 0; j < program->n_steps[i]; j++) {
			struct step *step = &program->steps[i][j];

			step->n = 1 + (unsigned int)ds_prng_below(&prng, 2);
			for (k = 0; k < step->n; k++) {
				step->touches[k].object =
					(unsigned int)ds_prng_below(&prng,
								    n_objects);
				step->touches[k].how =
					(enum ds_how)ds_prng_below(&prng, 3);
			}
		}
	}
}

static struct ds_access access_of(const struct step *step, unsigned int i)
{
	/* One that touches a single object does it twice. */
	i = i < step->n ? i : 0;
	return (struct ds_access){t_cell(step->touches[i].object),
				  step->touches[i].how, NULL};
}

static void play(struct ds_task *task, void *arg)
{
	struct stage *stage = arg;
	const struct program *program = stage->program;
	unsigned int i;

	for (i = 0; i < program->n_steps[task->id]; i++) {
		const struct step *step = &program->steps[task->id][i];

		ds_yield(task, DS_AT_CELL, access_of(step, 0),
			 access_of(step, 1));
		stage->diary->tasks[stage->diary->n++] =
			(unsigned char)task->id;
	}
}

/* -------------------------------- Classes --------------------------------- */

static bool conflict(const struct step *a, const struct step *b)
{
	unsigned int i, j;

	for (i = 0; i < a->n; i++)
		for (j = 0; j < b->n; j++) {
			enum ds_how x = a->touches[i].how;
			enum ds_how y = b->touches[j].how;

			if (a->touches[i].object == b->touches[j].object &&
			    (x != y || x == DS_WRITE))
				return true;
		}
	return false;
}

/*
 * Takes the steps of a run out again, always the lowest task's whose step no
 * earlier one that is still there conflicts with.
 */
static uint64_t class_of(const struct program *program,
			 const struct diary *diary)
{
	const struct step *steps[MAX_TASKS * MAX_STEPS];
	unsigned int next[MAX_TASKS] = {0};
	bool gone[MAX_TASKS * MAX_STEPS] = {false};
	uint64_t hash = 0;
	unsigned int i, j, n;

	for (i = 0; i < diary->n; i++) {
		unsigned int task = diary->tasks[i];

		steps[i] = &program->steps[task][next[task]++];
	}
	for (n = 0; n < diary->n; n++) {
		unsigned int least = diary->n;

		for (i = 0; i < diary->n; i++) {
			for (j = 0; j < i; j++)
				if (!gone[j] &&
				    (diary->tasks[j] == diary->tasks[i] ||
				     conflict(steps[j], steps[i])))
					break;
			if (!gone[i] && j == i &&
			    (least == diary->n ||
			     diary->tasks[i] < diary->tasks[least]))
				least = i;
		}
		gone[least] = true;
		hash = ds_hash_step(hash, diary->tasks[least]);
	}
	return hash;
}

static void note_class(void *arg, struct ds_world *world)
{
	struct stage *stage = arg;

	(void)world;
	stage->classes[stage->n_classes++] =
		class_of(stage->program, stage->diary);
}

/* ------------------------------- Comparison ------------------------------- */

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorts; return: how many different ones there are, at the front. */
static size_t unique(uint64_t *values, size_t n)
{
	size_t i, kept = 0;

	qsort(values, n, sizeof(*values), by_value);
	for (i = 0; i < n; i++)
		if (i == 0 || values[i] != values[i - 1])
			values[kept++] = values[i];
	return kept;
}

static enum ds_search_end search(struct stage *stage, enum ds_search_kind kind,
				 uint64_t *classes)
{
	const struct ds_search_options options = {
		.kind = kind,
		.budget = MAX_RUNS,
		.ran = note_class,
		.ran_arg = stage,
	};
	struct ds_search_result result;

	stage->classes = classes;
	stage->n_classes = 0;
	assert_int_equal(ds_search_run(stage->toy.world, &options, &result), 0);
	return result.end;
}

struct totals {
	uint64_t runs, classes;
	unsigned int n;
};

/* Return: whether a search of @kind runs each of the @n classes once. */
static bool runs_each_once(struct stage *stage, enum ds_search_kind kind,
			   const uint64_t *classes, size_t n)
{
	static uint64_t reduced[MAX_CLASSES];
	size_t n_runs, n_reduced;
	bool good;

	good = search(stage, kind, reduced) == DS_END_COMPLETE;
	n_runs = stage->n_classes;
	n_reduced = unique(reduced, n_runs);
	good = good && n_runs == n_reduced && n_reduced == n &&
	       memcmp(classes, reduced, n * sizeof(*classes)) == 0;
	if (!good)
		print_error("%s: %zu classes, %zu of them in %zu runs\n",
			    ds_search_kind_name(kind), n, n_reduced, n_runs);
	return good;
}

/* Return: whether each class was run once. */
static bool compare(uint64_t seed, struct totals *totals)
{
	static uint64_t plain[MAX_CLASSES];
	struct program program;
	struct stage stage = {.program = &program};
	bool good = true;
	unsigned int i;
	size_t n;

	write_program(seed, &program);
	t_toy_init(&stage.toy);
	stage.diary = t_toy_alloc(&stage.toy, sizeof(*stage.diary));
	for (i = 0; i < program.n_tasks; i++)
		t_toy_spawn(&stage.toy, play, &stage);
	t_toy_start(&stage.toy);
	if (search(&stage, DS_SEARCH_PLAIN, plain) == DS_END_COMPLETE) {
		totals->n++;
		totals->runs += stage.n_classes;
		n = unique(plain, stage.n_classes);
		totals->classes += n;
		good = runs_each_once(&stage, DS_SEARCH_SLEEP, plain, n) &&
		       runs_each_once(&stage, DS_SEARCH_SOURCE, plain, n);
		if (!good)
			print_error("program %llu\n", (unsigned long long)seed);
	}
	t_toy_fini(&stage.toy);
	return good;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void each_class_is_run_once(void **state)
{
	uint64_t first = number_from("DAXSIM_SEED", 0);
	uint64_t n = N_PROGRAMS * number_from("DAXSIM_BUDGET", 1);
	struct totals totals = {.n = 0};
	unsigned int n_bad = 0;
	uint64_t seed;

	(void)state;
	for (seed = first; seed < first + n && n_bad < 3; seed++)
		n_bad += !compare(seed, &totals);
	print_message("# %u programs, %llu runs in %llu classes\n", totals.n,
		      (unsigned long long)totals.runs,
		      (unsigned long long)totals.classes);
	assert_int_equal(n_bad, 0);
	assert_true(totals.n > n / 2);
	/* Neither is everything one class, nor is each run one. */
	assert_in_range(totals.classes, totals.n * 5, totals.runs / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_class_is_run_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
