// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

enum {
	BREAKER,
	HOLDER,
	OTHER,
};

/*
 * File A of 4 pages, mapped and touched; pages 1 and 2 pinned one by one.
 * The breaker takes the fault lock, breaks, and gives the lock back.
 */
struct t_layout {
	struct t_world t;
	struct ds_file *file;
	uint64_t addr;
	struct t_job breaker, first, second, other;
};

static void do_break(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_inode *inode = job->file->inode;
	const struct ds_fs_ops *ops = inode->super->profile->ops;

	ds_inode_lock_faults(task, inode);
	t_end(job, ops->break_layouts(task, inode));
	job->value = ds_rwsem_holds(task, &inode->fault_lock, DS_EXCLUSIVE);
	ds_inode_unlock_faults(task, inode);
}

static void pin_page(struct t_layout *l, struct t_job *job, uint64_t page)
{
	job->addr = l->addr + page * T_PAGE;
	job->len = T_PAGE;
	t_pin(&l->t, job);
}

static void set_up(struct t_layout *l, const char *fs)
{
	uint64_t i;

	memset(l, 0, sizeof(*l));
	t_open(&l->t, fs);
	l->file = t_file(&l->t, "A", 4);
	l->addr = t_map(&l->t, l->file, 0, 4);
	for (i = 0; i < 4; i++)
		t_store(&l->t, l->addr + i * T_PAGE, 1);
	l->breaker.file = l->file;
	l->t.note = l;
	l->t.followed = BREAKER;
	t_task(&l->t, "breaker", do_break, &l->breaker);
}

static enum ds_run_end run(struct t_layout *l, const struct t_leg *legs,
			   size_t n)
{
	enum ds_run_end end = t_run(&l->t, legs, n);

	/* Whatever happened, it returned with the lock. */
	if (l->breaker.done)
		assert_true(l->breaker.value);
	return end;
}

static void a_file_without_pins_is_broken_at_once(void **state)
{
	struct t_layout l;

	(void)state;
	set_up(&l, "ext4-4.19");
	assert_int_equal(run(&l, NULL, 0), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	assert_string_equal(l.t.steps, "+f mapped? unmap busy? -f");
	assert_int_equal(t_n_events(&l.t, DS_EV_FAULTS_ALLOWED), 1);
	t_close(&l.t);
}

/* Who holds the pin may have to fault before it can let go. */
static void the_fault_lock_is_dropped_to_sleep(void **state)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{OTHER, DS_AT_END, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	(void)state;
	set_up(&l, "ext4-4.19");
	pin_page(&l, &l.first, 1);
	l.other.addr = l.addr;
	t_task(&l.t, "holder", t_do_unpin, &l.first);
	t_task(&l.t, "other", t_do_store, &l.other);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	assert_int_equal(l.other.result, 1);
	/* What was mapped meanwhile was unmapped again. */
	assert_int_equal(t_pte(&l.t, l.addr), 0);
	t_close(&l.t);
}

static void a_wake_up_before_the_sleep_is_not_lost(void **state)
{
	static const struct t_leg legs[] = {
		/* The condition was false; the lock is about to be dropped. */
		{BREAKER, DS_AT_UNLOCK, 2, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	(void)state;
	set_up(&l, "ext4-4.19");
	pin_page(&l, &l.first, 1);
	t_task(&l.t, "holder", t_do_unpin, &l.first);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	t_close(&l.t);
}

static void note_lock(struct t_world *t)
{
	struct t_layout *l = t->note;

	l->other.value = ds_rwsem_is_exclusive(&l->file->inode->fault_lock);
}

/* The page was seen busy and is idle at the first test: no sleep, no drop. */
static void a_page_idle_at_the_first_test_costs_no_sleep(void **state)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_TEST, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_MAPPED_TEST, 0, note_lock},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	(void)state;
	set_up(&l, "ext4-4.19");
	pin_page(&l, &l.first, 1);
	t_task(&l.t, "holder", t_do_unpin, &l.first);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.other.value, 1);
	assert_int_equal(t_n_events(&l.t, DS_EV_FAULTS_ALLOWED), 1);
	t_close(&l.t);
}

/* The first page becomes idle just before its test; the second is pinned. */
static void early_idle(struct t_layout *l, const char *fs)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_TEST, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	static const struct t_leg fixed_legs[] = {
		{BREAKER, DS_AT_WAIT_TEST, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{OTHER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	bool fixed =
		ds_profile_find(fs)->ops->break_layouts == ds_break_layouts;

	set_up(l, fs);
	pin_page(l, &l->first, 1);
	pin_page(l, &l->second, 2);
	t_task(&l->t, "holder", t_do_unpin, &l->first);
	t_task(&l->t, "other", t_do_unpin, &l->second);
	assert_int_equal(fixed ? run(l, fixed_legs, T_N(fixed_legs))
			       : run(l, legs, T_N(legs)),
			 DS_RUN_DONE);
	assert_int_equal(l->breaker.result, 0);
}

static void the_patches_of_2018_give_up_early(void **state)
{
	struct t_layout l;

	(void)state;
	early_idle(&l, "ext4-v3");
	assert_null(t_event(&l.t, DS_EV_SCANNED_CLEAN, 0));
	t_close(&l.t);
}

static void later_kernels_look_again_until_no_page_is_busy(void **state)
{
	static const char *const kernels[] = {"ext4-4.19", "xfs-4.19",
					      "ext4-6.1", "xfs-6.1"};
	struct t_layout l;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		early_idle(&l, kernels[i]);
		assert_non_null(t_event(&l.t, DS_EV_SCANNED_CLEAN, 0));
		t_close(&l.t);
	}
}

static void after_a_real_sleep_the_patches_look_again_too(void **state)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_WAIT_SLEEP, 2, NULL},
		{OTHER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	(void)state;
	set_up(&l, "ext4-v3");
	pin_page(&l, &l.first, 1);
	pin_page(&l, &l.second, 2);
	t_task(&l.t, "holder", t_do_unpin, &l.first);
	t_task(&l.t, "other", t_do_unpin, &l.second);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_non_null(t_event(&l.t, DS_EV_SCANNED_CLEAN, 0));
	t_close(&l.t);
}

/* ------------------------------ Without a wait ---------------------------- */

static void do_break_at_once(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_inode *inode = job->file->inode;

	ds_inode_lock_faults(task, inode);
	t_end(job, ds_break_layouts_at_once(task, inode));
	ds_inode_unlock_faults(task, inode);
}

/* Pages 1 and 2 pinned; page 1 is let go when the search has found it. */
static bool is_broken_at_once(const char *fs, bool let_go)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_TEST, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	memset(&l, 0, sizeof(l));
	t_open(&l.t, fs);
	l.breaker.file = l.file = t_file(&l.t, "A", 4);
	l.addr = t_map(&l.t, l.file, 0, 4);
	pin_page(&l, &l.first, 1);
	pin_page(&l, &l.second, 2);
	t_task(&l.t, "breaker", do_break_at_once, &l.breaker);
	t_task(&l.t, "holder", t_do_unpin, &l.first);
	t_run(&l.t, legs, let_go ? T_N(legs) : 0);
	assert_int_equal(l.t.world->sched->end, DS_RUN_DONE);
	t_close(&l.t);
	return l.breaker.result;
}

static void a_busy_page_is_told_at_once(void **state)
{
	(void)state;
	assert_false(is_broken_at_once("xfs-6.1", false));
	assert_false(is_broken_at_once("xfs-6.15", false));
}

/* The second look of v6.1 is at the first page alone. */
static void a_second_look_hides_what_is_behind(void **state)
{
	(void)state;
	assert_true(is_broken_at_once("xfs-6.1", true));
}

/* ------------------------------ From v6.15 -------------------------------- */

static void a_break_takes_every_entry_along(void **state)
{
	struct t_layout l;
	uint64_t i;

	(void)state;
	set_up(&l, "xfs-6.15");
	assert_int_equal(run(&l, NULL, 0), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	/* Whoever maps the file or not. */
	assert_string_equal(l.t.steps, "+f unmap busy? drop -f");
	for (i = 0; i < 4; i++)
		assert_int_equal(t_entry(l.file, i), 0);
	t_close(&l.t);
}

static void an_interrupted_break_leaves_the_entries(void **state)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	(void)state;
	set_up(&l, "xfs-6.15");
	pin_page(&l, &l.first, 1);
	l.other.target = l.t.world->sched->tasks[BREAKER];
	t_task(&l.t, "other", t_do_signal, &l.other);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, -EINTR);
	assert_int_not_equal(t_entry(l.file, 1), 0);
	t_close(&l.t);
}

/* To v6.14 a file that nobody maps was not looked at. */
static void an_unmapped_pin_is_waited_for(void **state)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	(void)state;
	set_up(&l, "xfs-6.15");
	pin_page(&l, &l.first, 1);
	t_unmap(&l.t, l.addr, 4);
	t_task(&l.t, "holder", t_do_unpin, &l.first);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	t_close(&l.t);
}

static enum ds_run_end touch_in_wait(struct t_layout *l, const char *fs)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{OTHER, DS_AT_END, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
	};

	set_up(l, fs);
	pin_page(l, &l->first, 1);
	l->other.addr = l->addr + T_PAGE;
	t_task(&l->t, "holder", t_do_unpin, &l->first);
	t_task(&l->t, "other", t_do_store, &l->other);
	return run(l, legs, T_N(legs));
}

/*
 * The search counts pins, the wait counts all references: where the page is
 * mapped again when the last pin goes, nobody wakes who waits for none.
 */
static void a_page_touched_in_the_wait_is_waited_for_in_vain(void **state)
{
	struct t_layout l;

	(void)state;
	assert_int_equal(touch_in_wait(&l, "xfs-6.15"), DS_RUN_STUCK);
	assert_int_equal(t_extra(&l.t, t_block(l.file, 1)), 1);
	assert_int_equal(t_mapped(&l.t, t_block(l.file, 1)), 1);
	t_assert_broken(&l.t, UINT32_C(1) << DS_NO_DEADLOCK);
	assert_non_null(
		strstr(l.t.world->checks->findings[DS_NO_DEADLOCK].text,
		       "breaker waits for block 2 to be idle, still mapped"));
	t_close(&l.t);
	assert_int_equal(touch_in_wait(&l, "xfs-6.1"), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	t_assert_holds(&l.t);
	t_close(&l.t);
}

static void unmapping_the_page_ends_that_wait(void **state)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{OTHER, DS_AT_END, 0, NULL},
		{HOLDER, DS_AT_END, 0, NULL},
		{3, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	(void)state;
	set_up(&l, "xfs-6.15");
	pin_page(&l, &l.first, 1);
	l.other.addr = l.addr + T_PAGE;
	l.second.addr = l.addr;
	l.second.len = 4 * T_PAGE;
	t_task(&l.t, "holder", t_do_unpin, &l.first);
	t_task(&l.t, "other", t_do_store, &l.other);
	t_task(&l.t, "unmap", t_do_unmap, &l.second);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	t_assert_holds(&l.t);
	t_close(&l.t);
}

static void do_break_at_last(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_break_layouts_final(task, job->file->inode);
	t_end(job, 0);
}

static void note_sleep(struct t_world *t)
{
	struct t_layout *l = t->note;

	if (!ds_task_is_enabled(t->world->sched->tasks[BREAKER]))
		l->other.value++;
}

/* Nobody could come back for the file: a signal must not end that. */
static void the_last_break_of_a_file_is_not_interrupted(void **state)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{1, DS_AT_END, 0, note_sleep},
		{2, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_WAIT_SLEEP, 2, note_sleep},
		{3, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;
	uint64_t i;

	(void)state;
	memset(&l, 0, sizeof(l));
	t_open(&l.t, "xfs-6.15");
	l.breaker.file = l.file = t_file(&l.t, "A", 4);
	l.addr = t_map(&l.t, l.file, 0, 4);
	l.t.note = &l;
	pin_page(&l, &l.first, 1);
	pin_page(&l, &l.second, 2);
	t_unmap(&l.t, l.addr, 4);
	l.other.target = t_task(&l.t, "breaker", do_break_at_last, &l.breaker);
	t_task(&l.t, "other", t_do_signal, &l.other);
	t_task(&l.t, "first", t_do_unpin, &l.first);
	t_task(&l.t, "second", t_do_unpin, &l.second);
	assert_int_equal(t_run(&l.t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.other.value, 2);
	for (i = 0; i < 4; i++)
		assert_int_equal(t_entry(l.file, i), 0);
	for (i = 0; i < DS_WAITQ_BUCKETS; i++)
		assert_null(l.t.world->waitq->buckets[i].head);
	t_assert_holds(&l.t);
	t_close(&l.t);
}

/* -------------------------------- Signals --------------------------------- */

static void add_signaller(struct t_layout *l)
{
	l->other.target = l->t.world->sched->tasks[BREAKER];
	t_task(&l->t, "other", t_do_signal, &l->other);
}

static void a_signal_ends_the_sleep(void **state)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;
	unsigned int i;

	(void)state;
	set_up(&l, "ext4-4.19");
	pin_page(&l, &l.first, 1);
	add_signaller(&l);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, -EINTR);
	for (i = 0; i < DS_WAITQ_BUCKETS; i++)
		assert_null(l.t.world->waitq->buckets[i].head);
	t_close(&l.t);
}

static void a_signal_that_came_before_ends_the_wait_without_a_sleep(
	void **state)
{
	static const struct t_leg legs[] = {
		{1, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	(void)state;
	set_up(&l, "ext4-4.19");
	pin_page(&l, &l.first, 1);
	add_signaller(&l);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, -EINTR);
	assert_int_equal(t_n_events(&l.t, DS_EV_FAULTS_ALLOWED), 1);
	t_close(&l.t);
}

static void an_idle_page_wins_over_a_pending_signal(void **state)
{
	static const struct t_leg legs[] = {
		{1, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_WAIT_TEST, 0, NULL},
		{2, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_layout l;

	(void)state;
	set_up(&l, "ext4-4.19");
	pin_page(&l, &l.first, 1);
	add_signaller(&l);
	t_task(&l.t, "holder", t_do_unpin, &l.first);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, 0);
	t_close(&l.t);
}

/*
 * The sleep ended by a signal, the lock is taken: the breaker has to queue for
 * it, and must not stand in the queue for the page any more.
 */
static void a_signalled_waiter_may_have_to_queue_for_the_lock(void **state)
{
	static const struct t_leg legs[] = {
		{BREAKER, DS_AT_WAIT_SLEEP, 0, NULL},
		{2, DS_AT_PTE_SET, 0, NULL}, /* holds the fault lock */
		{1, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_LOCK_GRANTED, 0, NULL},
		{2, DS_AT_END, 0, NULL},
		{BREAKER, DS_AT_END, 0, NULL},
	};
	struct t_job fault = {.value = 1};
	struct t_layout l;
	unsigned int i;

	(void)state;
	set_up(&l, "ext4-4.19");
	pin_page(&l, &l.first, 1);
	add_signaller(&l);
	fault.addr = l.addr;
	t_task(&l.t, "fault", t_do_store, &fault);
	assert_int_equal(run(&l, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(l.breaker.result, -EINTR);
	for (i = 0; i < DS_WAITQ_BUCKETS; i++)
		assert_null(l.t.world->waitq->buckets[i].head);
	t_close(&l.t);
}

/*
 * Where entries go with the break, so do their tags, in all of the file: fsync
 * does not find a page that was stored to and lies outside of the hole.
 */
static void from_6_15_a_break_forgets_which_pages_are_dirty(void **state)
{
	static const struct {
		const char *fs;
		bool remembers;
	} cases[] = {{"ext4-4.19", true},  {"xfs-4.19", true},
		     {"ext4-6.1", true},   {"xfs-6.1", true},
		     {"ext4-6.15", false}, {"xfs-6.15", false}};
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		t_open(&t, cases[i].fs);
		file = t_file(&t, "A", 4);
		addr = t_map(&t, file, 0, 4);
		assert_int_equal(t_store(&t, addr + 3 * T_PAGE, 0x99), 1);
		assert_true(t_is_dirty(file, 3));
		assert_int_equal(t_fallocate(&t, file, T_PUNCH, 0, T_PAGE), 0);
		assert_int_equal(t_is_dirty(file, 3), cases[i].remembers);
		assert_int_equal(t_byte(&t, file, 3 * T_PAGE), 0x99);
		t_close(&t);
	}
}

struct t_range {
	uint64_t start, last;
	bool busy;
};

static void do_break_range(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_inode *inode = job->file->inode;

	ds_inode_lock_faults(task, inode);
	t_end(job, ds_break_layouts_range(task, inode, (uint64_t)job->offset,
					  (uint64_t)job->len));
	ds_inode_unlock_faults(task, inode);
}

/* Page 2 is pinned for ever, of four that are mapped. */
static void both_end_pages_of_a_range_are_in_it(void **state)
{
	static const struct t_range ranges[] = {
		{0, 0, false},
		{0, 2 * T_PAGE - 1, false},
		{0, 2 * T_PAGE, true},
		{2 * T_PAGE, 2 * T_PAGE, true},
		{3 * T_PAGE - 1, 3 * T_PAGE - 1, true},
		{3 * T_PAGE, INT64_MAX, false},
		{0, INT64_MAX, true},
		{2 * T_PAGE, INT64_MAX - 1, true},
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < T_N(ranges); i++)
		for (n = 0; n < 2; n++) {
			struct t_layout l;

			memset(&l, 0, sizeof(l));
			t_open(&l.t, n ? "virtiofs-6.15" : "virtiofs-6.12");
			l.file = t_file(&l.t, "A", 4);
			l.addr = t_map(&l.t, l.file, 0, 4);
			t_store(&l.t, l.addr + 3 * T_PAGE, 1);
			pin_page(&l, &l.first, 2);
			l.breaker.file = l.file;
			l.breaker.offset = (int64_t)ranges[i].start;
			l.breaker.len = (int64_t)ranges[i].last;
			t_task(&l.t, "breaker", do_break_range, &l.breaker);
			assert_int_equal(t_run(&l.t, NULL, 0),
					 ranges[i].busy ? DS_RUN_STUCK
							: DS_RUN_DONE);
			/* What is outside stays mapped. */
			assert_int_equal(t_pte(&l.t, l.addr + 3 * T_PAGE) != 0,
					 ranges[i].last < 3 * T_PAGE);
			t_close(&l.t);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_without_pins_is_broken_at_once),
		cmocka_unit_test(the_fault_lock_is_dropped_to_sleep),
		cmocka_unit_test(a_wake_up_before_the_sleep_is_not_lost),
		cmocka_unit_test(a_page_idle_at_the_first_test_costs_no_sleep),
		cmocka_unit_test(the_patches_of_2018_give_up_early),
		cmocka_unit_test(
			later_kernels_look_again_until_no_page_is_busy),
		cmocka_unit_test(after_a_real_sleep_the_patches_look_again_too),
		cmocka_unit_test(a_busy_page_is_told_at_once),
		cmocka_unit_test(a_second_look_hides_what_is_behind),
		cmocka_unit_test(a_break_takes_every_entry_along),
		cmocka_unit_test(
			from_6_15_a_break_forgets_which_pages_are_dirty),
		cmocka_unit_test(an_interrupted_break_leaves_the_entries),
		cmocka_unit_test(an_unmapped_pin_is_waited_for),
		cmocka_unit_test(
			a_page_touched_in_the_wait_is_waited_for_in_vain),
		cmocka_unit_test(unmapping_the_page_ends_that_wait),
		cmocka_unit_test(the_last_break_of_a_file_is_not_interrupted),
		cmocka_unit_test(a_signal_ends_the_sleep),
		cmocka_unit_test(
			a_signal_that_came_before_ends_the_wait_without_a_sleep),
		cmocka_unit_test(an_idle_page_wins_over_a_pending_signal),
		cmocka_unit_test(
			a_signalled_waiter_may_have_to_queue_for_the_lock),
		cmocka_unit_test(both_end_pages_of_a_range_are_in_it),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
