// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/dies.h"
#include "fixture.h"
#include "sched/rwsem.h"

/*
 * A task that takes a semaphore, takes a step with it, and gives it back:
 * a@LOCK_..., (a@LOCK_GRANTED,) a@CELL, a@UNLOCK.
 */
struct t_user {
	struct ds_rwsem *sem;
	enum ds_lock_mode mode;
};

struct t_sems {
	struct t_world *w;
	struct ds_rwsem *sem; /* in the arena: it is rewound */
	struct t_user reader, writer;
};

static void use(struct ds_task *task, void *arg)
{
	const struct t_user *user = arg;
	enum ds_lock_mode other =
		user->mode == DS_SHARED ? DS_EXCLUSIVE : DS_SHARED;

	ds_rwsem_lock(task, user->sem, user->mode);
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
	ds_tell(task, "in");
	ds_assert(ds_rwsem_holds(task, user->sem, user->mode));
	ds_assert(!ds_rwsem_holds(task, user->sem, other));
	ds_rwsem_unlock(task, user->sem);
	ds_assert(!ds_rwsem_holds(task, user->sem, user->mode));
	/* A step of its own, so that a script can end there. */
	ds_yield(task, DS_AT_CELL, ds_reads(t_object(0)));
}

static int set_up(void **state)
{
	struct t_sems *s = calloc(1, sizeof(*s));

	s->w = t_world_new();
	s->sem = ds_arena_alloc(s->w->arena, sizeof(*s->sem));
	ds_rwsem_init(s->sem, 1, DS_LOCK_INODE, "sem");
	s->reader = (struct t_user){s->sem, DS_SHARED};
	s->writer = (struct t_user){s->sem, DS_EXCLUSIVE};
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct t_sems *s = *state;

	t_world_free(s->w);
	free(s);
	return 0;
}

#define t_sem_case(test)                                                       \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Tasks by letter: 'r' reads, 'w' writes. */
static void spawn_users(struct t_sems *s, const char *kinds)
{
	for (; *kinds; kinds++)
		t_spawn(s->w, use, *kinds == 'r' ? &s->reader : &s->writer);
	t_prepare(s->w, DS_TURNS_FIBER);
}

/* Who could go on when a script ended. */
static uint32_t enabled_after(struct t_sems *s, const char *script)
{
	char text[64];
	uint32_t enabled = 0;
	unsigned int i;

	snprintf(text, sizeof(text), "%s?", script);
	assert_int_equal(t_run(s->w, text), DS_RUN_STOPPED);
	assert_string_equal(s->w->script, "");
	for (i = 0; i < s->w->sched->n_tasks; i++)
		if (ds_task_is_enabled(s->w->sched->tasks[i]))
			enabled |= UINT32_C(1) << i;
	return enabled;
}

static bool is_contended(const struct ds_rwsem *sem)
{
	return atomic_load(&sem->word) & DS_ESCALATES;
}

static void readers_share(void **state)
{
	struct t_sems *s = *state;

	spawn_users(s, "rr");
	assert_int_equal(enabled_after(s, "ab"), 3);
	assert_int_equal(ds_rwsem_n_readers(s->sem), 2);
	assert_false(ds_rwsem_is_exclusive(s->sem));
	assert_false(is_contended(s->sem));
	assert_int_equal(t_run(s->w, ""), DS_RUN_DONE);
	assert_int_equal(ds_rwsem_n_readers(s->sem), 0);
}

static void a_writer_keeps_all_others_out(void **state)
{
	struct t_sems *s = *state;

	spawn_users(s, "wrw");
	assert_int_equal(enabled_after(s, "abc"), 1);
	assert_true(ds_rwsem_is_exclusive(s->sem));
	assert_true(is_contended(s->sem));
	assert_int_equal(t_run(s->w, "abcaabbbbccc?"), DS_RUN_STOPPED);
	assert_string_equal(strstr(s->w->trace, "a@UNLOCK"),
			    "a@UNLOCK\na: unlock sem\n"
			    "b@LOCK_GRANTED\nb: get sem shared\n"
			    "b@CELL\nb: in\nb@UNLOCK\nb: unlock sem\n"
			    "b@CELL\n"
			    "c@LOCK_GRANTED\nc: get sem exclusive\n"
			    "c@CELL\nc: in\nc@UNLOCK\nc: unlock sem\n");
}

static void readers_keep_a_writer_out(void **state)
{
	struct t_sems *s = *state;

	spawn_users(s, "rrw");
	assert_int_equal(enabled_after(s, "abc"), 3);
	/* The last of them hands over. */
	assert_int_equal(enabled_after(s, "abcaa"), 3);
	assert_int_equal(enabled_after(s, "abcaabb"), 7);
	assert_true(ds_rwsem_is_exclusive(s->sem));
}

static void first_come_first_served(void **state)
{
	struct t_sems *s = *state;

	spawn_users(s, "wwww");
	/* d queues before b. */
	assert_int_equal(enabled_after(s, "adbc"), 1);
	assert_int_equal(enabled_after(s, "adbcaa"), 1 | 8);
	assert_int_equal(enabled_after(s, "adbcaaddd"), 1 | 8 | 2);
	assert_int_equal(enabled_after(s, "adbcaadddbbb"), 1 | 8 | 2 | 4);
}

static void a_reader_queues_behind_a_queued_writer(void **state)
{
	struct t_sems *s = *state;

	spawn_users(s, "rwr");
	assert_int_equal(enabled_after(s, "abc"), 1);
	assert_int_equal(ds_rwsem_n_readers(s->sem), 1);
	assert_true(is_contended(s->sem));
}

static void a_release_grants_the_run_of_readers_at_the_head(void **state)
{
	struct t_sems *s = *state;

	spawn_users(s, "wrrwr");
	assert_int_equal(enabled_after(s, "abcde"), 1);
	/* b and c, but not e behind the writer d. */
	assert_int_equal(enabled_after(s, "abcdeaa"), 1 | 2 | 4);
	assert_int_equal(ds_rwsem_n_readers(s->sem), 2);
	assert_int_equal(enabled_after(s, "abcdeaabbbccc"), 1 | 2 | 4 | 8);
	assert_int_equal(enabled_after(s, "abcdeaabbbcccddd"),
			 1 | 2 | 4 | 8 | 16);
}

static void a_granted_reader_may_pull_all_along(void **state)
{
	struct t_sems *s = *state;

	s->w->sched->pull_readers = true;
	spawn_users(s, "wrwrwr");
	assert_int_equal(enabled_after(s, "abcdef"), 1);
	assert_int_equal(enabled_after(s, "abcdefaa"), 1 | 2 | 8 | 32);
	assert_int_equal(ds_rwsem_n_readers(s->sem), 3);
	/* The writers keep their order. */
	assert_int_equal(enabled_after(s, "abcdefaabbbdddfff"),
			 1 | 2 | 8 | 32 | 4);
	assert_int_equal(enabled_after(s, "abcdefaabbbdddfffccc"), 63);
}

/* Only a reader at the head pulls: a writer there goes first, alone. */
static void a_granted_writer_pulls_nobody(void **state)
{
	struct t_sems *s = *state;

	s->w->sched->pull_readers = true;
	spawn_users(s, "wwrr");
	assert_int_equal(enabled_after(s, "abcdaa"), 1 | 2);
}

/* What was pulled out of the middle leaves a queue that can be joined. */
static void the_queue_keeps_its_end(void **state)
{
	struct t_sems *s = *state;

	s->w->sched->pull_readers = true;
	spawn_users(s, "wrwrwr");
	assert_int_equal(enabled_after(s, "abcdaa"), 1 | 2 | 8 | 16 | 32);
	/* c queues, e and f behind it. */
	assert_int_equal(enabled_after(s, "abcdaaefbbbddd"), 1 | 2 | 4 | 8);
	assert_int_equal(enabled_after(s, "abcdaaefbbbdddccc"), 31);
	assert_int_equal(enabled_after(s, "abcdaaefbbbdddccceee"), 63);
}

/* The lock is the waiter's from the release on, not from its next step. */
static void nobody_overtakes_the_head(void **state)
{
	struct t_sems *s = *state;

	spawn_users(s, "wwr");
	assert_int_equal(enabled_after(s, "abaac"), 1 | 2);
	assert_ptr_equal(s->sem->writer, s->w->sched->tasks[1]);
}

static void steps_on_a_free_lock_commute_only_when_shared(void **state)
{
	struct t_sems *s = *state;
	struct ds_task *const *tasks = s->w->sched->tasks;

	spawn_users(s, "rrw");
	enabled_after(s, "");
	assert_false(ds_steps_conflict(tasks[0], tasks[1]));
	assert_true(ds_steps_conflict(tasks[0], tasks[2]));
	/* Held shared: to take it and to give it back commute. */
	enabled_after(s, "aa");
	assert_int_equal(tasks[0]->at, DS_AT_UNLOCK);
	assert_false(ds_steps_conflict(tasks[0], tasks[1]));
}

static void shared_steps_conflict_once_somebody_queues(void **state)
{
	struct t_sems *s = *state;
	struct ds_task *const *tasks = s->w->sched->tasks;

	spawn_users(s, "rrwrr");
	enabled_after(s, "aabbc");
	assert_true(ds_steps_conflict(tasks[3], tasks[4]));
	assert_true(ds_steps_conflict(tasks[0], tasks[1]));
	assert_true(ds_steps_conflict(tasks[0], tasks[3]));
	/* And while a writer owns it. */
	enabled_after(s, "c");
	assert_true(ds_steps_conflict(tasks[0], tasks[1]));
	/* Not any more when it is gone. */
	enabled_after(s, "ccc");
	assert_false(ds_steps_conflict(tasks[0], tasks[1]));
}

static void shared_steps_commute_again_once_nobody_queues(void **state)
{
	struct t_sems *s = *state;
	struct ds_task *const *tasks = s->w->sched->tasks;

	spawn_users(s, "wrrr");
	/* b queues, and a hands over to it: nobody is left in the queue. */
	enabled_after(s, "abaa");
	assert_int_equal(ds_rwsem_n_readers(s->sem), 1);
	assert_false(is_contended(s->sem));
	assert_false(ds_steps_conflict(tasks[2], tasks[3]));
	assert_int_equal(t_run(s->w, ""), DS_RUN_DONE);
	assert_int_equal(atomic_load(&s->sem->word), 0);
}

static void the_end_of_exclusive_ownership_is_charged(void **state)
{
	struct t_sems *s = *state;
	const struct ds_task *writer = NULL;
	unsigned int i;

	for (i = 0; i < 3; i++)
		s->sem->charged[i] = t_object(i + 1);
	spawn_users(s, "wr");
	writer = s->w->sched->tasks[0];
	enabled_after(s, "aa");
	assert_int_equal(writer->at, DS_AT_UNLOCK);
	assert_int_equal(writer->n_accesses, 4);
	for (i = 0; i < 3; i++) {
		assert_true(writer->accesses[i + 1].obj == t_object(i + 1));
		assert_int_equal(writer->accesses[i + 1].how, DS_READ);
	}
	enabled_after(s, "bb");
	assert_int_equal(s->w->sched->tasks[1]->n_accesses, 1);
}

/* ------------------------------ Programmer errors ------------------------- */

struct t_pair {
	struct ds_rwsem *first, *second;
};

static void take_both(struct ds_task *task, void *arg)
{
	const struct t_pair *pair = arg;

	ds_rwsem_lock(task, pair->first, DS_EXCLUSIVE);
	ds_rwsem_lock(task, pair->second, DS_SHARED);
	ds_rwsem_unlock(task, pair->first);
	ds_rwsem_unlock(task, pair->second);
}

static void run_pair(struct t_sems *s, struct t_pair *pair)
{
	t_spawn(s->w, take_both, pair);
	t_prepare(s->w, DS_TURNS_FIBER);
	assert_int_equal(t_run(s->w, ""), DS_RUN_DONE);
}

static void locks_may_be_given_back_in_any_order(void **state)
{
	struct t_sems *s = *state;
	struct ds_rwsem other;
	struct t_pair pair = {s->sem, &other};

	ds_rwsem_init(&other, 2, DS_LOCK_FAULT, "other");
	run_pair(s, &pair);
	assert_null(strstr(s->w->trace, "order"));
	assert_int_equal(s->w->sched->tasks[0]->n_held, 0);
}

static void an_inverted_order_is_told(void **state)
{
	struct t_sems *s = *state;
	struct ds_rwsem other;
	struct t_pair pair = {&other, s->sem};

	ds_rwsem_init(&other, 2, DS_LOCK_FAULT, "other");
	run_pair(s, &pair);
	assert_non_null(strstr(s->w->trace, "a: order broken at sem\n"));
}

/* Two inodes have an order, two mmap_locks have none. */
static void locks_of_one_class_do_not_nest(void **state)
{
	struct t_sems *s = *state;
	struct ds_rwsem one, other;
	struct t_pair pair = {&one, &other};

	ds_rwsem_init(&one, 2, DS_LOCK_MMAP, "one");
	ds_rwsem_init(&other, 3, DS_LOCK_MMAP, "other");
	run_pair(s, &pair);
	assert_non_null(strstr(s->w->trace, "a: order broken at other\n"));
}

static void locks_of_two_inodes_nest_in_the_order_of_their_ids(void **state)
{
	static const enum ds_lock_class classes[] = {DS_LOCK_INODE,
						     DS_LOCK_FAULT};
	struct t_sems *s = *state;
	struct ds_rwsem locks[4];
	struct t_pair pairs[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ds_rwsem_init(&locks[2 * i], 7, classes[i], "seven");
		ds_rwsem_init(&locks[2 * i + 1], 8, classes[i], "eight");
		pairs[i] = (struct t_pair){&locks[2 * i], &locks[2 * i + 1]};
		t_spawn(s->w, take_both, &pairs[i]);
	}
	t_prepare(s->w, DS_TURNS_FIBER);
	assert_int_equal(t_run(s->w, ""), DS_RUN_DONE);
	assert_null(strstr(s->w->trace, "order"));
}

static void locks_of_two_inodes_do_not_nest_the_other_way_round(void **state)
{
	struct t_sems *s = *state;
	struct ds_rwsem seven, eight;
	struct t_pair pair = {&eight, &seven};

	ds_rwsem_init(&seven, 7, DS_LOCK_FAULT, "seven");
	ds_rwsem_init(&eight, 8, DS_LOCK_FAULT, "eight");
	run_pair(s, &pair);
	assert_non_null(strstr(s->w->trace, "a: order broken at seven\n"));
}

static void take_twice(void *arg)
{
	struct t_sems *s = arg;
	struct t_pair pair = {s->sem, s->sem};

	run_pair(s, &pair);
}

static void unlock_only(struct ds_task *task, void *arg)
{
	ds_rwsem_unlock(task, arg);
}

static void run_unlock_only(void *arg)
{
	struct t_sems *s = arg;

	t_spawn(s->w, unlock_only, s->sem);
	t_prepare(s->w, DS_TURNS_FIBER);
	t_run(s->w, "");
}

static void misuse_aborts(void **state)
{
	assert_true(t_aborts(take_twice, *state));
	assert_true(t_aborts(run_unlock_only, *state));
}

static void outside_a_run_a_free_lock_is_taken_at_once(void **state)
{
	struct t_sems *s = *state;
	struct ds_task task = {.sched = s->w->sched, .id = DS_TASKS_MAX};

	ds_rwsem_lock(&task, s->sem, DS_EXCLUSIVE);
	assert_true(ds_rwsem_holds(&task, s->sem, DS_EXCLUSIVE));
	assert_true(ds_rwsem_is_exclusive(s->sem));
	ds_rwsem_unlock(&task, s->sem);
	ds_rwsem_lock(&task, s->sem, DS_SHARED);
	ds_rwsem_unlock(&task, s->sem);
	assert_int_equal(ds_rwsem_n_readers(s->sem), 0);
	assert_false(ds_rwsem_is_exclusive(s->sem));
}

static bool tries(struct t_sems *s, struct ds_task *task,
		  enum ds_lock_mode mode)
{
	bool taken = ds_rwsem_trylock(task, s->sem, mode);

	if (taken) {
		assert_true(ds_rwsem_holds(task, s->sem, mode));
		ds_rwsem_unlock(task, s->sem);
	}
	return taken;
}

static void who_tries_gives_up_where_others_would_queue(void **state)
{
	struct t_sems *s = *state;
	struct ds_task task = {.sched = s->w->sched, .id = DS_TASKS_MAX};
	struct ds_task other = {.sched = s->w->sched, .id = DS_TASKS_MAX};

	assert_true(tries(s, &task, DS_SHARED));
	assert_true(tries(s, &task, DS_EXCLUSIVE));
	ds_rwsem_lock(&other, s->sem, DS_SHARED);
	assert_true(tries(s, &task, DS_SHARED));
	assert_false(tries(s, &task, DS_EXCLUSIVE));
	ds_rwsem_unlock(&other, s->sem);
	ds_rwsem_lock(&other, s->sem, DS_EXCLUSIVE);
	assert_false(tries(s, &task, DS_SHARED));
	assert_false(tries(s, &task, DS_EXCLUSIVE));
	assert_int_equal(ds_rwsem_n_readers(s->sem), 0);
	assert_int_equal(task.n_held, 0);
	ds_rwsem_unlock(&other, s->sem);
	assert_false(ds_rwsem_is_exclusive(s->sem));
}

/* A writer that queues keeps out who only tries. */
static void who_tries_overtakes_nobody(void **state)
{
	struct t_sems *s = *state;
	struct ds_task task = {.sched = s->w->sched, .id = DS_TASKS_MAX};

	spawn_users(s, "rw");
	assert_int_equal(enabled_after(s, "ab"), 1);
	assert_false(tries(s, &task, DS_SHARED));
	assert_int_equal(ds_rwsem_n_readers(s->sem), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_sem_case(readers_share),
		t_sem_case(a_writer_keeps_all_others_out),
		t_sem_case(readers_keep_a_writer_out),
		t_sem_case(first_come_first_served),
		t_sem_case(a_reader_queues_behind_a_queued_writer),
		t_sem_case(a_release_grants_the_run_of_readers_at_the_head),
		t_sem_case(a_granted_reader_may_pull_all_along),
		t_sem_case(a_granted_writer_pulls_nobody),
		t_sem_case(the_queue_keeps_its_end),
		t_sem_case(nobody_overtakes_the_head),
		t_sem_case(steps_on_a_free_lock_commute_only_when_shared),
		t_sem_case(shared_steps_conflict_once_somebody_queues),
		t_sem_case(shared_steps_commute_again_once_nobody_queues),
		t_sem_case(the_end_of_exclusive_ownership_is_charged),
		t_sem_case(locks_may_be_given_back_in_any_order),
		t_sem_case(an_inverted_order_is_told),
		t_sem_case(locks_of_one_class_do_not_nest),
		t_sem_case(locks_of_two_inodes_nest_in_the_order_of_their_ids),
		t_sem_case(locks_of_two_inodes_do_not_nest_the_other_way_round),
		t_sem_case(misuse_aborts),
		t_sem_case(outside_a_run_a_free_lock_is_taken_at_once),
		t_sem_case(who_tries_gives_up_where_others_would_queue),
		t_sem_case(who_tries_overtakes_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
