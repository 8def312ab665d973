// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether the search with sleep sets loses anything: small random programs over
 * everything the scheduler offers, searched in full and with the reduction.
 * Both must come to the same final states, with the same properties broken in
 * them.
 *
 * A state counts with all that its tasks saw on the way, so a class of runs
 * that was lost is noticed even if others end with the same cells.
 *
 * DAXSIM_SEED begins with another program, DAXSIM_BUDGET multiplies how many
 * there are.
 */
#include <string.h>

#include "../support/hashset.h"
#include "../support/toy.h"
#include "sched/grace.h"
#include "sched/rwsem.h"
#include "sched/waitq.h"

enum {
	N_PROGRAMS = 3000,
	MAX_RUNS = 4000, /* of one program; larger ones are left out */
	N_TASKS = 3,
	N_OPS = 8,
	N_CELLS = 3,
	N_COUNTERS = 2,
	N_SEMS = 2,
	N_KEYS = 2,
	N_CHECKS = 4,
};

enum kind {
	READ,     /* cell a */
	WRITE,    /* cell a = value */
	COPY,     /* cell b = cell a + value, one step */
	ADD,      /* counter a += value */
	PEEK,     /* counter a */
	DEC_TEST, /* --counter a == 0 */
	SHARED,   /* lock a */
	EXCLUSIVE,
	UNLOCK, /* lock a; may be charged with a look at cell a */
	WAIT,   /* on key a until cell a is not 0; for value - 1 ticks */
	WAKE,   /* key a */
	SIGNAL, /* task a */
	ENTER,  /* a walk */
	EXIT,
	GRACE, /* waits for walkers */
	CHECK, /* property value: cell a and counter b are not value */
	N_KINDS,
};

/* Flavours of waits and wakes. */
enum {
	CARELESS = 1,    /* tests before it queues */
	JOINED = 2,      /* tests and queues in one step */
	ALONE = 4,       /* wakers are told by hand that it is exclusive */
	MAY_SIGNAL = 8,  /* interruptible */
	SETS = 16,       /* the waker sets the cell first */
	SETS_LATE = 32,  /* ... or afterwards */
	ALL = 64,        /* wakes all */
	IF_WAITED = 128, /* looks for waiters first */
};

struct op {
	enum kind kind;
	unsigned int a, b, value, flags;
};

struct script {
	unsigned int n;
	struct op ops[N_OPS];
};

struct program {
	unsigned int n_tasks;
	struct script scripts[N_TASKS];
	bool pull_readers;
};

/* What the tasks share and what they saw; rewound. */
struct shared {
	unsigned int cells[N_CELLS];
	int counters[N_COUNTERS];
	struct ds_rwsem sems[N_SEMS];
	struct ds_waitq_table table;
	struct ds_grace grace;
	uint64_t saw[N_TASKS];
};

/* Errors put in on purpose, to see that they are noticed. */
enum error {
	NO_ERROR,
	READS_HIDDEN,  /* reads of cells are not declared */
	WRITES_HIDDEN, /* nor are writes */
	CELLS_MERGED,  /* the digest leaves the cells out */
};

struct role {
	const struct script *script;
	struct shared *shared;
	struct ds_checks *checks;
	enum error error;
};

/* ------------------------------ Interpreter ------------------------------- */

static ds_obj counter_object(unsigned int i)
{
	return ds_object(DS_OBJ_COUNTER, 0xffff, i);
}

/* Any kind that no property takes for its own. */
static ds_obj key_object(unsigned int i)
{
	return ds_object(DS_OBJ_NAMES, 0xffff, i);
}

static void see(struct role *role, struct ds_task *task, uint64_t value)
{
	uint64_t *saw = &role->shared->saw[task->id];

	*saw = ds_hash_step(*saw, value);
}

/* The constant, or for 3 what depends on what it saw. */
static unsigned int value_of(const struct role *role,
			     const struct ds_task *task, unsigned int value)
{
	return value < 3 ? value
			 : (unsigned int)(role->shared->saw[task->id] % 3);
}

static struct ds_access nothing(void)
{
	return ds_reads(ds_object(DS_OBJ_NONE, 0, 0));
}

static void read_cell(struct role *role, struct ds_task *task, unsigned int i)
{
	ds_yield(task, DS_AT_CELL,
		 role->error == READS_HIDDEN ? nothing() : ds_reads(t_cell(i)));
	ds_touch(task, t_cell(i), DS_READ);
	see(role, task, role->shared->cells[i]);
}

static void write_cell(struct role *role, struct ds_task *task, unsigned int i,
		       unsigned int value)
{
	ds_yield(task, DS_AT_CELL,
		 role->error == WRITES_HIDDEN ? nothing()
					      : ds_writes(t_cell(i)));
	ds_touch(task, t_cell(i), DS_WRITE);
	role->shared->cells[i] = value_of(role, task, value);
}

static void copy_cell(struct role *role, struct ds_task *task,
		      const struct op *op)
{
	unsigned int *cells = role->shared->cells;

	ds_yield(task, DS_AT_CELL, ds_reads(t_cell(op->a)),
		 ds_writes(t_cell(op->b)));
	ds_touch(task, t_cell(op->a), DS_READ);
	ds_touch(task, t_cell(op->b), DS_WRITE);
	cells[op->b] = (cells[op->a] + op->value) % 3;
}

static void use_counter(struct role *role, struct ds_task *task,
			const struct op *op)
{
	ds_obj object = counter_object(op->a);
	int *counter = &role->shared->counters[op->a];

	if (op->kind == ADD) {
		ds_yield(task, DS_AT_COUNT, ds_adds(object));
		ds_touch(task, object, DS_ADD);
		*counter += (int)op->value;
	} else if (op->kind == PEEK) {
		ds_yield(task, DS_AT_COUNT, ds_reads(object));
		ds_touch(task, object, DS_READ);
		see(role, task, (uint64_t)*counter);
	} else {
		ds_yield(task, DS_AT_COUNT, ds_writes(object));
		ds_touch(task, object, DS_WRITE);
		see(role, task, --*counter == 0);
	}
}

static void unlock(struct role *role, struct ds_task *task, unsigned int i)
{
	struct ds_rwsem *sem = &role->shared->sems[i];
	bool exclusive = ds_rwsem_holds(task, sem, DS_EXCLUSIVE);

	ds_rwsem_unlock(task, sem);
	if (exclusive && role->shared->cells[i] == 2)
		ds_checks_report(role->checks, DS_EXPECTED, task->id,
				 "unlocked");
}

/* Looks at its cell, and joins the queue in the same step if it is 0. */
static bool test_and_join(struct role *role, struct ds_task *task,
			  const struct op *op)
{
	ds_obj key = key_object(op->a);
	bool set;

	ds_yield(task, DS_AT_WAIT_QUEUE, ds_reads(t_cell(op->a)),
		 ds_writes(ds_wait_object(key)));
	set = role->shared->cells[op->a];
	see(role, task, set);
	if (!set)
		ds_wait_join(task, &role->shared->table, key,
			     op->flags & ALONE);
	return set;
}

static bool test(struct role *role, struct ds_task *task, const struct op *op)
{
	bool set;

	ds_yield(task, DS_AT_WAIT_TEST, ds_reads(t_cell(op->a)));
	set = role->shared->cells[op->a];
	see(role, task, set);
	return set;
}

static void wait(struct role *role, struct ds_task *task, const struct op *op)
{
	struct ds_waitq_table *table = &role->shared->table;
	ds_obj key = key_object(op->a);
	bool interruptible = op->flags & MAY_SIGNAL;
	bool woken;

	if (op->flags & JOINED) {
		if (test_and_join(role, task, op))
			return;
	} else {
		if ((op->flags & CARELESS) && test(role, task, op))
			return;
		if (ds_wait_queue(task, table, key, op->flags & ALONE,
				  interruptible) < 0) {
			see(role, task, 77);
			return;
		}
		if (!(op->flags & CARELESS) && test(role, task, op)) {
			ds_wait_leave(task, table);
			return;
		}
	}
	if (op->value >= 2)
		see(role, task,
		    ds_wait_sleep_for(task, key, interruptible, op->value - 1));
	else if (op->value == 1 && op->a == 1)
		ds_task_sleep_idle(task, DS_AT_WAIT_SLEEP, ds_wait_object(key));
	else
		ds_wait_sleep(task, key, interruptible);
	woken = ds_wait_was_woken(task);
	see(role, task, woken);
	if (!woken)
		ds_wait_leave(task, table);
}

static void wake(struct role *role, struct ds_task *task, const struct op *op)
{
	struct ds_waitq_table *table = &role->shared->table;
	ds_obj key = key_object(op->a);
	bool waited_for = true;

	if (op->flags & SETS)
		write_cell(role, task, op->a, 1);
	if (op->flags & IF_WAITED) {
		ds_yield(task, DS_AT_WAKE, ds_reads(ds_wait_object(key)));
		waited_for = ds_wait_has_waiters(task, table, key);
		see(role, task, waited_for);
	}
	if (waited_for)
		ds_wake(task, table, key, op->flags & ALL);
	if (op->flags & SETS_LATE)
		write_cell(role, task, op->a, 1);
}

static void walk(struct role *role, struct ds_task *task, bool enter)
{
	struct ds_grace *grace = &role->shared->grace;

	ds_yield(task, DS_AT_COUNT, ds_adds(ds_grace_object(grace)));
	if (enter)
		ds_grace_enter(task, grace);
	else
		ds_grace_exit(task, grace);
}

/* A property of its own for each value. */
static void check(struct role *role, struct ds_task *task, const struct op *op)
{
	static const enum ds_property_id ids[N_CHECKS] = {
		DS_NO_FREE_BLOCK_PINNED, DS_LAYOUT_HOLDER_COHERENT, DS_WAITED,
		DS_NO_STALE_DATA};

	ds_yield(task, DS_AT_CELL, ds_reads(t_cell(op->a)),
		 ds_reads(counter_object(op->b)));
	if (role->shared->cells[op->a] == op->value % 3 &&
	    role->shared->counters[op->b] == (int)(op->value / 2))
		ds_checks_report(role->checks, ids[op->value], task->id,
				 "seen");
}

static void do_op(struct role *role, struct ds_task *task, const struct op *op)
{
	struct shared *shared = role->shared;

	switch (op->kind) {
	case READ:
		read_cell(role, task, op->a);
		break;
	case WRITE:
		write_cell(role, task, op->a, op->value);
		break;
	case COPY:
		copy_cell(role, task, op);
		break;
	case ADD:
	case PEEK:
	case DEC_TEST:
		use_counter(role, task, op);
		break;
	case SHARED:
		ds_rwsem_lock(task, &shared->sems[op->a], DS_SHARED);
		break;
	case EXCLUSIVE:
		ds_rwsem_lock(task, &shared->sems[op->a], DS_EXCLUSIVE);
		break;
	case UNLOCK:
		unlock(role, task, op->a);
		break;
	case WAIT:
		wait(role, task, op);
		break;
	case WAKE:
		wake(role, task, op);
		break;
	case SIGNAL:
		ds_task_signal(task, task->sched->tasks[op->a]);
		break;
	case ENTER:
	case EXIT:
		walk(role, task, op->kind == ENTER);
		break;
	case GRACE:
		ds_grace_wait(task, &shared->grace);
		break;
	default:
		check(role, task, op);
	}
}

static void play(struct ds_task *task, void *arg)
{
	struct role *role = arg;
	unsigned int i;

	for (i = 0; i < role->script->n; i++)
		do_op(role, task, &role->script->ops[i]);
}

/* ------------------------------ Generator --------------------------------- */

static unsigned int below(struct ds_prng *prng, unsigned int bound)
{
	return (unsigned int)ds_prng_below(prng, bound);
}

/* Kinds that make each other interesting. */
static const uint32_t themes[] = {
	1u << READ | 1u << WRITE | 1u << COPY | 1u << CHECK,
	1u << ADD | 1u << PEEK | 1u << DEC_TEST | 1u << CHECK,
	1u << SHARED | 1u << EXCLUSIVE | 1u << UNLOCK | 1u << WRITE,
	1u << SHARED | 1u << UNLOCK | 1u << EXCLUSIVE,
	1u << WAIT | 1u << WAKE | 1u << WRITE,
	1u << WAIT | 1u << WAKE | 1u << SIGNAL,
	1u << ENTER | 1u << EXIT | 1u << GRACE | 1u << WRITE,
};

#define N_THEMES (sizeof(themes) / sizeof(themes[0]))

/* What a program is written with. */
struct pen {
	struct ds_prng prng;
	uint32_t kinds;
	unsigned int n_tasks, n_cells, n_counters, n_sems, n_keys;
};

static struct pen sharpen(uint64_t seed)
{
	struct pen pen = {.prng = {ds_hash_step(seed, 0)}};
	unsigned int n_themes = 1 + below(&pen.prng, 3);

	while (n_themes--)
		pen.kinds |= themes[below(&pen.prng, N_THEMES)];
	pen.n_tasks = 2 + below(&pen.prng, 2);
	pen.n_cells = 1 + below(&pen.prng, N_CELLS);
	pen.n_counters = 1 + below(&pen.prng, N_COUNTERS);
	pen.n_sems = 1 + below(&pen.prng, N_SEMS);
	pen.n_keys = 1 + below(&pen.prng, N_KEYS);
	return pen;
}

/* How many there are of what an operation works on. */
static unsigned int n_targets(const struct pen *pen, enum kind kind)
{
	switch (kind) {
	case READ:
	case WRITE:
	case COPY:
	case CHECK:
		return pen->n_cells;
	case ADD:
	case PEEK:
	case DEC_TEST:
		return pen->n_counters;
	case SHARED:
	case EXCLUSIVE:
	case UNLOCK:
		return pen->n_sems;
	case WAIT:
	case WAKE:
		return pen->n_keys;
	case SIGNAL:
		return pen->n_tasks;
	default:
		return 1;
	}
}

static struct op any_op(struct pen *pen)
{
	struct op op;

	do
		op.kind = (enum kind)below(&pen->prng, N_KINDS);
	while (!(pen->kinds >> op.kind & 1));
	op.a = below(&pen->prng, n_targets(pen, op.kind));
	op.b = below(&pen->prng,
		     op.kind == COPY ? pen->n_cells : pen->n_counters);
	op.value = below(&pen->prng, N_CHECKS);
	op.flags = below(&pen->prng, 256);
	return op;
}

/* What a task that is being written holds. */
struct held {
	bool sems[N_SEMS];
	bool walking;
};

/* Whether @op makes sense there; notes what it changes. */
static bool take(struct held *held, const struct op *op)
{
	bool *what = op->kind == ENTER || op->kind == EXIT
			     ? &held->walking
			     : &held->sems[op->a % N_SEMS];

	switch (op->kind) {
	case SHARED:
	case EXCLUSIVE:
	case ENTER:
		if (*what)
			return false;
		*what = true;
		return true;
	case UNLOCK:
	case EXIT:
		if (!*what)
			return false;
		*what = false;
		return true;
	case GRACE:
		/* It would wait for itself. */
		return !held->walking;
	default:
		return true;
	}
}

static void write_script(struct pen *pen, unsigned int n_ops,
			 struct script *script)
{
	struct held held = {.walking = false};
	struct op op;
	unsigned int i;

	script->n = 0;
	while (script->n < n_ops) {
		op = any_op(pen);
		if (take(&held, &op))
			script->ops[script->n++] = op;
	}
	for (i = 0; i < N_SEMS; i++)
		if (held.sems[i])
			script->ops[script->n++] =
				(struct op){.kind = UNLOCK, .a = i};
	if (held.walking)
		script->ops[script->n++] = (struct op){.kind = EXIT};
}

static void write_program(uint64_t seed, struct program *program)
{
	struct pen pen = sharpen(seed);
	unsigned int i;

	program->n_tasks = pen.n_tasks;
	program->pull_readers = below(&pen.prng, 2);
	for (i = 0; i < program->n_tasks; i++)
		write_script(&pen, 2 + below(&pen.prng, 3),
			     &program->scripts[i]);
}

static void print_program(uint64_t seed, const struct program *program)
{
	static const char *const names[N_KINDS] = {
		"read",   "write",     "copy",   "add",  "peek", "dec_test",
		"shared", "exclusive", "unlock", "wait", "wake", "signal",
		"enter",  "exit",      "grace",  "check"};
	unsigned int i, j;

	print_error("program %llu:%s\n", (unsigned long long)seed,
		    program->pull_readers ? " pull readers" : "");
	for (i = 0; i < program->n_tasks; i++)
		for (j = 0; j < program->scripts[i].n; j++) {
			const struct op *op = &program->scripts[i].ops[j];

			print_error("  %c: %s a %u b %u value %u flags %u\n",
				    'a' + (int)i, names[op->kind], op->a, op->b,
				    op->value, op->flags);
		}
}

/* ------------------------------ Final states ------------------------------ */

/* Who stands in a queue, in order. */
static uint64_t hash_queue(uint64_t hash, const struct ds_waiter *waiter,
			   ds_obj key)
{
	for (; waiter; waiter = waiter->next)
		if (waiter->key == key)
			hash = ds_hash_step(hash, waiter->task->id);
	return ds_hash_step(hash, 99);
}

static uint64_t hash_sem(uint64_t hash, const struct ds_rwsem *sem)
{
	hash = ds_hash_step(hash, ds_rwsem_n_readers(sem));
	hash = ds_hash_step(hash, sem->writer ? sem->writer->id : 99);
	return hash_queue(hash, sem->head, ds_object(DS_OBJ_RWSEM, sem->id, 0));
}

static uint64_t hash_task(uint64_t hash, const struct ds_task *task)
{
	hash = ds_hash_step(hash, task->at);
	hash = ds_hash_step(hash, task->state);
	/* Who has returned hears no wake-up and no signal. */
	if (task->state == DS_TASK_DONE)
		return hash;
	hash = ds_hash_step(hash, atomic_load(&task->alarms));
	return ds_hash_step(hash, task->grace_mask);
}

static uint64_t hash_shared(uint64_t hash, const struct shared *shared)
{
	unsigned int i, j;

	for (i = 0; i < N_CELLS; i++)
		hash = ds_hash_step(hash, shared->cells[i]);
	for (i = 0; i < N_COUNTERS; i++)
		hash = ds_hash_step(hash, (uint64_t)shared->counters[i]);
	for (i = 0; i < N_SEMS; i++)
		hash = hash_sem(hash, &shared->sems[i]);
	for (i = 0; i < N_KEYS; i++)
		for (j = 0; j < DS_WAITQ_BUCKETS; j++)
			hash = hash_queue(hash, shared->table.buckets[j].head,
					  key_object(i));
	hash = ds_hash_step(hash, shared->grace.walking);
	for (i = 0; i < N_TASKS; i++)
		hash = ds_hash_step(hash, shared->saw[i]);
	return hash;
}

/* ------------------------------ Comparison -------------------------------- */

struct outcome;

/* One program brought to life. */
struct stage {
	struct t_toy toy;
	struct shared *shared;
	struct role roles[N_TASKS];
	struct outcome *into; /* of the present search */
};

/* What one search found. */
struct outcome {
	struct ds_search_result result;
	struct t_set states; /* final ones */
	struct t_set ends;   /* with what broke on the way there */
};

static void note_state(void *arg, struct ds_world *world)
{
	struct stage *stage = arg;
	uint64_t hash = ds_hash_step(0, world->sched->end);
	unsigned int i;

	for (i = 0; i < world->sched->n_tasks; i++)
		hash = hash_task(hash, world->sched->tasks[i]);
	hash = hash_shared(hash, stage->shared);
	t_set_add(&stage->into->states, hash);
	hash = ds_hash_step(hash, ds_checks_broken(world->checks));
	t_set_add(&stage->into->ends, hash);
}

static void digest_shared(const void *arg, struct ds_digest *digest)
{
	ds_digest_add(digest, hash_shared(0, arg));
}

/* CELLS_MERGED: says nothing of what the tasks share. */
static void digest_nothing(const void *arg, struct ds_digest *digest)
{
	(void)arg;
	ds_digest_add(digest, 0);
}

static void build(struct stage *stage, const struct program *program,
		  enum error error)
{
	struct shared *shared;
	unsigned int i;

	t_toy_init(&stage->toy);
	stage->toy.world->sched->pull_readers = program->pull_readers;
	shared = t_toy_alloc(&stage->toy, sizeof(*shared));
	stage->shared = shared;
	shared->counters[0] = 1;
	stage->toy.world->digest =
		error == CELLS_MERGED ? digest_nothing : digest_shared;
	stage->toy.world->sched->check_footprints = error == NO_ERROR;
	stage->toy.world->digest_arg = shared;
	for (i = 0; i < N_SEMS; i++) {
		/* Of one class: the order is free, and deadlocks happen. */
		ds_rwsem_init(&shared->sems[i], 0xfff0 + i, DS_LOCK_INODE,
			      "sem");
		shared->sems[i].charged[0] = t_cell(i);
	}
	for (i = 0; i < program->n_tasks; i++) {
		stage->roles[i] = (struct role){
			.script = &program->scripts[i],
			.shared = shared,
			.checks = stage->toy.world->checks,
			.error = error,
		};
		t_toy_spawn(&stage->toy, play, &stage->roles[i]);
	}
	t_toy_start(&stage->toy);
}

static void search(struct stage *stage, enum ds_search_kind kind,
		   struct outcome *outcome)
{
	static const uint64_t budgets[DS_SEARCH_N_KINDS] = {
		[DS_SEARCH_PLAIN] = MAX_RUNS,
		[DS_SEARCH_RANDOM] = 20,
		[DS_SEARCH_PCT] = 20,
	};
	const struct ds_search_options options = {
		.kind = kind,
		.bound = 1000,
		.budget = budgets[kind],
		.seed = 1,
		.max_steps = 200,
		.ran = note_state,
		.ran_arg = stage,
	};

	t_set_init(&outcome->states);
	t_set_init(&outcome->ends);
	stage->into = outcome;
	assert_int_equal(
		ds_search_run(stage->toy.world, &options, &outcome->result), 0);
	assert_int_equal(outcome->result.limited, 0);
}

static void forget(struct outcome *outcome)
{
	ds_search_result_free(&outcome->result);
	t_set_fini(&outcome->states);
	t_set_fini(&outcome->ends);
}

static bool is_equal(const struct t_set *a, const struct t_set *b)
{
	return a->n == b->n && t_set_is_part(a, b);
}

static bool is_same(const struct outcome *a, const struct outcome *b)
{
	return is_equal(&a->states, &b->states) &&
	       a->result.broken == b->result.broken;
}

/* Sums over all programs, so that a blind generator is noticed. */
struct totals {
	uint64_t runs[DS_SEARCH_N_KINDS], cut[DS_SEARCH_N_KINDS], states;
	unsigned int n, n_too_large, n_stuck, n_broken, n_reduced;
};

static void add_up(struct totals *totals, const struct outcome *outcomes)
{
	const struct ds_search_result *plain =
		&outcomes[DS_SEARCH_PLAIN].result;
	unsigned int i;

	totals->n++;
	for (i = 0; i < DS_SEARCH_N_KINDS; i++) {
		totals->runs[i] += outcomes[i].result.interleavings;
		totals->cut[i] += outcomes[i].result.redundant;
	}
	totals->states += outcomes[DS_SEARCH_PLAIN].states.n;
	totals->n_stuck += plain->broken >> DS_NO_DEADLOCK & 1;
	totals->n_broken += (plain->broken & ~(1u << DS_NO_DEADLOCK)) != 0;
	totals->n_reduced += outcomes[DS_SEARCH_SLEEP].result.interleavings <
			     plain->interleavings;
}

static bool is_sampling(unsigned int kind)
{
	return kind == DS_SEARCH_RANDOM || kind == DS_SEARCH_PCT;
}

/* What a search of @kind must have in common with plain enumeration. */
static bool is_good(const struct outcome *plain, const struct outcome *other,
		    unsigned int kind)
{
	if (is_sampling(kind))
		return t_set_is_part(&other->states, &plain->states) &&
		       !(other->result.broken & ~plain->result.broken);
	/* Where states merge, what broke before is no part of them. */
	return other->result.end == DS_END_COMPLETE && is_same(plain, other) &&
	       (kind == DS_SEARCH_STATES ||
		is_equal(&plain->ends, &other->ends));
}

/* Return: whether the other searches found all there is. */
static bool compare(uint64_t seed, struct totals *totals)
{
	struct program program;
	struct stage stage;
	struct outcome outcomes[DS_SEARCH_N_KINDS];
	struct outcome *plain = &outcomes[DS_SEARCH_PLAIN];
	bool all_good = true;
	unsigned int i;

	write_program(seed, &program);
	build(&stage, &program, NO_ERROR);
	search(&stage, DS_SEARCH_PLAIN, plain);
	if (plain->result.end != DS_END_COMPLETE) {
		totals->n_too_large++;
		forget(plain);
		t_toy_fini(&stage.toy);
		return true;
	}
	for (i = 0; i < DS_SEARCH_N_KINDS; i++) {
		bool good;

		if (i == DS_SEARCH_PLAIN)
			continue;
		search(&stage, (enum ds_search_kind)i, &outcomes[i]);
		good = is_good(plain, &outcomes[i], i);
		if (!good)
			print_error("plain: %zu states, broken %#x; %s: "
				    "%zu, %#x\n",
				    plain->states.n, plain->result.broken,
				    ds_search_kind_name((enum ds_search_kind)i),
				    outcomes[i].states.n,
				    outcomes[i].result.broken);
		all_good &= good;
	}
	if (!all_good)
		print_program(seed, &program);
	add_up(totals, outcomes);
	for (i = 0; i < DS_SEARCH_N_KINDS; i++)
		forget(&outcomes[i]);
	t_toy_fini(&stage.toy);
	return all_good;
}

/* Return: whether the search of @kind differs from plain enumeration. */
static bool is_noticed(uint64_t seed, enum error error,
		       enum ds_search_kind kind)
{
	struct program program;
	struct stage stage;
	struct outcome plain, other;
	bool noticed = false;

	write_program(seed, &program);
	build(&stage, &program, error);
	search(&stage, DS_SEARCH_PLAIN, &plain);
	if (plain.result.end == DS_END_COMPLETE) {
		search(&stage, kind, &other);
		noticed = !is_good(&plain, &other, kind);
		forget(&other);
	}
	forget(&plain);
	t_toy_fini(&stage.toy);
	return noticed;
}

/* What would be the use of a comparison that sees nothing? */
static void an_error_in_a_reduction_is_noticed(void **state)
{
	static const struct {
		enum error error;
		enum ds_search_kind kind;
	} wrong[] = {
		{READS_HIDDEN, DS_SEARCH_SLEEP},
		{READS_HIDDEN, DS_SEARCH_SOURCE},
		{READS_HIDDEN, DS_SEARCH_STATES},
		{WRITES_HIDDEN, DS_SEARCH_SLEEP},
		{WRITES_HIDDEN, DS_SEARCH_SOURCE},
		{WRITES_HIDDEN, DS_SEARCH_STATES},
		{CELLS_MERGED, DS_SEARCH_STATES},
	};
	unsigned int i, seed, n;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (n = seed = 0; seed < 150; seed++)
			n += is_noticed(seed, wrong[i].error, wrong[i].kind);
		print_message("# error %u in %s: seen in %u of 150 programs\n",
			      wrong[i].error,
			      ds_search_kind_name(wrong[i].kind), n);
		assert_true(n > 0);
	}
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void the_reduction_loses_no_state_and_no_finding(void **state)
{
	uint64_t first = number_from("DAXSIM_SEED", 0);
	uint64_t n = N_PROGRAMS * number_from("DAXSIM_BUDGET", 1);
	struct totals totals = {.n = 0};
	unsigned int n_bad = 0, i;
	uint64_t seed;

	(void)state;
	for (seed = first; seed < first + n && n_bad < 3; seed++)
		n_bad += !compare(seed, &totals);
	print_message("# %u programs, %u too large; %llu states; %u get stuck, "
		      "%u break, %u are reduced\n",
		      totals.n, totals.n_too_large,
		      (unsigned long long)totals.states, totals.n_stuck,
		      totals.n_broken, totals.n_reduced);
	for (i = 0; i < DS_SEARCH_N_KINDS; i++)
		print_message("# %s: %llu runs to the end, %llu cut\n",
			      ds_search_kind_name((enum ds_search_kind)i),
			      (unsigned long long)totals.runs[i],
			      (unsigned long long)totals.cut[i]);
	assert_int_equal(n_bad, 0);
	/* They are worth the name. */
	assert_true(totals.n > n / 2);
	assert_true(totals.n_stuck > n / 50);
	assert_true(totals.n_broken > n / 50);
	assert_true(totals.n_reduced > n / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reduction_loses_no_state_and_no_finding),
		cmocka_unit_test(an_error_in_a_reduction_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
