// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/lease.h"

#include <errno.h>

#include "../../support/world.h"

enum {
	T_BREAKER,
	T_HOLDER,
};

/* A lease, and what its holder is told and does. */
struct t_held {
	struct ds_lease lease;
	unsigned int n_recalls;
	bool yields;  /* gives it up at once */
	bool patient; /* never lets it expire */
};

static bool recall(struct ds_lease *lease)
{
	struct t_held *held = (struct t_held *)lease;

	held->n_recalls++;
	lease->asked = true;
	if (held->patient)
		lease->break_time = 0;
	return held->yields;
}

static const struct ds_lease_ops ops = {.recall = recall};

/* File A with two leases, of which the first is taken. */
struct t_leases {
	struct t_world t;
	struct ds_file *file;
	struct ds_inode *inode;
	struct t_held held[2];
	struct t_job breaker, holder;
};

static void set_up(struct t_leases *l)
{
	static const char *const names[] = {"first", "second"};
	unsigned int i;

	memset(l, 0, sizeof(*l));
	t_open(&l->t, "xfs-4.19");
	l->t.super->leased = true;
	l->file = t_file(&l->t, "A", 4);
	l->inode = l->file->inode;
	for (i = 0; i < 2; i++)
		l->held[i].lease = (struct ds_lease){
			.ops = &ops,
			.inode = l->inode,
			.holder = i,
			.name = names[i],
		};
	assert_int_equal(ds_lease_add(l->t.setup, &l->held[0].lease), 0);
}

static int break_now(struct t_leases *l)
{
	return ds_leases_break(l->t.setup, l->inode, false);
}

static void a_break_recalls_each_lease_once(void **state)
{
	struct t_leases l;

	(void)state;
	set_up(&l);
	assert_int_equal(ds_lease_add(l.t.setup, &l.held[1].lease), 0);
	assert_int_equal(break_now(&l), -EWOULDBLOCK);
	assert_int_equal(break_now(&l), -EWOULDBLOCK);
	assert_int_equal(l.held[0].n_recalls, 1);
	assert_int_equal(l.held[1].n_recalls, 1);
	assert_true(l.held[0].lease.pending);
	assert_true(l.held[0].lease.break_time == DS_LEASE_BREAK_TIME);
	ds_lease_remove(l.t.setup, &l.held[0].lease);
	assert_int_equal(break_now(&l), -EWOULDBLOCK);
	ds_lease_remove(l.t.setup, &l.held[1].lease);
	assert_int_equal(break_now(&l), 0);
	/* And once more is once too often for nobody. */
	ds_lease_remove(l.t.setup, &l.held[1].lease);
	assert_null(l.inode->leases);
	t_close(&l.t);
}

static void nobody_gets_a_lease_during_a_recall(void **state)
{
	struct t_leases l;

	(void)state;
	set_up(&l);
	assert_int_equal(ds_lease_add(l.t.setup, &l.held[0].lease), -EEXIST);
	assert_int_equal(break_now(&l), -EWOULDBLOCK);
	assert_int_equal(ds_lease_add(l.t.setup, &l.held[1].lease), -EAGAIN);
	ds_lease_remove(l.t.setup, &l.held[0].lease);
	assert_int_equal(ds_lease_add(l.t.setup, &l.held[1].lease), 0);
	assert_false(l.held[1].lease.pending);
	t_close(&l.t);
}

static void a_lease_given_up_at_once_is_no_reason_to_wait(void **state)
{
	struct t_leases l;

	(void)state;
	set_up(&l);
	l.held[0].yields = true;
	assert_int_equal(break_now(&l), 0);
	assert_null(l.inode->leases);
	assert_false(l.held[0].lease.listed);
	t_close(&l.t);
}

static void break_times_may_be_switched_off(void **state)
{
	struct t_leases l;

	(void)state;
	set_up(&l);
	l.t.super->lease_break_time = 0;
	assert_int_equal(break_now(&l), -EWOULDBLOCK);
	assert_true(l.held[0].lease.break_time == 0);
	t_close(&l.t);
}

static void do_break(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_leases_break(task, job->file->inode, true));
	job->value = (unsigned char)ds_task_now(task);
	ds_assert(!task->waiter.queued);
}

static void do_give_back(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct t_leases *l = job->t->note;

	ds_task_pause(task, 2);
	ds_lease_remove(task, &l->held[0].lease);
	t_end(job, 0);
}

static void spawn(struct t_leases *l, ds_task_fn holder)
{
	l->t.note = l;
	l->breaker.file = l->file;
	t_task(&l->t, "breaker", do_break, &l->breaker);
	if (holder)
		t_task(&l->t, "holder", holder, &l->holder);
}

static void who_breaks_sleeps_until_the_lease_expires(void **state)
{
	struct t_leases l;

	(void)state;
	set_up(&l);
	spawn(&l, NULL);
	assert_int_equal(t_run(&l.t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	/* It expires behind that tick, so one more goes by. */
	assert_true(l.breaker.value == DS_LEASE_BREAK_TIME + 1);
	assert_true(l.t.world->sched->n_jumps == 2);
	t_close(&l.t);
}

static void who_never_lets_it_expire_is_looked_for_at_every_tick(void **state)
{
	struct t_leases l;

	(void)state;
	set_up(&l);
	l.held[0].patient = true;
	spawn(&l, do_give_back);
	assert_int_equal(t_run(&l.t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	assert_true(l.breaker.value == 2);
	assert_true(l.t.world->sched->n_jumps == 2);
	assert_int_equal(l.held[0].n_recalls, 1);
	t_close(&l.t);
}

static void do_signal(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_task_signal(task, job->t->world->sched->tasks[T_BREAKER]);
	t_end(job, 0);
}

static void a_signal_ends_the_wait_and_leaves_the_lease(void **state)
{
	struct t_leases l;

	(void)state;
	set_up(&l);
	l.held[0].patient = true;
	spawn(&l, do_signal);
	assert_int_equal(t_run(&l.t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, -EINTR);
	assert_true(l.held[0].lease.pending);
	t_close(&l.t);
}

static void where_nobody_takes_leases_none_is_looked_for(void **state)
{
	struct t_leases l;

	(void)state;
	set_up(&l);
	l.t.super->leased = false;
	spawn(&l, NULL);
	assert_int_equal(t_run(&l.t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	assert_true(l.t.world->sched->tasks[T_BREAKER]->steps == 0);
	t_close(&l.t);
}

static struct ds_digest digest_at(const struct t_leases *l, uint64_t now)
{
	struct ds_digest digest = {1, 1};

	ds_leases_digest(l->t.super, now, &digest);
	return digest;
}

static void the_digest_has_times_that_are_left(void **state)
{
	struct ds_digest digests[6];
	struct t_leases l;
	unsigned int i, j;

	(void)state;
	set_up(&l);
	digests[0] = digest_at(&l, 0);
	assert_true(ds_digest_equal(digests[0], digest_at(&l, 9)));
	l.held[0].lease.pending = true;
	digests[1] = digest_at(&l, 0);
	l.held[0].lease.break_time = 5;
	digests[2] = digest_at(&l, 1);
	assert_false(ds_digest_equal(digests[2], digest_at(&l, 2)));
	l.held[0].lease.break_time = 7;
	assert_true(ds_digest_equal(digests[2], digest_at(&l, 3)));
	digests[3] = digest_at(&l, 8);
	assert_true(ds_digest_equal(digests[3], digest_at(&l, 9)));
	l.held[0].lease.asked = true;
	digests[4] = digest_at(&l, 8);
	l.held[0].lease.holder = 4;
	digests[5] = digest_at(&l, 8);
	for (i = 0; i < T_N(digests); i++)
		for (j = 0; j < i; j++)
			assert_false(ds_digest_equal(digests[i], digests[j]));
	t_close(&l.t);
}

static void a_layout_is_true_while_its_blocks_lie_there(void **state)
{
	struct ds_layout layout = {.valid = true};
	struct t_leases l;

	(void)state;
	set_up(&l);
	layout.run = ds_extmap_lookup(l.inode->extents, ds_pgidx(0));
	assert_true(ds_layout_is_true(&layout, l.inode, ds_pgidx(3)));
	assert_int_equal(t_fallocate(&l.t, l.file, T_PUNCH, T_PAGE, T_PAGE), 0);
	assert_false(ds_layout_is_true(&layout, l.inode, ds_pgidx(1)));
	assert_true(ds_layout_is_true(&layout, l.inode, ds_pgidx(2)));
	layout.run = ds_extmap_lookup(l.inode->extents, ds_pgidx(1));
	assert_true(ds_layout_is_true(&layout, l.inode, ds_pgidx(1)));
	assert_int_equal(t_fallocate(&l.t, l.file, 0, T_PAGE, T_PAGE), 0);
	assert_false(ds_layout_is_true(&layout, l.inode, ds_pgidx(1)));
	t_close(&l.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_break_recalls_each_lease_once),
		cmocka_unit_test(nobody_gets_a_lease_during_a_recall),
		cmocka_unit_test(a_lease_given_up_at_once_is_no_reason_to_wait),
		cmocka_unit_test(break_times_may_be_switched_off),
		cmocka_unit_test(who_breaks_sleeps_until_the_lease_expires),
		cmocka_unit_test(
			who_never_lets_it_expire_is_looked_for_at_every_tick),
		cmocka_unit_test(a_signal_ends_the_wait_and_leaves_the_lease),
		cmocka_unit_test(where_nobody_takes_leases_none_is_looked_for),
		cmocka_unit_test(the_digest_has_times_that_are_left),
		cmocka_unit_test(a_layout_is_true_while_its_blocks_lie_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
