// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "../../support/dies.h"
#include "fixture.h"
#include "sched/waitq.h"

/* Waiters and wakers of keys; everything that changes is in the arena. */
struct t_queue {
	struct t_world *w;
	struct ds_waitq_table *table;
	ds_obj key;
};

struct t_waiter {
	const struct t_queue *queue;
	ds_obj key;
	bool exclusive, interruptible;
	/* Tests before it queues: the mistake that loses wake-ups. */
	bool careless;
};

static int set_up(void **state)
{
	struct t_queue *q = calloc(1, sizeof(*q));

	q->w = t_world_new();
	q->table = ds_arena_alloc(q->w->arena, sizeof(*q->table));
	q->key = ds_object(DS_OBJ_COUNTER, 1, 1);
	*state = q;
	return 0;
}

static int tear_down(void **state)
{
	struct t_queue *q = *state;

	t_world_free(q->w);
	free(q);
	return 0;
}

#define t_queue_case(test)                                                     \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static struct t_waiter waiter_of(const struct t_queue *q)
{
	return (struct t_waiter){.queue = q, .key = q->key};
}

/* Queues, sleeps once, leaves if it must. */
static void sleep_once(struct ds_task *task, void *arg)
{
	const struct t_waiter *waiter = arg;
	struct ds_waitq_table *table = waiter->queue->table;
	int r;

	r = ds_wait_queue(task, table, waiter->key, waiter->exclusive,
			  waiter->interruptible);
	ds_tell(task, "queue %d", r);
	if (r < 0)
		return;
	ds_wait_sleep(task, waiter->key, waiter->interruptible);
	if (!ds_wait_was_woken(task))
		ds_wait_leave(task, table);
	ds_assert(!task->waiter.queued);
}

static void wake_one(struct ds_task *task, void *arg)
{
	const struct t_queue *q = arg;

	ds_wake(task, q->table, q->key, false);
}

static void wake_all(struct ds_task *task, void *arg)
{
	const struct t_queue *q = arg;

	ds_wake(task, q->table, q->key, true);
}

static uint32_t enabled_after(struct t_queue *q, const char *script)
{
	char text[64];
	uint32_t enabled = 0;
	unsigned int i;

	snprintf(text, sizeof(text), "%s?", script);
	assert_int_equal(t_run(q->w, text), DS_RUN_STOPPED);
	assert_string_equal(q->w->script, "");
	for (i = 0; i < q->w->sched->n_tasks; i++)
		if (ds_task_is_enabled(q->w->sched->tasks[i]))
			enabled |= UINT32_C(1) << i;
	return enabled;
}

static void all_that_are_not_exclusive_are_woken(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);

	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "ab"), 4);
	assert_int_equal(enabled_after(q, "abc"), 3);
	assert_non_null(strstr(q->w->trace, "c@WAKE\nc: wake a\nc: wake b\n"));
	assert_int_equal(t_run(q->w, "abc"), DS_RUN_DONE);
}

static void exclusive_waiters_are_woken_one_at_a_time_in_order(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);
	int i;

	waiter.exclusive = true;
	for (i = 0; i < 3; i++)
		t_spawn(q->w, sleep_once, &waiter);
	for (i = 0; i < 3; i++)
		t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "bacd"), 2 | 16 | 32);
	assert_int_equal(enabled_after(q, "bacde"), 2 | 1 | 32);
	assert_int_equal(enabled_after(q, "bacdef"), 2 | 1 | 4);
}

static void waking_all_wakes_the_exclusive_ones_too(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);
	int i;

	waiter.exclusive = true;
	for (i = 0; i < 3; i++)
		t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, wake_all, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "abcd"), 7);
}

/* Wherever they stand in the queue. */
static void one_exclusive_waiter_and_all_others_are_woken(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q), exclusive = waiter_of(q);

	exclusive.exclusive = true;
	t_spawn(q->w, sleep_once, &exclusive);
	t_spawn(q->w, sleep_once, &exclusive);
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "abcd"), 1 | 4);
	assert_int_equal(enabled_after(q, "cbad"), 2 | 4);
}

static void a_wake_up_is_for_its_key_alone(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter[DS_WAITQ_BUCKETS];
	unsigned int i;

	/* Many keys in few buckets: some share one with the key woken. */
	for (i = 0; i < DS_TASKS_MAX - 1; i++) {
		waiter[i] = waiter_of(q);
		waiter[i].key = ds_object(DS_OBJ_COUNTER, 1, i);
		t_spawn(q->w, sleep_once, &waiter[i]);
	}
	t_spawn(q->w, wake_all, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "abcdefghijklmnop"), 2);
}

/* Two keys of one bucket, and which. */
static ds_obj find_neighbour(ds_obj key)
{
	uint64_t bucket = ds_mix64(key) % DS_WAITQ_BUCKETS;
	unsigned int i = 2;

	while (ds_mix64(ds_object(DS_OBJ_COUNTER, 1, i)) % DS_WAITQ_BUCKETS !=
	       bucket)
		i++;
	return ds_object(DS_OBJ_COUNTER, 1, i);
}

static void keys_may_share_a_bucket(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q), neighbour = waiter_of(q);

	neighbour.key = find_neighbour(q->key);
	waiter.exclusive = neighbour.exclusive = true;
	t_spawn(q->w, sleep_once, &neighbour);
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "abcd"), 2);
	assert_int_equal(enabled_after(q, "bacd"), 2);
}

static void a_wake_up_with_nobody_there_is_lost(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);

	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, wake_all, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(t_run(q->w, "ba"), DS_RUN_STUCK);
	assert_int_equal(t_run(q->w, "ab"), DS_RUN_DONE);
}

/* ------------------------- Enqueue, test, sleep --------------------------- */

static bool condition(struct ds_task *task, struct t_world *w)
{
	ds_yield(task, DS_AT_WAIT_TEST, ds_reads(t_object(0)));
	return w->cell[0];
}

static void wait_for_cell(struct ds_task *task, void *arg)
{
	const struct t_waiter *waiter = arg;
	struct ds_waitq_table *table = waiter->queue->table;
	struct t_world *w = waiter->queue->w;

	if (waiter->careless && condition(task, w))
		return;
	ds_wait_queue(task, table, waiter->key, false, false);
	if (!waiter->careless && condition(task, w)) {
		ds_wait_leave(task, table);
		return;
	}
	ds_wait_sleep(task, waiter->key, false);
}

static void set_and_wake(struct ds_task *task, void *arg)
{
	const struct t_queue *q = arg;

	ds_yield(task, DS_AT_CELL, ds_writes(t_object(0)));
	q->w->cell[0] = 1;
	ds_wake(task, q->table, q->key, false);
}

static void wake_and_set(struct ds_task *task, void *arg)
{
	const struct t_queue *q = arg;

	ds_wake(task, q->table, q->key, false);
	ds_yield(task, DS_AT_CELL, ds_writes(t_object(0)));
	q->w->cell[0] = 1;
}

/* How many of 500 random runs get stuck; there are far fewer orders. */
static unsigned int count_stuck(void **state, bool careless, ds_task_fn waker)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);
	unsigned int stuck = 0, seed;

	waiter.careless = careless;
	t_spawn(q->w, wait_for_cell, &waiter);
	t_spawn(q->w, waker, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	for (seed = 0; seed < 500; seed++)
		stuck += t_run_seed(q->w, seed) == DS_RUN_STUCK;
	return stuck;
}

static void who_queues_before_it_tests_loses_no_wake_up(void **state)
{
	assert_int_equal(count_stuck(state, false, set_and_wake), 0);
}

static void who_tests_before_it_queues_may_sleep_for_ever(void **state)
{
	assert_true(count_stuck(state, true, set_and_wake) > 0);
}

static void who_wakes_before_it_changes_loses_the_wake_up(void **state)
{
	assert_true(count_stuck(state, false, wake_and_set) > 0);
}

/* ------------------------------ Leaving ----------------------------------- */

static void queue_and_leave(struct ds_task *task, void *arg)
{
	const struct t_waiter *waiter = arg;
	struct ds_waitq_table *table = waiter->queue->table;

	ds_wait_queue(task, table, waiter->key, waiter->exclusive, false);
	ds_wait_leave(task, table);
	ds_assert(!task->waiter.queued);
}

static void who_left_takes_no_wake_up(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);

	waiter.exclusive = true;
	t_spawn(q->w, queue_and_leave, &waiter);
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	/* In front of the sleeper, and gone. */
	assert_int_equal(t_run(q->w, "abacb"), DS_RUN_DONE);
	/* In front of it, and woken instead. */
	assert_int_equal(t_run(q->w, "abca"), DS_RUN_STUCK);
	/* Behind it. */
	assert_int_equal(t_run(q->w, "bacab"), DS_RUN_DONE);
}

static void leaving_keeps_the_order_of_the_others(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);

	waiter.exclusive = true;
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, queue_and_leave, &waiter);
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, wake_one, q);
	t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "abcbd"), 1 | 16);
	assert_int_equal(enabled_after(q, "abcbde"), 1 | 4);
}

/* ------------------------------ Signals ----------------------------------- */

static void signal_first(struct ds_task *task, void *arg)
{
	(void)arg;
	ds_task_signal(task, task->sched->tasks[0]);
}

static void a_signal_ends_the_sleep_and_leaves_it_queued(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);

	waiter.interruptible = true;
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, signal_first, NULL);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "aba"), 1);
	assert_true(q->w->sched->tasks[0]->waiter.queued);
	assert_int_equal(t_run(q->w, "abaa"), DS_RUN_DONE);
	assert_string_equal(q->w->trace,
			    "a@WAIT_QUEUE\na: queue 0\na: sleep\n"
			    "b@SIGNAL\nb: signal a\n"
			    "a@WAIT_SLEEP\na: wake up\na@WAIT_LEAVE\n");
}

static void a_pending_signal_keeps_it_from_queueing(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);
	char want[40];

	waiter.interruptible = true;
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, signal_first, NULL);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(t_run(q->w, "ba"), DS_RUN_DONE);
	snprintf(want, sizeof(want), "a@WAIT_QUEUE\na: queue %d\n", -EINTR);
	assert_non_null(strstr(q->w->trace, want));
	assert_false(q->w->sched->tasks[0]->waiter.queued);
}

static void a_signal_means_nothing_to_who_is_not_interruptible(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);

	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, signal_first, NULL);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(t_run(q->w, "ba"), DS_RUN_STUCK);
	assert_int_equal(t_run(q->w, "ab"), DS_RUN_STUCK);
}

/* Both at once: the wake-up has taken it out of the queue. */
static void woken_and_signalled_counts_as_woken(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);

	waiter.interruptible = true;
	t_spawn(q->w, sleep_once, &waiter);
	t_spawn(q->w, signal_first, NULL);
	t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(t_run(q->w, "abca"), DS_RUN_DONE);
	assert_null(strstr(q->w->trace, "WAIT_LEAVE"));
	/* The wake-up after the sleep, but before it left. */
	assert_int_equal(t_run(q->w, "abaca"), DS_RUN_DONE);
	assert_non_null(strstr(q->w->trace, "WAIT_LEAVE"));
}

/* --------------------------- Joining in a step ---------------------------- */

static void join_then_sleep(struct ds_task *task, void *arg)
{
	const struct t_waiter *waiter = arg;

	ds_yield(task, DS_AT_CELL, ds_writes(ds_wait_object(waiter->key)));
	ds_wait_join(task, waiter->queue->table, waiter->key, true);
	ds_wait_sleep(task, waiter->key, false);
}

static void look_for_waiters(struct ds_task *task, void *arg)
{
	const struct t_queue *q = arg;

	ds_yield(task, DS_AT_CELL, ds_reads(ds_wait_object(q->key)));
	ds_tell(task, "waiters: %d",
		ds_wait_has_waiters(task, q->table, q->key));
}

static void waiters_of_a_key_can_be_seen(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q), neighbour = waiter_of(q);

	neighbour.key = find_neighbour(q->key);
	t_spawn(q->w, join_then_sleep, &waiter);
	t_spawn(q->w, join_then_sleep, &neighbour);
	t_spawn(q->w, look_for_waiters, q);
	t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	t_run(q->w, "bc");
	assert_non_null(strstr(q->w->trace, "c: waiters: 0"));
	t_run(q->w, "bac");
	assert_non_null(strstr(q->w->trace, "c: waiters: 1"));
	t_run(q->w, "badc");
	assert_non_null(strstr(q->w->trace, "c: waiters: 0"));
}

static void join_twice(struct ds_task *task, void *arg)
{
	const struct t_waiter *waiter = arg;

	ds_yield(task, DS_AT_CELL, ds_writes(ds_wait_object(waiter->key)));
	ds_wait_join(task, waiter->queue->table, waiter->key, true);
	ds_wait_join(task, waiter->queue->table, waiter->key, true);
}

static void join_undeclared(struct ds_task *task, void *arg)
{
	const struct t_waiter *waiter = arg;

	ds_yield(task, DS_AT_CELL, ds_reads(ds_wait_object(waiter->key)));
	ds_wait_join(task, waiter->queue->table, waiter->key, true);
}

static void run_it(void *arg)
{
	t_run(arg, "");
}

/* For @ticks; tells when and how it ended. */
struct t_sleeper {
	struct t_waiter waiter;
	uint64_t ticks;
};

static void sleep_for(struct ds_task *task, void *arg)
{
	const struct t_sleeper *sleeper = arg;
	const struct t_waiter *waiter = &sleeper->waiter;
	bool over;

	ds_wait_queue(task, waiter->queue->table, waiter->key, false, false);
	over = ds_wait_sleep_for(task, waiter->key, waiter->interruptible,
				 sleeper->ticks);
	ds_tell(task, "%s at %d", over ? "over" : "ended",
		(int)ds_task_now(task));
	ds_assert(over || !task->waiter.queued || waiter->interruptible);
	ds_wait_leave(task, waiter->queue->table);
	ds_assert(!task->waiter.queued);
}

static void time_moves_to_the_nearest_end_when_nobody_can_go_on(void **state)
{
	struct t_queue *q = *state;
	struct t_sleeper late = {waiter_of(q), 7}, soon = {waiter_of(q), 3};
	int two = 2;

	t_spawn(q->w, sleep_for, &late);
	t_spawn(q->w, sleep_for, &soon);
	t_spawn(q->w, t_steps, &two);
	t_prepare(q->w, DS_TURNS_FIBER);
	/* Not while a third one has steps to take. */
	assert_int_equal(enabled_after(q, "abc"), 4);
	assert_true(q->w->sched->now == 0);
	assert_int_equal(enabled_after(q, "abcc"), 2);
	assert_true(q->w->sched->now == 3);
	assert_int_equal(t_run(q->w, "abccbbaa"), DS_RUN_DONE);
	assert_false(q->w->diverged);
	assert_non_null(strstr(q->w->trace, "b: over at 3\n"));
	assert_non_null(strstr(q->w->trace, "a: over at 7\n"));
	assert_true(q->w->sched->n_jumps == 2);
	/* The next run has a time of its own. */
	assert_int_equal(enabled_after(q, "abcc"), 2);
	assert_true(q->w->sched->now == 3);
}

static void ends_of_one_time_come_together(void **state)
{
	struct t_queue *q = *state;
	struct t_sleeper sleeper = {waiter_of(q), 5};

	t_spawn(q->w, sleep_for, &sleeper);
	t_spawn(q->w, sleep_for, &sleeper);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "ab"), 3);
	assert_int_equal(t_run(q->w, "abbaab"), DS_RUN_DONE);
	assert_true(q->w->sched->n_jumps == 1);
}

static void a_wake_up_ends_a_timed_sleep(void **state)
{
	struct t_queue *q = *state;
	struct t_sleeper sleeper = {waiter_of(q), 5};

	t_spawn(q->w, sleep_for, &sleeper);
	t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(t_run(q->w, "abaa"), DS_RUN_DONE);
	assert_non_null(strstr(q->w->trace, "a: ended at 0\n"));
	assert_true(q->w->sched->n_jumps == 0);
}

static void a_wake_up_counts_more_than_the_end_of_the_time(void **state)
{
	struct t_queue *q = *state;
	struct t_sleeper sleeper = {waiter_of(q), 5};
	struct t_sleeper other = {waiter_of(q), 5};

	/* The other one's time ends too, and it wakes the first. */
	other.waiter.key = ds_object(DS_OBJ_COUNTER, 1, 2);
	t_spawn(q->w, sleep_for, &sleeper);
	t_spawn(q->w, sleep_for, &other);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(enabled_after(q, "ab"), 3);
	ds_task_wake(q->w->sched->tasks[0]);
	assert_int_equal(atomic_load(&q->w->sched->tasks[0]->alarms),
			 DS_WOKEN | DS_TIMED_OUT);
	t_world_free(q->w);
	q->w = t_world_new();
}

static void a_signal_ends_a_timed_sleep_only_if_asked(void **state)
{
	struct t_queue *q = *state;
	struct t_sleeper sleeper = {waiter_of(q), 5};

	t_spawn(q->w, sleep_for, &sleeper);
	t_prepare(q->w, DS_TURNS_FIBER);
	q->w->sched->tasks[0]->alarms = DS_SIGNALLED;
	assert_int_equal(ds_arena_mark(q->w->arena), 0);
	assert_int_equal(t_run(q->w, ""), DS_RUN_DONE);
	assert_non_null(strstr(q->w->trace, "a: over at 5\n"));
	sleeper.waiter.interruptible = true;
	assert_int_equal(t_run(q->w, ""), DS_RUN_DONE);
	assert_non_null(strstr(q->w->trace, "a: ended at 0\n"));
}

/* For ever: each round a tick later than the one before. */
static void poll(struct ds_task *task, void *arg)
{
	const struct t_waiter *waiter = arg;
	uint64_t before = ds_task_enter(task);

	for (;;) {
		ds_task_forget(task, before);
		ds_wait_queue(task, waiter->queue->table, waiter->key, false,
			      false);
		ds_wait_sleep_for(task, waiter->key, false, 1);
		ds_wait_leave(task, waiter->queue->table);
	}
}

static struct ds_digest digest_of(const struct ds_sched *sched)
{
	struct ds_digest digest = {1, 1};

	ds_sched_digest(sched, &digest);
	return digest;
}

static void a_state_comes_back_although_time_goes_on(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);
	struct ds_digest first, second, other;

	t_spawn(q->w, poll, &waiter);
	t_prepare(q->w, DS_TURNS_FIBER);
	enabled_after(q, "aaa");
	first = digest_of(q->w->sched);
	assert_true(q->w->sched->now == 1);
	enabled_after(q, "aaaaaa");
	second = digest_of(q->w->sched);
	assert_true(q->w->sched->now == 2);
	assert_memory_equal(&first, &second, sizeof(first));
	/* How long is left is part of it. */
	q->w->sched->tasks[0]->state = DS_TASK_ASLEEP;
	q->w->sched->tasks[0]->deadline = 3;
	first = digest_of(q->w->sched);
	q->w->sched->tasks[0]->deadline = 4;
	other = digest_of(q->w->sched);
	assert_memory_not_equal(&first, &other, sizeof(first));
	q->w->sched->tasks[0]->idle = true;
	first = digest_of(q->w->sched);
	assert_memory_not_equal(&first, &other, sizeof(first));
}

/* Serves whoever wakes it, for ever. */
static void serve(struct ds_task *task, void *arg)
{
	const struct t_waiter *waiter = arg;

	for (;;) {
		ds_wait_queue(task, waiter->queue->table, waiter->key, false,
			      false);
		if (!ds_task_sleep_idle(task, DS_AT_WAIT_SLEEP,
					ds_wait_object(waiter->key)))
			break;
		ds_tell(task, "serve");
	}
	ds_wait_leave(task, waiter->queue->table);
}

static void who_waits_for_work_keeps_no_run_from_its_end(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);

	t_spawn(q->w, serve, &waiter);
	t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(t_run(q->w, "aba"), DS_RUN_DONE);
	assert_non_null(strstr(q->w->trace, "a: serve\n"));
	assert_int_equal(q->w->sched->tasks[0]->state, DS_TASK_ASLEEP);
	/* Work that came is done before. */
	assert_int_equal(enabled_after(q, "ab"), 1);
	assert_false(ds_task_is_idle(q->w->sched->tasks[0]));
}

static void who_waits_for_work_hides_nobody_who_is_stuck(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q), other = waiter_of(q);

	other.key = ds_object(DS_OBJ_COUNTER, 1, 2);
	t_spawn(q->w, serve, &waiter);
	t_spawn(q->w, sleep_once, &other);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_int_equal(t_run(q->w, ""), DS_RUN_STUCK);
}

static void misuse_aborts(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q);
	struct t_world *other = t_world_new();

	t_spawn(q->w, join_twice, &waiter);
	t_prepare(q->w, DS_TURNS_FIBER);
	assert_true(t_aborts(run_it, q->w));
	t_spawn(other, join_undeclared, &waiter);
	t_prepare(other, DS_TURNS_FIBER);
	assert_true(t_aborts(run_it, other));
	t_world_free(other);
}

/* What the search takes them for. */
static void queueing_and_waking_conflict_on_the_queue(void **state)
{
	struct t_queue *q = *state;
	struct t_waiter waiter = waiter_of(q), neighbour = waiter_of(q);
	struct ds_task *a, *b, *c;

	neighbour.key = find_neighbour(q->key);
	a = t_spawn(q->w, sleep_once, &waiter);
	b = t_spawn(q->w, sleep_once, &neighbour);
	c = t_spawn(q->w, wake_one, q);
	t_prepare(q->w, DS_TURNS_FIBER);
	enabled_after(q, "");
	assert_true(ds_steps_conflict(a, c));
	assert_false(ds_steps_conflict(a, b));
	assert_false(ds_steps_conflict(b, c));
	enabled_after(q, "a");
	assert_true(ds_steps_conflict(a, c));
}

enum {
	N_PASSES = 2000,
};

/* Two tasks that pass a turn to each other. */
struct t_turn {
	const struct t_queue *queue;
	atomic_int *turn;
	int mine;
};

static void await_turn(struct ds_task *task, const struct t_turn *t, int turn)
{
	const struct t_queue *q = t->queue;

	while (atomic_load(t->turn) != turn) {
		(void)ds_wait_queue(task, q->table, q->key, false, false);
		if (atomic_load(t->turn) != turn)
			ds_wait_sleep(task, q->key, false);
		if (!ds_wait_was_woken(task))
			ds_wait_leave(task, q->table);
	}
}

static void pass_turns(struct ds_task *task, void *arg)
{
	const struct t_turn *t = arg;
	int turn;

	for (turn = t->mine; turn < N_PASSES; turn += 2) {
		await_turn(task, t, turn);
		atomic_fetch_add(t->turn, 1);
		ds_wake_changed(task, t->queue->table, t->queue->key, false);
	}
}

/* A wake-up that is lost lets both sleep for ever. */
static void who_changed_it_and_sees_nobody_wait_loses_no_wake_up(void **state)
{
	struct t_queue *q = *state;
	atomic_int turn = 0;
	struct t_turn even = {q, &turn, 0}, odd = {q, &turn, 1};
	unsigned int i;

	t_spawn(q->w, pass_turns, &even);
	t_spawn(q->w, pass_turns, &odd);
	t_prepare(q->w, DS_TURNS_FREE);
	assert_int_equal(t_run(q->w, "?"), DS_RUN_DONE);
	assert_int_equal(atomic_load(&turn), N_PASSES);
	for (i = 0; i < DS_WAITQ_BUCKETS; i++) {
		assert_null(q->table->buckets[i].head);
		assert_int_equal(atomic_load(&q->table->buckets[i].n), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		t_queue_case(
			who_changed_it_and_sees_nobody_wait_loses_no_wake_up),
		t_queue_case(all_that_are_not_exclusive_are_woken),
		t_queue_case(
			exclusive_waiters_are_woken_one_at_a_time_in_order),
		t_queue_case(waking_all_wakes_the_exclusive_ones_too),
		t_queue_case(one_exclusive_waiter_and_all_others_are_woken),
		t_queue_case(a_wake_up_is_for_its_key_alone),
		t_queue_case(keys_may_share_a_bucket),
		t_queue_case(a_wake_up_with_nobody_there_is_lost),
		t_queue_case(who_queues_before_it_tests_loses_no_wake_up),
		t_queue_case(who_tests_before_it_queues_may_sleep_for_ever),
		t_queue_case(who_wakes_before_it_changes_loses_the_wake_up),
		t_queue_case(who_left_takes_no_wake_up),
		t_queue_case(leaving_keeps_the_order_of_the_others),
		t_queue_case(a_signal_ends_the_sleep_and_leaves_it_queued),
		t_queue_case(a_pending_signal_keeps_it_from_queueing),
		t_queue_case(
			a_signal_means_nothing_to_who_is_not_interruptible),
		t_queue_case(woken_and_signalled_counts_as_woken),
		t_queue_case(waiters_of_a_key_can_be_seen),
		t_queue_case(
			time_moves_to_the_nearest_end_when_nobody_can_go_on),
		t_queue_case(ends_of_one_time_come_together),
		t_queue_case(a_wake_up_ends_a_timed_sleep),
		t_queue_case(a_wake_up_counts_more_than_the_end_of_the_time),
		t_queue_case(a_signal_ends_a_timed_sleep_only_if_asked),
		t_queue_case(a_state_comes_back_although_time_goes_on),
		t_queue_case(who_waits_for_work_keeps_no_run_from_its_end),
		t_queue_case(who_waits_for_work_hides_nobody_who_is_stuck),
		t_queue_case(misuse_aborts),
		t_queue_case(queueing_and_waking_conflict_on_the_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
