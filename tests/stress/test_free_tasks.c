// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The scheduler's primitives on real threads: locks keep out, wake-ups arrive,
 * grace periods last, pins are waited for. Tasks only count what is wrong; the
 * test asserts after they ended. A lost wake-up shows as a test that hangs.
 *
 * Bounded by operations, about two seconds.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/prng.h"
#include "fs/profiles.h"
#include "race/world.h"
#include "sched/grace.h"
#include "sched/rwsem.h"
#include "sched/waitq.h"

enum {
	N_TASKS = 4,
	N_LOCKED = 40000,
	N_TURNS = 4000,
	N_GRABS = 40000,
	N_SIGNALS = 150,
	N_WALKS = 40000,
	N_PINS = 6000,
	N_PUNCHES = 300,
	N_PAGES = 4,
};

/* A scheduler whose tasks are free. */
struct t_free {
	struct ds_arena *arena;
	struct ds_events events;
	struct ds_sched *sched;

	struct ds_rwsem sem;
	struct ds_waitq_table table;
	struct ds_grace grace;
	struct ds_spin spin;
	uint64_t a, b; /* equal whenever nobody writes */
	bool locked;   /* under @spin */
	atomic_uint turn;
	atomic_uint n_wrong;
	atomic_uint n_walking; /* tasks that still walk */
	_Atomic(atomic_uint *) current;
	atomic_uint versions[2]; /* 0: nobody may see it */
};

static int set_up(void **state)
{
	struct t_free *t = calloc(1, sizeof(*t));

	if (!t || ds_arena_new((size_t)1 << 20, &t->arena) < 0 ||
	    ds_sched_new(t->arena, &t->events, &t->sched) < 0)
		return -1;
	ds_rwsem_init(&t->sem, 1, DS_LOCK_INODE, "sem");
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct t_free *t = *state;

	ds_sched_free(t->sched);
	ds_arena_free(t->arena);
	free(t);
	return 0;
}

#define t_case(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void spawn(struct t_free *t, unsigned int n, ds_task_fn fn)
{
	while (n--)
		assert_int_equal(ds_sched_spawn(t->sched, t->arena, "task", fn,
						t, NULL),
				 0);
}

static void run(struct t_free *t)
{
	assert_int_equal(ds_sched_prepare(t->sched, DS_TURNS_FREE), 0);
	assert_int_equal(ds_sched_run(t->sched), DS_RUN_DONE);
	assert_int_equal(atomic_load(&t->n_wrong), 0);
}

/* -------------------------------- Locks ----------------------------------- */

static void write_or_look(struct ds_task *task, void *arg)
{
	struct t_free *t = arg;
	struct ds_prng prng = {task->id};
	unsigned int i;

	for (i = 0; i < N_LOCKED; i++) {
		if (i % 4 == 0) {
			ds_rwsem_lock(task, &t->sem, DS_EXCLUSIVE);
			t->a++;
			if (ds_prng_below(&prng, 16) == 0)
				sched_yield();
			t->b++;
		} else {
			ds_rwsem_lock(task, &t->sem, DS_SHARED);
			if (t->a != t->b)
				atomic_fetch_add(&t->n_wrong, 1);
			if (ds_prng_below(&prng, 16) == 0)
				sched_yield();
		}
		ds_rwsem_unlock(task, &t->sem);
	}
}

static void check_locks(struct t_free *t)
{
	spawn(t, N_TASKS, write_or_look);
	run(t);
	assert_int_equal(t->a, N_TASKS * N_LOCKED / 4);
	assert_int_equal(t->b, t->a);
	assert_int_equal(ds_rwsem_n_readers(&t->sem), 0);
	assert_null(t->sem.writer);
	assert_null(t->sem.head);
}

static void a_writer_is_alone(void **state)
{
	check_locks(*state);
}

static void a_writer_is_alone_where_readers_are_pulled(void **state)
{
	struct t_free *t = *state;

	t->sched->pull_readers = true;
	check_locks(t);
}

/* ------------------------------- Wake-ups --------------------------------- */

static ds_obj key_of(unsigned int task)
{
	return ds_object(DS_OBJ_COUNTER, 1, task);
}

static bool is_turn_of(struct t_free *t, unsigned int task)
{
	return atomic_load(&t->turn) % N_TASKS == task;
}

/* Queue, test, sleep: until it is this task's turn. */
static void wait_for_turn(struct ds_task *task, struct t_free *t, ds_obj key)
{
	while (!is_turn_of(t, task->id)) {
		ds_wait_queue(task, &t->table, key, false, false);
		if (!is_turn_of(t, task->id))
			ds_wait_sleep(task, key, false);
		if (!ds_wait_was_woken(task))
			ds_wait_leave(task, &t->table);
	}
}

static void pass_the_turn(struct ds_task *task, void *arg)
{
	struct t_free *t = arg;
	unsigned int i;

	for (i = 0; i < N_TURNS; i++) {
		wait_for_turn(task, t, key_of(task->id));
		t->a++;
		atomic_fetch_add(&t->turn, 1);
		ds_wake(task, &t->table, key_of((task->id + 1) % N_TASKS),
			false);
	}
}

static void pass_the_turn_to_all(struct ds_task *task, void *arg)
{
	struct t_free *t = arg;
	unsigned int i;

	for (i = 0; i < N_TURNS / 4; i++) {
		wait_for_turn(task, t, key_of(0));
		t->a++;
		atomic_fetch_add(&t->turn, 1);
		ds_wake(task, &t->table, key_of(0), true);
	}
}

static void no_wake_up_is_lost(void **state)
{
	struct t_free *t = *state;

	spawn(t, N_TASKS, pass_the_turn);
	run(t);
	assert_int_equal(t->a, N_TASKS * N_TURNS);
}

static void no_wake_up_of_all_is_lost(void **state)
{
	struct t_free *t = *state;

	spawn(t, N_TASKS, pass_the_turn_to_all);
	run(t);
	assert_int_equal(t->a, N_TASKS * (N_TURNS / 4));
}

/* A lock bit with exclusive waiters, as entries of the page cache have it. */
static void grab(struct ds_task *task, struct t_free *t)
{
	for (;;) {
		ds_spin_lock(&t->spin);
		if (!t->locked)
			break;
		ds_wait_join(task, &t->table, key_of(0), true);
		ds_spin_unlock(&t->spin);
		ds_wait_sleep(task, key_of(0), false);
	}
	t->locked = true;
	ds_spin_unlock(&t->spin);
}

static void drop(struct ds_task *task, struct t_free *t)
{
	bool waited_for;

	ds_spin_lock(&t->spin);
	t->locked = false;
	waited_for = ds_wait_has_waiters(task, &t->table, key_of(0));
	ds_spin_unlock(&t->spin);
	if (waited_for)
		ds_wake(task, &t->table, key_of(0), false);
}

static void grab_and_drop(struct ds_task *task, void *arg)
{
	struct t_free *t = arg;
	struct ds_prng prng = {task->id};
	unsigned int i;

	for (i = 0; i < N_GRABS; i++) {
		grab(task, t);
		t->a++;
		if (ds_prng_below(&prng, 16) == 0)
			sched_yield();
		drop(task, t);
	}
}

static void waking_one_exclusive_waiter_is_enough(void **state)
{
	struct t_free *t = *state;

	spawn(t, N_TASKS, grab_and_drop);
	run(t);
	assert_int_equal(t->a, N_TASKS * N_GRABS);
	assert_false(t->locked);
}

static void sleep_until_signal(struct ds_task *task, void *arg)
{
	struct t_free *t = arg;

	if (ds_wait_queue(task, &t->table, key_of(0), false, true) < 0)
		return;
	ds_wait_sleep(task, key_of(0), true);
	if (ds_wait_was_woken(task))
		atomic_fetch_add(&t->n_wrong, 1);
	else
		ds_wait_leave(task, &t->table);
}

static void signal_first(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_task_signal(task, task->sched->tasks[0]);
}

static void a_signal_ends_a_sleep(void **state)
{
	struct t_free *t = *state;
	unsigned int i;

	spawn(t, 1, sleep_until_signal);
	spawn(t, 1, signal_first);
	assert_int_equal(ds_sched_prepare(t->sched, DS_TURNS_FREE), 0);
	assert_int_equal(ds_arena_mark(t->arena), 0);
	for (i = 0; i < N_SIGNALS; i++) {
		ds_arena_rewind(t->arena);
		assert_int_equal(ds_sched_run(t->sched), DS_RUN_DONE);
	}
	assert_int_equal(atomic_load(&t->n_wrong), 0);
}

/* ----------------------------- Grace periods ------------------------------ */

static void walk(struct ds_task *task, void *arg)
{
	struct t_free *t = arg;
	unsigned int i;

	for (i = 0; i < N_WALKS; i++) {
		atomic_uint *version;

		ds_grace_enter(task, &t->grace);
		version = atomic_load(&t->current);
		if (i % 64 == 0)
			sched_yield();
		if (!atomic_load(version))
			atomic_fetch_add(&t->n_wrong, 1);
		ds_grace_exit(task, &t->grace);
	}
	atomic_fetch_sub(&t->n_walking, 1);
}

/* Takes one version out of sight, waits, and only then spoils it. */
static void replace(struct ds_task *task, void *arg)
{
	struct t_free *t = arg;
	unsigned int i;

	for (i = 0; atomic_load(&t->n_walking); i++) {
		atomic_uint *old = &t->versions[i % 2];
		atomic_uint *new = &t->versions[(i + 1) % 2];

		atomic_store(new, i + 2);
		atomic_store(&t->current, new);
		ds_grace_wait(task, &t->grace);
		atomic_store(old, 0);
	}
}

static void a_grace_period_outlasts_its_walkers(void **state)
{
	struct t_free *t = *state;

	atomic_store(&t->versions[0], 1);
	atomic_store(&t->current, &t->versions[0]);
	atomic_store(&t->n_walking, N_TASKS - 1);
	spawn(t, N_TASKS - 1, walk);
	spawn(t, 1, replace);
	run(t);
}

/* --------------------------------- Pins ----------------------------------- */

/* A mapped file whose pages are pinned and punched. */
struct t_file {
	struct ds_region *region;
	struct ds_world *world;
	struct ds_file *file;
	uint64_t addr;
	atomic_uint n_pinned, n_wrong;
};

static void make_file(struct t_file *f, const char *fs, bool recorded)
{
	const struct ds_region_options region = {.size = 256 * DS_PAGE_SIZE};
	struct ds_world_options world = {
		.profile = ds_profile_find(fs),
		.n_zones = 2,
		.table_bits = 9, /* as in use: for the shortest ways */
		.tree_shift = 3,
		.concurrent = true,
	};
	static const unsigned char bytes[N_PAGES * DS_PAGE_SIZE];
	struct ds_task *setup;
	char why[200];

	assert_int_equal(ds_region_open(&region, &f->region, why, sizeof(why)),
			 0);
	world.region = f->region;
	assert_int_equal(ds_world_new(&world, &f->world), 0);
	f->world->frames->keep_holders = recorded;
	setup = f->world->setup;
	assert_int_equal(ds_vfs_open(setup, f->world->super, "A",
				     O_RDWR | O_CREAT, &f->file),
			 0);
	assert_int_equal(ds_vfs_pwrite(setup, f->file, bytes, sizeof(bytes), 0),
			 sizeof(bytes));
	assert_int_equal(ds_vfs_mmap(setup, f->world->space, f->file, 0,
				     sizeof(bytes), true, &f->addr),
			 0);
}

/* Blocks of pinned pages stay the file's: whoever takes them has to wait. */
static bool are_ours(struct t_file *f, const struct ds_pinned *pinned,
		     int64_t n)
{
	int64_t i = 0;

	while (i < n && ds_frame_view(f->world->frames, pinned[i].pfn)->file ==
				f->file->inode->id)
		i++;
	return i == n;
}

static void pin_and_unpin(struct ds_task *task, void *arg)
{
	struct t_file *f = arg;
	struct ds_prng prng = {task->id};
	struct ds_pinned pinned[N_PAGES];
	unsigned int i;

	for (i = 0; i < N_PINS; i++) {
		uint64_t first = ds_prng_below(&prng, N_PAGES);
		uint64_t n = 1 + ds_prng_below(&prng, N_PAGES - first);
		struct ds_vpn vpn = {ds_page_down(f->addr) + first};
		int64_t done = ds_pin_pages(task, f->world->space, vpn, n, true,
					    pinned);

		if (done != (int64_t)n)
			atomic_fetch_add(&f->n_wrong, 1);
		atomic_fetch_add(&f->n_pinned, 1);
		/* Long enough for somebody to find the page busy. */
		if (i % 8 == 0)
			sched_yield();
		if (!are_ours(f, pinned, done))
			atomic_fetch_add(&f->n_wrong, 1);
		if (i % 2)
			ds_unpin_pages(task, f->world->space, pinned,
				       (uint64_t)done);
		while (i % 2 == 0 && done > 0)
			ds_unpin_page(task, f->world->space, &pinned[--done]);
	}
}

static void punch(struct ds_task *task, void *arg)
{
	struct t_file *f = arg;
	struct ds_prng prng = {task->id};
	unsigned int i;

	for (i = 0; i < N_PUNCHES; i++) {
		uint64_t page = ds_prng_below(&prng, N_PAGES);
		int r = ds_vfs_fallocate(
			task, f->file,
			FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			(int64_t)(page * DS_PAGE_SIZE), DS_PAGE_SIZE);

		if (r < 0)
			atomic_fetch_add(&f->n_wrong, 1);
	}
}

/* Takes the pages away under who pins them, and waits for nobody. */
static void unmap(struct ds_task *task, void *arg)
{
	struct t_file *f = arg;
	unsigned int i;

	for (i = 0; i < N_PUNCHES; i++)
		ds_rmap_unmap(task, &f->file->inode->mapping.rmap,
			      ds_pgrange_all(), false);
}

static void check_frames(struct t_file *f)
{
	struct ds_world *world = f->world;
	uint64_t i;

	assert_null(world->frames->holders);
	for (i = 0; i < world->frames->n; i++)
		assert_false(ds_frame_is_busy(world->setup, world->frames,
					      ds_pfn(i)));
	ds_checks_quiet(world->checks);
	assert_int_equal(ds_checks_broken(world->checks), 0);
}

static void run_beside_pins(const char *fs, bool recorded, const char *name,
			    ds_task_fn fn)
{
	struct t_file f = {.region = NULL};
	unsigned int i;

	make_file(&f, fs, recorded);
	for (i = 0; i < N_TASKS - 1; i++)
		assert_int_equal(ds_sched_spawn(f.world->sched, f.world->arena,
						"pin", pin_and_unpin, &f, NULL),
				 0);
	assert_int_equal(ds_sched_spawn(f.world->sched, f.world->arena, name,
					fn, &f, NULL),
			 0);
	assert_int_equal(ds_sched_prepare(f.world->sched, DS_TURNS_FREE), 0);
	assert_int_equal(ds_sched_run(f.world->sched), DS_RUN_DONE);
	assert_int_equal(atomic_load(&f.n_wrong), 0);
	assert_int_equal(atomic_load(&f.n_pinned), (N_TASKS - 1) * N_PINS);
	check_frames(&f);
	ds_world_free(f.world);
	ds_region_close(f.region);
}

static void a_punch_waits_for_pins(void **state)
{
	(void)state;
	run_beside_pins("ext4-4.19", true, "punch", punch);
}

/* Then tasks pin in another way: see mm/pin_free.h. */
static void a_punch_waits_for_pins_of_which_no_record_is_kept(void **state)
{
	(void)state;
	run_beside_pins("ext4-4.19", false, "punch", punch);
	run_beside_pins("xfs-6.1", false, "punch", punch);
}

/* From v6.15 on what is mapped again in the wait is waited for ever. */
static void pins_and_entries_that_go_leave_every_count_right(void **state)
{
	(void)state;
	run_beside_pins("ext4-4.19", false, "unmap", unmap);
	run_beside_pins("xfs-6.15", false, "unmap", unmap);
	run_beside_pins("xfs-6.15", true, "unmap", unmap);
}

/* Gives the entry of page 1 back when somebody waits, or did not. */
static void lock_an_entry(struct ds_task *task, void *arg)
{
	struct t_file *f = arg;
	struct ds_mapping *mapping = &f->file->inode->mapping;

	while (!ds_wait_has_any(f->world->waitq) && !atomic_load(&f->n_wrong))
		sched_yield();
	atomic_fetch_add(&f->n_pinned, 1);
	ds_entry_unlock(task, mapping, ds_pgidx(1),
			ds_object(DS_OBJ_NONE, 0, 0));
}

static void search(struct ds_task *task, void *arg)
{
	struct t_file *f = arg;
	struct ds_pfn pfn;

	if (ds_mapping_first_busy(task, &f->file->inode->mapping,
				  ds_pgrange_all(), false, &pfn))
		atomic_fetch_add(&f->n_wrong, 1);
	if (!atomic_load(&f->n_pinned))
		atomic_fetch_add(&f->n_wrong, 1);
}

static void a_search_waits_for_a_locked_entry(void **state)
{
	struct t_file f = {.region = NULL};
	struct ds_task *setup;
	unsigned char byte;
	uint64_t i, entry;

	(void)state;
	make_file(&f, "ext4-4.19", false);
	setup = f.world->setup;
	for (i = 0; i < N_PAGES; i++)
		assert_int_equal(ds_space_access(setup, f.world->space,
						 f.addr + i * DS_PAGE_SIZE,
						 &byte, 1, false),
				 1);
	assert_int_equal(ds_entry_grab(setup, &f.file->inode->mapping,
				       ds_pgidx(1), &entry),
			 0);
	assert_int_equal(ds_sched_spawn(f.world->sched, f.world->arena, "lock",
					lock_an_entry, &f, NULL),
			 0);
	assert_int_equal(ds_sched_spawn(f.world->sched, f.world->arena,
					"search", search, &f, NULL),
			 0);
	assert_int_equal(ds_sched_prepare(f.world->sched, DS_TURNS_FREE), 0);
	assert_int_equal(ds_sched_run(f.world->sched), DS_RUN_DONE);
	assert_int_equal(atomic_load(&f.n_wrong), 0);
	ds_world_free(f.world);
	ds_region_close(f.region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_case(a_writer_is_alone),
		t_case(a_writer_is_alone_where_readers_are_pulled),
		t_case(no_wake_up_is_lost),
		t_case(no_wake_up_of_all_is_lost),
		t_case(waking_one_exclusive_waiter_is_enough),
		t_case(a_signal_ends_a_sleep),
		t_case(a_grace_period_outlasts_its_walkers),
		cmocka_unit_test(a_punch_waits_for_pins),
		cmocka_unit_test(
			a_punch_waits_for_pins_of_which_no_record_is_kept),
		cmocka_unit_test(
			pins_and_entries_that_go_leave_every_count_right),
		cmocka_unit_test(a_search_waits_for_a_locked_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
