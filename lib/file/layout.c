// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/layout.h"

/* A step that tests the condition of the wait. */
static bool is_idle(struct ds_task *task, struct ds_inode *inode,
		    struct ds_pfn pfn)
{
	struct ds_frames *frames = inode->super->frames;
	bool idle;

	ds_yield(task, DS_AT_WAIT_TEST,
		 ds_reads(ds_frame_refs_object(frames, pfn)));
	idle = ds_frame_refs(task, frames, pfn) == frames->idle;
	ds_tell(task, "wait: block %llu is %s", (unsigned long long)pfn.pfn,
		idle ? "idle" : "busy");
	return idle;
}

static void watch(struct ds_task *task, struct ds_super *super, bool begin)
{
	if (!super->watch_waits)
		return;
	ds_yield(task, DS_AT_WATCH, ds_writes(ds_waits_object()));
	super->n_waiting += begin ? 1 : -1u;
	super->n_waits++;
}

/*
 * The lock is dropped to sleep because who holds the pin may have to fault on
 * this file before it can let go.
 */
static void unlock_to_sleep(struct ds_task *task, struct ds_inode *inode)
{
	if (!ds_keeps(task, DS_RULE_SLEEP_KEEPS_INODE_LOCK))
		ds_rwsem_unlock(task, &inode->lock);
	else if (ds_keeps(task, DS_RULE_SLEEP_ALLOWS_FAULTS))
		ds_inode_unlock_faults(task, inode);
}

static void lock_after_sleep(struct ds_task *task, struct ds_inode *inode)
{
	if (!ds_keeps(task, DS_RULE_SLEEP_KEEPS_INODE_LOCK))
		ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	else if (ds_keeps(task, DS_RULE_SLEEP_ALLOWS_FAULTS))
		ds_inode_lock_faults(task, inode);
}

/* Asleep, with nothing held that who has the pin may need. */
static void sleep_unlocked(struct ds_task *task, struct ds_inode *inode,
			   ds_obj key, bool interruptible)
{
	struct ds_waitq_table *waitq = inode->super->waitq;
	bool woken;

	unlock_to_sleep(task, inode);
	watch(task, inode->super, true);
	ds_wait_sleep(task, key, interruptible);
	/* Part of that step, which read the queue. */
	woken = ds_wait_was_woken(task);
	ds_task_saw(task, woken);
	watch(task, inode->super, false);
	/*
	 * After a signal it still stands in the queue, and must not when it
	 * queues for the lock: a task stands in one queue.
	 */
	if (!woken)
		ds_wait_leave(task, waitq);
	ds_task_forget_wake(task);
	lock_after_sleep(task, inode);
}

/*
 * Waits until @pfn is idle. It queues before it tests, so no wake-up is lost;
 * a condition that is true at the first test ends the wait even if a signal is
 * pending, and then the lock was never dropped.
 *
 * Idle is no reference at all. Where page-table entries hold references, a page
 * that was faulted in again is not idle when its last pin goes, and nobody is
 * woken then.
 *
 * Models: ___wait_var_event(), interruptible, and dax_page_is_idle().
 */
static int wait_until_idle(struct ds_task *task, struct ds_inode *inode,
			   struct ds_pfn pfn, bool *ret_slept)
{
	struct ds_waitq_table *waitq = inode->super->waitq;
	bool right_key = ds_keeps(task, DS_RULE_WAIT_FOR_ITS_PAGE);
	bool interruptible = ds_keeps(task, DS_RULE_SIGNAL_ENDS_WAIT);
	bool queue_first = ds_keeps(task, DS_RULE_QUEUE_BEFORE_TEST);
	ds_obj key = ds_refs_object(ds_pfn(pfn.pfn + !right_key));
	uint64_t before = ds_task_enter(task);
	bool idle;
	int r = 0;

	for (;;) {
		if (queue_first)
			r = ds_wait_queue(task, waitq, key, false,
					  interruptible);
		idle = is_idle(task, inode, pfn);
		if (!queue_first)
			r = ds_wait_queue(task, waitq, key, false,
					  interruptible);
		if (idle)
			break;
		if (r < 0)
			return r;
		*ret_slept = true;
		sleep_unlocked(task, inode, key, interruptible);
		/* It begins again; what woke it no longer counts. */
		ds_task_forget(task, before);
		ds_task_saw(task, *ret_slept);
		if (!ds_keeps(task, DS_RULE_RETEST_AFTER_WAKE))
			return 0;
	}
	/* Whether a wake-up came is the queue's to say: a step of its own. */
	if (r == 0)
		ds_wait_leave(task, waitq);
	ds_task_done(task, before, *ret_slept);
	return 0;
}

/* The same with no lock held, uninterruptible. */
static void wait_until_idle_at_last(struct ds_task *task,
				    struct ds_inode *inode, struct ds_pfn pfn)
{
	struct ds_waitq_table *waitq = inode->super->waitq;
	ds_obj key = ds_refs_object(pfn);
	uint64_t before = ds_task_enter(task);

	for (;;) {
		ds_task_forget(task, before);
		ds_wait_queue(task, waitq, key, false, false);
		if (is_idle(task, inode, pfn))
			break;
		watch(task, inode->super, true);
		ds_wait_sleep(task, key, false);
		watch(task, inode->super, false);
		ds_task_forget_wake(task);
	}
	ds_wait_leave(task, waitq);
	ds_task_done(task, before, 0);
}

static void drop_entries(struct ds_task *task, struct ds_inode *inode,
			 struct ds_pgrange range)
{
	if (inode->super->profile->break_drops_entries)
		ds_mapping_delete(task, &inode->mapping, range);
}

/* What the search covers: not i_size, which may have changed already. */
static struct ds_pgrange pages_of(struct ds_task *task, struct ds_inode *inode,
				  struct ds_pgrange range)
{
	uint64_t size_end;

	if (ds_keeps(task, DS_RULE_SCAN_WHOLE_FILE))
		return range;
	size_end = ds_page_up(ds_inode_size(task, inode));
	if (range.end.pgidx > size_end)
		range.end.pgidx = size_end;
	return range;
}

/* The file was found clean, and stays so: the fault lock is kept. */
static void keep_faults_out(struct ds_task *task, struct ds_inode *inode)
{
	if (ds_keeps(task, DS_RULE_FAULTS_OUT_UNTIL_CHANGE))
		return;
	ds_inode_unlock_faults(task, inode);
	ds_inode_lock_faults(task, inode);
}

/* Whether no page is busy; if so, it stays so while the fault lock is held. */
static bool is_clean(struct ds_task *task, struct ds_inode *inode,
		     struct ds_pgrange range, struct ds_pfn *ret_busy)
{
	const struct ds_fs_profile *profile = inode->super->profile;

	if (ds_mapping_first_busy(task, &inode->mapping,
				  pages_of(task, inode, range),
				  profile->break_if_mapped, ret_busy))
		return false;
	drop_entries(task, inode, range);
	keep_faults_out(task, inode);
	return true;
}

/* Looks again and again, until nothing is busy or, if @give_up, no wait slept.
 */
static int break_layouts(struct ds_task *task, struct ds_inode *inode,
			 struct ds_pgrange range, bool give_up)
{
	uint64_t before = ds_task_enter(task);
	struct ds_pfn busy;
	bool again = true;
	int r = 0;

	ds_assert(ds_rwsem_holds(task, &inode->fault_lock, DS_EXCLUSIVE));
	while (r == 0 && again) {
		bool slept = false;

		/* Whatever was seen before a sleep no longer counts. */
		ds_task_forget(task, before);
		if (is_clean(task, inode, range, &busy))
			break;
		r = wait_until_idle(task, inode, busy, &slept);
		again = slept ? ds_keeps(task, DS_RULE_RESCAN_AFTER_SLEEP)
			      : !give_up && ds_keeps(task,
						     DS_RULE_RESCAN_UNTIL_IDLE);
	}
	if (r < 0 && !ds_keeps(task, DS_RULE_INTERRUPTED_STOPS))
		r = 0;
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

int ds_break_layouts(struct ds_task *task, struct ds_inode *inode)
{
	return break_layouts(task, inode, ds_pgrange_all(), false);
}

int ds_break_layouts_range(struct ds_task *task, struct ds_inode *inode,
			   uint64_t start, uint64_t last)
{
	struct ds_pgrange range =
		ds_pgrange(ds_page_down(start), ds_page_down(last) + 1);

	if (last >= INT64_MAX)
		range.end.pgidx = DS_PGIDX_MAX;
	return break_layouts(task, inode, range, false);
}

int ds_break_layouts_while_slept(struct ds_task *task, struct ds_inode *inode)
{
	return break_layouts(task, inode, ds_pgrange_all(), true);
}

bool ds_break_layouts_at_once(struct ds_task *task, struct ds_inode *inode)
{
	const struct ds_fs_profile *profile = inode->super->profile;
	uint64_t before = ds_task_enter(task);
	struct ds_pfn busy;
	bool idle;

	ds_assert(ds_rwsem_holds(task, &inode->fault_lock, DS_EXCLUSIVE));
	idle = !ds_mapping_first_busy(task, &inode->mapping, ds_pgrange_all(),
				      profile->break_if_mapped, &busy);
	if (idle)
		drop_entries(task, inode, ds_pgrange_all());
	else if (!profile->pte_holds_ref)
		idle = is_idle(task, inode, busy);
	ds_task_done(task, before, idle);
	return idle;
}

void ds_break_layouts_final(struct ds_task *task, struct ds_inode *inode)
{
	uint64_t before = ds_task_enter(task);
	struct ds_pfn busy;

	while (ds_mapping_first_busy(task, &inode->mapping, ds_pgrange_all(),
				     false, &busy)) {
		wait_until_idle_at_last(task, inode, busy);
		ds_task_forget(task, before);
	}
	drop_entries(task, inode, ds_pgrange_all());
	ds_task_done(task, before, 0);
}
