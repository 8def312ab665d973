// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/lease.h"

#include <errno.h>

int ds_lease_add(struct ds_task *task, struct ds_lease *lease)
{
	struct ds_inode *inode = lease->inode;
	struct ds_lease **link = &inode->leases;
	int r = 0;

	ds_yield(task, DS_AT_LEASE_CHANGE,
		 ds_writes(ds_leases_object(inode->id)));
	ds_touch(task, ds_leases_object(inode->id), DS_WRITE);
	ds_spin_lock(&inode->leases_spin);
	if (lease->listed)
		r = -EEXIST;
	for (; *link; link = &(*link)->next)
		if ((*link)->pending)
			r = -EAGAIN;
	if (r == 0) {
		lease->next = NULL;
		lease->listed = true;
		lease->pending = lease->asked = false;
		lease->break_time = 0;
		*link = lease;
	}
	ds_spin_unlock(&inode->leases_spin);
	ds_task_saw(task, (uint64_t)r);
	if (r == 0)
		ds_tell(task, "lease on %s", inode->name);
	else
		ds_tell(task, "no lease while %s is recalled", inode->name);
	return r;
}

/* Under the list's lock. */
static void unlist(struct ds_lease *lease)
{
	struct ds_lease **link = &lease->inode->leases;

	while (*link != lease)
		link = &(*link)->next;
	*link = lease->next;
	lease->listed = lease->pending = lease->asked = false;
}

void ds_lease_remove(struct ds_task *task, struct ds_lease *lease)
{
	struct ds_inode *inode = lease->inode;
	ds_obj object = ds_leases_object(inode->id);
	struct ds_waitq_table *waitq = inode->super->waitq;
	uint64_t before = ds_task_enter(task);
	bool waited_for = false;

	/* A property asks who still has a lease. */
	ds_yield(task, DS_AT_LEASE_CHANGE, ds_writes(object),
		 ds_reads(ds_wait_object(object)),
		 ds_writes(ds_holders_object(inode->id)));
	ds_touch(task, object, DS_WRITE);
	ds_spin_lock(&inode->leases_spin);
	if (lease->listed) {
		unlist(lease);
		/* Who waits joined the queue under this lock. */
		waited_for = ds_wait_has_waiters(task, waitq, object);
		ds_tell(task, "lease of %s on %s is gone", lease->name,
			inode->name);
	}
	ds_spin_unlock(&inode->leases_spin);
	if (waited_for && ds_keeps(task, DS_RULE_LEASE_END_WAKES))
		ds_wake(task, waitq, object, true);
	ds_task_done(task, before, 0);
}

/*
 * Under the list's lock. Time is over strictly behind the break time: a breaker
 * that slept until then finds the lease and sleeps for one more tick.
 */
static void expire(struct ds_task *task, struct ds_inode *inode)
{
	struct ds_lease *lease, *next;

	for (lease = inode->leases; lease; lease = next) {
		next = lease->next;
		if (!lease->break_time ||
		    ds_task_now(task) <= lease->break_time)
			continue;
		ds_tell(task, "lease of %s on %s expires", lease->name,
			inode->name);
		unlist(lease);
	}
}

/* Under the list's lock. Return: whether some holder was asked. */
static bool recall_all(struct ds_task *task, struct ds_inode *inode)
{
	uint64_t time = inode->super->lease_break_time;
	struct ds_lease *lease, *next;
	bool asked = false;

	for (lease = inode->leases; lease; lease = next) {
		next = lease->next;
		if (lease->pending)
			continue;
		lease->pending = true;
		lease->break_time = time ? ds_task_now(task) + time : 0;
		if (lease->ops->recall(lease)) {
			unlist(lease);
			continue;
		}
		asked |= lease->asked;
		ds_tell(task, "recall the layout of %s%s", lease->name,
			lease->asked ? "" : ": not asked, it has none yet");
	}
	return asked;
}

/* What one look at the list found. */
struct look {
	bool empty, asked;
	uint64_t ticks; /* to sleep at most */
};

/*
 * One step, in which the list is locked: who finds leases and will @wait joins
 * the queue in it, so that no removal is missed.
 */
static struct look look_at_leases(struct ds_task *task, struct ds_inode *inode,
				  bool recall, bool expired, bool wait)
{
	ds_obj object = ds_leases_object(inode->id);
	struct ds_waitq_table *waitq = inode->super->waitq;
	struct look look = {.ticks = 1};
	uint64_t now;

	ds_yield(task, DS_AT_LEASE_BREAK, ds_writes(object),
		 ds_writes(ds_wait_object(object)),
		 ds_writes(ds_holders_object(inode->id)));
	ds_touch(task, object, DS_WRITE);
	ds_spin_lock(&inode->leases_spin);
	now = ds_task_now(task);
	if (expired)
		ds_wait_quit(task, waitq);
	if (expired || recall)
		expire(task, inode);
	if (recall)
		look.asked = recall_all(task, inode);
	look.empty = !inode->leases;
	if (!look.empty && inode->leases->break_time > now)
		look.ticks = inode->leases->break_time - now;
	if (!look.empty && wait)
		ds_wait_join(task, waitq, object, false);
	ds_spin_unlock(&inode->leases_spin);
	ds_task_saw(task, (uint64_t)look.empty << 1 | look.asked);
	ds_task_saw(task, look.ticks);
	return look;
}

/* It stands in the queue. Return: as ds_leases_break(). */
static int await_end(struct ds_task *task, struct ds_inode *inode,
		     struct look look)
{
	ds_obj object = ds_leases_object(inode->id);
	struct ds_waitq_table *waitq = inode->super->waitq;
	uint64_t before = ds_task_enter(task);
	bool over, woken;

	while (!look.empty) {
		ds_task_forget(task, before);
		ds_task_saw(task, look.ticks);
		ds_tell(task, "wait for leases on %s", inode->name);
		over = ds_wait_sleep_for(task, object, true, look.ticks);
		woken = ds_wait_was_woken(task);
		ds_task_saw(task, woken);
		if (!over && !woken) {
			ds_wait_leave(task, waitq);
			ds_task_done(task, before, 1);
			return -EINTR;
		}
		ds_task_forget_wake(task);
		look = look_at_leases(task, inode, false, over, true);
	}
	ds_task_done(task, before, 0);
	return 0;
}

int ds_leases_break(struct ds_task *task, struct ds_inode *inode, bool wait)
{
	uint64_t before = ds_task_enter(task);
	struct look look;
	int r = 0;

	/* Nobody ever takes one: to look is to read what never changes. */
	if (!inode->super->leased)
		return 0;
	if (inode->super->no_lease_memory)
		return -ENOMEM;
	look = look_at_leases(task, inode, true, false, wait);
	if (look.asked && ds_keeps(task, DS_RULE_RECALL_REACHES_HOLDER))
		ds_wake(task, inode->super->waitq, ds_recalls_object(inode->id),
			true);
	if (!look.empty)
		r = wait ? await_end(task, inode, look) : -EWOULDBLOCK;
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* A step; joins the queue in it if there is none. */
static struct ds_lease *next_asked(struct ds_task *task, struct ds_inode *inode)
{
	ds_obj queue = ds_recalls_object(inode->id);
	struct ds_lease *lease;

	ds_yield(task, DS_AT_LEASE_BREAK, ds_reads(ds_leases_object(inode->id)),
		 ds_writes(ds_wait_object(queue)));
	ds_touch(task, ds_leases_object(inode->id), DS_READ);
	ds_spin_lock(&inode->leases_spin);
	for (lease = inode->leases; lease && !lease->asked; lease = lease->next)
		;
	if (!lease)
		ds_wait_join(task, inode->super->waitq, queue, false);
	ds_spin_unlock(&inode->leases_spin);
	ds_task_saw(task, lease ? lease->holder + 1 : 0);
	return lease;
}

struct ds_lease *ds_leases_await_recall(struct ds_task *task,
					struct ds_inode *inode)
{
	ds_obj queue = ds_wait_object(ds_recalls_object(inode->id));
	uint64_t before = ds_task_enter(task);
	struct ds_lease *lease;

	while (!(lease = next_asked(task, inode))) {
		if (!ds_task_sleep_idle(task, DS_AT_WAIT_SLEEP, queue)) {
			ds_wait_leave(task, inode->super->waitq);
			return NULL;
		}
		ds_task_forget_wake(task);
		ds_task_forget(task, before);
	}
	ds_task_done(task, before, lease->holder);
	return lease;
}

bool ds_layout_is_true(const struct ds_layout *layout,
		       const struct ds_inode *inode, struct ds_pgidx page)
{
	struct ds_extent now = ds_extmap_lookup(inode->extents, page);

	if (layout->run.state == DS_EXT_HOLE || now.state == DS_EXT_HOLE)
		return layout->run.state == now.state;
	return ds_extent_pfn(&layout->run, page).pfn ==
	       ds_extent_pfn(&now, page).pfn;
}

static void digest_lease(const struct ds_lease *lease, uint64_t now,
			 struct ds_digest *digest)
{
	ds_digest_add(digest, (uint64_t)lease->holder << 2 |
				      (uint64_t)lease->pending << 1 |
				      lease->asked);
	/* How long is left, none at all, or for ever. */
	ds_digest_add(digest, !lease->break_time ? 0
			      : lease->break_time < now
				      ? 1
				      : 2 + lease->break_time - now);
}

void ds_leases_digest(const struct ds_super *super, uint64_t now,
		      struct ds_digest *digest)
{
	const struct ds_inode *inode;
	const struct ds_lease *lease;

	for (inode = super->inodes; inode && super->leased;
	     inode = inode->next) {
		ds_digest_add(digest, inode->id);
		for (lease = inode->leases; lease; lease = lease->next)
			digest_lease(lease, now, digest);
	}
}
